"""Frames in, rows out: the life of orders as the read models tell it."""

import pytest

from api_house import AAPL, ACCOUNT, MSFT, OTHER_ACCOUNT, House
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.errors import InvariantBroken
from rushtrade.domain.instants import MINUTE
from rushtrade.domain.numbers import MONEY_UNIT
from rushtrade.domain.orders import ChildStatus, Intent, OrderStatus, OrderTerms, OrderType, Side, TimeInForce
from rushtrade.domain.plans import ChildTerms, Plan, Skip, SkipReason, Strategy
from rushtrade.domain.quotes import Mark, QuoteStamp
from rushtrade.domain.rejects import RejectReason
from rushtrade.store import queries, rows
from rushtrade.store.equity import series_of

PRICE = 1_872_400
STAMP = QuoteStamp(1, PRICE, 300, PRICE + 200, 200, 0, b"")


@pytest.fixture
def house():
    return House(venue_answers_at_once=False)


def accept(
    house, *, side=Side.BUY, shares=100, instrument=AAPL, account=ACCOUNT, routed=True, stop=0, **more
):
    """Accept an order, with one child at venue 0 unless told otherwise."""
    kind = OrderType.STOP if stop else OrderType.LIMIT
    terms = OrderTerms(instrument, side, kind, TimeInForce.DAY, shares, 0 if stop else PRICE, stop, **more)

    def events(seq):
        accepted = ev.OrderAccepted(
            seq,
            account,
            f"#{seq}",
            terms,
            Intent.BUY_TO_OPEN,
            shares * PRICE * 100,
            0,
            0,
            PRICE,
            PRICE + 200,
            PRICE,
        )
        child = ChildTerms(0, PRICE, shares, TimeInForce.DAY)
        plan = Plan(Strategy.SWEEP, (child,), (Skip(1, SkipReason.NOT_CHOSEN),), 5, shares, 1)
        return [accepted, ev.OrderRouted(seq, seq << 8, plan)] if routed else [accepted]

    house.commit((cmd.EnterOrder(account, "", terms, STAMP), f"account:{account}/key:K", events))
    return house.seq


def say(house, *events):
    house.commit((cmd.Tick(), "venue:0", list(events)))


def status(house, order_id):
    return OrderStatus(house.store.order(order_id).status).name


def test_an_order_is_new_then_partly_filled_then_filled(house):
    order_id = accept(house)
    assert status(house, order_id) == "NEW"
    house.fill(order_id, 40, PRICE)
    assert status(house, order_id) == "PARTIALLY_FILLED"
    house.fill(order_id, 60, PRICE - 100)
    row = house.store.order(order_id)
    assert (status(house, order_id), row.filled, row.leaves) == ("FILLED", 100, 0)
    assert row.value == 40 * PRICE + 60 * (PRICE - 100)
    assert row.commission == 2 * 350_000
    assert row.hold_money == 0


def test_an_execution_keeps_what_was_true_when_it_happened(house):
    order_id = accept(house)
    house.fill(order_id, 40, PRICE)
    house.fill(order_id, 60, PRICE)
    last, first = queries.executions(house.store, ACCOUNT)
    assert (first.cumulative, first.leaves, first.position) == (40, 60, 40)
    assert (last.cumulative, last.leaves, last.position) == (100, 0, 100)
    assert (last.arrival_bid, last.arrival_ask, last.trade_date) == (
        PRICE,
        PRICE + 200,
        house.store.image.trade_date,
    )
    moves = queries.transfers_of(house.store, last.execution_id)
    assert [move.place for move in moves] == [0, 1, 2]
    assert last.transfers == 3


def test_money_and_shares_follow_the_transfers(house):
    before = house.store.image.accounts[ACCOUNT].cash
    order_id = accept(house)
    house.fill(order_id, 100, PRICE)
    assert house.store.image.accounts[ACCOUNT].cash == before - 100 * PRICE * 100 - 350_000
    assert house.store.image.shares(ACCOUNT, AAPL) == 100
    assert house.store.image.shares(OTHER_ACCOUNT, AAPL) == 0


def test_a_refused_order_has_a_row_that_trading_lists_leave_out(house):
    terms = OrderTerms(AAPL, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, 1, PRICE)
    refused = ev.OrderRejected(ACCOUNT, "mine", terms, RejectReason.BUYING_POWER, "not enough", 0)
    house.commit((cmd.EnterOrder(ACCOUNT, "mine", terms, STAMP), "account:7", [refused]))
    row = house.store.order(house.seq)
    assert (row.status, row.refused, row.text) == (
        OrderStatus.REJECTED,
        RejectReason.BUYING_POWER,
        "not enough",
    )
    listed = queries.OrderFilter(status="all")
    assert queries.orders(house.store, ACCOUNT, listed) == []
    assert (
        len(queries.orders(house.store, ACCOUNT, queries.OrderFilter(status="all", with_refused=True))) == 1
    )
    assert queries.order_by_client_id(house.store, ACCOUNT, "mine") is None


