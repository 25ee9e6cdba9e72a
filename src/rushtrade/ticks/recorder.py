"""What lines say, recorded: packets and book images become rows of `feed`, `mbo`, `trades`, `status`, `definition`, `imbalance`.

    recorder = PacketRecorder(writer, venues, midnight_ns)
    recorder.packet(packet, now_ns)                             # in the order the books were given them
    recorder.image(venue, sequence, payload, now_ns)            # when the books were rebuilt from an image

Theory of operation. Every packet and image is kept in `feed` as it came, so that the day can be played again byte for byte. Rows
are made of messages as long as a venue's numbers follow on. Behind a hole they wait (at most `HELD_PACKETS_MAX` packets), since
nobody knows what they mean; an image clears the venue (`R` rows and the image's orders, with `F_SNAPSHOT`) and what waits and
follows on is then taken; so is what another copy of the line brings of the hole. A message that cannot be read is a hole too. Which spans were not known is told by `feed`.

`take_up` goes on with a day that another process began: what its lines said already makes the same resting orders again and no row, by its
number, as long as the first of it is the same; an image ends that.

A live market speaks in pieces of few messages, and a call of the store costs as much as many rows: with `together`, packets and rows are kept
until `hand_over` is called (before a flush) or there are many of them.

A time of receipt of 0 stands for that of the message itself: so a recorded file is taken. Refuses to know sockets and clocks. One thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rushtrade.feeds.events import EVENT
from rushtrade.ticks import itch_rows_kernel as kernel
from rushtrade.ticks.columns import ColumnsReader, Rows
from rushtrade.ticks.import_events import EventRows
from rushtrade.ticks.itch_rows import rows_of
from rushtrade.ticks.schemas import F_NUMBERED, F_SNAPSHOT, SCHEMAS
from rushtrade.ticks.writer import TickWriter
from rushtrade.wire.feed_packet import COLUMNS, FeedPacket
from rushtrade.wire.itch50_kernel import DONE, END_OF_SESSION, FULL

ROWS = 1 << 15
"""Rows made at a time."""
ORDERS_MIN = 1 << 12
"""Places of the first table of resting orders; it doubles when half full."""
HELD_PACKETS_MAX = 4096
"""Packets of a venue kept behind a hole until an image comes; older ones go."""
FEED_ROWS, FEED_BYTES = 1 << 12, 1 << 20
"""Packets, and bytes of them, that wait for each other."""
PIECE_BYTES = 1 << 17
"""Bytes of a `feed` row made from a longer stream: some 4,000 messages."""

COLUMN_SCHEMAS = ("mbo", "mbp-1", "trades", "status", "definition", "imbalance")
"""Where rows of a line of columns go: it has no messages to keep in `feed`."""

_WORD = {name: index for index, name in enumerate(kernel.STATE)}


class _Venue:
    """Resting orders and numbers of one line."""

    def __init__(self, publisher: int, midnight_ns: int) -> None:
        self.publisher = publisher
        self.words = np.zeros(kernel.STATE_WORDS, np.int64)
        self.locates = np.zeros(1 << 16, np.uint32)
        self.next_sequence = 1
        self.known = True
        self.faulty = False
        """Whether a message could not be read: only an image helps."""
        self.last_ns = self.image_ns = 0
        """Times of the latest message, and of the image being taken: its rows stand where it was taken."""
        self.held: deque[FeedPacket] = deque(maxlen=HELD_PACKETS_MAX)
        self.stored_below = 0
        """Numbers below are in the store: another process took them down."""
        self.stored_first: tuple[int, bytes] = (0, b"")
        """Number and bytes of the first message in the store, by which a session is known again."""
        self.put("publisher", publisher)
        self.put("midnight", midnight_ns)
        self.put("locates", self.locates.ctypes.data)
        self.clear()

    def put(self, name: str, value: int) -> None:
        """Set a word of the kernel's state."""
        self.words[_WORD[name]] = value

    def get(self, name: str) -> int:
        """A word of the kernel's state."""
        return int(self.words[_WORD[name]])

    def clear(self) -> None:
        """Forget every order."""
        self._take_table(np.zeros(ORDERS_MIN, kernel.RESTING))

    def grow(self) -> None:
        """Double the table of orders."""
        old = self.table
        self._take_table(np.zeros(2 * len(old), kernel.RESTING))
        kernel.put_all(self.words.ctypes.data, old.ctypes.data, len(old))

    def _take_table(self, table: npt.NDArray[Any]) -> None:
        self.table = table
        self.put("table", table.ctypes.data)
        self.put("mask", len(table) - 1)
        self.put("live", 0)


