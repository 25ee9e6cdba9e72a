"""MoldUDP64 made whole again: loss, repeats, disorder, two lines, and packets that are none."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.wire.errors import MalformedError, TruncatedError, UnencodableError, WireError
from rushtrade.wire.framing import MessageReader, frame_all
from rushtrade.wire.moldudp64 import (
    END_OF_SESSION,
    HELD_PACKETS_MAX,
    MoldPacket,
    MoldReceiver,
    MoldRequest,
    decode_packet,
    decode_request,
    encode_packet,
    encode_request,
)

SESSION = "000009102A"


def message(number):
    return b"m%d" % number


def packet(sequence, count=1):
    payload = frame_all(message(number) for number in range(sequence, sequence + count))
    return encode_packet(MoldPacket(SESSION, sequence, count, payload))


def numbers_of(packets):
    got = []
    for given_packet in packets:
        reader = MessageReader()
        reader.receive_data(given_packet.payload)
        taken = list(reader)
        assert len(taken) == given_packet.count
        assert taken == [message(given_packet.sequence + k) for k in range(given_packet.count)]
        got += range(given_packet.sequence, given_packet.sequence + given_packet.count)
    return got


@settings(deadline=None)
@given(seed=st.integers(0, 1 << 32), loss=st.sampled_from([0.0, 0.05, 0.5]))
def test_two_lines_with_loss_repeats_and_disorder_and_retransmission_give_every_message_once_in_order(
    seed, loss
):
    rng = random.Random(seed)
    sizes, at, sent = [rng.randint(1, 6) for _ in range(60)], 1, []
    for size in sizes:
        sent.append((at, size))
        at += size
    arriving = [one for one in sent * 2 if rng.random() >= loss]
    arriving.sort(key=lambda one: one[0] + rng.uniform(0, 25))
    receiver, got = MoldReceiver(3), []
    for one in arriving:
        got += numbers_of(receiver.receive(packet(*one)))
    receiver.receive(encode_packet(MoldPacket(SESSION, at, 0, b"")))
    asked = 0
    while receiver.missing():
        for raw in receiver.requests(messages_max=4):
            request = decode_request(raw)
            assert request.count <= 4
            asked += request.count
            got += numbers_of(receiver.receive(packet(request.sequence, request.count)))
    assert got == list(range(1, at))
    assert asked < at
    assert receiver.counts.given_up == 0


def test_a_hole_is_known_by_its_numbers_and_can_be_given_up():
    receiver = MoldReceiver(0)
    assert numbers_of(receiver.receive(packet(1, 2))) == [1, 2]
    assert receiver.receive(packet(5, 2)) == []
    assert receiver.receive(packet(9)) == []
    assert receiver.missing() == [(3, 2), (7, 2)]
    assert [decode_request(raw) for raw in receiver.requests()] == [
        MoldRequest(SESSION, 3, 2),
        MoldRequest(SESSION, 7, 2),
    ]
    assert numbers_of(receiver.skip_missing()) == [5, 6]
    assert numbers_of(receiver.receive(packet(7, 2))) == [7, 8, 9]
    assert receiver.counts.given_up == 2
    assert receiver.counts.holes == 2


def test_a_heartbeat_and_the_end_of_the_session_show_what_never_came():
    receiver = MoldReceiver(0)
    receiver.receive(encode_packet(MoldPacket(SESSION, 4, 0, b"")))
    assert receiver.missing() == [(1, 3)]
    receiver.receive(encode_packet(MoldPacket(SESSION, 6, END_OF_SESSION, b"")))
    assert receiver.missing() == [(1, 5)]
    assert receiver.ended


def test_more_packets_behind_a_hole_than_are_held_give_the_hole_up():
    receiver = MoldReceiver(0)
    got = []
    for number in range(2, HELD_PACKETS_MAX + 10):
        got += numbers_of(receiver.receive(packet(number)))
    assert got == list(range(2, HELD_PACKETS_MAX + 10))
    assert receiver.counts.given_up == 1


def test_a_packet_of_another_session_is_refused_and_changes_nothing():
    receiver = MoldReceiver(0, session=SESSION)
    with pytest.raises(MalformedError, match="session 'OTHER"):
        receiver.receive(encode_packet(MoldPacket("OTHER", 1, 0, b"")))
    assert receiver.counts.packets == 0


@pytest.mark.parametrize(
    ("data", "fault", "said"),
    [
        (b"", TruncatedError, "header takes 20 bytes, got 0"),
        (packet(1, 2)[:-1], TruncatedError, "ends inside number 2"),
        (packet(1, 2) + b"x", MalformedError, "1 bytes behind the 2 messages"),
    ],
)
def test_a_packet_that_is_none_says_why(data, fault, said):
    with pytest.raises(fault, match=said):
        MoldReceiver(0).receive(data)


def test_what_does_not_fit_is_not_encoded():
    with pytest.raises(UnencodableError, match="longer than 10"):
        encode_request(MoldRequest("ELEVENCHARS", 1, 1))
    with pytest.raises(UnencodableError, match="65536"):
        encode_request(MoldRequest("S", 1, 65536))
    with pytest.raises(UnencodableError, match="UDP"):
        encode_packet(MoldPacket("S", 1, 1, bytes(65536)))
    with pytest.raises(MalformedError, match="takes 20 bytes"):
        decode_request(bytes(21))


@given(st.binary(max_size=120))
def test_noise_is_refused_or_is_a_packet_that_encodes_to_itself(data):
    if (decoded := decoded_or_none(data)) is not None:
        assert encode_packet(decoded) == data


def decoded_or_none(data):
    try:
        return decode_packet(data)
    except WireError:
        return None
