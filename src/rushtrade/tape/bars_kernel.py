"""One-minute bars and the day: made trade by trade, made again when a trade turns out void.

A bar is a pure function of its standing trades and their effects, whatever order they came in: open and close by the
trades' own times, ties to the later arrival. The day's prices are those of its bars in regular hours, its volume that of
all its bars.
"""

from __future__ import annotations

from rushtrade.tape.condition_layout import EXTENDED, HIGH_LOW, LAST, VOLUME
from rushtrade.tape.tape_layout import (
    BAR_BYTES,
    BAR_CLOSE,
    BAR_CLOSE_TIME,
    BAR_HIGH,
    BAR_INSTRUMENT,
    BAR_KEY,
    BAR_LOW,
    BAR_MEMBERS,
    BAR_OPEN,
    BAR_OPEN_TIME,
    BAR_PARTIAL,
    BAR_PREVIOUS,
    BAR_PRICED,
    BAR_STATE,
    BAR_TRADES,
    BAR_VALUE,
    BAR_VOLUME,
    BAR_WAITS,
    BARS,
    BARS_USED,
    CARRIED,
    DAY_CLOSE,
    DAY_CLOSE_TIME,
    DAY_HIGH,
    DAY_HIGH_TIME,
    DAY_HIGHS,
    DAY_LOW,
    DAY_LOW_TIME,
    DAY_LOWS,
    DAY_OPEN,
    DAY_OPEN_TIME,
    DAY_PRICED,
    DAY_TRADES,
    DAY_VALUE,
    DAY_VOLUME,
    LAST_BAR,
    LAST_PRICE,
    LAST_SHARES,
    LAST_TIME,
    LAST_TRADE,
    LAST_VENUE,
    MINUTE_NS,
    RING,
    RING_COUNT,
    RING_MASK,
    SECURITIES,
    SECURITY_BYTES,
    SECURITY_STATE,
    SECURITY_WAITS,
    TRADE_BROKEN,
    TRADE_BYTES,
    TRADE_EFFECTS,
    TRADE_PREVIOUS,
    TRADE_PRICE,
    TRADE_SHARES,
    TRADE_TIME,
    TRADE_VENUE,
    WAITING_BARS,
    WAITING_BARS_COUNT,
    WAITING_DAYS,
    WAITING_DAYS_COUNT,
)
from rushtrade.wire.address_kernel import (
    load_i32,
    load_i64,
    load_u8,
    store_i32,
    store_i64,
)
from rushtrade.wire.compiled import inner_kernel


@inner_kernel
def key_of(time: int, effects: int) -> int:
    """The key of the bar a trade belongs to."""
    return time - time % MINUTE_NS + (1 if effects & EXTENDED else 0)


@inner_kernel
def find_bar(tape: int, security: int, key: int) -> int:
    """Address of the bar with a key, 0 when there is none today."""
    position = load_i64(security + LAST_BAR)
    while position != 0:
        bar = load_i64(tape + BARS) + (position - 1) * BAR_BYTES
        if load_i64(bar + BAR_KEY) <= key:
            return bar if load_i64(bar + BAR_KEY) == key else 0
        position = load_i64(bar + BAR_PREVIOUS)
    return 0


@inner_kernel
def bar_for(tape: int, slot: int, security: int, key: int) -> int:
    """The bar with a key, linked in where it belongs: venues' packets may arrive out of order."""
    bars = load_i64(tape + BARS)
    link = security + LAST_BAR
    position = load_i64(link)
    while position != 0:
        bar = bars + (position - 1) * BAR_BYTES
        if load_i64(bar + BAR_KEY) <= key:
            if load_i64(bar + BAR_KEY) == key:
                return bar
            break
        link = bar + BAR_PREVIOUS
        position = load_i64(link)
    used = load_i64(tape + BARS_USED)
    store_i64(tape + BARS_USED, used + 1)
    bar = bars + used * BAR_BYTES
    for word in range(0, BAR_BYTES, 8):
        store_i64(bar + word, 0)
    store_i64(bar + BAR_KEY, key)
    store_i64(bar + BAR_PREVIOUS, position)
    store_i32(bar + BAR_INSTRUMENT, slot)
    store_i64(link, used + 1)
    return bar


