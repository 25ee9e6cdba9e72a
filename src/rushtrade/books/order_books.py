"""Order-by-order books of all stocks of one venue, fed with its ITCH 5.0 stream.

`feed` takes whole framed messages and answers what changed; the rest reads the books: depth by price with order
counts, the queue at a price, an order by its reference. Feeding a stream in pieces or at once makes the same books.

Refuses to know files, sequence numbers and other venues: `itch_file` cuts a file into buffers of whole messages, and
`market_data` keeps many venues and the lines they come on.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from rushtrade.books.book_feed_kernel import DRAIN_TRADES, FOREVER, LATER, apply_buffer
from rushtrade.books.book_kernel import slot_of
from rushtrade.books.book_layout import ANOMALIES, ASK, BEST, BID, KEY_MAX, SIDE_MASK
from rushtrade.books.book_storage import BooksImage, BookStorage, Records, Room, symbol_number, symbol_text
from rushtrade.wire.itch50_columns import Buffer, as_array, fault
from rushtrade.wire.itch50_kernel import DONE, END_OF_SESSION

TRADE_FIELDS = ["time", "price", "shares", "match", "locate", "side", "kind", "printable"]
"""What a row of `Changes.trades` says; see `book_layout.TRADE`. Times are nanoseconds since midnight."""


class Changes(msgspec.Struct, frozen=True):
    """What a feed of messages did. The locates are in the order they were first touched."""

    consumed: int
    messages: int
    touched: list[int]
    touched_best: list[int]
    trades: Records


class Level(NamedTuple):
    """A price with all its shares and orders."""

    price: int
    shares: int
    orders: int


class RestingOrder(NamedTuple):
    """An order in a book. `side` 0 bid, 1 ask; `shares` are what is left."""

    reference: int
    locate: int
    side: int
    price: int
    shares: int


class OrderBooks:
    """The books of one venue."""

    def __init__(self, room: Room | None = None) -> None:
        self._storage = BookStorage(1, {}, room or Room())

    @property
    def storage(self) -> BookStorage:
        """The arrays the books lie in, for what else works on them within this room."""
        return self._storage

    def feed(self, buffer: Buffer, begin: int = 0, until: int = FOREVER) -> Changes:
        """Apply framed messages from `begin` on, up to and including time `until` (nanoseconds since midnight).

        Raises MalformedError or TruncatedError, with the offset in the buffer, for a message that cannot be read; the
        messages before it are applied.
        """
        data = as_array(buffer)
        trades: list[Records] = []
        consumed, messages = begin, 0
        while True:
            reason = apply_buffer(self._storage.header, 0, data, consumed, until)
            consumed += self._storage.get("consumed")
            messages += self._storage.get("applied")
            trades.append(self._drain_trades())
            if reason in (DONE, LATER):
                break
            if reason == END_OF_SESSION:
                consumed = len(data)
                break
            if reason < LATER:
                raise fault(reason, consumed, data)
            if reason != DRAIN_TRADES:
                self._storage.grow(reason)
        touched, touched_best = self._drain_touched()
        return Changes(consumed, messages, touched, touched_best, np.concatenate(trades))

    def _drain_trades(self) -> Records:
        rows = self._storage.trades[: self._storage.get("trades_count")][TRADE_FIELDS].copy()
        self._storage.put("trades_count", 0)
        return rows

    def _drain_touched(self) -> tuple[list[int], list[int]]:
        books = self._storage.touched[: self._storage.get("touched_count")]
        best = books[self._storage.books["marks"][books] & BEST != 0]
        self._storage.books["marks"][books] = 0
        self._storage.put("touched_count", 0)
        return books.tolist(), best.tolist()

    # ------------------------------------------------------------ what the stream said

    @property
    def messages(self) -> int:
        """Messages applied."""
        return int(self._storage.venues["messages"][0])

    @property
    def time(self) -> int:
        """Time of the last message, nanoseconds since midnight."""
        return int(self._storage.venues["time"][0])

    @property
    def orders(self) -> int:
        """Resting orders in all books."""
        return self._storage.get("orders_live")

    def counts(self) -> dict[str, int]:
        """Messages by type, in the order of the letters."""
        row = self._storage.counts[0]
        return {chr(code): int(row[code]) for code in np.flatnonzero(row)}

    def anomalies(self) -> dict[str, int]:
        """How often the stream contradicted the books, by kind."""
        row = self._storage.venues["anomalies"][0]
        return {name: int(row[index]) for index, name in enumerate(ANOMALIES)}

    def directory(self) -> dict[str, int]:
        """Locate by symbol, of every stock the venue has named."""
        symbols = self._storage.books["symbol"]
        return {symbol_text(symbols[locate]): int(locate) for locate in np.flatnonzero(symbols)}

    def locate(self, symbol: str) -> int | None:
        """Locate of a symbol, None when the venue has not named it."""
        found = np.flatnonzero(self._storage.books["symbol"] == symbol_number(symbol))
        return int(found[0]) if len(found) else None

    def trading_state(self, locate: int) -> str:
        """H halted, P paused, Q quotation only, T trading; empty before the venue said."""
        code = int(self._storage.books["trading_state"][locate])
        return chr(code) if code else ""

    # ------------------------------------------------------------ the books

    def depth(self, locate: int, side: int, levels: int) -> list[Level]:
        """The best `levels` prices of a side, best first."""
        if locate >= len(self._storage.books):
            return []
        record = self._storage.books["ask" if side == ASK else "bid"][locate]
        top = int(record["ladder"]) + int(record["levels"])
        entries = self._storage.ladders[max(top - levels, int(record["ladder"])) : top]
        rows = self._storage.levels[(entries & KEY_MAX)[::-1]]
        return [Level(_price(row["key"], side), int(row["shares"]), int(row["orders"])) for row in rows]

    def best(self, locate: int) -> tuple[Level | None, Level | None]:
        """Best bid and best ask."""
        bid, ask = self.depth(locate, BID, 1), self.depth(locate, ASK, 1)
        return (bid[0] if bid else None, ask[0] if ask else None)

    def queue(self, locate: int, side: int, price: int) -> list[RestingOrder]:
        """Orders at a price, first in line first."""
        if locate >= len(self._storage.books):
            return []
        record = self._storage.books["ask" if side == ASK else "bid"][locate]
        begin = int(record["ladder"])
        entries = self._storage.ladders[begin : begin + int(record["levels"])]
        found = np.flatnonzero((entries >> 32) & KEY_MAX == _price(price, side))
        orders: list[RestingOrder] = []
        slot = int(self._storage.levels["first"][entries[found[0]] & KEY_MAX]) if len(found) else 0
        while slot:
            order = self._storage.orders[slot]
            orders.append(
                RestingOrder(_unsigned(order["reference"]), locate, side, price, int(order["shares"]))
            )
            slot = int(order["behind"])
        return orders

    def order(self, reference: int) -> RestingOrder | None:
        """The order with a reference, None when it does not rest in any book."""
        slot = slot_of(self._storage.header, 0, _signed(reference))
        if slot == 0:
            return None
        order = self._storage.orders[slot]
        locate, side = divmod(int(order["side"]) & SIDE_MASK, 2)
        price = _price(self._storage.levels["key"][order["level"]], side)
        return RestingOrder(reference, locate, side, price, int(order["shares"]))

    def image(self) -> BooksImage:
        """Copy the whole state out."""
        return self._storage.image()

    def restore(self, image: BooksImage) -> None:
        """Put a state back that `image` copied out."""
        self._storage.restore(image)


def _price(key: int, side: int) -> int:
    """Price of a level's key, and key of a price: the same on both ways."""
    return int(KEY_MAX - key) if side == ASK else int(key)


def _signed(reference: int) -> int:
    return reference - (1 << 64) if reference >> 63 else reference


def _unsigned(reference: int) -> int:
    return int(reference) & 0xFFFF_FFFF_FFFF_FFFF
