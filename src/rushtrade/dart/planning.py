"""DART's decision: one order's need, the desk and the quotes it met, turned into child orders and reasons.

Pure: no clock, no I/O, no chance; the same desk, need, stamp and memories give the same plan, so that a journal replays to the same
bytes. It knows neither the parent order nor its fills: whoever asks says how many shares are wanted, hands back the
`progress` of the order's last plan (0 for the first plan, and again for the first of a new day), and what it remembers.

==================  ==============================================================================================
route               what happens
==================  ==============================================================================================
`ROUTE_DART`        seek or sweep, whichever is expected to cost less; then rest (DAY) where queue and make fee are least
`ROUTE_SEEK`        where liquidity hides first, as long as it is worth it; then as above
`ROUTE_SWEEP`       all that is shown and what may hide at once; then as above
`ROUTE_REPEAT`      what is shown at the best price, again and again; then rest
`ROUTE_SNAPSHOT`    one sweep of what is shown, and no more
`ROUTE_SEQUENCE`    one route at a time, the class's codes left to right, then its punt list
a route's code      that route alone
==================  ==============================================================================================

The strategies that ask are those of `strategies`, the same as behind `dart serve`. What is only shown is laid out by `sweep_kernel`, in exact
integers: the strategies' floats say whether to ask, whom, and for how much. `docs/dart.md` has the rules in full.
"""

from __future__ import annotations

import msgspec
import numpy as np

from rushtrade.dart import sweep_kernel as kernel
from rushtrade.dart.desk import RoutingDesk
from rushtrade.dart.lessons import OrderMemory, RoutingMemory
from rushtrade.dart.sweeping import SWEEP_ROUNDS_MAX, RouteNeed, plan_sweep, refuse_all
from rushtrade.dart.taking import TAKING_ROUTES, plan_repeat, plan_taking
from rushtrade.domain.errors import InvariantBroken
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.domain.orders import (
    ROUTE_DART,
    ROUTE_REPEAT,
    ROUTE_SEQUENCE,
    ROUTE_SNAPSHOT,
    Display,
    Side,
    TimeInForce,
)
from rushtrade.domain.plans import ChildTerms, Plan, Skip, SkipReason, Strategy
from rushtrade.domain.quotes import LEVEL_BYTES, NO_QUOTE, QuoteStamp
from rushtrade.domain.routes import Route

CHILD_SHARES_MAX = 999_999
"""What a venue takes in one order: more is sent in several."""
CHILDREN_MAX = 200
"""Children of one plan: their tokens share a command's 256. What is left waits for the next plan."""
LAST_RESTS_MAX = 4
"""Times an order that has gone through its whole sequence may rest at the last usable route."""

_DAY, _IOC, _FOK = TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK
_BUY = Side.BUY
_BY_SEQUENCE, _DIRECT, _SNAPSHOT = Strategy.SEQUENCE, Strategy.DIRECT, Strategy.SNAPSHOT
_NAMED = frozenset((*TAKING_ROUTES, ROUTE_SNAPSHOT, ROUTE_REPEAT))
_NOT_CHOSEN, _ALREADY_TRIED = int(SkipReason.NOT_CHOSEN), int(SkipReason.ALREADY_TRIED)
_ROUNDS_SPENT, _TOO_SMALL = int(SkipReason.ROUNDS_SPENT), int(SkipReason.TOO_SMALL)

_UNTAUGHT = RoutingMemory()
"""Of who has learned nothing."""


def load_kernels(desk: RoutingDesk) -> None:
    """Bring the compiled kernels into the process, so that the first order finds them ready."""
    plan(desk, RouteNeed(1, Side.BUY, 1, 1, may_rest=True, whole=False), NO_QUOTE)
    for venue in range(len(desk.routes)):
        levels = np.array([venue * 2 + 1, 2, 1, venue * 2, 1, 1], np.int64).tobytes()
        shown = QuoteStamp(0, 1, 1, 2, 1, 0, levels)
        for equity_class, route in (
            (one.equity_class, route) for one in desk.sequences() for route in TAKING_ROUTES
        ):
            plan(
                desk, RouteNeed(equity_class, Side.BUY, 2, 2, may_rest=False, whole=False, route=route), shown
            )


