"""The order gateway on frames written by hand: what leaves for venues, and what it holds back of what the core wrongly sends."""

from __future__ import annotations

import pytest

from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.frames import Entry, FrameBody
from rushtrade.domain.orders import (
    Capacity,
    Hours,
    Intent,
    Liquidity,
    OrderTerms,
    OrderType,
    Side,
    TimeInForce,
)
from rushtrade.domain.plans import ChildTerms, Plan, Strategy
from rushtrade.gateway.limiter import OutboundLimits
from rushtrade.gateway.order_gateway import OrderGateway
from rushtrade.wire import order_entry as oe

NOW = 77
ORDER, TOKEN = 5, 5 << 8
KINDS = {oe.ENTER: "enter", oe.CANCEL: "cancel", oe.REPLACE: "replace", oe.ASK_STATUS: "ask"}


class Line:
    """A venue link that keeps what is sent over it."""

    def __init__(self):
        self.batches = []

    def send(self, rows, now_ns):
        assert rows.dtype == oe.ORDER_ENTRY
        self.batches.append(rows)

    def words(self):
        """Everything that left, a word a row, and forget it."""
        said = [
            f"{KINDS[row['kind']]} {row['token']} {row['shares']}@{row['price']}"
            for rows in self.batches
            for row in rows
        ]
        self.batches.clear()
        return said


class Scene:
    """A gateway with two lines, fed by hand."""

    def __init__(self, **limits):
        self.lines = [Line(), Line()]
        self.held_back = []
        self.gateway = OrderGateway(
            self.lines, {1: 11}, self.held_back.append, firm=3, limits=OutboundLimits(**limits)
        )

    def feed(self, *events):
        self.gateway.release(FrameBody(ORDER, NOW, [Entry(cmd.Tick(), "test", list(events))]))

    def sent(self):
        return [line.words() for line in self.lines]


def accepted(order_id=ORDER, quantity=100, replaces=0, intent=Intent.SELL_TO_CLOSE, **fields):
    terms = OrderTerms(
        **(
            {
                "instrument_id": 1,
                "side": Side.SELL,
                "order_type": OrderType.LIMIT,
                "time_in_force": TimeInForce.GTC,
                "quantity": quantity,
                "limit_price": 1_000,
            }
            | fields
        )
    )
    return ev.OrderAccepted(order_id, 1, "c", terms, intent, 0, 0, replaces, 0, 0, 1_000)


def routed(*children, token=TOKEN, order_id=ORDER):
    return ev.OrderRouted(order_id, token, Plan(Strategy.SWEEP, children, (), 0, 0, 0))


def child(venue=0, shares=100, tif=TimeInForce.DAY, **display):
    return ChildTerms(venue, 1_000, shares, tif, **display)


def filled(shares, leaves, token=TOKEN):
    return ev.OrderFilled(
        ORDER, 1, 1, token, 0, 1, -shares, 1_000, leaves, Liquidity.REMOVED, 0, 0, 0, 0, 0, ()
    )


def replace_asked(shares=150, quantity=150, order_id=ORDER):
    terms = accepted(quantity=quantity).terms
    return ev.ReplaceRequested(order_id, 9, "d", terms, 0, 0, TOKEN, 9 << 8, 0, shares, 1_100, ())


# --- what leaves ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("intent", "marks", "side", "time_in_force", "capacity"),
    [
        (Intent.SELL_TO_CLOSE, {}, oe.SELL, oe.DAY, "A"),
        (Intent.SELL_TO_CLOSE, {"short_exempt": True}, oe.SELL, oe.DAY, "A"),
        (Intent.SELL_SHORT, {}, oe.SELL_SHORT, oe.DAY, "A"),
        (Intent.SELL_SHORT, {"short_exempt": True}, oe.SELL_SHORT_EXEMPT, oe.DAY, "A"),
        (Intent.SELL_TO_CLOSE, {"capacity": Capacity.PRINCIPAL}, oe.SELL, oe.DAY, "P"),
        (Intent.SELL_TO_CLOSE, {"capacity": Capacity.RISKLESS_PRINCIPAL}, oe.SELL, oe.DAY, "R"),
        (Intent.SELL_TO_CLOSE, {"hours": Hours.EXTENDED}, oe.SELL, oe.EXTENDED, "A"),
    ],
)
def test_every_child_carries_the_marks_of_its_order(intent, marks, side, time_in_force, capacity):
    fresh, again = Scene(), Scene()
    event = accepted(intent=intent, **marks)
    fresh.feed(event, routed(child(0, 100)))
    again.gateway.adopt(ORDER, event.terms, intent, 100)
    again.gateway.adopt_child(TOKEN, ORDER, 0, 100)
    assert again.gateway.resend(TOKEN, child(0, 100), NOW)
    again.gateway.flush(NOW)
    for scene in (fresh, again):
        (row,) = scene.lines[0].batches[0]
        assert (row["side"], row["time_in_force"], chr(row["capacity"])) == (side, time_in_force, capacity)


