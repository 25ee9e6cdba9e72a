"""`rushtrade feed serve` and `rushtrade feed watch`: recorded days published over the real protocols with faults, and their client."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
import typer
from rich.live import Live
from rich.table import Table

from rushtrade.cli.terminal import print_json, progress_console, refuse_plainly
from rushtrade.domain.errors import InvalidInput

if TYPE_CHECKING:
    from rushtrade.cli.feed_watch import Watched
    from rushtrade.gateway.feed_server import Published
    from rushtrade.gateway.line import Line, LineHealth

PROTOCOLS = ("mold", "soup")
PORT = 26_400
SESSION_BYTES = 10
VENUES_MAX = 16
"""Days served or lines watched at once: as many as there are exchanges."""
INTERRUPTED = 130
T = TypeVar("T")

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ProtocolOption = Annotated[str, typer.Option(help="mold (MoldUDP64 on two ways) or soup (SoupBinTCP).")]
HostOption = Annotated[str, typer.Option(help="Address to send to and listen on.")]
PortOption = Annotated[
    int,
    typer.Option(
        min=1,
        max=65_532,
        help="First port: way A or the stream, then B, requests, book images; the next venue's follow.",
    ),
]
MulticastOption = Annotated[
    str, typer.Option(metavar="GROUP", help="Send packets to this group (224.0.0.0 to 239.255.255.255).")
]
InterfaceOption = Annotated[str, typer.Option(help="Own address whose network the group is on.")]


def serve(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Recorded days that hold ITCH 5.0: files, plain, gzip or zstd, or captures; one a venue."
        ),
    ],
    venues: Annotated[
        int,
        typer.Option(min=1, max=VENUES_MAX, help="Deal the one file over so many venues, order by order."),
    ] = 1,
    protocol: ProtocolOption = "mold",
    speed: Annotated[str, typer.Option(help="Multiple of the day's own pace, or max.")] = "1",
    loss: Annotated[
        float, typer.Option(help="Share of packets each way loses; soup: of batches cut off.")
    ] = 0.0,
    dup: Annotated[float, typer.Option(help="Share of packets sent twice.")] = 0.0,
    reorder: Annotated[int, typer.Option(help="Packets a packet may be late by.")] = 0,
    truncate: Annotated[float, typer.Option(help="Share of packets cut short; soup: of batches.")] = 0.0,
    garbage: Annotated[float, typer.Option(help="Share of packets that random bytes come before.")] = 0.0,
    silence: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BEGIN:END[@WAY]", help="Send nothing between these seconds, on one way or both."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides which packets the faults meet.")] = 1,
    requests: Annotated[bool, typer.Option(help="Send again what is asked for.")] = True,
    glimpse: Annotated[bool, typer.Option(help="Send book images by GLIMPSE 5.0 to whoever logs in.")] = True,
    session: Annotated[str, typer.Option(help="Name of the session, up to 10 characters.")] = "RUSHTRADE",
    host: HostOption = "127.0.0.1",
    port: PortOption = PORT,
    multicast: MulticastOption = "",
    interface: InterfaceOption = "127.0.0.1",
    as_json: JsonOption = False,
) -> None:
    """Publish recorded days over the real protocols, with faults, so that clients can be tested."""
    from rushtrade.gateway.datagram_ring import is_multicast  # noqa: PLC0415  - only what the command asked for needs
    from rushtrade.gateway.feed_day import recorded_day  # noqa: PLC0415
    from rushtrade.gateway.feed_faults import Faults, silence_of  # noqa: PLC0415
    from rushtrade.gateway.feed_server import Address, Publishing, publish  # noqa: PLC0415
    from rushtrade.gateway.line_address import LINE_PORTS, speed_of  # noqa: PLC0415

    with refuse_plainly(json=as_json):
        _check_protocol(protocol)
        _check_ports(max(len(files), venues), port)
        if venues > 1 and len(files) > 1:
            raise InvalidInput(
                f"--venues {venues} deals one file over venues; {len(files)} files are one venue each"
            )
        silences = tuple(silence_of(text) for text in silence or ())
        faults = Faults(loss, dup, reorder, seed, truncate, garbage, silences)
        faults.check()
        if protocol == "soup" and (dup or reorder or multicast):
            raise InvalidInput(
                "--dup, --reorder and --multicast are of packets; a soup stream can only be cut off: --loss, --truncate, --garbage"
            )
        if multicast and not is_multicast(multicast):
            raise InvalidInput(
                f"--multicast {multicast[:20]!r} is no group: 224.0.0.0 to 239.255.255.255 are"
            )
        if not 0 < len(session.encode()) <= SESSION_BYTES:
            raise InvalidInput(f"--session {session[:20]!r} is not 1 to {SESSION_BYTES} characters")
        pace = speed_of(speed)
        days = [recorded_day(file) for file in files]
        if venues > 1:
            days = days[0].dealt(venues)
        for index, day in enumerate(days):
            at = f"{multicast or host}:{port + index * LINE_PORTS}"
            typer.echo(
                f"{len(day):,} messages of {files[min(index, len(files) - 1)].name} over {protocol} at {at}",
                err=True,
            )
        where = [Address(host, port + index * LINE_PORTS, multicast, interface) for index in range(len(days))]
        how = Publishing(session, faults, requests=requests, images=glimpse)
        published = _run(publish(protocol, days, where, how, pace))
        _print_all([msgspec.structs.asdict(each) for each in published], as_json=as_json)


def watch(
    addresses: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LINE]...", help="mold://HOST:PORT, soup://HOST:PORT or file:PATH; or use the options."
        ),
    ] = None,
    protocol: ProtocolOption = "mold",
    host: HostOption = "127.0.0.1",
    port: PortOption = PORT,
    venues: Annotated[int, typer.Option(min=1, max=VENUES_MAX, help="Venues, each four ports on.")] = 1,
    multicast: MulticastOption = "",
    interface: InterfaceOption = "127.0.0.1",
    speed: Annotated[
        str,
        typer.Option(help="Pace lag is measured by: the multiple served, max (none), or live (it is now)."),
    ] = "max",
    date: Annotated[
        str, typer.Option(metavar="YYYY-MM-DD", help="Date of the session; today's otherwise.")
    ] = "",
    patience: Annotated[
        float, typer.Option(min=0.1, help="Seconds of silence after which to give up.")
    ] = 30.0,
    requests: Annotated[bool, typer.Option(help="Ask again for what both ways lost.")] = True,
    glimpse: Annotated[bool, typer.Option(help="Ask for a book image when that was in vain.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Listen to published days until they end: make their books, tell how the lines are, and say whether the books are known.

    On a terminal a table of the lines is kept up; with --json a line of JSON a second goes to standard error, the answer to standard output.
    """
    from rushtrade.cli.feed_watch import Watch  # noqa: PLC0415  - numba is asked for only when needed

    with refuse_plainly(json=as_json):
        _check_protocol(protocol)
        if not addresses:
            _check_ports(venues, port)
            options = _Options(protocol, host, port, venues, multicast, interface, speed, requests, glimpse)
            addresses = _addresses(options)
        watching = Watch(_lines(addresses, date), patience)
        code = 0
        with _teller(as_json=as_json) as tell:
            try:
                asyncio.run(watching.run(tell))
            except KeyboardInterrupt:
                code = INTERRUPTED
        watched = watching.report()
        _print_watched(watched, as_json=as_json)
        if code or not all(each.known and each.ended for each in watched):
            raise typer.Exit(code or 1)


