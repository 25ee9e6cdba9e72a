"""A packet of one venue becomes last sales, trades, bars, and notice of what changed.

`receive` applies a packet to the venue's books and files its executions, in one call. Trades go to a ring and to the
minute they happened in, whatever order the venues' packets arrive in; a trade declared void is taken out again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


from rushtrade.market.book_feed_kernel import (
    DRAIN_TRADES,
    FOREVER,
    apply,
)
from rushtrade.market.book_layout import (
    APPLIED,
    BEST,
    BOOK_BYTES,
    BOOK_INSTRUMENT,
    BOOK_MARKS,
    BOOKS,
    CONSUMED,
    DEPTH,
    PRINT,
    TOUCHED,
    TOUCHED_COUNT,
    TRADE_BROKEN,
    TRADE_BYTES,
    TRADE_INSTRUMENT,
    TRADE_KIND,
    TRADE_MATCH,
    TRADE_NUMBER,
    TRADE_PREVIOUS,
    TRADE_PRICE,
    TRADE_PRINTABLE,
    TRADE_SHARES,
    TRADE_TIME,
    TRADE_VENUE,
    TRADES,
    TRADES_COUNT,
    TRADES_ROOM,
    VENUE_BYTES,
    VENUE_CLOSED,
    VENUE_EVENT,
    VENUE_LIVE,
    VENUE_STATE,
    VENUES,
)
from rushtrade.market.market_layout import (
    BAR_BYTES,
    BAR_CLOSE,
    BAR_CLOSE_TIME,
    BAR_HIGH,
    BAR_INSTRUMENT,
    BAR_LOW,
    BAR_OPEN,
    BAR_OPEN_TIME,
    BAR_PREVIOUS,
    BAR_START,
    BAR_TRADES,
    BAR_VALUE,
    BAR_VOLUME,
    BARS,
    BARS_ROOM,
    BARS_USED,
    INSTRUMENT_BYTES,
    INSTRUMENT_LAST_BAR,
    INSTRUMENT_LAST_PRICE,
    INSTRUMENT_LAST_SHARES,
    INSTRUMENT_LAST_TIME,
    INSTRUMENT_LAST_TRADE,
    INSTRUMENT_LAST_VENUE,
    INSTRUMENT_MARKS,
    INSTRUMENT_TRADES,
    INSTRUMENT_VOLUME,
    INSTRUMENTS,
    MIDNIGHT,
    MINUTE_NS,
    PENDING,
    PENDING_COUNT,
    RING,
    RING_COUNT,
    RING_MASK,
)
from rushtrade.wire.address_kernel import (
    address_of_bytes,
    load_i32,
    load_i64,
    load_u8,
    store_i32,
    store_i64,
    store_u8,
)
from rushtrade.wire.compiled import kernel
from rushtrade.wire.itch50_kernel import (
    BROKEN,
    frame_at,
)

GROW_BARS = 22
"""The array of bars must grow before more messages can be taken."""
END_OF_MESSAGES = ord("C")


@kernel
def receive(header: int, market: int, venue: int, buffer: NDArray[np.uint8], begin: int) -> int:
    """Apply the messages of a buffer from `begin` on. Returns the reason it stopped, as `book_kernel.apply` does."""
    stream = address_of_bytes(buffer)
    consumed = begin
    applied = 0
    while True:
        if load_i64(market + BARS_ROOM) - load_i64(market + BARS_USED) < load_i64(header + TRADES_ROOM):
            reason = GROW_BARS
            break
        reason = apply(header, venue, stream + consumed, buffer.size - consumed, FOREVER)
        consumed += load_i64(header + CONSUMED)
        applied += load_i64(header + APPLIED)
        if load_i64(header + TRADES_COUNT) > 0:
            take_executions(header, market)
        if reason != DRAIN_TRADES:
            break
    record = load_i64(header + VENUES) + venue * VENUE_BYTES
    if load_i64(record + VENUE_EVENT) == END_OF_MESSAGES and load_i64(record + VENUE_STATE) == VENUE_LIVE:
        store_i64(record + VENUE_STATE, VENUE_CLOSED)
    store_i64(header + CONSUMED, consumed)
    store_i64(header + APPLIED, applied)
    return reason


@kernel
def take_executions(header: int, market: int) -> None:
    """Turn the executions the books wrote out into trades, last sales and bars."""
    midnight = load_i64(market + MIDNIGHT)
    trades = load_i64(header + TRADES)
    for row in range(load_i64(header + TRADES_COUNT)):
        trade = trades + row * TRADE_BYTES
        slot = load_i32(trade + TRADE_INSTRUMENT)
        if slot == 0:
            continue
        instrument = load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES
        store_i64(trade + TRADE_TIME, load_i64(trade + TRADE_TIME) + midnight)
        if load_u8(trade + TRADE_KIND) == BROKEN:
            void(market, instrument, load_u8(trade + TRADE_VENUE), load_i64(trade + TRADE_MATCH))
        elif load_u8(trade + TRADE_PRINTABLE) != 0:
            record_trade(market, slot, instrument, trade)
    store_i64(header + TRADES_COUNT, 0)


@kernel
def record_trade(market: int, slot: int, instrument: int, trade: int) -> None:
    """Put a trade into the ring, the last sale and its bar."""
    position = load_i64(market + RING_COUNT)
    number = load_i64(instrument + INSTRUMENT_TRADES) + 1
    kept = load_i64(market + RING) + (position & load_i64(market + RING_MASK)) * TRADE_BYTES
    for word in range(0, TRADE_BYTES, 8):
        store_i64(kept + word, load_i64(trade + word))
    store_i64(kept + TRADE_NUMBER, number)
    store_i64(kept + TRADE_PREVIOUS, load_i64(instrument + INSTRUMENT_LAST_TRADE))
    store_i64(market + RING_COUNT, position + 1)
    time, price = load_i64(trade + TRADE_TIME), load_i64(trade + TRADE_PRICE)
    shares = load_i64(trade + TRADE_SHARES)
    store_i64(instrument + INSTRUMENT_LAST_TRADE, position + 1)
    store_i64(instrument + INSTRUMENT_TRADES, number)
    store_i64(instrument + INSTRUMENT_VOLUME, load_i64(instrument + INSTRUMENT_VOLUME) + shares)
    if time >= load_i64(instrument + INSTRUMENT_LAST_TIME):
        show_last(instrument, kept)
    bar = bar_for(market, slot, instrument, time - time % MINUTE_NS)
    merge(bar, time, price, shares, True)


@kernel
def show_last(instrument: int, trade: int) -> None:
    """Make a trade the last sale."""
    store_i64(instrument + INSTRUMENT_LAST_TIME, load_i64(trade + TRADE_TIME))
    store_i64(instrument + INSTRUMENT_LAST_PRICE, load_i64(trade + TRADE_PRICE))
    store_i64(instrument + INSTRUMENT_LAST_SHARES, load_i64(trade + TRADE_SHARES))
    store_i32(instrument + INSTRUMENT_LAST_VENUE, load_u8(trade + TRADE_VENUE))


@kernel
def bar_for(market: int, slot: int, instrument: int, start: int) -> int:
    """The bar of a minute, linked in where it belongs: venues' packets may arrive out of order."""
    bars = load_i64(market + BARS)
    link = instrument + INSTRUMENT_LAST_BAR
    position = load_i64(link)
    while position != 0:
        bar = bars + (position - 1) * BAR_BYTES
        if load_i64(bar + BAR_START) <= start:
            if load_i64(bar + BAR_START) == start:
                return bar
            break
        link = bar + BAR_PREVIOUS
        position = load_i64(link)
    used = load_i64(market + BARS_USED)
    store_i64(market + BARS_USED, used + 1)
    bar = bars + used * BAR_BYTES
    for word in range(0, BAR_BYTES, 8):
        store_i64(bar + word, 0)
    store_i64(bar + BAR_START, start)
    store_i64(bar + BAR_PREVIOUS, position)
    store_i64(bar + BAR_INSTRUMENT, slot)
    store_i64(link, used + 1)
    return bar


