"""ITCH 5.0 messages become rows of `mbo` and `trades`, in Databento's words.

An ITCH message that reduces or replaces an order does not say its price, side and size; `mbo` rows do. So the resting orders
are remembered here, and nothing else of a book: one open table by reference, linear probing, no tombstones.

==========  =========================================================================================================
A F         A
E           T (side of the aggressor), F (side of the resting order), C of the same shares
C           the same, T and F at the price of the execution; without T when it is not printed
X D         C of the shares that leave
U           C of all of the old order, A of the new one
P Q         T without a side; Q of no shares nothing
B           a row of `trades` with action X and the match number that is void
==========  =========================================================================================================

The last row of a message carries `F_LAST`. What contradicts the remembered orders gives no row and is counted, as the books do.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rushtrade.ticks.schemas import F_LAST, PRICE_SCALE, SCHEMAS
from rushtrade.wire.address_kernel import (
    address_of_bytes,
    load_be16,
    load_be32,
    load_be64,
    load_i32,
    load_i64,
    load_u8,
    load_u32,
    store_be16,
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
    FULL,
    NON_CROSS,
    REPLACE,
    frame_at,
    timestamp_at,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESTING = np.dtype(
    [("reference", "<i8"), ("price", "<u4"), ("shares", "<u4"), ("side", "<i4"), ("instrument", "<u4")]
)
"""An order that rests; a place of the table with 0 shares is free. `side` is its letter, B or A."""
RESTING_BYTES = RESTING.itemsize

NAME_NEEDED, GROW = 32, 33
"""Stops: a stock is met that has no number yet; the table of orders is half full."""
ROWS_A_MESSAGE = 3
SPREAD = -7046029254386353131
DIRECTORY = ord("R")

ANOMALIES = ("unknown_reference", "duplicate_reference", "excess_shares", "bad_order")
UNKNOWN_REFERENCE, DUPLICATE_REFERENCE, EXCESS_SHARES, BAD_ORDER = range(4)

STATE = (
    "table",
    "mask",
    "live",
    "locates",
    "mbo",
    "mbo_rows",
    "trades",
    "trade_rows",
    "others",
    "other_rows",
    "room",
    "publisher",
    "midnight",
    "received",
    "sequence",
    "flags",
    "consumed",
    "anomalies",
)
"""Words of the state: addresses, sizes, what every row of a call has in common, results; anomalies to the end."""
(
    TABLE,
    MASK,
    LIVE,
    LOCATES,
    MBO,
    MBO_ROWS,
    TRADES,
    TRADE_ROWS,
    OTHERS,
    OTHER_ROWS,
    ROOM,
    PUBLISHER,
    MIDNIGHT,
    RECEIVED,
    SEQUENCE,
    FLAGS,
    CONSUMED,
    ANOMALIES_AT,
) = range(0, 8 * len(STATE), 8)
STATE_WORDS = len(STATE) + len(ANOMALIES)


def _offset(schema: str, name: str) -> int:
    fields = SCHEMAS[schema].dtype.fields
    assert fields is not None
    return int(fields[name][1])


MBO_BYTES, TRADE_BYTES = SCHEMAS["mbo"].dtype.itemsize, SCHEMAS["trades"].dtype.itemsize
RECEIVED_AT, EVENT_AT, PUBLISHER_AT, INSTRUMENT_AT, SEQUENCE_AT = (
    _offset("mbo", name) for name in ("ts_recv", "ts_event", "publisher_id", "instrument_id", "sequence")
)
ACTION_AT, SIDE_AT, FLAGS_AT, PRICE_AT, SIZE_AT = (
    _offset("mbo", name) for name in ("action", "side", "flags", "price", "size")
)
"""`trades` begins with the same columns as `mbo`."""
ORDER_AT, MBO_MESSAGE_AT = _offset("mbo", "order_id"), _offset("mbo", "message")
TRADE_ID_AT, TRADE_MESSAGE_AT = _offset("trades", "trade_id"), _offset("trades", "message")
MILLIONTHS_AT, CONDITIONS_AT = _offset("trades", "size_millionths"), _offset("trades", "conditions")

LETTER_A, LETTER_B, LETTER_C, LETTER_F = ord("A"), ord("B"), ord("C"), ord("F")
LETTER_N, LETTER_T, LETTER_X, YES = ord("N"), ord("T"), ord("X"), ord("Y")


@kernel
def home_of(state: int, reference: int) -> int:
    """Place of the table a reference belongs to."""
    return (reference ^ ((reference >> 20) * SPREAD >> 32)) & load_i64(state + MASK)


@kernel
def find(state: int, reference: int) -> int:
    """Place of an order, or the free place where its search ends."""
    table, mask = load_i64(state + TABLE), load_i64(state + MASK)
    place = home_of(state, reference)
    while True:
        entry = table + place * RESTING_BYTES
        if load_u32(entry + 12) == 0 or load_i64(entry) == reference:
            return place
        place = (place + 1) & mask


@kernel
def put(state: int, place: int, reference: int, price: int, shares: int, side: int, instrument: int) -> None:
    """Remember an order at the free place found for it."""
    entry = load_i64(state + TABLE) + place * RESTING_BYTES
    store_i64(entry, reference)
    store_i32(entry + 8, price)
    store_i32(entry + 12, shares)
    store_i32(entry + 16, side)
    store_i32(entry + 20, instrument)
    store_i64(state + LIVE, load_i64(state + LIVE) + 1)


@kernel
def forget(state: int, place: int) -> None:
    """Free a place, and move up what its entry had pushed further."""
    table, mask = load_i64(state + TABLE), load_i64(state + MASK)
    hole, at = place, (place + 1) & mask
    while load_u32(table + at * RESTING_BYTES + 12) != 0:
        entry = table + at * RESTING_BYTES
        home = home_of(state, load_i64(entry))
        if ((at - home) & mask) >= ((at - hole) & mask):
            for word in range(0, RESTING_BYTES, 8):
                store_i64(table + hole * RESTING_BYTES + word, load_i64(entry + word))
            hole = at
        at = (at + 1) & mask
    store_i32(table + hole * RESTING_BYTES + 12, 0)
    store_i64(state + LIVE, load_i64(state + LIVE) - 1)


@kernel
def put_all(state: int, old: int, places: int) -> None:
    """Remember the orders of an older table in a new, empty one."""
    store_i64(state + LIVE, 0)
    for place in range(places):
        entry = old + place * RESTING_BYTES
        shares = load_u32(entry + 12)
        if shares != 0:
            reference = load_i64(entry)
            put(
                state,
                find(state, reference),
                reference,
                load_u32(entry + 8),
                shares,
                load_i32(entry + 16),
                load_u32(entry + 20),
            )


@kernel
def count_anomaly(state: int, kind: int) -> None:
    """Count what contradicts the remembered orders."""
    counter = state + ANOMALIES_AT + 8 * kind
    store_i64(counter, load_i64(counter) + 1)


@kernel
def head(
    state: int, row: int, message: int, instrument: int, action: int, side: int, price: int, size: int
) -> None:
    """Columns `mbo` and `trades` have in common."""
    time, received = timestamp_at(message) + load_i64(state + MIDNIGHT), load_i64(state + RECEIVED)
    store_i64(row + RECEIVED_AT, received if received > 0 else time)
    store_i64(row + EVENT_AT, time)
    store_u16(row + PUBLISHER_AT, load_i64(state + PUBLISHER))
    store_i32(row + INSTRUMENT_AT, instrument)
    store_i64(row + SEQUENCE_AT, load_i64(state + SEQUENCE))
    store_u8(row + ACTION_AT, action)
    store_u8(row + SIDE_AT, side)
    store_u8(row + FLAGS_AT, load_i64(state + FLAGS))
    store_i64(row + PRICE_AT, price * PRICE_SCALE)
    store_i64(row + SIZE_AT, size)


@kernel
def mbo_row(
    state: int, message: int, instrument: int, action: int, side: int, price: int, size: int, order: int
) -> None:
    """A row of `mbo`."""
    count = load_i64(state + MBO_ROWS)
    row = load_i64(state + MBO) + count * MBO_BYTES
    head(state, row, message, instrument, action, side, price, size)
    store_i64(row + ORDER_AT, order)
    store_u16(row + MBO_MESSAGE_AT, load_u8(message))
    store_i64(state + MBO_ROWS, count + 1)


@kernel
def end_message(state: int) -> None:
    """Mark the row written last as the last of its message."""
    flags = load_i64(state + MBO) + (load_i64(state + MBO_ROWS) - 1) * MBO_BYTES + FLAGS_AT
    store_u8(flags, load_u8(flags) | F_LAST)


@kernel
def trade_row(
    state: int, message: int, instrument: int, action: int, side: int, price: int, size: int, match: int
) -> None:
    """A row of `trades`."""
    count = load_i64(state + TRADE_ROWS)
    row = load_i64(state + TRADES) + count * TRADE_BYTES
    head(state, row, message, instrument, action, side, price, size)
    store_u8(row + FLAGS_AT, load_i64(state + FLAGS) | F_LAST)
    store_i32(row + MILLIONTHS_AT, 0)
    store_i64(row + TRADE_ID_AT, match)
    store_u16(row + TRADE_MESSAGE_AT, load_u8(message))
    store_i32(row + CONDITIONS_AT, 0)
    store_i64(state + TRADE_ROWS, count + 1)


@kernel
def add(state: int, message: int, instrument: int, reference: int, side: int, shares: int, price: int) -> int:
    """An order comes to rest; 1 when it gave a row."""
    if shares == 0 or price == 0 or side not in (LETTER_A, LETTER_B):
        count_anomaly(state, BAD_ORDER)
        return 0
    place = find(state, reference)
    if load_u32(load_i64(state + TABLE) + place * RESTING_BYTES + 12) != 0:
        count_anomaly(state, DUPLICATE_REFERENCE)
        return 0
    put(state, place, reference, price, shares, side, instrument)
    mbo_row(state, message, instrument, LETTER_A, side, price, shares, reference)
    return 1


@kernel
def on_order(state: int, message: int, code: int) -> None:
    """E, C, X, D, U: what happens to an order that rests."""
    body = message + BODY
    reference = load_be64(body)
    place = find(state, reference)
    entry = load_i64(state + TABLE) + place * RESTING_BYTES
    held = load_u32(entry + 12)
    if held == 0:
        count_anomaly(state, UNKNOWN_REFERENCE)
        return
    price, side, instrument = load_u32(entry + 8), load_i32(entry + 16), load_u32(entry + 20)
    shares = held
    if code not in (DELETE, REPLACE):
        shares = load_be32(body + 8)
        if shares > held:
            count_anomaly(state, EXCESS_SHARES)
            shares = held
        if shares == 0:
            count_anomaly(state, BAD_ORDER)
            return
    if code in (EXECUTED, EXECUTED_PRICE):
        at, printed = price, True
        if code == EXECUTED_PRICE:
            at, printed = load_be32(body + 21), load_u8(body + 20) == YES
        aggressor = LETTER_A if side == LETTER_B else LETTER_B
        if printed:
            mbo_row(state, message, instrument, LETTER_T, aggressor, at, shares, 0)
            trade_row(state, message, instrument, LETTER_T, aggressor, at, shares, load_be64(body + 12))
        mbo_row(state, message, instrument, LETTER_F, side, at, shares, reference)
    mbo_row(state, message, instrument, LETTER_C, side, price, shares, reference)
    if shares < held:
        store_i32(entry + 12, held - shares)
    else:
        forget(state, place)
    if code == REPLACE:
        add(state, message, instrument, load_be64(body + 8), side, load_be32(body + 16), load_be32(body + 20))
    end_message(state)


@kernel
def on_print(state: int, message: int, code: int, instrument: int) -> None:
    """P, Q, B: trades away from displayed orders, and the notice that one is void."""
    body = message + BODY
    if code == BROKEN:
        trade_row(state, message, instrument, LETTER_X, LETTER_N, 0, 0, load_be64(body))
        return
    if code == NON_CROSS:
        shares, price, match = load_be32(body + 9), load_be32(body + 21), load_be64(body + 25)
    else:
        shares, price, match = load_be64(body), load_be32(body + 16), load_be64(body + 20)
    if shares <= 0:
        if shares < 0 or code == NON_CROSS:
            count_anomaly(state, BAD_ORDER)
        return
    mbo_row(state, message, instrument, LETTER_T, LETTER_N, price, shares, 0)
    end_message(state)
    trade_row(state, message, instrument, LETTER_T, LETTER_N, price, shares, match)


@kernel
def take_messages(words: NDArray[np.int64], buffer: NDArray[np.uint8], begin: int) -> int:
    """Turn framed messages into rows until the buffer ends, the room does, or something stops it. Returns why.

    Messages that are neither orders nor trades are noted in `others` as (offset of the message, sequence).
    """
    state, stream = address_of_bytes(words), address_of_bytes(buffer)
    offset = begin
    reason = DONE
    room = load_i64(state + ROOM)
    while offset < buffer.size:
        step = frame_at(stream + offset, buffer.size - offset)
        if step < 0:
            reason = -step
            break
        if load_i64(state + MBO_ROWS) + ROWS_A_MESSAGE > room or load_i64(state + OTHER_ROWS) == room:
            reason = FULL
            break
        if 2 * load_i64(state + LIVE) > load_i64(state + MASK):
            reason = GROW
            break
        message = stream + offset + 2
        code = load_u8(message)
        instrument = load_u32(load_i64(state + LOCATES) + 4 * load_be16(message + 1))
        if instrument == 0 and code in (ADD, ADD_ATTRIBUTED, NON_CROSS, CROSS, DIRECTORY):
            reason = NAME_NEEDED
            break
        if code in (ADD, ADD_ATTRIBUTED):
            body = message + BODY
            letter = load_u8(body + 8)
            side = LETTER_B if letter == BUY else (LETTER_A if letter == ord("S") else LETTER_N)
            if add(
                state, message, instrument, load_be64(body), side, load_be32(body + 9), load_be32(body + 21)
            ):
                end_message(state)
        elif code in (DELETE, EXECUTED, CANCEL, EXECUTED_PRICE, REPLACE):
            on_order(state, message, code)
        elif code in (NON_CROSS, CROSS, BROKEN):
            on_print(state, message, code, instrument)
        else:
            other = load_i64(state + OTHERS) + 16 * load_i64(state + OTHER_ROWS)
            store_i64(other, offset + 2)
            store_i64(other + 8, load_i64(state + SEQUENCE))
            store_i64(state + OTHER_ROWS, load_i64(state + OTHER_ROWS) + 1)
        store_i64(state + SEQUENCE, load_i64(state + SEQUENCE) + 1)
        offset += step
    store_i64(state + CONSUMED, offset)
    return reason


@kernel
def messages_span(buffer: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Number of whole framed messages at the front of a buffer, and the times of the first and the last."""
    stream = address_of_bytes(buffer)
    offset = count = first = last = 0
    while offset < buffer.size:
        step = frame_at(stream + offset, buffer.size - offset)
        if step < 0:
            break
        last = timestamp_at(stream + offset + 2)
        if count == 0:
            first = last
        count += 1
        offset += step
    return count, first, last


@kernel
def fill_lengths(buffer: NDArray[np.uint8]) -> None:
    """Write the length before every whole message whose prefix was never filled in."""
    stream = address_of_bytes(buffer)
    offset = 0
    while offset < buffer.size:
        step = frame_at(stream + offset, buffer.size - offset)
        if step < 0:
            break
        store_be16(stream + offset, step - 2)
        offset += step


@kernel
def messages_cut(buffer: NDArray[np.uint8], begin: int, most: int, until: int) -> tuple[int, int]:
    """Bytes and number of the messages from `begin` on that are not later than `until`, at most `most` of them."""
    stream = address_of_bytes(buffer)
    offset, count = begin, 0
    while offset < buffer.size and count < most:
        step = frame_at(stream + offset, buffer.size - offset)
        if step < 0 or timestamp_at(stream + offset + 2) > until:
            break
        count += 1
        offset += step
    return offset - begin, count
