"""The tables one venue's matching engine works on, and how they grow.

All state of a venue lies in a handful of numpy arrays that compiled kernels reach through addresses kept in one header.
A record is named by its *handle*: its distance in bytes from the start of its table, so that a table can be moved to a
larger array without touching a link. Handle 0 is no record. Free records form a list through their first word.

    header   addresses, counters and free lists, by the H_ offsets
    stocks   one record per locate: what other venues show, bands, pegged and waiting orders
    books    one record per (locate, side): where its sorted levels lie, counts, the stock
    levels   one record per price: two queues (displayed before hidden) and totals
    index    blocks of (key, level handle) sorted by key, best last; key = price for bids, -price for asks, so that one
             code serves both sides and the busy end is the cheap end
    orders   one record per working order, customers' and background
    tokens   open addressing over (firm, token), never forgets: 32 bytes an order, for ever
    firms    one report counter per firm
    reports  rows of ORDER_REPORT waiting to be collected
    feed     ITCH 5.0 messages waiting to be collected

Growth is "stop and say what is short": before a command changes anything the kernel makes sure of room for all it may
need, else it stops, leaves the number of the short table in H_SHORT, and `Tables.grow` doubles that table. Every table
has a bound in `TABLE_BYTES_MAX`; beyond it the venue stops with `VenueFullError` rather than lose anything.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rushtrade.domain.errors import RushTradeError
from rushtrade.exchange.mixing_kernel import mixed
from rushtrade.wire.address_kernel import load_i64, store_i64
from rushtrade.wire.compiled import address_of, inner_kernel, kernel
from rushtrade.wire.order_entry import ORDER_REPORT, REPORT_BYTES, Rows


class VenueFullError(RushTradeError):
    """A table of a venue has reached its bound. The message names table and bound."""


# --- header (byte offsets) ------------------------------------------------------------------------------
H_SHORT: Final = 0  # the table that was too small for the command the kernel stopped at
H_CLOCK: Final = 8  # the venue's time, nanoseconds since the epoch; never runs backwards
H_MIDNIGHT: Final = 16  # epoch nanoseconds of the local midnight that feed times count from
H_SESSION: Final = 24
H_STOCKS: Final = 32
H_NEXT_ID: Final = 40  # orders and feed references
H_NEXT_MATCH: Final = 48
H_TICK: Final = 56  # price grid from $1 up
H_SUB_DOLLAR_TICK: Final = 64
H_BOOKS: Final = 72
H_LEVELS: Final = 80
H_LEVELS_FREE: Final = 88
H_LEVELS_USED: Final = 96
H_LEVELS_END: Final = 104
H_ORDERS: Final = 112
H_ORDERS_FREE: Final = 120
H_ORDERS_USED: Final = 128
H_ORDERS_END: Final = 136
H_INDEX: Final = 144
H_INDEX_USED: Final = 152
H_INDEX_END: Final = 160
H_INDEX_LARGEST: Final = 168  # bytes of the largest block so far
H_TOKENS: Final = 176
H_TOKENS_USED: Final = 184
H_TOKENS_MASK: Final = 192
H_FIRMS: Final = 200
H_REPORTS: Final = 208
H_REPORTS_USED: Final = 216  # bytes
H_REPORTS_END: Final = 224
H_FEED: Final = 232
H_FEED_USED: Final = 240  # bytes
H_FEED_END: Final = 248
H_FEED_MESSAGES: Final = 256  # messages waiting
H_STOCK_RECORDS: Final = 264
H_RULES: Final = 272
H_INDEX_FREE: Final = 280  # one list per block size, smallest first
HEADER_BYTES: Final = H_INDEX_FREE + 8 * 32

# sessions of a day (H_SESSION)
SESSION_CLOSED: Final = 0
SESSION_PRE: Final = 1
SESSION_REGULAR: Final = 2
SESSION_POST: Final = 3

# rules a venue keeps (H_RULES), added together; each is in force on the dates the venue's owner says
RULE_TRADE_THROUGH: Final = (
    1  # 242.611: nothing executes at a price worse than another venue shows, but for an ISO
)
RULE_LOCK_AND_CROSS: Final = (
    2  # 242.610(e): nothing is displayed that would lock or cross what another venue shows
)

# --- stocks -----------------------------------------------------------------------------------------------
STOCK_BYTES: Final = 192
S_AWAY_BID: Final = 0  # best protected quotes of the other venues; 0 = none
S_AWAY_ASK: Final = 8
S_LOWER: Final = 16  # price band; 0 = none
S_UPPER: Final = 24
S_SHORT_TEST: Final = 32  # 1 while 242.201 restricts short sales
S_AUCTIONS: Final = 40  # 1 when this venue holds the stock's crosses
S_PEGS_HEAD: Final = 48  # pegged orders, in order of arrival
S_PEGS_TAIL: Final = 56
S_PEGS: Final = 64
S_SEEN_BID: Final = 72  # the quote that pegged orders were last priced by
S_SEEN_ASK: Final = 80
S_WAITING_HEAD: Final = 88  # orders that wait for a cross, or for the regular session
S_WAITING_TAIL: Final = 96
S_WAITING: Final = 104
S_LAST: Final = 112  # price of the last execution here; 0 = none yet
S_PRINTS: Final = 120  # executions here so far
S_PRINT_SUM: Final = 128  # sum of their prices
S_LAST_TIME: Final = 136  # when the last one was

# --- books ------------------------------------------------------------------------------------------------
BOOK_BYTES: Final = 64
B_BLOCK: Final = 0  # handle of its block in the index
B_LEVELS: Final = 8
B_CAPACITY: Final = 16  # entries its block holds
B_CUSTOMERS: Final = 24  # customers' orders in the book
B_FILLS: Final = 32  # executions its orders can meet with: one each, and one per refresh of a reserve
B_PHASE: Final = 40
B_STOCK: Final = 48  # eight bytes of text
B_MINIMA: Final = 56  # orders in the book that ask for a minimum

# phases of a stock (B_PHASE)
PHASE_TRADING: Final = 0
PHASE_HALTED: Final = 1
PHASE_CALL: Final = 2  # orders are taken and wait for a cross

# --- index ------------------------------------------------------------------------------------------------
ENTRY_SIZE: Final = 16  # key, level handle
BLOCK_ENTRIES_MIN: Final = 8

# --- levels -----------------------------------------------------------------------------------------------
LEVEL_BYTES: Final = 64
L_PRICE: Final = 0
L_HEAD: Final = 8
L_TAIL: Final = 16
L_DARK_HEAD: Final = 24
L_DARK_TAIL: Final = 32
L_SHARES: Final = 40  # displayed, hidden and held in reserve
L_CUSTOMERS: Final = 48

# --- orders -----------------------------------------------------------------------------------------------
ORDER_BYTES: Final = 192
O_NEXT: Final = 0
O_PREVIOUS: Final = 8
O_LEVEL: Final = 16  # 0 while not in the book
O_PRICE: Final = 24
O_SHARES: Final = 32  # what can be met now: the shown part, or all of a hidden order
O_RESERVE: Final = 40  # shares behind the shown part
O_REFRESH: Final = 48  # shares shown at a time; 0 = no reserve order
O_REFERENCE: Final = 56  # its name on the feed; 0 = never displayed
O_ID: Final = 64
O_TOKEN: Final = 72  # background: the recorded reference
O_SIDE: Final = 80  # one byte
O_HIDDEN: Final = 81  # one byte
O_FIRM: Final = 82  # two bytes; 0 = background
O_LOCATE: Final = 84  # two bytes
O_BOOK: Final = 88
O_EXECUTED: Final = 96  # over its chain of replaces
O_RECORDED: Final = 104  # background: shares the record still believes in
O_ATTRIBUTION: Final = 112  # four bytes of text; 0 = none
O_PEG: Final = 116  # one byte
O_PREVENTION: Final = 117  # one byte
O_TIME_IN_FORCE: Final = 118  # one byte
O_FLAGS: Final = 119  # one byte
O_GROUP: Final = 120  # four bytes
O_MINIMUM: Final = 128
O_LIMIT: Final = (
    136  # of a pegged order: O_PRICE is what it stands at now, 0 while there is no quote to follow
)
O_OFFSET: Final = 144
O_PEG_NEXT: Final = 152
O_PEG_PREVIOUS: Final = 160

# O_FLAGS: the instructions of order entry, and
FLAG_WAITS: Final = 16  # in the stock's list of waiting orders
FLAG_SHORT: Final = 32
FLAG_EXEMPT: Final = 64

# --- tokens -----------------------------------------------------------------------------------------------
TOKEN_BYTES: Final = 32
T_TOKEN: Final = 0  # 0 = free
T_FIRM: Final = 8  # two bytes
T_LOCATE: Final = 10  # two bytes
T_SIDE: Final = 12  # one byte
T_WORKING: Final = 13  # one byte
T_REASON: Final = 14  # one byte
T_EXECUTED: Final = 16
T_ORDER: Final = 24  # handle while working, then the venue's order id

FIRMS: Final = 1 << 16

# --- tables that can be short -----------------------------------------------------------------------------
SHORT_ORDERS: Final = 1
SHORT_LEVELS: Final = 2
SHORT_INDEX: Final = 3
SHORT_TOKENS: Final = 4
SHORT_REPORTS: Final = 5
SHORT_FEED: Final = 6

TABLE_NAMES: Final = {
    SHORT_ORDERS: "working orders",
    SHORT_LEVELS: "price levels",
    SHORT_INDEX: "sorted prices",
    SHORT_TOKENS: "remembered tokens",
    SHORT_REPORTS: "reports waiting to be collected",
    SHORT_FEED: "feed messages waiting to be collected",
}
TABLE_BYTES_MAX: Final = {
    SHORT_ORDERS: 1 << 30,  # 8 million working orders
    SHORT_LEVELS: 1 << 29,  # 8 million prices
    SHORT_INDEX: 1 << 29,
    SHORT_TOKENS: 1 << 31,  # 40 million tokens
    SHORT_REPORTS: 1 << 28,  # 3 million reports: a reader that far behind is not reading
    SHORT_FEED: 1 << 29,  # 12 million messages, likewise
}
_START_BYTES: Final = {
    SHORT_ORDERS: 4096 * ORDER_BYTES,
    SHORT_LEVELS: 1024 * LEVEL_BYTES,
    SHORT_INDEX: 4096 * ENTRY_SIZE,
    SHORT_TOKENS: 4096 * TOKEN_BYTES,
    SHORT_REPORTS: 1024 * REPORT_BYTES,
    SHORT_FEED: 64 * 1024,
}
_ADDRESS_AND_END: Final = {
    SHORT_ORDERS: (H_ORDERS, H_ORDERS_END),
    SHORT_LEVELS: (H_LEVELS, H_LEVELS_END),
    SHORT_INDEX: (H_INDEX, H_INDEX_END),
    SHORT_REPORTS: (H_REPORTS, H_REPORTS_END),
    SHORT_FEED: (H_FEED, H_FEED_END),
}


@inner_kernel
def token_home(firm: int, token: int) -> int:
    """Where the search for a token begins, before the table's mask is applied."""
    return mixed(token ^ (firm << 40))


