"""The market data center: books of all venues, one consolidated view, and the honesty to say when it is not known.

Packets of every venue's line go in (`receive`); quotes, montage, trades, bars and the stamps of orders come out.
Refuses to know sockets, clocks and customers. Deterministic: the same packets in the same order give the same answers.

Theory of operation. A line is **live** while its packets follow each other by sequence number, in a **gap** from the
first number missed (or the first packet that cannot be read), and **closed** once the venue ended its messages. Only
live venues take part in any quote, montage or stamp. In a gap, packets wait (at most `HELD_PACKETS_MAX`) while a book
image is fetched elsewhere; `rebuild` empties the venue's books, applies the image, then the packets it does not
contain, and the line is live again if they follow on. A repeated packet is passed over; one that overlaps is applied
from its first new message on.

All work on messages is done by `market_kernel` in one call a packet; this class keeps sequence numbers and hands out
values. One thread at a time.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from rushtrade.domain.errors import require
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.domain.quotes import LEVEL_BYTES, Mark, QuoteStamp
from rushtrade.market import market_kernel as kernel
from rushtrade.market import quote_kernel
from rushtrade.market.book_feed_kernel import FOREVER
from rushtrade.market.book_kernel import clear_venue
from rushtrade.market.book_layout import (
    ANOMALIES,
    BEST,
    DEPTH,
    HEADER,
    PRINT,
    TRADE,
    VENUE_CLOSED,
    VENUE_GAP,
    VENUE_LIVE,
)
from rushtrade.market.book_storage import BookStorage, Room
from rushtrade.market.market_layout import BAR, INSTRUMENT, MARKET, OUT_ROWS, QUOTE_STATES
from rushtrade.market.quotes import Bar, LineState, MontageRow, Nbbo, Trade, VenueQuote
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.itch50_columns import fault
from rushtrade.wire.itch50_kernel import DONE, END_OF_SESSION

HELD_PACKETS_MAX = 4096
"""Packets of one line kept while its books are rebuilt; older ones go, and a later image is needed then."""
TRADES_KEPT = 1 << 18
"""Trades of all instruments that can be read back: about a busy half hour of the whole market, 16 MB."""
DAYS_OF_BARS_MAX = 10
"""Trading days of one-minute bars kept, today included."""
MONTAGE_DEPTH_MAX = 100
"""Levels by venue and side that one montage shows at most."""
TRADES_READ_MAX = 4096
"""Trades handed out at a time."""

_APPLIED, _CONSUMED = HEADER.index("applied"), HEADER.index("consumed")
_STATES = {VENUE_LIVE: "live", VENUE_GAP: "gap", VENUE_CLOSED: "closed"}
_UNKNOWN_SEQUENCE = 0
_QUOTE = struct.Struct("<6q")
_ROWS_AT = 8 * OUT_ROWS


class MarketLimits(msgspec.Struct, frozen=True):
    """Bounds of a data center's memory."""

    trades_kept: int = TRADES_KEPT
    held_packets: int = HELD_PACKETS_MAX
    days_of_bars: int = DAYS_OF_BARS_MAX


