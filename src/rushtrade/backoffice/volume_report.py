"""The monthly trade volume report: a month of the firm in four figures, beside the same month a year before.

Each figure is a fold of the journal up to the close of the month's last trade date; the month's seq is fixed there, so a
report printed again later says the same. What a figure means is part of the report: every line carries its definition.
Nothing here knows how the books came about.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec

from rushtrade.backoffice.books import Books
from rushtrade.backoffice.directory import Directory
from rushtrade.backoffice.folding import EventFrame, Handler, fold
from rushtrade.backoffice.percentages import change_text
from rushtrade.domain.errors import InvalidInput, require
from rushtrade.domain.events import DayClosed, DayOpened, Event, OrderAccepted, OrderFilled
from rushtrade.domain.instants import day_from_number
from rushtrade.domain.numbers import MONEY_UNIT, notional
from rushtrade.domain.transfers import CASH
from rushtrade.rules.calendar import new_york_calendar


class Month(msgspec.Struct, frozen=True, order=True):
    """A calendar month."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def year_before(self) -> Month:
        """The same month a year before."""
        return Month(self.year - 1, self.number)

    @property
    def first_day(self) -> dt.date:
        """Its first calendar day."""
        return dt.date(self.year, self.number, 1)

    @property
    def last_day(self) -> dt.date:
        """Its last calendar day."""
        following = dt.date(self.year + self.number // 12, self.number % 12 + 1, 1)
        return following - dt.timedelta(days=1)

    @property
    def title(self) -> str:
        """The month in words: ``November 2004``."""
        return f"{self.first_day:%B} {self.year}"


def parse_month(text: str) -> Month:
    """Read ``2004-11``."""
    year, _, number = text.partition("-")
    if not (len(year) == 4 and len(number) == 2 and text.replace("-", "", 1).isdecimal() and text.isascii()):
        raise InvalidInput(f"month {text[:40]!r} is not a month such as '2004-11'")
    if not (1 <= int(number) <= 12 and int(year) > 1):
        raise InvalidInput(f"month {text!r} has no such month; the months of a year are 01 to 12")
    return Month(int(year), int(number))


class MonthFigures(msgspec.Struct, frozen=True):
    """One month of the books. `customer_assets` in micro-dollars; `seq` is where the month was read up to."""

    month: Month
    sessions: int
    last_session: dt.date
    seq: int
    customer_assets: int
    holdings_without_mark: int
    trades_processed: int
    shares_traded: int
    customer_accounts: int

    @property
    def note(self) -> str:
        """Say when the month is not over: its figures go up to the last close there is."""
        ends = new_york_calendar().session_on_or_before(self.month.last_day)
        if self.last_session == ends:
            return ""
        return f"{self.month} is not complete: its last trade date is {ends}, closed so far is {self.last_session}."


class MetricRow(msgspec.Struct, frozen=True):
    """One line of the report. Assets in whole dollars, half a dollar away from zero; all else counts."""

    metric: str
    current: int
    prior: int
    change: str


class Metric(msgspec.Struct, frozen=True):
    """What a line is called, how many decimals its change has, and what it means."""

    name: str
    title: str
    decimals: int
    definition: str


METRICS = (
    Metric(
        "customer_assets",
        "Customer assets",
        0,
        "Net liquidation value of all open, funded accounts after the close of the month's last trade date: cash on trade "
        "date (settled and unsettled) plus positions at that day's closing marks, short positions deducted.",
    ),
    Metric(
        "trades_processed",
        "Trades processed",
        1,
        "Trade tickets: orders executed in whole or in part, counted once for each trade date they executed on, whatever "
        "their number of fills. An order and its replacements are one order. Cancelled and rejected orders do not count.",
    ),
    Metric(
        "shares_traded",
        "Shares traded",
        0,
        "Shares executed for customers on the month's trade dates, bought and sold alike, each execution counted on the "
        "customer's side only.",
    ),
    Metric(
        "customer_accounts",
        "Customer accounts",
        0,
        "Customer accounts open after the close of the month's last trade date, funded or not.",
    ),
)


class VolumeReport(msgspec.Struct, frozen=True):
    """The report of one month. `prior` is None when the books hold no close of the month a year before."""

    firm: str
    current: MonthFigures
    prior: MonthFigures | None

    @property
    def rows(self) -> tuple[MetricRow, ...]:
        """The four lines, in the order of `METRICS`."""
        return tuple(
            metric_row(metric, _figure(self.current, metric), _figure(self.prior, metric))
            for metric in METRICS
        )

    def as_json(self) -> dict[str, object]:
        """Give the report's published shape: month, prior_month, rows."""
        return {
            "month": str(self.current.month),
            "prior_month": str(self.current.month.year_before),
            "rows": [msgspec.to_builtins(row) for row in self.rows],
        }


def metric_row(metric: Metric, current: int, prior: int) -> MetricRow:
    """Put a figure beside that of a year before."""
    return MetricRow(metric.name, current, prior, change_text(current, prior, metric.decimals))


def _figure(figures: MonthFigures | None, metric: Metric) -> int:
    if figures is None:
        return 0
    value: int = getattr(figures, metric.name)
    if metric.name == "customer_assets":
        dollars = (abs(value) + MONEY_UNIT // 2) // MONEY_UNIT
        return -dollars if value < 0 else dollars
    return value


class _Close(msgspec.Struct, frozen=True):
    """What the books held when a day closed, copied: what comes after a month's last close does not belong to it."""

    day: dt.date
    seq: int
    owned: dict[tuple[int, int], int]
    prices: dict[int, int]
    open_accounts: dict[int, None]


class _Trading:
    """Fold of executions into tickets and shares of each month, and of the last close of each month wanted."""

    def __init__(self, months: Iterable[Month], directory: Directory, books: Books) -> None:
        self._wanted = dict.fromkeys(months)
        self._directory = directory
        self._books = books
        self._roots: dict[int, int] = {}
        self._day: dt.date | None = None
        self._day_tickets: dict[int, None] = {}
        self._day_shares = 0
        self._tickets: dict[Month, int] = {}
        self._shares: dict[Month, int] = {}
        self._closes: dict[Month, _Close] = {}
        self.sessions: dict[Month, int] = {}

    def handlers(self) -> dict[type[Event], Handler]:
        """Name the events folded."""
        return {
            DayOpened: self._day_opened,
            DayClosed: self._day_closed,
            OrderAccepted: self._order_accepted,
            OrderFilled: self._order_filled,
        }

    def figures(self, month: Month) -> MonthFigures | None:
        """Give a month's figures; None when none of its days was closed."""
        close = self._closes.get(month)
        if close is None:
            return None
        assets = unmarked = 0
        for (owner, asset), amount in close.owned.items():
            if amount and owner in close.open_accounts:
                price = close.prices.get(asset, 0)
                assets += amount if asset == CASH else notional(price, amount)
                unmarked += asset != CASH and not price
        return MonthFigures(
            month=month,
            sessions=self.sessions[month],
            last_session=close.day,
            seq=close.seq,
            customer_assets=assets,
            holdings_without_mark=unmarked,
            trades_processed=self._tickets[month],
            shares_traded=self._shares[month],
            customer_accounts=len(close.open_accounts),
        )

    def _day_opened(self, event: DayOpened, _seq: int, _time_ns: int) -> None:
        self._day = day_from_number(event.trade_date)

    def _order_accepted(self, event: OrderAccepted, _seq: int, _time_ns: int) -> None:
        if event.replaces:
            self._roots[event.order_id] = self._roots.get(event.replaces, event.replaces)

    def _order_filled(self, event: OrderFilled, _seq: int, _time_ns: int) -> None:
        self._day_tickets[self._roots.get(event.order_id, event.order_id)] = None
        self._day_shares += abs(event.signed_shares)

    def _day_closed(self, event: DayClosed, seq: int, _time_ns: int) -> None:
        day = day_from_number(event.trade_date)
        require(day == self._day, f"{day} was closed while {self._day} was open")
        month = Month(day.year, day.month)
        self._tickets[month] = self._tickets.get(month, 0) + len(self._day_tickets)
        self._shares[month] = self._shares.get(month, 0) + self._day_shares
        self.sessions[month] = self.sessions.get(month, 0) + 1
        self._day_tickets.clear()
        self._day_shares = 0
        if month in self._wanted:
            books, open_accounts = self._books, self._directory.open_accounts()
            self._closes[month] = _Close(day, seq, dict(books.owned), books.prices(), open_accounts)


def volume_report(frames: Iterable[EventFrame], month: Month) -> VolumeReport:
    """Fold the books into the report of a month.

    Raises:
        InvalidInput: no trade date of that month was closed. The message names the months the books do hold.

    """
    directory, books = Directory(), Books()
    trading = _Trading((month, month.year_before), directory, books)
    fold(frames, directory, books, trading)
    current = trading.figures(month)
    if current is None:
        closed = ", ".join(str(held) for held in trading.sessions) or "none"
        raise InvalidInput(f"no trade date of {month} was closed in these books; closed months: {closed}")
    return VolumeReport(directory.firm, current, trading.figures(month.year_before))
