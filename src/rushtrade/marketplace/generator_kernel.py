"""A believable order flow, generated: what eight stocks' participants might send on an ordinary day.

Theory of operation. Every stock has a fair value that is pulled to a slowly wandering anchor, and the anchor to the
start price, so that prices live for ever and never become absurd; regimes change its drift and how rough it is. The
generator keeps its participants' own orders, oldest first. Most messages add near the fair value or delete a young
order; ages of deleted orders, the mix of messages and the activity over the stocks follow what was measured on real
days (50/90/99 % of deletions hit the 6th/36th/132nd youngest order of the stock). A fair value that has run into the
other side's quotes, and a few impatient participants, execute the front of the best queue, sometimes sweeping on. Now
and then a stock is busy for a moment. All integers: prices carry eight more bits while they are fair values.

State lies in three arrays given by address: a header, one record per stock, and room for the stock's orders. The
stream is one endless sequence, cut only where the caller's room ends; the same seed gives the same bytes however it is
cut. Knows nothing of customers: they meet the flow in the venues' books.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Final

from rushtrade.exchange.mixing_kernel import mixed, next_state
from rushtrade.wire.address_kernel import load_i64, store_i64
from rushtrade.wire.compiled import inner_kernel, kernel
from rushtrade.wire.itch50_emit_kernel import (
    MESSAGE_BYTES_MAX,
    put_add,
    put_cancel,
    put_delete,
    put_executed,
    put_replace,
    put_trade,
)

# --- header (byte offsets) ----------------------------------------------------------------------------------
G_RANDOM: Final = 0
G_TIME: Final = 8
G_END: Final = 16  # the flow ends when its time passes this; 0 = never
G_STOCKS: Final = 24
G_INTERVAL: Final = 32  # mean nanoseconds between messages
G_NEXT_REFERENCE: Final = 40
G_NEXT_MATCH: Final = 48
G_STOCK: Final = 56  # the stock of the last message
G_SEEDS: Final = 64  # orders still to be put into the opening books
G_FINISHED: Final = 72
G_WEIGHTS: Final = 80  # sum of the stocks' weights
GENERATOR_BYTES: Final = 128

# --- stocks -------------------------------------------------------------------------------------------------
STOCK_BYTES: Final = 128
S_COUNT: Final = 0  # orders alive
S_NAME: Final = 8
S_START: Final = 16  # start price
S_FAIR: Final = 24  # price << FAIR_BITS
S_ANCHOR: Final = 32  # price << FAIR_BITS
S_DRIFT: Final = 40  # of the anchor, per message, in units of fair value
S_ROUGH: Final = 48  # how far the anchor may step, in units of fair value
S_WEIGHT: Final = 56
S_HALF_SPREAD: Final = 64  # price units
S_LOT: Final = 72  # the size most orders are a multiple of
S_TARGET: Final = 80  # orders the book is drawn to
S_BURST: Final = 88  # messages the busy moment still lasts
S_SWEEP: Final = 96  # shares an impatient participant still wants
S_SWEEP_SIDE: Final = 104  # the side that is being taken
S_NORMAL: Final = 112  # what S_ROUGH is in the calmest regime
S_TICK: Final = 120  # price grid

# --- orders -------------------------------------------------------------------------------------------------
ORDERS_MAX: Final = 512
GENERATED_BYTES: Final = 32
R_REFERENCE: Final = 0
R_SIDE: Final = 8
R_PRICE: Final = 16
R_SHARES: Final = 24

FAIR_BITS: Final = 8
SIDE_ORDERS_MIN: Final = 8
"""A side with fewer orders gets an add before anything else happens to it."""
BURST_SPEED: Final = 16
SWEEP_NS: Final = 2_000
PULL_BITS: Final = 9  # of the fair value to its anchor
HOME_BITS: Final = 20  # of the anchor to the start price
ATTRIBUTION: Final = int.from_bytes(b"RUSH", "little")


# --- chance -------------------------------------------------------------------------------------------------


@inner_kernel
def draw(g: int) -> int:
    """A random number of 62 bits (SplitMix64)."""
    state = next_state(load_i64(g + G_RANDOM))
    store_i64(g + G_RANDOM, state)
    return mixed(state) >> 1


@inner_kernel
def below(g: int, bound: int) -> int:
    """A random number from 0 to `bound` - 1."""
    return draw(g) % bound


@inner_kernel
def waiting(g: int, mean: int) -> int:
    """A nearly exponential random number with this mean: leading zeros and the bits behind them."""
    number = draw(g)
    bit = 1 << 61
    zeros = 0
    while bit > 1 and number & bit == 0:
        bit >>= 1
        zeros += 1
    rest = (number & (bit - 1)) // (bit >> 16) if bit >> 16 else 0
    return mean * (zeros * 65_536 + 65_536 - rest) // 98_304


# --- the participants' orders ---------------------------------------------------------------------------------


@inner_kernel
def order_at(orders: int, position: int) -> int:
    """Address of a stock's order, oldest first."""
    return orders + position * GENERATED_BYTES


