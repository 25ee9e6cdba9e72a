"""Levels of feeds that tell prices and sizes but no orders: price-level books, and quotes of one level a side.

A level set this way has a total and a number of orders (as told, often 0) but no queue. A venue sends either orders or levels; a
book of levels is emptied as a whole, because no order's end empties it.
"""

from __future__ import annotations

from rushtrade.books.book_kernel import drop_level, level_at, touch
from rushtrade.books.book_layout import (
    BEST,
    BID,
    BOOK_BYTES,
    BOOK_SHOWN,
    BOOK_SIDES,
    BOOKS,
    DEPTH,
    KEY_MAX,
    LADDERS,
    LEVEL_BYTES,
    LEVEL_ORDERS,
    LEVEL_SHARES,
    LEVELS,
    SHOWN_BOOK,
    SIDE_BEST,
    SIDE_BYTES,
    SIDE_LADDER,
    SIDE_LEVELS,
)
from rushtrade.wire.address_kernel import load_i32, load_i64, load_u32, store_i32, store_i64
from rushtrade.wire.compiled import inner_kernel


@inner_kernel
def note(header: int, book_index: int, side: int, key: int, time: int) -> None:
    """Mark a book as changed at a key of a side, before or after the change: whichever had it as the best."""
    book = load_i64(header + BOOKS) + book_index * BOOK_BYTES
    best = load_u32(book + BOOK_SIDES + side * SIDE_BYTES + SIDE_BEST)
    if key >= load_u32(book + BOOK_SHOWN + 4 * side):
        store_i64(header + SHOWN_BOOK, book_index + 1)
    touch(header, book_index, book, DEPTH | BEST if key >= best else DEPTH, time)


@inner_kernel
def set_level(
    header: int, book_index: int, side: int, price: int, shares: int, orders: int, time: int
) -> None:
    """Make a level what it is said to be; 0 shares end it. There is room for one more level."""
    key = price if side == BID else KEY_MAX - price
    address = load_i64(header + BOOKS) + book_index * BOOK_BYTES + BOOK_SIDES + side * SIDE_BYTES
    if shares == 0 and not has_level(header, address, key):
        return
    note(header, book_index, side, key, time)
    slot = level_at(header, address, key)
    level = load_i64(header + LEVELS) + slot * LEVEL_BYTES
    store_i64(level + LEVEL_SHARES, shares)
    store_i32(level + LEVEL_ORDERS, orders)
    if shares == 0:
        drop_level(header, address, slot, key)


@inner_kernel
def has_level(header: int, side: int, key: int) -> bool:
    """Tell whether a side has a level with a key: looked for from the best end."""
    ladder = load_i64(header + LADDERS) + 8 * load_i32(side + SIDE_LADDER)
    rung = load_i32(side + SIDE_LEVELS)
    while rung > 0 and load_u32(ladder + 8 * rung - 4) > key:
        rung -= 1
    return rung > 0 and load_u32(ladder + 8 * rung - 4) == key


@inner_kernel
def clear_side(header: int, book_index: int, side: int, but: int, time: int) -> None:
    """End every level of a side but the one with a price (0: end all)."""
    spared = 0 if but == 0 else but if side == BID else KEY_MAX - but
    address = load_i64(header + BOOKS) + book_index * BOOK_BYTES + BOOK_SIDES + side * SIDE_BYTES
    rung = load_i32(address + SIDE_LEVELS)
    while rung > 0:
        rung -= 1
        entry = load_i64(load_i64(header + LADDERS) + 8 * (load_i32(address + SIDE_LADDER) + rung))
        key = (entry >> 32) & KEY_MAX
        if key != spared:
            note(header, book_index, side, key, time)
            drop_level(header, address, entry & KEY_MAX, key)
