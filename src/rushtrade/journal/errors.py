"""What can go wrong with a journal, one class per failure, told apart by what the caller must do next.

::

    JournalError
    ├── FrameInvalid             a field of a frame or snapshot is out of its range: a bug of the caller
    ├── AppendRefused            nothing was written; the journal goes on
    │   ├── WrongSeq             not the number after the last frame
    │   ├── WrongPreviousHash    not chained to the last frame
    │   ├── TimeWentBack         older than the last frame
    │   └── EpochFenced          this writer never held, or no longer holds, the journal's epoch: stop leading
    ├── SnapshotRefused          a snapshot of a place the journal has not reached
    ├── CursorRefused            a cursor that would go back, or beyond the last frame
    ├── JournalMissing           no journal at that path
    ├── JournalForeign           a file that is no journal of ours, or of a layout this release cannot read
    ├── JournalLocked            another writer holds it
    ├── JournalBusy              a reader stood in the way for too long
    ├── JournalClosed            used after close()
    ├── JournalCorrupt           bytes on disk are not the bytes that were written: repair from a second copy
    └── JournalFailed            storage failed under a write: end the process, nothing more can be promised
"""

# ruff: noqa: N818 - failures are named in words that say what happened; an "Error" behind each says nothing more

from __future__ import annotations

from enum import StrEnum


class JournalError(Exception):
    """Root of every failure in this room."""


class FrameInvalid(JournalError, ValueError):
    """A field is out of its range."""


class AppendRefused(JournalError):
    """The frame does not follow the last one; nothing was written."""


class WrongSeq(AppendRefused):
    """The frame's number is not the next one."""


class WrongPreviousHash(AppendRefused):
    """The frame is not chained to the last one."""


class TimeWentBack(AppendRefused):
    """The frame is older than the last one."""


class EpochFenced(AppendRefused):
    """The writer does not hold the journal's present epoch."""


class SnapshotRefused(JournalError):
    """The snapshot stands at a place the journal has not reached."""


class CursorRefused(JournalError):
    """The cursor would go back, or beyond the last frame."""


class JournalMissing(JournalError):
    """There is no journal at that path."""


class JournalForeign(JournalError):
    """The file is no journal, or its layout is of another release."""


class JournalLocked(JournalError):
    """Another writer holds the journal."""


class JournalBusy(JournalError):
    """Another process stood in the way for longer than the named bound."""


class JournalClosed(JournalError):
    """The journal was closed."""


class JournalFailed(JournalError):
    """Storage failed under a write; the journal is poisoned and takes no more."""


class Fault(StrEnum):
    """What is wrong with stored bytes."""

    MISSING = "missing"  # a number between two frames is not there
    DAMAGED = "damaged"  # the stored hash is not the hash of the stored bytes
    UNCHAINED = "unchained"  # the frame does not name the hash of the one before it
    TIME_WENT_BACK = "time went back"
    EPOCH_WENT_BACK = "epoch went back"
    TAIL_MISSING = "tail missing"  # frames that were acknowledged are not in the journal
    HEAD_DAMAGED = "head damaged"  # epoch and cursors
    SNAPSHOT_DAMAGED = "snapshot damaged"
    STRUCTURE = "structure"  # the storage engine cannot walk its own file


class JournalCorrupt(JournalError):
    """Stored bytes are not what was written. `seq` is the frame where it shows, 0 when it is not in a frame."""

    def __init__(self, seq: int, fault: Fault, detail: str) -> None:
        self.seq = seq
        self.fault = fault
        self.detail = detail
        super().__init__(f"journal damaged at seq {seq} ({fault}): {detail}")
