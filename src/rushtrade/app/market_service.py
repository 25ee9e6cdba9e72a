"""A data center put together: its core and journal, its lines, the application on its address; run until it is told to end."""

from __future__ import annotations

import datetime as dt
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import uvicorn

from rushtrade.api import replays
from rushtrade.api.limits import Limits
from rushtrade.api.ports import Credentials, Permission, Ports, Submit
from rushtrade.app.application import build, server_settings
from rushtrade.app.center_metrics import center_registry
from rushtrade.app.entitlements_port import EntitlementsPort
from rushtrade.app.listening import Server, serve_while, together
from rushtrade.app.market_host import MarketHost
from rushtrade.app.market_ports import (
    DeskAccounts,
    DeskSubmit,
    FeedClock,
    FeedPulse,
    MarketDesk,
    feed_label,
    feed_stamp,
    no_preview,
    no_story,
)
from rushtrade.app.price_lists import DataSales, publish_price_list
from rushtrade.app.runtime import settle_memory
from rushtrade.archive.earlier_days import EarlierDays
from rushtrade.archive.replay import StoredReplay
from rushtrade.core.clocks import MarketClock
from rushtrade.core.sequencer import Core
from rushtrade.datacenter.limits import AlarmLimits
from rushtrade.datacenter.lines_file import LineRow, make_lines
from rushtrade.datacenter.replay_line import replay_lines
from rushtrade.datacenter.status import ClientStatus
from rushtrade.datacenter.tick_follower import TickFollower
from rushtrade.datacenter.tick_follower import load_kernels as load_tick_kernels
from rushtrade.domain.errors import InvalidInput
from rushtrade.gateway.line import Line
from rushtrade.market.market_data import load_kernels
from rushtrade.market.reference import Listing, ReferenceData
from rushtrade.market.reference_file import ReferenceFile
from rushtrade.rules.new_york import day_at, midnight_ns
from rushtrade.rules.world import World
from rushtrade.scenario.founding import define_instruments, found_firm
from rushtrade.serving.archive import TickArchive
from rushtrade.serving.hub import MarketHub
from rushtrade.store.store import Store
from rushtrade.workstation.hub import Hub

DESK_PERMISSIONS: tuple[Permission, ...] = (
    "read",
    "trade",
    "market_data",
    "operate",
    "entitlements",
)
"""What the demo login of a data center may do. It may ask to trade, and is told in words where that is done."""


class CenterPlan(msgspec.Struct, frozen=True):
    """What a data center is made of."""

    name: str
    world: World
    trade_date: dt.date
    lines: Sequence[LineRow]
    symbols: Sequence[str]
    limits: AlarmLimits
    ticks: Path | None
    """Where its tick store is; None: nothing is written."""
    sales: DataSales
    replay: StoredReplay | None = None
    """A stored day that is played instead of lines; then nothing is written."""
    written: ReferenceFile = ReferenceFile()
    """Reference data that people have written down."""
    bounds: Limits = Limits()
    """What one client may ask for."""

    @property
    def live(self) -> bool:
        """True when the trade date is today's: lag against the clock on the wall means something."""
        return self.trade_date == day_at(time.time_ns())


def prepare_host(core: Core, clock: MarketClock, store: Store, plan: CenterPlan) -> MarketHost:
    """Put the data center together on its core, which the store has caught up with; nothing is opened yet but the tick store."""
    midnight = midnight_ns(plan.trade_date)
    reference = ReferenceData(plan.world, plan.written)
    hours = reference.calendar.regular_hours(plan.trade_date)
    lines = _lines(plan, midnight, lambda at: host.data.open_day(at, hours))
    venues = [venue.code for venue in plan.world.venues]
    ticks = earlier = None
    if plan.ticks is not None:
        earlier = EarlierDays(plan.ticks, plan.trade_date)
        ticks = TickFollower(plan.ticks, plan.trade_date, midnight, venues)
        load_tick_kernels()
    load_kernels()
    host = MarketHost(
        core,
        clock,
        store,
        reference,
        lines,
        plan.trade_date,
        name=plan.name,
        live=plan.live,
        limits=plan.limits,
        ticks=ticks,
        earlier=earlier,
        scratch=plan.ticks,
    )
    return host


