"""The scorecard drawn and as a page: a picture of cost by row, and a table under it. Nothing is fetched and nothing runs."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from html import escape

from rushtrade.quality.bars import Bar, bars_svg
from rushtrade.quality.scorecard import By, Scorecard, ScoreRow

SHOWN_AFTER_NS = 60_000_000_000
"""The horizon whose realized spread stands in tables; JSON has all."""
COLUMNS = (
    "orders",
    "refused",
    "shares",
    "filled",
    "%",
    "fill ms",
    "effect.",
    "E/Q",
    "realized",
    "better",
    "by",
    "worse",
    "by",
    "fee",
    "cost",
)
CAPTION = (
    "spreads, improvement, fee and cost in mils ($0.0001) a share; realized after 1 min; "
    "cost against the midpoint at arrival, fees in it; – = not known"
)
_STYLE = """
html { color-scheme: light dark }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; color: light-dark(#1b1b1b, #e4e8ee); background: light-dark(#fff, #10141b) }
a { color: light-dark(#0b57d0, #7db3ff) }
nav a { margin-right: 1rem } nav a[aria-current] { font-weight: 600 }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
th, td { border: 1px solid #bbb; padding: .25rem .5rem; text-align: right; font-variant-numeric: tabular-nums }
th { background: light-dark(#eef2f6, #1c2430) } th:first-child, td:first-child { text-align: left } tr:last-child td { font-weight: 600 }
svg { max-width: 100%; height: auto; background: #fff; border-radius: 4px }
"""


def days(found: Scorecard) -> str:
    """Write the days a scorecard is of."""
    if found.first and found.first == found.last:
        return found.first
    if found.first and found.last:
        return f"{found.first} to {found.last}"
    if found.first or found.last:
        return f"from {found.first}" if found.first else f"to {found.last}"
    return "all days"


def cells(row: ScoreRow) -> list[str]:
    """Write a row under `COLUMNS`."""
    realized = next((later.realized_mils for later in row.later if later.after_ns == SHOWN_AFTER_NS), None)
    written = [
        f"{row.orders:,}",
        f"{row.refused:,}",
        f"{row.shares:,}",
        f"{row.filled:,}",
        row.fill_percent,
        row.first_fill_ms,
        row.effective_spread_mils,
        row.effective_over_quoted,
        realized,
        f"{row.improved_shares:,}",
        row.improvement_mils,
        f"{row.disimproved_shares:,}",
        row.disimprovement_mils,
        row.venue_fee_mils,
        row.cost_mils,
    ]
    return [cell if cell is not None else "–" for cell in written]


def scorecard_svg(found: Scorecard) -> str:
    """Draw the cost a share, row by row."""
    bars = [
        Bar(
            row.name,
            Fraction(row.cost_mils) if row.cost_mils is not None else None,
            f"{row.costed_shares:,} shares",
        )
        for row in found.rows
    ]
    return bars_svg(
        f"Cost by {found.by}, {days(found)}",
        "mils ($0.0001) a share against the midpoint at arrival, fees of the venue in it; below zero = gained",
        bars,
    )


def scorecard_html(found: Scorecard) -> str:
    """Write the page."""
    title = f"{found.firm}: execution quality by {found.by}"
    head = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
    )
    return "\n".join([head, *_body(found, title), "</body></html>"]) + "\n"


def _body(found: Scorecard, title: str) -> Iterator[str]:
    yield f"<h1>{escape(title)}</h1><nav aria-label='What a row is'>"
    for by in By:
        current = " aria-current='page'" if by.value == found.by else ""
        yield f"<a href='?by={by.value}'{current}>by {by.value}</a>"
    yield f"</nav><p>{found.orders:,} orders, {escape(days(found))}.</p>"
    if not found.rows:
        yield "<p>No order can be scored yet: one counts when it has ended and the five minutes after its executions are known.</p>"
        return
    yield scorecard_svg(found)
    yield f"<div class='wide'><table><caption>{escape(CAPTION)}</caption>"
    yield _row("th", [found.by, *COLUMNS])
    for row in [*found.rows, found.total]:
        yield _row("td", [row.name, *cells(row)])
    yield "</table></div>"
    yield f"<p>{found.without_quote:,} executed shares met no known midpoint and count in no cost.</p>"


def _row(tag: str, written: list[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in written) + "</tr>"
