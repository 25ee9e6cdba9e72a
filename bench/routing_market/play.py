"""Plays routers through the same orders and adds up their regret: cost less the bound, mils a share."""

from __future__ import annotations

from collections.abc import Callable

from bench.routing_market.bound import bound
from bench.routing_market.market import Market, Result, Router
from bench.routing_market.world import Order, World, draw_order, draw_world


def play_world(
    world: World, orders: list[Order], make: Callable[[], Router]
) -> list[tuple[Order, float, Result]]:
    """Play one router through the orders of a world, in turn; return each with its regret."""
    router = make()
    router({"ev": "world", "world": world.number, "history": world.history})
    played = []
    for order in orders:
        result = Market(world, order).play(router)
        played.append((order, result.cost - bound(world, order), result))
    return played


def draw_orders(world: World, families: tuple[str, ...], count: int) -> list[Order]:
    """Draw orders of all families, mixed in turn."""
    return [
        draw_order(world, family, at * len(families) + place)
        for at in range(count)
        for place, family in enumerate(families)
    ]


def worlds(seed: int, count: int) -> list[World]:
    """Draw worlds."""
    return [draw_world(number, seed) for number in range(count)]
