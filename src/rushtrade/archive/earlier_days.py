"""Earlier days of a tick store, for the tape of today: closes, a year's highs and lows, and how much trades by what time.

Read once, by symbol, when a data center starts; handed to the tape when it learns a stock (`teach`), for a feed may name stocks
after that. A store without earlier days teaches nothing, and the tape says "not known". Refuses to know what today is like.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rushtrade.domain.instants import day_number
from rushtrade.rules.new_york import midnight_ns
from rushtrade.tape.days import BUCKET_NS, BUCKETS, DAY_ROW, DAYS_KEPT, PROFILE_DAYS
from rushtrade.tape.tape import Tape
from rushtrade.ticks.days import days

Rows = npt.NDArray[Any]

_DAYS: Final = """
SELECT symbol, CAST(trade_date - DATE '1970-01-01' AS BIGINT) AS day, CAST(round(open * 10000) AS BIGINT) AS open,
  CAST(round(high * 10000) AS BIGINT) AS high, CAST(round(low * 10000) AS BIGINT) AS low,
  CAST(round(close * 10000) AS BIGINT) AS close, CAST(volume AS BIGINT) AS volume, trades,
  CAST(round(coalesce(vwap, 0) * volume * 10000) AS BIGINT) AS value
FROM ohlcv_1d WHERE open IS NOT NULL ORDER BY symbol, trade_date
"""
_MINUTES: Final = """
SELECT symbol, CAST((epoch_ns(ts_event) - CAST(? AS BIGINT)) // CAST(? AS BIGINT) AS BIGINT) AS bucket,
  CAST(sum(volume) AS BIGINT) AS volume
FROM ohlcv_1m WHERE trade_date = ? GROUP BY ALL ORDER BY symbol, bucket
"""


class EarlierDays:
    """Days of a store before a trade date: a year of them, and how the latest of them traded through the day."""

    def __init__(self, store: Path, before: dt.date) -> None:
        self._places: dict[str, tuple[int, int]] = {}
        """Where a symbol's days begin and end among the rows."""
        self._rows: Rows = np.zeros(0, DAY_ROW)
        self._volumes: dict[int, tuple[dict[str, int], Rows]] = {}
        """Places of symbols, and shares by place and bucket, of the latest days."""
        found = [day for day in days(store) if day < before] if store.is_dir() else []
        self.found = found[-DAYS_KEPT:]
        """The days read, oldest first."""
        if self.found:
            from rushtrade.ticks.sql import TickSql  # noqa: PLC0415 - the query engine is loaded where there is something to ask

            with TickSql(store, self.found) as sql:
                self._read_days(sql.query(_DAYS))
                for day in self.found[-PROFILE_DAYS:]:
                    table = sql.query(_MINUTES, [midnight_ns(day), BUCKET_NS, day])
                    self._volumes[day_number(day)] = _volumes_of(table)

    def _read_days(self, table: pa.Table) -> None:
        symbols, codes = _coded(table.column("symbol"))
        rows = np.zeros(len(codes), DAY_ROW)
        for name in ("day", "open", "high", "low", "close", "volume", "trades", "value"):
            rows[name] = table.column(name).to_numpy()
        rows["priced"] = 1
        self._rows = rows
        ends = np.searchsorted(codes, np.arange(len(symbols)), side="right").tolist()
        for symbol, begin, end in zip(symbols, [0, *ends], ends, strict=False):
            self._places[symbol] = (begin, end)

    def teach(self, tape: Tape, instruments: Mapping[int, str]) -> None:
        """Tell a tape what is known of instruments (id → symbol) it has."""
        parts = [self._rows_of(number, symbol) for number, symbol in instruments.items()]
        rows = np.concatenate([np.zeros(0, DAY_ROW), *parts])
        if len(rows):
            tape.know_days(rows)
        for day, (places, volumes) in self._volumes.items():
            known = {
                number: volumes[places[symbol]] for number, symbol in instruments.items() if symbol in places
            }
            if known:
                tape.know_volumes(day, known)

    def _rows_of(self, number: int, symbol: str) -> Rows:
        begin, end = self._places.get(symbol, (0, 0))
        rows = self._rows[begin:end].copy()
        rows["instrument"] = number
        return rows


def _volumes_of(table: pa.Table) -> tuple[dict[str, int], Rows]:
    symbols, codes = _coded(table.column("symbol"))
    traded = np.zeros((len(symbols), BUCKETS), np.int64)
    buckets = np.clip(table.column("bucket").to_numpy(), 0, BUCKETS - 1)
    np.add.at(traded, (codes, buckets), table.column("volume").to_numpy())
    return {symbol: place for place, symbol in enumerate(symbols)}, traded


def _coded(column: pa.ChunkedArray) -> tuple[list[str], Rows]:
    """Symbols in order, and the place of each row's: rows come by symbol."""
    encoded = column.combine_chunks().cast(pa.string()).dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
