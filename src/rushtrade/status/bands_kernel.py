"""Price bands as the plan of Limit Up-Limit Down has them computed, and the limit states quotes make against them.

The **reference price** is the mean of the eligible trades of the last five minutes (`samples`, a linked list a security with
its sum beside it, so that a trade costs the same whatever the window holds). A new mean becomes the reference only when it is
1 % away from the one in force and that one has stood for 30 seconds. The first of a day is the opening cross of the first five
minutes, else the mean at the end of these, else the close of the day before.

Everything is in whole $0.0001: the mean is never divided out, only compared by multiplication, and divided once, to the nearest,
when it becomes the reference. `rules.price_bands` is the same arithmetic for people, and the tests hold both together.
"""

from __future__ import annotations

from rushtrade.status.notice_kernel import BAND, BLANK, LIMIT, PUBLISHED_BAND, TRADING, new_event, security_at
from rushtrade.status.status_layout import (
    BANDED,
    CLOSE,
    DOUBLED_CLOSE,
    DOUBLED_OPEN,
    EVENT_HIGH,
    EVENT_LOW,
    EVENT_PRICE,
    EVENT_STATE,
    HOLD,
    LOW_AMOUNT,
    LOW_BELOW,
    LOW_PPM,
    MIDDLE_MAX,
    MIDDLE_PPM,
    MOVE_PPM,
    OPEN,
    SAMPLE_BYTES,
    SAMPLE_NEXT,
    SAMPLE_PRICE,
    SAMPLE_TIME,
    SAMPLES,
    SAMPLES_FREE,
    SAMPLES_ROOM,
    SAMPLES_USED,
    SECURITY_BAND_HIGH,
    SECURITY_BAND_LOW,
    SECURITY_BAND_TIME,
    SECURITY_CLOSE,
    SECURITY_COUNT,
    SECURITY_DIFFERS,
    SECURITY_DOUBLED,
    SECURITY_FIRST,
    SECURITY_LAST,
    SECURITY_LEVERAGE,
    SECURITY_LIMIT,
    SECURITY_LIMIT_SINCE,
    SECURITY_OPENED,
    SECURITY_PUBLISHED_HIGH,
    SECURITY_PUBLISHED_LOW,
    SECURITY_PUBLISHED_TIME,
    SECURITY_REFERENCE,
    SECURITY_SUM,
    SECURITY_TIER,
    SECURITY_TRADING,
    TIER_1_PPM,
    TIER_2_DOUBLED,
    TIER_2_PPM,
    WINDOW,
)
from rushtrade.wire.address_kernel import load_i32, load_i64, load_u8, store_i32, store_i64, store_u8
from rushtrade.wire.compiled import inner_kernel

MILLION = 1_000_000
CENT = 100
NO_LIMIT, LIMIT_UP, LIMIT_DOWN, STRADDLE = 0, ord("U"), ord("D"), ord("S")
SAME, DIFFERENT = ord("="), ord("x")


@inner_kernel
def room_for_sample(words: int) -> bool:
    """Tell whether one more sample fits."""
    return load_i64(words + SAMPLES_FREE) != 0 or load_i64(words + SAMPLES_USED) < load_i64(
        words + SAMPLES_ROOM
    )


@inner_kernel
def add_sample(words: int, security: int, time: int, price: int) -> None:
    """Put a trade at the end of a security's window; there is room for it."""
    samples = load_i64(words + SAMPLES)
    slot = load_i64(words + SAMPLES_FREE)
    if slot != 0:
        store_i64(words + SAMPLES_FREE, load_i32(samples + slot * SAMPLE_BYTES + SAMPLE_NEXT))
    else:
        slot = load_i64(words + SAMPLES_USED)
        store_i64(words + SAMPLES_USED, slot + 1)
    sample = samples + slot * SAMPLE_BYTES
    store_i64(sample + SAMPLE_TIME, time)
    store_i64(sample + SAMPLE_PRICE, price)
    store_i32(sample + SAMPLE_NEXT, 0)
    last = load_i32(security + SECURITY_LAST)
    if last != 0:
        store_i32(samples + last * SAMPLE_BYTES + SAMPLE_NEXT, slot)
    else:
        store_i32(security + SECURITY_FIRST, slot)
    store_i32(security + SECURITY_LAST, slot)
    store_i64(security + SECURITY_SUM, load_i64(security + SECURITY_SUM) + price)
    store_i32(security + SECURITY_COUNT, load_i32(security + SECURITY_COUNT) + 1)


