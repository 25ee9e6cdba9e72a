"""Databento's files: records of `mbo`, `trades`, `tbbo`, `mbp-1`, `mbp-10` and bars become rows of the same name.

The metadata at the head says the dataset, the schema and which symbol an instrument had on which day; see the DBN encoding,
versions 1 to 3. Instruments it does not name are called `#` and their number. Prices, sizes, flags and sequences stay the numbers
they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rushtrade.feeds.dbn import LEVEL, MAGIC, MBO, MBO_TYPE, PREFIX_BYTES, VERSIONS, DbnFeed
from rushtrade.ticks.errors import TickStoreError
from rushtrade.ticks.schemas import F_LAST, LEVELS, SCHEMAS
from rushtrade.ticks.writer import NAME_BYTES, TickWriter

Rows = npt.NDArray[np.void]
Values = npt.NDArray[Any]

_PAIR = [
    ("bid_px", "<i8"),
    ("ask_px", "<i8"),
    ("bid_sz", "<u4"),
    ("ask_sz", "<u4"),
    ("bid_ct", "<u4"),
    ("ask_ct", "<u4"),
]
DEPTH_1 = np.dtype([*LEVEL.descr, ("levels", _PAIR, (1,))])
DEPTH_10 = np.dtype([*LEVEL.descr, ("levels", _PAIR, (LEVELS,))])
BAR = np.dtype(
    [
        ("length", "u1"),
        ("rtype", "u1"),
        ("publisher", "<u2"),
        ("instrument", "<u4"),
        ("ts_event", "<u8"),
        ("open", "<i8"),
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("volume", "<u8"),
    ]
)
TRADES, TOP, TEN = 0x00, 0x01, 0x0A
BARS = {0x20: "ohlcv-1s", 0x21: "ohlcv-1m", 0x22: "ohlcv-1h", 0x23: "ohlcv-1d", 0x24: "ohlcv-1d"}
TBBO_SCHEMA = 3
"""Number of `tbbo` among Databento's schemas; its records look like those of `mbp-1`."""
CONTRACTS = ("GLBX", "IFEU", "IFLL", "IFUS", "NDEX", "XEUR", "XEEE", "OPRA")
"""Datasets of futures and options begin like this: one contract is a round lot there."""
METADATA_BYTES_MAX = 1 << 24
"""Metadata of more is none: 100,000 symbols take 15 MB."""
FIXED_BYTES = 100
"""Bytes of the metadata before its lists."""
OLD_SYMBOL_BYTES = 22
"""Bytes of a symbol in version 1, which does not say."""


class Metadata:
    """What the head of a file says."""

    def __init__(self, head: bytes) -> None:
        self.version = head[3]
        size = int.from_bytes(head[4:8], "little")
        body = head[PREFIX_BYTES : PREFIX_BYTES + size]
        self.dataset = body[:16].rstrip(b"\0").decode("latin-1")
        self.schema = int.from_bytes(body[16:18], "little")
        self.symbols: dict[int, str] = {}
        try:
            self._read(body)
        except (IndexError, ValueError):
            self.symbols = {}  # a newer layout: instruments keep their numbers

    def _read(self, body: bytes) -> None:
        width = int.from_bytes(body[45:47], "little") if self.version > 1 else OLD_SYMBOL_BYTES
        at = FIXED_BYTES + 4 + int.from_bytes(body[FIXED_BYTES : FIXED_BYTES + 4], "little")
        for _ in range(3):  # symbols asked for, found on some days, not found
            at += 4 + width * int.from_bytes(body[at : at + 4], "little")
        mappings = int.from_bytes(body[at : at + 4], "little")
        at += 4
        for _ in range(mappings):
            raw = body[at : at + width].rstrip(b"\0").decode("latin-1")
            intervals = int.from_bytes(body[at + width : at + width + 4], "little")
            at += width + 4
            for _ in range(intervals):
                number = body[at + 8 : at + 8 + width].rstrip(b"\0").decode("latin-1")
                at += 8 + width
                if number.isdecimal():
                    self.symbols[int(number)] = raw


