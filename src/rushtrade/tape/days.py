"""Earlier days: what every security did on each, the year's extremes, and how much trades by what time of day.

Days come from the tape itself when the next one is opened, and from elsewhere (`know`) for the days before the tape began.
At most `DAYS_KEPT` are kept. How far back they reach is always told: what was a year's high is not known before a year of
days is. Refuses to know where earlier days were kept.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rushtrade.domain.errors import RuleMissing
from rushtrade.domain.instants import HOUR, MINUTE, day_from_number, day_number
from rushtrade.rules.calendar import new_york_calendar
from rushtrade.tape.tape_layout import BAR

DAY_ROW: Final = np.dtype(
    [
        ("day", "<i4"),
        ("instrument", "<i4"),
        ("open", "<i8"),
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("volume", "<i8"),
        ("trades", "<i8"),
        ("value", "<i8"),
        ("official_open", "<i8"),
        ("official_close", "<i8"),
        ("priced", "<i8"),
    ]
)
"""A security's day. `day` counts from 1970-01-01; prices are those of regular hours, volume is of all hours."""

DAYS_KEPT: Final = 260
"""A year of sessions: what 52-week extremes need."""
YEAR_DAYS: Final = 364
"""52 weeks."""
YEAR_SESSIONS_MIN: Final = 240
"""Days of those 52 weeks that must be known before their extremes are: there are 250 to 252 sessions in them."""
PROFILE_DAYS: Final = 20
"""Days the volume of a time of day is averaged over: four weeks."""
PROFILE_REACH: Final = 60
"""Calendar days back to which they may lie: what traded usually a season ago is not usual."""
BUCKET_NS: Final = 15 * MINUTE
BUCKETS: Final = 24 * HOUR // BUCKET_NS
VOLUME_MAX: Final = (1 << 32) - 1
"""The most shares of a day that a profile tells: it is kept in four bytes, 3 MB a day of 8,000 securities."""

Rows = npt.NDArray[Any]


