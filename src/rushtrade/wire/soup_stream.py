"""The client's end of a SoupBinTCP stream for many messages at once, without I/O.

`soupbintcp.SoupClient` answers one event a packet; here bytes go in and framed messages come out, joined, with the number of the first. The
rare packets still go through the plain client, which knows what is allowed when. A `SoupStream` is one connection: made new
for every login.

`lengths` are those of the messages carried, by first byte: a message with any other is a `WireError`, and `next_number` is its own. `last` is
the letter of a message that ends the stream (GLIMPSE's end of snapshot): it is given as `last_message`, not among the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rushtrade.wire import soupbintcp_kernel as kernel
from rushtrade.wire.compiled import address_of
from rushtrade.wire.errors import MalformedError, TruncatedError
from rushtrade.wire.soupbintcp import LoginRejected, SessionEnded, SoupClient, State

BUFFER_BYTES = 1 << 20
"""Bytes of a stream that wait for the rest of a packet, and that are read at a time."""
NO_LETTER = -1
"""No byte."""


class Messages(NamedTuple):
    """Framed messages number `sequence` and on, one after the other; `time` is that of the newest, 0 when none has one."""

    sequence: int
    messages: int
    payload: bytes
    time: int


class SoupStream:
    """One connection to a server of numbered messages."""

    def __init__(self, lengths: Mapping[int, int] | None = None, last: str = "") -> None:
        self._client = SoupClient()
        self._held = np.zeros(2 * BUFFER_BYTES, np.uint8)
        self._out = np.zeros(2 * BUFFER_BYTES, np.uint8)
        self._result = np.zeros(kernel.RESULT_WORDS, np.int64)
        self._filled = 0
        self._last = ord(last) if last else NO_LETTER
        self._lengths: np.ndarray | None = None
        if lengths is not None:
            self._lengths = np.zeros(256, np.int64)
            for code, size in lengths.items():
                self._lengths[code] = size
        self.rejected = ""
        """Reason of a rejected login."""
        self.ended = False
        self.last_message = b""

    @property
    def is_open(self) -> bool:
        """Whether the login was accepted and the session goes on."""
        return self._client.state is State.OPEN

    @property
    def session(self) -> str:
        """The session's name, once the login was accepted."""
        return self._client.session

    @property
    def next_number(self) -> int:
        """Number of the next message; 0 before the login was accepted."""
        return self._client.next_sequence

    def login(self, user: str, password: str, session: str, sequence: int) -> bytes:
        """Ask for a session (empty: the current one) from a number on."""
        return self._client.login(user, password, session, sequence)

    def heartbeat(self) -> bytes:
        """Say that the client lives."""
        return self._client.heartbeat()

    def room(self) -> memoryview:
        """Where the next bytes are to be read into: at least `BUFFER_BYTES`."""
        return self._held.data[self._filled :]

    def receive(self, size: int = 0) -> Messages:
        """Take note of bytes read into `room`; give messages that are whole. To be called again, with 0, until it gives none.

        Raises WireError for bytes the protocol does not allow; the messages before them were given out by then.
        """
        self._filled += size
        while not self.ended and not self.last_message:
            reason = kernel.OTHER_PACKET
            if self.is_open:
                sequence = self._client.next_sequence
                reason, written, count, newest = self._cut()
                if count:
                    self._client.next_sequence += count
                    return Messages(sequence, count, self._out[:written].tobytes(), newest)
            if reason == kernel.NEED_DATA or not self._take_packet(reason):
                break
        return Messages(self._client.next_sequence, 0, b"", 0)

    def receive_end(self) -> None:
        """Take note that the connection was closed. Raises WireError when that was inside a packet."""
        if self._filled:
            raise TruncatedError(f"the connection ended after {self._filled} bytes of a SoupBinTCP packet")

    def _cut(self) -> tuple[int, int, int, int]:
        lengths = address_of(self._lengths) if self._lengths is not None else 0
        reason = kernel.cut(
            self._held, self._filled, self._out, lengths, self._last, address_of(self._result)
        )
        consumed, written, messages, newest = self._result.tolist()
        self._drop(consumed)
        return int(reason), written, messages, newest

    def _take_packet(self, reason: int) -> bool:
        """Take one packet by hand; False when it is not whole."""
        size = 2 + (int(self._held[0]) << 8 | int(self._held[1]))
        if self._filled < max(size, 2):
            return False
        packet = self._held[:size].tobytes()
        if reason == kernel.BAD_MESSAGE:
            raise MalformedError(
                f"message {self.next_number:,} of the stream has no known type and length: {packet[3:11]!r}"
            )
        if reason == kernel.LAST_MESSAGE:
            self.last_message = packet[3:]
            return True
        if size == 2:
            raise MalformedError("a SoupBinTCP packet of no length")
        self._client.receive_data(packet)
        event = self._client.next_event()
        self._drop(size)
        if isinstance(event, LoginRejected):
            self.rejected = event.reason
        self.ended = isinstance(event, SessionEnded | LoginRejected)
        return True

    def _drop(self, size: int) -> None:
        left = self._filled - size
        if size and left:
            self._held[:left] = self._held[size : self._filled].copy()
        self._filled = left


def load_kernels() -> None:
    """Have the kernel compiled, or fetched from its cache, before the first packet comes."""
    out = np.zeros(1, np.uint8)
    kernel.cut(out, 0, out, 0, NO_LETTER, address_of(np.zeros(kernel.RESULT_WORDS, np.int64)))
