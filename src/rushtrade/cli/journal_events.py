"""A house's journal as its readers want it: frames in order, read for their events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rushtrade.app.data_directory import JOURNAL_FILE, data_directory
from rushtrade.backoffice.folding import EventFrame, decode_events
from rushtrade.domain.errors import RushTradeError
from rushtrade.domain.frames import FRAME_FORMAT
from rushtrade.journal.reader import SqliteReader


@contextmanager
def open_events(data: Path | None) -> Iterator[Iterator[EventFrame]]:
    """Open a house's journal and give its frames, read for their events."""
    with SqliteReader(data_directory(data) / JOURNAL_FILE) as reader:
        yield _events(reader)


def events_after(directory: Path, frame_seq: int) -> Iterator[tuple[int, EventFrame]]:
    """Give the frames behind a number, each with its own, as far as the journal goes now."""
    with SqliteReader(directory / JOURNAL_FILE) as reader:
        for frame in reader.frames(frame_seq):
            yield frame.seq, decode_events(frame.body)


def _events(reader: SqliteReader) -> Iterator[EventFrame]:
    for frame in reader.frames():
        if frame.format != FRAME_FORMAT:
            raise RushTradeError(
                f"frame {frame.seq} has format {frame.format}; this release reads {FRAME_FORMAT}"
            )
        yield decode_events(frame.body)
