"""The 2004 way: one route at a time, the class's codes left to right, then the punt list."""

from __future__ import annotations

import dart_words as words
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.dart.planning import LAST_RESTS_MAX, plan
from rushtrade.domain.orders import ROUTE_SEQUENCE, Side, TimeInForce
from rushtrade.domain.plans import Strategy

# Class 1 goes B, A, D, then the punt list C, A. Class 2 goes D alone and may use A and D. Class 3 has no route.

STEPS = """
# need                                  | off/down | quotes met  | child             | next | skips
# marketable: an IOC for all shares, one route after the other, whatever each of them shows
buy 300 10.00 day SEQUENCE              |          | A 10.00x100 | B 300@10.00 IOC   | 1    | A later in sequence · C later in sequence · D later in sequence
buy 300 10.00 day SEQUENCE round=1      |          | A 10.00x100 | A 300@10.00 IOC   | 2    | B already tried · C later in sequence · D later in sequence
buy 200 10.00 day SEQUENCE round=2      |          | A 10.00x100 | D 200@10.00 IOC   | 3    | A later in sequence · B already tried · C later in sequence
buy 200 10.00 day SEQUENCE round=3      |          | A 10.00x100 | C 200@10.00 IOC   | 4    | A later in sequence · B already tried · D already tried
# the last route of the punt list keeps what is left as a day order
buy 200 10.00 day SEQUENCE round=4      |          | A 10.00x100 | A 200@10.00 DAY   | 5    | B already tried · C already tried · D already tried
buy 200 10.00 ioc SEQUENCE round=4      |          | A 10.00x100 | A 200@10.00 IOC   | 5    | B already tried · C already tried · D already tried
# gone through: rest at the last usable route, or end
buy 200 10.00 day SEQUENCE round=5      |          | A 10.00x100 | A 200@10.00 DAY   | 6    | B already tried · C already tried · D already tried
buy 200 10.00 day SEQUENCE round=5      | A/       | A 10.00x100 | C 200@10.00 DAY   | 6    | A disabled · B already tried · D already tried
buy 200 10.00 ioc SEQUENCE round=5      |          | A 10.00x100 | -                 | 5    | A already tried · B already tried · C already tried · D already tried
# not marketable: a day order goes to the first usable route and rests there
buy 300 9.99 day SEQUENCE               |          | A 10.00x100 | B 300@9.99 DAY    | 1    | A later in sequence · C later in sequence · D later in sequence
sell 300 10.01 day SEQUENCE             |          | A 10.00x100 | B 300@10.01 DAY   | 1    | A later in sequence · C later in sequence · D later in sequence
buy 300 9.99 day SEQUENCE show=100      |          | A 10.00x100 | B 300@9.99 DAY show=100 | 1 | A later in sequence · C later in sequence · D later in sequence
buy 300 9.99 day SEQUENCE hidden        |          | A 10.00x100 | B 300@9.99 DAY hidden | 1 | A later in sequence · C later in sequence · D later in sequence
buy 300 9.99 day SEQUENCE round=1       | A/D      | A 10.00x100 | C 300@9.99 DAY    | 4    | A disabled · B already tried · D link down
buy 300 9.99 day SEQUENCE               |          |             | B 300@9.99 DAY    | 1    | A later in sequence · C later in sequence · D later in sequence
buy 300 9.99 ioc SEQUENCE               |          | A 10.00x100 | B 300@9.99 IOC    | 1    | A later in sequence · C later in sequence · D later in sequence
# routes that are off or down lose their turn
buy 300 10.00 day SEQUENCE              | B/       | A 10.00x100 | A 300@10.00 IOC   | 2    | B disabled · C later in sequence · D later in sequence
buy 300 10.00 day SEQUENCE              | BA/D     | A 10.00x100 | C 300@10.00 DAY   | 4    | A disabled · B disabled · D link down
buy 300 10.00 day SEQUENCE              | ABCD/    | A 10.00x100 | -                 | 0    | A disabled · B disabled · C disabled · D disabled
# all or nothing is offered to each in turn
buy 300 10.00 fok SEQUENCE round=2      |          | A 10.00x100 | D 300@10.00 FOK   | 3    | A later in sequence · B already tried · C later in sequence
# other classes
buy 300 10.00 day SEQUENCE class=2      |          | A 10.00x100 | D 300@10.00 DAY   | 1    | A not in sequence · B not legal · C not legal
buy 300 10.00 day SEQUENCE class=2      | D/       | A 10.00x100 | -                 | 0    | A not in sequence · B not legal · C not legal · D disabled
buy 300 10.00 day SEQUENCE class=3      |          | A 10.00x100 | -                 | 0    | A not legal · B not legal · C not legal · D not legal
"""


