"""Verification: read a journal to its end, and write down every place where it is not as it was written.

Where `frames` stops at the first fault, this goes on behind it: the walk takes up the chain again at the next frame
that can be read, so that one flipped byte is one finding. What it looks at, in order: SQLite's own structure, the
head, every frame and its link, what the mark says was acknowledged, every snapshot.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from rushtrade.journal.chain import require_follows
from rushtrade.journal.errors import Fault, JournalCorrupt, JournalFailed
from rushtrade.journal.frame import ORIGIN
from rushtrade.journal.mark import note_beside
from rushtrade.journal.report import MAX_FINDINGS, Finding, VerifyReport

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushtrade.journal.frame import Frame, Position
    from rushtrade.journal.mark import Note
    from rushtrade.journal.reader import SqliteReader

PROGRESS_EVERY: Final = 256
"""Frames between two calls of `progress`."""

T = TypeVar("T")


class Verification:
    """One run: made, asked for its report, thrown away."""

    def __init__(
        self, journal: SqliteReader, from_seq: int, progress: Callable[[int, int], None] | None
    ) -> None:
        self._journal = journal
        self._from_seq = max(1, from_seq)
        self._progress = progress or _silent
        self._findings: list[Finding] = []
        self._frames = 0
        self._body_bytes = 0
        self._follows: Position | None = None
        """What the next frame must follow; None behind a fault, where it begins a chain of its own."""
        self._reached = ORIGIN

    def report(self) -> VerifyReport:
        """Run."""
        note = note_beside(self._journal.path)  # before the end is read: the journal may be growing
        self._structure()
        self._attempt(self._journal.head)
        self._walk(self._attempt(self._journal.last_seq) or 0)
        self._attempt(partial(require_acknowledged, note, self._journal))
        self._snapshots()
        return VerifyReport(
            from_seq=self._from_seq,
            last=self._reached,
            frames=self._frames,
            body_bytes=self._body_bytes,
            findings=tuple(self._findings),
        )

    def _structure(self) -> None:
        for text in self._attempt(self._journal.structure_faults) or ():
            self._find(0, Fault.STRUCTURE, text)

    def _walk(self, end: int) -> None:
        before = min(self._from_seq - 1, end)
        if before == 0:
            self._follows = ORIGIN
        else:
            self._follows = self._attempt(lambda: self._journal.frame(before).position)
        self._reached = self._follows or ORIGIN
        seq = self._from_seq
        while seq <= end and len(self._findings) < MAX_FINDINGS:
            seq = self._step(seq, end)
            if seq % PROGRESS_EVERY == 0:
                self._progress(seq, end)
        self._progress(end, end)

    def _step(self, seq: int, end: int) -> int:
        try:
            self._take(self._journal.frame(seq))
        except JournalCorrupt as error:
            self._follows = None
            if error.fault is Fault.MISSING:
                return self._skip_gap(seq, end)
            self._find(seq, error.fault, error.detail)
        except JournalFailed as error:
            self._follows = None
            self._find(seq, Fault.STRUCTURE, str(error))
        return seq + 1

    def _take(self, frame: Frame) -> None:
        if self._follows is not None:
            self._attempt(partial(require_follows, self._follows, frame))
        self._follows = self._reached = frame.position
        self._frames += 1
        self._body_bytes += len(frame.body)

    def _skip_gap(self, seq: int, end: int) -> int:
        found = self._attempt(partial(self._journal.next_seq, seq)) or end + 1
        which = f"frame {seq} is" if found == seq + 1 else f"frames {seq} to {found - 1} are"
        self._find(seq, Fault.MISSING, f"{which} not in the journal")
        return found

    def _snapshots(self) -> None:
        for row_id in self._attempt(self._journal.snapshot_ids) or ():
            self._attempt(partial(self._journal.snapshot_by_id, row_id))

    def _attempt(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except JournalCorrupt as error:
            self._find(error.seq, error.fault, error.detail)
        except JournalFailed as error:
            self._find(0, Fault.STRUCTURE, str(error))
        return None

    def _find(self, seq: int, fault: Fault, detail: str) -> None:
        finding = Finding(seq, fault, detail)
        if (
            finding not in self._findings and len(self._findings) < MAX_FINDINGS
        ):  # one fault shows in several reads
            self._findings.append(finding)


def require_acknowledged(note: Note | None, journal: SqliteReader) -> None:
    """Refuse a journal that does not hold what the mark beside it says was acknowledged."""
    end, head = journal.last_seq(), journal.head()
    if note is None:
        if end == 0 and head.version == 0:
            return
        raise JournalCorrupt(
            end,
            Fault.TAIL_MISSING,
            f"the mark beside {journal.path.name} is missing or unreadable, so nobody can tell whether frames "
            "after this one were acknowledged; adopt the journal if it is a copy you trust",
        )
    if note.seq > end:
        raise JournalCorrupt(
            end + 1,
            Fault.TAIL_MISSING,
            f"frames up to {note.seq} were acknowledged, the journal ends at {end}",
        )
    if note.seq and journal.frame(note.seq).hash != note.frame_hash:
        raise JournalCorrupt(
            note.seq, Fault.UNCHAINED, f"it was acknowledged with hash {note.frame_hash.hex()}"
        )
    version, _, _, digest = head.row()
    if (note.head_version, note.head_digest) != (version, digest) and note.head_version >= version:
        raise JournalCorrupt(
            0,
            Fault.HEAD_DAMAGED,
            f"epoch and cursors are of version {version}, {note.head_version} was acknowledged",
        )


def _silent(_seq: int, _last_seq: int) -> None:
    """Report to nobody."""
