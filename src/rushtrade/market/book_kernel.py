"""Order-by-order books moved by ITCH 5.0 messages: every stock of every venue, one pass over a buffer.

Kernels over the records of `book_layout`, reached through the address of their header. `apply` takes messages until
the buffer ends or something stops it: a fault of the stream, a message later than asked for, or an array without room.
It never allocates: it stops *before* a message that might not fit, Python grows the array it names, and the walk goes
on from the same message.

A stream that contradicts the books (an unknown or repeated reference, more shares than there are) is counted as an
anomaly of its venue and otherwise passed over: real flow does that, and a book is worth more than a complaint.
"""

# numba's decorators are untyped
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# ruff: noqa: ANN001, ANN201

from __future__ import annotations

from numba import njit

from rushtrade.market.book_layout import (
    APPLIED,
    ASK,
    BAD_ORDER,
    BEST,
    BID,
    BOOK_BYTES,
    BOOK_INSTRUMENT,
    BOOK_MARKS,
    BOOK_ROUND_LOT,
    BOOK_SIDES,
    BOOK_SYMBOL,
    BOOK_TIME,
    BOOK_TRADING_STATE,
    BOOKS,
    BUCKET_MASK,
    BUCKETS,
    CONSUMED,
    COUNTS,
    DEPTH,
    DUPLICATE_REFERENCE,
    EXCESS_SHARES,
    KEY_MAX,
    LADDER_FREE,
    LADDER_LONGEST,
    LADDER_ROOM_MIN,
    LADDERS,
    LADDERS_ROOM,
    LADDERS_USED,
    LEVEL_BYTES,
    LEVEL_FIRST,
    LEVEL_KEY,
    LEVEL_LAST,
    LEVEL_ORDERS,
    LEVEL_SHARES,
    LEVEL_SIDE,
    LEVELS,
    LEVELS_FREE,
    LEVELS_ROOM,
    LEVELS_USED,
    LISTINGS,
    LOCATE_REUSED,
    LOCATES_ROOM,
    NO_SIDE,
    ORDER_AHEAD,
    ORDER_BEHIND,
    ORDER_BYTES,
    ORDER_CHAIN,
    ORDER_LEVEL,
    ORDER_REFERENCE,
    ORDER_SHARES,
    ORDER_VENUE,
    ORDERS,
    ORDERS_FREE,
    ORDERS_LIVE,
    ORDERS_ROOM,
    ORDERS_USED,
    PRINT,
    SIDE_BEST,
    SIDE_BYTES,
    SIDE_LADDER,
    SIDE_LEVELS,
    SIDE_ROOM,
    SYMBOL_MASK,
    SYMBOL_MISMATCH,
    SYMBOLS,
    TOUCHED,
    TOUCHED_COUNT,
    TRADE_BROKEN,
    TRADE_BYTES,
    TRADE_INSTRUMENT,
    TRADE_KIND,
    TRADE_LOCATE,
    TRADE_MATCH,
    TRADE_PRICE,
    TRADE_PRINTABLE,
    TRADE_SHARES,
    TRADE_SIDE,
    TRADE_TIME,
    TRADE_VENUE,
    TRADES,
    TRADES_COUNT,
    TRADES_ROOM,
    UNKNOWN_REFERENCE,
    VENUE_ANOMALIES,
    VENUE_BYTES,
    VENUE_COUNT,
    VENUE_EVENT,
    VENUE_MESSAGES,
    VENUE_TIME,
    VENUES,
)
from rushtrade.wire.address_kernel import (
    address_of_bytes,
    load_be16,
    load_be32,
    load_be64,
    load_i32,
    load_i64,
    load_u8,
    load_u32,
    store_i32,
    store_i64,
    store_u8,
    store_u16,
)
from rushtrade.wire.itch50_kernel import (
    ADD,
    ADD_ATTRIBUTED,
    BODY,
    BROKEN,
    CANCEL,
    CROSS,
    DELETE,
    DONE,
    EXECUTED,
    EXECUTED_PRICE,
    REPLACE,
    TRADE,
    frame_at,
    timestamp_at,
)

