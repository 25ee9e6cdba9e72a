"""Orders as clients send them: read strictly, and made into the house's terms.

Nothing is taken and then left out: a class, type or field this house does not serve is refused by name, with what
would pass. What the house itself decides (price increments, buying power, shares, routes) is left to it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from rushtrade.api.decoding import DecimalText
from rushtrade.api.entities import Kind, read_id
from rushtrade.api.faults import forbidden, invalid, not_taken
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import parse_price, parse_quantity
from rushtrade.domain.orders import (
    CLIENT_ORDER_ID_BYTES_MAX,
    ROUTE_DART,
    Capacity,
    Hours,
    OrderTerms,
    OrderType,
    Side,
    TimeInForce,
)

if TYPE_CHECKING:
    from rushtrade.api.ports import Permission
    from rushtrade.store import rows
    from rushtrade.store.image import Image

CLIENT_ORDER_ID_LENGTH_MAX: Final = CLIENT_ORDER_ID_BYTES_MAX
ROUTE_BYTES_MAX: Final = 32
PERCENTAGE_DIGITS: Final = 9

SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
TYPES: Final = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "stop": OrderType.STOP,
    "stop_limit": OrderType.STOP_LIMIT,
}
TIMES_IN_FORCE: Final = {
    "day": TimeInForce.DAY,
    "gtc": TimeInForce.GTC,
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
}


class Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an order is beside its terms: `not_held` leaves price and time to the house; the other two are the firm's own to set."""

    not_held: bool = False
    capacity: Literal["agency", "principal", "riskless_principal"] = "agency"
    short_exempt: bool = False


class Instructions(Marks, frozen=True, forbid_unknown_fields=True):
    """Direct access: where the order goes, how much of it is shown, and how it is marked."""

    destination: str | None = None
    display_qty: DecimalText | None = None


class OrderBody(msgspec.Struct, frozen=True):
    """POST /v2/orders."""

    symbol: str
    side: Literal["buy", "sell"]
    type: Literal["market", "limit", "stop", "stop_limit", "trailing_stop"]
    time_in_force: Literal["day", "gtc", "ioc", "fok", "opg", "cls"]
    qty: DecimalText | None = None
    notional: DecimalText | None = None
    limit_price: DecimalText | None = None
    stop_price: DecimalText | None = None
    trail_price: DecimalText | None = None
    trail_percent: DecimalText | None = None
    extended_hours: bool = False
    client_order_id: str = ""
    order_class: Literal["", "simple", "bracket", "oco", "oto", "mleg"] = "simple"
    take_profit: Any = None
    stop_loss: Any = None
    legs: Any = None
    position_intent: str | None = None
    advanced_instructions: Instructions = Instructions()


class ReplaceBody(msgspec.Struct, frozen=True):
    """PATCH /v2/orders/{id}: what is left out stays."""

    qty: DecimalText | None = None
    time_in_force: Literal["day", "gtc", "ioc", "fok", "opg", "cls"] | None = None
    limit_price: DecimalText | None = None
    stop_price: DecimalText | None = None
    trail: DecimalText | None = None
    client_order_id: str = ""


class Replacement(msgspec.Struct, frozen=True):
    """What a replace changes; 0 = leave as it is."""

    quantity: int
    limit_price: int
    stop_price: int


def find_instrument(image: Image, text: str) -> rows.InstrumentRow:
    """Find what an order names by symbol or asset id."""
    found = image.symbols.get(text)
    if found is None:
        number = read_id(Kind.ASSET, text)
        found = None if number is None else image.instruments.get(number)
    if found is None:
        raise not_taken(f"asset {text[:40]!r} is not found: a symbol of /v2/assets would pass")
    return found


