"""From the journal back to the state: restore at start, and verify that the same commands still give the same events."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from rushtrade.core.apply import applications
from rushtrade.core.decide_reports import NUMBERED_REPORTS
from rushtrade.core.sequencer import count_report, execute
from rushtrade.core.snapshot import SNAPSHOT_FORMAT, decode_state, encode_state, hash_of
from rushtrade.core.state import HouseState
from rushtrade.domain import events as ev
from rushtrade.domain.errors import RushTradeError
from rushtrade.domain.frames import FRAME_FORMAT, FrameBody, decode_body
from rushtrade.journal.frame import Frame
from rushtrade.journal.port import Journal, JournalReader
from rushtrade.journal.snapshot import Snapshot

Progress = Callable[[int, int], None]
"""Called with (frame, last frame)."""


class ReplayDiffers(RushTradeError):  # noqa: N818
    """The same commands gave other events than the journal holds. The message names the first that differs."""


class Verification(msgspec.Struct, frozen=True):
    """What a verification found: how much was re-run, and the hash of the state it ended in."""

    frames: int
    commands: int
    events: int
    state_hash: str
    reworded: int = 0
    """Events that say the same in other words: sentences for people may be bettered from release to release."""


def read_body(frame: Frame) -> FrameBody:
    """Decode a frame of a known format."""
    if frame.format != FRAME_FORMAT:
        raise RushTradeError(
            f"frame {frame.seq} has format {frame.format}; this release reads format {FRAME_FORMAT}"
        )
    return decode_body(frame.body)


def restore(journal: JournalReader, progress: Progress | None = None) -> tuple[HouseState, int]:
    """Give the state at the journal's end and the seq of the next command: newest snapshot plus later events."""
    last = journal.last().seq
    snapshot = journal.newest_snapshot(SNAPSHOT_FORMAT)
    state, next_seq, after = HouseState(), 1, 0
    if snapshot is not None:
        state, next_seq = decode_state(snapshot.body)
        after = snapshot.seq
    apply = applications(state)
    for frame in journal.frames(after):
        body = read_body(frame)
        state.now_ns = state.risk.now_ns = body.time_ns
        for entry in body.entries:
            for event in entry.events:
                apply[type(event)](event)
            if isinstance(entry.command, NUMBERED_REPORTS):
                count_report(state, entry.command)
        next_seq = body.first_seq + len(body.entries)
        if progress is not None:
            progress(frame.seq, last)
    return state, next_seq


def take_snapshot(journal: Journal, state: HouseState, next_seq: int) -> bytes:
    """Keep the state at the journal's end; give its hash. Nothing may be waiting for a commit."""
    body = encode_state(state, next_seq)
    digest = hash_of(body)
    journal.write_snapshot(Snapshot(journal.last().seq, SNAPSHOT_FORMAT, digest, body))
    return digest


def verify(journal: JournalReader, progress: Progress | None = None) -> Verification:
    """Re-run every command from the first and compare events byte for byte, all but the wording of their sentences."""
    state = HouseState()
    apply = applications(state)
    frames = commands = events = reworded = 0
    next_seq = 1
    last = journal.last().seq
    for frame in journal.frames():
        body = read_body(frame)
        state.now_ns = state.risk.now_ns = body.time_ns
        for place, entry in enumerate(body.entries):
            seq = body.first_seq + place
            again = execute(state, apply, entry.command, seq)
            if _encode(again) != _encode(entry.events):
                reworded += _compare(f"frame {frame.seq}, command {seq}", entry.events, again)
            events += len(again)
        frames += 1
        commands += len(body.entries)
        next_seq = body.first_seq + len(body.entries)
        if progress is not None:
            progress(frame.seq, last)
    return Verification(frames, commands, events, hash_of(encode_state(state, next_seq)).hex(), reworded)


_encode = msgspec.msgpack.encode
_SENTENCES: dict[type[ev.Event], str] = {
    ev.OrderRejected: "text",
    ev.CommandRefused: "text",
    ev.AnomalyRecorded: "text",
    ev.OrderCanceled: "reason",
    ev.ChildEnded: "reason",
    ev.CancelRefused: "reason",
    ev.ReplaceAbandoned: "reason",
    ev.VenueHealthChanged: "reason",
}
"""Fields that are written for people and decide nothing."""


def _compare(where: str, journaled: list[ev.AnyEvent], again: list[ev.AnyEvent]) -> int:
    """Give how many events say the same in other words; raise at the first that says something else."""
    reworded = 0
    for place, (old, new) in enumerate(zip(journaled, again, strict=False)):
        if _encode(old) == _encode(new):
            continue
        if _encode(_wordless(old)) != _encode(_wordless(new)):
            raise ReplayDiffers(
                f"{where}, event {place}: the journal holds {old!r}, re-running gives {new!r}"
            )
        reworded += 1
    if len(journaled) != len(again):
        raise ReplayDiffers(
            f"{where}: the journal holds {len(journaled)} events, re-running gives {len(again)}"
        )
    return reworded


def _wordless(event: ev.AnyEvent) -> ev.AnyEvent:
    """Take an event's sentence away."""
    field = _SENTENCES.get(type(event))
    return event if field is None else msgspec.structs.replace(event, **{field: ""})
