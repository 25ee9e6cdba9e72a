"""Write `data/xnys.txt`, the trading calendar of the New York Stock Exchange, from the package exchange_calendars.

Run `python -m rushtrade.rules.generate_calendar src/rushtrade/rules/data/xnys.txt` after upgrading that package. Loading
it (and pandas) takes seconds, so the product reads the table instead; a test holds the two equal.

The table lists only what differs from "every weekday, 09:30 to 16:00 New York time": one line a closed weekday, one
line an early close.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

SPAN_FIRST = dt.date(1990, 1, 1)
SPAN_LAST = dt.date(2030, 12, 31)
REGULAR_CLOSE = dt.time(16, 0)
SATURDAY = 5


def calendar_lines() -> list[str]:
    """Return the lines of the table for the whole span."""
    import exchange_calendars  # noqa: PLC0415  - seconds of loading that only this script should pay

    calendar = exchange_calendars.get_calendar(
        "XNYS", start=SPAN_FIRST.isoformat(), end=SPAN_LAST.isoformat()
    )
    closes = {
        session.date(): close.tz_convert("America/New_York").time()
        for session, close in calendar.schedule["close"].items()
    }
    lines = [
        f"# NYSE sessions by exchange_calendars {exchange_calendars.__version__}; written by rules/generate_calendar.py",
        "# every weekday of the span is a session from 09:30 to 16:00 New York time, but for these:",
        f"span {SPAN_FIRST.isoformat()} {SPAN_LAST.isoformat()}",
    ]
    for ordinal in range(SPAN_FIRST.toordinal(), SPAN_LAST.toordinal() + 1):
        day = dt.date.fromordinal(ordinal)
        if day.weekday() >= SATURDAY:
            continue
        if day not in closes:
            lines.append(f"{day.isoformat()} closed")
        elif closes[day] != REGULAR_CLOSE:
            lines.append(f"{day.isoformat()} {closes[day]:%H:%M}")
    return lines


def main() -> None:
    """Write the table to the path given on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m rushtrade.rules.generate_calendar FILE")
    Path(sys.argv[1]).write_text("\n".join(calendar_lines()) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
