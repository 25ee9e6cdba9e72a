"""The customers of a scenario: who opens an account, with how much, who trades, and who leaves again.

`Customers` knows what each could afford: a careful estimate of its own, so that planned orders pass the house's checks. The
house keeps the real books; nothing is read back from here into a report. `AccountDesk` turns comings and goings into
commands, and looks up in the house's books what is missing to a month's target.
"""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from random import Random

from rushtrade.backoffice.allocation import deal
from rushtrade.core.sequencer import Core
from rushtrade.domain import commands as cmd
from rushtrade.domain.accounts import AccountKind, AccountLimits, AccountState, CommissionTerms
from rushtrade.domain.numbers import CENT, MONEY_UNIT, notional
from rushtrade.domain.transfers import CASH
from rushtrade.rules.world import World
from rushtrade.scenario.file import MonthTarget

LIMITS = AccountLimits(order_shares_max=2_000_000)
"""House limits of the scenario: shares of a tenth of a cent need large numbers, money is bounded as usual."""
DORMANT_PERCENT = 25
"""Accounts that are opened, funded, and never trade."""
MARGIN_PERCENT = 65
SHORT_PERCENT = 30
"""Margin accounts that may sell short."""
BREATH = 220
"""Draws of others before a customer is drawn again: time to see the last order done."""
DRAWS_MAX = 20
"""Draws until somebody is taken who should have waited."""
WIRE_TYPICAL = 12_000 * MONEY_UNIT
WIRES_MAX = 160
"""Wires in which customers make up a month's difference."""
FIRST_DEPOSITS_PERCENT = 98
"""Part of the first month's assets that comes in with the opening deposits; the rest is wired at its end."""
NEW_ACCOUNT_DEPOSIT = 14_000 * MONEY_UNIT
"""What a customer who comes later brings, on the average."""
CLOSED_EACH_MONTH = 9
"""Accounts that leave in a month in which more come."""
SHARES_BROUGHT_PERCENT = 12
"""New customers who bring shares in from another firm."""
BROUGHT_COST_PERCENT = 90
"""Cost of shares brought in, as a part of what they are worth."""
DEPOSIT_UNIT = 50 * MONEY_UNIT
SHORT_RESERVE_PERCENT = 260
"""Money kept free for a short position, in percent of its proceeds."""


class Customer:
    """One account as its owner sees it. Money in micro-dollars."""

    __slots__ = (
        "account_id",
        "appetite",
        "cash",
        "holdings",
        "kind",
        "scheme",
        "short_permitted",
        "shorts",
        "turn",
    )

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
        self.turn = -BREATH
        """When the customer was drawn last, counted in draws."""

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
        self._turn = 0

    def admit(self) -> tuple[Customer, cmd.OpenAccount]:
        """Admit the next customer; give the command that opens the account."""
        rng = self._rng
        self.opened += 1
        margin = rng.random() * 100 < MARGIN_PERCENT
        short = margin and rng.random() * 100 < SHORT_PERCENT
        dormant = rng.random() * 100 < DORMANT_PERCENT
        appetite = 0.0 if dormant else 1.0 / (0.06 + rng.random())
        kind = AccountKind.MARGIN if margin else AccountKind.CASH
        scheme = self._schemes[0 if rng.random() < 0.6 else -1]
        customer = Customer(self.opened, kind, scheme, appetite, short=short)
        self.open[customer.account_id] = customer
        number = f"5RT-{self.opened:05d}"
        return customer, cmd.OpenAccount(self.opened, number, kind, scheme.scheme_id, short, LIMITS)

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
        self._turn += 1
        for _ in range(DRAWS_MAX):
            at = bisect(self._chances, self._rng.random() * self._chances[-1])
            customer = self._traders[min(at, len(self._traders) - 1)]
            if self._turn - customer.turn > BREATH:
                break
        customer.turn = self._turn
        return customer

    def wealthiest(self, count: int) -> list[Customer]:
        """Give the traders with most money to spend."""
        return sorted(self._traders, key=lambda one: (-one.spendable, one.account_id))[:count]


