"""Order books written down in one canonical order, and the best of both sides after every message that changes it.

Kernels over the records of `book_layout`. `write_books` is what a digest is taken of: it depends on what the books hold and
on nothing else, not on slot numbers, growth, or how a stream was cut into pieces. `apply_and_watch` applies messages one by
one and writes a row whenever the best price of a side, or the shares at it, are others than before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushtrade.books.book_feed_kernel import apply
from rushtrade.books.book_layout import (
    ASK,
    BID,
    BOOK_BYTES,
    BOOK_MARKS,
    BOOK_SIDES,
    BOOK_SYMBOL,
    BOOKS,
    CONSUMED,
    KEY_MAX,
    LADDERS,
    LEVEL_BYTES,
    LEVEL_FIRST,
    LEVEL_KEY,
    LEVEL_ORDERS,
    LEVEL_SHARES,
    LEVELS,
    LOCATES_ROOM,
    ORDER_BEHIND,
    ORDER_BYTES,
    ORDER_REFERENCE,
    ORDER_SHARES,
    ORDERS,
    SIDE_BYTES,
    SIDE_LADDER,
    SIDE_LEVELS,
    TOUCHED,
    TOUCHED_COUNT,
    TRADES_COUNT,
    VENUE_TIME,
    VENUES,
)
from rushtrade.wire.address_kernel import (
    address_of_bytes,
    load_i32,
    load_i64,
    load_u32,
    store_i64,
    store_u8,
)
from rushtrade.wire.compiled import kernel
from rushtrade.wire.itch50_kernel import DONE, FULL, frame_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BEST_ROW = ("time", "locate", "symbol", "bid", "bid_shares", "ask", "ask_shares")
"""Words of a row of `apply_and_watch`; a side without orders has price 0."""
BEST_WORDS = len(BEST_ROW)
KNOWN_WORDS = 4
"""Words kept of a book: best price and shares of each side."""


@kernel
def level_of(header: int, side: int, rung: int) -> int:
    """Address of a side's level by its place in the ladder, counted from the worst."""
    ladder = load_i64(header + LADDERS) + 8 * load_i32(side + SIDE_LADDER)
    return load_i64(header + LEVELS) + load_u32(ladder + 8 * rung) * LEVEL_BYTES


@kernel
def write_books(header: int, words: NDArray[np.int64]) -> int:
    """Write every book that has orders into `words`; give how many words that takes, written or not."""
    out = address_of_bytes(words)
    room = words.size
    at = 0
    for locate in range(load_i64(header + LOCATES_ROOM)):
        book = load_i64(header + BOOKS) + locate * BOOK_BYTES
        bids = load_i32(book + BOOK_SIDES + BID * SIDE_BYTES + SIDE_LEVELS)
        asks = load_i32(book + BOOK_SIDES + ASK * SIDE_BYTES + SIDE_LEVELS)
        if bids + asks == 0:
            continue
        if at + 4 <= room:
            store_i64(out + 8 * at, locate)
            store_i64(out + 8 * at + 8, load_i64(book + BOOK_SYMBOL))
            store_i64(out + 8 * at + 16, bids)
            store_i64(out + 8 * at + 24, asks)
        at += 4
        for side_number in range(2):
            side = book + BOOK_SIDES + side_number * SIDE_BYTES
            rung = (bids if side_number == BID else asks) - 1
            while rung >= 0:
                level = level_of(header, side, rung)
                key = load_u32(level + LEVEL_KEY)
                if at + 3 <= room:
                    store_i64(out + 8 * at, key if side_number == BID else KEY_MAX - key)
                    store_i64(out + 8 * at + 8, load_i64(level + LEVEL_SHARES))
                    store_i64(out + 8 * at + 16, load_i32(level + LEVEL_ORDERS))
                at += 3
                slot = load_i32(level + LEVEL_FIRST)
                while slot != 0:
                    order = load_i64(header + ORDERS) + slot * ORDER_BYTES
                    if at + 2 <= room:
                        store_i64(out + 8 * at, load_i64(order + ORDER_REFERENCE))
                        store_i64(out + 8 * at + 8, load_u32(order + ORDER_SHARES))
                    at += 2
                    slot = load_i32(order + ORDER_BEHIND)
                rung -= 1
    return at


@kernel
def best_of(header: int, side: int, to: int, ask: int) -> int:
    """Write price and shares of a side's best level; 1 when they are others than what was there."""
    levels = load_i32(side + SIDE_LEVELS)
    price = 0
    shares = 0
    if levels > 0:
        level = level_of(header, side, levels - 1)
        key = load_u32(level + LEVEL_KEY)
        price = KEY_MAX - key if ask else key
        shares = load_i64(level + LEVEL_SHARES)
    if load_i64(to) == price and load_i64(to + 8) == shares:
        return 0
    store_i64(to, price)
    store_i64(to + 8, shares)
    return 1


@kernel
def apply_and_watch(
    header: int,
    buffer: NDArray[np.uint8],
    begin: int,
    until: int,
    known: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> tuple[int, int, int]:
    """Apply framed messages from `begin` on. Returns (bytes consumed up to, rows written, reason it stopped).

    `known` holds `KNOWN_WORDS` a book, `rows` room for rows of `BEST_WORDS`. Executions are passed over.
    """
    stream = address_of_bytes(buffer)
    out = address_of_bytes(rows)
    seen = address_of_bytes(known)
    offset = begin
    count = 0
    room = rows.size // BEST_WORDS
    while offset < buffer.size:
        if count == room:
            return offset, count, FULL
        step = frame_at(stream + offset, buffer.size - offset)
        if step < 0:
            return offset, count, -step
        store_i64(header + TRADES_COUNT, 0)
        reason = apply(header, 0, stream + offset, step, until)
        if reason != DONE:
            return offset, count, reason
        offset += load_i64(header + CONSUMED)
        if load_i64(header + TOUCHED_COUNT) == 0:
            continue
        locate = load_i32(load_i64(header + TOUCHED))
        book = load_i64(header + BOOKS) + locate * BOOK_BYTES
        store_i64(header + TOUCHED_COUNT, 0)
        store_u8(book + BOOK_MARKS, 0)
        last = seen + 8 * KNOWN_WORDS * locate
        changed = best_of(header, book + BOOK_SIDES, last, 0)
        changed |= best_of(header, book + BOOK_SIDES + SIDE_BYTES, last + 16, 1)
        if changed:
            row = out + 8 * BEST_WORDS * count
            store_i64(row, load_i64(load_i64(header + VENUES) + VENUE_TIME))
            store_i64(row + 8, locate)
            store_i64(row + 16, load_i64(book + BOOK_SYMBOL))
            for word in range(KNOWN_WORDS):
                store_i64(row + 24 + 8 * word, load_i64(last + 8 * word))
            count += 1
    store_i64(header + TRADES_COUNT, 0)
    return offset, count, DONE
