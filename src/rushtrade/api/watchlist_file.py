"""Watchlists as they are kept: they move nothing, so they are in no journal.

All lists are in one small file beside the house's others, read once, written whole on every change and moved over the former one;
without a file they live as long as the process.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

LISTS_MAX: Final = 200
"""Watchlists of one account."""
SYMBOLS_MAX: Final = 500
"""Stocks of one list."""
NAME_MAX: Final = 64


class Watchlist(msgspec.Struct):
    """One list. Stocks are kept by their instrument ids: a symbol may change."""

    number: int
    account_id: int
    name: str
    created_ns: int
    updated_ns: int
    instruments: list[int]


class _Contents(msgspec.Struct):
    version: int = 1
    next_number: int = 1
    lists: list[Watchlist] = []


class Watchlists:
    """All accounts' lists, kept in a file if there is one."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._contents = _Contents(lists=[])
        if path is not None and path.exists():
            self._contents = msgspec.json.decode(path.read_bytes(), type=_Contents)

    def of(self, account_id: int) -> list[Watchlist]:
        """An account's lists, oldest first."""
        return [each for each in self._contents.lists if each.account_id == account_id]

    def add(self, account_id: int, name: str, instruments: list[int], now_ns: int) -> Watchlist:
        """Make a list."""
        made = Watchlist(self._contents.next_number, account_id, name, now_ns, now_ns, instruments)
        self._contents.next_number += 1
        self._contents.lists.append(made)
        self._write()
        return made

    def change(self, found: Watchlist, now_ns: int) -> None:
        """Keep a list that was changed."""
        found.updated_ns = now_ns
        self._write()

    def drop(self, found: Watchlist) -> None:
        """Forget a list."""
        self._contents.lists.remove(found)
        self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        beside = self._path.with_name(self._path.name + ".new")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(self._contents))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
