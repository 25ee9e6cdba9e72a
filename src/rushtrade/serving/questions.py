"""Questions about past and latest market data, read strictly: a value that does not pass is answered with what would.

A page token is opaque to its reader: it names the symbol and the place where the next page begins, and the ends of the span the
first page was asked for, so that pages end however fast the market goes on. It belongs to one question and is refused with
another.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from rushtrade.api.decoding import Whole
from rushtrade.api.faults import UNPARSEABLE, ApiFault
from rushtrade.api.reference import local_day, midnight, read_timeframe
from rushtrade.api.trading import TIME_NS_MAX
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import parse_date, parse_instant

if TYPE_CHECKING:
    from rushtrade.api.access import FrontDesk

POINTS_MAX: Final = 10_000
"""Data points of one page."""
SYMBOLS_MAX: Final = 500
"""Symbols of one question."""
TOKEN_CHARACTERS_MAX: Final = 400
ADJUSTMENTS: Final = ("raw", "split", "dividend", "spin-off", "all")

_SYMBOL: Final = re.compile(r"[A-Z0-9]{1,8}(?:[./-][A-Z0-9]{1,4})?", re.ASCII)
_DATE_LENGTH: Final = len("2026-11-20")


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


class Span(msgspec.Struct, frozen=True):
    """A span of time, both ends included, and where in it to begin: at the first row whose time is `from_ns`, less `skip` of that time."""

    start_ns: int
    end_ns: int
    newest_first: bool
    from_ns: int | None = None
    skip: int = 0

    @property
    def low_ns(self) -> int:
        """First instant still to be read."""
        return self.start_ns if self.newest_first or self.from_ns is None else self.from_ns

    @property
    def high_ns(self) -> int:
        """Last instant still to be read."""
        return self.from_ns if self.newest_first and self.from_ns is not None else self.end_ns


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where the next page begins; what a page token says."""

    symbol: str
    from_ns: int
    skip: int
    start_ns: int
    end_ns: int
    question: int


def bad(message: str) -> ApiFault:
    """A question that cannot be answered as it is asked."""
    return ApiFault(HTTPStatus.BAD_REQUEST, UNPARSEABLE, message)


def read_symbols(text: str) -> list[str]:
    """Read symbols between commas; give them in order, each once."""
    symbols = sorted({part.strip().upper() for part in text.split(",") if part.strip()})
    if not symbols:
        raise bad("symbols is required: such as symbols=AAPL,MSFT")
    if len(symbols) > SYMBOLS_MAX:
        raise bad(f"{len(symbols)} symbols are too many: {SYMBOLS_MAX} would pass")
    for symbol in symbols:
        if not _SYMBOL.fullmatch(symbol):
            raise bad(f"invalid symbol: {symbol[:40]!r}")
    return symbols


def check_currency(currency: str) -> None:
    """Refuse what is not told in dollars."""
    if currency.upper() != "USD":
        raise bad(f"invalid currency: {currency[:40]!r}; USD would pass")


def read_span(desk: FrontDesk, query: HistoryQuery, kind: str) -> tuple[Span, str, int]:
    """Read the span asked for, the symbol to begin with, and the number that names the question."""
    _check(query, kind)
    now = desk.ports.clock.now_ns()
    number = zlib.crc32(msgspec.json.encode((kind, msgspec.structs.replace(query, page_token="", limit=0))))
    start = _time("start", query.start, midnight(local_day(now)))
    end = _time("end", query.end, now, end=True)
    newest_first = query.sort == "desc"
    if query.page_token:
        place = _read_token(query.page_token)
        if place.question != number:
            raise bad("invalid page_token: it belongs to another question; ask with the same parameters")
        return (
            Span(place.start_ns, place.end_ns, newest_first, place.from_ns, place.skip),
            place.symbol,
            number,
        )
    if end < start:
        raise bad("end should not be before start")
    return Span(start, end, newest_first), "", number


def _check(query: HistoryQuery, kind: str) -> None:
    check_currency(query.currency)
    if not 1 <= query.limit <= POINTS_MAX:
        raise bad(f"invalid limit: {query.limit} is outside 1 to {POINTS_MAX}")
    if kind == "bars":
        read_timeframe(query.timeframe)
        for part in query.adjustment.split(","):
            if part.strip() not in ADJUSTMENTS:
                raise bad(
                    f"invalid adjustment: {query.adjustment[:40]!r}; {', '.join(ADJUSTMENTS)} would pass"
                )
    if query.asof not in {"", "-"}:
        _time("asof", query.asof, 0)


def _time(name: str, text: str, otherwise: int, *, end: bool = False) -> int:
    """Read an end of a span: an instant, or a date (New York midnight; as an end, the end of that day)."""
    if not text:
        return otherwise
    try:
        if len(text) == _DATE_LENGTH:
            day = parse_date(text) + dt.timedelta(days=1 if end else 0)
            time_ns = midnight(day) - (1 if end else 0)
        else:
            time_ns = parse_instant(text.replace(" ", "+"))
    except (InvalidInput, OverflowError, ValueError) as error:
        raise bad(f"invalid {name}: {error}") from None
    return min(max(time_ns, 0), TIME_NS_MAX)


def write_token(place: Place) -> str:
    """Write where the next page begins."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _read_token(text: str) -> Place:
    try:
        raw = base64.b64decode(
            text[:TOKEN_CHARACTERS_MAX].encode() + b"=" * (-len(text) % 4), b"-_", validate=True
        )
        place = msgspec.json.decode(raw, type=Place)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise bad("invalid page_token: a next_page_token of a former answer would pass") from None
    if not 0 <= place.from_ns <= TIME_NS_MAX or not 0 <= place.skip <= TIME_NS_MAX:
        raise bad("invalid page_token: a next_page_token of a former answer would pass")
    return place
