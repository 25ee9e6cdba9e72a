"""Order entry: what a broker's gateway and a simulated exchange say to each other, as packed rows.

Two record layouts, both little-endian, packed and a multiple of eight bytes long, in the words of NASDAQ's OUCH:
`ORDER_ENTRY` travels from the firm to the venue, `ORDER_REPORT` back. A batch is the rows one after the other, so
the same bytes go over a pipe or a socket, into a numpy array and into a compiled kernel without being taken apart.
`docs/protocols/order-entry.md` is the specification for people.

Refuses to know sessions, sockets and who owns a token. Numbers: prices int64 in $0.0001 (0 = market), quantities
int64 shares, times int64 nanoseconds since the Unix epoch, UTC.

ORDER_ENTRY (80 bytes)
    kind            ENTER, CANCEL, REPLACE, ASK_STATUS or CANCEL_ALL
    side            BUY, SELL, SELL_SHORT or SELL_SHORT_EXEMPT (ENTER); BUY, SELL or BOTH_SIDES (CANCEL_ALL)
    time_in_force   DAY, OPENING, IOC, FOK, EXTENDED or CLOSING, by the numbers of FIX tag 59 (ENTER)
    display         DISPLAYED, HIDDEN or RESERVE (ENTER)
    locate          the stock's number in the venue's directory, from 1 (ENTER, CANCEL_ALL: 0 = every stock)
    firm            the firm's number at the venue, from 1; 0 is the market itself and may not be used
    token           the firm's own id of this instruction, from 1. ENTER, REPLACE: names the order from now on, is unique
                    for ever, a token seen before never executes twice and is answered by a STATUS report. CANCEL,
                    CANCEL_ALL: only echoed. ASK_STATUS: the order asked about
    original_token  the order to be cancelled or replaced (CANCEL, REPLACE)
    price           limit, 0 = market, or a peg without limit (ENTER); the new limit (REPLACE)
    shares          size (ENTER); new total size of the order, shares executed so far included (REPLACE); shares to leave
                    working, 0 = cancel all (CANCEL)
    display_shares  RESERVE: shares shown at a time (ENTER; REPLACE, 0 = as before)
    minimum_shares  execute at least so many at once, or none (ENTER); 0 = any. IOC: of all it meets together. HIDDEN: the
                    same when it comes, and of each order it meets once it rests
    time_ns         when the firm sent it; echoed nowhere, the venue keeps its own clock
    peg             NO_PEG, MIDPOINT, PRIMARY or MARKET: the price follows the national best quote, never beyond `price`
                    (ENTER)
    instructions    POST_ONLY and ISO, added together (ENTER)
    prevention      what happens when it would meet an order of its own firm and group: nothing (NO_PREVENTION), or
                    CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH (each loses what would have been executed) (ENTER)
    capacity        "A" agency, "P" principal, "R" riskless principal, 0 = not said (ENTER)
    group           whose order it is within the firm: orders of one group do not meet when `prevention` says so (ENTER);
                    which group's orders go, 0 = every one's (CANCEL_ALL)
    peg_offset      added to the price that is followed, in $0.0001: below zero is less aggressive for a buy, more for a
                    sell (ENTER)

ORDER_REPORT (88 bytes)
    kind            ACCEPTED, EXECUTED, CANCELED, REPLACED, REJECTED, STATUS, BROKEN or ALL_CANCELED
    liquidity       EXECUTED: ADDED, REMOVED, OPENED, CLOSED or REOPENED (crosses); else 0
    reason          why (CANCELED, REJECTED), how it stands (STATUS); else REASON_NONE
    side, firm, locate   of the order
    sequence        number of this report among those of this firm at this venue, 1, 2, 3 ...: tells duplicates and gaps
    token           the order. REJECTED: the instruction refused. CANCELED: the order cancelled, not the cancel.
                    ALL_CANCELED: the instruction
    original_token  REPLACED: the order that gave way. REJECTED: the order meant, which stands as it was. CANCELED by
                    the firm: the token of the CANCEL or CANCEL_ALL. Else 0
    venue_order_id  the venue's id of the order
    match_number    EXECUTED, BROKEN: the venue's id of the execution, the same on both sides
    price           ACCEPTED, REPLACED, STATUS of a working order: limit. EXECUTED: execution price
    shares          ACCEPTED, REPLACED: total size. EXECUTED, CANCELED: shares of this report. REJECTED: shares asked.
                    ALL_CANCELED: how many orders went
    leaves          shares still working after this report
    cumulative      shares executed so far, over a whole chain of replaces
    time_ns         the venue's clock

An order lives from its ACCEPTED or REPLACED to the first report with `leaves` 0. A STATUS report says what is known of
a token: working (`leaves` > 0, REASON_NONE), executed in full (REASON_NONE), ended (the reason of its end, or
REASON_REPLACED when it lives on under another token), refused (the reason of the refusal), or REASON_UNKNOWN_ORDER.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from rushtrade.wire.errors import MalformedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rows: TypeAlias = "NDArray[np.void]"
"""A one-dimensional array of ORDER_ENTRY or ORDER_REPORT."""

ORDER_ENTRY: Final = np.dtype(
    [
        ("kind", "u1"),
        ("side", "u1"),
        ("time_in_force", "u1"),
        ("display", "u1"),
        ("locate", "<u2"),
        ("firm", "<u2"),
        ("token", "<i8"),
        ("original_token", "<i8"),
        ("price", "<i8"),
        ("shares", "<i8"),
        ("display_shares", "<i8"),
        ("minimum_shares", "<i8"),
        ("time_ns", "<i8"),
        ("peg", "u1"),
        ("instructions", "u1"),
        ("prevention", "u1"),
        ("capacity", "u1"),
        ("group", "<u4"),
        ("peg_offset", "<i8"),
    ]
)

ORDER_REPORT: Final = np.dtype(
    [
        ("kind", "u1"),
        ("liquidity", "u1"),
        ("reason", "u1"),
        ("side", "u1"),
        ("firm", "<u2"),
        ("locate", "<u2"),
        ("sequence", "<i8"),
        ("token", "<i8"),
        ("original_token", "<i8"),
        ("venue_order_id", "<i8"),
        ("match_number", "<i8"),
        ("price", "<i8"),
        ("shares", "<i8"),
        ("leaves", "<i8"),
        ("cumulative", "<i8"),
        ("time_ns", "<i8"),
    ]
)

ENTRY_BYTES: Final = 80
REPORT_BYTES: Final = 88

# kinds of ORDER_ENTRY
ENTER: Final = 1
CANCEL: Final = 2
REPLACE: Final = 3
ASK_STATUS: Final = 4
CANCEL_ALL: Final = 5

# kinds of ORDER_REPORT
ACCEPTED: Final = 1
EXECUTED: Final = 2
CANCELED: Final = 3
REPLACED: Final = 4
REJECTED: Final = 5
STATUS: Final = 6
BROKEN: Final = 7
ALL_CANCELED: Final = 8

BUY: Final = 0
SELL: Final = 1
SELL_SHORT: Final = 2
SELL_SHORT_EXEMPT: Final = 3
BOTH_SIDES: Final = 255

# time in force, by FIX tag 59
DAY: Final = 0
OPENING: Final = 2
IOC: Final = 3
FOK: Final = 4
EXTENDED: Final = 5
CLOSING: Final = 7

DISPLAYED: Final = 0
HIDDEN: Final = 1
RESERVE: Final = 2

NO_PEG: Final = 0
MIDPOINT: Final = 1
PRIMARY: Final = 2
MARKET: Final = 3

POST_ONLY: Final = 1
ISO: Final = 2

NO_PREVENTION: Final = 0
CANCEL_NEWEST: Final = 1
CANCEL_OLDEST: Final = 2
CANCEL_BOTH: Final = 3

ADDED: Final = ord("A")
REMOVED: Final = ord("R")
OPENED: Final = ord("O")
CLOSED: Final = ord("C")
REOPENED: Final = ord("H")

MARKET_PRICE: Final = 0
PRICE_MAX: Final = 1_999_999_900
"""$199,999.99, the highest price the exchanges' feeds carry."""
SHARES_MAX: Final = 999_999
"""Largest order, as in OUCH."""

