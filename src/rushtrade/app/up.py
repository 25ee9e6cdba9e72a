"""`rushtrade up`: the house on its address, until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvicorn
import uvloop
from rich.text import Text

from rushtrade.api.application import build, server_settings
from rushtrade.api.ports import Ports
from rushtrade.app.api_ports import (
    AccountsPort,
    ClockPort,
    PulsePort,
    SubmitPort,
    explain_port,
    label_port,
    stamp_port,
)
from rushtrade.app.data_directory import data_directory
from rushtrade.app.demo import (
    RUNNING_FILE,
    DemoCredentials,
    RunningHouse,
    demo_credentials,
    open_demo,
    write_private,
)
from rushtrade.app.metrics import house_registry
from rushtrade.app.preview import preview_port
from rushtrade.app.runtime import Runtime, settle_memory
from rushtrade.app.terminal import answer_console, log_to_standard_error, print_json, refuse_plainly
from rushtrade.app.trading_day import TradingDay, choose_date, open_core, parse_trade_date, prepare_day
from rushtrade.core.clocks import MarketClock
from rushtrade.core.replay import take_snapshot
from rushtrade.domain.errors import InvalidInput
from rushtrade.exchange.generator import GeneratedFlow
from rushtrade.exchange.itch_source import FlowSource, ItchFile
from rushtrade.rules.calendar import new_york_calendar
from rushtrade.rules.world import World
from rushtrade.rules.world_file import load_world
from rushtrade.store.store import Store

STORE_FILE = "views.sqlite"
SPEED_MAX = 10_000.0
DATE_BITS = 22
"""A generated day's seed is the house's seed above so many bits of the date's ordinal (the year 9999 needs them)."""
CONNECTIONS_WAITING_MAX = 2_048
"""Connections the kernel keeps for us until they are taken: the server's own measure."""
SWITCH_SECONDS = 0.0002
"""How soon the committing thread gets the interpreter back: Python's own 5 ms would halve what it gains."""


def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535)
    ] = 8000,
    market: Annotated[
        Path | None,
        typer.Option(help="ITCH 5.0 file whose order flow is the market; default: generated flow."),
    ] = None,
    speed: Annotated[str, typer.Option(help="Market time per wall time: a number, or 'max'.")] = "1",
    seed: Annotated[int, typer.Option(help="Seed of the generated flow.")] = 1,
    world: Annotated[str, typer.Option(help="World: a built-in name or a TOML file.")] = "us-2026",
    date: Annotated[str, typer.Option(help="Trade date YYYY-MM-DD; default: the last trading day.")] = "",
    data: Annotated[
        Path | None, typer.Option(help="Where the house lives.", show_default="the user's data directory")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the address and demo login as one JSON object.")
    ] = False,
) -> None:
    """Start the house and serve its page, its APIs and its streams until interrupted."""
    with refuse_plainly(json=json), contextlib.suppress(KeyboardInterrupt):
        log_to_standard_error()
        pace, flow, home = _speed(speed), None if market is None else ItchFile(market), load_world(world)
        wanted = parse_trade_date(date) if date else None
        listening = _listen(host, port)  # before anything is written, as all that can be refused
        uvloop.run(_serve(listening, flow, pace, seed, home, wanted, data_directory(data), json=json))


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


def _listen(host: str, port: int) -> socket.socket:
    """Take the address before anything is opened: a taken one costs nothing, and early clients wait instead of being refused."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(CONNECTIONS_WAITING_MAX)
    except OSError as error:
        listening.close()
        raise InvalidInput(
            f"cannot listen on {host}:{port}: {error.strerror}; another --port (0 = any free one) would pass"
        ) from None
    return listening


async def _serve(
    listening: socket.socket,
    market: ItchFile | None,
    speed: float,
    seed: int,
    world: World,
    date: dt.date | None,
    directory: Path,
    *,
    json: bool,
) -> None:
    clock = MarketClock(0)
    sys.setswitchinterval(SWITCH_SECONDS)
    core, journal = open_core(directory, clock, pipelined=True)
    try:
        trade_date = choose_date(core, date, new_york_calendar().last_trading_day(time.time_ns()))
        day = prepare_day(core, clock, world, _source(market, world, seed, trade_date), trade_date)
        credentials, login = open_demo(core, directory)
        store = Store(directory / STORE_FILE)
        store.catch_up(journal)
        runtime = Runtime(day, journal, store, speed, _following(world, market, seed))
        ports = Ports(
            store=store,
            submit=SubmitPort(runtime),
            accounts=AccountsPort(runtime),
            market=day.house.data,
            pulse=PulsePort(runtime),
            clock=ClockPort(runtime),
            label=label_port(runtime),
            stamp=stamp_port(runtime),
            preview=preview_port(runtime),
            explain=explain_port(store, core.state.desk.routes),
            credentials=credentials,
        )
        runtime.open()
        settle_memory()
        address = listening.getsockname()
        symbols = list(day.flow.symbols)
        running = RunningHouse(address[0], address[1], os.getpid(), symbols)
        write_private(directory / RUNNING_FILE, msgspec.json.encode(running))
        server = _Server(
            uvicorn.Config(build(ports, house_registry(runtime)), log_level="warning", **server_settings())
        )
        _announce(demo_credentials(login, address[0], address[1], symbols), day, directory, json=json)
        await _run(server, listening, runtime)
        core.close()
        store.close()
        take_snapshot(journal, core.state, core.next_seq)
    finally:
        (directory / RUNNING_FILE).unlink(missing_ok=True)
        journal.close()


class _Server(uvicorn.Server):
    """A server that leaves signals to the house, which has more to close than sockets."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ask the server to end on the first signal, and let the process end by itself."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end)
        yield

    def _end(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


async def _run(server: uvicorn.Server, listening: socket.socket, runtime: Runtime) -> None:
    """Serve and let time pass until one of the two ends."""
    market = asyncio.create_task(runtime.run(), name="market")
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="server")
    done, _ = await asyncio.wait({market, serving}, return_when=asyncio.FIRST_COMPLETED)
    if market in done:
        server.should_exit = True
        await serving
        market.result()
    market.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await market


def _source(market: ItchFile | None, world: World, seed: int, trade_date: dt.date) -> FlowSource:
    """Give a trade date's order flow: generated anew after a restart, it is the same again."""
    if market is not None:
        return market
    return GeneratedFlow(world.symbols, (seed << DATE_BITS) + trade_date.toordinal())


def _following(world: World, market: ItchFile | None, seed: int) -> Callable[[TradingDay], TradingDay | None]:
    def following(day: TradingDay) -> TradingDay | None:
        """Open the session after a generated one; after a recorded file there is none."""
        if market is not None:
            return None
        date = new_york_calendar().add_sessions(day.trade_date, 1)
        source = _source(None, world, seed, date)
        return prepare_day(day.core, day.clock, world, source, date, day.house.data)

    return following


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
    console.print(f"  market     {market}, trade date {day.trade_date}")
    console.print(f"  data       {directory}")
    console.print("  stop with Ctrl-C; everything acknowledged is in the journal")
