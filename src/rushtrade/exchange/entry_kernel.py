"""ENTER: may this order come in, and its record.

The rules are checked in written order; the first one that is broken gives the reason. Whoever sends a token a second time
hears how its first order stands.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Final

from rushtrade.exchange.book_kernel import book_at, new_order, stock_at
from rushtrade.exchange.listener_kernel import report, report_order
from rushtrade.exchange.resting_kernel import arrive
from rushtrade.exchange.room_kernel import fills_in_both, room_at
from rushtrade.exchange.tables import (
    B_FILLS,
    B_PHASE,
    BOOK_BYTES,
    FLAG_EXEMPT,
    FLAG_SHORT,
    H_NEXT_ID,
    H_SESSION,
    H_STOCKS,
    H_SUB_DOLLAR_TICK,
    H_TICK,
    O_BOOK,
    O_FIRM,
    O_FLAGS,
    O_GROUP,
    O_HIDDEN,
    O_ID,
    O_LIMIT,
    O_LOCATE,
    O_MINIMUM,
    O_OFFSET,
    O_PEG,
    O_PREVENTION,
    O_PRICE,
    O_REFRESH,
    O_SHARES,
    O_SIDE,
    O_TIME_IN_FORCE,
    O_TOKEN,
    PHASE_CALL,
    PHASE_HALTED,
    S_AUCTIONS,
    SESSION_POST,
    SESSION_PRE,
    T_TOKEN,
)
from rushtrade.exchange.taking_kernel import next_number
from rushtrade.exchange.token_kernel import find_token, remember_order, remember_refusal, report_status
from rushtrade.wire.address_kernel import (
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    store_i32,
    store_i64,
    store_u8,
    store_u16,
)
from rushtrade.wire.compiled import inner_kernel
from rushtrade.wire.order_entry import (
    ACCEPTED,
    CANCEL_BOTH,
    CLOSING,
    DAY,
    EXTENDED,
    FOK,
    HIDDEN,
    IOC,
    ISO,
    MARKET,
    MIDPOINT,
    NO_PEG,
    NO_PREVENTION,
    OPENING,
    POST_ONLY,
    PRICE_MAX,
    REASON_BAD_CODE,
    REASON_BAD_DISPLAY,
    REASON_BAD_MINIMUM,
    REASON_BAD_PEG,
    REASON_BAD_PRICE,
    REASON_BAD_SESSION,
    REASON_BAD_SHARES,
    REASON_BAD_TOKEN,
    REASON_CLOSED,
    REASON_HALTED,
    REASON_NONE,
    REASON_UNKNOWN_STOCK,
    REJECTED,
    RESERVE,
    SELL_SHORT,
    SELL_SHORT_EXEMPT,
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
E_PEG: Final = 64
E_INSTRUCTIONS: Final = 65
E_PREVENTION: Final = 66
E_CAPACITY: Final = 67
E_GROUP: Final = 68
E_PEG_OFFSET: Final = 72

DOLLAR: Final = 10_000
CAPACITIES: Final = (0, ord("A"), ord("P"), ord("R"))


@inner_kernel
def bad_price(h: int, price: int) -> bool:
    """True when a limit price is not one this venue takes."""
    if price <= 0 or price > PRICE_MAX:
        return True
    return price % load_i64(h + (H_TICK if price >= DOLLAR else H_SUB_DOLLAR_TICK)) != 0


@inner_kernel
def bad_code(row: int) -> bool:
    """True when a code, or two that do not go together, is not one this venue takes."""
    time_in_force, instructions = load_u8(row + E_TIME_IN_FORCE), load_u8(row + E_INSTRUCTIONS)
    at_once = time_in_force in (IOC, FOK)
    for_cross = time_in_force in (OPENING, CLOSING)
    if not (at_once or for_cross or time_in_force in (DAY, EXTENDED)):
        return True
    if load_u8(row + E_SIDE) > SELL_SHORT_EXEMPT or load_u8(row + E_DISPLAY) > RESERVE:
        return True
    if load_u8(row + E_PEG) > MARKET or load_u8(row + E_PREVENTION) > CANCEL_BOTH:
        return True
    if instructions & ~(POST_ONLY | ISO) or load_u8(row + E_CAPACITY) not in CAPACITIES:
        return True
    limited = load_i64(row + E_PRICE) != 0
    if instructions & POST_ONLY and (at_once or for_cross or not (limited or load_u8(row + E_PEG))):
        return True
    return instructions & ISO != 0 and (not limited or load_u8(row + E_PEG) != NO_PEG or for_cross)


@inner_kernel
def bad_session(h: int, row: int) -> bool:
    """True when the session an order is for is over, or not held here."""
    session, time_in_force = load_i64(h + H_SESSION), load_u8(row + E_TIME_IN_FORCE)
    locate = load_u16(row + E_LOCATE)
    if time_in_force == DAY:
        return session == SESSION_POST
    if time_in_force not in (OPENING, CLOSING):
        return False
    if load_i64(stock_at(h, locate) + S_AUCTIONS) == 0:
        return True
    if time_in_force == CLOSING:
        return session == SESSION_POST
    return session != SESSION_PRE and load_i64(book_at(h, locate, 0) + B_PHASE) != PHASE_CALL


@inner_kernel
def bad_peg(row: int) -> bool:
    """True when the terms of a pegged order do not go together."""
    peg = load_u8(row + E_PEG)
    offset = load_i64(row + E_PEG_OFFSET)
    if peg == NO_PEG:
        return offset != 0
    if load_u8(row + E_DISPLAY) != HIDDEN or load_u8(row + E_TIME_IN_FORCE) in (OPENING, CLOSING):
        return True
    return (peg == MIDPOINT and offset != 0) or offset <= -PRICE_MAX or offset >= PRICE_MAX


@inner_kernel
def refusal(h: int, row: int) -> int:
    """Why an ENTER is refused, by the first rule it breaks; REASON_NONE when it is not."""
    if load_i64(h + H_SESSION) == 0:
        return REASON_CLOSED
    locate = load_u16(row + E_LOCATE)
    if locate == 0 or locate > load_i64(h + H_STOCKS):
        return REASON_UNKNOWN_STOCK
    at_once = load_u8(row + E_TIME_IN_FORCE) in (IOC, FOK)
    phase = load_i64(book_at(h, locate, 0) + B_PHASE)
    if phase == PHASE_HALTED or (phase == PHASE_CALL and at_once):
        return REASON_HALTED
    if bad_code(row):
        return REASON_BAD_CODE
    if bad_session(h, row):
        return REASON_BAD_SESSION
    price, shares = load_i64(row + E_PRICE), load_i64(row + E_SHARES)
    if price != 0 and bad_price(h, price):
        return REASON_BAD_PRICE
    if bad_peg(row):
        return REASON_BAD_PEG
    if shares <= 0 or shares > SHARES_MAX:
        return REASON_BAD_SHARES
    shown, display = load_i64(row + E_DISPLAY_SHARES), load_u8(row + E_DISPLAY)
    if (shown <= 0 or shown > shares) if display == RESERVE else shown != 0:
        return REASON_BAD_DISPLAY
    minimum = load_i64(row + E_MINIMUM)
    if minimum < 0 or minimum > shares or (minimum != 0 and not (at_once or display == HIDDEN)):
        return REASON_BAD_MINIMUM
    return REASON_NONE


@inner_kernel
def reject(h: int, row: int, locate: int, side: int, reason: int) -> None:
    """Refuse an instruction whose order, if any, is unknown."""
    token, original = load_i64(row + E_TOKEN), load_i64(row + E_ORIGINAL)
    shares = load_i64(row + E_SHARES)
    report(h, REJECTED, load_u16(row + E_FIRM), locate, side, reason, token, original, 0, 0, shares, 0, 0)


@inner_kernel
def book_side(side: int) -> int:
    """The side of the book that an order's side stands on: every kind of sale is a sell there."""
    return 1 if side else 0


