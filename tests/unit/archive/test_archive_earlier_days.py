"""Earlier days of a store, taught to the tape of today."""

import datetime as dt

import numpy as np
import pytest

from rushtrade.archive.earlier_days import EarlierDays
from rushtrade.rules.new_york import midnight_ns, wall_ns
from rushtrade.tape import reports
from rushtrade.tape.columns import columns_of
from rushtrade.tape.lists import top_list
from rushtrade.tape.scan import Scan
from rushtrade.tape.tape import Tape
from rushtrade.tape.timeframes import Timeframe
from rushtrade.ticks.schemas import SCHEMAS
from rushtrade.ticks.writer import TickWriter

NANO = 1_000_000_000
DAYS = [dt.date(2026, 11, 17), dt.date(2026, 11, 18), dt.date(2026, 11, 19)]
TODAY = dt.date(2026, 11, 20)


def bars(schema, rows):
    made = SCHEMAS[schema].empty(len(rows))
    for place, (time, instrument, prices, volume) in enumerate(rows):
        made["ts_event"][place], made["instrument_id"][place] = time, instrument
        for name, price in zip(("open", "high", "low", "close", "vwap"), (*prices, prices[0]), strict=True):
            made[name][place] = price * NANO
        made["volume"][place], made["trades"][place] = volume, 1
    return made


@pytest.fixture
def store(tmp_path):
    for place, day in enumerate(DAYS):
        writer = TickWriter(tmp_path, day)
        aapl, ibm = (writer.instrument(symbol) for symbol in ("AAPL", "IBM"))
        close = 100 + place
        writer.append(
            "ohlcv-1d",
            bars(
                "ohlcv-1d",
                [
                    (midnight_ns(day), aapl, (100, close + 5, 90, close), 1_500),
                    (midnight_ns(day), ibm, (50, 60, 40, 55), 10),
                ],
            ),
        )
        writer.append(
            "ohlcv-1m",
            bars(
                "ohlcv-1m",
                [
                    (wall_ns(day, 570), aapl, (100, 100, 100, 100), 1_000),
                    (wall_ns(day, 700), aapl, (100, 100, 100, 100), 500),
                ],
            ),
        )
        writer.flush(wall_ns(day, 960))
        writer.seal()
        writer.close()
    return tmp_path


def taught(store, before=TODAY):
    tape = Tape([7, 9])
    tape.open_day(midnight_ns(TODAY), (wall_ns(TODAY, 570), wall_ns(TODAY, 960)))
    earlier = EarlierDays(store, before)
    earlier.teach(tape, {7: "AAPL"})
    earlier.teach(tape, {9: "IBM"})
    return tape, earlier


def test_a_tape_is_taught_the_days_before_it(store):
    tape, earlier = taught(store)
    assert earlier.found == DAYS
    days = tape.frames(7, Timeframe(1, "Day"), 0)
    assert [(bar.start_ns, bar.high, bar.close, bar.volume) for bar in days] == [
        (midnight_ns(day), (105 + place) * 10_000, (100 + place) * 10_000, 1_500)
        for place, day in enumerate(DAYS)
    ]
    assert tape.frames(9, Timeframe(1, "Week"), 0)[0].volume == 30
    assert (tape.day(7).previous_close, tape.day(9).previous_close) == (1_020_000, 550_000)


def test_usual_volume_is_known_by_the_time_of_day(store):
    tape, _ = taught(store)
    assert tape.usual_volume(wall_ns(TODAY, 585))[0].tolist() == [1_000, 0]
    usual, days = tape.usual_volume(wall_ns(TODAY, 900))
    assert (usual.tolist(), days) == ([1_500, 0], 3)
    row = reports.trade_row(1, wall_ns(TODAY, 571), 1_100_000, 4_000, venue=0, match=1, letters="@")
    tape.take(row)
    at = wall_ns(TODAY, 585)
    (found,) = top_list(tape, "unusual_volume", 5, at).rows
    assert (found.instrument_id, found.volume, found.usual_volume) == (7, 4_000, 1_000)
    assert Scan("relative_volume == 4 and gap_percent > 7").find(columns_of(tape, at, {})).ids == [7]


def test_days_on_and_after_the_trade_date_are_not_earlier(store):
    _, earlier = taught(store, DAYS[1])
    assert earlier.found == DAYS[:1]


@pytest.mark.parametrize("place", ["nowhere", "."])
def test_a_store_without_earlier_days_teaches_nothing(tmp_path, place):
    tape, earlier = taught(tmp_path / place)
    assert earlier.found == []
    assert tape.frames(7, Timeframe(1, "Day"), 0) == []
    assert not top_list(tape, "unusual_volume", 5, wall_ns(TODAY, 585)).known


def test_days_of_long_ago_are_history_and_neither_a_previous_close_nor_what_is_usual(store):
    tape = Tape([7])
    later = dt.date(2027, 6, 1)
    tape.open_day(midnight_ns(later), None)
    EarlierDays(store, later).teach(tape, {7: "AAPL"})
    assert len(tape.frames(7, Timeframe(1, "Day"), 0)) == len(DAYS)
    assert tape.day(7).previous_close == 0
    assert tape.usual_volume(wall_ns(later, 600))[1] == 0
    assert not top_list(tape, "new_year_highs", 5, 0).known


def test_what_a_tape_has_of_its_own_stays(store):
    tape, earlier = taught(store)
    earlier.teach(tape, {7: "AAPL"})
    assert len(tape.days(7)) == len(DAYS)
    assert np.all(np.diff(tape.days(7)["day"]) > 0)
