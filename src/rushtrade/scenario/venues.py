"""Scripted venues and customers' second thoughts: what answers the house while a scenario is played.

Theory of operation. The player hands over every published frame; out come commands: venues' reports on children that were
routed, fresh quotes where the house asks for them, and cancels and replaces of customers whose order waits. Each planned order
has a course; the course says what a venue does with each child. An order is done when an event ends it; that it then has
executed exactly what was planned is required. Nothing here looks into the house: frames are all it sees.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.errors import require
from rushtrade.domain.frames import FrameBody
from rushtrade.domain.instants import MILLISECOND
from rushtrade.domain.orders import Liquidity, Side
from rushtrade.domain.plans import Strategy
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.scenario.market import ScriptedMarket
from rushtrade.scenario.plan import Course, PlannedOrder

TWO_PRINTS_PERCENT = 30
"""Children that execute in two prints instead of one."""

Report = cmd.ReportAccepted | cmd.ReportExecuted | cmd.ReportCanceled | cmd.ReportReplaced
Outgoing = tuple[cmd.AnyCommand, str]


class LiveOrder:
    """A planned order the house has taken."""

    __slots__ = ("executed", "planned", "routed")

    def __init__(self, planned: PlannedOrder) -> None:
        self.planned = planned
        self.executed = 0
        self.routed = 0


class ScriptedStreet:
    """All venues, and the customers who wait for them."""

    def __init__(self, venues: int, market: ScriptedMarket, rng: Random) -> None:
        self._market = market
        self._rng = rng
        self._report_seqs = [0] * venues
        self._match_number = 0
        self._orders: dict[int, LiveOrder] = {}
        self._tokens: dict[int, tuple[int, int, int, int]] = {}
        """Child orders that wait in a book: order id, venue, price, shares left."""
        self._entered: dict[str, PlannedOrder] = {}
        self.outgoing: deque[Outgoing] = deque()
        self.done: list[PlannedOrder] = []
        """Orders that have ended since the player looked last."""
        self.orders = self.rejected = self.fills = self.executed_orders = self.shares = 0
        self._handlers: dict[type[ev.Event], Callable[[Any], None]] = {
            ev.OrderRouted: self._routed,
            ev.ChildAccepted: self._child_accepted,
            ev.RoutingNeeded: self._routing_needed,
            ev.CancelRequested: self._cancel_requested,
            ev.ReplaceRequested: self._replace_requested,
            ev.OrderFilled: self._filled,
            ev.OrderCanceled: self._canceled,
            ev.OrderReplaced: self._replaced,
            ev.CommandRefused: self._not_planned,
            ev.AnomalyRecorded: self._not_planned,
            ev.OrderExpired: self._not_planned,
            ev.ReplaceAbandoned: self._not_planned,
        }

    def expect(self, client_order_id: str, planned: PlannedOrder) -> None:
        """Say that an order is on its way to the house."""
        self._entered[client_order_id] = planned

    def receive(self, frame: FrameBody) -> None:
        """Take a published frame in and queue the answers to it."""
        for seq, entry in enumerate(frame.entries, frame.first_seq):
            command = entry.command
            if type(command) is cmd.EnterOrder:
                self.orders += 1
                planned = self._entered.pop(command.client_order_id)
                if type(entry.events[0]) is ev.OrderRejected:
                    self._refused(planned, entry.events[0])
                    continue
                self._orders[seq] = LiveOrder(planned)
            for event in entry.events:
                handler = self._handlers.get(type(event))
                if handler is not None:
                    handler(event)

    # --- what the house says -----------------------------------------------------------------------

    def _refused(self, planned: PlannedOrder, event: ev.OrderRejected) -> None:
        require(
            planned.course is Course.REFUSED,
            f"order of account {planned.account_id} was refused: {event.text}",
        )
        self.rejected += 1
        self.done.append(planned)

    def _routed(self, event: ev.OrderRouted) -> None:
        live = self._orders.get(event.order_id)
        if live is None:
            return
        live.routed += 1
        course = live.planned.course
        waits = course not in {Course.TAKE, Course.SPLIT}
        for token, child in enumerate(event.plan.children, event.first_token):
            venue = child.venue
            if waits:
                self._tokens[token] = event.order_id, venue, child.price, child.shares
                report_seq = self._next(venue)
                self._report(cmd.ReportAccepted(venue, report_seq, token, token, live.planned.time_ns))
                continue
            sweeps = event.plan.strategy is Strategy.SWEEP
            price = child.price if sweeps else self._touch(live.planned, child.price)
            part = child.shares
            if course is Course.SPLIT and live.routed == 1:
                part = max(child.shares * 2 // 5 // 100 * 100, 1)
            self._execute(live, token, venue, price, part, Liquidity.REMOVED, accepts=True)
            if part < child.shares:
                self._cancel(token, venue, child.shares - part, "nothing more within the limit")

    def _child_accepted(self, event: ev.ChildAccepted) -> None:
        waiting = self._tokens.get(event.token)
        if waiting is None:
            return
        order_id, _, price, _ = waiting
        if event.token != self._waiting(order_id)[-1]:
            return  # an order larger than a venue takes stands in several children; the last one's acceptance speaks for all
        live = self._orders[order_id]
        planned = live.planned
        account = f"account:{planned.account_id}"
        if planned.course is Course.REST:
            self._execute_waiting(live, order_id, planned.executed)
        elif planned.course is Course.REST_IN_PART:
            self._execute_waiting(live, order_id, planned.executed)
            self._queue(cmd.CancelOrder(planned.account_id, order_id), account)
        elif planned.course is Course.UNTOUCHED:
            self._queue(cmd.CancelOrder(planned.account_id, order_id), account)
        elif planned.better_limit and price != planned.better_limit:
            stamp = self._stamp(planned)
            self._queue(
                cmd.ReplaceOrder(
                    planned.account_id, order_id, f"{order_id}r", 0, planned.better_limit, 0, stamp
                ),
                account,
            )
        else:
            self._execute_waiting(live, order_id, planned.executed)

    def _routing_needed(self, event: ev.RoutingNeeded) -> None:
        live = self._orders.get(event.order_id)
        if live is not None:
            self._queue(cmd.RouteOrder(event.order_id, self._stamp(live.planned)), "router")

    def _cancel_requested(self, event: ev.CancelRequested) -> None:
        for token in event.tokens:
            _, venue, _, left = self._tokens.pop(token)
            self._cancel(token, venue, left, "canceled by its owner")

    def _replace_requested(self, event: ev.ReplaceRequested) -> None:
        live = self._orders[event.order_id]
        self._orders[event.replacement_id] = live
        if not event.new_token:
            for token in event.cancel_tokens:
                _, venue, _, left = self._tokens.pop(token)
                self._cancel(token, venue, left, "replaced by its owner")
            return
        _, venue, _, left = self._tokens.pop(event.token)
        self._tokens[event.new_token] = event.replacement_id, venue, event.price, left
        self._report(
            cmd.ReportReplaced(
                venue,
                self._next(venue),
                event.token,
                event.new_token,
                event.new_token,
                event.price,
                left,
                self._now(live),
            )
        )
        self._execute_waiting(live, event.replacement_id, live.planned.executed)

    def _filled(self, event: ev.OrderFilled) -> None:
        live = self._orders[event.order_id]
        self.fills += 1
        self.shares += abs(event.signed_shares)
        live.executed += abs(event.signed_shares)
        if event.leaves == 0:
            self._end(event.order_id)

    def _canceled(self, event: ev.OrderCanceled) -> None:
        self._end(event.order_id)

    def _replaced(self, event: ev.OrderReplaced) -> None:
        del self._orders[event.order_id]

    def _not_planned(
        self, event: ev.CommandRefused | ev.AnomalyRecorded | ev.OrderExpired | ev.ReplaceAbandoned
    ) -> None:
        require(None, f"the house answered what no scenario asks for: {event}")

    def _end(self, order_id: int) -> None:
        live = self._orders.pop(order_id)
        planned = live.planned
        require(
            live.executed == planned.executed,
            f"order {order_id} executed {live.executed} shares where {planned.executed} were planned ({planned.course.name})",
        )
        self.executed_orders += live.executed > 0
        self.done.append(planned)

    # --- what is answered --------------------------------------------------------------------------

    def _waiting(self, order_id: int) -> list[int]:
        """Give the tokens of an order's children that wait, oldest first."""
        return [token for token, (waits, *_) in self._tokens.items() if waits == order_id]

    def _execute_waiting(self, live: LiveOrder, order_id: int, shares: int) -> None:
        for token in self._waiting(order_id):
            if shares <= 0:
                return
            _, venue, price, left = self._tokens.pop(token)
            part = min(left, shares)
            if left > part:
                self._tokens[token] = order_id, venue, price, left - part
            self._execute(live, token, venue, price, part, Liquidity.ADDED)
            shares -= part

    def _execute(
        self,
        live: LiveOrder,
        token: int,
        venue: int,
        price: int,
        shares: int,
        liquidity: Liquidity,
        *,
        accepts: bool = False,
    ) -> None:
        """Report an execution in one print or two; `accepts`: the first print tells the acceptance too."""
        first = shares
        if shares > 1 and self._rng.random() * 100 < TWO_PRINTS_PERCENT:
            first = max(shares // 3 // 100 * 100, 1)
        covers = 2 if accepts else 1
        for part in (first, shares - first):
            if part:
                self._match_number += 1
                self._report(
                    cmd.ReportExecuted(
                        venue=venue,
                        report_seq=self._next(venue, covers),
                        token=token,
                        match_number=self._match_number,
                        price=price,
                        shares=part,
                        liquidity=liquidity,
                        venue_time_ns=self._now(live),
                        covers=covers,
                    )
                )
                covers = 1

    def _cancel(self, token: int, venue: int, shares: int, reason: str) -> None:
        self._report(cmd.ReportCanceled(venue, self._next(venue), token, shares, 0, reason, 0))

    def _touch(self, planned: PlannedOrder, worst: int) -> int:
        touch = self._market.touch(planned.terms.instrument_id, planned.slot)
        return min(touch.ask, worst) if planned.terms.side is Side.BUY else max(touch.bid, worst)

    def _stamp(self, planned: PlannedOrder) -> QuoteStamp:
        terms = planned.terms
        return self._market.stamp(
            terms.instrument_id, planned.slot, terms.side, terms.quantity, planned.time_ns
        )

    def _now(self, live: LiveOrder) -> int:
        return live.planned.time_ns + 40 * MILLISECOND

    def _next(self, venue: int, reports: int = 1) -> int:
        """Number the last of so many reports of a venue."""
        self._report_seqs[venue] += reports
        return self._report_seqs[venue]

    def _report(self, command: Report) -> None:
        self.outgoing.append((command, f"venue:{command.venue}"))

    def _queue(self, command: cmd.AnyCommand, actor: str) -> None:
        self.outgoing.append((command, actor))
