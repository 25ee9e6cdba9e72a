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
LN_2 = 0.6931471805599453
ROOT_HALF = 0.7071067811865476


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


@njit(cache=True)
def expected_fills(edges, chances, wanted_edges, out):
    """Write the expected fill of an ask of each size of `wanted_edges`: the tails summed up, straight lines between the edges."""
    pools, cells = chances.shape[0], edges.size - 1
    for pool in range(pools):
        cell, low = 0, 0.0
        for place in range(wanted_edges.size):
            size = wanted_edges[place]
            while cell < cells and edges[cell + 1] <= size:
                low += (chances[pool, cell] + chances[pool, cell + 1]) / 2 * (edges[cell + 1] - edges[cell])
                cell += 1
            out[pool, place] = low
            if cell < cells:
                mean = (chances[pool, cell] + chances[pool, cell + 1]) / 2
                out[pool, place] = low + mean * (size - edges[cell])


@njit(cache=True)
def logarithm(value):
    """Give the natural logarithm of a positive number by sums, products and quotients alone."""
    mantissa, power = math.frexp(value)
    if mantissa < ROOT_HALF:
        mantissa, power = mantissa * 2.0, power - 1
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    square, term, total = ratio * ratio, ratio, 0.0
    for odd in range(1, 30, 2):
        total += term / odd
        term *= square
    return 2.0 * total + power * LN_2


@njit(cache=True)
def exponential(value):
    """Give e to a power not above zero in the same way; 0 below e to -60."""
    if value < -60.0:
        return 0.0
    power = math.floor(value / LN_2 + 0.5)
    rest = value - power * LN_2
    term, total = 1.0, 1.0
    for place in range(1, 18):
        term *= rest / place
        total += term
    return math.ldexp(total, int(power))


@njit(cache=True)
def shape_table(levels, shape, least, most):
    """Give the chances of one shape of growth at every level and size, their logarithms, and those of the contrary."""
    table = np.empty((3, levels.size, shape.size))
    for level in range(levels.size):
        for size in range(shape.size):
            chance = min(max(levels[level] * shape[size], least), most)
            table[0, level, size] = chance
            table[1, level, size] = logarithm(chance)
            table[2, level, size] = logarithm(1.0 - chance)
    return table


@njit(cache=True)
def shape_chances(asked, ran, levels, table, first, spread_all, spread_venue, fitted):
    """Fit one shape of growth to counts by venue and size: write its chances, return how well it tells the counts (a logarithm).

    `first` is the level first expected; the spreads say how far, in logarithms, the common level may lie from it and a venue's from that.
    """
    venues, sizes, count = asked.shape[0], asked.shape[1], levels.size
    told = np.zeros((venues, count))
    for venue in range(venues):
        for size in range(sizes):
            if asked[venue, size] > 0:
                yes, no = ran[venue, size], asked[venue, size] - ran[venue, size]
                for level in range(count):
                    told[venue, level] += yes * table[1, level, size] + no * table[2, level, size]
    common, best = 0, -np.inf
    for level in range(count):
        away = logarithm(levels[level] / first) / spread_all
        everywhere = -0.5 * away * away
        for venue in range(venues):
            everywhere += told[venue, level]
        if everywhere > best:
            common, best = level, everywhere
    near = np.empty(count)
    for level in range(count):
        away = logarithm(levels[level] / levels[common]) / spread_venue
        near[level] = -0.5 * away * away
    evidence = 0.0
    weights = np.empty(count)
    for venue in range(venues):
        best = -np.inf
        for level in range(count):
            weights[level] = told[venue, level] + near[level]
            best = max(best, weights[level])
        total = 0.0
        for level in range(count):
            weights[level] = exponential(weights[level] - best)
            total += weights[level]
        evidence += best + logarithm(total)
        for size in range(sizes):
            fitted[venue, size] = 0.0
            for level in range(count):
                fitted[venue, size] += weights[level] / total * table[0, level, size]
    return evidence
