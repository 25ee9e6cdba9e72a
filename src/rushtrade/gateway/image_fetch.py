"""Fetches the image of a venue's books by GLIMPSE 5.0: a SoupBinTCP session that sends the present state and says where it ends.

Theory of operation. `ask` begins a fetch; `step`, called as often as the line is drained, does what can be done without waiting:
connect, log in for message 1, read at most `STEP_BYTES`. The snapshot ends with the message `G` and a number in twenty
characters: the first real-time message that is not contained. A fetch that fails, or takes longer than `FETCH_NS`, is begun again after a pause that
doubles up to `RETRY_NS_MAX`; so does one whose image was refused (`again`).
"""

from __future__ import annotations

import socket

from rushtrade.gateway.line import BookImage
from rushtrade.gateway.stream_socket import StreamSocket, in_words
from rushtrade.wire.errors import WireError
from rushtrade.wire.glimpse import SNAPSHOT, decode_snapshot
from rushtrade.wire.itch50 import LENGTHS
from rushtrade.wire.soup_stream import SoupStream

STEP_BYTES = 1 << 23
"""Bytes of an image read in one step: some ten milliseconds, so that the line beside it is drained in time."""
IMAGE_BYTES_MAX = 1 << 30
"""An image of twenty-five million orders; no venue has a tenth of that."""
FETCH_NS = 30_000_000_000
"""Longest time a fetch may take."""
RETRY_NS_MIN, RETRY_NS_MAX = 200_000_000, 5_000_000_000


class ImageFetch:
    """Fetches images of one venue from a GLIMPSE server."""

    def __init__(self, venue: int, address: tuple[str, int], user: str = "", password: str = "") -> None:
        self._venue, self._address, self._user, self._password = venue, address, user, password
        self._socket: StreamSocket | None = None
        self._stream = SoupStream()
        self._parts: list[bytes] = []
        self._bytes = 0
        self._logged_in = False
        self._wanted = False
        self._begun_ns = self._due_ns = 0
        self._pause_ns = RETRY_NS_MIN
        self.fetched = 0
        self.fault = ""
        """Why the last fetch failed; empty when it did not."""

    @property
    def is_busy(self) -> bool:
        """Whether an image is on its way."""
        return self._wanted

    def ask(self) -> None:
        """Want an image; one that is on its way already is not asked for again."""
        self._wanted = True

    def again(self, now_ns: int) -> None:
        """The image given was too old: fetch another one, a little later."""
        self._fail("the image does not reach beyond what was lost", now_ns)

    def close(self) -> None:
        """Let go of the connection."""
        if self._socket:
            self._socket.close()
        self._socket = None

    def step(self, now_ns: int) -> BookImage | None:
        """Go on with what is wanted; give the image when it is whole."""
        if not self._wanted or now_ns < self._due_ns:
            return None
        try:
            if self._socket is None:
                self._begin(now_ns)
            return self._read(now_ns)
        except (WireError, OSError) as error:
            self._fail(in_words(error), now_ns)
        return None

    def _begin(self, now_ns: int) -> None:
        self._stream = SoupStream(LENGTHS, SNAPSHOT)
        self._parts, self._bytes, self._logged_in = [], 0, False
        self._begun_ns = now_ns
        self._socket = StreamSocket(self._address)

    def _read(self, now_ns: int) -> BookImage | None:
        assert self._socket is not None
        if now_ns - self._begun_ns > FETCH_NS:
            raise WireError(f"no book image within {FETCH_NS // 1_000_000_000} s")
        if not self._socket.is_connected():
            return None
        if not self._logged_in:
            self._socket.send(self._stream.login(self._user, self._password, "", 1))
            self._logged_in = True
        budget = STEP_BYTES
        while budget > 0 and (size := self._socket.receive(self._stream.room())) > 0:
            budget -= size
            while (given := self._stream.receive(size)).messages:
                size = 0
                self._keep(given.payload)
            if self._stream.rejected:
                raise WireError(f"the login for a book image was rejected: {self._stream.rejected}")
            if self._stream.last_message:
                return self._finish(now_ns)
            if self._stream.ended:
                raise WireError("the session of a book image ended before its last message")
        return None

    def _keep(self, payload: bytes) -> None:
        self._bytes += len(payload)
        if self._bytes > IMAGE_BYTES_MAX:
            raise WireError(f"a book image of more than {IMAGE_BYTES_MAX:,} bytes")
        self._parts.append(payload)

    def _finish(self, now_ns: int) -> BookImage:
        sequence = decode_snapshot(self._stream.last_message)
        image = BookImage(self._venue, sequence, b"".join(self._parts))
        self.close()
        self._parts = []
        self._wanted, self.fault = False, ""
        self._pause_ns, self._due_ns = RETRY_NS_MIN, now_ns
        self.fetched += 1
        return image

    def _fail(self, why: str, now_ns: int) -> None:
        self.close()
        self.fault, self._wanted = why, True
        self._due_ns = now_ns + self._pause_ns
        self._pause_ns = min(2 * self._pause_ns, RETRY_NS_MAX)

    def descriptors(self) -> list[int]:
        """The connection, when there is one."""
        return [self._socket.fileno()] if self._socket else []


def resolved(host: str, port: int) -> tuple[str, int]:
    """An address with its name looked up, once and when the line is opened. Raises OSError for one nobody knows."""
    return socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)[0][4][:2]  # type: ignore[return-value]
