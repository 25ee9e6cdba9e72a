"""A recorded day published over the real protocols: MoldUDP64 on two lines with retransmission, or SoupBinTCP.

Speed is a multiple of the day's own pace; 0 is as fast as listeners can take it. MoldUDP64 packets go to two UDP ports (`port`, line
A, and `port + 1`, line B), each with faults of its own; requests are answered on `port + 2`, unharmed and at most
`REQUEST_MESSAGES_MAX` messages each. SoupBinTCP listens on `port`: every client is sent the day from the number it asks for, so
that one that was cut off resumes where it was. Faults of a TCP stream are cuts of the connection.

Idle lines send heartbeats every second. After the last message the end of the session is repeated while anybody still asks for
what it missed, and for `LINGER_S` after that.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from rushtrade.gateway.feed_day import RecordedDay
from rushtrade.gateway.feed_faults import Faults, FaultyLine
from rushtrade.wire.errors import WireError
from rushtrade.wire.moldudp64 import (
    END_OF_SESSION,
    REQUEST_MESSAGES_MAX,
    MoldPacket,
    decode_request,
    encode_packet,
)
from rushtrade.wire.soupbintcp import (
    NOT_AUTHORIZED,
    SESSION_NOT_AVAILABLE,
    Heartbeat,
    LoginRequested,
    SessionEnded,
    SoupServer,
)

LINES = ("A", "B")
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


class Published(msgspec.Struct, frozen=True):
    """What was sent."""

    messages: int
    packets: int
    lost: int
    repeated: int
    delayed: int
    requests: int
    cuts: int


class Pace:
    """When a message is due, by the loop's clock."""

    def __init__(self, day: RecordedDay, speed: float) -> None:
        self._first = int(day.times[0])
        self._times = day.times
        self._speed = speed
        self._begin = asyncio.get_running_loop().time()

    def wait_s(self, number: int) -> float:
        """Seconds until a message is due; 0 when it is, or when the speed has no bound."""
        if not self._speed:
            return 0.0
        due = self._begin + (int(self._times[number - 1]) - self._first) / 1e9 / self._speed
        return max(due - asyncio.get_running_loop().time(), 0.0)


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

    def __init__(self, day: RecordedDay, session: str, faults: Faults, *, speed: float) -> None:
        self._day, self._session, self._speed = day, session, speed
        self._lines = [FaultyLine(faults, number) for number in range(len(LINES))]
        self._packets = self._requests = 0
        self._sent_below = 1
        self._asked_at = 0.0
        self._ports: list[tuple[asyncio.DatagramTransport, tuple[str, int]]] = []

    async def run(self, host: str, port: int) -> Published:
        """Publish the whole day and end the session."""
        loop = asyncio.get_running_loop()
        answering, _ = await loop.create_datagram_endpoint(
            lambda: _Requests(self), local_addr=(host, port + len(LINES))
        )
        try:
            for number in range(len(LINES)):
                transport, _ = await loop.create_datagram_endpoint(
                    asyncio.DatagramProtocol, local_addr=(host, 0)
                )
                self._ports.append((transport, (host, port + number)))
            await self._publish()
            await self._end()
        finally:
            answering.close()
            for transport, _ in self._ports:
                transport.close()
        lines = self._lines
        return Published(
            messages=len(self._day),
            packets=self._packets,
            lost=sum(line.lost for line in lines),
            repeated=sum(line.repeated for line in lines),
            delayed=sum(line.delayed for line in lines),
            requests=self._requests,
            cuts=0,
        )

    def answer(self, data: bytes) -> list[bytes]:
        """Packets that answer a request; none for one that is malformed, of another session, or of what was not sent."""
        try:
            request = decode_request(data)
        except WireError:
            return []
        below = min(request.sequence + min(request.count, REQUEST_MESSAGES_MAX), self._sent_below)
        if request.session.rstrip() != self._session or request.sequence < 1:
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
        return encode_packet(MoldPacket(self._session, first, count, payload))

    async def _publish(self) -> None:
        pace = Pace(self._day, self._speed)
        apart = int(APART_NS * self._speed) if self._speed else 1 << 62
        first = 1
        while first <= len(self._day):
            while (wait := pace.wait_s(first)) > 0:
                await asyncio.sleep(min(wait, HEARTBEAT_S))
                if wait > HEARTBEAT_S:
                    self._send(self._packet(first, 0), harmed=False)
            behind = self._day.span(first, apart)
            self._sent_below = behind
            self._send(self._packet(first, behind - first))
            self._packets += 1
            first = behind
            if self._packets % BURST_PACKETS == 0:
                await asyncio.sleep(0 if self._speed else BURST_PAUSE_S)

    def _send(self, packet: bytes, *, harmed: bool = True) -> None:
        for line, (transport, address) in zip(self._lines, self._ports, strict=True):
            for each in line.send(packet) if harmed else [packet]:
                transport.sendto(each, address)

    async def _end(self) -> None:
        """Say that the session has ended until nobody asks for anything any more."""
        loop = asyncio.get_running_loop()
        for line, (transport, address) in zip(self._lines, self._ports, strict=True):
            for each in line.flush():
                transport.sendto(each, address)
        self._asked_at = loop.time()
        while loop.time() - self._asked_at < LINGER_S:
            self._send(self._packet(len(self._day) + 1, END_OF_SESSION), harmed=False)
            await asyncio.sleep(END_REPEAT_S)


