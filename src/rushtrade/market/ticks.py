"""The Python API of the tick store: `rushtrade.market.ticks`.

    from rushtrade.market import ticks

    with ticks.open_store("DIR") as store:
        store.query("select symbol, count(*) from trades group by symbol")       # pyarrow.Table
        store.trades("AAPL", "2012-06-21T13:30:00Z", "2012-06-21T14:00:00Z")     # pyarrow.Table
        ticks.to_pandas(store.bars("AAPL", "1m"))                                # pandas, prices as floats
        store.at("2012-06-21T13:45:00Z", "AAPL").nbbo                            # the market at an instant
        store.quality("2012-06-21")                                              # a day judged

Instants are RFC 3339 text, nanoseconds UTC or aware datetimes. Arrow tables have exact prices (`decimal64(18, 9)`) and times in
nanoseconds UTC; `to_pandas` and `to_polars` need those libraries.
"""

from __future__ import annotations

import datetime as dt
import decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from rushtrade.archive.day_quality import Quality, judge_day
from rushtrade.archive.replay import instant_of
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import SECOND, format_instant, parse_date, parse_instant
from rushtrade.market.stored_moment import Moment, moment_at
from rushtrade.market.tick_derivation import derive_all
from rushtrade.ticks.arrow import prices_as_integers as prices_of
from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.days import Manifest, days, live_part, read_manifest
from rushtrade.ticks.errors import TickStoreError
from rushtrade.ticks.schemas import SCHEMAS, view_name
from rushtrade.ticks.sealing import Progress
from rushtrade.ticks.sql import QueryLimits, TickSql
from rushtrade.ticks.writer import TickWriter

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]
    import polars as pl  # type: ignore[import-not-found]

__all__ = [
    "Moment",
    "QueryLimits",
    "TickStoreError",
    "Ticks",
    "csv_text",
    "derive_all",
    "finish_day",
    "instant_of",
    "json_rows",
    "open_store",
    "prices_of",
    "to_pandas",
    "to_polars",
    "write_table",
]

FRAMES = {"1s": "ohlcv-1s", "1m": "ohlcv-1m", "1h": "ohlcv-1h", "1d": "ohlcv-1d"}
Instant = int | str | dt.datetime


def finish_day(writer: TickWriter, now_ns: int, progress: Progress | None = None) -> Manifest:
    """End a day that was written live: make what follows from its rows, then seal it."""
    writer.flush(now_ns)
    derive_all(writer)
    writer.flush(now_ns)
    return writer.seal(progress)


class DayListed(msgspec.Struct, frozen=True):
    """A day of a store: `state` is sealed, live, or both joined by `+`."""

    trade_date: str
    state: str
    bytes: int
    symbols: int
    venues: list[str]
    rows: dict[str, int]
    sources: list[str]


def open_store(directory: Path | str, limits: QueryLimits | None = None) -> Ticks:
    """Open a store for reading. Raises TickStoreError when there is none."""
    return Ticks(directory, limits)


