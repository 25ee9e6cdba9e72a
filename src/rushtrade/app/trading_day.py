"""A trade date in one process: a market of a world, the house that trades on it, from open to close.

Composition. A day begins on a journal that may hold earlier days, or the morning of this one: a house that was stopped in the middle of a day goes
on with it, at venues that begin their day anew and are played forward to where the journal ends.
"""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from rushtrade.app.data_directory import JOURNAL_FILE
from rushtrade.app.house import House
from rushtrade.core.clocks import MarketClock
from rushtrade.core.replay import Progress, restore
from rushtrade.core.sequencer import Core
from rushtrade.dart.planning import load_kernels as load_router_kernels
from rushtrade.datacenter.status import StoreStatus
from rushtrade.datacenter.tick_follower import RUN_BYTES, TickFollower
from rushtrade.datacenter.tick_follower import load_kernels as load_tick_kernels
from rushtrade.domain import commands as cmd
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import SECOND, day_from_number, day_number, format_instant, parse_date
from rushtrade.domain.instruments import EquityClass, Instrument, InstrumentKind
from rushtrade.gateway.line import BookImage
from rushtrade.journal.pipeline import CommitPipeline
from rushtrade.journal.sqlite import SqliteJournal
from rushtrade.market.market_data import MarketData
from rushtrade.market.market_data import load_kernels as load_data_kernels
from rushtrade.market.reference import tell_reference, venue_terms
from rushtrade.marketplace.faults import Fault
from rushtrade.marketplace.flow import Flow
from rushtrade.marketplace.itch_source import FlowSource
from rushtrade.marketplace.market import Market
from rushtrade.marketplace.market import load_kernels as load_venue_kernels
from rushtrade.rules.calendar import new_york_calendar
from rushtrade.rules.new_york import midnight_ns
from rushtrade.rules.sessions import regular_hours
from rushtrade.rules.world import World
from rushtrade.scenario.founding import define_instruments, execute, found_firm

FLUSH_NS = SECOND
"""Between two flushes of the tick store: what a kill may cost of it."""
AHEAD_NS_MAX = 60 * SECOND
"""How far a store may be ahead of its house's journal: quotes that no order used are not in the journal, but it has marks every second."""


class TradingDay:
    """One trade date of one house."""

    def __init__(
        self, core: Core, clock: MarketClock, house: House, market: Market, trade_date: dt.date
    ) -> None:
        self.core = core
        self.clock = clock
        self.house = house
        self.market = market
        self.trade_date = trade_date
        self.recording: Recording | None = None
        """Writes the day to a tick store."""

    @property
    def flow(self) -> Flow:
        """What drives the market."""
        return self.market.flow

    @property
    def is_over(self) -> bool:
        """True when the order flow has ended and nothing more can trade."""
        return self.market.finished

    def open(self) -> None:
        """Open the trade date and the market, or take up an open one where the journal left it."""
        load_venue_kernels()
        load_data_kernels()
        load_router_kernels(self.core.state.desk)
        state = self.core.state
        resumed = state.day_is_open
        if not resumed:
            execute(self.core, cmd.OpenDay(day_number(self.trade_date)), "calendar")
        self.market.open()
        now_ns = max(self.flow.first_ns, self.clock.now_ns)
        if self.recording is not None:
            now_ns = self.recording.begin(self, now_ns, resumed=resumed)
        self.house.begin(self.flow.first_ns, now_ns)
        if self.recording is not None and resumed:
            self.recording.go_on(self)
        self.house.resume()
        if not state.risk.market_open:
            self.house.submit(cmd.OpenMarket(is_open=True), "market")
        self.house.settle()

    def advance(self, until_ns: int) -> None:
        """Let market time pass."""
        self.house.advance(until_ns)

    def close(self) -> None:
        """End the day: venues close, day orders expire, due trades settle.

        The house hears that the market has closed before venues hand orders back, so that none is routed to a closed one.
        """
        self.house.submit(cmd.OpenMarket(is_open=False), "market")
        self.house.settle()
        self.market.close(self.clock.now_ns)
        self.house.arrive_all()
        self.house.look()
        if self.recording is not None:
            self.recording.seal()
        self.house.submit(cmd.CloseDay(day_number(self.trade_date)), "calendar")
        self.house.settle()
        self.house.leave()


