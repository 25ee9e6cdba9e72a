"""The market data center: books of all venues, one consolidated view, and the honesty to say when it is not known.

Packets of every line go in (`receive`), of messages about orders or of columns (`level_rows`);
quotes, montage, trades, bars, states and the stamps of orders come out (`answers`). Refuses to know sockets, clocks and customers.
Deterministic: the same packets in the same order give the same answers, however messages were put into packets.

Theory of operation. A line is **live** while its packets follow each other by sequence number, in a **gap** from the
first number missed (or the first packet that cannot be read), and **closed** once the venue ended its messages. Only
live venues take part in any quote, montage or stamp. In a gap, packets wait (at most `HELD_PACKETS_MAX`) while a book
image is fetched elsewhere; `begin_rebuild` empties the venue's books and applies the image, `catch_up` the packets it does not
contain, a bounded number at a time so that other lines are served in between; the line is live again when all are in and follow on. A repeated packet is passed over; one that overlaps is applied
from its first new message on.

All work on messages is done by `market_kernel` in one call a packet, and by the tape in one more when there were
executions; this class keeps sequence numbers. One thread at a time.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np

from rushtrade.books.book_feed_kernel import DRAIN_TRADES
from rushtrade.books.book_kernel import clear_venue
from rushtrade.books.book_layout import ANOMALIES, HEADER, VENUE_CLOSED, VENUE_GAP, VENUE_LIVE
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import DAY, HOUR
from rushtrade.market import best_kernel
from rushtrade.market import market_kernel as kernel
from rushtrade.market.level_rows import MarketOfColumns
from rushtrade.market.market_image import LAYOUT, HeldPacket, LineImage, MarketImage, pack, unpack
from rushtrade.market.market_layout import LEVEL_ROW
from rushtrade.market.quotes import LineState, VenueTerms
from rushtrade.rules.market_structure import ORDER_PROTECTION
from rushtrade.rules.price_bands import PRICE_BANDS
from rushtrade.tape.prints import Bar, Trade
from rushtrade.tape.tape import DAYS_OF_BARS_MAX, FOREVER, TRADES_KEPT, TapeLimits
from rushtrade.tape.tape import load_kernels as load_tape_kernels
from rushtrade.wire.feed_packet import COLUMNS, FeedPacket
from rushtrade.wire.itch50_columns import fault
from rushtrade.wire.itch50_kernel import DONE, END_OF_SESSION

HELD_PACKETS_MAX = 4096
"""Packets of one line kept while its books are rebuilt; older ones go, and a later image is needed then."""

_APPLIED, _CONSUMED = HEADER.index("applied"), HEADER.index("consumed")
_TRADES_COUNT = HEADER.index("trades_count")
_STATES = {VENUE_LIVE: "live", VENUE_GAP: "gap", VENUE_CLOSED: "closed"}
_UNKNOWN_SEQUENCE = 0
_NOTHING = np.zeros(0, np.uint8)
_NOTHING.flags.writeable = False
_EPOCH = dt.date(1970, 1, 1).toordinal()


class MarketLimits(msgspec.Struct, frozen=True):
    """Bounds of a data center's memory."""

    trades_kept: int = TRADES_KEPT
    held_packets: int = HELD_PACKETS_MAX
    days_of_bars: int = DAYS_OF_BARS_MAX


