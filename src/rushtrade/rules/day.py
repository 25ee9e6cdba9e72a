"""The rules of one trade date, looked up once.

`rules_for_day` asks every dated table for the day and gives one frozen object; the core keeps it for the current trade
date, so that nothing on the path of an order searches a table. A missing row raises there, before the day opens.

Regulatory fees are owed on a whole order. An order that fills in parts owes, after each part, the fees on all of it so
far less the fees before: `rules.sale_fees(principal, shares).less(charged)`.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import msgspec

from rushtrade.rules.day_trading import REGIMES
from rushtrade.rules.fees import (
    CAT,
    SECTION_31,
    TAF,
    TradingActivityFee,
    activity_fee,
    audit_trail_fee,
    section_31_fee,
)
from rushtrade.rules.margin import MARGIN, MarginRules
from rushtrade.rules.market_structure import (
    FEE_CAPS,
    ORDER_PROTECTION,
    ROUND_LOTS,
    TICKS,
    AccessFeeCap,
    RoundLotRule,
    TickRule,
)
from rushtrade.rules.sessions import Session, session_on
from rushtrade.rules.settlement import Settlement, settlement_of


class RegulatoryFees(msgspec.Struct, frozen=True, gc=False):
    """Fees on an order so far, micro-dollars, each rounded up to the cent."""

    section_31: int
    taf: int
    cat: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.section_31 + self.taf + self.cat

    def less(self, charged: RegulatoryFees) -> RegulatoryFees:
        """Return what is still owed when `charged` was charged before."""
        return RegulatoryFees(
            self.section_31 - charged.section_31, self.taf - charged.taf, self.cat - charged.cat
        )


NO_FEES = RegulatoryFees(0, 0, 0)


class RulesForDay(msgspec.Struct, frozen=True):
    """Every rule that a trade of this date needs. Section 31 goes by charge date, which is the settlement date."""

    day: dt.date
    session: Session
    settlement: Settlement
    section_31_rate: int
    taf: TradingActivityFee
    cat_rate: int
    margin: MarginRules
    ticks: TickRule
    round_lots: RoundLotRule
    access_fee_cap: AccessFeeCap
    order_protection: bool
    day_trading_regimes: tuple[str, ...]

    @property
    def settlement_date(self) -> dt.date:
        """When a regular-way trade of this day settles."""
        return self.settlement.settlement_date

    def sale_fees(self, principal: int, shares: int) -> RegulatoryFees:
        """Return the fees on a sale (long or short) of `shares` for `principal` micro-dollars."""
        return RegulatoryFees(
            section_31_fee(principal, self.section_31_rate),
            activity_fee(shares, self.taf),
            audit_trail_fee(shares, self.cat_rate),
        )

    def purchase_fees(self, shares: int) -> RegulatoryFees:
        """Return the fees on a purchase of `shares`."""
        return RegulatoryFees(0, 0, audit_trail_fee(shares, self.cat_rate))


@lru_cache(maxsize=512)
def rules_for_day(day: dt.date) -> RulesForDay:
    """Look up every rule of a trade date.

    Raises:
        InvalidInput: the exchange does not trade on `day`.
        RuleMissing: a table has no row for it.

    """
    settlement = settlement_of(day)
    return RulesForDay(
        day=day,
        session=session_on(day),
        settlement=settlement,
        section_31_rate=SECTION_31.on(settlement.settlement_date),
        taf=TAF.on(day),
        cat_rate=CAT.on(day),
        margin=MARGIN.on(day),
        ticks=TICKS.on(day),
        round_lots=ROUND_LOTS.on(day),
        access_fee_cap=FEE_CAPS.on(day),
        order_protection=ORDER_PROTECTION.on(day),
        day_trading_regimes=REGIMES.on(day),
    )
