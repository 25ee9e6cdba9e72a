"""What is in a journal file: its frames decoded, the entries somebody asks for, and counts of everything.

Reads only, one frame at a time, so that a journal of any length fits; the house may be writing it meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.frame_trail import Trail
from rushtrade.domain.frames import FRAME_FORMAT, Entry, FrameBody, decode_body
from rushtrade.domain.instants import format_instant
from rushtrade.journal.frame import Frame
from rushtrade.journal.reader import SqliteReader

PROGRESS_EVERY = 64
"""Frames between two moves of a progress bar."""


def bodies(reader: SqliteReader, after: int) -> Iterator[tuple[Frame, FrameBody]]:
    """Give every frame behind `after`, decoded."""
    for frame in reader.frames(after):
        yield frame, body_of(frame)


def body_of(frame: Frame) -> FrameBody:
    """Decode a frame of the format this release reads."""
    if frame.format != FRAME_FORMAT:
        raise InvalidInput(
            f"frame {frame.seq} has format {frame.format}; this release reads format {FRAME_FORMAT}"
        )
    return decode_body(frame.body)


class Selection(msgspec.Struct, frozen=True):
    """What `show` was asked for; 0 = any."""

    first: int
    last: int
    order: int
    account: int

    def follows_a_trail(self) -> bool:
        """True when the journal must be read from its first frame to know."""
        return bool(self.order or self.account)


Found = tuple[Frame, FrameBody, int, Entry]


def selected(reader: SqliteReader, wanted: Selection) -> Iterator[Found]:
    """Give the entries somebody asked for, in order, with the frame and number of each."""
    trail = Trail() if wanted.follows_a_trail() else None
    after = 0 if trail is not None else _frame_before(reader, wanted.first)
    for frame, body in bodies(reader, after):
        for seq, entry in enumerate(body.entries, start=body.first_seq):
            if wanted.last and seq > wanted.last:
                return
            if trail is not None:
                orders, accounts = trail.follow(entry)
                if (wanted.order and wanted.order not in orders | {seq}) or (
                    wanted.account and wanted.account not in accounts
                ):
                    continue
            if seq >= wanted.first:
                yield frame, body, seq, entry


def _frame_before(reader: SqliteReader, command_seq: int) -> int:
    """Find the frame behind which a command stands, by halving: frames know the number of their first command."""
    low, high = 0, reader.last().seq
    while low < high:
        middle = (low + high + 1) // 2
        if body_of(reader.frame(middle)).first_seq <= command_seq:
            low = middle
        else:
            high = middle - 1
    return max(low - 1, 0)


class Epoch(msgspec.Struct):
    """The frames one writer wrote."""

    epoch: int
    frames: int
    first_frame: int
    last_frame: int


class Stats(msgspec.Struct):
    """What a journal holds; the object `stats --json` prints."""

    journal: str
    file_bytes: int
    snapshots: list[int]
    """Frames at which a snapshot is kept."""
    frames: int = 0
    commands: int = 0
    events: int = 0
    body_bytes: int = 0
    largest_frame_commands: int = 0
    first_time: str | None = None
    last_time: str | None = None
    epochs: list[Epoch] = []
    by_command: dict[str, int] = {}
    by_event: dict[str, int] = {}

    def add(self, frame: Frame, body: FrameBody) -> None:
        """Take a frame in."""
        self.frames += 1
        self.body_bytes += len(frame.body)
        self.largest_frame_commands = max(self.largest_frame_commands, len(body.entries))
        self.last_time = format_instant(frame.time_ns)
        self.first_time = self.first_time or self.last_time
        if not self.epochs or self.epochs[-1].epoch != frame.epoch:
            self.epochs.append(Epoch(frame.epoch, 0, frame.seq, frame.seq))
        self.epochs[-1].frames += 1
        self.epochs[-1].last_frame = frame.seq


def count(reader: SqliteReader, move: Callable[[int, int], None]) -> Stats:
    """Count everything; `move` is told how far it has come."""
    last = reader.last().seq
    snapshots = [reader.snapshot_by_id(row_id).seq for row_id in reader.snapshot_ids()]
    found = Stats(str(reader.path), _file_bytes(reader.path), snapshots)
    commands: Counter[str] = Counter()
    events: Counter[str] = Counter()
    for frame, body in bodies(reader, 0):
        found.add(frame, body)
        commands.update(type(entry.command).__name__ for entry in body.entries)
        events.update(type(event).__name__ for entry in body.entries for event in entry.events)
        if frame.seq % PROGRESS_EVERY == 0:
            move(frame.seq, last)
    found.commands, found.events = commands.total(), events.total()
    found.by_command, found.by_event = dict(commands.most_common()), dict(events.most_common())
    return found


def _file_bytes(path: Path) -> int:
    """Add up the journal's file and what stands in its log."""
    log = path.with_name(path.name + "-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)
