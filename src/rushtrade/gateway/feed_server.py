"""A recorded day published over the real protocols: MoldUDP64 on two ways with retransmission, or SoupBinTCP; book images beside either.

Speed is a multiple of the day's own pace; 0 is as fast as listeners can take it. MoldUDP64 packets go to two UDP ports (`port`, way
A, and `port + 1`, way B) of a host or a multicast group, each with faults of its own; requests are answered on `port + 2`, unharmed and at most
`REQUEST_MESSAGES_MAX` messages each. SoupBinTCP listens on `port`: every client is sent the day from the number it asks for, so
that one that was cut off resumes where it was. Faults of a TCP stream are cuts of the connection, also inside a packet, and bytes that are none.
GLIMPSE 5.0 listens on `port + 3`.

Idle lines send heartbeats every second. After the last message the end of the session is repeated while anybody still asks for
what it missed, and for `LINGER_S` after that. Several days are published side by side by one `Pace`, each with four ports of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from rushtrade.gateway.datagram_ring import is_multicast, sending_socket
from rushtrade.gateway.feed_day import Pace, RecordedDay, pace_of
from rushtrade.gateway.feed_faults import Faults, FaultyLine
from rushtrade.gateway.feed_images import ImageServer
from rushtrade.wire.errors import WireError
from rushtrade.wire.moldudp64 import (
    REQUEST_MESSAGES_MAX,
    MoldPacket,
    decode_request,
    encode_packet,
)
from rushtrade.wire.moldudp64_layout import END_OF_SESSION
from rushtrade.wire.soupbintcp import (
    NOT_AUTHORIZED,
    SESSION_NOT_AVAILABLE,
    Heartbeat,
    LoginRequested,
    SessionEnded,
    SoupServer,
)

WAYS = ("A", "B")
REQUESTS_PORT, IMAGES_PORT = 2, 3
"""Ports of requests and of images, counted from the first."""
HEARTBEAT_S = 1.0
LINGER_S = 3.0
END_REPEAT_S = 0.1
BURST_PACKETS = 16
"""Packets sent without letting anybody else run, when the speed has no bound."""
BURST_PAUSE_S = 0.0005
APART_NS = 1_000_000
"""Messages of one packet are at most so far apart by the day's clock."""
CLIENTS_MAX = 64
LOGIN_BYTES_MAX = 1 << 16
"""Bytes a client may send before the server reads on: it has nothing to say but its login and heartbeats."""
SOUP_BATCH_MESSAGES = 256


class Address(msgspec.Struct, frozen=True):
    """Where a day is published. `host` answers requests; packets go to `group` where there is one, out of `interface`."""

    host: str
    port: int
    group: str = ""
    interface: str = ""

    @property
    def to(self) -> str:
        """Where packets are sent."""
        return self.group or self.host


class Publishing(msgspec.Struct, frozen=True):
    """How a day is published."""

    session: str = "RUSHTRADE"
    faults: Faults = Faults()
    requests: bool = True
    """Whether what was missed is sent again."""
    images: bool = True
    """Whether book images are sent."""


class Published(msgspec.Struct, frozen=True):
    """What was sent."""

    messages: int
    packets: int
    lost: int = 0
    repeated: int = 0
    delayed: int = 0
    silenced: int = 0
    truncated: int = 0
    garbage: int = 0
    requests: int = 0
    cuts: int = 0
    clients: int = 0
    images: int = 0


class _Requests(asyncio.DatagramProtocol):
    """Answers requests for retransmission."""

    def __init__(self, server: MoldFeedServer) -> None:
        self._server = server
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for packet in self._server.answer(data):
            self._transport.sendto(packet, addr)


