"""The orders of a recorded file that is not ITCH, as numbered messages of ITCH 5.0: Databento's market-by-order records and LOBSTER.

Rows are those an import makes (`ticks.import_dbn`, `ticks.import_text`), and messages those that are made of stored rows
(`archive.mbo_replay`): so a file played as a line and the same file imported and replayed are the same orders. Instruments become locates
in the order of first sight; times count from midnight in New York of the first event's day. Rows whose price or size no stock can have are
left out. A LOBSTER file begins in the middle of a day: only orders it saw come are known.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushtrade.archive.feed_synthesis_kernel import RESET, SCALE
from rushtrade.archive.mbo_kernel import COLUMNS
from rushtrade.archive.mbo_replay import Grid, MboReplay
from rushtrade.archive.stock_image import image_of
from rushtrade.books.book_layout import ASK, BID
from rushtrade.feeds.recognition import feed_for
from rushtrade.feeds.source import Source
from rushtrade.rules.new_york import day_at, midnight_ns
from rushtrade.ticks.import_dbn import DbnRows
from rushtrade.ticks.import_text import LobsterRows
from rushtrade.ticks.itch_rows_kernel import messages_span
from rushtrade.wire.errors import MalformedError
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame
from rushtrade.wire.itch50 import OrderDelete, encode
from rushtrade.wire.itch50_emit_kernel import MESSAGE_BYTES_MAX

PIECE_BYTES = 1 << 20
CHUNK_ROWS = 1 << 12
LOCATES_MAX = 0xFFFF
ROUND_LOT = 100
DBN_MBO = 0
"""Number of market-by-order among Databento's schemas."""

Rows = npt.NDArray[np.void]


class _Gathered:
    """Stands where a store's writer does, and keeps the rows of orders in memory."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self._rows: list[Rows] = []

    def instrument(self, symbol: str) -> int:
        """Number a stock."""
        return self.names.setdefault(symbol, len(self.names) + 1)

    def publisher(self, name: str) -> int:
        """All venues of a file are one line."""
        del name
        return 1

    def append(self, schema: str, rows: Rows) -> None:
        """Keep orders; trades stand among them too."""
        if schema == "mbo":
            self._rows.append(rows)

    def taken(self) -> list[Rows]:
        """Give what was kept since the last call."""
        rows, self._rows = self._rows, []
        return rows


def order_messages(path: Path | str, symbol: str = "") -> Iterator[FeedPacket]:
    """Give the messages of a file in pieces; `venue` is 0. Raises WireError for a file that holds no orders."""
    gathered: Any = _Gathered()
    line: _OrderLine | None = None
    with Source(path) as source:
        take: Any = None
        for piece in source.pieces(PIECE_BYTES):
            if take is None:
                take = _taker(piece, gathered, symbol, path)
            take(piece)
            for rows in gathered.taken():
                if len(rows):
                    line = line or _OrderLine(gathered.names, int(rows["ts_event"][0]))
                    yield from line.packets(rows)
    if line is None:
        raise MalformedError(f"{path} holds no order: a line takes DBN of schema mbo, and LOBSTER messages")


def _taker(piece: bytes, gathered: Any, symbol: str, path: Path | str) -> Any:
    kind = feed_for(piece).kind
    if kind == "dbn":
        return DbnRows(gathered, venue="").take
    if kind != "lobster" or not symbol:
        raise MalformedError(
            f"{path}: a file of {kind} does not say which stock it is about; ?symbol=TEXT would pass"
        )
    midnight = 0
    rows = LobsterRows(gathered, midnight, symbol, "", [])
    held = b""

    def take(more: bytes) -> None:
        nonlocal held
        *whole, held = (held + more).split(b"\n")
        rows.take(line.decode("latin-1").strip() for line in whole)

    return take


class _OrderLine:
    """Makes messages of rows."""

    def __init__(self, names: dict[str, int], first_ns: int) -> None:
        self._names = names
        self._midnight = midnight_ns(day_at(first_ns)) if first_ns > 10**17 else 0
        self._books = MboReplay(1, Grid(0, SCALE), 1)
        self._out = np.zeros(CHUNK_ROWS * 4 * MESSAGE_BYTES_MAX, np.uint8)
        self._stocks = np.zeros(1, np.int64)
        self._next = 1

    def packets(self, rows: Rows) -> Iterator[FeedPacket]:
        """Give the messages of rows."""
        for begin in range(0, len(rows), CHUNK_ROWS):
            part = rows[begin : begin + CHUNK_ROWS]
            columns = {name: np.ascontiguousarray(part[name]) for name in COLUMNS}
            columns["publisher_id"] = np.ones(len(part), np.uint16)
            payload = self._listings(int(part["ts_event"][0])) + self._messages(columns)
            count = int(messages_span(np.frombuffer(payload, np.uint8))[0]) if payload else 0
            if count:
                yield FeedPacket(0, self._next, count, payload)
                self._next += count

    def _listings(self, time_ns: int) -> bytes:
        """Directory and trading action of stocks first met."""
        known = len(self._stocks) - 1
        new = [name for name, number in self._names.items() if known < number <= LOCATES_MAX]
        since = max(time_ns - self._midnight, 0)
        words = [int.from_bytes(name[:8].encode("latin-1").ljust(8), "little", signed=True) for name in new]
        self._stocks = np.concatenate([self._stocks, np.array(words, np.int64)])
        return b"".join(
            image_of(name, ([], []), since, ROUND_LOT, locate=known + place)
            for place, name in enumerate(new, start=1)
        )

    def _messages(self, columns: dict[str, npt.NDArray[Any]]) -> bytes:
        parts: list[bytes] = []
        at, end = 0, len(columns["action"])
        while at < end:
            at, reason, used = self._books.write_messages(
                columns, at, self._out, self._midnight, self._stocks
            )
            parts.append(self._out[:used].tobytes())
            if reason == RESET:
                parts.append(self._cleared(int(columns["instrument_id"][at]), int(columns["ts_event"][at])))
                self._books.apply({name: values[at : at + 1] for name, values in columns.items()})
                at += 1
        return b"".join(parts)

    def _cleared(self, instrument: int, time_ns: int) -> bytes:
        """Every order of the book a row empties, deleted."""
        since = max(time_ns - self._midnight, 0)
        orders = [order for side in (BID, ASK) for order in self._books.queue(1, instrument, side)]
        return b"".join(frame(encode(OrderDelete(instrument, 0, since, order.order))) for order in orders)
