"""MoldUDP64: numbered messages over UDP, made whole again from two lines and retransmissions, without I/O.

A downstream packet is `session (10 bytes), sequence of the first message (8), count (2)`, then message blocks, each
behind its length in two bytes; count 0 is a heartbeat, 0xFFFF the end of the session. A request has the same header: the
first number wanted, and how many.

Theory of operation of `MoldReceiver`. One stream of numbers is *expected*; packets of both lines go in as they come.

    number of the packet   what happens
    ─────────────────────  ────────────────────────────────────────────────────────────────────────────
    expected               given out; packets held behind it follow if they now fit
    lower                  what is known is cut off; a repeat of it all is counted and forgotten
    higher                 held, at most `HELD_PACKETS_MAX`; the numbers between are *missing*
    heartbeat, end         says that all numbers below its own have been sent
    absurdly high          believed when `JUMP_WITNESSES` packets in a row say so, refused before

`requests` makes the retransmission requests for what is missing, at most so many messages each. `skip_missing` gives up
on it: the stream goes on behind the hole, and the reader of the messages sees the hole by their numbers.

`mold_stream.MoldStream` is the same receiver, compiled, for many packets at once.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from rushtrade.wire.errors import MalformedError, TruncatedError, UnencodableError
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.moldudp64_layout import (
    END_OF_SESSION,
    HELD_BYTES_MAX,
    HELD_PACKETS_MAX,
    JUMP_MESSAGES_MAX,
    JUMP_WITNESSES,
    PACKET_BYTES_MAX,
    SEQUENCE_MAX,
    SESSION_BYTES,
)

HEADER = struct.Struct(">10sQH")
REQUEST_MESSAGES_MAX = 1000
"""Messages asked for in one request: about a packet burst of 60 KB, so that a request does not flood the line."""

REQUESTS_MAX = 4096
"""Requests made at a time: one forged number must not ask for all there are."""


class MoldPacket(msgspec.Struct, frozen=True):
    """A downstream packet; `payload` is its message blocks as they came."""

    session: str
    sequence: int
    count: int
    payload: bytes


class MoldRequest(msgspec.Struct, frozen=True):
    """A request to send `count` messages again from `sequence` on."""

    session: str
    sequence: int
    count: int


class MoldCounts(NamedTuple):
    """What a receiver has seen."""

    packets: int
    repeats: int
    holes: int
    given_up: int


def decode_packet(data: bytes, lengths: Mapping[int, int] | None = None) -> MoldPacket:
    """Take a downstream packet apart, and check that it holds the blocks its count says.

    With `lengths`, by first byte, every message must have the length of its type.
    """
    session, sequence, count = _header(data)
    payload = data[HEADER.size :]
    at = 0
    for number in range(0 if count == END_OF_SESSION else count):
        end = at + 2 + int.from_bytes(payload[at : at + 2], "big")
        if at + 2 > len(payload) or end > len(payload):
            raise TruncatedError(
                f"a MoldUDP64 packet of {count} messages ends inside number {number + 1}", at
            )
        if lengths is not None and (end == at + 2 or lengths.get(payload[at + 2]) != end - at - 2):
            raise MalformedError(
                f"message {number + 1} of a MoldUDP64 packet has no known type and length", at
            )
        at = end
    if at != len(payload):
        raise MalformedError(
            f"{len(payload) - at} bytes behind the {count} messages of a MoldUDP64 packet", at
        )
    return MoldPacket(session, sequence, count, payload)


def encode_packet(packet: MoldPacket) -> bytes:
    """Put a downstream packet together."""
    data = _encode_header(packet.session, packet.sequence, packet.count) + packet.payload
    if len(data) > PACKET_BYTES_MAX:
        raise UnencodableError(f"a MoldUDP64 packet of {len(data)} bytes; UDP carries {PACKET_BYTES_MAX}")
    return data


def decode_request(data: bytes) -> MoldRequest:
    """Take a retransmission request apart."""
    if len(data) != HEADER.size:
        raise MalformedError(f"a MoldUDP64 request takes {HEADER.size} bytes, got {len(data)}")
    return MoldRequest(*_header(data))


def encode_request(request: MoldRequest) -> bytes:
    """Put a retransmission request together."""
    return _encode_header(request.session, request.sequence, request.count)


def _header(data: bytes) -> tuple[str, int, int]:
    if len(data) < HEADER.size:
        raise TruncatedError(f"a MoldUDP64 header takes {HEADER.size} bytes, got {len(data)}")
    session, sequence, count = HEADER.unpack_from(data)
    return session.decode("latin-1"), sequence, count


def _encode_header(session: str, sequence: int, count: int) -> bytes:
    raw = session.encode("latin-1", "replace").ljust(SESSION_BYTES)
    if len(raw) != SESSION_BYTES:
        raise UnencodableError(f"session {session!r} is longer than {SESSION_BYTES} characters")
    try:
        return HEADER.pack(raw, sequence, count)
    except struct.error:
        raise UnencodableError(f"sequence {sequence} or count {count} does not fit 8 and 2 bytes") from None


class MoldReceiver:
    """One venue's stream of messages, made whole from its lines. `venue` goes into the packets given out.

    `lengths` are those of the messages carried, by first byte; None takes any.
    """

    def __init__(
        self, venue: int, expected: int = 1, session: str = "", lengths: Mapping[int, int] | None = None
    ) -> None:
        self.venue = venue
        self._lengths = lengths
        self._claim = self._claims = self._held_bytes = 0
        self.expected = expected
        self.session = session
        self.ended = False
        self._sent_below = expected
        self._held: dict[int, MoldPacket] = {}
        self._packets = self._repeats = self._holes = self._given_up = 0

    @property
    def counts(self) -> MoldCounts:
        """What was seen so far."""
        return MoldCounts(self._packets, self._repeats, self._holes, self._given_up)

    def receive(self, data: bytes) -> list[FeedPacket]:
        """Take a packet of any line; give what is now whole, in order.

        Raises MalformedError or TruncatedError for a packet that is none, and MalformedError for one of another
        session; the stream is as it was before.
        """
        packet = decode_packet(data, self._lengths)
        if self.session and packet.session != self.session:
            raise MalformedError(
                f"a packet of session {packet.session!r} on a line of session {self.session!r}"
            )
        self._check_place(packet.sequence)
        self.session = packet.session
        self._packets += 1
        if packet.count == END_OF_SESSION:
            self.ended = True
            self._note_sent(packet.sequence, packet.sequence)
            return []
        self._note_sent(packet.sequence, packet.sequence + packet.count)
        if packet.count == 0:
            return []
        if packet.sequence + packet.count <= self.expected:
            self._repeats += 1
            return []
        if packet.sequence <= self.expected:
            return [self._give(packet), *self._give_held()]
        return self._hold(packet)

    def _check_place(self, sequence: int) -> None:
        """Refuse a number far ahead of all others, unless several packets in a row are there."""
        if sequence < SEQUENCE_MAX and sequence - self._sent_below <= JUMP_MESSAGES_MAX:
            self._claims = 0
            return
        if sequence < SEQUENCE_MAX:
            self._claims = self._claims + 1 if abs(sequence - self._claim) <= JUMP_MESSAGES_MAX else 1
            self._claim = sequence
        if sequence >= SEQUENCE_MAX or self._claims < JUMP_WITNESSES:
            raise MalformedError(
                f"a packet of number {sequence:,}, where {self._sent_below:,} is the next to be sent"
            )
        self._claims = 0

    def _hold(self, packet: MoldPacket) -> list[FeedPacket]:
        known = self._held.get(packet.sequence)
        if known is not None and known.count >= packet.count:
            self._repeats += 1
            return []
        self._held_bytes += len(packet.payload) - (len(known.payload) if known else 0)
        self._held[packet.sequence] = packet
        given: list[FeedPacket] = []
        while len(self._held) > HELD_PACKETS_MAX or self._held_bytes > HELD_BYTES_MAX:
            given += self.skip_missing()
        return given

    def missing(self) -> list[tuple[int, int]]:
        """Holes known of, as (first number, count), in order."""
        holes = []
        at = self.expected
        for sequence in sorted(self._held):
            if sequence > at:
                holes.append((at, sequence - at))
            at = max(at, sequence + self._held[sequence].count)
        if self._sent_below > at:
            holes.append((at, self._sent_below - at))
        return holes

    def requests(
        self, messages_max: int = REQUEST_MESSAGES_MAX, requests_max: int = REQUESTS_MAX
    ) -> list[bytes]:
        """Requests for what is missing, lowest first, none for more than `messages_max` messages."""
        wanted = (
            encode_request(MoldRequest(self.session, at, min(messages_max, sequence + count - at)))
            for sequence, count in self.missing()
            for at in range(sequence, sequence + count, messages_max)
        )
        return list(itertools.islice(wanted, requests_max))

    def skip_missing(self) -> list[FeedPacket]:
        """Give up on the first hole; give what follows it."""
        holes = self.missing()
        if not holes:
            return []
        sequence, count = holes[0]
        self._given_up += count
        self.expected = sequence + count
        return self._give_held()

    def _note_sent(self, sequence: int, below: int) -> None:
        """Note that numbers up to `below` were sent, this packet beginning with `sequence`."""
        self._holes += sequence > self._sent_below
        self._sent_below = max(self._sent_below, below)

    def _give(self, packet: MoldPacket) -> FeedPacket:
        """Give a packet that reaches the expected number, without what is known of it."""
        known = self.expected - packet.sequence
        at = 0
        for _ in range(known):
            at += 2 + int.from_bytes(packet.payload[at : at + 2], "big")
        given = FeedPacket(self.venue, self.expected, packet.count - known, packet.payload[at:])
        self.expected = packet.sequence + packet.count
        return given

    def _give_held(self) -> list[FeedPacket]:
        given = []
        for sequence in sorted(self._held):
            if sequence > self.expected:
                break
            packet = self._held.pop(sequence)
            self._held_bytes -= len(packet.payload)
            if packet.sequence + packet.count > self.expected:
                given.append(self._give(packet))
        return given
