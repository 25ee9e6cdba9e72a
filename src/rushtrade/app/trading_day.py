"""A trade date in one process: a market of a world, the house that trades on it, from open to close.

Composition. The market is in this process, or a street of exchanges in others (`StreetDay`). A day begins on a journal that may hold earlier days, or the morning of this one: a house that was stopped in the middle of a day goes
on with it, at venues that begin their day anew and are played forward to where the journal ends.
"""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

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
from rushtrade.domain.instants import SECOND, day_number, format_instant
from rushtrade.domain.instruments import Instrument
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
from rushtrade.rules.new_york import midnight_ns
from rushtrade.rules.sessions import regular_hours
from rushtrade.rules.world import World
from rushtrade.scenario.founding import define_instruments, execute, found_firm
from rushtrade.scenario.trade_dates import instruments_of, parse_trade_date
from rushtrade.sessions.street import Street, StreetFlow
from rushtrade.wire.exchange_table import ExchangeTable

OPEN_SECONDS_MAX = 15.0
"""Longest time a day waits at its opening for exchanges in other processes: logins, and the books of the morning."""
CLOSE_SECONDS_MAX = 5.0
"""Longest time it waits at its close for their last words."""

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

    async def reach(self) -> None:
        """Get hold of what the market needs before it opens."""

    async def part(self) -> None:
        """Let go of it. Safe to repeat."""

    def due_ns(self, paced_ns: int) -> int:
        """Say how far market time should be now, where a clock on the wall has it at `paced_ns`."""
        return paced_ns

    @property
    def flow(self) -> Flow | StreetFlow:
        """What drives the market."""
        return self.market.flow

    @property
    def is_over(self) -> bool:
        """True when the order flow has ended and nothing more can trade."""
        return self.market.finished

    def open(self) -> None:
        """Open the trade date and the market, or take up an open one where the journal left it."""
        load_venue_kernels()
        state = self.core.state
        resumed = state.day_is_open
        self._begin()
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

    def _begin(self) -> None:
        """Make ready, and open the trade date unless it is open."""
        load_data_kernels()
        load_router_kernels(self.core.state.desk)
        if not self.core.state.day_is_open:
            execute(self.core, cmd.OpenDay(day_number(self.trade_date)), "calendar")

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
        venues = [line.venue for line in day.house.data.line_states()]
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

    def listen(self, day: TradingDay, *, resumed: bool) -> None:
        """Write what exchanges in other processes say: their books come as images where the house was not there from the first message on."""
        self.begin(day, day.clock.now_ns, resumed=resumed)
        if resumed:
            day.house.record(self._followers[-1])

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


class StreetDay(TradingDay):
    """One trade date of one house at exchanges in other processes."""

    def __init__(
        self, core: Core, clock: MarketClock, house: House, street: Street, trade_date: dt.date
    ) -> None:
        self.core, self.clock, self.house, self.trade_date = core, clock, house, trade_date
        self.street = street
        self.recording = None
        self._flow = StreetFlow(street, house.data)

    @property
    def flow(self) -> StreetFlow:
        """What drives the market, as far as a member is told."""
        return self._flow

    @property
    def is_over(self) -> bool:
        """True when the exchanges have ended their day."""
        return self.street.finished

    async def reach(self) -> None:
        """Listen to the feeds. Raises OSError or InvalidInput with what is wrong."""
        await self.street.open()

    async def part(self) -> None:
        """Log out everywhere. Safe to repeat."""
        await self.street.close()

    def due_ns(self, paced_ns: int) -> int:  # noqa: ARG002
        """Say how far the exchanges' time is."""
        return self.street.time(self.clock.now_ns)

    def open(self) -> None:
        """Open the trade date, log in everywhere and hear the books; open the market at those who answer.

        Raises InvalidInput when nobody does.
        """
        resumed = self.core.state.day_is_open
        self._begin()
        if self.recording is not None:
            self.recording.listen(self, resumed=resumed)
        self.house.resume()
        street = self.street
        street.wait(lambda: street.is_up or street.is_silent, OPEN_SECONDS_MAX, self._step)
        faults = street.faults()
        if len(faults) == len(street.table.venues):
            raise InvalidInput(
                f"none of {len(faults)} exchanges answers: {faults[0]}; `rushtrade exchange up` opens them"
            )
        if not self.core.state.risk.market_open:
            self.house.submit(cmd.OpenMarket(is_open=True), "market")
        self.house.settle()

    def close(self) -> None:
        """End the day: no more is routed, venues are asked for what still rests, day orders expire, due trades settle.

        What a venue that cannot be heard still does is not known; its orders end in the house's books all the same.
        """
        self.house.submit(cmd.OpenMarket(is_open=False), "market")
        self.house.settle()
        self.house.withdraw()
        children = self.core.state.blotter.children
        self.street.wait(lambda: not children, CLOSE_SECONDS_MAX, self._step)
        self.house.look()
        if self.recording is not None:
            self.recording.seal()
        self.house.submit(cmd.CloseDay(day_number(self.trade_date)), "calendar")
        self.house.settle()
        self.house.leave()

    def advance(self, until_ns: int) -> None:
        """Let the exchanges' time pass, however far it is: they do not wait for this house."""
        self.house.advance(max(until_ns, self.due_ns(0)))

    def _step(self) -> None:
        self.advance(self.clock.now_ns)


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
    flow = Flow(source, midnight_ns(trade_date))
    instruments = instruments_of(world, flow)
    ids, data = _prepare(core, clock, world, instruments, trade_date, data)
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


def prepare_street_day(
    core: Core,
    clock: MarketClock,
    world: World,
    table: ExchangeTable,
    user: str,
    data: MarketData | None = None,
) -> StreetDay:
    """Put the house together with exchanges in other processes, on their trade date. It logs in as `user`."""
    trade_date = parse_trade_date(table.trade_date)
    instruments = instruments_of(world, table)
    ids, data = _prepare(core, clock, world, instruments, trade_date, data)
    state = core.state
    wanted = [(name, seq + 1) for name, seq in zip(state.venue_sessions, state.report_seqs, strict=True)]
    street = Street(table, [venue.code for venue in world.venues], user, data, wanted)
    locates = {ids[symbol]: place for place, symbol in enumerate(table.symbols, start=1)}
    return StreetDay(core, clock, House(core, clock, data, street, world, locates), street, trade_date)


def _prepare(
    core: Core,
    clock: MarketClock,
    world: World,
    instruments: list[Instrument],
    trade_date: dt.date,
    data: MarketData | None,
) -> tuple[dict[str, int], MarketData]:
    """Make the house know firm, routes and instruments of a trade date; give instrument ids, and the data center."""
    midnight = midnight_ns(trade_date)
    clock.move(midnight)
    if not core.state.firm_name:
        found_firm(core, world, trade_date, instruments)
    elif core.state.world != world.name:
        raise InvalidInput(
            f"this house lives in world {core.state.world!r}; start it with that world, or another with --data elsewhere"
        )
    routes = world.routes_on(trade_date, core.state.monthly_shares(trade_date))
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
    return ids, data
