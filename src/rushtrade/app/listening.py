"""The address of a house or a data center: taken before anything is opened, served until the process is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Coroutine, Iterator
from typing import Any

import uvicorn

from rushtrade.domain.errors import InvalidInput

CONNECTIONS_WAITING_MAX = 2_048
"""Connections the kernel keeps for us until they are taken: the server's own measure."""


def listen(host: str, port: int) -> socket.socket:
    """Take the address before anything is opened: a taken one costs nothing, and early clients wait instead of being refused."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(CONNECTIONS_WAITING_MAX)
    except OSError as error:
        listening.close()
        raise InvalidInput(
            f"cannot listen on {host}:{port}: {error.strerror}; another --port (0 = any free one) would pass"
        ) from None
    return listening


class Server(uvicorn.Server):
    """A server that leaves signals to the process, which has more to close than sockets."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ask the server to end on the first signal, and let the process end by itself."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.end)
        yield

    def end(self) -> None:
        """Let the clients go and end; asked a second time, without waiting for them."""
        self.force_exit = self.should_exit
        self.should_exit = True


async def together(*works: Coroutine[Any, Any, None]) -> None:
    """Let works go on beside each other until one ends; what it fails with is raised, the others are cancelled."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def serve_while(server: Server, listening: socket.socket, work: Coroutine[Any, Any, None]) -> None:
    """Serve and let the work go on until one of the two ends; what the work fails with is raised."""
    working = asyncio.create_task(work, name="work")
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="server")
    done, _ = await asyncio.wait({working, serving}, return_when=asyncio.FIRST_COMPLETED)
    if working in done:
        server.should_exit = True
        await serving
        working.result()
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
