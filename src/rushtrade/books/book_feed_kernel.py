"""ITCH 5.0 messages moving the books of a venue: every stock, one pass over a buffer.

`apply` takes messages until the buffer ends or something stops it: a fault of the stream, a message later than asked
for, or an array without room. It stops *before* a message that might not fit, Python grows the array named, and the
walk goes on from the same message.

A stream that contradicts the books (an unknown or repeated reference, more shares than there are) is counted as an
anomaly of its venue and otherwise passed over: real flow does that, and a book is worth more than a complaint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


from rushtrade.books.book_foresight_kernel import foresee
from rushtrade.books.book_kernel import (
    GROW_LOCATES,
    SPREAD,
    link_of,
    reduce,
    rest,
    shortage,
    touch,
)
from rushtrade.books.book_layout import (
    APPLIED,
    ASK,
    BAD_ORDER,
    BID,
    BOOK_BYTES,
    BOOK_INSTRUMENT,
    BOOK_ROUND_LOT,
    BOOK_SYMBOL,
    BOOK_TRADING_STATE,
    BOOKS,
    CONSUMED,
    COUNTS,
    DUPLICATE_REFERENCE,
    EXCESS_SHARES,
    FORESEE_FROM,
    FORESEEN_UNTIL,
    KEY_MAX,
    LEVEL_BYTES,
    LEVEL_KEY,
    LEVELS,
    LISTINGS,
    LOCATE_REUSED,
    LOCATES_ROOM,
    NO_SIDE,
    NOTICE,
    ORDER_BYTES,
    ORDER_LEVEL,
    ORDER_SHARES,
    ORDER_SIDE,
    ORDERS,
    ORDERS_USED,
    PARTICIPANT_SHIFT,
    PARTICIPANTS,
    PARTICIPANTS_COUNT,
    PARTICIPANTS_MAX,
    PRINT,
    ROUND_LOT_MAX,
    SHOWN_BOOK,
    SIDE_MASK,
    SYMBOL_MASK,
    SYMBOL_MISMATCH,
    SYMBOLS,
    TRADES,
    TRADES_COUNT,
    TRADES_ROOM,
    UNKNOWN_REFERENCE,
    VENUE_ANOMALIES,
    VENUE_BYTES,
    VENUE_COUNT,
    VENUE_EVENT,
    VENUE_MESSAGES,
    VENUE_SHIFT,
    VENUE_TIME,
    VENUES,
    WATCHING,
)
from rushtrade.books.print_place_kernel import tell_quote
from rushtrade.tape.tape_layout import (
    TRADE_BROKEN,
    TRADE_BYTES,
    TRADE_CONDITIONS,
    TRADE_INSTRUMENT,
    TRADE_KIND,
    TRADE_LOCATE,
    TRADE_MATCH,
    TRADE_ORIGINAL,
    TRADE_PRICE,
    TRADE_PRINTABLE,
    TRADE_ROUND_LOT,
    TRADE_SHARES,
    TRADE_SIDE,
    TRADE_TIME,
    TRADE_VENUE,
)
from rushtrade.wire.address_kernel import (
    address_of_bytes,
    load_be16,
    load_be32,
    load_be64,
    load_i32,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    store_i32,
    store_i64,
    store_u8,
    store_u16,
)
from rushtrade.wire.compiled import kernel
from rushtrade.wire.itch50_kernel import (
    ADD,
    ADD_ATTRIBUTED,
    BODY,
    BROKEN,
    BUY,
    CANCEL,
    CROSS,
    DELETE,
    DONE,
    EXECUTED,
    EXECUTED_PRICE,
    NON_CROSS,
    REPLACE,
    frame_at,
    timestamp_at,
)

LATER = 16
"""The next message is later than the time asked for."""
DRAIN_TRADES = 21
"""Executions must be taken out before the next message can be taken."""
WATCH = 23
"""A message was applied that whoever watches must see."""

SYSTEM, DIRECTORY, TRADING_ACTION = ord("S"), ord("R"), ord("H")
SELL, YES = ord("S"), ord("Y")
FOREVER = 1 << 62
"""A time no message reaches."""


@kernel
def anomaly(header: int, venue: int, kind: int) -> None:
    """Count something that makes no sense."""
    counter = load_i64(header + VENUES) + venue * VENUE_BYTES + VENUE_ANOMALIES + 8 * kind
    store_i64(counter, load_i64(counter) + 1)


@kernel
def bind(header: int, venue: int, book: int, symbol: int) -> None:
    """Give a book its symbol, and list it under the instrument of that name."""
    known = load_i64(book + BOOK_SYMBOL)
    if known == symbol:
        return
    if known != 0:
        anomaly(header, venue, SYMBOL_MISMATCH)
        return
    store_i64(book + BOOK_SYMBOL, symbol)
    mask = load_i64(header + SYMBOL_MASK)
    entry = (symbol * SPREAD >> 32) & mask
    while True:
        place = load_i64(header + SYMBOLS) + 16 * entry
        held = load_i64(place)
        if held == symbol:
            instrument = load_i64(place + 8)
            store_i32(book + BOOK_INSTRUMENT, instrument)
            listing = load_i64(header + LISTINGS) + 4 * (instrument * load_i64(header + VENUE_COUNT) + venue)
            store_i32(listing, (book - load_i64(header + BOOKS)) // BOOK_BYTES + 1)
        if held in (symbol, 0):
            return
        entry = (entry + 1) & mask


@kernel
def execution(
    header: int,
    venue: int,
    book_index: int,
    message: int,
    side: int,
    price: int,
    shares: int,
    match: int,
    printable: int,
) -> None:
    """Write an execution out, before it changes the books; there is room for it."""
    count = load_i64(header + TRADES_COUNT)
    trade = load_i64(header + TRADES) + count * TRADE_BYTES
    book = load_i64(header + BOOKS) + book_index * BOOK_BYTES
    store_i64(trade + TRADE_TIME, timestamp_at(message))
    store_i64(trade + TRADE_PRICE, price)
    store_i64(trade + TRADE_SHARES, shares)
    store_i64(trade + TRADE_MATCH, match)
    instrument = load_i32(book + BOOK_INSTRUMENT)
    store_i32(trade + TRADE_INSTRUMENT, instrument)
    store_u16(trade + TRADE_LOCATE, book_index >> load_i64(header + VENUE_SHIFT))
    store_u8(trade + TRADE_VENUE, venue)
    store_u8(trade + TRADE_SIDE, side)
    store_u8(trade + TRADE_KIND, load_u8(message))
    store_u8(trade + TRADE_PRINTABLE, printable)
    store_u8(trade + TRADE_BROKEN, 0)
    store_i64(trade + TRADE_ORIGINAL, 0)
    store_i32(trade + TRADE_ROUND_LOT, load_u16(book + BOOK_ROUND_LOT))
    store_i32(trade + TRADE_CONDITIONS, load_u8(message + BODY + 28) if load_u8(message) == CROSS else 0)
    tell_quote(header, instrument, trade)
    store_i64(header + TRADES_COUNT, count + 1)


@kernel
def participant_number(header: int, letters: int) -> int:
    """Number of a market participant by its four letters, given out as they appear; 0 when there are too many."""
    participants = load_i64(header + PARTICIPANTS)
    count = load_i64(header + PARTICIPANTS_COUNT)
    for number in range(1, count + 1):
        if load_i64(participants + 8 * number) == letters:
            return number
    if count == PARTICIPANTS_MAX:
        return 0
    store_i64(participants + 8 * (count + 1), letters)
    store_i64(header + PARTICIPANTS_COUNT, count + 1)
    return count + 1


@kernel
def on_add(header: int, venue: int, message: int, book_index: int, time: int) -> None:
    """A, F."""
    body = message + BODY
    book = load_i64(header + BOOKS) + book_index * BOOK_BYTES
    symbol = load_be64(body + 13)
    if symbol != load_i64(book + BOOK_SYMBOL):
        bind(header, venue, book, symbol)
    letter, shares, price = load_u8(body + 8), load_be32(body + 9), load_be32(body + 21)
    if shares == 0 or price == 0 or letter not in (BUY, SELL):
        anomaly(header, venue, BAD_ORDER)
        return
    reference = load_be64(body)
    link = link_of(header, venue, reference)
    if load_i32(link) != 0:
        anomaly(header, venue, DUPLICATE_REFERENCE)
        return
    whose = 0
    if load_u8(message) == ADD_ATTRIBUTED:
        whose = participant_number(header, load_be32(body + 25)) << PARTICIPANT_SHIFT
    if letter == BUY:
        rest(header, whose | book_index * 2 + BID, reference, shares, price, link, time)
    else:
        rest(header, whose | book_index * 2 + ASK, reference, shares, KEY_MAX - price, link, time)


@kernel
def on_replace(header: int, venue: int, message: int, time: int) -> None:
    """U: the old order leaves, the new one goes to the end of its queue."""
    body = message + BODY
    link = link_of(header, venue, load_be64(body))
    slot = load_i32(link)
    if slot == 0:
        anomaly(header, venue, UNKNOWN_REFERENCE)
        return
    order = load_i64(header + ORDERS) + slot * ORDER_BYTES
    whose_side = load_i32(order + ORDER_SIDE)
    reduce(header, link, load_u32(order + ORDER_SHARES), 0, time)
    reference, shares, price = load_be64(body + 8), load_be32(body + 16), load_be32(body + 20)
    if shares == 0 or price == 0:
        anomaly(header, venue, BAD_ORDER)
        return
    link = link_of(header, venue, reference)
    if load_i32(link) != 0:
        anomaly(header, venue, DUPLICATE_REFERENCE)
        return
    key = price if whose_side & 1 == BID else KEY_MAX - price
    rest(header, whose_side, reference, shares, key, link, time)


@kernel
def on_reduce(header: int, venue: int, message: int, code: int, time: int) -> None:
    """E, C, X, D."""
    body = message + BODY
    link = link_of(header, venue, load_be64(body))
    slot = load_i32(link)
    if slot == 0:
        anomaly(header, venue, UNKNOWN_REFERENCE)
        return
    order = load_i64(header + ORDERS) + slot * ORDER_BYTES
    held = load_u32(order + ORDER_SHARES)
    if code == DELETE:
        reduce(header, link, held, 0, time)
        return
    shares = load_be32(body + 8)
    if shares > held:
        anomaly(header, venue, EXCESS_SHARES)
        shares = held
    if shares == 0:
        anomaly(header, venue, BAD_ORDER)
        return
    if code == CANCEL:
        reduce(header, link, shares, 0, time)
        return
    level = load_i64(header + LEVELS) + load_i32(order + ORDER_LEVEL) * LEVEL_BYTES
    side_index, key = load_i32(order + ORDER_SIDE) & SIDE_MASK, load_u32(level + LEVEL_KEY)
    price = key if side_index & 1 == BID else KEY_MAX - key
    printable = 1
    if code == EXECUTED_PRICE:
        printable, price = load_u8(body + 20) == YES, load_be32(body + 21)
    match = load_be64(body + 12)
    execution(header, venue, side_index >> 1, message, side_index & 1, price, shares, match, printable)
    reduce(header, link, shares, PRINT, time)


@kernel
def on_print(header: int, venue: int, message: int, code: int, book_index: int, time: int) -> None:
    """P, Q, B: executions away from displayed orders, and the notice that one is void."""
    body = message + BODY
    book = load_i64(header + BOOKS) + book_index * BOOK_BYTES
    if code == NON_CROSS:
        bind(header, venue, book, load_be64(body + 13))
        side = BID if load_u8(body + 8) == BUY else ASK
        shares, price, match = load_be32(body + 9), load_be32(body + 21), load_be64(body + 25)
    elif code == CROSS:
        bind(header, venue, book, load_be64(body + 8))
        side, shares, price, match = NO_SIDE, load_be64(body), load_be32(body + 16), load_be64(body + 20)
    else:
        side, shares, price, match = NO_SIDE, 0, 0, load_be64(body)
    if shares <= 0 and code != BROKEN:  # an auction that found no match prints 0 shares
        if shares < 0 or code == NON_CROSS:
            anomaly(header, venue, BAD_ORDER)
        return
    execution(header, venue, book_index, message, side, price, shares, match, code != BROKEN)
    touch(header, book_index, book, PRINT, time)


@kernel
def on_directory(header: int, venue: int, message: int, book_index: int) -> None:
    """R: a stock and its locate."""
    book = load_i64(header + BOOKS) + book_index * BOOK_BYTES
    symbol = load_be64(message + BODY)
    if load_i64(book + BOOK_SYMBOL) not in (0, symbol):
        anomaly(header, venue, LOCATE_REUSED)
        return
    bind(header, venue, book, symbol)
    store_u16(book + BOOK_ROUND_LOT, min(load_be32(message + BODY + 10), ROUND_LOT_MAX))


@kernel
def on_notice(header: int, venue: int, message: int, code: int, book_index: int) -> None:
    """What is said about the venue or a stock, and changes no book."""
    store_i64(header + NOTICE, message)
    if code == DIRECTORY:
        on_directory(header, venue, message, book_index)
    elif code == TRADING_ACTION:
        book = load_i64(header + BOOKS) + book_index * BOOK_BYTES
        store_u8(book + BOOK_TRADING_STATE, load_u8(message + BODY + 8))
    elif code == SYSTEM:
        record = load_i64(header + VENUES) + venue * VENUE_BYTES
        store_i64(record + VENUE_EVENT, load_u8(message + BODY))


@kernel
def shortage_for(header: int, code: int, locate: int) -> int:
    """DONE when the next message can be taken, else what has to be done before it."""
    if code in (ADD, ADD_ATTRIBUTED, DIRECTORY, TRADING_ACTION, NON_CROSS, CROSS, BROKEN):
        if locate >= load_i64(header + LOCATES_ROOM):
            return GROW_LOCATES
    if code in (ADD, ADD_ATTRIBUTED, REPLACE):
        return shortage(header)
    if code in (EXECUTED, EXECUTED_PRICE, NON_CROSS, CROSS, BROKEN):
        if load_i64(header + TRADES_COUNT) >= load_i64(header + TRADES_ROOM):
            return DRAIN_TRADES
    return DONE


@kernel
def apply(header: int, venue: int, stream: int, size: int, until: int) -> int:
    """Apply framed messages at an address to a venue's books. Returns the reason it stopped.

    Somebody who watches is stopped for after a message that changed the shown part of a book or was a notice, and must set
    `SHOWN_BOOK` and `NOTICE` to 0 before going on.

    Leaves in the header how many bytes were consumed and how many messages were applied by this call.
    """
    offset = 0
    messages = 0
    reason = DONE
    record = load_i64(header + VENUES) + venue * VENUE_BYTES
    counts = load_i64(header + COUNTS) + venue * 2048
    shift = load_i64(header + VENUE_SHIFT)
    foresight = load_i64(header + ORDERS_USED) >= FORESEE_FROM
    watching = load_i64(header + WATCHING) != 0
    while offset < size:
        if foresight and stream + offset >= load_i64(header + FORESEEN_UNTIL):
            foresee(header, venue, stream + offset, size - offset)
        step = frame_at(stream + offset, size - offset)
        if step < 0:
            reason = -step
            break
        message = stream + offset + 2
        time = timestamp_at(message)
        if time > until:
            reason = LATER
            break
        code = load_u8(message)
        locate = load_be16(message + 1)
        reason = shortage_for(header, code, locate)
        if reason != DONE:
            break
        book_index = locate << shift | venue
        if code in (ADD, ADD_ATTRIBUTED):
            on_add(header, venue, message, book_index, time)
        elif code in (DELETE, EXECUTED, CANCEL, EXECUTED_PRICE):
            on_reduce(header, venue, message, code, time)
        elif code == REPLACE:
            on_replace(header, venue, message, time)
        elif code in (NON_CROSS, CROSS, BROKEN):
            on_print(header, venue, message, code, book_index, time)
        else:
            on_notice(header, venue, message, code, book_index)
        store_i64(counts + 8 * code, load_i64(counts + 8 * code) + 1)
        store_i64(record + VENUE_TIME, time)
        offset += step
        messages += 1
        if watching and load_i64(header + SHOWN_BOOK) | load_i64(header + NOTICE) != 0:
            reason = WATCH
            break
    store_i64(record + VENUE_MESSAGES, load_i64(record + VENUE_MESSAGES) + messages)
    store_i64(header + CONSUMED, offset)
    store_i64(header + APPLIED, messages)
    return reason


@kernel
def apply_buffer(header: int, venue: int, buffer: NDArray[np.uint8], begin: int, until: int) -> int:
    """`apply` for the rest of a numpy buffer."""
    store_i64(header + FORESEEN_UNTIL, 0)
    return apply(header, venue, address_of_bytes(buffer) + begin, buffer.size - begin, until)
