"""What is known of a security besides its orders and trades, as records with fixed offsets.

* A **security** (by slot, 1, 2, 3 …) holds what is true of it everywhere: trading state, short-sale test, price bands.
* A **centre** (by slot × number of venues + venue) holds what one venue says of it: its own halt, its auction.
* A **position** is what a market maker is in a security at a venue.
* An **event** is one row of the stream of changes, wide enough for every kind; a ring keeps the last ones.
* A **sample** is one trade within the window of the reference price; samples of a security are linked, oldest first.

Times are UTC nanoseconds since the epoch, prices $0.0001; 0 is "never" and "none". Letters are ITCH's own.
"""

from __future__ import annotations

import numpy as np

SECURITY = np.dtype(
    [
        ("trading_since", "<i8"),
        ("sho_since", "<i8"),
        ("ipo_time", "<i8"),
        ("ipo_price", "<i8"),
        ("ipo_told", "<i8"),
        ("collar_reference", "<i8"),
        ("collar_low", "<i8"),
        ("collar_high", "<i8"),
        ("collar_time", "<i8"),
        ("close", "<i8"),
        ("reference", "<i8"),
        ("band_low", "<i8"),
        ("band_high", "<i8"),
        ("band_time", "<i8"),
        ("limit_since", "<i8"),
        ("published_low", "<i8"),
        ("published_high", "<i8"),
        ("published_time", "<i8"),
        ("sum", "<i8"),
        ("count", "<i4"),
        ("first", "<i4"),
        ("last", "<i4"),
        ("collar_extension", "<i4"),
        ("leverage", "<i4"),
        ("positions", "<i4"),
        ("reason", "S4"),
        ("trading", "u1"),
        ("sho", "u1"),
        ("ipo", "u1"),
        ("tier", "u1"),
        ("limit", "u1"),
        ("opened", "u1"),
        ("doubled", "u1"),
        ("spare", "u1"),
        ("differs", "<i4"),
    ]
)
"""`trading` H halted, P paused, Q quotation only, T trading, 0 nobody said. `reference` to `band_time` are the bands as we
compute them, `published_*` as a feed gave them, `differs` how often the two differed when they could be compared.
`sum`, `count`, `first` and `last` are of the samples in the window; `opened` is 1 from the first reference price on."""

CENTRE = np.dtype(
    [
        ("time", "<i8"),
        ("paired", "<i8"),
        ("imbalance", "<i8"),
        ("far", "<i8"),
        ("near", "<i8"),
        ("reference", "<i8"),
        ("trading", "u1"),
        ("operational", "u1"),
        ("retail", "u1"),
        ("direction", "u1"),
        ("cross", "u1"),
        ("variation", "u1"),
        ("spare", "<u2"),
    ]
)
"""One venue's word. `time` to `variation` are its latest auction imbalance; `operational` its own halt (H or T)."""

EVENT = np.dtype(
    [
        ("time", "<i8"),
        ("instrument", "<i4"),
        ("venue", "<i4"),
        ("price", "<i8"),
        ("low", "<i8"),
        ("high", "<i8"),
        ("far", "<i8"),
        ("near", "<i8"),
        ("shares", "<i8"),
        ("imbalance", "<i8"),
        ("kind", "S1"),
        ("state", "S1"),
        ("side", "S1"),
        ("centre", "S1"),
        ("reason", "S4"),
    ]
)
"""One change. `kind` and what the columns mean:

====  ======================================================================================================
kind  what
====  ======================================================================================================
S     the venue's day: `state` O S Q M E C (no instrument)
H     trading state: `state` H P Q T, `reason` the code of the halt
h     a market centre's own halt: `state` H or T, `centre` its letter
Y     short-sale test (Rule 201): `state` 0 none, 1 from today, 2 from an earlier day
V     market-wide circuit breaker: levels 1, 2, 3 in `price`, `near`, `far` (no instrument)
W     a market-wide level was breached: `state` 1 2 3 (no instrument)
K     IPO: quoting may begin; `price` the IPO price, `near` the time, `state` A announced, C cancelled
J     collar of a reopening auction: `price` reference, `low`, `high`, `shares` the number of the extension
I     auction imbalance: `shares` paired, `imbalance`, `side` B S N O P, `far`, `near`, `price` reference, `state` the cross,
      `centre` the price variation
N     retail interest: `state` B S A N
b     price band as computed: `price` reference, `low`, `high`, `state` the tier
p     price band as published: `low`, `high`, `state` = when equal to ours, x when not, blank when there is none of ours
l     limit state: `state` U at the upper band, D at the lower, S straddle, blank none; `low`, `high` the band
====  ======================================================================================================
"""

