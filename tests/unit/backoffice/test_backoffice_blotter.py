"""Tickets of a day."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from rushtrade.backoffice.blotter import Blotter, Ticket
from rushtrade.backoffice.directory import Directory
from rushtrade.backoffice.folding import DayEnd, fold, fold_to_close
from rushtrade.domain.errors import InvalidInput, InvariantBroken
from rushtrade.domain.transfers import CASH, LedgerCode, Transfer, TransferCode, ledger_account
from support.booked_frames import HandBook

MONDAY, TUESDAY, FRIDAY = dt.date(2004, 11, 1), dt.date(2004, 11, 2), dt.date(2004, 11, 5)


@pytest.fixture
def book():
    book = HandBook()
    book.instrument(1, "LU", 35_000)
    book.account(1, "5RT-00001")
    book.account(2, "5RT-00002")
    book.wire(1, 50_000_000_000)
    book.open_day(MONDAY, dt.date(2004, 11, 4))
    return book


def tickets(book: HandBook, day: dt.date) -> tuple[list[Ticket], DayEnd]:
    directory, blotter = Directory(), Blotter()
    end = fold_to_close(book.frames, day, directory, blotter)
    return blotter.tickets(directory), end


def test_an_order_with_two_executions_is_one_ticket_with_everything_booked_for_it(book):
    """Buy 300 LU: 200 at 3.50, 100 at 3.53, commission 4.95 on the first part."""
    order = book.accept(1, 1, 300)
    first = book.fill(order, 1, 1, 200, 35_000, commission=4_950_000)
    second = book.fill(order, 1, 1, 100, 35_300)
    closed = book.close_day(MONDAY)
    (ticket,), end = tickets(book, MONDAY)
    assert end == DayEnd(MONDAY, closed, book.time_ns)
    assert (ticket.order_id, ticket.account_number, ticket.symbol) == (order, "5RT-00001", "LU")
    assert (ticket.side, ticket.shares, ticket.principal) == ("buy", 300, 1_053_000_000)
    assert ticket.average_price == "3.510000"
    assert (ticket.commission, ticket.sec_fee, ticket.net) == (4_950_000, 0, -1_057_950_000)
    assert (ticket.trade_date, ticket.settlement_date) == (MONDAY, dt.date(2004, 11, 4))
    assert [(fill.seq, fill.venue, fill.shares, fill.price) for fill in ticket.fills] == [
        (first, "ARCA", 200, 35_000),
        (second, "ARCA", 100, 35_300),
    ]
    assert ticket.transfer_ids == [(first, 0), (first, 1), (first, 2), (second, 0), (second, 1)]


def test_a_sale_pays_out_its_principal_less_commission_and_each_fee(book):
    book.bring_shares(1, 1, 1_000, 3_000_000_000)
    order = book.accept(1, 1, -1_000)
    book.fill(order, 1, 1, -1_000, 35_000, commission=5_000_000, sec_fee=90_000, taf=80_000)
    book.close_day(MONDAY)
    (ticket,), _ = tickets(book, MONDAY)
    assert ticket.side == "sell"
    assert (ticket.commission, ticket.sec_fee, ticket.taf, ticket.cat_fee) == (5_000_000, 90_000, 80_000, 0)
    assert ticket.net == 3_500_000_000 - 5_170_000


def test_a_short_sale_carries_its_mark(book):
    order = book.accept(2, 1, -500, short=True)
    book.fill(order, 2, 1, -500, 35_000)
    book.close_day(MONDAY)
    (ticket,), _ = tickets(book, MONDAY)
    assert ticket.side == "sell short"


def test_an_order_and_its_replacements_are_one_ticket(book):
    order = book.accept(1, 1, 300)
    book.fill(order, 1, 1, 100, 35_000)
    second = book.accept(1, 1, 300, replaces=order)
    third = book.accept(1, 1, 400, replaces=second)
    book.fill(third, 1, 1, 300, 35_100)
    book.close_day(MONDAY)
    (ticket,), _ = tickets(book, MONDAY)
    assert (ticket.order_id, ticket.shares, len(ticket.fills)) == (order, 400, 2)


def test_a_day_shows_its_own_executions_only_and_an_order_may_have_a_ticket_on_each(book):
    order = book.accept(1, 1, 300)
    book.fill(order, 1, 1, 100, 35_000)
    book.close_day(MONDAY)
    book.open_day(TUESDAY, FRIDAY)
    book.fill(order, 1, 1, 200, 36_000)
    book.close_day(TUESDAY)
    (monday,), _ = tickets(book, MONDAY)
    (tuesday,), _ = tickets(book, TUESDAY)
    assert (monday.shares, monday.trade_date) == (100, MONDAY)
    assert (tuesday.shares, tuesday.settlement_date) == (200, FRIDAY)


def test_a_day_without_executions_has_no_tickets(book):
    book.accept(1, 1, 300)
    book.close_day(MONDAY)
    assert tickets(book, MONDAY)[0] == []


def test_a_date_that_was_never_closed_is_refused_with_the_dates_that_were(book):
    book.close_day(MONDAY)
    with pytest.raises(InvalidInput, match=r"2004-11-02 .* closed days: 1, from 2004-11-01 to 2004-11-01"):
        tickets(book, TUESDAY)
    with pytest.raises(InvalidInput, match="no day has been closed yet"):
        tickets(HandBook(), TUESDAY)


def test_a_charge_the_ticket_cannot_name_stops_the_report(book):
    """Money that left the customer's account under a code that no line of a ticket shows is not passed over."""
    order = book.accept(1, 1, 100)
    book.fill(order, 1, 1, 100, 35_000)
    filled = book.bodies[-1].entries[0].events[0]
    customer = ledger_account(1, LedgerCode.CUSTOMER_UNSETTLED)
    stray = Transfer(TransferCode.VENUE_FEE, customer, ledger_account(0, LedgerCode.VENUE_FEES), CASH, 1)
    more = msgspec.structs.replace(filled, transfers=(*filled.transfers, stray))
    book.bodies[-1].entries[0].events[0] = more
    book.close_day(MONDAY)
    with pytest.raises(InvariantBroken, match="the ledger moved"):
        tickets(book, MONDAY)


def test_readers_get_each_event_once_and_in_order(book):
    seen = []

    class Listener:
        def handlers(self):
            from rushtrade.domain.events import DayOpened, MarksObserved  # noqa: PLC0415

            return {MarksObserved: self.take, DayOpened: self.take}

        def take(self, event, seq, time_ns):
            seen.append((type(event).__name__, seq, time_ns))

    book.mark(1, 35_000)
    fold(book.frames, Listener())
    assert seen == [
        ("DayOpened", book.seq - 1, book.time_ns - 1_000_000_000),
        ("MarksObserved", book.seq, book.time_ns),
    ]
