"""The internal rate of return: the one rate at which everything paid in would have grown to everything taken out.

Money-weighted: what the investor's money earned, the timing of deposits included. Theory: with growth `x` a day (or a period) the
value of all flows on the last day is Σ flow × x^(days left), a polynomial that falls through zero at the answer. Brackets are sought
outward from a rate of zero, then halved until nothing is left between them. Flows that change sign once have exactly one rate
(Descartes); of several, the one nearest to zero that the search meets is given.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from rushtrade.domain.errors import InvalidInput
from rushtrade.portfolio.fixed_point import ONE, exponential, fixed, logarithm, power, rate

DAYS_A_YEAR = 365
"""Actual/365, as spreadsheets and brokers count."""
BRACKETS_MAX = 120
"""How far the search goes on either side, each step an eighth more: from −99.9999 % to +137,000,000 %."""
BRACKET_STEP = logarithm(fixed(Fraction(9, 8)))

Flow = tuple[int, Fraction | int]
"""When (a number of the period or day) and how much; what is paid in is negative."""


def internal_rate(amounts: Sequence[Fraction | int]) -> Fraction:
    """Give the rate a period of flows one period apart: the first paid now, the second after one, and so on.

    Raises:
        InvalidInput: money flows one way only, or no rate within the searched range makes the flows even.

    """
    return _rate(list(enumerate(amounts)), 1)


def internal_rate_dated(flows: Sequence[tuple[dt.date, Fraction | int]], days: int = DAYS_A_YEAR) -> Fraction:
    """Give the rate over so many days, a year unless told, of dated flows; their order does not matter (XIRR).

    Raises:
        InvalidInput: as `internal_rate`, or everything flows on one day.

    """
    return _rate([(day.toordinal(), amount) for day, amount in flows], days)


def _rate(flows: Sequence[Flow], steps: int) -> Fraction:
    """Solve for the growth of one step and give the rate of `steps` of them."""
    if min((amount for _, amount in flows), default=0) >= 0 or max(amount for _, amount in flows) <= 0:
        raise InvalidInput(
            "flows that go one way only have no rate of return; one paid in and one taken out would"
        )
    value = _FinalValue(flows)
    if value(ONE) == 0:
        return Fraction(0)
    growth = _bisect(value, *_bracket(value, steps))
    return rate(power(growth, steps) - ONE)


class _FinalValue:
    """What all flows are worth on the last day, by growth a step in fixed point; in whole units of the finest amount."""

    def __init__(self, flows: Sequence[Flow]) -> None:
        last = max(when for when, _ in flows)
        scale = lcm(*(Fraction(amount).denominator for _, amount in flows))
        self._terms = [(last - when, int(amount * scale)) for when, amount in flows]

    def __call__(self, growth: int) -> int:
        return sum(amount * power(growth, left) for left, amount in self._terms)


def _bracket(value: _FinalValue, steps: int) -> tuple[int, int]:
    """Find two growths with the answer between them, as near to no growth as there is one."""
    up = down = (ONE, value(ONE))
    for place in range(1, BRACKETS_MAX + 1):
        reached = exponential(BRACKET_STEP * place // steps)
        higher, lower = (reached, value(reached)), (ONE * ONE // reached, value(ONE * ONE // reached))
        if (up[1] > 0) != (higher[1] > 0):
            return up[0], higher[0]
        if (down[1] > 0) != (lower[1] > 0):
            return lower[0], down[0]
        up, down = higher, lower
    raise InvalidInput(
        "no rate of return between -99.9999% and 137,000,000% makes these flows even; "
        "an amount or a date among them is wrong"
    )


def _bisect(value: _FinalValue, low: int, high: int) -> int:
    """Halve until the answer lies in one unit of fixed point."""
    low_is_positive = value(low) > 0
    while high - low > 1:
        middle = (low + high) // 2
        if (value(middle) > 0) == low_is_positive:
            low = middle
        else:
            high = middle
    return low
