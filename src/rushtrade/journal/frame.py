"""The frame: one durable step of the journal, and its place in the chain.

It knows bytes. What a body means, and which `format` it is written in, is the business of whoever seals it.

Theory of operation: constructing a `Frame` *is* hashing it, so a frame whose hash does not belong to its bytes
cannot exist in memory; every frame is hashed exactly once when it is made and once when it is read back. The hash
covers a fixed header (domain tag, format, epoch, seq, time, previous hash, body length) and then the body, so that
no two different frames share an encoding and each one commits to all before it. SHA-256 because anyone can check it
with tools of their own, and because processors have instructions for it.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from typing import Final

from rushtrade.journal.errors import FrameInvalid

HASH_BYTES: Final = 32
GENESIS_HASH: Final = hashlib.sha256(b"rushtrade journal, genesis, layout 1").digest()
"""What the first frame names as the one before it."""

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
"""A frame holds at most 256 commands; one that is larger than this is a bug, not a load."""

MAX_INTEGER: Final = 2**63 - 1
MAX_FORMAT: Final = 2**32 - 1

_HEADER: Final = struct.Struct(">8sIQQQ32sI")
_HEADER_TAG: Final = b"RT-FRAME"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a journal ends: the last frame's epoch, number, hash and time."""

    epoch: int
    seq: int
    hash: bytes
    time_ns: int


ORIGIN: Final = Position(epoch=0, seq=0, hash=GENESIS_HASH, time_ns=0)
"""Where a journal without frames ends."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One durable step: `seq` counts from 1, `time_ns` is UTC since the Unix epoch, `hash` is computed, never given."""

    format: int
    epoch: int
    seq: int
    time_ns: int
    previous_hash: bytes = field(repr=False)
    body: bytes = field(repr=False)
    hash: bytes = field(init=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be stored, then seal."""
        require_integer("format", self.format, least=0, most=MAX_FORMAT)
        require_integer("epoch", self.epoch, least=1)
        require_integer("seq", self.seq, least=1)
        require_integer("time_ns", self.time_ns, least=0)
        require_hash("previous_hash", self.previous_hash)
        require_body("body", self.body, MAX_BODY_BYTES)
        object.__setattr__(self, "hash", self._seal())

    def _seal(self) -> bytes:
        header = _HEADER.pack(
            _HEADER_TAG,
            self.format,
            self.epoch,
            self.seq,
            self.time_ns,
            self.previous_hash,
            len(self.body),
        )
        digest = hashlib.sha256(header)
        digest.update(self.body)
        return digest.digest()

    @classmethod
    def after(cls, last: Position, *, format: int, epoch: int, time_ns: int, body: bytes) -> Frame:  # noqa: A002 - the trade's word
        """Make the frame that follows `last`."""
        return cls(
            format=format,
            epoch=epoch,
            seq=last.seq + 1,
            time_ns=time_ns,
            previous_hash=last.hash,
            body=body,
        )

    @property
    def position(self) -> Position:
        """Where a journal ends that ends with this frame."""
        return Position(epoch=self.epoch, seq=self.seq, hash=self.hash, time_ns=self.time_ns)


def require_integer(name: str, value: object, *, least: int, most: int = MAX_INTEGER) -> None:
    """Refuse anything but an int in range (a bool is no number here)."""
    if type(value) is not int:
        raise FrameInvalid(f"{name} must be an int, not {type(value).__name__}")
    if not least <= value <= most:
        raise FrameInvalid(f"{name} is {value}; it must lie between {least} and {most}")


def require_hash(name: str, value: object) -> None:
    """Refuse anything but 32 bytes."""
    if type(value) is not bytes or len(value) != HASH_BYTES:
        raise FrameInvalid(f"{name} must be {HASH_BYTES} bytes, not {value!r:.80}")


def require_body(name: str, value: object, most: int) -> None:
    """Refuse anything but bytes of bounded length."""
    if type(value) is not bytes:
        raise FrameInvalid(f"{name} must be bytes, not {type(value).__name__}")
    if len(value) > most:
        raise FrameInvalid(f"{name} has {len(value)} bytes; at most {most} are taken")
