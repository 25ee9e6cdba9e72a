"""`rushtrade up`: the house on its address, until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import socket
import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvicorn
import uvloop
from rich.text import Text

from rushtrade.api.limits import read_limits
from rushtrade.api.ports import Ports
from rushtrade.api.watchlist_file import Watchlists
from rushtrade.app.api_ports import (
    AccountsPort,
    ClockPort,
    PulsePort,
    SubmitPort,
    explain_port,
    label_port,
    stamp_port,
)
from rushtrade.app.application import build, server_settings
from rushtrade.app.data_directory import JOURNAL_FILE, data_directory
from rushtrade.app.entitlements_port import EntitlementsPort
from rushtrade.app.listening import Server, listen, serve_while
from rushtrade.app.market_service import client_watch
from rushtrade.app.metrics import HouseCenter, house_registry
from rushtrade.app.preview import preview_port
from rushtrade.app.price_lists import DataSales, publish_price_list
from rushtrade.app.runtime import Runtime, settle_memory
from rushtrade.app.trading_day import (
    Recording,
    StreetDay,
    TradingDay,
    open_core,
    prepare_day,
    prepare_street_day,
)
from rushtrade.cli.dart_scorecard import scorecard_port
from rushtrade.cli.demo import (
    RUNNING_FILE,
    DemoCredentials,
    RunningHouse,
    demo_credentials,
    member_name,
    open_demo,
    write_private,
)
from rushtrade.cli.market_source import recorded_market
from rushtrade.cli.terminal import answer_console, log_to_standard_error, print_json, refuse_plainly
from rushtrade.core.clocks import MarketClock
from rushtrade.core.replay import take_snapshot
from rushtrade.core.sequencer import Core
from rushtrade.domain.errors import InvalidInput
from rushtrade.entitlements.price_list import BUILT_IN, load_price_list
from rushtrade.market.market_data import MarketData
from rushtrade.marketplace.generator import GeneratedFlow
from rushtrade.marketplace.itch_source import FlowSource, ItchFile
from rushtrade.rules.calendar import new_york_calendar
from rushtrade.rules.world import World
from rushtrade.rules.world_file import load_world
from rushtrade.scenario.trade_dates import choose_date, close_left_day, default_trade_date, parse_trade_date
from rushtrade.serving.archive import TickArchive
from rushtrade.sessions.table_file import read_table_file
from rushtrade.store.store import Store
from rushtrade.ticks.days import days
from rushtrade.wire.exchange_table import ExchangeTable

STORE_FILE = "views.sqlite"
WATCHLISTS_FILE = "watchlists.json"
BUILT_IN_WORLD = "us-2026"
SPEED_MAX = 10_000.0
DATE_BITS = 22
"""A generated day's seed is the house's seed above so many bits of the date's ordinal (the year 9999 needs them)."""
SWITCH_SECONDS = 0.0002
"""How soon the committing thread gets the interpreter back: Python's own 5 ms would halve what it gains."""


