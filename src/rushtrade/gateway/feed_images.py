"""Images of a published day's books over GLIMPSE 5.0, for listeners who lost more than can be sent again.

Whoever logs in gets the books as they are after the last message that was sent by then. Books are kept up lazily: what was
published since the last image is applied, in another thread, before the next one is made; two clients at the same time get the same.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from rushtrade.books.book_image import ImageBooks
from rushtrade.wire.errors import WireError
from rushtrade.wire.framing import MessageReader
from rushtrade.wire.glimpse import encode_snapshot
from rushtrade.wire.soupbintcp import NOT_AUTHORIZED, Heartbeat, LoginRequested, SoupServer

CLIENTS_MAX = 16
LOGIN_BYTES_MAX = 1 << 12
LOGIN_S = 5.0
"""Longest time a client may take to log in."""
STEP_MESSAGES = 1 << 17
"""Messages applied at a time, and messages sent before others may run."""


class Day(Protocol):
    """The messages of a day by their numbers, from 1."""

    def payload(self, first: int, count: int) -> bytes:
        """Framed messages number `first` to `first + count - 1`."""
        ...


class ImageServer:
    """Serves images of one venue. `sent_below` is kept by whoever publishes: the number of the first message not yet sent."""

    def __init__(self, day: Day, session: str) -> None:
        self._day, self._session = day, session
        self._books = ImageBooks()
        self._making = asyncio.Lock()
        self._clients = 0
        self.sent_below = 1
        self.images = 0
        """Images sent."""
        self.asked_at = 0.0
        """When somebody last logged in or was sent to, by the loop's clock."""

    async def open(self, host: str, port: int) -> asyncio.Server:
        """Listen for clients."""
        return await asyncio.start_server(self._serve, host, port, limit=LOGIN_BYTES_MAX)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients += 1
        session = SoupServer()
        try:
            if self._clients <= CLIENTS_MAX:
                await asyncio.wait_for(self._login(session, reader, writer), LOGIN_S)
                await self._send(session, writer)
        except (WireError, OSError, TimeoutError):
            pass  # the client's fault or its network's: it comes again
        finally:
            self._clients -= 1
            writer.close()

    async def _login(
        self, session: SoupServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        event = None
        while event is None or isinstance(event, Heartbeat):
            data = await reader.read(LOGIN_BYTES_MAX)
            if not data:
                raise WireError("the client hung up")
            session.receive_data(data)
            event = session.next_event()
        self.asked_at = asyncio.get_running_loop().time()
        if not isinstance(event, LoginRequested) or event.sequence > 1:
            writer.write(session.reject(NOT_AUTHORIZED))
            await writer.drain()
            raise WireError("an image is sent from its first message on")
        writer.write(session.accept(self._session, 1))

    async def _send(self, session: SoupServer, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        async with self._making:
            sequence, image = await loop.run_in_executor(None, self._make)
        reader = MessageReader()
        reader.receive_data(image)
        packets: list[bytes] = []
        for message in reader:
            packets.append(session.send(message))
            if len(packets) == STEP_MESSAGES:
                writer.write(b"".join(packets))
                packets.clear()
                await writer.drain()
                self.asked_at = loop.time()
        packets += [session.send(encode_snapshot(sequence)), session.end_session()]
        writer.write(b"".join(packets))
        await writer.drain()
        self.asked_at = loop.time()
        self.images += 1

    def _make(self) -> tuple[int, bytes]:
        """Bring the books up to what was sent; give the number behind it and their image."""
        behind = self.sent_below
        while (first := self._books.messages + 1) < behind:
            self._books.feed(self._day.payload(first, min(STEP_MESSAGES, behind - first)))
        return behind, self._books.image()
