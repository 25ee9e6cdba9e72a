"""The static split of Cont and Kukanov: their table, their counter-examples, brute force."""

from __future__ import annotations

from math import exp, lgamma, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.dart.allocation import RestingCosts, Split, allocate
from rushtrade.dart.allocation_kernel import total_cost
from rushtrade.domain.errors import InvalidInput

POISSON = np.array([exp(-2200 + k * log(2200) - lgamma(k + 1)) for k in range(3200)])
"""Outflow of an interval in the paper's example; every queue is 2,000 shares."""


def quantiles(intervals: int) -> np.ndarray:
    """The outflow's quantiles: a history that is neither lucky nor unlucky."""
    return np.searchsorted(np.cumsum(POISSON), (np.arange(intervals) + 0.5) / intervals).astype(np.int64)


def history(venues: int, intervals: int = 500) -> np.ndarray:
    chance = np.random.default_rng(11)
    return np.stack([chance.permutation(quantiles(intervals)) for _ in range(venues)], axis=1)


def paper_costs(venues: int) -> RestingCosts:
    return RestingCosts(
        half_spread=20_000, take_fee=3_000, rebates=(2_000,) * venues, under=26_000, over=24_000
    )


def exact_cost(split: Split, shares: int) -> float:
    """Expected cost in dollars under independent Poisson outflows, by convolution."""
    bought, filled = np.array([1.0]), 0.0
    for rest in split.rest:
        reach = np.minimum(np.maximum(np.arange(len(POISSON)) - 2000, 0), rest)
        part = np.bincount(reach, POISSON, minlength=rest + 1)
        filled += part @ np.arange(rest + 1)
        bought = np.convolve(bought, np.trim_zeros(part, "b"))
    total = split.take + np.arange(len(bought))
    miss = 0.026 * np.maximum(shares - total, 0) + 0.024 * np.maximum(total - shares, 0)
    return 0.023 * split.take - 0.022 * filled + bought @ miss


# shares, venues, least expected cost in dollars (exact optimum by lattice search)
TABLE = [
    (500, 1, 2.78),
    (500, 2, -6.10),
    (500, 3, -10.62),
    (500, 4, -10.88),
    (500, 5, -10.94),
    (1000, 1, 14.28),
    (1000, 2, 5.40),
    (1000, 3, -3.51),
    (1000, 4, -12.44),
    (1000, 5, -19.91),
    (5000, 1, 106.28),
    (5000, 2, 97.40),
    (5000, 3, 88.49),
    (5000, 4, 79.56),
    (5000, 5, 70.63),
]


@pytest.mark.parametrize(("shares", "venues", "least"), TABLE)
def test_the_split_costs_what_the_best_one_of_the_papers_table_costs(shares, venues, least):
    split = allocate(shares, paper_costs(venues), (2000,) * venues, history(venues))
    allowed = 0.005 * shares * 0.023
    assert least - 0.006 <= exact_cost(split, shares) <= least + allowed


def test_one_venue_is_the_closed_form_of_the_paper():
    split = allocate(1000, paper_costs(1), (2000,), quantiles(4096)[:, None])
    assert (split.take, split.rest) == (728, (272,))


def test_an_overfill_can_make_the_cost_bulge_and_the_search_is_not_fooled():
    outflows = np.array([[80, 40], [80, 90]], np.int64)
    costs = RestingCosts(20_000, 3_000, (2_000, 2_000), 26_000, 60_000)
    gives = np.array([22_000, 22_000], np.int64)

    def cost(second: int) -> int:
        return total_cost(outflows, np.array([0, 80, second], np.int64), 100, 23_000, gives, 26_000, 60_000)

    assert 2 * cost(50) > cost(30) + cost(70), "the paper's Proposition 2 would have it below the chord"
    split = allocate(100, costs, (0, 0), outflows)
    everywhere = min(
        total_cost(outflows, np.array([m, a, b], np.int64), 100, 23_000, gives, 26_000, 60_000)
        for m in range(0, 101, 10)
        for a in range(0, 101 - m, 10)
        for b in range(0, 101 - m, 10)
    )
    assert split.expected_cost <= everywhere // 2


rates = st.integers(0, 60_000)


