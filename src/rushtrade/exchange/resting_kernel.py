"""Where an order goes: it waits, it takes, it rests, it follows a quote, or it ends.

`arrive` is the one way into the books, for new orders, for replaced ones, for those released after a cross and for pegged
orders whose quote has moved. What is left of an order after taking rests only where the rules let it: not outside the
price band, not at a price that would lock or cross another venue's protected quote for all to see (242.610(e)), not as
a displayed short sale at or below the national bid while 242.201 restricts it, and never against its own venue's book.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Final

from rushtrade.exchange.book_kernel import best_level, book_at, link, price_key, stock_at, unlink
from rushtrade.exchange.listener_kernel import feed_added, feed_deleted, feed_replaced
from rushtrade.exchange.stock_list_kernel import add_peg, add_waiting, drop_peg, drop_waiting
from rushtrade.exchange.tables import (
    B_PHASE,
    FLAG_SHORT,
    FLAG_WAITS,
    H_NEXT_ID,
    H_NEXT_MATCH,
    H_ORDERS,
    H_RULES,
    H_SESSION,
    H_SUB_DOLLAR_TICK,
    H_TICK,
    L_PRICE,
    O_FLAGS,
    O_HIDDEN,
    O_ID,
    O_LEVEL,
    O_LIMIT,
    O_LOCATE,
    O_MINIMUM,
    O_OFFSET,
    O_PEG,
    O_PEG_NEXT,
    O_PRICE,
    O_REFERENCE,
    O_REFRESH,
    O_RESERVE,
    O_SHARES,
    O_SIDE,
    O_TIME_IN_FORCE,
    PHASE_CALL,
    RULE_LOCK_AND_CROSS,
    RULE_TRADE_THROUGH,
    S_AWAY_ASK,
    S_AWAY_BID,
    S_LOWER,
    S_PEGS,
    S_PEGS_HEAD,
    S_SEEN_ASK,
    S_SEEN_BID,
    S_SHORT_TEST,
    S_UPPER,
    SESSION_PRE,
)
from rushtrade.exchange.taking_kernel import (
    available,
    cancel_rest,
    end_order,
    leaves_of,
    national_ask,
    national_bid,
    next_number,
    reach,
    take,
    withdraw,
)
from rushtrade.wire.address_kernel import load_i64, load_u8, load_u16, store_i64
from rushtrade.wire.compiled import inner_kernel
from rushtrade.wire.order_entry import (
    CLOSING,
    DAY,
    FOK,
    IOC,
    ISO,
    MARKET,
    MIDPOINT,
    OPENING,
    POST_ONLY,
    PRICE_MAX,
    REASON_IOC_REMAINDER,
    REASON_MINIMUM_NOT_MET,
    REASON_NONE,
    REASON_PRICE_BAND,
    REASON_PROTECTED_QUOTE,
    REASON_SHORT_SALE,
    REASON_WOULD_TAKE,
)

DOLLAR: Final = 10_000


# --- pegs -------------------------------------------------------------------------------------------------


@inner_kernel
def on_grid(h: int, side: int, price: int) -> int:
    """The price on the grid that is no better for its owner: down for a buy, up for a sell."""
    tick = load_i64(h + (H_TICK if price >= DOLLAR else H_SUB_DOLLAR_TICK))
    return -(-price // tick) * tick if side else price // tick * tick


@inner_kernel
def peg_price(h: int, order: int) -> int:
    """Where a pegged order stands by the quotes of now; 0 when there is no quote to follow, or it is crossed."""
    locate, side = load_u16(order + O_LOCATE), load_u8(order + O_SIDE)
    bid, ask = national_bid(h, locate), national_ask(h, locate)
    if bid == 0 or ask == 0 or bid > ask:
        return 0
    peg = load_u8(order + O_PEG)
    if peg == MIDPOINT:
        price = (bid + ask + side) >> 1
    else:
        followed = ask if (peg == MARKET) == (side == 0) else bid
        price = on_grid(h, side, followed + load_i64(order + O_OFFSET))
    limit = load_i64(order + O_LIMIT)
    if limit:
        price = max(price, limit) if side else min(price, limit)
    return price if 0 < price <= PRICE_MAX else 0


@inner_kernel
def move_pegs(h: int, stock: int) -> bool:
    """Give pegged orders their new prices. True when orders went, so that the list is to be read again."""
    orders = load_i64(h + H_ORDERS)
    handle = load_i64(stock + S_PEGS_HEAD)
    while handle:
        order = orders + handle
        handle = load_i64(order + O_PEG_NEXT)
        price = peg_price(h, order)
        if price == load_i64(order + O_PRICE):
            continue
        if load_i64(order + O_LEVEL):
            unlink(h, order)
        store_i64(order + O_PRICE, price)
    handle = load_i64(stock + S_PEGS_HEAD)
    while handle:
        order = orders + handle
        handle = load_i64(order + O_PEG_NEXT)
        if load_i64(order + O_LEVEL) or load_i64(order + O_PRICE) == 0:
            continue
        executed, pegs = load_i64(h + H_NEXT_MATCH), load_i64(stock + S_PEGS)
        settle_in(h, order, 0)
        if load_i64(h + H_NEXT_MATCH) != executed or load_i64(stock + S_PEGS) != pegs:
            return True
    return False


@inner_kernel
def reprice(h: int, locate: int) -> None:
    """Let a stock's pegged orders follow the national best quote, when it has moved."""
    stock = stock_at(h, locate)
    if load_i64(stock + S_PEGS) == 0:
        return
    if load_i64(book_at(h, locate, 0) + B_PHASE):
        return
    again = False
    while True:
        bid, ask = national_bid(h, locate), national_ask(h, locate)
        if not again and bid == load_i64(stock + S_SEEN_BID) and ask == load_i64(stock + S_SEEN_ASK):
            return
        store_i64(stock + S_SEEN_BID, bid)
        store_i64(stock + S_SEEN_ASK, ask)
        again = move_pegs(h, stock)


