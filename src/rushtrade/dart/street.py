"""The venues of one order and what they show, in arrays that the take kernel reads.

It knows nothing of what venues hide, and nothing of children. Prices are *turned*: a sale's are negated when they are put in,
so that `far`, the side to take from, is cheapest first, and a lower price is better for both sides. Theory of operation: a book is written
over in place, at most `LEVELS_MAX` levels deep; rows that cannot be true (no price, no shares, out of order) end it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from rushtrade.dart import take_kernel as kernel
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import PRICE_MAX, QUANTITY_MAX
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.domain.routes import Route

LIT, DARK, MAKER = "lit", "dark", "mm"
KINDS = (LIT, DARK, MAKER)
VENUES_MAX = 64
NO_PRICE = 2**62
SLOW_US_MAX = 10_000_000
FEE_MAX = 10_000
Levels = Iterable[tuple[int, int]]


class VenueTerms(msgspec.Struct, frozen=True):
    """One venue: fees in mils a share (+ = we pay), one-way latency and feed delay in microseconds."""

    name: str
    kind: str
    take: int
    make: int
    latency_us: int
    feed_us: int


class Street:
    """The venues of an order and their books. One order's; it is changed by nobody else."""

    def __init__(self, venues: tuple[VenueTerms, ...]) -> None:
        _check(venues)
        self.venues = venues
        self.names = tuple(venue.name for venue in venues)
        self.place = {venue.name: at for at, venue in enumerate(venues)}
        count = len(venues)
        self.terms = np.zeros((count, kernel.TERMS), np.int64)
        for at, venue in enumerate(venues):
            self.terms[at] = (venue.kind == LIT, venue.take, 1)
        self.far = np.zeros((count, kernel.LEVELS_MAX, 2), np.int64)
        self.near = np.zeros((count, kernel.LEVELS_MAX, 2), np.int64)
        self.slowest_us = max(venue.latency_us for venue in venues)
        self.work = np.empty((4, count * kernel.LEVELS_MAX))

    def set_book(self, venue: int, far: Levels, near: Levels) -> None:
        """Write what a venue shows."""
        _write(self.far[venue], far, 1)
        _write(self.near[venue], near, -1)

    def clear_book(self, venue: int) -> None:
        """Take note that a venue shows nothing."""
        self.far[venue, 0] = 0
        self.near[venue, 0] = 0

    def is_usable(self, venue: int) -> bool:
        """Whether children may be sent to a venue."""
        return bool(self.terms[venue, kernel.USABLE])

    def switch(self, venue: int, *, usable: bool) -> None:
        """Take a venue out of use, or back into it."""
        self.terms[venue, kernel.USABLE] = usable

    def lit(self) -> list[int]:
        """Return the usable venues that show quotes."""
        return [at for at in range(len(self.venues)) if self.terms[at, kernel.LIT] and self.is_usable(at)]

    def best_far(self, *, also_unusable: bool = False) -> int:
        """Return the best price to take, `NO_PRICE` when nobody shows one."""
        return int(kernel.best_shown(self.far, self.terms, also_unusable))

    def best_near(self) -> int:
        """Return the best price of those who wait on our side, `-NO_PRICE` when nobody does."""
        return max(
            (int(self.near[at, 0, 0]) for at in range(len(self.venues)) if self.near[at, 0, 1] > 0),
            default=-NO_PRICE,
        )

    def shown_at(self, venue: int, limit: int) -> int:
        """Return the shares a venue shows within a limit."""
        return int(kernel.shown_at(self.far, venue, limit))

    def shown(self, limit: int) -> int:
        """Return the shares all usable venues show within a limit."""
        return int(kernel.shown_within(self.far, self.terms, limit))

    def queue(self, venue: int, price: int) -> int:
        """Return the shares a venue shows on our side at a price or better."""
        rows = self.near[venue]
        return int(rows[(rows[:, 1] > 0) & (rows[:, 0] >= price), 1].sum())


class DeskStreet(Street):
    """The venues of a house's desk: one street for all its orders, shown anew for every plan."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        super().__init__(
            tuple(
                VenueTerms(
                    route.code,
                    KINDS[route.kind],
                    _clipped(route.take_mils),
                    _clipped(route.make_mils),
                    min(route.latency_ns // 1_000, SLOW_US_MAX),
                    0,
                )
                for route in routes
            )
        )
        self._near_best = -NO_PRICE

    def show(
        self, stamp: QuoteStamp, sheet: NDArray[np.int64], state_row: int, side: int, limit: int, shares: int
    ) -> tuple[int, int]:
        """Write what a stamp shows within a limit over what was shown before; return the best price and the shares there.

        `side` is the book side taken from (0 bids, 1 asks), `state_row` the row of the desk's sheet that says which routes are usable.
        """
        self.look_near(stamp, side)
        best, there = kernel.show(
            stamp.levels, sheet, state_row, side, limit, shares, self.far, self.near, self.terms
        )
        return int(best), int(there)

    def look_near(self, stamp: QuoteStamp, side: int) -> None:
        """Take note of the national best of our own side."""
        near = stamp.bid if side else stamp.ask
        self._near_best = (near if side else -near) if near > 0 else -NO_PRICE

    def best_near(self) -> int:
        """Return the national best of our side: a stamp has the books of that side only where an order may rest."""
        return self._near_best


def _clipped(fee: int) -> int:
    return max(-FEE_MAX, min(fee, FEE_MAX))


def _write(rows: NDArray[np.int64], levels: Levels, way: int) -> None:
    at, last = 0, -NO_PRICE
    for price, shares in levels:
        if (
            at == len(rows)
            or way * price <= last
            or not 0 < shares <= QUANTITY_MAX
            or not abs(price) <= PRICE_MAX
        ):
            break
        rows[at, 0], rows[at, 1] = price, shares
        at, last = at + 1, way * price
    if at < len(rows):
        rows[at] = 0


def _check(venues: tuple[VenueTerms, ...]) -> None:
    if not 0 < len(venues) <= VENUES_MAX:
        raise InvalidInput(f"an order has 1 to {VENUES_MAX} venues, not {len(venues)}")
    if len({venue.name for venue in venues}) != len(venues):
        raise InvalidInput("every venue of an order has a name of its own")
    for venue in venues:
        if venue.kind not in KINDS:
            raise InvalidInput(f"venue {venue.name} is {venue.kind!r}; a venue is one of {', '.join(KINDS)}")
        if max(abs(venue.take), abs(venue.make)) > FEE_MAX:
            raise InvalidInput(f"fees of venue {venue.name} lie within ±{FEE_MAX} mils a share")
        if not (0 <= venue.latency_us <= SLOW_US_MAX and 0 <= venue.feed_us <= SLOW_US_MAX):
            raise InvalidInput(f"delays of venue {venue.name} lie between 0 and {SLOW_US_MAX} µs")
