"""A journal in memory: the port's promises without a disk, and a disk that fails when it is told to."""

from __future__ import annotations

from collections.abc import Iterator

from rushtrade.journal.frame import ORIGIN, Frame, Position
from rushtrade.journal.snapshot import Snapshot


class DiskFailed(Exception):  # noqa: N818 - reads as the statement it makes
    """What a journal raises whose disk has failed."""


class MemoryJournal:
    """Frames and snapshots of one house. `failing` makes the next append fail, with nothing written."""

    def __init__(self) -> None:
        self.epoch = 1
        self.failing = False
        self._frames: list[Frame] = []
        self._snapshots: list[Snapshot] = []

    def new_epoch(self) -> int:
        self.epoch += 1
        return self.epoch

    def last(self) -> Position:
        return self._frames[-1].position if self._frames else ORIGIN

    def append(self, frame: Frame) -> None:
        if self.failing:
            raise DiskFailed("the disk has failed")
        last = self.last()
        assert (frame.seq, frame.previous_hash) == (last.seq + 1, last.hash), "frames follow each other"
        assert frame.time_ns >= last.time_ns, "time never goes back"
        self._frames.append(frame)

    def frames(self, after_seq: int = 0, upto_seq: int | None = None) -> Iterator[Frame]:
        yield from self._frames[after_seq:upto_seq]

    def write_snapshot(self, snapshot: Snapshot) -> None:
        assert snapshot.seq == self.last().seq
        self._snapshots.append(snapshot)

    def newest_snapshot(self, format: int, upto_seq: int | None = None) -> Snapshot | None:  # noqa: A002 - the port's word
        for snapshot in reversed(self._snapshots):
            if snapshot.format == format and (upto_seq is None or snapshot.seq <= upto_seq):
                return snapshot
        return None

    def without_snapshots(self) -> MemoryJournal:
        """The same frames, to be folded from the first."""
        bare = MemoryJournal()
        bare.epoch, bare._frames = self.epoch, self._frames
        return bare
