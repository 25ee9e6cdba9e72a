"""What the stamp of an order showed, as books that executions wear down, and what shares taken from them cost.

It knows what was shown and nothing else: no hidden shares, no quotes that ran, no queue. Whatever plans are compared on it are
compared on the same books.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from math import isqrt

import msgspec

from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.domain.orders import Side
from rushtrade.domain.quotes import LEVEL_BYTES, QuoteStamp
from rushtrade.domain.routes import Route

_LEVEL = struct.Struct("<3q")
FINE_PER_MONEY = 10_000
"""A route's fees are millionths of $0.0001 a share; so many make a micro-dollar."""


class Take(msgspec.Struct, frozen=True):
    """Shares taken from one level of one venue."""

    venue: int
    price: int
    shares: int


class ShownBook:
    """The levels of a stamp on the side an order takes from, venue by venue, best first."""

    def __init__(self, stamp: QuoteStamp, side: Side) -> None:
        self.side = side
        self._stamp = stamp
        self._far: dict[int, list[list[int]]] = {}
        self._near: list[tuple[int, int, int]] = []
        far_side = 1 - side
        for key, price, shares in _LEVEL.iter_unpack(
            stamp.levels[: len(stamp.levels) // LEVEL_BYTES * LEVEL_BYTES]
        ):
            if key & 1 == far_side:
                self._far.setdefault(key >> 1, []).append([price, shares])
            else:
                self._near.append((key, price, shares))

    @property
    def mid2(self) -> int:
        """Twice the midpoint of the stamp."""
        return self._stamp.bid + self._stamp.ask

    def stamp(self) -> QuoteStamp:
        """Give what is left as a stamp that a plan can read; its best quotes are those of what is left."""
        far_side = 1 - self.side
        rows = [(venue * 2 + far_side, *level) for venue, levels in self._far.items() for level in levels]
        levels = b"".join(_LEVEL.pack(*row) for row in [*rows, *self._near])
        prices = [row[1] for row in rows if row[1] > 0 and row[2] > 0]
        if self.side is Side.BUY:
            ask = min(prices, default=0)
            return msgspec.structs.replace(self._stamp, ask=ask, levels=levels)
        return msgspec.structs.replace(self._stamp, bid=max(prices, default=0), levels=levels)

    def levels(self, venue: int) -> list[tuple[int, int]]:
        """Give what a venue still shows on the side taken from."""
        return [(price, shares) for price, shares in self._far.get(venue, [])]

    def near_levels(self, venue: int) -> list[tuple[int, int]]:
        """Give what a venue shows on the order's own side."""
        return [(price, shares) for key, price, shares in self._near if key >> 1 == venue]

    def shown(self, venue: int, price: int) -> int:
        """Give the shares a venue still shows at a price or better."""
        way = 1 if self.side is Side.BUY else -1
        return sum(
            shares
            for at, shares in self._far.get(venue, [])
            if at > 0 and shares > 0 and way * (price - at) >= 0
        )

    def take(self, venue: int, price: int, shares: int) -> list[Take]:
        """Take up to so many shares of a venue at a price or better, best level first."""
        way = 1 if self.side is Side.BUY else -1
        taken: list[Take] = []
        left: list[list[int]] = []
        for level in self._far.get(venue, []):
            at, here = level
            part = min(shares, here) if at > 0 and here > 0 and way * (price - at) >= 0 else 0
            if part > 0:
                taken.append(Take(venue, at, part))
                shares -= part
            if part < here:
                left.append([at, here - part])
        self._far[venue] = left
        return taken


def cost_money(takes: list[Take], side: Side, mid2: int, routes: tuple[Route, ...]) -> int:
    """Give slippage against the midpoint and take fees in micro-dollars; a fraction of a fee is charged whole, level by level."""
    way = 1 if side is Side.BUY else -1
    half = MONEY_PER_PRICE_SHARE // 2
    total = 0
    for take in takes:
        fee = -(-routes[take.venue].take_fee(take.price) * take.shares // FINE_PER_MONEY)
        total += way * (2 * take.price - mid2) * take.shares * half + fee
    return total


def t_half_width(values: list[int]) -> Fraction | None:
    """Give half the width of the 95 % interval of a sum of independent values, by Student's t; None for fewer than two."""
    count = len(values)
    if count < 2:
        return None
    total = sum(values)
    square = Fraction(count * sum(value * value for value in values) - total * total, count - 1)
    return Fraction(_t_thousandths(count - 1), 1_000) * _root(square)


T_THOUSANDTHS = (
    (1, 12_706), (2, 4_303), (3, 3_182), (4, 2_776), (5, 2_571), (6, 2_447), (7, 2_365), (8, 2_306),
    (9, 2_262), (10, 2_228), (12, 2_179), (15, 2_131), (20, 2_086), (30, 2_042), (60, 2_000), (120, 1_980),
    (1_000, 1_962),
)  # fmt: skip
"""Two-sided 95 % points of Student's t by degrees of freedom, in thousandths. Between rows the wider one holds."""


def _t_thousandths(freedom: int) -> int:
    return next(value for least, value in reversed(T_THOUSANDTHS) if least <= freedom)


def _root(value: Fraction) -> Fraction:
    return Fraction(isqrt(value.numerator * 1_000_000 // value.denominator), 1_000)
