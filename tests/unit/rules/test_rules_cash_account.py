"""Violations of cash accounts, told as tables: one event a line."""

import datetime as dt

import pytest

from rushtrade.domain.numbers import parse_money
from rushtrade.rules.cash_account import CashAccount

# March 2026: the 2nd is a Monday; trades settle on the next day.
STORIES = {
    "bought with unsettled proceeds, sold before they settle": """
        cash 0 holds XYZ
        02 sell XYZ 10000
        02 buy ABC 10000
        02 sell ABC 10500
        = 02 good_faith ABC
    """,
    "the same, sold when the proceeds have settled": """
        cash 0 holds XYZ
        02 sell XYZ 10000
        02 buy ABC 10000
        03 sell ABC 10500
        =
    """,
    "bought with settled cash, sold at once": """
        cash 10000 holds -
        02 buy ABC 10000
        02 sell ABC 10500
        =
    """,
    "unpaid, sold to pay for itself": """
        cash 1000 holds -
        02 buy ABC 1300
        04 sell ABC 1350
        = 04 freeriding ABC
        until 2026-06-02
    """,
    "unpaid, but deposited by settlement": """
        cash 1000 holds -
        02 buy ABC 1300
        03 deposit - 300
        04 sell ABC 1350
        =
    """,
    "deposited a day too late": """
        cash 1000 holds -
        02 buy ABC 1300
        04 deposit - 300
        04 sell ABC 1350
        = 04 freeriding ABC
        until 2026-06-02
    """,
    "unpaid, covered later by selling another security": """
        cash 0 holds XYZ
        02 buy ABC 1000
        03 sell XYZ 1200
        = 03 cash_liquidation ABC
    """,
    "unpaid, another security sold the same day settles in time": """
        cash 0 holds XYZ
        02 buy ABC 1000
        02 sell XYZ 1200
        =
    """,
    "and then sold before that sale settles": """
        cash 0 holds XYZ
        02 buy ABC 1000
        02 sell XYZ 1200
        02 sell ABC 1000
        = 02 good_faith ABC
    """,
    "three good faith violations within a year": """
        cash 0 holds XYZ
        02 sell XYZ 1000
        02 buy A 1000
        02 sell A 1000
        02 buy B 1000
        02 sell B 1000
        02 buy C 1000
        02 sell C 1000
        = 02 good_faith A, 02 good_faith B, 02 good_faith C
        until 2026-05-31
    """,
}


@pytest.mark.parametrize("story", STORIES)
def test_each_story_ends_with_its_violations(story):
    lines = [line.split() for line in STORIES[story].strip().splitlines()]
    deposits = tuple((march(words[0]), parse_money(words[3])) for words in lines if words[1:2] == ["deposit"])
    account = CashAccount(parse_money(lines[0][1]), (lines[0][3],), deposits)
    expected, until = "", None
    for words in lines[1:]:
        if words[0] == "=":
            expected = " ".join(words[1:])
        elif words[0] == "until":
            until = dt.date.fromisoformat(words[1])
        elif words[1] != "deposit":
            act = account.buy if words[1] == "buy" else account.sell
            act(march(words[0]), words[2], parse_money(words[3]))
    found = ", ".join(f"{entry.day.day:02d} {entry.kind} {entry.symbol}" for entry in account.violations)
    assert found == expected
    assert account.restricted_until() == until


def march(day):
    return dt.date(2026, 3, int(day))
