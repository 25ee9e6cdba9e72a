"""The compiled MoldUDP64 receiver answers what its plain twin answers, whatever the network does to the packets."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.wire.errors import WireError
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all
from rushtrade.wire.mold_stream import MoldStream
from rushtrade.wire.moldudp64 import END_OF_SESSION, MoldPacket, MoldReceiver, encode_packet
from rushtrade.wire.moldudp64_layout import HELD_PACKETS_MAX, JUMP_MESSAGES_MAX

SESSION = "000009102A"
LENGTHS = {ord("S"): 12, ord("D"): 19}


def message(number):
    kind = b"SD"[number % 2 : number % 2 + 1]
    return (kind + bytes(4) + (number % (1 << 40)).to_bytes(6, "big")).ljust(LENGTHS[kind[0]], b".")


def packet(sequence, count=1, session=SESSION):
    payload = frame_all(message(number) for number in range(sequence, sequence + count))
    return encode_packet(MoldPacket(session, sequence, count, payload))


def joined(packets):
    """Packets that follow on put together, as a stream gives them."""
    runs = []
    for each in packets:
        if runs and runs[-1].sequence + runs[-1].count == each.sequence:
            last = runs.pop()
            runs.append(
                FeedPacket(each.venue, last.sequence, last.count + each.count, last.payload + each.payload)
            )
        else:
            runs.append(each)
    return runs


class Both:
    """The receiver and its twin, fed alike and compared after every batch."""

    def __init__(self, lengths=LENGTHS):
        self.twin = MoldReceiver(3, lengths=lengths)
        self.stream = MoldStream(3, lengths=lengths)
        self.refused = 0

    def feed(self, batch):
        expected = []
        for data in batch:
            try:
                expected += self.twin.receive(data)
            except WireError:
                self.refused += 1
            self.stream.receive(data)
        self.compare(expected)

    def skip(self):
        expected = self.twin.skip_missing()
        self.stream.skip_missing()
        self.compare(expected)

    def compare(self, expected):
        twin, stream = self.twin, self.stream
        assert stream.packets() == joined(expected)
        assert stream.expected == twin.expected
        assert stream.counts == twin.counts
        assert stream.missing() == twin.missing()
        assert stream.requests(4, 50) == twin.requests(4, 50)
        assert (stream.session, stream.ended) == (twin.session, twin.ended)
        assert stream.malformed + stream.foreign == self.refused
        assert stream.has_holes() == bool(twin.missing())


def harmed(rng, data):
    """A packet after an accident."""
    match rng.randrange(6):
        case 0:
            return data[: rng.randrange(len(data))]
        case 1:
            return data + bytes(rng.randrange(1, 30))
        case 2:
            place = rng.randrange(len(data))
            return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]
        case 3:
            return bytes(rng.randrange(256) for _ in range(rng.randrange(60)))
        case 4:
            return data[:10] + rng.randrange(1 << 64).to_bytes(8, "big") + data[18:]
        case _:
            return packet(rng.randrange(1, 50), 2, "OTHER")


@settings(deadline=None, max_examples=300)
@given(
    seed=st.integers(0, 1 << 32),
    loss=st.sampled_from([0.0, 0.05, 0.5]),
    harm=st.sampled_from([0.0, 0.1, 0.4]),
    checked=st.booleans(),
)
def test_both_receivers_give_the_same_on_any_network(seed, loss, harm, checked):
    rng = random.Random(seed)
    both = Both(LENGTHS if checked else None)
    arriving, at = [], 1
    for _ in range(80):
        size = rng.randint(0, 6)
        both_lines = [packet(at, size)] * 2 if size else [encode_packet(MoldPacket(SESSION, at, 0, b""))]
        arriving += [(at + rng.uniform(0, 25), data) for data in both_lines if rng.random() >= loss]
        at += size
    arriving.append((at + 30, encode_packet(MoldPacket(SESSION, at, END_OF_SESSION, b""))))
    arriving.sort()
    queue = [harmed(rng, data) if rng.random() < harm else data for _, data in arriving]
    while queue:
        size = rng.randint(1, 40)
        both.feed(queue[:size])
        del queue[:size]
        if rng.random() < 0.1:
            both.skip()
    while both.twin.missing():
        before = both.twin.expected
        both.skip()
        assert both.twin.expected > before
    both.compare([])


def test_more_than_may_be_held_gives_the_hole_up_in_both():
    both = Both()
    both.feed(packet(number) for number in range(2, HELD_PACKETS_MAX + 4))
    assert both.stream.counts.given_up == 1
    both = Both(lengths=None)
    payload = frame_all([bytes(60_000)])
    both.feed(encode_packet(MoldPacket(SESSION, number, 1, payload)) for number in range(2, 200, 2))
    assert both.stream.counts.given_up > 1


def test_what_is_held_survives_an_arena_that_was_filled_many_times():
    both = Both(lengths=None)
    big = frame_all([bytes([7]) * 30_000])
    kept = encode_packet(MoldPacket(SESSION, 10_000, 1, frame_all([b"kept"])))
    both.feed([kept])
    for first in range(1, 4000, 100):
        late = [encode_packet(MoldPacket(SESSION, n, 1, big)) for n in range(first + 99, first - 1, -1)]
        both.feed(late)
    assert both.stream.expected == 4001
    while both.twin.missing():
        both.skip()
    assert both.stream.expected == 10_001


def test_one_forged_number_does_not_end_the_line_and_a_joined_day_is_believed():
    both = Both()
    both.feed([packet(1), packet(1 << 40), packet(2), packet(1 << 62), packet((1 << 64) - 9), packet(3)])
    assert (both.stream.expected, both.stream.malformed) == (4, 3)
    late = 4 * JUMP_MESSAGES_MAX
    both.feed([packet(late), packet(late + 1), packet(late + 2)])
    assert both.stream.missing() == [(4, late - 2)]


def test_a_message_of_no_type_or_another_length_stops_its_packet_only():
    both = Both()
    wrong = encode_packet(MoldPacket(SESSION, 2, 2, frame_all([b"S" + bytes(11), b"Z" + bytes(11)])))
    short = encode_packet(MoldPacket(SESSION, 2, 1, frame_all([b"S" + bytes(10)])))
    empty = encode_packet(MoldPacket(SESSION, 2, 1, b"\0\0"))
    both.feed([packet(1), wrong, short, empty, packet(3)])
    assert (both.stream.malformed, both.stream.missing()) == (3, [(2, 1)])
    both.feed([packet(2)])
    assert both.stream.expected == 4


def test_the_newest_time_is_that_of_the_last_message_given_out():
    stream = MoldStream(0, lengths=LENGTHS)
    stream.receive(packet(1, 3))
    assert stream.last_time == 3
    stream.receive(packet(6, 2))
    assert stream.last_time == 3
    stream.receive(packet(4, 2))
    assert stream.last_time == 7


def test_a_stream_that_is_restarted_takes_the_next_session():
    stream = MoldStream(0)
    stream.receive(packet(1, 3))
    stream.receive(packet(1, 1, "NEXTDAY   "))
    assert (stream.foreign_streak, stream.foreign) == (1, 1)
    assert [each.sequence for each in stream.packets()] == [1]
    stream.restart()
    stream.receive(packet(1, 2, "NEXTDAY   "))
    assert (stream.session, stream.expected, stream.counts.packets) == ("NEXTDAY   ", 3, 2)
