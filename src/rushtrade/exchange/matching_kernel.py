"""Price-time matching: what a venue does with the instructions of its members.

Theory of operation. An incoming order is accepted, then meets the other side's levels from the best price as far as its
limit allows; at a price it meets displayed orders before hidden ones, each in order of arrival, at the price of the
resting order. A reserve order shows a part at a time; when the shown part is gone the next one is shown at the end of
its queue, still before hidden orders. What is left of a day order rests, anything else is cancelled. Replacing an order
at the same price by the same or a smaller size keeps its place, everything else goes to the end of its queue.

Each instruction first makes sure of room for everything it can lead to and changes nothing when there is none:
`submit` then stops in front of it. Refuses to know the recorded order flow (`rushtrade.exchange.background_kernel`),
sockets, and any clock but the time it is handed.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Final

from rushtrade.exchange.book_kernel import (
    best_level,
    book_at,
    fills_possible,
    free_order,
    link,
    new_order,
    price_key,
    refresh,
    shares_up_to,
    shrink,
    shrink_reserve,
    unlink,
)
from rushtrade.exchange.listener_kernel import (
    feed_added,
    feed_deleted,
    feed_executed,
    feed_reduced,
    feed_replaced,
    feed_trade,
    report,
    report_executed,
    report_order,
)
from rushtrade.exchange.tables import (
    B_FILLS,
    B_HALTED,
    BOOK_BYTES,
    H_BOOKS,
    H_CLOCK,
    H_FEED_END,
    H_FEED_USED,
    H_INDEX_END,
    H_INDEX_LARGEST,
    H_INDEX_USED,
    H_LEVELS_END,
    H_LEVELS_FREE,
    H_LEVELS_USED,
    H_NEXT_ID,
    H_NEXT_MATCH,
    H_OPEN,
    H_ORDERS,
    H_ORDERS_END,
    H_ORDERS_FREE,
    H_ORDERS_USED,
    H_REPORTS_END,
    H_REPORTS_USED,
    H_SHORT,
    H_STOCKS,
    H_SUB_DOLLAR_TICK,
    H_TICK,
    H_TOKENS_MASK,
    H_TOKENS_USED,
    L_DARK_HEAD,
    L_HEAD,
    L_PRICE,
    LEVEL_BYTES,
    O_BOOK,
    O_EXECUTED,
    O_FIRM,
    O_HIDDEN,
    O_ID,
    O_LEVEL,
    O_LOCATE,
    O_PRICE,
    O_REFERENCE,
    O_REFRESH,
    O_RESERVE,
    O_SHARES,
    O_SIDE,
    O_TOKEN,
    ORDER_BYTES,
    SHORT_FEED,
    SHORT_INDEX,
    SHORT_LEVELS,
    SHORT_ORDERS,
    SHORT_REPORTS,
    SHORT_TOKENS,
    T_LOCATE,
    T_ORDER,
    T_SIDE,
    T_TOKEN,
    T_WORKING,
)
from rushtrade.exchange.token_kernel import (
    end_token,
    find_home,
    find_token,
    remember_order,
    remember_refusal,
    report_status,
    report_token,
)
from rushtrade.wire.address_kernel import (
    load_i64,
    load_u8,
    load_u16,
    prefetch,
    store_i64,
    store_u8,
    store_u16,
)
from rushtrade.wire.compiled import inner_kernel, kernel
from rushtrade.wire.itch50_emit_kernel import MESSAGE_BYTES_MAX
from rushtrade.wire.order_entry import (
    ACCEPTED,
    ADDED,
    ASK_STATUS,
    CANCEL,
    CANCELED,
    DAY,
    ENTER,
    ENTRY_BYTES,
    FOK,
    HIDDEN,
    IOC,
    PRICE_MAX,
    REASON_BAD_CODE,
    REASON_BAD_DISPLAY,
    REASON_BAD_MINIMUM,
    REASON_BAD_PRICE,
    REASON_BAD_SHARES,
    REASON_BAD_TOKEN,
    REASON_CLOSED,
    REASON_DAY_END,
    REASON_HALTED,
    REASON_IOC_REMAINDER,
    REASON_MINIMUM_NOT_MET,
    REASON_NONE,
    REASON_REPLACED,
    REASON_TOO_LATE,
    REASON_UNKNOWN_ORDER,
    REASON_UNKNOWN_STOCK,
    REASON_USER_CANCEL,
    REJECTED,
    REMOVED,
    REPLACE,
    REPLACED,
    REPORT_BYTES,
    RESERVE,
    SHARES_MAX,
)

# fields of an ORDER_ENTRY row (byte offsets)
E_KIND: Final = 0
E_SIDE: Final = 1
E_TIME_IN_FORCE: Final = 2
E_DISPLAY: Final = 3
E_LOCATE: Final = 4
E_FIRM: Final = 6
E_TOKEN: Final = 8
E_ORIGINAL: Final = 16
E_PRICE: Final = 24
E_SHARES: Final = 32
E_DISPLAY_SHARES: Final = 40
E_MINIMUM: Final = 48

REPORTS_BESIDE_FILLS: Final = 4
MESSAGES_BESIDE_FILLS: Final = 4
ANY_PRICE_KEY: Final = -(1 << 62)
ROWS_AHEAD: Final = 4
"""How far ahead of the row at work its order's record is asked for; the way to it, twice as far."""
DOLLAR: Final = 10_000


