"""A line of numbered packets that comes over two ways, kept whole by asking again, with bounds; without I/O or clock.

Theory of operation. Packets of lines A and B go in as they come (`receive`); whichever is first with a number gives it. What both
lost is *missing*: the line is recovering, and `requests` says what to ask for, at most every `REQUEST_INTERVAL_NS`. When
`ATTEMPTS_MAX` rounds in a row bring nothing, what was asked for is given up: the line is in a gap from then on, for the numbers after it
can be read but the books cannot be known. A gap is therefore seen within a second of the first missing number.

    live         every number so far was given out
    recovering   numbers are missing and asked for
    gap          numbers were given up; only a new session or a book image makes the books known again
    stale        nothing came for `STALE_NS`, not even a heartbeat
    closed       the session was ended and everything in it given out
"""

from __future__ import annotations

from collections import Counter

import msgspec

from rushtrade.wire.errors import WireError
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.moldudp64 import MoldReceiver

MILLISECOND = 1_000_000
REQUEST_INTERVAL_NS = 40 * MILLISECOND
"""Between two rounds of requests: longer than any answer takes, short enough for twenty rounds in a second."""
ATTEMPTS_MAX = 20
REQUESTS_MAX = 16
"""Requests in one round: 16,000 messages, what a receive buffer of a few megabytes takes."""
STALE_NS = 2_500 * MILLISECOND
"""Two heartbeats and a half."""


class LineHealth(msgspec.Struct, frozen=True):
    """How a line is. Packets by line; `given_up` are messages nobody could send again."""

    state: str
    next_number: int
    packets: dict[str, int]
    repeats: int
    holes: int
    requests: int
    given_up: int
    malformed: int
    silence_ns: int


class LineRecovery:
    """One venue's messages, whole or known not to be."""

    def __init__(self, venue: int = 0, *, can_request: bool = True) -> None:
        self._receiver = MoldReceiver(venue)
        self._can_request = can_request
        self._packets: Counter[str] = Counter()
        self._malformed = self._requests = self._attempts = 0
        self._asked_ns = self._heard_ns = -1
        self._expected = self._receiver.expected
        self._asked_below = 0

    def receive(self, line: str, data: bytes, now_ns: int) -> list[FeedPacket]:
        """Take a packet of a line; give what is whole now, in order. A packet that is none is counted."""
        try:
            given = self._receiver.receive(data)
        except WireError:
            self._malformed += 1
            return []
        self._packets[line] += 1
        self._heard_ns = now_ns
        return given

    def requests(self, now_ns: int) -> tuple[list[bytes], list[FeedPacket]]:
        """Give requests to send now, and packets that follow a hole given up."""
        early = self._asked_ns >= 0 and now_ns - self._asked_ns < REQUEST_INTERVAL_NS
        if self._heard_ns < 0 or early:
            return [], []
        missing = self._receiver.missing()
        if not missing:
            self._attempts = 0
            return [], []
        if self._receiver.expected > self._expected:
            self._attempts = 0
        self._expected = self._receiver.expected
        self._asked_ns = now_ns
        self._attempts += 1
        if self._attempts == 1:
            last, count = missing[:REQUESTS_MAX][-1]
            self._asked_below = last + count
        if self._attempts > ATTEMPTS_MAX:
            self._attempts = 0
            return [], self._give_up()
        asked = self._receiver.requests(requests_max=REQUESTS_MAX) if self._can_request else []
        self._requests += len(asked)
        return asked, []

    def _give_up(self) -> list[FeedPacket]:
        """Give up on every hole that was asked for in vain since the first round."""
        given: list[FeedPacket] = []
        while (missing := self._receiver.missing()) and missing[0][0] < self._asked_below:
            given += self._receiver.skip_missing()
        return given

    @property
    def done(self) -> bool:
        """Whether the session has ended and nothing of it is waited for any more."""
        return self._receiver.ended and not self._receiver.missing()

    @property
    def session(self) -> str:
        """The session's name, empty before the first packet."""
        return self._receiver.session

    def health(self, now_ns: int) -> LineHealth:
        """How the line is."""
        counts = self._receiver.counts
        silence = now_ns - self._heard_ns if self._heard_ns >= 0 else 0
        return LineHealth(
            state=self._state(silence),
            next_number=self._receiver.expected,
            packets=dict(sorted(self._packets.items())),
            repeats=counts.repeats,
            holes=counts.holes,
            requests=self._requests,
            given_up=counts.given_up,
            malformed=self._malformed,
            silence_ns=silence,
        )

    def _state(self, silence: int) -> str:
        if self._receiver.counts.given_up:
            return "gap"
        if self._receiver.missing():
            return "recovering"
        if self._receiver.ended:
            return "closed"
        return "stale" if silence >= STALE_NS else "live"
