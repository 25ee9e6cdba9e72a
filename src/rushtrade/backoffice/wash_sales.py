"""Wash sales (IRC 1091; Reg. 1.1091-1 and -2): a loss is not allowed as far as the shares were bought back within 30 days.

Loss shares, in the order in which they were sold, meet replacement purchases within 30 days before or after the sale,
earliest purchase first. A share replaces one loss share only, and sold shares are not their own replacement.
What is disallowed is added to the basis of the replacement.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import msgspec

from rushtrade.domain.errors import InvalidInput

WINDOW_DAYS = 30
"""Days before and after the sale in which a purchase is a replacement: IRC 1091(a)."""


class Purchase(msgspec.Struct, frozen=True):
    """Shares bought. `price` is dollars a share, exact."""

    purchase_id: str
    bought: dt.date
    shares: Fraction
    price: Fraction


class LossSale(msgspec.Struct, frozen=True):
    """A sale out of purchases named by id, in the order in which their shares were sold."""

    sold: dt.date
    price: Fraction
    lots: tuple[tuple[str, Fraction], ...]


class Replacement(msgspec.Struct, frozen=True):
    """What a replacement purchase takes over: `basis` is the new basis of the `shares` that replace."""

    purchase_id: str
    shares: Fraction
    basis_added: Fraction
    basis: Fraction


class WashSale(msgspec.Struct, frozen=True):
    """Outcome of a sale. Dollars, exact."""

    loss: Fraction
    disallowed: Fraction
    replacements: tuple[Replacement, ...]

    @property
    def allowed_loss(self) -> Fraction:
        """What may still be deducted."""
        return self.loss - self.disallowed


def wash_sale(purchases: Sequence[Purchase], sale: LossSale) -> WashSale:
    """Match a sale's loss shares with their replacements.

    Raises:
        InvalidInput: the sale names a purchase that is not there, or more shares than it had.

    """
    bought = {purchase.purchase_id: purchase for purchase in purchases}
    sold = _sold_by_purchase(bought, sale.lots)
    losses = [
        (shares, bought[lot].price - sale.price)
        for lot, shares in sale.lots
        if bought[lot].price > sale.price
    ]
    candidates = sorted(_within_window(purchases, sale.sold), key=lambda purchase: purchase.bought)
    free = {one.purchase_id: one.shares - sold.get(one.purchase_id, Fraction(0)) for one in candidates}
    shares_added: dict[str, Fraction] = {}
    basis_added: dict[str, Fraction] = {}
    for shares, loss_per_share in losses:
        wanted = shares
        for key, unmatched in free.items():
            matched = min(wanted, unmatched)
            if matched > 0:
                shares_added[key] = shares_added.get(key, Fraction(0)) + matched
                basis_added[key] = basis_added.get(key, Fraction(0)) + matched * loss_per_share
                free[key] -= matched
                wanted -= matched
    replacements = tuple(
        Replacement(key, shares, basis_added[key], shares * bought[key].price + basis_added[key])
        for key, shares in shares_added.items()
    )
    total = sum((shares * loss for shares, loss in losses), Fraction(0))
    return WashSale(total, sum(basis_added.values(), Fraction(0)), replacements)


def _within_window(purchases: Iterable[Purchase], sold: dt.date) -> list[Purchase]:
    return [purchase for purchase in purchases if abs((purchase.bought - sold).days) <= WINDOW_DAYS]


def _sold_by_purchase(
    bought: Mapping[str, Purchase], lots: Iterable[tuple[str, Fraction]]
) -> dict[str, Fraction]:
    sold: dict[str, Fraction] = {}
    for purchase_id, shares in lots:
        if purchase_id not in bought:
            raise InvalidInput(f"the sale names lot {purchase_id!r}, which was never bought")
        sold[purchase_id] = sold.get(purchase_id, Fraction(0)) + shares
        if sold[purchase_id] > bought[purchase_id].shares:
            raise InvalidInput(
                f"the sale takes {sold[purchase_id]} of lot {purchase_id!r}, which had {bought[purchase_id].shares}"
            )
    return sold
