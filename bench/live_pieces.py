"""What a live market costs that speaks in small pieces, as it does unless it is busy: books and tick store, a message.

The day of `itch_stream` in pieces of so many messages, each given to the books and to the recorder of the tick store as a data center
does it. The same messages in pieces of `WHOLE` are the limit: what is more is the fixed cost of a piece. Rounds alternate. The disk
is not measured: `tick_store` has it.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from bench import itch_stream

from rushtrade.datacenter.tick_follower import TickFollower, load_kernels
from rushtrade.gateway.feed_day import RecordedDay
from rushtrade.market.market_data import MarketData
from rushtrade.rules.new_york import midnight_ns
from rushtrade.wire.feed_packet import FeedPacket

DAY = dt.date(2026, 11, 20)
MIDNIGHT = midnight_ns(DAY)
MESSAGES = 60_000
STOCKS = 500
WHOLE = 4_096
PIECES = {"1": (1, 1), "4": (4, 4), "1 to 30": (1, 30)}
"""Messages of a piece, least and most."""
ROUNDS = 3


def pieces(day: RecordedDay, least: int, most: int) -> list[FeedPacket]:
    """The day in pieces."""
    rng, made, first = np.random.default_rng(5), [], 1
    while first <= len(day):
        count = min(int(rng.integers(least, most + 1)), len(day) - first + 1)
        made.append(FeedPacket(0, first, count, day.payload(first, count)))
        first += count
    return made


def measure(packets: list[FeedPacket], directory: Path) -> float:
    """Microseconds a message, from the first piece behind the directory to the last."""
    symbols = {number: f"S{number:05}" for number in range(1, STOCKS + 1)}
    data = MarketData({}, ["XNAS"])
    data.open_day(MIDNIGHT)
    data.add_instruments(symbols)
    follower = TickFollower(directory, DAY, MIDNIGHT, ["XNAS"])
    begin = spent = 0.0
    taken = 0
    for packet in packets:
        begin = perf_counter()
        data.receive(packet)
        now_ns = MIDNIGHT
        follower.packet(packet, now_ns)
        follower.settled(data, symbols, now_ns)
        if packet.sequence > STOCKS:
            spent += perf_counter() - begin
            taken += packet.count
    follower.close(MIDNIGHT)
    return 1e6 * spent / taken


def run() -> list[dict]:
    """Compare pieces of several sizes with large ones."""
    load_kernels()
    day = RecordedDay(itch_stream.make(MESSAGES, stocks=STOCKS).tobytes())
    sizes = {name: pieces(day, *size) for name, size in PIECES.items()} | {"": pieces(day, WHOLE, WHOLE)}
    best = dict.fromkeys(sizes, float("inf"))
    for _ in range(ROUNDS):
        for name, packets in sizes.items():
            with tempfile.TemporaryDirectory() as directory:
                best[name] = min(best[name], measure(packets, Path(directory)))
    return [
        {
            "name": f"live pieces of {name} messages, books and tick store",
            "value": best[name],
            "unit": "µs/message",
            "baseline_name": f"the same in pieces of {WHOLE:,}",
            "baseline": best[""],
            "ratio": best[name] / best[""],
        }
        for name in PIECES
    ]
