"""The newest of what a host has said, kept so that a gateway that missed something can have it again."""

from __future__ import annotations

from collections import deque

from rushtrade.datacenter.fan_out_message import Entry, encode

RING_BYTES = 256 << 20
"""About half a minute of the whole market at its busiest; a gateway away for longer takes a snapshot."""
RING_MESSAGES = 1 << 20
"""Packets of one message each cost more than their bytes."""


class FanOutRing:
    """Numbered messages, oldest given up first."""

    def __init__(self, bytes_max: int = RING_BYTES, messages_max: int = RING_MESSAGES) -> None:
        self._bytes_max, self._messages_max = bytes_max, messages_max
        self._entries: deque[list[bytes]] = deque()
        self._first = 1
        self.bytes = 0

    @property
    def first(self) -> int:
        """Number of the oldest entry that is still here."""
        return self._first

    @property
    def last(self) -> int:
        """Number of the newest entry; 0 before the first."""
        return self._first + len(self._entries) - 1

    def add(self, kind: int, venue: int, sequence: int, count: int, body: bytes, sent_ns: int) -> None:
        """Say something new: it gets the next number."""
        messages = encode(Entry(self.last + 1, kind, venue, sequence, count, body, sent_ns))
        self._entries.append(messages)
        self.bytes += sum(map(len, messages))
        while len(self._entries) > 1 and (
            self.bytes > self._bytes_max or len(self._entries) > self._messages_max
        ):
            self.bytes -= sum(map(len, self._entries.popleft()))
            self._first += 1

    def messages(self, number: int) -> list[bytes] | None:
        """Give an entry's messages; None when it is not here any more, or not yet."""
        if not self._first <= number <= self.last:
            return None
        return self._entries[number - self._first]

    def span(self, first: int, last: int, bytes_max: int) -> list[bytes] | None:
        """Give the messages of whole entries from `first` on, of at most `bytes_max` in all.

        None when the first is gone, or is an image too large for an answer: only a snapshot helps then.
        """
        if first < self._first:
            return None
        found: list[bytes] = []
        size = 0
        for number in range(first, min(last, self.last) + 1):
            messages = self._entries[number - self._first]
            size += sum(map(len, messages))
            if size > bytes_max:
                return found or None
            found += messages
        return found
