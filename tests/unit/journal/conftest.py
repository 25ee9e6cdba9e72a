"""A journal in a fresh folder, and a short way to make frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rushtrade.journal import Frame, SqliteJournal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    with SqliteJournal(path) as opened:
        opened.new_epoch()
        yield opened


class Writing:
    """Appends bodies, and remembers the frames."""

    def __init__(self, journal: SqliteJournal) -> None:
        self.journal = journal
        self.frames: list[Frame] = []

    def next(self, body: bytes = b"", *, format_: int = 1, time_ns: int | None = None) -> Frame:
        last = self.journal.last()
        time = last.time_ns + 1_000 if time_ns is None else time_ns
        return Frame.after(last, format=format_, epoch=self.journal.epoch, time_ns=time, body=body)

    def append(self, *bodies: bytes) -> None:
        for body in bodies:
            frame = self.next(body)
            self.journal.append(frame)
            self.frames.append(frame)


@pytest.fixture
def writing(journal: SqliteJournal) -> Writing:
    return Writing(journal)
