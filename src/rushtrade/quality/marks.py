"""The marks of an order that routing reports and an audit trail ask for, each told from the journal alone.

===========  =====================================================================================================
directed     the customer chose the venue: the route on the order is a route's code, not a strategy's name
held         the house is held to price and time; an order marked not held leaves both to its discretion
capacity     agent, always: the house has no inventory, and every execution books customer against street
session      regular, pre-market or post-market by the day's session; the time is that of acceptance
sale         long, or short when it sells more than the position and the orders ahead of it leave (Rule 200); the house claims no
             exemption of Rule 201, so no sale is short exempt
===========  =====================================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from rushtrade.domain.instants import format_instant
from rushtrade.domain.orders import Intent, Side
from rushtrade.quality.facts import Ending, Names, OrderFacts

AGENT = "agent"


class MarkedOrder(msgspec.Struct, frozen=True):
    """One order and its marks. `sale` is empty for a purchase."""

    order_id: int
    account: str
    symbol: str
    time: str
    side: str
    shares: int
    directed: bool
    held: bool
    capacity: str
    session: str
    sale: str


def session_of(order: OrderFacts) -> str:
    """Name the session an order came in; a day without hours is all regular."""
    if order.closes_ns and order.accepted_ns >= order.closes_ns:
        return "post-market"
    return "pre-market" if order.accepted_ns < order.opens_ns else "regular"


def sale_of(order: OrderFacts) -> str:
    """Mark a sale long or short; empty for a purchase."""
    if order.terms.side is Side.BUY:
        return ""
    return "short" if order.intent is Intent.SELL_SHORT else "long"


def marked(orders: Iterable[OrderFacts], day: int, names: Names) -> list[MarkedOrder]:
    """Give the orders a day took, in the order they came. Refused orders were never worked and have no marks."""
    found = [
        MarkedOrder(
            order_id=order.order_id,
            account=names.accounts[order.account_id],
            symbol=names.symbol(order.terms.instrument_id),
            time=format_instant(order.accepted_ns),
            side=order.terms.side.name.lower(),
            shares=order.terms.quantity,
            directed=order.directed,
            held=order.held,
            capacity=AGENT,
            session=session_of(order),
            sale=sale_of(order),
        )
        for order in orders
        if order.day == day and order.ending is not Ending.REFUSED
    ]
    return sorted(found, key=lambda row: row.order_id)
