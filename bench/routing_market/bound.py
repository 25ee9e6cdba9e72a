"""What one who knows all pays for an order: the cheapest shares of everything there is at arrival, and all that will pass."""

from __future__ import annotations

from bench.routing_market.market import Market
from bench.routing_market.world import Order, World


def bound(world: World, order: Order) -> float:
    """Return the least cost a share in mils against the arrival midpoint.

    All liquidity stands side by side at its all-in price; within a venue prices rise, so taking the cheapest first is
    the optimum of the linear programme as well. Worked orders may also rest behind every queue, knowing what will leave it.
    """
    offers: list[tuple[int, int]] = []
    best = min(rows[0][0] for rows in order.asks.values())
    market = Market(world, order)
    for venue in world.venues:
        name = venue.name
        if order.down.get(name):
            continue
        if venue.kind == "lit":
            offers += [(row[0] + venue.take, row[1] + row[2]) for row in order.asks[name]]
            queue = order.bids[name][0]
            offers.append((queue[0] + venue.make, max(market.outflows.get(name, 0) - queue[1], 0)))
        elif venue.kind == "dark":
            later = sum(what[1] for _, _, kind, what in market.heap if kind == "pool" and what[0] == name)
            offers.append((venue.take, order.dark[name] + later))
        else:
            later = sum(what[1] for _, _, kind, what in market.heap if kind == "maker" and what[0] == name)
            accepts, improves = order.makers[name]
            offers.append((best - improves + venue.take, accepts + later))
    offers.sort()
    left, paid = order.qty, 0
    for price, shares in offers:
        part = min(left, shares)
        paid += part * price
        left -= part
    return paid / (order.qty - left)
