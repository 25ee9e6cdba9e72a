"""The displayed book as the feed would announce it from scratch, for readers who lost messages.

Level by level from the best, in queue order, every displayed order as an add message under its present name, so that a
reader who starts from empty books ends with the same prices, shares and queues.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from rushtrade.exchange.book_kernel import book_at, level_at
from rushtrade.exchange.listener_kernel import put_order
from rushtrade.exchange.tables import B_LEVELS, H_ORDERS, H_STOCKS, L_HEAD, O_NEXT
from rushtrade.wire.address_kernel import load_i64, store_i64
from rushtrade.wire.compiled import inner_kernel, kernel
from rushtrade.wire.itch50_emit_kernel import MESSAGE_BYTES_MAX


@inner_kernel
def put_book(h: int, book: int, at: int, end: int, count: int) -> int:
    """Write the displayed orders of one book, counting them at address `count`; returns the address behind, or 0."""
    orders = load_i64(h + H_ORDERS)
    for position in range(load_i64(book + B_LEVELS) - 1, -1, -1):
        handle = load_i64(level_at(h, book, position) + L_HEAD)
        while handle:
            if at + MESSAGE_BYTES_MAX > end:
                return 0
            at = put_order(h, at, orders + handle)
            store_i64(count, load_i64(count) + 1)
            handle = load_i64(orders + handle + O_NEXT)
    return at


@kernel
def put_books(h: int, begin: int, end: int, count: int) -> int:
    """Write the displayed orders of all books; returns the bytes written, or -1 when they do not fit."""
    store_i64(count, 0)
    at = begin
    for locate in range(1, load_i64(h + H_STOCKS) + 1):
        for side in range(2):
            at = put_book(h, book_at(h, locate, side), at, end, count)
            if at == 0:
                return -1
    return at - begin
