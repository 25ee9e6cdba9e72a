"""The durable order path in one process: order → risk → plan → venue → fill → ledger → frame committed.

Real rooms throughout: the core on a SQLite journal on disk, the order gateway, six simulated exchanges with deep books, the data center. Customers'
orders are marketable, one fill each; the rate counts filled orders by wall time, the last commit included. Beside it: the fdatasync rate of
the same disk, measured alternately.
"""

from __future__ import annotations

import datetime as dt
import os
import resource
import shutil
import struct
import sys
import tempfile
import time
from pathlib import Path

from rushtrade.app.runtime import settle_memory
from rushtrade.app.trading_day import TradingDay, open_core, prepare_day
from rushtrade.core.clocks import MarketClock
from rushtrade.domain import commands as cmd
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.numbers import MONEY_UNIT
from rushtrade.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from rushtrade.rules.world_file import load_world
from rushtrade.scenario.founding import NewAccount, open_customer_accounts

TRADE_DATE = dt.date(2026, 11, 20)
ACCOUNTS = 512
BATCH = 96
SYMBOL = "BENCH"
BID, ASK = 1_000_000, 1_000_100
SHARES_EACH = 4_000_000
ORDERS_SMALL, ORDERS_LARGE = 10_000, 1_000_000
FRAME_BYTES = 120_000


class DeepBook:
    """A flow source whose whole day is a few enormous orders on both sides of the book of every venue."""

    label = "bench"
    simulated = True
    directory = {1: SYMBOL}  # noqa: RUF012 - never changed
    first_time = 34_200_000_000_000
    last_time = None

    def __init__(self, orders: int) -> None:
        self.messages = None
        self._data = b"".join(self._adds(orders))

    def _adds(self, orders: int):
        for place in range(orders):
            side, price = ((b"B", BID), (b"S", ASK))[place % 2]
            yield struct.pack(
                ">HcHH6sQcI8sI",
                36,
                b"A",
                1,
                0,
                self.first_time.to_bytes(6, "big"),
                place + 1,
                side,
                SHARES_EACH,
                SYMBOL.ljust(8).encode(),
                price,
            )

    def read(self) -> bytes:
        """Give the day, once."""
        data, self._data = self._data, b""
        return data


class OrderPath:
    """A house with customers, ready for orders."""

    def __init__(self, directory: Path) -> None:
        self.clock = MarketClock(0)
        self.core, self.journal = open_core(directory, self.clock, pipelined=True)
        self.day: TradingDay = prepare_day(
            self.core, self.clock, load_world("us-2026"), DeepBook(2_000), TRADE_DATE
        )
        open_customer_accounts(
            self.core,
            [
                NewAccount(f"C{number}", AccountKind.MARGIN, 1_000_000 * MONEY_UNIT)
                for number in range(ACCOUNTS)
            ],
        )
        self.day.open()
        self._sent = 0

    def trade(self, orders: int) -> float:
        """Enter orders one batch after the other until all are filled; give orders per second."""
        house, waiting = self.day.house, self.core.state.blotter.orders
        buy = OrderTerms(1, Side.BUY, OrderType.LIMIT, TimeInForce.IOC, 100, ASK)
        sell = OrderTerms(1, Side.SELL, OrderType.LIMIT, TimeInForce.IOC, 100, BID)
        began = time.perf_counter()
        left = orders
        while left:
            for _ in range(min(BATCH, left)):
                number = self._sent
                terms = sell if (number // ACCOUNTS) % 2 else buy
                command = cmd.EnterOrder(number % ACCOUNTS + 1, f"b{number}", terms, house.stamp(terms))
                house.submit(command, "account")
                self._sent += 1
            left -= min(BATCH, left)
            house.advance(self.clock.now_ns + 2_000_000)
        while waiting:
            house.advance(self.clock.now_ns + 2_000_000)
            house.settle()
        return orders / (time.perf_counter() - began)

    def close(self) -> None:
        """Let go of the journal."""
        self.core.close()
        self.journal.close()


def fdatasync_rate(directory: Path, seconds: float = 1.0) -> float:
    """Appends of a frame's size, each synced, per second."""
    path = directory / "sync"
    block, count = b"x" * FRAME_BYTES, 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        os.write(handle, block)
        os.fdatasync(handle)
        count += 1
    rate = count / (time.perf_counter() - began)
    os.close(handle)
    path.unlink()
    return rate


def run(small: int = ORDERS_SMALL, large: int = ORDERS_LARGE) -> list[dict]:
    """Measure; give rows for the table."""
    sys.setswitchinterval(0.0002)
    directory = Path(tempfile.mkdtemp(prefix="rushtrade-bench-", dir=Path(__file__).parent))
    try:
        path = OrderPath(directory)
        path.trade(4 * ACCOUNTS)
        settle_memory()
        syncs, rates = [], []
        for _ in range(3):
            syncs.append(fdatasync_rate(directory))
            rates.append(path.trade(small))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sustained = path.trade(large)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        path.close()
        best, sync = max(rates), max(syncs)
        return [
            row("durable filled orders", best, "orders/s", "fdatasync of a frame", sync),
            row(
                f"durable filled orders, {large:,} in a row",
                sustained,
                "orders/s",
                f"{small:,} in a row",
                best,
            ),
            row("memory per finished order", (after - before) * 1024 / large, "bytes", "bound", 1024.0),
        ]
    finally:
        shutil.rmtree(directory)


def row(name: str, value: float, unit: str, baseline_name: str, baseline: float) -> dict:
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "baseline_name": baseline_name,
        "baseline": baseline,
        "ratio": value / baseline,
    }
