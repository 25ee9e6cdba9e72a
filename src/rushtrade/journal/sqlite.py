"""The journal's writer over SQLite: one file, write-ahead log, every commit synced.

Theory of operation. Exactly one process writes; the lock on the mark keeps a second one out, and the epoch in the
head, compared inside every insert's own transaction, fences one that lost its lock without noticing. A commit is one
statement: an insert whose triggers check epoch, number and link, the log's pages written, the log synced, the
interpreter's lock released all the while. Then the mark is noted, and only then does `append` return.

Opening never trusts what recovery shows: bytes whose sync failed in an earlier life may be readable from the page
cache and yet not be on disk. So the end is compared with the mark, and then all of the log is copied into the
database, synced, and emptied, before the first append.

A storage error of any kind poisons the object: nothing is tried again, every later write raises JournalFailed, and
the files are left as they are for the next start. The log is copied back (checkpoint) by us and not by SQLite,
because SQLite's own automatic one keeps its errors to itself; it is done before a commit or while nobody waits,
never between a commit and its acknowledgement.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

import apsw

from rushtrade.journal import layout
from rushtrade.journal.chain import row_from_frame
from rushtrade.journal.errors import (
    AppendRefused,
    EpochFenced,
    Fault,
    JournalCorrupt,
    JournalFailed,
    SnapshotRefused,
    TimeWentBack,
    WrongPreviousHash,
    WrongSeq,
)
from rushtrade.journal.mark import Mark
from rushtrade.journal.reader import SqliteReader
from rushtrade.journal.verify import require_acknowledged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rushtrade.journal.frame import Frame, Position
    from rushtrade.journal.head import Head
    from rushtrade.journal.snapshot import Snapshot

CHECKPOINT_DUE_BYTES: Final = 4 * 1024 * 1024
"""Log size at which copying it back is worth a pause while nobody waits."""

CHECKPOINT_FORCED_BYTES: Final = 16 * 1024 * 1024
"""Log size at which the next commit waits for it: bounds the log and the time a restart takes."""

_INSERT_FRAME = (
    "INSERT INTO frames (seq, epoch, format, time_ns, previous_hash, hash, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_SNAPSHOT = (
    "INSERT INTO snapshots (seq, format, epoch, state_hash, digest, body) VALUES (?, ?, ?, ?, ?, ?)"
)
_UPDATE_HEAD = "UPDATE head SET version = ?, epoch = ?, cursors = ?, digest = ? WHERE id = 1"


class SqliteJournal(SqliteReader):
    """The journal at `path`, opened for writing. Threads may share it; they take turns."""

    def __init__(self, path: Path, *, adopt: bool = False, vfs: str | None = None) -> None:
        """Open or create. Raises JournalLocked, JournalForeign, or JournalCorrupt when the end is not as acknowledged.

        `adopt` takes the journal as it lies, whatever its mark says: for a copy put back by an operator who knows it.
        """
        self._failure: JournalFailed | None = None
        self._log_bytes = 0
        self._epoch = 0
        self._mark = Mark(path)
        try:
            self._require_file(path, adopt=adopt)
            self._open(path, layout.connect_writer(path, vfs))
            try:
                self._settle(adopt=adopt)
            except BaseException:
                self._db.close()
                raise
        except BaseException:
            self._mark.close()
            raise

    def _require_file(self, path: Path, *, adopt: bool) -> None:
        found = self._mark.found
        if not adopt and found is not None and found.seq and not path.exists():
            raise JournalCorrupt(
                1, Fault.TAIL_MISSING, f"{path} is gone; {found.seq} frames in it were acknowledged"
            )

    def _settle(self, *, adopt: bool) -> None:
        if not adopt:
            require_acknowledged(self._mark.found, self)  # before the log, maybe evidence, is touched
        self._head: Head = self.head()
        self._last: Position = self._stored_last()
        with layout.storage_errors("copy the log back"):
            self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._note()
        self._mark.sync()

    @property
    def epoch(self) -> int:
        """The epoch this writer holds; 0 before `new_epoch`."""
        return self._epoch

    def last(self) -> Position:
        """Where the journal ends; `ORIGIN` when it has no frames."""
        return self._last

    def _end(self) -> int:
        self._require_open()
        return self._last.seq

    def new_epoch(self) -> int:
        """Take the lead: a durable, never used epoch, that fences every writer of an older one."""
        with self._turn:
            self._require_usable()
            self._head = self.head()
            self._replace_head(
                self._head.with_next_epoch(above=self._mark.found.epoch if self._mark.found else 0)
            )
            self._epoch = self._head.epoch
            self._mark.sync()
            return self._epoch

    def append(self, frame: Frame) -> None:
        """Make the frame durable; one commit. Raises AppendRefused (nothing written) or JournalFailed (stop)."""
        with self._turn:
            self._require_usable()
            self._require_lead()
            self._require_next(frame)
            if self._log_bytes >= CHECKPOINT_FORCED_BYTES:
                self._checkpoint()
            with self._one_commit(f"append frame {frame.seq}"):
                self._db.execute(_INSERT_FRAME, row_from_frame(frame))
                self._last = frame.position
                self._note()
            self._log_bytes += len(frame.body) + 2 * layout.PAGE_BYTES

    def write_snapshot(self, snapshot: Snapshot) -> None:
        """Keep the snapshot, durably; older ones beyond `SNAPSHOTS_KEPT` of its format go."""
        with self._turn:
            self._require_usable()
            self._require_lead()
            if snapshot.seq > self._last.seq:
                raise SnapshotRefused(
                    f"a snapshot of seq {snapshot.seq} is ahead of the journal, which ends at {self._last.seq}"
                )
            digest = snapshot.digest(self._frame_hash(snapshot.seq))
            values = (snapshot.seq, snapshot.format, self._epoch, snapshot.state_hash, digest, snapshot.body)
            with self._one_commit(f"write a snapshot of seq {snapshot.seq}"):
                self._db.execute(_INSERT_SNAPSHOT, values)
            self._log_bytes += len(snapshot.body) + 2 * layout.PAGE_BYTES

    def set_cursor(self, name: str, seq: int) -> None:
        """Say durably that the named reader has finished with frame `seq`; never back, never beyond the end."""
        with self._turn:
            self._require_usable()
            self._require_lead()
            moved = self._head.with_cursor(name, seq, self._last.seq)
            if moved.cursors != self._head.cursors:
                self._replace_head(moved)

    def housekeep(self) -> None:
        """Copy the log back when it has grown enough; cheap when it has not."""
        with self._turn:
            self._require_usable()
            if self._log_bytes >= CHECKPOINT_DUE_BYTES:
                self._checkpoint()

    def close(self) -> None:
        """Copy the log back, let go of the files and the lock. Safe to repeat; raises JournalFailed when it cannot."""
        with self._turn:
            if self._closed:
                return
            try:
                if self._failure is None:
                    self._checkpoint(apsw.SQLITE_CHECKPOINT_TRUNCATE)
            finally:
                super().close()
                self._mark.close()

    def _require_usable(self) -> None:
        self._require_open()
        if self._failure is not None:
            raise JournalFailed(
                f"the journal takes no more since an earlier failure: {self._failure}"
            ) from self._failure

    def _require_lead(self) -> None:
        if self._epoch == 0:
            raise EpochFenced("this writer holds no epoch; call new_epoch() before the first write")

    def _require_next(self, frame: Frame) -> None:
        last = self._last
        if frame.epoch != self._epoch:
            raise EpochFenced(f"frame {frame.seq} is of epoch {frame.epoch}; this writer holds {self._epoch}")
        if frame.seq != last.seq + 1:
            raise WrongSeq(f"frame {frame.seq} cannot be appended; the next one is {last.seq + 1}")
        if frame.previous_hash != last.hash:
            raise WrongPreviousHash(
                f"frame {frame.seq} follows hash {frame.previous_hash.hex()}; the last one is {last.hash.hex()}"
            )
        if frame.time_ns < last.time_ns:
            raise TimeWentBack(
                f"frame {frame.seq} has time {frame.time_ns}, before {last.time_ns} of the last one"
            )

    def _replace_head(self, head: Head) -> None:
        with self._one_commit("write epoch and cursors"):
            self._db.execute(_UPDATE_HEAD, head.row())
            self._head = head
            self._note()
        self._log_bytes += 2 * layout.PAGE_BYTES

    def _note(self) -> None:
        version, epoch, _, digest = self._head.row()
        self._mark.note(self._last.seq, self._last.hash, epoch, version, digest)

    def _checkpoint(self, mode: int = apsw.SQLITE_CHECKPOINT_PASSIVE) -> None:
        with self._one_commit("copy the log back"):
            try:
                in_log, copied = self._db.wal_checkpoint(mode=mode)
            except apsw.BusyError:  # a reader or a shell stands in the way; the log serves as well
                return
            self._mark.sync()
            self._log_bytes = (in_log - copied) * layout.PAGE_BYTES

    @contextmanager
    def _one_commit(self, doing: str) -> Iterator[None]:
        try:
            yield
        except apsw.ConstraintError as error:
            self._explain(str(error))
        except BaseException as error:
            self._failure = JournalFailed(f"cannot {doing}: {type(error).__name__}: {error}")
            if isinstance(error, Exception):
                raise self._failure from error
            raise

    def _explain(self, refusal: str) -> NoReturn:
        if layout.REFUSED_EPOCH in refusal:
            raise EpochFenced(
                f"epoch {self._epoch} is over, another writer holds {self.head().epoch}; stop leading"
            )
        raise AppendRefused(
            f"another writer has moved the journal's end from {self._last.seq} to {self.last_seq()}"
        )
