"""The market of a world: one exchange per venue behind a door of its kind, and the flow that gives them their books.

Composition. Which venues there are, of which kind and in which order, is the world's business; every venue is named by
its place in the world. Time comes in with every call, and passes from one thing that is due to the next: orders come out
of a speed bump, a pool's crowd changes, quotes reach the other venues.
"""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rushtrade.domain.instruments import EquityClass
from rushtrade.exchange.venue import Exchange
from rushtrade.marketplace.door import Door, Heard, PlainDoor, SteadyWaits, WaitingDoor
from rushtrade.marketplace.faults import Fault, let_fade, with_faults
from rushtrade.marketplace.midpoint_pool import MidpointPool
from rushtrade.marketplace.national_quotes import WATCH_NS, NationalQuotes
from rushtrade.marketplace.supervision import Supervision
from rushtrade.marketplace.volatility import Volatility
from rushtrade.marketplace.wholesaler import Wholesaler
from rushtrade.rules.sessions import session_on
from rushtrade.wire import order_entry as oe
from rushtrade.wire.order_entry import BUY, ENTER, SELL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rushtrade.marketplace.flow import Flow
    from rushtrade.rules.world import Venue, World
    from rushtrade.wire.feed_packet import FeedPacket
    from rushtrade.wire.order_entry import Rows


FINEST_TICK = 1
"""Of a wholesaler, whose prices are better than the quote by less than a cent."""
KERNEL_DAY = dt.date(2026, 1, 2)
"""Any trading day, to try the kernels with."""
LOOKS_EVERY_NS = 1_000_000
"""How far time may come in steps shorter than the quotes' way, before the others' quotes are looked at all the same."""


class Collected(NamedTuple):
    """What left the venues since the last look: reports by venue, and the feeds of those where something happened."""

    reports: list[tuple[int, Rows]]
    packets: list[FeedPacket]


def load_kernels() -> None:
    """Bring every compiled kernel of a venue into the process, so that a member's first order finds them ready.

    From the cache on disk this takes a fraction of a second; the first time on a machine they are compiled, which takes
    some seconds.
    """
    venue = Exchange(0, ["A"], 0)
    venue.open(0)
    rows = np.zeros(4, oe.ORDER_ENTRY)
    rows["kind"] = (oe.ENTER, oe.ENTER, oe.REPLACE, oe.CANCEL)
    rows["side"] = (oe.BUY, oe.SELL, 0, 0)
    rows["locate"] = rows["firm"] = 1
    rows["token"] = (1, 2, 3, 4)
    rows["original_token"] = (0, 0, 1, 3)
    rows["price"] = 10_000
    rows["shares"] = (200, 100, 200, 0)
    venue.enter(rows, 0)
    venue.reports()
    venue.feed()
    venue.book_image(0)
    quotes = NationalQuotes([venue], [True], [True])
    quotes.watch([1], 0)
    quotes.look(2 * WATCH_NS)
    Volatility([venue], quotes, KERNEL_DAY, {}, {}, session_on(KERNEL_DAY)).look(0)
    let_fade(venue, 1, oe.BUY, venue.displayed_best(1, 1))
    venue.close(0)


