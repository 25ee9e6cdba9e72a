"""Order-by-order books: orders found by reference, queues at prices, prices in order.

Kernels over the records of `book_layout`, reached through the address of their header. Here an order comes to rest at
the end of its queue (`rest`) or loses shares (`reduce`), and ladders follow; which message means which is the matter of
`book_feed_kernel`. Nothing allocates: `shortage` says beforehand which array must grow, and Python grows it.
"""

from __future__ import annotations

from rushtrade.books.book_layout import (
    BEST,
    BOOK_BYTES,
    BOOK_MARKS,
    BOOK_SHOWN,
    BOOK_SIDES,
    BOOK_TIME,
    BOOKS,
    BUCKET_MASK,
    BUCKETS,
    DEPTH,
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
    LEVELS,
    LEVELS_FREE,
    LEVELS_ROOM,
    LEVELS_USED,
    ORDER_AHEAD,
    ORDER_BEHIND,
    ORDER_BYTES,
    ORDER_CHAIN,
    ORDER_LEVEL,
    ORDER_REFERENCE,
    ORDER_SHARES,
    ORDER_SIDE,
    ORDERS,
    ORDERS_FREE,
    ORDERS_LIVE,
    ORDERS_ROOM,
    ORDERS_USED,
    SHOWN_BOOK,
    SIDE_BEST,
    SIDE_BYTES,
    SIDE_LADDER,
    SIDE_LEVELS,
    SIDE_MASK,
    SIDE_ROOM,
    TOUCHED,
    TOUCHED_COUNT,
    VENUE_SHIFT,
)
from rushtrade.wire.address_kernel import (
    load_i32,
    load_i64,
    load_u8,
    load_u32,
    store_i32,
    store_i64,
    store_u8,
)
from rushtrade.wire.compiled import kernel
from rushtrade.wire.itch50_kernel import (
    DONE,
)

GROW_ORDERS, GROW_LEVELS, GROW_LADDERS, GROW_LOCATES = 17, 18, 19, 20
"""An array must grow before the next message can be taken."""
SPREAD = -7046029254386353131
"""2**64 divided by the golden ratio, as int64: scatters the high bits of references over the buckets."""


@kernel
def venue_of(header: int, order: int) -> int:
    """Venue of the book an order rests in."""
    return ((load_i32(order + ORDER_SIDE) & SIDE_MASK) >> 1) & ((1 << load_i64(header + VENUE_SHIFT)) - 1)


@kernel
def bucket_of(header: int, venue: int, reference: int) -> int:
    """Address of the bucket an order's chain begins in.

    Venues give references out nearly in sequence, so the low bits are the best hash there is: neighbours in time are
    neighbours in memory. Higher bits only shift whole ranges.
    """
    key = reference + venue * SPREAD
    bucket = (key ^ ((key >> 20) * SPREAD >> 32)) & load_i64(header + BUCKET_MASK)
    return load_i64(header + BUCKETS) + 4 * bucket


@kernel
def link_of(header: int, venue: int, reference: int) -> int:
    """Address of the link that holds an order's slot; it holds 0 when there is no such order."""
    orders = load_i64(header + ORDERS)
    link = bucket_of(header, venue, reference)
    slot = load_i32(link)
    while slot != 0:
        order = orders + slot * ORDER_BYTES
        if load_i64(order + ORDER_REFERENCE) == reference and venue_of(header, order) == venue:
            return link
        link = order + ORDER_CHAIN
        slot = load_i32(link)
    return link


@kernel
def slot_of(header: int, venue: int, reference: int) -> int:
    """Slot of an order, 0 when there is none."""
    return load_i32(link_of(header, venue, reference))


@kernel
def chain_all(header: int) -> None:
    """Put every live order into the buckets, which must be all zero: after they grew."""
    orders = load_i64(header + ORDERS)
    for slot in range(1, load_i64(header + ORDERS_USED)):
        order = orders + slot * ORDER_BYTES
        if load_u32(order + ORDER_SHARES) != 0:
            store_i32(order + ORDER_CHAIN, 0)
            link = link_of(header, venue_of(header, order), load_i64(order + ORDER_REFERENCE))
            store_i32(link, slot)


@kernel
def shortage(header: int) -> int:
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


@kernel
def rung_of(ladder: int, levels: int, key: int) -> int:
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


@kernel
def lengthen(header: int, side: int) -> None:
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


@kernel
def logarithm(power: int) -> int:
    """Binary logarithm of a power of two."""
    result = 0
    while power > 1:
        power >>= 1
        result += 1
    return result


@kernel
def level_at(header: int, side: int, key: int) -> int:
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
    store_i32(level + LEVEL_KEY, key)
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


