"""Sessions, settlement days, hours: against the package the table was made from, and by hand."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.domain.errors import InvalidInput, RuleMissing
from rushtrade.domain.instants import DAY, HOUR, parse_instant
from rushtrade.rules import generate_calendar
from rushtrade.rules.bank_holidays import is_bank_only_holiday
from rushtrade.rules.calendar import new_york_calendar, parse_calendar
from rushtrade.rules.dated import RuleTableInvalid
from rushtrade.rules.new_york import day_at, midnight_ns, wall_ns
from rushtrade.rules.sessions import session_on

CALENDAR = new_york_calendar()
DAYS = st.dates(dt.date(1990, 2, 1), dt.date(2030, 11, 30))


def day(text):
    return dt.date.fromisoformat(text)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_table_equals_exchange_calendars_over_its_whole_span():
    made = parse_calendar("made", "\n".join(generate_calendar.calendar_lines()))
    span = (made.first, made.last)
    assert span == (CALENDAR.first, CALENDAR.last) == (day("1990-01-01"), day("2030-12-31"))
    sessions = CALENDAR.sessions(*span)
    assert sessions == made.sessions(*span)
    assert len(sessions) == 10_322
    assert [CALENDAR.close_minute(each) for each in sessions] == [
        made.close_minute(each) for each in sessions
    ]


@pytest.mark.parametrize(
    ("text", "session", "settlement", "why"),
    [
        ("2026-11-20", True, True, "a Friday"),
        ("2026-11-21", False, False, "a Saturday"),
        ("2026-11-26", False, False, "Thanksgiving"),
        ("2026-11-27", True, True, "the short Friday after it"),
        ("2026-11-11", True, False, "Veterans Day"),
        ("2026-10-12", True, False, "Columbus Day"),
        ("2006-11-10", True, True, "Friday before a Veterans Day on Saturday: banks are open"),
        ("2007-11-12", True, False, "Monday after a Veterans Day on Sunday"),
        ("1997-01-20", True, False, "King's birthday while the exchanges still traded"),
        ("1998-01-19", False, False, "King's birthday since they do not"),
        ("2001-09-12", False, False, "closed after the attacks"),
        ("2012-10-29", False, False, "closed for the hurricane"),
        ("2025-01-09", False, False, "national day of mourning"),
        ("2004-06-11", False, False, "national day of mourning"),
        ("2022-06-20", False, False, "Juneteenth, kept on Monday"),
        ("2021-06-18", True, True, "no Juneteenth yet"),
    ],
)
def test_each_kind_of_day_is_told_apart(text, session, settlement, why):
    assert CALENDAR.is_session(day(text)) is session, why
    assert CALENDAR.is_settlement_day(day(text)) is settlement, why


def test_there_are_two_or_three_bank_only_holidays_a_year():
    for year in range(1990, 2031):
        days = [
            d
            for d in CALENDAR.sessions(dt.date(year, 1, 1), dt.date(year, 12, 31))
            if is_bank_only_holiday(d)
        ]
        saturday = dt.date(year, 11, 11).weekday() == 5
        assert len(days) == 2 - saturday + (year < 1998), year


@given(DAYS, st.integers(1, 15))
def test_stepping_forth_and_back_by_sessions_returns_to_a_session(start, count):
    session = CALENDAR.session_on_or_before(start)
    assert session <= start
    assert CALENDAR.session_on_or_after(start) >= start
    assert CALENDAR.add_sessions(CALENDAR.add_sessions(session, count), -count) == session


@given(DAYS, st.integers(1, 15))
def test_a_step_counts_the_days_of_its_kind_one_by_one(start, count):
    expected, left = start, count
    while left:
        expected += dt.timedelta(days=1)
        left -= CALENDAR.is_settlement_day(expected)
    assert CALENDAR.add_settlement_days(start, count) == expected
    expected, left = start, count
    while left:
        expected -= dt.timedelta(days=1)
        left -= CALENDAR.is_session(expected)
    assert CALENDAR.add_sessions(start, -count) == expected


@given(DAYS, DAYS)
def test_the_sessions_of_a_span_are_the_days_that_are_sessions(one, other):
    first, last = min(one, other), min(max(one, other), min(one, other) + dt.timedelta(days=60))
    days = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    assert CALENDAR.sessions(first, last) == tuple(each for each in days if CALENDAR.is_session(each))


def test_days_beyond_the_table_are_refused_with_its_span():
    for ask in (
        lambda: CALENDAR.is_session(day("2031-01-01")),
        lambda: CALENDAR.add_sessions(day("2030-12-31"), 1),
        lambda: CALENDAR.session_on_or_before(day("1990-01-01")),
    ):
        with pytest.raises(RuleMissing, match="dates covered: 1990-01-01 to 2030-12-31"):
            ask()


def test_a_day_without_trading_is_refused_with_the_trading_days_around_it():
    with pytest.raises(
        InvalidInput, match=r"2026-11-26 is not a trading day of XNYS; .* 2026-11-25 and 2026-11-27"
    ):
        CALENDAR.require_session(day("2026-11-26"))


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2026-11-21T20:30:00Z", "2026-11-20"),
        ("2026-11-20T14:00:00Z", "2026-11-20"),
        ("2026-11-20T04:59:59Z", "2026-11-19"),
        ("2026-11-20T05:00:00Z", "2026-11-20"),
        ("2026-11-27T02:00:00Z", "2026-11-25"),
    ],
)
def test_the_last_trading_day_goes_by_new_yorks_date(now, last):
    assert CALENDAR.last_trading_day(parse_instant(now)) == day(last)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("2001-01-01 closed", "no line 'span FIRST LAST'"),
        ("span 2001-01-01", "line 1"),
        ("span 2001-01-01 2001-12-31\n2001-02-30 closed", "line 2: '2001-02-30 closed'"),
        ("span 2001-01-01 2001-12-31\n2001-02-03 shut", "line 2: '2001-02-03 shut'"),
    ],
)
def test_a_calendar_table_that_cannot_be_read_is_refused_by_its_line(text, complaint):
    with pytest.raises(RuleTableInvalid, match=complaint):
        parse_calendar("X", text)


@pytest.mark.parametrize(
    ("text", "pre", "opens", "closes", "post"),
    [
        ("2026-11-20", "09:00", "14:30", "21:00", "01:00"),
        ("2026-07-01", "08:00", "13:30", "20:00", "00:00"),
        ("2026-11-27", "09:00", "14:30", "18:00", "22:00"),
        ("2004-11-22", "13:00", "14:30", "21:00", "23:30"),
        ("1995-03-01", "14:30", "14:30", "21:00", "21:00"),
    ],
)
def test_hours_follow_new_yorks_clock_early_closes_and_the_date(text, pre, opens, closes, post):
    session = session_on(day(text))
    instants = (session.pre_open_ns, session.open_ns, session.close_ns, session.post_close_ns)
    clock = tuple(f"{ns // HOUR % 24:02d}:{ns % HOUR // 60_000_000_000:02d}" for ns in instants)
    assert clock == (pre, opens, closes, post)
    assert session.is_regular(session.open_ns)
    assert not session.is_regular(session.close_ns)
    assert session.is_extended(session.close_ns) is (post != closes)
    assert session.holds(session.midnight_ns + DAY - 1)
    assert not session.holds(session.midnight_ns - 1)


@given(DAYS)
def test_new_yorks_midnight_is_the_first_instant_of_its_day(each):
    assert day_at(midnight_ns(each)) == each
    assert day_at(midnight_ns(each) - 1) == each - dt.timedelta(days=1)
    assert wall_ns(each, 0) == midnight_ns(each)
