"""`rushtrade report`: what the back office reads from a house's journal, on the terminal, as JSON, or as files.

Each command opens the journal for reading only (the house may be running), folds it, and prints. The figures are the
back office's; only their layout on the terminal is made here.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rushtrade.backoffice.blotter import Blotter, Ticket
from rushtrade.backoffice.books import Books
from rushtrade.backoffice.cash import cash
from rushtrade.backoffice.clearing_files import LIQUIDITY_LETTERS, ClearingDay, read_day, write_day
from rushtrade.backoffice.clearing_tie import Difference, differences
from rushtrade.backoffice.directory import Directory
from rushtrade.backoffice.folding import fold, fold_to_close
from rushtrade.backoffice.positions import positions
from rushtrade.backoffice.volume_report import METRICS, VolumeReport, parse_month, volume_report
from rushtrade.cli.journal_events import open_events
from rushtrade.cli.report_quality import report_605, report_606, report_marks
from rushtrade.cli.terminal import answer_console, print_json, refuse_plainly
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import format_instant, parse_date
from rushtrade.domain.numbers import format_cents, format_money, format_price
from rushtrade.domain.transfers import CASH, LedgerCode, code_of

DOES_NOT_TIE = 1
"""Exit code when books and files, or debits and credits, disagree."""
DIFFERENCES_SHOWN_MAX = 20
"""Differences printed on the terminal; JSON lists all."""

TOTAL = "total"

report = typer.Typer(help="Reports of the back office, read from the journal.", no_args_is_help=True)
report.command("605")(report_605)
report.command("606")(report_606)
report.command("order-marks")(report_marks)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Where the house lives.", show_default="the user's data directory"),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
TradeDate = Annotated[str, typer.Option("--date", help="Trade date YYYY-MM-DD.")]


@report.command()
def volume(
    month: Annotated[str, typer.Option(help="Month YYYY-MM.")],
    data: Data = None,
    json: Json = False,
    pdf: Annotated[Path | None, typer.Option(help="Write the report as one page of PDF.")] = None,
) -> None:
    """Print the monthly trade volume report beside the same month a year before."""
    with refuse_plainly(json=json):
        with open_events(data) as frames:
            found = volume_report(frames, parse_month(month))
        if pdf is not None:
            from rushtrade.backoffice.volume_pdf import volume_pdf  # noqa: PLC0415  - typst is loaded when a page is set

            pdf.write_bytes(volume_pdf(found))
        if json:
            print_json(found.as_json())
        else:
            print_volume(found, answer_console())


def print_volume(found: VolumeReport, console: Console) -> None:
    """Print the report as a table with the definition under each line."""
    table = Table(title=f"{found.firm}: trade volume, {found.current.month.title}", show_lines=True)
    table.add_column("", max_width=72)
    table.add_column(str(found.current.month), justify="right", no_wrap=True)
    table.add_column(str(found.current.month.year_before), justify="right", no_wrap=True)
    table.add_column("change", justify="right", no_wrap=True)
    for row, metric in zip(found.rows, METRICS, strict=True):
        sign = "$" if row.metric == "customer_assets" else ""
        name = Text.assemble((metric.title, "bold"), "\n", (metric.definition, "dim"))
        prior = f"{sign}{row.prior:,}" if found.prior is not None else "not on the books"
        table.add_row(name, f"{sign}{row.current:,}", prior, Text(row.change, "bold"))
    console.print(table)
    console.print(
        f"{found.current.sessions} trade dates, the last one {found.current.last_session}; "
        f"read from the journal up to command {found.current.seq:,}."
    )
    if found.current.note:
        console.print(Text(found.current.note, "bold"))


@report.command()
def blotter(date: TradeDate, data: Data = None, json: Json = False) -> None:
    """Print the trade tickets of a closed day."""
    with refuse_plainly(json=json):
        day, _, _ = read_clearing_day(data, parse_date(date))
        if json:
            tickets = [_ticket_json(ticket) for ticket in day.tickets]
            print_json({"firm": day.firm, "trade_date": date, "seq": day.seq, "tickets": tickets})
        else:
            _print_blotter(day, answer_console())


def _ticket_json(ticket: Ticket) -> dict[str, object]:
    money = ("principal", "commission", "sec_fee", "taf", "cat_fee", "net")
    return {
        "order_id": ticket.order_id,
        "account": ticket.account_number,
        "symbol": ticket.symbol,
        "side": ticket.side,
        "quantity": ticket.shares,
        "average_price": ticket.average_price,
        **{name: format_money(getattr(ticket, name)) for name in money},
        "trade_date": ticket.trade_date.isoformat(),
        "settlement_date": ticket.settlement_date.isoformat(),
        "fills": [
            {
                "seq": fill.seq,
                "time": format_instant(fill.time_ns),
                "venue": fill.venue,
                "match_number": fill.match_number,
                "quantity": fill.shares,
                "price": format_price(fill.price),
                "liquidity": LIQUIDITY_LETTERS[fill.liquidity],
            }
            for fill in ticket.fills
        ],
        "transfers": ticket.transfer_ids,
    }


def _print_blotter(day: ClearingDay, console: Console) -> None:
    table = Table(title=f"{day.firm}: blotter of {day.trade_date}", box=SIMPLE, pad_edge=False)
    for name in ("order", "account", "symbol", "side"):
        table.add_column(name, no_wrap=True)
    for name in ("quantity", "average", "charges", "net"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("routes")
    for ticket in day.tickets:
        routes = dict.fromkeys(fill.venue for fill in ticket.fills)
        table.add_row(
            str(ticket.order_id),
            ticket.account_number,
            ticket.symbol,
            ticket.side,
            f"{ticket.shares:,}",
            ticket.average_price,
            format_cents(ticket.commission + ticket.sec_fee + ticket.taf + ticket.cat_fee),
            format_cents(ticket.net),
            " ".join(routes),
        )
    console.print(table)
    executed = sum(ticket.shares for ticket in day.tickets)
    console.print(
        f"{len(day.tickets):,} tickets, {executed:,} shares; journal to command {day.seq:,}. "
        "Every execution, fee and transfer id: --json."
    )


@report.command()
def clearing(
    date: TradeDate,
    out: Annotated[Path, typer.Option(help="Directory the files go to.", file_okay=False)],
    data: Data = None,
    json: Json = False,
) -> None:
    """Write a closed day's trade, position and cash files for the clearing firm, after checking that they tie."""
    with refuse_plainly(json=json):
        day, books, directory = read_clearing_day(data, parse_date(date))
        files, wrong = clearing_files(day, books, directory)
        if not wrong:
            write_files(out, files)
        summary = {
            "firm": day.firm,
            "trade_date": date,
            "seq": day.seq,
            "tickets": len(day.tickets),
            "positions": len(day.positions),
            "accounts": len(day.cash),
            "ties": not wrong,
            "differences": wrong,
            "files": [] if wrong else [str(out / name) for name in files],
        }
        if json:
            print_json(summary)
        else:
            _print_clearing(day, wrong, out, files)
        if wrong:
            raise typer.Exit(DOES_NOT_TIE)


