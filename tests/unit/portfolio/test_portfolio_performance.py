"""Returns: worked numbers of textbooks, what must always hold, and the fixed point held to `decimal`."""

from __future__ import annotations

import datetime as dt
from decimal import Context
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rushtrade.domain.errors import InvalidInput, InvariantBroken
from rushtrade.portfolio.fixed_point import (
    DIGITS,
    ONE,
    RATE_DIGITS,
    exponential,
    fixed,
    logarithm,
    power,
    rate,
)
from rushtrade.portfolio.internal_rate import internal_rate, internal_rate_dated
from rushtrade.portfolio.performance import (
    CloseValue,
    Subperiod,
    annualized,
    modified_dietz,
    performance,
    time_weighted,
)

HALF_A_UNIT = Fraction(1, 2 * 10**RATE_DIGITS)
MONDAY = dt.date(2026, 9, 28)
DECIMAL = Context(prec=DIGITS + 20)
NUMBERS = st.fractions(min_value=Fraction(1, 10**6), max_value=10**6)


def decimal(number: int):
    return DECIMAL.divide(DECIMAL.create_decimal(number), DECIMAL.create_decimal(ONE))


def is_near(found: int, expected) -> bool:
    """Within 10^-50, of the number or of what it amounts to."""
    difference = abs(decimal(found) - expected)
    return difference <= max(abs(expected), 1) * DECIMAL.create_decimal("1e-50")


@given(NUMBERS)
def test_logarithms_are_those_of_decimal(number):
    assert is_near(logarithm(fixed(number)), DECIMAL.ln(decimal(fixed(number))))


@given(st.fractions(min_value=-20, max_value=20))
def test_exponentials_are_those_of_decimal(number):
    assert is_near(exponential(fixed(number)), DECIMAL.exp(decimal(fixed(number))))


@given(st.fractions(min_value=Fraction(1, 2), max_value=2), st.integers(0, 400))
def test_powers_are_those_of_fractions(number, exponent):
    assert is_near(power(fixed(number), exponent), DECIMAL.power(decimal(fixed(number)), exponent))


def test_there_is_no_logarithm_of_nothing():
    with pytest.raises(InvariantBroken):
        logarithm(0)


def test_a_rate_is_rounded_half_away_from_zero():
    half = ONE // 10**RATE_DIGITS // 2
    assert rate(half) == Fraction(1, 10**RATE_DIGITS)
    assert rate(-half) == Fraction(-1, 10**RATE_DIGITS)
    assert rate(half - 1) == rate(1 - half) == 0


@given(
    st.lists(
        st.tuples(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, 10**6)), min_size=1, max_size=8
    )
)
def test_time_weighted_growth_is_the_product_of_the_spans(rows):
    spans = [Subperiod(*row) for row in rows]
    growth = Fraction(1)
    for begin, end, income in rows:
        growth *= Fraction(end + income, begin)
    assert time_weighted(spans) == growth - 1
    assert time_weighted(spans[:1]) == spans[0].growth - 1


def test_deposits_do_not_move_the_time_weighted_return():
    without = [CloseValue(MONDAY, 100, 0), CloseValue(MONDAY + dt.timedelta(1), 110, 0)]
    late = [CloseValue(MONDAY, 100, 0), CloseValue(MONDAY + dt.timedelta(1), 1_210, 1_000)]
    assert performance(without).time_weighted == performance(late).time_weighted == Fraction(1, 10)
    assert (performance(without).profit, performance(late).profit) == (10, 110)


def test_an_account_that_doubles_and_halves_has_earned_nothing():
    closes = [CloseValue(MONDAY + dt.timedelta(day), equity, 0) for day, equity in enumerate([100, 200, 100])]
    found = performance(closes)
    assert (found.time_weighted, found.money_weighted, found.profit) == (0, 0, 0)


def test_days_without_money_neither_gain_nor_lose():
    equity = [(0, 0), (1_000, 1_000), (1_100, 0), (0, -1_100), (0, 0), (500, 500), (550, 0)]
    closes = [
        CloseValue(MONDAY + dt.timedelta(day), worth, paid_in) for day, (worth, paid_in) in enumerate(equity)
    ]
    found = performance(closes)
    assert found.time_weighted == Fraction(11, 10) ** 2 - 1
    assert found.profit == 150
    assert found.money_weighted > 0


def test_money_that_never_came_back_has_no_money_weighted_return():
    closes = [CloseValue(MONDAY, 0, 0), CloseValue(MONDAY + dt.timedelta(1), 0, 1_000)]
    assert performance(closes).money_weighted is None
    assert performance(closes).time_weighted == -1


@pytest.mark.parametrize("closes", [[], [CloseValue(MONDAY, 1, 0)], [CloseValue(MONDAY, 1, 0)] * 2])
def test_performance_needs_closes_in_order(closes):
    with pytest.raises(InvalidInput, match="two closes or more"):
        performance(closes)


