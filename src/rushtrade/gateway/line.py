"""What a line is: one venue's numbered messages, in order, with the honesty to say how it is.

A line hides how the bytes come (MoldUDP64 on two ways, SoupBinTCP, a recorded file) from whoever makes books of them. It is used by
one thread, which calls `drain` as often as it likes, at least every `DRAIN_INTERVAL_NS`: everything a line does by itself (asking again, logging in,
fetching an image, noticing silence) is done in there, without blocking and without a clock of its own.

    await line.open()
    while not line.health(now).ended:
        for packet in line.drain(now):
            market.receive(packet)
        if image := line.image():
            if not market.rebuild(image.venue, image.sequence, image.payload):
                line.ask_image("the image does not fit")

Theory of operation. The states, worst first as they are told when several are true:

    gap          messages were lost for good, or whoever reads asked for an image: the books cannot be known until `image` has given one
    recovering   numbers are missing and asked for again; a stream is being connected or logged in to
    stale        nothing came for `STALE_NS`, not even a heartbeat: what is shown may be old
    closed       the venue ended its session and everything in it was given out
    live         every number so far was given out

A gap is seen with the first packet behind it, or with the next heartbeat, which comes every second; `gap_since_ns` says when. What was asked for
in vain for 0.8 s is given up: the messages behind the hole are given out then, so that their reader sees the hole by their numbers, and a book
image is fetched where the line has somebody to ask. An image that does not reach beyond the hole is not given out; it is fetched again.

**Lag.** `source_ns` is the time the venue wrote into its newest message. For a live day, lag is now − source time: transit, our queues, and the
difference of two clocks; it may be negative by that. For a replayed day the same sum is years. What a desk must see there is whether *we* are behind the
publisher, so the publisher's pace is the clock: with the speed known, each message was due at `anchor + time of day / speed`, and the message that came
soonest within the last minute sets the anchor. A replay with its speed as fast as possible has no pace, and `lag_ns` is None: look at the
rate. Lag is that of the newest message when it came; it does not grow in silence, `silence_ns` does.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

import msgspec

from rushtrade.wire.feed_packet import FeedPacket

LIVE, GAP, RECOVERING, STALE, CLOSED = "live", "gap", "recovering", "stale", "closed"
STATES = (GAP, RECOVERING, STALE, CLOSED, LIVE)
"""Worst first."""

SECOND_NS = 1_000_000_000
STALE_NS = 2_500_000_000
"""Two heartbeats and a half."""
DRAIN_INTERVAL_NS = 20_000_000
"""Longest time between two calls of `drain`: half the time between two rounds of requests."""
ANCHOR_SECONDS = 60
"""How long a message that came soonest keeps setting the pace: a publisher that was paused is not late for ever."""


class BookImage(msgspec.Struct, frozen=True):
    """The state of a venue's books as ITCH 5.0 messages with their lengths; `sequence` is the first message not contained."""

    venue: int
    sequence: int
    payload: bytes


class LineHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a line is. Counts are since it was opened; times are nanoseconds UTC, 0 for never."""

    venue: int
    name: str
    kind: str
    """mold, soup or file."""
    state: str
    since_ns: int
    """When it came into its state."""
    reason: str
    """Why it is not live, in words; empty when it is."""
    session: str
    ended: bool
    """Whether the venue ended its session and nothing more of it will be given out."""
    next_number: int
    """Number of the message that is given out next."""
    messages: int
    rate: int
    """Messages in the last whole second."""
    packets: dict[str, int]
    """Whole packets by way: A, B, and R for what was sent again."""
    repeats: int
    holes: int
    missing: int
    """Messages missing now."""
    requests: int
    given_up: int
    malformed: int
    """Packets that are none: cut, too long, of bytes that make no message."""
    foreign: int
    """Packets of another session."""
    connections: int
    """Streams opened, the first one included."""
    images: int
    gap_since_ns: int
    """When the oldest hole that is still open was seen."""
    lag_ns: int | None
    source_ns: int
    """Time the venue gave its newest message, with the date of the session."""
    silence_ns: int
    quiet_ways: tuple[str, ...] = ()
    """Ways nothing came on for `STALE_NS` while another one was heard: the line is whole, but has nothing left to lose."""
    anomalies: dict[str, int] = {}
    """What could not be read, by kind; of lines that decode columns."""


class Line(Protocol):
    """One venue's messages. See the head of this module for how it is used."""

    venue: int
    name: str

    async def open(self) -> None:
        """Take hold of sockets or files. Raises OSError or InvalidInput with what is wrong."""
        ...

    async def close(self) -> None:
        """Let everything go. Safe to repeat."""
        ...

    def drain(self, now_ns: int) -> list[FeedPacket]:
        """Give all that is whole and in order now, joined into as few packets as possible; never blocks, never raises."""
        ...

    def image(self) -> BookImage | None:
        """Give a book image that was fetched since the last call: it goes into the books before anything drained later."""
        ...

    def ask_image(self, reason: str) -> None:
        """Say that the books are not known although the line goes on (a message nobody can read): an image is wanted."""
        ...

    def health(self, now_ns: int) -> LineHealth:
        """How the line is."""
        ...

    def descriptors(self) -> list[int]:
        """File descriptors that become readable when there is something to drain; they may change after any drain."""
        ...


class SourceClock:
    """Turns the times a venue writes into UTC, and says how late they come.

    `midnight_ns` is the session date's midnight at the venue, in UTC. `speed` is None for a live day, the multiple of its own pace
    for a replayed one, and 0 for one without a pace.
    """

    def __init__(self, midnight_ns: int = 0, speed: float | None = None) -> None:
        self._midnight_ns = midnight_ns
        self._speed = speed
        self._soonest: deque[tuple[int, int]] = deque(maxlen=ANCHOR_SECONDS)
        self.source_ns = 0
        self.lag_ns: int | None = None

    def note(self, now_ns: int, time_of_day_ns: int) -> None:
        """Take the time of the newest message that has just come."""
        if time_of_day_ns <= 0:
            return
        self.source_ns = self._midnight_ns + time_of_day_ns
        if self._speed is None:
            self.lag_ns = now_ns - self.source_ns
        elif self._speed > 0:
            self._note_replayed(now_ns, now_ns - int(time_of_day_ns / self._speed))

    def _note_replayed(self, now_ns: int, offset_ns: int) -> None:
        """Measure against the message that came soonest, second by second."""
        second = now_ns // SECOND_NS
        if not self._soonest or self._soonest[-1][0] != second:
            self._soonest.append((second, offset_ns))
        elif offset_ns < self._soonest[-1][1]:
            self._soonest[-1] = second, offset_ns
        while self._soonest[0][0] < second - ANCHOR_SECONDS:
            self._soonest.popleft()
        self.lag_ns = offset_ns - min(offset for _, offset in self._soonest)


class Rate:
    """Messages in the last whole second."""

    def __init__(self) -> None:
        self._second = self._count = self._last = 0

    def note(self, now_ns: int, count: int) -> None:
        """Count messages that came now."""
        self._turn(now_ns)
        self._count += count

    def at(self, now_ns: int) -> int:
        """Messages in the second before this one."""
        self._turn(now_ns)
        return self._last

    def _turn(self, now_ns: int) -> None:
        second = now_ns // SECOND_NS
        if second != self._second:
            self._last = self._count if second == self._second + 1 else 0
            self._second, self._count = second, 0


class StateClock:
    """Since when a line has been in its state."""

    def __init__(self) -> None:
        self._state = ""
        self._since_ns = 0

    def since(self, state: str, now_ns: int) -> int:
        """When the state that is true now began."""
        if state != self._state:
            self._state, self._since_ns = state, now_ns
        return self._since_ns
