"""A small journal, written by hand as the core writes it, with an order that sweeps and then rests."""

from __future__ import annotations

import dart_words as words

from rushtrade.dart.explain import explain
from rushtrade.dart.planning import plan
from rushtrade.dart.story import StoryTeller
from rushtrade.dart.sweeping import RouteNeed
from rushtrade.dart.trace_text import lines
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind, AccountLimits
from rushtrade.domain.frames import Entry, FrameBody, decode_body, encode_body
from rushtrade.domain.instants import parse_instant
from rushtrade.domain.instruments import EquityClass, Instrument, InstrumentKind
from rushtrade.domain.orders import Intent, Liquidity, OrderTerms, OrderType, Side, TimeInForce

START_NS = parse_instant("2026-03-02T14:30:00Z")
SHARE = Instrument(
    1, "RUSH", "Rush", EquityClass.LISTED, InstrumentKind.COMMON, 100, True, False, True, True, "AAA", 99_900
)
BUY_500 = OrderTerms(1, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, 500, 100_100)


class Journal:
    """Frames as the core writes them, one command a frame, a millisecond apart; commands count from 1."""

    def __init__(self) -> None:
        self.desk = words.desk(down="C")
        self.frames: list[FrameBody] = []
        firm = cmd.OpenFirm("House", "test", words.FOUR, words.SEQUENCES)
        self.add(firm, ev.FirmOpened("House", "test", words.FOUR, words.SEQUENCES))
        self.add(cmd.DefineInstrument(SHARE), ev.InstrumentDefined(SHARE))

    @property
    def next_seq(self) -> int:
        return len(self.frames) + 1

    def add(self, command: cmd.AnyCommand, *events: ev.AnyEvent) -> int:
        seq = self.next_seq
        body = FrameBody(seq, START_NS + (seq - 1) * 1_000_000, [Entry(command, "test", list(events))])
        self.frames.append(decode_body(encode_body(body)))
        return seq

    def open_account(self) -> None:
        limits = AccountLimits()
        opened = ev.AccountOpened(7, 1, "7", AccountKind.CASH, 1, False, limits)
        self.add(cmd.OpenAccount(1, "7", AccountKind.CASH, 1, False, limits), opened)

    def enter(self, terms: OrderTerms, far: str, near: str = "", replaces: int = 0) -> int:
        seq, stamp = self.next_seq, words.stamp(terms.side, far, near)
        accepted = ev.OrderAccepted(
            seq,
            7,
            f"mine-{seq}",
            terms,
            Intent.BUY_TO_OPEN,
            0,
            0,
            replaces,
            stamp.bid,
            stamp.ask,
            terms.limit_price,
        )
        routed = self.routed(seq, terms, terms.quantity, 0, stamp)
        return self.add(cmd.EnterOrder(7, f"mine-{seq}", terms, stamp), accepted, routed)

    def route(self, order_id: int, terms: OrderTerms, shares: int, far: str, near: str = "") -> int:
        stamp = words.stamp(terms.side, far, near)
        return self.add(cmd.RouteOrder(order_id, stamp), self.routed(order_id, terms, shares, 1, stamp))

    def routed(self, order_id, terms, shares, progress, stamp) -> ev.OrderRouted:
        rests = terms.time_in_force is TimeInForce.DAY
        need = RouteNeed(
            1, terms.side, shares, terms.limit_price, rests, False, terms.route, progress=progress
        )
        return ev.OrderRouted(order_id, self.next_seq << 8, plan(self.desk, need, stamp))

    def fill(
        self, order_id: int, token: int, venue: int, shares: int, price: int, leaves: int, fee: int
    ) -> None:
        report = cmd.ReportExecuted(venue, 1, token, 1, price, shares, Liquidity.REMOVED, 0)
        self.add(
            report,
            ev.OrderFilled(
                order_id, 7, 1, token, venue, 1, shares, price, leaves, Liquidity.REMOVED, 0, 0, fee, 0, 0, ()
            ),
        )

    def story(self, order_id: int) -> StoryTeller:
        teller = StoryTeller(order_id)
        for body in self.frames:
            teller.take(body)
        return teller

    def tell(self, order_id: int) -> list[str]:
        teller = self.story(order_id)
        return lines(explain(teller.story, teller.routes))


def swept_then_rested(*, with_account: bool = False) -> tuple[Journal, int]:
    """Write an order that takes twice, loses the rest to faster hands, and rests. Account 7 is opened if asked."""
    journal = Journal()
    if with_account:
        journal.open_account()
    order = journal.enter(
        BUY_500, "A 10.00x100 10.01x100 · B 10.00x200 · C 10.00x100 · D 10.02x100", "A 9.99x500"
    )
    journal.fill(order, order << 8, 0, 100, 100_000, 400, 300_000)
    journal.fill(order, order << 8 | 1, 1, 150, 100_000, 250, 90_000)
    gone = cmd.ReportCanceled(1, 2, order << 8 | 1, 50, 0, "IOC remainder", 0)
    journal.add(gone, ev.ChildEnded(order << 8 | 1, order, 50, "IOC remainder"))
    journal.add(gone, ev.ChildEnded(order << 8, order, 100, "IOC remainder"), ev.RoutingNeeded(order))
    again = journal.route(order, BUY_500, 250, "D 10.02x100", "A 10.00x500 · B 9.99x100")
    journal.fill(order, again << 8, 3, 250, 100_100, 0, -500_000)
    return journal, order
