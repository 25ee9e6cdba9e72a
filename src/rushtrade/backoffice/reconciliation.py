"""Reconciliation: our positions against the clearing firm's, one line for every key of either side.

The clearing firm's books are the record and ours are a second opinion, so a break is what we have less what they have.
Breaks are listed and explained, never deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from fractions import Fraction

import msgspec


class Match(Enum):
    """How the two sides of a key stand to each other."""

    MATCHED = "matched"
    QUANTITY_BREAK = "quantity_break"
    MISSING_AT_CLEARING = "missing_at_clearing"
    MISSING_INTERNALLY = "missing_internally"


class ReconciliationLine(msgspec.Struct, frozen=True):
    """One key. `difference` = internal - clearing."""

    key: str
    status: Match
    difference: Fraction


def reconcile(internal: Mapping[str, Fraction], clearing: Mapping[str, Fraction]) -> list[ReconciliationLine]:
    """Compare two sets of positions; lines come in the order of their keys."""
    lines = []
    for key in sorted(dict.fromkeys([*internal, *clearing])):
        ours, theirs = internal.get(key), clearing.get(key)
        if theirs is None:
            status = Match.MISSING_AT_CLEARING
        elif ours is None:
            status = Match.MISSING_INTERNALLY
        else:
            status = Match.MATCHED if ours == theirs else Match.QUANTITY_BREAK
        lines.append(ReconciliationLine(key, status, (ours or Fraction(0)) - (theirs or Fraction(0))))
    return lines


def break_count(lines: list[ReconciliationLine]) -> int:
    """Count the lines that did not match."""
    return sum(line.status is not Match.MATCHED for line in lines)