def plan(
    desk: RoutingDesk,
    need: RouteNeed,
    stamp: QuoteStamp,
    routing: RoutingMemory = _UNTAUGHT,
    memory: OrderMemory | None = None,
) -> Plan:
    """Plan the children of a need on the quotes of a stamp. A plan without children ends the order.

    `routing` is what has been learned, `memory` what this order remembers; neither is changed.
    """
    if need.shares <= 0 or need.price <= 0 or (need.whole and need.may_rest):
        raise InvariantBroken(f"a need has shares and a price, and rests or is whole, never both: {need}")
    if len(stamp.levels) % LEVEL_BYTES:
        raise InvariantBroken(
            f"a stamp's levels are whole rows of {LEVEL_BYTES} bytes, not {len(stamp.levels)} bytes"
        )
    made = _plan_by_route(desk, need, stamp, routing, memory)
    return made if need.shares <= CHILD_SHARES_MAX else _in_slices(desk, need, made)


def _plan_by_route(
    desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp, routing: RoutingMemory, memory: OrderMemory | None
) -> Plan:
    route = need.route
    if route == ROUTE_SEQUENCE:
        return _plan_step(desk, need, stamp)
    if need.whole and route in _NAMED:
        return plan_sweep(desk, need, stamp)
    if route in TAKING_ROUTES:
        asks = desk.hides(need.equity_class) or route != ROUTE_DART
        if asks and need.progress < SWEEP_ROUNDS_MAX:
            return plan_taking(desk, need, stamp, routing, memory)
        return plan_sweep(desk, need, stamp)
    if route == ROUTE_SNAPSHOT:
        return _plan_snapshot(desk, need, stamp)
    if route == ROUTE_REPEAT:
        return plan_repeat(desk, need, stamp, routing, memory)
    return _plan_direct(desk, need, stamp)


def _in_slices(desk: RoutingDesk, need: RouteNeed, made: Plan) -> Plan:
    """Cut children that are larger than a venue takes."""
    if need.whole:
        skips = refuse_all(desk, need.equity_class, _TOO_SMALL)
        return msgspec.structs.replace(made, children=(), skips=skips, expected_cost=0, expected_shares=0)
    slices: list[ChildTerms] = []
    for child in made.children:
        left = child.shares
        while left > 0 and len(slices) < CHILDREN_MAX:
            part = min(left, CHILD_SHARES_MAX)
            slices.append(
                msgspec.structs.replace(
                    child,
                    shares=part,
                    display_shares=min(child.display_shares, part),
                    shown=min(child.shown, part),
                )
            )
            left -= part
    return msgspec.structs.replace(made, children=tuple(slices))


def _plan_snapshot(desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp) -> Plan:
    """Sweep what is shown, once."""
    if need.progress:
        skips = refuse_all(desk, need.equity_class, _ROUNDS_SPENT)
        return Plan(_SNAPSHOT, (), skips, 0, 0, need.progress + 1)
    made = plan_sweep(desk, msgspec.structs.replace(need, may_rest=False), stamp)
    return msgspec.structs.replace(made, strategy=_SNAPSHOT)


def _plan_step(desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp) -> Plan:
    """Take the next usable step of the class's sequence and punt list; `progress` counts the steps gone by."""
    equity_class = need.equity_class
    steps, states = desk.steps(equity_class), desk.states(equity_class)
    count = len(steps)
    at = need.progress
    waits = need.may_rest and not _is_marketable(need, stamp)
    while at < count and (states[steps[at]] or not _takes(desk.routes[steps[at]], need, rests=waits)):
        at += 1
    if at >= count:
        return _plan_last_rest(desk, need, stamp)
    venue = steps[at]
    is_last = all(states[later] for later in steps[at + 1 :])
    rests = need.may_rest and (waits or is_last) and _takes(desk.routes[venue], need, rests=True)
    child = _child(need, venue, rests=rests)
    taken, cost = _estimate(desk, need, stamp, venue)
    skips = _with_type_not_taken(desk, need, desk.sequence_skips(equity_class, at, venue), rests=rests)
    return Plan(_BY_SEQUENCE, (child,), skips, cost, taken, at + 1)


