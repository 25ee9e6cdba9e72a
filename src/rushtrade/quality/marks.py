"""The marks of an order that routing reports and an audit trail ask for, each told from the journal alone.

===========  =====================================================================================================
directed     the customer chose the venue: the route on the order is a route's code, not a strategy's name
held         the house is held to price and time; an order marked not held leaves both to its discretion
capacity     as the order was entered: agency, or what the firm's own people marked it
session      regular, pre-market or post-market by the day's session; the time is that of acceptance
hours        regular, or extended when what rests may trade before and after the regular session
sale         long, or short when it sells more than the position and the orders ahead of it leave (Rule 200); short exempt when an
             exception of Rule 201(c) or (d) was claimed for it
===========  =====================================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from rushtrade.domain.instants import format_instant
from rushtrade.domain.orders import Intent, Side
from rushtrade.quality.facts import Ending, Names, OrderFacts


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
    hours: str


def session_of(order: OrderFacts) -> str:
    """Name the session an order came in; a day without hours is all regular."""
    if order.closes_ns and order.accepted_ns >= order.closes_ns:
        return "post-market"
    return "pre-market" if order.accepted_ns < order.opens_ns else "regular"


def sale_of(order: OrderFacts) -> str:
    """Mark a sale long or short; empty for a purchase."""
    if order.terms.side is Side.BUY:
        return ""
    if order.intent is not Intent.SELL_SHORT:
        return "long"
    return "short exempt" if order.terms.short_exempt else "short"


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
            capacity=order.terms.capacity.name.lower(),
            session=session_of(order),
            sale=sale_of(order),
            hours=order.terms.hours.name.lower(),
        )
        for order in orders
        if order.day == day and order.ending is not Ending.REFUSED
    ]
    return sorted(found, key=lambda row: row.order_id)
