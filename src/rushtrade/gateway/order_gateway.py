"""The order gateway: child orders out to venues, reports back in. It starts nothing by itself.

Theory of operation. `release` is called with every durable frame, in order, and reads in its events what has to leave: new children, cancels,
replaces. It keeps its own count of every parent from those events, for the limiter. Orders of one frame go to each venue as one batch. What
comes back is translated and submitted by the owner. After a restart `adopt` takes over the open orders of the restored state; `resend`
gives the rows that bring a venue up to date: children without an answer go out again under the same token, which a venue never executes twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from rushtrade.domain import events as ev
from rushtrade.domain.commands import ReportRejected
from rushtrade.domain.frames import FrameBody
from rushtrade.domain.orders import Capacity, Hours, Intent, OrderTerms, TimeInForce
from rushtrade.domain.plans import ChildTerms
from rushtrade.gateway.limiter import Limiter, Outbound, OutboundLimits, Parent
from rushtrade.wire import order_entry as oe

_Row = tuple[int, ...]
_CAPACITIES = {Capacity.AGENCY: ord("A"), Capacity.PRINCIPAL: ord("P"), Capacity.RISKLESS_PRINCIPAL: ord("R")}
_PLAIN = (oe.NO_PEG, 0, oe.NO_PREVENTION, 0, 0, 0)
"""The last fields of a row that enters nothing."""


class VenueLink(Protocol):
    """One venue's session, in process or over a socket."""

    def send(self, rows: oe.Rows, now_ns: int) -> None:
        """Send order-entry rows. Raises nothing when the line is down: the rows are asked for again by `resend`."""


