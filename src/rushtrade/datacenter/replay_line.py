"""A stored day as lines of a data center: one a venue, all of one replay that can be paused, sped up, stepped and sought.

    replay = StoredReplay(DIR, date, speed=10)
    lines = replay_lines(replay, {"XNAS": 0}, begin_anew)

Whoever looks at the lines drives the replay: what is due is taken once a look and dealt to the venues' lines in order. A seek
backward calls `begin_anew` with the day's midnight, which empties books and tape, and gives images where the replay begins from
checkpoints. Without a clock of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from rushtrade.archive.replay import Rebuilt, Restart, Said, StoredReplay
from rushtrade.domain.errors import InvalidInput
from rushtrade.gateway.line import CLOSED, LIVE, BookImage, LineHealth, Rate, StateClock
from rushtrade.wire.feed_packet import FeedPacket


class _Dealer:
    """Takes what is due and deals it to the lines."""

    def __init__(self, replay: StoredReplay, begin_anew: Callable[[int], None]) -> None:
        self.replay = replay
        self.packets: list[deque[FeedPacket]] = [deque() for _ in replay.venues]
        self.images: list[deque[Rebuilt]] = [deque() for _ in replay.venues]
        self._said: deque[Said] = deque()
        self._begin_anew = begin_anew

    def deal(self, now_ns: int) -> None:
        """Take what is due by now, unless some of what was due is still to be taken."""
        if any(self.packets) or any(self.images):
            return
        if not self._said:
            self._said.extend(self.replay.advance(now_ns))
        while self._said:
            said = self._said[0]
            if isinstance(said, Restart):
                self._begin_anew(said.midnight_ns)
            elif isinstance(said, Rebuilt):
                if self.packets[said.venue]:
                    return  # what was said before the image is taken first
                self.images[said.venue].append(said)
            elif self.images[said.venue]:
                return
            else:
                self.packets[said.venue].append(said)
            self._said.popleft()


class ReplayLine:
    """See `gateway.line.Line`."""

    def __init__(self, dealer: _Dealer, place: int, venue: int, name: str) -> None:
        self.venue, self.name = venue, name
        self._dealer, self._place = dealer, place
        self._next = self._messages = self._images = self._source_ns = 0
        self._rate, self._state_clock = Rate(), StateClock()

    async def open(self) -> None:
        """Nothing is to be opened: the replay holds the day."""

    async def close(self) -> None:
        """Let what waits go."""
        self._dealer.packets[self._place].clear()

    def drain(self, now_ns: int) -> list[FeedPacket]:
        """Give what the replay says by now; nothing as long as an image has to be taken first."""
        self._dealer.deal(now_ns)
        waiting = self._dealer.packets[self._place]
        if self._dealer.images[self._place]:
            return []
        given = [FeedPacket(self.venue, each.sequence, each.count, each.payload) for each in waiting]
        waiting.clear()
        if given:
            count = sum(packet.count for packet in given)
            self._next = given[-1].sequence + given[-1].count
            self._messages += count
            self._rate.note(now_ns, count)
            self._source_ns = self._dealer.replay.time_ns
        return given

    def image(self) -> BookImage | None:
        """Give the image a replay begins from, or one that once closed a gap."""
        waiting = self._dealer.images[self._place]
        if not waiting:
            return None
        image = waiting.popleft()
        self._images += 1
        self._next = image.sequence
        return BookImage(self.venue, image.sequence, image.payload)

    def ask_image(self, reason: str) -> None:
        """What was not known that day is not known in its replay."""

    def descriptors(self) -> list[int]:
        """None: a stored day is always ready."""
        return []

    def health(self, now_ns: int) -> LineHealth:
        """How the line is: live until the day is at its end."""
        position = self._dealer.replay.position()
        ended = position.state == "ended" and not self._dealer.packets[self._place]
        state = CLOSED if ended else LIVE
        return LineHealth(
            venue=self.venue,
            name=self.name,
            kind="file",
            state=state,
            since_ns=self._state_clock.since(state, now_ns),
            reason="the stored day is at its end" if ended else "",
            session=f"replay of {position.trade_date}, {position.state}",
            ended=ended,
            next_number=self._next,
            messages=self._messages,
            rate=self._rate.at(now_ns),
            packets={},
            repeats=0,
            holes=0,
            missing=0,
            requests=0,
            given_up=0,
            malformed=0,
            foreign=0,
            connections=0,
            images=self._images,
            gap_since_ns=0,
            lag_ns=None,
            source_ns=self._source_ns,
            silence_ns=0,
        )


def replay_lines(
    replay: StoredReplay, places: Mapping[str, int], begin_anew: Callable[[int], None]
) -> list[ReplayLine]:
    """Give the lines of a replay; `places` says which place of the market each stored venue takes."""
    missing = [name for name in replay.venues if name not in places]
    if missing:
        raise InvalidInput(
            f"the stored venue {missing[0]!r} has no place in this market; it knows {', '.join(places)}"
        )
    dealer = _Dealer(replay, begin_anew)
    return [ReplayLine(dealer, place, places[name], name) for place, name in enumerate(replay.venues)]
