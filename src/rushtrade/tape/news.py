"""What changed on the tape, in order, for whoever reads it: bars that closed, bars made again, days, voids, corrections.

A ring holds the newest rows by their position, counted from 1. A reader keeps the position it has read up to, so that
there may be any number of readers, and each sees what it missed. Refuses to know who reads.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rushtrade.domain.errors import require
from rushtrade.tape.frames import Bars, fold
from rushtrade.tape.tape_layout import BAR_PARTIAL, BAR_TOLD, SECURITY, TRADE

CLOSED, UPDATED, DAILY = ord("b"), ord("u"), ord("d")
"""Kinds of bar news, as the letters of the stream's messages."""

BAR_NEWS: Final = np.dtype(
    [
        ("time", "<i8"),
        ("instrument", "<i8"),
        ("start", "<i8"),
        ("open", "<i8"),
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("volume", "<i8"),
        ("trades", "<i8"),
        ("value", "<i8"),
        ("priced", "<i4"),
        ("kind", "u1"),
        ("partial", "u1"),
        ("spare", "<u2"),
    ]
)
"""A bar told at `time`; `instrument` is its id, `value` the sum of price × shares, of which the average follows."""

VOID_NEWS: Final = np.dtype([("original", TRADE), ("replacement", TRADE)])
"""A trade that became void as it then stood, and the one in its place (all zero when there is none)."""

BAR_NEWS_KEPT: Final = 1 << 16
"""Bar news kept: a minute's bars of 8,000 stocks eight times over."""
VOID_NEWS_KEPT: Final = 1 << 12
"""Voids and corrections kept: more than the busiest days on record had in an hour."""

Rows = npt.NDArray[Any]


class NewsRing:
    """The newest rows of one kind by position."""

    def __init__(self, record: np.dtype[Any], kept: int) -> None:
        require(kept & (kept - 1) == 0, "a ring's length is a power of two")
        self.rows: Rows = np.zeros(kept, record)
        self.newest = 0

    @property
    def oldest(self) -> int:
        """Position of the oldest row kept; one more than the newest when there is none."""
        return max(self.newest - len(self.rows), 0) + 1

    def append(self, rows: Rows) -> None:
        """Keep rows behind those before."""
        kept = rows[-len(self.rows) :]
        places = np.arange(self.newest + len(rows) - len(kept), self.newest + len(rows))
        self.rows[places & (len(self.rows) - 1)] = kept
        self.newest += len(rows)

    def after(self, position: int, limit: int) -> Rows:
        """Rows after a position, oldest first, at most `limit`. Positions before `oldest` - 1 have lost rows."""
        first = max(position, self.oldest - 1)
        places = np.arange(first, min(first + limit, self.newest))
        found: Rows = self.rows[places & (len(self.rows) - 1)]
        return found


def minute_news(rows: Bars, ids: npt.NDArray[np.int64], now_ns: int) -> Rows:
    """Turn minutes that are over into news; those told before are updates. Minutes without a price are no news.

    But one that was told and has lost all its prices since is told again, with prices of 0.
    """
    starts = rows["key"] & ~np.int64(1)
    order = np.lexsort((rows["key"], rows["instrument"], starts))
    folded = fold(rows[order], starts[order])
    folded = folded[(folded["priced"] > 0) | (folded["state"] & BAR_TOLD != 0)]
    news = np.zeros(len(folded), BAR_NEWS)
    for name in ("open", "high", "low", "close", "volume", "trades", "value", "priced"):
        news[name] = folded[name]
    news["start"] = folded["key"]
    news["instrument"] = ids[folded["instrument"]]
    news["kind"] = np.where(folded["state"] & BAR_TOLD, UPDATED, CLOSED)
    news["partial"] = folded["state"] & BAR_PARTIAL != 0
    news["time"] = now_ns
    return news


def day_news(securities: Rows, ids: npt.NDArray[np.int64], midnight_ns: int, now_ns: int) -> Rows:
    """Turn days so far into news; days without a price are none."""
    require(securities.dtype == SECURITY, "days are rows of SECURITY")
    known = securities["priced"] > 0
    rows = securities[known]
    news = np.zeros(len(rows), BAR_NEWS)
    for name in ("open", "high", "low", "close", "volume", "value", "priced"):
        news[name] = rows[name]
    news["trades"] = rows["day_trades"]
    news["start"], news["time"], news["kind"] = midnight_ns, now_ns, DAILY
    news["instrument"] = ids[known]
    return news
