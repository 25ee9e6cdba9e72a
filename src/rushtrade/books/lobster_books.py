"""Books replayed from LOBSTER messages, by a rule that has a name: *seeded replay*.

A LOBSTER message file starts in the middle of a day: the orders that already rest are not in it. The rule:

1. Row 1 of an orderbook file is the book after message 1. Each of its levels is entered as one *seed* order, first in its queue.
2. Message 1 is thereby in the book; replay begins with message 2.
3. Type 1 adds an order at the end of the queue of its price. Types 2, 3 and 4 take shares from the order they name. When that order is
   not known, it was there before the file: the shares leave the seed order of that price and side.
4. Types 5, 6 and 7 (hidden execution, auction, halt) do not touch the book.
5. A reduction whose order is not known at a price without a seed order lies deeper than the row showed; it is counted and passed over.

Prices are LOBSTER's, $0.0001. What is deeper than the seed row is not known until the market comes there.
"""

from __future__ import annotations

from collections.abc import Sequence

from rushtrade.books.mbo_books import Level, MboBook

EMPTY_LEVEL = 9_999_999_999
"""The price LOBSTER writes for a level that is not there (negative for a bid)."""
SEEDS_FROM = 1 << 62
"""Numbers of seed orders: above any LOBSTER gives."""
_SIDES = {1: "B", -1: "A"}


class LobsterBook:
    """The book of one file, seeded with a row `ask price, ask shares, bid price, bid shares` for each level, best first."""

    def __init__(self, row: Sequence[int]) -> None:
        self.book = MboBook()
        self.deeper = 0
        """Reductions of orders that lay deeper than the seed row."""
        self._seeds: dict[tuple[str, int], int] = {}
        for level in range(len(row) // 4):
            ask, ask_shares, bid, bid_shares = row[4 * level : 4 * level + 4]
            for side, price, shares in (("A", ask, ask_shares), ("B", bid, bid_shares)):
                if abs(price) != EMPTY_LEVEL and shares:
                    seed = self._seeds[side, price] = SEEDS_FROM + len(self._seeds)
                    self.book.apply(b"A", side.encode(), seed, price, shares)

    def apply(self, kind: int, order: int, shares: int, price: int, direction: int) -> None:
        """Apply one message behind the first."""
        side = _SIDES[direction]
        if kind == 1:
            self.book.apply(b"A", side.encode(), order, price, shares)
        elif kind in {2, 3, 4}:
            found = order if self.book.holds(order) else self._seeds.get((side, price), -1)
            if self.book.holds(found):
                self.book.apply(b"C", side.encode(), found, price, shares)
            else:
                self.deeper += 1

    def row(self, levels: int) -> list[int]:
        """The best levels as LOBSTER writes them."""
        asks, bids = self.book.depth("A", levels), self.book.depth("B", levels)
        none = (Level(EMPTY_LEVEL, 0, 0), Level(-EMPTY_LEVEL, 0, 0))
        cells: list[int] = []
        for level in range(levels):
            ask = asks[level] if level < len(asks) else none[0]
            bid = bids[level] if level < len(bids) else none[1]
            cells += [ask.price, ask.size, bid.price, bid.size]
        return cells
