"""What can happen to a firm: each method is one kind of step, played by seeded chance on a `WholeFirm`."""

from __future__ import annotations

from random import Random

from rushtrade.core.state import HouseState
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountState
from rushtrade.domain.instants import day_from_number, day_number
from rushtrade.domain.orders import Intent, OrderTerms, OrderType, Side, TimeInForce
from rushtrade.orders.order import Order
from rushtrade.risk.valuation import funds_available
from rushtrade.rules.calendar import new_york_calendar
from rushtrade.wire import order_entry as oe
from support import chance as met
from support.books_check import OPENS
from support.data_actions import administer_data
from support.small_house import MILLION
from support.whole_firm import WholeFirm

ACCOUNTS = (1, 2, 3)
USUAL = {
    "trade": 30,
    "venues_take": 24,
    "venues_execute": 10,
    "reports_arrive": 26,
    "route": 8,
    "cancel": 4,
    "replace": 14,
    "leave": 4,
    "observe": 4,
    "administer": 2,
    "sell_data": 3,
    "reports_come_again": 1,
    "a_report_overtakes_others": 1,
    "line_breaks_or_comes_back": 2,
    "restart": 1,
    "next_day": 1,
}
"""How often what happens to a firm whose venues are honest."""
DISTRUSTED = {name: weight for name, weight in USUAL.items() if name != "next_day"} | {
    "a_venue_contradicts_itself": 12,
    "a_venue_begins_anew": 1,
}
"""The same with venues that contradict themselves and lose their memory."""


