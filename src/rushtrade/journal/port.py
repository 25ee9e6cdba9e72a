"""The port: what the house asks of a journal, whichever database keeps it.

It refuses to know of commands, events and tables. SQLite answers it today; PostgreSQL with a leader lease can
answer it tomorrow without a change in any caller. One writer, any number of readers in any process.

The promises, in the order they matter:

1. `append` returns only after the frame is on disk; what it returned for is found again after any crash.
2. A frame that does not follow the last one, or comes from a writer whose epoch is over, is never written.
3. After a storage error nothing more is taken: a failed sync is not tried again, because the kernel may have
   dropped the bytes and would answer the second call with a false yes.
4. What is read is what was written, or `JournalCorrupt` says at which frame it is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from rushtrade.journal.frame import Frame, Position
    from rushtrade.journal.report import VerifyReport
    from rushtrade.journal.snapshot import Snapshot


class JournalReader(Protocol):
    """Reading, in any process, while the journal is being written."""

    def last(self) -> Position:
        """Where the journal ends; `ORIGIN` when it has no frames."""

    def frames(self, after_seq: int = 0, upto_seq: int | None = None) -> Iterator[Frame]:
        """Frames `after_seq + 1 … upto_seq` (the last one now, when None), each checked and chained to the one before.

        Holds one frame in memory at a time. Raises JournalCorrupt at the first frame that is not as it was written.
        """

    def newest_snapshot(self, format: int, upto_seq: int | None = None) -> Snapshot | None:  # noqa: A002
        """Return the newest snapshot in that format at or before `upto_seq`, checked; None when there is none.

        Raises JournalCorrupt when that one is damaged; `upto_seq` then asks for an older one.
        """

    def cursor(self, name: str) -> int:
        """Return the last frame the named reader has finished with; 0 when it never said."""

    def verify(self, from_seq: int = 1, progress: Callable[[int, int], None] | None = None) -> VerifyReport:
        """Read everything from `from_seq` on and report what is not as it was written, and where.

        `progress(seq, last_seq)` is called now and then, and at the end.
        """

    def close(self) -> None:
        """Let go of the files. Safe to repeat."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Journal(JournalReader, Protocol):
    """Writing, by one writer that holds the present epoch."""

    @property
    def epoch(self) -> int:
        """The epoch this writer holds; 0 before `new_epoch`."""

    def new_epoch(self) -> int:
        """Take the lead: a durable, never used epoch, that fences every writer of an older one."""

    def append(self, frame: Frame) -> None:
        """Make the frame durable; one commit. Raises AppendRefused (nothing written) or JournalFailed (stop)."""

    def write_snapshot(self, snapshot: Snapshot) -> None:
        """Keep the snapshot, durably; older ones beyond `SNAPSHOTS_KEPT` of its format go."""

    def set_cursor(self, name: str, seq: int) -> None:
        """Say durably that the named reader has finished with frame `seq`; never back, never beyond the end."""

    def housekeep(self) -> None:
        """Do storage work that is due, while nobody waits; cheap when none is."""
