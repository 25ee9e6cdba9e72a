"""A recorded file over six venues is the file's book; files that are none are refused with the place."""

import gzip
from collections import Counter, defaultdict

import pytest
from exchange_feed_lines import feed_lines
from exchange_slow_flow import encoded

from rushtrade.marketplace.flow import Flow
from rushtrade.marketplace.itch_source import FlowFileError, ItchFile
from rushtrade.marketplace.market import Market
from rushtrade.rules.world_file import load_world
from rushtrade.wire import itch50

AAPL_HOUR = "itch/AAPL_2012-06-21_0930_1030.from_lobster.itch50.gz"
ZERO_PREFIXES = "itch/ex20101224.TEST_ITCH_50.gz"
MINUTE = 60 * 1_000_000_000
INSTANTS = (1, 5, 17, 30, 42, 59, 61)


def recorded_books(payload):
    """The file's own books after every minute: {minute: Counter of (stock, side, price, shares)}, each order counted."""
    orders, books, minute = {}, {}, 0
    start = 570 * MINUTE
    for line in feed_lines(payload):
        if not isinstance(line, tuple):
            continue
        letter, locate, time, reference, *fields = line
        while time > start + minute * MINUTE:
            books[minute] = Counter(map(tuple, orders.values()))
            minute += 1
        if letter in "AF":
            orders[reference] = [locate, fields[0], fields[2], fields[1]]
        elif letter in "ECX" and reference in orders:
            orders[reference][3] -= fields[0]
            if orders[reference][3] <= 0:
                del orders[reference]
        elif letter == "D":
            orders.pop(reference, None)
        elif letter == "U" and reference in orders:
            stock, side, *_ = orders.pop(reference)
            orders[fields[0]] = [stock, side, fields[2], fields[1]]
    books[61] = Counter(map(tuple, orders.values()))
    return books


def shown(market):
    """All displayed orders of all venues, by the images the venues give."""
    orders = Counter()
    for venue in market.venues:
        for line in feed_lines(venue.book_image(0).payload):
            if isinstance(line, tuple):
                orders[line[1], line[4], line[6], line[5]] += 1
    return orders


def opened(path):
    flow = Flow(ItchFile(path), 0)
    market = Market(load_world("us-2026"), flow.symbols, flow)
    market.open()
    return market, flow


@pytest.mark.market_data
def test_without_customers_the_venues_together_hold_the_books_of_the_file(shared_data):
    """The hour of AAPL: all displayed orders of six venues are the file's, at seven instants.

    The file has executions of orders that are not first in their queue (an order with priority was not displayed), which
    must not disturb the books either.
    """
    path = shared_data / AAPL_HOUR
    expected = recorded_books(gzip.decompress(path.read_bytes()))
    market, flow = opened(path)
    for minute in INSTANTS:
        market.advance((570 + minute) * MINUTE)
        assert {key[1:]: count for key, count in shown(market).items()} == {
            key[1:]: count for key, count in expected[minute].items()
        }
    assert flow.finished
    assert flow.counts == {"messages": 88_043, "unknown_references": 0, "not_carried": 0, "dropped": 7}


@pytest.mark.market_data
def test_a_file_with_prefixes_never_filled_in_is_read_all_the_same(shared_data):
    path = shared_data / ZERO_PREFIXES
    expected = recorded_books(gzip.decompress(path.read_bytes()))[61]
    market, flow = opened(path)
    market.advance(2_000 * MINUTE)
    assert shown(market) == expected
    assert flow.finished
    assert flow.counts["messages"] == 12_012
    assert flow.counts["unknown_references"] == 117


@pytest.mark.market_data
def test_the_feeds_of_the_venues_carry_every_execution_of_the_file(shared_data):
    path = shared_data / AAPL_HOUR
    recorded = defaultdict(int)
    for line in feed_lines(gzip.decompress(path.read_bytes())):
        if isinstance(line, tuple) and line[0] in "EP":
            recorded[line[0]] += line[4] if line[0] == "E" else line[5]
    market, _ = opened(path)
    market.advance(2_000 * MINUTE)
    heard, sequences = defaultdict(int), {}
    for packet in market.collect().packets:
        lines = feed_lines(packet.payload)
        assert packet.sequence == sequences.get(packet.venue, 1)
        assert packet.count == len(lines)
        sequences[packet.venue] = packet.sequence + packet.count
        for line in lines:
            if isinstance(line, tuple) and line[0] in "EP":
                heard[line[0]] += line[4] if line[0] == "E" else line[5]
    assert heard == recorded


STREAM = encoded(
    [
        itch50.StockDirectory(3, 0, 5, "AAPL", "Q", "N", 100, "N", "C", "Z", "P", "N", "N", "1", "N", 0, "N"),
        itch50.AddOrder(3, 0, 10, 1, "B", 100, "AAPL", 1_000_000),
        itch50.OrderDelete(3, 0, 20, 1),
    ]
)


@pytest.mark.parametrize("packed", [False, True])
def test_times_stocks_and_label_are_known_before_the_day(tmp_path, packed):
    path = tmp_path / "day.itch"
    path.write_bytes(gzip.compress(STREAM) if packed else STREAM)
    flow = Flow(ItchFile(path), 1_000)
    assert (flow.first_ns, flow.last_ns, flow.source_label) == (1_005, 1_020, "day.itch")
    assert flow.symbols == ("AAPL",)
    assert not flow.simulated
    assert flow.progress == 0.0


def test_an_end_of_session_mark_is_an_end(tmp_path):
    path = tmp_path / "day.itch"
    path.write_bytes(STREAM + b"\0\0")
    market, flow = opened(path)
    market.advance(100)
    assert flow.finished
    assert flow.progress == 1.0


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_cut_off_anywhere_is_refused_or_is_whole(tmp_path, packed):
    whole = gzip.compress(STREAM) if packed else STREAM
    ends = {0, 41, 79, 100}
    path = tmp_path / "day.itch"
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        if size in ends - {0} and not packed:
            assert ItchFile(path).messages > 0
            continue
        with pytest.raises(FlowFileError, match=r"day\.itch"):
            ItchFile(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "holds no message"),
        (
            STREAM[:41] + b"\0\x24Zxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "byte 41 says a message 'Z' of 36 bytes",
        ),
        (b"\0\x13A" + bytes(40), "byte 0 says a message 'A' of 19 bytes"),
        (STREAM[41:], "names no stock"),
        (b"time,price\n1,2\n", "byte 0 says a message"),
        (b"\x1f\x8b not gzip at all", "damaged or cut off"),
    ],
)
def test_a_file_that_is_no_flow_is_refused_with_the_place_of_the_fault(tmp_path, data, message):
    path = tmp_path / "day.itch"
    path.write_bytes(data)
    with pytest.raises(FlowFileError, match=message):
        ItchFile(path)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(FlowFileError, match=r"nowhere\.itch: cannot be read"):
        ItchFile(tmp_path / "nowhere.itch")
