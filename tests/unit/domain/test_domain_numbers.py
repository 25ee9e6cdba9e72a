"""Prices, money and quantities: integers inside, decimal text at the edges, exact both ways."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.domain import numbers as n
from rushtrade.domain.errors import InvalidInput

PRICES = st.integers(0, n.PRICE_MAX)
MONEY = st.integers(-n.MONEY_MAX, n.MONEY_MAX)


@given(PRICES)
def test_a_price_comes_back_as_it_was(price):
    text = n.format_price(price)
    assert n.parse_price(text) == price
    assert Decimal(text) == Decimal(price) / n.PRICE_UNIT


@given(MONEY)
def test_money_comes_back_as_it_was(money):
    text = n.format_money(money)
    assert n.parse_money(text) == money
    assert Decimal(text) == Decimal(money) / n.MONEY_UNIT


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("585.33", 5_853_300),
        ("0.0001", 1),
        ("10", 100_000),
        ("10.", 100_000),
        ("+1.5000", 15_000),
        ("1.50000", 15_000),
    ],
)
def test_a_price_is_read(text, price):
    assert n.parse_price(text) == price


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "1 ",
            "1e3",
            "0x1",
            "NaN",
            "Infinity",
            "-0.01",
            "-1",
            "1.00001",
            ".5",
            "1,000",
            "१",
            "1_000",
        ),
        *("10000000.0001", "9" * 19, "1." + "0" * 19, "--1"),
    ],
)
def test_what_is_no_price_is_refused_in_words(text):
    with pytest.raises(InvalidInput, match="price"):
        n.parse_price(text)


@pytest.mark.parametrize("text", ["1.5", "-1", "1000000001", "1e2", ""])
def test_what_is_no_quantity_is_refused_in_words(text):
    with pytest.raises(InvalidInput, match="quantity"):
        n.parse_quantity(text)


def test_a_quantity_may_end_in_point_zero():
    assert (n.parse_quantity("100"), n.parse_quantity("100.0")) == (100, 100)


@pytest.mark.parametrize("text", ["1000000000000.01", "1.0000001", "$1"])
def test_what_is_no_amount_is_refused_in_words(text):
    with pytest.raises(InvalidInput, match="amount"):
        n.parse_money(text)


@given(MONEY)
def test_cents_are_rounded_half_away_from_zero(money):
    rounded = n.round_to_cent(money)
    assert rounded % n.CENT == 0
    assert abs(rounded - money) * 2 <= n.CENT
    assert n.round_to_cent(-money) == -rounded
    exact = Fraction(money, n.CENT)
    if exact.denominator == 2:
        assert abs(rounded) > abs(money)


@given(st.integers(0, n.MONEY_MAX))
def test_fees_are_rounded_up(money):
    rounded = n.ceil_to_cent(money)
    assert rounded % n.CENT == 0
    assert 0 <= rounded - money < n.CENT


@pytest.mark.parametrize(
    ("money", "text"), [(-3_095_000, "-3.10"), (5_000, "0.01"), (4_999, "0.00"), (-1, "0.00")]
)
def test_dollars_and_cents(money, text):
    assert n.format_cents(money) == text


def test_a_share_at_a_price_is_money():
    assert n.notional(5_853_300, 100) == 58_533 * n.MONEY_UNIT
