"""Feeds that are text, one row a line: LOBSTER messages and books, TAQ quotes and trades, daily bars.

Which of them a file is, is seen from its first line. Decimal numbers are read digit by digit into integers, so that no
value is rounded. A line that cannot be read is counted as `bad_line` and passed over.

===================  =================================================================================================
lobster              time in seconds after midnight, type 1 to 7, order, shares, price in $0.0001, direction 1 or -1
lobster-orderbook    ask price, ask shares, bid price, bid shares, for each level; an event is the best of both sides
taq-quotes           `ts_us_utc,EX,BID,BIDSIZ,OFR,OFRSIZ`
taq-trades           `ts_us_utc,EX,COND,SIZE,PRICE,CORR`
bars                 `,Open,High,Low,Close,Volume`
===================  =================================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from rushtrade.feeds.events import EVENT, LOTS, MICRO, NANO, SHARES, Events, no_events

LINE_BYTES_MAX = 1 << 16
"""The longest line waited for: 50 levels of a LOBSTER book take 2 KB."""

Row = tuple[bytes, bytes, bytes, int, bytes, int, bytes, int, int, int, int, int, int, int, bytes, int, int]
"""A row of `EVENT`."""

_DECIMAL = re.compile(r"(-?)(\d{1,18})(?:\.(\d{1,18}))?(?:[eE]([+-]?\d{1,2}))?", re.ASCII)
LOBSTER_ACTIONS = {"1": b"A", "2": b"C", "3": b"C", "4": b"F", "5": b"T", "6": b"T", "7": b"S"}
TAQ_VOID = frozenset(["7", "8", "10", "11", "12"])
"""TAQ's correction codes of a trade that was taken back, or is itself the notice of that."""
LOBSTER_EMPTY = 9_999_999_999
"""The price LOBSTER writes for a level that is not there (negative for a bid)."""


def fraction(text: str) -> tuple[int, int]:
    """Read a decimal number as numerator and denominator. Raises ValueError for what is none."""
    match = _DECIMAL.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a decimal number")
    sign, whole, part, exponent = match.groups()
    scale = int(exponent or 0) - len(part or "")
    value = int(f"{sign}{whole}{part or ''}") * int(10 ** max(scale, 0))
    return value, int(10 ** max(-scale, 0))


def units(text: str, unit: int) -> int:
    """Read a decimal number as an integer of 1/`unit`. Raises ValueError for what is none or is finer than that."""
    numerator, denominator = fraction(text)
    value, left = divmod(numerator * unit, denominator)
    if left:
        raise ValueError(f"{text[:40]!r} is finer than 1/{unit}")
    return value


def nanoseconds(text: str) -> int:
    """Read seconds as nanoseconds. Digits below are noise of a program that printed a float, and are rounded away."""
    numerator, denominator = fraction(text)
    return (2 * numerator * NANO + denominator) // (2 * denominator)


