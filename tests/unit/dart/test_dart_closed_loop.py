"""DART in the bench's market: it keeps its duties, and costs less than every naive router. Seeded; no time is measured."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[3]))

from bench.routing import OwnProcess
from bench.routing_market.bound import bound
from bench.routing_market.market import Market
from bench.routing_market.naive import TAKERS, StaticSplit
from bench.routing_market.play import draw_orders, play_world, worlds
from bench.routing_market.world import TAKE_FAMILIES, WORKED

SEED = 411


@pytest.fixture(scope="module")
def drawn():
    return worlds(SEED, 8)


@pytest.fixture(scope="module")
def played(drawn):
    """What became of each order, with DART."""
    return [
        (world, play_world(world, draw_orders(world, (*TAKE_FAMILIES, WORKED), 2), OwnProcess))
        for world in drawn
    ]


def test_nothing_is_overfilled_traded_through_or_left_over(played):
    for _, results in played:
        for order, _, result in results:
            assert result.overfills == 0
            assert result.trade_throughs == 0
            assert result.filled <= order.qty
            if not any(how.startswith("silent") for how in order.down.values()):
                assert result.left == 0, order


def test_taking_costs_less_than_every_naive_router(played):
    ours = statistics.fmean(
        regret for _, results in played for order, regret, _ in results if order.family != WORKED
    )
    for name, router in TAKERS.items():
        theirs = statistics.fmean(
            regret
            for world, _ in played
            for _, regret, _ in play_world(world, draw_orders(world, TAKE_FAMILIES, 2), router)
        )
        assert ours < 0.84 * theirs, name


def test_worked_orders_cost_less_than_a_static_split(drawn):
    orders = {world.number: draw_orders(world, (WORKED,), 3) for world in drawn}
    ours, theirs = (
        statistics.fmean(
            regret for world in drawn for _, regret, _ in play_world(world, orders[world.number], router)
        )
        for router in (OwnProcess, StaticSplit)
    )
    assert ours < theirs


def test_the_same_seed_plays_the_same_orders(drawn):
    world = drawn[0]
    runs = [
        [
            (regret, result.cost)
            for _, regret, result in play_world(world, draw_orders(world, TAKE_FAMILIES, 1), OwnProcess)
        ]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]


def test_the_bound_knows_all_that_is_there(drawn):
    """Nobody who takes at once does better than the bound while nothing moves."""
    for world in drawn[:3]:
        for order in draw_orders(world, ("small", "large"), 2):
            shown = sum(row[1] + row[2] for rows in order.asks.values() for row in rows)
            assert shown >= order.qty
            cheapest = min(rows[0][0] for rows in order.asks.values())
            assert bound(world, order) <= max(rows[-1][0] for rows in order.asks.values()) + 30
            assert Market(world, order).start_message()["qty"] == order.qty
            assert cheapest > 0
