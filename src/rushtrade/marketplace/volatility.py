"""What prices do: last trades, bands around the mean of five minutes, and stocks whose best quote stands at a band.

Theory of operation. Every venue counts its trades and adds up their prices. Once in thirty seconds the sums of all
venues are kept, eleven of them; the difference between the newest and the oldest is what traded in five minutes. A new
reference price takes effect when it lies far enough from the one in force (`rules.price_bands`). A stock is in its limit
state while its national best ask is at or below the lower band, or the best bid at or above the upper one; after the rule's
time there it is due for a pause. Stocks nobody trades and that have no last close have no band.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np

from rushtrade.domain.errors import RuleMissing
from rushtrade.exchange.national_kernel import gather_prints
from rushtrade.rules.price_bands import PRICE_BANDS, TIER_1, TIER_2, PriceBandRule, bands_around
from rushtrade.wire.compiled import address_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rushtrade.exchange.venue import Exchange
    from rushtrade.marketplace.national_quotes import NationalQuotes
    from rushtrade.rules.sessions import Session

NEAR_PPM: Final = 20_000
"""Quotes are asked for only of stocks that last traded within 2 % of a band or beyond it."""
MILLION: Final = 1_000_000


class Volatility:
    """Prices and bands of all stocks of a day. Bands are set in the venues' engines.

    `tiers`: 1 or 2 by symbol; 0 for a stock the plan does not cover.
    """

    def __init__(
        self,
        venues: Sequence[Exchange],
        quotes: NationalQuotes,
        day: dt.date,
        closes: Mapping[str, int],
        tiers: Mapping[str, int],
        session: Session,
    ) -> None:
        self._venues = tuple(venues)
        self._quotes = quotes
        self._session = session
        self._symbols = self._venues[0].symbols
        self._places = {symbol: place for place, symbol in enumerate(self._symbols)}
        self._rule = _rule_on(day)
        count = len(self._symbols)
        self._closes = np.array([closes.get(symbol, 0) for symbol in self._symbols], dtype=np.int64)
        self._tiers = np.array([tiers.get(symbol, 0) for symbol in self._symbols], dtype=np.int64)
        self._headers = np.array([venue.engine.tables.address for venue in venues], dtype=np.int64)
        self._prints = np.zeros((count, 3), dtype=np.int64)
        """Trades, sum of prices and last price of each stock, as at the last look."""
        self._seen = np.zeros(count, dtype=np.int64)
        self._kept: deque[NDArray[np.int64]] = deque()
        self._band_due_ns = 0
        self._doubled: tuple[bool, ...] = ()
        self._references = np.zeros(count, dtype=np.int64)
        self._lower = np.zeros(count, dtype=np.int64)
        self._upper = np.zeros(count, dtype=np.int64)
        self._on = self._tiers > 0
        """Stocks that may have a band: those the plan covers, while they are not paused."""
        self._limit_since: dict[int, int] = {}

    def look(self, now_ns: int) -> list[tuple[str, int]]:
        """Give the stocks that have traded since the last look with their last price, and set bands that are due."""
        headers, prints = address_of(self._headers), address_of(self._prints)
        gather_prints(headers, len(self._venues), len(self._symbols), prints)
        traded = np.nonzero(self._prints[:, 0] != self._seen)[0].tolist()
        self._seen[:] = self._prints[:, 0]
        if self._rule is not None and now_ns >= self._band_due_ns:
            self._band_due_ns = now_ns + self._rule.hold_ns
            self._set_bands(self._rule, now_ns)
        self._follow_limit_states(now_ns)
        return [(self._symbols[place], int(self._prints[place, 2])) for place in traded]

    def due_pauses(self, now_ns: int) -> list[str]:
        """Give the stocks that have stood at a band for too long."""
        if self._rule is None:
            return []
        limit_ns = self._rule.limit_state_ns
        return [
            self._symbols[place] for place, since in self._limit_since.items() if now_ns - since >= limit_ns
        ]

    def lift(self, symbol: str) -> None:
        """Take a stock's band off: it is paused."""
        place = self._places[symbol]
        self._on[place] = False
        self._limit_since.pop(place, None)
        self._references[place] = 0
        self._put_band(place, 0, 0)

    def begin(self, symbol: str, now_ns: int) -> None:
        """Band a stock that trades again: around its reopening price, else the last one."""
        place = self._places[symbol]
        self._on[place] = self._tiers[place] > 0
        headers, prints = address_of(self._headers), address_of(self._prints)
        gather_prints(headers, len(self._venues), len(self._symbols), prints)
        if self._rule is not None and self._on[place]:
            self._band(self._rule, place, int(self._prints[place, 2]), now_ns)

    def end(self) -> None:
        """Take all bands off: the regular session is over."""
        for place in np.nonzero(self._upper)[0].tolist():
            self._put_band(place, 0, 0)
        self._limit_since.clear()
        self._rule = None

    def band(self, symbol: str) -> tuple[int, int]:
        """Return a stock's lower and upper band; 0, 0 while it has none."""
        place = self._places[symbol]
        return int(self._lower[place]), int(self._upper[place])

    # --- bands --------------------------------------------------------------------------------------------

    def _set_bands(self, rule: PriceBandRule, now_ns: int) -> None:
        """Take the mean of five minutes' trades as the reference of every stock where it has moved enough."""
        self._kept.append(self._prints.copy())
        if len(self._kept) > rule.window_ns // rule.hold_ns + 1:
            self._kept.popleft()
        first = self._kept[0] if len(self._kept) > 1 else np.zeros_like(self._prints)
        counts, sums = (self._prints - first)[:, :2].T
        mean = sums // np.maximum(counts, 1)
        fallback = np.where(self._references > 0, self._references, self._closes)
        reference = np.where(counts > 0, mean, fallback)
        moved = np.abs(reference - self._references) * MILLION >= self._references * rule.move_ppm
        wanted = self._on & (reference > 0) & (moved | (self._references == 0))
        doubled = self._doubled_now(rule, now_ns)
        if doubled != self._doubled:
            self._doubled = doubled
            wanted |= self._on & (self._references > 0)
            reference = np.where(moved, reference, fallback)
        for place in np.nonzero(wanted)[0].tolist():
            self._band(rule, place, int(reference[place]), now_ns)

    def _doubled_now(self, rule: PriceBandRule, now_ns: int) -> tuple[bool, ...]:
        """Which of the plan's kinds of stock have twice the width at the moment."""
        opened, left = now_ns - self._session.open_ns, self._session.close_ns - now_ns
        dear = rule.middle_max + 1
        return tuple(rule.is_doubled(tier, dear, opened, left) for tier in (TIER_1, TIER_2))

    def _band(self, rule: PriceBandRule, place: int, reference: int, now_ns: int) -> None:
        if reference <= 0:
            return
        close, tier = int(self._closes[place]) or reference, int(self._tiers[place])
        opened, left = now_ns - self._session.open_ns, self._session.close_ns - now_ns
        width = rule.width(tier, close, doubled=rule.is_doubled(tier, close, opened, left))
        self._references[place] = reference
        self._put_band(place, *bands_around(reference, *width))

    def _put_band(self, place: int, lower: int, upper: int) -> None:
        if (self._lower[place], self._upper[place]) != (lower, upper):
            self._lower[place], self._upper[place] = lower, upper
            for venue in self._venues:
                venue.engine.set_band(place + 1, lower, upper)

    def _follow_limit_states(self, now_ns: int) -> None:
        """Note since when the national best quote of each stock stands at a band."""
        last = self._prints[:, 2]
        near = last * NEAR_PPM // MILLION
        close_by = (
            (self._upper > 0) & (last > 0) & ((last - near <= self._lower) | (last + near >= self._upper))
        )
        at_limit: dict[int, int] = {}
        for place in np.nonzero(close_by)[0].tolist():
            bid, ask = self._quotes.national(place + 1)
            if 0 < ask <= self._lower[place] or bid >= self._upper[place]:
                at_limit[place] = self._limit_since.get(place, now_ns)
        self._limit_since = at_limit


def _rule_on(day: dt.date) -> PriceBandRule | None:
    """The plan on a day; none before it covered the whole session."""
    try:
        return PRICE_BANDS.on(day)
    except RuleMissing:
        return None
