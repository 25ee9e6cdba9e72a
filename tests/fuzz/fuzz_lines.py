"""Fuzz targets of lines and recorded feeds: datagrams, streams, images and files of any bytes.

A line must answer, count and go on; the compiled receivers must say what their plain twins say.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from rushtrade.feeds.itch_source import itch_messages
from rushtrade.feeds.recognition import feed_for
from rushtrade.gateway.line import STATES
from rushtrade.gateway.mold_line import MoldAddress, MoldLine
from rushtrade.wire import itch50
from rushtrade.wire.errors import WireError
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import MessageReader, frame_all
from rushtrade.wire.glimpse import decode_snapshot, encode_snapshot
from rushtrade.wire.mold_stream import MoldStream
from rushtrade.wire.moldudp64 import MoldPacket, MoldReceiver, encode_packet
from rushtrade.wire.soup_stream import SoupStream
from rushtrade.wire.soupbintcp import Sequenced, SoupClient, SoupServer

SESSION = "FUZZ      "
HOST = "127.0.0.1"


def datagrams_of(data: bytes) -> list[bytes]:
    """Datagrams out of any bytes: some as they are, some with a header of the session and a number near by."""
    found, at = [], 0
    while at + 4 <= len(data) and len(found) < 200:
        kind, size = data[at] % 4, data[at + 1] % 64
        body = data[at + 4 : at + 4 + size]
        sequence, count = 1 + data[at + 2] % 32, data[at + 3] % 4
        if kind == 0:
            found.append(body)
        elif kind == 1:
            found.append(SESSION.encode() + sequence.to_bytes(8, "big") + count.to_bytes(2, "big") + body)
        else:
            letters = [b"S", b"D", body[:1] or b"Z"]
            messages = [letter.ljust(itch50.LENGTHS.get(letter[0], 5), b".") for letter in letters[:count]]
            payload = frame_all(messages)
            found.append(encode_packet(MoldPacket(SESSION, sequence, len(messages), payload)))
        at += 4 + size
    return found


def mold_streams(data: bytes) -> None:
    """Both receivers of MoldUDP64 say the same of any datagrams, with and without a table of messages."""
    for lengths in (None, itch50.LENGTHS):
        twin, stream = MoldReceiver(0, lengths=lengths), MoldStream(0, lengths=lengths)
        expected: list[FeedPacket] = []
        refused = 0
        for number, datagram in enumerate([data, *datagrams_of(data)]):
            try:
                expected += twin.receive(datagram)
            except WireError:
                refused += 1
            stream.receive(datagram)
            if number % 16 == 15:
                expected += twin.skip_missing()
                stream.skip_missing()
        given = stream.packets()
        assert b"".join(each.payload for each in given) == b"".join(each.payload for each in expected)
        assert (stream.expected, stream.counts, stream.missing()) == (
            twin.expected,
            twin.counts,
            twin.missing(),
        )
        assert stream.malformed + stream.foreign == refused


def soup_streams(data: bytes) -> None:
    """Both clients of SoupBinTCP give the same messages of any bytes, in pieces."""
    opened = SoupServer().accept("FUZZ", 1)
    for start in (b"", opened):
        stream, client = SoupStream(), SoupClient()
        for piece in (start + data[: len(data) // 2], data[len(data) // 2 :]):
            (fast, fault), plain = _fast(stream, piece), _plain(client, piece)
            assert fast == plain[: len(fast)]
            assert fault or len(fast) == len(plain)  # a message of no bytes is refused by the fast one alone
            if fault or stream.ended:
                break  # the connection is of no use any more
    checked = SoupStream(itch50.LENGTHS, "G")
    _fast(checked, opened + data)
    with contextlib.suppress(WireError):
        checked.receive_end()
    with contextlib.suppress(WireError):
        number = decode_snapshot(data)
        assert decode_snapshot(encode_snapshot(number)) == number


def _fast(stream: SoupStream, data: bytes) -> tuple[list[bytes], bool]:
    stream.room()[: len(data)] = data
    size = len(data)
    got: list[bytes] = []
    try:
        while (given := stream.receive(size)).messages:
            reader, size = MessageReader(), 0
            reader.receive_data(given.payload)
            got += list(reader)
    except WireError:
        return got, True
    return got, False


def _plain(client: SoupClient, data: bytes) -> list[bytes]:
    client.receive_data(data)
    got = []
    try:
        while (event := client.next_event()) is not None:
            if isinstance(event, Sequenced):
                got.append(event.message)
    except WireError:
        pass
    return got


class _Line:
    """One line for the whole run: a line must survive everything that was sent to it before."""

    def __init__(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((HOST, 0))
            self.address = free.getsockname()
        self.line = MoldLine(0, "fuzz", MoldAddress((self.address,)))
        asyncio.run(self.line.open())
        self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.now_ns = 1


@cache
def _line() -> _Line:
    return _Line()


def lines(data: bytes) -> None:
    """A line takes any datagrams, gives numbers that only rise, and always has a state."""
    here = _line()
    for datagram in [data, *datagrams_of(data)][:64]:
        here.out.sendto(datagram, here.address)
    last = 0
    for _ in range(3):
        here.now_ns += 50_000_000
        for packet in here.line.drain(here.now_ns):
            assert packet.sequence >= last
            last = packet.sequence + packet.count
            assert len(packet.payload) >= 2 * packet.count
        assert here.line.health(here.now_ns).state in STATES


def recorded_feeds(data: bytes) -> None:
    """Any bytes as a recorded file of whatever kind their beginning says: read in pieces, or refused."""
    try:
        feed = feed_for(data)
        third = len(data) // 3
        for piece in (data[:third], data[third : 2 * third], data[2 * third :]):
            assert len(feed.feed(piece).rows) <= len(data)
        feed.finish()
    except WireError:
        pass
    path = Path(tempfile.gettempdir()) / f"fuzz-{os.getpid()}.feed"
    path.write_bytes(data)
    try:
        at = 0
        for packet in itch_messages(path):
            assert packet.sequence >= at
            at = packet.sequence + packet.count
    except WireError:
        pass
    finally:
        path.unlink()


# --- seeds ------------------------------------------------------------------------------------------------


def datagram_seeds() -> list[bytes]:
    """Well-formed lines and nonsense."""
    dice = np.random.default_rng(3)
    header = SESSION.encode() + (1).to_bytes(8, "big")
    return [
        b"",
        header + b"\0\0",
        header + b"\xff\xff",
        header + b"\0\1\0\1a",
        bytes([2, 0, 0, 1, 2, 0, 2, 1, 2, 0, 1, 1, 2, 0, 1, 3]),
        dice.bytes(2_000),
    ]


def stream_seeds() -> list[bytes]:
    """Sequenced packets, the rare ones, and ends of snapshots."""
    server = SoupServer()
    opened = server.accept("FUZZ", 7)
    return [
        b"",
        opened + server.send(b"S" + bytes(11)) + server.heartbeat() + server.send(encode_snapshot(3)),
        server.send(b"x") + server.debug("text") + server.send_unsequenced(b"y") + server.end_session(),
        server.reject("A"),
        encode_snapshot(12),
        b"\0\0\0",
    ]


def file_seeds() -> list[bytes]:
    """Beginnings of every kind of file."""
    itch = frame_all([bytes([letter]) + bytes(size - 1) for letter, size in itch50.LENGTHS.items()])
    mold = encode_packet(MoldPacket(SESSION, 1, 2, frame_all([b"S" + bytes(11), b"D" + bytes(18)])))
    udp = struct.pack(">4H", 1, 2, 8 + len(mold), 0) + mold
    ip = struct.pack(">BBHHHBBH8s", 0x45, 0, 20 + len(udp), 0, 0, 1, 17, 0, bytes(8)) + udp
    frame = bytes(12) + b"\x08\0" + ip
    record = struct.pack("<4I", 1, 2, len(frame), len(frame)) + frame
    return [
        itch,
        struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + record * 3,
        b"\x0a\x0d\x0d\x0a" + struct.pack("<I", 28) + b"\x4d\x3c\x2b\x1a" + bytes(12) + struct.pack("<I", 28),
        b"DBN\x03" + struct.pack("<I", 0) + bytes([14, 0xA0]) + bytes(54),
        b"34200.1,1,2,100,5850000,1\n34200.2,4,2,50,5850000,1\n",
        b"DATE,EX,BID,BIDSIZ,OFR,OFRSIZ,MODE,SYMBOL\n",
    ]
