"""Bring the memory that the next messages will need before they need it.

The books of a whole market do not fit the processor's caches: a message costs a dozen nanoseconds to decode and ten
times as much in waiting for bucket, order, level and book, one after the other. `foresee` looks `AHEAD` messages ahead
and asks for each of these for all of them together, so that the waits overlap.

It only reads, and only through tables of ours: a bucket read too early, or an order that is gone by the time its message
comes, makes a useless request and nothing else. Worth it only when the books are large; the caller decides.
"""

from __future__ import annotations

from rushtrade.books.book_kernel import bucket_of
from rushtrade.books.book_layout import (
    AHEAD,
    BOOK_BYTES,
    BOOK_SIDES,
    BOOKS,
    FORESEEN,
    FORESEEN_UNTIL,
    LADDERS,
    LEVEL_BYTES,
    LEVELS,
    LOCATES_ROOM,
    ORDER_AHEAD,
    ORDER_BEHIND,
    ORDER_BYTES,
    ORDER_LEVEL,
    ORDER_SIDE,
    ORDERS,
    SIDE_BYTES,
    SIDE_LADDER,
    SIDE_LEVELS,
    SIDE_MASK,
    VENUE_SHIFT,
)
from rushtrade.wire.address_kernel import (
    load_be16,
    load_be64,
    load_i32,
    load_i64,
    load_u8,
    prefetch,
    store_i64,
)
from rushtrade.wire.compiled import kernel
from rushtrade.wire.itch50_kernel import (
    ADD,
    ADD_ATTRIBUTED,
    BODY,
    BUY,
    CANCEL,
    DELETE,
    EXECUTED,
    EXECUTED_PRICE,
    REPLACE,
    frame_at,
)


@kernel
def foresee(header: int, venue: int, stream: int, size: int) -> None:
    """Ask for the memory of the next messages of a stream, and note up to where."""
    notes = load_i64(header + FORESEEN)
    noted, seen = ask_for_buckets(header, venue, stream, size, notes)
    store_i64(header + FORESEEN_UNTIL, stream + seen)
    ask_for_orders(header, notes, noted)
    ask_for_levels(header, notes, noted)


@kernel
def ask_for_buckets(header: int, venue: int, stream: int, size: int, notes: int) -> tuple[int, int]:
    """First look: the bucket of a reference, the book of a new order. Notes both; returns how many, and the bytes seen."""
    shift = load_i64(header + VENUE_SHIFT)
    room = load_i64(header + LOCATES_ROOM)
    books = load_i64(header + BOOKS)
    offset = 0
    noted = 0
    for _ in range(AHEAD):
        step = frame_at(stream + offset, size - offset)
        if step < 0:
            break
        message = stream + offset + 2
        offset += step
        code = load_u8(message)
        note = notes + 16 * noted
        if code in (DELETE, EXECUTED, CANCEL, EXECUTED_PRICE, REPLACE):
            bucket = bucket_of(header, venue, load_be64(message + BODY))
            prefetch(bucket)
            store_i64(note, bucket)
            store_i64(note + 8, 0)
            noted += 1
        elif code in (ADD, ADD_ATTRIBUTED):
            locate = load_be16(message + 1)
            if locate < room:
                book = books + (locate << shift | venue) * BOOK_BYTES
                prefetch(book)
                side = 0 if load_u8(message + BODY + 8) == BUY else SIDE_BYTES
                store_i64(note, 0)
                store_i64(note + 8, book + BOOK_SIDES + side)
                noted += 1
    return noted, offset


@kernel
def ask_for_orders(header: int, notes: int, noted: int) -> None:
    """Second look: the first order of a bucket, the best end of a ladder."""
    orders = load_i64(header + ORDERS)
    ladders = load_i64(header + LADDERS)
    for index in range(noted):
        note = notes + 16 * index
        bucket, side = load_i64(note), load_i64(note + 8)
        if bucket != 0:
            order = orders + load_i32(bucket) * ORDER_BYTES
            prefetch(order)
            store_i64(note, order)
        else:
            top = ladders + 8 * (load_i32(side + SIDE_LADDER) + load_i32(side + SIDE_LEVELS))
            prefetch(top - 8)
            prefetch(top - 72)


@kernel
def ask_for_levels(header: int, notes: int, noted: int) -> None:
    """Third look: level and book of an order, and its neighbours in the queue."""
    orders = load_i64(header + ORDERS)
    levels = load_i64(header + LEVELS)
    books = load_i64(header + BOOKS)
    for index in range(noted):
        order = load_i64(notes + 16 * index)
        if order != 0:
            prefetch(orders + load_i32(order + ORDER_AHEAD) * ORDER_BYTES)
            prefetch(orders + load_i32(order + ORDER_BEHIND) * ORDER_BYTES)
            prefetch(levels + load_i32(order + ORDER_LEVEL) * LEVEL_BYTES)
            prefetch(books + ((load_i32(order + ORDER_SIDE) & SIDE_MASK) >> 1) * BOOK_BYTES)
