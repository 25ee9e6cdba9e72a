"""Market data over HTTP: past and latest trades, quotes and bars, snapshots, auctions, and what the letters in them mean.

Numbers are JSON numbers here, as this API's clients demand; an unknown symbol has no rows (`{}`, never null), a malformed one is an error.
Every question is answered for what the caller may see: see `sight`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import msgspec
from litestar import Request, Response, Router, get

from rushtrade.api.decoding import documented, read_query
from rushtrade.api.faults import not_found
from rushtrade.api.reference import local_day, midnight
from rushtrade.api.trading import answer
from rushtrade.domain.instants import DAY
from rushtrade.serving import past, shapes
from rushtrade.serving.callers import admit, let_in
from rushtrade.serving.past import Row, Scope
from rushtrade.serving.questions import (
    HistoryQuery,
    LatestQuery,
    Place,
    Span,
    bad,
    check_currency,
    read_span,
    read_symbols,
    write_token,
)
from rushtrade.serving.sight import Sight, read_feed, require_sight, sight_of
from rushtrade.tape.conditions import names_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rushtrade.api.access import FrontDesk

Asked = Request[Any, Any, Any]

PREVIOUS_DAYS: Final = 7
"""Days looked back for the day before: longer than any holiday."""
_HISTORIES: Final = ["bars", "trades", "quotes"]
_OPENING, _CLOSING = frozenset("OQ"), frozenset("6M")


# --- who may see what ---------------------------------------------------------------------------------------------


def scopes(request: Asked, symbols: list[str], feed: str) -> tuple[FrontDesk, Sight, list[Scope]]:
    """Let the caller in, and give what they may see of the symbols that exist."""
    desk, actor = admit(request)
    viewer = desk.ports.entitlements.query(actor.watcher)
    sight = sight_of(desk, viewer, read_feed(feed))
    rows = [row for symbol in symbols if (row := desk.store.image.symbols.get(symbol)) is not None]
    tapes = sorted({shapes.tape_of(row) for row in rows})
    require_sight(sight, viewer, tapes)
    for tape in tapes:
        viewer.asked(tape)
    return desk, sight, [Scope(desk, row, sight) for row in rows]


def _one(request: Asked, feed: str) -> Scope:
    symbol = read_symbols(request.path_params["symbol"])[0]
    _, _, found = scopes(request, [symbol], feed)
    if not found:
        raise not_found(f"symbol not found: {symbol!r}")
    return found[0]


# --- pages ----------------------------------------------------------------------------------------------------------


async def _pages(
    desk: FrontDesk, query: HistoryQuery, kind: str, wanted: list[Scope]
) -> tuple[dict[str, list[dict[str, Any]]], str | None]:
    """Read symbol after symbol until the limit; give the rows by symbol, and where the next page begins."""
    span, from_symbol, question = read_span(desk, query, kind)
    reader = _reader(kind, query)
    found: dict[str, list[dict[str, Any]]] = {}
    left = int(query.limit)
    for scope in wanted:
        symbol = scope.row.symbol
        if symbol < from_symbol:
            continue
        part = span if symbol == from_symbol else msgspec.structs.replace(span, from_ns=None, skip=0)
        rows = (await reader(scope, part, part.skip + left + 1))[part.skip :]
        if len(rows) > left:
            if left:
                found[symbol] = [row.fields for row in rows[:left]]
            return found, write_token(_place(symbol, part, rows, left, question))
        if rows:
            found[symbol] = [row.fields for row in rows]
            left -= len(rows)
    return found, None


def _place(symbol: str, span: Span, rows: list[Row], left: int, question: int) -> Place:
    """Say where the next page begins: at the time of its first row, less the rows of that time already given."""
    next_ns = rows[left].time_ns
    given = sum(row.time_ns == next_ns for row in rows[:left])
    if span.from_ns == next_ns:
        given += span.skip
    return Place(symbol, next_ns, given, span.start_ns, span.end_ns, question)


def _reader(kind: str, query: HistoryQuery) -> Callable[[Scope, Span, int], Awaitable[list[Row]]]:
    if kind == "bars":
        return past.bar_reader(query.timeframe)
    return {"trades": past.read_trades, "quotes": past.read_quotes, "auctions": _read_auctions}[kind]


def _kind(request: Asked, place: int) -> str:
    """Give the word of the path that says what is asked for."""
    return str(request.scope["path"].rstrip("/").split("/")[place])


@get([f"/v2/stocks/{kind}" for kind in _HISTORIES], operation_class=documented(query=HistoryQuery))
async def list_history(request: Asked) -> Response[Any]:
    """List past bars, trades or quotes of several symbols."""
    kind = _kind(request, -1)
    query = read_query(request.query_params.multi_items(), HistoryQuery)
    desk, _, wanted = scopes(request, read_symbols(query.symbols), query.feed)
    found, token = await _pages(desk, query, kind, wanted)
    return answer({kind: found, "next_page_token": token})


@get(
    [f"/v2/stocks/{{symbol:str}}/{kind}" for kind in _HISTORIES],
    operation_class=documented(query=HistoryQuery),
)
async def list_history_of(request: Asked) -> Response[Any]:
    """List one symbol's past bars, trades or quotes."""
    kind = _kind(request, -1)
    query = read_query(request.query_params.multi_items(), HistoryQuery)
    symbol = read_symbols(request.path_params["symbol"])[0]
    desk, _, wanted = scopes(request, [symbol], query.feed)
    found, token = await _pages(desk, query, kind, wanted)
    return answer({"symbol": symbol, kind: found.get(symbol, []), "next_page_token": token})


