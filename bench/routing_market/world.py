"""Worlds and orders of the routing market, drawn from a seed: venues with their habits, and the orders of each family.

Every habit of a venue is drawn anew for each world, over ranges wider than any one market has, because a router that is good
in one market only has learned that market. What a router is told beforehand are *probes* (`history`), drawn from the same habits.

Prices are *offsets* from the arrival midpoint in mils ($0.0001), counted away from the order: an offset above zero is
worse for it, whichever side it is on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

TAKE_FAMILIES = ("small", "medium", "large", "fading", "thin", "outage")
WORKED = "worked"
TAKE_DEADLINE_US = 250_000
WORK_DEADLINE_US = 60_000_000
MULTIPLES = {
    "small": (0.1, 0.5),
    "medium": (0.5, 2.0),
    "large": (3.0, 9.0),
    "fading": (1.0, 5.0),
    "thin": (0.8, 4.0),
    "outage": (0.8, 4.0),
    WORKED: (0.4, 3.0),
}
"""Order size as a multiple of what all venues show at the best price."""


@dataclass(slots=True)
class Venue:
    """One venue and its habits. Rates and chances are of the world, sizes in shares."""

    name: str
    kind: str
    take: int
    make: int
    lat: int
    feed: int
    weight: float = 0.0
    at_best: float = 0.0
    hidden_chance: float = 0.0
    hidden_ratio: float = 0.0
    fade: float = 0.0
    react_us: int = 0
    empty: float = 0.0
    scale: float = 0.0
    power: float = 0.0
    leak: float = 0.0
    leak_us: int = 0
    accept: float = 0.0
    improve: int = 0
    cap: float = 0.0
    outflow: float = 0.0


@dataclass(slots=True)
class Class:
    """A class of stocks: usual size shown, spread in ticks, how long the queues are."""

    name: str
    size: float
    spread: tuple[int, int]
    queue: float


@dataclass(slots=True)
class World:
    """Venues, classes, and how nervous the market is."""

    number: int
    seed: int
    venues: list[Venue]
    classes: list[Class]
    tick: int
    flickers: float
    moves: float
    refill_us: float
    leak_by_size: bool
    run_ticks: int
    run_share: float
    fade_part: float
    sized_by_order: bool
    """Whether hidden sizes follow what an order meets at the best price, or the class alone."""
    protects_down: bool
    jitter: float
    decision_us: int
    dark_refresh_us: float
    history: list[dict] = field(default_factory=list)


@dataclass(slots=True)
class Order:
    """An order and the market it meets, as only one who knows all sees it."""

    sid: int
    family: str
    side: str
    qty: int
    deadline_us: int
    mid: int
    klass: str
    seed: int
    fading: float
    asks: dict[str, list[list[int]]]
    """Per lit venue: offset, shown, hidden; best first."""
    bids: dict[str, list[list[int]]]
    dark: dict[str, int]
    makers: dict[str, tuple[int, int]]
    """Per market maker: shares it accepts, and mils it improves on the offer."""
    down: dict[str, str]
    """Venues out of order: `reject` or `silent`, and whether the quote stays (`+shown`)."""
    nbbo: int


def draw_world(number: int, seed: int) -> World:
    """Draw a world."""
    chance = Random(f"world {seed} {number}")
    tick = 100 if chance.random() < 0.8 else 50
    nervous = chance.uniform(0.1, 0.8)
    leaky = chance.lognormvariate(-1.1, 0.7)
    barren = chance.random() ** 2
    venues = [_lit(chance, f"L{at}", nervous) for at in range(chance.randint(7, 10))]
    total = sum(venue.weight for venue in venues)
    for venue in venues:
        venue.weight /= total
    venues += [_dark(chance, f"D{at}", leaky, barren) for at in range(chance.randint(2, 4))]
    venues += [_maker(chance, f"M{at}", leaky, tick, barren) for at in range(chance.randint(1, 3))]
    classes = [
        Class(
            "large-cap",
            chance.uniform(1500, 5000),
            (1, 1 + (chance.random() < 0.4)),
            chance.uniform(0.5, 1.5),
        ),
        Class("mid-cap", chance.uniform(600, 1800), (1, 3), chance.uniform(0.4, 1.2)),
        Class("small-cap", chance.uniform(300, 900), (2, 7), chance.uniform(0.3, 1.0)),
    ]
    world = World(
        number,
        seed,
        venues,
        classes,
        tick,
        chance.choice((0.1, 1.0, 6.0)) * chance.uniform(0.5, 1.5),
        chance.uniform(0.0, 0.04),
        chance.lognormvariate(14.0, 1.3),
        chance.random() < 0.6,
        chance.choice((1, 1, 1, 2, 3)),
        chance.uniform(0.5, 1.0),
        chance.uniform(0.2, 0.9),
        chance.random() < 0.4,
        chance.random() < 0.3,
        chance.uniform(0.0, 0.15),
        int(chance.uniform(30, 500)),
        chance.uniform(3e6, 4e7),
    )
    world.history = draw_history(world, chance.choice((10, 25, 60, 120)))
    return world


def _lit(chance: Random, name: str, nervous: float) -> Venue:
    style = chance.random()
    if style < 0.6:
        take, make = chance.randint(27, 30), -chance.randint(13, 30)
    elif style < 0.85:
        take, make = -chance.randint(0, 12), chance.randint(5, 25)
    else:
        take, make = chance.randint(5, 15), chance.randint(-2, 3)
    lat = int(min(max(chance.lognormvariate(5.4, 0.7), 40), 2500))
    venue = Venue(name, "lit", take, make, lat, int(lat * chance.uniform(0.6, 1.6)) + 20)
    venue.weight = chance.lognormvariate(0, 0.8)
    venue.at_best = chance.uniform(0.35, 0.95)
    venue.hidden_chance = chance.choice((0.05, 0.15, 0.3, 0.5))
    venue.hidden_ratio = chance.lognormvariate(-0.2, 0.6)
    venue.fade = min(nervous * chance.uniform(0.3, 1.7), 0.95)
    venue.react_us = int(chance.lognormvariate(5.8, 0.9))
    venue.outflow = chance.lognormvariate(0.3, 0.5)
    return venue


def _dark(chance: Random, name: str, leaky: float, barren: float) -> Venue:
    lat = int(min(max(chance.lognormvariate(5.8, 0.6), 60), 3000))
    venue = Venue(name, "dark", chance.randint(0, 20), 10, lat, 0)
    venue.empty = 1 - chance.uniform(0.07, 0.6) * (1 - 0.8 * barren)
    venue.scale = chance.lognormvariate(-2.0, 0.8)
    venue.power = chance.uniform(0.6, 2.0)
    venue.leak = min(leaky * chance.lognormvariate(0, 0.7), 0.9) * (chance.random() < 0.8)
    venue.leak_us = int(chance.lognormvariate(5.5, 0.6))
    return venue


def _maker(chance: Random, name: str, leaky: float, tick: int, barren: float) -> Venue:
    lat = int(min(max(chance.lognormvariate(6.5, 0.6), 150), 6000))
    venue = Venue(name, "mm", chance.choice((0, 0, 0, 5)), 0, lat, 0)
    venue.accept = chance.uniform(0.2, 0.95) * (1 - 0.6 * barren)
    venue.improve = int(tick * chance.uniform(0.02, 0.35))
    venue.cap = chance.lognormvariate(-1.5, 0.7)
    venue.leak = min(leaky * chance.lognormvariate(0, 0.7), 0.9) * (chance.random() < 0.7)
    venue.leak_us = int(chance.lognormvariate(6.0, 0.6))
    return venue


def draw_size(chance: Random, venue: Venue, size: float) -> int:
    """Draw what a venue hides: a pool's shares, or the most a market maker accepts."""
    if venue.kind == "mm":
        return int(size * venue.cap * chance.lognormvariate(0, 0.4)) if chance.random() < venue.accept else 0
    if chance.random() < venue.empty:
        return 0
    return max(1, int(min(size * venue.scale * chance.paretovariate(venue.power), size * 200)))


