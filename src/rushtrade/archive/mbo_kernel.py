"""Market-by-order rows moving books: any venue's, any source's, by Databento's rules (see `books.mbo_books`, the plain twin).

Rows come as columns at addresses. Prices become keys of the book arrays as `(price - base) / unit`, so any grid of prices fits,
negative ones too. `advance` only moves books; `depth_rows` also writes out a book's levels after every complete event that changed
them, `print_rows` the best levels before every trade.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from rushtrade.books.book_kernel import GROW_LOCATES, link_of, reduce, rest, shortage
from rushtrade.books.book_layout import (
    BOOK_BYTES,
    BOOK_MARKS,
    BOOK_SIDES,
    BOOKS,
    KEY_MAX,
    LADDERS,
    LEVEL_BYTES,
    LEVEL_FIRST,
    LEVEL_KEY,
    LEVEL_ORDERS,
    LEVEL_SHARES,
    LEVELS,
    LOCATES_ROOM,
    ORDER_BYTES,
    ORDER_LEVEL,
    ORDER_REFERENCE,
    ORDER_SHARES,
    ORDER_SIDE,
    ORDERS,
    SIDE_BYTES,
    SIDE_LADDER,
    SIDE_LEVELS,
    SIDE_MASK,
    TOUCHED_COUNT,
    VENUE_COUNT,
    VENUE_SHIFT,
)
from rushtrade.wire.address_kernel import (
    load_i32,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    store_i64,
    store_u8,
)
from rushtrade.wire.compiled import inner_kernel, kernel
from rushtrade.wire.itch50_kernel import DONE

FULL = 23
"""The output has no room for another row."""

COLUMNS = (
    "action",
    "side",
    "flags",
    "publisher_id",
    "instrument_id",
    "price",
    "size",
    "order_id",
    "ts_event",
)
"""Columns handed in, in the order of their addresses in the state."""
STATE = (*COLUMNS, "base", "unit", "shown", "out", "out_room", "out_rows", "at")
(
    ACTION,
    SIDE,
    FLAGS,
    PUBLISHER,
    INSTRUMENT,
    PRICE,
    SIZE,
    ORDER,
    TIME,
    BASE,
    UNIT,
    SHOWN,
    OUT,
    OUT_ROOM,
    OUT_ROWS,
    AT,
) = range(0, 8 * len(STATE), 8)
ANOMALIES = ("unknown_order", "duplicate_order", "excess_size", "bad_record", "bad_price")
ANOMALIES_AT = 8 * len(STATE)
UNKNOWN_ORDER, DUPLICATE_ORDER, EXCESS_SIZE, BAD_RECORD, BAD_PRICE = range(5)
STATE_WORDS = len(STATE) + len(ANOMALIES)

LAST = 128
SIZE_MAX = 0xFFFF_FFFF
LETTER_A, LETTER_B, LETTER_C, LETTER_F = ord("A"), ord("B"), ord("C"), ord("F")
LETTER_M, LETTER_N, LETTER_R, LETTER_T = ord("M"), ord("N"), ord("R"), ord("T")


@inner_kernel
def strange(state: int, kind: int) -> None:
    """Count what contradicts the book."""
    store_i64(state + ANOMALIES_AT + 8 * kind, load_i64(state + ANOMALIES_AT + 8 * kind) + 1)


@inner_kernel
def key_of(state: int, price: int, side: int) -> int:
    """Key of a price; 0 for one that is not on the grid."""
    steps = price - load_i64(state + BASE)
    unit = load_i64(state + UNIT)
    if steps % unit != 0:
        return 0
    steps //= unit
    if steps <= 0 or steps >= KEY_MAX:
        return 0
    return KEY_MAX - steps if side == 1 else steps


@inner_kernel
def price_of(state: int, key: int, side: int) -> int:
    """Price of a key."""
    return load_i64(state + BASE) + (KEY_MAX - key if side == 1 else key) * load_i64(state + UNIT)


@inner_kernel
def clear_book(header: int, book_index: int, venue: int, time: int) -> None:
    """Take every order of one book out."""
    book = load_i64(header + BOOKS) + book_index * BOOK_BYTES
    for side_index in range(2):
        side = book + BOOK_SIDES + side_index * SIDE_BYTES
        while load_i32(side + SIDE_LEVELS) > 0:
            top = load_i32(side + SIDE_LADDER) + load_i32(side + SIDE_LEVELS) - 1
            slot = load_i64(load_i64(header + LADDERS) + 8 * top) & KEY_MAX
            first = load_i32(load_i64(header + LEVELS) + slot * LEVEL_BYTES + LEVEL_FIRST)
            order = load_i64(header + ORDERS) + first * ORDER_BYTES
            link = link_of(header, venue, load_i64(order + ORDER_REFERENCE))
            reduce(header, link, load_u32(order + ORDER_SHARES), 0, time)


@inner_kernel
def change(
    header: int,
    state: int,
    action: int,
    side: int,
    book_index: int,
    venue: int,
    order: int,
    size: int,
    key: int,
    time: int,
) -> None:
    """A and M: an order comes, or gets another price or size."""
    link = link_of(header, venue, order)
    slot = load_i32(link)
    side_index = book_index * 2 + side
    if slot != 0:
        if action == LETTER_A:
            strange(state, DUPLICATE_ORDER)
            return
        held = load_i64(header + ORDERS) + slot * ORDER_BYTES
        level = load_i64(header + LEVELS) + load_i32(held + ORDER_LEVEL) * LEVEL_BYTES
        shares = load_u32(held + ORDER_SHARES)
        same = load_u32(level + LEVEL_KEY) == key and load_i32(held + ORDER_SIDE) & SIDE_MASK == side_index
        if same and size <= shares:
            if size < shares:
                reduce(header, link, shares - size, 0, time)
            return
        reduce(header, link, shares, 0, time)
        link = link_of(header, venue, order)
    elif action == LETTER_M:
        strange(state, UNKNOWN_ORDER)
    rest(header, side_index, order, size, key, link, time)


@inner_kernel
def apply_row(header: int, state: int, row: int) -> int:
    """Apply a row; DONE, or the array that must grow first."""
    action = load_u8(load_i64(state + ACTION) + row)
    if action in (LETTER_T, LETTER_F, LETTER_N):
        return DONE
    instrument = load_u32(load_i64(state + INSTRUMENT) + 4 * row)
    if instrument >= load_i64(header + LOCATES_ROOM):
        return GROW_LOCATES
    venue = load_u16(load_i64(state + PUBLISHER) + 2 * row) - 1
    book_index = instrument << load_i64(header + VENUE_SHIFT) | venue
    time = load_i64(load_i64(state + TIME) + 8 * row)
    order = load_i64(load_i64(state + ORDER) + 8 * row)
    size = load_i64(load_i64(state + SIZE) + 8 * row)
    if venue < 0 or venue >= load_i64(header + VENUE_COUNT):
        strange(state, BAD_RECORD)
    elif action in (LETTER_A, LETTER_M):
        reason = shortage(header)
        if reason != DONE:
            return reason
        letter = load_u8(load_i64(state + SIDE) + row)
        side = 1 if letter == LETTER_A else 0
        key = key_of(state, load_i64(load_i64(state + PRICE) + 8 * row), side)
        if letter not in (LETTER_A, LETTER_B) or size <= 0 or size > SIZE_MAX:
            strange(state, BAD_RECORD)
        elif key == 0:
            strange(state, BAD_PRICE)
        else:
            change(header, state, action, side, book_index, venue, order, size, key, time)
    elif action == LETTER_C:
        link = link_of(header, venue, order)
        slot = load_i32(link)
        if slot == 0:
            strange(state, UNKNOWN_ORDER)
        else:
            held = load_u32(load_i64(header + ORDERS) + slot * ORDER_BYTES + ORDER_SHARES)
            if size > held:
                strange(state, EXCESS_SIZE)
            if size > 0:
                reduce(header, link, min(size, held), 0, time)
    elif action == LETTER_R:
        clear_book(header, book_index, venue, time)
    else:
        strange(state, BAD_RECORD)
    store_u8(load_i64(header + BOOKS) + book_index * BOOK_BYTES + BOOK_MARKS, 0)
    store_i64(header + TOUCHED_COUNT, 0)
    return DONE


@kernel
def advance(header: int, state: int, begin: int, end: int) -> int:
    """Apply rows; DONE, or the array that must grow before row `at` of the state."""
    for row in range(begin, end):
        reason = apply_row(header, state, row)
        if reason != DONE:
            store_i64(state + AT, row)
            return reason
    store_i64(state + AT, end)
    return DONE


@inner_kernel
def book_of(header: int, state: int, row: int) -> int:
    """Index of the book a row is about."""
    instrument = load_u32(load_i64(state + INSTRUMENT) + 4 * row)
    venue = load_u16(load_i64(state + PUBLISHER) + 2 * row) - 1
    return instrument << load_i64(header + VENUE_SHIFT) | venue


@inner_kernel
def write_levels(header: int, book_index: int, levels: int, out: int) -> None:
    """Write key, shares and orders of the best levels, bid and ask in turn; zeros where there is none."""
    book = load_i64(header + BOOKS) + book_index * BOOK_BYTES
    for side_index in range(2):
        side = book + BOOK_SIDES + side_index * SIDE_BYTES
        count = load_i32(side + SIDE_LEVELS)
        top = load_i64(header + LADDERS) + 8 * (load_i32(side + SIDE_LADDER) + count - 1)
        for level in range(levels):
            cell = out + 8 * (6 * level + 3 * side_index)
            if level < count:
                entry = load_i64(top - 8 * level)
                record = load_i64(header + LEVELS) + (entry & KEY_MAX) * LEVEL_BYTES
                store_i64(cell, (entry >> 32) & KEY_MAX)
                store_i64(cell + 8, load_i64(record + LEVEL_SHARES))
                store_i64(cell + 16, load_i32(record + LEVEL_ORDERS))
            else:
                store_i64(cell, 0)
                store_i64(cell + 8, 0)
                store_i64(cell + 16, 0)


@kernel
def depth_rows(header: int, state: int, begin: int, end: int, levels: int) -> int:
    """`advance`, writing (row, levels) after every complete event that changed the book's best `levels`."""
    words = 1 + 6 * levels
    shown_all = load_i64(state + SHOWN)
    for row in range(begin, end):
        if load_i64(state + OUT_ROWS) == load_i64(state + OUT_ROOM):
            store_i64(state + AT, row)
            return FULL
        reason = apply_row(header, state, row)
        if reason != DONE:
            store_i64(state + AT, row)
            return reason
        if load_u8(load_i64(state + FLAGS) + row) & LAST == 0:
            continue
        book_index = book_of(header, state, row)
        if load_u32(load_i64(state + INSTRUMENT) + 4 * row) >= load_i64(header + LOCATES_ROOM):
            continue
        out = load_i64(state + OUT) + 8 * words * load_i64(state + OUT_ROWS)
        write_levels(header, book_index, levels, out + 8)
        shown = shown_all + 8 * (words - 1) * book_index
        changed = False
        for word in range(words - 1):
            value = load_i64(out + 8 + 8 * word)
            if value != load_i64(shown + 8 * word):
                changed = True
                store_i64(shown + 8 * word, value)
        if changed:
            store_i64(out, row)
            store_i64(state + OUT_ROWS, load_i64(state + OUT_ROWS) + 1)
    store_i64(state + AT, end)
    return DONE


@kernel
def print_rows(header: int, state: int, begin: int, end: int) -> int:
    """`advance`, writing (row, best level of both sides) before every trade."""
    for row in range(begin, end):
        if load_i64(state + OUT_ROWS) == load_i64(state + OUT_ROOM):
            store_i64(state + AT, row)
            return FULL
        if load_u8(load_i64(state + ACTION) + row) == LETTER_T:
            if load_u32(load_i64(state + INSTRUMENT) + 4 * row) >= load_i64(header + LOCATES_ROOM):
                store_i64(state + AT, row)
                return GROW_LOCATES
            out = load_i64(state + OUT) + 56 * load_i64(state + OUT_ROWS)
            store_i64(out, row)
            write_levels(header, book_of(header, state, row), 1, out + 8)
            store_i64(state + OUT_ROWS, load_i64(state + OUT_ROWS) + 1)
        reason = apply_row(header, state, row)
        if reason != DONE:
            store_i64(state + AT, row)
            return reason
    store_i64(state + AT, end)
    return DONE
