"""Depth in every cut: levels of all venues put together by price, by market participant, order by order, and a place in a queue.

Answers are rows written to the output, as `quote_kernel` does. A venue that is not live has no depth.
"""

from __future__ import annotations

from rushtrade.books.book_kernel import slot_of
from rushtrade.books.book_layout import (
    BID,
    BOOK_BYTES,
    BOOK_INSTRUMENT,
    BOOKS,
    KEY_MAX,
    LEVEL_BYTES,
    LEVEL_FIRST,
    LEVEL_KEY,
    LEVEL_ORDERS,
    LEVEL_SHARES,
    LEVELS,
    ORDER_AHEAD,
    ORDER_BEHIND,
    ORDER_BYTES,
    ORDER_LEVEL,
    ORDER_REFERENCE,
    ORDER_SHARES,
    ORDER_SIDE,
    ORDERS,
    PARTICIPANT_SHIFT,
    PARTICIPANTS,
    SIDE_MASK,
    VENUE_BYTES,
    VENUE_COUNT,
    VENUE_LIVE,
    VENUE_STATE,
    VENUES,
)
from rushtrade.market.market_layout import OUT, OUT_ROWS
from rushtrade.market.quote_kernel import level_of, side_at
from rushtrade.wire.address_kernel import load_i32, load_i64, load_u32, store_i64
from rushtrade.wire.compiled import inner_kernel, kernel

DEPTH_BYTES, PARTICIPANT_BYTES = 40, 48


@inner_kernel
def is_nearer(price: int, than: int, side: int) -> bool:
    """Tell whether a price comes before another one from the best on; 0 is no price."""
    return than == 0 or (price > than if side == BID else price < than)


@inner_kernel
def price_after(header: int, slot: int, side: int, last: int) -> int:
    """The best price of a side over all live venues that is worse than `last` (0: the best of all); 0 when there is none."""
    found = 0
    for venue in range(load_i64(header + VENUE_COUNT)):
        address = side_at(header, slot, venue, side)
        rank = 0
        while address != 0:
            price, level = level_of(header, address, rank, side)
            if level == 0:
                break
            if last == 0 or is_nearer(last, price, side):
                if is_nearer(price, found, side):
                    found = price
                break
            rank += 1
    return found


@kernel
def aggregate(header: int, market: int, slot: int, depth: int) -> int:
    """Write rows of (side, price, shares, orders, venues), bids then asks, best first; returns how many.

    `venues` has a bit for every venue with a level at the price.
    """
    row = load_i64(market + OUT) + 8 * OUT_ROWS
    begin = row
    for side in range(2):
        price = 0
        for _ in range(depth):
            price = price_after(header, slot, side, price)
            if price == 0:
                break
            write_level(header, slot, side, price, row)
            row += DEPTH_BYTES
    return (row - begin) // DEPTH_BYTES


@inner_kernel
def write_level(header: int, slot: int, side: int, price: int, row: int) -> None:
    """Write what all live venues together show at a price."""
    shares = orders = venues = 0
    for venue in range(load_i64(header + VENUE_COUNT)):
        address = side_at(header, slot, venue, side)
        rank = 0
        while address != 0:
            one, level = level_of(header, address, rank, side)
            if level == 0 or is_nearer(price, one, side):
                break
            if one == price:
                shares += load_i64(level + LEVEL_SHARES)
                orders += load_i32(level + LEVEL_ORDERS)
                venues |= 1 << venue
                break
            rank += 1
    store_i64(row, side)
    store_i64(row + 8, price)
    store_i64(row + 16, shares)
    store_i64(row + 24, orders)
    store_i64(row + 32, venues)


@kernel
def queue(header: int, market: int, slot: int, venue: int, side: int, depth: int, limit: int) -> int:
    """Write rows of (price, reference, shares, participant, place) of a venue's orders, best price and first in line first.

    At most `depth` levels and `limit` rows; returns how many.
    """
    row = load_i64(market + OUT) + 8 * OUT_ROWS
    written = 0
    address = side_at(header, slot, venue, side)
    if address == 0:
        return 0
    for rank in range(depth):
        price, level = level_of(header, address, rank, side)
        if level == 0:
            break
        place = load_i32(level + LEVEL_FIRST)
        ahead = 0
        while place != 0 and written < limit:
            order = load_i64(header + ORDERS) + place * ORDER_BYTES
            store_i64(row, price)
            store_i64(row + 8, load_i64(order + ORDER_REFERENCE))
            store_i64(row + 16, load_u32(order + ORDER_SHARES))
            store_i64(row + 24, participant_of(header, order))
            store_i64(row + 32, ahead)
            ahead += load_u32(order + ORDER_SHARES)
            row += DEPTH_BYTES
            written += 1
            place = load_i32(order + ORDER_BEHIND)
    return written


