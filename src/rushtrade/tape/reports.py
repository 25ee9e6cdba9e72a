"""Trades, cancels and corrections as reporting feeds tell them, filed on the tape: sale conditions, and who the venue is.

A trade of the consolidated tapes carries its own sale conditions, up to four letters; a cancel or correction names the
trade by its venue and number. `TradeReports` files the rows of any feed (`feeds.events`); the functions write single rows.

Prices of a feed that are finer than $0.0001 are rounded to the nearest, shares are whole: the fraction of a share that the
tapes report since 2026 is cut off and counted. A trade of a symbol nobody knows is passed over and counted, one without a
price too. Refuses to know any feed's bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from rushtrade.feeds.events import MICRO, NANO, NO_PRICE, Records
from rushtrade.tape.conditions import pack_letters
from rushtrade.tape.tape import Tape
from rushtrade.tape.tape_layout import TRADE

NO_SIDE = 2
REPORT, CANCEL, CORRECTION = ord("T"), ord("X"), ord("R")

Rows = npt.NDArray[Any]

PRICE_UNIT: Final = NANO // 10_000
"""Units of a feed's price in $0.0001."""
MATCH_MAX: Final = (1 << 63) - 1
REGULAR: Final = ord("@")
_LETTERS: Final = {ord("o"): ord("I")}
"""Letters of Nasdaq's own last-sale feeds that the tapes write otherwise: an odd lot."""


class Reported(msgspec.Struct):
    """What became of the rows of a feed: filed, and passed over by reason."""

    trades: int = 0
    cancels: int = 0
    unknown_symbols: int = 0
    without_price: int = 0
    fractions: int = 0
    """Trades whose fraction of a share was cut off."""


class TradeReports:
    """Files trades of a feed on a tape. `slots` are the tape's by symbol, `venues` numbers by the feed's letters."""

    def __init__(self, tape: Tape, slots: Mapping[str, int], venues: Mapping[bytes, int]) -> None:
        self._tape = tape
        self._slots = {symbol.encode("ascii"): slot for symbol, slot in slots.items()}
        self._venues = dict(venues)
        self.counts = Reported()

    def take(self, rows: Records, symbol: str = "") -> None:
        """File the trades and cancels among rows of EVENT; `symbol` is that of a file about one security."""
        chosen = rows[np.isin(rows["action"], (b"T", b"X"))]
        slots = self._slots_of(chosen["symbol"], symbol)
        cancels = chosen["action"] == b"X"
        priced = cancels | ((chosen["price"] > 0) & (chosen["price"] != NO_PRICE))
        self.counts.unknown_symbols += int(np.count_nonzero(slots == 0))
        self.counts.without_price += int(np.count_nonzero(~priced))
        kept = (slots > 0) & priced
        self._file(chosen[kept], slots[kept])

    def _slots_of(self, symbols: npt.NDArray[np.bytes_], symbol: str) -> npt.NDArray[np.int32]:
        if symbol:
            return np.full(len(symbols), self._slots.get(symbol.encode("ascii"), 0), np.int32)
        names, places = np.unique(symbols, return_inverse=True)
        found = np.array([self._slots.get(name, 0) for name in names.tolist()], np.int32)
        return found[places] if len(names) else np.zeros(0, np.int32)

    def _file(self, rows: Records, slots: npt.NDArray[np.int32]) -> None:
        cancels = rows["action"] == b"X"
        made = np.zeros(len(rows), TRADE)
        made["instrument"], made["time"] = slots, rows["time"]
        made["price"] = (rows["price"] + PRICE_UNIT // 2) // PRICE_UNIT
        made["shares"] = rows["size"] // MICRO
        made["venue"] = self._venues_of(rows["venue"])
        numbers = np.where(cancels & (rows["original"] > 0), rows["original"], rows["order"])
        made["match"] = (numbers & np.uint64(MATCH_MAX)).astype(np.int64)
        made["kind"] = np.where(cancels, CANCEL, REPORT)
        made["side"], made["printable"] = NO_SIDE, ~cancels
        made["conditions"] = _packed(rows["conditions"])
        self.counts.trades += int(np.count_nonzero(~cancels))
        self.counts.cancels += int(np.count_nonzero(cancels))
        self.counts.fractions += int(np.count_nonzero(rows["size"] % MICRO))
        self._tape.take(made)

    def _venues_of(self, letters: npt.NDArray[np.bytes_]) -> npt.NDArray[np.uint8]:
        """Numbers of venues; one nobody named gets the next number free."""
        for name in np.unique(letters).tolist():
            if name not in self._venues:
                self._venues[name] = max(self._venues.values(), default=-1) + 1
        return np.array([self._venues[name] for name in letters.tolist()], np.uint8)


def _packed(conditions: npt.NDArray[np.bytes_]) -> npt.NDArray[np.uint32]:
    """Letters as the tape keeps them: blanks left out, no letter at all is a regular sale."""
    names, places = np.unique(conditions, return_inverse=True)
    found = []
    for name in names.tolist():
        letters = bytes(_LETTERS.get(letter, letter) for letter in name if letter != ord(" "))
        found.append(int.from_bytes(letters.ljust(4, b"\0"), "little") or REGULAR)
    return np.array(found, np.uint32)[places] if found else np.zeros(0, np.uint32)


def trade_row(
    slot: int, time_ns: int, price: int, shares: int, *, venue: int, match: int, letters: str
) -> Rows:
    """Write a reported trade; `slot` is the tape's, `letters` its sale conditions as the feed writes them."""
    row = np.zeros(1, TRADE)
    row["instrument"], row["time"], row["price"], row["shares"] = slot, time_ns, price, shares
    row["venue"], row["match"], row["kind"], row["side"] = venue, match, REPORT, NO_SIDE
    row["printable"], row["conditions"] = 1, pack_letters(letters) or ord("@")
    return row


def cancel_row(slot: int, time_ns: int, *, venue: int, match: int) -> Rows:
    """Write the notice that a trade is void."""
    row = np.zeros(1, TRADE)
    row["instrument"], row["time"], row["venue"], row["match"] = slot, time_ns, venue, match
    row["kind"] = CANCEL
    return row


def correction_row(
    slot: int, time_ns: int, price: int, shares: int, *, venue: int, match: int, letters: str, new_match: int
) -> Rows:
    """Write a correction of trade `match`: what it should have said. A time of 0 keeps the original's."""
    row = trade_row(slot, time_ns, price, shares, venue=venue, match=match, letters=letters)
    row["kind"], row["previous"] = CORRECTION, new_match
    return row