class MarketData(MarketOfColumns):
    """The consolidated market of `instruments` (id → symbol) at `venues` (by index, 0-based)."""

    def __init__(
        self,
        instruments: Mapping[int, str],
        venues: Sequence[str],
        limits: MarketLimits | None = None,
        terms: Sequence[VenueTerms] = (),
    ) -> None:
        self._limits = limits or MarketLimits()
        tape = TapeLimits(self._limits.trades_kept, self._limits.days_of_bars)
        super().__init__(instruments, venues, tape, terms)
        self._held: list[deque[FeedPacket]] = [deque(maxlen=self._limits.held_packets) for _ in venues]
        self._catching = [False] * len(venues)

    # ------------------------------------------------------------ lines

    def open_day(self, midnight_ns: int, regular: tuple[int, int] | None = None) -> None:
        """Begin a trading day: empty books, sequences from 1. `midnight_ns` is New York's midnight in UTC.

        `regular` are the instants of the day's open and close: prints outside them are of extended hours, and price bands
        hold only inside.
        """
        day = dt.date.fromordinal(_EPOCH + (midnight_ns + 12 * HOUR) // DAY)
        self.tape.open_day(midnight_ns, regular)
        bands = (
            PRICE_BANDS.on(day) if PRICE_BANDS.covers(day, day) else None
        )  # before the plan there are none
        self.status_board.open_day(midnight_ns, regular, bands)
        self._storage.clear()
        kept = {name: self._instruments[name].copy() for name in ("round_lot", "lot_given")}
        for held in (self._instruments, self._shown):
            held[...] = np.zeros(1, held.dtype)
        self._instruments["lot_given"] = kept["lot_given"]
        self._instruments["round_lot"] = kept["round_lot"] * kept["lot_given"]
        self._rules["stale"] = 0
        self._pending[...] = 0
        self._set("pending_count", 0)
        self._set("midnight", midnight_ns)
        self._set("protection", int(not ORDER_PROTECTION.covers(day, day) or ORDER_PROTECTION.on(day)))
        self._point()
        self._trades_seen = self.tape.newest
        for venue in range(len(self._venue_names)):
            self._next[venue], self._faults[venue], self._gaps[venue] = 1, "", 0
            self._held[venue].clear()
            self._told[venue], self._catching[venue] = [0, 0], False
        kernel.touch_all(self._market, len(self._ids) - 1)

    def advance(self, now_ns: int) -> None:
        """Let time pass without a message: silent venues and old quotes leave the national best, windows of price bands empty."""
        best_kernel.advance(self._header, self._market, now_ns)
        kernel.renew_all_bands(self._market, now_ns)

    def receive(self, packet: FeedPacket) -> None:
        """Take one packet of a venue's line. Never raises for what a packet says: see `line_states`."""
        venue = packet.venue
        if packet.form == COLUMNS:
            self.receive_columns(packet)
        elif self._catching[venue]:
            if len(self._held[venue]) == self._held[venue].maxlen:
                self.catch_up(venue, 1)
            self._held[venue].append(packet)
        else:
            self._apply(packet)

    def _apply(self, packet: FeedPacket) -> None:
        venue = packet.venue
        if packet.sequence != self._next[venue]:
            self._receive_out_of_turn(packet)
            return
        if not packet.count:
            return
        data = np.frombuffer(packet.payload, np.uint8)
        reason = kernel.receive(self._header, self._market, venue, data, 0)
        if reason > DONE:
            reason = self._go_on(venue, packet.payload, reason)
        elif self._word[_TRADES_COUNT]:
            self._tell_tape()
        if reason == DONE and self._word[_APPLIED] == packet.count:
            self._next[venue] += packet.count
        else:
            self._lose(venue, self._fault_of(packet, reason))

    def _go_on(self, venue: int, payload: bytes, reason: int) -> int:
        """Grow what the kernel asks for until the payload is applied or faulty; leaves the total in the header."""
        data = np.frombuffer(payload, np.uint8)
        applied = self._word[_APPLIED]
        while reason > END_OF_SESSION:
            if reason == kernel.GROW_STATUS:
                self.status_board.grow()
            elif reason != DRAIN_TRADES:
                self._storage.grow(reason)
            self._tell_tape()
            reason = kernel.receive(self._header, self._market, venue, data, self._word[_CONSUMED])
            applied += self._word[_APPLIED]
        self._tell_tape()
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
        self._apply(rest)

    def _lose(self, venue: int, reason: str) -> None:
        """Stop showing a venue's books: they are not known any more."""
        self._next[venue] = _UNKNOWN_SEQUENCE
        self._gaps[venue] += 1
        self._faults[venue] = reason
        self._storage.venues["state"][venue] = VENUE_GAP
        self._renew(int(self._storage.venues["time"][venue]))

    def rebuild(
        self, venue: int, sequence: int, payload: bytes, between: Callable[[], None] | None = None
    ) -> bool:
        """`begin_rebuild` and `catch_up` in one go; `between` may read what became of the packets before each.

        True when the line is live again; False leaves it in its gap, and `line_states` says why.
        """
        self.begin_rebuild(venue, sequence, payload)
        while self._catching[venue]:
            if between is not None:
                between()
            self.catch_up(venue, 1)
        return self._next[venue] != _UNKNOWN_SEQUENCE

    def begin_rebuild(self, venue: int, sequence: int, payload: bytes) -> bool:
        """Replace a venue's books by an image whose first message not contained is number `sequence`.

        The packets held since the gap wait for `catch_up`; until all of them are in the books, these are not known. False when the image
        cannot be read.
        """
        self._catching[venue] = False
        time = int(self._storage.venues["time"][venue])
        self._storage.venues["state"][venue] = VENUE_GAP
        clear_venue(self._header, venue, time)
        data = np.frombuffer(payload, np.uint8)
        reason = int(kernel.receive(self._header, self._market, venue, data, 0)) if payload else DONE
        if reason > DONE:
            reason = self._go_on(venue, payload, reason)
        self._tell_tape()
        if reason != DONE:
            where = fault(reason, self._word[_CONSUMED], np.frombuffer(payload, np.uint8))
            self._lose(venue, f"book image: {where}")
            return False
        self._next[venue], self._catching[venue] = sequence, True
        if not self._held[venue]:
            self.catch_up(venue, 1)
        return True

    def is_catching_up(self, venue: int) -> bool:
        """Whether packets wait for `catch_up`."""
        return self._catching[venue]

    def catch_up(self, venue: int, messages: int) -> int:
        """Take packets that waited for an image, until so many messages are taken; give how many were.

        With the last of them the line is live again, or in another gap.
        """
        held, taken = self._held[venue], 0
        while held and taken < messages and self._catching[venue]:
            packet = held.popleft()
            taken += max(packet.count, 1)
            self._apply(packet)
            if self._next[venue] == _UNKNOWN_SEQUENCE:
                self._catching[venue] = False
                if held and held[-1] is packet:
                    held.rotate(1)  # what is behind the new hole waits, in order
        if self._catching[venue] and not held:
            self._catching[venue] = False
            self._storage.venues["state"][venue] = VENUE_LIVE
            kernel.receive(
                self._header, self._market, venue, _NOTHING, 0
            )  # the session may have ended meanwhile
            self._renew(int(self._storage.venues["time"][venue]))
        return taken

    # ------------------------------------------------------------ whole

    def snapshot(self) -> bytes:
        """Copy the whole market out: books, tape, states, lines and the packets they hold."""
        return pack(self.image())

    def image(self) -> MarketImage:
        """Copy the whole market; `market_image.pack` makes bytes of it, which takes several times as long and may be done elsewhere."""
        lines = [
            LineImage(
                self._next[venue],
                self._faults[venue],
                self._gaps[venue],
                [HeldPacket(packet.sequence, packet.count, packet.payload) for packet in self._held[venue]],
                *self._told[venue],
            )
            for venue in range(len(self._venue_names))
        ]
        words, arrays = self.memory()
        return MarketImage(
            layout=LAYOUT,
            venues=list(self._venue_names),
            ids=self._ids[1:],
            books=self._storage.image(),
            tape=self.tape.snapshot(),
            status=self.status_board.image(),
            words=words,
            arrays=arrays,
            lines=lines,
            trades_seen=self._trades_seen,
        )

    def restore(self, raw: bytes) -> None:
        """Become the market a snapshot was taken of, instruments and all. InvalidInput says why an image will not do.

        The venues must be the same. What readers have taken so far is theirs: streams go on where the snapshot's were.
        """
        image = unpack(raw)
        if tuple(image.venues) != self._venue_names:
            raise InvalidInput(
                f"a market image of {', '.join(image.venues)}; this market has {', '.join(self._venue_names)}"
            )
        self.tape.restore(image.tape)
        self._storage.restore(image.books)
        self.status_board.restore(image.status)
        self.put_back(image.ids, image.words, image.arrays)
        self._trades_seen = image.trades_seen
        for venue, line in enumerate(image.lines):
            self._next[venue], self._faults[venue], self._gaps[venue] = (
                line.next_sequence,
                line.fault,
                line.gaps,
            )
            self._told[venue] = [line.levels_of, line.quotes_of]
            self._held[venue].clear()
            self._held[venue].extend(FeedPacket(venue, *msgspec.structs.astuple(held)) for held in line.held)
            self._catching[venue] = bool(line.held) and line.next_sequence != _UNKNOWN_SEQUENCE
        self._names_known = 0

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
            anomalies={
                **{name: int(record["anomalies"][index]) for index, name in enumerate(ANOMALIES)},
                **{name: count for name, count in self._columns[venue].left_out.items() if count},
            },
            last_time_ns=time + self._get("midnight") if time else 0,
            fault=self._faults[venue] if record["state"] == VENUE_GAP else "",
        )

    # ------------------------------------------------------------ trades and bars

    def last_trade(self, instrument_id: int) -> Trade | None:
        """The tape's latest trade."""
        return self.tape.last_trade(instrument_id)

    def trades(self, instrument_id: int, after_index: int, limit: int) -> list[Trade]:
        """The tape's trades numbered above `after_index`."""
        return self.tape.trades(instrument_id, after_index, limit)

    def trades_total(self, instrument_id: int) -> int:
        """The number of the tape's latest trade."""
        return self.tape.trades_total(instrument_id)

    def volume(self, instrument_id: int) -> int:
        """Shares traded today."""
        return self.tape.volume(instrument_id)

    def bars(self, instrument_id: int, start_ns: int, end_ns: int = FOREVER) -> list[Bar]:
        """The tape's one-minute bars."""
        return self.tape.bars(instrument_id, start_ns, end_ns)


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
    market.displayed(1)
    market.advance(1)
    market.depth(1, 1)
    market.queue_ahead(0, 1)
    market.receive_levels(np.zeros(1, LEVEL_ROW))
    market.clear_levels(0)
    market.publish_band(0, 1, 0, 0, 0)
    market.montage(1, 1)
    market.stamp(1, 0, 1, near=True)
    market.marks([1])
    market.rebuild(0, 1, b"")
    load_tape_kernels()