class MoldFeedServer:
    """Publishes a day over MoldUDP64."""

    def __init__(self, day: RecordedDay, how: Publishing, pace: Pace) -> None:
        self._day, self._how, self._pace = day, how, pace
        self._lines = [FaultyLine(how.faults, number) for number in range(len(WAYS))]
        self._images = ImageServer(day, how.session)
        self._packets = self._requests = 0
        self._asked_at = 0.0
        self._ports: list[tuple[asyncio.DatagramTransport, tuple[str, int]]] = []

    async def run(self, address: Address) -> Published:
        """Publish the whole day and end the session."""
        loop = asyncio.get_running_loop()
        open_ports: list[asyncio.BaseTransport | asyncio.Server] = []
        try:
            if self._how.requests:
                answering, _ = await loop.create_datagram_endpoint(
                    lambda: _Requests(self), local_addr=(address.host, address.port + REQUESTS_PORT)
                )
                open_ports.append(answering)
            if self._how.images:
                open_ports.append(await self._images.open(address.host, address.port + IMAGES_PORT))
            for number in range(len(WAYS)):
                transport, _ = await loop.create_datagram_endpoint(
                    asyncio.DatagramProtocol, sock=_sending(address)
                )
                open_ports.append(transport)
                self._ports.append((transport, (address.to, address.port + number)))
            await self._publish()
            await self._end()
        finally:
            for each in open_ports:
                each.close()
        return self._published()

    def _published(self) -> Published:
        lines = self._lines
        return Published(
            messages=len(self._day),
            packets=self._packets,
            lost=sum(line.lost for line in lines),
            repeated=sum(line.repeated for line in lines),
            delayed=sum(line.delayed for line in lines),
            silenced=sum(line.silenced for line in lines),
            truncated=sum(line.cut for line in lines),
            garbage=sum(line.invented for line in lines),
            requests=self._requests,
            images=self._images.images,
        )

    def answer(self, data: bytes) -> list[bytes]:
        """Packets that answer a request; none for one that is malformed, of another session, or of what was not sent."""
        try:
            request = decode_request(data)
        except WireError:
            return []
        below = min(request.sequence + min(request.count, REQUEST_MESSAGES_MAX), self._images.sent_below)
        if request.session.rstrip() != self._how.session or request.sequence < 1:
            return []
        self._requests += 1
        self._asked_at = asyncio.get_running_loop().time()
        packets, first = [], request.sequence
        while first < below:
            behind = min(self._day.span(first, 1 << 62), below)
            packets.append(self._packet(first, behind - first))
            first = behind
        return packets

    def _packet(self, first: int, count: int) -> bytes:
        payload = self._day.payload(first, count) if 0 < count < END_OF_SESSION else b""
        return encode_packet(MoldPacket(self._how.session, first, count, payload))

    async def _publish(self) -> None:
        pace, day = self._pace, self._day
        apart = int(APART_NS * pace.speed) if pace.speed else 1 << 62
        first = 1
        while first <= len(day):
            while (wait := pace.wait_s(int(day.times[first - 1]))) > 0:
                await asyncio.sleep(min(wait, HEARTBEAT_S))
                if wait > HEARTBEAT_S:
                    self._say(self._packet(first, 0))
            behind = day.span(first, apart)
            self._images.sent_below = behind
            self._send(self._packet(first, behind - first))
            self._packets += 1
            first = behind
            if self._packets % BURST_PACKETS == 0:
                await asyncio.sleep(0 if pace.speed else BURST_PAUSE_S)

    def _send(self, packet: bytes) -> None:
        """Send on both ways, with what happens to a packet there."""
        elapsed = self._pace.elapsed_s()
        for line, (transport, address) in zip(self._lines, self._ports, strict=True):
            for each in line.send(packet, elapsed):
                transport.sendto(each, address)

    def _say(self, packet: bytes) -> None:
        """Send unharmed: a heartbeat, an end. Only silence keeps it."""
        elapsed = self._pace.elapsed_s()
        for line, (transport, address) in zip(self._lines, self._ports, strict=True):
            if not line.is_silent(elapsed):
                transport.sendto(packet, address)

    async def _end(self) -> None:
        """Say that the session has ended until nobody asks for anything any more."""
        loop = asyncio.get_running_loop()
        for line, (transport, address) in zip(self._lines, self._ports, strict=True):
            for each in line.flush():
                transport.sendto(each, address)
        self._asked_at = loop.time()
        while loop.time() - max(self._asked_at, self._images.asked_at) < LINGER_S:
            self._say(self._packet(len(self._day) + 1, END_OF_SESSION))
            await asyncio.sleep(END_REPEAT_S)


def _sending(address: Address) -> Any:
    """A socket for one way."""
    group = address.group if is_multicast(address.group or "0") else ""
    return sending_socket(group, address.interface)