@kernel
def rehash_tokens(old: int, old_count: int, new: int, new_mask: int) -> None:
    """Carry every token of one table over to a larger, zeroed one."""
    for i in range(old_count):
        source = old + i * TOKEN_BYTES
        token = load_i64(source + T_TOKEN)
        if token == 0:
            continue
        place = token_home(load_i64(source + T_FIRM) & 0xFFFF, token) & new_mask
        while load_i64(new + place * TOKEN_BYTES) != 0:
            place = (place + 1) & new_mask
        for word in range(0, TOKEN_BYTES, 8):
            store_i64(new + place * TOKEN_BYTES + word, load_i64(source + word))


class Tables:
    """Owns the arrays of one venue and keeps their addresses in the header."""

    def __init__(self, stocks: list[bytes], midnight_ns: int, tick: int, sub_dollar_tick: int) -> None:
        self.header = np.zeros(HEADER_BYTES // 8, dtype=np.int64)
        self.address = address_of(self.header)
        self._words = self.header.data  # reads and writes five times faster than the array does
        self._arrays: dict[int, NDArray[np.uint8]] = {}
        self._bytes: dict[int, memoryview] = {}
        books = np.zeros(2 * (len(stocks) + 1) * (BOOK_BYTES // 8), dtype=np.int64)
        for locate, stock in enumerate(stocks, start=1):
            word = int.from_bytes(stock, "little", signed=True)
            for side in (0, 1):
                books[(2 * locate + side) * (BOOK_BYTES // 8) + B_STOCK // 8] = word
        self._books = books
        self._stocks = np.zeros((len(stocks) + 1) * (STOCK_BYTES // 8), dtype=np.int64)
        self._firms = np.zeros(FIRMS, dtype=np.int64)
        self.put(H_BOOKS, address_of(books))
        self.put(H_STOCK_RECORDS, address_of(self._stocks))
        self.put(H_FIRMS, address_of(self._firms))
        self.put(H_STOCKS, len(stocks))
        self.put(H_MIDNIGHT, midnight_ns)
        self.put(H_CLOCK, midnight_ns)
        self.put(H_TICK, tick)
        self.put(H_SUB_DOLLAR_TICK, sub_dollar_tick)
        self.put(H_NEXT_ID, 1)
        self.put(H_NEXT_MATCH, 1)
        self.put(H_INDEX_LARGEST, BLOCK_ENTRIES_MIN * ENTRY_SIZE)
        for table, size in _START_BYTES.items():
            self._install(table, np.zeros(size, dtype=np.uint8))
        for used, size in (
            (H_ORDERS_USED, ORDER_BYTES),
            (H_LEVELS_USED, LEVEL_BYTES),
            (H_INDEX_USED, ENTRY_SIZE),
        ):
            self.put(used, size)  # handle 0 is no record

    def value(self, offset: int) -> int:
        """Read a word of the header."""
        return int(self._words[offset >> 3])

    def put(self, offset: int, value: int) -> None:
        """Write a word of the header."""
        self._words[offset >> 3] = value

    def grow(self) -> None:
        """Double the table a kernel stopped for; VenueFullError at its bound."""
        table = self.value(H_SHORT)
        old = self._arrays[table]
        size = 2 * old.nbytes
        if size > TABLE_BYTES_MAX[table]:
            raise VenueFullError(
                f"the venue's table of {TABLE_NAMES[table]} is at its bound of {TABLE_BYTES_MAX[table]:,} bytes"
            )
        new = np.zeros(size, dtype=np.uint8)
        if table == SHORT_TOKENS:
            count = old.nbytes // TOKEN_BYTES
            rehash_tokens(address_of(old), count, address_of(new), 2 * count - 1)
        else:
            new[: old.nbytes] = old
        self._install(table, new)

    @property
    def has_news(self) -> bool:
        """True when reports or feed messages wait: asked of every venue at every step of time, hence by itself."""
        words = self._words
        return bool(words[H_REPORTS_USED >> 3] or words[H_FEED_MESSAGES >> 3])

    def take_reports(self) -> Rows:
        """Hand over the waiting reports, read-only, and forget them."""
        used = self._words[H_REPORTS_USED >> 3]
        self._words[H_REPORTS_USED >> 3] = 0
        return np.frombuffer(self._bytes[SHORT_REPORTS][:used].tobytes(), ORDER_REPORT)

    def take_feed(self) -> tuple[int, bytes]:
        """Hand over the number of waiting feed messages and their bytes, and forget them."""
        words = self._words
        count, used = words[H_FEED_MESSAGES >> 3], words[H_FEED_USED >> 3]
        words[H_FEED_USED >> 3] = words[H_FEED_MESSAGES >> 3] = 0
        return count, self._bytes[SHORT_FEED][:used].tobytes()

    def waiting_messages(self) -> int:
        """Feed messages waiting to be collected."""
        return self.value(H_FEED_MESSAGES)

    def book_value(self, locate: int, side: int, offset: int) -> int:
        """Read a word of a book's record."""
        return int(self._books[((2 * locate + side) * BOOK_BYTES + offset) >> 3])

    def put_book_value(self, locate: int, side: int, offset: int, value: int) -> None:
        """Write a word of a book's record."""
        self._books[((2 * locate + side) * BOOK_BYTES + offset) >> 3] = value

    def stock_value(self, locate: int, offset: int) -> int:
        """Read a word of a stock's record."""
        return int(self._stocks[(locate * STOCK_BYTES + offset) >> 3])

    def put_stock_value(self, locate: int, offset: int, value: int) -> None:
        """Write a word of a stock's record."""
        self._stocks[(locate * STOCK_BYTES + offset) >> 3] = value

    def append_feed(self, count: int, payload: bytes) -> None:
        """Put messages made elsewhere at the end of the waiting feed."""
        used = self.value(H_FEED_USED)
        while used + len(payload) > self._arrays[SHORT_FEED].nbytes:
            self.put(H_SHORT, SHORT_FEED)
            self.grow()
        self._arrays[SHORT_FEED][used : used + len(payload)] = np.frombuffer(payload, dtype=np.uint8)
        self.put(H_FEED_USED, used + len(payload))
        self.put(H_FEED_MESSAGES, self.value(H_FEED_MESSAGES) + count)

    def _install(self, table: int, array: NDArray[Any]) -> None:
        self._arrays[table] = array
        self._bytes[table] = array.data
        if table == SHORT_TOKENS:
            self.put(H_TOKENS, address_of(array))
            self.put(H_TOKENS_MASK, array.nbytes // TOKEN_BYTES - 1)
            return
        address, end = _ADDRESS_AND_END[table]
        self.put(address, address_of(array))
        self.put(end, array.nbytes)
