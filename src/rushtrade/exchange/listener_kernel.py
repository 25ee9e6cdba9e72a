"""What the world hears of a venue: reports to the owners of orders, and the public feed.

The matching kernels call one function here for everything that happens; each appends to the venue's waiting reports
(rows of ORDER_REPORT, customers' firms only) or to its waiting feed (ITCH 5.0, displayed orders and all executions).
Refuses to decide anything. Room was made sure of before the command began (`rushtrade.exchange.tables`).
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from rushtrade.exchange.tables import (
    B_STOCK,
    FIRMS,
    H_BOOKS,
    H_CLOCK,
    H_FEED,
    H_FEED_MESSAGES,
    H_FEED_USED,
    H_FIRMS,
    H_MIDNIGHT,
    H_REPORTS,
    H_REPORTS_USED,
    O_ATTRIBUTION,
    O_BOOK,
    O_EXECUTED,
    O_FIRM,
    O_ID,
    O_LOCATE,
    O_PRICE,
    O_REFERENCE,
    O_RESERVE,
    O_SHARES,
    O_SIDE,
    O_TOKEN,
)
from rushtrade.wire.address_kernel import (
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    store_be16,
    store_i64,
    store_u8,
    store_u16,
)
from rushtrade.wire.compiled import inner_kernel
from rushtrade.wire.itch50_emit_kernel import (
    put_add,
    put_cancel,
    put_delete,
    put_executed,
    put_executed_with_price,
    put_replace,
    put_trade,
)
from rushtrade.wire.order_entry import REPORT_BYTES

# --- reports ----------------------------------------------------------------------------------------------


@inner_kernel
def report(
    h: int,
    kind: int,
    firm: int,
    locate: int,
    side: int,
    reason: int,
    token: int,
    original_token: int,
    order_id: int,
    price: int,
    shares: int,
    leaves: int,
    executed: int,
) -> int:
    """Append one report to a firm; returns its address, for the fields only executions have."""
    used = load_i64(h + H_REPORTS_USED)
    row = load_i64(h + H_REPORTS) + used
    store_i64(h + H_REPORTS_USED, used + REPORT_BYTES)
    counter = load_i64(h + H_FIRMS) + 8 * (firm & (FIRMS - 1))
    sequence = load_i64(counter) + 1
    store_i64(counter, sequence)
    store_u8(row, kind)
    store_u8(row + 1, 0)
    store_u8(row + 2, reason)
    store_u8(row + 3, side)
    store_u16(row + 4, firm)
    store_u16(row + 6, locate)
    store_i64(row + 8, sequence)
    store_i64(row + 16, token)
    store_i64(row + 24, original_token)
    store_i64(row + 32, order_id)
    store_i64(row + 40, 0)
    store_i64(row + 48, price)
    store_i64(row + 56, shares)
    store_i64(row + 64, leaves)
    store_i64(row + 72, executed)
    store_i64(row + 80, load_i64(h + H_CLOCK))
    return row


@inner_kernel
def report_order(
    h: int, order: int, kind: int, reason: int, original_token: int, price: int, shares: int, leaves: int
) -> int:
    """Append one report about an order (an address) to its owner; returns the report's address."""
    return report(
        h,
        kind,
        load_u16(order + O_FIRM),
        load_u16(order + O_LOCATE),
        load_u8(order + O_SIDE),
        reason,
        load_i64(order + O_TOKEN),
        original_token,
        load_i64(order + O_ID),
        price,
        shares,
        leaves,
        load_i64(order + O_EXECUTED),
    )


@inner_kernel
def report_executed(h: int, order: int, liquidity: int, match: int, price: int, shares: int) -> None:
    """Tell the owner of an order of an execution; the order's shares are already what is left."""
    leaves = load_i64(order + O_SHARES) + load_i64(order + O_RESERVE)
    row = report_order(h, order, 2, 0, 0, price, shares, leaves)
    store_u8(row + 1, liquidity)
    store_i64(row + 40, match)


# --- feed -------------------------------------------------------------------------------------------------


