"""A line over SoupBinTCP: logged in, resumed where it was cut, followed into the next session.

`drain` does everything in steps that never block: connect, log in for the number wanted, read at most `DRAIN_BYTES_MAX`, say every second that we live.
A connection that breaks, falls silent for 15 s or says what no protocol allows is opened again after a pause that doubles from
`RETRY_NS_MIN` to `RETRY_NS_MAX` and begins anew with every message that came. A stream repeats what it said: a message
nobody can read is passed over after `UNREADABLE_MAX` logins that ended at it, and the books are lost from there until an image was
given. A server that begins with a higher number than was asked for, or with another session, has lost for us what lies between.
"""

from __future__ import annotations

import msgspec

from rushtrade.gateway.image_fetch import ImageFetch, resolved
from rushtrade.gateway.line import (
    CLOSED,
    GAP,
    LIVE,
    RECOVERING,
    STALE,
    STALE_NS,
    BookImage,
    LineHealth,
    Rate,
    SourceClock,
    StateClock,
)
from rushtrade.gateway.stream_socket import StreamSocket, in_words
from rushtrade.wire.errors import WireError
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.itch50 import LENGTHS
from rushtrade.wire.soup_stream import SoupStream, load_kernels
from rushtrade.wire.soupbintcp import HEARTBEAT_NS, SESSION_NOT_AVAILABLE, SILENCE_NS

DRAIN_BYTES_MAX = 1 << 22
"""Bytes read in one drain: some hundred thousand messages, ten milliseconds of work."""
RETRY_NS_MIN, RETRY_NS_MAX = 50_000_000, 5_000_000_000
UNREADABLE_MAX = 3
CONNECT_NS = 3_000_000_000
"""Longest time a connection or the answer to a login may take."""


class SoupAddress(msgspec.Struct, frozen=True):
    """Whom to log in to, as whom, and whom to ask for images, if anybody."""

    server: tuple[str, int]
    user: str = ""
    password: str = ""
    images: tuple[str, int] | None = None


