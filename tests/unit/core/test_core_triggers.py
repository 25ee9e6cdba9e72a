"""What triggers a stop order: a last sale at or through its price that a good quote does not contradict."""

from __future__ import annotations

import pytest

from rushtrade.core.decide_orders import is_triggered, trigger_price
from rushtrade.domain.orders import OrderTerms, OrderType, Side, TimeInForce


@pytest.mark.parametrize(
    ("bid", "ask", "last", "price"),
    [
        (99, 101, 100, 100),
        (99, 101, 99, 99),
        (99, 101, 101, 101),
        (99, 101, 98, 0),
        (99, 101, 102, 0),
        (100, 100, 100, 100),
        (100, 100, 101, 0),
        (101, 99, 150, 150),  # a crossed quote contradicts nothing
        (0, 101, 150, 150),  # nor does half a quote
        (1, 0, 150, 150),
        (99, 101, 0, 0),
        (0, 0, 0, 0),
    ],
)
def test_a_stray_print_outside_a_good_quote_triggers_nothing(bid, ask, last, price):
    assert trigger_price(bid, ask, last) == price


@pytest.mark.parametrize(
    ("side", "last", "triggered"),
    [
        *((Side.BUY, 99, False), (Side.BUY, 100, True), (Side.BUY, 101, True)),
        *((Side.SELL, 99, True), (Side.SELL, 100, True), (Side.SELL, 101, False)),
        *((Side.BUY, 0, False), (Side.SELL, 0, False), (Side.SELL, -1, False)),
    ],
)
def test_a_buy_triggers_upward_and_a_sale_downward(side, last, triggered):
    terms = OrderTerms(1, side, OrderType.STOP, TimeInForce.DAY, 1, stop_price=100)
    assert is_triggered(terms, last) is triggered
