"""A gateway's side of the fan-out: joins a host by a snapshot, and follows its stream without a gap for as long as it can.

Theory of operation. The stream is subscribed to before the snapshot is asked for, so nothing is missed between the two. Entries go to
`apply` in the order of their numbers; what is missing is asked for (`FanOutOrder`). Beats show how far the host is, so that a gap is
seen also in a pause. While the host says nothing the data is stale, and said to be so. When the host cannot give what is missing, or is
another run of it, this gateway is *over*: whoever runs it makes another one, which joins anew.

States: `live`, `recovering` while something is missing, `stale` when nothing came for `STALE_NS`, `over`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import deque
from collections.abc import Callable
from typing import Literal

import msgspec
import nats
import structlog
from nats.aio.msg import Msg

from rushtrade.datacenter import fan_out_words as words
from rushtrade.datacenter.fan_out_gap import FanOutOrder
from rushtrade.datacenter.fan_out_message import Entry, Reader, split
from rushtrade.datacenter.nats_link import PENDING_BYTES_MAX, NatsLink
from rushtrade.datacenter.status import CenterStatus, FanOutStatus
from rushtrade.domain.errors import InvalidInput, RushTradeError, require
from rushtrade.domain.instants import MILLISECOND

ANSWER_SECONDS = 5.0
STALE_NS = 2_500_000_000
"""Two beats and a half."""
CHUNKS_AT_ONCE = 8
ENTRIES_AT_ONCE = 256
"""Between two turns of the loop: some milliseconds of books."""

State = Literal["live", "recovering", "stale", "over"]
log = structlog.get_logger(__name__)


class HostGone(RushTradeError):  # noqa: N818 - reads as the statement it makes
    """The host does not answer."""


class FanOutGateway:
    """Follows one host."""

    def __init__(
        self,
        url: str,
        name: str,
        gateway: str,
        now_ns: Callable[[], int],
    ) -> None:
        self.name = words.check_name(name)
        self.gateway = gateway
        self.link = NatsLink(url, f"rushtrade-{name}-{gateway}", now_ns)
        self.run = ""
        self.host: CenterStatus | None = None
        self.over = asyncio.Event()
        """Set when only joining anew helps; `why` says what happened."""
        self.why = ""
        self._now_ns = now_ns
        self._apply: Callable[[Entry], None] | None = None
        self._order = FanOutOrder()
        self._reader = Reader()
        self._queue: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._heard_ns = self._lag_ns = 0
        self._messages = self._bytes = self._malformed = 0
        self._asked_again = 0
        self._task: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ joining

    async def join(self) -> bytes:
        """Connect, and fetch a snapshot; `follow` goes on behind it. HostGone when no host of the name answers."""
        await self.link.open()
        offer = await self._offer()
        self.run = offer.run
        await self._subscribe()
        offer = await self._offer()
        if offer.run != self.run:
            raise HostGone(f"the data center {self.name!r} began another run just now")
        body = await self._fetch(offer)
        self._order = FanOutOrder(offer.number + 1)
        self._heard_ns = self._now_ns()
        log.info("joined", host=self.name, run=offer.run, number=offer.number, bytes=offer.bytes)
        return body

    def follow(self, apply: Callable[[Entry], None]) -> None:
        """Give every entry behind the snapshot to `apply`, in order, from now on."""
        self._apply = apply
        self._task = asyncio.create_task(self._follow(), name="fan-out")

    async def _offer(self) -> words.Offer:
        return msgspec.json.decode(await self.ask(words.Join(self.gateway)), type=words.Offer)

    async def _subscribe(self) -> None:
        client = self.link.client
        await client.subscribe(words.beat_subject(self.name), cb=self._on_beat)
        await client.subscribe(
            words.run_subjects(self.name, self.run),
            cb=self._on_message,
            pending_msgs_limit=-1,
            pending_bytes_limit=PENDING_BYTES_MAX,
        )
        await client.flush()  # the server knows of it before the snapshot is taken

    async def close(self) -> None:
        """Leave."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.link.close()

    async def ask(self, question: words.Question) -> bytes:
        """Ask the host; HostGone when it does not answer, InvalidInput when it says no."""
        subject = words.ask_subject(self.name)
        try:
            answer = await self.link.client.request(subject, msgspec.json.encode(question), ANSWER_SECONDS)
        except (nats.errors.Error, TimeoutError) as error:
            told = str(error) or type(error).__name__
            raise HostGone(f"no data center {self.name!r} answers at {self.link.server}: {told}") from None
        if answer.data.startswith(b'{"error":'):
            raise InvalidInput(msgspec.json.decode(answer.data)["error"])
        return answer.data

    async def _fetch(self, offer: words.Offer) -> bytes:
        pieces: list[bytes] = []
        for begin in range(0, offer.chunks, CHUNKS_AT_ONCE):
            wanted = range(begin, min(begin + CHUNKS_AT_ONCE, offer.chunks))
            pieces += await asyncio.gather(
                *(self.ask(words.Chunk(offer.snapshot, chunk)) for chunk in wanted)
            )
        body = b"".join(pieces)
        if len(body) != offer.bytes or hashlib.sha256(body).hexdigest() != offer.digest:
            raise HostGone("a snapshot came damaged")
        return body

    # ------------------------------------------------------------ following

    async def _on_message(self, message: Msg) -> None:
        self._queue.append(message.data)
        self._wake.set()

    async def _on_beat(self, message: Msg) -> None:
        try:
            beat = msgspec.json.decode(message.data, type=words.Beat)
        except msgspec.DecodeError:
            self._malformed += 1
            return
        now_ns = self._heard_ns = self._now_ns()
        self.host = beat.status
        if beat.run != self.run:
            self._end(f"the data center {self.name!r} began another run")
        else:
            self._order.hear_last(beat.number, now_ns)
        self._wake.set()

    def _end(self, why: str) -> None:
        if not self.over.is_set():
            self.why = why
            self.over.set()
            log.warning("fan-out over", host=self.name, why=why)

    async def _follow(self) -> None:
        try:
            while not self.over.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await self._wake.wait()
                self._wake.clear()
                await self._take_queue()
                await self._ask_missing()
                if self._order.lost:
                    self._end("what was missed cannot be had any more")
        except Exception as error:  # what the books cannot take must not be passed over
            self._end(f"{type(error).__name__}: {error}")
            raise

    async def _take_queue(self) -> None:
        done = 0
        while self._queue:
            self._take(self._queue.popleft())
            done += 1
            if done % ENTRIES_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _take(self, message: bytes, *, again: bool = False) -> None:
        now_ns = self._now_ns()
        try:
            entry = self._reader.take(message)
        except InvalidInput:
            self._malformed += 1
            return
        self._messages += 1
        self._bytes += len(message)
        if entry is None:
            return
        require(self._apply is not None, "a gateway follows only after it has joined")
        for each in self._order.take(entry, now_ns):
            self._apply(each)  # type: ignore[misc]  # see the line above
        if not again:
            self._heard_ns = now_ns
            self._lag_ns = now_ns - entry.sent_ns

    async def _ask_missing(self) -> None:
        while (wanted := self._order.wanted(self._now_ns())) is not None:
            self._asked_again += 1
            try:
                answer = await self.ask(words.Missing(self.run, *wanted))
            except RushTradeError as error:
                self.link.note_fault(error)
                return
            if not answer:
                self._order.lost = True
                return
            reader, self._reader = self._reader, Reader()
            for message in split(answer):
                self._take(message, again=True)
            self._reader = reader
            self._order.progressed()

    # ------------------------------------------------------------ what a desk sees

    def state(self, now_ns: int) -> State:
        """How the stream is."""
        if self.over.is_set():
            return "over"
        if now_ns - self._heard_ns >= STALE_NS or not self.link.connected:
            return "stale"
        return "recovering" if self._order.missing else "live"

    def status(self, now_ns: int) -> FanOutStatus:
        """How the way from the host is: lag is the newest entry's, and grows while nothing is heard or something is missing."""
        lag_ns = self._lag_ns
        if self._order.gap_since_ns:
            lag_ns = max(lag_ns, now_ns - self._order.gap_since_ns)
        if self.state(now_ns) in {"stale", "over"}:
            lag_ns = max(lag_ns, now_ns - self._heard_ns)
        return FanOutStatus(
            server=self.link.server,
            connected=self.link.connected,
            number=self._order.next - 1,
            messages=self._messages,
            bytes=self._bytes,
            lag_ms=max(lag_ns, 0) // MILLISECOND,
            asked_again=self._asked_again,
            snapshots=1,
            fault=self.why or (self.link.fault if self.state(now_ns) != "live" else ""),
        )
