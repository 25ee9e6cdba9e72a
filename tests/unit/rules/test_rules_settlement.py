"""Settlement dates, payment dates and ex-dates."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.domain.errors import InvalidInput
from rushtrade.rules.calendar import new_york_calendar
from rushtrade.rules.settlement import ex_date_of_payable_date, ex_date_of_record_date, settlement_of

CALENDAR = new_york_calendar()
SESSIONS = CALENDAR.sessions(dt.date(1990, 3, 1), dt.date(2030, 11, 15))


def day(text):
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("trade", "cycle", "settles", "paid", "why"),
    [
        ("1995-06-06", 5, "1995-06-13", "1995-06-15", "last day of T+5"),
        ("1995-06-07", 3, "1995-06-12", "1995-06-14", "first day of T+3"),
        ("2004-11-10", 3, "2004-11-16", "2004-11-17", "Veterans Day delays settlement, not payment"),
        ("2004-11-24", 3, "2004-11-30", "2004-12-02", "over Thanksgiving"),
        ("2017-09-01", 3, "2017-09-07", "2017-09-11", "last day of T+3"),
        ("2017-09-05", 2, "2017-09-07", "2017-09-11", "first day of T+2"),
        ("2024-05-28", 1, "2024-05-29", "2024-05-31", "first day of T+1"),
        ("2026-11-20", 1, "2026-11-23", "2026-11-25", "over a weekend"),
        ("2026-12-31", 1, "2027-01-04", "2027-01-06", "over the new year"),
    ],
)
def test_a_trade_settles_by_the_cycle_of_its_date(trade, cycle, settles, paid, why):
    found = settlement_of(day(trade))
    assert (found.cycle_days, found.settlement_date, found.reg_t_date) == (cycle, day(settles), day(paid)), (
        why
    )


def test_a_trade_on_a_day_without_trading_has_no_settlement():
    with pytest.raises(InvalidInput, match="2026-11-22 is not a trading day"):
        settlement_of(day("2026-11-22"))


@given(st.sampled_from(SESSIONS))
def test_later_trades_never_settle_earlier_and_payment_is_never_due_before_settlement(trade):
    found = settlement_of(trade)
    following = settlement_of(CALENDAR.add_sessions(trade, 1))
    assert trade < found.settlement_date <= following.settlement_date
    assert CALENDAR.is_settlement_day(found.settlement_date)
    assert found.reg_t_date >= found.settlement_date


@given(st.sampled_from(SESSIONS))
def test_the_ex_date_parts_buyers_who_settle_by_the_record_date_from_those_who_do_not(record):
    ex = ex_date_of_record_date(record)
    last_with = CALENDAR.add_settlement_days(ex, -1)
    assert settlement_of(ex).settlement_date > record
    assert settlement_of(last_with).settlement_date <= record


@pytest.mark.parametrize(
    ("record", "ex"),
    [
        ("2004-11-15", "2004-11-10"),
        ("2019-08-15", "2019-08-14"),
        ("2026-08-14", "2026-08-14"),
        ("2026-11-11", "2026-11-10"),
    ],
)
def test_the_ex_date_follows_the_cycle(record, ex):
    assert ex_date_of_record_date(day(record)) == day(ex)


def test_a_large_distribution_goes_ex_after_its_payable_date():
    assert ex_date_of_payable_date(day("2026-09-15")) == day("2026-09-16")
    assert ex_date_of_payable_date(day("2026-10-09")) == day("2026-10-13")
