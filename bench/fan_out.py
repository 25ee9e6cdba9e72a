"""Market data to 200 WebSocket clients: NBBO, conflation, encoding and fan-out, over loopback, in the product's own server.

**Throughput.** 200 clients of the streams' JSON dialect want all quotes. The bench changes the best quote of 100 stocks through the
real books, flushes, and waits until every client has been written to; then again. Rows are quotes delivered a second,
beside the limit: the same server and sockets, sent the same bytes made beforehand.

**Latency.** The same clients while 100 stocks change 50 times a second: from the moment the packet with a change is given to
the books to the moment the frame with it is read by a client, in another process, by one clock of the machine. Beside it:
the same frames made beforehand, sent at the same pace.

The clients are one process of bare sockets that only look at frame lengths, so that they cost as little as may be; on a machine of two cores
they still take one of them, and the kernel's part of sending is in every figure.
"""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import os
import statistics
import struct
import sys
import time
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from litestar import WebSocket, websocket

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import api_house
from api_house import KEY, SECRET
from rushtrade.app.application import build, server_settings
from rushtrade.serving.items import array_of
from rushtrade.wire import itch50
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all

CLIENTS = 200
STOCKS = 100
ROUNDS = 60
PACED_PULSES, PULSE_S = 150, 0.02
MARK = b'"S":"S000"'
BASE, STEP = 1_000_000, 100


# --- clients, in a process of their own -------------------------------------------------------------------------------


class Client(asyncio.Protocol):
    """A bare WebSocket client: it says hello, wants everything, and looks at the lengths of frames."""

    def __init__(self, path: str, seen: list[tuple[int, int]], counts: list[int], ready: list[int]) -> None:
        self.path, self.seen, self.counts, self.ready = path, seen, counts, ready
        self.data = bytearray()
        self.upgraded = False
        self.frames = 0

    def connection_made(self, transport: Any) -> None:
        """Ask for the upgrade."""
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            (
                f"GET {self.path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                f"APCA-API-KEY-ID: {KEY}\r\nAPCA-API-SECRET-KEY: {SECRET}\r\n\r\n"
            ).encode()
        )

    def say(self, text: str) -> None:
        """Send a text frame, masked with nothing."""
        raw = text.encode()
        self.transport.write(struct.pack(">BBH", 0x81, 0xFE, len(raw)) + bytes(4) + raw)

    def data_received(self, data: bytes) -> None:
        """Take bytes, and the frames in them."""
        now = time.monotonic_ns()
        self.data += data
        if not self.upgraded:
            end = self.data.find(b"\r\n\r\n")
            if end < 0:
                return
            del self.data[: end + 4]
            self.upgraded = True
            self.say(json.dumps({"action": "subscribe", "quotes": ["*"]}))
        while (frame := self._frame()) is not None:
            self._take(frame, now)

    def _frame(self) -> bytearray | None:
        data = self.data
        if len(data) < 2:
            return None
        size, at = data[1] & 0x7F, 2
        if size == 126:
            if len(data) < 4:
                return None
            size, at = struct.unpack_from(">H", data, 2)[0], 4
        elif size == 127:
            if len(data) < 10:
                return None
            size, at = struct.unpack_from(">Q", data, 2)[0], 10
        if len(data) < at + size:
            return None
        frame = data[at : at + size]
        del data[: at + size]
        return frame

    def _take(self, frame: bytearray, now: int) -> None:
        if frame.startswith(b'[{"T":"q"'):
            self.counts[0] += 1
            at = frame.find(MARK)
            if at >= 0:
                at = frame.find(b'"bp":', at) + 5
                price = float(frame[at : frame.find(b",", at)])
                self.seen.append((round((price * 10_000 - BASE) / STEP), now))
        elif frame.startswith(b'[{"T":"subscription"'):
            self.ready[0] += 1