class OrderGateway:
    """Sessions to all venues of a world, for one firm."""

    def __init__(
        self,
        links: list[VenueLink],
        locates: Mapping[int, int],
        refused: Callable[[ReportRejected], None],
        *,
        firm: int = 1,
        limits: OutboundLimits | None = None,
        hears: Mapping[type, Callable[[Any], None]] | None = None,
    ) -> None:
        """`locates` gives the venues' number of each instrument; `refused` takes what the limiter held back.

        `hears` names further events its owner wants to hear of while a frame is read, so that it is read once.
        """
        self._links = links
        self._locates = locates
        self._refused = refused
        self._firm = firm
        self._limiter = Limiter(limits or OutboundLimits())
        self._parents: dict[int, Parent] = {}
        self._children: dict[int, Outbound] = {}
        self._out: list[list[_Row]] = [[] for _ in links]
        self._now_ns = 0
        self._handlers: dict[type, Callable[[Any], None]] = {
            ev.OrderAccepted: self._on_accepted,
            ev.OrderRouted: self._on_routed,
            ev.OrderFilled: self._on_filled,
            ev.ChildEnded: self._on_child_ended,
            ev.ChildReduced: self._on_child_reduced,
            ev.ChildReplaced: self._on_child_replaced,
            ev.CancelRequested: self._on_cancel_requested,
            ev.ReplaceRequested: self._on_replace_requested,
            ev.OrderReplaced: self._on_replaced,
            ev.OrderCanceled: self._on_ended,
            ev.OrderExpired: self._on_ended,
            **(hears or {}),
        }

    def release(self, body: FrameBody) -> None:
        """Send what a durable frame says has to leave."""
        self._now_ns = body.time_ns
        handlers = self._handlers
        for entry in body.entries:
            for event in entry.events:
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
        self.flush(body.time_ns)

    def flush(self, now_ns: int) -> None:
        """Hand each venue its batch."""
        for venue, rows in enumerate(self._out):
            if rows:
                self._out[venue] = []
                self._links[venue].send(np.array(rows, oe.ORDER_ENTRY), now_ns)

    def adopt(self, order_id: int, terms: OrderTerms, intent: Intent, leaves: int) -> None:
        """Know a parent order of a restored state."""
        self._parents[order_id] = _parent(terms, intent, leaves)

    def adopt_child(
        self, token: int, order_id: int, venue: int, working: int, *, hidden: bool = False
    ) -> None:
        """Know a child order of a restored state."""
        parent = self._parents[order_id]
        parent.working += working
        self._children[token] = Outbound(venue, parent, working, hidden=hidden)

    def counts(self) -> tuple[dict[int, tuple[int, int]], dict[int, int]]:
        """Tell the gateway's own count, for reconciling with the core's: (leaves, working) by order, working by child."""
        return (
            {order_id: (parent.leaves, parent.working) for order_id, parent in self._parents.items()},
            {token: child.working for token, child in self._children.items()},
        )

    def resend(self, token: int, terms: ChildTerms, now_ns: int) -> bool:
        """Queue a child that was never answered again, under its token; `flush` sends it. False when the last line holds it back."""
        self._now_ns = now_ns
        child = self._children[token]
        parent = child.parent
        parent.working -= child.working
        refusal = self._limiter.refuse_new(parent, child.working, terms.price, now_ns)
        if refusal:
            del self._children[token]
            self._refused(ReportRejected(child.venue, 0, token, 0, refusal, now_ns))
            return False
        self._out[child.venue].append(self._enter_row(token, parent, terms))
        return True

    def ask_status(self, token: int, now_ns: int) -> None:
        """Queue a question about a child the venue had taken; `flush` sends it."""
        self._now_ns = now_ns
        row = (oe.ASK_STATUS, 0, 0, 0, 0, self._firm, token, 0, 0, 0, 0, 0, now_ns, *_PLAIN)
        self._out[self._children[token].venue].append(row)

    def resend_cancel(self, token: int, now_ns: int) -> None:
        """Queue a cancel again that was never answered; `flush` sends it."""
        self._now_ns = now_ns
        self._queue_cancel(token)

    def resend_replace(self, token: int, new_token: int, shares: int, price: int, now_ns: int) -> None:
        """Queue a replace again that was never answered, under its token; `flush` sends it."""
        self._now_ns = now_ns
        self._queue_replace(self._children[token].venue, token, new_token, shares, price)

    # --- events ----------------------------------------------------------------------------------

    def _on_accepted(self, event: ev.OrderAccepted) -> None:
        self._parents[event.order_id] = _parent(event.terms, event.intent, event.terms.quantity)

    def _on_routed(self, event: ev.OrderRouted) -> None:
        parent = self._parents[event.order_id]
        token = event.first_token
        for terms in event.plan.children:
            if parent.instrument_id in self._locates:
                refusal = self._limiter.refuse_new(parent, terms.shares, terms.price, self._now_ns)
            else:
                refusal = f"no venue lists instrument {parent.instrument_id}"
            if refusal:
                self._refused(ReportRejected(terms.venue, 0, token, 0, refusal, self._now_ns))
            else:
                self._children[token] = Outbound(terms.venue, parent, terms.shares, hidden=terms.hidden)
                self._out[terms.venue].append(self._enter_row(token, parent, terms))
            token += 1

    def _on_filled(self, event: ev.OrderFilled) -> None:
        if event.leaves == 0:
            del self._parents[event.order_id]
            del self._children[event.token]
            return
        shares = abs(event.signed_shares)
        child = self._children[event.token]
        child.parent.leaves = event.leaves
        child.parent.working -= shares
        child.working -= shares
        if child.working == 0:
            del self._children[event.token]

    def _on_child_ended(self, event: ev.ChildEnded) -> None:
        child = self._children.pop(event.token, None)
        if child is not None:
            child.parent.working -= child.working

    def _on_child_reduced(self, event: ev.ChildReduced) -> None:
        self._set_working(self._children[event.token], event.leaves)

    def _on_child_replaced(self, event: ev.ChildReplaced) -> None:
        child = self._children.pop(event.token)
        self._set_working(child, event.leaves)
        self._children[event.new_token] = child

    def _on_cancel_requested(self, event: ev.CancelRequested) -> None:
        for token in event.tokens:
            self._queue_cancel(token)

    def _on_replace_requested(self, event: ev.ReplaceRequested) -> None:
        for token in event.cancel_tokens:
            self._queue_cancel(token)
        if not event.new_token:
            return
        if event.shares > event.terms.quantity:
            refusal = (
                f"a child of {event.shares} shares would be larger than its order of {event.terms.quantity}"
            )
        else:
            refusal = self._limiter.refuse_size(event.shares, event.price, self._now_ns)
        if refusal:
            self._refused(ReportRejected(event.venue, 0, event.new_token, event.token, refusal, self._now_ns))
        else:
            self._queue_replace(event.venue, event.token, event.new_token, event.shares, event.price)

    def _on_replaced(self, event: ev.OrderReplaced) -> None:
        """Let the parent that children know go on under the replacement's id and size."""
        parent = self._parents.pop(event.order_id)
        filled = parent.quantity - parent.leaves
        parent.quantity = self._parents[event.replacement_id].quantity
        parent.leaves = parent.quantity - filled
        self._parents[event.replacement_id] = parent

    def _on_ended(self, event: ev.OrderCanceled | ev.OrderExpired) -> None:
        self._parents.pop(event.order_id, None)

    @staticmethod
    def _set_working(child: Outbound, working: int) -> None:
        child.parent.working += working - child.working
        child.working = working

    # --- rows ------------------------------------------------------------------------------------

    def _enter_row(self, token: int, parent: Parent, terms: ChildTerms) -> _Row:
        """Give the row of a new child. A sweep takes every better quote at the same time: its children are ISOs (242.600)."""
        display = oe.HIDDEN if terms.hidden else oe.RESERVE if terms.display_shares else oe.DISPLAYED
        tif: int = oe.DAY if terms.time_in_force is TimeInForce.GTC else terms.time_in_force
        if parent.extended and tif == oe.DAY:
            tif = oe.EXTENDED
        return (
            oe.ENTER,
            parent.side,
            tif,
            display,
            self._locates[parent.instrument_id],
            self._firm,
            token,
            0,
            terms.price,
            terms.shares,
            terms.display_shares,
            0,
            self._now_ns,
            oe.NO_PEG,
            oe.ISO if terms.sweeps else 0,
            oe.NO_PREVENTION,
            parent.capacity,
            0,
            0,
        )

    def _queue_cancel(self, token: int) -> None:
        child = self._children.get(token)
        if child is not None:
            row = (oe.CANCEL, 0, 0, 0, 0, self._firm, token, token, 0, 0, 0, 0, self._now_ns, *_PLAIN)
            self._out[child.venue].append(row)

    def _queue_replace(self, venue: int, token: int, new_token: int, shares: int, price: int) -> None:
        child = self._children[token]
        row = (
            oe.REPLACE,
            0,
            oe.EXTENDED if child.parent.extended else oe.DAY,
            oe.HIDDEN if child.hidden else oe.DISPLAYED,
            0,
            self._firm,
            new_token,
            token,
            price,
            shares,
            0,
            0,
            self._now_ns,
            *_PLAIN,
        )
        self._out[venue].append(row)


def _parent(terms: OrderTerms, intent: Intent, leaves: int) -> Parent:
    """Make what the gateway knows of a parent: a short sale is marked so on every child, or short exempt (242.200(g))."""
    side: int = terms.side
    if intent is Intent.SELL_SHORT:
        side = oe.SELL_SHORT_EXEMPT if terms.short_exempt else oe.SELL_SHORT
    return Parent(
        terms.instrument_id,
        side,
        terms.quantity,
        leaves,
        _CAPACITIES[terms.capacity],
        extended=terms.hours is Hours.EXTENDED,
    )
