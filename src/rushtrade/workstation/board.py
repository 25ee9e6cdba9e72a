"""The board: latest quotes, newest prints and montages of the instruments somebody looks at, each encoded once for all who look.

It refuses to know connections. Whoever looks says `watch`; whatever the pulse names is marked and taken up at the next
`refresh`. A row of the `quotes` frame (104 bytes, docs/protocols/workstation.md) and the JSON of a print are made once
and copied to every reader. Prints stand in a ring by their number, so that a reader that was slow sees what it missed.

There is a board for everybody who sees the same (`sights.Seen`). One that does not hold every venue, or is late, makes quotes, prints, the
day and bars of what it holds, as if there were nothing else, as far back as the tape's memory reaches; its prints have numbers of their own.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from rushtrade.domain.instants import HOUR, SECOND
from rushtrade.domain.numbers import format_price
from rushtrade.serving.past import Scope, held_prints, minutes_of_prints
from rushtrade.serving.sight import quote_in
from rushtrade.tape.condition_layout import HIGH_LOW, VOLUME
from rushtrade.tape.frames import values_of
from rushtrade.workstation.sights import WHOLE, Seen
from rushtrade.workstation.views import depth_body

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Sequence

    from rushtrade.api.access import FrontDesk
    from rushtrade.serving.items import QuoteItem
    from rushtrade.tape.prints import Bar, Trade

PRINTS_KEPT: Final = 4_096
"""Prints an instrument's ring holds."""
WATCHED_MAX: Final = 1_000
"""Instruments on the board before those that nobody looks at any more are taken off."""
READ_AT_ONCE: Final = 4_096
NO_VENUE: Final = 255
LATE_LOOK_NS: Final = SECOND
"""How often a late board looks what has become due."""

_ROW: Final = struct.Struct("<iBBBBHHi11q")
_STATES: Final = {"unknown": 0, "good": 1, "one_sided": 2, "locked": 3, "crossed": 4, "halted": 1}
_HALTED, _PRIOR_CLOSE, _LATE = 1, 8, 16
_HIDDEN_KIND, _CROSS_KIND = "P", "Q"
_encode = msgspec.json.Encoder().encode
Quote = tuple[int, int, int, int, int, int, int, int]
"""State's code, time, bid, ask, bid shares, ask shares, venues at the bid and at the ask as bits."""
_NO_QUOTE: Final[Quote] = (0,) * 8


class Watched:
    """One instrument on the board."""

    __slots__ = (
        "changes", "high", "last_print", "low", "number", "open", "prints", "prints_today", "read", "row", "volume",
    )  # fmt: skip

    def __init__(self, number: int) -> None:
        self.number = number
        """Number of the newest print taken up, as readers count."""
        self.read = number
        """The same as the tape counts."""
        self.prints: deque[tuple[int, bytes]] = deque(maxlen=PRINTS_KEPT)
        self.last_print: tuple[int, int, int, int] = (0, 0, NO_VENUE, 0)
        """Price, shares, venue and place of the newest print that may set the last sale."""
        self.open = self.high = self.low = 0
        self.volume = self.prints_today = 0
        self.row = b""
        self.changes = 0
        """Rises with every change of the row."""


