"""ITCH 5.0 in bulk: walk a stream of length-prefixed messages, and decode it into columns.

Kernels over addresses (see `address_kernel`). Every message is bounded before it is touched: its prefix lies inside
the buffer, its length is the one its type has in the specification, and it lies inside the buffer whole. The first
message that fails one of these stops the walk, which then says where (the offset of its prefix) and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rushtrade.wire.address_kernel import (
    address_of_bytes,
    load_be16,
    load_be32,
    load_be64,
    load_i64,
    load_u8,
    store_i64,
    store_u8,
    store_u16,
)
from rushtrade.wire.compiled import kernel
from rushtrade.wire.itch50 import LENGTHS

if TYPE_CHECKING:
    from numpy.typing import NDArray

DONE = 0
"""Every byte was consumed."""
PARTIAL = 1
"""The buffer ends inside a message; more bytes may complete it."""
UNKNOWN_TYPE = 2
WRONG_LENGTH = 3
FULL = 4
"""The output has no room for another row."""
END_OF_SESSION = 5
"""A 0 prefix with nothing behind it: the end of the session, or a message whose rest is still to come."""

REASONS = {
    DONE: "done",
    PARTIAL: "the stream ends inside a message",
    UNKNOWN_TYPE: "unknown message type",
    WRONG_LENGTH: "the length is not the one this message type has",
    FULL: "no room for more rows",
    END_OF_SESSION: "end of the session",
}

LENGTH_BY_TYPE = np.zeros(256, np.int64)
for _code, _size in LENGTHS.items():
    LENGTH_BY_TYPE[_code] = _size

ADD, ADD_ATTRIBUTED, EXECUTED, EXECUTED_PRICE = (ord(letter) for letter in "AFEC")
CANCEL, DELETE, REPLACE, NON_CROSS, CROSS, BROKEN = (ord(letter) for letter in "XDUPQB")
BUY = ord("B")
TIMESTAMP = 5
BODY = 11
"""Offsets within a message: the timestamp, and the first field after the header."""


@kernel
def timestamp_at(message: int) -> int:
    """Nanoseconds since midnight of the message at an address."""
    return load_be16(message + TIMESTAMP) << 32 | load_be32(message + TIMESTAMP + 2)


@kernel
def frame_at(address: int, left: int) -> int:
    """Bytes of the framed message at an address of which `left` bytes may be read; -reason when there is none."""
    if left < 3:
        return -END_OF_SESSION if left == 2 and load_be16(address) == 0 else -PARTIAL
    size = load_be16(address)
    length = int(LENGTH_BY_TYPE[load_u8(address + 2)])
    if length == 0:
        return -UNKNOWN_TYPE
    if size not in (length, 0):
        return -WRONG_LENGTH
    if left < 2 + length:
        return -PARTIAL
    return 2 + length


@kernel
def walk(buffer: NDArray[np.uint8], counts: NDArray[np.int64]) -> tuple[int, int, int]:
    """Count messages by type into `counts` (256 × int64). Returns (bytes consumed, messages, reason)."""
    base = address_of_bytes(buffer)
    tally = address_of_bytes(counts)
    size = buffer.size
    offset = 0
    messages = 0
    while offset < size:
        step = frame_at(base + offset, size - offset)
        if step < 0:
            return offset, messages, -step
        counter = tally + 8 * load_u8(base + offset + 2)
        store_i64(counter, load_i64(counter) + 1)
        offset += step
        messages += 1
    return offset, messages, DONE


COLUMNS = (
    ("offset", np.int64),
    ("timestamp", np.int64),
    ("reference", np.int64),
    ("new_reference", np.int64),
    ("match", np.int64),
    ("shares", np.int64),
    ("price", np.int64),
    ("locate", np.uint16),
    ("type", np.uint8),
    ("side", np.uint8),
    ("flag", np.uint8),
)
"""Name and type of each column, in the order of the addresses `decode_columns` takes."""

BID, ASK, NO_SIDE = 0, 1, 2


@kernel
def decode_columns(
    buffer: NDArray[np.uint8], begin: int, columns: NDArray[np.int64], rows: int
) -> tuple[int, int, int]:
    """Decode messages from `begin` on into columns. Returns (bytes consumed up to, rows, reason).

    `columns` holds the addresses of the arrays of `COLUMNS`, each with room for `rows` rows.
    """
    base = address_of_bytes(buffer)
    size = buffer.size
    to_offset, to_timestamp, to_reference = columns[0], columns[1], columns[2]
    to_new, to_match, to_shares, to_price = columns[3], columns[4], columns[5], columns[6]
    to_locate, to_type, to_side, to_flag = columns[7], columns[8], columns[9], columns[10]
    offset = begin
    row = 0
    while offset < size:
        step = frame_at(base + offset, size - offset)
        if step < 0:
            return offset, row, -step
        if row == rows:
            return offset, row, FULL
        message = base + offset + 2
        body = message + BODY
        code = load_u8(message)
        reference = new_reference = match = shares = price = flag = 0
        side = NO_SIDE
        if code in (ADD, ADD_ATTRIBUTED):
            reference, side = load_be64(body), load_u8(body + 8) != BUY
            shares, price = load_be32(body + 9), load_be32(body + 21)
        elif code == DELETE:
            reference = load_be64(body)
        elif code == REPLACE:
            reference, new_reference = load_be64(body), load_be64(body + 8)
            shares, price = load_be32(body + 16), load_be32(body + 20)
        elif code == EXECUTED:
            reference, shares, match = load_be64(body), load_be32(body + 8), load_be64(body + 12)
        elif code == CANCEL:
            reference, shares = load_be64(body), load_be32(body + 8)
        elif code == EXECUTED_PRICE:
            reference, shares, match = load_be64(body), load_be32(body + 8), load_be64(body + 12)
            flag, price = load_u8(body + 20), load_be32(body + 21)
        elif code == NON_CROSS:
            reference, side = load_be64(body), load_u8(body + 8) != BUY
            shares, price, match = load_be32(body + 9), load_be32(body + 21), load_be64(body + 25)
        elif code == CROSS:
            shares, price = load_be64(body), load_be32(body + 16)
            match, flag = load_be64(body + 20), load_u8(body + 28)
        elif code == BROKEN:
            match = load_be64(body)
        elif step - 2 == BODY + 1:
            flag = load_u8(body)
        wide = row * 8
        store_i64(to_offset + wide, offset)
        store_i64(to_timestamp + wide, timestamp_at(message))
        store_i64(to_reference + wide, reference)
        store_i64(to_new + wide, new_reference)
        store_i64(to_match + wide, match)
        store_i64(to_shares + wide, shares)
        store_i64(to_price + wide, price)
        store_u16(to_locate + row * 2, load_be16(message + 1))
        store_u8(to_type + row, code)
        store_u8(to_side + row, side)
        store_u8(to_flag + row, flag)
        offset += step
        row += 1
    return offset, row, DONE
