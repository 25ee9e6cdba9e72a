"""The national best of a stored day, made by the market that makes it live: packets go in, rows of `bbo` come out.

Theory of operation. A `MarketData` of its own hears the packets of `feed` (what lines said, or what was made of rows by
`archive.feed_synthesis`), of sources that tell levels or quotes the rows themselves, and its stream of changes is written down.
So round lots, odd lots, halts, holes in a line, locked and crossed markets are what they are live, by the same kernels. A quote
that is older than `STALE_NS` takes no part.

Packets that were received by a line or a capture are heard in the order in which they were taken. Packets of files, which were
never received by anybody (`ts_recv` is the time of their last message), are heard message by message in the order of time: files
lie one behind the other, venues do not.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import heapq
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rushtrade.domain.errors import RushTradeError
from rushtrade.market.answers import VENUES_MAX
from rushtrade.market.level_rows import price_steps
from rushtrade.market.market_data import MarketData
from rushtrade.market.market_layout import LEVEL_ROW, QUOTE_STATES
from rushtrade.market.nbbo_series import STALE_NS
from rushtrade.market.quotes import VenueTerms
from rushtrade.rules.new_york import midnight_ns
from rushtrade.rules.sessions import regular_hours
from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.schemas import F_LAST, F_LEVEL, NO_PRICE, PRICE_SCALE, SCHEMAS
from rushtrade.wire.errors import WireError
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.itch50_columns import Columns

SYMBOL_LETTERS = 8
"""Letters of a stock's symbol in ITCH 5.0: longer ones are of nothing a market of stocks can have."""
ROWS_AT_ONCE = 1 << 16
"""Rows of `bbo` given at a time."""
QUOTES_ONLY = VenueTerms(stale_ns=STALE_NS, by_quote=True)
"""Of a venue that tells quotes: it repeats itself, so an old quote takes no part; one of orders or levels need not."""
LEVELS_AT_ONCE = 1 << 9
"""Levels or quotes a market hears at a time: even when every venue's quote grows old at each, no change is lost."""
STATES = np.array(QUOTE_STATES, "S9")

Values = npt.NDArray[Any]
Rows = npt.NDArray[np.void]


def best_rows(changes: Rows, instruments: Values, publishers: Values, received_ns: Values | int) -> Rows:
    """Changes of national bests (`market_layout.CHANGE`) as rows of `bbo`; `publishers` are the store's numbers by venue."""
    found = SCHEMAS["bbo"].empty(len(changes))
    found["ts_recv"], found["ts_event"] = received_ns, changes["time"]
    found["instrument_id"] = instruments
    numbers = np.concatenate([[0], publishers])
    for side in ("bid", "ask"):
        price = changes[side]
        found[f"{side}_px_00"] = np.where(price > 0, price * PRICE_SCALE, NO_PRICE)
        found[f"{side}_sz_00"] = changes[f"{side}_shares"]
        found[f"{side}_pb_00"] = numbers[_first_venue(changes[f"{side}_venues"])]
    found["state"] = STATES[changes["state"]]
    return found


def _first_venue(bits: npt.NDArray[np.uint64]) -> Values:
    """Place of the lowest bit that is set, from 1; 0 when none is."""
    lowest = bits & (~bits + np.uint64(1))
    found: Values = np.where(
        bits > 0, np.log2(np.maximum(lowest, 1).astype(np.float64)).astype(np.int64) + 1, 0
    )
    return found


