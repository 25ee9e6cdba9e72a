"""Lists of the day: most active stocks, those that rose most and those that fell most. Facts of the tape, ranked; no advice.

A list is made of all venues, so a stock is in it only for those who may see all of them, and as it happens. The same holds for
scans: what a caller asks of all stocks at once (docs/tape.md).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
import numpy as np
from litestar import Request, Response, Router, get

from rushtrade.api.decoding import Whole, documented, read_query
from rushtrade.api.faults import FORBIDDEN, ApiFault
from rushtrade.api.trading import answer
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import format_instant
from rushtrade.entitlements.view import ALL_VENUES
from rushtrade.serving.callers import admit, let_in
from rushtrade.serving.questions import bad
from rushtrade.serving.shapes import price_number
from rushtrade.serving.sight import sight_of
from rushtrade.tape.columns import FIELDS, Columns, columns_of
from rushtrade.tape.lists import top_list
from rushtrade.tape.scan import Scan
from rushtrade.tape.tape_layout import SECURITY

if TYPE_CHECKING:
    import numpy.typing as npt

    from rushtrade.api.access import FrontDesk
    from rushtrade.api.entitlement_ports import Viewer

TOP_MAX: Final = 100
MOVERS_MAX: Final = 50
PERCENT_DIGITS: Final = 4


class ActivesQuery(msgspec.Struct, frozen=True):
    """How activity is measured, and how many stocks are wanted."""

    by: Literal["volume", "trades"] = "volume"
    top: Whole = Whole(10)


class MoversQuery(msgspec.Struct, frozen=True):
    """How many stocks are wanted on each side."""

    top: Whole = Whole(10)


def _shown(request: Request[Any, Any, Any]) -> tuple[FrontDesk, npt.NDArray[np.int64]]:
    """Let the caller in; give the instruments they may see the whole of."""
    desk, actor = admit(request)
    return desk, seen_whole(desk, desk.ports.entitlements.query(actor.watcher))


def seen_whole(desk: FrontDesk, viewer: Viewer) -> npt.NDArray[np.int64]:
    """Give the instruments of which somebody may see all venues as it happens; refused when there is none."""
    sight = sight_of(desk, viewer, "sip")
    rows = [row for row in desk.store.image.instruments.values() if sight.mask_of(row) == ALL_VENUES]
    if not rows and desk.store.image.instruments:
        raise ApiFault(HTTPStatus.FORBIDDEN, FORBIDDEN, viewer.refusal("C") or "insufficient subscription")
    return np.array(sorted(row.instrument_id for row in rows), np.int64)


def _check_top(top: int, most: int) -> None:
    if not 1 <= top <= most:
        raise bad(f"invalid top: {top} is outside 1 to {most}")


@get("/v1beta1/screener/stocks/most-actives", operation_class=documented(query=ActivesQuery))
async def list_most_actives(request: Request[Any, Any, Any]) -> Response[Any]:
    """List the stocks with most shares, or most trades, today."""
    desk, numbers = _shown(request)
    query = read_query(request.query_params.multi_items(), ActivesQuery)
    _check_top(query.top, TOP_MAX)
    now = desk.ports.clock.now_ns()
    made = top_list(desk.ports.market.tape, f"most_active_{query.by}", int(query.top), now, numbers)
    instruments = desk.store.image.instruments
    found = [
        {"symbol": instruments[row.instrument_id].symbol, "volume": row.volume, "trade_count": row.trades}
        for row in made.rows
    ]
    return answer({"most_actives": found, "last_updated": format_instant(now)})


@get("/v1beta1/screener/{market:str}/movers", operation_class=documented(query=MoversQuery))
async def list_movers(request: Request[Any, Any, Any]) -> Response[Any]:
    """List the stocks that rose and that fell most against their previous close."""
    desk, numbers = _shown(request)
    market = request.path_params["market"]
    if market != "stocks":
        raise bad(f"invalid market: {market[:40]!r}; stocks would pass")
    query = read_query(request.query_params.multi_items(), MoversQuery)
    _check_top(query.top, MOVERS_MAX)
    now = desk.ports.clock.now_ns()
    instruments = desk.store.image.instruments

    def told(kind: str) -> list[dict[str, Any]]:
        made = top_list(desk.ports.market.tape, kind, int(query.top), now, numbers)
        return [
            {
                "symbol": instruments[row.instrument_id].symbol,
                "percent_change": _percent(row.change, row.last - row.change),
                "change": price_number(row.change),
                "price": price_number(row.last),
            }
            for row in made.rows
        ]

    return answer(
        {
            "gainers": told("gainers"),
            "losers": told("losers"),
            "market_type": "stocks",
            "last_updated": format_instant(now),
        }
    )


def _percent(change: int, before: int) -> float:
    return round(change * 100 / before, PERCENT_DIGITS)


# --- our own: any list, any scan ----------------------------------------------------------------------------


class ListQuery(msgspec.Struct, frozen=True):
    """How many stocks are wanted."""

    top: Whole = Whole(10)


class ScanQuery(msgspec.Struct, frozen=True):
    """What must be true of a stock; by which field the found ones are ordered, largest first unless `rising`."""

    expression: str = ""
    order: str = "volume"
    limit: Whole = Whole(100)
    rising: bool = False


def _rows_of(desk: FrontDesk, ids: list[int]) -> list[dict[str, Any]]:
    instruments = desk.store.image.instruments
    days = desk.ports.market.tape.days_of(np.array(ids, np.int64))
    return [_row_of(instruments[number].symbol, day) for number, day in zip(ids, days.tolist(), strict=True)]


def _row_of(symbol: str, row: tuple[int, ...]) -> dict[str, Any]:
    day = dict(zip(SECURITY.names or (), row, strict=True))
    last, before = day["last_price"], day["previous_close"]
    known = bool(last and before)
    return {
        "symbol": symbol,
        "price": price_number(last) if last else None,
        "change": price_number(last - before) if known else None,
        "percent_change": _percent(last - before, before) if known else None,
        "high": price_number(day["high"]) if day["high"] else None,
        "low": price_number(day["low"]) if day["low"] else None,
        "volume": day["volume"],
        "trade_count": day["day_trades"],
    }


@get("/v1/market/lists/{kind:str}", operation_class=documented(query=ListQuery))
async def show_list(request: Request[Any, Any, Any]) -> Response[Any]:
    """Give a list of the day, or say why it is not known."""
    desk, numbers = _shown(request)
    query = read_query(request.query_params.multi_items(), ListQuery)
    try:
        return answer(listed(desk, numbers, request.path_params["kind"], int(query.top)))
    except InvalidInput as error:
        raise bad(str(error)) from None


def listed(desk: FrontDesk, numbers: npt.NDArray[np.int64], kind: str, top: int) -> dict[str, Any]:
    """Make a list of the day of some instruments; InvalidInput says what is wrong with the question."""
    now = desk.ports.clock.now_ns()
    made = top_list(desk.ports.market.tape, kind, top, now, numbers)
    rows = _rows_of(desk, [row.instrument_id for row in made.rows])
    for row, found in zip(rows, made.rows, strict=True):
        row["usual_volume"] = found.usual_volume or None
    told = {"list": made.kind, "known": made.known, "reason": made.reason, "rows": rows}
    return {**told, "last_updated": format_instant(now)}


@get("/v1/market/scan/fields")
async def list_scan_fields(request: Request[Any, Any, Any]) -> Response[Any]:
    """List the fields a scan may name."""
    admit(request)
    found = [
        {"field": name, "kind": field.kind, "unit": field.unit, "meaning": field.meaning}
        for name, field in FIELDS.items()
    ]
    return answer(found)


@get("/v1/market/scan", operation_class=documented(query=ScanQuery))
async def scan(request: Request[Any, Any, Any]) -> Response[Any]:
    """Find the stocks of which something is true; a scan that cannot be read is refused with the place of its fault."""
    desk, numbers = _shown(request)
    query = read_query(request.query_params.multi_items(), ScanQuery)
    try:
        return answer(scanned(desk, numbers, query))
    except InvalidInput as error:
        raise bad(str(error)) from None


def scanned(desk: FrontDesk, numbers: npt.NDArray[np.int64], query: ScanQuery) -> dict[str, Any]:
    """Work a scan out over some instruments; InvalidInput says what is wrong with it, and where."""
    now = desk.ports.clock.now_ns()
    asked = Scan(query.expression)
    columns = _columns(desk, numbers, now)
    found = asked.find(columns, query.order, int(query.limit), rising=query.rising, among=numbers)
    told = {"expression": asked.text, "total": found.total, "rows": _rows_of(desk, found.ids)}
    return {**told, "last_updated": format_instant(now)}


def _columns(desk: FrontDesk, numbers: npt.NDArray[np.int64], now_ns: int) -> Columns:
    market = desk.ports.market
    instruments = desk.store.image.instruments
    symbols = {number: instruments[number].symbol for number in numbers.tolist()}
    marks = market.marks(market.tape.numbers[1:].tolist())
    bids, asks = (np.array([getattr(mark, side) for mark in marks], np.int64) for side in ("bid", "ask"))
    return columns_of(market.tape, now_ns, symbols, (bids, asks))


HANDLERS: Final = [
    Router(
        "/",
        route_handlers=[list_most_actives, list_movers, show_list, list_scan_fields, scan],
        guards=[let_in],
    )
]
