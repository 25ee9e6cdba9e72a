"""`rushtrade feed`: what a recorded or captured feed holds, the books and best quotes it makes, a day served and watched."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from rushtrade.app.terminal import answer_console, print_json, refuse_plainly
from rushtrade.domain.errors import InvalidInput

if TYPE_CHECKING:
    from rushtrade.feeds.census import Census

app = typer.Typer(
    name="feed",
    help="Recorded and captured feeds: count what is in a file of any kind, serve a recorded day, watch a line.",
    no_args_is_help=True,
)

PROTOCOLS = ("mold", "soup")
PORT = 26_400
SPEED_MAX = 1_000_000
SESSION_BYTES = 10
T = TypeVar("T")

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def feeds() -> None:
    """Recorded and captured feeds."""


@app.command()
def counts(
    file: Annotated[
        Path, typer.Argument(help="ITCH 5.0, pcap, pcapng, DBN, LOBSTER or TAQ; plain, gzip or zstd.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Count a file's messages by type, its packets and gaps, and what in it makes no sense."""
    from rushtrade.feeds.census import take_census  # noqa: PLC0415  - numba is asked for only when needed

    with refuse_plainly(json=as_json):
        begin = time.perf_counter()
        census = take_census(file)
        seconds = round(time.perf_counter() - begin, 6)
    if as_json:
        print_json({**msgspec.structs.asdict(census), "seconds": seconds})
    else:
        print_census(answer_console(), file, census, seconds)


@app.command()
def mbp10(
    file: Annotated[Path, typer.Argument(help="A DBN file of market-by-order records, plain or zstd.")],
    out: Annotated[Path, typer.Argument(help="Where the rows go: a CSV file.")],
    as_json: JsonOption = False,
) -> None:
    """Make books of market-by-order records, and write the ten best levels after every event that changed them."""
    from rushtrade.feeds.dbn import DbnFeed  # noqa: PLC0415  - numba is asked for only when needed
    from rushtrade.feeds.source import Source  # noqa: PLC0415
    from rushtrade.market.mbo_books import MBP10, MboBooks  # noqa: PLC0415

    with refuse_plainly(json=as_json), Source(file) as source, out.open("w", encoding="utf-8") as lines:
        feed, books, rows = DbnFeed(), MboBooks(), 0
        lines.write(",".join(MBP10.names or ()) + "\n")
        for piece in source.pieces():
            found = books.feed(feed.mbo(piece))
            rows += len(found)
            lines.writelines(_csv(row) for row in found.tolist())
        resting = sum(book.orders for book in books.books.values())
        anomalies = {name: count for name, count in books.anomalies().items() if count}
        if as_json:
            answer = {
                "instruments": len(books.books),
                "rows": rows,
                "orders": resting,
                "anomalies": anomalies,
            }
            print_json(answer)
        else:
            typer.echo(f"{rows:,} rows; {resting:,} orders rest in {len(books.books):,} books")


def _csv(row: tuple[object, ...]) -> str:
    cells = (cell.decode("latin-1") if isinstance(cell, bytes) else str(cell) for cell in row)
    return ",".join(cells) + "\n"


