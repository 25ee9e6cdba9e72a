"""A recorded day in memory, cut into numbered messages and packets as a venue would send them.

Reads an ITCH 5.0 file once. Messages are numbered from 1; length prefixes the file left empty are filled in. `span` says which
messages make the next packet, `payload` gives any run of them: what is published and what is sent again are the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushtrade.market.itch_file import ItchFile, ItchFileError
from rushtrade.wire.itch50 import LENGTHS
from rushtrade.wire.itch50_columns import Columns

PAYLOAD_BYTES_MAX = 1400
"""Message bytes of a packet: with all headers it still fits an Ethernet frame."""
PREFIX_BYTES = 2
DAY_BYTES_MAX = 1 << 34
"""Bytes of a day kept in memory; a full day of all stocks takes some 10 GB unpacked."""


class RecordedDay:
    """All messages of a file."""

    def __init__(self, path: Path | str) -> None:
        parts: list[bytes] = []
        total = 0
        with ItchFile(path) as file:
            for buffer in file.buffers():
                total += len(buffer)
                if total > DAY_BYTES_MAX:
                    raise ItchFileError(f"{path} has more than {DAY_BYTES_MAX:,} bytes of messages")
                parts.append(buffer.tobytes())
        stream = np.frombuffer(bytearray(b"".join(parts)), np.uint8)
        self.times, self._begins = _index(stream)
        self._ends = np.append(self._begins[1:], len(stream))
        self._stream = stream.tobytes()
        self._latest = np.maximum.accumulate(self.times)

    def __len__(self) -> int:
        return len(self._begins)

    def span(self, first: int, apart_ns: int) -> int:
        """Number behind the last message of the packet that begins with number `first`.

        A packet holds messages no more than `apart_ns` later than its first; the first is always in it.
        """
        index = first - 1
        room = int(np.searchsorted(self._ends, self._begins[index] + PAYLOAD_BYTES_MAX, "right"))
        prompt = int(np.searchsorted(self._latest, self._latest[index] + apart_ns, "right"))
        return max(min(room, prompt), index + 1) + 1

    def payload(self, first: int, count: int) -> bytes:
        """Framed messages number `first` to `first + count - 1`."""
        return self._stream[self._begins[first - 1] : self._ends[first + count - 2]]

    def message(self, number: int) -> bytes:
        """A message without its length."""
        return self._stream[self._begins[number - 1] + PREFIX_BYTES : self._ends[number - 1]]


def _index(stream: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Times and places of all messages; empty length prefixes are filled in."""
    columns = Columns()
    times, begins = [], []
    lengths = np.zeros(256, np.uint8)
    for code, size in LENGTHS.items():
        lengths[code] = size
    at = 0
    while at < len(stream):
        at = columns.decode(stream, at)
        times.append(columns.timestamp.copy())
        begins.append(columns.offset.copy())
        stream[columns.offset + 1] = lengths[columns.type]
    if not begins:
        raise ItchFileError("a day of no messages cannot be served")
    return np.concatenate(times), np.concatenate(begins)
