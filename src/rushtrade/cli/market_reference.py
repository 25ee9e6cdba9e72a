"""`rushtrade market reference`: instruments with their history, venues' hours, and the file people keep of both.

Reads three things, the word that counts most first: `reference.toml` in the data center's directory (`import` writes it), what the
directories of the tick store's days said, and the world. A data center reads the file when it starts.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.box import SIMPLE
from rich.table import Table

from rushtrade.cli.terminal import answer_console, print_json, refuse_plainly
from rushtrade.domain.errors import InvalidInput, RuleMissing
from rushtrade.domain.instants import format_instant, parse_date
from rushtrade.domain.numbers import format_price

if TYPE_CHECKING:
    from rushtrade.market.instrument_history import Row
    from rushtrade.market.reference import ReferenceData
    from rushtrade.market.reference_file import ReferenceFile
    from rushtrade.rules.sessions import Session
    from rushtrade.ticks.sql import TickSql

app = typer.Typer(
    name="reference",
    help="Instruments by date with their sources, venues' hours, and the file of both that people keep.",
    no_args_is_help=True,
)
DAYS_MAX = 366
"""Days of hours shown at once: a year."""

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Where the data center lives.", show_default="'market' in the user's data directory"
    ),
]
TicksOption = Annotated[
    Path | None,
    typer.Option("--ticks", help="The tick store.", show_default="'ticks' in the data directory"),
]
WorldOption = Annotated[str, typer.Option(help="World: a built-in name or a TOML file.")]
OnOption = Annotated[str, typer.Option("--on", help="A day YYYY-MM-DD; default: the last trading day.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def _directory(data: Path | None) -> Path:
    from rushtrade.cli.market import center_directory  # noqa: PLC0415 - each knows the other

    return center_directory(data)


def _day(text: str) -> dt.date:
    import time  # noqa: PLC0415 - for this default alone

    from rushtrade.rules.calendar import new_york_calendar  # noqa: PLC0415

    return parse_date(text) if text else new_york_calendar().last_trading_day(time.time_ns())


def written_in(directory: Path) -> ReferenceFile:
    """Read what a data center's directory has written down; without a file that is nothing."""
    from rushtrade.market.reference_file import (  # noqa: PLC0415 - numba is loaded only when needed
        REFERENCE_FILE,
        ReferenceFile,
        read_reference_file,
    )

    file = directory / REFERENCE_FILE
    return read_reference_file(file) if file.exists() else ReferenceFile()


def _reference(data: Path | None, world: str) -> ReferenceData:
    from rushtrade.market.reference import ReferenceData  # noqa: PLC0415
    from rushtrade.rules.world_file import load_world  # noqa: PLC0415

    return ReferenceData(load_world(world), written_in(_directory(data)))


def _open_ticks(data: Path | None, ticks: Path | None) -> TickSql | None:
    """Open the tick store, if there is one; one that was named must be there."""
    place = ticks or _directory(data) / "ticks"
    if ticks is None and not place.is_dir():
        return None
    from rushtrade.ticks.sql import TickSql  # noqa: PLC0415

    return TickSql(place)


@app.command()
def show(
    symbol: Annotated[str, typer.Argument(help="A symbol, as it is or was.")],
    on: OnOption = "",
    world: WorldOption = "us-2026",
    data: DataOption = None,
    ticks: TicksOption = None,
    json: JsonOption = False,
) -> None:
    """Say what a symbol means on a day, and all that is known of it: rows by date with their sources, halts of the stored days."""
    from rushtrade.market.reference_file import terms_view  # noqa: PLC0415
    from rushtrade.market.stored_reference import halts_of, learn_stored  # noqa: PLC0415

    with refuse_plainly(json=json):
        reference, day, halts = _reference(data, world), _day(on), []
        sql = _open_ticks(data, ticks)
        if sql is not None:
            with sql:
                learn_stored(reference, sql, symbol)
                halts = halts_of(sql, symbol)
        known = reference.history.rows_of(symbol)
        try:
            found = reference.instrument(symbol, day)
        except InvalidInput:
            if not known or on:
                raise
            meant = None
        else:
            meant = terms_view(found.listing, found.terms, found.source)
            meant.update(day=str(day), since=str(found.since), tick=_ticks(found.ticks))
        rows = [_row(listing, row) for listing, row in known]
        states = [
            {
                "time": format_instant(each.time_ns),
                "venue": each.venue,
                "state": each.state,
                "reason": each.reason,
            }
            for each in halts
        ]
        if json:
            print_json({"symbol": symbol, "on_day": meant, "rows": rows, "states": states})
            return
        _print_instrument(symbol, day, meant, rows, states)


