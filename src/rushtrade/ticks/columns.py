"""The columns of a day that is still going on: one append-only file a column, and a log that says how much of them counts.

```
live/commits               records of 48 bytes, see COMMIT
live/trades/price          the column, nothing else: rows × width bytes, little-endian
live/feed/payload          bytes of a payload schema, one row's behind the other's
```

Theory of operation. A *flush* writes new rows behind the counted ones, syncs every file it wrote, and only then appends one
record a schema to the log, the last of them marked, in one write, and syncs the log. Rows without a record do not exist: a
reader looks at the log first. So a crash at any moment leaves whole flushes and a tail nobody counts. Opening for writing cuts
that tail off: half a record, records of a flush without its last one, bytes behind the counted rows. What the last flush wrote
is checked against the sum in its record, and it is given up, with the flushes behind it, when a disk forgot what it said was on
it. A flush that fails (a full disk) counts nothing; the next one writes the same place again.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rushtrade.ticks.disk import Disk
from rushtrade.ticks.errors import StoreDamaged
from rushtrade.ticks.schemas import BY_NUMBER, SCHEMAS, Schema

COMMIT = struct.Struct("<4sHHqqqqI")
"""Magic, schema's number, 1 for the last record of a flush, rows of the schema from now on, bytes of its payload, time in
nanoseconds, number of the flush, sum of the bytes this flush added (CRC-32, column by column); then the record's own CRC-32."""
RECORD_BYTES = COMMIT.size + 4
MAGIC = b"TICK"
LOG = "commits"
PAYLOAD = "payload"
LAST = 1
CHECK_BYTES = 1 << 24
"""Bytes summed up at a time when columns are checked."""

Rows = npt.NDArray[np.void]
Values = npt.NDArray[Any]
Batch = tuple[Sequence[Rows], bytes]
"""Rows as they were appended, one part behind the other, and the bytes of payload rows."""


class Commit(NamedTuple):
    """A record of the log."""

    schema: Schema
    last: bool
    rows: int
    payload_bytes: int
    time_ns: int
    flush: int
    data_crc: int

    def pack(self) -> bytes:
        """The record's bytes."""
        head = COMMIT.pack(
            MAGIC,
            self.schema.number,
            LAST if self.last else 0,
            self.rows,
            self.payload_bytes,
            self.time_ns,
            self.flush,
            self.data_crc,
        )
        return head + zlib.crc32(head).to_bytes(4, "little")


class Log(NamedTuple):
    """What a log says: whole flushes, and the bytes of it that are sound."""

    flushes: list[list[Commit]]
    sound_bytes: int
    total_bytes: int

    def counted(self) -> dict[str, Commit]:
        """The latest record of each schema."""
        return {commit.schema.name: commit for flush in self.flushes for commit in flush}


def read_log(directory: Path, begin: int = 0, earlier: int = 0) -> Log:
    """Read a day's log from a byte on, behind so many flushes, up to the first record that is not sound."""
    try:
        with (directory / LOG).open("rb") as file:
            file.seek(begin)
            data = file.read()
    except FileNotFoundError:
        data = b""
    flushes: list[list[Commit]] = []
    waiting: list[Commit] = []
    sound = 0
    for at in range(0, len(data) - RECORD_BYTES + 1, RECORD_BYTES):
        record = data[at : at + RECORD_BYTES]
        magic, number, last, *rest = COMMIT.unpack(record[:-4])
        whole = zlib.crc32(record[:-4]).to_bytes(4, "little") == record[-4:]
        if magic != MAGIC or not whole or number not in BY_NUMBER or rest[3] != earlier + len(flushes) + 1:
            break
        waiting.append(Commit(BY_NUMBER[number], bool(last), *rest))
        if last:
            flushes.append(waiting)
            waiting, sound = [], at + RECORD_BYTES
    return Log(flushes, begin + sound, begin + len(data))


def files_of(directory: Path, schema: Schema) -> Iterator[tuple[Path, str, int]]:
    """Path, name and width of every column of a schema; width 1 for a payload."""
    for column in schema.columns:
        yield directory / schema.name / column.name, column.name, np.dtype(column.dtype).itemsize
    if schema.payload:
        yield directory / schema.name / PAYLOAD, PAYLOAD, 1


