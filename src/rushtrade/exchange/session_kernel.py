"""The turns of a venue's day: quotes of other venues come in, waiting orders are let go, a cross executes, orders expire.

Every function here does as much as there is room for and says where it stopped, so that its caller may grow the table that
was short and call again; nothing is done twice.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Final

from rushtrade.exchange.book_kernel import book_at, fills_possible, level_at, shrink, stock_at
from rushtrade.exchange.listener_kernel import feed_executed_with_price, report_executed
from rushtrade.exchange.resting_kernel import arrive, has_to_wait, leave, reprice
from rushtrade.exchange.room_kernel import fills_in_both, room, room_at
from rushtrade.exchange.stock_list_kernel import drop_waiting
from rushtrade.exchange.tables import (
    B_LEVELS,
    FLAG_WAITS,
    H_ORDERS,
    H_ORDERS_USED,
    L_DARK_HEAD,
    L_HEAD,
    O_EXECUTED,
    O_FIRM,
    O_FLAGS,
    O_HIDDEN,
    O_ID,
    O_LEVEL,
    O_NEXT,
    O_PRICE,
    O_SHARES,
    O_SIDE,
    O_TIME_IN_FORCE,
    ORDER_BYTES,
    S_AWAY_ASK,
    S_AWAY_BID,
    S_WAITING_HEAD,
)
from rushtrade.exchange.taking_kernel import cancel_rest, end_order, leaves_of, settle
from rushtrade.wire.address_kernel import load_i64, load_u8, load_u16, store_i64
from rushtrade.wire.compiled import inner_kernel, kernel
from rushtrade.wire.order_entry import (
    CLOSING,
    EXTENDED,
    OPENING,
    REASON_CROSS_OVER,
    REASON_DAY_END,
    REASON_NONE,
)

INTEREST_BYTES: Final = 56
"""One order that may take part in a cross: a row of `crossing.INTEREST`."""
NOT_PRINTED: Final = ord("N")


# --- quotes of other venues -------------------------------------------------------------------------------


@kernel
def set_away(h: int, locate: int, bid: int, ask: int) -> bool:
    """Take the best quotes of the other venues, and let pegged orders follow. False, with nothing changed, for want of room."""
    if not room_at(h, locate, 0):
        return False
    stock = stock_at(h, locate)
    store_i64(stock + S_AWAY_BID, bid)
    store_i64(stock + S_AWAY_ASK, ask)
    reprice(h, locate)
    return True


# --- waiting orders ---------------------------------------------------------------------------------------


@kernel
def release(h: int, locate: int, over: int) -> bool:
    """Let go of waiting orders that need wait no longer, in order of arrival; orders for the cross `over` end.

    `over` is OPENING or CLOSING once that cross has been held, else 0. False when a table is short: call again.
    """
    orders = load_i64(h + H_ORDERS)
    handle = load_i64(stock_at(h, locate) + S_WAITING_HEAD)
    while handle:
        order = orders + handle
        handle = load_i64(order + O_NEXT)
        ends = over != 0 and load_u8(order + O_TIME_IN_FORCE) == over
        if not ends and has_to_wait(h, order):
            continue
        if not room_at(h, locate, fills_in_both(h, locate)):
            return False
        drop_waiting(h, order)
        if ends:
            cancel_rest(h, order, REASON_CROSS_OVER)
        else:
            arrive(h, order, 0)
    reprice(h, locate)
    return True


# --- crosses ----------------------------------------------------------------------------------------------


@inner_kernel
def put_interest(order: int, handle: int, out: int) -> int:
    """Write down an order that may take part in a cross; returns the address behind."""
    store_i64(out, handle)
    store_i64(out + 8, load_u8(order + O_SIDE))
    store_i64(out + 16, load_i64(order + O_PRICE))
    store_i64(out + 24, leaves_of(order))
    store_i64(out + 32, load_i64(order + O_ID))
    store_i64(out + 40, 1 - load_u8(order + O_HIDDEN))
    store_i64(out + 48, 1 if load_u8(order + O_FLAGS) & FLAG_WAITS else 0)
    return out + INTEREST_BYTES


@kernel
def gather(h: int, locate: int, cross: int, out: int, end: int) -> int:
    """Write all that may take part in a cross at `out`; returns how many, or -1 when they do not fit before `end`.

    Waiting orders for another cross stay out. Books come level by level and in queue order: number and display tell
    the place of an order among those of its price.
    """
    orders, at = load_i64(h + H_ORDERS), out
    other = OPENING if cross == CLOSING else CLOSING
    handle = load_i64(stock_at(h, locate) + S_WAITING_HEAD)
    while handle:
        if at + INTEREST_BYTES > end:
            return -1
        if load_u8(orders + handle + O_TIME_IN_FORCE) != other:
            at = put_interest(orders + handle, handle, at)
        handle = load_i64(orders + handle + O_NEXT)
    for side in range(2):
        book = book_at(h, locate, side)
        for position in range(load_i64(book + B_LEVELS)):
            level = level_at(h, book, position)
            for queue in (L_HEAD, L_DARK_HEAD):
                handle = load_i64(level + queue)
                while handle:
                    if at + INTEREST_BYTES > end:
                        return -1
                    at = put_interest(orders + handle, handle, at)
                    handle = load_i64(orders + handle + O_NEXT)
    return (at - out) // INTEREST_BYTES


@inner_kernel
def execute_in_book(h: int, order: int, shares: int, price: int, match: int) -> None:
    """Execute shares of an order in a book at the price of a cross: what it shows first, part by part."""
    left = shares
    while True:
        now = min(left, load_i64(order + O_SHARES))
        if load_u8(order + O_HIDDEN) == 0:
            feed_executed_with_price(h, order, now, match, NOT_PRINTED, price)
        shrink(h, order, now)
        left -= now
        if left == 0:
            return
        settle(h, order, REASON_NONE)  # shows the next part


@kernel
def execute_cross(h: int, handle: int, shares: int, price: int, match: int, liquidity: int) -> bool:
    """Execute shares of one order in a cross. False, with nothing changed, when a table is short."""
    order = load_i64(h + H_ORDERS) + handle
    if not room(h, fills_possible(order)):
        return False
    in_book = load_i64(order + O_LEVEL) != 0
    if in_book:
        execute_in_book(h, order, shares, price, match)
    else:
        store_i64(order + O_SHARES, load_i64(order + O_SHARES) - shares)
    if load_u16(order + O_FIRM):
        store_i64(order + O_EXECUTED, load_i64(order + O_EXECUTED) + shares)
        report_executed(h, order, liquidity, match, price, shares)
    if in_book:
        settle(h, order, REASON_NONE)
    elif leaves_of(order) == 0:
        leave(h, order)
        end_order(h, order, REASON_NONE)
    return True


# --- the end ----------------------------------------------------------------------------------------------


@kernel
def expire(h: int, begin: int, extended: int) -> int:
    """Cancel customers' orders from handle `begin` on, those of the extended session only when `extended` is 1.

    Returns the handle it stopped at for want of room, 0 at the end.
    """
    orders, used = load_i64(h + H_ORDERS), load_i64(h + H_ORDERS_USED)
    for handle in range(begin, used, ORDER_BYTES):
        order = orders + handle
        if load_u16(order + O_FIRM) == 0:
            continue
        if load_u8(order + O_TIME_IN_FORCE) == EXTENDED and not extended:
            continue
        if not room(h, 0):
            return handle
        leave(h, order)
        cancel_rest(h, order, REASON_DAY_END)
    return 0
