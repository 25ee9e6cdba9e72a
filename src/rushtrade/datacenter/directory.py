"""The stocks of the day as the venues announce them: every directory message of a packet, before the books see it.

Theory of operation. A data center does not know beforehand which stocks a feed will carry. Packets and book images are looked
through for directory messages (ITCH 5.0 `R`), rows of columns for symbols; a symbol nobody knows yet becomes a `Listing`, and whoever owns the instruments is
asked for an id. Only then are the messages given to the books. Refuses to know journals and books.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rushtrade.datacenter.listing_kernel import DIRECTORY_BYTES, find_listings
from rushtrade.feeds.events import MICRO, Records
from rushtrade.market.reference import Listing
from rushtrade.wire.itch50 import StockDirectory, decode

FOUND_ROOM = 4_096
"""Directory messages found in one walk; the walk goes on from where it stopped."""
SYMBOL_BYTES_MAX = 8
ROUND_LOT = 100
"""Of a stock whose listing nobody told; a reference file or a later message says it better."""


class Directory:
    """The symbols that are known, and the listings of those that are new."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = dict.fromkeys(known)
        self._found = np.zeros(FOUND_ROOM, np.int32)

    def new_in(self, payload: bytes) -> list[Listing]:
        """Give the listings of symbols first met in these messages, in their order; they count as known from now on."""
        listings: list[Listing] = []
        data = np.frombuffer(payload, np.uint8)
        address = data.ctypes.data
        begin = 0
        while begin < len(data):
            count, walked = find_listings(
                address + begin, len(data) - begin, self._found.ctypes.data, FOUND_ROOM
            )
            for offset in self._found[:count].tolist():
                listing = self._read(payload[begin + offset : begin + offset + DIRECTORY_BYTES])
                if listing is not None:
                    listings.append(listing)
            if count < FOUND_ROOM:
                break
            begin += walked
        return listings

    def new_among(self, events: Records) -> list[Listing]:
        """Give the listings of symbols first met in rows of a feed, which may speak of stocks without a word about their listing."""
        found: list[Listing] = []
        for name in np.unique(events["symbol"][events["action"] != b"N"]).tolist():
            symbol = name.decode("latin-1")
            if symbol in self._known or not _is_symbol(symbol):
                continue
            self._known[symbol] = None
            told = events[(events["symbol"] == name) & (events["action"] == b"D") & (events["size"] > 0)]
            lot = int(told["size"][0]) // MICRO if len(told) else 0
            found.append(Listing(symbol, lot or ROUND_LOT, "N", "C", "N", authentic=True))
        return found

    def _read(self, message: bytes) -> Listing | None:
        found = decode(message)
        if not isinstance(found, StockDirectory) or not _is_symbol(found.stock) or found.stock in self._known:
            return None
        self._known[found.stock] = None
        return Listing(
            symbol=found.stock,
            round_lot=found.round_lot_size,
            market_category=found.market_category,
            issue_classification=found.issue_classification,
            etp_flag=found.etp_flag,
            authentic=found.authenticity == "P",
            financial_status=found.financial_status,
            tier=found.luld_reference_price_tier,
            leverage=found.etp_leverage_factor,
        )


def _is_symbol(text: str) -> bool:
    """Tell whether a house can carry the symbol: printable ASCII without spaces; others stay without a book."""
    return 0 < len(text) <= SYMBOL_BYTES_MAX and text.isascii() and text.isprintable() and " " not in text
