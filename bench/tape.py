"""The tape: trades filed into last sales, days and bars; lists and scans over every security at once.

8,000 securities, trades spread over them evenly (each the worst for caches), letters of sale conditions dealt as the real day of the
shared TAQ file has them (about 45 % odd lots). Beside each row, in turn: the same bars and days in plain Python, a full sort
of the same keys by numpy, the same comparisons in numpy's floats, which are not exact. Rates are the best of the rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

from rushtrade.tape.columns import columns_of
from rushtrade.tape.lists import top_list
from rushtrade.tape.scan import Scan
from rushtrade.tape.tape import Tape, load_kernels
from rushtrade.tape.tape_layout import TRADE

SECURITIES = 8_000
TRADES = 200_000
BATCH = 1_024
ROUNDS = 5
MIDNIGHT = 1_795_150_800_000_000_000
OPEN = MIDNIGHT + 34_200_000_000_000
MINUTE = 60_000_000_000
LETTERS = ["@", "@F", "@I", "@FI"]
SHARES_OF_LETTERS = [0.34, 0.21, 0.26, 0.19]
SCAN = "volume > 1_000 and change_percent > 3 and price < 20 and not new_high"


def run() -> list[dict]:
    load_kernels()
    dice = np.random.default_rng(1)
    rows = trades(dice)
    closes = dice.integers(10_000, 2_000_000, SECURITIES)
    best_tape = best_plain = best_list = best_sort = best_scan = best_floats = float("inf")
    for _ in range(ROUNDS):
        tape = opened(closes)
        parts = [rows[begin : begin + BATCH].copy() for begin in range(0, TRADES, BATCH)]
        best_tape = min(best_tape, timed(file_all, tape, parts))
        best_plain = min(best_plain, timed(plain, rows[:20_000]) * TRADES / 20_000)
        best_list = min(best_list, timed(top_list, tape, "gainers", 50, OPEN))
        keys = tape.securities["last_price"][1:] - tape.securities["previous_close"][1:]
        best_sort = min(best_sort, timed(sort_all, keys))
        columns = columns_of(tape, OPEN, {})
        scan = Scan(SCAN)
        best_scan = min(best_scan, timed(scan.flags, columns))
        best_floats = min(best_floats, timed(floats, tape))
    return [
        row("trades filed on the tape", TRADES / best_tape / 1e6, "M trades/s", "plain Python", TRADES / best_plain / 1e6),
        row("list of 50 of 8,000 securities", best_list * 1e3, "ms", "numpy sorts the keys", best_sort * 1e3),
        row("scan of 8,000 securities, exact", best_scan * 1e3, "ms", "numpy, in floats", best_floats * 1e3),
    ]  # fmt: skip


def row(name: str, mine: float, unit: str, baseline_name: str, theirs: float) -> dict:
    return {
        "name": name,
        "value": round(mine, 3),
        "unit": unit,
        "baseline_name": baseline_name,
        "baseline": round(theirs, 3),
        "ratio": round(mine / theirs, 3),
    }


def timed(work: Callable[..., object], *given: object) -> float:
    begin = perf_counter()
    work(*given)
    return perf_counter() - begin


def file_all(tape: Tape, parts: list[np.ndarray]) -> None:
    for part in parts:
        tape.take(part)


def sort_all(keys: np.ndarray) -> np.ndarray:
    return np.argsort(-keys, kind="stable")[:50]


def opened(closes: np.ndarray) -> Tape:
    tape = Tape(list(range(1, SECURITIES + 1)))
    tape.open_day(MIDNIGHT, (OPEN, OPEN + 390 * MINUTE))
    tape.securities["previous_close"][1:] = closes
    return tape


def trades(dice: np.random.Generator) -> np.ndarray:
    rows = np.zeros(TRADES, TRADE)
    rows["instrument"] = dice.integers(1, SECURITIES + 1, TRADES)
    rows["time"] = OPEN + np.sort(dice.integers(0, 5 * MINUTE, TRADES))
    rows["price"] = dice.integers(10_000, 2_000_000, TRADES)
    rows["shares"] = dice.integers(1, 10, TRADES) * 100
    rows["match"], rows["kind"], rows["printable"] = np.arange(TRADES), ord("T"), 1
    packed = [int.from_bytes(letters.encode().ljust(4, b"\0"), "little") for letters in LETTERS]
    rows["conditions"] = dice.choice(packed, TRADES, p=SHARES_OF_LETTERS)
    return rows


def plain(rows: np.ndarray) -> dict:
    """Minutes and days of trades, odd lots as volume alone, in dictionaries."""
    odd = ord("I")
    bars: dict = {}
    for time, price, shares, slot, letters in zip(
        *(rows[name].tolist() for name in ("time", "price", "shares", "instrument", "conditions")),
        strict=True,
    ):
        sets = odd not in letters.to_bytes(4, "little")
        for key in ((slot, time // MINUTE), slot):
            bar = bars.get(key)
            if bar is None:
                bar = bars[key] = [0, 0, 0, 0, 0, 0, 0]
            bar[4] += shares
            bar[5] += 1
            bar[6] += price * shares
            if sets:
                bar[0] = bar[0] or price
                bar[1] = max(bar[1], price)
                bar[2] = min(bar[2] or price, price)
                bar[3] = price
    return bars


def floats(tape: Tape) -> np.ndarray:
    held = tape.securities[1:]
    change = (held["last_price"] - held["previous_close"]) / held["previous_close"] * 100
    new_high = (held["highs"] > 0) & (held["close"] == held["high"])
    return (held["volume"] > 1_000) & (change > 3) & (held["last_price"] / 10_000 < 20) & ~new_high
