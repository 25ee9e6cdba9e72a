"""The host's side of the fan-out: says over NATS whatever the books are given, and answers gateways that missed something.

Theory of operation. As a follower it only adds to the ring, so that the lines never wait for the network. A task of its own publishes
from the ring in order, as fast as the server takes it; while the server cannot be reached it waits, and what falls out of the ring
meanwhile is for gateways to notice and to join anew. Questions are answered one by one from the ring, or from a snapshot; a snapshot
is taken at most once a second, so that many gateways that join at once share one, and at most `SNAPSHOTS_KEPT` are held. Only the copy is
made between two looks at the lines; the bytes and their digest are made of it in another thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping

import msgspec
import nats
import structlog
from nats.aio.msg import Msg

from rushtrade.datacenter import fan_out_words as words
from rushtrade.datacenter.fan_out_message import COLUMNS, FRAME, IMAGE, PACKET, TIME, join
from rushtrade.datacenter.fan_out_ring import FanOutRing
from rushtrade.datacenter.nats_link import NatsLink
from rushtrade.datacenter.status import CenterStatus, FanOutStatus
from rushtrade.domain.errors import InvalidInput, RushTradeError
from rushtrade.domain.instants import MILLISECOND, SECOND
from rushtrade.gateway.line import BookImage
from rushtrade.market.market_data import MarketData
from rushtrade.wire.feed_packet import FeedPacket

SNAPSHOTS_KEPT = 2
"""Snapshots held for gateways that are fetching: at most some hundred megabytes each."""
SNAPSHOT_AGE_NS = SECOND
GATEWAY_AGE_NS = 10 * SECOND
"""How long a gateway counts as there after its last question or sign of life."""
HOUSE = 0xFFFF
"""Place of a venue in an entry that is of none."""

log = structlog.get_logger(__name__)
_questions = msgspec.json.Decoder(words.Question)


class FanOutHost:
    """Follows a center and says it on."""

    def __init__(
        self,
        url: str,
        name: str,
        snapshot: Callable[[int], Callable[[], bytes]],
        decide: Callable[[bytes, str], Awaitable[bytes]],
        now_ns: Callable[[], int],
        run: str = "",
    ) -> None:
        """`snapshot` copies the whole host as it is (after the entry numbered so), and gives what makes bytes of the copy, on any thread.

        `decide` takes a command of a gateway's user. `run` names the numbering of trades; empty: a new name.
        """
        self.name, self.run = words.check_name(name), run or secrets.token_hex(4)
        self.link = NatsLink(url, f"rushtrade-{name}-host", now_ns)
        self.ring = FanOutRing()
        self._take_snapshot, self._decide, self._now_ns = snapshot, decide, now_ns
        self._snapshots: OrderedDict[int, tuple[words.Offer, bytes, int]] = OrderedDict()
        self._snapshots_taken = 0
        self._taking = asyncio.Lock()
        self._asked_again = 0
        self._sent = self._sent_bytes = 0
        self._next = 1
        self._gateways: dict[str, int] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    # ------------------------------------------------------------ what is said

    def packet(self, packet: FeedPacket, now_ns: int) -> None:
        """Say a packet on."""
        kind = COLUMNS if packet.form else PACKET
        self._say(kind, packet.venue, packet.sequence, packet.count, packet.payload, now_ns)

    def image(self, image: BookImage, now_ns: int) -> None:
        """Say that a venue's books were rebuilt."""
        self._say(IMAGE, image.venue, image.sequence, 0, image.payload, now_ns)

    def passed(self, market_ns: int, now_ns: int) -> None:
        """Say that market time passed."""
        self._say(TIME, HOUSE, market_ns, 0, b"", now_ns)

    def settled(self, data: MarketData, symbols: Mapping[int, str], now_ns: int) -> None:
        """Nothing to say: a gateway's books do the same."""

    def learned(self, symbols: dict[int, str], now_ns: int) -> None:
        """New stocks are told by the journal's frames."""

    def frame(self, sequence: int, body: bytes, now_ns: int) -> None:
        """Say a frame of the journal on."""
        self._say(FRAME, HOUSE, sequence, 0, body, now_ns)

    def _say(self, kind: int, venue: int, sequence: int, count: int, body: bytes, now_ns: int) -> None:
        self.ring.add(kind, venue, sequence, count, body, now_ns)
        self._wake.set()

    # ------------------------------------------------------------ running

    async def open(self) -> None:
        """Connect, and begin to publish and to answer."""
        await self.link.open()
        await self.link.client.subscribe(words.ask_subject(self.name), cb=self._on_question)
        self._tasks = [asyncio.create_task(self._publish(), name="fan-out")]
        log.info("fan-out open", server=self.link.server, name=self.name, run=self.run)

    async def close(self) -> None:
        """Say what is left, and leave."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.link.close()

    async def _publish(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._next <= self.ring.last and self.link.connected:
                number = max(self._next, self.ring.first)
                self._next = number + 1  # a gateway may have it before the server's answer is here
                try:
                    await self._publish_entry(number)
                except nats.errors.Error as error:
                    self._next = number
                    self.link.note_fault(error)
                    break
            if self._next <= self.ring.last:
                await asyncio.sleep(0.05)
                self._wake.set()

    async def _publish_entry(self, number: int) -> None:
        for message in self.ring.messages(number) or ():
            venue = int.from_bytes(message[32:34], "little")
            subject = words.stream_subject(self.name, self.run, None if venue == HOUSE else venue)
            await self.link.client.publish(subject, message)
            self._sent += 1
            self._sent_bytes += len(message)

    async def beat(self, status: CenterStatus | None) -> None:
        """Say how far the stream is, and how the host is: once a second."""
        if not self.link.connected:
            return
        told = None if status is None else msgspec.structs.replace(status, clients=())
        beat = words.Beat(self.run, self._next - 1, self._now_ns(), told)
        with contextlib.suppress(nats.errors.Error):
            await self.link.client.publish(words.beat_subject(self.name), msgspec.json.encode(beat))

    # ------------------------------------------------------------ questions

    async def _on_question(self, message: Msg) -> None:
        try:
            question = _questions.decode(message.data)
            answer = await self._answer(question)
        except (msgspec.DecodeError, RushTradeError) as error:
            answer = msgspec.json.encode({"error": str(error)})
        if message.reply:
            await message.respond(answer)

    async def _answer(self, question: words.Question) -> bytes:
        if isinstance(question, words.Join):
            self._gateways[question.gateway] = self._now_ns()
            return msgspec.json.encode(await self._offer())
        if isinstance(question, words.Chunk):
            return self._chunk(question)
        if isinstance(question, words.Command):
            return await self._decide(bytes(question.command), question.actor)
        self._asked_again += 1
        if question.run != self.run:
            return b""
        found = self.ring.span(question.first, question.last, words.MISSING_BYTES)
        return b"" if found is None else join(found)

    async def _offer(self) -> words.Offer:
        async with self._taking:  # who joins meanwhile waits for the same one
            now_ns = self._now_ns()
            if self._snapshots:
                offer, _, taken_ns = next(reversed(self._snapshots.values()))
                if now_ns - taken_ns < SNAPSHOT_AGE_NS:
                    return offer
            number = self.ring.last
            body, digest = await asyncio.to_thread(_made, self._take_snapshot(number))
            self._snapshots_taken += 1
            chunks = max(1, -(-len(body) // words.CHUNK_BYTES))
            offer = words.Offer(self.run, self._snapshots_taken, number, len(body), chunks, digest)
            self._snapshots[offer.snapshot] = offer, body, self._now_ns()
            while len(self._snapshots) > SNAPSHOTS_KEPT:
                self._snapshots.popitem(last=False)
            return offer

    def _chunk(self, question: words.Chunk) -> bytes:
        found = self._snapshots.get(question.snapshot)
        if found is None or not 0 <= question.chunk < found[0].chunks:
            raise InvalidInput("that snapshot is not held any more: join again")
        begin = question.chunk * words.CHUNK_BYTES
        return found[1][begin : begin + words.CHUNK_BYTES]

    # ------------------------------------------------------------ what a desk sees

    def status(self, now_ns: int) -> FanOutStatus:
        """How the way to the gateways is; lag is how long the oldest unsaid entry, or the server, has been waited for."""
        waiting = self.ring.messages(max(self._next, self.ring.first))
        lag_ns = now_ns - int.from_bytes(waiting[0][20:28], "little") if waiting else 0
        down_ns = self.link.down_since_ns
        lag_ns = max(lag_ns, now_ns - down_ns if down_ns else 0)
        self._gateways = {
            name: seen for name, seen in self._gateways.items() if now_ns - seen < GATEWAY_AGE_NS
        }
        return FanOutStatus(
            server=self.link.server,
            connected=self.link.connected,
            number=self._next - 1,
            messages=self._sent,
            bytes=self._sent_bytes,
            lag_ms=max(lag_ns, 0) // MILLISECOND,
            asked_again=self._asked_again,
            snapshots=self._snapshots_taken,
            gateways=len(self._gateways),
            fault=self.link.fault,
        )


def _made(make: Callable[[], bytes]) -> tuple[bytes, str]:
    body = make()
    return body, hashlib.sha256(body).hexdigest()
