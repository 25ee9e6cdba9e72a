"""What a host says to its gateways, as bytes: one numbered stream of everything its books were given.

    number   sequence   count    sent_ns   parts   part   venue   kind   version   body …
    u64      u64        u32      i64       u16     u16    u16     u8     u8        (little-endian, 36 bytes)

    P  a feed packet: `sequence` and `count` are its own, the body its payload
    E  a feed packet of columns, likewise
    I  a book image: `sequence` is the first message it does not contain
    J  a frame of the host's journal: `sequence` is the frame's, the body the frame; new stocks are told by it
    T  market time passed without a message: `sequence` is the instant, ns UTC

A message is at most `MESSAGE_BYTES_MAX` on the wire; a larger body goes in parts, each with the same number. Numbers rise by one
from 1 without a hole: who misses one has a gap, and knows it. Refuses to know NATS.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from rushtrade.domain.errors import InvalidInput, require

VERSION = 1
MESSAGE_BYTES_MAX = 256 * 1024
"""A quarter of what a NATS server takes unless told otherwise: small enough to take turns on a slow link."""
_HEAD = struct.Struct("<QQIqHHHBB")
HEAD_BYTES = _HEAD.size
BODY_BYTES_MAX = MESSAGE_BYTES_MAX - HEAD_BYTES
PARTS_MAX = 0xFFFF
"""Sixteen gigabytes of body."""

PACKET, COLUMNS, IMAGE, FRAME, TIME = b"PEIJT"
_KINDS = frozenset((PACKET, COLUMNS, IMAGE, FRAME, TIME))


class Entry(msgspec.Struct, frozen=True):
    """One message of the stream, whole."""

    number: int
    kind: int
    venue: int
    sequence: int
    count: int
    body: bytes
    sent_ns: int


def encode(entry: Entry) -> list[bytes]:
    """Write an entry as messages, in order."""
    body = entry.body
    parts = max(1, -(-len(body) // BODY_BYTES_MAX))
    require(parts <= PARTS_MAX, f"a body of at most {PARTS_MAX * BODY_BYTES_MAX:,} bytes")
    return [
        _HEAD.pack(
            entry.number,
            entry.sequence,
            entry.count,
            entry.sent_ns,
            parts,
            part,
            entry.venue,
            entry.kind,
            VERSION,
        )
        + body[part * BODY_BYTES_MAX : (part + 1) * BODY_BYTES_MAX]
        for part in range(parts)
    ]


class Reader:
    """Puts parts together. A part that does not follow on drops what was begun: the number is then missing."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []
        self._number = 0

    def take(self, message: bytes) -> Entry | None:
        """Take a message; give the entry it completes. InvalidInput for what is no message of this stream."""
        if not HEAD_BYTES <= len(message) <= MESSAGE_BYTES_MAX:
            raise InvalidInput(f"a fan-out message of {len(message):,} bytes")
        number, sequence, count, sent_ns, parts, part, venue, kind, version = _HEAD.unpack_from(message)
        if version != VERSION or kind not in _KINDS or not part < parts:
            raise InvalidInput(f"no fan-out message of version {VERSION}: version {version}, kind {kind}")
        body = message[HEAD_BYTES:]
        if parts > 1:
            whole = self._join(number, part, parts, body)
            if whole is None:
                return None
            body = whole
        return Entry(number, kind, venue, sequence, count, body, sent_ns)

    def _join(self, number: int, part: int, parts: int, body: bytes) -> bytes | None:
        if part == 0:
            self._begun, self._number = [], number
        if number != self._number or part != len(self._begun):
            self._begun = []
            return None
        self._begun.append(body)
        if len(self._begun) < parts:
            return None
        whole = b"".join(self._begun)
        self._begun = []
        return whole


def split(messages: bytes) -> Iterator[bytes]:
    """Cut an answer to a request for missing messages: each behind its length in four bytes."""
    place = 0
    while place + 4 <= len(messages):
        end = place + 4 + int.from_bytes(messages[place : place + 4], "little")
        if end > len(messages):
            raise InvalidInput("an answer that is cut short")
        yield messages[place + 4 : end]
        place = end


def join(messages: list[bytes]) -> bytes:
    """Put messages into one answer."""
    return b"".join(part for message in messages for part in (len(message).to_bytes(4, "little"), message))
