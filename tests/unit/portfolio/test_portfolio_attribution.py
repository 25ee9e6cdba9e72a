"""Attribution, tail losses and models: what must add up, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from math import log

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import MONEY_UNIT, parse_price
from rushtrade.portfolio.attribution import PeriodEffects, Segment, brinson, link
from rushtrade.portfolio.model import Holding, compare
from rushtrade.portfolio.value_at_risk import historical

RETURNS = st.fractions(min_value=Fraction(-9, 10), max_value=2, max_denominator=10**4)
PARTS = st.lists(
    st.tuples(st.integers(0, 100), st.integers(0, 100), RETURNS, RETURNS), min_size=1, max_size=8
)
NEARLY = Fraction(1, 10**50)


def segments_of(parts) -> list[Segment]:
    portfolio, benchmark = sum(row[0] for row in parts), sum(row[1] for row in parts)
    assume(portfolio and benchmark)
    return [
        Segment(f"part {place}", Fraction(wp, portfolio), Fraction(wb, benchmark), rp, rb)
        for place, (wp, wb, rp, rb) in enumerate(parts)
    ]


@given(PARTS)
def test_the_effects_add_up_to_the_active_return(parts):
    found = brinson(segments_of(parts))
    assert found.allocation + found.selection + found.interaction == found.active_return
    hood_beebower = sum(each.allocation_hood_beebower for each in found.effects)
    assert hood_beebower == found.allocation


@given(PARTS)
def test_a_portfolio_like_its_benchmark_has_no_effects(parts):
    alike = [
        Segment(s.name, s.benchmark_weight, s.benchmark_weight, s.benchmark_return, s.benchmark_return)
        for s in segments_of(parts)
    ]
    found = brinson(alike)
    assert found.active_return == 0
    assert not any(each.allocation or each.selection or each.interaction for each in found.effects)


def test_weights_are_a_whole():
    half = Fraction(1, 2)
    with pytest.raises(InvalidInput, match="portfolio's weights add up to 1/2"):
        brinson([Segment("a", half, Fraction(1), half, half)])
    with pytest.raises(InvalidInput, match="benchmark's weights add up to 0"):
        brinson([Segment("a", Fraction(1), Fraction(0), half, half)])


@given(st.lists(PARTS, min_size=1, max_size=6))
def test_linked_effects_add_up_to_the_compound_active_return(periods):
    attributed = [brinson(segments_of(parts)) for parts in periods]
    found = link(
        [
            PeriodEffects(
                one.portfolio_return,
                one.benchmark_return,
                {"allocation": one.allocation, "selection": one.selection, "interaction": one.interaction},
            )
            for one in attributed
        ]
    )
    portfolio = benchmark = Fraction(1)
    for one in attributed:
        portfolio *= 1 + one.portfolio_return
        benchmark *= 1 + one.benchmark_return
    assert found.active_return == portfolio - benchmark
    scale = max(abs(c) for c in found.coefficients) * 10
    assert abs(sum(found.effects.values()) - found.active_return) <= NEARLY * scale


def test_linking_two_periods_as_worked_out_with_logarithms():
    rows = [("0.10", "0.06", "0.04"), ("-0.05", "-0.02", "-0.03")]
    found = link([PeriodEffects(Fraction(r), Fraction(b), {"selection": Fraction(e)}) for r, b, e in rows])
    whole = log(1.045 / 1.0388) / 0.0062
    by_hand = [log(1.10 / 1.06) / 0.04 / whole, log(0.95 / 0.98) / -0.03 / whole]
    assert [float(each) for each in found.coefficients] == pytest.approx(by_hand, rel=1e-12)
    assert float(found.effects["selection"]) == pytest.approx(0.0062, rel=1e-12)


def test_one_period_links_to_itself():
    one = PeriodEffects(
        Fraction(1, 10), Fraction(1, 10), {"allocation": Fraction(1, 100), "selection": Fraction(-1, 100)}
    )
    assert link([one]).effects == one.effects
    assert link([one]).coefficients == (1,)


def test_what_cannot_be_linked_is_refused():
    with pytest.raises(InvalidInput, match="no period"):
        link([])
    with pytest.raises(InvalidInput, match="lost everything"):
        link([PeriodEffects(Fraction(-1), Fraction(0), {})])


@given(
    st.lists(RETURNS, min_size=1, max_size=60),
    st.fractions(min_value=Fraction(1, 2), max_value=Fraction(99, 100)),
)
def test_the_tail_is_the_worst_days_and_the_shortfall_is_no_better_than_the_value_at_risk(
    returns, confidence
):
    found = historical(returns, confidence, 10**6)
    worse = sum(-each * 10**6 > found.value_at_risk for each in returns)
    assert worse < found.days <= len(returns)
    assert found.expected_shortfall >= found.value_at_risk
    assert found.days - 1 < len(returns) * (1 - confidence) <= found.days


def test_a_tail_needs_a_past_and_a_confidence_between_nothing_and_certainty():
    with pytest.raises(InvalidInput, match="past returns"):
        historical([], Fraction(1, 2), 1)
    for confidence in (0, 1, 2):
        with pytest.raises(InvalidInput, match="between 0 and 1"):
            historical([Fraction(0)], Fraction(confidence), 1)


CASH = st.integers(0, 10**6).map(lambda dollars: dollars * MONEY_UNIT)
HOLDINGS = st.lists(
    st.tuples(st.integers(0, 10**4), st.integers(1, 10**7), st.integers(0, 100)), min_size=1, max_size=8
)


@given(CASH, HOLDINGS, st.integers(0, 200))
def test_a_model_never_spends_more_than_there_is_nor_leaves_a_share_undone(cash, rows, left_in_cash):
    holdings = [Holding(f"S{place}", shares, at) for place, (shares, at, _) in enumerate(rows)]
    whole = sum(row[2] for row in rows) + left_in_cash
    assume(whole and cash + sum(shares for shares, _, _ in rows))
    targets = {f"S{place}": Fraction(row[2], whole) for place, row in enumerate(rows)}
    found = compare(cash, holdings, targets)
    assert found.cash_after >= 0
    after = [Holding(line.symbol, line.target_shares, line.price) for line in found.lines]
    again = compare(found.cash_after, after, targets)
    assert again.net_asset_value == found.net_asset_value
    assert not any(line.trade for line in again.lines)
    for line in again.lines:
        assert -Fraction(line.price * 100, again.net_asset_value) < line.drift <= 0


def test_the_farthest_drift_comes_first_and_small_drifts_do_not_come():
    holdings = [
        Holding("A", 50, parse_price("10")),
        Holding("B", 30, parse_price("10")),
        Holding("C", 20, parse_price("10")),
    ]
    found = compare(0, holdings, {"A": Fraction(2, 5), "B": Fraction(29, 100), "C": Fraction(31, 100)})
    assert [line.symbol for line in found.beyond(Fraction(1, 20))] == ["C", "A"]
    assert found.beyond(Fraction(11, 100)) == ()


def test_what_the_model_does_not_name_has_a_target_of_nothing():
    (line,) = compare(0, [Holding("A", 5, 10_000)], {}).lines
    assert (line.target_shares, line.trade, line.drift) == (0, -5, 1)


A_DOLLAR = [Holding("A", 1, 10_000)]


@pytest.mark.parametrize(
    ("cash", "holdings", "targets", "says"),
    [
        (0, [], {}, "has no weights"),
        (-(10**6), A_DOLLAR, {}, "has no weights"),
        (10, [], {"A": Fraction(1)}, "names A, which has no price"),
        (10, [Holding("A", 0, 0)], {"A": Fraction(1)}, "names A, which has no price"),
        (10, A_DOLLAR, {"A": Fraction(-1, 2)}, "weight of A is -1/2"),
        (10, A_DOLLAR, {"A": Fraction(3, 2)}, "add up to 3/2"),
        (10, [*A_DOLLAR, *A_DOLLAR], {}, "listed twice"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(cash, holdings, targets, says):
    with pytest.raises(InvalidInput, match=says):
        compare(cash, holdings, targets)