@kernel
def drop_level(header: int, side: int, slot: int, key: int) -> None:
    """Take an empty level off its ladder."""
    levels = load_i32(side + SIDE_LEVELS) - 1
    ladder = load_i64(header + LADDERS) + 8 * load_i32(side + SIDE_LADDER)
    for rung in range(rung_of(ladder, levels + 1, key), levels + 1):
        store_i64(ladder + 8 * rung - 8, load_i64(ladder + 8 * rung))
    store_i32(side + SIDE_LEVELS, levels)
    store_i32(side + SIDE_BEST, load_u32(ladder + 8 * levels - 4) if levels > 0 else 0)
    store_i32(load_i64(header + LEVELS) + slot * LEVEL_BYTES + LEVEL_FIRST, load_i64(header + LEVELS_FREE))
    store_i64(header + LEVELS_FREE, slot)


@kernel
def touch(header: int, book_index: int, book: int, bits: int, time: int) -> None:
    """Note that a book changed; a book enters the list of touched ones once."""
    marks = load_u8(book + BOOK_MARKS)
    if marks == 0:
        count = load_i64(header + TOUCHED_COUNT)
        store_i32(load_i64(header + TOUCHED) + 4 * count, book_index)
        store_i64(header + TOUCHED_COUNT, count + 1)
    store_u8(book + BOOK_MARKS, marks | bits)
    store_i64(book + BOOK_TIME, time)


@kernel
def rest(header: int, whose_side: int, reference: int, shares: int, key: int, link: int, time: int) -> None:
    """Put a new order at the end of the queue of its price. `link` is the empty link for its reference.

    `whose_side` is `ORDER.side`: the index of the side, and the participant above it.
    """
    side_index = whose_side & SIDE_MASK
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
    level_slot = level_at(header, side, key)
    level = load_i64(header + LEVELS) + level_slot * LEVEL_BYTES
    last = load_i32(level + LEVEL_LAST)
    store_i64(order + ORDER_REFERENCE, reference)
    store_i32(order + ORDER_SHARES, shares)
    store_i32(order + ORDER_LEVEL, level_slot)
    store_i32(order + ORDER_AHEAD, last)
    store_i32(order + ORDER_BEHIND, 0)
    store_i32(order + ORDER_CHAIN, 0)
    store_i32(order + ORDER_SIDE, whose_side)
    if last != 0:
        store_i32(orders + last * ORDER_BYTES + ORDER_BEHIND, slot)
    else:
        store_i32(level + LEVEL_FIRST, slot)
    store_i32(level + LEVEL_LAST, slot)
    store_i32(level + LEVEL_ORDERS, load_i32(level + LEVEL_ORDERS) + 1)
    store_i64(level + LEVEL_SHARES, load_i64(level + LEVEL_SHARES) + shares)
    store_i64(header + ORDERS_LIVE, load_i64(header + ORDERS_LIVE) + 1)
    bits = DEPTH | BEST if key == load_u32(side + SIDE_BEST) else DEPTH
    if key >= load_u32(book + BOOK_SHOWN + 4 * (side_index & 1)):
        store_i64(header + SHOWN_BOOK, (side_index >> 1) + 1)
    touch(header, side_index >> 1, book, bits, time)


@kernel
def reduce(header: int, link: int, shares: int, bits: int, time: int) -> None:
    """Take shares from the order a link holds, and the order from its queue when none are left."""
    orders = load_i64(header + ORDERS)
    slot = load_i32(link)
    order = orders + slot * ORDER_BYTES
    level_slot = load_i32(order + ORDER_LEVEL)
    level = load_i64(header + LEVELS) + level_slot * LEVEL_BYTES
    side_index = load_i32(order + ORDER_SIDE) & SIDE_MASK
    book = load_i64(header + BOOKS) + (side_index >> 1) * BOOK_BYTES
    side = book + BOOK_SIDES + (side_index & 1) * SIDE_BYTES
    key = load_u32(level + LEVEL_KEY)
    bits |= DEPTH | BEST if key == load_u32(side + SIDE_BEST) else DEPTH
    if key >= load_u32(book + BOOK_SHOWN + 4 * (side_index & 1)):
        store_i64(header + SHOWN_BOOK, (side_index >> 1) + 1)
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


@kernel
def clear_venue(header: int, venue: int, time: int) -> None:
    """Take every order of a venue out of the books, marking what changes."""
    orders = load_i64(header + ORDERS)
    for slot in range(1, load_i64(header + ORDERS_USED)):
        order = orders + slot * ORDER_BYTES
        shares = load_u32(order + ORDER_SHARES)
        if shares != 0 and venue_of(header, order) == venue:
            reduce(header, link_of(header, venue, load_i64(order + ORDER_REFERENCE)), shares, 0, time)