# --- room -------------------------------------------------------------------------------------------------


@inner_kernel
def short_of(h: int, table: int) -> bool:
    """Name the table that is too small; always False, so that it can be returned."""
    store_i64(h + H_SHORT, table)
    return False


@inner_kernel
def room(h: int, fills: int) -> bool:
    """Make sure of room for one new order, one new level and `fills` executions with all that is told of them."""
    reports = (2 * fills + REPORTS_BESIDE_FILLS) * REPORT_BYTES
    if load_i64(h + H_REPORTS_USED) + reports > load_i64(h + H_REPORTS_END):
        return short_of(h, SHORT_REPORTS)
    messages = (2 * fills + MESSAGES_BESIDE_FILLS) * MESSAGE_BYTES_MAX
    if load_i64(h + H_FEED_USED) + messages > load_i64(h + H_FEED_END):
        return short_of(h, SHORT_FEED)
    if load_i64(h + H_ORDERS_FREE) == 0 and load_i64(h + H_ORDERS_USED) + ORDER_BYTES > load_i64(
        h + H_ORDERS_END
    ):
        return short_of(h, SHORT_ORDERS)
    if load_i64(h + H_LEVELS_FREE) == 0 and load_i64(h + H_LEVELS_USED) + LEVEL_BYTES > load_i64(
        h + H_LEVELS_END
    ):
        return short_of(h, SHORT_LEVELS)
    if load_i64(h + H_INDEX_USED) + 2 * load_i64(h + H_INDEX_LARGEST) > load_i64(h + H_INDEX_END):
        return short_of(h, SHORT_INDEX)
    if 2 * load_i64(h + H_TOKENS_USED) > load_i64(h + H_TOKENS_MASK):
        return short_of(h, SHORT_TOKENS)
    return True


@inner_kernel
def next_number(h: int, counter: int) -> int:
    """Draw the next number of a counter in the header."""
    number = load_i64(h + counter)
    store_i64(h + counter, number + 1)
    return number


# --- executions -------------------------------------------------------------------------------------------


@inner_kernel
def leaves_of(order: int) -> int:
    """Shares of an order that are still working."""
    return load_i64(order + O_SHARES) + load_i64(order + O_RESERVE)


@inner_kernel
def settle(h: int, order: int) -> None:
    """After an execution: show the next part, keep what is left, or take the order out when nothing is."""
    if load_i64(order + O_SHARES):
        return
    if load_i64(order + O_RESERVE):
        refresh(h, order)
        store_i64(order + O_REFERENCE, next_number(h, H_NEXT_ID))
        feed_added(h, order)
        return
    unlink(h, order)
    if load_u16(order + O_FIRM):
        end_token(h, order, REASON_NONE)
        free_order(h, order)


