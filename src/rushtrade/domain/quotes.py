"""What the market looked like when a decision was taken: the stamp on an order, and marks.

A stamp goes into the journal with the command that used it, so that every risk and routing decision
can be replayed and explained from the journal alone.
"""

from __future__ import annotations

import msgspec

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
