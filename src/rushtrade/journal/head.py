"""The head: the two small facts a journal keeps beside its frames, the granted epoch and the readers' cursors.

Both live in one row that exists from the journal's birth and carries its own digest and a version that only grows:
a flipped bit, a lost row and an old copy of the page are all noticed (the last one against the mark, see `mark`).
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import Final

from rushtrade.journal.errors import CursorRefused, Fault, FrameInvalid, JournalCorrupt

MAX_CURSORS: Final = 64
"""Readers of a house are known by name; more than this is a leak of names."""

_CURSOR_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

HeadRow = tuple[int, int, bytes, bytes]
"""As stored: version, epoch, cursors, digest."""


@dataclass(frozen=True, slots=True)
class Head:
    """The granted epoch (0: none yet) and each named reader's last finished frame."""

    version: int
    epoch: int
    cursors: tuple[tuple[str, int], ...]

    def cursor(self, name: str) -> int:
        """Return the named reader's last finished frame; 0 when it never said."""
        require_cursor_name(name)
        return dict(self.cursors).get(name, 0)

    def with_cursor(self, name: str, seq: int, last_seq: int) -> Head:
        """Move one cursor forward."""
        now = self.cursor(name)
        if seq < now:
            raise CursorRefused(f"cursor {name} stands at {now}; it cannot go back to {seq}")
        if seq > last_seq:
            raise CursorRefused(f"cursor {name} cannot move to {seq}: the journal ends at {last_seq}")
        moved = {**dict(self.cursors), name: seq}
        if len(moved) > MAX_CURSORS:
            raise CursorRefused(f"cursor {name} would be one more than the {MAX_CURSORS} a journal keeps")
        return replace(self, version=self.version + 1, cursors=tuple(sorted(moved.items())))

    def with_next_epoch(self, *, above: int = 0) -> Head:
        """Grant an epoch that was never used, nor granted in a history that was lost (`above`)."""
        return replace(self, version=self.version + 1, epoch=max(self.epoch, above) + 1)

    def row(self) -> HeadRow:
        """Encode for storage."""
        cursors = json.dumps(dict(self.cursors), sort_keys=True, separators=(",", ":")).encode()
        return self.version, self.epoch, cursors, _digest(self.version, self.epoch, cursors)


FIRST_HEAD: Final = Head(version=0, epoch=0, cursors=())


def head_from_row(row: tuple[object, ...] | None) -> Head:
    """Decode and check a stored head."""
    if row is None:
        raise JournalCorrupt(0, Fault.HEAD_DAMAGED, "the row with epoch and cursors is missing")
    version, epoch, cursors, digest = row
    if not (type(version) is int and type(epoch) is int and type(cursors) is bytes):
        raise JournalCorrupt(0, Fault.HEAD_DAMAGED, "epoch and cursors have the wrong types")
    if digest != _digest(version, epoch, cursors):
        raise JournalCorrupt(0, Fault.HEAD_DAMAGED, "the digest of epoch and cursors does not match")
    return Head(version=version, epoch=epoch, cursors=tuple(json.loads(cursors).items()))


def require_cursor_name(name: str) -> None:
    """Refuse a name that could not be typed or printed."""
    if _CURSOR_NAME.fullmatch(name) is None:
        raise FrameInvalid(
            f"cursor name {name!r:.80} will not do: 1 to 64 of a-z, 0-9, dot, dash and underscore, "
            "beginning with a letter or digit"
        )


def _digest(version: int, epoch: int, cursors: bytes) -> bytes:
    return hashlib.sha256(f"RT-HEAD {version} {epoch} ".encode() + cursors).digest()
