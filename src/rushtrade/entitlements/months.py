"""Calendar months as numbers, year × 100 + month: how a month stands in commands, events and reports. Days are New York's."""

from __future__ import annotations

import datetime as dt

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import day_number
from rushtrade.rules.new_york import midnight_ns

YEAR_MIN, YEAR_MAX = 1990, 9998
"""Years of market data fees; the last one has a year after it."""


def is_month(number: int) -> bool:
    """Tell whether a number is a month: ``202611``."""
    return YEAR_MIN <= number // 100 <= YEAR_MAX and 1 <= number % 100 <= 12


def month_of(day: dt.date) -> int:
    """Give the month of a day."""
    return day.year * 100 + day.month


def first_day(month: int) -> dt.date:
    """Give a month's first day."""
    return dt.date(month // 100, month % 100, 1)


def first_day_after(month: int) -> dt.date:
    """Give the first day of the month after."""
    year, number = divmod(month, 100)
    return dt.date(year + number // 12, number % 12 + 1, 1)


def span_ns(month: int) -> tuple[int, int]:
    """Give the instants at which a month begins and is over."""
    return midnight_ns(first_day(month)), midnight_ns(first_day_after(month))


def day_numbers(month: int) -> range:
    """Give the days of a month, as numbers."""
    return range(day_number(first_day(month)), day_number(first_day_after(month)))


def month_text(month: int) -> str:
    """Write ``2026-11``."""
    return f"{month // 100:04d}-{month % 100:02d}"


def parse_month(text: str) -> int:
    """Read ``2026-11``."""
    year, _, number = text.partition("-")
    if len(year) == 4 and len(number) == 2 and (year + number).isdecimal() and text.isascii():
        found = int(year) * 100 + int(number)
        if is_month(found):
            return found
    raise InvalidInput(f"month {text[:40]!r} is not a month such as '2026-11'")
