"""Where a store's days lie, and the manifest that says what a sealed day consists of.

```
DIR/2026-11-20/manifest.json       written last: files it does not name do not count
DIR/2026-11-20/trades.0.0.parquet  schema, number of the part, number of the file
DIR/2026-11-20/live/               columns of a day that goes on (see `columns`)
DIR/2026-11-20/import/             columns of an import under way; thrown away when it is begun again
DIR/2026-11-20/sealing/            files being written
DIR/2026-11-20/lock
```

A day can have several parts: what was live and is sealed, and every file imported later. Registers are one for all of them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from rushtrade.ticks.columns import LOG
from rushtrade.ticks.disk import Disk
from rushtrade.ticks.errors import StoreDamaged, TickStoreError

LIVE, IMPORT, SEALING = "live", "import", "sealing"
MANIFEST = "manifest.json"
FORMAT = 1
MANIFEST_BYTES_MAX = 1 << 28
"""A manifest of more is none: 65,000 instruments and 10,000 files take 5 MB."""


class SealedFile(msgspec.Struct, frozen=True):
    """A Parquet file of a sealed day. Times are the first and last `ts_event` (of `feed`: `ts_recv`)."""

    name: str
    schema: str
    part: int
    rows: int
    bytes: int
    sha256: str
    first_ns: int
    last_ns: int
    first_symbol: str = ""
    last_symbol: str = ""


class Source(msgspec.Struct, frozen=True):
    """What a part was made of: a recorded file, or the live lines (no digest)."""

    part: int
    name: str
    kind: str
    sha256: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a sealed day consists of. `digest` is the SHA-256 of the manifest with an empty digest."""

    format: int
    trade_date: str
    software: str
    files: list[SealedFile]
    sources: list[Source]
    logs: list[str]
    """SHA-256 of the commit logs that were sealed: columns with such a log are leftovers."""
    instruments: dict[str, int]
    publishers: dict[str, int]
    digest: str = ""

    def rows(self, schema: str) -> int:
        """Rows of a schema in all parts."""
        return sum(file.rows for file in self.files if file.schema == schema)


def day_directory(root: Path, trade_date: dt.date) -> Path:
    """Where a day lies."""
    return root / trade_date.isoformat()


def days(root: Path) -> list[dt.date]:
    """The days a store has, in order."""
    if not root.is_dir():
        raise TickStoreError(f"{root} is no tick store: there is no such directory")
    return sorted(_dates(root))


def _dates(root: Path) -> Iterator[dt.date]:
    for path in root.iterdir():
        try:
            date = dt.date.fromisoformat(path.name)
        except ValueError:
            continue
        if path.is_dir() and path.name == date.isoformat():
            yield date


def read_manifest(day: Path) -> Manifest | None:
    """A day's manifest; None when it is not sealed. Raises StoreDamaged for one that is not what was written."""
    path = day / MANIFEST
    try:
        with path.open("rb") as file:
            data = file.read(MANIFEST_BYTES_MAX)
    except FileNotFoundError:
        return None
    try:
        found = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreDamaged(f"{path} is no manifest: {error}") from None
    if found.format != FORMAT:
        raise TickStoreError(f"{path} has format {found.format}; this release reads {FORMAT}")
    if _digest(found) != found.digest:
        raise StoreDamaged(f"{path} was changed after it was written: its digest is another one")
    return found


def write_manifest(day: Path, manifest: Manifest, disk: Disk) -> Manifest:
    """Write a manifest durably; the day is from here on what it says."""
    whole = msgspec.structs.replace(manifest, digest=_digest(manifest))
    fresh = day / f"{MANIFEST}.new"
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n")
    disk.sync_path(fresh)
    disk.rename(fresh, day / MANIFEST)
    disk.sync_path(day)
    return whole


def _digest(manifest: Manifest) -> str:
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(manifest, digest=""))).hexdigest()


def log_digest(part: Path) -> str:
    """SHA-256 of the commit log of live columns; empty when there is none."""
    try:
        data = (part / LOG).read_bytes()
    except FileNotFoundError:
        return ""
    return hashlib.sha256(data).hexdigest() if data else ""


def live_part(day: Path, manifest: Manifest | None) -> Path | None:
    """The live columns of a day, None when there are none or they are what is left of sealed ones."""
    log = day / LIVE / LOG
    if not log.exists() or not log.stat().st_size:
        return None
    return None if manifest is not None and log_digest(day / LIVE) in manifest.logs else day / LIVE


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
