"""The report's page."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
import typst

from rushtrade.backoffice.volume_pdf import figure_text, volume_pdf
from rushtrade.backoffice.volume_report import Month, MonthFigures, VolumeReport

FIGURES = MonthFigures(
    month=Month(2004, 11),
    sessions=21,
    last_session=dt.date(2004, 11, 30),
    seq=128_552,
    customer_assets=56_350_508_000_000,
    holdings_without_mark=0,
    trades_processed=16_467,
    shares_traded=243_495_204,
    customer_accounts=2_160,
)
PRIOR = msgspec.structs.replace(
    FIGURES, month=Month(2003, 11), customer_assets=36_019_838_000_000, seq=60_519
)
NEGATIVE = msgspec.structs.replace(FIGURES, customer_assets=-5_000_000, trades_processed=0, shares_traded=0)
FULL = msgspec.structs.replace(FIGURES, shares_traded=10**15, customer_assets=10**18, holdings_without_mark=3)


@pytest.mark.parametrize(
    "report",
    [
        VolumeReport("RushTrade scenario firm", FIGURES, PRIOR),
        VolumeReport("A firm of its first year", FIGURES, None),
        VolumeReport('A firm with a "long" name, #and [marks] of typst in it, ' * 3, FULL, NEGATIVE),
        VolumeReport("", NEGATIVE, FULL),
    ],
)
def test_the_report_fills_one_page_and_no_more(report):
    page = volume_pdf(report, image=True)
    assert isinstance(page, bytes)  # typst gives a list when there are several
    assert page.startswith(b"\x89PNG")
    assert volume_pdf(report).startswith(b"%PDF-")


def test_several_pages_would_be_noticed():
    assert isinstance(typst.compile(b"a #pagebreak() b", format="png"), list)


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("customer_assets", 56_350_508, "$56,350,508"),
        ("customer_assets", -5, "-$5"),
        ("shares_traded", 1_000, "1,000"),
    ],
)
def test_figures_are_written_as_people_write_them(metric, value, text):
    assert figure_text(metric, value) == text
