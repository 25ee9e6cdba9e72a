"""A venue's door: what members meet of it. Instructions go in, reports and feed come out, each in its own time.

Behind a plain door the exchange answers at once. A `WaitingDoor` keeps everything for a while on the way in and on the
way out: a speed bump, or a venue that is slow or silent. Nothing overtakes anything on one way. Doors keep no clock:
every call says what time it is, and `next_ns` when something waits to be carried out.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from rushtrade.exchange.tables import VenueFullError

if TYPE_CHECKING:
    from rushtrade.exchange.venue import Exchange
    from rushtrade.wire.feed_packet import FeedPacket
    from rushtrade.wire.order_entry import Rows

WordT = TypeVar("WordT")

BATCHES_MAX: Final = 1 << 20
"""Batches kept waiting on one way: a venue that is silent for a day while its members go on sending is over."""


class Heard:
    """Reports and packets in the order in which they came out."""

    __slots__ = ("packets", "reports")

    def __init__(self) -> None:
        self.reports: list[Rows] = []
        self.packets: list[FeedPacket] = []


class Leak:
    """Word of an order that was seen: some of what it would have taken next is about to go."""

    __slots__ = ("locate", "shares", "side")

    def __init__(self, locate: int, side: int, shares: int) -> None:
        self.locate = locate
        self.side = side
        """The side of the book the order would take from: 0 bids, 1 asks."""
        self.shares = shares


class Door(Protocol):
    """What the market needs of every kind of venue."""

    exchange: Exchange

    @property
    def next_ns(self) -> int | None:
        """When the venue will do something by itself; None while it has no reason to."""

    @property
    def ready_ns(self) -> int | None:
        """When the next report may be heard; None when none waits behind the door. Nobody hurries to hear a feed."""

    def enter(self, batch: Rows, now_ns: int) -> None:
        """Take instructions."""

    def advance(self, now_ns: int) -> None:
        """Do what is due by now."""

    def collect(self, now_ns: int, heard: Heard) -> None:
        """Say what is to be heard by now."""

    def close(self, now_ns: int) -> None:
        """End the day: everything that waits is carried out and said."""

    def leaks(self) -> list[Leak]:
        """Take what has got about of members' orders since the last call."""


class PlainDoor:
    """An exchange that answers at once."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    @property
    def next_ns(self) -> int | None:
        """Never by itself."""
        return None

    @property
    def ready_ns(self) -> int | None:
        """Nothing waits."""
        return None

    def enter(self, batch: Rows, now_ns: int) -> None:
        """Carry instructions out."""
        self.exchange.enter(batch, now_ns)

    def advance(self, now_ns: int) -> None:
        """Nothing is ever due."""

    def collect(self, now_ns: int, heard: Heard) -> None:
        """Say all there is."""
        del now_ns
        if self.exchange.has_reports:
            heard.reports.append(self.exchange.reports())
        packet = self.exchange.feed()
        if packet is not None:
            heard.packets.append(packet)

    def close(self, now_ns: int) -> None:
        """End the day."""
        self.exchange.close(now_ns)

    def leaks(self) -> list[Leak]:
        """Nothing gets about: what stands here is for all to see."""
        return []


class Waits(Protocol):
    """How long a door keeps what comes at an instant."""

    def in_ns(self, now_ns: int) -> int:
        """Nanoseconds an instruction waits that comes now."""

    def out_ns(self, now_ns: int) -> int:
        """Nanoseconds a report waits that is ready now."""

    def feed_ns(self, now_ns: int) -> int:
        """Nanoseconds a packet of the feed waits that is ready now."""


class SteadyWaits:
    """Always the same: a speed bump. What it does to the feed is part of the feed's own way (`feed_latency_us`)."""

    def __init__(self, in_us: int, out_us: int) -> None:
        self._in_ns, self._out_ns = in_us * 1_000, out_us * 1_000

    def in_ns(self, now_ns: int) -> int:
        """As configured."""
        del now_ns
        return self._in_ns

    def out_ns(self, now_ns: int) -> int:
        """As configured."""
        del now_ns
        return self._out_ns

    def feed_ns(self, now_ns: int) -> int:
        """The feed goes at once."""
        del now_ns
        return 0


class WaitingDoor:
    """A door that keeps everything for a while, in and out."""

    def __init__(self, inner: Door, waits: Waits) -> None:
        self.exchange = inner.exchange
        self._inner = inner
        self._waits = waits
        self._coming: deque[tuple[int, Rows]] = deque()
        self._reports: deque[tuple[int, Rows]] = deque()
        self._packets: deque[tuple[int, FeedPacket]] = deque()
        self._closed = False

    @property
    def next_ns(self) -> int | None:
        """When the first instruction is through, or the venue behind has something to do."""
        coming = self._coming[0][0] if self._coming else None
        inner = self._inner.next_ns
        return inner if coming is None else coming if inner is None else min(coming, inner)

    @property
    def ready_ns(self) -> int | None:
        """When the first report is through."""
        return self._reports[0][0] if self._reports else self._inner.ready_ns

    def enter(self, batch: Rows, now_ns: int) -> None:
        """Keep instructions for their time; after the day's end there is nothing to wait for."""
        due_ns = _not_before(self._coming, now_ns + self._waits.in_ns(now_ns))
        if len(self._coming) >= BATCHES_MAX:
            raise VenueFullError(
                f"venue {self.exchange.venue} keeps {BATCHES_MAX:,} batches of instructions waiting already"
            )
        self._coming.append((due_ns, batch.copy()))
        self.advance(now_ns)

    def advance(self, now_ns: int) -> None:
        """Carry out what is through by now."""
        while self._coming and (self._closed or self._coming[0][0] <= now_ns):
            due_ns, batch = self._coming.popleft()
            at_ns = min(due_ns, now_ns)
            self._inner.advance(at_ns)
            self._inner.enter(batch, at_ns)
            self._listen(at_ns)
        self._inner.advance(now_ns)
        self._listen(now_ns)

    def collect(self, now_ns: int, heard: Heard) -> None:
        """Say what is through by now."""
        self._listen(now_ns)
        while self._reports and (self._closed or self._reports[0][0] <= now_ns):
            heard.reports.append(self._reports.popleft()[1])
        while self._packets and (self._closed or self._packets[0][0] <= now_ns):
            heard.packets.append(self._packets.popleft()[1])

    def close(self, now_ns: int) -> None:
        """End the day: what comes too late is refused by a closed venue, and all of it is heard."""
        self._inner.close(now_ns)
        self._closed = True
        self.advance(now_ns)

    def leaks(self) -> list[Leak]:
        """What has got about."""
        return self._inner.leaks()

    def _listen(self, now_ns: int) -> None:
        heard = Heard()
        self._inner.collect(now_ns, heard)
        if not heard.reports and not heard.packets:
            return
        if len(self._reports) + len(self._packets) >= BATCHES_MAX:
            raise VenueFullError(f"{BATCHES_MAX:,} words of venue {self.exchange.venue} wait to be heard")
        due_ns = _not_before(self._reports, now_ns + self._waits.out_ns(now_ns))
        self._reports.extend((due_ns, rows) for rows in heard.reports)
        due_ns = _not_before(self._packets, now_ns + self._waits.feed_ns(now_ns))
        self._packets.extend((due_ns, packet) for packet in heard.packets)


def _not_before(queue: deque[tuple[int, WordT]], due_ns: int) -> int:
    """When what comes last is through: not before what waits already."""
    return max(due_ns, queue[-1][0]) if queue else due_ns
