"""`rushtrade market`: run a data center, and read a running one."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import socket
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.text import Text

from rushtrade.app.data_directory import JOURNAL_FILE, data_directory
from rushtrade.cli.market_read import COMMANDS
from rushtrade.cli.market_reference import app as reference
from rushtrade.cli.market_reference import written_in
from rushtrade.cli.market_replay import replay
from rushtrade.cli.terminal import answer_console, log_to_standard_error, print_json, refuse_plainly
from rushtrade.domain.errors import InvalidInput

if TYPE_CHECKING:
    from rushtrade.app.market_service import CenterPlan
    from rushtrade.app.price_lists import DataSales
    from rushtrade.cli.demo import DemoCredentials

app = typer.Typer(
    name="market",
    help="A data center: exchange packets in; books, quotes, ticks, alarms and streams out. And what a running one says.",
    no_args_is_help=True,
)

STORE_FILE = "views.sqlite"
TICKS_DIRECTORY = "ticks"
DIRECTORY_OF_CENTER = "market"
"""Below the user's data directory, beside the house's own files: the two have a journal each."""
SYMBOLS_MAX = 12_000
"""What a page's directory takes."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DataOption = Annotated[
    Path | None,
    typer.Option(help="Where the data center lives.", show_default="'market' in the user's data directory"),
]
LogOption = Annotated[bool, typer.Option("--log-json", help="Write the log as JSON lines.")]
HostOption = Annotated[str, typer.Option(help="Address to listen on.")]
PortOption = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535)]


@app.callback()
def market() -> None:
    """A data center."""


def center_directory(given: Path | None) -> Path:
    """Give the data directory of a data center."""
    return data_directory(None) / DIRECTORY_OF_CENTER if given is None else given


@app.command()
def up(
    line: Annotated[
        list[str] | None,
        typer.Option(
            help="A line: mold://HOST:PORT, soup://HOST:PORT or file:PATH, with ?venue=CODE and options. Repeatable."
        ),
    ] = None,
    lines: Annotated[Path | None, typer.Option(help="Lines and limits of alarms, as a TOML file.")] = None,
    world: Annotated[str, typer.Option(help="World: a built-in name or a TOML file.")] = "us-2026",
    date: Annotated[str, typer.Option(help="Trade date YYYY-MM-DD; default: the last trading day.")] = "",
    symbols: Annotated[
        str,
        typer.Option(help="Stocks to know beforehand, with commas; the feed's directory names the others."),
    ] = "",
    data: DataOption = None,
    ticks: Annotated[
        Path | None,
        typer.Option(help="Where the tick store is.", show_default="'ticks' in the data directory"),
    ] = None,
    record: Annotated[bool, typer.Option(help="Write the tick store.")] = True,
    name: Annotated[str, typer.Option(help="How the data center is called, also by its gateways.")] = "",
    nats: Annotated[str, typer.Option(help="NATS server to fan out to gateways: nats://HOST:PORT.")] = "",
    price_list: Annotated[
        str, typer.Option(help="Price list of market data: a built-in name or a TOML file.")
    ] = "",
    licensed: Annotated[
        bool, typer.Option(help="Ask for exchanges' products: the lines carry data of theirs.")
    ] = False,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8100,
    log_json: LogOption = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the address and demo login as one JSON object.")
    ] = False,
) -> None:
    """Run a data center on its lines until interrupted: books, page, APIs, streams, tick store, alarms."""
    from rushtrade.app.listening import listen  # noqa: PLC0415 - numba and the API are loaded only when needed

    with refuse_plainly(json=json), contextlib.suppress(KeyboardInterrupt):
        log_to_standard_error(json=log_json)
        directory = center_directory(data)
        store = (ticks or directory / TICKS_DIRECTORY) if record else None
        sold = sales_of(price_list, licensed=licensed)
        plan = _plan(line or [], lines, world, date, symbols, name, store, sold)
        plan = msgspec.structs.replace(plan, written=written_in(directory))
        listening = listen(host, port)
        serve_center(plan, directory, listening, nats, json=json)


