"""Appends ticks to a store until it is killed, and says after every flush how many rows are durable."""

from __future__ import annotations

import datetime as dt
import sys

import numpy as np

from rushtrade.ticks.schemas import SCHEMAS
from rushtrade.ticks.writer import TickWriter

ROWS = 37


def rows_from(begin: int, count: int) -> np.ndarray:
    """Rows that tell by themselves which they are."""
    rows = SCHEMAS["trades"].empty(count)
    numbers = np.arange(begin, begin + count)
    rows["sequence"], rows["trade_id"] = numbers, numbers
    rows["ts_event"] = rows["ts_recv"] = numbers * 1000
    rows["price"] = (numbers % 9999 + 1) * 100_000
    rows["size"] = numbers % 500
    return rows


def main() -> None:
    with TickWriter(sys.argv[1], dt.date(2026, 11, 20)) as writer:
        at = writer.rows("trades")
        while True:
            writer.append("trades", rows_from(at, ROWS))
            feed = np.zeros(1, SCHEMAS["feed"].dtype)
            feed["sequence"], feed["bytes"] = at, 8
            writer.append("feed", feed, at.to_bytes(8, "little"))
            at += ROWS
            writer.flush(at)
            sys.stdout.write(f"{at}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
