"""The hours of a trading day as instants: pre-market, regular session, post-market.

The regular session is the exchange's (`calendar`); the extended hours are those the house offers, by date.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from rushtrade.domain.instants import DAY
from rushtrade.rules.calendar import REGULAR_OPEN_MINUTE, new_york_calendar
from rushtrade.rules.dated import DatedTable, successive
from rushtrade.rules.new_york import midnight_ns, minutes, wall_ns


class ExtendedHours(msgspec.Struct, frozen=True):
    """When the pre-market begins, and how long the post-market lasts after the close (early or not), in minutes."""

    pre_open_minute: int
    post_minutes: int


EXTENDED_HOURS: DatedTable[ExtendedHours] = DatedTable(
    "extended hours",
    successive(
        [
            (dt.date(1990, 1, 1), ExtendedHours(REGULAR_OPEN_MINUTE, 0), "no extended session offered"),
            (
                dt.date(1999, 10, 25),
                ExtendedHours(minutes("08:00"), 150),
                "8:00 to 18:30: Nasdaq's extended session of 1999, the hours of 2004 products",
            ),
            (
                dt.date(2013, 3, 18),
                ExtendedHours(minutes("04:00"), 240),
                "4:00 to 20:00: Nasdaq system hours since 2013-03-18, NYSE Arca likewise",
            ),
        ]
    ),
)


class Session(msgspec.Struct, frozen=True, gc=False):
    """Instants of one trading day, ns UTC: `pre_open <= open < close <= post_close`."""

    day: dt.date
    midnight_ns: int
    pre_open_ns: int
    open_ns: int
    close_ns: int
    post_close_ns: int
    early_close: bool

    def is_regular(self, time_ns: int) -> bool:
        """True from the open to the instant before the close."""
        return self.open_ns <= time_ns < self.close_ns

    def is_extended(self, time_ns: int) -> bool:
        """True in the pre-market or the post-market."""
        return self.pre_open_ns <= time_ns < self.open_ns or self.close_ns <= time_ns < self.post_close_ns

    def holds(self, time_ns: int) -> bool:
        """True when the instant lies on the session's day in New York (its 24 hours; clocks change on Sundays)."""
        return self.midnight_ns <= time_ns < self.midnight_ns + DAY


def session_on(day: dt.date) -> Session:
    """Return the hours of `day`; `InvalidInput` when it is no trading day, `RuleMissing` when no row covers it."""
    calendar = new_york_calendar()
    close_minute = calendar.close_minute(day)
    hours = EXTENDED_HOURS.on(day)
    return Session(
        day=day,
        midnight_ns=midnight_ns(day),
        pre_open_ns=wall_ns(day, hours.pre_open_minute),
        open_ns=wall_ns(day, REGULAR_OPEN_MINUTE),
        close_ns=wall_ns(day, close_minute),
        post_close_ns=wall_ns(day, close_minute + hours.post_minutes),
        early_close=calendar.is_early_close(day),
    )
