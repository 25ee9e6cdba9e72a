"""A line over MoldUDP64: the same packets on two ways, A and B, unicast or multicast, made whole by asking again or by an image.

`drain` takes what waits at the sockets in turns of one batch, so that what one way lost is filled by the other before much is held; a kernel
arbitrates, and what came in one drain leaves as one packet. What both ways lost is the business of `feed_recovery`; what nobody can send
again is made good by an image (`image_fetch`), where the line has an address for one. States are those of `line`.

A venue that begins a new session (its packets come, ours do not any more) is followed: the numbers begin again, and the books are lost
until an image of the new session was given, or a new day is opened by whoever reads.
"""

from __future__ import annotations

import socket
from collections import Counter

import msgspec

from rushtrade.gateway.datagram_ring import STRIDE_BYTES, DatagramRing, listening_socket
from rushtrade.gateway.feed_recovery import LineRecovery
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
from rushtrade.wire import mold_stream, soup_stream
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.itch50 import LENGTHS
from rushtrade.wire.mold_stream import MoldStream

DRAIN_PACKETS_MAX = 8192
"""Packets taken in one drain: some twenty milliseconds of work, so that whoever drains several lines gets to the next."""
WAYS = ("A", "B")
REPEATED = "R"
"""The way of what was sent again."""
NEW_SESSION_PACKETS = 3
"""Packets of another session in a row, while ours is silent, after which it is the new one."""


class MoldAddress(msgspec.Struct, frozen=True):
    """Where a line comes from. `ways` are groups or own addresses to listen at; `requests` and `images` whom to ask, if anybody."""

    ways: tuple[tuple[str, int], ...]
    interface: str = ""
    requests: tuple[str, int] | None = None
    images: tuple[str, int] | None = None