class _Options(msgspec.Struct, frozen=True):
    """How the lines of a watch were described without addresses."""

    protocol: str
    host: str
    port: int
    venues: int
    multicast: str
    interface: str
    speed: str
    requests: bool
    glimpse: bool


def _addresses(options: _Options) -> list[str]:
    """The lines of a watch that was asked for by options, as addresses."""
    from rushtrade.gateway.line_address import LINE_PORTS  # noqa: PLC0415

    made = []
    for index in range(options.venues):
        port = options.port + index * LINE_PORTS
        asked = [] if options.speed == "live" else [f"speed={options.speed}"]
        images = f"{options.host}:{port + 3}" if options.glimpse else "none"
        asked.append(f"images={images}")
        if options.protocol == "mold":
            again = f"{options.host}:{port + 2}" if options.requests else "none"
            asked += [f"requests={again}", f"interface={options.interface if options.multicast else ''}"]
        made.append(f"{options.protocol}://{options.multicast or options.host}:{port}?{'&'.join(asked)}")
    return made


def _lines(addresses: Sequence[str], date: str) -> list[Line]:
    from rushtrade.cli.feed_watch import WORLD  # noqa: PLC0415
    from rushtrade.datacenter.lines_file import kind_at, round_lot_on  # noqa: PLC0415
    from rushtrade.gateway.file_line import Street  # noqa: PLC0415
    from rushtrade.gateway.line_address import line_at  # noqa: PLC0415
    from rushtrade.rules.new_york import day_at, midnight_ns  # noqa: PLC0415
    from rushtrade.rules.participants import TAPES, places_of, venue_of, with_centres  # noqa: PLC0415
    from rushtrade.rules.world_file import load_world  # noqa: PLC0415

    if len(addresses) > VENUES_MAX:
        raise InvalidInput(f"{len(addresses)} lines are named; at most {VENUES_MAX} are watched at once")
    try:
        day = dt.date.fromisoformat(date) if date else day_at(time.time_ns())
    except ValueError:
        raise InvalidInput(f"--date {date[:20]!r} is not a date such as 2026-01-30") from None
    world, midnight = with_centres(load_world(WORLD), list(TAPES)), midnight_ns(day)
    codes = [venue.code for venue in world.venues]
    lines = []
    for place, address in enumerate(addresses):
        kind = kind_at(address)
        code = venue_of(kind, world)
        street = Street(places_of(kind, world), frozenset(), round_lot_on(midnight))
        lines.append(line_at(address, codes.index(code) if code else place, midnight, street))
    return lines