@inner_kernel
def participant_of(header: int, order: int) -> int:
    """The four letters of the participant an order is attributed to, as one number; 0 for none."""
    return load_i64(load_i64(header + PARTICIPANTS) + 8 * (load_i32(order + ORDER_SIDE) >> PARTICIPANT_SHIFT))


@kernel
def participants(header: int, market: int, slot: int, depth: int, limit: int) -> int:
    """Write rows of (venue, side, price, shares, orders, participant): each participant's part of every level.

    Venue by venue, bids then asks, best first; a level's participants in the order of their first order in line, those not
    attributed as participant 0. At most `depth` levels a side and `limit` rows; returns how many.
    """
    begin = load_i64(market + OUT) + 8 * OUT_ROWS
    written = 0
    for venue in range(load_i64(header + VENUE_COUNT)):
        for side in range(2):
            address = side_at(header, slot, venue, side)
            rank = 0
            while address != 0 and rank < depth:
                price, level = level_of(header, address, rank, side)
                if level == 0:
                    break
                written = part_level(header, begin, written, limit, venue * 2 + side, price, level)
                rank += 1
    return written


@inner_kernel
def part_level(header: int, begin: int, written: int, limit: int, whose: int, price: int, level: int) -> int:
    """Write a level by participants behind the rows there are; returns how many rows there are then."""
    first = written
    place = load_i32(level + LEVEL_FIRST)
    while place != 0:
        order = load_i64(header + ORDERS) + place * ORDER_BYTES
        who = participant_of(header, order)
        index = first
        while index < written and load_i64(begin + index * PARTICIPANT_BYTES + 40) != who:
            index += 1
        row = begin + index * PARTICIPANT_BYTES
        if index == written:
            if written == limit:
                break
            written += 1
            store_i64(row, whose >> 1)
            store_i64(row + 8, whose & 1)
            store_i64(row + 16, price)
            store_i64(row + 24, 0)
            store_i64(row + 32, 0)
            store_i64(row + 40, who)
        store_i64(row + 24, load_i64(row + 24) + load_u32(order + ORDER_SHARES))
        store_i64(row + 32, load_i64(row + 32) + 1)
        place = load_i32(order + ORDER_BEHIND)
    return written


@kernel
def queue_place(header: int, market: int, venue: int, reference: int) -> int:
    """Write where an order stands: (slot, side, price, shares, shares ahead, orders ahead, shares and orders of the level).

    Returns 0 when the venue's books are not known or no such order rests in them, else 1. Walks from the order to the front
    of its queue.
    """
    if load_i64(load_i64(header + VENUES) + venue * VENUE_BYTES + VENUE_STATE) != VENUE_LIVE:
        return 0
    place = slot_of(header, venue, reference)
    if place == 0:
        return 0
    orders = load_i64(header + ORDERS)
    order = orders + place * ORDER_BYTES
    side_index = load_i32(order + ORDER_SIDE) & SIDE_MASK
    level = load_i64(header + LEVELS) + load_i32(order + ORDER_LEVEL) * LEVEL_BYTES
    key = load_u32(level + LEVEL_KEY)
    out = load_i64(market + OUT)
    shares = count = 0
    before = load_i32(order + ORDER_AHEAD)
    while before != 0:
        shares += load_u32(orders + before * ORDER_BYTES + ORDER_SHARES)
        count += 1
        before = load_i32(orders + before * ORDER_BYTES + ORDER_AHEAD)
    book = load_i64(header + BOOKS) + (side_index >> 1) * BOOK_BYTES
    store_i64(out, load_i32(book + BOOK_INSTRUMENT))
    store_i64(out + 8, side_index & 1)
    store_i64(out + 16, key if side_index & 1 == BID else KEY_MAX - key)
    store_i64(out + 24, load_u32(order + ORDER_SHARES))
    store_i64(out + 32, shares)
    store_i64(out + 40, count)
    store_i64(out + 48, load_i64(level + LEVEL_SHARES))
    store_i64(out + 56, load_i32(level + LEVEL_ORDERS))
    return 1