class Board:
    """The instruments somebody looks at."""

    def __init__(
        self,
        desk: FrontDesk,
        looked_at: Callable[[], set[int]],
        seen: Seen = WHOLE,
        late_quotes: Callable[[Iterable[int]], Sequence[QuoteItem]] = lambda _: (),
    ) -> None:
        """`late_quotes` gives the newest quotes of instruments that a late board may show."""
        self.seen = seen
        self._desk = desk
        self._looked_at = looked_at
        self._late_quotes = late_quotes
        self._market = desk.ports.market
        self._watched: dict[int, Watched] = {}
        self._marked: set[int] = set()
        self._montages: dict[int, bytes] = {}
        self._indexes: dict[int, int] = {}
        self._day: dt.date | None = None
        self._voids = self._market.tape.void_news.newest
        self._looked_ns = 0

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
            mask = 0 if self.seen.sight.delay_ns else self._mask(instrument_id)
            body = depth_body(self._desk, instrument_id, symbol, mask, self.seen.depth)
            found = _encode(body)[1:]
            self._montages[instrument_id] = found
        return found

    def bars(self, instrument_id: int, since_ns: int) -> list[Bar]:
        """Give the minutes of an instrument from an instant on."""
        if self.seen.is_whole:
            return self._market.bars(instrument_id, since_ns)
        scope = self._scope(instrument_id)
        held = held_prints(scope)
        held = held[(held["time"] >= since_ns) & (held["time"] <= scope.until_ns)]
        return values_of(minutes_of_prints(scope, held))

    def refresh(self) -> list[int]:
        """Take up what changed since last time; give the instruments on the board that did, in order of their ids."""
        today = self._desk.ports.label().trade_date
        before, self._day = self._day or today, today
        if today != before or self._is_overtaken():
            for number, one in list(self._watched.items()):
                self._watched[number] = self._take_up_again(number, one)
            self._marked.clear()
            return sorted(self._watched)
        if self.seen.sight.delay_ns:
            return self._refresh_late()
        marked, self._marked = self._marked, set()
        changed = sorted(number for number in marked if number in self._watched)
        for number in changed:
            self._refresh_one(number, self._watched[number])
        return changed

    def _is_overtaken(self) -> bool:
        """Tell whether a trade was declared void that a day made of trades has counted."""
        voids = self._market.tape.void_news.newest
        before, self._voids = self._voids, voids
        return voids != before and not self.seen.is_whole

    def _refresh_late(self) -> list[int]:
        now_ns = self._desk.ports.clock.now_ns()
        if abs(now_ns - self._looked_ns) < LATE_LOOK_NS:
            return []
        self._looked_ns = now_ns
        before = {number: one.row for number, one in self._watched.items()}
        for number, one in self._watched.items():
            self._refresh_one(number, one)
        return sorted(number for number, one in self._watched.items() if one.row != before[number])

    def _mask(self, instrument_id: int) -> int:
        return self.seen.sight.mask_of(self._desk.store.image.instruments[instrument_id])

    def _scope(self, instrument_id: int) -> Scope:
        return Scope(self._desk, self._desk.store.image.instruments[instrument_id], self.seen.sight)

    def _take_up(self, instrument_id: int) -> Watched:
        """Build the day so far, and the newest prints."""
        total = self._market.trades_total(instrument_id)
        watched = Watched(max(total - PRINTS_KEPT, 0) if self.seen.is_whole else 0)
        self._refresh_one(instrument_id, watched)
        return watched

    def _take_up_again(self, instrument_id: int, before: Watched) -> Watched:
        """Build the day anew; prints that have numbers of their own keep them."""
        watched = self._take_up(instrument_id)
        if not self.seen.is_whole:
            watched.prints, watched.number, watched.read = before.prints, before.number, before.read
            self._read_prints_seen(instrument_id, watched, counted=False)
        return watched

    def _refresh_one(self, instrument_id: int, watched: Watched) -> None:
        if self.seen.is_whole:
            self._read_prints(instrument_id, watched)
        elif self._mask(instrument_id):
            self._read_prints_seen(instrument_id, watched)
        self._encode_row(instrument_id, watched)

    def _read_prints(self, instrument_id: int, watched: Watched) -> None:
        while True:
            trades = self._market.trades(instrument_id, watched.read, READ_AT_ONCE)
            for trade in trades:
                watched.read = watched.number = trade.number
                self._take_print(watched, trade)
            if len(trades) < READ_AT_ONCE:
                return

    def _read_prints_seen(self, instrument_id: int, watched: Watched, *, counted: bool = True) -> None:
        """Take up the prints that may be shown by now, and count the day of them unless that is done."""
        scope, begins_ns = self._scope(instrument_id), self.day_begins()
        mask, until_ns = scope.mask, scope.until_ns
        while True:
            trades = self._market.trades(instrument_id, watched.read, READ_AT_ONCE)
            for trade in trades:
                if trade.time_ns > until_ns:
                    return
                watched.read = trade.number
                if mask >> trade.venue & 1:
                    watched.number += 1
                    self._take_print(watched, trade)
                    if counted and trade.time_ns >= begins_ns and not trade.broken:
                        _count(watched, trade)
            if len(trades) < READ_AT_ONCE:
                return

    def _take_print(self, watched: Watched, trade: Trade) -> None:
        condition = (
            "broken" if trade.broken else {_HIDDEN_KIND: "hidden", _CROSS_KIND: "cross"}.get(trade.kind, "")
        )
        time_us, price = trade.time_ns // 1_000, format_price(trade.price)
        row = (watched.number, time_us, price, trade.shares, trade.venue, trade.place, condition)
        watched.prints.append((watched.number, _encode(row)))
        if trade.sets_last and not trade.broken:
            watched.last_print = (trade.price, trade.shares, trade.venue, trade.place)

    def _quote(self, instrument_id: int) -> Quote:
        """Give the quote that may be shown."""
        mask = self._mask(instrument_id)
        if not mask:
            return _NO_QUOTE
        if self.seen.sight.delay_ns:
            late = self._late_quotes([instrument_id])
            return late[0].numbers if late else _NO_QUOTE
        quote = quote_in(self._desk, instrument_id, mask)
        return (
            _STATES[quote.state],
            quote.time_ns,
            quote.bid,
            quote.ask,
            quote.bid_shares,
            quote.ask_shares,
            quote.bid_venues,
            quote.ask_venues,
        )

    def _encode_row(self, instrument_id: int, watched: Watched) -> None:
        state, time_ns, bid, ask, bid_shares, ask_shares, bids, asks = self._quote(instrument_id)
        instrument = self._desk.store.image.instruments[instrument_id]
        price, shares, venue, place = watched.last_print
        if self.seen.is_whole:
            day = self._market.tape.day(instrument_id)
            watched.open, watched.high, watched.low = day.open, day.high, day.low
            watched.volume, watched.prints_today = day.volume, day.trades
            price = price or day.last
        reference = instrument.previous_close or watched.open
        flags = _HALTED * bool(instrument.halted) | _PRIOR_CLOSE * bool(instrument.previous_close)
        watched.row = _ROW.pack(
            self.index_of(instrument_id),
            state,
            flags | _LATE * bool(self.seen.sight.delay_ns),
            place,
            venue,
            bids & 0xFFFF,
            asks & 0xFFFF,
            watched.prints_today,
            bid,
            ask,
            price,
            bid_shares,
            ask_shares,
            shares,
            watched.volume,
            reference,
            watched.high,
            watched.low,
            time_ns,
        )
        watched.changes += 1


def _count(watched: Watched, trade: Trade) -> None:
    """Count a trade into the day, as its conditions allow."""
    if trade.effects & VOLUME:
        watched.volume += trade.shares
        watched.prints_today += 1
    if trade.sets_last:
        watched.open = watched.open or trade.price
    if trade.effects & HIGH_LOW:
        watched.high = max(watched.high, trade.price)
        watched.low = min(watched.low or trade.price, trade.price)


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
