"""The decision trace as rows for a table: what each route was given, at what all-in price, and why; then who got nothing.

A row a price level taken from, one for the shares of a child that no shown level covers (they rest, or find nothing), and
one for every route left out: what resting there would have cost, or the best level it showed on the side taken from.
Decides and works out nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from rushtrade.dart.explain import DecisionTrace, OrderTrace, SentChild

_RESTING_TIMES = frozenset({"DAY", "GTC"})
_TURNS = {
    "sequence": "its turn in the sequence",
    "direct": "the route that the order names",
    "post": "least make fee and queue to rest at",
}


class TraceStep(msgspec.Struct, frozen=True):
    """One route in one decision. `cost` is the all-in price of a share: price and fee, as decimal text."""

    route: str
    action: str
    """"sent" or "skipped"."""
    quantity: int
    price: str | None
    cost: str | None
    why: str


def steps(trace: OrderTrace) -> list[TraceStep]:
    """List the rows of all decisions, in the order in which they were taken."""
    several = len(trace.decisions) > 1
    return [
        msgspec.structs.replace(step, why=f"decision {number}: {step.why}") if several else step
        for number, decision in enumerate(trace.decisions, start=1)
        for step in _steps(decision)
    ]


def _steps(decision: DecisionTrace) -> Iterator[TraceStep]:
    taken = [level for level in decision.considered if level.taken]
    for rank, level in enumerate(taken):
        why = _TURNS.get(decision.strategy) or f"{'next ' if rank else ''}best price after fee"
        yield TraceStep(level.venue, "sent", level.taken, level.price, level.all_in, why)
    for child in decision.children:
        rest = child.shares - sum(level.taken for level in taken if level.venue == child.venue)
        if rest > 0:
            yield _uncovered(child, rest, decision.strategy)
    prices = _prices(decision)
    for skip in decision.left_out:
        price, cost = prices.get(skip.venue, (None, None))
        yield TraceStep(skip.venue, "skipped", 0, price, cost, skip.sentence)


def _prices(decision: DecisionTrace) -> dict[str, tuple[str, str]]:
    """Give the price and all-in price by venue: of resting there when that was weighed, else of the best level shown."""
    if decision.resting_places:
        return {place.venue: (decision.limit, place.all_in) for place in decision.resting_places}
    best: dict[str, tuple[str, str]] = {}
    for level in decision.considered:
        best.setdefault(level.venue, (level.price, level.all_in))
    return best


def _uncovered(child: SentChild, shares: int, strategy: str) -> TraceStep:
    """Give the row of shares that no shown level covers."""
    turn = _TURNS.get(strategy) or "its part of the sweep"
    rests = child.time_in_force in _RESTING_TIMES
    what = "rests" if rests else "beyond what was shown"
    return TraceStep(child.venue, "sent", shares, child.price, child.resting_cost, f"{turn}; {what}")
