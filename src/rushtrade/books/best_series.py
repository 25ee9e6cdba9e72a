"""The best bid and ask of every stock after every message that changes it, and the digest of the books at the end.

`BestSeries` applies a venue's framed ITCH 5.0 messages to its own books and gives a row whenever a best price or the shares
at it change: in the order of the messages, the same however the stream was cut. `digest` sums up books so that two
programs, or two ways of feeding one, can be compared by one line of text.

The digest is SHA-256, in hexadecimal, over little-endian words of eight bytes:

    for every stock that has resting orders, by rising locate
        locate, symbol (its eight characters as one big-endian number), number of bid levels, number of ask levels
        for the bid side, then for the ask side; for every level, best price first
            price in $0.0001, shares, number of orders
            for every order, first in line first: reference, shares left
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rushtrade.books import final_books_kernel as kernel
from rushtrade.books.book_feed_kernel import DRAIN_TRADES, FOREVER, LATER
from rushtrade.books.book_storage import BookStorage, symbol_text
from rushtrade.books.order_books import OrderBooks
from rushtrade.wire.itch50_columns import Buffer, as_array, fault
from rushtrade.wire.itch50_kernel import DONE, END_OF_SESSION, FULL

ROWS = 1 << 16
"""Rows written at a time."""


class BestRow(NamedTuple):
    """Best of both sides of a stock. Prices in $0.0001, 0 where there is none; time in nanoseconds since midnight."""

    time: int
    locate: int
    symbol: str
    bid: int
    bid_shares: int
    ask: int
    ask_shares: int


class BestSeries:
    """Feeds books and says when their best prices change."""

    def __init__(self, books: OrderBooks) -> None:
        self._storage: BookStorage = books.storage
        self._known = np.zeros(0, np.int64)
        self._rows = np.zeros(ROWS * kernel.BEST_WORDS, np.int64)
        self.consumed = 0
        """Bytes of the last buffer that were applied."""

    def feed(self, buffer: Buffer, until: int = FOREVER) -> Iterator[npt.NDArray[np.int64]]:
        """Apply framed messages up to and including time `until`; give arrays of rows of `BEST_ROW`, to be used at once.

        Raises MalformedError or TruncatedError for a message that cannot be read; the rows before it were given.
        """
        data = as_array(buffer)
        at = 0
        while True:
            words = len(self._storage.books) * kernel.KNOWN_WORDS
            if words > len(self._known):
                self._known = np.concatenate([self._known, np.zeros(words - len(self._known), np.int64)])
            at, count, reason = kernel.apply_and_watch(
                self._storage.header, data, at, until, self._known, self._rows
            )
            self.consumed = len(data) if reason == END_OF_SESSION else at
            if count:
                yield self._rows[: count * kernel.BEST_WORDS].reshape(count, kernel.BEST_WORDS)
            if reason in (DONE, LATER, END_OF_SESSION):
                return
            if reason not in (FULL, DRAIN_TRADES):
                if reason < LATER:
                    raise fault(reason, at, data)
                self._storage.grow(reason)


def rows_of(block: npt.NDArray[np.int64]) -> Iterator[BestRow]:
    """Rows in words."""
    for time, locate, symbol, *best in block.tolist():
        yield BestRow(time, locate, symbol_text(symbol), *best)


def digest(books: OrderBooks) -> str:
    """Sum up all books of a venue; see the head of this module."""
    header = books.storage.header
    words = np.zeros(kernel.write_books(header, np.zeros(0, np.int64)), "<i8")
    kernel.write_books(header, words)
    return hashlib.sha256(words.tobytes()).hexdigest()
