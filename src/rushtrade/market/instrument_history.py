"""Instruments with their history: what a security was called and how it traded on any day.

A **listing** is one security through all its names. Its rows say, by date, symbol, round lot, equity class, tier of price bands,
leverage, whether it can be borrowed easily, whether it was suspended; each row names its source. A symbol means different listings at
different times, and one listing has several symbols: both are asked by date.

Three sources, and this is their order: what a person has written down with its source (`tell`), what venues' directories said of a
day (`seen`), what a world supposes (`suppose`). Nothing here knows prices.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

import msgspec

from rushtrade.domain.errors import InvalidInput, require
from rushtrade.domain.instruments import EquityClass, InstrumentKind
from rushtrade.rules.dated import DatedRow, DatedTable, RuleTableInvalid
from rushtrade.rules.market_structure import TICKS, TickRule

LISTINGS_MAX = 100_000
"""Ten times the securities of the United States."""
ROWS_MAX = 1_000
"""Rows of one listing: a change a week for twenty years."""


class ListingTerms(msgspec.Struct, frozen=True):
    """How a security trades on a day. `round_lot`, `tier` and `leverage` 0 are "not told"."""

    symbol: str
    name: str
    equity_class: EquityClass
    kind: InstrumentKind
    primary_venue: str
    round_lot: int
    tier: int = 0
    leverage: int = 0
    easy_to_borrow: bool = True
    suspended: bool = False


Row = DatedRow[ListingTerms]


class InstrumentOnDay(msgspec.Struct, frozen=True):
    """An instrument as of a date: its listing, its terms, the increment rule of the date, and who says so since when."""

    listing: str
    day: dt.date
    terms: ListingTerms
    ticks: TickRule
    since: dt.date
    source: str


class InstrumentHistory:
    """Listings by date."""

    def __init__(self) -> None:
        self._told: dict[str, DatedTable[ListingTerms]] = {}
        self._told_of: dict[str, list[tuple[str, Row]]] = {}
        """Listings and rows by symbol."""
        self._supposed: dict[str, Row] = {}
        self._seen: dict[str, list[Row]] = {}

    def tell(self, listing: str, rows: Iterable[Row]) -> None:
        """Take the dated rows of a listing, all at once.

        Raises InvalidInput for a listing told twice, rows that overlap or run backwards, a round lot below 1, too many rows, or a
        symbol that another listing has on the same day.
        """
        if listing in self._told:
            raise InvalidInput(f"listing {listing!r} is told twice; put its rows together")
        if len(self._told) == LISTINGS_MAX:
            raise InvalidInput(f"more than {LISTINGS_MAX:,} listings")
        try:
            table = DatedTable("listing", rows, key=listing)
        except RuleTableInvalid as error:
            raise InvalidInput(str(error)) from None
        if len(table.rows) > ROWS_MAX:
            raise InvalidInput(
                f"listing {listing!r} has {len(table.rows):,} rows; at most {ROWS_MAX:,} are taken"
            )
        for row in table.rows:
            if row.value.round_lot < 1:
                raise InvalidInput(
                    f"listing {listing!r} has a round lot of {row.value.round_lot}; it takes at least 1 share"
                )
            self._refuse_shared(listing, row)
        self._told[listing] = table
        for row in table.rows:
            self._told_of.setdefault(row.value.symbol, []).append((listing, row))

    def _refuse_shared(self, listing: str, row: Row) -> None:
        for other, theirs in self._told_of.get(row.value.symbol, []):
            begins_before = row.last is None or theirs.first <= row.last
            ends_after = theirs.last is None or theirs.last >= row.first
            if begins_before and ends_after:
                raise InvalidInput(
                    f"{row.value.symbol} is listing {listing!r} from {row.first} on and {other!r} from {theirs.first} on; "
                    "end one of them before the other begins"
                )

    def suppose(self, row: Row) -> None:
        """Take what a world says of a symbol: it holds where nobody else says anything."""
        self._supposed[row.value.symbol] = row

    def seen(self, day: dt.date, terms: ListingTerms, source: str) -> None:
        """Note what venues' directories said of a symbol on a day. Days come in order.

        Days on which the same was said are one row, from the first to the last of them.
        """
        rows = self._seen.setdefault(terms.symbol, [])
        last = rows[-1] if rows else None
        require(last is None or last.last is None or last.last < day, "directories are seen in order of days")
        if last is not None and last.value == terms and last.source == source:
            rows[-1] = DatedRow(last.first, day, terms, source)
        else:
            rows.append(DatedRow(day, day, terms, source))

    def instrument(self, symbol: str, day: dt.date) -> InstrumentOnDay:
        """Return what a symbol meant on a day; InvalidInput, with the days it is known for, when it meant nothing."""
        for listing, row in self._told_of.get(symbol, []):
            if row.covers(day):
                return _on_day(listing, day, row)
        for row in (*self._seen.get(symbol, []), *self._supposed_of(symbol)):
            if row.covers(day):
                return _on_day(symbol, day, row)
        raise InvalidInput(f"nothing is known of {symbol} on {day}; {self._known(symbol)}")

    def _supposed_of(self, symbol: str) -> list[Row]:
        return [self._supposed[symbol]] if symbol in self._supposed else []

    def _known(self, symbol: str) -> str:
        spans = [_span(row) for _, row in self.rows_of(symbol) if row.value.symbol == symbol]
        return f"it is known for {', '.join(spans)}" if spans else "no listing ever had that symbol"

    def rows_of(self, symbol: str) -> list[tuple[str, Row]]:
        """Return everything known of a symbol, the word that counts most first: listing and row.

        Of a listing that was told, the rows under its other symbols too.
        """
        listings = list(dict.fromkeys(listing for listing, _ in self._told_of.get(symbol, [])))
        told = [(listing, row) for listing in listings for row in self._told[listing].rows]
        others = (*self._seen.get(symbol, []), *self._supposed_of(symbol))
        return told + [(symbol, row) for row in others]

    def history(self, listing: str) -> tuple[Row, ...]:
        """Return all rows of a listing that was told, oldest first; InvalidInput when there is no such listing."""
        if listing not in self._told:
            raise InvalidInput(f"there is no listing {listing!r}")
        return self._told[listing].rows

    def written(self) -> Iterator[tuple[str, tuple[Row, ...]]]:
        """Give the listings that were told, with their rows."""
        for listing, table in self._told.items():
            yield listing, table.rows

    def noticed(self) -> Iterator[tuple[str, tuple[Row, ...]]]:
        """Give what directories said, and what worlds suppose of symbols no directory named: symbols with their rows."""
        for symbol in sorted(self._seen.keys() | self._supposed.keys()):
            yield symbol, tuple(self._seen.get(symbol) or self._supposed_of(symbol))

    def symbols_on(self, day: dt.date) -> tuple[str, ...]:
        """Return the symbols that mean something on a day, in order of the alphabet."""
        told = ((symbol, row) for symbol, found in self._told_of.items() for _, row in found)
        seen = ((symbol, row) for symbol, rows in self._seen.items() for row in rows)
        everything = (*told, *seen, *self._supposed.items())
        return tuple(sorted(dict.fromkeys(symbol for symbol, row in everything if row.covers(day))))


def _on_day(listing: str, day: dt.date, row: Row) -> InstrumentOnDay:
    return InstrumentOnDay(listing, day, row.value, TICKS.on(day), row.first, row.source)


def _span(row: Row) -> str:
    if row.last == row.first:
        return row.first.isoformat()
    return f"{row.first} to {row.last or 'further notice'}"
