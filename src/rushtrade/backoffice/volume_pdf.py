"""The trade volume report as one page of PDF. Figures come in; bytes go out; the page says where its figures were read.

The page is set by typst from the template that ships with the package, in the fonts that ship with typst, so that it
looks the same on every machine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction
from importlib import resources

import msgspec
import typst

from rushtrade.backoffice.percentages import half_up
from rushtrade.backoffice.volume_report import METRICS, MetricRow, MonthFigures, VolumeReport

TEMPLATE = "volume_report.typ"
IMAGE_PPI = 110
"""Resolution of the image of a page: a screen shows it whole."""
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
NONE = "–"
"""Stands where the books hold no such month."""


def figure_text(metric: str, value: int) -> str:
    """Write a figure as printed: ``$56,350,508``, ``16,467``."""
    return f"{'-' if value < 0 else ''}{'$' if metric == 'customer_assets' else ''}{abs(value):,}"


def volume_pdf(report: VolumeReport, *, image: bool = False) -> bytes:
    """Set the report on one page; `image` gives a PNG of it instead."""
    data = msgspec.json.encode(_page(report)).decode()
    template = (resources.files("rushtrade.backoffice") / "templates" / TEMPLATE).read_bytes()
    printed: bytes = typst.compile(
        template,
        format="png" if image else "pdf",
        ppi=IMAGE_PPI if image else None,
        ignore_system_fonts=True,
        sys_inputs={"data": data},
        timestamp=_midnight(report.current.last_session),
    )
    return printed


def _midnight(day: dt.date) -> int:
    """Give the date the page carries in itself: that of the figures, not of the printing."""
    return (day.toordinal() - dt.date(1970, 1, 1).toordinal()) * 86_400


def _page(report: VolumeReport) -> dict[str, object]:
    current, prior = report.current, report.prior
    read = f"{current.month} to command {current.seq:,}"
    if prior is not None:
        read += f", {prior.month} to command {prior.seq:,}"
    return {
        "title": f"Trade volume report, {current.month.title}",
        "firm": report.firm,
        "month": current.month.title,
        "prior_month": current.month.year_before.title,
        "rows": [
            _row(row, metric.title, metric.definition)
            for row, metric in zip(report.rows, METRICS, strict=True)
        ],
        "facts": _facts(current, prior),
        "note": _note(current, prior),
        "footer": f"Read from the firm{APOSTROPHE}s journal ({read}), where each month{APOSTROPHE}s last trade date was closed. "
        "Change = (current − prior) ÷ prior, halves rounded away from zero; n/a where there was nothing before.",
    }


def _row(row: MetricRow, title: str, definition: str) -> dict[str, object]:
    most = max(row.current, row.prior, 1)
    return {
        "title": title,
        "definition": definition.replace("'", APOSTROPHE),
        "current": figure_text(row.metric, row.current),
        "prior": figure_text(row.metric, row.prior),
        "change": row.change,
        "current_part": max(row.current, 0) * 100 // most,
        "prior_part": max(row.prior, 0) * 100 // most,
    }


_FACTS: tuple[tuple[str, Callable[[MonthFigures], str]], ...] = (
    ("Trade dates", lambda month: str(month.sessions)),
    ("Last trade date", lambda month: month.last_session.isoformat()),
    ("Average trades a day", lambda month: _ratio(month.trades_processed, month.sessions)),
    ("Average shares a trade", lambda month: _ratio(month.shares_traded, month.trades_processed)),
    ("Average trades an account", lambda month: _ratio(month.trades_processed, month.customer_accounts, 1)),
)


def _facts(current: MonthFigures, prior: MonthFigures | None) -> list[dict[str, str]]:
    return [
        {"name": name, "current": text(current), "prior": NONE if prior is None else text(prior)}
        for name, text in _FACTS
    ]


def _ratio(value: int, over: int, decimals: int = 0) -> str:
    if not over:
        return NONE
    whole, point, part = half_up(Fraction(value, over), decimals).partition(".")
    return f"{int(whole):,}{point}{part}"


def _note(current: MonthFigures, prior: MonthFigures | None) -> str:
    notes = [current.note, prior.note if prior else ""]
    unmarked = current.holdings_without_mark + (prior.holdings_without_mark if prior else 0)
    if unmarked:
        notes.append(
            f"Holdings in instruments for which no price was ever known: {unmarked}. They are counted at zero."
        )
    return " ".join(note for note in notes if note)
