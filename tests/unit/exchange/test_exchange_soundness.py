"""What must hold whatever is sent: books and feed agree, shares are conserved, bounds are named, garbage harms nobody."""

import contextlib
import random
from collections import Counter

import numpy as np
import pytest
from exchange_feed_lines import feed_lines
from exchange_slow_flow import encoded
from hypothesis import given, settings
from hypothesis import strategies as st
from test_exchange_flow_twin import Stream, new_pair, random_message
from test_exchange_host import frames as frames_of
from test_exchange_host import goodbye, new_host
from test_exchange_matching_twin import STOCKS, random_batch

from rushtrade.domain.errors import InvalidInput
from rushtrade.exchange import tables
from rushtrade.exchange.matching import MatchingEngine
from rushtrade.exchange.venue import FEED_TIME_SPAN_NS, Exchange
from rushtrade.marketplace.flow import Flow
from rushtrade.marketplace.itch_source import FlowFileError
from rushtrade.wire import order_entry as oe
from rushtrade.wire import venue_link as link


def follow(book, lines):
    """Apply feed messages to a reader's book {reference: [locate, side, shares, price]}."""
    for line in lines:
        if not isinstance(line, tuple):
            continue
        letter, locate, _, reference, *fields = line
        if letter in "AF":
            book[reference] = [locate, fields[0], fields[1], fields[2]]
        elif letter in "ECX":
            book[reference][2] -= fields[0]
            if book[reference][2] == 0:
                del book[reference]
        elif letter == "D":
            del book[reference]
        elif letter == "U":
            _, side, _, _ = book.pop(reference)
            book[fields[0]] = [locate, side, fields[1], fields[2]]


