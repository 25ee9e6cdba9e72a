"""The client of published days: lines drained, books made of them, and the honesty to say when these are not known.

Books are *known* while every message from number 1 on was applied in order, or from an image on that a line has fetched. From the first number
that is missing, packets wait (at most `HELD_PACKETS_MAX`) for such an image; without one, messages are counted and not applied.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from rushtrade.books.best_series import digest
from rushtrade.books.order_books import OrderBooks
from rushtrade.datacenter.directory import Directory
from rushtrade.domain.errors import InvariantBroken
from rushtrade.feeds.events import EVENT
from rushtrade.gateway.file_line import ColumnLine
from rushtrade.gateway.line import SECOND_NS, BookImage, Line, LineHealth
from rushtrade.market.answers import MONTAGE_DEPTH_MAX
from rushtrade.market.market_data import MarketData
from rushtrade.rules.participants import TAPES, with_centres
from rushtrade.rules.world_file import load_world
from rushtrade.wire.errors import WireError
from rushtrade.wire.feed_packet import FeedPacket

PAUSE_S = 0.005
"""Rest when nothing came: a hundredth of the time in which a gap must be seen."""
HELD_PACKETS_MAX = 4096
WORLD = "us-2026"
"""Whose venues the letters of a recorded feed are."""
STATES_KEPT = 100
"""Changes of state reported at the end, the latest ones."""


class Watched(msgspec.Struct, frozen=True):
    """What a watch saw of one line. `digest` is that of the books, empty when they are not known; `known` says whether they are.

    Of a line of columns `orders` are the price levels, and the digest is over them.
    """

    session: str
    messages: int
    known: bool
    orders: int
    digest: str
    ended: bool
    reason: str
    rebuilds: int
    health: LineHealth
    states: list[tuple[str, int]]
    anomalies: dict[str, int]


class WatchedBooks:
    """Books fed with numbered packets, known as long as none is missing."""

    def __init__(self) -> None:
        self.books = OrderBooks()
        self.known = True
        self.messages = self.rebuilds = 0
        self.fault = ""
        self._next = 1
        self._held: deque[FeedPacket] = deque(maxlen=HELD_PACKETS_MAX)

    def take(self, packets: Sequence[FeedPacket]) -> None:
        """Apply packets in order; a hole or an unreadable message makes the books unknown."""
        for packet in packets:
            self.messages += packet.count
            self._apply(packet)

    def rebuild(self, image: BookImage) -> bool:
        """Begin again from an image, and go on with what waits behind it; whether the books are known now."""
        self.books = OrderBooks()
        try:
            self.books.feed(image.payload)
        except WireError as error:
            self.fault = f"book image: {error}"
            return False
        self.known, self.fault, self._next = True, "", image.sequence
        self.rebuilds += 1
        waiting, self._held = self._held, deque(maxlen=HELD_PACKETS_MAX)
        for packet in waiting:
            self._apply(packet)
        return self.known

    def _apply(self, packet: FeedPacket) -> None:
        if not self.known:
            self._held.append(packet)
            return
        begin = _place(packet, self._next)
        if begin < 0:
            return
        if packet.sequence > self._next:
            self._lose(f"messages {self._next:,} to {packet.sequence - 1:,} are missing", packet)
            return
        fresh = packet.sequence + packet.count - self._next
        self._next += fresh
        try:
            applied = self.books.feed(packet.payload, begin).messages
        except WireError as error:
            self._lose(f"packet {packet.sequence:,}: {error}", packet)
            return
        if applied != fresh:
            self._lose(f"packet {packet.sequence:,} says {fresh} new messages and holds {applied}", packet)

    @property
    def orders(self) -> int:
        """Orders that rest."""
        return self.books.orders

    def digest(self) -> str:
        """Digest of the books."""
        return digest(self.books)

    def anomalies(self) -> dict[str, int]:
        """What contradicted the books."""
        return self.books.anomalies()

    def _lose(self, reason: str, packet: FeedPacket) -> None:
        self.known, self.fault = False, reason
        self._held.append(packet)


def _place(packet: FeedPacket, number: int) -> int:
    """Where message `number` begins in a packet, 0 when the packet lies behind it; -1 when all of it is before."""
    if packet.sequence + packet.count <= number:
        return -1
    at = 0
    for _ in range(number - packet.sequence):
        at += 2 + int.from_bytes(packet.payload[at : at + 2], "big")
    return at


class WatchedColumns:
    """What a line of columns makes of quotes and levels: a market of its own, of all venues the line may speak of.

    Its books are known as long as no number was missing; a hole in levels, and in quotes until each came anew, is not.
    """

    def __init__(self) -> None:
        world = with_centres(load_world(WORLD), list(TAPES))
        self.market = MarketData({}, [venue.code for venue in world.venues])
        self.market.open_day(0)
        self.messages = self.rebuilds = 0
        self._directory = Directory([])
        self._symbols: dict[int, str] = {}

    @property
    def fault(self) -> str:
        """Why the books are not known; empty when they are."""
        missed = sum(state.gaps for state in self.market.line_states())
        return f"numbers are missing at {missed:,} places" if missed else ""

    @property
    def known(self) -> bool:
        """Whether the books are."""
        return not self.fault

    def take(self, packets: Sequence[FeedPacket]) -> None:
        """Give rows to the market, which learns of new stocks first."""
        for packet in packets:
            listings = self._directory.new_among(np.frombuffer(packet.payload, EVENT))
            first = len(self._symbols) + 1
            new = {number: listing.symbol for number, listing in enumerate(listings, first)}
            self._symbols.update(new)
            self.market.add_instruments(new)
            self.market.receive(packet)
            self.messages += packet.count

    def rebuild(self, image: BookImage) -> bool:
        """Nobody gives images of columns."""
        raise InvariantBroken(f"an image of line {image.venue}, which has no orders")

    @property
    def orders(self) -> int:
        """Levels of all books."""
        return sum(len(self.market.montage(number, MONTAGE_DEPTH_MAX)) for number in self._symbols)

    def digest(self) -> str:
        """SHA-256 over the levels of all books, by symbol, venue, side and price."""
        sums = hashlib.sha256()
        for symbol, number in sorted((symbol, number) for number, symbol in self._symbols.items()):
            for row in self.market.montage(number, MONTAGE_DEPTH_MAX):
                sums.update(f"{symbol} {' '.join(map(str, row))}\n".encode())
        return sums.hexdigest()

    def anomalies(self) -> dict[str, int]:
        """What the market left out."""
        found: dict[str, int] = {}
        for state in self.market.line_states():
            for name, count in state.anomalies.items():
                found[name] = found.get(name, 0) + count
        return found


class Watch:
    """Lines, and the books they make."""

    def __init__(self, lines: Sequence[Line], patience_s: float) -> None:
        self.lines = tuple(lines)
        self.books: list[WatchedBooks | WatchedColumns] = [
            WatchedColumns() if isinstance(line, ColumnLine) else WatchedBooks() for line in lines
        ]
        self.states: list[deque[tuple[str, int]]] = [deque(maxlen=STATES_KEPT) for _ in lines]
        self._patience_ns = int(patience_s * SECOND_NS)
        self.opened = asyncio.Event()

    async def run(self, tell: Callable[[list[LineHealth]], None] | None = None) -> None:
        """Watch until every line's session has ended, or all have been silent for too long. `tell` hears of their health every second."""
        told_ns = 0
        try:
            for line in self.lines:
                await line.open()
            self.opened.set()
            while True:
                now_ns = time.time_ns()
                busy = self._look(now_ns)
                health = self.health(now_ns)
                if tell and now_ns - told_ns >= SECOND_NS:
                    told_ns = now_ns
                    tell(health)
                if all(each.ended or each.silence_ns > self._patience_ns for each in health):
                    return
                await asyncio.sleep(0 if busy else PAUSE_S)
        finally:
            for line in self.lines:
                await line.close()

    def _look(self, now_ns: int) -> bool:
        """Take what came; whether anything did."""
        busy = False
        for line, books in zip(self.lines, self.books, strict=True):
            packets = line.drain(now_ns)
            busy |= bool(packets)
            books.take(packets)
            image = line.image()
            if image is not None and not books.rebuild(image):
                line.ask_image(books.fault)
        return busy

    def health(self, now_ns: int) -> list[LineHealth]:
        """How the lines are; their states are noted, and a line whose messages cannot be read is asked for an image."""
        found = [line.health(now_ns) for line in self.lines]
        for line, books, states, health in zip(self.lines, self.books, self.states, found, strict=True):
            if not states or states[-1][0] != health.state:
                states.append((health.state, health.next_number))
            if not books.known and not health.gap_since_ns:
                line.ask_image(books.fault)
        return found

    def report(self) -> list[Watched]:
        """What there is to say at the end."""
        health = self.health(time.time_ns())
        return [
            Watched(
                session=each.session,
                messages=books.messages,
                known=books.known,
                orders=books.orders if books.known else 0,
                digest=books.digest() if books.known else "",
                ended=each.ended,
                reason=books.fault or ("" if each.ended else each.reason or "the watch was ended"),
                rebuilds=books.rebuilds,
                health=each,
                states=list(states),
                anomalies={name: count for name, count in books.anomalies().items() if count},
            )
            for books, states, each in zip(self.books, self.states, health, strict=True)
        ]
