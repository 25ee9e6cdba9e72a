"""All the house remembers between two commands. Changed by `apply` alone; equal journals give equal states."""

from __future__ import annotations

import datetime as dt

import msgspec

from rushtrade.dart.desk import RoutingDesk
from rushtrade.dart.lessons import RoutingMemory
from rushtrade.domain.accounts import CommissionTerms
from rushtrade.domain.instants import day_from_number
from rushtrade.domain.instruments import Instrument
from rushtrade.entitlements.register import Register
from rushtrade.ledger.account import Account
from rushtrade.ledger.ledger import Ledger
from rushtrade.orders.blotter import OrderBlotter
from rushtrade.orders.venue_watch import VenueWatch
from rushtrade.risk.checks import RiskView
from rushtrade.rules.day import RulesForDay, rules_for_day
from rushtrade.rules.margin import MARGIN


class Customer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A customer as the core knows one: who it is stays outside the journal."""

    customer_id: int
    display_name: str
    profile_reference: str


class HouseState:
    """The house: firm, accounts, orders, ledger, prices, day."""

    __slots__ = (
        "accounts",
        "blotter",
        "closes_ns",
        "customers",
        "day_is_open",
        "day_shares",
        "desk",
        "firm_name",
        "instruments",
        "ledger",
        "market_data",
        "month_shares",
        "now_ns",
        "opens_ns",
        "report_seqs",
        "risk",
        "routing",
        "rules",
        "schemes",
        "settlement_date",
        "symbols",
        "trade_date",
        "venue_sessions",
        "watch",
        "world",
    )

    def __init__(self) -> None:
        self.firm_name = ""
        self.world = ""
        self.now_ns = 0
        self.customers: dict[int, Customer] = {}
        self.accounts: dict[int, Account] = {}
        self.instruments: dict[int, Instrument] = {}
        self.symbols: dict[str, int] = {}
        self.schemes: dict[int, CommissionTerms] = {}
        self.ledger = Ledger()
        self.blotter = OrderBlotter(self.accounts, self.ledger)
        self.desk = RoutingDesk((), ())
        self.watch = VenueWatch()
        self.routing = RoutingMemory()
        """What was learned of the routes, and what open orders remember of their way."""
        self.market_data = Register()
        """Who may see which market data."""
        self.report_seqs: list[int] = []
        """Number of the last report taken from each venue."""
        self.month_shares: list[int] = []
        self.day_shares: list[int] = []
        """Shares executed at each venue: in the month before the trade date, and on it. Venues' volume tiers go by them."""
        self.venue_sessions: list[str] = []
        """What each venue calls the life of its own in which reports have these numbers; empty where it has no name."""
        self.trade_date = 0
        self.settlement_date = 0
        self.opens_ns = 0
        self.closes_ns = 0
        self.day_is_open = False
        self.rules: RulesForDay | None = None
        """Dated rules of the trade date; None before the first one opened."""
        self.risk = RiskView(
            ledger=self.ledger,
            prices={},
            margin=MARGIN.on(_FIRST_RULES_DAY),
            instruments=self.instruments,
            market_open=False,
            firm_killed=False,
            now_ns=0,
        )

    def replace_ledger(self, ledger: Ledger) -> None:
        """Take over a restored ledger, before any order stands on the blotter."""
        self.ledger = self.risk.ledger = ledger
        self.blotter = OrderBlotter(self.accounts, ledger)

    def monthly_shares(self, day: dt.date) -> dict[int, int]:
        """Give by venue what was executed in a day's month before that day, which is the trade date or a later one."""
        if not self.trade_date:
            return {}
        last = day_from_number(self.trade_date)
        if (last.year, last.month) != (day.year, day.month):
            return {}
        if last == day:
            return dict(enumerate(self.month_shares))
        return {
            venue: month + today
            for venue, (month, today) in enumerate(zip(self.month_shares, self.day_shares, strict=True))
        }

    def open_day(self, trade_date: int, settlement_date: int, opens_ns: int, closes_ns: int) -> None:
        """Take a trade date's rules."""
        self.trade_date = trade_date
        self.settlement_date = settlement_date
        self.opens_ns = opens_ns
        self.closes_ns = closes_ns
        self.day_is_open = True
        self.rules = rules_for_day(day_from_number(trade_date))
        self.risk.margin = self.rules.margin


_FIRST_RULES_DAY = dt.date(2000, 1, 3)
"""Margin rules a house values accounts by before its first trade date opens."""
