"""Rows of `feeds.events.EVENT` (IEX, SIP quotes and trades, TAQ quotes) become rows of the store.

==  =================================================================================================================
Q   a quote of a venue: `mbp-1`, flag `F_TOP`
T   `trades`, with shares in millionths; X a row of `trades` that takes one back; K both, with one sequence: what was, and what is right
L   a price level: `mbo` with flag `F_LEVEL`, where price and side are the order's number: A new, M changed, C gone
S   `status`, as are H, h, Y (with their state and reason) and B (the bands in `detail`); D `definition`; I `imbalance`
==  =================================================================================================================

Other messages give no row. Times that count from midnight get the day's. Sizes in round lots become shares by the dated rule
(`rules.market_structure.ROUND_LOTS`); where it goes by a stock's average price, which no quote says, the size is left out (0) and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rushtrade.feeds.events import LOTS, MICRO
from rushtrade.feeds.events import NO_PRICE as UNDEFINED
from rushtrade.feeds.lots import in_shares
from rushtrade.rules.market_structure import ROUND_LOTS
from rushtrade.ticks.schemas import F_LAST, F_LEVEL, F_TOP, NO_PRICE, PRICE_SCALE, SCHEMAS
from rushtrade.ticks.writer import TickWriter

Rows = npt.NDArray[np.void]
Values = npt.NDArray[Any]

SIDE_BIT = 1 << 63
"""Set in the number of a price level of the ask side."""


class EventRows:
    """Takes events of one file. `symbol` names the stock of a file that does not; `venue` the venue likewise."""

    def __init__(
        self,
        writer: TickWriter,
        midnight_ns: int,
        *,
        from_midnight: bool,
        venue: str,
        symbol: str,
        places: Sequence[str] = (),
    ) -> None:
        """`places` are a market's venues, for rows whose `place` says which of them they are of."""
        self._writer = writer
        self._places = places
        self._midnight_ns = midnight_ns if from_midnight else 0
        self._venue, self._symbol = venue, symbol
        self.sizes_unknown = 0
        """Quotes whose sizes are left out: in round lots of a number of shares nobody told."""
        self.stored: dict[int, int] = {}
        """Numbers in the store already, by publisher: rows up to them are not written again."""
        self._sequence = 1
        self._levels: dict[tuple[int, int, int], int] = {}

    def take(self, events: Rows, received_ns: int = 0, sequence: int = 0) -> int:
        """Append what events become; give the rows. Events of a file were received when they happened, and numbered as they come."""
        rows = 0
        self._sequence = sequence or self._sequence
        events = in_shares(events, self._round_lot)
        heads = self._heads(events, received_ns)
        self._sequence += len(events)
        for action, make in (
            (b"Q", self._quotes),
            (b"TXK", self._trades),
            (b"L", self._price_levels),
            (b"SHhYB", self._statuses),
            (b"D", self._definitions),
            (b"I", self._imbalances),
        ):
            chosen = np.flatnonzero(np.isin(events["action"], [bytes([letter]) for letter in action]))
            if not len(chosen):
                continue
            if action == b"TXK":
                chosen = np.repeat(chosen, 1 + (events["action"][chosen] == b"K"))
            schema, made = make(events[chosen])
            for name in ("ts_recv", "ts_event", "publisher_id", "instrument_id", "sequence"):
                made[name] = heads[name][chosen]
            if schema == "mbo":
                self._number_levels(made)
            if self.stored:
                below = [self.stored.get(publisher, 0) for publisher in made["publisher_id"].tolist()]
                made = made[made["sequence"] > below]
            self._writer.append(schema, made)
            rows += len(made)
        return rows

    def _round_lot(self, symbol: str, at_ns: int) -> int | None:
        """Shares in a round lot on the trade date, if they are the same for every stock."""
        del symbol, at_ns
        day = self._writer.trade_date
        tiers = ROUND_LOTS.on(day).tiers if ROUND_LOTS.covers(day, day) else ()
        return tiers[0].shares if len(tiers) == 1 else None

    def _heads(self, events: Rows, received_ns: int) -> dict[str, Values]:
        times = events["time"] + self._midnight_ns
        placed = events["place"].astype(np.int64)
        letters = np.where(placed > 0, b"", events["venue"])
        venues = self._numbers(letters, self._venue if (placed == 0).any() else "", self._writer.publisher)
        for place in np.unique(placed[placed > 0]).tolist():
            venues[placed == place] = self._writer.publisher(self._places[place - 1])
        return {
            "ts_recv": np.full(len(events), received_ns) if received_ns else times,
            "ts_event": times,
            "publisher_id": venues,
            "instrument_id": self._numbers(events["symbol"], self._symbol, self._writer.instrument),
            "sequence": np.arange(self._sequence, self._sequence + len(events)),
        }

    @staticmethod
    def _numbers(names: Values, default: str, number: Any) -> Values:
        """Numbers of names; a row without one has the file's, or none."""
        words, places = np.unique(names, return_inverse=True)
        numbers = [
            number(text) if (text := word.decode("latin-1").strip() or default) else 0
            for word in words.tolist()
        ]
        known: Values = np.array(numbers, np.int64)[places]
        return known

    def _quotes(self, events: Rows) -> tuple[str, Rows]:
        rows = SCHEMAS["mbp-1"].empty(len(events))
        rows["action"], rows["side"], rows["flags"] = b"A", b"N", F_TOP | F_LAST
        known = events["unit"] != LOTS
        self.sizes_unknown += int(np.count_nonzero(~known))
        for side, price, size in (("bid", "price", "size"), ("ask", "ask_price", "ask_size")):
            shown = (events[price] != UNDEFINED) & (events[price] != 0)
            rows[f"{side}_px_00"] = np.where(shown, events[price], NO_PRICE)
            rows[f"{side}_sz_00"] = np.where(shown & known, events[size] // MICRO, 0)
        return "mbp-1", rows

    def _trades(self, events: Rows) -> tuple[str, Rows]:
        rows = SCHEMAS["trades"].empty(len(events))
        corrections = np.flatnonzero(events["action"] == b"K")
        rows["action"], rows["side"], rows["flags"] = events["action"], events["side"], F_LAST
        rows["action"][corrections[::2]], rows["action"][corrections[1::2]] = b"X", b"T"
        rows["price"] = events["price"]
        rows["size"], rows["size_millionths"] = events["size"] // MICRO, events["size"] % MICRO
        void = (rows["action"] == b"X") & (events["original"] > 0)
        rows["trade_id"] = np.where(void, events["original"], events["order"])
        rows["message"], rows["conditions"] = events["type"], events["conditions"]
        return "trades", rows

    def _price_levels(self, events: Rows) -> tuple[str, Rows]:
        rows = SCHEMAS["mbo"].empty(len(events))
        rows["side"], rows["price"] = events["side"], events["price"]
        rows["size"] = events["size"] // MICRO
        rows["order_id"] = np.where(
            events["side"] == b"A", events["price"].astype(np.uint64) | np.uint64(SIDE_BIT), events["price"]
        )
        rows["flags"] = F_LEVEL | np.where(
            (events["flags"] & 1) == 1, F_LAST, 0
        )  # IEX: 1 says the event is complete
        rows["message"] = events["type"]
        return "mbo", rows

    def _number_levels(self, rows: Rows) -> None:
        """Tell new, changed and gone levels apart."""
        keys = zip(
            *(rows[name].tolist() for name in ("publisher_id", "instrument_id", "order_id", "size")),
            strict=True,
        )
        actions: list[bytes] = []
        sizes: list[int] = []
        for publisher, instrument, order, size in keys:
            key = (publisher, instrument, order)
            held = self._levels.get(key, 0)
            if size:
                actions.append(b"M" if held else b"A")
                sizes.append(size)
                self._levels[key] = size
            else:
                actions.append(b"C" if held else b"N")
                sizes.append(self._levels.pop(key, 0))
        rows["action"], rows["size"] = actions, sizes

    def _statuses(self, events: Rows) -> tuple[str, Rows]:
        rows = np.zeros(len(events), SCHEMAS["status"].dtype)
        rows["message"] = events["type"]
        told = np.isin(events["action"], (b"H", b"h", b"Y"))
        rows["state"] = np.where(told, events["flags"].view("S1"), b"")
        rows["reason"] = np.where(told, events["conditions"], b"")
        for place in np.flatnonzero(events["action"] == b"B").tolist():
            low, high = (int(events[name][place]) // PRICE_SCALE for name in ("price", "ask_price"))
            rows["detail"][place] = f"price bands {low / 10_000:.4f} to {high / 10_000:.4f}".encode()
        return "status", rows

    def _definitions(self, events: Rows) -> tuple[str, Rows]:
        rows = np.zeros(len(events), SCHEMAS["definition"].dtype)
        rows["message"], rows["raw_symbol"] = events["type"], events["symbol"]
        return "definition", rows

    def _imbalances(self, events: Rows) -> tuple[str, Rows]:
        rows = SCHEMAS["imbalance"].empty(len(events))
        rows["ref_price"], rows["paired_qty"] = events["price"], events["size"] // MICRO
        rows["side"] = events["side"]
        return "imbalance", rows