class AccountDesk:
    """Sends what opens, funds and closes accounts. Whoever owns the core steps it."""

    def __init__(self, core: Core, customers: Customers, world: World, rng: Random) -> None:
        self._core = core
        self._customers = customers
        self._scheme_id = world.commissions[0].scheme_id
        self._rng = rng
        self._wires = 0

    def reach(self, target: MonthTarget) -> None:
        """Open and close accounts until a month's number is open."""
        missing = target.accounts - len(self._customers.open)
        if not self._customers.open:
            self.open(missing, target.assets * FIRST_DEPOSITS_PERCENT // 100)
            return
        self.close(CLOSED_EACH_MONTH if missing > 0 else -missing)
        self.open(target.accounts - len(self._customers.open))

    def open(self, count: int, deposits: int = 0) -> None:
        """Open accounts and fund them, with a sum dealt over them or with the usual."""
        admitted: list[Customer] = []
        for _ in range(count):
            customer, opening = self._customers.admit()
            reference = f"profile/{customer.account_id}"
            self._send(cmd.RegisterCustomer(f"Customer {customer.account_id}", reference))
            self._send(opening)
            admitted.append(customer)
        total = deposits or count * NEW_ACCOUNT_DEPOSIT
        for customer, amount in zip(admitted, self._customers.deposits(admitted, total), strict=True):
            brings = self._rng.random() * 100 < SHARES_BROUGHT_PERCENT and amount > WIRE_TYPICAL
            self._wire(customer, amount - (self._bring_shares(customer, amount // 3) if brings else 0))

    def close(self, count: int) -> None:
        """Let customers who never traded take their money and leave."""
        for customer in self._customers.closable(max(count, 0)):
            self._wire(customer, -self._core.state.ledger.trade_date_balance(customer.account_id, CASH))
            self._send(
                cmd.ChangeAccount(
                    account_id=customer.account_id,
                    state=AccountState.CLOSED,
                    short_permitted=False,
                    scheme_id=self._scheme_id,
                    limits=LIMITS,
                    reason="closed by its owner",
                )
            )
            self._customers.leave(customer)

    def make_up(self, missing: int) -> None:
        """Let customers wire in what is missing, or out what is too much, to the cent."""
        cents = (abs(missing) + CENT // 2) // CENT
        if missing > 0:
            self._wire_in(cents)
        else:
            self._wire_out(cents)

    def assets(self) -> int:
        """Give what all accounts are worth at the marks of the moment: cash and positions on trade date."""
        state = self._core.state
        prices = state.risk.prices
        worth = 0
        for account in state.accounts.values():
            worth += state.ledger.trade_date_balance(account.account_id, CASH)
            for key, position in account.positions.items():
                worth += notional(prices.get(key, 0), position.shares)
        return worth

    def _bring_shares(self, customer: Customer, worth: int) -> int:
        """Let a customer bring shares of about a worth in from another firm; give what they are worth."""
        state = self._core.state
        keys = [key for key, instrument in state.instruments.items() if instrument.marginable]
        key = keys[int(self._rng.random() * len(keys))]
        price = notional(state.risk.prices[key], 1)
        shares = worth // price
        if shares:
            customer.holdings[key] = customer.holdings.get(key, 0) + shares
            cost = shares * price * BROUGHT_COST_PERCENT // 100
            reference = f"acat {customer.account_id}"
            self._send(cmd.TransferShares(customer.account_id, key, shares, cost, reference))
        return shares * price

    def _wire(self, customer: Customer, amount: int) -> None:
        if amount:
            self._wires += 1
            customer.cash += amount
            self._send(cmd.TransferCash(customer.account_id, amount, f"wire {self._wires}"))

    def _wire_in(self, cents: int) -> None:
        """Deal a sum over customers in whole dollars; the first one wires the odd cents too."""
        customers = list(self._customers.open.values())
        dollars, odd = divmod(cents, 100)
        count = min(max(dollars * MONEY_UNIT // WIRE_TYPICAL, 1), WIRES_MAX)
        chosen = [customers[int(self._rng.random() * len(customers))] for _ in range(count)]
        amounts = deal([50 + int(100 * self._rng.random()) for _ in chosen], dollars)
        for customer, amount in zip(chosen, amounts, strict=True):
            self._wire(customer, amount * MONEY_UNIT)
        self._wire(chosen[0], odd * CENT)

    def _wire_out(self, cents: int) -> None:
        """Let the customers with most settled cash withdraw a sum, at most half of what each has free."""
        ledger = self._core.state.ledger
        for customer in self._customers.wealthiest(len(self._customers.open)):
            free = min(ledger.settled_balance(customer.account_id, CASH), customer.spendable) // 2 // CENT
            amount = min(free, cents)
            if amount > 0:
                self._wire(customer, -amount * CENT)
                cents -= amount
            if not cents:
                return

    def _send(self, command: cmd.AnyCommand) -> None:
        self._core.submit(command, "desk")
