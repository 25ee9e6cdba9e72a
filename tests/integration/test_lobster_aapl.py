"""One real hour of AAPL, rebuilt from ITCH messages, against the order books LOBSTER rebuilt from the same flow."""

import gzip
from bisect import bisect_right
from itertools import groupby

import pytest

from rushtrade.books.itch_file import ItchFile
from rushtrade.books.order_books import OrderBooks
from rushtrade.wire import itch50
from rushtrade.wire.framing import MessageReader, frame

pytestmark = pytest.mark.market_data

LOCATE = 13
SEEDED = 1 << 62
"""References from here on are orders the ITCH file was seeded with: LOBSTER knows them by names we do not."""
LINE_TYPES = {"A": "1", "F": "1", "X": "2", "D": "3", "E": "4", "P": "5"}
PHANTOM_BID = 5_842_100
WINDOW = 200
"""How far ahead in LOBSTER's states the next one is looked for."""


def lobster(shared_data, name):
    text = gzip.decompress((shared_data / "lobster" / f"AAPL_2012-06-21_34200000_{name}.csv.gz").read_bytes())
    return [line.split(",") for line in text.decode().split()]


def itch_messages(shared_data):
    reader = MessageReader()
    with ItchFile(shared_data / "itch" / "AAPL_2012-06-21_0930_1030.from_lobster.itch50.gz") as file:
        for buffer in file.buffers():
            reader.receive_data(buffer.tobytes())
            yield from ((raw, itch50.decode(raw)) for raw in reader)


def nanoseconds(text):
    seconds, _, fraction = text.partition(".")
    return int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0"))


def is_line(message, line):
    """True when a LOBSTER message line tells of this ITCH message."""
    time, kind, reference = nanoseconds(line[0]), line[1], int(line[2])
    if message.type not in LINE_TYPES or message.timestamp != time:
        return message.type == "U" and message.timestamp == time and reference == message.new_reference
    if message.reference >= SEEDED:
        return kind in "234"
    return kind == LINE_TYPES[message.type] and (kind == "5" or reference == message.reference)


def ten_levels(books):
    bids, asks = books.depth(LOCATE, 0, 10), books.depth(LOCATE, 1, 10)
    return [number for ask, bid in zip(asks, bids, strict=True) for number in (*ask[:2], *bid[:2])]


def test_ten_levels_equal_lobsters_on_every_line_there_is(shared_data):
    """999 of 999 lines × 10 levels × (price, shares) × 2 sides.

    Line k of LOBSTER's order-book file is the state after line k of its message file; both are here for the first
    999 lines of the day. Each line is met by the ITCH message of the same nanosecond, kind and reference, in order.
    """
    lines = lobster(shared_data, "57600000_message_10.first999")
    states = [[int(n) for n in row] for row in lobster(shared_data, "57600000_orderbook_10.first999")]
    books = OrderBooks()
    met = 0
    for raw, message in itch_messages(shared_data):
        books.feed(frame(raw))
        if is_line(message, lines[met]):
            assert ten_levels(books) == states[met], f"line {met + 1}: {lines[met]}"
            met += 1
            if met == len(lines):
                break
    assert met == 999


def test_the_best_quotes_of_the_hour_come_in_lobsters_order(shared_data):
    """22,816 of 22,834 distinct best bid/ask states (99.92 %) stand in LOBSTER's whole-day file, in order.

    The message file that fits those 118,497 lines is not here, so states are compared in order, not line by line. The
    18 that are missing: one is the state the file was seeded with, before its first message. The other 17 show a bid of
    100 shares at $584.21 that LOBSTER no longer has: it was cancelled while below the fifty levels the messages
    of the file cover, so no message takes it away; whenever all bids above it are gone, it is our best bid.
    """
    books = OrderBooks()
    ours = []
    for raw, _ in itch_messages(shared_data):
        if books.feed(frame(raw)).touched_best:
            bid, ask = books.best(LOCATE)
            if bid and ask:
                ours.append((ask.price, ask.shares, bid.price, bid.shares))
    ours = [state for state, _ in groupby(ours)]
    theirs = [tuple(map(int, row)) for row in lobster(shared_data, "57600000_orderbook_1")]
    missing = not_in_order(ours, [state for state, _ in groupby(theirs)])
    assert len(ours) == 22_834
    assert len(missing) == 18
    assert missing[0] == (0, ours[0])
    assert {state[2] for _, state in missing[1:]} == {PHANTOM_BID}
    assert ours[-1] in theirs


def not_in_order(ours, theirs):
    """States of ours that do not follow the last one found within so many of theirs."""
    places = {}
    for index, state in enumerate(theirs):
        places.setdefault(state, []).append(index)
    found, missing = -1, []
    for index, state in enumerate(ours):
        later = places.get(state, [])
        at = bisect_right(later, found)
        if at < len(later) and later[at] - found < WINDOW:
            found = later[at]
        else:
            missing.append((index, state))
    return missing


def test_the_hour_contradicts_its_books_nowhere(shared_data):
    books = OrderBooks()
    with ItchFile(shared_data / "itch" / "AAPL_2012-06-21_0930_1030.from_lobster.itch50.gz") as file:
        for buffer in file.buffers():
            books.feed(buffer)
    assert books.counts() == {
        "A": 40347, "D": 37015, "E": 4067, "H": 1, "P": 2201, "R": 1, "S": 6, "U": 3928, "X": 477,
    }  # fmt: skip
    assert not any(books.anomalies().values())


def test_a_file_whose_length_prefixes_are_zero_is_read_by_message_type(shared_data):
    books = OrderBooks()
    with ItchFile(shared_data / "itch" / "ex20101224.TEST_ITCH_50.gz") as file:
        for buffer in file.buffers():
            books.feed(buffer)
    assert books.messages == 12_012
    assert books.directory() == {"ALC": 1, "BOB": 2, "CHAR": 3}
    assert {name: count for name, count in books.anomalies().items() if count} == {"unknown_reference": 117}
