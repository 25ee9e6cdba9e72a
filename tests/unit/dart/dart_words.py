"""The words of DART's text tables: quotes, needs and plans as a trader writes them.

``A 10.00x300 10.01x200 · B 10.00x100`` are levels venue by venue, best first. A need is
``buy 300 10.00 day`` with ``ioc``, ``fok`` or ``day`` and, at will, a route, ``round=2``, ``show=100``, ``hidden``,
``class=3``. A plan reads ``A 300@10.00 IOC · B 100@10.00 IOC``, its skips ``C disabled · D no known book``.
"""

from __future__ import annotations

import struct

from rushtrade.dart.desk import RoutingDesk
from rushtrade.dart.sweeping import RouteNeed
from rushtrade.domain.numbers import format_price, parse_price
from rushtrade.domain.orders import ROUTE_DART, Side
from rushtrade.domain.plans import Plan
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.domain.routes import Route, RouteSequences

ROW = struct.Struct("<3q")


def route(venue: int, take: int = 30, make: int = -20, latency: int = 100, ppm: int = 3000) -> Route:
    letter = "ABCDEFGHIJKLMNOP"[venue]
    return Route(venue, letter * 3, letter, f"XXX{letter}", f"Venue {letter}", take, make, ppm, 0, latency)


FOUR = (
    route(0, take=30, make=-20, latency=100),
    route(1, take=6, make=0, latency=400),
    route(2, take=-10, make=18, latency=200),
    route(3, take=30, make=-20, latency=50),
)
"""A: maker-taker. B: cheap and slow. C: inverted. D: as A, but nearer."""
SEQUENCES = (
    RouteSequences(1, "BAD", "CA", "ABCD"),
    RouteSequences(2, "D", "", "AD"),
    RouteSequences(3, "", "", ""),
)


def desk(switched_off: str = "", down: str = "", routes: tuple[Route, ...] = FOUR) -> RoutingDesk:
    made = RoutingDesk(routes, SEQUENCES)
    for letter in switched_off:
        made.switch_route(made.route_named(letter), enabled=False)
    for letter in down:
        made.set_link(made.route_named(letter), up=False)
    return made


def levels(text: str, side: int) -> list[tuple[int, int, int]]:
    rows = []
    for part in filter(None, (one.strip() for one in text.split("·"))):
        letter, *quotes = part.split()
        for quote in quotes:
            price, shares = quote.split("x")
            rows.append(("ABCDEFGHIJKLMNOP".index(letter) * 2 + side, parse_price(price), int(shares)))
    return rows


def pack(rows: list[tuple[int, int, int]]) -> bytes:
    return b"".join(ROW.pack(*row) for row in rows)


def stamp(side: Side, far: str, near: str = "") -> QuoteStamp:
    """The stamp an order of `side` meets: levels it takes from, then the best of its own side."""
    taken_from, own = levels(far, 1 - side), levels(near, side)
    asks, bids = (taken_from, own) if side == Side.BUY else (own, taken_from)
    ask = min((row[1] for row in asks), default=0)
    bid = max((row[1] for row in bids), default=0)
    ask_shares = sum(row[2] for row in asks if row[1] == ask)
    bid_shares = sum(row[2] for row in bids if row[1] == bid)
    return QuoteStamp(0, bid, bid_shares, ask, ask_shares, 0, pack(taken_from + own))


def need(text: str) -> RouteNeed:
    side, shares, price, time_in_force, *rest = text.split()
    words = dict(one.split("=") for one in rest if "=" in one)
    plain = [one for one in rest if "=" not in one and one != "hidden"]
    return RouteNeed(
        equity_class=int(words.get("class", 1)),
        side=Side[side.upper()],
        shares=int(shares),
        price=parse_price(price),
        may_rest=time_in_force == "day",
        whole=time_in_force == "fok",
        route=plain[0] if plain else ROUTE_DART,
        display_shares=int(words.get("show", 0)),
        hidden="hidden" in rest,
        progress=int(words.get("round", 0)),
    )


def children(plan: Plan) -> str:
    parts = []
    for child in plan.children:
        text = f"{'ABCDEFGHIJKLMNOP'[child.venue]} {child.shares}@{format_price(child.price)} {child.time_in_force.name}"
        text += f" show={child.display_shares}" if child.display_shares else ""
        parts.append(text + " hidden" * child.hidden)
    return " · ".join(parts) or "-"


def skips(plan: Plan) -> str:
    words = (
        f"{'ABCDEFGHIJKLMNOP'[skip.venue]} {skip.reason.name.lower().replace('_', ' ')}"
        for skip in plan.skips
    )
    return " · ".join(words) or "-"


def table(text: str) -> list[tuple[str, ...]]:
    """Rows of a text table: cells between bars, blank lines and lines of # left out."""
    lines = (line.strip() for line in text.splitlines())
    return [
        tuple(" ".join(cell.split()) for cell in line.split("|"))
        for line in lines
        if line and not line.startswith("#")
    ]
