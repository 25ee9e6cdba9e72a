"""Margin, the special memorandum account, day trading regimes."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.domain.errors import InvalidInput, RuleMissing
from rushtrade.domain.numbers import notional, parse_money, parse_price
from rushtrade.rules.day_trading import (
    INTRADAY,
    LEGACY,
    LEGACY_RULES,
    REGIMES,
    IntradayLevel,
    is_pattern_day_trader,
    legacy_buying_power,
    legacy_call,
)
from rushtrade.rules.margin import (
    MARGIN,
    PriceTier,
    against_the_box,
    initial_long,
    initial_short,
    leveraged_rate_ppm,
    margin_state,
    part,
    price_tier_rate_ppm,
    trigger_price_long,
    trigger_price_short,
)
from rushtrade.rules.memorandum import Memorandum

TODAY = dt.date(2026, 11, 20)
RULES = MARGIN.on(TODAY)
SHARES = st.integers(1, 100_000)
PRICES = st.integers(1, 20_000_000)


@pytest.mark.parametrize(
    ("price", "a_share", "why"),
    [
        ("0.34", "2.50", "$2.50 a share"),
        ("2.50", "2.50", "both floors equal"),
        ("4.00", "4.00", "the whole value, not 30 %"),
        ("4.9999", "4.9999", "the whole value"),
        ("5.00", "5.00", "$5 a share"),
        ("16.66", "5.00", "$5 a share still wins over 30 %"),
        ("16.67", "5.001", "30 % from here"),
        ("50.00", "15.00", "30 %"),
    ],
)
def test_a_short_position_carries_the_larger_of_its_two_floors(price, a_share, why):
    assert RULES.maintenance_short.requirement(1_000, parse_price(price)) == 1_000 * parse_money(a_share), why


@pytest.mark.parametrize(
    ("cost", "deposit"),
    [("1500", "1500"), ("2000", "2000"), ("3000", "2000"), ("4000", "2000"), ("16000", "8000")],
)
def test_a_first_purchase_needs_half_at_least_2000_dollars_and_never_more_than_its_cost(cost, deposit):
    found = initial_long(
        parse_money(cost), initial_ppm=RULES.initial_ppm, minimum_equity=RULES.minimum_equity
    )
    assert found == parse_money(deposit)


@given(SHARES, PRICES)
def test_a_first_short_sale_meets_regulation_t_maintenance_and_minimum_equity(shares, price):
    deposit = initial_short(shares, price, RULES)
    floors = (
        part(notional(price, shares), RULES.initial_ppm),
        RULES.maintenance_short.requirement(shares, price),
        RULES.minimum_equity,
    )
    assert deposit == max(floors)


@given(
    st.integers(0, 10**15),
    st.integers(0, 10**15),
    st.integers(0, 10**15),
    st.integers(0, 10**15),
    st.integers(0, 10**15),
)
def test_an_account_has_either_a_call_or_an_excess(long_value, short_value, debit, credit, requirement):
    state = margin_state(
        long_value=long_value, short_value=short_value, debit=debit, credit=credit, requirement=requirement
    )
    assert state.equity == long_value - debit + credit - short_value
    assert state.excess - state.call == state.equity - requirement
    assert 0 in (state.call, state.excess)


@given(SHARES, PRICES)
def test_at_the_trigger_price_equity_meets_the_requirement_to_within_a_unit_of_price(shares, price):
    debit = part(notional(price, shares), 600_000)
    trigger = trigger_price_long(shares, debit, RULES.maintenance_long_ppm)

    def excess(at):
        return notional(at, shares) - debit - part(notional(at, shares), RULES.maintenance_long_ppm)

    assert excess(trigger + 1) >= 0 >= excess(trigger - 1)
    credit = notional(price, shares) + part(notional(price, shares), 500_000)
    trigger = trigger_price_short(shares, credit, 300_000)
    left = credit - notional(trigger + 1, shares) - part(notional(trigger + 1, shares), 300_000)
    assert left <= 0


@given(SHARES, SHARES, PRICES)
def test_a_position_against_the_box_needs_less_than_its_two_sides_apart(long_shares, short_shares, price):
    boxed = against_the_box(long_shares, short_shares, price, RULES)
    apart = part(notional(price, long_shares), RULES.maintenance_long_ppm)
    apart += RULES.maintenance_short.requirement(short_shares, price)
    assert 0 <= boxed <= apart


def test_a_leveraged_fund_multiplies_the_rate_up_to_the_whole_value():
    assert [leveraged_rate_ppm(n, RULES, short=False) for n in (1, 2, 3, 4, 5)] == [
        *(250_000, 500_000, 750_000, 1_000_000, 1_000_000)
    ]
    assert leveraged_rate_ppm(4, RULES, short=True) == 1_000_000


def test_a_price_at_the_limit_of_a_tier_belongs_to_the_next_and_no_tier_is_an_error():
    tiers = (PriceTier(parse_price("2.50"), 1_000_000),)
    assert price_tier_rate_ppm(parse_price("2.4999"), tiers) == 1_000_000
    with pytest.raises(InvalidInput, match="no price tier covers a price of 25000"):
        price_tier_rate_ppm(parse_price("2.50"), tiers)


def test_the_memorandum_account_rises_with_the_market_and_never_falls_with_it():
    state = Memorandum(initial_ppm=RULES.initial_ppm).bought(parse_money("8000"), parse_money("4000"))
    assert (state.sma, state.buying_power) == (0, 0)
    state = state.marked(parse_money("12000"))
    assert (state.sma, state.buying_power) == (parse_money("2000"), parse_money("4000"))
    fallen = state.marked(parse_money("6000"))
    assert fallen.sma == state.sma
    assert fallen.equity == parse_money("2000")
    assert state.withdrew(parse_money("500")).sma == parse_money("1500")
    assert state.sold(parse_money("1000")).sma == parse_money("2500")
    assert state.deposited(parse_money("100")).debit == parse_money("3900")
    assert state.bought(parse_money("4000"), 0).sma == 0


@pytest.mark.parametrize(
    ("day", "regimes"),
    [
        ("2004-11-01", (LEGACY,)),
        ("2026-06-03", (LEGACY,)),
        ("2026-06-04", (INTRADAY, LEGACY)),
        ("2027-10-20", (INTRADAY, LEGACY)),
        ("2027-10-21", (INTRADAY,)),
    ],
)
def test_the_date_tells_which_day_trading_regimes_a_firm_may_use(day, regimes):
    assert REGIMES.on(dt.date.fromisoformat(day)) == regimes


def test_the_legacy_regime_ends_with_its_phase_in():
    with pytest.raises(RuleMissing, match="pattern day trader"):
        LEGACY_RULES.on(dt.date(2027, 10, 21))


@pytest.mark.parametrize(
    ("day_trades", "trades", "pattern"),
    [(3, 3, False), (4, 4, True), (4, 66, True), (4, 67, False), (6, 100, False), (7, 100, True)],
)
def test_four_day_trades_and_more_than_six_percent_make_a_pattern(day_trades, trades, pattern):
    assert is_pattern_day_trader(day_trades, trades, LEGACY_RULES.on(dt.date(2004, 11, 1))) is pattern


def test_the_day_trading_call_is_what_the_exposure_exceeds_the_buying_power_by():
    power = legacy_buying_power(parse_money("50000"), parse_money("30000"), 4)
    assert power == parse_money("80000")
    assert legacy_buying_power(1, 2, 4) == 0
    trades = (parse_money("70000"), parse_money("40000"))
    assert legacy_call(power, trades, aggregate=False) == 0
    assert legacy_call(power, trades, aggregate=True) == parse_money("30000")


def intraday(cash):
    return IntradayLevel(
        parse_money(cash), long_rate_ppm=RULES.maintenance_long_ppm, short=RULES.maintenance_short
    )


def test_only_transactions_that_lower_the_level_make_a_deficit():
    account = intraday("10000")
    assert account.trade("A", 800, parse_price("50")) == 0
    assert account.mark("A", parse_price("45")) < 0
    assert account.deficit == 0
    account.trade("A", -100, parse_price("45"))
    assert account.deficit == 0
    account.withdraw(parse_money("1"))
    assert account.deficit > 0


def test_a_short_sale_lowers_the_level_by_its_maintenance_and_a_cover_restores_it():
    account = intraday("10000")
    assert account.trade("B", -1_000, parse_price("20")) == parse_money("4000")
    assert account.trade("B", -1_000, parse_price("20")) == parse_money("-2000")
    assert account.deficit == parse_money("2000")
    assert account.trade("B", 2_000, parse_price("20")) == parse_money("10000")
    assert account.deficit == parse_money("2000")


def test_a_trade_through_zero_must_be_told_as_two():
    account = intraday("10000")
    account.start_with("A", 100, parse_price("10"))
    with pytest.raises(InvalidInput, match="closes and one that opens"):
        account.trade("A", -200, parse_price("10"))
