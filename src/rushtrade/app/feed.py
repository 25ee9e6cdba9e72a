"""`rushtrade feed`: what a recorded or captured feed holds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from rushtrade.app.terminal import print_json, refuse_plainly

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
        print_census(Console(), file, census, seconds)


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