@kernel
def merge(bar: int, time: int, price: int, shares: int, newer: bool) -> None:
    """Add a trade to a bar. `newer`: it arrived after those already in it (decides between equal times)."""
    trades = load_i64(bar + BAR_TRADES)
    begins, ends = load_i64(bar + BAR_OPEN_TIME), load_i64(bar + BAR_CLOSE_TIME)
    if trades == 0 or time < begins or (time == begins and not newer):
        store_i64(bar + BAR_OPEN, price)
        store_i64(bar + BAR_OPEN_TIME, time)
    if trades == 0 or time > ends or (time == ends and newer):
        store_i64(bar + BAR_CLOSE, price)
        store_i64(bar + BAR_CLOSE_TIME, time)
    store_i64(bar + BAR_HIGH, max(price, load_i64(bar + BAR_HIGH)))
    store_i64(bar + BAR_LOW, price if trades == 0 else min(price, load_i64(bar + BAR_LOW)))
    store_i64(bar + BAR_VOLUME, load_i64(bar + BAR_VOLUME) + shares)
    store_i64(bar + BAR_TRADES, trades + 1)
    store_i64(bar + BAR_VALUE, load_i64(bar + BAR_VALUE) + price * shares)


@kernel
def trade_at(market: int, link: int) -> int:
    """Address of the trade a link points to, 0 when the ring has overwritten it."""
    if link == 0 or load_i64(market + RING_COUNT) - link > load_i64(market + RING_MASK):
        return 0
    return load_i64(market + RING) + ((link - 1) & load_i64(market + RING_MASK)) * TRADE_BYTES


