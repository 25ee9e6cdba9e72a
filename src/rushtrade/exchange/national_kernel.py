"""The venues seen side by side: what all others show in a stock, and quotes that go before anybody gets them.

Whoever supervises the venues reads the best displayed prices straight from their books; what he does with them is his
business. A venue counts when its flag says so and it trades the stock at the moment.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Final

from rushtrade.exchange.book_kernel import book_at, level_at, price_key, stock_at
from rushtrade.exchange.resting_kernel import reprice
from rushtrade.exchange.room_kernel import room_at
from rushtrade.exchange.tables import (
    B_LEVELS,
    B_PHASE,
    H_ORDERS,
    L_HEAD,
    O_FIRM,
    O_NEXT,
    O_PRICE,
    O_SHARES,
    S_LAST,
    S_LAST_TIME,
    S_PEGS,
    S_PRINT_SUM,
    S_PRINTS,
)
from rushtrade.exchange.taking_kernel import displayed_best, withdraw
from rushtrade.wire.address_kernel import load_i64, load_u16, store_i64
from rushtrade.wire.compiled import inner_kernel, kernel

PRINTS_BYTES: Final = 24


@inner_kernel
def counted_best(headers: int, counts: int, venue: int, locate: int, side: int) -> int:
    """Sort key of a venue's best displayed price; 0 when there is none that counts."""
    h = load_i64(headers + 8 * venue)
    if load_i64(counts + 8 * venue) == 0 or load_i64(book_at(h, locate, side) + B_PHASE):
        return 0
    price = displayed_best(h, locate, side)
    return price_key(side, price) if price else 0


@kernel
def best_shown(h: int, locate: int, side: int) -> int:
    """Best displayed price of a side of one venue's book; 0 when there is none."""
    return displayed_best(h, locate, side)


@kernel
def quotes_elsewhere(headers: int, counts: int, venues: int, locate: int, out: int) -> None:
    """Write for every venue the best bid and the best ask of all others that count (two words each, 0 = none).

    `headers`: address of the venues' headers; `counts`: address of a word a venue, 1 when its quotes count.
    """
    for side in range(2):
        best, second, holder = 0, 0, -1
        for venue in range(venues):
            key = counted_best(headers, counts, venue, locate, side)
            if key == 0:
                continue
            if best == 0 or key > best:
                best, second, holder = key, best, venue
            elif second == 0 or key > second:
                second = key
        for venue in range(venues):
            key = second if venue == holder else best
            store_i64(out + 16 * venue + 8 * side, -key if side else key)


@kernel
def gather_prints(headers: int, venues: int, stocks: int, out: int) -> None:
    """Write what every stock traded at all venues, from locate 1: how often, the sum of the prices, the last price."""
    for locate in range(1, stocks + 1):
        count, total, last, when = 0, 0, 0, -1
        for venue in range(venues):
            stock = stock_at(load_i64(headers + 8 * venue), locate)
            count += load_i64(stock + S_PRINTS)
            total += load_i64(stock + S_PRINT_SUM)
            if load_i64(stock + S_LAST) and load_i64(stock + S_LAST_TIME) > when:
                last, when = load_i64(stock + S_LAST), load_i64(stock + S_LAST_TIME)
        row = out + PRINTS_BYTES * (locate - 1)
        store_i64(row, count)
        store_i64(row + 8, total)
        store_i64(row + 16, last)


@kernel
def pegs_rest(headers: int, venues: int, locate: int) -> bool:
    """True while a pegged order of the stock rests anywhere: it follows what others show."""
    for venue in range(venues):
        if load_i64(stock_at(load_i64(headers + 8 * venue), locate) + S_PEGS):
            return True
    return False


@inner_kernel
def first_shown(h: int, book: int) -> int:
    """Address of the first displayed order at the best displayed price; 0 when nothing is displayed."""
    position = load_i64(book + B_LEVELS) - 1
    while position >= 0:
        handle = load_i64(level_at(h, book, position) + L_HEAD)
        if handle:
            return load_i64(h + H_ORDERS) + handle
        position -= 1
    return 0


@inner_kernel
def first_of_record(h: int, order: int) -> int:
    """Address of the first order of the recorded flow in a queue, from `order` on; 0 when customers alone stand there."""
    orders = load_i64(h + H_ORDERS)
    while load_u16(order + O_FIRM):
        handle = load_i64(order + O_NEXT)
        if handle == 0:
            return 0
        order = orders + handle
    return order


@kernel
def fade(h: int, locate: int, side: int, worst: int, shares: int) -> int:
    """Let displayed orders of the recorded flow go, from the best price to `worst`, until `shares` are gone.

    An order goes whole, as if customers had taken it: the record goes on believing in it. Returns the shares that went,
    or -1 - shares when a table was short: grow it and call again for the rest. Customers' orders stay; where they stand alone
    at the best price, nothing behind them goes.
    """
    gone, book = 0, book_at(h, locate, side)
    while gone < shares:
        shown = first_shown(h, book)
        if shown == 0:
            break
        order = first_of_record(h, shown)
        if order == 0 or price_key(side, load_i64(order + O_PRICE)) < price_key(side, worst):
            break
        if not room_at(h, locate, 0):
            return -1 - gone
        gone += load_i64(order + O_SHARES)
        withdraw(h, order)
        store_i64(order + O_SHARES, 0)
    reprice(h, locate)
    return gone
