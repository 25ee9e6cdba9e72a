"""Where a recorded flow's bytes come from: an ITCH 5.0 file, plain or gzip, read piece by piece.

The file is walked once before the day begins, so that a truncated, corrupt or foreign file is refused with the place of
the fault before anybody trades on it, and so that first and last time and the stocks are known. Refuses to know venues.
"""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from rushtrade.domain.errors import RushTradeError
from rushtrade.domain.instants import DAY, HOUR
from rushtrade.marketplace.flow_kernel import survey
from rushtrade.wire.compiled import address_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

PIECE_BYTES: Final = 4 << 20
"""Bytes handed to a kernel at a time: few calls, and still nothing beside the books."""
DIRECTORY_MAX: Final = 65_535
END_OF_SESSION: Final = b"\0\0"
GZIP_MAGIC: Final = b"\x1f\x8b"


class FlowFileError(RushTradeError):
    """A file of recorded flow cannot be used; the message says which, where, and what would pass."""


class FlowSource(Protocol):
    """What a flow needs of the one who makes its bytes."""

    @property
    def label(self) -> str:
        """What screens say of it."""

    @property
    def simulated(self) -> bool:
        """True when no market ever saw these orders."""

    @property
    def directory(self) -> dict[int, str]:
        """The stocks by recorded locate."""

    @property
    def messages(self) -> int | None:
        """How many there are; None without end."""

    @property
    def first_time(self) -> int:
        """Nanoseconds since midnight of the first message."""

    @property
    def last_time(self) -> int | None:
        """Nanoseconds since midnight of the last message; None without end."""

    def read(self) -> bytes:
        """Give the next piece of length-prefixed ITCH 5.0, not cut at message ends; empty at the end."""


class ItchFile:
    """A file of length-prefixed ITCH 5.0 messages; prefixes that were never filled in (0) are tolerated."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._summary = np.zeros(5, dtype=np.int64)
        self._entries = np.zeros((DIRECTORY_MAX, 2), dtype=np.int64)
        self._survey()
        self._pieces = self._read_all()

    @property
    def label(self) -> str:
        """The file's name."""
        return self.path.name.encode(errors="backslashreplace").decode()

    @property
    def simulated(self) -> bool:
        """A recorded file is not."""
        return False

    @property
    def directory(self) -> dict[int, str]:
        """The stocks by recorded locate."""
        rows = self._entries[: int(self._summary[4])]
        return {
            int(locate): int(word).to_bytes(8, "little", signed=True).decode("latin-1").rstrip()
            for locate, word in rows
        }

    @property
    def messages(self) -> int:
        """How many there are."""
        return int(self._summary[0])

    @property
    def first_time(self) -> int:
        """Nanoseconds since midnight of the first message."""
        return int(self._summary[1])

    @property
    def last_time(self) -> int:
        """Nanoseconds since midnight of the latest message."""
        return int(self._summary[2])

    def read(self) -> bytes:
        """Give the next piece; empty at the end."""
        return next(self._pieces, b"")

    def _survey(self) -> None:
        """Walk the whole file; FlowFileError for anything but whole messages to its end."""
        held, offset = b"", 0
        for piece in self._read_all():
            data = held + piece
            done = self._walk(data)
            if self._summary[3]:
                raise self._fault(offset + done, data[done : done + 3])
            held, offset = data[done:], offset + done
        if held not in (b"", END_OF_SESSION):
            raise FlowFileError(
                f"{self.path}: the file ends inside a message at byte {offset:,} ({len(held)} bytes of it are there)"
            )
        if not self.messages:
            raise FlowFileError(f"{self.path}: the file holds no message; a flow needs at least one")
        if not self.directory:
            raise FlowFileError(
                f"{self.path}: the file names no stock; it needs stock directory messages (R)"
            )
        if self.last_time >= DAY:
            raise FlowFileError(
                f"{self.path}: a message says it is {self.last_time / HOUR:.1f} hours past midnight; a day has 24 hours"
            )

    def _walk(self, data: bytes) -> int:
        array = np.frombuffer(data, dtype=np.uint8)
        begin = address_of(array)
        end = begin + len(data)
        return (
            survey(0, begin, end, address_of(self._summary), address_of(self._entries), DIRECTORY_MAX) - begin
        )

    def _fault(self, offset: int, there: bytes) -> FlowFileError:
        prefix = int.from_bytes(there[:2], "big")
        letter = there[2:3].decode("latin-1")
        return FlowFileError(
            f"{self.path}: byte {offset:,} says a message {letter!r} of {prefix} bytes follows, which is not ITCH 5.0"
            " (each message behind its length in two big-endian bytes)"
        )

    def _read_all(self) -> Iterator[bytes]:
        """Read the file in pieces; FlowFileError when it cannot be opened or unpacked."""
        try:
            with self.path.open("rb") as raw:
                zipped = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
                raw.seek(0)
                stream: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=raw) if zipped else raw
                while piece := stream.read(PIECE_BYTES):
                    yield piece
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise FlowFileError(
                f"{self.path}: the compressed data are damaged or cut off: {error}"
            ) from error
        except OSError as error:
            raise FlowFileError(f"{self.path}: cannot be read: {error.strerror or error}") from error
