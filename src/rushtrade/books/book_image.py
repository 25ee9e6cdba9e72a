"""The image of a venue's books: ITCH 5.0 messages that make the same books, and say the same of every stock, from nothing.

First comes what the venue said of itself and its stocks: its system events in their order, then the last word of each kind about each
stock, as it was said; then every resting order, queue by queue.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rushtrade.books.book_image_kernel import ADD_BYTES_MAX, write_adds
from rushtrade.books.order_books import OrderBooks
from rushtrade.wire.itch50_columns import Columns

STATES = np.frombuffer(b"SRHYLVWKJhN", np.uint8)
"""System events, directory, trading action, Reg SHO, participant position, circuit breaker levels and status, IPO quoting period,
collars, operational halt, retail interest: what holds until it is said again."""
PARTICIPANT, MARKET = ord("L"), ord("h")
SYSTEM_EVENT = ord("S")
COLUMNS_ROWS = 1 << 16
PREFIX_BYTES = 2
LOCATE = slice(PREFIX_BYTES + 1, PREFIX_BYTES + 3)
PARTICIPANT_AT = slice(PREFIX_BYTES + 11, PREFIX_BYTES + 15)
MARKET_AT = slice(PREFIX_BYTES + 19, PREFIX_BYTES + 20)


class ImageBooks:
    """Books that are kept for the sake of their image."""

    def __init__(self) -> None:
        self.books = OrderBooks()
        self.messages = 0
        """Messages contained."""
        self._said: dict[tuple[int, bytes, bytes], bytes] = {}
        self._columns = Columns(COLUMNS_ROWS)

    def feed(self, payload: bytes) -> None:
        """Apply whole framed messages. Raises WireError for what cannot be read."""
        self.messages += self.books.feed(payload).messages
        data = np.frombuffer(payload, np.uint8)
        at = 0
        while at < len(data):
            at = self._columns.decode(data, at)
            self._keep(payload, self._columns.offset[np.isin(self._columns.type, STATES)])

    def _keep(self, payload: bytes, offsets: npt.NDArray[np.int64]) -> None:
        for begin in offsets.tolist():
            end = begin + PREFIX_BYTES + int.from_bytes(payload[begin : begin + PREFIX_BYTES], "big")
            message = payload[begin:end]
            kind, more = message[PREFIX_BYTES], b""
            if kind == SYSTEM_EVENT:
                more = message[-1:]
            elif kind == PARTICIPANT:
                more = message[PARTICIPANT_AT]
            elif kind == MARKET:
                more = message[MARKET_AT]
            self._said[kind, message[LOCATE], more] = message

    def image(self) -> bytes:
        """Framed messages of the whole state."""
        out = np.zeros(self.books.orders * ADD_BYTES_MAX, np.uint8)
        size = write_adds(self.books.storage.header, self.books.time, out)
        return b"".join(self._said.values()) + out[:size].tobytes()