def test_a_cancel_is_pending_until_the_last_child_has_answered(house):
    order_id = accept(house)
    say(house, ev.CancelRequested(order_id, (order_id << 8,)))
    assert status(house, order_id) == "PENDING_CANCEL"
    assert house.store.child(order_id << 8).status == ChildStatus.CANCEL_SENT
    say(house, ev.CancelRefused(order_id << 8, order_id, "too late"))
    assert status(house, order_id) == "NEW"
    say(house, ev.CancelRequested(order_id, (order_id << 8,)))
    house.fill(order_id, 40, PRICE)
    assert status(house, order_id) == "PENDING_CANCEL"
    say(
        house,
        ev.ChildEnded(order_id << 8, order_id, 60, "canceled"),
        ev.OrderCanceled(order_id, ACCOUNT, 60, "canceled by the customer"),
    )
    row = house.store.order(order_id)
    assert (status(house, order_id), row.filled, row.leaves, row.text) == (
        "CANCELED",
        40,
        0,
        "canceled by the customer",
    )


def replace_request(order_id, replacement_id, quantity, price, token=0, new_token=0):
    terms = OrderTerms(AAPL, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, quantity, price)
    return ev.ReplaceRequested(
        order_id, replacement_id, "r-1", terms, 1, 0, token, new_token, 0, quantity, price, ()
    )


def test_a_replacement_takes_over_fills_and_children(house):
    order_id = accept(house)
    house.fill(order_id, 40, PRICE)
    request = replace_request(order_id, 900, 200, PRICE + 100, order_id << 8, 900 << 8)
    say(house, request)
    assert (status(house, order_id), status(house, 900)) == ("PENDING_REPLACE", "PENDING_NEW")
    say(
        house,
        ev.ChildReplaced(order_id << 8, 900 << 8, order_id, 77, PRICE + 100, 160),
        ev.OrderAccepted(
            900, ACCOUNT, "r-1", request.terms, Intent.BUY_TO_OPEN, 1, 0, order_id, 0, 0, PRICE + 100
        ),
        ev.OrderReplaced(order_id, ACCOUNT, 900),
    )
    old, new = house.store.order(order_id), house.store.order(900)
    assert (status(house, order_id), old.replaced_by) == ("REPLACED", 900)
    assert (status(house, 900), new.filled, new.value, new.leaves) == (
        "PARTIALLY_FILLED",
        40,
        40 * PRICE,
        160,
    )
    assert house.store.child(900 << 8).order_id == 900
    house.fill(900, 160, PRICE + 100)
    assert status(house, 900) == "FILLED"


def test_a_replacement_that_comes_too_late_is_rejected_and_the_order_stands(house):
    order_id = accept(house)
    say(house, replace_request(order_id, 900, 200, PRICE))
    say(house, ev.ReplaceAbandoned(order_id, 900, "the venue refused"))
    assert (status(house, order_id), status(house, 900)) == ("NEW", "REJECTED")
    assert house.store.order(900).text == "the venue refused"


def test_a_stop_waits_and_is_triggered_once(house):
    order_id = accept(house, stop=PRICE + 500, routed=False)
    row = house.store.order(order_id)
    assert (row.triggered, row.strategy) == (0, 0)
    say(house, ev.OrderTriggered(order_id, PRICE + 500))
    assert house.store.order(order_id).triggered == 1


def test_an_order_expires_with_its_day(house):
    order_id = accept(house)
    say(
        house, ev.ChildEnded(order_id << 8, order_id, 100, "expired"), ev.OrderExpired(order_id, ACCOUNT, 100)
    )
    assert status(house, order_id) == "EXPIRED"
    assert house.store.order(order_id).expired_ns > 0


def test_children_in_doubt_are_shown_and_healed(house):
    order_id = accept(house)
    say(house, ev.VenueLinkChanged(0, up=False, in_doubt=(order_id << 8,)))
    assert house.store.child(order_id << 8).status == ChildStatus.IN_DOUBT
    assert house.store.image.routes[0].link_up == 0
    say(house, ev.VenueLinkChanged(0, up=True, in_doubt=()), ev.ChildAccepted(order_id << 8, 5))
    assert house.store.child(order_id << 8).status == ChildStatus.LIVE