def _plan(
    addresses: list[str],
    file: Path | None,
    world: str,
    date: str,
    symbols: str,
    name: str,
    ticks: Path | None,
    sold: DataSales,
) -> CenterPlan:
    from rushtrade.app.market_service import CenterPlan  # noqa: PLC0415
    from rushtrade.datacenter.fan_out_words import check_name  # noqa: PLC0415
    from rushtrade.datacenter.lines_file import LineRow, LinesFile, kind_at, read_lines_file  # noqa: PLC0415
    from rushtrade.rules.calendar import new_york_calendar  # noqa: PLC0415
    from rushtrade.rules.participants import with_centres  # noqa: PLC0415
    from rushtrade.rules.world_file import load_world  # noqa: PLC0415
    from rushtrade.scenario.trade_dates import parse_trade_date  # noqa: PLC0415

    found = LinesFile() if file is None else read_lines_file(file)
    rows = [*found.line, *(LineRow(address) for address in addresses)]
    if not rows:
        raise InvalidInput(
            "a data center needs a line: --line mold://HOST:PORT?venue=CODE, soup://…, file:PATH, or --lines FILE"
        )
    trade_date: dt.date = (
        parse_trade_date(date) if date else new_york_calendar().last_trading_day(time.time_ns())
    )
    called = check_name(name or found.name or socket.gethostname().partition(".")[0][:32] or "center")
    named = _symbols(symbols)
    lived_in = with_centres(load_world(world), [kind_at(row.address) for row in rows])
    return CenterPlan(called, lived_in, trade_date, rows, named, found.alarms, ticks, sold)


def sales_of(name: str, *, licensed: bool) -> DataSales:
    """What is sold, by which list: a built-in one or a file."""
    from rushtrade.app.price_lists import DataSales  # noqa: PLC0415
    from rushtrade.entitlements.price_list import BUILT_IN, load_price_list  # noqa: PLC0415

    return DataSales(load_price_list(name or BUILT_IN), is_own=not licensed)