def lobster_row(cells: list[str]) -> Row:
    """A LOBSTER message. The direction is that of the resting order, as the side is here."""
    time, kind, order, shares, price, direction = cells
    action = LOBSTER_ACTIONS[kind]
    side = {"1": b"B", "-1": b"A"}.get(direction, b"N")
    cents = int(price) * (NANO // 10_000)
    return (
        kind.encode(), action, side, nanoseconds(time), b"", 0, b"", int(order), cents, int(shares) * MICRO, 0, 0, 0,
        SHARES, b"", 0, 0,
    )  # fmt: skip


def lobster_book_row(cells: list[str]) -> Row:
    """The best of both sides of a LOBSTER book; the file has no times."""
    ask, ask_shares, bid, bid_shares = (int(cell) for cell in cells[:4])
    present = {price: price * (NANO // 10_000) for price in (ask, bid) if abs(price) != LOBSTER_EMPTY}
    return (
        b"L", b"Q", b"N", 0, b"", 0, b"", 0, present.get(bid, 0), bid_shares * MICRO,
        present.get(ask, 0), ask_shares * MICRO, 0, SHARES, b"", 0, 0,
    )  # fmt: skip


def quote_row(cells: list[str]) -> Row:
    """A quote of a venue; sizes are in round lots there."""
    time, venue, bid, bid_size, ask, ask_size = cells
    return (
        b"Q", b"Q", b"N", int(time) * 1000, b"", 0, venue.encode(), 0, units(bid, NANO), units(bid_size, MICRO),
        units(ask, NANO), units(ask_size, MICRO), 0, LOTS, b"", 0, 0,
    )  # fmt: skip


def trade_row(cells: list[str]) -> Row:
    """A trade of a venue with its sale conditions."""
    time, venue, conditions, size, price, correction = cells
    action = b"N" if correction.strip().lstrip("0") in TAQ_VOID else b"T"
    return (
        b"T", action, b"N", int(time) * 1000, b"", 0, venue.encode(), 0, units(price, NANO), units(size, MICRO), 0, 0, 0,
        SHARES, conditions.encode("latin-1"), 0, 0,
    )  # fmt: skip


def bar_row(cells: list[str]) -> Row:
    """A daily bar: its close and its volume."""
    day, _, _, _, close, volume = cells
    time = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * NANO
    return (
        b"B",
        b"N",
        b"N",
        time,
        b"",
        0,
        b"",
        0,
        units(close, NANO),
        units(volume, MICRO),
        0,
        0,
        0,
        SHARES,
        b"",
        0,
        0,
    )


HEADERS: dict[str, tuple[str, Callable[[list[str]], Row]]] = {
    "ts_us_utc,EX,BID,BIDSIZ,OFR,OFRSIZ": ("taq-quotes", quote_row),
    "ts_us_utc,EX,COND,SIZE,PRICE,CORR": ("taq-trades", trade_row),
    ",Open,High,Low,Close,Volume": ("bars", bar_row),
}
_LOBSTER = re.compile(r"\d{1,6}(\.\d+)?,[1-7],-?\d+,-?\d+,-?\d+,-?1", re.ASCII)
_LOBSTER_BOOK = re.compile(r"-?\d+,\d+,-?\d+,\d+(,-?\d+,\d+,-?\d+,\d+)*", re.ASCII)


def recognise(line: str) -> tuple[str, bool, Callable[[list[str]], Row]] | None:
    """Kind, whether the line is a header, and the reader of a row; None for another kind of text."""
    line = line.strip().removeprefix("\ufeff")
    if line in HEADERS:
        kind, reader = HEADERS[line]
        return kind, True, reader
    if _LOBSTER.match(line):
        return "lobster", False, lobster_row
    if _LOBSTER_BOOK.fullmatch(line):
        return "lobster-orderbook", False, lobster_book_row
    return None


def _fits(row: Row) -> bool:
    """Whether every number of a row fits its column."""
    try:
        np.array([row], EVENT)
    except OverflowError:
        return False
    return True


class TextFeed:
    """See `events.Feed`. `first` is the first line, by which the kind was recognised."""

    def __init__(self, first: str) -> None:
        found = recognise(first)
        if found is None:
            raise ValueError(f"no feed of text begins with {first[:60]!r}")
        self.kind, self._header, self._reader = found
        self.from_midnight = self.kind == "lobster"
        self._held = b""

    def feed(self, buffer: bytes) -> Events:
        """Read the lines that are whole by now."""
        *whole, self._held = (self._held + buffer).split(b"\n")
        anomalies = 0
        if len(self._held) > LINE_BYTES_MAX:
            self._held = b""
            anomalies = 1
        return self._read(whole, anomalies)

    def finish(self) -> Events:
        """Read the last line, which needs no end."""
        held, self._held = self._held, b""
        return self._read([held], 0)

    def _read(self, whole: list[bytes], bad: int) -> Events:
        if self._header and whole:
            self._header = False
            whole = whole[1:]
        rows: list[Row] = []
        for line in whole:
            text = line.decode("latin-1").strip()
            if not text:
                continue
            try:
                rows.append(self._reader(text.split(",")))
            except (ValueError, KeyError, OverflowError):
                bad += 1
        try:
            events = np.array(rows, EVENT) if rows else no_events()
        except OverflowError:
            whole_rows = [row for row in rows if _fits(row)]
            bad += len(rows) - len(whole_rows)
            events = np.array(whole_rows, EVENT) if whole_rows else no_events()
        return Events(events, {"bad_line": bad} if bad else {})
