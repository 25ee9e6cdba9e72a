"""An ITCH 5.0 file, plain or gzipped, read in buffers of whole messages.

The one place of this room that touches a file: it is handed a path, reads forward once in bounded memory, and says
plainly what is wrong with the file and where. Whether a file is compressed is seen from its first bytes, not its name.

Every fault is an `ItchFileError`; the messages before it were handed out.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

import numpy as np
import numpy.typing as npt

from rushtrade.domain.errors import InvalidInput
from rushtrade.wire.itch50_columns import count_types, fault
from rushtrade.wire.itch50_kernel import DONE, END_OF_SESSION, PARTIAL

BUFFER_BYTES = 1 << 22
"""Bytes of messages in memory at a time; some 130,000 messages, small enough for the processor's cache to help."""

PIECE_BYTES = 1 << 16
"""Bytes decompressed at a time: what is lost, at most, before the place where compressed data is corrupt."""

_GZIP_MAGIC = b"\x1f\x8b"


class ItchFileError(InvalidInput):
    """An ITCH file cannot be read: missing, empty, truncated, corrupt, or something else altogether."""


class ItchFile:
    """A file of length-prefixed ITCH 5.0 messages. Use as a context manager; iterate `buffers` once."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.bytes_read = 0
        """Bytes of decompressed stream handed out so far."""
        try:
            self._raw: IO[bytes] = self.path.open("rb")
            self.size = self.path.stat().st_size
            compressed = self._raw.read(2) == _GZIP_MAGIC
            self._raw.seek(0)
        except OSError as error:
            raise ItchFileError(f"cannot read {self.path}: {error.strerror or error}") from None
        self._fault: ItchFileError | None = None
        self._stream: gzip.GzipFile | IO[bytes] = (
            gzip.GzipFile(fileobj=self._raw) if compressed else self._raw
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        self._raw.close()

    @property
    def progress(self) -> int:
        """Bytes of the file itself read so far, of `size`."""
        return self.size if self._raw.closed else self._raw.tell()

    def buffers(self) -> Iterator[npt.NDArray[np.uint8]]:
        """Give buffers of whole framed messages, each valid until the next is asked for."""
        memory = np.zeros(BUFFER_BYTES, np.uint8)
        held = 0
        while True:
            got = self._fill(memory, held)
            filled = held + got
            data = memory[:filled]
            _, whole, _, reason = count_types(data)
            if whole:
                yield data[:whole]
            if got == 0 or self._fault or reason not in (DONE, PARTIAL, END_OF_SESSION):
                self._check_end(data, whole, reason)
                return
            self.bytes_read += whole
            held = filled - whole
            memory[:held] = data[whole:].copy()

    def _fill(self, memory: npt.NDArray[np.uint8], held: int) -> int:
        """Read behind what is held until the memory is full or there is no more, for good or bad reasons."""
        view = memory.data[held:]
        total = 0
        try:
            while piece := self._stream.read(min(len(view) - total, PIECE_BYTES)):
                view[total : total + len(piece)] = piece
                total += len(piece)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            what = "is cut short" if isinstance(error, EOFError) else "is corrupt"
            where = self.bytes_read + held + total
            self._fault = ItchFileError(
                f"{self.path}: the gzip data {what}, near byte {where:,} of the messages"
            )
        except OSError as error:
            self._fault = ItchFileError(f"cannot read {self.path}: {error.strerror or error}")
        return total

    def _check_end(self, data: npt.NDArray[np.uint8], whole: int, reason: int) -> None:
        """Say what is wrong with a stream that ended, or stopped making sense, at `whole`."""
        if self._fault and reason in (DONE, PARTIAL, END_OF_SESSION):
            raise self._fault
        if self.bytes_read + len(data) == 0:
            raise ItchFileError(f"{self.path} is empty: an ITCH 5.0 file has at least one message")
        if reason not in (DONE, END_OF_SESSION):
            raise ItchFileError(f"{self.path}: {fault(reason, whole, data, self.bytes_read)}")
