"""Slow twins of `take_kernel`'s arithmetic, share by share and without arrays; and streets to try it on."""

from __future__ import annotations

import numpy as np

from rushtrade.dart import take_kernel as kernel
from rushtrade.dart.learned import Learned
from rushtrade.dart.strategies import Beliefs, ParentOrder
from rushtrade.dart.street import Street, VenueTerms

LIT_FEES = (30, 30, -5, 10, 28, 0, 30, -10)
TICK = 100


def make_street(books: list[list[tuple[int, int]]], *, dark: int = 2, makers: int = 1) -> Street:
    """Make a street of lit venues with these asks (turned price, shares), and some that show nothing."""
    venues = [
        VenueTerms(f"L{at}", "lit", LIT_FEES[at % len(LIT_FEES)], -20, 100 + 50 * at, 90)
        for at in range(len(books))
    ]
    venues += [VenueTerms(f"D{at}", "dark", 10, 10, 300 + 100 * at, 0) for at in range(dark)]
    venues += [VenueTerms(f"M{at}", "mm", 0, 0, 700, 0) for at in range(makers)]
    street = Street(tuple(venues))
    for at, levels in enumerate(books):
        street.set_book(at, levels, [(999_900, 500)])
    return street


def parent(free: int, *, now: int = 0, deadline: int = 250_000, left: int = 0) -> ParentOrder:
    return ParentOrder(free, left or free, free, "x", TICK, now, deadline)


def beliefs_of(street: Street, learned: Learned | None = None) -> Beliefs:
    return Beliefs(learned or Learned(), "x", street)


def plain_merge(street: Street) -> list[tuple[int, int, int, int]]:
    """All levels of usable lit venues: price, fee, venue, shares; cheapest price first, then cheapest fee."""
    rows = []
    for at, venue in enumerate(street.venues):
        if venue.kind == "lit" and street.is_usable(at):
            for price, shares in street.far[at].tolist():
                if shares == 0:
                    break
                rows.append((price, venue.take, at, shares))
    return sorted(rows, key=lambda row: row[:3])


def plain_sweep_cost(street: Street, shares: int, beyond: float) -> float:
    left, cost, last = shares, 0.0, 0.0
    for price, fee, _, shown in plain_merge(street):
        part = min(left, shown)
        cost += part * (price + fee)
        left -= part
        last = price + fee
    return cost + left * (last + beyond)


def plain_fill(fills: np.ndarray, shares: float) -> float:
    return float(np.interp(shares, kernel.EDGES, fills))


def plain_fill_saves(street: Street, fills: np.ndarray, left: int, price: float, beyond: float) -> float:
    """Share by share: the chance that the source holds it, times what the dearest share left would have cost more."""
    costs = [row[0] + row[1] for row in plain_merge(street) for _ in range(row[3])]
    saved = 0.0
    for share in range(left):
        chance = plain_fill(fills, share + 1) - plain_fill(fills, share)
        depth = left - share
        cost = costs[depth - 1] if depth <= len(costs) else costs[-1] + beyond
        saved += chance * (cost - price)
    return saved
