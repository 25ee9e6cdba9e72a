"""What of a FIX session outlives its connections: numbers in both directions, and messages that may be asked for again.

`FixStore` is the port; `MemoryStore` keeps it as long as its owner lives. Instants of FIX are read and written here, for a kept message names the time it was sent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final, Protocol

from rushtrade.wire.fix42 import Field

SECONDS: Final = 1_000_000_000


class FixStore(Protocol):
    """Numbers and sent messages of one pair of CompIDs."""

    next_in: int
    next_out: int

    def keep(self, number: int, kind: str, fields: tuple[Field, ...], sent: str) -> None:
        """Keep a message of the application that was sent, for when it is asked for again."""

    def kept(self, number: int) -> tuple[str, tuple[Field, ...], str] | None:
        """Give a message that was kept: type, fields behind the header, time it was sent."""

    def reset(self) -> None:
        """Begin both directions at 1 again; nothing is kept."""


class MemoryStore:
    """A store that lives as long as its owner; the oldest messages go when there are too many."""

    KEPT_MAX: Final = 1 << 18

    def __init__(self) -> None:
        self.next_in = self.next_out = 1
        self._kept: dict[int, tuple[str, tuple[Field, ...], str]] = {}

    def keep(self, number: int, kind: str, fields: tuple[Field, ...], sent: str) -> None:
        """Keep a message."""
        if len(self._kept) >= self.KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[number] = (kind, fields, sent)

    def kept(self, number: int) -> tuple[str, tuple[Field, ...], str] | None:
        """Give a message that was kept."""
        return self._kept.get(number)

    def reset(self) -> None:
        """Begin at 1 again."""
        self.next_in = self.next_out = 1
        self._kept.clear()


def stamp(now_ns: int) -> str:
    """Write an instant as FIX does, to the millisecond."""
    seconds, rest = divmod(now_ns, SECONDS)
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return f"{moment:%Y%m%d-%H:%M:%S}.{rest // 1_000_000:03d}"


def instant(text: str) -> int | None:
    """Read an instant of FIX; None when it is none."""
    pattern = "%Y%m%d-%H:%M:%S.%f" if "." in text else "%Y%m%d-%H:%M:%S"
    try:
        moment = dt.datetime.strptime(text, pattern).replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * SECONDS + moment.microsecond * 1_000


def keep_for_later(store: FixStore, kind: str, fields: Sequence[Field], now_ns: int) -> None:
    """Number and keep a message for a peer that is away; it is asked for when the peer is back."""
    store.keep(store.next_out, kind, tuple(fields), stamp(now_ns))
    store.next_out += 1
