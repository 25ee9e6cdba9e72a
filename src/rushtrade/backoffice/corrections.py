"""Cancel and correct: a booked trade is never changed; a cancel is its mirror, a correction is a new trade.

Every trade books balanced legs: what the customer gains in one asset the street gives up. A cancel books the same legs
with the opposite sign and names what it cancels. So a balance after any number of corrections is still the sum of all legs
ever booked, and nothing that was ever reported disappears.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from rushtrade.domain.errors import InvalidInput

CASH_ASSET = "cash"
SHARES_ASSET = "shares"


class Leg(msgspec.Struct, frozen=True):
    """One side of an entry: `amount` gained (+) or given up (-) by an owner in an asset."""

    owner: str
    asset: str
    amount: Fraction


class BookEntry(msgspec.Struct, frozen=True):
    """A trade or the cancel of one. `cancels` and `corrects` name earlier entries."""

    entry_id: str
    legs: tuple[Leg, ...]
    cancels: str = ""
    corrects: str = ""


class TradeBook:
    """An append-only book of one customer's trades in one instrument."""

    def __init__(self) -> None:
        self.entries: list[BookEntry] = []
        self._by_id: dict[str, BookEntry] = {}
        self._cancelled: dict[str, str] = {}

    def trade(
        self, entry_id: str, signed_shares: Fraction, price: Fraction, fees: Fraction, corrects: str = ""
    ) -> None:
        """Book a trade (shares > 0 bought, < 0 sold); `corrects` names a cancelled trade that this one replaces.

        Raises:
            InvalidInput: the id is taken, or the trade named is not there or still stands.

        """
        if corrects and corrects not in self._cancelled:
            raise InvalidInput(f"trade {entry_id!r} corrects {corrects!r}, which is not a cancelled trade")
        money = signed_shares * price
        legs = (
            Leg("customer", SHARES_ASSET, signed_shares),
            Leg("street", SHARES_ASSET, -signed_shares),
            Leg("customer", CASH_ASSET, -money - fees),
            Leg("street", CASH_ASSET, money),
            Leg("fees", CASH_ASSET, fees),
        )
        self._append(BookEntry(entry_id, legs, corrects=corrects))

    def cancel(self, entry_id: str) -> None:
        """Book the mirror of a trade.

        Raises:
            InvalidInput: no such trade, or it was cancelled before.

        """
        if entry_id not in self._by_id or self._by_id[entry_id].cancels:
            raise InvalidInput(f"there is no trade {entry_id!r} to cancel")
        if entry_id in self._cancelled:
            raise InvalidInput(f"trade {entry_id!r} was cancelled before, by {self._cancelled[entry_id]!r}")
        cancel_id = f"cancel of {entry_id}"
        mirror = tuple(Leg(leg.owner, leg.asset, -leg.amount) for leg in self._by_id[entry_id].legs)
        self._append(BookEntry(cancel_id, mirror, cancels=entry_id))
        self._cancelled[entry_id] = cancel_id

    def balance(self, owner: str, asset: str) -> Fraction:
        """Sum of an owner's legs in an asset."""
        legs = (leg for entry in self.entries for leg in entry.legs)
        return sum((leg.amount for leg in legs if (leg.owner, leg.asset) == (owner, asset)), Fraction(0))

    def sum_of_legs(self, asset: str) -> Fraction:
        """Sum of all legs in an asset: zero in a sound book."""
        legs = (leg for entry in self.entries for leg in entry.legs)
        return sum((leg.amount for leg in legs if leg.asset == asset), Fraction(0))

    def _append(self, entry: BookEntry) -> None:
        if entry.entry_id in self._by_id:
            raise InvalidInput(f"entry id {entry.entry_id!r} is taken; ids are never used twice")
        self._by_id[entry.entry_id] = entry
        self.entries.append(entry)
