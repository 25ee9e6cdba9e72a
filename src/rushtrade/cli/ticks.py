"""`rushtrade ticks`: the tick store. Files brought in, asked in SQL, taken out again, checked, and judged."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from rushtrade.app.data_directory import data_directory
from rushtrade.cli.terminal import ProgressBars, answer_console, print_json, printable, refuse_plainly
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import parse_date
from rushtrade.domain.numbers import format_fine_price, format_price

if TYPE_CHECKING:
    import pyarrow as pa

    from rushtrade.archive.mbo_replay import Level
    from rushtrade.ticks.verification import Verified

app = typer.Typer(
    name="ticks",
    help="The tick store: import files of every kind, ask in SQL, export, verify, judge the quality of a day.",
    no_args_is_help=True,
)

STORE_FOLDER = "ticks"
FORMATS = ("table", "json", "csv", "arrow", "parquet")
ROWS_SHOWN = 40
"""Rows a table on the terminal shows; files and pipes get all."""

StoreOption = Annotated[
    Path | None, typer.Option("--store", help="The store's directory.", show_default="ticks/ in the house's")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DayArgument = Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="The trade date.")]


@app.callback()
def ticks() -> None:
    """The tick store."""


def store_directory(given: Path | None) -> Path:
    """Where the store lies: as told, else beside the house."""
    return given if given is not None else data_directory(None) / STORE_FOLDER


@app.command("import")
def import_command(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="ITCH 5.0, pcap, DBN, LOBSTER (messages and orderbook together), IEX, TAQ, bars."
        ),
    ],
    date: Annotated[str, typer.Option(help="Trade date YYYY-MM-DD; default: in the file or its name.")] = "",
    venue: Annotated[str, typer.Option(help="Name of the venue, where the file does not say.")] = "",
    symbol: Annotated[str, typer.Option(help="The stock, where neither file nor name say.")] = "",
    depth: Annotated[
        bool, typer.Option("--mbp-10", help="Make ten levels after every event as well.")
    ] = False,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Take the place, as a whole, of earlier imports of the same venues that day."
        ),
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring files of one day into the store, those that belong together at once.

    A file it has already is passed over. A venue the day has already is refused, for it would count twice. An import that is
    interrupted leaves nothing behind.
    """
    from rushtrade.market.ticks import derive_all  # noqa: PLC0415  - numba and Arrow are asked for only when needed
    from rushtrade.ticks.importing import Given, import_files  # noqa: PLC0415

    with refuse_plainly(json=as_json), ProgressBars() as bar:
        given = Given(parse_date(date) if date else None, venue, symbol.strip().upper())
        answer = import_files(
            store_directory(store),
            files,
            given,
            replace=replace,
            derive=lambda writer: derive_all(writer, depth=depth),
            progress=bar,
        )
    if as_json:
        print_json(answer)
        return
    console = answer_console()
    for name in answer.already:
        console.print(f"{printable(name)}: the store has it already")
    if answer.replaced:
        console.print(f"in the place of {printable(', '.join(answer.replaced))}")
    if answer.files:
        rows = ", ".join(f"{count:,} {name}" for name, count in answer.rows.items())
        console.print(f"{answer.trade_date}: {answer.messages:,} messages became {rows}")
    if answer.anomalies:
        words = (f"{count:,} × {name.replace('_', ' ')}" for name, count in answer.anomalies.items())
        console.print("anomalies: " + ", ".join(words))


