"""What holders are entitled to: dividends after withholding, the value of rights, net exercise of warrants. Exact."""

from __future__ import annotations

from fractions import Fraction

import msgspec

from rushtrade.domain.errors import InvalidInput


class DividendPayment(msgspec.Struct, frozen=True):
    """A cash dividend in dollars."""

    gross: Fraction
    withheld: Fraction

    @property
    def net(self) -> Fraction:
        """What the holder is credited."""
        return self.gross - self.withheld


def cash_dividend(shares: Fraction, per_share: Fraction, withholding_rate: Fraction) -> DividendPayment:
    """Pay a dividend with tax withheld at a rate from 0 to 1; a short holder (shares < 0) pays the gross, never less.

    Raises:
        InvalidInput: a rate outside 0 to 1.

    """
    if not 0 <= withholding_rate <= 1:
        raise InvalidInput(f"withholding rate {withholding_rate} is outside 0 to 1")
    gross = shares * per_share
    return DividendPayment(gross, gross * withholding_rate if gross > 0 else Fraction(0))


class RightsValue(msgspec.Struct, frozen=True):
    """Textbook values of a rights issue, in dollars."""

    one_right: Fraction
    ex_rights_price: Fraction


def rights_value(
    rights_per_share: Fraction, cum_rights_price: Fraction, subscription_price: Fraction
) -> RightsValue:
    """Value a right while the share still carries it: R = (M - S) / (N + 1), ex = (N M + S) / (N + 1).

    Raises:
        InvalidInput: rights for a new share not above zero.

    """
    if rights_per_share <= 0:
        raise InvalidInput(f"{rights_per_share} rights for a new share; needs a number above zero")
    holders = rights_per_share + 1
    return RightsValue(
        one_right=(cum_rights_price - subscription_price) / holders,
        ex_rights_price=(rights_per_share * cum_rights_price + subscription_price) / holders,
    )


class CashlessExercise(msgspec.Struct, frozen=True):
    """Net exercise of a warrant: whole shares delivered, the fraction left over, and what paying cash would have cost."""

    shares: int
    fraction: Fraction
    exercise_cost: Fraction


def cashless_exercise(
    warrant_shares: Fraction, market_price: Fraction, exercise_price: Fraction
) -> CashlessExercise:
    """Exercise without paying: X = Y (A - B) / A shares; none when the warrant is not in the money.

    Raises:
        InvalidInput: a market price not above zero.

    """
    if market_price <= 0:
        raise InvalidInput(f"market price {market_price}; a cashless exercise needs one above zero")
    net = max(warrant_shares * (market_price - exercise_price) / market_price, Fraction(0))
    return CashlessExercise(net.__floor__(), net - net.__floor__(), warrant_shares * exercise_price)