@inner_kernel
def flags_of(row: int) -> int:
    """What the record of an order keeps of its instructions and of the kind of its sale."""
    side = load_u8(row + E_SIDE)
    flags = load_u8(row + E_INSTRUCTIONS)
    if side == SELL_SHORT:
        flags |= FLAG_SHORT
    elif side == SELL_SHORT_EXEMPT:
        flags |= FLAG_EXEMPT
    return flags


@inner_kernel
def open_order(h: int, row: int) -> int:
    """Make the record of an order as entered; returns its address."""
    order = new_order(h)
    locate, side = load_u16(row + E_LOCATE), book_side(load_u8(row + E_SIDE))
    store_i64(order + O_PRICE, load_i64(row + E_PRICE))
    store_i64(order + O_LIMIT, load_i64(row + E_PRICE))
    store_i64(order + O_SHARES, load_i64(row + E_SHARES))
    store_i64(order + O_REFRESH, load_i64(row + E_DISPLAY_SHARES))
    store_i64(order + O_MINIMUM, load_i64(row + E_MINIMUM))
    store_i64(order + O_OFFSET, load_i64(row + E_PEG_OFFSET))
    store_i64(order + O_ID, next_number(h, H_NEXT_ID))
    store_i64(order + O_TOKEN, load_i64(row + E_TOKEN))
    store_u8(order + O_SIDE, side)
    store_u8(order + O_HIDDEN, 1 if load_u8(row + E_DISPLAY) == HIDDEN else 0)
    store_u8(order + O_PEG, load_u8(row + E_PEG))
    store_u8(order + O_PREVENTION, load_u8(row + E_PREVENTION))
    store_u8(order + O_TIME_IN_FORCE, load_u8(row + E_TIME_IN_FORCE))
    store_u8(order + O_FLAGS, flags_of(row))
    store_i32(order + O_GROUP, load_u32(row + E_GROUP))
    store_u16(order + O_FIRM, load_u16(row + E_FIRM))
    store_u16(order + O_LOCATE, locate)
    store_i64(order + O_BOOK, (2 * locate + side) * BOOK_BYTES)
    return order


@inner_kernel
def fills_at_most(h: int, row: int, locate: int, side: int) -> int:
    """Bound on what an incoming order meets with: self-match prevention may end any number of orders for nothing."""
    if load_u8(row + E_PREVENTION) != NO_PREVENTION:
        return fills_in_both(h, locate)
    return min(load_i64(row + E_SHARES), load_i64(book_at(h, locate, 1 - side) + B_FILLS))


@inner_kernel
def enter(h: int, row: int) -> bool:
    """ENTER: a new order. False, with nothing changed, when a table is short."""
    firm, token = load_u16(row + E_FIRM), load_i64(row + E_TOKEN)
    locate, side = load_u16(row + E_LOCATE), book_side(load_u8(row + E_SIDE))
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
    if not room_at(h, locate, fills_at_most(h, row, locate, side)):
        return False
    order = open_order(h, row)
    remember_order(h, entry, order)
    shares = load_i64(row + E_SHARES)
    report_order(h, order, ACCEPTED, REASON_NONE, 0, load_i64(row + E_PRICE), shares, shares)
    arrive(h, order, 0)
    return True
