"""Customers' accounts: kinds, states and the limits the firm sets on them."""

from __future__ import annotations

from enum import IntEnum

import msgspec


class AccountKind(IntEnum):
    """Cash account, or margin account under Regulation T."""

    CASH = 1
    MARGIN = 2


class AccountState(IntEnum):
    """What an account may do. Orders that reduce risk pass in every state."""

    ENABLED = 1
    CLOSE_ONLY = 2
    DISABLED = 3
    CLOSED = 4


class AccountLimits(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Pre-set thresholds of one account, Rule 15c3-5(c)(1). Money in micro-dollars."""

    order_shares_max: int = 100_000
    order_notional_max: int = 5_000_000_000_000
    open_orders_max: int = 500
    collar_basis_points: int = 1_000
    """How far through the far side of the NBBO a limit price may reach."""
    duplicate_window_ns: int = 0
    """Same terms again within this time are refused; 0 = off."""


class CommissionTerms(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One stock commission scheme: per share with bounds, or a flat amount a trade. Micro-dollars.

    `per_share` applies to executed shares, `per_trade` once per order that executes; the sum over an
    order is kept within `order_min` and `order_max` (0 = no maximum).
    """

    scheme_id: int
    name: str
    per_share: int
    per_trade: int
    order_min: int
    order_max: int

    def charge(self, shares: int) -> int:
        """Commission of an order that has executed `shares` in all, in micro-dollars."""
        if shares == 0:
            return 0
        charge = self.per_trade + self.per_share * shares
        charge = max(charge, self.order_min)
        return min(charge, self.order_max) if self.order_max else charge
