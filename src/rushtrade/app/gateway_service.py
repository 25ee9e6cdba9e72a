"""A gateway of a data center on its address: joined to a host, and joined anew when that is needed, until it is told to end.

Theory of operation. A gateway that cannot go on without a new snapshot (its host began another run, or it was away for too long) keeps
serving what it has, marked stale, while a new copy is fetched beside it. Then its clients are let go and the new copy takes
the address over; they come back and resume by the numbers they had seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from rushtrade.api.credentials import CredentialFile
from rushtrade.api.ports import Ports
from rushtrade.app.fan_out import MarketGateway, join_host
from rushtrade.app.listening import Server, together
from rushtrade.app.market_service import desk_ports, make_server
from rushtrade.app.runtime import settle_memory
from rushtrade.domain.errors import RushTradeError
from rushtrade.serving.archive import TickArchive

RETRY_SECONDS = 0.5
"""Between two attempts to join a host that does not answer."""

log = structlog.get_logger(__name__)


class CopyServer(Server):
    """A server that ends with one copy of the data center; signals are the service's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


class GatewayService:
    """Serves one copy after the other."""

    def __init__(
        self,
        url: str,
        host: str,
        name: str,
        listening: socket.socket,
        private: Path,
        ticks: Path | None = None,
    ) -> None:
        """`private` is a directory of this process alone: the host's credentials are put there.

        `ticks` is the host's tick store, where this machine can read it; without it, history is what the books and tape remember.
        """
        self._ticks = ticks
        self._url, self._host, self._name = url, host, name
        self._listening, self._private = listening, private
        self._stop = asyncio.Event()
        self._server: CopyServer | None = None

    async def run(self, gateway: MarketGateway) -> None:
        """Serve until the process is told to end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal)
        copy: MarketGateway | None = gateway
        while copy is not None:
            copy = await self._serve(copy)

    def _on_signal(self) -> None:
        self._stop.set()
        if self._server is not None:
            self._server.end()

    async def _serve(self, gateway: MarketGateway) -> MarketGateway | None:
        """Serve one copy; give the one that takes over, None when the process is to end."""
        following = asyncio.create_task(together(gateway.run(), gateway.entitlements.run()), name="gateway")
        try:
            self._server = CopyServer(make_server(self._ports(gateway), gateway).config)
            settle_memory()
            serving = asyncio.create_task(self._server.serve(sockets=[self._listening.dup()]), name="server")
            stopping = asyncio.create_task(self._stop.wait())
            await asyncio.wait({following, serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            heir = None if self._stop.is_set() or serving.done() else await self._join_again()
            if not self._server.should_exit:
                self._server.end()
            await serving
            return heir
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
            await gateway.entitlements.close()
            await gateway.close()

    def _ports(self, gateway: MarketGateway) -> Ports:
        path = self._private / "credentials.json"
        path.write_bytes(gateway.credentials)
        path.chmod(0o600)
        ports = desk_ports(
            gateway, gateway.store, CredentialFile(path), gateway.submit, gateway.entitlements, gateway.epoch
        )
        past = None if self._ticks is None else TickArchive(self._ticks, gateway.venues)
        return msgspec.structs.replace(ports, archive=past, limits=gateway.bounds)

    async def _join_again(self) -> MarketGateway | None:
        while not self._stop.is_set():
            try:
                return await join_host(self._url, self._host, self._name)
            except RushTradeError as error:
                log.warning("not joined", host=self._host, why=str(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY_SECONDS):
                    await self._stop.wait()
        return None
