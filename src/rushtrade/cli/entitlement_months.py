"""`rushtrade entitlements publish | charge | usage | limits`: the price list, a month's fees, what exchanges are told, what one client may ask."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.table import Table

from rushtrade.api.limits import MEANINGS, Limits, changed_limits, read_limits, write_limits
from rushtrade.app.data_directory import JOURNAL_FILE, data_directory
from rushtrade.app.entitlement_desk import read_usage
from rushtrade.app.price_lists import publish_price_list
from rushtrade.app.trading_day import open_core
from rushtrade.cli.data_desk import open_desk, read_register
from rushtrade.cli.terminal import answer_console, print_json, refuse_plainly
from rushtrade.core.clocks import MarketClock
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import format_money
from rushtrade.entitlements.months import month_text, parse_month
from rushtrade.entitlements.price_list import BUILT_IN, load_price_list
from rushtrade.entitlements.usage_files import usage_csv, usage_pdf
from rushtrade.entitlements.usage_report import UsageReport
from rushtrade.journal.errors import JournalLocked

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Where the house lives.", show_default="the user's data directory"),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def limits(
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            help="What to change, as NAME=VALUE; NAME= is the usual value again.", show_default="none"
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show or change the bounds of one client: requests, sockets, symbols, and what the feed iex means."""
    with refuse_plainly(json=json):
        directory = data_directory(data)
        if not (directory / JOURNAL_FILE).exists():
            raise InvalidInput(f"there is no house in {directory}")
        now = read_limits(directory)
        if changes:
            now = changed_limits(now, changes)
            write_limits(directory, now)
        usual = Limits()
        rows = [(name, getattr(now, name), getattr(usual, name), text) for name, text in MEANINGS.items()]
        if json:
            print_json({"limits": {name: value for name, value, _, _ in rows}})
            return
        table = Table("limit", "is", "usually", "of", box=SIMPLE, pad_edge=False)
        for name, value, usually, text in rows:
            table.add_row(name, _limit_text(value), "" if value == usually else _limit_text(usually), text)
        answer_console().print(table)
        if changes:
            answer_console(soft_wrap=True).print("A running house goes by them when it starts again.")


def _limit_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def publish(
    file: Annotated[str, typer.Argument(help=f"A TOML file, or the built-in list {BUILT_IN}.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a price list that of a stopped house; a running one takes it with --price-list at its start."""
    with refuse_plainly(json=json):
        listed = load_price_list(file)
        directory = data_directory(data)
        if not (directory / JOURNAL_FILE).exists():
            raise InvalidInput(f"there is no house in {directory}")
        try:
            core, journal = open_core(directory, MarketClock(0))
        except JournalLocked:
            raise InvalidInput(
                f"the house in {directory} is running; stop it and start it with --price-list {file}"
            ) from None
        try:
            publish_price_list(core, listed)
            core.close()
        finally:
            journal.close()
        if json:
            print_json(
                {"name": listed.name, "products": len(listed.products), "agreements": len(listed.agreements)}
            )
        else:
            answer_console(soft_wrap=True).print(
                f"{listed.name}: {len(listed.products)} products and {len(listed.agreements)} agreements are the house's."
            )


def charge(
    month: Annotated[str, typer.Option(help="Month YYYY-MM; it must be over.")],
    user: Annotated[str, typer.Option(help="One subscriber; default: all.")] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """Charge a month's fees through the ledger: each product of each subscriber once, however often it is asked."""
    with refuse_plainly(json=json):
        wanted = parse_month(month)
        found = read_register(data_directory(data))
        number = found.subscriber(user).subscriber_id if user else 0
        with open_desk(data_directory(data)) as desk:
            charged = desk.charge(wanted, number)
        if json:
            print_json(charged)
            return
        names = {row.subscriber_id: row.user for row in found.register.subscribers.values()}
        table = Table(box=SIMPLE, pad_edge=False)
        for name in ("user", "account", "product", "use", "class"):
            table.add_column(name)
        for name in ("displays", "queries", "amount"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in charged.charges:
            table.add_row(
                names.get(row.subscriber_id, ""), str(row.account_id), row.product, row.use.replace("_", "-"), row.status.replace("_", "-"),
                f"{row.displays:,}", f"{row.queries:,}", row.amount,
            )  # fmt: skip
        console = answer_console()
        console.print(table)
        console.print(f"{charged.month}: {charged.total} charged, command {charged.command_seq:,}.")


def usage(
    month: Annotated[str, typer.Option(help="Month YYYY-MM.")],
    csv: Annotated[Path | None, typer.Option(help="Write the lines by product as CSV.")] = None,
    users_csv: Annotated[Path | None, typer.Option(help="Write every user's lines as CSV.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write the report as PDF.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Print the month's usage report by exchange and product, read from the journal."""
    with refuse_plainly(json=json):
        found = read_usage(data_directory(data) / JOURNAL_FILE, parse_month(month))
        if csv is not None:
            csv.write_bytes(usage_csv(found))
        if users_csv is not None:
            users_csv.write_bytes(usage_csv(found, users=True))
        if pdf is not None:
            pdf.write_bytes(usage_pdf(found))
        if json:
            print_json(found.as_json())
        else:
            _print_usage(found)


def _print_usage(found: UsageReport) -> None:
    table = Table(
        title=f"{found.firm}: market data usage, {month_text(found.month)}", box=SIMPLE, pad_edge=False
    )
    for name in ("exchange", "product"):
        table.add_column(name)
    for name in ("users", "prof.", "non-prof.", "displays", "programs", "queries", "delayed", "charged"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found.lines:
        counts = (
            row.users, row.professional, row.non_professional, row.displays, row.non_display, row.queries, row.delayed,
        )  # fmt: skip
        table.add_row(
            row.exchange, row.product, *(f"{count:,}" for count in counts), format_money(row.charged)
        )
    console = answer_console()
    console.print(table)
    console.print(
        f"Read from the journal up to command {found.seq:,}. Every user behind it: --json or --users-csv."
    )
