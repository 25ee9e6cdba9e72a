"""Sizes in round lots made into shares, where the round lot of a stock on a day is known; and left as the feed wrote them where it is not.

UQDF writes the sizes of quotes in round lots: 3 is 300 shares of a stock traded by the hundred, 30 of one traded by ten. What a round lot
is depends on the stock and the day, which a feed does not know: whoever asks brings the rule (`rules.market_structure.ROUND_LOTS`, or a
reference file). A row whose round lot is unknown keeps its number and its unit, so that nobody takes lots for shares.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rushtrade.feeds.events import LOTS, NO_PRICE, SHARES, Records

RoundLot = Callable[[str, int], int | None]
"""Shares in a round lot of a symbol at an instant (nanoseconds, as the rows have them); None when it is not known."""

DAY_NS = 86_400 * 1_000_000_000
SIZES = ("size", "ask_size")


def in_shares(rows: Records, round_lot: RoundLot) -> Records:
    """Give rows of `EVENT` with sizes in shares wherever `round_lot` knows how; the rows handed in stay as they are."""
    lots = np.flatnonzero(rows["unit"] == LOTS)
    if not len(lots):
        return rows
    made = rows.copy()
    keys = np.zeros(len(lots), [("symbol", rows["symbol"].dtype), ("day", "<i8")])
    keys["symbol"], keys["day"] = rows["symbol"][lots], rows["time"][lots] // DAY_NS
    kinds, which = np.unique(keys, return_inverse=True)
    for number, (symbol, day) in enumerate(kinds.tolist()):
        shares = round_lot(symbol.decode("latin-1"), day * DAY_NS)
        if shares is None:
            continue
        chosen = lots[which == number]
        made["unit"][chosen] = SHARES
        for name in SIZES:
            values = made[name][chosen]
            made[name][chosen] = np.where(values <= NO_PRICE // shares, values * shares, NO_PRICE)
    return made
