"""The client of a published day: lines kept whole, books made of them, and the honesty to say when these are not known.

`watch_mold` listens to lines A and B on UDP, asks again for what both lost, and ends with the session; `watch_soup` reads a
SoupBinTCP stream and, when it is cut, logs in again from the number it wants next. Both apply messages to `OrderBooks` and report
at the end. Books are *known* only while every message from number 1 on was applied in order; from the first number given up on,
messages are counted, not applied.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import msgspec

from rushtrade.gateway.feed_recovery import LineHealth, LineRecovery
from rushtrade.gateway.feed_server import LINES
from rushtrade.market.best_series import digest
from rushtrade.market.order_books import OrderBooks
from rushtrade.wire.errors import WireError
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame
from rushtrade.wire.soupbintcp import (
    HEARTBEAT_NS,
    SILENCE_NS,
    Heartbeat,
    LoginAccepted,
    LoginRejected,
    Sequenced,
    SessionEnded,
    SoupClient,
)

TICK_S = 0.02
"""How often a line is looked after: half the time between two rounds of requests."""
RECEIVE_BUFFER_BYTES = 1 << 23
"""Asked of the system for each line: a burst of some five thousand packets."""
LOGINS_MAX = 200
"""Logins to a server that cuts the stream again and again."""
RETRY_S = 0.05
READ_BYTES = 1 << 16
SECOND_NS = 1_000_000_000
STATES_KEPT = 100
"""Changes of state reported at the end, the latest ones."""


class Watched(msgspec.Struct, frozen=True):
    """What a watch saw. `digest` is that of the books, empty when they are not known; `known` says whether they are."""

    session: str
    messages: int
    known: bool
    orders: int
    digest: str
    ended: bool
    reason: str
    logins: int
    health: LineHealth | None
    states: list[tuple[str, int]]
    anomalies: dict[str, int]


class LoginRefused(WireError):  # noqa: N818  - reads as the statement it makes
    """The server will not let this client in; asking again would not help."""


class WatchedBooks:
    """Books fed with numbered packets, known as long as none is missing."""

    def __init__(self) -> None:
        self.books = OrderBooks()
        self.known = True
        self.messages = 0
        self.fault = ""
        self._next = 1

    def take(self, packets: list[FeedPacket]) -> None:
        """Apply packets in order; a hole or an unreadable message makes the books unknown."""
        for packet in packets:
            self.messages += packet.count
            if packet.sequence != self._next and self.known:
                self._lose(f"messages {self._next:,} to {packet.sequence - 1:,} are missing")
            self._next = packet.sequence + packet.count
            if not self.known:
                continue
            try:
                applied = self.books.feed(packet.payload).messages
            except WireError as error:
                self._lose(f"packet {packet.sequence:,}: {error}")
                continue
            if applied != packet.count:
                self._lose(f"packet {packet.sequence:,} says {packet.count} messages and holds {applied}")

    def _lose(self, reason: str) -> None:
        self.known, self.fault = False, reason

    def report(
        self,
        session: str,
        health: LineHealth | None,
        states: list[tuple[str, int]],
        *,
        ended: bool,
        logins: int,
    ) -> Watched:
        """What there is to say at the end."""
        return Watched(
            session=session.strip(),
            messages=self.messages,
            known=self.known,
            orders=self.books.orders if self.known else 0,
            digest=digest(self.books) if self.known else "",
            ended=ended,
            reason=self.fault or ("" if ended else "the line fell silent before the session ended"),
            logins=logins,
            health=health,
            states=states,
            anomalies={name: count for name, count in self.books.anomalies().items() if count},
        )


class _Line(asyncio.DatagramProtocol):
    """Hands the packets of one line on."""

    def __init__(self, name: str, receive: Callable[[str, bytes], None]) -> None:
        self._name, self._receive = name, receive

    def datagram_received(self, data: bytes, _: Any) -> None:
        self._receive(self._name, data)


class _MoldWatch:
    """Lines A and B of one venue."""

    def __init__(self, *, can_request: bool) -> None:
        self._clock = asyncio.get_running_loop().time
        self.recovery = LineRecovery(can_request=can_request)
        self.watched = WatchedBooks()
        self.states: list[tuple[str, int]] = []
        """States a line went through, with the number next when it entered each; at most `STATES_KEPT`."""

    def now_ns(self) -> int:
        """The loop's clock."""
        return int(self._clock() * SECOND_NS)

    def receive(self, line: str, data: bytes) -> None:
        """Take a packet."""
        self.watched.take(self.recovery.receive(line, data, self.now_ns()))

    def look_after(self, send: Callable[[bytes], None]) -> LineHealth:
        """Ask for what is missing, and note the state."""
        requests, given = self.recovery.requests(self.now_ns())
        for request in requests:
            send(request)
        self.watched.take(given)
        health = self.recovery.health(self.now_ns())
        if not self.states or self.states[-1][0] != health.state:
            self.states = [*self.states[-STATES_KEPT + 1 :], (health.state, health.next_number)]
        return health


