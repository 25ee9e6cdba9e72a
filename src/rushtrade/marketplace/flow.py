"""Background flow: recorded or generated orders that give the venues of a world their books.

A flow takes ITCH 5.0 bytes from a source (`ItchFile`, `GeneratedFlow`), deals them over venues by weight and applies
them up to the market time asked for; customers' orders stand in the same books and meet them
(`rushtrade.exchange.background_kernel`). The recorded day is mapped onto a trade date by `midnight_ns`.

Bound to its venues once, then driven by `advance` alone. Deterministic: same source, venues and instructions, same day.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from rushtrade.domain.errors import InvalidInput, require
from rushtrade.marketplace.flow_kernel import (
    F_DROPPED,
    F_LOCATES,
    F_MESSAGES,
    F_NOT_CARRIED,
    F_REFERENCES,
    F_REFERENCES_MASK,
    F_SHARES,
    F_SHORT_VENUE,
    F_STOP,
    F_TIME,
    F_UNKNOWN,
    F_VENUE_COUNT,
    F_VENUES,
    FLOW_BYTES,
    HASH_SPAN,
    REFERENCE_BYTES,
    STOP_DATA,
    STOP_REFERENCES,
    STOP_SHORT,
    STOP_TIME,
    deal,
    rehash_references,
)
from rushtrade.marketplace.itch_source import END_OF_SESSION, FlowFileError, FlowSource
from rushtrade.wire.compiled import address_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rushtrade.exchange.venue import Exchange

LOCATES: Final = 1 << 16
VENUES_MAX: Final = 255
REFERENCES_START: Final = 8_192
REFERENCES_MAX: Final = 1 << 26
"""Recorded orders alive at once, at half load; the busiest real day has about two million."""


class Flow:
    """A stream of market messages on its way into the books. `midnight_ns`: the instant recorded times count from."""

    def __init__(self, source: FlowSource, midnight_ns: int) -> None:
        self._source = source
        self._midnight_ns = midnight_ns
        self._venues: tuple[Exchange, ...] = ()
        self._header = np.zeros(FLOW_BYTES // 8, dtype=np.int64)
        self._words = self._header.data
        self._address = address_of(self._header)
        self._references = np.zeros(0, dtype=np.int64)
        self._install_references(np.zeros(REFERENCES_START * 2, dtype=np.int64))
        self._data = np.zeros(0, dtype=np.uint8)
        self._begin = self._end = 0
        self._offset = 0
        self._finished = False

    # --- what screens say -----------------------------------------------------------------------------------

    @property
    def source_label(self) -> str:
        """Name of the file, or what the generator calls itself."""
        return self._source.label

    @property
    def simulated(self) -> bool:
        """True when the orders are generated."""
        return self._source.simulated

    @property
    def symbols(self) -> tuple[str, ...]:
        """The stocks of the flow, by recorded locate."""
        return tuple(symbol for _, symbol in sorted(self._source.directory.items()))

    @property
    def midnight_ns(self) -> int:
        """The instant recorded times count from."""
        return self._midnight_ns

    @property
    def first_ns(self) -> int:
        """Time of the first message."""
        return self._midnight_ns + self._source.first_time

    @property
    def last_ns(self) -> int | None:
        """Time of the last message; None for a flow without end."""
        last = self._source.last_time
        return None if last is None else self._midnight_ns + last

    @property
    def now_ns(self) -> int:
        """Time of the last message applied; the first one's before any was."""
        return self._midnight_ns + max(self._value(F_TIME), self._source.first_time)

    @property
    def finished(self) -> bool:
        """True when the last message has been applied: the market is over."""
        return self._finished

    @property
    def messages(self) -> int:
        """Messages applied so far, those nobody carries included."""
        return self._value(F_MESSAGES)

    @property
    def progress(self) -> float:
        """Share of the messages, or else of the time, that is over; 0 for a flow without end. For eyes only."""
        total, last = self._source.messages, self.last_ns
        if total:
            return self.messages / total
        return (self.now_ns - self.first_ns) / (last - self.first_ns) if last else 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Messages applied, and those that could not be: unknown references, stocks not carried, venues' own."""
        return {
            "messages": self._value(F_MESSAGES),
            "unknown_references": self._value(F_UNKNOWN),
            "not_carried": self._value(F_NOT_CARRIED),
            "dropped": self._value(F_DROPPED),
        }

    # --- driving --------------------------------------------------------------------------------------------

    def bind(self, venues: Sequence[Exchange], weights: Sequence[int] | Mapping[str, Sequence[int]]) -> None:
        """Deal to these venues from now on, by these weights: for all stocks alike, or by symbol.

        All venues list the same stocks in the same order.
        """
        if self._venues:
            raise InvalidInput("a flow is bound to its venues once")
        if not 0 < len(venues) <= VENUES_MAX:
            raise InvalidInput(f"a flow is dealt over 1 to {VENUES_MAX} venues, not {len(venues)}")
        if any(venue.symbols != venues[0].symbols for venue in venues):
            raise InvalidInput("the venues a flow is dealt over list the same stocks in the same order")
        self._deal_by(venues, weights)
        self._venues = tuple(venues)
        self._headers = np.array([venue.engine.tables.address for venue in venues], dtype=np.int64)
        self._locates = np.zeros(LOCATES, dtype=np.int64)
        known = {symbol: locate for locate, symbol in enumerate(venues[0].symbols, start=1)}
        for recorded, symbol in self._source.directory.items():
            self._locates[recorded] = known.get(symbol, 0)
        for offset, array in (
            (F_SHARES, self._shares),
            (F_VENUES, self._headers),
            (F_LOCATES, self._locates),
        ):
            self._put(offset, address_of(array))
        self._put(F_VENUE_COUNT, len(venues))

    def _deal_by(
        self, venues: Sequence[Exchange], weights: Sequence[int] | Mapping[str, Sequence[int]]
    ) -> None:
        """Lay out one table of shares for every way in which weights fall, and say for every stock which is its own."""
        symbols = venues[0].symbols
        tables: dict[tuple[int, ...], NDArray[np.int64]] = {}
        self._shares = np.zeros(len(symbols) + 1, dtype=np.int64)
        for locate, symbol in enumerate(symbols, start=1):
            own = tuple(weights[symbol] if isinstance(weights, Mapping) else weights)
            if own not in tables:
                tables[own] = _share_table(own, len(venues), symbol)
            self._shares[locate] = address_of(tables[own])
        self._share_tables = tuple(tables.values())

    def advance(self, until_ns: int) -> None:
        """Apply every message up to and including the market time `until_ns`."""
        require(self._venues, "a flow is bound to venues before it is advanced")
        until = until_ns - self._midnight_ns
        words = self._words
        while not self._finished:
            self._begin = deal(self._address, 0, self._begin, self._end, until)
            stop = words[F_STOP >> 3]
            if stop == STOP_TIME:
                return
            if stop == STOP_SHORT:
                self._venues[words[F_SHORT_VENUE >> 3]].engine.tables.grow()
            elif stop == STOP_REFERENCES:
                self._grow_references()
            elif stop == STOP_DATA:
                self._finished = not self._read_more()
            else:
                raise FlowFileError(f"{self.source_label}: message {self.messages:,} is not ITCH 5.0")

    def _read_more(self) -> bool:
        """Put the next piece behind what is left of the last one; False at the end."""
        left = self._data[len(self._data) - (self._end - self._begin) :].tobytes()
        piece = self._source.read()
        if not piece:
            if left not in (b"", END_OF_SESSION):
                raise FlowFileError(f"{self.source_label}: the flow ends inside a message")
            return False
        self._data = np.frombuffer(left + piece, dtype=np.uint8)
        self._begin = address_of(self._data)
        self._end = self._begin + len(self._data)
        return True

    def _grow_references(self) -> None:
        old = self._references
        count = len(old) // 2
        if 2 * count > REFERENCES_MAX:
            raise FlowFileError(
                f"{self.source_label}: more than {REFERENCES_MAX // 2:,} recorded orders stand at once"
            )
        new = np.zeros(4 * count, dtype=np.int64)
        rehash_references(address_of(old), count, address_of(new), 2 * count - 1)
        self._install_references(new)

    def _install_references(self, table: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
        self._references = table
        self._put(F_REFERENCES, address_of(table))
        self._put(F_REFERENCES_MASK, table.nbytes // REFERENCE_BYTES - 1)

    def _value(self, offset: int) -> int:
        return int(self._words[offset >> 3])

    def _put(self, offset: int, value: int) -> None:
        self._words[offset >> 3] = value


def _share_table(weights: tuple[int, ...], venues: int, symbol: str) -> NDArray[np.int64]:
    """Lay the venues' weights end to end over the span of the hash."""
    if len(weights) != venues or min(weights) < 0:
        raise InvalidInput(
            f"{symbol}: a weight of 0 or more for each of {venues} venues, not {list(weights)}"
        )
    if not sum(weights):
        raise InvalidInput(
            f"{symbol}: the weights are not all 0: some venue must take its orders; make a route with a weight legal for its class"
        )
    totals = np.cumsum(np.array(weights, dtype=object))
    return np.array([int(total) * HASH_SPAN // sum(weights) for total in totals], dtype=np.int64)
