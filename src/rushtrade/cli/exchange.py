"""`rushtrade exchange`: the exchanges of a world in a process of their own, spoken to by their own protocols."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.table import Table

from rushtrade.cli.terminal import answer_console, print_json, refuse_plainly
from rushtrade.domain.errors import InvalidInput

if TYPE_CHECKING:
    from rushtrade.floor.port_server import PortServer
    from rushtrade.floor.port_table import VenuePorts
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
        int, typer.Option(min=0, max=65_535, help="First port, ten a venue; 0 takes a run that is free.")
    ] = PORT,
    multicast: Annotated[
        str, typer.Option(help="Group to send MoldUDP64 packets to, instead of the host.")
    ] = "",
    session: Annotated[
        str, typer.Option(help="Name of the session, up to 10 letters or digits.")
    ] = "RUSHTRADE",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the table of ports as one JSON object.")
    ] = False,
) -> None:
    """Open the exchanges' ports and let their market live until interrupted, or until a recorded market is over.

    Any name of one to six letters or digits may log in; the same name is the same firm at every venue.
    """
    with refuse_plainly(json=as_json):
        if not (0 < len(session) <= SESSION_LETTERS_MAX and session.isascii() and session.isalnum()):
            raise InvalidInput(
                f"--session {session[:20]!r} is not 1 to {SESSION_LETTERS_MAX} letters or digits"
            )
        exchange_market, trade_date = _market(world, market, seed, date)
        table = _table(exchange_market, venue, host, ports, multicast)
        server = _server(exchange_market, session, table, speed)
        tell = _teller(server, trade_date, speed, as_json=as_json)
        asyncio.run(_serve(server, tell))
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(server.logins.items())) or "none"
        typer.echo(f"ended; connections: {counts}; refused: {server.refused}", err=True)


def _market(world: str, market: Path | None, seed: int, date: str) -> tuple[Market, dt.date]:
    """The market of a world and its trade date."""
    from rushtrade.app.trading_day import (  # noqa: PLC0415  - numba is asked for only when needed
        default_trade_date,
        instruments_of,
        parse_trade_date,
    )
    from rushtrade.marketplace.flow import Flow  # noqa: PLC0415
    from rushtrade.marketplace.generator import GeneratedFlow  # noqa: PLC0415
    from rushtrade.marketplace.itch_source import ItchFile  # noqa: PLC0415
    from rushtrade.marketplace.market import Market, load_kernels  # noqa: PLC0415
    from rushtrade.rules.new_york import midnight_ns  # noqa: PLC0415
    from rushtrade.rules.world_file import load_world  # noqa: PLC0415

    home = load_world(world)
    trade_date = parse_trade_date(date) if date else default_trade_date(home, time.time_ns())
    if market is not None:
        flow = Flow(ItchFile(market), midnight_ns(trade_date))
    else:
        source = GeneratedFlow(home.symbols, (seed << DATE_BITS) + trade_date.toordinal())
        flow = Flow(source, midnight_ns(trade_date))
    load_kernels()
    lots = [instrument.round_lot for instrument in instruments_of(home, flow)]
    return Market(home, flow.symbols, flow, round_lots=lots), trade_date


def _table(market: Market, wanted: str, host: str, ports: int, multicast: str) -> list[VenuePorts]:
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
    return ports_of(venues, host, ports, multicast=multicast)


def _server(market: Market, session: str, table: list[VenuePorts], speed: float) -> PortServer:
    from rushtrade.floor.floor import Floor  # noqa: PLC0415
    from rushtrade.floor.port_server import PortServer  # noqa: PLC0415

    return PortServer(Floor(market, session), table, market_clock(market.flow.first_ns, speed))


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


async def _serve(server: PortServer, tell: Callable[[], None]) -> None:
    """Serve until the market is over or the process is told to end."""
    loop = asyncio.get_running_loop()
    serving = asyncio.create_task(server.serve(tell))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def _teller(server: PortServer, trade_date: dt.date, speed: float, *, as_json: bool) -> Callable[[], None]:
    """What is said when the ports are open."""

    def tell() -> None:
        floor = server.floor
        flow = floor.market.flow
        rows = [_row(row, speed) for row in server.table]
        if as_json:
            said = {
                "world": floor.market.world.name,
                "trade_date": str(trade_date),
                "session": floor.session,
                "midnight_ns": flow.midnight_ns,
                "market": flow.source_label,
                "simulated": flow.simulated,
                "speed": speed,
                "symbols": floor.market.symbols,
                "venues": rows,
            }
            print_json(said)
            return
        columns = ("code", "mic", "ouch", "fix", "itch_soup", "mold_a", "mold_b", "requests", "glimpse")
        shown = Table(title=f"{floor.market.world.title}, session {floor.session}, on {rows[0]['host']}")
        for name in columns:
            shown.add_column(name.replace("_", " "))
        for row in rows:
            shown.add_row(*(str(row[name]) for name in columns))
        console = answer_console()
        console.print(shown)
        kind = "SIMULATED, generated order flow" if flow.simulated else flow.source_label
        console.print(f"market: {kind}, trade date {trade_date}; stop with Ctrl-C")

    return tell


def _row(row: VenuePorts, speed: float) -> dict[str, Any]:
    lines = {
        "mold_line": f"{row.mold_line}&speed={speed:g}",
        "soup_line": f"{row.soup_line}&speed={speed:g}",
    }
    return {**msgspec.structs.asdict(row), **lines}
