"""Trades by their numbers in the streams, out of a tick store: what readers are told that has left memory.

Refuses to know readers and rights. Theory of operation: the store keeps with every trade its place on the tape, and says where the numbers of a
run begin (`schemas.RUN`). Of the day that goes on, the places are a column that only grows: two searches in it find a span, whatever
came meanwhile. Of a sealed day the engine finds it. Numbers nobody kept are simply not among those given, and `upto`
says how far the store knows: what is beyond it may come with the next flush.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from rushtrade.tape.conditions import pack_letters
from rushtrade.tape.tape_layout import TRADE
from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.days import days, live_part, read_manifest
from rushtrade.ticks.schemas import NO_PRICE, PRICE_SCALE, RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy.typing as npt

_SEALED: Final = """
WITH runs AS (
  SELECT trade_date, detail, first_sequence AS base,
    lead(first_sequence) OVER (PARTITION BY trade_date ORDER BY ts_event, first_sequence) AS stop
  FROM line_events WHERE event = 'run'
)
SELECT t.sequence - r.base AS number, epoch_ns(t.ts_event) AS time, CAST(t.price * 10000 AS BIGINT) AS price, t.size,
  CAST(t.symbol AS VARCHAR) AS symbol, CAST(t.venue AS VARCHAR) AS venue, CAST(t.conditions AS VARCHAR) AS conditions, t.trade_id
FROM tbbo t JOIN runs r ON t.trade_date = r.trade_date
WHERE r.detail = ? AND t.flags & 2 <> 0 AND t.sequence > r.base + ? AND t.sequence <= r.base + ?
  AND (r.stop IS NULL OR t.sequence <= r.stop)
ORDER BY number"""
_NOT_OURS: Final = 255
"""Place of a venue this market does not have."""
_KNOWN: Final = "SELECT count(*) AS n FROM line_events WHERE event = 'run' AND detail = ?"


class NumberedPrints(NamedTuple):
    """Trades of a span of numbers, oldest first: rows of TRADE, of which `instrument` is the place in `symbols`."""

    upto: int
    """The store knows the numbers up to this one; what is not here of them, it does not have."""
    numbers: npt.NDArray[np.int64]
    rows: npt.NDArray[np.void]
    symbols: list[str]


class StoredPrints:
    """Numbered trades of a store. One thread at a time."""

    def __init__(self, root: Path, places: Mapping[str, int], ask: Callable[[str, list[Any]], Any]) -> None:
        """`places` are venues' places in the market by name, `ask` is the engine."""
        self._root, self._places, self._ask = root, places, ask
        self._live: tuple[Path, _LiveDay] | None = None

    def span(self, epoch: str, after: int, upto: int) -> NumberedPrints:
        """Give the trades of a numbering above `after`, up to `upto`."""
        live = self._live_day()
        begun = None if live is None else live.run(epoch)
        if live is not None and begun is not None and after >= begun.behind:
            return live.span(begun, after, upto)
        if begun is not None:
            upto = min(upto, begun.behind)
        elif not self._ask(_KNOWN, [epoch])["n"][0].as_py():
            return NumberedPrints(after, np.zeros(0, np.int64), np.zeros(0, TRADE), [])
        return self._sealed(epoch, after, upto)

    def _live_day(self) -> _LiveDay | None:
        """The day that goes on, as it is now; a sealed one, and one another process began again, are let go."""
        dates = days(self._root)
        day = self._root / dates[-1].isoformat() if dates else None
        part = None if day is None else live_part(day, read_manifest(day))
        if part is None:
            self._live = None
        elif self._live is None or self._live[0] != part:
            self._live = part, _LiveDay(part, self._places)
        return None if self._live is None else self._live[1].looked()

    def _sealed(self, epoch: str, after: int, upto: int) -> NumberedPrints:
        table = self._ask(_SEALED, [epoch, after, upto])
        rows = np.zeros(table.num_rows, TRADE)
        for name, column in (("time", "time"), ("shares", "size"), ("match", "trade_id")):
            rows[name] = table[column].to_numpy()
        rows["price"] = table["price"].fill_null(0).to_numpy()
        symbols, rows["instrument"] = _coded(table["symbol"])
        for column, name, meaning in (
            ("venue", "venue", self._places.get),
            ("conditions", "conditions", _packed),
        ):
            words, places = _coded(table[column])
            known = [_NOT_OURS if (found := meaning(word)) is None else found for word in words]
            rows[name] = np.array(known or [0], np.int64)[places]
        return NumberedPrints(upto, table["number"].to_numpy(), rows, symbols)


