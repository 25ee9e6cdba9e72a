"""The messages of a stored day again: as an ITCH 5.0 file, and with checkpoints to begin a replay from.

A checkpoint is a venue's image (`books.book_image`): what it has said of itself and its stocks, and every resting order. Taken every
`CHECKPOINT_MESSAGES` messages, and not before a quarter as many messages as orders rest have come again, so that images never take
more room than the messages; a replay then begins anywhere by reading that much.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np

from rushtrade.archive.feed_rows import StoredFeedDay
from rushtrade.books.book_image import ImageBooks
from rushtrade.domain.errors import InvalidInput
from rushtrade.rules.new_york import midnight_ns
from rushtrade.ticks import itch_rows_kernel
from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.schemas import SCHEMAS
from rushtrade.ticks.writer import TickWriter
from rushtrade.wire.errors import WireError
from rushtrade.wire.itch50_columns import Columns

CHECKPOINT_MESSAGES = 1_000_000
"""Half a second of replay."""
FOREVER = 1 << 62
PREFIX_BYTES = 2
COLUMNS_ROWS = 1 << 14


class Checkpoints:
    """Takes checkpoints of venues while their packets go by."""

    def __init__(self, every: int = CHECKPOINT_MESSAGES) -> None:
        self._every = every
        self._books: dict[int, ImageBooks] = {}
        self._taken: dict[int, int] = {}
        self._next: dict[int, int] = {}
        self._lost: dict[int, bool] = {}

    def packet(self, publisher: int, kind: str, sequence: int, count: int, payload: bytes) -> bytes | None:
        """Follow a packet; give an image that stands for everything up to and including it, when one is due."""
        if kind == "I":
            self._books[publisher] = ImageBooks()
            self._lost[publisher] = False
        elif kind != "P" or self._lost.get(publisher):
            return None
        books = self._books.setdefault(publisher, ImageBooks())
        if kind == "P" and sequence != self._next.get(publisher, 1):
            self._lost[publisher] = True  # a hole: an image from there on would be a guess
            return None
        try:
            books.feed(payload)
        except WireError:
            self._lost[publisher] = True
            return None
        self._next[publisher] = sequence + count if kind == "P" else sequence
        since = books.messages - self._taken.get(publisher, 0)
        if since < max(self._every, books.books.orders // 4):
            return None
        self._taken[publisher] = books.messages
        return books.image()

    def next_sequence(self, publisher: int) -> int:
        """Number of the first message not in the image just given."""
        return self._next[publisher]


def take_checkpoints(writer: TickWriter, reader: ColumnsReader, every: int = CHECKPOINT_MESSAGES) -> int:
    """Append checkpoints of the durable packets of a writer's part; give how many.

    They stand behind all packets; a reader finds them by their times.
    """
    rows, payload = reader.records("feed"), reader.payload("feed")
    checkpoints, at, taken = Checkpoints(every), 0, 0
    for row in rows:
        size, publisher = int(row["bytes"]), int(row["publisher_id"])
        data = payload[at : at + size].tobytes()
        at += size
        image = checkpoints.packet(
            publisher, row["kind"].decode(), int(row["sequence"]), int(row["count"]), data
        )
        if image is None:
            continue
        made = np.zeros(1, SCHEMAS["feed"].dtype)
        made["ts_recv"], made["publisher_id"], made["kind"] = row["ts_recv"], publisher, b"C"
        made["ts_event"] = made["ts_last"] = row["ts_last"]
        made["sequence"], made["bytes"] = checkpoints.next_sequence(publisher), len(image)
        writer.append("feed", made, image)
        taken += 1
    return taken


def write_itch(
    root: Path, day: dt.date, out: Path, symbols: list[str], span: tuple[int | None, int | None], venue: str
) -> int:
    """Write a venue's messages of a day as a file of ITCH 5.0, as they were said; give how many.

    With `symbols`, only messages about these stocks and about none; before `span` begins, only what says how things stand.
    """
    feed = StoredFeedDay(root, day)
    publisher = _publisher(feed, venue)
    midnight = midnight_ns(day)
    begin = (span[0] - midnight) if span[0] is not None else 0
    until = (span[1] - midnight - 1) if span[1] is not None else FOREVER
    locates = np.zeros(1 << 16, bool)
    locates[0] = True
    books: ImageBooks | None = ImageBooks() if begin > 0 else None
    messages = 0
    with out.open("wb") as file:
        for packet in feed.packets():
            if packet.publisher_id != publisher or packet.kind == "C":
                continue
            before, payload = _cut(packet.payload, begin, until)
            if books is not None and before:
                books.feed(before)
            if payload and books is not None:
                messages += _write(file, books.image(), symbols, locates)
                books = None
            messages += _write(file, payload, symbols, locates)
    return messages


def _publisher(feed: StoredFeedDay, venue: str) -> int:
    found = [number for number, name in feed.venues.items() if name == venue] if venue else list(feed.venues)
    if len(found) == 1:
        return found[0]
    names = ", ".join(feed.venues.values())
    raise InvalidInput(f"--venue {venue[:20]!r} is not one line of {feed.trade_date}; there are {names}")


def _cut(payload: bytes, begin: int, until: int) -> tuple[bytes, bytes]:
    """Messages before a time, and those from it on up to another."""
    data = np.frombuffer(payload, np.uint8)
    first, _ = itch_rows_kernel.messages_cut(data, 0, FOREVER, begin - 1)
    last, _ = itch_rows_kernel.messages_cut(data, first, FOREVER, until)
    return payload[:first], payload[first : first + last]


def _write(file: object, payload: bytes, symbols: list[str], locates: np.ndarray) -> int:
    """Write messages about wanted stocks."""
    data = np.frombuffer(payload, np.uint8)
    if not symbols:
        file.write(payload)  # type: ignore[attr-defined]
        return int(itch_rows_kernel.messages_span(data)[0])
    columns, at, written = Columns(COLUMNS_ROWS), 0, 0
    while at < len(data):
        at = columns.decode(data, at)
        ends = np.append(columns.offset[1:], at)
        for begin, end, code, locate in zip(
            columns.offset.tolist(),
            ends.tolist(),
            columns.type.tolist(),
            columns.locate.tolist(),
            strict=True,
        ):
            if code == ord("R"):
                name = payload[begin + 13 : begin + 21].decode("latin-1").rstrip()
                locates[locate] = locate == 0 or name in symbols
            if locates[locate]:
                file.write(payload[begin:end])  # type: ignore[attr-defined]
                written += 1
    return written