SAMPLE = np.dtype(
    [("time", "<i8"), ("price", "<i8"), ("next", "<i4"), ("spare", "<i4"), ("spare_wide", "<i8")]
)

POSITION = np.dtype(
    [
        ("time", "<i8"),
        ("next", "<i4"),
        ("venue", "<i4"),
        ("participant", "S4"),
        ("primary", "S1"),
        ("mode", "S1"),
        ("state", "S1"),
        ("spare", "u1"),
    ]
)
"""What a market maker is in a security at a venue: `primary` Y or N; `mode` N normal, P passive, S syndicate, R pre-syndicate,
L penalty; `state` A active, E excused, W withdrawn, S suspended, D deleted. Positions of a security are linked; slot 0 is none."""

WORDS = (
    *("securities", "centres", "events", "samples", "positions", "ids"),
    *("venues", "event_mask", "event_count", "samples_room", "samples_used", "samples_free"),
    *("positions_room", "positions_used", "trades_seen"),
    *("midnight", "open", "close", "window", "hold", "move_ppm"),
    *("tier_1_ppm", "tier_2_ppm", "middle_ppm", "low_ppm", "low_amount", "middle_max", "low_below"),
    *("doubled_open", "doubled_close", "tier_2_doubled", "banded", "mwcb_1", "mwcb_2", "mwcb_3", "breached"),
)
"""The header: addresses of the arrays (`ids` are the instruments' numbers by slot), their use, the trades of the tape that were
seen, the day's hours, and the rule of the day (`banded` 0: no rule)."""

SECURITY_BYTES, CENTRE_BYTES, EVENT_BYTES, SAMPLE_BYTES, POSITION_BYTES = (
    record.itemsize for record in (SECURITY, CENTRE, EVENT, SAMPLE, POSITION)
)


def offsets(record: np.dtype[np.void]) -> dict[str, int]:
    """Where every field of a record lies."""
    fields = record.fields
    assert fields is not None
    return {name: int(field[1]) for name, field in fields.items()}