# --- what is left -----------------------------------------------------------------------------------------


@inner_kernel
def restriction(h: int, order: int, price: int) -> int:
    """Which rule keeps an order from reaching its own price; REASON_NONE when none does."""
    stock = stock_at(h, load_u16(order + O_LOCATE))
    side, flags = load_u8(order + O_SIDE), load_u8(order + O_FLAGS)
    key = price_key(1 - side, price)
    edge = load_i64(stock + (S_LOWER if side else S_UPPER))
    if edge and price_key(1 - side, edge) > key:
        return REASON_PRICE_BAND
    away = load_i64(stock + (S_AWAY_BID if side else S_AWAY_ASK))
    if away and load_i64(h + H_RULES) & RULE_TRADE_THROUGH and flags & ISO == 0:
        if price_key(1 - side, away) > key:
            return REASON_PROTECTED_QUOTE
    if flags & FLAG_SHORT and load_i64(stock + S_SHORT_TEST):
        if price <= national_bid(h, load_u16(order + O_LOCATE)):
            return REASON_SHORT_SALE
    return REASON_NONE


@inner_kernel
def still_meets(h: int, order: int, price: int) -> bool:
    """True when the other side of this venue's own book still holds what an order's price would take."""
    side = load_u8(order + O_SIDE)
    level = best_level(h, book_at(h, load_u16(order + O_LOCATE), 1 - side))
    if level == 0:
        return False
    return price_key(1 - side, load_i64(level + L_PRICE)) >= price_key(1 - side, price)


@inner_kernel
def may_not_rest(h: int, order: int, price: int) -> int:
    """Why what is left of an order may not rest at its price; REASON_NONE when it may."""
    reason = restriction(h, order, price)
    if reason or load_u8(order + O_HIDDEN) or load_i64(h + H_RULES) & RULE_LOCK_AND_CROSS == 0:
        return reason
    side = load_u8(order + O_SIDE)
    away = load_i64(stock_at(h, load_u16(order + O_LOCATE)) + (S_AWAY_BID if side else S_AWAY_ASK))
    if (
        away
        and load_u8(order + O_FLAGS) & ISO == 0
        and price_key(1 - side, away) >= price_key(1 - side, price)
    ):
        return REASON_PROTECTED_QUOTE
    return REASON_NONE


@inner_kernel
def split_reserve(order: int) -> None:
    """Hold back what a reserve order does not show."""
    shown = load_i64(order + O_REFRESH)
    shares = leaves_of(order)
    if shown and shares > shown:
        store_i64(order + O_SHARES, shown)
        store_i64(order + O_RESERVE, shares - shown)


