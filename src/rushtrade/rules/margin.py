"""Margin by date: Regulation T's initial margin, FINRA Rule 4210's maintenance and minimum equity.

Rates are parts per million of a value, values micro-dollars, prices $0.0001. Requirements are rounded down to the
micro-dollar, far below the cent that any call is made of. The functions take numbers and give numbers: they know no
accounts and no positions, so that risk, portfolio and statements all ask the same ones. A firm's own rates (by price, by concentration) come as tables that the firm brings; "above" is
strict in them: what lies exactly at a limit belongs to the milder side.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import PRICE_UNIT, notional
from rushtrade.rules.dated import DatedTable, successive

MILLION = 1_000_000


class ShortMaintenance(msgspec.Struct, frozen=True):
    """What a short position must carry, 4210(c): below a price one pair of floors, from it up another.

    Per share in $0.0001; rates in ppm of the market value. The larger of the two floors counts.
    """

    price_low: int
    per_share_low: int
    rate_low_ppm: int
    per_share: int
    rate_ppm: int

    def requirement(self, shares: int, price: int) -> int:
        """Return the maintenance requirement of `shares` short at `price`, in micro-dollars."""
        low = price < self.price_low
        per_share = self.per_share_low if low else self.per_share
        rate_ppm = self.rate_low_ppm if low else self.rate_ppm
        return max(notional(per_share, shares), part(notional(price, shares), rate_ppm))


class MarginRules(msgspec.Struct, frozen=True):
    """The margin rules of one date."""

    initial_ppm: int
    """Regulation T, on what is bought or sold short."""
    maintenance_long_ppm: int
    maintenance_short: ShortMaintenance
    box_ppm: int
    """On the long value of a position that is also short, 4210(e)(1)."""
    leveraged_short_ppm: int
    """Base rate of a short leveraged fund, before its leverage (RN 09-53)."""
    minimum_equity: int
    """4210(b)(4): to trade on margin at all; a purchase never needs more than its cost."""


MARGIN: DatedTable[MarginRules] = DatedTable(
    "margin",
    successive(
        [
            (
                dt.date(1990, 1, 1),
                MarginRules(
                    initial_ppm=500_000,
                    maintenance_long_ppm=250_000,
                    maintenance_short=ShortMaintenance(
                        price_low=5 * PRICE_UNIT,
                        per_share_low=25 * PRICE_UNIT // 10,
                        rate_low_ppm=1_000_000,
                        per_share=5 * PRICE_UNIT,
                        rate_ppm=300_000,
                    ),
                    box_ppm=50_000,
                    leveraged_short_ppm=300_000,
                    minimum_equity=2_000 * MILLION,
                ),
                "12 CFR 220.12 (since 1974); FINRA Rule 4210(b), (c), (e)(1), before it NASD 2520; RN 09-53",
            ),
        ]
    ),
)


def part(value: int, rate_ppm: int) -> int:
    """Return a rate of a value, rounded down to the micro-dollar."""
    return value * rate_ppm // MILLION


def initial_long(cost: int, *, initial_ppm: int, minimum_equity: int) -> int:
    """Return the deposit for a first purchase in an empty margin account."""
    return max(part(cost, initial_ppm), min(minimum_equity, cost))


def initial_short(shares: int, price: int, rules: MarginRules, *, initial_ppm: int | None = None) -> int:
    """Return the deposit for a first short sale in an empty margin account (the proceeds stay in it)."""
    rate_ppm = rules.initial_ppm if initial_ppm is None else initial_ppm
    regulation_t = part(notional(price, shares), rate_ppm)
    return max(regulation_t, rules.maintenance_short.requirement(shares, price), rules.minimum_equity)


def against_the_box(long_shares: int, short_shares: int, price: int, rules: MarginRules) -> int:
    """Return the maintenance of being long and short of one security; what is not offset is margined as usual."""
    boxed = min(long_shares, short_shares)
    offset = part(notional(price, boxed), rules.box_ppm)
    rest_long = part(notional(price, long_shares - boxed), rules.maintenance_long_ppm)
    return offset + rest_long + rules.maintenance_short.requirement(short_shares - boxed, price)


def leveraged_rate_ppm(leverage: int, rules: MarginRules, *, short: bool) -> int:
    """Return the rate of a leveraged fund: the base rate times the leverage, at most the whole value."""
    base = rules.leveraged_short_ppm if short else rules.maintenance_long_ppm
    return min(base * leverage, MILLION)


class MarginState(msgspec.Struct, frozen=True):
    """An account against its requirement; of `call` and `excess` one is always zero."""

    equity: int
    requirement: int
    call: int
    excess: int


def margin_state(
    *, long_value: int, short_value: int, debit: int, credit: int, requirement: int
) -> MarginState:
    """Return equity (LMV - debit + credit - SMV) against a maintenance requirement."""
    equity = long_value - debit + credit - short_value
    return MarginState(equity, requirement, max(0, requirement - equity), max(0, equity - requirement))


def trigger_price_long(shares: int, debit: int, rate_ppm: int) -> int:
    """Return the price in $0.0001 at which a long account reaches its maintenance: debit / (shares x (1 - rate))."""
    return _price_half_up(debit * MILLION, shares * (MILLION - rate_ppm))


def trigger_price_short(shares: int, credit: int, rate_ppm: int) -> int:
    """Return the price in $0.0001 at which a short account reaches its maintenance: credit / (shares x (1 + rate))."""
    return _price_half_up(credit * MILLION, shares * (MILLION + rate_ppm))


def debit_interest(settled_debit: int, annual_rate_ppm: int, days: int, year_days: int) -> int:
    """Return interest on a settled debit for some days, rounded down to the micro-dollar."""
    return settled_debit * annual_rate_ppm * days // (MILLION * year_days)


class PriceTier(msgspec.Struct, frozen=True):
    """A rate for prices below a limit in $0.0001; no limit = every price that is left."""

    below: int | None
    rate_ppm: int


class ConcentrationTier(msgspec.Struct, frozen=True):
    """A rate for a position above a part of the account's long value."""

    above_ppm: int
    rate_ppm: int


def price_tier_rate_ppm(price: int, tiers: tuple[PriceTier, ...]) -> int:
    """Return the rate of the first tier whose limit lies above the price."""
    for tier in tiers:
        if tier.below is None or price < tier.below:
            return tier.rate_ppm
    raise InvalidInput(f"no price tier covers a price of {price} ($0.0001); the last tier must have no limit")


def concentration_rate_ppm(
    position_value: int, account_long_value: int, base_rate_ppm: int, tiers: tuple[ConcentrationTier, ...]
) -> int:
    """Return the rate of the highest threshold that the position exceeds, else the base rate."""
    rate_ppm, threshold = base_rate_ppm, -1
    for tier in tiers:
        exceeds = position_value * MILLION > tier.above_ppm * account_long_value
        if exceeds and tier.above_ppm > threshold:
            rate_ppm, threshold = tier.rate_ppm, tier.above_ppm
    return rate_ppm


def _price_half_up(money: int, shares: int) -> int:
    """Return money / shares as a price, half a unit up; 100 micro-dollars are one unit of $0.0001."""
    unit = MILLION // PRICE_UNIT
    return (2 * money + shares * unit) // (2 * shares * unit)
