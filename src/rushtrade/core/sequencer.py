"""The sequencer: one writer that puts commands in order, decides them, and releases effects after they are durable.

```
submit ─▶ inbox (bounded) ─▶ step: take ≤ 256 commands or 2 ms ─▶ decide, apply ─▶ one frame ─▶ ONE durable commit ─▶ release
```

Theory of operation. `submit` only queues. `step`, called by the one thread that owns the core, numbers commands, decides each on the
state left by the one before, applies its events, and appends the batch as one frame. Tickets are answered and subscribers called
with a frame only when it is durable: directly after `append`, or, with a `CommitPipeline`, when the committing thread has it, while the next
frame is decided already. Any failure between deciding and the commit stops the core for good; the journal is the truth, and a new core
folds it again. Time is the clock's at the start of a batch and never goes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from rushtrade.core.apply import Applications, applications
from rushtrade.core.decide import DECISIONS
from rushtrade.core.decide_reports import NUMBERED_REPORTS, Report, is_next
from rushtrade.core.state import HouseState
from rushtrade.domain.commands import AnyCommand, Command
from rushtrade.domain.errors import HouseBusy, HouseStopped, InvalidInput
from rushtrade.domain.events import AnyEvent
from rushtrade.domain.frames import FRAME_FORMAT, Entry, FrameBody, encode_body
from rushtrade.journal.frame import Frame
from rushtrade.journal.port import Journal

INBOX_MAX = 65_536
"""Commands that may wait: two seconds at the rate the core is built for. More are answered BUSY."""
BATCH_COMMANDS_MAX = 256
"""Commands in one frame: enough to share the cost of a commit, few enough that a frame stays under a megabyte."""
BATCH_NS_MAX = 2_000_000
"""Longest time a batch is collected before it is committed."""
PIPELINE_COMMANDS_MIN = 32
"""Below this a batch is committed directly: there is nothing to overlap, and handing over would add delay."""


class Ticket:
    """The answer to one command: its seq and events, once they are durable."""

    __slots__ = ("_on_done", "events", "seq")

    def __init__(self, on_done: Callable[[Ticket], None] | None) -> None:
        self.seq = 0
        self.events: list[AnyEvent] | None = None
        self._on_done = on_done

    @property
    def done(self) -> bool:
        """True once the command and its events are durable."""
        return self.events is not None

    def answer(self, seq: int, events: list[AnyEvent]) -> None:
        """Give the ticket its durable outcome."""
        self.seq = seq
        self.events = events
        if self._on_done is not None:
            self._on_done(self)


class Committer(Protocol):
    """What commits frames behind the caller's back: `journal.pipeline.CommitPipeline`."""

    def submit(self, frame: Frame) -> None: ...  # noqa: D102

    def durable_seq(self) -> int: ...  # noqa: D102

    def drain(self) -> None: ...  # noqa: D102

    def close(self) -> None: ...  # noqa: D102


Subscriber = Callable[[FrameBody], None]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AnyCommand).decode
_Waiting = tuple[AnyCommand, str, Ticket | None]


