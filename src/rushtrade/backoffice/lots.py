"""Tax lots: which shares a sale takes, by a standing order of relief."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from enum import Enum
from fractions import Fraction

import msgspec

from rushtrade.domain.errors import InvalidInput


class Lot(msgspec.Struct, frozen=True):
    """Shares bought together. `price` is the cost of one share in dollars, exact."""

    lot_id: str
    acquired: dt.date
    shares: Fraction
    price: Fraction


class Relief(Enum):
    """In which order a sale takes lots. Ties go to the earlier lot."""

    FIFO = "FIFO"
    LIFO = "LIFO"
    HIFO = "HIFO"
    LOFO = "LOFO"


class LotUse(msgspec.Struct, frozen=True):
    """How many shares a sale took of a lot."""

    lot: Lot
    shares: Fraction

    @property
    def basis(self) -> Fraction:
        """What those shares cost, in dollars."""
        return self.shares * self.lot.price


_ORDERS: dict[Relief, Callable[[tuple[int, Lot]], tuple[Fraction | int, int, int]]] = {
    Relief.FIFO: lambda item: (0, item[1].acquired.toordinal(), item[0]),
    Relief.LIFO: lambda item: (0, -item[1].acquired.toordinal(), item[0]),
    Relief.HIFO: lambda item: (-item[1].price, item[1].acquired.toordinal(), item[0]),
    Relief.LOFO: lambda item: (item[1].price, item[1].acquired.toordinal(), item[0]),
}


def relieve(lots: Iterable[Lot], shares: Fraction, relief: Relief) -> list[LotUse]:
    """Take shares out of lots in the order of relief.

    Raises:
        InvalidInput: more shares than the lots hold, or not more than zero.

    """
    numbered = sorted(enumerate(lots), key=_ORDERS[relief])
    held = sum((lot.shares for _, lot in numbered), Fraction(0))
    if not 0 < shares <= held:
        raise InvalidInput(f"a sale of {shares} shares cannot be met from lots; they hold {held}")
    uses = []
    for _, lot in numbered:
        taken = min(shares, lot.shares)
        if taken:
            uses.append(LotUse(lot, taken))
            shares -= taken
        if not shares:
            break
    return uses
