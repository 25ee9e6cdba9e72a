"""Parent and child orders as they stand. State only: who may change what is said in `blotter`.

A parent order is what the customer asked for; child orders are what DART sent to venues to fill it. Shares of a parent are
at any moment: filled, working (at venues, in children that are not done) or idle.
"""

from __future__ import annotations

import msgspec

from rushtrade.domain.orders import ChildStatus, Intent, OrderStatus, OrderTerms, OrderType, TimeInForce
from rushtrade.domain.plans import ChildTerms

# members by name: looking one up in its class costs more than the check it is for
_SENT = ChildStatus.SENT
_MARKET = OrderType.MARKET
_LIMIT = OrderType.LIMIT
_DAY = TimeInForce.DAY
_GTC = TimeInForce.GTC


class Child:
    """One child order at one venue."""

    __slots__ = (
        "leaves",
        "order_id",
        "price",
        "replace_token",
        "shares",
        "status",
        "terms",
        "token",
        "venue",
        "venue_order_id",
    )

    def __init__(self, token: int, order_id: int, terms: ChildTerms) -> None:
        self.token = token
        self.order_id = order_id
        self.terms = terms
        """As it was sent first; `price` and `shares` follow what venues replaced."""
        self.venue = terms.venue
        self.price = terms.price
        self.shares = terms.shares
        self.leaves = terms.shares
        self.status = _SENT
        self.venue_order_id = 0
        self.replace_token = 0
        """Token of the replace on its way to the venue; 0 = none."""


class Replacement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A replace that has been asked for and is not decided yet."""

    replacement_id: int
    client_order_id: str
    terms: OrderTerms
    hold_money: int
    hold_shares: int
    shares: int
    """What the holds are for: the new quantity less what was filled when the replace was asked for."""


class Order:
    """One parent order, from acceptance to its end. Money in micro-dollars, counts from zero: most orders never touch most of them."""

    hold_money = 0
    hold_shares = 0
    filled = 0
    filled_money = 0
    """Sum of price × shares."""
    commission = 0
    day_shares = 0
    day_money = 0
    sec_fee = 0
    taf = 0
    cat_fee = 0
    """Shares, money and regulatory fees of today's executions: fees round up once an order and day."""
    progress = 0
    refusals = 0
    """Children that venues would not take."""
    routing_needed = False
    cancel_reason = ""
    replacement: Replacement | None = None
    extra_money = 0
    extra_shares = 0
    """What the replacement needs beyond this order's hold, held for it while it is not decided."""
    arrival_bid = 0
    arrival_ask = 0

    def __init__(
        self,
        order_id: int,
        account_id: int,
        client_order_id: str,
        terms: OrderTerms,
        intent: Intent,
        bound: int,
        accepted_ns: int,
    ) -> None:
        self.order_id = order_id
        self.account_id = account_id
        self.client_order_id = client_order_id
        self.terms = terms
        self.intent = intent
        self.bound = bound
        self.accepted_ns = accepted_ns
        self.triggered = terms.order_type is _MARKET or terms.order_type is _LIMIT
        self.children: dict[int, Child] = {}
        """Children that are not done, by token."""

    @property
    def leaves(self) -> int:
        """Shares not filled yet."""
        return self.terms.quantity - self.filled

    @property
    def working(self) -> int:
        """Shares in children that are not done."""
        return sum(child.leaves for child in self.children.values())

    @property
    def may_rest(self) -> bool:
        """True when what cannot be executed at once may wait in a book."""
        return self.terms.time_in_force in {_DAY, _GTC} and self.terms.limit_price > 0

    @property
    def status(self) -> OrderStatus:
        """FIX tag 39 of an open order."""
        if self.cancel_reason:
            return OrderStatus.PENDING_CANCEL
        if self.replacement is not None:
            return OrderStatus.PENDING_REPLACE
        if self.filled:
            return OrderStatus.PARTIALLY_FILLED
        if any(child.status is not _SENT for child in self.children.values()):
            return OrderStatus.NEW
        return OrderStatus.NEW if not self.triggered or self.routing_needed else OrderStatus.PENDING_NEW
