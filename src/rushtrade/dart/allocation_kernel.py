"""Search for the cheapest split of an order between taking now and resting at several venues, over past outflows.

Works on *reach*: how many shares of an order standing behind a queue would have been filled in each of `n` past intervals,
``max(outflow - queue, 0)``, one row an interval, one column a venue. All numbers are integers (shares, micro-dollars a
share), so that the same history gives the same split on every machine.

Theory of operation. A split is ``X = (M, L_1 … L_K)``. Its cost is exact on the history and piecewise linear. The search walks
the lattice: at every step width it tries each entry up and down, each exchange between two entries, and the shares to take
against two venues at once, takes the best improvement, and halves the width when there is none. Exchanges matter: along ``M + ΣL = S`` the cost has a ridge that single
moves cannot follow. Every split places all shares (``M + ΣL ≥ S``). The cost is not convex where an overfill is likely (a counter-example stands in the tests), so the caller
starts from several splits.
"""

# numba's decorators are untyped
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# ruff: noqa: ANN001, ANN202, ANN201

from __future__ import annotations

from numba import njit

MOVES_MAX = 10_000
"""Moves of one search: several times what halving widths can need; a bound, not a budget."""


@njit(cache=True)
def total_cost(reach, split, shares, take, gives, under, over):
    """Cost of a split summed over all intervals, micro-dollars.

    `take` is paid for a share taken, `gives[k]` earned for a share that venue k filled, `under` and `over` are paid
    for each share missed or bought too much.
    """
    total = take * split[0] * reach.shape[0]
    for row in range(reach.shape[0]):
        filled = split[0]
        for venue in range(reach.shape[1]):
            got = min(reach[row, venue], split[venue + 1])
            filled += got
            total -= gives[venue] * got
        total += under * (shares - filled) if filled < shares else over * (filled - shares)
    return total


@njit(cache=True)
def _clip(split, shares):
    """Bring a split to 0 ≤ M ≤ S, 0 ≤ L ≤ S − M; return whether it still places all shares."""
    split[0] = min(max(split[0], 0), shares)
    placed = split[0]
    for entry in range(1, split.size):
        split[entry] = min(max(split[entry], 0), shares - split[0])
        placed += split[entry]
    return placed >= shares


@njit(cache=True)
def _move(split, trial, width, first, second, third):
    """Write to `trial` the split with entry `first` up and `second`, `third` (-1 = no entry) down by a width.

    A width below zero turns every move round, so that the shares to take can give way to two venues at once.
    """
    trial[:] = split
    trial[first] += width
    if second >= 0:
        trial[second] -= width
    if third >= 0:
        trial[third] -= width


@njit(cache=True)
def search(reach, split, shares, take, gives, under, over):
    """Improve `split` in place until no move of one share helps; return its total cost."""
    best = total_cost(reach, split, shares, take, gives, under, over)
    trial, chosen = split.copy(), split.copy()
    width = 1
    while width * 4 <= shares:
        width *= 2
    for _ in range(MOVES_MAX):
        found = best
        for first in range(split.size):
            for second in range(-1, split.size):
                if second == first or (first > 0 and (second == 0 or second > first)):
                    continue  # the other sign of the width does it
                for third in range(-1, second if first == 0 else 0):
                    for signed in (width, -width):
                        _move(split, trial, signed, first, second, third)
                        if third == 0 or not _clip(trial, shares):
                            continue
                        cost = total_cost(reach, trial, shares, take, gives, under, over)
                        if cost < found:
                            found = cost
                            chosen[:] = trial
        if found < best:
            best = found
            split[:] = chosen
        elif width == 1:
            break
        else:
            width //= 2
    return best
