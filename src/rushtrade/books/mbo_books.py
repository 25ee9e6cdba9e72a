"""Books from market-by-order records, and the ten best levels of each side after every complete event.

The words and the rules are Databento's (`docs/protocols/market-by-order.md`):

========  ===========================================================================================================
A         the order rests at the end of the queue of its price
C         the size given leaves the order; an order of size 0 leaves the book
M         price and size are the new ones; the place in the queue is kept unless the price changes or the size grows.
          An order that is not known is one whose beginning was before the records: it is added
R         the instrument's book is emptied
T, F, N   never touch the book: the reduction of a fill comes as a C or M of its own
========  ===========================================================================================================

Between the records of one event a book may be crossed; it is shown when the flag `F_LAST` says that the event is complete.
Prices are in billionths, as in the records, and may be negative. What contradicts the book is counted, and never guessed.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rushtrade.feeds.dbn import F_LAST
from rushtrade.feeds.events import NO_PRICE

LEVELS = 10
ANOMALIES = ("unknown_order", "duplicate_order", "excess_size", "bad_record")

MBP10 = np.dtype(
    [
        ("ts_recv", "<u8"),
        ("ts_event", "<u8"),
        ("sequence", "<u4"),
        ("publisher_id", "<u2"),
        ("instrument_id", "<u4"),
        ("action", "S1"),
        ("side", "S1"),
        ("flags", "u1"),
        ("price", "<i8"),
        ("size", "<u4"),
        *[
            (f"{side}_{what}_{level:02}", kind)
            for level in range(LEVELS)
            for side in ("bid", "ask")
            for what, kind in (("px", "<i8"), ("sz", "<u8"), ("ct", "<u4"))
        ],
    ]
)
"""A row: the record that completed the event, then price, size and order count of the ten best levels of each side.
A level that is not there has the price `NO_PRICE`, size and count 0."""

Records = npt.NDArray[np.void]


class Level(NamedTuple):
    """A price with all its size and orders."""

    price: int
    size: int
    orders: int


EMPTY = Level(NO_PRICE, 0, 0)


class _Side:
    """One side: queues by price, the prices in order (worst first), and the size at each."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.ranks: list[int] = []
        self.queues: dict[int, dict[int, int]] = {}
        self.sizes: dict[int, int] = {}

    def rest(self, order: int, price: int, size: int) -> None:
        """Put an order at the end of its queue."""
        queue = self.queues.get(price)
        if queue is None:
            queue = self.queues[price] = {}
            self.sizes[price] = 0
            insort(self.ranks, self.sign * price)
        queue[order] = size
        self.sizes[price] += size

    def leave(self, order: int, price: int) -> None:
        """Take an order out."""
        queue = self.queues[price]
        self.sizes[price] -= queue.pop(order)
        if not queue:
            del self.queues[price], self.sizes[price]
            del self.ranks[bisect_left(self.ranks, self.sign * price)]

    def resize(self, order: int, price: int, size: int) -> None:
        """Give an order another size, in its place."""
        self.sizes[price] += size - self.queues[price][order]
        self.queues[price][order] = size

    def best(self, levels: int) -> list[Level]:
        """The best levels, best first."""
        prices = [self.sign * rank for rank in self.ranks[: -levels - 1 : -1]]
        return [Level(price, self.sizes[price], len(self.queues[price])) for price in prices]


