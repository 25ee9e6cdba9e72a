"""Commission schemes and venue charges passed on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.backoffice.commissions import (
    PassThroughFill,
    PassThroughRate,
    Tier,
    capped_by_value,
    ecn_pass_through,
    execution_commission,
    order_commission,
    tiered_commission,
)
from rushtrade.domain.accounts import CommissionTerms
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import CENT, format_cents, parse_money

TIERS = (Tier(500_000, 1_500), Tier(1_000_000, 1_000), Tier(None, 600))


def terms(per_share="0", per_trade="0", low="0", high="0"):
    return CommissionTerms(
        1, "t", parse_money(per_share), parse_money(per_trade), parse_money(low), parse_money(high)
    )


@pytest.mark.parametrize(
    ("scheme", "shares", "commission", "why"),
    [
        (terms("0.0045", low="1"), 0, "0.00", "nothing executed"),
        (terms("0.0045", low="1"), 100, "1.00", "the minimum"),
        (terms("0.0045", low="1"), 222, "1.00", "just below it"),
        (terms("0.0045", low="1"), 1_000, "4.50", "by the share"),
        (terms("0.0045", low="1"), 1_001, "4.50", "4.5045"),
        (terms("0.0045", low="1"), 1_003, "4.51", "4.5135"),
        (terms("0.005"), 1, "0.01", "half a cent goes up"),
        (terms("0.0005", low="1", high="10"), 30_000, "10.00", "the maximum"),
        (terms(per_trade="4.95"), 1, "4.95", "flat"),
        (terms("0.01", per_trade="1.00"), 100, "2.00", "both"),
    ],
)
def test_an_order_pays_by_share_and_trade_within_minimum_and_maximum(scheme, shares, commission, why):
    assert format_cents(order_commission(scheme, shares)) == commission, why


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=10))
def test_an_order_filled_in_parts_pays_in_all_what_one_fill_would(parts):
    scheme = terms("0.0045", low="1", high="25")
    charged = shares = 0
    for part in parts:
        shares += part
        due = order_commission(scheme, shares) - charged
        assert due >= 0
        charged += due
    assert charged == order_commission(scheme, sum(parts))


def test_executions_and_caps():
    assert execution_commission(parse_money("0.35"), 3) == parse_money("1.05")
    assert capped_by_value(parse_money("0.35"), parse_money("20"), 10_000) == parse_money("0.20")
    assert capped_by_value(parse_money("0.35"), parse_money("2000"), 10_000) == parse_money("0.35")


@pytest.mark.parametrize(
    ("before", "shares", "regressive", "commission", "why"),
    [
        (0, 500_000, True, "750.00", "the first tier to its last share"),
        (499_000, 1_000, True, "1.50", "reaching a tier's end is not going beyond it"),
        (500_000, 1_000, True, "-249.00", "the share beyond it brings the credit"),
        (499_000, 2_000, True, "-247.50", "reached and passed at once"),
        (499_000, 2_000, False, "2.50", "no credit when not regressive"),
        (600_000, 1_000, True, "1.00", "the credit comes once"),
        (999_000, 2_000, True, "-198.40", "the second tier is given back by its own difference"),
        (0, 1_500_000, False, "1550.00", "through all tiers"),
    ],
)
def test_tiers_are_charged_share_by_share_and_given_back_when_regressive(
    before, shares, regressive, commission, why
):
    assert format_cents(tiered_commission(TIERS, before, shares, regressive=regressive)) == commission, why


@given(st.integers(0, 1_200_000), st.lists(st.integers(100, 300_000), min_size=1, max_size=6), st.booleans())
def test_a_month_traded_in_parts_pays_in_all_what_one_trade_would(before, parts, regressive):
    position, paid = before, 0
    for part in parts:
        paid += tiered_commission(TIERS, position, part, regressive=regressive)
        position += part
    assert (
        abs(paid - tiered_commission(TIERS, before, sum(parts), regressive=regressive)) <= len(parts) * CENT
    )


def test_tiers_without_an_end_are_refused():
    with pytest.raises(InvalidInput, match="no tier covers 600 shares a month"):
        tiered_commission((Tier(500, 10),), 0, 600, regressive=False)


def test_venue_charges_are_passed_on_net():
    schedule = {"ARCA": PassThroughRate(2_100, -3_000), "NASDAQ": PassThroughRate(2_000, -3_000)}
    fills = [
        PassThroughFill("ARCA", added=False, shares=1_000),
        PassThroughFill("NASDAQ", added=True, shares=600),
    ]
    assert format_cents(ecn_pass_through(schedule, fills)) == "-1.80"
    with pytest.raises(
        InvalidInput, match="no pass-through rate for venue 'BRUT'; the schedule has ARCA, NASDAQ"
    ):
        ecn_pass_through(schedule, [PassThroughFill("BRUT", added=True, shares=1)])
