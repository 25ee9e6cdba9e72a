"""Market structure by date: price increments, round lots, access fees, order protection (Regulation NMS and before).

Rule 612 (from 2006-01-31): one cent from $1 up, a hundredth of a cent below. Before that, from the end of the change to
decimals (2001-04-09), the same steps were used by custom. Sixteenths and eighths cannot be told in steps of $0.0001 and
are left missing. The half-cent increment and the fee cap of $0.001 of 2024 (34-101070) have been exempted again and
again; a row is added when a date is final.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from rushtrade.domain.numbers import PRICE_UNIT
from rushtrade.rules.dated import DatedTable, successive


class TickRule(msgspec.Struct, frozen=True):
    """Increment from `threshold` up and below it, all in $0.0001."""

    threshold: int
    increment: int
    increment_below: int

    def tick(self, price: int) -> int:
        """Return the minimum price increment at `price`."""
        return self.increment if price >= self.threshold else self.increment_below

    def is_on_tick(self, price: int) -> bool:
        """True when `price` is a whole number of increments."""
        return price % self.tick(price) == 0

    def round_down(self, price: int) -> int:
        """Return the highest valid price that is not above `price`."""
        return price - price % self.tick(price)

    def round_up(self, price: int) -> int:
        """Return the lowest valid price that is not below `price`."""
        return -(-price // self.tick(price)) * self.tick(price)


CENT_TICKS = TickRule(threshold=PRICE_UNIT, increment=PRICE_UNIT // 100, increment_below=1)

TICKS: DatedTable[TickRule] = DatedTable(
    "minimum price increment",
    successive(
        [
            (
                dt.date(2001, 4, 9),
                CENT_TICKS,
                "decimals everywhere from 2001-04-09 (34-42360); below $1 by custom",
            ),
            (dt.date(2006, 1, 31), CENT_TICKS, "17 CFR 242.612, compliance from 2006-01-31"),
        ]
    ),
)


class RoundLotTier(msgspec.Struct, frozen=True):
    """Lot size for average prices up to `price_max` in $0.0001 (included); None = any price."""

    price_max: int | None
    shares: int


class RoundLotRule(msgspec.Struct, frozen=True):
    """Tiers by rising price."""

    tiers: tuple[RoundLotTier, ...]

    def round_lot(self, average_price: int) -> int:
        """Return the round lot of a stock with this average close over the evaluation period (not today's quote)."""
        for tier in self.tiers[:-1]:
            if tier.price_max is None or average_price <= tier.price_max:
                return tier.shares
        return self.tiers[-1].shares


ROUND_LOTS: DatedTable[RoundLotRule] = DatedTable(
    "round lot",
    successive(
        [
            (
                dt.date(1990, 1, 1),
                RoundLotRule((RoundLotTier(None, 100),)),
                "exchange rules: unit of trading 100 shares",
            ),
            (
                dt.date(2025, 11, 3),
                RoundLotRule(
                    (
                        RoundLotTier(250 * PRICE_UNIT, 100),
                        RoundLotTier(1_000 * PRICE_UNIT, 40),
                        RoundLotTier(10_000 * PRICE_UNIT, 10),
                        RoundLotTier(None, 1),
                    )
                ),
                "17 CFR 242.600(b)(93), from 2025-11-03 (34-101070, FR 2025-20391)",
            ),
        ]
    ),
)


class AccessFeeCap(msgspec.Struct, frozen=True):
    """Most that a trading center may charge for taking a protected quotation: mils a share from $1 up, ppm of value below."""

    take_mils: int
    take_sub_dollar_ppm: int


NO_CAP = AccessFeeCap(take_mils=1_000_000, take_sub_dollar_ppm=1_000_000)
"""Before Regulation NMS nothing capped an ECN's fee but the value of the trade itself."""

FEE_CAPS: DatedTable[AccessFeeCap] = DatedTable(
    "access fee cap",
    successive(
        [
            (dt.date(2000, 1, 1), NO_CAP, "no cap before Regulation NMS"),
            (
                dt.date(2007, 3, 5),
                AccessFeeCap(take_mils=30, take_sub_dollar_ppm=3_000),
                "17 CFR 242.610(c), trading phase date 2007-03-05 (34-55160); amended cap of 34-101070 exempted (FR 2025-19926)",
            ),
        ]
    ),
)


def fee_above_cap(
    first: dt.date, last: dt.date | None, mils: int, sub_dollar_ppm: int
) -> tuple[str, int, str] | None:
    """Name the fee that a cap forbids on any day from `first` to `last`, its number, and what would pass; None when none does.

    Raises RuleMissing when no cap is known on `first`.
    """
    FEE_CAPS.on(first)
    for cap in FEE_CAPS.between(first, last):
        words = f"the cap of Rule 610(c) from {cap.first}"
        if mils > cap.value.take_mils:
            return "take_mils", mils, f"at most {cap.value.take_mils} mils, {words}"
        if sub_dollar_ppm > cap.value.take_sub_dollar_ppm:
            return (
                "take_sub_dollar_ppm",
                sub_dollar_ppm,
                f"at most {cap.value.take_sub_dollar_ppm} ppm, {words}",
            )
    return None


ORDER_PROTECTION: DatedTable[bool] = DatedTable(
    "order protection rule",
    successive(
        [
            (dt.date(2000, 1, 1), False, "no Rule 611 before Regulation NMS"),
            (
                dt.date(2007, 10, 8),
                True,
                "17 CFR 242.611, completion date 2007-10-08; rescission only proposed (34-105655)",
            ),
        ]
    ),
)
"""Whether a protected quotation may not be traded through. The pilot of 250 stocks (from 2007-07-09) is left out."""

LOCKED_CROSSED: DatedTable[bool] = DatedTable(
    "locking or crossing quotations",
    successive(
        [
            (dt.date(2000, 1, 1), False, "no Rule 610(e) before Regulation NMS"),
            (
                dt.date(2007, 3, 5),
                True,
                "17 CFR 242.610(d), now (e), trading phase date 2007-03-05; rescission only proposed (34-105655)",
            ),
        ]
    ),
)
"""Whether nothing may be displayed that locks or crosses a protected quotation."""


class ShortSaleTest(msgspec.Struct, frozen=True):
    """Rule 201: after a fall of so many millionths from the last close, for the rest of the day and the next."""

    decline_ppm: int


SHORT_SALE_TEST: DatedTable[ShortSaleTest | None] = DatedTable(
    "short sale price test (Rule 201)",
    successive(
        [
            (dt.date(2000, 1, 1), None, "other tests (10a-1, NASD 3350, none from 2007-07-06), not Rule 201"),
            (dt.date(2011, 2, 28), ShortSaleTest(100_000), "17 CFR 242.201, compliance from 2011-02-28"),
        ]
    ),
)


class MarketWideBreaker(msgspec.Struct, frozen=True):
    """Falls of the index from its last close, in millionths, that halt all stocks, and for how many minutes.

    The first two levels halt no more from `last_minute` of New York's day on; the third ends the day.
    """

    level_ppm: tuple[int, int, int]
    halt_minutes: int
    last_minute: int


MARKET_WIDE_BREAKER: DatedTable[MarketWideBreaker | None] = DatedTable(
    "market-wide circuit breaker",
    successive(
        [
            (dt.date(2000, 1, 1), None, "levels in points of the Dow Jones index: not known here"),
            (
                dt.date(2013, 4, 8),
                MarketWideBreaker((70_000, 130_000, 200_000), 15, 15 * 60 + 25),
                "NYSE Rule 7.12 and its kin (34-67090), from 2013-04-08: S&P 500, 7 %, 13 %, 20 %",
            ),
        ]
    ),
)


class CrossCadence(msgspec.Struct, frozen=True):
    """How imbalances are told before a cross: from `before_ns` on, every `every_ns`."""

    before_ns: int
    every_ns: int


class CrossRules(msgspec.Struct, frozen=True):
    """Imbalance messages before the opening, the closing and a halt's cross, and how long a volatility pause lasts."""

    opening: CrossCadence
    closing: CrossCadence
    halt: CrossCadence
    pause_ns: int


_SECOND_NS = 1_000_000_000

CROSSES: DatedTable[CrossRules | None] = DatedTable(
    "crosses and imbalances",
    successive(
        [
            (dt.date(2000, 1, 1), None, "no electronic cross of the listing exchanges is modelled"),
            (
                dt.date(2011, 1, 1),
                CrossRules(
                    opening=CrossCadence(120 * _SECOND_NS, 5 * _SECOND_NS),
                    closing=CrossCadence(600 * _SECOND_NS, 10 * _SECOND_NS),
                    halt=CrossCadence(300 * _SECOND_NS, 5 * _SECOND_NS),
                    pause_ns=300 * _SECOND_NS,
                ),
                "cadences of the size of Nasdaq Rules 4752 and 4754; pause of five minutes: LULD Plan VII(A)",
            ),
        ]
    ),
)
