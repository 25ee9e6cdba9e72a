"""What the market as a whole displays, every share of it: best prices over all venues, the montage, the stamp of an order.

An order may meet every displayed share, odd lots too, so nothing here knows round lots: the national best by the rules is kept by
`best_kernel`. Nothing is cached between packet and question: a best level is two loads away, and there are few venues. A venue
that is not live has no say in any of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


from rushtrade.books.book_layout import (
    ASK,
    BID,
    BOOK_BYTES,
    BOOK_SIDES,
    BOOK_TIME,
    BOOKS,
    KEY_MAX,
    LADDERS,
    LEVEL_BYTES,
    LEVEL_ORDERS,
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
    VENUES,
)
from rushtrade.market.best_kernel import state_of
from rushtrade.market.market_layout import (
    INSTRUMENT_BID,
    INSTRUMENT_BYTES,
    INSTRUMENTS,
    MIDNIGHT,
    OUT,
    OUT_ROWS,
    SECURITIES,
)
from rushtrade.tape.tape_layout import LAST_PRICE, SECURITY_BYTES
from rushtrade.wire.address_kernel import (
    load_i32,
    load_i64,
    store_i64,
)
from rushtrade.wire.compiled import kernel

STAMP_LEVELS_MAX = 10
"""Levels of one venue in a stamp: what a sweep needs, and 240 bytes a venue at most."""


@kernel
def side_at(header: int, slot: int, venue: int, side: int) -> int:
    """Address of a side of an instrument's book at a venue; 0 when the venue has no say."""
    if load_i64(load_i64(header + VENUES) + venue * VENUE_BYTES + VENUE_STATE) != VENUE_LIVE:
        return 0
    listing = load_i64(header + LISTINGS) + 4 * (slot * load_i64(header + VENUE_COUNT) + venue)
    listed = load_i32(listing)
    if listed == 0:
        return 0
    return load_i64(header + BOOKS) + (listed - 1) * BOOK_BYTES + BOOK_SIDES + side * SIDE_BYTES


@kernel
def level_of(header: int, side_address: int, rank: int, side: int) -> tuple[int, int]:
    """Price and address of the level at a rank from the best, (0, 0) when there is none."""
    levels = load_i32(side_address + SIDE_LEVELS)
    if rank >= levels:
        return 0, 0
    entry = load_i64(
        load_i64(header + LADDERS) + 8 * (load_i32(side_address + SIDE_LADDER) + levels - 1 - rank)
    )
    key = (entry >> 32) & KEY_MAX
    price = key if side == BID else KEY_MAX - key
    return price, load_i64(header + LEVELS) + (entry & KEY_MAX) * LEVEL_BYTES


@kernel
def best_of(header: int, slot: int, side: int) -> tuple[int, int]:
    """Best price of a side over all live venues, and the shares all of them show at it."""
    price = 0
    shares = 0
    for venue in range(load_i64(header + VENUE_COUNT)):
        address = side_at(header, slot, venue, side)
        if address == 0:
            continue
        level_price, level = level_of(header, address, 0, side)
        if level == 0:
            continue
        better = level_price > price if side == BID else level_price < price
        if price == 0 or better:
            price, shares = level_price, load_i64(level + LEVEL_SHARES)
        elif level_price == price:
            shares += load_i64(level + LEVEL_SHARES)
    return price, shares


@kernel
def quote_time(header: int, market: int, slot: int) -> int:
    """Time of the last message about an instrument from a live venue, 0 when there was none."""
    latest = 0
    for venue in range(load_i64(header + VENUE_COUNT)):
        side = side_at(header, slot, venue, BID)
        if side != 0:
            latest = max(latest, load_i64(side - BOOK_SIDES + BOOK_TIME))
    return latest + load_i64(market + MIDNIGHT) if latest > 0 else 0


