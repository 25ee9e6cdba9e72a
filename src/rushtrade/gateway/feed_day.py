"""A recorded day in memory, cut into numbered messages and packets as a venue would send them.

Reads once any file that holds ITCH 5.0 (`feeds.itch_source`). Messages are numbered from 1, also where a capture missed some: the day that is
published is what was recorded. `span` says which messages make the next packet, `payload` gives any run of them: what is
published and what is sent again are the same bytes. `Timeline` finds the messages in a piece, `Pace` says
when a moment of the day is due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushtrade.domain.errors import InvalidInput
from rushtrade.feeds.itch_source import itch_messages
from rushtrade.wire.itch50_columns import Columns

PAYLOAD_BYTES_MAX = 1400
"""Message bytes of a packet: with all headers it still fits an Ethernet frame."""
PREFIX_BYTES = 2
DAY_BYTES_MAX = 1 << 34
"""Bytes of a day kept in memory; a full day of all stocks takes some 10 GB unpacked."""


class Timeline:
    """Where the messages of a piece begin, and their times of day in nanoseconds; `latest` never goes back."""

    def __init__(self, stream: npt.NDArray[np.uint8], since: int = 0) -> None:
        columns = Columns()
        times, begins = [], []
        at = 0
        while at < len(stream):
            at = columns.decode(stream, at)
            times.append(columns.timestamp.copy())
            begins.append(columns.offset.copy())
        self.times = np.concatenate(times)
        self.begins = np.concatenate(begins)
        self.ends = np.append(self.begins[1:], len(stream))
        self.latest = np.maximum(np.maximum.accumulate(self.times), since)

    def __len__(self) -> int:
        return len(self.begins)


class RecordedDay:
    """All messages of a day: a stream of them, whole and with their lengths."""

    def __init__(self, stream: bytes) -> None:
        self._stream = stream
        self._line = Timeline(np.frombuffer(stream, np.uint8))
        self.times = self._line.times

    def __len__(self) -> int:
        return len(self._line)

    def span(self, first: int, apart_ns: int) -> int:
        """Number behind the last message of the packet that begins with number `first`.

        A packet holds messages no more than `apart_ns` later than its first; the first is always in it.
        """
        line, index = self._line, first - 1
        room = int(np.searchsorted(line.ends, line.begins[index] + PAYLOAD_BYTES_MAX, "right"))
        prompt = int(np.searchsorted(line.latest, line.latest[index] + apart_ns, "right"))
        return max(min(room, prompt), index + 1) + 1

    def payload(self, first: int, count: int) -> bytes:
        """Framed messages number `first` to `first + count - 1`."""
        return self._stream[self._line.begins[first - 1] : self._line.ends[first + count - 2]]

    def message(self, number: int) -> bytes:
        """A message without its length."""
        return self._stream[self._line.begins[number - 1] + PREFIX_BYTES : self._line.ends[number - 1]]

    def dealt(self, venues: int) -> list[RecordedDay]:
        """Deal the day over venues, as if its stocks traded at all of them: each order goes to one, by a hash of its first reference.

        What happens to an order happens where it is. Everything said of stocks and of the day is said at every venue; crosses and
        imbalances, of which there is one a stock, at the first. Prices and times are the day's.
        """
        columns = Columns(len(self))
        columns.decode(np.frombuffer(self._stream, np.uint8))
        where = _dealing(columns, venues)
        stream, begins, ends = np.frombuffer(self._stream, np.uint8), self._line.begins, self._line.ends
        days = []
        for venue in range(venues):
            keep = np.zeros(len(stream) + 1, np.int8)
            chosen = (where == venue) | (where == EVERYWHERE)
            np.add.at(keep, begins[chosen], 1)
            np.add.at(keep, ends[chosen], -1)
            days.append(RecordedDay(stream[np.cumsum(keep[:-1], dtype=np.int8) > 0].tobytes()))
        return days


EVERYWHERE = -1
BY_REFERENCE, BY_MATCH, ONCE = b"AFEXDUC", b"P", b"QI"
EXECUTIONS = b"ECPQ"
MIX = 0x9E37_79B9_7F4A_7C15
"""Odd, with bits everywhere: references that follow each other go to venues that do not."""


def _dealing(columns: Columns, venues: int) -> npt.NDArray[np.int64]:
    """Venue of every message."""
    types, where = columns.type, np.full(len(columns.type), EVERYWHERE, np.int64)
    first = _first_references(columns)
    for letters, keys in ((BY_REFERENCE, first), (BY_MATCH, columns.match)):
        chosen = np.isin(types, np.frombuffer(letters, np.uint8))
        mixed = keys[chosen].astype(np.uint64) * np.uint64(MIX) >> np.uint64(32)
        where[chosen] = (mixed % np.uint64(venues)).astype(np.int64)
    where[np.isin(types, np.frombuffer(ONCE, np.uint8))] = 0
    broken = types == ord("B")
    executed = np.isin(types, np.frombuffer(EXECUTIONS, np.uint8))
    if broken.any() and executed.any():
        matches, place = np.unique(columns.match[executed], return_index=True)
        found = np.minimum(np.searchsorted(matches, columns.match[broken]), len(matches) - 1)
        known = matches[found] == columns.match[broken]
        where[broken] = np.where(known, where[executed][place][found], 0)
    return where


def _first_references(columns: Columns) -> npt.NDArray[np.int64]:
    """The reference an order was entered under, for every message that names one: replaced orders keep their first."""
    replaced = columns.type == ord("U")
    first: dict[int, int] = {}
    for old, new in zip(
        columns.reference[replaced].tolist(), columns.new_reference[replaced].tolist(), strict=True
    ):
        first[new] = first.get(old, old)
    if not first:
        return columns.reference
    later = np.array(sorted(first), np.int64)
    roots = np.array([first[reference] for reference in later.tolist()], np.int64)
    found = np.minimum(np.searchsorted(later, columns.reference), len(later) - 1)
    return np.where(later[found] == columns.reference, roots[found], columns.reference)


def recorded_day(path: Path | str) -> RecordedDay:
    """Read the day a file holds. Raises WireError or InvalidInput, in words, when there is none."""
    parts: list[bytes] = []
    total = 0
    for packet in itch_messages(path):
        total += len(packet.payload)
        if total > DAY_BYTES_MAX:
            raise InvalidInput(f"{path} has more than {DAY_BYTES_MAX:,} bytes of messages")
        parts.append(packet.payload)
    return RecordedDay(b"".join(parts))


class Pace:
    """When a moment of the day is due, by the loop's clock. Starts with the first question, for all days it paces."""

    def __init__(self, first_time_ns: int, speed: float) -> None:
        self._first = first_time_ns
        self.speed = speed
        self._begin = -1.0

    def elapsed_s(self) -> float:
        """Seconds since the first question."""
        now = asyncio.get_running_loop().time()
        if self._begin < 0:
            self._begin = now
        return now - self._begin

    def wait_s(self, time_ns: int) -> float:
        """Seconds until a moment is due; 0 when it is, or when the speed has no bound."""
        elapsed = self.elapsed_s()
        if not self.speed:
            return 0.0
        return max((time_ns - self._first) / 1e9 / self.speed - elapsed, 0.0)


def pace_of(days: Sequence[RecordedDay], speed: float) -> Pace:
    """One pace for days that are published together, from the first message of any."""
    return Pace(min(int(day.times[0]) for day in days), speed)
