"""Finds the messages of a packet that name a stock: ITCH 5.0 `R`, the directory.

Walks the length prefixes alone, so that looking at every packet costs next to nothing; a prefix that leads out of the payload
ends the walk (the books say what is wrong with it).
"""

from __future__ import annotations

from rushtrade.wire.address_kernel import load_be16, load_u8, store_i32
from rushtrade.wire.compiled import kernel

DIRECTORY = ord("R")
DIRECTORY_BYTES = 39


@kernel
def find_listings(payload: int, size: int, found: int, room: int) -> tuple[int, int]:
    """Write the offsets of directory messages into `found`; give how many, at most `room`, and where the walk ended.

    `payload` and `found` are addresses; `found` takes int32.
    """
    offset = 0
    count = 0
    while offset + 3 <= size:
        length = load_be16(payload + offset)
        if length == 0 or offset + 2 + length > size:
            break
        if length == DIRECTORY_BYTES and load_u8(payload + offset + 2) == DIRECTORY:
            if count == room:
                break
            store_i32(found + 4 * count, offset + 2)
            count += 1
        offset += 2 + length
    return count, offset
