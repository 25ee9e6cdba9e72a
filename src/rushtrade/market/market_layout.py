"""What the consolidated market looks like in memory beside the books and the tape.

Kept in the same way: fixed records, offsets taken from their types, one header.

* An **instrument** holds its national best bid and offer as the rules have it, since when it is in what state, and what
  changed since somebody asked.
* A **shown quote** (by instrument × venues + venue) is what one venue shows of an instrument in whole round lots, and its best
  odd lot. It is made from the venue's book whenever the shown part of that changes.
* A **venue rule** says whether a venue's quotes count for the best, and how old its word may grow.
* A **change** is one row of the stream of national bests; a ring keeps the last ones.

Times are UTC nanoseconds since the epoch, but for `VENUE.time` and `BOOK.time`.
"""

from __future__ import annotations

import numpy as np

from rushtrade.tape.tape_layout import offset

INSTRUMENT = np.dtype(
    [
        ("bid", "<i8"),
        ("bid_shares", "<i8"),
        ("ask", "<i8"),
        ("ask_shares", "<i8"),
        ("bid_venues", "<i8"),
        ("ask_venues", "<i8"),
        ("odd_bid", "<i8"),
        ("odd_bid_shares", "<i8"),
        ("odd_ask", "<i8"),
        ("odd_ask_shares", "<i8"),
        ("time", "<i8"),
        ("since", "<i8"),
        ("checked", "<i8"),
        ("locked_ns", "<i8"),
        ("crossed_ns", "<i8"),
        ("locked_count", "<i4"),
        ("crossed_count", "<i4"),
        ("round_lot", "<i4"),
        ("marks", "<i4"),
        ("state", "<i4"),
        ("lot_given", "<i4"),
    ]
)
"""`bid` to `ask_venues` are the national best in round lots, with a bit for each venue that is at it; `odd_*` the best odd
lots where they are better than that. `state` holds since `since`; `locked_ns` and `crossed_ns` are the time of ended spells,
the counts those of all spells today. `round_lot` is 0 until somebody says; `lot_given` is 1 when reference data has.
`checked` is the time up to which quotes that grew old were seen to; `marks` are what changed since somebody asked."""

SHOWN = np.dtype(
    [
        ("bid", "<i8"),
        ("bid_shares", "<i8"),
        ("odd_bid", "<i8"),
        ("odd_bid_shares", "<i8"),
        ("ask", "<i8"),
        ("ask_shares", "<i8"),
        ("odd_ask", "<i8"),
        ("odd_ask_shares", "<i8"),
        ("time", "<i8"),
    ]
)

VENUE_RULE = np.dtype(
    [("stale_ns", "<i8"), ("protected", "u1"), ("by_quote", "u1"), ("stale", "u1"), ("spare", "u1", 5)]
)
"""`stale_ns` 0 is never. `by_quote`: a quote's own age counts, as of a feed of quotes; else the silence of the whole venue.
`stale` is 1 while the venue is held to be silent."""

CHANGE = np.dtype(
    [
        ("time", "<i8"),
        ("bid", "<i8"),
        ("bid_shares", "<i8"),
        ("ask", "<i8"),
        ("ask_shares", "<i8"),
        ("bid_venues", "<u8"),
        ("ask_venues", "<u8"),
        ("instrument", "<i4"),
        ("state", "<i4"),
    ]
)
"""The national best from `time` on. `state` is a place in `QUOTE_STATES`; venues are bits, the first venue the lowest."""

LEVEL_ROW = np.dtype(
    [
        ("time", "<i8"),
        ("price", "<i8"),
        ("shares", "<i8"),
        ("ask", "<i8"),
        ("ask_shares", "<i8"),
        ("instrument", "<i4"),
        ("orders", "<i4"),
        ("kind", "S1"),
        ("side", "u1"),
        ("complete", "u1"),
        ("venue", "u1"),
        ("state", "u1"),
        ("spare", "u1"),
        ("conditions", "S4"),
        ("rest", "u1", 6),
    ]
)
"""What a feed of columns says, `kind` in the words of `feeds.events`. L is a level of a `side` (0 bid, 1 ask; 0 shares end it), Q both best
prices at once; `complete` 0 is one step of several that only make sense together. T, X and K are a reported trade, its cancel and its
correction: `ask` is the number of the trade they are about, `ask_shares` the one in its place, `conditions` the letters of the sale. B are
price bands, `price` to `ask`. H, h and Y have a `state` in ITCH's letters and a reason in `conditions`; D has the round lot in `shares`, the
last close in `price` and the tier of price bands in `state`. R voids everything the venue told."""

