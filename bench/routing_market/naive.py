"""The routers DART is compared with: seven naive policies for taking, and one static split for worked orders.

Each routes again what comes back until the deadline, keeps away from venues that rejected it, never has more in the market than is
left of the order, and sweeps whatever is shown shortly before the deadline. Prices are turned so that lower is better.
"""

from __future__ import annotations

import math
from random import Random

AGAIN_US = 4_000
LAST_US = 15_000
"""Before the deadline: time for a last sweep and a second one."""
SILENT_US = 30_000
SAMPLES = 400


class NaiveRouter:
    """What all have in common: the order, its children, and the turning of prices."""

    def __init__(self) -> None:
        self.history: list[dict] = []
        self.message: dict = {}

    def __call__(self, message: dict) -> dict | None:
        """Take a message and answer it, where the protocol wants an answer."""
        if message["ev"] == "world":
            self.history = message["history"]
            return None
        if message["ev"] == "start":
            self.begin(message)
        elif message["ev"] == "update":
            self.take_update(message)
        else:
            return None
        return self.answer()

    def begin(self, message: dict) -> None:
        """Take an order."""
        self.message = message
        self.sign = 1 if message["side"] == "B" else -1
        self.venues = {row["name"]: row for row in message["venues"]}
        self.left = message["qty"]
        self.open: dict[str, tuple[str, int, int]] = {}
        self.dead: set[str] = set()
        self.asked: set[str] = set()
        self.names = 0
        self.now = 0
        self.book = message["book"]
        self.tick = message["tick"]

    def take_update(self, message: dict) -> None:
        """Take what venues report."""
        self.now, self.book = message["t_us"], message["book"]
        for row in message["reports"]:
            got = sum(qty for _, qty in row["fills"])
            self.left -= got
            venue, qty, sent = self.open[row["cid"]]
            if row["state"] == "reject":
                self.dead.add(venue)
            if row["state"] == "open":
                self.open[row["cid"]] = (venue, qty - got, sent)
            else:
                del self.open[row["cid"]]

    def answer(self) -> dict:
        """Say what to send, and when to be asked again."""
        waiting = [one for one in self.open.values() if self.now - one[2] < SILENT_US]
        orders: list[dict] = []
        free = self.left - sum(one[1] for one in self.open.values())
        if not waiting and free > 0:
            for venue, _, _ in self.open.values():
                self.dead.add(venue)
            last = self.now > self.message["deadline_us"] - LAST_US
            orders = self.sweep(free, equal=False) if last else self.plan(free)
        wake = self.now + AGAIN_US
        if self.now < self.message["deadline_us"] - LAST_US < wake:
            wake = self.message["deadline_us"] - LAST_US + 100
        return {"orders": orders, "cancels": [], "wake_us": wake}

    def plan(self, free: int) -> list[dict]:
        """Route the free shares."""
        raise NotImplementedError

    # --- pieces -----------------------------------------------------------------------------------------

    def levels(self) -> list[tuple[float, int, str, int]]:
        """All levels shown by usable lit venues: turned price, take fee, venue, shares; cheapest first."""
        side = "ask" if self.sign > 0 else "bid"
        rows = [
            (self.sign * price, self.venues[name]["take"], name, shown)
            for name, sides in self.book.items()
            if name not in self.dead
            for price, shown in sides.get(side, [])
        ]
        return sorted(rows)

    def child(self, venue: str, qty: int, price: float, kind: str = "IOC", t_us: int = 0) -> dict:
        """Make a child; `price` is turned."""
        self.names += 1
        cid = f"n{self.names}"
        self.open[cid] = (venue, qty, max(self.now, t_us))
        return {
            "cid": cid,
            "venue": venue,
            "side": self.message["side"],
            "qty": qty,
            "price": round(self.sign * price, 4),
            "type": kind,
            "t_us": t_us,
        }

    def sweep(self, free: int, *, equal: bool) -> list[dict]:
        """Take price by price, then fee by fee, through the whole depth, with one ISO a venue."""
        wanted: dict[str, int] = {}
        worst = 0.0
        for price, _, name, shown in self.levels():
            part = min(free, shown)
            if part <= 0:
                break
            wanted[name] = wanted.get(name, 0) + part
            free -= part
            worst = price
        if not wanted:
            return []
        slowest = max(self.venues[name]["lat"] for name in wanted) if equal else 0
        return [
            self.child(
                name,
                qty,
                worst,
                "ISO",
                self.now + 600 + slowest - self.venues[name]["lat"] if equal else 0,
            )
            for name, qty in wanted.items()
        ]


class BestVenue(NaiveRouter):
    """All to the one venue with the best price, most shown first."""

    def plan(self, free: int) -> list[dict]:
        """Route the free shares."""
        rows = self.levels()
        if not rows:
            return []
        best = min(rows, key=lambda row: (row[0], -row[3]))
        return [self.child(best[2], free, best[0])]


class BestPrice(NaiveRouter):
    """What is shown at the best price, everywhere; then again."""

    def plan(self, free: int) -> list[dict]:
        """Route the free shares."""
        rows = self.levels()
        orders = []
        for price, _, name, shown in rows:
            if price > rows[0][0] + 1e-9 or free <= 0:
                break
            orders.append(self.child(name, min(free, shown), price))
            free -= min(free, shown)
        return orders


class ProRata(NaiveRouter):
    """In proportion to what is shown within the depth that covers the order."""

    def plan(self, free: int) -> list[dict]:
        """Route the free shares."""
        rows, shown_by, total, worst = self.levels(), {}, 0, 0.0
        for price, _, name, shown in rows:
            if total >= free and price > worst:
                break
            shown_by[name] = shown_by.get(name, 0) + shown
            total, worst = total + shown, price
        orders, left = [], free
        for name, shown in shown_by.items():
            part = min(left, math.ceil(free * shown / total))
            if part > 0:
                orders.append(self.child(name, part, worst, "ISO"))
                left -= part
        return orders