def read_clearing_day(data: Path | None, trade_date: dt.date) -> tuple[ClearingDay, Books, Directory]:
    """Fold a journal to the close of a day into the rows of its clearing files, and the books they must tie to."""
    directory, books, tickets = Directory(), Books(), Blotter()
    with open_events(data) as frames:
        end = fold_to_close(frames, trade_date, directory, books, tickets)
    day = ClearingDay(
        firm=directory.firm,
        trade_date=trade_date,
        seq=end.seq,
        closed_ns=end.time_ns,
        tickets=tuple(tickets.tickets(directory)),
        positions=tuple(positions(books, directory)),
        cash=tuple(cash(books, directory)),
    )
    return day, books, directory


def clearing_files(
    day: ClearingDay, books: Books, directory: Directory
) -> tuple[dict[str, bytes], list[Difference]]:
    """Give a day's files, and what in them, read back, does not agree with executions and ledger."""
    files = write_day(day)
    return files, differences(read_day(day.trade_date, files), books, directory)


def write_files(out: Path, files: dict[str, bytes]) -> None:
    """Put files into a directory, each complete or not at all; one that was sent before is never changed."""
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = out / name
        if path.exists() and path.read_bytes() != content:
            raise InvalidInput(
                f"{path} exists and holds something else; files that were sent are never changed"
            )
    for name, content in files.items():
        part = out / f"{name}.part"
        part.write_bytes(content)
        part.replace(out / name)