class DbnRows:
    """Takes the bytes of one file."""

    def __init__(self, writer: TickWriter, *, venue: str) -> None:
        self._writer = writer
        self._venue = venue
        self._feed = DbnFeed()
        self._head = b""
        self._metadata: Metadata | None = None
        self._numbers: dict[int, int] = {}
        self.anomalies: dict[str, int] = {}

    def take(self, piece: bytes) -> int:
        """Append what the records in a piece become; give the rows."""
        if self._metadata is None:
            self._read_head(piece)
        data, found = self._feed.records(piece)
        if not len(found):
            return 0
        kinds = data[found["begin"] + 1]
        total = 0
        for kind in np.unique(kinds).tolist():
            chosen = found[kinds == kind]
            shape = _shape(kind)
            if shape is None or (chosen["size"] < shape.itemsize).any():
                self.anomalies["other_record"] = self.anomalies.get("other_record", 0) + len(chosen)
                continue
            windows = np.lib.stride_tricks.sliding_window_view(data, shape.itemsize)
            records: Rows = windows[chosen["begin"]].view(shape)[:, 0]
            schema, rows = self._rows(kind, records)
            self._writer.append(schema, rows)
            total += len(rows)
        return total

    def finish(self) -> None:
        """Count a record the file ended in."""
        for name, count in self._feed.finish().anomalies.items():
            self.anomalies[name] = count

    def _read_head(self, piece: bytes) -> None:
        self._head += piece
        if len(self._head) < PREFIX_BYTES:
            return
        if self._head[:3] != MAGIC or self._head[3] not in VERSIONS:
            raise TickStoreError(f"not DBN of version 1, 2 or 3: the file begins with {self._head[:4]!r}")
        size = int.from_bytes(self._head[4:8], "little")
        if size > METADATA_BYTES_MAX:
            raise TickStoreError(f"the metadata says it has {size:,} bytes; {METADATA_BYTES_MAX:,} are taken")
        if len(self._head) >= PREFIX_BYTES + size:
            self._metadata = Metadata(self._head)
            self._head = b""

    def _rows(self, kind: int, records: Rows) -> tuple[str, Rows]:
        schema = self._schema(kind)
        rows = SCHEMAS[schema].empty(len(records))
        rows["ts_event"] = records["ts_event"].astype(np.int64)
        rows["instrument_id"] = self._instruments(records["instrument"], int(rows["ts_event"][0]))
        rows["publisher_id"] = self._publishers(records["publisher"])
        if kind in BARS:
            for name in ("open", "high", "low", "close"):
                rows[name] = records[name]
            rows["volume"] = records["volume"].astype(np.int64)
            return schema, rows
        rows["ts_recv"] = records["ts_recv"].astype(np.int64)
        for name in ("sequence", "action", "side", "flags", "price", "size"):
            rows[name] = records[name]
        rows["flags"] |= 0 if kind == MBO_TYPE else F_LAST
        if kind == MBO_TYPE:
            rows["order_id"], rows["message"] = records["order"], records["action"]
        else:
            for level in range({TRADES: 0, TOP: 1, TEN: LEVELS}[kind]):
                for name, _ in _PAIR:
                    rows[f"{name}_{level:02}"] = records["levels"][name][:, level]
        if kind == MBO_TYPE:
            self._append_trades(rows)
        return schema, rows

    def _append_trades(self, rows: Rows) -> None:
        """Prints among orders are trades too."""
        prints = rows[rows["action"] == b"T"]
        trades = SCHEMAS["trades"].empty(len(prints))
        for name in (
            "ts_recv",
            "ts_event",
            "publisher_id",
            "instrument_id",
            "sequence",
            "action",
            "side",
            "price",
            "size",
        ):
            trades[name] = prints[name]
        trades["flags"], trades["message"] = F_LAST, b"T"
        self._writer.append("trades", trades)

    def _schema(self, kind: int) -> str:
        if kind == TOP:
            tbbo = self._metadata is not None and self._metadata.schema == TBBO_SCHEMA
            return "tbbo" if tbbo else "mbp-1"
        return {MBO_TYPE: "mbo", TRADES: "trades", TEN: "mbp-10"}.get(kind) or BARS[kind]

    def _instruments(self, numbers: Values, time_ns: int) -> Values:
        names = self._metadata.symbols if self._metadata else {}
        words, places = np.unique(numbers, return_inverse=True)
        for number in words.tolist():
            if number not in self._numbers:
                symbol = names.get(number, f"#{number}")[:NAME_BYTES]
                self._numbers[number] = self._writer.instrument(symbol)
                self._define(symbol, self._numbers[number], time_ns)
        found: Values = np.array([self._numbers[number] for number in words.tolist()], np.uint32)[places]
        return found

    def _define(self, symbol: str, number: int, time_ns: int) -> None:
        """Say what a round lot of a contract is; of shares the file says nothing about it."""
        if self._metadata is None or not self._metadata.dataset.startswith(CONTRACTS):
            return
        row = SCHEMAS["definition"].empty(1)
        row["ts_recv"] = row["ts_event"] = time_ns
        row["instrument_id"], row["raw_symbol"], row["min_lot_size_round_lot"] = (
            number,
            symbol.encode("latin-1"),
            1,
        )
        self._writer.append("definition", row)

    def _publishers(self, numbers: Values) -> Values:
        dataset = (self._metadata.dataset if self._metadata else "") or "DBN"
        words, places = np.unique(numbers, return_inverse=True)
        several = len(words) > 1
        known = [
            self._writer.publisher(
                self._venue or f"{dataset[:10]}.{number}" if several else self._venue or dataset
            )
            for number in words.tolist()
        ]
        found: Values = np.array(known, np.uint16)[places]
        return found


def _shape(kind: int) -> np.dtype[np.void] | None:
    if kind in BARS:
        return BAR
    return {MBO_TYPE: MBO, TRADES: LEVEL, TOP: DEPTH_1, TEN: DEPTH_10}.get(kind)