def test_a_refused_command_about_a_strange_order_changes_nothing(house):
    order_id = accept(house)
    before = house.store.order(order_id).updated_seq
    say(house, ev.CommandRefused(RejectReason.ORDER_NOT_OPEN, "no", OTHER_ACCOUNT, order_id))
    say(house, ev.CommandRefused(RejectReason.ORDER_NOT_OPEN, "no", ACCOUNT, 123_456))
    assert house.store.order(order_id).updated_seq == before


def test_an_event_about_an_order_that_never_was_stops_the_store(house):
    with pytest.raises(InvariantBroken, match="order 4711"):
        say(house, ev.OrderCanceled(4711, ACCOUNT, 1, ""))


def test_the_routing_decision_comes_back_with_its_quotes(house):
    order_id = accept(house)
    (decision,) = queries.decisions(house.store, order_id)
    assert decision.stamp == STAMP
    assert decision.plan.skips == (Skip(1, SkipReason.NOT_CHOSEN),)
    assert [child.token for child in queries.children(house.store, order_id)] == [order_id << 8]


def test_activities_join_executions_charges_and_cash_in_one_order(house):
    order_id = accept(house)
    house.fill(order_id, 100, PRICE)
    found = queries.activities(house.store, ACCOUNT, queries.ActivityFilter())
    assert [type(row).__name__ for row in found] == ["ActivityRow", "ExecutionRow", "ActivityRow"]
    assert [row.kind for row in found if isinstance(row, rows.ActivityRow)] == ["FEE", "CSD"]
    cash = sum(row.net_amount for row in found if isinstance(row, rows.ActivityRow))
    traded = sum(-row.shares * row.price * 100 for row in found if isinstance(row, rows.ExecutionRow))
    assert cash + traded == house.store.image.accounts[ACCOUNT].cash


def test_activity_pages_never_repeat_and_never_skip(house):
    for _ in range(3):
        order_id = accept(house, shares=2)
        house.fill(order_id, 1, PRICE)
        house.fill(order_id, 1, PRICE)
    everything = queries.activities(house.store, ACCOUNT, queries.ActivityFilter())

    def key(row):
        return row.activity_id if isinstance(row, rows.ActivityRow) else row.execution_id

    for newest_first in (True, False):
        pages, token = [], 0
        while page := queries.activities(
            house.store,
            ACCOUNT,
            queries.ActivityFilter(newest_first=newest_first, page_after_id=token, limit=2),
        ):
            pages += [key(row) for row in page]
            token = key(page[-1])
        assert sorted(pages) == sorted(key(row) for row in everything)
        assert pages == sorted(pages, reverse=newest_first)


def test_equity_is_marked_every_minute_and_at_the_close(house):
    order_id = accept(house)
    house.fill(order_id, 100, PRICE)
    say(house, ev.MarksObserved((Mark(AAPL, PRICE, PRICE + 200, PRICE + 100), Mark(MSFT, 0, 0, 0))))
    house.clock.now += MINUTE
    house.cash(ACCOUNT, 1_000 * MONEY_UNIT, "more")
    house.clock.now += MINUTE
    say(house)
    house.commit(
        (cmd.CloseDay(house.store.image.trade_date), "clock", [ev.DayClosed(house.store.image.trade_date)])
    )
    points = queries.equity_points(house.store, ACCOUNT, 0, 2**62, closes_only=False)
    worth = 100_000 * MONEY_UNIT - 350_000 + 100 * 100 * 100
    assert [(point.equity, point.flow, point.at_close) for point in points] == [
        (worth, 100_000 * MONEY_UNIT, 0),
        (worth + 1_000 * MONEY_UNIT, 1_000 * MONEY_UNIT, 0),
        (worth + 1_000 * MONEY_UNIT, 0, 1),
    ]
    series = series_of(points, 0)
    assert series.profit == [0, 0, 0]
    assert series.flows == {"CSD": [0, 1_000 * MONEY_UNIT, 0]}
    (close,) = queries.closes(house.store, 10)
    assert close.closed_seq == house.seq


def test_desk_and_account_changes_are_rows(house):
    say(house, ev.RouteSwitched(1, False, "drill"), ev.SequencesSet(2, "PQ", "Q"))
    say(house, ev.KillSwitchSet(ACCOUNT, True, "x"), ev.KillSwitchSet(0, True, "x"))
    image = house.store.image
    assert (image.routes[1].enabled, image.routes[1].reason) == (0, "drill")
    assert (image.sequences[2].sequence, image.sequences[2].punt_list) == ("PQ", "Q")
    assert (image.accounts[ACCOUNT].killed, image.accounts[OTHER_ACCOUNT].killed, image.firm.killed) == (
        1,
        0,
        1,
    )