def test_children_of_a_frame_leave_in_one_batch_a_venue():
    scene = Scene()
    scene.feed(accepted(), routed(child(0, 40), child(1, 30), child(0, 30)))
    assert [len(line.batches) for line in scene.lines] == [1, 1]
    assert scene.sent() == [["enter 1280 40@1000", "enter 1282 30@1000"], ["enter 1281 30@1000"]]
    assert scene.held_back == []


@pytest.mark.parametrize(
    ("terms", "time_in_force", "display", "shown"),
    [
        (child(), oe.DAY, oe.DISPLAYED, 0),
        (child(tif=TimeInForce.GTC), oe.DAY, oe.DISPLAYED, 0),
        (child(tif=TimeInForce.IOC), oe.IOC, oe.DISPLAYED, 0),
        (child(tif=TimeInForce.IOC, sweeps=True), oe.IOC, oe.DISPLAYED, 0),
        (child(tif=TimeInForce.FOK), oe.FOK, oe.DISPLAYED, 0),
        (child(hidden=True), oe.DAY, oe.HIDDEN, 0),
        (child(display_shares=20), oe.DAY, oe.RESERVE, 20),
    ],
)
def test_a_child_in_the_words_of_order_entry(terms, time_in_force, display, shown):
    scene = Scene()
    scene.feed(accepted(), routed(terms))
    (row,) = scene.lines[0].batches[0].tolist()
    assert row == (
        oe.ENTER,
        oe.SELL,
        time_in_force,
        display,
        11,
        3,
        TOKEN,
        0,
        1_000,
        100,
        shown,
        0,
        NOW,
        0,
        oe.ISO if terms.sweeps else 0,
        0,
        ord("A"),
        0,
        0,
    )


def test_a_child_that_goes_with_others_for_every_better_quote_says_so_again_when_it_is_sent_again():
    scene = Scene()
    terms = child(tif=TimeInForce.IOC, sweeps=True)
    scene.feed(accepted(), routed(terms))
    assert scene.gateway.resend(TOKEN, terms, NOW)
    scene.gateway.flush(NOW)
    assert [batch["instructions"].tolist() for batch in scene.lines[0].batches] == [[oe.ISO], [oe.ISO]]


def test_cancels_and_replaces_leave_under_their_tokens():
    scene = Scene()
    scene.feed(accepted(), routed(child()), ev.ChildAccepted(TOKEN, 1))
    scene.feed(replace_asked())
    scene.feed(ev.CancelRequested(ORDER, (TOKEN, 999)))
    assert scene.sent() == [["enter 1280 100@1000", "replace 2304 150@1100", "cancel 1280 0@0"], []]


def test_nothing_leaves_for_what_is_no_business_of_venues():
    scene = Scene()
    scene.feed(ev.DayClosed(1), ev.OrderExpired(1, 1, 1), ev.ChildEnded(99, 9, 1, "late"))
    assert scene.sent() == [[], []]


# --- what is held back ------------------------------------------------------------------------------


def test_a_core_gone_wrong_cannot_send_more_than_its_order():
    scene = Scene()
    scene.feed(accepted(quantity=100), routed(child(0, 60), child(1, 41)))
    assert scene.sent() == [["enter 1280 60@1000"], []]
    (refused,) = scene.held_back
    assert (refused.venue, refused.report_seq, refused.token) == (1, 0, TOKEN + 1)
    assert "children would work 101 shares of a parent with 100 left" in refused.reason
    scene.feed(routed(child(1, 40), token=6 << 8))
    assert scene.sent() == [[], ["enter 1536 40@1000"]]


def test_a_core_gone_wrong_cannot_send_twice_what_was_filled():
    scene = Scene()
    scene.feed(accepted(quantity=100), routed(child(0, 60)), filled(60, 40))
    scene.feed(routed(child(0, 60), token=6 << 8))
    assert len(scene.held_back) == 1
    scene.feed(routed(child(0, 40), token=7 << 8))
    assert len(scene.held_back) == 1


def test_a_replace_larger_than_its_order_is_held_back():
    scene = Scene()
    scene.feed(accepted(), routed(child()))
    scene.feed(replace_asked(shares=151, quantity=150))
    (refused,) = scene.held_back
    assert (refused.token, refused.original_token) == (9 << 8, TOKEN)
    assert "larger than its order of 150" in refused.reason
    assert scene.sent()[0] == ["enter 1280 100@1000"]


