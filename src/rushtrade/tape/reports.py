"""Trades, cancels and corrections as reporting feeds tell them, as rows for the tape, and their sale conditions as it keeps them.

A trade of the consolidated tapes carries its own sale conditions, up to four letters; a cancel or correction names the
trade by its venue and number. Feeds come in by the market (`market.level_rows`). Refuses to know any feed's bytes.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rushtrade.tape.conditions import pack_letters
from rushtrade.tape.tape_layout import TRADE

NO_SIDE = 2
REPORT, CANCEL, CORRECTION = ord("T"), ord("X"), ord("R")

Rows = npt.NDArray[Any]

REGULAR: Final = ord("@")
_LETTERS: Final = {ord("o"): ord("I")}
"""Letters of Nasdaq's own last-sale feeds that the tapes write otherwise: an odd lot."""


def packed_conditions(conditions: npt.NDArray[np.bytes_]) -> npt.NDArray[np.uint32]:
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
