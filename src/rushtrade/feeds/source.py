"""Bytes of a file, unpacked if need be, in pieces: gzip and zstd are recognised by the first bytes, not by the name.

A compressed file that is cut or corrupt gives what could be unpacked before that place; `fault` then says where it is.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Self

import pyarrow as pa

from rushtrade.wire.errors import WireError

PIECE_BYTES = 1 << 24
"""Bytes unpacked at a time: a second of decoding, and what is in memory of a file of any size."""
STEP_BYTES = 1 << 16
"""Bytes asked of a decompressor at a time: what is lost, at most, before the place where a file is corrupt."""

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class Source:
    """A file read forward once. Use as a context manager."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.fault = ""
        """Why the bytes ended early; empty when they did not."""
        self.bytes_read = 0
        try:
            self._raw: IO[bytes] = self.path.open("rb")
            magic = self._raw.read(4)
            self._raw.seek(0)
        except OSError as error:
            raise WireError(f"cannot read {self.path}: {error.strerror or error}") from None
        self._stream: Any = self._raw
        if magic[:2] == GZIP:
            self._stream = gzip.GzipFile(fileobj=self._raw)
        elif magic == ZSTD:
            self._stream = pa.CompressedInputStream(pa.PythonFile(self._raw, "r"), "zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    @property
    def position(self) -> int:
        """Bytes of the file itself read so far."""
        return self._raw.tell()

    def pieces(self, size: int = PIECE_BYTES) -> Iterator[bytes]:
        """Give the bytes in pieces of `size`; the last may be shorter."""
        while not self.fault:
            piece = self._piece(size)
            if not piece:
                return
            self.bytes_read += len(piece)
            yield piece

    def _piece(self, size: int) -> bytes:
        parts: list[bytes] = []
        total = 0
        try:
            while total < size and (part := self._stream.read(min(STEP_BYTES, size - total))):
                parts.append(bytes(part))
                total += len(part)
        except (EOFError, zlib.error, OSError) as error:
            cut = isinstance(error, EOFError) or "truncated" in str(error).lower()
            what = "is cut short" if cut else "is corrupt"
            self.fault = f"the compressed data {what} after byte {self.bytes_read + total:,}"
        return b"".join(parts)
