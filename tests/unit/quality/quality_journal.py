"""Journals written by hand for execution quality: orders, children, executions and marks at times of one's own choice."""

from __future__ import annotations

import datetime as dt
import struct

from rushtrade.backoffice.folding import EventFrame, decode_events
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind, AccountLimits
from rushtrade.domain.frames import Entry, FrameBody, encode_body
from rushtrade.domain.instants import MILLISECOND, day_number, parse_instant
from rushtrade.domain.instruments import EquityClass, Instrument, InstrumentKind
from rushtrade.domain.numbers import parse_money, parse_price
from rushtrade.domain.orders import Intent, Liquidity, OrderTerms, OrderType, Side, TimeInForce
from rushtrade.domain.plans import ChildTerms, Plan, Strategy
from rushtrade.domain.quotes import Mark, QuoteStamp
from rushtrade.domain.rejects import RejectReason
from rushtrade.domain.routes import Route, RouteSequences
from rushtrade.quality.facts import OrderFacts
from rushtrade.quality.reader import OrderReader

START_NS = parse_instant("2026-11-02T14:30:00Z")
ROUTES = (
    Route(0, "AAA", "A", "XAAA", "Alpha Exchange", 30, -20, 3000, 0, 100_000),
    Route(1, "BBB", "B", "XBBB", "Beta Exchange", 6, 0, 3000, 0, 400_000),
    Route(2, "CCC", "C", "XCCC", "Gamma Exchange", -10, 18, 0, 3000, 200_000),
)
SEQUENCES = tuple(RouteSequences(kind, "AB", "C", "ABC") for kind in (1, 2, 3, 4))
_LEVEL = struct.Struct("<3q")