class FirmActions:
    """Steps of a simulation."""

    def __init__(self, firm: WholeFirm) -> None:
        self.firm = firm
        self._named = 0
        for account_id in (1, 2):
            firm.do(cmd.TransferShares(account_id, 1, 500, 5_000 * MILLION, "opening shares"))

    @property
    def state(self) -> HouseState:
        return self.firm.house.state

    @staticmethod
    def choose(chance: Random, weights: dict[str, int]) -> str:
        """Choose the name of the next step."""
        (name,) = chance.choices(list(weights), list(weights.values()))
        return name

    def client_order_id(self, chance: Random) -> str:
        """A name of its own, none, or now and then one that was used before."""
        self._named += chance.random() < 0.9
        return "" if chance.random() < 0.3 else f"c{self._named}"

    def orders(self) -> list[Order]:
        return [order for _, order in sorted(self.state.blotter.orders.items())]

    # --- customers -------------------------------------------------------------------------------

    def trade(self, chance: Random) -> None:
        """A customer enters an order; one that opens a position is taken only if the account can carry it."""
        account_id = chance.choice(ACCOUNTS)
        terms = met.terms(chance) if chance.random() < 0.95 else met.absurd_terms(chance)
        command = cmd.EnterOrder(account_id, self.client_order_id(chance), terms, met.stamp(chance))
        first, *_ = self.firm.do(command, f"account:{account_id}")
        if isinstance(first, ev.OrderAccepted) and first.intent in OPENS:
            state = self.state
            account, risk = state.accounts[account_id], state.risk
            assert funds_available(state.ledger, account, risk.prices, state.instruments, risk.margin) >= 0

    def leave(self, chance: Random) -> None:
        """An order that reduces risk passes every customer-level check, on any quote, in any state of the account."""
        free = [
            (account.account_id, instrument_id, position.shares, abs(position.shares) - position.closing_held)
            for account in self.state.accounts.values()
            for instrument_id, position in sorted(account.positions.items())
            if abs(position.shares) > position.closing_held
        ]
        if not free or not self.state.risk.market_open:
            return
        account_id, instrument_id, held, shares = chance.choice(free)
        self._set_account_state(account_id, chance.choice(list(AccountState)))
        self.firm.do(cmd.SetKillSwitch(0, True, "simulation"), "desk")
        limit = met.cents(chance) if chance.random() < 0.5 else 0
        terms = OrderTerms(
            instrument_id,
            Side.SELL if held > 0 else Side.BUY,
            OrderType.LIMIT if limit else OrderType.MARKET,
            TimeInForce.IOC,
            chance.randint(1, shares),
            limit,
        )
        first, *_ = self.firm.do(cmd.EnterOrder(account_id, "", terms, met.stamp(chance, absurd=0.7)))
        assert isinstance(first, ev.OrderAccepted), first
        assert first.intent in {Intent.SELL_TO_CLOSE, Intent.BUY_TO_CLOSE}
        self.firm.do(cmd.SetKillSwitch(0, False, "simulation"), "desk")
        self._set_account_state(account_id, AccountState.ENABLED)

    def _set_account_state(self, account_id: int, state: AccountState) -> None:
        account = self.state.accounts[account_id]
        shorts, scheme_id, limits = account.short_permitted, account.scheme_id, account.limits
        self.firm.do(cmd.ChangeAccount(account_id, state, shorts, scheme_id, limits, "simulation"), "desk")

    def cancel(self, chance: Random) -> None:
        """A customer cancels one order, or all."""
        if self.orders():
            order = chance.choice(self.orders())
            if chance.random() < 0.1:
                self.firm.do(cmd.CancelAllOrders(order.account_id, chance.choice([0, 1])))
            else:
                self.firm.do(cmd.CancelOrder(order.account_id, order.order_id))

    def replace(self, chance: Random) -> None:
        """A customer changes an order: size, limit, both, or something senseless."""
        if not self.orders():
            return
        order = chance.choice(self.orders())
        quantity = chance.choice([0, 0, 50, 100, 200, 300, 400, 700, order.filled + 1, -1])
        limit = chance.choice([0, met.cents(chance), met.cents(chance), met.price(chance)])
        stop = met.cents(chance) if order.terms.stop_price else chance.choice([0, 0, 0, 0, 0, -1])
        name, stamp = self.client_order_id(chance), met.stamp(chance)
        self.firm.do(cmd.ReplaceOrder(order.account_id, order.order_id, name, quantity, limit, stop, stamp))

    # --- desk, market, calendar ------------------------------------------------------------------------

    def route(self, chance: Random) -> None:
        """The router plans what waits, on fresh quotes."""
        for order in self.orders():
            if order.routing_needed:
                self.firm.do(cmd.RouteOrder(order.order_id, met.stamp(chance)), "router")

    def observe(self, chance: Random) -> None:
        """Marks arrive."""
        self.firm.do(cmd.ObserveMarks(met.marks(chance)), "market")

    def administer(self, chance: Random) -> None:
        """The desk moves money or shares, switches a route, kills or allows, halts the market or opens it."""
        account_id, venue = chance.choice(ACCOUNTS), chance.choice((0, 1, 2))
        amount, on = chance.randint(-300, 300), chance.random() < 0.8
        reference = f"ref {self.firm.house.core.next_seq}"
        self.firm.do(
            chance.choice(
                [
                    cmd.TransferCash(account_id, amount * 10 * MILLION, reference),
                    cmd.TransferShares(account_id, 1, amount, amount * 9 * MILLION, reference),
                    cmd.SwitchRoute(venue, on, "simulation"),
                    cmd.SetKillSwitch(account_id, not on, "simulation"),
                    cmd.OpenMarket(on),
                ]
            ),
            "desk",
        )

    def sell_data(self, chance: Random) -> None:
        """Subscribers of market data come, answer, sign, use, pay and go."""
        for _ in range(4):
            administer_data(self.firm, chance)

    def next_day(self, chance: Random) -> None:
        """The day closes and the next one opens."""
        del chance
        self.firm.close_day()
        tomorrow = new_york_calendar().add_sessions(day_from_number(self.state.trade_date), 1)
        self.firm.do(cmd.OpenDay(day_number(tomorrow)), "calendar")
        self.firm.do(cmd.OpenMarket(is_open=True), "calendar")

    # --- venues ----------------------------------------------------------------------------------------

    def venues_take(self, chance: Random) -> None:
        """Venues take what was sent to them, and refuse some of it."""
        for venue in self.firm.venues:
            for _ in range(chance.randint(0, len(venue.inbox))):
                venue.take(refuse=chance.random() < 0.1)

    def venues_execute(self, chance: Random) -> None:
        """Venues execute, at the limit or better, in whole or in part; now and then they cancel by themselves."""
        for venue in self.firm.venues:
            for token in sorted(venue.orders):
                order, dice = venue.orders[token], chance.random()
                if dice < 0.4:
                    better = chance.randint(0, 2) * (100 if order.side else -100)
                    venue.execute(
                        token,
                        chance.choice([order.leaves, chance.randint(1, order.leaves)]),
                        max(order.price + better, 1),
                    )
                elif dice < 0.45:
                    venue.cancel(token, oe.REASON_SUPERVISORY, chance.choice([0, order.leaves // 2]))

    def reports_arrive(self, chance: Random) -> None:
        """Reports arrive in batches, never out of order."""
        for venue in self.firm.venues:
            self.firm.deliver(venue.venue, chance.randint(0, venue.undelivered))

    def reports_come_again(self, chance: Random) -> None:
        """Reports that were taken before come again, and have no effect."""
        venue = chance.choice(self.firm.venues)
        if venue.delivered:
            place = chance.randrange(venue.delivered)
            for report in venue.report(place, min(place + 2, venue.delivered)):
                (event,) = self.firm.do(report, "venue")
                assert isinstance(event, ev.ReportRepeated)

    def a_report_overtakes_others(self, chance: Random) -> None:
        """A report that comes before others of its venue is not taken."""
        venue = chance.choice(self.firm.venues)
        if venue.undelivered > 1:
            (report,) = venue.report(len(venue.rows) - 1, len(venue.rows))
            (event,) = self.firm.do(report, "venue")
            assert isinstance(event, ev.AnomalyRecorded)

    def line_breaks_or_comes_back(self, chance: Random) -> None:
        """A venue's line breaks with all that is on it, or comes back."""
        venue = chance.choice(self.firm.venues)
        if venue.connected:
            self.firm.cut(venue.venue)
        else:
            self.firm.reconnect(venue.venue)

    def a_venue_contradicts_itself(self, chance: Random) -> None:
        """A venue says anything of any order, known or not."""
        children = self.state.blotter.children
        tokens = [*sorted(children) * 3, 0, -1, 77 << 8]
        tokens += [child.replace_token for _, child in sorted(children.items())]
        venue = chance.choice(self.firm.venues)
        venue.contradict(
            chance.randint(0, 8),
            chance.choice(tokens),
            chance.choice([0, *tokens]),
            met.price(chance),
            chance.choice([chance.randint(-1, 500), *met.ABSURD]),
            chance.choice([0, chance.randint(-1, 500), *met.ABSURD]),
        )
        self.firm.deliver(venue.venue, venue.undelivered)

    def a_venue_begins_anew(self, chance: Random) -> None:
        """A venue loses everything."""
        self.firm.begin_anew(chance.choice(self.firm.venues).venue)

    # --- the house itself ------------------------------------------------------------------------------

    def restart(self, chance: Random) -> None:
        """The house ends and is restored from its journal, with or without a fresh snapshot."""
        if chance.random() < 0.5:
            self.firm.snapshot()
        self.firm.restart()
