"""Orders over HTTP: enter, look up, replace, cancel.

The answer to an entry is the order *as taken*, not yet filled, whatever has happened since: clients rely on hearing of
their fills later. An order that is not the caller's does not exist.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.enums import MediaType

from rushtrade.api import entities as en
from rushtrade.api import faults, shapes
from rushtrade.api.access import Actor, FrontDesk, authorize, desk_of
from rushtrade.api.decoding import Whole, documented, read_body, read_query
from rushtrade.api.entities import Kind, public_id, read_id
from rushtrade.api.faults import ApiFault, invalid, not_found, not_taken
from rushtrade.api.order_bodies import (
    SIDES,
    OrderBody,
    ReplaceBody,
    Replacement,
    find_instrument,
    permission_for,
    read_replacement,
    read_terms,
)
from rushtrade.domain import events as ev
from rushtrade.domain.commands import CancelAllOrders, CancelOrder, EnterOrder, ReplaceOrder
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import parse_date, parse_instant
from rushtrade.domain.numbers import format_money
from rushtrade.domain.orders import OrderTerms, Side, TimeInForce
from rushtrade.domain.rejects import RejectReason
from rushtrade.store import queries, rows

if TYPE_CHECKING:
    from rushtrade.api.ports import Outcome, PositionView

Asked = Request[Any, Any, Any]

TIME_NS_MAX: Final = 1 << 62
"""The year 2116: later times are asked for as this one, so that arithmetic on them stays within 64 bits."""

_encode = msgspec.json.Encoder().encode


def answer(body: Any, status: int = HTTPStatus.OK) -> Response[Any]:
    """Answer with JSON."""
    return Response(_encode(body), status_code=status, media_type=MediaType.JSON)


# --- entering -----------------------------------------------------------------------------------------


@post("/v2/orders", status_code=HTTPStatus.OK, operation_class=documented(body=OrderBody))
async def enter_order(request: Asked) -> Response[en.Order]:
    """Enter an order."""
    desk = desk_of(request)
    actor = desk.admit(request, "trade")
    body = read_body(await request.body(), OrderBody)
    instrument = find_instrument(desk.store.image, body.symbol)
    terms = read_terms(body, instrument.instrument_id)
    authorize(actor, permission_for(terms), actor.account_id)
    return answer(await enter(desk, actor, terms, body.client_order_id))


async def enter(desk: FrontDesk, actor: Actor, terms: OrderTerms, client_order_id: str) -> en.Order:
    """Have the house take an order; give it as it was taken."""
    rests = terms.limit_price > 0 and terms.time_in_force in {TimeInForce.DAY, TimeInForce.GTC}
    stamp = desk.ports.stamp(terms.instrument_id, terms.side, terms.quantity, near=rests)
    command = EnterOrder(actor.account_id, client_order_id, terms, stamp)
    outcome = await desk.submit(command, actor)
    row = taken(desk, actor, outcome)
    return shapes.order(row, desk.store.image)


def taken(desk: FrontDesk, actor: Actor, outcome: Outcome) -> rows.OrderRow:
    """Give the row of an order as it was just after it was accepted; a refusal is a fault."""
    routed = False
    accepted: ev.OrderAccepted | None = None
    for event in outcome.events:
        if type(event) is ev.OrderRejected:
            raise faults.rejected(event.reason, event.text, **_particulars(desk, actor, event))
        if type(event) is ev.OrderAccepted:
            accepted = event
        elif type(event) is ev.OrderRouted:
            routed = True
    if accepted is None:
        raise ApiFault(HTTPStatus.INTERNAL_SERVER_ERROR, 50010000, "the house gave no answer to the order")
    row = rows.order_as_taken(accepted, outcome.time_ns, desk.store.image.trade_date, actor.name)
    row.strategy = int(routed)
    return row


def _particulars(desk: FrontDesk, actor: Actor, event: ev.OrderRejected) -> dict[str, Any]:
    """Give what clients expect beside the sentence of some refusals."""
    if event.reason is RejectReason.DUPLICATE_CLIENT_ORDER_ID and event.first_order_id:
        return {"existing_order_id": public_id(Kind.ORDER, event.first_order_id)}
    if event.reason is RejectReason.BUYING_POWER:
        summary = desk.ports.accounts.account_summary(actor.account_id)
        return {"buying_power": format_money(summary.buying_power)}
    if event.reason in {RejectReason.INSUFFICIENT_SHARES, RejectReason.POSITION_FLIP}:
        instrument = desk.store.image.instruments[event.terms.instrument_id]
        view = position_of(desk, actor, instrument)
        shares, held = (view.shares, view.closing_held) if view else (0, 0)
        return {
            "symbol": instrument.symbol,
            "existing_qty": str(shares),
            "held_for_orders": str(held),
            "available": str(max(abs(shares) - held, 0)),
        }
    return {}


# --- looking up ---------------------------------------------------------------------------------------


class OrdersQuery(msgspec.Struct, frozen=True):
    """Which orders. Times are exclusive, of submission."""

    status: Literal["open", "closed", "all"] = "open"
    limit: Whole = Whole(50)
    after: str = ""
    until: str = ""
    direction: Literal["asc", "desc"] = "desc"
    nested: bool = False
    symbols: str = ""
    side: Literal["buy", "sell"] | None = None
    asset_class: str = "us_equity"
    after_order_id: str = ""
    before_order_id: str = ""


class NestedQuery(msgspec.Struct, frozen=True):
    """Whether legs are nested: orders of this house have none."""

    nested: bool = False


@get("/v2/orders", operation_class=documented(query=OrdersQuery))
async def list_orders(request: Asked) -> Response[list[en.Order]]:
    """List orders, newest first unless asked otherwise."""
    desk = desk_of(request)
    actor = desk.admit(request, "read")
    query = read_query(request.query_params.multi_items(), OrdersQuery)
    if not 1 <= query.limit <= queries.ORDERS_MAX:
        raise invalid(f"limit {query.limit} is outside 1 to {queries.ORDERS_MAX}")
    image = desk.store.image
    chosen: tuple[int, ...] = ()
    if query.symbols:
        known = (image.symbols.get(symbol.strip()) for symbol in query.symbols.split(",")[:500])
        chosen = tuple(row.instrument_id for row in known if row is not None)
        if not chosen:
            return answer([])
    if query.asset_class not in {"us_equity", ""}:
        return answer([])
    wanted = queries.OrderFilter(
        status=query.status,
        limit=query.limit,
        after_ns=read_time("after", query.after),
        until_ns=read_time("until", query.until),
        newest_first=query.direction == "desc",
        instrument_ids=chosen,
        side=None if query.side is None else SIDES[query.side],
        after_order_id=_order_id("after_order_id", query.after_order_id),
        before_order_id=_order_id("before_order_id", query.before_order_id),
    )
    return answer([shapes.order(row, image) for row in queries.orders(desk.store, actor.account_id, wanted)])


def read_time(name: str, text: str) -> int:
    """Read a time or a date of a query; 0 when there is none. Times beyond any the house can have are held to those."""
    if not text:
        return 0
    try:
        if len(text) == len("2026-11-20"):
            time_ns = parse_instant(f"{parse_date(text)}T00:00:00Z")
        else:
            time_ns = parse_instant(text.replace(" ", "+") if "T" in text else text)
    except InvalidInput as error:
        raise invalid(f"{name}: {error}") from None
    return min(max(time_ns, 1), TIME_NS_MAX)


def _order_id(name: str, text: str) -> int:
    if not text:
        return 0
    number = read_id(Kind.ORDER, text)
    if number is None:
        raise invalid(f"{name} {text[:40]!r} is not an order id")
    return number


class ClientIdQuery(msgspec.Struct, frozen=True):
    """The id a client gave its order."""

    client_order_id: str = ""


@get("/v2/orders:by_client_order_id", operation_class=documented(query=ClientIdQuery))
async def order_by_client_id(request: Asked) -> Response[en.Order]:
    """Look an order up by the id its client gave it."""
    desk = desk_of(request)
    actor = desk.admit(request, "read")
    text = read_query(request.query_params.multi_items(), ClientIdQuery).client_order_id
    row = None
    if text and text.isprintable():
        row = queries.order_by_client_id(desk.store, actor.account_id, text)
    if row is None:
        raise not_found(f"order not found for {text[:128]!r}")
    return answer(shapes.order(row, desk.store.image, details=True))


@get("/v2/orders/{order_id:str}", operation_class=documented(query=NestedQuery))
async def order_by_id(request: Asked) -> Response[en.Order]:
    """Look an order up by its id."""
    order_id = request.path_params["order_id"]
    desk = desk_of(request)
    actor = desk.admit(request, "read")
    read_query(request.query_params.multi_items(), NestedQuery)
    return answer(shapes.order(_own_order(desk, actor, order_id), desk.store.image, details=True))


def _own_order(desk: FrontDesk, actor: Actor, text: str) -> rows.OrderRow:
    row = desk.own_order(actor, read_id(Kind.ORDER, text))
    if row is None:
        raise not_found(f"order not found for {text[:40]}")
    return row


# --- replacing and cancelling ---------------------------------------------------------------------------


@patch("/v2/orders/{order_id:str}", operation_class=documented(body=ReplaceBody))
async def replace_order(request: Asked) -> Response[en.Order]:
    """Replace an order: total quantity, limit or stop price. The answer is the new order."""
    order_id = request.path_params["order_id"]
    desk = desk_of(request)
    actor = desk.admit(request, "trade")
    body = read_body(await request.body(), ReplaceBody)
    order = _own_order(desk, actor, order_id)
    change = read_replacement(body, order, shapes.TIF_TEXT[order.time_in_force])
    row = await replace(desk, actor, order, body.client_order_id, change)
    return answer(shapes.order(row, desk.store.image))


async def replace(
    desk: FrontDesk, actor: Actor, order: rows.OrderRow, client_order_id: str, change: Replacement
) -> rows.OrderRow:
    """Have the house replace an order; give the new one."""
    command = replace_command(desk, actor.account_id, order, client_order_id, change)
    outcome = await desk.submit(command, actor)
    row = replacement_row(desk, outcome)
    if row is not None:
        return row
    for event in outcome.events:
        if type(event) is ev.OrderRejected:
            raise faults.rejected(event.reason, event.text, **_particulars(desk, actor, event))
    raise not_taken("unable to replace order, order is not open")


def replace_command(
    desk: FrontDesk, account_id: int, order: rows.OrderRow, client_order_id: str, change: Replacement
) -> ReplaceOrder:
    """Make the command that replaces an order, with the quotes it needs."""
    shares = max((change.quantity or order.quantity) - order.filled, 1)
    stamp = desk.ports.stamp(order.instrument_id, Side(order.side), shares, near=True)
    return ReplaceOrder(
        account_id,
        order.order_id,
        client_order_id,
        change.quantity,
        change.limit_price,
        change.stop_price,
        stamp,
    )


def replacement_row(desk: FrontDesk, outcome: Outcome) -> rows.OrderRow | None:
    """Find the order that takes the place of the one replaced."""
    for event in outcome.events:
        if type(event) is ev.ReplaceRequested or type(event) is ev.OrderReplaced:
            return desk.store.order(event.replacement_id)
    return None


@delete("/v2/orders/{order_id:str}", status_code=HTTPStatus.NO_CONTENT)
async def cancel_order(request: Asked) -> None:
    """Cancel what is left of an order. The answer says that the request was taken."""
    order_id = request.path_params["order_id"]
    desk = desk_of(request)
    actor = desk.admit(request, "trade")
    order = _own_order(desk, actor, order_id)
    if order.leaves == 0:
        raise not_taken(f'order is already in "{shapes.status_text(order)}" state')
    await desk.submit(CancelOrder(actor.account_id, order.order_id), actor)


@delete("/v2/orders", status_code=HTTPStatus.MULTI_STATUS)
async def cancel_orders(request: Asked) -> Response[list[en.CanceledOrder]]:
    """Cancel every open order."""
    desk = desk_of(request)
    actor = desk.admit(request, "trade")
    asked = await cancel_all(desk, actor, 0)
    canceled = [en.CanceledOrder(id=public_id(Kind.ORDER, number), status=HTTPStatus.OK) for number in asked]
    return answer(canceled, HTTPStatus.MULTI_STATUS)


async def cancel_all(desk: FrontDesk, actor: Actor, instrument_id: int) -> list[int]:
    """Have every open order of an account cancelled (in one instrument, or 0 in all); give which."""
    return cancels_asked(await desk.submit(CancelAllOrders(actor.account_id, instrument_id), actor))


def cancels_asked(outcome: Outcome) -> list[int]:
    """Give the orders a cancel was sent for."""
    asked = (ev.CancelRequested, ev.OrderCanceled)
    return list(dict.fromkeys(event.order_id for event in outcome.events if isinstance(event, asked)))


@get("/rushtrade/v1/orders/{order_id:str}/explanation")
async def explain_order(request: Asked) -> Response[Any]:
    """Explain how an order was routed: every decision, the quotes it was taken on, and what came of it."""
    order_id = request.path_params["order_id"]
    desk = desk_of(request)
    actor = desk.admit(request, "read")
    number = int(order_id) if order_id.isdigit() and len(order_id) < 19 else read_id(Kind.ORDER, order_id)
    row = desk.own_order(actor, number)
    if row is None:
        raise not_found(f"order not found for {order_id[:40]}")
    story = desk.ports.explain(row.order_id)
    return answer(
        {
            "order": shapes.order(row, desk.store.image, details=True),
            "trace": None if story is None else story.trace,
            "text": [] if story is None else list(story.text),
        }
    )


def position_of(desk: FrontDesk, actor: Actor, instrument: rows.InstrumentRow) -> PositionView | None:
    """Find the actor's open position in an instrument."""
    views = desk.ports.accounts.positions(actor.account_id)
    return next(
        (view for view in views if view.instrument_id == instrument.instrument_id and view.shares), None
    )


HANDLERS: Final = [
    enter_order,
    list_orders,
    order_by_client_id,
    order_by_id,
    replace_order,
    cancel_order,
    cancel_orders,
    explain_order,
]
