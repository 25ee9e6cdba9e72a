"""Market data over HTTP: latest and past trades, quotes and bars, snapshots. What the data center holds, no more.

Bars are kept for some days, trades as far back as the ring reaches; of quotes only the latest is kept, and that one is
given when it lies in the span asked for. Numbers are JSON numbers here, as this API's clients demand; an unknown symbol has no
rows, a malformed one is an error.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from litestar import Response, get

from rushtrade.api import shapes
from rushtrade.api.access import desk_of
from rushtrade.api.decoding import Whole, documented, read_query
from rushtrade.api.faults import UNPARSEABLE, ApiFault, not_found
from rushtrade.api.reference import Frame, frames_of, left_edge, local_day, midnight, read_timeframe
from rushtrade.api.trading import TIME_NS_MAX, Asked, answer
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import format_instant, parse_date, parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rushtrade.api.access import FrontDesk
    from rushtrade.market.quotes import Bar
    from rushtrade.store import rows

POINTS_MAX: Final = 10_000
SYMBOLS_MAX: Final = 500
_BLOCK: Final = 1_000
"""Trades read from the ring at a time."""

_SYMBOL: Final = re.compile(r"[A-Z0-9]{1,8}(?:[./-][A-Z0-9]{1,4})?", re.ASCII)


# --- spans, pages, symbols -----------------------------------------------------------------------------


class HistoryQuery(msgspec.Struct, frozen=True):
    """Which span of which symbols. Both ends are included; `page_token` goes on where the page before ended."""

    symbols: str = ""
    timeframe: str = "1Min"
    start: str = ""
    end: str = ""
    limit: Whole = Whole(1_000)
    adjustment: str = "raw"
    asof: str = ""
    feed: str = ""
    currency: str = "USD"
    page_token: str = ""
    sort: Literal["asc", "desc"] = "asc"


class LatestQuery(msgspec.Struct, frozen=True):
    """Which symbols."""

    symbols: str = ""
    feed: str = ""
    currency: str = "USD"


def _bad(message: str) -> ApiFault:
    return ApiFault(HTTPStatus.BAD_REQUEST, UNPARSEABLE, message)


def _time(name: str, text: str, otherwise: int, *, end: bool = False) -> int:
    """Read an end of a span: an instant, or a date (New York midnight; as an end, the end of that day)."""
    if not text:
        return otherwise
    try:
        if len(text) == len("2026-11-20"):
            day = parse_date(text) + dt.timedelta(days=1 if end else 0)
            time_ns = midnight(day) - (1 if end else 0)
        else:
            time_ns = parse_instant(text.replace(" ", "+"))
    except (InvalidInput, OverflowError, ValueError) as error:
        raise _bad(f"invalid {name}: {error}") from None
    return min(max(time_ns, 0), TIME_NS_MAX)


def _symbols(text: str) -> list[str]:
    symbols = sorted({part.strip().upper() for part in text.split(",") if part.strip()})
    if not symbols:
        raise _bad("symbols is required: such as symbols=AAPL,MSFT")
    if len(symbols) > SYMBOLS_MAX:
        raise _bad(f"{len(symbols)} symbols are too many: {SYMBOLS_MAX} would pass")
    for symbol in symbols:
        if not _SYMBOL.fullmatch(symbol):
            raise _bad(f"invalid symbol: {symbol[:40]!r}")
    return symbols


def _token(symbol: str, key: int) -> str:
    return base64.urlsafe_b64encode(f"{symbol}|{key}".encode()).decode()


def _read_token(text: str) -> tuple[str, int]:
    if not text:
        return "", 0
    try:
        symbol, _, key = base64.b64decode(text.encode(), b"-_", validate=True).decode().partition("|")
        return symbol, int(key)
    except (binascii.Error, ValueError):
        raise _bad("invalid page_token") from None


class Span(msgspec.Struct, frozen=True):
    """What one symbol is read for: times included, newest first or not, and after which key to go on."""

    start_ns: int
    end_ns: int
    newest_first: bool
    after_key: int


def _pages(
    desk: FrontDesk, query: HistoryQuery, symbols: list[str], read: Any
) -> tuple[dict[str, list[dict[str, Any]]], str | None]:
    """Read symbol after symbol until the limit; give the rows by symbol, and where the next page starts."""
    if not 1 <= query.limit <= POINTS_MAX:
        raise _bad(f"invalid limit: {query.limit} is outside 1 to {POINTS_MAX}")
    now = desk.ports.clock.now_ns()
    start = _time("start", query.start, midnight(local_day(now)))
    end = _time("end", query.end, now, end=True)
    if end < start:
        raise _bad("end should not be before start")
    from_symbol, key = _read_token(query.page_token)
    found: dict[str, list[dict[str, Any]]] = {}
    left = int(query.limit)
    for symbol in symbols:
        row = desk.store.image.symbols.get(symbol)
        if row is None or symbol < from_symbol:
            continue
        span = Span(start, end, query.sort == "desc", key if symbol == from_symbol else 0)
        last = 0
        for number, fields in read(desk, row, span):
            if left == 0:
                return found, _token(symbol, last)
            found.setdefault(symbol, []).append(fields)
            last, left = number, left - 1
    return found, None


# --- readers: each gives (key to go on after, row) in order ----------------------------------------------


def _read_trades(
    desk: FrontDesk, row: rows.InstrumentRow, span: Span
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Trades of the ring by number."""
    market, number = desk.ports.market, row.instrument_id
    total = market.trades_total(number)
    if span.newest_first:
        upto = span.after_key - 1 if span.after_key else total
        while upto > 0:
            block = [
                one for one in market.trades(number, max(upto - _BLOCK, 0), _BLOCK) if one.number <= upto
            ]
            yield from _within(desk, row, reversed(block), span)
            if not block or block[0].time_ns < span.start_ns:
                return
            upto = block[0].number - 1
        return
    after = span.after_key or _first_at(desk, number, total, span.start_ns) - 1
    while after < total:
        block = list(market.trades(number, after, _BLOCK))
        yield from _within(desk, row, block, span)
        if not block or block[0].time_ns > span.end_ns:
            return
        after = block[-1].number


