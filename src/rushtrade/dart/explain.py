"""The decision trace: why an order went where it went, what that was expected to cost, and what it did cost.

Takes an `OrderStory` and the route table, gives plain data for people and programs (`msgspec.to_builtins` makes it JSON):
prices and money are decimal text, shares and times integers. It decides nothing; the all-in prices are worked out again from
the stamp and the fees by the same rule as in `sweep_kernel`.
"""

from __future__ import annotations

import struct

import msgspec

from rushtrade.dart.story import ChildStory, Decision, OrderStory
from rushtrade.dart.sweep_kernel import SHARE_AHEAD
from rushtrade.domain.instants import format_instant
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE, PRICE_UNIT, format_money, format_price
from rushtrade.domain.orders import OrderType, Side, TimeInForce
from rushtrade.domain.plans import Aim, SkipReason, Strategy
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.domain.routes import MILLION, Route

_LEVEL = struct.Struct("<3q")

SENTENCES = {
    SkipReason.DISABLED: "the route is switched off",
    SkipReason.LINK_DOWN: "the venue cannot be reached",
    SkipReason.NOT_IN_SEQUENCE: "stands in neither sequence nor punt list",
    SkipReason.NO_KNOWN_BOOK: "its book was not known",
    SkipReason.NO_LIQUIDITY_WITHIN_LIMIT: "showed nothing within the limit",
    SkipReason.FILLED_CHEAPER_ELSEWHERE: "the shares were to be had for less elsewhere",
    SkipReason.ALREADY_TRIED: "its turn has passed",
    SkipReason.TYPE_NOT_TAKEN: "does not take this type of order",
    SkipReason.NOT_CHOSEN: "another route was chosen",
    SkipReason.LATER_IN_SEQUENCE: "its turn comes later in the sequence",
    SkipReason.NOT_LEGAL: "does not take this class of shares",
    SkipReason.DISABLED_WITHIN_LIMIT: "the route is switched off, although it shows a quote within the limit",
    SkipReason.LINK_DOWN_WITHIN_LIMIT: "the venue cannot be reached, although it shows a quote within the limit",
    SkipReason.ROUNDS_SPENT: "the order has had all its rounds",
    SkipReason.TOO_SMALL: "showed only a part of what must be filled as a whole",
    SkipReason.UNHEALTHY: "unhealthy: it does not answer, refuses, or answers late",
    SkipReason.UNHEALTHY_WITHIN_LIMIT: "unhealthy (it does not answer, refuses, or answers late), although it shows a quote within the limit",
    SkipReason.NOT_ASKED: "shows nothing, and asking it was not expected to save anything",
}
"""Why a route got nothing, as the desk says it."""

_RESTING_TIMES = frozenset({TimeInForce.DAY, TimeInForce.GTC})
_WEIGHED = frozenset({SkipReason.NOT_CHOSEN, SkipReason.NO_KNOWN_BOOK, SkipReason.ROUNDS_SPENT})


class ConsideredLevel(msgspec.Struct, frozen=True):
    """One level of the side taken from. `all_in` is price and take fee of one share; `taken` what the plan wanted of it."""

    venue: str
    price: str
    shares: int
    fee: str
    all_in: str
    within_limit: bool
    taken: int


class RestingPlace(msgspec.Struct, frozen=True):
    """A venue an order could rest at: its best quote on the order's own side, and what resting there weighs.

    `queue_ahead` are shares shown at the order's price or better; `weight` is make fee plus queue, in dollars a share;
    `all_in` is the order's price and the make fee of one share.
    """

    venue: str
    best: str | None
    best_shares: int
    queue_ahead: int
    make_fee: str
    weight: str
    all_in: str


class SentChild(msgspec.Struct, frozen=True):
    """One child order and what became of it. No `price`: an order before this one gave it.

    `resting_cost` is price and make fee of one share, of a child that may rest.
    """

    token: int
    venue: str
    shares: int
    price: str | None
    time_in_force: str
    filled: int
    average_price: str | None
    venue_fee: str
    first_fill_after_ns: int | None
    unfilled: int
    reason: str
    resting_cost: str | None
    aim: str = "shown"
    """What it was sent for: "shown", "middle" (a pool's midpoint) or "offer" (a market maker's answer)."""


class LeftOut(msgspec.Struct, frozen=True):
    """A route that got nothing: the reason's name, and a sentence."""

    venue: str
    reason: str
    sentence: str


