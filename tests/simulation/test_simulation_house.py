"""A house under random commands, prices and venues: the invariants of ARCHITECTURE.md hold after every single step.

`HouseMachine` plays honest venues in any order of events, and compares with them what the house believes. `DistrustMachine`
lets venues also contradict themselves; nothing they say may break the books. RUSHTRADE_SIMULATION=20 runs twenty times as many,
with other chances each time.
"""

from __future__ import annotations

import os
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from support.firm_actions import FirmActions
from support.whole_firm import WholeFirm

TIMES = int(os.environ.get("RUSHTRADE_SIMULATION", "1"))
CHANCES = st.integers(0, 2**32)
"""The seed of everything one step decides: what fails is cut down to the steps it needs."""


class HouseMachine(RuleBasedStateMachine):
    """Random life of a firm with honest venues."""

    honest = True

    @initialize()
    def found(self):
        self.firm = WholeFirm()
        self.actions = FirmActions(self.firm)

    @rule(seeds=st.lists(CHANCES, min_size=1, max_size=3))
    def trade(self, seeds):
        for seed in seeds:
            self.actions.trade(Random(seed))

    @rule(seed=CHANCES)
    def leave(self, seed):
        self.actions.leave(Random(seed))

    @rule(seed=CHANCES)
    def cancel(self, seed):
        self.actions.cancel(Random(seed))

    @rule(seed=CHANCES)
    def replace(self, seed):
        self.actions.replace(Random(seed))

    @rule(seed=CHANCES)
    def route(self, seed):
        self.actions.route(Random(seed))

    @rule(seed=CHANCES)
    def observe_or_administer(self, seed):
        chance = Random(seed)
        actions = self.actions
        chance.choice([actions.observe, actions.observe, actions.administer, actions.sell_data])(chance)

    @rule(seed=CHANCES)
    def venues_live(self, seed):
        chance = Random(seed)
        self.actions.venues_take(chance)
        self.actions.venues_execute(chance)
        self.actions.reports_arrive(chance)

    @rule(seed=CHANCES)
    def venues_take(self, seed):
        self.actions.venues_take(Random(seed))

    @rule(seed=CHANCES)
    def reports_arrive(self, seed):
        chance = Random(seed)
        self.actions.reports_arrive(chance)
        self.actions.reports_come_again(chance)
        self.actions.a_report_overtakes_others(chance)

    @rule(seed=CHANCES)
    def line_breaks_or_comes_back(self, seed):
        self.actions.line_breaks_or_comes_back(Random(seed))

    @rule(seed=CHANCES)
    def restart(self, seed):
        self.actions.restart(Random(seed))

    @rule(seed=CHANCES)
    def next_day(self, seed):
        if self.honest:
            self.actions.next_day(Random(seed))

    @rule()
    def settle(self):
        """Everything arrives; then the house and honest venues believe the same."""
        self.firm.settle()
        if self.honest:
            self.firm.check_venues()

    @invariant()
    def books_are_right(self):
        self.firm.check()

    def teardown(self):
        if hasattr(self, "actions"):
            self.settle()
            self.firm.check()
            self.firm.check_journal()


class DistrustMachine(HouseMachine):
    """The same, with venues that say anything about any order."""

    honest = False

    @rule(seed=CHANCES)
    def a_venue_contradicts_itself(self, seed):
        self.actions.a_venue_contradicts_itself(Random(seed))

    @rule(seed=CHANCES)
    def a_venue_contradicts_itself_again(self, seed):
        self.actions.a_venue_contradicts_itself(Random(seed))

    @rule(seed=CHANCES)
    def a_venue_begins_anew(self, seed):
        self.actions.a_venue_begins_anew(Random(seed))

    @rule(venue=st.sampled_from([-1, 3, 10**9]), seq=st.sampled_from([-1, 0, 1, 10**12]))
    def nobody_reports(self, venue, seq):
        for report in (
            cmd.ReportAccepted(venue, seq, 1, 1, 1),
            cmd.ReportExecuted(venue, seq, 1, 1, 1, 1, 0, 1),
            cmd.ReportCanceled(venue, seq, 1, 1, 0, "", 1),
            cmd.ReportReplaced(venue, seq, 1, 2, 1, 1, 1, 1),
            cmd.ReportRejected(venue, seq, 1, 0, "", 1),
            cmd.ChangeVenueLink(venue, True, True),
        ):
            (event,) = self.firm.do(report)
            assert isinstance(event, ev.AnomalyRecorded)


_SETTINGS = settings(
    max_examples=50 * TIMES,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=TIMES == 1,
    report_multiple_bugs=False,
)
TestHonestVenues = HouseMachine.TestCase
TestHonestVenues.settings = _SETTINGS
TestDistrustedVenues = DistrustMachine.TestCase
TestDistrustedVenues.settings = _SETTINGS
