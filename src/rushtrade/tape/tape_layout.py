"""What the tape looks like in memory: trades, one-minute bars and securities, as records with fixed offsets.

Kept in numpy arrays that kernels address by the offsets below, which are taken from the record types; one header of
words holds the addresses and the use of all of them.

* The **ring** holds the last trades of all securities in order of arrival. A trade has a number within its security
  (1, 2, 3 …, so that a reader sees what it missed) and links to that security's previous trade.
* A **bar** holds one minute of one security, of trades in regular hours or of extended-hours trades: its key is the
  start of the minute, plus 1 for extended hours. Bars of a security are linked backwards in time.
* A **security** holds its last sale, its day so far, and the first links of its trades and bars.

Links are positions plus one; 0 is none. Times are UTC nanoseconds since the epoch, prices $0.0001.
"""

from __future__ import annotations

import numpy as np

TRADE = np.dtype(
    [
        ("time", "<i8"),
        ("price", "<i8"),
        ("shares", "<i8"),
        ("match", "<i8"),
        ("number", "<i8"),
        ("previous", "<i8"),
        ("bid", "<i8"),
        ("bid_shares", "<i8"),
        ("ask", "<i8"),
        ("ask_shares", "<i8"),
        ("original", "<i8"),
        ("instrument", "<i4"),
        ("round_lot", "<i4"),
        ("conditions", "<u4"),
        ("effects", "<i4"),
        ("locate", "<u2"),
        ("venue", "u1"),
        ("side", "u1"),
        ("kind", "u1"),
        ("printable", "u1"),
        ("broken", "u1"),
        ("place", "u1"),
    ]
)
"""A trade, as a venue's book or a report writes it and as the ring keeps it.

`side` is that of the resting order (0 bid, 1 ask, 2 an auction or not told). `kind` is the letter of the message: E C P Q
of ITCH, B for the notice that `match` is void, and of reports T a trade, X a cancel, R a correction of `match`.
`conditions` are up to four letters of sale conditions, the first in the lowest byte; of a cross (Q) before the tape has
taken it, its type. `effects` are what it was allowed to change when it came (`condition_layout`), `round_lot` the security's, 0 not told.
`bid` … `ask_shares` are the best quote of all live venues just before, `place` where the price stood to it (1 below the
bid, 2 at it, 3 between, 4 at the ask, 5 above it, 0 no good quote). `broken` is 1 void, 2 replaced by a correction;
`original` is the number of the trade a correction replaces."""

BAR = np.dtype(
    [
        ("key", "<i8"),
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
        ("instrument", "<i4"),
        ("priced", "<i4"),
        ("state", "<i4"),
        ("members", "<i4"),
    ]
)
"""One minute. `value` is the sum of price × shares of all trades that count as volume, `trades` how many those are,
`priced` how many set the open or close, `members` how many stand in it at all. Without such a trade `open` and `close` are 0. `state` has the bits below."""

BAR_WAITS, BAR_TOLD, BAR_PARTIAL = 1, 2, 4
"""Bits of `BAR.state`: in the list of bars to be told of; told before; a void trade was beyond the ring."""

SECURITY = np.dtype(
    [
        ("last_price", "<i8"),
        ("last_shares", "<i8"),
        ("last_time", "<i8"),
        ("last_trade", "<i8"),
        ("trades", "<i8"),
        ("last_bar", "<i8"),
        ("volume", "<i8"),
        ("value", "<i8"),
        ("day_trades", "<i8"),
        ("priced", "<i8"),
        ("open", "<i8"),
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("open_time", "<i8"),
        ("close_time", "<i8"),
        ("high_time", "<i8"),
        ("low_time", "<i8"),
        ("carried", "<i8"),
        ("previous_close", "<i8"),
        ("official_open", "<i8"),
        ("official_open_time", "<i8"),
        ("official_close", "<i8"),
        ("official_close_time", "<i8"),
        ("official_from", "<i4"),
        ("last_venue", "<i4"),
        ("highs", "<i4"),
        ("lows", "<i4"),
        ("state", "<i4"),
        ("listed", "<i4"),
    ]
)
"""A security and its day. `last_trade` is the latest to arrive; `last_price` the latest by its own time among those whose
conditions allow it, ties to the later arrival. `carried` is the last price of earlier days. `highs` and `lows` count how
often today's extremes moved after the first price. `listed` is the letter of the tape of its listing. `official_from`
holds the ranks of what told the official prices, the open's in the low byte."""

SECURITY_WAITS = 1
"""Bit of `SECURITY.state`: in the list of days to be told of."""

MINUTE_NS = 60_000_000_000

