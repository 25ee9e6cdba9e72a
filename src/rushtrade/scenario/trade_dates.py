"""Which trade date a house runs, and the instruments of that day: what a world, a flow and the house's own past say of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import msgspec

from rushtrade.core.sequencer import Core
from rushtrade.domain import commands as cmd
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import day_from_number, parse_date
from rushtrade.domain.instruments import EquityClass, Instrument, InstrumentKind
from rushtrade.rules.calendar import new_york_calendar
from rushtrade.rules.world import World
from rushtrade.scenario.founding import execute


class Listed(Protocol):
    """A market's stocks; `simulated`: their prices are made up from the world's."""

    @property
    def symbols(self) -> Sequence[str]:
        """The stocks, by locate from 1."""

    @property
    def simulated(self) -> bool:
        """Whether the order flow is generated."""


def parse_trade_date(text: str) -> dt.date:
    """Read a date on which the exchanges trade; InvalidInput for any other."""
    date = parse_date(text)
    new_york_calendar().require_session(date)
    return date


def default_trade_date(world: World, now_ns: int) -> dt.date:
    """Give the last trading day, or that of a world that is past."""
    calendar = new_york_calendar()
    return calendar.session_on_or_before(world.last_day(calendar.last_trading_day(now_ns)))


def close_left_day(core: Core, date: dt.date) -> None:
    """Close a trade date that was left open, when the exchanges have begun a later one: its orders are at no venue any more."""
    state = core.state
    if state.day_is_open and day_from_number(state.trade_date) < date:
        execute(core, cmd.OpenMarket(is_open=False), "market")
        execute(core, cmd.CloseDay(state.trade_date), "calendar")


def choose_date(core: Core, date: dt.date | None, default_date: dt.date) -> dt.date:
    """Give the trade date to run: the open one, the one asked for, or the first that has not been closed yet."""
    state = core.state
    last = day_from_number(state.trade_date) if state.trade_date else None
    if last is not None and state.day_is_open:
        if date not in {None, last}:
            raise InvalidInput(
                f"trade date {last} is still open in this house; {date} cannot be opened before it closes"
            )
        return last
    if date is not None:
        if last is not None and date <= last:
            raise InvalidInput(f"trade date {date} is not after the last one of this house, {last}")
        return date
    return default_date if last is None or default_date > last else new_york_calendar().add_sessions(last, 1)


def instruments_of(world: World, flow: Listed) -> list[Instrument]:
    """Give the instruments of a flow: what the world knows of a symbol, else a Nasdaq stock of no further renown.

    A recorded flow has prices of its own day, so no close before is known for it.
    """
    known = {row.symbol: row for row in world.symbols}
    instruments = []
    for place, symbol in enumerate(flow.symbols, start=1):
        if symbol in known:
            instrument = known[symbol].instrument(place)
            if not flow.simulated:
                instrument = msgspec.structs.replace(instrument, previous_close=0)
        else:
            instrument = _unknown_stock(place, symbol, world.venues[0].code)
        instruments.append(instrument)
    return instruments


def _unknown_stock(instrument_id: int, symbol: str, primary_venue: str) -> Instrument:
    return Instrument(
        instrument_id=instrument_id,
        symbol=symbol,
        name=symbol,
        equity_class=EquityClass.NASDAQ,
        kind=InstrumentKind.COMMON,
        round_lot=100,
        tradable=True,
        halted=False,
        marginable=True,
        easy_to_borrow=True,
        primary_venue=primary_venue,
        previous_close=0,
    )
