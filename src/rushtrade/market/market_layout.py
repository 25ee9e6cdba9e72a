"""What the consolidated market looks like in memory: instruments, the ring of trades, one-minute bars.

Kept beside the books of `book_layout` and in the same way: fixed records, offsets taken from their types, one header.

* The **ring** holds the last trades of all instruments in order of arrival. A trade has a number within its instrument
  (1, 2, 3 …, so that a reader sees what it missed) and links to that instrument's previous trade.
* **Bars** of a day are made as trades come, linked backwards in time per instrument; only minutes with trades exist.
* An **instrument** points to its latest trade and latest bar, and keeps what changed since somebody asked.

Links are positions plus one; 0 is none. Times here are UTC nanoseconds since the epoch.
"""

from __future__ import annotations

import numpy as np

from rushtrade.market.book_layout import offset

INSTRUMENT = np.dtype(
    [
        ("last_price", "<i8"),
        ("last_shares", "<i8"),
        ("last_time", "<i8"),
        ("last_trade", "<i8"),
        ("trades", "<i8"),
        ("last_bar", "<i8"),
        ("volume", "<i8"),
        ("last_venue", "<i4"),
        ("marks", "<i4"),
    ]
)
"""`last_trade` is the latest to arrive; `last_price` is the latest by its own time, ties to the later arrival."""

BAR = np.dtype(
    [
        ("start", "<i8"),
        ("open", "<i8"),
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("volume", "<i8"),
        ("trades", "<i8"),
        ("value", "<i8"),
        ("open_time", "<i8"),
        ("close_time", "<i8"),
        ("previous", "<i8"),
        ("instrument", "<i8"),
    ]
)
"""One minute of one instrument. `value` is the sum of price × shares."""

MINUTE_NS = 60_000_000_000

MARKET = (
    "instruments",
    "ring",
    "bars",
    "pending",
    "out",
    "ring_mask",
    "ring_count",
    "bars_room",
    "bars_used",
    "pending_count",
    "midnight",
)
"""The words of the market's own header: five addresses, then sizes and use."""
(
    INSTRUMENTS,
    RING,
    BARS,
    PENDING,
    OUT,
    RING_MASK,
    RING_COUNT,
    BARS_ROOM,
    BARS_USED,
    PENDING_COUNT,
    MIDNIGHT,
) = range(0, 8 * len(MARKET), 8)

OUT_ROWS = 16
"""Words of the output before its rows begin."""

INSTRUMENT_BYTES, BAR_BYTES = INSTRUMENT.itemsize, BAR.itemsize

INSTRUMENT_LAST_PRICE, INSTRUMENT_LAST_SHARES = (
    offset(INSTRUMENT, "last_price"),
    offset(INSTRUMENT, "last_shares"),
)
INSTRUMENT_LAST_TIME, INSTRUMENT_LAST_TRADE = (
    offset(INSTRUMENT, "last_time"),
    offset(INSTRUMENT, "last_trade"),
)
INSTRUMENT_TRADES, INSTRUMENT_LAST_BAR = offset(INSTRUMENT, "trades"), offset(INSTRUMENT, "last_bar")
INSTRUMENT_VOLUME, INSTRUMENT_MARKS = offset(INSTRUMENT, "volume"), offset(INSTRUMENT, "marks")
INSTRUMENT_LAST_VENUE = offset(INSTRUMENT, "last_venue")

BAR_START, BAR_OPEN, BAR_HIGH, BAR_LOW, BAR_CLOSE = (
    offset(BAR, name) for name in ("start", "open", "high", "low", "close")
)
BAR_VOLUME, BAR_TRADES, BAR_VALUE = (offset(BAR, name) for name in ("volume", "trades", "value"))
BAR_OPEN_TIME, BAR_CLOSE_TIME = offset(BAR, "open_time"), offset(BAR, "close_time")
BAR_PREVIOUS, BAR_INSTRUMENT = offset(BAR, "previous"), offset(BAR, "instrument")

UNKNOWN, ONE_SIDED, GOOD, LOCKED, CROSSED = range(5)
QUOTE_STATES = ("unknown", "one_sided", "good", "locked", "crossed")