LATER = 16
"""The next message is later than the time asked for."""
GROW_ORDERS, GROW_LEVELS, GROW_LADDERS, GROW_LOCATES = 17, 18, 19, 20
"""An array must grow before the next message can be taken."""
DRAIN_TRADES = 21
"""Executions must be taken out before the next message can be taken."""

SYSTEM, DIRECTORY, TRADING_ACTION = ord("S"), ord("R"), ord("H")
BUY, SELL, YES = ord("B"), ord("S"), ord("Y")
SPREAD = -7046029254386353131
"""2**64 divided by the golden ratio, as int64: scatters the high bits of references over the buckets."""
FOREVER = 1 << 62


# ---------------------------------------------------------------- orders by reference


@njit(cache=True, nogil=True)
def link_of(header, venue, reference):
    """Address of the link that holds an order's slot; it holds 0 when there is no such order.

    Venues give references out nearly in sequence, so the low bits are the best hash there is: neighbours in time are
    neighbours in memory. Higher bits only shift whole ranges.
    """
    key = reference + venue * SPREAD
    bucket = (key ^ ((key >> 20) * SPREAD >> 32)) & load_i64(header + BUCKET_MASK)
    orders = load_i64(header + ORDERS)
    link = load_i64(header + BUCKETS) + 4 * bucket
    slot = load_i32(link)
    while slot != 0:
        order = orders + slot * ORDER_BYTES
        if load_i64(order + ORDER_REFERENCE) == reference and load_i32(order + ORDER_VENUE) == venue:
            return link
        link = order + ORDER_CHAIN
        slot = load_i32(link)
    return link


@njit(cache=True, nogil=True)
def chain_all(header):
    """Put every live order into the buckets, which must be all zero: after they grew."""
    orders = load_i64(header + ORDERS)
    for slot in range(1, load_i64(header + ORDERS_USED)):
        order = orders + slot * ORDER_BYTES
        if load_u32(order + ORDER_SHARES) != 0:
            store_i32(order + ORDER_CHAIN, 0)
            venue, reference = load_i32(order + ORDER_VENUE), load_i64(order + ORDER_REFERENCE)
            store_i32(link_of(header, venue, reference), slot)


@njit(cache=True, nogil=True)
def shortage(header):
    """DONE when one more order surely fits, else the array that has to grow."""
    if load_i64(header + ORDERS_FREE) == 0 and load_i64(header + ORDERS_USED) == load_i64(
        header + ORDERS_ROOM
    ):
        return GROW_ORDERS
    if load_i64(header + LEVELS_FREE) == 0 and load_i64(header + LEVELS_USED) == load_i64(
        header + LEVELS_ROOM
    ):
        return GROW_LEVELS
    longest = load_i64(header + LADDER_LONGEST)
    if load_i64(header + LADDERS_USED) + 2 * longest > load_i64(header + LADDERS_ROOM):
        return GROW_LADDERS
    return DONE


# ---------------------------------------------------------------- ladders of levels


@njit(cache=True, nogil=True)
def rung_of(ladder, levels, key):
    """How many entries of a ladder have a key not above `key`: looked for from the best end, where life is."""
    near = levels - 8
    rung = levels
    while rung > 0 and rung > near:
        if load_u32(ladder + 8 * rung - 4) <= key:
            return rung
        rung -= 1
    low = 0
    while low < rung:
        middle = (low + rung) >> 1
        if load_u32(ladder + 8 * middle + 4) <= key:
            low = middle + 1
        else:
            rung = middle
    return rung


@njit(cache=True, nogil=True)
def lengthen(header, side):
    """Move a side's full ladder to a chunk twice as long, and give the chunk it leaves to the free list."""
    room = load_i32(side + SIDE_ROOM)
    longer = LADDER_ROOM_MIN if room == 0 else 2 * room
    free = header + LADDER_FREE + 8 * logarithm(longer)
    entries = load_i64(header + LADDERS)
    chunk = load_i64(free)
    if chunk != 0:
        store_i64(free, load_i64(entries + 8 * chunk))
    else:
        chunk = load_i64(header + LADDERS_USED)
        store_i64(header + LADDERS_USED, chunk + longer)
    old = load_i32(side + SIDE_LADDER)
    for entry in range(room):
        store_i64(entries + 8 * (chunk + entry), load_i64(entries + 8 * (old + entry)))
    if room != 0:
        free = header + LADDER_FREE + 8 * logarithm(room)
        store_i64(entries + 8 * old, load_i64(free))
        store_i64(free, old)
    store_i32(side + SIDE_LADDER, chunk)
    store_i32(side + SIDE_ROOM, longer)
    store_i64(header + LADDER_LONGEST, max(longer, load_i64(header + LADDER_LONGEST)))


