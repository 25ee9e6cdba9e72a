"""The arrays that hold order books: made, grown on demand, kept whole and put back.

Owns the memory the kernels work in (see `book_layout`), and refuses to know what is in it. A kernel that finds no
room stops and names the array; `grow` doubles that one. Every array is reached through an address in the header, so
growing one is a copy and a new address, and no slot number ever changes.

One thread at a time: kernels release the interpreter lock but not the arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from rushtrade.books.book_kernel import (
    GROW_LADDERS,
    GROW_LEVELS,
    GROW_LOCATES,
    GROW_ORDERS,
    SPREAD,
    chain_all,
)
from rushtrade.books.book_layout import (
    AHEAD,
    BOOK,
    HEADER,
    HEADER_WORDS,
    LADDER_ROOM_MIN,
    LEVEL,
    ORDER,
    PARTICIPANTS_MAX,
    VENUE,
)
from rushtrade.domain.errors import require
from rushtrade.tape.tape_layout import TRADE

LOCATES_MAX = 1 << 16
"""A stock locate is two bytes."""
ORDERS_MAX = 1 << 30
"""Slot numbers are signed four bytes."""

CACHE_LINE = 64
BUCKETS_AN_ORDER = 4
"""Enough that a chain seldom holds two orders: a second one is a second wait for memory."""

Records = npt.NDArray[Any]
"""An array of one of the record types of `book_layout`, or of plain integers."""

_WORD = {name: index for index, name in enumerate(HEADER)}
_ARRAYS = HEADER[:13]
_REBUILT = ("buckets", "foreseen")
"""Arrays an image leaves out: they follow from the others."""
_FIRST_SLOT = {"orders_used": 1, "levels_used": 1, "ladders_used": LADDER_ROOM_MIN}


class Room(msgspec.Struct, frozen=True):
    """How much room the arrays have at first, each a power of two."""

    orders: int = 1 << 12
    levels: int = 1 << 10
    ladders: int = 1 << 12
    locates: int = 1 << 8
    trades: int = 1 << 10


class BooksImage(msgspec.Struct, frozen=True):
    """The whole state of some books at one moment, as bytes."""

    header: bytes
    arrays: dict[str, bytes]


def symbol_number(symbol: str) -> int:
    """Eight letters, padded with spaces, as one big-endian integer of a kernel's int64."""
    raw = symbol.encode("ascii")
    require(0 < len(raw) <= 8, f"a symbol of 1 to 8 characters, not {symbol!r}")
    return int.from_bytes(raw.ljust(8), "big", signed=True)


def symbol_text(number: int) -> str:
    """The letters of `symbol_number`."""
    return int(number).to_bytes(8, "big", signed=True).decode("latin-1").rstrip(" ")


