"""An ITCH 5.0 stream as columns: one numpy array a field, one row a message.

For counting, filtering and analysis of whole files, and for anything else that wants many messages at once without an
object each. The work is done in `itch50_kernel`; this module owns the arrays and says plainly why a stream stopped.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rushtrade.wire.errors import MalformedError, TruncatedError, WireError
from rushtrade.wire.itch50_kernel import (
    COLUMNS,
    DONE,
    END_OF_SESSION,
    FULL,
    PARTIAL,
    REASONS,
    WRONG_LENGTH,
    decode_columns,
    walk,
)

Buffer = bytes | bytearray | memoryview | npt.NDArray[np.uint8]

ROWS_MAX = 1 << 20
"""Rows decoded at a time unless told otherwise: about 60 MB of columns."""


class Columns:
    """Columns of up to `rows` messages, filled again and again from buffers.

    After `decode`, each name holds an array of the rows of that call, valid until the next call:

    =============  =======  =================================================================================
    offset         int64    where the message's length prefix begins in the buffer
    timestamp      int64    nanoseconds since the venue's midnight
    reference      int64    order reference of A F E C X D U P, else 0
    new_reference  int64    of U
    match          int64    match number of E C P Q B
    shares         int64    of A F E C X U P Q
    price          int64    $0.0001, of A F C U P Q
    locate         uint16   stock locate
    type           uint8    code of the message type's letter
    side           uint8    0 bid, 1 ask of A F P; 2 elsewhere
    flag           uint8    `printable` of C, cross type of Q, the one letter of S and W
    =============  =======  =================================================================================
    """

    offset: npt.NDArray[np.int64]
    timestamp: npt.NDArray[np.int64]
    reference: npt.NDArray[np.int64]
    new_reference: npt.NDArray[np.int64]
    match: npt.NDArray[np.int64]
    shares: npt.NDArray[np.int64]
    price: npt.NDArray[np.int64]
    locate: npt.NDArray[np.uint16]
    type: npt.NDArray[np.uint8]
    side: npt.NDArray[np.uint8]
    flag: npt.NDArray[np.uint8]

    def __init__(self, rows: int = ROWS_MAX) -> None:
        self.rows = rows
        self._arrays = {name: np.empty(rows, kind) for name, kind in COLUMNS}
        self._addresses = np.array([array.ctypes.data for array in self._arrays.values()], np.int64)
        self._show(0)

    def decode(self, buffer: Buffer, begin: int = 0) -> int:
        """Decode from `begin` until the buffer or the room for rows ends; give the offset to go on from.

        Raises MalformedError or TruncatedError with the offset of the faulty message; the columns then hold the
        messages before it.
        """
        data = as_array(buffer)
        consumed, rows, reason = decode_columns(data, begin, self._addresses, self.rows)
        self._show(rows)
        if reason == END_OF_SESSION:
            return len(data)
        if reason not in (DONE, FULL):
            raise fault(reason, consumed, data)
        return int(consumed)

    def _show(self, rows: int) -> None:
        for name, array in self._arrays.items():
            setattr(self, name, array[:rows])


def as_array(buffer: Buffer) -> npt.NDArray[np.uint8]:
    """See any bytes as a numpy array, without a copy."""
    return buffer if isinstance(buffer, np.ndarray) else np.frombuffer(buffer, np.uint8)


def count_types(buffer: Buffer) -> tuple[npt.NDArray[np.int64], int, int, int]:
    """Count messages by the code of their type. Returns (counts[256], bytes consumed, messages, reason)."""
    counts = np.zeros(256, np.int64)
    consumed, messages, reason = walk(as_array(buffer), counts)
    return counts, int(consumed), int(messages), int(reason)


def fault(reason: int, offset: int, data: npt.NDArray[np.uint8], before: int = 0) -> WireError:
    """Put a kernel's stop into words. `offset` is in `data`, which begins `before` bytes into the stream."""
    text = REASONS[reason]
    if reason == PARTIAL:
        return TruncatedError(f"{text}: {len(data) - offset} bytes of it are there", before + offset)
    if reason == END_OF_SESSION:  # where none is: in a packet, whose count says what it holds
        return MalformedError(f"{text}, in the middle of it", before + offset)
    code = int(data[offset + 2])
    text = f"{text}: {chr(code)!r} (0x{code:02x})"
    if reason == WRONG_LENGTH:
        text = f"{text}, {int(data[offset]) << 8 | int(data[offset + 1])} bytes"
    return MalformedError(text, before + offset)
