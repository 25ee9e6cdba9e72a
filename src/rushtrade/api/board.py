"""The board: latest quotes, newest prints and montages of the instruments somebody looks at, each encoded once for all who look.

It refuses to know connections. Whoever looks says `watch`; whatever the pulse names is marked and taken up at the next
`refresh`. A row of the `quotes` frame (104 bytes, docs/protocols/workstation.md) and the JSON of a print are made once
and copied to every reader. Prints stand in a ring by their number, so that a reader that was slow sees what it missed.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from rushtrade.api.workstation_views import depth_body
from rushtrade.domain.instants import HOUR
from rushtrade.domain.numbers import format_price

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Sequence

    from rushtrade.api.access import FrontDesk
    from rushtrade.market.quotes import Trade

PRINTS_KEPT: Final = 4_096
"""Prints an instrument's ring holds."""
WATCHED_MAX: Final = 1_000
"""Instruments on the board before those that nobody looks at any more are taken off."""
READ_AT_ONCE: Final = 4_096
NO_VENUE: Final = 255

_ROW: Final = struct.Struct("<iBBBBHHi11q")
_STATES: Final = {"unknown": 0, "good": 1, "one_sided": 2, "locked": 3, "crossed": 4}
_HALTED, _PRIOR_CLOSE = 1, 8
_HIDDEN_KIND, _CROSS_KIND = "P", "Q"
_encode = msgspec.json.Encoder().encode


class Watched:
    """One instrument on the board."""

    __slots__ = (
        "changes", "high", "last_print", "low", "number", "open", "prints", "prints_today", "row", "volume",
    )  # fmt: skip

    def __init__(self, number: int) -> None:
        self.number = number
        """Number of the newest print taken up."""
        self.prints: deque[tuple[int, bytes]] = deque(maxlen=PRINTS_KEPT)
        self.last_print: tuple[int, int, int, int] = (0, 0, NO_VENUE, 0)
        """Price, shares, venue and place of the newest print."""
        self.open = self.high = self.low = 0
        self.volume = self.prints_today = 0
        self.row = b""
        self.changes = 0
        """Rises with every change of the row."""