class BookStorage:
    """Arrays for the books of `venues` venues; `symbols` maps the symbols of interest to slots 1, 2, 3 …."""

    def __init__(self, venues: int, symbols: Mapping[str, int], room: Room) -> None:
        self.words = zeros(HEADER_WORDS, np.int64)
        self.header = int(self.words.ctypes.data)
        self.word = self.words.data
        self.orders: Records = zeros(room.orders, ORDER)
        self.levels: Records = zeros(room.levels, LEVEL)
        self._shift = (venues - 1).bit_length()
        self.books: Records = zeros(room.locates << self._shift, BOOK)
        self.ladders: Records = zeros(room.ladders, np.int64)
        self.buckets: Records = zeros(BUCKETS_AN_ORDER * room.orders, np.int32)
        self.venues = zeros(venues, VENUE)
        self.counts = zeros((venues, 256), np.int64)
        self.touched: Records = zeros(len(self.books), np.int32)
        self.trades = zeros(room.trades, TRADE)
        self.symbols = _symbol_table(symbols)
        self.listings = zeros((len(symbols) + 1) * venues, np.int32)
        for name, value in _FIRST_SLOT.items():
            self.put(name, value)
        self.put("ladder_longest", LADDER_ROOM_MIN)
        self.foreseen = zeros((AHEAD, 2), np.int64)
        self.participants = zeros(PARTICIPANTS_MAX + 1, np.int64)
        self._point()

    def get(self, name: str) -> int:
        """A word of the header."""
        return int(self.words[_WORD[name]])

    def put(self, name: str, value: int) -> None:
        """Set a word of the header."""
        self.words[_WORD[name]] = value

    def _point(self) -> None:
        """Write the addresses and sizes of all arrays into the header."""
        for name in _ARRAYS:
            self.put(name, getattr(self, name).ctypes.data)
        self.put("orders_room", len(self.orders))
        self.put("levels_room", len(self.levels))
        self.put("ladders_room", len(self.ladders))
        self.put("locates_room", len(self.books) >> self._shift)
        self.put("venue_count", len(self.venues))
        self.put("venue_shift", self._shift)
        self.put("trades_room", len(self.trades))
        self.put("bucket_mask", len(self.buckets) - 1)
        self.put("symbol_mask", len(self.symbols) - 1)

    def grow(self, reason: int) -> None:
        """Double the array a kernel named."""
        if reason == GROW_ORDERS:
            require(2 * len(self.orders) <= ORDERS_MAX, f"more than {ORDERS_MAX:,} resting orders")
            self.orders = _doubled(self.orders)
            self.buckets = zeros(BUCKETS_AN_ORDER * len(self.orders), np.int32)
        elif reason == GROW_LEVELS:
            self.levels = _doubled(self.levels)
        elif reason == GROW_LADDERS:
            self.ladders = _doubled(self.ladders)
        elif reason == GROW_LOCATES:
            require(len(self.books) < LOCATES_MAX << self._shift, "a stock locate is two bytes")
            self.books = _doubled(self.books)
            self.touched = _doubled(self.touched)
        else:
            require(condition=False, statement=f"kernel stop {reason} asks for no growth")
        self._point()
        if reason == GROW_ORDERS:
            chain_all(self.header)

    def add_symbols(self, symbols: Mapping[str, int]) -> None:
        """Know more symbols from now on; their slots follow those known. Directory messages heard before named nobody."""
        known = {symbol_text(number): int(slot) for number, slot in self.symbols if number}
        listings = zeros((len(known) + len(symbols) + 1) * len(self.venues), np.int32)
        listings[: len(self.listings)] = self.listings
        self.listings = listings
        self.symbols = _symbol_table({**known, **symbols})
        self._point()

    def clear(self) -> None:
        """Forget every order, book, count and symbol; keep the room."""
        for name in _ARRAYS:
            if name != "symbols":
                held = getattr(self, name)
                setattr(self, name, zeros(held.shape, held.dtype))
        watching = self.get("watching")
        self.words[...] = 0
        self.put("watching", watching)
        for name, value in _FIRST_SLOT.items():
            self.put(name, value)
        self.put("ladder_longest", LADDER_ROOM_MIN)
        self._point()

    def image(self) -> BooksImage:
        """Copy the whole state out."""
        used = {name: self.get(f"{name}_used") for name in ("orders", "levels", "ladders")}
        used["touched"], used["trades"] = self.get("touched_count"), self.get("trades_count")
        arrays = {
            name: getattr(self, name)[: used.get(name)].tobytes() for name in _ARRAYS if name not in _REBUILT
        }
        words = self.words.copy()
        for name in (*_ARRAYS, "foreseen_until", "notice"):
            words[_WORD[name]] = 0  # addresses: of no use to anybody else
        return BooksImage(words.tobytes(), arrays)

    def restore(self, image: BooksImage) -> None:
        """Put a state back as it was when `image` was taken, by any storage of as many venues."""
        words = np.frombuffer(image.header, np.int64)
        venues = int(words[_WORD["venue_count"]])
        require(venues == len(self.venues), f"an image of {venues} venues for {len(self.venues)}")
        rooms = {
            name: int(words[_WORD[f"{name}_room"]]) for name in ("orders", "levels", "ladders", "trades")
        }
        rooms["touched"] = int(words[_WORD["locates_room"]]) << self._shift
        for name, raw in image.arrays.items():
            held = getattr(self, name)
            kept = np.frombuffer(raw, held.dtype)
            fresh: Records = zeros(rooms.get(name, len(kept)), held.dtype)
            fresh[: len(kept)] = kept
            setattr(self, name, fresh.reshape(-1, *held.shape[1:]))
        self.buckets = zeros(BUCKETS_AN_ORDER * len(self.orders), np.int32)
        watching = self.get("watching")
        self.words[...] = words
        self.put("watching", watching)
        self._point()
        chain_all(self.header)


def zeros(shape: int | tuple[int, ...], kind: npt.DTypeLike) -> Records:
    """Zeros that begin at a cache line, so that a record of 32 or 64 bytes never lies across two."""
    dtype = np.dtype(kind)
    size = dtype.itemsize * int(np.prod(shape))
    raw = np.zeros(size + CACHE_LINE, np.uint8)
    begin = -raw.ctypes.data % CACHE_LINE
    return raw[begin : begin + size].view(dtype).reshape(shape)


def _doubled(array: Records) -> Records:
    fresh = zeros(2 * len(array), array.dtype)
    fresh[: len(array)] = array
    return fresh


def _symbol_table(symbols: Mapping[str, int]) -> npt.NDArray[np.int64]:
    """Open addressing, at most half full: rows of (symbol, instrument slot), 0 an empty row."""
    rows = 2
    while rows < 2 * len(symbols) + 2:
        rows *= 2
    table = np.zeros((rows, 2), np.int64)
    for symbol, slot in symbols.items():
        number = symbol_number(symbol)
        row = (number * SPREAD >> 32) % rows
        while table[row, 0] != 0:
            row = (row + 1) % rows
        table[row] = number, slot
    return table
