"""DART's decision: one order's need, the desk and the quotes it met, turned into child orders and reasons.

Pure: no clock, no I/O, no chance; the same desk, need and stamp give the same plan, so that a journal replays to the same
bytes. It knows neither the parent order nor its fills: whoever asks says how many shares are wanted and hands back the
`progress` of the order's last plan (0 for the first plan, and again for the first of a new day).

===============  =================================================================================================
route            what happens
===============  =================================================================================================
`ROUTE_DART`     sweep every usable venue by price + fee, IOC; then rest (DAY) where queue and make fee are least
`ROUTE_SEQUENCE` one route at a time, the class's codes left to right, then its punt list
a route's code   that route alone
===============  =================================================================================================

`docs/dart.md` has the rules in full.
"""

from __future__ import annotations

from itertools import repeat

import msgspec

from rushtrade.dart import sweep_kernel as kernel
from rushtrade.dart.desk import RoutingDesk
from rushtrade.domain.errors import InvariantBroken
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.domain.orders import ROUTE_DART, ROUTE_SEQUENCE, Side, TimeInForce
from rushtrade.domain.plans import ChildTerms, Plan, Skip, SkipReason, Strategy
from rushtrade.domain.quotes import LEVEL_BYTES, NO_QUOTE, QuoteStamp

SWEEP_ROUNDS_MAX = 4
"""Sweeps one order may make: quotes that have run four times are not worth a fifth chase."""
PLANS_MAX = 8
"""Plans one order may get in a day, sweeps and rests together: venues that send it back every time end it."""
LAST_RESTS_MAX = 4
"""Times an order that has gone through its whole sequence may rest at the last usable route."""

_DAY, _IOC, _FOK = TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK
_BUY = Side.BUY
_SWEEP, _POST, _BY_SEQUENCE, _DIRECT = Strategy.SWEEP, Strategy.POST, Strategy.SEQUENCE, Strategy.DIRECT
_NOT_CHOSEN, _ALREADY_TRIED = int(SkipReason.NOT_CHOSEN), int(SkipReason.ALREADY_TRIED)
_ROUNDS_SPENT = int(SkipReason.ROUNDS_SPENT)


class RouteNeed(msgspec.Struct, frozen=True, gc=False):
    """What is to be routed. `price` bounds every child (a market order's collar), in $0.0001, never 0.

    `may_rest`: what cannot be taken may stand in a book (DAY, GTC). `whole`: all at once or nothing (FOK).
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


def load_kernels(desk: RoutingDesk) -> None:
    """Bring the compiled kernel into the process, so that the first order finds it ready."""
    plan(desk, RouteNeed(1, Side.BUY, 1, 1, may_rest=True, whole=False), NO_QUOTE)


def plan(desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp) -> Plan:
    """Plan the children of a need on the quotes of a stamp. A plan without children ends the order."""
    if need.shares <= 0 or need.price <= 0 or (need.whole and need.may_rest):
        raise InvariantBroken(f"a need has shares and a price, and rests or is whole, never both: {need}")
    if len(stamp.levels) % LEVEL_BYTES:
        raise InvariantBroken(
            f"a stamp's levels are whole rows of {LEVEL_BYTES} bytes, not {len(stamp.levels)} bytes"
        )
    if need.route == ROUTE_DART:
        return _plan_sweep(desk, need, stamp)
    if need.route == ROUTE_SEQUENCE:
        return _plan_step(desk, need, stamp)
    return _plan_direct(desk, need, stamp)


def _plan_sweep(desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp) -> Plan:
    """Sweep by all-in cost; rest what is left when nothing can be taken."""
    progress = need.progress
    if need.whole:
        mode = kernel.WHOLE
    elif progress < SWEEP_ROUNDS_MAX:
        mode = kernel.SWEEP_OR_REST if need.may_rest else kernel.SWEEP
    else:
        mode = kernel.REST
    if progress >= (PLANS_MAX if need.may_rest else SWEEP_ROUNDS_MAX):
        return Plan(_SWEEP, (), _refuse_all(desk, need.equity_class, _ROUNDS_SPENT), 0, 0, progress + 1)
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
        )
    )
    return Plan(_SWEEP, children, skips, cost, taken, progress + 1)


def _plan_step(desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp) -> Plan:
    """Take the next usable step of the class's sequence and punt list; `progress` counts the steps gone by."""
    equity_class = need.equity_class
    steps, states = desk.steps(equity_class), desk.states(equity_class)
    count = len(steps)
    at = need.progress
    while at < count and states[steps[at]]:
        at += 1
    if at >= count:
        return _plan_last_rest(desk, need, stamp)
    venue = steps[at]
    is_last = all(states[later] for later in steps[at + 1 :])
    rests = need.may_rest and (is_last or not _is_marketable(need, stamp))
    child = _child(need, venue, rests=rests)
    taken, cost = _estimate(desk, need, stamp, venue)
    return Plan(_BY_SEQUENCE, (child,), desk.sequence_skips(equity_class, at, venue), cost, taken, at + 1)


def _plan_last_rest(desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp) -> Plan:
    """Rest at the last usable route of a sequence that has been gone through, a bounded number of times."""
    equity_class, progress = need.equity_class, need.progress
    steps, states = desk.steps(equity_class), desk.states(equity_class)
    usable = [venue for venue in steps if not states[venue]]
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


def _refuse_all(desk: RoutingDesk, equity_class: int, reason: int) -> tuple[Skip, ...]:
    """Leave every route out: for its own reason where it has one, else for `reason`."""
    states = desk.states(equity_class)
    return tuple(desk.skip(venue, state or reason) for venue, state in enumerate(states))
