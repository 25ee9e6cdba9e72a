"""The quote a print met, and where it stands to it: below the bid, at it, between, at the ask, above it.

Asked while a message is being applied and before it changes any book: an execution removes the very quote it hits. The
quote is the best over all live venues, a few loads a side and venue. Without a good quote (a side missing, locked,
crossed) a print has no place: nobody may be told that a price was good or bad against a quote that was neither.
"""

from __future__ import annotations

from rushtrade.books.book_layout import (
    ASK,
    BID,
    BOOK_BYTES,
    BOOK_SIDES,
    BOOKS,
    KEY_MAX,
    LADDERS,
    LEVEL_BYTES,
    LEVEL_SHARES,
    LEVELS,
    LISTINGS,
    SIDE_BEST,
    SIDE_BYTES,
    SIDE_LADDER,
    SIDE_LEVELS,
    VENUE_BYTES,
    VENUE_COUNT,
    VENUE_LIVE,
    VENUE_STATE,
    VENUES,
)
from rushtrade.tape.tape_layout import (
    TRADE_ASK,
    TRADE_ASK_SHARES,
    TRADE_BID,
    TRADE_BID_SHARES,
    TRADE_PLACE,
    TRADE_PRICE,
)
from rushtrade.wire.address_kernel import (
    load_i32,
    load_i64,
    load_u32,
    store_i64,
    store_u8,
)
from rushtrade.wire.compiled import kernel

UNKNOWN_PLACE, BELOW_BID, AT_BID, BETWEEN, AT_ASK, ABOVE_ASK = range(6)


@kernel
def shares_at_best(header: int, side: int) -> int:
    """Shares of the best level of a side that has one."""
    place = load_i32(side + SIDE_LADDER) + load_i32(side + SIDE_LEVELS) - 1
    entry = load_i64(load_i64(header + LADDERS) + 8 * place)
    return load_i64(load_i64(header + LEVELS) + (entry & KEY_MAX) * LEVEL_BYTES + LEVEL_SHARES)


@kernel
def best_keys(header: int, instrument: int) -> tuple[int, int, int, int]:
    """The best bid's key and shares and the best ask's over all live venues; a key of -1 where nobody quotes."""
    venues = load_i64(header + VENUE_COUNT)
    listings = load_i64(header + LISTINGS) + 4 * instrument * venues
    bid = ask = -1
    bid_shares = ask_shares = 0
    for venue in range(venues):
        listed = load_i32(listings + 4 * venue)
        record = load_i64(header + VENUES) + venue * VENUE_BYTES
        if listed == 0 or load_i64(record + VENUE_STATE) != VENUE_LIVE:
            continue
        sides = load_i64(header + BOOKS) + (listed - 1) * BOOK_BYTES + BOOK_SIDES
        bids, asks = sides + BID * SIDE_BYTES, sides + ASK * SIDE_BYTES
        if load_i32(bids + SIDE_LEVELS) > 0 and load_u32(bids + SIDE_BEST) >= bid:
            bid_shares = bid_shares if load_u32(bids + SIDE_BEST) == bid else 0
            bid_shares += shares_at_best(header, bids)
            bid = load_u32(bids + SIDE_BEST)
        if load_i32(asks + SIDE_LEVELS) > 0 and load_u32(asks + SIDE_BEST) >= ask:
            ask_shares = ask_shares if load_u32(asks + SIDE_BEST) == ask else 0
            ask_shares += shares_at_best(header, asks)
            ask = load_u32(asks + SIDE_BEST)
    return bid, bid_shares, ask, ask_shares


@kernel
def place_of(price: int, bid: int, ask: int) -> int:
    """Where a price stands to a quote; UNKNOWN_PLACE when a side is missing (0), or the two lock or cross."""
    if bid == 0 or ask == 0 or bid >= ask:
        return UNKNOWN_PLACE
    if price <= bid:
        return AT_BID if price == bid else BELOW_BID
    if price >= ask:
        return AT_ASK if price == ask else ABOVE_ASK
    return BETWEEN


@kernel
def tell_quote(header: int, instrument: int, trade: int) -> None:
    """Write the quote of this moment into a trade, and where its price stands to it."""
    bid = ask = bid_shares = ask_shares = 0
    if instrument != 0:
        bid_key, bid_shares, ask_key, ask_shares = best_keys(header, instrument)
        bid = max(bid_key, 0)
        ask = KEY_MAX - ask_key if ask_key >= 0 else 0
    store_i64(trade + TRADE_BID, bid)
    store_i64(trade + TRADE_BID_SHARES, bid_shares)
    store_i64(trade + TRADE_ASK, ask)
    store_i64(trade + TRADE_ASK_SHARES, ask_shares)
    store_u8(trade + TRADE_PLACE, place_of(load_i64(trade + TRADE_PRICE), bid, ask))
