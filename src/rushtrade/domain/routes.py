"""The broker's table of routes: what DART knows of each venue."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from rushtrade.domain.numbers import PRICE_UNIT
from rushtrade.domain.orders import Display, OrderType, TimeInForce

MILLION = 1_000_000


class RouteKind(IntEnum):
    """What is behind a route, as far as an order meets it."""

    LIT = 0
    """Quotes that everybody sees."""
    DARK = 1
    """A pool: shows nothing, fills at the midpoint or not at all."""
    MAKER = 2
    """A market maker who looks at each order and takes it, at the quote or better, or does not."""


class VenueHealth(IntEnum):
    """What a venue's own answers say of it."""

    HEALTHY = 0
    PROBING = 1
    """Out of use, but for one small child order that tries it."""
    UNHEALTHY = 2


class Route(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One route. `venue` is its place in the world's venue list, fees are mils (0.0001 $) a share, + = we pay.

    Below a dollar the fee is `take_sub_dollar_ppm` / `make_sub_dollar_ppm` millionths of the trade's value. What it takes: order types,
    times in force and displays; none named means all.
    """

    venue: int
    code: str
    route_code: str
    mic: str
    name: str
    take_mils: int
    make_mils: int
    take_sub_dollar_ppm: int
    make_sub_dollar_ppm: int
    latency_ns: int
    order_types: tuple[OrderType, ...] = ()
    times_in_force: tuple[TimeInForce, ...] = ()
    displays: tuple[Display, ...] = ()
    kind: RouteKind = RouteKind.LIT

    def take_fee(self, price: int) -> int:
        """Fee for taking one share at a price, in millionths of a mil; below zero is a rebate."""
        return self.take_mils * MILLION if price >= PRICE_UNIT else price * self.take_sub_dollar_ppm

    def make_fee(self, price: int) -> int:
        """Fee for giving one share at a price, in millionths of a mil; below zero is a rebate."""
        return self.make_mils * MILLION if price >= PRICE_UNIT else price * self.make_sub_dollar_ppm


class RouteSequences(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Route-code strings of one equity class: the sequence tried left to right, and the punt list behind it."""

    equity_class: int
    sequence: str
    punt_list: str
    legal_codes: str