@given(st.integers(0, 1 << 30), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_a_reader_of_the_feed_holds_the_book_the_image_shows(seed, rounds):
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    stream, flow, (venue,), _ = new_pair([1])
    book, live, sequence = {}, [], venue.next_sequence
    for step in range(rounds):
        stream.pieces.append(encoded([random_message(rng, 9 * step, live) for _ in range(9)]))
        flow._finished = False
        flow.advance(9 * step)
        venue.enter(random_batch(numbers, 15 * step + 1, 15), 9 * step)
        packet = venue.feed()
        if packet:
            assert packet.sequence == sequence
            sequence += packet.count
            follow(book, feed_lines(packet.payload))
    image = {}
    packet = venue.book_image(9 * rounds)
    follow(image, feed_lines(packet.payload))
    assert book == image
    assert packet.sequence == sequence == venue.next_sequence
    assert all(shares > 0 for _, _, shares, _ in book.values())


@given(st.integers(0, 1 << 30))
@settings(max_examples=25, deadline=None)
def test_of_every_order_what_was_executed_cancelled_and_is_left_adds_up(seed):
    engine = MatchingEngine(STOCKS)
    engine.open()
    engine.submit(random_batch(np.random.default_rng(seed), 1, 3_000), 0)
    engine.close()
    size, executed, cancelled, root, matched = {}, Counter(), Counter(), {}, Counter()
    for row in engine.tables.take_reports():
        kind, key = int(row["kind"]), (int(row["firm"]), int(row["token"]))
        if kind == oe.ACCEPTED:
            size[key], root[key] = int(row["shares"]), key
        elif kind == oe.REPLACED:
            root[key] = root[int(row["firm"]), int(row["original_token"])]
            size[root[key]] = int(row["shares"])
        elif kind == oe.EXECUTED:
            executed[root[key]] += int(row["shares"])
            assert executed[root[key]] == row["cumulative"]
            matched[int(row["match_number"])] += 1 if row["liquidity"] == oe.ADDED else -1
        elif kind == oe.CANCELED:
            cancelled[root[key]] += int(row["shares"])
            if row["reason"] == oe.REASON_USER_CANCEL:
                size[root[key]] -= int(row["shares"])
                cancelled[root[key]] -= int(row["shares"])
    assert size
    assert {key: executed[key] + cancelled[key] for key in size} == size
    assert set(matched.values()) == {0}, "every execution has one side that added and one that removed"


def test_a_reader_that_never_collects_stops_the_venue_with_the_name_of_the_bound(monkeypatch):
    monkeypatch.setitem(tables.TABLE_BYTES_MAX, tables.SHORT_REPORTS, 1 << 18)
    venue = Exchange(0, STOCKS, 0)
    venue.open(0)
    batch = np.zeros(5_000, oe.ORDER_ENTRY)
    batch["kind"], batch["firm"], batch["token"] = oe.ASK_STATUS, 1, 1
    with pytest.raises(
        tables.VenueFullError, match="reports waiting to be collected is at its bound of 262,144"
    ):
        venue.enter(batch, 0)
    there = len(venue.reports())
    assert 1_000 < there < 3_000
    venue.enter(batch[:1_000], 0)
    assert [venue.reports()["sequence"][0]] == [there + 1]


def test_times_the_feed_cannot_carry_are_refused():
    venue = Exchange(0, STOCKS, 1_000)
    with pytest.raises(InvalidInput, match="as far as feed times reach"):
        venue.open(999)
    venue.open(1_000)
    with pytest.raises(InvalidInput, match="as far as feed times reach"):
        venue.enter(np.zeros(1, oe.ORDER_ENTRY), 1_000 + FEED_TIME_SPAN_NS)


def test_a_batch_of_another_layout_is_refused_and_a_strided_one_is_taken():
    venue = Exchange(0, STOCKS, 0)
    venue.open(0)
    with pytest.raises(InvalidInput, match="ORDER_ENTRY"):
        venue.enter(np.zeros(1, oe.ORDER_REPORT), 0)
    batch = random_batch(np.random.default_rng(1), 1, 10)
    venue.enter(batch[::2], 0)
    assert set(venue.reports()["token"]) <= set(batch["token"][::2])


@given(st.binary(max_size=400), st.lists(st.integers(1, 60), max_size=8))
@settings(max_examples=300, deadline=None)
def test_random_bytes_for_a_flow_are_a_named_fault_or_messages(data, cuts):
    stream = Stream()
    flow = Flow(stream, 0)
    venue = Exchange(0, ("AAPL", "MSFT"), 0)
    flow.bind([venue], [1])
    venue.open(0)
    for cut in cuts:
        stream.pieces.append(data[:cut])
        data = data[cut:]
    stream.pieces = [piece for piece in [*stream.pieces, data] if piece]
    try:
        flow.advance(1 << 47)
    except FlowFileError:
        return
    assert flow.finished


@given(st.integers(0, 1 << 30), st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 255)), max_size=6))
@settings(max_examples=150, deadline=None)
def test_flipped_bytes_in_a_flow_never_break_a_venue(seed, flips):
    rng = random.Random(seed)
    live = []
    data = bytearray(encoded([random_message(rng, 10 * n, live) for n in range(100)]))
    for position, value in flips:
        data[position % len(data)] = value
    stream = Stream()
    flow = Flow(stream, 0)
    venues = [Exchange(index, ("AAPL", "MSFT"), 0) for index in range(3)]
    flow.bind(venues, [1, 1, 1])
    for venue in venues:
        venue.open(0)
        venue.enter(random_batch(np.random.default_rng(seed), 1, 50), 0)
    stream.pieces.append(bytes(data))
    with contextlib.suppress(FlowFileError):
        flow.advance(FEED_TIME_SPAN_NS - 1)
    for venue in venues:
        book = {}
        follow(book, feed_lines(venue.feed().payload))
        image = {}
        follow(image, feed_lines(venue.book_image(0).payload))
        assert book == image


HOST = new_host()


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_random_bytes_on_a_line_end_the_line_or_wait_for_more(data):
    host = HOST
    member = host.connect()
    member.receive_data(data)
    received = frames_of(member)
    assert member.leaving == bool(goodbye(received))
    other = host.connect()
    other.receive_data(link.json_frame(link.LOGON, link.Logon(9)))
    assert frames_of(other)[0][0] == link.ACCEPTED
