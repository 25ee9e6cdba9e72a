"""The best of many venues' quotes as a series, in bulk: the compiled twin of `nbbo_series.NbboSeries`.

State is a row of words a venue (`QUOTE`) and a few words of its own (`STATE`), all in numpy arrays at addresses. Venues are bits of a mask,
in the order in which they were first heard of. Before a quote is taken, time passes: the venue whose quote grows stale first is found by
looking at all there are, which are few.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from rushtrade.wire.address_kernel import load_i64, store_i64
from rushtrade.wire.compiled import inner_kernel, kernel

VENUES_MAX = 64
QUOTE = ("time", "bid", "bid_size", "ask", "ask_size", "fresh")
"""Words of a venue; `fresh` is 0 once its quote has grown stale, and before its first."""
STATE = (
    "now",
    "venues",
    "stale_after",
    "rows_known",
    "backwards",
    "crowded",
    "in_0",
    "in_1",
    "in_2",
    "in_3",
    "in_4",
)
"""`in_0` to `in_4`: nanoseconds spent in each state; `rows_known` whether there is a last row."""
ROW = ("time", "bid", "bid_size", "bid_venues", "ask", "ask_size", "ask_venues", "state", "stale_venues")
EMPTY, ONE_SIDED, NORMAL, LOCKED, CROSSED = range(5)
FOREVER = (1 << 63) - 1

QUOTE_BYTES, ROW_BYTES = 8 * len(QUOTE), 8 * len(ROW)
Q_TIME, Q_BID, Q_BID_SIZE, Q_ASK, Q_ASK_SIZE, Q_FRESH = range(0, QUOTE_BYTES, 8)
NOW, VENUES, STALE_AFTER, ROWS_KNOWN, BACKWARDS, CROWDED, IN_STATE = range(0, 56, 8)
R_STATE = 8 * ROW.index("state")


@inner_kernel
def pass_time(state: int, last: int, time: int) -> None:
    """Let time pass in the state of the last row."""
    if load_i64(state + ROWS_KNOWN):
        place = state + IN_STATE + 8 * load_i64(last + R_STATE)
        store_i64(place, load_i64(place) + time - load_i64(state + NOW))
    store_i64(state + NOW, time)


@inner_kernel
def more(sum_so_far: int, size: int) -> int:
    """Add sizes; what no word holds is the most it holds."""
    return min(sum_so_far, FOREVER - size) + size


@inner_kernel
def write_best(state: int, quotes: int, time: int, row: int) -> None:
    """Write the best of what is fresh."""
    after = load_i64(state + STALE_AFTER)
    bid = bid_size = bid_venues = ask = ask_size = ask_venues = stale = 0
    for venue in range(load_i64(state + VENUES)):
        quote, bit = quotes + venue * QUOTE_BYTES, 1 << venue
        if load_i64(quote + Q_FRESH) == 0 or load_i64(quote + Q_TIME) + after <= time:
            stale |= bit
            continue
        price, size = load_i64(quote + Q_BID), load_i64(quote + Q_BID_SIZE)
        if price and size and price > bid:
            bid, bid_size, bid_venues = price, size, bit
        elif price and size and price == bid:
            bid_size, bid_venues = more(bid_size, size), bid_venues | bit
        price, size = load_i64(quote + Q_ASK), load_i64(quote + Q_ASK_SIZE)
        if price and size and (price < ask or ask == 0):
            ask, ask_size, ask_venues = price, size, bit
        elif price and size and price == ask:
            ask_size, ask_venues = more(ask_size, size), ask_venues | bit
    kind = NORMAL
    if bid == 0 or ask == 0:
        kind = ONE_SIDED if bid or ask else EMPTY
    elif bid >= ask:
        kind = CROSSED if bid > ask else LOCKED
    words = (time, bid, bid_size, bid_venues, ask, ask_size, ask_venues, kind, stale)
    for place in range(len(ROW)):
        store_i64(row + 8 * place, words[place])


@inner_kernel
def add_row(state: int, quotes: int, last: int, out: int) -> int:
    """Write a row if it says anything else than the last one did; 1 when it does."""
    write_best(state, quotes, load_i64(state + NOW), out)
    same = load_i64(state + ROWS_KNOWN)
    for at in range(8, ROW_BYTES, 8):
        if load_i64(out + at) != load_i64(last + at):
            same = 0
    if same:
        return 0
    for at in range(0, ROW_BYTES, 8):
        store_i64(last + at, load_i64(out + at))
    store_i64(state + ROWS_KNOWN, 1)
    return 1


@inner_kernel
def grow_stale(state: int, quotes: int, last: int, until: int, out: int) -> int:
    """Let the quotes that grow stale by a time do so; returns the rows written. At most one a venue."""
    after, count = load_i64(state + STALE_AFTER), 0
    while True:
        first = FOREVER
        for venue in range(load_i64(state + VENUES)):
            quote = quotes + venue * QUOTE_BYTES
            if load_i64(quote + Q_FRESH):
                first = min(first, load_i64(quote + Q_TIME))
        if first == FOREVER or first + after > until:
            return count
        for venue in range(load_i64(state + VENUES)):
            quote = quotes + venue * QUOTE_BYTES
            if load_i64(quote + Q_TIME) == first:
                store_i64(quote + Q_FRESH, 0)
        pass_time(state, last, first + after)
        count += add_row(state, quotes, last, out + count * ROW_BYTES)


@kernel
def advance(state: int, quotes: int, last: int, time: int, out: int) -> int:
    """Let time pass without a quote; returns the rows written, for at most `VENUES_MAX` of which `out` has room."""
    count = grow_stale(state, quotes, last, time, out)
    if time > load_i64(state + NOW):
        pass_time(state, last, time)
    return count


@kernel
def take(
    state: int, quotes: int, last: int, columns: int, begin: int, end: int, out: int, room: int
) -> tuple[int, int]:
    """Take quotes `begin` to `end - 1`. Returns (the first quote not taken, rows written).

    `columns` has the addresses of six columns of words: the venue's number, then those of `QUOTE` but the last.
    """
    count = 0
    for index in range(begin, end):
        if room - count <= VENUES_MAX:
            return index, count
        number = load_i64(load_i64(columns) + 8 * index)
        time = load_i64(load_i64(columns + 8) + 8 * index)
        now = load_i64(state + NOW)
        if time < now:
            store_i64(state + BACKWARDS, load_i64(state + BACKWARDS) + 1)
            time = now
        count += advance(state, quotes, last, time - 1, out + count * ROW_BYTES)
        pass_time(state, last, time)
        if number >= VENUES_MAX:
            store_i64(state + CROWDED, load_i64(state + CROWDED) + 1)
            continue
        store_i64(state + VENUES, max(load_i64(state + VENUES), number + 1))
        quote = quotes + number * QUOTE_BYTES
        store_i64(quote + Q_TIME, time)
        for word in range(1, len(QUOTE) - 1):
            store_i64(quote + 8 * word, load_i64(load_i64(columns + 8 + 8 * word) + 8 * index))
        store_i64(quote + Q_FRESH, 1)
        count += add_row(state, quotes, last, out + count * ROW_BYTES)
    return end, count
