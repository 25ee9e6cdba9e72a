"""The national best quote as venues know it: what all others show, some time ago.

Theory of operation. Venues that must not trade through others, pools that trade at the midpoint and wholesalers that
trade by the quote are told what the others show, `sip_ns` after it was so. Quotes are looked at in the stocks that matter
alone: those in which an order has come in a moment ago, or in which a pegged order rests. A look costs one walk over the
venues; the recorded flow needs none, for it was never subject to what is told here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from rushtrade.exchange.national_kernel import pegs_rest, quotes_elsewhere
from rushtrade.wire.compiled import address_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rushtrade.exchange.venue import Exchange

SIP_NS: Final = 500_000
"""From a quote's change at a venue to the other venues' knowing: the consolidated feeds' processing and the way, today."""
WATCH_NS: Final = 1_000_000_000
"""How long a stock is looked at after an order came in."""
WATCHED_MAX: Final = 128
"""Stocks looked at at every step; where orders come in in more, the longest idle are looked at when one comes."""


class NationalQuotes:
    """What each venue is told of the others. `counts`: whose quotes count; `told`: who is to be told."""

    def __init__(
        self, venues: Sequence[Exchange], counts: Sequence[bool], told: Sequence[bool], sip_ns: int = SIP_NS
    ) -> None:
        self.sip_ns = sip_ns
        self._venues = tuple(venues)
        self._told = [place for place, flag in enumerate(told) if flag]
        self._headers = np.array([venue.engine.tables.address for venue in venues], dtype=np.int64)
        self._counts = np.array(counts, dtype=np.int64)
        self._out = np.zeros(2 * len(venues), dtype=np.int64)
        self._addresses = address_of(self._headers), address_of(self._counts), address_of(self._out)
        self._watched: dict[int, int] = {}
        self._known: dict[int, bytes] = {}

    @property
    def is_needed(self) -> bool:
        """True when some stock is watched."""
        return bool(self._watched)

    def watch(self, locates: Iterable[int], now_ns: int) -> None:
        """Look at stocks from now on, and at once at those that were not watched."""
        for locate in locates:
            fresh = locate not in self._watched
            self._watched.pop(locate, None)
            self._watched[locate] = now_ns
            if fresh:
                self._look(locate)
        while len(self._watched) > WATCHED_MAX:
            del self._watched[next(iter(self._watched))]

    def look(self, now_ns: int) -> None:
        """Tell the venues what all show now in the watched stocks; forget stocks in which nothing waits for it."""
        for locate, since_ns in list(self._watched.items()):
            if now_ns - since_ns > WATCH_NS and not pegs_rest(self._addresses[0], len(self._venues), locate):
                del self._watched[locate]
            else:
                self._look(locate)

    def quotes(self, locate: int) -> list[tuple[int, int]]:
        """For every venue the best bid and ask of all others, as they are now; 0 = none."""
        headers, counts, out = self._addresses
        quotes_elsewhere(headers, counts, len(self._venues), locate, out)
        words = self._out.tolist()
        return list(zip(words[::2], words[1::2], strict=True))

    def national(self, locate: int) -> tuple[int, int]:
        """The national best bid and ask of now; 0 = none."""
        found = self.quotes(locate)
        asks = [ask for _, ask in found if ask]
        return max(bid for bid, _ in found), min(asks, default=0)

    def _look(self, locate: int) -> None:
        headers, counts, out = self._addresses
        quotes_elsewhere(headers, counts, len(self._venues), locate, out)
        image = self._out.tobytes()
        if self._known.get(locate) == image:
            return
        self._known[locate] = image
        words = self._out.tolist()
        for venue in self._told:
            self._venues[venue].engine.set_away(locate, words[2 * venue], words[2 * venue + 1])
