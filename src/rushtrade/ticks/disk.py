"""The few things a tick store asks of a disk, in one place, so that a test can hand in one that fails.

Writing goes through the file, not through a mapping: a full disk is then an error to be answered, and not a signal that ends
the process. Readers map.
"""

from __future__ import annotations

import os
from pathlib import Path

PIECE_BYTES = 1 << 26
"""Bytes written at a time: below what one call may take on any system."""


class Disk:
    """The real one."""

    def write(self, descriptor: int, data: memoryview, offset: int) -> None:
        """Write all of `data` at an offset. Raises OSError; then any part of it may have been written."""
        while len(data):
            written = os.pwrite(descriptor, data[:PIECE_BYTES], offset)
            data, offset = data[written:], offset + written

    def sync(self, descriptor: int) -> None:
        """Come back once everything written to a file is on the disk."""
        os.fdatasync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut a file."""
        os.ftruncate(descriptor, size)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name. Neither its bytes nor the name are durable by that: see `sync_path`."""
        old.replace(new)

    def sync_path(self, path: Path) -> None:
        """Sync a file or a directory by its name."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
