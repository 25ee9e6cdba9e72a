"""The public routing report (Rule 606(a)) and the execution statistics (Rule 605) as PDF, and the statistics as CSV.

Figures come in, bytes go out. Pages are set by typst from a template and in fonts that ship with it: the same report gives the same bytes
on every machine. Text reaches typst as data, never as markup.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from importlib import resources
from typing import Final

import msgspec
import typst

from rushtrade.domain.instants import day_number
from rushtrade.quality.execution_report import ExecutionReport, ExecutionRow
from rushtrade.quality.routing_page import MONTHS, venue_cells
from rushtrade.quality.routing_report import RoutingReport, Section

TEMPLATE: Final = "disclosure.typ"
Block = dict[str, object]
_KINDS: Final = ("market", "marketable limit", "non-marketable limit", "other")
_EXECUTION_HEADS: Final = (
    *(
        "stock",
        "kind",
        "size",
        "lot",
        "orders",
        "shares",
        "cancelled",
        "executed",
        "effective spread",
        "E/Q",
        "ms",
    ),
    *("better: shares", "by", "at the quote", "outside: shares", "by", "realized"),
)


def routing_pdf(report: RoutingReport) -> bytes:
    """Set the public report of a quarter."""
    title = f"Held NMS stocks and options order routing public report, Rule 606(a)(1), {report.quarter}"
    last_month = report.number * 3
    closed = dt.date(report.year + last_month // 12, last_month % 12 + 1, 1)
    return _set(report.firm, title, [*_routing_blocks(report)], closed)


def _routing_blocks(report: RoutingReport) -> Iterator[Block]:
    if not report.months:
        yield _text("No held customer order was routed in this quarter.")
    for month in report.months:
        yield {"kind": "month", "text": f"{MONTHS[month.month - 1]} {month.year}"}
        for section in month.sections:
            yield {"kind": "section", "text": section.name}
            yield from _section(section)
    yield {"kind": "month", "text": "Notes"}
    yield from map(_text, report.notes)


def _section(section: Section) -> Iterator[Block]:
    if not section.held_orders:
        yield _text("No orders.")
        return
    yield _text(
        f"{section.held_orders:,} held orders, {section.non_directed_orders:,} ({section.non_directed_percent} %) of them non-directed; "
        f"of those {section.market_percent} % market, {section.marketable_limit_percent} % marketable limit, "
        f"{section.non_marketable_limit_percent} % non-marketable limit, {section.other_percent} % other."
    )
    if not section.venues:
        return
    heads = ["venue", "non-directed %", *(f"{kind} %" for kind in _KINDS)]
    heads += [head for kind in _KINDS for head in (f"{kind} $", f"{kind} ¢/100")]
    yield _table(heads, [list(venue_cells(venue)) for venue in section.venues], words=1)
    yield _text("Net payments in dollars, and in cents per hundred shares; + = received from the venue.")
    for venue in section.venues:
        yield _text(f"{venue.name}: {venue.material_aspects}")


def execution_pdf(report: ExecutionReport) -> bytes:
    """Set the statistics of a month."""
    year, month = (int(part) for part in report.month.split("-"))
    closed = dt.date(year + month // 12, month % 12 + 1, 1)
    return _set(
        report.firm, f"Execution statistics, Rule 605, {report.month}", [*_execution_blocks(report)], closed
    )


def _execution_blocks(report: ExecutionReport) -> Iterator[Block]:
    yield _text(
        "Spreads and amounts in mils ($0.0001) a share, times in milliseconds, both weighted by shares; "
        f"realized after {report.horizons_ms[-1]} ms; – = nothing to divide by. Buckets by {report.source}."
    )
    if report.rows:
        yield _table(list(_EXECUTION_HEADS), [_execution_cells(row) for row in report.rows], words=4)
        yield {"kind": "section", "text": "Shares by time to execution"}
        sums = [sum(row.by_time[place] for row in report.rows) for place in range(len(report.time_buckets))]
        yield _table(
            ["executed", "shares"],
            [[name, f"{shares:,}"] for name, shares in zip(report.time_buckets, sums, strict=True)],
            words=1,
        )
    yield _text(f"{report.covered:,} orders covered.")
    yield from (
        _text(f"Not covered: {orders:,} orders, {why}.") for why, orders in report.not_covered.items()
    )
    yield from map(_text, report.notes)


def _execution_cells(row: ExecutionRow) -> list[str]:
    counts = (row.orders, row.shares, row.canceled_shares, row.executed_shares)
    return [
        *(row.symbol, row.kind, row.size, row.lot),
        *(f"{count:,}" for count in counts),
        *(text or "–" for text in (row.effective_spread, row.effective_over_quoted, row.time_ms)),
        *(f"{row.improved_shares:,}", row.improvement or "–", f"{row.at_quote_shares:,}"),
        *(f"{row.outside_shares:,}", row.outside_amount or "–", row.realized[-1] or "–"),
    ]


def execution_csv(report: ExecutionReport) -> str:
    """Write the statistics with a head row: one line a stock, kind, size and lot; empty = nothing to divide by."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    plain = [
        name
        for name in ExecutionRow.__struct_fields__
        if name not in {"realized", "realized_shares", "by_time"}
    ]
    heads = [f"realized after {ms} ms" for ms in report.horizons_ms]
    heads += [f"shares realized after {ms} ms" for ms in report.horizons_ms]
    writer.writerow(["month", *plain, *heads, *(f"shares executed {name}" for name in report.time_buckets)])
    for row in report.rows:
        values = [getattr(row, name) for name in plain]
        writer.writerow([report.month, *values, *row.realized, *row.realized_shares, *row.by_time])
    return text.getvalue()


def _text(text: str) -> Block:
    return {"kind": "text", "text": text}


def _table(heads: list[str], rows: list[list[str]], words: int) -> Block:
    """A table whose first columns hold words, the others numbers."""
    return {"kind": "table", "heads": heads, "rows": rows, "words": words}


def _set(firm: str, title: str, blocks: list[Block], closed: dt.date) -> bytes:
    """Set pages; they carry the day after the period, not that of the printing."""
    template = (resources.files("rushtrade.quality") / "templates" / TEMPLATE).read_bytes()
    data = msgspec.json.encode({"firm": firm, "title": title, "blocks": blocks}).decode()
    printed = typst.compile(
        template,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"data": data},
        timestamp=day_number(closed) * 86_400,
    )
    return printed if isinstance(printed, bytes) else b"".join(printed)