@app.command()
def nbbo(
    file: Annotated[Path, typer.Argument(help="Quotes of several venues of one stock: a TAQ file.")],
    stale: Annotated[int, typer.Option(min=1, help="Seconds after which a quote takes no part.")] = 60,
    out: Annotated[Path | None, typer.Option("--csv", help="Write every row to this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make the best bid and offer over all venues a series: locked and crossed are states, old quotes take no part."""
    from rushtrade.feeds.events import NANO, NO_PRICE  # noqa: PLC0415
    from rushtrade.feeds.recognition import feed_for  # noqa: PLC0415
    from rushtrade.feeds.source import Source  # noqa: PLC0415
    from rushtrade.market.nbbo_series import BestQuote, NbboSeries, VenueQuote  # noqa: PLC0415

    columns = ("time", "venue", "price", "size", "ask_price", "ask_size")
    with refuse_plainly(json=as_json), Source(file) as source:
        series, feed, states = NbboSeries(stale * NANO), None, Counter[str]()
        with out.open("w", encoding="utf-8") if out else nullcontext() as lines:
            if lines:
                lines.write(",".join(BestQuote._fields) + "\n")
            for piece in [*source.pieces(), None]:
                if piece is not None and feed is None:
                    feed = feed_for(piece)
                if feed is None:
                    feed = feed_for(b"")
                events = (feed.finish() if piece is None else feed.feed(piece)).rows
                events = events[(events["action"] == b"Q") & (events["price"] != NO_PRICE)]
                quotes = zip(*(events[name].tolist() for name in columns), strict=True)
                for row in series.feed(VenueQuote(t, v.decode("latin-1"), *rest) for t, v, *rest in quotes):
                    states[row.state] += 1
                    if lines:
                        lines.write(",".join(map(str, row)) + "\n")
        seconds = {state: round(time_ns / NANO, 3) for state, time_ns in series.time_in_state.items()}
        anomalies = {name: count for name, count in series.anomalies.items() if count}
        answer = {"rows": states.total(), "states": dict(states), "seconds": seconds, "anomalies": anomalies}
        if as_json:
            print_json(answer)
        else:
            shown = ", ".join(
                f"{count:,} {state} ({seconds[state]:,.0f} s)" for state, count in states.items()
            )
            typer.echo(f"{states.total():,} rows: {shown}")


ProtocolOption = Annotated[str, typer.Option(help="mold (MoldUDP64 on two lines) or soup (SoupBinTCP).")]
HostOption = Annotated[str, typer.Option(help="Address to send to and listen on.")]
PortOption = Annotated[
    int, typer.Option(min=1, max=65_533, help="First port: mold line A; B and requests are the next two.")
]


def _check_protocol(protocol: str) -> None:
    if protocol not in PROTOCOLS:
        raise InvalidInput(f"--protocol {protocol[:20]!r} is not one of {', '.join(PROTOCOLS)}")


def _speed(text: str) -> float:
    """A multiple of the day's pace; 0 for `max`."""
    if text == "max":
        return 0.0
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 < speed <= SPEED_MAX:
        raise InvalidInput(f"--speed {text[:20]!r} is not 'max' or a number above 0 up to {SPEED_MAX:,}")
    return speed


@app.command()
def serve(
    file: Annotated[Path, typer.Argument(help="A recorded day: an ITCH 5.0 file, plain or gzipped.")],
    protocol: ProtocolOption = "mold",
    speed: Annotated[str, typer.Option(help="Multiple of the day's own pace, or max.")] = "1",
    loss: Annotated[
        float, typer.Option(help="Share of packets each line loses; soup: of batches cut off.")
    ] = 0.0,
    dup: Annotated[float, typer.Option(help="Share of packets sent twice.")] = 0.0,
    reorder: Annotated[int, typer.Option(help="Packets a packet may be late by.")] = 0,
    seed: Annotated[int, typer.Option(help="Decides which packets the faults meet.")] = 1,
    session: Annotated[str, typer.Option(help="Name of the session, up to 10 characters.")] = "RUSHTRADE",
    host: HostOption = "127.0.0.1",
    port: PortOption = PORT,
    as_json: JsonOption = False,
) -> None:
    """Publish a recorded day over the real protocols, with faults, so that clients can be tested."""
    from rushtrade.gateway.feed_day import RecordedDay  # noqa: PLC0415  - numba is asked for only when needed
    from rushtrade.gateway.feed_faults import Faults  # noqa: PLC0415
    from rushtrade.gateway.feed_server import MoldFeedServer, SoupFeedServer  # noqa: PLC0415

    with refuse_plainly(json=as_json):
        _check_protocol(protocol)
        faults = Faults(loss, dup, reorder, seed)
        faults.check()
        if protocol == "soup" and (dup or reorder):
            raise InvalidInput(
                "--dup and --reorder are faults of packets; a soup stream can only be cut off: --loss"
            )
        if not 0 < len(session.encode()) <= SESSION_BYTES:
            raise InvalidInput(f"--session {session[:20]!r} is not 1 to {SESSION_BYTES} characters")
        multiple = _speed(speed)
        day = RecordedDay(file)
        typer.echo(f"{len(day):,} messages over {protocol} at {host}:{port}", err=True)
        kind = MoldFeedServer if protocol == "mold" else SoupFeedServer
        published = _run(kind(day, session, faults, speed=multiple).run(host, port))
        if as_json:
            print_json(published)
        else:
            typer.echo(_in_words(published))


@app.command()
def watch(
    protocol: ProtocolOption = "mold",
    host: HostOption = "127.0.0.1",
    port: PortOption = PORT,
    patience: Annotated[
        float, typer.Option(min=0.1, help="Seconds of silence after which to give up.")
    ] = 30.0,
    requests: Annotated[bool, typer.Option(help="Ask again for what both lines lost.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Listen to a published day until it ends: make its books, and say whether they are known."""
    from rushtrade.gateway.feed_watch import watch_mold, watch_soup  # noqa: PLC0415

    with refuse_plainly(json=as_json):
        _check_protocol(protocol)
        if protocol == "mold":
            watched = _run(watch_mold(host, port, patience_s=patience, can_request=requests))
        else:
            watched = _run(watch_soup(host, port, patience_s=patience))
        if as_json:
            print_json(watched)
        else:
            typer.echo(_in_words(watched))
        if not (watched.known and watched.ended):
            raise typer.Exit(1)


def _run(work: Coroutine[object, object, T]) -> T:
    """Run to the end, or until the person at the terminal has had enough."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _in_words(answer: msgspec.Struct) -> str:
    lines = [
        f"{name.replace('_', ' ')}: {value}"
        for name, value in msgspec.structs.asdict(answer).items()
        if value
    ]
    return "\n".join(lines)


def print_census(console: Console, file: Path, census: Census, seconds: float) -> None:
    """Print what a person wants to see."""
    wrapped = f" in {census.container}" if census.container else ""
    console.print(f"{file.name}: {census.messages:,} messages of {census.kind}{wrapped}", highlight=False)
    table = Table()
    table.add_column("type")
    table.add_column("count", justify="right")
    for letter, count in sorted(census.counts.items(), key=lambda item: -item[1]):
        table.add_row(letter, f"{count:,}")
    console.print(table)
    if census.first:
        console.print(f"from {census.first} to {census.last}", highlight=False)
    if census.packets:
        console.print(f"{census.packets:,} packets, {census.gaps:,} gaps")
    if census.anomalies:
        words = [f"{count:,} × {name.replace('_', ' ')}" for name, count in census.anomalies.items()]
        console.print("anomalies: " + ", ".join(words))
    console.print(f"read in {seconds:.3f} s")
