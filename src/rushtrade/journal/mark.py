"""The mark: a few bytes beside the journal that say who writes it and how far it was acknowledged.

Theory of operation. A write-ahead log has one blind spot: when bytes in it go bad after they were synced, recovery
takes them for a torn end and quietly drops everything from there on; likewise when the log file is deleted, or an old
copy of the database is put in its place. What is left is shorter and perfectly sound. So after every commit, and
before it is acknowledged, the writer notes number and hash of the last frame here. On the next start the journal must
still hold that frame, or it refuses to open.

The note is memory-mapped: a store into the page cache costs no system call (and no wait for the interpreter's lock)
and survives kill -9 at any instruction. It is synced now and then, so that after a power failure it may be older than
the journal, which is harmless, but never newer. Two slots are written in turn, each with its own checksum: a store
that was cut in the middle leaves the one before it.

The file also carries the writer's lock (flock: the kernel releases it when the process dies, however it dies).
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rushtrade.journal.errors import JournalLocked

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX: Final = ".mark"

_BLOCK: Final = 4096  # the owner and each slot in a block of its own, so that no write touches two of them
_FILE_BYTES: Final = 3 * _BLOCK
_SLOT_STARTS: Final = (_BLOCK, 2 * _BLOCK)
_OWNER: Final = struct.Struct(">Q")
_SLOT: Final = struct.Struct(">8sQQ32sQQ32s")
_SLOT_TAG: Final = b"RT-MARK1"
_CHECKSUM: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Note:
    """What was acknowledged: the last frame, the granted epoch, and the head. `count` orders notes."""

    count: int
    seq: int
    frame_hash: bytes
    epoch: int
    head_version: int
    head_digest: bytes


class Mark:
    """The writer's side: holds the lock, takes the notes."""

    def __init__(self, journal: Path) -> None:
        """Lock the journal for writing. Raises JournalLocked when another writer holds it."""
        self._fd = os.open(path_of(journal), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            self._lock(journal)
            if os.fstat(self._fd).st_size != _FILE_BYTES:
                os.ftruncate(self._fd, 0)
                os.pwrite(self._fd, bytes(_FILE_BYTES), 0)
                os.fsync(self._fd)
                _sync_directory(journal.parent)
            self._map = mmap.mmap(self._fd, _FILE_BYTES)
        except BaseException:
            os.close(self._fd)
            raise
        self.found = _newest_note(self._map[:])
        self._count = self.found.count if self.found else 0
        _OWNER.pack_into(self._map, 0, os.getpid())

    def _lock(self, journal: Path) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(self._fd, _OWNER.size, 0)
            who = f"process {_OWNER.unpack(owner)[0]}" if len(owner) == _OWNER.size else "another process"
            raise JournalLocked(
                f"{journal} is being written by {who}; a journal has one writer: stop that one first"
            ) from error

    def note(self, seq: int, frame_hash: bytes, epoch: int, head_version: int, head_digest: bytes) -> None:
        """Say what is durable. Nothing may be acknowledged before this returns."""
        self._count += 1
        slot = _SLOT.pack(_SLOT_TAG, self._count, seq, frame_hash, epoch, head_version, head_digest)
        start = _SLOT_STARTS[self._count % 2]
        self._map[start : start + _SLOT.size + _CHECKSUM.size] = slot + _CHECKSUM.pack(zlib.crc32(slot))

    def sync(self) -> None:
        """Bring the notes to disk."""
        self._map.flush()

    def close(self) -> None:
        """Release the lock; the notes stay."""
        self._map.close()
        os.close(self._fd)


def path_of(journal: Path) -> Path:
    """Where a journal's mark lies."""
    return journal.with_name(journal.name + SUFFIX)


def note_beside(journal: Path) -> Note | None:
    """Read the newest whole note without locking; None when there is no mark, or nothing whole in it."""
    try:
        content = path_of(journal).read_bytes()
    except FileNotFoundError:
        return None
    return _newest_note(content)


def _newest_note(content: bytes) -> Note | None:
    if len(content) != _FILE_BYTES:
        return None
    whole = [note for start in _SLOT_STARTS if (note := _note_at(content, start)) is not None]
    return max(whole, key=lambda note: note.count, default=None)


def _note_at(content: bytes, start: int) -> Note | None:
    slot = content[start : start + _SLOT.size]
    (checksum,) = _CHECKSUM.unpack_from(content, start + _SLOT.size)
    tag, count, seq, frame_hash, epoch, head_version, head_digest = _SLOT.unpack(slot)
    if tag != _SLOT_TAG or checksum != zlib.crc32(slot):
        return None
    return Note(count, seq, frame_hash, epoch, head_version, head_digest)


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
