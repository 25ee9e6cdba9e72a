"""A line kept whole over loss, repeats and reordering, without sockets: books equal the reference or are said to be unknown."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.books.best_series import digest
from rushtrade.books.book_image import ImageBooks
from rushtrade.books.order_books import OrderBooks
from rushtrade.cli.feed_watch import WatchedBooks
from rushtrade.domain.errors import InvalidInput
from rushtrade.gateway.feed_faults import Faults, FaultyLine, silence_of
from rushtrade.gateway.feed_recovery import (
    ATTEMPTS_MAX,
    HOLE_MESSAGES_MAX,
    REQUEST_INTERVAL_NS,
    LineRecovery,
)
from rushtrade.gateway.line import BookImage
from rushtrade.wire import itch50
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all
from rushtrade.wire.itch50 import LENGTHS
from rushtrade.wire.mold_stream import MoldStream
from rushtrade.wire.moldudp64 import END_OF_SESSION, MoldPacket, decode_request, encode_packet

MESSAGES = [
    itch50.encode(itch50.AddOrder(1, 0, n, n, "BS"[n % 2], 100 + n, "AAPL", 10_000 + (n * 7919) % 50))
    for n in range(1, 201)
]


def packet(first, count):
    return encode_packet(MoldPacket("DAY1", first, count, frame_all(MESSAGES[first - 1 : first - 1 + count])))


def reference():
    books = OrderBooks()
    books.feed(frame_all(MESSAGES))
    return digest(books)


def image(number):
    """The books after the messages before a number."""
    books = ImageBooks()
    books.feed(frame_all(MESSAGES[: number - 1]))
    return BookImage(0, number, books.image())


class Watcher:
    """A stream with its recovery and the books it makes."""

    def __init__(self, *, can_request=True, can_image=False):
        self.stream = MoldStream(0, lengths=LENGTHS)
        self.recovery = LineRecovery(self.stream, can_request=can_request, can_image=can_image)
        self.watched = WatchedBooks()

    def receive(self, data):
        self.stream.receive(data)
        self.watched.take(self.stream.packets())

    def look(self, now):
        asked = self.recovery.look(now)
        self.watched.take(self.stream.packets())
        return asked

    @property
    def done(self):
        return self.stream.ended and not self.stream.has_holes()


def play(faults, answered, *, imaged=False):
    """Two faulty ways, and a server that hears a share of the requests. Gives the watcher and the longest wait for a number."""
    watcher = Watcher(can_image=imaged)
    lines = [FaultyLine(faults, number) for number in range(2)]
    chance = random.Random(faults.seed)
    now, first = 1, 1
    doubtful, since, longest = 0, 0, 0

    def look_after():
        nonlocal doubtful, since, longest
        for request in map(decode_request, watcher.look(now)):
            if chance.random() < answered:
                watcher.receive(packet(request.sequence, min(request.count, 30)))
        if imaged and watcher.recovery.lost_below:
            made = image(first)
            assert watcher.recovery.rebuilt(made.sequence)
            watcher.watched.rebuild(made)
        wanted = watcher.stream.expected if watcher.stream.has_holes() else 0
        if wanted != doubtful:
            doubtful, since = wanted, now
        longest = max(longest, now - since if doubtful else 0)

    while first <= len(MESSAGES):
        count = min(1 + first % 5, len(MESSAGES) - first + 1)
        for line in lines:
            for data in line.send(packet(first, count)):
                watcher.receive(data)
        first += count
        now += 7_000_000
        look_after()
    for line in lines:
        for data in line.flush():
            watcher.receive(data)
    end = encode_packet(MoldPacket("DAY1", len(MESSAGES) + 1, END_OF_SESSION, b""))
    for _ in range(3000):
        if watcher.done:
            break
        watcher.receive(end)
        look_after()
        now += 7_000_000
    watcher.look(now)
    return watcher, longest


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1 << 20),
    loss=st.sampled_from([0.0, 0.05, 0.3, 0.9]),
    duplicates=st.sampled_from([0.0, 0.01, 0.5]),
    reorder=st.sampled_from([0, 1, 8]),
    answered=st.sampled_from([0.0, 0.5, 1.0]),
    harm=st.sampled_from([0.0, 0.2]),
)
def test_books_equal_the_reference_or_are_said_to_be_unknown(seed, loss, duplicates, reorder, answered, harm):
    watcher, longest = play(Faults(loss, duplicates, reorder, seed, harm, harm), answered)
    assert watcher.done
    watched, given_up = watcher.watched, watcher.stream.counts.given_up
    if watched.known:
        assert watched.messages == len(MESSAGES)
        assert digest(watched.books) == reference()
        assert (given_up, watcher.recovery.lost_below, watcher.recovery.gap_since_ns) == (0, 0, 0)
    else:
        assert watcher.recovery.lost_below
        assert watched.messages + given_up == len(MESSAGES)
        assert "are missing" in watched.fault
    if answered == 1.0 or loss == harm == 0.0:
        assert watched.known
    assert longest <= 2 * (ATTEMPTS_MAX + 2) * (REQUEST_INTERVAL_NS + 7_000_000)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 20), loss=st.sampled_from([0.3, 0.9]), reorder=st.sampled_from([0, 8]))
def test_books_are_known_again_after_an_image(seed, loss, reorder):
    watcher, _ = play(Faults(loss, 0.01, reorder, seed), 0.0, imaged=True)
    assert watcher.stream.counts.given_up > 0
    assert watcher.watched.rebuilds > 0
    assert digest(watcher.watched.books) == reference()
    assert (watcher.recovery.lost_below, watcher.recovery.gap_since_ns) == (0, 0)


def test_a_hole_nobody_fills_is_given_up_within_a_second():
    watcher = Watcher()
    watcher.receive(packet(1, 2))
    watcher.receive(packet(5, 2))
    now = 1
    watcher.look(now)
    assert (watcher.recovery.gap_since_ns, watcher.recovery.lost_below) == (1, 0)
    while not watcher.recovery.lost_below:
        watcher.look(now)
        now += 10_000_000
    assert now <= 1_000_000_000
    assert watcher.recovery.reason == "messages 3 to 4 could not be had again"
    assert not watcher.recovery.rebuilt(4)
    assert watcher.recovery.rebuilt(5)


@pytest.mark.parametrize("number", [100_000, (1 << 60)])
def test_requests_have_a_pace_and_a_bound(number):
    watcher = Watcher()
    for _ in range(3):
        watcher.receive(encode_packet(MoldPacket("DAY1", number, 0, b"")))
    assert len(watcher.look(1)) == 16
    assert watcher.look(1 + REQUEST_INTERVAL_NS - 1) == []
    assert len(watcher.look(1 + REQUEST_INTERVAL_NS)) == 16


def test_a_hole_too_wide_to_ask_for_is_left_to_an_image():
    watcher = Watcher(can_image=True)
    watcher.receive(packet(1, 1))
    watcher.receive(encode_packet(MoldPacket("DAY1", HOLE_MESSAGES_MAX + 3, 0, b"")))
    assert watcher.look(1) == []
    assert watcher.recovery.lost_below == HOLE_MESSAGES_MAX + 3


def test_what_the_stream_itself_gave_up_is_lost_too():
    watcher = Watcher()
    for number in range(2, 4200):
        watcher.stream.receive(encode_packet(MoldPacket("DAY1", number, 1, frame_all(MESSAGES[:1]))))
    watcher.look(1)
    assert watcher.recovery.lost_below == watcher.stream.expected
    assert "1 messages were given up" in watcher.recovery.reason


@pytest.mark.parametrize(
    "bad",
    [
        FeedPacket(0, 1, 2, frame_all(MESSAGES[:1])),
        FeedPacket(0, 1, 1, b"\0\5wrong"),
        FeedPacket(0, 2, 1, frame_all(MESSAGES[1:2])),
    ],
)
def test_books_are_unknown_from_the_first_packet_that_does_not_fit(bad):
    watched = WatchedBooks()
    watched.take([bad])
    watched.take([FeedPacket(0, bad.sequence + bad.count, 1, frame_all(MESSAGES[2:3]))])
    assert not watched.known
    assert watched.fault


@given(st.integers(0, 1 << 20), st.integers(1, 20), st.integers(1, 200))
def test_a_packet_is_late_by_no_more_than_told_and_none_is_lost_unasked(seed, reorder, count):
    line = FaultyLine(Faults(reorder=reorder, seed=seed), 0)
    sent = [bytes([n]) for n in range(count)]
    came = [[int(each[0]) for each in line.send(data)] for data in sent]
    after = [int(each[0]) for each in line.flush()]
    assert sorted([n for now in came for n in now] + after) == list(range(count))
    assert all(0 <= at - n <= reorder for at, now in enumerate(came) for n in now)


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (Faults(loss=1), "--loss 1"),
        (Faults(duplicates=-0.1), "--dup -0.1"),
        (Faults(reorder=1001), "--reorder 1001"),
        (Faults(truncated=1.0), "--truncate 1"),
        (Faults(garbage=2.0), "--garbage 2"),
    ],
)
def test_faults_that_are_none_are_refused(faults, said):
    with pytest.raises(InvalidInput, match=said):
        faults.check()


def test_a_silence_is_read_and_kept():
    line = FaultyLine(Faults(silences=(silence_of("1:2"), silence_of("3.5:4@b"))), 1)
    assert [line.is_silent(at) for at in (0.9, 1.0, 1.9, 2.0, 3.6)] == [False, True, True, False, True]
    assert not FaultyLine(Faults(silences=(silence_of("3.5:4@B"),)), 0).is_silent(3.6)
    assert line.send(b"lost", 1.5) == []
    assert line.silenced == 1
    for text in ("", "5", "5:5", "8:5", "1:2@C", "a:b", "0:nan", "0:1000000"):
        with pytest.raises(InvalidInput, match="is not BEGIN:END"):
            silence_of(text)
