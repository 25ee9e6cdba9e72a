"""The hours of a trading day as instants: pre-market, regular session, post-market; the house's, and every venue's.

The regular session is the exchanges' common one (`calendar`). What differs is what lies around it, and how that is cut on a half day:
a calendar that ends the post-market with the early close at 13:00 is wrong for venues that go on until 17:00. A day on which a venue
did something else is a special day of its own, with its source.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import msgspec

from rushtrade.domain.errors import InvalidInput
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


def regular_hours(day: dt.date) -> tuple[int, int]:
    """Return the instants of a trading day's open and close."""
    session = session_on(day)
    return session.open_ns, session.close_ns


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


OVERRIDES_MAX = 10_000
"""Special days of all venues of forty years, many times over."""


class VenueHours(msgspec.Struct, frozen=True):
    """Minutes of New York's day; a post-market that ends with the close is none."""

    pre_open_minute: int
    post_close_minute: int
    post_close_minute_half_day: int


EVERY_VENUE = "*"
"""The MIC of a special day of all venues."""


class SpecialDay(msgspec.Struct, frozen=True):
    """What one venue, or every one (`EVERY_VENUE`), did on one day instead; minutes of New York's day, and where that is written."""

    mic: str
    day: dt.date
    pre_open_minute: int
    open_minute: int
    close_minute: int
    post_close_minute: int
    source: str


_REGULAR_ONLY = VenueHours(REGULAR_OPEN_MINUTE, minutes("16:00"), minutes("13:00"))
_FOUR_TO_EIGHT = VenueHours(minutes("04:00"), minutes("20:00"), minutes("17:00"))


def _hours(mic: str, *rows: tuple[dt.date, VenueHours, str]) -> DatedTable[VenueHours]:
    return DatedTable("hours of a venue", successive(rows), key=mic)


VENUE_HOURS: Mapping[str, DatedTable[VenueHours]] = {
    "XNAS": _hours(
        "XNAS",
        (dt.date(2013, 3, 18), _FOUR_TO_EIGHT, "Nasdaq system hours 4:00-20:00; half days until 17:00"),
    ),
    "XNYS": _hours(
        "XNYS",
        (
            dt.date(2013, 3, 18),
            _REGULAR_ONLY,
            "NYSE Rule 51: 9:30-16:00 for listed stocks, 13:00 on half days",
        ),
    ),
    "ARCX": _hours(
        "ARCX",
        (
            dt.date(2013, 3, 18),
            _FOUR_TO_EIGHT,
            "NYSE Arca Rule 7.34-E: 4:00-20:00; late session of half days until 17:00",
        ),
    ),
    "BATS": _hours(
        "BATS",
        (
            dt.date(2021, 3, 8),
            VenueHours(minutes("07:00"), minutes("20:00"), minutes("17:00")),
            "BZX Rule 1.5: early trading from 7:00, after hours until 20:00, half days until 17:00; earlier hours not known here",
        ),
    ),
    "EDGX": _hours(
        "EDGX",
        (
            dt.date(2021, 3, 8),
            _FOUR_TO_EIGHT,
            "EDGX Rule 1.5 as amended: early trading from 4:00; earlier hours not known here",
        ),
    ),
    "IEXG": _hours(
        "IEXG",
        (
            dt.date(2016, 9, 2),
            VenueHours(minutes("08:00"), minutes("17:00"), minutes("17:00")),
            "IEX Rule 1.160: pre-market 8:00, post-market until 17:00",
        ),
    ),
    "MEMX": _hours(
        "MEMX",
        (
            dt.date(2020, 10, 7),
            VenueHours(minutes("07:00"), minutes("17:00"), minutes("17:00")),
            "SR-MEMX-2020-11 (34-90119): pre-market 7:00, post-market until 17:00",
        ),
        (
            dt.date(2023, 2, 16),
            VenueHours(minutes("07:00"), minutes("20:00"), minutes("17:00")),
            "SR-MEMX-2023-01 (34-96773): post-market until 20:00, thirty days after its filing; half days until 17:00 as elsewhere",
        ),
    ),
    "EPRL": _hours(
        "EPRL",
        (
            dt.date(2020, 9, 25),
            _REGULAR_ONLY,
            "MIAX Pearl Equities: regular session alone; early and late ones filed for in SR-PEARL-2024-47 (34-101358), their first day not known here",
        ),
    ),
    "BATY": _hours(
        "BATY",
        (
            dt.date(2018, 8, 24),
            VenueHours(minutes("07:00"), minutes("20:00"), minutes("17:00")),
            "BYX Rule 1.5, after hours until 20:00 by SR-CboeBYX-2018-013 (34-83798); early trading from 7:00 as at its sister exchanges",
        ),
    ),
    "EDGA": _hours(
        "EDGA",
        (
            dt.date(2021, 3, 8),
            VenueHours(minutes("07:00"), minutes("20:00"), minutes("17:00")),
            "EDGA Rule 1.5: early trading from 7:00, after hours until 20:00, as at BYX; not checked against the printed rule",
        ),
    ),
    "XBOS": _hours(
        "XBOS",
        (
            dt.date(2013, 3, 18),
            VenueHours(minutes("07:00"), minutes("19:00"), minutes("17:00")),
            "Nasdaq BX system hours 7:00-19:00; trade knowledge, not checked against the printed rule",
        ),
    ),
    "XPSX": _hours(
        "XPSX",
        (
            dt.date(2013, 3, 18),
            VenueHours(minutes("08:00"), minutes("17:00"), minutes("17:00")),
            "Nasdaq PSX system hours 8:00-17:00; trade knowledge, not checked against the printed rule",
        ),
    ),
}
"""By ISO 10383 code. A venue that is not here has no hours known: asking is refused."""