class SoupFeedServer:
    """Publishes a day over SoupBinTCP to any number of clients, each from the number it asks for."""

    def __init__(self, day: RecordedDay, session: str, faults: Faults, *, speed: float) -> None:
        self._day, self._session, self._speed, self._faults = day, session, speed, faults
        self._chance = FaultyLine(Faults(loss=faults.loss, seed=faults.seed), 0)
        self._clients = self._sent = self._batches = self._finished = 0
        self._done = asyncio.Event()
        self._pace: Pace

    async def run(self, host: str, port: int) -> Published:
        """Serve until a client has read the whole day."""
        self._pace = Pace(self._day, self._speed)
        server = await asyncio.start_server(self._serve, host, port, limit=LOGIN_BYTES_MAX)
        async with server:
            await self._done.wait()
            await asyncio.sleep(END_REPEAT_S)
        return Published(
            messages=self._sent,
            packets=self._batches,
            lost=0,
            repeated=0,
            delayed=0,
            requests=self._finished,
            cuts=self._chance.lost,
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
        elif event.session not in {"", self._session}:
            writer.write(session.reject(SESSION_NOT_AVAILABLE))
        else:
            first = event.sequence or len(self._day) + 1
            writer.write(session.accept(self._session, min(first, len(self._day) + 1)))
            return True
        await writer.drain()
        return False

    async def _stream(
        self, session: SoupServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        pace = self._pace
        leaving = asyncio.create_task(self._listen(session, reader))
        try:
            number = session.next_sequence
            while number <= len(self._day) and not leaving.done():
                while (wait := pace.wait_s(number)) > 0 and not leaving.done():
                    await asyncio.sleep(min(wait, HEARTBEAT_S))
                    writer.write(session.heartbeat())
                batch = 0
                while number <= len(self._day) and batch < SOUP_BATCH_MESSAGES and not pace.wait_s(number):
                    writer.write(session.send(self._day.message(number)))
                    number, batch = number + 1, batch + 1
                self._sent += batch
                self._batches += 1
                await writer.drain()
                if self._faults.loss and not self._chance.send(b"."):
                    return
            if not leaving.done():
                writer.write(session.end_session())
                await writer.drain()
                self._finished += 1
                self._done.set()
        finally:
            leaving.cancel()

    @staticmethod
    async def _listen(session: SoupServer, reader: asyncio.StreamReader) -> None:
        """Read the client's heartbeats until it leaves."""
        while data := await reader.read(LOGIN_BYTES_MAX):
            session.receive_data(data)
            while (event := session.next_event()) is not None:
                if isinstance(event, SessionEnded):
                    return
