"""Bars of every length, days kept from day to day, and what is known of earlier ones."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import day_number
from rushtrade.rules.new_york import midnight_ns, wall_ns
from rushtrade.tape import reports
from rushtrade.tape.days import DAY_ROW
from rushtrade.tape.tape import Tape
from rushtrade.tape.timeframes import Timeframe, read_timeframe
from support.slow_tape import SlowTape

FRIDAY = dt.date(2026, 11, 20)
SECOND, MINUTE, HOUR = 1_000_000_000, 60_000_000_000, 3_600_000_000_000


def at(day, clock):
    hour, minute, second = (int(part) for part in clock.split(":"))
    return wall_ns(day, hour * 60 + minute) + second * SECOND


START_OF = """
timeframe  of                    begins
1Sec       2026-11-20 09:30:59   2026-11-20 09:30:59
30Sec      2026-11-20 09:30:59   2026-11-20 09:30:30
7Min       2026-11-20 09:30:59   2026-11-20 09:27:00
1Hour      2026-11-20 09:30:59   2026-11-20 09:00:00
4Hour      2026-11-20 09:30:59   2026-11-20 08:00:00
4Hour      2026-07-20 09:30:59   2026-07-20 08:00:00
23Hour     2026-11-20 23:30:00   2026-11-20 23:00:00
1Day       2026-11-20 00:00:00   2026-11-20 00:00:00
1Day       2026-03-08 23:59:59   2026-03-08 00:00:00
1Day       2026-11-01 23:59:59   2026-11-01 00:00:00
1Week      2026-11-20 09:30:00   2026-11-16 00:00:00
1Week      2026-11-16 00:00:00   2026-11-16 00:00:00
1Month     2026-11-20 09:30:00   2026-11-01 00:00:00
3Month     2026-11-20 09:30:00   2026-10-01 00:00:00
12Month    2026-11-20 09:30:00   2026-01-01 00:00:00
"""


@pytest.mark.parametrize("line", START_OF.strip().splitlines()[1:])
def test_a_bar_begins_by_new_yorks_clocks(line):
    frame, day, clock, first, begins = line.split()
    time = at(dt.date.fromisoformat(day), clock)
    assert read_timeframe(frame).start_of(time) == at(dt.date.fromisoformat(first), begins)


@pytest.mark.parametrize(
    "text", ["", "0Min", "60Min", "24Hour", "2Day", "2Week", "5Month", "1Year", "Min", "1min"]
)
def test_a_timeframe_that_is_none_is_refused_with_those_that_pass(text):
    with pytest.raises(InvalidInput, match="1-59Sec"):
        read_timeframe(text)


@pytest.mark.parametrize(
    ("text", "frame"),
    [("5T", Timeframe(5, "Min")), ("1H", Timeframe(1, "Hour")), ("1D", Timeframe(1, "Day"))],
)
def test_short_names_of_units_are_read(text, frame):
    assert read_timeframe(text) == frame


def opened(day, ids=(7,)):
    tape = Tape(list(ids))
    open_day(tape, day)
    return tape


def open_day(tape, day):
    tape.open_day(midnight_ns(day), (wall_ns(day, 570), wall_ns(day, 960)))


def report(tape, time, price, shares=100, letters="@", match=1, slot=1):
    tape.take(reports.trade_row(slot, time, price, shares, venue=0, match=match, letters=letters))


PRINTS = st.lists(
    st.tuples(
        st.integers(4 * 3_600, 20 * 3_600),
        st.integers(1, 9),
        st.integers(1, 5),
        st.sampled_from(["@", "@", "@F", "@I", "@TI", "@T", "@U", "@Z", "@6X", "@W"]),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(
    prints=PRINTS,
    text=st.sampled_from(["1Sec", "15Sec", "1Min", "5Min", "7Min", "59Min", "1Hour", "4Hour", "23Hour"]),
    void=st.integers(0, 60),
)
def test_bars_of_any_length_within_a_day_are_those_of_its_trades(prints, text, void):
    tape, frame = opened(FRIDAY), read_timeframe(text)
    midnight = midnight_ns(FRIDAY)
    slow = SlowTape(midnight, (wall_ns(FRIDAY, 570), wall_ns(FRIDAY, 960)), "C")
    for match, (second, price, lots, letters) in enumerate(prints, start=1):
        time = midnight + second * SECOND
        report(tape, time, price * 10_000, lots * 100, letters, match)
        slow.add(time, price * 10_000, lots * 100, 0, match, letters)
    tape.take(reports.cancel_row(1, 0, venue=0, match=void))
    slow.void(0, void)
    assert tape.frames(7, frame, midnight) == slow.bars(frame.start_of)
    middle = at(FRIDAY, "12:00:00")
    assert tape.frames(7, frame, middle) == [
        bar for bar in slow.bars(frame.start_of) if bar.start_ns >= middle
    ]
    assert tape.frames(7, frame, midnight, middle) == [
        bar for bar in slow.bars(frame.start_of) if bar.start_ns < middle
    ]
    if slow.day().priced:
        assert tape.frames(7, read_timeframe("1Day"), midnight) == [slow.day()]


WEEK = [dt.date(2026, 11, day) for day in (19, 20, 23, 24)]


def week_of_trading():
    tape = Tape([7, 9])
    for place, day in enumerate(WEEK):
        open_day(tape, day)
        report(tape, at(day, "08:00:00"), 990_000, 10, "@T", match=1)
        report(tape, at(day, "09:30:00"), (10 + place) * 10_000, 200, match=2)
        report(tape, at(day, "15:59:59"), (20 - place) * 10_000, 300, match=3)
    return tape


def test_days_weeks_and_months_are_made_of_days_that_are_kept():
    tape = week_of_trading()
    days = tape.frames(7, Timeframe(1, "Day"), 0)
    assert [(bar.start_ns, bar.open, bar.close, bar.volume) for bar in days] == [
        (midnight_ns(day), (10 + place) * 10_000, (20 - place) * 10_000, 510)
        for place, day in enumerate(WEEK)
    ]
    weeks = tape.frames(7, Timeframe(1, "Week"), 0)
    assert [(bar.start_ns, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in weeks] == [
        (midnight_ns(dt.date(2026, 11, 16)), 100_000, 200_000, 100_000, 190_000, 1_020),
        (midnight_ns(dt.date(2026, 11, 23)), 120_000, 180_000, 120_000, 170_000, 1_020),
    ]
    (month,) = tape.frames(7, Timeframe(1, "Month"), 0)
    assert (month.open, month.close, month.trades, month.priced) == (100_000, 170_000, 12, 8)
    assert tape.frames(9, Timeframe(1, "Day"), 0) == []
    assert tape.frames(7, Timeframe(1, "Day"), midnight_ns(WEEK[1]), midnight_ns(WEEK[2])) == days[1:2]


def earlier(day, instrument, close, high=0, low=0, volume=1_000):
    row = np.zeros(1, DAY_ROW)
    row["day"], row["instrument"] = day_number(day), instrument
    row["open"] = row["close"] = close
    row["high"], row["low"] = high or close, low or close
    row["volume"], row["trades"], row["priced"], row["value"] = volume, 1, 1, close * volume
    return row


def test_days_from_elsewhere_stand_before_the_tapes_own():
    tape = week_of_trading()
    tape.know_days(
        np.concatenate(
            [
                earlier(dt.date(2026, 11, 18), 7, 50_000),
                earlier(WEEK[0], 7, 1),
                earlier(dt.date(2026, 11, 18), 555, 1),
                earlier(dt.date(2026, 11, 18), 9, 70_000),
            ]
        )
    )
    days = tape.frames(7, Timeframe(1, "Day"), 0)
    assert [bar.close for bar in days] == [50_000, 200_000, 190_000, 180_000, 170_000]
    assert tape.day(9).previous_close == 70_000
    assert tape.day(7).previous_close == 180_000


def test_a_restored_tape_knows_the_same_days():
    tape, other = week_of_trading(), Tape([])
    other.restore(tape.snapshot())
    open_day(tape, dt.date(2026, 11, 25))
    open_day(other, dt.date(2026, 11, 25))
    assert other.frames(7, Timeframe(1, "Day"), 0) == tape.frames(7, Timeframe(1, "Day"), 0)
    assert other.snapshot() == tape.snapshot()
