"""Splits, spin-offs and mergers: what becomes of shares and of their cost.

The law these share: basis is neither made nor lost. What leaves with a fraction paid in cash is the fraction's part; a
spin-off divides basis by relative market value (IRC 358); a merger with cash recognises gain up to the cash (IRC 356).
All arithmetic is exact; rounding is left to whoever prints.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import msgspec

from rushtrade.domain.errors import InvalidInput


class SplitOutcome(msgspec.Struct, frozen=True):
    """Shares after a split, forward or reverse. `fraction` < 1 is paid in cash when the terms say so."""

    entitled: Fraction
    whole: int
    fraction: Fraction
    basis_per_share: Fraction
    basis_whole: Fraction
    basis_fraction: Fraction
    cash_in_lieu: Fraction | None


def split(
    shares: Fraction, basis: Fraction, new: Fraction, old: Fraction, price: Fraction | None
) -> SplitOutcome:
    """Give `new` shares for each `old`; `price` is what a whole new share is worth when fractions are paid out.

    Raises:
        InvalidInput: a holding or ratio that is not above zero.

    """
    _require_positive(shares=shares, new=new, old=old)
    entitled = shares * new / old
    whole = entitled.__floor__()
    fraction = entitled - whole
    per_share = basis / entitled
    return SplitOutcome(
        entitled=entitled,
        whole=whole,
        fraction=fraction,
        basis_per_share=per_share,
        basis_whole=per_share * whole,
        basis_fraction=per_share * fraction,
        cash_in_lieu=None if price is None else fraction * price,
    )


class SpinOffOutcome(msgspec.Struct, frozen=True):
    """Parent and spun-off shares after a spin-off. `spin_part` is the spun-off share of the basis (0 to 1)."""

    entitled: Fraction
    whole: int
    spin_part: Fraction
    basis_parent: Fraction
    basis_spin: Fraction
    basis_fraction: Fraction
    cash_in_lieu: Fraction | None


def spin_off(
    shares: Fraction,
    basis: Fraction,
    ratio: Fraction,
    value_parent: Fraction,
    value_spin: Fraction,
    price: Fraction | None,
) -> SpinOffOutcome:
    """Give `ratio` new shares for each held and divide the basis by the market values of one share of each.

    Raises:
        InvalidInput: a holding, ratio or value that is not above zero.

    """
    _require_positive(shares=shares, ratio=ratio, value_parent=value_parent, value_spin=value_spin)
    entitled = shares * ratio
    whole = entitled.__floor__()
    spin_value = entitled * value_spin
    part = spin_value / (spin_value + shares * value_parent)
    basis_spin = basis * part
    fraction = entitled - whole
    return SpinOffOutcome(
        entitled=entitled,
        whole=whole,
        spin_part=part,
        basis_parent=basis - basis_spin,
        basis_spin=basis_spin,
        basis_fraction=basis_spin * fraction / entitled,
        cash_in_lieu=None if price is None else fraction * price,
    )


class MergerOutcome(msgspec.Struct, frozen=True):
    """Holding after a merger for shares and cash. A loss is realised but not recognised."""

    shares: Fraction
    cash: Fraction
    gain_realised: Fraction
    gain_recognised: Fraction
    basis: Fraction


def merger(
    shares: Fraction, basis: Fraction, ratio: Fraction, cash_per_share: Fraction, acquirer_value: Fraction
) -> MergerOutcome:
    """Exchange shares for `ratio` of the acquirer's each and cash: IRC 356(a), 358.

    Raises:
        InvalidInput: a holding, ratio or value that is not above zero.

    """
    _require_positive(shares=shares, ratio=ratio, acquirer_value=acquirer_value)
    received = shares * ratio
    cash = shares * cash_per_share
    realised = received * acquirer_value + cash - basis
    recognised = min(max(realised, Fraction(0)), cash)
    return MergerOutcome(received, cash, realised, recognised, basis - cash + recognised)


def exchange_lots(
    lots: Iterable[tuple[Fraction, Fraction]], new_per_old: Fraction
) -> list[tuple[Fraction, Fraction]]:
    """Carry each lot (shares, basis) into the new shares of a stock-for-stock merger; basis stays lot by lot."""
    _require_positive(new_per_old=new_per_old)
    return [(shares * new_per_old, basis) for shares, basis in lots]


def _require_positive(**values: Fraction) -> None:
    for name, value in values.items():
        if value <= 0:
            raise InvalidInput(f"{name} is {value}; a corporate action needs it above zero")
