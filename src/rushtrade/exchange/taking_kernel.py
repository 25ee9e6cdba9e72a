"""An order meets the book: executions, and what keeps two orders apart.

Theory of operation. An incoming order goes through the other side's levels from the best, as far as its reach allows;
at a price it meets displayed orders before hidden ones, each in order of arrival, at the price of the resting order. It
passes over a resting order whose minimum it does not meet. An order of its own firm and group ends it, or is ended, as
its self-match prevention says.

The reach of an order is its limit, less what rules forbid: another venue's better protected quote may not be traded
through unless the order is an ISO (242.611), nothing executes outside a stock's price band, and no short sale executes
at or below the national best bid while 242.201 restricts it. Refuses to know where orders come from and where they rest.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Final

from rushtrade.exchange.book_kernel import (
    book_at,
    free_order,
    level_at,
    level_entry,
    price_key,
    refresh,
    shares_up_to,
    shrink,
    stock_at,
    unlink,
)
from rushtrade.exchange.listener_kernel import (
    feed_added,
    feed_deleted,
    feed_executed,
    feed_reduced,
    feed_trade,
    report_executed,
    report_order,
)
from rushtrade.exchange.stock_list_kernel import drop_peg
from rushtrade.exchange.tables import (
    B_LEVELS,
    B_MINIMA,
    FLAG_SHORT,
    H_BOOKS,
    H_CLOCK,
    H_NEXT_ID,
    H_NEXT_MATCH,
    H_ORDERS,
    H_RULES,
    L_DARK_HEAD,
    L_HEAD,
    O_BOOK,
    O_EXECUTED,
    O_FIRM,
    O_FLAGS,
    O_GROUP,
    O_HIDDEN,
    O_LOCATE,
    O_MINIMUM,
    O_NEXT,
    O_PEG,
    O_PREVENTION,
    O_PRICE,
    O_REFERENCE,
    O_RESERVE,
    O_SHARES,
    O_SIDE,
    RULE_TRADE_THROUGH,
    S_AWAY_ASK,
    S_AWAY_BID,
    S_LAST,
    S_LAST_TIME,
    S_LOWER,
    S_PRINT_SUM,
    S_PRINTS,
    S_SHORT_TEST,
    S_UPPER,
)
from rushtrade.exchange.token_kernel import end_token
from rushtrade.wire.address_kernel import load_i64, load_u8, load_u16, load_u32, store_i64
from rushtrade.wire.compiled import inner_kernel
from rushtrade.wire.order_entry import (
    ADDED,
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    CANCELED,
    ISO,
    NO_PREVENTION,
    REASON_NONE,
    REASON_SELF_MATCH,
    REMOVED,
)

ANY_PRICE_KEY: Final = -(1 << 62)
NO_PRICE_KEY: Final = 1 << 62


@inner_kernel
def next_number(h: int, counter: int) -> int:
    """Draw the next number of a counter in the header."""
    number = load_i64(h + counter)
    store_i64(h + counter, number + 1)
    return number


@inner_kernel
def leaves_of(order: int) -> int:
    """Shares of an order that are still working."""
    return load_i64(order + O_SHARES) + load_i64(order + O_RESERVE)


# --- the resting order ------------------------------------------------------------------------------------


@inner_kernel
def end_order(h: int, order: int, reason: int) -> None:
    """A customer's order that is in no book any more is over: keep of it what may be asked for."""
    if load_u8(order + O_PEG):
        drop_peg(h, order)
    end_token(h, order, reason)
    free_order(h, order)


@inner_kernel
def settle(h: int, order: int, reason: int) -> None:
    """After shares went: show the next part, keep what is left, or take the order out when nothing is."""
    if load_i64(order + O_SHARES):
        return
    if load_i64(order + O_RESERVE):
        refresh(h, order)
        store_i64(order + O_REFERENCE, next_number(h, H_NEXT_ID))
        feed_added(h, order)
        return
    unlink(h, order)
    if load_u16(order + O_FIRM):
        end_order(h, order, reason)


@inner_kernel
def note_print(h: int, locate: int, price: int) -> None:
    """Note an execution for whoever asks what a stock traded at."""
    stock = stock_at(h, locate)
    store_i64(stock + S_LAST, price)
    store_i64(stock + S_LAST_TIME, load_i64(h + H_CLOCK))
    store_i64(stock + S_PRINTS, load_i64(stock + S_PRINTS) + 1)
    store_i64(stock + S_PRINT_SUM, load_i64(stock + S_PRINT_SUM) + price)


