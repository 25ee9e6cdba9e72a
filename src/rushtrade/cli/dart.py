"""`rushtrade dart`: the routing desk on the command line.

Reads the journal and changes nothing; it may be asked while the house runs. Routes are switched, and sequences set, in the
running house.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.progress import Progress
from rich.table import Table

from rushtrade.app.data_directory import JOURNAL_FILE, data_directory
from rushtrade.cli.dart_scorecard import scorecard_command
from rushtrade.cli.dart_serve import serve_command
from rushtrade.cli.dart_whatif import whatif_command
from rushtrade.cli.terminal import answer_console, print_json, progress_console, refuse_plainly
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.frames import FRAME_FORMAT, decode_body
from rushtrade.domain.instruments import EquityClass
from rushtrade.journal.reader import SqliteReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushtrade.core.state import HouseState
    from rushtrade.dart.desk import RoutingDesk
    from rushtrade.dart.explain import OrderTrace
    from rushtrade.dart.learned import Estimate
    from rushtrade.domain.routes import RouteSequences
    from rushtrade.rules.world import World

app = typer.Typer(
    name="dart",
    help="Direct Access Routing Technology: explain an order's routing, show what routing cost, routes and sequences, route for other programs.",
    no_args_is_help=True,
)
app.command("scorecard")(scorecard_command)
app.command("serve")(serve_command)
app.command("whatif")(whatif_command)

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Where the house lives.", show_default="the user's data directory"),
]
WorldOption = Annotated[
    str | None,
    typer.Option(
        "--world",
        help="Instead of a house, show what a world starts with on its first day: a name or a file.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class RouteLine(msgspec.Struct, frozen=True):
    """One route as the desk has it. Fees in mils a share from a dollar up and millionths of the value below; + = we pay."""

    route_code: str
    code: str
    mic: str
    name: str
    take_mils: int
    make_mils: int
    take_sub_dollar_ppm: int
    make_sub_dollar_ppm: int
    latency_us: int
    enabled: bool
    link_up: bool
    healthy: bool


class SequenceLine(msgspec.Struct, frozen=True):
    """One class's strings, beside the default and all codes legal there, and what the desk warns of."""

    equity_class: str
    sequence: str
    punt_list: str
    legal_codes: str
    default_sequence: str | None
    default_punt_list: str | None
    warnings: list[str]


class LegendLine(msgspec.Struct, frozen=True):
    """What a route code stands for."""

    route_code: str
    code: str
    mic: str
    name: str


class Learning(msgspec.Struct, frozen=True):
    """What has been learned: lessons taken in, lessons that wait for more, and every estimate."""

    taught: int
    waiting: int
    estimates: list[Estimate]


