"""Databento's binary encoding, versions 1 to 3: a header of metadata, then little-endian records that say their length.

Market-by-order records (`MBO`) are the same in all three versions, as are the prices, sizes, actions and sides of trades
and of book records with one and ten levels; all these become events under the letter of their action. Other records
(status, definition, statistics …) are counted under the two hexadecimal digits of their record type.

Metadata is not read beyond its length: which symbol an instrument has is the business of who asked for the file.
"""

from __future__ import annotations

import numpy as np

from rushtrade.feeds import capture_kernel as kernel
from rushtrade.feeds.events import EVENT, MICRO, Bytes, Events, Offsets, Records, no_events
from rushtrade.wire.errors import MalformedError

MAGIC = b"DBN"
VERSIONS = (1, 2, 3)
PREFIX_BYTES = 8
RECORD_BYTES_MIN = 16

MBO = np.dtype(
    [
        ("length", "u1"),
        ("rtype", "u1"),
        ("publisher", "<u2"),
        ("instrument", "<u4"),
        ("ts_event", "<u8"),
        ("order", "<u8"),
        ("price", "<i8"),
        ("size", "<u4"),
        ("flags", "u1"),
        ("channel", "u1"),
        ("action", "S1"),
        ("side", "S1"),
        ("ts_recv", "<u8"),
        ("ts_in_delta", "<i4"),
        ("sequence", "<u4"),
    ]
)
"""A market-by-order record. Prices in billionths."""
LEVEL = np.dtype(
    [
        ("length", "u1"),
        ("rtype", "u1"),
        ("publisher", "<u2"),
        ("instrument", "<u4"),
        ("ts_event", "<u8"),
        ("price", "<i8"),
        ("size", "<u4"),
        ("action", "S1"),
        ("side", "S1"),
        ("flags", "u1"),
        ("depth", "u1"),
        ("ts_recv", "<u8"),
        ("ts_in_delta", "<i4"),
        ("sequence", "<u4"),
    ]
)
"""What a trade record is, and a book record begins with."""
MBO_TYPE = 0xA0
LEVEL_TYPES = (0x00, 0x01, 0x0A)
F_LAST, F_SNAPSHOT = 128, 32
"""Flags: the event is complete; the record is part of a snapshot."""


class DbnFeed:
    """See `events.Feed`. Bytes that are no records end the reading, counted as `broken_stream`."""

    kind = "dbn"
    from_midnight = False

    def __init__(self) -> None:
        self._held = b""
        self._skip: int | None = None
        self._broken = False

    def feed(self, buffer: bytes) -> Events:
        """Decode the records that are whole by now."""
        before = self._broken
        rows = self._rows(*self.records(buffer))
        return Events(rows, {"broken_stream": 1} if self._broken and not before else {})

    def finish(self) -> Events:
        """Count a record the stream ended in."""
        return Events(no_events(), {"cut_record": 1} if self._held else {})

    def mbo(self, buffer: bytes) -> Records:
        """Give the whole market-by-order records as records of `MBO`, passing over all others."""
        data, found = self.records(buffer)
        chosen = found[_types(data, found) == MBO_TYPE]
        return _gather(data, chosen["begin"], MBO)

    def records(self, buffer: bytes) -> tuple[Bytes, Records]:
        """Give the bytes, and where the whole records in them lie. Raises MalformedError for another kind of file."""
        data = self._held + buffer
        self._held = b""
        if self._skip is None:
            if len(data) < PREFIX_BYTES:
                self._held = data
                return np.frombuffer(b"", np.uint8), np.zeros(0, kernel.MESSAGE)
            if data[:3] != MAGIC or data[3] not in VERSIONS:
                raise MalformedError(f"not DBN of version 1, 2 or 3: the file begins with {data[:4]!r}", 0)
            self._skip = PREFIX_BYTES + int.from_bytes(data[4:8], "little")
        passed = min(self._skip, len(data))
        self._skip -= passed
        array = np.frombuffer(data, np.uint8)[passed:]
        rows = np.zeros(0 if self._broken else len(array) // RECORD_BYTES_MIN + 1, kernel.MESSAGE)
        consumed, count, broken = kernel.word_records(array, rows)
        self._broken = self._broken or bool(broken)
        if not self._broken:
            self._held = array[consumed:].tobytes()
        return array, rows[:count]

    @staticmethod
    def _rows(data: Bytes, found: Records) -> Records:
        rows = np.zeros(len(found), EVENT)
        types = _types(data, found)
        for kind in np.unique(types).tolist():
            chosen = np.flatnonzero(types == kind)
            shape = MBO if kind == MBO_TYPE else LEVEL if kind in LEVEL_TYPES else None
            if shape is not None and (found["size"][chosen] >= shape.itemsize).all():
                _fill(rows, chosen, _gather(data, found["begin"][chosen], shape))
                continue
            rows["type"][chosen] = f"{kind:02x}".encode()
            rows["action"][chosen], rows["side"][chosen] = b"N", b"N"
        return rows


def _fill(rows: Records, chosen: Offsets, records: Records) -> None:
    rows["type"][chosen] = rows["action"][chosen] = records["action"]
    rows["side"][chosen] = records["side"]
    rows["time"][chosen] = records["ts_event"].astype(np.int64)
    rows["instrument"][chosen] = records["instrument"]
    if "order" in (records.dtype.names or ()):
        rows["order"][chosen] = records["order"]
    rows["price"][chosen] = records["price"]
    rows["size"][chosen] = records["size"].astype(np.int64) * MICRO
    rows["flags"][chosen] = records["flags"]


def _types(data: Bytes, found: Records) -> Bytes:
    kinds: Bytes = data[found["begin"] + 1]
    return kinds


def _gather(data: Bytes, begin: Offsets, shape: np.dtype[np.void]) -> Records:
    if not len(begin):
        return np.zeros(0, shape)
    windows = np.lib.stride_tricks.sliding_window_view(data, shape.itemsize)
    records: Records = windows[begin].view(shape)[:, 0]
    return records
