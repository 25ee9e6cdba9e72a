"""The decision trace, from the journal's frames to the lines a trader reads."""

from __future__ import annotations

import dart_words as words
import msgspec
import pytest
from dart_journal import BUY_500, Journal, swept_then_rested
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.dart.explain import SENTENCES, explain, format_fine
from rushtrade.dart.story import OrderStory
from rushtrade.dart.trace_text import steps
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.orders import Intent, Side, TimeInForce
from rushtrade.domain.plans import SkipReason
from rushtrade.domain.rejects import RejectReason


def test_a_sweep_and_a_rest_read_as_a_story():
    journal, order = swept_then_rested()
    text = """
Order 3: buy 500 RUSH at 10.01 or better, limit DAY, route DART
  entered 2026-03-02T14:30:00.002Z, quote then 9.99 / 10.00

Decision 1, 2026-03-02T14:30:00.002Z: sweep, 500 shares up to 10.01
  saw 9.99 / 10.00 (500 × 400 shares)
       venue          price   shares       fee        all in
    1  CCC            10.00      100   -0.0010        9.9990
    2  BBB            10.00      200    0.0006       10.0006  take 200
    3  AAA            10.00      100    0.0030       10.0030  take 100
    4  AAA            10.01      100    0.0030       10.0130  take 100
    5  DDD            10.02      100    0.0030       10.0230  beyond the limit
  left out CCC: the venue cannot be reached, although it shows a quote within the limit
  left out DDD: showed nothing within the limit
  expected 400 shares at once, to pay 4001.72 with fees
  sent AAA 200 @ 10.01 IOC (token 768): filled 100 at 10.00, fee 0.30, first after 1000 µs: 100 unfilled, IOC remainder
  sent BBB 200 @ 10.00 IOC (token 769): filled 150 at 10.00, fee 0.09, first after 2000 µs: 50 unfilled, IOC remainder
  came to 250 shares, 2500.39 with fees

Decision 2, 2026-03-02T14:30:00.007Z: post, 250 shares up to 10.01
  saw 10.00 / 10.02 (500 × 100 shares)
       venue          price   shares       fee        all in
    1  DDD            10.02      100    0.0030       10.0230  beyond the limit
       rest at         best   shares       fee        weight  queue ahead
    1  DDD             none        0   -0.0020       -0.0020  0
    2  AAA            10.00      500   -0.0020       -0.0020  0
    3  BBB             9.99      100    0.0000        0.0000  0
  left out AAA: another route was chosen
  left out BBB: another route was chosen
  left out CCC: the venue cannot be reached
  sent DDD 250 @ 10.01 DAY (token 2048): filled 250 at 10.01, fee -0.50, first after 1000 µs
  came to 250 shares, 2502.00 with fees

Order 3 filled 2026-03-02T14:30:00.008Z
  500 of 500 shares filled here at 10.005 on average, venue fees -0.11
"""
    assert "\n".join(journal.tell(order)) == text.strip()


def test_the_trace_is_plain_data_with_every_number_exact():
    journal, order = swept_then_rested()
    teller = journal.story(order)
    assert teller.finished
    trace = msgspec.to_builtins(explain(teller.story, teller.routes))
    first, second = trace["decisions"]
    assert [first["expected_shares"], first["expected_money"]] == [400, "4001.72"]
    assert [first["filled"], first["money"], first["wanted"], second["wanted"]] == [250, "2500.39", 500, 250]
    assert [level["venue"] for level in first["considered"]] == ["CCC", "BBB", "AAA", "AAA", "DDD"]
    assert [level["taken"] for level in first["considered"]] == [0, 200, 100, 100, 0]
    assert first["left_out"][0]["reason"] == "link_down_within_limit"
    assert second["children"][0]["first_fill_after_ns"] == 1_000_000


def test_the_rows_of_a_trace_tell_each_route_with_its_all_in_price():
    journal, order = swept_then_rested()
    teller = journal.story(order)
    rows = [msgspec.structs.astuple(step) for step in steps(explain(teller.story, teller.routes))]
    down = "the venue cannot be reached, although it shows a quote within the limit"
    assert rows == [
        ("BBB", "sent", 200, "10.00", "10.0006", "decision 1: best price after fee"),
        ("AAA", "sent", 100, "10.00", "10.0030", "decision 1: next best price after fee"),
        ("AAA", "sent", 100, "10.01", "10.0130", "decision 1: next best price after fee"),
        ("CCC", "skipped", 0, "10.00", "9.9990", f"decision 1: {down}"),
        ("DDD", "skipped", 0, "10.02", "10.0230", "decision 1: showed nothing within the limit"),
        ("DDD", "sent", 250, "10.01", "10.0080", "decision 2: least make fee and queue to rest at; rests"),
        ("AAA", "skipped", 0, "10.01", "10.0080", "decision 2: another route was chosen"),
        ("BBB", "skipped", 0, "10.01", "10.0100", "decision 2: another route was chosen"),
        ("CCC", "skipped", 0, None, None, "decision 2: the venue cannot be reached"),
    ]


