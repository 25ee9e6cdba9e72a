"""Lengths of bars from a second to a year, and where the bar of an instant begins.

Seconds, minutes and hours are counted from New York's midnight, so that a bar never spans two days; a day is a calendar
day of New York, a week begins on Monday, months are counted from January.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import DAY, HOUR, MINUTE, SECOND, day_from_number
from rushtrade.rules.new_york import midnight_ns

_TEXT: Final = re.compile(r"(\d{1,2})(Sec|S|Min|T|Hour|H|Day|D|Week|W|Month|M)", re.ASCII)
_UNITS: Final = {"S": "Sec", "T": "Min", "H": "Hour", "D": "Day", "W": "Week", "M": "Month"}
_COUNTS: Final = {
    "Sec": range(1, 60),
    "Min": range(1, 60),
    "Hour": range(1, 24),
    "Day": (1,),
    "Week": (1,),
    "Month": (1, 2, 3, 4, 6, 12),
}
_STEPS: Final = {"Sec": SECOND, "Min": MINUTE, "Hour": HOUR}
_BEHIND_UTC: Final = 5 * HOUR
"""New York's midnight is four or five hours after that of UTC."""

Times = npt.NDArray[np.int64]


class Timeframe(msgspec.Struct, frozen=True):
    """So many of a unit: Sec, Min, Hour, Day, Week or Month."""

    count: int
    unit: str

    @property
    def within_a_day(self) -> bool:
        """True for seconds, minutes and hours."""
        return self.unit in _STEPS

    def start_of(self, time_ns: int) -> int:
        """Where the bar of an instant begins."""
        return int(self.starts_of(np.array([time_ns], np.int64))[0])

    def starts_of(self, times: Times) -> Times:
        """Where the bars of instants begin."""
        midnights = _midnights_of(times)
        if self.within_a_day:
            step = self.count * _STEPS[self.unit]
            starts: Times = midnights + (times - midnights) // step * step
            return starts
        days, places = np.unique(midnights, return_inverse=True)
        firsts = np.array([midnight_ns(self.first_day(_date_at(one))) for one in days.tolist()], np.int64)
        found: Times = firsts[places]
        return found

    def first_day(self, day: dt.date) -> dt.date:
        """First day of the bar of a day."""
        if self.unit == "Week":
            return day - dt.timedelta(days=day.weekday())
        if self.unit == "Month":
            return day.replace(month=(day.month - 1) // self.count * self.count + 1, day=1)
        return day


def read_timeframe(text: str) -> Timeframe:
    """Read the length of a bar, such as ``30Sec``, ``5Min``, ``1Hour`` or ``1Day``."""
    match = _TEXT.fullmatch(text)
    if match is not None:
        count, unit = int(match[1]), _UNITS.get(match[2], match[2])
        if count in _COUNTS[unit]:
            return Timeframe(count, unit)
    raise InvalidInput(
        f"timeframe {text[:40]!r} is none; 1-59Sec, 1-59Min, 1-23Hour, 1Day, 1Week or 1,2,3,4,6,12Month would pass"
    )


@lru_cache(maxsize=1 << 12)
def _midnight_of_day(number: int) -> int:
    return midnight_ns(day_from_number(number))


def _midnights_of(times: Times) -> Times:
    """New York's midnights at or before instants."""
    numbers, places = np.unique((times - _BEHIND_UTC) // DAY, return_inverse=True)
    begin = np.array([_midnight_of_day(number) for number in numbers.tolist()], np.int64)
    after = np.array([_midnight_of_day(number + 1) for number in numbers.tolist()], np.int64)
    found: Times = np.where(times >= after[places], after[places], begin[places])
    return found


def _date_at(midnight: int) -> dt.date:
    return day_from_number((midnight + 12 * HOUR) // DAY)