@inner_kernel
def execute_resting(h: int, order: int, shares: int) -> int:
    """Execute shares of a resting order at its price and tell feed and owner; returns the match number."""
    match = next_number(h, H_NEXT_MATCH)
    price = load_i64(order + O_PRICE)
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
def take(h: int, order: int, limit_key: int) -> None:
    """Let an order that is not in the book meet the other side, as far as `limit_key` allows."""
    other = book_at(h, load_u16(order + O_LOCATE), 1 - load_u8(order + O_SIDE))
    side = 1 - load_u8(order + O_SIDE)
    while load_i64(order + O_SHARES):
        level = best_level(h, other)
        if level == 0:
            return
        price = load_i64(level + L_PRICE)
        if price_key(side, price) < limit_key:
            return
        handle = load_i64(level + L_HEAD)
        if handle == 0:
            handle = load_i64(level + L_DARK_HEAD)
        resting = load_i64(h + H_ORDERS) + handle
        shares = min(load_i64(order + O_SHARES), load_i64(resting + O_SHARES))
        match = execute_resting(h, resting, shares)
        store_i64(order + O_SHARES, load_i64(order + O_SHARES) - shares)
        store_i64(order + O_EXECUTED, load_i64(order + O_EXECUTED) + shares)
        report_executed(h, order, REMOVED, match, price, shares)
        settle(h, resting)


@inner_kernel
def split_reserve(order: int) -> None:
    """Hold back what a reserve order does not show."""
    shown = load_i64(order + O_REFRESH)
    shares = leaves_of(order)
    if shown and shares > shown:
        store_i64(order + O_SHARES, shown)
        store_i64(order + O_RESERVE, shares - shown)


@inner_kernel
def cancel_rest(h: int, order: int, reason: int) -> None:
    """End an order that is not in the book, with a report of what was not executed."""
    shares = leaves_of(order)
    report_order(h, order, CANCELED, reason, 0, 0, shares, 0)
    end_token(h, order, reason)
    free_order(h, order)


# --- enter ------------------------------------------------------------------------------------------------


@inner_kernel
def bad_price(h: int, price: int) -> bool:
    """True when a limit price is not one this venue takes."""
    if price <= 0 or price > PRICE_MAX:
        return True
    return price % load_i64(h + (H_TICK if price >= DOLLAR else H_SUB_DOLLAR_TICK)) != 0


@inner_kernel
def refusal(h: int, row: int) -> int:
    """Why an ENTER is refused, by the first rule it breaks; REASON_NONE when it is not."""
    if load_i64(h + H_OPEN) == 0:
        return REASON_CLOSED
    locate = load_u16(row + E_LOCATE)
    if locate == 0 or locate > load_i64(h + H_STOCKS):
        return REASON_UNKNOWN_STOCK
    if load_i64(book_at(h, locate, 0) + B_HALTED):
        return REASON_HALTED
    time_in_force, display = load_u8(row + E_TIME_IN_FORCE), load_u8(row + E_DISPLAY)
    at_once = time_in_force in (IOC, FOK)
    if load_u8(row + E_SIDE) > 1 or display > RESERVE or not (at_once or time_in_force == DAY):
        return REASON_BAD_CODE
    price, shares = load_i64(row + E_PRICE), load_i64(row + E_SHARES)
    if price != 0 and bad_price(h, price):
        return REASON_BAD_PRICE
    if shares <= 0 or shares > SHARES_MAX:
        return REASON_BAD_SHARES
    shown = load_i64(row + E_DISPLAY_SHARES)
    if (shown <= 0 or shown > shares) if display == RESERVE else shown != 0:
        return REASON_BAD_DISPLAY
    minimum = load_i64(row + E_MINIMUM)
    if minimum < 0 or minimum > shares or (minimum != 0 and not at_once):
        return REASON_BAD_MINIMUM
    return REASON_NONE


@inner_kernel
def reject(h: int, row: int, locate: int, side: int, reason: int) -> None:
    """Refuse an instruction whose order, if any, is unknown."""
    token, original = load_i64(row + E_TOKEN), load_i64(row + E_ORIGINAL)
    shares = load_i64(row + E_SHARES)
    report(h, REJECTED, load_u16(row + E_FIRM), locate, side, reason, token, original, 0, 0, shares, 0, 0)


