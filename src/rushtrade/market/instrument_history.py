"""Instruments with their history: what a security was called and how it traded on any day.

A **listing** is one security through all its names. Its rows say, by date, symbol, round lot, equity class, tier of price bands,
leverage, whether it can be borrowed easily, whether it was suspended; each row names its source. A symbol means different listings at
different times, and one listing has several symbols: both are asked by date.

Rows come from a world's shares, from a venue's directory of a day (`seen`), and from a file of dated overrides, which win: what a
person has written down with its source goes before what a feed said. Nothing here knows prices.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instruments import EquityClass, InstrumentKind
from rushtrade.rules.dated import DatedRow, DatedTable, RuleTableInvalid
from rushtrade.rules.market_structure import TICKS, TickRule

if TYPE_CHECKING:
    from rushtrade.rules.world import World

LISTINGS_MAX = 100_000
"""Ten times the securities of the United States."""
ROWS_MAX = 1_000
"""Rows of one listing: a change a week for twenty years."""


class ListingTerms(msgspec.Struct, frozen=True):
    """How a security trades on a day. `tier` 0 and `leverage` 0 are "not told"."""

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
        self._seen: dict[str, dict[dt.date, tuple[ListingTerms, str]]] = {}

    def tell(self, listing: str, rows: Iterable[DatedRow[ListingTerms]]) -> None:
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

    def _refuse_shared(self, listing: str, row: DatedRow[ListingTerms]) -> None:
        for other, table in self._told.items():
            for theirs in table.rows:
                begins_before = row.last is None or theirs.first <= row.last
                ends_after = theirs.last is None or theirs.last >= row.first
                if theirs.value.symbol == row.value.symbol and begins_before and ends_after:
                    raise InvalidInput(
                        f"{row.value.symbol} is listing {listing!r} from {row.first} on and {other!r} from {theirs.first} on; "
                        "end one of them before the other begins"
                    )

    def seen(self, day: dt.date, terms: ListingTerms, source: str) -> None:
        """Note what a venue's directory said of a symbol on a day; it holds for that day where nothing was told."""
        self._seen.setdefault(terms.symbol, {})[day] = terms, source

    def instrument(self, symbol: str, day: dt.date) -> InstrumentOnDay:
        """Return what a symbol meant on a day; InvalidInput, with the days it is known for, when it meant nothing."""
        ticks = TICKS.on(day)
        for listing, table in self._told.items():
            for row in table.rows:
                if row.value.symbol == symbol and row.covers(day):
                    return InstrumentOnDay(listing, day, row.value, ticks, row.first, row.source)
        days = self._seen.get(symbol, {})
        if day in days:
            terms, source = days[day]
            return InstrumentOnDay(symbol, day, terms, ticks, day, source)
        raise InvalidInput(f"nothing is known of {symbol} on {day}; {self._known(symbol)}")

    def _known(self, symbol: str) -> str:
        spans = [
            f"{row.first} to {row.last or 'further notice'}"
            for table in self._told.values()
            for row in table.rows
            if row.value.symbol == symbol
        ]
        spans += [day.isoformat() for day in sorted(self._seen.get(symbol, {}))]
        return f"it is known for {', '.join(spans)}" if spans else "no listing ever had that symbol"

    def history(self, listing: str) -> tuple[DatedRow[ListingTerms], ...]:
        """Return all rows of a listing, oldest first; InvalidInput when there is no such listing."""
        if listing not in self._told:
            raise InvalidInput(f"there is no listing {listing!r}")
        return self._told[listing].rows

    def symbols_on(self, day: dt.date) -> tuple[str, ...]:
        """Return the symbols that mean something on a day, in order of the alphabet."""
        told = {row.value.symbol for table in self._told.values() for row in table.rows if row.covers(day)}
        return tuple(sorted(told.union(symbol for symbol, days in self._seen.items() if day in days)))


def history_of_world(
    world: World, overrides: Iterable[tuple[str, list[DatedRow[ListingTerms]]]] = ()
) -> InstrumentHistory:
    """Return the instruments of a world over its dates; a listing that the overrides tell is theirs alone."""
    history = InstrumentHistory()
    overridden = []
    for listing, rows in overrides:
        history.tell(listing, rows)
        overridden.append(listing)
    for share in world.symbols:
        if share.symbol in overridden:
            continue
        terms = ListingTerms(
            symbol=share.symbol,
            name=share.name,
            equity_class=share.equity_class,
            kind=share.kind,
            primary_venue=share.primary_venue,
            round_lot=share.round_lot,
            easy_to_borrow=share.easy_to_borrow,
        )
        history.tell(share.symbol, [DatedRow(world.first, world.last, terms, f"world {world.name}")])
    return history
