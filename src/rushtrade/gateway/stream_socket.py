"""A TCP connection that never blocks: opened, written and read in steps by whoever is called again and again.

Errors are `OSError`; a peer that hung up is one too.
"""

from __future__ import annotations

import errno
import os
import socket

UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK)
UNSENT_BYTES_MAX = 1 << 16
"""Bytes that may wait for a peer that does not read: a client of a feed says next to nothing."""


class StreamSocket:
    """One connection."""

    def __init__(self, address: tuple[str, int], unsent_bytes_max: int = UNSENT_BYTES_MAX) -> None:
        self._address = address
        self._unsent_bytes_max = unsent_bytes_max
        self._unsent = b""
        self._connected = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._check(self._socket.connect_ex(address))

    def is_connected(self) -> bool:
        """Whether the peer has answered. Raises OSError when it refused."""
        if not self._connected:
            self._check(self._socket.connect_ex(self._address))
        return self._connected

    def send(self, data: bytes) -> None:
        """Send, or keep what does not go out yet for the next call."""
        self._unsent += data
        if len(self._unsent) > self._unsent_bytes_max:
            raise OSError(errno.ENOBUFS, "the peer does not read")
        if self._unsent:
            try:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
            except BlockingIOError:
                return

    def receive(self, room: memoryview) -> int:
        """Read what there is; 0 when there is nothing now. Raises OSError when the peer hung up."""
        try:
            size = self._socket.recv_into(room)
        except BlockingIOError:
            return 0
        if not size:
            raise OSError(errno.ECONNRESET, "the peer closed the connection")
        return size

    def fileno(self) -> int:
        """The descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up. Safe to repeat."""
        self._socket.close()

    def _check(self, code: int) -> None:
        if code in (0, errno.EISCONN):
            self._connected = True
        elif code not in UNDER_WAY:
            self._socket.close()
            host, port = self._address
            raise OSError(code, f"{os.strerror(code)}: TCP {host}:{port}")


def in_words(error: Exception) -> str:
    """What a failed connection says of itself, without numbers of the system's."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
