"""`rushtrade dart scorecard`: what orders cost by route, strategy or symbol, read from the journal and, if asked, drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from rushtrade.cli.journal_events import events_after, open_events
from rushtrade.cli.terminal import answer_console, print_json, refuse_plainly
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import parse_date
from rushtrade.quality.live import LiveScorecard
from rushtrade.quality.reader import OrderReader, read_orders
from rushtrade.quality.scorecard import By, ScoreBoard, Scorecard, Span
from rushtrade.quality.scorecard_page import CAPTION, COLUMNS, cells, days, scorecard_html, scorecard_svg


def scorecard_command(
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Where the house lives.", show_default="the user's data directory"),
    ] = None,
    first: Annotated[
        str, typer.Option("--from", help="First trade date YYYY-MM-DD; default: from the beginning.")
    ] = "",
    last: Annotated[str, typer.Option("--to", help="Last trade date YYYY-MM-DD; default: to the end.")] = "",
    by: Annotated[By, typer.Option("--by", help="What a row is.")] = By.ROUTE,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Draw the cost a share of each row into this file.")
    ] = None,
) -> None:
    """Show what came of orders: fill rate, rejects, time to fill, spreads, improvement, fees, cost against the arrival midpoint."""
    with refuse_plainly(json=as_json):
        found = read_scorecard(data, by, span_of(first, last))
        if svg is not None:
            svg.write_text(scorecard_svg(found), encoding="utf-8")
        if as_json:
            print_json(found)
        else:
            _print(found)


def span_of(first: str, last: str) -> Span:
    """Read two trade dates; either may be left out."""
    span = Span(parse_date(first) if first else None, parse_date(last) if last else None)
    if span.first and span.last and span.first > span.last:
        raise InvalidInput(f"--from {first} lies after --to {last}; the first day comes first")
    return span


def read_scorecard(data: Path | None, by: By, span: Span) -> Scorecard:
    """Read a house's journal into a scorecard."""
    reader = OrderReader()
    board = ScoreBoard(by, span, reader.horizons_ns)
    with open_events(data) as frames:
        board.add(read_orders(frames, reader), reader.names)
    return board.scorecard(reader.names.firm)


def scorecard_port(directory: Path) -> Callable[[str, str, int], bytes]:
    """Make what a running house shows of its own journal: rows by name, as a page or as JSON; of an account, or (0) of all."""
    live = LiveScorecard(lambda frame_seq: events_after(directory, frame_seq))

    def show(by: str, form: str, account_id: int) -> bytes:
        found = live.look(By(by), account_id)
        return scorecard_html(found).encode() if form == "html" else msgspec.json.encode(found)

    return show


def _print(found: Scorecard) -> None:
    table = Table(
        title=f"{found.firm}: execution quality by {found.by}, {days(found)}",
        caption=CAPTION,
    )
    table.add_column(found.by)
    for name in COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for place, row in enumerate([*found.rows, found.total]):
        is_last = place == len(found.rows) - 1
        style = "bold" if place == len(found.rows) else ""
        table.add_row(row.name, *cells(row), style=style, end_section=is_last)
    console = answer_console()
    console.print(table)
    console.print(
        f"{found.orders:,} orders came; {found.without_quote:,} executed shares met no known midpoint and count in no cost."
    )
