"""How good the data of a stored day is: gaps, lag, crossed and locked time, outliers, and own bars beside published ones.

Everything is counted from the store by SQL; the report says of every number what it is. Shares of time are of the time from an
instrument's first to its last best quote. An outlier is a trade far from the best quote just before it (`FAR_PPM`), or at no price
at all. Lag is receipt minus the venue's own time, of trades and orders as recorded; a day that was imported has none.
"""

# ruff: noqa: S608  - questions are put together of names of our own

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec

from rushtrade.domain.instants import DAY
from rushtrade.rules.new_york import midnight_ns
from rushtrade.ticks.days import days
from rushtrade.ticks.errors import TickStoreError
from rushtrade.ticks.schemas import SCHEMAS, view_name
from rushtrade.ticks.sql import QueryLimits, TickSql

WORST = 20
"""Rows of each list: what a person reads."""
FAR_PPM = 100_000
"""A tenth away from the quote: no trade of a liquid stock prints there."""
LAG_BOUNDS_US = (100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)


class LineGaps(msgspec.Struct, frozen=True):
    """A venue's line over the day: messages, places where numbers are missing, and what its health went through."""

    venue: str
    messages: int
    packets: int
    gaps: int
    missing: int
    images: int
    events: dict[str, int]


class Lag(msgspec.Struct, frozen=True):
    """How late a venue's rows came, in microseconds; `histogram` counts rows up to each bound of `LAG_BOUNDS_US`, then the rest."""

    venue: str
    rows: int
    median_us: float
    p99_us: float
    max_us: float
    negative: int
    histogram: list[int]


class QuoteTime(msgspec.Struct, frozen=True):
    """Time an instrument's best bid and offer spent in each state, in seconds, and the share that was crossed or locked."""

    symbol: str
    quotes: int
    seconds: dict[str, float]
    crossed_share: float
    locked_share: float


class Outlier(msgspec.Struct, frozen=True):
    """A trade that does not fit its market."""

    symbol: str
    venue: str
    time: str
    price: str
    bid: str | None
    ask: str | None
    why: str


class BarDifference(msgspec.Struct, frozen=True):
    """An own bar beside a published one of the same stock and time."""

    symbol: str
    schema: str
    time: str
    field: str
    own: str
    published: str


class Comparison(msgspec.Struct, frozen=True):
    """Own bars beside published ones."""

    published: str
    compared: int
    equal: int
    only_own: int
    only_published: int
    differences: list[BarDifference]


class Quality(msgspec.Struct, frozen=True):
    """The report of a day. `notes` say what could not be judged and why."""

    trade_date: str
    rows: dict[str, int]
    lines: list[LineGaps]
    lags: list[Lag]
    quotes: list[QuoteTime]
    crossed_seconds: float
    outliers: int
    worst_outliers: list[Outlier]
    bad_prices: int
    minutes: list[int]
    """Trades by minute of the day in New York, from midnight on."""
    comparison: Comparison | None
    notes: list[str]


def judge_day(root: Path, trade_date: dt.date, published: Path | None = None) -> Quality:
    """Make the report. `published` is a CSV of bars: symbol, time (or date), open, high, low, close, volume."""
    if trade_date not in days(root):
        raise TickStoreError(f"{root} has no day {trade_date}; `rushtrade ticks list` says which there are")
    with TickSql(root, [trade_date], QueryLimits(seconds=600.0)) as sql:
        return _Judge(sql, trade_date).report(published)


