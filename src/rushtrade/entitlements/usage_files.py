"""The usage report as files: CSV for an exchange's system, PDF for people. Figures come in, bytes go out.

The PDF is set by typst from the template that ships with the package, in fonts that ship with typst, so that it looks the same on
every machine.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from importlib import resources
from typing import Final, Literal

import msgspec
import typst

from rushtrade.domain.numbers import format_cents, format_money
from rushtrade.entitlements.months import first_day, first_day_after, month_text
from rushtrade.entitlements.usage_report import UsageLine, UsageReport, UserLine

TEMPLATE: Final = "usage_report.typ"
IMAGE_PPI: Final = 100
LINE_HEADS: Final = (
    "exchange", "product", "title", "users", "professional", "non-prof.", "displays", "non-display", "queries", "delayed",
    "charged",
)  # fmt: skip
USER_HEADS: Final = (
    "exchange", "product", "user", "use", "class", "account", "displays", "queries", "days", "charged",
)  # fmt: skip
NOTE: Final = (
    "Users: distinct subscribers who had the product on any day of the month. Professional: those who were on any day they "
    "had it. Displays: the sum over users of the most displays each had open at once. Delayed: users who saw the product a quarter "
    "of an hour late and never as it happened. Charged: through the ledger, once per user, product and month."
)


def usage_csv(report: UsageReport, *, users: bool = False) -> bytes:
    """Write the lines by product, or every user's, with a head row; money in dollars to the micro-dollar."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    kind = UserLine if users else UsageLine
    writer.writerow(["month", *kind.__struct_fields__])
    for row in report.users if users else report.lines:
        values = msgspec.structs.asdict(row) | {"charged": format_money(row.charged)}
        writer.writerow([month_text(report.month), *map(_cell, values.values())])
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """Keep a spreadsheet from taking a name for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value


def usage_pdf(report: UsageReport) -> bytes:
    """Set the report as one PDF of as many pages as it needs."""
    printed = _set(report, "pdf")
    return printed if isinstance(printed, bytes) else b"".join(printed)


def usage_images(report: UsageReport) -> list[bytes]:
    """Set the report as PNG images, one a page."""
    printed = _set(report, "png")
    return [printed] if isinstance(printed, bytes) else printed


def _set(report: UsageReport, kind: Literal["pdf", "png"]) -> bytes | list[bytes]:
    template = (resources.files("rushtrade.entitlements") / "templates" / TEMPLATE).read_bytes()
    printed: bytes | list[bytes] = typst.compile(
        template,
        format=kind,
        ppi=IMAGE_PPI if kind == "png" else None,
        ignore_system_fonts=True,
        sys_inputs={"data": msgspec.json.encode(_page(report)).decode()},
        timestamp=_midnight(first_day_after(report.month)),
    )
    return printed


def _midnight(day: dt.date) -> int:
    """Give the date the page carries in itself: the day after the month, not that of the printing."""
    return (day.toordinal() - dt.date(1970, 1, 1).toordinal()) * 86_400


def _page(report: UsageReport) -> dict[str, object]:
    return {
        "title": f"Market data usage report, {month_text(report.month)}",
        "firm": report.firm,
        "month": f"{first_day(report.month):%B %Y}",
        "line_heads": LINE_HEADS,
        "user_heads": USER_HEADS,
        "lines": [_line(row) for row in report.lines],
        "users": [_user(row) for row in report.users],
        "note": NOTE,
        "footer": f"Read from the firm\N{RIGHT SINGLE QUOTATION MARK}s journal up to command {report.seq:,}.",
    }


def _line(row: UsageLine) -> tuple[str, ...]:
    counts = (
        row.users,
        row.professional,
        row.non_professional,
        row.displays,
        row.non_display,
        row.queries,
        row.delayed,
    )
    return (
        row.exchange,
        row.product,
        row.title,
        *(f"{count:,}" for count in counts),
        f"${format_cents(row.charged)}",
    )


def _user(row: UserLine) -> tuple[str, ...]:
    return (
        row.exchange,
        row.product,
        row.user,
        row.use.replace("_", "-"),
        row.status.replace("_", "-"),
        str(row.account_id),
        f"{row.displays:,}",
        f"{row.queries:,}",
        f"{row.days:,}",
        f"${format_cents(row.charged)}",
    )
