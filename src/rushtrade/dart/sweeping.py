"""What is shown, taken by all-in cost in exact integers; and where what cannot be taken rests. Nothing is asked that shows nothing.

Pure. `RouteNeed` is how whoever plans an order says what is wanted. A sweep takes the cheapest levels within the limit, one child a venue; when nothing can
be taken the need rests, if it may, where make fee and queue weigh least. The arithmetic is `sweep_kernel`.
"""

from __future__ import annotations

from itertools import repeat

import msgspec

from rushtrade.dart import sweep_kernel as kernel
from rushtrade.dart.desk import RoutingDesk
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.domain.orders import ROUTE_DART, Side, TimeInForce
from rushtrade.domain.plans import ChildTerms, Plan, Skip, SkipReason, Strategy
from rushtrade.domain.quotes import QuoteStamp

SWEEP_ROUNDS_MAX = 4
"""Sweeps one order may make: quotes that have run four times are not worth a fifth chase."""
PLANS_MAX = 8
"""Plans one order may get in a day, sweeps and rests together: venues that send it back every time end it."""

_DAY, _IOC, _FOK = TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK
_SWEEP, _POST = Strategy.SWEEP, Strategy.POST
_ROUNDS_SPENT = int(SkipReason.ROUNDS_SPENT)


class RouteNeed(msgspec.Struct, frozen=True, gc=False):
    """What is to be routed. `price` bounds every child (a market order's collar), in $0.0001, never 0.

    `may_rest`: what cannot be taken may stand in a book (DAY, GTC). `whole`: all at once or nothing (FOK). `once`: one plan and no
    more (IOC). `tick` is the smallest step of its price.
    """

    equity_class: int
    side: Side
    shares: int
    price: int
    may_rest: bool
    whole: bool
    route: str = ROUTE_DART
    display_shares: int = 0
    hidden: bool = False
    progress: int = 0
    once: bool = False
    tick: int = 100


def plan_sweep(desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp) -> Plan:
    """Sweep what is shown by all-in cost; rest what is left when nothing can be taken."""
    progress = need.progress
    if need.whole:
        mode = kernel.WHOLE
    elif progress < SWEEP_ROUNDS_MAX:
        mode = kernel.SWEEP_OR_REST if need.may_rest else kernel.SWEEP
    else:
        mode = kernel.REST
    if progress >= (PLANS_MAX if need.may_rest else SWEEP_ROUNDS_MAX):
        return Plan(_SWEEP, (), refuse_all(desk, need.equity_class, _ROUNDS_SPENT), 0, 0, progress + 1)
    side = 1 - need.side
    count, rests, taken, notional, fees = kernel.decide(
        stamp.levels, desk.sheet, side, need.price, need.shares, desk.state_row(need.equity_class), mode, -1
    )
    answer = desk.read_answer[count](desk.sheet_bytes)
    skips = tuple(map(desk.skip_table.__getitem__, answer[3 * count :]))
    cost = notional * MONEY_PER_PRICE_SHARE + (fees if side else -fees)
    if rests:
        child = ChildTerms(answer[0], need.price, need.shares, _DAY, need.display_shares, need.hidden)
        return Plan(_POST, (child,), skips, cost, taken, progress + 1)
    children = tuple(
        map(
            ChildTerms,
            answer[:count],
            answer[count : 2 * count],
            answer[2 * count : 3 * count],
            repeat(_FOK if need.whole else _IOC),
            repeat(0),
            repeat(False),
            repeat(not need.whole),
        )
    )
    return Plan(_SWEEP, children, skips, cost, taken, progress + 1)


def refuse_all(desk: RoutingDesk, equity_class: int, reason: int) -> tuple[Skip, ...]:
    """Leave every route out: for its own reason where it has one, else for `reason`."""
    states = desk.states(equity_class)
    return tuple(desk.skip(venue, state or reason) for venue, state in enumerate(states))