def test_a_replace_beyond_the_last_line_is_held_back():
    scene = Scene(order_shares_max=120)
    scene.feed(accepted(), routed(child()))
    scene.feed(replace_asked())
    assert "above the last-line limit of 120" in scene.held_back[0].reason


def test_an_instrument_that_no_venue_lists_is_held_back():
    scene = Scene()
    scene.feed(accepted(instrument_id=2), routed(child()))
    assert scene.sent() == [[], []]
    assert scene.held_back[0].reason == "no venue lists instrument 2"


# --- its own count ----------------------------------------------------------------------------------

COUNTS = [
    # events after an order of 100 with children of 60 and 40 was sent; then (leaves, working) and working by child
    ((), {ORDER: (100, 100)}, {TOKEN: 60, TOKEN + 1: 40}),
    ((filled(10, 90),), {ORDER: (90, 90)}, {TOKEN: 50, TOKEN + 1: 40}),
    ((filled(60, 40),), {ORDER: (40, 40)}, {TOKEN + 1: 40}),
    ((filled(60, 40), filled(40, 0, TOKEN + 1)), {}, {}),
    ((ev.ChildEnded(TOKEN, ORDER, 60, "x"),), {ORDER: (100, 40)}, {TOKEN + 1: 40}),
    ((ev.ChildReduced(TOKEN, ORDER, 20, 40),), {ORDER: (100, 80)}, {TOKEN: 40, TOKEN + 1: 40}),
    (
        (
            ev.ChildReplaced(TOKEN, 9 << 8, ORDER, 1, 1_000, 55),
            accepted(9, 95, ORDER),
            ev.OrderReplaced(ORDER, 1, 9),
        ),
        {9: (95, 95)},
        {9 << 8: 55, TOKEN + 1: 40},
    ),
    (
        (
            filled(10, 90),
            ev.ChildEnded(TOKEN + 1, ORDER, 40, "x"),
            ev.ChildReplaced(TOKEN, 9 << 8, ORDER, 1, 1_000, 70),
            accepted(9, 80, ORDER),
            ev.OrderReplaced(ORDER, 1, 9),
        ),
        {9: (70, 70)},
        {9 << 8: 70},
    ),
    (
        (
            ev.ChildEnded(TOKEN, ORDER, 60, "x"),
            ev.ChildEnded(TOKEN + 1, ORDER, 40, "x"),
            ev.OrderCanceled(ORDER, 1, 100, "x"),
        ),
        {},
        {},
    ),
]


@pytest.mark.parametrize(("events", "parents", "children"), COUNTS)
def test_the_gateway_counts_by_itself(events, parents, children):
    scene = Scene()
    scene.feed(accepted(), routed(child(0, 60), child(1, 40)))
    scene.feed(*events)
    assert scene.gateway.counts() == (parents, children)


# --- after a restart ----------------------------------------------------------------------------------


def restarted(working=60, **limits):
    scene = Scene(**limits)
    scene.gateway.adopt(ORDER, accepted().terms, Intent.SELL_TO_CLOSE, 80)
    scene.gateway.adopt_child(TOKEN, ORDER, 1, working)
    return scene


def test_an_adopted_child_is_sent_again_under_its_token():
    scene = restarted()
    assert scene.gateway.resend(TOKEN, child(1, 60), NOW)
    scene.gateway.resend_replace(TOKEN, 9 << 8, 100, 1_100, NOW)
    scene.gateway.resend_cancel(TOKEN, NOW)
    scene.gateway.ask_status(TOKEN, NOW)
    scene.gateway.resend_cancel(999, NOW)
    assert scene.sent() == [[], []]
    scene.gateway.flush(NOW)
    assert scene.sent() == [
        [],
        ["enter 1280 60@1000", "replace 2304 100@1100", "cancel 1280 0@0", "ask 1280 0@0"],
    ]
    assert scene.gateway.counts() == ({ORDER: (80, 60)}, {TOKEN: 60})


def test_what_the_last_line_held_back_before_a_restart_it_holds_back_after():
    scene = restarted(working=81)
    assert not scene.gateway.resend(TOKEN, child(1, 81), NOW)
    assert "children would work 81 shares of a parent with 80 left" in scene.held_back[0].reason
    assert scene.gateway.counts() == ({ORDER: (80, 0)}, {})
    assert not restarted(order_shares_max=10).gateway.resend(TOKEN, child(1, 60), NOW)
