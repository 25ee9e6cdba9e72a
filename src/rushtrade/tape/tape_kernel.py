"""Trades as they come: their conditions, what these allow, the ring, the bar and the last sale; and what makes them void.

`take` files rows that a venue's books or a reporting feed wrote. A row is a trade, a notice that one is void, or a
correction, which is a void and a trade in its place. A void that meets nothing is kept for whoever has the earlier ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

from rushtrade.tape.bars_kernel import (
    await_telling,
    bar_for,
    find_bar,
    key_of,
    merge,
    merge_day,
    rebuild_bar,
    rebuild_from,
    refold_day,
    subtract,
    trade_at,
)
from rushtrade.tape.condition_layout import (
    ALLOWED,
    BLANK,
    CLOSING,
    CORRECTED_CLOSE,
    EXTENDED,
    EXTENDED_HIGH_LOW,
    EXTENDED_LAST,
    HIGH_LOW,
    LAST,
    LETTER_CLOSING,
    LETTER_CROSS,
    LETTER_EXTENDED,
    LETTER_ODD_LOT,
    LETTER_OPENING,
    LETTER_REOPENING,
    OFFICIAL_CLOSE,
    OFFICIAL_OPEN,
    ONLY_FIRST,
    ONLY_SAME_VENUE,
    ONLY_TIMELY,
    OPENING,
    REGULAR,
    TAPE_C,
    TIMELY_NS,
    UNKNOWN,
)
from rushtrade.tape.tape_layout import (
    BAR_BYTES,
    BAR_INSTRUMENT,
    BAR_KEY,
    BAR_PREVIOUS,
    BAR_PRICED,
    BAR_STATE,
    BAR_TOLD,
    BAR_WAITS,
    BARS,
    DAY_PRICED,
    LAST_BAR,
    LAST_TRADE,
    LAST_VENUE,
    LATEST,
    LISTED,
    MIDNIGHT,
    MINUTE_NS,
    OFFICIAL_CLOSE_TIME,
    OFFICIAL_FROM,
    OFFICIAL_OPEN_TIME,
    REGULAR_FROM,
    REGULAR_TO,
    RING,
    RING_COUNT,
    RING_MASK,
    RULES,
    SECURITIES,
    SECURITY_BYTES,
    TRADE_BROKEN,
    TRADE_BYTES,
    TRADE_CONDITIONS,
    TRADE_EFFECTS,
    TRADE_INSTRUMENT,
    TRADE_KIND,
    TRADE_MATCH,
    TRADE_NUMBER,
    TRADE_ORIGINAL,
    TRADE_PREVIOUS,
    TRADE_PRICE,
    TRADE_PRINTABLE,
    TRADE_ROUND_LOT,
    TRADE_SHARES,
    TRADE_TIME,
    TRADE_VENUE,
    TRADES_NUMBER,
    UNKNOWN_CONDITIONS,
    UNMATCHED,
    UNMATCHED_COUNT,
    UNMATCHED_MASK,
    VOIDS,
    VOIDS_COUNT,
    VOIDS_MASK,
    WAITING_BARS,
    WAITING_BARS_COUNT,
)
from rushtrade.tape.tape_layout import (
    OFFICIAL_CLOSE as OFFICIAL_CLOSE_PRICE,
)
from rushtrade.tape.tape_layout import (
    OFFICIAL_OPEN as OFFICIAL_OPEN_PRICE,
)
from rushtrade.wire.address_kernel import (
    load_i32,
    load_i64,
    load_u8,
    load_u32,
    store_i32,
    store_i64,
    store_u8,
)
from rushtrade.wire.compiled import inner_kernel, kernel

CROSS, BROKEN, CANCEL, CORRECTION, REPORT = ord("Q"), ord("B"), ord("X"), ord("R"), ord("T")
CROSS_OPENING, CROSS_CLOSING, CROSS_REOPENING = ord("O"), ord("C"), ord("H")

RANK_AUCTION, RANK_OFFICIAL, RANK_CORRECTED = 1, 2, 3
"""What tells an official price; the higher rank wins."""


@kernel
def take(tape: int, rows: int, count: int) -> None:
    """File rows at an address. Times below a day count from midnight."""
    midnight = load_i64(tape + MIDNIGHT)
    for index in range(count):
        row = rows + index * TRADE_BYTES
        slot = load_i32(row + TRADE_INSTRUMENT)
        if slot == 0:
            continue
        if load_i64(row + TRADE_TIME) < midnight:
            store_i64(row + TRADE_TIME, load_i64(row + TRADE_TIME) + midnight)
        kind = load_u8(row + TRADE_KIND)
        if kind in (BROKEN, CANCEL):
            if void(tape, slot, row, 1) == 0:
                keep_unmatched(tape, row)
        elif kind == CORRECTION:
            correct(tape, slot, row)
        elif load_u8(row + TRADE_PRINTABLE) != 0:
            if kind != REPORT:
                tell_conditions(tape, row, kind)
            record(tape, slot, row)


@inner_kernel
def tell_conditions(tape: int, row: int, kind: int) -> None:
    """Give a venue's own print the letters a report of it would carry."""
    letters = REGULAR
    shift = 8
    if kind == CROSS:
        cross = load_u32(row + TRADE_CONDITIONS)
        letter = LETTER_CROSS
        if cross == CROSS_OPENING:
            letter = LETTER_OPENING
        elif cross == CROSS_CLOSING:
            letter = LETTER_CLOSING
        elif cross == CROSS_REOPENING:
            letter = LETTER_REOPENING
        letters |= letter << shift
        shift += 8
    else:
        time = load_i64(row + TRADE_TIME)
        opens, closes = load_i64(tape + REGULAR_FROM), load_i64(tape + REGULAR_TO)
        if closes > 0 and (time < opens or time >= closes):
            letters |= LETTER_EXTENDED << shift
            shift += 8
        if load_i64(row + TRADE_SHARES) < load_i32(row + TRADE_ROUND_LOT):
            letters |= LETTER_ODD_LOT << shift
    store_i32(row + TRADE_CONDITIONS, letters)