# --- latest values --------------------------------------------------------------------------------------------------


async def _latest(kind: str, scope: Scope) -> Row | None:
    if kind == "quotes":
        return await past.known_quote(scope)
    if kind == "trades":
        return past.latest_trade(scope)
    bars = await past.bars_of_length(scope, _today(scope), scope.until_ns, 1, "Min")
    return past.bar_row(bars[-1]) if bars else None


def _today(scope: Scope) -> int:
    return midnight(local_day(scope.until_ns))


@get([f"/v2/stocks/{kind}/latest" for kind in _HISTORIES], operation_class=documented(query=LatestQuery))
async def list_latest(request: Asked) -> Response[Any]:
    """Give the latest bars, trades or quotes of several symbols."""
    kind = _kind(request, -2)
    query = read_query(request.query_params.multi_items(), LatestQuery)
    check_currency(query.currency)
    _, _, wanted = scopes(request, read_symbols(query.symbols), query.feed)
    found = {scope.row.symbol: await _latest(kind, scope) for scope in wanted}
    return answer({kind: {symbol: row.fields for symbol, row in found.items() if row is not None}})


@get(
    [f"/v2/stocks/{{symbol:str}}/{kind}/latest" for kind in _HISTORIES],
    operation_class=documented(query=LatestQuery),
)
async def show_latest(request: Asked) -> Response[Any]:
    """Give one symbol's latest bar, trade or quote."""
    kind = _kind(request, -2)
    query = read_query(request.query_params.multi_items(), LatestQuery)
    check_currency(query.currency)
    scope = _one(request, query.feed)
    row = await _latest(kind, scope)
    name = kind.removesuffix("s")
    if row is None:
        raise not_found(f"no {name} found for {scope.row.symbol}")
    return answer({"symbol": scope.row.symbol, name: row.fields})


async def _snapshot(scope: Scope) -> dict[str, Any]:
    begins = _today(scope)
    days = await past.bars_of_length(scope, begins - PREVIOUS_DAYS * DAY, scope.until_ns, 1, "Day")
    today = [bar for bar in days if bar.start_ns >= begins]
    before = [bar for bar in days if bar.start_ns < begins]
    parts = {
        "latestTrade": past.latest_trade(scope),
        "latestQuote": await past.known_quote(scope),
        "minuteBar": await _latest("bars", scope),
        "dailyBar": past.bar_row(today[-1]) if today else None,
        "prevDailyBar": past.bar_row(before[-1]) if before else None,
    }
    return {name: None if row is None else row.fields for name, row in parts.items()}


@get("/v2/stocks/snapshots", operation_class=documented(query=LatestQuery))
async def list_snapshots(request: Asked) -> Response[Any]:
    """Give the latest trade, quote and bars of several symbols."""
    query = read_query(request.query_params.multi_items(), LatestQuery)
    check_currency(query.currency)
    _, _, wanted = scopes(request, read_symbols(query.symbols), query.feed)
    return answer({scope.row.symbol: await _snapshot(scope) for scope in wanted})


