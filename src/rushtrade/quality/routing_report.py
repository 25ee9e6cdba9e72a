"""Rule 606(a)(1): where held, non-directed customer orders went in a quarter, month by month, and what the venues paid for it.

Counts facts of orders; knows neither XML nor pages. Percentages of the summary are of orders as customers entered them; those of a
venue are of orders as they were routed, because one order may go to several venues and to one of them twice. Payments are the
venues' own fees of executions, turned: what a venue charged us is below zero. Source of rows, order kinds and columns: 17 CFR
242.606(a)(1)(i)-(iii).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from fractions import Fraction

import msgspec

from rushtrade.backoffice.percentages import half_up
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import day_from_number
from rushtrade.domain.numbers import CENT, MONEY_UNIT
from rushtrade.quality.disclosures import Disclosures
from rushtrade.quality.facts import Ending, Names, OrderFacts, OrderKind
from rushtrade.quality.measures import ratio

LARGEST_VENUES = 10
"""Venues named at least: the ten that got most (606(a)(1)(ii))."""
NAMED_FROM = Fraction(5, 100)
"""Any venue that got so large a part is named, too (606(a)(1)(ii))."""
KINDS = (
    OrderKind.MARKET,
    OrderKind.MARKETABLE_LIMIT,
    OrderKind.NON_MARKETABLE_LIMIT,
    OrderKind.OTHER,
)
_HUNDRED_SHARES = 100


class Quarter(msgspec.Struct, frozen=True):
    """A calendar quarter."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04d}Q{self.number}"

    @property
    def months(self) -> tuple[int, int, int]:
        """Numbers of its months."""
        first = 3 * self.number - 2
        return first, first + 1, first + 2

    def holds(self, day: dt.date) -> bool:
        """Whether a day lies in it."""
        return day.year == self.year and day.month in self.months


def parse_quarter(text: str) -> Quarter:
    """Read ``2026Q4``."""
    year, _, number = text.partition("Q")
    if not (text.isascii() and year.isdecimal() and len(year) == 4 and number in {"1", "2", "3", "4"}):
        raise InvalidInput(f"quarter {text[:40]!r} is not a quarter such as '2026Q4'")
    return Quarter(int(year), int(number))


class KindCount(msgspec.Struct):
    """What one kind of order came to at one venue. `received` in micro-dollars, + = the venue paid."""

    routed: int = 0
    executed: int = 0
    received: int = 0


class VenueCount(msgspec.Struct):
    """One venue of one section of one month."""

    kinds: dict[OrderKind, KindCount]

    @property
    def routed(self) -> int:
        """Orders routed there, of all kinds."""
        return sum(kind.routed for kind in self.kinds.values())


class SectionCount(msgspec.Struct):
    """One section of one month: all held orders, and the non-directed ones by kind and venue."""

    held: int = 0
    non_directed: dict[OrderKind, int] = {}
    venues: dict[int, VenueCount] = {}


class KindRow(msgspec.Struct, frozen=True):
    """One kind at one venue as printed: per cent of the kind, net payment in dollars and in cents per hundred shares."""

    percent: str
    usd: str
    cents_per_hundred: str


class VenueRow(msgspec.Struct, frozen=True):
    """One venue as printed."""

    name: str
    code: str
    mic: str
    mpid: str
    routed: int
    percent: str
    market: KindRow
    marketable_limit: KindRow
    non_marketable_limit: KindRow
    other: KindRow
    material_aspects: str


class Section(msgspec.Struct, frozen=True):
    """A section as printed. Percentages with two digits."""

    name: str
    held_orders: int
    non_directed_orders: int
    non_directed_percent: str
    market_percent: str
    marketable_limit_percent: str
    non_marketable_limit_percent: str
    other_percent: str
    venues: list[VenueRow]


class MonthSections(msgspec.Struct, frozen=True):
    """A month of the report: S&P 500 stocks, other stocks, options."""

    year: int
    month: int
    sections: list[Section]


class RoutingReport(msgspec.Struct, frozen=True):
    """The public report of a quarter. `notes` say what its reader must know."""

    firm: str
    quarter: str
    year: int
    number: int
    months: list[MonthSections]
    notes: list[str]


SP500, OTHER_STOCKS, OPTIONS = "S&P 500 stocks", "Other stocks", "Options"
SECTIONS = (SP500, OTHER_STOCKS, OPTIONS)


