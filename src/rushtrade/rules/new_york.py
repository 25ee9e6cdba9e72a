"""New York's wall clock: instants (ns UTC) of a day's midnight and of times of the day, and back.

Knows the time zone, nothing of sessions and holidays. Exchanges stamp their messages in nanoseconds since this
midnight.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

from rushtrade.domain.instants import SECOND

ZONE = ZoneInfo("America/New_York")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@lru_cache(maxsize=4_096)
def midnight_ns(day: dt.date) -> int:
    """Return the instant at which `day` begins in New York."""
    return _instant(dt.datetime(day.year, day.month, day.day, tzinfo=ZONE))


def wall_ns(day: dt.date, minute: int) -> int:
    """Return the instant at which New York's clocks show `minute` minutes past midnight on `day`."""
    hour, minute_of_hour = divmod(minute, 60)
    return _instant(dt.datetime(day.year, day.month, day.day, hour, minute_of_hour, tzinfo=ZONE))


def day_at(time_ns: int) -> dt.date:
    """Return the date in New York at an instant."""
    return (EPOCH + dt.timedelta(seconds=time_ns // SECOND)).astimezone(ZONE).date()


def minutes(clock: str) -> int:
    """Turn "09:30" into minutes past midnight."""
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _instant(moment: dt.datetime) -> int:
    elapsed = moment - EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * SECOND
