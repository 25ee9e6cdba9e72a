"""The exchanges in a process of their own, on a Unix or loopback socket: their market lives on when a broker dies.

Sockets and timer for a `rushtrade.marketplace.host.Host`; everything said on the line is there and in
`rushtrade.wire.venue_link`. The clock is handed in: the process that composes the market decides whether its time is
the wall's, a multiple of it, or (without a clock) the members'.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, cast

from rushtrade.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rushtrade.marketplace.host import Host, Member

TICK_SECONDS: Final = 0.002
"""How often the market lives on while nobody sends orders: the longest a print can be late."""
HEARTBEAT_TICKS: Final = 250
"""Ticks between two words of time to members, so that silence means trouble."""
UNSENT_BYTES_MAX: Final = 64 << 20
"""A member that lets this much pile up is not reading; its line is cut and it may come back."""
CONNECTIONS_MAX: Final = 64
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class _Line(asyncio.Protocol):
    """One connection: bytes from the socket to the member and back."""

    def __init__(self, server: ExchangeServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._member: Member | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A broker has come on the line."""
        self._transport = cast("asyncio.Transport", transport)  # what streams have
        if not self._server.take(self):
            self._transport.abort()
            return
        self._member = self._server.host.connect()

    def data_received(self, data: bytes) -> None:
        """A broker has said something."""
        if self._member is not None:
            self._server.live()
            self._member.receive_data(data)
            self._server.flush()

    def connection_lost(self, _error: Exception | None) -> None:
        """A broker has gone."""
        self._server.leave(self)
        if self._member is not None:
            self._server.host.disconnect(self._member)

    def flush(self) -> None:
        """Send what waits; cut a line that is not read."""
        if self._member is None or self._transport is None or self._transport.is_closing():
            return
        data = self._member.data_to_send()
        if data:
            self._transport.write(data)
        if self._transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            self._transport.abort()
        elif self._member.leaving:
            self._transport.close()


class ExchangeServer:
    """Serves one host. `clock` gives market time; without it the members drive the market."""

    def __init__(self, host: Host, clock: Callable[[], int] | None = None) -> None:
        if (clock is None) != host.driven:
            raise InvalidInput("a driven host has no clock, any other needs one")
        self.host = host
        self._clock = clock
        self._lines: list[_Line] = []

    async def serve_unix(self, path: Path, ready: Callable[[], None] = lambda: None) -> None:
        """Serve on a Unix socket until cancelled or the market is over and every member has gone."""
        loop = asyncio.get_running_loop()
        await self._serve(await loop.create_unix_server(lambda: _Line(self), str(path)), ready)

    async def serve_tcp(self, address: str, port: int, ready: Callable[[], None] = lambda: None) -> None:
        """Serve on a loopback port, likewise. There is no login secret: other addresses are refused."""
        if address not in LOOPBACK:
            raise InvalidInput(
                f"exchanges listen on loopback alone ({', '.join(LOOPBACK)}), not on {address!r}"
            )
        loop = asyncio.get_running_loop()
        await self._serve(await loop.create_server(lambda: _Line(self), address, port), ready)

    async def _serve(self, listener: asyncio.Server, ready: Callable[[], None]) -> None:
        async with listener:
            ready()
            ticks = 0
            while not (self.host.finished and not self._lines):
                await asyncio.sleep(TICK_SECONDS)
                self.live()
                ticks += 1
                if ticks % HEARTBEAT_TICKS == 0:
                    self.host.tell_time()
                self.flush()

    def live(self) -> None:
        """Let the market live up to now."""
        if self._clock is not None:
            self.host.advance(self._clock())

    def flush(self) -> None:
        """Send what waits on every line."""
        for line in tuple(self._lines):
            line.flush()

    def take(self, line: _Line) -> bool:
        """Take a connection in; False when there are too many."""
        if len(self._lines) >= CONNECTIONS_MAX:
            return False
        self._lines.append(line)
        return True

    def leave(self, line: _Line) -> None:
        """Forget a connection."""
        if line in self._lines:
            self._lines.remove(line)