def draw_hidden(chance: Random, venue: Venue, shown: int) -> int:
    """Draw the hidden shares of a level."""
    if chance.random() >= venue.hidden_chance:
        return 0
    return int(shown * venue.hidden_ratio * chance.lognormvariate(0, 0.7))


def leak_chance(world: World, venue: Venue, unfilled_over_nbbo: float) -> float:
    """Chance that displayed quotes run after a ping that left so much unfilled."""
    weight = min(unfilled_over_nbbo, 4.0) if world.leak_by_size else 1.0
    return min(venue.leak * weight, 0.9)


def draw_shown(chance: Random, size: float, weight: float) -> int:
    """Draw a displayed size, in round lots."""
    return 100 * max(1, round(size * weight * chance.lognormvariate(0, 0.7) / 100))


def draw_outflow(chance: Random, venue: Venue, level: Class, shown: int, pace: float) -> int:
    """Draw how many shares leave the front of a queue in a minute. `pace` is common to all venues in that minute."""
    del shown
    mean = level.size * venue.weight * venue.outflow * level.queue * 1.3
    return int(mean * pace * chance.gammavariate(3.0, 1 / 3.0))


def draw_history(world: World, count: int) -> list[dict]:
    """Draw the probes a broker has made on these venues: `count` a venue, over all classes."""
    chance = Random(f"history {world.seed} {world.number}")
    rows = []
    for venue in world.venues:
        for _ in range(count):
            level = chance.choice(world.classes)
            if venue.kind == "lit":
                rows.append(_ask_probe(chance, venue, level))
                shown = draw_shown(chance, level.size * level.queue, venue.weight)
                pace = chance.gammavariate(4.0, 0.25)
                out = draw_outflow(chance, venue, level, shown, pace)
                rows.append(_row(level, venue, "outflow60s", shown, 0, out))
            else:
                rows.append(_hidden_probe(chance, world, venue, level))
    chance.shuffle(rows)
    return rows