def test_a_span_begins_with_money():
    for begin in (0, -5):
        with pytest.raises(InvalidInput, match=f"begins with {begin} has no return"):
            time_weighted([Subperiod(begin, 10)])


@given(st.fractions(min_value=Fraction(-99, 100), max_value=20), st.integers(1, 40))
def test_an_annual_rate_compounds_back_to_the_cumulative_return(cumulative, years):
    a_year = annualized(cumulative, years)
    growth = 1 + cumulative
    assert (1 + a_year - HALF_A_UNIT * 2) ** years < growth < (1 + a_year + HALF_A_UNIT * 2) ** years


def test_annual_rates_over_parts_of_a_year():
    assert annualized(Fraction(1, 10), 1) == Fraction(1, 10)
    assert annualized(Fraction(1, 10), Fraction(1, 2)) == Fraction(21, 100)
    assert annualized(Fraction(331, 1000), 3) == Fraction(1, 10)
    assert annualized(Fraction(-1), 3) == -1


@pytest.mark.parametrize(("cumulative", "years"), [(Fraction(1), 0), (Fraction(1), -1), (Fraction(-2), 1)])
def test_no_annual_rate_without_time_or_beyond_everything(cumulative, years):
    with pytest.raises(InvalidInput):
        annualized(cumulative, years)


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(1, 366))
def test_dietz_without_flows_is_the_plain_return(begin, end, days):
    assert modified_dietz(begin, end, [], days) == Fraction(end - begin, begin)


def test_dietz_weighs_a_flow_with_the_days_it_was_there():
    assert modified_dietz(100, 200, [(0, 100)], 30) == 0
    assert modified_dietz(100, 210, [(0, 100)], 30) == Fraction(10, 200)
    assert modified_dietz(100, 210, [(15, 100)], 30) == Fraction(10, 150)
    assert modified_dietz(100, 210, [(30, 100)], 30) == Fraction(10, 100)
    with pytest.raises(InvalidInput, match="outside a period of 30 days"):
        modified_dietz(100, 210, [(31, 100)], 30)
    with pytest.raises(InvalidInput, match="on average 0 was invested"):
        modified_dietz(0, 210, [(30, 100)], 30)


@given(st.integers(1, 10**9), st.fractions(min_value=Fraction(-9, 10), max_value=5), st.integers(1, 12))
def test_money_that_grows_at_a_rate_has_that_internal_rate(paid, each, periods):
    flows = [-paid, *[0] * (periods - 1), paid * (1 + each) ** periods]
    assert abs(internal_rate(flows) - each) <= HALF_A_UNIT


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.integers(-(10**9), 10**9)), min_size=2, max_size=12),
    st.integers(1, 10**6),
)
def test_an_internal_rate_does_not_change_with_the_currency_or_the_order(flows, factor):
    amounts = [amount for _, amount in flows]
    assume(min(amounts) < 0 < max(amounts))
    dated = [(MONDAY + dt.timedelta(day), amount) for day, amount in flows]
    try:
        found = internal_rate_dated(dated)
    except InvalidInput:
        with pytest.raises(InvalidInput):
            internal_rate_dated([(day, amount * factor) for day, amount in dated])
        return
    assert internal_rate_dated([(day, amount * factor) for day, amount in reversed(dated)]) == found


@given(st.integers(1, 1000), st.fractions(min_value=Fraction(-1, 2), max_value=2))
def test_a_year_is_365_days(days, each):
    flows = [(MONDAY, -(10**9)), (MONDAY + dt.timedelta(days), 10**9 * (1 + each))]
    assert abs(internal_rate_dated(flows, days) - each) <= HALF_A_UNIT
    if days == 365:
        assert internal_rate_dated(flows) == internal_rate_dated(flows, 365)


def test_a_flow_that_is_worth_the_rate_is_found_whatever_the_sign_of_the_rate():
    assert internal_rate([-100, 110]) == Fraction(1, 10)
    assert internal_rate([-100, 90]) == Fraction(-1, 10)
    assert internal_rate([-100, 100]) == 0
    assert internal_rate([100, -110]) == Fraction(1, 10)
    assert internal_rate_dated([(dt.date(2025, 1, 1), -100), (dt.date(2026, 1, 1), 121)]) == Fraction(21, 100)


def test_of_several_rates_the_one_nearest_to_zero_is_given():
    assert internal_rate([-100, 230, -132]) == Fraction(1, 10)  # 20 % solves it as well


@pytest.mark.parametrize("flows", [[], [0], [-1], [5, 5], [-1, 0, -3], [-1, 3, -4]])
def test_flows_that_nothing_makes_even_have_no_rate(flows):
    with pytest.raises(InvalidInput, match="rate of return"):
        internal_rate(flows)
