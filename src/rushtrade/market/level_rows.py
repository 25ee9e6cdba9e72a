"""Events of feeds that tell levels or quotes (IEX DEEP, the SIPs, TAQ) as rows for `MarketData.receive_levels`.

Names become numbers and units become ours: prices in $0.0001, whole shares, UTC. What does not fit is counted and left out, never
rounded into something nobody quoted: a price between two steps, a name nobody knows, a size in lots of an unknown lot (`feeds.lots`
makes shares of those before). A fraction of a share is no share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rushtrade.feeds.events import LOTS, MICRO, NO_PRICE
from rushtrade.market.market_layout import LEVEL_ROW

PRICE_STEP = 100_000
"""Billionths of a dollar in $0.0001."""
PRICE_MAX = 0xFFFF_FFFE
"""The highest price a ladder's key holds."""
EVENT_COMPLETE = 1
"""Bit of IEX's event flags: the book makes sense again."""

Records = npt.NDArray[Any]


class LevelRows:
    """Turns events into rows. `ids` are instruments by symbol, `venues` the market's venues by the feed's letters.

    A feed of one venue writes no letters; its venue is that of the empty word. A feed of one stock writes no symbol, likewise.
    """

    def __init__(self, ids: Mapping[str, int], venues: Mapping[str, int], midnight_ns: int = 0) -> None:
        """`midnight_ns` is added to the times of feeds that count from midnight."""
        self._ids = {symbol.encode("ascii"): number for symbol, number in ids.items()}
        self._venues = {letters.encode("ascii"): venue for letters, venue in venues.items()}
        self._midnight_ns = midnight_ns
        self.left_out = {"unknown_symbol": 0, "unknown_venue": 0, "between_steps": 0, "size_in_lots": 0}
        """Events that could not be told, by reason."""

    def take(self, events: Records) -> Records:
        """Give the levels and quotes among rows of `feeds.events.EVENT`, in order."""
        chosen = events[(events["action"] == b"L") | (events["action"] == b"Q")]
        instruments = self._named(chosen["symbol"], self._ids)
        venues = self._named(chosen["venue"], self._venues)
        prices, asks = _steps(chosen["price"]), _steps(chosen["ask_price"])
        reasons = {
            "unknown_symbol": instruments < 0,
            "unknown_venue": venues < 0,
            "between_steps": (prices < 0) | (asks < 0),
            "size_in_lots": chosen["unit"] == LOTS,
        }
        fits = np.ones(len(chosen), np.bool_)
        for reason, fails in reasons.items():
            self.left_out[reason] += int((fits & fails).sum())
            fits &= ~fails
        rows = np.zeros(int(fits.sum()), LEVEL_ROW)
        kept = chosen[fits]
        rows["time"] = kept["time"] + self._midnight_ns
        rows["instrument"], rows["venue"] = instruments[fits], venues[fits]
        rows["price"], rows["ask"] = prices[fits], asks[fits]
        rows["shares"], rows["ask_shares"] = kept["size"] // MICRO, kept["ask_size"] // MICRO
        rows["kind"] = kept["action"]
        rows["side"] = kept["side"] == b"A"
        rows["complete"] = np.where(kept["action"] == b"L", kept["flags"] & EVENT_COMPLETE, 1)
        return rows

    def _named(self, names: npt.NDArray[np.bytes_], numbers: Mapping[bytes, int]) -> npt.NDArray[np.int64]:
        kinds, which = np.unique(names, return_inverse=True)
        return np.array([numbers.get(name, -1) for name in kinds.tolist()], np.int64)[which]


def _steps(prices: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Prices in $0.0001, 0 for none, -1 for what is no such price."""
    none = (prices == NO_PRICE) | (prices == 0)
    steps = prices // PRICE_STEP
    fits = (prices % PRICE_STEP == 0) & (steps > 0) & (steps <= PRICE_MAX)
    return np.where(none, 0, np.where(fits, steps, -1))
