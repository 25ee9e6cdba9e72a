"""The slow twin of `sweep_kernel`: the same decision in plain Python, read straight from the rules of docs/dart.md."""

from __future__ import annotations

from typing import NamedTuple

from dart_words import ROW

from rushtrade.dart.desk import RoutingDesk
from rushtrade.dart.sweeping import RouteNeed
from rushtrade.domain.numbers import MONEY_MAX, PRICE_MAX, QUANTITY_MAX
from rushtrade.domain.plans import SkipReason
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.domain.routes import Route


class Decision(NamedTuple):
    taken: dict[int, int]
    worst: dict[int, int]
    shares: int
    money: int
    rest_at: int | None
    reasons: dict[int, SkipReason]


def fee_score(route: Route, price: int) -> int:
    """Take fee of one share in millionths of $0.0001."""
    return route.take_mils * 1_000_000 if price >= 10_000 else price * route.take_sub_dollar_ppm


def money(route: Route, price: int, shares: int, *, buys: bool) -> int:
    """Micro-dollars that change hands for shares at a price, the take fee in it."""
    fee = route.take_mils * shares * 100
    if price < 10_000:
        fee = -(-price * shares * 100 * route.take_sub_dollar_ppm // 1_000_000)
    return price * shares * 100 + (fee if buys else -fee)


class Quotes:
    """A stamp as an order of one side and limit sees it."""

    def __init__(self, desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp) -> None:
        self.buys = need.side == 0
        self.known: set[int] = set()
        self.inside: dict[int, list[tuple[int, int]]] = {venue: [] for venue in range(len(desk.routes))}
        self.queue: dict[int, int] = {}
        ceiling = min(PRICE_MAX, MONEY_MAX // 100 // need.shares)
        for code, price, shares in ROW.iter_unpack(stamp.levels):
            venue, side = divmod(code, 2)
            if not (0 <= venue < len(desk.routes) and 0 < price <= ceiling and 0 < shares <= QUANTITY_MAX):
                continue
            self.known.add(venue)
            if side != need.side:
                if price <= need.price if self.buys else price >= need.price:
                    self.inside[venue].append((price, shares))
            else:
                at_or_better = price >= need.price if self.buys else price <= need.price
                self.queue.setdefault(venue, shares if at_or_better else 0)


def sweep(
    desk: RoutingDesk, need: RouteNeed, quotes: Quotes, venues: list[int]
) -> dict[int, list[tuple[int, int]]]:
    """Take the cheapest next level again and again; a venue's levels come in the venue's order."""
    heads = {venue: list(quotes.inside[venue]) for venue in venues}
    fills: dict[int, list[tuple[int, int]]] = {}
    left = need.shares
    while left and any(heads.values()):

        def key(venue: int) -> tuple[int, ...]:
            price, shown = heads[venue][0]
            fee = fee_score(desk.routes[venue], price)
            score = (price if quotes.buys else -price) * 1_000_000 + fee
            return score, fee, -shown, desk.routes[venue].latency_ns, venue

        venue = min((one for one in venues if heads[one]), key=key)
        price, shown = heads[venue].pop(0)
        shares = min(left, shown)
        fills.setdefault(venue, []).append((price, shares))
        left -= shares
    return fills


def whole(
    desk: RoutingDesk, need: RouteNeed, quotes: Quotes, venues: list[int]
) -> dict[int, list[tuple[int, int]]]:
    """The one venue that fills all, most cheaply."""
    offers = []
    for venue in venues:
        fills = sweep(desk, need, quotes, [venue]).get(venue, [])
        if sum(shares for _, shares in fills) < need.shares:
            continue
        route = desk.routes[venue]
        cost = sum(money(route, price, shares, buys=quotes.buys) for price, shares in fills)
        bare = sum(price * shares * 100 for price, shares in fills)
        fee = cost - bare if quotes.buys else bare - cost
        shown = sum(shares for _, shares in quotes.inside[venue])
        offers.append((cost if quotes.buys else -cost, fee, -shown, route.latency_ns, venue, fills))
    return {min(offers)[4]: min(offers)[5]} if offers else {}


def resting_place(desk: RoutingDesk, need: RouteNeed, quotes: Quotes, venues: list[int]) -> int | None:
    """Known books first, then make fee against the queue ahead."""

    def key(venue: int) -> tuple[int, ...]:
        route = desk.routes[venue]
        queue = quotes.queue.get(venue, 0)
        fee = route.make_mils * 1_000_000 if need.price >= 10_000 else need.price * route.make_sub_dollar_ppm
        return venue not in quotes.known, fee + 2_000 * queue, queue, route.latency_ns, venue

    return min(venues, key=key, default=None)


def decide(desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp) -> Decision:
    """One round of the DART route: sweep (or fill whole), or rest."""
    quotes = Quotes(desk, need, stamp)
    states = desk.states(need.equity_class)
    usable = [venue for venue, state in enumerate(states) if not state]
    spent = not need.whole and need.progress >= 4
    fills: dict[int, list[tuple[int, int]]] = {}
    if need.whole:
        fills = whole(desk, need, quotes, usable)
    elif not spent:
        fills = sweep(desk, need, quotes, usable)
    rest_at = None
    if not fills and need.may_rest:
        first = sweep(desk, need, quotes, usable)
        rest_at = next(iter(first)) if first else resting_place(desk, need, quotes, usable)
        expected = {} if rest_at is None else sweep(desk, need, quotes, [rest_at])
    else:
        expected = fills
    total = sum(
        money(desk.routes[venue], price, shares, buys=quotes.buys)
        for venue, levels in expected.items()
        for price, shares in levels
    )
    count = sum(shares for levels in expected.values() for _, shares in levels)
    reasons = {
        venue: reason_of(need, quotes, venue, state, spent=spent, rests=rest_at is not None)
        for venue, state in enumerate(states)
        if venue not in fills and venue != rest_at
    }
    return Decision(
        taken={venue: sum(shares for _, shares in levels) for venue, levels in fills.items()},
        worst={venue: levels[-1][0] for venue, levels in fills.items()},
        shares=count,
        money=total,
        rest_at=rest_at,
        reasons=reasons,
    )


def reason_of(
    need: RouteNeed, quotes: Quotes, venue: int, state: int, *, spent: bool, rests: bool
) -> SkipReason:
    shown = sum(shares for _, shares in quotes.inside[venue])
    if state:
        within = {
            1: SkipReason.DISABLED_WITHIN_LIMIT,
            2: SkipReason.LINK_DOWN_WITHIN_LIMIT,
            16: SkipReason.UNHEALTHY_WITHIN_LIMIT,
        }
        return within.get(state, SkipReason(state)) if shown else SkipReason(state)
    if venue not in quotes.known:
        return SkipReason.NO_KNOWN_BOOK
    if rests:
        return SkipReason.ROUNDS_SPENT if shown else SkipReason.NOT_CHOSEN
    if not shown:
        return SkipReason.NO_LIQUIDITY_WITHIN_LIMIT
    if need.whole and shown < need.shares:
        return SkipReason.TOO_SMALL
    return SkipReason.ROUNDS_SPENT if spent else SkipReason.FILLED_CHEAPER_ELSEWHERE
