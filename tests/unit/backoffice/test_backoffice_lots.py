"""Lots, wash sales, allocation, corrections, reconciliation: what must hold for any numbers."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.backoffice.allocation import allocate_block, deal
from rushtrade.backoffice.confirmations import AVERAGE_PRICE_NOTE, Charges, confirm
from rushtrade.backoffice.corrections import CASH_ASSET, SHARES_ASSET, TradeBook
from rushtrade.backoffice.lots import Lot, Relief, relieve
from rushtrade.backoffice.reconciliation import Match, break_count, reconcile
from rushtrade.backoffice.wash_sales import LossSale, Purchase, wash_sale
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.orders import Side

DAY = dt.date(2004, 11, 15)
whole = st.integers(1, 1_000).map(Fraction)
prices = st.fractions(Fraction(1, 100), 500, max_denominator=100)
lots = st.lists(st.tuples(st.integers(0, 800), whole, prices), min_size=1, max_size=8).map(
    lambda rows: [
        Lot(f"L{number}", DAY - dt.timedelta(days=days), shares, price)
        for number, (days, shares, price) in enumerate(rows)
    ]
)


@given(lots, st.data(), st.sampled_from(Relief))
def test_relief_takes_exactly_the_shares_sold_and_no_lot_twice(held, data, relief):
    shares = data.draw(st.integers(1, int(sum(lot.shares for lot in held))).map(Fraction))
    uses = relieve(held, shares, relief)
    assert sum(use.shares for use in uses) == shares
    assert len({use.lot.lot_id for use in uses}) == len(uses)
    assert all(0 < use.shares <= use.lot.shares for use in uses)
    assert all(use.shares == use.lot.shares for use in uses[:-1])


@given(lots, st.data())
def test_no_order_of_relief_gives_a_higher_basis_than_the_highest_cost_first(held, data):
    shares = data.draw(st.integers(1, int(sum(lot.shares for lot in held))).map(Fraction))
    basis = {relief: sum(use.basis for use in relieve(held, shares, relief)) for relief in Relief}
    assert max(basis.values()) == basis[Relief.HIFO]
    assert min(basis.values()) == basis[Relief.LOFO]


def test_equal_lots_are_taken_the_earlier_first():
    held = [Lot(name, DAY, Fraction(10), Fraction(5)) for name in "ABC"]
    for relief in Relief:
        assert [use.lot.lot_id for use in relieve(held, Fraction(25), relief)] == ["A", "B", "C"]


@pytest.mark.parametrize("shares", [0, -5, 31])
def test_a_sale_the_lots_cannot_meet_is_refused(shares):
    with pytest.raises(InvalidInput, match="they hold 30"):
        relieve([Lot("A", DAY, Fraction(30), Fraction(5))], Fraction(shares), Relief.FIFO)


def bought(name: str, days: int, shares: int, price: int) -> Purchase:
    return Purchase(name, DAY + dt.timedelta(days=days), Fraction(shares), Fraction(price))


@pytest.mark.parametrize(("days", "disallowed"), [(-31, 0), (-30, 500), (30, 500), (31, 0)])
def test_the_window_is_thirty_days_either_side(days, disallowed):
    sale = LossSale(DAY, Fraction(5), (("old", Fraction(100)),))
    found = wash_sale([bought("old", -400, 100, 10), bought("new", days, 100, 5)], sale)
    assert (found.loss, found.disallowed) == (500, disallowed)


def test_a_gain_is_never_a_wash_sale_and_a_share_replaces_one_share_only():
    sale = LossSale(DAY, Fraction(8), (("dear", Fraction(60)), ("cheap", Fraction(40))))
    purchases = [bought("dear", -90, 60, 10), bought("cheap", -80, 40, 5), bought("new", 3, 25, 8)]
    found = wash_sale(purchases, sale)
    assert (found.loss, found.disallowed, found.allowed_loss) == (120, 50, 70)
    (replacement,) = found.replacements
    assert (replacement.purchase_id, replacement.shares, replacement.basis) == ("new", 25, 250)


@given(
    st.lists(
        st.tuples(st.integers(-60, 60), st.integers(1, 300), st.integers(1, 20)), min_size=1, max_size=6
    ),
    st.data(),
)
def test_what_is_disallowed_is_added_to_the_basis_of_what_replaces(rows, data):
    purchases = [bought(f"p{number}", *row) for number, row in enumerate(rows)]
    sold = [
        (one.purchase_id, Fraction(data.draw(st.integers(1, int(one.shares)))))
        for one in purchases
        if one.bought <= DAY
    ]
    found = wash_sale(purchases, LossSale(DAY, Fraction(10), tuple(sold)))
    assert 0 <= found.disallowed <= found.loss
    assert sum(one.basis_added for one in found.replacements) == found.disallowed
    by_id = {one.purchase_id: one for one in purchases}
    assert all(
        one.basis == one.shares * by_id[one.purchase_id].price + one.basis_added for one in found.replacements
    )


def test_a_sale_of_lots_never_bought_is_refused():
    with pytest.raises(InvalidInput, match="never bought"):
        wash_sale([], LossSale(DAY, Fraction(5), (("x", Fraction(1)),)))
    with pytest.raises(InvalidInput, match="which had 10"):
        wash_sale([bought("x", -5, 10, 9)], LossSale(DAY, Fraction(5), (("x", Fraction(11)),)))


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=9), st.data())
def test_a_block_is_dealt_to_the_last_share_and_nobody_is_a_whole_share_off(asked, data):
    filled = data.draw(st.integers(1, sum(asked)))
    dealt = deal(asked, filled)
    assert sum(dealt) == filled
    assert all(
        abs(Fraction(filled * want, sum(asked)) - got) < 1 for want, got in zip(asked, dealt, strict=True)
    )
    assert all(got <= want for want, got in zip(asked, dealt, strict=True))


def test_accounts_and_rounding_account_together_pay_the_street():
    found = allocate_block([("A", 100), ("B", 33)], [(Fraction("10.01"), 70), (Fraction("10.02"), 41)])
    assert sum(part.gross for part in found.slices) + found.residual == found.street_gross
    with pytest.raises(InvalidInput):
        allocate_block([("A", 100)], [(Fraction(10), 101)])


def test_a_cancelled_trade_leaves_its_mirror_and_nothing_else():
    book = TradeBook()
    book.trade("t1", Fraction(100), Fraction(10), Fraction(1))
    first = book.entries[0]
    book.cancel("t1")
    book.trade("t2", Fraction(100), Fraction("9.98"), Fraction(1), corrects="t1")
    assert book.entries[0] is first
    assert (book.balance("customer", SHARES_ASSET), book.balance("customer", CASH_ASSET)) == (100, -999)
    assert book.sum_of_legs(CASH_ASSET) == book.sum_of_legs(SHARES_ASSET) == 0


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda book: book.cancel("nothing"), "no trade 'nothing'"),
        (lambda book: book.cancel("t1"), "was cancelled before"),
        (lambda book: book.cancel("cancel of t1"), "no trade 'cancel of t1'"),
        (lambda book: book.trade("t1", Fraction(1), Fraction(1), Fraction(0)), "is taken"),
        (
            lambda book: book.trade("t3", Fraction(1), Fraction(1), Fraction(0), corrects="t9"),
            "not a cancelled trade",
        ),
    ],
)
def test_a_correction_that_does_not_fit_is_refused_and_books_nothing(step, message):
    book = TradeBook()
    book.trade("t1", Fraction(100), Fraction(10), Fraction(1))
    book.cancel("t1")
    with pytest.raises(InvalidInput, match=message):
        step(book)
    assert len(book.entries) == 2


@given(*[st.dictionaries(st.sampled_from("abcdef"), st.integers(-50, 50).map(Fraction)) for _ in range(2)])
def test_reconciliation_has_a_line_for_every_key_of_either_side_and_its_breaks_add_up(ours, theirs):
    lines = reconcile(ours, theirs)
    assert [line.key for line in lines] == sorted({*ours, *theirs})
    assert sum(line.difference for line in lines) == sum(ours.values()) - sum(theirs.values())
    assert break_count(lines) == sum(line.status is not Match.MATCHED for line in lines)


def test_a_confirmation_adds_charges_to_a_purchase_and_takes_them_from_a_sale():
    charges = Charges(5_000_000, 20_000, 10_000)
    bought_ = confirm(Side.BUY, [(100_000, 300), (100_100, 200)], DAY, charges)
    sold = confirm(Side.SELL, [(100_000, 500)], DAY, charges)
    assert bought_.net == bought_.principal + 5_030_000
    assert sold.net == sold.principal - 5_030_000
    assert bought_.average_price == "10.0040"
    assert bought_.settlement_date == dt.date(2004, 11, 18)
    assert AVERAGE_PRICE_NOTE in bought_.facts
    assert AVERAGE_PRICE_NOTE not in sold.facts
    with pytest.raises(InvalidInput, match="only executed agency trades"):
        confirm(Side.BUY, [(100_000, 300)], DAY, charges, "principal")
