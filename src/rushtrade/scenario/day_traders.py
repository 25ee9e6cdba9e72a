"""Seeded customers for a headless day: what they ask for, when, and the mistakes they make.

Every customer draws from a generator of their own, seeded by the day's seed and their number, and looks at the market only as customers can: the
quote of the data center, their own positions and open orders. Their commands go through the public submit port like anybody's.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from typing import Protocol

from rushtrade.core.sequencer import Core, Ticket
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.commands import AnyCommand, CancelOrder, EnterOrder, ReplaceOrder
from rushtrade.domain.numbers import MONEY_UNIT
from rushtrade.domain.orders import (
    ROUTE_DART,
    ROUTE_SEQUENCE,
    ROUTE_STRATEGIES,
    OrderTerms,
    OrderType,
    Side,
    TimeInForce,
)
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.market.market_data import MarketData
from rushtrade.scenario.founding import NewAccount, open_customer_accounts

ACTIONS_EACH = 25
"""Actions a customer takes in a day, on average."""
MIXED = "mixed"
"""A strategy drawn for each order."""
_CENT = 100
_DAY, _GTC, _IOC, _FOK = TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK
_BUY, _SELL = Side.BUY, Side.SELL
_LIMIT, _MARKET = OrderType.LIMIT, OrderType.MARKET


class TradingFloor(Protocol):
    """What customers see of a house, and the one way in."""

    core: Core
    data: MarketData

    def stamp(self, terms: OrderTerms) -> QuoteStamp:
        """Take the quotes that go with an order."""

    def submit(self, command: AnyCommand, actor: str) -> Ticket:
        """Send a command."""


class Traders:
    """The customers of one day, each with a next moment to act."""

    def __init__(self, seed: int, routes: Sequence[str], strategy: str = ROUTE_DART) -> None:
        """`strategy` is what orders name that leave the venue to the house; `MIXED`: one drawn for each."""
        self._seed = seed
        self._strategy = strategy
        self._routes = tuple(routes)
        self._traders: list[Trader] = []
        self._agenda: list[tuple[int, int]] = []

    def open_accounts(self, core: Core, count: int) -> None:
        """Open an account for each customer, with a deposit and permissions of their own."""
        dice = [random.Random(f"{self._seed}/{number}") for number in range(1, count + 1)]  # noqa: S311 - a seeded day
        schemes = max(len(core.state.schemes), 1)
        wanted = [_wish(number, one, schemes) for number, one in enumerate(dice, start=1)]
        ids = open_customer_accounts(core, wanted)
        self._traders.extend(
            Trader(account_id, one, self._routes, self._strategy)
            for account_id, one in zip(ids, dice, strict=True)
        )

    def schedule(self, first_ns: int, last_ns: int) -> None:
        """Spread everybody's first moment over the day."""
        span = max(last_ns - first_ns, 1)
        for place, trader in enumerate(self._traders):
            trader.gap_ns = max(span // ACTIONS_EACH, 1)
            self._agenda.append((first_ns + trader.wait(), place))
        heapq.heapify(self._agenda)

    @property
    def next_ns(self) -> int | None:
        """When somebody acts next."""
        return self._agenda[0][0] if self._agenda else None

    def act(self, floor: TradingFloor) -> None:
        """Let the next customer act now, and choose when they act again."""
        now_ns, place = heapq.heappop(self._agenda)
        trader = self._traders[place]
        for command in trader.commands(floor):
            floor.submit(command, f"account:{trader.account_id}")
        heapq.heappush(self._agenda, (now_ns + trader.wait(), place))


def _wish(number: int, dice: random.Random, schemes: int) -> NewAccount:
    margin = dice.random() < 0.7
    return NewAccount(
        name=f"Customer {number}",
        kind=AccountKind.MARGIN if margin else AccountKind.CASH,
        deposit=dice.randrange(5_000, 500_000) * MONEY_UNIT,
        short_permitted=margin and dice.random() < 0.7,
        scheme_id=1 + number % schemes,
    )


class Trader:
    """One customer."""

    def __init__(
        self, account_id: int, dice: random.Random, routes: Sequence[str], strategy: str = ROUTE_DART
    ) -> None:
        self.account_id = account_id
        self._strategy = strategy
        self.gap_ns = 1
        self._dice = dice
        self._routes = routes
        self._count = 0
        self._choices: Sequence[tuple[float, Callable[[TradingFloor, int], AnyCommand | None]]] = (
            (0.34, self._passive),
            (0.18, self._aggressive),
            (0.12, self._market),
            (0.10, self._exit),
            (0.12, self._cancel),
            (0.05, self._replace),
            (0.03, self._stop),
            (0.06, self._mistake),
        )

    def wait(self) -> int:
        """Draw the time to the next action."""
        return max(int(self._dice.expovariate(1.0) * self.gap_ns), 1)

    def commands(self, floor: TradingFloor) -> list[AnyCommand]:
        """Choose what to do now; nothing when there is nothing to do it with."""
        instruments = sorted(floor.core.state.instruments)
        instrument_id = self._dice.choice(instruments)
        draw, below = self._dice.random(), 0.0
        for weight, choice in self._choices:
            below += weight
            if draw < below:
                command = choice(floor, instrument_id)
                return [] if command is None else [command]
        return []

    # --- what a customer may do ----------------------------------------------------------------------

    def _passive(self, floor: TradingFloor, instrument_id: int) -> AnyCommand | None:
        quote = floor.data.nbbo(instrument_id)
        if quote.state != "good":
            return None
        side = self._side(floor, instrument_id)
        away = self._dice.randrange(0, 6) * _CENT
        price = quote.bid - away if side is _BUY else quote.ask + away
        tif = self._dice.choice((_DAY, _DAY, _DAY, _GTC))
        hidden = self._dice.random() < 0.05
        return self._enter(
            floor,
            OrderTerms(instrument_id, side, _LIMIT, tif, self._size(), price, 0, self._route(), 0, hidden),
        )

    def _aggressive(self, floor: TradingFloor, instrument_id: int) -> AnyCommand | None:
        quote = floor.data.nbbo(instrument_id)
        if quote.state != "good":
            return None
        side = self._side(floor, instrument_id)
        through = self._dice.randrange(0, 4) * _CENT
        price = quote.ask + through if side is _BUY else quote.bid - through
        tif = self._dice.choice((_DAY, _IOC, _IOC, _FOK))
        return self._enter(
            floor, OrderTerms(instrument_id, side, _LIMIT, tif, self._size(), price, 0, self._route())
        )

    def _market(self, floor: TradingFloor, instrument_id: int) -> AnyCommand | None:
        side = self._side(floor, instrument_id)
        return self._enter(
            floor, OrderTerms(instrument_id, side, _MARKET, _DAY, self._size(), route=self._by_house())
        )

    def _exit(self, floor: TradingFloor, instrument_id: int) -> AnyCommand | None:
        position = floor.core.state.accounts[self.account_id].positions.get(instrument_id)
        if position is None:
            return None
        free = abs(position.shares) - position.closing_held
        if free <= 0:
            return None
        side = _SELL if position.shares > 0 else _BUY
        return self._enter(
            floor, OrderTerms(instrument_id, side, _MARKET, _DAY, free, route=self._by_house())
        )

    def _stop(self, floor: TradingFloor, instrument_id: int) -> AnyCommand | None:
        quote = floor.data.nbbo(instrument_id)
        position = floor.core.state.accounts[self.account_id].positions.get(instrument_id)
        if quote.state != "good" or position is None or position.shares - position.closing_held <= 0:
            return None
        stop = quote.bid - self._dice.randrange(2, 30) * _CENT
        terms = OrderTerms(
            instrument_id, _SELL, OrderType.STOP, _DAY, position.shares - position.closing_held, 0, stop
        )
        return self._enter(floor, terms)

    def _cancel(self, floor: TradingFloor, instrument_id: int) -> AnyCommand | None:
        del instrument_id
        open_orders = list(floor.core.state.accounts[self.account_id].open_orders)
        return CancelOrder(self.account_id, self._dice.choice(open_orders)) if open_orders else None

    def _replace(self, floor: TradingFloor, instrument_id: int) -> AnyCommand | None:
        del instrument_id
        orders = floor.core.state.accounts[self.account_id].open_orders
        limits = [order_id for order_id, (_, _, limit, _) in orders.items() if limit]
        if not limits:
            return None
        order = floor.core.state.blotter.orders[self._dice.choice(limits)]
        step = self._dice.choice((-2, -1, 1, 2)) * _CENT
        return ReplaceOrder(
            self.account_id,
            order.order_id,
            self._name(),
            self._dice.choice((0, order.terms.quantity + 100, max(order.terms.quantity - 10, 1))),
            order.terms.limit_price + step,
            0,
            floor.stamp(order.terms),
        )

    def _mistake(self, floor: TradingFloor, instrument_id: int) -> AnyCommand | None:
        mark = floor.core.state.risk.prices.get(instrument_id, 100_000)
        mark -= mark % _CENT
        terms = self._dice.choice(
            (
                OrderTerms(instrument_id, _BUY, _LIMIT, _DAY, 100, mark * 3),
                OrderTerms(instrument_id, _BUY, _LIMIT, _DAY, 100, mark + 1),
                OrderTerms(instrument_id, _BUY, _MARKET, _DAY, 90_000_000),
                OrderTerms(instrument_id, _SELL, _MARKET, _DAY, 0),
                OrderTerms(instrument_id, _SELL, _LIMIT, _DAY, -5, mark),
                OrderTerms(999_999, _BUY, _MARKET, _DAY, 100),
                OrderTerms(instrument_id, _BUY, _LIMIT, _DAY, 100, mark, 0, "no such route"),
                OrderTerms(instrument_id, _BUY, _LIMIT, _DAY, 100, 0),
            )
        )
        if self._count and self._dice.random() < 0.2:
            return EnterOrder(self.account_id, f"{self.account_id}-1", terms, floor.stamp(terms))
        return self._enter(floor, terms)

    # --- their habits ----------------------------------------------------------------------------------

    def _enter(self, floor: TradingFloor, terms: OrderTerms) -> EnterOrder:
        return EnterOrder(self.account_id, self._name(), terms, floor.stamp(terms))

    def _name(self) -> str:
        self._count += 1
        return f"{self.account_id}-{self._count}"

    def _side(self, floor: TradingFloor, instrument_id: int) -> Side:
        """Lean against what is held, so that a day ends with positions of a size people have."""
        shares = floor.core.state.accounts[self.account_id].shares(instrument_id)
        return _SELL if self._dice.random() < (0.65 if shares > 0 else 0.35) else _BUY

    def _size(self) -> int:
        return self._dice.choice((10, 50, 100, 100, 100, 200, 300, 500))

    def _by_house(self) -> str:
        return self._dice.choice(tuple(ROUTE_STRATEGIES)) if self._strategy == MIXED else self._strategy

    def _route(self) -> str:
        draw = self._dice.random()
        if draw < 0.7:
            return self._by_house()
        return ROUTE_SEQUENCE if draw < 0.85 else self._dice.choice(self._routes)
