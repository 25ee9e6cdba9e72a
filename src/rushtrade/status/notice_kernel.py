"""Administrative messages become what is known of securities, and rows of the stream of changes.

A notice is one ITCH 5.0 message with the slot of its security and its venue (`books.book_layout.NOTICE`). Trading states of
several venues may differ: a security counts as halted as long as any venue says so, because a regulatory halt holds on
every market and a venue that has not heard of it is late, not right. A venue's own (operational) halt holds there only.
"""

from __future__ import annotations

from rushtrade.status.status_layout import (
    BREACHED,
    CENTRE_BYTES,
    CENTRE_CROSS,
    CENTRE_DIRECTION,
    CENTRE_FAR,
    CENTRE_IMBALANCE,
    CENTRE_NEAR,
    CENTRE_OPERATIONAL,
    CENTRE_PAIRED,
    CENTRE_REFERENCE,
    CENTRE_RETAIL,
    CENTRE_TIME,
    CENTRE_TRADING,
    CENTRE_VARIATION,
    CENTRES,
    EVENT_BYTES,
    EVENT_CENTRE,
    EVENT_COUNT,
    EVENT_FAR,
    EVENT_HIGH,
    EVENT_IMBALANCE,
    EVENT_INSTRUMENT,
    EVENT_KIND,
    EVENT_LOW,
    EVENT_MASK,
    EVENT_NEAR,
    EVENT_PRICE,
    EVENT_REASON,
    EVENT_SHARES,
    EVENT_SIDE,
    EVENT_STATE,
    EVENT_TIME,
    EVENT_VENUE,
    EVENTS,
    IDS,
    MIDNIGHT,
    MWCB_1,
    MWCB_2,
    MWCB_3,
    POSITION_BYTES,
    POSITION_MODE,
    POSITION_NEXT,
    POSITION_PARTICIPANT,
    POSITION_PRIMARY,
    POSITION_STATE,
    POSITION_TIME,
    POSITION_VENUE,
    POSITIONS,
    POSITIONS_ROOM,
    POSITIONS_USED,
    SECURITIES,
    SECURITY_BYTES,
    SECURITY_COLLAR_EXTENSION,
    SECURITY_COLLAR_HIGH,
    SECURITY_COLLAR_LOW,
    SECURITY_COLLAR_REFERENCE,
    SECURITY_COLLAR_TIME,
    SECURITY_IPO,
    SECURITY_IPO_PRICE,
    SECURITY_IPO_TIME,
    SECURITY_IPO_TOLD,
    SECURITY_LEVERAGE,
    SECURITY_POSITIONS,
    SECURITY_REASON,
    SECURITY_SHO,
    SECURITY_SHO_SINCE,
    SECURITY_TIER,
    SECURITY_TRADING,
    SECURITY_TRADING_SINCE,
    VENUES,
)
from rushtrade.wire.address_kernel import (
    load_be32,
    load_be64,
    load_i32,
    load_i64,
    load_u8,
    load_u32,
    store_i32,
    store_i64,
    store_u8,
)
from rushtrade.wire.compiled import inner_kernel
from rushtrade.wire.itch50_kernel import BODY, timestamp_at

(
    SYSTEM,
    DIRECTORY,
    TRADING_ACTION,
    OPERATIONAL,
    SHORT_SALE,
    BREAKER_LEVELS,
    BREAKER,
    IPO,
    COLLAR,
    IMBALANCE,
    RETAIL,
    POSITION,
) = (ord(letter) for letter in "SRHhYVWKJINL")
BAND, PUBLISHED_BAND, LIMIT = (ord(letter) for letter in "bpl")
HALTED, PAUSED, QUOTING, TRADING = (ord(letter) for letter in "HPQT")
SECOND_NS = 1_000_000_000
BREAKER_UNIT = 10_000
"""A circuit breaker's levels have eight decimals, our prices four."""
BLANK = ord(" ")


@inner_kernel
def security_at(words: int, slot: int) -> int:
    """Address of a security's record."""
    return load_i64(words + SECURITIES) + slot * SECURITY_BYTES