@get("/v2/stocks/{symbol:str}/snapshot", operation_class=documented(query=LatestQuery))
async def show_snapshot(request: Asked) -> Response[Any]:
    """Give the latest trade, quote and bars of one symbol."""
    query = read_query(request.query_params.multi_items(), LatestQuery)
    check_currency(query.currency)
    scope = _one(request, query.feed)
    return answer({"symbol": scope.row.symbol, **await _snapshot(scope)})


# --- auctions ---------------------------------------------------------------------------------------------------------


async def _read_auctions(scope: Scope, span: Span, limit: int) -> list[Row]:
    """Give the opening and closing prints of each day, under New York's midnight."""
    prints = await past.read_marked(scope, span, _OPENING | _CLOSING)
    days: defaultdict[int, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: {"o": [], "c": []})
    for row in prints:
        letters = frozenset(row.fields["c"])
        side = "o" if letters & _OPENING else "c"
        letter = next(iter(sorted(letters & (_OPENING | _CLOSING))))
        told = {name: row.fields[name] for name in ("t", "x", "p", "s")}
        days[midnight(local_day(row.time_ns))][side].append({**told, "c": letter})
    rows = [
        Row(day, {"d": str(local_day(day)), **sides})
        for day, sides in sorted(days.items())
        if span.from_ns is None or (day <= span.from_ns if span.newest_first else day >= span.from_ns)
    ]
    return (rows[::-1] if span.newest_first else rows)[:limit]


@get("/v2/stocks/auctions", operation_class=documented(query=HistoryQuery))
async def list_auctions(request: Asked) -> Response[Any]:
    """List opening and closing prints of several symbols, by day."""
    query = read_query(request.query_params.multi_items(), HistoryQuery)
    desk, _, wanted = scopes(request, read_symbols(query.symbols), query.feed)
    found, token = await _pages(desk, query, "auctions", wanted)
    return answer({"auctions": found, "next_page_token": token})


@get("/v2/stocks/{symbol:str}/auctions", operation_class=documented(query=HistoryQuery))
async def list_auctions_of(request: Asked) -> Response[Any]:
    """List one symbol's opening and closing prints, by day."""
    query = read_query(request.query_params.multi_items(), HistoryQuery)
    symbol = read_symbols(request.path_params["symbol"])[0]
    desk, _, wanted = scopes(request, [symbol], query.feed)
    found, token = await _pages(desk, query, "auctions", wanted)
    return answer({"symbol": symbol, "auctions": found.get(symbol, []), "next_page_token": token})


# --- what the letters mean ---------------------------------------------------------------------------------------------


class ConditionsQuery(msgspec.Struct, frozen=True):
    """Whose tape: A, B or C."""

    tape: str = ""


@get("/v2/stocks/meta/exchanges")
async def show_exchanges(request: Asked) -> Response[Any]:
    """Name the exchanges by the letters in trades and quotes."""
    desk, _ = admit(request)
    image = desk.store.image
    found = {shapes.exchange_letter(image, row.venue): row.name for row in image.routes.values()}
    return answer(found)


@get("/v2/stocks/meta/conditions/{ticktype:str}", operation_class=documented(query=ConditionsQuery))
async def show_conditions(request: Asked) -> Response[Any]:
    """Name the conditions of trades or quotes of a tape by their letters."""
    desk, _ = admit(request)
    query = read_query(request.query_params.multi_items(), ConditionsQuery)
    kind = request.path_params["ticktype"]
    if query.tape not in {"A", "B", "C"}:
        raise bad(f"invalid tape: {query.tape[:40]!r}; A, B or C would pass")
    if kind not in {"trade", "quote"}:
        raise bad(f"invalid tick type: {kind[:40]!r}; trade or quote would pass")
    day = local_day(desk.ports.clock.now_ns())
    return answer(dict(shapes.QUOTE_CONDITIONS) if kind == "quote" else names_of(query.tape, day))


HANDLERS: Final = [
    Router(
        "/",
        route_handlers=[
            list_history,
            list_history_of,
            list_latest,
            show_latest,
            list_snapshots,
            show_snapshot,
            list_auctions,
            list_auctions_of,
            show_exchanges,
            show_conditions,
        ],
        guards=[let_in],
    )
]