def test_a_refused_order_tells_its_reason():
    journal = Journal()
    stamp = words.stamp(Side.BUY, "A 10.00x100")
    order = journal.add(
        cmd.EnterOrder(7, "mine", BUY_500, stamp),
        ev.OrderRejected(7, "mine", BUY_500, RejectReason.BUYING_POWER, "not enough buying power", 0),
    )
    assert (
        journal.tell(order)[-2] == f"Order {order} refused: not enough buying power 2026-03-02T14:30:00.002Z"
    )


def test_an_order_that_is_not_there_has_no_story():
    journal, _ = swept_then_rested()
    assert journal.story(99).story is None


def test_a_plan_that_sends_nothing_says_so():
    journal = Journal()
    now = msgspec.structs.replace(BUY_500, time_in_force=TimeInForce.IOC)
    order = journal.enter(now, "")
    journal.add(cmd.Tick(), ev.OrderCanceled(order, 7, 500, "no route takes the rest"))
    told = journal.tell(order)
    assert "  no quote to take from" in told
    assert "  sent nothing" in told
    assert "canceled, 500 shares unfilled: no route takes the rest" in told[-2]


def test_a_replacement_takes_over_what_was_filled_and_what_still_works():
    journal = Journal()
    order = journal.enter(BUY_500, "D 10.02x100", "A 10.00x500")
    token = order << 8
    journal.fill(order, token, 3, 100, 100_100, 400, 0)
    more = msgspec.structs.replace(BUY_500, quantity=900)
    ask = cmd.ReplaceOrder(7, order, "", 900, 0, 0, words.stamp(Side.BUY, ""))
    new = journal.next_seq
    accepted = ev.OrderAccepted(new, 7, "", more, Intent.BUY_TO_OPEN, 0, 0, order, 0, 0, 100_100)
    replaced = ev.ChildReplaced(token, new << 8, order, 5, 100_100, 800)
    journal.add(ask, replaced, accepted, ev.OrderReplaced(order, 7, new))
    journal.fill(new, new << 8, 3, 300, 100_100, 500, 0)
    journal.add(cmd.Tick(), ev.ChildEnded(new << 8, new, 500, "venue is closing"))
    journal.route(new, more, 500, "A 10.01x900")

    first, second = journal.story(order).story, journal.story(new).story
    assert first.ending == f"replaced by order {new}"
    assert first.filled == 100
    assert (second.replaces, second.filled, second.decisions[-1].wanted) == (order, 400, 500)
    told = journal.tell(new)
    assert any(line.startswith("  taken over from the order before: DDD") for line in told)
    assert told[-2] == f"Order {new} still open"


def test_every_reason_has_a_sentence():
    assert list(SENTENCES) == list(SkipReason)


@given(st.integers(-(10**17), 10**17))
def test_fine_prices_are_written_exactly(value):
    text = format_fine(value)
    whole, _, fraction = text.removeprefix("-").partition(".")
    assert len(fraction) >= 4
    assert int(whole + fraction.ljust(10, "0")) == abs(value)
    assert text.startswith("-") == (value < 0)


@pytest.mark.parametrize("lost", [b"", b"\0" * 24, words.pack([(99, 1, 1), (1, 0, 5), (1, 5, -1)])])
def test_levels_that_no_plan_could_use_are_not_shown(lost):
    journal = Journal()
    order = journal.enter(BUY_500, "")
    story = journal.story(order).story
    seen = msgspec.structs.replace(story.decisions[0].stamp, levels=lost)
    story.decisions[0] = msgspec.structs.replace(story.decisions[0], stamp=seen)
    assert explain(story, words.FOUR).decisions[0].considered == ()


def test_stories_do_not_share_their_lists():
    one, two = (OrderStory(n, 7, "", "RUSH", BUY_500, 0, 0) for n in (1, 2))
    one.children[1] = None
    one.decisions.append(None)
    assert (two.children, two.decisions) == ({}, [])
