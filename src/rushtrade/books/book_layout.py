"""What order books look like in memory: records of fixed size in numpy arrays, linked by slot numbers.

```
buckets ──▶ orders ──▶ levels ──▶ books          one set of arrays for all stocks of all venues
   (hash)     │ ▲        │  ▲        │
              └─┘queue   └──┴──ladders
```

* An **order** is found by venue and reference through a bucket's chain, and stands in the queue of a price level:
  `ahead` and `behind` are its neighbours.
* A **level** is one price of one side of one book: its total, its number of orders, the first and last of its queue.
* A **ladder** is a side's levels sorted from worst to best, so that what happens near the best price moves little
  memory. An entry is `key << 32 | level`, where the key of a bid is its price and that of an ask is `KEY_MAX - price`:
  larger is better on both sides. A ladder that is full moves to a chunk twice as long; old chunks are used again.
* A **book** is one stock at one venue, at index `locate << venue_shift | venue`, with both its sides. `listings` holds, by
  instrument and venue, the index of the book plus one.

Slot 0 of every array stands for "none", so that memory of zeros is a valid empty state. Kernels address fields by the
offsets below, which are taken from the record types: a layout is written down once.

Refuses to know any message and any rule; see `book_kernel` for what moves these records.
"""

from __future__ import annotations

import numpy as np

from rushtrade.tape.tape_layout import offset

KEY_MAX = 0xFFFF_FFFF
AHEAD = 16
"""Messages looked ahead at a time by `book_foresight_kernel`: enough waits to overlap, few enough to stay in cache."""
FORESEE_FROM = 1 << 14
"""Order slots in use from which looking ahead pays: half a megabyte of orders, what the nearest caches hold."""
LADDER_ROOM_MIN = 4
"""Entries of the smallest ladder chunk: half a cache line."""

ORDER = np.dtype(
    [
        ("reference", "<i8"),
        ("shares", "<u4"),
        ("level", "<i4"),
        ("ahead", "<i4"),
        ("behind", "<i4"),
        ("chain", "<i4"),
        ("side", "<i4"),
    ]
)
"""A resting order. `side` is `book * 2 + (0 bid, 1 ask)`, so that book and level can be fetched at the same time.
`chain` is the next order of its bucket, or the next free slot; a free slot has 0 shares. From bit `PARTICIPANT_SHIFT` of
`side` on stands the number of the market participant the order is attributed to, 0 for none."""

LEVEL = np.dtype(
    [
        ("shares", "<i8"),
        ("key", "<u4"),
        ("orders", "<i4"),
        ("first", "<i4"),
        ("last", "<i4"),
        ("spare", "<i8"),
    ]
)
"""A price level and its queue; `first` links free slots. Two of them fill a cache line, and none lies across two."""

SIDE = np.dtype([("ladder", "<i4"), ("levels", "<i4"), ("room", "<i4"), ("best", "<u4")])
"""A side of a book: where its ladder begins, how many levels it has and has room for, and the best one's key."""

BOOK = np.dtype(
    [
        ("symbol", "<i8"),
        ("time", "<i8"),
        ("bid", SIDE),
        ("ask", SIDE),
        ("instrument", "<i4"),
        ("marks", "u1"),
        ("trading_state", "u1"),
        ("round_lot", "<u2"),
        ("shown_bid", "<u4"),
        ("shown_ask", "<u4"),
    ]
)
"""A stock at a venue: one cache line. `symbol` is the eight letters as one big-endian integer, 0 until the venue named it;
`instrument` counts from 1; `time` is that of the last message, in nanoseconds since midnight. `shown_bid` and `shown_ask` are
the keys from which on a change of the side matters to whoever watches: see `WATCHING`."""

VENUE = np.dtype(
    [
        ("next_sequence", "<i8"),
        ("messages", "<i8"),
        ("time", "<i8"),
        ("state", "<i8"),
        ("gaps", "<i8"),
        ("event", "<i8"),
        ("anomalies", "<i8", 8),
        ("spare", "<i8", 2),
    ]
)
"""A venue's line. `event` is the letter of its last system event; a book is shown only while `state` is live."""

ANOMALIES = (
    "unknown_reference",
    "duplicate_reference",
    "excess_shares",
    "bad_order",
    "locate_reused",
    "symbol_mismatch",
)
"""What a stream may say that makes no sense against the books; counted, never fatal."""
UNKNOWN_REFERENCE, DUPLICATE_REFERENCE, EXCESS_SHARES, BAD_ORDER, LOCATE_REUSED, SYMBOL_MISMATCH = range(6)

BID, ASK, NO_SIDE = 0, 1, 2

DEPTH, BEST, PRINT = 1, 2, 4
"""Bits of `BOOK.marks`: any level changed, the best level changed, there was an execution."""
ROUND_LOT_MAX = 0xFFFF
"""What fits the field; no round lot is a hundredth of it."""

