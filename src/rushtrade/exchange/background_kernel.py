"""The recorded order flow in a book that customers stand in too.

A record tells what happened among the orders it knows. Customers' orders are not in it, so the record is read as what
its participants *wanted*: an execution is an aggressor of so many shares at that price, an add wants to trade or rest.

Theory of operation. A background order keeps two sizes: what stands in our book, and what the record still believes in
(O_RECORDED). The difference is what customers have taken from it. Our book never holds more of it than the record does.

    add        executes against customers' orders it crosses, the remainder rests
    execute    meets customers at better prices, then customers before the referenced order in its queue, then the
               referenced order, then, for what customers had taken from it, customers at that price behind it; what is
               still left disappears. Shares that went to customers instead of the referenced order leave the book with
               the record's belief in them
    cancel     reduces what is left; delete removes it
    replace    takes what customers took along: an order they have taken whole comes back with nothing to give
    trade      of an order nobody saw: meets customers at better prices, then displayed customers at its price, and
               prints the rest

With no customer in the books every rule comes down to the record itself. Orders are addresses, queues as in
`rushtrade.exchange.book_kernel`. Refuses to know where records come from.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Final

from rushtrade.exchange.book_kernel import (
    book_at,
    find_level,
    level_at,
    level_entry,
    link,
    new_order,
    price_key,
    shrink,
    unlink,
)
from rushtrade.exchange.listener_kernel import (
    feed_added,
    feed_deleted,
    feed_executed_with_price,
    feed_reduced,
    feed_replaced,
    feed_trade,
)
from rushtrade.exchange.tables import (
    B_CUSTOMERS,
    B_FILLS,
    B_LEVELS,
    B_PHASE,
    BOOK_BYTES,
    H_BOOKS,
    H_LEVELS,
    H_NEXT_ID,
    H_NEXT_MATCH,
    H_ORDERS,
    L_CUSTOMERS,
    L_DARK_HEAD,
    L_HEAD,
    O_ATTRIBUTION,
    O_BOOK,
    O_FIRM,
    O_ID,
    O_LEVEL,
    O_LOCATE,
    O_NEXT,
    O_PRICE,
    O_RECORDED,
    O_REFERENCE,
    O_SHARES,
    O_SIDE,
    O_TOKEN,
    PHASE_TRADING,
)
from rushtrade.exchange.taking_kernel import execute_resting, next_number, note_print, settle, withdraw
from rushtrade.wire.address_kernel import load_i64, load_u8, load_u16, store_i64, store_u8, store_u16
from rushtrade.wire.compiled import inner_kernel
from rushtrade.wire.order_entry import REASON_NONE

PRINTED: Final = ord("Y")

# --- aggressors against customers -------------------------------------------------------------------------


@inner_kernel
def fills_at_risk(h: int, locate: int, shares: int) -> int:
    """Bound on the executions a recorded message of so many shares can lead to: none without customers."""
    bids, asks = book_at(h, locate, 0), book_at(h, locate, 1)
    if load_i64(bids + B_CUSTOMERS) + load_i64(asks + B_CUSTOMERS) == 0:
        return 0
    return min(shares, load_i64(bids + B_FILLS) + load_i64(asks + B_FILLS))


@inner_kernel
def hit_queue(h: int, level: int, queue: int, stop: int, shares: int) -> int:
    """Execute customers' orders of a queue up to the order with handle `stop`; returns the shares left over."""
    orders = load_i64(h + H_ORDERS)
    handle = load_i64(level + queue)
    while handle not in (0, stop) and shares and load_i64(level + L_CUSTOMERS):
        order = orders + handle
        following = load_i64(order + O_NEXT)
        if load_u16(order + O_FIRM):
            executed = min(shares, load_i64(order + O_SHARES))
            execute_resting(h, order, executed)
            settle(h, order, REASON_NONE)
            shares -= executed
            if following == 0 and load_i64(order + O_LEVEL):
                following = handle  # the last of the queue has shown its next part
        handle = following
    return shares


@inner_kernel
def hit_levels(h: int, book: int, limit_key: int, shares: int) -> int:
    """Execute customers' orders at prices as good as `limit_key`; returns the shares left over."""
    position = load_i64(book + B_LEVELS) - 1
    while position >= 0 and shares and load_i64(level_entry(h, book, position)) >= limit_key:
        level = level_at(h, book, position)
        if load_i64(level + L_CUSTOMERS):
            shares = hit_queue(h, level, L_HEAD, 0, shares)
        if load_i64(level + L_CUSTOMERS):
            shares = hit_queue(h, level, L_DARK_HEAD, 0, shares)
        position -= 1
    return shares


@inner_kernel
def trim(h: int, order: int) -> None:
    """Let a background order hold no more than the record believes in."""
    excess = load_i64(order + O_SHARES) - load_i64(order + O_RECORDED)
    if excess <= 0:
        return
    if load_i64(order + O_RECORDED) == 0:
        withdraw(h, order)
        store_i64(order + O_SHARES, 0)
        return
    feed_reduced(h, order, excess)
    shrink(h, order, excess)


# --- recorded messages ------------------------------------------------------------------------------------


