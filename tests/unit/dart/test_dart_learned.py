"""What the router learns: estimates with the counts they rest on, bounded, kept and forgotten."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.dart import take_kernel as kernel
from rushtrade.dart.learned import ASKS_MAX, KEYS_MAX, OUTFLOWS_MAX, Learned, LearnedCounts, leak_chances
from rushtrade.domain.errors import InvalidInput
from rushtrade.router.line_messages import Probe, guess_kinds, take_probes

POOLS = ("D0", "D1")


def fill_of(learned: Learned, topic: str, venue: str, shares: int) -> float:
    names = (venue,)
    return float(np.interp(shares, kernel.EDGES, learned.fills(topic, "x", names)[0]))


def test_a_pool_that_fills_is_expected_to_fill_more_than_one_that_does_not():
    learned = Learned()
    before = fill_of(learned, "mid", "D0", 400)
    for _ in range(20):
        learned.asked("mid", "x", "D0", 400, 400)
        learned.asked("mid", "x", "D1", 400, 0)
    assert fill_of(learned, "mid", "D0", 400) > 300 > before
    assert fill_of(learned, "mid", "D1", 400) < before


def test_one_lucky_fill_moves_little():
    learned = Learned()
    before = fill_of(learned, "mid", "D0", 400)
    learned.asked("mid", "x", "D0", 400, 400)
    assert before < fill_of(learned, "mid", "D0", 400) < 3 * before


def test_a_class_never_asked_borrows_how_often_a_venue_is_empty():
    learned = Learned()
    for _ in range(60):
        learned.asked("mid", "y", "D0", 400, 0)
    fresh = Learned()
    assert fill_of(learned, "mid", "D0", 400) < 0.5 * fill_of(fresh, "mid", "D0", 400)


@pytest.mark.parametrize("grows", [True, False])
def test_small_asks_are_known_to_be_harmless_only_where_leaks_grow_with_size(grows):
    chance = np.random.default_rng(5)
    learned = Learned()
    for _ in range(300):
        size = float(chance.uniform(0.3, 3.0))
        learned.unfilled("D0", size, ran=bool(chance.random() < (0.3 * size if grows else 0.4)))
    small, *_, large = learned.leaks(("D0",))[0]
    assert large > 0.35
    assert small < 0.05 if grows else small > 0.25


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=kernel.LEAKS, max_size=kernel.LEAKS
    )
)
def test_leaks_are_chances_that_never_fall_with_size(counts):
    asked = np.array([[float(max(one)) for one in counts]])
    ran = np.array([[float(min(one)) for one in counts]])
    found = leak_chances(asked, ran)
    assert ((found > 0) & (found < 1)).all()
    assert (np.diff(found, axis=1) >= -1e-12).all()


def test_counts_fade_and_memory_is_bounded():
    learned = Learned()
    for _ in range(ASKS_MAX + 10):
        learned.asked("mid", "x", "D0", 100, 0)
    assert learned.explain()["mid/x/D0"]["asks"] <= ASKS_MAX
    for at in range(KEYS_MAX + 50):
        learned.weighed("kept", "", f"V{at}", 100, 50)
    assert len(learned.snapshot()) <= KEYS_MAX
    for at in range(OUTFLOWS_MAX + 20):
        learned.flowed("x", "L0", at)
    assert learned.outflows("x", "L0") == tuple(range(20, OUTFLOWS_MAX + 20))


def test_a_snapshot_is_plain_data_and_tells_the_same():
    learned = Learned()
    learned.asked("offer", "x", "M0", 500, 200)
    learned.improved("x", "M0", 200, 12.5)
    learned.unfilled("M0", 0.4, ran=True)
    learned.jumped(2)
    learned.weighed("faded", "x", "", 1_000, 400)
    learned.flowed("x", "L0", 1_200)
    learned.tried("L0", down=True)
    image = msgspec.json.decode(msgspec.json.encode(learned.snapshot()), type=tuple[LearnedCounts, ...])
    again = Learned.restore(image)
    assert again.explain() == learned.explain()
    assert again.snapshot() == learned.snapshot()
    assert again.better("x", "M0") == learned.better("x", "M0") > 0
    assert again.jump() > 1.6
    again.reset()
    assert again.snapshot() == ()
    assert again.explain() == {}


def test_what_makes_no_sense_teaches_nothing():
    learned = Learned()
    learned.asked("mid", "x", "D0", 0, 0)
    learned.asked("mid", "x", "D0", 100, 200)
    learned.asked("mid", "x", "D0", 10**15, 5)
    learned.improved("x", "M0", 100, 1e9)
    learned.flowed("x", "L0", -5)
    assert learned.explain().get("mid/x/D0") is None
    assert learned.outflows("x", "L0") == ()
    with pytest.raises(InvalidInput, match="sizes are learned of mid, offer, behind"):
        learned.asked("above", "x", "D0", 100, 10)


def probe(venue: str, limit: str, shown: float, asked: float, filled: float, **more) -> Probe:
    return Probe(venue, limit, "x", shown, asked, filled, **more)


def test_kinds_are_guessed_from_probes():
    rows = [
        probe("L", "ask", 300, 500, 300),
        probe("L", "outflow60s", 300, 0, 900),
        probe("D", "mid", 0, 500, 0),
        probe("M", "ask", 0, 500, 200),
    ]
    assert guess_kinds(rows) == {"L": "lit", "D": "dark", "M": "mm"}


def test_probes_of_hidden_shares_are_read_with_and_without_the_shares_shown():
    counted, apart = Learned(), Learned()
    kinds = {"L": "lit"}
    take_probes(counted, [probe("L", "ask", 300, 700, 500)] * 30, kinds)
    take_probes(apart, [probe("L", "ask", 300, 400, 200)] * 30 + [probe("L", "ask", 300, 400, 0)] * 0, kinds)
    assert fill_of(counted, "behind", "L", 400) == pytest.approx(fill_of(apart, "behind", "L", 400))


def test_probes_of_queues_are_read_as_outflows_or_as_orders_behind_the_queue():
    outflows, orders = Learned(), Learned()
    take_probes(outflows, [probe("L", "outflow60s", 300, 0, 900)] * 4, {"L": "lit"})
    rows = [probe("L", "outflow60s", 300, 200, 0)] * 3 + [probe("L", "outflow60s", 300, 200, 50)] * 3
    take_probes(orders, rows, {"L": "lit"})
    assert outflows.outflows("x", "L") == (900,) * 4
    assert orders.outflows("x", "L") == (150,) * 3 + (350,) * 3


def test_market_makers_teach_their_improvement_and_their_leaks():
    learned = Learned()
    rows = [probe("M", "ask", 0, 500, 400, px_vs_ask_mils=-20.0)] * 20
    rows += [probe("M", "ask", 0, 500, 0, quotes_ran=True, rest_over_nbbo=0.5)] * 20
    take_probes(learned, rows, {"M": "mm"})
    assert learned.better("x", "M") > 15
    assert learned.leaks(("M",))[0][5] > 0.5
