"""The national best bid and offer by the rules, kept from message to message, and the stream of its changes.

What a venue **shows** of a side is its best price at which so many shares stand, there or better, that they make a round lot:
odd lots at better prices are added up from the best price down, and count at the last price that was needed, rounded down to
whole lots. What stands better than that is the venue's best odd lot, shown beside the quote and outside the national best.

The **national best** is taken over the venues whose book is known, whose quotes are protected (before order protection: all), that
have not halted the stock for reasons of their own and have not gone silent. Locked and crossed markets are states with a beginning
and a count, never repaired. A stock that is halted anywhere is `HALTED`, whatever is quoted.

A book tells from which key on a change matters (`BOOK.shown_bid`), so most messages cost one comparison here.
"""

from __future__ import annotations

from rushtrade.books.book_layout import (
    BEST,
    BID,
    BOOK_BYTES,
    BOOK_INSTRUMENT,
    BOOK_SHOWN,
    BOOK_SIDES,
    BOOK_TIME,
    BOOKS,
    KEY_MAX,
    LADDERS,
    LEVEL_BYTES,
    LEVEL_SHARES,
    LEVELS,
    LISTINGS,
    SIDE_BYTES,
    SIDE_LADDER,
    SIDE_LEVELS,
    VENUE_BYTES,
    VENUE_COUNT,
    VENUE_LIVE,
    VENUE_STATE,
    VENUE_TIME,
    VENUES,
)
from rushtrade.market.market_layout import (
    AGING,
    CHANGE_BID,
    CHANGE_BYTES,
    CHANGE_COUNT,
    CHANGE_INSTRUMENT,
    CHANGE_MASK,
    CHANGE_STATE,
    CHANGE_TIME,
    CHANGES,
    CROSSED,
    GOOD,
    HALTED,
    IDS,
    INSTRUMENT_BID,
    INSTRUMENT_BYTES,
    INSTRUMENT_CHECKED,
    INSTRUMENT_CROSSED_COUNT,
    INSTRUMENT_CROSSED_NS,
    INSTRUMENT_LOCKED_COUNT,
    INSTRUMENT_LOCKED_NS,
    INSTRUMENT_MARKS,
    INSTRUMENT_ODD_BID,
    INSTRUMENT_ROUND_LOT,
    INSTRUMENT_SINCE,
    INSTRUMENT_STATE,
    INSTRUMENT_TIME,
    INSTRUMENTS,
    LOCKED,
    MIDNIGHT,
    ONE_SIDED,
    PENDING,
    PENDING_COUNT,
    PROTECTION,
    ROUND_LOT,
    RULE_BY_QUOTE,
    RULE_BYTES,
    RULE_PROTECTED,
    RULE_STALE,
    RULE_STALE_NS,
    RULES,
    SHOWN_BYTES,
    SHOWN_QUOTES,
    SHOWN_SIDE_BYTES,
    SHOWN_TIME,
    SLOTS,
    STATUS,
    UNKNOWN,
)
from rushtrade.status.bands_kernel import judge_quote
from rushtrade.status.notice_kernel import HALTED as HALTED_LETTER
from rushtrade.status.notice_kernel import TRADING, centre_at, security_at
from rushtrade.status.status_layout import CENTRE_OPERATIONAL, SECURITY_TRADING
from rushtrade.wire.address_kernel import load_i32, load_i64, load_u8, store_i32, store_i64, store_u8
from rushtrade.wire.compiled import inner_kernel, kernel


@inner_kernel
def round_lot_of(market: int, slot: int) -> int:
    """Shares of an instrument's round lot."""
    lot = load_i32(load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES + INSTRUMENT_ROUND_LOT)
    return lot if lot > 0 else ROUND_LOT


@inner_kernel
def shown_at(header: int, market: int, slot: int, venue: int) -> int:
    """Address of what a venue shows of an instrument."""
    row = slot * load_i64(header + VENUE_COUNT) + venue
    return load_i64(market + SHOWN_QUOTES) + row * SHOWN_BYTES


