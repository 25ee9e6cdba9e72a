"""The monthly report as a fold of the books, and nothing but the books."""

from __future__ import annotations

import datetime as dt

import pytest

from rushtrade.backoffice.volume_report import METRICS, Month, parse_month, volume_report
from rushtrade.domain.errors import InvalidInput
from support.booked_frames import HandBook

DOLLAR = 1_000_000
NOVEMBER = Month(2004, 11)


def session(book: HandBook, day: dt.date) -> None:
    book.open_day(day, day + dt.timedelta(days=3))


@pytest.fixture
def book():
    """November 2003: one account with $10,000; it buys 100 LU at 3.50 in two executions; close at 3.60."""
    book = HandBook()
    book.instrument(1, "LU", 35_000)
    book.account(1, "5RT-00001")
    book.wire(1, 10_000 * DOLLAR)
    session(book, dt.date(2003, 11, 28))
    order = book.accept(1, 1, 100)
    book.fill(order, 1, 1, 60, 35_000, commission=5 * DOLLAR)
    book.fill(order, 1, 1, 40, 35_000)
    book.accept(1, 1, 900)
    book.mark(1, 36_000)
    book.close_day(dt.date(2003, 11, 28))
    return book


def november_2004(book: HandBook) -> None:
    """Two more accounts (one without money), three tickets of 500 shares in all, on two days; close at 4.00."""
    book.account(2, "5RT-00002")
    book.account(3, "5RT-00003")
    book.wire(2, 5_000 * DOLLAR)
    session(book, dt.date(2004, 11, 29))
    order = book.accept(2, 1, 300)
    book.fill(order, 2, 1, 200, 38_000)
    book.mark(1, 99_000)
    book.close_day(dt.date(2004, 11, 29))
    session(book, dt.date(2004, 11, 30))
    book.fill(order, 2, 1, 100, 39_000)
    out = book.accept(1, 1, -200, short=True)
    book.fill(out, 1, 1, -200, 39_500)
    book.mark(1, 40_000)
    book.close_day(dt.date(2004, 11, 30))


def test_each_figure_counts_what_its_definition_says(book):
    november_2004(book)
    report = volume_report(book.frames, NOVEMBER)
    first = 10_000 - 350 - 5 + 790 - 100 * 4
    second = 5_000 - 760 - 390 + 300 * 4
    assert report.current.customer_assets == (first + second) * DOLLAR
    assert report.current.trades_processed == 3
    assert report.current.shares_traded == 500
    assert report.current.customer_accounts == 3
    assert (report.current.sessions, report.current.last_session) == (2, dt.date(2004, 11, 30))
    assert report.prior.customer_assets == (10_000 - 350 - 5 + 360) * DOLLAR
    assert (report.prior.trades_processed, report.prior.shares_traded, report.prior.customer_accounts) == (
        1,
        100,
        1,
    )


def test_the_json_has_the_published_shape(book):
    november_2004(book)
    assert volume_report(book.frames, NOVEMBER).as_json() == {
        "month": "2004-11",
        "prior_month": "2003-11",
        "rows": [
            {"metric": "customer_assets", "current": 15_085, "prior": 10_005, "change": "+51%"},
            {"metric": "trades_processed", "current": 3, "prior": 1, "change": "+200.0%"},
            {"metric": "shares_traded", "current": 500, "prior": 100, "change": "+400%"},
            {"metric": "customer_accounts", "current": 3, "prior": 1, "change": "+200%"},
        ],
    }


def test_what_happens_after_the_month_does_not_change_its_report(book):
    november_2004(book)
    before = volume_report(book.frames, NOVEMBER)
    book.wire(1, 77 * DOLLAR)
    book.close_account(3)
    session(book, dt.date(2004, 12, 1))
    order = book.accept(1, 1, 500)
    book.fill(order, 1, 1, 500, 41_000)
    book.mark(1, 41_000)
    book.close_day(dt.date(2004, 12, 1))
    assert volume_report(book.frames, NOVEMBER) == before


def test_money_of_closed_accounts_and_the_accounts_themselves_do_not_count(book):
    november_2004(book)
    open_ones = volume_report(book.frames, NOVEMBER).current
    other = HandBook()
    other.account(1, "5RT-00001")
    other.account(2, "5RT-00002")
    other.wire(1, 100 * DOLLAR)
    other.wire(2, 7 * DOLLAR)
    session(other, dt.date(2004, 11, 30))
    other.close_account(2)
    other.close_day(dt.date(2004, 11, 30))
    figures = volume_report(other.frames, NOVEMBER).current
    assert (figures.customer_assets, figures.customer_accounts) == (100 * DOLLAR, 1)
    assert open_ones.customer_accounts == 3


def test_without_the_month_a_year_before_every_change_is_not_applicable(book):
    report = volume_report(book.frames, Month(2003, 11))
    assert report.prior is None
    assert [(row.prior, row.change) for row in report.rows] == [(0, "n/a")] * 4


def test_a_month_that_was_never_closed_is_refused_with_the_months_that_were(book):
    with pytest.raises(
        InvalidInput, match="no trade date of 2005-01 was closed in these books; closed months: 2003-11"
    ):
        volume_report(book.frames, Month(2005, 1))
    with pytest.raises(InvalidInput, match="closed months: none"):
        volume_report([], NOVEMBER)


def test_a_replaced_order_is_one_trade(book):
    session(book, dt.date(2004, 11, 30))
    order = book.accept(1, 1, 100)
    book.fill(order, 1, 1, 50, 35_000)
    replacement = book.accept(1, 1, 200, replaces=order)
    book.fill(replacement, 1, 1, 150, 35_000)
    book.close_day(dt.date(2004, 11, 30))
    figures = volume_report(book.frames, NOVEMBER).current
    assert (figures.trades_processed, figures.shares_traded) == (1, 200)


def test_a_holding_that_no_mark_was_ever_known_for_is_counted_and_told(book):
    book.instrument(2, "WRNT", 0)
    book.bring_shares(1, 2, 500, 0)
    session(book, dt.date(2004, 11, 30))
    book.close_day(dt.date(2004, 11, 30))
    assert volume_report(book.frames, NOVEMBER).current.holdings_without_mark == 1


@pytest.mark.parametrize(
    "text", ["2004", "2004-13", "2004-00", "04-11", "2004-1", "2004-11-30", "200a-11", "٢٠٠٤-11"]
)
def test_a_text_that_is_no_month_is_refused(text):
    with pytest.raises(InvalidInput):
        parse_month(text)


def test_every_line_has_its_definition():
    assert parse_month("2004-11") == NOVEMBER
    assert all(len(metric.definition) > 60 for metric in METRICS)


def test_a_month_that_is_not_over_says_so(book):
    assert volume_report(book.frames, Month(2003, 11)).current.note == ""
    session(book, dt.date(2004, 11, 29))
    book.close_day(dt.date(2004, 11, 29))
    note = volume_report(book.frames, NOVEMBER).current.note
    assert note == "2004-11 is not complete: its last trade date is 2004-11-30, closed so far is 2004-11-29."
