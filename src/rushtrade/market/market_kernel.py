"""A packet of one venue becomes books, the national best, states, and notice of what changed.

`receive` applies a packet to the venue's books, in one call, and stops at every message that the market as a whole must see;
its executions are left where the books wrote them, for the tape to take. `take_levels` does the same for feeds that tell
levels or quotes instead of orders. Marks of books are carried over to their instruments when somebody asks what changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


from rushtrade.books.book_feed_kernel import (
    DIRECTORY,
    DRAIN_TRADES,
    FOREVER,
    TRADING_ACTION,
    WATCH,
    apply,
)
from rushtrade.books.book_kernel import GROW_LADDERS, GROW_LEVELS, GROW_LOCATES
from rushtrade.books.book_layout import (
    APPLIED,
    ASK,
    BEST,
    BID,
    BOOK_BYTES,
    BOOK_INSTRUMENT,
    BOOK_MARKS,
    BOOK_TIME,
    BOOKS,
    CONSUMED,
    DEPTH,
    FORESEEN_UNTIL,
    LADDER_LONGEST,
    LADDERS_ROOM,
    LADDERS_USED,
    LEVELS_ROOM,
    LEVELS_USED,
    LISTINGS,
    LOCATES_ROOM,
    NOTICE,
    PRINT,
    ROUND_LOT_MAX,
    SHOWN_BOOK,
    TOUCHED,
    TOUCHED_COUNT,
    TRADES,
    TRADES_COUNT,
    TRADES_ROOM,
    VENUE_BYTES,
    VENUE_CLOSED,
    VENUE_COUNT,
    VENUE_EVENT,
    VENUE_LIVE,
    VENUE_MESSAGES,
    VENUE_SHIFT,
    VENUE_STATE,
    VENUE_TIME,
    VENUES,
)
from rushtrade.books.level_kernel import clear_side, set_level
from rushtrade.books.print_place_kernel import tell_quote
from rushtrade.market.best_kernel import combine, expire, hear, mark, on_shown, renew_all, renew_instrument
from rushtrade.market.market_layout import (
    AGING,
    INSTRUMENT_BID,
    INSTRUMENT_BYTES,
    INSTRUMENT_LOT_GIVEN,
    INSTRUMENT_MARKS,
    INSTRUMENT_ROUND_LOT,
    INSTRUMENTS,
    MIDNIGHT,
    PENDING,
    PENDING_COUNT,
    ROW_ASK,
    ROW_ASK_SHARES,
    ROW_BYTES,
    ROW_COMPLETE,
    ROW_CONDITIONS,
    ROW_INSTRUMENT,
    ROW_KIND,
    ROW_ORDERS,
    ROW_PRICE,
    ROW_SHARES,
    ROW_SIDE,
    ROW_STATE,
    ROW_TIME,
    ROW_VENUE,
    SLOTS,
    STATUS,
)
from rushtrade.status.bands_kernel import (
    add_sample,
    judge_quote,
    open_bands,
    publish_band,
    renew_bands,
    room_for_sample,
)
from rushtrade.status.notice_kernel import (
    OPERATIONAL,
    on_short_sale,
    on_trading_action,
    room_for_notice,
    security_at,
    take_notice,
    tell_centre,
)
from rushtrade.status.status_layout import CLOSE, OPEN, SECURITY_CLOSE, SECURITY_TIER
from rushtrade.tape.condition_layout import LAST, OPENING, REOPENING
from rushtrade.tape.tape_kernel import CORRECTION
from rushtrade.tape.tape_layout import (
    RING,
    RING_COUNT,
    RING_MASK,
    TRADE_BYTES,
    TRADE_CONDITIONS,
    TRADE_EFFECTS,
    TRADE_INSTRUMENT,
    TRADE_KIND,
    TRADE_MATCH,
    TRADE_PREVIOUS,
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
    load_i32,
    load_i64,
    load_u8,
    load_u32,
    store_i32,
    store_i64,
    store_u8,
)
from rushtrade.wire.compiled import inner_kernel, kernel
from rushtrade.wire.itch50_kernel import BODY, DONE, frame_at

GROW_STATUS = 24
"""The board of states has no room to note the last message."""
LEVEL, QUOTE, REPORT, CANCEL, AMENDMENT = (ord(letter) for letter in "LQTXK")
BANDS, STATE, OWN_HALT, SHORT_SALE, LISTING, VOID = (ord(letter) for letter in "BHhYDR")
NO_SIDE, NO_LETTER = 2, ord(" ")
ROW_BODY = ROW_STATE - 8
"""Where a message of ITCH 5.0 would begin behind its head, so that state and reason lie where H and Y have them."""
END_OF_MESSAGES = ord("C")


@kernel
def receive(header: int, market: int, venue: int, buffer: NDArray[np.uint8], begin: int) -> int:
    """Apply the messages of a buffer from `begin` on. Returns the reason it stopped, as `book_feed_kernel.apply` does.

    After every message that the market must see it is seen, so that nothing depends on how messages came in packets.
    """
    stream = address_of_bytes(buffer)
    consumed = begin
    applied = 0
    store_i64(header + FORESEEN_UNTIL, 0)
    reason = see(header, market, venue)
    while reason == DONE:
        reason = apply(header, venue, stream + consumed, buffer.size - consumed, FOREVER)
        consumed += load_i64(header + CONSUMED)
        applied += load_i64(header + APPLIED)
        if reason != WATCH:
            break
        reason = see(header, market, venue)
    record = load_i64(header + VENUES) + venue * VENUE_BYTES
    if load_i64(record + VENUE_EVENT) == END_OF_MESSAGES and load_i64(record + VENUE_STATE) == VENUE_LIVE:
        store_i64(record + VENUE_STATE, VENUE_CLOSED)
        renew_all(header, market, load_i64(market + MIDNIGHT) + load_i64(record + VENUE_TIME))
    store_i64(header + CONSUMED, consumed)
    store_i64(header + APPLIED, applied)
    return reason


@inner_kernel
def see(header: int, market: int, venue: int) -> int:
    """Look at what the last message changed or said; GROW_STATUS when there is no room to note it."""
    message = load_i64(header + NOTICE)
    shown = load_i64(header + SHOWN_BOOK)
    if message | shown == 0:
        return DONE
    time = load_i64(market + MIDNIGHT) + load_i64(
        load_i64(header + VENUES) + venue * VENUE_BYTES + VENUE_TIME
    )
    hear(header, market, venue, time)
    if message != 0:
        if not room_for_notice(load_i64(market + STATUS), load_u8(message)):
            return GROW_STATUS
        on_notice(header, market, venue, message, time)
        store_i64(header + NOTICE, 0)
    if shown != 0:
        on_shown(header, market, shown - 1, venue, time)
        store_i64(header + SHOWN_BOOK, 0)
    return DONE


@inner_kernel
def take_round_lot(header: int, market: int, slot: int, told: int, time: int) -> None:
    """Note the round lot a directory says, unless reference data has said one."""
    instrument = load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES
    told = min(told, ROUND_LOT_MAX)
    known = load_i32(instrument + INSTRUMENT_ROUND_LOT)
    if load_i32(instrument + INSTRUMENT_LOT_GIVEN) == 0 and told not in (0, known):
        store_i32(instrument + INSTRUMENT_ROUND_LOT, told)
        renew_instrument(header, market, slot, time)


@inner_kernel
def on_notice(header: int, market: int, venue: int, message: int, time: int) -> None:
    """An administrative message: the board of states, and what follows for the quote."""
    code = load_u8(message)
    locate = load_be16(message + 1)
    slot = 0
    if locate < load_i64(header + LOCATES_ROOM):
        book_index = locate << load_i64(header + VENUE_SHIFT) | venue
        slot = load_i32(load_i64(header + BOOKS) + book_index * BOOK_BYTES + BOOK_INSTRUMENT)
    take_notice(load_i64(market + STATUS), slot, venue, message)
    if slot == 0:
        return
    if code in (TRADING_ACTION, OPERATIONAL):
        combine(header, market, slot, time)
    elif code == DIRECTORY:
        take_round_lot(header, market, slot, load_be32(message + BODY + 10), time)


@kernel
def take_levels(header: int, market: int, rows: int, begin: int, count: int) -> tuple[int, int]:
    """Apply rows of `LEVEL_ROW` from `begin` on. Returns (rows applied up to, the reason it stopped).

    Rows whose event is not complete change the book, and are shown with the one that completes it. Trades are left where executions
    are, for the tape to take.
    """
    midnight = load_i64(market + MIDNIGHT)
    for index in range(begin, count):
        row = rows + index * ROW_BYTES
        venue = load_u8(row + ROW_VENUE)
        record = load_i64(header + VENUES) + venue * VENUE_BYTES
        slot = load_i32(row + ROW_INSTRUMENT)
        kind = load_u8(row + ROW_KIND)
        if slot >= load_i64(header + LOCATES_ROOM):
            return index, GROW_LOCATES
        reason = shortage_of_levels(header)
        if reason != DONE:
            return index, reason
        if kind in (REPORT, CANCEL, AMENDMENT) and load_i64(header + TRADES_COUNT) >= load_i64(
            header + TRADES_ROOM
        ):
            return index, DRAIN_TRADES
        time = max(load_i64(row + ROW_TIME) - midnight, 0)
        store_i64(record + VENUE_TIME, max(time, load_i64(record + VENUE_TIME)))
        store_i64(record + VENUE_MESSAGES, load_i64(record + VENUE_MESSAGES) + 1)
        hear(header, market, venue, time + midnight)
        if slot == 0:
            continue
        if kind in (LEVEL, QUOTE):
            take_level(header, market, venue, row, slot, time)
        elif kind in (REPORT, CANCEL, AMENDMENT):
            take_report(header, market, venue, row, slot, kind)
        else:
            take_state(header, market, venue, row, slot, kind)
    return count, DONE


@inner_kernel
def take_report(header: int, market: int, venue: int, row: int, slot: int, kind: int) -> None:
    """Leave a reported trade, its cancel or its correction for the tape, with the best quote of now; there is room for it."""
    count = load_i64(header + TRADES_COUNT)
    trade = load_i64(header + TRADES) + count * TRADE_BYTES
    for word in range(0, TRADE_BYTES, 8):
        store_i64(trade + word, 0)
    store_i32(trade + TRADE_INSTRUMENT, slot)
    store_i64(trade + TRADE_TIME, 0 if kind == AMENDMENT else load_i64(row + ROW_TIME))
    store_i64(trade + TRADE_PRICE, load_i64(row + ROW_PRICE))
    store_i64(trade + TRADE_SHARES, load_i64(row + ROW_SHARES))
    store_i64(trade + TRADE_MATCH, load_i64(row + ROW_ASK))
    store_i64(trade + TRADE_PREVIOUS, load_i64(row + ROW_ASK_SHARES))
    store_u8(trade + TRADE_VENUE, venue)
    store_u8(trade + TRADE_SIDE, NO_SIDE)
    store_u8(trade + TRADE_KIND, CORRECTION if kind == AMENDMENT else kind)
    store_u8(trade + TRADE_PRINTABLE, 0 if kind == CANCEL else 1)
    store_i32(trade + TRADE_CONDITIONS, load_u32(row + ROW_CONDITIONS))
    store_i32(
        trade + TRADE_ROUND_LOT,
        load_i32(load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES + INSTRUMENT_ROUND_LOT),
    )
    tell_quote(header, slot, trade)
    store_i64(header + TRADES_COUNT, count + 1)


@inner_kernel
def take_state(header: int, market: int, venue: int, row: int, slot: int, kind: int) -> None:
    """Bands, halts, the short-sale test and reference data; the body of ITCH's messages lies in a row as `ROW_BODY` says."""
    status = load_i64(market + STATUS)
    time, state = load_i64(row + ROW_TIME), load_u8(row + ROW_STATE)
    if kind == BANDS:
        publish_band(status, slot, venue, time, load_i64(row + ROW_PRICE), load_i64(row + ROW_ASK))
    elif kind == STATE:
        on_trading_action(status, slot, venue, row + ROW_BODY, time)
        combine(header, market, slot, time)
    elif kind == OWN_HALT:
        tell_centre(status, slot, venue, OPERATIONAL, state, NO_LETTER, time)
        combine(header, market, slot, time)
    elif kind == SHORT_SALE:
        on_short_sale(status, slot, venue, row + ROW_BODY, time)
    elif kind == LISTING:
        security = security_at(status, slot)
        if state in (1, 2):
            store_u8(security + SECURITY_TIER, state)
        if load_i64(row + ROW_PRICE) > 0:
            store_i64(security + SECURITY_CLOSE, load_i64(row + ROW_PRICE))
        take_round_lot(header, market, slot, load_i64(row + ROW_SHARES), time)


