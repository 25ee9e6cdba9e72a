"""The customers of a scenario: who opens an account, with how much, how often they trade, and what they could afford.

What a customer could afford is this module's own careful estimate, so that planned orders pass the house's checks. The
house keeps the real books; nothing is ever read back from here into a report.
"""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from random import Random

from rushtrade.backoffice.allocation import deal
from rushtrade.domain.accounts import AccountKind, AccountLimits, CommissionTerms
from rushtrade.domain.commands import OpenAccount
from rushtrade.domain.numbers import MONEY_UNIT

LIMITS = AccountLimits(order_shares_max=2_000_000)
"""House limits of the scenario: shares of a tenth of a cent need large numbers, money is bounded as usual."""
DORMANT_PERCENT = 25
"""Accounts that are opened, funded, and never trade."""
MARGIN_PERCENT = 65
SHORT_PERCENT = 30
"""Margin accounts that may sell short."""
DEPOSIT_UNIT = 50 * MONEY_UNIT
SHORT_RESERVE_PERCENT = 260
"""Money kept free for a short position, in percent of its proceeds."""


class Customer:
    """One account as its owner sees it. Money in micro-dollars."""

    __slots__ = ("account_id", "appetite", "cash", "holdings", "kind", "scheme", "short_permitted", "shorts")

    def __init__(
        self, account_id: int, kind: AccountKind, scheme: CommissionTerms, appetite: float, *, short: bool
    ) -> None:
        self.account_id = account_id
        self.kind = kind
        self.scheme = scheme
        self.short_permitted = short
        self.appetite = appetite
        """How often the customer trades, beside the others; 0 = never."""
        self.cash = 0
        self.holdings: dict[int, int] = {}
        self.shorts: dict[int, tuple[int, int]] = {}
        """Shares sold short and what they brought in, by instrument."""

    @property
    def spendable(self) -> int:
        """Cash that no short position needs."""
        return self.cash - sum(money for _, money in self.shorts.values()) * SHORT_RESERVE_PERCENT // 100

    @property
    def is_flat(self) -> bool:
        """True without any position."""
        return not self.holdings and not self.shorts


class Customers:
    """All customers with an open account, and the chance of each to be the next who trades."""

    def __init__(self, schemes: tuple[CommissionTerms, ...], rng: Random) -> None:
        self._schemes = schemes
        self._rng = rng
        self.opened = 0
        self.open: dict[int, Customer] = {}
        self._traders: list[Customer] = []
        self._chances: list[float] = []

    def admit(self) -> tuple[Customer, OpenAccount]:
        """Admit the next customer; give the command that opens the account."""
        rng = self._rng
        self.opened += 1
        margin = rng.random() * 100 < MARGIN_PERCENT
        short = margin and rng.random() * 100 < SHORT_PERCENT
        dormant = rng.random() * 100 < DORMANT_PERCENT
        appetite = 0.0 if dormant else 1.0 / (0.02 + rng.random())
        kind = AccountKind.MARGIN if margin else AccountKind.CASH
        scheme = self._schemes[0 if rng.random() < 0.6 else -1]
        customer = Customer(self.opened, kind, scheme, appetite, short=short)
        self.open[customer.account_id] = customer
        number = f"5RT-{self.opened:05d}"
        return customer, OpenAccount(self.opened, number, kind, scheme.scheme_id, short, LIMITS)

    def deposits(self, customers: list[Customer], total: int) -> list[int]:
        """Deal a total over customers' first deposits: many small accounts, few large ones, in whole units."""
        rng = self._rng
        weights = []
        for _ in customers:
            chance = rng.random() * rng.random()
            weights.append(100 + int(6_000 * chance * chance))
        return [units * DEPOSIT_UNIT for units in deal(weights, total // DEPOSIT_UNIT)]

    def closable(self, count: int) -> list[Customer]:
        """Give up to `count` customers who never traded, the oldest first: they are the ones who leave."""
        return [one for one in self.open.values() if not one.appetite and one.is_flat][:count]

    def leave(self, customer: Customer) -> None:
        """Let a customer go."""
        del self.open[customer.account_id]

    def settle_traders(self) -> None:
        """Take stock of who may trade; called when accounts have opened or closed."""
        self._traders = [one for one in self.open.values() if one.appetite]
        self._chances = list(accumulate(one.appetite for one in self._traders))

    def next_trader(self) -> Customer:
        """Give the customer who trades next."""
        at = bisect(self._chances, self._rng.random() * self._chances[-1])
        return self._traders[min(at, len(self._traders) - 1)]

    def wealthiest(self, count: int) -> list[Customer]:
        """Give the traders with most money to spend."""
        return sorted(self._traders, key=lambda one: (-one.spendable, one.account_id))[:count]
