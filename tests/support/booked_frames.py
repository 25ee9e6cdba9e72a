"""Journals written by hand: events of a small firm, one command each, booked into a ledger of their own to settle."""

from __future__ import annotations

import datetime as dt

from rushtrade.backoffice.folding import EventFrame, decode_events
from rushtrade.domain.accounts import AccountKind, AccountLimits, AccountState
from rushtrade.domain.commands import Tick
from rushtrade.domain.events import (
    AccountChanged,
    AccountOpened,
    AnyEvent,
    CashTransferred,
    CustomerRegistered,
    DayClosed,
    DayOpened,
    FirmOpened,
    InstrumentDefined,
    MarksObserved,
    OrderAccepted,
    OrderFilled,
    SharesTransferred,
    TradesSettled,
)
from rushtrade.domain.frames import Entry, FrameBody, encode_body
from rushtrade.domain.instants import SECOND, day_number
from rushtrade.domain.instruments import EquityClass, Instrument, InstrumentKind
from rushtrade.domain.numbers import notional
from rushtrade.domain.orders import Intent, Liquidity, OrderTerms, OrderType, Side, TimeInForce
from rushtrade.domain.quotes import Mark
from rushtrade.domain.routes import Route
from rushtrade.domain.transfers import CASH, LedgerCode, Transfer, TransferCode, ledger_account
from rushtrade.ledger.ledger import Ledger

STREET = ledger_account(0, LedgerCode.STREET)
CLEARING = ledger_account(0, LedgerCode.CLEARING)
BANK = ledger_account(0, LedgerCode.BANK)
AGENT = ledger_account(0, LedgerCode.TRANSFER_AGENT)
CHARGES = {
    TransferCode.COMMISSION: LedgerCode.COMMISSION_INCOME,
    TransferCode.SEC_FEE: LedgerCode.SEC_FEE,
    TransferCode.TAF: LedgerCode.TAF,
    TransferCode.CAT_FEE: LedgerCode.CAT_FEE,
}


