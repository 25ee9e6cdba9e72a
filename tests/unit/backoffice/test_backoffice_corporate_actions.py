"""Splits, spin-offs, mergers, dividends, rights, warrants: basis is neither made nor lost."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.backoffice.entitlements import cash_dividend, cashless_exercise, rights_value
from rushtrade.backoffice.reorganizations import exchange_lots, merger, spin_off, split
from rushtrade.domain.errors import InvalidInput

amounts = st.fractions(Fraction(1, 100), 10_000, max_denominator=100)
ratios = st.fractions(Fraction(1, 50), 50, max_denominator=50)


@given(amounts, amounts, ratios, ratios)
def test_a_split_keeps_the_basis(shares, basis, new, old):
    found = split(shares, basis, new, old, None)
    assert found.basis_whole + found.basis_fraction == basis
    assert found.whole + found.fraction == found.entitled
    assert 0 <= found.fraction < 1
    assert found.cash_in_lieu is None


@given(amounts, amounts, ratios, amounts, amounts)
def test_a_spin_off_divides_the_basis_by_market_value(shares, basis, ratio, parent, spun):
    found = spin_off(shares, basis, ratio, parent, spun, spun)
    assert found.basis_parent + found.basis_spin == basis
    assert found.basis_spin * shares * parent == found.basis_parent * found.entitled * spun
    assert 0 <= found.basis_fraction <= found.basis_spin
    assert found.cash_in_lieu == (found.entitled - found.whole) * spun


@given(amounts, amounts, ratios, amounts, amounts)
def test_a_merger_recognises_gain_up_to_the_cash_and_no_loss(shares, basis, ratio, cash, value):
    found = merger(shares, basis, ratio, cash, value)
    assert 0 <= found.gain_recognised <= found.cash
    assert found.basis == basis - found.cash + found.gain_recognised
    later_gain = found.shares * value - found.basis
    assert later_gain + found.gain_recognised == found.gain_realised


def test_lots_carry_their_basis_through_an_exchange():
    assert exchange_lots([(Fraction(100), Fraction(1_000))], Fraction(3, 2)) == [(150, 1_000)]


@given(st.integers(-10_000, 10_000).map(Fraction), amounts, st.fractions(0, 1, max_denominator=100))
def test_a_dividend_is_withheld_from_holders_and_never_from_what_a_short_seller_owes(shares, per_share, rate):
    found = cash_dividend(shares, per_share, rate)
    assert found.net + found.withheld == found.gross == shares * per_share
    assert found.withheld >= 0
    assert shares > 0 or found.withheld == 0


def test_a_right_is_worth_what_the_share_loses():
    found = rights_value(Fraction(4), Fraction(30), Fraction(20))
    assert found.one_right == 30 - found.ex_rights_price == 2


def test_a_warrant_out_of_the_money_gives_nothing():
    assert cashless_exercise(Fraction(100), Fraction("0.20"), Fraction("0.30")).shares == 0


@given(st.integers(1, 10**9).map(Fraction), amounts, amounts)
def test_net_exercise_is_worth_what_exercise_for_cash_gains(warrants, market, strike):
    found = cashless_exercise(warrants, market, strike)
    assert (found.shares + found.fraction) * market == max(warrants * (market - strike), 0)


@pytest.mark.parametrize(
    "action",
    [
        lambda: split(Fraction(0), Fraction(1), Fraction(2), Fraction(1), None),
        lambda: split(Fraction(5), Fraction(1), Fraction(2), Fraction(0), None),
        lambda: spin_off(Fraction(5), Fraction(1), Fraction(1), Fraction(0), Fraction(1), None),
        lambda: merger(Fraction(5), Fraction(1), Fraction(-1), Fraction(1), Fraction(1)),
        lambda: exchange_lots([], Fraction(0)),
        lambda: cash_dividend(Fraction(5), Fraction(1), Fraction(2)),
        lambda: rights_value(Fraction(0), Fraction(1), Fraction(1)),
        lambda: cashless_exercise(Fraction(1), Fraction(0), Fraction(1)),
    ],
)
def test_terms_that_make_no_sense_are_refused(action):
    with pytest.raises(InvalidInput):
        action()