def _row(level: Class, venue: Venue, limit: str, shown: int, asked: int, filled: int) -> dict:
    return {
        "klass": level.name,
        "venue": venue.name,
        "limit": limit,
        "shown": shown,
        "asked": asked,
        "filled": filled,
    }


def _ask_probe(chance: Random, venue: Venue, level: Class) -> dict:
    shown = draw_shown(chance, level.size, venue.weight)
    asked = int(shown * chance.uniform(1.2, 4.0))
    return _row(level, venue, "ask", shown, asked, min(asked, shown + draw_hidden(chance, venue, shown)))


def _hidden_probe(chance: Random, world: World, venue: Venue, level: Class) -> dict:
    asked = max(1, int(level.size * 0.2 * 20 ** chance.random()))
    filled = min(asked, draw_size(chance, venue, level.size))
    row = _row(level, venue, "mid" if venue.kind == "dark" else "ask", 0, asked, filled)
    if venue.kind == "mm" and filled:
        row["px_vs_ask_mils"] = -venue.improve
    if filled < asked:
        rest = (asked - filled) / (level.size * 0.7)
        row["quotes_ran"] = chance.random() < leak_chance(world, venue, rest)
        row["rest_over_nbbo"] = round(rest, 3)
    return row


def draw_order(world: World, family: str, sid: int) -> Order:
    """Draw an order of a family and all it will find."""
    chance = Random(f"order {world.seed} {world.number} {family} {sid}")
    level = world.classes[2] if family == "thin" else chance.choice(world.classes)
    size = level.size * (0.35 if family == "thin" else 1.0)
    spread = chance.randint(*level.spread) + (2 if family == "thin" else 0)
    best = spread * world.tick // 2
    lit = [venue for venue in world.venues if venue.kind == "lit"]
    asks = {venue.name: _draw_levels(chance, world, venue, size, best, family) for venue in lit}
    lowest = min(rows[0][0] for rows in asks.values())
    for rows in asks.values():
        for row in rows:
            row[0] += best - lowest
    queue = size * level.queue
    bids = {
        venue.name: [[-best - at * world.tick, draw_shown(chance, queue, venue.weight)] for at in range(3)]
        for venue in lit
    }
    nbbo = sum(rows[0][1] for rows in asks.values() if rows[0][0] == best)
    low, high = MULTIPLES[family]
    qty = max(1, int(nbbo * low * (high / low) ** chance.random()))
    _deepen(chance, world, asks, qty)
    half = world.tick // 2 if spread % 2 else 0
    order = Order(
        sid,
        family,
        chance.choice("BS"),
        qty,
        WORK_DEADLINE_US if family == WORKED else TAKE_DEADLINE_US,
        chance.randint(2_000, 30_000) * 100 + half,
        level.name,
        chance.getrandbits(40),
        chance.uniform(2.0, 5.0) if family == "fading" else 1.0,
        asks,
        bids,
        {},
        {},
        {},
        nbbo,
    )
    around = 1.5 * nbbo if world.sized_by_order else level.size
    for venue in world.venues:
        if venue.kind == "dark":
            order.dark[venue.name] = draw_size(chance, venue, around)
        elif venue.kind == "mm":
            order.makers[venue.name] = (draw_size(chance, venue, around), venue.improve)
    if family == "outage":
        for venue in chance.sample(world.venues, chance.randint(1, 2)):
            mode = "silent" if chance.random() < 0.15 else "reject"
            order.down[venue.name] = mode + ("+shown" if chance.random() < 0.7 else "")
    return order


def _draw_levels(
    chance: Random, world: World, venue: Venue, size: float, best: int, family: str
) -> list[list[int]]:
    offset = best
    while chance.random() > venue.at_best * (0.6 if family == "thin" else 1.0):
        offset += world.tick
    rows = []
    for depth in range(chance.randint(4, 8)):
        shown = draw_shown(chance, size, venue.weight * (1 + 0.25 * depth))
        rows.append([offset, shown, draw_hidden(chance, venue, shown)])
        offset += world.tick * (1 if chance.random() < 0.8 else 2)
    return rows


def _deepen(chance: Random, world: World, asks: dict[str, list[list[int]]], qty: int) -> None:
    """Add levels until the books show half as much again as is wanted."""
    names = sorted(asks)
    shown = sum(row[1] for rows in asks.values() for row in rows)
    while shown < 1.5 * qty:
        rows = asks[chance.choice(names)]
        more = int(rows[-1][1] * chance.uniform(0.7, 1.4)) // 100 * 100 + 100
        rows.append([rows[-1][0] + world.tick, more, 0])
        shown += more