async def watch_mold(
    host: str, port: int, *, patience_s: float, can_request: bool = True, opened: asyncio.Event | None = None
) -> Watched:
    """Watch a MoldUDP64 line until its session ends, or nothing was heard for `patience_s`."""
    loop = asyncio.get_running_loop()
    watch = _MoldWatch(can_request=can_request)
    transports: list[asyncio.DatagramTransport] = []
    try:
        for number, name in enumerate(LINES):
            transport, _ = await loop.create_datagram_endpoint(
                lambda name=name: _Line(name, watch.receive),  # type: ignore[misc]
                sock=_listening(host, port + number),
            )
            transports.append(transport)
        asking, _ = await loop.create_datagram_endpoint(
            lambda: _Line("R", watch.receive), sock=_listening(host, 0)
        )
        transports.append(asking)
        if opened:
            opened.set()
        begun = watch.now_ns()
        address = (host, port + len(LINES))
        while True:
            await asyncio.sleep(TICK_S)
            health = watch.look_after(lambda data: asking.sendto(data, address))
            silence = health.silence_ns if health.packets else watch.now_ns() - begun
            if watch.recovery.done or silence > patience_s * SECOND_NS:
                break
    finally:
        for transport in transports:
            transport.close()
    return watch.watched.report(
        watch.recovery.session, health, watch.states, ended=watch.recovery.done, logins=0
    )


def _listening(host: str, port: int) -> socket.socket:
    """A UDP socket with room for a burst."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    listening.setblocking(False)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening


async def watch_soup(
    host: str, port: int, *, patience_s: float, user: str = "", password: str = ""
) -> Watched:
    """Watch a SoupBinTCP stream until its session ends; log in again where it was cut."""
    watched = WatchedBooks()
    session, wanted, ended, logins = "", 1, False, 0
    loop = asyncio.get_running_loop()
    heard = loop.time()
    states: list[tuple[str, int]] = []
    while not ended and logins < LOGINS_MAX and loop.time() - heard < patience_s:
        client = SoupClient()
        try:
            reader, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(RETRY_S)
            continue
        logins += 1
        states = [*states[-STATES_KEPT + 1 :], ("live", wanted)]
        beating = asyncio.create_task(_beat(client, writer))
        try:
            writer.write(client.login(user, password, session, wanted))
            before = wanted
            wanted, ended = await _read_stream(client, reader, watched, wanted)
            heard = loop.time() if wanted > before else heard
        except LoginRefused as refused:
            watched.fault = str(refused)
            break
        except (WireError, OSError):
            wanted = watched.messages + 1  # what was whole was applied; the rest is asked for again
        finally:
            beating.cancel()
            writer.close()
        session = client.session or session
        if not ended:
            states.append(("recovering", wanted))
            await asyncio.sleep(RETRY_S)
    states.append(("closed" if ended else "stale", wanted))
    return watched.report(session, None, states, ended=ended, logins=logins)


async def _read_stream(
    client: SoupClient, reader: asyncio.StreamReader, watched: WatchedBooks, wanted: int
) -> tuple[int, bool]:
    """Read until the connection or the session ends. Gives the number wanted next, and whether the session ended."""
    while True:
        data = await asyncio.wait_for(reader.read(READ_BYTES), SILENCE_NS / SECOND_NS)
        client.receive_data(data)
        messages: list[bytes] = []
        ended = False
        while (event := client.next_event()) is not None:
            if isinstance(event, Sequenced):
                messages.append(frame(event.message))
            elif isinstance(event, LoginAccepted):
                wanted = event.sequence
            elif isinstance(event, LoginRejected):
                raise LoginRefused(f"the server rejected the login: {event.reason}")
            elif isinstance(event, SessionEnded):
                ended = True
            elif not isinstance(event, Heartbeat):
                continue
        if messages:
            watched.take([FeedPacket(0, wanted, len(messages), b"".join(messages))])
            wanted += len(messages)
        if ended or not data:
            return wanted, ended


async def _beat(client: SoupClient, writer: asyncio.StreamWriter) -> None:
    """Say every second that the client lives."""
    while True:
        await asyncio.sleep(HEARTBEAT_NS / SECOND_NS)
        writer.write(client.heartbeat())