def read_terms(body: OrderBody, instrument_id: int) -> OrderTerms:
    """Make terms of an order body."""
    _refuse_what_is_not_served(body)
    limit = _price("limit_price", body.limit_price)
    stop = _price("stop_price", body.stop_price)
    _check_prices(body.type, limit, stop)
    display, hidden = _display(body.advanced_instructions.display_qty)
    check_client_order_id(body.client_order_id)
    terms = OrderTerms(
        instrument_id=instrument_id,
        side=SIDES[body.side],
        order_type=TYPES[body.type],
        time_in_force=TIMES_IN_FORCE[body.time_in_force],
        quantity=_quantity(body.qty),
        limit_price=limit,
        stop_price=stop,
        route=read_route(body.advanced_instructions.destination),
        display_shares=display,
        hidden=hidden,
    )
    return marked(terms, body.advanced_instructions, extended_hours=body.extended_hours)


def marked(terms: OrderTerms, marks: Marks, *, extended_hours: bool) -> OrderTerms:
    """Give terms their marks."""
    return msgspec.structs.replace(
        terms,
        not_held=marks.not_held,
        capacity=Capacity[marks.capacity.upper()],
        hours=Hours.EXTENDED if extended_hours else Hours.REGULAR,
        short_exempt=marks.short_exempt,
    )


def permission_for(terms: OrderTerms | None) -> Permission:
    """Name what entering an order needs: one that is not an agent's, or is short exempt, is the firm's to enter."""
    own = terms is not None and (terms.capacity is not Capacity.AGENCY or terms.short_exempt)
    return "operate" if own else "trade"


def _refuse_what_is_not_served(body: OrderBody) -> None:
    if body.order_class not in {"", "simple"} or body.take_profit or body.stop_loss or body.legs:
        raise not_taken(
            f"{body.order_class or 'simple'} orders with legs are not taken here: "
            "order_class 'simple' without take_profit, stop_loss and legs would pass"
        )
    if body.type == "trailing_stop" or body.trail_price is not None or body.trail_percent is not None:
        raise not_taken(
            "trailing stop orders are not taken here: type market, limit, stop or stop_limit would pass"
        )
    if body.time_in_force not in TIMES_IN_FORCE:
        raise not_taken(
            f"time_in_force {body.time_in_force!r} is not taken here (no auction orders): day, gtc, ioc or fok would pass"
        )
    if body.extended_hours and (body.type != "limit" or body.time_in_force not in {"day", "gtc"}):
        raise not_taken(
            "extended_hours is for limit orders: type limit with time_in_force day or gtc would pass"
        )
    if body.position_intent is not None:
        raise not_taken(
            "position_intent is not taken for shares: leave it out, the house knows it from the position"
        )
    if body.notional is not None:
        if body.qty is not None:
            raise invalid("only one of qty or notional is accepted")
        raise not_taken("notional orders are not taken here: qty in whole shares would pass")


def _quantity(text: DecimalText | None) -> int:
    if text is None:
        raise invalid("qty is required")
    return whole_shares("qty", text)


def whole_shares(name: str, text: str) -> int:
    """Read a number of shares above zero."""
    whole, _, fraction = text.partition(".")
    if fraction.strip("0") and whole.lstrip("-+").isdigit() and fraction.isdigit():
        raise not_taken(f"{name} {text[:40]}: fractional shares are not taken here, whole shares would pass")
    try:
        shares = parse_quantity(text)
    except InvalidInput as error:
        raise invalid(f"{name} must be > 0: {error}") from None
    if shares == 0:
        raise invalid(f"{name} must be > 0")
    return shares


def _price(name: str, text: DecimalText | None) -> int:
    """Read a price above zero; 0 when none was sent."""
    if text is None:
        return 0
    try:
        price = parse_price(text)
    except InvalidInput as error:
        if "digits after the point" in str(error):
            raise not_taken(
                f"invalid {name} {text[:40]}. sub-penny increment does not fulfill minimum pricing criteria"
            ) from None
        raise invalid(f"{name.replace('_', ' ')} must be > 0: {error}") from None
    if price == 0:
        raise invalid(f"{name.replace('_', ' ')} must be > 0")
    return price


