"""Playing a scenario: month by month, session by session, every step an ordinary command to the house's one core.

Theory of operation. Customers' orders go in by the dozen, in the order of their time; what the scripted street answers goes in
with the next dozen; so each durable frame holds a little of everything, as in a live house. A customer's next order waits
until his last one is done. After the last session of a month the desk looks up what all accounts are worth at the closing
marks, and customers wire in (or out) what is missing to the month's target: the books then hold it, and whoever reads the
journal finds it there. Between two steps nothing is pending, so a stop there leaves a journal that is complete.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random

import msgspec

from rushtrade.app.clocks import MarketClock
from rushtrade.app.scenario_customers import Customer, Customers
from rushtrade.app.scenario_file import MonthTarget, Scenario
from rushtrade.app.scenario_market import SLOTS, ScriptedMarket
from rushtrade.app.scenario_plan import MonthPlan, PlannedOrder
from rushtrade.app.scenario_venues import ScriptedStreet
from rushtrade.backoffice.allocation import deal
from rushtrade.core.sequencer import BATCH_COMMANDS_MAX, Core
from rushtrade.core.snapshot import state_hash
from rushtrade.domain import commands as cmd
from rushtrade.domain.accounts import AccountLimits, AccountState
from rushtrade.domain.errors import RushTradeError, require
from rushtrade.domain.frames import FrameBody
from rushtrade.domain.instants import HOUR, MINUTE, day_number
from rushtrade.domain.numbers import CENT, MONEY_UNIT, format_cents
from rushtrade.domain.transfers import CASH
from rushtrade.journal.port import Journal
from rushtrade.risk.valuation import summarize
from rushtrade.rules.calendar import new_york_calendar
from rushtrade.rules.day import RulesForDay, rules_for_day

ORDERS_A_STEP = 72
"""Orders that enter with one step: with their reports they fill a frame, and no more."""
WIRE_TYPICAL = 12_000 * MONEY_UNIT
WIRES_MAX = 160
"""Wires in which customers make up a month's difference."""
OPENED_BEFORE_SHARE_PERCENT = 93
"""Part of the first month's assets that comes in with the opening deposits; the rest is wired at its end."""
NEW_ACCOUNT_DEPOSIT = 14_000 * MONEY_UNIT
CLOSED_EACH_MONTH = 9
"""Accounts that leave in a month in which more come."""
SHARES_BROUGHT_PERCENT = 12
"""New customers who bring shares in from another firm."""

Progress = Callable[[int], None]
"""Told how many orders were entered since the last call."""


class ScenarioStopped(RushTradeError):  # noqa: N818  - reads as the statement it makes
    """The scenario was stopped between two steps; the journal is complete up to there."""


class ScenarioOutcome(msgspec.Struct, frozen=True):
    """What playing a scenario came to."""

    scenario: str
    firm: str
    seed: int
    days: int
    commands: int
    orders: int
    rejects: int
    executed_orders: int
    fills: int
    shares: int
    accounts: int
    frames: int
    balanced: bool
    state_hash: str