@njit(cache=True, nogil=True)
def logarithm(power):
    """Binary logarithm of a power of two."""
    result = 0
    while power > 1:
        power >>= 1
        result += 1
    return result


@njit(cache=True, nogil=True)
def level_at(header, side, side_index, key):
    """Slot of the level with a key, made when there was none."""
    levels = load_i32(side + SIDE_LEVELS)
    ladder = load_i64(header + LADDERS) + 8 * load_i32(side + SIDE_LADDER)
    rung = rung_of(ladder, levels, key)
    if rung > 0:
        entry = load_i64(ladder + 8 * rung - 8)
        if (entry >> 32) & KEY_MAX == key:
            return entry & KEY_MAX
    if levels == load_i32(side + SIDE_ROOM):
        lengthen(header, side)
        ladder = load_i64(header + LADDERS) + 8 * load_i32(side + SIDE_LADDER)
    slot = load_i64(header + LEVELS_FREE)
    level = load_i64(header + LEVELS) + slot * LEVEL_BYTES
    if slot != 0:
        store_i64(header + LEVELS_FREE, load_i32(level + LEVEL_FIRST))
    else:
        slot = load_i64(header + LEVELS_USED)
        store_i64(header + LEVELS_USED, slot + 1)
        level = load_i64(header + LEVELS) + slot * LEVEL_BYTES
    store_i64(level + LEVEL_SHARES, 0)
    store_i64(level + LEVEL_KEY, key)
    store_i32(level + LEVEL_SIDE, side_index)
    store_i32(level + LEVEL_ORDERS, 0)
    store_i32(level + LEVEL_FIRST, 0)
    store_i32(level + LEVEL_LAST, 0)
    entry = levels
    while entry > rung:
        store_i64(ladder + 8 * entry, load_i64(ladder + 8 * entry - 8))
        entry -= 1
    store_i64(ladder + 8 * rung, key << 32 | slot)
    store_i32(side + SIDE_LEVELS, levels + 1)
    if rung == levels:
        store_i32(side + SIDE_BEST, key)
    return slot


@njit(cache=True, nogil=True)
def drop_level(header, side, slot, key):
    """Take an empty level off its ladder."""
    levels = load_i32(side + SIDE_LEVELS) - 1
    ladder = load_i64(header + LADDERS) + 8 * load_i32(side + SIDE_LADDER)
    for rung in range(rung_of(ladder, levels + 1, key), levels + 1):
        store_i64(ladder + 8 * rung - 8, load_i64(ladder + 8 * rung))
    store_i32(side + SIDE_LEVELS, levels)
    store_i32(side + SIDE_BEST, load_u32(ladder + 8 * levels - 4) if levels > 0 else 0)
    store_i32(load_i64(header + LEVELS) + slot * LEVEL_BYTES + LEVEL_FIRST, load_i64(header + LEVELS_FREE))
    store_i64(header + LEVELS_FREE, slot)


# ---------------------------------------------------------------- what messages do to a book


@njit(cache=True, nogil=True)
def touch(header, book_index, book, bits, time):
    """Note that a book changed; a book enters the list of touched ones once."""
    marks = load_i32(book + BOOK_MARKS)
    if marks == 0:
        count = load_i64(header + TOUCHED_COUNT)
        store_i32(load_i64(header + TOUCHED) + 4 * count, book_index)
        store_i64(header + TOUCHED_COUNT, count + 1)
    store_i32(book + BOOK_MARKS, marks | bits)
    store_i64(book + BOOK_TIME, time)


@njit(cache=True, nogil=True)
def anomaly(header, venue, kind):
    """Count something that makes no sense."""
    counter = load_i64(header + VENUES) + venue * VENUE_BYTES + VENUE_ANOMALIES + 8 * kind
    store_i64(counter, load_i64(counter) + 1)