class MboBook:
    """The book of one instrument."""

    def __init__(self) -> None:
        self._sides = {b"B": _Side(1), b"A": _Side(-1)}
        self._orders: dict[int, tuple[bytes, int]] = {}
        self.anomalies = dict.fromkeys(ANOMALIES, 0)

    def apply(self, action: bytes, side: bytes, order: int, price: int, size: int) -> None:
        """Apply one record."""
        if action in {b"A", b"M"}:
            if side not in self._sides or price == NO_PRICE or size == 0:
                self.anomalies["bad_record"] += 1
            elif action == b"A":
                self._add(side, order, price, size)
            else:
                self._modify(side, order, price, size)
        elif action == b"C":
            self._cancel(order, size)
        elif action == b"R":
            self._sides = {b"B": _Side(1), b"A": _Side(-1)}
            self._orders = {}
        elif action not in {b"T", b"F", b"N"}:
            self.anomalies["bad_record"] += 1

    def _add(self, side: bytes, order: int, price: int, size: int) -> None:
        if order in self._orders:
            self.anomalies["duplicate_order"] += 1
            return
        self._orders[order] = side, price
        self._sides[side].rest(order, price, size)

    def _modify(self, side: bytes, order: int, price: int, size: int) -> None:
        known = self._orders.get(order)
        if known is None:
            self.anomalies["unknown_order"] += 1
        else:
            held_side, held_price = known
            held = self._sides[held_side]
            if known == (side, price) and size <= held.queues[price][order]:
                held.resize(order, price, size)
                return
            held.leave(order, held_price)
        self._orders[order] = side, price
        self._sides[side].rest(order, price, size)

    def _cancel(self, order: int, size: int) -> None:
        known = self._orders.get(order)
        if known is None:
            self.anomalies["unknown_order"] += 1
            return
        side, price = self._sides[known[0]], known[1]
        left = side.queues[price][order] - size
        if left > 0:
            side.resize(order, price, left)
            return
        if left < 0:
            self.anomalies["excess_size"] += 1
        del self._orders[order]
        side.leave(order, price)

    @property
    def orders(self) -> int:
        """Resting orders."""
        return len(self._orders)

    def holds(self, order: int) -> bool:
        """Whether an order rests."""
        return order in self._orders

    def depth(self, side: str, levels: int = LEVELS) -> list[Level]:
        """The best levels of side `B` or `A`, best first."""
        return self._sides[side.encode()].best(levels)

    def queue(self, side: str, price: int) -> list[tuple[int, int]]:
        """Orders at a price with their sizes, first in line first."""
        return list(self._sides[side.encode()].queues.get(price, {}).items())


class MboBooks:
    """Books of all instruments of a stream of records (`feeds.dbn.MBO`), in pieces or at once."""

    def __init__(self) -> None:
        self.books: dict[int, MboBook] = {}
        self._shown: dict[int, list[Level]] = {}

    def anomalies(self) -> dict[str, int]:
        """What contradicted the books, of all instruments together."""
        return {name: sum(book.anomalies[name] for book in self.books.values()) for name in ANOMALIES}

    def feed(self, records: Records) -> Records:
        """Apply records; give a row of `MBP10` for every completed event that changed the ten best levels."""
        return np.array(list(self._rows(records)), MBP10)

    def _rows(self, records: Records) -> Iterator[tuple[object, ...]]:
        names = ["action", "side", "order", "price", "size", "flags", "instrument"]
        columns = zip(*(records[name].tolist() for name in names), strict=True)
        for number, (action, side, order, price, size, flags, instrument) in enumerate(columns):
            book = self.books.get(instrument)
            if book is None:
                book = self.books[instrument] = MboBook()
            book.apply(action, side, order, price, size)
            if not flags & F_LAST:
                continue
            levels = _ten_best(book)
            if levels != self._shown.get(instrument, [EMPTY] * (2 * LEVELS)):
                self._shown[instrument] = levels
                record = records[number]
                yield (
                    record["ts_recv"], record["ts_event"], record["sequence"], record["publisher"], instrument,
                    action, side, flags, price, size, *[number for level in levels for number in level],
                )  # fmt: skip


def _ten_best(book: MboBook) -> list[Level]:
    """Levels 0 to 9, bid and ask in turn."""
    sides = [book.depth(side) for side in "BA"]
    return [side[level] if level < len(side) else EMPTY for level in range(LEVELS) for side in sides]