def _ticks(rule: Any) -> dict[str, str]:
    return {
        "from_price": format_price(rule.threshold),
        "increment": format_price(rule.increment),
        "increment_below": format_price(rule.increment_below),
    }


def _row(listing: str, row: Row) -> dict[str, Any]:
    from rushtrade.market.reference_file import terms_view  # noqa: PLC0415

    span = {"from": str(row.first), "to": None if row.last is None else str(row.last)}
    return span | terms_view(listing, row.value, row.source)


def _print_instrument(
    symbol: str,
    day: dt.date,
    meant: dict[str, Any] | None,
    rows: list[dict[str, Any]],
    states: list[dict[str, Any]],
) -> None:
    console = answer_console(soft_wrap=True)
    if meant is None:
        console.print(f"{symbol} means nothing on {day}; other days it did:")
    else:
        tick = meant["tick"]
        below = f"{tick['increment']} from {tick['from_price']} up, {tick['increment_below']} below"
        console.print(
            f"{symbol} on {day}: {meant['name']}, {meant['equity_class']}, {meant['kind']}, listing {meant['listing']}"
        )
        lot = f"{meant['round_lot']:,}" if meant["round_lot"] else "not told"
        console.print(f"  round lot {lot}; increment {below}; {_borrow(meant)}; says {meant['source']}")
    names = (
        "from",
        "to",
        "listing",
        "symbol",
        "equity_class",
        "kind",
        "primary",
        "round_lot",
        "tier",
        "easy_to_borrow",
        "suspended",
        "source",
    )
    _print_rows(names, rows)
    if states:
        console.print("Halts and short-sale tests of the stored days:")
        _print_rows(("time", "venue", "state", "reason"), states)


def _borrow(meant: dict[str, Any]) -> str:
    words = "easy to borrow" if meant["easy_to_borrow"] else "hard to borrow"
    return f"{words}, suspended" if meant["suspended"] else words


def _print_rows(names: Iterable[str], rows: list[dict[str, Any]]) -> None:
    table = Table(box=SIMPLE, pad_edge=False)
    for name in names:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in names))
    answer_console().print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


@app.command(name="list")
def list_(
    on: OnOption = "",
    world: WorldOption = "us-2026",
    data: DataOption = None,
    ticks: TicksOption = None,
    json: JsonOption = False,
) -> None:
    """List the instruments of a day, each as the word that counts most has it."""
    from rushtrade.market.reference_file import terms_view  # noqa: PLC0415
    from rushtrade.market.stored_reference import learn_stored  # noqa: PLC0415

    with refuse_plainly(json=json):
        reference, day = _reference(data, world), _day(on)
        sql = _open_ticks(data, ticks)
        if sql is not None:
            with sql:
                learn_stored(reference, sql)
        found = [reference.instrument(symbol, day) for symbol in reference.history.symbols_on(day)]
        rows = [terms_view(each.listing, each.terms, each.source) for each in found]
        if json:
            print_json({"day": str(day), "instruments": rows})
            return
        _print_rows(
            (
                "symbol",
                "name",
                "equity_class",
                "kind",
                "primary",
                "round_lot",
                "tier",
                "easy_to_borrow",
                "source",
            ),
            rows,
        )
        answer_console().print(f"{len(rows):,} instruments on {day}.")


