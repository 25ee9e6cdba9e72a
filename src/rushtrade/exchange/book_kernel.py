"""The books of one venue: sorted price levels, and the queues of orders at each.

Theory of operation. A book is one side of one stock. Its levels are kept in a sorted block of (key, level handle), best
last, where key = price for bids and -price for asks: the best price is the last entry, and most orders come and go near
it. A level has two queues, displayed before hidden, each in order of arrival. An order that leaves frees nothing but
its place; its record is freed by whoever took it out.

Arguments named `order`, `level`, `book` are addresses (tables stand still within a command); links are handles.
Refuses to know who trades with whom and who is told of it.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Final

from rushtrade.exchange.tables import (
    B_BLOCK,
    B_CAPACITY,
    B_CUSTOMERS,
    B_FILLS,
    B_LEVELS,
    B_MINIMA,
    BLOCK_ENTRIES_MIN,
    BOOK_BYTES,
    ENTRY_SIZE,
    H_BOOKS,
    H_INDEX,
    H_INDEX_FREE,
    H_INDEX_LARGEST,
    H_INDEX_USED,
    H_LEVELS,
    H_LEVELS_FREE,
    H_LEVELS_USED,
    H_ORDERS,
    H_ORDERS_FREE,
    H_ORDERS_USED,
    H_STOCK_RECORDS,
    L_CUSTOMERS,
    L_DARK_HEAD,
    L_HEAD,
    L_PRICE,
    L_SHARES,
    LEVEL_BYTES,
    O_BOOK,
    O_FIRM,
    O_HIDDEN,
    O_LEVEL,
    O_MINIMUM,
    O_NEXT,
    O_PREVIOUS,
    O_PRICE,
    O_REFRESH,
    O_RESERVE,
    O_SHARES,
    O_SIDE,
    ORDER_BYTES,
    STOCK_BYTES,
)
from rushtrade.wire.address_kernel import load_i64, load_u8, load_u16, store_i64
from rushtrade.wire.compiled import inner_kernel

LINEAR_STEPS_MAX: Final = 8
"""Levels looked at one by one from the best, before the search halves the rest."""


@inner_kernel
def book_at(h: int, locate: int, side: int) -> int:
    """Address of the book of one side of one stock."""
    return load_i64(h + H_BOOKS) + (2 * locate + side) * BOOK_BYTES


@inner_kernel
def stock_at(h: int, locate: int) -> int:
    """Address of the record of one stock."""
    return load_i64(h + H_STOCK_RECORDS) + locate * STOCK_BYTES


@inner_kernel
def price_key(side: int, price: int) -> int:
    """How a price sorts in the book of `side`: higher is better."""
    return -price if side else price


@inner_kernel
def level_entry(h: int, book: int, position: int) -> int:
    """Address of the entry of the level at `position`, counted from the worst."""
    return load_i64(h + H_INDEX) + load_i64(book + B_BLOCK) + position * ENTRY_SIZE


@inner_kernel
def level_at(h: int, book: int, position: int) -> int:
    """Address of the level at `position`, counted from the worst."""
    return load_i64(h + H_LEVELS) + load_i64(level_entry(h, book, position) + 8)


@inner_kernel
def find_level(h: int, book: int, key: int) -> int:
    """Position of the first level whose key is not below `key`; the number of levels when there is none."""
    block = level_entry(h, book, 0)
    high = load_i64(book + B_LEVELS)
    low = max(0, high - LINEAR_STEPS_MAX)
    while high > low and load_i64(block + (high - 1) * ENTRY_SIZE) >= key:
        high -= 1
    if high > low:
        return high
    low = 0
    while low < high:
        middle = (low + high) >> 1
        if load_i64(block + middle * ENTRY_SIZE) < key:
            low = middle + 1
        else:
            high = middle
    return low


@inner_kernel
def _size_class(entries: int) -> int:
    place = 0
    while entries > BLOCK_ENTRIES_MIN:
        entries >>= 1
        place += 8
    return place


@inner_kernel
def _widen(h: int, book: int) -> None:
    """Give a book a block of twice the size; the old block goes to the free list of its size."""
    old_capacity = load_i64(book + B_CAPACITY)
    capacity = max(BLOCK_ENTRIES_MIN, 2 * old_capacity)
    free = h + H_INDEX_FREE + _size_class(capacity)
    base = load_i64(h + H_INDEX)
    block = load_i64(free)
    if block:
        store_i64(free, load_i64(base + block))
    else:
        block = load_i64(h + H_INDEX_USED)
        store_i64(h + H_INDEX_USED, block + capacity * ENTRY_SIZE)
    store_i64(h + H_INDEX_LARGEST, max(load_i64(h + H_INDEX_LARGEST), capacity * ENTRY_SIZE))
    old = load_i64(book + B_BLOCK)
    if old_capacity:
        for word in range(0, load_i64(book + B_LEVELS) * ENTRY_SIZE, 8):
            store_i64(base + block + word, load_i64(base + old + word))
        released = h + H_INDEX_FREE + _size_class(old_capacity)
        store_i64(base + old, load_i64(released))
        store_i64(released, old)
    store_i64(book + B_BLOCK, block)
    store_i64(book + B_CAPACITY, capacity)


@inner_kernel
def _insert_level(h: int, book: int, position: int, key: int, price: int) -> int:
    """Make a level at `position`; returns its address."""
    count = load_i64(book + B_LEVELS)
    if count == load_i64(book + B_CAPACITY):
        _widen(h, book)
    block = level_entry(h, book, 0)
    for entry in range(block + count * ENTRY_SIZE, block + position * ENTRY_SIZE, -ENTRY_SIZE):
        store_i64(entry, load_i64(entry - ENTRY_SIZE))
        store_i64(entry + 8, load_i64(entry - ENTRY_SIZE + 8))
    store_i64(book + B_LEVELS, count + 1)
    levels = load_i64(h + H_LEVELS)
    handle = load_i64(h + H_LEVELS_FREE)
    if handle:
        store_i64(h + H_LEVELS_FREE, load_i64(levels + handle))
    else:
        handle = load_i64(h + H_LEVELS_USED)
        store_i64(h + H_LEVELS_USED, handle + LEVEL_BYTES)
    store_i64(block + position * ENTRY_SIZE, key)
    store_i64(block + position * ENTRY_SIZE + 8, handle)
    level = levels + handle
    for word in range(0, LEVEL_BYTES, 8):
        store_i64(level + word, 0)
    store_i64(level + L_PRICE, price)
    return level


@inner_kernel
def _remove_level(h: int, book: int, level: int, key: int) -> None:
    position = find_level(h, book, key)
    count = load_i64(book + B_LEVELS) - 1
    store_i64(book + B_LEVELS, count)
    block = level_entry(h, book, 0)
    for entry in range(block + position * ENTRY_SIZE, block + count * ENTRY_SIZE, ENTRY_SIZE):
        store_i64(entry, load_i64(entry + ENTRY_SIZE))
        store_i64(entry + 8, load_i64(entry + ENTRY_SIZE + 8))
    store_i64(level, load_i64(h + H_LEVELS_FREE))
    store_i64(h + H_LEVELS_FREE, level - load_i64(h + H_LEVELS))


# --- orders -----------------------------------------------------------------------------------------------


@inner_kernel
def new_order(h: int) -> int:
    """Address of a record for a new order, all zero."""
    orders = load_i64(h + H_ORDERS)
    handle = load_i64(h + H_ORDERS_FREE)
    if handle:
        store_i64(h + H_ORDERS_FREE, load_i64(orders + handle + O_NEXT))
    else:
        handle = load_i64(h + H_ORDERS_USED)
        store_i64(h + H_ORDERS_USED, handle + ORDER_BYTES)
    order = orders + handle
    for word in range(0, ORDER_BYTES, 8):
        store_i64(order + word, 0)
    return order


@inner_kernel
def free_order(h: int, order: int) -> None:
    """Give an order's record back; it must not be in a book."""
    store_i64(order + O_SIDE, 0)  # and its firm: the record is nobody's
    store_i64(order + O_BOOK, 0)
    store_i64(order + O_LEVEL, 0)
    store_i64(order + O_NEXT, load_i64(h + H_ORDERS_FREE))
    store_i64(h + H_ORDERS_FREE, order - load_i64(h + H_ORDERS))


