"""The data center as it runs: lines are drained into the market data, gaps rebuilt, and all of it measured.

Refuses to know sockets, clocks, customers and journals: lines hide how bytes come, every instant is handed in, and whoever owns
the instruments is asked for the ids of new ones.

Theory of operation. `look` is called as often as something may have come, at least every `LOOK_INTERVAL_NS`. It takes what every
line has whole and in order, makes new stocks known, gives the packets to the books and then to the followers (tick store,
fan-out), in exactly the order in which the books saw them: whoever follows can do the same and has the same books. Long packets
are cut into pieces, and after each the followers read what became of it, before the rings it stands in come round. A line that brought
more than a look may take waits, undrained, for the next: so a busy line holds nobody up. An image a
line fetched goes into the books behind what was drained before it, and before anything drained later; what had waited for it follows in
bounded pieces, a share a look. Books that lost their way although the line did not (a message
nobody can read) make the center ask the line for an image, at most once a second. `measure`, once a second, turns all this
into the status a desk sees and into alarms.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec
import numpy as np
import structlog

from rushtrade.datacenter import vitals
from rushtrade.datacenter.alarms import AlarmBoard, AlarmTurn
from rushtrade.datacenter.book_counts import BookCounts
from rushtrade.datacenter.directory import Directory
from rushtrade.datacenter.limits import AlarmLimits
from rushtrade.datacenter.line_meter import LineMeter
from rushtrade.datacenter.status import (
    CenterStatus,
    ClientStatus,
    FanOutStatus,
    LineStatus,
    Role,
    StoreStatus,
    verdict,
)
from rushtrade.domain.instants import MILLISECOND, SECOND
from rushtrade.feeds.events import EVENT
from rushtrade.gateway.line import CLOSED, LIVE, STALE, BookImage, Line
from rushtrade.market.market_data import MarketData
from rushtrade.market.market_kernel import messages_length
from rushtrade.market.reference import Listing
from rushtrade.wire.feed_packet import COLUMNS, FeedPacket

LOOK_INTERVAL_NS = 20 * MILLISECOND
"""Longest time between two looks: what a line needs to ask again in time."""
MEASURE_INTERVAL_NS = SECOND
"""A gap must be seen within a second; more often, a person would not see it sooner."""
PIECE_MESSAGES = 1 << 12
"""Messages the books are given between two reads of the followers: a message changes at most two best quotes, the market keeps
16,384 changes, so none is lost even where a message of the whole market changes every stock."""
LOOK_MESSAGES = 1 << 14
"""Messages taken in one look, of all lines: some twenty milliseconds of work; then everybody else has a turn."""
IMAGE_INTERVAL_NS = SECOND
"""Between two images asked for the same venue."""

log = structlog.get_logger(__name__)


class Follower(Protocol):
    """Who hears everything the books were given, in the same order."""

    def packet(self, packet: FeedPacket, now_ns: int) -> None:
        """Hear of a packet that was given to the books."""

    def image(self, image: BookImage, now_ns: int) -> None:
        """Hear that a venue's books were rebuilt from an image."""

    def passed(self, market_ns: int, now_ns: int) -> None:
        """Hear that market time passed for the books without a message."""

    def settled(self, data: MarketData, symbols: Mapping[int, str], now_ns: int) -> None:
        """Hear that the books have taken what was told: what became of it (best quotes, trades) can be read now."""

    def learned(self, symbols: dict[int, str], now_ns: int) -> None:
        """Hear of new instruments (id → symbol), before the first packet that may speak of them."""


class Learn(Protocol):
    """Makes the house know stocks a feed has announced."""

    def __call__(self, listings: Sequence[Listing]) -> dict[int, str]:
        """Take new stocks; the market data knows them when it returns. Gives id → symbol."""


class Others(msgspec.Struct, frozen=True):
    """What is measured elsewhere and shown with the rest."""

    clients: Sequence[ClientStatus] = ()
    store: StoreStatus | None = None
    fan_out: FanOutStatus | None = None
    lines: Sequence[LineStatus] = ()
    """Of a gateway: how its host's lines are."""


