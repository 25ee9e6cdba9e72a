"""The general ledger: balances of money and shares, moved by transfers and by nothing else.

A transfer debits one account and credits another by the same amount of the same asset, so the balances of
every asset sum to zero at every moment. A balance is credits less debits: what a customer owns stands positive,
where it is kept (street, clearing firm) stands negative.

Trades post to ``CUSTOMER_UNSETTLED`` against ``STREET`` at trade date. What stands there is kept by settlement date, and
`due` gives the transfers that settle it. Trade-date balance = settled + unsettled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from rushtrade.domain.errors import require
from rushtrade.domain.transfers import LedgerCode, Transfer, TransferCode, ledger_account

_ASSET_BITS = 32
_ASSET_MASK = (1 << _ASSET_BITS) - 1
_CODE_MASK = 15
_UNSETTLED = int(LedgerCode.CUSTOMER_UNSETTLED)
_LAST_UNSETTLED = int(LedgerCode.STREET)
"""A trade's legs up to this place of the chart (unsettled customers, the street) stand due; the others stand at once."""
_STREET = ledger_account(0, LedgerCode.STREET)
_CLEARING = ledger_account(0, LedgerCode.CLEARING)


class Ledger:
    """Balances by account and asset, and what is due by settlement date."""

    __slots__ = ("_balances", "_due")

    def __init__(self) -> None:
        self._balances: defaultdict[int, int] = defaultdict(int)
        self._due: dict[int, defaultdict[int, int]] = {}

    def balance(self, account: int, asset: int) -> int:
        """Credits less debits of one asset in one account: micro-dollars or shares."""
        key = account << _ASSET_BITS | asset
        return self._balances.get(key, 0) + sum(due.get(key, 0) for due in self._due.values())

    def trade_date_balance(self, owner: int, asset: int) -> int:
        """Settled and unsettled together: what a customer account owns as of the last trade."""
        settled = owner << 4 << _ASSET_BITS | asset
        unsettled = settled | _UNSETTLED << _ASSET_BITS
        total = self._balances.get(settled, 0) + self._balances.get(unsettled, 0)
        for due in self._due.values():
            total += due.get(unsettled, 0)
        return total

    def settled_balance(self, owner: int, asset: int) -> int:
        """What a customer account owns that has settled."""
        return self._balances.get(owner << 4 << _ASSET_BITS | asset, 0)

    def post(self, transfers: Iterable[Transfer]) -> None:
        """Book transfers that settle at once."""
        balances = self._balances
        for transfer in transfers:
            amount = transfer.amount
            require(amount > 0, "a transfer moves a positive amount")
            balances[transfer.debit_account << _ASSET_BITS | transfer.asset] -= amount
            balances[transfer.credit_account << _ASSET_BITS | transfer.asset] += amount

    def post_trade(self, transfers: Iterable[Transfer], settlement_date: int) -> None:
        """Book a trade's transfers and remember what of them settles on `settlement_date` (a day number)."""
        due = self._due.get(settlement_date)
        if due is None:
            due = self._due[settlement_date] = defaultdict(int)
        balances = self._balances
        for transfer in transfers:
            debit_account, credit_account = transfer.debit_account, transfer.credit_account
            asset, amount = transfer.asset, transfer.amount
            if debit_account & _CODE_MASK <= _LAST_UNSETTLED:
                due[debit_account << _ASSET_BITS | asset] -= amount
            else:
                balances[debit_account << _ASSET_BITS | asset] -= amount
            if credit_account & _CODE_MASK <= _LAST_UNSETTLED:
                due[credit_account << _ASSET_BITS | asset] += amount
            else:
                balances[credit_account << _ASSET_BITS | asset] += amount

    def due(self, settlement_date: int) -> tuple[Transfer, ...]:
        """Transfers that settle everything due on or before a day: customers first, then the street."""
        totals: defaultdict[int, int] = defaultdict(int)
        for day in sorted(self._due):
            if day <= settlement_date:
                for key, amount in self._due[day].items():
                    totals[key] += amount
        transfers = []
        for key in sorted(totals):
            account, asset, amount = key >> _ASSET_BITS, key & _ASSET_MASK, totals[key]
            if amount and account & 15 == _UNSETTLED:
                transfers.append(_settle(account, account & ~15, asset, amount))
        for key in sorted(totals):
            account, asset, amount = key >> _ASSET_BITS, key & _ASSET_MASK, totals[key]
            if amount and account == _STREET:
                transfers.append(_settle(_STREET, _CLEARING, asset, amount, street=True))
        return tuple(transfers)

    def settle(self, transfers: Iterable[Transfer], settlement_date: int) -> None:
        """Book the transfers `due` gave against what stood due until then."""
        balances = self._balances
        for day in [day for day in self._due if day <= settlement_date]:
            for key, amount in self._due.pop(day).items():
                balances[key] += amount
        self.post(transfers)
        for key in [key for key, amount in balances.items() if not amount]:
            del balances[key]

    def trial_balance(self) -> dict[int, int]:
        """Sum of all balances by asset: zero everywhere in a sound ledger."""
        sums: defaultdict[int, int] = defaultdict(int)
        for balances in (self._balances, *self._due.values()):
            for key, amount in balances.items():
                sums[key & _ASSET_MASK] += amount
        return dict(sorted(sums.items()))

    def balances(self) -> list[tuple[int, int, int]]:
        """Every balance that is not zero as (account, asset, amount), in order."""
        totals = defaultdict(int, self._balances)
        for due in self._due.values():
            for key, amount in due.items():
                totals[key] += amount
        return [
            (key >> _ASSET_BITS, key & _ASSET_MASK, amount)
            for key, amount in sorted(totals.items())
            if amount
        ]

    def snapshot(self) -> dict[str, list[list[int]]]:
        """Plain data for a snapshot; equal ledgers give equal data."""
        due = [
            [day, key, amount]
            for day in sorted(self._due)
            for key, amount in sorted(self._due[day].items())
            if amount
        ]
        standing = [
            [key >> _ASSET_BITS, key & _ASSET_MASK, amount]
            for key, amount in sorted(self._balances.items())
            if amount
        ]
        return {"balances": standing, "due": due}

    @classmethod
    def restore(cls, data: Mapping[str, list[list[int]]]) -> Ledger:
        """Build the ledger a snapshot was taken of."""
        ledger = cls()
        for account, asset, amount in data["balances"]:
            ledger._balances[account << _ASSET_BITS | asset] = amount
        for day, key, amount in data["due"]:
            ledger._due.setdefault(day, defaultdict(int))[key] = amount
        return ledger


def _settle(source: int, target: int, asset: int, amount: int, *, street: bool = False) -> Transfer:
    """Move a balance of `source`, whatever its sign, to `target`."""
    if street:
        code = TransferCode.SETTLE_STREET
    else:
        code = TransferCode.SETTLE_SHARES if asset else TransferCode.SETTLE_CASH
    if amount > 0:
        return Transfer(code, source, target, asset, amount)
    return Transfer(code, target, source, asset, -amount)