@kernel
def void(market: int, instrument: int, venue: int, match: int) -> None:
    """Mark a trade as broken, and take it out of its bar, the volume and the last sale."""
    trade = trade_at(market, load_i64(instrument + INSTRUMENT_LAST_TRADE))
    while trade != 0:
        same = load_i64(trade + TRADE_MATCH) == match and load_u8(trade + TRADE_VENUE) == venue
        if same and load_u8(trade + TRADE_BROKEN) == 0:
            break
        trade = trade_at(market, load_i64(trade + TRADE_PREVIOUS))
    if trade == 0:
        return
    store_u8(trade + TRADE_BROKEN, 1)
    time, shares = load_i64(trade + TRADE_TIME), load_i64(trade + TRADE_SHARES)
    store_i64(instrument + INSTRUMENT_VOLUME, load_i64(instrument + INSTRUMENT_VOLUME) - shares)
    rebuild_bar(market, instrument, time - time % MINUTE_NS, load_i64(trade + TRADE_PRICE), shares)
    if time == load_i64(instrument + INSTRUMENT_LAST_TIME):
        store_i64(instrument + INSTRUMENT_LAST_TIME, 0)
        store_i64(instrument + INSTRUMENT_LAST_PRICE, 0)
        store_i64(instrument + INSTRUMENT_LAST_SHARES, 0)
        trade = trade_at(market, load_i64(instrument + INSTRUMENT_LAST_TRADE))
        while trade != 0:
            if load_u8(trade + TRADE_BROKEN) == 0:
                if load_i64(trade + TRADE_TIME) > load_i64(instrument + INSTRUMENT_LAST_TIME):
                    show_last(instrument, trade)
            trade = trade_at(market, load_i64(trade + TRADE_PREVIOUS))


@kernel
def rebuild_bar(market: int, instrument: int, start: int, price: int, shares: int) -> None:
    """Make a bar again from the trades that stand, or only subtract when the ring no longer has them all."""
    bar = load_i64(market + BARS)
    position = load_i64(instrument + INSTRUMENT_LAST_BAR)
    while position != 0:
        bar = load_i64(market + BARS) + (position - 1) * BAR_BYTES
        if load_i64(bar + BAR_START) == start:
            break
        position = load_i64(bar + BAR_PREVIOUS)
    if position == 0:
        return  # a bar of an earlier day is final
    standing = load_i64(bar + BAR_TRADES) - 1
    volume, value = load_i64(bar + BAR_VOLUME) - shares, load_i64(bar + BAR_VALUE) - price * shares
    store_i64(bar + BAR_TRADES, 0)
    store_i64(bar + BAR_VOLUME, 0)
    store_i64(bar + BAR_VALUE, 0)
    high, low = load_i64(bar + BAR_HIGH), load_i64(bar + BAR_LOW)
    store_i64(bar + BAR_HIGH, 0)
    trade = trade_at(market, load_i64(instrument + INSTRUMENT_LAST_TRADE))
    while trade != 0 and load_i64(bar + BAR_TRADES) < standing:
        time = load_i64(trade + TRADE_TIME)
        if time - time % MINUTE_NS == start and load_u8(trade + TRADE_BROKEN) == 0:
            merge(bar, time, load_i64(trade + TRADE_PRICE), load_i64(trade + TRADE_SHARES), False)
        trade = trade_at(market, load_i64(trade + TRADE_PREVIOUS))
    if load_i64(bar + BAR_TRADES) < standing:
        store_i64(bar + BAR_TRADES, standing)
        store_i64(bar + BAR_VOLUME, volume)
        store_i64(bar + BAR_VALUE, value)
        store_i64(bar + BAR_HIGH, high)
        store_i64(bar + BAR_LOW, low)


