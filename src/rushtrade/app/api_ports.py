"""What the API is handed of a running house: the live views, and the one way in."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence

import msgspec

from rushtrade.api import ports
from rushtrade.app.market_ports import SessionClock
from rushtrade.app.order_story import trace_order
from rushtrade.app.runtime import AS_FAST_AS_POSSIBLE, Runtime
from rushtrade.core.sequencer import Ticket
from rushtrade.core.state import HouseState
from rushtrade.dart.trace_text import lines, steps
from rushtrade.domain.commands import AnyCommand
from rushtrade.domain.errors import HouseBusy
from rushtrade.domain.orders import Side
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.domain.routes import Route
from rushtrade.portfolio.account_view import AccountView, view_account
from rushtrade.rules.sessions import session_on
from rushtrade.store.store import Store


class SubmitPort:
    """Commands in, durable outcomes out."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def __call__(self, command: AnyCommand, actor: str) -> ports.Outcome | ports.Busy:
        """Put a command in and wait until it is durable."""
        runtime = self._runtime
        answered: asyncio.Future[ports.Outcome] = asyncio.get_running_loop().create_future()

        def on_done(ticket: Ticket) -> None:
            if not answered.done():
                answered.set_result(
                    ports.Outcome(ticket.seq, runtime.day.core.state.now_ns, ticket.events or ())
                )

        try:
            runtime.day.house.submit(command, actor, on_done)
        except HouseBusy:
            return ports.BUSY
        runtime.nudge()
        return await answered


class AccountsPort:
    """Accounts valued by the functions the risk checks use."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @property
    def _state(self) -> HouseState:
        return self._runtime.day.core.state

    def account_summary(self, account_id: int) -> ports.AccountSummary:
        """Value an account now."""
        view = self._view(account_id)
        summary = view.summary
        fields = {name: getattr(summary, name) for name in summary.__struct_fields__}
        return ports.AccountSummary(**fields, equity_at_close=view.equity_at_close)

    def positions(self, account_id: int) -> Sequence[ports.PositionView]:
        """List an account's positions, also those closed today."""
        return [
            ports.PositionView(
                instrument_id=line.instrument_id,
                shares=line.shares,
                cost=line.cost,
                price=line.price,
                market_value=line.market_value,
                unrealised=line.unrealised,
                realised=line.realised,
                day_profit=line.day_profit,
                closing_held=line.closing_held,
            )
            for line in self._view(account_id).positions
        ]

    def _view(self, account_id: int) -> AccountView:
        state = self._state
        return view_account(state.accounts[account_id], state.risk)


class PulsePort:
    """Tells what changed in the market."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def subscribe(self, callback: Callable[[Sequence[int]], None]) -> Callable[[], None]:
        """Call `callback` with instrument ids from now on."""
        return self._runtime.on_touched(callback)


class ClockPort(SessionClock):
    """Market time and the calendar."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @property
    def trade_date(self) -> dt.date:
        """The date of the day that runs."""
        return self._runtime.day.trade_date

    def now_ns(self) -> int:
        """Time of the market now."""
        return self._runtime.day.clock.now_ns

    def is_open(self) -> bool:
        """True while venues trade."""
        return self._runtime.is_open


def label_port(runtime: Runtime) -> Callable[[], ports.MarketLabel]:
    """Say which market this is."""

    def label() -> ports.MarketLabel:
        day = runtime.day
        flow = day.flow
        session = session_on(day.trade_date)
        is_open = runtime.is_open
        over = (
            f"the market closed when {flow.source_label} ended"
            if day.is_over and not flow.simulated
            else None
        )
        return ports.MarketLabel(
            source="simulated" if flow.simulated else "recorded",
            label="SIMULATED MARKET" if flow.simulated else flow.source_label,
            file=None if flow.simulated else flow.source_label,
            speed="max" if runtime.speed == AS_FAST_AS_POSSIBLE else f"{runtime.speed:g}",
            state="open" if is_open else "closed",
            session="regular" if is_open else "closed",
            trade_date=day.trade_date,
            opens_ns=session.open_ns,
            closes_ns=session.close_ns,
            progress=None if flow.simulated else flow.progress,
            message=over,
        )

    return label


def stamp_port(runtime: Runtime) -> ports.Stamp:
    """Take stamps of the data center."""

    def stamp(instrument_id: int, side: Side, shares: int, *, near: bool) -> QuoteStamp:
        return runtime.day.house.data.stamp(instrument_id, side, max(shares, 1), near=near)

    return stamp


def explain_port(store: Store, routes: tuple[Route, ...]) -> ports.Explain:
    """Tell the routing story of an order out of the read models."""

    def explain(order_id: int) -> ports.Explanation | None:
        trace = trace_order(store, routes, order_id)
        if trace is None or not trace.decisions:
            return None
        rows = [ports.RouteStep(*msgspec.structs.astuple(step)) for step in steps(trace)]
        return ports.Explanation(trace, lines(trace), rows)

    return explain