def clients(port: int, path: str, pipe: Any) -> None:
    """Connect all clients; tell when they are ready; on request tell how many frames came, and what was seen when."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        seen: list[tuple[int, int]] = []
        counts, ready = [0], [0]
        for _ in range(CLIENTS):
            await loop.create_connection(lambda: Client(path, seen, counts, ready), "127.0.0.1", port)
        while ready[0] < CLIENTS:  # noqa: ASYNC110 - nothing to wait for but time
            await asyncio.sleep(0.01)
        pipe.send("ready")
        while True:
            await asyncio.sleep(0.005)
            if pipe.poll():
                word = pipe.recv()
                if word == "end":
                    return
                if word == "counts":
                    pipe.send(counts[0])
                else:
                    pipe.send(list(seen))
                    seen.clear()

    uvloop.run(run())


# --- the limit: the same sockets, bytes made beforehand ------------------------------------------------------------------


class Bare:
    """Sockets that are sent what is given to them, with no thought of whose it is."""

    def __init__(self) -> None:
        self.sockets: list[WebSocket[Any, Any, Any]] = []

    async def send(self, message: str) -> None:
        """Send one message to all."""
        await asyncio.gather(*(socket.send_text(message) for socket in self.sockets))


bare = Bare()


@websocket("/bench/bare")
async def serve_bare(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    await socket.receive_text()
    bare.sockets.append(socket)
    await socket.send_text('[{"T":"subscription"}]')
    while True:
        await socket.receive_text()


# --- the server -----------------------------------------------------------------------------------------------------------


def house() -> Any:
    """A house with as many stocks, each with an offer at one venue."""
    api_house.INSTRUMENTS = tuple(
        api_house.instrument(number + 1, f"S{number:03}", f"Stock {number}") for number in range(STOCKS)
    )
    made = api_house.House(limits=api_house.Limits(1e9, 10**9, sockets_of_key=10**6))
    made.feed.open(0)
    for number in range(STOCKS):
        made.feed.order(0, number + 1, "S", 4_000_000, 500)
    return made


def packets(made: Any, first: int, count: int) -> list[FeedPacket]:
    """Packets beforehand, each of which moves the best bid of every stock: a new order at a better price."""
    found = []
    for pulse in range(first, first + count):
        price = BASE + STEP * pulse
        messages = []
        for number in range(STOCKS):
            made.feed.reference += 1
            symbol = f"S{number:03}".ljust(8)
            messages.append(
                itch50.AddOrder(
                    number + 1, 0, made.feed.now_ns(), made.feed.reference, "B", 100, symbol, price
                )
            )
        payload = frame_all(itch50.encode(message) for message in messages)
        found.append(FeedPacket(0, made.feed.next[0], len(messages), payload))
        made.feed.next[0] += len(messages)
    return found


def pulse_of(made: Any) -> None:
    """Tell everybody who listens what changed."""
    touched = made.market.touched()
    for listener in list(made.feed.listeners):
        listener(touched)


class Side:
    """One way of sending: the product's, or the limit's."""

    def __init__(self, port: int, path: str) -> None:
        self.pipe, other = multiprocessing.get_context("spawn").Pipe()
        self.process = multiprocessing.get_context("spawn").Process(target=clients, args=(port, path, other))
        self.process.start()

    async def ask(self, word: str) -> Any:
        """Ask the clients for something."""
        self.pipe.send(word)
        return await self.answer()

    async def answer(self) -> Any:
        """Wait for what they say."""
        while not self.pipe.poll():  # noqa: ASYNC110 - nothing to wait for but time
            await asyncio.sleep(0.002)
        return self.pipe.recv()

    async def settle(self, frames: int) -> None:
        """Wait until so many frames were read."""
        while await self.ask("counts") < frames:  # noqa: ASYNC110 - nothing to wait for but time
            await asyncio.sleep(0.001)

    def end(self) -> None:
        """Let them go."""
        self.pipe.send("end")
        self.process.join(10)


async def _measure() -> dict[str, float]:
    made = house()
    app = build(made.ports())
    app.register(serve_bare)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", **server_settings()))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - nothing to wait for but time
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    hub = app.state.market_hub
    ours, limit = Side(port, "/v2/sip"), Side(port, "/bench/bare")
    try:
        for side in (ours, limit):
            await side.answer()
        return await _rounds(made, hub, ours, limit)
    finally:
        for side in (ours, limit):
            side.end()
        server.should_exit = True
        await serving


async def _rounds(made: Any, hub: Any, ours: Side, limit: Side) -> dict[str, float]:
    readers = list(hub.sockets)
    rates: dict[str, list[float]] = {"ours": [], "limit": []}
    sent = {"ours": 0, "limit": 0}
    total = 1 + 3 * ROUNDS
    waiting = iter(packets(made, 1, total))

    async def push() -> None:
        made.market.receive(next(waiting))
        pulse_of(made)
        hub.flush()
        newest = hub.marks.newest
        while any(reader.cursors[-1] < newest or reader.sending_since for reader in readers):  # noqa: ASYNC110 - nothing to wait for but time
            await asyncio.sleep(0)

    await push()
    items = readers[0].face.quotes_now(range(1, STOCKS + 1))
    sample = array_of([item.encoded(packed=False) for item in items], packed=False).decode()
    sent["ours"] += CLIENTS
    await ours.settle(sent["ours"])
    for _ in range(3):
        began = time.perf_counter()
        for _ in range(ROUNDS):
            await push()
        sent["ours"] += ROUNDS * CLIENTS
        await ours.settle(sent["ours"])
        rates["ours"].append(ROUNDS * CLIENTS * STOCKS / (time.perf_counter() - began))
        began = time.perf_counter()
        for _ in range(ROUNDS):
            await bare.send(sample)
        sent["limit"] += ROUNDS * CLIENTS
        await limit.settle(sent["limit"])
        rates["limit"].append(ROUNDS * CLIENTS * STOCKS / (time.perf_counter() - began))
    found = {name: max(values) for name, values in rates.items()}
    await ours.ask("seen")
    await limit.ask("seen")
    found |= await _paced(made, ours, limit, sample, total)
    return found


async def _paced(made: Any, ours: Side, limit: Side, sample: str, pulse: int) -> dict[str, float]:
    at: dict[int, int] = {}
    first = pulse + 1
    for number, packet in enumerate(packets(made, first, PACED_PULSES), first):
        began = time.monotonic()
        at[number] = time.monotonic_ns()
        made.market.receive(packet)
        pulse_of(made)
        await asyncio.sleep(max(PULSE_S - (time.monotonic() - began), 0))
    await asyncio.sleep(0.3)
    seen = [(when - at[number]) / 1e6 for number, when in await ours.ask("seen") if number in at]
    times: dict[int, int] = {}
    parts = sample.split('"bp":', 1)
    tail = parts[1].split(",", 1)[1]
    for number in range(1, PACED_PULSES + 1):
        began = time.monotonic()
        times[number] = time.monotonic_ns()
        await bare.send(f'{parts[0]}"bp":{(BASE + STEP * number) / 10_000},{tail}')
        await asyncio.sleep(max(PULSE_S - (time.monotonic() - began), 0))
    await asyncio.sleep(0.3)
    bare_seen = [(when - times[number]) / 1e6 for number, when in await limit.ask("seen") if number in times]
    return {
        "p50": statistics.median(seen),
        "p99": statistics.quantiles(seen, n=100)[98],
        "seen": len(seen),
        "bare p50": statistics.median(bare_seen),
        "bare p99": statistics.quantiles(bare_seen, n=100)[98],
    }


def run() -> list[dict[str, Any]]:
    """Measure."""
    found = uvloop.run(_measure())
    beside = "the same sockets, bytes made beforehand"
    rows = [
        ("fan-out: quotes delivered to 200 WebSocket clients", found["ours"], found["limit"], "quotes/s"),
        ("fan-out: book change to client, p50", found["p50"], found["bare p50"], "ms"),
        ("fan-out: book change to client, p99", found["p99"], found["bare p99"], "ms"),
    ]
    return [
        {
            "name": name,
            "value": round(value, 3),
            "unit": unit,
            "baseline_name": beside,
            "baseline": round(baseline, 3),
            "ratio": round(value / baseline, 3),
        }
        for name, value, baseline, unit in rows
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