@inner_kernel
def open_order(h: int, row: int) -> int:
    """Make the record of an order as entered; returns its address."""
    order = new_order(h)
    locate, side, display = load_u16(row + E_LOCATE), load_u8(row + E_SIDE), load_u8(row + E_DISPLAY)
    store_i64(order + O_PRICE, load_i64(row + E_PRICE))
    store_i64(order + O_SHARES, load_i64(row + E_SHARES))
    store_i64(order + O_REFRESH, load_i64(row + E_DISPLAY_SHARES))
    store_i64(order + O_ID, next_number(h, H_NEXT_ID))
    store_i64(order + O_TOKEN, load_i64(row + E_TOKEN))
    store_u8(order + O_SIDE, side)
    store_u8(order + O_HIDDEN, 1 if display == HIDDEN else 0)
    store_u16(order + O_FIRM, load_u16(row + E_FIRM))
    store_u16(order + O_LOCATE, locate)
    store_i64(order + O_BOOK, (2 * locate + side) * BOOK_BYTES)
    return order


@inner_kernel
def rest(h: int, order: int) -> None:
    """Put what is left of an order into the book, under a name of its own on the feed when it is displayed."""
    split_reserve(order)
    if load_u8(order + O_HIDDEN) == 0:
        store_i64(order + O_REFERENCE, load_i64(order + O_ID))
        feed_added(h, order)
    link(h, order)


@inner_kernel
def enter(h: int, row: int) -> bool:
    """ENTER: a new order. False, with nothing changed, when a table is short."""
    firm, token = load_u16(row + E_FIRM), load_i64(row + E_TOKEN)
    locate, side = load_u16(row + E_LOCATE), load_u8(row + E_SIDE)
    if firm == 0 or token <= 0:
        reject(h, row, locate, side, REASON_BAD_TOKEN)
        return True
    entry = find_token(h, firm, token)
    if load_i64(entry + T_TOKEN):
        report_status(h, firm, token)
        return True
    reason = refusal(h, row)
    if reason:
        remember_refusal(h, entry, firm, token, locate, side, reason)
        reject(h, row, locate, side, reason)
        return True
    other = book_at(h, locate, 1 - side)
    price, shares = load_i64(row + E_PRICE), load_i64(row + E_SHARES)
    limit_key = price_key(1 - side, price) if price else ANY_PRICE_KEY
    if not room(h, min(shares, load_i64(other + B_FILLS))):
        return False
    order = open_order(h, row)
    remember_order(h, entry, order)
    report_order(h, order, ACCEPTED, REASON_NONE, 0, price, shares, shares)
    time_in_force = load_u8(row + E_TIME_IN_FORCE)
    minimum = shares if time_in_force == FOK else load_i64(row + E_MINIMUM)
    if minimum and shares_up_to(h, other, limit_key, minimum) < minimum:
        cancel_rest(h, order, REASON_MINIMUM_NOT_MET)
        return True
    take(h, order, limit_key)
    if load_i64(order + O_SHARES) == 0:
        end_token(h, order, REASON_NONE)
        free_order(h, order)
    elif time_in_force == DAY and price:
        rest(h, order)
    else:
        cancel_rest(h, order, REASON_IOC_REMAINDER)
    return True


# --- cancel -----------------------------------------------------------------------------------------------


@inner_kernel
def reduce_order(h: int, order: int, shares: int) -> None:
    """Cancel some shares of a resting order, what it holds in reserve first; it keeps its place."""
    held = min(shares, load_i64(order + O_RESERVE))
    if held:
        shrink_reserve(h, order, held)
    if shares > held:
        shrink(h, order, shares - held)
        if load_u8(order + O_HIDDEN) == 0:
            feed_reduced(h, order, shares - held)


@inner_kernel
def withdraw(h: int, order: int) -> None:
    """Take an order out of its book, and off the feed when it was displayed."""
    unlink(h, order)
    if load_u8(order + O_HIDDEN) == 0:
        feed_deleted(h, order)


