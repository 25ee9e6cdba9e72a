"""The packets of a capture in the order of their numbers, each once: two ways of a line made one, late packets waited for.

A line is known by its session (MoldUDP64), or by channel and session (IEX-TP). CTA names none: its blocks are lines by the ends they go
between, until a block comes byte for byte on another flow too: then the two are ways of one line. What speaks no numbered protocol, or
whose session was blanked to zeros, passes as it is.

Theory of operation. A packet ahead of its line's next number waits, at most until `HELD_PACKETS_MAX` of the line do; then what is missing
is given up, and whoever counts numbers behind this sees the hole. A packet of which every number was given out is a repeat and goes
nowhere. Number 1 after many is a line that begins anew. A batch in which nothing is out of place passes untouched.
"""

from __future__ import annotations

import hashlib
import struct
from collections import OrderedDict
from collections.abc import Hashable

import numpy as np

from rushtrade.feeds import capture_kernel as kernel
from rushtrade.feeds import lines
from rushtrade.feeds.capture_kernel import UDP
from rushtrade.feeds.captures import Datagrams

HELD_PACKETS_MAX = 64
"""Packets of a line that wait for an earlier one: networks reorder by a few, and a capture has nobody to ask again."""
REMEMBERED_MAX = 1 << 12
"""CTA blocks remembered to know the other way of a line by: some milliseconds of the busiest line."""

_BEGIN, _SIZE, _FLOW, _PROTOCOL = (
    (kernel.DATAGRAM.names or ()).index(name) for name in ("begin", "size", "flow", "protocol")
)
_IEX = struct.Struct("<HHIIHHqqq")
_CTA = struct.Struct(">BHccIB")
_MOLD = struct.Struct(">10sQH")
Packet = tuple[list[int], bytes]
"""The fields of a row of `DATAGRAM`, and the payload."""


class _Way:
    """The numbers of one line; `flow` is the first that carried it, and stands for all."""

    def __init__(self, flow: int) -> None:
        self.flow = flow
        self.expected = 0
        self.held: dict[int, tuple[int, Packet]] = {}


class PacketOrder:
    """See the head of this module."""

    def __init__(self) -> None:
        self.repeats = 0
        self._protocols: dict[int, str] = {}
        self._ways: dict[Hashable, _Way] = {}
        self._same: dict[int, int] = {}
        self._seen: OrderedDict[bytes, int] = OrderedDict()

    def take(self, found: Datagrams) -> Datagrams:
        """Give what is in order by now."""
        given: list[Packet] = []
        for row in found.rows.tolist():
            payload = found.data[row[_BEGIN] : row[_BEGIN] + row[_SIZE]].tobytes()
            self._put(given, (list(row), payload))
        return _joined(given, found.frames)

    def finish(self, found: Datagrams) -> Datagrams:
        """Take the last packets, and give everything that still waits."""
        given: list[Packet] = []
        for row in found.rows.tolist():
            payload = found.data[row[_BEGIN] : row[_BEGIN] + row[_SIZE]].tobytes()
            self._put(given, (list(row), payload))
        for way in self._ways.values():
            while way.held:
                self._release(given, way)
        return _joined(given, found.frames)

    def _put(self, given: list[Packet], packet: Packet) -> None:
        row, payload = packet
        head = self._head(row, payload)
        if head is None:
            given.append(packet)
            return
        key, first, count = head
        way = self._ways.get(key)
        if way is None:
            way = self._ways[key] = _Way(row[_FLOW])
            way.expected = first
        row[_FLOW] = way.flow
        if first == 1 and way.expected > lines.RESTART_MESSAGES_MIN:
            while way.held:
                self._release(given, way)
            way.expected = 1
        if first > way.expected:
            self.repeats += first in way.held
            if count:  # a heartbeat waits for nothing
                way.held[first] = count, packet
            if len(way.held) <= HELD_PACKETS_MAX:
                return
            self._release(given, way)
        elif count and first + count <= way.expected:
            self.repeats += 1
        else:
            given.append(packet)
            way.expected = max(way.expected, first + count)
        while way.held and min(way.held) <= way.expected:
            self._release(given, way)

    def _release(self, given: list[Packet], way: _Way) -> None:
        """Give the first that waits, whatever is missing before it."""
        first = min(way.held)
        count, packet = way.held.pop(first)
        if first + count <= way.expected:
            self.repeats += 1
            return
        given.append(packet)
        way.expected = first + count

    def _head(self, row: list[int], payload: bytes) -> tuple[Hashable, int, int] | None:
        """Give a packet's line, its first number, and how many it has; None when it says none."""
        flow = row[_FLOW]
        protocol = self._protocols.get(flow)
        if protocol is None:
            protocol = self._protocols[flow] = _protocol_of(payload) if row[_PROTOCOL] == UDP else ""
        if protocol == "IEX" and len(payload) >= _IEX.size:
            _, kind, channel, session, _, count, _, first, _ = _IEX.unpack_from(payload)
            return ("IEX", kind, channel, session), first, count
        if protocol == "CTA" and len(payload) >= _CTA.size:
            _, _, feed, _, first, count = _CTA.unpack_from(payload)
            return ("CTA", feed, self._same_line(flow, payload)), first, count
        if protocol == "MOLD" and len(payload) >= _MOLD.size:
            session, first, count = _MOLD.unpack_from(payload)
            return (session, first, 0 if count == lines.MOLD_END else count) if first else None
        return None

    def _same_line(self, flow: int, payload: bytes) -> int:
        """Give the line of a flow of CTA, which is another one's as soon as both carried the same block."""
        digest = hashlib.blake2b(payload, digest_size=8).digest()
        before = self._seen.setdefault(digest, flow)
        if before != flow and flow not in self._same:
            self._same[flow] = self._same.get(before, before)
        if len(self._seen) > REMEMBERED_MAX:
            self._seen.popitem(last=False)
        return self._same.get(flow, flow)


def _protocol_of(payload: bytes) -> str:
    data = np.frombuffer(payload, np.uint8)
    protocol = lines.recognise(data, np.array([[0, len(payload)]]))
    return "" if protocol is None else lines.name_of(protocol)


def _joined(packets: list[Packet], frames: int) -> Datagrams:
    """Put packets into one buffer."""
    rows = np.array([tuple(row) for row, _ in packets], kernel.DATAGRAM)
    sizes = np.array([len(payload) for _, payload in packets], np.int64)
    rows["begin"], rows["size"] = np.cumsum(sizes) - sizes, sizes
    return Datagrams(np.frombuffer(b"".join(payload for _, payload in packets), np.uint8), rows, frames)
