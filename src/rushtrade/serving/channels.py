"""Channels of the streams: what somebody wants of them, and the rings their messages wait in.

Quotes are a *state*: only the newest of a symbol matters. All other channels hold *happenings*: numbered by channel from 1, kept in
a ring, read by whoever has a cursor. A reader therefore costs a cursor and not a queue, whatever it does, and a
reader that was away goes on where it left off, as long as the ring reaches back.

`Selection`s with the same symbols are one object, so that what is made for one reader is made for all who want the same.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from rushtrade.api.faults import ApiFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy.typing as npt

    from rushtrade.api.ports import Archive
    from rushtrade.market.market_data import MarketData
    from rushtrade.store.image import Image

EVENTS_KEPT: Final = 1 << 16
"""Happenings of one channel, but for trades: a minute's bars of 8,000 stocks eight times over."""

PRINTS_AT_ONCE: Final = 4_096
"""Trades looked at together."""
PAGE_PRINTS: Final = 1 << 15
"""Trades brought back from the tick store together: 4 MB."""
PAGES_KEPT: Final = 8
"""Pages held for all readers: who comes back after the same pause reads the same ones."""
PAGES_AT_ONCE: Final = 2
"""Pages being read from the store: other questions of its history get their turn between."""
FLUSH_WAIT_S: Final = 3.0
"""How long trades that have left memory may take to the disk: the store is flushed every second."""
FLUSH_LOOK_S: Final = 0.1

TRADES, QUOTES = "trades", "quotes"
CORRECTIONS, CANCELS = "corrections", "cancelErrors"
EVENTS: Final = (
    CORRECTIONS, CANCELS, "statuses", "lulds", "bars", "updatedBars", "dailyBars", "orderImbalances",
)  # fmt: skip
"""Channels of happenings but for trades, in the order in which they are told."""
HAPPENINGS: Final = (TRADES, *EVENTS)
CHANNELS: Final = (*HAPPENINGS, QUOTES)
ACCOMPANY: Final = (CORRECTIONS, CANCELS)
"""What comes with trades without being asked for."""
ALL: Final = "*"
_PLACE: Final = {name: place for place, name in enumerate(CHANNELS)}


class Selection:
    """The symbols wanted in each channel; `*` stands for all. Made by `Selections`, compared by identity."""

    __slots__ = ("__weakref__", "_ids", "_known", "chosen")

    def __init__(self, chosen: tuple[frozenset[str], ...]) -> None:
        self.chosen = chosen
        self._known = -1
        self._ids: dict[str, frozenset[int]] = {}

    def of(self, channel: str) -> frozenset[str]:
        """Symbols wanted in a channel."""
        return self.chosen[_PLACE[channel]]

    def everything(self, channel: str) -> bool:
        """True when all symbols are wanted in a channel."""
        return ALL in self.chosen[_PLACE[channel]]

    def ids(self, channel: str, image: Image) -> frozenset[int]:
        """Instruments wanted in a channel by their symbols, as far as they are known."""
        known = len(image.symbols)
        if known != self._known:
            self._known, self._ids = known, {}
        found = self._ids.get(channel)
        if found is None:
            rows = (image.symbols.get(symbol) for symbol in self.of(channel))
            found = self._ids[channel] = frozenset(row.instrument_id for row in rows if row is not None)
        return found

    def wants(self, channel: str, instrument_id: int, image: Image) -> bool:
        """Tell whether an instrument is wanted in a channel."""
        return self.everything(channel) or instrument_id in self.ids(channel, image)

    def flags(self, channel: str, image: Image, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Tell which of so many instruments are wanted in a channel."""
        if self.everything(channel):
            return np.ones(len(numbers), np.bool_)
        wanted = np.fromiter(self.ids(channel, image), np.int64)
        return np.isin(numbers, wanted)


class Selections:
    """All selections in use."""

    def __init__(self) -> None:
        self._made: WeakValueDictionary[tuple[frozenset[str], ...], Selection] = WeakValueDictionary()

    def get(self, chosen: Mapping[str, Iterable[str]]) -> Selection:
        """Give the selection of these symbols by channel."""
        key = tuple(frozenset(chosen.get(name, ())) for name in CHANNELS)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = Selection(key)
        return found


class Happening(NamedTuple):
    """One message of a channel before it is written: whose, when, and what is needed to write it."""

    seq: int
    instrument_id: int
    time_ns: int
    kind: str
    body: Any
    venue: int = -1
    """The one venue it tells of; -1 = all of them."""


class EventRing:
    """The newest happenings of one channel, by number."""

    def __init__(self, kept: int = EVENTS_KEPT) -> None:
        self._kept = kept
        self._ring: list[Happening | None] = [None] * kept
        self.newest = 0

    @property
    def oldest(self) -> int:
        """Number of the oldest one that is kept; one more than the newest when there is none."""
        return max(self.newest - self._kept, 0) + 1

    def append(self, instrument_id: int, time_ns: int, kind: str, body: Any, venue: int = -1) -> None:
        """Number a happening and keep it."""
        self.newest += 1
        happening = Happening(self.newest, instrument_id, time_ns, kind, body, venue)
        self._ring[self.newest % self._kept] = happening

    def after(self, seq: int, limit: int) -> Iterator[Happening]:
        """Give what is numbered above `seq`, oldest first, at most `limit`."""
        first = max(seq + 1, self.oldest)
        for number in range(first, min(first + limit, self.newest + 1)):
            found = self._ring[number % self._kept]
            assert found is not None
            yield found


class Marks:
    """Which instruments' quotes changed, in the order of their latest change; every change has a number."""

    def __init__(self) -> None:
        self.newest = 0
        self._by_id: dict[int, int] = {}

    def mark(self, instrument_ids: Iterable[int]) -> None:
        """Number a change of each."""
        order = self._by_id
        for number in instrument_ids:
            self.newest += 1
            order.pop(number, None)
            order[number] = self.newest

    def number(self, instrument_id: int) -> int:
        """Number of an instrument's latest change; 0 before the first."""
        return self._by_id.get(instrument_id, 0)

    def after(self, seq: int) -> list[tuple[int, int]]:
        """Give instruments changed after number `seq` with the number of their latest change, oldest change first."""
        found = []
        for instrument_id, number in reversed(self._by_id.items()):
            if number <= seq:
                break
            found.append((instrument_id, number))
        found.reverse()
        return found


# --- trades ---------------------------------------------------------------------------------------------------


class Prints:
    """Trades of the whole market in the order they came, by their position on the tape: what streams read and resume by.

    A position counts every trade the tape has taken, of all instruments, from 1. Two gateways that were given the same packets in
    the same order number alike, so a reader may go on at the other one. The tape's ring holds the newest; what is older is
    for the tick store to tell.
    """

    def __init__(self, market: MarketData) -> None:
        self._market = market

    @property
    def newest(self) -> int:
        """Position of the newest trade; 0 before the first."""
        return self._market.tape.newest

    @property
    def oldest(self) -> int:
        """Position of the oldest trade in memory; one more than the newest when there is none."""
        return self._market.tape.oldest

    def read(self, after: int, limit: int) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int64]]:
        """Give trades after a position, at most `limit`, and the instrument of each."""
        return self._market.tape.since(after, limit)

    def position_at(self, after: int, time_ns: int) -> int:
        """Give the position of the last trade that came before any trade later than an instant, from `after` on."""
        position = max(after, self.oldest - 1)
        while position < self.newest:
            rows, _ = self.read(position, PRINTS_AT_ONCE)
            later = np.flatnonzero(rows["time"] > time_ns)
            if len(later):
                return position + int(later[0])
            position += len(rows)
        return position