@inner_kernel
def rule_of(tape: int, security: int, letters: int) -> int:
    """Put the rules of up to four letters together: all must allow, any may restrict."""
    listed = load_i32(security + LISTED)
    book = listed - ord("A") if listed != 0 else TAPE_C
    allowed, told = ALLOWED, 0
    for place in range(4):
        letter = (letters >> (8 * place)) & 0xFF
        if letter in (0, BLANK):
            continue
        rule = load_i32(load_i64(tape + RULES) + 4 * (book * 256 + letter))
        allowed &= rule
        told |= rule & ~ALLOWED
    return allowed | told


@inner_kernel
def effects_of(tape: int, security: int, row: int) -> int:
    """What a trade that arrives now may change: its rule with every "only if" decided."""
    rule = rule_of(tape, security, load_u32(row + TRADE_CONDITIONS))
    if rule & UNKNOWN:
        store_i64(tape + UNKNOWN_CONDITIONS, load_i64(tape + UNKNOWN_CONDITIONS) + 1)
    time = load_i64(row + TRADE_TIME)
    opens, closes = load_i64(tape + REGULAR_FROM), load_i64(tape + REGULAR_TO)
    if rule & EXTENDED:
        prices = 0
        if closes == 0 or time < opens or time >= closes:
            prices |= LAST if rule & EXTENDED_LAST else 0
            prices |= HIGH_LOW if rule & EXTENDED_HIGH_LOW else 0
        return (rule & ~(LAST | HIGH_LOW)) | prices
    if rule & LAST:
        first = load_i64(security + DAY_PRICED) == 0
        same = load_i32(security + LAST_VENUE) == load_u8(row + TRADE_VENUE)
        timely = closes == 0 or load_i64(tape + LATEST) < closes + TIMELY_NS
        if rule & ONLY_FIRST and not first:
            rule &= ~LAST
        if rule & ONLY_SAME_VENUE and not (first or same):
            rule &= ~LAST
        if rule & ONLY_TIMELY and not timely:
            rule &= ~LAST
    return rule