@inner_kernel
def drop_samples(words: int, security: int, until: int) -> None:
    """Take the samples at or before a time out of a window."""
    samples = load_i64(words + SAMPLES)
    slot = load_i32(security + SECURITY_FIRST)
    while slot != 0:
        sample = samples + slot * SAMPLE_BYTES
        if load_i64(sample + SAMPLE_TIME) > until:
            break
        after = load_i32(sample + SAMPLE_NEXT)
        store_i64(
            security + SECURITY_SUM, load_i64(security + SECURITY_SUM) - load_i64(sample + SAMPLE_PRICE)
        )
        store_i32(security + SECURITY_COUNT, load_i32(security + SECURITY_COUNT) - 1)
        store_i32(sample + SAMPLE_NEXT, load_i64(words + SAMPLES_FREE))
        store_i64(words + SAMPLES_FREE, slot)
        slot = after
    store_i32(security + SECURITY_FIRST, slot)
    if slot == 0:
        store_i32(security + SECURITY_LAST, 0)


@inner_kernel
def doubled_at(words: int, security: int, close: int, time: int) -> bool:
    """Tell whether bands are twice as wide at a time of the regular session."""
    since_open, until_close = time - load_i64(words + OPEN), load_i64(words + CLOSE) - time
    if 0 <= since_open < load_i64(words + DOUBLED_OPEN):
        return True
    if not 0 < until_close <= load_i64(words + DOUBLED_CLOSE):
        return False
    if load_u8(security + SECURITY_TIER) == 1 or close <= load_i64(words + MIDDLE_MAX):
        return True
    return load_i64(words + TIER_2_DOUBLED) != 0


@inner_kernel
def width_of(words: int, security: int, reference: int, time: int) -> int:
    """Half the width of the bands around a reference, in millionths of $0.0001."""
    close = load_i64(security + SECURITY_CLOSE)
    if close == 0:
        close = reference
    times = 2 if doubled_at(words, security, close, time) else 1
    if close < load_i64(words + LOW_BELOW):
        by_share = reference * load_i64(words + LOW_PPM) * times
        return min(by_share, load_i64(words + LOW_AMOUNT) * times * MILLION)
    if close <= load_i64(words + MIDDLE_MAX):
        return reference * load_i64(words + MIDDLE_PPM) * times
    if load_u8(security + SECURITY_TIER) == 1:
        return reference * load_i64(words + TIER_1_PPM) * times
    leverage = max(load_i32(security + SECURITY_LEVERAGE), 1)
    return reference * load_i64(words + TIER_2_PPM) * times * leverage


