"""A stored day played again: at any speed, with pause, seek and step.

    replay = StoredReplay("DIR", date)
    replay.play()
    for said in replay.advance(now_ns):        # as often as one likes
        ...                                     # FeedPacket, BookImage of a rebuild, or Restart

Theory of operation. Packets come in the order in which they were once taken; one that reaches beyond the moment asked for is cut
between two of its messages. So the market as of any instant is exact to the message, and the books are those of that day, gaps
included. Market time moves with the clock handed in, times the speed; speed 0 gives `PACKETS_AT_ONCE` packets a call.

A seek forward says everything on the way. A seek backward begins anew: `Restart` (empty books, an empty tape), then, of days
with more than `REPLAY_MESSAGES` messages on the way, the latest checkpoints before the moment instead of the beginning of the day; the
tape of such a replay begins at the checkpoint. Refuses to know clocks and who listens. One thread.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from pathlib import Path
from typing import Literal, Protocol

import msgspec
import numpy as np

from rushtrade.archive.feed_rows import StoredFeedDay, StoredPacket
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import format_instant, parse_instant
from rushtrade.rules.new_york import midnight_ns
from rushtrade.ticks import itch_rows_kernel
from rushtrade.wire.feed_packet import FeedPacket

SPEED_MAX = 100_000.0
PACKETS_AT_ONCE = 64
"""Packets given in one call when there is no pace: a few hundred thousand messages at most."""
MESSAGES_AT_ONCE = 200_000
"""Messages given in one call, however far the moment asked for lies ahead: 50 ms of work."""
REPLAY_MESSAGES = 20_000_000
"""Messages said again from the beginning of a day rather than from a checkpoint: some four seconds."""
STEPS_MAX = 1_000_000
NO_GOAL = -1


class Rebuilt(msgspec.Struct, frozen=True):
    """A venue's books begin from an image; `sequence` is the first message not contained."""

    venue: int
    sequence: int
    payload: bytes


class Restart(msgspec.Struct, frozen=True):
    """The day begins anew: whoever listens empties books and tape."""

    midnight_ns: int


Said = FeedPacket | Rebuilt | Restart


class ReplayPosition(msgspec.Struct, frozen=True, kw_only=True):
    """Where a replay is. Times in ns UTC; `speed` is a multiple of the day's pace, 0 for as fast as possible."""

    trade_date: str
    state: Literal["playing", "paused", "seeking", "ended"]
    time_ns: int
    first_ns: int
    last_ns: int
    speed: float
    messages: int
    """Messages said since the day began, or since the checkpoint it was taken up at."""
    whole_tape: bool
    """Whether the tape has everything since the beginning of the day."""
    venues: list[str]


class ReplayControl(Protocol):
    """What a page may do with a replay. Every call answers where the replay is then."""

    def position(self) -> ReplayPosition:
        """Tell where it is."""
        ...

    def play(self, speed: float | None = None) -> ReplayPosition:
        """Go on, at another speed if told."""
        ...

    def pause(self) -> ReplayPosition:
        """Stand still."""
        ...

    def seek(self, time_ns: int) -> ReplayPosition:
        """Go to a moment of the day, before or behind; it is reached within the next calls of `advance`."""
        ...

    def step(self, messages: int = 1) -> ReplayPosition:
        """Say so many messages more, and stand still."""
        ...

    def instant(self, text: str) -> int:
        """Read a moment of its day: a time in New York, or RFC 3339."""
        ...