class Page(NamedTuple):
    """Trades brought back: all there are of the numbers above `after` and up to `upto`; what is not here of them is nowhere."""

    after: int
    upto: int
    numbers: npt.NDArray[np.int64]
    rows: npt.NDArray[np.void]
    instruments: npt.NDArray[np.int64]

    def holds(self, cursor: int) -> bool:
        """Tell whether a reader at a cursor can go on in it."""
        return self.after <= cursor < self.upto


class PastPrints:
    """Trades that have left memory, brought back from the tick store a page at a time, for all readers of one numbering.

    Theory of operation. Pages begin at multiples of `PAGE_PRINTS`; a whole one never changes and is kept for others. The newest trades may
    not be on the disk yet: they are waited for, within a bound. What the store does not have is a hole, and told as a gap.
    """

    def __init__(self, archive: Archive | None, epoch: str, image: Image) -> None:
        self._archive, self._epoch, self._image = archive, epoch, image
        self._whole: dict[int, Page] = {}
        self._turn = asyncio.Semaphore(PAGES_AT_ONCE)
        self.fault = ""
        """Why the latest page could not be had."""

    @property
    def is_kept(self) -> bool:
        """False where no tick store is read: what has left memory is lost to streams."""
        return self._archive is not None

    async def page(self, cursor: int) -> Page | None:
        """Give the page in which a reader at a cursor goes on; None when the store does not have it in time (`fault` says why)."""
        until = time.monotonic() + FLUSH_WAIT_S
        while True:
            async with self._turn:
                page = self._whole.get(cursor // PAGE_PRINTS) or await self._read(cursor)
            if page is None or page.holds(cursor):
                return page
            if time.monotonic() >= until:
                self.fault = "the tick store does not have it"
                return None
            await asyncio.sleep(FLUSH_LOOK_S)

    async def _read(self, cursor: int) -> Page | None:
        assert self._archive is not None
        place = cursor // PAGE_PRINTS
        begin, end = place * PAGE_PRINTS, (place + 1) * PAGE_PRINTS
        try:
            found = await asyncio.to_thread(self._archive.prints, self._epoch, begin, end)
        except ApiFault as fault:
            self.fault = fault.message
            return None
        known = (self._image.symbols.get(symbol) for symbol in found.symbols)
        ids = np.array([0 if row is None else row.instrument_id for row in known] or [0], np.int64)
        page = Page(begin, found.upto, found.numbers, found.rows, ids[found.rows["instrument"]])
        if page.upto == end:
            if len(self._whole) >= PAGES_KEPT:
                self._whole.pop(next(iter(self._whole)))
            self._whole[place] = page
        return page

    def time_of(self, number: int) -> int:
        """When a trade on a page at hand happened; 0 for any other."""
        page = self._whole.get((number - 1) // PAGE_PRINTS)
        if page is None:
            return 0
        place = int(np.searchsorted(page.numbers, number))
        return int(page.rows["time"][place]) if place < len(page.numbers) else 0
