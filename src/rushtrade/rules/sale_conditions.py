"""Sale conditions of the consolidated tapes by date: what a trade that carries one may change.

The rows and their source stand in `data/sale_conditions.txt`, as a table a trader can read. A letter without a row on a
day is not known that day. Refuses to know trades: `tape` applies the rows.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from importlib.resources import files
from typing import Final

import msgspec

from rushtrade.rules.dated import DatedRow, DatedTable, RuleTableInvalid

PLANS: Final = ("CTA", "UTP")
PLAN_OF_TAPE: Final = {"A": "CTA", "B": "CTA", "C": "UTP"}
"""Tape A is NYSE's listings, B those of the other CTA markets, C Nasdaq's."""

LAST_RULES: Final = ("yes", "no", "first", "same", "timely")
MARKS: Final = (
    "",
    "odd_lot",
    "extended",
    "extended_late",
    "opening",
    "reopening",
    "closing",
    "official_open",
    "official_close",
    "corrected_close",
)

_FILE: Final = "sale_conditions.txt"
_FIRST_DAY: Final = dt.date(2013, 12, 9)
_SOURCE: Final = "CTS Pillar Output Specification 2.11b (CTA), UTP Data Feed Services Specification 4.1 (UTP)"


class SaleCondition(msgspec.Struct, frozen=True):
    """One letter of one plan. `last` is one of LAST_RULES, `centre_last` likewise; `mark` is one of MARKS, what it is."""

    plan: str
    letter: str
    category: int
    name: str
    last: str
    high_low: bool
    volume: bool
    centre_open: bool
    centre_last: str
    centre_high_low: bool
    mark: str


Conditions = dict[str, dict[str, SaleCondition]]
"""Rows by plan and letter."""


def read_conditions(text: str, name: str = _FILE) -> Conditions:
    """Read a table of conditions; `RuleTableInvalid` names the line and what would pass."""
    found: Conditions = {plan: {} for plan in PLANS}
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        row = _row(f"{name}, line {number}", line.split("|"))
        if row.letter in found[row.plan]:
            raise RuleTableInvalid(f"{name}, line {number}: {row.plan} {row.letter!r} has a row already")
        found[row.plan][row.letter] = row
    return found


def _row(where: str, fields: list[str]) -> SaleCondition:
    if len(fields) != len(SaleCondition.__struct_fields__):
        raise RuleTableInvalid(f"{where}: {len(fields)} fields; 11 would pass")
    plan, letter, category, name, last, high_low, volume, opens, centre_last, centre_high_low, mark = fields
    if plan not in PLANS:
        raise RuleTableInvalid(f"{where}: plan {plan!r}; CTA or UTP would pass")
    if len(letter) != 1 or not letter.isascii() or not letter.isprintable():
        raise RuleTableInvalid(f"{where}: letter {letter!r}; one printable character would pass")
    if category not in {"1", "2", "3", "4"}:
        raise RuleTableInvalid(f"{where}: category {category!r}; 1 to 4 would pass")
    for value in (last, centre_last):
        if value not in LAST_RULES:
            raise RuleTableInvalid(f"{where}: {value!r}; one of {', '.join(LAST_RULES)} would pass")
    if mark not in MARKS:
        raise RuleTableInvalid(f"{where}: {mark!r}; one of {', '.join(MARKS[1:])} or nothing would pass")
    flags = [_flag(where, value) for value in (high_low, volume, opens, centre_high_low)]
    return SaleCondition(
        plan, letter, int(category), name, last, flags[0], flags[1], flags[2], centre_last, flags[3], mark
    )


def _flag(where: str, value: str) -> bool:
    if value not in {"yes", "no"}:
        raise RuleTableInvalid(f"{where}: {value!r}; yes or no would pass")
    return value == "yes"


@lru_cache(maxsize=1)
def sale_conditions() -> DatedTable[Conditions]:
    """Give the tables of both plans by date."""
    text = files("rushtrade.rules").joinpath("data", _FILE).read_text(encoding="ascii")
    row = DatedRow(_FIRST_DAY, None, read_conditions(text), _SOURCE)
    return DatedTable("sale conditions", [row])


def conditions_on(day: dt.date) -> Conditions:
    """Give the conditions in force on a day. Days before the first row have its letters: a venue's own prints need them."""
    table = sale_conditions()
    return table.on(max(day, table.rows[0].first))


def names_on(day: dt.date, tape: str) -> dict[str, str]:
    """Give letter and name of every trade condition of a tape (A, B or C)."""
    plan = PLAN_OF_TAPE[tape]
    return {letter: row.name for letter, row in sorted(conditions_on(day)[plan].items())}