@inner_kernel
def show_side(header: int, book: int, side: int, lot: int, out: int) -> None:
    """Write what a book's side shows: (price, shares) in round lots, (price, shares) of the best odd lot."""
    address = book + BOOK_SIDES + side * SIDE_BYTES
    levels = load_i32(address + SIDE_LEVELS)
    top = load_i64(header + LADDERS) + 8 * (load_i32(address + SIDE_LADDER) + levels - 1)
    total = best = best_shares = key = rank = 0
    while rank < levels and total < lot:  # at most as many levels as a lot has shares
        entry = load_i64(top - 8 * rank)
        key = (entry >> 32) & KEY_MAX
        shares = load_i64(load_i64(header + LEVELS) + (entry & KEY_MAX) * LEVEL_BYTES + LEVEL_SHARES)
        if rank == 0:
            best, best_shares = key, shares
        total += shares
        rank += 1
    reached = total >= lot
    odd = best_shares > 0 and (rank > 1 or not reached)
    store_i32(book + BOOK_SHOWN + 4 * side, key if reached else 0)
    store_i64(out, price_of(key, side) if reached else 0)
    store_i64(out + 8, total // lot * lot if reached else 0)
    store_i64(out + 16, price_of(best, side) if odd else 0)
    store_i64(out + 24, best_shares if odd else 0)


@inner_kernel
def price_of(key: int, side: int) -> int:
    """The price of a level's key."""
    return key if side == BID else KEY_MAX - key


@inner_kernel
def show_book(header: int, market: int, book: int, slot: int, venue: int) -> None:
    """Make anew what a venue shows of an instrument."""
    lot = round_lot_of(market, slot)
    shown = shown_at(header, market, slot, venue)
    for side in range(2):
        show_side(header, book, side, lot, shown + side * SHOWN_SIDE_BYTES)
    store_i64(shown + SHOWN_TIME, load_i64(market + MIDNIGHT) + load_i64(book + BOOK_TIME))


@inner_kernel
def expiry_of(header: int, market: int, slot: int, venue: int) -> int:
    """When the quote of a venue whose quotes grow old one by one does."""
    limit = load_i64(load_i64(market + RULES) + venue * RULE_BYTES + RULE_STALE_NS)
    return load_i64(shown_at(header, market, slot, venue) + SHOWN_TIME) + limit


@inner_kernel
def counts_at(header: int, market: int, slot: int, venue: int, time: int) -> bool:
    """Tell whether a venue's quote of an instrument takes part in the national best at a time."""
    if load_i64(load_i64(header + VENUES) + venue * VENUE_BYTES + VENUE_STATE) != VENUE_LIVE:
        return False
    rule = load_i64(market + RULES) + venue * RULE_BYTES
    if load_i64(market + PROTECTION) != 0 and load_u8(rule + RULE_PROTECTED) == 0:
        return False
    if load_u8(rule + RULE_STALE) != 0:
        return False
    if load_u8(rule + RULE_BY_QUOTE) != 0 and load_i64(rule + RULE_STALE_NS) > 0:
        if expiry_of(header, market, slot, venue) <= time:
            return False
    centre = centre_at(load_i64(market + STATUS), slot, venue)
    return load_u8(centre + CENTRE_OPERATIONAL) != HALTED_LETTER


@inner_kernel
def best_side(header: int, market: int, slot: int, side: int, counted: int) -> tuple[int, int, int]:
    """Best price of a side in round lots over the venues of a set, the shares there, and the venues at it."""
    price = shares = venues = 0
    for venue in range(load_i64(header + VENUE_COUNT)):
        if (counted >> venue) & 1 == 0:
            continue
        shown = shown_at(header, market, slot, venue) + side * SHOWN_SIDE_BYTES
        one = load_i64(shown)
        if one == 0:
            continue
        better = one > price if side == BID else one < price
        if price == 0 or better:
            price, shares, venues = one, load_i64(shown + 8), 1 << venue
        elif one == price:
            shares += load_i64(shown + 8)
            venues |= 1 << venue
    return price, shares, venues


@inner_kernel
def best_odd(header: int, market: int, slot: int, side: int, counted: int, than: int) -> tuple[int, int]:
    """Best odd lot of a side over the venues of a set, when it is better than the national best; (0, 0) otherwise."""
    price = than
    shares = 0
    for venue in range(load_i64(header + VENUE_COUNT)):
        shown = shown_at(header, market, slot, venue) + side * SHOWN_SIDE_BYTES
        one = load_i64(shown + 16)
        if (counted >> venue) & 1 == 0 or one == 0:
            continue
        better = one > price if side == BID else one < price
        if price == 0 or better:
            price, shares = one, load_i64(shown + 24)
        elif one == price and shares > 0:
            shares += load_i64(shown + 24)
    return (price, shares) if shares > 0 else (0, 0)


@inner_kernel
def state_of(bid: int, ask: int) -> int:
    """What a pair of best prices is called."""
    if bid == 0 and ask == 0:
        return UNKNOWN
    if bid == 0 or ask == 0:
        return ONE_SIDED
    if bid < ask:
        return GOOD
    return LOCKED if bid == ask else CROSSED


@inner_kernel
def enter_state(instrument: int, state: int, time: int) -> None:
    """End the state an instrument's quote is in, and begin another."""
    before = load_i32(instrument + INSTRUMENT_STATE)
    if before == state:
        return
    spell = time - load_i64(instrument + INSTRUMENT_SINCE)
    if before == LOCKED:
        store_i64(instrument + INSTRUMENT_LOCKED_NS, load_i64(instrument + INSTRUMENT_LOCKED_NS) + spell)
    elif before == CROSSED:
        store_i64(instrument + INSTRUMENT_CROSSED_NS, load_i64(instrument + INSTRUMENT_CROSSED_NS) + spell)
    if state == LOCKED:
        count = instrument + INSTRUMENT_LOCKED_COUNT
        store_i32(count, load_i32(count) + 1)
    elif state == CROSSED:
        count = instrument + INSTRUMENT_CROSSED_COUNT
        store_i32(count, load_i32(count) + 1)
    store_i32(instrument + INSTRUMENT_STATE, state)
    store_i64(instrument + INSTRUMENT_SINCE, time)


@inner_kernel
def mark(market: int, slot: int, bits: int) -> None:
    """Note that something of an instrument changed; it enters the list of those that wait once."""
    marks = load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES + INSTRUMENT_MARKS
    held = load_i32(marks)
    if held == 0:
        waiting = load_i64(market + PENDING_COUNT)
        store_i32(load_i64(market + PENDING) + 4 * waiting, slot)
        store_i64(market + PENDING_COUNT, waiting + 1)
    store_i32(marks, held | bits)


@inner_kernel
def put(address: int, value: int) -> bool:
    """Store a word and tell whether it was another one."""
    other = load_i64(address) != value
    store_i64(address, value)
    return other


@inner_kernel
def combine(header: int, market: int, slot: int, time: int) -> None:
    """Make the national best of an instrument anew from what venues show; write a change when it is another one."""
    counted = 0
    for venue in range(load_i64(header + VENUE_COUNT)):
        if counts_at(header, market, slot, venue, time):
            counted |= 1 << venue
    bid, bid_shares, bid_venues = best_side(header, market, slot, 0, counted)
    ask, ask_shares, ask_venues = best_side(header, market, slot, 1, counted)
    odd_bid, odd_bid_shares = best_odd(header, market, slot, 0, counted, bid)
    odd_ask, odd_ask_shares = best_odd(header, market, slot, 1, counted, ask)
    instrument = load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES
    best = instrument + INSTRUMENT_BID
    changed = put(best, bid) | put(best + 8, bid_shares) | put(best + 16, ask) | put(best + 24, ask_shares)
    changed |= put(best + 32, bid_venues) | put(best + 40, ask_venues)
    odd = instrument + INSTRUMENT_ODD_BID
    odd_changed = put(odd, odd_bid) | put(odd + 8, odd_bid_shares)
    odd_changed |= put(odd + 16, odd_ask) | put(odd + 24, odd_ask_shares)
    status = load_i64(market + STATUS)
    trading = load_u8(security_at(status, slot) + SECURITY_TRADING)
    state = state_of(bid, ask) if trading in (0, TRADING) else HALTED
    if not changed and state == load_i32(instrument + INSTRUMENT_STATE):
        if odd_changed:
            mark(market, slot, BEST)
        return
    enter_state(instrument, state, time)
    store_i64(instrument + INSTRUMENT_TIME, time)
    mark(market, slot, BEST)
    write_change(market, slot, instrument, time)
    judge_quote(status, slot, bid, ask, time)


@inner_kernel
def write_change(market: int, slot: int, instrument: int, time: int) -> None:
    """Put the best of an instrument at the end of the stream of changes."""
    count = load_i64(market + CHANGE_COUNT)
    change = load_i64(market + CHANGES) + (count & load_i64(market + CHANGE_MASK)) * CHANGE_BYTES
    store_i64(change + CHANGE_TIME, time)
    for word in range(0, 48, 8):
        store_i64(change + CHANGE_BID + word, load_i64(instrument + INSTRUMENT_BID + word))
    store_i32(change + CHANGE_INSTRUMENT, load_i64(load_i64(market + IDS) + 8 * slot))
    store_i32(change + CHANGE_STATE, load_i32(instrument + INSTRUMENT_STATE))
    store_i64(market + CHANGE_COUNT, count + 1)


@inner_kernel
def on_shown(header: int, market: int, book_index: int, venue: int, time: int) -> None:
    """A book changed where it is shown."""
    book = load_i64(header + BOOKS) + book_index * BOOK_BYTES
    slot = load_i32(book + BOOK_INSTRUMENT)
    if slot != 0:
        if load_i64(market + AGING) != 0:
            expire(header, market, slot, time - 1)
        show_book(header, market, book, slot, venue)
        combine(header, market, slot, time)


@kernel
def says(header: int, market: int, slot: int, venue: int) -> tuple[bool, bool]:
    """Tell whether a venue's quote of an instrument counts as of its last change, and whether its book is known at all."""
    live = load_i64(load_i64(header + VENUES) + venue * VENUE_BYTES + VENUE_STATE) == VENUE_LIVE
    checked = load_i64(load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES + INSTRUMENT_CHECKED)
    return counts_at(header, market, slot, venue, checked), live


@kernel
def renew_instrument(header: int, market: int, slot: int, time: int) -> None:
    """Make everything shown of an instrument anew: its round lot or its state changed."""
    for venue in range(load_i64(header + VENUE_COUNT)):
        listing = load_i64(header + LISTINGS) + 4 * (slot * load_i64(header + VENUE_COUNT) + venue)
        listed = load_i32(listing)
        if listed != 0:
            show_book(header, market, load_i64(header + BOOKS) + (listed - 1) * BOOK_BYTES, slot, venue)
    combine(header, market, slot, time)


@kernel
def renew_all(header: int, market: int, time: int) -> None:
    """Make all instruments anew: a venue's books came or went."""
    for slot in range(1, load_i64(market + SLOTS)):
        renew_instrument(header, market, slot, time)


@inner_kernel
def expire(header: int, market: int, slot: int, until: int) -> None:
    """Take an instrument's quotes that have grown too old out of its best, each at the very time it did."""
    checked = load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES + INSTRUMENT_CHECKED
    done = load_i64(checked)
    while done < until:
        following = until + 1
        for venue in range(load_i64(header + VENUE_COUNT)):
            rule = load_i64(market + RULES) + venue * RULE_BYTES
            if load_u8(rule + RULE_BY_QUOTE) == 0 or load_i64(rule + RULE_STALE_NS) <= 0:
                continue
            at = expiry_of(header, market, slot, venue)
            if done < at < following:
                following = at
        if following > until:
            break
        combine(header, market, slot, following)
        done = following
    store_i64(checked, max(done, until))


@kernel
def advance(header: int, market: int, now: int) -> None:
    """Let time pass: venues that have been silent for too long leave the national best, and quotes that have grown old."""
    for venue in range(load_i64(header + VENUE_COUNT)):
        rule = load_i64(market + RULES) + venue * RULE_BYTES
        limit = load_i64(rule + RULE_STALE_NS)
        if limit <= 0 or load_u8(rule + RULE_BY_QUOTE) != 0:
            continue
        heard = load_i64(load_i64(header + VENUES) + venue * VENUE_BYTES + VENUE_TIME)
        at = load_i64(market + MIDNIGHT) + heard + limit
        if heard > 0 and at <= now and load_u8(rule + RULE_STALE) == 0:
            store_u8(rule + RULE_STALE, 1)
            for slot in range(1, load_i64(market + SLOTS)):
                combine(header, market, slot, at)
    if load_i64(market + AGING) != 0:
        for slot in range(1, load_i64(market + SLOTS)):
            expire(header, market, slot, now)


@inner_kernel
def hear(header: int, market: int, venue: int, time: int) -> None:
    """A venue spoke: it is not silent any more."""
    rule = load_i64(market + RULES) + venue * RULE_BYTES
    if load_u8(rule + RULE_STALE) != 0:
        store_u8(rule + RULE_STALE, 0)
        for slot in range(1, load_i64(market + SLOTS)):
            combine(header, market, slot, time)
