"""One account's position in one instrument: signed shares, average cost, realised profit and loss.

Cost is the money that the open shares cost (long, positive) or brought in (short, negative), commissions and
fees left out: they are booked apart. A sale of part of a position takes cost out in proportion, rounded toward zero;
what rounding left stays with the shares that are left, so that at zero shares the cost is exactly zero.
"""

from __future__ import annotations

from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE


class Position:
    """Shares, cost and profit of one holding. Money in micro-dollars, shares signed."""

    __slots__ = (
        "closing_held",
        "cost",
        "day_cash",
        "day_charges",
        "day_open_shares",
        "day_realised",
        "realised",
        "shares",
    )

    def __init__(self) -> None:
        self.shares = 0
        self.cost = 0
        self.realised = 0
        self.closing_held = 0
        """Shares promised to open orders that close: they cannot be promised twice."""
        self.day_open_shares = 0
        """Shares held since the close before, with those brought in since: what the day's move counts on."""
        self.day_cash = 0
        """Money of today's trades: sales less purchases."""
        self.day_realised = 0
        self.day_charges = 0
        """Commission and fees of today's executions."""

    def trade(self, signed_shares: int, price: int) -> int:
        """Take an execution in; give the profit it realised. A trade through zero closes, then opens."""
        money = signed_shares * price * MONEY_PER_PRICE_SHARE
        self.day_cash -= money
        held = self.shares
        if held == 0 or (held > 0) == (signed_shares > 0):
            self.shares = held + signed_shares
            self.cost += money
            return 0
        closing = -signed_shares if abs(signed_shares) <= abs(held) else held
        cost_out = self.cost_of(closing)
        realised = closing * price * MONEY_PER_PRICE_SHARE - cost_out
        self.cost -= cost_out
        self.realised += realised
        self.day_realised += realised
        self.shares = held - closing
        opening = signed_shares + closing
        if opening:
            self.shares = opening
            self.cost = opening * price * MONEY_PER_PRICE_SHARE
        return realised

    def cost_of(self, signed_shares: int) -> int:
        """Part of the cost that some of the shares take with them, rounded toward zero; all of it for all of them."""
        if signed_shares == self.shares:
            return self.cost
        return _toward_zero(self.cost * signed_shares, self.shares)

    def bring(self, signed_shares: int, cost: int) -> None:
        """Take shares in from another firm at their cost, or let them go with it. What comes is no profit of the day."""
        self.shares += signed_shares
        self.cost += cost
        self.day_open_shares += signed_shares

    def begin_day(self) -> None:
        """Start counting a new day."""
        self.day_open_shares = self.shares
        self.day_cash = 0
        self.day_realised = 0
        self.day_charges = 0

    def snapshot(self) -> list[int]:
        """Plain data, in the order of `restore`."""
        return [
            self.shares,
            self.cost,
            self.realised,
            self.closing_held,
            self.day_open_shares,
            self.day_cash,
            self.day_realised,
            self.day_charges,
        ]

    @classmethod
    def restore(cls, data: list[int]) -> Position:
        """Build the position a snapshot was taken of."""
        position = cls()
        (
            position.shares,
            position.cost,
            position.realised,
            position.closing_held,
            position.day_open_shares,
            position.day_cash,
            position.day_realised,
            position.day_charges,
        ) = data
        return position


def _toward_zero(numerator: int, denominator: int) -> int:
    quotient = abs(numerator) // abs(denominator)
    return quotient if (numerator < 0) == (denominator < 0) else -quotient
