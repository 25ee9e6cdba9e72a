"""Reading a journal that lies in SQLite, from any process, while another one writes it.

Theory of operation: every frame is fetched by its number in a statement of its own. No read transaction outlives a
frame, so a slow reader never keeps the writer from reusing its log, memory stays at one frame, and a number that is
not there is noticed because it was asked for. Nothing is handed out before its hash and its link were checked, and
no end is believed that lies before what the mark says was acknowledged.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Self

from rushtrade.journal import layout
from rushtrade.journal.chain import frame_from_row, require_follows
from rushtrade.journal.errors import (
    Fault,
    FrameInvalid,
    JournalClosed,
    JournalCorrupt,
    JournalMissing,
)
from rushtrade.journal.frame import GENESIS_HASH, ORIGIN, Frame, Position
from rushtrade.journal.head import head_from_row
from rushtrade.journal.mark import note_beside
from rushtrade.journal.snapshot import Snapshot
from rushtrade.journal.verify import Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    import apsw

    from rushtrade.journal.head import Head
    from rushtrade.journal.mark import Note
    from rushtrade.journal.report import VerifyReport

_FRAME_COLUMNS = "seq, epoch, format, time_ns, previous_hash, hash, body"
_FRAME = f"SELECT {_FRAME_COLUMNS} FROM frames WHERE seq = ?"  # noqa: S608 - our own constant
_LAST_FRAME = f"SELECT {_FRAME_COLUMNS} FROM frames ORDER BY seq DESC LIMIT 1"  # noqa: S608
_LAST_SEQ = "SELECT seq FROM frames ORDER BY seq DESC LIMIT 1"
_NEXT_SEQ = "SELECT seq FROM frames WHERE seq > ? ORDER BY seq LIMIT 1"
_HEAD = "SELECT version, epoch, cursors, digest FROM head WHERE id = 1"
_SNAPSHOT_COLUMNS = "seq, format, state_hash, digest, body"
_SNAPSHOT = (
    f"SELECT {_SNAPSHOT_COLUMNS} FROM snapshots WHERE format = ? AND seq <= ? "  # noqa: S608
    "ORDER BY seq DESC, id DESC LIMIT 1"
)
_SNAPSHOT_IDS = "SELECT id FROM snapshots ORDER BY id"
_SNAPSHOT_BY_ID = f"SELECT {_SNAPSHOT_COLUMNS} FROM snapshots WHERE id = ?"  # noqa: S608
_STRUCTURE = "PRAGMA quick_check(10)"

Row = tuple[object, ...]


class SqliteReader:
    """A journal, opened for reading only. Threads may share it; they take turns."""

    def __init__(self, path: Path, *, vfs: str | None = None) -> None:
        """Open the journal at `path`; `vfs` names a file system registered with SQLite, for tests of bad disks."""
        if not path.exists():
            raise JournalMissing(f"there is no journal at {path}")
        self._open(path, layout.connect_reader(path, vfs))

    def _open(self, path: Path, db: apsw.Connection) -> None:
        self.path = path
        self._db = db
        self._turn = RLock()  # apsw refuses two threads in one connection instead of making one wait
        self._closed = False

    def last(self) -> Position:
        """Where the journal ends; `ORIGIN` when it has no frames."""
        noted = note_beside(self.path)  # first, because the journal may be growing
        last = self._stored_last()
        _require_reached(noted, last.seq)
        return last

    def _stored_last(self) -> Position:
        row = self._one(_LAST_FRAME, (), "read the last frame")
        return ORIGIN if row is None else self._decoded(row).position

    def frames(self, after_seq: int = 0, upto_seq: int | None = None) -> Iterator[Frame]:
        """Frames `after_seq + 1 … upto_seq` (the last one now, when None), each checked and chained."""
        end = self._end()
        if after_seq > end:
            raise JournalCorrupt(
                end + 1, Fault.TAIL_MISSING, f"frames after {after_seq} were asked for, the last one is {end}"
            )
        stop = end if upto_seq is None else min(upto_seq, end)
        return self._walk(after_seq, stop)

    def _end(self) -> int:
        noted = note_beside(self.path)
        end = self.last_seq()
        _require_reached(noted, end)
        return end

    def _walk(self, after_seq: int, stop: int) -> Iterator[Frame]:
        last = ORIGIN if after_seq == 0 else self.frame(after_seq).position
        for seq in range(after_seq + 1, stop + 1):
            frame = self.frame(seq)
            require_follows(last, frame)
            yield frame
            last = frame.position

    def frame(self, seq: int) -> Frame:
        """Return one frame, checked in itself. Raises JournalCorrupt when it is not there."""
        row = self._one(_FRAME, (seq,), f"read frame {seq}", seq)
        if row is None:
            raise JournalCorrupt(seq, Fault.MISSING, "the frame is not in the journal")
        return frame_from_row(seq, row)

    def last_seq(self) -> int:
        """Return the number of the last frame, without reading its body; 0 when there is none."""
        return self._number(_LAST_SEQ, ())

    def next_seq(self, after_seq: int) -> int:
        """Return the lowest number stored after `after_seq`; 0 when there is none."""
        return self._number(_NEXT_SEQ, (after_seq,))

    def head(self) -> Head:
        """Return epoch and cursors, checked."""
        return head_from_row(self._one(_HEAD, (), "read epoch and cursors"))

    def cursor(self, name: str) -> int:
        """Return the last frame the named reader has finished with; 0 when it never said."""
        return self.head().cursor(name)

    def newest_snapshot(self, format: int, upto_seq: int | None = None) -> Snapshot | None:  # noqa: A002
        """Return the newest snapshot in that format at or before `upto_seq`, checked; None when there is none."""
        end = self.last_seq()
        upto = end if upto_seq is None else min(upto_seq, end)
        row = self._one(_SNAPSHOT, (format, upto), "read a snapshot", upto)
        return None if row is None else self._snapshot_from_row(row)

    def snapshot_ids(self) -> list[object]:
        """Name the snapshots that are kept, oldest first."""
        return [row_id for (row_id,) in self._all(_SNAPSHOT_IDS, (), "list snapshots")]

    def snapshot_by_id(self, row_id: object) -> Snapshot:
        """Return one snapshot, checked."""
        row = self._one(_SNAPSHOT_BY_ID, (row_id,), "read a snapshot")
        if row is None:
            raise JournalCorrupt(0, Fault.SNAPSHOT_DAMAGED, f"snapshot {row_id} is listed and not there")
        return self._snapshot_from_row(row)

    def verify(self, from_seq: int = 1, progress: Callable[[int, int], None] | None = None) -> VerifyReport:
        """Read everything from `from_seq` on and report what is not as it was written, and where."""
        return Verification(self, from_seq, progress).report()

    def structure_faults(self) -> list[str]:
        """Ask SQLite to walk its own file; the faults it names."""
        rows = self._all(_STRUCTURE, (), "walk the file")
        return [str(text) for (text,) in rows if text != "ok"]

    def close(self) -> None:
        """Let go of the files. Safe to repeat."""
        with self._turn:
            self._closed = True
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _decoded(self, row: Row) -> Frame:
        seq = row[0]
        if type(seq) is not int:
            raise JournalCorrupt(0, Fault.STRUCTURE, f"a frame is numbered {seq!r:.80}")
        return frame_from_row(seq, row)

    def _snapshot_from_row(self, row: Row) -> Snapshot:
        seq, format_, state_hash, digest, body = row
        try:
            snapshot = Snapshot(seq=seq, format=format_, state_hash=state_hash, body=body)  # type: ignore[arg-type] # checked there
        except FrameInvalid as error:
            raise JournalCorrupt(0, Fault.SNAPSHOT_DAMAGED, str(error)) from error
        if snapshot.digest(self._frame_hash(snapshot.seq)) != digest:
            raise JournalCorrupt(
                snapshot.seq,
                Fault.SNAPSHOT_DAMAGED,
                f"the snapshot of format {snapshot.format} does not match",
            )
        return snapshot

    def _frame_hash(self, seq: int) -> bytes:
        return GENESIS_HASH if seq == 0 else self.frame(seq).hash

    def _number(self, sql: str, values: tuple[int, ...]) -> int:
        row = self._one(sql, values, "find a frame")
        number = 0 if row is None else row[0]
        if type(number) is not int or number < 0:
            raise JournalCorrupt(0, Fault.STRUCTURE, f"a frame is numbered {number!r:.80}")
        return number

    def _require_open(self) -> None:
        if self._closed:
            raise JournalClosed("the journal was closed")

    def _one(self, sql: str, values: Row, doing: str, seq: int = 0) -> Row | None:
        rows = self._all(sql, values, doing, seq)
        return rows[0] if rows else None

    def _all(self, sql: str, values: Row, doing: str, seq: int = 0) -> list[Row]:
        with self._turn:
            self._require_open()
            with layout.storage_errors(doing, seq):
                return self._db.execute(sql, values).fetchall()


def _require_reached(noted: Note | None, end: int) -> None:
    if noted is not None and noted.seq > end:
        raise JournalCorrupt(
            end + 1,
            Fault.TAIL_MISSING,
            f"frames up to {noted.seq} were acknowledged, the journal ends at {end}",
        )
