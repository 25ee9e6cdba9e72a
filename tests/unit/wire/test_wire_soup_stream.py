"""The compiled SoupBinTCP client gives what the plain one gives, however the stream is cut, and names what it cannot take."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.wire.errors import MalformedError, TruncatedError, WireError
from rushtrade.wire.framing import MessageReader, frame, frame_all
from rushtrade.wire.soup_stream import SoupStream
from rushtrade.wire.soupbintcp import Sequenced, SoupClient, SoupServer

LENGTHS = {ord("S"): 12}


def opened(lengths=None, last="", first=1):
    stream = SoupStream(lengths, last)
    stream.login("user", "word", "", first)
    return stream, SoupServer()


def feed(stream, data):
    """Messages of some bytes as (number, message), and the fault they ended in."""
    got = []
    stream.room()[: len(data)] = data
    size = len(data)
    try:
        while (given := stream.receive(size)).messages:
            reader, size = MessageReader(), 0
            reader.receive_data(given.payload)
            taken = list(reader)
            assert len(taken) == given.messages
            got += list(enumerate(taken, given.sequence))
    except WireError as error:
        return got, type(error)
    return got, None


def plainly(client, data):
    got = []
    client.receive_data(data)
    try:
        while (event := client.next_event()) is not None:
            if isinstance(event, Sequenced):
                got.append((event.sequence, event.message))
    except WireError as error:
        return got, type(error)
    return got, None


@settings(deadline=None, max_examples=200)
@given(seed=st.integers(0, 1 << 32), harmed=st.booleans())
def test_both_clients_give_the_same_messages(seed, harmed):
    rng = random.Random(seed)
    server = SoupServer()
    data = server.accept("DAY1", rng.randint(1, 1000))
    for _ in range(rng.randint(0, 60)):
        data += rng.choice(
            [
                server.send(bytes(rng.randrange(256) for _ in range(rng.randint(1, 40)))),
                server.heartbeat(),
                server.debug("text"),
                server.send_unsequenced(b"aside"),
            ]
        )
    data += server.end_session() if rng.random() < 0.5 else b""
    if harmed:
        place = rng.randrange(len(data))
        data = data[:place] + bytes([rng.randrange(256)]) + data[place + 1 :]
    stream, client = SoupStream(), SoupClient()
    while data:
        size = rng.randint(1, 200)
        fast, fault = feed(stream, data[:size])
        plain, plain_fault = plainly(client, data[:size])
        assert fast == plain
        if stream.ended:  # the plain one goes on to refuse what comes behind the end
            return
        assert fault == plain_fault
        if fault:
            return
        data = data[size:]
        assert (stream.session, stream.is_open) == (client.session, client.state.name == "OPEN")


def test_a_message_of_another_length_is_refused_by_its_number_and_those_before_it_are_given():
    stream, server = opened(LENGTHS)
    good = b"S" + bytes(11)
    data = server.accept("DAY1", 7) + server.send(good) + server.send(good[:-1]) + server.send(good)
    assert feed(stream, data) == ([(7, good)], MalformedError)
    assert stream.next_number == 8


def test_the_last_message_ends_the_stream_and_is_not_among_the_others():
    stream, server = opened(last="G")
    data = server.accept("IMAGE", 1) + server.send(b"first") + server.send(b"G                  42")
    assert feed(stream, data + server.end_session()) == ([(1, b"first")], None)
    assert stream.last_message == b"G                  42"


def test_a_rejected_login_says_why_and_ends():
    stream, server = opened()
    assert feed(stream, server.reject("S")) == ([], None)
    assert (stream.rejected, stream.ended) == ("S", True)


def test_the_time_of_the_newest_message_is_told():
    stream, server = opened()
    timed = b"S" + bytes(4) + (77).to_bytes(6, "big") + b"."
    data = server.accept("DAY1", 1) + server.send(timed) + server.send(b"short")
    stream.room()[: len(data)] = data
    assert stream.receive(len(data)).time == 77


def test_a_connection_that_ends_inside_a_packet_is_cut():
    stream, _ = opened()
    stream.receive_end()
    assert feed(stream, b"\0") == ([], None)
    with pytest.raises(TruncatedError, match="after 1 bytes"):
        stream.receive_end()
    assert feed(SoupStream(), frame(b"Z")) == ([], MalformedError)
    assert feed(SoupStream(), b"\0\0") == ([], MalformedError)
    assert feed(SoupStream(), frame_all([b"+hello"])) == ([], None)
