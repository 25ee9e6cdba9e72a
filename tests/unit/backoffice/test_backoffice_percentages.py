"""Percentages as printed."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.backoffice.percentages import change_text, half_up, implied_prior
from rushtrade.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("current", "prior", "decimals", "text"),
    [
        (56_350_508, 36_019_838, 0, "+56%"),
        (16_467, 14_746, 1, "+11.7%"),
        (243_495_204, 54_738_776, 0, "+345%"),
        (2_160, 1_187, 0, "+82%"),
        (7, 7, 1, "0.0%"),
        (7, 0, 0, "n/a"),
        (0, 7, 0, "-100%"),
        (201, 200, 0, "+1%"),  # exactly half a percent goes up
        (199, 200, 0, "-1%"),  # and, for a loss, away from zero
        (1_001, 1_000, 0, "+0%"),
        (999, 1_000, 0, "-0%"),
    ],
)
def test_a_change_is_printed_half_up_with_a_sign_for_gains(current, prior, decimals, text):
    assert change_text(current, prior, decimals) == text


@given(st.fractions(), st.integers(0, 8))
def test_rounding_is_never_further_off_than_half_a_unit(value, decimals):
    assert abs(Fraction(half_up(value, decimals)) - value) <= Fraction(1, 2 * 10**decimals)


def test_a_printed_percentage_gives_back_every_prior_that_prints_it():
    fitting = [prior for prior in range(1, 3_000) if change_text(2_160, prior, 0) == "+82%"]
    assert implied_prior(2_160, "+82%", 0) == (fitting[0], fitting[-1]) == (1_184, 1_190)


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(0, 2))
def test_the_implied_range_holds_the_prior_it_came_from_and_nothing_outside(current, prior, decimals):
    shown = change_text(current, prior, decimals)
    if shown.endswith("100%") or Fraction(shown.rstrip("%")) <= -99:
        return
    least, most = implied_prior(current, shown, decimals)
    assert least <= prior <= most
    assert change_text(current, most + 1, decimals) != shown
    assert least == 1 or change_text(current, least - 1, decimals) != shown


@pytest.mark.parametrize("shown", ["82", "+8.2%", "%", "+-82%", "eighty%", "-100%"])
def test_a_text_that_is_no_such_percentage_is_refused(shown):
    with pytest.raises(InvalidInput):
        implied_prior(2_160, shown, 0)
