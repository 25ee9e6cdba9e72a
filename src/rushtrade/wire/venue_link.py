"""The line between a broker and the exchanges' process: frames that carry order entry, reports and feeds, without I/O.

A frame is its length in four little-endian bytes (of what follows), one letter of kind, and a body. Orders, reports and
feed payloads travel as the bytes they are (`rushtrade.wire.order_entry`, `rushtrade.wire.feed_packet`); what is said
once a session is JSON.

    broker                              exchanges
    ──────────────────────────────      ─────────────────────────────────────────────────────
    L  Logon (JSON)                     A  Accepted (JSON)    G  Goodbye (text), then the line is closed
    O  venue, ORDER_ENTRY rows          R  venue, ORDER_REPORT rows
    I  venue: send its books            B  venue, sequence, count, payload: the image of its books
    T  time: let the market live        F  venue, sequence, count, payload: its feed
       until then (driven markets)      T  time, finished: all up to this time has been said
    Z  logout                           .

Resuming. Reports are numbered per firm and venue (`sequence`). A Logon says for every venue which number it wants next,
and the exchanges repeat everything from there before anything new; it may name the session its orders live in, and is
sent away when those exchanges no longer exist. `docs/protocols/order-entry.md` is the specification for people.
"""

from __future__ import annotations

import struct
from typing import Final, TypeVar

import msgspec

from rushtrade.wire.errors import MalformedError, UnencodableError
from rushtrade.wire.feed_packet import FeedPacket

LOGON: Final = b"L"
ACCEPTED: Final = b"A"
GOODBYE: Final = b"G"
ORDERS: Final = b"O"
REPORTS: Final = b"R"
IMAGE_REQUEST: Final = b"I"
IMAGE: Final = b"B"
FEED: Final = b"F"
TIME: Final = b"T"
LOGOUT: Final = b"Z"

LENGTH_BYTES: Final = 4
FRAME_BYTES_MAX: Final = 64 << 20
"""The longest frame either side takes: two million feed messages."""
ROWS_MAX: Final = 4_096
"""Rows in one frame of orders; a broker with more sends more frames."""

_LENGTH: Final = struct.Struct("<I")
_VENUE: Final = struct.Struct("<H")
_FEED: Final = struct.Struct("<HQI")
_TIME: Final = struct.Struct("<q?")

S = TypeVar("S", bound=msgspec.Struct)


class Logon(msgspec.Struct, frozen=True):
    """A firm comes on the line. `next_reports`: the report number wanted next, by venue; empty = everything."""

    firm: int
    session: str = ""
    next_reports: tuple[int, ...] = ()
    feed: bool = True
    version: int = 1


class Accepted(msgspec.Struct, frozen=True):
    """What a firm needs to know of the market it is on. Times in nanoseconds since the epoch."""

    session: str
    venues: int
    symbols: tuple[str, ...]
    midnight_ns: int
    first_ns: int
    last_ns: int | None
    now_ns: int
    label: str
    simulated: bool
    driven: bool


class MarketTime(msgspec.Struct, frozen=True):
    """All up to `now_ns` has been said; after `finished` nothing more will happen."""

    now_ns: int
    finished: bool = False


def frame(kind: bytes, body: bytes = b"") -> bytes:
    """Make a frame."""
    if len(body) >= FRAME_BYTES_MAX:
        raise UnencodableError(f"a frame of {len(body) + 1:,} bytes; at most {FRAME_BYTES_MAX:,} can be sent")
    return _LENGTH.pack(len(body) + 1) + kind + body


def json_frame(kind: bytes, content: msgspec.Struct) -> bytes:
    """Make a frame of what is said once a session."""
    return frame(kind, msgspec.json.encode(content))


def from_json(body: bytes, shape: type[S]) -> S:
    """Read what is said once a session."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"a frame that should hold {shape.__name__}: {error}") from None


def rows_frame(kind: bytes, venue: int, rows: bytes) -> bytes:
    """Make a frame of order-entry or report rows of one venue."""
    return frame(kind, _VENUE.pack(venue) + rows)


def venue_and_rows(body: bytes) -> tuple[int, bytes]:
    """Read venue and rows; an image request is one without rows."""
    if len(body) < _VENUE.size:
        raise MalformedError("a frame that should name a venue ends before it does")
    return _VENUE.unpack_from(body)[0], body[_VENUE.size :]


def feed_frame(kind: bytes, packet: FeedPacket) -> bytes:
    """Make a frame of a feed packet or of an image."""
    return frame(kind, _FEED.pack(packet.venue, packet.sequence, packet.count) + packet.payload)


def feed_packet(body: bytes) -> FeedPacket:
    """Read a feed packet or an image."""
    if len(body) < _FEED.size:
        raise MalformedError("a frame that should hold a feed packet ends before its head does")
    venue, sequence, count = _FEED.unpack_from(body)
    return FeedPacket(venue, sequence, count, body[_FEED.size :])


def time_frame(time: MarketTime) -> bytes:
    """Make a frame of market time."""
    return frame(TIME, _TIME.pack(time.now_ns, time.finished))


def market_time(body: bytes) -> MarketTime:
    """Read market time."""
    if len(body) != _TIME.size:
        raise MalformedError(f"a frame of market time holds {_TIME.size} bytes, not {len(body)}")
    now_ns, finished = _TIME.unpack(body)
    return MarketTime(now_ns, finished)


class FrameReader:
    """Cut a stream into frames: bytes go in as they come, (kind, body) come out."""

    def __init__(self, frame_bytes_max: int = FRAME_BYTES_MAX) -> None:
        self._held = bytearray()
        self._frame_bytes_max = frame_bytes_max

    def receive_data(self, data: bytes) -> None:
        """Take bytes as they came."""
        self._held += data

    def next_frame(self) -> tuple[bytes, bytes] | None:
        """Give kind and body of the next frame; None while it is not all there.

        Raises MalformedError for a length no frame has.
        """
        if len(self._held) < LENGTH_BYTES:
            return None
        size = _LENGTH.unpack_from(self._held)[0]
        if not 0 < size <= self._frame_bytes_max:
            raise MalformedError(f"a frame of {size:,} bytes; 1 to {self._frame_bytes_max:,} pass")
        if len(self._held) < LENGTH_BYTES + size:
            return None
        content = bytes(self._held[LENGTH_BYTES : LENGTH_BYTES + size])
        del self._held[: LENGTH_BYTES + size]
        return content[:1], content[1:]
