"""The books at a point of the journal: ledger, positions with their cost, closing marks, and the day's movements.

A fold of transfers into the same `Ledger` the house itself posts to, of executions into the same `Position`, and of
observed marks. A day's movements are counted from one close to the next, so that money wired in after
the close belongs to the following day.

Closing marks are the valuation prices of `domain.quotes.mark_price`, the same function that values accounts during the
day: the last sale within a good quote, else the midpoint, else the last good price. Before anything is observed an
instrument stands at the previous close it was defined with, or at its first execution.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from rushtrade.backoffice.folding import Handler
from rushtrade.domain.errors import require
from rushtrade.domain.events import (
    CashTransferred,
    DayClosed,
    DayOpened,
    Event,
    InstrumentDefined,
    MarketDataCharged,
    MarksObserved,
    OrderFilled,
    SharesTransferred,
    TradesSettled,
)
from rushtrade.domain.instants import day_from_number
from rushtrade.domain.numbers import notional
from rushtrade.domain.quotes import mark_price
from rushtrade.domain.transfers import CASH, Transfer
from rushtrade.ledger.ledger import Ledger
from rushtrade.ledger.position import Position

_OWNER_SHIFT = 4
"""An account number is ``owner << 4 | code``: `owner_of`, without a call for each side of each transfer."""

Holding = tuple[int, int]
"""Account id and asset: an instrument id, or 0 for cash."""


class Books:
    """Fold of everything that moves money or shares, and of what they are worth."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.owned: defaultdict[Holding, int] = defaultdict(int)
        """Trade-date balances of customers by account and asset: settled and unsettled together."""
        self.positions: defaultdict[Holding, Position] = defaultdict(Position)
        self.cash_moved: defaultdict[int, int] = defaultdict(int)
        """Money wired in or out since the last close, by account."""
        self.cash_traded: defaultdict[int, int] = defaultdict(int)
        """Net money of trades since the last close, commissions and fees included, by account."""
        self.shares_traded: defaultdict[Holding, int] = defaultdict(int)
        self.shares_moved: defaultdict[Holding, int] = defaultdict(int)
        self._prices: dict[int, int] = {}
        self._trade_date = 0
        self._settlement_date = 0

    def handlers(self) -> dict[type[Event], Handler]:
        """Name the events folded."""
        return {
            InstrumentDefined: self._instrument_defined,
            DayOpened: self._day_opened,
            DayClosed: self._day_closed,
            CashTransferred: self._cash_transferred,
            SharesTransferred: self._shares_transferred,
            MarketDataCharged: self._market_data_charged,
            OrderFilled: self._order_filled,
            TradesSettled: self._trades_settled,
            MarksObserved: self._marks_observed,
        }

    @property
    def trade_date(self) -> dt.date:
        """The trade date that is open, or was open last."""
        require(self._trade_date, "no trade date has been opened in these books")
        return day_from_number(self._trade_date)

    @property
    def settlement_date(self) -> dt.date:
        """The day on which trades of `trade_date` settle."""
        return day_from_number(self._settlement_date)

    def mark(self, instrument_id: int) -> int:
        """Give the price at which positions in an instrument are valued; 0 = none known."""
        return self._prices.get(instrument_id, 0)

    def prices(self) -> dict[int, int]:
        """Give a copy of all marks, by instrument."""
        return dict(self._prices)

    def market_value(self, instrument_id: int, shares: int) -> int:
        """Give what signed shares are worth at the mark, in micro-dollars."""
        return notional(self.mark(instrument_id), shares)

    def trade_date_balances(self) -> dict[int, dict[int, int]]:
        """Give what each customer account owns as of the last trade: account id → asset → amount, zeros left out."""
        owned: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for (owner, asset), amount in self.owned.items():
            if amount:
                owned[owner][asset] = amount
        return dict(owned)

    def _instrument_defined(self, event: InstrumentDefined, _seq: int, _time_ns: int) -> None:
        if event.instrument.previous_close:
            self._prices.setdefault(event.instrument.instrument_id, event.instrument.previous_close)

    def _day_opened(self, event: DayOpened, _seq: int, _time_ns: int) -> None:
        self._trade_date = event.trade_date
        self._settlement_date = event.settlement_date

    def _day_closed(self, _event: DayClosed, _seq: int, _time_ns: int) -> None:
        self.cash_moved.clear()
        self.cash_traded.clear()
        self.shares_traded.clear()
        self.shares_moved.clear()

    def _post(self, transfers: tuple[Transfer, ...]) -> None:
        """Book transfers; what stays with the same owner changes nothing that is owned."""
        self.ledger.post(transfers)
        owned = self.owned
        for transfer in transfers:
            debit, credit = transfer.debit_account >> _OWNER_SHIFT, transfer.credit_account >> _OWNER_SHIFT
            if debit != credit:
                if debit:
                    owned[debit, transfer.asset] -= transfer.amount
                if credit:
                    owned[credit, transfer.asset] += transfer.amount

    def _cash_transferred(self, event: CashTransferred, _seq: int, _time_ns: int) -> None:
        self._post(event.transfers)
        self.cash_moved[event.account_id] += event.amount

    def _market_data_charged(self, event: MarketDataCharged, _seq: int, _time_ns: int) -> None:
        self._post(event.transfers)
        self.cash_moved[event.account_id] -= event.amount

    def _shares_transferred(self, event: SharesTransferred, _seq: int, _time_ns: int) -> None:
        self._post(event.transfers)
        holding = event.account_id, event.instrument_id
        self.positions[holding].bring(event.shares, event.cost)
        self.shares_moved[holding] += event.shares

    def _order_filled(self, event: OrderFilled, _seq: int, _time_ns: int) -> None:
        owner = event.account_id
        cash = owner, CASH
        before = self.owned[cash]
        self._post(event.transfers)
        self.cash_traded[owner] += self.owned[cash] - before
        holding = owner, event.instrument_id
        self.positions[holding].trade(event.signed_shares, event.price)
        self.shares_traded[holding] += event.signed_shares
        self._prices.setdefault(event.instrument_id, event.price)

    def _trades_settled(self, event: TradesSettled, _seq: int, _time_ns: int) -> None:
        self._post(event.transfers)

    def _marks_observed(self, event: MarksObserved, _seq: int, _time_ns: int) -> None:
        for mark in event.marks:
            held = self._prices.get(mark.instrument_id, 0)
            price = mark_price(mark.bid, mark.ask, mark.last, held)
            if price:
                self._prices[mark.instrument_id] = price
