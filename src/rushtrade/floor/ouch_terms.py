"""What OUCH 5.0 means at our venues: its orders as ORDER_ENTRY rows, our reasons as its letters and numbers. Pure functions.

`docs/protocols/ouch.md` is the table for people: which letters a venue takes, and what it refuses with which reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from rushtrade.wire import order_entry as oe
from rushtrade.wire import ouch50 as ouch
from rushtrade.wire import ouch50_codes as code
from rushtrade.wire import ouch50_options as tag

SECONDS_MAX: Final = 86_399
"""Longest life of an order that ends by time: it must be shorter than a day."""

if TYPE_CHECKING:
    import numpy as np

_SIDES: Final = {
    code.BUY: oe.BUY,
    code.SELL: oe.SELL,
    code.SELL_SHORT: oe.SELL_SHORT,
    code.SELL_SHORT_EXEMPT: oe.SELL_SHORT_EXEMPT,
}
_TIMES: Final = {
    code.DAY: oe.DAY,
    code.IOC: oe.IOC,
    code.EXTENDED: oe.EXTENDED,
    code.UNTIL_TIME: oe.EXTENDED,
}
_DISPLAYS: Final = {
    code.DISPLAYED: oe.DISPLAYED,
    code.ATTRIBUTABLE: oe.DISPLAYED,
    code.HIDDEN: oe.HIDDEN,
}
_CROSSES: Final = {
    code.OPENING_CROSS: oe.OPENING,
    code.HALT_CROSS: oe.OPENING,
    code.CLOSING_CROSS: oe.CLOSING,
}
_PEGS: Final = {
    code.LIMIT_PRICE: oe.NO_PEG,
    code.MIDPOINT_PEG: oe.MIDPOINT,
    code.PRIMARY_PEG: oe.PRIMARY,
    code.MARKET_PEG: oe.MARKET,
}
_PREVENTIONS: Final = {
    "": oe.NO_PREVENTION,
    code.PREVENT_NEWEST: oe.CANCEL_NEWEST,
    code.PREVENT_OLDEST: oe.CANCEL_OLDEST,
    code.PREVENT_BOTH: oe.CANCEL_BOTH,
}
_CAPACITIES: Final = (code.AGENCY, code.PRINCIPAL, code.RISKLESS, code.OTHER_CAPACITY)
_NOT_TAKEN: Final = (
    tag.DISCRETION_PRICE,
    tag.DISCRETION_PRICE_TYPE,
    tag.DISCRETION_PEG_OFFSET,
    tag.RANDOM_RESERVES,
)

REJECT_REASONS: Final[dict[int, int]] = {
    oe.REASON_CLOSED: code.CLOSED,
    oe.REASON_UNKNOWN_STOCK: code.BAD_SYMBOL,
    oe.REASON_HALTED: code.HALTED,
    oe.REASON_BAD_PRICE: code.BAD_PRICE,
    oe.REASON_BAD_SHARES: code.BAD_QUANTITY,
    oe.REASON_BAD_DISPLAY: code.BAD_MAX_FLOOR,
    oe.REASON_BAD_MINIMUM: code.BAD_MINIMUM,
    oe.REASON_BAD_PEG: code.BAD_PEG,
    oe.REASON_UNKNOWN_ORDER: code.REPLACE_NOT_ALLOWED,
    oe.REASON_TOO_LATE: code.REPLACE_NOT_ALLOWED,
    oe.REASON_BAD_SESSION: code.BAD_CROSS,
    oe.REASON_SHORT_SALE: code.SHORT_SALE_RESTRICTED,
    oe.REASON_WOULD_TAKE: code.CROSSED_MARKET,
    oe.REASON_PRICE_BAND: code.BAD_PRICE,
}
"""Reasons of REJECTED rows; any other is OTHER."""

CANCEL_REASONS: Final[dict[int, str]] = {
    oe.REASON_USER_CANCEL: code.CANCELED_BY_USER,
    oe.REASON_IOC_REMAINDER: code.CANCELED_AT_ONCE,
    oe.REASON_MINIMUM_NOT_MET: code.CANCELED_AT_ONCE,
    oe.REASON_DAY_END: code.CANCELED_AT_CLOSE,
    oe.REASON_SUPERVISORY: code.CANCELED_BY_SUPERVISOR,
    oe.REASON_SELF_MATCH: code.CANCELED_SELF_MATCH,
    oe.REASON_WOULD_TAKE: code.CANCELED_POST_ONLY,
    oe.REASON_PROTECTED_QUOTE: code.CANCELED_BY_REGULATION,
    oe.REASON_CROSS_OVER: code.CANCELED_CROSS,
    oe.REASON_BAD_SESSION: code.CANCELED_CROSS,
    oe.REASON_HALTED: code.CANCELED_IN_HALT,
    oe.REASON_SHORT_SALE: code.CANCELED_BY_REGULATION,
    oe.REASON_PRICE_BAND: code.CANCELED_BY_REGULATION,
}
"""Reasons of CANCELED rows; any other is the system's."""


class Terms(msgspec.Struct, frozen=True):
    """What an order of OUCH is at the venue, in the words of ORDER_ENTRY."""

    side: int
    time_in_force: int
    display: int
    price: int
    display_shares: int
    minimum_shares: int
    peg: int
    instructions: int
    prevention: int
    capacity: int
    group: int
    peg_offset: int
    seconds: int
    """Life of an order that ends by time; 0 for any other."""


