"""A broker to be killed: python house_broker.py {found|trade|settle} JOURNAL SOCKET ACKS SEED.

``found`` opens the firm and ends. ``trade`` catches up with the exchanges and trades for ever; every answer it gives a customer is appended to
ACKS after it is durable, one line of "seq kind client-order-id". ``settle`` catches up, cancels what is open, waits until nothing is,
and ends. Core, journal, pipeline, gateway and line are the product's own; only the customers are made up.
"""

from __future__ import annotations

import datetime as dt
import os
import struct
import sys
import time
from pathlib import Path
from random import Random

from rushtrade.core.replay import restore, take_snapshot
from rushtrade.core.sequencer import Core, Ticket
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind, AccountLimits
from rushtrade.domain.frames import FrameBody
from rushtrade.domain.instants import day_number
from rushtrade.domain.orders import ChildStatus, OrderTerms, OrderType, Side, TimeInForce
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.gateway.exchange_line import ExchangeLine
from rushtrade.gateway.order_gateway import OrderGateway
from rushtrade.gateway.reports import read_reports
from rushtrade.gateway.resync import adopt_orders, resend
from rushtrade.gateway.venue_session import Heard, ReportsHeard
from rushtrade.journal import CommitPipeline, SqliteJournal
from rushtrade.rules.world_file import load_world

DAY = dt.date(2026, 11, 20)
ACCOUNTS = 24
INSTRUMENTS = 8
ORDERS_A_TURN = 12
MILLION = 1_000_000
IDLE_SECONDS_MAX = 300.0
SNAPSHOT_TURNS = 40
LIMITS = AccountLimits(open_orders_max=2_000)


