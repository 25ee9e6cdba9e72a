"""Dated tables: what they answer, and how loudly they refuse."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.domain.errors import RuleMissing
from rushtrade.rules.dated import DatedRow, DatedTable, RuleTableInvalid, successive


def day(text):
    return dt.date.fromisoformat(text)


TABLE = DatedTable(
    "tea tax",
    [
        DatedRow(day("2001-01-01"), day("2001-12-31"), 10, "act of 2000"),
        DatedRow(day("2002-01-01"), day("2003-06-30"), 20, "act of 2001"),
        DatedRow(day("2005-01-01"), None, 30, "act of 2004"),
    ],
    key="green",
)


@pytest.mark.parametrize(
    ("asked", "value", "source"),
    [
        ("2001-01-01", 10, "act of 2000"),
        ("2001-12-31", 10, "act of 2000"),
        ("2002-01-01", 20, "act of 2001"),
        ("2003-06-30", 20, "act of 2001"),
        ("2005-01-01", 30, "act of 2004"),
        ("2099-01-01", 30, "act of 2004"),
    ],
)
def test_the_row_in_force_on_a_day_answers_with_its_source(asked, value, source):
    assert TABLE.on(day(asked)) == value
    assert TABLE.row_on(day(asked)).source == source


@pytest.mark.parametrize("asked", ["2000-12-31", "2003-07-01", "2004-12-31"])
def test_a_day_without_a_row_is_refused_with_table_key_day_and_the_days_covered(asked):
    with pytest.raises(RuleMissing) as refused:
        TABLE.on(day(asked))
    assert str(refused.value) == (
        f"tea tax: no row for green on {asked}; dates covered: 2001-01-01 to 2003-06-30, 2005-01-01 on"
    )


@pytest.mark.parametrize(
    ("first", "last", "covered"),
    [
        ("2001-01-01", "2003-06-30", True),
        ("2001-01-01", "2003-07-01", False),
        ("2000-12-31", "2001-01-05", False),
        ("2004-01-01", "2006-01-01", False),
        ("2007-01-01", "2050-01-01", True),
    ],
)
def test_a_table_tells_whether_it_covers_a_span(first, last, covered):
    assert TABLE.covers(day(first), day(last)) is covered


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([], "needs at least one row"),
        ([DatedRow(day("2001-01-01"), None, 1, "")], "names no source"),
        ([DatedRow(day("2001-01-02"), day("2001-01-01"), 1, "s")], "before it begins"),
        (
            [DatedRow(day("2001-01-01"), None, 1, "s"), DatedRow(day("2002-01-01"), None, 2, "s")],
            "ends never, so a row cannot begin on 2002-01-01",
        ),
        (
            [
                DatedRow(day("2001-01-01"), day("2002-01-01"), 1, "s"),
                DatedRow(day("2002-01-01"), None, 2, "s"),
            ],
            "ends on 2002-01-01, so a row cannot begin on 2002-01-01",
        ),
    ],
)
def test_rows_that_contradict_each_other_are_refused(rows, complaint):
    with pytest.raises(RuleTableInvalid, match=complaint):
        DatedTable("t", rows)


DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2030, 12, 31))


@given(st.lists(DAYS, min_size=1, max_size=20, unique=True), DAYS)
def test_successive_rows_answer_with_the_latest_change(changes, asked):
    changes.sort()
    table = DatedTable("t", successive((first, first, "source") for first in changes))
    before = [first for first in changes if first <= asked]
    if before:
        assert table.on(asked) == before[-1]
    else:
        with pytest.raises(RuleMissing):
            table.on(asked)
