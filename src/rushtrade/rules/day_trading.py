"""Day trading margin: the regime of 2001 and the intraday margin that replaced it, by date.

Both can be lawful at once: a firm may keep the old regime to the end of its phase-in (FINRA RN 26-10), so `REGIMES`
tells which regimes a date allows and the firm chooses.

*Legacy* (4210(f)(8)(B) to 2026-06-03): pattern day traders, day-trading buying power of four times the prior day's
excess, a call for what a day's largest open exposure went beyond it.

*Intraday* (4210(d)(2) from 2026-06-04): the intraday margin level is equity less maintenance. The deficit of a day is
the largest shortfall right after a transaction that lowers the level (a purchase, a short sale, a withdrawal).
"""

from __future__ import annotations

import datetime as dt

import msgspec

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import notional
from rushtrade.rules.calendar import new_york_calendar
from rushtrade.rules.dated import DatedTable, successive
from rushtrade.rules.margin import MILLION, ShortMaintenance, part

LEGACY = "legacy"
INTRADAY = "intraday"

REGIMES: DatedTable[tuple[str, ...]] = DatedTable(
    "day trading regime",
    successive(
        [
            (dt.date(2001, 9, 28), (LEGACY,), "NASD 2520(f)(8)(B), 34-44009; FINRA 4210(f)(8)(B)"),
            (
                dt.date(2026, 6, 4),
                (INTRADAY, LEGACY),
                "SR-FINRA-2025-017 (34-105226); phase-in to 2027-10-20, RN 26-10",
            ),
            (dt.date(2027, 10, 21), (INTRADAY,), "RN 26-10: end of the phase-in"),
        ]
    ),
)
"""Regimes a firm may use on a date, the newer one first."""


class LegacyDayTrading(msgspec.Struct, frozen=True):
    """Numbers of the legacy regime."""

    day_trades_min: int
    trades_share_ppm: int
    minimum_equity: int
    multiple: int


LEGACY_RULES: DatedTable[LegacyDayTrading] = DatedTable(
    "pattern day trader",
    successive(
        [
            (
                dt.date(2001, 9, 28),
                LegacyDayTrading(4, 60_000, 25_000 * MILLION, 4),
                "FINRA 4210(f)(8)(B)(ii): four day trades in five business days and more than 6 % of trades; (iv): $25,000",
            )
        ],
        last=dt.date(2027, 10, 20),
    ),
)


class IntradayMargin(msgspec.Struct, frozen=True):
    """Numbers of the intraday regime: days to cure, freeze, and what deficit is minor."""

    practice_business_days: int
    cure_business_days: int
    freeze_calendar_days: int
    minor_ppm: int
    minor_max: int


INTRADAY_RULES: DatedTable[IntradayMargin] = DatedTable(
    "intraday margin",
    successive(
        [
            (
                dt.date(2026, 6, 4),
                IntradayMargin(5, 15, 90, 50_000, 1_000 * MILLION),
                "FINRA 4210(d)(2), RN 26-10",
            )
        ]
    ),
)


def is_pattern_day_trader(day_trades: int, trades: int, rules: LegacyDayTrading) -> bool:
    """True when a customer's five business days make a pattern: enough day trades, and more than the share of all."""
    return day_trades >= rules.day_trades_min and day_trades * MILLION > trades * rules.trades_share_ppm


def legacy_buying_power(prior_equity: int, prior_maintenance: int, multiple: int) -> int:
    """Return the day-trading buying power of the legacy regime, never below zero."""
    return max(0, prior_equity - prior_maintenance) * multiple


def legacy_call(buying_power: int, exposures: tuple[int, ...], *, aggregate: bool) -> int:
    """Return the day-trading call: by the largest open exposure (time and tick), or by the sum of all day trades."""
    exposure = sum(exposures) if aggregate else max(exposures, default=0)
    return max(0, exposure - buying_power)


class IntradayDates(msgspec.Struct, frozen=True):
    """What follows an intraday margin deficit that is not cured."""

    practice_date: dt.date
    cure_date: dt.date
    freeze_last_day: dt.date


def intraday_dates(deficit_date: dt.date) -> IntradayDates:
    """Return the fifth and fifteenth business day after the deficit and the last day of a freeze."""
    rules = INTRADAY_RULES.on(deficit_date)
    calendar = new_york_calendar()
    practice = calendar.add_sessions(deficit_date, rules.practice_business_days)
    return IntradayDates(
        practice_date=practice,
        cure_date=calendar.add_sessions(deficit_date, rules.cure_business_days),
        freeze_last_day=practice + dt.timedelta(days=rules.freeze_calendar_days),
    )


def minor_deficit_limit(equity: int, rules: IntradayMargin) -> int:
    """Return the deficit up to which (included) nothing has to be done."""
    return min(part(equity, rules.minor_ppm), rules.minor_max)


class IntradayLevel:
    """Intraday margin level of one account through a day, event by event.

    Prices mark the whole position in a symbol. Money in micro-dollars, prices in $0.0001.
    """

    def __init__(self, cash: int, *, long_rate_ppm: int, short: ShortMaintenance) -> None:
        self.cash = cash
        self.deficit = 0
        self._long_rate_ppm = long_rate_ppm
        self._short = short
        self._shares: dict[str, int] = {}
        self._marks: dict[str, int] = {}

    @property
    def level(self) -> int:
        """Equity less maintenance; below zero it is a shortfall."""
        level = self.cash
        for symbol, shares in self._shares.items():
            price = self._marks[symbol]
            level += notional(price, shares)
            if shares >= 0:
                level -= part(notional(price, shares), self._long_rate_ppm)
            else:
                level -= self._short.requirement(-shares, price)
        return level

    def start_with(self, symbol: str, shares: int, price: int) -> None:
        """Put a position of the start of the day into the account (below zero = short)."""
        self._shares[symbol] = shares
        self._marks[symbol] = price

    def trade(self, symbol: str, shares: int, price: int) -> int:
        """Buy `shares` (below zero: sell) at `price`; return the level after it."""
        before = self._shares.get(symbol, 0)
        after = before + shares
        if before * after < 0:
            raise InvalidInput(
                f"a trade of {shares} {symbol} turns {before} into {after}; enter it as one that closes and one that opens"
            )
        self.cash -= notional(price, shares)
        self._shares[symbol] = after
        self._marks[symbol] = price
        return self._after(reducing=abs(after) > abs(before))

    def mark(self, symbol: str, price: int) -> int:
        """Let the market move; return the level after it."""
        self._marks[symbol] = price
        return self.level

    def deposit(self, amount: int) -> int:
        """Take cash in; return the level after it."""
        self.cash += amount
        return self.level

    def withdraw(self, amount: int) -> int:
        """Pay cash out; return the level after it."""
        self.cash -= amount
        return self._after(reducing=True)

    def _after(self, *, reducing: bool) -> int:
        level = self.level
        if reducing:
            self.deficit = max(self.deficit, -level)
        return level
