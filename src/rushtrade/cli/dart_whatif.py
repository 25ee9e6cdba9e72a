"""`rushtrade dart whatif`: a past day's orders under another strategy or sequence, on the books that were stamped on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from rushtrade.app.data_directory import JOURNAL_FILE
from rushtrade.cli.journal_events import open_events
from rushtrade.cli.terminal import answer_console, print_json, refuse_plainly
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import day_number, parse_date
from rushtrade.domain.numbers import format_money

if TYPE_CHECKING:
    from rushtrade.backoffice.folding import EventFrame
    from rushtrade.quality.whatif import WhatIf

ORDERS_SHOWN = 20
"""Orders printed on the terminal, those that differ most; JSON lists all."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def whatif_command(
    day: Annotated[
        str,
        typer.Option("--day", help="A journal (file or directory), or a trade date YYYY-MM-DD of --data."),
    ],
    strategy: Annotated[str, typer.Option(help="DART, SEQUENCE, SNAPSHOT, REPEAT, SWEEP or SEEK.")] = "",
    sequence: Annotated[str, typer.Option(help="Route codes, tried left to right.")] = "",
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Where the house lives.", show_default="the user's data directory"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Plan a past day's orders again under another strategy or sequence; print what each and all would have cost."""
    from rushtrade.quality.whatif import WhatIfReader, alternative_of  # noqa: PLC0415 - compiled code

    with refuse_plainly(json=as_json):
        alternative = alternative_of(strategy, sequence)
        dated = day_number(parse_date(day)) if _DATE.fullmatch(day) else None
        reader = WhatIfReader(alternative, dated, dated)
        with _journal(day, data, dated=dated is not None) as frames:
            reader.read(frames)
        found = reader.result()
        if dated is not None and not found.days:
            raise InvalidInput(f"no order came on {day} in this journal")
        if as_json:
            print_json(found)
        else:
            _print(found)


@contextmanager
def _journal(day: str, data: Path | None, *, dated: bool) -> Iterator[Iterator[EventFrame]]:
    """Open the journal of the house, or the one that was named by its file or directory."""
    where = data if dated else Path(day)
    if not dated:
        if data is not None:
            raise InvalidInput(
                "--day names a journal already; --data goes with a trade date such as 2026-11-20"
            )
        if where is not None and where.name == JOURNAL_FILE:
            where = where.parent
        if where is None or not where.is_dir():
            raise InvalidInput(
                f"--day {day!r} is neither a trade date such as 2026-11-20 nor a directory with a {JOURNAL_FILE}"
            )
    with open_events(where) as frames:
        yield frames


def _print(found: WhatIf) -> None:
    console = answer_console()
    table = Table(
        "", "as routed", found.alternative, title=f"What if: {found.alternative}, {found.orders:,} orders"
    )
    table.add_row("cost against the midpoint, take fees in it", f"${found.cost}", f"${found.other_cost}")
    table.add_row("shown shares it left to others", f"{found.left:,}", f"{found.other_left:,}")
    console.print(table)
    if found.interval is not None:
        console.print(
            f"difference ${found.difference} over {found.shares:,} shares ({found.difference_mils} mils a share); "
            f"95 % interval ${found.interval[0]} to ${found.interval[1]} (Student's t over orders); "
            f"below zero = {found.alternative} is cheaper"
        )
    console.print(f"orders: {found.cheaper:,} cheaper, {found.dearer:,} dearer, {found.alike:,} alike")
    _print_orders(found)
    console.print("Priced by what the stamps showed when the orders came; nothing hidden, nothing after.")
    for count, why in (
        (found.nothing_shown, "met nothing within their limit: both ways rest"),
        (found.directed, "went to a route of the customer's choice"),
        (found.stops, "were stops"),
        (found.without_midpoint, "met no midpoint"),
        (found.planned_later, "came while the market was closed"),
        (found.not_legal, "are of a class in which the sequence is not legal"),
        (found.one_way_only, "were fill or kill and would have been filled one way only"),
        (found.plans_differ, "are planned otherwise today than the journal says"),
    ):
        if count:
            console.print(f"{count:,} orders {why}")


def _print_orders(found: WhatIf) -> None:
    most = sorted((one for one in found.per_order if one.difference), key=lambda one: -abs(one.difference))
    if not most:
        return
    table = Table(title=f"Orders that differ, {min(len(most), ORDERS_SHOWN)} of {len(most):,}, most first")
    for name in ("order", "symbol", "side"):
        table.add_column(name)
    for name in ("shares", "as routed", "otherwise", "difference"):
        table.add_column(name, justify="right")
    for one in most[:ORDERS_SHOWN]:
        table.add_row(
            str(one.order_id),
            one.symbol,
            one.side,
            f"{one.shares:,}",
            format_money(one.cost),
            format_money(one.other_cost),
            format_money(one.difference),
        )
    answer_console().print(table)
