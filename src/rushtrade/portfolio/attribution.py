"""Where an active return came from: Brinson attribution of one period, and Carino's linking of many.

Per segment, with portfolio and benchmark weights `wp`, `wb`, returns `rp`, `rb` and the benchmark's whole return `b`:
allocation = (wp − wb)(rb − b) after Brinson and Fachler (1985), or (wp − wb) rb after Brinson, Hood and Beebower (1986);
selection = wb (rp − rb); interaction = (wp − wb)(rp − rb). The effects of all segments add up to the active return exactly.

Over several periods effects do not add up, because returns compound. Carino (1999) weighs each period's effects with k(t)/k,
k = (ln(1+R) − ln(1+B)) / (R − B), so that they add up to the whole active return again.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from rushtrade.domain.errors import InvalidInput
from rushtrade.portfolio.fixed_point import ONE, fixed, logarithm


class Segment(msgspec.Struct, frozen=True):
    """One part of portfolio and benchmark over a period. Weights and returns are fractions."""

    name: str
    portfolio_weight: Fraction
    benchmark_weight: Fraction
    portfolio_return: Fraction
    benchmark_return: Fraction


class SegmentEffects(msgspec.Struct, frozen=True):
    """What one segment added to the active return."""

    name: str
    allocation: Fraction
    """Brinson and Fachler."""
    allocation_hood_beebower: Fraction
    selection: Fraction
    interaction: Fraction


class Attribution(msgspec.Struct, frozen=True):
    """One period's active return and its parts."""

    portfolio_return: Fraction
    benchmark_return: Fraction
    effects: tuple[SegmentEffects, ...]

    @property
    def active_return(self) -> Fraction:
        """Portfolio less benchmark."""
        return self.portfolio_return - self.benchmark_return

    @property
    def allocation(self) -> Fraction:
        """What the weights added."""
        return sum((each.allocation for each in self.effects), Fraction(0))

    @property
    def selection(self) -> Fraction:
        """What the choice within segments added."""
        return sum((each.selection for each in self.effects), Fraction(0))

    @property
    def interaction(self) -> Fraction:
        """What both together added."""
        return sum((each.interaction for each in self.effects), Fraction(0))


def brinson(segments: Sequence[Segment]) -> Attribution:
    """Attribute one period's active return to segments.

    Raises:
        InvalidInput: the weights of portfolio or benchmark are not exactly 1 together.

    """
    for whose, total in (
        ("portfolio", sum(each.portfolio_weight for each in segments)),
        ("benchmark", sum(each.benchmark_weight for each in segments)),
    ):
        if total != 1:
            raise InvalidInput(
                f"the {whose}'s weights add up to {total}, not 1; what is missing is a segment too"
            )
    benchmark = sum((each.benchmark_weight * each.benchmark_return for each in segments), Fraction(0))
    return Attribution(
        portfolio_return=sum(
            (each.portfolio_weight * each.portfolio_return for each in segments), Fraction(0)
        ),
        benchmark_return=benchmark,
        effects=tuple(_effects(each, benchmark) for each in segments),
    )


def _effects(segment: Segment, benchmark: Fraction) -> SegmentEffects:
    bet = segment.portfolio_weight - segment.benchmark_weight
    choice = segment.portfolio_return - segment.benchmark_return
    return SegmentEffects(
        name=segment.name,
        allocation=bet * (segment.benchmark_return - benchmark),
        allocation_hood_beebower=bet * segment.benchmark_return,
        selection=segment.benchmark_weight * choice,
        interaction=bet * choice,
    )


class PeriodEffects(msgspec.Struct, frozen=True):
    """One period: both returns, and effects that add up to their difference, by whatever names."""

    portfolio_return: Fraction
    benchmark_return: Fraction
    effects: dict[str, Fraction]


class LinkedEffects(msgspec.Struct, frozen=True):
    """Several periods: compound returns, each period's linking coefficient, and effects that add up to the active return.

    Coefficients and effects are cut off sixty digits behind the point; they are no fractions of the returns.
    """

    portfolio_return: Fraction
    benchmark_return: Fraction
    coefficients: tuple[Fraction, ...]
    effects: dict[str, Fraction]

    @property
    def active_return(self) -> Fraction:
        """Portfolio less benchmark, both compounded."""
        return self.portfolio_return - self.benchmark_return


def link(periods: Sequence[PeriodEffects]) -> LinkedEffects:
    """Link the effects of consecutive periods after Carino.

    Raises:
        InvalidInput: no period, or one that lost everything.

    """
    if not periods:
        raise InvalidInput("there is no period to link")
    portfolio, benchmark = Fraction(1), Fraction(1)
    for period in periods:
        if min(period.portfolio_return, period.benchmark_return) <= -1:
            raise InvalidInput("a period that lost everything cannot be linked to the next")
        portfolio *= 1 + period.portfolio_return
        benchmark *= 1 + period.benchmark_return
    whole = _coefficient(portfolio - 1, benchmark - 1)
    coefficients = tuple(
        _coefficient(period.portfolio_return, period.benchmark_return) / whole for period in periods
    )
    linked: dict[str, Fraction] = {}
    for period, coefficient in zip(periods, coefficients, strict=True):
        for name, effect in period.effects.items():
            linked[name] = linked.get(name, Fraction(0)) + coefficient * effect
    return LinkedEffects(portfolio - 1, benchmark - 1, coefficients, linked)


def _coefficient(portfolio_return: Fraction, benchmark_return: Fraction) -> Fraction:
    """Give Carino's k; where both returns are equal, the limit 1/(1 + R)."""
    if portfolio_return == benchmark_return:
        return 1 / (1 + portfolio_return)
    logarithms = logarithm(fixed(1 + portfolio_return)) - logarithm(fixed(1 + benchmark_return))
    return Fraction(logarithms, ONE) / (portfolio_return - benchmark_return)
