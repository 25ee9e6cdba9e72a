"""The lists of a stock beside its books: pegged orders, and orders that wait for a cross or for a session.

Both are in order of arrival. A pegged order is in its list as long as it works, and in a book as well while there is a
quote to follow; a waiting order is in no book, and uses the links a book would use.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from rushtrade.exchange.book_kernel import stock_at
from rushtrade.exchange.tables import (
    FLAG_WAITS,
    H_ORDERS,
    O_FLAGS,
    O_LOCATE,
    O_NEXT,
    O_PEG_NEXT,
    O_PEG_PREVIOUS,
    O_PREVIOUS,
    S_PEGS,
    S_PEGS_HEAD,
    S_WAITING,
    S_WAITING_HEAD,
)
from rushtrade.wire.address_kernel import load_i64, load_u8, load_u16, store_i64, store_u8
from rushtrade.wire.compiled import inner_kernel


@inner_kernel
def append(h: int, order: int, head: int, following: int, previous: int) -> None:
    """Put an order at the end of a list; `head` is the address of its two ends, the others name an order's links."""
    orders = load_i64(h + H_ORDERS)
    handle, last = order - orders, load_i64(head + 8)
    store_i64(order + following, 0)
    store_i64(order + previous, last)
    if last:
        store_i64(orders + last + following, handle)
    else:
        store_i64(head, handle)
    store_i64(head + 8, handle)


@inner_kernel
def remove(h: int, order: int, head: int, following: int, previous: int) -> None:
    """Take an order out of a list."""
    orders = load_i64(h + H_ORDERS)
    after, before = load_i64(order + following), load_i64(order + previous)
    if before:
        store_i64(orders + before + following, after)
    else:
        store_i64(head, after)
    if after:
        store_i64(orders + after + previous, before)
    else:
        store_i64(head + 8, before)
    store_i64(order + following, 0)
    store_i64(order + previous, 0)


@inner_kernel
def add_peg(h: int, order: int) -> None:
    """Let a pegged order be repriced from now on."""
    stock = stock_at(h, load_u16(order + O_LOCATE))
    append(h, order, stock + S_PEGS_HEAD, O_PEG_NEXT, O_PEG_PREVIOUS)
    store_i64(stock + S_PEGS, load_i64(stock + S_PEGS) + 1)


@inner_kernel
def drop_peg(h: int, order: int) -> None:
    """A pegged order is over."""
    stock = stock_at(h, load_u16(order + O_LOCATE))
    if load_i64(order + O_PEG_PREVIOUS) == 0 and load_i64(stock + S_PEGS_HEAD) != order - load_i64(
        h + H_ORDERS
    ):
        return  # it came and went without resting
    remove(h, order, stock + S_PEGS_HEAD, O_PEG_NEXT, O_PEG_PREVIOUS)
    store_i64(stock + S_PEGS, load_i64(stock + S_PEGS) - 1)


@inner_kernel
def add_waiting(h: int, order: int) -> None:
    """Let an order wait, behind all others of its stock that do."""
    stock = stock_at(h, load_u16(order + O_LOCATE))
    append(h, order, stock + S_WAITING_HEAD, O_NEXT, O_PREVIOUS)
    store_i64(stock + S_WAITING, load_i64(stock + S_WAITING) + 1)
    store_u8(order + O_FLAGS, load_u8(order + O_FLAGS) | FLAG_WAITS)


@inner_kernel
def drop_waiting(h: int, order: int) -> None:
    """An order waits no longer."""
    stock = stock_at(h, load_u16(order + O_LOCATE))
    remove(h, order, stock + S_WAITING_HEAD, O_NEXT, O_PREVIOUS)
    store_i64(stock + S_WAITING, load_i64(stock + S_WAITING) - 1)
    store_u8(order + O_FLAGS, load_u8(order + O_FLAGS) & ~FLAG_WAITS)
