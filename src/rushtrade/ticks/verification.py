"""A store checked against what it says of itself: every byte, every count, every order. Changes nothing.

==============  =====================================================================================================
manifest        it cannot be read, or was changed after it was written
missing         a file the manifest names is not there
size, bytes     a file has another length, or other bytes (SHA-256) than when it was written
unreadable      its bytes are as written, and it is no Parquet all the same
columns         it has other columns than its schema
rows            it has another number of rows
order           its rows are not sorted by symbol and time
span            times or symbols at its ends are others than the manifest says
registers       a row's number has no name, or another one
payload         a packet is not as long as its row says
leftover        a file nobody names; harmless
log             the log of live columns ends inside a flush: rows of a crash that were never counted; harmless
live            counted rows of live columns are not what was written
==============  =====================================================================================================
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rushtrade.ticks.arrow import Registers, table_schema
from rushtrade.ticks.columns import Commit, files_of, read_log, sum_of
from rushtrade.ticks.days import (
    IMPORT,
    LIVE,
    SEALING,
    Manifest,
    SealedFile,
    day_directory,
    file_digest,
    live_part,
    read_manifest,
)
from rushtrade.ticks.errors import StoreDamaged, TickStoreError
from rushtrade.ticks.schemas import SCHEMAS

HARMLESS = frozenset(["leftover", "log"])


class Finding(msgspec.Struct, frozen=True):
    """Something that is not as it should be: what kind, where, and in words."""

    kind: str
    where: str
    what: str

    @property
    def harmless(self) -> bool:
        """Whether nothing that counts is touched."""
        return self.kind in HARMLESS


class Verified(msgspec.Struct, frozen=True):
    """What was looked at, and what was found."""

    trade_date: str
    files: int
    rows: int
    bytes: int
    live_rows: int
    findings: list[Finding]

    @property
    def sound(self) -> bool:
        """True when everything that counts is as it was written."""
        return all(finding.harmless for finding in self.findings)


def verify_day(root: Path, trade_date: dt.date) -> Verified:
    """Check one day. Raises TickStoreError when there is no such day."""
    day = day_directory(root, trade_date)
    if not day.is_dir():
        raise TickStoreError(f"{root} has no day {trade_date}; `rushtrade ticks list` says which there are")
    try:
        manifest = read_manifest(day)
    except StoreDamaged as error:
        return Verified(trade_date.isoformat(), 0, 0, 0, 0, [Finding("manifest", str(day), str(error))])
    findings = list(_leftovers(day, manifest))
    if manifest is not None:
        registers = Registers(manifest.instruments, manifest.publishers)
        for file in manifest.files:
            findings += _check_file(day / file.name, file, registers)
    live = live_part(day, manifest)
    if live is not None:
        findings += _check_live(live)
    files = manifest.files if manifest else []
    return Verified(
        trade_date.isoformat(),
        len(files),
        sum(file.rows for file in files),
        sum(file.bytes for file in files),
        sum(commit.rows for commit in read_log(live).counted().values()) if live else 0,
        findings,
    )


def _leftovers(day: Path, manifest: Manifest | None) -> Iterator[Finding]:
    named = {file.name for file in manifest.files} if manifest else set()
    for path in sorted(day.iterdir()):
        if path.suffix == ".parquet" and path.name not in named:
            yield Finding("leftover", path.name, "no manifest names it; the next sealing removes it")
        elif path.name in (SEALING, IMPORT):
            yield Finding("leftover", path.name, "of something interrupted; the next one begins it again")
        elif path.name == LIVE and live_part(day, manifest) is None:
            yield Finding("leftover", path.name, "these columns are sealed, or were never counted")


def _check_file(path: Path, file: SealedFile, registers: Registers) -> Iterator[Finding]:
    if not path.exists():
        yield Finding("missing", file.name, f"{file.rows:,} rows of {file.schema} are gone")
        return
    size = path.stat().st_size
    if size != file.bytes:
        yield Finding("size", file.name, f"{size:,} bytes, {file.bytes:,} were written")
        return
    if file_digest(path) != file.sha256:
        yield Finding("bytes", file.name, "its SHA-256 is another one than when it was written")
        return
    try:
        yield from _check_content(path, file, registers)
    except (pa.ArrowException, OSError, ValueError) as error:
        yield Finding("unreadable", file.name, str(error).splitlines()[0])


def _check_content(path: Path, file: SealedFile, registers: Registers) -> Iterator[Finding]:
    schema = SCHEMAS.get(file.schema)
    parquet = pq.ParquetFile(path)
    if schema is None or parquet.schema_arrow.names != table_schema(schema).names:
        yield Finding("columns", file.name, f"{parquet.schema_arrow.names} are no columns of {file.schema}")
        return
    if parquet.metadata.num_rows != file.rows:
        yield Finding("rows", file.name, f"{parquet.metadata.num_rows:,} rows, {file.rows:,} were written")
    wanted = [schema.time, *(["symbol", "instrument_id"] if schema.by_symbol else [])]
    wanted += ["payload", "bytes"] if schema.payload else []
    before: tuple[str, int] | None = None
    first: tuple[str, int] | None = None
    low, high = (1 << 63) - 1, -(1 << 63)
    for group in range(parquet.num_row_groups):
        table = parquet.read_row_group(group, columns=wanted)
        times = table[schema.time].cast(pa.int64()).to_numpy()
        low, high = min(low, int(times.min())), max(high, int(times.max()))
        if (
            schema.payload
            and not pc.all(pc.equal(pc.binary_length(table["payload"]), table["bytes"])).as_py()
        ):
            yield Finding("payload", file.name, f"row group {group}: a packet is not as long as its row says")
        if not schema.by_symbol:
            continue
        ranks = registers.rank(table["instrument_id"].to_numpy())
        if not _names_agree(table["symbol"], ranks, registers):
            yield Finding("registers", file.name, f"row group {group}: symbols and instruments do not agree")
        begin, end = (registers.names[ranks[0]], int(times[0])), (registers.names[ranks[-1]], int(times[-1]))
        backwards = (ranks[1:] < ranks[:-1]) | ((ranks[1:] == ranks[:-1]) & (times[1:] < times[:-1]))
        if backwards.any() or (before is not None and begin < before):
            yield Finding("order", file.name, f"row group {group} is not sorted by symbol and time")
        first, before = first or begin, end
    if (low, high) != (file.first_ns, file.last_ns):
        yield Finding("span", file.name, f"times {low} to {high}, not {file.first_ns} to {file.last_ns}")
    if first and before and (first[0], before[0]) != (file.first_symbol, file.last_symbol):
        yield Finding("span", file.name, f"symbols {first[0]} to {before[0]} are not the manifest's")


def _names_agree(symbols: pa.ChunkedArray, ranks: np.ndarray, registers: Registers) -> bool:
    """Whether every row has the name its number has."""
    low, high = int(ranks.min()), int(ranks.max())
    indices = pc.index_in(symbols, value_set=pa.array(registers.names[low : high + 1]))
    return bool(pc.all(pc.equal(indices, pa.array((ranks - low).astype(np.int32)))).as_py())


def _check_live(live: Path) -> Iterator[Finding]:
    """Check every flush there was."""
    log = read_log(live)
    if log.total_bytes != log.sound_bytes:
        yield Finding("log", LIVE, f"{log.total_bytes - log.sound_bytes} bytes behind the last whole flush")
    before: dict[str, Commit] = {}
    for commit in (commit for flush in log.flushes for commit in flush):
        if sum_of(live, commit, before.get(commit.schema.name)) != commit.data_crc:
            what = f"flush {commit.flush} of {commit.schema.name} is not what was written"
            yield Finding("live", f"{LIVE}/{commit.schema.name}", what)
        before[commit.schema.name] = commit
    for commit in log.counted().values():
        for path, name, width in files_of(live, commit.schema):
            size = path.stat().st_size if path.exists() else 0
            counted = commit.payload_bytes if name == "payload" else commit.rows * width
            if size < counted:
                yield Finding(
                    "live", f"{LIVE}/{commit.schema.name}/{name}", f"{size:,} bytes, {counted:,} counted"
                )