@inner_kernel
def rest(h: int, order: int, named: int) -> None:
    """Put what is left of an order into the book; `named` is its name on the feed so far, 0 = none."""
    split_reserve(order)
    if load_u8(order + O_HIDDEN) == 0:
        store_i64(order + O_REFERENCE, load_i64(order + O_ID))
        if named:
            feed_replaced(h, order, named)
        else:
            feed_added(h, order)
    link(h, order)


@inner_kernel
def give_up(h: int, order: int, named: int, reason: int) -> None:
    """End an order that is in no book, its name on the feed with it."""
    if named:
        feed_deleted(h, order)
    if load_i64(order + O_SHARES):
        cancel_rest(h, order, reason)
    else:
        end_order(h, order, reason)


# --- arriving ---------------------------------------------------------------------------------------------


@inner_kernel
def at_once_only(order: int) -> bool:
    """True for orders that never rest."""
    time_in_force = load_u8(order + O_TIME_IN_FORCE)
    return time_in_force in (IOC, FOK)


@inner_kernel
def has_to_wait(h: int, order: int) -> bool:
    """True for orders that are for a cross, or whose session has not begun."""
    if load_i64(book_at(h, load_u16(order + O_LOCATE), 0) + B_PHASE) == PHASE_CALL:
        return True
    time_in_force = load_u8(order + O_TIME_IN_FORCE)
    if time_in_force in (OPENING, CLOSING):
        return True
    return time_in_force == DAY and load_i64(h + H_SESSION) == SESSION_PRE


@inner_kernel
def take_what_may_be(h: int, order: int, price: int, named: int) -> bool:
    """Let an order take by its terms. False when it ended, for it would rather do nothing than less."""
    key = reach(h, order, price)
    minimum = min(load_i64(order + O_MINIMUM), load_i64(order + O_SHARES))
    if load_u8(order + O_TIME_IN_FORCE) == FOK:
        minimum = load_i64(order + O_SHARES)
    if load_u8(order + O_FLAGS) & POST_ONLY:
        if still_meets(h, order, price):
            give_up(h, order, named, REASON_WOULD_TAKE)
            return False
        return True
    if minimum and available(h, order, key, minimum) < minimum:
        if at_once_only(order) or price == 0:
            give_up(h, order, named, REASON_MINIMUM_NOT_MET)
            return False
        return True
    reason = take(h, order, key)
    if reason or load_i64(order + O_SHARES) == 0:
        give_up(h, order, named, reason)
        return False
    return True


@inner_kernel
def settle_in(h: int, order: int, named: int) -> None:
    """An order that is in no book and has a price, or none: it takes, then rests or ends."""
    price = load_i64(order + O_PRICE)
    if not take_what_may_be(h, order, price, named):
        return
    if price == 0:
        give_up(h, order, named, REASON_IOC_REMAINDER)
        return
    reason = may_not_rest(h, order, price)
    if at_once_only(order):
        blocked = reason if still_meets(h, order, price) else REASON_NONE
        give_up(h, order, named, blocked or REASON_IOC_REMAINDER)
    elif reason:
        give_up(h, order, named, reason)
    else:
        rest(h, order, named)


@inner_kernel
def arrive(h: int, order: int, named: int) -> None:
    """Let an order that is in no book and no list go where its terms and the hour send it."""
    if has_to_wait(h, order):
        if named:
            feed_deleted(h, order)
        add_waiting(h, order)
        return
    if load_u8(order + O_PEG) == 0:
        settle_in(h, order, named)
        return
    price = peg_price(h, order)
    store_i64(order + O_PRICE, price)
    if not at_once_only(order):
        add_peg(h, order)
    if price:
        settle_in(h, order, named)
    elif at_once_only(order):
        give_up(h, order, named, REASON_IOC_REMAINDER)


@inner_kernel
def leave(h: int, order: int) -> None:
    """Take an order out of wherever it is: a book, the waiting orders, the pegged ones."""
    if load_u8(order + O_FLAGS) & FLAG_WAITS:
        drop_waiting(h, order)
    elif load_i64(order + O_LEVEL):
        withdraw(h, order)


@inner_kernel
def renew(h: int, order: int) -> None:
    """Give an order a new number: it comes last among those of its price."""
    store_i64(order + O_ID, next_number(h, H_NEXT_ID))
    if load_u8(order + O_PEG):
        drop_peg(h, order)