PARTICIPANT_SHIFT = 23
SIDE_MASK = (1 << PARTICIPANT_SHIFT) - 1
PARTICIPANTS_MAX = 255
"""Market participants with attributed orders that are told apart; later ones count as not attributed."""

HEADER = (
    "orders",
    "levels",
    "books",
    "ladders",
    "buckets",
    "venues",
    "counts",
    "touched",
    "trades",
    "symbols",
    "listings",
    "foreseen",
    "participants",
    "orders_room",
    "levels_room",
    "ladders_room",
    "locates_room",
    "trades_room",
    "bucket_mask",
    "symbol_mask",
    "venue_count",
    "venue_shift",
    "orders_used",
    "orders_free",
    "orders_live",
    "levels_used",
    "levels_free",
    "ladders_used",
    "ladder_longest",
    "touched_count",
    "trades_count",
    "consumed",
    "applied",
    "participants_count",
    "foreseen_until",
    "watching",
    "shown_book",
    "notice",
)
"""The words of the header, the one array whose address a kernel is given: addresses, room, use, and results."""
(
    ORDERS,
    LEVELS,
    BOOKS,
    LADDERS,
    BUCKETS,
    VENUES,
    COUNTS,
    TOUCHED,
    TRADES,
    SYMBOLS,
    LISTINGS,
    FORESEEN,
    PARTICIPANTS,
    ORDERS_ROOM,
    LEVELS_ROOM,
    LADDERS_ROOM,
    LOCATES_ROOM,
    TRADES_ROOM,
    BUCKET_MASK,
    SYMBOL_MASK,
    VENUE_COUNT,
    VENUE_SHIFT,
    ORDERS_USED,
    ORDERS_FREE,
    ORDERS_LIVE,
    LEVELS_USED,
    LEVELS_FREE,
    LADDERS_USED,
    LADDER_LONGEST,
    TOUCHED_COUNT,
    TRADES_COUNT,
    CONSUMED,
    APPLIED,
    PARTICIPANTS_COUNT,
    FORESEEN_UNTIL,
    WATCHING,
    SHOWN_BOOK,
    NOTICE,
) = range(0, 8 * len(HEADER), 8)
"""`watching` is 1 when the walk over messages is to stop after each one that somebody must see: `shown_book` is then the index
plus one of the book whose shown part changed, `notice` the address of an administrative message; 0 is neither.
`foreseen_until` is the address up to which messages were looked ahead at."""
LADDER_FREE = 8 * len(HEADER)
"""Heads of the lists of free ladder chunks, by the binary logarithm of their length."""
HEADER_WORDS = len(HEADER) + 32


ORDER_BYTES, LEVEL_BYTES, BOOK_BYTES = ORDER.itemsize, LEVEL.itemsize, BOOK.itemsize
VENUE_BYTES, SIDE_BYTES = VENUE.itemsize, SIDE.itemsize

ORDER_REFERENCE, ORDER_SHARES, ORDER_LEVEL = (
    offset(ORDER, name) for name in ("reference", "shares", "level")
)
ORDER_AHEAD, ORDER_BEHIND = offset(ORDER, "ahead"), offset(ORDER, "behind")
ORDER_CHAIN, ORDER_SIDE = offset(ORDER, "chain"), offset(ORDER, "side")

LEVEL_SHARES, LEVEL_KEY = offset(LEVEL, "shares"), offset(LEVEL, "key")
LEVEL_ORDERS, LEVEL_FIRST, LEVEL_LAST = (offset(LEVEL, name) for name in ("orders", "first", "last"))

SIDE_LADDER, SIDE_LEVELS, SIDE_ROOM, SIDE_BEST = (
    offset(SIDE, name) for name in ("ladder", "levels", "room", "best")
)
BOOK_SYMBOL, BOOK_TIME, BOOK_SIDES = (offset(BOOK, name) for name in ("symbol", "time", "bid"))
BOOK_INSTRUMENT, BOOK_MARKS = offset(BOOK, "instrument"), offset(BOOK, "marks")
BOOK_TRADING_STATE, BOOK_ROUND_LOT = offset(BOOK, "trading_state"), offset(BOOK, "round_lot")
BOOK_SHOWN = offset(BOOK, "shown_bid")
"""The ask's is four bytes on."""

VENUE_LIVE, VENUE_GAP, VENUE_CLOSED = 0, 1, 2
"""Values of `VENUE.state`."""

VENUE_MESSAGES, VENUE_TIME, VENUE_STATE = (offset(VENUE, name) for name in ("messages", "time", "state"))
VENUE_EVENT, VENUE_ANOMALIES = offset(VENUE, "event"), offset(VENUE, "anomalies")
