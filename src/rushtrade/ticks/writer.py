"""The writer of a day: takes rows and packets as they come, makes them durable at every flush, seals the day at its end.

Refuses to know where rows come from. Theory of operation: `append` only keeps rows; `flush`, called once a second or sooner,
writes them with `columns` and comes back once they are on the disk. The two may be called from two threads, so that a slow
disk never holds up a line. When the disk fails, rows wait (at most `WAITING_BYTES_MAX`) for the next flush; beyond that the
oldest are dropped, counted in `lost`, and said so by the next `line_events` row.

The writer keeps the registers: `instrument` and `publisher` give a name its number, the same on every start of the day.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import shutil
import threading
from pathlib import Path
from typing import Self

import numpy as np

from rushtrade.ticks.columns import ColumnsReader, ColumnsWriter, Rows
from rushtrade.ticks.days import LIVE, SEALING, Manifest, day_directory, log_digest, read_manifest
from rushtrade.ticks.disk import Disk
from rushtrade.ticks.errors import StoreBusy, TickStoreError
from rushtrade.ticks.schemas import REGISTERS, SCHEMAS
from rushtrade.ticks.sealing import Progress, remove_unnamed, seal

WAITING_BYTES_MAX = 1 << 28
"""Bytes of rows that wait for a disk: some ten seconds of the whole market at its busiest."""
NAME_BYTES = 16
"""Letters of a symbol or a venue."""
LOCK = "lock"


class TickWriter:
    """Writes a trade date's ticks below `directory`. Raises StoreBusy when another process does."""

    def __init__(
        self, directory: Path | str, trade_date: dt.date, *, disk: Disk | None = None, part: str = LIVE
    ) -> None:
        self.day = day_directory(Path(directory), trade_date)
        self.trade_date = trade_date
        self.lost = 0
        """Rows dropped because the disk would not take them."""
        self._disk = disk or Disk()
        self._part = self.day / part
        self.day.mkdir(parents=True, exist_ok=True)
        self._lock_file = _lock(self.day / LOCK)
        try:
            manifest = read_manifest(self.day)
            if manifest is not None and log_digest(self._part) in manifest.logs:
                shutil.rmtree(self._part)  # what a sealing left that ended just before its end
            self._columns = ColumnsWriter(self._part, disk)
        except BaseException:
            os.close(self._lock_file)
            raise
        self.recovery = self._columns.recovery
        self._guard = threading.Lock()
        self._flushing = threading.Lock()
        self._waiting: dict[str, list[tuple[Rows, bytes]]] = {}
        self._waiting_bytes = 0
        self._instruments: dict[str, int] = {}
        self._publishers: dict[str, int] = {}
        self.was_live = manifest is not None and any(source.kind == LIVE for source in manifest.sources)
        """Whether what was said live on this day is sealed."""
        self._remember(manifest)

    def _remember(self, manifest: Manifest | None) -> None:
        """Take the registers over from what is sealed and what is live."""
        if manifest is not None:
            self._instruments.update(manifest.instruments)
            self._publishers.update(manifest.publishers)
        live = ColumnsReader(self._part)
        for row in live.records("instruments"):
            self._instruments[row["raw_symbol"].decode("latin-1")] = int(row["instrument_id"])
        for row in live.records("publishers"):
            self._publishers[row["name"].decode("latin-1")] = int(row["publisher_id"])

    def instrument(self, symbol: str) -> int:
        """Number of a symbol, given out at first sight. Raises TickStoreError for one that is too long."""
        return self._number(self._instruments, "instruments", "instrument_id", "raw_symbol", symbol)

    def publisher(self, name: str) -> int:
        """Number of a venue or another source, given out at first sight."""
        return self._number(self._publishers, "publishers", "publisher_id", "name", name)

    def _number(self, known: dict[str, int], schema: str, number: str, name: str, text: str) -> int:
        found = known.get(text)
        if found is not None:
            return found
        raw = text.encode("latin-1", "replace")
        if not 0 < len(raw) <= NAME_BYTES:
            raise TickStoreError(
                f"{name} {text[:40]!r} has {len(raw)} letters; 1 to {NAME_BYTES} can be kept"
            )
        row = np.zeros(1, SCHEMAS[schema].dtype)
        row[number], row[name] = len(known) + 1, raw
        known[text] = len(known) + 1
        self.append(schema, row)
        return known[text]

    def append(self, schema: str, rows: Rows, payload: bytes = b"") -> None:
        """Take rows of a schema (`schemas.SCHEMAS[schema].dtype`), and the bytes of payload rows. Durable after `flush`."""
        found = SCHEMAS.get(schema)
        if found is None:
            raise TickStoreError(f"no schema {schema[:40]!r}; there are {', '.join(SCHEMAS)}")
        if rows.dtype != found.dtype:
            raise TickStoreError(
                f"rows of {schema} have the columns {found.dtype.names}, not {rows.dtype.names}"
            )
        if len(payload) != (int(rows["bytes"].sum()) if found.payload else 0):
            raise TickStoreError(f"rows of {schema} speak of other bytes than the {len(payload):,} given")
        if not len(rows):
            return
        kept = rows.copy()
        with self._guard:
            self._waiting.setdefault(schema, []).append((kept, payload))
            self._waiting_bytes += kept.nbytes + len(payload)
            if self._waiting_bytes > WAITING_BYTES_MAX:
                self._drop()

    def _drop(self) -> None:
        """Give up the oldest rows of the schema that takes most room; registers are never given up."""
        sizes = {
            name: sum(rows.nbytes + len(payload) for rows, payload in batches)
            for name, batches in self._waiting.items()
            if name not in REGISTERS
        }
        if not sizes:
            return
        name = max(sizes, key=lambda each: sizes[each])
        rows, payload = self._waiting[name].pop(0)
        self._waiting_bytes -= rows.nbytes + len(payload)
        self.lost += len(rows)

    def flush(self, now_ns: int) -> int:
        """Make what was appended durable; give the rows. Raises TickStoreError when the disk fails: the rows wait on."""
        with self._flushing:
            with self._guard:
                taken, self._waiting = self._waiting, {}
                taken_bytes, self._waiting_bytes = self._waiting_bytes, 0
            batches = {
                name: ([rows for rows, _ in parts], b"".join(payload for _, payload in parts))
                for name, parts in taken.items()
                if parts
            }
            if not batches:
                return 0
            try:
                self._columns.flush(batches, now_ns)
            except OSError as error:
                with self._guard:
                    for name, parts in taken.items():
                        self._waiting[name] = parts + self._waiting.get(name, [])
                    self._waiting_bytes += taken_bytes
                raise TickStoreError(
                    f"{self._part}: {error.strerror or error}; {self.waiting:,} rows wait for the next flush"
                ) from error
            return sum(len(rows) for parts, _ in batches.values() for rows in parts)

    @property
    def waiting(self) -> int:
        """Rows not durable yet."""
        with self._guard:
            return sum(len(rows) for parts in self._waiting.values() for rows, _ in parts)

    @property
    def instruments(self) -> dict[str, int]:
        """Numbers by symbol, of all parts of the day."""
        return dict(self._instruments)

    def reader(self) -> ColumnsReader:
        """What is durable of the part being written."""
        return ColumnsReader(self._part)

    def rows(self, schema: str) -> int:
        """Durable rows of a schema in the live part."""
        return self._columns.rows[schema]

    def seal(
        self,
        progress: Progress | None = None,
        source: dict[str, str] | None = None,
        replaces: frozenset[int] = frozenset(),
    ) -> Manifest:
        """Turn the columns into sealed Parquet and close; sealed parts in `replaces` go. Interrupted, it can be repeated."""
        with self._flushing:
            self._columns.close()
            return seal(self.day, self._part, self.trade_date, progress, source, self._disk, replaces)

    def abandon(self) -> None:
        """Take back what an import that will not be sealed left on the disk; the day too, when it has nothing else."""
        with self._flushing:
            self._columns.close()
            for name in (self._part, self.day / SEALING):
                shutil.rmtree(name, ignore_errors=True)
            manifest = read_manifest(self.day)
            remove_unnamed(self.day, manifest)
            if {path.name for path in self.day.iterdir()} == {LOCK}:
                (self.day / LOCK).unlink()
                self.day.rmdir()

    def close(self) -> None:
        """Give the day free for another writer. What was not flushed is gone."""
        self._columns.close()
        if self._lock_file >= 0:
            os.close(self._lock_file)
            self._lock_file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _lock(path: Path) -> int:
    """Take the day's lock, which goes with its process."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not path.exists() or not os.path.samestat(os.fstat(descriptor), path.stat()):
            raise BlockingIOError  # its holder took the day away meanwhile
    except OSError:
        os.close(descriptor)
        raise StoreBusy(
            f"{path.parent}: another process writes this day; its lock goes when it ends"
        ) from None
    return descriptor
