"""A venue whose every move the test decides: it keeps to the rules of order entry, and can be told to break them.

Messages wait in `inbox` until the test lets the venue take one; reports wait until the test delivers them. Every report ever made is kept, numbered without a hole, so that a house that was away can have them repeated.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from rushtrade.domain.commands import AnyCommand
from rushtrade.gateway.reports import read_reports
from rushtrade.wire import order_entry as oe


class Standing:
    """An order at the venue."""

    def __init__(self, side: int, price: int, shares: int, order_id: int) -> None:
        self.side = side
        self.price = price
        self.leaves = shares
        self.executed = 0
        self.order_id = order_id


class ScriptedVenue:
    """One venue's side of order entry."""

    def __init__(self, venue: int) -> None:
        self.venue = venue
        self.connected = True
        self.inbox: deque[tuple[int, ...]] = deque()
        self.orders: dict[int, Standing] = {}
        """Working orders by token."""
        self.executed: dict[int, int] = {}
        """Shares executed by token, also of orders that are done; a replaced order counts under the token it works on under."""
        self._known: dict[int, int] = {}
        self.rows: list[tuple[int, ...]] = []
        """Every report ever made; report n is row n - 1."""
        self.delivered = 0
        self._numbers = 0

    # --- the line --------------------------------------------------------------------------------

    def send(self, rows: oe.Rows, now_ns: int) -> None:
        """`VenueLink.send`: what is sent over a broken line is lost."""
        if self.connected:
            self.inbox.extend(rows.tolist())

    def next_reports(self, count: int) -> list[AnyCommand]:
        """The next reports that have not been delivered, as one batch."""
        if not self.connected:
            return []
        first, self.delivered = self.delivered, min(self.delivered + count, len(self.rows))
        return self.report(first, self.delivered)

    def report(self, first: int, end: int) -> list[AnyCommand]:
        """Reports of rows `first` to `end`, as the gateway reads them."""
        return read_reports(self.venue, np.array(self.rows[first:end], oe.ORDER_REPORT))

    @property
    def undelivered(self) -> int:
        """Reports that have not been delivered."""
        return len(self.rows) - self.delivered

    def cut(self) -> None:
        """The line breaks: what was on it is lost both ways."""
        self.connected = False
        self.inbox.clear()

    def reconnect(self, last_taken: int) -> None:
        """The line is back, and the house asks for everything after the last report it has taken."""
        self.connected = True
        self.delivered = last_taken

    def forget(self) -> None:
        """Begin anew: no orders, reports from number 1."""
        self.__init__(self.venue)  # type: ignore[misc]

    # --- taking messages -----------------------------------------------------------------------------

    def take(self, *, refuse: bool = False) -> None:
        """Take the next message; `refuse` it where a venue may."""
        kind, side, _tif, _display, _locate, _firm, token, original, price, shares, *_ = self.inbox.popleft()
        if kind == oe.ENTER:
            self._enter(token, side, price, shares, refuse=refuse)
        elif kind == oe.CANCEL:
            self._cancel(token, refuse=refuse)
        elif kind == oe.REPLACE:
            self._replace(token, original, price, shares, refuse=refuse)
        else:
            self._status(token)

    def _enter(self, token: int, side: int, price: int, shares: int, *, refuse: bool) -> None:
        if token in self._known:
            self._status(token)
        elif refuse:
            self._known[token] = oe.REASON_HALTED
            self._say(oe.REJECTED, token, reason=oe.REASON_HALTED)
        else:
            self._known[token] = oe.REASON_NONE
            order = self.orders[token] = Standing(side, price, shares, next_id(self))
            self.executed[token] = 0
            self._say(oe.ACCEPTED, token, order_id=order.order_id, price=price, shares=shares, leaves=shares)

    def _cancel(self, token: int, *, refuse: bool) -> None:
        if token not in self.orders or refuse:
            reason = oe.REASON_HALTED if token in self.orders else oe.REASON_TOO_LATE
            self._say(oe.REJECTED, token, original=token, reason=reason)
        else:
            self.cancel(token, oe.REASON_USER_CANCEL)

    def _replace(self, token: int, original: int, price: int, shares: int, *, refuse: bool) -> None:
        if token in self._known:
            self._status(token)
            return
        if original not in self.orders or refuse:
            reason = oe.REASON_HALTED if original in self.orders else oe.REASON_TOO_LATE
            self._known[token] = reason
            self._say(oe.REJECTED, token, original=original, reason=reason)
            return
        order = self.orders.pop(original)
        self._known[original], self._known[token] = oe.REASON_REPLACED, oe.REASON_NONE
        order.price, order.leaves, order.order_id = price, max(shares - order.executed, 0), next_id(self)
        if order.leaves:
            self.orders[token] = order
            self.executed[token] = self.executed.pop(original)
        self._say(
            oe.REPLACED,
            token,
            original=original,
            order_id=order.order_id,
            price=price,
            leaves=order.leaves,
        )

    def _status(self, token: int) -> None:
        order = self.orders.get(token)
        reason = self._known.get(token, oe.REASON_UNKNOWN_ORDER)
        if order is not None:
            self._say(oe.STATUS, token, order_id=order.order_id, price=order.price, leaves=order.leaves)
        else:
            self._say(oe.STATUS, token, reason=reason)

    # --- the market ----------------------------------------------------------------------------------

    def execute(self, token: int, shares: int, price: int) -> None:
        """Execute shares of a working order."""
        order = self.orders[token]
        order.executed += shares
        order.leaves -= shares
        self.executed[token] += shares
        self._say(oe.EXECUTED, token, price=price, shares=shares, leaves=order.leaves, match=next_id(self))
        if not order.leaves:
            del self.orders[token]

    def cancel(self, token: int, reason: int, leaving: int = 0) -> None:
        """Cancel a working order, or a part of it."""
        order = self.orders[token]
        canceled, order.leaves = order.leaves - leaving, leaving
        if not leaving:
            del self.orders[token]
            self._known[token] = reason
        self._say(oe.CANCELED, token, reason=reason, shares=canceled, leaves=leaving)

    def contradict(self, kind: int, token: int, original: int, price: int, shares: int, leaves: int) -> None:
        """Say something, true or not."""
        self._say(kind, token, original=original, price=price, shares=shares, leaves=leaves)

    def _say(
        self,
        kind: int,
        token: int,
        *,
        original: int = 0,
        reason: int = oe.REASON_NONE,
        order_id: int = 0,
        match: int = 0,
        price: int = 0,
        shares: int = 0,
        leaves: int = 0,
    ) -> None:
        number = len(self.rows) + 1
        row = (
            kind,
            oe.REMOVED,
            reason,
            0,
            1,
            1,
            number,
            token,
            original,
            order_id,
            match,
            price,
            shares,
            leaves,
            0,
            number,
        )
        self.rows.append(row)


def next_id(venue: ScriptedVenue) -> int:
    """Ids of the venue's own making."""
    venue._numbers += 1
    return venue._numbers
