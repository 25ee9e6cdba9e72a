"""DART's strategies for an order that meets several kinds of venues: pure plans, each under its name.

``plan(order, street, beliefs) → RoutePlan``: what is left of an order, what the venues show and what has been learned of them go in;
children, the time of the next look and the reasons come out. No clock, no I/O, no chance. A plan never holds more shares than
are free, and it holds an ISO only together with ISOs for every better quote shown.

============  ===================================================================================================
``snapshot``  one sweep of what is shown; what comes back is not sent again
``repeat``    what is shown at the best price, again and again; the whole depth before the end
``sequence``  one lit venue after the other, all that is left
``sweep``     the whole depth and what hides behind it at once, arriving everywhere at the same time
``seek``      where liquidity hides first (pools, market makers), by what was learned of them; then a sweep
``work``      resting behind the queues that will be served, pools in between, the rest taken in time (`working`)
``best``      the default: works an order with time; prices seek and sweep for any other and begins the cheaper
============  ===================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from rushtrade.dart import take_kernel as kernel
from rushtrade.dart.learned import Learned
from rushtrade.dart.street import DARK, LIT, MAKER, NO_PRICE, Street
from rushtrade.domain.plans import Aim

IOC, ISO, DAY = "IOC", "ISO", "DAY"
LAST_ROUNDS = 4
"""Round trips kept free before the deadline for the last sweeps."""
LAST_US_MIN = 12_000
AGAIN_US = 3_000
"""When nothing can be done now: quotes need some time to come back."""
REPEAT_US = 10_000
SLACK_US = 300
"""Taken for the time a decision and its way to the line need, until own answers tell better."""
BEYOND_TICKS = 4
"""Ticks through the deepest quote shown at which the last sweep bids for what may be hidden there."""

SEEKS, SWEEPS, SHOWN = 1, 2, 4
TOPICS = {Aim.SHOWN: "behind", Aim.MIDDLE: "mid", Aim.OFFER: "offer"}
"""What is learned under which topic of an order's children, by what they are sent for."""


class ParentOrder(msgspec.Struct, frozen=True):
    """What is left of an order. `free` shares may be sent now: what is left less what is under way. Times in µs."""

    shares: int
    left: int
    free: int
    klass: str
    tick: int
    now_us: int
    deadline_us: int
    slack_us: int = SLACK_US
    steps: int = 0
    """Plans with children so far."""


class RouteChild(msgspec.Struct, frozen=True):
    """One child: a turned price, and the time it should leave (0 = now). `purpose`: sweep, mid, offer or rest."""

    venue: int
    shares: int
    price: int
    kind: str
    purpose: str
    send_us: int = 0


class RoutePlan(msgspec.Struct, frozen=True):
    """One decision. `reason` says in words why; `costs` are expected costs in mils a share of what was weighed."""

    strategy: str
    children: tuple[RouteChild, ...] = ()
    cancels: tuple[str, ...] = ()
    wake_us: int | None = None
    reason: str = ""
    costs: tuple[tuple[str, float], ...] = ()


class Beliefs:
    """What is believed of the venues while one order lives: what was learned before, and what the order itself has met."""

    def __init__(self, learned: Learned, klass: str, street: Street) -> None:
        groups = (("mid", DARK), ("offer", MAKER), ("behind", LIT))
        names = {
            topic: tuple(one.name for one in street.venues if one.kind == kind) for topic, kind in groups
        }
        names["mid"] += tuple(name for name in names["behind"] if learned.has_asked("mid", name))
        self.places = [(street.place[name], topic) for topic, _ in groups for name in names[topic]]
        self.sources = np.zeros((len(self.places), kernel.SOURCE))
        self.fills: NDArray[np.float64] = np.concatenate(
            [learned.fills(topic, klass, names[topic]) for topic, _ in groups]
        )
        hiding = names["mid"] + names["offer"]
        leaks = dict(zip(hiding, learned.leaks(hiding), strict=True)) if hiding else {}
        for at, (venue, topic) in enumerate(self.places):
            name = street.names[venue]
            row = self.sources[at]
            row[kernel.VENUE], row[kernel.BEHIND], row[kernel.AT_MIDDLE] = (
                venue,
                topic == "behind",
                topic == "mid",
            )
            if topic == "offer":
                row[kernel.IMPROVES] = learned.better(klass, name)
            if topic != "behind":
                row[kernel.LEAK :] = leaks[name]
        self.jump = learned.jump()
        self.market = np.zeros(kernel.MARKET)
        self.market[kernel.FADE] = learned.fade(klass)
        self.out = np.zeros((len(self.places) + len(street.venues), kernel.CHILD), np.int64)
        self.costs = np.zeros(2)
        self._recalled = False

    def source_of(self, venue: int, topic: str) -> int:
        """Return the source of a venue and topic, -1 when there is none."""
        return self.places.index((venue, topic)) if (venue, topic) in self.places else -1

    def met(self, venue: int, topic: str, asked: int, filled: int) -> None:
        """Take note of what a source answered in this order."""
        source = self.source_of(venue, topic)
        if source >= 0:
            self._recalled = True
            if filled < asked:
                self.sources[source, kernel.SPENT] = 1
            self.sources[source, kernel.HAD] += filled

    def recall(self, met: Mapping[tuple[int, Aim], tuple[int, bool]]) -> None:
        """Take what an order has met in the place of what the order before had."""
        if self._recalled:
            self.sources[:, kernel.SPENT] = self.sources[:, kernel.HAD] = 0
        self._recalled = bool(met)
        for (venue, aim), (had, spent) in met.items():
            source = self.source_of(venue, TOPICS[aim])
            if source >= 0:
                self.sources[source, kernel.HAD], self.sources[source, kernel.SPENT] = had, spent

    def renew(self, venue: int, topic: str) -> None:
        """Forget what a source answered: time enough has gone by for others to have come there."""
        source = self.source_of(venue, topic)
        if source >= 0:
            self.sources[source, kernel.SPENT] = self.sources[source, kernel.HAD] = 0


