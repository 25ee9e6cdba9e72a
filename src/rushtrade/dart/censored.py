"""How much of an order to show to which dark pool, learned from censored fills.

A dark pool shows nothing; what it holds is learned only from what it fills. `DarkPoolLearner` remembers counts, not fills, gives a split that
is the best one on what it has learned, and starts from equal parts: the first `TRUSTED_ROUNDS` splits move from equal parts
towards the learned one, because a few lucky fills prove little. It knows no prices: fees and leaks are for the caller to weigh.

Memory is bounded: after `ROUNDS_MAX` rounds all counts are halved, so that old fills fade and the learner follows pools that change.

Sources: Ganchev, Kearns, Nevmyvaka, Wortman Vaughan, Censored exploration and the dark pool problem (arXiv 1205.2646), for the greedy
split and the estimate; the shared shape and the caution are ours.
"""

from __future__ import annotations

import msgspec
import numpy as np

from rushtrade.dart.censored_kernel import fill_best_cells, learn_fill, tails
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import QUANTITY_MAX

POOLS_MAX = 16
TRUSTED_ROUNDS = 50
"""Rounds after which the learned split is taken as it is."""
CAUTION_ROUNDS = 70
"""In round t before that the learned split weighs t / 70, and equal parts the rest."""
CAUTION = 1.0
"""How much all pools together weigh against what a pool itself has shown, while it is being explored."""
ROUNDS_MAX = 8_192
"""Rounds after which all counts are halved."""


def _cells() -> tuple[int, ...]:
    """Sizes at which cells meet: 0, 1, 2 … growing by a quarter, to the largest order."""
    edges = [0, 1]
    while edges[-1] < QUANTITY_MAX:
        edges.append(max(edges[-1] + 1, edges[-1] * 5 // 4))
    return tuple(edges)


EDGES = np.array(_cells(), np.int64)


class PoolCounts(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered of one pool: rounds asked, rounds it was empty, and per cell ends and exposure (1/1024)."""

    asked: int
    empty: int
    ended: tuple[int, ...]
    exposure: tuple[int, ...]


class DarkPoolLearner:
    """Learns the tails of `pools` dark pools and splits orders over them."""

    def __init__(self, pools: int) -> None:
        if not 0 < pools <= POOLS_MAX:
            raise InvalidInput(f"a learner has 1 to {POOLS_MAX} pools, not {pools}")
        self._pools = pools
        self._asked = np.zeros(pools, np.int64)
        self._empty = np.zeros(pools, np.int64)
        self._ended = np.zeros((pools, len(EDGES) - 1), np.int64)
        self._exposure = np.zeros((pools, len(EDGES) - 1), np.int64)
        self._rounds = 0

    def allocate(self, shares: int) -> tuple[int, ...]:
        """Split all shares over the pools."""
        if not 0 < shares <= QUANTITY_MAX:
            raise InvalidInput(f"shares to split lie between 1 and {QUANTITY_MAX}, not {shares}")
        equal = _equal_parts(shares, self._pools)
        if self._rounds == 0:
            return equal
        learned = np.zeros(self._pools, np.int64)
        fill_best_cells(EDGES, self._tails(), shares, learned)
        if self._rounds >= TRUSTED_ROUNDS:
            return tuple(int(part) for part in learned)
        weight = self._rounds
        mixed = [
            (weight * int(best) + (CAUTION_ROUNDS - weight) * even) // CAUTION_ROUNDS
            for best, even in zip(learned, equal, strict=True)
        ]
        mixed[mixed.index(max(mixed))] += shares - sum(mixed)
        return tuple(mixed)

    def learn(self, wanted: tuple[int, ...], filled: tuple[int, ...]) -> None:
        """Take in what was asked of every pool (0 = nothing) and what it filled."""
        if len(wanted) != self._pools or len(filled) != self._pools:
            raise InvalidInput(f"a round has one size and one fill for each of {self._pools} pools")
        if any(not 0 <= got <= size <= QUANTITY_MAX for size, got in zip(wanted, filled, strict=True)):
            raise InvalidInput(f"fills {filled} do not lie between nothing and what was asked, {wanted}")
        for pool, (size, got) in enumerate(zip(wanted, filled, strict=True)):
            if size:
                self._asked[pool] += 1
                if got:
                    learn_fill(EDGES, self._ended, self._exposure, pool, size, got)
                else:
                    self._empty[pool] += 1
        self._rounds += 1
        if self._rounds > ROUNDS_MAX:
            self._fade()

    def tail(self, pool: int, shares: int) -> float:
        """Estimate the chance that a pool holds at least so many shares."""
        cell = int(np.searchsorted(EDGES, shares, side="left"))
        return float(self._tails()[pool, cell])

    def forget(self, pool: int) -> None:
        """Start anew with one pool."""
        for counts in (self._asked, self._empty, self._ended, self._exposure):
            counts[pool] = 0

    def snapshot(self) -> tuple[int, tuple[PoolCounts, ...]]:
        """Return all that is remembered."""
        rows = zip(
            self._asked.tolist(),
            self._empty.tolist(),
            self._ended.tolist(),
            self._exposure.tolist(),
            strict=True,
        )
        return self._rounds, tuple(PoolCounts(*row[:2], tuple(row[2]), tuple(row[3])) for row in rows)

    @classmethod
    def restore(cls, image: tuple[int, tuple[PoolCounts, ...]]) -> DarkPoolLearner:
        """Build the learner of a snapshot."""
        rounds, pools = image
        learner = cls(len(pools))
        learner._rounds = rounds
        for pool, counts in enumerate(pools):
            learner._asked[pool] = counts.asked
            learner._empty[pool] = counts.empty
            learner._ended[pool] = counts.ended
            learner._exposure[pool] = counts.exposure
        return learner

    def _tails(self) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        out = np.empty((self._pools, len(EDGES)))
        tails(self._asked, self._empty, self._ended, self._exposure, CAUTION, out)
        return out

    def _fade(self) -> None:
        self._rounds //= 2
        for counts in (self._asked, self._empty, self._ended, self._exposure):
            np.floor_divide(counts, 2, out=counts)


def _equal_parts(shares: int, pools: int) -> tuple[int, ...]:
    part, more = divmod(shares, pools)
    return tuple(part + (pool < more) for pool in range(pools))
