"""An order planned again on the books of its stamp, plan after plan, until it rests, is done, or gives up.

Two families of strategies, one question. Those of `dart.planning` (``DART``, ``SEQUENCE``) are the house's own: they read the desk as it stood. Those of
`dart.strategies` (``snapshot``, ``repeat``, ``sweep``, ``seek``, ``best``) are asked with nothing learned, because a stamp tells nothing of what venues hide: of them, too, only what takes
what was shown is priced. They split orders, so one that must be filled as a whole goes the way of ``DART`` under any of them.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from rushtrade.dart.desk import RoutingDesk
from rushtrade.dart.learned import Learned
from rushtrade.dart.planning import RouteNeed, plan
from rushtrade.dart.strategies import TAKING, Beliefs, ParentOrder
from rushtrade.dart.street import LIT, Street, VenueTerms
from rushtrade.domain.orders import ROUTE_DART, ROUTE_SEQUENCE, Side, TimeInForce
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.quality.shown import ShownBook, Take

PLANS_MAX = 64
"""Plans of one order: twice what any strategy makes of books that nobody else touches."""
TIME_US = 250_000
"""Time a strategy that looks at the clock is given, as the routing bench gives it."""
TICK = 100
STEP_US = 1_000
"""From one plan to the next where a plan names no time."""

Planner = Callable[[RoutingDesk, RouteNeed, ShownBook], list[Take]]


def by_desk(desk: RoutingDesk, need: RouteNeed, book: ShownBook) -> list[Take]:
    """Plan as the house plans, sending what comes back again, until it would rest or end."""
    taken: list[Take] = []
    for _ in range(PLANS_MAX):
        made = plan(desk, need, book.stamp())
        left, rests = need.shares, False
        for child in made.children:
            rests = rests or child.time_in_force is TimeInForce.DAY
            if child.time_in_force is TimeInForce.FOK and book.shown(child.venue, child.price) < child.shares:
                continue
            found = book.take(child.venue, child.price, child.shares)
            taken += found
            left -= sum(take.shares for take in found)
        if not made.children or rests or left <= 0:
            break
        need = msgspec.structs.replace(need, shares=left, progress=made.progress)
    return taken


def by_strategy(name: str) -> Planner:
    """Give the planner of a strategy of `dart.strategies`."""
    strategy = TAKING[name]

    def planner(desk: RoutingDesk, need: RouteNeed, book: ShownBook) -> list[Take]:
        if need.whole:
            return by_desk(desk, msgspec.structs.replace(need, route=ROUTE_DART), book)
        street = _street(desk, need, book)
        beliefs = Beliefs(Learned(), "all", street)
        taken: list[Take] = []
        now_us, left, steps = 0, need.shares, 0
        for _ in range(PLANS_MAX):
            if left <= 0 or now_us > TIME_US:
                break
            _show(street, desk, need, book)
            order = ParentOrder(need.shares, left, left, "all", TICK, now_us, TIME_US, steps=steps)
            made = strategy(order, street, beliefs)
            for child in made.children:
                price = child.price if need.side is Side.BUY else -child.price
                found = book.take(child.venue, _within(price, need), child.shares)
                taken += found
                left -= sum(take.shares for take in found)
            steps += bool(made.children)
            if not made.children and made.wake_us is None:
                break
            now_us = max(made.wake_us or 0, now_us + STEP_US)
        return taken

    return planner


def planners() -> dict[str, Planner]:
    """Give every strategy that takes, by its name."""
    found: dict[str, Planner] = {ROUTE_DART: by_desk, ROUTE_SEQUENCE: by_desk}
    found.update((name, by_strategy(name)) for name in TAKING if name != "sequence")
    return found


def completed(desk: RoutingDesk, need: RouteNeed, book: ShownBook, taken: list[Take]) -> list[Take]:
    """Take what a plan left of what was shown within the limit, the cheapest first: so all plans are priced over the same shares."""
    left = need.shares - sum(take.shares for take in taken)
    if left <= 0 or need.whole:
        return []
    rest = msgspec.structs.replace(need, shares=left, route=ROUTE_DART, may_rest=False, progress=0)
    return by_desk(desk, rest, book)


def as_seen(stamp: QuoteStamp, side: Side) -> ShownBook:
    """Give fresh books of a stamp."""
    return ShownBook(stamp, side)


def _street(desk: RoutingDesk, need: RouteNeed, book: ShownBook) -> Street:
    """Make the street of the desk: every venue lit, because a stamp shows quotes only; closed ones are switched off."""
    street = Street(
        tuple(
            VenueTerms(route.code, LIT, route.take_mils, route.make_mils, route.latency_ns // 1_000, 0)
            for route in desk.routes
        )
    )
    for venue, state in enumerate(desk.states(need.equity_class)):
        street.switch(venue, usable=not state)
    _show(street, desk, need, book)
    return street


def _show(street: Street, desk: RoutingDesk, need: RouteNeed, book: ShownBook) -> None:
    """Write what is left within the limit into the street, its prices turned for a sale."""
    way = 1 if need.side is Side.BUY else -1
    for route in desk.routes:
        far = [
            (way * price, shares)
            for price, shares in book.levels(route.venue)
            if price > 0 and way * (need.price - price) >= 0
        ]
        near = [(way * price, shares) for price, shares in book.near_levels(route.venue) if price > 0]
        street.set_book(route.venue, far, near)


def _within(price: int, need: RouteNeed) -> int:
    return min(price, need.price) if need.side is Side.BUY else max(price, need.price)