class Ticks:
    """A store, open for reading. Use as a context manager; one thread at a time."""

    def __init__(self, directory: Path | str, limits: QueryLimits | None = None) -> None:
        self.directory = Path(directory)
        self._sql = TickSql(directory, limits=limits)

    def close(self) -> None:
        """Let the engine go."""
        self._sql.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def query(self, sql: str, parameters: list[Any] | None = None) -> pa.Table:
        """Answer one SELECT; `?` in it stands for a parameter. Raises TickStoreError in words."""
        return self._sql.query(sql, parameters)

    def rows(
        self,
        schema: str,
        symbols: str | list[str] | None = None,
        start: Instant | None = None,
        end: Instant | None = None,
        *,
        venue: str = "",
        day: dt.date | None = None,
    ) -> pa.Table:
        """Rows of a schema by symbol and time, from `start` on and before `end`; of one trade date if told."""
        if schema not in SCHEMAS:
            raise TickStoreError(f"no schema {schema[:40]!r}; there are {', '.join(SCHEMAS)}")
        wanted: list[str] = []
        parameters: list[Any] = []
        if symbols is not None:
            wanted.append("list_contains(?, symbol)" if not isinstance(symbols, str) else "symbol = ?")
            parameters.append(symbols)
        if venue:
            wanted.append("venue = ?")
            parameters.append(venue)
        if day is not None:
            wanted.append("trade_date = ?")
            parameters.append(day)
        time = SCHEMAS[schema].time
        for instant, sign in ((start, ">="), (end, "<")):
            if instant is not None:
                wanted.append(f"{time} {sign} make_timestamp_ns(?)")
                parameters.append(as_ns(instant))
        where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
        return self.query(f"FROM {view_name(schema)}{where}", parameters)

    def trades(
        self, symbols: str | list[str], start: Instant | None = None, end: Instant | None = None
    ) -> pa.Table:
        """Trades."""
        return self.rows("trades", symbols, start, end)

    def bbo(
        self, symbols: str | list[str], start: Instant | None = None, end: Instant | None = None
    ) -> pa.Table:
        """Best bid and offer over all venues, after every change."""
        return self.rows("bbo", symbols, start, end)

    def mbo(
        self, symbols: str | list[str], start: Instant | None = None, end: Instant | None = None
    ) -> pa.Table:
        """Every order and what became of it."""
        return self.rows("mbo", symbols, start, end)

    def bars(
        self,
        symbols: str | list[str],
        frame: str = "1m",
        start: Instant | None = None,
        end: Instant | None = None,
    ) -> pa.Table:
        """Bars of `1s`, `1m`, `1h` or `1d`."""
        if frame not in FRAMES:
            raise TickStoreError(f"no bars of {frame[:10]!r}; there are {', '.join(FRAMES)}")
        return self.rows(FRAMES[frame], symbols, start, end)

    def at(self, instant: Instant, symbol: str, *, depth: int = 10) -> Moment:
        """How the market of a stock stood after everything up to and including an instant."""
        return moment_at(self._sql, as_ns(instant), symbol, depth)

    def quality(self, day: str | dt.date, published: Path | None = None) -> Quality:
        """A day judged; see `archive.day_quality`."""
        return judge_day(self.directory, parse_date(day) if isinstance(day, str) else day, published)

    def days(self) -> list[DayListed]:
        """The days there are."""
        return [listed for date in days(self.directory) if (listed := self._listed(date)).state != "empty"]

    def _listed(self, date: dt.date) -> DayListed:
        day = self.directory / date.isoformat()
        manifest = read_manifest(day)
        live = live_part(day, manifest)
        reader = ColumnsReader(live) if live else None
        rows: dict[str, int] = {}
        for schema in SCHEMAS:
            count = (manifest.rows(schema) if manifest else 0) + (reader.rows(schema) if reader else 0)
            if count and schema not in {"instruments", "publishers"}:
                rows[schema] = count
        state = "+".join(name for name, there in (("sealed", manifest), ("live", reader)) if there)
        size = sum(path.stat().st_size for path in day.rglob("*") if path.is_file())
        instruments, venues = _names(manifest, reader)
        sources = [source.name for source in manifest.sources] if manifest else []
        return DayListed(date.isoformat(), state or "empty", size, len(instruments), venues, rows, sources)


def _names(manifest: Manifest | None, reader: ColumnsReader | None) -> tuple[frozenset[bytes], list[str]]:
    symbols = [symbol.encode("latin-1") for symbol in manifest.instruments] if manifest else []
    venues = list(manifest.publishers) if manifest else []
    if reader:
        symbols += reader.column("instruments", "raw_symbol").tolist()
        venues += [name.decode("latin-1") for name in reader.column("publishers", "name").tolist()]
    return frozenset(symbols), list(dict.fromkeys(venues))


def as_ns(instant: Instant) -> int:
    """Turn an instant into nanoseconds UTC."""
    if isinstance(instant, int):
        return instant
    if isinstance(instant, str):
        return parse_instant(instant)
    if instant.tzinfo is None:
        raise InvalidInput(f"{instant} has no time zone; an aware datetime would pass")
    elapsed = instant - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (elapsed.days * 86_400 + elapsed.seconds) * SECOND + elapsed.microseconds * 1_000


# ---------------------------------------------------------------- answers in other shapes


def to_pandas(table: pa.Table, *, prices: str = "float") -> pd.DataFrame:
    """Give a DataFrame; `prices` is `float` (dollars) or `decimal` (exact, slow). Times become UTC."""
    return _floats(_with_zone(table), prices).to_pandas()


