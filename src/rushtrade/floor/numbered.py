"""Messages that are numbered from 1 and kept for whoever comes back: a venue's feed, and what it said to an account.

Kept as one run of framed messages (two bytes of length before each), the shape packets and images have. Bounded: when more than
`KEPT_BYTES_MAX` are kept, the older half goes, and whoever asks for it is told that it is gone.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from rushtrade.wire.framing import PREFIX_BYTES, frame

KEPT_BYTES_MAX: Final = 128 << 20
"""A busy hour of a venue's feed, or some million answers to an account."""


class NumberedMessages:
    """A stream that grows at its end. `first` is the oldest number kept."""

    def __init__(self, kept_bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._kept_bytes_max = kept_bytes_max
        self._data = bytearray()
        self._ends: list[int] = [0]
        """Where messages end, with the begin of the first before them."""
        self.first = 1

    @property
    def next_number(self) -> int:
        """Number of the next message."""
        return self.first + len(self._ends) - 1

    def append(self, message: bytes) -> None:
        """Add a message."""
        self.append_framed(frame(message))

    def append_framed(self, framed: bytes) -> None:
        """Add messages behind each other, each behind its length."""
        begin = len(self._data)
        self._data += framed
        at, end, ends = 0, len(framed), self._ends
        while at < end:
            at += PREFIX_BYTES + (framed[at] << 8 | framed[at + 1])
            ends.append(begin + at)
        if len(self._data) > self._kept_bytes_max:
            self._drop_older_half()

    def keeps(self, number: int) -> bool:
        """Whether the stream can be read from a number on."""
        return self.first <= number <= self.next_number

    def message(self, number: int) -> bytes:
        """Give one message, without its length."""
        at = number - self.first
        return bytes(self._data[self._ends[at] + PREFIX_BYTES : self._ends[at + 1]])

    def framed(self, first: int, count: int) -> bytes:
        """Give messages number `first` to `first + count - 1`, each behind its length."""
        at = first - self.first
        return bytes(self._data[self._ends[at] : self._ends[at + count]])

    def span(self, first: int, bytes_max: int) -> int:
        """Number behind the last message that fits `bytes_max` together with those from `first` on; one always does."""
        at = first - self.first
        fitting = bisect_right(self._ends, self._ends[at] + bytes_max) - 1
        return self.first + max(fitting, at + 1)

    def _drop_older_half(self) -> None:
        keep_from = bisect_right(self._ends, len(self._data) - self._kept_bytes_max // 2) - 1
        begin = self._ends[keep_from]
        del self._data[:begin]
        self._ends = [end - begin for end in self._ends[keep_from:]]
        self.first += keep_from