class MarketData:
    """The consolidated market of `instruments` (id → symbol) at `venues` (by index, 0-based)."""

    def __init__(
        self, instruments: Mapping[int, str], venues: Sequence[str], limits: MarketLimits | None = None
    ) -> None:
        require(len(venues) > 0, "a market has at least one venue")
        self._limits = limits or MarketLimits()
        self._venue_names = tuple(venues)
        self._ids = [0, *sorted(instruments)]
        self._slots = {instrument_id: slot for slot, instrument_id in enumerate(self._ids) if slot}
        symbols = {instruments[instrument_id]: slot for instrument_id, slot in self._slots.items()}
        require(len(symbols) == len(instruments), "two instruments have the same symbol")
        self._storage = BookStorage(len(venues), symbols, Room())
        self._header = self._storage.header
        self._word = self._storage.word
        self._allocate(len(self._ids))
        self._days: deque[npt.NDArray[np.void]] = deque(maxlen=self._limits.days_of_bars - 1)
        self._held: list[deque[FeedPacket]] = [deque(maxlen=self._limits.held_packets) for _ in venues]
        self._next = [1] * len(venues)
        self._faults = [""] * len(venues)
        self._gaps = [0] * len(venues)

    def _allocate(self, slots: int) -> None:
        kept = 1 << max(self._limits.trades_kept - 1, 1).bit_length()
        out_rows = len(self._venue_names) * 2 * MONTAGE_DEPTH_MAX * len(MontageRow._fields)
        self._instruments = np.zeros(slots, INSTRUMENT)
        self._ring = np.zeros(kept, TRADE)
        self._bars = np.zeros(1 << 12, BAR)
        self._pending = np.zeros(slots, np.int32)
        self._out = np.zeros(OUT_ROWS + out_rows, np.int64)
        self._out_bytes = self._out.data.cast("B")
        self._taken = np.zeros(slots, np.int64)
        self._trades_out = np.zeros(TRADES_READ_MAX, TRADE)
        self._market_words = np.zeros(len(MARKET), np.int64)
        self._market = int(self._market_words.ctypes.data)
        self._set("ring_mask", kept - 1)
        self._point()

    def _set(self, name: str, value: int) -> None:
        self._market_words[MARKET.index(name)] = value

    def _get(self, name: str) -> int:
        return int(self._market_words[MARKET.index(name)])

    def _point(self) -> None:
        for name in ("instruments", "ring", "bars", "pending", "out"):
            self._set(name, getattr(self, f"_{name}").ctypes.data)
        self._set("bars_room", len(self._bars))

    # ------------------------------------------------------------ lines

    def open_day(self, midnight_ns: int) -> None:
        """Begin a trading day: empty books, sequences from 1. `midnight_ns` is New York's midnight in UTC."""
        if self._get("bars_used"):
            self._days.append(self._bars[: self._get("bars_used")].copy())
        self._storage.clear()
        self._instruments["last_bar"] = 0
        self._instruments["volume"] = 0
        self._set("bars_used", 0)
        self._set("midnight", midnight_ns)
        for venue in range(len(self._venue_names)):
            self._next[venue], self._faults[venue], self._gaps[venue] = 1, "", 0
            self._held[venue].clear()
        kernel.touch_all(self._market, len(self._ids) - 1)

    def receive(self, packet: FeedPacket) -> None:
        """Take one packet of a venue's line. Never raises for what a packet says: see `line_states`."""
        venue = packet.venue
        if packet.sequence != self._next[venue]:
            self._receive_out_of_turn(packet)
            return
        if not packet.count:
            return
        reason = kernel.receive(self._header, self._market, venue, np.frombuffer(packet.payload, np.uint8), 0)
        if reason > DONE:
            reason = self._go_on(venue, packet.payload, reason)
        if reason == DONE and self._word[_APPLIED] == packet.count:
            self._next[venue] += packet.count
        else:
            self._lose(venue, self._fault_of(packet, reason))

    def _go_on(self, venue: int, payload: bytes, reason: int) -> int:
        """Grow what the kernel asks for until the payload is applied or faulty; leaves the total in the header."""
        data = np.frombuffer(payload, np.uint8)
        applied = self._word[_APPLIED]
        while reason > END_OF_SESSION:
            if reason == kernel.GROW_BARS:
                self._bars = np.concatenate([self._bars, np.zeros_like(self._bars)])
                self._point()
            else:
                self._storage.grow(reason)
            reason = kernel.receive(self._header, self._market, venue, data, self._word[_CONSUMED])
            applied += self._word[_APPLIED]
        self._word[_APPLIED] = applied
        return int(reason)

    def _fault_of(self, packet: FeedPacket, reason: int) -> str:
        where = f"packet {packet.sequence:,}"
        if reason == DONE:
            return f"{where} says {packet.count} messages and holds {self._word[_APPLIED]}"
        return f"{where}: {fault(reason, self._word[_CONSUMED], np.frombuffer(packet.payload, np.uint8))}"

    def _receive_out_of_turn(self, packet: FeedPacket) -> None:
        """Take a packet that is not the next one: a repeat, an overlap, a gap, or one that waits."""
        venue = packet.venue
        expected = self._next[venue]
        if expected == _UNKNOWN_SEQUENCE:
            self._held[venue].append(packet)
        elif packet.sequence > expected:
            self._lose(venue, f"messages {expected:,} to {packet.sequence - 1:,} are missing")
            self._held[venue].append(packet)
        elif packet.sequence + packet.count > expected:
            self._receive_rest(packet, expected - packet.sequence)

    def _receive_rest(self, packet: FeedPacket, known: int) -> None:
        """Take a packet without its first `known` messages."""
        cut = kernel.messages_length(np.frombuffer(packet.payload, np.uint8), known)
        if cut < 0:
            self._lose(packet.venue, f"packet {packet.sequence:,} is cut short or malformed")
            return
        rest = FeedPacket(packet.venue, packet.sequence + known, packet.count - known, packet.payload[cut:])
        self.receive(rest)

    def _lose(self, venue: int, reason: str) -> None:
        """Stop showing a venue's books: they are not known any more."""
        self._next[venue] = _UNKNOWN_SEQUENCE
        self._gaps[venue] += 1
        self._faults[venue] = reason
        self._storage.venues["state"][venue] = VENUE_GAP
        kernel.touch_all(self._market, len(self._ids) - 1)

    def rebuild(self, venue: int, sequence: int, payload: bytes) -> bool:
        """Replace a venue's books by an image whose first message not contained is number `sequence`.

        Packets held since the gap follow. True when the line is live again; False leaves it in its gap, and
        `line_states` says why.
        """
        self._storage.venues["state"][venue] = VENUE_LIVE
        clear_venue(self._header, venue, int(self._storage.venues["time"][venue]))
        reason = int(
            kernel.receive(self._header, self._market, venue, np.frombuffer(payload, np.uint8), 0)
            if payload
            else DONE
        )
        if reason > DONE:
            reason = self._go_on(venue, payload, reason)
        if reason != DONE:
            where = fault(reason, self._word[_CONSUMED], np.frombuffer(payload, np.uint8))
            self._lose(venue, f"book image: {where}")
            return False
        self._next[venue] = sequence
        kernel.touch_all(self._market, len(self._ids) - 1)
        waiting = list(self._held[venue])
        self._held[venue].clear()
        for packet in waiting:
            self.receive(packet)
        return self._next[venue] != _UNKNOWN_SEQUENCE

    def line_states(self) -> list[LineState]:
        """How every venue's line is."""
        return [self._line_state(venue) for venue in range(len(self._venue_names))]

    def _line_state(self, venue: int) -> LineState:
        record = self._storage.venues[venue]
        time = int(record["time"])
        return LineState(
            venue=self._venue_names[venue],
            state=_STATES[int(record["state"])],
            next_sequence=self._next[venue],
            messages=int(record["messages"]),
            gaps=self._gaps[venue],
            anomalies={name: int(record["anomalies"][index]) for index, name in enumerate(ANOMALIES)},
            last_time_ns=time + self._get("midnight") if time else 0,
            fault=self._faults[venue] if record["state"] == VENUE_GAP else "",
        )

    # ------------------------------------------------------------ quotes

    def touched(self) -> list[int]:
        """Ids of instruments whose best quote or trades changed since this was last asked, in order."""
        return self._take(BEST | PRINT)

    def touched_depth(self) -> list[int]:
        """Ids of instruments of which any level changed since this was last asked, in order."""
        return self._take(DEPTH)

    def _take(self, bits: int) -> list[int]:
        count = kernel.take_touched(self._header, self._market, bits, self._taken)
        ids = self._ids
        return sorted([ids[slot] for slot in self._taken[:count].tolist()])

    def nbbo(self, instrument_id: int) -> Nbbo:
        """Best bid and offer over all live venues."""
        state = quote_kernel.nbbo(self._header, self._market, self._slots[instrument_id])
        time_ns, bid, bid_shares, ask, ask_shares, last = _QUOTE.unpack_from(self._out_bytes)
        return Nbbo(time_ns, bid, bid_shares, ask, ask_shares, last, QUOTE_STATES[state])

    def venue_quotes(self, instrument_id: int) -> list[VenueQuote]:
        """Best levels by venue, in the order of the venues."""
        quote_kernel.nbbo(self._header, self._market, self._slots[instrument_id])
        return [VenueQuote(*row) for row in self._rows(len(self._venue_names), 4)]

    def montage(self, instrument_id: int, depth: int) -> list[MontageRow]:
        """Levels of every live venue, bids then asks, best first, `depth` of each (at most MONTAGE_DEPTH_MAX)."""
        depth = min(depth, MONTAGE_DEPTH_MAX)
        rows = quote_kernel.montage(self._header, self._market, self._slots[instrument_id], depth)
        return [MontageRow(*row) for row in self._rows(rows, 5)]

    def stamp(self, instrument_id: int, side: int, shares: int, *, near: bool) -> QuoteStamp:
        """What an order of `side` (0 buy, 1 sell) for so many shares sees; `near` adds the best of its own side."""
        slot = self._slots[instrument_id]
        rows = quote_kernel.stamp(self._header, self._market, slot, int(side), shares, near)
        out = self._out_bytes
        time_ns, bid, bid_shares, ask, ask_shares, last = _QUOTE.unpack_from(out)
        levels = bytes(out[_ROWS_AT : _ROWS_AT + LEVEL_BYTES * rows])
        return QuoteStamp(time_ns, bid, bid_shares, ask, ask_shares, last, levels)

    def marks(self, instrument_ids: Sequence[int]) -> list[Mark]:
        """Best bid, best ask and last price of several instruments."""
        slots = np.array([self._slots[instrument_id] for instrument_id in instrument_ids], np.int64)
        rows = np.zeros((len(slots), 3), np.int64)
        quote_kernel.marks(self._header, self._market, slots, rows)
        return [
            Mark(instrument_id, *row)
            for instrument_id, row in zip(instrument_ids, rows.tolist(), strict=True)
        ]

    def _rows(self, rows: int, width: int) -> list[list[int]]:
        block = self._out[OUT_ROWS : OUT_ROWS + rows * width].reshape(rows, width)
        answer: list[list[int]] = block.tolist()
        return answer

    # ------------------------------------------------------------ trades and bars

    def last_trade(self, instrument_id: int) -> Trade | None:
        """The latest trade to arrive, unless all are broken or overwritten."""
        total = int(self._instruments["trades"][self._slots[instrument_id]])
        for trade in reversed(self.trades(instrument_id, max(total - 64, 0), 64)):
            if not trade.broken:
                return trade
        return None

    def trades(self, instrument_id: int, after_index: int, limit: int) -> list[Trade]:
        """Trades numbered above `after_index`, oldest first, at most `limit` (and TRADES_READ_MAX).

        The first one's number tells what was missed: the ring keeps `MarketLimits.trades_kept` of all instruments.
        """
        limit = min(limit, TRADES_READ_MAX)
        out = self._trades_out
        slot = self._slots[instrument_id]
        count = kernel.trades_after(self._market, slot, after_index, out.ctypes.data, limit)
        return [_trade(row) for row in out[:count]]

    def trades_total(self, instrument_id: int) -> int:
        """The number of an instrument's latest trade; 0 before the first."""
        return int(self._instruments["trades"][self._slots[instrument_id]])

    def volume(self, instrument_id: int) -> int:
        """Shares traded today."""
        return int(self._instruments["volume"][self._slots[instrument_id]])

    def bars(self, instrument_id: int, start_ns: int, end_ns: int = FOREVER) -> list[Bar]:
        """One-minute bars that begin at `start_ns` or later and before `end_ns`, in order."""
        slot = self._slots[instrument_id]
        bars: list[Bar] = []
        for day in (*self._days, self._bars[: self._get("bars_used")]):
            chosen = day[(day["instrument"] == slot) & (day["start"] >= start_ns) & (day["start"] < end_ns)]
            bars.extend(_bars(chosen))
        return bars


