"""Feeds that are text, DBN records, and files of framed messages: exact numbers, and what cannot be read."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.feeds.census import take_census
from rushtrade.feeds.dbn import DbnFeed
from rushtrade.feeds.itch_stream import ItchStream
from rushtrade.feeds.recognition import feed_for
from rushtrade.feeds.text_feeds import TextFeed, nanoseconds, units
from rushtrade.wire import itch50
from rushtrade.wire.errors import MalformedError
from rushtrade.wire.framing import frame_all
from support.captured import add


@given(st.integers(0, 10**18 - 1), st.integers(0, 10**9 - 1))
def test_decimal_text_is_read_to_its_last_digit(whole, part):
    assert units(f"{whole}.{part:09}", 10**9) == whole * 10**9 + part
    assert units(f"-{whole}", 100) == -whole * 100


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [("1.5e3", 1, 1500), ("157.8", 10**9, 157_800_000_000), ("25e-2", 100, 25), ("0", 1, 0)],
)
def test_decimal_text_in_every_spelling(text, unit, value):
    assert units(text, unit) == value


@pytest.mark.parametrize("text", ["", "x", "1.23", "nan", "inf", "1..2", "0x10"])
def test_a_number_that_is_none_or_too_fine_is_refused(text):
    with pytest.raises(ValueError, match=r"decimal|finer"):
        units(text, 10)


def test_times_printed_from_a_float_are_rounded_to_the_nanosecond():
    assert nanoseconds("35821.088778456004") == 35_821_088_778_456
    assert nanoseconds("35821.08877845599996") == 35_821_088_778_456


LOBSTER = b"34200.004241176,1,16113575,18,5853300,1\n34200.1,4,16113575,8,5853300,1\n"


def test_lobster_lines_become_events():
    feed = TextFeed("34200.004241176,1,16113575,18,5853300,1")
    rows = feed.feed(LOBSTER).rows
    assert rows["type"].tolist() == [b"1", b"4"]
    assert rows["action"].tolist() == [b"A", b"F"]
    assert rows["time"].tolist() == [34_200_004_241_176, 34_200_100_000_000]
    assert rows["price"].tolist() == [585_330_000_000] * 2
    assert rows["size"].tolist() == [18_000_000, 8_000_000]


def test_a_line_that_cannot_be_read_is_counted_and_the_next_is_read():
    feed = TextFeed("34200.0,1,1,1,1,1")
    events = feed.feed(b"34200.0,1,1,1,1,1\nrubbish\n34200.0,9,1,1,1,1\n34201,3,1,1,1,1")
    assert (len(events.rows), events.anomalies) == (1, {"bad_line": 2})
    assert len(feed.finish().rows) == 1


def dbn(version, records, metadata=198):
    return b"DBN" + bytes([version]) + struct.pack("<I", metadata) + bytes(metadata) + b"".join(records)


def mbo(action, order=1, price=5 * 10**9, size=2, flags=128):
    return struct.pack(
        "<BBHIQQqIBBccQiI", 14, 0xA0, 1, 17, 1_700_000_000_000_000_000, order, price, size, flags, 0,
        action.encode(), b"B", 1_700_000_000_000_000_001, 0, 9,
    )  # fmt: skip


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("piece", [1, 7, 60, 10_000])
def test_dbn_records_of_every_version_in_pieces_of_any_size(version, piece):
    status = bytes([10, 0x12]) + bytes(38)
    data = dbn(version, [mbo("A"), status, mbo("F"), mbo("C")])
    feed = DbnFeed()
    parts = [feed.feed(data[at : at + piece]) for at in range(0, len(data), piece)]
    rows = np.concatenate([part.rows for part in parts])
    assert rows["type"].tolist() == [b"A", b"12", b"F", b"C"]
    assert rows["price"].tolist() == [5 * 10**9, 0, 5 * 10**9, 5 * 10**9]
    assert rows["instrument"].tolist() == [17, 0, 17, 17]
    assert feed.finish().anomalies == {}


def test_a_dbn_file_that_is_cut_or_makes_no_sense_says_so():
    feed = DbnFeed()
    assert len(feed.feed(dbn(1, [mbo("A"), mbo("A")])[:-1]).rows) == 1
    assert feed.finish().anomalies == {"cut_record": 1}
    feed = DbnFeed()
    events = feed.feed(dbn(1, [mbo("A"), b"\1" + bytes(80)]))
    assert events.rows["type"].tolist() == [b"A"]
    assert events.anomalies == {"broken_stream": 1}
    assert feed.finish().anomalies == feed.feed(mbo("A")).anomalies == {}


DAY = frame_all(itch50.encode(add(number, time=34_200_000_000_000 + number)) for number in range(1, 50))


@pytest.mark.parametrize("piece", [1, 37, 38, 500, 10_000])
def test_framed_itch_is_the_same_in_pieces_of_any_size(piece):
    feed = ItchStream()
    parts = [feed.feed(DAY[at : at + piece]).rows for at in range(0, len(DAY), piece)]
    assert np.concatenate(parts)["order"].tolist() == list(range(1, 50))
    assert feed.finish().anomalies == {}


def test_a_census_counts_without_columns_and_says_what_is_cut(tmp_path):
    path = tmp_path / "day"
    path.write_bytes(DAY[:-3])
    census = take_census(path)
    assert (census.kind, census.counts, census.anomalies) == ("itch50", {"A": 48}, {"cut_message": 1})
    assert (census.first, census.last) == ("09:30:00.000000001", "09:30:00.000000048")
    path.write_bytes(DAY[:380] + b"\0\5rubbish")
    assert take_census(path).anomalies == {"broken_stream": 1}


@pytest.mark.parametrize("head", [b"", b"hello", b"\0\0", bytes(100), b"DBN\x09"])
def test_a_file_of_no_known_kind_is_refused_in_words(head):
    with pytest.raises(MalformedError, match="no known kind of feed"):
        feed_for(head)
