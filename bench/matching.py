"""Matching: adds, cancels and takes at a steady number of resting orders, single orders, and a flow over all venues of a world.

Beside every rate stands the slow twin of the tests, run in turn with it over the same instructions; twin and engine must
say the same, or the run stops. The last rows compare the engine with itself at more resting orders. Rates are the best
of the rounds: the machine is shared.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from rushtrade.exchange.matching import MatchingEngine
from rushtrade.exchange.venue import Exchange
from rushtrade.marketplace.flow import Flow
from rushtrade.marketplace.generator import OPENING, GeneratedFlow
from rushtrade.rules.world_file import load_world
from rushtrade.wire import itch50
from rushtrade.wire import order_entry as oe
from rushtrade.wire.framing import MessageReader

sys.path.append(str(Path(__file__).parents[1] / "tests" / "unit" / "exchange"))
from exchange_slow_flow import SlowFlow
from exchange_slow_venue import SlowVenue

STOCKS = tuple(f"STOCK{number}" for number in range(8))
OPERATIONS = 400_000
SLOW_OPERATIONS = 20_000
BATCH = 4_096
ROUNDS = 3
FEW, MANY = 2_000, 50_000
SINGLES = 20_000
FLOW_SECONDS = 40
SECOND = 1_000_000_000


def run() -> list[dict]:
    few, many = steady(FEW), steady(MANY)
    check(few)
    fast, faster_book, slow = [], [], []
    for _ in range(ROUNDS):
        fast.append(engine_rate(few, FEW))
        slow.append(twin_rate(few, FEW))
        faster_book.append(engine_rate(many, MANY))
    rows = [
        row(f"matching, {FEW:,} resting", max(fast) / 1e6, "M operations/s", "slow twin", max(slow) / 1e6),
        row(
            f"matching, {MANY:,} resting",
            max(faster_book) / 1e6,
            "M operations/s",
            f"{FEW:,} resting",
            max(fast) / 1e6,
        ),
    ]
    return rows + [in_batches_of(size, few) for size in (1, 100)] + [flow_over_venues()]


def row(name: str, value: float, unit: str, baseline_name: str, baseline: float) -> dict:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "baseline_name": baseline_name,
        "baseline": round(baseline, 3),
        "ratio": round(value / baseline, 3),
    }


def steady(resting: int) -> np.ndarray:
    """Instructions that keep `resting` orders in the books: every add is followed by a cancel of any one of them."""
    rng = np.random.default_rng(resting)
    size = OPERATIONS + resting
    rows = np.zeros(size, oe.ORDER_ENTRY)
    rows["firm"], rows["kind"] = 1, oe.ENTER
    rows["token"] = np.arange(1, size + 1)
    rows["locate"] = rng.integers(1, len(STOCKS) + 1, size)
    rows["side"] = rng.integers(0, 2, size)
    away = 100 * rng.geometric(0.05, size)
    takes = rng.random(size) < 0.05
    away[takes] = -300
    rows["price"] = np.where(rows["side"] == oe.BUY, 1_000_000 - away, 1_000_100 + away)
    rows["shares"] = 100 * rng.integers(1, 5, size)
    rows["time_in_force"] = np.where(takes, oe.IOC, oe.DAY)
    alive: list[int] = []
    chance = rng.random(size)
    for position in range(size):
        if len(alive) > resting:
            place = int(chance[position] * len(alive))
            rows["original_token"][position] = alive[place]
            rows["kind"][position], rows["shares"][position] = oe.CANCEL, 0
            alive[place] = alive[-1]
            alive.pop()
        elif not takes[position]:
            alive.append(position + 1)
    return rows


def engine_rate(rows: np.ndarray, resting: int) -> float:
    engine = MatchingEngine(STOCKS)
    engine.open()
    engine.submit(rows[:resting], 0)
    engine.tables.take_reports(), engine.tables.take_feed()
    begin = perf_counter()
    for start in range(resting, len(rows), BATCH):
        engine.submit(rows[start : start + BATCH], start)
        engine.tables.take_reports()
        engine.tables.take_feed()
    return (len(rows) - resting) / (perf_counter() - begin)


def twin_rate(rows: np.ndarray, resting: int) -> float:
    twin = SlowVenue(STOCKS)
    for instruction in rows[:resting].tolist():
        twin.submit(instruction, 0)
    some = rows[resting : resting + SLOW_OPERATIONS].tolist()
    begin = perf_counter()
    for instruction in some:
        twin.submit(instruction, 0)
    return len(some) / (perf_counter() - begin)


def check(rows: np.ndarray) -> None:
    engine, twin = MatchingEngine(STOCKS), SlowVenue(STOCKS)
    engine.open()
    some = rows[:SLOW_OPERATIONS]
    engine.submit(some, 0)
    for instruction in some.tolist():
        twin.submit(instruction, 0)
    if engine.tables.take_reports().tolist() != twin.reports:
        raise SystemExit("the matching engine and its slow twin disagree")


def in_batches_of(size: int, rows: np.ndarray) -> dict:
    """Microseconds an order through one venue, from batch to reports and feed in hand."""
    mine, theirs = [], []
    for _ in range(ROUNDS):
        venue, twin = Exchange(0, STOCKS, 0), SlowVenue(STOCKS)
        venue.open(0)
        venue.enter(rows[:FEW], 0)
        for instruction in rows[:FEW].tolist():
            twin.submit(instruction, 0)
        batches = [rows[start : start + size] for start in range(FEW, FEW + SINGLES, size)]
        begin = perf_counter()
        for batch in batches:
            venue.enter(batch, 1)
            venue.reports()
            venue.feed()
        mine.append(perf_counter() - begin)
        begin = perf_counter()
        for batch in batches:
            for instruction in batch.tolist():
                twin.submit(instruction, 1)
            twin.reports.clear(), twin.feed.clear()
        theirs.append(perf_counter() - begin)
    name = "one order, reports and feed in hand" if size == 1 else f"an order in a batch of {size}"
    return row(name, min(mine) / SINGLES * 1e6, "us", "slow twin", min(theirs) / SINGLES * 1e6)


def flow_over_venues() -> dict:
    """Messages a second of a generated flow, dealt over the venues of a world and told to their readers."""
    world = load_world("us-2026")
    weights = [venue.weight for venue in world.venues]
    symbols = [symbol.symbol for symbol in world.symbols]
    end = OPENING + FLOW_SECONDS * SECOND
    source = GeneratedFlow(world.symbols, 1, last_time=end)
    payload = b"".join(iter(source.read, b""))
    reader = MessageReader()
    reader.receive_data(payload)
    messages = [itch50.decode(message) for message in reader]
    mine, theirs = [], []
    for _ in range(ROUNDS):
        flow = Flow(Payload(payload, source), 0)
        venues = [Exchange(index, symbols, 0) for index in range(len(weights))]
        flow.bind(venues, weights)
        begin = perf_counter()
        flow.advance(end)
        told = sum(packet.count for packet in (venue.feed() for venue in venues) if packet)
        mine.append(len(messages) / (perf_counter() - begin))
        slow = SlowFlow(symbols, weights, source.directory)
        begin = perf_counter()
        for message in messages:
            slow.apply(message)
        theirs.append(len(messages) / (perf_counter() - begin))
        if told != sum(len(venue.feed) for venue in slow.venues):
            raise SystemExit("the flow and its slow twin disagree")
    return row(
        f"flow over {len(venues)} venues", max(mine) / 1e6, "M messages/s", "slow twin", max(theirs) / 1e6
    )


class Payload:
    """A source that gives its bytes at once."""

    def __init__(self, payload: bytes, source: GeneratedFlow) -> None:
        self._pieces = [payload]
        self.label, self.simulated, self.messages = source.label, True, None
        self.directory, self.first_time, self.last_time = (
            source.directory,
            source.first_time,
            source.last_time,
        )

    def read(self) -> bytes:
        """Give everything, then nothing."""
        return self._pieces.pop() if self._pieces else b""


if __name__ == "__main__":
    for measured in run():
        print(measured)