@inner_kernel
def front(stock: int, orders: int, side: int) -> int:
    """Position of the first order of the best price of a side; -1 when the side is empty."""
    best, price = -1, 0
    for position in range(load_i64(stock + S_COUNT)):
        order = order_at(orders, position)
        if load_i64(order + R_SIDE) != side:
            continue
        here = load_i64(order + R_PRICE)
        if best < 0 or (here > price if side == 0 else here < price):
            best, price = position, here
    return best


@inner_kernel
def count_side(stock: int, orders: int, side: int) -> int:
    """Orders alive on a side."""
    count = 0
    for position in range(load_i64(stock + S_COUNT)):
        if load_i64(order_at(orders, position) + R_SIDE) == side:
            count += 1
    return count


@inner_kernel
def drop(stock: int, orders: int, position: int) -> None:
    """Forget an order."""
    count = load_i64(stock + S_COUNT) - 1
    store_i64(stock + S_COUNT, count)
    for word in range(position * GENERATED_BYTES, count * GENERATED_BYTES, 8):
        store_i64(orders + word, load_i64(orders + word + GENERATED_BYTES))


@inner_kernel
def keep(stock: int, orders: int, reference: int, side: int, price: int, shares: int) -> None:
    """Remember a new order as the youngest."""
    count = load_i64(stock + S_COUNT)
    order = order_at(orders, count)
    store_i64(order + R_REFERENCE, reference)
    store_i64(order + R_SIDE, side)
    store_i64(order + R_PRICE, price)
    store_i64(order + R_SHARES, shares)
    store_i64(stock + S_COUNT, count + 1)


@inner_kernel
def young(g: int, count: int) -> int:
    """Position of an order about to be withdrawn, by the ages measured on a real day."""
    chance = below(g, 100)
    if chance < 50:
        age = below(g, 6)
    elif chance < 90:
        age = 6 + below(g, 30)
    elif chance < 99:
        age = 36 + below(g, 96)
    else:
        age = below(g, count)
    return count - 1 - min(age, count - 1)


@inner_kernel
def size(g: int, stock: int) -> int:
    """Shares of an order: mostly one lot, sometimes several or an odd lot."""
    lot = load_i64(stock + S_LOT)
    chance = below(g, 100)
    if chance < 55:
        return lot
    if chance < 85:
        return lot * (1 + below(g, 5))
    if chance < 95:
        return 1 + below(g, lot)
    return lot * (5 + below(g, 20))


