"""An order planned again on the books of its stamp, plan after plan, until it rests, is done, or gives up.

Strategies are the house's own, planned by the very function that plans its orders, on the desk as it stood and with what the house had learned when
the order came. Only what takes what was shown is priced: an ask of a route that shows nothing is taken for unanswered, because a stamp tells nothing of
what it held.
"""

from __future__ import annotations

import msgspec

from rushtrade.dart.desk import RoutingDesk
from rushtrade.dart.lessons import OrderMemory, RoutingMemory
from rushtrade.dart.planning import plan
from rushtrade.dart.sweeping import RouteNeed
from rushtrade.domain.orders import ROUTE_DART, Side, TimeInForce
from rushtrade.domain.plans import Aim
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.quality.shown import ShownBook, Take

PLANS_MAX = 64
"""Plans of one order: twice what any strategy makes of books that nobody else touches."""


def by_desk(desk: RoutingDesk, need: RouteNeed, book: ShownBook, routing: RoutingMemory) -> list[Take]:
    """Plan as the house plans, sending what comes back again, until it would rest or end."""
    taken: list[Take] = []
    memory = OrderMemory("")
    for _ in range(PLANS_MAX):
        made = plan(desk, need, book.stamp(), routing, memory)
        left, rests = need.shares, False
        for child in made.children:
            rests = rests or child.time_in_force is TimeInForce.DAY
            if child.time_in_force is TimeInForce.FOK and book.shown(child.venue, child.price) < child.shares:
                continue
            if child.aim is not Aim.SHOWN:
                memory.note(child.venue, child.aim, child.shares, 0)
                memory.asks += 1
                continue
            found = book.take(child.venue, child.price, child.shares)
            taken += found
            left -= sum(take.shares for take in found)
        if not made.children or rests or left <= 0 or need.once:
            break
        need = msgspec.structs.replace(need, shares=left, progress=made.progress)
    return taken


def completed(desk: RoutingDesk, need: RouteNeed, book: ShownBook, taken: list[Take]) -> list[Take]:
    """Take what a plan left of what was shown within the limit, the cheapest first: so all plans are priced over the same shares."""
    left = need.shares - sum(take.shares for take in taken)
    if left <= 0 or need.whole:
        return []
    rest = msgspec.structs.replace(need, shares=left, route=ROUTE_DART, may_rest=False, progress=0)
    return by_desk(desk, rest, book, RoutingMemory())


def as_seen(stamp: QuoteStamp, side: Side) -> ShownBook:
    """Give fresh books of a stamp."""
    return ShownBook(stamp, side)