def terms_of(order: ouch.EnterOrder, mpid: str) -> Terms | int:
    """Read an order; a number of `REJECT_TEXTS` when its letters are none the venue takes. Sizes and prices are the engine's to judge."""
    options = dict(order.options or ())
    refusal = _refusal(order, options, mpid)
    if refusal:
        return refusal
    peg = _PEGS[_text(options, tag.PRICE_TYPE) or code.LIMIT_PRICE]
    price = oe.MARKET_PRICE if order.price == code.MARKET_PRICE else order.price
    if price > oe.PRICE_MAX or (not order.price and peg == oe.NO_PEG):
        return code.BAD_PRICE  # 0 is the venue's word for a market order, not the protocol's
    floor = _number(options, tag.MAX_FLOOR)
    posting = oe.POST_ONLY * (_text(options, tag.POST_ONLY) == code.POST_ONLY)
    return Terms(
        side=_SIDES[order.side],
        time_in_force=_CROSSES.get(order.cross_type) or _TIMES[order.time_in_force],
        display=oe.RESERVE if floor else _DISPLAYS[order.display],
        price=price,
        display_shares=floor,
        minimum_shares=_number(options, tag.MIN_QUANTITY),
        peg=peg,
        instructions=posting + oe.ISO * (order.sweep == code.YES),
        prevention=_PREVENTIONS[_text(options, tag.AIQ_STRATEGY)],
        capacity=ord(order.capacity),
        group=_group(options),
        peg_offset=_number(options, tag.PEG_OFFSET),
        seconds=_number(options, tag.EXPIRE_TIME) if order.time_in_force == code.UNTIL_TIME else 0,
    )


def _refusal(order: ouch.EnterOrder, options: dict[int, int | str | bytes], mpid: str) -> int:
    """First rule an order breaks; 0 when it breaks none."""
    rules = (
        (code.FIRM_NOT_AUTHORIZED, _text(options, tag.FIRM) in {"", mpid}),
        (code.BAD_SIDE, order.side in _SIDES),
        (code.BAD_DISPLAY, order.display in _DISPLAYS),
        (code.BAD_MAX_FLOOR, order.display != code.HIDDEN or not _number(options, tag.MAX_FLOOR)),
        (code.BAD_CROSS, order.cross_type in {*_CROSSES, code.CONTINUOUS}),
        (code.BAD_CROSS, not _text(options, tag.HANDLE_INSTRUCTION)),
        (code.BAD_PEG, (_text(options, tag.PRICE_TYPE) or code.LIMIT_PRICE) in _PEGS),
        (code.RETAIL_NOT_ALLOWED, _text(options, tag.CUSTOMER_TYPE) in {"", code.NO}),
        (code.ROUTING_NOT_ALLOWED, not _text(options, tag.ROUTE)),
        (code.OTHER, order.time_in_force in _TIMES and order.capacity in _CAPACITIES),
        (code.OTHER, order.sweep in {code.YES, code.NO}),
        (code.OTHER, _text(options, tag.TRADE_NOW) in {"", code.NO}),
        (code.OTHER, _text(options, tag.POST_ONLY) in {"", code.NO, code.POST_ONLY}),
        (code.OTHER, _text(options, tag.AIQ_STRATEGY) in _PREVENTIONS),
        (code.OTHER, not any(name in options for name in _NOT_TAKEN)),
        (code.OTHER, _lives_long_enough(order, options)),
    )
    return next((reason for reason, kept in rules if not kept), 0)


def replace_refusal(replace: ouch.ReplaceOrder, order: ouch.EnterOrder, *, pegged: bool) -> int:
    """Reason to refuse a replace of a living order before the venue sees it; 0 when there is none."""
    same = (replace.time_in_force, replace.display, replace.sweep) == (
        order.time_in_force,
        order.display,
        order.sweep,
    )
    options = {name for name, _ in replace.options or ()}
    if not same or not options <= {tag.MAX_FLOOR, tag.USER_REF_INDEX}:
        return code.REPLACE_NOT_ALLOWED  # another time, display or kind of order is a new order
    if replace.price > oe.PRICE_MAX or (not replace.price and not pegged):
        return code.BAD_PRICE
    return 0


def _lives_long_enough(order: ouch.EnterOrder, options: dict[int, int | str | bytes]) -> bool:
    seconds = _number(options, tag.EXPIRE_TIME)
    return 0 < seconds <= SECONDS_MAX if order.time_in_force == code.UNTIL_TIME else not seconds


def _group(options: dict[int, int | str | bytes]) -> int:
    """The group whose orders do not meet: by number, or by the two letters of the other option."""
    letters = _text(options, tag.AIQ_GROUP_ID)
    return int.from_bytes(letters.encode("latin-1"), "big") if letters else _number(options, tag.GROUP_ID)


def _number(options: dict[int, int | str | bytes], name: int) -> int:
    value = options.get(name, 0)
    return value if isinstance(value, int) else 0


def _text(options: dict[int, int | str | bytes], name: int) -> str:
    value = options.get(name, "")
    return value if isinstance(value, str) else ""


def liquidity_of(letter: int, terms: Terms) -> str:
    """Say how an execution came about: crosses by their letters, hidden and midpoint orders by their own."""
    flag = chr(letter)
    if terms.peg == oe.MIDPOINT:
        return {code.ADDED: code.ADDED_MIDPOINT, code.REMOVED: code.REMOVED_MIDPOINT}.get(flag, flag)
    return code.ADDED_HIDDEN if flag == code.ADDED and terms.display == oe.HIDDEN else flag


def terms_said(order: ouch.EnterOrder, size: int, report: np.void, state: str) -> tuple[Any, ...]:
    """The fields accepted and replaced orders have in common, from the side on."""
    venue_id = int(report["venue_order_id"])
    head = (order.side, size, order.symbol, order.price, order.time_in_force, order.display, venue_id)
    return (
        *head,
        order.capacity,
        order.sweep,
        order.cross_type,
        state,
        order.client_order_id,
        order.options or (),
    )