def to_polars(table: pa.Table, *, prices: str = "float") -> pl.DataFrame:
    """Give a polars DataFrame; see `to_pandas`."""
    import polars as pl  # noqa: PLC0415  - optional

    found = pl.from_arrow(_floats(_with_zone(table), prices))
    assert isinstance(found, pl.DataFrame)
    return found


def _with_zone(table: pa.Table) -> pa.Table:
    for place, field in enumerate(table.schema):
        if field.type == pa.timestamp("ns"):
            column = table.column(place).cast(pa.timestamp("ns", tz="UTC"))
            table = table.set_column(place, field.name, column)
    return table


def _floats(table: pa.Table, prices: str) -> pa.Table:
    if prices not in {"float", "decimal"}:
        raise InvalidInput(f"prices={prices[:20]!r} is neither 'float' nor 'decimal'")
    for place, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type) and prices == "float":
            table = table.set_column(place, field.name, table.column(place).cast(pa.float64()))
        elif pa.types.is_decimal64(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.decimal128(18, 9)))
    return table


def _text_cells(table: pa.Table) -> pa.Table:
    """A table whose times and prices are text, exactly."""
    for place, field in enumerate(table.schema):
        if (
            pa.types.is_timestamp(field.type)
            or pa.types.is_decimal(field.type)
            or pa.types.is_dictionary(field.type)
        ):
            values = [_cell(value) for value in _values(table.column(place))]
            table = table.set_column(place, field.name, pa.array(values, pa.string()))
    return table


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        unit = {"s": SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}[column.type.unit]
        return [
            None if value is None else format_instant(value * unit)
            for value in column.cast(pa.int64()).to_pylist()
        ]
    found: list[Any] = column.to_pylist()
    return found


def _cell(value: object) -> str | None:
    if isinstance(value, decimal.Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return None if value is None else str(value)


def json_rows(table: pa.Table) -> list[dict[str, object]]:
    """Rows for JSON: prices and times as text, exactly; bytes as hexadecimal digits."""
    columns = {
        name: [_json_cell(value) for value in _values(table.column(place))]
        for place, name in enumerate(table.column_names)
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _json_cell(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, decimal.Decimal):
        return (
            int(value)
            if value == value.to_integral_value() and value.as_tuple().exponent == 0
            else _cell(value)
        )
    return value if value is None or isinstance(value, str | int | float | list | dict) else str(value)


def csv_text(table: pa.Table) -> str:
    """A table as CSV."""
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(_text_cells(table), sink)
    return str(sink.getvalue().to_pybytes(), "utf-8")


def write_table(table: pa.Table, path: Path, form: str) -> None:
    """Write a table as csv, json, arrow (IPC file) or parquet."""
    wide = _floats(table, "decimal")
    if form == "csv":
        pyarrow.csv.write_csv(_text_cells(table), path)
    elif form == "json":
        path.write_bytes(msgspec.json.encode(json_rows(table)) + b"\n")
    elif form == "arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, wide.schema) as writer:
            writer.write_table(wide)
    elif form == "parquet":
        pyarrow.parquet.write_table(wide, path, compression="zstd")
    else:
        raise InvalidInput(f"{form[:20]!r} is none of csv, json, arrow, parquet")


EXPORTS = {".csv": "csv", ".json": "json", ".arrow": "arrow", ".parquet": "parquet"}


def export_day(
    directory: Path,
    day: dt.date,
    out: Path,
    schema: str,
    symbols: list[str],
    span: tuple[int | None, int | None],
    venue: str,
) -> int:
    """Write rows of a day, or with `.itch` a venue's messages; give how many. See `rushtrade ticks export`."""
    if out.suffix == ".itch":
        from rushtrade.archive.stored_feed import write_itch  # noqa: PLC0415

        return write_itch(directory, day, out, symbols, span, venue)
    form = EXPORTS.get(out.suffix)
    if form is None:
        raise InvalidInput(
            f"{out.name} is of no kind that can be written; {', '.join(EXPORTS)} and .itch would pass"
        )
    with Ticks(directory) as store:
        if day not in days(directory):
            raise InvalidInput(f"{directory} has no day {day}; `rushtrade ticks list` says which there are")
        table = store.rows(schema, symbols or None, span[0], span[1], venue=venue, day=day)
    write_table(table, out, form)
    return int(table.num_rows)
