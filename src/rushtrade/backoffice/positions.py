"""Positions at the close: what each account holds in each instrument, on trade date and on settlement date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import msgspec

from rushtrade.backoffice.books import Books
from rushtrade.backoffice.directory import Directory
from rushtrade.domain.transfers import CASH, LedgerCode, code_of, owner_of
from rushtrade.ledger.position import Position


class PositionRow(msgspec.Struct, frozen=True):
    """One holding. Shares are signed, cost and value in micro-dollars; `mark` in $0.0001."""

    account_number: str
    symbol: str
    previous_shares: int
    trade_date_shares: int
    settled_shares: int
    cost: int
    mark: int
    market_value: int


def positions(books: Books, directory: Directory) -> list[PositionRow]:
    """Give all holdings by account number and symbol; a holding sold out today stands there with zero."""
    return sorted(_rows(books, directory), key=lambda row: (row.account_number, row.symbol))


def _rows(books: Books, directory: Directory) -> Iterator[PositionRow]:
    held = ((owner_of(account), asset) for account, asset, _ in books.ledger.balances())
    moved = (*books.shares_traded, *books.shares_moved)
    every = sorted(dict.fromkeys([pair for pair in held if pair[0] and pair[1] != CASH] + list(moved)))
    for account_id, instrument_id in every:
        holding = account_id, instrument_id
        shares = books.ledger.trade_date_balance(account_id, instrument_id)
        today = books.shares_traded.get(holding, 0) + books.shares_moved.get(holding, 0)
        yield PositionRow(
            account_number=directory.number(account_id),
            symbol=directory.symbol(instrument_id),
            previous_shares=shares - today,
            trade_date_shares=shares,
            settled_shares=books.ledger.settled_balance(account_id, instrument_id),
            cost=books.positions.get(holding, Position()).cost,
            mark=books.mark(instrument_id),
            market_value=books.market_value(instrument_id, shares),
        )


class StockRecordLine(msgspec.Struct, frozen=True):
    """One instrument of the stock record: customers' shares, and where the firm's side of them lies."""

    symbol: str
    customers: int
    street: int
    clearing: int
    elsewhere: int

    @property
    def difference(self) -> int:
        """Zero in a sound record: every share a customer owns is somewhere."""
        return self.customers + self.street + self.clearing + self.elsewhere


def stock_record(books: Books, directory: Directory) -> list[StockRecordLine]:
    """Give the stock record by symbol."""
    balances = sorted((asset, account, amount) for account, asset, amount in books.ledger.balances() if asset)
    lines = [
        _record_line(directory.symbol(asset), ((account, amount) for _, account, amount in rows))
        for asset, rows in groupby(balances, key=lambda row: row[0])
    ]
    return sorted(lines, key=lambda line: line.symbol)


def _record_line(symbol: str, balances: Iterable[tuple[int, int]]) -> StockRecordLine:
    customers = street = clearing = elsewhere = 0
    for account, amount in balances:
        if owner_of(account):
            customers += amount
        elif code_of(account) is LedgerCode.STREET:
            street += amount
        elif code_of(account) is LedgerCode.CLEARING:
            clearing += amount
        else:
            elsewhere += amount
    return StockRecordLine(symbol, customers, street, clearing, elsewhere)
