"""What can be traded, when, and by which route: assets, clock, calendar, the edges of bars; and the desk's routes."""

from __future__ import annotations

import datetime as dt
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
from litestar import Response, get, post

from rushtrade.api import entities as en
from rushtrade.api import shapes
from rushtrade.api.access import desk_of
from rushtrade.api.decoding import documented, read_body, read_query
from rushtrade.api.faults import UNPARSEABLE, ApiFault, invalid, not_found
from rushtrade.api.trading import Asked, answer
from rushtrade.domain.commands import ForgetRoutes, SwitchRoute
from rushtrade.domain.errors import InvalidInput, RuleMissing
from rushtrade.domain.instants import HOUR, MINUTE, SECOND, parse_date
from rushtrade.domain.instruments import EquityClass
from rushtrade.domain.routes import VenueHealth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushtrade.market.quotes import Bar
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
async def show_asset(request: Asked) -> Response[en.Asset]:
    """Look an asset up by symbol or id."""
    symbol = request.path_params["symbol"]
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


class ForgetBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Forget what was learned of a route, with the reason."""

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
        "health": VenueHealth(row.health).name.lower(),
        "health_reason": row.health_reason or None,
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
async def switch_route(request: Asked) -> Response[Any]:
    """Switch a route on or off."""
    code = request.path_params["code"]
    desk = desk_of(request)
    actor = desk.admit(request, "routes")
    body = read_body(await request.body(), SwitchBody)
    row = next((row for row in desk.store.image.routes.values() if code in {row.code, row.route_code}), None)
    if row is None:
        raise not_found(f"there is no route {code[:40]!r}")
    reason = body.reason if body.reason.isprintable() else ""
    await desk.submit(SwitchRoute(row.venue, body.enabled, reason[:200]), actor)
    return answer(route_view(desk.store.image.routes[row.venue]))


@post("/rushtrade/v1/routes/{code:str}/forget", status_code=200, operation_class=documented(body=ForgetBody))
async def forget_route(request: Asked) -> Response[Any]:
    """Forget what DART has learned of a route: `ALL` for every one."""
    code = request.path_params["code"]
    desk = desk_of(request)
    actor = desk.admit(request, "routes")
    body = read_body(await request.body(), ForgetBody)
    rows = [row.venue for row in desk.store.image.routes.values() if code in {row.code, row.route_code}]
    if not rows and code != "ALL":
        raise not_found(f"there is no route {code[:40]!r}; ALL means every one")
    reason = body.reason if body.reason.isprintable() else ""
    await desk.submit(ForgetRoutes(rows[0] if rows else -1, reason[:200]), actor)
    return answer({"forgotten": code})


# --- the edges of bars -------------------------------------------------------------------------------------


class Frame(msgspec.Struct, frozen=True):
    """A bar as clients ask for it, put together of one-minute bars."""

    start_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int
    money: int


def midnight(day: dt.date) -> int:
    """Give the instant of New York's midnight."""
    return int(dt.datetime.combine(day, dt.time(), shapes.NEW_YORK).timestamp()) * SECOND


def local_day(time_ns: int) -> dt.date:
    """Give New York's date of an instant."""
    return dt.datetime.fromtimestamp(time_ns // SECOND, shapes.NEW_YORK).date()


_TIMEFRAME: Final = re.compile(r"(\d{1,2})(Min|T|Hour|H|Day|D|Week|W|Month|M)", re.ASCII)
_UNITS: Final = {"T": "Min", "H": "Hour", "D": "Day", "W": "Week", "M": "Month"}
_COUNTS: Final = {
    "Min": frozenset(range(1, 60)),
    "Hour": frozenset(range(1, 24)),
    "Day": frozenset({1}),
    "Week": frozenset({1}),
    "Month": frozenset({1, 2, 3, 4, 6, 12}),
}


def read_timeframe(text: str) -> tuple[int, str]:
    """Read a bar's length, such as ``5Min``, ``1Hour`` or ``1Day``."""
    match = _TIMEFRAME.fullmatch(text)
    if match is not None:
        count, unit = int(match[1]), _UNITS.get(match[2], match[2])
        if count in _COUNTS[unit]:
            return count, unit
    raise ApiFault(
        HTTPStatus.BAD_REQUEST,
        UNPARSEABLE,
        f"invalid timeframe: {text[:40]!r}; 1-59Min, 1-23Hour, 1Day, 1Week or 1,2,3,4,6,12Month would pass",
    )


def left_edge(time_ns: int, count: int, unit: str) -> int:
    """Give where the bar begins that a minute belongs to."""
    if unit in {"Min", "Hour"}:
        step = count * (MINUTE if unit == "Min" else HOUR)
        return time_ns // step * step
    day = local_day(time_ns)
    if unit == "Week":
        day -= dt.timedelta(days=day.weekday())
    elif unit == "Month":
        month = (day.month - 1) // count * count + 1
        day = day.replace(month=month, day=1)
    return midnight(day)


def frames_of(bars: Sequence[Bar], count: int, unit: str) -> list[Frame]:
    """Put one-minute bars together."""
    made: dict[int, Frame] = {}
    for bar in bars:
        edge = left_edge(bar.start_ns, count, unit)
        before = made.get(edge)
        made[edge] = Frame(
            edge,
            before.open if before else bar.open,
            max(before.high, bar.high) if before else bar.high,
            min(before.low, bar.low) if before else bar.low,
            bar.close,
            bar.volume + (before.volume if before else 0),
            bar.trades + (before.trades if before else 0),
            bar.money + (before.money if before else 0),
        )
    return list(made.values())


HANDLERS: Final = [
    list_assets,
    show_asset,
    show_clock,
    show_calendar,
    list_routes,
    switch_route,
    forget_route,
]
