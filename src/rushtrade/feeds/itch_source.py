"""The ITCH 5.0 messages of any file that holds them, numbered, whole and with their lengths: a plain file, gzip, zstd, or a capture of MoldUDP64.

Messages of a file are numbered from 1; length prefixes that were never filled in are. A capture may hold both ways of a line: they are
arbitrated, put in order, and keep the venue's numbers, so that what the capture missed is a jump in them; it begins wherever it
begins. Packets of a session that was blanked to zeros, with number 0, are numbered as they come.

Raises WireError, after the messages before it, for a stream that makes no sense or ends inside a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rushtrade.feeds.capture_kernel import UDP
from rushtrade.feeds.captures import Capture
from rushtrade.feeds.recognition import KINDS, container
from rushtrade.feeds.source import Source
from rushtrade.wire.errors import MalformedError, TruncatedError, WireError
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.itch50 import LENGTHS
from rushtrade.wire.itch50_columns import Columns, count_types, fault
from rushtrade.wire.itch50_kernel import DONE, END_OF_SESSION, LENGTH_BY_TYPE, PARTIAL
from rushtrade.wire.mold_stream import MoldStream
from rushtrade.wire.moldudp64 import HEADER, decode_packet, encode_packet
from rushtrade.wire.moldudp64_layout import SEQUENCE_MAX

PIECE_BYTES = 1 << 22
"""Bytes of messages given at a time: some 130,000, small enough for the processor's cache to help."""
COLUMNS_ROWS = 1 << 16


def itch_messages(path: Path | str) -> Iterator[FeedPacket]:
    """Give the messages of a file in pieces; `venue` is 0. Raises WireError for a file that cannot be read or holds none."""
    with Source(path) as source:
        pieces = source.pieces(PIECE_BYTES)
        first = next(pieces, b"")
        whole = _captured if container(first) else _framed
        found = 0
        try:
            for packet in whole(_chain(first, pieces)):
                found += packet.count
                yield packet
        except (MalformedError, TruncatedError) as error:
            raise type(error)(f"{path}: {error.reason}", error.offset) from None
        if source.fault:
            raise TruncatedError(f"{path}: {source.fault}")
    if not found:
        raise MalformedError(
            f"{path} holds no ITCH 5.0 message, as a file of them or in MoldUDP64; known kinds: {KINDS}"
        )


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _framed(pieces: Iterator[bytes]) -> Iterator[FeedPacket]:
    """Messages of a plain file."""
    held, sequence, offset, reason = b"", 1, 0, DONE
    columns = Columns(COLUMNS_ROWS)
    for piece in pieces:
        data = np.frombuffer(bytearray(held + piece), np.uint8)
        _, consumed, count, reason = count_types(data)
        if count:
            fill_lengths(columns, data[:consumed])
            yield FeedPacket(0, sequence, count, data[:consumed].tobytes())
        if reason not in (DONE, PARTIAL, END_OF_SESSION):
            raise fault(reason, consumed, data, offset)
        sequence, offset, held = sequence + count, offset + consumed, data[consumed:].tobytes()
    if reason == PARTIAL and held:
        raise TruncatedError(f"the file ends inside message {sequence:,}", offset)


def fill_lengths(columns: Columns, data: np.ndarray) -> None:
    """Write the length of every message into its prefix."""
    at = 0
    while at < len(data):
        at = columns.decode(data, at)
        data[columns.offset + 1] = LENGTH_BY_TYPE[columns.type]


def _captured(pieces: Iterator[bytes]) -> Iterator[FeedPacket]:
    """Messages of a capture."""
    capture, stream = Capture(), MoldStream(0, lengths=LENGTHS)
    begun = False
    for piece in pieces:
        found = capture.feed(piece)
        for row in found.rows[found.rows["protocol"] == UDP]:
            data = found.data[row["begin"] : row["begin"] + row["size"]].tobytes()
            sequence, count = _place(data)
            if sequence == 0 and count:
                data = _numbered(data, stream.expected)
            elif not begun and sequence and _holds_itch(data):
                stream.restart(sequence)
            begun = begun or (bool(sequence) and _holds_itch(data))
            stream.receive(data)
        yield from stream.packets()
    while stream.has_holes() and stream.skip_missing():
        yield from stream.packets()


def _place(data: bytes) -> tuple[int, int]:
    """Number and count a packet claims; zeros for one too short to say, or with a number no session has."""
    if len(data) < HEADER.size:
        return 0, 0
    _, sequence, count = HEADER.unpack_from(data)
    return (sequence, count) if sequence < SEQUENCE_MAX else (0, 0)


def _holds_itch(data: bytes) -> bool:
    try:
        decode_packet(data, LENGTHS)
    except WireError:
        return False
    return True


def _numbered(data: bytes, sequence: int) -> bytes:
    """A packet without a number, with one."""
    try:
        packet = decode_packet(data, LENGTHS)
    except WireError:
        return data
    return encode_packet(type(packet)(packet.session, sequence, packet.count, packet.payload))
