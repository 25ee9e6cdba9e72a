"""An order's story as the journal tells it: what was decided on which quotes, and what became of every child.

Reads published frames, never live state, and decides nothing. Theory of operation: `StoryTeller.take` is called with every
frame of a journal from its first on; it keeps the tables an explanation needs (routes, instruments, shares filled of open
orders) and collects what concerns its one order. `finished` says that no later frame can add to it.
"""

from __future__ import annotations

import msgspec

from rushtrade.domain import events as ev
from rushtrade.domain.commands import AnyCommand, EnterOrder, ReplaceOrder, RouteOrder
from rushtrade.domain.frames import FrameBody
from rushtrade.domain.instruments import Instrument
from rushtrade.domain.orders import OrderTerms, TimeInForce
from rushtrade.domain.plans import Plan
from rushtrade.domain.quotes import NO_QUOTE, QuoteStamp
from rushtrade.domain.routes import Route


class ChildStory(msgspec.Struct):
    """One child order and its executions. `notional` is Σ price × shares, `venue_fee` micro-dollars, + = charged."""

    token: int
    venue: int
    price: int
    shares: int
    time_in_force: TimeInForce
    sent_ns: int
    filled: int = 0
    notional: int = 0
    venue_fee: int = 0
    executions: int = 0
    first_fill_ns: int = 0
    ended_ns: int = 0
    unfilled: int = 0
    reason: str = ""


class Decision(msgspec.Struct, frozen=True):
    """One routing decision: the shares it had to place, the quotes it saw, what it chose."""

    time_ns: int
    wanted: int
    stamp: QuoteStamp
    plan: Plan
    first_token: int


class OrderStory(msgspec.Struct):
    """All that is known of one order's routing. `bound` is the worst price it may execute at."""

    order_id: int
    account_id: int
    client_order_id: str
    symbol: str
    terms: OrderTerms
    bound: int
    accepted_ns: int
    arrival_bid: int = 0
    arrival_ask: int = 0
    replaces: int = 0
    filled: int = 0
    decisions: list[Decision] = []
    children: dict[int, ChildStory] = {}
    ending: str = ""
    ended_ns: int = 0


