"""SQL over a store: one view a schema, over sealed Parquet and over the live columns of today, read-only and bounded.

Theory of operation. Every question gets views over exactly the rows that count at that moment: the Parquet files the manifests
name (DuckDB skips files and row groups by their statistics of symbol and time), and, where the words of the question name their
schema, the live columns as Arrow, whose numbers are not copied. Names with a hyphen can be written `mbp_10` or `"mbp-10"`.

The engine is locked before the first question: no statement but a query or EXPLAIN, no file outside the store, no network, no
extension, no change of settings. Memory, threads, temporary space, rows and seconds have bounds. DuckDB is imported with this
module, so whoever only writes does not wait for it.
"""

from __future__ import annotations

import datetime as dt
import re
import tempfile
import threading
from pathlib import Path
from typing import Any, Self

import duckdb
import msgspec
import numpy as np
import pyarrow as pa

from rushtrade.ticks.arrow import Registers, as_table, table_schema
from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.days import MANIFEST, Manifest, days, live_part, read_manifest
from rushtrade.ticks.errors import StoreDamaged, TickStoreError
from rushtrade.ticks.schemas import SCHEMAS, Schema, view_name

QUERY_BYTES_MAX = 1 << 16
"""Letters of a question."""
READ_ONLY = frozenset(["SELECT", "EXPLAIN"])
_NO_TABLE = re.compile(r"Table with name (\S+) does not exist")
_ENGINE = re.compile(r"^\w+ Error: ")
"""How the engine begins a sentence."""
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class QueryLimits(msgspec.Struct, frozen=True):
    """Bounds of one question."""

    seconds: float = 60.0
    memory_mb: int = 2048
    threads: int = 2
    temporary_mb: int = 8192
    rows: int = 50_000_000
    """Rows of an answer held in memory."""


class _Seen(msgspec.Struct):
    """What the views show: manifests by day, and the live columns."""

    sealed: dict[dt.date, Manifest]
    live: dict[dt.date, tuple[ColumnsReader, Registers]]


