"""Stored orders and quotes written as ITCH 5.0, so that a day of any feed can be played through a market of stocks.

Orders keep their numbers. A cancel of all that is left is `D`, of less `X`; an order that changes its place in the queue is `U` with
the same number twice, one that shrinks in its place `X`; a trade is `P`, since which order it took is told by rows of its own. A
quote is one order a side, replaced by the next quote.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from rushtrade.archive.mbo_kernel import (
    ACTION,
    AT,
    FULL,
    INSTRUMENT,
    LETTER_A,
    LETTER_C,
    LETTER_M,
    LETTER_R,
    LETTER_T,
    ORDER,
    OUT,
    OUT_ROOM,
    OUT_ROWS,
    PRICE,
    SIDE,
    SIZE,
    SIZE_MAX,
    TIME,
    apply_row,
    key_of,
)
from rushtrade.books.book_kernel import link_of
from rushtrade.books.book_layout import (
    LEVEL_BYTES,
    LEVEL_KEY,
    LEVELS,
    LOCATES_ROOM,
    ORDER_BYTES,
    ORDER_LEVEL,
    ORDER_SHARES,
    ORDER_SIDE,
    ORDERS,
    SIDE_MASK,
    VENUE_SHIFT,
)
from rushtrade.wire.address_kernel import load_i32, load_i64, load_u8, load_u32, store_i64
from rushtrade.wire.compiled import inner_kernel, kernel
from rushtrade.wire.itch50_emit_kernel import (
    MESSAGE_BYTES_MAX,
    put_add,
    put_cancel,
    put_delete,
    put_replace,
    put_trade,
)
from rushtrade.wire.itch50_kernel import DONE

RESET = 24
"""A row empties a book: whoever called writes that, and goes on behind it."""
PRICE_MAX = 0xFFFF_FFFF
SCALE = 100_000


@inner_kernel
def fits(price: int, size: int) -> bool:
    """Whether price and size are those of a stock."""
    return price > 0 and price % SCALE == 0 and price // SCALE <= PRICE_MAX and 0 < size <= SIZE_MAX


@inner_kernel
def write_row(header: int, state: int, row: int, at: int, midnight: int, stock: int) -> int:
    """Write what a row means before it is applied; gives the address behind."""
    action = load_u8(load_i64(state + ACTION) + row)
    instrument = load_u32(load_i64(state + INSTRUMENT) + 4 * row)
    time = max(load_i64(load_i64(state + TIME) + 8 * row) - midnight, 0)
    price, size = load_i64(load_i64(state + PRICE) + 8 * row), load_i64(load_i64(state + SIZE) + 8 * row)
    order = load_i64(load_i64(state + ORDER) + 8 * row)
    sell = 1 if load_u8(load_i64(state + SIDE) + row) == LETTER_A else 0
    if action == LETTER_T:
        if fits(price, size):
            return put_trade(at, instrument, time, 1 - sell, size, stock, price // SCALE, row + 1)
        return at
    slot = load_i32(link_of(header, 0, order))
    if action in (LETTER_A, LETTER_M) and slot == 0:
        return (
            put_add(at, instrument, time, order, sell, size, stock, price // SCALE, 0)
            if fits(price, size)
            else at
        )
    if slot == 0:
        return at
    held = load_i64(header + ORDERS) + slot * ORDER_BYTES
    shares = load_u32(held + ORDER_SHARES)
    if action == LETTER_C:
        if size >= shares:
            return put_delete(at, instrument, time, order)
        return put_cancel(at, instrument, time, order, size) if size > 0 else at
    if action == LETTER_M and fits(price, size):
        level = load_i64(header + LEVELS) + load_i32(held + ORDER_LEVEL) * LEVEL_BYTES
        side_index = (instrument << load_i64(header + VENUE_SHIFT)) * 2 + sell
        same = load_u32(level + LEVEL_KEY) == key_of(state, price, sell)
        if same and load_i32(held + ORDER_SIDE) & SIDE_MASK == side_index and size <= shares:
            return put_cancel(at, instrument, time, order, shares - size) if size < shares else at
        if load_i32(held + ORDER_SIDE) & SIDE_MASK == side_index:
            return put_replace(at, instrument, time, order, order, size, price // SCALE)
        behind = put_delete(at, instrument, time, order)
        return put_add(behind, instrument, time, order, sell, size, stock, price // SCALE, 0)
    return at


@kernel
def order_messages(header: int, state: int, begin: int, end: int, midnight: int, stocks: int) -> int:
    """`advance`, writing messages of one venue to the output; `out_rows` counts bytes. `stocks` are names by instrument."""
    for row in range(begin, end):
        used = load_i64(state + OUT_ROWS)
        instrument = load_u32(load_i64(state + INSTRUMENT) + 4 * row)
        store_i64(state + AT, row)
        if used + 2 * MESSAGE_BYTES_MAX > load_i64(state + OUT_ROOM):
            return FULL
        if load_u8(load_i64(state + ACTION) + row) == LETTER_R:
            return RESET
        out = load_i64(state + OUT) + used
        if instrument < load_i64(header + LOCATES_ROOM):
            behind = write_row(header, state, row, out, midnight, load_i64(stocks + 8 * instrument))
        else:
            behind = out
        reason = apply_row(header, state, row)
        if reason != DONE:
            return reason
        store_i64(state + OUT_ROWS, used + behind - out)
    store_i64(state + AT, end)
    return DONE


@inner_kernel
def show(at: int, held: int, instrument: int, time: int, sell: int, price: int, size: int, stock: int) -> int:
    """Let a side of a quote be one order: the one before goes, the new one comes. Gives the address behind."""
    number = (instrument * 2 + sell) << 32
    count = load_i64(held + 16)
    if load_i64(held) == price and load_i64(held + 8) == size:
        return at
    if load_i64(held + 8) > 0:
        at = put_delete(at, instrument, time, number | count)
    store_i64(held, 0)
    store_i64(held + 8, 0)
    if fits(price, size):
        at = put_add(at, instrument, time, number | (count + 1), sell, size, stock, price // SCALE, 0)
        store_i64(held, price)
        store_i64(held + 8, size)
        store_i64(held + 16, count + 1)
    return at


@kernel
def quote_messages(
    rows: int, begin: int, end: int, midnight: int, stocks: int, held: int, out: int, room: int
) -> tuple[int, int]:
    """Write quotes and trades of one venue as messages; gives the row reached and the bytes.

    A row is eight words: time, instrument, 1 for a trade, bid (or price), its size, ask, its size, number. `held` are three
    words a side of every instrument.
    """
    used = 0
    row = begin
    while row < end and used + 4 * MESSAGE_BYTES_MAX <= room:
        given = rows + 64 * row
        time = max(load_i64(given) - midnight, 0)
        instrument = load_i64(given + 8)
        stock = load_i64(stocks + 8 * instrument)
        at = out + used
        if load_i64(given + 16):
            price, size = load_i64(given + 24), load_i64(given + 32)
            if fits(price, size):
                at = put_trade(at, instrument, time, 0, size, stock, price // SCALE, load_i64(given + 56))
        else:
            side = held + 48 * instrument
            bid, bid_size = load_i64(given + 24), load_i64(given + 32)
            ask, ask_size = load_i64(given + 40), load_i64(given + 48)
            at = show(at, side, instrument, time, 0, bid, bid_size, stock)
            at = show(at, side + 24, instrument, time, 1, ask, ask_size, stock)
        used = at - out
        row += 1
    return row, used
