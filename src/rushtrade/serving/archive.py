"""The tick store as serving asks it: past trades, quotes and minutes of a symbol, and whole spans for downloads.

One engine and one question at a time: whoever asks comes from a thread of its own and waits for its turn. The engine is made with
the first question, so that a house whose past nobody asks for does not pay for it. A store that cannot answer is a fault with
the store's own words.
"""

from __future__ import annotations

import contextlib
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rushtrade.api.faults import ApiFault
from rushtrade.api.ports import PastQuote, PastTrade
from rushtrade.domain.instants import MINUTE
from rushtrade.entitlements.view import ALL_VENUES
from rushtrade.serving.stored_prints import NumberedPrints, StoredPrints
from rushtrade.tape.tape_layout import BAR
from rushtrade.ticks.errors import TickStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from rushtrade.ticks.sql import TickSql

ROWS_AT_ONCE: Final = 200_000
"""Rows of a download read together: some 20 MB."""
SLICES_MAX: Final = 1_000
PRICE_PARTS: Final = 100_000
"""The store's prices are billionths of a dollar, ours $0.0001."""

_TRADES: Final = """
WITH told AS (SELECT venue, trade_id, any_value(conditions) AS letters FROM tbbo
  WHERE symbol = ? AND ts_event BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?) AND conditions <> '' GROUP BY ALL)
SELECT epoch_ns(ts_event) AS t, price, size, venue, coalesce(letters, conditions) AS conditions, message, trade_id
FROM trades LEFT JOIN told USING (venue, trade_id)
WHERE symbol = ? AND ts_event BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?) AND action <> 'X' {more}
AND (venue, trade_id) NOT IN (SELECT (venue, trade_id) FROM trades WHERE symbol = ? AND action = 'X'
AND ts_event >= make_timestamp_ns(?))
ORDER BY ts_event {way}, sequence {way} LIMIT ?"""
"""A venue's own print has no sale conditions; `tbbo` has those the tape gave it."""
_QUOTES: Final = """
SELECT epoch_ns(ts_event) AS t, bid_px_00, bid_sz_00, ask_px_00, ask_sz_00, bid_pb_00, ask_pb_00 FROM bbo
WHERE symbol = ? AND ts_event BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?)
ORDER BY ts_event {way}, sequence {way} LIMIT ?"""
_MINUTES: Final = """
SELECT epoch_ns(ts_event) AS t, open, high, low, close, volume, trades, vwap FROM ohlcv_1m
WHERE symbol = ? AND publisher_id = 0 AND ts_event BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?)
ORDER BY ts_event"""


