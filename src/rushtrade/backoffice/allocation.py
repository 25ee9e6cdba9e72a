"""Block allocation: one average price for all, shares dealt in proportion to what each account had asked for.

Shares are dealt in whole shares by largest remainder, ties to the earlier account. Every account pays the average price,
rounded half-up to four digits, so the accounts together pay a little more or less than the street did: that residual
stays in the firm's rounding account and is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from rushtrade.domain.errors import InvalidInput

AVERAGE_DIGITS = 4
"""Digits of a block's average price."""


class Slice(msgspec.Struct, frozen=True):
    """What one account gets of a block. `gross` in dollars, rounded half-up to the cent."""

    account: str
    shares: int
    gross: Fraction


class BlockAllocation(msgspec.Struct, frozen=True):
    """A block dealt out. `residual` = what the street took less what the accounts paid."""

    average_price: Fraction
    filled: int
    slices: tuple[Slice, ...]
    street_gross: Fraction

    @property
    def residual(self) -> Fraction:
        """What rounding leaves in the firm's rounding account, in dollars."""
        return self.street_gross - sum((part.gross for part in self.slices), Fraction(0))


def allocate_block(
    orders: Sequence[tuple[str, int]], fills: Sequence[tuple[Fraction, int]]
) -> BlockAllocation:
    """Deal fills (price, shares) over accounts' orders (account, shares asked for).

    Raises:
        InvalidInput: nothing was filled, or more than the accounts asked for together.

    """
    asked = sum(shares for _, shares in orders)
    filled = sum(shares for _, shares in fills)
    if not 0 < filled <= asked:
        raise InvalidInput(f"a block of {asked} shares cannot be dealt {filled} filled shares")
    street_gross = sum((price * shares for price, shares in fills), Fraction(0))
    average = _half_up(street_gross / filled, AVERAGE_DIGITS)
    dealt = deal([shares for _, shares in orders], filled)
    slices = tuple(
        Slice(account, shares, _half_up(average * shares, 2))
        for (account, _), shares in zip(orders, dealt, strict=True)
    )
    return BlockAllocation(average, filled, slices, street_gross)


def deal(weights: Sequence[int], total: int) -> list[int]:
    """Deal `total` whole units in proportion to weights: floors first, then by largest remainder, ties to the earlier."""
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: -remainders[index])
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares


def _half_up(value: Fraction, digits: int) -> Fraction:
    """Round to digits, halves away from zero."""
    scale = 10**digits
    units = (abs(value) * scale + Fraction(1, 2)).__floor__()
    return Fraction(-units if value < 0 else units, scale)
