"""The national best bid and offer over the quotes of many venues, as a series: one row whenever it or its state changes.

Each venue has one quote of a stock, the latest it sent; a side with price or size 0 is no quote of that side. The best bid is
the highest over the venues that have one, with the sizes of all of them at that price; the best offer likewise. A quote older
than `stale_ns` takes no part: a venue that fell silent neither sets the price nor crosses the market. The row for a quote that
grows stale has the very time at which it does, and the venues counted stale stand in the row.

Locked (bid = ask) and crossed (bid > ask) markets are states that are reported, not repaired. Deterministic: the same quotes
in the same order give the same rows, in pieces or at once. Times that go backwards are counted, and taken as the latest time.
Prices and sizes are in the units of `feeds.events`, and nothing in here depends on what these are.

`NbboSeries` takes quotes one by one; `NbboColumns` takes columns of them, compiled, and says the same some hundred times as fast.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rushtrade.market import nbbo_kernel as kernel
from rushtrade.wire.compiled import address_of

STALE_NS = 60 * 1_000_000_000
"""Age from which a quote is stale, unless told otherwise."""
VENUES_MAX = kernel.VENUES_MAX
"""Venues of one stock; the United States have some twenty."""
ROWS = 1 << 14
"""Rows made at a time."""
BEST = np.dtype([(name, "<i8") for name in kernel.ROW])
"""A row of `NbboColumns`: `state` is a place in `STATES`, venues are bits in the order they were first heard of."""
QUOTES = ("time", "bid", "bid_size", "ask", "ask_size")
"""Columns of quotes, beside their venues."""

Records = npt.NDArray[np.void]
Words = npt.NDArray[np.int64]

EMPTY, ONE_SIDED, NORMAL, LOCKED, CROSSED = "empty", "one-sided", "normal", "locked", "crossed"
STATES = (EMPTY, ONE_SIDED, NORMAL, LOCKED, CROSSED)


class VenueQuote(NamedTuple):
    """What a venue quotes from a moment on."""

    time: int
    venue: str
    bid: int
    bid_size: int
    ask: int
    ask_size: int


class BestQuote(NamedTuple):
    """A row: the best of both sides from `time` on. Venues are joined by spaces, in the order of their letters."""

    time: int
    bid: int
    bid_size: int
    bid_venues: str
    ask: int
    ask_size: int
    ask_venues: str
    state: str
    stale_venues: str


class NbboSeries:
    """The series of one stock."""

    def __init__(self, stale_ns: int = STALE_NS) -> None:
        self.stale_ns = stale_ns
        self.anomalies = {"time_backwards": 0, "too_many_venues": 0, "bad_quote": 0}
        self.time_in_state = dict.fromkeys(STATES, 0)
        """Nanoseconds spent in each state up to the latest time."""
        self._quotes: dict[str, VenueQuote] = {}
        self._expiries: deque[VenueQuote] = deque()
        self._now = 0
        self._last: BestQuote | None = None

    def feed(self, quotes: Iterable[VenueQuote]) -> Iterator[BestQuote]:
        """Take quotes in the order they came; give the rows they make."""
        for quote in quotes:
            if quote.bid < 0 or quote.ask < 0 or quote.bid_size < 0 or quote.ask_size < 0:
                self.anomalies["bad_quote"] += 1
                continue
            if quote.time < self._now:
                self.anomalies["time_backwards"] += 1
            time = max(quote.time, self._now)
            yield from self.advance(time - 1)  # a quote renewed at the moment it grows stale never was
            self._pass(time)
            if quote.venue not in self._quotes and len(self._quotes) >= VENUES_MAX:
                self.anomalies["too_many_venues"] += 1
                continue
            kept = quote._replace(time=time)
            self._quotes[quote.venue] = kept
            self._expiries.append(kept)
            yield from self._row(time)

    def advance(self, time: int) -> Iterator[BestQuote]:
        """Let time pass without a quote; give the rows of quotes that grow stale by then."""
        while self._expiries and self._expiries[0].time + self.stale_ns <= time:
            quote = self._expiries.popleft()
            if self._quotes[quote.venue] is quote:
                self._pass(quote.time + self.stale_ns)
                yield from self._row(self._now)
        if time > self._now:
            self._pass(time)

    def _pass(self, time: int) -> None:
        if self._last is not None:
            self.time_in_state[self._last.state] += time - self._now
        self._now = time

    def _row(self, time: int) -> Iterator[BestQuote]:
        best = self._best(time)
        if self._last is None or best[1:] != self._last[1:]:
            self._last = best
            yield best

    def _best(self, time: int) -> BestQuote:
        live = [quote for quote in self._quotes.values() if quote.time + self.stale_ns > time]
        stale = sorted(venue for venue, quote in self._quotes.items() if quote.time + self.stale_ns <= time)
        bids = [(quote.bid, quote.bid_size, quote.venue) for quote in live if quote.bid and quote.bid_size]
        asks = [(quote.ask, quote.ask_size, quote.venue) for quote in live if quote.ask and quote.ask_size]
        bid, bid_size, bid_venues = _at(max(bids)[0], bids) if bids else (0, 0, "")
        ask, ask_size, ask_venues = _at(min(asks)[0], asks) if asks else (0, 0, "")
        state = _state(bid, ask)
        return BestQuote(time, bid, bid_size, bid_venues, ask, ask_size, ask_venues, state, " ".join(stale))


def _at(price: int, quotes: list[tuple[int, int, str]]) -> tuple[int, int, str]:
    """A price, all its size, and its venues."""
    found = [(venue, size) for at, size, venue in quotes if at == price]
    return price, sum(size for _, size in found), " ".join(sorted(venue for venue, _ in found))


def _state(bid: int, ask: int) -> str:
    if not bid and not ask:
        return EMPTY
    if not bid or not ask:
        return ONE_SIDED
    return CROSSED if bid > ask else LOCKED if bid == ask else NORMAL


class NbboColumns:
    """The series of one stock, from columns. Says what `NbboSeries` says; sizes that no word holds are the most one holds."""

    def __init__(self, stale_ns: int = STALE_NS) -> None:
        self._state = np.zeros(len(kernel.STATE), np.int64)
        self._quotes = np.zeros(VENUES_MAX * len(kernel.QUOTE), np.int64)
        self._last = np.zeros(len(kernel.ROW), np.int64)
        self._out = np.zeros(ROWS, BEST)
        self._numbers: dict[bytes, int] = {}
        self._bad = 0
        self._state[kernel.STATE.index("stale_after")] = stale_ns
        self._places = [address_of(array) for array in (self._state, self._quotes, self._last)]

    def feed(self, venues: npt.NDArray[np.bytes_], columns: dict[str, Words]) -> Records:
        """Take quotes in the order they came, their venues and the columns `QUOTES`; give rows of `BEST`."""
        good = np.logical_and.reduce([columns[name] >= 0 for name in QUOTES[1:]])
        self._bad += len(venues) - int(np.count_nonzero(good))
        kept = [self._number(venues[good])]
        kept += [np.ascontiguousarray(columns[name][good], np.int64) for name in QUOTES]
        addresses = np.array([address_of(column) for column in kept], np.int64)
        made: list[Records] = []
        state, quotes, last = self._places
        at, total = 0, len(kept[0])
        while at < total:
            at, rows = kernel.take(
                state, quotes, last, address_of(addresses), at, total, address_of(self._out), ROWS
            )
            made.append(self._out[:rows].copy())
        return np.concatenate(made) if made else np.zeros(0, BEST)

    def advance(self, time: int) -> Records:
        """Let time pass without a quote; give the rows of quotes that grow stale by then."""
        state, quotes, last = self._places
        rows = kernel.advance(state, quotes, last, time, address_of(self._out))
        return self._out[:rows].copy()

    def _number(self, venues: npt.NDArray[np.bytes_]) -> Words:
        """Number of each quote's venue, given out in the order they are first heard of."""
        names, first, which = np.unique(venues, return_index=True, return_inverse=True)
        for place in np.argsort(first):
            self._numbers.setdefault(bytes(names[place]), len(self._numbers))
        return np.array([self._numbers[bytes(name)] for name in names], np.int64)[which]

    def quotes(self, rows: Records) -> Iterator[BestQuote]:
        """Rows in words."""
        names = [name.decode("latin-1") for name in self._numbers]
        known: dict[int, str] = {}
        for time, bid, bid_size, bids, ask, ask_size, asks, state, stale in rows.tolist():
            for mask in (bids, asks, stale):
                if mask not in known:
                    known[mask] = " ".join(
                        sorted(name for bit, name in enumerate(names[:VENUES_MAX]) if mask >> bit & 1)
                    )
            yield BestQuote(
                time, bid, bid_size, known[bids], ask, ask_size, known[asks], STATES[state], known[stale]
            )

    @property
    def time_in_state(self) -> dict[str, int]:
        """Nanoseconds spent in each state up to the latest time."""
        begin = kernel.STATE.index("in_0")
        return dict(zip(STATES, self._state[begin : begin + len(STATES)].tolist(), strict=True))

    @property
    def anomalies(self) -> dict[str, int]:
        """What made no sense."""
        backwards, crowded = (int(self._state[kernel.STATE.index(name)]) for name in ("backwards", "crowded"))
        return {"time_backwards": backwards, "too_many_venues": crowded, "bad_quote": self._bad}
