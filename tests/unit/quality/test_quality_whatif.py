"""What if: orders planned again on the books of their stamps. Midpoint 10.02; A takes 30 mils, B 6, C pays 10."""

from __future__ import annotations

import statistics
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quality_journal import QualityBook

from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.orders import ROUTE_STRATEGIES, TimeInForce
from rushtrade.quality.shown import t_half_width
from rushtrade.quality.whatif import WhatIfReader, alternative_of, dollars

SHOWN = "A 10.04x100 · B 10.04x100 · C 10.05x200"


def asked(book: QualityBook, strategy: str = "", sequence: str = ""):
    reader = WhatIfReader(alternative_of(strategy, sequence))
    reader.read(iter(book.frames))
    return reader.result()


def one_order(levels: str = SHOWN, shares: int = 300, **more) -> QualityBook:
    book = QualityBook()
    book.enter("buy", shares, "10.06", "B 100@10.04", levels=levels, **more)
    return book


def test_a_sequence_that_begins_at_the_dearer_venue_costs_what_it_costs():
    # as routed: 100 B at 2.06, 100 A at 2.30, 100 C at 2.90 dollars over the midpoint; otherwise: 200 C, then 100 B
    found = asked(one_order(), sequence="C")
    (order,) = found.per_order
    assert (dollars(order.cost), dollars(order.other_cost), dollars(order.difference)) == (
        "7.26",
        "7.86",
        "0.60",
    )
    assert (order.left, order.other_left, order.shares) == (0, 100, 300)
    assert (found.dearer, found.cheaper, found.interval) == (1, 0, None), "one order has no spread"


def test_a_sequence_in_the_order_of_price_costs_the_same():
    assert asked(one_order(), sequence="BAC").difference == "0.00"
    assert asked(one_order(), "SEQUENCE").difference == "0.00"


def test_a_route_that_was_switched_off_gets_nothing_under_the_other_way_either():
    book = QualityBook()
    book.say(ev.RouteSwitched(2, False, "slow"), command=cmd.SwitchRoute(2, False, "slow"))
    book.enter("buy", 300, "10.06", "B 100@10.04", levels=SHOWN)
    (order,) = asked(book, sequence="CB").per_order
    assert order.shares == 200


def test_a_plan_that_is_not_the_journals_is_said():
    assert asked(one_order(), "DART").plans_differ == 1, "the journal's one child is made up"


def test_a_sale_is_turned():
    book = QualityBook()
    book.enter("sell", 200, "9.90", "A 200@9.90", levels="A 10.00x100 · B 9.99x300")
    (order,) = asked(book, sequence="B").per_order
    # as routed: 100 A at 0.02 + 30 mils, 100 B at 0.03 + 6 mils; otherwise 200 B
    assert (dollars(order.cost), dollars(order.other_cost)) == ("5.36", "6.12")


def test_a_fee_below_a_dollar_is_a_part_of_the_value_and_a_fraction_is_charged_whole():
    book = QualityBook()
    book.quote("0.50", 100, "0.52", 100)
    book.enter("buy", 1, "0.60", "A 1@0.52", levels="A 0.5201x1")
    (order,) = asked(book, "DART").per_order
    # 0.0101 dollars over the midpoint, and 3,000 millionths of 0.5201 are 1,560.3 micro-dollars
    assert order.cost == 10_100 + 1_561


COUNTED = [
    ("directed", {"route": "A"}, "directed"),
    ("stop", {"stop": "11.00"}, "stops"),
]


@pytest.mark.parametrize(("_name", "more", "field"), COUNTED, ids=[row[0] for row in COUNTED])
def test_orders_with_nothing_to_compare_are_counted_apart(_name, more, field):
    found = asked(one_order(**more), "SEQUENCE")
    assert (found.orders, getattr(found, field)) == (0, 1)


def test_an_order_beyond_its_limit_rests_both_ways():
    found = asked(one_order("A 10.07x100"), "SEQUENCE")
    assert (found.orders, found.nothing_shown, found.difference) == (0, 1, "0.00")


def test_fill_or_kill_that_one_way_alone_would_fill_is_not_priced():
    book = one_order("A 10.04x300 · C 10.05x100", tif=TimeInForce.FOK)
    found = asked(book, sequence="C")
    assert (found.orders, found.one_way_only) == (0, 1)


@pytest.mark.parametrize("name", ROUTE_STRATEGIES)
def test_every_strategy_that_takes_can_be_asked_and_takes_what_is_shown(name):
    found = asked(one_order(), name)
    (order,) = found.per_order
    assert order.shares == 300
    assert order.other_cost >= order.cost, "nothing beats a sweep by all-in cost on books that stand still"


@settings(max_examples=60, deadline=None)
@given(
    levels=st.lists(
        st.tuples(st.sampled_from("ABC"), st.integers(100_300, 100_600), st.integers(1, 400)), max_size=9
    ),
    shares=st.integers(1, 900),
    name=st.sampled_from(list(ROUTE_STRATEGIES)),
)
def test_no_way_takes_more_than_was_wanted_or_shown_within_the_limit(levels, shares, name):
    seen = sorted(dict.fromkeys((venue, price) for venue, price, _ in levels))
    sizes = {(venue, price): size for venue, price, size in levels}
    text = " · ".join(f"{v} {p // 10_000}.{p % 10_000:04d}x{sizes[v, p]}" for v, p in seen)
    within = sum(sizes[key] for key in seen if key[1] <= 100_600)
    found = asked(one_order(text, shares), name)
    assert found.one_way_only == 0
    for order in found.per_order:
        assert order.shares == min(shares, within)


REFUSED = [
    ("", "", "say what else: either --strategy NAME or --sequence CODES"),
    ("DART", "AB", "say what else"),
    ("work", "", "no strategy 'work' to price by what was shown; there are DART, SEQUENCE"),
    ("", "aB", "'a' is no route code"),
    ("", "AA", "stands in it twice"),
]


@pytest.mark.parametrize(("strategy", "sequence", "said"), REFUSED)
def test_what_cannot_be_asked_is_refused_in_words(strategy, sequence, said):
    with pytest.raises(InvalidInput, match=said):
        asked(one_order(), strategy, sequence)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=40))
def test_the_interval_is_students(values):
    spread = statistics.stdev(values) * len(values) ** 0.5
    least = 1.96 * spread - 2
    assert least <= float(t_half_width(values)) <= 12.71 * spread + 1


def test_a_known_interval():
    # n = 5, mean 3, s = 1.5811: 2.776 × 1.5811 × √5 = 9.814
    assert abs(t_half_width([1, 2, 3, 4, 5]) - Fraction("9.814")) < Fraction("0.01")
