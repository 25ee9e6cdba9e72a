"""Bars somebody else published, beside our own of the same stock and time: what agrees, and the first differences.

The file is a CSV with a heading: `open, high, low, close, volume`, a column `symbol` (or one stock a day, then it is that one), and
`time`, `ts_event`, `timestamp` or `date`. A time without a zone is New York's; a date is a bar of the day. Prices agree when
equal to $0.0001, volumes when equal.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import format_instant
from rushtrade.feeds.text_feeds import units
from rushtrade.rules.new_york import ZONE, midnight_ns
from rushtrade.ticks.arrow import prices_as_integers
from rushtrade.ticks.schemas import PRICE_SCALE
from rushtrade.ticks.sql import TickSql

if TYPE_CHECKING:
    from rushtrade.archive.day_quality import Comparison

FIELDS = ("open", "high", "low", "close", "volume")
TIMES = ("time", "ts_event", "timestamp", "date", "")
DIFFERENCES_SHOWN = 50
ROWS_MAX = 2_000_000
"""Rows of a published file: a month of minutes of two hundred stocks."""
NANO = 1_000_000_000
SCHEMA_OF = {60: "ohlcv_1m", 1: "ohlcv_1s", 3600: "ohlcv_1h"}

Key = tuple[str, int]
Bar = tuple[int, ...]


def compare_bars(sql: TickSql, day: dt.date, path: Path) -> Comparison:
    """Compare. Raises InvalidInput for a file that is no table of bars, or has none of that day."""
    from rushtrade.archive.day_quality import BarDifference, Comparison  # noqa: PLC0415

    theirs, schema = _published(path, day)
    own = _own(sql, schema)
    symbols = sorted({symbol for symbol, _ in own})
    if len(symbols) == 1:
        theirs = {(symbol or symbols[0], time): bar for (symbol, time), bar in theirs.items()}
    listed = frozenset(symbol for symbol, _ in theirs)
    own = {key: bar for key, bar in own.items() if key[0] in listed}
    common = sorted(key for key in theirs if key in own)
    differences = [
        BarDifference(
            symbol,
            schema.replace("_", "-"),
            format_instant(time),
            field,
            _text(field, mine),
            _text(field, other),
        )
        for symbol, time in common
        for field, mine, other in zip(FIELDS, own[symbol, time], theirs[symbol, time], strict=True)
        if mine != other
    ]
    wrong = len({(each.symbol, each.time) for each in differences})
    return Comparison(
        path.name,
        len(common),
        len(common) - wrong,
        len(own) - len(common),
        len(theirs) - len(common),
        differences[:DIFFERENCES_SHOWN],
    )


def _text(field: str, value: int) -> str:
    return str(value) if field == "volume" else f"{value // 10_000}.{value % 10_000:04}"


def _published(path: Path, day: dt.date) -> tuple[dict[Key, Bar], str]:
    """Bars by symbol and begin, and the schema they are beside."""
    opener = gzip.open if path.read_bytes()[:2] == b"\x1f\x8b" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        names = {name.strip().lower(): name for name in reader.fieldnames or ()}
        when = next((names[name] for name in TIMES if name in names), None)
        missing = [name for name in FIELDS if name not in names]
        if missing or when is None:
            wanted = ", ".join(missing) or "time"
            raise InvalidInput(f"{path.name} is no table of bars: it has no column {wanted}")
        found: dict[Key, Bar] = {}
        begin = midnight_ns(day)
        for number, row in enumerate(reader):
            if number == ROWS_MAX:
                raise InvalidInput(f"{path.name} has more than {ROWS_MAX:,} rows; a day of them would pass")
            time = _instant(row[when])
            if begin <= time < begin + 86_400 * NANO:
                bar = tuple(units(row[names[field]], 1 if field == "volume" else 10_000) for field in FIELDS)
                found[row.get(names.get("symbol", ""), "") or "", time] = bar
    if not found:
        raise InvalidInput(f"{path.name} has no bar of {day}")
    times = sorted({time for _, time in found})
    steps = [later - earlier for earlier, later in pairwise(times)]
    schema = SCHEMA_OF.get(
        min(steps, default=0) // NANO, "ohlcv_1d" if len(times) == 1 and times[0] == begin else "ohlcv_1m"
    )
    return found, schema


def _instant(text: str) -> int:
    """A time of a bar in nanoseconds UTC; without a zone it is New York's."""
    if text.strip().isdecimal():
        return int(text)
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(
            f"{text[:40]!r} is no time of a bar; '2026-11-20T09:30:00-05:00' would pass"
        ) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=ZONE)
    elapsed = aware - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (elapsed.days * 86_400 + elapsed.seconds) * NANO + elapsed.microseconds * 1000


def _own(sql: TickSql, schema: str) -> dict[Key, Bar]:
    """Our bars of all venues together, or of the one there is."""
    table = sql.query(
        f"SELECT symbol, epoch_ns(ts_event) AS ns, open, high, low, close, volume FROM {schema} "  # noqa: S608
        "WHERE trades > 0 ORDER BY ts_event"
    )
    columns = [prices_as_integers(table[name]) // PRICE_SCALE for name in FIELDS[:4]]
    rows = zip(
        table["symbol"].to_pylist(),
        table["ns"].to_pylist(),
        *(column.tolist() for column in columns),
        table["volume"].to_pylist(),
        strict=True,
    )
    return {(symbol, time): tuple(bar) for symbol, time, *bar in rows}
