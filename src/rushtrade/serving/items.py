"""Messages of the streams, each encoded once a format, and the arrays they travel in.

A message is a record of the market with the letter of its kind, its symbol and its time. In JSON the time is RFC 3339, in
MessagePack the Timestamp extension: clients refuse any other form without saying so.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

import msgspec

from rushtrade.domain.instants import SECOND, format_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rushtrade.market.quotes import Nbbo

MESSAGE_BYTES_MAX: Final = 256 * 1024
"""One array; clients refuse more than a megabyte."""
_TIMESTAMP: Final = -1
"""MessagePack's own number of the Timestamp extension."""
_SHORT_ARRAY: Final = 16

_QUOTE: Final = struct.Struct("<IB3x5q2Q")
_BITS: Final = (1 << 64) - 1
_STATES: Final = {"unknown": 0, "good": 1, "one_sided": 2, "locked": 3, "crossed": 4, "halted": 5}

encode_json: Final = msgspec.json.Encoder().encode
encode_packed: Final = msgspec.msgpack.Encoder().encode


def timestamp(time_ns: int) -> msgspec.msgpack.Ext:
    """Write an instant as the Timestamp extension of MessagePack, to the nanosecond."""
    seconds, rest = divmod(time_ns, SECOND)
    return msgspec.msgpack.Ext(_TIMESTAMP, struct.pack(">Q", rest << 34 | seconds))


class Item:
    """One message of the market, encoded once a format."""

    __slots__ = ("_fields", "_json", "_packed", "time_ns")

    def __init__(self, kind: str, symbol: str, time_ns: int, fields: dict[str, Any]) -> None:
        self._fields = {"T": kind, "S": symbol, **fields}
        self.time_ns = time_ns
        self._json = self._packed = b""

    def encoded(self, *, packed: bool) -> bytes:
        """Give the message in a format."""
        if packed:
            self._packed = self._packed or encode_packed({**self._fields, "t": timestamp(self.time_ns)})
            return self._packed
        self._json = self._json or encode_json({**self._fields, "t": format_instant(self.time_ns)})
        return self._json


class QuoteItem(Item):
    """A quote, which also has a row of fixed layout."""

    __slots__ = ("_row", "instrument_id", "numbers")

    def __init__(self, symbol: str, fields: dict[str, Any], instrument_id: int, quote: Nbbo) -> None:
        super().__init__("q", symbol, quote.time_ns, fields)
        self.instrument_id = instrument_id
        self.numbers = (
            _STATES[quote.state], quote.time_ns, quote.bid, quote.ask, quote.bid_shares, quote.ask_shares,
            quote.bid_venues & _BITS, quote.ask_venues & _BITS,
        )  # fmt: skip
        self._row = b""

    def row(self) -> bytes:
        """Give the quote in 64 bytes (docs/protocols/market-data-api.md)."""
        self._row = self._row or _QUOTE.pack(self.instrument_id, *self.numbers)
        return self._row


def array_of(items: Sequence[bytes], *, packed: bool) -> bytes:
    """Put encoded messages into one array."""
    if not packed:
        return b"[" + b",".join(items) + b"]"
    count = len(items)
    head = bytes([0x90 | count]) if count < _SHORT_ARRAY else b"\xdd" + struct.pack(">I", count)
    return head + b"".join(items)


def arrays_of(items: Iterable[bytes], *, packed: bool) -> Iterable[bytes]:
    """Put encoded messages into as many arrays as their size takes."""
    part: list[bytes] = []
    size = 0
    for encoded in items:
        if part and size + len(encoded) + len(part) > MESSAGE_BYTES_MAX:
            yield array_of(part, packed=packed)
            part, size = [], 0
        part.append(encoded)
        size += len(encoded)
    if part:
        yield array_of(part, packed=packed)
