"""Packets made of stored rows, for days whose source had none: every stored day can be played through the whole house.

Each venue gets a line of ITCH 5.0 of its own: directory and trading action of every stock, then what its orders, quotes and trades
mean (`feed_synthesis_kernel`), numbered from 1. Rows whose price or size no stock can have are left out and counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rushtrade.archive import feed_synthesis_kernel as kernel
from rushtrade.archive.mbo_kernel import COLUMNS
from rushtrade.archive.mbo_replay import Grid, MboReplay, StoredOrder
from rushtrade.archive.stock_image import image_of
from rushtrade.books.book_layout import ASK, BID
from rushtrade.rules.new_york import midnight_ns
from rushtrade.ticks import itch_rows_kernel
from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.schemas import NO_PRICE, SCHEMAS
from rushtrade.ticks.writer import TickWriter
from rushtrade.wire.framing import frame
from rushtrade.wire.itch50 import OrderDelete, encode
from rushtrade.wire.itch50_emit_kernel import MESSAGE_BYTES_MAX

CHUNK_ROWS = 1 << 12
"""Rows that become one packet of their venue: what lies between two venues' packets."""
OUT_BYTES = CHUNK_ROWS * 4 * MESSAGE_BYTES_MAX
"""Room for what a chunk can mean: no row is more than four messages."""
LOCATES_MAX = 0xFFFF

Values = npt.NDArray[Any]


def synthesize(writer: TickWriter, grid: Grid, round_lots: Values) -> None:
    """Append packets made of the durable rows of a writer's part; `round_lots` are by instrument number."""
    reader = writer.reader()
    if len(writer.instruments) > LOCATES_MAX:
        return  # more stocks than a line can tell apart
    if reader.rows("mbo"):
        _OrderLines(writer, reader, grid, round_lots).run()
    elif reader.rows("mbp-1") or reader.rows("trades"):
        _QuoteLines(writer, reader, grid, round_lots).run()


class _Lines:
    """What both kinds share: the venues' lines, their numbers, and the packets appended."""

    def __init__(self, writer: TickWriter, reader: ColumnsReader, grid: Grid, round_lots: Values) -> None:
        self._writer, self._reader, self._grid = writer, reader, grid
        self._round_lots = round_lots
        self._midnight = midnight_ns(writer.trade_date)
        self._next: dict[int, int] = {}
        self._out = np.zeros(OUT_BYTES, np.uint8)
        self._symbols = {number: symbol[:8] for symbol, number in writer.instruments.items()}
        self._stocks = np.zeros(max(self._symbols, default=0) + 1, np.int64)
        for number, symbol in self._symbols.items():
            padded = symbol.encode("latin-1").ljust(8)
            self._stocks[number] = int.from_bytes(padded, "little", signed=True)

    def _open(self, publisher: int, instruments: Values, time_ns: int) -> None:
        """Begin a venue's line with what it says of its stocks."""
        since = max(time_ns - self._midnight, 0)
        parts = [
            image_of(self._symbols[number], ([], []), since, int(self._round_lots[number]), locate=number)
            for number in instruments.tolist()
            if number in self._symbols
        ]
        self._append(publisher, b"".join(parts))

    def _append(self, publisher: int, payload: bytes) -> None:
        count, first, last = itch_rows_kernel.messages_span(np.frombuffer(payload, np.uint8))
        if not count:
            return
        sequence = self._next.get(publisher, 1)
        self._next[publisher] = sequence + count
        row = np.zeros(1, SCHEMAS["feed"].dtype)
        row["publisher_id"], row["kind"] = publisher, b"P"
        row["ts_event"], row["ts_last"] = first + self._midnight, last + self._midnight
        row["ts_recv"] = row["ts_last"]  # nobody received it
        row["sequence"], row["count"], row["bytes"] = sequence, count, len(payload)
        self._writer.append("feed", row, payload)


