"""The tape as clients of the data API see it: trades, quotes and bars as JSON, and longer bars made of minutes.

Prices become JSON numbers here and nowhere else: nothing that decides reads them.
"""

from __future__ import annotations

import datetime as dt
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec

from rushtrade.api.faults import UNPARSEABLE, ApiFault
from rushtrade.api.shapes import NEW_YORK, price_number
from rushtrade.domain.instants import HOUR, MINUTE, SECOND
from rushtrade.domain.instruments import EquityClass
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE, PRICE_UNIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushtrade.api.access import FrontDesk
    from rushtrade.market.quotes import Bar, Nbbo, Trade, VenueQuote
    from rushtrade.store import rows

_TAPE_LETTERS: Final = {
    "XNAS": "Q", "XNYS": "N", "ARCX": "P", "XASE": "A", "XBOS": "B", "XPHL": "X", "XCHI": "M", "BATS": "Z", "BATY": "Y",
    "EDGA": "J", "EDGX": "K", "IEXG": "V", "MEMX": "U", "EPRL": "H", "LTSE": "L", "24EQ": "G",
}  # fmt: skip
"""Letters of the consolidated tape; a venue without one is shown by its route code."""


def exchange_letter(desk: FrontDesk, venue: int) -> str:
    """Give the letter under which the tape shows a venue."""
    route = desk.store.image.routes.get(venue)
    return "" if route is None else _TAPE_LETTERS.get(route.mic, route.route_code)


def tape_of(row: rows.InstrumentRow) -> str:
    """Give the tape an instrument's trades are reported on."""
    if row.equity_class == EquityClass.LISTED:
        return "A" if row.primary_venue in {"NYSE", "XNYS"} else "B"
    return "C"


def trade_fields(desk: FrontDesk, row: rows.InstrumentRow, trade: Trade) -> dict[str, Any]:
    """Write a trade, but for its time."""
    return {
        "x": exchange_letter(desk, trade.venue),
        "p": price_number(trade.price),
        "s": trade.shares,
        "c": ["@", "I"] if trade.shares < row.round_lot else ["@"],
        "i": trade.number,
        "z": tape_of(row),
    }


def quote_fields(
    desk: FrontDesk, row: rows.InstrumentRow, quote: Nbbo, venues: Sequence[VenueQuote]
) -> dict[str, Any]:
    """Write a quote, but for its time. Sizes are shares; the exchange is the first that shows the price."""
    bid = next((n for n, each in enumerate(venues) if each.bid == quote.bid), -1) if quote.bid else -1
    ask = next((n for n, each in enumerate(venues) if each.ask == quote.ask), -1) if quote.ask else -1
    return {
        "ax": exchange_letter(desk, ask),
        "ap": price_number(quote.ask),
        "as": quote.ask_shares,
        "bx": exchange_letter(desk, bid),
        "bp": price_number(quote.bid),
        "bs": quote.bid_shares,
        "c": ["R"],
        "z": tape_of(row),
    }


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


def bar_fields(bar: Bar | Frame) -> dict[str, Any]:
    """Write a bar, but for its time."""
    return {
        "o": price_number(bar.open),
        "h": price_number(bar.high),
        "l": price_number(bar.low),
        "c": price_number(bar.close),
        "v": bar.volume,
        "n": bar.trades,
        "vw": bar.money / (bar.volume * MONEY_PER_PRICE_SHARE * PRICE_UNIT) if bar.volume else 0.0,
    }


def midnight(day: dt.date) -> int:
    """Give the instant of New York's midnight."""
    return int(dt.datetime.combine(day, dt.time(), NEW_YORK).timestamp()) * SECOND


def local_day(time_ns: int) -> dt.date:
    """Give New York's date of an instant."""
    return dt.datetime.fromtimestamp(time_ns // SECOND, NEW_YORK).date()


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
