"""Days on which the exchanges trade but the banks are closed: no settlement then, yet a business day for Regulation T.

Columbus Day and Veterans Day, and before 1998 (when the exchanges began to close too) Martin Luther King's birthday.
A holiday on a Sunday is kept on Monday; the Reserve Banks keep none on a Saturday.
"""

from __future__ import annotations

import datetime as dt

from rushtrade.rules.dated import DatedTable, successive

MONDAY = 0
JANUARY, OCTOBER, NOVEMBER = 1, 10, 11

KING_DAY_TRADED: DatedTable[bool] = DatedTable(
    "trading on Martin Luther King's birthday",
    successive(
        [
            (dt.date(1986, 1, 1), True, "federal holiday from 1986, exchanges open"),
            (dt.date(1998, 1, 1), False, "exchanges closed from 1998"),
        ]
    ),
)


def is_bank_only_holiday(day: dt.date) -> bool:
    """True when banks are closed on `day` for a holiday that the exchanges do not keep."""
    if day.month == OCTOBER:
        return _is_nth_monday(day, 2)
    if day.month == NOVEMBER:
        return day.day == 11 or (day.day == 12 and day.weekday() == MONDAY)
    if day.month == JANUARY and _is_nth_monday(day, 3):
        return KING_DAY_TRADED.on(day)
    return False


def _is_nth_monday(day: dt.date, nth: int) -> bool:
    return day.weekday() == MONDAY and (day.day - 1) // 7 == nth - 1
