"""Rule 144 and the threshold list."""

import datetime as dt

import pytest

from rushtrade.rules.resale import RULE_144, THRESHOLD, earliest_resale, resale_volume, threshold_day

TODAY = dt.date(2026, 11, 20)


@pytest.mark.parametrize(
    ("acquired", "months", "earliest"),
    [
        ("2026-01-15", 6, "2026-07-15"),
        ("2025-08-31", 6, "2026-02-28"),
        ("2026-11-30", 12, "2027-11-30"),
        ("2027-08-31", 6, "2028-02-29"),
    ],
)
def test_the_holding_period_ends_on_the_same_day_of_a_later_month(acquired, months, earliest):
    assert earliest_resale(dt.date.fromisoformat(acquired), months) == dt.date.fromisoformat(earliest)


def test_the_weekly_volume_counts_only_for_listed_shares():
    volumes = (150_000, 250_000, 300_000, 200_001)
    listed = resale_volume(20_000_000, volumes, RULE_144.on(TODAY), exchange_listed=True)
    unlisted = resale_volume(20_000_000, volumes, RULE_144.on(TODAY), exchange_listed=False)
    assert (listed.shares_max, unlisted.shares_max) == (225_000, 200_000)
    assert listed.average_weekly_volume * 4 == sum(volumes)


def test_a_year_had_to_be_waited_before_2008():
    assert RULE_144.on(dt.date(2004, 11, 1)).months_reporting == 12
    assert RULE_144.on(TODAY).months_reporting == 6


@pytest.mark.parametrize(
    ("outstanding", "fails", "day"),
    [
        (2_000_000, (10_000,) * 5, 5),
        (2_000_000, (10_000,) * 4, None),
        (2_000_000, (10_000, 9_999, *((10_000,) * 5)), 7),
        (2_000_001, (10_000,) * 5, None),
        (1_000_000, (9_999,) * 9, None),
    ],
)
def test_five_settlement_days_in_a_row_put_a_security_on_the_threshold_list(outstanding, fails, day):
    assert threshold_day(outstanding, fails, THRESHOLD.on(TODAY)) == day