class Sequence(NaiveRouter):
    """One venue after the other in a fixed order, all that is left, at the price that covers the order."""

    def begin(self, message: dict) -> None:
        """Take an order."""
        super().begin(message)
        self.order = [row["name"] for row in message["venues"] if row["kind"] == "lit"]
        self.turn = 0

    def plan(self, free: int) -> list[dict]:
        """Route the free shares."""
        total, worst = 0, None
        for price, _, _, shown in self.levels():
            if total < free:
                total, worst = total + shown, price
        usable = [name for name in self.order if name not in self.dead]
        if worst is None or not usable:
            return []
        self.turn += 1
        return [self.child(usable[(self.turn - 1) % len(usable)], free, worst)]


class PriceThenFee(NaiveRouter):
    """The whole depth at once, each child leaving at once."""

    def plan(self, free: int) -> list[dict]:
        """Route the free shares."""
        return self.sweep(free, equal=False)


class EqualSweep(NaiveRouter):
    """The whole depth, arriving everywhere at the same time."""

    def plan(self, free: int) -> list[dict]:
        """Route the free shares."""
        return self.sweep(free, equal=True)


class HiddenFirst(NaiveRouter):
    """Every dark pool with all that is left, one after the other; every market maker; then the whole depth at once."""

    def plan(self, free: int) -> list[dict]:
        """Route the free shares."""
        rows = self.levels()
        for kind in ("dark", "mm"):
            for row in self.message["venues"]:
                name = row["name"]
                if row["kind"] == kind and name not in self.asked and name not in self.dead and rows:
                    self.asked.add(name)
                    return [self.child(name, free, rows[0][0])]
        return self.sweep(free, equal=False)


class StaticSplit(NaiveRouter):
    """Cont and Kukanov's split, fixed at the start: some taken, the rest resting, what is left swept at the end."""

    def begin(self, message: dict) -> None:
        """Take an order."""
        super().begin(message)
        self.done = False

    def answer(self) -> dict:
        """Say what to send, and when to be asked again."""
        end = self.message["deadline_us"]
        if not self.done:
            self.done = True
            return {"orders": self.split(), "cancels": [], "wake_us": end - 400_000}
        if self.now >= end - 400_000:
            free = self.left - sum(one[1] for one in self.open.values())
            orders = self.sweep(free, equal=True) if free > 0 and not self.open else []
            cancels = list(self.open) if not orders else []
            return {"orders": orders, "cancels": cancels, "wake_us": self.now + 20_000}
        return {"orders": [], "cancels": [], "wake_us": end - 400_000}

    def split(self) -> list[dict]:
        """Walk to the best split on sampled outflows by their stochastic approximation, then round it into the order."""
        qty, side = self.left, "bid" if self.sign > 0 else "ask"
        rows = self.levels()
        near = {name: sides[side][0] for name, sides in self.book.items() if sides.get(side)}
        best = max(self.sign * level[0] for level in near.values())
        names = [name for name in near if self.sign * near[name][0] >= best - 1e-9]
        half = (rows[0][0] - best) / 2
        fee = min(self.venues[row[2]]["take"] for row in rows if row[0] <= rows[0][0] + 1e-9) / 1e4
        gives = [half - self.venues[name]["make"] / 1e4 for name in names]
        under, over = half + fee + self.tick, half + self.tick
        outs = [
            [
                row["filled"]
                for row in self.history
                if row["limit"] == "outflow60s"
                and row["venue"] == name
                and row["klass"] == self.message["klass"]
            ]
            for name in names
        ]
        chance = Random(f"{self.message['sid']}")
        x = [qty / (len(names) + 1)] * (len(names) + 1)
        mean = [0.0] * len(x)
        scale = sum((give + under + over) ** 2 for give in gives) + (half + fee + under + over) ** 2
        step = math.sqrt(len(names)) * qty / math.sqrt(SAMPLES * scale)
        for _ in range(SAMPLES):
            flow = [chance.choice(out) if out else 0 for out in outs]
            queues = [near[name][1] for name in names]
            got = [
                min(max(out - queue, 0), rest) for out, queue, rest in zip(flow, queues, x[1:], strict=True)
            ]
            total = x[0] + sum(got)
            slope = -under if total < qty else over
            x[0] = min(max(x[0] - step * (half + fee + slope), 0), qty)
            for at, give in enumerate(gives):
                if flow[at] > queues[at] + x[at + 1]:
                    x[at + 1] = min(max(x[at + 1] - step * (slope - give), 0), qty)
            mean = [one + more / SAMPLES for one, more in zip(mean, x, strict=True)]
        take = min(int(mean[0]), qty)
        rests, total = mean[1:], sum(mean[1:]) or 1.0
        orders = self.sweep(take, equal=True) if take else []
        left = qty - sum(row["qty"] for row in orders)
        parts = [int(left * rest / total) for rest in rests]
        parts[parts.index(max(parts))] += left - sum(parts)
        return orders + [
            self.child(name, part, best, "DAY") for name, part in zip(names, parts, strict=True) if part > 0
        ]


TAKERS: dict[str, type[NaiveRouter]] = {
    "best venue": BestVenue,
    "NBBO top": BestPrice,
    "pro rata": ProRata,
    "sequence": Sequence,
    "price then fee": PriceThenFee,
    "hidden first": HiddenFirst,
    "equal sweep": EqualSweep,
}
