"""A manager's own model portfolio: how far holdings have drifted from its weights, and the trades that would restore them.

The model is the manager's: this module knows no opinion on any security. It does the arithmetic between weights somebody has
decided on and shares that are held: whole shares, rounded down, so that a model of at most 100 % never spends more than there is.
Prices are $0.0001, money is micro-dollars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import notional


class Holding(msgspec.Struct, frozen=True):
    """What is held of one symbol, signed, at the price now."""

    symbol: str
    shares: int
    price: int


class ModelLine(msgspec.Struct, frozen=True):
    """One symbol beside the model."""

    symbol: str
    price: int
    weight: Fraction
    """Of the net asset value; negative when short."""
    target: Fraction
    shares: int
    target_shares: int

    @property
    def drift(self) -> Fraction:
        """How much more weight it has than the model says."""
        return self.weight - self.target

    @property
    def trade(self) -> int:
        """Shares to buy, or negative to sell, to stand where the model says."""
        return self.target_shares - self.shares


class ModelComparison(msgspec.Struct, frozen=True):
    """A portfolio beside a model. Money in micro-dollars."""

    net_asset_value: int
    lines: tuple[ModelLine, ...]
    cash_after: int
    """Cash when every line has been traded at the prices now, charges left out."""

    def beyond(self, tolerance: Fraction) -> tuple[ModelLine, ...]:
        """Give the lines that have drifted more than a tolerance either way, the farthest first."""
        out = [line for line in self.lines if abs(line.drift) > tolerance]
        return tuple(sorted(out, key=lambda line: -abs(line.drift)))


def compare(cash: int, holdings: Sequence[Holding], targets: Mapping[str, Fraction]) -> ModelComparison:
    """Compare a portfolio with a model's target weights; what the model does not name has a target of zero.

    Raises:
        InvalidInput: a target without a price, weights below 0 or beyond the whole, or nothing to divide.

    """
    _require_model(holdings, targets)
    value = cash + sum(notional(held.price, held.shares) for held in holdings)
    if value <= 0:
        raise InvalidInput(f"a portfolio worth {value} micro-dollars has no weights; more than 0 would pass")
    lines = tuple(_line(held, targets.get(held.symbol, Fraction(0)), value) for held in holdings)
    return ModelComparison(
        net_asset_value=value,
        lines=lines,
        cash_after=cash - sum(notional(line.price, line.trade) for line in lines),
    )


def _line(held: Holding, target: Fraction, value: int) -> ModelLine:
    return ModelLine(
        symbol=held.symbol,
        price=held.price,
        weight=Fraction(notional(held.price, held.shares), value),
        target=target,
        shares=held.shares,
        target_shares=target * value // notional(held.price, 1) if target else 0,
    )


def _require_model(holdings: Sequence[Holding], targets: Mapping[str, Fraction]) -> None:
    prices: dict[str, int] = {}
    for held in holdings:
        if held.symbol in prices:
            raise InvalidInput(f"{held.symbol} is listed twice; one line a symbol would pass")
        prices[held.symbol] = held.price
    for symbol, target in targets.items():
        if prices.get(symbol, 0) <= 0:
            raise InvalidInput(
                f"the model names {symbol}, which has no price here; list it with 0 shares and its price"
            )
        if target < 0:
            raise InvalidInput(f"the model's weight of {symbol} is {target}; weights are 0 or more")
    total = sum(targets.values(), Fraction(0))
    if total > 1:
        raise InvalidInput(
            f"the model's weights add up to {total}; at most 1 would pass, the rest stays cash"
        )
