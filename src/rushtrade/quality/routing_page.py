"""The public routing report as one page of HTML that a customer can read and print; nothing is fetched and nothing runs."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from rushtrade.quality.routing_report import RoutingReport, Section, VenueRow

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem; color: #1b1b1b; }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { margin-top: 2.2rem; border-bottom: 1px solid #999 } h3 { margin-bottom: .4rem }
table { border-collapse: collapse; margin: .4rem 0 1rem; width: 100% }
caption { text-align: left; color: #555; padding-bottom: .2rem }
th, td { border: 1px solid #bbb; padding: .25rem .5rem; text-align: right; font-variant-numeric: tabular-nums }
th { background: #eef2f6; font-weight: 600 } th:first-child, td:first-child { text-align: left }
@media print { body { margin: 0; font-size: 10px } h2 { break-before: page } }
"""
_KINDS = ("market", "marketable limit", "non-marketable limit", "other")


def routing_html(report: RoutingReport) -> str:
    """Write the page."""
    title = f"{report.firm}: held NMS stocks and options order routing public report, {report.quarter}"
    head = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>"
    )
    return "\n".join([head, *_body(report), "</body></html>"]) + "\n"


def _body(report: RoutingReport) -> Iterator[str]:
    yield f"<h1>{escape(report.firm)}</h1>"
    yield (
        "<p>Held NMS stocks and options order routing public report under Rule 606(a)(1) of Regulation NMS, "
        f"quarter {escape(report.quarter)}</p>"
    )
    if not report.months:
        yield "<p>No held customer order was routed in this quarter.</p>"
    for month in report.months:
        yield f"<h2>{MONTHS[month.month - 1]} {month.year}</h2>"
        for section in month.sections:
            yield f"<h3>{escape(section.name)}</h3>"
            yield from _section(section)
    yield "<h2>Notes</h2><ul>"
    yield from (f"<li>{escape(note)}</li>" for note in report.notes)
    yield "</ul>"


def _section(section: Section) -> Iterator[str]:
    if not section.held_orders:
        yield "<p>No orders.</p>"
        return
    heads = (
        "non-directed orders, % of all orders",
        *(f"{kind} orders, % of non-directed" for kind in _KINDS),
    )
    cells = (
        section.non_directed_percent,
        section.market_percent,
        section.marketable_limit_percent,
        section.non_marketable_limit_percent,
        section.other_percent,
    )
    yield f"<table><caption>{section.held_orders:,} held orders, {section.non_directed_orders:,} of them non-directed</caption>"
    yield _row("th", heads) + _row("td", cells) + "</table>"
    if not section.venues:
        return
    yield "<table><caption>Venues; payments: + = received from the venue</caption>"
    yield _row(
        "th",
        (
            "venue",
            "non-directed orders %",
            *(f"{kind} %" for kind in _KINDS),
            *(head for kind in _KINDS for head in (f"{kind}: $", f"{kind}: ¢ per 100 shares")),
        ),
    )
    for venue in section.venues:
        yield _row("td", venue_cells(venue))
    yield "</table><h4>Material aspects</h4><ul>"
    for venue in section.venues:
        yield f"<li><b>{escape(venue.name)}</b>: {escape(venue.material_aspects)}</li>"
    yield "</ul>"


def venue_cells(venue: VenueRow) -> Iterator[str]:
    """Write a venue's row: name, part of all, parts by kind, payments by kind."""
    ids = ", ".join(name for name in (venue.mic, venue.mpid) if name)
    yield f"{venue.name} ({ids})" if ids else venue.name
    yield venue.percent
    kinds = (venue.market, venue.marketable_limit, venue.non_marketable_limit, venue.other)
    yield from (kind.percent for kind in kinds)
    for kind in kinds:
        yield kind.usd
        yield kind.cents_per_hundred


def _row(tag: str, cells: Iterator[str] | tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