class ScenarioPlayer:
    """Plays one scenario into an empty journal."""

    def __init__(
        self, scenario: Scenario, journal: Journal, *, progress: Progress, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        """`stopped` is asked between steps; `progress` is told of orders entered."""
        self.scenario = scenario
        self._journal = journal
        self._progress = progress
        self._stopped = stopped
        self._clock = MarketClock(0)
        self._core = Core(journal, self._clock)
        self._rng = Random(scenario.seed)
        self._market = ScriptedMarket(scenario.world, Random(scenario.seed + 1))
        self._customers = Customers(scenario.world.commissions, Random(scenario.seed + 2))
        self._street = ScriptedStreet(len(scenario.world.venues), self._market, Random(scenario.seed + 3))
        self._frames: deque[FrameBody] = deque()
        self._core.subscribe(self._frames.append)
        self._busy: dict[int, deque[PlannedOrder]] = {}
        self._orders = self._days = self._wires = 0

    def play(self) -> ScenarioOutcome:
        """Play all months; raises ScenarioStopped when told to stop."""
        months = self.scenario.months
        self._found_firm(months[0])
        for place, target in enumerate(months):
            if target.trades:
                self._trading_month(target)
            else:
                self._quiet_month(place)
        return self._outcome()

    # --- months ------------------------------------------------------------------------------------

    def _found_firm(self, target: MonthTarget) -> None:
        scenario, day = self.scenario, target.sessions()[0]
        self._clock.move(rules_for_day(day).session.open_ns - 2 * HOUR)
        world = scenario.world
        self._send(cmd.OpenFirm(scenario.firm, world.name, world.routes_on(day), world.sequences), "desk")
        for terms in world.commissions:
            self._send(cmd.DefineCommissionScheme(terms), "desk")
        for instrument in self._market.instruments.values():
            self._send(cmd.DefineInstrument(instrument), "desk")
        self._settle()

    def _quiet_month(self, place: int) -> None:
        """Play a month in which nobody trades: the days on which earlier trades settle, and the last session."""
        months = self.scenario.months
        target = months[place]
        if place and months[place - 1].trades:
            settled_by = rules_for_day(months[place - 1].sessions()[-1]).settlement_date
            for day in new_york_calendar().sessions(target.month.first_day, settled_by):
                self._open_day(rules_for_day(day))
                self._close_day(rules_for_day(day))
        rules = rules_for_day(target.sessions()[-1])
        self._open_day(rules)
        quiet_left = next((later - place for later in range(place, len(months)) if months[later].trades), 1)
        played_before = any(earlier.trades for earlier in months[:place])
        self._market.drift(rules, self.scenario.later_prices if played_before else {}, quiet_left)
        self._send(cmd.ObserveMarks(self._market.marks(SLOTS)), "market")
        self._change_accounts(target)
        self._close_month(target, rules)
        self._close_day(rules)

    def _trading_month(self, target: MonthTarget) -> None:
        sessions = target.sessions()
        plan = MonthPlan(target, self.scenario.world, self._market, self._customers, self._rng)
        opening = deal([1] * (len(sessions) - 1), max(target.accounts - len(self._customers.open), 0))
        for place, day in enumerate(sessions):
            rules = rules_for_day(day)
            self._open_day(rules)
            if place < len(opening) and opening[place]:
                self._open_accounts(opening[place], opening[place] * NEW_ACCOUNT_DEPOSIT)
            if place == 1:
                self._close_accounts(len(self._customers.open) - target.accounts)
            self._customers.settle_traders()
            self._market.open_session(rules)
            self._trade(rules, plan)
            self._clock.move(rules.session.close_ns + 5 * MINUTE)
            self._send(cmd.OpenMarket(is_open=False), "clock")
            self._send(cmd.ObserveMarks(self._market.marks(SLOTS)), "market")
            if day == sessions[-1]:
                plan.require_done(day)
                self._close_month(target, rules)
            self._close_day(rules)

    # --- days --------------------------------------------------------------------------------------

    def _open_day(self, rules: RulesForDay) -> None:
        session = rules.session
        self._clock.move(session.open_ns - HOUR)
        self._send(cmd.OpenDay(day_number(rules.day)), "clock")
        self._days += 1

    def _close_day(self, rules: RulesForDay) -> None:
        self._clock.move(rules.session.close_ns + 2 * HOUR)
        self._send(cmd.CloseDay(day_number(rules.day)), "clock")
        self._settle()
        require(not self._busy and not self._core.state.blotter.orders, "a day ends without open orders")

    def _trade(self, rules: RulesForDay, plan: MonthPlan) -> None:
        """Let customers trade through a session."""
        self._clock.move(rules.session.open_ns)
        self._send(cmd.OpenMarket(is_open=True), "clock")
        slot = -1
        entered = 0
        for planned in plan.session(rules):
            if planned.slot != slot:
                slot = planned.slot
                self._send(cmd.ObserveMarks(self._market.marks(slot)), "market")
            self._enter_or_wait(planned)
            entered += 1
            if entered % ORDERS_A_STEP == 0:
                self._clock.move(planned.time_ns)
                self._step()
                self._progress(ORDERS_A_STEP)
        self._progress(entered % ORDERS_A_STEP)
        while self._busy or self._street.outgoing or self._core.waiting:
            self._step()

    def _enter_or_wait(self, planned: PlannedOrder) -> None:
        waiting = self._busy.get(planned.account_id)
        if waiting is not None:
            waiting.append(planned)
            return
        self._busy[planned.account_id] = deque()
        self._enter(planned)

    def _enter(self, planned: PlannedOrder) -> None:
        self._orders += 1
        client_order_id = str(self._orders)
        terms = planned.terms
        stamp = self._market.stamp(
            terms.instrument_id, planned.slot, terms.side, max(terms.quantity, 1), planned.time_ns
        )
        self._street.expect(client_order_id, planned)
        self._send(
            cmd.EnterOrder(planned.account_id, client_order_id, terms, stamp), f"account:{planned.account_id}"
        )

    def _step(self) -> None:
        """Put the street's answers in, let the house take one batch, and read what it published."""
        if self._stopped():
            raise ScenarioStopped(f"stopped after {self._orders} orders; the journal is complete up to there")
        street, core = self._street, self._core
        while street.outgoing and core.waiting < BATCH_COMMANDS_MAX:
            core.submit(*street.outgoing.popleft())
        core.step()
        while self._frames:
            street.receive(self._frames.popleft())
        for planned in street.done:
            waiting = self._busy[planned.account_id]
            if waiting:
                self._enter(waiting.popleft())
            else:
                del self._busy[planned.account_id]
        street.done.clear()

    def _send(self, command: cmd.AnyCommand, actor: str) -> None:
        self._core.submit(command, actor)

    def _settle(self) -> None:
        """Step until nothing waits."""
        while self._core.waiting or self._street.outgoing:
            self._step()

    # --- accounts and money --------------------------------------------------------------------------

    def _change_accounts(self, target: MonthTarget) -> None:
        """Open and close accounts until the month's number is open."""
        missing = target.accounts - len(self._customers.open)
        if not self._customers.open:
            self._open_accounts(missing, target.assets * OPENED_BEFORE_SHARE_PERCENT // 100)
            return
        self._close_accounts(CLOSED_EACH_MONTH if missing > 0 else -missing)
        missing = target.accounts - len(self._customers.open)
        self._open_accounts(missing, missing * NEW_ACCOUNT_DEPOSIT)

    def _open_accounts(self, count: int, deposits: int) -> None:
        admitted: list[Customer] = []
        for _ in range(count):
            customer, opening = self._customers.admit()
            reference = f"profile/{customer.account_id}"
            self._send(cmd.RegisterCustomer(f"Customer {customer.account_id}", reference), "desk")
            self._send(opening, "desk")
            admitted.append(customer)
        for customer, amount in zip(admitted, self._customers.deposits(admitted, deposits), strict=True):
            if self._rng.random() * 100 < SHARES_BROUGHT_PERCENT and amount > WIRE_TYPICAL:
                amount -= self._bring_shares(customer, amount // 3)
            self._wire(customer, amount)
        self._settle()
        self._customers.settle_traders()

    def _bring_shares(self, customer: Customer, worth: int) -> int:
        """Let a customer bring shares of about a worth in from another firm; give what they are worth."""
        keys = list(self._market.instruments)[:20]
        key = keys[int(self._rng.random() * len(keys))]
        price = self._core.state.risk.prices[key] * 100
        shares = worth // price
        if not shares:
            return 0
        customer.holdings[key] = customer.holdings.get(key, 0) + shares
        cost = shares * price * 9 // 10
        self._send(
            cmd.TransferShares(customer.account_id, key, shares, cost, f"acat {customer.account_id}"), "desk"
        )
        return shares * price

    def _close_accounts(self, count: int) -> None:
        """Let customers who never traded take their money and leave."""
        scheme = self.scenario.world.commissions[0].scheme_id
        for customer in self._customers.closable(max(count, 0)):
            self._wire(customer, -self._core.state.ledger.trade_date_balance(customer.account_id, CASH))
            closed = cmd.ChangeAccount(
                customer.account_id, AccountState.CLOSED, False, scheme, AccountLimits(), "closed by its owner"
            )
            self._send(closed, "desk")
            self._customers.leave(customer)
        self._settle()

    def _wire(self, customer: Customer, amount: int) -> None:
        if amount:
            self._wires += 1
            customer.cash += amount
            self._send(cmd.TransferCash(customer.account_id, amount, f"wire {self._wires}"), "desk")

    def _close_month(self, target: MonthTarget, rules: RulesForDay) -> None:
        """Let customers wire what is missing to the month's assets, to the cent."""
        self._clock.move(rules.session.close_ns + HOUR)
        self._settle()
        missing = target.assets - self._assets()
        cents = (abs(missing) + CENT // 2) // CENT
        if missing > 0:
            self._wire_in(cents)
        else:
            self._wire_out(cents)
        self._settle()
        left = target.assets - self._assets()
        require(abs(left) <= CENT // 2, f"{target.month}: ${format_cents(left)} were left to be wired")
        require(len(self._customers.open) == target.accounts, f"{target.month}: {len(self._customers.open)} accounts")

    def _wire_in(self, cents: int) -> None:
        """Deal a sum over customers in whole dollars; the last one wires the odd cents too."""
        customers = list(self._customers.open.values())
        dollars, odd = divmod(cents, 100)
        count = min(max(dollars * MONEY_UNIT // WIRE_TYPICAL, 1), WIRES_MAX)
        chosen = [customers[int(self._rng.random() * len(customers))] for _ in range(count)]
        weights = [50 + int(100 * self._rng.random()) for _ in chosen]
        for place, amount in enumerate(deal(weights, dollars)):
            last = place == count - 1
            self._wire(chosen[place], amount * MONEY_UNIT + (odd * CENT if last else 0))

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

    def _assets(self) -> int:
        """Give what all accounts are worth at the marks of the moment: the number every screen of the house shows."""
        state = self._core.state
        risk = state.risk
        return sum(
            summarize(state.ledger, account, risk.prices, state.instruments, risk.margin).equity
            for account in state.accounts.values()
        )

    def _outcome(self) -> ScenarioOutcome:
        core, street = self._core, self._street
        return ScenarioOutcome(
            scenario=self.scenario.name,
            firm=self.scenario.firm,
            seed=self.scenario.seed,
            days=self._days,
            commands=core.next_seq - 1,
            orders=street.orders,
            rejects=street.rejected,
            executed_orders=street.executed_orders,
            fills=street.fills,
            shares=street.shares,
            accounts=len(self._customers.open),
            frames=self._journal.last().seq,
            balanced=not any(core.state.ledger.trial_balance().values()),
            state_hash=state_hash(core.state, core.next_seq).hex(),
        )
