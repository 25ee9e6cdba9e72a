"""Sockets for a floor: every venue's ports on loopback, over which anybody trades and listens by the exchanges' own protocols.

All that is said is in the ports (`soup_port`, `itch_ports`); here are sockets and a beat. The clock is handed in by the process that composes the
market. A connection that does not read is cut when `UNSENT_BYTES_MAX` pile up, and may come back to where it was.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from rushtrade.domain.errors import InvalidInput
from rushtrade.floor.fix_port import FixPort
from rushtrade.floor.itch_ports import MoldPublisher
from rushtrade.floor.soup_port import SoupPort
from rushtrade.marketplace.server import LOOPBACK, TICK_SECONDS

if TYPE_CHECKING:
    from rushtrade.floor.floor import Floor
    from rushtrade.wire.exchange_table import VenuePorts

BEAT_TICKS: Final = 500
"""Ticks between two heartbeats: a second."""
END_BEATS: Final = 3
"""Beats after the end of the session in which listeners may still ask for what they missed."""
UNSENT_BYTES_MAX: Final = 8 << 20
"""Bytes that may wait on a connection before no more are given to it; the rest stays with the stream it reads."""
CONNECTIONS_MAX: Final = 256
STALLED_BEATS_MAX: Final = 30
"""Beats a full connection may stand still before it is cut."""


class Port(Protocol):
    """One connection's protocol, without I/O."""

    @property
    def leaving(self) -> bool:
        """Whether the connection is to be closed."""

    @property
    def refused(self) -> int:
        """What was said and was nothing."""

    def receive_data(self, data: bytes) -> None:
        """Take bytes as they came."""

    def data_to_send(self) -> bytes:
        """Give the bytes on the way."""

    def beat(self) -> None:
        """Take note that a second has passed."""

    def end(self) -> None:
        """Take note that the day is over."""

    def gone(self) -> None:
        """Take note that the connection is gone."""


