"""What a portfolio has earned: time-weighted, money-weighted and modified Dietz returns.

Time-weighted return chains the growth of the periods between flows, so that it measures the manager and not the timing of deposits;
the internal rate measures what the investor's own money earned; modified Dietz estimates the first where values between
flows are not known, by weighing each flow with the part of the period it was there for.

Amounts are of one unit, whichever (micro-dollars within the house), and returns are fractions: 1/50 = 2 %. Only roots are
rounded, to `fixed_point.RATE_DIGITS`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

import msgspec

from rushtrade.domain.errors import InvalidInput
from rushtrade.portfolio.fixed_point import ONE, exponential, fixed, logarithm, rate
from rushtrade.portfolio.internal_rate import internal_rate_dated

Amount = Fraction | int


class Subperiod(msgspec.Struct, frozen=True):
    """A span without flows of money: what it began and ended with, and income paid out at its end."""

    begin: Amount
    end: Amount
    income: Amount = 0

    @property
    def growth(self) -> Fraction:
        """What one unit became."""
        if self.begin <= 0:
            raise InvalidInput(
                f"a period that begins with {self.begin} has no return; it starts when there is money in it"
            )
        return Fraction(self.end + self.income) / self.begin


def time_weighted(subperiods: Iterable[Subperiod]) -> Fraction:
    """Chain the returns of consecutive spans."""
    growth = Fraction(1)
    for subperiod in subperiods:
        growth *= subperiod.growth
    return growth - 1


def annualized(cumulative: Fraction, years: Amount) -> Fraction:
    """Give the rate a year that compounds to a cumulative return over `years`, rounded to `RATE_DIGITS`.

    Raises:
        InvalidInput: no time has passed, or more was lost than there was.

    """
    if years <= 0:
        raise InvalidInput(f"a return over {years} years cannot be annualized; more than 0 would pass")
    if cumulative < -1:
        raise InvalidInput(f"a return of {cumulative} loses more than everything; it has no rate a year")
    if cumulative == -1:
        return cumulative
    span = Fraction(years)
    a_year = logarithm(fixed(1 + cumulative)) * span.denominator // span.numerator
    return rate(exponential(a_year) - ONE)


def modified_dietz(
    begin: Amount, end: Amount, flows: Sequence[tuple[Amount, Amount]], days: Amount
) -> Fraction:
    """Estimate the return of a period of `days` with flows (day, amount paid in), each at the end of its day.

    Raises:
        InvalidInput: a flow outside the period, or no money in it on average.

    """
    for day, amount in flows:
        if not 0 <= day <= days:
            raise InvalidInput(f"a flow of {amount} on day {day} is outside a period of {days} days")
    paid_in = sum(amount for _, amount in flows)
    invested = begin + sum(amount * Fraction(days - day) / days for day, amount in flows)
    if invested <= 0:
        raise InvalidInput(f"on average {invested} was invested; a return needs something above 0")
    return Fraction(end - begin - paid_in) / Fraction(invested)


class CloseValue(msgspec.Struct, frozen=True):
    """An account at one close: its equity, and the money that came in (or, negative, went out) during the day."""

    day: dt.date
    equity: int
    paid_in: int


class Performance(msgspec.Struct, frozen=True):
    """What an account has earned from its first close to its last: cumulative returns, not annualized."""

    first: dt.date
    last: dt.date
    profit: int
    """Equity gained beyond what was paid in."""
    time_weighted: Fraction
    """A day's flow counts as there since the day began."""
    money_weighted: Fraction | None
    """A day's flow counts as there since its close. None where no rate makes the flows even."""


def performance(closes: Sequence[CloseValue]) -> Performance:
    """Measure an account by its closes, oldest first; the first is where it starts, with nothing earned yet.

    Days that begin with nothing (before the first deposit, after the last withdrawal) neither gain nor lose.

    Raises:
        InvalidInput: fewer than two closes, or out of order.

    """
    if len(closes) < 2 or any(one.day >= other.day for one, other in pairwise(closes)):
        raise InvalidInput("performance needs two closes or more, one a day, the oldest first")
    start, end = closes[0], closes[-1]
    spans = [
        Subperiod(before.equity + after.paid_in, after.equity)
        for before, after in pairwise(closes)
        if before.equity + after.paid_in > 0
    ]
    flows = [(start.day, -start.equity), *((close.day, -close.paid_in) for close in closes[1:])]
    return Performance(
        first=start.day,
        last=end.day,
        profit=end.equity - start.equity - sum(close.paid_in for close in closes[1:]),
        time_weighted=time_weighted(spans),
        money_weighted=_rate_or_none([*flows, (end.day, end.equity)], (end.day - start.day).days),
    )


def _rate_or_none(flows: Sequence[tuple[dt.date, int]], days: int) -> Fraction | None:
    try:
        return internal_rate_dated(flows, days)
    except InvalidInput:
        return None
