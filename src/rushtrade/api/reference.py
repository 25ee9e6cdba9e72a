"""What can be traded, when, and by which route: assets, clock, calendar; and the desk's routes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import msgspec
from litestar import Response, get, post

from rushtrade.api import entities as en
from rushtrade.api import shapes
from rushtrade.api.access import desk_of
from rushtrade.api.decoding import documented, read_body, read_query
from rushtrade.api.entities import Kind, read_id
from rushtrade.api.faults import invalid, not_found
from rushtrade.api.trading import Asked, answer
from rushtrade.domain.commands import SwitchRoute
from rushtrade.domain.errors import InvalidInput, RuleMissing
from rushtrade.domain.instants import parse_date
from rushtrade.domain.instruments import EquityClass

if TYPE_CHECKING:
    from rushtrade.store import rows
    from rushtrade.store.image import Image

CALENDAR_YEARS: Final = 30
"""Sessions of one answer: a little over 7,500."""


class AssetsQuery(msgspec.Struct, frozen=True):
    """Which assets."""

    status: str = ""
    asset_class: str = ""
    exchange: str = ""
    attributes: str = ""


@get("/v2/assets", operation_class=documented(query=AssetsQuery))
async def list_assets(request: Asked) -> Response[list[en.Asset]]:
    """List assets by symbol."""
    desk = desk_of(request)
    desk.admit(request, "read")
    query = read_query(request.query_params.multi_items(), AssetsQuery)
    if query.asset_class not in {"", "us_equity"} or query.status not in {"", "active", "all"}:
        return answer([])
    if query.attributes:
        return answer([])
    found = [shapes.asset(row) for _, row in sorted(desk.store.image.symbols.items())]
    return answer([asset for asset in found if query.exchange in {"", asset.exchange}])


@get("/v2/assets/{symbol:str}")
async def show_asset(request: Asked, symbol: str) -> Response[en.Asset]:
    """Look an asset up by symbol or id."""
    desk = desk_of(request)
    desk.admit(request, "read")
    instrument = desk.instrument(symbol)
    if instrument is None:
        raise not_found(f"asset not found for {symbol[:40]}")
    return answer(shapes.asset(instrument))


@get("/v2/clock")
async def show_clock(request: Asked) -> Response[en.MarketClock]:
    """Say what time it is at the market, and when it opens and closes next."""
    desk = desk_of(request)
    desk.admit(request, "read")
    clock = desk.ports.clock
    return answer(
        en.MarketClock(
            timestamp=shapes.new_york(clock.now_ns()),
            is_open=clock.is_open(),
            next_open=shapes.new_york(clock.next_open_ns()),
            next_close=shapes.new_york(clock.next_close_ns()),
        )
    )


class CalendarQuery(msgspec.Struct, frozen=True):
    """Which days, both included."""

    start: str = ""
    end: str = ""
    date_type: str = "TRADING"


@get("/v2/calendar", operation_class=documented(query=CalendarQuery))
async def show_calendar(request: Asked) -> Response[list[en.CalendarDay]]:
    """List trading sessions."""
    desk = desk_of(request)
    desk.admit(request, "read")
    query = read_query(request.query_params.multi_items(), CalendarQuery)
    if query.date_type.upper() != "TRADING":
        raise invalid(f"date_type {query.date_type[:40]!r} is not served: TRADING would pass")
    today = dt.datetime.fromtimestamp(desk.ports.clock.now_ns() // 1_000_000_000, shapes.NEW_YORK).date()
    first = _date("start", query.start, today.replace(month=1, day=1))
    last = _date("end", query.end, today.replace(month=12, day=31))
    if first > last:
        raise invalid(f"end {last} is before start {first}")
    last = min(last, first + dt.timedelta(days=366 * CALENDAR_YEARS))
    try:
        days = desk.ports.clock.sessions(first, last)
    except RuleMissing as error:
        raise invalid(str(error)) from None
    return answer(
        [
            en.CalendarDay(
                date=str(day.date),
                open=_at(day.opens_ns)[:5],
                close=_at(day.closes_ns)[:5],
                session_open=_at(day.pre_opens_ns).replace(":", ""),
                session_close=_at(day.post_closes_ns).replace(":", ""),
                settlement_date=str(day.settlement_date),
            )
            for day in days
        ]
    )


def _date(name: str, text: str, otherwise: dt.date) -> dt.date:
    try:
        return parse_date(text[:10]) if text else otherwise
    except InvalidInput as error:
        raise invalid(f"{name}: {error}") from None


def _at(time_ns: int) -> str:
    return f"{dt.datetime.fromtimestamp(time_ns // 1_000_000_000, shapes.NEW_YORK):%H:%M}"


# --- the desk -------------------------------------------------------------------------------------------


class SwitchBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Switch a route on or off, with the reason."""

    enabled: bool
    reason: str = ""


def route_view(row: rows.RouteRow) -> dict[str, Any]:
    """Write a route as the desk sees it."""
    return {
        "venue": row.venue,
        "code": row.code,
        "route_code": row.route_code,
        "mic": row.mic,
        "name": row.name,
        "take_mils": row.take_mils,
        "make_mils": row.make_mils,
        "enabled": bool(row.enabled),
        "reason": row.reason or None,
        "link": {-1: "unknown", 0: "down", 1: "up"}[row.link_up],
    }


def sequence_views(image: Image) -> dict[str, dict[str, str]]:
    """Write the route sequence of each equity class."""
    return {
        EquityClass(number).name.lower(): {
            "sequence": row.sequence,
            "punt_list": row.punt_list,
            "legal_codes": row.legal_codes,
        }
        for number, row in sorted(image.sequences.items())
    }


@get("/rushtrade/v1/routes")
async def list_routes(request: Asked) -> Response[Any]:
    """List routes and route sequences."""
    desk = desk_of(request)
    desk.admit(request, "read")
    image = desk.store.image
    routes = [route_view(row) for _, row in sorted(image.routes.items())]
    return answer({"routes": routes, "sequences": sequence_views(image)})


@post("/rushtrade/v1/routes/{code:str}", status_code=200, operation_class=documented(body=SwitchBody))
async def switch_route(request: Asked, code: str) -> Response[Any]:
    """Switch a route on or off."""
    desk = desk_of(request)
    actor = desk.admit(request, "routes")
    body = read_body(await request.body(), SwitchBody)
    row = next((row for row in desk.store.image.routes.values() if code in {row.code, row.route_code}), None)
    if row is None:
        raise not_found(f"there is no route {code[:40]!r}")
    reason = body.reason if body.reason.isprintable() else ""
    await desk.submit(SwitchRoute(row.venue, body.enabled, reason[:200]), actor)
    return answer(route_view(desk.store.image.routes[row.venue]))


@get("/rushtrade/v1/orders/{order_id:str}/explanation")
async def explain_order(request: Asked, order_id: str) -> Response[Any]:
    """Explain how an order was routed: every decision, the quotes it was taken on, and what came of it."""
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


HANDLERS: Final = [
    list_assets,
    show_asset,
    show_clock,
    show_calendar,
    list_routes,
    switch_route,
    explain_order,
]
