"""What the tape answers: trades, bars and days as frozen values with no way back to its arrays.

Prices in $0.0001, money in micro-dollars, shares as integers, instants in UTC nanoseconds.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.tape.condition_layout import LAST


class Trade(msgspec.Struct, frozen=True, gc=False):
    """A trade as a venue or a reporting feed told it.

    `number` counts an instrument's trades from 1, so that a reader sees what it missed. `resting_side` is 0 when a
    bid was hit, 1 when an offer was lifted, 2 for an auction and where nobody said. `kind` is the message's letter: E
    and C displayed orders, P a hidden one, Q an auction, T a report. A `broken` trade was declared void, or replaced, later.
    `place` is where the price stood to the best bid and offer just before the message: 1 below the bid, 2 at it,
    3 between, 4 at the ask, 5 above it; 0 when there was no good quote then. `bid` … `ask_shares` are that quote.
    `conditions` are the letters of its sale conditions, `effects` what it could change (`tape.condition_layout`);
    `original` is the number of the trade it replaces, `replaced` says that it was itself replaced.
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
    bid: int = 0
    bid_shares: int = 0
    ask: int = 0
    ask_shares: int = 0
    conditions: str = "@"
    effects: int = 0
    original: int = 0
    replaced: bool = False

    @property
    def sets_last(self) -> bool:
        """True when its conditions let it set a last sale, of regular or of extended hours."""
        return self.effects & LAST != 0


class Bar(msgspec.Struct, frozen=True, gc=False):
    """Trades of a span of time: open and close by the trades' own times. `money` is in micro-dollars.

    `volume`, `trades` and `money` are of all trades that count as volume; `priced` is how many of them set a price.
    `partial`: a void trade could not be taken out of its prices, because its neighbours were no longer at hand.
    """

    start_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int
    money: int
    priced: int = 0
    partial: bool = False

    @property
    def average(self) -> Fraction:
        """Volume-weighted average price in $0.0001, exactly."""
        return Fraction(self.money, self.volume * MONEY_PER_PRICE_SHARE)


class Day(msgspec.Struct, frozen=True, gc=False):
    """A security's day so far: prices of regular hours, volume of all hours; 0 = none yet or not known.

    `close` is the price of the latest trade that may set it, `last` the same or the one carried over from days before.
    `official_open` and `official_close` are what the opening and closing prints of the listing told. `previous_close` is
    the official close of the day before, or its last sale where no print told it.
    """

    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int
    money: int
    priced: int
    last: int
    last_time_ns: int
    previous_close: int
    official_open: int
    official_close: int
    high_time_ns: int
    low_time_ns: int

    @property
    def change(self) -> int:
        """The last sale against the previous close; 0 when either is not known."""
        return self.last - self.previous_close if self.last and self.previous_close else 0
