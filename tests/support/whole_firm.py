"""A house with its gateway and scripted venues, an auditor at its side: what simulations drive.

Nothing in it decides by itself when a venue takes a message or when a report arrives: the simulation does.
"""

from __future__ import annotations

from rushtrade.core.replay import restore, take_snapshot, verify
from rushtrade.core.snapshot import state_hash
from rushtrade.domain import commands as cmd
from rushtrade.domain.accounts import AccountKind, AccountLimits
from rushtrade.domain.events import AnyEvent
from rushtrade.domain.orders import ChildStatus
from rushtrade.gateway.limiter import OutboundLimits
from rushtrade.gateway.order_gateway import OrderGateway
from rushtrade.gateway.resync import adopt_orders, resend
from rushtrade.wire import order_entry as oe
from support.auditor import Auditor
from support.books_check import check_books
from support.scripted_venue import ScriptedVenue
from support.small_house import INSTRUMENTS, ROUTES, SmallHouse

LOCATES = {row.instrument_id: row.instrument_id for row in INSTRUMENTS}
LAST_LINE = OutboundLimits(order_shares_max=2_500)
"""Lower than what customers may send, so that the last line has something to hold back."""


class WholeFirm:
    """One firm and its venues."""

    def __init__(self) -> None:
        self.auditor = Auditor()
        self.venues = [ScriptedVenue(route.venue) for route in ROUTES]
        self.held_back: list[cmd.ReportRejected] = []
        self.house = SmallHouse()
        self._connect_gateway()
        self.house.found()
        limits = AccountLimits(open_orders_max=20)
        for kind, dollars, shorts, scheme in (
            (AccountKind.CASH, 50_000, False, 1),
            (AccountKind.MARGIN, 50_000, True, 2),
            (AccountKind.MARGIN, 3_000, True, 3),
        ):
            self.house.open_account(kind, dollars, short_permitted=shorts, scheme_id=scheme, limits=limits)

    def _connect_gateway(self) -> None:
        self.gateway = OrderGateway(list(self.venues), LOCATES, self.held_back.append, limits=LAST_LINE)
        core = self.house.core
        core.subscribe(self.auditor.read)
        core.subscribe(self.gateway.release)

    # --- commands --------------------------------------------------------------------------------

    def do(self, command: cmd.AnyCommand, actor: str = "test") -> list[AnyEvent]:
        """Carry out a command, and what the last line held back after it."""
        events = self.house.do(command, actor)
        while self.held_back:
            self.house.do(self.held_back.pop(0), "gateway")
        return events

    def deliver(self, venue: int, count: int = 1) -> None:
        """Deliver the next reports of a venue, as far as it has any."""
        for report in self.venues[venue].next_reports(count):
            self.do(report, f"venue:{venue}")

    # --- what goes wrong -------------------------------------------------------------------------------

    def cut(self, venue: int) -> None:
        self.venues[venue].cut()
        self.do(cmd.ChangeVenueLink(venue, up=False, lost_orders=False), "gateway")

    def reconnect(self, venue: int) -> None:
        """The line is back: the venue repeats what was missed, and gets again what it has not answered."""
        self.venues[venue].reconnect(self.house.state.report_seqs[venue])
        self.do(cmd.ChangeVenueLink(venue, up=True, lost_orders=False), "gateway")
        self._catch_up(venue)

    def begin_anew(self, venue: int) -> None:
        """The venue has lost everything."""
        self.venues[venue].forget()
        self.do(cmd.ChangeVenueLink(venue, up=True, lost_orders=True), "gateway")

    def restart(self) -> None:
        """The house's process ends and a new one folds the journal, while the venues live on."""
        journal = self.house.journal
        before = state_hash(self.house.state, self.house.core.next_seq)
        now_ns = self.house.now_ns
        state, next_seq = restore(journal)
        assert state_hash(state, next_seq) == before, "snapshot and later events give the state that was"
        self.house = SmallHouse(journal, state, next_seq)
        self.house.now_ns = now_ns
        self.held_back.clear()
        self._connect_gateway()
        adopt_orders(self.gateway, state.blotter.orders.values())
        for venue in self.venues:
            if venue.connected:
                venue.inbox.clear()
                venue.reconnect(state.report_seqs[venue.venue])
                self._catch_up(venue.venue)

    def _catch_up(self, venue: int) -> None:
        self.deliver(venue, self.venues[venue].undelivered)
        resend(self.gateway, list(self.house.state.blotter.orders.values()), venue, self.house.now_ns)
        while self.held_back:
            self.house.do(self.held_back.pop(0), "gateway")

    def settle(self) -> None:
        """Let everything arrive that is on its way, both ways."""
        for venue in self.venues:
            if not venue.connected:
                self.reconnect(venue.venue)
        while any(venue.inbox or venue.undelivered for venue in self.venues):
            for venue in self.venues:
                while venue.inbox:
                    venue.take()
                self.deliver(venue.venue, venue.undelivered)

    def close_day(self) -> None:
        """End the trade date as a house does: the venues close and say so, then the books do."""
        self.settle()
        self.do(cmd.OpenMarket(is_open=False), "calendar")
        for venue in self.venues:
            for token in sorted(venue.orders):
                venue.cancel(token, oe.REASON_DAY_END)
        self.settle()
        self.do(cmd.CloseDay(self.house.state.trade_date), "calendar")

    # --- what must hold --------------------------------------------------------------------------------

    def check(self) -> None:
        """What holds between any two commands, whatever venues say."""
        state = self.house.state
        check_books(state)
        self.auditor.compare(state)
        parents, children = self.gateway.counts()
        assert children == {token: child.leaves for token, child in state.blotter.children.items()}
        assert parents == {
            order_id: (order.leaves, order.working) for order_id, order in state.blotter.orders.items()
        }

    def check_venues(self) -> None:
        """What holds beside that when nothing is on its way and every venue told the truth."""
        working = {token: order.leaves for venue in self.venues for token, order in venue.orders.items()}
        children = self.house.state.blotter.children
        assert working == {token: child.leaves for token, child in children.items()}
        for order in self.house.state.blotter.orders.values():
            assert not order.cancel_reason, "every cancel has been answered"
            assert order.replacement is None, "every replace has been answered"
        unanswered = {ChildStatus.SENT, ChildStatus.IN_DOUBT}
        assert not any(child.status in unanswered for child in children.values())
        executed = {
            token: shares for venue in self.venues for token, shares in venue.executed.items() if shares
        }
        booked = {token: shares for token, shares in self.auditor.executed.items() if shares}
        assert executed == booked, "what was executed is booked, once"

    def check_journal(self) -> None:
        """The journal gives the same events and the same state, with its snapshots and without."""
        journal, core = self.house.journal, self.house.core
        now = state_hash(core.state, core.next_seq)
        assert verify(journal).state_hash == now.hex()
        for source in (journal, journal.without_snapshots()):
            assert state_hash(*restore(source)) == now

    def snapshot(self) -> None:
        take_snapshot(self.house.journal, self.house.state, self.house.core.next_seq)