class Board:
    """The instruments somebody looks at."""

    def __init__(self, desk: FrontDesk, looked_at: Callable[[], set[int]]) -> None:
        self._desk = desk
        self._looked_at = looked_at
        self._market = desk.ports.market
        self._watched: dict[int, Watched] = {}
        self._marked: set[int] = set()
        self._montages: dict[int, bytes] = {}
        self._indexes: dict[int, int] = {}
        self._day: dt.date | None = None

    def index_of(self, instrument_id: int) -> int:
        """Give an instrument's place in the directory: its place in the order in which instruments were defined."""
        found = self._indexes.get(instrument_id)
        if found is None:
            for number in self._desk.store.image.instruments:
                self._indexes.setdefault(number, len(self._indexes))
            found = self._indexes[instrument_id]
        return found

    def day_begins(self) -> int:
        """Give an instant before the day's first trade and after the last one of the day before."""
        return self._desk.ports.label().opens_ns - 12 * HOUR

    def mark(self, instrument_ids: Iterable[int]) -> None:
        """Note that quotes or prints changed."""
        self._marked.update(instrument_ids)

    def watch(self, instrument_id: int) -> Watched:
        """Put an instrument on the board, with its day so far."""
        watched = self._watched.get(instrument_id)
        if watched is None:
            if len(self._watched) >= WATCHED_MAX:
                wanted = self._looked_at()
                self._watched = {number: one for number, one in self._watched.items() if number in wanted}
            watched = self._watched[instrument_id] = self._take_up(instrument_id)
        return watched

    def depth_changed(self, instrument_id: int) -> None:
        """Note that a level of a montage changed."""
        self._montages.pop(instrument_id, None)

    def montage(self, instrument_id: int) -> bytes:
        """Give an instrument's montage as JSON without its opening brace."""
        found = self._montages.get(instrument_id)
        if found is None:
            symbol = self._desk.store.image.instruments[instrument_id].symbol
            found = _encode(depth_body(self._desk, instrument_id, symbol))[1:]
            self._montages[instrument_id] = found
        return found

    def refresh(self) -> list[int]:
        """Take up what changed since last time; give the instruments on the board that did, in order of their ids."""
        today = self._desk.ports.label().trade_date
        before, self._day = self._day or today, today
        if today != before:
            self._watched = {number: self._take_up(number) for number in self._watched}
            self._marked.clear()
            return sorted(self._watched)
        marked, self._marked = self._marked, set()
        changed = sorted(number for number in marked if number in self._watched)
        for number in changed:
            self._refresh_one(number, self._watched[number])
        return changed

    def _take_up(self, instrument_id: int) -> Watched:
        """Build the day so far: from bars, and the newest prints."""
        market = self._market
        total = market.trades_total(instrument_id)
        watched = Watched(max(total - PRINTS_KEPT, 0))
        bars = market.bars(instrument_id, self.day_begins())
        if bars:
            watched.open = bars[0].open
            watched.high = max(bar.high for bar in bars)
            watched.low = min(bar.low for bar in bars)
            watched.prints_today = sum(bar.trades for bar in bars)
        watched.volume = market.volume(instrument_id)
        self._read_prints(instrument_id, watched, count=False)
        self._encode_row(instrument_id, watched)
        return watched

    def _refresh_one(self, instrument_id: int, watched: Watched) -> None:
        self._read_prints(instrument_id, watched, count=True)
        self._encode_row(instrument_id, watched)

    def _read_prints(self, instrument_id: int, watched: Watched, *, count: bool) -> None:
        while True:
            trades = self._market.trades(instrument_id, watched.number, READ_AT_ONCE)
            for trade in trades:
                self._take_print(watched, trade, count=count)
            if len(trades) < READ_AT_ONCE:
                return

    def _take_print(self, watched: Watched, trade: Trade, *, count: bool) -> None:
        watched.number = trade.number
        condition = (
            "broken" if trade.broken else {_HIDDEN_KIND: "hidden", _CROSS_KIND: "cross"}.get(trade.kind, "")
        )
        watched.prints.append(
            (
                trade.number,
                _encode(
                    (
                        trade.number,
                        trade.time_ns // 1_000,
                        format_price(trade.price),
                        trade.shares,
                        trade.venue,
                        trade.place,
                        condition,
                    )
                ),
            )
        )
        if trade.broken:
            return
        watched.last_print = (trade.price, trade.shares, trade.venue, trade.place)
        if count:
            watched.prints_today += 1
            watched.open = watched.open or trade.price
            watched.high = max(watched.high, trade.price)
            watched.low = min(watched.low or trade.price, trade.price)

    def _encode_row(self, instrument_id: int, watched: Watched) -> None:
        quote = self._market.nbbo(instrument_id)
        instrument = self._desk.store.image.instruments[instrument_id]
        bids = asks = 0
        if quote.bid or quote.ask:
            for venue, one in enumerate(self._market.venue_quotes(instrument_id)):
                bids |= (one.bid == quote.bid != 0) << venue
                asks |= (one.ask == quote.ask != 0) << venue
        price, shares, venue, place = watched.last_print
        watched.volume = self._market.volume(instrument_id)
        reference = instrument.previous_close or watched.open
        flags = _HALTED * bool(instrument.halted) | _PRIOR_CLOSE * bool(instrument.previous_close)
        watched.row = _ROW.pack(
            self.index_of(instrument_id),
            _STATES[quote.state],
            flags,
            place,
            venue,
            bids & 0xFFFF,
            asks & 0xFFFF,
            watched.prints_today,
            quote.bid,
            quote.ask,
            price or quote.last,
            quote.bid_shares,
            quote.ask_shares,
            shares,
            watched.volume,
            reference,
            watched.high,
            watched.low,
            quote.time_ns,
        )
        watched.changes += 1


def prints_after(watched: Watched, number: int, limit: int) -> tuple[int, list[bytes], int]:
    """Give prints numbered above `number`, oldest first, at most `limit`: how many are lost, the rows, the last number."""
    ring = watched.prints
    if not ring or ring[-1][0] <= number:
        return 0, [], number
    first = ring[0][0]
    skipped = max(first - number - 1, 0)
    start = max(len(ring) - (ring[-1][0] - number), 0)
    chosen = [ring[place] for place in range(start, min(start + limit, len(ring)))]
    return skipped, [row for _, row in chosen], chosen[-1][0]


def quotes_frame(rows: Sequence[bytes], seq: int, clock_ns: int) -> bytes:
    """Put rows into one binary frame."""
    return struct.pack("<BBHIq", 1, 1, len(rows), seq & 0xFFFFFFFF, clock_ns) + b"".join(rows)