@app.command("list")
def list_command(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Show the days a store has, sealed or live."""
    from rushtrade.market.ticks import open_store  # noqa: PLC0415

    with refuse_plainly(json=as_json), open_store(store_directory(store)) as ticks:
        found = ticks.days()
    if as_json:
        print_json(found)
        return
    if not found:
        typer.echo("no days yet: `rushtrade ticks import FILE` brings one in")
        return
    table = Table()
    for heading in ("day", "state", "MB", "symbols", "rows"):
        table.add_column(heading, justify="right" if heading in ("MB", "symbols") else "left")
    for day in found:
        rows = ", ".join(f"{count:,} {name}" for name, count in day.rows.items())
        table.add_row(day.trade_date, day.state, f"{day.bytes / 1e6:,.1f}", f"{day.symbols:,}", rows)
    answer_console().print(table)


@app.command()
def query(
    sql: Annotated[
        str,
        typer.Argument(
            help="One SELECT over trades, mbo, bbo, tbbo, mbp_10, ohlcv_1m, status and the other schemas."
        ),
    ],
    store: StoreOption = None,
    form: Annotated[
        str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}; default: by the name of --out.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Write to this file; arrow and parquet need it.")] = None,
    seconds: Annotated[float, typer.Option(min=0.01, max=86_400, help="Give up after so long.")] = 60.0,
    memory_mb: Annotated[int, typer.Option(min=64, max=1 << 20, help="Memory the engine may use.")] = 2048,
    as_json: JsonOption = False,
) -> None:
    """Ask the store in SQL. Prices are exact decimals in dollars, times are UTC, nothing can be changed."""
    from rushtrade.market.ticks import EXPORTS, open_store, write_table  # noqa: PLC0415
    from rushtrade.ticks.sql import QueryLimits  # noqa: PLC0415

    with refuse_plainly(json=as_json):
        named = EXPORTS.get(out.suffix, "csv") if out is not None else "table"
        form = "json" if as_json else form or named
        if form not in FORMATS:
            raise InvalidInput(f"--format {form[:20]!r} is not one of {', '.join(FORMATS)}")
        if form in {"arrow", "parquet"} and out is None:
            raise InvalidInput(f"--format {form} is not for terminals: --out FILE would pass")
        limits = QueryLimits(seconds=seconds, memory_mb=memory_mb)
        with open_store(store_directory(store), limits) as ticks:
            answer = ticks.query(sql)
        if out is not None:
            write_table(answer, out, "csv" if form == "table" else form)
            typer.echo(f"{answer.num_rows:,} rows in {printable(str(out))}", err=True)
        else:
            _print(answer, form)


def _print(answer: pa.Table, form: str) -> None:
    from rushtrade.market.ticks import csv_text, json_rows  # noqa: PLC0415

    if form == "json":
        print_json({"columns": answer.column_names, "rows": json_rows(answer), "count": answer.num_rows})
    elif form == "csv":
        sys.stdout.write(csv_text(answer))
    else:
        table = Table()
        for name in answer.column_names:
            table.add_column(name)
        shown = answer.slice(0, ROWS_SHOWN) if sys.stdout.isatty() else answer
        for row in json_rows(shown):
            table.add_row(*("" if cell is None else printable(str(cell)) for cell in row.values()))
        console = answer_console()
        console.print(table)
        console.print(f"{answer.num_rows:,} rows")


@app.command()
def export(
    day: DayArgument,
    out: Annotated[Path, typer.Argument(help="Where to: a .csv, .parquet, .arrow or .itch file.")],
    schema: Annotated[
        str, typer.Option(help="trades, mbo, bbo, mbp-10, ohlcv-1m …; of .itch: not asked.")
    ] = "trades",
    symbol: Annotated[list[str] | None, typer.Option(help="Only these stocks; may be repeated.")] = None,
    begin: Annotated[
        str, typer.Option("--from", help="From this time on: HH:MM:SS in New York, or RFC 3339.")
    ] = "",
    end: Annotated[str, typer.Option("--to", help="Before this time.")] = "",
    venue: Annotated[
        str, typer.Option(help="Only this venue; of .itch: which one, when there are several.")
    ] = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a day's rows to a file, or a venue's messages as an ITCH 5.0 file that can be served again."""
    from rushtrade.market.ticks import export_day  # noqa: PLC0415

    with refuse_plainly(json=as_json):
        span = _span(parse_date(day), begin, end)
        rows = export_day(store_directory(store), parse_date(day), out, schema, symbol or [], span, venue)
    if as_json:
        print_json({"file": printable(str(out)), "rows": rows})
    else:
        typer.echo(f"{rows:,} {'messages' if out.suffix == '.itch' else 'rows'} in {printable(str(out))}")


def _span(day: dt.date, begin: str, end: str) -> tuple[int | None, int | None]:
    """Two instants, None where nothing was said."""
    from rushtrade.market.ticks import instant_of  # noqa: PLC0415

    span = (instant_of(day, begin) if begin else None, instant_of(day, end) if end else None)
    if span[0] is not None and span[1] is not None and span[0] >= span[1]:
        raise InvalidInput(f"--from {begin[:40]} is not before --to {end[:40]}")
    return span


@app.command()
def verify(
    day: Annotated[
        str, typer.Argument(metavar="[YYYY-MM-DD]", help="The trade date; default: every day.")
    ] = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check bytes, counts, order and registers of sealed days, and every flush of a live one. Exit code 1 for damage."""
    from rushtrade.ticks.days import days  # noqa: PLC0415
    from rushtrade.ticks.verification import verify_day  # noqa: PLC0415

    with refuse_plainly(json=as_json):
        root = store_directory(store)
        chosen = [parse_date(day)] if day else days(root)
        found = [verify_day(root, each) for each in chosen]
    if as_json:
        print_json({"sound": all(each.sound for each in found), "days": found})
    else:
        for each in found:
            _print_verified(each)
        if not found:
            typer.echo("no days: there is nothing to check")
    if not all(each.sound for each in found):
        raise typer.Exit(1)


def _print_verified(found: Verified) -> None:
    verdict = "sound" if found.sound else "DAMAGED"
    live = f", {found.live_rows:,} live rows" if found.live_rows else ""
    console = answer_console(soft_wrap=True)
    console.print(f"{found.trade_date}: {verdict}, {found.files} files, {found.rows:,} rows{live}")
    for finding in found.findings:
        console.print(f"  {finding.kind}: {printable(finding.where)}: {printable(finding.what)}")


@app.command()
def seal(day: DayArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Seal a day whose writer was ended before it could. Can be interrupted and repeated."""
    from rushtrade.market.ticks import finish_day  # noqa: PLC0415
    from rushtrade.ticks.writer import TickWriter  # noqa: PLC0415

    with refuse_plainly(json=as_json), ProgressBars() as bar:
        root, date = store_directory(store), parse_date(day)
        if not (root / date.isoformat()).is_dir():
            raise InvalidInput(f"{root} has no day {date}; `rushtrade ticks list` says which there are")
        with TickWriter(root, date) as writer:
            manifest = finish_day(writer, 0, bar)
    rows = sum(file.rows for file in manifest.files)
    if as_json:
        print_json({"trade_date": day, "files": len(manifest.files), "rows": rows})
    else:
        typer.echo(f"{day}: {rows:,} rows in {len(manifest.files)} files")


@app.command()
def quality(
    day: DayArgument,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report as a page with pictures.")
    ] = None,
    published: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Bars somebody else published, to compare our own with."),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge a day: gaps of lines, lag, crossed and locked time, outliers, own bars beside published ones."""
    from rushtrade.archive.day_quality import judge_day  # noqa: PLC0415
    from rushtrade.archive.quality_page import page, verdict  # noqa: PLC0415

    with refuse_plainly(json=as_json):
        report = judge_day(store_directory(store), parse_date(day), published)
        if html is not None:
            html.write_text(page(report), encoding="utf-8")
    if as_json:
        print_json(report)
        return
    console = answer_console(soft_wrap=True)
    console.print(verdict(report))
    for line in report.lines:
        console.print(
            f"{line.venue}: {line.messages:,} messages, {line.gaps:,} gaps, {line.missing:,} missing"
        )
    for note in report.notes:
        console.print(note)
    if html is not None:
        console.print(f"the whole report is in {printable(str(html))}")


@app.command()
def at(
    day: DayArgument,
    symbol: Annotated[str, typer.Argument(help="The stock.")],
    time: Annotated[str, typer.Argument(help="HH:MM:SS.nnn in New York, or RFC 3339.")],
    depth: Annotated[int, typer.Option(min=1, max=100, help="Levels of each side.")] = 5,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how the market of a stock stood at an instant: every venue's book, the best quote, the last sale."""
    from rushtrade.market.stored_moment import told  # noqa: PLC0415
    from rushtrade.market.ticks import instant_of, open_store  # noqa: PLC0415

    with refuse_plainly(json=as_json), open_store(store_directory(store)) as ticks:
        moment = ticks.at(instant_of(parse_date(day), time), symbol.strip().upper(), depth=depth)
    if as_json:
        print_json(told(moment))
        return
    console = answer_console()
    quote = moment.nbbo
    if quote is not None:
        bid, ask = (format_price(price) if price else "none" for price in (quote.bid, quote.ask))
        console.print(f"{bid} × {quote.bid_shares:,}  {ask} × {quote.ask_shares:,}  {quote.state}")
    for venue in moment.venues:
        known = "" if venue.known else ": not known, its line had a hole"
        table = Table(title=f"{venue.venue}{known}", title_justify="left")
        for name in ("orders", "shares", "bid", "ask", "shares", "orders"):
            table.add_column(name, justify="right")
        for place in range(max(len(venue.bids), len(venue.asks))):
            table.add_row(*_half(venue.bids, place), *_half(venue.asks, place)[::-1])
        console.print(table)
    last = format_fine_price(moment.last_price)
    console.print(f"last sale {last}" if moment.last_price else "no sale before that")


def _half(levels: list[Level], place: int) -> tuple[str, str, str]:
    """Orders, shares and price of a level."""
    if place >= len(levels):
        return "", "", ""
    level = levels[place]
    return f"{level.orders:,}", f"{level.size:,}", format_fine_price(level.price)


@app.command()
def replay(
    day: DayArgument,
    begin: Annotated[
        str, typer.Option("--from", help="Begin at this time: HH:MM:SS in New York, or RFC 3339.")
    ] = "",
    end: Annotated[str, typer.Option("--to", help="End at this time.")] = "",
    speed: Annotated[str, typer.Option(help="Multiple of the day's own pace, or max.")] = "max",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play a stored span through books, tape and best quotes again, and show how the market stands at its end."""
    from rushtrade.archive.replay import StoredReplay, speed_of  # noqa: PLC0415
    from rushtrade.cli.replay_run import run_replay  # noqa: PLC0415

    with refuse_plainly(json=as_json), ProgressBars() as bar:
        date = parse_date(day)
        first, last = _span(date, begin, end)
        played = StoredReplay(
            store_directory(store), date, speed=speed_of(speed), begin_ns=first, end_ns=last
        )
        answer = run_replay(played, bar)
    if as_json:
        print_json(answer)
        return
    rate = f", {answer.messages / answer.seconds / 1e6:.2f} million a second" if answer.seconds else ""
    typer.echo(f"{answer.messages:,} messages in {answer.seconds:.1f} s{rate}; it is {answer.until}")
    table = Table()
    for name in ("symbol", "bid", "ask", "last", "volume", "state"):
        table.add_column(name, justify="left" if name in ("symbol", "state") else "right")
    for row in answer.stocks[:ROWS_SHOWN]:
        table.add_row(row.symbol, row.bid, row.ask, row.last, f"{row.volume:,}", row.state)
    answer_console().print(table)
