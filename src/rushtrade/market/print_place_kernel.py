"""Where a print stands to the quote it met: below the bid, at it, between, at the ask, above it.

Asked while a message is being applied and before it changes any book: an execution removes the very quote it hits. The
quote is the best over all live venues, two loads a side and venue. Without a good quote (a side missing, locked,
crossed) a print has no place: nobody may be told that a price was good or bad against a quote that was neither.
"""

from __future__ import annotations

from rushtrade.market.book_layout import (
    ASK,
    BID,
    BOOK_BYTES,
    BOOK_SIDES,
    BOOKS,
    KEY_MAX,
    LISTINGS,
    SIDE_BEST,
    SIDE_BYTES,
    SIDE_LEVELS,
    VENUE_BYTES,
    VENUE_COUNT,
    VENUE_LIVE,
    VENUE_STATE,
    VENUES,
)
from rushtrade.wire.address_kernel import (
    load_i32,
    load_i64,
    load_u32,
)
from rushtrade.wire.compiled import kernel

UNKNOWN_PLACE, BELOW_BID, AT_BID, BETWEEN, AT_ASK, ABOVE_ASK = range(6)


@kernel
def best_keys(header: int, instrument: int) -> tuple[int, int]:
    """The best bid's key and the best ask's over all live venues; -1 where nobody quotes."""
    venues = load_i64(header + VENUE_COUNT)
    listings = load_i64(header + LISTINGS) + 4 * instrument * venues
    bid = ask = -1
    for venue in range(venues):
        listed = load_i32(listings + 4 * venue)
        record = load_i64(header + VENUES) + venue * VENUE_BYTES
        if listed == 0 or load_i64(record + VENUE_STATE) != VENUE_LIVE:
            continue
        sides = load_i64(header + BOOKS) + (listed - 1) * BOOK_BYTES + BOOK_SIDES
        bids, asks = sides + BID * SIDE_BYTES, sides + ASK * SIDE_BYTES
        if load_i32(bids + SIDE_LEVELS) > 0:
            bid = max(bid, load_u32(bids + SIDE_BEST))
        if load_i32(asks + SIDE_LEVELS) > 0:
            ask = max(ask, load_u32(asks + SIDE_BEST))
    return bid, ask


@kernel
def place_of_print(header: int, instrument: int, price: int) -> int:
    """Where a price stands to the quote of this moment; UNKNOWN_PLACE without a good one."""
    if instrument == 0:
        return UNKNOWN_PLACE
    bid, ask_key = best_keys(header, instrument)
    ask = KEY_MAX - ask_key
    if bid < 0 or ask_key < 0 or bid >= ask:
        return UNKNOWN_PLACE
    if price <= bid:
        return AT_BID if price == bid else BELOW_BID
    if price >= ask:
        return AT_ASK if price == ask else ABOVE_ASK
    return BETWEEN
