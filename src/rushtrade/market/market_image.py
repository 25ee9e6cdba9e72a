"""The whole consolidated market at one moment, as bytes: what a gateway that joins later begins with.

`pack` puts a magic word, a version and a SHA-256 before the contents, `unpack` believes nothing else. An image says how the arrays
in it are laid out; one made by another layout is refused in words, never misread. Refuses to know what the arrays mean.
"""

from __future__ import annotations

import hashlib

import msgspec

from rushtrade.books.book_layout import BOOK, HEADER, LEVEL, ORDER, VENUE
from rushtrade.books.book_storage import BooksImage
from rushtrade.domain.errors import InvalidInput
from rushtrade.market.market_layout import CHANGE, INSTRUMENT, MARKET, SHOWN, VENUE_RULE
from rushtrade.status.status_layout import CENTRE, EVENT, POSITION, SAMPLE, SECURITY, WORDS

MAGIC = b"RTMARKET"
VERSION = 1
_DIGEST_BYTES = 32
_CONTENTS_AT = len(MAGIC) + 4 + _DIGEST_BYTES

LAYOUT = " ".join(
    str(size)
    for size in (
        *(record.itemsize for record in (ORDER, LEVEL, BOOK, VENUE, INSTRUMENT, SHOWN, VENUE_RULE, CHANGE)),
        *(record.itemsize for record in (SECURITY, CENTRE, EVENT, SAMPLE, POSITION)),
        *(len(words) for words in (HEADER, MARKET, WORDS)),
    )
)
"""Sizes of all records and headers: another number is another layout."""


class HeldPacket(msgspec.Struct, frozen=True, array_like=True):
    """A packet that waits for its line to be rebuilt."""

    sequence: int
    count: int
    payload: bytes


class LineImage(msgspec.Struct, frozen=True, array_like=True):
    """A venue's line."""

    next_sequence: int
    fault: str
    gaps: int
    held: list[HeldPacket]
    levels_of: int = 0
    quotes_of: int = 0
    """Bits of the venues whose levels, and whose quotes, it tells as columns."""


class MarketImage(msgspec.Struct, frozen=True):
    """Everything a `MarketData` answers from."""

    layout: str
    venues: list[str]
    ids: list[int]
    books: BooksImage
    tape: bytes
    status: dict[str, bytes]
    words: bytes
    arrays: dict[str, bytes]
    lines: list[LineImage]
    trades_seen: int


def pack(image: MarketImage) -> bytes:
    """Give the bytes of an image."""
    contents = msgspec.msgpack.encode(image)
    return b"".join((MAGIC, VERSION.to_bytes(4, "big"), hashlib.sha256(contents).digest(), contents))


def unpack(raw: bytes) -> MarketImage:
    """Read an image; InvalidInput says why bytes are none, or not one of this version."""
    view = memoryview(raw)
    if bytes(view[: len(MAGIC)]) != MAGIC:
        raise InvalidInput(
            f"a market image begins with {MAGIC.decode()!r}, these {len(raw)} bytes with {bytes(view[: len(MAGIC)])!r}"
        )
    version = int.from_bytes(view[len(MAGIC) : len(MAGIC) + 4], "big")
    if version != VERSION:
        raise InvalidInput(f"a market image of version {version}; this program reads version {VERSION}")
    contents = view[_CONTENTS_AT:]
    if hashlib.sha256(contents).digest() != bytes(view[len(MAGIC) + 4 : _CONTENTS_AT]):
        raise InvalidInput(
            "a market image whose contents do not have its digest: cut short or damaged on its way"
        )
    try:
        image = msgspec.msgpack.decode(contents, type=MarketImage)
    except msgspec.DecodeError as error:
        raise InvalidInput(f"a market image that cannot be read: {error}") from None
    if image.layout != LAYOUT:
        raise InvalidInput(
            f"a market image with records of {image.layout} bytes and words; this program has {LAYOUT}"
        )
    return image