@njit(cache=True, nogil=True)
def rest(header, venue, side_index, reference, shares, key, link, time):
    """Put a new order at the end of the queue of its price. `link` is the empty link for its reference."""
    book = load_i64(header + BOOKS) + (side_index >> 1) * BOOK_BYTES
    side = book + BOOK_SIDES + (side_index & 1) * SIDE_BYTES
    orders = load_i64(header + ORDERS)
    slot = load_i64(header + ORDERS_FREE)
    order = orders + slot * ORDER_BYTES
    if slot != 0:
        store_i64(header + ORDERS_FREE, load_i32(order + ORDER_CHAIN))
    else:
        slot = load_i64(header + ORDERS_USED)
        store_i64(header + ORDERS_USED, slot + 1)
        order = orders + slot * ORDER_BYTES
    store_i32(link, slot)
    level_slot = level_at(header, side, side_index, key)
    level = load_i64(header + LEVELS) + level_slot * LEVEL_BYTES
    last = load_i32(level + LEVEL_LAST)
    store_i64(order + ORDER_REFERENCE, reference)
    store_i32(order + ORDER_SHARES, shares)
    store_i32(order + ORDER_LEVEL, level_slot)
    store_i32(order + ORDER_AHEAD, last)
    store_i32(order + ORDER_BEHIND, 0)
    store_i32(order + ORDER_CHAIN, 0)
    store_i32(order + ORDER_VENUE, venue)
    if last != 0:
        store_i32(orders + last * ORDER_BYTES + ORDER_BEHIND, slot)
    else:
        store_i32(level + LEVEL_FIRST, slot)
    store_i32(level + LEVEL_LAST, slot)
    store_i32(level + LEVEL_ORDERS, load_i32(level + LEVEL_ORDERS) + 1)
    store_i64(level + LEVEL_SHARES, load_i64(level + LEVEL_SHARES) + shares)
    store_i64(header + ORDERS_LIVE, load_i64(header + ORDERS_LIVE) + 1)
    bits = DEPTH | BEST if key == load_u32(side + SIDE_BEST) else DEPTH
    touch(header, side_index >> 1, book, bits, time)


@njit(cache=True, nogil=True)
def reduce(header, link, shares, bits, time):
    """Take shares from the order a link holds, and the order from its queue when none are left."""
    orders = load_i64(header + ORDERS)
    slot = load_i32(link)
    order = orders + slot * ORDER_BYTES
    level_slot = load_i32(order + ORDER_LEVEL)
    level = load_i64(header + LEVELS) + level_slot * LEVEL_BYTES
    side_index = load_i32(level + LEVEL_SIDE)
    book = load_i64(header + BOOKS) + (side_index >> 1) * BOOK_BYTES
    side = book + BOOK_SIDES + (side_index & 1) * SIDE_BYTES
    key = load_i64(level + LEVEL_KEY)
    bits |= DEPTH | BEST if key == load_u32(side + SIDE_BEST) else DEPTH
    touch(header, side_index >> 1, book, bits, time)
    left = load_u32(order + ORDER_SHARES) - shares
    store_i32(order + ORDER_SHARES, left)
    store_i64(level + LEVEL_SHARES, load_i64(level + LEVEL_SHARES) - shares)
    if left > 0:
        return
    ahead, behind = load_i32(order + ORDER_AHEAD), load_i32(order + ORDER_BEHIND)
    if ahead != 0:
        store_i32(orders + ahead * ORDER_BYTES + ORDER_BEHIND, behind)
    else:
        store_i32(level + LEVEL_FIRST, behind)
    if behind != 0:
        store_i32(orders + behind * ORDER_BYTES + ORDER_AHEAD, ahead)
    else:
        store_i32(level + LEVEL_LAST, ahead)
    store_i32(link, load_i32(order + ORDER_CHAIN))
    store_i32(order + ORDER_CHAIN, load_i64(header + ORDERS_FREE))
    store_i64(header + ORDERS_FREE, slot)
    store_i64(header + ORDERS_LIVE, load_i64(header + ORDERS_LIVE) - 1)
    queued = load_i32(level + LEVEL_ORDERS) - 1
    store_i32(level + LEVEL_ORDERS, queued)
    if queued == 0:
        drop_level(header, side, level_slot, key)