@app.command("explain")
def explain_command(
    order_id: Annotated[int, typer.Argument(min=1, help="Number of the order.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell why an order went where it went: quotes seen, routes considered, costs expected, what came of it."""
    from rushtrade.dart.trace_text import lines  # noqa: PLC0415 - only when asked

    with refuse_plainly(json=as_json):
        trace = _trace(order_id, data_directory(data) / JOURNAL_FILE)
        if as_json:
            print_json(trace)
        else:
            console = answer_console(soft_wrap=True)
            for line in lines(trace):
                console.print(line)


@app.command("routes")
def routes_command(
    data: DataOption = None,
    world: WorldOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every route: fees, latency, whether it is switched on, connected and healthy."""
    with refuse_plainly(json=as_json):
        desk, _ = _desk(data, world)
        rows = [
            RouteLine(
                route.route_code,
                route.code,
                route.mic,
                route.name,
                route.take_mils,
                route.make_mils,
                route.take_sub_dollar_ppm,
                route.make_sub_dollar_ppm,
                route.latency_ns // 1_000,
                desk.enabled[route.venue],
                desk.linked[route.venue],
                desk.healthy[route.venue],
            )
            for route in desk.routes
        ]
        if as_json:
            print_json({"routes": rows})
        else:
            _print_routes(rows)


@app.command("sequences")
def sequences_command(
    data: DataOption = None,
    world: WorldOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show each equity class's route sequence and punt list, the defaults, and the codes legal there."""
    with refuse_plainly(json=as_json):
        desk, world_name = _desk(data, world)
        home = _known_world(world or world_name)
        rows = [_sequence_line(desk, row, home) for row in desk.sequences()]
        if as_json:
            print_json({"sequences": rows})
        else:
            _print_sequences(rows)


@app.command("legend")
def legend_command(
    data: DataOption = None,
    world: WorldOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the route codes stand for. Case matters in a sequence."""
    with refuse_plainly(json=as_json):
        desk, _ = _desk(data, world)
        rows = [LegendLine(route.route_code, route.code, route.mic, route.name) for route in desk.routes]
        if as_json:
            print_json({"legend": rows})
        else:
            table = Table("code", "route", "MIC", "stands for", title="Route legend")
            for row in rows:
                table.add_row(row.route_code, row.code, row.mic, row.name)
            answer_console().print(table)


@app.command("learned")
def learned_command(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show what DART has learned of each route, with the counts it rests on; estimates begin at a cautious expectation."""
    with refuse_plainly(json=as_json):
        waiting = _state(data).routing.waiting
        told = Learning(waiting.taught, len(waiting.lessons), waiting.learned.estimates())
        if as_json:
            print_json(told)
        else:
            _print_learned(told)


def _print_learned(told: Learning) -> None:
    table = Table("what", "class", "route", "rests on", "estimate", title="What DART has learned")
    for row in told.estimates:
        counts = ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in row.counts.items())
        estimates = ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in row.estimates.items())
        table.add_row(row.topic, row.equity_class or "all", row.route or "all", counts, estimates)
    answer_console().print(table)
    answer_console().print(
        f"{told.taught:,} lessons taken in, {told.waiting:,} waiting for more before estimates are drawn anew"
    )


def _trace(order_id: int, journal: Path) -> OrderTrace:
    """Read the journal up to the order's end and explain it."""
    from rushtrade.dart.explain import explain  # noqa: PLC0415
    from rushtrade.dart.story import StoryTeller  # noqa: PLC0415

    teller = StoryTeller(order_id)
    commands = 0
    console = progress_console()
    with (
        SqliteReader(journal) as reader,
        Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        task = progress.add_task("reading the journal", total=reader.last().seq)
        for frame in reader.frames():
            if frame.format != FRAME_FORMAT:
                raise InvalidInput(
                    f"frame {frame.seq} has format {frame.format}; this release reads format {FRAME_FORMAT}"
                )
            body = decode_body(frame.body)
            teller.take(body)
            commands = body.first_seq + len(body.entries) - 1
            if teller.finished:
                break
            progress.update(task, completed=frame.seq)
    if teller.story is None:
        raise InvalidInput(
            f"{order_id} names no order of {journal}; its commands are numbered 1 to {commands}, and an order has its command's number"
        )
    return explain(teller.story, teller.routes)


def _desk(data: Path | None, world: str | None) -> tuple[RoutingDesk, str]:
    """Give the desk of a house as its journal leaves it, or the one a world starts with; and the world's name."""
    from rushtrade.dart.desk import RoutingDesk  # noqa: PLC0415 - compiled code takes a moment to load

    if world is not None:
        from rushtrade.rules.world_file import load_world  # noqa: PLC0415

        read = load_world(world)
        return RoutingDesk(read.routes_on(read.first), read.sequences), world
    state = _state(data)
    return state.desk, state.world


def _state(data: Path | None) -> HouseState:
    """Give the state of a house as its journal leaves it."""
    from rushtrade.core.replay import restore  # noqa: PLC0415

    with SqliteReader(data_directory(data) / JOURNAL_FILE) as reader:
        state, _ = restore(reader)
    if not state.firm_name:
        raise InvalidInput("the journal holds no firm yet")
    return state


def _known_world(world: str) -> World | None:
    """Give a built-in world, or that of a file; None for a house's world that is neither."""
    from rushtrade.rules.world_file import built_in_worlds, load_world  # noqa: PLC0415

    return load_world(world) if world in built_in_worlds() or world.endswith(".toml") else None


def _sequence_line(desk: RoutingDesk, row: RouteSequences, world: World | None) -> SequenceLine:
    default: RouteSequences | None = None
    protected: Sequence[int] = range(len(desk.routes))
    if world is not None:
        default = next((one for one in world.sequences if one.equity_class == row.equity_class), None)
        protected = [venue.index for venue in world.venues if venue.protected]
    return SequenceLine(
        EquityClass(row.equity_class).name.lower(),
        row.sequence,
        row.punt_list,
        row.legal_codes,
        default.sequence if default else None,
        default.punt_list if default else None,
        desk.warnings(row.equity_class, protected),
    )


def _print_routes(rows: list[RouteLine]) -> None:
    table = Table(title="Routes", caption="fees in mils (0.0001 $) a share; + = we pay")
    for name in ("code", "route", "MIC", "name"):
        table.add_column(name)
    for name in ("take", "make", "latency µs"):
        table.add_column(name, justify="right")
    table.add_column("state")
    for row in rows:
        state = (
            "switched off"
            if not row.enabled
            else "link down"
            if not row.link_up
            else "on"
            if row.healthy
            else "unhealthy"
        )
        table.add_row(
            row.route_code,
            row.code,
            row.mic,
            row.name,
            f"{row.take_mils:+d}",
            f"{row.make_mils:+d}",
            f"{row.latency_us}",
            state,
        )
    answer_console().print(table)


def _print_sequences(rows: list[SequenceLine]) -> None:
    table = Table("class", "sequence", "punt list", "default", "legal codes", title="Route sequences")
    for row in rows:
        default = row.default_sequence or ""
        default += f", punt {row.default_punt_list}" if row.default_punt_list else ""
        table.add_row(
            row.equity_class, row.sequence or "–", row.punt_list or "–", default, row.legal_codes or "–"
        )
    console = answer_console()
    console.print(table)
    for row in rows:
        for warning in row.warnings:
            console.print(f"warning: {warning}")
