"""A line of the position screen: what one account, or the whole house, holds in one instrument, and what it is worth.

All money comes out of `risk.valuation.value_position`, the function that the pre-trade checks value accounts by, so that a
screen never shows another number than the one an order was decided with. Amounts are micro-dollars, prices $0.0001.
"""

from __future__ import annotations

import msgspec

from rushtrade.domain.instruments import EquityClass, Instrument
from rushtrade.ledger.position import Position
from rushtrade.risk.valuation import value_position
from rushtrade.rules.margin import MILLION


class PositionLine(msgspec.Struct, frozen=True, gc=False):
    """One position now. Shares, cost and value are negative for a short one."""

    instrument_id: int
    symbol: str
    equity_class: EquityClass
    shares: int
    closing_held: int
    """Shares promised to open orders that close."""
    cost: int
    average_cost: int
    """Micro-dollars a share, half up; 0 when nothing is held."""
    price: int
    """What the house values a share at; 0 = not known."""
    market_value: int
    weight_ppm: int | None
    """Share of the owner's equity in millionths, signed; None without equity."""
    unrealised: int
    realised: int
    """Of all days; commissions and fees are left out of it."""
    realised_today: int
    overnight: int
    traded: int
    charges: int

    @property
    def day_profit(self) -> int:
        """What the position has earned since the close before, after charges."""
        return self.overnight + self.traded + self.charges


def position_line(position: Position, price: int, instrument: Instrument, equity: int) -> PositionLine:
    """Value a position at a price, as a part of `equity`."""
    value = value_position(position, price, instrument)
    return PositionLine(
        instrument_id=instrument.instrument_id,
        symbol=instrument.symbol,
        equity_class=instrument.equity_class,
        shares=position.shares,
        closing_held=position.closing_held,
        cost=position.cost,
        average_cost=average_cost(position),
        price=price,
        market_value=value.market_value,
        weight_ppm=weight_ppm(value.market_value, equity),
        unrealised=value.unrealised,
        realised=position.realised,
        realised_today=position.day_realised,
        overnight=value.overnight,
        traded=value.traded,
        charges=value.charges,
    )


def average_cost(position: Position) -> int:
    """Give what an open share cost (or brought in, short) in micro-dollars, half up."""
    size = abs(position.shares)
    return (2 * abs(position.cost) + size) // (2 * size) if size else 0


def weight_ppm(value: int, equity: int) -> int | None:
    """Give a value as millionths of an equity, rounded toward zero; None where there is no equity to be a part of."""
    if equity <= 0:
        return None
    size = abs(value) * MILLION // equity
    return -size if value < 0 else size
