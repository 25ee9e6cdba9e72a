"""The chain: turn stored rows back into frames, and refuse every row that is not the one that was written.

Reading for use and reading for `verify` go through these two functions, so that there is one idea of "sound".
"""

from __future__ import annotations

from typing import TypeAlias, cast

from rushtrade.journal.errors import Fault, FrameInvalid, JournalCorrupt
from rushtrade.journal.frame import Frame, Position

FrameRow: TypeAlias = tuple[int, int, int, int, bytes, bytes, bytes]
"""As stored: seq, epoch, format, time_ns, previous_hash, hash, body."""


def row_from_frame(frame: Frame) -> FrameRow:
    """Encode for storage."""
    return (
        frame.seq,
        frame.epoch,
        frame.format,
        frame.time_ns,
        frame.previous_hash,
        frame.hash,
        frame.body,
    )


def frame_from_row(seq: int, row: tuple[object, ...]) -> Frame:
    """Decode the row found under `seq`; its stored hash must be the hash of its bytes."""
    stored_seq, epoch, format_, time_ns, previous_hash, stored_hash, body = cast("FrameRow", row)
    try:
        frame = Frame(
            format=format_,
            epoch=epoch,
            seq=stored_seq,
            time_ns=time_ns,
            previous_hash=previous_hash,
            body=body,
        )
    except FrameInvalid as error:
        raise JournalCorrupt(seq, Fault.DAMAGED, str(error)) from error
    if frame.seq != seq:
        raise JournalCorrupt(seq, Fault.DAMAGED, f"the frame stored here says it is {frame.seq}")
    if frame.hash != stored_hash:
        raise JournalCorrupt(seq, Fault.DAMAGED, f"its bytes hash to {frame.hash.hex()}, not as stored")
    return frame


def require_follows(last: Position, frame: Frame) -> None:
    """Refuse a frame that is sound in itself and yet not the one after `last`."""
    if frame.seq != last.seq + 1:
        raise JournalCorrupt(last.seq + 1, Fault.MISSING, f"the frame after {last.seq} is {frame.seq}")
    if frame.previous_hash != last.hash:
        raise JournalCorrupt(
            frame.seq,
            Fault.UNCHAINED,
            f"it follows a frame with hash {frame.previous_hash.hex()}, "
            f"but the one before it has {last.hash.hex()}",
        )
    if frame.epoch < last.epoch:
        raise JournalCorrupt(
            frame.seq, Fault.EPOCH_WENT_BACK, f"epoch {frame.epoch} after epoch {last.epoch}"
        )
    if frame.time_ns < last.time_ns:
        raise JournalCorrupt(
            frame.seq, Fault.TIME_WENT_BACK, f"time {frame.time_ns} after time {last.time_ns}"
        )