class _Judge:
    """Asks the questions of one day."""

    def __init__(self, sql: TickSql, trade_date: dt.date) -> None:
        self._sql, self._date = sql, trade_date
        self._notes: list[str] = []

    def _rows(self, question: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._sql.query(question, parameters).to_pylist()
        return found

    def report(self, published: Path | None) -> Quality:
        """Everything."""
        rows = self._counts()
        quotes = self._quote_times() if rows.get("bbo") else []
        if not quotes:
            self._notes.append("no best quotes: locked and crossed time is not known")
        outliers, worst = self._outliers() if rows.get("tbbo") else (0, [])
        if not rows.get("tbbo"):
            self._notes.append("no trades beside quotes: outliers are not known")
        return Quality(
            self._date.isoformat(),
            rows,
            self._lines(),
            self._lags(rows),
            quotes[:WORST],
            round(sum(each.seconds.get("crossed", 0.0) for each in quotes), 3),
            outliers,
            worst,
            self._bad_prices() if rows.get("trades") else 0,
            self._minutes() if rows.get("trades") else [],
            self._compare(published) if published else None,
            self._notes,
        )

    def _counts(self) -> dict[str, int]:
        names = [view_name(name) for name in SCHEMAS if name not in {"instruments", "publishers"}]
        found = self._rows(
            " UNION ALL ".join(f"SELECT '{name}' AS name, count(*) AS n FROM {name}" for name in names)
        )
        by_view = {row["name"]: row["n"] for row in found}
        return {name: count for name in SCHEMAS if (count := by_view.get(view_name(name), 0))}

    def _lines(self) -> list[LineGaps]:
        found = self._rows(
            "WITH said AS (SELECT venue, kind, sequence, count, max(sequence + count) OVER (PARTITION BY venue ORDER BY ts_recv, "
            "sequence ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS expected FROM feed WHERE kind = 'P' AND count > 0) "
            "SELECT venue, sum(count)::BIGINT AS messages, count(*) AS packets, "
            "count(*) FILTER (sequence > coalesce(expected, 1)) AS gaps, "
            "coalesce(sum(sequence - coalesce(expected, 1)) FILTER (sequence > coalesce(expected, 1)), 0)::BIGINT AS missing "
            "FROM said GROUP BY venue ORDER BY venue"
        )
        images = {
            row["venue"]: row["n"]
            for row in self._rows("SELECT venue, count(*) AS n FROM feed WHERE kind = 'I' GROUP BY venue")
        }
        events: dict[str, dict[str, int]] = {}
        for row in self._rows(
            "SELECT venue, event, count(*) AS n FROM line_events GROUP BY ALL ORDER BY ALL"
        ):
            events.setdefault(row["venue"], {})[row["event"]] = row["n"]
        if not found:
            self._notes.append("no packets were kept: gaps of lines are not known")
        for row in self._rows("SELECT sum(count)::BIGINT AS n FROM line_events WHERE event = 'skipped'"):
            if row["n"]:
                self._notes.append(f"{row['n']:,} best quotes changed faster than they were read: not in bbo")
        return [
            LineGaps(
                row["venue"],
                row["messages"],
                row["packets"],
                row["gaps"],
                row["missing"],
                images.get(row["venue"], 0),
                events.get(row["venue"], {}),
            )
            for row in found
        ]

    def _lags(self, rows: dict[str, int]) -> list[Lag]:
        source = "mbo" if rows.get("mbo") else "mbp_1" if rows.get("mbp-1") else "trades"
        counts = ", ".join(
            f"count(*) FILTER (lag > {low} AND lag <= {high})"
            for low, high in zip((-(10**15), *LAG_BOUNDS_US), (*LAG_BOUNDS_US, 10**15), strict=True)
        )
        found = self._rows(
            f"WITH late AS (SELECT venue, (epoch_ns(ts_recv) - epoch_ns(ts_event)) / 1000 AS lag FROM {source}) "
            "SELECT venue, count(*) AS n, quantile_cont(lag, 0.5) AS median, quantile_cont(lag, 0.99) AS p99, max(lag) AS most, "
            f"count(*) FILTER (lag < 0) AS negative, [{counts}] AS histogram FROM late GROUP BY venue ORDER BY venue"
        )
        if found and all(row["most"] == 0 for row in found):
            self._notes.append("times of receipt are the venues' own: an imported day has no lag")
        return [
            Lag(
                row["venue"] or "",
                row["n"],
                round(row["median"], 3),
                round(row["p99"], 3),
                round(row["most"], 3),
                row["negative"],
                list(row["histogram"]),
            )
            for row in found
        ]

    def _quote_times(self) -> list[QuoteTime]:
        """Every instrument, the worst first."""
        found = self._rows(
            "WITH spans AS (SELECT symbol, state, epoch_ns(lead(ts_event) OVER (PARTITION BY symbol ORDER BY ts_event, sequence)) "
            "- epoch_ns(ts_event) AS ns FROM bbo) SELECT symbol, state, count(*) AS n, coalesce(sum(ns), 0)::BIGINT AS ns "
            "FROM spans GROUP BY ALL ORDER BY ALL"
        )
        symbols: dict[str, dict[str, tuple[int, int]]] = {}
        for row in found:
            symbols.setdefault(row["symbol"], {})[row["state"]] = row["n"], row["ns"]
        made = [
            QuoteTime(
                symbol,
                sum(count for count, _ in states.values()),
                {state: round(time / 1e9, 6) for state, (_, time) in states.items()},
                _share(states, "crossed"),
                _share(states, "locked"),
            )
            for symbol, states in symbols.items()
        ]
        return sorted(
            made, key=lambda each: (-each.crossed_share, -each.locked_share, -each.quotes, each.symbol)
        )

    def _outliers(self) -> tuple[int, list[Outlier]]:
        far = (
            "FROM (SELECT *, CASE WHEN bid_px_00 IS NOT NULL AND price < bid_px_00 THEN (bid_px_00 - price) / price::DOUBLE "
            "WHEN ask_px_00 IS NOT NULL AND price > ask_px_00 THEN (price - ask_px_00) / ask_px_00::DOUBLE ELSE 0 END AS away "
            f"FROM tbbo WHERE action = 'T' AND price > 0) WHERE away > {FAR_PPM / 1e6}"
        )
        count = self._rows(f"SELECT count(*) AS n {far}")[0]["n"]
        worst = self._rows(
            "SELECT symbol, venue, strftime(ts_event, '%Y-%m-%dT%H:%M:%S.%n') AS time, price::VARCHAR AS price, "
            f"bid_px_00::VARCHAR AS bid, ask_px_00::VARCHAR AS ask, away {far} ORDER BY away DESC, ts_event LIMIT {WORST}"
        )
        return count, [
            Outlier(
                row["symbol"],
                row["venue"] or "",
                row["time"],
                row["price"],
                row["bid"],
                row["ask"],
                f"{row['away'] * 100:.1f} % away from the quote before it",
            )
            for row in worst
        ]

    def _bad_prices(self) -> int:
        found = self._rows(
            "SELECT count(*) AS n FROM trades WHERE action = 'T' AND (price IS NULL OR price <= 0)"
        )
        return int(found[0]["n"])

    def _minutes(self) -> list[int]:
        begin = midnight_ns(self._date)
        found = self._rows(
            "SELECT (epoch_ns(ts_event) - ?) // 60000000000 AS minute, count(*) AS n FROM trades "
            "WHERE action = 'T' AND epoch_ns(ts_event) >= ? AND epoch_ns(ts_event) < ? GROUP BY minute",
            [begin, begin, begin + DAY],
        )
        minutes = [0] * 1440
        for row in found:
            minutes[int(row["minute"])] = row["n"]
        return minutes

    def _compare(self, published: Path) -> Comparison:
        from rushtrade.archive.published_bars import compare_bars  # noqa: PLC0415

        return compare_bars(self._sql, self._date, published)


def _share(states: dict[str, tuple[int, int]], state: str) -> float:
    whole = sum(time for _, time in states.values())
    return round(states.get(state, (0, 0))[1] / whole, 6) if whole else 0.0