@inner_kernel
def background_add(
    h: int, locate: int, side: int, shares: int, price: int, attribution: int, reference: int
) -> int:
    """A, F: a recorded order arrives; returns its record's address, also when nothing of it rests."""
    other = book_at(h, locate, 1 - side)
    left = shares
    if load_i64(other + B_CUSTOMERS) and load_i64(other + B_PHASE) == PHASE_TRADING:
        left = hit_levels(h, other, price_key(1 - side, price), left)
    order = new_order(h)
    number = next_number(h, H_NEXT_ID)
    store_i64(order + O_PRICE, price)
    store_i64(order + O_SHARES, left)
    store_i64(order + O_REFERENCE, number)
    store_i64(order + O_ID, number)
    store_i64(order + O_TOKEN, reference)
    store_u8(order + O_SIDE, side)
    store_u16(order + O_LOCATE, locate)
    store_i64(order + O_BOOK, (2 * locate + side) * BOOK_BYTES)
    store_i64(order + O_RECORDED, shares)
    store_i64(order + O_ATTRIBUTION, attribution)
    if left:
        feed_added(h, order)
        link(h, order)
    return order


@inner_kernel
def background_execute(h: int, order: int, shares: int, printable: int, price: int) -> None:
    """E (`printable` 0), C (`printable` Y or N, at `price`): a recorded execution of a background order."""
    book = load_i64(h + H_BOOKS) + load_i64(order + O_BOOK)
    key = price_key(load_u8(order + O_SIDE), load_i64(order + O_PRICE))
    left = shares
    if load_i64(book + B_CUSTOMERS):
        left = hit_levels(h, book, key + 1, left)
        if load_i64(order + O_LEVEL):
            level = load_i64(h + H_LEVELS) + load_i64(order + O_LEVEL)
            left = hit_queue(h, level, L_HEAD, order - load_i64(h + H_ORDERS), left)
    own = min(left, load_i64(order + O_SHARES))
    if own and printable:
        feed_executed_with_price(h, order, own, next_number(h, H_NEXT_MATCH), printable, price)
        if printable == PRINTED:
            note_print(h, load_u16(order + O_LOCATE), price)
        shrink(h, order, own)
        settle(h, order, REASON_NONE)
    elif own:
        execute_resting(h, order, own)
        settle(h, order, REASON_NONE)
    left -= own
    store_i64(order + O_RECORDED, max(0, load_i64(order + O_RECORDED) - shares))
    if left and load_i64(book + B_CUSTOMERS):
        hit_levels(h, book, key, left)
    trim(h, order)


@inner_kernel
def background_cancel(h: int, order: int, shares: int) -> None:
    """X: some recorded shares are cancelled."""
    left = load_i64(order + O_SHARES)
    gone = min(shares, left)
    store_i64(order + O_RECORDED, max(0, load_i64(order + O_RECORDED) - shares))
    if gone and gone == left:
        withdraw(h, order)
        store_i64(order + O_SHARES, 0)
    elif gone:
        feed_reduced(h, order, gone)
        shrink(h, order, gone)
    trim(h, order)


@inner_kernel
def background_delete(h: int, order: int) -> None:
    """D: a recorded order is cancelled."""
    store_i64(order + O_RECORDED, 0)
    trim(h, order)


@inner_kernel
def background_replace(h: int, order: int, shares: int, price: int, reference: int) -> None:
    """U: a recorded order gives way to a new one, in the same record."""
    side, name = load_u8(order + O_SIDE), load_i64(order + O_REFERENCE)
    displayed = load_i64(order + O_LEVEL) != 0
    taken = load_i64(order + O_RECORDED) - load_i64(order + O_SHARES)
    left = 0
    if displayed:
        unlink(h, order)
        left = max(0, shares - taken)
    other = book_at(h, load_u16(order + O_LOCATE), 1 - side)
    if left and load_i64(other + B_CUSTOMERS) and load_i64(other + B_PHASE) == PHASE_TRADING:
        left = hit_levels(h, other, price_key(1 - side, price), left)
    store_i64(order + O_PRICE, price)
    store_i64(order + O_SHARES, left)
    store_i64(order + O_RECORDED, shares)
    store_i64(order + O_TOKEN, reference)
    if left:
        store_i64(order + O_REFERENCE, next_number(h, H_NEXT_ID))
        feed_replaced(h, order, name)
        link(h, order)
    elif displayed:
        feed_deleted(h, order)


@inner_kernel
def background_trade(h: int, locate: int, side: int, shares: int, price: int) -> None:
    """P: a recorded execution of an order that was not displayed."""
    left = shares
    for stood in range(2):
        book = book_at(h, locate, stood)
        if load_i64(book + B_CUSTOMERS) == 0:
            continue
        key = price_key(stood, price)
        left = hit_levels(h, book, key + 1, left)
        position = find_level(h, book, key)
        if position < load_i64(book + B_LEVELS) and load_i64(level_entry(h, book, position)) == key:
            left = hit_queue(h, level_at(h, book, position), L_HEAD, 0, left)
    if left:
        match = next_number(h, H_NEXT_MATCH)
        feed_trade(h, book_at(h, locate, 0), locate, side, left, price, match)
        note_print(h, locate, price)
