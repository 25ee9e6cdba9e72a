"""Is an order well formed, whoever sends it: sizes, prices, the minimum increment, and what goes together.

Knows no account, no quote and no route. The first step of the checks before a trade; `checks` has the others.
"""

from __future__ import annotations

import msgspec

from rushtrade.domain.numbers import PRICE_MAX, QUANTITY_MAX, format_price
from rushtrade.domain.orders import Hours, OrderTerms, OrderType, Side, TimeInForce
from rushtrade.domain.rejects import RejectReason

# members by name: looking one up in its class costs more than the check it is for
_LIMIT = OrderType.LIMIT
_STOP_LIMIT = OrderType.STOP_LIMIT
_STOP = OrderType.STOP
_DAY = TimeInForce.DAY
_GTC = TimeInForce.GTC
_REGULAR = Hours.REGULAR


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """Why not, in a stable number and a plain sentence."""

    reason: RejectReason
    text: str


def check_form(terms: OrderTerms, increment: int) -> Refusal | None:
    """Refuse terms that no account could send: sizes, prices, combinations, minimum price increment."""
    if not 0 < terms.quantity <= QUANTITY_MAX:
        return Refusal(
            RejectReason.MALFORMED_QUANTITY,
            f"quantity {terms.quantity} must be from 1 to {QUANTITY_MAX} shares",
        )
    kind = terms.order_type
    needs_limit = kind is _LIMIT or kind is _STOP_LIMIT
    needs_stop = kind is _STOP or kind is _STOP_LIMIT
    limit, stop = terms.limit_price, terms.stop_price
    if needs_limit != (limit > 0) or not 0 <= limit <= PRICE_MAX:
        return Refusal(RejectReason.MALFORMED_PRICE, _price_form("limit", limit, kind, needed=needs_limit))
    if needs_stop != (stop > 0) or not 0 <= stop <= PRICE_MAX:
        return Refusal(RejectReason.MALFORMED_STOP_PRICE, _price_form("stop", stop, kind, needed=needs_stop))
    if limit % increment or stop % increment:
        price = limit if limit % increment else stop
        down = price - price % increment
        return Refusal(
            RejectReason.PRICE_INCREMENT,
            f"price {format_price(price)} is finer than the minimum increment {format_price(increment)} (Rule 612); "
            f"{format_price(down)} or {format_price(down + increment)} would pass",
        )
    if needs_stop and terms.time_in_force not in {_DAY, _GTC}:
        return Refusal(
            RejectReason.TIME_IN_FORCE_NOT_TAKEN,
            f"stop orders take DAY or GTC, not {terms.time_in_force.name}",
        )
    if terms.display_shares or terms.hidden:
        refusal = _check_display(terms)
        if refusal is not None:
            return refusal
    if terms.hours is not _REGULAR or terms.short_exempt:
        return _check_marks(terms)
    return None


def _check_display(terms: OrderTerms) -> Refusal | None:
    rests = terms.order_type in {_LIMIT, _STOP_LIMIT} and terms.time_in_force in {
        _DAY,
        _GTC,
    }
    if not rests:
        return Refusal(
            RejectReason.DISPLAY_NOT_TAKEN,
            "hidden and reserve are for DAY or GTC limit orders, which can rest",
        )
    if terms.hidden and terms.display_shares:
        return Refusal(RejectReason.DISPLAY_NOT_TAKEN, "an order is hidden or shows some shares, not both")
    if not 0 <= terms.display_shares <= terms.quantity:
        return Refusal(
            RejectReason.DISPLAY_NOT_TAKEN,
            f"display quantity {terms.display_shares} must be from 1 to the order's {terms.quantity} shares",
        )
    return None


def _price_form(which: str, price: int, kind: OrderType, *, needed: bool) -> str:
    if not needed:
        return f"{kind.name.replace('_', ' ').lower()} orders take no {which} price; {format_price(price)} was given"
    return f"{which} price {format_price(price)} must be above 0 and at most {format_price(PRICE_MAX)}"


def _check_marks(terms: OrderTerms) -> Refusal | None:
    if terms.short_exempt and terms.side is Side.BUY:
        return Refusal(
            RejectReason.MARK_NOT_TAKEN, "short exempt marks sales, not purchases (242.200(g)); leave it out"
        )
    rests = terms.order_type is _LIMIT and terms.time_in_force in {_DAY, _GTC}
    if terms.hours is not _REGULAR and not rests:
        return Refusal(
            RejectReason.MARK_NOT_TAKEN,
            "extended hours are for limit orders, DAY or GTC; this one would pass without, or as such a limit order",
        )
    return None
