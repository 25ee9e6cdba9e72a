"""A running house: the market paced by the wall clock, trade dates that follow each other, and who listens.

Theory of operation. One asyncio task on the one thread that owns the core lets market time follow the wall clock at a speed, in beats of
`BEAT_SECONDS`; between beats, commands of the API are decided at once (`nudge`). When the order flow of a recorded file ends, its trade date is closed and
the house stays up to be looked at; a generated flow ends with its session, and the next trade date opens. A failure of the core ends the task
and with it the process: it is restarted from the journal.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import time
from collections.abc import Callable, Sequence

import structlog

from rushtrade.app.trading_day import TradingDay
from rushtrade.domain import events as ev
from rushtrade.domain.frames import FrameBody
from rushtrade.journal.sqlite import SqliteJournal
from rushtrade.rules.sessions import session_on
from rushtrade.store.fold import Change
from rushtrade.store.store import Store

BEAT_SECONDS = 0.01
"""Pause between two advances of market time: a hundred looks at the market a second."""
BEAT_WORK_NS = 5_000_000
"""Wall time one beat works on the market, about: neither a busy spell nor a high speed starves the API or delays the end."""
SLICE_NS = 100_000_000
"""Market time between two looks at the wall clock within a beat."""
WRITE_EVERY_SECONDS = 0.25
"""How often read models are written to their file; they are rebuilt from the journal if the last ones are lost."""
LOOK_FOR_DAY_SECONDS = 1.0
"""How often it is asked, after a close, whether another day has come."""
AS_FAST_AS_POSSIBLE = 0.0
"""Speed at which market time does not wait for the wall clock."""

log = structlog.get_logger(__name__)


COMMIT_LOOK_SECONDS = 0.001
"""How soon to look again whether a large batch is durable: about the time a commit takes."""
COLLECT_AFTER = 100_000
"""New objects between two looks for garbage. An order leaves none in cycles; what does is left by the API, little and slowly."""


def settle_memory() -> None:
    """Take what a started house is made of out of the collector's sight, and let it look seldom."""
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # else libraries complain at the end about what was never collected
    gc.set_threshold(COLLECT_AFTER, 20, 20)


class Runtime:
    """One house, day after day."""

    def __init__(
        self,
        day: TradingDay,
        journal: SqliteJournal,
        store: Store,
        speed: float,
        next_day: Callable[[TradingDay], TradingDay | None],
    ) -> None:
        """`next_day` gives the day after one that closed, None when there is none."""
        self.day = day
        self.store = store
        self.speed = speed
        self._journal = journal
        self._next_day = next_day
        self._listeners: list[Callable[[Sequence[int]], None]] = []
        self._nudged = False
        self._frame_seq = journal.last().seq
        """Frames are counted as they are released: the journal may already be ahead of what the store was given."""
        self._wall_ns = 0
        self._market_ns = 0
        self._look_for_day = 0.0
        day.core.subscribe(self._on_frame)
        store.subscribe(log_health)

    @property
    def is_open(self) -> bool:
        """True while venues trade."""
        return self.day.core.state.risk.market_open

    def open(self) -> None:
        """Open the day, or take up an open one."""
        self.day.open()
        self._pace()
        log.info("market open", trade_date=str(self.day.trade_date), flow=self.day.flow.source_label)

    def on_touched(self, listener: Callable[[Sequence[int]], None]) -> Callable[[], None]:
        """Call `listener` with instruments whose quote or trades changed; give what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def nudge(self) -> None:
        """Have the commands that wait decided in this turn of the event loop."""
        if not self._nudged:
            self._nudged = True
            asyncio.get_running_loop().call_soon(self._decide)

    async def run(self) -> None:
        """Let market time pass until cancelled."""
        written = time.monotonic()
        behind = False
        while True:
            await asyncio.sleep(0 if behind else BEAT_SECONDS)
            behind = self.beat()
            if self.day.recording is not None:
                self.day.recording.flush()
            if not self.is_open and time.monotonic() >= self._look_for_day:
                await self._begin_next_day()
            if time.monotonic() - written >= WRITE_EVERY_SECONDS:
                self.store.write()
                self._journal.housekeep()
                written = time.monotonic()

    def beat(self) -> bool:
        """Bring market time up to the wall clock, as far as one beat may; tell whether it is still behind."""
        if not self.is_open:
            self.day.house.pump()
            return False
        behind = self._advance()
        touched = self.day.house.look()
        if touched:
            for listener in self._listeners:
                listener(touched)
        if self._is_over():
            self._close_day()
            return False
        return behind

    def _advance(self) -> bool:
        clock = self.day.clock
        due_ns = max(self._due_ns(), clock.now_ns)
        stop_ns = time.monotonic_ns() + BEAT_WORK_NS
        while True:
            self.day.advance(min(due_ns, clock.now_ns + SLICE_NS))
            if clock.now_ns >= due_ns or self._is_over():
                return False
            if time.monotonic_ns() >= stop_ns:
                return True

    def _due_ns(self) -> int:
        """Give the market time that belongs to the wall clock now: no later than the close."""
        close_ns = session_on(self.day.trade_date).close_ns
        if self.speed == AS_FAST_AS_POSSIBLE:
            return close_ns
        paced_ns = self._market_ns + int((time.monotonic_ns() - self._wall_ns) * self.speed)
        return min(self.day.due_ns(paced_ns), close_ns)

    def _pace(self) -> None:
        """Let market time and wall time start together from here."""
        self._wall_ns = time.monotonic_ns()
        self._market_ns = self.day.clock.now_ns

    def _is_over(self) -> bool:
        return self.day.is_over or self.day.clock.now_ns >= session_on(self.day.trade_date).close_ns

    def _close_day(self) -> None:
        self.day.close()
        self.store.write()
        log.info("day closed", trade_date=str(self.day.trade_date))

    async def _begin_next_day(self) -> None:
        """Begin the day that follows, as soon as there is one."""
        following = self._next_day(self.day)
        if following is None:
            self._look_for_day = time.monotonic() + LOOK_FOR_DAY_SECONDS
            return
        await self.day.part()
        await following.reach()
        self.day = following
        self.open()

    def _decide(self) -> None:
        self._nudged = False
        self.day.house.pump()
        if self.day.core.committing and not self._nudged:
            self._nudged = True
            asyncio.get_running_loop().call_later(COMMIT_LOOK_SECONDS, self._decide)

    def _on_frame(self, body: FrameBody) -> None:
        self._frame_seq += 1
        self.store.apply(body, self._frame_seq)


def log_health(change: Change) -> None:
    """Write down that a venue's route went out of use, is tried, or is back."""
    event = change.event
    if type(event) is ev.VenueHealthChanged:
        log.warning(
            "venue health",
            venue=event.venue,
            health=event.health.name.lower(),
            why=event.reason,
            unanswered=len(event.silent),
        )
