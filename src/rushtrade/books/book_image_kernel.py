"""All books of a venue as the feed would announce them from scratch: one add message a resting order, in the order of the queues.

Whoever starts from empty books and applies them has the same prices, shares, queues and attributions.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import TYPE_CHECKING

from rushtrade.books.book_layout import (
    ASK,
    BOOK_BYTES,
    BOOK_SIDES,
    BOOK_SYMBOL,
    BOOKS,
    KEY_MAX,
    LEVEL_FIRST,
    LEVEL_KEY,
    LOCATES_ROOM,
    ORDER_BEHIND,
    ORDER_BYTES,
    ORDER_REFERENCE,
    ORDER_SHARES,
    ORDER_SIDE,
    ORDERS,
    PARTICIPANT_SHIFT,
    PARTICIPANTS,
    SIDE_BYTES,
    SIDE_LEVELS,
)
from rushtrade.books.final_books_kernel import level_of
from rushtrade.wire.address_kernel import (
    address_of_bytes,
    load_i32,
    load_i64,
    load_u32,
    store_be32,
    store_be64,
)
from rushtrade.wire.compiled import kernel
from rushtrade.wire.itch50_emit_kernel import put_add

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ADD_BYTES_MAX = 42
"""An add message with its length, attributed to a participant."""
STOCK, ATTRIBUTION = 26, 38
"""Where stock and participant stand in it."""


@kernel
def write_adds(header: int, time: int, out: NDArray[np.uint8]) -> int:
    """Write the resting orders of the one venue there is, each at `time`; returns the bytes written. `out` has room for all."""
    begin = address_of_bytes(out)
    at = begin
    for locate in range(load_i64(header + LOCATES_ROOM)):
        book = load_i64(header + BOOKS) + locate * BOOK_BYTES
        symbol = load_i64(book + BOOK_SYMBOL)
        for side_number in range(2):
            side = book + BOOK_SIDES + side_number * SIDE_BYTES
            for rung in range(load_i32(side + SIDE_LEVELS) - 1, -1, -1):
                level = level_of(header, side, rung)
                key = load_u32(level + LEVEL_KEY)
                price = KEY_MAX - key if side_number == ASK else key
                slot = load_i32(level + LEVEL_FIRST)
                while slot != 0:
                    order = load_i64(header + ORDERS) + slot * ORDER_BYTES
                    reference, shares = load_i64(order + ORDER_REFERENCE), load_u32(order + ORDER_SHARES)
                    number = load_i32(order + ORDER_SIDE) >> PARTICIPANT_SHIFT
                    whose = load_i64(load_i64(header + PARTICIPANTS) + 8 * number) if number else 0
                    behind = put_add(at, locate, time, reference, side_number, shares, 0, price, whose)
                    store_be64(at + STOCK, symbol)
                    if whose:
                        store_be32(at + ATTRIBUTION, whose)
                    at = behind
                    slot = load_i32(order + ORDER_BEHIND)
    return at - begin
