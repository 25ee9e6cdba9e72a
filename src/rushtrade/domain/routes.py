"""The broker's table of routes: what DART knows of each venue."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from rushtrade.domain.orders import Display, OrderType, TimeInForce


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


class RouteSequences(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Route-code strings of one equity class: the sequence tried left to right, and the punt list behind it."""

    equity_class: int
    sequence: str
    punt_list: str
    legal_codes: str
