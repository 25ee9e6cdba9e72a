"""Files of text whose columns the events of `feeds` do not all keep: LOBSTER, TAQ trades, daily bars.

LOBSTER messages begin in the middle of a day. With the orderbook file beside them, row 1 of it is the book after message 1: its
levels become orders of their own at the front of their queues (flag `F_SNAPSHOT`), message 1 is thereby in the book, and what
reduces an order nobody knows leaves the one that was there before. Without that file only new orders are known.

TAQ marks a trade that was taken back or is itself a notice (correction 07 to 12): a row with action X.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rushtrade.feeds.text_feeds import LOBSTER_EMPTY, TAQ_VOID, nanoseconds, units
from rushtrade.ticks.schemas import F_LAST, F_SNAPSHOT, NO_PRICE, PRICE_SCALE, SCHEMAS
from rushtrade.ticks.writer import TickWriter

NANO = 1_000_000_000
MICRO = 1_000_000
SEEDS_FROM = 1 << 62
"""Numbers of seed orders: above any LOBSTER gives."""
_SIDES = {"1": b"B", "-1": b"A"}
Row = tuple[Any, ...]
Rows = npt.NDArray[np.void]


class LobsterRows:
    """Takes lines of a LOBSTER message file. `seed` is row 1 of its orderbook file, cell by cell."""

    def __init__(
        self, writer: TickWriter, midnight_ns: int, symbol: str, venue: str, seed: Sequence[int]
    ) -> None:
        self._writer = writer
        self._midnight_ns = midnight_ns
        self._instrument, self._publisher = writer.instrument(symbol), writer.publisher(venue)
        self._seed = list(seed)
        self._number = 0
        self._held: dict[int, list[int]] = {}
        self._seeds: dict[tuple[bytes, int], int] = {}
        self.anomalies = {"bad_line": 0, "deeper": 0}

    def take(self, lines: Iterable[str]) -> int:
        """Append what lines become; give the rows."""
        mbo: list[Row] = []
        trades: list[Row] = []
        for line in lines:
            if not line.strip():
                continue
            self._number += 1
            try:
                time, kind, order, shares, price, side = line.split(",")
                event = self._midnight_ns + nanoseconds(time)
                self._line(
                    mbo, trades, event, kind, int(order), int(shares), int(price) * PRICE_SCALE, side.strip()
                )
            except (ValueError, KeyError):
                self.anomalies["bad_line"] += 1
        self._append("mbo", mbo, ("order_id", "message"))
        self._append("trades", trades, ("trade_id", "message"))
        return len(mbo) + len(trades)

    def _append(self, schema: str, found: list[Row], last: tuple[str, str]) -> None:
        rows = SCHEMAS[schema].empty(len(found))
        names = ("ts_event", "sequence", "action", "side", "flags", "price", "size", *last)
        for name, values in zip(names, zip(*found, strict=True), strict=False):
            rows[name] = values
        rows["ts_recv"] = rows["ts_event"]
        rows["instrument_id"], rows["publisher_id"] = self._instrument, self._publisher
        self._writer.append(schema, rows)

    def _line(
        self,
        mbo: list[Row],
        trades: list[Row],
        time: int,
        kind: str,
        order: int,
        shares: int,
        price: int,
        direction: str,
    ) -> None:
        side = _SIDES[direction]
        letter = kind.encode()
        if self._number == 1 and self._seed:
            self._rest_seeds(mbo, time)
            return
        if kind == "1":
            self._held[order] = [shares, price]
            mbo.append((time, self._number, b"A", side, F_LAST, price, shares, order, letter))
            return
        aggressor = b"A" if side == b"B" else b"B"
        if kind in {"5", "6"}:
            taken = aggressor if kind == "5" else b"N"
            mbo.append((time, self._number, b"T", taken, F_LAST, price, shares, 0, letter))
            trades.append((time, self._number, b"T", taken, F_LAST, price, shares, order, letter))
            return
        if kind == "7":
            self._status(time, price)
            return
        if kind == "4":
            trades.append((time, self._number, b"T", aggressor, F_LAST, price, shares, order, letter))
            mbo.append((time, self._number, b"T", aggressor, 0, price, shares, 0, letter))
            mbo.append((time, self._number, b"F", side, 0, price, shares, order, letter))
        found = order if order in self._held else self._seeds.get((side, price), -1)
        if found < 0:
            self.anomalies["deeper"] += 1
            mbo.append((time, self._number, b"N", side, F_LAST, price, shares, order, letter))
            return
        held = self._held[found]
        taken_shares = min(shares, held[0])
        held[0] -= taken_shares
        mbo.append((time, self._number, b"C", side, F_LAST, price, taken_shares, found, letter))
        if not held[0]:
            del self._held[found]
            self._seeds.pop((side, price), None) if found >= SEEDS_FROM else None

    def _rest_seeds(self, mbo: list[Row], time: int) -> None:
        for level in range(len(self._seed) // 4):
            ask, ask_shares, bid, bid_shares = self._seed[4 * level : 4 * level + 4]
            for side, price, shares in ((b"A", ask, ask_shares), (b"B", bid, bid_shares)):
                if abs(price) == LOBSTER_EMPTY or not shares:
                    continue
                order = SEEDS_FROM + len(self._seeds)
                scaled = price * PRICE_SCALE
                self._seeds[side, scaled] = order
                self._held[order] = [shares, scaled]
                mbo.append((time, self._number, b"A", side, F_SNAPSHOT | F_LAST, scaled, shares, order, b"1"))

    def _status(self, time: int, price: int) -> None:
        """Type 7: a halt (price −1), quotes again (0), trading (1)."""
        row = np.zeros(1, SCHEMAS["status"].dtype)
        row["ts_event"] = row["ts_recv"] = time
        row["instrument_id"], row["publisher_id"], row["sequence"] = (
            self._instrument,
            self._publisher,
            self._number,
        )
        row["message"], row["state"] = b"7", {-1: b"H", 0: b"Q", 1: b"T"}.get(price // PRICE_SCALE, b"")
        self._writer.append("status", row)


class TaqTradeRows:
    """Takes lines of a TAQ trade file behind its header."""

    def __init__(self, writer: TickWriter, symbol: str) -> None:
        self._writer = writer
        self._instrument = writer.instrument(symbol)
        self._number = 0
        self.anomalies = {"bad_line": 0}

    def take(self, lines: Iterable[str]) -> int:
        """Append what lines become; give the rows."""
        found: list[Row] = []
        for cells in csv.reader(line for line in lines if line.strip()):
            self._number += 1
            try:
                time, venue, conditions, size, price, correction = cells
                action = b"X" if correction.strip().lstrip("0") in TAQ_VOID else b"T"
                shares = units(size, MICRO)
                found.append(
                    (
                        int(time) * 1000,
                        self._writer.publisher(venue.strip()),
                        self._number,
                        action,
                        units(price, NANO),
                        shares // MICRO,
                        shares % MICRO,
                        conditions.encode("latin-1", "replace"),
                    )
                )
            except (ValueError, OverflowError):
                self.anomalies["bad_line"] += 1
        rows = SCHEMAS["trades"].empty(len(found))
        names = (
            "ts_event",
            "publisher_id",
            "sequence",
            "action",
            "price",
            "size",
            "size_millionths",
            "conditions",
        )
        for name, values in zip(names, zip(*found, strict=True), strict=False):
            rows[name] = values
        rows["ts_recv"], rows["instrument_id"] = rows["ts_event"], self._instrument
        rows["trade_id"], rows["side"], rows["flags"], rows["message"] = rows["sequence"], b"N", F_LAST, b"T"
        self._writer.append("trades", rows)
        return len(rows)


class BarRows:
    """Takes lines of a file of daily bars behind its header."""

    def __init__(self, writer: TickWriter, symbol: str, venue: str) -> None:
        self._writer = writer
        self._instrument = writer.instrument(symbol)
        self._publisher = writer.publisher(venue) if venue else 0
        self.anomalies = {"bad_line": 0}

    def take(self, lines: Iterable[str]) -> int:
        """Append what lines become; give the rows."""
        found: list[Row] = []
        for cells in csv.reader(line for line in lines if line.strip()):
            try:
                day, *prices, volume = cells
                opened, high, low, close = (units(cell, NANO) for cell in prices)
                instant = dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC)
                found.append((int(instant.timestamp()) * NANO, opened, high, low, close, units(volume, 1)))
            except (ValueError, OverflowError):
                self.anomalies["bad_line"] += 1
        rows = SCHEMAS["ohlcv-1d"].empty(len(found))
        for name, values in zip(
            ("ts_event", "open", "high", "low", "close", "volume"), zip(*found, strict=True), strict=False
        ):
            rows[name] = values
        rows["instrument_id"], rows["publisher_id"], rows["vwap"] = (
            self._instrument,
            self._publisher,
            NO_PRICE,
        )
        self._writer.append("ohlcv-1d", rows)
        return len(rows)
