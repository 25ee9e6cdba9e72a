"""The account over HTTP: balances, configuration, activities, and what it was worth over time."""

from __future__ import annotations

import datetime as dt
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from litestar import Response, get, patch

from rushtrade.api import entities as en
from rushtrade.api import shapes
from rushtrade.api.access import desk_of
from rushtrade.api.decoding import Whole, documented, parse_object, read_query
from rushtrade.api.entities import Kind, read_id
from rushtrade.api.faults import ApiFault, invalid, not_taken
from rushtrade.api.trading import Asked, answer, read_time
from rushtrade.domain.instants import DAY, HOUR, MINUTE, SECOND, day_from_number
from rushtrade.store import queries, rows

if TYPE_CHECKING:
    from rushtrade.api.access import Actor, FrontDesk

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
async def list_activities_of(
    request: Asked, activity_type: str
) -> Response[list[en.TradeActivity | en.OtherActivity]]:
    """List activities of one type."""
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
    if not daily:
        points = _last_of_each(points, _FRAMES[frame])
    return answer(_history(points, frame))


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


def _last_of_each(points: list[rows.EquityRow], step_ns: int) -> list[rows.EquityRow]:
    """Keep the last point of each step, with the money that came in during the whole step."""
    kept: dict[int, rows.EquityRow] = {}
    for point in points:
        begins = point.time_ns // step_ns * step_ns
        before = kept.get(begins)
        flow = point.flow + (before.flow if before else 0)
        kept[begins] = rows.EquityRow(
            point.account_id, begins, point.trade_date, point.at_close, point.equity, flow
        )
    return list(kept.values())


def _history(points: list[rows.EquityRow], frame: str) -> en.PortfolioHistory:
    """Write the series. Money brought in is no profit: it raises the base."""
    base = points[0].equity if points else 0
    brought = 0
    profits, shares_of_base, flows = [], [], []
    for number, point in enumerate(points):
        brought += point.flow if number else 0
        profit = point.equity - base - brought
        invested = base + brought
        profits.append(shapes.dollars(profit))
        shares_of_base.append(round(profit / invested, 6) if invested > 0 else 0.0)
        flows.append(shapes.dollars(point.flow if number else 0))
    cashflow = {"CSD": [max(flow, 0.0) for flow in flows], "CSW": [min(flow, 0.0) for flow in flows]}
    return en.PortfolioHistory(
        timestamp=[point.time_ns // SECOND for point in points],
        equity=[shapes.dollars(point.equity) for point in points],
        profit_loss=profits,
        profit_loss_pct=shares_of_base,
        base_value=shapes.dollars(base),
        base_value_asof=_date_of(points[0]) if points else None,
        timeframe=frame,
        cashflow={name: series for name, series in cashflow.items() if any(series)},
    )


def _date_of(point: rows.EquityRow) -> str:
    if point.trade_date:
        return str(day_from_number(point.trade_date))
    return str(dt.datetime.fromtimestamp(point.time_ns // SECOND, dt.UTC).date())


HANDLERS: Final = [
    show_account,
    show_configuration,
    set_configuration,
    list_activities,
    list_activities_of,
    show_history,
]