def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535)
    ] = 8000,
    market: Annotated[
        Path | None,
        typer.Option(
            help="ITCH 5.0 file whose order flow is the market, or a stored day: ticks:DIR/2026-11-20 or ticks:DIR/2026-11-20/VENUE; default: generated flow."
        ),
    ] = None,
    exchanges: Annotated[
        Path | None,
        typer.Option(
            help="Trade at exchanges in other processes: the file that `rushtrade exchange up --table` keeps."
        ),
    ] = None,
    speed: Annotated[str, typer.Option(help="Market time per wall time: a number, or 'max'.")] = "1",
    seed: Annotated[int, typer.Option(help="Seed of the generated flow.")] = 1,
    world: Annotated[
        str,
        typer.Option(help="World: a built-in name or a TOML file; default: us-2026, or that of --exchanges."),
    ] = "",
    date: Annotated[
        str, typer.Option(help="Trade date YYYY-MM-DD; default: the world's last trading day.")
    ] = "",
    data: Annotated[
        Path | None, typer.Option(help="Where the house lives.", show_default="the user's data directory")
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            help="Tick store to write the market to, and to read history and lost trades of streams from.",
            show_default="nothing is kept but what is in memory",
        ),
    ] = None,
    price_list: Annotated[
        str, typer.Option(help="Price list of market data: a built-in name or a TOML file.")
    ] = BUILT_IN,
    licensed: Annotated[
        bool,
        typer.Option(help="Ask for exchanges' products as if the venues' data were theirs, not the house's."),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the address and demo login as one JSON object.")
    ] = False,
) -> None:
    """Start the house and serve its page, its APIs and its streams until interrupted."""
    with refuse_plainly(json=json), contextlib.suppress(KeyboardInterrupt):
        log_to_standard_error()
        if exchanges is not None and (market is not None or date or speed != "1"):
            raise InvalidInput(
                "--exchanges brings market, date and speed with it; leave out --market, --date and --speed"
            )
        table = None if exchanges is None else read_table_file(exchanges)
        pace = _speed(speed) if table is None else table.speed
        flow = None if market is None else recorded_market(market)
        home = load_world(world or (BUILT_IN_WORLD if table is None else table.world))
        if table is not None and home.name != table.world:
            raise InvalidInput(
                f"--world {home.name}: the exchanges of {exchanges} are those of {table.world}"
            )
        wanted = parse_trade_date(date) if date else None
        member = member_name(data_directory(data)) if exchanges is not None else ""
        source = DaySource(home, flow, seed, exchanges, member)
        sales = DataSales(load_price_list(price_list), is_own=not licensed)
        recording = None if store is None else Recording(_store_directory(store))
        listening = listen(host, port)  # before anything is written, as all that can be refused
        where = data_directory(data)
        uvloop.run(_serve(listening, source, pace, wanted, where, sales, recording, json=json))


def _store_directory(path: Path) -> Path:
    """Give a directory a tick store may be in: one that holds other things only is none."""
    if path.exists() and not path.is_dir():
        raise InvalidInput(f"--store {path} is a file; a directory, there or not yet, would pass")
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()) and not days(path):
        raise InvalidInput(
            f"--store {path} holds other things than days of a tick store; an empty directory would pass"
        )
    return path


def _speed(text: str) -> float:
    if text == "max":
        return 0.0
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.0 < speed <= SPEED_MAX:
        raise InvalidInput(f"speed {text!r} is not a number above 0 and at most {SPEED_MAX:g}, or 'max'")
    return speed


async def _serve(
    listening: socket.socket,
    source: DaySource,
    speed: float,
    date: dt.date | None,
    directory: Path,
    sales: DataSales,
    recording: Recording | None,
    *,
    json: bool,
) -> None:
    clock = MarketClock(0)
    sys.setswitchinterval(SWITCH_SECONDS)
    core, journal = open_core(directory, clock, pipelined=True)
    try:
        world = source.world
        day = source.first(core, clock, date)
        day.recording = recording
        past = None
        if recording is not None:
            recording.teach(day)
            past = TickArchive(recording.store, [venue.code for venue in world.venues])
        credentials, login = open_demo(core, directory)
        publish_price_list(core, sales.price_list)
        store = Store(directory / STORE_FILE)
        store.catch_up(journal)
        runtime = Runtime(day, journal, store, speed, source.following)
        submit = SubmitPort(runtime)
        mics = [venue.mic for venue in world.venues]
        entitlements, files = sales.ports(core, mics, submit, lambda: clock.now_ns, directory / JOURNAL_FILE)
        center = HouseCenter(runtime)
        ports = Ports(
            store=store,
            submit=submit,
            accounts=AccountsPort(runtime),
            market=day.house.data,
            pulse=PulsePort(runtime),
            clock=ClockPort(runtime),
            label=label_port(runtime),
            stamp=stamp_port(runtime),
            preview=preview_port(runtime),
            explain=explain_port(store, core.state.desk.routes),
            credentials=credentials,
            entitlements=entitlements,
            entitlement_desk=files,
            center=center,
            archive=past,
            epoch="" if recording is None else recording.run,
            watchlists=Watchlists(directory / WATCHLISTS_FILE),
            limits=read_limits(directory, [*mics, *(venue.code for venue in world.venues)]),
            scorecard=scorecard_port(directory),
        )
        await day.reach()
        runtime.open()
        settle_memory()
        address = listening.getsockname()
        symbols = list(day.flow.symbols)
        running = RunningHouse(address[0], address[1], os.getpid(), symbols)
        write_private(directory / RUNNING_FILE, msgspec.json.encode(running))
        application = build(ports, house_registry(runtime))
        center.clients = client_watch(application.state.market_hub, application.state.hub)
        server = Server(uvicorn.Config(application, log_level="warning", **server_settings()))
        _announce(demo_credentials(login, address[0], address[1], symbols), day, directory, json=json)
        await serve_while(server, listening, _run(runtime, entitlements))
        await runtime.day.part()
        core.close()
        store.close()
        take_snapshot(journal, core.state, core.next_seq)
    finally:
        (directory / RUNNING_FILE).unlink(missing_ok=True)
        journal.close()
        if recording is not None:
            recording.close()