MARKET = (
    *("instruments", "securities", "pending", "out", "pending_count", "midnight"),
    *(
        "shown",
        "rules",
        "changes",
        "change_mask",
        "change_count",
        "status",
        "protection",
        "slots",
        "aging",
        "ids",
    ),
)
"""The words of the market's own header: addresses (`securities` are the tape's, `status` the header of that room), use, the
day, whether only protected venues count, the instruments there are, and whether any venue's quotes grow old one by one."""
(
    INSTRUMENTS,
    SECURITIES,
    PENDING,
    OUT,
    PENDING_COUNT,
    MIDNIGHT,
    SHOWN_QUOTES,
    RULES,
    CHANGES,
    CHANGE_MASK,
    CHANGE_COUNT,
    STATUS,
    PROTECTION,
    SLOTS,
    AGING,
    IDS,
) = range(0, 8 * len(MARKET), 8)

OUT_ROWS = 16
"""Words of the output before its rows begin."""

INSTRUMENT_BYTES, SHOWN_BYTES, RULE_BYTES, CHANGE_BYTES, ROW_BYTES = (
    record.itemsize for record in (INSTRUMENT, SHOWN, VENUE_RULE, CHANGE, LEVEL_ROW)
)
ROW_TIME, ROW_PRICE, ROW_SHARES, ROW_ASK, ROW_ASK_SHARES = (
    offset(LEVEL_ROW, name) for name in ("time", "price", "shares", "ask", "ask_shares")
)
ROW_INSTRUMENT, ROW_ORDERS, ROW_KIND, ROW_SIDE, ROW_COMPLETE, ROW_VENUE, ROW_STATE, ROW_CONDITIONS = (
    offset(LEVEL_ROW, name)
    for name in ("instrument", "orders", "kind", "side", "complete", "venue", "state", "conditions")
)
INSTRUMENT_MARKS, INSTRUMENT_STATE, INSTRUMENT_TIME, INSTRUMENT_SINCE, INSTRUMENT_CHECKED = (
    offset(INSTRUMENT, name) for name in ("marks", "state", "time", "since", "checked")
)
INSTRUMENT_BID, INSTRUMENT_ODD_BID = offset(INSTRUMENT, "bid"), offset(INSTRUMENT, "odd_bid")
"""Six and four words: bid, shares, ask, shares, venues of both; odd bid, shares, odd ask, shares."""
INSTRUMENT_LOCKED_NS, INSTRUMENT_CROSSED_NS, INSTRUMENT_LOCKED_COUNT, INSTRUMENT_CROSSED_COUNT = (
    offset(INSTRUMENT, name) for name in ("locked_ns", "crossed_ns", "locked_count", "crossed_count")
)
INSTRUMENT_ROUND_LOT, INSTRUMENT_LOT_GIVEN = offset(INSTRUMENT, "round_lot"), offset(INSTRUMENT, "lot_given")
SHOWN_SIDE_BYTES = 32
"""Of a shown quote's side: price, shares, odd lot's price, its shares."""
SHOWN_TIME = offset(SHOWN, "time")
RULE_STALE_NS, RULE_PROTECTED, RULE_BY_QUOTE, RULE_STALE = (
    offset(VENUE_RULE, name) for name in ("stale_ns", "protected", "by_quote", "stale")
)
CHANGE_TIME, CHANGE_BID, CHANGE_INSTRUMENT, CHANGE_STATE = (
    offset(CHANGE, name) for name in ("time", "bid", "instrument", "state")
)
"""From `CHANGE_BID` on the six words of the instrument's best."""

ROUND_LOT = 100
"""Shares of a round lot nobody has told: the unit of trading of most stocks."""

UNKNOWN, ONE_SIDED, GOOD, LOCKED, CROSSED, HALTED = range(6)
QUOTE_STATES = ("unknown", "one_sided", "good", "locked", "crossed", "halted")
"""What the market as a whole shows."""
