"""The journal read order by order: hands out each order's facts once nothing can be added to them.

It judges nothing and asks the running house nothing. Theory of operation: events are folded in their order; commands are read
only where they carry the quotes a decision used. An order is handed out when it has ended and the midpoints after its
executions are known or can no longer be, so memory holds open orders and the last few minutes of executions.

A later midpoint is that of the last marks observed after the execution and not after the horizon. Marks name what has changed, so
any observation between the two says that a stock it does not name stood as it was. None between them: not known. Nothing is known
past the close.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from rushtrade.backoffice.folding import EventFrame
from rushtrade.domain import events as ev
from rushtrade.domain.commands import AnyCommand, EnterOrder, ReplaceOrder, RouteOrder
from rushtrade.domain.instants import MILLISECOND, SECOND
from rushtrade.domain.orders import ROUTE_STRATEGIES, Intent, TimeInForce
from rushtrade.domain.plans import Strategy
from rushtrade.quality.facts import Child, Ending, Fill, Names, OrderFacts, Quote, two_sided

HORIZONS_NS = (50 * MILLISECOND, SECOND, 15 * SECOND, 60 * SECOND, 300 * SECOND)
"""How long after an execution the midpoint is looked at, unless a report asks for others."""

_commands = msgspec.msgpack.Decoder(AnyCommand)
_NO_QUOTE = Quote()


class OrderReader:
    """Folds frames into facts of orders."""

    def __init__(self, horizons_ns: tuple[int, ...] = HORIZONS_NS) -> None:
        self.names = Names()
        self.horizons_ns = horizons_ns
        self._day = 0
        self._session = (0, 0)
        self._strategies = dict.fromkeys(ROUTE_STRATEGIES)
        """Route choices that leave the venue to the house; those of accepted orders are learned."""
        self._open: dict[int, OrderFacts] = {}
        self._done: dict[int, OrderFacts] = {}
        """Orders that ended, whose later midpoints are still to come."""
        self._children: dict[int, tuple[int, Child]] = {}
        """By token: the order a child works for now, and the child."""
        self._marks: dict[int, tuple[int, int]] = {}
        self._observed_ns = 0
        self._waiting: list[deque[tuple[int, Fill, int, int]]] = [deque() for _ in horizons_ns]
        """By horizon: when it is due, the execution, its instrument, its order."""
        self._unknown: dict[int, int] = {}
        """By order: how many later midpoints are still to come."""
        self._ready: list[OrderFacts] = []

    def take(self, frame: EventFrame) -> list[OrderFacts]:
        """Read one frame; give the orders that became complete."""
        now_ns = frame.time_ns
        for seq, entry in enumerate(frame.entries, frame.first_seq):
            quote: Quote | None = None
            for event in entry.events:
                if isinstance(event, ev.OrderAccepted | ev.OrderRouted) and quote is None:
                    quote = _stamped(entry.command)
                self._event(event, quote or _NO_QUOTE, seq, now_ns)
        ready, self._ready = self._ready, []
        return ready

    def finish(self) -> list[OrderFacts]:
        """Give what is left at the end of the journal: orders still open, midpoints not known."""
        self._forget_later(self._observed_ns)
        left = [*self._ready, *self._open.values()]
        self._open.clear()
        self._ready = []
        return left

    def _event(self, event: ev.AnyEvent, quote: Quote, seq: int, now_ns: int) -> None:
        match event:
            case ev.OrderFilled():
                self._filled(event, seq, now_ns)
            case ev.MarksObserved():
                self._observed(event, now_ns)
            case ev.OrderAccepted():
                self._accepted(event, quote, now_ns)
            case ev.OrderRouted():
                self._routed(event, quote, now_ns)
            case ev.ChildEnded() | ev.ChildReduced() | ev.ChildReplaced():
                self._child_changed(event, now_ns)
            case ev.OrderCanceled():
                self._ended(event.order_id, Ending.CANCELED, now_ns)
            case ev.OrderExpired():
                self._ended(event.order_id, Ending.EXPIRED, now_ns)
            case ev.OrderReplaced():
                self._replaced(event, now_ns)
            case ev.OrderTriggered():
                self._open[event.order_id].triggered_ns = now_ns
            case ev.OrderRejected():
                self._rejected(event, quote, seq, now_ns)
            case _:
                self._tables(event, now_ns)

    def _tables(self, event: ev.AnyEvent, now_ns: int) -> None:
        match event:
            case ev.FirmOpened():
                self.names.firm = event.name
                self.names.routes = {route.venue: route for route in event.routes}
            case ev.RoutesSet():
                self.names.routes.update({route.venue: route for route in event.routes})
            case ev.InstrumentDefined():
                instrument = event.instrument
                self.names.symbols[instrument.instrument_id] = instrument.symbol
                self.names.round_lots[instrument.instrument_id] = instrument.round_lot
            case ev.AccountOpened():
                self.names.accounts[event.account_id] = event.number
            case ev.DayOpened():
                self._day = event.trade_date
                self._session = (event.opens_ns, event.closes_ns)
            case ev.DayClosed():
                self._forget_later(now_ns)
            case ev.MarketOpened() if not event.is_open:
                self._forget_later(now_ns)

    # --- orders -------------------------------------------------------------------------------------------

    def _accepted(self, event: ev.OrderAccepted, quote: Quote, now_ns: int) -> None:
        before = self._open.get(event.replaces)
        wanted = event.terms.quantity
        if before is not None:
            wanted -= before.terms.quantity - before.wanted + before.filled
        arrival = Quote(
            quote.time_ns or now_ns, event.arrival_bid, quote.bid_shares, event.arrival_ask, quote.ask_shares
        )
        directed = self.names.is_route(event.terms.route)
        if not directed:
            self._strategies[event.terms.route] = None
        self._open[event.order_id] = OrderFacts(
            event.order_id,
            event.account_id,
            event.terms,
            event.intent,
            self._day,
            now_ns,
            arrival,
            wanted,
            directed,
            replaces=event.replaces,
            opens_ns=self._session[0],
            closes_ns=self._session[1],
        )

    def _rejected(self, event: ev.OrderRejected, quote: Quote, seq: int, now_ns: int) -> None:
        self._ready.append(
            OrderFacts(
                seq,
                event.account_id,
                event.terms,
                Intent.SELL_TO_CLOSE if event.terms.side else Intent.BUY_TO_OPEN,
                self._day,
                now_ns,
                quote,
                event.terms.quantity,
                event.terms.route not in self._strategies,
                ending=Ending.REFUSED,
                ended_ns=now_ns,
                opens_ns=self._session[0],
                closes_ns=self._session[1],
            )
        )

    def _routed(self, event: ev.OrderRouted, quote: Quote, now_ns: int) -> None:
        order = self._open[event.order_id]
        order.plan_strategies.append(event.plan.strategy)
        for token, terms in enumerate(event.plan.children, event.first_token):
            child = Child(
                token,
                terms.venue,
                terms.price,
                terms.shares,
                terms.time_in_force,
                now_ns,
                event.plan.strategy,
                quote,
            )
            order.children.append(child)
            self._children[token] = (order.order_id, child)

    def _filled(self, event: ev.OrderFilled, seq: int, now_ns: int) -> None:
        shares = abs(event.signed_shares)
        fill = Fill(
            seq,
            now_ns,
            event.token,
            event.venue,
            event.price,
            shares,
            event.liquidity,
            event.venue_fee,
            [0] * len(self.horizons_ns),
        )
        order = self._open[event.order_id]
        order.commission += event.commission
        order.fees += event.fees
        self._child(order, event.token, event.venue, now_ns).fills.append(fill)
        for waiting, horizon in zip(self._waiting, self.horizons_ns, strict=True):
            waiting.append((now_ns + horizon, fill, event.instrument_id, order.order_id))
        self._unknown[order.order_id] = self._unknown.get(order.order_id, 0) + len(self.horizons_ns)
        if event.leaves == 0:
            self._ended(order.order_id, Ending.FILLED, now_ns)

    def _ended(self, order_id: int, ending: Ending, now_ns: int) -> None:
        order = self._open.pop(order_id)
        order.ending, order.ended_ns = ending, now_ns
        if self._observed_ns >= order.accepted_ns:
            bid, ask = self._marks.get(order.terms.instrument_id, (0, 0))
            order.end_mid2 = bid + ask if two_sided(bid, ask) else 0
        for child in order.children:
            self._children.pop(child.token, None)
        if self._unknown.get(order_id):
            self._done[order_id] = order
        else:
            self._ready.append(order)

    def _replaced(self, event: ev.OrderReplaced, now_ns: int) -> None:
        """Hand the working children to the replacement; what they executed so far stays with the order that was replaced."""
        order, heir = self._open[event.order_id], self._open[event.replacement_id]
        for child in [child for child in order.children if not child.ended]:
            rest = child
            if child.fills:
                rest = msgspec.structs.replace(
                    child, shares=child.shares - child.filled, fills=[], carried=True
                )
                child.shares, child.ended = child.filled, True
            else:
                order.children.remove(child)
            heir.children.append(rest)
        self._ended(event.order_id, Ending.REPLACED, now_ns)
        for child in heir.children:
            if not child.ended:
                self._children[child.token] = (heir.order_id, child)

    # --- children -----------------------------------------------------------------------------------------

    def _child(self, order: OrderFacts, token: int, venue: int, now_ns: int) -> Child:
        """Give a child by its token; one that nobody planned is taken over as it is met."""
        owner, child = self._children.get(token, (0, None))
        if child is None or owner != order.order_id:
            child = Child(
                token, venue, 0, 0, TimeInForce.DAY, now_ns, Strategy.DIRECT, order.arrival, carried=True
            )
            order.children.append(child)
            self._children[token] = (order.order_id, child)
        return child

    def _child_changed(self, event: ev.ChildEnded | ev.ChildReduced | ev.ChildReplaced, now_ns: int) -> None:
        owner, child = self._children.get(event.token, (0, None))
        if child is None:
            return
        match event:
            case ev.ChildEnded():
                child.ended, child.refused = True, event.refused
            case ev.ChildReplaced():
                child.ended = True
                order = self._open.get(event.order_id) or self._open.get(owner)
                if order is not None:
                    sent = Child(
                        event.new_token,
                        child.venue,
                        event.price,
                        event.leaves,
                        child.time_in_force,
                        now_ns,
                        child.strategy,
                        order.arrival,
                    )
                    order.children.append(sent)
                    self._children[event.new_token] = (order.order_id, sent)

    # --- midpoints after executions -------------------------------------------------------------------------

    def _observed(self, event: ev.MarksObserved, now_ns: int) -> None:
        self._resolve(now_ns)
        self._observed_ns = now_ns
        for mark in event.marks:
            self._marks[mark.instrument_id] = (mark.bid, mark.ask)

    def _resolve(self, now_ns: int) -> None:
        """Fill in what was due before now by the marks as they stand: they are the last ones before it."""
        for place, waiting in enumerate(self._waiting):
            while waiting and waiting[0][0] < now_ns:
                _, fill, instrument_id, order_id = waiting.popleft()
                if self._observed_ns > fill.time_ns:
                    bid, ask = self._marks.get(instrument_id, (0, 0))
                    fill.later[place] = bid + ask if two_sided(bid, ask) else 0
                self._settle(order_id)

    def _forget_later(self, now_ns: int) -> None:
        """Give up what is due after the close, or after the journal's end."""
        self._resolve(now_ns)
        for waiting in self._waiting:
            while waiting:
                self._settle(waiting.popleft()[3])

    def _settle(self, order_id: int) -> None:
        self._unknown[order_id] -= 1
        if self._unknown[order_id]:
            return
        del self._unknown[order_id]
        order = self._done.pop(order_id, None)
        if order is not None:
            self._ready.append(order)


def _stamped(command: msgspec.Raw) -> Quote:
    """Read the best quotes a command carried; none when it carried none."""
    read = _commands.decode(command)
    if not isinstance(read, EnterOrder | RouteOrder | ReplaceOrder):
        return _NO_QUOTE
    stamp = read.stamp
    return Quote(stamp.time_ns, stamp.bid, stamp.bid_shares, stamp.ask, stamp.ask_shares)


def read_orders(frames: Iterator[EventFrame], reader: OrderReader) -> Iterator[OrderFacts]:
    """Give all orders of a journal, each when it is complete; those still open come last."""
    for frame in frames:
        yield from reader.take(frame)
    yield from reader.finish()