@inner_kernel
def shortage_of_levels(header: int) -> int:
    """DONE when two more levels surely fit, one of each side; else the array that has to grow."""
    if load_i64(header + LEVELS_ROOM) - load_i64(header + LEVELS_USED) < 2:
        return GROW_LEVELS
    longest = load_i64(header + LADDER_LONGEST)
    if load_i64(header + LADDERS_USED) + 4 * longest > load_i64(header + LADDERS_ROOM):
        return GROW_LADDERS
    return DONE


@inner_kernel
def take_level(header: int, market: int, venue: int, row: int, slot: int, time: int) -> None:
    """Apply one row to the book of its instrument at a venue, which is listed under the instrument's own number."""
    book_index = slot << load_i64(header + VENUE_SHIFT) | venue
    book = load_i64(header + BOOKS) + book_index * BOOK_BYTES
    store_i32(book + BOOK_INSTRUMENT, slot)
    listing = load_i64(header + LISTINGS) + 4 * (slot * load_i64(header + VENUE_COUNT) + venue)
    store_i32(listing, book_index + 1)
    if load_i64(market + AGING) != 0:
        expire(header, market, slot, time + load_i64(market + MIDNIGHT) - 1)
    price, shares = load_i64(row + ROW_PRICE), load_i64(row + ROW_SHARES)
    if load_u8(row + ROW_KIND) == QUOTE:
        quote_side(header, book_index, BID, price, shares, time)
        quote_side(header, book_index, ASK, load_i64(row + ROW_ASK), load_i64(row + ROW_ASK_SHARES), time)
    elif price > 0:
        set_level(
            header, book_index, load_u8(row + ROW_SIDE), price, shares, load_i32(row + ROW_ORDERS), time
        )
    store_i64(book + BOOK_TIME, time)
    store_i64(header + SHOWN_BOOK, 0)
    if load_u8(row + ROW_COMPLETE) != 0:
        on_shown(header, market, book_index, venue, time + load_i64(market + MIDNIGHT))


