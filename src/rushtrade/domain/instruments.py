"""Instruments: what can be traded, and the equity class that chooses a route sequence."""

from __future__ import annotations

from enum import IntEnum

import msgspec


class EquityClass(IntEnum):
    """The four classes of the 2004 DART, each with a route sequence of its own."""

    LISTED = 1
    NASDAQ = 2
    OTC_BB = 3
    PINK = 4


class InstrumentKind(IntEnum):
    """What an instrument is; restricted stock has no loan value and cannot be sold on an exchange."""

    COMMON = 1
    ETF = 2
    WARRANT = 3
    RESTRICTED = 4


def tape_of(equity_class: EquityClass, primary_venue: str) -> str:
    """Give the tape an instrument's trades are reported on: A New York's, B other exchanges', C Nasdaq's and all else."""
    if equity_class is EquityClass.LISTED:
        return "A" if primary_venue in {"NYSE", "XNYS"} else "B"
    return "C"


class Instrument(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One instrument as the house knows it. Prices in $0.0001."""

    instrument_id: int
    symbol: str
    name: str
    equity_class: EquityClass
    kind: InstrumentKind
    round_lot: int
    tradable: bool
    halted: bool
    marginable: bool
    easy_to_borrow: bool
    primary_venue: str
    previous_close: int
