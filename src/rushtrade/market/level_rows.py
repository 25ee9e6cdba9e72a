"""Feeds of columns: levels, quotes, reported trades, states and reference data become rows for the market, and the market takes them.

Feeds that tell no orders (IEX DEEP and TOPS, the SIPs, Nasdaq BBO and Last Sale Plus, TAQ) come as rows of `feeds.events.EVENT`. Names become
numbers and units become ours: prices in $0.0001, whole shares, UTC. What does not fit is counted and left out, never rounded into something
nobody quoted: a price of a quote between two steps, a name nobody knows, a size in lots of an unknown lot (`feeds.lots` makes shares of
those before). A fraction of a share is no share. Only a trade's price may be finer, and is rounded to the nearest: it did happen.

A hole in a line's numbers (rows G) makes what the line told doubtful, and nobody can be asked. Levels that may have changed unheard are not known
until the feed begins anew (R). A quote says everything, so quotes are void until the next of the same stock and venue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rushtrade.books.book_feed_kernel import DRAIN_TRADES
from rushtrade.books.book_layout import HEADER, VENUE_GAP, VENUE_LIVE
from rushtrade.books.book_storage import symbol_text
from rushtrade.domain.errors import require
from rushtrade.feeds.events import EVENT, LOTS, MICRO, NO_PRICE
from rushtrade.market import market_kernel as kernel
from rushtrade.market.answers import VENUES_MAX, MarketAnswers
from rushtrade.market.market_layout import LEVEL_ROW
from rushtrade.market.quotes import VenueTerms
from rushtrade.tape.reports import packed_conditions
from rushtrade.tape.tape import TapeLimits
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.itch50_kernel import DONE

_TRADES_COUNT = HEADER.index("trades_count")
LEVELS_AND_QUOTES = (b"L", b"Q")
TRADES = (b"T", b"X", b"K")
TAKEN = (*LEVELS_AND_QUOTES, *TRADES, b"B", b"H", b"h", b"Y", b"D")
"""Actions a market takes; orders come as messages, and the rest is nobody's business here."""
REASONS = (
    *(
        "unknown_symbol",
        "unknown_venue",
        "between_steps",
        "size_in_lots",
        "without_price",
        "bad_size",
        "bad_state",
    ),
    "fraction",
)
STATES = {b"H": b"HPQT", b"h": b"HT", b"Y": b"012"}
"""Letters a state may have."""
MATCH_MAX = (1 << 63) - 1
TIERS = {1: 1, 2: 2, ord("1"): 1, ord("2"): 2}
"""Tiers of price bands, as a number or a letter."""

PRICE_STEP = 100_000
"""Billionths of a dollar in $0.0001."""
PRICE_MAX = 0xFFFF_FFFE
"""The highest price a ladder's key holds."""
EVENT_COMPLETE = 1
"""Bit of IEX's event flags: the book makes sense again."""

Records = npt.NDArray[Any]


