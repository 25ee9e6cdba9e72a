"""Two trade dates in a row: what waits overnight, what expires, what settles, and a house stopped in between."""

from __future__ import annotations

import datetime as dt
from collections import deque

import pytest

from rushtrade.app.trading_day import TradingDay, open_core, prepare_day
from rushtrade.core.clocks import MarketClock
from rushtrade.core.replay import verify
from rushtrade.core.sequencer import PIPELINE_COMMANDS_MIN, Core
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.frames import decode_body
from rushtrade.domain.instants import MILLISECOND, SECOND
from rushtrade.domain.numbers import MONEY_UNIT
from rushtrade.domain.orders import ROUTE_REPEAT, OrderTerms, OrderType, Side, TimeInForce
from rushtrade.domain.transfers import CASH
from rushtrade.journal.sqlite import SqliteJournal
from rushtrade.marketplace.generator import GeneratedFlow
from rushtrade.rules.world_file import load_world
from rushtrade.scenario.founding import NewAccount, open_customer_accounts

FRIDAY, MONDAY = dt.date(2026, 11, 20), dt.date(2026, 11, 23)
WORLD = load_world("us-2026")


def new_day(core: Core, clock: MarketClock, date: dt.date) -> TradingDay:
    return prepare_day(core, clock, WORLD, GeneratedFlow(WORLD.symbols, 11), date)


def enter(day: TradingDay, account_id: int, name: str, terms: OrderTerms) -> list[ev.AnyEvent]:
    ticket = day.house.submit(
        cmd.EnterOrder(account_id, name, terms, day.house.stamp(terms)), f"account:{account_id}"
    )
    day.advance(day.clock.now_ns + SECOND)
    assert ticket.events is not None
    return ticket.events


@pytest.fixture
def opened(tmp_path):
    clock = MarketClock(0)
    core, journal = open_core(tmp_path, clock)
    with journal:
        day = new_day(core, clock, FRIDAY)
        (account_id,) = open_customer_accounts(
            core, [NewAccount("Ann", AccountKind.MARGIN, 200_000 * MONEY_UNIT)]
        )
        day.open()
        day.advance(day.flow.first_ns + 5 * SECOND)
        yield day, account_id, journal


def test_good_till_cancelled_orders_wait_overnight_and_day_orders_do_not(opened):
    day, account_id, journal = opened
    core = day.core
    bid = day.house.data.nbbo(1).bid
    far = bid - bid % 100 - 10_000
    enter(day, account_id, "gtc", OrderTerms(1, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, 10, far))
    enter(day, account_id, "day", OrderTerms(1, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, 10, far))
    enter(day, account_id, "now", OrderTerms(1, Side.BUY, OrderType.MARKET, TimeInForce.DAY, 10))
    assert len(core.state.blotter.children) == 2
    held = core.state.accounts[account_id].held_money
    day.close()

    (order,) = core.state.blotter.orders.values()
    assert (order.client_order_id, order.routing_needed, order.children) == ("gtc", True, {})
    assert 0 < core.state.accounts[account_id].held_money < held
    ledger = core.state.ledger
    assert ledger.settled_balance(account_id, 1) == 0, "a trade of Friday settles on Monday"
    assert ledger.trade_date_balance(account_id, 1) == 10

    monday = new_day(core, day.clock, MONDAY)
    monday.open()
    monday.advance(monday.flow.first_ns + 2 * SECOND)
    (child,) = order.children.values()
    assert child.leaves == 10, "it works at a venue again"
    monday.close()
    assert ledger.settled_balance(account_id, 1) == 10
    assert ledger.settled_balance(account_id, CASH) == ledger.trade_date_balance(account_id, CASH)
    assert not any(ledger.trial_balance().values())
    assert verify(journal).commands == core.next_seq - 1


def test_a_house_stopped_in_the_middle_of_a_day_goes_on_with_it(opened, tmp_path):
    day, account_id, journal = opened
    bid = day.house.data.nbbo(1).bid
    far = bid - bid % 100 - 10_000
    enter(day, account_id, "resting", OrderTerms(1, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, 10, far))
    enter(day, account_id, "bought", OrderTerms(1, Side.BUY, OrderType.MARKET, TimeInForce.DAY, 10))
    stopped_ns = day.clock.now_ns
    journal.close()

    clock = MarketClock(0)
    core, again = open_core(tmp_path, clock)
    with again:
        resumed = new_day(core, clock, FRIDAY)
        resumed.open()
        resumed.advance(clock.now_ns + SECOND)
        assert clock.now_ns > stopped_ns
        assert core.state.accounts[account_id].shares(1) == 10
        (order,) = core.state.blotter.orders.values()
        (child,) = order.children.values()
        assert (order.client_order_id, child.leaves) == ("resting", 10)
        assert resumed.house.data.nbbo(1).state == "good"
        ticket = resumed.house.submit(cmd.CancelOrder(account_id, order.order_id), "account:1")
        resumed.advance(clock.now_ns + SECOND)
        assert isinstance(ticket.events[0], ev.CancelRequested)
        assert not core.state.blotter.orders
        assert core.state.accounts[account_id].held_money == 0