class PacketRecorder:
    """Records the lines of `venues` (by the index packets carry) with a writer. `midnight_ns` is New York's, in UTC."""

    def __init__(
        self, writer: TickWriter, venues: Sequence[str], midnight_ns: int, *, together: bool = False
    ) -> None:
        """`together`: rows wait for `hand_over`; else every packet's are with the writer at once."""
        self._writer = writer
        self._waits = together
        self._feed: list[tuple[int, int, int, int, bytes, int, int, int]] = []
        """Rows of `feed` that wait, and their bytes."""
        self._payloads: list[bytes] = []
        self._payload_bytes = self._mbo_rows = self._trade_rows = 0
        self._midnight_ns = midnight_ns
        self._venues = [_Venue(writer.publisher(name), midnight_ns) for name in venues]
        self._mbo = np.zeros(ROWS, SCHEMAS["mbo"].dtype)
        self._trades = np.zeros(ROWS, SCHEMAS["trades"].dtype)
        self._others = np.zeros((ROWS, 2), np.int64)
        for venue in self._venues:
            venue.put("mbo", self._mbo.ctypes.data)
            venue.put("trades", self._trades.ctypes.data)
            venue.put("others", self._others.ctypes.data)
            venue.put("room", ROWS)
        self._columns = EventRows(writer, 0, from_midnight=False, venue="", symbol="", places=venues)

    def anomalies(self) -> dict[str, int]:
        """What contradicted the resting orders, of all venues."""
        counts = sum(venue.words[len(kernel.STATE) :] for venue in self._venues)
        return dict(zip(kernel.ANOMALIES, np.asarray(counts).tolist(), strict=True))

    def take_up(self) -> int:
        """Go on with what is durable of the day already; gives how many of its messages will be passed over when they come again."""
        held = self._writer.reader()
        for schema in COLUMN_SCHEMAS:
            for number in np.unique(held.column(schema, "publisher_id")).tolist():
                mine = held.column(schema, "publisher_id") == number
                newest = int(held.column(schema, "sequence")[mine].max())
                self._columns.stored[number] = max(newest, self._columns.stored.get(number, 0))
        columns = ("publisher_id", "kind", "sequence", "count", "bytes")
        publishers, kinds, sequences, counts, sizes = (held.column("feed", name) for name in columns)
        payload, offsets = held.payload("feed"), np.cumsum(sizes) - sizes
        for venue in self._venues:
            mine = np.flatnonzero((publishers == venue.publisher) & (kinds == b"P") & (counts > 0))
            if not len(mine):
                continue
            venue.stored_below = int((sequences[mine] + counts[mine]).max())
            begin = int(offsets[mine[0]])
            first = payload[begin : begin + int(sizes[mine[0]])]
            size = kernel.messages_cut(np.array(first), 0, 1, 1 << 62)[0]
            venue.stored_first = int(sequences[mine[0]]), first[:size].tobytes()
        return sum(max(venue.stored_below - 1, 0) for venue in self._venues)

    def packet(self, packet: FeedPacket, now_ns: int) -> None:
        """Record a packet as the books were given it."""
        if not packet.count:
            return
        if packet.form == COLUMNS:
            self._columns.take(np.frombuffer(packet.payload, EVENT), now_ns, packet.sequence)
            return
        venue = self._venues[packet.venue]
        fresh = self._not_stored(venue, packet) if venue.stored_below > packet.sequence else packet
        if fresh.count:
            self._keep(b"P", fresh, now_ns)
        if venue.faulty or (not venue.known and packet.sequence > venue.next_sequence):
            venue.held.append(packet)
        elif packet.sequence > venue.next_sequence:
            venue.known = False
            venue.held.append(packet)
        else:
            self._take(venue, packet, now_ns, 0)
            self._take_held(venue, now_ns)
        if not self._waits or len(self._feed) >= FEED_ROWS or self._payload_bytes >= FEED_BYTES:
            self.hand_over()

    def hand_over(self) -> None:
        """Give the writer what waits."""
        if self._feed:
            rows = np.array(self._feed, SCHEMAS["feed"].dtype)
            self._writer.append("feed", rows, b"".join(self._payloads))
            self._feed.clear()
            self._payloads.clear()
            self._payload_bytes = 0
        self._writer.append("mbo", self._mbo[: self._mbo_rows])
        self._writer.append("trades", self._trades[: self._trade_rows])
        self._mbo_rows = self._trade_rows = 0

    def _not_stored(self, venue: _Venue, packet: FeedPacket) -> FeedPacket:
        """Give what of a packet is not in the store; all of it when its session is another one."""
        data = np.frombuffer(packet.payload, np.uint8)
        number, first = venue.stored_first
        if packet.sequence <= number < packet.sequence + packet.count:
            begin = kernel.messages_cut(data, 0, number - packet.sequence, 1 << 62)[0]
            if packet.payload[begin : begin + len(first)] != first:
                venue.stored_below = 0
                return packet
        stored = min(venue.stored_below - packet.sequence, packet.count)
        size = kernel.messages_cut(data, 0, stored, 1 << 62)[0]
        return FeedPacket(
            packet.venue, packet.sequence + stored, packet.count - stored, packet.payload[size:]
        )

    def image(self, venue: int, sequence: int, payload: bytes, now_ns: int) -> None:
        """Record a book image that stands for all messages before number `sequence`."""
        self._keep(b"I", FeedPacket(venue, sequence, 0, payload), now_ns)
        state = self._venues[venue]
        count, _, last = kernel.messages_span(np.frombuffer(payload, np.uint8))
        state.image_ns = max(state.last_ns, last + self._midnight_ns if count else 0)
        self._clear(state, sequence, now_ns)
        state.known, state.faulty = True, False
        state.next_sequence = sequence - count
        self._take(state, FeedPacket(venue, sequence - count, count, payload), now_ns, F_SNAPSHOT)
        self._take_held(state, now_ns)
        self.hand_over()

    def _take_held(self, venue: _Venue, now_ns: int) -> None:
        """Take what waited behind a hole, as far as it follows on: an image came, or another copy of the line."""
        if not venue.held:
            venue.known = not venue.faulty
            return
        waiting = sorted(venue.held, key=lambda held: held.sequence)
        venue.held.clear()
        for place, packet in enumerate(waiting):
            if packet.sequence > venue.next_sequence or venue.faulty:
                venue.held.extend(waiting[place:])
                venue.known = False
                return
            self._take(venue, packet, now_ns, 0)
        venue.known = not venue.faulty

    def _keep(self, kind: bytes, packet: FeedPacket, now_ns: int) -> None:
        """Append the packet itself to `feed`."""
        _, first, last = kernel.messages_span(np.frombuffer(packet.payload, np.uint8))
        received_ns = now_ns or last + self._midnight_ns
        publisher, size = self._venues[packet.venue].publisher, len(packet.payload)
        self._feed.append(
            (received_ns, first + self._midnight_ns, last + self._midnight_ns, publisher, kind, packet.sequence,
             packet.count, size)
        )  # fmt: skip
        self._payloads.append(packet.payload)
        self._payload_bytes += size

    def _clear(self, venue: _Venue, sequence: int, now_ns: int) -> None:
        """Write `R` for every instrument of a venue that had orders."""
        resting = venue.table[venue.table["shares"] > 0]
        instruments = np.unique(resting["instrument"])
        if venue.stored_below > venue.next_sequence:
            # orders of the process before rest in the store, and were not told again
            held = self._writer.reader()
            mine = held.column("mbo", "publisher_id") == venue.publisher
            instruments = np.union1d(instruments, held.column("mbo", "instrument_id")[mine])
        venue.stored_below = 0
        rows = SCHEMAS["mbo"].empty(len(instruments))
        rows["ts_recv"], rows["ts_event"], rows["sequence"] = (
            now_ns or venue.image_ns,
            venue.image_ns,
            sequence - 1,
        )
        rows["publisher_id"], rows["instrument_id"] = venue.publisher, instruments
        rows["action"], rows["side"], rows["flags"] = b"R", b"N", F_SNAPSHOT
        self._writer.append("mbo", rows)
        venue.clear()

    def _take(self, venue: _Venue, packet: FeedPacket, now_ns: int, flags: int) -> None:
        """Make rows of the messages of a packet that were not seen before."""
        if flags or venue.stored_below:
            self.hand_over()  # these rows are looked at before the writer has them
        data = np.frombuffer(packet.payload, np.uint8)
        known = max(venue.next_sequence - packet.sequence, 0)
        begin = kernel.messages_cut(data, 0, known, 1 << 62)[0] if known else 0
        end = packet.sequence + packet.count
        venue.put("received", now_ns)
        venue.put("flags", flags)
        venue.put("sequence", packet.sequence + known)
        self._go_on_with_rows(venue)
        while True:
            reason = kernel.take_messages(venue.words, data, begin)
            begin = venue.get("consumed")
            if reason == kernel.GROW:
                venue.grow()
                continue  # the rows so far stay where they are: a directory names thousands of stocks in a row
            if reason == kernel.NAME_NEEDED:
                self._name(venue, data, begin)
                continue
            self._write(venue, data, now_ns, packet.sequence + packet.count - 1 if flags else 0)
            if reason != FULL:
                break
            self._go_on_with_rows(venue)
        venue.next_sequence = max(venue.get("sequence"), venue.next_sequence)
        if reason not in (DONE, END_OF_SESSION) or venue.get("sequence") < end:
            venue.known, venue.faulty = False, True

    def _go_on_with_rows(self, venue: _Venue) -> None:
        """Have the kernel write behind the rows that wait, whichever venue's they are."""
        venue.put("mbo_rows", self._mbo_rows)
        venue.put("trade_rows", self._trade_rows)

    def _name(self, venue: _Venue, data: npt.NDArray[np.uint8], at: int) -> None:
        """Give the stock of the message at `at` its number."""
        code, locate = int(data[at + 2]), int(data[at + 3]) << 8 | int(data[at + 4])
        place = {ord("R"): 11, ord("Q"): 19}.get(code, 24)
        symbol = data[at + 2 + place : at + 10 + place].tobytes().decode("latin-1").rstrip()
        venue.locates[locate] = self._writer.instrument(symbol or "?")

    def _write(self, venue: _Venue, data: npt.NDArray[np.uint8], now_ns: int, image: int) -> None:
        """Keep the rows a call of the kernel made. `image` is the number an image stands for."""
        before, self._mbo_rows = self._mbo_rows, venue.get("mbo_rows")
        self._trade_rows = venue.get("trade_rows")
        if image:
            mbo = self._mbo[: self._mbo_rows]
            mbo["ts_event"], mbo["sequence"] = venue.image_ns, image
        elif self._mbo_rows > before:
            venue.last_ns = max(venue.last_ns, int(self._mbo[self._mbo_rows - 1]["ts_event"]))
        if venue.get("other_rows"):
            self._write_others(venue, data, now_ns)
        if venue.stored_below:
            self._mbo_rows = _kept(self._mbo, self._mbo_rows, venue.stored_below)
            self._trade_rows = _kept(self._trades, self._trade_rows, venue.stored_below)
        if image or venue.stored_below or max(self._mbo_rows, self._trade_rows) >= ROWS // 2:
            self.hand_over()

    def _write_others(self, venue: _Venue, data: npt.NDArray[np.uint8], now_ns: int) -> None:
        """Write what was said besides orders and trades."""
        others = self._others[: venue.get("other_rows")]
        others = others[others[:, 1] >= venue.stored_below]
        venue.put("other_rows", 0)
        if len(others):
            for schema, rows in rows_of(data, others[:, 0], others[:, 1], venue.locates, self._midnight_ns):
                rows["ts_recv"], rows["publisher_id"] = now_ns or rows["ts_event"], venue.publisher
                self._writer.append(schema, rows)


