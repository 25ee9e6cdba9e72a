"""One order in a market that reacts: latency, delayed feeds, hidden size, fading quotes, leaks, refills, outages.

Theory of operation. A heap of events in microseconds: children and cancels arrive at venues after the latency of their line,
reports come back after it again, quotes are seen after the feed's delay. The first execution of a sweep scares the other venues,
each after a reaction time of its own; a ping that stays unfilled may make all quotes run. A router speaks only through messages of
the protocol, and its answers take effect a decision time later. What the market does by itself (flickers, moves, outflows,
pools filling up) is drawn from the order's seed alone, so that every router meets the same market.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from bench.routing_market.world import (
    WORKED,
    Class,
    Order,
    Venue,
    World,
    draw_outflow,
    draw_shown,
    draw_size,
    leak_chance,
)

Message = dict
Router = Callable[[Message], Message | None]
LEFT_TICKS = 5
"""What each share left at the deadline pays beyond the deepest price shown."""
EVENTS_MAX = 20_000
SHOWN_LEVELS = 10


@dataclass(slots=True)
class Child:
    """A child order; `limit` is an offset, `ahead` the shares before it in its queue."""

    cid: str
    venue: str
    qty: int
    limit: int
    kind: str
    filled: int = 0
    ahead: int = 0
    ended: bool = False


@dataclass(slots=True)
class Result:
    """What became of an order: mean cost a share in mils against the arrival midpoint, and every breach of a duty."""

    cost: float = 0.0
    filled: int = 0
    left: int = 0
    overfills: int = 0
    trade_throughs: int = 0
    answers: int = 0
    dark: int = 0
    made: int = 0
    at_us: int = 0


@dataclass
class Market:
    """The market of one order, played against one router."""

    world: World
    order: Order
    now: int = 0
    filled: int = 0
    paid: int = 0
    result: Result = field(default_factory=Result)

    def __post_init__(self) -> None:
        world, order = self.world, self.order
        self.by_name = {venue.name: venue for venue in world.venues}
        self.lit = [venue for venue in world.venues if venue.kind == "lit"]
        self.asks = {name: [list(row) for row in rows] for name, rows in order.asks.items()}
        self.bids = {name: [list(row) for row in rows] for name, rows in order.bids.items()}
        self.first = {name: [list(row) for row in rows] for name, rows in order.asks.items()}
        self.dark = dict(order.dark)
        self.makers = dict(order.makers)
        self.chance = {venue.name: Random(f"{order.seed}{venue.name}") for venue in world.venues}
        self.heap: list[tuple] = []
        self.count = 0
        self.children: dict[str, Child] = {}
        self.resting: list[Child] = []
        self.reports: list[dict] = []
        self.reacting: dict[str, int] = {}
        self.wake = -1
        self.level: Class = next(one for one in world.classes if one.name == order.klass)
        self.seen: dict[str, list[tuple]] = {}
        for venue in self.lit:
            self.seen[venue.name] = [(-1, *self._picture(venue.name))]
        self.outflows: dict[str, int] = {}
        self._draw_background()

    # --- what the market does by itself -------------------------------------------------------------

    def _draw_background(self) -> None:
        world, order = self.world, self.order
        chance = Random(f"{order.seed} background")
        span = order.deadline_us
        worked = order.family == WORKED
        rate = world.flickers * (0.3 if worked else 1.0)
        for venue in self.lit:
            at = chance.expovariate(rate) * 1e6
            while at < span:
                self._at(int(at), "flicker", venue.name)
                at += chance.expovariate(rate) * 1e6
        at = chance.expovariate(world.moves) * 1e6
        while at < span:
            self._at(int(at), "move", chance.choice((-1, 1)))
            at += chance.expovariate(world.moves) * 1e6
        if not worked:
            return
        pace = chance.gammavariate(4.0, 0.25)
        for venue in self.lit:
            total = draw_outflow(chance, venue, self.level, 0, pace)
            self.outflows[venue.name] = total
            while total > 0:
                part = min(total, 1 + int(chance.expovariate(1.0) * max(100, total // 12)))
                self._at(int(chance.random() * span), "outflow", (venue.name, part))
                total -= part
        for name in self.dark:
            at = chance.expovariate(1.0) * world.dark_refresh_us
            while at < span:
                size = draw_size(chance, self.by_name[name], self.level.size)
                self._at(int(at), "pool", (name, size))
                at += chance.expovariate(1.0) * world.dark_refresh_us
        for name in self.makers:
            at = 10_000_000
            while at < span:
                self._at(at, "maker", (name, draw_size(chance, self.by_name[name], self.level.size)))
                at += 10_000_000

    def _at(self, when: int, kind: str, what: object) -> None:
        self.count += 1
        heapq.heappush(self.heap, (when, self.count, kind, what))

    # --- playing ----------------------------------------------------------------------------------------

    def play(self, router: Router) -> Result:
        """Play the order against a router and return what became of it."""
        order = self.order
        self._take_answer(router(self.start_message()))
        while self.heap and self.count < EVENTS_MAX:
            when, _, kind, what = heapq.heappop(self.heap)
            if when > order.deadline_us:
                break
            self.now = when
            speaks = getattr(self, "_on_" + kind)(what)
            if speaks and not (
                self.heap and self.heap[0][0] == when and self.heap[0][2] in ("report", "wake")
            ):
                self._take_answer(router(self._update()))
                if self.filled >= order.qty and not self._awaits():
                    break
        router({"ev": "end"})
        return self._score()

    def _awaits(self) -> bool:
        """Whether a child may still be filled, or a report is on its way."""
        live = any(not child.ended and child.filled < child.qty for child in self.children.values())
        return live or any(kind == "report" for _, _, kind, _ in self.heap)

    def _score(self) -> Result:
        order, result = self.order, self.result
        left = max(order.qty - self.filled, 0)
        worst = max((rows[-1][0] for rows in self.asks.values() if rows), default=0)
        cost = self.paid + left * (worst + LEFT_TICKS * self.world.tick + 30)
        result.left, result.filled, result.cost = left, self.filled, cost / order.qty
        result.at_us = self.now
        result.overfills += self.filled > order.qty
        return result

    def _take_answer(self, answer: Message | None) -> None:
        if not answer:
            return
        self.result.answers += 1
        starts = self.now + self.world.decision_us
        batch = answer.get("orders", [])
        self._check_duty(batch)
        for row in batch:
            child = Child(row["cid"], row["venue"], int(row["qty"]), self._offset(row["price"]), row["type"])
            if child.cid in self.children or child.qty <= 0:
                raise ValueError(f"child {row} has a name used before or no shares")
            self.children[child.cid] = child
            venue = self.by_name[child.venue]
            sent = max(starts, int(row.get("t_us") or 0))
            noise = 1 + self.world.jitter * self.chance[child.venue].random()
            self._at(sent + int(venue.lat * noise), "arrive", child)
        exposed = sum(child.qty - child.filled for child in self.children.values() if not child.ended)
        self.result.overfills += exposed + self.filled > self.order.qty and bool(batch)
        for cid in answer.get("cancels", []):
            child = self.children[cid]
            self._at(starts + self.by_name[child.venue].lat, "cancel", child)
        if answer.get("wake_us") is not None:
            self.wake = max(int(answer["wake_us"]), starts + 1)
            self._at(self.wake, "wake", self.wake)

    def _check_duty(self, batch: list[dict]) -> None:
        """Count ISOs that pass over a better displayed best quote the router could see, without an ISO for it."""
        limits = [self._offset(row["price"]) for row in batch if row["type"] == "ISO"]
        if not limits:
            return
        deepest = max(limits)
        for venue in self.lit:
            if self.order.down.get(venue.name):
                continue
            asks, _ = self._view(venue.name)
            if asks and asks[0][0] < deepest:
                sent = sum(
                    int(row["qty"])
                    for row in batch
                    if row["venue"] == venue.name
                    and row["type"] == "ISO"
                    and self._offset(row["price"]) >= asks[0][0]
                )
                self.result.trade_throughs += sent < asks[0][1]

    # --- messages -----------------------------------------------------------------------------------------

    def _price(self, offset: int) -> float:
        sign = 1 if self.order.side == "B" else -1
        return (self.order.mid + sign * offset) / 10_000

    def _offset(self, price: float) -> int:
        sign = 1 if self.order.side == "B" else -1
        return sign * (round(price * 10_000) - self.order.mid)

    def _picture(self, name: str) -> tuple:
        asks = tuple((row[0], row[1]) for row in self.asks[name] if row[1] > 0)[:SHOWN_LEVELS]
        return asks, tuple((row[0], row[1]) for row in self.bids[name] if row[1] > 0)

    def _changed(self, name: str) -> None:
        self.seen[name].append((self.now, *self._picture(name)))

    def _view(self, name: str) -> tuple:
        seen, until = self.seen[name], self.now - self.by_name[name].feed
        while len(seen) > 1 and seen[1][0] <= until:
            seen.pop(0)
        return seen[0][1], seen[0][2]

    def _book(self) -> dict:
        far, near = ("ask", "bid") if self.order.side == "B" else ("bid", "ask")
        book = {}
        for venue in self.lit:
            down = self.order.down.get(venue.name, "+shown")
            if down.endswith("+shown"):
                asks, bids = self._view(venue.name)
                book[venue.name] = {
                    far: [[self._price(offset), shown] for offset, shown in asks],
                    near: [[self._price(offset), shown] for offset, shown in bids],
                }
        return book

    def start_message(self) -> Message:
        """Write the message an order arrives with."""
        order = self.order
        return {
            "ev": "start",
            "sid": order.sid,
            "side": order.side,
            "qty": order.qty,
            "deadline_us": order.deadline_us,
            "tick": self.world.tick / 10_000,
            "mid": order.mid / 10_000,
            "klass": order.klass,
            "venues": [
                {
                    "name": venue.name,
                    "kind": venue.kind,
                    "take": venue.take,
                    "make": venue.make,
                    "lat": venue.lat,
                    "feed": venue.feed,
                }
                for venue in self.world.venues
            ],
            "book": self._book(),
        }

    def _update(self) -> Message:
        reports, self.reports = self.reports, []
        return {
            "ev": "update",
            "t_us": self.now,
            "filled": self.filled,
            "book": self._book(),
            "reports": reports,
        }

    def _report(self, child: Child, state: str, fills: list[list[int]]) -> None:
        row = {
            "cid": child.cid,
            "state": state,
            "venue": child.venue,
            "fills": [[self._price(offset), qty] for offset, qty in fills],
        }
        self._at(self.now + self.by_name[child.venue].lat, "report", (row, sum(qty for _, qty in fills)))

    # --- events -----------------------------------------------------------------------------------------------

    def _on_wake(self, when: int) -> bool:
        """Wake the router, unless it has asked for another time since."""
        return when == self.wake

    def _on_report(self, what: tuple) -> bool:
        self.reports.append(what[0])
        return True

    def _on_arrive(self, child: Child) -> bool:
        down = self.order.down.get(child.venue, "")
        if down:
            child.ended = not down.startswith("silent")
            if child.ended:
                self._report(child, "reject", [])
            return False
        kind = self.by_name[child.venue].kind
        if kind == "lit":
            self._arrive_lit(child)
        elif kind == "dark":
            self._arrive_dark(child)
        else:
            self._arrive_maker(child)
        return False

    def _on_cancel(self, child: Child) -> bool:
        if not child.ended and not self.order.down.get(child.venue, "").startswith("silent"):
            child.ended = True
            if child in self.resting:
                self.resting.remove(child)
                self._withdraw(child)
            self._report(child, "done", [])
        return False

    def _on_flicker(self, name: str) -> bool:
        chance, rows = self.chance[name], self.asks[name]
        if rows:
            row = rows[0]
            if row[1] and chance.random() < 0.5:
                row[1] = row[1] // 200 * 100 if row[1] > 200 else row[1]
            else:
                row[1] = draw_shown(chance, self.level.size, self.by_name[name].weight)
            self._changed(name)
        return False

    def _on_move(self, way: int) -> bool:
        """Move the whole market a tick; a market coming towards us fills what rests at its best price."""
        step = way * self.world.tick
        for venue in self.lit:
            for rows in (self.asks[venue.name], self.bids[venue.name]):
                for row in rows:
                    row[0] += step
        if way < 0:
            for child in list(self.resting):
                if child.limit >= self._best_bid() + self.world.tick:
                    self._fill_resting(child, child.qty - child.filled)
        for venue in self.lit:
            self._changed(venue.name)
        return False

    def _on_run(self, _: object) -> bool:
        for venue in self.lit:
            if self.chance[venue.name].random() < self.world.run_share:
                for row in self.asks[venue.name]:
                    row[0] += self.world.tick * self.world.run_ticks
                self._changed(venue.name)
        return False

    def _on_fade(self, what: tuple) -> bool:
        name, deepest = what
        chance = self.chance[name]
        for row in self.asks[name]:
            if row[0] <= deepest and row[1]:
                gone = int(row[1] * min(chance.uniform(0.3, 1.7) * self.world.fade_part, 1.0))
                row[1] -= gone
                self._refill_later(name, row)
        self._changed(name)
        return False

    def _on_refill(self, what: tuple) -> bool:
        name, row, shown = what
        if row[1] < shown:
            row[1] = shown
            self._changed(name)
        return False

    def _on_pool(self, what: tuple) -> bool:
        self.dark[what[0]] = what[1]
        return False

    def _on_maker(self, what: tuple) -> bool:
        self.makers[what[0]] = (what[1], self.makers[what[0]][1])
        return False

    def _on_outflow(self, what: tuple) -> bool:
        """Take shares from the front of a queue; as many join at its back."""
        name, shares = what
        best = self.bids[name][0]
        ours = [child for child in self.resting if child.venue == name]
        for child in sorted(ours, key=lambda one: -one.limit):
            if child.limit < best[0]:
                continue
            gone = min(child.ahead, shares) if child.limit <= best[0] else 0
            child.ahead -= gone
            if shares > gone:
                self._fill_resting(child, min(shares - gone, child.qty - child.filled))
        best[1] = max(best[1] - shares, 0) + shares if best[1] else shares
        self._changed(name)
        return False

    # --- venues -------------------------------------------------------------------------------------------------

    def _best_ask(self, without: str = "") -> int:
        best = 2**40
        for venue in self.lit:
            name = venue.name
            if name == without or (self.order.down.get(name) and not self.world.protects_down):
                continue
            for row in self.asks[name]:
                if row[1] > 0:
                    best = min(best, row[0])
                    break
        return best

    def _best_bid(self) -> int:
        return max(rows[0][0] for rows in self.bids.values())

    def _arrive_lit(self, child: Child) -> None:
        name = child.venue
        reach = child.limit
        if child.kind != "ISO":
            reach = min(reach, self._best_ask(name))
        fills, left = [], child.qty
        for row in self.asks[name]:
            if left <= 0 or row[0] > reach:
                break
            got = 0
            for place in (1, 2):
                part = min(left, row[place])
                row[place] -= part
                left -= part
                got += part
            if got:
                fills.append([row[0], got])
                self._refill_later(name, row)
        fee = self.by_name[name].take
        self._book_fills(child, fills, fee)
        if fills:
            self._changed(name)
            self._scare(fills[-1][0])
        rests = child.kind == "DAY" and left > 0
        if rests:
            self._rest(child)
        else:
            child.ended = True
        self._report(child, "open" if rests else "done", fills)

    def _rest(self, child: Child) -> None:
        rows = self.bids[child.venue]
        child.ahead = sum(row[1] for row in rows if row[0] >= child.limit)
        self.resting.append(child)
        for row in rows:
            if row[0] == child.limit:
                row[1] += child.qty - child.filled
                self._changed(child.venue)
                return
        rows.append([child.limit, child.qty - child.filled])
        rows.sort(reverse=True)
        self._changed(child.venue)

    def _withdraw(self, child: Child) -> None:
        rows = self.bids[child.venue]
        for row in rows:
            if row[0] == child.limit:
                row[1] = max(row[1] - (child.qty - child.filled), 0)
                if row[1] == 0 and len(rows) > 1:
                    rows.remove(row)
                break
        self._changed(child.venue)

    def _fill_resting(self, child: Child, qty: int) -> None:
        self._book_fills(child, [[child.limit, qty]], self.by_name[child.venue].make)
        self.result.made += qty
        if child.filled >= child.qty:
            child.ended = True
            self.resting.remove(child)
        self._report(child, "done" if child.ended else "open", [[child.limit, qty]])

    def _arrive_dark(self, child: Child) -> None:
        name = child.venue
        middle = (self._best_ask() + self._best_bid()) // 2
        got = min(child.qty, self.dark[name]) if middle <= child.limit else 0
        self.dark[name] -= got
        self._book_fills(child, [[middle, got]] if got else [], self.by_name[name].take)
        self.result.dark += got
        child.ended = True
        self._leak(child, got)
        self._report(child, "done", [[middle, got]] if got else [])

    def _arrive_maker(self, child: Child) -> None:
        name = child.venue
        accepts, improves = self.makers[name]
        price = self._best_ask() - improves
        got = min(child.qty, accepts) if price <= child.limit else 0
        self.makers[name] = (accepts - got, improves)
        self._book_fills(child, [[price, got]] if got else [], self.by_name[name].take)
        child.ended = True
        self._leak(child, got)
        self._report(child, "done", [[price, got]] if got else [])

    def _book_fills(self, child: Child, fills: list[list[int]], fee: int) -> None:
        for offset, qty in fills:
            child.filled += qty
            self.filled += qty
            self.paid += qty * (offset + fee)

    def _leak(self, child: Child, got: int) -> None:
        venue = self.by_name[child.venue]
        rest = (child.qty - got) / max(self.order.nbbo, 1)
        if rest > 0 and self.chance[child.venue].random() < leak_chance(self.world, venue, rest):
            self._at(self.now + venue.leak_us, "run", None)

    def _scare(self, deepest: int) -> None:
        """Let the other venues think about what was executed."""
        for venue in self.lit:
            if self.reacting.get(venue.name, -1) > self.now:
                continue
            chance = self.chance[venue.name]
            if chance.random() < min(venue.fade * self.order.fading, 0.95):
                after = int(venue.react_us * chance.uniform(0.5, 2.0))
                self.reacting[venue.name] = self.now + after
                self._at(self.now + after, "fade", (venue.name, deepest))

    def _refill_later(self, name: str, row: list[int]) -> None:
        chance = self.chance[name]
        after = int(chance.expovariate(1.0) * self.world.refill_us)
        if self.now + after < self.order.deadline_us:
            shown = draw_shown(chance, self.level.size, self.by_name[name].weight)
            self._at(self.now + after, "refill", (name, row, shown))


def venue_of(world: World, name: str) -> Venue:
    """Return a venue by name."""
    return next(venue for venue in world.venues if venue.name == name)