# reasons; a number never changes its meaning
REASON_NONE: Final = 0
REASON_USER_CANCEL: Final = 1
REASON_IOC_REMAINDER: Final = 2
REASON_MINIMUM_NOT_MET: Final = 3
REASON_DAY_END: Final = 4
REASON_REPLACED: Final = 5
REASON_SUPERVISORY: Final = 6
REASON_SELF_MATCH: Final = 7
REASON_WOULD_TAKE: Final = 8
REASON_PROTECTED_QUOTE: Final = 9
REASON_BAD_TOKEN: Final = 10
REASON_CLOSED: Final = 11
REASON_UNKNOWN_STOCK: Final = 12
REASON_HALTED: Final = 13
REASON_BAD_CODE: Final = 14
REASON_BAD_PRICE: Final = 15
REASON_BAD_SHARES: Final = 16
REASON_BAD_DISPLAY: Final = 17
REASON_BAD_MINIMUM: Final = 18
REASON_BAD_PEG: Final = 19
REASON_UNKNOWN_ORDER: Final = 20
REASON_TOO_LATE: Final = 21
REASON_BAD_SESSION: Final = 22
REASON_CROSS_OVER: Final = 23
REASON_SHORT_SALE: Final = 24
REASON_PRICE_BAND: Final = 25

