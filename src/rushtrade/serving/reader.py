"""A reader of the streams: one socket, what it wants, and how far it has read.

Theory of operation. A reader keeps no messages, only a cursor for each channel (`channels`); what it is sent next follows from its
face, its selection and its cursors, and is made once for all readers where these are equal. Its writer sleeps until the
hub finds news for it, then reads on as often as there is more, waiting in `send` while the socket is slow. So a slow reader gets fewer, larger
messages, its quotes the newest ones, its trades from the ring. One that takes nothing for `SLOW_S` is sent away
with the numbers it had reached.

Its right to see is asked for before every message: what is taken from it is not sent any more, and it is told which product it lacks.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rushtrade.domain.instants import MILLISECOND
from rushtrade.entitlements.view import TAPES, View
from rushtrade.serving.channels import CHANNELS, QUOTES, TRADES, Selection
from rushtrade.serving.shapes import tape_of
from rushtrade.serving.sight import Sight, sight_of

if TYPE_CHECKING:
    from litestar import WebSocket

    from rushtrade.api.access import Actor
    from rushtrade.api.entitlement_ports import Viewer
    from rushtrade.serving.face import Face
    from rushtrade.serving.hub import MarketHub

SLOW_S: Final = 10.0
"""A socket that takes nothing for this long is sent away."""
CONTROLS_MAX: Final = 256
"""Answers that may wait in one socket; a client may ask a hundred things at once."""


class Batch(NamedTuple):
    """What a reader is sent next: whole messages, the cursors after them, how much was lost, and if there is more.

    `told` are the numbers the client will have seen; a dialect that does not tell numbers leaves it empty.
    """

    messages: list[str | bytes]
    cursors: tuple[int, ...]
    lost: int
    more: bool
    told: tuple[int, ...] = ()


class ReaderState(NamedTuple):
    """How one reader is, for whoever runs the place."""

    name: str
    stream: str
    since_ns: int
    subscriptions: int
    sent: int
    waiting: int
    """Trades it has not been sent yet, of all symbols."""
    lag_ms: int
    """How long the trade it is sent next has been waiting; without one, how long its socket has taken nothing."""
    skipped: int


class Reader(ABC):
    """One socket of a stream. What it is told, and how, is its dialect's business (`render`)."""

    stream = ""

    def __init__(self, hub: MarketHub, socket: WebSocket[Any, Any, Any], feed: str) -> None:
        self.hub, self.socket, self.feed = hub, socket, feed
        self.actor: Actor | None = None
        self.viewer: Viewer | None = None
        self.channels: dict[str, dict[str, None]] = {name: {} for name in CHANNELS}
        self.selection: Selection = hub.selections.get({})
        self.cursors: tuple[int, ...] = (0,) * len(CHANNELS)
        self.told = self.cursors
        self.close_after = False
        self.close_code = 1000
        self.close_reason = ""
        self.sent = self.skipped = 0
        self.since_ns = time.time_ns()
        self.sending_since = 0.0
        self._control: deque[str | bytes] = deque()
        self._wake = asyncio.Event()
        self._view: View | None = None
        self._face: Face | None = None
        self._rendered = -1
        """The flush after which what follows was made last."""
        self._writer: asyncio.Task[None] | None = None

    # --- what it may see ------------------------------------------------------------------------------------

    @property
    def sight(self) -> Sight:
        """What it is shown now."""
        assert self.viewer is not None
        return sight_of(self.hub.desk, self.viewer, self.feed)

    @property
    def face(self) -> Face:
        """The market as it is shown to this reader now; its quotes begin anew when that changes."""
        assert self.viewer is not None
        view = self.viewer.view
        if self._face is None or view != self._view:
            self._view = view
            sight = self.sight
            face = self.hub.face(sight)
            if face is not self._face:
                self._face = face
                self.begin(QUOTES, face.newest(QUOTES))
        return self._face

    def open(self, actor: Actor) -> None:
        """Let somebody in."""
        self.actor = actor
        entitlements = self.hub.desk.ports.entitlements
        client = self.socket.client
        display = f"{actor.name}@{client.host if client else ''}"
        self.viewer = entitlements.open(actor.watcher, display, self.review)
        self.hub.join(self)

    def close(self) -> None:
        """Let go of what an open reader holds."""
        self.hub.leave(self)
        if self.viewer is not None:
            self.viewer.close()

    def review(self) -> None:
        """Drop what may not be seen any more, and say so: called as soon as a right changes."""
        if self.viewer is None:
            return
        image, sight = self.hub.desk.store.image, self.sight
        for tape in TAPES:
            if sight.mask(tape):
                continue
            gone = False
            for chosen in self.channels.values():
                for symbol in list(chosen):
                    row = image.symbols.get(symbol)
                    if row is not None and tape_of(row) == tape:
                        del chosen[symbol]
                        gone = True
            if gone:
                self.insufficient(self.viewer.refusal(tape))
        self.choose()

    def lacks(self, channels: dict[str, list[str]]) -> str | None:
        """Say which product is lacking for symbols somebody asks for; None when none is."""
        assert self.viewer is not None
        image, sight = self.hub.desk.store.image, self.sight
        wanted = [symbol for symbols in channels.values() for symbol in symbols]
        tapes = {tape_of(row) for symbol in wanted if (row := image.symbols.get(symbol)) is not None}
        if "*" in wanted and not any(sight.masks):
            tapes.update(TAPES)
        for tape in sorted(tapes):
            if not sight.mask(tape):
                return self.viewer.refusal(tape)
        return None

    @abstractmethod
    def insufficient(self, why: str) -> None:
        """Say that a product is lacking."""

    # --- what it wants ----------------------------------------------------------------------------------------

    def choose(self) -> None:
        """Take up the symbols chosen; channels that begin now begin with what comes next."""
        before = self.selection
        self.selection = self.hub.selections.get(self.channels)
        face = self.face
        for channel in CHANNELS:
            if self.selection.of(channel) and not before.of(channel):
                self.begin(channel, face.newest(channel))

    def begin(self, channel: str, after: int) -> None:
        """Read a channel from after a number on."""
        self.cursors = placed(self.cursors, channel, after)

    def cursor(self, channel: str) -> int:
        """The number a channel has been read up to."""
        return self.cursors[CHANNELS.index(channel)]

    def reached(self) -> dict[str, int]:
        """The number reached in every channel that is wanted."""
        return {name: self.cursor(name) for name in CHANNELS if self.selection.of(name)}

    # --- being told -------------------------------------------------------------------------------------------

    @abstractmethod
    def render(self) -> Batch:
        """Make what is to be sent next."""

    def beat(self) -> None:  # noqa: B027 - a dialect may have nothing to do here
        """Say what is to be said once a second."""

    @abstractmethod
    def too_slow(self) -> None:
        """Send the reader away for taking nothing, or too little."""

    def control(self, message: str | bytes) -> None:
        """Queue a message that is this reader's alone."""
        self._control.append(message)
        if len(self._control) > CONTROLS_MAX and not self.close_after:
            self.end(1008, "too many questions unread")
        self._wake.set()

    def end(self, code: int, reason: str) -> None:
        """Close the socket once what is queued has been sent."""
        self.close_after = True
        self.close_code, self.close_reason = code, reason
        self._wake.set()

    def news(self) -> None:
        """Wake the writer if there is anything for this reader."""
        if self.sending_since or self._wake.is_set():
            return
        batch = self.render()
        if batch.messages or batch.more or batch.lost:
            self._wake.set()
        else:
            self.cursors = batch.cursors

    def check(self, now: float) -> None:
        """Send the reader away if its socket has taken nothing for too long."""
        if self.sending_since and now - self.sending_since > SLOW_S and not self.close_after:
            self.too_slow()
            if self._writer is not None:
                self._writer.cancel()

    async def write(self) -> None:
        """Send what there is, until the socket ends."""
        self._writer = asyncio.current_task()
        while True:
            await self._wake.wait()
            self._wake.clear()
            more = True
            while more:
                await self._send_answers()
                if self.close_after:
                    return
                if self.viewer is not None:
                    await self.prepare()
                    await self._send_answers()
                more = self.close_after or (self.viewer is not None and await self._send_batch())

    async def _send_answers(self) -> None:
        while self._control:
            await self._send(self._control.popleft())

    async def prepare(self) -> None:  # noqa: B027 - a dialect may have nothing to do here
        """Have at hand what follows, where that takes time."""

    async def _send_batch(self) -> bool:
        """Send what follows; tell whether to look again at once: while it was being sent, more may have come."""
        self._rendered = self.hub.flushes
        batch = self.render()
        self.cursors, self.told = batch.cursors, batch.told
        if batch.lost:
            self.skipped += batch.lost
            self.missed(batch.lost)
        for message in batch.messages:
            await self._send(message)
            self.sent += 1
        fresh = self._rendered != self.hub.flushes
        return fresh or batch.more or bool(self._control) or self.close_after

    def missed(self, lost: int) -> None:  # noqa: B027 - a dialect may have nothing to do here
        """Hear that so many happenings had left the ring before they could be read."""

    async def _send(self, message: str | bytes) -> None:
        self.sending_since = time.monotonic()
        if isinstance(message, str):
            await self.socket.send_text(message)
        else:
            await self.socket.send_bytes(message)
        self.sending_since = 0.0

    def state(self) -> ReaderState:
        """How this reader is."""
        lag = int(1_000 * (time.monotonic() - self.sending_since)) if self.sending_since else 0
        waiting = 0
        if self.viewer is not None and self.selection.of(TRADES):
            cursor = self.cursor(TRADES)
            waiting = max(self.face.newest(TRADES) - cursor, 0)
            told_ns = self.hub.time_of(cursor + 1) if waiting else 0
            if told_ns:
                lag = max(lag, (self.hub.desk.ports.clock.now_ns() - told_ns) // MILLISECOND)
        name = self.actor.name if self.actor is not None else ""
        subscriptions = sum(len(chosen) for chosen in self.channels.values())
        return ReaderState(
            name, self.stream, self.since_ns, subscriptions, self.sent, waiting, lag, self.skipped
        )


def placed(numbers: tuple[int, ...], channel: str, number: int) -> tuple[int, ...]:
    """Put a channel's number into its place."""
    place = CHANNELS.index(channel)
    return (*numbers[:place], number, *numbers[place + 1 :])
