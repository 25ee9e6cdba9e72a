"""Time of one routing decision, from need and stamp to the finished plan, beside a heap merge in plain Python.

Both decide the same stamps one after the other, call by call, and must agree on the children. A row's `value` and `baseline`
are microseconds of one call at the percentile in its name; `ratio` says how many times faster the router is.
"""

from __future__ import annotations

import heapq
import random
import struct
from time import perf_counter_ns

from rushtrade.dart.desk import RoutingDesk
from rushtrade.dart.planning import plan
from rushtrade.dart.sweeping import RouteNeed
from rushtrade.domain.orders import Side, TimeInForce
from rushtrade.domain.plans import ChildTerms, Plan, Skip, SkipReason, Strategy
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.domain.routes import Route, RouteSequences

ROW = struct.Struct("<3q")
LETTERS = "ABCDEFGHIJ"
STAMPS = 500
ROUNDS = 20
FEES = (30, 30, 30, 30, 30, 6, -10, 0, 35, 20)


def make_desk(venues: int) -> RoutingDesk:
    routes = tuple(
        Route(venue, f"V{venue}", LETTERS[venue], "XXXX", "", FEES[venue], -20, 3000, 0, 100 + 10 * venue)
        for venue in range(venues)
    )
    codes = LETTERS[:venues]
    return RoutingDesk(routes, (RouteSequences(1, codes, "", codes),))


def make_case(chance: random.Random, venues: int, deep: int) -> tuple[RouteNeed, QuoteStamp]:
    """Make a buy of 0.1 to 9 times the size shown at the best price, on books a cent or two apart."""
    rows = []
    for venue in range(venues):
        price = 1_000_000 + 100 * chance.randrange(3)
        for level in range(deep):
            shares = 100 * chance.randrange(1, 10)
            rows.append((venue * 2 + 1, price + 100 * level, shares))
    best = min(price for _, price, _ in rows)
    shown = sum(shares for _, price, shares in rows if price == best)
    rows += [(venue * 2, 999_900, 300) for venue in range(venues)]
    stamp = QuoteStamp(0, 999_900, 300, 1_000_000, 300, 0, b"".join(ROW.pack(*row) for row in rows))
    shares = int(shown * 0.1 * 90 ** chance.random())
    return RouteNeed(1, Side.BUY, shares, 1_100_000, may_rest=True, whole=False), stamp


def heap_merge(desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp) -> Plan:
    """Sweep by price + fee with a heap of venue cursors: what a good hand writes first in Python."""
    books: dict[int, list[tuple[int, int]]] = {}
    for code, price, shares in ROW.iter_unpack(stamp.levels):
        if code & 1 and price <= need.price:
            books.setdefault(code >> 1, []).append((price, shares))
    routes = desk.routes
    heap = []
    for venue, book in books.items():
        if desk.is_usable(venue):
            price, shares = book[0]
            fee = routes[venue].take_mils
            heap.append((price + fee, fee, -shares, routes[venue].latency_ns, venue, 0))
    heapq.heapify(heap)
    taken: dict[int, list[int]] = {}
    left, cost = need.shares, 0
    while left and heap:
        _, fee, _, latency, venue, level = heap[0]
        price, shown = books[venue][level]
        shares = min(left, shown)
        left -= shares
        cost += (price + fee) * shares * 100
        got = taken.setdefault(venue, [0, 0])
        got[0] += shares
        got[1] = price
        if level + 1 < len(books[venue]):
            price, shown = books[venue][level + 1]
            heapq.heapreplace(heap, (price + fee, fee, -shown, latency, venue, level + 1))
        else:
            heapq.heappop(heap)
    children = tuple(
        ChildTerms(venue, worst, shares, TimeInForce.IOC, sweeps=True)
        for venue, (shares, worst) in sorted(taken.items())
    )
    skips = tuple(
        Skip(venue, SkipReason.FILLED_CHEAPER_ELSEWHERE) for venue in range(len(routes)) if venue not in taken
    )
    return Plan(Strategy.SWEEP, children, skips, cost, need.shares - left, 1)


def measure(venues: int, deep: int) -> tuple[list[int], list[int]]:
    """Time both on the same stamps, alternately; nanoseconds of each call, sorted."""
    chance = random.Random(7)
    desk = make_desk(venues)
    cases = [make_case(chance, venues, deep) for _ in range(STAMPS)]
    for need, stamp in cases:
        if plan(desk, need, stamp) != heap_merge(desk, need, stamp):
            raise AssertionError(f"the two disagree on {need}")
    ours, plain = [], []
    for _ in range(ROUNDS):
        for need, stamp in cases:
            start = perf_counter_ns()
            plan(desk, need, stamp)
            middle = perf_counter_ns()
            heap_merge(desk, need, stamp)
            plain.append(perf_counter_ns() - middle)
            ours.append(middle - start)
    return sorted(ours), sorted(plain)


def run() -> list[dict]:
    rows = []
    for venues, deep in ((6, 1), (10, 10)):
        ours, plain = measure(venues, deep)
        for percent in (50, 99):
            at = len(ours) * percent // 100
            rows.append(
                {
                    "name": f"DART decision, {venues} venues x {deep} levels, p{percent}",
                    "value": round(ours[at] / 1000, 2),
                    "unit": "us",
                    "baseline_name": "heap merge in plain Python",
                    "baseline": round(plain[at] / 1000, 2),
                    "ratio": round(plain[at] / ours[at], 2),
                }
            )
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