class Days:
    """Earlier days of the securities of a tape; rows name them by slot."""

    def __init__(self) -> None:
        self.by_day: dict[int, Rows] = {}
        """Rows of DAY_ROW by slot, by day, oldest first."""
        self.profiles: dict[int, Rows] = {}
        """Shares traded by the end of each bucket of the day, by slot and bucket, by day."""

    def keep(self, rows: Rows) -> None:
        """Take rows of one day; a day known already is replaced."""
        if not len(rows):
            return
        self.by_day[int(rows["day"][0])] = np.sort(rows, order="instrument")
        newest = sorted(self.by_day)[-DAYS_KEPT:]
        self.by_day = {day: self.by_day[day] for day in newest}

    def know(self, rows: Rows) -> None:
        """Take rows of days before the tape began; what it has of a security's day stays as it is."""
        for day in np.unique(rows["day"]).tolist():
            told = rows[rows["day"] == day]
            held = self.by_day.get(day)
            if held is not None:
                told = np.concatenate([held, told[~np.isin(told["instrument"], held["instrument"])]])
            self.keep(told)

    def know_volumes(self, day: int, slots: int, volumes: dict[int, Rows]) -> None:
        """Take the shares traded in each bucket of a day before the tape began, by slot."""
        profile = np.zeros((slots, BUCKETS), np.uint32)
        held = self.profiles.get(day)
        if held is not None:
            profile[: len(held)] = held
        for slot, traded in volumes.items():
            profile[slot] = np.minimum(np.cumsum(traded), VOLUME_MAX)
        self.profiles[day] = profile
        self.profiles = {one: self.profiles[one] for one in sorted(self.profiles)[-PROFILE_DAYS:]}

    def keep_profile(self, day: int, bars: Rows, midnight_ns: int, slots: int) -> None:
        """Take the minutes of a day, for how much traded by what time."""
        traded = np.zeros((slots, BUCKETS), np.int64)  # a sum first, then the narrow word it is kept in
        buckets = np.clip((bars["key"] - midnight_ns) // BUCKET_NS, 0, BUCKETS - 1)
        np.add.at(traded, (bars["instrument"], buckets), bars["volume"])
        self.profiles[day] = np.minimum(np.cumsum(traded, axis=1), VOLUME_MAX).astype(np.uint32)
        self.profiles = {day: self.profiles[day] for day in sorted(self.profiles)[-PROFILE_DAYS:]}

    def of(self, slot: int, first_day: int, last_day: int) -> Rows:
        """A security's days from a first to a last, both included, in order."""
        found = [_row_of(rows, slot) for day, rows in self.by_day.items() if first_day <= day <= last_day]
        return np.concatenate([np.zeros(0, DAY_ROW), *found])

    def latest_close(self, slots: int, before: int) -> Rows:
        """The close of the latest day before a day, by slot; 0 where none is known.

        None is known when the session just before is not: a close of some older day is no previous close.
        """
        closes = np.zeros(slots, np.int64)
        if max((day for day in self.by_day if day < before), default=0) < _session_before(before):
            return closes
        for day, rows in self.by_day.items():
            if day < before:
                kept = rows[(rows["instrument"] < slots) & (rows["priced"] > 0)]
                told = np.where(kept["official_close"] > 0, kept["official_close"], kept["close"])
                closes[kept["instrument"]] = told
        return closes

    def year_extremes(self, slots: int, today: int) -> tuple[Rows, Rows, bool]:
        """Highest and lowest price by slot in the 52 weeks before a day, and whether enough of their days are known."""
        highs, lows = np.zeros(slots, np.int64), np.zeros(slots, np.int64)
        known = 0
        for day, rows in self.by_day.items():
            if today - YEAR_DAYS <= day < today:
                known += 1
                kept = rows[(rows["instrument"] < slots) & (rows["high"] > 0)]
                at = kept["instrument"]
                highs[at] = np.maximum(highs[at], kept["high"])
                lows[at] = np.where(lows[at] > 0, np.minimum(lows[at], kept["low"]), kept["low"])
        return highs, lows, known >= YEAR_SESSIONS_MIN

    def average_volume(self, slots: int, since_midnight_ns: int, today: int) -> tuple[Rows, int]:
        """Shares usually traded by a time of day, by slot, and over how many days: 0 days, nothing is known.

        Within a bucket of a quarter hour trading is taken as even. Days of more than `PROFILE_REACH` ago tell nothing.
        """
        place, into = divmod(min(max(since_midnight_ns, 0), 24 * HOUR - 1), BUCKET_NS)
        total = np.zeros(slots, np.int64)
        recent = [profile for day, profile in self.profiles.items() if today - PROFILE_REACH <= day < today]
        for profile in recent:
            ends = profile[:slots, place].astype(np.int64)
            begins = profile[:slots, place - 1].astype(np.int64) if place else np.zeros_like(ends)
            total[: len(ends)] += begins + (ends - begins) * (into // MINUTE) // (BUCKET_NS // MINUTE)
        days = len(recent)
        return (total // days if days else total), days


def _session_before(today: int) -> int:
    """The session before a day, by number; the day itself, which no earlier day reaches, where no calendar covers it."""
    try:
        before = new_york_calendar().session_on_or_before(day_from_number(today - 1))
    except RuleMissing:
        return today
    return day_number(before)


def _row_of(rows: Rows, slot: int) -> Rows:
    begin, end = np.searchsorted(rows["instrument"], [slot, slot + 1])
    return rows[begin:end]


def day_rows(securities: Rows, day: int) -> Rows:
    """Write the days so far of all securities that traded; `securities` are rows of SECURITY by slot."""
    slots = np.flatnonzero(securities["day_trades"] > 0)
    held = securities[slots]
    rows = np.zeros(len(slots), DAY_ROW)
    for name in (
        "open", "high", "low", "close", "volume", "value", "official_open", "official_close", "priced",
    ):  # fmt: skip
        rows[name] = held[name]
    rows["trades"], rows["day"], rows["instrument"] = held["day_trades"], day, slots
    return rows


def bars_of_days(rows: Rows, starts: npt.NDArray[np.int64]) -> Rows:
    """Write days as rows of BAR with their midnights as keys, to be folded."""
    bars = np.zeros(len(rows), BAR)
    for name in ("open", "high", "low", "close", "volume", "trades", "value", "priced", "instrument"):
        bars[name] = rows[name]
    bars["key"] = bars["open_time"] = bars["close_time"] = starts
    return bars
