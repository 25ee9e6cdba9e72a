"""SoupBinTCP in bulk: the numbered messages of a stream, taken out of their packets and framed one behind the other.

Stops at the first packet that is none of S (sequenced data), H (heartbeat) and + (text): these are rare, and `soupbintcp` knows what they mean.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import TYPE_CHECKING

from rushtrade.wire.address_kernel import (
    address_of_bytes,
    copy_bytes,
    load_be16,
    load_be32,
    load_i64,
    load_u8,
    store_be16,
    store_i64,
)
from rushtrade.wire.compiled import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEED_DATA, OTHER_PACKET, BAD_MESSAGE, LAST_MESSAGE = 0, 1, 2, 3
"""Why the cutting stopped: more bytes must come; a packet of another letter, or of no length; a message of no type or another length;
the message with the letter asked for. The packet it stopped at was not consumed."""

SEQUENCED, HEARTBEAT, TEXT = (ord(letter) for letter in "SH+")
CONSUMED, WRITTEN, MESSAGES, TIME = 0, 8, 16, 24
RESULT_WORDS = 4
TIMED_BYTES_MIN = 11


@kernel
def cut(
    stream: NDArray[np.uint8], size: int, out: NDArray[np.uint8], lengths: int, last: int, result: int
) -> int:
    """Cut packets off the front of `size` bytes of a stream. `lengths` (an address, or 0) has the length of a message by its first byte.

    `out` must be as long as the stream. Writes bytes consumed, bytes written, messages, and the time of the newest message that
    has one to `result`. A message that begins with byte `last` is not taken; -1 is no byte.
    """
    begin, target = address_of_bytes(stream), address_of_bytes(out)
    at = written = messages = time = 0
    reason = NEED_DATA
    while at + 3 <= size:
        length = load_be16(begin + at)
        if length == 0:
            reason = OTHER_PACKET
            break
        if at + 2 + length > size:
            break
        letter = load_u8(begin + at + 2)
        if letter == SEQUENCED:
            message = begin + at + 3
            kind = load_u8(message) if length > 1 else -1
            if kind == last and length > 1:
                reason = LAST_MESSAGE
                break
            if length == 1 or (lengths and load_i64(lengths + 8 * kind) != length - 1):
                reason = BAD_MESSAGE
                break
            store_be16(target + written, length - 1)
            copy_bytes(target + written + 2, message, length - 1)
            if length > TIMED_BYTES_MIN:
                time = load_be16(message + 5) << 32 | load_be32(message + 7)
            written += length + 1
            messages += 1
        elif letter not in (HEARTBEAT, TEXT):
            reason = OTHER_PACKET
            break
        at += 2 + length
    store_i64(result + CONSUMED, at)
    store_i64(result + WRITTEN, written)
    store_i64(result + MESSAGES, messages)
    store_i64(result + TIME, time)
    return reason