class LevelRows:
    """Turns events into rows. `ids` are instruments by symbol, `venues` the market's venues by the feed's letters.

    A feed of one venue writes no letters; its venue is that of the empty word. A feed of one stock writes no symbol, likewise. Where a
    line has looked a venue up (`place`), that is it.
    """

    def __init__(
        self,
        ids: Mapping[str, int],
        venues: Mapping[str, int],
        midnight_ns: int = 0,
        places: int = VENUES_MAX,
    ) -> None:
        """`midnight_ns` is added to the times of feeds that count from midnight; `places` is how many venues there are."""
        self.ids = {symbol.encode("ascii"): number for symbol, number in ids.items()}
        self._venues = {letters.encode("ascii"): venue for letters, venue in venues.items()}
        self._midnight_ns = midnight_ns
        self._places = places
        self.left_out = dict.fromkeys(REASONS, 0)
        """Events that could not be told, by reason; `fraction` counts trades whose fraction of a share was left out."""

    def take(self, events: Records) -> Records:
        """Give what a market takes of rows of `feeds.events.EVENT`, in order."""
        chosen = events[np.isin(events["action"], TAKEN)]
        instruments = self._named(chosen["symbol"], self.ids)
        venues = np.where(
            chosen["place"] > 0, chosen["place"].astype(np.int64) - 1, self._named_venues(chosen)
        )
        trades = np.isin(chosen["action"], TRADES)
        prices, asks = price_steps(chosen["price"]), price_steps(chosen["ask_price"])
        rounded = (chosen["price"] + PRICE_STEP // 2) // PRICE_STEP
        prices = np.where(
            trades & (chosen["price"] > 0) & (rounded > 0) & (rounded <= PRICE_MAX), rounded, prices
        )
        reasons = {
            "unknown_symbol": instruments < 0,
            "unknown_venue": (venues < 0) | (venues >= self._places),
            "between_steps": (prices < 0) | (asks < 0) | ((chosen["action"] == b"B") & (asks < prices)),
            "size_in_lots": chosen["unit"] == LOTS,
            "without_price": (prices == 0) & np.isin(chosen["action"], (b"T", b"K")),
            "bad_size": (chosen["size"] < 0) | (chosen["ask_size"] < 0),
            "bad_state": _has_bad_state(chosen),
        }
        fits = np.ones(len(chosen), np.bool_)
        for reason, fails in reasons.items():
            self.left_out[reason] += int((fits & fails).sum())
            fits &= ~fails
        return self._rows(chosen[fits], instruments[fits], venues[fits], prices[fits], asks[fits])

    def _rows(
        self,
        kept: Records,
        instruments: npt.NDArray[np.int64],
        venues: npt.NDArray[np.int64],
        prices: npt.NDArray[np.int64],
        asks: npt.NDArray[np.int64],
    ) -> Records:
        rows = np.zeros(len(kept), LEVEL_ROW)
        rows["time"] = kept["time"] + self._midnight_ns
        rows["instrument"], rows["venue"] = instruments, venues
        rows["price"], rows["ask"] = prices, asks
        rows["shares"], rows["ask_shares"] = kept["size"] // MICRO, kept["ask_size"] // MICRO
        rows["kind"] = kept["action"]
        rows["side"] = kept["side"] == b"A"
        rows["complete"] = np.where(kept["action"] == b"L", kept["flags"] & EVENT_COMPLETE, 1)
        rows["state"], rows["conditions"] = kept["flags"], kept["conditions"]
        listed = np.flatnonzero(kept["action"] == b"D")
        rows["state"][listed] = [TIERS.get(tier, 0) for tier in kept["flags"][listed].tolist()]
        trades = np.flatnonzero(np.isin(kept["action"], TRADES))
        if len(trades):
            told = kept[trades]
            names = np.where(
                (told["action"] != b"T") & (told["original"] > 0), told["original"], told["order"]
            )
            rows["ask"][trades] = (names & np.uint64(MATCH_MAX)).astype(np.int64)
            rows["ask_shares"][trades] = (told["order"] & np.uint64(MATCH_MAX)).astype(np.int64)
            rows["conditions"][trades] = packed_conditions(told["conditions"]).astype("<u4").view("S4")
            self.left_out["fraction"] += int(np.count_nonzero(told["size"] % MICRO))
        return rows

    def _named_venues(self, chosen: Records) -> npt.NDArray[np.int64]:
        return self._named(chosen["venue"], self._venues)

    def _named(self, names: npt.NDArray[np.bytes_], numbers: Mapping[bytes, int]) -> npt.NDArray[np.int64]:
        kinds, which = np.unique(names, return_inverse=True)
        return np.array([numbers.get(name, -1) for name in kinds.tolist()], np.int64)[which]


class MarketOfColumns(MarketAnswers):
    """What a market takes as rows; one line's share of the venues is known by what it has told."""

    def __init__(
        self,
        instruments: Mapping[int, str],
        venues: Sequence[str],
        tape: TapeLimits,
        terms: Sequence[VenueTerms],
    ) -> None:
        super().__init__(instruments, len(venues), tape, terms)
        self._venue_names = tuple(venues)
        self._next = [1] * len(venues)
        self._faults = [""] * len(venues)
        self._gaps = [0] * len(venues)
        self._trades_seen = 0
        self._columns = [LevelRows({}, {"": venue}, 0, len(venues)) for venue in range(len(venues))]
        """By line: how its rows are read, and what of them was left out."""
        self._told = [[0, 0] for _ in venues]
        """By line: bits of the venues whose levels, and whose quotes, it tells."""
        self._names_known = 0

    def receive_columns(self, packet: FeedPacket) -> None:
        """Take a packet of rows of a line; a hole in its numbers is a row among them."""
        line = packet.venue
        self._next[line] = packet.sequence + packet.count
        events = np.frombuffer(packet.payload, EVENT)
        self._learn_names()
        marks = np.flatnonzero(np.isin(events["action"], (b"G", b"R")) & (events["type"] == b""))
        begin = 0
        for mark in [*marks.tolist(), len(events)]:
            self._take_columns(line, events[begin:mark])
            if mark < len(events):
                self._break(line, int(events["order"][mark]), anew=events["action"][mark] == b"R")
            begin = mark + 1

    def _learn_names(self) -> None:
        if self._names_known == len(self._ids):
            return
        self._names_known = len(self._ids)
        names = {symbol_text(number): int(slot) for number, slot in self._storage.symbols if number}
        for columns in self._columns:
            columns.ids = {symbol.encode("ascii"): slot for symbol, slot in names.items()}

    def _take_columns(self, line: int, events: Records) -> None:
        rows = self._columns[line].take(events)
        told = self._told[line]
        for place, kind in enumerate(LEVELS_AND_QUOTES):
            for venue in np.unique(rows["venue"][rows["kind"] == kind]).tolist():
                told[place] |= 1 << venue
        self._take_rows(rows)

    def _take_rows(self, rows: Records) -> None:
        """Apply rows whose instruments are slots."""
        begin = 0
        while begin < len(rows):
            begin, reason = kernel.take_levels(self._header, self._market, rows.ctypes.data, begin, len(rows))
            if reason == DRAIN_TRADES:
                self._tell_tape()
            elif reason != DONE:
                self._storage.grow(reason)
        if self._word[_TRADES_COUNT]:
            self._tell_tape()

    def _break(self, line: int, missing: int, *, anew: bool) -> None:
        """Numbers of a line are missing, or it began anew: what it told is void."""
        levels, quotes = self._told[line]
        states = self._storage.venues["state"]
        if not anew:
            self._gaps[line] += 1
        for venue in range(len(self._venue_names)):
            if (levels if anew else 0) >> venue & 1 or quotes >> venue & 1:
                kernel.clear_levels(self._header, venue, int(self._storage.venues["time"][venue]))
            if levels >> venue & 1:
                states[venue] = VENUE_LIVE if anew else VENUE_GAP
                count = f"{missing:,} messages" if missing else "some messages"
                self._faults[venue] = "" if anew else f"{count} are missing, and nobody can be asked for them"
        self._renew(int(self._storage.venues["time"].max()))

    def receive_levels(self, rows: Records) -> None:
        """Take rows of `market_layout.LEVEL_ROW`, in order; `instrument` is the id.

        Times are UTC. Rows about an instrument or a venue nobody knows are passed over. A venue sends either these or packets.
        """
        require(rows.dtype == LEVEL_ROW, "levels come as rows of LEVEL_ROW")
        known = np.isin(rows["instrument"], self._numbers[1:]) & (rows["venue"] < len(self._venue_names))
        data = rows[known]
        data["instrument"] = [self._slots[number] for number in data["instrument"].tolist()]
        self._take_rows(data)

    def clear_levels(self, venue: int) -> None:
        """End every level of a venue that tells levels: its feed lost something, or begins anew."""
        time = int(self._storage.venues["time"][venue])
        kernel.clear_levels(self._header, venue, time)
        self._renew(time)

    def publish_band(self, venue: int, instrument_id: int, time_ns: int, low: int, high: int) -> None:
        """Note the price bands a feed publishes (the SIPs do); `status` says whether they are those computed here."""
        require(0 <= low <= high, "a band has its lower price first")
        kernel.tell_published(self._market, self._slots[instrument_id], venue, time_ns, low, high)

    # ------------------------------------------------------------ trades

    def _tell_tape(self) -> None:
        """Hand the tape the executions the books wrote, and the price bands what the tape made of them."""
        self.tape.take(self._storage.trades[: self._word[_TRADES_COUNT]])
        self._word[_TRADES_COUNT] = 0
        self.observe_trades()

    def observe_trades(self) -> None:
        """Tell the price bands what is new on the tape; for whoever reports trades to the tape without a venue's line."""
        newest = self.tape.newest
        while self._trades_seen < newest:
            self._trades_seen = kernel.observe_trades(self._market, self.tape.header, self._trades_seen)
            if self._trades_seen < newest:
                self.status_board.grow()


def _has_bad_state(events: Records) -> npt.NDArray[np.bool_]:
    bad = np.zeros(len(events), np.bool_)
    for action, letters in STATES.items():
        bad |= (events["action"] == action) & ~np.isin(events["flags"], np.frombuffer(letters, np.uint8))
    return bad


def price_steps(prices: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Prices in billionths as prices in $0.0001: 0 for none, -1 for what is no such price."""
    none = (prices == NO_PRICE) | (prices == 0)
    steps = prices // PRICE_STEP
    fits = (prices % PRICE_STEP == 0) & (steps > 0) & (steps <= PRICE_MAX)
    return np.where(none, 0, np.where(fits, steps, -1))