async def _run(runtime: Runtime, entitlements: EntitlementsPort) -> None:
    """Let market time pass, and market data be counted, until cancelled; take the last count to the journal."""
    tasks = [asyncio.create_task(runtime.run()), asyncio.create_task(entitlements.run())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await entitlements.close()


class DaySource(msgspec.Struct, frozen=True):
    """Where a house's days come from: a generated flow, a recorded one, or exchanges in other processes."""

    world: World
    market: ItchFile | None
    seed: int
    exchanges: Path | None
    """Where the table of exchanges is kept."""
    member: str
    """The name to log in there with."""

    def first(self, core: Core, clock: MarketClock, date: dt.date | None) -> TradingDay:
        """Give the day to begin with, or to go on with."""
        if self.exchanges is not None:
            return self._at_exchanges(core, clock, read_table_file(self.exchanges))
        trade_date = choose_date(core, date, default_trade_date(self.world, time.time_ns()))
        return prepare_day(core, clock, self.world, self._source(trade_date), trade_date)

    def following(self, day: TradingDay) -> TradingDay | None:
        """Give the session after a generated one, or that of exchanges which have begun another; None when there is none."""
        following = self._after(day)
        if following is not None:
            following.recording = day.recording
        return following

    def _after(self, day: TradingDay) -> TradingDay | None:
        if self.exchanges is not None:
            table = self._later_table(day.trade_date)
            return None if table is None else self._at_exchanges(day.core, day.clock, table, day.house.data)
        date = new_york_calendar().add_sessions(day.trade_date, 1)
        if self.market is not None or not self.world.covers(date):
            return None
        next_day = prepare_day(day.core, day.clock, self.world, self._source(date), date, day.house.data)
        next_day.market.restrict_short_sales(day.market.restricted_tomorrow)
        return next_day

    def _source(self, trade_date: dt.date) -> FlowSource:
        """Give a trade date's order flow: generated anew after a restart, it is the same again."""
        if self.market is not None:
            return self.market
        return GeneratedFlow(self.world.symbols, (self.seed << DATE_BITS) + trade_date.toordinal())

    def _later_table(self, date: dt.date) -> ExchangeTable | None:
        try:
            table = read_table_file(self.exchanges) if self.exchanges is not None else None
        except InvalidInput:
            return None  # the exchanges are away; they may come back
        return table if table is not None and parse_trade_date(table.trade_date) > date else None

    def _at_exchanges(
        self, core: Core, clock: MarketClock, table: ExchangeTable, data: MarketData | None = None
    ) -> TradingDay:
        date = parse_trade_date(table.trade_date)
        close_left_day(core, date)
        choose_date(core, date, date)
        return prepare_street_day(core, clock, self.world, table, self.member, data)


def _announce(found: DemoCredentials, day: TradingDay, directory: Path, *, json: bool) -> None:
    if json:
        print_json(found)
        return
    console = answer_console(soft_wrap=True)
    flow = day.flow
    console.print(Text.assemble(("RushTrade", "bold"), " is up on ", (found.web_url, "bold")))
    console.print(f"  login      {found.web_user} / {found.web_password}")
    console.print(f"  API key    {found.api_key} / {found.api_secret}")
    market = "SIMULATED, generated order flow" if flow.simulated else flow.source_label
    where = (
        f", at {len(day.street.table.venues)} exchanges by their ports" if isinstance(day, StreetDay) else ""
    )
    console.print(f"  market     {market}, trade date {day.trade_date}{where}")
    for fault in day.street.faults() if isinstance(day, StreetDay) else ():
        console.print(f"  not heard  {fault}")
    console.print(f"  data       {directory}")
    if day.recording is not None:
        console.print(f"  ticks      {day.recording.store}")
    console.print("  stop with Ctrl-C; everything acknowledged is in the journal")