def _kept(rows: npt.NDArray[Any], count: int, stored_below: int) -> int:
    """Move the rows of messages that are not in the store to the front of the first `count`; give how many there are."""
    fresh = rows[:count][rows["sequence"][:count] >= stored_below]
    rows[: len(fresh)] = fresh
    return len(fresh)


class StoredBefore:
    """How far the trades and best quotes of a day came that is gone on with."""

    def __init__(self, held: ColumnsReader) -> None:
        self.best_ns = int(held.column("bbo", "ts_event").max(initial=0))
        times, publishers, numbers = (
            np.array(held.column("tbbo", name)) for name in ("ts_event", "publisher_id", "trade_id")
        )
        self._last_ns = np.zeros(1 << 16, np.int64)
        np.maximum.at(self._last_ns, publishers, times)
        self._numbers = numbers[times == self._last_ns[publishers]]
        """Of the trades in each venue's last nanosecond."""
        numbered = held.column("tbbo", "flags") & F_NUMBERED > 0
        self.newest_number = int(held.column("tbbo", "sequence")[numbered].max(initial=0))
        """Highest `sequence` of a numbered trade: those of this process are above it."""

    def is_later_trade(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Tell which trades are not in the store."""
        last_ns = self._last_ns[rows["publisher_id"]]
        again = (rows["ts_event"] == last_ns) & np.isin(rows["trade_id"], self._numbers)
        later: npt.NDArray[np.bool_] = (rows["ts_event"] >= last_ns) & ~again
        return later


def load_kernels() -> None:
    """Bring every compiled kernel of the recorder into the process, so that the first packet finds them ready."""
    words = np.zeros(kernel.STATE_WORDS, np.int64)
    data = np.zeros(0, np.uint8)
    data.flags.writeable = False
    kernel.take_messages(words, data, 0)
    kernel.messages_span(data)
    kernel.messages_cut(data, 0, 0, 0)
    kernel.put_all(words.ctypes.data, 0, 0)
