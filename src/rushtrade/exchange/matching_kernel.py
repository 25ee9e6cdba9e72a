"""Price-time matching: what a venue does with the instructions of its members.

Theory of operation. An incoming order is accepted, then *arrives* (`resting_kernel`): it waits for a cross or a session,
or meets the other side's levels (`taking_kernel`), and what is left of it rests or is cancelled. A reserve order shows
a part at a time; when the shown part is gone the next one is shown at the end of its queue, still before hidden orders.
Replacing an order at the same price by the same or a smaller size keeps its place, everything else goes to the end of
its queue. Pegged orders of a stock follow at the end of every instruction that may have moved its quote.

Each instruction first makes sure of room for everything it can lead to and changes nothing when there is none:
`submit` then stops in front of it. Refuses to know the recorded order flow (`rushtrade.exchange.background_kernel`),
sockets, and any clock but the time it is handed.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Final

from rushtrade.exchange.book_kernel import book_at, fills_possible, shrink, shrink_reserve, unlink
from rushtrade.exchange.entry_kernel import (
    E_DISPLAY_SHARES,
    E_FIRM,
    E_GROUP,
    E_KIND,
    E_LOCATE,
    E_ORIGINAL,
    E_PRICE,
    E_SHARES,
    E_SIDE,
    E_TOKEN,
    bad_price,
    enter,
    reject,
)
from rushtrade.exchange.listener_kernel import feed_reduced, report, report_order
from rushtrade.exchange.resting_kernel import arrive, leave, renew, reprice
from rushtrade.exchange.room_kernel import fills_in_both, room, room_at
from rushtrade.exchange.tables import (
    B_FILLS,
    B_PHASE,
    FLAG_WAITS,
    H_BOOKS,
    H_CLOCK,
    H_ORDERS,
    H_ORDERS_USED,
    H_STOCKS,
    O_BOOK,
    O_EXECUTED,
    O_FIRM,
    O_FLAGS,
    O_GROUP,
    O_HIDDEN,
    O_LEVEL,
    O_LIMIT,
    O_LOCATE,
    O_PEG,
    O_PREVENTION,
    O_PRICE,
    O_REFERENCE,
    O_REFRESH,
    O_RESERVE,
    O_SHARES,
    O_SIDE,
    O_TOKEN,
    ORDER_BYTES,
    PHASE_HALTED,
    T_LOCATE,
    T_ORDER,
    T_SIDE,
    T_TOKEN,
    T_WORKING,
)
from rushtrade.exchange.taking_kernel import end_order, leaves_of
from rushtrade.exchange.token_kernel import (
    end_token,
    find_home,
    find_token,
    remember_order,
    remember_refusal,
    report_status,
    report_token,
)
from rushtrade.wire.address_kernel import load_i64, load_u8, load_u16, load_u32, prefetch, store_i64
from rushtrade.wire.compiled import inner_kernel, kernel
from rushtrade.wire.order_entry import (
    ALL_CANCELED,
    ASK_STATUS,
    BOTH_SIDES,
    CANCEL,
    CANCEL_ALL,
    CANCELED,
    ENTER,
    ENTRY_BYTES,
    NO_PREVENTION,
    REASON_BAD_CODE,
    REASON_BAD_DISPLAY,
    REASON_BAD_PRICE,
    REASON_BAD_SHARES,
    REASON_BAD_TOKEN,
    REASON_HALTED,
    REASON_NONE,
    REASON_REPLACED,
    REASON_TOO_LATE,
    REASON_UNKNOWN_ORDER,
    REASON_UNKNOWN_STOCK,
    REASON_USER_CANCEL,
    REJECTED,
    REPLACE,
    REPLACED,
    SELL,
    SHARES_MAX,
)

ROWS_AHEAD: Final = 4
"""How far ahead of the row at work its order's record is asked for; the way to it, twice as far."""


# --- cancel -----------------------------------------------------------------------------------------------


@inner_kernel
def reduce_order(h: int, order: int, shares: int) -> None:
    """Cancel some shares of a working order, what it holds in reserve first; it keeps its place."""
    if load_i64(order + O_LEVEL) == 0:
        store_i64(order + O_SHARES, load_i64(order + O_SHARES) - shares)
        return
    held = min(shares, load_i64(order + O_RESERVE))
    if held:
        shrink_reserve(h, order, held)
    if shares > held:
        shrink(h, order, shares - held)
        if load_u8(order + O_HIDDEN) == 0:
            feed_reduced(h, order, shares - held)