def test_an_order_that_was_waiting_for_a_route_when_the_house_died_gets_one(opened, tmp_path):
    day, account_id, journal = opened
    bid = day.house.data.nbbo(1).bid
    far = bid - bid % 100 - 10_000
    enter(day, account_id, "resting", OrderTerms(1, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, 10, far))
    (order,) = day.core.state.blotter.orders.values()
    (child,) = order.children.values()
    day.core.submit(cmd.ChangeVenueLink(child.venue, up=True, lost_orders=True), "gateway")
    day.core.step()  # the frame with the wish is durable; its answer never comes
    assert order.routing_needed
    journal.close()

    clock = MarketClock(0)
    core, again = open_core(tmp_path, clock)
    with again:
        resumed = new_day(core, clock, FRIDAY)
        resumed.open()
        resumed.advance(clock.now_ns + SECOND)
        (order,) = core.state.blotter.orders.values()
        (child,) = order.children.values()
        assert child.leaves == 10


def test_a_resting_order_is_found_in_its_venues_queue_by_the_venues_own_name(opened):
    day, account_id, _ = opened
    data = day.house.data
    at = data.venue_quotes(1)[0].bid  # the first venue's best bid: others stand there already
    before = next(row for row in data.montage(1, 1) if row.venue == 0 and row.side == 0)
    events = enter(
        day,
        account_id,
        "rests",
        OrderTerms(1, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, 100, at, route="Q"),
    )
    order_id = next(event.order_id for event in events if isinstance(event, ev.OrderAccepted))
    (child,) = day.core.state.blotter.orders[order_id].children.values()
    place = data.queue_ahead(child.venue, child.venue_order_id)
    assert place is not None
    assert (place.instrument_id, place.side, place.price, place.shares) == (1, 0, at, 100)
    assert 0 <= place.shares_ahead <= before.shares
    assert place.level_shares >= place.shares_ahead + 100
    ahead = [row for row in data.queue(1, child.venue, 0, 100) if row.reference == child.venue_order_id]
    assert [row.ahead for row in ahead] == [place.shares_ahead]
    day.house.submit(cmd.CancelOrder(account_id, order_id), f"account:{account_id}")
    day.advance(day.clock.now_ns + SECOND)
    assert data.queue_ahead(child.venue, child.venue_order_id) is None


class SlowDisk:
    """A disk on which a frame is durable so much market time after it was decided."""

    def __init__(self, journal, clock, delay_ns):
        self._journal, self._clock, self._delay_ns = journal, clock, delay_ns
        self._frames = deque()

    def submit(self, frame):
        self._frames.append((frame, self._clock.now_ns + self._delay_ns))

    def durable_seq(self):
        while self._frames and self._frames[0][1] <= self._clock.now_ns:
            self._journal.append(self._frames.popleft()[0])
        return self._journal.last().seq

    def drain(self):
        while self._frames:
            self._journal.append(self._frames.popleft()[0])

    def close(self):
        self.drain()


@pytest.mark.parametrize("delay_ns", [40 * MILLISECOND, 3 * SECOND])
def test_a_slow_disk_takes_no_venue_out_of_use(tmp_path, delay_ns):
    clock = MarketClock(0)
    with SqliteJournal(tmp_path / "journal.sqlite") as journal:
        journal.new_epoch()
        core = Core(journal, clock, pipeline=SlowDisk(journal, clock, delay_ns))
        day = new_day(core, clock, FRIDAY)
        (account_id,) = open_customer_accounts(
            core, [NewAccount("Ann", AccountKind.MARGIN, 200_000 * MONEY_UNIT)]
        )
        day.open()
        day.advance(day.flow.first_ns + 5 * SECOND)
        terms = OrderTerms(1, Side.BUY, OrderType.MARKET, TimeInForce.DAY, 1, route=ROUTE_REPEAT)
        for number in range(5 * PIPELINE_COMMANDS_MIN):
            day.house.submit(
                cmd.EnterOrder(account_id, f"o{number}", terms, day.house.stamp(terms)),
                f"account:{account_id}",
            )
            if number % PIPELINE_COMMANDS_MIN == PIPELINE_COMMANDS_MIN - 1:
                day.advance(clock.now_ns + SECOND // 2)
        day.advance(clock.now_ns + 60 * SECOND)
        day.house.settle()
        events = [
            event
            for frame in journal.frames()
            for entry in decode_body(frame.body).entries
            for event in entry.events
        ]
        assert core.state.ledger.trade_date_balance(account_id, 1) == 5 * PIPELINE_COMMANDS_MIN
        assert not [event for event in events if isinstance(event, ev.VenueHealthChanged)]
        noted = [event.delay_ns for event in events if isinstance(event, ev.OwnDelayNoted)]
        assert max(noted) >= delay_ns
        assert len(noted) < 30, "a delay is told when it changes"
        assert verify(journal).commands == core.next_seq - 1
