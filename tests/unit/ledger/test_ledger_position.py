"""A position: shares, average cost, realised profit."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.ledger.position import Position

UNIT = 100
"""Micro-dollars of one share at a price of one unit."""

TRADES = st.lists(
    st.tuples(st.integers(-500, 500).filter(bool), st.integers(1, 2_000_000)), min_size=1, max_size=30
)

STORY = """
# trade, price: shares, cost, realised by this trade, all in cents
+100 @ 1000  | 100    100000      0
+100 @ 1100  | 200    210000      0
-50  @ 1200  | 150    157500   7500
-150 @ 1000  | 0           0  -7500
-100 @ 1000  | -100  -100000      0
-50  @ 900   | -150  -145000      0
+60  @ 950   | -90    -87000   1000
+100 @ 950   | 10       9500   1500
-20  @ 900   | -10     -9000   -500
"""


def test_a_story_of_trades():
    position = Position()
    for line in STORY.strip().splitlines():
        if line.startswith("#"):
            continue
        trade, _, after = line.partition("|")
        signed, _, cents = trade.split()
        realised = position.trade(int(signed), int(cents) * 100)
        assert [position.shares, position.cost // 10_000, realised // 10_000] == [
            int(word) for word in after.split()
        ], line


@given(TRADES)
def test_profit_is_what_came_in_less_what_went_out(trades):
    position, paid = Position(), 0
    for signed, price in trades:
        paid += signed * price * UNIT
        before = position.realised
        assert position.trade(signed, price) == position.realised - before
        assert position.cost == paid + position.realised, (
            "realised and unrealised together are cash and value"
        )
        assert position.day_cash == -paid
        assert position.shares or not position.cost
        assert position.cost * position.shares >= 0
    assert position.shares == sum(signed for signed, _ in trades)


@given(TRADES)
def test_cost_is_the_average_to_the_micro_dollar(trades):
    position, shares, cost = Position(), 0, Fraction(0)
    for done, (signed, price) in enumerate(trades, start=1):
        closing = min(abs(signed), abs(shares)) if shares * signed < 0 else 0
        if closing:
            cost -= cost * closing / abs(shares)
        opening = abs(signed) - closing
        cost += (1 if signed > 0 else -1) * opening * price * UNIT
        shares += signed
        position.trade(signed, price)
        assert abs(position.cost - cost) <= done, "each sale rounds by less than a micro-dollar"


@given(st.integers(1, 10**6), st.integers(0, 10**12), st.data())
def test_shares_that_go_take_their_part_of_the_cost(shares, cost, data):
    position = Position()
    position.bring(shares, cost)
    part = data.draw(st.integers(1, shares))
    position.bring(-part, -position.cost_of(part))
    assert position.cost == cost - cost * part // shares if part < shares else position.cost == 0


@pytest.mark.parametrize("held", [1, -1])
def test_what_a_day_counts_begins_anew(held):
    position = Position()
    position.bring(held * 100, held * 1_000_000)
    position.trade(-held * 50, 200)
    assert position.day_cash != 0
    position.begin_day()
    assert (position.day_open_shares, position.day_cash, position.day_realised) == (held * 50, 0, 0)


@given(TRADES)
def test_a_position_comes_back_from_its_snapshot(trades):
    position = Position()
    for signed, price in trades:
        position.trade(signed, price)
    assert Position.restore(position.snapshot()).snapshot() == position.snapshot()
