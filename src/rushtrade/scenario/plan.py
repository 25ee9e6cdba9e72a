"""What customers are going to do in a month: so many orders that execute, so many shares in all, to the last one.

Theory of operation. Orders are planned one by one, in the order of time. Each comes from a customer drawn by appetite, who
sells or covers something held, or buys (sometimes sells short) something new for a part of the cash at hand. The number of
shares still to be traded, over the number of orders still to be planned, decides how often a purchase is of a cheap share
in large size; so the month's total is approached all along, and the last orders of the month deal out exactly what is
left. Beside the orders that execute there are some that are cancelled untouched and some that the house refuses.

The plan is inputs only: sides, sizes, limits, routes. What executes at which price, and what it costs, is for the venues
and the house.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from enum import IntEnum
from random import Random
from typing import TypeVar

from rushtrade.backoffice.allocation import deal
from rushtrade.domain.errors import require
from rushtrade.domain.instants import MINUTE
from rushtrade.domain.instruments import EquityClass
from rushtrade.domain.numbers import MONEY_UNIT, PRICE_UNIT, notional
from rushtrade.domain.orders import ROUTE_DART, ROUTE_SEQUENCE, OrderTerms, OrderType, Side, TimeInForce
from rushtrade.rules.day import RulesForDay
from rushtrade.rules.world import World
from rushtrade.scenario.customers import Customer, Customers
from rushtrade.scenario.file import MonthTarget
from rushtrade.scenario.market import SLOTS, ScriptedMarket

T = TypeVar("T")

SLOT_NS = 30 * MINUTE
SLOT_WEIGHTS = (18, 12, 9, 8, 7, 6, 6, 6, 7, 7, 8, 10, 14)
"""Orders of a session's half hours: busy at the open and at the close."""
FINISHING_ORDERS = 64
"""Orders at the end of a month that deal out what is left of its shares."""
PAYERS = 200
"""Customers with most money to spend, among whom they are dealt."""
SHARES_MIN = 100
"""Shares kept back for every order still to come."""
LARGEST_TIMES_MEAN = 60
"""No order is larger than so many times the mean that is needed."""
CASH_MIN = 300 * MONEY_UNIT
SPEND_MAX = 60_000 * MONEY_UNIT
SHORT_PRICE_MIN = 12 * PRICE_UNIT
"""Customers sell short above this price only, where no minimum a share raises the requirement."""


class Course(IntEnum):
    """What becomes of an order."""

    TAKE = 1
    """Executes at once."""
    SPLIT = 2
    """The first route executes a part, the next one the rest."""
    REST = 3
    """Waits in a book and executes."""
    REST_IN_PART = 4
    """Waits, executes in part, and is cancelled."""
    REPLACE = 5
    """Waits, is moved to a better price, and executes."""
    UNTOUCHED = 6
    """Waits and is cancelled: no trade."""
    REFUSED = 7
    """Asks for more than the account can pay: no trade."""


_COURSES = (
    *[Course.TAKE] * 62,
    *[Course.SPLIT] * 12,
    *[Course.REST] * 18,
    *[Course.REST_IN_PART] * 4,
    *[Course.REPLACE] * 4,
)
UNTOUCHED_PERCENT = 9
REFUSED_PERCENT = 1


class PlannedOrder:
    """One order. `executed` shares of it will trade; `better_limit` is where a replace moves it."""

    __slots__ = ("account_id", "better_limit", "course", "executed", "slot", "terms", "time_ns")

    def __init__(
        self, account_id: int, terms: OrderTerms, course: Course, executed: int, slot: int, time_ns: int
    ) -> None:
        self.account_id = account_id
        self.terms = terms
        self.course = course
        self.executed = executed
        self.slot = slot
        self.time_ns = time_ns
        self.better_limit = 0


