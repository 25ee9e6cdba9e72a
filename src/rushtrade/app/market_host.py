"""A data center as a process: lines drained as they speak, the market data served, ticks written, until it is told to end.

Composition and the only clock. Theory of operation: one asyncio task on the one thread that owns the market data. It sleeps until
a line's socket can be read (`Line.descriptors`) or `LOOK_SECONDS` have passed, then lets the center take what there is; a busy line
cannot starve the API, since between two looks the loop runs everything else. Once a second everything is measured. The disk is
written to in a thread of its own (`TickFollower`), so that a slow one holds nothing up.

Stocks a feed announces are made known by ordinary commands of a core of the data center's own: its journal also holds who may log
in and what they may see. The core's time is the machine's; market time is what the feeds say.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from rushtrade.archive.earlier_days import EarlierDays
from rushtrade.archive.todays_trades import TodaysTrades
from rushtrade.core.clocks import MarketClock
from rushtrade.core.sequencer import Core
from rushtrade.core.state import HouseState
from rushtrade.datacenter.center import MEASURE_INTERVAL_NS, Center, Others
from rushtrade.datacenter.fan_out_host import FanOutHost
from rushtrade.datacenter.limits import AlarmLimits
from rushtrade.datacenter.status import CenterStatus, ClientStatus, FanOutStatus, Role
from rushtrade.datacenter.tick_follower import RUN_BYTES, TickFollower
from rushtrade.domain.frames import FrameBody, encode_body
from rushtrade.gateway.line import Line
from rushtrade.market.market_data import MarketData
from rushtrade.market.reference import Listing, ReferenceData, tell_reference, tell_written, venue_terms
from rushtrade.rules.new_york import midnight_ns
from rushtrade.scenario.founding import define_instruments
from rushtrade.store.store import Store

LOOK_SECONDS = 0.02
"""Longest time between two looks at the lines: what a line needs to ask again in time."""
AFTER_END_SECONDS = 0.25
"""How often lines that have all ended are looked at: a venue may begin another session."""

log = structlog.get_logger(__name__)


class MarketHost:
    """One running data center."""

    def __init__(
        self,
        core: Core,
        clock: MarketClock,
        store: Store,
        reference: ReferenceData,
        lines: Sequence[Line],
        trade_date: dt.date,
        *,
        name: str,
        live: bool = False,
        role: Role = "host",
        limits: AlarmLimits | None = None,
        ticks: TickFollower | None = None,
        earlier: EarlierDays | None = None,
        scratch: Path | None = None,
    ) -> None:
        """`scratch` is where trades are kept until the process ends, so that voids of old ones can be mended; None: they are counted."""
        self.core = core
        self.clock = clock
        self.trade_date = trade_date
        self._store = store
        self._reference = reference
        self._ticks = ticks
        self.epoch = secrets.token_hex(RUN_BYTES) if ticks is None else ticks.run
        """Names the numbering of trades, at its gateways and in its tick store, too."""
        self._frame_seq = store.cursor.frame_seq
        known = {row.instrument_id: row.symbol for row in core.state.instruments.values()}
        self.venues = tuple(venue.code for venue in reference.world.venues)
        self.data = MarketData(known, self.venues, terms=venue_terms(reference.world))
        tell_reference(self.data, core.state.instruments.values())
        self.written = reference.written_on(trade_date)
        tell_written(self.data, known, self.written)
        self.data.open_day(midnight_ns(trade_date), reference.calendar.regular_hours(trade_date))
        self._earlier = earlier
        self._trades = None if scratch is None else TodaysTrades(self.data.tape, scratch)
        if earlier is not None:
            earlier.teach(self.data.tape, known)
        self.center = Center(
            name,
            self.data,
            known,
            lines,
            self.learn,
            trade_date=str(trade_date),
            live=live,
            limits=limits,
            role=role,
        )
        if ticks is not None:
            self.center.followers.append(ticks)
        self.clients: Callable[[int], Sequence[ClientStatus]] = lambda _now_ns: ()
        """Who takes the data and how late they are; set by whoever built the application."""
        self.fan_out: FanOutHost | None = None
        self._awake = asyncio.Event()
        self._watched: list[int] = []
        self._measured_ns = 0
        self._sealed = False
        core.subscribe(self._on_frame)

    @property
    def state(self) -> HouseState:
        """What the core knows: accounts, instruments, who may see what."""
        return self.core.state

    def status(self) -> CenterStatus | None:
        """Give the newest look at the data center."""
        return self.center.status

    async def quality(self) -> str | None:
        """Judge today's data by what the tick store holds."""
        return None if self._ticks is None else await asyncio.to_thread(self._ticks.judge)

    @property
    def market_time_ns(self) -> int:
        """Newest source time of the feeds; the session's open before the first message."""
        return self.center.market_time_ns or self._reference.calendar.regular_hours(self.trade_date)[0]

    def learn(self, listings: Sequence[Listing]) -> dict[int, str]:
        """Make stocks known that a feed has announced."""
        self.clock.move(time.time_ns())
        wanted = [self._reference.instrument_of(listing, self.trade_date) for listing in listings]
        ids = {number: symbol for symbol, number in define_instruments(self.core, wanted).items()}
        self.data.add_instruments(ids)
        tell_reference(self.data, [self.state.instruments[number] for number in ids])
        tell_written(self.data, ids, self.written)
        if self._earlier is not None:
            self._earlier.teach(self.data.tape, ids)
        log.info("stocks learned", count=len(ids), first=listings[0].symbol)
        return ids

    def _on_frame(self, body: FrameBody) -> None:
        self._frame_seq += 1
        self._store.apply(body, self._frame_seq)
        if self.fan_out is not None:
            self.fan_out.frame(self._frame_seq, encode_body(body), time.time_ns())

    # ------------------------------------------------------------ running

    async def open(self) -> None:
        """Open every line; one that cannot be opened is an error of whoever named it, and nothing is left open."""
        if self.fan_out is not None:
            await self.fan_out.open()
        opened: list[Line] = []
        try:
            for line in self.center.lines:
                await line.open()
                opened.append(line)
        except BaseException:
            for line in opened:
                await line.close()
            raise
        log.info("lines open", lines=[line.name for line in opened], trade_date=str(self.trade_date))

    async def run(self) -> None:
        """Take what the lines say until cancelled."""
        self.measure()
        while True:
            taken = self.beat()
            if taken:
                await asyncio.sleep(0)  # a busy line takes turns with everything else
                continue
            self._watch_descriptors()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AFTER_END_SECONDS if self._sealed else LOOK_SECONDS):
                    await self._awake.wait()
            self._awake.clear()

    def beat(self) -> int:
        """Look at the lines once; measure when a second has passed. Gives how many messages were taken."""
        now_ns = time.time_ns()
        taken = self.center.look(now_ns)
        if self._trades is not None:
            self._trades.look()
        if not 0 <= now_ns - self._measured_ns < MEASURE_INTERVAL_NS:
            self.measure()
        return taken

    def measure(self) -> CenterStatus:
        """Measure everything now."""
        now_ns = self._measured_ns = time.time_ns()
        if self._trades is not None:
            self._trades.mend()
        if self._ticks is not None:
            self._ticks.flush_soon(now_ns)
        store = self._ticks.status(now_ns) if self._ticks is not None else None
        others = Others(self.clients(now_ns), store, self.fan_out_status(now_ns))
        status = self.center.measure(now_ns, time.monotonic_ns(), others)
        if self._ticks is not None:
            self._ticks.note_lines(status, now_ns)
        if self.fan_out is not None:
            self._beating = asyncio.ensure_future(self.fan_out.beat(status))
        if self.center.ended and not self._sealed:
            self._sealed = True
            log.info("session ended", lines=len(self.center.lines), verdict=status.verdict)
            if self._ticks is not None:
                self._ticks.seal_soon()
        self._store.write()
        return status

    def fan_out_status(self, now_ns: int) -> FanOutStatus | None:
        """How the fan-out to gateways is; None where there is none."""
        return self.fan_out.status(now_ns) if self.fan_out is not None else None

    def _watch_descriptors(self) -> None:
        """Wake up when a line's socket can be read; lines may have opened others since the last time."""
        wanted = sorted({each for line in self.center.lines for each in line.descriptors()})
        if wanted == self._watched:
            return
        loop = asyncio.get_running_loop()
        for descriptor in self._watched:
            loop.remove_reader(descriptor)
        for descriptor in wanted:
            loop.add_reader(descriptor, self._awake.set)
        self._watched = wanted

    async def close(self) -> None:
        """Close the lines, make every tick durable, and give everything free."""
        loop = asyncio.get_running_loop()
        for descriptor in self._watched:
            loop.remove_reader(descriptor)
        self._watched = []
        for line in self.center.lines:
            await line.close()
        if self.fan_out is not None:
            await self.fan_out.close()
        if self._trades is not None:
            self._trades.close()
        if self._ticks is not None:
            await loop.run_in_executor(None, self._ticks.close, time.time_ns())
        self._store.write()
