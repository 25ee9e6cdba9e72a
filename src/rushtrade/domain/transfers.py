"""Transfers: the one movement the ledger knows, and the chart of accounts it moves between.

Every account number is ``owner << 4 | code``: owner 0 is the firm, any other owner is a customer account.
An asset is 0 for US dollars (micro-dollars) or an instrument id (shares).
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

CASH = 0
"""The asset number of US dollars."""


class LedgerCode(IntEnum):
    """The chart of accounts. 0–1 belong to customers, the rest to the firm (owner 0)."""

    CUSTOMER_SETTLED = 0
    CUSTOMER_UNSETTLED = 1
    STREET = 2
    """What the street owes us or is owed for trades not yet settled."""
    CLEARING = 3
    """Cash and shares held for our customers at the clearing firm."""
    BANK = 4
    """The world outside: money wired in and out."""
    TRANSFER_AGENT = 5
    """Shares brought in from, or sent to, other firms."""
    COMMISSION_INCOME = 6
    SEC_FEE = 7
    TAF = 8
    CAT_FEE = 9
    VENUE_FEES = 10
    """What venues charge us for taking, less what they pay for giving."""
    ROUNDING = 11
    MARKET_DATA_PAYABLE = 12
    """Exchanges' fees for market data, charged to subscribers and owed to the exchanges."""
    MARKET_DATA_INCOME = 13
    """The house's own price for market data."""


class TransferCode(IntEnum):
    """Why a transfer was made."""

    DEPOSIT = 1
    WITHDRAWAL = 2
    SHARES_IN = 3
    SHARES_OUT = 4
    TRADE_CASH = 10
    TRADE_SHARES = 11
    COMMISSION = 12
    SEC_FEE = 13
    TAF = 14
    CAT_FEE = 15
    VENUE_FEE = 16
    MARKET_DATA_FEE = 17
    SETTLE_CASH = 20
    SETTLE_SHARES = 21
    SETTLE_STREET = 22


class Transfer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`amount` (> 0) of `asset` from `debit_account` to `credit_account`.

    Its id is the command seq of its event and its place in it.
    """

    code: TransferCode
    debit_account: int
    credit_account: int
    asset: int
    amount: int


def ledger_account(owner: int, code: LedgerCode) -> int:
    """Give the account number of an owner (0 = the firm) and a place in the chart."""
    return owner << 4 | code


def owner_of(account: int) -> int:
    """Give the owner of an account number: 0 = the firm, else the customer account id."""
    return account >> 4


def code_of(account: int) -> LedgerCode:
    """Give the chart's place of an account number."""
    return LedgerCode(account & 15)
