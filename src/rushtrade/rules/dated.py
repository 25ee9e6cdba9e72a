"""Tables of rules by date, with a lookup that fails loudly.

A table is a run of rows in order of time. Each row holds from its first day to its last day, both included; the last
row may be open. Holes between rows are allowed and mean "not known here": asking for such a day raises `RuleMissing`
with the table, the key, the day and the days covered. Every row names its source.

The table knows nothing of what its values mean.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from rushtrade.domain.errors import RuleMissing, RushTradeError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

T = TypeVar("T")


class RuleTableInvalid(RushTradeError):  # noqa: N818  - reads as the statement it makes
    """Rows of a dated table are out of order, overlap, or end before they begin."""


class DatedRow(msgspec.Struct, Generic[T], frozen=True):
    """One row: `value` holds on every day from `first` to `last`; no `last` means "until further notice"."""

    first: dt.date
    last: dt.date | None
    value: T
    source: str

    def covers(self, day: dt.date) -> bool:
        """True when the row holds on `day`."""
        return self.first <= day and (self.last is None or day <= self.last)


class DatedTable(Generic[T]):
    """Rows of one rule (and one key of it, such as a venue) by date."""

    def __init__(self, name: str, rows: Iterable[DatedRow[T]], *, key: str = "") -> None:
        """Take the rows in order of time.

        Raises:
            RuleTableInvalid: no rows, a row without a source, or rows that overlap or run backwards.

        """
        self.name = name
        self.key = key
        self.rows = tuple(rows)
        _require_order(name, key, self.rows)
        self._first_days = [row.first for row in self.rows]

    def on(self, day: dt.date) -> T:
        """Return the value in force on `day`, or raise `RuleMissing`."""
        return self.row_on(day).value

    def row_on(self, day: dt.date) -> DatedRow[T]:
        """Return the row in force on `day` (with its source), or raise `RuleMissing`."""
        index = bisect_right(self._first_days, day) - 1
        if index < 0 or not self.rows[index].covers(day):
            of_key = f" for {self.key}" if self.key else ""
            raise RuleMissing(
                f"{self.name}: no row{of_key} on {day.isoformat()}; dates covered: {self.covered()}"
            )
        return self.rows[index]

    def between(self, first: dt.date, last: dt.date | None) -> list[DatedRow[T]]:
        """Return the rows in force on any day from `first` to `last`; no `last` means for ever."""
        return [
            row
            for row in self.rows
            if (row.last is None or row.last >= first) and (last is None or row.first <= last)
        ]

    def covers(self, first: dt.date, last: dt.date) -> bool:
        """True when every day from `first` to `last` has a row."""
        day = first
        while day <= last:
            index = bisect_right(self._first_days, day) - 1
            if index < 0 or not self.rows[index].covers(day):
                return False
            end = self.rows[index].last
            if end is None or end >= last:
                return True
            day = end.fromordinal(end.toordinal() + 1)
        return True

    def covered(self) -> str:
        """Return the days covered in words, joining rows that follow each other without a hole."""
        runs: list[tuple[dt.date, dt.date | None]] = []
        for row in self.rows:
            if runs and runs[-1][1] is not None and row.first.toordinal() == runs[-1][1].toordinal() + 1:
                runs[-1] = (runs[-1][0], row.last)
            else:
                runs.append((row.first, row.last))
        return ", ".join(
            f"{first.isoformat()} to {last.isoformat()}" if last else f"{first.isoformat()} on"
            for first, last in runs
        )


def _require_order(name: str, key: str, rows: tuple[DatedRow[T], ...]) -> None:
    label = f"{name} ({key})" if key else name
    if not rows:
        raise RuleTableInvalid(f"{label}: a table needs at least one row")
    previous: DatedRow[T] | None = None
    for row in rows:
        if not row.source:
            raise RuleTableInvalid(f"{label}: the row of {row.first.isoformat()} names no source")
        if row.last is not None and row.last < row.first:
            raise RuleTableInvalid(
                f"{label}: the row of {row.first.isoformat()} ends on {row.last.isoformat()}, before it begins"
            )
        if previous is not None and (previous.last is None or previous.last >= row.first):
            ends = "never" if previous.last is None else f"on {previous.last.isoformat()}"
            raise RuleTableInvalid(
                f"{label}: the row of {previous.first.isoformat()} ends {ends}, "
                f"so a row cannot begin on {row.first.isoformat()}"
            )
        previous = row


def successive(
    changes: Iterable[tuple[dt.date, T, str]], last: dt.date | None = None
) -> tuple[DatedRow[T], ...]:
    """Make rows that each hold until the day before the next one; the final row holds to `last`, or on and on."""
    listed = list(changes)
    ends = [first.fromordinal(first.toordinal() - 1) for first, _, _ in listed[1:]]
    return tuple(
        DatedRow(first, end, value, source)
        for (first, value, source), end in zip(listed, [*ends, last], strict=True)
    )