@inner_kernel
def _feed_at(h: int) -> int:
    return load_i64(h + H_FEED) + load_i64(h + H_FEED_USED)


@inner_kernel
def _feed_end(h: int, end: int) -> None:
    store_i64(h + H_FEED_USED, end - load_i64(h + H_FEED))
    store_i64(h + H_FEED_MESSAGES, load_i64(h + H_FEED_MESSAGES) + 1)


@inner_kernel
def feed_time(h: int) -> int:
    """The venue's time as the feed writes it: nanoseconds since local midnight."""
    return load_i64(h + H_CLOCK) - load_i64(h + H_MIDNIGHT)


@inner_kernel
def put_order(h: int, at: int, order: int) -> int:
    """Write an order as the feed announces it; returns the address behind it."""
    return put_add(
        at,
        load_u16(order + O_LOCATE),
        feed_time(h),
        load_i64(order + O_REFERENCE),
        load_u8(order + O_SIDE),
        load_i64(order + O_SHARES),
        load_i64(load_i64(h + H_BOOKS) + load_i64(order + O_BOOK) + B_STOCK),
        load_i64(order + O_PRICE),
        load_u32(order + O_ATTRIBUTION),
    )


@inner_kernel
def feed_added(h: int, order: int) -> None:
    """A displayed order, or the next shown part of a reserve order, entered the book."""
    _feed_end(h, put_order(h, _feed_at(h), order))


@inner_kernel
def feed_executed(h: int, order: int, shares: int, match: int) -> None:
    """A displayed order executed at its price."""
    reference = load_i64(order + O_REFERENCE)
    _feed_end(
        h, put_executed(_feed_at(h), load_u16(order + O_LOCATE), feed_time(h), reference, shares, match)
    )


@inner_kernel
def feed_executed_with_price(h: int, order: int, shares: int, match: int, printable: int, price: int) -> None:
    """A displayed order executed at a price that is not its own."""
    locate, reference = load_u16(order + O_LOCATE), load_i64(order + O_REFERENCE)
    end = put_executed_with_price(
        _feed_at(h), locate, feed_time(h), reference, shares, match, printable, price
    )
    _feed_end(h, end)


@inner_kernel
def feed_trade(h: int, book: int, locate: int, side: int, shares: int, price: int, match: int) -> None:
    """An order nobody had seen executed; `book` is its book's address, `side` the side it stood on."""
    end = put_trade(_feed_at(h), locate, feed_time(h), side, shares, load_i64(book + B_STOCK), price, match)
    _feed_end(h, end)


@inner_kernel
def feed_reduced(h: int, order: int, shares: int) -> None:
    """Some shares of a displayed order were cancelled."""
    reference = load_i64(order + O_REFERENCE)
    _feed_end(h, put_cancel(_feed_at(h), load_u16(order + O_LOCATE), feed_time(h), reference, shares))


@inner_kernel
def feed_deleted(h: int, order: int) -> None:
    """A displayed order left the book."""
    reference = load_i64(order + O_REFERENCE)
    _feed_end(h, put_delete(_feed_at(h), load_u16(order + O_LOCATE), feed_time(h), reference))


@inner_kernel
def feed_replaced(h: int, order: int, reference: int) -> None:
    """A displayed order gave way to what the record now says; `reference` was its name."""
    end = put_replace(
        _feed_at(h),
        load_u16(order + O_LOCATE),
        feed_time(h),
        reference,
        load_i64(order + O_REFERENCE),
        load_i64(order + O_SHARES),
        load_i64(order + O_PRICE),
    )
    _feed_end(h, end)


@inner_kernel
def feed_copied(h: int, message: int, length: int, locate: int) -> int:
    """Pass on a message made elsewhere, under this venue's locate; returns the copy's address."""
    at = _feed_at(h)
    store_be16(at, length)
    for i in range(length):
        store_u8(at + 2 + i, load_u8(message + i))
    store_be16(at + 3, locate)
    _feed_end(h, at + 2 + length)
    return at + 2