class TickSql:
    """The engine over a store, or over some of its days. Use as a context manager; one thread at a time."""

    def __init__(
        self, root: Path | str, chosen: list[dt.date] | None = None, limits: QueryLimits | None = None
    ) -> None:
        self.root = Path(root).resolve()
        self.limits = limits or QueryLimits()
        self._chosen = chosen
        self._temporary = tempfile.TemporaryDirectory(prefix="rushtrade-ticks-")
        self._connection = duckdb.connect()
        self._shown: dict[str, object] = {}
        self._manifests: dict[Path, tuple[int, Manifest | None]] = {}
        days(self.root)  # refuses what is no store before anything is asked
        self._lock_up()

    def _lock_up(self) -> None:
        limits = self.limits
        for name, value in (
            ("memory_limit", f"{limits.memory_mb}MB"),
            ("threads", limits.threads),
            ("temp_directory", self._temporary.name),
            ("max_temp_directory_size", f"{limits.temporary_mb}MB"),
            ("arrow_output_version", "1.5"),
            ("parquet_metadata_cache", True),
            ("preserve_insertion_order", True),
        ):
            self._connection.execute(f"SET {name} = {_quoted(value)}")
        places = ", ".join(_quoted(f"{place}/") for place in (self.root, self._temporary.name))
        self._connection.execute(f"SET allowed_directories = [{places}]")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET autoinstall_known_extensions = false")
        self._connection.execute("SET autoload_known_extensions = false")
        self._connection.execute("SET lock_configuration = true")

    def close(self) -> None:
        """Let memory and temporary files go."""
        self._connection.close()
        self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def query(self, sql: str, parameters: list[Any] | None = None) -> pa.Table:
        """Answer a question as an Arrow table. Raises TickStoreError with what is wrong with it, or which bound it met."""
        self._check(sql)
        self._show(sql)
        timer = threading.Timer(self.limits.seconds, self._connection.interrupt)
        timer.start()
        try:
            answer = self._connection.sql(sql, params=parameters or None)
            if answer is None:
                return pa.table({})
            reader = answer.to_arrow_reader(1 << 18)
            batches, rows = [], 0
            for batch in reader:
                batches.append(batch)
                rows += batch.num_rows
                if rows > self.limits.rows:
                    raise TickStoreError(
                        f"the answer has more than {self.limits.rows:,} rows; add LIMIT, a symbol or a span of time"
                    )
            return pa.Table.from_batches(batches, schema=reader.schema)
        except (duckdb.InterruptException, pa.lib.ArrowCancelled):
            raise TickStoreError(
                f"the question took longer than {self.limits.seconds:g} s; name a symbol or a shorter span of time"
            ) from None
        except (duckdb.Error, pa.lib.ArrowException) as error:
            raise TickStoreError(self._in_words(error)) from None
        finally:
            timer.cancel()

    def _in_words(self, error: Exception) -> str:
        text = str(error).strip().split("\n\nLINE", 1)[0]
        if "INTERRUPT" in text.upper():
            return f"the question took longer than {self.limits.seconds:g} s; name a symbol or a shorter span of time"
        if isinstance(error, duckdb.OutOfMemoryException):
            return f"the question needs more than {self.limits.memory_mb:,} MB of memory: {text}"
        if found := _NO_TABLE.search(text):
            return f"there is no table {found[1]}; there are {', '.join(map(view_name, SCHEMAS))}"
        return _ENGINE.sub("", text)

    def _check(self, sql: str) -> None:
        """Let only a single query pass."""
        if len(sql) > QUERY_BYTES_MAX:
            raise TickStoreError(f"a question of {len(sql):,} letters; {QUERY_BYTES_MAX:,} are taken")
        try:
            statements = self._connection.extract_statements(sql)
        except duckdb.Error as error:
            raise TickStoreError(self._in_words(error)) from None
        if len(statements) != 1:
            raise TickStoreError(f"{len(statements)} statements; one SELECT is answered at a time")
        kind = str(statements[0].type).rsplit(".", 1)[-1]
        if kind not in READ_ONLY:
            raise TickStoreError(
                f"{kind} is not answered: a store is only read; SELECT and EXPLAIN would pass"
            )

    # ------------------------------------------------------------ views

    def _show(self, sql: str) -> None:
        """Make the views of all schemas, with live rows for those the question may mean."""
        named = {word.lower() for word in _WORD.findall(sql)}
        asks_all = not named.isdisjoint({"information_schema", "duckdb_views", "show", "pragma_show"})
        seen = self._look()
        for schema in SCHEMAS.values():
            wanted = bool({schema.name, view_name(schema.name)} & named)
            if wanted or (asks_all and view_name(schema.name) not in self._shown):
                self._view(schema, seen, with_live=wanted)
        if not self._shown:
            self._view(SCHEMAS["trades"], seen, with_live=False)

    def _look(self) -> _Seen:
        seen = _Seen({}, {})
        for date in self._chosen if self._chosen is not None else days(self.root):
            day = self.root / date.isoformat()
            manifest = self._manifest(day)
            if manifest is not None:
                seen.sealed[date] = manifest
            live = live_part(day, manifest)
            if live is not None:
                reader = ColumnsReader(live)
                seen.live[date] = reader, live_registers(reader, manifest)
        return seen

    def _manifest(self, day: Path) -> Manifest | None:
        """A day's manifest, read again only when the file is another one: it is never written to, only replaced."""
        path = day / MANIFEST
        stamp = path.stat() if path.exists() else None
        mark = (stamp.st_mtime_ns << 20) + stamp.st_ino if stamp else 0
        known = self._manifests.get(path)
        if known is None or known[0] != mark:
            known = self._manifests[path] = mark, read_manifest(day)
        return known[1]

    def _view(self, schema: Schema, seen: _Seen, *, with_live: bool) -> None:
        """Define a schema's view, unless it is as it was."""
        files = [
            str(self.root / date.isoformat() / file.name)
            for date, manifest in seen.sealed.items()
            for file in manifest.files
            if file.schema == schema.name
        ]
        for file in files:
            if not Path(file).exists():
                raise StoreDamaged(f"{file} is missing: `rushtrade ticks verify` says what else is")
        live = {date: found for date, found in seen.live.items() if with_live and found[0].rows(schema.name)}
        state = (tuple(files), tuple((date, found[0].rows(schema.name)) for date, found in live.items()))
        name = view_name(schema.name)
        if self._shown.get(name) == state:
            return
        parts = []
        if files:
            listed = ", ".join(_quoted(file) for file in files)
            parts.append(f"FROM read_parquet([{listed}])")
        for date, (reader, registers) in live.items():
            table = live_table(reader, schema, registers, date)
            source = f"live_{name}_{date:%Y%m%d}"
            self._connection.register(source, table)
            parts.append(f"FROM {source}")
        if not parts:
            self._connection.register(f"no_{name}", table_schema(schema).empty_table())
            parts.append(f"FROM no_{name}")
        body = " UNION ALL BY NAME ".join(parts)
        for alias in dict.fromkeys([name, schema.name]):
            self._connection.execute(f'CREATE OR REPLACE VIEW "{alias}" AS {body}')
        self._shown[name] = state


def live_registers(reader: ColumnsReader, manifest: Manifest | None) -> Registers:
    """Names of a live day, with those of its sealed parts."""
    instruments = dict(manifest.instruments) if manifest else {}
    publishers = dict(manifest.publishers) if manifest else {}
    for row in reader.records("instruments"):
        instruments[row["raw_symbol"].decode("latin-1")] = int(row["instrument_id"])
    for row in reader.records("publishers"):
        publishers[row["name"].decode("latin-1")] = int(row["publisher_id"])
    return Registers(instruments, publishers)


def live_table(reader: ColumnsReader, schema: Schema, registers: Registers, date: dt.date) -> pa.Table:
    """Live rows as Arrow, in the order they came."""
    payload = None
    if schema.payload:
        bounds = np.concatenate([[0], np.cumsum(reader.column(schema.name, "bytes"))]).astype(np.int64)
        data = reader.payload(schema.name)[: bounds[-1]]
        payload = pa.Array.from_buffers(
            pa.large_binary(), len(bounds) - 1, [None, pa.py_buffer(bounds), pa.py_buffer(data)]
        )
    return as_table(
        schema,
        reader.rows(schema.name),
        lambda name: reader.column(schema.name, name),
        registers,
        date,
        payload,
    )


def _quoted(value: object) -> str:
    if isinstance(value, bool | int):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"