def national_best(
    reader: ColumnsReader, instruments: Mapping[str, int], trade_date: dt.date
) -> Iterator[Rows]:
    """Rows of `bbo` that a part makes, in the order of their making; `instruments` are numbers by symbol."""
    tells_orders = bool((reader.column("mbo", "flags") & F_LEVEL == 0).any())
    packets = _Packets(reader)
    levels = _levels(reader) if not tells_orders else np.zeros(0, LEVEL_ROW)
    publishers = np.unique(levels["publisher"]) if len(levels) else packets.publishers
    known = {number: symbol for symbol, number in instruments.items() if len(symbol) <= SYMBOL_LETTERS}
    if not known or not 0 < len(publishers) <= VENUES_MAX:
        return
    quoting = np.isin(publishers, reader.column("mbp-1", "publisher_id")) & (len(levels) > 0)
    terms = [QUOTES_ONLY if quotes else VenueTerms() for quotes in quoting.tolist()]
    data = MarketData(known, [str(number) for number in publishers.tolist()], terms=terms)
    data.open_day(midnight_ns(trade_date), _hours(trade_date))
    waiting, count = [], 0
    for received_ns in _hear_levels(data, levels) if len(levels) else _hear_packets(data, packets):
        changes = data.take_bbo_changes()
        if len(changes):
            received = received_ns or changes["time"]
            waiting.append(best_rows(changes, changes["instrument"], publishers, received))
            count += len(changes)
        if count >= ROWS_AT_ONCE:
            yield np.concatenate(waiting)
            waiting, count = [], 0
    if waiting:
        yield np.concatenate(waiting)


def _hear_packets(data: MarketData, packets: _Packets) -> Iterator[int]:
    """Let a market hear packets; give after each when it was received, 0 for never."""
    for packet, kind, received_ns in packets:
        if kind == b"I":
            data.rebuild(packet.venue, packet.sequence, packet.payload)
        else:
            data.receive(packet)
        yield received_ns


def _hear_levels(data: MarketData, levels: Rows) -> Iterator[int]:
    """Let a market hear levels and quotes, in the order of time."""
    for begin in range(0, len(levels), LEVELS_AT_ONCE):
        data.receive_levels(levels["row"][begin : begin + LEVELS_AT_ONCE])
        yield 0


def _levels(reader: ColumnsReader) -> Rows:
    """Quotes and price levels of a part as rows a market takes, by time; those at no price of a stock are left out."""
    quotes, steps = reader.records("mbp-1"), reader.records("mbo")
    found = np.zeros(len(quotes) + len(steps), [("publisher", "<u2"), ("row", LEVEL_ROW)])
    for held, rows in ((quotes, found[: len(quotes)]), (steps, found[len(quotes) :])):
        rows["publisher"] = held["publisher_id"]
        row = rows["row"]
        row["time"], row["instrument"], row["complete"] = held["ts_event"], held["instrument_id"], 1
        if held is quotes:
            row["kind"] = b"Q"
            row["price"], row["ask"] = (price_steps(held[name]) for name in ("bid_px_00", "ask_px_00"))
            row["shares"], row["ask_shares"] = held["bid_sz_00"], held["ask_sz_00"]
        else:
            row["kind"], row["price"] = b"L", price_steps(held["price"])
            row["side"], row["complete"] = held["side"] == b"A", held["flags"] & F_LAST != 0
            row["shares"] = np.where(held["action"] == b"C", 0, held["size"])
    no_books = np.concatenate([np.zeros(len(quotes), bool), ~np.isin(steps["action"], [b"A", b"M", b"C"])])
    found = found[(found["row"]["price"] >= 0) & (found["row"]["ask"] >= 0) & ~no_books]
    found["row"]["venue"] = np.unique(found["publisher"], return_inverse=True)[1]
    ordered: Rows = found[np.argsort(found["row"]["time"], kind="stable")]
    return ordered


def _hours(day: dt.date) -> tuple[int, int] | None:
    try:
        return regular_hours(day)
    except RushTradeError:
        return None  # no session that day


