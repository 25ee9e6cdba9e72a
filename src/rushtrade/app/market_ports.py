"""What the API is handed of a data center: the market as it is, accounts to log in with, and a plain no to every order.

The same application as the house's stands over these ports, so that pages, clients and tools need not know which of the two they
talk to. Commands about people and their entitlements are decided and made durable by a core of this data center's own.
"""

from __future__ import annotations

import datetime as dt
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

from rushtrade.api import ports
from rushtrade.core.clocks import MarketClock
from rushtrade.core.sequencer import Core
from rushtrade.core.state import HouseState
from rushtrade.datacenter.center import Center
from rushtrade.datacenter.status import CenterStatus, ClientStatus
from rushtrade.domain import events as ev
from rushtrade.domain.commands import (
    AnyCommand,
    CancelAllOrders,
    CancelOrder,
    EnterOrder,
    ForgetRoutes,
    ReplaceOrder,
    SwitchRoute,
)
from rushtrade.domain.errors import HouseBusy
from rushtrade.domain.instants import MINUTE
from rushtrade.domain.orders import OrderTerms, Side
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.domain.rejects import RejectReason
from rushtrade.market.market_data import MarketData
from rushtrade.portfolio.account_view import AccountView, view_account
from rushtrade.rules.calendar import new_york_calendar
from rushtrade.rules.sessions import Session, session_on
from rushtrade.rules.settlement import settlement_of

NO_ORDERS = (
    "this is a data center: it shows the market and takes no orders; a house (rushtrade up) takes them"
)
_OF_ORDERS = (EnterOrder, ReplaceOrder, CancelOrder, CancelAllOrders, SwitchRoute, ForgetRoutes)


def is_of_orders(command: AnyCommand) -> bool:
    """Tell whether a command is for a house that trades."""
    return isinstance(command, _OF_ORDERS)


def refuse_order(seq: int, time_ns: int) -> ports.Outcome:
    """Say no in words; nothing was decided."""
    return ports.Outcome(seq, time_ns, [ev.CommandRefused(RejectReason.MARKET_CLOSED, NO_ORDERS, 0, 0)])


class MarketDesk(Protocol):
    """What the ports read: a host's data center, or a gateway's copy of one."""

    data: MarketData
    center: Center
    trade_date: dt.date
    clients: Callable[[int], Sequence[ClientStatus]]

    def status(self) -> CenterStatus | None:
        """Give the newest look at it."""

    async def quality(self) -> str | None:
        """Judge today's data; None where no ticks are written."""

    @property
    def state(self) -> HouseState:
        """Accounts, instruments, who may see what."""

    @property
    def market_time_ns(self) -> int:
        """Newest source time; the session's open before the first message."""


class DeskSubmit:
    """Commands in, durable outcomes out; what concerns orders is refused in words."""

    def __init__(self, core: Core, clock: MarketClock) -> None:
        self._core, self._clock = core, clock

    async def __call__(self, command: AnyCommand, actor: str) -> ports.Outcome | ports.Busy:
        """Decide a command now."""
        core = self._core
        if is_of_orders(command):
            return refuse_order(core.next_seq, self._clock.now_ns)
        self._clock.move(time.time_ns())
        try:
            ticket = core.submit(command, actor)
        except HouseBusy:
            return ports.BUSY
        core.drain()
        return ports.Outcome(ticket.seq, core.state.now_ns, ticket.events or ())


class DeskAccounts:
    """Accounts of a data center: they hold what they were opened with."""

    def __init__(self, desk: MarketDesk) -> None:
        self._desk = desk

    def account_summary(self, account_id: int) -> ports.AccountSummary:
        """Value an account."""
        view = self._view(account_id)
        fields = {name: getattr(view.summary, name) for name in view.summary.__struct_fields__}
        return ports.AccountSummary(**fields, equity_at_close=view.equity_at_close)

    def positions(self, account_id: int) -> Sequence[ports.PositionView]:
        """There are none: nothing is traded here."""
        del account_id
        return []

    def _view(self, account_id: int) -> AccountView:
        state = self._desk.state
        return view_account(state.accounts[account_id], state.risk)


