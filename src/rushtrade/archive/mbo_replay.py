"""Books made again from stored market-by-order rows, quickly, and the series that follow from them.

The rows are those of `ticks.schemas`' `mbo`, of one day, in the order of their venues' numbers. What the rules are stands in
`books.mbo_books`, which is the plain twin of this. Refuses to know files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rushtrade.archive import mbo_kernel as kernel
from rushtrade.archive.feed_synthesis_kernel import RESET, order_messages
from rushtrade.books.book_layout import ASK, BID, KEY_MAX
from rushtrade.books.book_storage import BookStorage, Room
from rushtrade.domain.errors import require
from rushtrade.ticks.schemas import NO_PRICE
from rushtrade.wire.itch50_kernel import DONE

OUT_ROWS = 1 << 14
"""Rows of a series made at a time."""

Rows = Mapping[str, npt.NDArray[Any]]
"""Columns by name, at least those of `mbo_kernel.COLUMNS`."""
Values = npt.NDArray[Any]
_WORD = {name: index for index, name in enumerate(kernel.STATE)}


class Level(NamedTuple):
    """A price in billionths of a dollar, with all its size and orders."""

    price: int
    size: int
    orders: int


class StoredOrder(NamedTuple):
    """An order in a book, in the order of its queue."""

    order: int
    price: int
    size: int


class Grid(NamedTuple):
    """Where prices may lie: `base` plus a multiple of `unit`."""

    base: int
    unit: int


def grid_of(prices: Values) -> Grid:
    """Find the coarsest grid all prices lie on."""
    known = np.unique(prices[(prices != NO_PRICE)])
    if not len(known):
        return Grid(0, 1)
    low = int(known[0])
    unit = int(np.gcd.reduce(known - low)) if len(known) > 1 else 1
    unit = max(unit, 1)
    require(
        (int(known[-1]) - low) // unit < KEY_MAX - 1, "prices of one day span more than four billion steps"
    )
    return Grid(low - unit, unit)


class MboReplay:
    """Books of `publishers` venues (publisher ids 1 to that number)."""

    def __init__(self, publishers: int, grid: Grid, instruments: int = 1) -> None:
        room = Room(locates=1 << max(instruments.bit_length(), 4))
        self._storage = BookStorage(max(publishers, 1), {}, room)
        self._grid = grid
        self._words = np.zeros(kernel.STATE_WORDS, np.int64)
        self._put("base", grid.base)
        self._put("unit", grid.unit)

    def _put(self, name: str, value: int) -> None:
        self._words[_WORD[name]] = value

    def _get(self, name: str) -> int:
        return int(self._words[_WORD[name]])

    def anomalies(self) -> dict[str, int]:
        """What contradicted the books."""
        return dict(zip(kernel.ANOMALIES, self._words[len(kernel.STATE) :].tolist(), strict=True))

    def _point(self, rows: Rows) -> dict[str, Values]:
        """Hand the columns' addresses to the kernel; give what must be kept alive."""
        kept: dict[str, Values] = {}
        for name in kernel.COLUMNS:
            column = rows[name]
            kind = column.dtype.itemsize
            kept[name] = np.ascontiguousarray(column.view("u1") if kind == 1 else column)
            self._put(name, kept[name].ctypes.data)
        return kept

    def apply(self, rows: Rows) -> None:
        """Apply rows."""
        kept = self._point(rows)
        at, end = 0, len(kept["action"])
        while at < end:
            reason = kernel.advance(self._storage.header, self._words.ctypes.data, at, end)
            at = self._get("at")
            if reason != DONE:
                self._storage.grow(reason)

    def depth_rows(self, rows: Rows, levels: int, shown: Values) -> Iterator[Values]:
        """Apply rows; give blocks of (row, six words a level) after every event that changed the best `levels`.

        `shown` remembers what was given, `shown_room` says how large it has to be.
        """
        yield from self._series(
            rows,
            shown,
            1 + 6 * levels,
            lambda at, end: kernel.depth_rows(self._storage.header, self._words.ctypes.data, at, end, levels),
        )

    def print_rows(self, rows: Rows) -> Iterator[Values]:
        """Apply rows; give blocks of (row, six words) of the best levels before every trade."""
        yield from self._series(
            rows,
            np.zeros(1, np.int64),
            7,
            lambda at, end: kernel.print_rows(self._storage.header, self._words.ctypes.data, at, end),
        )

    def shown_room(self, words: int) -> Values:
        """Room to remember what a series has shown of every book."""
        return np.zeros(len(self._storage.books) * words, np.int64)

    def _series(self, rows: Rows, shown: Values, words: int, run: Any) -> Iterator[Values]:
        kept = self._point(rows)
        out = np.zeros(OUT_ROWS * words, np.int64)
        self._put("out", out.ctypes.data)
        self._put("out_room", OUT_ROWS)
        self._put("shown", shown.ctypes.data)
        at, end = 0, len(kept["action"])
        while at < end:
            self._put("out_rows", 0)
            reason = run(at, end)
            at = self._get("at")
            if count := self._get("out_rows"):
                yield out[: count * words].reshape(count, words)
            if reason not in (DONE, kernel.FULL):
                locates = self._storage.get("locates_room")
                self._storage.grow(reason)
                require(self._storage.get("locates_room") == locates, "more instruments than were announced")

    def prices(self, keys: Values, sizes: Values, side: int) -> Values:
        """Prices of keys; `NO_PRICE` where there is no size."""
        steps = KEY_MAX - keys if side == ASK else keys
        known: Values = np.where(sizes > 0, self._grid.base + steps * self._grid.unit, NO_PRICE)
        return known

    def write_messages(
        self, rows: Rows, begin: int, out: Values, midnight_ns: int, stocks: Values
    ) -> tuple[int, int, int]:
        """Apply rows from `begin` on, writing ITCH 5.0 to `out`; give the row reached, why it stopped, and the bytes.

        It stops before a row that empties a book (`feed_synthesis_kernel.RESET`), at the end, or when `out` is full.
        """
        kept = self._point(rows)
        self._put("out", out.ctypes.data)
        self._put("out_room", len(out))
        self._put("out_rows", 0)
        at, end = begin, len(kept["action"])
        while True:
            reason = order_messages(
                self._storage.header, self._words.ctypes.data, at, end, midnight_ns, stocks.ctypes.data
            )
            at = self._get("at")
            if reason in (DONE, RESET, kernel.FULL):
                return at, reason, self._get("out_rows")
            self._storage.grow(reason)

    # ------------------------------------------------------------ the books

    def depth(self, publisher: int, instrument: int, side: int, levels: int) -> list[Level]:
        """The best levels of a side (0 bid, 1 ask), best first."""
        record = self._side(publisher, instrument, side)
        if record is None:
            return []
        begin, count = int(record["ladder"]), int(record["levels"])
        entries = self._storage.ladders[begin + max(count - levels, 0) : begin + count][::-1]
        rows = self._storage.levels[entries & KEY_MAX]
        return [
            Level(self._price(int(row["key"]), side), int(row["shares"]), int(row["orders"])) for row in rows
        ]

    def queue(self, publisher: int, instrument: int, side: int) -> list[StoredOrder]:
        """Every order of a side, best price first, in the order of the queues."""
        record = self._side(publisher, instrument, side)
        if record is None:
            return []
        begin, count = int(record["ladder"]), int(record["levels"])
        found: list[StoredOrder] = []
        for entry in self._storage.ladders[begin : begin + count][::-1].tolist():
            level = self._storage.levels[entry & KEY_MAX]
            price, slot = self._price(int(level["key"]), side), int(level["first"])
            while slot:
                order = self._storage.orders[slot]
                found.append(
                    StoredOrder(int(order["reference"]) & (1 << 64) - 1, price, int(order["shares"]))
                )
                slot = int(order["behind"])
        return found

    def _price(self, key: int, side: int) -> int:
        return self._grid.base + (KEY_MAX - key if side == ASK else key) * self._grid.unit

    def _side(self, publisher: int, instrument: int, side: int) -> np.void | None:
        place = instrument << self._storage.get("venue_shift") | (publisher - 1)
        if not 0 < publisher <= len(self._storage.venues) or place >= len(self._storage.books):
            return None
        record: np.void = self._storage.books[place]["ask" if side == ASK else "bid"]
        return record


SIDES = (BID, ASK)