class Recording:
    """A house's market written to a tick store, one trade date after the other; `run` names the numbering of its trades.

    A day that is gone on with after a restart is another one in the store from there on: its venues have begun anew, without the house's
    orders, so their books are written down as they are then and what they say follows.
    """

    def __init__(self, store: Path) -> None:
        self.store = store
        self.run = secrets.token_hex(RUN_BYTES)
        self._followers: list[TickFollower] = []
        self._flushed_ns = 0

    def teach(self, day: TradingDay) -> None:
        """Tell the tape what the store knows of earlier days."""
        from rushtrade.archive.earlier_days import EarlierDays  # noqa: PLC0415 - a query engine comes with it

        symbols = {row.instrument_id: row.symbol for row in day.core.state.instruments.values()}
        EarlierDays(self.store, day.trade_date).teach(day.house.data.tape, symbols)

    def begin(self, day: TradingDay, now_ns: int, *, resumed: bool) -> int:
        """Write a day from its first message on; one that was `resumed`, when `go_on` is called.

        Gives the market time to begin at: not before what the store has, for the market was seen living until then.
        """
        load_tick_kernels()
        venues = [venue.code for venue in day.market.world.venues]
        follower = TickFollower(
            self.store,
            day.trade_date,
            midnight_ns(day.trade_date),
            venues,
            run=self.run,
            wall_ns=time.time_ns,
        )
        self._followers.append(follower)
        if not resumed:
            day.house.record(follower)
            return now_ns
        if follower.reached_ns > now_ns + AHEAD_NS_MAX:
            raise InvalidInput(
                f"{self.store} has {day.trade_date} until {format_instant(follower.reached_ns)}, and this house "
                f"has lived until {format_instant(now_ns)}: it is another house's; another --store would pass"
            )
        return max(now_ns, follower.reached_ns)

    def go_on(self, day: TradingDay) -> None:
        """Write the rest of a day: the books as they are, then what the venues say."""
        follower, now_ns = self._followers[-1], day.clock.now_ns
        day.house.record(follower)
        for venue in day.market.venues:
            image = venue.book_image(now_ns)
            follower.image(BookImage(image.venue, image.sequence, image.payload), now_ns)

    def flush(self) -> None:
        """Have what was written made durable, about once a second."""
        now_ns = time.time_ns()
        if not 0 <= now_ns - self._flushed_ns < FLUSH_NS:
            self._flushed_ns = now_ns
            for follower in self._followers:
                follower.flush_soon(now_ns)

    def seal(self) -> None:
        """Seal the day, in a thread of its own; days before that are sealed are let go."""
        for follower in [each for each in self._followers if each.is_sealed]:
            self._followers.remove(follower)
            follower.close(time.time_ns())
        self._followers[-1].seal_soon()

    def status(self, now_ns: int) -> StoreStatus | None:
        """How the newest day's store is."""
        return self._followers[-1].status(now_ns) if self._followers else None

    def judge(self) -> str | None:
        """Judge the newest day: a page of HTML. Takes a second or more."""
        return self._followers[-1].judge() if self._followers else None

    def close(self) -> None:
        """Make everything durable, and wait for days that are being sealed."""
        for follower in self._followers:
            follower.close(time.time_ns())


def open_core(
    directory: Path, clock: MarketClock, *, pipelined: bool = False, progress: Progress | None = None
) -> tuple[Core, SqliteJournal]:
    """Open the journal of a data directory as its one writer, and fold it into a core.

    `pipelined`: under load a frame is committed while the next is decided. Left out where a day must give the same journal twice.
    """
    directory.mkdir(parents=True, exist_ok=True)
    journal = SqliteJournal(directory / JOURNAL_FILE)
    journal.new_epoch()
    state, next_seq = restore(journal, progress)
    clock.move(state.now_ns)
    pipeline = CommitPipeline(journal) if pipelined else None
    return Core(journal, clock, state=state, next_seq=next_seq, pipeline=pipeline), journal


def prepare_day(
    core: Core,
    clock: MarketClock,
    world: World,
    source: FlowSource,
    trade_date: dt.date,
    data: MarketData | None = None,
    faults: Sequence[Fault] = (),
) -> TradingDay:
    """Put a market and the house together for a trade date; `data` is the data center of the days before, if any.

    `faults` are what the venues are to get wrong.
    """
    midnight = midnight_ns(trade_date)
    clock.move(midnight)
    flow = Flow(source, midnight)
    instruments = instruments_of(world, flow)
    if not core.state.firm_name:
        found_firm(core, world, trade_date, instruments)
    elif core.state.world != world.name:
        raise InvalidInput(
            f"this house lives in world {core.state.world!r}; start it with that world, or another with --data elsewhere"
        )
    routes = world.routes_on(trade_date)
    if routes != core.state.desk.routes:
        execute(core, cmd.SetRoutes(routes), "calendar")
    ids = define_instruments(core, instruments)
    if data is None:
        named = {known.instrument_id: known.symbol for known in core.state.instruments.values()}
        data = MarketData(named, [venue.code for venue in world.venues], terms=venue_terms(world))
    tell_reference(data, core.state.instruments.values())
    data.open_day(midnight, regular_hours(trade_date))
    for known in core.state.instruments.values():
        if known.previous_close:
            data.tape.set_previous_close(known.instrument_id, known.previous_close)
    market = Market(
        world,
        flow.symbols,
        flow,
        round_lots=[row.round_lot for row in instruments],
        seed=day_number(trade_date),
        faults=faults,
        day=trade_date,
        closes={row.symbol: row.previous_close for row in instruments if row.previous_close},
    )
    locates = {ids[symbol]: place for place, symbol in enumerate(flow.symbols, start=1)}
    return TradingDay(core, clock, House(core, clock, data, market, world, locates), market, trade_date)


def parse_trade_date(text: str) -> dt.date:
    """Read a date on which the exchanges trade; InvalidInput for any other."""
    date = parse_date(text)
    new_york_calendar().require_session(date)
    return date


def default_trade_date(world: World, now_ns: int) -> dt.date:
    """Give the last trading day, or that of a world that is past."""
    calendar = new_york_calendar()
    return calendar.session_on_or_before(world.last_day(calendar.last_trading_day(now_ns)))


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


def instruments_of(world: World, flow: Flow) -> list[Instrument]:
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