class QualityBook:
    """Writes frames; `ms` is the time of the next one, in milliseconds after the opening."""

    def __init__(self, day: dt.date = dt.date(2026, 11, 2)) -> None:
        self.bodies: list[FrameBody] = []
        self.ms = 0
        self.bid, self.bid_shares, self.ask, self.ask_shares = 100_000, 300, 100_400, 200
        self.terms: dict[int, tuple[OrderTerms, int, int]] = {}
        self.say(ev.FirmOpened("Quality House", "by hand", ROUTES, SEQUENCES))
        for number, symbol in ((1, "RUSH"), (2, "TUFF")):
            share = Instrument(
                number,
                symbol,
                symbol,
                EquityClass.LISTED,
                InstrumentKind.COMMON,
                100,
                True,
                False,
                True,
                True,
                "AAA",
                100_000,
            )
            self.say(ev.InstrumentDefined(share))
        self.say(ev.AccountOpened(7, 1, "D-7", AccountKind.CASH, 1, False, AccountLimits()))
        self.say(ev.AccountOpened(8, 1, "D-8", AccountKind.CASH, 1, False, AccountLimits()))
        self.open_day(day)

    @property
    def frames(self) -> list[EventFrame]:
        return [decode_events(encode_body(body)) for body in self.bodies]

    @property
    def next_seq(self) -> int:
        return len(self.bodies) + 1

    def say(self, *events: ev.AnyEvent, command: cmd.AnyCommand | None = None) -> int:
        seq = self.next_seq
        entry = Entry(command or cmd.Tick(), "test", list(events))
        self.bodies.append(FrameBody(seq, START_NS + self.ms * MILLISECOND, [entry]))
        return seq

    def at(self, ms: int) -> QualityBook:
        self.ms = ms
        return self

    def quote(self, bid: str, bid_shares: int, ask: str, ask_shares: int) -> None:
        """Set what stamps from here on say."""
        self.bid, self.ask = parse_price(bid), parse_price(ask)
        self.bid_shares, self.ask_shares = bid_shares, ask_shares

    def open_day(self, day: dt.date) -> None:
        self.say(ev.DayOpened(day_number(day), day_number(day) + 1, 0, 0))

    def close_day(self, day: dt.date) -> None:
        self.say(ev.DayClosed(day_number(day)))

    def marks(self, bid: str, ask: str, instrument: int = 1) -> None:
        self.say(ev.MarksObserved((Mark(instrument, parse_price(bid), parse_price(ask), 0),)))

    def enter(
        self,
        side: str,
        shares: int,
        limit: str = "",
        *children: str,
        route: str = "DART",
        tif: TimeInForce = TimeInForce.DAY,
        stop: str = "",
        instrument: int = 1,
        account: int = 7,
        replaces: int = 0,
        strategy: Strategy = Strategy.SWEEP,
        levels: str = "",
        not_held: bool = False,
    ) -> int:
        """Enter an order; children read ``A 300@10.05``, levels ``A 10.04x200``. Gives the order's number."""
        kind = OrderType.STOP if stop else OrderType.LIMIT if limit else OrderType.MARKET
        way = Side.BUY if side == "buy" else Side.SELL
        terms = OrderTerms(
            instrument,
            way,
            kind,
            tif,
            shares,
            parse_price(limit) if limit else 0,
            parse_price(stop) if stop else 0,
            route,
            not_held=not_held,
        )
        seq, stamp = self.next_seq, self.stamp(levels, way)
        intent = {"buy": Intent.BUY_TO_OPEN, "sell": Intent.SELL_TO_CLOSE, "short": Intent.SELL_SHORT}[side]
        bound = terms.limit_price or (200_000 if way is Side.BUY else 1)
        events: list[ev.AnyEvent] = [
            ev.OrderAccepted(
                seq, account, f"c{seq}", terms, intent, 0, 0, replaces, stamp.bid, stamp.ask, bound
            )
        ]
        if children:
            events.append(ev.OrderRouted(seq, seq << 8, self.plan(strategy, *children)))
        self.terms[seq] = (terms, account, shares)
        self.say(*events, command=cmd.EnterOrder(account, f"c{seq}", terms, stamp))
        return seq

    def refuse(self, shares: int, route: str = "DART") -> int:
        terms = OrderTerms(1, Side.BUY, OrderType.MARKET, TimeInForce.DAY, shares, route=route)
        event = ev.OrderRejected(7, "c", terms, RejectReason.ROUTE_UNKNOWN, "no", 0)
        return self.say(event, command=cmd.EnterOrder(7, "c", terms, self.stamp("", Side.BUY)))

    def route(self, order: int, *children: str, strategy: Strategy = Strategy.SWEEP) -> int:
        seq = self.next_seq
        command = cmd.RouteOrder(order, self.stamp("", self.terms[order][0].side))
        return self.say(ev.OrderRouted(order, seq << 8, self.plan(strategy, *children)), command=command)

    def fill(
        self,
        order: int,
        token: int,
        shares: int,
        price: str,
        fee: str = "0",
        *,
        added: bool = False,
        venue: int = 0,
    ) -> None:
        terms, account, leaves = self.terms[order]
        leaves -= shares
        self.terms[order] = (terms, account, leaves)
        signed = shares if terms.side is Side.BUY else -shares
        liquidity = Liquidity.ADDED if added else Liquidity.REMOVED
        self.say(
            ev.OrderFilled(
                order,
                account,
                terms.instrument_id,
                token,
                venue,
                1,
                signed,
                parse_price(price),
                leaves,
                liquidity,
                parse_money("1.00"),
                parse_money("0.02"),
                parse_money(fee),
                0,
                0,
                (),
            )
        )

    def end_child(self, order: int, token: int, shares: int, *, refused: bool = False) -> None:
        self.say(ev.ChildEnded(token, order, shares, "gone", refused))

    def cancel(self, order: int) -> None:
        self.say(ev.OrderCanceled(order, self.terms[order][1], self.terms[order][2], "by hand"))

    def plan(self, strategy: Strategy, *children: str) -> Plan:
        rows = []
        for child in children:
            letter, rest = child.split()
            shares, price = rest.split("@")
            rows.append(ChildTerms("ABC".index(letter), parse_price(price), int(shares), TimeInForce.IOC))
        return Plan(strategy, tuple(rows), (), 0, 0, 1)

    def stamp(self, levels: str, side: Side) -> QuoteStamp:
        rows = b"".join(
            _LEVEL.pack(
                "ABC".index(part.split()[0]) * 2 + 1 - side,
                parse_price(part.split()[1].split("x")[0]),
                int(part.split("x")[1]),
            )
            for part in filter(None, (one.strip() for one in levels.split("·")))
        )
        time_ns = START_NS + self.ms * MILLISECOND
        return QuoteStamp(time_ns, self.bid, self.bid_shares, self.ask, self.ask_shares, 0, rows)

    def orders(self) -> dict[int, OrderFacts]:
        reader = OrderReader()
        found = [order for frame in self.frames for order in reader.take(frame)] + reader.finish()
        assert len({order.order_id for order in found}) == len(found)
        return {order.order_id: order for order in found}