class SoupFeedServer:
    """Publishes a day over SoupBinTCP to any number of clients, each from the number it asks for."""

    def __init__(self, day: RecordedDay, how: Publishing, pace: Pace) -> None:
        self._day, self._how, self._pace = day, how, pace
        faults = how.faults
        chances = Faults(faults.loss, 0.0, 0, faults.seed, faults.truncated, faults.garbage, faults.silences)
        self._chance = FaultyLine(chances, 0)
        self._images = ImageServer(day, how.session)
        self._clients = self._sent = self._batches = self._finished = self._logins = 0
        self._done = asyncio.Event()

    async def run(self, address: Address) -> Published:
        """Serve until a client has read the whole day."""
        server = await asyncio.start_server(self._serve, address.host, address.port, limit=LOGIN_BYTES_MAX)
        images = None
        if self._how.images:
            images = await self._images.open(address.host, address.port + IMAGES_PORT)
        try:
            async with server:
                await self._done.wait()
                await asyncio.sleep(END_REPEAT_S)
        finally:
            if images is not None:
                images.close()
        chance = self._chance
        return Published(
            messages=self._sent,
            packets=self._batches,
            truncated=chance.cut,
            garbage=chance.invented,
            silenced=chance.silenced,
            cuts=chance.lost,
            clients=self._logins,
            images=self._images.images,
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients += 1
        session = SoupServer()
        try:
            if self._clients <= CLIENTS_MAX and await self._login(session, reader, writer):
                await self._stream(session, reader, writer)
        except (WireError, OSError):
            pass  # the client's fault or its network's: it logs in again and goes on where it was
        finally:
            self._clients -= 1
            writer.close()

    async def _login(
        self, session: SoupServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer the login; True when the stream may begin."""
        event = None
        while event is None or isinstance(event, Heartbeat):
            data = await reader.read(LOGIN_BYTES_MAX)
            if not data:
                return False
            session.receive_data(data)
            event = session.next_event()
        if not isinstance(event, LoginRequested):
            writer.write(session.reject(NOT_AUTHORIZED))
        elif event.session not in {"", self._how.session}:
            writer.write(session.reject(SESSION_NOT_AVAILABLE))
        else:
            first = event.sequence or len(self._day) + 1
            self._logins += 1
            writer.write(session.accept(self._how.session, min(first, len(self._day) + 1)))
            return True
        await writer.drain()
        return False

    async def _stream(
        self, session: SoupServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        leaving = asyncio.create_task(self._listen(session, reader))
        try:
            number = session.next_sequence
            while number <= len(self._day) and not leaving.done():
                await self._wait(number, session, writer, leaving)
                batch = self._batch(number, session)
                number += len(batch)
                self._sent += len(batch)
                self._batches += 1
                self._images.sent_below = max(self._images.sent_below, number)
                whole = self._write(b"".join(batch), writer)
                await writer.drain()
                if not whole:
                    return
            if not leaving.done():
                writer.write(session.end_session())
                await writer.drain()
                self._finished += 1
                self._done.set()
        finally:
            leaving.cancel()

    async def _wait(
        self, number: int, session: SoupServer, writer: asyncio.StreamWriter, leaving: asyncio.Task[None]
    ) -> None:
        """Let time pass until a message is due and the line is not silent, with heartbeats."""
        while not leaving.done():
            silent = self._chance.is_silent(self._pace.elapsed_s())
            wait = self._pace.wait_s(int(self._day.times[number - 1]))
            if not silent and wait <= 0:
                return
            await asyncio.sleep(END_REPEAT_S if silent else min(wait, HEARTBEAT_S))
            if not silent:
                writer.write(session.heartbeat())

    def _batch(self, number: int, session: SoupServer) -> list[bytes]:
        """Packets of messages that are due."""
        batch: list[bytes] = []
        while number <= len(self._day) and len(batch) < SOUP_BATCH_MESSAGES:
            if self._pace.wait_s(int(self._day.times[number - 1])):
                break
            batch.append(session.send(self._day.message(number)))
            number += 1
        return batch

    def _write(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        """Write packets, with what happens to them; False when the connection is to be cut behind them."""
        faults = self._how.faults
        if not data or not (faults.loss or faults.truncated or faults.garbage):
            writer.write(data)
            return True
        sent = self._chance.send(data)
        for each in sent or [data]:
            writer.write(each)
        return sent == [data]

    @staticmethod
    async def _listen(session: SoupServer, reader: asyncio.StreamReader) -> None:
        """Read the client's heartbeats until it leaves."""
        while data := await reader.read(LOGIN_BYTES_MAX):
            session.receive_data(data)
            while (event := session.next_event()) is not None:
                if isinstance(event, SessionEnded):
                    return


async def publish(
    protocol: str, days: Sequence[RecordedDay], where: Sequence[Address], how: Publishing, speed: float
) -> list[Published]:
    """Publish days side by side, each with chances of its own, over `mold` or `soup`."""
    pace = pace_of(days, speed)
    kind = MoldFeedServer if protocol == "mold" else SoupFeedServer
    servers = []
    for index, day in enumerate(days):
        faults = msgspec.structs.replace(how.faults, seed=how.faults.seed + index)
        servers.append(kind(day, msgspec.structs.replace(how, faults=faults), pace))
    runs = (server.run(address) for server, address in zip(servers, where, strict=True))
    return list(await asyncio.gather(*runs))
