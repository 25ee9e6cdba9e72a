"""What is known of an order when it is over: its quotes, its children, its executions. Plain facts, no judgement.

Prices in $0.0001, money in micro-dollars, times in nanoseconds. A midpoint is kept doubled (bid + ask), so that it stays whole.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from rushtrade.domain.orders import (
    Intent,
    Liquidity,
    OrderTerms,
    OrderType,
    Side,
    TimeInForce,
)
from rushtrade.domain.plans import Strategy
from rushtrade.domain.routes import Route

STUB_FACTOR = 2
"""An offer above twice the bid is somebody's stub and says nothing of a midpoint, as in `domain.quotes.mark_price`."""


class OrderKind(IntEnum):
    """The four kinds of Rule 606(a)(1)(ii), by the quotes at receipt."""

    MARKET = 1
    MARKETABLE_LIMIT = 2
    NON_MARKETABLE_LIMIT = 3
    OTHER = 4
    """Stop orders, and orders that must be filled as a whole."""


class Ending(IntEnum):
    """How an order ended; `OPEN` when the journal ends first."""

    OPEN = 0
    FILLED = 1
    CANCELED = 2
    EXPIRED = 3
    REPLACED = 4
    REFUSED = 5
    """The house refused it: it was never an order of a venue."""


class Quote(msgspec.Struct, frozen=True):
    """Best bid and offer at one moment. 0 = none."""

    time_ns: int = 0
    bid: int = 0
    bid_shares: int = 0
    ask: int = 0
    ask_shares: int = 0

    @property
    def known(self) -> bool:
        """Whether there is a midpoint: two sides, not crossed, no stub."""
        return two_sided(self.bid, self.ask)

    @property
    def mid2(self) -> int:
        """Twice the midpoint; 0 when it is not known."""
        return self.bid + self.ask if self.known else 0

    def far(self, side: Side) -> int:
        """Best price of those an order of `side` would trade with."""
        return self.ask if side is Side.BUY else self.bid

    def far_shares(self, side: Side) -> int:
        """Shares shown there."""
        return self.ask_shares if side is Side.BUY else self.bid_shares

    def near(self, side: Side) -> int:
        """Best price of those who wait on the order's own side."""
        return self.bid if side is Side.BUY else self.ask


def two_sided(bid: int, ask: int) -> bool:
    """Whether two prices make a midpoint."""
    return 0 < bid <= ask <= STUB_FACTOR * bid


class Fill(msgspec.Struct):
    """One execution. `later` holds twice the midpoint at each horizon after it; 0 where it is not known."""

    seq: int
    time_ns: int
    token: int
    venue: int
    price: int
    shares: int
    liquidity: Liquidity
    venue_fee: int
    later: list[int]


class Child(msgspec.Struct):
    """One order sent to a venue, with the best quotes of the decision that sent it.

    `carried`: taken over from an order that was replaced; it was sent, and counted, before.
    """

    token: int
    venue: int
    price: int
    shares: int
    time_in_force: TimeInForce
    sent_ns: int
    strategy: Strategy
    quote: Quote
    carried: bool = False
    refused: bool = False
    ended: bool = False
    fills: list[Fill] = []

    @property
    def filled(self) -> int:
        """Shares executed."""
        return sum(fill.shares for fill in self.fills)


class OrderFacts(msgspec.Struct):
    """One order as it went.

    `wanted` are the shares it had left to trade when it was accepted; `directed`: the customer chose the venue.
    """

    order_id: int
    account_id: int
    terms: OrderTerms
    intent: Intent
    day: int
    accepted_ns: int
    arrival: Quote
    wanted: int
    directed: bool
    children: list[Child] = []
    commission: int = 0
    fees: int = 0
    ending: Ending = Ending.OPEN
    ended_ns: int = 0
    end_mid2: int = 0
    replaces: int = 0
    opens_ns: int = 0
    closes_ns: int = 0
    """The regular session of its day; 0 where the day gave none."""
    triggered_ns: int = 0
    """When a stop order became an order that can trade."""
    plan_strategies: list[Strategy] = []

    @property
    def fills(self) -> list[Fill]:
        """All executions, child by child."""
        return [fill for child in self.children for fill in child.fills]

    @property
    def filled(self) -> int:
        """Shares executed for this order."""
        return sum(child.filled for child in self.children)

    @property
    def way(self) -> int:
        """+1 for a buy, -1 for a sale."""
        return 1 if self.terms.side is Side.BUY else -1

    @property
    def held(self) -> bool:
        """Whether the house was held to the price and time of the order, and had no discretion over them."""
        return not self.terms.not_held

    @property
    def strategy(self) -> str:
        """What the customer chose: a strategy's name, or ``DIRECT``."""
        return DIRECT if self.directed else self.terms.route

    @property
    def kind(self) -> OrderKind:
        """Which of Rule 606's four kinds it is."""
        terms = self.terms
        if (
            terms.order_type in {OrderType.STOP, OrderType.STOP_LIMIT}
            or terms.time_in_force is TimeInForce.FOK
        ):
            return OrderKind.OTHER
        if terms.order_type is OrderType.MARKET:
            return OrderKind.MARKET
        return OrderKind.MARKETABLE_LIMIT if self.marketable else OrderKind.NON_MARKETABLE_LIMIT

    @property
    def marketable(self) -> bool:
        """Whether its limit met the best quote of the other side when it came; a market order always does."""
        far = self.arrival.far(self.terms.side)
        if not self.terms.limit_price:
            return True
        return far > 0 and self.way * (self.terms.limit_price - far) >= 0


DIRECT = "DIRECT"
"""What an order sent to a venue of the customer's choice is called among the strategies."""


class Names(msgspec.Struct):
    """What the journal calls things: routes by venue, symbols by instrument, account numbers by id."""

    firm: str = ""
    routes: dict[int, Route] = {}
    symbols: dict[int, str] = {}
    round_lots: dict[int, int] = {}
    accounts: dict[int, str] = {}

    def code(self, venue: int) -> str:
        """Give the house code of a venue, or its number."""
        route = self.routes.get(venue)
        return route.code if route else str(venue)

    def is_route(self, choice: str) -> bool:
        """Whether a route choice names a venue; any other names a strategy of the house."""
        return any(choice in {route.code, route.route_code} for route in self.routes.values())

    def symbol(self, instrument_id: int) -> str:
        """Give the symbol of an instrument, or its number."""
        return self.symbols.get(instrument_id, str(instrument_id))
