"""The words of an order: side, type, time in force, status, terms."""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Side(IntEnum):
    """Side of an order. The values are the book sides a resting order stands on: 0 bid, 1 ask."""

    BUY = 0
    SELL = 1


class OrderType(IntEnum):
    """FIX tag 40, by its own numbers."""

    MARKET = 1
    LIMIT = 2
    STOP = 3
    STOP_LIMIT = 4


class TimeInForce(IntEnum):
    """FIX tag 59, by its own numbers."""

    DAY = 0
    GTC = 1
    IOC = 3
    FOK = 4


class Display(IntEnum):
    """How much of a resting order a venue shows."""

    DISPLAYED = 0
    HIDDEN = 1
    RESERVE = 2


class Capacity(IntEnum):
    """For whom the house acts: for the customer, for itself, or for itself to pass on at once at the same price."""

    AGENCY = 0
    PRINCIPAL = 1
    RISKLESS_PRINCIPAL = 2


class Hours(IntEnum):
    """When what rests may trade: in the regular session, or before and after it too. What is taken at once trades when it comes."""

    REGULAR = 0
    EXTENDED = 1


class OrderStatus(IntEnum):
    """Where an order stands. Names of FIX tag 39."""

    PENDING_NEW = 1
    NEW = 2
    PARTIALLY_FILLED = 3
    PENDING_CANCEL = 4
    PENDING_REPLACE = 5
    FILLED = 6
    CANCELED = 7
    REPLACED = 8
    REJECTED = 9
    EXPIRED = 10

    @property
    def is_terminal(self) -> bool:
        """True when nothing can happen to the order any more."""
        return self >= OrderStatus.FILLED


class Intent(IntEnum):
    """What an order does to the position it meets; a short sale is a sale that opens."""

    BUY_TO_OPEN = 1
    BUY_TO_CLOSE = 2
    SELL_TO_CLOSE = 3
    SELL_SHORT = 4


class ChildStatus(IntEnum):
    """Where a child order stands at its venue."""

    SENT = 1
    LIVE = 2
    CANCEL_SENT = 3
    REPLACE_SENT = 4
    IN_DOUBT = 5
    DONE = 6


class Liquidity(IntEnum):
    """Whether an execution took liquidity or gave it."""

    REMOVED = 0
    ADDED = 1


ROUTE_DART = "DART"
ROUTE_SEQUENCE = "SEQUENCE"
ROUTE_SNAPSHOT = "SNAPSHOT"
ROUTE_REPEAT = "REPEAT"
ROUTE_SWEEP = "SWEEP"
ROUTE_SEEK = "SEEK"
ROUTE_STRATEGIES = {
    ROUTE_DART: "DART: asks first or sweeps, whichever is expected to cost less",
    ROUTE_SEQUENCE: "Route sequence: one route after the other",
    ROUTE_SNAPSHOT: "Snapshot: one sweep of what is shown",
    ROUTE_REPEAT: "Repeat: the best price again and again",
    ROUTE_SWEEP: "Sweep: all that is shown and what may hide, at once",
    ROUTE_SEEK: "Seek: pools and market makers first",
}
"""Route choices that let the house decide, and what people are told of them; `docs/dart.md` has each in full."""
# Any other route choice is a route code of the world: a direct order to that one route.

CLIENT_ORDER_ID_BYTES_MAX = 128
"""Longest client order id taken: what the public trading APIs allow."""


class OrderTerms(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a customer asks for. Prices in $0.0001, 0 = none; `display_shares` 0 = show all.

    `not_held`: the customer leaves price and time of execution to the house's discretion; else the house is held to the order.
    `short_exempt`: a sale that, when it is short, claims an exception of Rule 201(c) or (d).
    """

    instrument_id: int
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: int
    limit_price: int = 0
    stop_price: int = 0
    route: str = ROUTE_DART
    display_shares: int = 0
    hidden: bool = False
    not_held: bool = False
    capacity: Capacity = Capacity.AGENCY
    hours: Hours = Hours.REGULAR
    short_exempt: bool = False

    @property
    def display(self) -> Display:
        """How it is shown while it rests."""
        if self.hidden:
            return Display.HIDDEN
        return Display.RESERVE if self.display_shares else Display.DISPLAYED
