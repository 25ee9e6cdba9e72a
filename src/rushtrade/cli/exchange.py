"""`rushtrade exchange`: the exchanges of a world in a process of their own, spoken to by their own protocols."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.table import Table

from rushtrade.cli.terminal import answer_console, print_json, refuse_plainly
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import day_number
from rushtrade.sessions.table_file import read_table_file
from rushtrade.wire.exchange_table import ExchangeTable, VenuePorts

if TYPE_CHECKING:
    from rushtrade.floor.port_server import PortServer
    from rushtrade.marketplace.market import Market

app = typer.Typer(
    name="exchange",
    help="The exchanges of a world as processes of their own: orders by OUCH 5.0 and FIX 4.2, data by ITCH 5.0.",
    no_args_is_help=True,
)

SPEED_MAX = 10_000.0
STEP_NS_MAX = 100_000_000
"""Market time one look at the clock may add, so that members are heard however fast the market is let live."""
PORT = 26_500
SESSION_LETTERS_MAX = 10
SILENCE_NS = 5_000_000_000
"""Age of a table that is written every second from which on whoever wrote it is taken for gone."""
DATE_BITS = 22
"""The flow's seed is the one asked for above so many bits of the date's ordinal: another date, another day."""


@app.callback()
def exchanges() -> None:
    """Exchanges."""


@app.command()
def up(
    world: Annotated[str, typer.Option(help="World: a built-in name or a TOML file.")] = "us-2026",
    market: Annotated[
        Path | None,
        typer.Option(help="ITCH 5.0 file whose order flow is the market; default: generated flow."),
    ] = None,
    speed: Annotated[float, typer.Option(min=0.001, max=SPEED_MAX, help="Market time per wall time.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of the generated flow.")] = 1,
    date: Annotated[str, typer.Option(help="Trade date YYYY-MM-DD; default: the last trading day.")] = "",
    venue: Annotated[
        str, typer.Option(help="Codes of the venues to open ports for, with commas; default: all.")
    ] = "",
    host: Annotated[str, typer.Option(help="Address to listen on: loopback alone.")] = "127.0.0.1",
    ports: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            help="First port, ten a venue; 0 takes a run that is free.",
            show_default=f"those a killed run left in --table, else {PORT}",
        ),
    ] = None,
    multicast: Annotated[
        str, typer.Option(help="Group to send MoldUDP64 packets to, instead of the host.")
    ] = "",
    session: Annotated[
        str, typer.Option(help="Name of this life, up to 10 letters or digits; default: one of its own.")
    ] = "",
    table: Annotated[
        Path | None,
        typer.Option(
            help="File to keep the table of ports in, for `rushtrade up --exchanges`; what a killed run left there is gone on with."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the table of ports as one JSON object.")
    ] = False,
) -> None:
    """Open the exchanges' ports and let their market live until interrupted, or until a recorded market is over.

    Any name of one to six letters or digits may log in; the same name is the same firm at every venue.
    """
    with refuse_plainly(json=as_json):
        name = session or _own_name()
        if not (len(name) <= SESSION_LETTERS_MAX and name.isascii() and name.isalnum()):
            raise InvalidInput(
                f"--session {session[:20]!r} is not 1 to {SESSION_LETTERS_MAX} letters or digits"
            )
        exchange_market, trade_date = _market(world, market, seed, date)
        earlier = _left_behind(table)
        if earlier is not None and not _is_earlier_life(earlier, exchange_market, trade_date):
            earlier = None
        if ports is None:
            ports = PORT if earlier is None else earlier.venues[0].itch_soup
        venues = _ports(exchange_market, venue, host, ports, multicast, speed)
        server = _server(exchange_market, name, venues, speed, 0 if earlier is None else earlier.now_ns)
        tell = _teller(server, trade_date, speed, table, as_json=as_json)
        asyncio.run(_serve(server, tell, lambda: _keep(table, server, trade_date, speed)))
        if table is not None:
            table.unlink(missing_ok=True)
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(server.logins.items())) or "none"
        typer.echo(f"ended; connections: {counts}; refused: {server.refused}", err=True)


@app.command()
def status(
    table: Annotated[Path, typer.Argument(help="The file that `rushtrade exchange up --table` keeps.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say whether exchanges are up, how far their market is, and what each venue did so far.

    Ends with code 1 when they are not up.
    """
    with refuse_plainly(json=as_json):
        found = read_table_file(table)
        age_ns = time.time_ns() - found.written_ns
        is_up = 0 <= age_ns < SILENCE_NS
        if as_json:
            print_json({"up": is_up, "age_ms": age_ns // 1_000_000} | msgspec.to_builtins(found))
        else:
            _show_status(found, is_up=is_up, age_ns=age_ns)
        if not is_up:
            raise typer.Exit(1)


def _show_status(found: ExchangeTable, *, is_up: bool, age_ns: int) -> None:
    shown = Table(title=f"world {found.world}, trade date {found.trade_date}, session {found.session}")
    for name in ("venue", "OUCH at", "FIX at", "feed messages", "accounts", "messages to them"):
        shown.add_column(name)
    ports = {row.code: row for row in found.venues}
    for row in found.counts:
        if row.code in ports:
            at = ports[row.code]
            shown.add_row(
                row.code,
                f"{at.host}:{at.ouch}",
                f"{at.host}:{at.fix}",
                f"{row.feed_messages:,}",
                str(row.accounts),
                f"{row.said:,}",
            )
    console = answer_console()
    console.print(shown)
    state = "up" if is_up else f"not up: last heard of {age_ns / 1e9:,.0f} s ago"
    market_time = dt.timedelta(seconds=(found.now_ns - found.midnight_ns) // 1_000_000_000)
    console.print(
        f"{state}; market time {market_time}, {found.speed:g} times the wall's; connections {found.connections}, "
        f"refused {found.refused}"
    )


def _own_name() -> str:
    """A name no other life has: the time in milliseconds, to the base 36."""
    number, letters = time.time_ns() // 1_000_000, ""
    while number:
        number, digit = divmod(number, 36)
        letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + letters
    return f"S{letters}"


def _left_behind(table: Path | None) -> ExchangeTable | None:
    """What a run that was killed left in the file; InvalidInput when another one lives."""
    if table is None or not table.exists():
        return None
    found = read_table_file(table)
    if 0 <= time.time_ns() - found.written_ns < SILENCE_NS and _lives(found.pid):
        raise InvalidInput(
            f"--table {table}: exchanges are up already (process {found.pid}); another file would pass"
        )
    return found


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0


def _is_earlier_life(found: ExchangeTable, market: Market, trade_date: dt.date) -> bool:
    """Whether the market that is begun is the one that was left: the same flow of the same day."""
    flow = market.flow
    now = (market.world.name, str(trade_date), flow.source_label, list(market.symbols))
    return (found.world, found.trade_date, found.market, found.symbols) == now


def _market(world: str, market: Path | None, seed: int, date: str) -> tuple[Market, dt.date]:
    """The market of a world, supervised by the rules of its trade date, and that date."""
    from rushtrade.cli.market_source import recorded_market  # noqa: PLC0415
    from rushtrade.marketplace.flow import Flow  # noqa: PLC0415
    from rushtrade.marketplace.generator import GeneratedFlow  # noqa: PLC0415
    from rushtrade.marketplace.market import Market, load_kernels  # noqa: PLC0415
    from rushtrade.rules.new_york import midnight_ns  # noqa: PLC0415
    from rushtrade.rules.world_file import load_world  # noqa: PLC0415
    from rushtrade.scenario.trade_dates import default_trade_date, instruments_of, parse_trade_date  # noqa: PLC0415

    home = load_world(world)
    trade_date = parse_trade_date(date) if date else default_trade_date(home, time.time_ns())
    if market is not None:
        flow = Flow(recorded_market(market), midnight_ns(trade_date))
    else:
        source = GeneratedFlow(home.symbols, (seed << DATE_BITS) + trade_date.toordinal())
        flow = Flow(source, midnight_ns(trade_date))
    load_kernels()
    rows = instruments_of(home, flow)
    return Market(
        home,
        flow.symbols,
        flow,
        round_lots=[row.round_lot for row in rows],
        seed=day_number(trade_date),
        day=trade_date,
        closes={row.symbol: row.previous_close for row in rows if row.previous_close},
    ), trade_date


def _ports(
    market: Market, wanted: str, host: str, base: int, multicast: str, speed: float
) -> list[VenuePorts]:
    from rushtrade.floor.port_table import ports_of  # noqa: PLC0415
    from rushtrade.gateway.datagram_ring import is_multicast  # noqa: PLC0415

    if multicast and not is_multicast(multicast):
        raise InvalidInput(f"--multicast {multicast[:20]!r} is no group: 224.0.0.0 to 239.255.255.255 are")
    known = {row.code: row for row in market.world.venues}
    codes = [code.strip().upper() for code in wanted.split(",") if code.strip()] or list(known)
    for code in codes:
        if code not in known:
            raise InvalidInput(f"--venue {code[:20]!r} is none of {market.world.name}'s: {', '.join(known)}")
    venues = [(row.index, row.code, row.mic) for code, row in known.items() if code in codes]
    return ports_of(venues, host, base, multicast=multicast, speed=speed)


def _server(market: Market, session: str, table: list[VenuePorts], speed: float, until_ns: int) -> PortServer:
    """Begin the day; `until_ns` is how far an earlier life of these exchanges came."""
    from rushtrade.floor.floor import Floor  # noqa: PLC0415
    from rushtrade.floor.port_server import PortServer  # noqa: PLC0415

    floor = Floor(market, session)
    floor.open(until_ns)
    return PortServer(floor, table, market_clock(floor.now_ns, speed))


def market_clock(first_ns: int, speed: float) -> Callable[[], int]:
    """Give market time that follows the wall clock's pace from the first question on, in steps members can keep up with."""
    begin_ns, now_ns = 0, first_ns

    def clock() -> int:
        nonlocal begin_ns, now_ns
        wall_ns = time.monotonic_ns()
        begin_ns = begin_ns or wall_ns
        due_ns = first_ns + int((wall_ns - begin_ns) * speed)
        now_ns = min(max(due_ns, now_ns), now_ns + STEP_NS_MAX)
        return now_ns

    return clock


async def _serve(server: PortServer, tell: Callable[[], None], beat: Callable[[], None]) -> None:
    """Serve until the market is over or the process is told to end."""
    loop = asyncio.get_running_loop()
    serving = asyncio.create_task(server.serve(tell, beat))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def _told(server: PortServer, trade_date: dt.date, speed: float) -> ExchangeTable:
    """What members are told of these exchanges, as they are now."""
    floor = server.floor
    flow = floor.market.flow
    return ExchangeTable(
        world=floor.market.world.name,
        trade_date=str(trade_date),
        session=floor.session,
        midnight_ns=flow.midnight_ns,
        first_ns=flow.first_ns,
        market=flow.source_label,
        simulated=flow.simulated,
        speed=speed,
        symbols=list(floor.market.symbols),
        venues=list(server.table),
        now_ns=floor.now_ns,
        written_ns=time.time_ns(),
        pid=os.getpid(),
        connections=server.connections,
        refused=server.refused,
        counts=floor.counts(),
    )


def _keep(table: Path | None, server: PortServer, trade_date: dt.date, speed: float) -> None:
    """Write the table anew: all of it, or what was there before stays."""
    if table is None:
        return
    beside = table.with_name(table.name + ".new")
    beside.write_bytes(msgspec.json.encode(_told(server, trade_date, speed)))
    beside.replace(table)


def _teller(
    server: PortServer, trade_date: dt.date, speed: float, table: Path | None, *, as_json: bool
) -> Callable[[], None]:
    """What is said when the ports are open."""

    def tell() -> None:
        _keep(table, server, trade_date, speed)
        told = _told(server, trade_date, speed)
        if as_json:
            print_json(told)
            return
        columns = ("code", "mic", "ouch", "fix", "itch_soup", "mold_a", "mold_b", "requests", "glimpse")
        title = server.floor.market.world.title
        shown = Table(title=f"{title}, session {told.session}, on {told.venues[0].host}")
        for name in columns:
            shown.add_column(name.replace("_", " "))
        for row in told.venues:
            shown.add_row(*(str(getattr(row, name)) for name in columns))
        console = answer_console()
        console.print(shown)
        kind = "SIMULATED, generated order flow" if told.simulated else told.market
        console.print(f"market: {kind}, trade date {trade_date}; stop with Ctrl-C")
        if table is not None:
            console.print(f"a house trades here with: rushtrade up --exchanges {table}")

    return tell