@inner_kernel
def centre_at(words: int, slot: int, venue: int) -> int:
    """Address of what a venue says of a security."""
    return load_i64(words + CENTRES) + (slot * load_i64(words + VENUES) + venue) * CENTRE_BYTES


@inner_kernel
def new_event(words: int, kind: int, slot: int, venue: int, time: int) -> int:
    """Address of a fresh row of the stream, blank but for these."""
    count = load_i64(words + EVENT_COUNT)
    event = load_i64(words + EVENTS) + (count & load_i64(words + EVENT_MASK)) * EVENT_BYTES
    for word in range(0, EVENT_BYTES, 8):
        store_i64(event + word, 0)
    store_i64(event + EVENT_TIME, time)
    store_i32(event + EVENT_INSTRUMENT, load_i64(load_i64(words + IDS) + 8 * slot))
    store_i32(event + EVENT_VENUE, venue)
    store_u8(event + EVENT_KIND, kind)
    store_u8(event + EVENT_STATE, BLANK)
    store_u8(event + EVENT_SIDE, BLANK)
    store_u8(event + EVENT_CENTRE, BLANK)
    store_i64(words + EVENT_COUNT, count + 1)
    return event


@inner_kernel
def worst_state(words: int, slot: int) -> int:
    """The trading state all venues together make: halted before paused before quoting before trading; 0 nobody said."""
    worst = 0
    for venue in range(load_i64(words + VENUES)):
        state = load_u8(centre_at(words, slot, venue) + CENTRE_TRADING)
        if rank_of(state) > rank_of(worst):
            worst = state
    return worst


@inner_kernel
def rank_of(state: int) -> int:
    """How much a trading state forbids."""
    if state == HALTED:
        return 4
    if state == PAUSED:
        return 3
    if state == QUOTING:
        return 2
    return 1 if state == TRADING else 0


@inner_kernel
def on_trading_action(words: int, slot: int, venue: int, body: int, time: int) -> None:
    """H."""
    state = load_u8(body + 8)
    centre = centre_at(words, slot, venue) + CENTRE_TRADING
    security = security_at(words, slot)
    if state == load_u8(centre) and time <= load_i64(security + SECURITY_TRADING_SINCE):
        return
    store_u8(centre, state)
    event = new_event(words, TRADING_ACTION, slot, venue, time)
    store_u8(event + EVENT_STATE, state)
    store_i32(event + EVENT_REASON, load_u32(body + 10))
    worst = worst_state(words, slot)
    if worst != load_u8(security + SECURITY_TRADING):
        store_u8(security + SECURITY_TRADING, worst)
        store_i64(security + SECURITY_TRADING_SINCE, time)
        store_i32(security + SECURITY_REASON, load_u32(body + 10))


@inner_kernel
def on_collar(words: int, slot: int, venue: int, body: int, time: int) -> None:
    """J."""
    security = security_at(words, slot)
    if time <= load_i64(security + SECURITY_COLLAR_TIME):
        return
    event = new_event(words, COLLAR, slot, venue, time)
    reference, high, low = load_be32(body + 8), load_be32(body + 12), load_be32(body + 16)
    store_i64(security + SECURITY_COLLAR_REFERENCE, reference)
    store_i64(security + SECURITY_COLLAR_HIGH, high)
    store_i64(security + SECURITY_COLLAR_LOW, low)
    store_i32(security + SECURITY_COLLAR_EXTENSION, load_be32(body + 20))
    store_i64(security + SECURITY_COLLAR_TIME, time)
    store_i64(event + EVENT_PRICE, reference)
    store_i64(event + EVENT_HIGH, high)
    store_i64(event + EVENT_LOW, low)
    store_i64(event + EVENT_SHARES, load_be32(body + 20))