class HandBook:
    """Writes frames; `frames` gives them as a reader of the journal gets them."""

    def __init__(self) -> None:
        self.bodies: list[FrameBody] = []
        self.ledger = Ledger()
        self.seq = 0
        self.time_ns = 1_100_000_000 * SECOND
        self.settles = 0
        self.say(FirmOpened("Dallas Direct", "by hand", (_route(0, "ARCA", "A"), _route(1, "INET", "I")), ()))

    @property
    def frames(self) -> list[EventFrame]:
        return [decode_events(encode_body(body)) for body in self.bodies]

    def say(self, *events: AnyEvent) -> int:
        self.seq += 1
        self.time_ns += SECOND
        self.bodies.append(FrameBody(self.seq, self.time_ns, [Entry(Tick(), "clock", list(events))]))
        return self.seq

    def instrument(self, instrument_id: int, symbol: str, previous_close: int) -> None:
        listed, common = EquityClass.LISTED, InstrumentKind.COMMON
        self.say(
            InstrumentDefined(
                Instrument(
                    instrument_id,
                    symbol,
                    symbol,
                    listed,
                    common,
                    100,
                    True,
                    False,
                    True,
                    True,
                    "ARCA",
                    previous_close,
                )
            )
        )

    def account(self, account_id: int, number: str) -> None:
        self.say(CustomerRegistered(account_id, f"Customer {account_id}", f"profile/{account_id}"))
        self.say(AccountOpened(account_id, account_id, number, AccountKind.MARGIN, 1, True, AccountLimits()))

    def close_account(self, account_id: int) -> None:
        self.say(
            AccountChanged(account_id, AccountState.CLOSED, False, 1, AccountLimits(), "customer's wish")
        )

    def wire(self, account_id: int, amount: int) -> None:
        customer = ledger_account(account_id, LedgerCode.CUSTOMER_SETTLED)
        code, debit, credit = TransferCode.DEPOSIT, BANK, customer
        if amount < 0:
            code, debit, credit = TransferCode.WITHDRAWAL, customer, BANK
        transfers = (Transfer(code, debit, credit, CASH, abs(amount)),)
        self.ledger.post(transfers)
        self.say(CashTransferred(account_id, amount, f"wire {self.seq}", transfers))

    def bring_shares(self, account_id: int, instrument_id: int, shares: int, cost: int) -> None:
        customer = ledger_account(account_id, LedgerCode.CUSTOMER_SETTLED)
        transfers = (Transfer(TransferCode.SHARES_IN, AGENT, customer, instrument_id, shares),)
        self.ledger.post(transfers)
        self.say(SharesTransferred(account_id, instrument_id, shares, cost, f"acat {self.seq}", transfers))

    def open_day(self, day: dt.date, settles: dt.date) -> None:
        self.settles = day_number(settles)
        self.say(DayOpened(day_number(day), self.settles, self.time_ns, self.time_ns + SECOND))

    def close_day(self, day: dt.date) -> int:
        due = self.ledger.due(day_number(day))
        self.ledger.settle(due, day_number(day))
        return self.say(TradesSettled(day_number(day), due), DayClosed(day_number(day)))

    def mark(self, instrument_id: int, last: int) -> None:
        self.say(MarksObserved((Mark(instrument_id, last - 100, last + 100, last),)))

    def accept(
        self,
        account_id: int,
        instrument_id: int,
        signed_shares: int,
        *,
        short: bool = False,
        replaces: int = 0,
    ) -> int:
        side = Side.BUY if signed_shares > 0 else Side.SELL
        intent = (
            Intent.SELL_SHORT
            if short
            else (Intent.BUY_TO_OPEN if signed_shares > 0 else Intent.SELL_TO_CLOSE)
        )
        terms = OrderTerms(instrument_id, side, OrderType.LIMIT, TimeInForce.DAY, abs(signed_shares), 10_000)
        order_id = self.seq + 1
        self.say(
            OrderAccepted(
                order_id=order_id,
                account_id=account_id,
                client_order_id=f"c{order_id}",
                terms=terms,
                intent=intent,
                hold_money=0,
                hold_shares=0,
                replaces=replaces,
                arrival_bid=0,
                arrival_ask=0,
                bound=0,
            )
        )
        return order_id

    def fill(
        self,
        order_id: int,
        account_id: int,
        instrument_id: int,
        signed_shares: int,
        price: int,
        **charges: int,
    ) -> int:
        """Book an execution; charges by name of their transfer code, in micro-dollars."""
        customer = ledger_account(account_id, LedgerCode.CUSTOMER_UNSETTLED)
        money, shares = notional(price, abs(signed_shares)), abs(signed_shares)
        pays, gets = (customer, STREET) if signed_shares > 0 else (STREET, customer)
        transfers = [
            Transfer(TransferCode.TRADE_CASH, pays, gets, CASH, money),
            Transfer(TransferCode.TRADE_SHARES, gets, pays, instrument_id, shares),
        ]
        for name, amount in charges.items():
            code = TransferCode[name.upper()]
            transfers.append(Transfer(code, customer, ledger_account(0, CHARGES[code]), CASH, amount))
        self.ledger.post_trade(transfers, self.settles)
        return self.say(
            OrderFilled(
                order_id=order_id,
                account_id=account_id,
                instrument_id=instrument_id,
                token=order_id << 8,
                venue=0,
                match_number=7000 + self.seq,
                signed_shares=signed_shares,
                price=price,
                leaves=0,
                liquidity=Liquidity.REMOVED,
                commission=charges.get("commission", 0),
                fees=sum(amount for name, amount in charges.items() if name != "commission"),
                venue_fee=0,
                hold_money_left=0,
                hold_shares_left=0,
                transfers=tuple(transfers),
            )
        )


def _route(venue: int, code: str, route_code: str) -> Route:
    return Route(venue, code, route_code, code.ljust(4, "X"), code, 30, -20, 0, 0, 0)
