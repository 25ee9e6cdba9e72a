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

from rushtrade.backoffice.allocation import deal
from rushtrade.core.clocks import MarketClock
from rushtrade.core.replay import take_snapshot
from rushtrade.core.sequencer import BATCH_COMMANDS_MAX, Core
from rushtrade.domain import commands as cmd
from rushtrade.domain.errors import RushTradeError, require
from rushtrade.domain.frames import FrameBody
from rushtrade.domain.instants import HOUR, day_number
from rushtrade.domain.numbers import CENT, format_cents
from rushtrade.journal.port import Journal
from rushtrade.rules.calendar import new_york_calendar
from rushtrade.rules.day import RulesForDay, rules_for_day
from rushtrade.scenario.customers import CLOSED_EACH_MONTH, AccountDesk, Customers
from rushtrade.scenario.file import MonthTarget, Scenario
from rushtrade.scenario.market import SLOTS, ScriptedMarket
from rushtrade.scenario.plan import MonthPlan, PlannedOrder
from rushtrade.scenario.venues import ScriptedStreet

ORDERS_A_STEP = 72
"""Orders that enter with one step: with their reports they fill a frame, and no more."""
WIRES_EVERY_SESSIONS = 3
"""In a trading month customers wire money every so many sessions, towards the month's target."""

Progress = Callable[[int], None]
"""Told how many orders have executed so far."""


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
        self,
        scenario: Scenario,
        journal: Journal,
        *,
        progress: Progress,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """`stopped` is asked between steps; `progress` is told how many orders have executed."""
        self.scenario = scenario
        self._journal = journal
        self._progress = progress
        self._stopped = stopped
        self._clock = MarketClock(0)
        self._core = Core(journal, self._clock)
        # One stream of chance for each part of the script, so that a change in one leaves the others as they were.
        self._rng, market, customers, street = (Random(scenario.seed + part) for part in range(4))  # noqa: S311
        self._market = ScriptedMarket(scenario.world, market)
        self._customers = Customers(scenario.world.commissions, customers)
        self._street = ScriptedStreet(len(scenario.world.venues), self._market, street)
        self._frames: deque[FrameBody] = deque()
        self._core.subscribe(self._frames.append)
        self._busy: dict[int, deque[PlannedOrder]] = {}
        self._desk = AccountDesk(self._core, self._customers, scenario.world, self._rng)
        self._orders = self._days = 0

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
        self._desk.reach(target)
        self._settle()
        self._close_month(target, rules)
        self._close_day(rules)

    def _trading_month(self, target: MonthTarget) -> None:
        sessions = target.sessions()
        plan = MonthPlan(target, self.scenario.world, self._market, self._customers, self._rng)
        wanted = max(len(self._customers.open) - target.accounts, 0) + CLOSED_EACH_MONTH
        leaving = len(self._customers.closable(wanted))
        coming = target.accounts - len(self._customers.open) + leaving
        opening = deal([0, *[1] * (len(sessions) - 1)], coming)
        for place, day in enumerate(sessions):
            rules = rules_for_day(day)
            self._open_day(rules)
            if place == 0:
                self._desk.close(leaving)
            elif opening[place]:
                self._desk.open(opening[place])
            self._settle()
            if place % WIRES_EVERY_SESSIONS == 0:
                steps_left = (len(sessions) - place - 1) // WIRES_EVERY_SESSIONS + 1
                self._desk.make_up((target.assets - self._desk.assets()) // steps_left)
            self._customers.settle_traders()
            self._market.open_session(rules)
            self._trade(rules, plan)
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
        """Let customers trade through a session, and mark its close."""
        self._settle()
        self._clock.move(rules.session.open_ns)
        self._send(cmd.OpenMarket(is_open=True), "clock")
        self._settle()
        slot = -1
        for entered, planned in enumerate(plan.session(rules), 1):
            if planned.slot != slot:
                slot = planned.slot
                self._send(cmd.ObserveMarks(self._market.marks(slot)), "market")
            self._enter_or_wait(planned)
            if entered % ORDERS_A_STEP == 0:
                self._clock.move(planned.time_ns)
                self._step()
                self._progress(self._street.executed_orders)
        while self._busy or self._street.outgoing or self._core.waiting:
            self._step()
        self._progress(self._street.executed_orders)
        self._clock.move(rules.session.close_ns)
        self._send(cmd.OpenMarket(is_open=False), "clock")
        self._send(cmd.ObserveMarks(self._market.marks(SLOTS)), "market")
        self._settle()

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

    def _close_month(self, target: MonthTarget, rules: RulesForDay) -> None:
        """Let customers wire what is missing to the month's assets, to the cent."""
        self._clock.move(rules.session.close_ns + HOUR)
        self._settle()
        self._desk.make_up(target.assets - self._desk.assets())
        self._settle()
        left = target.assets - self._desk.assets()
        open_accounts = len(self._customers.open)
        require(abs(left) <= CENT // 2, f"{target.month}: ${format_cents(left)} were left to be wired")
        require(
            open_accounts == target.accounts,
            f"{target.month}: {open_accounts} accounts, not {target.accounts}",
        )

    def _outcome(self) -> ScenarioOutcome:
        """Keep a snapshot, so that a house can start here at once, and sum up."""
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
            state_hash=take_snapshot(self._journal, core.state, core.next_seq).hex(),
        )