@inner_kernel
def fills_possible(order: int) -> int:
    """Executions an order can meet with before it is gone: one, and one per refresh."""
    refresh = load_i64(order + O_REFRESH)
    if refresh == 0:
        return 1
    return 1 + (load_i64(order + O_RESERVE) + refresh - 1) // refresh


@inner_kernel
def _append(h: int, order: int, level: int) -> None:
    """Put an order at the end of its queue of a level."""
    orders = load_i64(h + H_ORDERS)
    head = level + (L_DARK_HEAD if load_u8(order + O_HIDDEN) else L_HEAD)
    last = load_i64(head + 8)
    handle = order - orders
    store_i64(order + O_NEXT, 0)
    store_i64(order + O_PREVIOUS, last)
    if last:
        store_i64(orders + last + O_NEXT, handle)
    else:
        store_i64(head, handle)
    store_i64(head + 8, handle)


@inner_kernel
def _detach(h: int, order: int, level: int) -> None:
    """Take an order out of its queue of a level."""
    orders = load_i64(h + H_ORDERS)
    head = level + (L_DARK_HEAD if load_u8(order + O_HIDDEN) else L_HEAD)
    following, previous = load_i64(order + O_NEXT), load_i64(order + O_PREVIOUS)
    if previous:
        store_i64(orders + previous + O_NEXT, following)
    else:
        store_i64(head, following)
    if following:
        store_i64(orders + following + O_PREVIOUS, previous)
    else:
        store_i64(head + 8, previous)


