"""Tails of dark pools out of censored fills, and the greedy split over them.

A pool's hidden size is known only as far as it was asked for: a fill below the size asked is the hidden size itself, a full fill
says "at least so much". Sizes are cut into cells that grow by a quarter; what is kept of a pool is, for every cell, how often the
size was followed through it (`exposure`) and how often it ended in it (`ended`), the Kaplan–Meier counts.

Theory of operation. The tail T(v) = P(size ≥ v) is the chance of any size times the product of (1 - hazard) over the cells below v.
A cell's hazard is its own count, drawn towards a common expectation while it has been seen little: the shape that all pools
share, times one factor a pool. So what was learned deep in one pool says something about the others, a pool with few fills is
neither written off nor trusted, and where nothing is known all pools look alike. Given the tails, taking the best next cell again and again is
optimal, because a tail never rises.

Floats rank here; only sums, products, quotients and square roots are used, which every machine rounds alike.
"""

# numba's decorators are untyped
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# ruff: noqa: ANN001, ANN201

from __future__ import annotations

import math

import numpy as np
from numba import njit

WHOLE = 1_024
"""Exposure of one size followed through a whole cell; a part of a cell counts in proportion."""

EMPTY_WEIGHT = 50.0
"""Rounds that the common chance of an empty pool counts against a pool's own."""
EMPTY_FIRST = 0.6
SHAPE_WEIGHT = 4.0
HAZARD_WEIGHT = 6.0
HAZARD_FIRST = 0.12
"""Hazard of a cell before anything was seen: sizes fall off like a power law of exponent near a half."""
FACTOR_WEIGHT = 60.0
CELL_WEIGHT = 20.0
HAZARD_MAX = 0.95


@njit(cache=True)
def tails(asked, empty, ended, exposure, caution, out):
    """Write each pool's tail at the end of every cell; column 0 is the chance of any size at all.

    `caution` scales how much the common expectation weighs against a pool's own counts: 1.0 for a learner that explores.
    """
    pools, cells = ended.shape
    rounds, nothing, deaths, lives = 0.0, 0.0, 0.0, 0.0
    for pool in range(pools):
        rounds += asked[pool]
        nothing += empty[pool]
        for cell in range(cells):
            deaths += ended[pool, cell]
            lives += exposure[pool, cell] / WHOLE
    weight = EMPTY_WEIGHT * caution
    often_empty = (nothing + weight * EMPTY_FIRST) / (rounds + weight)
    level = (deaths + HAZARD_WEIGHT * HAZARD_FIRST) / (lives + HAZARD_WEIGHT)
    shape = np.empty(cells)
    for cell in range(cells):
        died, lived = 0.0, 0.0
        for pool in range(pools):
            died += ended[pool, cell]
            lived += exposure[pool, cell] / WHOLE
        shape[cell] = (died + SHAPE_WEIGHT * level) / (lived + SHAPE_WEIGHT)
    for pool in range(pools):
        died, expected = 0.0, 0.0
        for cell in range(cells):
            died += ended[pool, cell]
            expected += shape[cell] * (exposure[pool, cell] / WHOLE)
        factor = (died + FACTOR_WEIGHT * caution) / (expected + FACTOR_WEIGHT * caution)
        tail = 1.0 - (empty[pool] + EMPTY_WEIGHT * caution * often_empty) / (
            asked[pool] + EMPTY_WEIGHT * caution
        )
        out[pool, 0] = tail
        for cell in range(cells):
            prior = min(shape[cell] * factor, HAZARD_MAX)
            lived = exposure[pool, cell] / WHOLE
            weight = CELL_WEIGHT * caution
            tail *= 1.0 - min((ended[pool, cell] + weight * prior) / (lived + weight), 1.0)
            out[pool, cell + 1] = tail


@njit(cache=True)
def fill_best_cells(edges, tail, shares, out):
    """Split shares by taking the best next cell of any pool; return what no cell was left for.

    A cell counts with the geometric mean of the tails at its ends.
    """
    pools, cells = tail.shape[0], edges.size - 1
    at = np.zeros(pools, np.int64)
    left = shares
    while left > 0:
        best, best_value = -1, -1.0
        for pool in range(pools):
            if at[pool] < cells:
                value = math.sqrt(tail[pool, at[pool]] * tail[pool, at[pool] + 1])
                if value > best_value:
                    best, best_value = pool, value
        if best < 0:
            break
        part = min(left, edges[at[best] + 1] - edges[at[best]])
        out[best] += part
        at[best] += 1
        left -= part
    return left


@njit(cache=True)
def learn_fill(edges, ended, exposure, pool, wanted, filled):
    """Count one fill of at least a share: cells followed through, and the one in which the size ended."""
    for cell in range(edges.size - 1):
        low, high = edges[cell], edges[cell + 1]
        if filled >= high:
            exposure[pool, cell] += WHOLE
        elif filled < wanted:
            ended[pool, cell] += 1
            exposure[pool, cell] += WHOLE
            return
        else:
            exposure[pool, cell] += WHOLE * (filled - low) // (high - low)
            return
