"""One connection to a NATS server that comes back by itself, and says since when it is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import nats
import structlog
from nats.aio.client import Client

from rushtrade.domain.errors import InvalidInput

CONNECT_SECONDS = 2
FIRST_SECONDS = 5
"""Until whoever starts a host or a gateway is told that no server answers."""
RETRY_SECONDS = 1
"""Between two attempts: gateways go on with what they have meanwhile."""
PING_SECONDS = 2
PINGS_UNANSWERED_MAX = 2
"""A server that is gone without a word is noticed within some five seconds."""
PENDING_BYTES_MAX = 128 << 20
"""Of messages a subscriber has not taken yet; beyond it some are lost, seen by their numbers, and asked for again."""

log = structlog.get_logger(__name__)


class NatsLink:
    """A client, its state, and words for both. The URL may hold user and password; they are never shown."""

    def __init__(self, url: str, name: str, now_ns: Callable[[], int]) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port or 4222
        except ValueError:
            port = 0
        if parts.scheme not in {"nats", "tls"} or not parts.hostname or not port:
            raise InvalidInput(f"--nats {url[:60]!r} is no address such as nats://127.0.0.1:4222")
        self.server = f"{parts.scheme}://{parts.hostname}:{port}"
        self.client = Client()
        self.fault = ""
        self.down_since_ns = 0
        self._url, self._name, self._now_ns = url, name, now_ns
        self._leaving = False

    @property
    def connected(self) -> bool:
        """True while the server answers."""
        return self.client.is_connected

    async def open(self) -> None:
        """Connect. InvalidInput when nobody answers there."""
        try:
            async with asyncio.timeout(FIRST_SECONDS):  # the client itself would go on trying, without a word
                await self.client.connect(
                    [self._url],
                    name=self._name,
                    connect_timeout=CONNECT_SECONDS,
                    allow_reconnect=False,
                    error_cb=self._on_error,
                )
            await self.client.close()
            await self.client.connect(
                [self._url],
                name=self._name,
                connect_timeout=CONNECT_SECONDS,
                max_reconnect_attempts=-1,
                reconnect_time_wait=RETRY_SECONDS,
                ping_interval=PING_SECONDS,
                max_outstanding_pings=PINGS_UNANSWERED_MAX,
                error_cb=self._on_error,
                disconnected_cb=self._on_disconnected,
                reconnected_cb=self._on_reconnected,
            )
        except (nats.errors.Error, OSError, TimeoutError) as error:
            why = str(error) or self.fault or type(error).__name__
            raise InvalidInput(f"no NATS server answers at {self.server}: {why}") from None
        self.fault = ""

    async def close(self) -> None:
        """Send what waits, and leave."""
        self._leaving = True
        if self.client.is_connected:
            try:
                await self.client.flush(CONNECT_SECONDS)
            except (nats.errors.Error, TimeoutError) as error:
                self.note_fault(error)
        if not self.client.is_closed:
            await self.client.close()

    def note_fault(self, error: Exception) -> None:
        """Remember what went wrong last."""
        self.fault = str(error) or type(error).__name__

    async def _on_error(self, error: Exception) -> None:
        self.note_fault(error)

    async def _on_disconnected(self) -> None:
        if self._leaving:
            return
        self.down_since_ns = self.down_since_ns or self._now_ns()
        log.warning("fan-out down", server=self.server, fault=self.fault)

    async def _on_reconnected(self) -> None:
        log.info("fan-out up again", server=self.server)
        self.down_since_ns, self.fault = 0, ""