class Market:
    """All venues of `world`, each listing `symbols` (locate = place in `symbols`, from 1), driven by `flow`.

    `round_lots` (of each symbol, shares) goes into the venues' directories. `seed` is that of all chance behind the doors;
    `faults` are what venues are to get wrong. With a `day`, venues are supervised by its rules; `closes`: last closes by symbol.
    """

    def __init__(
        self,
        world: World,
        symbols: Sequence[str],
        flow: Flow,
        *,
        round_lots: Sequence[int] | None = None,
        tick: int = 100,
        sub_dollar_tick: int = 1,
        seed: int = 0,
        faults: Sequence[Fault] = (),
        day: dt.date | None = None,
        closes: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.world = world
        self.flow = flow
        self.symbols = tuple(symbols)
        self.venues = tuple(
            Exchange(
                venue.index,
                self.symbols,
                flow.midnight_ns,
                round_lots=round_lots,
                tick=FINEST_TICK if venue.maker else tick,
                sub_dollar_tick=sub_dollar_tick,
            )
            for venue in world.venues
        )
        self.doors = tuple(
            with_faults(
                _door(venue, exchange, seed), [fault for fault in faults if fault.venue == venue.index]
            )
            for venue, exchange in zip(world.venues, self.venues, strict=True)
        )
        self.quotes = NationalQuotes(
            self.venues, [venue.protected for venue in world.venues], [True] * len(self.venues)
        )
        self._busy = [door for door in self.doors if type(door) is not PlainDoor]
        self._listened = [
            (door, None if isinstance(door, WaitingDoor) else door.exchange.engine.tables)
            for door in self.doors
        ]
        """Doors, and the tables behind those that keep nothing to themselves."""
        self._now_ns = flow.midnight_ns
        self._looked_ns = 0
        self.supervision = (
            None
            if day is None
            else Supervision(world, self.venues, self.quotes, day, closes, index=world.index)
        )
        flow.bind(self.venues, _weights(world, self.symbols))

    def restrict_short_sales(self, symbols: Sequence[str]) -> None:
        """Begin the day with stocks that Rule 201 restricts since the day before; before `open`."""
        if self.supervision is not None:
            self.supervision.restricted.update(dict.fromkeys(symbols))

    @property
    def restricted_tomorrow(self) -> tuple[str, ...]:
        """Stocks that Rule 201 restricts on the next trade date: those that fell far enough on this one."""
        return () if self.supervision is None else tuple(self.supervision.triggered)

    @property
    def is_open(self) -> bool:
        """True between `open` and `close`."""
        return all(venue.is_open for venue in self.venues)

    @property
    def finished(self) -> bool:
        """True when the flow has ended: there is no market any more."""
        return self.flow.finished

    def is_over(self, now_ns: int) -> bool:
        """Tell whether nothing more can trade: the flow has ended, or the last session of a supervised day."""
        supervised = self.supervision
        return self.finished or (supervised is not None and now_ns >= supervised.session.post_close_ns)

    @property
    def next_ns(self) -> int | None:
        """When a venue has something to do or to say that it keeps until then; None when all is said."""
        dues = [due for door in self._busy for due in (door.next_ns, door.ready_ns) if due is not None]
        return min(dues, default=None)

    def open(self, now_ns: int | None = None) -> None:
        """Open every venue, at the time of the flow's first message unless told otherwise."""
        at_ns = self.flow.first_ns if now_ns is None else now_ns
        if self.supervision is not None:
            self.supervision.open(at_ns)
            return
        for venue in self.venues:
            venue.open(at_ns)

    def advance(self, until_ns: int) -> None:
        """Let the background flow, and what is due behind the doors, happen up to `until_ns`."""
        while True:
            dues = [door.next_ns for door in self._busy]
            if self.supervision is not None:
                dues.append(self.supervision.next_ns)
            due_ns = min((due for due in dues if due is not None), default=until_ns)
            if due_ns >= until_ns:
                break
            self._live(max(due_ns, self._now_ns))
        self._live(until_ns)

    def _live(self, now_ns: int) -> None:
        """Let the flow happen up to an instant; the venues know the others' quotes of a moment before."""
        if self.quotes.is_needed:
            self._look(now_ns)
        self.flow.advance(now_ns)
        self._now_ns = max(self._now_ns, now_ns)
        if self.supervision is not None:
            self.supervision.advance(now_ns)
        for door in self._busy:
            door.advance(now_ns)
            self._let_leaks_out(door)

    def _look(self, now_ns: int) -> None:
        known_ns = now_ns - self.quotes.sip_ns
        if known_ns > self._now_ns:
            self.flow.advance(known_ns)
        elif known_ns < self._looked_ns + LOOKS_EVERY_NS:
            return
        self.quotes.look(known_ns)
        self._looked_ns = known_ns

    def deliver(self, venue_index: int, batch: Rows, now_ns: int) -> None:
        """Hand instructions to one venue; what the flow did before `now_ns` should have been let happen."""
        self._now_ns = max(self._now_ns, now_ns)
        if not self.quotes.is_needed:
            self._looked_ns = now_ns
        self.quotes.watch(_stocks(batch, len(self.symbols)), now_ns)
        door = self.doors[venue_index]
        door.enter(batch, now_ns)
        self._let_leaks_out(door)

    def _let_leaks_out(self, door: Door) -> None:
        """Whoever heard of an order takes their quotes away from where it would go next: the best ones, wherever they are."""
        for leak in door.leaks():
            side = BUY if leak.side else SELL
            for venue, exchange in zip(self.world.venues, self.venues, strict=True):
                if venue.protected:
                    price = exchange.displayed_best(leak.locate, leak.side)
                    let_fade(exchange, leak.locate, side, price, leak.shares)

    def collect(self) -> Collected:
        """Take what left the venues since the last call, in venue order."""
        reports: list[tuple[int, Rows]] = []
        packets: list[FeedPacket] = []
        for door, tables in self._listened:
            if tables is not None and not tables.has_news:
                continue
            heard = Heard()
            door.collect(self._now_ns, heard)
            reports.extend((door.exchange.venue, rows) for rows in heard.reports)
            packets.extend(heard.packets)
        return Collected(reports, packets)

    def close(self, now_ns: int) -> None:
        """End the day at every venue: members' orders are cancelled with reports."""
        self._now_ns = max(self._now_ns, now_ns)
        for door in self.doors:
            door.close(now_ns)


def _stocks(batch: Rows, count: int) -> list[int]:
    """The stocks that new orders of a batch are for, in the order of their places."""
    new = batch["locate"][batch["kind"] == ENTER]
    return [locate for locate in np.unique(new).tolist() if 0 < locate <= count]


def _door(venue: Venue, exchange: Exchange, seed: int) -> Door:
    """Give a venue the door of its kind."""
    if venue.pool is not None:
        return MidpointPool(exchange, venue.pool, seed)
    if venue.maker is not None:
        return Wholesaler(exchange, venue.maker, seed)
    door = PlainDoor(exchange)
    if venue.speed_bump is None:
        return door
    return WaitingDoor(door, SteadyWaits(venue.speed_bump.in_us, venue.speed_bump.out_us))


def _weights(world: World, symbols: Sequence[str]) -> dict[str, list[int]]:
    """The venues' weights for each stock: those of venues that take its class. A stock the world does not know is Nasdaq's."""
    classes = {row.symbol: row.equity_class for row in world.symbols}
    by_class = {
        row.equity_class: [venue.weight * world.takes(venue, row.equity_class) for venue in world.venues]
        for row in world.sequences
    }
    return {symbol: by_class[classes.get(symbol, EquityClass.NASDAQ)] for symbol in symbols}
