"""Length-prefixed messages: two big-endian bytes say how long the message is, then the message.

The framing of NASDAQ's binary files, of SoupBinTCP and of MoldUDP64's message blocks. A reader in the manner of h11:
bytes are handed in as they come, messages are taken out; nothing here reads or sleeps.

A prefix of 0 means one of two things in files met in practice: at the very end of the stream it is the end of the
session; before another message it was never filled in, and the length follows from the message's type. Reading such a
stream needs the table of lengths by type; without one, bytes after a 0 are a fault.

State: bytes not yet consumed, the offset of the first of them, and whether the end was announced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Final, Literal

from rushtrade.wire.errors import MalformedError, TruncatedError, UnencodableError

PREFIX_BYTES = 2
MESSAGE_BYTES_MAX = 0xFFFF
"""What two bytes can say; also bounds what a reader holds back while it waits for the rest of a message."""

END_OF_SESSION = b"\0\0"


class Wait(Enum):
    """What `MessageReader.next_message` answers when there is no message."""

    NEED_DATA = 1
    END = 2


NEED_DATA: Final = Wait.NEED_DATA
END: Final = Wait.END


def frame(message: bytes) -> bytes:
    """Put the length before a message."""
    if not 0 < len(message) <= MESSAGE_BYTES_MAX:
        raise UnencodableError(f"a message of {len(message)} bytes; 1 to {MESSAGE_BYTES_MAX} can be framed")
    return len(message).to_bytes(PREFIX_BYTES, "big") + message


def frame_all(messages: Iterable[bytes]) -> bytes:
    """Frame messages into one stream."""
    return b"".join(map(frame, messages))


class MessageReader:
    """Cut a stream into messages. `lengths` (by first byte) allows prefixes that were never filled in."""

    def __init__(self, lengths: Mapping[int, int] | None = None) -> None:
        self._lengths = lengths
        self._held = bytearray()
        self._begin = 0
        self._ended = False
        self.offset = 0
        """Bytes of the stream consumed: the messages given out and their prefixes."""

    def receive_data(self, data: bytes) -> None:
        """Take bytes as they came."""
        del self._held[: self._begin]
        self._begin = 0
        self._held += data

    def receive_end(self) -> None:
        """Take note that no more bytes will come."""
        self._ended = True

    def next_message(self) -> bytes | Literal[Wait.NEED_DATA, Wait.END]:
        """Give the next message, NEED_DATA, or END once the stream was ended cleanly.

        Raises TruncatedError when the stream ended inside a message, MalformedError for a 0 prefix in front of
        something whose length nothing tells.
        """
        available = len(self._held) - self._begin
        if available < PREFIX_BYTES:
            return self._stop(available, PREFIX_BYTES)
        size = int.from_bytes(self._held[self._begin : self._begin + PREFIX_BYTES], "big")
        if size == 0:
            if available == PREFIX_BYTES:
                return END if self._ended else NEED_DATA
            size = self._length_by_type(self._held[self._begin + PREFIX_BYTES])
        if available < PREFIX_BYTES + size:
            return self._stop(available, PREFIX_BYTES + size)
        begin = self._begin + PREFIX_BYTES
        self._begin = begin + size
        self.offset += PREFIX_BYTES + size
        return bytes(self._held[begin : self._begin])

    def __iter__(self) -> Iterator[bytes]:
        """Give the messages there are by now."""
        while isinstance(message := self.next_message(), bytes):
            yield message

    def _length_by_type(self, code: int) -> int:
        size = self._lengths.get(code) if self._lengths is not None else None
        if size is None:
            raise MalformedError(f"length 0 before byte 0x{code:02x}, whose length is not known", self.offset)
        return size

    def _stop(self, available: int, needed: int) -> Literal[Wait.NEED_DATA, Wait.END]:
        if not self._ended:
            return NEED_DATA
        if available == 0:
            return END
        raise TruncatedError(f"the stream ends after {available} of {needed} bytes of a message", self.offset)
