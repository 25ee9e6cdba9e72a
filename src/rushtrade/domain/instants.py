"""Instants: nanoseconds since the Unix epoch, UTC, as integers; RFC 3339 text at the edges."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from rushtrade.domain.errors import InvalidInput

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 3600 * SECOND
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})",
    re.ASCII,
)


def format_instant(time_ns: int) -> str:
    """Write an instant as ``2026-11-20T14:30:00.123456789Z``; trailing zeros of the fraction go."""
    seconds, nanoseconds = divmod(time_ns, SECOND)
    moment = _EPOCH + timedelta(seconds=seconds)
    fraction = f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def parse_instant(text: str) -> int:
    """Read RFC 3339 text with a zone; nanoseconds are kept, further digits are dropped."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise InvalidInput(f"time {text[:40]!r} is not RFC 3339, such as '2026-11-20T14:30:00Z'")
    try:
        year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise InvalidInput(f"time {text[:40]!r}: {error}") from None
    zone = match[8]
    offset = 0
    if zone not in "Zz":
        offset = (int(zone[1:3]) * 3600 + int(zone[4:6]) * 60) * (1 if zone[0] == "+" else -1)
    elapsed = moment - _EPOCH
    whole = elapsed.days * 86400 + elapsed.seconds - offset
    return whole * SECOND + int((match[7] or "").ljust(9, "0"))


def parse_date(text: str) -> date:
    """Read ``2026-11-20``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"date {text[:40]!r} is not a calendar date such as '2026-11-20'") from None


def day_number(day: date) -> int:
    """Days since 1970-01-01: how a date stands in commands and events."""
    return day.toordinal() - _EPOCH_ORDINAL


def day_from_number(number: int) -> date:
    """Give back the date of `day_number`."""
    return date.fromordinal(number + _EPOCH_ORDINAL)


_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