class _Packets:
    """The packets of a part in the order in which a market hears them: (packet, kind, time of receipt or 0)."""

    def __init__(self, reader: ColumnsReader) -> None:
        names = ("publisher_id", "kind", "sequence", "count", "bytes", "ts_recv", "ts_last")
        held = {name: np.asarray(reader.column("feed", name)) for name in names}
        ends = np.cumsum(held["bytes"])
        spoken = held["kind"] != b"C"
        columns = {name: values[spoken] for name, values in held.items()}
        self._kinds, self._received = columns["kind"], columns["ts_recv"]
        self._sequences, self._counts = columns["sequence"], columns["count"]
        self._begins, self._ends = (ends - held["bytes"])[spoken], ends[spoken]
        self.publishers, self._venues = np.unique(columns["publisher_id"], return_inverse=True)
        self._of_files = bool((columns["ts_last"] == self._received)[self._kinds == b"P"].all())
        self._payload = reader.payload("feed")

    def __iter__(self) -> Iterator[tuple[FeedPacket, bytes, int]]:
        if self._of_files and len(self.publishers) > 1:
            return ((packet, b"P", 0) for packet in self._in_time())
        return self._as_taken()

    def at(self, place: int) -> FeedPacket:
        """The packet of a row."""
        payload = self._payload[self._begins[place] : self._ends[place]].tobytes()
        return FeedPacket(
            int(self._venues[place]), int(self._sequences[place]), int(self._counts[place]), payload
        )

    def _as_taken(self) -> Iterator[tuple[FeedPacket, bytes, int]]:
        received = np.zeros(len(self._kinds), np.int64) if self._of_files else self._received
        for place, (kind, received_ns) in enumerate(
            zip(self._kinds.tolist(), received.tolist(), strict=True)
        ):
            yield self.at(place), kind, received_ns

    def _in_time(self) -> Iterator[FeedPacket]:
        """Messages of all venues by their times; of equal times, venues in the order of their numbers."""
        columns = Columns(int(self._counts.max(initial=0)) + 1)
        lines = [
            _Line(self, np.flatnonzero(self._venues == venue), columns)
            for venue in range(len(self.publishers))
        ]
        due = [(line.time, venue) for venue, line in enumerate(lines) if line.has_more]
        heapq.heapify(due)
        while due:
            venue = due[0][1]
            line = lines[venue]
            following = min(due[1:3], default=(_FOREVER, 0))
            yield line.take(following[0], inclusive=venue < following[1])
            if line.has_more:
                heapq.heapreplace(due, (line.time, venue))
            else:
                heapq.heappop(due)


_FOREVER = (1 << 63) - 1


class _Line:
    """Messages of one venue, given a run at a time."""

    def __init__(self, packets: _Packets, places: Values, columns: Columns) -> None:
        self._packets, self._columns = packets, columns
        self._places = iter(places.tolist())
        self._latest = 0
        self.has_more = True
        self._next_packet()

    @property
    def time(self) -> int:
        """When the next message is due, since midnight; never earlier than one before it."""
        return int(self._times[self._at])

    def _next_packet(self) -> None:
        place = next(self._places, None)
        if place is None:
            self.has_more = False
            return
        self._packet = self._packets.at(place)
        with contextlib.suppress(
            WireError
        ):  # what cannot be read goes with the message before it, as it once came
            self._columns.decode(self._packet.payload)
        times = self._columns.timestamp[: max(self._packet.count, 1)]
        times = times if len(times) else np.full(1, self._latest)
        self._times = np.maximum.accumulate(np.maximum(times, self._latest))
        self._latest = int(self._times[-1])
        between = self._columns.offset[1 : len(times)]
        self._offsets = np.concatenate([[0], between, [len(self._packet.payload)]])
        self._at = 0

    def take(self, until: int, *, inclusive: bool) -> FeedPacket:
        """The messages before a moment, or up to and including it; the next one is due by then."""
        begin, packet = self._at, self._packet
        self._at = end = max(
            int(self._times.searchsorted(until, "right" if inclusive else "left")), begin + 1
        )
        whole = end == len(self._times)
        count = packet.count - begin if whole else end - begin
        payload = packet.payload[self._offsets[begin] : self._offsets[end]]
        if whole:
            self._next_packet()
        return FeedPacket(packet.venue, packet.sequence + begin, count, payload)