@inner_kernel
def quote_side(header: int, book_index: int, side: int, price: int, shares: int, time: int) -> None:
    """Make a side one level, or none."""
    quoted = price > 0 and shares > 0
    clear_side(header, book_index, side, price if quoted else 0, time)
    if quoted:
        set_level(header, book_index, side, price, shares, 0, time)


@kernel
def clear_levels(header: int, venue: int, time: int) -> None:
    """End every level of a venue that tells levels."""
    shift = load_i64(header + VENUE_SHIFT)
    for locate in range(load_i64(header + LOCATES_ROOM)):
        for side in range(2):
            clear_side(header, locate << shift | venue, side, 0, time)


@kernel
def observe_trades(market: int, tape: int, after: int) -> int:
    """Tell the price bands the trades the tape took after a position. Returns the position up to which there was room."""
    status = load_i64(market + STATUS)
    ring, mask, newest = load_i64(tape + RING), load_i64(tape + RING_MASK), load_i64(tape + RING_COUNT)
    for number in range(max(after, newest - mask - 1), newest):
        trade = ring + (number & mask) * TRADE_BYTES
        slot, effects = load_i32(trade + TRADE_INSTRUMENT), load_i32(trade + TRADE_EFFECTS)
        time, price = load_i64(trade + TRADE_TIME), load_i64(trade + TRADE_PRICE)
        security = security_at(status, slot)
        if effects & LAST == 0 or time < load_i64(status + OPEN) or time >= load_i64(status + CLOSE):
            continue
        if not room_for_sample(status):
            return number
        if effects & (OPENING | REOPENING) != 0:
            open_bands(status, slot, security, price, time)
        add_sample(status, security, time, price)
        renew_bands(status, slot, security, time)
        judge_best(market, slot, time)
    return newest