@inner_kernel
def record(tape: int, slot: int, row: int) -> None:
    """Put a trade into the ring, its bar, its day and the last sale."""
    security = load_i64(tape + SECURITIES) + slot * SECURITY_BYTES
    time = load_i64(row + TRADE_TIME)
    store_i64(tape + LATEST, max(time, load_i64(tape + LATEST)))
    effects = effects_of(tape, security, row)
    position = load_i64(tape + RING_COUNT)
    number = load_i64(security + TRADES_NUMBER) + 1
    kept = load_i64(tape + RING) + (position & load_i64(tape + RING_MASK)) * TRADE_BYTES
    copy_trade(row, kept)
    store_i64(kept + TRADE_NUMBER, number)
    store_i64(kept + TRADE_PREVIOUS, load_i64(security + LAST_TRADE))
    store_i32(kept + TRADE_EFFECTS, effects)
    store_u8(kept + TRADE_BROKEN, 0)
    store_i64(tape + RING_COUNT, position + 1)
    store_i64(security + LAST_TRADE, position + 1)
    store_i64(security + TRADES_NUMBER, number)
    tell_official(security, kept, effects)
    bar = bar_for(tape, slot, security, key_of(time, effects))
    merge(bar, kept, True)
    merge_day(security, kept)
    await_telling(tape, slot, bar)


@inner_kernel
def open_rank(effects: int) -> int:
    """How well a print tells the official open, 0 not at all."""
    if effects & OFFICIAL_OPEN:
        return RANK_OFFICIAL
    return RANK_AUCTION if effects & OPENING else 0


@inner_kernel
def close_rank(effects: int) -> int:
    """How well a print tells the official close, 0 not at all."""
    if effects & CORRECTED_CLOSE:
        return RANK_CORRECTED
    if effects & OFFICIAL_CLOSE:
        return RANK_OFFICIAL
    return RANK_AUCTION if effects & CLOSING else 0


@inner_kernel
def note_official(security: int, trade: int, opens: int, closes: int) -> None:
    """Make a print the official open or close; a rank of 0 leaves that as it is."""
    ranks = load_i32(security + OFFICIAL_FROM)
    if opens > 0:
        store_i64(security + OFFICIAL_OPEN_PRICE, load_i64(trade + TRADE_PRICE))
        store_i64(security + OFFICIAL_OPEN_TIME, load_i64(trade + TRADE_TIME))
        ranks = (ranks & ~0xFF) | opens
    if closes > 0:
        store_i64(security + OFFICIAL_CLOSE_PRICE, load_i64(trade + TRADE_PRICE))
        store_i64(security + OFFICIAL_CLOSE_TIME, load_i64(trade + TRADE_TIME))
        ranks = (ranks & 0xFF) | closes << 8
    store_i32(security + OFFICIAL_FROM, ranks)


@inner_kernel
def tell_official(security: int, trade: int, effects: int) -> None:
    """Take a print that just came: of equal ranks the first opens and the last closes."""
    ranks = load_i32(security + OFFICIAL_FROM)
    opens, closes = open_rank(effects), close_rank(effects)
    opens = opens if opens > ranks & 0xFF else 0
    closes = closes if closes >= ranks >> 8 else 0
    if opens > 0 or closes > 0:
        note_official(security, trade, opens, closes)


@inner_kernel
def forget_official(tape: int, security: int, void_trade: int) -> None:
    """Find the official prices again after the print that may have told them turned out void."""
    effects = load_i32(void_trade + TRADE_EFFECTS)
    if open_rank(effects) == 0 and close_rank(effects) == 0:
        return
    for place in (OFFICIAL_OPEN_PRICE, OFFICIAL_OPEN_TIME, OFFICIAL_CLOSE_PRICE, OFFICIAL_CLOSE_TIME):
        store_i64(security + place, 0)
    store_i32(security + OFFICIAL_FROM, 0)
    trade = trade_at(tape, load_i64(security + LAST_TRADE))
    while trade != 0:  # newest first, so equal ranks are taken the other way round than when they came
        if load_u8(trade + TRADE_BROKEN) == 0 and load_i64(trade + TRADE_TIME) >= load_i64(tape + MIDNIGHT):
            effects, ranks = load_i32(trade + TRADE_EFFECTS), load_i32(security + OFFICIAL_FROM)
            opens, closes = open_rank(effects), close_rank(effects)
            opens = opens if opens >= ranks & 0xFF else 0
            closes = closes if closes > ranks >> 8 else 0
            note_official(security, trade, opens, closes)
        trade = trade_at(tape, load_i64(trade + TRADE_PREVIOUS))


