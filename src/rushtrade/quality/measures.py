"""Sums of execution quality over orders or over the children of a route, exact; what is printed of them is divided at the end.

Works on facts, knows no journal. With q = +1 for a buy and -1 for a sale, m the midpoint, p the price, n shares:

====================  =========================================================================================
effective spread      2 q (p - m) when the order came (a route: when its child was planned), weighted by shares
quoted spread         offer - bid at the same moment; E/Q is the first over the second
realized spread       2 q (p - m) some time after the execution; impact is effective less realized
improvement           q (best price of the other side - p) where above zero; disimprovement where below
size improvement      shares executed at that price or better beyond those shown there
cost                  q (p - m when the order came) n + fees of the venue
shortfall             cost + q (m at the end - m when it came) × shares not filled, where both midpoints are known
====================  =========================================================================================

Sums are in $0.0001 × shares unless they say money.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.domain.orders import Side
from rushtrade.quality.facts import Child, Ending, Fill, OrderFacts, Quote

HALF_MONEY = MONEY_PER_PRICE_SHARE // 2
"""Money of one share over $0.0001 of a doubled midpoint."""


class LaterSpread(msgspec.Struct):
    """Realized spread and impact at one horizon, over the shares whose later midpoint is known."""

    shares: int = 0
    realized: int = 0
    impact: int = 0


class Tally(msgspec.Struct):
    """What came of a group of orders. `with_mid` are executed shares that met a known midpoint when they were decided."""

    orders: int = 0
    refused: int = 0
    shares: int = 0
    filled: int = 0
    executions: int = 0
    first_fills: int = 0
    first_fill_ns: int = 0
    """Sum of the times from sending to the first execution."""
    with_mid: int = 0
    effective: int = 0
    quoted: int = 0
    improved_shares: int = 0
    improvement: int = 0
    worse_shares: int = 0
    disimprovement: int = 0
    size_improvement: int = 0
    venue_fees: int = 0
    costed: int = 0
    """Executed shares of orders that met a known midpoint when they came."""
    slippage_money: int = 0
    costed_fees: int = 0
    shortfall_orders: int = 0
    shortfall_money: int = 0
    later: list[LaterSpread] = []

    @property
    def fill_rate(self) -> Fraction | None:
        """Executed over wanted."""
        return ratio(self.filled, self.shares)

    @property
    def reject_rate(self) -> Fraction | None:
        """Refused over sent."""
        return ratio(self.refused, self.orders)

    @property
    def effective_over_quoted(self) -> Fraction | None:
        """E/Q: one pays the whole quoted spread, zero trades at the midpoint."""
        return ratio(self.effective, self.quoted)

    @property
    def cost_money(self) -> int:
        """Slippage against the midpoint at arrival, and the venues' fees, of the same shares."""
        return self.slippage_money + self.costed_fees

    @property
    def cost_mils(self) -> Fraction | None:
        """Cost in mils ($0.0001) a share."""
        return ratio(self.cost_money, self.costed * MONEY_PER_PRICE_SHARE)

    def add_fill(self, fill: Fill, side: Side, quote: Quote, arrival: Quote) -> None:
        """Take in an execution, measured on `quote` and, for its cost, on the arrival."""
        way = 1 if side is Side.BUY else -1
        shares = fill.shares
        self.filled += shares
        self.executions += 1
        self.venue_fees += fill.venue_fee
        if arrival.known:
            self.costed += shares
            self.slippage_money += way * (2 * fill.price - arrival.mid2) * shares * HALF_MONEY
            self.costed_fees += fill.venue_fee
        far = quote.far(side)
        if far:
            better = way * (far - fill.price)
            if better > 0:
                self.improved_shares += shares
                self.improvement += better * shares
            elif better < 0:
                self.worse_shares += shares
                self.disimprovement -= better * shares
        if quote.known:
            self._spreads(fill, way, quote)

    def _spreads(self, fill: Fill, way: int, quote: Quote) -> None:
        shares = fill.shares
        self.with_mid += shares
        self.effective += way * (2 * fill.price - quote.mid2) * shares
        self.quoted += (quote.ask - quote.bid) * shares
        while len(self.later) < len(fill.later):
            self.later.append(LaterSpread())
        for spread, mid2 in zip(self.later, fill.later, strict=True):
            if mid2:
                spread.shares += shares
                spread.realized += way * (2 * fill.price - mid2) * shares
                spread.impact += way * (mid2 - quote.mid2) * shares

    def add_child(self, child: Child, order: OrderFacts) -> None:
        """Take in what was sent to a venue, measured on the quotes of the decision that sent it."""
        if not child.carried:
            self.orders += 1
            self.refused += child.refused
        self.shares += child.shares
        self._first(child.fills, child.sent_ns)
        for fill in child.fills:
            self.add_fill(fill, order.terms.side, child.quote, order.arrival)
        self.size_improvement += beyond_shown(child.fills, order.terms.side, child.quote)

    def add_order(self, order: OrderFacts) -> None:
        """Take in an order, measured on the quotes it met when it came."""
        self.orders += 1
        if order.ending is Ending.REFUSED:
            self.refused += 1
            return
        self.shares += order.wanted
        fills = order.fills
        self._first(fills, order.accepted_ns)
        for fill in fills:
            self.add_fill(fill, order.terms.side, order.arrival, order.arrival)
        self.size_improvement += beyond_shown(fills, order.terms.side, order.arrival)
        short = shortfall(order)
        if short is not None:
            self.shortfall_orders += 1
            self.shortfall_money += short

    def _first(self, fills: list[Fill], since_ns: int) -> None:
        if fills:
            self.first_fills += 1
            self.first_fill_ns += min(fill.time_ns for fill in fills) - since_ns


def beyond_shown(fills: list[Fill], side: Side, quote: Quote) -> int:
    """Give the shares executed at the best price shown, or better, beyond the shares shown there."""
    far, way = quote.far(side), 1 if side is Side.BUY else -1
    if not far:
        return 0
    at_or_better = sum(fill.shares for fill in fills if way * (far - fill.price) >= 0)
    return max(at_or_better - quote.far_shares(side), 0)


def shortfall(order: OrderFacts) -> int | None:
    """Give an order's implementation shortfall in micro-dollars: cost of what was filled, and what the rest ran away by.

    None where it is not known: no midpoint when it came, none at its end though shares were left, or it has not ended.
    """
    mid2 = order.arrival.mid2
    unfilled = order.wanted - order.filled
    if order.ending in {Ending.OPEN, Ending.REFUSED, Ending.REPLACED} or not mid2:
        return None
    if unfilled and not order.end_mid2:
        return None
    cost = sum(
        order.way * (2 * fill.price - mid2) * fill.shares * HALF_MONEY + fill.venue_fee
        for fill in order.fills
    )
    return cost + (order.way * (order.end_mid2 - mid2) * unfilled * HALF_MONEY if unfilled else 0)


def ratio(part: int, whole: int) -> Fraction | None:
    """Give a quotient, or None where there is nothing to divide by."""
    return Fraction(part, whole) if whole else None
