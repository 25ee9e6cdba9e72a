"""What the consolidated market answers: the national best, depth in every cut, stamps and marks, states, what changed.

Keeps the memory of `market_layout` and reads it; moving it is the matter of `market_data`. Values only, one thread at a time.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rushtrade.books.book_layout import BEST, DEPTH, PRINT
from rushtrade.books.book_storage import BookStorage, Room
from rushtrade.domain.errors import require
from rushtrade.domain.quotes import LEVEL_BYTES, Mark, QuoteStamp
from rushtrade.market import best_kernel, depth_kernel, quote_kernel
from rushtrade.market import market_kernel as kernel
from rushtrade.market.market_layout import (
    CHANGE,
    CROSSED,
    INSTRUMENT,
    INSTRUMENT_BYTES,
    LOCKED,
    MARKET,
    OUT_ROWS,
    QUOTE_STATES,
    ROUND_LOT,
    SHOWN,
    SHOWN_BYTES,
    VENUE_RULE,
)
from rushtrade.market.quotes import (
    BestDisplayed,
    DepthRow,
    MontageRow,
    Nbbo,
    ParticipantRow,
    QueuePlace,
    QueueRow,
    ShownQuote,
    TimeInStates,
    VenueQuote,
    VenueTerms,
)
from rushtrade.status.board import StatusBoard
from rushtrade.status.statuses import AuctionImbalance, InstrumentStatus
from rushtrade.tape.news import NewsRing
from rushtrade.tape.tape import Tape, TapeLimits

MONTAGE_DEPTH_MAX = 100
"""Levels by venue and side that one montage shows at most."""
QUEUE_ROWS_MAX = 1_000
"""Orders or participants' parts one answer holds at most: more than a screen or a person takes in."""
CHANGES_KEPT = 1 << 14
"""Changes of national bests kept for readers: a second of the whole market's busiest minute."""
VENUES_MAX = 64
"""Venues of one market: sets of them are the bits of a word."""

_QUOTE = struct.Struct("<6q")
_BEST = struct.Struct("<4q2Q6q")
_SHOWN = struct.Struct("<9q")
_ROWS_AT = 8 * OUT_ROWS
_TOP_BIT = 1 << 63
_KEPT = ("instruments", "shown", "rules", "pending")
"""Arrays of a snapshot, beside the ring of changes."""
_ADDRESSES = ("instruments", "securities", "pending", "out", "shown", "rules", "changes", "status", "ids")