def _takes(route: Route, need: RouteNeed, *, rests: bool) -> bool:
    """Whether a route takes the child a need would send it; one whose venue names nothing takes all."""
    sent = _DAY if rests else _FOK if need.whole else _IOC
    if route.times_in_force and sent not in route.times_in_force:
        return False
    shown = Display.HIDDEN if need.hidden else Display.RESERVE if need.display_shares else Display.DISPLAYED
    return not (rests and route.displays and shown not in route.displays)


def _with_type_not_taken(
    desk: RoutingDesk, need: RouteNeed, skips: tuple[Skip, ...], *, rests: bool
) -> tuple[Skip, ...]:
    """Say of routes that were passed over for what they take that this was why."""
    if all(
        _takes(desk.routes[skip.venue], need, rests=rests) for skip in skips if skip.reason == _ALREADY_TRIED
    ):
        return skips
    return tuple(
        desk.skip(skip.venue, SkipReason.TYPE_NOT_TAKEN)
        if skip.reason == _ALREADY_TRIED and not _takes(desk.routes[skip.venue], need, rests=rests)
        else skip
        for skip in skips
    )


def _plan_last_rest(desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp) -> Plan:
    """Rest at the last usable route of a sequence that has been gone through, a bounded number of times."""
    equity_class, progress = need.equity_class, need.progress
    steps, states = desk.steps(equity_class), desk.states(equity_class)
    usable = [venue for venue in steps if not states[venue] and _takes(desk.routes[venue], need, rests=True)]
    rests_so_far = max(progress - len(steps), 0)
    if not (need.may_rest and usable and rests_so_far < LAST_RESTS_MAX):
        return Plan(_BY_SEQUENCE, (), desk.sequence_skips(equity_class, len(steps), -1), 0, 0, progress)
    venue = usable[-1]
    taken, cost = _estimate(desk, need, stamp, venue)
    skips = desk.sequence_skips(equity_class, len(steps), venue)
    return Plan(
        _BY_SEQUENCE, (_child(need, venue, rests=True),), skips, cost, taken, max(progress, len(steps)) + 1
    )


def _plan_direct(desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp) -> Plan:
    """Send all to the one route the customer named, once."""
    venue = desk.route_named(need.route)
    if venue is None:
        raise InvariantBroken(f"an accepted order names a route of the desk, not {need.route!r}")
    state = desk.states(need.equity_class)[venue]
    skips = tuple(desk.skip(other, _NOT_CHOSEN) for other in range(len(desk.routes)) if other != venue)
    if state or need.progress:
        why = desk.skip(venue, state or _ALREADY_TRIED)
        return Plan(_DIRECT, (), (*skips[:venue], why, *skips[venue:]), 0, 0, need.progress + 1)
    taken, cost = _estimate(desk, need, stamp, venue)
    return Plan(_DIRECT, (_child(need, venue, rests=need.may_rest),), skips, cost, taken, 1)


def _child(need: RouteNeed, venue: int, *, rests: bool) -> ChildTerms:
    """Give the child for all shares at one venue; only what rests is shown in part or hidden."""
    if rests:
        return ChildTerms(venue, need.price, need.shares, _DAY, need.display_shares, need.hidden)
    return ChildTerms(venue, need.price, need.shares, _FOK if need.whole else _IOC)


def _is_marketable(need: RouteNeed, stamp: QuoteStamp) -> bool:
    """Whether the best quote of the other side is within the limit."""
    if need.side == _BUY:
        return 0 < stamp.ask <= need.price
    return stamp.bid >= need.price


def _estimate(desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp, venue: int) -> tuple[int, int]:
    """Return the shares one venue shows within the limit, and their all-in money."""
    side, state_row = 1 - need.side, desk.state_row(need.equity_class)
    _, _, taken, notional, fees = kernel.decide(
        stamp.levels, desk.sheet, side, need.price, need.shares, state_row, kernel.ESTIMATE, venue
    )
    if need.whole and taken < need.shares:
        return 0, 0
    return taken, notional * MONEY_PER_PRICE_SHARE + (fees if side else -fees)
