"""A disk that fails when told: SQLite's own file layer with faults put in between.

`FaultyDisk` lets the n-th write, sync or truncation fail (and all later ones, when `sticky`), with half of the bytes
written when it is a write. `ForgetfulDisk` remembers what was not synced yet, and can lose any part of it. `WatchedDisk` tells which files
have unsynced writes.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from random import Random

import apsw

SECTOR = 512
_names = itertools.count()


class FaultyDisk(apsw.VFS):
    """Counts writes, syncs and truncations; from `fail_at` on (0: never) they fail."""

    def __init__(self, fail_at: int = 0, *, sticky: bool = False) -> None:
        self.name = f"faulty{next(_names)}"
        self.fail_at = fail_at
        self.sticky = sticky
        self.calls = 0
        self.failures = 0
        super().__init__(self.name, "unix")

    def xOpen(self, name, flags):  # noqa: N802
        return _FaultyFile(self, name, flags)

    def fails(self) -> bool:
        self.calls += 1
        due = self.calls == self.fail_at or (self.sticky and 0 < self.fail_at < self.calls)
        self.failures += due
        return due


class _FaultyFile(apsw.VFSFile):
    def __init__(self, disk, name, flags) -> None:
        self._disk = disk
        super().__init__("unix", name, flags)

    def xWrite(self, data, offset) -> None:  # noqa: N802
        if self._disk.fails():
            super().xWrite(data[: len(data) // 2], offset)
            raise apsw.IOError("write failed")
        super().xWrite(data, offset)

    def xSync(self, flags) -> None:  # noqa: N802
        if self._disk.fails():
            raise apsw.IOError("sync failed")
        super().xSync(flags)

    def xTruncate(self, size) -> None:  # noqa: N802
        if self._disk.fails():
            raise apsw.IOError("truncate failed")
        super().xTruncate(size)


class WatchedDisk(apsw.VFS):
    """Knows which files have been written to since their last sync."""

    def __init__(self) -> None:
        self.name = f"watched{next(_names)}"
        self.unsynced: set[str] = set()
        super().__init__(self.name, "unix")

    def xOpen(self, name, flags):  # noqa: N802
        return _WatchedFile(self, name, flags)


class _WatchedFile(apsw.VFSFile):
    def __init__(self, disk, name, flags) -> None:
        self._disk = disk
        self._name = _path(name).name
        super().__init__("unix", name, flags)

    def xWrite(self, data, offset) -> None:  # noqa: N802
        self._disk.unsynced.add(self._name)
        super().xWrite(data, offset)

    def xTruncate(self, size) -> None:  # noqa: N802
        self._disk.unsynced.add(self._name)
        super().xTruncate(size)

    def xSync(self, flags) -> None:  # noqa: N802
        super().xSync(flags)
        self._disk.unsynced.discard(self._name)


class ForgetfulDisk(apsw.VFS):
    """Writes through, and keeps what every file was at its last sync, so that a power failure can be played."""

    def __init__(self, cut_after: int) -> None:
        self.name = f"forgetful{next(_names)}"
        self.files: dict[Path, _ForgetfulFile] = {}
        self.calls = 0
        self.cut_after = cut_after
        self.off = False
        super().__init__(self.name, "unix")

    def xOpen(self, name, flags):  # noqa: N802
        file = _ForgetfulFile(self, name, flags)
        self.files[_path(name)] = file
        return file

    def require_power(self) -> None:
        self.calls += 1
        self.off = self.off or self.calls > self.cut_after
        if self.off:
            raise apsw.IOError("the power is off")

    def xDelete(self, name, sync) -> None:  # noqa: N802
        self.require_power()
        super().xDelete(name, sync)

    def cut_power(self, chance: Random) -> None:
        """Stop taking writes; of those that were not synced, keep any part, torn at sectors, in any order."""
        self.off = True
        for path, file in self.files.items():
            if path.exists():
                path.write_bytes(file.after_power_failure(chance))


class _ForgetfulFile(apsw.VFSFile):
    def __init__(self, disk, name, flags) -> None:
        self._disk = disk
        super().__init__("unix", name, flags)
        self._synced = self._content()
        self._changes: list[tuple[int, bytes] | int] = []

    def _content(self) -> bytearray:
        size = self.xFileSize()
        return bytearray(self.xRead(size, 0)) if size else bytearray()

    def xWrite(self, data, offset) -> None:  # noqa: N802
        self._disk.require_power()
        super().xWrite(data, offset)
        self._changes.append((offset, bytes(data)))

    def xTruncate(self, size) -> None:  # noqa: N802
        self._disk.require_power()
        super().xTruncate(size)
        self._changes.append(size)

    def xSync(self, flags) -> None:  # noqa: N802
        self._disk.require_power()
        super().xSync(flags)
        for change in self._changes:
            _apply(self._synced, change)
        self._changes.clear()

    def after_power_failure(self, chance: Random) -> bytes:
        content = bytearray(self._synced)
        kept = [change for change in self._changes if chance.random() < chance.choice((0, 0.5, 1))]
        for change in kept:
            _apply(content, change if isinstance(change, int) else _torn(change, chance))
        return bytes(content)


def _path(name) -> Path:
    return Path(str(name.filename() if isinstance(name, apsw.URIFilename) else name))


def _apply(content: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        del content[change:]
        return
    offset, data = change
    content.extend(bytes(max(0, offset + len(data) - len(content))))
    content[offset : offset + len(data)] = data


def _torn(change: tuple[int, bytes], chance: Random) -> tuple[int, bytes]:
    offset, data = change
    if chance.random() < 0.5:
        return change
    begin = SECTOR * chance.randrange(0, 1 + len(data) // SECTOR)
    end = begin + SECTOR * chance.randrange(0, 1 + (len(data) - begin) // SECTOR)
    return offset + begin, data[begin:end]