TAPE = (
    "securities",
    "ring",
    "bars",
    "rules",
    "waiting_bars",
    "waiting_days",
    "unmatched",
    "voids",
    "ring_mask",
    "ring_count",
    "bars_used",
    "waiting_bars_count",
    "waiting_days_count",
    "unmatched_count",
    "unmatched_mask",
    "voids_count",
    "voids_mask",
    "midnight",
    "regular_from",
    "regular_to",
    "latest",
    "unknown_conditions",
)
"""The words of the header: eight addresses, then sizes and use."""
(
    SECURITIES,
    RING,
    BARS,
    RULES,
    WAITING_BARS,
    WAITING_DAYS,
    UNMATCHED,
    VOIDS,
    RING_MASK,
    RING_COUNT,
    BARS_USED,
    WAITING_BARS_COUNT,
    WAITING_DAYS_COUNT,
    UNMATCHED_COUNT,
    UNMATCHED_MASK,
    VOIDS_COUNT,
    VOIDS_MASK,
    MIDNIGHT,
    REGULAR_FROM,
    REGULAR_TO,
    LATEST,
    UNKNOWN_CONDITIONS,
) = range(0, 8 * len(TAPE), 8)


def offset(record: np.dtype[np.void], name: str) -> int:
    """Where a field lies in its record."""
    fields = record.fields
    assert fields is not None
    return int(fields[name][1])


TRADE_BYTES, BAR_BYTES, SECURITY_BYTES = TRADE.itemsize, BAR.itemsize, SECURITY.itemsize

TRADE_TIME, TRADE_PRICE, TRADE_SHARES = (offset(TRADE, name) for name in ("time", "price", "shares"))
TRADE_MATCH, TRADE_NUMBER, TRADE_PREVIOUS = (offset(TRADE, name) for name in ("match", "number", "previous"))
TRADE_BID, TRADE_BID_SHARES = offset(TRADE, "bid"), offset(TRADE, "bid_shares")
TRADE_ASK, TRADE_ASK_SHARES = offset(TRADE, "ask"), offset(TRADE, "ask_shares")
TRADE_ORIGINAL, TRADE_ROUND_LOT = offset(TRADE, "original"), offset(TRADE, "round_lot")
TRADE_INSTRUMENT, TRADE_LOCATE, TRADE_VENUE = (
    offset(TRADE, name) for name in ("instrument", "locate", "venue")
)
TRADE_SIDE, TRADE_KIND, TRADE_PRINTABLE = (offset(TRADE, name) for name in ("side", "kind", "printable"))
TRADE_BROKEN, TRADE_PLACE = offset(TRADE, "broken"), offset(TRADE, "place")
TRADE_CONDITIONS, TRADE_EFFECTS = offset(TRADE, "conditions"), offset(TRADE, "effects")

BAR_KEY, BAR_OPEN, BAR_HIGH, BAR_LOW, BAR_CLOSE = (
    offset(BAR, name) for name in ("key", "open", "high", "low", "close")
)
BAR_VOLUME, BAR_TRADES, BAR_VALUE = (offset(BAR, name) for name in ("volume", "trades", "value"))
BAR_OPEN_TIME, BAR_CLOSE_TIME = offset(BAR, "open_time"), offset(BAR, "close_time")
BAR_PREVIOUS, BAR_INSTRUMENT = offset(BAR, "previous"), offset(BAR, "instrument")
BAR_PRICED, BAR_STATE, BAR_MEMBERS = (offset(BAR, name) for name in ("priced", "state", "members"))

LAST_PRICE, LAST_SHARES, LAST_TIME, LAST_VENUE = (
    offset(SECURITY, name) for name in ("last_price", "last_shares", "last_time", "last_venue")
)
LAST_TRADE, TRADES_NUMBER, LAST_BAR = (
    offset(SECURITY, name) for name in ("last_trade", "trades", "last_bar")
)
DAY_VOLUME, DAY_VALUE, DAY_TRADES, DAY_PRICED = (
    offset(SECURITY, name) for name in ("volume", "value", "day_trades", "priced")
)
DAY_OPEN, DAY_HIGH, DAY_LOW, DAY_CLOSE = (offset(SECURITY, name) for name in ("open", "high", "low", "close"))
DAY_OPEN_TIME, DAY_CLOSE_TIME, DAY_HIGH_TIME, DAY_LOW_TIME = (
    offset(SECURITY, name) for name in ("open_time", "close_time", "high_time", "low_time")
)
DAY_HIGHS, DAY_LOWS, CARRIED = (offset(SECURITY, name) for name in ("highs", "lows", "carried"))
OFFICIAL_OPEN, OFFICIAL_OPEN_TIME = (
    offset(SECURITY, "official_open"),
    offset(SECURITY, "official_open_time"),
)
OFFICIAL_CLOSE, OFFICIAL_CLOSE_TIME = (
    offset(SECURITY, "official_close"),
    offset(SECURITY, "official_close_time"),
)
OFFICIAL_FROM = offset(SECURITY, "official_from")
SECURITY_STATE, LISTED = offset(SECURITY, "state"), offset(SECURITY, "listed")