@inner_kernel
def quote(g: int, stock: int, side: int) -> int:
    """A price somebody might want on a side, by the fair value alone."""
    fair = load_i64(stock + S_FAIR) >> FAIR_BITS
    half, tick = load_i64(stock + S_HALF_SPREAD), load_i64(stock + S_TICK)
    away = 0
    if below(g, 100) >= 30:
        away = waiting(g, 3)
    if below(g, 100) < 4:
        away = 10 + waiting(g, 30)
    if side == 0:
        return max(tick, (fair - half) // tick * tick - away * tick)
    return -((-fair - half) // tick) * tick + away * tick


# --- messages -------------------------------------------------------------------------------------------------


@inner_kernel
def next_number(g: int, counter: int) -> int:
    """Draw the next number of a counter in the header."""
    number = load_i64(g + counter) + 1
    store_i64(g + counter, number)
    return number


@inner_kernel
def add(g: int, stock: int, orders: int, locate: int, at: int, side: int, price: int) -> int:
    """A new order at a price; now and then its participant is named."""
    reference, shares = next_number(g, G_NEXT_REFERENCE), size(g, stock)
    keep(stock, orders, reference, side, price, shares)
    attribution = ATTRIBUTION if below(g, 90) == 0 else 0
    name, time = load_i64(stock + S_NAME), load_i64(g + G_TIME)
    return put_add(at, locate, time, reference, side, shares, name, price, attribution)


@inner_kernel
def execute(g: int, stock: int, orders: int, locate: int, at: int, position: int, wanted: int) -> int:
    """Shares of one order are taken; what is still wanted waits for the next message."""
    order = order_at(orders, position)
    there = load_i64(order + R_SHARES)
    shares = min(wanted, there)
    reference, side = load_i64(order + R_REFERENCE), load_i64(order + R_SIDE)
    at = put_executed(at, locate, load_i64(g + G_TIME), reference, shares, next_number(g, G_NEXT_MATCH))
    store_i64(order + R_SHARES, there - shares)
    if shares == there:
        drop(stock, orders, position)
    store_i64(stock + S_SWEEP, wanted - shares)
    store_i64(stock + S_SWEEP_SIDE, side)
    return at


@inner_kernel
def withdraw(g: int, stock: int, orders: int, locate: int, at: int, position: int) -> int:
    """An order is deleted."""
    reference = load_i64(order_at(orders, position) + R_REFERENCE)
    drop(stock, orders, position)
    return put_delete(at, locate, load_i64(g + G_TIME), reference)


@inner_kernel
def replace(g: int, stock: int, orders: int, locate: int, at: int, position: int, price: int) -> int:
    """An order gives way to a new one."""
    order = order_at(orders, position)
    old, side = load_i64(order + R_REFERENCE), load_i64(order + R_SIDE)
    drop(stock, orders, position)
    reference, shares = next_number(g, G_NEXT_REFERENCE), size(g, stock)
    keep(stock, orders, reference, side, price, shares)
    return put_replace(at, locate, load_i64(g + G_TIME), old, reference, shares, price)


@inner_kernel
def print_unseen(g: int, stock: int, orders: int, locate: int, at: int) -> int:
    """An order nobody saw is executed, at the best price of a side or halfway to the other."""
    side = below(g, 2)
    position, other = front(stock, orders, side), front(stock, orders, 1 - side)
    price = load_i64(order_at(orders, position) + R_PRICE)
    if below(g, 2):
        price = (price + load_i64(order_at(orders, other) + R_PRICE)) // 2
    name, shares = load_i64(stock + S_NAME), size(g, stock)
    match = next_number(g, G_NEXT_MATCH)
    return put_trade(at, locate, load_i64(g + G_TIME), side, shares, name, price, match)


# --- the market -------------------------------------------------------------------------------------------------


@inner_kernel
def wander(g: int, stock: int) -> None:
    """Move anchor and fair value by one step; change the regime now and then."""
    start = load_i64(stock + S_START) << FAIR_BITS
    rough, drift = load_i64(stock + S_ROUGH), load_i64(stock + S_DRIFT)
    if below(g, 2_000) == 0:
        normal = load_i64(stock + S_NORMAL)
        rough = normal * (1 + below(g, 4))
        drift = below(g, normal // 32 + 1) - normal // 64
        store_i64(stock + S_ROUGH, rough)
    anchor = load_i64(stock + S_ANCHOR) + drift + below(g, rough + 1) - rough // 2
    anchor += (start - anchor) >> HOME_BITS
    if anchor > start + start // 4 or anchor < start - start // 4:
        drift = 0
        anchor = max(start - start // 4, min(start + start // 4, anchor))
    fair = load_i64(stock + S_FAIR) + below(g, rough // 4 + 1) - rough // 8
    store_i64(stock + S_DRIFT, drift)
    store_i64(stock + S_ANCHOR, anchor)
    store_i64(stock + S_FAIR, fair + ((anchor - fair) >> PULL_BITS))


@inner_kernel
def place(g: int, stock: int, orders: int, locate: int, at: int, side: int, moved: int) -> int:
    """Somebody wants a price: it is added, or replaces the order at position `moved`, or takes what it meets."""
    price = quote(g, stock, side)
    best = front(stock, orders, 1 - side)
    if best >= 0:
        there = load_i64(order_at(orders, best) + R_PRICE)
        if (price >= there) if side == 0 else (price <= there):
            if below(g, 4) and count_side(stock, orders, 1 - side) > 1:
                return withdraw(g, stock, orders, locate, at, best)  # its owner saw it coming
            return execute(g, stock, orders, locate, at, best, size(g, stock))
    if moved >= 0:
        return replace(g, stock, orders, locate, at, moved, price)
    if load_i64(stock + S_COUNT) < ORDERS_MAX:
        return add(g, stock, orders, locate, at, side, price)
    return withdraw(g, stock, orders, locate, at, 0)


@inner_kernel
def act(g: int, stock: int, orders: int, locate: int, at: int) -> int:
    """One message about a stock; returns the address behind it."""
    sweep, side = load_i64(stock + S_SWEEP), below(g, 2)
    if sweep:
        best = front(stock, orders, load_i64(stock + S_SWEEP_SIDE))
        if best >= 0 and below(g, 4):
            return execute(g, stock, orders, locate, at, best, sweep)
        store_i64(stock + S_SWEEP, 0)
    for thin in range(2):
        if count_side(stock, orders, thin) < SIDE_ORDERS_MIN:
            return place(g, stock, orders, locate, at, thin, -1)
    count = load_i64(stock + S_COUNT)
    chance = below(g, 1_000)
    if chance < 12:
        return execute(g, stock, orders, locate, at, front(stock, orders, side), size(g, stock))
    if chance < 18:
        return print_unseen(g, stock, orders, locate, at)
    position = young(g, count)
    order = order_at(orders, position)
    if chance < 30 and load_i64(order + R_SHARES) > 1:
        gone = 1 + below(g, load_i64(order + R_SHARES) - 1)
        store_i64(order + R_SHARES, load_i64(order + R_SHARES) - gone)
        return put_cancel(at, locate, load_i64(g + G_TIME), load_i64(order + R_REFERENCE), gone)
    if chance < 114:
        return place(g, stock, orders, locate, at, load_i64(order + R_SIDE), position)
    more = max(20, min(80, 53 + (load_i64(stock + S_TARGET) - count) // 4))
    if below(g, 100) < more:
        return place(g, stock, orders, locate, at, side, -1)
    return withdraw(g, stock, orders, locate, at, position)


@inner_kernel
def pick_stock(g: int, stocks: int) -> int:
    """Number of the stock of the next message: one in four stays, the others fall by activity."""
    current = load_i64(g + G_STOCK)
    busy = load_i64(stocks + current * STOCK_BYTES + S_BURST)
    sweeping = load_i64(stocks + current * STOCK_BYTES + S_SWEEP)
    if sweeping or busy or below(g, 4) == 0:
        return current
    point = below(g, load_i64(g + G_WEIGHTS))
    chosen = 0
    while point >= load_i64(stocks + chosen * STOCK_BYTES + S_WEIGHT):
        point -= load_i64(stocks + chosen * STOCK_BYTES + S_WEIGHT)
        chosen += 1
    return chosen


@inner_kernel
def pass_time(g: int, stock: int) -> None:
    """Let the time to the next message of a stock pass."""
    mean, burst = load_i64(g + G_INTERVAL), load_i64(stock + S_BURST)
    if load_i64(stock + S_SWEEP):
        mean = SWEEP_NS
    elif burst:
        mean = mean // BURST_SPEED + 1
        store_i64(stock + S_BURST, burst - 1)
    elif below(g, 3_000) == 0:
        store_i64(stock + S_BURST, 20 + below(g, 200))
    store_i64(g + G_TIME, load_i64(g + G_TIME) + 1 + waiting(g, mean))


@inner_kernel
def seed_books(g: int, stocks: int, room: int, at: int) -> int:
    """Put the next order of the opening books, at the opening time, stock by stock and side by side."""
    left = load_i64(g + G_SEEDS) - 1
    store_i64(g + G_SEEDS, left)
    number = left % load_i64(g + G_STOCKS)
    stock = stocks + number * STOCK_BYTES
    orders = room + number * ORDERS_MAX * GENERATED_BYTES
    side = (left // load_i64(g + G_STOCKS)) & 1
    return add(g, stock, orders, number + 1, at, side, quote(g, stock, side))


@kernel
def generate(g: int, stocks: int, room: int, at: int, end: int) -> int:
    """Write messages until the room ends or the day does; returns the address behind the last one."""
    while at + MESSAGE_BYTES_MAX <= end and load_i64(g + G_FINISHED) == 0:
        if load_i64(g + G_SEEDS):
            at = seed_books(g, stocks, room, at)
            continue
        number = pick_stock(g, stocks)
        store_i64(g + G_STOCK, number)
        stock = stocks + number * STOCK_BYTES
        pass_time(g, stock)
        if load_i64(g + G_END) and load_i64(g + G_TIME) > load_i64(g + G_END):
            store_i64(g + G_FINISHED, 1)
            return at
        wander(g, stock)
        orders = room + number * ORDERS_MAX * GENERATED_BYTES
        at = act(g, stock, orders, number + 1, at)
    return at