def _check_protocol(protocol: str) -> None:
    if protocol not in PROTOCOLS:
        raise InvalidInput(f"--protocol {protocol[:20]!r} is not one of {', '.join(PROTOCOLS)}")


def _check_ports(venues: int, port: int) -> None:
    from rushtrade.gateway.line_address import LINE_PORTS  # noqa: PLC0415

    if venues > VENUES_MAX:
        raise InvalidInput(f"{venues} days are named; at most {VENUES_MAX} are served at once")
    if port + LINE_PORTS * venues > 1 << 16:
        last = (1 << 16) - LINE_PORTS * venues
        raise InvalidInput(
            f"--port {port} leaves too few ports for {venues} venues; {last} is the last that does"
        )


def _teller(*, as_json: bool) -> Any:
    """What hears of the lines every second: lines of JSON, a table on a terminal, or nobody. A context manager."""
    if as_json:
        return nullcontext(_tell_json)
    if not sys.stderr.isatty():
        return nullcontext(None)
    return _Table()


def _tell_json(health: list[LineHealth]) -> None:
    sys.stderr.write(msgspec.json.encode({"lines": health}).decode() + "\n")
    sys.stderr.flush()


class _Table:
    """A table of the lines, kept up on the terminal."""

    def __init__(self) -> None:
        self._live = Live(console=progress_console(), transient=True, auto_refresh=False)

    def __enter__(self) -> Callable[[list[LineHealth]], None]:
        self._live.start()
        return self._show

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _show(self, health: list[LineHealth]) -> None:
        table = Table()
        for name in ("line", "state", "next", "messages/s", "packets", "missing", "given up", "lag", "why"):
            table.add_column(name, justify="left" if name in {"line", "state", "packets", "why"} else "right")
        for each in health:
            packets = " ".join(f"{way} {count:,}" for way, count in each.packets.items())
            why = each.reason or "".join(f"way {way} is silent " for way in each.quiet_ways)
            lag = "" if each.lag_ns is None else f"{each.lag_ns / 1e6:,.1f} ms"
            table.add_row(
                each.name, each.state, f"{each.next_number:,}", f"{each.rate:,}", packets, f"{each.missing:,}",
                f"{each.given_up:,}", lag, why,
            )  # fmt: skip
        self._live.update(table, refresh=True)


def _run(work: Coroutine[object, object, list[Published]]) -> list[Published]:
    """Run to the end, or until the person at the terminal has had enough."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _print_watched(watched: Sequence[Watched], *, as_json: bool) -> None:
    _print_all([msgspec.structs.asdict(each) for each in watched], as_json=as_json)


def _print_all(answers: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print what one venue gave, or what several gave one after the other."""
    if as_json:
        print_json(answers[0] if len(answers) == 1 else {"venues": answers})
        return
    for answer in answers:
        typer.echo(_in_words(answer))


def _in_words(answer: dict[str, Any]) -> str:
    """Lines of name and value; instants and spans in nanoseconds are for machines, who ask for JSON."""
    lines = []
    for name, value in answer.items():
        if text := _shown(value):
            lines.append(f"{name.replace('_', ' ')}: {text}")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    """A value in words; empty for what is not worth any."""
    if isinstance(value, msgspec.Struct):
        pairs = msgspec.structs.asdict(value).items()
        told = [(name, _shown(each)) for name, each in pairs if not name.endswith("_ns")]
        return ", ".join(f"{name.replace('_', ' ')} {text}" for name, text in told if text)
    if isinstance(value, dict):
        return " ".join(f"{name} {each:,}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(" ".join(map(str, each)) for each in value)
    if isinstance(value, bool) or not isinstance(value, int):
        return str(value) if value else ""
    return f"{value:,}" if value else ""
