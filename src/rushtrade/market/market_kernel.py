"""From a packet of one venue to what the market as a whole shows.

`receive` applies a packet to the venue's books and turns its executions into last sales, trades and bars, in one call.
The rest reads: best quotes over all venues, the montage, and the stamp an order carries away. Nothing is cached
between packet and question: a best level is two loads away, and there are few venues.

A venue that is not live has no say in any of it.
"""

# numba's decorators are untyped
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# ruff: noqa: ANN001, ANN201

from __future__ import annotations

from numba import njit

from rushtrade.market.book_kernel import DRAIN_TRADES, FOREVER, apply
from rushtrade.market.book_layout import (
    APPLIED,
    ASK,
    BEST,
    BID,
    BOOK_BYTES,
    BOOK_INSTRUMENT,
    BOOK_MARKS,
    BOOK_SIDES,
    BOOK_TIME,
    BOOKS,
    CONSUMED,
    DEPTH,
    KEY_MAX,
    LADDERS,
    LEVEL_BYTES,
    LEVEL_ORDERS,
    LEVEL_SHARES,
    LEVELS,
    LISTINGS,
    PRINT,
    SIDE_BYTES,
    SIDE_LADDER,
    SIDE_LEVELS,
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
    VENUE_COUNT,
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
    CROSSED,
    GOOD,
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
    LOCKED,
    MIDNIGHT,
    MINUTE_NS,
    ONE_SIDED,
    OUT,
    OUT_ROWS,
    PENDING,
    PENDING_COUNT,
    RING,
    RING_COUNT,
    RING_MASK,
    UNKNOWN,
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
from rushtrade.wire.itch50_kernel import BROKEN, frame_at

GROW_BARS = 22
"""The array of bars must grow before more messages can be taken."""
END_OF_MESSAGES = ord("C")
STAMP_LEVELS_MAX = 10
"""Levels of one venue in a stamp: what a sweep of ten levels of ten venues needs, and 240 bytes a venue at most."""


# ---------------------------------------------------------------- a packet comes in


@njit(cache=True, nogil=True)
def receive(header, market, venue, buffer, begin):
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


@njit(cache=True, nogil=True)
def take_executions(header, market):
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


@njit(cache=True, nogil=True)
def record_trade(market, slot, instrument, trade):
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


@njit(cache=True, nogil=True)
def show_last(instrument, trade):
    """Make a trade the last sale."""
    store_i64(instrument + INSTRUMENT_LAST_TIME, load_i64(trade + TRADE_TIME))
    store_i64(instrument + INSTRUMENT_LAST_PRICE, load_i64(trade + TRADE_PRICE))
    store_i64(instrument + INSTRUMENT_LAST_SHARES, load_i64(trade + TRADE_SHARES))
    store_i32(instrument + INSTRUMENT_LAST_VENUE, load_u8(trade + TRADE_VENUE))


@njit(cache=True, nogil=True)
def bar_for(market, slot, instrument, start):
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


@njit(cache=True, nogil=True)
def merge(bar, time, price, shares, newer):
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


# ---------------------------------------------------------------- a trade is void


@njit(cache=True, nogil=True)
def trade_at(market, link):
    """Address of the trade a link points to, 0 when the ring has overwritten it."""
    if link == 0 or load_i64(market + RING_COUNT) - link > load_i64(market + RING_MASK):
        return 0
    return load_i64(market + RING) + ((link - 1) & load_i64(market + RING_MASK)) * TRADE_BYTES


@njit(cache=True, nogil=True)
def void(market, instrument, venue, match):
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


@njit(cache=True, nogil=True)
def rebuild_bar(market, instrument, start, price, shares):
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


# ---------------------------------------------------------------- what the market shows


@njit(cache=True, nogil=True)
def side_at(header, slot, venue, side):
    """Address of a side of an instrument's book at a venue; 0 when the venue has no say."""
    if load_i64(load_i64(header + VENUES) + venue * VENUE_BYTES + VENUE_STATE) != VENUE_LIVE:
        return 0
    listing = load_i64(header + LISTINGS) + 4 * (slot * load_i64(header + VENUE_COUNT) + venue)
    book_index = load_i32(listing)
    if book_index == 0:
        return 0
    return load_i64(header + BOOKS) + book_index * BOOK_BYTES + BOOK_SIDES + side * SIDE_BYTES


@njit(cache=True, nogil=True)
def level_of(header, side_address, rank, side):
    """Price and address of the level at a rank from the best, (0, 0) when there is none."""
    levels = load_i32(side_address + SIDE_LEVELS)
    if rank >= levels:
        return 0, 0
    entry = load_i64(
        load_i64(header + LADDERS) + 8 * (load_i32(side_address + SIDE_LADDER) + levels - 1 - rank)
    )
    key = (entry >> 32) & KEY_MAX
    price = key if side == BID else KEY_MAX - key
    return price, load_i64(header + LEVELS) + (entry & KEY_MAX) * LEVEL_BYTES


@njit(cache=True, nogil=True)
def best_of(header, slot, side):
    """Best price of a side over all live venues, and the shares all of them show at it."""
    price = 0
    shares = 0
    for venue in range(load_i64(header + VENUE_COUNT)):
        address = side_at(header, slot, venue, side)
        if address == 0:
            continue
        level_price, level = level_of(header, address, 0, side)
        if level == 0:
            continue
        better = level_price > price if side == BID else level_price < price
        if price == 0 or better:
            price, shares = level_price, load_i64(level + LEVEL_SHARES)
        elif level_price == price:
            shares += load_i64(level + LEVEL_SHARES)
    return price, shares


@njit(cache=True, nogil=True)
def quote_time(header, market, slot):
    """Time of the last message about an instrument from a live venue, 0 when there was none."""
    latest = 0
    for venue in range(load_i64(header + VENUE_COUNT)):
        side = side_at(header, slot, venue, BID)
        if side != 0:
            latest = max(latest, load_i64(side - BOOK_SIDES + BOOK_TIME))
    return latest + load_i64(market + MIDNIGHT) if latest > 0 else 0


@njit(cache=True, nogil=True)
def quote(header, market, slot):
    """Write time, bid, its shares, ask, its shares and the last price to the output."""
    out = load_i64(market + OUT)
    bid, bid_shares = best_of(header, slot, BID)
    ask, ask_shares = best_of(header, slot, ASK)
    store_i64(out, quote_time(header, market, slot))
    store_i64(out + 8, bid)
    store_i64(out + 16, bid_shares)
    store_i64(out + 24, ask)
    store_i64(out + 32, ask_shares)
    instrument = load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES
    store_i64(out + 40, load_i64(instrument + INSTRUMENT_LAST_PRICE))


@njit(cache=True, nogil=True)
def quote_state(bid, ask):
    """What a pair of best prices is called."""
    if bid == 0 and ask == 0:
        return UNKNOWN
    if bid == 0 or ask == 0:
        return ONE_SIDED
    if bid < ask:
        return GOOD
    return LOCKED if bid == ask else CROSSED


@njit(cache=True, nogil=True)
def nbbo(header, market, slot):
    """`quote`, then the state; rows of (bid, shares, ask, shares) by venue behind it."""
    quote(header, market, slot)
    out = load_i64(market + OUT)
    row = out + 8 * OUT_ROWS
    for venue in range(load_i64(header + VENUE_COUNT)):
        for side in range(2):
            price = shares = 0
            address = side_at(header, slot, venue, side)
            if address != 0:
                price, level = level_of(header, address, 0, side)
                if level != 0:
                    shares = load_i64(level + LEVEL_SHARES)
            store_i64(row, price)
            store_i64(row + 8, shares)
            row += 16
    return quote_state(load_i64(out + 8), load_i64(out + 24))


@njit(cache=True, nogil=True)
def stamp(header, market, slot, side, shares, near):
    """`quote`, then the levels an order could meet behind it; returns how many rows.

    Rows are (venue * 2 + side, price, shares): the side an order of `side` takes, venue by venue, best first, until
    the venue alone shows `shares` or `STAMP_LEVELS_MAX` are given; then, if `near`, the best of its own side by venue.
    """
    quote(header, market, slot)
    row = load_i64(market + OUT) + 8 * OUT_ROWS
    begin = row
    far = 1 - side
    for venue in range(load_i64(header + VENUE_COUNT)):
        address = side_at(header, slot, venue, far)
        if address == 0:
            continue
        shown = 0
        rank = 0
        while shown < shares and rank < STAMP_LEVELS_MAX:
            price, level = level_of(header, address, rank, far)
            if level == 0:
                break
            store_i64(row, venue * 2 + far)
            store_i64(row + 8, price)
            store_i64(row + 16, load_i64(level + LEVEL_SHARES))
            shown += load_i64(level + LEVEL_SHARES)
            row += 24
            rank += 1
    if near:
        for venue in range(load_i64(header + VENUE_COUNT)):
            address = side_at(header, slot, venue, side)
            if address == 0:
                continue
            price, level = level_of(header, address, 0, side)
            if level != 0:
                store_i64(row, venue * 2 + side)
                store_i64(row + 8, price)
                store_i64(row + 16, load_i64(level + LEVEL_SHARES))
                row += 24
    return (row - begin) // 24


@njit(cache=True, nogil=True)
def montage(header, market, slot, depth):
    """Write rows of (venue, side, price, shares, orders), best first by venue and side; returns how many."""
    row = load_i64(market + OUT) + 8 * OUT_ROWS
    begin = row
    for venue in range(load_i64(header + VENUE_COUNT)):
        for side in range(2):
            address = side_at(header, slot, venue, side)
            if address == 0:
                continue
            for rank in range(min(depth, load_i32(address + SIDE_LEVELS))):
                price, level = level_of(header, address, rank, side)
                store_i64(row, venue)
                store_i64(row + 8, side)
                store_i64(row + 16, price)
                store_i64(row + 24, load_i64(level + LEVEL_SHARES))
                store_i64(row + 32, load_i32(level + LEVEL_ORDERS))
                row += 40
    return (row - begin) // 40


@njit(cache=True, nogil=True)
def marks(header, market, slots, rows):
    """Fill a row of (bid, ask, last) for each slot."""
    for index in range(slots.size):
        slot = slots[index]
        instrument = load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES
        rows[index, 0] = best_of(header, slot, BID)[0]
        rows[index, 1] = best_of(header, slot, ASK)[0]
        rows[index, 2] = load_i64(instrument + INSTRUMENT_LAST_PRICE)


# ---------------------------------------------------------------- what changed, and what happened


@njit(cache=True, nogil=True)
def sweep_touched(header, market):
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


@njit(cache=True, nogil=True)
def take_touched(header, market, wanted, slots):
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


@njit(cache=True, nogil=True)
def touch_all(market, instruments):
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


@njit(cache=True, nogil=True)
def trades_after(market, slot, after, out, limit):
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


@njit(cache=True, nogil=True)
def messages_length(buffer, messages):
    """Bytes of the first so many framed messages of a buffer, or -1 when there are not that many whole ones."""
    address = address_of_bytes(buffer)
    offset = 0
    for _ in range(messages):
        step = frame_at(address + offset, buffer.size - offset)
        if step < 0:
            return -1
        offset += step
    return offset
