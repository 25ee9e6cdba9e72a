"""Trading sessions of the New York Stock Exchange and the days derived from them.

Three kinds of day, each a subset of the one before:

- a *session* (business day): the exchange trades, perhaps with an early close;
- a *settlement day*: a session on which banks are open too (not Columbus Day, not Veterans Day);
- everything else is a calendar day.

The table behind it (`data/xnys.txt`) is read once, at the first lookup; sessions are numbered from 0, so that "n
sessions later" is an addition. Days outside the table's span raise `RuleMissing`.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib import resources

from rushtrade.domain.errors import InvalidInput, RuleMissing
from rushtrade.rules.bank_holidays import is_bank_only_holiday
from rushtrade.rules.dated import RuleTableInvalid
from rushtrade.rules.new_york import day_at, minutes

REGULAR_OPEN_MINUTE = 570
"""09:30 New York time, in minutes past midnight: the table's own base case, see data/xnys.txt."""
REGULAR_CLOSE_MINUTE = 960
"""16:00 New York time: the table's own base case."""
SATURDAY = 5
ONE_DAY = dt.timedelta(days=1)


class TradingCalendar:
    """Sessions of one exchange over a span of days; every lookup takes constant time."""

    def __init__(
        self, name: str, first: dt.date, last: dt.date, exceptions: dict[dt.date, int | None]
    ) -> None:
        """Take the weekdays from `first` to `last` that are closed (None) or close early (minute of the day)."""
        self.name = name
        self.first = first
        self.last = last
        self._early_closes = {day: minute for day, minute in exceptions.items() if minute is not None}
        self._first_ordinal = first.toordinal()
        self._sessions: list[dt.date] = []
        self._settlement_days: list[dt.date] = []
        self._session_count: list[int] = []
        self._settlement_count: list[int] = []
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            day = dt.date.fromordinal(ordinal)
            closed = day.weekday() >= SATURDAY or exceptions.get(day, REGULAR_CLOSE_MINUTE) is None
            if not closed:
                self._sessions.append(day)
                if not is_bank_only_holiday(day):
                    self._settlement_days.append(day)
            self._session_count.append(len(self._sessions))
            self._settlement_count.append(len(self._settlement_days))

    def is_session(self, day: dt.date) -> bool:
        """True when the exchange trades on `day`."""
        count = self._count(self._session_count, day)
        return count > 0 and self._sessions[count - 1] == day

    def is_settlement_day(self, day: dt.date) -> bool:
        """True when trades can settle on `day`: a session that is no bank holiday."""
        count = self._count(self._settlement_count, day)
        return count > 0 and self._settlement_days[count - 1] == day

    def is_early_close(self, day: dt.date) -> bool:
        """True when `day` is a session that ends before 16:00."""
        return day in self._early_closes

    def close_minute(self, day: dt.date) -> int:
        """Return when the regular session of `day` ends, in minutes past New York midnight."""
        self.require_session(day)
        return self._early_closes.get(day, REGULAR_CLOSE_MINUTE)

    def require_session(self, day: dt.date) -> None:
        """Raise `InvalidInput`, naming the sessions around, when the exchange does not trade on `day`."""
        if not self.is_session(day):
            raise InvalidInput(
                f"{day.isoformat()} is not a trading day of {self.name}; the ones around it are "
                f"{self.session_on_or_before(day).isoformat()} and {self.add_sessions(day, 1).isoformat()}"
            )

    def sessions(self, first: dt.date, last: dt.date) -> tuple[dt.date, ...]:
        """Return all sessions from `first` to `last`, both included."""
        if last < first:
            return ()
        begin = self._count(self._session_count, first) - (1 if self.is_session(first) else 0)
        return tuple(self._sessions[begin : self._count(self._session_count, last)])

    def session_on_or_before(self, day: dt.date) -> dt.date:
        """Return `day` itself when it is a session, else the last session before it."""
        return self._pick(self._sessions, self._count(self._session_count, day) - 1, day)

    def session_on_or_after(self, day: dt.date) -> dt.date:
        """Return `day` itself when it is a session, else the next session after it."""
        return day if self.is_session(day) else self.add_sessions(day, 1)

    def add_sessions(self, day: dt.date, count: int) -> dt.date:
        """Return the `count`-th session (business day) after `day`; below zero, before it. `day` is not counted."""
        return self._step(self._sessions, self._session_count, day, count, is_day=self.is_session(day))

    def add_settlement_days(self, day: dt.date, count: int) -> dt.date:
        """Return the `count`-th settlement day after `day`; below zero, before it. `day` is not counted."""
        is_day = self.is_settlement_day(day)
        return self._step(self._settlement_days, self._settlement_count, day, count, is_day=is_day)

    def last_trading_day(self, now_ns: int) -> dt.date:
        """Return the latest session that has begun by New York's date at `now_ns` (its own date counts)."""
        return self.session_on_or_before(day_at(now_ns))

    def _step(
        self, days: list[dt.date], counts: list[int], day: dt.date, count: int, *, is_day: bool
    ) -> dt.date:
        before_or_on = self._count(counts, day)
        if count > 0:
            return self._pick(days, before_or_on + count - 1, day)
        if count < 0:
            return self._pick(days, before_or_on + count - (1 if is_day else 0), day)
        raise InvalidInput("a step of 0 days has no meaning; ask is_session or is_settlement_day instead")

    def _count(self, counts: list[int], day: dt.date) -> int:
        """Return how many days of a kind lie at or before `day`."""
        index = day.toordinal() - self._first_ordinal
        if not 0 <= index < len(counts):
            raise self._missing(day)
        return counts[index]

    def _pick(self, days: list[dt.date], index: int, day: dt.date) -> dt.date:
        if not 0 <= index < len(days):
            raise self._missing(day)
        return days[index]

    def _missing(self, day: dt.date) -> RuleMissing:
        return RuleMissing(
            f"trading calendar {self.name}: no row for or near {day.isoformat()}; "
            f"dates covered: {self.first.isoformat()} to {self.last.isoformat()}"
        )


@cache
def new_york_calendar() -> TradingCalendar:
    """Return the calendar of the New York Stock Exchange (the sessions of all US equity exchanges)."""
    text = resources.files("rushtrade.rules").joinpath("data", "xnys.txt").read_text("ascii")
    return parse_calendar("XNYS", text)


def parse_calendar(name: str, text: str) -> TradingCalendar:
    """Read a calendar table: a `span` line, then a line for each weekday that is closed or closes early."""
    span: tuple[dt.date, dt.date] | None = None
    exceptions: dict[dt.date, int | None] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0] == "#":
            continue
        try:
            if words[0] == "span":
                span = (dt.date.fromisoformat(words[1]), dt.date.fromisoformat(words[2]))
            else:
                exceptions[dt.date.fromisoformat(words[0])] = (
                    None if words[1] == "closed" else minutes(words[1])
                )
        except (ValueError, IndexError):
            raise RuleTableInvalid(
                f"trading calendar {name}, line {number}: {line!r} is neither 'span FIRST LAST', 'DATE closed' "
                "nor 'DATE HH:MM'"
            ) from None
    if span is None:
        raise RuleTableInvalid(f"trading calendar {name}: no line 'span FIRST LAST'")
    return TradingCalendar(name, *span, exceptions)
