"""What a workstation may ask: each `do` of docs/protocols/workstation.md is a function of a connection and its arguments.

Unknown arguments are refused by name. An answer to an order comes after it is durable. A client order id seen before
never executes twice: with equal content the answer is the first order.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from rushtrade.api import order_bodies as forms
from rushtrade.api import trading
from rushtrade.api.access import authorize
from rushtrade.api.decoding import DecimalText, fit
from rushtrade.api.faults import ApiFault
from rushtrade.api.ports import BUSY
from rushtrade.domain import events as ev
from rushtrade.domain.commands import CancelAllOrders, CancelOrder, EnterOrder, SwitchRoute
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import parse_price
from rushtrade.domain.orders import OrderTerms, TimeInForce
from rushtrade.domain.rejects import RejectReason
from rushtrade.serving.screener import ScanQuery, listed, scanned, seen_whole
from rushtrade.store import queries, rows
from rushtrade.store.traces import TRACE_ROWS_MAX, routing_trace
from rushtrade.workstation import views
from rushtrade.workstation.bodies import (
    ListBody,
    MaybeSymbol,
    OneAccount,
    OneOrder,
    OrderBody,
    Orders,
    Ping,
    ReplaceBody,
    RouteSwitch,
    ScanBody,
    Steering,
    Switch,
    Symbols,
)
from rushtrade.workstation.pushes import Connection
from rushtrade.workstation.queue_places import ORDERS_MAX, places
from rushtrade.workstation.refused import Refused, bad_request, refused_by_house
from rushtrade.workstation.sights import refusal_of
from rushtrade.workstation.steering import steer
from rushtrade.workstation.stock_facts import STOCKS_MAX

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import numpy as np
    import numpy.typing as npt

    from rushtrade.api.ports import Outcome
    from rushtrade.domain.quotes import QuoteStamp

Request: TypeAlias = "Callable[[Connection, Any], Awaitable[dict[str, Any]]]"
_CLIENT_ORDER_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,48}", re.ASCII)


# --- subscriptions ---------------------------------------------------------------------------------------


def _find(connection: Connection, symbol: str) -> rows.InstrumentRow:
    row = connection.desk.store.image.symbols.get(symbol)
    if row is None:
        raise Refused(0, "unknown_symbol", f"Symbol {symbol[:20]!r} is not known here.")
    return row


def _subscription(
    most: int, take: Callable[[Connection, list[int]], None], *, depth: bool = False
) -> Request:
    """Make the request that replaces a set of symbols wanted; what is lacking to see them is answered and said."""

    async def subscribe(connection: Connection, wanted: Symbols) -> dict[str, Any]:
        if "market_data" not in connection.actor.permissions:
            raise Refused(0, "not_permitted", "Market data needs the permission market_data.")
        if len(wanted.symbols) > most:
            raise bad_request(f"{len(wanted.symbols)} symbols are too many: {most} would pass.")
        chosen = list(dict.fromkeys(_find(connection, symbol).instrument_id for symbol in wanted.symbols))
        take(connection, chosen)
        lacking = _lacking(connection, chosen, depth=depth)
        connection.tell_lacking(lacking)
        return {"symbols": len(chosen)} | ({"lacking": lacking} if lacking else {})

    return subscribe


def _lacking(connection: Connection, instrument_ids: list[int], *, depth: bool) -> list[str]:
    """Say, once a product, why symbols are not shown: they are wanted all the same, and appear when a product is granted."""
    found = connection.desk.store.image.instruments
    told = (refusal_of(connection.viewer, found[number], depth=depth) for number in instrument_ids)
    return [text for text in dict.fromkeys(told) if text]


async def _select(connection: Connection, wanted: OneAccount) -> dict[str, Any]:
    if wanted.account_id not in connection.actor.account_ids:
        raise Refused(0, "unknown_account", f"Account {int(wanted.account_id)} is not one of yours.")
    connection.select(int(wanted.account_id))
    return {"account_id": connection.account_id}


async def _ping(connection: Connection, wanted: Ping) -> dict[str, Any]:
    del connection
    return {"client_us": int(wanted.client_us), "server_us": views.server_us()}


# --- orders ------------------------------------------------------------------------------------------------


def _may_trade(connection: Connection, terms: OrderTerms | None = None) -> None:
    try:
        authorize(connection.actor, forms.permission_for(terms), connection.account_id)
    except ApiFault as fault:
        raise Refused(0, "not_permitted", f"Entering orders is not permitted: {fault.message}.") from None


def _price(name: str, text: DecimalText | None) -> int:
    if text is None:
        return 0
    try:
        price = parse_price(text)
    except InvalidInput as error:
        raise bad_request(f"{name}: {error}.") from None
    if price == 0:
        raise bad_request(f"{name} must be above 0.")
    return price


def _check_client_order_id(text: str) -> None:
    if text and not _CLIENT_ORDER_ID.fullmatch(text):
        raise bad_request("client_order_id has 1 to 48 characters of A–Z a–z 0–9 - _ . :")


def _check_quantity(shares: int) -> None:
    if not 1 <= shares <= views.QUANTITY_MAX:
        raise bad_request(f"quantity {int(shares)} is outside 1 to {views.QUANTITY_MAX:,}.")


def _terms(connection: Connection, body: OrderBody) -> OrderTerms:
    instrument = _find(connection, body.symbol)
    _check_quantity(body.quantity)
    limit, stop = _price("limit_price", body.limit_price), _price("stop_price", body.stop_price)
    limited, stopped = {"limit", "stop_limit"}, {"stop", "stop_limit"}
    for name, price, types in (("limit_price", limit, limited), ("stop_price", stop, stopped)):
        if bool(price) != (body.type in types):
            raise bad_request(f"{body.type} orders {'need' if body.type in types else 'take no'} {name}.")
    _check_client_order_id(body.client_order_id)
    if body.display is not None and body.display < 0:
        raise bad_request("display is 0 (hidden) or a number of shares.")
    try:
        route = forms.read_route(body.route)
    except ApiFault as fault:
        raise bad_request(f"route: {fault.message}.") from None
    terms = OrderTerms(
        instrument_id=instrument.instrument_id,
        side=forms.SIDES["buy" if body.side == "buy" else "sell"],
        order_type=forms.TYPES[body.type],
        time_in_force=forms.TIMES_IN_FORCE[body.time_in_force],
        quantity=int(body.quantity),
        limit_price=limit,
        stop_price=stop,
        route=route,
        display_shares=int(body.display or 0),
        hidden=body.display == 0,
    )
    return forms.marked(terms, body, extended_hours=body.extended_hours)


def _check_side(connection: Connection, body: OrderBody) -> None:
    """Keep a sale from going through zero, and a short sale from being one by mistake."""
    if body.side == "buy":
        return
    number = _find(connection, body.symbol).instrument_id
    views_now = connection.desk.ports.accounts.positions(connection.account_id)
    found = next((view for view in views_now if view.instrument_id == number), None)
    held = max(found.shares - found.closing_held, 0) if found is not None and found.shares > 0 else 0
    if body.side == "sell" and body.quantity > held:
        passes = f"{held:,} shares or fewer would pass" if held else "a short sale would pass as sell_short"
        raise refused_by_house(
            RejectReason.INSUFFICIENT_SHARES,
            f"A sale of {int(body.quantity):,} {body.symbol} is more than the {held:,} shares free to sell; {passes}.",
        )
    if body.side == "sell_short" and held:
        raise refused_by_house(
            RejectReason.POSITION_FLIP,
            f"{body.symbol} is held long ({held:,} shares free to sell): sell them first, as a sale.",
        )


def _stamp(connection: Connection, terms: OrderTerms) -> QuoteStamp:
    rests = terms.limit_price > 0 and terms.time_in_force in {TimeInForce.DAY, TimeInForce.GTC}
    return connection.desk.ports.stamp(terms.instrument_id, terms.side, terms.quantity, near=rests)


async def _submit(connection: Connection, command: Any, binding: str = "") -> Outcome:
    name = f"account:{connection.account_id}/{connection.actor.name.partition('/')[2]}"
    if binding:
        name = f"{name}/{binding}"
    outcome = await connection.desk.ports.submit(command, name)
    if outcome is BUSY:
        raise Refused(0, "busy", "The house is busy: nothing happened, try again.")
    for event in outcome.events:
        if type(event) is ev.CommandRefused:
            raise refused_by_house(event.reason, event.text)
    return outcome


async def _enter(connection: Connection, body: OrderBody) -> dict[str, Any]:
    terms = _terms(connection, body)
    _may_trade(connection, terms)
    if len(body.binding) > 48 or not body.binding.isprintable():
        raise bad_request("binding has at most 48 printable characters.")
    repeated = _repeated(connection, body.client_order_id, terms)
    if repeated is not None:
        return repeated
    _check_side(connection, body)
    command = EnterOrder(connection.account_id, body.client_order_id, terms, _stamp(connection, terms))
    outcome = await _submit(connection, command, body.binding)
    for event in outcome.events:
        if type(event) is ev.OrderRejected:
            again = _repeated(connection, body.client_order_id, terms) if event.first_order_id else None
            if again is None:
                raise refused_by_house(event.reason, event.text)
            return again
    row = trading.taken(connection.desk, connection.actor, outcome)
    return {"order_id": row.order_id, "state": views.state_text(row), "repeated": False}


def _repeated(connection: Connection, client_order_id: str, terms: OrderTerms) -> dict[str, Any] | None:
    """Answer for an order that was entered before under the same id with the same content."""
    if not client_order_id:
        return None
    first = queries.order_by_client_id(connection.desk.store, connection.account_id, client_order_id)
    if first is None or rows.terms_of(first) != terms:
        return None
    return {"order_id": first.order_id, "state": views.state_text(first), "repeated": True}


async def _preview(connection: Connection, body: OrderBody) -> dict[str, Any]:
    terms = _terms(connection, body)
    preview = connection.desk.ports.preview(connection.account_id, terms, _stamp(connection, terms))
    view = views.preview_view(preview, connection.desk.store.image)
    if view["reject"] is None:
        try:
            _check_side(connection, body)
        except Refused as refused:
            view["reject"] = {"code": refused.code, "reason": refused.reason, "message": refused.message}
    return view


def _own_order(connection: Connection, order_id: int) -> rows.OrderRow:
    row = connection.desk.store.order(order_id) if 0 < order_id < 1 << 62 else None
    if row is None or row.account_id != connection.account_id:
        raise Refused(0, "unknown_order", f"Order {int(order_id)} is not one of this account's.")
    return row


async def _replace(connection: Connection, body: ReplaceBody) -> dict[str, Any]:
    _may_trade(connection)
    order = _own_order(connection, body.order_id)
    _check_client_order_id(body.client_order_id)
    if body.quantity is not None:
        _check_quantity(body.quantity)
    limit, stop = _price("limit_price", body.limit_price), _price("stop_price", body.stop_price)
    if (limit and not order.limit_price) or (stop and not order.stop_price):
        raise bad_request("a price cannot be given to an order that has none of that kind.")
    change = forms.Replacement(int(body.quantity or 0), limit, stop)
    command = trading.replace_command(
        connection.desk, connection.account_id, order, body.client_order_id, change
    )
    outcome = await _submit(connection, command)
    for event in outcome.events:
        if type(event) is ev.OrderRejected:
            raise refused_by_house(event.reason, event.text)
    row = trading.replacement_row(connection.desk, outcome)
    if row is None:
        raise refused_by_house(RejectReason.ORDER_NOT_OPEN, "The order is not open any more.")
    state = "PendingReplace" if row.status == 1 else views.state_text(row)
    return {"order_id": row.order_id, "state": state}


async def _cancel(connection: Connection, body: OneOrder) -> dict[str, Any]:
    _may_trade(connection)
    order = _own_order(connection, body.order_id)
    await _submit(connection, CancelOrder(connection.account_id, order.order_id))
    row = connection.desk.store.order(order.order_id) or order
    return {"order_id": row.order_id, "state": views.state_text(row)}


async def _cancel_all(connection: Connection, body: MaybeSymbol) -> dict[str, Any]:
    _may_trade(connection)
    number = _find(connection, body.symbol).instrument_id if body.symbol else 0
    outcome = await _submit(connection, CancelAllOrders(connection.account_id, number))
    return {"orders": len(trading.cancels_asked(outcome))}


async def _switch(connection: Connection, body: RouteSwitch) -> dict[str, Any]:
    if "routes" not in connection.actor.permissions:
        raise Refused(0, "not_permitted", "Switching routes needs the permission routes.")
    routes = connection.desk.store.image.routes.values()
    row = next((row for row in routes if row.code == body.code), None)
    if row is None:
        raise bad_request(f"there is no route {body.code[:20]!r}.")
    reason = body.reason if body.reason.isprintable() else ""
    await _submit(connection, SwitchRoute(row.venue, body.enabled, reason[:200]))
    return {"code": row.code, "enabled": body.enabled}


# --- the decision trace -------------------------------------------------------------------------------------


async def _explain(connection: Connection, body: OneOrder) -> dict[str, Any]:
    row = _own_order(connection, body.order_id)
    trace = routing_trace(connection.desk.store, row)
    story = connection.desk.ports.explain(row.order_id)
    return trace | views.story_view(story, TRACE_ROWS_MAX, connection.desk.store.image)


async def _places(connection: Connection, body: Orders) -> dict[str, Any]:
    if len(body.order_ids) > ORDERS_MAX:
        raise bad_request(f"{len(body.order_ids)} orders are too many: {ORDERS_MAX} would pass.")
    return {"places": places(connection, [int(one) for one in body.order_ids if 0 < one < 1 << 62])}


async def _watch_center(connection: Connection, body: Switch) -> dict[str, Any]:
    if connection.desk.ports.center is None:
        raise bad_request("this house runs no data center.")
    if "operate" not in connection.actor.permissions:
        raise Refused(0, "not_permitted", "Seeing the data center needs the permission operate.")
    connection.want_center(on=body.on)
    return {"on": body.on}


async def _scan(connection: Connection, wanted: ScanBody) -> dict[str, Any]:
    query = ScanQuery(wanted.expression, wanted.order, wanted.limit, wanted.rising)
    return _of_all_stocks(connection, lambda numbers: scanned(connection.desk, numbers, query))


async def _list(connection: Connection, wanted: ListBody) -> dict[str, Any]:
    return _of_all_stocks(
        connection, lambda numbers: listed(connection.desk, numbers, wanted.kind, int(wanted.top))
    )


def _of_all_stocks(
    connection: Connection, ask: Callable[[npt.NDArray[np.int64]], dict[str, Any]]
) -> dict[str, Any]:
    """Ask something of all stocks that may be seen whole."""
    if "market_data" not in connection.actor.permissions:
        raise Refused(0, "not_permitted", "Market data needs the permission market_data.")
    try:
        return ask(seen_whole(connection.desk, connection.viewer))
    except ApiFault as fault:
        raise Refused(0, "not_permitted", f"{fault.message}.") from None
    except InvalidInput as error:
        raise bad_request(f"{error}.") from None


REQUESTS: Final[dict[str, tuple[type[msgspec.Struct], Request]]] = {
    "watch": (Symbols, _subscription(views.WATCH_MAX, Connection.watch)),
    "depth": (Symbols, _subscription(views.DEPTH_MAX, Connection.want_depth, depth=True)),
    "trades": (Symbols, _subscription(views.TRADES_MAX, Connection.want_prints)),
    "bars": (Symbols, _subscription(views.BARS_MAX, Connection.want_bars)),
    "stock": (Symbols, _subscription(STOCKS_MAX, Connection.want_facts)),
    "scan": (ScanBody, _scan),
    "list": (ListBody, _list),
    "replay": (Steering, steer),
    "datacenter": (Switch, _watch_center),
    "account.select": (OneAccount, _select),
    "order.enter": (OrderBody, _enter),
    "order.preview": (OrderBody, _preview),
    "order.replace": (ReplaceBody, _replace),
    "order.cancel": (OneOrder, _cancel),
    "order.cancel_all": (MaybeSymbol, _cancel_all),
    "order.explain": (OneOrder, _explain),
    "order.places": (Orders, _places),
    "route.switch": (RouteSwitch, _switch),
    "ping": (Ping, _ping),
}


async def answer(connection: Connection, do: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked; give the `ok` of the answer, or raise `Refused`."""
    known = REQUESTS.get(do)
    if known is None:
        raise Refused(0, "unknown_do", f"There is no request {do[:40]!r}.")
    kind, function = known
    try:
        wanted = fit(arguments, kind)
    except ApiFault as fault:
        raise bad_request(f"{fault.message}.") from None
    return await function(connection, wanted)