def _symbols(text: str) -> list[str]:
    named = list(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
    wrong = [each for each in named if not (each.isascii() and each.isprintable() and len(each) <= 8)]
    if wrong or len(named) > SYMBOLS_MAX:
        raise InvalidInput(
            f"--symbols: {wrong[0]!r} is not 1 to 8 letters"
            if wrong
            else f"more than {SYMBOLS_MAX:,} symbols"
        )
    return named


def serve_center(
    plan: CenterPlan, directory: Path, listening: socket.socket, nats: str, *, json: bool
) -> None:
    """Open everything, serve, and close it in the other order."""
    import uvloop  # noqa: PLC0415

    from rushtrade.api.limits import read_limits  # noqa: PLC0415
    from rushtrade.app.fan_out import SalesImage, attach_fan_out  # noqa: PLC0415
    from rushtrade.app.market_ports import DeskSubmit  # noqa: PLC0415
    from rushtrade.app.market_service import (  # noqa: PLC0415
        DESK_PERMISSIONS,
        found_center,
        host_ports,
        make_server,
        prepare_host,
        serve_host,
    )
    from rushtrade.app.trading_day import open_core  # noqa: PLC0415
    from rushtrade.cli.demo import (  # noqa: PLC0415
        CREDENTIALS_FILE,
        RUNNING_FILE,
        RunningHouse,
        demo_credentials,
        open_demo,
        write_private,
    )
    from rushtrade.core.clocks import MarketClock  # noqa: PLC0415
    from rushtrade.core.replay import take_snapshot  # noqa: PLC0415
    from rushtrade.store.store import Store  # noqa: PLC0415

    names = [name for venue in plan.world.venues for name in (venue.code, venue.mic)]
    plan = msgspec.structs.replace(plan, bounds=read_limits(directory, names))
    clock = MarketClock(0)
    core, journal = open_core(directory, clock)
    try:
        found_center(core, clock, plan)
        credentials, login = open_demo(core, directory, DESK_PERMISSIONS)
        store = Store(directory / STORE_FILE)
        store.catch_up(journal)
        host = prepare_host(core, clock, store, plan)
        address = listening.getsockname()
        known = list(core.state.symbols)
        running = RunningHouse(address[0], address[1], os.getpid(), known)
        write_private(directory / RUNNING_FILE, msgspec.json.encode(running))
        if nats:
            submit = DeskSubmit(core, clock)
            sales = SalesImage(
                [venue.mic for venue in plan.world.venues],
                plan.sales.is_own,
                plan.sales.price_list.displays,
                plan.bounds,
            )
            attach_fan_out(host, nats, submit, journal, directory / CREDENTIALS_FILE, sales)
        ports, entitlements = host_ports(host, store, credentials, plan, directory / JOURNAL_FILE)
        server = make_server(ports, host)
        found = demo_credentials(login, address[0], address[1], known)
        announce = partial(_announce, found, plan, directory, json=json)
        uvloop.run(serve_host(host, entitlements, server, listening, announce))
        core.close()
        store.close()
        take_snapshot(journal, core.state, core.next_seq)
    finally:
        (directory / RUNNING_FILE).unlink(missing_ok=True)
        journal.close()


@app.command()
def gateway(
    nats: Annotated[str, typer.Option(help="NATS server the host fans out to: nats://HOST:PORT.")],
    name: Annotated[str, typer.Option(help="Name of the data center to join.")],
    gateway_name: Annotated[
        str,
        typer.Option("--as", help="Name of this gateway, shown at the host.", show_default="host-process"),
    ] = "",
    store: Annotated[
        Path | None,
        typer.Option(
            help="The host's tick store, where this machine can read it: history from before what is in memory.",
        ),
    ] = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8101,
    log_json: LogOption = False,
    as_json: JsonOption = False,
) -> None:
    """Join a running data center and serve the same page, APIs and streams, until interrupted."""
    from rushtrade.app.listening import listen  # noqa: PLC0415 - numba and the API are loaded only when needed
    from rushtrade.datacenter.fan_out_words import check_name  # noqa: PLC0415
    from rushtrade.ticks.days import days  # noqa: PLC0415

    with refuse_plainly(json=as_json), contextlib.suppress(KeyboardInterrupt):
        log_to_standard_error(json=log_json)
        own = check_name(gateway_name or f"{socket.gethostname().partition('.')[0][:20]}-{os.getpid()}")
        if store is not None:
            days(store)  # refuses what is no store
        _serve_gateway(nats, check_name(name), own, listen(host, port), store, json=as_json)


def _serve_gateway(
    url: str, name: str, own: str, listening: socket.socket, store: Path | None, *, json: bool
) -> None:
    import uvloop  # noqa: PLC0415

    from rushtrade.app.fan_out import join_host  # noqa: PLC0415
    from rushtrade.app.gateway_service import GatewayService  # noqa: PLC0415
    from rushtrade.market.market_data import load_kernels  # noqa: PLC0415

    async def run() -> None:
        load_kernels()
        joined = await join_host(url, name, own)
        host, port = listening.getsockname()[:2]
        if json:
            print_json({"web_url": f"http://{host}:{port}/", "name": own, "host": name})
        else:
            console = answer_console(soft_wrap=True)
            console.print(f"RushTrade gateway {own} of {name} is up on http://{host}:{port}/")
            console.print(
                f"  history      {store or 'what is in memory; --store DIR reads the tick store of the host'}"
            )
            console.print("  users and keys are those of the data center; stop with Ctrl-C")
        await GatewayService(url, name, own, listening, Path(private), store).run(joined)

    with tempfile.TemporaryDirectory(prefix="rushtrade-gateway-") as private:
        uvloop.run(run())


def _announce(found: DemoCredentials, plan: CenterPlan, directory: Path, *, json: bool) -> None:
    if json:
        print_json(found)
        return
    console = answer_console(soft_wrap=True)
    console.print(
        Text.assemble(("RushTrade data center ", "bold"), plan.name, " is up on ", (found.web_url, "bold"))
    )
    console.print(f"  data center  {found.web_url}datacenter")
    console.print(f"  login        {found.web_user} / {found.web_password}")
    console.print(f"  API key      {found.api_key} / {found.api_secret}")
    for row in plan.lines:
        console.print(f"  line         {row.address}")
    console.print(f"  trade date   {plan.trade_date}, world {plan.world.name}")
    console.print(f"  data         {directory}")
    console.print(f"  ticks        {plan.ticks or 'not written'}")
    console.print("  stop with Ctrl-C")


for command in COMMANDS:
    app.command()(command)
app.command()(replay)
app.add_typer(reference)