class StoryTeller:
    """Collects the story of order `order_id` from frames."""

    def __init__(self, order_id: int) -> None:
        self.order_id = order_id
        self.story: OrderStory | None = None
        self.routes: tuple[Route, ...] = ()
        self._instruments: dict[int, Instrument] = {}
        self._filled: dict[int, int] = {}

    @property
    def finished(self) -> bool:
        """Whether the order has ended."""
        return self.story is not None and bool(self.story.ending)

    def take(self, body: FrameBody) -> None:
        """Read one frame."""
        for place, entry in enumerate(body.entries):
            for event in entry.events:
                self._tables(event)
                if getattr(event, "order_id", 0) == self.order_id:
                    self._of_order(event, entry.command, body.time_ns)
            if body.first_seq + place == self.order_id and self.story is None:
                self._refused(entry.events, body.time_ns)

    def _tables(self, event: ev.AnyEvent) -> None:
        match event:
            case ev.FirmOpened():
                self.routes = event.routes
            case ev.InstrumentDefined():
                self._instruments[event.instrument.instrument_id] = event.instrument
            case ev.OrderFilled():
                filled = self._filled.pop(event.order_id, 0) + abs(event.signed_shares)
                if event.leaves:
                    self._filled[event.order_id] = filled
            case ev.OrderReplaced():
                self._filled[event.replacement_id] = self._filled.pop(event.order_id, 0)
            case ev.OrderCanceled() | ev.OrderExpired():
                self._filled.pop(event.order_id, None)

    def _symbol(self, instrument_id: int) -> str:
        instrument = self._instruments.get(instrument_id)
        return instrument.symbol if instrument else f"instrument {instrument_id}"

    def _refused(self, events: list[ev.AnyEvent], time_ns: int) -> None:
        for event in events:
            if isinstance(event, ev.OrderRejected):
                symbol = self._symbol(event.terms.instrument_id)
                self.story = OrderStory(
                    self.order_id,
                    event.account_id,
                    event.client_order_id,
                    symbol,
                    event.terms,
                    event.terms.limit_price,
                    time_ns,
                    ending=f"refused: {event.text}",
                    ended_ns=time_ns,
                )

    def _of_order(self, event: ev.AnyEvent, command: AnyCommand, time_ns: int) -> None:
        if isinstance(event, ev.OrderAccepted):
            self._accepted(event, time_ns)
            return
        story = self.story
        if story is None:
            return
        match event:
            case ev.OrderRouted():
                self._routed(story, event, command, time_ns)
            case ev.OrderFilled():
                self._filled_child(story, event, time_ns)
            case ev.ChildEnded():
                child = self._child(story, event.token, time_ns)
                child.unfilled, child.reason, child.ended_ns = event.shares, event.reason, time_ns
                child.shares = child.filled + child.unfilled
            case ev.ChildReduced():
                self._child(story, event.token, time_ns).shares -= event.shares
            case ev.ChildReplaced():
                self._replaced_child(story, event, time_ns)
            case ev.OrderCanceled():
                story.ending, story.ended_ns = (
                    f"canceled, {event.leaves} shares unfilled: {event.reason}",
                    time_ns,
                )
            case ev.OrderExpired():
                story.ending, story.ended_ns = f"expired, {event.leaves} shares unfilled", time_ns
            case ev.OrderReplaced():
                story.ending, story.ended_ns = f"replaced by order {event.replacement_id}", time_ns

    def _accepted(self, event: ev.OrderAccepted, time_ns: int) -> None:
        self.story = OrderStory(
            event.order_id,
            event.account_id,
            event.client_order_id,
            self._symbol(event.terms.instrument_id),
            event.terms,
            event.bound,
            time_ns,
            event.arrival_bid,
            event.arrival_ask,
            event.replaces,
            self._filled.get(event.replaces, 0),
        )

    def _routed(self, story: OrderStory, event: ev.OrderRouted, command: AnyCommand, time_ns: int) -> None:
        working = sum(child.shares - child.filled - child.unfilled for child in story.children.values())
        stamp = command.stamp if isinstance(command, EnterOrder | RouteOrder | ReplaceOrder) else NO_QUOTE
        wanted = story.terms.quantity - story.filled - working
        story.decisions.append(Decision(time_ns, wanted, stamp, event.plan, event.first_token))
        for number, terms in enumerate(event.plan.children):
            token = event.first_token + number
            story.children[token] = ChildStory(
                token, terms.venue, terms.price, terms.shares, terms.time_in_force, time_ns
            )

    def _filled_child(self, story: OrderStory, event: ev.OrderFilled, time_ns: int) -> None:
        shares = abs(event.signed_shares)
        child = self._child(story, event.token, time_ns, event.venue)
        child.filled += shares
        child.shares = max(child.shares, child.filled)
        child.notional += event.price * shares
        child.venue_fee += event.venue_fee
        child.executions += 1
        child.first_fill_ns = child.first_fill_ns or time_ns
        story.filled += shares
        if event.leaves == 0:
            story.ending, story.ended_ns = "filled", time_ns

    def _replaced_child(self, story: OrderStory, event: ev.ChildReplaced, time_ns: int) -> None:
        old = self._child(story, event.token, time_ns)
        old.unfilled = old.shares - old.filled
        old.reason, old.ended_ns = "replaced at the venue", time_ns
        story.children[event.new_token] = ChildStory(
            event.new_token, old.venue, event.price, event.leaves, old.time_in_force, time_ns
        )

    def _child(self, story: OrderStory, token: int, time_ns: int, venue: int = -1) -> ChildStory:
        """Give a child of the story; one that an earlier order sent is taken over as it is met."""
        child = story.children.get(token)
        if child is None:
            child = ChildStory(token, venue, 0, 0, TimeInForce.DAY, time_ns)
            story.children[token] = child
        return child