@njit(cache=True, nogil=True)
def bind(header, venue, book, symbol):
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
            listing = instrument * load_i64(header + VENUE_COUNT) + venue
            store_i32(
                load_i64(header + LISTINGS) + 4 * listing, (book - load_i64(header + BOOKS)) // BOOK_BYTES
            )
        if held in (symbol, 0):
            return
        entry = (entry + 1) & mask


@njit(cache=True, nogil=True)
def execution(header, venue, book_index, message, side, price, shares, match, printable):
    """Write an execution out; there is room for it."""
    count = load_i64(header + TRADES_COUNT)
    trade = load_i64(header + TRADES) + count * TRADE_BYTES
    book = load_i64(header + BOOKS) + book_index * BOOK_BYTES
    store_i64(trade + TRADE_TIME, timestamp_at(message))
    store_i64(trade + TRADE_PRICE, price)
    store_i64(trade + TRADE_SHARES, shares)
    store_i64(trade + TRADE_MATCH, match)
    store_i32(trade + TRADE_INSTRUMENT, load_i32(book + BOOK_INSTRUMENT))
    store_u16(trade + TRADE_LOCATE, book_index // load_i64(header + VENUE_COUNT))
    store_u8(trade + TRADE_VENUE, venue)
    store_u8(trade + TRADE_SIDE, side)
    store_u8(trade + TRADE_KIND, load_u8(message))
    store_u8(trade + TRADE_PRINTABLE, printable)
    store_u8(trade + TRADE_BROKEN, 0)
    store_i64(header + TRADES_COUNT, count + 1)


@njit(cache=True, nogil=True)
def on_add(header, venue, message, book_index, time):
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
    if letter == BUY:
        rest(header, venue, book_index * 2 + BID, reference, shares, price, link, time)
    else:
        rest(header, venue, book_index * 2 + ASK, reference, shares, KEY_MAX - price, link, time)


@njit(cache=True, nogil=True)
def on_replace(header, venue, message, time):
    """U: the old order leaves, the new one goes to the end of its queue."""
    body = message + BODY
    link = link_of(header, venue, load_be64(body))
    slot = load_i32(link)
    if slot == 0:
        anomaly(header, venue, UNKNOWN_REFERENCE)
        return
    order = load_i64(header + ORDERS) + slot * ORDER_BYTES
    level = load_i64(header + LEVELS) + load_i32(order + ORDER_LEVEL) * LEVEL_BYTES
    side_index = load_i32(level + LEVEL_SIDE)
    reduce(header, link, load_u32(order + ORDER_SHARES), 0, time)
    reference, shares, price = load_be64(body + 8), load_be32(body + 16), load_be32(body + 20)
    if shares == 0 or price == 0:
        anomaly(header, venue, BAD_ORDER)
        return
    link = link_of(header, venue, reference)
    if load_i32(link) != 0:
        anomaly(header, venue, DUPLICATE_REFERENCE)
        return
    key = price if side_index & 1 == BID else KEY_MAX - price
    rest(header, venue, side_index, reference, shares, key, link, time)


@njit(cache=True, nogil=True)
def on_reduce(header, venue, message, code, time):
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
    side_index, key = load_i32(level + LEVEL_SIDE), load_i64(level + LEVEL_KEY)
    price = key if side_index & 1 == BID else KEY_MAX - key
    printable = 1
    if code == EXECUTED_PRICE:
        printable, price = load_u8(body + 20) == YES, load_be32(body + 21)
    match = load_be64(body + 12)
    execution(header, venue, side_index >> 1, message, side_index & 1, price, shares, match, printable)
    reduce(header, link, shares, PRINT, time)


@njit(cache=True, nogil=True)
def on_print(header, venue, message, code, book_index, time):
    """P, Q, B: executions away from displayed orders, and the notice that one is void."""
    body = message + BODY
    book = load_i64(header + BOOKS) + book_index * BOOK_BYTES
    if code == TRADE:
        bind(header, venue, book, load_be64(body + 13))
        side = BID if load_u8(body + 8) == BUY else ASK
        shares, price, match = load_be32(body + 9), load_be32(body + 21), load_be64(body + 25)
    elif code == CROSS:
        bind(header, venue, book, load_be64(body + 8))
        side, shares, price, match = NO_SIDE, load_be64(body), load_be32(body + 16), load_be64(body + 20)
    else:
        side, shares, price, match = NO_SIDE, 0, 0, load_be64(body)
    if shares <= 0 and code != BROKEN:  # an auction that found no match prints 0 shares
        if shares < 0 or code == TRADE:
            anomaly(header, venue, BAD_ORDER)
        return
    execution(header, venue, book_index, message, side, price, shares, match, code != BROKEN)
    touch(header, book_index, book, PRINT, time)


@njit(cache=True, nogil=True)
def on_directory(header, venue, message, book_index):
    """R: a stock and its locate."""
    book = load_i64(header + BOOKS) + book_index * BOOK_BYTES
    symbol = load_be64(message + BODY)
    if load_i64(book + BOOK_SYMBOL) not in (0, symbol):
        anomaly(header, venue, LOCATE_REUSED)
        return
    bind(header, venue, book, symbol)
    store_i32(book + BOOK_ROUND_LOT, load_be32(message + BODY + 10))


@njit(cache=True, nogil=True)
def shortage_for(header, code, locate):
    """DONE when the next message can be taken, else what has to be done before it."""
    if code in (ADD, ADD_ATTRIBUTED, DIRECTORY, TRADING_ACTION, TRADE, CROSS, BROKEN):
        if locate >= load_i64(header + LOCATES_ROOM):
            return GROW_LOCATES
    if code in (ADD, ADD_ATTRIBUTED, REPLACE):
        return shortage(header)
    if code in (EXECUTED, EXECUTED_PRICE, TRADE, CROSS, BROKEN):
        if load_i64(header + TRADES_COUNT) >= load_i64(header + TRADES_ROOM):
            return DRAIN_TRADES
    return DONE


@njit(cache=True, nogil=True)
def apply(header, venue, stream, size, until):
    """Apply framed messages at an address to a venue's books. Returns the reason it stopped.

    Leaves in the header how many bytes were consumed and how many messages were applied by this call.
    """
    offset = 0
    messages = 0
    reason = DONE
    record = load_i64(header + VENUES) + venue * VENUE_BYTES
    counts = load_i64(header + COUNTS) + venue * 2048
    venues = load_i64(header + VENUE_COUNT)
    while offset < size:
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
        book_index = locate * venues + venue
        if code in (ADD, ADD_ATTRIBUTED):
            on_add(header, venue, message, book_index, time)
        elif code in (DELETE, EXECUTED, CANCEL, EXECUTED_PRICE):
            on_reduce(header, venue, message, code, time)
        elif code == REPLACE:
            on_replace(header, venue, message, time)
        elif code in (TRADE, CROSS, BROKEN):
            on_print(header, venue, message, code, book_index, time)
        elif code == DIRECTORY:
            on_directory(header, venue, message, book_index)
        elif code == TRADING_ACTION:
            book = load_i64(header + BOOKS) + book_index * BOOK_BYTES
            store_i32(book + BOOK_TRADING_STATE, load_u8(message + BODY + 8))
        elif code == SYSTEM:
            store_i64(record + VENUE_EVENT, load_u8(message + BODY))
        store_i64(counts + 8 * code, load_i64(counts + 8 * code) + 1)
        store_i64(record + VENUE_TIME, time)
        offset += step
        messages += 1
    store_i64(record + VENUE_MESSAGES, load_i64(record + VENUE_MESSAGES) + messages)
    store_i64(header + CONSUMED, offset)
    store_i64(header + APPLIED, messages)
    return reason


@njit(cache=True, nogil=True)
def apply_buffer(header, venue, buffer, begin, until):
    """`apply` for the rest of a numpy buffer."""
    return apply(header, venue, address_of_bytes(buffer) + begin, buffer.size - begin, until)


@njit(cache=True, nogil=True)
def clear_venue(header, venue, time):
    """Take every order of a venue out of the books, marking what changes."""
    orders = load_i64(header + ORDERS)
    for slot in range(1, load_i64(header + ORDERS_USED)):
        order = orders + slot * ORDER_BYTES
        shares = load_u32(order + ORDER_SHARES)
        if shares != 0 and load_i32(order + ORDER_VENUE) == venue:
            reduce(header, link_of(header, venue, load_i64(order + ORDER_REFERENCE)), shares, 0, time)