_SECURITY, _CENTRE, _EVENT, _SAMPLE, _POSITION = (
    offsets(record) for record in (SECURITY, CENTRE, EVENT, SAMPLE, POSITION)
)
SECURITY_TRADING_SINCE, SECURITY_SHO_SINCE, SECURITY_IPO_TIME, SECURITY_IPO_PRICE = (
    _SECURITY[name] for name in ("trading_since", "sho_since", "ipo_time", "ipo_price")
)
SECURITY_COLLAR_REFERENCE, SECURITY_COLLAR_LOW, SECURITY_COLLAR_HIGH, SECURITY_COLLAR_TIME = (
    _SECURITY[name] for name in ("collar_reference", "collar_low", "collar_high", "collar_time")
)
SECURITY_CLOSE, SECURITY_REFERENCE, SECURITY_BAND_LOW, SECURITY_BAND_HIGH = (
    _SECURITY[name] for name in ("close", "reference", "band_low", "band_high")
)
SECURITY_BAND_TIME, SECURITY_LIMIT_SINCE, SECURITY_PUBLISHED_LOW, SECURITY_PUBLISHED_HIGH = (
    _SECURITY[name] for name in ("band_time", "limit_since", "published_low", "published_high")
)
SECURITY_PUBLISHED_TIME, SECURITY_SUM, SECURITY_COUNT, SECURITY_FIRST = (
    _SECURITY[name] for name in ("published_time", "sum", "count", "first")
)
SECURITY_LAST, SECURITY_COLLAR_EXTENSION, SECURITY_LEVERAGE, SECURITY_REASON = (
    _SECURITY[name] for name in ("last", "collar_extension", "leverage", "reason")
)
SECURITY_TRADING, SECURITY_SHO, SECURITY_IPO, SECURITY_TIER = (
    _SECURITY[name] for name in ("trading", "sho", "ipo", "tier")
)
SECURITY_LIMIT, SECURITY_OPENED, SECURITY_DOUBLED, SECURITY_DIFFERS = (
    _SECURITY[name] for name in ("limit", "opened", "doubled", "differs")
)
CENTRE_TIME, CENTRE_PAIRED, CENTRE_IMBALANCE, CENTRE_FAR = (
    _CENTRE[name] for name in ("time", "paired", "imbalance", "far")
)
CENTRE_NEAR, CENTRE_REFERENCE, CENTRE_TRADING, CENTRE_OPERATIONAL = (
    _CENTRE[name] for name in ("near", "reference", "trading", "operational")
)
CENTRE_RETAIL, CENTRE_DIRECTION, CENTRE_CROSS, CENTRE_VARIATION = (
    _CENTRE[name] for name in ("retail", "direction", "cross", "variation")
)
EVENT_TIME, EVENT_INSTRUMENT, EVENT_VENUE, EVENT_PRICE = (
    _EVENT[name] for name in ("time", "instrument", "venue", "price")
)
EVENT_LOW, EVENT_HIGH, EVENT_FAR, EVENT_NEAR = (_EVENT[name] for name in ("low", "high", "far", "near"))
EVENT_SHARES, EVENT_IMBALANCE, EVENT_KIND, EVENT_STATE = (
    _EVENT[name] for name in ("shares", "imbalance", "kind", "state")
)
EVENT_SIDE, EVENT_CENTRE, EVENT_REASON = (_EVENT[name] for name in ("side", "centre", "reason"))
SECURITY_POSITIONS, SECURITY_IPO_TOLD = _SECURITY["positions"], _SECURITY["ipo_told"]
POSITION_TIME, POSITION_NEXT, POSITION_VENUE = (_POSITION[name] for name in ("time", "next", "venue"))
POSITION_PARTICIPANT, POSITION_PRIMARY, POSITION_MODE, POSITION_STATE = (
    _POSITION[name] for name in ("participant", "primary", "mode", "state")
)
SAMPLE_TIME, SAMPLE_PRICE, SAMPLE_NEXT = (_SAMPLE[name] for name in ("time", "price", "next"))
(
    SECURITIES,
    CENTRES,
    EVENTS,
    SAMPLES,
    POSITIONS,
    IDS,
    VENUES,
    EVENT_MASK,
    EVENT_COUNT,
    SAMPLES_ROOM,
    SAMPLES_USED,
    SAMPLES_FREE,
    POSITIONS_ROOM,
    POSITIONS_USED,
    TRADES_SEEN,
    MIDNIGHT,
    OPEN,
    CLOSE,
    WINDOW,
    HOLD,
    MOVE_PPM,
    TIER_1_PPM,
    TIER_2_PPM,
    MIDDLE_PPM,
    LOW_PPM,
    LOW_AMOUNT,
    MIDDLE_MAX,
    LOW_BELOW,
    DOUBLED_OPEN,
    DOUBLED_CLOSE,
    TIER_2_DOUBLED,
    BANDED,
    MWCB_1,
    MWCB_2,
    MWCB_3,
    BREACHED,
) = range(0, 8 * len(WORDS), 8)
