"""What the market data center answers: quotes, montage rows, trades, bars, the state of lines.

Frozen values with no way back to the books. Prices in $0.0001, shares as integers, instants in UTC nanoseconds.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import msgspec

from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE


class Nbbo(msgspec.Struct, frozen=True, gc=False):
    """Best bid and offer over all live venues; 0 = none.

    Every displayed share counts, odd lots too: it is the best price there is, not the protected quotation of Rule 611.
    `bid_shares` and `ask_shares` are what all venues together show at that price. `time_ns` is the time of the last
    message about the instrument. `state` is "good", "one_sided", "locked" (bid = ask), "crossed" (bid > ask) or
    "unknown" (no quote at all, or no venue whose book is known).
    """

    time_ns: int
    bid: int
    bid_shares: int
    ask: int
    ask_shares: int
    last: int
    state: str


class VenueQuote(NamedTuple):
    """Best levels of one venue; 0 = none, or the venue's book is not known."""

    bid: int
    bid_shares: int
    ask: int
    ask_shares: int


class MontageRow(NamedTuple):
    """A price level of one venue: `side` 0 bid, 1 ask, with its total and its number of orders."""

    venue: int
    side: int
    price: int
    shares: int
    orders: int


class Trade(msgspec.Struct, frozen=True, gc=False):
    """An execution as reported by a venue.

    `number` counts an instrument's trades from 1, so that a reader sees what it missed. `resting_side` is 0 when a
    bid was hit, 1 when an offer was lifted, 2 for an auction. `kind` is the message's letter: E and C displayed
    orders, P a hidden one, Q an auction. A `broken` trade was declared void later.
    `place` is where the price stood to the best bid and offer just before the message: 1 below the bid, 2 at it,
    3 between, 4 at the ask, 5 above it; 0 when there was no good quote then.
    """

    number: int
    time_ns: int
    price: int
    shares: int
    venue: int
    resting_side: int
    kind: str
    match: int
    broken: bool
    place: int = 0


class Bar(msgspec.Struct, frozen=True, gc=False):
    """One minute of trades: open and close by the trades' own times. `money` is in micro-dollars."""

    start_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int
    money: int

    @property
    def average(self) -> Fraction:
        """Volume-weighted average price in $0.0001, exactly."""
        return Fraction(self.money, self.volume * MONEY_PER_PRICE_SHARE)


class LineState(msgspec.Struct, frozen=True):
    """A venue's market-data line. `next_sequence` is 0 while nobody knows it (in a gap)."""

    venue: str
    state: str
    next_sequence: int
    messages: int
    gaps: int
    anomalies: dict[str, int]
    last_time_ns: int
    fault: str
