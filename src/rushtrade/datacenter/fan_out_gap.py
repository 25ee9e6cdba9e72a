"""Puts a host's stream in order at a gateway: what came twice is passed over, what is missing is asked for, with bounds.

Theory of operation. Entries are given out in the order of their numbers. One that is ahead waits (within `HELD_BYTES_MAX`), and what
lies between is *missing*: `wanted` names it, at most every `ASK_INTERVAL_NS`, and after `ATTEMPTS_MAX` rounds without progress,
or when the host has it no more, or too much waits, the stream is *lost* and only a snapshot helps. Refuses to know clocks and NATS.
"""

from __future__ import annotations

from rushtrade.datacenter.fan_out_message import Entry
from rushtrade.domain.instants import MILLISECOND

HELD_BYTES_MAX = 256 << 20
ASK_INTERVAL_NS = 100 * MILLISECOND
"""Between two requests for the same: longer than an answer takes on any network a data center spans."""
ATTEMPTS_MAX = 20
"""Two seconds in all."""
SPAN_MAX = 4_096
"""Messages asked for at a time."""


class FanOutOrder:
    """The stream of one host, from number `begin` on."""

    def __init__(self, begin: int = 1) -> None:
        self.next = begin
        self.lost = False
        self.repeats = 0
        self.asked = 0
        self.gap_since_ns = 0
        self._held: dict[int, Entry] = {}
        self._held_bytes = 0
        self._asked_ns = 0
        self._asked_next = 0
        self._attempts = 0
        self._known_last = begin - 1

    def take(self, entry: Entry, now_ns: int) -> list[Entry]:
        """Take an entry; give what is in order now."""
        if entry.number < self.next or entry.number in self._held:
            self.repeats += 1
            return []
        self.hear_last(entry.number, now_ns)
        if entry.number > self.next:
            self._held[entry.number] = entry
            self._held_bytes += len(entry.body)
            self.lost = self.lost or self._held_bytes > HELD_BYTES_MAX
            return []
        given = [entry]
        self.next += 1
        while (following := self._held.pop(self.next, None)) is not None:
            self._held_bytes -= len(following.body)
            given.append(following)
            self.next += 1
        self.hear_last(self._known_last, now_ns)
        return given

    def hear_last(self, number: int, now_ns: int) -> None:
        """Hear which number the host has reached: a heartbeat shows a gap at the end, too."""
        self._known_last = max(self._known_last, number)
        if self._known_last < self.next:
            self.gap_since_ns = 0
        elif not self.gap_since_ns:
            self.gap_since_ns = now_ns

    @property
    def missing(self) -> bool:
        """True while something that was said has not come."""
        return self._known_last >= self.next

    def wanted(self, now_ns: int) -> tuple[int, int] | None:
        """Give the numbers to ask for now, first and last; None when nothing is due."""
        if not self.missing or self.lost or now_ns - self._asked_ns < ASK_INTERVAL_NS:
            return None
        self._attempts = 0 if self.next != self._asked_next else self._attempts + 1
        self._asked_ns, self._asked_next = now_ns, self.next
        if self._attempts >= ATTEMPTS_MAX:
            self.lost = True
            return None
        self.asked += 1
        last = self.next
        while last + 1 <= self._known_last and last + 1 not in self._held and last - self.next < SPAN_MAX - 1:
            last += 1
        return self.next, last

    def progressed(self) -> None:
        """Ask for the rest at once: an answer came."""
        self._asked_ns = 0