class StoredReplay:
    """The replay of one stored day; it is its own `ReplayControl`."""

    def __init__(
        self,
        root: Path | str,
        trade_date: dt.date,
        *,
        speed: float = 1.0,
        begin_ns: int | None = None,
        end_ns: int | None = None,
    ) -> None:
        self._feed = StoredFeedDay(root, trade_date)
        self.trade_date = trade_date
        self.midnight_ns = midnight_ns(trade_date)
        self._places = {number: place for place, number in enumerate(sorted(self._feed.venues))}
        self.venues = [self._feed.venues[number] for number in sorted(self._feed.venues)]
        self.symbols = self._feed.symbols
        self._first, last = self._feed.span()
        self._end = min(last, end_ns) if end_ns is not None else last
        self._speed = _checked_speed(speed)
        self._playing = False
        self._steps = 0
        self._now = self._place = 0
        self._restart = False
        self._messages = 0
        self._whole_tape = True
        self.time_ns = self._first
        self._goal = NO_GOAL
        self._read_from(0)
        if begin_ns is not None and begin_ns > self._first:
            self.seek(begin_ns)

    # ------------------------------------------------------------ control

    def position(self) -> ReplayPosition:
        """Tell where it is."""
        state: Literal["playing", "paused", "seeking", "ended"] = "paused"
        if self._restart or (self._goal > self.time_ns and not self._playing):
            state = "seeking"
        elif self._ended:
            state = "ended"
        elif self._playing:
            state = "playing"
        return ReplayPosition(
            trade_date=self.trade_date.isoformat(),
            state=state,
            time_ns=self.time_ns,
            first_ns=self._first,
            last_ns=self._end,
            speed=self._speed,
            messages=self._messages,
            whole_tape=self._whole_tape,
            venues=self.venues,
        )

    def play(self, speed: float | None = None) -> ReplayPosition:
        """Go on, at another speed if told."""
        if speed is not None:
            self._speed = _checked_speed(speed)
        self._playing, self._now = True, 0
        return self.position()

    def pause(self) -> ReplayPosition:
        """Stand still."""
        self._playing, self._goal = False, NO_GOAL
        return self.position()

    def seek(self, time_ns: int) -> ReplayPosition:
        """Go to a moment of the day; one outside of it is refused."""
        if not self._first <= time_ns <= self._end:
            asked, first, last = (format_instant(each) for each in (time_ns, self._first, self._end))
            raise InvalidInput(f"{asked} is not within this replay: {first} to {last}")
        if time_ns < self.time_ns:
            self._begin_anew(time_ns)
        self._goal, self._now = time_ns, 0
        return self.position()

    def step(self, messages: int = 1) -> ReplayPosition:
        """Say so many messages more, and stand still."""
        if not 0 < messages <= STEPS_MAX:
            raise InvalidInput(f"{messages} messages; 1 to {STEPS_MAX:,} can be stepped")
        self._playing = False
        self._steps += messages
        return self.position()

    def instant(self, text: str) -> int:
        """Read a moment of the day: a time in New York, or RFC 3339."""
        return instant_of(self.trade_date, text)

    def _begin_anew(self, time_ns: int) -> None:
        """Read from the beginning, or from the checkpoints before a moment when that is far."""
        near = self._feed.messages_until(time_ns) <= REPLAY_MESSAGES
        self._restart, self._whole_tape = True, near
        self._messages, self.time_ns = 0, self._first
        self._read_from(0 if near else time_ns)

    def _read_from(self, checkpoint_ns: int) -> None:
        self._packets = self._feed.packets(checkpoint_ns=checkpoint_ns)
        self._unread = {number: deque[int]() for number in self._places}
        for publisher, first_ns in self._feed.starts(checkpoint_ns=checkpoint_ns):
            self._unread[publisher].append(first_ns)
        self._held: dict[int, deque[_Held]] = {number: deque() for number in self._places}
        self._ended = False

    # ------------------------------------------------------------ what is said

    def advance(self, now_ns: int) -> list[Said]:
        """Give what is due by now."""
        said: list[Said] = []
        if self._restart:
            self._restart = False
            said.append(Restart(self.midnight_ns))
        passed = now_ns - self._now if self._now else 0
        self._now = now_ns
        if self._steps:
            self._say(said, self._end, self._steps)
            return said
        if self._playing:
            begin = max(self._goal, self.time_ns)
            self._goal = begin + int(passed * self._speed) if self._speed else self._end
        if self._goal != NO_GOAL:
            self._say(said, min(self._goal, self._end), MESSAGES_AT_ONCE)
        return said

    def _say(self, said: list[Said], until: int, most: int) -> None:
        """Give messages not later than a moment, at most so many; when all of them are given, that moment has come."""
        left = most
        packets_left = PACKETS_AT_ONCE if self._playing and not self._speed else MESSAGES_AT_ONCE
        held = self._due(until)
        while held is not None and left > 0 and packets_left > 0:
            given = self._take(held, until, left)
            said.append(given)
            if isinstance(given, FeedPacket):
                left -= given.count
                self._messages += given.count
            packets_left -= 1
            held = self._due(until)
        if self._steps:
            self._steps, self._goal = (left if held is not None else 0), NO_GOAL
        elif held is None:
            self.time_ns = max(self.time_ns, until)
            self._goal = self._goal if self._playing else NO_GOAL

    def _due(self, until: int) -> _Held | None:
        """Find what is said next: of the venues that have something due, what was taken first."""
        while any(unread and unread[0] <= until for unread in self._unread.values()):
            waiting = [
                publisher for publisher, unread in self._unread.items() if unread and unread[0] <= until
            ]
            if all(self._held[publisher] for publisher in waiting):
                break
            packet = next(self._packets)
            self._unread[packet.publisher_id].popleft()
            self._held[packet.publisher_id].append(_Held(packet, self._place, self.midnight_ns))
            self._place += 1
        first = [queue[0] for queue in self._held.values() if queue and queue[0].time_ns <= until]
        if not first and not any(self._held.values()) and not any(self._unread.values()):
            self._ended = True
        return min(first, key=lambda held: held.place, default=None)

    def _take(self, held: _Held, until: int, most: int) -> FeedPacket | Rebuilt:
        """Take what is due of a packet."""
        packet = held.packet
        venue = self._places[packet.publisher_id]
        if packet.kind != "P":
            self._held[packet.publisher_id].popleft()
            return Rebuilt(venue, packet.sequence, packet.payload)
        sequence = packet.sequence + held.given
        payload, count, last = held.cut(until, most)
        if last:
            self.time_ns = max(self.time_ns, last)
        if held.is_empty:
            self._held[packet.publisher_id].popleft()
        return FeedPacket(venue, sequence, count, payload)


