"""Routing in a market that hides, fades, leaks and fails: DART beside seven naive routers and the bound of perfect foresight.

Every router meets the same orders in the same worlds, drawn from a seed that no setting of DART was chosen on. A row's `value` is DART's mean
regret (cost less the bound, mils a share), `baseline` that of the best naive router of the family, `ratio` how many times
smaller DART's is. The table on standard error has every router, and the saving with its 95 % interval over worlds.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from random import Random
from time import perf_counter_ns

import msgspec
from rich.console import Console
from rich.table import Table

sys.path.append(str(Path(__file__).parents[1]))

from bench.routing_market.market import Market
from bench.routing_market.naive import TAKERS, StaticSplit
from bench.routing_market.play import draw_orders, play_world, worlds
from bench.routing_market.world import TAKE_FAMILIES, WORKED, World, draw_order

from rushtrade.dart import take_kernel
from rushtrade.router.line_router import LineRouter

SEED = 20_260_102
WORLDS = 40
ORDERS = 4
RESAMPLES = 400
DART, STATIC = "DART", "static split"
Regrets = dict[str, dict[str, list[list[float]]]]
"""By router and family: the regrets of each world."""


class OwnProcess:
    """A router behind the protocol: every message goes through its line of JSON."""

    def __init__(self, strategy: str = "best") -> None:
        self.router = LineRouter(strategy)

    def __call__(self, message: dict) -> dict | None:
        """Answer one message."""
        answer = self.router.take(msgspec.json.encode(message))
        return None if answer is None else msgspec.json.decode(answer)


def play_all(drawn: list[World], orders: int) -> tuple[Regrets, dict[str, int]]:
    """Play every router through every world; also count what DART must never do."""
    regrets: Regrets = {}
    breaches = dict.fromkeys(("overfills", "trade-throughs", "left with every venue up or rejecting"), 0)
    for world in drawn:
        takes, works = draw_orders(world, TAKE_FAMILIES, orders), draw_orders(world, (WORKED,), orders)
        runs = [(name, takes, router) for name, router in TAKERS.items()]
        runs += [(STATIC, works, StaticSplit), (DART, takes + works, OwnProcess)]
        for name, played, router in runs:
            by_family: dict[str, list[float]] = {}
            for order, regret, result in play_world(world, played, router):
                by_family.setdefault(order.family, []).append(regret)
                if name == DART:
                    silent = any(how.startswith("silent") for how in order.down.values())
                    breaches["overfills"] += result.overfills
                    breaches["trade-throughs"] += result.trade_throughs
                    breaches["left with every venue up or rejecting"] += result.left > 0 and not silent
            for family, found in by_family.items():
                regrets.setdefault(name, {}).setdefault(family, []).append(found)
    return regrets, breaches


def mean(rows: list[list[float]]) -> float:
    return statistics.fmean(regret for row in rows for regret in row)


def saving(ours: list[list[float]], theirs: list[list[float]]) -> tuple[float, float, float]:
    """Return by how much smaller our mean regret is, and the 95 % interval when worlds are drawn again."""
    chance, count = Random(SEED), len(ours)
    found = []
    for _ in range(RESAMPLES):
        again = [chance.randrange(count) for _ in range(count)]
        found.append(1 - mean([ours[at] for at in again]) / mean([theirs[at] for at in again]))
    found.sort()
    return 1 - mean(ours) / mean(theirs), found[RESAMPLES // 40], found[-1 - RESAMPLES // 40]


def joined(regrets: Regrets, name: str) -> list[list[float]]:
    """Put the take families of each world together."""
    families = [regrets[name][family] for family in TAKE_FAMILIES]
    return [[regret for row in rows for regret in row] for rows in zip(*families, strict=True)]


def show(regrets: Regrets, breaches: dict[str, int]) -> None:
    """Print every router's mean regret by family."""
    table = Table(title=f"mean regret, mils a share: {WORLDS} worlds, {ORDERS} orders a family in each")
    for heading in ("router", *TAKE_FAMILIES, "mean", WORKED):
        table.add_column(heading, justify="left" if heading == "router" else "right")
    for name, families in regrets.items():
        takes = [mean(families[family]) for family in TAKE_FAMILIES] if TAKE_FAMILIES[0] in families else []
        row = [f"{value:.1f}" for value in (*takes, statistics.fmean(takes))] if takes else [""] * 7
        table.add_row(name, *row, f"{mean(families[WORKED]):.1f}" if WORKED in families else "")
    console = Console(stderr=True, width=140)
    console.print(table)
    for family in (*TAKE_FAMILIES, "mean", WORKED):
        best, ours, theirs = compared(regrets, family)
        part, low, high = saving(ours, theirs)
        console.print(f"{family:8} {part:6.1%} less than {best} (95 %: {low:.1%} to {high:.1%})")
    console.print(", ".join(f"{what}: {count}" for what, count in breaches.items()))


