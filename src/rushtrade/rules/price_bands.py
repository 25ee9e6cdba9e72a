"""Price bands of Limit Up-Limit Down by date: how wide, around what, and when they are doubled.

Source: Plan to Address Extraordinary Market Volatility (34-67091 and amendments), sections V and VI, appendix A.

A band lies around a **reference price**, the mean of the eligible trades of five minutes. A new one takes effect only when it
is 1 % away from the one in force and that one has stood for 30 seconds. How wide the band is depends on the tier and on the
*close of the day before*, not on the reference. Bands are rounded to the cent, half a cent away from zero.

Known from 2014-05-12, when the plan covered the whole regular session of every stock. The amendment that gave up the wide
bands after the open (the eighteenth) is a row of its own.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from rushtrade.domain.numbers import PRICE_UNIT
from rushtrade.rules.dated import DatedTable, successive

MINUTE_NS = 60_000_000_000
CENT = PRICE_UNIT // 100
MILLION = 1_000_000
TIER_1, TIER_2 = 1, 2
"""Tier 1: the S&P 500, the Russell 1000 and some funds. Tier 2: all other NMS stocks but rights and warrants."""


class PriceBandRule(msgspec.Struct, frozen=True):
    """The plan on one date. Prices in $0.0001, shares of a price in millionths, times in nanoseconds."""

    tier_1_ppm: int
    tier_2_ppm: int
    middle_ppm: int
    """From `low_below` up to `middle_max`, both included, in either tier."""
    low_ppm: int
    low_amount: int
    """Below `low_below`: the lesser of the share and this amount."""
    middle_max: int
    low_below: int
    window_ns: int
    hold_ns: int
    move_ppm: int
    limit_state_ns: int
    doubled_after_open_ns: int
    doubled_before_close_ns: int
    tier_2_doubled_at_close: bool
    """Whether stocks of tier 2 above `middle_max` are doubled before the close, too."""

    def width(self, tier: int, close: int, *, doubled: bool = False, leverage: int = 1) -> tuple[int, int]:
        """Return (millionths of the reference, most in $0.0001 or 0 for no such bound) for a stock.

        `close` is that of the day before; `doubled` as `is_doubled` says; `leverage` that of a leveraged fund of tier 2.
        """
        times = 2 if doubled else 1
        if close < self.low_below:
            return self.low_ppm * times, self.low_amount * times
        if close <= self.middle_max:
            return self.middle_ppm * times, 0
        if tier == TIER_1:
            return self.tier_1_ppm * times, 0
        return self.tier_2_ppm * times * max(leverage, 1), 0

    def is_doubled(self, tier: int, close: int, since_open_ns: int, until_close_ns: int) -> bool:
        """Tell whether bands are twice as wide at so much time after the open and before the close."""
        if 0 <= since_open_ns < self.doubled_after_open_ns:
            return True
        if not 0 < until_close_ns <= self.doubled_before_close_ns:
            return False
        return tier == TIER_1 or close <= self.middle_max or self.tier_2_doubled_at_close


def bands_around(reference: int, ppm: int, most: int) -> tuple[int, int]:
    """Return the lower and the upper band of a reference price, to the cent; the lower one is never below 0."""
    width = reference * ppm
    if most:
        width = min(width, most * MILLION)
    return max(_to_cent(reference * MILLION - width), 0), _to_cent(reference * MILLION + width)


def _to_cent(millionths: int) -> int:
    unit = CENT * MILLION
    return (millionths + unit // 2) // unit * CENT


_PLAN = PriceBandRule(
    tier_1_ppm=50_000,
    tier_2_ppm=100_000,
    middle_ppm=200_000,
    low_ppm=750_000,
    low_amount=PRICE_UNIT * 15 // 100,
    middle_max=3 * PRICE_UNIT,
    low_below=PRICE_UNIT * 3 // 4,
    window_ns=5 * MINUTE_NS,
    hold_ns=MINUTE_NS // 2,
    move_ppm=10_000,
    limit_state_ns=MINUTE_NS // 4,
    doubled_after_open_ns=15 * MINUTE_NS,
    doubled_before_close_ns=25 * MINUTE_NS,
    tier_2_doubled_at_close=True,
)

PRICE_BANDS: DatedTable[PriceBandRule] = DatedTable(
    "price bands (Limit Up-Limit Down)",
    successive(
        [
            (dt.date(2014, 5, 12), _PLAN, "LULD Plan as of phase II; doubled 9:30-9:45 and 15:35-16:00"),
            (
                dt.date(2020, 2, 24),
                msgspec.structs.replace(_PLAN, doubled_after_open_ns=0, tier_2_doubled_at_close=False),
                "LULD Plan, amendment 18 (34-84843 as approved 34-85623), in operation from 2020-02-24",
            ),
        ]
    ),
)