class _Held:
    """A packet of which a part was said. `time_ns` is when its next message is due."""

    def __init__(self, packet: StoredPacket, place: int, midnight_ns: int) -> None:
        self.packet, self.place = packet, place
        self.given = self._offset = 0
        self._midnight_ns = midnight_ns
        self._data = np.frombuffer(packet.payload, np.uint8)
        self.time_ns = {"P": packet.ts_event, "I": packet.ts_last, "C": 0}[packet.kind]

    @property
    def is_empty(self) -> bool:
        """Whether everything was said."""
        return self._offset >= len(self._data)

    def cut(self, until: int, most: int) -> tuple[bytes, int, int]:
        """Take the messages that are due, at most so many: bytes, their number, and the time of the last one.

        Bytes nobody can read are given with the number the packet claims, as they once came.
        """
        begin, midnight = self._offset, self._midnight_ns
        size, count = itch_rows_kernel.messages_cut(self._data, begin, most, until - midnight)
        if not count:
            self._offset = len(self._data)
            return self.packet.payload[begin:], self.packet.count - self.given, 0
        payload = self.packet.payload[begin : begin + size]
        last = itch_rows_kernel.messages_span(np.frombuffer(payload, np.uint8))[2] + midnight
        self._offset, self.given = begin + size, self.given + count
        rest = self._data[self._offset :]
        following, first, _ = itch_rows_kernel.messages_span(rest)
        self.time_ns = first + midnight if following else last
        return payload, count, last


def _checked_speed(speed: float) -> float:
    if not 0 <= speed <= SPEED_MAX:
        raise InvalidInput(f"speed {speed:g} is not 0 (as fast as possible) up to {SPEED_MAX:,.0f}")
    return speed


def speed_of(text: str) -> float:
    """Read a multiple of the day's pace; 0 for `max`."""
    try:
        speed = 0.0 if text == "max" else float(text)
    except ValueError:
        speed = -1.0
    if speed < 0 or (speed == 0 and text != "max"):
        raise InvalidInput(f"--speed {text[:20]!r} is not 'max' or a number above 0")
    return speed


def instant_of(day: dt.date, text: str) -> int:
    """Read a time of a day in New York (`09:45:00.5`), or RFC 3339 text."""
    hours, _, rest = text.partition(":")
    if "T" in text or "-" in text or not hours.isdecimal():
        return parse_instant(text)
    whole = rest if rest.count(":") else f"{rest}:00"
    try:
        since = parse_instant(f"1970-01-01T{hours:0>2}:{whole}Z")
    except InvalidInput:
        raise InvalidInput(
            f"{text[:40]!r} is no time; '09:45:00.5' or '2026-11-20T14:45:00Z' would pass"
        ) from None
    return midnight_ns(day) + since
