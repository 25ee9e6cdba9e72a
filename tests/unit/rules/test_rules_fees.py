"""Regulatory fees and the rules of one trade date."""

import datetime as dt
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.domain.errors import InvalidInput, RuleMissing
from rushtrade.domain.numbers import CENT, MONEY_UNIT
from rushtrade.rules.calendar import new_york_calendar
from rushtrade.rules.day import NO_FEES, RegulatoryFees, rules_for_day
from rushtrade.rules.fees import CAT, SECTION_31, TAF, activity_fee, audit_trail_fee, section_31_fee

DOLLARS = st.integers(0, 10**13)
SHARES = st.integers(0, 10**7)


def day(text):
    return dt.date.fromisoformat(text)


@given(DOLLARS, st.sampled_from([row.value for row in SECTION_31.rows]))
def test_section_31_is_the_exact_fee_rounded_up_to_the_cent(principal, rate):
    exact = Fraction(principal, MONEY_UNIT) * Fraction(rate, 100) / 1_000_000
    assert section_31_fee(principal, rate) == ceil(exact * 100) * CENT


@given(SHARES, st.sampled_from([row.value for row in TAF.rows]))
def test_the_activity_fee_is_the_exact_fee_rounded_up_to_the_cent_and_capped(shares, terms):
    exact = Fraction(shares * terms.rate, MONEY_UNIT)
    assert activity_fee(shares, terms) == min(ceil(exact * 100) * CENT, terms.cap)


@given(SHARES, st.sampled_from([row.value for row in CAT.rows]))
def test_the_audit_trail_fee_is_the_exact_fee_rounded_up_to_the_cent(shares, rate):
    assert audit_trail_fee(shares, rate) == ceil(Fraction(shares * rate, CENT)) * CENT


@pytest.mark.parametrize(
    ("trade", "section_31", "taf", "cat", "why"),
    [
        ("2003-11-14", "468.00", "10.00", "0.00", "TAF capped at $10"),
        ("2004-10-29", "234.00", "10.00", "0.00", "last day of the old TAF"),
        ("2004-11-01", "234.00", "3.75", "0.00", "first day of the new one"),
        ("2012-06-21", "224.00", "4.75", "0.00", "the day of the recorded hour"),
        ("2025-05-12", "278.00", "8.30", "3.50", "settles before the rate falls to zero"),
        ("2025-05-13", "0.00", "8.30", "3.50", "settles on the day it does: the charge date counts"),
        ("2026-09-30", "206.00", "9.79", "0.30", "last day before the TAF pause"),
        ("2026-10-01", "206.00", "0.00", "0.30", "the pause"),
        ("2027-01-04", "206.00", "9.79", "0.30", "after it"),
    ],
)
def test_a_sale_of_100000_shares_for_ten_million_dollars_pays_the_rates_of_its_date(
    trade, section_31, taf, cat, why
):
    fees = rules_for_day(day(trade)).sale_fees(10_000_000 * MONEY_UNIT, 100_000)
    assert tuple(
        f"{fee // MONEY_UNIT}.{fee % MONEY_UNIT // CENT:02d}" for fee in (fees.section_31, fees.taf, fees.cat)
    ) == (
        section_31,
        taf,
        cat,
    ), why


def test_a_purchase_pays_nothing_but_the_audit_trail():
    assert rules_for_day(day("2026-11-20")).purchase_fees(100_000) == RegulatoryFees(0, 0, 300_000)


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 5_000)), min_size=1, max_size=12))
def test_an_order_filled_in_parts_pays_in_all_what_one_fill_would(parts):
    rules = rules_for_day(day("2026-09-01"))
    charged, principal, shares = NO_FEES, 0, 0
    paid = [0, 0, 0]
    for price, count in parts:
        principal += price * count * 100
        shares += count
        owed = rules.sale_fees(principal, shares)
        due = owed.less(charged)
        assert min(due.section_31, due.taf, due.cat) >= 0
        paid = [paid[0] + due.section_31, paid[1] + due.taf, paid[2] + due.cat]
        charged = owed
    assert RegulatoryFees(*paid) == rules.sale_fees(principal, shares)
    assert charged.total == sum(paid)


def test_sales_at_a_price_below_the_fee_are_not_charged_the_activity_fee():
    terms = TAF.on(day("2026-09-01"))
    assert not terms.applies_at(1)
    assert terms.applies_at(2)


@pytest.mark.parametrize(
    ("trade", "table"),
    [
        ("2025-08-01", "CAT fee"),
        ("2003-08-29", "trading activity fee"),
        ("1999-01-04", "Section 31 fee"),
        ("2029-01-02", "trading"),
    ],
)
def test_a_date_without_a_rate_is_refused_and_never_free(trade, table):
    with pytest.raises(RuleMissing, match=f"{table}.*: no row on .*; dates covered: "):
        rules_for_day(day(trade))


def test_the_rules_of_a_day_without_trading_are_refused():
    with pytest.raises(InvalidInput, match="not a trading day"):
        rules_for_day(day("2026-11-22"))


def test_every_trading_day_of_the_worlds_years_has_all_its_rules():
    first, last = day("2026-01-02"), day("2027-12-31")
    for trade in new_york_calendar().sessions(first, last):
        rules = rules_for_day(trade)
        assert rules.day == rules.session.day == trade
        assert rules.settlement_date > trade
