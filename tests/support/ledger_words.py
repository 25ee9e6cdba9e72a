"""Transfers and balances as an accountant writes them: ``trade cash 500.00 #1 unsettled → street``."""

from __future__ import annotations

from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.numbers import format_money
from rushtrade.domain.transfers import CASH, Transfer, code_of, owner_of
from rushtrade.ledger.ledger import Ledger
from support.books_check import check_books
from support.order_words import Desk
from support.small_house import INSTRUMENTS, SmallHouse
from support.tables import Case

SYMBOLS = {row.instrument_id: row.symbol for row in INSTRUMENTS}


def account_words(account: int) -> str:
    """``#1 settled``, ``#1 unsettled`` for customers, the chart's word for the firm's own accounts."""
    code = code_of(account)
    name = code.name.lower().replace("_", " ")
    return f"#{owner_of(account)} {name.removeprefix('customer ')}" if owner_of(account) else name


def amount_words(asset: int, amount: int) -> str:
    """Money in dollars, shares with their symbol."""
    return f"${format_money(amount)}" if asset == CASH else f"{amount} {SYMBOLS[asset]}"


def transfer_words(transfer: Transfer) -> str:
    """What, how much, from where to where."""
    code = transfer.code.name.lower().replace("_", " ")
    return (
        f"{code} {amount_words(transfer.asset, transfer.amount)}: "
        f"{account_words(transfer.debit_account)} → {account_words(transfer.credit_account)}"
    )


def balance_words(ledger: Ledger) -> list[str]:
    """Every balance that is not zero, customers first."""
    order = sorted(ledger.balances(), key=lambda row: (row[0] >> 4 == 0, row[0], row[1]))
    return [f"{account_words(account)} {amount_words(asset, amount)}" for account, asset, amount in order]


def booked(case: Case, scheme_id: int) -> list[tuple[str, str]]:
    """Play a case for a margin account with $10,000; give its steps with the transfers that really were made."""
    house = SmallHouse()
    house.found()
    account_id = house.open_account(AccountKind.MARGIN, 10_000, short_permitted=True, scheme_id=scheme_id)
    desk = Desk(house, account_id)
    steps = []
    for line, _ in case.steps:
        if line == "balances":
            steps.append((line, " · ".join(balance_words(house.state.ledger))))
            continue
        steps.append((line, " · ".join(map(transfer_words, _transfers(desk, line)))))
        check_books(house.state)
    return steps


def _transfers(desk: Desk, line: str) -> list[Transfer]:
    if line.startswith(("asks", "bids")):
        desk.play(line)
        return []
    events = desk.house.do(desk.command(line))
    for event in events:
        desk.names.learn(event)
    return [transfer for event in events for transfer in getattr(event, "transfers", ())]