class Broker:
    """The house as one process, and the customers in it."""

    def __init__(self, journal_path: Path, exchanges: Path, acks: Path, seed: int) -> None:
        self.chance = Random(seed)
        self.seed = seed
        self.entered = 0
        self.acks = os.open(acks, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.journal = SqliteJournal(journal_path)
        self.journal.new_epoch()
        state, next_seq = restore(self.journal)
        self.core = Core(
            self.journal,
            time.time_ns,
            state=state,
            next_seq=next_seq,
            stopwatch=time.monotonic_ns,
            pipeline=CommitPipeline(self.journal),
        )
        self.world = load_world("us-2026")
        self.to_route: dict[int, None] = {
            order_id: None for order_id, order in sorted(state.blotter.orders.items()) if order.routing_needed
        }
        self.held_back: list[cmd.ReportRejected] = []
        self.exchanges = exchanges

    # --- the house ---------------------------------------------------------------------------------

    def found(self) -> None:
        core, world = self.core, self.world
        core.submit(cmd.OpenFirm("Fault House", world.name, world.routes_on(DAY), world.sequences), "desk")
        for place, symbol in enumerate(world.symbols, start=1):
            core.submit(cmd.DefineInstrument(symbol.instrument(place)), "desk")
        for scheme in world.commissions:
            core.submit(cmd.DefineCommissionScheme(scheme), "desk")
        core.submit(cmd.RegisterCustomer("Ann", "p"), "desk")
        for number in range(1, ACCOUNTS + 1):
            core.submit(cmd.OpenAccount(1, f"F{number}", AccountKind.MARGIN, 1, True, LIMITS), "desk")
            core.submit(cmd.TransferCash(number, 10_000_000 * MILLION, "deposit"), "desk")
        core.submit(cmd.OpenDay(day_number(DAY)), "calendar")
        core.submit(cmd.OpenMarket(is_open=True), "calendar")
        core.drain()

    def come_on_line(self) -> None:
        """Hear what was missed, decide it, then send again what is not answered."""
        core, state = self.core, self.core.state
        self.line = ExchangeLine(self.exchanges)
        venues = len(state.desk.routes)
        links = [self.line.link(venue) for venue in range(venues)]
        locates = {instrument_id: instrument_id for instrument_id in state.instruments}
        self.gateway = OrderGateway(links, locates, self.held_back.append)
        adopt_orders(self.gateway, state.blotter.orders.values())
        core.subscribe(self.on_frame)
        heard = self.line.logon([seq + 1 for seq in state.report_seqs], feed=False)
        self.take(heard)
        core.drain()
        self.unanswered = sum(child.status is ChildStatus.SENT for child in state.blotter.children.values())
        for venue in range(venues):
            core.submit(cmd.ChangeVenueLink(venue, True, False), "gateway")
            core.drain()
            resend(self.gateway, list(state.blotter.orders.values()), venue, state.now_ns)
        self.pump()

    def take(self, heard: list[Heard]) -> None:
        for one in heard:
            if isinstance(one, ReportsHeard):
                self.core.submit_all(read_reports(one.venue, one.rows), f"venue:{one.venue}")

    def on_frame(self, body: FrameBody) -> None:
        self.gateway.release(body)
        for entry in body.entries:
            for event in entry.events:
                if isinstance(event, ev.RoutingNeeded):
                    self.to_route[event.order_id] = None

    def pump(self) -> None:
        """Decide what waits, and route what wants it."""
        core = self.core
        while core.waiting or self.held_back or self.to_route:
            core.submit_all(self.held_back, "gateway")
            self.held_back.clear()
            for order_id in self.to_route:
                order = core.state.blotter.orders.get(order_id)
                if order is not None:
                    core.submit(cmd.RouteOrder(order_id, self.stamp(order.terms)), "router")
            self.to_route.clear()
            core.step()
        core.settle()

    # --- the customers -----------------------------------------------------------------------------

    def trade(self) -> None:
        turn = 0
        while True:
            for _ in range(ORDERS_A_TURN):
                self.enter()
            self.change()
            self.pump()
            self.take(self.line.receive(0))
            self.pump()
            turn += 1
            if turn % SNAPSHOT_TURNS == 0:
                self.core.settle()
                take_snapshot(self.journal, self.core.state, self.core.next_seq)

    def stamp(self, terms: OrderTerms) -> QuoteStamp:
        """Quotes as the broker might see them: near the truth, wrong in detail."""
        chance, price = self.chance, self.world.symbols[terms.instrument_id - 1].price
        far_side = 1 - terms.side
        step = 100 if far_side else -100
        levels = b"".join(
            struct.pack(
                "<3q", venue * 2 + far_side, price + step * chance.randint(0, 2), chance.randint(1, 4) * 100
            )
            for venue in range(len(self.world.venues))
            if chance.random() < 0.5
        )
        return QuoteStamp(0, price - 100, 100, price + 100, 100, price, levels)

    def enter(self) -> None:
        chance = self.chance
        instrument_id = chance.randint(1, INSTRUMENTS)
        side = chance.choice(list(Side))
        price = self.world.symbols[instrument_id - 1].price
        reach = chance.choice([-3, -2, -1, 0, 1, 2, 4]) * (1 if side is Side.BUY else -1)
        tif = chance.choice([TimeInForce.DAY, TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK])
        shares = chance.randint(1, 6) * 100
        terms = OrderTerms(instrument_id, side, OrderType.LIMIT, tif, shares, price + reach * 100)
        self.entered += 1
        name = f"{self.seed}-{self.entered}"
        command = cmd.EnterOrder(chance.randint(1, ACCOUNTS), name, terms, self.stamp(terms))
        self.core.submit(command, "account", self.acknowledge)

    def change(self) -> None:
        """Cancel a few of the open orders, and replace a few."""
        chance, orders = self.chance, self.core.state.blotter.orders
        for order_id in chance.sample(sorted(orders), min(len(orders), 6)):
            order = orders[order_id]
            if chance.random() < 0.5:
                self.core.submit(cmd.CancelOrder(order.account_id, order_id), "account", self.acknowledge)
            else:
                self.entered += 1
                name, quantity = f"{self.seed}-{self.entered}", chance.randint(1, 8) * 100
                limit = order.terms.limit_price + chance.choice([-100, 0, 100])
                stamp = self.stamp(order.terms)
                self.core.submit(
                    cmd.ReplaceOrder(order.account_id, order_id, name, quantity, limit, 0, stamp),
                    "account",
                    self.acknowledge,
                )

    def acknowledge(self, ticket: Ticket) -> None:
        assert ticket.events is not None
        first = ticket.events[0] if ticket.events else None
        name = getattr(first, "client_order_id", "") or "-"
        os.write(self.acks, f"{ticket.seq} {type(first).__name__} {name}\n".encode())

    # --- the end -----------------------------------------------------------------------------------

    def settle(self) -> None:
        """Cancel everything and wait until nothing is open any more."""
        orders, deadline = self.core.state.blotter.orders, time.monotonic() + IDLE_SECONDS_MAX
        while orders:
            assert time.monotonic() < deadline, f"{len(orders)} orders are still open"
            for account_id in range(1, ACCOUNTS + 1):
                self.core.submit(cmd.CancelAllOrders(account_id, 0), "desk")
            self.to_route.clear()
            self.core.drain()
            self.take(self.line.receive(0.05))
            self.core.drain()
        self.core.close()


def main() -> None:
    mode, journal, exchanges, acks, seed = sys.argv[1:]
    broker = Broker(Path(journal), Path(exchanges), Path(acks), int(seed))
    if mode == "found":
        broker.found()
        broker.core.close()
        return
    broker.come_on_line()
    os.write(1, f"on line, {broker.unanswered} sent again\n".encode())
    broker.trade() if mode == "trade" else broker.settle()


if __name__ == "__main__":
    main()