class Recovery(NamedTuple):
    """What opening a day for writing cut off: bytes of the log, bytes of columns, and flushes that were counted."""

    log_bytes: int
    column_bytes: int
    flushes: int


class ColumnsWriter:
    """The one writer of a live directory. Whoever opens it has seen to it that there is no other."""

    def __init__(self, directory: Path, disk: Disk | None = None) -> None:
        self._directory = directory
        self._disk = disk or Disk()
        self._files: dict[Path, int] = {}
        directory.mkdir(parents=True, exist_ok=True)
        self._log_file = self._open(directory / LOG)
        log = read_log(directory)
        given_up = _forgotten(directory, log.flushes)
        kept = log.flushes[: len(log.flushes) - given_up]
        self._log_bytes = sum(len(flush) for flush in kept) * RECORD_BYTES
        counted = Log(kept, 0, 0).counted()
        self.rows = {name: counted[name].rows if name in counted else 0 for name in SCHEMAS}
        """Counted rows by schema."""
        self.payload_bytes = {name: counted[name].payload_bytes if name in counted else 0 for name in SCHEMAS}
        self.flushes = kept[-1][-1].flush if kept else 0
        self.recovery = self._cut(log.total_bytes, given_up)

    def _open(self, path: Path) -> int:
        found = self._files.get(path)
        if found is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            found = self._files[path] = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        return found

    def _cut(self, log_bytes: int, flushes: int) -> Recovery:
        """Cut off what does not count."""
        columns = 0
        for schema in SCHEMAS.values():
            for path, name, width in files_of(self._directory, schema):
                sound = self._size(schema, name, width)
                size = path.stat().st_size if path.exists() else 0
                if size < sound:
                    raise StoreDamaged(f"{path} has {size:,} bytes, and {sound:,} were counted")
                if size > sound:
                    columns += size - sound
                    self._disk.truncate(self._open(path), sound)
        if log_bytes > self._log_bytes:
            self._disk.truncate(self._log_file, self._log_bytes)
            self._disk.sync(self._log_file)
        return Recovery(log_bytes - self._log_bytes, columns, flushes)

    def _size(self, schema: Schema, column: str, width: int) -> int:
        if column == PAYLOAD:
            return self.payload_bytes[schema.name]
        return self.rows[schema.name] * width

    def flush(self, batches: Mapping[str, Batch], now_ns: int) -> None:
        """Write rows by schema and count them. Raises OSError, and then counts none of them."""
        commits: list[Commit] = []
        written: list[int] = []
        self._sync_names(batches)
        for name, (parts, payload) in batches.items():
            schema = SCHEMAS[name]
            crc, count = 0, sum(len(rows) for rows in parts)
            for path, column, width in files_of(self._directory, schema):
                data = memoryview(payload) if column == PAYLOAD else _joined(parts, column)
                descriptor = self._open(path)
                self._disk.write(descriptor, data, self._size(schema, column, width))
                written.append(descriptor)
                crc = zlib.crc32(data, crc)
            commits.append(
                Commit(
                    schema,
                    len(commits) == len(batches) - 1,
                    self.rows[name] + count,
                    self.payload_bytes[name] + len(payload),
                    now_ns,
                    self.flushes + 1,
                    crc,
                )
            )
        for descriptor in written:
            self._disk.sync(descriptor)
        records = b"".join(commit.pack() for commit in commits)
        self._disk.write(self._log_file, memoryview(records), self._log_bytes)
        self._disk.sync(self._log_file)
        self._log_bytes += len(records)
        self.flushes += 1
        for commit in commits:
            self.rows[commit.schema.name] = commit.rows
            self.payload_bytes[commit.schema.name] = commit.payload_bytes

    def _sync_names(self, batches: Mapping[str, Batch]) -> None:
        """Make the names of new files durable before rows are counted in them."""
        fresh = [
            name for name in batches if not (self._directory / name / SCHEMAS[name].columns[-1].name).exists()
        ]
        if not fresh and self.flushes:
            return
        for name in fresh:
            for path, _, _ in files_of(self._directory, SCHEMAS[name]):
                self._open(path)
            self._disk.sync_path(self._directory / name)
        self._disk.sync_path(self._directory)

    def close(self) -> None:
        """Close all files; nothing is flushed."""
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()