@inner_kernel
def execute_resting(h: int, order: int, shares: int) -> int:
    """Execute shares of a resting order at its price and tell feed and owner; returns the match number."""
    match = next_number(h, H_NEXT_MATCH)
    price = load_i64(order + O_PRICE)
    note_print(h, load_u16(order + O_LOCATE), price)
    if load_u8(order + O_HIDDEN):
        book = load_i64(h + H_BOOKS) + load_i64(order + O_BOOK)
        feed_trade(h, book, load_u16(order + O_LOCATE), load_u8(order + O_SIDE), shares, price, match)
    else:
        feed_executed(h, order, shares, match)
    shrink(h, order, shares)
    if load_u16(order + O_FIRM):
        store_i64(order + O_EXECUTED, load_i64(order + O_EXECUTED) + shares)
        report_executed(h, order, ADDED, match, price, shares)
    return match


@inner_kernel
def withdraw(h: int, order: int) -> None:
    """Take an order out of its book, and off the feed when it was displayed."""
    unlink(h, order)
    if load_u8(order + O_HIDDEN) == 0:
        feed_deleted(h, order)


@inner_kernel
def cancel_rest(h: int, order: int, reason: int) -> None:
    """End an order that is not in the book, with a report of what was not executed."""
    shares = leaves_of(order)
    report_order(h, order, CANCELED, reason, 0, 0, shares, 0)
    end_order(h, order, reason)


# --- self-match prevention --------------------------------------------------------------------------------


@inner_kernel
def kept_apart(order: int, resting: int) -> bool:
    """True when an incoming order may not meet a resting one: same firm, same group, and it asks for that."""
    return (
        load_u8(order + O_PREVENTION) != NO_PREVENTION
        and load_u16(order + O_FIRM) == load_u16(resting + O_FIRM)
        and load_u32(order + O_GROUP) == load_u32(resting + O_GROUP)
    )


@inner_kernel
def cut_both(h: int, order: int, resting: int) -> None:
    """Take from both orders, without an execution, what they would have executed against each other."""
    shares = min(load_i64(order + O_SHARES), load_i64(resting + O_SHARES))
    shrink(h, resting, shares)
    report_order(h, resting, CANCELED, REASON_SELF_MATCH, 0, 0, shares, leaves_of(resting))
    if load_u8(resting + O_HIDDEN) == 0:
        if load_i64(resting + O_SHARES):
            feed_reduced(h, resting, shares)
        else:
            feed_deleted(h, resting)
    settle(h, resting, REASON_SELF_MATCH)
    store_i64(order + O_SHARES, load_i64(order + O_SHARES) - shares)
    report_order(h, order, CANCELED, REASON_SELF_MATCH, 0, 0, shares, leaves_of(order))


@inner_kernel
def prevent(h: int, order: int, resting: int) -> bool:
    """Keep two orders apart. True when the incoming one goes no further."""
    mode = load_u8(order + O_PREVENTION)
    if mode == CANCEL_NEWEST:
        return True
    if mode == CANCEL_BOTH:
        cut_both(h, order, resting)
        return load_i64(order + O_SHARES) == 0
    withdraw(h, resting)
    cancel_rest(h, resting, REASON_SELF_MATCH)
    return False


# --- taking -----------------------------------------------------------------------------------------------


@inner_kernel
def meet(h: int, order: int, resting: int) -> bool:
    """Let an incoming order meet one resting order. True when self-match prevention ends it there."""
    if kept_apart(order, resting):
        return prevent(h, order, resting)
    shares = min(load_i64(order + O_SHARES), load_i64(resting + O_SHARES))
    price = load_i64(resting + O_PRICE)
    match = execute_resting(h, resting, shares)
    store_i64(order + O_SHARES, load_i64(order + O_SHARES) - shares)
    store_i64(order + O_EXECUTED, load_i64(order + O_EXECUTED) + shares)
    report_executed(h, order, REMOVED, match, price, shares)
    settle(h, resting, REASON_NONE)
    return False


@inner_kernel
def asks_for_more(resting: int, shares: int) -> bool:
    """True when a resting order's minimum is more than an incoming order of `shares` brings."""
    minimum = min(load_i64(resting + O_MINIMUM), leaves_of(resting))
    return minimum > min(shares, leaves_of(resting))


@inner_kernel
def meet_level(h: int, order: int, level: int) -> bool:
    """Let an incoming order meet all orders of a level. True when self-match prevention ends it there."""
    orders = load_i64(h + H_ORDERS)
    while load_i64(order + O_SHARES):
        handle = load_i64(level + L_HEAD)
        if handle == 0:
            break
        if meet(h, order, orders + handle):
            return True
    handle = load_i64(level + L_DARK_HEAD)
    while handle and load_i64(order + O_SHARES):
        resting = orders + handle
        handle = load_i64(resting + O_NEXT)
        if asks_for_more(resting, load_i64(order + O_SHARES)):
            continue
        if meet(h, order, resting):
            return True
    return False


