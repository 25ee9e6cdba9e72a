"""Three ways to one answer: venues' executions, the clearing files, and the ledger must tell the same story.

The check takes files as they were read back, not the rows they were written from, and compares them with a fold of the
journal that had no part in making them. It lists what does not agree; an empty list is what lets the files go out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import msgspec

from rushtrade.backoffice.books import Books
from rushtrade.backoffice.clearing_files import ClearingDay
from rushtrade.backoffice.directory import Directory
from rushtrade.backoffice.positions import stock_record
from rushtrade.domain.transfers import CASH, LedgerCode, code_of, owner_of


class Difference(msgspec.Struct, frozen=True):
    """One thing that does not agree. Shares, or micro-dollars where `unit` says so."""

    what: str
    key: str
    files: int
    books: int
    unit: str


def differences(day: ClearingDay, books: Books, directory: Directory) -> list[Difference]:
    """List everything in which a day's files differ from the books; empty when they tie."""
    return [
        *_executions(day, books, directory),
        *_positions(day, books, directory),
        *_cash(day, books, directory),
        *_records(books, directory),
    ]


def _executions(day: ClearingDay, books: Books, directory: Directory) -> Iterator[Difference]:
    """Compare tickets with the executions under them, and both with what was booked by account and instrument."""
    shares: defaultdict[str, int] = defaultdict(int)
    money: defaultdict[str, int] = defaultdict(int)
    for ticket in day.tickets:
        executed = sum(fill.shares for fill in ticket.fills)
        if executed != ticket.shares:
            yield Difference(
                "ticket and its executions", str(ticket.order_id), ticket.shares, executed, "shares"
            )
        signed = ticket.shares if ticket.side == "buy" else -ticket.shares
        shares[f"{ticket.account_number} {ticket.symbol}"] += signed
        money[ticket.account_number] += ticket.net
    booked = {
        f"{directory.number(account)} {directory.symbol(instrument)}": amount
        for (account, instrument), amount in books.shares_traded.items()
    }
    yield from _compare("shares traded", shares, booked, "shares")
    paid = {directory.number(account): amount for account, amount in books.cash_traded.items()}
    yield from _compare("net money of trades", money, paid, "micro-dollars")


def _positions(day: ClearingDay, books: Books, directory: Directory) -> Iterator[Difference]:
    owned = books.trade_date_balances()
    held = {
        f"{directory.number(account)} {directory.symbol(asset)}": amount
        for account, assets in owned.items()
        for asset, amount in assets.items()
        if asset != CASH
    }
    listed = {f"{row.account_number} {row.symbol}": row for row in day.positions}
    trade_date = {key: row.trade_date_shares for key, row in listed.items()}
    yield from _compare("position on trade date", trade_date, held, "shares")
    settled = {
        f"{directory.number(owner_of(account))} {directory.symbol(asset)}": amount
        for account, asset, amount in books.ledger.balances()
        if owner_of(account) and asset != CASH and code_of(account) is LedgerCode.CUSTOMER_SETTLED
    }
    yield from _compare(
        "position on settlement date",
        {key: row.settled_shares for key, row in listed.items()},
        settled,
        "shares",
    )
    rolled = defaultdict(int, {key: row.previous_shares for key, row in listed.items()})
    for (account, instrument), moved in (*books.shares_traded.items(), *books.shares_moved.items()):
        rolled[f"{directory.number(account)} {directory.symbol(instrument)}"] += moved
    yield from _compare("previous position and today's movements", rolled, trade_date, "shares")


def _cash(day: ClearingDay, books: Books, directory: Directory) -> Iterator[Difference]:
    for what, listed, balance in (
        (
            "cash on trade date",
            {row.account_number: row.trade_date for row in day.cash},
            books.ledger.trade_date_balance,
        ),
        (
            "cash on settlement date",
            {row.account_number: row.settled for row in day.cash},
            books.ledger.settled_balance,
        ),
    ):
        held = {entry.number: balance(account, CASH) for account, entry in directory.accounts.items()}
        yield from _compare(what, listed, held, "micro-dollars")
    rolled = {row.account_number: row.previous + row.moved + row.traded for row in day.cash}
    ended = {row.account_number: row.trade_date for row in day.cash}
    yield from _compare("previous cash and today's movements", rolled, ended, "micro-dollars")


def _records(books: Books, directory: Directory) -> Iterator[Difference]:
    for line in stock_record(books, directory):
        if line.difference:
            yield Difference(
                "stock record", line.symbol, line.customers, line.customers - line.difference, "shares"
            )
    for asset, amount in books.ledger.trial_balance().items():
        if amount:
            name = directory.symbol(asset) if asset else "USD"
            yield Difference("trial balance", name, 0, amount, "micro-dollars" if asset == CASH else "shares")


def _compare(
    what: str, listed: Mapping[str, int], booked: Mapping[str, int], unit: str
) -> Iterator[Difference]:
    for key in sorted(dict.fromkeys([*listed, *booked])):
        ours, theirs = listed.get(key, 0), booked.get(key, 0)
        if ours != theirs:
            yield Difference(what, key, ours, theirs, unit)