def _lines(plan: CenterPlan, midnight: int, begin_anew: Callable[[int], None]) -> Sequence[Line]:
    """The lines that were named, or those of a stored day: its venues stand where the world has them, others in what is free."""
    if plan.replay is None:
        return make_lines(plan.lines, plan.world, midnight, live=plan.live)
    places = {name: venue.index for venue in plan.world.venues for name in (venue.code, venue.mic)}
    taken = [places[name] for name in plan.replay.venues if name in places]
    free = iter([venue.index for venue in plan.world.venues if venue.index not in taken])
    for name in plan.replay.venues:
        if name not in places:
            place = next(free, None)
            if place is None:
                raise InvalidInput(
                    f"world {plan.world.name} has no place for venue {name!r} of the stored day"
                )
            places[name] = place
    return replay_lines(plan.replay, places, begin_anew)


def found_center(core: Core, clock: MarketClock, plan: CenterPlan) -> None:
    """Make sure the core knows the world, and the stocks that were named beforehand."""
    clock.move(time.time_ns())
    if not core.state.firm_name:
        day = plan.trade_date if plan.world.covers(plan.trade_date) else plan.world.first
        found_firm(core, plan.world, day, [])
    elif core.state.world != plan.world.name:
        raise InvalidInput(
            f"this data center lives in world {core.state.world!r}; "
            "start it with that world, or another with --data elsewhere"
        )
    publish_price_list(core, plan.sales.price_list)
    reference = ReferenceData(plan.world, plan.written)
    day = plan.trade_date
    named = [Listing(symbol, 100, "Q", "C", "N") for symbol in plan.symbols]
    define_instruments(core, [reference.instrument_of(listing, day) for listing in named])


def host_ports(
    host: MarketHost, store: Store, credentials: Credentials, plan: CenterPlan, journal: Path
) -> tuple[Ports, EntitlementsPort]:
    """Give the application what it asks of a host, and what counts who sees the data."""
    submit = DeskSubmit(host.core, host.clock)
    mics = [venue.mic for venue in plan.world.venues]
    entitlements, files = plan.sales.ports(host.core, mics, submit, time.time_ns, journal)
    ports = desk_ports(host, store, credentials, submit, entitlements, host.epoch)
    codes = [venue.code for venue in plan.world.venues]
    past = None if plan.ticks is None else TickArchive(plan.ticks, codes)
    return msgspec.structs.replace(
        ports, entitlement_desk=files, archive=past, replay=plan.replay, limits=plan.bounds
    ), entitlements


def desk_ports(
    desk: MarketDesk,
    store: Store,
    credentials: Credentials,
    submit: Submit,
    entitlements: EntitlementsPort,
    epoch: str = "",
) -> Ports:
    """Give the application what it asks of a host or a gateway."""
    return Ports(
        store=store,
        submit=submit,
        accounts=DeskAccounts(desk),
        market=desk.data,
        pulse=FeedPulse(desk),
        clock=FeedClock(desk),
        label=feed_label(desk),
        stamp=feed_stamp(desk),
        preview=no_preview,
        explain=no_story,
        credentials=credentials,
        entitlements=entitlements,
        house=f"RushTrade {desk.center.name}",
        epoch=epoch,
        center=desk,
    )


def make_server(ports: Ports, desk: MarketDesk) -> Server:
    """Build the application, and have the desk told who takes its data."""
    application = build(ports, center_registry(desk.status))
    for handler in replays.HANDLERS if ports.replay is not None else ():
        application.register(handler)
    desk.clients = client_watch(application.state.market_hub, application.state.hub)
    return Server(uvicorn.Config(application, log_level="warning", **server_settings()))


def client_watch(streams: MarketHub, workstations: Hub) -> Callable[[int], list[ClientStatus]]:
    """Give what tells who takes the data, and how late they are."""

    def clients(now_ns: int) -> list[ClientStatus]:
        del now_ns
        found = [ClientStatus(*state) for state in streams.readers()]
        return found + [ClientStatus(*state) for state in workstations.readers()]

    return clients


async def serve_host(
    host: MarketHost,
    entitlements: EntitlementsPort,
    server: Server,
    listening: socket.socket,
    opened: Callable[[], None],
) -> None:
    """Serve until the process is told to end; `opened` is called when every line and the fan-out could be opened."""
    await host.open()
    try:
        opened()
        settle_memory()
        await serve_while(server, listening, together(host.run(), entitlements.run()))
    finally:
        await entitlements.close()
        await host.close()
