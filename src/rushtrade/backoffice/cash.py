"""Cash at the close: each account's money on trade date and on settlement date, and how the day got there."""

from __future__ import annotations

import msgspec

from rushtrade.backoffice.books import Books
from rushtrade.backoffice.directory import Directory
from rushtrade.domain.transfers import CASH


class CashRow(msgspec.Struct, frozen=True):
    """One account's money in micro-dollars: previous + moved + traded = trade date."""

    account_number: str
    previous: int
    moved: int
    traded: int
    trade_date: int
    settled: int


def cash(books: Books, directory: Directory) -> list[CashRow]:
    """Give the money of every account that is open or has some, by account number."""
    rows = []
    for account_id, entry in directory.accounts.items():
        balance = books.ledger.trade_date_balance(account_id, CASH)
        settled = books.ledger.settled_balance(account_id, CASH)
        moved, traded = books.cash_moved.get(account_id, 0), books.cash_traded.get(account_id, 0)
        if entry.is_open or balance or settled or moved or traded:
            rows.append(CashRow(entry.number, balance - moved - traded, moved, traded, balance, settled))
    return sorted(rows, key=lambda row: row.account_number)