@inner_kernel
def link(h: int, order: int) -> None:
    """Put an order into its book, behind all orders of its price and display."""
    book = load_i64(h + H_BOOKS) + load_i64(order + O_BOOK)
    price = load_i64(order + O_PRICE)
    key = price_key(load_u8(order + O_SIDE), price)
    position = find_level(h, book, key)
    if position < load_i64(book + B_LEVELS) and load_i64(level_entry(h, book, position)) == key:
        level = level_at(h, book, position)
    else:
        level = _insert_level(h, book, position, key, price)
    store_i64(order + O_LEVEL, level - load_i64(h + H_LEVELS))
    _append(h, order, level)
    shares = load_i64(order + O_SHARES) + load_i64(order + O_RESERVE)
    store_i64(level + L_SHARES, load_i64(level + L_SHARES) + shares)
    store_i64(book + B_FILLS, load_i64(book + B_FILLS) + fills_possible(order))
    if load_u16(order + O_FIRM):
        store_i64(level + L_CUSTOMERS, load_i64(level + L_CUSTOMERS) + 1)
        store_i64(book + B_CUSTOMERS, load_i64(book + B_CUSTOMERS) + 1)
        if load_i64(order + O_MINIMUM):
            store_i64(book + B_MINIMA, load_i64(book + B_MINIMA) + 1)


@inner_kernel
def unlink(h: int, order: int) -> None:
    """Take an order, with whatever shares it has left, out of its book."""
    book = load_i64(h + H_BOOKS) + load_i64(order + O_BOOK)
    level = load_i64(h + H_LEVELS) + load_i64(order + O_LEVEL)
    _detach(h, order, level)
    store_i64(order + O_LEVEL, 0)
    shares = load_i64(order + O_SHARES) + load_i64(order + O_RESERVE)
    store_i64(level + L_SHARES, load_i64(level + L_SHARES) - shares)
    store_i64(book + B_FILLS, load_i64(book + B_FILLS) - fills_possible(order))
    if load_u16(order + O_FIRM):
        store_i64(level + L_CUSTOMERS, load_i64(level + L_CUSTOMERS) - 1)
        store_i64(book + B_CUSTOMERS, load_i64(book + B_CUSTOMERS) - 1)
        if load_i64(order + O_MINIMUM):
            store_i64(book + B_MINIMA, load_i64(book + B_MINIMA) - 1)
    if load_i64(level + L_HEAD) == 0 and load_i64(level + L_DARK_HEAD) == 0:
        key = price_key(load_u8(order + O_SIDE), load_i64(level + L_PRICE))
        _remove_level(h, book, level, key)


@inner_kernel
def shrink(h: int, order: int, shares: int) -> None:
    """Take shares from what can be met of an order; it keeps its place even with none left."""
    level = load_i64(h + H_LEVELS) + load_i64(order + O_LEVEL)
    store_i64(order + O_SHARES, load_i64(order + O_SHARES) - shares)
    store_i64(level + L_SHARES, load_i64(level + L_SHARES) - shares)


@inner_kernel
def shrink_reserve(h: int, order: int, shares: int) -> None:
    """Take shares from behind the shown part of an order in the book."""
    book = load_i64(h + H_BOOKS) + load_i64(order + O_BOOK)
    level = load_i64(h + H_LEVELS) + load_i64(order + O_LEVEL)
    before = fills_possible(order)
    store_i64(order + O_RESERVE, load_i64(order + O_RESERVE) - shares)
    store_i64(level + L_SHARES, load_i64(level + L_SHARES) - shares)
    store_i64(book + B_FILLS, load_i64(book + B_FILLS) - before + fills_possible(order))


@inner_kernel
def refresh(h: int, order: int) -> None:
    """Show the next part of a reserve order whose shown part is gone, at the end of its queue."""
    book = load_i64(h + H_BOOKS) + load_i64(order + O_BOOK)
    level = load_i64(h + H_LEVELS) + load_i64(order + O_LEVEL)
    reserve = load_i64(order + O_RESERVE)
    shown = min(reserve, load_i64(order + O_REFRESH))
    store_i64(order + O_SHARES, shown)
    store_i64(order + O_RESERVE, reserve - shown)
    store_i64(book + B_FILLS, load_i64(book + B_FILLS) - 1)
    _detach(h, order, level)
    _append(h, order, level)


@inner_kernel
def best_level(h: int, book: int) -> int:
    """Address of the best level of a book; 0 when it is empty."""
    count = load_i64(book + B_LEVELS)
    return level_at(h, book, count - 1) if count else 0


@inner_kernel
def shares_up_to(h: int, book: int, limit_key: int, wanted: int) -> int:
    """Shares, shown or not, at prices as good as `limit_key`; stops counting at `wanted`."""
    found = 0
    position = load_i64(book + B_LEVELS) - 1
    while position >= 0 and found < wanted and load_i64(level_entry(h, book, position)) >= limit_key:
        found += load_i64(level_at(h, book, position) + L_SHARES)
        position -= 1
    return found