def _check_prices(kind: str, limit: int, stop: int) -> None:
    """Ask for exactly the prices a type has."""
    if kind == "market" and (limit or stop):
        raise invalid("market orders require no stop or limit price")
    if kind == "limit" and not limit:
        raise invalid("limit orders require a limit price")
    if kind == "limit" and stop:
        raise invalid("limit orders require no stop price: type stop_limit would take it")
    if kind == "stop" and not stop:
        raise invalid("stop orders require a stop price")
    if kind == "stop" and limit:
        raise invalid("stop orders require no limit price: type stop_limit would take it")
    if kind == "stop_limit" and not (limit and stop):
        raise invalid("stop limit orders require both stop and limit price")


def _display(text: DecimalText | None) -> tuple[int, bool]:
    """Read how many shares are shown: all of them, some, or none."""
    if text is None:
        return 0, False
    try:
        shares = parse_quantity(text)
    except InvalidInput as error:
        raise invalid(f"display_qty: {error}") from None
    return shares, shares == 0


def read_route(text: str | None) -> str:
    """Read a route choice; whether it exists is the house's business."""
    if text is None or text == "":
        return ROUTE_DART
    if len(text) > ROUTE_BYTES_MAX or not (text.isascii() and text.isprintable()):
        raise invalid(f"destination must be no more than {ROUTE_BYTES_MAX} plain characters")
    return text


def check_client_order_id(text: str) -> None:
    """Refuse a client order id that is too long or cannot be written down."""
    if len(text.encode(errors="replace")) > CLIENT_ORDER_ID_LENGTH_MAX:
        raise invalid(f"client_order_id must be no more than {CLIENT_ORDER_ID_LENGTH_MAX} characters")
    if text and not text.isprintable():
        raise invalid("client_order_id must be printable text")


def read_replacement(body: ReplaceBody, order: rows.OrderRow, time_in_force: str) -> Replacement:
    """Make a replacement of a PATCH body."""
    if body.trail is not None:
        raise not_taken("trail is for trailing stop orders, which are not taken here")
    if body.time_in_force not in {None, time_in_force}:
        raise not_taken(
            f"time_in_force cannot be changed by a replace: {time_in_force!r}, or none, would pass"
        )
    check_client_order_id(body.client_order_id)
    limit = _price("limit_price", body.limit_price)
    stop = _price("stop_price", body.stop_price)
    if limit and not order.limit_price:
        raise invalid("limit_price cannot be given to an order without one")
    if stop and not order.stop_price:
        raise invalid("stop_price cannot be given to an order without one")
    quantity = 0 if body.qty is None else whole_shares("qty", body.qty)
    return Replacement(quantity, limit, stop)


def shares_to_close(qty: str | None, percentage: str | None, held: int) -> int:
    """Read how much of a position is to be closed: shares, a percentage, or all of it."""
    if qty is not None and percentage is not None:
        raise invalid("only one of qty or percentage is accepted")
    if qty is not None:
        shares = whole_shares("qty", qty)
        if shares > held:
            raise forbidden(f"insufficient qty available for order (requested: {shares}, available: {held})")
        return shares
    if percentage is None:
        return held
    whole, _, fraction = percentage.partition(".")
    digits = f"{whole}{fraction}"
    plain = digits.isascii() and digits.isdigit()
    if not plain or len(whole) > len("100") or len(fraction) > PERCENTAGE_DIGITS:
        raise invalid(f"percentage {percentage[:40]!r} is not a number above 0, at most 100")
    share = Fraction(f"{whole or 0}.{fraction or 0}")
    if not 0 < share <= 100:
        raise invalid(f"percentage {percentage[:40]!r} is not above 0 and at most 100")
    shares = int(held * share / 100)
    if shares == 0:
        raise invalid(f"percentage {percentage[:40]} of {held} shares is less than one share")
    return shares