Strategy = Callable[[ParentOrder, Street, Beliefs], RoutePlan]


def last_look_us(street: Street) -> int:
    """Return how long before the deadline the last sweeps begin."""
    return max(LAST_US_MIN, 2 * LAST_ROUNDS * street.slowest_us)


def best(order: ParentOrder, street: Street, beliefs: Beliefs) -> RoutePlan:
    """Price seek and sweep and begin the cheaper."""
    return _take(order, street, beliefs, "best", SEEKS | SWEEPS)


def seek(order: ParentOrder, street: Street, beliefs: Beliefs) -> RoutePlan:
    """Ask where liquidity hides while it is worth it; then sweep."""
    found = _take(order, street, beliefs, "seek", SEEKS)
    return found if found.children else _take(order, street, beliefs, "seek", SWEEPS)


def sweep(order: ParentOrder, street: Street, beliefs: Beliefs) -> RoutePlan:
    """Take the whole depth at once, arriving everywhere at the same time."""
    return _take(order, street, beliefs, "sweep", SWEEPS)


def snapshot(order: ParentOrder, street: Street, beliefs: Beliefs) -> RoutePlan:
    """Take what is shown, once."""
    if order.steps:
        return RoutePlan("snapshot", reason="the one sweep has been made")
    return _take(order, street, beliefs, "snapshot", SHOWN)


def repeat(order: ParentOrder, street: Street, beliefs: Beliefs) -> RoutePlan:
    """Take what is shown at the best price; before the end, whatever is shown."""
    if _is_last(order, street):
        return _take(order, street, beliefs, "repeat", SHOWN)
    price = street.best_far()
    kind = ISO if price > street.best_far(also_unusable=True) else IOC
    left, children = order.free, []
    for venue in sorted(street.lit(), key=lambda at: (street.venues[at].take, at)):
        shares = min(left, street.shown_at(venue, price)) if price < NO_PRICE else 0
        if shares > 0:
            children.append(RouteChild(venue, shares, price, kind, "sweep"))
            left -= shares
    wake = None if children else order.now_us + REPEAT_US
    return RoutePlan("repeat", tuple(children), wake_us=wake, reason="what is shown at the best price")


def sequence(order: ParentOrder, street: Street, beliefs: Beliefs) -> RoutePlan:
    """Send all that is left to one lit venue after the other, at the price that the depth shown asks for."""
    del beliefs
    usable = street.lit()
    if not usable:
        return RoutePlan("sequence", wake_us=order.now_us + AGAIN_US, reason="no venue is in use")
    levels = sorted((int(row[0]), int(row[1])) for at in usable for row in street.far[at] if row[1] > 0)
    shown, price = 0, None
    for price, shares in levels:  # noqa: B007 - the last price looked at is the answer
        shown += shares
        if shown >= order.free:
            break
    if price is None:
        return RoutePlan("sequence", wake_us=order.now_us + AGAIN_US, reason="nothing is shown")
    venue = usable[order.steps % len(usable)]
    child = RouteChild(venue, order.free, price, IOC, "sweep")
    return RoutePlan("sequence", (child,), reason=f"turn {order.steps + 1}: {street.names[venue]}")


def seek_only(order: ParentOrder, street: Street, beliefs: Beliefs, run_cost: float) -> RoutePlan:
    """Ask where liquidity hides when that is worth it, and do nothing otherwise; `run_cost`: what a run costs a free share."""
    return _take(order, street, beliefs, "seek", SEEKS, run_cost)


def _is_last(order: ParentOrder, street: Street) -> bool:
    return order.now_us >= order.deadline_us - last_look_us(street)