class _Run(NamedTuple):
    """A run of a day: its number `n` is row `base + n`, its numbers here are above `behind`, its rows end at `stop`."""

    base: int
    behind: int
    stop: int


class _LiveDay:
    """The columns of a day that goes on."""

    def __init__(self, part: Path, places: Mapping[str, int]) -> None:
        self._columns = ColumnsReader(part)
        self._places = places
        self._named = -1
        self._symbols: list[str] = [""]
        self._slots = np.zeros(1, np.int32)
        self._venues = np.full(1 << 16, _NOT_OURS, np.uint8)

    def looked(self) -> _LiveDay:
        """See what has come."""
        self._columns.look()
        if self._columns.rows("instruments") + self._columns.rows("publishers") != self._named:
            self._learn()
        return self

    def _learn(self) -> None:
        """Take the registers over."""
        instruments, publishers = (self._columns.records(name) for name in ("instruments", "publishers"))
        self._named = len(instruments) + len(publishers)
        self._symbols = ["", *(name.decode("latin-1") for name in instruments["raw_symbol"].tolist())]
        self._slots = np.zeros(int(instruments["instrument_id"].max(initial=0)) + 1, np.int32)
        self._slots[instruments["instrument_id"]] = np.arange(1, len(instruments) + 1)
        for row in publishers:
            place = self._places.get(row["name"].decode("latin-1"), _NOT_OURS)
            self._venues[row["publisher_id"]] = place

    def run(self, epoch: str) -> _Run | None:
        """Find a run by the name of its numbering."""
        events = self._columns.column("line_events", "event")
        names, bases, behind = (
            self._columns.column("line_events", name)[events == RUN].tolist()
            for name in ("detail", "first_sequence", "last_sequence")
        )
        if epoch.encode() not in names:
            return None
        place = names.index(epoch.encode())
        return _Run(bases[place], behind[place], bases[place + 1] if place + 1 < len(bases) else 1 << 62)

    def span(self, run: _Run, after: int, upto: int) -> NumberedPrints:
        """Give the trades of a run above `after`, up to `upto`."""
        sequences = self._columns.column("tbbo", "sequence")
        stop = min(run.base + upto, run.stop)
        begin, end = np.searchsorted(sequences, (run.base + after, stop), "right").tolist()
        newest = min(int(sequences[-1]), run.stop) - run.base if len(sequences) else 0
        found = self._columns.records("tbbo", begin, max(begin, end))
        rows = np.zeros(len(found), TRADE)
        for name, column in (("time", "ts_event"), ("shares", "size"), ("match", "trade_id")):
            rows[name] = found[column]
        rows["price"] = np.where(found["price"] == NO_PRICE, 0, found["price"] // PRICE_SCALE)
        rows["instrument"] = self._slots[found["instrument_id"]]
        rows["venue"] = self._venues[found["publisher_id"]]
        rows["conditions"] = found["conditions"].view("<u4")
        return NumberedPrints(
            max(min(newest, upto), after), found["sequence"] - run.base, rows, self._symbols
        )


def _coded(column: Any) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Distinct words of a column, and the place of each row's."""
    coded = column.combine_chunks().dictionary_encode()
    return coded.dictionary.to_pylist(), coded.indices.to_numpy()


def _packed(letters: str | None) -> int:
    return pack_letters((letters or "").strip() or "@")
