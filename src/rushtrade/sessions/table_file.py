"""The file in which exchanges keep how they are met, read by whoever wants to trade there."""

from __future__ import annotations

from pathlib import Path

from rushtrade.domain.errors import InvalidInput
from rushtrade.wire.errors import MalformedError
from rushtrade.wire.exchange_table import ExchangeTable, read_table

TABLE_BYTES_MAX = 16 << 20
"""Room for every stock there is."""


def read_table_file(path: Path) -> ExchangeTable:
    """Read the table. InvalidInput says what is wrong with the file, and what would pass."""
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= TABLE_BYTES_MAX else b""
    except FileNotFoundError:
        raise InvalidInput(
            f"{path}: there is no such file; `rushtrade exchange up --table {path}` keeps one while exchanges are up"
        ) from None
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror or error}") from None
    if size > TABLE_BYTES_MAX:
        raise InvalidInput(f"{path} has {size:,} bytes; a table of exchanges has at most {TABLE_BYTES_MAX:,}")
    try:
        return read_table(data)
    except MalformedError as error:
        raise InvalidInput(f"{path}: {error}") from None
