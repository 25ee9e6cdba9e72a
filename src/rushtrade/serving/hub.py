"""The hub of the streams: one ear at the market, all readers, one face a sight.

Theory of operation. The pulse names instruments that changed; they are numbered at the next flush, at most `1 / FLUSH_S` a second and less when
the fan-out itself takes long, which is what conflates quotes for everybody. A flush takes what happened (`happenings`), turns
the faces, and wakes each idle reader that has news. All numbers are of this hub's `epoch`: a reader that comes back with numbers of another
one is told that they mean nothing here. Trades are numbered by the tape, alike at every gateway that was given the same packets
and the same epoch; all else is numbered here.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from rushtrade.serving.channels import EVENTS, TRADES, EventRing, Marks, PastPrints, Prints, Selections
from rushtrade.serving.face import Face
from rushtrade.serving.happenings import Happenings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rushtrade.api.access import Actor, FrontDesk
    from rushtrade.serving.reader import Reader, ReaderState
    from rushtrade.serving.sight import Sight

FLUSH_S: Final = 0.01
"""Least time between two flushes: a hundredth of a second is below what a person or a strategy over a network notices."""
FLUSH_SLOW_S: Final = 0.25
"""Longest time between two flushes, however long they take."""
BEAT_S: Final = 1.0
"""How often readers are told the numbers they have reached, and slow ones are looked for."""
FACES_MAX: Final = 256
"""Sights shown at a time, readers or not; those nobody looks at go first."""
READERS_MAX: Final = 4_096
"""Sockets of all streams."""
MILESTONE_APART: Final = 1_024
MILESTONES_MAX: Final = 1 << 17
"""Reach back over 134 million trades: more than the market has had in a day."""


class MarketHub:
    """All readers of market data."""

    def __init__(self, desk: FrontDesk) -> None:
        self.desk = desk
        self.own_epoch = secrets.token_hex(6)
        self.epoch = desk.ports.epoch or self.own_epoch
        self.sockets: dict[Reader, None] = {}
        self.selections = Selections()
        self.prints = Prints(desk.ports.market)
        self.past = PastPrints(desk.ports.archive, self.epoch, desk.store.image)
        self.marks = Marks()
        self.rings = {channel: EventRing() for channel in EVENTS}
        self.flushes = 0
        self._milestones: deque[tuple[int, int]] = deque(maxlen=MILESTONES_MAX)
        """Positions and times of trades, some apart."""
        self._happenings = Happenings(desk, self.rings)
        self._faces: dict[Sight, Face] = {}
        self._marked: set[int] = set()
        self._pulse = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._end: Callable[[], None] | None = None

    async def start(self) -> None:
        """Begin to listen."""
        self._end = self.desk.ports.pulse.subscribe(self._on_pulse)
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._beat())]

    async def stop(self) -> None:
        """Stop, and send everybody away."""
        if self._end is not None:
            self._end()
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for reader in list(self.sockets):
            reader.end(1001, "the house is stopping")

    # --- readers ----------------------------------------------------------------------------------------------

    def join(self, reader: Reader) -> None:
        """Take a reader in."""
        self.sockets[reader] = None

    def leave(self, reader: Reader) -> None:
        """Let a reader go."""
        self.sockets.pop(reader, None)

    def is_full(self, actor: Actor) -> bool:
        """Tell whether somebody has as many sockets as they may, or everybody together has."""
        own = sum(each.actor is not None and each.actor.name == actor.name for each in self.sockets)
        return own >= self.desk.ports.limits.sockets_of_key or len(self.sockets) >= READERS_MAX

    def readers(self) -> list[ReaderState]:
        """How every reader is."""
        return [reader.state() for reader in self.sockets]

    def face(self, sight: Sight) -> Face:
        """The market as a sight shows it."""
        found = self._faces.get(sight)
        if found is None:
            if len(self._faces) >= FACES_MAX:
                used = {reader.sight for reader in self.sockets if reader.viewer is not None}
                self._faces = {each: face for each, face in self._faces.items() if each in used}
            found = self._faces[sight] = Face(self.desk, sight, self.prints, self.rings, self.marks)
        return found

    def epoch_of(self, channel: str) -> str:
        """Name of the numbering a channel's numbers belong to."""
        return self.epoch if channel == TRADES else self.own_epoch

    def time_of(self, position: int) -> int:
        """When a trade happened; 0 when it is not in memory."""
        if not self.prints.oldest <= position <= self.prints.newest:
            return self.past.time_of(position)
        rows, _ = self.prints.read(position - 1, 1)
        return int(rows["time"][0])

    # --- flushes -------------------------------------------------------------------------------------------------

    def _on_pulse(self, instrument_ids: Iterable[int]) -> None:
        self._marked.update(instrument_ids)
        self._pulse.set()

    async def _run(self) -> None:
        """Flush when something changed: soon after it did, and never for more than two thirds of the time."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SLOW_S):
                    await self._pulse.wait()
            self._pulse.clear()
            began = time.monotonic()
            self.flush()
            await asyncio.sleep(0)
            took = time.monotonic() - began
            await asyncio.sleep(min(max(FLUSH_S - took, took / 2), FLUSH_SLOW_S))

    def flush(self) -> None:
        """Number what changed, and wake who has news."""
        now_ns = self.desk.ports.clock.now_ns()
        changed = sorted(self._marked)
        self._marked.clear()
        self.marks.mark(changed)
        self._happenings.take(now_ns)
        self._set_milestones()
        self.flushes += 1
        for face in self._faces.values():
            face.turn(now_ns, changed)
        for reader in self.sockets:
            reader.news()

    def _set_milestones(self) -> None:
        """Note when every so many trades happened, for those who ask for what has left memory."""
        stones, newest = self._milestones, self.prints.newest
        due = (stones[-1][0] if stones else self.prints.oldest - 1) + MILESTONE_APART
        while due <= newest:
            stones.append((due, self.time_of(due)))
            due += MILESTONE_APART

    def time_before(self, position: int) -> int:
        """Give an instant before the trade at a position, as late as it is known; 0 when nothing is known of it."""
        found = self.time_of(position)
        if not found:
            found = max((time_ns for place, time_ns in self._milestones if place <= position), default=0)
        return found

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            now = time.monotonic()
            for reader in list(self.sockets):
                if reader.viewer is not None:
                    reader.viewer.beat()
                reader.check(now)
                if not reader.sending_since:
                    reader.beat()
