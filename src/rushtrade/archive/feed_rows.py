"""The packets of a day, read back in the order they were taken: from sealed Parquet, a row group at a time, and from live columns.

`begin_ns` skips ahead by the statistics of row groups, to the latest checkpoint of every venue when there is one. Refuses to know
what packets say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.days import Manifest, day_directory, live_part, read_manifest
from rushtrade.ticks.errors import TickStoreError

FEED = "feed"
LIVE_ROWS = 1 << 12
"""Rows of live columns read at a time."""


class StoredPacket(msgspec.Struct, frozen=True, gc=False):
    """A row of `feed`: kind `P`, `I` or `C`, as `ticks.schemas` says."""

    ts_recv: int
    ts_event: int
    ts_last: int
    publisher_id: int
    kind: str
    sequence: int
    count: int
    payload: bytes


class Head(msgspec.Struct, frozen=True, gc=False):
    """A row without its bytes, by its place in the day."""

    place: int
    kind: str
    publisher_id: int
    sequence: int
    count: int
    ts_event: int
    ts_last: int


_HEAD = Head.__struct_fields__[1:]
_COLUMNS = ("ts_recv", "ts_event", "ts_last", "publisher_id", "kind", "sequence", "count", "payload")


def _is_new(row: Head | StoredPacket, chosen: dict[int, Head]) -> bool:
    """Whether a packet or image says anything a venue's chosen checkpoint does not contain."""
    checkpoint = chosen.get(row.publisher_id)
    if row.kind == "C":
        return False
    if checkpoint is None:
        return True
    return row.sequence + (row.count if row.kind == "P" else 0) > checkpoint.sequence


class StoredFeedDay:
    """A day's packets. Raises TickStoreError for a day that has none."""

    def __init__(self, root: Path | str, trade_date: dt.date) -> None:
        self.trade_date = trade_date
        self.day = day_directory(Path(root), trade_date)
        if not self.day.is_dir():
            raise TickStoreError(
                f"{root} has no day {trade_date}; `rushtrade ticks list` says which there are"
            )
        self._manifest = read_manifest(self.day)
        live = live_part(self.day, self._manifest)
        self._live = ColumnsReader(live) if live else None
        self.venues = self._venues()
        """Names of publishers by number."""
        self.symbols = self._symbols()
        if not self.rows:
            raise TickStoreError(
                f"{trade_date} has rows but no packets: it was imported by a release that kept none; import it again"
            )

    @property
    def rows(self) -> int:
        """Packets, images and checkpoints."""
        sealed = self._manifest.rows(FEED) if self._manifest else 0
        return sealed + (self._live.rows(FEED) if self._live else 0)

    def _venues(self) -> dict[int, str]:
        found = {number: name for name, number in self._named().publishers.items()} if self._manifest else {}
        if self._live:
            for row in self._live.records("publishers"):
                found[int(row["publisher_id"])] = row["name"].decode("latin-1")
        return found

    def _symbols(self) -> list[str]:
        found = dict.fromkeys(self._named().instruments) if self._manifest else {}
        if self._live:
            found.update(
                dict.fromkeys(
                    name.decode("latin-1") for name in self._live.column("instruments", "raw_symbol").tolist()
                )
            )
        return list(found)

    def _named(self) -> Manifest:
        assert self._manifest is not None
        return self._manifest

    def packets(self, *, checkpoint_ns: int = 0) -> Iterator[StoredPacket]:
        """Packets and images in the order they were taken.

        With `checkpoint_ns`, every venue's latest checkpoint that stands for nothing later comes first, and then only what
        it does not contain. Packets may overlap a checkpoint.
        """
        chosen, begin = self._chosen(checkpoint_ns)
        for head in chosen.values():
            yield next(packet for _, packet in self._from(head.place))
        for _, packet in self._from(begin):
            if _is_new(packet, chosen):
                yield packet

    def starts(self, *, checkpoint_ns: int = 0) -> Iterator[tuple[int, int]]:
        """Publisher and first time of everything `packets` will give, in the same order, without reading it."""
        chosen, _ = self._chosen(checkpoint_ns)
        for head in chosen.values():
            yield head.publisher_id, 0
        for head in self._heads():
            if _is_new(head, chosen):
                yield head.publisher_id, head.ts_event

    def _chosen(self, checkpoint_ns: int) -> tuple[dict[int, Head], int]:
        """The checkpoint of each venue to begin with, and the place of the first row that says more."""
        heads = list(self._heads())
        chosen = {
            head.publisher_id: head for head in heads if head.kind == "C" and head.ts_last <= checkpoint_ns
        }
        return chosen, next((head.place for head in heads if _is_new(head, chosen)), self.rows)

    def span(self) -> tuple[int, int]:
        """Times of the first and the last message."""
        spoken = [head for head in self._heads() if head.count]
        return min((head.ts_event for head in spoken), default=0), max(
            (head.ts_last for head in spoken), default=0
        )

    def messages_until(self, time_ns: int) -> int:
        """How many messages packets hold that begin not later than a moment."""
        return sum(head.count for head in self._heads() if head.kind == "P" and head.ts_event <= time_ns)

    def _heads(self) -> Iterator[Head]:
        """Every row without its bytes."""
        place = 0
        for path in self._files():
            table = pq.ParquetFile(path).read(columns=list(_HEAD))
            columns = [
                table[name].to_pylist() if name == "kind" else table[name].cast("int64").to_pylist()
                for name in _HEAD
            ]
            for row in zip(*columns, strict=True):
                yield Head(place, *row)
                place += 1
        if self._live:
            arrays = [self._live.column(FEED, name).tolist() for name in _HEAD]
            arrays[0] = [kind.decode() for kind in arrays[0]]
            for row in zip(*arrays, strict=True):
                yield Head(place, *row)
                place += 1

    def _files(self) -> list[Path]:
        files = self._manifest.files if self._manifest else []
        return [self.day / file.name for file in files if file.schema == FEED]

    def _from(self, begin: int) -> Iterator[tuple[int, StoredPacket]]:
        place = 0
        for path in self._files():
            parquet = pq.ParquetFile(path)
            for group in range(parquet.num_row_groups):
                rows = parquet.metadata.row_group(group).num_rows
                if place + rows > begin:
                    table = parquet.read_row_group(group, columns=list(_COLUMNS))
                    columns = [
                        table[name].cast("int64").to_pylist()
                        if name not in ("kind", "payload")
                        else table[name].to_pylist()
                        for name in _COLUMNS
                    ]
                    for offset, row in enumerate(zip(*columns, strict=True)):
                        if place + offset >= begin:
                            yield place + offset, StoredPacket(*row)
                place += rows
        if self._live:
            yield from self._from_live(place, begin)

    def _from_live(self, place: int, begin: int) -> Iterator[tuple[int, StoredPacket]]:
        assert self._live is not None
        payload = self._live.payload(FEED)
        at = 0
        for first in range(0, self._live.rows(FEED), LIVE_ROWS):
            for offset, row in enumerate(self._live.records(FEED, first, first + LIVE_ROWS)):
                size = int(row["bytes"])
                if place + first + offset >= begin:
                    yield (
                        place + first + offset,
                        StoredPacket(
                            int(row["ts_recv"]),
                            int(row["ts_event"]),
                            int(row["ts_last"]),
                            int(row["publisher_id"]),
                            row["kind"].decode(),
                            int(row["sequence"]),
                            int(row["count"]),
                            payload[at : at + size].tobytes(),
                        ),
                    )
                at += size
