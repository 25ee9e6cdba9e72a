"""The price of a cross, and who is executed at it. Pure arithmetic over the interest that was gathered.

Every cross (opening, closing, after a halt) trades as many shares as can be traded at one price. Of the prices that do,
it takes the one that leaves the smallest imbalance, then the one nearest to the reference price, then the higher one when
buyers are left and the lower one otherwise (the order of tests of Nasdaq Rule 4752(d)(2), 4754(b)(2)). Orders without limit come first, then better
prices, then displayed before not displayed, then earlier before later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

INTEREST: Final = np.dtype(
    [
        ("handle", "<i8"),
        ("side", "<i8"),
        ("price", "<i8"),
        ("shares", "<i8"),
        ("number", "<i8"),
        ("displayed", "<i8"),
        ("waits", "<i8"),
    ]
)
"""One order that may take part: side 0 buys, 1 sells; price 0 = any; `number` is its place in time, `waits` 1 for
orders for the cross that are in no book."""
FAR_AWAY: Final = 1 << 40
"""Beyond any price: what an order without limit is content with."""


class Cross(msgspec.Struct, frozen=True):
    """What a cross would do: its price, the shares it pairs, and what is left over at that price.

    `imbalance` is the shares left, `side` 0 when buyers are left, 1 when sellers are, 2 when nobody is.
    """

    price: int
    paired: int
    imbalance: int
    side: int


class _Side:
    """Interest of one side, summed up by price."""

    def __init__(self, rows: NDArray[np.void], *, buys: bool) -> None:
        content = np.where(rows["price"] == 0, FAR_AWAY if buys else -FAR_AWAY, rows["price"])
        order = np.argsort(content, kind="stable")
        self._buys = buys
        self._prices = content[order]
        self._sums = np.concatenate(([0], np.cumsum(rows["shares"][order])))

    def shares_at(self, prices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Shares content with each of `prices`."""
        if self._buys:
            answer: NDArray[np.int64] = (
                self._sums[-1] - self._sums[np.searchsorted(self._prices, prices, "left")]
            )
            return answer
        below: NDArray[np.int64] = self._sums[np.searchsorted(self._prices, prices, "right")]
        return below


def find_cross(interest: NDArray[np.void], reference: int) -> Cross | None:
    """The cross that `interest` (rows of INTEREST) makes; None when nobody would trade. `reference` 0 = none."""
    buys, sells = interest[interest["side"] == 0], interest[interest["side"] == 1]
    candidates = np.unique(np.append(interest["price"][interest["price"] > 0], [reference] * (reference > 0)))
    if not len(buys) or not len(sells) or not len(candidates):
        return None
    prices = candidates.astype(np.int64)
    demand, supply = _Side(buys, buys=True).shares_at(prices), _Side(sells, buys=False).shares_at(prices)
    paired = np.minimum(demand, supply)
    if not paired.max():
        return None
    surplus = demand - supply
    near = reference or int(prices[len(prices) // 2])
    rank = np.lexsort((np.where(surplus > 0, -prices, prices), abs(prices - near), abs(surplus), -paired))
    best = int(rank[0])
    left = int(surplus[best])
    return Cross(int(prices[best]), int(paired[best]), abs(left), 2 if left == 0 else int(left < 0))


def allocate(interest: NDArray[np.void], cross: Cross) -> list[tuple[int, int]]:
    """(handle, shares) of every order that executes, buyers first, each side in its order of priority."""
    executed: list[tuple[int, int]] = []
    for side in (0, 1):
        rows = interest[interest["side"] == side]
        content = np.where(rows["price"] == 0, FAR_AWAY, rows["price"] if side == 0 else -rows["price"])
        within = (rows["price"] == 0) | (content >= (cross.price if side == 0 else -cross.price))
        rows, content = rows[within], content[within]
        left = cross.paired
        for row in np.lexsort((rows["number"], -rows["displayed"], -content)).tolist():
            shares = min(left, int(rows["shares"][row]))
            if not shares:
                break
            executed.append((int(rows["handle"][row]), shares))
            left -= shares
    return executed
