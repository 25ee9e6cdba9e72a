"""Trading violations of a cash account under Regulation T (12 CFR 220.8), found by walking through its trades.

A purchase is paid from settled cash first, then from proceeds of sales that have not settled yet, oldest first; what is
left is unpaid and must be covered by deposits until the purchase settles.

============== ==================================================================== ==========================
violation      what happened                                                        restricted after
============== ==================================================================== ==========================
good faith     sold before the sale that paid for it had settled                    3 within 12 months
freeriding     sold to pay for itself: unpaid, and no deposit by settlement          1
liquidation    unpaid, and covered too late by selling another, fully paid security 3 within 12 months
============== ==================================================================== ==========================

Restricted means settled cash only, for 90 calendar days from the violation. Money in micro-dollars.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from rushtrade.rules.dated import DatedTable, successive
from rushtrade.rules.settlement import settlement_of

GOOD_FAITH = "good_faith"
FREERIDING = "freeriding"
LIQUIDATION = "cash_liquidation"


class CashAccountTerms(msgspec.Struct, frozen=True):
    """How many violations of a kind within how many days lead to a restriction of how many days."""

    strikes: tuple[tuple[str, int], ...]
    window_days: int
    restriction_days: int


CASH_ACCOUNT: DatedTable[CashAccountTerms] = DatedTable(
    "cash account violations",
    successive(
        [
            (
                dt.date(1990, 1, 1),
                CashAccountTerms(((GOOD_FAITH, 3), (FREERIDING, 1), (LIQUIDATION, 3)), 365, 90),
                "12 CFR 220.8(c): 90 days; counts of three are the brokers' custom (Fidelity, Firstrade)",
            )
        ]
    ),
)


class Violation(msgspec.Struct, frozen=True):
    """One violation, on the day of the sale that made it."""

    day: dt.date
    kind: str
    symbol: str


class _Proceeds(msgspec.Struct):
    settles: dt.date
    amount: int


class _Purchase(msgspec.Struct):
    symbol: str
    bought: dt.date
    settles: dt.date
    funded_until: dt.date | None
    """Settlement of the last unsettled sale that paid for it; None when settled cash paid."""
    unpaid: int


class CashAccount:
    """One cash account, fed with its sales, purchases and deposits in order of time."""

    def __init__(
        self, settled_cash: int, fully_paid: tuple[str, ...], deposits: tuple[tuple[dt.date, int], ...]
    ) -> None:
        """Take the state at the start and all deposits, also those that come after a purchase."""
        self.violations: list[Violation] = []
        self._cash = settled_cash
        self._fully_paid = fully_paid
        self._deposits = [_Proceeds(day, amount) for day, amount in sorted(deposits)]
        self._proceeds: list[_Proceeds] = []
        self._purchases: list[_Purchase] = []

    def buy(self, day: dt.date, symbol: str, amount: int) -> None:
        """Buy for `amount` on a trading day."""
        self._settle(day)
        paid_in_cash = min(self._cash, amount)
        self._cash -= paid_in_cash
        left = amount - paid_in_cash
        funded_until: dt.date | None = None
        for proceeds in self._proceeds:
            used = min(proceeds.amount, left)
            if used:
                proceeds.amount -= used
                left -= used
                funded_until = proceeds.settles
        settles = settlement_of(day).settlement_date
        self._purchases.append(_Purchase(symbol, day, settles, funded_until, self._deposited(left, settles)))

    def sell(self, day: dt.date, symbol: str, amount: int) -> None:
        """Sell for `amount` on a trading day, and note what the sale violates."""
        self._settle(day)
        purchase = self._first_purchase(symbol)
        if purchase is not None:
            self._sell_bought(day, purchase)
        elif symbol in self._fully_paid:
            amount -= self._cover_unpaid(day, amount)
        self._proceeds.append(_Proceeds(settlement_of(day).settlement_date, amount))

    def restricted_until(self) -> dt.date | None:
        """Return the last day of the restriction that the latest violation led to, None when none did."""
        until: dt.date | None = None
        for index, violation in enumerate(self.violations):
            terms = CASH_ACCOUNT.on(violation.day)
            since = violation.day - dt.timedelta(days=terms.window_days)
            count = sum(
                1
                for other in self.violations[: index + 1]
                if other.kind == violation.kind and other.day > since
            )
            if count >= dict(terms.strikes)[violation.kind]:
                until = violation.day + dt.timedelta(days=terms.restriction_days)
        return until

    def _sell_bought(self, day: dt.date, purchase: _Purchase) -> None:
        self._purchases.remove(purchase)
        if purchase.unpaid:
            self.violations.append(Violation(day, FREERIDING, purchase.symbol))
        elif purchase.funded_until is not None and day < purchase.funded_until:
            self.violations.append(Violation(day, GOOD_FAITH, purchase.symbol))

    def _cover_unpaid(self, day: dt.date, amount: int) -> int:
        """Use the proceeds of a fully paid security for purchases that are unpaid; return what was used."""
        settles = settlement_of(day).settlement_date
        used = 0
        for purchase in self._purchases:
            cover = min(purchase.unpaid, amount - used)
            if not cover:
                continue
            purchase.unpaid -= cover
            used += cover
            if settles > purchase.settles:
                self.violations.append(Violation(day, LIQUIDATION, purchase.symbol))
            else:
                purchase.funded_until = max(settles, purchase.funded_until or settles)
        return used

    def _first_purchase(self, symbol: str) -> _Purchase | None:
        for purchase in self._purchases:
            if purchase.symbol == symbol:
                return purchase
        return None

    def _settle(self, day: dt.date) -> None:
        """Turn proceeds and deposits of `day` and before into settled cash."""
        for source in (self._proceeds, self._deposits):
            self._cash += sum(entry.amount for entry in source if entry.settles <= day)
            source[:] = [entry for entry in source if entry.settles > day]

    def _deposited(self, unpaid: int, by: dt.date) -> int:
        """Use deposits that arrive until `by` for an unpaid purchase; return what stays unpaid."""
        for deposit in self._deposits:
            if deposit.settles <= by:
                used = min(deposit.amount, unpaid)
                deposit.amount -= used
                unpaid -= used
        return unpaid