@inner_kernel
def await_telling(tape: int, slot: int, bar: int) -> None:
    """Put a bar that changed, and its day, into the lists of what readers are to be told."""
    state = load_i32(bar + BAR_STATE)
    if state & BAR_WAITS == 0:
        store_i32(bar + BAR_STATE, state | BAR_WAITS)
        count = load_i64(tape + WAITING_BARS_COUNT)
        place = (bar - load_i64(tape + BARS)) // BAR_BYTES
        store_i64(load_i64(tape + WAITING_BARS) + 8 * count, place)
        store_i64(tape + WAITING_BARS_COUNT, count + 1)
    security = load_i64(tape + SECURITIES) + slot * SECURITY_BYTES
    state = load_i32(security + SECURITY_STATE)
    if state & SECURITY_WAITS == 0:
        store_i32(security + SECURITY_STATE, state | SECURITY_WAITS)
        count = load_i64(tape + WAITING_DAYS_COUNT)
        store_i32(load_i64(tape + WAITING_DAYS) + 4 * count, slot)
        store_i64(tape + WAITING_DAYS_COUNT, count + 1)


@inner_kernel
def merge(bar: int, trade: int, newer: bool) -> None:
    """Add a trade to a bar. `newer`: it arrived after those already in it (decides between equal times)."""
    effects = load_i32(trade + TRADE_EFFECTS)
    time, price = load_i64(trade + TRADE_TIME), load_i64(trade + TRADE_PRICE)
    store_i32(bar + BAR_MEMBERS, load_i32(bar + BAR_MEMBERS) + 1)
    if effects & VOLUME:
        shares = load_i64(trade + TRADE_SHARES)
        store_i64(bar + BAR_VOLUME, load_i64(bar + BAR_VOLUME) + shares)
        store_i64(bar + BAR_TRADES, load_i64(bar + BAR_TRADES) + 1)
        store_i64(bar + BAR_VALUE, load_i64(bar + BAR_VALUE) + price * shares)
    if effects & HIGH_LOW:
        low = load_i64(bar + BAR_LOW)
        store_i64(bar + BAR_HIGH, max(price, load_i64(bar + BAR_HIGH)))
        store_i64(bar + BAR_LOW, price if low == 0 else min(price, low))
    if effects & LAST:
        priced = load_i32(bar + BAR_PRICED)
        begins, ends = load_i64(bar + BAR_OPEN_TIME), load_i64(bar + BAR_CLOSE_TIME)
        if priced == 0 or time < begins or (time == begins and not newer):
            store_i64(bar + BAR_OPEN, price)
            store_i64(bar + BAR_OPEN_TIME, time)
        if priced == 0 or time > ends or (time == ends and newer):
            store_i64(bar + BAR_CLOSE, price)
            store_i64(bar + BAR_CLOSE_TIME, time)
        store_i32(bar + BAR_PRICED, priced + 1)


@inner_kernel
def merge_day(security: int, trade: int) -> None:
    """Add a trade that just arrived to its security's day."""
    effects = load_i32(trade + TRADE_EFFECTS)
    time, price = load_i64(trade + TRADE_TIME), load_i64(trade + TRADE_PRICE)
    if effects & VOLUME:
        shares = load_i64(trade + TRADE_SHARES)
        store_i64(security + DAY_VOLUME, load_i64(security + DAY_VOLUME) + shares)
        store_i64(security + DAY_TRADES, load_i64(security + DAY_TRADES) + 1)
        store_i64(security + DAY_VALUE, load_i64(security + DAY_VALUE) + price * shares)
    if effects & EXTENDED:
        return
    if effects & HIGH_LOW:
        move_extremes(security, price, price, time)
    if effects & LAST:
        priced = load_i64(security + DAY_PRICED)
        if priced == 0 or time < load_i64(security + DAY_OPEN_TIME):
            store_i64(security + DAY_OPEN, price)
            store_i64(security + DAY_OPEN_TIME, time)
        if priced == 0 or time >= load_i64(security + DAY_CLOSE_TIME):
            store_i64(security + DAY_CLOSE, price)
            store_i64(security + DAY_CLOSE_TIME, time)
            show_last(security, trade)
        store_i64(security + DAY_PRICED, priced + 1)