@inner_kernel
def to_cent(millionths: int) -> int:
    """$0.0001 of a price in millionths of that, to the nearest cent, halves up."""
    unit = CENT * MILLION
    return (millionths + unit // 2) // unit * CENT


@inner_kernel
def set_bands(words: int, slot: int, security: int, reference: int, time: int, renewed: bool) -> None:
    """Put bands around a reference price in force; `renewed` when the price itself is new."""
    width = width_of(words, security, reference, time)
    low, high = max(to_cent(reference * MILLION - width), 0), to_cent(reference * MILLION + width)
    close = load_i64(security + SECURITY_CLOSE)
    doubled = doubled_at(words, security, close if close != 0 else reference, time)
    store_u8(security + SECURITY_DOUBLED, doubled)
    if renewed:
        store_i64(security + SECURITY_BAND_TIME, time)
    store_i64(security + SECURITY_REFERENCE, reference)
    store_i64(security + SECURITY_BAND_LOW, low)
    store_i64(security + SECURITY_BAND_HIGH, high)
    store_u8(security + SECURITY_OPENED, 1)
    event = new_event(words, BAND, slot, 0, time)
    store_i64(event + EVENT_PRICE, reference)
    store_i64(event + EVENT_LOW, low)
    store_i64(event + EVENT_HIGH, high)
    store_u8(event + EVENT_STATE, ord("0") + load_u8(security + SECURITY_TIER))


@inner_kernel
def is_banded(words: int, security: int, time: int) -> bool:
    """Tell whether the plan holds for a security at a time: a known tier, regular hours, not halted."""
    if load_i64(words + BANDED) == 0 or load_u8(security + SECURITY_TIER) == 0:
        return False
    if not load_i64(words + OPEN) <= time < load_i64(words + CLOSE):
        return False
    return load_u8(security + SECURITY_TRADING) in (0, TRADING)


@inner_kernel
def renew_bands(words: int, slot: int, security: int, time: int) -> None:
    """See whether the mean of the window, or the time of day, asks for other bands."""
    if not is_banded(words, security, time):
        return
    window = load_i64(words + WINDOW)
    drop_samples(words, security, time - window)
    count, total = load_i32(security + SECURITY_COUNT), load_i64(security + SECURITY_SUM)
    if load_u8(security + SECURITY_OPENED) == 0:
        if time - load_i64(words + OPEN) < window:
            return
        first = (total + count // 2) // count if count > 0 else load_i64(security + SECURITY_CLOSE)
        if first > 0:
            set_bands(words, slot, security, first, time, True)
        return
    reference = load_i64(security + SECURITY_REFERENCE)
    stood = time - load_i64(security + SECURITY_BAND_TIME) >= load_i64(words + HOLD)
    moved = abs(total - reference * count) * MILLION >= reference * count * load_i64(words + MOVE_PPM)
    if count > 0 and stood and moved:
        set_bands(words, slot, security, (total + count // 2) // count, time, True)
        return
    close = load_i64(security + SECURITY_CLOSE)
    doubled = doubled_at(words, security, close if close != 0 else reference, time)
    if doubled != (load_u8(security + SECURITY_DOUBLED) != 0):
        set_bands(words, slot, security, reference, time, False)


@inner_kernel
def open_bands(words: int, slot: int, security: int, price: int, time: int) -> None:
    """An opening or reopening cross: its price is the reference, and the window begins with it."""
    drop_samples(words, security, time)
    if is_banded(words, security, time) or (
        load_i64(words + BANDED) != 0
        and load_u8(security + SECURITY_TIER) != 0
        and load_i64(words + OPEN) <= time < load_i64(words + CLOSE)
    ):
        set_bands(words, slot, security, price, time, True)


@inner_kernel
def judge_quote(words: int, slot: int, bid: int, ask: int, time: int) -> None:
    """See whether the national best quote is in a limit state.

    Up: the best bid is at the upper band; down: the best offer is at the lower one. A straddle: a bid below the lower band, or an
    offer above the upper, while the other side is inside. A side nobody quotes makes no state.
    """
    security = security_at(words, slot)
    low, high = load_i64(security + SECURITY_BAND_LOW), load_i64(security + SECURITY_BAND_HIGH)
    state = NO_LIMIT
    if high > 0 and is_banded(words, security, time):
        if bid == high:
            state = LIMIT_UP
        elif ask > 0 and ask == low:
            state = LIMIT_DOWN
        elif (0 < bid < low) or ask > high:
            state = STRADDLE
    if state == load_u8(security + SECURITY_LIMIT):
        return
    store_u8(security + SECURITY_LIMIT, state)
    store_i64(security + SECURITY_LIMIT_SINCE, time if state != NO_LIMIT else 0)
    event = new_event(words, LIMIT, slot, 0, time)
    store_i64(event + EVENT_LOW, low)
    store_i64(event + EVENT_HIGH, high)
    store_u8(event + EVENT_STATE, state if state != NO_LIMIT else BLANK)


@inner_kernel
def publish_band(words: int, slot: int, venue: int, time: int, low: int, high: int) -> None:
    """Note the bands a feed publishes, and whether they are those we compute."""
    security = security_at(words, slot)
    ours_low, ours_high = load_i64(security + SECURITY_BAND_LOW), load_i64(security + SECURITY_BAND_HIGH)
    store_i64(security + SECURITY_PUBLISHED_LOW, low)
    store_i64(security + SECURITY_PUBLISHED_HIGH, high)
    store_i64(security + SECURITY_PUBLISHED_TIME, time)
    event = new_event(words, PUBLISHED_BAND, slot, venue, time)
    store_i64(event + EVENT_LOW, low)
    store_i64(event + EVENT_HIGH, high)
    if ours_high != 0:
        same = ours_low == low and ours_high == high
        store_u8(event + EVENT_STATE, SAME if same else DIFFERENT)
        if not same:
            store_i32(security + SECURITY_DIFFERS, load_i32(security + SECURITY_DIFFERS) + 1)