class DecisionTrace(msgspec.Struct, frozen=True):
    """One decision: quotes seen, levels in the order of their cost, choice, expectation, outcome. Money is all-in."""

    time: str
    strategy: str
    wanted: int
    limit: str
    bid: str | None
    bid_shares: int
    ask: str | None
    ask_shares: int
    last: str | None
    considered: tuple[ConsideredLevel, ...]
    resting_places: tuple[RestingPlace, ...]
    """Least weight first; a venue whose book was not known comes last."""
    children: tuple[SentChild, ...]
    left_out: tuple[LeftOut, ...]
    expected_shares: int
    expected_money: str
    filled: int
    money: str
    seek_money: str | None = None
    sweep_money: str | None = None
    """What asking first, and sweeping at once, were expected to come to for all shares wanted, all in; None: not weighed."""


class OrderTrace(msgspec.Struct, frozen=True):
    """The whole explanation of one order."""

    order_id: int
    client_order_id: str
    symbol: str
    side: str
    quantity: int
    order_type: str
    time_in_force: str
    limit: str | None
    route: str
    accepted: str
    arrival_bid: str | None
    arrival_ask: str | None
    decisions: tuple[DecisionTrace, ...]
    taken_over: tuple[SentChild, ...]
    """Children that the order before this one had sent."""
    filled: int
    average_price: str | None
    venue_fees: str
    ending: str
    ended: str | None


def explain(story: OrderStory, routes: tuple[Route, ...]) -> OrderTrace:
    """Explain an order from its story."""
    terms = story.terms
    planned = {
        decision.first_token + number
        for decision in story.decisions
        for number in range(len(decision.plan.children))
    }
    children = story.children.values()
    return OrderTrace(
        order_id=story.order_id,
        client_order_id=story.client_order_id,
        symbol=story.symbol,
        side=terms.side.name.lower(),
        quantity=terms.quantity,
        order_type=OrderType(terms.order_type).name.lower(),
        time_in_force=terms.time_in_force.name,
        limit=_price(terms.limit_price),
        route=terms.route,
        accepted=format_instant(story.accepted_ns),
        arrival_bid=_price(story.arrival_bid),
        arrival_ask=_price(story.arrival_ask),
        decisions=tuple(_explain_decision(story, decision, routes) for decision in story.decisions),
        taken_over=tuple(
            _sent(child, routes, terms.side) for child in children if child.token not in planned
        ),
        filled=sum(child.filled for child in children),
        average_price=_average(
            sum(child.notional for child in children), sum(child.filled for child in children)
        ),
        venue_fees=format_money(sum(child.venue_fee for child in children)),
        ending=story.ending or "still open",
        ended=format_instant(story.ended_ns) if story.ended_ns else None,
    )


def _explain_decision(story: OrderStory, decision: Decision, routes: tuple[Route, ...]) -> DecisionTrace:
    plan, stamp, side = decision.plan, decision.stamp, story.terms.side
    first = decision.first_token
    children = [story.children[first + number] for number in range(len(plan.children))]
    notional = sum(child.notional for child in children) * MONEY_PER_PRICE_SHARE
    fees = sum(child.venue_fee for child in children)
    return DecisionTrace(
        time=format_instant(decision.time_ns),
        strategy=plan.strategy.name.lower(),
        wanted=decision.wanted,
        limit=format_price(story.bound),
        bid=_price(stamp.bid),
        bid_shares=stamp.bid_shares,
        ask=_price(stamp.ask),
        ask_shares=stamp.ask_shares,
        last=_price(stamp.last),
        considered=_considered(story, decision, routes),
        resting_places=_resting_places(story, decision, routes) if plan.strategy is Strategy.POST else (),
        children=tuple(
            _sent(child, routes, side, terms.aim)
            for child, terms in zip(children, plan.children, strict=True)
        ),
        left_out=tuple(
            LeftOut(routes[skip.venue].code, skip.reason.name.lower(), SENTENCES[skip.reason])
            for skip in plan.skips
        ),
        expected_shares=plan.expected_shares,
        expected_money=format_money(plan.expected_cost),
        filled=sum(child.filled for child in children),
        money=format_money(notional + (fees if side is Side.BUY else -fees)),
        seek_money=_weighed(plan.seek_money),
        sweep_money=_weighed(plan.sweep_money),
    )