def _joined(parts: Sequence[Rows], column: str) -> memoryview:
    """Give the bytes of one column of all parts: one copy, straight out of the rows."""
    return np.concatenate([rows[column] for rows in parts]).view(np.uint8).data


def _forgotten(directory: Path, flushes: list[list[Commit]]) -> int:
    """How many of the latest flushes do not have on the disk what they counted."""
    given_up = 0
    while given_up < len(flushes):
        before = Log(flushes[: len(flushes) - given_up - 1], 0, 0).counted()
        latest = flushes[len(flushes) - given_up - 1]
        if all(
            sum_of(directory, commit, before.get(commit.schema.name)) == commit.data_crc for commit in latest
        ):
            break
        given_up += 1
    return given_up


def sum_of(directory: Path, commit: Commit, before: Commit | None) -> int:
    """CRC-32 of the bytes a flush added to a schema, as they are on the disk; what is missing adds nothing."""
    crc = 0
    for path, column, width in files_of(directory, commit.schema):
        if column == PAYLOAD:
            begin, end = before.payload_bytes if before else 0, commit.payload_bytes
        else:
            begin, end = (before.rows if before else 0) * width, commit.rows * width
        try:
            with path.open("rb") as file:
                file.seek(begin)
                while begin < end and (piece := file.read(min(end - begin, CHECK_BYTES))):
                    crc = zlib.crc32(piece, crc)
                    begin += len(piece)
        except FileNotFoundError:
            pass
    return crc


class ColumnsReader:
    """What is counted of a live directory at one moment, mapped into memory. Any number of readers beside the writer."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._counted: dict[str, Commit] = {}
        self._log_bytes = self._flushes = 0
        self.time_ns = 0
        """Time of the last flush."""
        self.look()

    def look(self) -> None:
        """See what was counted since the last look; columns handed out before stay as they are.

        A log that became shorter, because its writer began anew and gave flushes up, is read from its beginning.
        """
        path = self._directory / LOG
        if self._log_bytes > (path.stat().st_size if path.exists() else 0):
            self._counted, self._log_bytes, self._flushes = {}, 0, 0
        log = read_log(self._directory, self._log_bytes, self._flushes)
        self._counted |= log.counted()
        self._log_bytes = log.sound_bytes
        if log.flushes:
            self._flushes, self.time_ns = log.flushes[-1][-1].flush, log.flushes[-1][-1].time_ns

    def rows(self, schema: str) -> int:
        """Counted rows."""
        return self._counted[schema].rows if schema in self._counted else 0

    def column(self, schema: str, name: str) -> Values:
        """A column; read-only."""
        rows = self.rows(schema)
        kind = next(column.dtype for column in SCHEMAS[schema].columns if column.name == name)
        return self._map(schema, name, kind, rows)

    def payload(self, schema: str) -> npt.NDArray[np.uint8]:
        """The bytes of a payload schema."""
        found: npt.NDArray[np.uint8] = self._map(
            schema, PAYLOAD, "u1", self._counted[schema].payload_bytes if schema in self._counted else 0
        )
        return found

    def _map(self, schema: str, name: str, kind: str, count: int) -> Values:
        if count == 0:
            return np.zeros(0, kind)
        path = self._directory / schema / name
        try:
            return np.memmap(path, kind, "r", shape=(count,))
        except (OSError, ValueError):
            raise StoreDamaged(f"{path} is shorter than the {count:,} rows that were counted") from None

    def records(self, schema: str, begin: int = 0, end: int | None = None) -> Rows:
        """Rows copied together."""
        shape = SCHEMAS[schema]
        end = self.rows(schema) if end is None else min(end, self.rows(schema))
        made = np.zeros(max(end - begin, 0), shape.dtype)
        for column in shape.columns:
            made[column.name] = self.column(schema, column.name)[begin:end]
        return made