class VenueCalendar:
    """Sessions of venues, with special days over the tables."""

    def __init__(self, special_days: Iterable[SpecialDay] = ()) -> None:
        """Take special days; InvalidInput for two of one venue on one day, hours out of order, or no source."""
        self._special: dict[tuple[str, dt.date], SpecialDay] = {}
        for special in special_days:
            where = f"the special day {special.day} of {special.mic}"
            if (special.mic, special.day) in self._special:
                raise InvalidInput(f"{where} is told twice; one of them must go")
            hours = (
                special.pre_open_minute,
                special.open_minute,
                special.close_minute,
                special.post_close_minute,
            )
            if list(hours) != sorted(hours) or special.open_minute == special.close_minute:
                raise InvalidInput(
                    f"{where} has the minutes {hours}; they must rise from the pre-market to the post-market"
                )
            if not special.source:
                raise InvalidInput(f"{where} names no source; say where it is written")
            if len(self._special) == OVERRIDES_MAX:
                raise InvalidInput(f"more than {OVERRIDES_MAX:,} special days")
            self._special[special.mic, special.day] = special

    def regular_hours(self, day: dt.date) -> tuple[int, int]:
        """Return the instants of the market's open and close on a day: the exchanges' common ones, or a special day's of every venue."""
        special = self._special.get((EVERY_VENUE, day))
        if special is None:
            return regular_hours(day)
        return wall_ns(day, special.open_minute), wall_ns(day, special.close_minute)

    def special_days(self, first: dt.date, last: dt.date) -> list[SpecialDay]:
        """Return the special days from one day to another, both included, in order."""
        chosen = [each for each in self._special.values() if first <= each.day <= last]
        return sorted(chosen, key=lambda each: (each.day, each.mic))

    def session(self, mic: str, day: dt.date) -> Session:
        """Return the hours of a venue on a day.

        Raises `InvalidInput` when the venue is not known or does not trade on the day, `RuleMissing` when no row covers it.
        """
        special = self._special.get((mic, day)) or self._special.get((EVERY_VENUE, day))
        if special is not None:
            minutes_of = (
                special.pre_open_minute,
                special.open_minute,
                special.close_minute,
                special.post_close_minute,
            )
            return _session(day, minutes_of, early=special.close_minute < minutes("16:00"))
        if mic not in VENUE_HOURS:
            raise InvalidInput(
                f"no hours are known of venue {mic!r}; known are {', '.join(sorted(VENUE_HOURS))}"
            )
        calendar = new_york_calendar()
        close = calendar.close_minute(day)
        hours = VENUE_HOURS[mic].on(day)
        early = calendar.is_early_close(day)
        post = hours.post_close_minute_half_day if early else hours.post_close_minute
        return _session(
            day, (hours.pre_open_minute, REGULAR_OPEN_MINUTE, close, max(post, close)), early=early
        )


def _session(day: dt.date, minutes_of: tuple[int, int, int, int], *, early: bool) -> Session:
    pre, opens, closes, post = (wall_ns(day, minute) for minute in minutes_of)
    return Session(
        day=day,
        midnight_ns=midnight_ns(day),
        pre_open_ns=pre,
        open_ns=opens,
        close_ns=closes,
        post_close_ns=post,
        early_close=early,
    )
