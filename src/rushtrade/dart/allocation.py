"""How much of an order to take now and how much to rest where: the split of Cont and Kukanov, over a history of outflows.

An order of S shares is to be bought (or sold) within an interval. M shares are taken at once, L_k rest at venue k behind a queue
of Q_k; in the interval xi_k shares leave the front of that queue (trades and cancels), so min(max(xi_k - Q_k, 0), L_k) of ours are
filled. What is missed at the end costs `under` a share more than resting would have, what was bought too much costs `over`:

    cost = (s + f) M - sum (s + r_k) filled_k + under (S - A)+ + over (A - S)+,    A = M + sum filled_k

It knows no book, no clock and no distribution: a history of outflows, one row an interval, is all it asks for, and the split it gives is
the best one *on that history*. All numbers are integers, prices and fees in micro-dollars a share.

Source: Cont and Kukanov, Optimal order placement in limit order markets, arXiv 1210.1625, with two corrections found by exact
computation: the cost is not convex in general (Proposition 2), so the search starts from several splits; and conditions (7)-(8)
of Proposition 4 are necessary only.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from rushtrade.dart.allocation_kernel import search
from rushtrade.domain.errors import InvalidInput

INTERVALS_MAX = 4_096
"""Longest history taken: 50 intervals come within 2 % of the best cost, 200 within 0.1 %."""
VENUES_MAX = 16
SHARES_MAX = 10_000_000
RATE_MAX = 10_000_000
"""Ten dollars a share, for any single term of the cost."""
_EXACT = 2**62


class RestingCosts(msgspec.Struct, frozen=True):
    """Terms of the cost, micro-dollars a share. `rebates` are what each venue pays for giving; below zero it charges."""

    half_spread: int
    take_fee: int
    rebates: tuple[int, ...]
    under: int
    over: int


class Split(msgspec.Struct, frozen=True):
    """Shares to take now and to rest at each venue, and what that cost on average over the history, in micro-dollars."""

    take: int
    rest: tuple[int, ...]
    expected_cost: int


Outflows = NDArray[np.int64]
"""Shares that left the front of the queue: one row an interval, one column a venue."""


def allocate(shares: int, costs: RestingCosts, queues: tuple[int, ...], outflows: Outflows) -> Split:
    """Split an order over taking and resting at every venue.

    Raises:
        InvalidInput: a number is out of bounds, or the history does not have one column a venue.

    """
    _check(shares, costs, queues, outflows)
    reach = np.maximum(outflows - np.asarray(queues, np.int64), 0).astype(np.int64)
    starts = _starts(shares, len(queues)) if len(queues) > 1 else _one_venue(shares, costs, reach[:, 0])
    total, split = min(_improve(start, reach, shares, costs) for start in starts)
    return Split(split[0], split[1:], total // len(reach))


def _one_venue(shares: int, costs: RestingCosts, reach: NDArray[np.int64]) -> list[list[int]]:
    """Give the closed form of Proposition 3: L is the least with F(Q + L) ≥ (2s + f + r) / (under + s + r), M the rest.

    Where giving earns so little that the divisor is not positive, all or nothing rests.
    """
    earned = costs.half_spread + costs.rebates[0]
    need = costs.half_spread + costs.take_fee + earned
    weight = costs.under + earned
    if weight <= 0:
        return [[shares, 0], [0, shares]]
    count = -(-need * len(reach) // weight)  # intervals that must not reach beyond L
    if count <= 0:
        return [[shares, 0]]
    if count > len(reach):
        return [[0, shares]]
    rest = min(int(np.partition(reach, count - 1)[count - 1]), shares)
    return [[shares - rest, rest]]


def _starts(shares: int, venues: int) -> list[list[int]]:
    """Take all, rest all everywhere, rest all at one venue, equal parts."""
    alone = [[0] + [shares if one == venue else 0 for one in range(venues)] for venue in range(venues)]
    part = shares // (venues + 1)
    equal = [shares - venues * part] + [part] * venues
    return [[shares] + [0] * venues, [0] + [shares] * venues, *alone, equal]


def _improve(
    start: list[int], reach: NDArray[np.int64], shares: int, costs: RestingCosts
) -> tuple[int, tuple[int, ...]]:
    """Search from a split; return the total cost over the history, and where the search ended."""
    split = np.array(start, np.int64)
    total = search(
        reach,
        split,
        shares,
        costs.half_spread + costs.take_fee,
        np.array([costs.half_spread + rebate for rebate in costs.rebates], np.int64),
        costs.under,
        costs.over,
    )
    return int(total), tuple(int(part) for part in split)


def _check(shares: int, costs: RestingCosts, queues: tuple[int, ...], outflows: Outflows) -> None:
    """Refuse what the search cannot work exactly on."""
    venues = len(queues)
    if not 0 < shares <= SHARES_MAX:
        raise InvalidInput(f"an order to split has 1 to {SHARES_MAX} shares, not {shares}")
    if not 0 < venues <= VENUES_MAX or len(costs.rebates) != venues:
        raise InvalidInput(
            f"{venues} queues and {len(costs.rebates)} rebates: one each for 1 to {VENUES_MAX} venues"
        )
    if outflows.ndim != 2 or outflows.shape[1] != venues or not 0 < len(outflows) <= INTERVALS_MAX:
        raise InvalidInput(
            f"a history of outflows has 1 to {INTERVALS_MAX} rows of {venues} venues, not {outflows.shape}"
        )
    if outflows.dtype != np.int64 or outflows.min() < 0 or min(queues) < 0:
        raise InvalidInput("outflows and queues are whole shares, never below zero")
    rates = (costs.half_spread, costs.take_fee, *costs.rebates, costs.under, costs.over)
    if max(map(abs, rates)) > RATE_MAX:
        raise InvalidInput(f"terms of the cost lie within ±{RATE_MAX} micro-dollars a share")
    if (venues + 2) * shares * len(outflows) * max(map(abs, rates)) * 2 > _EXACT:
        raise InvalidInput(
            f"{shares} shares over {len(outflows)} intervals are too many to cost exactly; give fewer"
        )
