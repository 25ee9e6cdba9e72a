"""The last line: checks on what leaves for a venue, made again by code that shares nothing with the core's.

Rule 15c3-5(c) asks for controls on the way out; the Knight case (SEC 34-70694) shows why they must not depend on the
order logic they guard. It refuses a child order that would make the children of its parent larger than the parent, an order above a
size or value no order of this firm may have, and a rate no healthy house has. A refusal is answered to the core as a venue would.
"""

from __future__ import annotations

from collections import deque

import msgspec

from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE, dollars


class OutboundLimits(msgspec.Struct, frozen=True):
    """Bounds on what leaves. Money in micro-dollars, times in ns."""

    order_shares_max: int = 999_999
    """What a venue takes in one order (OUCH)."""
    order_notional_max: int = 20_000_000_000_000
    window_ns: int = 1_000_000_000
    window_orders_max: int = 200_000
    """Orders within the window: several times the fastest rate this house has been measured at."""
    window_notional_max: int = 50_000_000_000_000_000
    """Value of the orders within the window, over the whole firm."""


class Parent:
    """What the last line knows of a parent order: its own count, from published events alone, and the marks its children carry."""

    __slots__ = ("capacity", "extended", "instrument_id", "leaves", "quantity", "side", "working")

    def __init__(
        self,
        instrument_id: int,
        side: int,
        quantity: int,
        leaves: int,
        capacity: int = 0,
        *,
        extended: bool = False,
    ) -> None:
        self.instrument_id = instrument_id
        self.side = side
        self.capacity = capacity
        self.extended = extended
        self.quantity = quantity
        self.leaves = leaves
        self.working = 0


class Outbound:
    """A child order that is not known to be done."""

    __slots__ = ("hidden", "parent", "venue", "working")

    def __init__(self, venue: int, parent: Parent, working: int, *, hidden: bool = False) -> None:
        self.venue = venue
        self.parent = parent
        self.working = working
        self.hidden = hidden


class Limiter:
    """Bounds of one firm. Times are the house's clock."""

    __slots__ = ("_limits", "_notional", "_window")

    def __init__(self, limits: OutboundLimits) -> None:
        self._limits = limits
        self._window: deque[tuple[int, int]] = deque()
        self._notional = 0

    def refuse_new(self, parent: Parent, shares: int, price: int, now_ns: int) -> str:
        """Say why a new child order may not leave; empty when it may, and then it counts."""
        if shares <= 0 or shares > parent.leaves - parent.working:
            return (
                f"children would work {parent.working + shares} shares of a parent with {parent.leaves} left"
            )
        refusal = self.refuse_size(shares, price, now_ns)
        if not refusal:
            parent.working += shares
        return refusal

    def refuse_size(self, shares: int, price: int, now_ns: int) -> str:
        """Say why an order of this size may not leave now; empty when it may, and then it counts."""
        limits = self._limits
        if shares > limits.order_shares_max:
            return f"{shares} shares are above the last-line limit of {limits.order_shares_max} an order"
        notional = price * shares * MONEY_PER_PRICE_SHARE
        if notional > limits.order_notional_max:
            return f"{dollars(notional)} is above the last-line limit of {dollars(limits.order_notional_max)}"
        window = self._window
        horizon = now_ns - limits.window_ns
        while window and window[0][0] <= horizon:
            self._notional -= window.popleft()[1]
        if len(window) >= limits.window_orders_max:
            return (
                f"more than {limits.window_orders_max} orders in a second: the last line holds this one back"
            )
        if self._notional + notional > limits.window_notional_max:
            return f"more than {dollars(limits.window_notional_max)} in a second: the last line holds this one back"
        window.append((now_ns, notional))
        self._notional += notional
        return ""