class _Connection(asyncio.Protocol):
    """Bytes from a socket to a port and back."""

    def __init__(self, server: PortServer, kind: str, make: Callable[[], Port]) -> None:
        self.kind = kind
        self.port: Port = make()
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._stalled = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has come."""
        self._transport = cast("asyncio.Transport", transport)  # what streams have
        if not self._server.take(self):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Somebody has said something."""
        self._server.live()
        self.port.receive_data(data)
        self._server.flush()

    def connection_lost(self, _error: Exception | None) -> None:
        """Somebody has gone."""
        self.port.gone()
        self._server.leave(self)

    def flush(self) -> None:
        """Send what waits, as far as it is read."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() < UNSENT_BYTES_MAX:
            self._stalled = 0
            data = self.port.data_to_send()
            if data:
                transport.write(data)
        if self.port.leaving:
            transport.close()

    def beat(self) -> None:
        """Let a second pass."""
        self.port.beat()
        self._stalled += 1
        if self._stalled > STALLED_BEATS_MAX and self._transport is not None:
            self._transport.abort()


class _Requests(asyncio.DatagramProtocol):
    """Answers requests for retransmission."""

    def __init__(self, publisher: MoldPublisher) -> None:
        self._publisher = publisher
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for packet in self._publisher.answer(data):
            self._transport.sendto(packet, addr)


class PortServer:
    """Serves a floor's venues on their ports. `clock` gives market time."""

    def __init__(self, floor: Floor, table: Sequence[VenuePorts], clock: Callable[[], int]) -> None:
        for row in table:
            if row.host not in LOOPBACK:
                raise InvalidInput(
                    f"exchanges listen on loopback alone ({', '.join(LOOPBACK)}), not on {row.host!r}"
                )
        self.floor = floor
        self.table = tuple(table)
        self.logins: dict[str, int] = {}
        """Connections so far, by the kind of their port."""
        self.refused = 0
        """What was said on connections that are gone, and was nothing."""
        self._clock = clock
        self._connections: list[_Connection] = []
        self._publishers: list[tuple[MoldPublisher, asyncio.DatagramTransport, VenuePorts]] = []
        self._open: list[asyncio.Server | asyncio.DatagramTransport] = []

    @property
    def connections(self) -> int:
        """Connections there are now."""
        return len(self._connections)

    async def serve(
        self, ready: Callable[[], None] = lambda: None, beat: Callable[[], None] = lambda: None
    ) -> None:
        """Serve until cancelled, or until the market is over and everybody has heard of it; `beat` is called every second."""
        try:
            for row in self.table:
                await self._open_venue(row)
            if not self.floor.is_open:
                self.floor.open()
            ready()
            ticks = beats_after_end = 0
            while beats_after_end < END_BEATS or self._connections:
                await asyncio.sleep(TICK_SECONDS)
                self.live()
                ticks += 1
                if ticks % BEAT_TICKS == 0:
                    self._beat()
                    beat()
                    beats_after_end += self.floor.finished
                self.flush()
        finally:
            for each in self._open:
                each.close()
            for connection in tuple(self._connections):
                connection.port.end()
                connection.flush()

    async def _open_venue(self, row: VenuePorts) -> None:
        floor, venue = self.floor, row.venue
        logins: dict[str, tuple[int, Callable[[str, str], Any]]] = {
            "ouch": (row.ouch, lambda user, _password: floor.open_ouch(venue, user)),
            "itch": (row.itch_soup, lambda _user, _password: floor.open_feed(venue)),
            "glimpse": (row.glimpse, lambda _user, _password: floor.open_books(venue)),
        }
        for kind, (port, login) in logins.items():
            await self._listen(row.host, port, kind, lambda login=login: SoupPort(floor.session, login))  # type: ignore[misc]
        await self._listen(
            row.host,
            row.fix,
            "fix",
            lambda: FixPort(lambda user, target: floor.open_fix(venue, user, target), lambda: floor.now_ns),
        )
        loop = asyncio.get_running_loop()
        publisher = MoldPublisher(floor.feeds[venue], floor.session)
        answering, _ = await loop.create_datagram_endpoint(
            lambda: _Requests(publisher), local_addr=(row.host, row.requests)
        )
        sending, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(row.host, 0))
        self._open += [answering, sending]
        self._publishers.append((publisher, sending, row))

    async def _listen(self, host: str, port: int, kind: str, make: Callable[[], Port]) -> None:
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(lambda: _Connection(self, kind, make), host, port)
        except OSError as error:
            raise InvalidInput(f"port {port} of {host} cannot be had: {error.strerror or error}") from None
        self._open.append(server)

    def live(self) -> None:
        """Let the market live up to now."""
        self.floor.advance(self._clock())

    def flush(self) -> None:
        """Send what waits to everybody."""
        for connection in tuple(self._connections):
            connection.flush()
        for publisher, transport, row in self._publishers:
            for packet in publisher.due():
                self._publish(transport, row, packet)

    def take(self, connection: _Connection) -> bool:
        """Take a connection in; False when there are too many."""
        if len(self._connections) >= CONNECTIONS_MAX:
            return False
        self._connections.append(connection)
        self.logins[connection.kind] = self.logins.get(connection.kind, 0) + 1
        return True

    def leave(self, connection: _Connection) -> None:
        """Forget a connection."""
        if connection in self._connections:
            self._connections.remove(connection)
            self.refused += connection.port.refused

    def _beat(self) -> None:
        over = self.floor.finished
        for connection in tuple(self._connections):
            connection.beat()
            if over:
                connection.port.end()
        for publisher, transport, row in self._publishers:
            self._publish(transport, row, publisher.end() if over else publisher.heartbeat())

    @staticmethod
    def _publish(transport: asyncio.DatagramTransport, row: VenuePorts, packet: bytes) -> None:
        for port in (row.mold_a, row.mold_b):
            transport.sendto(packet, (row.multicast or row.host, port))


def _sending(row: VenuePorts) -> socket.socket:
    """A socket packets leave by; to a group, on the host's own interface and no further than the local network."""
    sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sending.setblocking(False)
    sending.bind((row.host, 0))
    if row.multicast:
        sending.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(row.host))
        sending.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    return sending
