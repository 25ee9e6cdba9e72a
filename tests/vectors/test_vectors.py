"""Worked examples of brokerage arithmetic, each answered by the product.

The vectors are `brokerage.json` beside this file, or the file that `RUSHTRADE_VECTORS` names. A kind is mapped to
product functions in `kinds_*.py`, or stands in `NOT_YET` with the reason why not; a kind in neither fails.
"""

from __future__ import annotations

import json
import os
from fractions import Fraction
from pathlib import Path

import kinds_backoffice
import kinds_books
import kinds_portfolio
import kinds_rules
import pytest

KINDS = kinds_rules.KINDS | kinds_backoffice.KINDS | kinds_books.KINDS | kinds_portfolio.KINDS

NOT_YET = {
    "carino_linking": "portfolio links effects (its own tests show it), but no published vector says how inputs are written",
}

HERE = Path(__file__).parent


def vector_file() -> Path:
    return Path(os.environ.get("RUSHTRADE_VECTORS") or HERE / "brokerage.json")


def vectors() -> list[dict]:
    return json.loads(vector_file().read_text(encoding="utf-8"), parse_float=refuse_float)


def refuse_float(text: str) -> float:
    raise AssertionError(f"{text} is a float; numbers of a vector are integers or decimal strings")


def is_close(found: object, expected: object, tolerance: Fraction) -> bool:
    """Compare like `==`, but decimal strings may differ by the tolerance."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return found.keys() == expected.keys() and all(
            is_close(found[key], expected[key], tolerance) for key in expected
        )
    if isinstance(expected, list) and isinstance(found, list):
        return len(found) == len(expected) and all(
            is_close(one, other, tolerance) for one, other in zip(found, expected, strict=True)
        )
    if isinstance(expected, str) and isinstance(found, str) and found != expected:
        try:
            return abs(Fraction(found) - Fraction(expected)) <= tolerance
        except ValueError:
            return False
    return found == expected


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: f"{vector['kind']}-{vector['id']}")
def test_the_product_gives_the_answer_of_the_worked_example(vector):
    kind = vector["kind"]
    if kind in NOT_YET:
        pytest.skip(f"{kind}: {NOT_YET[kind]}")
    assert kind in KINDS, f"kind {kind} is mapped to no product function and not listed in NOT_YET"
    found = KINDS[kind](vector["inputs"])
    if "tolerance" in vector:
        assert is_close(found, vector["expected"], Fraction(vector["tolerance"])), (found, vector["expected"])
    else:
        assert found == vector["expected"]


def test_no_kind_is_both_mapped_and_listed_as_missing():
    assert not KINDS.keys() & NOT_YET.keys()


def test_the_comparison_tells_a_difference_beyond_the_tolerance():
    assert is_close({"irr": ["0.10000001"]}, {"irr": ["0.1"]}, Fraction("1e-7"))
    assert not is_close({"irr": ["0.1000002"]}, {"irr": ["0.1"]}, Fraction("1e-7"))
    assert not is_close({"irr": "n/a"}, {"irr": "0.1"}, Fraction(1))
