"""A snapshot: the state after frame `seq`, so that a start need not read the journal from its first frame.

It can always be rebuilt from the frames, so it is a shortcut, never the truth. Its digest covers the hash of the
frame it stands at: a snapshot of another journal, or of a history that was cut off, does not pass for one of this.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from typing import Final

from rushtrade.journal.frame import MAX_FORMAT, require_body, require_hash, require_integer

MAX_SNAPSHOT_BYTES: Final = 512 * 1024 * 1024
"""Half of what SQLite stores in one value; a state that is larger must be cut in parts by its owner."""

SNAPSHOTS_KEPT: Final = 3
"""Per format: one to start from, one to fall back to, one for the release before."""

_HEADER: Final = struct.Struct(">8sQI32s32sI")
_HEADER_TAG: Final = b"RT-SNAPS"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after frame `seq`: its encoding's number, the owner's hash of it, and the bytes."""

    seq: int
    format: int
    state_hash: bytes
    body: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be stored."""
        require_integer("seq", self.seq, least=0)
        require_integer("format", self.format, least=0, most=MAX_FORMAT)
        require_hash("state_hash", self.state_hash)
        require_body("body", self.body, MAX_SNAPSHOT_BYTES)

    def digest(self, frame_hash: bytes) -> bytes:
        """Bind the snapshot to the frame it stands at."""
        header = _HEADER.pack(_HEADER_TAG, self.seq, self.format, self.state_hash, frame_hash, len(self.body))
        digest = hashlib.sha256(header)
        digest.update(self.body)
        return digest.digest()
