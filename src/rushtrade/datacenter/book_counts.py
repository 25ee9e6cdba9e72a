"""Quotes of all instruments by their state, and which of them has been crossed for longest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rushtrade.datacenter.status import BookStatus
from rushtrade.domain.instants import MILLISECOND
from rushtrade.market.market_data import MarketData
from rushtrade.market.market_layout import QUOTE_STATES

_CROSSED = QUOTE_STATES.index("crossed")


class BookCounts:
    """Remembers since when an instrument has been crossed, by this machine's clock; `count` is called once a second.

    The market's own clock would say 0 for a feed that stands still with crossed books, which is the very case to be told of.
    """

    def __init__(self) -> None:
        self._crossed_since: dict[int, int] = {}

    def count(self, data: MarketData, symbols: Mapping[int, str], now_ns: int) -> BookStatus:
        """Look at every instrument's quote (id → symbol)."""
        ids, states, since = data.standing()
        silent = since == 0
        counts = np.bincount(states[~silent], minlength=len(QUOTE_STATES))
        by_name = dict(zip(QUOTE_STATES, counts.tolist(), strict=True))
        crossed = {
            number: self._crossed_since.get(number, now_ns)
            for number in ids[(states == _CROSSED) & ~silent].tolist()
        }
        self._crossed_since = crossed
        longest = min(crossed, key=crossed.__getitem__, default=0)
        return BookStatus(
            instruments=len(ids),
            good=by_name["good"],
            one_sided=by_name["one_sided"],
            locked=by_name["locked"],
            crossed=by_name["crossed"],
            halted=by_name["halted"],
            unknown=by_name["unknown"],
            empty=int(np.count_nonzero(silent)),
            crossed_longest_ms=(now_ns - crossed[longest]) // MILLISECOND if longest else 0,
            crossed_symbol=symbols.get(longest, ""),
        )