@app.command()
def hours(
    on: OnOption = "",
    until: Annotated[str, typer.Option(help="Last day, to see several.")] = "",
    world: WorldOption = "us-2026",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show when the venues of a world trade, in New York's time, with the special days that were written down."""
    with refuse_plainly(json=json):
        reference, first = _reference(data, world), _day(on)
        last = _day(until) if until else first
        if not first <= last < first + dt.timedelta(days=DAYS_MAX):
            raise InvalidInput(f"--until {last} is not within {DAYS_MAX} days from {first} on")
        rows = [
            row
            for number in range((last - first).days + 1)
            for row in _hours_of(reference, first + dt.timedelta(number))
        ]
        if not rows:
            raise InvalidInput(f"nobody trades from {first} to {last}")
        if json:
            print_json({"first": str(first), "last": str(last), "hours": rows})
            return
        _print_rows(("day", "venue", "mic", "pre_open", "open", "close", "post_close", "source"), rows)


def _hours_of(reference: ReferenceData, day: dt.date) -> list[dict[str, Any]]:
    """Hours of the venues on a day; a venue whose hours nobody knows, or that does not trade, says so where others do."""
    special = {each.mic: each.source for each in reference.calendar.special_days(day, day)}
    rows, silent = [], []
    for venue in reference.world.venues:
        head = {"day": str(day), "venue": venue.code, "mic": venue.mic}
        try:
            session = reference.session(venue.mic, day)
        except (InvalidInput, RuleMissing) as error:
            silent.append(
                head | dict.fromkeys(("pre_open", "open", "close", "post_close")) | {"source": str(error)}
            )
            continue
        source = special.get(venue.mic) or special.get("*") or ("half day" if session.early_close else "")
        rows.append(head | _clocks(session) | {"source": source})
    return rows + silent if rows else []


def _clocks(session: Session) -> dict[str, str]:
    instants = {
        "pre_open": session.pre_open_ns,
        "open": session.open_ns,
        "close": session.close_ns,
        "post_close": session.post_close_ns,
    }
    return {name: _clock(at - session.midnight_ns) for name, at in instants.items()}


def _clock(since_midnight_ns: int) -> str:
    minute = since_midnight_ns // 60_000_000_000
    return f"{minute // 60:02}:{minute % 60:02}"


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="A TOML file of listings and special days.")],
    replace: Annotated[bool, typer.Option("--replace", help="Forget what was written down before.")] = False,
    world: WorldOption = "us-2026",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Write listings and special days down for a data center: checked as a whole first; a listing told again is replaced."""
    from rushtrade.market.reference import ReferenceData  # noqa: PLC0415
    from rushtrade.market.reference_file import REFERENCE_FILE, read_reference_file, write_reference  # noqa: PLC0415
    from rushtrade.rules.world_file import load_world  # noqa: PLC0415

    with refuse_plainly(json=json):
        newer = read_reference_file(file)
        directory = _directory(data)
        written = newer if replace else written_in(directory).with_newer(newer)
        ReferenceData(load_world(world), written)  # refuses what contradicts itself
        directory.mkdir(parents=True, exist_ok=True)
        place, fresh = directory / REFERENCE_FILE, directory / f"{REFERENCE_FILE}.new"
        fresh.write_text(write_reference(written), encoding="utf-8")
        os.replace(fresh, place)  # noqa: PTH105 - as one step
        told = {"listings": len(newer.listings), "special_days": len(newer.special_days)}
        held = {"listings": len(written.listings), "special_days": len(written.special_days)}
        if json:
            print_json({"file": str(place), "taken": told, "held": held})
            return
        answer_console(soft_wrap=True).print(
            f"{told['listings']:,} listings and {told['special_days']:,} special days taken; {place} holds "
            f"{held['listings']:,} and {held['special_days']:,}. A running data center reads it when it starts again."
        )


@app.command()
def export(
    file: Annotated[Path | None, typer.Argument(help="Where to; default: standard output.")] = None,
    learned: Annotated[
        bool,
        typer.Option(
            "--learned", help="Also what directories of stored days said, and what the world supposes."
        ),
    ] = False,
    world: WorldOption = "us-2026",
    data: DataOption = None,
    ticks: TicksOption = None,
    json: JsonOption = False,
) -> None:
    """Write reference data out: what was written down, as TOML that `import` takes, or as JSON."""
    from rushtrade.market.reference_file import ReferenceFile, WrittenListing, write_reference  # noqa: PLC0415
    from rushtrade.market.stored_reference import learn_stored  # noqa: PLC0415

    with refuse_plainly(json=json):
        reference = _reference(data, world)
        listings = [WrittenListing(name, rows) for name, rows in reference.history.written()]
        if learned:
            sql = _open_ticks(data, ticks)
            if sql is not None:
                with sql:
                    learn_stored(reference, sql)
            named = {row.value.symbol for each in listings for row in each.rows}
            listings += [
                WrittenListing(symbol, rows)
                for symbol, rows in reference.history.noticed()
                if symbol not in named
            ]
        if json:
            days = [msgspec.to_builtins(each) for each in reference.written.special_days]
            rows = [_row(each.listing, row) for each in listings for row in each.rows]
            print_json({"rows": rows, "special_days": days})
            return
        text = write_reference(ReferenceFile(listings, reference.written.special_days))
        if file is None:
            sys.stdout.write(text)
        else:
            file.write_text(text, encoding="utf-8")
            answer_console(soft_wrap=True).print(f"{len(listings):,} listings written to {file}.")