@inner_kernel
def cancel(h: int, row: int) -> None:
    """CANCEL: leave no more than so many shares of an order working."""
    firm, original = load_u16(row + E_FIRM), load_i64(row + E_ORIGINAL)
    entry = find_token(h, firm, original)
    if original <= 0 or load_i64(entry + T_TOKEN) == 0:
        reject(h, row, 0, 0, REASON_UNKNOWN_ORDER)
        return
    token, keep = load_i64(row + E_TOKEN), load_i64(row + E_SHARES)
    if load_u8(entry + T_WORKING) == 0:
        report_token(h, REJECTED, REASON_TOO_LATE, entry, token, original, keep)
        return
    order = load_i64(h + H_ORDERS) + load_i64(entry + T_ORDER)
    leaves = leaves_of(order)
    if keep < 0 or keep >= leaves:
        report_token(h, REJECTED, REASON_BAD_SHARES, entry, token, original, keep)
        return
    report_order(h, order, CANCELED, REASON_USER_CANCEL, token, 0, leaves - keep, keep)
    if keep:
        reduce_order(h, order, leaves - keep)
        return
    withdraw(h, order)
    end_token(h, order, REASON_USER_CANCEL)
    free_order(h, order)


# --- replace ----------------------------------------------------------------------------------------------


@inner_kernel
def replace_refusal(h: int, row: int, order: int) -> int:
    """Why a REPLACE of a working order is refused, by the first rule it breaks."""
    if load_i64(book_at(h, load_u16(order + O_LOCATE), 0) + B_HALTED):
        return REASON_HALTED
    if bad_price(h, load_i64(row + E_PRICE)):
        return REASON_BAD_PRICE
    shares, shown = load_i64(row + E_SHARES), load_i64(row + E_DISPLAY_SHARES)
    if shares <= 0 or shares > SHARES_MAX:
        return REASON_BAD_SHARES
    if (shown < 0 or shown > shares) if load_i64(order + O_REFRESH) else shown != 0:
        return REASON_BAD_DISPLAY
    return REASON_NONE


@inner_kernel
def rename(h: int, row: int, entry: int, order: int) -> None:
    """Let an order live on under the token of its replacement."""
    end_token(h, order, REASON_REPLACED)
    store_i64(order + O_TOKEN, load_i64(row + E_TOKEN))
    remember_order(h, entry, order)


@inner_kernel
def requeue(h: int, order: int, row: int, leaves: int) -> None:
    """Give an order its new terms and the last place in its queue; it may meet the other side on the way."""
    hidden, reference = load_u8(order + O_HIDDEN), load_i64(order + O_REFERENCE)
    price, side = load_i64(row + E_PRICE), load_u8(order + O_SIDE)
    unlink(h, order)
    store_i64(order + O_PRICE, price)
    store_i64(order + O_SHARES, leaves)
    store_i64(order + O_RESERVE, 0)
    store_i64(order + O_ID, next_number(h, H_NEXT_ID))
    total = load_i64(order + O_EXECUTED) + leaves
    report_order(h, order, REPLACED, REASON_NONE, load_i64(row + E_ORIGINAL), price, total, leaves)
    take(h, order, price_key(1 - side, price))
    if load_i64(order + O_SHARES) == 0:
        if hidden == 0:
            feed_deleted(h, order)
        end_token(h, order, REASON_NONE)
        free_order(h, order)
        return
    split_reserve(order)
    if hidden == 0:
        store_i64(order + O_REFERENCE, load_i64(order + O_ID))
        feed_replaced(h, order, reference)
    link(h, order)


@inner_kernel
def carry_out_replace(h: int, row: int, entry: int, order: int) -> None:
    """Replace a working order by terms that are in order."""
    shares, shown = load_i64(row + E_SHARES), load_i64(row + E_DISPLAY_SHARES)
    price, original = load_i64(row + E_PRICE), load_i64(row + E_ORIGINAL)
    executed, old_leaves = load_i64(order + O_EXECUTED), leaves_of(order)
    leaves = max(0, shares - executed)
    rename(h, row, entry, order)
    if leaves == 0:
        report_order(h, order, REPLACED, REASON_NONE, original, price, executed, 0)
        withdraw(h, order)
        end_token(h, order, REASON_NONE)
        free_order(h, order)
        return
    refreshes_alike = shown in (0, load_i64(order + O_REFRESH))
    if price == load_i64(order + O_PRICE) and leaves <= old_leaves and refreshes_alike:
        report_order(h, order, REPLACED, REASON_NONE, original, price, shares, leaves)
        if leaves < old_leaves:
            reduce_order(h, order, old_leaves - leaves)
        return
    if shown:
        book_fills = load_i64(h + H_BOOKS) + load_i64(order + O_BOOK) + B_FILLS
        before = fills_possible(order)
        store_i64(order + O_REFRESH, shown)
        store_i64(book_fills, load_i64(book_fills) - before + fills_possible(order))
    requeue(h, order, row, leaves)