@inner_kernel
def move_extremes(security: int, high: int, low: int, time: int) -> None:
    """Raise the day's high and lower its low, and count it."""
    before = load_i64(security + DAY_HIGH)
    if high > before:
        store_i64(security + DAY_HIGH, high)
        store_i64(security + DAY_HIGH_TIME, time)
        if before != 0:
            store_i32(security + DAY_HIGHS, load_i32(security + DAY_HIGHS) + 1)
    before = load_i64(security + DAY_LOW)
    if before == 0 or low < before:
        store_i64(security + DAY_LOW, low)
        store_i64(security + DAY_LOW_TIME, time)
        if before != 0:
            store_i32(security + DAY_LOWS, load_i32(security + DAY_LOWS) + 1)


@inner_kernel
def show_last(security: int, trade: int) -> None:
    """Make a trade the last sale."""
    store_i64(security + LAST_TIME, load_i64(trade + TRADE_TIME))
    store_i64(security + LAST_PRICE, load_i64(trade + TRADE_PRICE))
    store_i64(security + LAST_SHARES, load_i64(trade + TRADE_SHARES))
    store_i32(security + LAST_VENUE, load_u8(trade + TRADE_VENUE))


@inner_kernel
def trade_at(tape: int, link: int) -> int:
    """Address of the trade a link points to, 0 when the ring has overwritten it."""
    if link == 0 or load_i64(tape + RING_COUNT) - link > load_i64(tape + RING_MASK):
        return 0
    return load_i64(tape + RING) + ((link - 1) & load_i64(tape + RING_MASK)) * TRADE_BYTES


@inner_kernel
def empty_bar(bar: int) -> None:
    """Take everything out of a bar but its place."""
    for place in (BAR_OPEN, BAR_HIGH, BAR_LOW, BAR_CLOSE, BAR_VOLUME, BAR_TRADES, BAR_VALUE):
        store_i64(bar + place, 0)
    store_i64(bar + BAR_OPEN_TIME, 0)
    store_i64(bar + BAR_CLOSE_TIME, 0)
    store_i32(bar + BAR_PRICED, 0)
    store_i32(bar + BAR_MEMBERS, 0)


@inner_kernel
def stands_in(trade: int, key: int) -> bool:
    """True when a trade is not void and belongs to the bar of a key."""
    if load_u8(trade + TRADE_BROKEN) != 0:
        return False
    return key_of(load_i64(trade + TRADE_TIME), load_i32(trade + TRADE_EFFECTS)) == key


@inner_kernel
def rebuild_bar(tape: int, security: int, bar: int) -> bool:
    """Make a bar again without the one trade that just became void, from the trades of the ring.

    False, and the bar as it was, when the ring no longer has all of its other trades.
    """
    key = load_i64(bar + BAR_KEY)
    missing = load_i32(bar + BAR_MEMBERS) - 1
    link = load_i64(security + LAST_TRADE)
    trade = trade_at(tape, link)
    while trade != 0 and missing > 0:
        if stands_in(trade, key):
            missing -= 1
        trade = trade_at(tape, load_i64(trade + TRADE_PREVIOUS))
    if missing > 0:
        return False
    members = load_i32(bar + BAR_MEMBERS) - 1
    empty_bar(bar)
    trade = trade_at(tape, link)
    while load_i32(bar + BAR_MEMBERS) < members:
        if stands_in(trade, key):
            merge(bar, trade, False)
        trade = trade_at(tape, load_i64(trade + TRADE_PREVIOUS))
    return True


@inner_kernel
def rebuild_from(bar: int, rows: int, count: int) -> None:
    """Make a bar again from trades at an address, in their order of arrival."""
    empty_bar(bar)
    key = load_i64(bar + BAR_KEY)
    for index in range(count):
        if stands_in(rows + index * TRADE_BYTES, key):
            merge(bar, rows + index * TRADE_BYTES, True)
    store_i32(bar + BAR_STATE, load_i32(bar + BAR_STATE) & ~BAR_PARTIAL)