class TickArchive:
    """A tick store, and the names of this market's venues by their places."""

    def __init__(self, root: Path, venues: Sequence[str]) -> None:
        self._root = root
        self._venues = tuple(venues)
        self._places = {name: place for place, name in enumerate(venues)}
        self._turn = threading.Lock()
        self._engine: TickSql | None = None
        self._numbered = StoredPrints(root, self._places, self._ask_now)

    def close(self) -> None:
        """Let the engine go."""
        with self._turn:
            if self._engine is not None:
                self._engine.close()
                self._engine = None

    def _ask(self, sql: str, parameters: list[Any]) -> Any:
        with self._in_turn():
            return self._ask_now(sql, parameters)

    def _ask_now(self, sql: str, parameters: list[Any]) -> Any:
        if self._engine is None:
            from rushtrade.ticks.sql import TickSql  # noqa: PLC0415 - the engine is loaded by its first question

            self._engine = TickSql(self._root)
        return self._engine.query(sql, parameters)

    @contextlib.contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Wait for the turn, and say what the store says when it cannot answer."""
        with self._turn:
            try:
                yield
            except TickStoreError as error:
                raise ApiFault(
                    HTTPStatus.SERVICE_UNAVAILABLE, 50310000, f"the tick store cannot answer: {error}"
                ) from None

    def prints(self, epoch: str, after: int, upto: int) -> NumberedPrints:
        """Give the trades of a numbering of the streams above `after`, up to `upto`."""
        with self._in_turn():
            return self._numbered.span(epoch, after, upto)

    def trades(
        self,
        symbol: str,
        start_ns: int,
        end_ns: int,
        venues: int,
        limit: int,
        *,
        newest_first: bool = False,
        letters: str = "",
    ) -> Sequence[PastTrade]:
        """Give trades of the venues in a mask that stand, at most `limit`, from one end or the other."""
        more, given = self._of_venues(venues)
        if letters:
            more += " AND regexp_matches(coalesce(letters, conditions), ?)"
            given.append("[" + "".join(sorted(letters)) + "]")
        sql = _TRADES.format(more=more, way="DESC" if newest_first else "ASC")
        span = [symbol, start_ns, end_ns]
        table = self._ask(sql, [*span, *span, *given, symbol, start_ns, limit])
        rows = zip(
            table["t"].to_pylist(), _prices(table, "price"), table["size"].to_pylist(), table["venue"].to_pylist(),
            table["conditions"].to_pylist(), table["trade_id"].to_pylist(), strict=True,
        )  # fmt: skip
        return [
            PastTrade(t, price, size, self._places.get(venue, -1), (conditions or "").strip() or "@", number)
            for t, price, size, venue, conditions, number in rows
        ]

    def _of_venues(self, venues: int) -> tuple[str, list[Any]]:
        if venues == ALL_VENUES:
            return "", []
        names = [name for place, name in enumerate(self._venues) if venues >> place & 1]
        marks = ", ".join("?" * len(names)) or "NULL"
        return f" AND venue IN ({marks})", list(names)

    def quotes(
        self, symbol: str, start_ns: int, end_ns: int, limit: int, *, newest_first: bool
    ) -> Sequence[PastQuote]:
        """Give best bids and offers of all venues as they changed, at most `limit`."""
        sql = _QUOTES.format(way="DESC" if newest_first else "ASC")
        table = self._ask(sql, [symbol, start_ns, end_ns, limit])
        names = self._publishers()
        columns = [
            table["t"].to_pylist(), _prices(table, "bid_px_00"), table["bid_sz_00"].to_pylist(),
            _prices(table, "ask_px_00"), table["ask_sz_00"].to_pylist(),
            [names.get(number, -1) for number in table["bid_pb_00"].to_pylist()],
            [names.get(number, -1) for number in table["ask_pb_00"].to_pylist()],
        ]  # fmt: skip
        return [PastQuote(*row) for row in zip(*columns, strict=True)]

    def _publishers(self) -> dict[int, int]:
        """Places of venues by the store's numbers."""
        table = self._ask("SELECT DISTINCT publisher_id, name FROM publishers", [])
        found = zip(table["publisher_id"].to_pylist(), table["name"].to_pylist(), strict=True)
        return {number: self._places.get(name, -1) for number, name in found}

    def minutes(self, symbol: str, start_ns: int, end_ns: int) -> npt.NDArray[np.void]:
        """Give one-minute bars as rows of `tape.tape_layout.BAR`, oldest first."""
        table = self._ask(_MINUTES, [symbol, start_ns, end_ns])
        made = np.zeros(table.num_rows, BAR)
        made["key"] = table["t"].to_numpy()
        for name in ("open", "high", "low", "close"):
            made[name] = _prices(table, name)
        for name in ("volume", "trades"):
            made[name] = table[name].to_numpy()
        made["value"] = [
            round(price * size)
            for price, size in zip(_prices(table, "vwap"), made["volume"].tolist(), strict=True)
        ]
        made["priced"] = (made["open"] > 0) * np.maximum(made["trades"], 1)
        made["open_time"], made["close_time"] = made["key"], made["key"] + MINUTE - 1
        return made

    # --- downloads -------------------------------------------------------------------------------------------

    def count(self, schema: str, symbol: str, start_ns: int, end_ns: int, venues: int) -> int:
        """Count the rows of a span."""
        where, given = self._span(symbol, start_ns, end_ns, venues)
        table = self._ask(f'SELECT count(*) AS n FROM "{schema}" WHERE {where}', given)  # noqa: S608
        return int(table["n"][0].as_py())

    def table(
        self, schema: str, symbol: str, start_ns: int, end_ns: int, venues: int
    ) -> Iterator[Callable[[], Any]]:
        """Give the rows of a span piece by piece, in order of time: each call reads one Arrow table."""
        where, given = self._span(symbol, start_ns, end_ns, venues)
        rows = self.count(schema, symbol, start_ns, end_ns, venues)
        slices = min(rows // ROWS_AT_ONCE + 1, SLICES_MAX)
        ends = [end_ns]
        if slices > 1:
            parts = ", ".join(f"{place / slices}" for place in range(1, slices))
            found = self._ask(
                f'SELECT quantile_disc(epoch_ns(ts_event), [{parts}]) AS q FROM "{schema}" WHERE {where}',  # noqa: S608
                given,
            )
            ends = [*sorted(set(found["q"][0].as_py())), end_ns]
        begin = start_ns
        for end in ends:
            if end >= begin:
                yield self._piece(schema, symbol, begin, end, venues)
            begin = end + 1

    def _piece(self, schema: str, symbol: str, start_ns: int, end_ns: int, venues: int) -> Callable[[], Any]:
        where, given = self._span(symbol, start_ns, end_ns, venues)
        order = "ts_event" if schema.startswith("ohlcv") else "ts_event, sequence"
        sql = f'SELECT * FROM "{schema}" WHERE {where} ORDER BY {order}'  # noqa: S608 - a schema's name, from a list of ours
        return lambda: self._ask(sql, given)

    def _span(self, symbol: str, start_ns: int, end_ns: int, venues: int) -> tuple[str, list[Any]]:
        more, given = self._of_venues(venues)
        where = "symbol = ? AND ts_event BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?)" + more
        return where, [symbol, start_ns, end_ns, *given]


def _prices(table: Any, name: str) -> list[int]:
    """Give prices in $0.0001; 0 where there is none."""
    from rushtrade.ticks.arrow import prices_as_integers  # noqa: PLC0415 - loaded with the engine
    from rushtrade.ticks.schemas import NO_PRICE  # noqa: PLC0415

    whole = prices_as_integers(table[name])
    found: list[int] = np.where(whole == NO_PRICE, 0, whole // PRICE_PARTS).tolist()
    return found
