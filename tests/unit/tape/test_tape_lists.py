"""Top lists: ranked like a plain sort, honest about what is not known."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import day_number
from rushtrade.rules.new_york import midnight_ns, wall_ns
from rushtrade.tape import reports
from rushtrade.tape.columns import columns_of
from rushtrade.tape.days import DAY_ROW, DAYS_KEPT
from rushtrade.tape.lists import KINDS, ROWS_MAX, top_list
from rushtrade.tape.lists_kernel import first_by
from rushtrade.tape.scan import Scan
from rushtrade.tape.tape import Tape

FRIDAY = dt.date(2026, 11, 20)
MINUTE = 60_000_000_000


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.booleans()), max_size=40), st.integers(1, 12))
def test_the_first_by_a_key_are_those_of_a_plain_sort(pairs, limit):
    keys = np.array([key for key, _ in pairs], np.int64)
    counted = np.array([flag for _, flag in pairs], np.uint8)
    out = np.zeros(limit, np.int64)
    filled = first_by(keys, counted, out)
    places = [place for place, (_, flag) in enumerate(pairs) if flag]
    assert out[:filled].tolist() == sorted(places, key=lambda place: (-pairs[place][0], place))[:limit]


def open_day(tape, day):
    tape.open_day(midnight_ns(day), (wall_ns(day, 570), wall_ns(day, 960)))


def trade(tape, day, minute, slot, price, shares=100, match=1):
    time = wall_ns(day, minute)
    tape.take(reports.trade_row(slot, time, price * 10_000, shares, venue=0, match=match, letters="@"))


@pytest.fixture
def tape():
    tape = Tape([10, 20, 30, 40])
    open_day(tape, FRIDAY)
    for number, close in ((10, 100), (20, 100), (30, 100)):
        tape.set_previous_close(number, close * 10_000)
    trade(tape, FRIDAY, 570, 1, 100)
    trade(tape, FRIDAY, 571, 1, 110, 300)
    trade(tape, FRIDAY, 571, 2, 95, 5_000)
    trade(tape, FRIDAY, 572, 2, 90, 100)
    trade(tape, FRIDAY, 573, 3, 103, 200)
    return tape


LISTS = """
most_active_volume   20 10 30
most_active_trades   10 20 30
most_active_dollars  20 10 30
gainers              10 30
losers               20
new_highs            10
new_lows             20
"""


@pytest.mark.parametrize("line", LISTS.strip().splitlines())
def test_a_list_ranks_what_it_says(tape, line):
    kind, *ids = line.split()
    made = top_list(tape, kind, 10, wall_ns(FRIDAY, 580))
    assert [row.instrument_id for row in made.rows] == [int(number) for number in ids]
    assert made.known
    assert [row.instrument_id for row in top_list(tape, kind, 1, 0).rows] == [int(ids[0])]


def test_a_row_tells_the_facts_of_its_security(tape):
    (row,) = top_list(tape, "losers", 5, 0).rows
    assert (row.last, row.change, row.change_ppm, row.volume, row.trades) == (
        900_000, -100_000, -100_000, 5_100, 2
    )  # fmt: skip
    assert row.money == (95 * 5_000 + 90 * 100) * 1_000_000


@pytest.mark.parametrize("kind", ["unusual_volume", "new_year_highs", "new_year_lows"])
def test_without_earlier_days_a_list_says_that_it_is_not_known(tape, kind):
    made = top_list(tape, kind, 5, wall_ns(FRIDAY, 580))
    assert (made.rows, made.known) == ([], False)
    assert made.reason.startswith("not known: ")


def test_unusual_volume_is_against_what_usually_traded_by_the_same_time():
    tape = Tape([10, 20])
    days = [dt.date(2026, 11, 17), dt.date(2026, 11, 18)]
    for day in days:
        open_day(tape, day)
        trade(tape, day, 570, 1, 100, 1_000)
        trade(tape, day, 900, 1, 100, 90_000)
        trade(tape, day, 575, 2, 100, 3_000)
    open_day(tape, FRIDAY)
    trade(tape, FRIDAY, 571, 1, 100, 5_000)
    trade(tape, FRIDAY, 571, 2, 100, 6_000)
    at = wall_ns(FRIDAY, 585)
    made = top_list(tape, "unusual_volume", 5, at)
    assert [(row.instrument_id, row.usual_volume) for row in made.rows] == [(10, 1_000), (20, 3_000)]
    columns = columns_of(tape, at, {})
    assert Scan("relative_volume > 4.99 and relative_volume <= 5").find(columns).ids == [10]
    assert columns_of(tape, wall_ns(FRIDAY, 950), {}).by_name["average_volume"].numerator.tolist() == [
        91_000,
        3_000,
    ]
    halfway = wall_ns(FRIDAY, 907) + 30_000_000_000
    assert columns_of(tape, halfway, {}).by_name["average_volume"].numerator[0] == 1_000 + 90_000 * 7 // 15


def year_before(day, instrument, high, low):
    rows = []
    for back in range(1, 371):
        one = day - dt.timedelta(days=back)
        if one.weekday() < 5:
            row = np.zeros(1, DAY_ROW)
            row["day"], row["instrument"], row["priced"] = day_number(one), instrument, 1
            row["open"] = row["close"] = row["low"] = low * 10_000
            row["high"] = high * 10_000
            rows.append(row)
    return np.concatenate(rows)


def test_a_high_of_52_weeks_is_one_when_the_days_reach_back_that_far():
    tape = Tape([10, 20])
    tape.know_days(np.concatenate([year_before(FRIDAY, 10, 50, 40), year_before(FRIDAY, 20, 50, 40)]))
    open_day(tape, FRIDAY)
    trade(tape, FRIDAY, 571, 1, 51)
    trade(tape, FRIDAY, 572, 2, 39)
    assert [row.instrument_id for row in top_list(tape, "new_year_highs", 5, 0).rows] == [10]
    assert [row.instrument_id for row in top_list(tape, "new_year_lows", 5, 0).rows] == [20]
    columns = columns_of(tape, wall_ns(FRIDAY, 600), {})
    assert Scan("new_year_high and year_high == 50").find(columns).ids == [10]
    assert DAYS_KEPT == 260


def test_a_list_there_is_none_of_is_refused(tape):
    with pytest.raises(InvalidInput, match="most_active_volume"):
        top_list(tape, "best", 5, 0)
    with pytest.raises(InvalidInput, match="1 to 100"):
        top_list(tape, KINDS[0], ROWS_MAX + 1, 0)