@inner_kernel
def cap_key(h: int, order: int) -> int:
    """How good a price of the other side may be at most: the far edge of the price band."""
    stock = stock_at(h, load_u16(order + O_LOCATE))
    if load_u8(order + O_SIDE):
        upper = load_i64(stock + S_UPPER)
        return upper or NO_PRICE_KEY
    lower = load_i64(stock + S_LOWER)
    return -lower if lower else NO_PRICE_KEY


@inner_kernel
def take(h: int, order: int, limit_key: int) -> int:
    """Let an order that is not in the book meet the other side as far as `limit_key` allows.

    Returns REASON_NONE, or REASON_SELF_MATCH when it may go no further for meeting its own group.
    """
    other = book_at(h, load_u16(order + O_LOCATE), 1 - load_u8(order + O_SIDE))
    cap = cap_key(h, order)
    position = load_i64(other + B_LEVELS) - 1
    while position >= 0 and load_i64(order + O_SHARES):
        key = load_i64(level_entry(h, other, position))
        if key < limit_key:
            break
        if key <= cap and meet_level(h, order, level_at(h, other, position)):
            return REASON_SELF_MATCH
        position -= 1
    return REASON_NONE


@inner_kernel
def reach(h: int, order: int, price: int) -> int:
    """Key of the worst price an order with limit `price` (0 = any) may execute at, by all rules in force."""
    stock = stock_at(h, load_u16(order + O_LOCATE))
    side, flags = load_u8(order + O_SIDE), load_u8(order + O_FLAGS)
    key = price_key(1 - side, price) if price else ANY_PRICE_KEY
    edge = load_i64(stock + (S_LOWER if side else S_UPPER))
    if edge:
        key = max(key, price_key(1 - side, edge))
    away = load_i64(stock + (S_AWAY_BID if side else S_AWAY_ASK))
    if away and load_i64(h + H_RULES) & RULE_TRADE_THROUGH and flags & ISO == 0:
        key = max(key, price_key(1 - side, away))
    if flags & FLAG_SHORT and load_i64(stock + S_SHORT_TEST):
        key = max(key, national_bid(h, load_u16(order + O_LOCATE)) + 1)
    return key


# --- quotes -----------------------------------------------------------------------------------------------


@inner_kernel
def displayed_best(h: int, locate: int, side: int) -> int:
    """Best displayed price of this venue's book; 0 when there is none."""
    book = book_at(h, locate, side)
    position = load_i64(book + B_LEVELS) - 1
    while position >= 0:
        if load_i64(level_at(h, book, position) + L_HEAD):
            key = load_i64(level_entry(h, book, position))
            return -key if side else key
        position -= 1
    return 0


@inner_kernel
def national_bid(h: int, locate: int) -> int:
    """Best bid over this venue and the others; 0 = none."""
    return max(displayed_best(h, locate, 0), load_i64(stock_at(h, locate) + S_AWAY_BID))


@inner_kernel
def national_ask(h: int, locate: int) -> int:
    """Best ask over this venue and the others; 0 = none."""
    own, away = displayed_best(h, locate, 1), load_i64(stock_at(h, locate) + S_AWAY_ASK)
    if own == 0 or away == 0:
        return own + away
    return min(own, away)


# --- what could be taken ----------------------------------------------------------------------------------


@inner_kernel
def available_at(h: int, order: int, level: int, found: int, wanted: int) -> int:
    """Shares executed of `wanted` after a level, `found` before it; -1 - shares when its own group stands in the way."""
    orders = load_i64(h + H_ORDERS)
    shares = load_i64(order + O_SHARES)
    for queue in (L_HEAD, L_DARK_HEAD):
        handle = load_i64(level + queue)
        while handle and found < wanted:
            resting = orders + handle
            handle = load_i64(resting + O_NEXT)
            if kept_apart(order, resting):
                if load_u8(order + O_PREVENTION) != CANCEL_OLDEST:
                    return -1 - found
            elif not asks_for_more(resting, shares - found):
                found += min(shares - found, leaves_of(resting))
    return found


@inner_kernel
def available(h: int, order: int, limit_key: int, wanted: int) -> int:
    """Shares an order would surely execute at once at prices as good as `limit_key`; stops counting at `wanted`."""
    other = book_at(h, load_u16(order + O_LOCATE), 1 - load_u8(order + O_SIDE))
    cap = cap_key(h, order)
    plain = load_u8(order + O_PREVENTION) == NO_PREVENTION and load_i64(other + B_MINIMA) == 0
    if plain and cap == NO_PRICE_KEY:
        return shares_up_to(h, other, limit_key, wanted)
    found = 0
    position = load_i64(other + B_LEVELS) - 1
    while position >= 0 and found < wanted:
        key = load_i64(level_entry(h, other, position))
        if key < limit_key:
            break
        if key <= cap:
            found = available_at(h, order, level_at(h, other, position), found, wanted)
            if found < 0:
                return -1 - found
        position -= 1
    return found
