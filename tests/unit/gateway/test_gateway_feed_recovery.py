"""A line kept whole over loss, repeats and reordering, without sockets: books equal the reference or are said to be unknown."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.domain.errors import InvalidInput
from rushtrade.gateway.feed_faults import Faults, FaultyLine
from rushtrade.gateway.feed_recovery import ATTEMPTS_MAX, REQUEST_INTERVAL_NS, STALE_NS, LineRecovery
from rushtrade.gateway.feed_watch import WatchedBooks
from rushtrade.market.best_series import digest
from rushtrade.market.order_books import OrderBooks
from rushtrade.wire import itch50
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all
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


def play(faults, answered):
    """Two faulty lines, and a server that hears a share of the requests. Gives the watch and the longest time in doubt."""
    recovery, watched = LineRecovery(), WatchedBooks()
    lines = [FaultyLine(faults, number) for number in range(2)]
    chance = random.Random(faults.seed)
    now, first = 0, 1
    doubtful, longest = None, 0

    def look_after():
        nonlocal doubtful, longest
        requests, given = recovery.requests(now)
        watched.take(given)
        for request in map(decode_request, requests):
            if chance.random() < answered:
                watched.take(recovery.receive("R", packet(request.sequence, min(request.count, 30)), now))
        state = recovery.health(now).state
        doubtful = (now if doubtful is None else doubtful) if state == "recovering" else None
        longest = max(longest, now - doubtful if doubtful is not None else 0)

    while first <= len(MESSAGES):
        count = min(1 + first % 5, len(MESSAGES) - first + 1)
        for name, line in zip("AB", lines, strict=True):
            for data in line.send(packet(first, count)):
                watched.take(recovery.receive(name, data, now))
        first += count
        now += 7_000_000
        look_after()
    for name, line in zip("AB", lines, strict=True):
        for data in line.flush():
            watched.take(recovery.receive(name, data, now))
    end = encode_packet(MoldPacket("DAY1", len(MESSAGES) + 1, END_OF_SESSION, b""))
    for _ in range(3000):
        if recovery.done:
            break
        watched.take(recovery.receive("A", end, now))
        look_after()
        now += 7_000_000
    return recovery, watched, longest


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1 << 20),
    loss=st.sampled_from([0.0, 0.05, 0.3, 0.9]),
    duplicates=st.sampled_from([0.0, 0.01, 0.5]),
    reorder=st.sampled_from([0, 1, 8]),
    answered=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_books_equal_the_reference_or_are_said_to_be_unknown(seed, loss, duplicates, reorder, answered):
    recovery, watched, longest = play(Faults(loss, duplicates, reorder, seed), answered)
    assert recovery.done
    health = recovery.health(0)
    if watched.known:
        assert watched.messages == len(MESSAGES)
        assert digest(watched.books) == reference()
        assert health.given_up == 0
        assert health.state == "closed"
    else:
        assert health.state == "gap"
        assert watched.messages + health.given_up == len(MESSAGES)
        assert "are missing" in watched.fault
    if answered == 1.0 or loss == 0.0:
        assert watched.known
    assert longest <= (ATTEMPTS_MAX + 2) * (REQUEST_INTERVAL_NS + 7_000_000) * (
        len(MESSAGES) if answered else 1
    )


def test_a_hole_nobody_fills_is_a_gap_within_a_second():
    recovery = LineRecovery()
    recovery.receive("A", packet(1, 2), 0)
    recovery.receive("A", packet(5, 2), 0)
    assert recovery.health(0).state == "recovering"
    now = 0
    while recovery.health(now).state == "recovering":
        recovery.requests(now)
        now += 10_000_000
    assert recovery.health(now).state == "gap"
    assert now <= 1_000_000_000


@pytest.mark.parametrize("number", [100_000, (1 << 64) - 1])
def test_requests_have_a_pace_and_a_bound(number):
    recovery = LineRecovery()
    recovery.receive("A", encode_packet(MoldPacket("DAY1", number, 0, b"")), 0)
    asked, _ = recovery.requests(1)
    assert len(asked) == 16
    assert recovery.requests(1 + REQUEST_INTERVAL_NS - 1) == ([], [])
    assert len(recovery.requests(1 + REQUEST_INTERVAL_NS)[0]) == 16


def test_silence_is_stale_and_nonsense_is_counted():
    recovery = LineRecovery()
    assert recovery.receive("A", b"nonsense", 0) == []
    recovery.receive("A", packet(1, 1), 0)
    recovery.receive("B", packet(1, 1), 1)
    assert recovery.receive("A", encode_packet(MoldPacket("OTHER", 2, 0, b"")), 2) == []
    assert recovery.health(STALE_NS - 1).state == "live"
    health = recovery.health(1 + STALE_NS)
    assert (health.state, health.malformed, health.packets, health.repeats) == (
        "stale",
        2,
        {"A": 1, "B": 1},
        1,
    )


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
    ],
)
def test_faults_that_are_none_are_refused(faults, said):
    with pytest.raises(InvalidInput, match=said):
        faults.check()
