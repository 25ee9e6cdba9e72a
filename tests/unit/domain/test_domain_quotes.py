"""The one valuation price: what a quote may say of it, and what it may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.domain.numbers import PRICE_MAX
from rushtrade.domain.quotes import mark_price

ROWS = [
    # bid, ask, last, before, price, why
    (10, 20, 15, 1, 15, "the last sale, within the quote"),
    (10, 20, 5, 1, 10, "a last sale below the bid counts as the bid"),
    (10, 20, 50, 1, 20, "a last sale above the offer counts as the offer"),
    (10, 20, 0, 1, 15, "nothing has traded: the midpoint"),
    (10, 10, 9, 1, 10, "a locked quote is good"),
    (0, 20, 5, 7, 7, "one-sided: the price before"),
    (10, 0, 5, 7, 7, "one-sided: the price before"),
    (20, 10, 5, 7, 7, "crossed: the price before"),
    (10, 21, 15, 7, 7, "an offer above twice the bid is a stub"),
    (1, PRICE_MAX + 1, 5, 7, 7, "an offer beyond any price says nothing"),
    (PRICE_MAX, PRICE_MAX + 1, 5, 7, 7, "an offer beyond any price says nothing"),
    (-10, 20, 5, 7, 7, "a bid below zero says nothing"),
    (20, 10, 5, 0, 5, "no price before: the last sale"),
    (0, 0, PRICE_MAX + 1, 0, 0, "no price before, and a last sale beyond any price"),
    (0, 0, 0, 0, 0, "nothing is known"),
]


@pytest.mark.parametrize(
    ("bid", "ask", "last", "before", "price", "why"), ROWS, ids=[row[-1] for row in ROWS]
)
def test_what_a_share_is_valued_at(bid, ask, last, before, price, why):
    assert mark_price(bid, ask, last, before) == price, why


NUMBERS = st.integers(-PRICE_MAX * 3, PRICE_MAX * 3)


@given(NUMBERS, NUMBERS, NUMBERS, st.integers(1, PRICE_MAX))
def test_no_data_however_absurd_unmakes_a_price_or_leaves_the_quote(bid, ask, last, before):
    price = mark_price(bid, ask, last, before)
    assert 0 < price <= PRICE_MAX
    assert price == before or bid <= price <= ask
