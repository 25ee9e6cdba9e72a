"""Numbered lines of packets: what is in a packet's header, which numbers were missed, and the messages it carries.

A `Line` belongs to one flow of a capture and takes packets many at a time, as rows of (begin, size). It answers which
messages are in them and what was wrong. A packet that contradicts itself is counted and left out from the place on where
it does; the next packet starts afresh. A gap is a place where the numbers do not follow on: some are missing, or the line
began again with number 1. A packet whose numbers were all seen before is a repeat.

=========  ==========================================================================================================
MoldUDP64  session (10), number of the first message (8), count (2); count 0 heartbeat, 0xFFFF end of the session
IEX-TP     40 bytes, little-endian: version, protocol, channel, session, bytes, count, offset, number, send time
CTA        20 bytes: version, bytes, feed, retransmission, number, count, time, checksum
=========  ==========================================================================================================
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rushtrade.feeds import capture_kernel as kernel
from rushtrade.feeds.events import Bytes, Offsets, Records

MESSAGES_MAX = 0xFFFE
"""Messages a packet of any of these protocols can announce."""
RESTART_MESSAGES_MIN = 1000
"""After so many messages a packet with number 1 is a line that begins again; before, it is the first packet, late."""
MESSAGE_BYTES_MIN = 3
"""Bytes of the shortest message with its length: bounds how many a buffer can hold."""

MOLD = np.dtype([("session", "S10"), ("sequence", ">u8"), ("count", ">u2")])
IEX = np.dtype(
    [
        ("version", "u1"),
        ("reserved", "u1"),
        ("protocol", "<u2"),
        ("channel", "<u4"),
        ("session", "<u4"),
        ("bytes", "<u2"),
        ("count", "<u2"),
        ("offset", "<i8"),
        ("sequence", "<i8"),
        ("time", "<i8"),
    ]
)
CTA = np.dtype(
    [
        ("version", "u1"),
        ("bytes", ">u2"),
        ("feed", "S1"),
        ("retransmission", "S1"),
        ("sequence", ">u4"),
        ("count", "u1"),
        ("seconds", ">u4"),
        ("nanoseconds", ">u4"),
        ("checksum", ">u2"),
    ]
)
IEX_DEEP_PROTOCOL = 0x8004
IEX_PROTOCOLS = (0x8001, 0x8002, 0x8003, IEX_DEEP_PROTOCOL)
MOLD_END = 0xFFFF


BEGAN_ANEW = 0
"""In place of how many numbers are missing: the line began again with number 1."""


class Carried(NamedTuple):
    """Messages of some packets: rows of `MESSAGE` whose `packet` counts from the first of them, and what was wrong.

    `gaps` has a row (packet, how many numbers are missing before it) for each; `BEGAN_ANEW` is one of them.
    """

    messages: Records
    anomalies: dict[str, int]
    gaps: Offsets


_NO_GAPS: Offsets = np.zeros((0, 2), np.int64)


def headers(data: Bytes, packets: Offsets, kind: np.dtype[np.void]) -> Records:
    """Headers of packets, each of which is long enough."""
    windows = np.lib.stride_tricks.sliding_window_view(data, kind.itemsize)
    found: Records = windows[packets[:, 0]].view(kind)[:, 0]
    return found


class Line:
    """A numbered line. `protocol` is MOLD, IEX or CTA."""

    def __init__(self, protocol: np.dtype[np.void]) -> None:
        self.protocol = protocol
        self._next: dict[bytes, int] = {}
        self._style = {
            "MOLD": kernel.BIG_LENGTH,
            "IEX": kernel.LITTLE_LENGTH,
            "CTA": kernel.BIG_LENGTH_OF_ALL,
        }[name_of(protocol)]

    def take(self, data: Bytes, packets: Offsets) -> Carried:
        """Take packets given as rows of (begin, size) into `data`."""
        size = self.protocol.itemsize
        whole = packets[:, 1] >= size
        anomalies = {"short_packet": int(np.count_nonzero(~whole))}
        numbers = np.flatnonzero(whole)
        if not len(numbers):
            return Carried(np.zeros(0, kernel.MESSAGE), anomalies, _NO_GAPS)
        head = headers(data, packets[numbers], self.protocol)
        counts = head["count"].astype(np.int64)
        if self.protocol is MOLD:
            anomalies["end_of_session"] = int(np.count_nonzero(counts == MOLD_END))
            counts[counts == MOLD_END] = 0
        if self.protocol is CTA:
            anomalies["bad_checksum"] = _bad_checksums(data, packets[numbers], head)
        gaps, anomalies["repeated_packet"] = self._number(head, counts)
        gaps[:, 0] = numbers[gaps[:, 0]]
        spans = np.stack(
            [packets[numbers, 0] + size, packets[numbers, 0] + packets[numbers, 1], counts], axis=1
        )
        messages, broken = _messages(data, spans, self._style)
        anomalies["broken_packet"] = int(broken.sum())
        messages["packet"] = numbers[messages["packet"]]
        return Carried(messages, anomalies, gaps)

    def _number(self, head: Records, counts: Offsets) -> tuple[Offsets, int]:
        """Gaps and repeats, by session. A captured session of zeros with number 0 was blanked and says nothing."""
        sessions = head["session"] if "session" in (self.protocol.names or ()) else np.zeros(len(head), "S1")
        gaps: list[tuple[int, int]] = []
        repeats = 0
        for session in np.unique(sessions):
            chosen = np.flatnonzero(sessions == session)
            first = head["sequence"][chosen].astype(np.int64)
            behind = first + counts[chosen]
            key = np.asarray(session).tobytes()
            known = self._next.get(key)
            if known is None:
                known = int(first[0])
            if self.protocol is MOLD and not first.any():
                continue
            before = np.concatenate([[known], first[:-1]])
            starts = np.flatnonzero((first == 1) & (before > 1))
            for begin, end in itertools.pairwise([0, *starts.tolist(), len(first)]):
                if known > RESTART_MESSAGES_MIN and begin in starts:
                    known = 1
                    gaps.append((int(chosen[begin]), BEGAN_ANEW))
                expected = np.maximum.accumulate(np.concatenate([[known], behind[begin:end]]))
                missing = first[begin:end] - expected[:-1]
                gaps += [(int(chosen[begin + at]), int(missing[at])) for at in np.flatnonzero(missing > 0)]
                repeated = (behind[begin:end] <= expected[:-1]) & (counts[chosen][begin:end] > 0)
                repeats += int(np.count_nonzero(repeated))
                known = int(expected[-1])
            self._next[key] = known
        return np.array(gaps, np.int64).reshape(len(gaps), 2), repeats


def name_of(protocol: np.dtype[np.void]) -> str:
    """The protocol in letters."""
    return {id(MOLD): "MOLD", id(IEX): "IEX", id(CTA): "CTA"}[id(protocol)]


def recognise(data: Bytes, packets: Offsets) -> np.dtype[np.void] | None:
    """Which of the protocols these packets speak: the one whose headers most of them agree with, None when few do."""
    best, best_count = None, len(packets) // 2
    for protocol, agree in ((IEX, _is_iex), (CTA, _is_cta), (MOLD, _is_mold)):
        whole = packets[packets[:, 1] >= protocol.itemsize]
        if not len(whole):
            continue
        count = int(np.count_nonzero(agree(data, whole, headers(data, whole, protocol))))
        if count > best_count:
            best, best_count = protocol, count
    return best


def _is_iex(_: Bytes, packets: Offsets, head: Records) -> npt.NDArray[np.bool_]:
    fits = head["bytes"] <= packets[:, 1] - IEX.itemsize
    agree: npt.NDArray[np.bool_] = (head["version"] == 1) & np.isin(head["protocol"], IEX_PROTOCOLS) & fits
    return agree


def _is_cta(_: Bytes, packets: Offsets, head: Records) -> npt.NDArray[np.bool_]:
    known: npt.NDArray[np.bool_] = np.isin(head["feed"], [b"Q", b"T"]) & (head["version"] <= 9)
    known &= head["bytes"] == packets[:, 1]
    return known


def _is_mold(data: Bytes, packets: Offsets, head: Records) -> npt.NDArray[np.bool_]:
    counts = head["count"].astype(np.int64)
    empty = (counts == 0) | (counts == MOLD_END)
    counts[empty] = 0
    spans = np.stack([packets[:, 0] + MOLD.itemsize, packets[:, 0] + packets[:, 1], counts], axis=1)
    whole: npt.NDArray[np.bool_] = _messages(data, spans, kernel.BIG_LENGTH)[1] == 0
    return whole


def _messages(data: Bytes, spans: Offsets, style: int) -> tuple[Records, Offsets]:
    room = int((spans[:, 1] - spans[:, 0]).clip(0).sum()) // MESSAGE_BYTES_MIN + 1
    rows = np.zeros(min(room, int(spans[:, 2].sum()) + 1), kernel.MESSAGE)
    broken = np.zeros(len(spans), np.int64)
    count = kernel.blocks(data, np.ascontiguousarray(spans), style, rows, broken)
    return rows[:count], broken


def _bad_checksums(data: Bytes, packets: Offsets, head: Records) -> int:
    """How many CTA blocks do not add up: all bytes but the checksum's own, the lower 16 bits of the sum."""
    spans = np.stack([packets[:, 0], packets[:, 0] + packets[:, 1], packets[:, 1]], axis=1)
    sums = np.zeros(len(spans), np.int64)
    kernel.byte_sums(data, np.ascontiguousarray(spans), sums)
    stated = head["checksum"].astype(np.int64)
    own = (stated >> 8) + (stated & 0xFF)
    return int(np.count_nonzero((sums - own) & 0xFFFF != stated))
