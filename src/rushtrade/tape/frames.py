"""Minutes put together: one-minute bars as values, and longer spans of them.

Minutes are rows of `tape_layout.BAR` by key, those of extended hours apart. A span's prices come from its minutes in
order of time, its volume from all of them. Refuses to know the tape.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.tape.condition_layout import EXTENDED, HIGH_LOW, LAST, VOLUME
from rushtrade.tape.prints import Bar
from rushtrade.tape.tape_layout import BAR, BAR_PARTIAL

Bars = npt.NDArray[Any]
"""Rows of `tape_layout.BAR`."""


def fold(rows: Bars, starts: npt.NDArray[np.int64]) -> Bars:
    """Put neighbouring rows of one security with the same start together; `key` of the result is the start.

    Open and close are the earliest and latest by the trades' own times; a row without a price has only volume.
    """
    if not len(rows):
        return np.zeros(0, BAR)
    turns = (np.diff(starts) != 0) | (np.diff(rows["instrument"]) != 0)
    first = np.concatenate([[0], np.flatnonzero(turns) + 1])
    out = np.zeros(len(first), BAR)
    out["key"] = starts[first]
    out["instrument"] = rows["instrument"][first]
    for name in ("volume", "trades", "value", "priced", "members"):
        out[name] = np.add.reduceat(rows[name], first)
    out["high"] = np.maximum.reduceat(rows["high"], first)
    low = np.where(rows["low"] > 0, rows["low"], _NO_PRICE)
    out["low"] = np.minimum.reduceat(low, first) % _NO_PRICE
    out["state"] = np.bitwise_or.reduceat(rows["state"], first)
    priced = rows["priced"] > 0
    opens = np.where(priced, rows["open_time"], _NO_PRICE)
    closes = np.where(priced, rows["close_time"], -1)
    place = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(rows))))
    out["open_time"] = np.minimum.reduceat(opens, first)
    out["close_time"] = np.maximum.reduceat(closes, first)
    # Of rows with the same time the regular one opens and the extended one closes: 16:00:00.0 sharp, and no other.
    begins = np.flatnonzero(opens == out["open_time"][place])[::-1]
    ends = np.flatnonzero(closes == out["close_time"][place])
    out["open"][place[begins]] = rows["open"][begins]
    out["close"][place[ends]] = rows["close"][ends]
    unpriced = out["priced"] == 0
    for name in ("open", "close", "open_time", "close_time"):
        out[name][unpriced] = 0
    return out


_NO_PRICE = 1 << 62


def bars_of_trades(rows: Bars) -> Bars:
    """Give standing trades (rows of TRADE) as rows of BAR of one trade each, in the order in which they open and close."""
    standing = rows[rows["broken"] == 0]
    extended = standing["effects"] & EXTENDED != 0
    rows = standing[np.lexsort((standing["number"], extended, standing["time"]))]
    out = np.zeros(len(rows), BAR)
    out["key"] = out["open_time"] = out["close_time"] = rows["time"]
    out["instrument"] = rows["instrument"]
    sets, moves, counts = (rows["effects"] & bit != 0 for bit in (LAST, HIGH_LOW, VOLUME))
    out["priced"] = sets
    out["open"] = out["close"] = rows["price"] * sets
    out["high"] = out["low"] = rows["price"] * moves
    out["volume"], out["trades"] = rows["shares"] * counts, counts
    out["value"] = rows["price"] * rows["shares"] * counts
    return out


def bars_of(rows: Bars) -> list[Bar]:
    """Give minutes as values, both kinds of one minute together; those without a price are left out."""
    return values_of(fold(rows, rows["key"] & ~np.int64(1)))


def values_of(rows: Bars) -> list[Bar]:
    """Give rows as values, those without a price left out."""
    return [
        Bar(
            start_ns=row["key"],
            open=row["open"],
            high=row["high"],
            low=row["low"],
            close=row["close"],
            volume=row["volume"],
            trades=row["trades"],
            money=row["value"] * MONEY_PER_PRICE_SHARE,
            priced=row["priced"],
            partial=bool(row["state"] & BAR_PARTIAL),
        )
        for row in map(_named, rows[rows["priced"] > 0].tolist())
    ]


def _named(row: tuple[int, ...]) -> dict[str, int]:
    assert BAR.names is not None
    return dict(zip(BAR.names, row, strict=True))
