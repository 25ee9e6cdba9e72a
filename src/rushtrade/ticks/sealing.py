"""A day sealed: live columns become Parquet, sorted by symbol and time, with a manifest written last.

Theory of operation. Rows are put in order by a stable sort of the symbols' ranks (times within a symbol are nearly always in
order already, and are sorted where they are not), gathered and written a row group of `GROUP_ROWS` at a time, by two
threads; a column that says the same in every row is made once. Files go to `sealing/`, are synced, hashed and renamed; the manifest makes them count; the columns go last. Whatever
interrupts this, the next sealing starts from the columns again: files no manifest names are removed, and columns whose log the
manifest names are leftovers.

The bytes of equal rows are equal, whichever release of the machine wrote them, as long as the libraries are the same.
"""

from __future__ import annotations

import datetime as dt
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.days import (
    FORMAT,
    SEALING,
    Manifest,
    SealedFile,
    Source,
    file_digest,
    log_digest,
    read_manifest,
    write_manifest,
)
from rushtrade.ticks.disk import Disk
from rushtrade.ticks.errors import TickStoreError
from rushtrade.ticks.order_kernel import order_by_rank
from rushtrade.ticks.schemas import REGISTERS, SCHEMAS, Schema

FILE_ROWS = 1_250_000
"""Rows of a file: small enough that two threads end at nearly the same moment, while files before are on their way to the disk."""
GROUP_ROWS = 1 << 16
"""Rows of a row group: five minutes of the busiest symbol touch one or two, and statistics of all groups of a day are read at once."""
PAYLOAD_GROUP_BYTES = 1 << 24
"""Payload bytes of a row group: what a replay holds in memory."""
WIDE_ROWS = 500_000
"""Rows of a file of a schema with ten levels."""
THREADS = 2

Progress = Callable[[str, int, int], None]
"""Is told the schema, rows written and rows in all."""
Values = npt.NDArray[Any]


class _Piece(NamedTuple):
    """A file to write: rows of a schema by their places."""

    schema: Schema
    places: Values
    name: str


def seal(
    day: Path,
    part: Path,
    trade_date: dt.date,
    progress: Progress | None,
    source: dict[str, str] | None,
    disk: Disk,
    replaces: frozenset[int] = frozenset(),
) -> Manifest:
    """Seal a part of a day in the place of others, if told. The caller holds the day's lock.

    Raises TickStoreError when there is nothing to seal.
    """
    before = read_manifest(day)
    digest = log_digest(part)
    if before is not None and digest in before.logs:
        shutil.rmtree(part)
        return before
    if not digest:
        if before is not None:
            shutil.rmtree(part, ignore_errors=True)
            return before
        raise TickStoreError(f"{day} has no rows to seal")
    reader = ColumnsReader(part)
    fresh = day / SEALING
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    manifest = _merged(_without(before, replaces), reader, trade_date, part.name, source or {}, digest)
    remove_unnamed(day, before)
    files = _write_all(fresh, reader, manifest, trade_date, progress, disk)
    for file in files:
        disk.rename(fresh / file.name, day / file.name)
    disk.sync_path(day)
    fresh.rmdir()
    written = write_manifest(day, _with_files(manifest, files), disk)
    shutil.rmtree(part)
    remove_unnamed(day, written)
    return written


def _without(manifest: Manifest | None, parts: frozenset[int]) -> Manifest | None:
    """A day without some of its parts; the names they gave to numbers stay."""
    if manifest is None:
        return None
    return msgspec.structs.replace(
        manifest,
        files=[file for file in manifest.files if file.part not in parts or file.schema in REGISTERS],
        sources=[source for source in manifest.sources if source.part not in parts],
    )


def _with_files(manifest: Manifest, files: list[SealedFile]) -> Manifest:
    return Manifest(
        format=FORMAT,
        trade_date=manifest.trade_date,
        software=manifest.software,
        files=[*manifest.files, *files],
        sources=manifest.sources,
        logs=manifest.logs,
        instruments=manifest.instruments,
        publishers=manifest.publishers,
    )


