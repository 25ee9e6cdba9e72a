"""The house's orders under the strategies that take: the desk's venues as a street, and what a strategy begins as a plan for the journal.

Pure: the strategies are those of `strategies`, the same as behind `dart serve`, and what has been learned is handed in. They say whether to ask, whom and
for how much; what they would only sweep of what is shown is laid out by `sweeping`, in exact integers, and so is what rests. An order that
takes here has no deadline; it has so many asks and so many sweeps.
"""

from __future__ import annotations

import msgspec
import numpy as np

from rushtrade.dart import sweep_kernel as kernel
from rushtrade.dart.desk import RoutingDesk
from rushtrade.dart.lessons import OrderMemory, RoutingMemory
from rushtrade.dart.meeting_kernel import meet
from rushtrade.dart.sequences import class_name
from rushtrade.dart.strategies import (
    ISO,
    SEEKS,
    SWEEPS,
    Beliefs,
    ParentOrder,
    RouteChild,
    RoutePlan,
    is_plain,
    named,
    repeat,
    weigh,
)
from rushtrade.dart.street import NO_PRICE, DeskStreet
from rushtrade.dart.sweeping import SWEEP_ROUNDS_MAX, RouteNeed, plan_sweep
from rushtrade.dart.take_kernel import RUN_COST
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.domain.orders import ROUTE_DART, ROUTE_SEEK, ROUTE_SWEEP, Side, TimeInForce
from rushtrade.domain.plans import Aim, ChildTerms, Plan, Sight, Strategy
from rushtrade.domain.quotes import QuoteStamp

ASKS_MAX = 16
"""Asks one order may make in a day: twice round four pools and four market makers."""
REPEATS_MAX = 16
"""Rounds of a repeat before it rests."""
FOREVER_US = 2**40
"""A deadline that no strategy sees coming."""
TAKING_ROUTES = {ROUTE_DART: SEEKS | SWEEPS, ROUTE_SEEK: SEEKS, ROUTE_SWEEP: SWEEPS}
"""Routes that take by a strategy and rest afterwards, and what each may begin."""

_IOC = TimeInForce.IOC
_BUY = Side.BUY
_SWEEP, _SEEK, _REPEAT = Strategy.SWEEP, Strategy.SEEK, Strategy.REPEAT
_AIMS = {"mid": Aim.MIDDLE, "offer": Aim.OFFER, "sweep": Aim.SHOWN}
_SHOWN = Aim.SHOWN


def plan_taking(
    desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp, routing: RoutingMemory, memory: OrderMemory | None
) -> Plan:
    """Ask or sweep as the need's strategy says; rest as a sweep does when nothing is shown within the limit."""
    street, klass, side = desk.street, class_name(need.equity_class), 1 - need.side
    beliefs = routing.beliefs(street, klass, memory)
    beliefs.market[RUN_COST] = need.tick * beliefs.jump
    street.look_near(stamp, side)
    spent = need.once or (memory is not None and memory.asks >= ASKS_MAX)
    modes = SWEEPS if spent else TAKING_ROUTES[need.route]
    best, best_shares, count, begun, plain = meet(
        stamp.levels,
        desk.sheet,
        desk.state_row(need.equity_class),
        side,
        need.price,
        need.shares,
        street.far,
        street.near,
        street.best_near(),
        street.terms,
        beliefs.sources,
        beliefs.fills,
        beliefs.market,
        street.work,
        need.tick,
        modes,
        beliefs.out,
        beliefs.costs,
    )
    if best >= NO_PRICE:
        return plan_sweep(desk, need, stamp)
    if plain and count and memory is None:
        swept = plan_sweep(desk, need, stamp)
        if swept.expected_shares == need.shares:
            return swept
    order = _order(need, klass)
    if not count:
        modes = SWEEPS
        count, begun = weigh(order, street, beliefs, modes)
        plain = is_plain(street, beliefs, count)
    if plain:
        made = named(order, street, beliefs, "sweep", modes, count, begun)
        seek_money, sweep_money = _moneys(need, made)
        sight = _sight(street, need, made.children, best_shares, memory)
        return msgspec.structs.replace(
            plan_sweep(desk, need, stamp), sight=sight, seek_money=seek_money, sweep_money=sweep_money
        )
    made = named(order, desk.street, beliefs, "sweep", modes, count, begun)
    seeks = not spent and all(child.purpose != "sweep" for child in made.children)
    sight = _sight(desk.street, need, made.children, best_shares, memory)
    return _told(desk, need, stamp, _SEEK if seeks else _SWEEP, made, sight)