def compared(regrets: Regrets, family: str) -> tuple[str, list[list[float]], list[list[float]]]:
    """Return the best naive router of a family (or of all), DART's regrets and its."""
    if family == WORKED:
        return STATIC, regrets[DART][WORKED], regrets[STATIC][WORKED]
    if family == "mean":
        best = min(TAKERS, key=lambda name: mean(joined(regrets, name)))
        return best, joined(regrets, DART), joined(regrets, best)
    best = min(TAKERS, key=lambda name: mean(regrets[name][family]))
    return best, regrets[DART][family], regrets[best][family]


def decision_times() -> list[tuple[str, list[int], list[int]]]:
    """Time the decision on arrays, and a plain sort of the same levels, call by call."""
    ours, plain = [], []
    for world in worlds(SEED, 6):
        router = OwnProcess()
        router({"ev": "world", "world": world.number, "history": world.history})
        for family in TAKE_FAMILIES:
            order = draw_order(world, family, 1)
            router(Market(world, order).start_message())
            live = router.router.order
            assert live is not None
            street, beliefs = live.street, live.beliefs
            near, tick = street.best_near(), live.tick
            for _ in range(200):
                start = perf_counter_ns()
                take_kernel.decide(
                    street.far,
                    near,
                    street.terms,
                    beliefs.sources,
                    beliefs.fills,
                    beliefs.market,
                    street.work,
                    order.qty,
                    tick,
                    3,
                    beliefs.out,
                    beliefs.costs,
                )
                middle = perf_counter_ns()
                sorted(
                    (offset + venue.take, shown)
                    for venue in world.venues
                    for offset, shown, _ in order.asks.get(venue.name, ())
                )
                plain.append(perf_counter_ns() - middle)
                ours.append(middle - start)
    return [("DART take decision on arrays", sorted(ours), sorted(plain))]


def run() -> list[dict]:
    regrets, breaches = play_all(worlds(SEED, WORLDS), ORDERS)
    show(regrets, breaches)
    rows = []
    for family in (*TAKE_FAMILIES, "mean", WORKED):
        best, ours, theirs = compared(regrets, family)
        rows.append(
            {
                "name": f"routing, {family}: mean regret",
                "value": round(mean(ours), 2),
                "unit": "mils a share",
                "baseline_name": best,
                "baseline": round(mean(theirs), 2),
                "ratio": round(mean(theirs) / mean(ours), 2),
            }
        )
    for what, count in breaches.items():
        rows.append(
            {
                "name": f"routing: {what}",
                "value": count,
                "unit": "orders",
                "baseline_name": "allowed",
                "baseline": 0,
                "ratio": 1.0 if not count else 0.0,
            }
        )
    for name, ours, plain in decision_times():
        for percent in (50, 99):
            at = len(ours) * percent // 100
            rows.append(
                {
                    "name": f"{name}, p{percent}",
                    "value": round(ours[at] / 1000, 2),
                    "unit": "us",
                    "baseline_name": "sort of the same levels in plain Python",
                    "baseline": round(plain[at] / 1000, 2),
                    "ratio": round(plain[at] / ours[at], 2),
                }
            )
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