def random_case(chance: np.random.Generator) -> tuple[int, RestingCosts, tuple[int, int], np.ndarray]:
    """A small order at two venues with outflows of three kinds: steady, wild, all or nothing."""
    intervals, shares = int(chance.choice([5, 20, 100])), int(chance.integers(1, 25))
    mean = chance.uniform(0.2, 3, 2) * shares
    outflows = (
        chance.poisson(mean, (intervals, 2)),
        chance.exponential(mean, (intervals, 2)),
        chance.binomial(1, 0.5, (intervals, 2)) * chance.poisson(2 * mean, (intervals, 2)),
    )[chance.integers(3)].astype(np.int64)
    half, fee = int(chance.integers(2_500, 30_000)), int(chance.integers(-1_000, 3_001))
    one, two = (int(rebate) for rebate in chance.integers(-3_000, 3_201, 2))
    under = int(chance.integers(half + fee, 80_000))
    over = int(chance.integers(half + max(one, two), 80_000))
    queues = (int(chance.integers(0, 2 * shares)), int(chance.integers(0, 2 * shares)))
    return shares, RestingCosts(half, fee, (one, two), under, over), queues, outflows


@pytest.mark.parametrize("seed", range(100))
def test_no_split_of_a_small_order_is_much_cheaper(seed):
    shares, costs, queues, outflows = random_case(np.random.default_rng(seed))
    split = allocate(shares, costs, queues, outflows)
    reach = np.maximum(outflows - np.array(queues), 0)
    gives = np.array([costs.half_spread + rebate for rebate in costs.rebates], np.int64)
    take = costs.half_spread + costs.take_fee
    least = min(
        total_cost(reach, np.array([m, a, b], np.int64), shares, take, gives, costs.under, costs.over)
        for m in range(shares + 1)
        for a in range(shares - m + 1)
        for b in range(max(0, shares - m - a), shares - m + 1)
    )
    assert split.take + sum(split.rest) >= shares
    assert split.expected_cost <= least // len(outflows) + shares * take // 200


@settings(max_examples=200, deadline=None)
@given(
    shares=st.integers(1, 30),
    outflows=st.lists(st.integers(0, 60), min_size=1, max_size=20),
    queue=st.integers(0, 30),
    half=rates,
    fee=st.integers(-3_000, 3_000),
    rebate=st.integers(-3_000, 3_000),
    under=rates,
)
def test_one_venue_is_exact_to_the_share(shares, outflows, queue, half, fee, rebate, under):
    costs = RestingCosts(half, fee, (rebate,), under, 24_000)
    made = np.array(outflows, np.int64)[:, None]
    split = allocate(shares, costs, (queue,), made)
    reach = np.maximum(made - queue, 0)
    gives = np.array([half + rebate], np.int64)

    def cost(rest: int) -> int:
        return total_cost(
            reach, np.array([shares - rest, rest], np.int64), shares, half + fee, gives, under, 24_000
        )

    assert split.take + split.rest[0] == shares
    assert cost(split.rest[0]) == min(cost(rest) for rest in range(shares + 1))
    assert split.expected_cost == cost(split.rest[0]) // len(made)


def test_the_same_history_gives_the_same_split_whatever_came_before():
    first = allocate(1000, paper_costs(3), (2000,) * 3, history(3))
    allocate(77, paper_costs(2), (5, 6), history(2))
    assert allocate(1000, paper_costs(3), (2000,) * 3, history(3)) == first


BAD = [
    (0, 1, history(1, 10), "1 to 10000000 shares"),
    (100, 2, history(1, 10), "rows of 2 venues"),
    (100, 1, history(1, 10)[:0], "1 to 4096 rows"),
    (100, 1, history(1, 10).astype(np.float64), "whole shares"),
    (100, 1, -history(1, 10), "never below zero"),
    (10_000_000, 4, history(4, 4096), "too many to cost exactly"),
]


@pytest.mark.parametrize(("shares", "venues", "outflows", "why"), BAD)
def test_what_cannot_be_split_exactly_is_refused(shares, venues, outflows, why):
    costs = paper_costs(venues) if shares < 10_000_000 else RestingCosts(10_000_000, 0, (0,) * 4, 0, 0)
    with pytest.raises(InvalidInput, match=why):
        allocate(shares, costs, (2000,) * venues, outflows)
