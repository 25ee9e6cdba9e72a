"""`rushtrade feed`: what a recorded or captured feed holds, the books and best quotes it makes, a day served and watched."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from rushtrade.cli.feed_lines import serve, watch
from rushtrade.cli.terminal import answer_console, print_json, refuse_plainly

if TYPE_CHECKING:
    from rushtrade.feeds.census import Census

app = typer.Typer(
    name="feed",
    help="Recorded and captured feeds: count what is in a file of any kind, serve a recorded day, watch a line.",
    no_args_is_help=True,
)

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
    from rushtrade.books.mbo_books import MBP10, MboBooks  # noqa: PLC0415
    from rushtrade.feeds.dbn import DbnFeed  # noqa: PLC0415  - numba is asked for only when needed
    from rushtrade.feeds.source import Source  # noqa: PLC0415

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
    from rushtrade.market.nbbo_series import BestQuote, NbboColumns  # noqa: PLC0415

    columns = {"time": "time", "bid": "price", "bid_size": "size", "ask": "ask_price", "ask_size": "ask_size"}
    with refuse_plainly(json=as_json), Source(file) as source:
        series, feed, states = NbboColumns(stale * NANO), None, Counter[str]()
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
                rows = series.feed(events["venue"], {name: events[own] for name, own in columns.items()})
                for row in series.quotes(rows):
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


app.command()(serve)
app.command()(watch)


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
