"""What a NewOrderSingle of FIX 4.2 means at our venues, and the numbers of fields an exchange's FIX port speaks. Pure functions.

`docs/protocols/fix-venue.md` is the table for people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import parse_price, parse_quantity
from rushtrade.wire import order_entry as oe

if TYPE_CHECKING:
    from rushtrade.wire.fix42 import FixMessage

ACCOUNT, AVG_PX, CL_ORD_ID, CUM_QTY, EXEC_ID, EXEC_INST, EXEC_TRANS_TYPE = 1, 6, 11, 14, 17, 18, 20
LAST_PX, LAST_SHARES, ORDER_ID, ORDER_QTY, ORD_STATUS, ORD_TYPE, ORIG_CL_ORD_ID = 31, 32, 37, 38, 39, 40, 41
PRICE, RULE_80A, SIDE, SYMBOL, TEXT, TIME_IN_FORCE, TRANSACT_TIME, POSS_RESEND = (
    44,
    47,
    54,
    55,
    58,
    59,
    60,
    97,
)
CXL_REJ_REASON, ORD_REJ_REASON, MIN_QTY, MAX_FLOOR, LOCATE_REQD, EXEC_TYPE = 102, 103, 110, 111, 114, 150
LEAVES_QTY, PEG_DIFFERENCE, BUSINESS_REJECT_REASON, CXL_REJ_RESPONSE_TO, LIQUIDITY = 151, 211, 380, 434, 9882

ORDER, CANCEL, REPLACE, STATUS_REQUEST = "D", "F", "G", "H"
EXECUTION_REPORT, CANCEL_REJECT, BUSINESS_REJECT = "8", "9", "j"
NEW, PARTIAL, FILLED, CANCELED, REPLACED, REJECTED = "0", "1", "2", "4", "5", "8"
REJECTED_BY_VENUE, UNKNOWN_SYMBOL, VENUE_CLOSED, DUPLICATE = "0", "1", "2", "6"
TOO_LATE_TO_CANCEL, UNKNOWN_ORDER = "0", "1"

REQUIRED: Final = {
    ORDER: (CL_ORD_ID, SYMBOL, SIDE, ORDER_QTY, ORD_TYPE),
    CANCEL: (ORIG_CL_ORD_ID, CL_ORD_ID, SYMBOL, SIDE),
    REPLACE: (ORIG_CL_ORD_ID, CL_ORD_ID, SYMBOL, SIDE, ORDER_QTY, ORD_TYPE),
    STATUS_REQUEST: (CL_ORD_ID, SYMBOL, SIDE),
}
"""Fields without which a message is rejected by the session."""

SIDES: Final = {"1": oe.BUY, "2": oe.SELL, "5": oe.SELL_SHORT, "6": oe.SELL_SHORT_EXEMPT}
_MARKET, _LIMIT, _MARKET_ON_CLOSE, _LIMIT_ON_CLOSE, _PEGGED = "1", "2", "5", "B", "P"
_UNPRICED: Final = (_MARKET, _MARKET_ON_CLOSE)
_TYPES: Final = (_MARKET, _LIMIT, _MARKET_ON_CLOSE, _LIMIT_ON_CLOSE, _PEGGED)
_TIMES: Final = {"0": oe.DAY, "2": oe.OPENING, "3": oe.IOC, "4": oe.FOK, "5": oe.EXTENDED, "7": oe.CLOSING}
_PEGS: Final = {"M": oe.MIDPOINT, "R": oe.PRIMARY, "P": oe.MARKET}
_INSTRUCTIONS: Final = {"6": oe.POST_ONLY, "f": oe.ISO}
_CAPACITIES: Final = {"": 0, "A": ord("A"), "I": ord("A"), "P": ord("P"), "R": ord("R")}


class FixTerms(msgspec.Struct, frozen=True):
    """What an order of FIX is at the venue, in the words of ORDER_ENTRY."""

    side: int
    time_in_force: int
    display: int
    price: int
    shares: int
    display_shares: int
    minimum_shares: int
    peg: int
    instructions: int
    capacity: int
    peg_offset: int


def terms_of(order: FixMessage) -> FixTerms:
    """Read an order. Raises InvalidInput for what the venue does not take, with what it does."""
    kind = _one_of(order, ORD_TYPE, _TYPES)
    side = _one_of(order, SIDE, SIDES)
    if side in "56" and order.get(LOCATE_REQD, "N") != "N":
        raise InvalidInput("LocateReqd (114) of a short sale is N: shares are located before it is sent")
    time = _TIMES[_one_of(order, TIME_IN_FORCE, _TIMES, "0")]
    peg, instructions = _execution(order.get(EXEC_INST))
    if (peg != oe.NO_PEG) != (kind == _PEGGED):
        raise InvalidInput(f"OrdType (40) {_PEGGED} goes with one of {', '.join(_PEGS)} in ExecInst (18)")
    floor = order.get(MAX_FLOOR)
    shown = parse_quantity(floor) if floor else 0
    display = oe.RESERVE if shown else oe.HIDDEN if floor else oe.DISPLAYED
    closes = kind in {_MARKET_ON_CLOSE, _LIMIT_ON_CLOSE}
    return FixTerms(
        side=SIDES[side],
        time_in_force=oe.CLOSING if closes else time,
        display=display,
        price=_price(order, kind),
        shares=parse_quantity(order.get(ORDER_QTY)),
        display_shares=shown,
        minimum_shares=parse_quantity(order.get(MIN_QTY, "0")),
        peg=peg,
        instructions=instructions,
        capacity=_CAPACITIES[_one_of(order, RULE_80A, _CAPACITIES, "")],
        peg_offset=_offset(order.get(PEG_DIFFERENCE)),
    )


def _price(order: FixMessage, kind: str) -> int:
    text = order.get(PRICE)
    if kind in _UNPRICED:
        if text:
            raise InvalidInput(f"Price (44) does not go with OrdType (40) {kind}")
        return oe.MARKET_PRICE
    if not text and kind == _PEGGED:
        return oe.MARKET_PRICE
    price = parse_price(text)
    if not price:
        raise InvalidInput("Price (44) of an order with a limit is above 0")
    return price


def _execution(text: str) -> tuple[int, int]:
    """Peg and instructions of ExecInst, whose letters stand apart."""
    peg, instructions = oe.NO_PEG, 0
    for letter in text.split():
        if letter in _PEGS and peg == oe.NO_PEG:
            peg = _PEGS[letter]
        elif letter in _INSTRUCTIONS:
            instructions |= _INSTRUCTIONS[letter]
        else:
            known = ", ".join((*_PEGS, *_INSTRUCTIONS))
            raise InvalidInput(f"ExecInst (18) {text[:20]!r}: {known} are taken, one peg at a time")
    return peg, instructions


def _offset(text: str) -> int:
    return -parse_price(text[1:]) if text.startswith("-") else parse_price(text) if text else 0


def _one_of(order: FixMessage, tag: int, known: dict[str, int] | tuple[str, ...], otherwise: str = "") -> str:
    value = order.get(tag, otherwise)
    if value not in known:
        raise InvalidInput(f"field {tag} is one of {', '.join(filter(None, known))}, not {value[:20]!r}")
    return value


def order_reject(reason: int) -> str:
    """OrdRejReason of a reason of the venue."""
    return {oe.REASON_UNKNOWN_STOCK: UNKNOWN_SYMBOL, oe.REASON_CLOSED: VENUE_CLOSED}.get(
        reason, REJECTED_BY_VENUE
    )