@pytest.mark.parametrize(("need", "switches", "far", "child", "progress", "skips"), words.table(STEPS))
def test_a_sequence_goes_left_to_right(need, switches, far, child, progress, skips):
    off, _, down = switches.partition("/")
    want = words.need(need)
    made = plan(words.desk(off, down), want, words.stamp(want.side, far))
    assert (words.children(made), words.skips(made)) == (child, skips)
    assert (made.strategy, made.progress) == (Strategy.SEQUENCE, int(progress))


def test_an_order_that_every_venue_sends_back_ends():
    met = words.stamp(Side.BUY, "A 10.00x100")
    desk, sent, progress = words.desk(), [], 0
    while (made := plan(desk, words.need(f"buy 100 10.00 day SEQUENCE round={progress}"), met)).children:
        sent.append(words.children(made)[0])
        progress = made.progress
    assert "".join(sent) == "BADCA" + "A" * LAST_RESTS_MAX
    assert made.progress == progress


def test_a_step_expects_what_its_venue_shows_within_the_limit():
    far = "B 10.00x100 10.01x100 10.02x500"
    desk = words.desk()
    buy = plan(desk, words.need("buy 300 10.01 day SEQUENCE"), words.stamp(Side.BUY, far))
    assert (buy.expected_shares, buy.expected_cost) == (200, 2_001_000_000 + 200 * 6 * 100)
    fok = plan(desk, words.need("buy 300 10.01 fok SEQUENCE"), words.stamp(Side.BUY, far))
    assert (fok.expected_shares, fok.expected_cost) == (0, 0)


def test_a_sequence_changed_live_counts_from_the_next_step():
    desk = words.desk()
    met = words.stamp(Side.BUY, "A 10.00x100")
    desk.set_sequences(1, "CB", "")
    assert words.children(plan(desk, words.need("buy 9 10.00 day SEQUENCE round=1"), met)) == "B 9@10.00 DAY"


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(("day", "ioc", "fok")),
    st.integers(0, 12),
    st.text("ABCD", max_size=4),
    st.sampled_from(("9.99", "10.00")),
    st.sampled_from((1, 2, 3)),
)
def test_children_and_skips_name_every_route_once(kind, rounds, off, price, equity_class):
    desk = words.desk(off)
    want = words.need(f"buy 100 {price} {kind} {ROUTE_SEQUENCE} round={rounds} class={equity_class}")
    made = plan(desk, want, words.stamp(Side.BUY, "A 10.00x100"))
    named = [child.venue for child in made.children] + [skip.venue for skip in made.skips]
    assert sorted(named) == [0, 1, 2, 3]
    for child in made.children:
        assert desk.states(equity_class)[child.venue] == 0
        assert (child.price, child.shares) == (want.price, want.shares)
        assert kind == "day" or child.time_in_force is not TimeInForce.DAY


DIRECT = """
# need                     | off/down | child                    | skips
buy 300 10.00 day A        |          | A 300@10.00 DAY          | B not chosen · C not chosen · D not chosen
buy 300 10.00 day AAA      |          | A 300@10.00 DAY          | B not chosen · C not chosen · D not chosen
buy 300 10.00 ioc B        |          | B 300@10.00 IOC          | A not chosen · C not chosen · D not chosen
buy 300 10.00 fok B        |          | B 300@10.00 FOK          | A not chosen · C not chosen · D not chosen
buy 300 10.00 day C hidden |          | C 300@10.00 DAY hidden   | A not chosen · B not chosen · D not chosen
buy 300 10.00 day C show=100 |        | C 300@10.00 DAY show=100 | A not chosen · B not chosen · D not chosen
buy 300 10.00 day B        | B/       | -                        | A not chosen · B disabled · C not chosen · D not chosen
buy 300 10.00 day D        | /D       | -                        | A not chosen · B not chosen · C not chosen · D link down
buy 300 10.00 day B class=2 |         | -                        | A not chosen · B not legal · C not chosen · D not chosen
buy 300 10.00 ioc A round=1 |         | -                        | A already tried · B not chosen · C not chosen · D not chosen
buy 300 10.00 day D round=1 |         | -                        | A not chosen · B not chosen · C not chosen · D already tried
"""


@pytest.mark.parametrize(("need", "switches", "child", "skips"), words.table(DIRECT))
def test_a_direct_order_goes_to_the_named_route_once(need, switches, child, skips):
    off, _, down = switches.partition("/")
    want = words.need(need)
    made = plan(words.desk(off, down), want, words.stamp(want.side, "A 10.00x100"))
    assert (words.children(made), words.skips(made)) == (child, skips)
    assert (made.strategy, made.progress) == (Strategy.DIRECT, want.progress + 1)
