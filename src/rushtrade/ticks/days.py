"""Where a store's days lie, and the manifest that says what a sealed day consists of.

```
DIR/2026-11-20/manifest.json       written last: files it does not name do not count
DIR/2026-11-20/trades.0.0.parquet  schema, number of the part, number of the file
DIR/2026-11-20/live/               columns of a day that goes on (see `columns`)
DIR/2026-11-20/import/             columns of an import under way; thrown away when it is begun again
DIR/2026-11-20/sealing/            files being written
DIR/2026-11-20/lock
```

A day can have several parts: what was live and is sealed, and every file imported later. Registers are one for all of them. No two
parts have the same venue: what it said would count twice (`Twice`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from rushtrade.ticks.columns import LOG, ColumnsReader
from rushtrade.ticks.disk import Disk
from rushtrade.ticks.errors import StoreDamaged, TickStoreError
from rushtrade.ticks.schemas import BAR_SECONDS

SAID_BY_VENUES = ("feed", "mbo", "mbp-10", "mbp-1", "tbbo", "trades")
"""Schemas that say which venues a part has."""
NAMED = 5
"""Venues or stocks a refusal names."""
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


Claim = tuple[str, int, int]
"""What a part alone may have of a day: all of a publisher (`venue`, number, 0), or bars (schema, publisher, instrument)."""


class Twice:
    """Sees that nothing a venue said on a day comes into the store a second time: asked while files are read, and again at their end.

    `replaced` are the parts a new one takes the place of. Parts without any venue (files of bars) count by schema and stock.
    """

    def __init__(self, day: Path, manifest: Manifest | None, *, replace: bool) -> None:
        self._day, self._manifest, self._replace = day, manifest, replace
        self._seen: dict[str, int] = {}
        self._claims: frozenset[Claim] = frozenset()
        self.replaced: frozenset[int] = frozenset()
        self._held = {source.part: self._claims_of(source.part) for source in self._sources()}
        live = live_part(day, manifest)
        self._live = _claims(ColumnsReader(live), {}) if live else frozenset()

    def _sources(self) -> list[Source]:
        return self._manifest.sources if self._manifest else []

    def _claims_of(self, part: int) -> frozenset[Claim]:
        """What a sealed part has, read from its files: of venues, the first schema that says it is enough."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - Arrow is asked for only when needed

        files = [file for file in self._manifest.files if file.part == part] if self._manifest else []
        for schemas in [[each] for each in SAID_BY_VENUES] + [list(BAR_SECONDS)]:
            found: set[Claim] = set()
            for file in files:
                if file.schema in schemas:
                    names = (
                        ["publisher_id"]
                        if file.schema in SAID_BY_VENUES
                        else ["publisher_id", "instrument_id"]
                    )
                    columns = pq.read_table(self._day / file.name, columns=names)
                    found |= _claimed(file.schema, *(columns[name].to_numpy() for name in names))
            if found:
                return frozenset(found)
        return frozenset()

    def look(self, reader: ColumnsReader, file: str) -> None:
        """Look at the rows that are new in a part being made. Raises TickStoreError when the day has the like and nothing is replaced."""
        self._claims |= _claims(reader, self._seen)
        shared = {part: held & self._claims for part, held in self._held.items() if held & self._claims}
        earlier = [source for source in self._sources() if source.part in shared]
        if self._live & self._claims or any(source.kind == LIVE for source in earlier):
            said = self._words(reader, frozenset().union(self._live & self._claims, *shared.values()))
            raise TickStoreError(
                f"{self._day.name}: {said} was recorded live, and {file} would count it twice; another --store would pass"
            )
        if earlier and not self._replace:
            said = self._words(reader, frozenset().union(*shared.values()))
            names = ", ".join(source.name for source in earlier)
            raise TickStoreError(
                f"{self._day.name}: {said} is in the store already, from {names}, and {file} would count it twice; "
                "--replace puts this import in the place of that one, another --store keeps both"
            )
        self.replaced = frozenset(shared)

    def _words(self, reader: ColumnsReader, claims: frozenset[Claim]) -> str:
        """Claims as text: names of venues, or of stocks."""
        venues, stocks = dict[int, str](), dict[int, str]()
        if self._manifest:
            venues = {number: name for name, number in self._manifest.publishers.items()}
            stocks = {number: name for name, number in self._manifest.instruments.items()}
        for row in reader.records("publishers"):
            venues[int(row["publisher_id"])] = row["name"].decode("latin-1")
        for row in reader.records("instruments"):
            stocks[int(row["instrument_id"])] = row["raw_symbol"].decode("latin-1")
        named = [
            venues.get(venue, "?") if schema == "venue" else f"{schema} of {stocks.get(stock, '?')}"
            for schema, venue, stock in sorted(claims)
        ]
        more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
        return ", ".join(named[:NAMED]) + more


def _claims(reader: ColumnsReader, seen: dict[str, int]) -> frozenset[Claim]:
    """What live columns have behind the rows that were seen; bars count only where no venue said anything."""
    found: defaultdict[bool, set[Claim]] = defaultdict(set)
    said = any(reader.rows(schema) for schema in SAID_BY_VENUES)
    for schema in (*SAID_BY_VENUES, *BAR_SECONDS):
        rows, begin = reader.rows(schema), seen.get(schema, 0)
        seen[schema] = rows
        if rows > begin and (schema in SAID_BY_VENUES or not said):
            names = ["publisher_id"] if schema in SAID_BY_VENUES else ["publisher_id", "instrument_id"]
            found[schema in SAID_BY_VENUES] |= _claimed(
                schema, *(reader.column(schema, name)[begin:] for name in names)
            )
    return frozenset(found[said])


def _claimed(
    schema: str, publishers: npt.NDArray[Any], instruments: npt.NDArray[Any] | None = None
) -> set[Claim]:
    if instruments is None:
        return {("venue", number, 0) for number in np.unique(publishers).tolist() if number}
    pairs = np.unique(publishers.astype(np.int64) << 32 | instruments)
    return {(schema, pair >> 32, pair & 0xFFFF_FFFF) for pair in pairs.tolist()}
