"""The last line: what may not leave, whatever the core says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.gateway.limiter import Limiter, OutboundLimits, Parent

SECOND = 10**9
LIMITS = OutboundLimits(
    order_shares_max=1_000,
    order_notional_max=5_000_000_000,
    window_orders_max=3,
    window_notional_max=9_000_000_000,
)
"""A thousand shares or $5,000 an order; three orders or $9,000 a second."""


def parent(quantity, working=0):
    made = Parent(1, 0, quantity, quantity)
    made.working = working
    return made


@pytest.mark.parametrize(
    ("quantity", "working", "shares", "price", "refusal"),
    [
        (100, 0, 100, 100_000, ""),
        (100, 60, 40, 100_000, ""),
        (100, 60, 41, 100_000, "children would work 101 shares of a parent with 100 left"),
        (100, 0, 0, 100_000, "children would work 0 shares"),
        (100, 0, -1, 100_000, "children would work -1 shares"),
        (2_000, 0, 1_001, 100, "1001 shares are above the last-line limit of 1000 an order"),
        (1_000, 0, 500, 100_000, ""),
        (1_000, 0, 501, 100_000, "$5,010.00 is above the last-line limit of $5,000.00"),
    ],
)
def test_one_child_order(quantity, working, shares, price, refusal):
    one = parent(quantity, working)
    said = Limiter(LIMITS).refuse_new(one, shares, price, SECOND)
    assert said.startswith(refusal) if refusal else not said
    assert one.working == working + (0 if refusal else shares)


def test_the_rate_is_held_within_a_second():
    limiter, order = Limiter(LIMITS), parent(10_000)
    said = [limiter.refuse_new(order, 1, 100, now) for now in (0, 1, SECOND - 1, SECOND - 1, SECOND, SECOND)]
    held_back = "more than 3 orders in a second: the last line holds this one back"
    assert said == ["", "", "", held_back, "", held_back]


def test_the_value_is_held_within_a_second():
    limiter, order = Limiter(LIMITS), parent(10_000)
    said = [limiter.refuse_new(order, 450, 100_000, now) for now in (0, 1, 2, SECOND)]
    assert said == ["", "", "more than $9,000.00 in a second: the last line holds this one back", ""]


def test_what_was_held_back_does_not_count():
    limiter, order = Limiter(LIMITS), parent(10_000)
    assert limiter.refuse_new(order, 1_001, 100, 0)
    assert order.working == 0
    assert [bool(limiter.refuse_new(order, 1, 100, 0)) for _ in range(4)] == [False, False, False, True]


ORDERS = st.lists(
    st.tuples(st.integers(-5, 2_000), st.integers(1, 10**6), st.integers(0, SECOND // 2)), max_size=40
)


@given(ORDERS)
def test_no_second_ever_sees_more_than_it_may(orders):
    limiter, order, now, sent = Limiter(LIMITS), parent(20_000), 0, []
    for shares, price, pause in orders:
        now += pause
        if not limiter.refuse_new(order, shares, price, now):
            sent.append((now, shares, shares * price * 100))
    assert order.working == sum(shares for _, shares, _ in sent) <= order.leaves
    for end, shares, value in sent:
        within = [row for row in sent if end - LIMITS.window_ns < row[0] <= end]
        assert 0 < shares <= LIMITS.order_shares_max
        assert value <= LIMITS.order_notional_max
        assert len(within) <= LIMITS.window_orders_max
        assert sum(row[2] for row in within) <= LIMITS.window_notional_max