def _merged(
    before: Manifest | None,
    reader: ColumnsReader,
    trade_date: dt.date,
    part_name: str,
    source: dict[str, str],
    digest: str,
) -> Manifest:
    """The manifest there was, with the registers and the source of a new part."""
    instruments = dict(before.instruments) if before else {}
    publishers = dict(before.publishers) if before else {}
    for row in reader.records("instruments"):
        instruments[row["raw_symbol"].decode("latin-1")] = int(row["instrument_id"])
    for row in reader.records("publishers"):
        publishers[row["name"].decode("latin-1")] = int(row["publisher_id"])
    sources = list(before.sources) if before else []
    numbers = [source.part for source in sources] + [file.part for file in (before.files if before else [])]
    number = 1 + max(numbers, default=-1)
    sources.append(
        Source(number, source.get("name", part_name), source.get("kind", "live"), source.get("sha256", ""))
    )
    return Manifest(
        format=FORMAT,
        trade_date=trade_date.isoformat(),
        software=f"rushtrade {version('rushtrade')}",
        files=list(before.files) if before else [],
        sources=sources,
        logs=[*(before.logs if before else []), digest],
        instruments=instruments,
        publishers=publishers,
    )


def remove_unnamed(day: Path, manifest: Manifest | None) -> None:
    """Remove Parquet files of a sealing that did not come to its manifest, or of parts another one took the place of."""
    named = {file.name for file in manifest.files} if manifest else set()
    for path in day.glob("*.parquet"):
        if path.name not in named:
            path.unlink()


def _write_all(
    fresh: Path,
    reader: ColumnsReader,
    manifest: Manifest,
    trade_date: dt.date,
    progress: Progress | None,
    disk: Disk,
) -> list[SealedFile]:
    """Write every file: two threads make them, a third sees each onto the disk."""
    from rushtrade.ticks.arrow import Registers  # noqa: PLC0415  - Arrow is asked for only when needed
    from rushtrade.ticks.parquet import SchemaRows, write_file  # noqa: PLC0415

    registers = Registers(manifest.instruments, manifest.publishers)
    part = manifest.sources[-1].part
    pieces = list(_pieces(reader, registers.ranks, part))
    schemas = dict.fromkeys(piece.schema for piece in pieces)
    rows_of = {schema: SchemaRows(schema, reader, registers, trade_date) for schema in schemas}
    total = sum(len(piece.places) for piece in pieces)
    done = 0
    files: list[SealedFile] = []
    held = threading.local()
    with ThreadPoolExecutor(THREADS) as makers, ThreadPoolExecutor(1) as syncer:

        def make(piece: _Piece) -> tuple[SealedFile, Future[None]]:
            path, schema = fresh / piece.name, piece.schema
            room: dict[str, Values] = held.__dict__
            low, high = write_file(path, rows_of[schema], piece.places, room)
            durable = syncer.submit(disk.sync_path, path)
            names = ["", ""]
            if schema.by_symbol:
                ends = reader.column(schema.name, "instrument_id")[piece.places[[0, -1]]]
                names = [registers.names[rank] for rank in registers.rank(ends).tolist()]
            rows, size, digest = len(piece.places), path.stat().st_size, file_digest(path)
            file = SealedFile(
                piece.name, schema.name, part, rows, size, digest, low, high, names[0], names[1]
            )
            return file, durable

        for file, durable in makers.map(make, pieces):
            durable.result()
            files.append(file)
            done += file.rows
            if progress:
                progress(file.schema, done, total)
    return files


def _pieces(reader: ColumnsReader, ranks: Values, part: int) -> Iterator[_Piece]:
    for schema in SCHEMAS.values():
        if not reader.rows(schema.name):
            continue
        order = places_in_order(schema, reader, ranks)
        rows = WIDE_ROWS if len(schema.columns) > 50 else FILE_ROWS
        for number, begin in enumerate(range(0, len(order), rows)):
            yield _Piece(schema, order[begin : begin + rows], f"{schema.name}.{part}.{number}.parquet")


def places_in_order(schema: Schema, reader: ColumnsReader, ranks: Values) -> Values:
    """Places of a schema's rows in the order they are sealed in: by symbol and time, else as they came.

    `ranks` are places of symbols by instrument number (`arrow.Registers.ranks`).
    """
    rows = reader.rows(schema.name)
    if not schema.by_symbol:
        return np.arange(rows)
    numbers, times = reader.column(schema.name, "instrument_id"), reader.column(schema.name, schema.time)
    places, count = np.empty(rows, np.int64), int(ranks.max(initial=0)) + 1
    latest = np.full(count, np.iinfo(np.int64).min)
    if order_by_rank(numbers, ranks, times, np.zeros(count, np.int64), latest, places):
        known = ranks[np.where(numbers < len(ranks), numbers, 0)]
        places = np.lexsort((times, known))
    return places


def payload_bounds(reader: ColumnsReader, schema: Schema) -> Values:
    """Where the bytes of each payload row begin, and where the last ones end."""
    return np.concatenate([[0], np.cumsum(reader.column(schema.name, "bytes"))])
