"""Historical value at risk: what the portfolio of today would have lost on the worst days that were.

No distribution is assumed: of `n` past returns the k = ceil(n (1 − confidence)) worst are the tail; value at risk is the loss of the
mildest of them, expected shortfall the mean loss of all of them. A gain shows as a negative loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil

import msgspec

from rushtrade.domain.errors import InvalidInput


class TailLoss(msgspec.Struct, frozen=True):
    """Losses in the unit of the portfolio's value; `days` past days make the tail."""

    value_at_risk: Fraction
    expected_shortfall: Fraction
    days: int


def historical(returns: Sequence[Fraction], confidence: Fraction, value: Fraction | int) -> TailLoss:
    """Measure a portfolio of `value` by past returns.

    Raises:
        InvalidInput: no returns, or a confidence that is not between 0 and 1.

    """
    if not returns:
        raise InvalidInput("value at risk by history needs past returns; there are none")
    if not 0 < confidence < 1:
        raise InvalidInput(f"confidence {confidence} must lie between 0 and 1, such as 95/100")
    days = ceil(len(returns) * (1 - confidence))
    tail = sorted(returns)[:days]
    return TailLoss(-tail[-1] * value, -sum(tail, Fraction(0)) * value / days, days)
