"""docs/tape.md holds the tables as they are applied."""

import datetime as dt
from pathlib import Path

import pytest

from rushtrade.rules.sale_conditions import conditions_on
from rushtrade.tape.columns import FIELDS

TEXT = (Path(__file__).parents[3] / "docs" / "tape.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("plan", ["CTA", "UTP"])
def test_every_condition_stands_in_the_document_as_it_is_applied(plan):
    section = TEXT.split(f"### {plan} plan", 1)[1].split("\n### ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    told = {line.split("`")[1]: [cell.strip() for cell in line.split("|")[2:8]] for line in rows}
    applied = {
        letter: [
            row.name, row.last, "yes" if row.high_low else "no", "yes" if row.volume else "no",
            row.centre_last, "yes" if row.centre_high_low else "no",
        ]
        for letter, row in conditions_on(dt.date(2026, 11, 20))[plan].items()
    }  # fmt: skip
    assert told == applied


def test_every_field_of_a_scan_stands_in_the_document():
    rows = [line.split("|") for line in TEXT.split("| field |", 1)[1].splitlines() if line.startswith("| `")]
    assert {cells[1].strip(" `"): cells[3].strip() for cells in rows} == {
        name: field.meaning for name, field in FIELDS.items()
    }
