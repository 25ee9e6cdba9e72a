"""Every trade a running tape has filed, on the disk: what mends voids and corrections of trades that have left memory.

The tape's ring holds some minutes of a whole market; a trade is often taken back later than that. Theory of operation: whoever follows the
lines calls `look` after each piece, and new rows of the tape are appended as they are, with their numbers, conditions and effects, to a file
without a name, which goes with the process: numbers of trades are those of one process, too. A second such file has what is looked
for (`KEY`). A look walks the keys backwards, a block at a time, and passes over blocks of other times. `mend` brings up to date what a
`Mending` asks of this; a few voids a call, for one look through a busy day costs some hundredths of a second.

A disk that fails costs the mending, not the market: what was not written is not found, and counts as missing.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import structlog

from rushtrade.tape.mending import Mended, Mending
from rushtrade.tape.tape import Tape
from rushtrade.tape.tape_layout import TRADE

Rows = npt.NDArray[Any]

KEY: Final = np.dtype([("time", "<i8"), ("match", "<u8"), ("instrument", "<i4"), ("venue", "<i4")])
BLOCK: Final = 1 << 16
"""Keys read at once: 1.5 MB."""
FOLLOWED_AT_ONCE: Final = 1 << 14
"""Rows copied out of the ring at once: 2 MB."""
VOIDS_AT_ONCE: Final = 2
"""Voids mended in one call, once a second: each walks the keys of a day, and the lines wait meanwhile. Voids are few: some hundred a day."""
_FIELDS: Final = ("time", "match", "instrument", "venue")

log = structlog.get_logger(__name__)


class TodaysTrades:
    """An archive of one tape, and the mending it allows."""

    def __init__(self, tape: Tape, directory: Path) -> None:
        """`directory` says on which disk the files are."""
        directory.mkdir(parents=True, exist_ok=True)
        self._tape = tape
        self._rows = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 - as long as this object
        self._keys = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115
        self._spans: list[tuple[int, int]] = []
        """Earliest and latest time of every block."""
        self._count = 0
        self._told = tape.newest
        self._failed = False
        self._mending = Mending(tape, self)

    def close(self) -> None:
        """Let the files go."""
        self._rows.close()
        self._keys.close()

    def look(self) -> None:
        """Keep what the tape has filed, when it is enough to be worth the while."""
        if self._tape.newest - self._told >= FOLLOWED_AT_ONCE:
            self.follow()

    def follow(self) -> None:
        """Keep what the tape has filed since the last call."""
        while not self._failed:
            rows, _ = self._tape.since(self._told, FOLLOWED_AT_ONCE)
            if not len(rows):
                return
            self._told = max(self._told, self._tape.oldest - 1) + len(rows)
            try:
                self._append(rows)
            except OSError as error:
                self._failed = True
                log.warning("trades are not kept for mending", why=str(error))

    def _append(self, rows: Rows) -> None:
        keys = np.zeros(len(rows), KEY)
        for name in _FIELDS:
            keys[name] = rows[name]
        _write(self._rows.fileno(), rows, self._count)
        _write(self._keys.fileno(), keys, self._count)
        at = 0
        while at < len(rows):
            block, used = divmod(self._count + at, BLOCK)
            times = keys["time"][at : at + BLOCK - used]
            self._widen(block, int(times.min()), int(times.max()))
            at += len(times)
        self._count += len(rows)

    def _widen(self, block: int, first: int, last: int) -> None:
        if block == len(self._spans):
            self._spans.append((first, last))
        else:
            before = self._spans[block]
            self._spans[block] = min(first, before[0]), max(last, before[1])

    def mend(self) -> Mended:
        """Mend voids and corrections the tape could not file, at most `VOIDS_AT_ONCE`."""
        self.follow()
        return self._mending.mend(VOIDS_AT_ONCE)

    # ------------------------------------------------------------ what the mending asks

    def find(self, instrument_id: int, venue: int, match: int) -> Rows:
        """Give the latest trade of a venue with a match number: one row, or none."""
        slot = self._tape.slot_of(instrument_id)
        for begin, keys in self._blocks(range(len(self._spans) - 1, -1, -1)):
            found = np.flatnonzero(keys["match"] == match)
            found = found[(keys["venue"][found] == venue) & (keys["instrument"][found] == slot)]
            if len(found):
                return _read(self._rows.fileno(), TRADE, begin + int(found[-1]), 1)
        return np.zeros(0, TRADE)

    def between(self, instrument_id: int, start_ns: int, end_ns: int) -> Rows:
        """Give the trades with `start_ns <= time < end_ns`, in the order they were filed."""
        slot = self._tape.slot_of(instrument_id)
        places = [
            block for block, (first, last) in enumerate(self._spans) if first < end_ns and last >= start_ns
        ]
        parts = [np.zeros(0, TRADE)]
        for begin, keys in self._blocks(places):
            wanted = (keys["instrument"] == slot) & (keys["time"] >= start_ns) & (keys["time"] < end_ns)
            found = np.flatnonzero(wanted)
            if len(found):
                first, last = int(found[0]), int(found[-1])
                rows = _read(self._rows.fileno(), TRADE, begin + first, last - first + 1)
                parts.append(rows[found - first])
        return np.concatenate(parts)

    def _blocks(self, blocks: range | list[int]) -> Iterator[tuple[int, Rows]]:
        for block in blocks:
            begin = block * BLOCK
            yield begin, _read(self._keys.fileno(), KEY, begin, min(BLOCK, self._count - begin))


def _write(file: int, rows: Rows, at: int) -> None:
    data = np.ascontiguousarray(rows).tobytes()
    if os.pwrite(file, data, at * rows.itemsize) != len(data):
        raise OSError(f"only a part of {len(data):,} bytes could be written")


def _read(file: int, dtype: np.dtype[Any], at: int, count: int) -> Rows:
    return np.frombuffer(os.pread(file, count * dtype.itemsize, at * dtype.itemsize), dtype)