class MarketAnswers:
    """The memory of the consolidated market of `instruments` (id → symbol) at `venues` venues, and its answers."""

    def __init__(
        self, instruments: Mapping[int, str], venues: int, tape: TapeLimits, terms: Sequence[VenueTerms]
    ) -> None:
        require(0 < venues <= VENUES_MAX, f"a market has 1 to {VENUES_MAX} venues")
        self._venue_count = venues
        self._ids = [0, *sorted(instruments)]
        self._slots = {instrument_id: slot for slot, instrument_id in enumerate(self._ids) if slot}
        symbols = {instruments[instrument_id]: slot for instrument_id, slot in self._slots.items()}
        require(len(symbols) == len(instruments), "two instruments have the same symbol")
        self._storage = BookStorage(venues, symbols, Room())
        self._header = self._storage.header
        self._word = self._storage.word
        self._storage.put("watching", 1)
        self.tape = Tape(self._ids[1:], tape)
        self.status_board = StatusBoard(self._ids[1:], venues)
        self._allocate(len(self._ids))
        require(len(terms) in {0, venues}, "terms are told for every venue or for none")
        for venue, one in enumerate(terms):
            self._rules[venue] = (one.stale_ns, one.protected, one.by_quote, 0, [0] * 5)
        self._set("aging", int(any(one.by_quote and one.stale_ns for one in terms)))

    def _allocate(self, slots: int) -> None:
        rows = max(self._venue_count * 2 * MONTAGE_DEPTH_MAX, QUEUE_ROWS_MAX)
        self._instruments: npt.NDArray[Any] = np.zeros(slots, INSTRUMENT)
        self._shown: npt.NDArray[Any] = np.zeros(slots * self._venue_count, SHOWN)
        self._rules = np.zeros(self._venue_count, VENUE_RULE)
        self._rules["protected"] = 1
        self._changes = NewsRing(CHANGE, CHANGES_KEPT)
        self._changes_read = 0
        self._statuses_read = 0
        self.changes_skipped = 0
        self.statuses_skipped = 0
        self._pending = np.zeros(slots, np.int32)
        self._numbers = np.array(self._ids, np.int64)
        self._out = np.zeros(OUT_ROWS + rows * len(ParticipantRow._fields), np.int64)
        self._out_bytes = self._out.data.cast("B")
        self._taken = np.zeros(slots, np.int64)
        self._market_words = np.zeros(len(MARKET), np.int64)
        self._market = int(self._market_words.ctypes.data)
        self._set("change_mask", CHANGES_KEPT - 1)
        self._set("protection", 1)
        self._point()

    def _set(self, name: str, value: int) -> None:
        self._market_words[MARKET.index(name)] = value

    def _get(self, name: str) -> int:
        return int(self._market_words[MARKET.index(name)])

    def _point(self) -> None:
        for name in ("instruments", "pending", "out", "shown", "rules"):
            self._set(name, getattr(self, f"_{name}").ctypes.data)
        self._set("ids", self._numbers.ctypes.data)
        self._set("changes", self._changes.rows.ctypes.data)
        self._set("securities", self.tape.securities.ctypes.data)
        self._set("status", self.status_board.header)
        self._set("slots", len(self._ids))
        self._instrument_bytes = self._instruments.view(np.uint8).data
        self._shown_bytes = self._shown.view(np.uint8).data

    def add_instruments(self, instruments: Mapping[int, str]) -> None:
        """Know more instruments (id → symbol) from now on; what is known already is passed over.

        To be called before the first message about them, as soon as a venue's directory names them.
        """
        new = {number: symbol for number, symbol in sorted(instruments.items()) if number not in self._slots}
        if not new:
            return
        first = len(self._ids)
        symbols = {symbol: slot for slot, symbol in enumerate(new.values(), start=first)}
        require(len(symbols) == len(new), "two instruments have the same symbol")
        self._storage.add_symbols(symbols)
        self._slots.update({number: slot for slot, number in enumerate(new, start=first)})
        self._ids.extend(new)
        self.tape.add_instruments(list(new))
        self.status_board.add_instruments(list(new))
        more = {"instruments": 1, "pending": 1, "taken": 1, "shown": self._venue_count}
        for name, rows in more.items():
            held = getattr(self, f"_{name}")
            setattr(self, f"_{name}", np.concatenate([held, np.zeros(len(new) * rows, held.dtype)]))
        self._numbers = np.array(self._ids, np.int64)
        self._point()

    def tell_reference(
        self,
        *,
        round_lots: Mapping[int, int] | None = None,
        closes: Mapping[int, int] | None = None,
        tiers: Mapping[int, int] | None = None,
    ) -> None:
        """Say what reference data knows by instrument: round lots (before any directory), last closes, tiers of price bands."""
        for number, shares in (round_lots or {}).items():
            require(shares > 0, "a round lot has at least one share")
            row = self._instruments[self._slots[number]]
            row["round_lot"], row["lot_given"] = shares, 1
        self.status_board.tell_closes(
            {self._slots[number]: price for number, price in (closes or {}).items()}
        )
        self.status_board.tell_tiers({self._slots[number]: tier for number, tier in (tiers or {}).items()})
        self._renew(0)

    def _renew(self, time: int) -> None:
        """Make the national best anew as of a time since midnight: a venue's books came or went."""
        best_kernel.renew_all(self._header, self._market, self._get("midnight") + time)
        kernel.touch_all(self._market, len(self._ids) - 1)

    # ------------------------------------------------------------ whole

    def memory(self) -> tuple[bytes, dict[str, bytes]]:
        """Copy out the words and arrays that are this class's own."""
        words = self._market_words.copy()
        for name in _ADDRESSES:
            words[MARKET.index(name)] = 0
        arrays = {name: getattr(self, f"_{name}").tobytes() for name in _KEPT}
        return words.tobytes(), arrays | {"changes": self._changes.rows.tobytes()}

    def put_back(self, ids: Sequence[int], words: bytes, arrays: Mapping[str, bytes]) -> None:
        """Put back what `memory` copied out of a market of as many venues, with the instruments it had."""
        self._ids = [0, *ids]
        self._slots = {instrument_id: slot for slot, instrument_id in enumerate(self._ids) if slot}
        self._numbers = np.array(self._ids, np.int64)
        self._taken = np.zeros(len(self._ids), np.int64)
        for name in _KEPT:
            held = getattr(self, f"_{name}")
            setattr(self, f"_{name}", np.frombuffer(arrays[name], held.dtype).copy())
        self._changes.rows[...] = np.frombuffer(arrays["changes"], CHANGE)
        self._market_words[...] = np.frombuffer(words, np.int64)
        self._changes_read = self._get("change_count")
        self._statuses_read = self.status_news.newest
        self._point()

    # ------------------------------------------------------------ what changed

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

    @property
    def best_news(self) -> NewsRing:
        """The stream of changes of national bests: rows of `market_layout.CHANGE`, for any number of readers."""
        self._changes.newest = self._get("change_count")
        return self._changes

    @property
    def status_news(self) -> NewsRing:
        """The stream of states: rows of `status.status_layout.EVENT`, for any number of readers."""
        return self.status_board.news

    def take_bbo_changes(self) -> npt.NDArray[Any]:
        """Changes of national bests since this was last asked, in order; `changes_skipped` counts those that were lost.

        For the one reader that writes them down; others keep a position of their own in `best_news`.
        """
        news = self.best_news
        rows = news.after(self._changes_read, CHANGES_KEPT)
        self.changes_skipped += news.newest - self._changes_read - len(rows)
        self._changes_read = news.newest
        return rows

    def take_statuses(self) -> npt.NDArray[Any]:
        """Changes of states since this was last asked, in order; `statuses_skipped` counts those that were lost."""
        news = self.status_news
        rows = news.after(self._statuses_read, len(news.rows))
        self.statuses_skipped += news.newest - self._statuses_read - len(rows)
        self._statuses_read = news.newest
        return rows

    # ------------------------------------------------------------ the best

    def nbbo(self, instrument_id: int) -> Nbbo:
        """National best bid and offer."""
        slot = self._slots[instrument_id]
        best = _BEST.unpack_from(self._instrument_bytes, slot * INSTRUMENT_BYTES)
        row = self._instruments[slot]
        bid, bid_shares, ask, ask_shares, bid_venues, ask_venues, *rest = best
        odd_bid, odd_bid_shares, odd_ask, odd_ask_shares, changed_ns, since_ns = rest
        return Nbbo(
            time_ns=quote_kernel.quote_time(self._header, self._market, slot),
            bid=bid,
            bid_shares=bid_shares,
            ask=ask,
            ask_shares=ask_shares,
            last=int(self.tape.securities["last_price"][slot]),
            state=QUOTE_STATES[row["state"]],
            bid_venues=bid_venues,
            ask_venues=ask_venues,
            odd_bid=odd_bid,
            odd_bid_shares=odd_bid_shares,
            odd_ask=odd_ask,
            odd_ask_shares=odd_ask_shares,
            changed_ns=changed_ns,
            since_ns=since_ns,
            round_lot=int(row["round_lot"]) or ROUND_LOT,
        )

    def standing(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Of all instruments at once: their ids, places of their states in QUOTE_STATES, and since when (0: never changed)."""
        rows = self._instruments[1:]
        return self._numbers[1:].copy(), rows["state"].astype(np.int32), rows["since"].copy()

    def displayed(self, instrument_id: int) -> BestDisplayed:
        """Best bid and offer of every displayed share over all live venues."""
        state = quote_kernel.displayed(self._header, self._market, self._slots[instrument_id])
        time_ns, bid, bid_shares, ask, ask_shares, last = _QUOTE.unpack_from(self._out_bytes)
        return BestDisplayed(time_ns, bid, bid_shares, ask, ask_shares, last, QUOTE_STATES[state])

    def time_in_states(self, instrument_id: int, now_ns: int) -> TimeInStates:
        """How long the national best was locked and crossed today."""
        row = self._instruments[self._slots[instrument_id]]
        spell = max(now_ns - int(row["since"]), 0)
        return TimeInStates(
            int(row["locked_count"]),
            int(row["locked_ns"]) + (spell if row["state"] == LOCKED else 0),
            int(row["crossed_count"]),
            int(row["crossed_ns"]) + (spell if row["state"] == CROSSED else 0),
        )

    def shown_quotes(self, instrument_id: int) -> list[ShownQuote]:
        """What every venue shows in round lots and odd lots, and whether it counts; not known venues show nothing."""
        slot = self._slots[instrument_id]
        quotes = []
        for venue in range(self._venue_count):
            at = (slot * self._venue_count + venue) * SHOWN_BYTES
            counts, live = best_kernel.says(self._header, self._market, slot, venue)
            values = _SHOWN.unpack_from(self._shown_bytes, at) if live else (0,) * 9
            quotes.append(ShownQuote._make((venue, *values, bool(counts))))
        return quotes

    def venue_quotes(self, instrument_id: int) -> list[VenueQuote]:
        """Best levels by venue, in the order of the venues."""
        quote_kernel.displayed(self._header, self._market, self._slots[instrument_id])
        return [VenueQuote(*row) for row in self._rows(self._venue_count, 4)]

    # ------------------------------------------------------------ depth

    def montage(self, instrument_id: int, depth: int) -> list[MontageRow]:
        """Levels of every live venue, bids then asks, best first, `depth` of each (at most MONTAGE_DEPTH_MAX)."""
        depth = min(depth, MONTAGE_DEPTH_MAX)
        rows = quote_kernel.montage(self._header, self._market, self._slots[instrument_id], depth)
        return [MontageRow(*row) for row in self._rows(rows, 5)]

    def depth(self, instrument_id: int, levels: int) -> list[DepthRow]:
        """Levels of all live venues together, bids then asks, best first, `levels` of each (at most MONTAGE_DEPTH_MAX)."""
        levels = min(levels, MONTAGE_DEPTH_MAX)
        rows = depth_kernel.aggregate(self._header, self._market, self._slots[instrument_id], levels)
        return [DepthRow._make((*row[:4], row[4] % (1 << 64))) for row in self._rows(rows, 5)]

    def participants(self, instrument_id: int, depth: int) -> list[ParticipantRow]:
        """Every market participant's part of the best levels of every live venue, at most QUEUE_ROWS_MAX rows."""
        slot = self._slots[instrument_id]
        rows = depth_kernel.participants(self._header, self._market, slot, depth, QUEUE_ROWS_MAX)
        return [ParticipantRow._make((*row[:5], _participant(row[5]))) for row in self._rows(rows, 6)]

    def queue(self, instrument_id: int, venue: int, side: int, depth: int) -> list[QueueRow]:
        """Orders of a venue's side, best price and first in line first, of `depth` levels and QUEUE_ROWS_MAX rows at most."""
        slot = self._slots[instrument_id]
        rows = depth_kernel.queue(self._header, self._market, slot, venue, side, depth, QUEUE_ROWS_MAX)
        return [
            QueueRow(price, reference % (1 << 64), shares, _participant(who), ahead)
            for price, reference, shares, who, ahead in self._rows(rows, 5)
        ]

    def queue_ahead(self, venue: int, reference: int) -> QueuePlace | None:
        """Where an order stands in its queue by the venue's reference.

        None when the venue's book is not known, or no order with that reference rests in it, or its stock is nobody's.
        """
        signed = reference - (1 << 64) if reference & _TOP_BIT else reference
        if not depth_kernel.queue_place(self._header, self._market, venue, signed):
            return None
        slot, *rest = self._out[:8].tolist()
        return QueuePlace(self._ids[slot], *rest) if slot else None

    def _rows(self, rows: int, width: int) -> list[list[int]]:
        block = self._out[OUT_ROWS : OUT_ROWS + rows * width].reshape(rows, width)
        answer: list[list[int]] = block.tolist()
        return answer

    # ------------------------------------------------------------ for orders and accounts

    def stamp(self, instrument_id: int, side: int, shares: int, *, near: bool) -> QuoteStamp:
        """What an order of `side` (0 buy, 1 sell) for so many shares sees; `near` adds the best of its own side.

        Of every displayed share: an order may meet odd lots, whatever the national best is.
        """
        slot = self._slots[instrument_id]
        rows = quote_kernel.stamp(self._header, self._market, slot, int(side), shares, near)
        out = self._out_bytes
        time_ns, bid, bid_shares, ask, ask_shares, last = _QUOTE.unpack_from(out)
        levels = bytes(out[_ROWS_AT : _ROWS_AT + LEVEL_BYTES * rows])
        return QuoteStamp(time_ns, bid, bid_shares, ask, ask_shares, last, levels)

    def marks(self, instrument_ids: Sequence[int]) -> list[Mark]:
        """National best bid, national best ask and last price of several instruments."""
        slots = np.array([self._slots[instrument_id] for instrument_id in instrument_ids], np.int64)
        rows = np.zeros((len(slots), 3), np.int64)
        quote_kernel.marks(self._market, slots, rows)
        return [
            Mark(instrument_id, *row)
            for instrument_id, row in zip(instrument_ids, rows.tolist(), strict=True)
        ]

    # ------------------------------------------------------------ states

    def status(self, instrument_id: int) -> InstrumentStatus:
        """What an instrument may do now: halts, price bands, the short-sale test, auction collar, IPO."""
        return self.status_board.status(self._slots[instrument_id])

    def imbalances(self, instrument_id: int) -> list[AuctionImbalance]:
        """The latest auction imbalance of every venue that told one today."""
        return self.status_board.imbalances(self._slots[instrument_id])


def _participant(letters: int) -> str:
    return letters.to_bytes(4, "big").decode("latin-1").strip() if letters else ""
