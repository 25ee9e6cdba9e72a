"""Confirmations: what a customer is told of a trade, and which facts Rule 10b-10 wants on the paper.

The house acts as agent only, so a confirmation shows the commission it charged, never a mark-up. Amounts are given as
they were booked; nothing is calculated here but their sum.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from rushtrade.backoffice.percentages import half_up
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import MONEY_UNIT, notional
from rushtrade.domain.orders import Side
from rushtrade.rules.settlement import settlement_of

CAPACITY = "agent"
AVERAGE_DIGITS = 4
"""Digits of the average price on a confirmation."""

FACTS = (
    "date",
    "time_or_statement_available_on_request",
    "identity",
    "price",
    "quantity",
    "capacity",
    "commission",
    "payment_for_order_flow_statement",
    "settlement_date",
    "customer_name",
)
"""Every confirmation of an agency trade: 17 CFR 240.10b-10(a), FINRA Rule 2232."""
AVERAGE_PRICE_NOTE = "average_price_note_details_on_request"
"""Wanted when the price is an average of several executions."""


class Charges(msgspec.Struct, frozen=True):
    """What the customer was charged beside the price, in micro-dollars."""

    commission: int
    sec_fee: int
    taf: int
    cat_fee: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.commission + self.sec_fee + self.taf + self.cat_fee


class Confirmation(msgspec.Struct, frozen=True):
    """One trade as confirmed. Money in micro-dollars; `net` is what the customer pays for a purchase or gets for a sale."""

    side: Side
    trade_date: dt.date
    settlement_date: dt.date
    quantity: int
    average_price: str
    principal: int
    charges: Charges
    net: int
    facts: tuple[str, ...]


def confirm(
    side: Side,
    fills: Sequence[tuple[int, int]],
    trade_date: dt.date,
    charges: Charges,
    capacity: str = CAPACITY,
) -> Confirmation:
    """Confirm executions (price in $0.0001, shares) of one order.

    Raises:
        InvalidInput: no executions, a capacity other than agent, or a date that is no trading day.

    """
    quantity = sum(shares for _, shares in fills)
    if capacity != CAPACITY or quantity <= 0:
        raise InvalidInput(f"{quantity} shares as {capacity!r}: only executed agency trades are confirmed")
    principal = sum(notional(price, shares) for price, shares in fills)
    return Confirmation(
        side=side,
        trade_date=trade_date,
        settlement_date=settlement_of(trade_date).settlement_date,
        quantity=quantity,
        average_price=half_up(Fraction(principal, quantity * MONEY_UNIT), AVERAGE_DIGITS),
        principal=principal,
        charges=charges,
        net=principal + charges.total if side is Side.BUY else principal - charges.total,
        facts=FACTS if len(fills) == 1 else (*FACTS, AVERAGE_PRICE_NOTE),
    )