class RoutingCounter:
    """Counts orders into the sections of a quarter."""

    def __init__(self, quarter: Quarter, disclosures: Disclosures) -> None:
        self.quarter = quarter
        self._disclosures = disclosures
        self._counts: dict[tuple[int, str], SectionCount] = {}
        self._days: dict[int, None] = {}
        self._refused = 0

    def add(self, orders: Iterable[OrderFacts], names: Names) -> None:
        """Take orders in. What the house refused was never routed and is no order of the report."""
        for order in orders:
            day = day_from_number(order.day)
            if not self.quarter.holds(day):
                continue
            if order.ending is Ending.REFUSED:
                self._refused += 1
                continue
            if order.held:
                self._count(order, day.month, names)

    def _count(self, order: OrderFacts, month: int, names: Names) -> None:
        self._days[month] = None
        in_index = names.symbol(order.terms.instrument_id) in self._disclosures.sp500
        section = self._counts.setdefault((month, SP500 if in_index else OTHER_STOCKS), SectionCount())
        section.held += 1
        if order.directed:
            return
        kind = order.kind
        section.non_directed[kind] = section.non_directed.get(kind, 0) + 1
        for child in order.children:
            venue = section.venues.get(child.venue)
            if venue is None:
                venue = section.venues[child.venue] = VenueCount({kind: KindCount() for kind in KINDS})
            count = venue.kinds[kind]
            count.routed += not child.carried
            count.executed += child.filled
            count.received -= sum(fill.venue_fee for fill in child.fills)

    def report(self, names: Names) -> RoutingReport:
        """Give the report: a month for each that had orders, in all of its sections."""
        months = [
            MonthSections(
                self.quarter.year,
                month,
                [self._section(name, self._counts.get((month, name)), names) for name in SECTIONS],
            )
            for month in self.quarter.months
            if month in self._days
        ]
        return RoutingReport(
            names.firm, str(self.quarter), self.quarter.year, self.quarter.number, months, self._notes()
        )

    def _notes(self) -> list[str]:
        notes = [
            "Percentages of venues are of orders as routed: an order may go to several venues.",
            "Net payments are the venues' fees of executions; what was paid to a venue is below zero.",
        ]
        if not self._disclosures.sp500:
            notes.append("No list of S&P 500 stocks was given: all stocks stand under other stocks.")
        if self._refused:
            notes.append(
                f"{self._refused:,} orders were refused by the house, never routed, and are not counted."
            )
        return notes

    def _section(self, name: str, found: SectionCount | None, names: Names) -> Section:
        count = found or SectionCount()
        non_directed = sum(count.non_directed.values())
        of_kind = [percent(count.non_directed.get(kind, 0), non_directed) for kind in KINDS]
        return Section(
            name,
            count.held,
            non_directed,
            percent(non_directed, count.held),
            of_kind[0],
            of_kind[1],
            of_kind[2],
            of_kind[3],
            [self._venue(venue, count, names) for venue in _named(count.venues)],
        )

    def _venue(self, venue: int, section: SectionCount, names: Names) -> VenueRow:
        count = section.venues[venue]
        route = names.routes.get(venue)
        totals = {kind: sum(each.kinds[kind].routed for each in section.venues.values()) for kind in KINDS}
        rows = {kind: _kind_row(count.kinds[kind], totals[kind]) for kind in KINDS}
        return VenueRow(
            name=route.name if route else names.code(venue),
            code=names.code(venue),
            mic=route.mic if route else "",
            mpid=self._disclosures.mpid(names, venue),
            routed=count.routed,
            percent=percent(count.routed, sum(totals.values())),
            market=rows[OrderKind.MARKET],
            marketable_limit=rows[OrderKind.MARKETABLE_LIMIT],
            non_marketable_limit=rows[OrderKind.NON_MARKETABLE_LIMIT],
            other=rows[OrderKind.OTHER],
            material_aspects=self._disclosures.aspects(names, venue),
        )


def _named(venues: dict[int, VenueCount]) -> list[int]:
    """Give the venues to be named: the ten largest and any with five per cent, most orders first."""
    total = sum(venue.routed for venue in venues.values())
    ranked = sorted(venues, key=lambda venue: (-venues[venue].routed, venue))
    return [
        venue
        for place, venue in enumerate(ranked)
        if place < LARGEST_VENUES or (total and Fraction(venues[venue].routed, total) >= NAMED_FROM)
    ]


def _kind_row(count: KindCount, total: int) -> KindRow:
    per_hundred = ratio(count.received * _HUNDRED_SHARES, count.executed * CENT)
    return KindRow(
        percent(count.routed, total),
        half_up(Fraction(count.received, MONEY_UNIT), 2),
        half_up(per_hundred or Fraction(0), 4),
    )


def percent(part: int, whole: int) -> str:
    """Write a part in per cent with two digits; of nothing, 0.00."""
    return half_up(Fraction(100 * part, whole) if whole else Fraction(0), 2)
