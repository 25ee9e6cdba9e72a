"""Statistics of execution as Rule 605 cuts them: a month, by stock, kind of order and size, in the buckets of the day.

Kinds, sizes, times and horizons are dated rows of `rules.execution_buckets`; this counts and adds. Covered are held orders of the regular day with a known quote
at receipt; what is not covered is counted by its reason. Where the rule measures a resting order from the moment it became executable, this measures from
receipt, because a journal has quotes for stamps and marks only; the report says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from fractions import Fraction

import msgspec

from rushtrade.backoffice.percentages import half_up
from rushtrade.backoffice.volume_report import Month
from rushtrade.domain.instants import MILLISECOND, day_from_number
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE, MONEY_UNIT
from rushtrade.domain.orders import OrderType, TimeInForce
from rushtrade.quality.facts import Ending, Fill, Names, OrderFacts, Quote
from rushtrade.quality.measures import beyond_shown, ratio
from rushtrade.quality.scorecard import shown
from rushtrade.rules.execution_buckets import EXECUTION_BUCKETS, ExecutionBuckets

_STOPS = frozenset([OrderType.STOP, OrderType.STOP_LIMIT])


class QualityCount(msgspec.Struct):
    """Shares that fared alike, how much they gained or lost by, and how long they took, all weighted by shares."""

    shares: int = 0
    amount: int = 0
    time_ns: int = 0

    def add(self, shares: int, amount: int, time_ns: int) -> None:
        """Take in an execution."""
        self.shares += shares
        self.amount += amount * shares
        self.time_ns += time_ns * shares


class RowCount(msgspec.Struct):
    """One row being added up."""

    times: list[int]
    realized: list[int]
    realized_shares: list[int]
    orders: int = 0
    shares: int = 0
    canceled: int = 0
    executed: int = 0
    effective: int = 0
    quoted: int = 0
    size_improvement: int = 0
    all: QualityCount = msgspec.field(default_factory=QualityCount)
    better: QualityCount = msgspec.field(default_factory=QualityCount)
    at_quote: QualityCount = msgspec.field(default_factory=QualityCount)
    worse: QualityCount = msgspec.field(default_factory=QualityCount)


class ExecutionRow(msgspec.Struct, frozen=True):
    """One row as printed. Amounts in mils ($0.0001) a share, times in milliseconds, both weighted by shares; None = nothing to divide by."""

    symbol: str
    kind: str
    size: str
    lot: str
    orders: int
    shares: int
    canceled_shares: int
    executed_shares: int
    effective_spread: str | None
    effective_over_quoted: str | None
    realized: list[str | None]
    realized_shares: list[int]
    size_improvement_shares: int
    time_ms: str | None
    improved_shares: int
    improvement: str | None
    improved_time_ms: str | None
    at_quote_shares: int
    at_quote_time_ms: str | None
    outside_shares: int
    outside_amount: str | None
    outside_time_ms: str | None
    by_time: list[int]


class ExecutionReport(msgspec.Struct, frozen=True):
    """A month. `time_buckets` and `horizons_ms` head the columns of `by_time` and `realized`."""

    firm: str
    month: str
    source: str
    time_buckets: list[str]
    horizons_ms: list[str]
    covered: int
    not_covered: dict[str, int]
    rows: list[ExecutionRow]
    notes: list[str]


class ExecutionCounter:
    """Adds up the orders of one month."""

    def __init__(self, month: Month) -> None:
        self.month = month
        row = EXECUTION_BUCKETS.row_on(month.first_day)
        self.buckets: ExecutionBuckets = row.value
        self.source = row.source
        self._rows: dict[tuple[str, int, int, str], RowCount] = {}
        self._not_covered: dict[str, int] = {}

    def add(self, orders: Iterable[OrderFacts], names: Names) -> None:
        """Take orders in; those of other months are passed by."""
        for order in orders:
            day = day_from_number(order.day)
            if (day.year, day.month) != (self.month.year, self.month.number):
                continue
            why = self._why_not(order)
            if why:
                self._not_covered[why] = self._not_covered.get(why, 0) + 1
            else:
                self._count(order, names)

    def _why_not(self, order: OrderFacts) -> str:
        if order.ending is Ending.REFUSED:
            return "refused by the house"
        if not order.held:
            return "not held"
        if order.terms.time_in_force is TimeInForce.FOK:
            return "to be filled as a whole"
        if order.terms.order_type in _STOPS:
            if "stop" not in self.buckets.kinds:
                return "stop orders"
            if not order.triggered_ns:
                return "stops that were not triggered"
        if not self._receipt(order)[1].known:
            return "no known quote at receipt"
        if order.wanted < self.buckets.shares_min:
            return f"smaller than {self.buckets.shares_min} shares"
        return "" if self._kind(order) else "too far from the quote"

    def _receipt(self, order: OrderFacts) -> tuple[int, Quote]:
        """Give when an order could first trade, and the quotes it met then."""
        if order.triggered_ns and order.children:
            return order.triggered_ns, order.children[0].quote
        return order.accepted_ns, order.arrival

    def _kind(self, order: OrderFacts) -> str:
        """Name the kind of an order in the words of the day; empty when the day knows none for it."""
        terms, quote = order.terms, order.arrival
        if terms.order_type in _STOPS:
            return "stop"
        if terms.order_type is OrderType.MARKET:
            return "market"
        by_value = self.buckets.by_value
        ioc = by_value and terms.time_in_force is TimeInForce.IOC
        if order.marketable:
            return "marketable IOC" if ioc else "marketable limit"
        if by_value:
            name = (
                "midpoint or better"
                if order.way * (2 * terms.limit_price - quote.mid2) >= 0
                else "non-marketable"
            )
            return f"{name} {'IOC' if ioc else 'limit'}"
        beyond = order.way * (quote.near(terms.side) - terms.limit_price)
        if beyond < 0:
            return "inside the quote"
        if beyond == 0:
            return "at the quote"
        return "near the quote" if beyond <= self.buckets.near_quote else ""

    def _count(self, order: OrderFacts, names: Names) -> None:
        since_ns, quote = self._receipt(order)
        kind = self.buckets.kinds.index(self._kind(order))
        symbol = names.symbol(order.terms.instrument_id)
        size = order.wanted
        lot = ""
        if self.buckets.by_value:
            price = order.terms.limit_price or quote.far(order.terms.side)
            size *= price * MONEY_PER_PRICE_SHARE
            round_lot = names.round_lots.get(order.terms.instrument_id, 1)
            lot = "round" if order.wanted >= round_lot else "odd"
        key = (symbol, kind, bisect_right(self.buckets.sizes, size) - 1, lot)
        row = self._rows.get(key)
        if row is None:
            places = [0] * len(self.buckets.horizons_ns)
            row = self._rows[key] = RowCount([0] * len(self.buckets.times_ns), list(places), list(places))
        row.orders += 1
        row.shares += order.wanted
        if order.ending in {Ending.CANCELED, Ending.EXPIRED, Ending.REPLACED}:
            row.canceled += order.wanted - order.filled
        row.size_improvement += beyond_shown(order.fills, order.terms.side, quote)
        for fill in order.fills:
            self._execution(row, fill, order, since_ns, quote)

    def _execution(self, row: RowCount, fill: Fill, order: OrderFacts, since_ns: int, quote: Quote) -> None:
        took_ns, shares, way = fill.time_ns - since_ns, fill.shares, order.way
        row.executed += shares
        row.times[bisect_right(self.buckets.times_ns, took_ns) - 1] += shares
        row.effective += way * (2 * fill.price - quote.mid2) * shares
        row.quoted += (quote.ask - quote.bid) * shares
        row.all.add(shares, 0, took_ns)
        better = way * (quote.far(order.terms.side) - fill.price)
        group = row.better if better > 0 else row.worse if better < 0 else row.at_quote
        group.add(shares, abs(better), took_ns)
        for place, mid2 in enumerate(fill.later):
            if mid2:
                row.realized[place] += way * (2 * fill.price - mid2) * shares
                row.realized_shares[place] += shares

    def report(self, names: Names) -> ExecutionReport:
        """Give the month's rows by stock, kind and size."""
        return ExecutionReport(
            names.firm,
            str(self.month),
            self.source,
            [f"from {_ms(bound)} ms" for bound in self.buckets.times_ns],
            [_ms(horizon) for horizon in self.buckets.horizons_ns],
            sum(row.orders for row in self._rows.values()),
            dict(sorted(self._not_covered.items())),
            [self._row(key, row) for key, row in sorted(self._rows.items())],
            [
                "Resting orders are measured from receipt, not from when they became executable.",
                "Later midpoints are those of the journal's marks, one a second at most; shares without one are left out of realized spreads.",
            ],
        )

    def _row(self, key: tuple[str, int, int, str], row: RowCount) -> ExecutionRow:
        symbol, kind, size, lot = key
        return ExecutionRow(
            symbol=symbol,
            kind=self.buckets.kinds[kind],
            size=self._size(size),
            lot=lot,
            orders=row.orders,
            shares=row.shares,
            canceled_shares=row.canceled,
            executed_shares=row.executed,
            effective_spread=shown(ratio(row.effective, row.executed)),
            effective_over_quoted=shown(ratio(row.effective, row.quoted), 3),
            realized=[
                shown(ratio(part, shares))
                for part, shares in zip(row.realized, row.realized_shares, strict=True)
            ],
            realized_shares=row.realized_shares,
            size_improvement_shares=row.size_improvement,
            time_ms=_time(row.all),
            improved_shares=row.better.shares,
            improvement=shown(ratio(row.better.amount, row.better.shares)),
            improved_time_ms=_time(row.better),
            at_quote_shares=row.at_quote.shares,
            at_quote_time_ms=_time(row.at_quote),
            outside_shares=row.worse.shares,
            outside_amount=shown(ratio(row.worse.amount, row.worse.shares)),
            outside_time_ms=_time(row.worse),
            by_time=row.times,
        )

    def _size(self, place: int) -> str:
        """Write a size bucket: ``$250 to less than $1,000``, ``100 to 499``."""
        sizes = self.buckets.sizes
        if self.buckets.by_value:
            low = f"${sizes[place] // MONEY_UNIT:,}"
            if place + 1 == len(sizes):
                return f"{low} or more"
            return f"{low} to less than ${sizes[place + 1] // MONEY_UNIT:,}"
        if place + 1 == len(sizes):
            return f"{sizes[place]:,} or more"
        return f"{sizes[place]:,} to {sizes[place + 1] - 1:,}"


def _time(count: QualityCount) -> str | None:
    return shown(ratio(count.time_ns, count.shares * MILLISECOND), 3)


def _ms(value_ns: int) -> str:
    text = half_up(Fraction(value_ns, MILLISECOND), 3)
    return text.rstrip("0").rstrip(".")
