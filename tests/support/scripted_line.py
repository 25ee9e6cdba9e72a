"""A line that says what a test tells it to: packets in, health as set; the twin of what sockets bring."""

from __future__ import annotations

from collections import deque

import msgspec

from rushtrade.gateway.line import LIVE, BookImage, LineHealth
from rushtrade.wire.feed_packet import FeedPacket

WELL = LineHealth(
    venue=0,
    name="line",
    kind="scripted",
    state=LIVE,
    since_ns=0,
    reason="",
    session="DAY",
    next_number=1,
    messages=0,
    rate=0,
    packets={"A": 0},
    repeats=0,
    holes=0,
    missing=0,
    requests=0,
    given_up=0,
    malformed=0,
    foreign=0,
    connections=1,
    images=0,
    gap_since_ns=0,
    lag_ns=None,
    source_ns=0,
    silence_ns=0,
    ended=False,
)


class ScriptedLine:
    """A line of venue `venue`."""

    def __init__(self, venue: int = 0, name: str = "line") -> None:
        self.venue, self.name = venue, name
        self.told = msgspec.structs.replace(WELL, venue=venue, name=name)
        self.waiting: deque[FeedPacket] = deque()
        self.images: deque[BookImage] = deque()
        self.asked: list[str] = []
        self.next_number = 1

    def say(self, *messages: bytes) -> None:
        """Bring whole messages, numbered on."""
        self.bring(FeedPacket(self.venue, self.next_number, len(messages), b"".join(messages)))
        self.next_number += len(messages)

    def bring(self, packet: FeedPacket) -> None:
        """Bring a packet as it is."""
        self.waiting.append(packet)

    def be(self, **health: object) -> None:
        """Set what the line says of itself."""
        self.told = msgspec.structs.replace(self.told, **health)

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    def drain(self, now_ns: int) -> list[FeedPacket]:
        del now_ns
        found = list(self.waiting)
        self.waiting.clear()
        return found

    def image(self) -> BookImage | None:
        return self.images.popleft() if self.images else None

    def ask_image(self, reason: str) -> None:
        self.asked.append(reason)

    def health(self, now_ns: int) -> LineHealth:
        del now_ns
        return self.told

    def descriptors(self) -> list[int]:
        return []