def _within(
    desk: FrontDesk, row: rows.InstrumentRow, trades: Any, span: Span
) -> Iterator[tuple[int, dict[str, Any]]]:
    for one in trades:
        if span.start_ns <= one.time_ns <= span.end_ns and not one.broken:
            yield (
                one.number,
                {"t": format_instant(one.time_ns), **shapes.trade_fields(desk.store.image, row, one)},
            )


def _first_at(desk: FrontDesk, number: int, total: int, time_ns: int) -> int:
    """Find the number of the first trade at or after a time, by halving."""
    low, high = 1, total + 1
    while low < high:
        middle = (low + high) // 2
        found = desk.ports.market.trades(number, middle - 1, 1)
        if found and found[0].time_ns < time_ns:
            low = max(found[0].number, middle) + 1
        else:
            high = middle
    return low


def _read_quotes(
    desk: FrontDesk, row: rows.InstrumentRow, span: Span
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give the latest quote, if it lies in the span: it is the only one kept."""
    quote = _latest_quote(desk, row)
    time_ns = desk.ports.market.nbbo(row.instrument_id).time_ns
    if quote is not None and span.start_ns <= time_ns <= span.end_ns and span.after_key == 0:
        yield time_ns, quote


def _bar_reader(timeframe: str) -> Any:
    count, unit = read_timeframe(timeframe)

    def read(desk: FrontDesk, row: rows.InstrumentRow, span: Span) -> Iterator[tuple[int, dict[str, Any]]]:
        edge = left_edge(span.start_ns, count, unit)
        bars = desk.ports.market.bars(row.instrument_id, edge, span.end_ns + 1)
        found = [frame for frame in frames_of(bars, count, unit) if frame.start_ns >= span.start_ns]
        for frame in reversed(found) if span.newest_first else found:
            passed = (
                frame.start_ns >= span.after_key if span.newest_first else frame.start_ns <= span.after_key
            )
            if not (span.after_key and passed):
                yield frame.start_ns, {"t": format_instant(frame.start_ns), **shapes.bar_fields(frame)}

    return read


def _reader(kind: str, query: HistoryQuery) -> Any:
    if kind == "bars":
        return _bar_reader(query.timeframe)
    return _read_trades if kind == "trades" else _read_quotes


# --- latest values ------------------------------------------------------------------------------------


def _latest_trade(desk: FrontDesk, row: rows.InstrumentRow) -> dict[str, Any] | None:
    trade = desk.ports.market.last_trade(row.instrument_id)
    if trade is None:
        return None
    return {"t": format_instant(trade.time_ns), **shapes.trade_fields(desk.store.image, row, trade)}


def _latest_quote(desk: FrontDesk, row: rows.InstrumentRow) -> dict[str, Any] | None:
    quote = desk.ports.market.nbbo(row.instrument_id)
    if quote.state == "unknown":
        return None
    venues = desk.ports.market.venue_quotes(row.instrument_id)
    return {"t": format_instant(quote.time_ns), **shapes.quote_fields(desk.store.image, row, quote, venues)}


def _bars_today(desk: FrontDesk, row: rows.InstrumentRow) -> Sequence[Bar]:
    return desk.ports.market.bars(row.instrument_id, midnight(local_day(desk.ports.clock.now_ns())))


def _latest_bar(desk: FrontDesk, row: rows.InstrumentRow) -> dict[str, Any] | None:
    bars = _bars_today(desk, row)
    return {"t": format_instant(bars[-1].start_ns), **shapes.bar_fields(bars[-1])} if bars else None


_LATEST: Final = {"trade": _latest_trade, "quote": _latest_quote, "bar": _latest_bar}


def _snapshot(desk: FrontDesk, row: rows.InstrumentRow) -> dict[str, Any]:
    today = frames_of(_bars_today(desk, row), 1, "Day")
    begins = midnight(local_day(desk.ports.clock.now_ns()))
    earlier = frames_of(desk.ports.market.bars(row.instrument_id, 0, begins), 1, "Day")

    def day(frames: list[Frame]) -> dict[str, Any] | None:
        return {"t": format_instant(frames[-1].start_ns), **shapes.bar_fields(frames[-1])} if frames else None

    return {
        "latestTrade": _latest_trade(desk, row),
        "latestQuote": _latest_quote(desk, row),
        "minuteBar": _latest_bar(desk, row),
        "dailyBar": day(today),
        "prevDailyBar": day(earlier),
    }


# --- handlers ---------------------------------------------------------------------------------------------


def _admit(request: Asked) -> FrontDesk:
    desk = desk_of(request)
    desk.admit(request, "market_data")
    return desk


def _row(desk: FrontDesk, symbol: str) -> rows.InstrumentRow:
    row = desk.store.image.symbols.get(_symbols(symbol)[0])
    if row is None:
        raise not_found(f"symbol not found: {symbol[:40]!r}")
    return row


def _check_currency(currency: str) -> None:
    if currency.upper() != "USD":
        raise _bad(f"invalid currency: {currency[:40]!r}; USD would pass")


def _history(request: Asked, kind: str, symbol: str = "") -> Response[Any]:
    desk = _admit(request)
    query = read_query(request.query_params.multi_items(), HistoryQuery)
    _check_currency(query.currency)
    symbols = _symbols(symbol or query.symbols)
    found, token = _pages(desk, query, symbols, _reader(kind, query))
    if symbol:
        return answer({"symbol": symbols[0], kind: found.get(symbols[0], []), "next_page_token": token})
    return answer({kind: found, "next_page_token": token})


def _latest(request: Asked, kind: str, symbol: str = "") -> Response[Any]:
    desk = _admit(request)
    query = read_query(request.query_params.multi_items(), LatestQuery)
    _check_currency(query.currency)
    read = _LATEST[kind]
    if symbol:
        row = _row(desk, symbol)
        value = read(desk, row)
        if value is None:
            raise not_found(f"no {kind} found for {row.symbol}")
        return answer({"symbol": row.symbol, kind: value})
    known = (desk.store.image.symbols.get(each) for each in _symbols(query.symbols))
    values = {row.symbol: read(desk, row) for row in known if row is not None}
    return answer({f"{kind}s": {name: value for name, value in values.items() if value is not None}})


@get("/v2/stocks/{kind:str}", operation_class=documented(query=HistoryQuery))
async def list_history(request: Asked) -> Response[Any]:
    """List past bars, trades or quotes of several symbols; or give their snapshots."""
    kind = request.path_params["kind"]
    if kind == "snapshots":
        desk = _admit(request)
        query = read_query(request.query_params.multi_items(), LatestQuery)
        known = (desk.store.image.symbols.get(each) for each in _symbols(query.symbols))
        return answer({row.symbol: _snapshot(desk, row) for row in known if row is not None})
    return _history(request, _kind(kind))


def _kind(text: str) -> str:
    if text not in {"bars", "trades", "quotes"}:
        raise not_found(f"there is no endpoint /v2/stocks/{text[:40]}")
    return text


@get("/v2/stocks/{first:str}/{second:str}", operation_class=documented(query=HistoryQuery))
async def list_history_of(request: Asked) -> Response[Any]:
    """List one symbol's past bars, trades or quotes, give its snapshot, or the latest of several symbols."""
    first = request.path_params["first"]
    second = request.path_params["second"]
    if second == "latest" and first in {"bars", "trades", "quotes"}:
        return _latest(request, first.removesuffix("s"))
    if first == "meta" and second == "exchanges":
        desk = _admit(request)
        found = {
            shapes.exchange_letter(desk.store.image, row.venue): row.name
            for row in desk.store.image.routes.values()
        }
        return answer(found)
    if second == "snapshot":
        desk = _admit(request)
        row = _row(desk, first)
        return answer({"symbol": row.symbol, **_snapshot(desk, row)})
    return _history(request, _kind(second), first)


@get("/v2/stocks/{symbol:str}/{kind:str}/latest", operation_class=documented(query=LatestQuery))
async def show_latest(request: Asked) -> Response[Any]:
    """Give one symbol's latest bar, trade or quote."""
    symbol = request.path_params["symbol"]
    kind = request.path_params["kind"]
    return _latest(request, _kind(kind).removesuffix("s"), symbol)


HANDLERS: Final = [list_history, list_history_of, show_latest]
