"""What the market looked like when a decision was taken: the stamp on an order, and marks.

A stamp goes into the journal with the command that used it, so that every risk and routing decision
can be replayed and explained from the journal alone.
"""

from __future__ import annotations

import msgspec

from rushtrade.domain.numbers import PRICE_MAX

LEVEL_BYTES = 24
"""One row of `QuoteStamp.levels`: three little-endian int64."""


class QuoteStamp(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Best bid and offer, last sale and the levels an order could meet. 0 = none.

    `levels` holds little-endian int64 rows ``(venue * 2 + side, price, shares)``, side 0 = bid, 1 = ask:
    first the side the order takes from, venue by venue, best price first; then, where the order may rest,
    the best level of its own side at every venue. A venue whose book is not known is left out.
    """

    time_ns: int
    bid: int
    bid_shares: int
    ask: int
    ask_shares: int
    last: int
    levels: bytes


NO_QUOTE = QuoteStamp(0, 0, 0, 0, 0, 0, b"")
"""The stamp of an order that met no market at all."""


class Mark(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Conflated best bid, offer and last sale of one instrument, for valuation and stop triggers."""

    instrument_id: int
    bid: int
    ask: int
    last: int


def mark_price(bid: int, ask: int, last: int, previous: int) -> int:
    """Valuation price of a share, the same in every room: checks, screens, closing marks, equity over time. 0 = none yet.

    The last sale held within a good two-sided quote; the midpoint where nothing has traded; the price before (`previous`) where the
    quote is one-sided, crossed, absent, or so wide that it says nothing (an offer above twice the bid is somebody's stub).
    """
    if 0 < bid <= ask <= min(2 * bid, PRICE_MAX):
        return min(max(last, bid), ask) if last > 0 else (bid + ask) // 2
    if previous > 0:
        return previous
    return last if 0 < last <= PRICE_MAX else 0
