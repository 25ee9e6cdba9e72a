"""When a line asks again for what is missing, when it gives up, and when it needs a book image; without I/O or clock.

Theory of operation. While numbers are missing, requests go out every `REQUEST_INTERVAL_NS`, at most `REQUESTS_MAX` at a time. When
`ATTEMPTS_MAX` rounds in a row bring nothing, every hole that was there at the first of them is given up: 0.8 s after it was seen. A hole of more
than `HOLE_MESSAGES_MAX` is not asked for at all where an image can be had: a venue keeps little to send again, and an image is shorter.

From the first number given up the books are *lost*, until an image was given whose first message lies at or behind everything that was
given up (`lost_below`).
"""

from __future__ import annotations

from rushtrade.wire.mold_stream import MoldStream

MILLISECOND = 1_000_000
REQUEST_INTERVAL_NS = 40 * MILLISECOND
"""Between two rounds of requests: longer than any answer takes, short enough for twenty rounds in a second."""
ATTEMPTS_MAX = 20
REQUESTS_MAX = 16
"""Requests in one round: 16,000 messages, what a receive buffer of a few megabytes takes."""
HOLE_MESSAGES_MAX = 200_000


class LineRecovery:
    """Watches one stream of numbers. `can_request` and `can_image` say whether there is somebody to ask."""

    def __init__(self, stream: MoldStream, *, can_request: bool = True, can_image: bool = False) -> None:
        self._stream = stream
        self._can_request, self._can_image = can_request, can_image
        self._asked_ns = -1
        self._attempts = self._asked_below = 0
        self._expected = stream.expected
        self._given_up = 0
        self.requests = 0
        """Requests made."""
        self.gap_since_ns = 0
        """When the oldest hole that is still open was seen; 0 while there is none."""
        self.lost_below = 0
        """The books are lost until an image from this number on was given; 0 while they are whole."""
        self.reason = ""

    def look(self, now_ns: int) -> list[bytes]:
        """Give requests to send now. What follows a hole that is given up here is in the stream's next packets."""
        stream = self._stream
        self._note_overflow()
        if not stream.has_holes():
            self._attempts, self._asked_ns = 0, -1
            if not self.lost_below:
                self.gap_since_ns = 0
            return []
        self.gap_since_ns = self.gap_since_ns or now_ns
        if 0 <= now_ns - self._asked_ns < REQUEST_INTERVAL_NS and self._asked_ns >= 0:
            return []
        if stream.expected > self._expected:
            self._attempts = 0
        self._expected, self._asked_ns = stream.expected, now_ns
        self._attempts += 1
        if self._attempts == 1:
            first, count = stream.missing()[:REQUESTS_MAX][-1]
            self._asked_below = first + count
        if self._attempts > ATTEMPTS_MAX or self._is_too_wide():
            self._give_up()
            return []
        asked = stream.requests(requests_max=REQUESTS_MAX) if self._can_request else []
        self.requests += len(asked)
        return asked

    def lose(self, reason: str, now_ns: int) -> None:
        """The books are not known any more, for a reason that is none of the numbers'."""
        self.lost_below = max(self.lost_below, self._stream.expected)
        self.gap_since_ns = self.gap_since_ns or now_ns
        self.reason = reason

    def rebuilt(self, sequence: int) -> bool:
        """An image was fetched whose first message not contained has this number; whether it reaches beyond what was lost."""
        if sequence < self.lost_below:
            return False
        self.lost_below, self.reason = 0, ""
        if not self._stream.has_holes():
            self.gap_since_ns = 0
        return True

    def _is_too_wide(self) -> bool:
        first, count = self._stream.missing()[0]
        if not self._can_image or count <= HOLE_MESSAGES_MAX:
            return False
        self._asked_below = first + count
        return True

    def _give_up(self) -> None:
        """Give up on every hole that was asked for in vain since the first round."""
        self._attempts = 0
        while (missing := self._stream.missing()) and missing[0][0] < self._asked_below:
            first, count = missing[0]
            self.reason = f"messages {first:,} to {first + count - 1:,} could not be had again"
            self._stream.skip_missing()
            self.lost_below = first + count
        self._given_up = self._stream.counts.given_up

    def _note_overflow(self) -> None:
        """Note what was given up, also by the stream itself when it held too much."""
        given_up = self._stream.counts.given_up
        if given_up > self._given_up:
            self.reason = self.reason or f"{given_up - self._given_up:,} messages were given up"
            self._given_up = given_up
            self.lost_below = self._stream.expected
