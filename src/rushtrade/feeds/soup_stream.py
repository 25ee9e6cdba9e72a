"""One direction of a captured TCP connection that speaks SoupBinTCP: segments put in order, packets cut out of them.

Segments come in as captured; they are ordered by their TCP numbers, repeats are left out, and a segment that is missing
after `SEGMENTS_HELD_MAX` others arrived is given up as a gap. A stream joined in the middle is read from the first segment
that begins with a packet that makes sense.

Types of events are the letter of the packet, and for what carries a message (S sequenced, U unsequenced) the letter of
that message behind it: `SA` is a sequenced message that begins with A. Sequenced messages that are ITCH 5.0 are decoded
as ITCH, under ITCH's own letters.
"""

from __future__ import annotations

import numpy as np

from rushtrade.feeds import formats
from rushtrade.feeds.capture_kernel import MESSAGE
from rushtrade.feeds.events import EVENT, Bytes, Offsets, Records
from rushtrade.feeds.layouts import Format

SEGMENTS_HELD_MAX = 256
LETTERS = b"+AJSHZLURO"
CARRIES = b"SU"
SOUP = Format("soupbintcp", {})
_WRAP = 1 << 32


def distance(begin: int, end: int) -> int:
    """How far one TCP number lies ahead of another; negative when it lies behind."""
    return (end - begin + _WRAP // 2) % _WRAP - _WRAP // 2


class SoupStream:
    """Reads one direction."""

    def __init__(self) -> None:
        self.format: Format | None = None
        self._next: int | None = None
        self._held: dict[int, tuple[bytes, int]] = {}
        self._buffer = b""

    def take(self, data: Bytes, segments: Records) -> tuple[Records, Offsets, dict[str, int], int]:
        """Take segments, as rows of `DATAGRAM`; give rows, the segment each ended in, what was wrong, gaps."""
        found: list[tuple[bytes, int, int]] = []
        anomalies = {"repeated_segment": 0, "broken_stream": 0}
        gaps = 0
        for index, segment in enumerate(segments):
            begin, size = int(segment["begin"]), int(segment["size"])
            sequence = (int(segment["sequence"]) + int(segment["first"])) % _WRAP
            if segment["first"]:
                self._begin(sequence)
            if not size:
                continue
            if self._next is None:
                self._next = sequence
            payload = data[begin : begin + size].tobytes()
            if distance(self._next, sequence + size) <= 0:
                anomalies["repeated_segment"] += 1
                continue
            self._held[sequence] = (payload, int(segment["time"]))
            gaps += self._read(found, index, anomalies)
        rows = self._rows(found, anomalies)
        return rows, np.array([index for _, index, _ in found], np.int64), anomalies, gaps

    def _begin(self, sequence: int) -> None:
        """A connection opens here; whatever was before on these ports is another one."""
        self._next = sequence
        self._held.clear()
        self._buffer = b""

    def _read(self, found: list[tuple[bytes, int, int]], index: int, anomalies: dict[str, int]) -> int:
        """Read what segment `index` makes whole; give up on a hole once too much waits behind it."""
        gaps = 0
        while self._held:
            assert self._next is not None
            expected = self._next
            nearest = min(self._held, key=lambda number: distance(expected, number))
            ahead = distance(expected, nearest)
            if ahead > 0:
                if len(self._held) <= SEGMENTS_HELD_MAX:
                    break
                gaps += 1
                self._buffer = b""
                ahead = 0
            payload, time = self._held.pop(nearest)
            self._next = (nearest + max(len(payload), -ahead)) % _WRAP
            self._buffer += payload[-ahead:]
            self._cut(found, index, time, anomalies)
        return gaps

    def _cut(
        self, found: list[tuple[bytes, int, int]], index: int, time: int, anomalies: dict[str, int]
    ) -> None:
        """Cut packets off the front of the stream."""
        at = 0
        while at + 3 <= len(self._buffer):
            size = int.from_bytes(self._buffer[at : at + 2], "big")
            if size == 0 or self._buffer[at + 2] not in LETTERS:
                anomalies["broken_stream"] += 1
                at = len(self._buffer)  # the next segment starts afresh
                break
            if at + 2 + size > len(self._buffer):
                break
            found.append((self._buffer[at + 2 : at + 2 + size], index, time))
            at += 2 + size
        self._buffer = self._buffer[at:]

    def _rows(self, found: list[tuple[bytes, int, int]], anomalies: dict[str, int]) -> Records:
        """Rows of `EVENT` of whole packets."""
        rows = np.zeros(len(found), EVENT)
        rows["action"], rows["side"] = b"N", b"N"
        carried = [
            number for number, (packet, _, _) in enumerate(found) if packet[0] in CARRIES and packet[1:]
        ]
        for number, (packet, _, time) in enumerate(found):
            rows["type"][number] = packet[:2] if packet[0] in CARRIES else packet[:1]
            rows["time"][number] = time
        sequenced = [number for number in carried if found[number][0][:1] == b"S"]
        if sequenced:
            self._decode(rows, found, np.array(sequenced), anomalies)
        if self.format is None and found:
            self.format = SOUP
        return rows

    def _decode(
        self,
        rows: Records,
        found: list[tuple[bytes, int, int]],
        numbers: Offsets,
        anomalies: dict[str, int],
    ) -> None:
        """Read sequenced messages as ITCH 5.0 where they are."""
        payload = [found[number][0][1:] for number in numbers]
        sizes = np.array([len(message) for message in payload], np.int64)
        messages = np.zeros(len(payload), MESSAGE)
        messages["size"] = sizes
        messages["begin"] = np.cumsum(sizes) - sizes
        data = np.frombuffer(b"".join(payload), np.uint8)
        if self.format is None and formats.ITCH50.fitting(data, messages) == len(messages):
            self.format = formats.ITCH50
        if self.format is formats.ITCH50:
            rows[numbers], wrong = formats.ITCH50.decode(data, messages)
            for name, count in wrong.items():
                anomalies[name] = anomalies.get(name, 0) + count