@inner_kernel
def subtract(bar: int, trade: int) -> None:
    """Take a void trade's volume out of a bar whose trades are no longer at hand; its prices stay, and it says so."""
    effects = load_i32(trade + TRADE_EFFECTS)
    if effects & VOLUME:
        shares = load_i64(trade + TRADE_SHARES)
        store_i64(bar + BAR_VOLUME, load_i64(bar + BAR_VOLUME) - shares)
        store_i64(bar + BAR_TRADES, load_i64(bar + BAR_TRADES) - 1)
        store_i64(bar + BAR_VALUE, load_i64(bar + BAR_VALUE) - load_i64(trade + TRADE_PRICE) * shares)
    store_i32(bar + BAR_MEMBERS, load_i32(bar + BAR_MEMBERS) - 1)
    store_i32(bar + BAR_STATE, load_i32(bar + BAR_STATE) | BAR_PARTIAL)


@inner_kernel
def refold_day(tape: int, security: int) -> None:
    """Make a day again from its bars, and the last sale from the day."""
    for place in (DAY_VOLUME, DAY_VALUE, DAY_TRADES, DAY_PRICED, DAY_OPEN, DAY_HIGH, DAY_LOW, DAY_CLOSE):
        store_i64(security + place, 0)
    position = load_i64(security + LAST_BAR)
    while position != 0:
        bar = load_i64(tape + BARS) + (position - 1) * BAR_BYTES
        position = load_i64(bar + BAR_PREVIOUS)
        store_i64(security + DAY_VOLUME, load_i64(security + DAY_VOLUME) + load_i64(bar + BAR_VOLUME))
        store_i64(security + DAY_VALUE, load_i64(security + DAY_VALUE) + load_i64(bar + BAR_VALUE))
        store_i64(security + DAY_TRADES, load_i64(security + DAY_TRADES) + load_i64(bar + BAR_TRADES))
        if load_i64(bar + BAR_KEY) & 1 == 0:
            fold_prices(security, bar)
    if load_i64(security + DAY_PRICED) == 0:
        store_i64(security + LAST_PRICE, load_i64(security + CARRIED))
        store_i64(security + LAST_SHARES, 0)
        store_i64(security + LAST_TIME, 0)
        return
    find_last(tape, security)


@inner_kernel
def fold_prices(security: int, bar: int) -> None:
    """Put a bar of regular hours into its day; bars come newest first."""
    start = load_i64(bar + BAR_KEY)
    high, low = load_i64(bar + BAR_HIGH), load_i64(bar + BAR_LOW)
    if high > load_i64(security + DAY_HIGH):
        store_i64(security + DAY_HIGH, high)
        store_i64(security + DAY_HIGH_TIME, start)
    if low != 0 and (load_i64(security + DAY_LOW) == 0 or low < load_i64(security + DAY_LOW)):
        store_i64(security + DAY_LOW, low)
        store_i64(security + DAY_LOW_TIME, start)
    priced = load_i32(bar + BAR_PRICED)
    if priced == 0:
        return
    if load_i64(security + DAY_PRICED) == 0:
        store_i64(security + DAY_CLOSE, load_i64(bar + BAR_CLOSE))
        store_i64(security + DAY_CLOSE_TIME, load_i64(bar + BAR_CLOSE_TIME))
    store_i64(security + DAY_OPEN, load_i64(bar + BAR_OPEN))
    store_i64(security + DAY_OPEN_TIME, load_i64(bar + BAR_OPEN_TIME))
    store_i64(security + DAY_PRICED, load_i64(security + DAY_PRICED) + priced)


@inner_kernel
def find_last(tape: int, security: int) -> None:
    """Make the trade that closes the day the last sale; only price and time are told when the ring has lost it."""
    price, time = load_i64(security + DAY_CLOSE), load_i64(security + DAY_CLOSE_TIME)
    store_i64(security + LAST_PRICE, price)
    store_i64(security + LAST_TIME, time)
    store_i64(security + LAST_SHARES, 0)
    trade = trade_at(tape, load_i64(security + LAST_TRADE))
    while trade != 0:
        effects = load_i32(trade + TRADE_EFFECTS)
        fits = load_i64(trade + TRADE_TIME) == time and load_i64(trade + TRADE_PRICE) == price
        if fits and load_u8(trade + TRADE_BROKEN) == 0 and effects & LAST and effects & EXTENDED == 0:
            show_last(security, trade)
            return
        trade = trade_at(tape, load_i64(trade + TRADE_PREVIOUS))