@inner_kernel
def judge_best(market: int, slot: int, time: int) -> None:
    """See whether the best quote of now is in a limit state."""
    best = load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES + INSTRUMENT_BID
    judge_quote(load_i64(market + STATUS), slot, load_i64(best), load_i64(best + 16), time)


@kernel
def tell_published(market: int, slot: int, venue: int, time: int, low: int, high: int) -> None:
    """Note the bands a feed publishes of an instrument."""
    publish_band(load_i64(market + STATUS), slot, venue, time, low, high)


@kernel
def renew_all_bands(market: int, now: int) -> None:
    """Let time pass over the price bands: windows empty, the first five minutes end, bands double."""
    status = load_i64(market + STATUS)
    for slot in range(1, load_i64(market + SLOTS)):
        renew_bands(status, slot, security_at(status, slot), now)
        judge_best(market, slot, now)


@kernel
def sweep_touched(header: int, market: int) -> None:
    """Carry the marks of books over to their instruments."""
    touched = load_i64(header + TOUCHED)
    for index in range(load_i64(header + TOUCHED_COUNT)):
        book = load_i64(header + BOOKS) + load_i32(touched + 4 * index) * BOOK_BYTES
        bits = load_u8(book + BOOK_MARKS)
        store_u8(book + BOOK_MARKS, 0)
        slot = load_i32(book + BOOK_INSTRUMENT)
        if slot != 0:
            mark(market, slot, bits)
    store_i64(header + TOUCHED_COUNT, 0)