@kernel
def quote(header: int, market: int, slot: int) -> None:
    """Write time, bid, its shares, ask, its shares and the last price to the output."""
    out = load_i64(market + OUT)
    bid, bid_shares = best_of(header, slot, BID)
    ask, ask_shares = best_of(header, slot, ASK)
    store_i64(out, quote_time(header, market, slot))
    store_i64(out + 8, bid)
    store_i64(out + 16, bid_shares)
    store_i64(out + 24, ask)
    store_i64(out + 32, ask_shares)
    security = load_i64(market + SECURITIES) + slot * SECURITY_BYTES
    store_i64(out + 40, load_i64(security + LAST_PRICE))


@kernel
def displayed(header: int, market: int, slot: int) -> int:
    """`quote`, then the state; rows of (bid, shares, ask, shares) by venue behind it."""
    quote(header, market, slot)
    out = load_i64(market + OUT)
    row = out + 8 * OUT_ROWS
    for venue in range(load_i64(header + VENUE_COUNT)):
        for side in range(2):
            price = shares = 0
            address = side_at(header, slot, venue, side)
            if address != 0:
                price, level = level_of(header, address, 0, side)
                if level != 0:
                    shares = load_i64(level + LEVEL_SHARES)
            store_i64(row, price)
            store_i64(row + 8, shares)
            row += 16
    return state_of(load_i64(out + 8), load_i64(out + 24))


@kernel
def stamp(header: int, market: int, slot: int, side: int, shares: int, near: bool) -> int:
    """`quote`, then the levels an order could meet behind it; returns how many rows.

    Rows are (venue * 2 + side, price, shares): the side an order of `side` takes, venue by venue, best first, until
    the venue alone shows `shares` or `STAMP_LEVELS_MAX` are given; then, if `near`, the best of its own side by venue.
    """
    quote(header, market, slot)
    row = load_i64(market + OUT) + 8 * OUT_ROWS
    begin = row
    far = 1 - side
    for venue in range(load_i64(header + VENUE_COUNT)):
        address = side_at(header, slot, venue, far)
        if address == 0:
            continue
        shown = 0
        rank = 0
        while shown < shares and rank < STAMP_LEVELS_MAX:
            price, level = level_of(header, address, rank, far)
            if level == 0:
                break
            store_i64(row, venue * 2 + far)
            store_i64(row + 8, price)
            store_i64(row + 16, load_i64(level + LEVEL_SHARES))
            shown += load_i64(level + LEVEL_SHARES)
            row += 24
            rank += 1
    if near:
        for venue in range(load_i64(header + VENUE_COUNT)):
            address = side_at(header, slot, venue, side)
            if address == 0:
                continue
            price, level = level_of(header, address, 0, side)
            if level != 0:
                store_i64(row, venue * 2 + side)
                store_i64(row + 8, price)
                store_i64(row + 16, load_i64(level + LEVEL_SHARES))
                row += 24
    return (row - begin) // 24


@kernel
def montage(header: int, market: int, slot: int, depth: int) -> int:
    """Write rows of (venue, side, price, shares, orders), best first by venue and side; returns how many."""
    row = load_i64(market + OUT) + 8 * OUT_ROWS
    begin = row
    for venue in range(load_i64(header + VENUE_COUNT)):
        for side in range(2):
            address = side_at(header, slot, venue, side)
            if address == 0:
                continue
            for rank in range(min(depth, load_i32(address + SIDE_LEVELS))):
                price, level = level_of(header, address, rank, side)
                store_i64(row, venue)
                store_i64(row + 8, side)
                store_i64(row + 16, price)
                store_i64(row + 24, load_i64(level + LEVEL_SHARES))
                store_i64(row + 32, load_i32(level + LEVEL_ORDERS))
                row += 40
    return (row - begin) // 40


@kernel
def marks(market: int, slots: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
    """Fill a row of (national best bid, national best ask, last) for each slot: an odd lot makes no mark."""
    for index in range(slots.size):
        slot = slots[index]
        security = load_i64(market + SECURITIES) + slot * SECURITY_BYTES
        best = load_i64(market + INSTRUMENTS) + slot * INSTRUMENT_BYTES + INSTRUMENT_BID
        rows[index, 0] = load_i64(best)
        rows[index, 1] = load_i64(best + 16)
        rows[index, 2] = load_i64(security + LAST_PRICE)