def _considered(
    story: OrderStory, decision: Decision, routes: tuple[Route, ...]
) -> tuple[ConsideredLevel, ...]:
    """Rank the levels of the side taken from by all-in cost; a venue's own levels stay in the venue's order."""
    buys = story.terms.side is Side.BUY
    wanted = {child.venue: child.shares for child in decision.plan.children}
    dearest: dict[int, int] = {}
    ranked = []
    for place, (code, price, shares) in enumerate(_levels(decision.stamp, routes)):
        if code & 1 == story.terms.side:
            continue
        venue = code >> 1
        route = routes[venue]
        fee = route.take_fee(price)
        score = (price if buys else -price) * MILLION + fee
        dearest[venue] = max(dearest.get(venue, score), score)
        within = price <= story.bound if buys else price >= story.bound
        taken = min(shares, wanted.get(venue, 0)) if within else 0
        wanted[venue] = wanted.get(venue, 0) - taken
        level = ConsideredLevel(
            route.code,
            format_price(price),
            shares,
            format_fine(fee),
            format_fine(price * MILLION + (fee if buys else -fee)),
            within,
            taken,
        )
        ranked.append((dearest[venue], fee, -shares, route.latency_ns, venue, place, level))
    return tuple(row[-1] for row in sorted(ranked, key=lambda row: row[:-1]))


def _resting_places(
    story: OrderStory, decision: Decision, routes: tuple[Route, ...]
) -> tuple[RestingPlace, ...]:
    """Weigh the venues a post could choose from, by the rule of the sweep kernel."""
    buys, bound = story.terms.side is Side.BUY, story.bound
    open_to_it = {child.venue for child in decision.plan.children} | {
        skip.venue for skip in decision.plan.skips if skip.reason in _WEIGHED
    }
    best: dict[int, tuple[int, int]] = {}
    known = set()
    for code, price, shares in _levels(decision.stamp, routes):
        known.add(code >> 1)
        if code & 1 == story.terms.side:
            best.setdefault(code >> 1, (price, shares))
    ranked = []
    for venue in sorted(open_to_it):
        route = routes[venue]
        price, shares = best.get(venue, (0, 0))
        ahead = shares if price and (price >= bound if buys else price <= bound) else 0
        fee = route.make_fee(bound)
        weight = fee + ahead * SHARE_AHEAD
        cost = _resting_cost(route, bound, story.terms.side)
        place = RestingPlace(
            route.code, _price(price), shares, ahead, format_fine(fee), format_fine(weight), cost
        )
        ranked.append((venue not in known, weight, ahead, route.latency_ns, venue, place))
    return tuple(row[-1] for row in sorted(ranked, key=lambda row: row[:-1]))


def _levels(stamp: QuoteStamp, routes: tuple[Route, ...]) -> list[tuple[int, int, int]]:
    """Rows of a stamp that a plan could have used."""
    return [
        (code, price, shares)
        for code, price, shares in _LEVEL.iter_unpack(stamp.levels)
        if 0 <= code >> 1 < len(routes) and price > 0 and shares > 0
    ]


def _sent(child: ChildStory, routes: tuple[Route, ...], side: Side, aim: Aim = Aim.SHOWN) -> SentChild:
    known = 0 <= child.venue < len(routes)
    may_rest = known and child.price > 0 and child.time_in_force in _RESTING_TIMES
    return SentChild(
        token=child.token,
        venue=routes[child.venue].code if known else "unknown",
        shares=child.shares,
        price=_price(child.price),
        time_in_force=child.time_in_force.name,
        filled=child.filled,
        average_price=_average(child.notional, child.filled),
        venue_fee=format_money(child.venue_fee),
        first_fill_after_ns=child.first_fill_ns - child.sent_ns if child.first_fill_ns else None,
        unfilled=child.unfilled,
        reason=child.reason,
        resting_cost=_resting_cost(routes[child.venue], child.price, side) if may_rest else None,
        aim=aim.name.lower(),
    )


def _resting_cost(route: Route, price: int, side: Side) -> str:
    fee = route.make_fee(price)
    return format_fine(price * MILLION + (fee if side is Side.BUY else -fee))


def _weighed(money: int) -> str | None:
    return format_money(abs(money)) if money else None


def _price(price: int) -> str | None:
    return format_price(price) if price else None


def _average(notional: int, shares: int) -> str | None:
    """Average price to the sixth digit, half away from zero."""
    if not shares:
        return None
    return format_money((2 * notional * MONEY_PER_PRICE_SHARE + shares) // (2 * shares))


def format_fine(value: int) -> str:
    """Write millionths of $0.0001 as dollars, exactly: four digits at least."""
    whole, fraction = divmod(abs(value), PRICE_UNIT * MILLION)
    text = f"{whole}.{fraction:010d}"
    text = text[:-6] + text[-6:].rstrip("0")
    return f"-{text}" if value < 0 else text