def plan_repeat(
    desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp, routing: RoutingMemory, memory: OrderMemory | None
) -> Plan:
    """Take what is shown at the best price; when nothing is within the limit, or the rounds are over, rest."""
    met = _meet(desk, need, stamp, routing, memory) if need.progress < REPEATS_MAX else None
    if met is not None:
        order, beliefs, best_shares = met
        made = repeat(order, desk.street, beliefs)
        if made.children:
            sight = _sight(desk.street, need, made.children, best_shares, memory)
            return _told(desk, need, stamp, _REPEAT, made, sight)
    spent = SWEEP_ROUNDS_MAX + max(need.progress - REPEATS_MAX, 0)
    rest = plan_sweep(desk, msgspec.structs.replace(need, progress=spent), stamp)
    return msgspec.structs.replace(rest, progress=need.progress + 1)


def _meet(
    desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp, routing: RoutingMemory, memory: OrderMemory | None
) -> tuple[ParentOrder, Beliefs, int] | None:
    """Show the street a stamp; return the order as strategies know it, what is believed, and the shares at the best price. None: nothing is shown."""
    street, equity_class = desk.street, need.equity_class
    best, best_shares = street.show(
        stamp, desk.sheet, desk.state_row(equity_class), 1 - need.side, need.price, need.shares
    )
    if best >= NO_PRICE:
        return None
    klass = class_name(equity_class)
    return _order(need, klass), routing.beliefs(street, klass, memory), best_shares


def _order(need: RouteNeed, klass: str) -> ParentOrder:
    shares = need.shares
    return ParentOrder(shares, shares, shares, klass, need.tick, 0, FOREVER_US, steps=need.progress)


def _sight(
    street: DeskStreet,
    need: RouteNeed,
    children: tuple[RouteChild, ...],
    best_shares: int,
    memory: OrderMemory | None,
) -> Sight:
    """Keep what lessons are drawn from when the answers are in."""
    way = 1 if need.side == _BUY else -1
    again = street.shown(memory.depth) if memory is not None and memory.spared else -1
    depth = spared = 0
    sweeps = [child for child in children if child.purpose == "sweep"]
    if sweeps:
        turned = max(child.price for child in sweeps) + need.tick
        spared = max(street.shown(turned) - sum(child.shares for child in sweeps), 0)
        depth = way * turned
    return Sight(way * street.best_far(), best_shares, need.tick, depth, spared, again)


def _told(
    desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp, strategy: Strategy, made: RoutePlan, sight: Sight
) -> Plan:
    """Put what a strategy begins into the words of the journal."""
    side, street = 1 - need.side, desk.street
    way = 1 if need.side == _BUY else -1
    rows = np.array([(child.venue, child.shares, way * child.price) for child in made.children], np.int64)
    count, taken, notional, fees = kernel.account(
        stamp.levels,
        desk.sheet,
        side,
        need.price,
        need.shares,
        desk.state_row(need.equity_class),
        rows,
        len(rows),
        strategy is _SEEK,
    )
    answer = desk.read_answer[count](desk.sheet_bytes)
    skips = tuple(map(desk.skip_table.__getitem__, answer[3 * count :]))
    cost = notional * MONEY_PER_PRICE_SHARE + (fees if side else -fees)
    children = tuple(
        _taking_child(child, way, strategy, street.shown_at(child.venue, child.price))
        for child in made.children
    )
    seek_money, sweep_money = _moneys(need, made)
    progress = need.progress + (strategy is not _SEEK)
    return Plan(strategy, children, skips, cost, taken, progress, sight, seek_money, sweep_money)


def _taking_child(child: RouteChild, way: int, strategy: Strategy, shown: int) -> ChildTerms:
    """Give a child as it is sent; a sweep covers every better quote, at the best price too."""
    aim = _AIMS[child.purpose]
    sweeps = aim is Aim.SHOWN and (strategy is _SWEEP or child.kind == ISO)
    more = shown if aim is Aim.SHOWN and child.shares > shown else 0
    return ChildTerms(child.venue, way * child.price, child.shares, _IOC, 0, False, sweeps, aim, more)


def _moneys(need: RouteNeed, made: RoutePlan) -> tuple[int, int]:
    """Give what seek and sweep were expected to come to, in micro-dollars; costs are in mils a share."""
    costs = dict(made.costs)
    return (
        round(costs.get("seek", 0) * need.shares * MONEY_PER_PRICE_SHARE),
        round(costs.get("sweep", 0) * need.shares * MONEY_PER_PRICE_SHARE),
    )
