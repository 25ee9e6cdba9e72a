"""Reading text tables: cases under headings, one step a row, what goes in left of the bar and what comes out right of it."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """One case: its title and its steps, as (in, out)."""

    title: str
    steps: list[tuple[str, str]]


def cases(text: str) -> list[Case]:
    """Read ``== title`` headings and the rows below each. Lines that begin with # are remarks; blank ones are skipped.

    A row with nothing left of the bar goes on with what comes out of the row before.
    """
    found: list[Case] = []
    for raw in text.strip().splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("=="):
            found.append(Case(line[2:].strip(), []))
            continue
        left, bar, right = (part.strip() for part in line.partition("|"))
        steps = found[-1].steps
        if not left and bar:
            steps[-1] = (steps[-1][0], f"{steps[-1][1]} · {right}")
        else:
            steps.append((left, right))
    return found


def rows(text: str) -> list[list[str]]:
    """Read plain rows: cells between bars, remarks and blank lines left out."""
    return [
        [cell.strip() for cell in line.split("|")]
        for line in (raw.strip() for raw in text.strip().splitlines())
        if line and not line.startswith("#")
    ]
