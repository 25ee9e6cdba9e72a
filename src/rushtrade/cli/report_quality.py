"""`rushtrade report 605`, `606` and `order-marks`: how well orders were executed, where they went, how they are marked."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from rushtrade.backoffice.volume_report import Month, parse_month
from rushtrade.cli.journal_events import open_events
from rushtrade.cli.terminal import answer_console, print_json, refuse_plainly
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import SECOND, day_number, format_instant, parse_date
from rushtrade.quality.customer_report import CustomerCounter, CustomerReport, HandlingReport
from rushtrade.quality.disclosures import read_disclosures
from rushtrade.quality.execution_report import ExecutionCounter, ExecutionReport
from rushtrade.quality.marks import MarkedOrder, marked
from rushtrade.quality.reader import OrderReader, read_orders
from rushtrade.quality.report_pdf import execution_csv, execution_pdf, routing_pdf
from rushtrade.quality.routing_page import routing_html
from rushtrade.quality.routing_report import (
    Quarter,
    RoutingCounter,
    RoutingReport,
    Section,
    parse_quarter,
)
from rushtrade.quality.routing_xml import customer_xml, handling_xml, public_xml

ORDERS_SHOWN_MAX = 200
"""Orders printed on the terminal; XML and JSON hold all."""


class CustomerReports(msgspec.Struct, frozen=True):
    """What one customer is told: held and not held orders."""

    held: CustomerReport
    not_held: HandlingReport


def report_606(
    quarter: Annotated[str, typer.Option(help="Quarter, such as 2026Q4.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Where the house lives.", show_default="the user's data directory"),
    ] = None,
    customer: Annotated[
        str, typer.Option(help="Instead of the public report, that of this account (606(b)).")
    ] = "",
    not_held: Annotated[
        bool, typer.Option("--not-held", help="With --customer and --xml: the not held orders, 606(b)(3).")
    ] = False,
    disclosures: Annotated[
        Path | None, typer.Option(help="TOML file with [material_aspects] and [mpid] by venue.")
    ] = None,
    sp500: Annotated[Path | None, typer.Option(help="File with the S&P 500's symbols, one a line.")] = None,
    xml: Annotated[Path | None, typer.Option(help="Write the SEC's XML into this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page to read into this file.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write pages to print into this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print where orders were routed and what venues paid: Rule 606(a)(1), or with --customer 606(b)."""
    with refuse_plainly(json=json):
        asked = parse_quarter(quarter)
        if customer and (html or pdf) is not None:
            raise InvalidInput(
                "--html and --pdf write the public report; a customer's report goes into --xml or --json"
            )
        if not_held and not (customer and xml is not None):
            raise InvalidInput("--not-held chooses which of a customer's reports --xml writes; it needs both")
        stamp = format_instant(time.time_ns() // SECOND * SECOND)
        if customer:
            _customer(asked, customer, data, disclosures, xml, stamp, not_held=not_held, json=json)
            return
        found = read_routing(asked, data, disclosures, sp500)
        if xml is not None:
            xml.write_text(public_xml(found, stamp), encoding="utf-8")
        if html is not None:
            html.write_text(routing_html(found), encoding="utf-8")
        if pdf is not None:
            pdf.write_bytes(routing_pdf(found))
        if json:
            print_json(found)
        else:
            _print_public(found)


def read_routing(
    quarter: Quarter, data: Path | None, disclosures: Path | None, sp500: Path | None
) -> RoutingReport:
    """Read a house's journal into the public report."""
    said = read_disclosures(disclosures, sp500)
    reader, counter = OrderReader(()), RoutingCounter(quarter, said)
    with open_events(data) as frames:
        counter.add(read_orders(frames, reader), reader.names)
    said.check(reader.names)
    return counter.report(reader.names)


def _customer(
    quarter: Quarter,
    account: str,
    data: Path | None,
    disclosures: Path | None,
    xml: Path | None,
    stamp: str,
    *,
    not_held: bool,
    json: bool,
) -> None:
    said = read_disclosures(disclosures, None)
    reader, counter = OrderReader(()), CustomerCounter(quarter, account, said)
    with open_events(data) as frames:
        counter.add(read_orders(frames, reader), reader.names)
    said.check(reader.names)
    counter.check(reader.names)
    found = CustomerReports(counter.held(reader.names), counter.not_held(reader.names))
    if xml is not None:
        text = handling_xml(found.not_held, stamp) if not_held else customer_xml(found.held, stamp)
        xml.write_text(text, encoding="utf-8")
    if json:
        print_json(found)
    else:
        _print_customer(found)


def _print_public(found: RoutingReport) -> None:
    console = answer_console()
    console.print(f"{found.firm}: held order routing, {found.quarter} (Rule 606(a)(1))")
    for month in found.months:
        for section in month.sections:
            console.print()
            title = f"{month.year}-{month.month:02d}, {section.name}"
            if section.held_orders:
                _print_section(title, section)
            else:
                console.print(f"{title}: no orders")
    if not found.months:
        console.print("No held order was routed in this quarter.")
    for note in found.notes:
        console.print(note)


def _print_section(title: str, section: Section) -> None:
    table = Table(
        title=title,
        caption="% of non-directed orders as routed; net payment in $ and in cents per hundred shares, + = received",
    )
    table.add_column("venue")
    for name in ("all %", "market %", "marketable %", "non-marketable %", "other %"):
        table.add_column(name, justify="right")
    for name in ("market", "marketable", "non-marketable", "other"):
        table.add_column(f"{name} $ / ¢", justify="right")
    for venue in section.venues:
        kinds = (venue.market, venue.marketable_limit, venue.non_marketable_limit, venue.other)
        table.add_row(
            venue.name,
            venue.percent,
            *(kind.percent for kind in kinds),
            *(f"{kind.usd} / {kind.cents_per_hundred}" for kind in kinds),
        )
    console = answer_console()
    console.print(
        f"{title}: {section.held_orders:,} held orders, {section.non_directed_percent} % non-directed; of those "
        f"{section.market_percent} % market, {section.marketable_limit_percent} % marketable limit, "
        f"{section.non_marketable_limit_percent} % non-marketable limit, {section.other_percent} % other"
    )
    console.print(table)


def _print_customer(found: CustomerReports) -> None:
    held = found.held
    table = Table(
        "order", "", "venue", "transactions", title=f"{held.account}: held orders {held.first} to {held.last}"
    )
    for order in held.orders[:ORDERS_SHOWN_MAX]:
        for place, route in enumerate(order.routes or [None]):
            times = ", ".join(f"{one.date} {one.time}" for one in route.transactions[:3]) if route else ""
            more = f" and {len(route.transactions) - 3} more" if route and len(route.transactions) > 3 else ""
            directed = "directed" if order.directed else "non-directed"
            table.add_row(
                "" if place else str(order.order_id),
                "" if place else directed,
                route.venue if route else "not routed",
                times + more,
            )
    console = answer_console()
    console.print(table)
    if len(held.orders) > ORDERS_SHOWN_MAX:
        console.print(f"{len(held.orders) - ORDERS_SHOWN_MAX:,} more orders: see --xml or --json")
    for name, months in (
        ("directed", found.not_held.directed),
        ("non-directed", found.not_held.non_directed),
    ):
        for month in months:
            venues = ", ".join(venue.venue for venue in month.venues) or "no venue"
            console.print(
                f"not held, {name}, {month.year}-{month.month:02d}: {month.sent:,} shares sent; {venues}"
            )
    if not (found.not_held.directed or found.not_held.non_directed):
        console.print("No orders were not held.")


_NUMBERS = (
    "orders",
    "shares",
    "executed",
    "effective",
    "E/Q",
    "ms",
    "better",
    "at quote",
    "outside",
    "realized",
)


def report_605(
    month: Annotated[str, typer.Option(help="Month YYYY-MM.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Where the house lives.", show_default="the user's data directory"),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write every column as CSV into this file.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write pages to print into this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print how well a month's orders were executed, in the buckets of Rule 605 as it stood then."""
    with refuse_plainly(json=json):
        found = read_execution(parse_month(month), data)
        if csv is not None:
            csv.write_text(execution_csv(found), encoding="utf-8")
        if pdf is not None:
            pdf.write_bytes(execution_pdf(found))
        if json:
            print_json(found)
        else:
            _print_execution(found)


def read_execution(month: Month, data: Path | None) -> ExecutionReport:
    """Read a house's journal into the statistics of a month."""
    counter = ExecutionCounter(month)
    reader = OrderReader(counter.buckets.horizons_ns)
    with open_events(data) as frames:
        counter.add(read_orders(frames, reader), reader.names)
    return counter.report(reader.names)


def _print_execution(found: ExecutionReport) -> None:
    console = answer_console()
    table = Table(
        title=f"{found.firm}: execution statistics, {found.month}",
        caption=(
            "spreads in mils ($0.0001) a share, times in ms, weighted by shares; "
            f"realized after {found.horizons_ms[-1]} ms; – = nothing to divide by"
        ),
    )
    for name in ("stock", "kind", "size", "lot"):
        table.add_column(name, no_wrap=name != "kind", min_width=14 if name == "kind" else None)
    for name in _NUMBERS:
        table.add_column(name, justify="right", no_wrap=True)
    for row in found.rows:
        table.add_row(
            row.symbol,
            row.kind,
            row.size.replace(" to less than ", "–"),
            row.lot,
            *(f"{value:,}" for value in (row.orders, row.shares, row.executed_shares)),
            row.effective_spread or "–",
            row.effective_over_quoted or "–",
            row.time_ms or "–",
            *(f"{value:,}" for value in (row.improved_shares, row.at_quote_shares, row.outside_shares)),
            row.realized[-1] or "–",
        )
    console.print(table)
    for bucket, shares in zip(
        found.time_buckets,
        (sum(row.by_time[place] for row in found.rows) for place in range(len(found.time_buckets))),
        strict=True,
    ):
        console.print(f"executed {bucket}: {shares:,} shares")
    console.print(f"{found.covered:,} orders covered; buckets by {found.source}")
    for why, orders in found.not_covered.items():
        console.print(f"not covered: {orders:,} orders, {why}")
    for note in found.notes:
        console.print(note)


def report_marks(
    date: Annotated[str, typer.Option("--date", help="Trade date YYYY-MM-DD.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Where the house lives.", show_default="the user's data directory"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print how each order of a day is marked: directed, held, capacity, session, long or short."""
    with refuse_plainly(json=json):
        day = day_number(parse_date(date))
        reader = OrderReader(())
        with open_events(data) as frames:
            found = marked(read_orders(frames, reader), day, reader.names)
        if json:
            print_json({"firm": reader.names.firm, "trade_date": date, "orders": found})
        else:
            _print_marks(date, found)


def _print_marks(date: str, found: list[MarkedOrder]) -> None:
    table = Table(title=f"Orders of {date}", caption=f"{len(found):,} orders")
    for name in (
        "order",
        "account",
        "symbol",
        "time",
        "side",
        "shares",
        "route",
        "",
        "as",
        "session",
        "sale",
    ):
        table.add_column(name, justify="right" if name == "shares" else "left", no_wrap=True)
    for row in found[:ORDERS_SHOWN_MAX]:
        table.add_row(
            str(row.order_id),
            row.account,
            row.symbol,
            row.time,
            row.side,
            f"{row.shares:,}",
            "directed" if row.directed else "non-directed",
            "held" if row.held else "not held",
            row.capacity,
            row.session if row.hours == "regular" else f"{row.session}, {row.hours}",
            row.sale,
        )
    console = answer_console()
    console.print(table)
    if len(found) > ORDERS_SHOWN_MAX:
        console.print(f"{len(found) - ORDERS_SHOWN_MAX:,} more orders: see --json")