class MoldLine:
    """See `line.Line`."""

    def __init__(
        self,
        venue: int,
        name: str,
        address: MoldAddress,
        clock: SourceClock | None = None,
        *,
        batched: bool = True,
    ) -> None:
        self.venue, self.name = venue, name
        self._address = address
        self._batched = batched
        self._stream = MoldStream(venue, lengths=LENGTHS)
        self._clock = clock or SourceClock()
        self._recovery = LineRecovery(
            self._stream, can_request=address.requests is not None, can_image=address.images is not None
        )
        self._images: ImageFetch | None = None
        self._image: BookImage | None = None
        self._sockets: list[tuple[str, socket.socket]] = []
        self._asking: socket.socket | None = None
        self._requests_to: tuple[str, int] | None = None
        self._packets: Counter[str] = Counter()
        self._way_heard_ns: dict[str, int] = {}
        self._messages = 0
        self._opened_ns = self._heard_ns = 0
        self._rate, self._state_clock = Rate(), StateClock()

    async def open(self) -> None:
        """Listen. Raises OSError, with the address, for a port that is taken or a name nobody knows."""
        mold_stream.load_kernels()
        soup_stream.load_kernels()  # images come that way
        self._ring = DatagramRing(batched=self._batched)
        try:
            for way, (host, port) in zip(WAYS, self._address.ways, strict=False):
                self._sockets.append((way, listening_socket(host, port, self._address.interface)))
            if self._address.requests is not None:
                self._requests_to = resolved(*self._address.requests)
                self._asking = listening_socket("", 0)
                self._sockets.append((REPEATED, self._asking))
            if self._address.images is not None:
                self._images = ImageFetch(self.venue, resolved(*self._address.images))
        except OSError:
            await self.close()
            raise

    async def close(self) -> None:
        """Let all sockets go."""
        for _, each in self._sockets:
            each.close()
        self._sockets, self._asking = [], None
        if self._images:
            self._images.close()

    def drain(self, now_ns: int) -> list[FeedPacket]:
        """Give all that is whole and in order now."""
        self._opened_ns = self._opened_ns or now_ns
        before = self._stream.counts.packets
        given = self._receive(now_ns)
        if self._stream.counts.packets > before:
            self._heard_ns = now_ns
        elif self._is_new_session(now_ns):
            self._follow_session(now_ns)
        for request in self._recovery.look(now_ns):
            self._send(request)
        given += self._stream.packets()
        if given:
            count = sum(packet.count for packet in given)
            self._messages += count
            self._rate.note(now_ns, count)
            self._clock.note(now_ns, self._stream.last_time)
        self._fetch_image(now_ns)
        return given

    def _receive(self, now_ns: int) -> list[FeedPacket]:
        """Take what waits, a batch of each way in turn, until nothing does or it is enough for now."""
        ring, stream = self._ring, self._stream
        given: list[FeedPacket] = []
        left, waiting = DRAIN_PACKETS_MAX, self._sockets
        while waiting and left > 0:
            still = []
            for way, each in waiting:
                taken = ring.receive(each)
                if not taken:
                    continue
                left -= taken
                before = stream.counts.packets
                given += stream.take(ring.packets, STRIDE_BYTES, ring.sizes, ring.sizes_stride, taken)
                if (whole := stream.counts.packets - before) > 0:
                    self._packets[way] += whole
                    self._way_heard_ns[way] = now_ns
                still.append((way, each))
            waiting = still
        return given

    def _send(self, request: bytes) -> None:
        if self._asking is None or self._requests_to is None:
            return
        try:
            self._asking.sendto(request, self._requests_to)
        except OSError:
            return  # it is asked for again in the next round, and given up when no round brings anything

    # ------------------------------------------------------------ sessions and images

    def _is_new_session(self, now_ns: int) -> bool:
        return self._stream.foreign_streak >= NEW_SESSION_PACKETS and now_ns - self._heard_ns >= STALE_NS

    def _follow_session(self, now_ns: int) -> None:
        """Take the next packet's session for ours."""
        before = self._stream.session.strip()
        self._stream.restart()
        self._recovery.lose(f"session {before} was followed by another one", now_ns)

    def _fetch_image(self, now_ns: int) -> None:
        images = self._images
        if images is None or self._image is not None:
            return
        if self._recovery.lost_below and not images.is_busy:
            images.ask()
        image = images.step(now_ns)
        if image is None:
            return
        if self._recovery.rebuilt(image.sequence):
            self._image = image
        else:
            images.again(now_ns)

    def image(self) -> BookImage | None:
        """Give the image that was fetched since the last call."""
        image, self._image = self._image, None
        return image

    def ask_image(self, reason: str) -> None:
        """Say that the books are not known although the line goes on."""
        self._recovery.lose(reason, self._heard_ns or self._opened_ns)

    # ------------------------------------------------------------ health

    def descriptors(self) -> list[int]:
        """The sockets, and the connection an image comes over."""
        return [each.fileno() for _, each in self._sockets] + (
            self._images.descriptors() if self._images else []
        )

    def health(self, now_ns: int) -> LineHealth:
        """How the line is."""
        stream, counts, recovery = self._stream, self._stream.counts, self._recovery
        silence = max(now_ns - (self._heard_ns or self._opened_ns or now_ns), 0)
        state, reason = self._state(silence)
        return LineHealth(
            venue=self.venue,
            name=self.name,
            kind="mold",
            state=state,
            since_ns=self._state_clock.since(state, now_ns),
            reason=reason,
            session=stream.session.strip(),
            ended=stream.ended and not stream.has_holes() and not (self._images and recovery.lost_below),
            next_number=stream.expected,
            messages=self._messages,
            rate=self._rate.at(now_ns),
            packets=dict(sorted(self._packets.items())),
            repeats=counts.repeats,
            holes=counts.holes,
            missing=sum(count for _, count in stream.missing()) if stream.has_holes() else 0,
            requests=recovery.requests,
            given_up=counts.given_up,
            malformed=stream.malformed,
            foreign=stream.foreign,
            connections=0,
            images=self._images.fetched if self._images else 0,
            gap_since_ns=recovery.gap_since_ns,
            lag_ns=self._clock.lag_ns,
            source_ns=self._clock.source_ns,
            silence_ns=silence,
            quiet_ways=self._quiet_ways(now_ns) if silence < STALE_NS and self._heard_ns else (),
        )

    def _quiet_ways(self, now_ns: int) -> tuple[str, ...]:
        """Ways that are silent, whether they fell silent or never spoke."""
        return tuple(
            way
            for way, _ in self._sockets
            if way != REPEATED and now_ns - self._way_heard_ns.get(way, self._opened_ns) >= STALE_NS
        )

    def _state(self, silence_ns: int) -> tuple[str, str]:
        """The state, and why it is not live."""
        recovery, stream = self._recovery, self._stream
        if recovery.lost_below:
            fault = self._images.fault if self._images else "nobody can be asked for a book image"
            return GAP, f"{recovery.reason}; {fault}" if fault else recovery.reason
        if stream.has_holes():
            first, count = stream.missing()[0]
            return RECOVERING, f"messages {first:,} to {first + count - 1:,} are missing"
        if stream.ended:
            return CLOSED, "the venue ended its session"
        if not self._heard_ns:
            return STALE, "nothing was heard yet"
        if silence_ns >= STALE_NS:
            seconds = silence_ns / 1_000_000_000
            return STALE, f"nothing was heard for {seconds:.1f} s, not even a heartbeat"
        return LIVE, ""
