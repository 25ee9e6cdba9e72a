"""Splitting orders over dark pools that show nothing, learned from what they fill."""

from __future__ import annotations

from math import prod

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.dart import censored_kernel as kernel
from rushtrade.dart.censored import EDGES, ROUNDS_MAX, DarkPoolLearner
from rushtrade.domain.errors import InvalidInput

SIZES = np.arange(1, 10_001, dtype=np.float64)


class World:
    """Five pools, each often empty, else of a size with a heavy tail; and what may be expected of a split."""

    def __init__(self, seed: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.tails = []
        for _ in range(5):
            empty, exponent = self.chance.uniform(0.45, 0.93), self.chance.uniform(0.6, 1.6)
            size = SIZES**-exponent
            self.tails.append((1 - empty) * np.cumsum((size / size.sum())[::-1])[::-1])
        self.expected = [np.concatenate([[0.0], np.cumsum(tail)]) for tail in self.tails]
        self.ideal = np.cumsum(np.sort(np.concatenate(self.tails))[::-1])

    def volume(self) -> int:
        return int(self.chance.integers(500, 4001))

    def worth(self, split: tuple[int, ...]) -> float:
        return sum(float(grows[shares]) for grows, shares in zip(self.expected, split, strict=True))

    def fills(self, split: tuple[int, ...]) -> tuple[int, ...]:
        draws = self.chance.random(len(split))
        held = [
            int(np.searchsorted(-tail, -draw, side="right"))
            for tail, draw in zip(self.tails, draws, strict=True)
        ]
        return tuple(min(size, wanted) for size, wanted in zip(held, split, strict=True))


def play(seed: int, rounds: int) -> np.ndarray:
    """Rows of (learned, equal parts, ideal): shares to be expected in each round."""
    world, learner = World(seed), DarkPoolLearner(5)
    worth = np.empty((rounds, 3))
    for row in worth:
        shares = world.volume()
        split = learner.allocate(shares)
        row[:] = world.worth(split), world.worth((shares // 5,) * 5), world.ideal[shares - 1]
        learner.learn(split, world.fills(split))
    return worth


def share_of_ideal(worth: np.ndarray) -> float:
    return worth[:, 0].sum() / worth[:, 2].sum()


def test_learned_splits_come_close_to_those_of_one_who_knows_and_never_fall_behind_equal_parts():
    worlds = [play(seed, 1_500) for seed in range(12)]
    first = np.concatenate([worth[:50] for worth in worlds]).sum(axis=0)
    assert first[0] > first[1]
    assert np.mean([share_of_ideal(worth[200:1_000]) for worth in worlds]) >= 0.97
    assert np.mean([share_of_ideal(worth[1_000:]) for worth in worlds]) >= 0.985
    for worth in worlds:
        early = worth[:50].sum(axis=0)
        assert early[0] >= 0.97 * early[1]
        assert share_of_ideal(worth[200:1_000]) >= 0.93
        assert share_of_ideal(worth[1_000:]) >= 0.97


def test_without_a_fill_all_pools_get_the_same():
    assert DarkPoolLearner(3).allocate(1_000) == (334, 333, 333)
    assert DarkPoolLearner(1).allocate(7) == (7,)


def test_pools_that_fill_get_more_than_pools_that_do_not():
    learner = DarkPoolLearner(3)
    for _ in range(100):
        learner.learn((500, 500, 500), (500, 100, 0))
    first, second, third = learner.allocate(1_500)
    assert first > second > third
    assert learner.tail(0, 50) > learner.tail(1, 50) > learner.tail(2, 50)
    learner.forget(2)
    assert learner.tail(2, 1) > 0.3


def plain_tails(learner: DarkPoolLearner) -> list[list[float]]:
    """The estimate as its rule reads, without arrays."""
    _, pools = learner.snapshot()
    cells = range(len(EDGES) - 1)
    lived = [[seen / 1024 for seen in pool.exposure] for pool in pools]
    often = (sum(pool.empty for pool in pools) + 50 * 0.6) / (sum(pool.asked for pool in pools) + 50)
    deaths = sum(sum(pool.ended) for pool in pools)
    level = (deaths + 6 * 0.12) / (sum(map(sum, lived)) + 6)
    shape = [
        (sum(pool.ended[cell] for pool in pools) + 4 * level) / (sum(row[cell] for row in lived) + 4)
        for cell in cells
    ]
    out = []
    for pool, seen in zip(pools, lived, strict=True):
        factor = (sum(pool.ended) + 60) / (sum(shape[cell] * seen[cell] for cell in cells) + 60)
        start = 1 - (pool.empty + 50 * often) / (pool.asked + 50)
        hazards = [
            min((pool.ended[cell] + 20 * min(shape[cell] * factor, 0.95)) / (seen[cell] + 20), 1)
            for cell in cells
        ]
        out.append([start * prod(1 - hazard for hazard in hazards[:cell]) for cell in range(len(EDGES))])
    return out


rounds = st.lists(
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), min_size=3, max_size=3),
    min_size=1,
    max_size=30,
)


def taught(history) -> DarkPoolLearner:
    learner = DarkPoolLearner(3)
    for one in history:
        learner.learn(tuple(wanted for wanted, _ in one), tuple(min(wanted, held) for wanted, held in one))
    return learner


@settings(max_examples=60, deadline=None)
@given(rounds)
def test_the_tails_follow_their_rule_and_never_rise(history):
    learner = taught(history)
    found, plain = learner._tails(), plain_tails(learner)
    assert np.allclose(found, plain, rtol=1e-9, atol=0)
    assert (np.diff(found, axis=1) <= 0).all()
    assert (found >= 0).all()


@settings(max_examples=60, deadline=None)
@given(rounds, st.integers(1, 100_000))
def test_all_shares_are_split_and_a_snapshot_splits_alike(history, shares):
    learner = taught(history)
    split = learner.allocate(shares)
    assert sum(split) == shares
    assert min(split) >= 0
    image = msgspec.msgpack.decode(msgspec.msgpack.encode(learner.snapshot()), type=type_of_image())
    assert DarkPoolLearner.restore(image).allocate(shares) == split


def type_of_image():
    from rushtrade.dart.censored import PoolCounts  # noqa: PLC0415 - the shape a decoder needs

    return tuple[int, tuple[PoolCounts, ...]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 8), min_size=6, max_size=6), min_size=2, max_size=3), st.integers(1, 40)
)
def test_the_greedy_split_over_cells_is_the_best_one(steps, shares):
    tails = np.array([sorted(row, reverse=True) for row in steps], np.float64)
    edges = np.arange(6, dtype=np.int64)
    split = np.zeros(len(tails), np.int64)
    left = kernel.fill_best_cells(edges, tails, shares, split)
    values = np.sqrt(tails[:, :-1] * tails[:, 1:])
    best = np.sort(values.ravel())[::-1][:shares].sum()
    assert left == max(0, shares - values.size)
    assert sum(values[pool, :got].sum() for pool, got in enumerate(split)) == pytest.approx(best)


def test_old_fills_fade_when_pools_change():
    learner = DarkPoolLearner(2)
    for _ in range(ROUNDS_MAX):
        learner.learn((500, 500), (500, 0))
    assert learner.allocate(1_000)[0] > 900
    for _ in range(ROUNDS_MAX):
        learner.learn((500, 500), (0, 500))
    assert learner.allocate(1_000)[1] > 500
    kept, pools = learner.snapshot()
    assert kept <= ROUNDS_MAX
    assert max(pool.asked for pool in pools) <= ROUNDS_MAX


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (lambda: DarkPoolLearner(0), "1 to 16 pools"),
        (lambda: DarkPoolLearner(17), "1 to 16 pools"),
        (lambda: DarkPoolLearner(2).allocate(0), "between 1 and"),
        (lambda: DarkPoolLearner(2).learn((1,), (1,)), "each of 2 pools"),
        (lambda: DarkPoolLearner(2).learn((1, 1), (2, 0)), "between nothing and what was asked"),
        (lambda: DarkPoolLearner(2).learn((1, 1), (-1, 0)), "between nothing and what was asked"),
    ],
)
def test_what_cannot_be_is_refused(act, why):
    with pytest.raises(InvalidInput, match=why):
        act()
