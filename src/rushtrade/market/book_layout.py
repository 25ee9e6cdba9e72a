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

KEY_MAX = 0xFFFF_FFFF
AHEAD = 8
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
`chain` is the next order of its bucket, or the next free slot; a free slot has 0 shares."""

LEVEL = np.dtype(
    [
        ("shares", "<i8"),
        ("key", "<i8"),
        ("orders", "<i4"),
        ("first", "<i4"),
        ("last", "<i4"),
        ("spare", "<i4"),
    ]
)
"""A price level and its queue; `first` links free slots."""

SIDE = np.dtype([("ladder", "<i4"), ("levels", "<i4"), ("room", "<i4"), ("best", "<u4")])
"""A side of a book: where its ladder begins, how many levels it has and has room for, and the best one's key."""

BOOK = np.dtype(
    [
        ("symbol", "<i8"),
        ("time", "<i8"),
        ("bid", SIDE),
        ("ask", SIDE),
        ("instrument", "<i4"),
        ("marks", "<i4"),
        ("trading_state", "<i4"),
        ("round_lot", "<i4"),
    ]
)
"""A stock at a venue. `symbol` is the eight letters as one big-endian integer, 0 until the venue named it;
`instrument` counts from 1; `time` is that of the last message, in nanoseconds since midnight."""

TRADE = np.dtype(
    [
        ("time", "<i8"),
        ("price", "<i8"),
        ("shares", "<i8"),
        ("match", "<i8"),
        ("number", "<i8"),
        ("previous", "<i8"),
        ("instrument", "<i4"),
        ("locate", "<u2"),
        ("venue", "u1"),
        ("side", "u1"),
        ("kind", "u1"),
        ("printable", "u1"),
        ("broken", "u1"),
        ("place", "u1"),
        ("spare_wide", "<i4"),
    ]
)
"""An execution. `side` is that of the resting order (0 bid, 1 ask, 2 an auction); `kind` is the letter of the message
(E C P Q, and B for the notice that `match` is void). `place` is where it stands to the quote before it, as
`print_place_kernel` numbers it. `number` and `previous` belong to `market_kernel`."""

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
) = range(0, 8 * len(HEADER), 8)
LADDER_FREE = 8 * len(HEADER)
"""Heads of the lists of free ladder chunks, by the binary logarithm of their length."""
HEADER_WORDS = len(HEADER) + 32


def offset(record: np.dtype[np.void], name: str) -> int:
    """Where a field lies in its record."""
    fields = record.fields
    assert fields is not None
    return int(fields[name][1])


ORDER_BYTES, LEVEL_BYTES, BOOK_BYTES = ORDER.itemsize, LEVEL.itemsize, BOOK.itemsize
TRADE_BYTES, VENUE_BYTES, SIDE_BYTES = TRADE.itemsize, VENUE.itemsize, SIDE.itemsize

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

TRADE_TIME, TRADE_PRICE, TRADE_SHARES = (offset(TRADE, name) for name in ("time", "price", "shares"))
TRADE_MATCH, TRADE_NUMBER, TRADE_PREVIOUS = (offset(TRADE, name) for name in ("match", "number", "previous"))
TRADE_INSTRUMENT, TRADE_LOCATE, TRADE_VENUE = (
    offset(TRADE, name) for name in ("instrument", "locate", "venue")
)
TRADE_SIDE, TRADE_KIND, TRADE_PRINTABLE = (offset(TRADE, name) for name in ("side", "kind", "printable"))
TRADE_BROKEN, TRADE_PLACE = offset(TRADE, "broken"), offset(TRADE, "place")

VENUE_LIVE, VENUE_GAP, VENUE_CLOSED = 0, 1, 2
"""Values of `VENUE.state`."""

VENUE_MESSAGES, VENUE_TIME, VENUE_STATE = (offset(VENUE, name) for name in ("messages", "time", "state"))
VENUE_EVENT, VENUE_ANOMALIES = offset(VENUE, "event"), offset(VENUE, "anomalies")
