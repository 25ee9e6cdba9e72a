"""Seek or sweep: the kernel against its slow twins, and what every plan of every strategy must keep to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from take_plain import (
    TICK,
    beliefs_of,
    make_street,
    parent,
    plain_fill,
    plain_fill_saves,
    plain_merge,
    plain_sweep_cost,
)

from rushtrade.dart import take_kernel as kernel
from rushtrade.dart.learned import Learned
from rushtrade.dart.strategies import IOC, ISO, TAKING, best, seek, snapshot, sweep
from rushtrade.dart.street import NO_PRICE, Street, VenueTerms
from rushtrade.domain.errors import InvalidInput

BEYOND = float(kernel.BEYOND_TICKS * TICK)


@st.composite
def books(draw):
    """Asks of one to six venues, a tick or two apart."""
    made = []
    for _ in range(draw(st.integers(1, 6))):
        price, levels = 1_000_000 + TICK * draw(st.integers(0, 3)), []
        for _ in range(draw(st.integers(1, 6))):
            levels.append((price, 100 * draw(st.integers(1, 12))))
            price += TICK * draw(st.integers(1, 2))
        made.append(levels)
    return made


@st.composite
def learnings(draw):
    """Estimates after some asks of everything there is."""
    learned = Learned()
    for _ in range(draw(st.integers(0, 25))):
        venue = draw(st.sampled_from(["D0", "D1", "M0", "L0", "L1"]))
        topic = {"D": "mid", "M": "offer", "L": "behind"}[venue[0]]
        asked = draw(st.integers(1, 3_000))
        learned.asked(topic, "x", venue, asked, draw(st.integers(0, asked)))
        learned.unfilled(venue, draw(st.floats(0, 5)), ran=draw(st.booleans()))
    return learned


def merged(street: Street) -> tuple[np.ndarray, int]:
    count = kernel.merge(street.far, street.terms, street.work, 2**40)
    return street.work, count


@settings(max_examples=60, deadline=None)
@given(books())
def test_levels_lie_side_by_side_as_a_sort_lays_them(asks):
    street = make_street(asks)
    work, count = merged(street)
    assert [(int(row[0]), int(row[3]), int(row[2])) for row in work[:, :count].T] == [
        (price, venue, shares) for price, _, venue, shares in plain_merge(street)
    ]


@settings(max_examples=60, deadline=None)
@given(books(), st.integers(1, 20_000))
def test_a_sweep_costs_what_its_shares_cost(asks, shares):
    street = make_street(asks)
    work, count = merged(street)
    assert kernel.sweep_cost(work, count, 0.0, shares, 1.0, BEYOND) == pytest.approx(
        plain_sweep_cost(street, shares, BEYOND)
    )


@settings(max_examples=60, deadline=None)
@given(learnings(), st.integers(1, 100_000))
def test_an_expected_fill_lies_on_the_line_between_the_edges(learned, shares):
    fills = learned.fills("mid", "x", ("D0", "D1"))
    assert kernel.expected_fill(fills, 0, shares) == pytest.approx(plain_fill(fills[0], shares))
    assert 0 <= kernel.expected_fill(fills, 0, shares) <= shares


@settings(max_examples=40, deadline=None)
@given(books(), learnings(), st.integers(1, 3_000))
def test_what_fills_save_is_summed_share_by_share(asks, learned, shares):
    street = make_street(asks)
    work, count = merged(street)
    fills = learned.fills("mid", "x", ("D0",))
    found = kernel.fill_saves(fills, 0, 0.0, float(shares), 1_000_010.0, 0.0, work, count, BEYOND)
    plain = plain_fill_saves(street, fills[0], shares, 1_000_010.0, BEYOND)
    slack = 12 * TICK * 25 + 0.02 * abs(plain)  # a cell is priced at its middle, a share at its own level
    widest = max((size for size in kernel.EDGES if size <= shares), default=25)
    assert found == pytest.approx(plain, abs=slack + 6 * TICK * widest * fills[0, -1] / max(fills[0, -1], 1))


@settings(max_examples=150, deadline=None)
@given(books(), learnings(), st.integers(1, 8_000), st.sampled_from(sorted(TAKING)), st.integers(0, 250_000))
def test_no_plan_holds_more_than_is_free_and_every_iso_covers_better_quotes(asks, learned, free, name, now):
    street = make_street(asks)
    street.switch(0, usable=len(asks) > 1 and free % 3 > 0)
    plan = TAKING[name](parent(free, now=now), street, beliefs_of(street, learned))
    assert sum(child.shares for child in plan.children) <= free
    assert all(child.shares > 0 and street.is_usable(child.venue) for child in plan.children)
    assert len({(child.venue, child.purpose) for child in plan.children}) == len(plan.children)
    isos = [child for child in plan.children if child.kind == ISO]
    if isos and name != "sequence":
        worst = max(child.price for child in isos)
        for venue in street.lit():
            price, shown = street.far[venue, 0].tolist()
            if shown and price < worst:
                assert sum(child.shares for child in isos if child.venue == venue) >= shown
    best_price = street.best_far(also_unusable=True)
    for child in plan.children:
        if child.kind == IOC and child.purpose == "sweep" and name != "sequence":
            assert child.price <= best_price


@settings(max_examples=40, deadline=None)
@given(books(), learnings(), st.integers(1, 8_000))
def test_the_same_street_gives_the_same_plan(asks, learned, free):
    image = learned.snapshot()
    plans = []
    for _ in range(2):
        street = make_street(asks)
        plans.append(best(parent(free), street, beliefs_of(street, Learned.restore(image))))
    assert plans[0] == plans[1]


def test_a_sweep_arrives_everywhere_at_the_same_time():
    street = make_street([[(1_000_000, 300)], [(1_000_000, 200)], [(1_000_100, 500)]], dark=0, makers=0)
    plan = sweep(parent(800), street, beliefs_of(street))
    arrivals = {child.send_us + street.venues[child.venue].latency_us for child in plan.children}
    assert len(plan.children) == 3
    assert len(arrivals) == 1


def test_asks_that_go_with_a_sweep_never_arrive_before_it():
    learned = Learned()
    for _ in range(40):
        learned.asked("mid", "x", "D0", 5_000, 500)
    street = make_street([[(1_000_000 + TICK * at, 100) for at in range(6)]] * 3)
    plan = sweep(parent(1_500), street, beliefs_of(street, learned))
    swept = [
        one.send_us + street.venues[one.venue].latency_us for one in plan.children if one.purpose == "sweep"
    ]
    asked = [
        one.send_us + street.venues[one.venue].latency_us for one in plan.children if one.purpose == "mid"
    ]
    assert swept
    assert asked
    assert min(asked) >= max(swept)


def test_a_pool_that_fills_is_asked_first_and_one_that_scares_quotes_is_not():
    friendly, hostile = Learned(), Learned()
    for turn in range(60):
        for learned in (friendly, hostile):
            learned.asked("mid", "x", "D0", 1_000, 0 if turn % 3 else 600)
        for size in (0.01, 0.1, 1.0):
            friendly.unfilled("D0", size, ran=False)
            hostile.unfilled("D0", size, ran=True)
            for other in ("D1", "M0"):
                friendly.unfilled(other, size, ran=True)
                hostile.unfilled(other, size, ran=True)
    street = make_street([[(1_000_000, 400), (1_000_100, 400)]] * 3)
    kind = best(parent(500), street, beliefs_of(street, friendly))
    wary = best(parent(500), street, beliefs_of(street, hostile))
    assert street.names[kind.children[0].venue] == "D0"
    assert all(child.purpose != "sweep" for child in kind.children)
    assert wary.children[0].purpose == "sweep"
    assert sum(child.shares for child in wary.children if child.purpose == "sweep") >= 400


def test_hidden_shares_that_were_met_before_are_asked_for_behind_the_quotes():
    learned = Learned()
    for _ in range(60):
        learned.asked("behind", "x", "L1", 600, 600)
        learned.asked("behind", "x", "L0", 600, 0)
    street = make_street(
        [[(1_000_000, 200), (1_000_100, 200)]] * 2 + [[(1_000_300, 2_000)]], dark=0, makers=0
    )
    plan = sweep(parent(900), street, beliefs_of(street, learned))
    sent = {street.names[child.venue]: child.shares for child in plan.children}
    assert sent["L1"] > 400
    assert sent.get("L0", 0) <= 400


def test_a_lit_venue_that_hides_shares_at_the_midpoint_is_asked_there():
    learned = Learned()
    for _ in range(60):
        learned.asked("mid", "x", "L1", 600, 600)
        learned.unfilled("L1", 0.1, ran=False)
    street = make_street([[(1_000_100, 400)], [(1_000_100, 400)]], dark=0, makers=0)
    plan = seek(parent(300), street, beliefs_of(street, learned))
    assert [(street.names[one.venue], one.price, one.purpose) for one in plan.children] == [
        ("L1", 1_000_000, "mid")
    ]


def test_a_snapshot_is_taken_once():
    street = make_street([[(1_000_000, 400)]])
    assert snapshot(parent(300), street, beliefs_of(street)).children
    again = snapshot(
        parent(300).__class__(300, 300, 300, "x", TICK, 0, 250_000, 300, 1), street, beliefs_of(street)
    )
    assert again.children == ()


def test_the_last_sweep_bids_for_all_that_is_left():
    street = make_street([[(1_000_000, 400)], [(1_000_100, 100)]])
    plan = seek(parent(2_000, now=249_000), street, beliefs_of(street))
    assert sum(child.shares for child in plan.children) == 2_000
    assert {child.kind for child in plan.children} == {ISO}


def test_an_empty_street_waits():
    street = make_street([[]])
    for name, strategy in TAKING.items():
        plan = strategy(parent(100), street, beliefs_of(street))
        assert plan.children == (), name
    assert street.best_far() == NO_PRICE


def test_books_that_cannot_be_true_end_where_they_stop_making_sense():
    street = make_street([[(1_000_000, 100), (999_900, 100)], [(1_000_000, 0)], [(2**61, 100)]])
    assert [street.shown_at(at, NO_PRICE) for at in range(3)] == [100, 0, 0]


@pytest.mark.parametrize(
    ("venues", "said"),
    [
        ((), "1 to 64 venues"),
        ((VenueTerms("A", "lit", 0, 0, 0, 0),) * 2, "a name of its own"),
        ((VenueTerms("A", "shop", 0, 0, 0, 0),), "one of lit, dark, mm"),
        ((VenueTerms("A", "lit", 20_000, 0, 0, 0),), "fees of venue A"),
        ((VenueTerms("A", "lit", 0, 0, -1, 0),), "delays of venue A"),
    ],
)
def test_a_street_is_refused_in_plain_words(venues, said):
    with pytest.raises(InvalidInput, match=said):
        Street(venues)
