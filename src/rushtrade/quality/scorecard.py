"""The scorecard: execution quality by route, by strategy or by symbol, over orders that came between two trade dates.

By route a row is what was sent to a venue, measured on the quotes its decision saw; by strategy and by symbol a row is whole
orders, measured on the quotes they met when they came. Cost is against the arrival midpoint in all of them, so it adds up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum
from fractions import Fraction

import msgspec

from rushtrade.backoffice.percentages import half_up
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import MILLISECOND, day_number
from rushtrade.domain.numbers import format_money
from rushtrade.quality.facts import Names, OrderFacts
from rushtrade.quality.measures import Tally, ratio

GROUPS_MAX = 100_000
"""Groups of one scorecard: more symbols than all markets list; beyond it the books are not what they seem."""
TOTAL = "total"


class By(StrEnum):
    """What rows a scorecard has."""

    ROUTE = "route"
    STRATEGY = "strategy"
    SYMBOL = "symbol"


class Span(msgspec.Struct, frozen=True):
    """Trade dates from `first` to `last`, both included; None = no bound."""

    first: dt.date | None = None
    last: dt.date | None = None

    def holds(self, day: int) -> bool:
        """Whether a numbered day lies within."""
        return (self.first is None or day >= day_number(self.first)) and (
            self.last is None or day <= day_number(self.last)
        )


class LaterRow(msgspec.Struct, frozen=True):
    """Spreads at a horizon, in mils a share; None where no later midpoint is known."""

    after_ns: int
    shares: int
    realized_mils: str | None
    impact_mils: str | None


class ScoreRow(msgspec.Struct, frozen=True):
    """One line as printed and as JSON: counts exact, everything a share in mils ($0.0001) as decimal text, money in dollars."""

    name: str
    orders: int
    refused: int
    shares: int
    filled: int
    executions: int
    fill_percent: str | None
    refused_percent: str | None
    first_fill_ms: str | None
    effective_spread_mils: str | None
    quoted_spread_mils: str | None
    effective_over_quoted: str | None
    later: list[LaterRow]
    improved_shares: int
    improvement_mils: str | None
    disimproved_shares: int
    disimprovement_mils: str | None
    size_improvement_shares: int
    venue_fees: str
    venue_fee_mils: str | None
    costed_shares: int
    slippage: str
    cost: str
    cost_mils: str | None
    shortfall_orders: int
    shortfall: str | None


class Scorecard(msgspec.Struct, frozen=True):
    """Rows, cheapest a share first, and their total. `without_quote`: executed shares no midpoint is known for."""

    firm: str
    by: str
    first: str | None
    last: str | None
    orders: int
    rows: list[ScoreRow]
    total: ScoreRow
    without_quote: int


class ScoreBoard:
    """Adds up orders into the rows of a scorecard."""

    def __init__(self, by: By, span: Span, horizons_ns: tuple[int, ...]) -> None:
        self.by = by
        self.span = span
        self._horizons_ns = horizons_ns
        self._tallies: dict[str, Tally] = {}
        self._total = Tally()
        self._orders = 0

    def add(self, orders: Iterable[OrderFacts], names: Names) -> None:
        """Take orders in; those of other days are passed by."""
        for order in orders:
            if not self.span.holds(order.day):
                continue
            self._orders += 1
            if self.by is By.ROUTE:
                self._add_children(order, names)
            else:
                by_strategy = self.by is By.STRATEGY
                name = order.strategy if by_strategy else names.symbol(order.terms.instrument_id)
                self._of(name).add_order(order)
                self._total.add_order(order)

    def _add_children(self, order: OrderFacts, names: Names) -> None:
        for child in order.children:
            self._of(names.code(child.venue)).add_child(child, order)
            self._total.add_child(child, order)

    def _of(self, name: str) -> Tally:
        tally = self._tallies.get(name)
        if tally is None:
            if len(self._tallies) >= GROUPS_MAX:
                raise InvalidInput(f"more than {GROUPS_MAX:,} rows by {self.by}; ask for fewer days")
            tally = self._tallies[name] = Tally()
        return tally

    def scorecard(self, firm: str) -> Scorecard:
        """Give the rows, cheapest a share first; those without an execution come last, by name."""
        ranked = sorted(self._tallies.items(), key=_rank)
        first, last = self.span.first, self.span.last
        return Scorecard(
            firm,
            self.by.value,
            first.isoformat() if first else None,
            last.isoformat() if last else None,
            self._orders,
            [score_row(name, tally, self._horizons_ns) for name, tally in ranked],
            score_row(TOTAL, self._total, self._horizons_ns),
            self._total.filled - self._total.costed,
        )


def _rank(item: tuple[str, Tally]) -> tuple[bool, Fraction, str]:
    cost = item[1].cost_mils
    return cost is None, cost or Fraction(0), item[0]


def score_row(name: str, tally: Tally, horizons_ns: tuple[int, ...]) -> ScoreRow:
    """Write a tally as a row."""
    later = [
        LaterRow(
            after_ns,
            spread.shares,
            shown(ratio(spread.realized, spread.shares)),
            shown(ratio(spread.impact, spread.shares)),
        )
        for after_ns, spread in zip(horizons_ns, tally.later, strict=False)
    ]
    fee = ratio(tally.venue_fees, tally.filled * 100)
    return ScoreRow(
        name,
        tally.orders,
        tally.refused,
        tally.shares,
        tally.filled,
        tally.executions,
        _percent(tally.fill_rate),
        _percent(tally.reject_rate),
        shown(ratio(tally.first_fill_ns, tally.first_fills * MILLISECOND), 1),
        shown(ratio(tally.effective, tally.with_mid)),
        shown(ratio(tally.quoted, tally.with_mid)),
        shown(tally.effective_over_quoted, 3),
        later,
        tally.improved_shares,
        shown(ratio(tally.improvement, tally.improved_shares)),
        tally.worse_shares,
        shown(ratio(tally.disimprovement, tally.worse_shares)),
        tally.size_improvement,
        format_money(tally.venue_fees),
        shown(fee),
        tally.costed,
        format_money(tally.slippage_money),
        format_money(tally.cost_money),
        shown(tally.cost_mils),
        tally.shortfall_orders,
        format_money(tally.shortfall_money) if tally.shortfall_orders else None,
    )


def shown(value: Fraction | None, decimals: int = 2) -> str | None:
    """Write a fraction half-up; None stays None: not known is not zero."""
    return None if value is None else half_up(value, decimals)


def _percent(value: Fraction | None) -> str | None:
    return None if value is None else half_up(100 * value, 2)