@inner_kernel
def find(tape: int, security: int, venue: int, match: int) -> int:
    """Address of the latest standing trade of a venue with a match number, 0 when the ring has none."""
    trade = trade_at(tape, load_i64(security + LAST_TRADE))
    while trade != 0:
        same = load_i64(trade + TRADE_MATCH) == match and load_u8(trade + TRADE_VENUE) == venue
        if same and load_u8(trade + TRADE_BROKEN) == 0:
            return trade
        trade = trade_at(tape, load_i64(trade + TRADE_PREVIOUS))
    return 0


@inner_kernel
def void(tape: int, slot: int, row: int, state: int) -> int:
    """Take the trade a row names out of its bar, its day and the last sale. Its address, 0 when it is not at hand."""
    security = load_i64(tape + SECURITIES) + slot * SECURITY_BYTES
    trade = find(tape, security, load_u8(row + TRADE_VENUE), load_i64(row + TRADE_MATCH))
    if trade == 0:
        return 0
    store_u8(trade + TRADE_BROKEN, state)
    tell_void(tape, trade)
    effects = load_i32(trade + TRADE_EFFECTS)
    bar = find_bar(tape, security, key_of(load_i64(trade + TRADE_TIME), effects))
    if bar == 0:
        return trade  # of an earlier day: its bars are final here
    if not rebuild_bar(tape, security, bar):
        subtract(bar, trade)
    await_telling(tape, slot, bar)
    refold_day(tape, security)
    forget_official(tape, security, trade)
    return trade


@inner_kernel
def copy_trade(source: int, target: int) -> None:
    """Copy a row of TRADE."""
    for word in range(0, TRADE_BYTES, 8):
        store_i64(target + word, load_i64(source + word))


@inner_kernel
def tell_void(tape: int, trade: int) -> None:
    """Keep a void trade as it stands for the readers of voids, with nothing in its place yet."""
    count = load_i64(tape + VOIDS_COUNT)
    place = load_i64(tape + VOIDS) + (count & load_i64(tape + VOIDS_MASK)) * 2 * TRADE_BYTES
    copy_trade(trade, place)
    for word in range(0, TRADE_BYTES, 8):
        store_i64(place + TRADE_BYTES + word, 0)
    store_i64(tape + VOIDS_COUNT, count + 1)


@inner_kernel
def tell_replacement(tape: int, trade: int) -> None:
    """Put what replaces the latest void beside it."""
    count = load_i64(tape + VOIDS_COUNT) - 1
    place = load_i64(tape + VOIDS) + (count & load_i64(tape + VOIDS_MASK)) * 2 * TRADE_BYTES
    copy_trade(trade, place + TRADE_BYTES)


@inner_kernel
def correct(tape: int, slot: int, row: int) -> None:
    """Replace the trade a row names by what it says; `previous` is the match number of the trade in its place."""
    original = void(tape, slot, row, 2)
    if original == 0:
        keep_unmatched(tape, row)
        return
    if load_i64(row + TRADE_TIME) == load_i64(tape + MIDNIGHT):
        store_i64(row + TRADE_TIME, load_i64(original + TRADE_TIME))
    replacing = load_i64(original + TRADE_NUMBER)
    store_i64(row + TRADE_MATCH, load_i64(row + TRADE_PREVIOUS))
    store_i64(row + TRADE_ORIGINAL, replacing)
    store_u8(row + TRADE_KIND, REPORT)
    record(tape, slot, row)
    tell_replacement(tape, trade_at(tape, load_i64(tape + RING_COUNT)))


