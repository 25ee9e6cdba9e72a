"""What the market data center answers: quotes, montage rows, trades, bars, the state of lines.

Frozen values with no way back to the books. Prices in $0.0001, shares as integers, instants in UTC nanoseconds.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from rushtrade.tape.prints import Bar, Trade

__all__ = [
    "Bar",
    "BestDisplayed",
    "DepthRow",
    "LineState",
    "MontageRow",
    "Nbbo",
    "ParticipantRow",
    "QueuePlace",
    "QueueRow",
    "ShownQuote",
    "TimeInStates",
    "Trade",
    "VenueQuote",
    "VenueTerms",
]


class Nbbo(msgspec.Struct, frozen=True, gc=False):
    """National best bid and offer by the rules of the day, in whole round lots; 0 = none.

    What counts, and how odd lots are added up, is told in `best_kernel`. `bid_shares` and `ask_shares` are what all venues
    at that price show together, `bid_venues` and `ask_venues` have a bit for each of them. `time_ns` is the time of the last
    message about the instrument from a live venue, `changed_ns` that of the last change of these numbers. `odd_bid` and
    `odd_ask` are the best odd lots where they are better than the national best. `state` since `since_ns` is "good",
    "one_sided", "locked" (bid = ask), "crossed" (bid > ask), "halted" (some venue says that nothing may trade; the prices are
    shown as they are quoted) or "unknown" (no quote at all, or no venue whose book is known).
    """

    time_ns: int
    bid: int
    bid_shares: int
    ask: int
    ask_shares: int
    last: int
    state: str
    bid_venues: int = 0
    ask_venues: int = 0
    odd_bid: int = 0
    odd_bid_shares: int = 0
    odd_ask: int = 0
    odd_ask_shares: int = 0
    changed_ns: int = 0
    since_ns: int = 0
    round_lot: int = 100


class BestDisplayed(msgspec.Struct, frozen=True, gc=False):
    """Best bid and offer of every displayed share over all live venues, odd lots too: what an order can meet; 0 = none.

    It is the best price there is, not the protected quotation of Rule 611. `state` is as of `Nbbo`, but never "halted".
    """

    time_ns: int
    bid: int
    bid_shares: int
    ask: int
    ask_shares: int
    last: int
    state: str


class TimeInStates(msgspec.Struct, frozen=True, gc=False):
    """How often and how long today an instrument's national best was locked or crossed; the spell under way counts until `now`."""

    locked_count: int
    locked_ns: int
    crossed_count: int
    crossed_ns: int


class VenueTerms(msgspec.Struct, frozen=True):
    """How far a venue's word counts.

    `protected`: its quotes count for the national best. `stale_ns`: age from which its word is stale, 0 never; of the venue as
    a whole, or, with `by_quote`, of each quote: a feed of quotes repeats itself, one of orders need not.
    """

    protected: bool = True
    stale_ns: int = 0
    by_quote: bool = False


class ShownQuote(NamedTuple):
    """What one venue shows in whole round lots, and its best odd lots where they are better; 0 = none.

    `counts` tells whether it takes part in the national best now.
    """

    venue: int
    bid: int
    bid_shares: int
    odd_bid: int
    odd_bid_shares: int
    ask: int
    ask_shares: int
    odd_ask: int
    odd_ask_shares: int
    time_ns: int
    counts: bool


class DepthRow(NamedTuple):
    """A price of all live venues together: `venues` has a bit for each that is at it."""

    side: int
    price: int
    shares: int
    orders: int
    venues: int


class QueueRow(NamedTuple):
    """An order at a venue: `ahead` are the shares before it at its price, `participant` empty when it is not attributed."""

    price: int
    reference: int
    shares: int
    participant: str
    ahead: int


class ParticipantRow(NamedTuple):
    """A participant's part of a level of a venue; `participant` is empty for all that is not attributed."""

    venue: int
    side: int
    price: int
    shares: int
    orders: int
    participant: str


class QueuePlace(msgspec.Struct, frozen=True, gc=False):
    """Where a resting order stands: what is before it at its price, and what its price shows in all."""

    instrument_id: int
    side: int
    price: int
    shares: int
    shares_ahead: int
    orders_ahead: int
    level_shares: int
    level_orders: int


class VenueQuote(NamedTuple):
    """Best levels of one venue, of every displayed share; 0 = none, or the venue's book is not known."""

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