@inner_kernel
def cancel_order(h: int, order: int, token: int) -> None:
    """Cancel a working order at its firm's request."""
    report_order(h, order, CANCELED, REASON_USER_CANCEL, token, 0, leaves_of(order), 0)
    leave(h, order)
    end_order(h, order, REASON_USER_CANCEL)


@inner_kernel
def cancel(h: int, row: int) -> bool:
    """CANCEL: leave no more than so many shares of an order working. False, with nothing changed, when a table is short."""
    firm, original = load_u16(row + E_FIRM), load_i64(row + E_ORIGINAL)
    entry = find_token(h, firm, original)
    if original <= 0 or load_i64(entry + T_TOKEN) == 0:
        reject(h, row, 0, 0, REASON_UNKNOWN_ORDER)
        return True
    token, keep = load_i64(row + E_TOKEN), load_i64(row + E_SHARES)
    if load_u8(entry + T_WORKING) == 0:
        report_token(h, REJECTED, REASON_TOO_LATE, entry, token, original, keep)
        return True
    order = load_i64(h + H_ORDERS) + load_i64(entry + T_ORDER)
    leaves = leaves_of(order)
    if keep < 0 or keep >= leaves:
        report_token(h, REJECTED, REASON_BAD_SHARES, entry, token, original, keep)
        return True
    locate = load_u16(order + O_LOCATE)
    if not room_at(h, locate, 0):
        return False
    if keep:
        report_order(h, order, CANCELED, REASON_USER_CANCEL, token, 0, leaves - keep, keep)
        reduce_order(h, order, leaves - keep)
    else:
        cancel_order(h, order, token)
    reprice(h, locate)
    return True


@inner_kernel
def is_meant(row: int, order: int) -> bool:
    """True when a CANCEL_ALL means an order."""
    side, locate, group = load_u8(row + E_SIDE), load_u16(row + E_LOCATE), load_u32(row + E_GROUP)
    return (
        load_u16(order + O_FIRM) == load_u16(row + E_FIRM)
        and (side == BOTH_SIDES or side == load_u8(order + O_SIDE))
        and locate in (0, load_u16(order + O_LOCATE))
        and group in (0, load_u32(order + O_GROUP))
    )


@inner_kernel
def cancel_meant(h: int, row: int) -> int:
    """Cancel every order a CANCEL_ALL means that is not pegged, then those that are; returns how many went."""
    orders, went = load_i64(h + H_ORDERS), 0
    for handle in range(ORDER_BYTES, load_i64(h + H_ORDERS_USED), ORDER_BYTES):
        order = orders + handle
        if is_meant(row, order):
            cancel_order(h, order, load_i64(row + E_TOKEN))
            went += 1
    return went


@inner_kernel
def meant(h: int, row: int) -> int:
    """How many orders a CANCEL_ALL means."""
    orders, count = load_i64(h + H_ORDERS), 0
    for handle in range(ORDER_BYTES, load_i64(h + H_ORDERS_USED), ORDER_BYTES):
        if is_meant(row, orders + handle):
            count += 1
    return count


@inner_kernel
def cancel_all(h: int, row: int) -> bool:
    """CANCEL_ALL: cancel a firm's orders of a stock, side and group. False, with nothing changed, when a table is short."""
    firm, locate, side = load_u16(row + E_FIRM), load_u16(row + E_LOCATE), load_u8(row + E_SIDE)
    if firm == 0:
        reject(h, row, locate, 0, REASON_BAD_TOKEN)
        return True
    if locate > load_i64(h + H_STOCKS):
        reject(h, row, locate, 0, REASON_UNKNOWN_STOCK)
        return True
    if side > SELL and side != BOTH_SIDES:
        reject(h, row, locate, 0, REASON_BAD_CODE)
        return True
    first, last = (locate, locate) if locate else (1, load_i64(h + H_STOCKS))
    fills = meant(h, row)
    for each in range(first, last + 1):
        if not room_at(h, each, fills):
            return False
    went = cancel_meant(h, row)
    token = load_i64(row + E_TOKEN)
    report(h, ALL_CANCELED, firm, locate, 0, REASON_USER_CANCEL, token, 0, 0, 0, went, 0, 0)
    for each in range(first, last + 1):
        reprice(h, each)
    return True