class FeedPulse:
    """Tells what changed in the market."""

    def __init__(self, desk: MarketDesk) -> None:
        self._desk = desk

    def subscribe(self, callback: Callable[[Sequence[int]], None]) -> Callable[[], None]:
        """Call `callback` with instrument ids from now on."""
        return self._desk.center.on_touched(callback)


class SessionClock(ABC):
    """What a clock knows of sessions by the trade date of its market."""

    @property
    @abstractmethod
    def trade_date(self) -> dt.date:
        """The date trades are booked under now."""

    @abstractmethod
    def is_open(self) -> bool:
        """True while the market lives."""

    def next_open_ns(self) -> int:
        """When the market opens next."""
        return self._following().open_ns

    def next_close_ns(self) -> int:
        """When the market closes next."""
        session = session_on(self.trade_date) if self.is_open() else self._following()
        return session.close_ns

    def sessions(self, first: dt.date, last: dt.date) -> Sequence[ports.SessionDay]:
        """Sessions from `first` to `last`."""
        return [
            ports.SessionDay(
                date=day,
                opens_ns=session.open_ns,
                closes_ns=session.close_ns,
                pre_opens_ns=session.pre_open_ns,
                post_closes_ns=session.post_close_ns,
                settlement_date=settlement_of(day).settlement_date,
            )
            for day in new_york_calendar().sessions(first, last)
            for session in (session_on(day),)
        ]

    def _following(self) -> Session:
        return session_on(new_york_calendar().add_sessions(self.trade_date, 1))


class FeedClock(SessionClock):
    """Market time as the feeds tell it, and the calendar."""

    def __init__(self, desk: MarketDesk) -> None:
        self._desk = desk

    @property
    def trade_date(self) -> dt.date:
        """The date of the feeds."""
        return self._desk.trade_date

    def now_ns(self) -> int:
        """Newest source time; the session's open before the first message.

        When every line has ended its session nothing can come any more, so the minute that was begun is over: its bar is whole.
        """
        now_ns = self._desk.market_time_ns
        return now_ns if self.is_open() else now_ns + -now_ns % MINUTE

    def is_open(self) -> bool:
        """True while a venue may still say something."""
        return not self._desk.center.ended


def feed_label(desk: MarketDesk) -> Callable[[], ports.MarketLabel]:
    """Say which market this is."""

    def label() -> ports.MarketLabel:
        session = session_on(desk.trade_date)
        ended = desk.center.ended
        return ports.MarketLabel(
            source="recorded",
            label=f"DATA CENTER {desk.center.name}",
            file=None,
            speed="1",
            state="closed" if ended else "open",
            session="closed" if ended else "regular",
            trade_date=desk.trade_date,
            opens_ns=session.open_ns,
            closes_ns=session.close_ns,
            progress=None,
            message="every line has ended its session" if ended else None,
            takes_orders=False,
        )

    return label


def no_preview(account_id: int, terms: OrderTerms, stamp: QuoteStamp) -> ports.Preview:
    """Say what an order would do here: nothing."""
    del account_id, stamp
    return ports.Preview(
        reference_price=terms.limit_price,
        notional=0,
        commission=0,
        fees=(),
        total=0,
        buying_power_before=0,
        buying_power_after=0,
        position_after=0,
        legs=(),
        warnings=(),
        reject=(int(RejectReason.MARKET_CLOSED), NO_ORDERS),
    )


def feed_stamp(desk: MarketDesk) -> ports.Stamp:
    """Take stamps of the data center."""

    def stamp(instrument_id: int, side: Side, shares: int, *, near: bool) -> QuoteStamp:
        return desk.data.stamp(instrument_id, side, max(shares, 1), near=near)

    return stamp


def no_story(order_id: int) -> ports.Explanation | None:
    """Tell the story of an order: there are none."""
    del order_id
    return None