def _take(
    order: ParentOrder, street: Street, beliefs: Beliefs, name: str, modes: int, run_cost: float | None = None
) -> RoutePlan:
    """Do what the kernel says."""
    last = _is_last(order, street)
    modes = SHOWN if last else modes
    count, begun = weigh(order, street, beliefs, modes, run_cost)
    return named(order, street, beliefs, name, modes, count, begun)


def weigh(
    order: ParentOrder, street: Street, beliefs: Beliefs, modes: int, run_cost: float | None = None
) -> tuple[int, int]:
    """Ask the kernel; return how many children it left in `beliefs.out`, and what they begin."""
    beliefs.market[kernel.RUN_COST] = order.tick * beliefs.jump if run_cost is None else run_cost
    count, begun = kernel.decide(
        street.far,
        street.best_near(),
        street.terms,
        beliefs.sources,
        beliefs.fills,
        beliefs.market,
        street.work,
        order.free,
        order.tick,
        modes,
        beliefs.out,
        beliefs.costs,
    )
    return count, begun


def is_plain(street: Street, beliefs: Beliefs, count: int) -> bool:
    """Whether the children the kernel left take what is shown, and nothing else."""
    return bool(kernel.is_plain(street.far, beliefs.out, count))


def named(
    order: ParentOrder, street: Street, beliefs: Beliefs, name: str, modes: int, count: int, begun: int
) -> RoutePlan:
    """Give the kernel's answer names."""
    priced = tuple(
        (what, round(float(cost) / order.free, 3))
        for what, cost in zip(("seek", "sweep"), beliefs.costs, strict=True)
        if cost < NO_PRICE
    )
    if not count:
        wake = None if begun == kernel.NOTHING and modes == SEEKS else order.now_us + AGAIN_US
        return RoutePlan(name, wake_us=wake, reason="nothing to be had", costs=priced)
    rows = beliefs.out[:count].tolist()
    if begun == kernel.SEEK:
        children = _asks(rows, street)
        reason = f"asks {street.names[children[0].venue]} first"
    else:
        last = _is_last(order, street)
        children = _together(rows, order, street, equal=modes != SHOWN or last)
        children = _deepen(children, order) if last else children
        reason = "last sweep" if last else f"sweeps {len(children)} venues at once"
    return RoutePlan(name, children, reason=reason, costs=priced)


def _asks(rows: list[list[int]], street: Street) -> tuple[RouteChild, ...]:
    return tuple(_ask(row, street) for row in rows)


def _ask(row: list[int], street: Street, send_us: int = 0) -> RouteChild:
    """Make an ask: at the best offer, which a pool fills at the midpoint; of a lit venue at the midpoint itself."""
    venue, shares, price, kind = row
    if kind == kernel.ASKS_OFFER:
        return RouteChild(venue, shares, price, IOC, "offer", send_us)
    if street.venues[venue].kind == LIT:
        far, near = street.best_far(), street.best_near()
        price = (far + near) // 2 if near > -NO_PRICE else price
    return RouteChild(venue, shares, price, IOC, "mid", send_us)


def _together(
    rows: list[list[int]], order: ParentOrder, street: Street, *, equal: bool
) -> tuple[RouteChild, ...]:
    """Mark what must be an ISO, and let all children arrive at the same time; asks not before the sweep."""
    sweeps = [row for row in rows if row[3] == kernel.SWEEPS]
    passes = any(row[2] > street.best_far(also_unusable=True) for row in sweeps)
    slowest = max((street.venues[row[0]].latency_us for row in sweeps), default=0)
    arrival = order.now_us + order.slack_us + slowest
    made = []
    for row in rows:
        venue, shares, price, kind = row
        send = max(arrival - street.venues[venue].latency_us, order.now_us) if equal and len(rows) > 1 else 0
        if kind == kernel.SWEEPS:
            made.append(RouteChild(venue, shares, price, ISO if passes else IOC, "sweep", send))
        else:
            made.append(_ask(row, street, send))
    return tuple(made)


def _deepen(children: tuple[RouteChild, ...], order: ParentOrder) -> tuple[RouteChild, ...]:
    """Let the last sweep bid for what it cannot see: all that is free, a few ticks through the deepest quote."""
    more = order.free - sum(child.shares for child in children)
    price = max(child.price for child in children) + BEYOND_TICKS * order.tick
    part, rest = divmod(max(more, 0), len(children))
    return tuple(
        msgspec.structs.replace(
            child,
            shares=child.shares + part + (at < rest),
            price=price if more > 0 else child.price,
            kind=ISO,
        )
        for at, child in enumerate(children)
    )


TAKING: dict[str, Strategy] = {
    "best": best,
    "seek": seek,
    "sweep": sweep,
    "snapshot": snapshot,
    "repeat": repeat,
    "sequence": sequence,
}
"""The strategies for an order that is to be done now, by name."""
