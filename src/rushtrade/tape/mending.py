"""Voids and corrections of trades the ring no longer has, and bars that lost theirs: mended from wherever they were kept.

The tape files what it can by itself and keeps the rest (`Tape.unmatched`, bars that say `partial`). `mend` asks an archive for
the trades, makes the minutes again from those that stand, and tells the void as if it had been at hand. What the archive does
not have either is told as missing once and not asked for again. Refuses to know where an archive is.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from rushtrade.tape import tape_kernel as kernel
from rushtrade.tape.condition_layout import EXTENDED
from rushtrade.tape.news import VOID_NEWS
from rushtrade.tape.reports import CORRECTION, REPORT
from rushtrade.tape.tape import Tape
from rushtrade.tape.tape_layout import BAR_PARTIAL, MINUTE_NS
from rushtrade.tape.tape_storage import TapeStorage

Rows = npt.NDArray[Any]
VOID, REPLACED = 1, 2


class Archive(Protocol):
    """Today's trades as the tape filed them: rows of TRADE with their numbers, conditions and effects."""

    def find(self, instrument_id: int, venue: int, match: int) -> Rows:
        """Give the latest trade of a venue with a match number: one row, or none."""
        ...

    def between(self, instrument_id: int, start_ns: int, end_ns: int) -> Rows:
        """Give the trades with `start_ns <= time < end_ns`, in the order they were filed."""
        ...


class Mended(msgspec.Struct):
    """What one call mended: trades made void, bars made again, and trades nobody has."""

    voids: int = 0
    bars: int = 0
    missing: int = 0


class Mending:
    """Mends one tape from one archive."""

    def __init__(self, tape: Tape, archive: Archive) -> None:
        self._tape = tape
        self._archive = archive
        self._storage: TapeStorage = tape.storage
        self._seen = 0
        self._voids_seen = 0
        self._gone: dict[tuple[int, int], int] = {}
        """State of every trade that became void, by slot and number: the archive may have it as it was filed."""

    def mend(self, most: int = 1 << 62) -> Mended:
        """Mend what came up since the last call: at most so many voids and corrections, the others next time."""
        done = Mended()
        storage = self._storage
        changed = self._note_voids()
        newest, kept = storage.get("unmatched_count"), len(storage.unmatched)
        first = max(self._seen, newest - kept)
        self._seen = min(newest, first + most)
        for place in range(first, self._seen):
            self._settle(storage.unmatched[place & (kept - 1)].copy(), done)
        if self._note_voids() or changed:
            self._mend_partial(done)
        return done

    def _note_voids(self) -> bool:
        """Note the trades that became void since last time; False when there were none."""
        voids = self._tape.void_news
        for original in voids.after(self._voids_seen, len(voids.rows))["original"]:
            self._gone[int(original["instrument"]), int(original["number"])] = int(original["broken"])
        before, self._voids_seen = self._voids_seen, voids.newest
        return voids.newest > before

    def _settle(self, row: np.void, done: Mended) -> None:
        slot = int(row["instrument"])
        number = int(self._tape.numbers[slot])
        found = self._archive.find(number, int(row["venue"]), int(row["match"]))
        key = (slot, int(found["number"][0])) if len(found) else (0, 0)
        if not len(found) or key in self._gone:
            done.missing += 1
            return
        original = found[:1].copy()
        replaced = row["kind"] == CORRECTION
        original["broken"] = self._gone[key] = REPLACED if replaced else VOID
        original["instrument"] = slot
        pair = np.zeros(1, VOID_NEWS)
        pair["original"] = original
        if replaced:
            pair["replacement"] = self._replace(row, original)
        voids = self._tape.void_news
        voids.append(pair)
        self._storage.put("voids_count", voids.newest)
        done.voids += 1
        done.bars += self._rebuild(slot, _key_of(original[0]))

    def _replace(self, row: np.void, original: Rows) -> Rows:
        """File what stands in a corrected trade's place."""
        made = np.array([row], original.dtype)
        if int(row["time"]) <= self._storage.get("midnight"):
            made["time"] = original["time"]
        made["kind"], made["match"], made["original"] = REPORT, row["previous"], original["number"]
        made["printable"] = 1
        self._tape.take(made)
        return self._tape.since(self._tape.newest - 1, 1)[0]

    def _rebuild(self, slot: int, key: int) -> int:
        """Make a bar again from the archive's trades and the ring's."""
        number = int(self._tape.numbers[slot])
        start = key & ~1
        recent = self._tape.of(number)
        recent = recent[(recent["time"] >= start) & (recent["time"] < start + MINUTE_NS)]
        earlier = self._archive.between(number, start, start + MINUTE_NS).copy()
        earlier = earlier[~np.isin(earlier["number"], recent["number"])]
        for place, told in enumerate(earlier["number"].tolist()):
            earlier["broken"][place] = max(int(earlier["broken"][place]), self._gone.get((slot, told), 0))
        rows = np.ascontiguousarray(np.concatenate([earlier, recent]))
        rows = rows[np.argsort(rows["number"], kind="stable")]
        rebuilt: int = kernel.replace_bar(self._tape.header, slot, key, rows.ctypes.data, len(rows))
        return rebuilt

    def _mend_partial(self, done: Mended) -> None:
        bars = self._storage.bars[: self._storage.get("bars_used")]
        for place in np.flatnonzero(bars["state"] & BAR_PARTIAL).tolist():
            done.bars += self._rebuild(int(bars["instrument"][place]), int(bars["key"][place]))


_EXTENDED_KEY: Final = 1


def _key_of(trade: np.void) -> int:
    time = int(trade["time"])
    return time - time % MINUTE_NS + (_EXTENDED_KEY if int(trade["effects"]) & EXTENDED else 0)