@inner_kernel
def keep_unmatched(tape: int, row: int) -> None:
    """Keep a void or correction whose trade the ring no longer has."""
    count = load_i64(tape + UNMATCHED_COUNT)
    kept = load_i64(tape + UNMATCHED) + (count & load_i64(tape + UNMATCHED_MASK)) * TRADE_BYTES
    copy_trade(row, kept)
    store_i64(tape + UNMATCHED_COUNT, count + 1)


@kernel
def tell_bars(tape: int, now: int, out: int) -> int:
    """Copy the minutes that changed and are over by `now`, both kinds of each, to an address; returns how many rows.

    A row's state says whether it was told before. Minutes still running stay in the list.
    """
    waiting = load_i64(tape + WAITING_BARS)
    told = kept = 0
    for index in range(load_i64(tape + WAITING_BARS_COUNT)):
        place = load_i64(waiting + 8 * index)
        bar = load_i64(tape + BARS) + place * BAR_BYTES
        if load_i32(bar + BAR_STATE) & BAR_WAITS == 0:
            continue  # told with the other kind of its minute
        start = load_i64(bar + BAR_KEY) & ~1
        if start + MINUTE_NS > now:
            store_i64(waiting + 8 * kept, place)
            kept += 1
            continue
        security = load_i64(tape + SECURITIES) + load_i32(bar + BAR_INSTRUMENT) * SECURITY_BYTES
        for kind in range(2):
            bar = find_bar(tape, security, start + kind)
            if bar != 0:
                for word in range(0, BAR_BYTES, 8):
                    store_i64(out + told * BAR_BYTES + word, load_i64(bar + word))
                state = load_i32(bar + BAR_STATE) & ~BAR_WAITS
                store_i32(bar + BAR_STATE, state | BAR_TOLD if load_i32(bar + BAR_PRICED) > 0 else state)
                told += 1
    store_i64(tape + WAITING_BARS_COUNT, kept)
    return told


@kernel
def replace_bar(tape: int, slot: int, key: int, rows: int, count: int) -> int:
    """Make a bar again from trades brought from elsewhere, oldest first; 0 when there is no such bar today."""
    security = load_i64(tape + SECURITIES) + slot * SECURITY_BYTES
    bar = find_bar(tape, security, key)
    if bar == 0:
        return 0
    rebuild_from(bar, rows, count)
    await_telling(tape, slot, bar)
    refold_day(tape, security)
    return 1


@kernel
def trades_after(tape: int, slot: int, after: int, out: int, limit: int) -> int:
    """Copy an instrument's trades numbered above `after` to an address, oldest first; returns how many."""
    security = load_i64(tape + SECURITIES) + slot * SECURITY_BYTES
    latest = load_i64(security + LAST_TRADE)
    first = 0
    trade = trade_at(tape, latest)
    while trade != 0 and load_i64(trade + TRADE_NUMBER) > after:
        first = load_i64(trade + TRADE_NUMBER)
        trade = trade_at(tape, load_i64(trade + TRADE_PREVIOUS))
    if first == 0:
        return 0
    filled = 0
    trade = trade_at(tape, latest)
    while trade != 0 and load_i64(trade + TRADE_NUMBER) >= first:
        index = load_i64(trade + TRADE_NUMBER) - first
        if index < limit:
            copy_trade(trade, out + index * TRADE_BYTES)
            filled += 1
        trade = trade_at(tape, load_i64(trade + TRADE_PREVIOUS))
    return filled


@kernel
def bars_between(tape: int, slot: int, begin: int, end: int, out: int, limit: int) -> int:
    """Copy the bars of a security with `begin <= start < end`, newest first; returns how many there are."""
    security = load_i64(tape + SECURITIES) + slot * SECURITY_BYTES
    position = load_i64(security + LAST_BAR)
    found = 0
    while position != 0:
        bar = load_i64(tape + BARS) + (position - 1) * BAR_BYTES
        key = load_i64(bar + BAR_KEY)
        if key < begin:
            break
        if key < end:
            if found < limit:
                for word in range(0, BAR_BYTES, 8):
                    store_i64(out + found * BAR_BYTES + word, load_i64(bar + word))
            found += 1
        position = load_i64(bar + BAR_PREVIOUS)
    return found
