"""Statistics of execution in the buckets of the day: 10.00 bid for 300, 200 offered at 10.04."""

from __future__ import annotations

import datetime as dt

import pytest
from quality_journal import QualityBook

from rushtrade.backoffice.volume_report import parse_month
from rushtrade.domain import events as ev
from rushtrade.domain.errors import RuleMissing
from rushtrade.domain.orders import TimeInForce
from rushtrade.quality.execution_report import ExecutionCounter
from rushtrade.quality.reader import OrderReader, read_orders
from rushtrade.rules.execution_buckets import EXECUTION_BUCKETS
from support.tables import rows

NEW, OLD = "2026-11", "2004-11"


def report(book: QualityBook, month: str = NEW):
    counter = ExecutionCounter(parse_month(month))
    reader = OrderReader(counter.buckets.horizons_ns)
    counter.add(read_orders(iter(book.frames), reader), reader.names)
    return counter.report(reader.names)


KINDS = """
# side | limit | tif | shares || by the amended rule, value, lot | before
buy  |       | DAY | 100  | market, $1,000 to less than $5,000, round                  | market, 100 to 499
buy  |       | DAY | 99   | market, $250 to less than $1,000, odd                      | smaller than 100 shares
buy  | 10.04 | DAY | 500  | marketable limit, $5,000 to less than $10,000, round       | marketable limit, 500 to 1,999
buy  | 10.05 | IOC | 2000 | marketable IOC, $20,000 to less than $50,000, round        | marketable limit, 2,000 to 4,999
buy  | 10.02 | DAY | 5000 | midpoint or better limit, $50,000 to less than $200,000, round | inside the quote, 5,000 or more
sell | 10.02 | IOC | 100  | midpoint or better IOC, $1,000 to less than $5,000, round  | inside the quote, 100 to 499
buy  | 10.01 | DAY | 100  | non-marketable limit, $1,000 to less than $5,000, round    | inside the quote, 100 to 499
buy  | 10.00 | DAY | 100  | non-marketable limit, $1,000 to less than $5,000, round    | at the quote, 100 to 499
sell | 10.04 | DAY | 100  | non-marketable limit, $1,000 to less than $5,000, round    | at the quote, 100 to 499
buy  | 9.90  | IOC | 100  | non-marketable IOC, $250 to less than $1,000, round        | near the quote, 100 to 499
buy  | 9.89  | DAY | 100  | non-marketable limit, $250 to less than $1,000, round      | too far from the quote
buy  | 9.00  | DAY | 1    | non-marketable limit, $0 to less than $250, odd            | smaller than 100 shares
"""


@pytest.mark.parametrize("case", rows(KINDS), ids=lambda case: " ".join(case[:4]))
@pytest.mark.parametrize("month", [NEW, OLD])
def test_an_order_falls_into_the_buckets_of_its_day(case, month):
    side, limit, tif, shares, new, old = case
    book = QualityBook(dt.date(2026, 11, 2) if month == NEW else dt.date(2004, 11, 1))
    book.enter(side, int(shares), limit, tif=TimeInForce[tif])
    found = report(book, month)
    said = [", ".join(part for part in (row.kind, row.size, row.lot) if part) for row in found.rows]
    assert (said or list(found.not_covered)) == [new if month == NEW else old]


def test_a_row_adds_up_as_worked_out_by_hand():
    book = QualityBook()
    order = book.at(0).enter("buy", 500, "10.06", "A 300@10.05", "B 200@10.05")
    book.at(2).fill(order, order << 8, 200, "10.04")
    book.at(50).fill(order, order << 8, 100, "10.03")
    book.at(2_000).fill(order, order << 8 | 1, 100, "10.05", venue=1)
    book.at(2_500).marks("10.02", "10.06")
    book.at(40_000).cancel(order)
    book.at(400_000).marks("10.10", "10.14")
    (row,) = report(book).rows
    assert (row.shares, row.executed_shares, row.canceled_shares, row.size_improvement_shares) == (
        500,
        400,
        100,
        100,
    )
    # 2 (p - m): 400 × 200 + 200 × 100 + 600 × 100 over 400 shares
    assert (row.effective_spread, row.effective_over_quoted) == ("400.00", "1.000")
    assert (row.improved_shares, row.improvement, row.improved_time_ms) == (100, "100.00", "50.000")
    assert (row.at_quote_shares, row.at_quote_time_ms) == (200, "2.000")
    assert (row.outside_shares, row.outside_amount, row.outside_time_ms) == (100, "100.00", "2000.000")
    assert row.time_ms == "513.500", "(2 × 200 + 50 × 100 + 2,000 × 100) / 400"
    assert row.by_time == [0, 200, 100, 0, 100, 0, 0, 0]
    assert sum(row.by_time) == row.executed_shares
    # within a second only the last was followed by a mark: 2 × (10.05 - 10.04)
    assert (row.realized_shares, row.realized[1]) == ([0, 100, 400, 400, 400], "200.00")


def test_a_stop_is_measured_from_when_it_was_triggered_on_the_quotes_of_its_first_plan():
    book = QualityBook()
    order = book.at(0).enter("buy", 100, stop="10.50")
    idle = book.at(1).enter("buy", 100, stop="11.50")
    book.quote("10.50", 100, "10.54", 100)
    book.at(60_000)
    book.say(ev.OrderTriggered(order, 105_000))
    seq = book.route(order, "A 100@10.60")
    book.at(60_003).fill(order, seq << 8, 100, "10.54")
    found = report(book)
    (row,) = found.rows
    assert (row.kind, row.time_ms, row.effective_spread) == ("stop", "3.000", "400.00")
    assert found.not_covered == {"stops that were not triggered": 1}
    assert idle


def test_what_is_not_covered_is_counted_by_its_reason():
    book = QualityBook()
    book.refuse(100)
    book.enter("buy", 100, "10.05", tif=TimeInForce.FOK)
    book.quote("0", 0, "10.04", 100)
    book.enter("buy", 100, "10.05")
    found = report(book)
    assert found.not_covered == {
        "no known quote at receipt": 1,
        "refused by the house": 1,
        "to be filled as a whole": 1,
    }
    assert (found.covered, found.rows) == (0, [])


def test_a_month_before_the_first_rule_is_refused_with_the_dates_covered():
    with pytest.raises(RuleMissing, match="no row on 2001-03-01; dates covered: 2001-04-02 on"):
        ExecutionCounter(parse_month("2001-03"))


def test_every_row_of_buckets_begins_at_nought_rises_and_names_its_source():
    for row in EXECUTION_BUCKETS.rows:
        buckets = row.value
        assert buckets.times_ns[0] == 0
        assert buckets.sizes[0] <= buckets.shares_min
        for bounds in (buckets.sizes, buckets.times_ns, buckets.horizons_ns):
            assert list(bounds) == sorted(set(bounds))
        assert row.source
