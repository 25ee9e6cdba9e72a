"""A host's numbered stream: bytes and back, what a ring still holds, and order out of any disorder."""

from __future__ import annotations

import asyncio
import random
import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.datacenter import fan_out_gap as gap
from rushtrade.datacenter.fan_out_gap import FanOutOrder
from rushtrade.datacenter.fan_out_host import SNAPSHOT_AGE_NS, FanOutHost
from rushtrade.datacenter.fan_out_message import (
    BODY_BYTES_MAX,
    HEAD_BYTES,
    IMAGE,
    MESSAGE_BYTES_MAX,
    PACKET,
    Entry,
    Reader,
    encode,
    join,
    split,
)
from rushtrade.datacenter.fan_out_ring import FanOutRing
from rushtrade.datacenter.fan_out_words import check_name
from rushtrade.datacenter.nats_link import NatsLink
from rushtrade.domain.errors import InvalidInput
from support.waiting import PATIENCE_S

SECOND = 1_000_000_000


def entry(number, body=b"", kind=PACKET, venue=3):
    return Entry(number, kind, venue, 10 * number, 2, body, 5)


@given(
    number=st.integers(1, 2**63),
    sequence=st.integers(0, 2**63),
    count=st.integers(0, 2**32 - 1),
    venue=st.integers(0, 0xFFFF),
    size=st.sampled_from([0, 1, BODY_BYTES_MAX - 1, BODY_BYTES_MAX, BODY_BYTES_MAX + 1, 3 * BODY_BYTES_MAX]),
)
def test_an_entry_comes_back_as_it_was_in_messages_of_bounded_size(number, sequence, count, venue, size):
    said = Entry(number, IMAGE, venue, sequence, count, random.Random(size).randbytes(size), -7)
    messages = encode(said)
    assert all(len(message) <= MESSAGE_BYTES_MAX for message in messages)
    reader = Reader()
    assert [reader.take(message) for message in messages] == [None] * (len(messages) - 1) + [said]


def test_a_part_that_is_missing_drops_the_entry_and_the_next_is_read():
    reader = Reader()
    long = entry(1, bytes(3 * BODY_BYTES_MAX))
    first, _, last = encode(long)
    assert [reader.take(first), reader.take(last)] == [None, None]
    whole = entry(2, b"x")
    assert reader.take(encode(whole)[0]) == whole
    assert [reader.take(message) for message in encode(long)] == [None, None, long]


@given(st.binary(max_size=80))
def test_noise_is_no_message_and_never_anything_else_than_invalid_input(noise):
    try:
        found = Reader().take(noise)
    except InvalidInput:
        return
    assert found is None or encode(found)[0] == noise


@pytest.mark.parametrize("place", [HEAD_BYTES - 1, HEAD_BYTES - 2])
def test_another_version_or_kind_is_refused(place):
    message = bytearray(encode(entry(1))[0])
    message[place] ^= 0x40
    with pytest.raises(InvalidInput, match="version"):
        Reader().take(bytes(message))


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_an_answer_of_several_messages_comes_apart_again(messages):
    assert list(split(join(messages))) == messages
    whole = join([*messages, b"last"])
    with pytest.raises(InvalidInput, match="cut short"):
        list(split(whole[:-1]))


# ------------------------------------------------------------ the ring


def filled(count, **bounds):
    ring = FanOutRing(**bounds)
    for number in range(1, count + 1):
        ring.add(PACKET, 0, number, 1, bytes([number]) * 10, 0)
    return ring


def test_a_ring_gives_what_it_holds_and_says_what_is_gone():
    ring = filled(10, messages_max=4)
    assert (ring.first, ring.last) == (7, 10)
    assert ring.messages(6) is None
    assert ring.messages(11) is None
    assert Reader().take(ring.messages(8)[0]).body == bytes([8]) * 10
    assert ring.span(6, 8, 1 << 20) is None
    assert ring.span(7, 99, 1 << 20) == [ring.messages(number)[0] for number in (7, 8, 9, 10)]


def test_a_ring_is_bounded_by_bytes_and_keeps_at_least_the_newest():
    size = HEAD_BYTES + 10
    assert filled(9, bytes_max=3 * size).first == 7
    ring = filled(9, bytes_max=1)
    assert (ring.first, ring.last, ring.bytes) == (9, 9, size)


def test_an_answer_has_at_most_the_size_asked_for_and_whole_entries():
    ring = filled(9)
    size = HEAD_BYTES + 10
    assert len(ring.span(2, 9, 3 * size)) == 3
    assert ring.span(2, 9, 1) is None
    ring.add(IMAGE, 0, 1, 0, bytes(2 * BODY_BYTES_MAX), 0)
    assert len(ring.span(9, 10, size)) == 1  # not half an image
    assert ring.span(10, 10, 2 * BODY_BYTES_MAX) is None
    assert len(ring.span(10, 10, 3 * BODY_BYTES_MAX)) == 2


# ------------------------------------------------------------ order


