"""The house in one process: core, order gateway and data center over a market of other firms' exchanges.

Theory of operation. Time is market time and moves only in `advance`: the venues' books live through their order flow, what is in transit
arrives when it is due, reports become commands, feeds become books, and the core is stepped until nothing waits. The same calls give the same
journal, whether they come from a day's replay at full speed or from a clock on the wall. The exchanges stay a different firm: all that passes
between them and the house is order-entry rows, report rows and feed packets, each with the latency of its line.

Exchanges in other processes are a `Street`: its lines are as slow as they are, the time is the exchanges', and what it hears it tells at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from rushtrade.core.clocks import LongestLately, MarketClock
from rushtrade.core.sequencer import Core, Ticket
from rushtrade.datacenter.tick_follower import TickFollower
from rushtrade.domain import events as ev
from rushtrade.domain.commands import (
    AnyCommand,
    ChangeVenueLink,
    ObserveMarks,
    ReportRejected,
    RouteOrder,
    Tick,
)
from rushtrade.domain.errors import require
from rushtrade.domain.frames import FrameBody
from rushtrade.domain.instants import DAY, SECOND
from rushtrade.domain.orders import OrderTerms, TimeInForce
from rushtrade.domain.quotes import NO_QUOTE, QuoteStamp
from rushtrade.gateway.line import BookImage
from rushtrade.gateway.order_gateway import OrderGateway, VenueLink
from rushtrade.gateway.reports import read_reports
from rushtrade.gateway.resync import OpenOrder, adopt_orders
from rushtrade.gateway.transit import OrdersOut, ReportsIn, Transit, Way
from rushtrade.market.market_data import MarketData
from rushtrade.rules.world import World
from rushtrade.sessions.street import TOKEN_BITS, Street
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.order_entry import Rows

MARKS_EVERY_NS = 1_000_000_000
"""Marks for valuation are conflated to one a second of market time: each is a frame in the journal."""
STOP_MARKS_EVERY_NS = 100_000_000
"""While stop orders wait for a trigger, marks come ten times a second."""
BEGIN_NS_MAX = 10_000_000_000
"""Market time whose feeds are held at once while venues are brought to where a house goes on."""
LOOK_AT_VENUES_NS = 50_000_000
"""How often what venues owe is looked at: soon beside the second that an answer may take."""
OWN_DELAYS_NS = 4 * SECOND
"""How long a delay of our own counts: longer than an answer to what was delayed may take."""
OWN_DELAY_NS_MIN = 5_000_000
"""A commit to a good disk takes less: nothing to speak of beside the 20 ms after which an answer is late."""
OWN_DELAY_FALLS = 4
"""Delays this many times shorter than the one told are worth telling."""
STEP_NS_MAX = 100_000_000
"""Market time that passes between two looks at the venues, at most: bounds how late a fill of a resting order is seen."""


class Exchanges(Protocol):
    """The other firms: `exchange.market.Market`."""

    @property
    def next_ns(self) -> int | None:
        """When a venue says or does something by itself, apart from the order flow; None when nothing is due."""

    def advance(self, until_ns: int) -> None:
        """Let the order flow live up to an instant."""

    def deliver(self, venue: int, batch: Rows, now_ns: int) -> None:
        """Hand a venue a batch of orders."""

    def collect(self) -> tuple[Sequence[tuple[int, Rows]], Sequence[FeedPacket]]:
        """Take what the venues have said since the last call: reports by venue, feed packets."""


class House:
    """Core, gateway and data center, moved by market time."""

    def __init__(
        self,
        core: Core,
        clock: MarketClock,
        data: MarketData,
        exchanges: Exchanges,
        world: World,
        locates: dict[int, int],
    ) -> None:
        self.core = core
        self.data = data
        self.clock = clock
        self._exchanges = exchanges
        self._ways_out = [Way(row.latency_ns, row.jitter_ns, 2 * row.index) for row in world.venues]
        self._ways_in = [Way(row.latency_ns, row.jitter_ns, 2 * row.index + 1) for row in world.venues]
        self._feed_ns = [venue.feed_latency_ns for venue in world.venues]
        self._feed_ns_max = max(self._feed_ns, default=0)
        self._transit: Transit[OrdersOut | ReportsIn] = Transit()
        self._feeds: Transit[FeedPacket] = Transit()
        """Apart from orders and reports: nobody acts on a feed before the next look at it, so it wakes nobody."""
        self._held_back: list[ReportRejected] = []
        self._street = exchanges if isinstance(exchanges, Street) else None
        self._step_ns = STEP_NS_MAX if self._street is None else DAY
        places = range(len(world.venues))
        links: list[VenueLink] = (
            [_EmbeddedLink(self, venue) for venue in places]
            if self._street is None
            else self._street.links(len(places))
        )
        self.gateway = OrderGateway(
            links, locates, self._held_back.append, hears={ev.RoutingNeeded: self._on_routing_needed}
        )
        self._to_route: dict[int, None] = {}
        self._marks_due_ns = 0
        self._venues_due_ns = 0
        self._delays = LongestLately(OWN_DELAYS_NS)
        self._unmarked: dict[int, None] = {}
        """Instruments that changed since the core saw their marks."""
        self._recorder: TickFollower | None = None
        self._symbols: dict[int, str] = {}
        self.leave = core.subscribe(self._release)
        """Hear no more frames: the day is over."""

    # --- commands --------------------------------------------------------------------------------

    def submit(
        self, command: AnyCommand, actor: str, on_done: Callable[[Ticket], None] | None = None
    ) -> Ticket:
        """Queue a command; `pump` or the next `advance` decides it."""
        return self.core.submit(command, actor, on_done)

    def stamp(self, terms: OrderTerms) -> QuoteStamp:
        """Take the quotes an order's decisions may use, as the data center knows them now."""
        if terms.instrument_id not in self.core.state.instruments:
            return NO_QUOTE
        near = terms.limit_price > 0 and terms.time_in_force in {TimeInForce.DAY, TimeInForce.GTC}
        return self.data.stamp(terms.instrument_id, terms.side, max(terms.quantity, 1), near=near)

    def pump(self) -> None:
        """Step the core until nothing waits, answering its wishes for fresh quotes.

        What is still being committed is released by a later pump, or by `settle`.
        """
        core = self.core
        while True:
            self._tell_delay(self.clock.now_ns)
            if self._held_back:
                core.submit_all(self._held_back, "gateway")
                self._held_back.clear()
            if self._to_route:
                core.submit_all([self._route(order_id) for order_id in self._to_route], "router")
                self._to_route.clear()
            if not core.waiting:
                core.release()
                if not (self._held_back or self._to_route or core.waiting):
                    return
            core.step()

    def settle(self) -> None:
        """Pump until everything is durable and released."""
        self.pump()
        while self.core.committing:
            self.core.settle()
            self.pump()

    def _route(self, order_id: int) -> RouteOrder:
        order = self.core.state.blotter.orders.get(order_id)
        return RouteOrder(order_id, NO_QUOTE if order is None else self.stamp(order.terms))

    # --- time ------------------------------------------------------------------------------------

    def advance(self, until_ns: int) -> None:
        """Let market time pass up to an instant."""
        require(until_ns >= self.clock.now_ns, "market time never goes back")
        if self._street is not None:
            # what venues said in this time is read only now
            self._delays.note(until_ns - self.clock.now_ns, until_ns)
        self.pump()
        while True:
            due_ns = self._next_ns
            step_ns = min(until_ns, self.clock.now_ns + self._step_ns)
            now_ns = step_ns if due_ns is None else min(max(due_ns, self.clock.now_ns), step_ns)
            if now_ns == until_ns:
                self._live_until(now_ns - self._feed_ns_max)
            self._live_until(now_ns)
            for cargo in self._transit.arrived(now_ns):
                self._arrive(cargo, now_ns)
            for packet in self._feeds.arrived(now_ns):
                self.hear(packet, now_ns)
            self._observe_marks(now_ns)
            self._look_at_venues(now_ns)
            self.pump()
            next_ns = self._next_ns
            if now_ns >= until_ns and (next_ns is None or next_ns > until_ns):
                return

    @property
    def _next_ns(self) -> int | None:
        """When something arrives, or a venue says something it keeps until then."""
        dues = [due for due in (self._transit.next_ns, self._exchanges.next_ns) if due is not None]
        return min(dues, default=None)

    def begin(self, first_ns: int, now_ns: int) -> None:
        """Let the venues live from the flow's first message up to an instant, before anybody of this house is there.

        Only their feeds are heard, piece by piece: those of a whole morning at once would fill memory.
        """
        lived_ns = min(first_ns, now_ns)
        while True:
            self._exchanges.advance(lived_ns)
            for packet in self._exchanges.collect()[1]:
                self.hear(packet, lived_ns)
            self._tell_recorder(lived_ns)
            if lived_ns >= now_ns:
                break
            lived_ns = min(lived_ns + BEGIN_NS_MAX, now_ns)
        self.clock.move(now_ns)

    def _live_until(self, now_ns: int) -> None:
        """Let the venues live up to now.

        Called twice at the end of an advance: what venues said longer ago than any feed is slow has arrived by then.
        """
        if now_ns >= self.clock.now_ns:
            self._exchanges.advance(now_ns)
            self.clock.move(now_ns)
            self._collect(now_ns)

    def _collect(self, now_ns: int) -> None:
        """Put what the venues said on its way to the house."""
        reports, packets = self._exchanges.collect()
        for venue, rows in reports:
            self._transit.send(self._ways_in[venue].arrival_ns(now_ns), ReportsIn(venue, rows))
        for packet in packets:
            self._feeds.send(now_ns + self._feed_ns[packet.venue], packet)

    def _arrive(self, cargo: OrdersOut | ReportsIn, now_ns: int) -> None:
        if isinstance(cargo, OrdersOut):
            self._exchanges.deliver(cargo.venue, cargo.rows, now_ns)
            self._collect(now_ns)
        else:
            self.core.submit_all(read_reports(cargo.venue, cargo.rows), f"venue:{cargo.venue}")

    def _observe_marks(self, now_ns: int) -> None:
        if now_ns < self._marks_due_ns:
            return
        stops_wait = any(self.core.state.blotter.stops.values())
        self._marks_due_ns = now_ns + (STOP_MARKS_EVERY_NS if stops_wait else MARKS_EVERY_NS)
        self.data.advance(now_ns)
        self.look()
        if self._unmarked:
            marks = self.data.marks(sorted(self._unmarked))
            self._unmarked.clear()
            self.core.submit_all([ObserveMarks(tuple(marks))], "market")

    def _look_at_venues(self, now_ns: int) -> None:
        """Have the core decide on venues' health when something is to be decided."""
        if now_ns < self._venues_due_ns:
            return
        self._venues_due_ns = now_ns + LOOK_AT_VENUES_NS
        state, delay_ns = self.core.state, self._own_delay_ns(now_ns)
        told_ns = state.watch.own_delay_ns
        if told_ns < OWN_DELAY_FALLS * delay_ns:
            delay_ns = max(delay_ns, told_ns)
        if state.risk.market_open and (delay_ns < told_ns or state.watch.is_due(now_ns, delay_ns)):
            self.core.submit_all([Tick(delay_ns)], "clock")

    def _tell_delay(self, now_ns: int) -> None:
        """Have the core know that this house is slow before it judges an answer that had to wait for that."""
        state, delay_ns = self.core.state, self._own_delay_ns(now_ns)
        if delay_ns > state.watch.own_delay_ns and state.risk.market_open:
            self.core.submit_all([Tick(delay_ns)], "clock")

    def _own_delay_ns(self, now_ns: int) -> int:
        """Give the longest that a decision waited lately before it left, up to the next power of two; 0 when it is nothing to speak of."""
        since_ns = self.core.committing_since_ns
        waits_ns = 0 if since_ns is None else now_ns - since_ns
        longest_ns = max(self._delays.longest_ns(now_ns), waits_ns)
        return 0 if longest_ns < OWN_DELAY_NS_MIN else 1 << (longest_ns - 1).bit_length()

    def look(self) -> list[int]:
        """Give the instruments whose quote or trades changed since the last look."""
        touched = self.data.touched()
        self._tell_recorder(self.clock.now_ns)
        self._unmarked.update(dict.fromkeys(touched))
        return touched

    def record(self, recorder: TickFollower) -> None:
        """Have written to a tick store what the venues say from now on, and what becomes of it."""
        recorder.begin(self.data)
        self._recorder = recorder
        self._symbols = {row.instrument_id: row.symbol for row in self.core.state.instruments.values()}

    def _tell_recorder(self, now_ns: int) -> None:
        if self._recorder is not None:
            self._recorder.settled(self.data, self._symbols, now_ns)

    def arrive_all(self) -> None:
        """Let everything that is in transit arrive, however long it takes: the market is closing."""
        self._collect(self.clock.now_ns)
        self.settle()
        while (due_ns := self._transit.next_ns) is not None:
            self.advance(max(due_ns, self.clock.now_ns))
            self.settle()

    # --- durable frames --------------------------------------------------------------------------

    def _release(self, body: FrameBody) -> None:
        now_ns = self.clock.now_ns
        self._delays.note(now_ns - body.time_ns, now_ns)
        self.gateway.release(body)

    def _on_routing_needed(self, event: ev.RoutingNeeded) -> None:
        self._to_route[event.order_id] = None

    def send(self, venue: int, rows: Rows) -> None:
        """Put orders on their way to a venue."""
        self._transit.send(self._ways_out[venue].arrival_ns(self.clock.now_ns), OrdersOut(venue, rows))

    # --- restart ---------------------------------------------------------------------------------

    def resume(self) -> None:
        """Take over the open orders of a restored state."""
        adopt_orders(self.gateway, self.open_orders())
        for order in self.core.state.blotter.orders.values():
            if order.routing_needed and self.core.state.risk.market_open:
                # its wish for a route is durable; the answer may have died with the house
                self._to_route[order.order_id] = None
        self.connect()

    def connect(self) -> None:
        """Tell the core how its venues stand: in this process they have begun anew, beyond it nobody has been heard yet."""
        anew = self._street is None
        self.core.submit_all(
            [ChangeVenueLink(venue, up=anew, lost_orders=anew) for venue in range(len(self._ways_out))],
            "gateway",
        )
        self.settle()
        if self._street is not None:
            self._street.join(self)

    def withdraw(self) -> None:
        """Ask the venues to cancel all that rests there: the day closes here before it does there."""
        for token in sorted(self.core.state.blotter.children):
            self.gateway.resend_cancel(token, self.clock.now_ns)
        self.gateway.flush(self.clock.now_ns)

    # --- what a street asks of the house ---------------------------------------------------------

    def hear(self, packet: FeedPacket, now_ns: int) -> None:
        """Take a packet of a venue's feed."""
        self.data.receive(packet)
        if self._recorder is not None:
            self._recorder.packet(packet, now_ns)

    def rebuild(self, image: BookImage, now_ns: int) -> bool:
        """Take an image of a venue's books; False when it does not join what follows it."""
        live = self.data.rebuild(image.venue, image.sequence, image.payload)
        if self._recorder is not None:
            self._recorder.image(image, now_ns)
        return live

    def tell(self, commands: Sequence[AnyCommand], actor: str) -> None:
        """Take commands, to be decided in their order."""
        self.core.submit_all(commands, actor)

    def tell_then(self, command: AnyCommand, actor: str, then: Callable[[int], None]) -> None:
        """Take a command; `then` is called with its seq when it, and all before it, is durable."""
        self.core.submit(command, actor, lambda ticket: then(ticket.seq))

    def open_orders(self) -> list[OpenOrder]:
        """Give the open orders, by id."""
        return [order for _, order in sorted(self.core.state.blotter.orders.items())]

    def next_token(self) -> int:
        """Give a token above every one there is."""
        return self.core.next_seq << TOKEN_BITS


class _EmbeddedLink:
    """A venue's session within the process."""

    def __init__(self, house: House, venue: int) -> None:
        self._house = house
        self._venue = venue

    def send(self, rows: Rows, now_ns: int) -> None:
        """Send order-entry rows; the line's latency begins now."""
        del now_ns
        self._house.send(self._venue, rows)