# --- replace ----------------------------------------------------------------------------------------------


@inner_kernel
def replace_refusal(h: int, row: int, order: int) -> int:
    """Why a REPLACE of a working order is refused, by the first rule it breaks."""
    if load_i64(book_at(h, load_u16(order + O_LOCATE), 0) + B_PHASE) == PHASE_HALTED:
        return REASON_HALTED
    price = load_i64(row + E_PRICE)
    if bad_price(h, price) and not (price == 0 and load_u8(order + O_PEG)):
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
    named = 0
    if load_u8(order + O_FLAGS) & FLAG_WAITS:
        leave(h, order)
    elif load_i64(order + O_LEVEL):
        unlink(h, order)
        if load_u8(order + O_HIDDEN) == 0:
            named = load_i64(order + O_REFERENCE)
    price = load_i64(row + E_PRICE)
    store_i64(order + O_PRICE, price)
    store_i64(order + O_LIMIT, price)
    store_i64(order + O_SHARES, leaves)
    store_i64(order + O_RESERVE, 0)
    renew(h, order)
    total = load_i64(order + O_EXECUTED) + leaves
    report_order(h, order, REPLACED, REASON_NONE, load_i64(row + E_ORIGINAL), price, total, leaves)
    arrive(h, order, named)


@inner_kernel
def set_refresh(h: int, order: int, shown: int) -> None:
    """Change how much of a reserve order is shown at a time, and how many executions its book counts on."""
    before = fills_possible(order)
    store_i64(order + O_REFRESH, shown)
    if load_i64(order + O_LEVEL):
        fills = load_i64(h + H_BOOKS) + load_i64(order + O_BOOK) + B_FILLS
        store_i64(fills, load_i64(fills) - before + fills_possible(order))


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
        leave(h, order)
        end_order(h, order, REASON_NONE)
        return
    refreshes_alike = shown in (0, load_i64(order + O_REFRESH))
    if price == load_i64(order + O_LIMIT) and leaves <= old_leaves and refreshes_alike:
        report_order(h, order, REPLACED, REASON_NONE, original, price, shares, leaves)
        if leaves < old_leaves:
            reduce_order(h, order, old_leaves - leaves)
        return
    if shown:
        set_refresh(h, order, shown)
    requeue(h, order, row, leaves)


@inner_kernel
def room_to_replace(h: int, row: int, order: int) -> bool:
    """Make sure of room for what the replacement of an order may lead to."""
    locate = load_u16(order + O_LOCATE)
    fills = fills_in_both(h, locate)
    if load_u8(order + O_PREVENTION) == NO_PREVENTION:
        other = book_at(h, locate, 1 - load_u8(order + O_SIDE))
        fills = min(load_i64(row + E_SHARES), load_i64(other + B_FILLS))
    return room_at(h, locate, fills)


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
    if not room_to_replace(h, row, order):
        return False
    locate = load_u16(order + O_LOCATE)
    carry_out_replace(h, row, entry, order)
    reprice(h, locate)
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


@inner_kernel
def carry_out(h: int, row: int) -> bool:
    """Carry out one instruction. False, with nothing changed, when a table is short."""
    kind = load_u8(row + E_KIND)
    if kind == ENTER:
        if not enter(h, row):
            return False
        locate = load_u16(row + E_LOCATE)
        if 0 < locate <= load_i64(h + H_STOCKS):
            reprice(h, locate)
        return True
    if kind == CANCEL:
        return cancel(h, row)
    if kind == REPLACE:
        return replace(h, row)
    if kind == CANCEL_ALL:
        return cancel_all(h, row)
    if kind == ASK_STATUS:
        report_status(h, load_u16(row + E_FIRM), load_i64(row + E_TOKEN))
    else:
        reject(h, row, 0, 0, REASON_BAD_CODE)
    return True


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
        if not room(h, 0) or not carry_out(h, row):
            return position
    return end