class _OrderLines(_Lines):
    """Lines of orders."""

    def run(self) -> None:
        """Make all packets."""
        publishers = self._reader.column("mbo", "publisher_id")
        self._books: dict[int, MboReplay] = {}
        for publisher in np.unique(publishers).tolist():
            chosen = publishers == publisher
            instruments = np.unique(self._reader.column("mbo", "instrument_id")[chosen])
            self._books[publisher] = MboReplay(1, self._grid, int(instruments.max()))
            self._open(publisher, instruments, int(self._reader.column("mbo", "ts_event")[chosen][0]))
        for begin in range(0, len(publishers), CHUNK_ROWS):
            part = slice(begin, begin + CHUNK_ROWS)
            for publisher in np.unique(publishers[part]).tolist():
                chosen = np.flatnonzero(publishers[part] == publisher) + begin
                columns = {name: self._reader.column("mbo", name)[chosen] for name in COLUMNS}
                columns["publisher_id"] = np.ones(len(chosen), np.uint16)
                self._chunk(publisher, columns)

    def _chunk(self, publisher: int, columns: dict[str, Values]) -> None:
        books, at, end = self._books[publisher], 0, len(columns["action"])
        parts: list[bytes] = []
        while at < end:
            at, reason, used = books.write_messages(columns, at, self._out, self._midnight, self._stocks)
            parts.append(self._out[:used].tobytes())
            if reason == kernel.RESET:
                parts.append(self._cleared(books, columns, at))
                books.apply({name: values[at : at + 1] for name, values in columns.items()})
                at += 1
        self._append(publisher, b"".join(parts))

    def _cleared(self, books: MboReplay, columns: dict[str, Values], at: int) -> bytes:
        """Every order of the book a row empties, deleted."""
        instrument = int(columns["instrument_id"][at])
        since = max(int(columns["ts_event"][at]) - self._midnight, 0)
        orders: list[StoredOrder] = []
        for side in (BID, ASK):
            orders += books.queue(1, instrument, side)
        return b"".join(frame(encode(OrderDelete(instrument, 0, since, order.order))) for order in orders)


class _QuoteLines(_Lines):
    """Lines of quotes and trades."""

    def run(self) -> None:
        """Make all packets."""
        rows = self._rows()
        publishers = rows["publisher"]
        held: dict[int, Values] = {}
        for publisher in np.unique(publishers).tolist():
            mine = rows[publishers == publisher]
            held[publisher] = np.zeros(6 * len(self._stocks), np.int64)
            self._open(publisher, np.unique(mine["words"][:, 1]), int(mine["words"][0, 0]))
        for begin in range(0, len(rows), CHUNK_ROWS):
            part = rows[begin : begin + CHUNK_ROWS]
            for publisher in np.unique(part["publisher"]).tolist():
                words = np.ascontiguousarray(part["words"][part["publisher"] == publisher])
                at = 0
                while at < len(words):
                    at, used = kernel.quote_messages(
                        words.ctypes.data,
                        at,
                        len(words),
                        self._midnight,
                        self._stocks.ctypes.data,
                        held[publisher].ctypes.data,
                        self._out.ctypes.data,
                        len(self._out),
                    )
                    self._append(publisher, self._out[:used].tobytes())

    def _rows(self) -> Values:
        """Quotes and trades in the order of their times, quotes first."""
        quotes, trades = self._reader.records("mbp-1"), self._reader.records("trades")
        trades = trades[trades["action"] == b"T"]
        rows = np.zeros(len(quotes) + len(trades), [("publisher", "i8"), ("words", "i8", 8)])
        rows["publisher"] = np.concatenate([quotes["publisher_id"], trades["publisher_id"]])
        words = rows["words"]
        words[:, 0] = np.concatenate([quotes["ts_event"], trades["ts_event"]])
        words[:, 1] = np.concatenate([quotes["instrument_id"], trades["instrument_id"]])
        words[len(quotes) :, 2] = 1
        for place, name in enumerate(("bid_px_00", "bid_sz_00", "ask_px_00", "ask_sz_00"), 3):
            words[: len(quotes), place] = quotes[name]
        words[len(quotes) :, 3], words[len(quotes) :, 4] = trades["price"], trades["size"]
        words[:, 7] = np.arange(1, len(rows) + 1)
        words[words == NO_PRICE] = 0
        found: Values = rows[np.lexsort((words[:, 2], words[:, 0]))]
        return found
