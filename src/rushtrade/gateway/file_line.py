"""A recorded file as a line: any file that holds ITCH 5.0, or orders that become it (`archive.order_source`), read forward in bounded memory, at a multiple of its own pace.

The first `drain` begins the day; each gives the messages that are due by then. Speed 0 is as fast as they are taken, one piece
(some 130,000 messages) a drain. What a capture missed is a gap nobody can fill; a file that stops making sense ends the line there, in a
gap, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from rushtrade.feeds.itch_source import itch_messages
from rushtrade.gateway.feed_day import Timeline
from rushtrade.gateway.line import (
    CLOSED,
    GAP,
    LIVE,
    BookImage,
    LineHealth,
    Rate,
    SourceClock,
    StateClock,
)
from rushtrade.wire.errors import WireError
from rushtrade.wire.feed_packet import FeedPacket

PIECES_MAX = 8
"""Pieces looked at in one drain, when their messages are all due."""


class FileLine:
    """See `line.Line`."""

    def __init__(
        self,
        venue: int,
        name: str,
        path: Path,
        speed: float,
        midnight_ns: int = 0,
        messages: Callable[[Path], Iterator[FeedPacket]] = itch_messages,
    ) -> None:
        """`messages` gives those of the file, numbered and in order."""
        self.venue, self.name = venue, name
        self._read = messages
        self._path, self._speed = path, speed
        self._clock = SourceClock(midnight_ns, speed)
        self._pieces: Iterator[FeedPacket] = iter(())
        self._piece: FeedPacket | None = None
        self._line: Timeline | None = None
        self._at = 0
        self._begin_ns = self._first_time = self._heard_ns = 0
        self._next = self._messages = self._given_up = self._holes = 0
        self._ended = False
        self._fault = ""
        self._lost_since_ns = 0
        self._rate, self._state_clock = Rate(), StateClock()

    async def open(self) -> None:
        """Read the beginning. Raises WireError when it is no file of ITCH 5.0."""
        self._pieces = self._read(self._path)
        self._load(0)
        assert self._piece is not None
        self._next = self._piece.sequence
        if self._line is not None:
            self._first_time = int(self._line.latest[0])

    async def close(self) -> None:
        """Let the file go."""
        self._pieces = iter(())
        self._piece = None

    def _load(self, since: int) -> None:
        """Take the next piece; none are left after the last."""
        self._piece, self._line, self._at = next(self._pieces, None), None, 0
        if self._piece is not None:
            self._line = Timeline(np.frombuffer(self._piece.payload, np.uint8), since)

    def drain(self, now_ns: int) -> list[FeedPacket]:
        """Give the messages that are due."""
        self._begin_ns = self._begin_ns or now_ns
        given: list[FeedPacket] = []
        for _ in range(PIECES_MAX if self._speed else 1):
            if self._ended or not self._take(now_ns, given):
                break
        if given:
            count = sum(packet.count for packet in given)
            self._heard_ns = now_ns
            self._messages += count
            self._rate.note(now_ns, count)
        return given

    def _take(self, now_ns: int, given: list[FeedPacket]) -> bool:
        """Give what is due of the present piece; True when the next one may hold more."""
        piece, line = self._piece, self._line
        if piece is None or line is None:
            self._ended = True
            return False
        behind = len(line)
        if self._speed:
            due = self._first_time + int((now_ns - self._begin_ns) * self._speed)
            behind = int(np.searchsorted(line.latest, due, "right"))
        if behind > self._at:
            payload = piece.payload[line.begins[self._at] : line.ends[behind - 1]]
            first = piece.sequence + self._at
            self._note_jump(first, now_ns)
            given.append(FeedPacket(self.venue, first, behind - self._at, payload))
            self._next = piece.sequence + behind
            self._at = behind
            self._clock.note(now_ns, int(line.times[behind - 1]))
        if self._at < len(line):
            return False
        try:
            self._load(int(line.latest[-1]))
        except (WireError, OSError) as error:
            self._piece, self._fault, self._ended = None, str(error), True
            self._lost_since_ns = self._lost_since_ns or now_ns
        return not self._ended

    def _note_jump(self, first: int, now_ns: int) -> None:
        missed = first - self._next
        if missed > 0:
            self._given_up += missed
            self._holes += 1
            self._lost_since_ns = self._lost_since_ns or now_ns
            self._fault = f"messages {self._next:,} to {first - 1:,} are not in the file"

    def image(self) -> BookImage | None:
        """A file has no images."""
        return None

    def ask_image(self, reason: str) -> None:
        """Note why the books are not known; nobody can be asked."""
        self._fault = self._fault or reason
        self._lost_since_ns = self._lost_since_ns or self._heard_ns

    def descriptors(self) -> list[int]:
        """None: a file is always ready."""
        return []

    def health(self, now_ns: int) -> LineHealth:
        """How the line is. It is never stale: between two messages of a day nothing is due."""
        ended = self._ended
        state = GAP if self._fault else CLOSED if ended else LIVE
        return LineHealth(
            venue=self.venue,
            name=self.name,
            kind="file",
            state=state,
            since_ns=self._state_clock.since(state, now_ns),
            reason=self._fault or ("the file is at its end" if ended else ""),
            session=self._path.name,
            ended=ended,
            next_number=self._next,
            messages=self._messages,
            rate=self._rate.at(now_ns),
            packets={},
            repeats=0,
            holes=self._holes,
            missing=0,
            requests=0,
            given_up=self._given_up,
            malformed=int(ended and bool(self._fault) and not self._holes),
            foreign=0,
            connections=0,
            images=0,
            gap_since_ns=self._lost_since_ns,
            lag_ns=self._clock.lag_ns,
            source_ns=self._clock.source_ns,
            silence_ns=0,
        )