@inner_kernel
def on_imbalance(words: int, slot: int, venue: int, body: int, time: int) -> None:
    """I: paired, imbalance, direction, stock, far, near, reference, cross, variation."""
    centre = centre_at(words, slot, venue)
    event = new_event(words, IMBALANCE, slot, venue, time)
    paired, imbalance, direction = load_be64(body), load_be64(body + 8), load_u8(body + 16)
    far, near, reference = load_be32(body + 25), load_be32(body + 29), load_be32(body + 33)
    cross, variation = load_u8(body + 37), load_u8(body + 38)
    store_i64(centre + CENTRE_TIME, time)
    store_i64(centre + CENTRE_PAIRED, paired)
    store_i64(centre + CENTRE_IMBALANCE, imbalance)
    store_i64(centre + CENTRE_FAR, far)
    store_i64(centre + CENTRE_NEAR, near)
    store_i64(centre + CENTRE_REFERENCE, reference)
    store_u8(centre + CENTRE_DIRECTION, direction)
    store_u8(centre + CENTRE_CROSS, cross)
    store_u8(centre + CENTRE_VARIATION, variation)
    store_i64(event + EVENT_SHARES, paired)
    store_i64(event + EVENT_IMBALANCE, imbalance)
    store_i64(event + EVENT_FAR, far)
    store_i64(event + EVENT_NEAR, near)
    store_i64(event + EVENT_PRICE, reference)
    store_u8(event + EVENT_SIDE, direction)
    store_u8(event + EVENT_STATE, cross)
    store_u8(event + EVENT_CENTRE, variation)


@inner_kernel
def on_short_sale(words: int, slot: int, venue: int, body: int, time: int) -> None:
    """Y; several venues say the same, and only the first changes anything."""
    state = load_u8(body + 8)
    security = security_at(words, slot)
    if state == load_u8(security + SECURITY_SHO):
        return
    store_u8(security + SECURITY_SHO, state)
    store_i64(security + SECURITY_SHO_SINCE, time)
    store_u8(new_event(words, SHORT_SALE, slot, venue, time) + EVENT_STATE, state)


@inner_kernel
def on_ipo(words: int, slot: int, venue: int, body: int, time: int, midnight: int) -> None:
    """K."""
    security = security_at(words, slot)
    if time <= load_i64(security + SECURITY_IPO_TOLD):
        return
    store_i64(security + SECURITY_IPO_TOLD, time)
    release = midnight + load_be32(body + 8) * SECOND_NS
    store_u8(security + SECURITY_IPO, load_u8(body + 12))
    store_i64(security + SECURITY_IPO_TIME, release)
    store_i64(security + SECURITY_IPO_PRICE, load_be32(body + 13))
    event = new_event(words, IPO, slot, venue, time)
    store_u8(event + EVENT_STATE, load_u8(body + 12))
    store_i64(event + EVENT_PRICE, load_be32(body + 13))
    store_i64(event + EVENT_NEAR, release)


@inner_kernel
def on_directory(words: int, slot: int, body: int) -> None:
    """R: the tier of the price bands and a fund's leverage; the rest of a directory is reference data."""
    security = security_at(words, slot)
    tier = load_u8(body + 21)
    if tier in (ord("1"), ord("2")):
        store_u8(security + SECURITY_TIER, tier - ord("0"))
    store_i32(security + SECURITY_LEVERAGE, load_be32(body + 23))


@inner_kernel
def on_breaker(words: int, venue: int, code: int, body: int, time: int) -> None:
    """V, W: the market as a whole."""
    if code == BREAKER_LEVELS:
        first, second = load_be64(body) // BREAKER_UNIT, load_be64(body + 8) // BREAKER_UNIT
        third = load_be64(body + 16) // BREAKER_UNIT
        if load_i64(words + MWCB_1) == first and load_i64(words + MWCB_3) == third:
            return
        store_i64(words + MWCB_1, first)
        store_i64(words + MWCB_2, second)
        store_i64(words + MWCB_3, third)
        event = new_event(words, BREAKER_LEVELS, 0, venue, time)
        store_i64(event + EVENT_PRICE, first)
        store_i64(event + EVENT_NEAR, second)
        store_i64(event + EVENT_FAR, third)
    elif load_u8(body) > load_i64(words + BREACHED):
        store_i64(words + BREACHED, load_u8(body))
        store_u8(new_event(words, BREAKER, 0, venue, time) + EVENT_STATE, load_u8(body))


