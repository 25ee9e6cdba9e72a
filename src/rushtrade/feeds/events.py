"""What every feed is decoded into: columns of events, one row a message, in the order of the stream.

One shape for order-by-order feeds, quotes, price levels and trades, so that whoever reads columns need not know whose
they are. The words are Databento's where it has one. Numbers are exact integers in units every feed fits into:

==========  ====  ==================================================================================================
type        S2    the feed's own letters for the message
action      S1    A add, C cancel or reduce, M modify or replace, R clear, F fill of a resting order, T trade, X trade
                  broken, K trade corrected, L price level, Q quote (both sides), B price bands, H trading state, h a
                  venue's own halt, Y short-sale test, S other status, D directory, I imbalance, G numbers missing,
                  N other
side        S1    B bid, A ask, N none
time        i8    nanoseconds since the Unix epoch; of feeds that count from midnight, since their midnight
symbol      S12   as the feed writes it, without padding; empty when the message has none (see `instrument`)
instrument  u4    the feed's number of the security: ITCH locate, DBN instrument id
venue       S4    market centre, where a feed carries several
order       u8    order reference, trade or match number
price       i8    billionths of a dollar; the bid of a quote
size        i8    millionths of `unit`; the bid's of a quote
ask_price   i8    of a quote
ask_size    i8    of a quote
flags       u1    as the feed writes them; of H, h and Y the state in ITCH's letters, of D the tier of price bands
unit        u1    what sizes count: `SHARES`, or `LOTS` where a feed writes round lots (see `feeds.lots`)
conditions  S4    sale conditions of a reported trade, blanks where the feed has blanks; of H the reason
original    u8    trade that a cancel or correction is about, where it names one by a number
place       u1    the venue's place in a market, counted from 1, once a line has looked it up (`gateway.file_line`)
==========  ====  ==================================================================================================

A value a message does not have is 0 or empty; `NO_PRICE` marks what the feed itself calls undefined.

A correction (K) has the price, size and conditions that are right; `order` is the number of the trade as it stands now. Bands (B) have
their lower price in `price`, the upper in `ask_price`. A directory's `size` is the round lot, its `price` the last close.
Two rows are made by whoever reads the packets' numbers, without a type or symbol: G says that `order` numbers are missing before the
next row (0: nobody knows how many), R that the feed began anew, with everything it said before void.
"""

from __future__ import annotations

from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

EVENT = np.dtype(
    [
        ("type", "S2"),
        ("action", "S1"),
        ("side", "S1"),
        ("time", "<i8"),
        ("symbol", "S12"),
        ("instrument", "<u4"),
        ("venue", "S4"),
        ("order", "<u8"),
        ("price", "<i8"),
        ("size", "<i8"),
        ("ask_price", "<i8"),
        ("ask_size", "<i8"),
        ("flags", "u1"),
        ("unit", "u1"),
        ("conditions", "S4"),
        ("original", "<u8"),
        ("place", "u1"),
    ]
)

SHARES, LOTS = 0, 1

NO_PRICE = (1 << 63) - 1
"""The price of nothing, in Databento's way."""

NANO = 1_000_000_000
"""Units of a price in a dollar."""
MICRO = 1_000_000
"""Units of a size in a share."""

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Records = npt.NDArray[np.void]


class Events(msgspec.Struct, frozen=True):
    """What one call of `feed` gave: rows of `EVENT`, what made no sense by kind, and the numbers missed."""

    rows: Records
    anomalies: dict[str, int]
    gaps: int = 0
    packets: int = 0


class Feed(Protocol):
    """A feed of one kind. Buffers go in as they come; whatever cannot be read is counted and never raised."""

    @property
    def kind(self) -> str:
        """What it is, in one word."""
        ...

    @property
    def from_midnight(self) -> bool:
        """Whether its times count from midnight."""
        ...

    def feed(self, buffer: bytes) -> Events:
        """Decode what became whole with these bytes."""
        ...

    def finish(self) -> Events:
        """Decode, or count as cut, what is left when no more bytes will come."""
        ...


def no_events() -> Records:
    """Rows of nothing."""
    return np.zeros(0, EVENT)


def tally(types: npt.NDArray[np.bytes_]) -> dict[str, int]:
    """Count messages by type, in the order of the letters."""
    counts = np.bincount(np.ascontiguousarray(types).view("<u2"), minlength=0)
    letters = {
        code.to_bytes(2, "little").rstrip(b"\0").decode("latin-1"): int(counts[code])
        for code in np.flatnonzero(counts).tolist()
        if code
    }
    return dict(sorted(letters.items()))