@kernel
def sweep_touched(header: int, market: int) -> None:
    """Carry the marks of books over to their instruments."""
    touched = load_i64(header + TOUCHED)
    pending = load_i64(market + PENDING)
    waiting = load_i64(market + PENDING_COUNT)
    for index in range(load_i64(header + TOUCHED_COUNT)):
        book = load_i64(header + BOOKS) + load_i32(touched + 4 * index) * BOOK_BYTES
        bits = load_i32(book + BOOK_MARKS)
        store_i32(book + BOOK_MARKS, 0)
        slot = load_i32(book + BOOK_INSTRUMENT)
        if slot == 0:
            continue
        instrument = load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES
        held = load_i32(instrument + INSTRUMENT_MARKS)
        if held == 0:
            store_i32(pending + 4 * waiting, slot)
            waiting += 1
        store_i32(instrument + INSTRUMENT_MARKS, held | bits)
    store_i64(header + TOUCHED_COUNT, 0)
    store_i64(market + PENDING_COUNT, waiting)


@kernel
def take_touched(header: int, market: int, wanted: int, slots: NDArray[np.int64]) -> int:
    """Take the instruments with a wanted mark out into `slots`, clearing it; returns how many."""
    sweep_touched(header, market)
    pending = load_i64(market + PENDING)
    taken = 0
    kept = 0
    for index in range(load_i64(market + PENDING_COUNT)):
        slot = load_i32(pending + 4 * index)
        instrument = load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES
        bits = load_i32(instrument + INSTRUMENT_MARKS)
        if bits & wanted:
            slots[taken] = slot
            taken += 1
        bits &= ~wanted
        store_i32(instrument + INSTRUMENT_MARKS, bits)
        if bits != 0:
            store_i32(pending + 4 * kept, slot)
            kept += 1
    store_i64(market + PENDING_COUNT, kept)
    return taken


@kernel
def touch_all(market: int, instruments: int) -> None:
    """Mark every instrument as changed: a venue's books came or went."""
    pending = load_i64(market + PENDING)
    waiting = load_i64(market + PENDING_COUNT)
    for slot in range(1, instruments + 1):
        instrument = load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES
        if load_i32(instrument + INSTRUMENT_MARKS) == 0:
            store_i32(pending + 4 * waiting, slot)
            waiting += 1
        store_i32(instrument + INSTRUMENT_MARKS, DEPTH | BEST | PRINT)
    store_i64(market + PENDING_COUNT, waiting)


@kernel
def trades_after(market: int, slot: int, after: int, out: int, limit: int) -> int:
    """Copy an instrument's trades numbered above `after` to an address, oldest first; returns how many."""
    instrument = load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES
    latest = load_i64(instrument + INSTRUMENT_LAST_TRADE)
    first = 0
    trade = trade_at(market, latest)
    while trade != 0 and load_i64(trade + TRADE_NUMBER) > after:
        first = load_i64(trade + TRADE_NUMBER)
        trade = trade_at(market, load_i64(trade + TRADE_PREVIOUS))
    if first == 0:
        return 0
    filled = 0
    trade = trade_at(market, latest)
    while trade != 0 and load_i64(trade + TRADE_NUMBER) >= first:
        index = load_i64(trade + TRADE_NUMBER) - first
        if index < limit:
            for word in range(0, TRADE_BYTES, 8):
                store_i64(out + index * TRADE_BYTES + word, load_i64(trade + word))
            filled += 1
        trade = trade_at(market, load_i64(trade + TRADE_PREVIOUS))
    return filled


@kernel
def messages_length(buffer: NDArray[np.uint8], messages: int) -> int:
    """Bytes of the first so many framed messages of a buffer, or -1 when there are not that many whole ones."""
    address = address_of_bytes(buffer)
    offset = 0
    for _ in range(messages):
        step = frame_at(address + offset, buffer.size - offset)
        if step < 0:
            return -1
        offset += step
    return offset