@kernel
def take_touched(header: int, market: int, wanted: int, slots: NDArray[np.int64]) -> int:
    """Take the instruments with a wanted mark out into `slots`, clearing it; returns how many."""
    sweep_touched(header, market)
    pending = load_i64(market + PENDING)
    taken = 0
    kept = 0
    for index in range(load_i64(market + PENDING_COUNT)):
        slot = load_i32(pending + 4 * index)
        instrument = load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES
        bits = load_i32(instrument + INSTRUMENT_MARKS)
        if bits & wanted:
            slots[taken] = slot
            taken += 1
        bits &= ~wanted
        store_i32(instrument + INSTRUMENT_MARKS, bits)
        if bits != 0:
            store_i32(pending + 4 * kept, slot)
            kept += 1
    store_i64(market + PENDING_COUNT, kept)
    return taken


@kernel
def touch_all(market: int, instruments: int) -> None:
    """Mark every instrument as changed: a venue's books came or went."""
    for slot in range(1, instruments + 1):
        mark(market, slot, DEPTH | BEST | PRINT)


@kernel
def messages_length(buffer: NDArray[np.uint8], messages: int) -> int:
    """Bytes of the first so many framed messages of a buffer, or -1 when there are not that many whole ones."""
    address = address_of_bytes(buffer)
    offset = 0
    for _ in range(messages):
        step = frame_at(address + offset, buffer.size - offset)
        if step < 0:
            return -1
        offset += step
    return offset
