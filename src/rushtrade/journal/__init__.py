"""Durable ordered frames: append, cursors, hash chain, verify, snapshots.

This room knows bytes and nothing of ours. `Journal` is the port the house speaks to, `SqliteJournal` the embedded
default, `SqliteReader` the same journal read from any process, `CommitPipeline` the thread that commits while the
core decides the next frame.
"""

from rushtrade.journal.errors import (
    AppendRefused,
    CursorRefused,
    EpochFenced,
    Fault,
    FrameInvalid,
    JournalBusy,
    JournalClosed,
    JournalCorrupt,
    JournalError,
    JournalFailed,
    JournalForeign,
    JournalLocked,
    JournalMissing,
    SnapshotRefused,
    TimeWentBack,
    WrongPreviousHash,
    WrongSeq,
)
from rushtrade.journal.frame import GENESIS_HASH, MAX_BODY_BYTES, ORIGIN, Frame, Position
from rushtrade.journal.pipeline import CommitPipeline
from rushtrade.journal.port import Journal, JournalReader
from rushtrade.journal.reader import SqliteReader
from rushtrade.journal.report import Finding, VerifyReport
from rushtrade.journal.snapshot import MAX_SNAPSHOT_BYTES, SNAPSHOTS_KEPT, Snapshot
from rushtrade.journal.sqlite import SqliteJournal

__all__ = [
    "GENESIS_HASH",
    "MAX_BODY_BYTES",
    "MAX_SNAPSHOT_BYTES",
    "ORIGIN",
    "SNAPSHOTS_KEPT",
    "AppendRefused",
    "CommitPipeline",
    "CursorRefused",
    "EpochFenced",
    "Fault",
    "Finding",
    "Frame",
    "FrameInvalid",
    "Journal",
    "JournalBusy",
    "JournalClosed",
    "JournalCorrupt",
    "JournalError",
    "JournalFailed",
    "JournalForeign",
    "JournalLocked",
    "JournalMissing",
    "JournalReader",
    "Position",
    "Snapshot",
    "SnapshotRefused",
    "SqliteJournal",
    "SqliteReader",
    "TimeWentBack",
    "VerifyReport",
    "WrongPreviousHash",
    "WrongSeq",
]
