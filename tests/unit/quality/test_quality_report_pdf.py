"""Reports of execution and routing as PDF and CSV: the same bytes from the same figures, text that stays text, every figure once."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest
from quality_journal import QualityBook

from rushtrade.backoffice.volume_report import parse_month
from rushtrade.quality.disclosures import Disclosures
from rushtrade.quality.execution_report import ExecutionCounter
from rushtrade.quality.reader import OrderReader, read_orders
from rushtrade.quality.report_pdf import execution_csv, execution_pdf, routing_pdf
from rushtrade.quality.routing_report import RoutingCounter, parse_quarter


def traded() -> QualityBook:
    """Four orders of one day, two of them executed at once."""
    book = QualityBook()
    for number in range(4):
        order = book.at(number * 400_000).enter("buy", 100 + number, "10.06", "A 100@10.05", route="DART")
        if number % 2:
            book.at(number * 400_000 + 2).fill(order, order << 8, 100, "10.04", "0.30")
    return book


def execution(book):
    counter = ExecutionCounter(parse_month("2026-11"))
    reader = OrderReader(counter.buckets.horizons_ns)
    counter.add(read_orders(iter(book.frames), reader), reader.names)
    return counter.report(reader.names)


def routing(book):
    counter, reader = RoutingCounter(parse_quarter("2026Q4"), Disclosures()), OrderReader(())
    counter.add(read_orders(iter(book.frames), reader), reader.names)
    return counter.report(reader.names)


HOSTILE = '#panic("[$x$]") "quoted" \\ *bold* _under_ @label <tag>'


@pytest.mark.parametrize(("report", "pdf"), [(execution, execution_pdf), (routing, routing_pdf)])
@pytest.mark.parametrize("book", [QualityBook, traded])
def test_the_same_figures_give_the_same_pages_and_names_are_no_markup(report, pdf, book):
    found = report(book())
    named = msgspec.structs.replace(found, firm=HOSTILE, notes=[*found.notes, HOSTILE])
    made = pdf(named)
    assert made.startswith(b"%PDF-")
    assert made == pdf(named)
    assert made != pdf(found)


def test_pages_carry_the_day_after_their_period_also_over_the_turn_of_the_year():
    quarter = routing_pdf(routing(traded()))
    assert b"(D:20270101" in quarter
    assert b"(D:20261201" in execution_pdf(execution(traded()))


def test_the_csv_has_every_row_and_its_numbers_add_up_to_the_report():
    found = execution(traded())
    rows = list(csv.DictReader(io.StringIO(execution_csv(found))))
    assert len(rows) == len(found.rows) > 0
    assert sum(int(row["executed_shares"]) for row in rows) == sum(row.executed_shares for row in found.rows)
    by_time = [name for name in rows[0] if name.startswith("shares executed ")]
    assert len(by_time) == len(found.time_buckets)
    for row, told in zip(rows, found.rows, strict=True):
        assert (row["symbol"], row["kind"], row["effective_spread"]) == (
            told.symbol,
            told.kind,
            told.effective_spread or "",
        )
        assert [int(row[name]) for name in by_time] == told.by_time