class SoupLine:
    """See `line.Line`."""

    def __init__(self, venue: int, name: str, address: SoupAddress, clock: SourceClock | None = None) -> None:
        self.venue, self.name = venue, name
        self._address = address
        self._clock = clock or SourceClock()
        self._socket: StreamSocket | None = None
        self._stream = SoupStream(LENGTHS)
        self._images: ImageFetch | None = None
        self._image: BookImage | None = None
        self._session = ""
        self._next = 1
        self._ended = self._logged_in = self._accepted = False
        self._due_ns = self._begun_ns = self._said_ns = self._heard_ns = self._opened_ns = 0
        self._pause_ns = RETRY_NS_MIN
        self._unreadable = self._lost_below = self._lost_since_ns = 0
        self._messages = self._packets = self._malformed = self._foreign = self._given_up = 0
        self._connections = self._holes = 0
        self._fault = self._lost_reason = ""
        self._rate, self._state_clock = Rate(), StateClock()

    async def open(self) -> None:
        """Find the server's address; the connection is the first drain's business. Raises OSError for a name nobody knows."""
        load_kernels()
        self._server = resolved(*self._address.server)
        if self._address.images is not None:
            self._images = ImageFetch(self.venue, resolved(*self._address.images))

    async def close(self) -> None:
        """Hang up."""
        self._hang_up()
        if self._images:
            self._images.close()

    def _hang_up(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None

    # ------------------------------------------------------------ the stream

    def drain(self, now_ns: int) -> list[FeedPacket]:
        """Give all messages that came, as one packet."""
        self._opened_ns = self._opened_ns or now_ns
        parts: list[FeedPacket] = []
        if not self._ended and now_ns >= self._due_ns:
            try:
                self._go_on(now_ns, parts)
            except (WireError, OSError) as error:
                self._break(error, now_ns)
        self._fetch_image(now_ns)
        if not parts:
            return []
        count = sum(part.count for part in parts)
        self._messages += count
        self._rate.note(now_ns, count)
        return [FeedPacket(self.venue, parts[0].sequence, count, b"".join(part.payload for part in parts))]

    def _go_on(self, now_ns: int, parts: list[FeedPacket]) -> None:
        if self._socket is None:
            self._stream = SoupStream(LENGTHS)
            self._logged_in = self._accepted = False
            self._begun_ns = now_ns
            self._connections += 1
            self._socket = StreamSocket(self._server)
        if not self._accepted and now_ns - self._begun_ns > CONNECT_NS:
            raise TimeoutError(f"no answer within {CONNECT_NS // 1_000_000_000} s")
        if not self._socket.is_connected():
            return
        if not self._logged_in:
            address = self._address
            self._socket.send(self._stream.login(address.user, address.password, self._session, self._next))
            self._logged_in, self._said_ns = True, now_ns
        if now_ns - self._said_ns >= HEARTBEAT_NS and self._accepted:
            self._socket.send(self._stream.heartbeat())
            self._said_ns = now_ns
        self._read(now_ns, parts)
        if self._accepted and now_ns - self._heard_ns > SILENCE_NS:
            raise TimeoutError(f"nothing was heard for {SILENCE_NS // 1_000_000_000} s")

    def _read(self, now_ns: int, parts: list[FeedPacket]) -> None:
        assert self._socket is not None
        budget = DRAIN_BYTES_MAX
        while budget > 0 and not self._ended and (size := self._socket.receive(self._stream.room())) > 0:
            budget -= size
            self._heard_ns = now_ns
            while True:
                given = self._stream.receive(size)
                size = 0
                if not self._accepted and (self._stream.is_open or given.messages):
                    self._accept(given.sequence, now_ns)
                if not given.messages:
                    break
                parts.append(FeedPacket(self.venue, given.sequence, given.messages, given.payload))
                self._packets += 1
                self._next = given.sequence + given.messages
                self._unreadable, self._pause_ns = 0, RETRY_NS_MIN
                self._clock.note(now_ns, given.time)
            if self._stream.rejected:
                self._reject(self._stream.rejected)
            self._ended = self._stream.ended

    def _accept(self, first: int, now_ns: int) -> None:
        """Take note of the session and the number the server begins with."""
        self._accepted, self._fault = True, ""
        session = self._stream.session
        if self._session and session != self._session:
            self._lose(f"session {self._session} was followed by {session}", first, now_ns)
        elif first > self._next:
            self._given_up += first - self._next
            self._lose(f"messages {self._next:,} to {first - 1:,} are not kept by the server", first, now_ns)
        self._session, self._next = session, first

    def _reject(self, reason: str) -> None:
        """A session that is over is followed by the current one; anything else is tried again, later and later."""
        if reason == SESSION_NOT_AVAILABLE and self._session:
            self._foreign += 1
            raise WireError(f"session {self._session} is not available any more")
        raise WireError(f"the server rejected the login: {reason}")

    def _break(self, error: Exception, now_ns: int) -> None:
        """Hang up, and come back later."""
        self._hang_up()
        self._fault = in_words(error)
        if isinstance(error, WireError) and self._stream.is_open:
            self._malformed += 1
            self._unreadable += 1
        if self._stream.rejected == SESSION_NOT_AVAILABLE and self._session:
            self._lose(self._fault, 1, now_ns)
            self._session, self._next = "", 1
        if self._unreadable >= UNREADABLE_MAX:
            self._unreadable = 0
            self._given_up += 1
            self._next += 1
            self._lose(self._fault, self._next, now_ns)
        self._due_ns = now_ns + self._pause_ns
        self._pause_ns = min(2 * self._pause_ns, RETRY_NS_MAX)

    # ------------------------------------------------------------ images

    def _lose(self, reason: str, below: int, now_ns: int) -> None:
        self._holes += 1
        self._lost_reason, self._lost_below = reason, max(below, 1)
        self._lost_since_ns = self._lost_since_ns or now_ns

    def ask_image(self, reason: str) -> None:
        """Say that the books are not known although the line goes on."""
        self._lose(reason, self._next, self._heard_ns or self._opened_ns)

    def _fetch_image(self, now_ns: int) -> None:
        images = self._images
        if images is None or self._image is not None or not self._lost_below:
            return
        images.ask()
        image = images.step(now_ns)
        if image is None:
            return
        if image.sequence < self._lost_below:
            images.again(now_ns)
            return
        self._image, self._lost_below, self._lost_reason, self._lost_since_ns = image, 0, "", 0

    def image(self) -> BookImage | None:
        """Give the image that was fetched since the last call."""
        image, self._image = self._image, None
        return image

    # ------------------------------------------------------------ health

    def descriptors(self) -> list[int]:
        """The connections there are now."""
        own = [self._socket.fileno()] if self._socket else []
        return own + (self._images.descriptors() if self._images else [])

    def health(self, now_ns: int) -> LineHealth:
        """How the line is."""
        silence = max(now_ns - (self._heard_ns or self._opened_ns or now_ns), 0)
        state, reason = self._state(silence)
        return LineHealth(
            venue=self.venue,
            name=self.name,
            kind="soup",
            state=state,
            since_ns=self._state_clock.since(state, now_ns),
            reason=reason,
            session=self._session,
            ended=self._ended and not (self._images and self._lost_below),
            next_number=self._next,
            messages=self._messages,
            rate=self._rate.at(now_ns),
            packets={"A": self._packets} if self._packets else {},
            repeats=0,
            holes=self._holes,
            missing=0,
            requests=max(self._connections - 1, 0),
            given_up=self._given_up,
            malformed=self._malformed,
            foreign=self._foreign,
            connections=self._connections,
            images=self._images.fetched if self._images else 0,
            gap_since_ns=self._lost_since_ns,
            lag_ns=self._clock.lag_ns,
            source_ns=self._clock.source_ns,
            silence_ns=silence,
        )

    def _state(self, silence_ns: int) -> tuple[str, str]:
        """The state, and why it is not live."""
        if self._lost_below:
            fault = self._images.fault if self._images else "nobody can be asked for a book image"
            return GAP, f"{self._lost_reason}; {fault}" if fault else self._lost_reason
        if self._ended:
            return CLOSED, "the venue ended its session"
        if not self._accepted or self._socket is None:
            return RECOVERING, self._fault or "connecting"
        if silence_ns >= STALE_NS:
            return STALE, f"nothing was heard for {silence_ns / 1_000_000_000:.1f} s, not even a heartbeat"
        return LIVE, ""
