"""Price increments, round lots, access fee caps, order protection."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.domain.errors import RuleMissing
from rushtrade.domain.numbers import parse_price
from rushtrade.rules.market_structure import FEE_CAPS, ORDER_PROTECTION, ROUND_LOTS, TICKS

TODAY = dt.date(2026, 11, 20)


@pytest.mark.parametrize(
    ("price", "tick", "valid", "down", "up"),
    [
        ("0.0001", "0.0001", True, "0.0001", "0.0001"),
        ("0.9999", "0.0001", True, "0.9999", "0.9999"),
        ("1.00", "0.01", True, "1.00", "1.00"),
        ("1.0001", "0.01", False, "1.00", "1.01"),
        ("585.335", "0.01", False, "585.33", "585.34"),
    ],
)
def test_rule_612_asks_for_cents_from_a_dollar_up(price, tick, valid, down, up):
    rule = TICKS.on(TODAY)
    asked = parse_price(price)
    assert rule.tick(asked) == parse_price(tick)
    assert rule.is_on_tick(asked) is valid
    assert rule.round_down(asked) == parse_price(down)
    assert rule.round_up(asked) == parse_price(up)


@given(st.integers(1, 10**9))
def test_rounding_gives_the_nearest_valid_prices(price):
    rule = TICKS.on(TODAY)
    down, up = rule.round_down(price), rule.round_up(price)
    assert down <= price <= up
    assert rule.is_on_tick(down)
    assert rule.is_on_tick(up)
    assert (down == price == up) is rule.is_on_tick(price)


def test_fractions_of_the_time_before_decimals_are_not_guessed():
    with pytest.raises(RuleMissing, match="minimum price increment"):
        TICKS.on(dt.date(2001, 4, 6))


@pytest.mark.parametrize(
    ("price", "lot"),
    [
        ("1.00", 100),
        ("250.00", 100),
        ("250.01", 40),
        ("1000.00", 40),
        ("1000.01", 10),
        ("10000.00", 10),
        ("10000.01", 1),
    ],
)
def test_round_lots_shrink_with_the_price_since_november_2025(price, lot):
    assert ROUND_LOTS.on(TODAY).round_lot(parse_price(price)) == lot
    assert ROUND_LOTS.on(dt.date(2025, 10, 31)).round_lot(parse_price(price)) == 100


def test_access_fees_were_uncapped_in_2004_and_are_capped_at_30_mils_today():
    assert FEE_CAPS.on(dt.date(2004, 11, 1)).take_mils > 1_000
    assert FEE_CAPS.on(TODAY).take_mils == 30


@pytest.mark.parametrize(
    ("day", "protected"),
    [("2004-11-01", False), ("2007-10-05", False), ("2007-10-08", True), ("2026-11-20", True)],
)
def test_order_protection_is_a_switch_by_date(day, protected):
    assert ORDER_PROTECTION.on(dt.date.fromisoformat(day)) is protected