def _print_clearing(day: ClearingDay, wrong: list[Difference], out: Path, files: dict[str, bytes]) -> None:
    console = answer_console()
    console.print(
        f"{day.firm}, {day.trade_date}, journal to command {day.seq:,}: {len(day.tickets):,} tickets, "
        f"{len(day.positions):,} positions, {len(day.cash):,} accounts"
    )
    if not wrong:
        console.print("Files tie to executions and ledger.")
        for name, content in files.items():
            console.print(f"  {out / name}  {len(content):,} bytes")
        return
    console.print(f"{len(wrong):,} differences; nothing was written.", style="bold")
    for difference in wrong[:DIFFERENCES_SHOWN_MAX]:
        console.print(
            f"  {difference.what}, {difference.key}: files {difference.files}, books {difference.books} {difference.unit}"
        )


@report.command("trial-balance")
def trial_balance(
    date: Annotated[str, typer.Option("--date", help="At the close of this trade date; default: now.")] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """Print debits and credits of every account of the chart, in money and in every security."""
    with refuse_plainly(json=json):
        directory, books = Directory(), Books()
        with open_events(data) as frames:
            if date:
                fold_to_close(frames, parse_date(date), directory, books)
            else:
                fold(frames, directory, books)
        lines = trial_lines(books, directory)
        balanced = not any(books.ledger.trial_balance().values())
        if json:
            print_json({"firm": directory.firm, "date": date or None, "balanced": balanced, "lines": lines})
        else:
            _print_trial(directory.firm, lines, balanced=balanced)
        if not balanced:
            raise typer.Exit(DOES_NOT_TIE)


class TrialLine(msgspec.Struct, frozen=True):
    """One account of the chart in one asset, customers together: dollars as decimal text, or shares."""

    asset: str
    account: str
    debit: str
    credit: str


def trial_lines(books: Books, directory: Directory) -> list[TrialLine]:
    """Sum balances by asset and account of the chart; the last line of an asset is its total."""
    sums: dict[int, dict[LedgerCode, int]] = {}
    for account, asset, amount in books.ledger.balances():
        codes = sums.setdefault(asset, {})
        code = code_of(account)
        codes[code] = codes.get(code, 0) + amount
    lines: list[TrialLine] = []
    for asset, codes in sorted(sums.items()):
        name = "USD" if asset == CASH else directory.symbol(asset)
        shown = format_money if asset == CASH else str
        for code, amount in sorted(codes.items()):
            debit, credit = (shown(-amount), "") if amount < 0 else ("", shown(amount))
            lines.append(TrialLine(name, code.name.lower().replace("_", " "), debit, credit))
        debits = -sum(amount for amount in codes.values() if amount < 0)
        lines.append(TrialLine(name, TOTAL, shown(debits), shown(debits + sum(codes.values()))))
    return lines


def _print_trial(firm: str, lines: list[TrialLine], *, balanced: bool) -> None:
    console = answer_console()
    table = Table("asset", "account", title=f"{firm}: trial balance")
    table.add_column("debit", justify="right", no_wrap=True)
    table.add_column("credit", justify="right", no_wrap=True)
    for line in lines:
        total = line.account == TOTAL
        style = "bold" if total else ""
        table.add_row(line.asset, line.account, line.debit, line.credit, style=style, end_section=total)
    console.print(table)
    console.print("Balanced in every asset." if balanced else Text("DOES NOT BALANCE", "bold"))