class Core:
    """The house's one writer."""

    def __init__(
        self,
        journal: Journal,
        clock: Callable[[], int],
        *,
        state: HouseState | None = None,
        next_seq: int = 1,
        stopwatch: Callable[[], int] | None = None,
        pipeline: Committer | None = None,
    ) -> None:
        """Write to `journal`, in its present epoch.

        `clock` gives the house's time in ns UTC. `stopwatch` bounds how long a batch is collected (ns, any origin); without it only
        the count does, and runs are the same on any machine. `state` and `next_seq` are what `replay.restore` gives.
        """
        self.state = state if state is not None else HouseState()
        self._apply = applications(self.state)
        self._journal = journal
        self._clock = clock
        self._stopwatch = stopwatch
        self._pipeline = pipeline
        self._position = journal.last()
        self._next_seq = next_seq
        self._inbox: deque[_Waiting] = deque()
        self._undurable: deque[tuple[int, FrameBody, list[Ticket | None]]] = deque()
        self._subscribers: list[Subscriber] = []
        self._failure = ""

    @property
    def next_seq(self) -> int:
        """Seq the next command will get."""
        return self._next_seq

    @property
    def waiting(self) -> int:
        """Commands in the inbox."""
        return len(self._inbox)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with every frame body once it is durable, in order; give the way to stop it."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    def submit(
        self, command: AnyCommand, actor: str, on_done: Callable[[Ticket], None] | None = None
    ) -> Ticket:
        """Queue a command. Raises HouseBusy when the inbox is full, HouseStopped after a failure, InvalidInput for what is no command."""
        if self._failure:
            raise HouseStopped(f"the house has stopped: {self._failure}")
        if len(self._inbox) >= INBOX_MAX:
            raise HouseBusy(f"BUSY: {INBOX_MAX} commands are waiting; nothing was taken, try again")
        require_command(command)
        ticket = Ticket(on_done)
        self._inbox.append((command, actor, ticket))
        return ticket

    def submit_all(self, commands: Sequence[AnyCommand], actor: str) -> None:
        """Queue what venues, the clock and the data center say: nobody waits for an answer.

        They go in beyond `INBOX_MAX`: an execution that has happened cannot be sent away. Their number is bounded by the orders that
        the bounded inbox let in.
        """
        if self._failure:
            raise HouseStopped(f"the house has stopped: {self._failure}")
        self._inbox.extend([(command, actor, None) for command in commands])

    def step(self) -> int:
        """Decide, commit and release one batch; give the number of commands taken."""
        if self._failure:
            raise HouseStopped(f"the house has stopped: {self._failure}")
        try:
            if self._inbox:
                return self._step()
            self.settle()
        except BaseException as error:
            self._failure = self._failure or f"{type(error).__name__}: {error}"
            raise
        return 0

    def drain(self) -> None:
        """Step until nothing waits and everything is durable and released."""
        while self._inbox or self._undurable:
            self.step()

    @property
    def committing(self) -> bool:
        """True while frames are on their way to the disk, and what they caused is held back."""
        return bool(self._undurable)

    @property
    def committing_since_ns(self) -> int | None:
        """When the oldest frame was decided that is on its way to the disk; None when there is none."""
        return self._undurable[0][1].time_ns if self._undurable else None

    def release(self) -> None:
        """Release what has become durable by now, without waiting."""
        if self._undurable and self._pipeline is not None:
            self._release(self._pipeline.durable_seq())

    def settle(self) -> None:
        """Wait for what is being committed, and release it."""
        if self._undurable and self._pipeline is not None:
            self._pipeline.drain()
            self._release(self._pipeline.durable_seq())

    def close(self) -> None:
        """Make everything durable and take no more commands. The journal stays its owner's to close."""
        if not self._failure:
            self.drain()
            self._failure = "it was closed"
        if self._pipeline is not None:
            self._pipeline.close()

    def _step(self) -> int:
        state, apply, inbox = self.state, self._apply, self._inbox
        first_seq = seq = self._next_seq
        now_ns = max(self._clock(), self._position.time_ns)
        state.now_ns = state.risk.now_ns = now_ns
        stopwatch = self._stopwatch
        deadline = stopwatch() + BATCH_NS_MAX if stopwatch is not None else 0
        entries: list[Entry] = []
        tickets: list[Ticket | None] = []
        for _ in range(min(len(inbox), BATCH_COMMANDS_MAX)):
            command, actor, ticket = inbox.popleft()
            entries.append(Entry(command, actor, execute(state, apply, command, seq)))
            tickets.append(ticket)
            seq += 1
            if stopwatch is not None and stopwatch() >= deadline:
                break
        body = FrameBody(first_seq, now_ns, entries)
        frame = Frame.after(
            self._position,
            format=FRAME_FORMAT,
            epoch=self._journal.epoch,
            time_ns=now_ns,
            body=encode_body(body),
        )
        self._next_seq = seq
        self._position = frame.position
        self._undurable.append((frame.seq, body, tickets))
        if self._pipeline is None or (len(entries) < PIPELINE_COMMANDS_MIN and len(self._undurable) == 1):
            self._journal.append(frame)
            self._release(frame.seq)
        else:
            self._pipeline.submit(frame)
            self._release(self._pipeline.durable_seq())
        return len(entries)

    def _release(self, durable_seq: int) -> None:
        """Let out what the frames up to `durable_seq` caused."""
        undurable = self._undurable
        while undurable and undurable[0][0] <= durable_seq:
            _, body, tickets = undurable.popleft()
            for subscriber in self._subscribers:
                subscriber(body)
            seq = body.first_seq
            for entry, ticket in zip(body.entries, tickets, strict=True):
                if ticket is not None:
                    ticket.answer(seq, entry.events)
                seq += 1


def require_command(command: object) -> None:
    """Refuse what the journal could not give back: a wrong type, a number beyond 64 bits, text that is no Unicode.

    It would be written, or fail in the middle of a batch, and the house could not be restored from it.
    """
    name = type(command).__name__
    if type(command) not in DECISIONS:
        raise InvalidInput(f"{name} is no command of the house")
    try:
        _decode(_encode(command))
    except (msgspec.ValidationError, TypeError, OverflowError, UnicodeError) as error:
        raise InvalidInput(f"this {name} cannot be kept in the journal: {error}") from None


def execute(state: HouseState, apply: Applications, command: Command, seq: int) -> list[AnyEvent]:
    """Decide one command and apply its events; the only way the state moves, live and in replay."""
    events = DECISIONS[type(command)](state, command, seq)
    for event in events:
        apply[type(event)](event)
    if isinstance(command, NUMBERED_REPORTS):
        count_report(state, command)
    return events


def count_report(state: HouseState, command: Report) -> None:
    """Remember the last report taken from a venue: the next one's number is applied with whatever it said."""
    venue = command.venue
    if 0 <= venue < len(state.report_seqs) and is_next(state.report_seqs[venue], command):
        state.report_seqs[venue] = command.report_seq