class MonthPlan:
    """Plans the orders of a month, session by session."""

    def __init__(
        self, target: MonthTarget, world: World, market: ScriptedMarket, customers: Customers, rng: Random
    ) -> None:
        self._market = market
        self._customers = customers
        self._rng = rng
        self._trades_left = target.trades
        self._shares_left = target.shares
        self._dear = market.of_class(EquityClass.LISTED, EquityClass.NASDAQ)
        self._cheap = market.of_class(EquityClass.OTC_BB, EquityClass.PINK)
        self._mean = {True: 20_000.0, False: 800.0}
        """Running mean size of purchases of cheap and other shares."""
        self._payers: list[Customer] = []
        self._codes = {EquityClass(row.equity_class): row.sequence for row in world.sequences}
        weights = [80 + int(40 * rng.random()) for _ in target.sessions()]
        self._trades_of = dict(zip(target.sessions(), deal(weights, target.trades), strict=True))

    def session(self, rules: RulesForDay) -> Iterator[PlannedOrder]:
        """Plan one session's orders, in order of time."""
        slots = min(SLOTS, (rules.session.close_ns - rules.session.open_ns) // SLOT_NS)
        trades = self._trades_of[rules.day]
        for slot, count in enumerate(deal(SLOT_WEIGHTS[:slots], trades)):
            for place in range(count):
                time_ns = rules.session.open_ns + slot * SLOT_NS + (place + 1) * SLOT_NS // (count + 1)
                yield self._trade(slot, time_ns)
                chance = self._rng.random() * 100
                if chance < UNTOUCHED_PERCENT:
                    yield self._untouched(slot, time_ns)
                elif chance < UNTOUCHED_PERCENT + REFUSED_PERCENT:
                    yield self._refused(slot, time_ns)

    def require_done(self, month: dt.date) -> None:
        """Stop when the month's orders do not add up to what they were planned for."""
        left = self._trades_left, self._shares_left
        require(left == (0, 0), f"{month:%Y-%m}: {left[0]} trades and {left[1]} shares were left unplanned")

    # --- orders that execute -----------------------------------------------------------------------

    def _trade(self, slot: int, time_ns: int) -> PlannedOrder:
        room = self._shares_left - (self._trades_left - 1) * SHARES_MIN
        if self._trades_left <= FINISHING_ORDERS:
            planned = self._finish(slot, time_ns)
        else:
            planned = self._free_trade(slot, time_ns, room)
        self._trades_left -= 1
        self._shares_left -= planned.executed
        self._book(planned, slot)
        return planned

    def _free_trade(self, slot: int, time_ns: int, room: int) -> PlannedOrder:
        """Let a customer do as he likes, within the room that the month leaves."""
        rng = self._rng
        while True:
            customer = self._customers.next_trader()
            poor = customer.spendable < CASH_MIN
            if customer.shorts and (poor or rng.random() < 0.5):
                key = self._any(list(customer.shorts))
                return self._order(customer, key, Side.BUY, min(customer.shorts[key][0], room), slot, time_ns)
            if customer.holdings and (poor or rng.random() < 0.47):
                key = self._any(list(customer.holdings))
                shares = customer.holdings[key]
                if shares > 1_000 and rng.random() < 0.2:
                    shares = shares // 200 * 100
                return self._order(customer, key, Side.SELL, min(shares, room), slot, time_ns)
            if not poor:
                return self._opening(customer, slot, time_ns, room)

    def _opening(self, customer: Customer, slot: int, time_ns: int, room: int) -> PlannedOrder:
        rng = self._rng
        needed = self._shares_left / self._trades_left
        reach = self._mean[True] - self._mean[False]
        cheap = rng.random() < min(max((needed - self._mean[False]) / max(reach, 1.0), 0.0), 0.92)
        key = self._any(self._cheap if cheap else self._dear)
        touch = self._market.touch(key, slot)
        short = (
            customer.short_permitted
            and not cheap
            and touch.bid >= SHORT_PRICE_MIN
            and key not in customer.holdings
            and customer.spendable > 8_000 * MONEY_UNIT
            and rng.random() < 0.15
        )
        chance = rng.random()
        spend = min(int(customer.spendable * (0.06 + 0.36 * chance * chance)), SPEND_MAX)
        if short:
            spend //= 2
        lot = 1_000 if touch.ask < PRICE_UNIT // 10 else 100
        shares = spend // notional(touch.ask, 1)
        shares = max(shares - shares % lot, min(shares, lot), 1)
        shares = min(shares, int(needed * LARGEST_TIMES_MEAN), room)
        self._mean[cheap] += (shares - self._mean[cheap]) / 200
        if key in customer.shorts:
            return self._order(customer, key, Side.BUY, min(customer.shorts[key][0], room), slot, time_ns)
        return self._order(customer, key, Side.SELL if short else Side.BUY, shares, slot, time_ns)

    def _finish(self, slot: int, time_ns: int) -> PlannedOrder:
        """Buy a part of what is left of the month's shares, cheap enough for a customer who can pay for it."""
        left, rng = self._trades_left, self._rng
        weights = [100 + int(100 * rng.random()) for _ in range(left)]
        shares = self._shares_left if left == 1 else deal(weights, self._shares_left)[0]
        cheapest = sorted(self._cheap, key=lambda key: self._market.touch(key, slot).ask)
        key = cheapest[int(rng.random() * rng.random() * len(cheapest))]
        self._payers = self._payers or self._customers.wealthiest(PAYERS)
        customer = self._any(self._payers)
        if notional(self._market.touch(key, slot).ask, shares) > customer.spendable // 3:
            key = cheapest[0]
        return self._order(customer, key, Side.BUY, shares, slot, time_ns)

    def _order(
        self, customer: Customer, key: int, side: Side, executed: int, slot: int, time_ns: int
    ) -> PlannedOrder:
        rng = self._rng
        course = self._any(_COURSES)
        if executed < 200 and course in {Course.SPLIT, Course.REST_IN_PART}:
            course = Course.TAKE
        takes = course in {Course.TAKE, Course.SPLIT}
        market = takes and rng.random() < 0.45
        quantity = executed
        if course is Course.REST_IN_PART:
            quantity = self._quantity_beyond(customer, key, side, executed)
            course = course if quantity > executed else Course.REST
        limit = 0 if market else self._limit(key, slot, side, takes=takes)
        planned = PlannedOrder(
            customer.account_id,
            OrderTerms(
                instrument_id=key,
                side=side,
                order_type=OrderType.MARKET if market else OrderType.LIMIT,
                time_in_force=TimeInForce.DAY,
                quantity=quantity,
                limit_price=limit,
                route=self._route(key, course),
            ),
            course,
            executed,
            slot,
            time_ns,
        )
        if course is Course.REPLACE:
            planned.better_limit = self._better(limit, key, slot, side)
        return planned

    def _quantity_beyond(self, customer: Customer, key: int, side: Side, executed: int) -> int:
        """Give an order's size of which a part will execute: never more than is held, or than can be paid."""
        if side is Side.SELL and key in customer.holdings:
            return min(executed * 3 // 2, customer.holdings[key])
        if side is Side.BUY and key in customer.shorts:
            return min(executed * 3 // 2, customer.shorts[key][0])
        return executed * 3 // 2

    def _limit(self, key: int, slot: int, side: Side, *, takes: bool) -> int:
        """Give a limit: through the far side for an order that takes, at the near side for one that waits."""
        touch = self._market.touch(key, slot)
        if not takes:
            return touch.bid if side is Side.BUY else touch.ask
        if side is Side.BUY:
            return self._market.beyond(touch.ask, 2)
        return self._market.beyond(touch.bid, -2)

    def _better(self, limit: int, key: int, slot: int, side: Side) -> int:
        """Move a waiting limit one increment towards the other side, without reaching it; 0 where there is no room."""
        touch = self._market.touch(key, slot)
        better = limit + self._market.increment(limit) * (1 if side is Side.BUY else -1)
        return better if touch.bid < better < touch.ask else 0

    def _route(self, key: int, course: Course) -> str:
        chance = self._rng.random()
        if course is Course.SPLIT or chance < 0.70:
            return ROUTE_SEQUENCE
        if chance < 0.88:
            return ROUTE_DART
        codes = self._codes[self._market.instruments[key].equity_class]
        return codes[int(self._rng.random() * len(codes))]

    def _book(self, planned: PlannedOrder, slot: int) -> None:
        """Keep the customer's own estimate of cash and positions, on the safe side."""
        customer = self._customers.open[planned.account_id]
        key, shares = planned.terms.instrument_id, planned.executed
        touch = self._market.touch(key, slot)
        charges = customer.scheme.charge(shares) + MONEY_UNIT // 20
        if planned.terms.side is Side.BUY:
            customer.cash -= notional(self._market.beyond(touch.ask, 2), shares) + charges
            if key in customer.shorts:
                short, money = customer.shorts.pop(key)
                if short > shares:
                    customer.shorts[key] = short - shares, money - money * shares // short
            else:
                customer.holdings[key] = customer.holdings.get(key, 0) + shares
            return
        money = notional(touch.bid, shares)
        customer.cash += money * 999 // 1000 - charges
        held = customer.holdings.pop(key, 0)
        if held > shares:
            customer.holdings[key] = held - shares
        elif not held:
            short, earlier = customer.shorts.get(key, (0, 0))
            customer.shorts[key] = short + shares, earlier + money

    # --- orders that do not ------------------------------------------------------------------------

    def _untouched(self, slot: int, time_ns: int) -> PlannedOrder:
        """Plan a purchase well below the market, which its owner gives up."""
        customer = self._customers.next_trader()
        key = self._any([key for key in self._dear if key not in customer.shorts])
        bid = self._market.touch(key, slot).bid
        limit = bid - bid // 40
        limit -= limit % self._market.increment(limit)
        shares = max(customer.spendable, 0) // 4 // notional(limit, 1)
        shares -= shares % 100
        course = Course.UNTOUCHED if shares else Course.REFUSED
        terms = OrderTerms(
            key, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, shares, limit, route=ROUTE_SEQUENCE
        )
        return PlannedOrder(customer.account_id, terms, course, 0, slot, time_ns)

    def _refused(self, slot: int, time_ns: int) -> PlannedOrder:
        """Plan a purchase far beyond what anybody here could pay."""
        customer = self._customers.next_trader()
        key = self._any([key for key in self._dear if key not in customer.shorts])
        limit = self._market.touch(key, slot).ask
        shares = (4_000_000 * MONEY_UNIT + max(customer.cash, 0)) // notional(limit, 1)
        terms = OrderTerms(
            key, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, shares, limit, route=ROUTE_SEQUENCE
        )
        return PlannedOrder(customer.account_id, terms, Course.REFUSED, 0, slot, time_ns)

    def _any(self, choices: Sequence[T]) -> T:
        return choices[int(self._rng.random() * len(choices))]