def _trade(row: np.void) -> Trade:
    return Trade(
        number=int(row["number"]),
        time_ns=int(row["time"]),
        price=int(row["price"]),
        shares=int(row["shares"]),
        venue=int(row["venue"]),
        resting_side=int(row["side"]),
        kind=chr(row["kind"]),
        match=int(row["match"]),
        broken=bool(row["broken"]),
        place=int(row["place"]),
    )


def _bars(rows: npt.NDArray[np.void]) -> Iterable[Bar]:
    for row in np.sort(rows, order="start").tolist():
        start, opened, high, low, close, volume, trades, value, *_ = row
        if trades:
            yield Bar(start, opened, high, low, close, volume, trades, value * MONEY_PER_PRICE_SHARE)


def load_kernels() -> None:
    """Bring every compiled kernel of the data center into the process, so that the first packet finds them ready.

    From the cache on disk this takes a fraction of a second; the first time on a machine they are compiled, which takes
    some seconds.
    """
    market = MarketData({1: "A"}, ["V"])
    market.open_day(0)
    market.receive(FeedPacket(0, 1, 1, b"\0\x0cS" + bytes(11)))
    market.receive(FeedPacket(0, 1, 2, b"\0\x0cS" + bytes(11)))
    market.touched()
    market.nbbo(1)
    market.montage(1, 1)
    market.stamp(1, 0, 1, near=True)
    market.marks([1])
    market.trades(1, 0, 1)
    market.rebuild(0, 1, b"")
