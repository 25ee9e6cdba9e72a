"""The decision trace as lines for a terminal or a page, and as rows for a table. Decides and works out nothing.

The rows (`steps`) say what each route was given, at what all-in price, and why; then who got nothing: a row a price level taken
from, one for the shares of a child that no shown level covers (they rest, or find nothing), and one for every route left out, with what
resting there would have cost, or the best level it showed on the side taken from.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from rushtrade.dart.explain import DecisionTrace, OrderTrace, SentChild

LEVELS_SHOWN_MAX = 20
"""Levels of one decision that are listed; the rest is counted. `--json` has them all."""


def lines(trace: OrderTrace) -> list[str]:
    """Tell an order's routing, line by line."""
    return list(_lines(trace))


def _lines(trace: OrderTrace) -> Iterator[str]:
    limit = f" at {trace.limit} or better" if trace.limit else ""
    yield (
        f"Order {trace.order_id}: {trace.side} {trace.quantity} {trace.symbol}{limit}, "
        f"{trace.order_type} {trace.time_in_force}, route {trace.route}"
    )
    yield f"  entered {trace.accepted}, quote then {_quote(trace.arrival_bid, trace.arrival_ask)}"
    for number, decision in enumerate(trace.decisions, start=1):
        yield ""
        yield from _decision(number, decision, buys=trace.side == "buy")
    for child in trace.taken_over:
        yield f"  taken over from the order before: {_outcome(child)}"
    yield ""
    average = f" at {trace.average_price} on average" if trace.average_price else ""
    when = f" {trace.ended}" if trace.ended else ""
    yield f"Order {trace.order_id} {trace.ending}{when}"
    yield f"  {trace.filled} of {trace.quantity} shares filled here{average}, venue fees {trace.venue_fees}"


def _decision(number: int, decision: DecisionTrace, *, buys: bool) -> Iterator[str]:
    yield (
        f"Decision {number}, {decision.time}: {decision.strategy}, {decision.wanted} shares "
        f"{'up' if buys else 'down'} to {decision.limit}"
    )
    last = f", last {decision.last}" if decision.last else ""
    yield (
        f"  saw {_quote(decision.bid, decision.ask)} "
        f"({decision.bid_shares} × {decision.ask_shares} shares){last}"
    )
    yield from _considered(decision)
    if decision.seek_money or decision.sweep_money:
        ways = (("asking first", decision.seek_money), ("sweeping at once", decision.sweep_money))
        told = ", ".join(f"{way} {money}" for way, money in ways if money)
        yield f"  weighed for all of it, with fees: {told}"
    if decision.resting_places:
        yield f"  {'':>3}  {'rest at':<8}{'best':>12}{'shares':>9}{'fee':>10}{'weight':>14}  queue ahead"
        for rank, place in enumerate(decision.resting_places, start=1):
            yield (
                f"  {rank:>3}  {place.venue:<8}{place.best or 'none':>12}{place.best_shares:>9}"
                f"{place.make_fee:>10}{place.weight:>14}  {place.queue_ahead}"
            )
    for skip in decision.left_out:
        yield f"  left out {skip.venue}: {skip.sentence}"
    if not decision.children:
        yield "  sent nothing"
        return
    verb = "pay" if buys else "receive"
    if decision.expected_shares:
        yield f"  expected {decision.expected_shares} shares at once, to {verb} {decision.expected_money} with fees"
    for child in decision.children:
        yield f"  sent {_outcome(child)}"
    if decision.filled:
        yield f"  came to {decision.filled} shares, {decision.money} with fees"


def _considered(decision: DecisionTrace) -> Iterator[str]:
    if not decision.considered:
        yield "  no quote to take from"
        return
    yield f"  {'':>3}  {'venue':<8}{'price':>12}{'shares':>9}{'fee':>10}{'all in':>14}"
    for rank, level in enumerate(decision.considered[:LEVELS_SHOWN_MAX], start=1):
        verdict = f"take {level.taken}" if level.taken else "" if level.within_limit else "beyond the limit"
        yield (
            f"  {rank:>3}  {level.venue:<8}{level.price:>12}{level.shares:>9}{level.fee:>10}"
            f"{level.all_in:>14}  {verdict}"
        ).rstrip()
    more = len(decision.considered) - LEVELS_SHOWN_MAX
    if more > 0:
        yield f"       and {more} more levels"


def _outcome(child: SentChild) -> str:
    price = f" @ {child.price}" if child.price else ""
    text = f"{child.venue} {child.shares}{price} {child.time_in_force}{_ASKS.get(child.aim, '')} (token {child.token})"
    if child.filled:
        text += f": filled {child.filled} at {child.average_price}, fee {child.venue_fee}"
        if child.first_fill_after_ns is not None:
            text += f", first after {child.first_fill_after_ns / 1000:.0f} µs"
    if child.unfilled:
        text += f": {child.unfilled} unfilled, {child.reason}"
    if not child.filled and not child.unfilled:
        text += ": working"
    return text


def _quote(bid: str | None, ask: str | None) -> str:
    return f"{bid or 'no bid'} / {ask or 'no offer'}"


_ASKS = {"middle": ", asked for the midpoint", "offer": ", asked for the quote or better"}
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
    if child.aim in _ASKS:
        why = f"shows nothing{_ASKS[child.aim]}"
        return TraceStep(child.venue, "sent", shares, child.price, child.resting_cost, why)
    rests = child.time_in_force in _RESTING_TIMES
    what = "rests" if rests else "beyond what was shown"
    return TraceStep(child.venue, "sent", shares, child.price, child.resting_cost, f"{turn}; {what}")