class Center:
    """One data center: its lines, its market data, its alarms."""

    def __init__(
        self,
        name: str,
        data: MarketData,
        symbols: dict[int, str],
        lines: Sequence[Line],
        learn: Learn,
        *,
        trade_date: str,
        live: bool = False,
        limits: AlarmLimits | None = None,
        role: Role = "host",
    ) -> None:
        """`symbols` (id → symbol) are what the market data knows already; `trade_date` is ISO text.

        `live`: market time is the clock's; of another day it is what the feeds say.
        """
        self.name = name
        self.data = data
        self.symbols = dict(symbols)
        self.lines = tuple(lines)
        self.alarms = AlarmBoard(limits or AlarmLimits(), log_turn)
        self.followers: list[Follower] = []
        self.status: CenterStatus | None = None
        self._directory = Directory(symbols.values())
        self._learn = learn
        self._role: Role = role
        self.trade_date = trade_date
        self._live = live
        self._started_ns = 0
        self._meters = [LineMeter() for _ in self.lines]
        self._asked_ns = [0] * len(self.lines)
        self._waiting: list[deque[FeedPacket]] = [deque() for _ in self.lines]
        """Drained and not given to the books yet: never more than one drain of each line."""
        self._books = BookCounts()
        self._clock = vitals.ClockWatch()
        self._listeners: list[Callable[[Sequence[int]], None]] = []

    def on_touched(self, listener: Callable[[Sequence[int]], None]) -> Callable[[], None]:
        """Call `listener` with instruments whose quote or trades changed; give what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def ended(self) -> bool:
        """True when every line's session has ended and all that came of it was given to the books."""
        told = self.status is not None and all(line.ended for line in self.status.lines)
        return told and not any(self._waiting)

    @property
    def market_time_ns(self) -> int:
        """Newest source time of any venue; 0 before the first message."""
        return max((state.last_time_ns for state in self.data.line_states()), default=0)

    # ------------------------------------------------------------ data

    def look(self, now_ns: int) -> int:
        """Take what the lines have, and tell listeners what it touched. Gives how many messages were taken: 0 when nothing waits."""
        share = max(LOOK_MESSAGES // max(len(self.lines), 1), 1)
        taken = sum(self._look_at(place, share, now_ns) for place in range(len(self.lines)))
        self.tell()
        return taken

    def _look_at(self, place: int, share: int, now_ns: int) -> int:
        """Take about `share` messages of a line."""
        line, waiting, taken = self.lines[place], self._waiting[place], 0
        if self.data.is_catching_up(line.venue):
            return self._catch_up(place, line, share, now_ns)
        if not waiting:
            for packet in line.drain(now_ns):
                waiting.extend(pieces(packet))
        while waiting and taken < share:
            piece = waiting.popleft()
            self._take(piece, now_ns)
            taken += piece.count
        if not waiting and (image := line.image()) is not None:
            self._rebuild(line, image, now_ns)
            taken += self._catch_up(place, line, max(share - taken, 1), now_ns)
        return taken

    def tell(self) -> None:
        """Tell listeners which instruments changed since the last time."""
        touched = self.data.touched()
        if touched:
            for listener in list(self._listeners):
                listener(touched)

    def _take(self, packet: FeedPacket, now_ns: int) -> None:
        self._make_known(packet.payload, now_ns, columns=packet.form == COLUMNS)
        self.data.receive(packet)
        for follower in self.followers:
            follower.packet(packet, now_ns)
        self._settle(now_ns)

    def _settle(self, now_ns: int) -> None:
        for follower in self.followers:
            follower.settled(self.data, self.symbols, now_ns)

    def _make_known(self, payload: bytes, now_ns: int, *, columns: bool = False) -> None:
        if columns:
            listings = self._directory.new_among(np.frombuffer(payload, EVENT))
        else:
            listings = self._directory.new_in(payload)
        if not listings:
            return
        learned = self._learn(listings)
        self.symbols.update(learned)
        for follower in self.followers:
            follower.learned(learned, now_ns)

    def _rebuild(self, line: Line, image: BookImage, now_ns: int) -> None:
        self._make_known(image.payload, now_ns)
        self.data.begin_rebuild(image.venue, image.sequence, image.payload)
        for follower in self.followers:
            follower.image(image, now_ns)
        self._settle(now_ns)
        size = len(image.payload)
        log.info(
            "books begun from an image",
            line=line.name,
            venue=image.venue,
            sequence=image.sequence,
            bytes=size,
        )

    def _catch_up(self, place: int, line: Line, share: int, now_ns: int) -> int:
        """Take about `share` messages of those that waited for an image; what the line has meanwhile stays there."""
        taken = 0
        while taken < share and self.data.is_catching_up(line.venue):
            taken += self.data.catch_up(line.venue, PIECE_MESSAGES)
            self._settle(now_ns)
        known = self.data.line_states()[line.venue].state != "gap"
        if not known and not self.data.is_catching_up(line.venue):
            self._ask_image(place, line, "the image does not join what follows it", now_ns)
        return taken

    def take_image(self, image: BookImage) -> bool:
        """Rebuild a venue's books in one go; True when its line is live again."""
        live = self.data.rebuild(image.venue, image.sequence, image.payload)
        size = len(image.payload)
        log.info("books rebuilt", venue=image.venue, sequence=image.sequence, bytes=size, live=live)
        return live

    def _ask_image(self, place: int, line: Line, reason: str, now_ns: int) -> None:
        if now_ns - self._asked_ns[place] >= IMAGE_INTERVAL_NS:
            self._asked_ns[place] = now_ns
            log.warning("book image asked for", line=line.name, reason=reason)
            line.ask_image(reason)

    # ------------------------------------------------------------ measures

    def measure(self, now_ns: int, steady_ns: int, others: Others | None = None) -> CenterStatus:
        """Look at everything, once a second: raise and clear alarms, give what a desk sees.

        `steady_ns` is a clock that nobody sets: where the two part, somebody set the other one.
        """
        others = others or Others()
        self._started_ns = self._started_ns or now_ns
        self._pass_time(now_ns)
        lines = [*self._measure_lines(now_ns), *others.lines]
        books = self._books.count(self.data, self.symbols, now_ns)
        step_ms = self._clock.step_ms(now_ns, steady_ns)
        self.alarms.measure("clock-skew", "this machine's clock was set", step_ms, now_ns)
        vitals.measure_books(self.alarms, books, now_ns)
        vitals.measure_store(self.alarms, others.store, now_ns)
        vitals.measure_clients(self.alarms, others.clients, now_ns)
        vitals.measure_fan_out(self.alarms, others.fan_out, now_ns)
        self.alarms.end_look(now_ns)
        active = self.alarms.active()
        good, told = verdict(lines, active, books)
        self.status = CenterStatus(
            name=self.name,
            role=self._role,
            good=good,
            verdict=told,
            now_ns=now_ns,
            market_time_ns=self.market_time_ns,
            trade_date=self.trade_date,
            started_ns=self._started_ns,
            alarms=active,
            lines=lines,
            books=books,
            store=others.store,
            clients=others.clients,
            fan_out=others.fan_out,
        )
        return self.status

    def _pass_time(self, now_ns: int) -> None:
        """Let quotes of silent venues age. A follower does so by itself, when it is told."""
        market_ns = now_ns if self._live else self.market_time_ns
        if not self.lines or not market_ns or self._role == "house":
            return  # a gateway is told by its host, a house moves its own time
        self.data.advance(market_ns)
        for follower in self.followers:
            follower.passed(market_ns, now_ns)
        self._settle(now_ns)

    def _measure_lines(self, now_ns: int) -> list[LineStatus]:
        books = self.data.line_states()
        found = []
        for place, (line, meter) in enumerate(zip(self.lines, self._meters, strict=True)):
            health = line.health(now_ns)
            status = meter.note(health, books[line.venue], now_ns)
            ahead_ms = -(health.lag_ns or 0) // MILLISECOND
            vitals.measure_line(self.alarms, status, meter, now_ns, ahead_ms)
            if status.books == "gap" and health.state in {LIVE, STALE, CLOSED}:
                self._ask_image(place, line, books[line.venue].fault, now_ns)
            found.append(status)
        return found


def pieces(packet: FeedPacket) -> Iterator[FeedPacket]:
    """Cut a packet into pieces of at most `PIECE_MESSAGES`. What is not whole stays together: the books say what is wrong with it."""
    if packet.form == COLUMNS:
        yield from _pieces_of_columns(packet)
        return
    data = np.frombuffer(packet.payload, np.uint8)
    sequence, left, begin = packet.sequence, packet.count, 0
    while left > PIECE_MESSAGES:
        size = messages_length(data[begin:], PIECE_MESSAGES)
        if size < 0:
            break
        yield FeedPacket(packet.venue, sequence, PIECE_MESSAGES, packet.payload[begin : begin + size])
        sequence, left, begin = sequence + PIECE_MESSAGES, left - PIECE_MESSAGES, begin + size
    yield FeedPacket(packet.venue, sequence, left, packet.payload[begin:]) if begin else packet


def _pieces_of_columns(packet: FeedPacket) -> Iterator[FeedPacket]:
    size = EVENT.itemsize
    for first in range(0, packet.count, PIECE_MESSAGES):
        payload = packet.payload[first * size : (first + PIECE_MESSAGES) * size]
        yield FeedPacket(packet.venue, packet.sequence + first, len(payload) // size, payload, COLUMNS)


def log_turn(turn: AlarmTurn) -> None:
    """Write an alarm's turn to the log."""
    alarm = turn.alarm
    say = log.warning if turn.raised else log.info
    say(
        "alarm raised" if turn.raised else "alarm over",
        alarm=alarm.code,
        subject=alarm.subject,
        value=alarm.value if turn.raised else alarm.worst,
        limit=alarm.limit,
        unit=alarm.unit,
        text=alarm.text,
        runbook=alarm.runbook,
        lasted_ms=(turn.time_ns - alarm.since_ns) // MILLISECOND,
    )