@settings(max_examples=200)
@given(
    st.lists(st.integers(1, 30), max_size=80),
    st.lists(st.integers(1, 30), max_size=10),
)
def test_whatever_comes_in_whatever_order_is_given_out_once_and_in_order(order, heard):
    stream, given_out, now = FanOutOrder(1), [], 0
    for number in order:
        now += SECOND
        given_out += [each.number for each in stream.take(entry(number), now)]
        if heard:
            stream.hear_last(heard.pop(), now)
        wanted = stream.wanted(now)
        if wanted is not None:
            first, last = wanted
            assert first == stream.next <= last
            assert not set(range(first, last + 1)) & (set(order[: order.index(number) + 1]) & set(given_out))
    assert given_out == list(range(1, len(given_out) + 1))
    assert stream.next == len(given_out) + 1
    seen = set(order)
    assert all(number in seen for number in given_out)
    assert stream.next not in seen
    assert stream.missing == (max([*order, stream._known_last], default=0) >= stream.next)


def test_a_gap_is_known_since_the_first_sign_of_it_and_over_when_it_is_filled():
    stream = FanOutOrder(5)
    assert not stream.missing
    stream.hear_last(4, 10)
    assert not stream.missing
    stream.hear_last(6, 20)
    stream.take(entry(6), 30)
    assert (stream.missing, stream.gap_since_ns) == (True, 20)
    assert stream.wanted(SECOND) == (5, 5)
    assert [each.number for each in stream.take(entry(5), 40)] == [5, 6]
    assert (stream.missing, stream.gap_since_ns) == (False, 0)


def test_what_is_missing_is_asked_for_with_pauses_and_given_up_at_last():
    stream, now, asked = FanOutOrder(1), SECOND, 0
    stream.take(entry(3), now)
    while not stream.lost:
        asked += stream.wanted(now) == (1, 2)
        assert stream.wanted(now + gap.ASK_INTERVAL_NS - 1) is None
        now += gap.ASK_INTERVAL_NS
        assert now < 60 * SECOND
    assert asked == gap.ATTEMPTS_MAX
    assert stream.wanted(now + SECOND) is None


def test_progress_makes_patience_new():
    stream, now = FanOutOrder(1), 0
    for number in range(1, 3 * gap.ATTEMPTS_MAX):
        now += gap.ASK_INTERVAL_NS
        stream.hear_last(10_000, now)
        assert stream.wanted(now) is not None
        stream.take(entry(number), now)
    assert not stream.lost


def test_too_much_that_waits_is_a_lost_stream(monkeypatch):
    monkeypatch.setattr(gap, "HELD_BYTES_MAX", 100)
    stream = FanOutOrder(1)
    stream.take(entry(3, bytes(60)), 0)
    assert not stream.lost
    stream.take(entry(4, bytes(60)), 0)
    assert stream.lost


# ------------------------------------------------------------ names and addresses


@pytest.mark.parametrize("name", ["", "a.b", "a b", "*", "x" * 33, "é"])
def test_a_name_that_cannot_stand_in_a_subject_is_refused(name):
    with pytest.raises(InvalidInput, match="--name"):
        check_name(name)
    assert check_name("dallas-1_b") == "dallas-1_b"


@pytest.mark.parametrize("url", ["", "127.0.0.1:4222", "http://x", "nats://", "nats://x:99999"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(InvalidInput, match="nats://"):
        NatsLink(url, "test", lambda: 0)


def test_a_password_is_never_shown():
    assert NatsLink("nats://user:secret@host:4223", "test", lambda: 0).server == "nats://host:4223"


def test_gateways_that_join_at_once_share_a_snapshot_whose_bytes_are_made_beside_the_lines():
    now, copied, threads = [SECOND], [], []
    begun, go_on = threading.Event(), threading.Event()

    def snapshot(number):
        copied.append((number, threading.current_thread()))

        def make():
            threads.append(threading.current_thread())
            begun.set()
            assert go_on.wait(10)
            return b"host after %d" % number

        return make

    async def decide(command, actor):
        raise AssertionError((command, actor))

    async def play():
        host = FanOutHost("nats://127.0.0.1:1", "host", snapshot, decide, lambda: now[0])
        host.learned({}, 1)
        host.frame(1, b"one", 1)
        asked = [asyncio.create_task(host._offer()) for _ in range(3)]
        assert await asyncio.to_thread(begun.wait, 10)
        host.frame(2, b"two", 2)  # the lines go on
        go_on.set()
        shared = await asyncio.gather(*asked)
        now[0] += SNAPSHOT_AGE_NS
        return [*shared, await host._offer()]

    *shared, later = asyncio.run(play())
    assert {(offer.snapshot, offer.number, offer.bytes) for offer in shared} == {(1, 1, len(b"host after 1"))}
    assert (later.snapshot, later.number) == (2, 2)
    assert [number for number, _ in copied] == [1, 2]
    assert {thread for _, thread in copied} == {threading.current_thread()}
    assert threading.current_thread() not in threads


def test_a_server_that_does_not_answer_is_said_at_once():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, and nobody listens
        link = NatsLink(f"nats://user:secret@127.0.0.1:{nobody.getsockname()[1]}", "test", lambda: 0)

        async def run():
            async with asyncio.timeout(PATIENCE_S):
                await link.open()

        with pytest.raises(
            InvalidInput, match=r"no NATS server answers at nats://127\.0\.0\.1:\d+"
        ) as refused:
            asyncio.run(run())
    assert "secret" not in str(refused.value)
