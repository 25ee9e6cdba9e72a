"""Committing in a thread of its own, so that frame N+1 is decided while frame N is on its way to disk.

Theory of operation. One caller, one committing thread, two queues between them: frames go one way, numbers of durable
frames come back. The caller alone counts what is under way, the thread alone touches the journal, so there is no lock
to get wrong. Order is the queue's order. `depth` bounds what may be under way; submitting more waits.

The thread stops at the first failure of any kind and drops what is queued behind it: those frames would not chain, and
nobody was told they are durable. The failure is raised at the caller's next call and at every later one.

The interpreter hands its lock over once per `sys.getswitchinterval()`, 5 ms by default, when the other side computes;
a house that wants its acknowledgements sooner sets it to about 0.2 ms (measured in docs/decisions/0002).
"""

from __future__ import annotations

from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final, Self

from rushtrade.journal.errors import JournalClosed, JournalFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rushtrade.journal.frame import Frame
    from rushtrade.journal.port import Journal

DEPTH: Final = 2
"""One frame being synced and one ready behind it; a longer queue adds delay and no throughput."""


class CommitPipeline:
    """Appends frames in order, in a thread. Used by one thread at a time; the journal stays the owner's to close."""

    def __init__(
        self, journal: Journal, *, depth: int = DEPTH, notify: Callable[[int], None] | None = None
    ) -> None:
        """Start the thread.

        `notify(seq)` is called in that thread as soon as a frame is durable; it may only hand the number on.
        """
        if depth < 1:
            raise ValueError(f"depth is {depth}; at least 1 frame must be allowed under way")
        self._journal = journal
        self._depth = depth
        self._notify = notify or _nobody
        self._frames: SimpleQueue[Frame | None] = SimpleQueue()
        self._outcomes: SimpleQueue[int | BaseException] = SimpleQueue()
        self._durable_seq = journal.last().seq
        self._under_way = 0
        self._failure: BaseException | None = None
        self._closed = False
        self._thread = Thread(target=self._commit, name="journal-commit", daemon=True)
        self._thread.start()

    def submit(self, frame: Frame) -> None:
        """Queue the frame; wait while `depth` others are under way."""
        self._collect()
        while self._under_way >= self._depth:
            self._take(self._outcomes.get())
        self._frames.put(frame)
        self._under_way += 1

    def durable_seq(self) -> int:
        """Return the number of the last durable frame, without waiting."""
        self._collect()
        return self._durable_seq

    def wait(self, seq: int) -> None:
        """Return when frame `seq`, which must have been submitted, is durable."""
        self._collect()
        while self._durable_seq < seq:
            if not self._under_way:
                raise ValueError(
                    f"frame {seq} was not submitted; the last durable one is {self._durable_seq}"
                )
            self._take(self._outcomes.get())

    def drain(self) -> None:
        """Return when everything submitted is durable."""
        self._collect()
        while self._under_way:
            self._take(self._outcomes.get())

    def close(self) -> None:
        """Drain, and end the thread. Safe to repeat; raises the failure when there is one."""
        if self._closed:
            return
        try:
            self.drain()
        finally:
            self._closed = True
            self._frames.put(None)
            self._thread.join()
        self._take_what_came()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _collect(self) -> None:
        self._require_usable()
        self._take_what_came()

    def _take_what_came(self) -> None:
        while True:
            try:
                outcome = self._outcomes.get_nowait()
            except Empty:
                return
            self._take(outcome)

    def _require_usable(self) -> None:
        if self._failure is not None:
            raise JournalFailed(
                f"committing stopped at an earlier failure: {self._failure}"
            ) from self._failure
        if self._closed:
            raise JournalClosed("the commit pipeline was closed")

    def _take(self, outcome: int | BaseException) -> None:
        if isinstance(outcome, BaseException):
            self._failure = outcome
            self._require_usable()
        else:
            self._durable_seq = outcome
            self._under_way -= 1

    def _commit(self) -> None:
        try:
            while (frame := self._frames.get()) is not None:
                self._journal.append(frame)
                self._outcomes.put(frame.seq)
                self._notify(frame.seq)
                if self._frames.empty():
                    self._journal.housekeep()
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who stops the process
            self._outcomes.put(error)


def _nobody(_seq: int) -> None:
    """Tell nobody."""
