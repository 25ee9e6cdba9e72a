"""The account over HTTP: balances, configuration, positions and closing them, activities, and what it was worth over time."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from litestar import Response, delete, get, patch

from rushtrade.api import entities as en
from rushtrade.api import shapes
from rushtrade.api.access import desk_of
from rushtrade.api.decoding import DecimalText, Whole, documented, parse_object, read_query
from rushtrade.api.entities import Kind, read_id
from rushtrade.api.faults import ApiFault, invalid, not_found, not_taken
from rushtrade.api.order_bodies import shares_to_close
from rushtrade.api.reference import local_day
from rushtrade.api.trading import Asked, answer, cancel_all, enter, position_of, read_time
from rushtrade.domain.instants import DAY, HOUR, MINUTE, SECOND
from rushtrade.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from rushtrade.store import queries, rows
from rushtrade.store.equity import series_of

if TYPE_CHECKING:
    from rushtrade.api.access import Actor, FrontDesk
    from rushtrade.api.ports import PositionView

CANCELS_AWAITED_S: Final = 2.0
"""How long "close all" waits for the cancels it asked for, before it sells what they may still hold."""

ACTIVITY_KINDS: Final = frozenset(
    [
        "FILL",
        "TRANS",
        "CSD",
        "CSW",
        "JNL",
        "JNLC",
        "JNLS",
        "DIV",
        "DIVCGL",
        "DIVCGS",
        "DIVNRA",
        "DIVROC",
        "DIVTXEX",
        "DIVFEE",
        "DIVFT",
        "DIVTW",
        "INT",
        "INTNRA",
        "INTTW",
        "FEE",
        "CFEE",
        "PTC",
        "PTR",
        "SPLIT",
        "SPIN",
        "MA",
        "NC",
        "REORG",
        "CGD",
        "OPASN",
        "OPEXC",
        "OPEXP",
        "OPTRD",
        "OPCSH",
        "OPCA",
        "ACATC",
        "ACATS",
        "FOPT",
        "MISC",
    ]
)


def _account(desk: FrontDesk, actor: Actor) -> rows.AccountRow:
    return desk.store.image.accounts[actor.account_id]


@get("/v2/account")
async def show_account(request: Asked) -> Response[en.Account]:
    """Show the account."""
    desk = desk_of(request)
    actor = desk.admit(request, "read")
    summary = desk.ports.accounts.account_summary(actor.account_id)
    firm = desk.store.image.firm
    stopped = bool(firm and firm.killed)
    now_ns = desk.ports.clock.now_ns()
    return answer(shapes.account(_account(desk, actor), summary, now_ns, firm_stopped=stopped))


@get("/v2/account/configurations")
async def show_configuration(request: Asked) -> Response[en.Configuration]:
    """Show what the account is set to."""
    desk = desk_of(request)
    actor = desk.admit(request, "read")
    return answer(_configuration(desk, actor))


def _configuration(desk: FrontDesk, actor: Actor) -> en.Configuration:
    summary = desk.ports.accounts.account_summary(actor.account_id)
    return shapes.configuration(_account(desk, actor), summary)


@patch("/v2/account/configurations")
async def set_configuration(request: Asked) -> Response[en.Configuration]:
    """Set the account: taken when it changes nothing, because all of it is set by the firm."""
    desk = desk_of(request)
    actor = desk.admit(request, "trade")
    wanted = parse_object(await request.body())
    standing = _configuration(desk, actor)
    for name, value in msgspec.structs.asdict(standing).items():
        sent = wanted.get(name)
        sent = getattr(sent, "text", sent)
        if sent is not None and sent not in (value, str(value)):
            raise not_taken(f"{name} is set by the firm: only its present value {value!r} would pass")
    return answer(standing)


# --- positions -------------------------------------------------------------------------------------------


class CloseQuery(msgspec.Struct, frozen=True):
    """How much of a position to close: shares, or a percentage of it; all when neither is given."""

    qty: DecimalText | None = None
    percentage: DecimalText | None = None


class CloseAllQuery(msgspec.Struct, frozen=True):
    """Whether open orders are cancelled first."""

    cancel_orders: bool = False


@get("/v2/positions")
async def list_positions(request: Asked) -> Response[list[en.Position]]:
    """List open positions."""
    desk = desk_of(request)
    actor = desk.admit(request, "read")
    known = desk.store.image.instruments
    views = desk.ports.accounts.positions(actor.account_id)
    return answer([shapes.position(view, known[view.instrument_id]) for view in views if view.shares])


@get("/v2/positions/{symbol:str}")
async def position_in(request: Asked) -> Response[en.Position]:
    """Look up the position in a symbol or asset id."""
    symbol = request.path_params["symbol"]
    desk = desk_of(request)
    actor = desk.admit(request, "read")
    instrument, view = _open_position(desk, actor, symbol)
    return answer(shapes.position(view, instrument))


def _open_position(desk: FrontDesk, actor: Actor, text: str) -> tuple[rows.InstrumentRow, PositionView]:
    instrument = desk.instrument(text)
    if instrument is None:
        raise not_found(f"symbol not found: {text[:40]!r}")
    view = position_of(desk, actor, instrument)
    if view is None:
        raise not_found("position does not exist")
    return instrument, view


@delete("/v2/positions/{symbol:str}", status_code=HTTPStatus.OK, operation_class=documented(query=CloseQuery))
async def close_position(request: Asked) -> Response[en.Order]:
    """Close a position, or part of it, at the market. The answer is the closing order."""
    symbol = request.path_params["symbol"]
    desk = desk_of(request)
    actor = desk.admit(request, "trade")
    query = read_query(request.query_params.multi_items(), CloseQuery)
    instrument, view = _open_position(desk, actor, symbol)
    shares = shares_to_close(query.qty, query.percentage, abs(view.shares))
    return answer(await enter(desk, actor, _closing_terms(instrument, view, shares), ""))


def _closing_terms(instrument: rows.InstrumentRow, view: PositionView, shares: int) -> OrderTerms:
    side = Side.SELL if view.shares > 0 else Side.BUY
    return OrderTerms(instrument.instrument_id, side, OrderType.MARKET, TimeInForce.DAY, shares)


@delete("/v2/positions", status_code=HTTPStatus.MULTI_STATUS, operation_class=documented(query=CloseAllQuery))
async def close_positions(request: Asked) -> Response[list[en.ClosedPosition]]:
    """Close every position at the market, after cancelling all orders when asked to."""
    desk = desk_of(request)
    actor = desk.admit(request, "trade")
    query = read_query(request.query_params.multi_items(), CloseAllQuery)
    if query.cancel_orders:
        await cancel_all(desk, actor, 0)
        await _orders_gone(desk, actor)
    closed = []
    for view in list(desk.ports.accounts.positions(actor.account_id)):
        if not view.shares:
            continue
        instrument = desk.store.image.instruments[view.instrument_id]
        try:
            order = await enter(desk, actor, _closing_terms(instrument, view, abs(view.shares)), "")
        except ApiFault as fault:
            refused = {"symbol": instrument.symbol, **fault.body()}
            closed.append(
                en.ClosedPosition(symbol=instrument.symbol, status=fault.status, order_id=None, body=refused)
            )
        else:
            closed.append(
                en.ClosedPosition(
                    symbol=instrument.symbol, status=HTTPStatus.OK, order_id=order.id, body=order
                )
            )
    return answer(closed, HTTPStatus.MULTI_STATUS)


async def _orders_gone(desk: FrontDesk, actor: Actor) -> None:
    """Wait until no order of the account is open, but not for ever."""
    pause = 0.01
    for _ in range(int(CANCELS_AWAITED_S / pause)):
        if not desk.store.image.open_of[actor.account_id]:
            return
        await asyncio.sleep(pause)


# --- activities ----------------------------------------------------------------------------------------


class ActivitiesQuery(msgspec.Struct, frozen=True):
    """Which activities. Times are exclusive; `page_token` is the id of the last row of the page before."""

    activity_types: str = ""
    category: Literal["trade_activity", "non_trade_activity"] | None = None
    date: str = ""
    until: str = ""
    after: str = ""
    direction: Literal["asc", "desc"] = "desc"
    page_size: Whole = Whole(queries.ACTIVITIES_MAX)
    page_token: str = ""


@get("/v2/account/activities", operation_class=documented(query=ActivitiesQuery))
async def list_activities(request: Asked) -> Response[list[en.TradeActivity | en.OtherActivity]]:
    """List activities, newest first unless asked otherwise."""
    return _activities(request, "")


@get("/v2/account/activities/{activity_type:str}", operation_class=documented(query=ActivitiesQuery))
async def list_activities_of(request: Asked) -> Response[list[en.TradeActivity | en.OtherActivity]]:
    """List activities of one type."""
    activity_type = request.path_params["activity_type"]
    return _activities(request, activity_type)


def _activities(request: Asked, kind: str) -> Response[Any]:
    desk = desk_of(request)
    actor = desk.admit(request, "read")
    query = read_query(request.query_params.multi_items(), ActivitiesQuery)
    wanted = _activity_filter(query, kind)
    image = desk.store.image
    found = queries.activities(desk.store, actor.account_id, wanted)
    return answer([shapes.activity(row, image) for row in found])


def _activity_filter(query: ActivitiesQuery, kind: str) -> queries.ActivityFilter:
    kinds = [kind] if kind else [text for text in query.activity_types.split(",") if text]
    for text in kinds:
        if text not in ACTIVITY_KINDS:
            raise invalid(
                f"activity type {text[:40]!r} is not known: such as FILL, CSD, CSW or FEE would pass"
            )
    if query.category == "trade_activity":
        kinds = ["FILL"]
    elif query.category == "non_trade_activity" and not kinds:
        kinds = sorted(ACTIVITY_KINDS - {"FILL"})
    if not 1 <= query.page_size <= queries.ACTIVITIES_MAX:
        raise invalid(f"page_size {query.page_size} is outside 1 to {queries.ACTIVITIES_MAX}")
    after, until = read_time("after", query.after), read_time("until", query.until)
    if query.date:
        after = read_time("date", query.date[:10]) - 1
        until = after + DAY + 1
    page_after = 0
    if query.page_token:
        number = read_id(Kind.ACTIVITY, query.page_token.rpartition("::")[2])
        if number is None:
            raise invalid(f"page_token {query.page_token[:60]!r} is not the id of an activity")
        page_after = number
    return queries.ActivityFilter(
        kinds=tuple(kinds),
        after_ns=after,
        until_ns=until,
        newest_first=query.direction == "desc",
        page_after_id=page_after,
        limit=query.page_size,
    )


# --- portfolio history -----------------------------------------------------------------------------------

_FRAMES: Final = {
    "1Min": MINUTE,
    "5Min": 5 * MINUTE,
    "15Min": 15 * MINUTE,
    "1H": HOUR,
    "1D": DAY,
}
_PERIOD: Final = re.compile(r"(\d{1,3})([DWMA])", re.ASCII)
_PERIOD_DAYS: Final = {"D": 1, "W": 7, "M": 31, "A": 366}


class HistoryQuery(msgspec.Struct, frozen=True):
    """Which span, in which steps. Two of `period`, `start` and `end` at most."""

    period: str = ""
    timeframe: Literal["1Min", "5Min", "15Min", "1H", "1D"] | None = None
    start: str = ""
    end: str = ""
    date_start: str = ""
    date_end: str = ""
    intraday_reporting: Literal["market_hours", "extended_hours", "continuous"] = "market_hours"
    pnl_reset: Literal["per_day", "no_reset"] = "per_day"
    extended_hours: bool = False
    cashflow_types: str = ""


@get("/v2/account/portfolio/history", operation_class=documented(query=HistoryQuery))
async def show_history(request: Asked) -> Response[en.PortfolioHistory]:
    """Show what the account was worth over time."""
    desk = desk_of(request)
    actor = desk.admit(request, "read")
    query = read_query(request.query_params.multi_items(), HistoryQuery)
    since, until = _span(query, desk.ports.clock.now_ns())
    frame = query.timeframe or (
        "1D" if until - since > 7 * DAY else "15Min" if until - since > DAY else "1Min"
    )
    daily = frame == "1D"
    points = queries.equity_points(desk.store, actor.account_id, since, until, closes_only=daily)
    series = series_of(points, 0 if daily else _FRAMES[frame])
    base = shapes.dollars(series.base)
    return answer(
        en.PortfolioHistory(
            timestamp=[time_ns // SECOND for time_ns in series.times_ns],
            equity=[shapes.dollars(money) for money in series.equity],
            profit_loss=[shapes.dollars(money) for money in series.profit],
            profit_loss_pct=[round(part, 6) for part in series.return_on_base],
            base_value=base,
            base_value_asof=str(local_day(series.times_ns[0])) if series.times_ns else None,
            timeframe=frame,
            cashflow={name: [shapes.dollars(money) for money in flow] for name, flow in series.flows.items()},
        )
    )


def _span(query: HistoryQuery, now_ns: int) -> tuple[int, int]:
    start = read_time("start", query.start or query.date_start)
    end = read_time("end", query.end or query.date_end)
    if query.period and start and end:
        raise invalid("only two of period, start and end are accepted")
    match = _PERIOD.fullmatch(query.period or "1M")
    if match is None:
        raise invalid(f"period {query.period[:40]!r} is not a number and one of D, W, M, A, such as '1M'")
    length = int(match[1]) * _PERIOD_DAYS[match[2]] * DAY
    if start and not end:
        return start, min(start + length, now_ns) if query.period else now_ns
    end = end or now_ns
    start = start or end - length
    if start > end:
        raise ApiFault(HTTPStatus.UNPROCESSABLE_ENTITY, 42210000, "start is after end")
    return max(start, 0), min(end, 2**63 - 1)


HANDLERS: Final = [
    show_account,
    show_configuration,
    set_configuration,
    list_positions,
    position_in,
    close_position,
    close_positions,
    list_activities,
    list_activities_of,
    show_history,
]