@inner_kernel
def tell_centre(words: int, slot: int, venue: int, code: int, state: int, centre: int, time: int) -> None:
    """Note a venue's own state of a security; `centre` is the letter it goes by."""
    field = CENTRE_OPERATIONAL if code == OPERATIONAL else CENTRE_RETAIL
    place = centre_at(words, slot, venue) + field
    if load_u8(place) == state:
        return
    store_u8(place, state)
    event = new_event(words, code, slot, venue, time)
    store_u8(event + EVENT_STATE, state)
    store_u8(event + EVENT_CENTRE, centre)


@inner_kernel
def on_centre(words: int, slot: int, venue: int, code: int, body: int, time: int) -> None:
    """h, N: what holds at one venue only."""
    if code == OPERATIONAL:
        tell_centre(words, slot, venue, code, load_u8(body + 9), load_u8(body + 8), time)
    else:
        tell_centre(words, slot, venue, code, load_u8(body + 8), BLANK, time)


@inner_kernel
def on_system(words: int, venue: int, body: int, time: int) -> None:
    """S; the record of slot 0 keeps the time of the venue's last, so that an image repeats none."""
    last = centre_at(words, 0, venue) + CENTRE_TIME
    if time < load_i64(last) or (
        time == load_i64(last) and load_u8(body) == load_u8(last - CENTRE_TIME + CENTRE_TRADING)
    ):
        return
    store_i64(last, time)
    store_u8(last - CENTRE_TIME + CENTRE_TRADING, load_u8(body))
    store_u8(new_event(words, SYSTEM, 0, venue, time) + EVENT_STATE, load_u8(body))


@inner_kernel
def room_for_notice(words: int, code: int) -> bool:
    """Tell whether a message of a kind can be taken."""
    return code != POSITION or load_i64(words + POSITIONS_USED) < load_i64(words + POSITIONS_ROOM)


@inner_kernel
def on_position(words: int, slot: int, venue: int, body: int, time: int) -> None:
    """L: what a market maker is in a security; there is room for one more."""
    positions = load_i64(words + POSITIONS)
    link = security_at(words, slot) + SECURITY_POSITIONS
    place = load_i32(link)
    position = positions + place * POSITION_BYTES
    while place != 0:
        position = positions + place * POSITION_BYTES
        if (
            load_u32(position + POSITION_PARTICIPANT) == load_u32(body)
            and load_i32(position + POSITION_VENUE) == venue
        ):
            break
        link = position + POSITION_NEXT
        place = load_i32(link)
    if place == 0:
        place = load_i64(words + POSITIONS_USED)
        store_i64(words + POSITIONS_USED, place + 1)
        position = positions + place * POSITION_BYTES
        store_i32(link, place)
        store_i32(position + POSITION_NEXT, 0)
        store_i32(position + POSITION_VENUE, venue)
        store_i32(position + POSITION_PARTICIPANT, load_u32(body))
    store_i64(position + POSITION_TIME, time)
    store_u8(position + POSITION_PRIMARY, load_u8(body + 12))
    store_u8(position + POSITION_MODE, load_u8(body + 13))
    store_u8(position + POSITION_STATE, load_u8(body + 14))


@inner_kernel
def take_notice(words: int, slot: int, venue: int, message: int) -> None:
    """Take one message; one about a security nobody knows says nothing. What an image repeats is no event."""
    code = load_u8(message)
    body = message + BODY
    midnight = load_i64(words + MIDNIGHT)
    time = midnight + timestamp_at(message)
    if code == SYSTEM:
        on_system(words, venue, body, time)
    elif code in (BREAKER_LEVELS, BREAKER):
        on_breaker(words, venue, code, body, time)
    elif slot == 0:
        return
    elif code == IMBALANCE:
        on_imbalance(words, slot, venue, body, time)
    elif code == POSITION:
        on_position(words, slot, venue, body, time)
    elif code == TRADING_ACTION:
        on_trading_action(words, slot, venue, body, time)
    elif code == SHORT_SALE:
        on_short_sale(words, slot, venue, body, time)
    elif code == COLLAR:
        on_collar(words, slot, venue, body, time)
    elif code == IPO:
        on_ipo(words, slot, venue, body, time, midnight)
    elif code == DIRECTORY:
        on_directory(words, slot, body)
    elif code in (OPERATIONAL, RETAIL):
        on_centre(words, slot, venue, code, body, time)
