"""Commissions: what a customer pays the house for an order, and what venues' charges are passed on.

Amounts are micro-dollars, rounded to the cent, half a cent away from zero. A commission is owed on a whole order: an
order that fills in parts owes, after each part, the commission on all of it so far less what was charged before.

Three streams stay apart: what a venue charges us, what the clearing firm charges us, and (here) what the customer pays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import MONEY_UNIT, round_to_cent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rushtrade.domain.accounts import CommissionTerms


def order_commission(terms: CommissionTerms, shares: int) -> int:
    """Return the commission on an order of which `shares` have been executed; nothing when none have."""
    if not shares:
        return 0
    amount = max(terms.per_share * shares + terms.per_trade, terms.order_min)
    if terms.order_max:
        amount = min(amount, terms.order_max)
    return round_to_cent(amount)


def execution_commission(amount: int, executions: int) -> int:
    """Return the commission of a scheme that charges `amount` for every execution."""
    return round_to_cent(amount * executions)


def capped_by_value(commission: int, principal: int, cap_ppm: int) -> int:
    """Return a commission that is at most a part (in ppm) of the order's value; the cap beats any minimum."""
    return min(commission, round_to_cent(principal * cap_ppm // MONEY_UNIT))


class Tier(msgspec.Struct, frozen=True):
    """A rate in micro-dollars a share, up to this many shares of the month (included); None = all that follow."""

    shares_max: int | None
    rate: int


def tiered_commission(tiers: Sequence[Tier], month_shares: int, shares: int, *, regressive: bool) -> int:
    """Return the commission on `shares` after `month_shares` earlier ones of the month; it can be a credit.

    Every share pays the rate of the tier it falls into. A regressive scheme also gives back, on the execution that
    goes beyond a tier, the difference to the next rate on that whole tier.
    """
    amount, floor, position, left = 0, 0, month_shares, shares
    for index, tier in enumerate(tiers):
        if tier.shares_max is None:
            return round_to_cent(amount + left * tier.rate)
        inside = max(0, min(left, tier.shares_max - position))
        amount += inside * tier.rate
        position += inside
        left -= inside
        if not left:
            return round_to_cent(amount)
        if regressive and month_shares <= tier.shares_max and index + 1 < len(tiers):
            amount -= (tier.rate - tiers[index + 1].rate) * (tier.shares_max - floor)
        floor = tier.shares_max
    raise InvalidInput(
        f"no tier covers {month_shares + shares} shares a month; the last tier must have no limit (shares_max None)"
    )


class PassThroughRate(msgspec.Struct, frozen=True):
    """What a venue gives (+) or takes (-) for a share, in micro-dollars, when an order adds or removes liquidity."""

    adding: int
    removing: int


class PassThroughFill(msgspec.Struct, frozen=True):
    """One execution whose venue charge is passed on."""

    venue: str
    added: bool
    shares: int


def ecn_pass_through(schedule: Mapping[str, PassThroughRate], fills: Iterable[PassThroughFill]) -> int:
    """Return the net credit (+) or charge (-) to the customer for venues' fees and rebates."""
    credit = 0
    for fill in fills:
        rate = schedule.get(fill.venue)
        if rate is None:
            raise InvalidInput(
                f"no pass-through rate for venue {fill.venue!r}; the schedule has {', '.join(sorted(schedule))}"
            )
        credit += fill.shares * (rate.adding if fill.added else rate.removing)
    return round_to_cent(credit)
