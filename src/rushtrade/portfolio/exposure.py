"""Exposure: how much money stands in the market, long and short, and where most of it stands.

Gross = long + |short|, net = long − |short|. A holder's offsetting holdings are netted within an instrument; holdings of
different holders never are: one customer's long does not hedge another's short.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from rushtrade.domain.instruments import EquityClass, Instrument
from rushtrade.rules.margin import MILLION


class ClassExposure(msgspec.Struct, frozen=True, gc=False):
    """What stands in one equity class, in micro-dollars; `short` is negative."""

    equity_class: EquityClass
    long: int
    short: int


class Exposure(msgspec.Struct, frozen=True):
    """Money in the market, in micro-dollars; `short` is negative."""

    long: int
    short: int
    largest_instrument_id: int
    """Where most of the gross stands, the lower id of two equal ones; 0 = nothing is held."""
    largest: int
    """Gross value of that instrument."""
    by_class: tuple[ClassExposure, ...]
    """Every class in which something is held, in the order of `EquityClass`."""

    @property
    def gross(self) -> int:
        """Long and short together."""
        return self.long - self.short

    @property
    def net(self) -> int:
        """Long less short."""
        return self.long + self.short

    @property
    def concentration_ppm(self) -> int:
        """The largest instrument's part of the gross, in millionths."""
        return self.largest * MILLION // self.gross if self.gross else 0


def measure(holdings: Iterable[tuple[Instrument, int]]) -> Exposure:
    """Measure holdings: an instrument and its signed market value, one row a holder and instrument."""
    longs: defaultdict[EquityClass, int] = defaultdict(int)
    shorts: defaultdict[EquityClass, int] = defaultdict(int)
    by_instrument: defaultdict[int, int] = defaultdict(int)
    for instrument, value in holdings:
        if value:
            (longs if value > 0 else shorts)[instrument.equity_class] += value
            by_instrument[instrument.instrument_id] += abs(value)
    largest_id, largest = 0, 0
    for instrument_id, gross in sorted(by_instrument.items()):
        if gross > largest:
            largest_id, largest = instrument_id, gross
    return Exposure(
        long=sum(longs.values()),
        short=sum(shorts.values()),
        largest_instrument_id=largest_id,
        largest=largest,
        by_class=tuple(
            ClassExposure(each, longs[each], shorts[each])
            for each in EquityClass
            if longs[each] or shorts[each]
        ),
    )