@inner_kernel
def replace(h: int, row: int) -> bool:
    """REPLACE: new price and total size for a working order. False, with nothing changed, when a table is short."""
    firm, token, original = load_u16(row + E_FIRM), load_i64(row + E_TOKEN), load_i64(row + E_ORIGINAL)
    if firm == 0 or token <= 0:
        reject(h, row, 0, 0, REASON_BAD_TOKEN)
        return True
    entry = find_token(h, firm, token)
    if load_i64(entry + T_TOKEN):
        report_status(h, firm, token)
        return True
    old = find_token(h, firm, original)
    if original <= 0 or load_i64(old + T_TOKEN) == 0:
        remember_refusal(h, entry, firm, token, 0, 0, REASON_UNKNOWN_ORDER)
        reject(h, row, 0, 0, REASON_UNKNOWN_ORDER)
        return True
    reason = REASON_TOO_LATE
    order = load_i64(h + H_ORDERS) + load_i64(old + T_ORDER)
    if load_u8(old + T_WORKING):
        reason = replace_refusal(h, row, order)
    if reason:
        report_token(h, REJECTED, reason, old, token, original, load_i64(row + E_SHARES))
        remember_refusal(h, entry, firm, token, load_u16(old + T_LOCATE), load_u8(old + T_SIDE), reason)
        return True
    other = book_at(h, load_u16(order + O_LOCATE), 1 - load_u8(order + O_SIDE))
    if not room(h, min(load_i64(row + E_SHARES), load_i64(other + B_FILLS))):
        return False
    carry_out_replace(h, row, entry, order)
    return True


# --- from outside -----------------------------------------------------------------------------------------


@inner_kernel
def set_clock(h: int, now_ns: int) -> None:
    """Move the venue's time on; it never runs backwards."""
    if now_ns > load_i64(h + H_CLOCK):
        store_i64(h + H_CLOCK, now_ns)


@inner_kernel
def named_home(h: int, row: int) -> int:
    """Where the search for the order begins that a row names."""
    kind = load_u8(row + E_KIND)
    named = load_i64(row + (E_ORIGINAL if kind in (CANCEL, REPLACE) else E_TOKEN))
    return find_home(h, load_u16(row + E_FIRM), named)


@kernel
def submit(h: int, rows: int, begin: int, end: int, now_ns: int) -> int:
    """Carry out the instructions in rows `begin` to `end`; returns the first one not carried out for want of room."""
    set_clock(h, now_ns)
    for position in range(begin, end):
        row = rows + position * ENTRY_BYTES
        if position + 2 * ROWS_AHEAD < end:
            prefetch(named_home(h, row + 2 * ROWS_AHEAD * ENTRY_BYTES))
        if position + ROWS_AHEAD < end:
            entry = named_home(h, row + ROWS_AHEAD * ENTRY_BYTES)
            if load_u8(entry + T_WORKING):
                prefetch(load_i64(h + H_ORDERS) + load_i64(entry + T_ORDER))
        if not room(h, 0):
            return position
        kind = load_u8(row + E_KIND)
        done = True
        if kind == ENTER:
            done = enter(h, row)
        elif kind == CANCEL:
            cancel(h, row)
        elif kind == REPLACE:
            done = replace(h, row)
        elif kind == ASK_STATUS:
            report_status(h, load_u16(row + E_FIRM), load_i64(row + E_TOKEN))
        else:
            reject(h, row, 0, 0, REASON_BAD_CODE)
        if not done:
            return position
    return end


@kernel
def close_day(h: int, begin: int) -> int:
    """Cancel customers' orders, record by record from handle `begin`; returns the handle it stopped at, 0 at the end."""
    orders, used = load_i64(h + H_ORDERS), load_i64(h + H_ORDERS_USED)
    for handle in range(begin, used, ORDER_BYTES):
        order = orders + handle
        if load_u16(order + O_FIRM) == 0 or load_i64(order + O_LEVEL) == 0:
            continue
        if not room(h, 0):
            return handle
        withdraw(h, order)
        cancel_rest(h, order, REASON_DAY_END)
    return 0
