"""The day's blotter: one trade ticket per order that executed, with everything that was booked for it.

A ticket is an order's executions of one trade date. An order and the replacements that took its place are one order;
an order that executes on several days gives a ticket on each. Net money is what the ledger moved in the customer's cash
account, not a calculation of its own; that it equals principal, commission and fees is required, not assumed.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import msgspec

from rushtrade.backoffice.directory import Directory
from rushtrade.backoffice.folding import Handler
from rushtrade.backoffice.percentages import half_up
from rushtrade.domain.errors import require
from rushtrade.domain.events import DayClosed, DayOpened, Event, OrderAccepted, OrderFilled
from rushtrade.domain.instants import day_from_number
from rushtrade.domain.numbers import MONEY_UNIT, notional
from rushtrade.domain.orders import Intent, Liquidity
from rushtrade.domain.transfers import CASH, TransferCode, owner_of

AVERAGE_DIGITS = 6
"""Digits of a printed average price. The exact average is principal over quantity."""

FEE_CODES = (TransferCode.COMMISSION, TransferCode.SEC_FEE, TransferCode.TAF, TransferCode.CAT_FEE)


class VenueFill(msgspec.Struct, frozen=True):
    """One execution at a venue. Its transfers are ``(seq, 0)`` to ``(seq, transfers - 1)``."""

    seq: int
    time_ns: int
    venue: str
    match_number: int
    shares: int
    price: int
    liquidity: Liquidity
    transfers: int


class Ticket(msgspec.Struct, frozen=True):
    """What one order traded on one day. Money in micro-dollars; `net` is what the customer gets (+) or pays (-)."""

    order_id: int
    account_number: str
    symbol: str
    side: str
    shares: int
    principal: int
    commission: int
    sec_fee: int
    taf: int
    cat_fee: int
    net: int
    trade_date: dt.date
    settlement_date: dt.date
    fills: tuple[VenueFill, ...]

    @property
    def average_price(self) -> str:
        """Principal over quantity in dollars, half-up at six digits."""
        return half_up(Fraction(self.principal, self.shares * MONEY_UNIT), AVERAGE_DIGITS)

    @property
    def transfer_ids(self) -> list[tuple[int, int]]:
        """Ids of all transfers booked for the ticket: command seq, and place in its event."""
        return [(fill.seq, index) for fill in self.fills for index in range(fill.transfers)]


class _OpenTicket:
    __slots__ = ("fees", "fills", "first", "net", "principal", "shares")

    def __init__(self, first: OrderFilled) -> None:
        self.first = first
        self.shares = 0
        self.principal = 0
        self.net = 0
        self.fees = dict.fromkeys(FEE_CODES, 0)
        self.fills: list[tuple[OrderFilled, int, int]] = []


class Blotter:
    """Fold of executions into the tickets of the open day; a new day starts empty."""

    def __init__(self) -> None:
        self._roots: dict[int, int] = {}
        self._short: dict[int, None] = {}
        self._tickets: dict[int, _OpenTicket] = {}
        self._trade_date = 0
        self._settlement_date = 0

    def handlers(self) -> dict[type[Event], Handler]:
        """Name the events folded."""
        return {
            DayOpened: self._day_opened,
            DayClosed: self._day_closed,
            OrderAccepted: self._order_accepted,
            OrderFilled: self._order_filled,
        }

    def tickets(self, directory: Directory) -> list[Ticket]:
        """Give the day's tickets in the order of their first execution."""
        return [self._ticket(root, ticket, directory) for root, ticket in self._tickets.items()]

    def _day_opened(self, event: DayOpened, _seq: int, _time_ns: int) -> None:
        self._trade_date = event.trade_date
        self._settlement_date = event.settlement_date

    def _day_closed(self, _event: DayClosed, _seq: int, _time_ns: int) -> None:
        self._tickets.clear()

    def _order_accepted(self, event: OrderAccepted, _seq: int, _time_ns: int) -> None:
        if event.replaces:
            self._roots[event.order_id] = self._roots.get(event.replaces, event.replaces)
        if event.intent is Intent.SELL_SHORT:
            self._short[event.order_id] = None

    def _order_filled(self, event: OrderFilled, seq: int, time_ns: int) -> None:
        require(self._trade_date, f"order {event.order_id} executed before any trade date was opened")
        root = self._roots.get(event.order_id, event.order_id)
        ticket = self._tickets.get(root)
        if ticket is None:
            ticket = self._tickets[root] = _OpenTicket(event)
        ticket.shares += event.signed_shares
        ticket.principal += notional(event.price, event.signed_shares)
        ticket.fills.append((event, seq, time_ns))
        owner = event.account_id
        for transfer in event.transfers:
            if transfer.asset != CASH:
                continue
            gained = (owner_of(transfer.credit_account) == owner) - (
                owner_of(transfer.debit_account) == owner
            )
            ticket.net += gained * transfer.amount
            if transfer.code in ticket.fees:
                ticket.fees[transfer.code] -= gained * transfer.amount

    def _ticket(self, root: int, ticket: _OpenTicket, directory: Directory) -> Ticket:
        first = ticket.first
        commission, sec_fee, taf, cat_fee = (ticket.fees[code] for code in FEE_CODES)
        require(
            ticket.net == -ticket.principal - commission - sec_fee - taf - cat_fee,
            f"order {root}: the ledger moved {ticket.net} where principal and charges make "
            f"{-ticket.principal - commission - sec_fee - taf - cat_fee}",
        )
        return Ticket(
            order_id=root,
            account_number=directory.number(first.account_id),
            symbol=directory.symbol(first.instrument_id),
            side=self._side(root, ticket),
            shares=abs(ticket.shares),
            principal=abs(ticket.principal),
            commission=commission,
            sec_fee=sec_fee,
            taf=taf,
            cat_fee=cat_fee,
            net=ticket.net,
            trade_date=day_from_number(self._trade_date),
            settlement_date=day_from_number(self._settlement_date),
            fills=tuple(_venue_fill(*fill, directory) for fill in ticket.fills),
        )

    def _side(self, root: int, ticket: _OpenTicket) -> str:
        if ticket.shares > 0:
            return "buy"
        return "sell short" if root in self._short or ticket.first.order_id in self._short else "sell"


def _venue_fill(event: OrderFilled, seq: int, time_ns: int, directory: Directory) -> VenueFill:
    return VenueFill(
        seq=seq,
        time_ns=time_ns,
        venue=directory.venue(event.venue),
        match_number=event.match_number,
        shares=abs(event.signed_shares),
        price=event.price,
        liquidity=event.liquidity,
        transfers=len(event.transfers),
    )