VENUE_REASONS: Final = frozenset({REASON_CLOSED})
"""Refusals for reasons of the venue, whatever the order."""

REASON_TEXTS: Final[dict[int, str]] = {
    REASON_NONE: "",
    REASON_USER_CANCEL: "cancelled at the firm's request",
    REASON_IOC_REMAINDER: "not executed at once, and not to rest in the book",
    REASON_MINIMUM_NOT_MET: "fewer shares than the minimum could be executed at once",
    REASON_DAY_END: "the venue's trading day is over",
    REASON_REPLACED: "replaced; it lives on under the token of the replacement",
    REASON_SUPERVISORY: "cancelled by the venue's supervisors",
    REASON_SELF_MATCH: "it would have met an order of its own group",
    REASON_WOULD_TAKE: "it was to be posted only, and would have taken",
    REASON_PROTECTED_QUOTE: "another venue shows a better price, which may not be traded through",
    REASON_BAD_TOKEN: "tokens and firm numbers count from 1",
    REASON_CLOSED: "the venue is closed",
    REASON_UNKNOWN_STOCK: "no stock has this locate in the venue's directory",
    REASON_HALTED: "trading in the stock is halted",
    REASON_BAD_CODE: "kind, side, time in force, display, peg or an instruction is not one this venue takes",
    REASON_BAD_PRICE: "the price is negative, too high, not on the price grid, or missing where one is needed",
    REASON_BAD_SHARES: f"shares must be 1 to {SHARES_MAX:,}; a cancel must leave fewer than are working",
    REASON_BAD_DISPLAY: "a reserve order shows 1 share to its whole size; other orders name no display shares",
    REASON_BAD_MINIMUM: "minimum shares go with orders that are not to be displayed, and are 0 to the order's size",
    REASON_BAD_PEG: "a peg follows a quote within a limit that is in order, and is not posted at the midpoint for all to see",
    REASON_UNKNOWN_ORDER: "the firm has no order under this token",
    REASON_TOO_LATE: "the order is no longer working",
    REASON_BAD_SESSION: "the session the order is for is over, or not held here",
    REASON_CROSS_OVER: "the cross it was for is over, and it was not executed",
    REASON_SHORT_SALE: "a short sale at or below the national best bid, while Rule 201 forbids it",
    REASON_PRICE_BAND: "the price lies outside the stock's limit up/limit down band",
}


def to_bytes(batch: Rows) -> bytes:
    """Pack a batch of either layout for the wire."""
    if batch.dtype not in (ORDER_ENTRY, ORDER_REPORT):
        raise MalformedError(f"a batch has the layout ORDER_ENTRY or ORDER_REPORT, not {batch.dtype}")
    return batch.tobytes()


def entries_from_bytes(data: bytes) -> Rows:
    """Unpack ORDER_ENTRY rows; the array shares the bytes and is read-only."""
    return _from_bytes(data, ORDER_ENTRY, "ORDER_ENTRY")


def reports_from_bytes(data: bytes) -> Rows:
    """Unpack ORDER_REPORT rows; the array shares the bytes and is read-only."""
    return _from_bytes(data, ORDER_REPORT, "ORDER_REPORT")


def _from_bytes(data: bytes, layout: np.dtype[np.void], name: str) -> Rows:
    rest = len(data) % layout.itemsize
    if rest:
        raise MalformedError(
            f"{len(data):,} bytes are not a whole number of {name} rows of {layout.itemsize} bytes: {rest} are left over"
        )
    return np.frombuffer(data, dtype=layout)
