"""An auditor who reads nothing but published frames, keeps books of its own, and compares them with the house's state."""

from __future__ import annotations

from collections import defaultdict

from rushtrade.core.state import HouseState
from rushtrade.domain import events as ev
from rushtrade.domain.frames import FrameBody
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.domain.transfers import LedgerCode, Transfer, TransferCode, ledger_account

_STREET = ledger_account(0, LedgerCode.STREET)


class Auditor:
    """Own count of balances, positions, orders and children, from events alone."""

    def __init__(self) -> None:
        self.balances: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.positions: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.leaves: dict[int, int] = {}
        self._filled: dict[int, int] = {}
        self.working: dict[int, int] = {}
        self.executed: defaultdict[int, int] = defaultdict(int)
        """Shares booked by child order; a child that its venue replaced keeps counting under its new token."""
        self.client_ids: dict[tuple[int, str], int] = {}
        self.anomalies: list[ev.AnomalyRecorded] = []
        self.acknowledged = 0

    def read(self, body: FrameBody) -> None:
        for entry in body.entries:
            for event in entry.events:
                self._read_event(event)
        self.acknowledged = body.first_seq + len(body.entries) - 1

    def _read_event(self, event: ev.AnyEvent) -> None:
        for transfer in getattr(event, "transfers", ()):
            self._book(transfer)
        match event:
            case ev.SharesTransferred():
                self.positions[event.account_id, event.instrument_id] += event.shares
            case ev.OrderAccepted():
                key = event.account_id, event.client_order_id
                assert self.client_ids.setdefault(key, event.order_id) == event.order_id, (
                    "an id names one order"
                )
                earlier = self.leaves.get(event.replaces)
                self.leaves[event.order_id] = event.terms.quantity
                if earlier is not None:
                    self.leaves[event.order_id] -= self._filled[event.replaces]
                self._filled[event.order_id] = event.terms.quantity - self.leaves[event.order_id]
            case ev.OrderRouted():
                for place, child in enumerate(event.plan.children):
                    self.working[event.first_token + place] = child.shares
            case ev.OrderFilled():
                self._fill(event)
            case ev.ChildReduced():
                self.working[event.token] = event.leaves
            case ev.ChildEnded():
                del self.working[event.token]
            case ev.ChildReplaced():
                del self.working[event.token]
                self.working[event.new_token] = event.leaves
                self.executed[event.new_token] += self.executed.pop(event.token, 0)
            case ev.OrderCanceled() | ev.OrderExpired() | ev.OrderReplaced():
                del self.leaves[event.order_id]
            case ev.AnomalyRecorded():
                self.anomalies.append(event)

    def _fill(self, event: ev.OrderFilled) -> None:
        shares = abs(event.signed_shares)
        _check_charges(event)
        self.positions[event.account_id, event.instrument_id] += event.signed_shares
        self.executed[event.token] += shares
        self.working[event.token] -= shares
        assert self.working[event.token] >= 0, "fills are not larger than their child"
        if not self.working[event.token]:
            del self.working[event.token]
        self._filled[event.order_id] += shares
        self.leaves[event.order_id] -= shares
        assert self.leaves[event.order_id] == event.leaves >= 0, "fills are not larger than their order"
        if not event.leaves:
            del self.leaves[event.order_id]

    def _book(self, transfer: Transfer) -> None:
        assert transfer.amount > 0
        self.balances[transfer.debit_account, transfer.asset] -= transfer.amount
        self.balances[transfer.credit_account, transfer.asset] += transfer.amount

    def compare(self, state: HouseState) -> None:
        """The house's state says what the published events say."""
        balances = [(*key, amount) for key, amount in sorted(self.balances.items()) if amount]
        assert state.ledger.balances() == balances
        positions = {key: shares for key, shares in self.positions.items() if shares}
        held = {
            (account.account_id, instrument_id): position.shares
            for account in state.accounts.values()
            for instrument_id, position in account.positions.items()
            if position.shares
        }
        assert held == positions, "a position is the sum of executions and transfers"
        assert self.leaves == {order_id: order.leaves for order_id, order in state.blotter.orders.items()}
        assert self.working == {token: child.leaves for token, child in state.blotter.children.items()}


def _check_charges(event: ev.OrderFilled) -> None:
    """What an execution says it cost is what its transfers move."""
    moved: defaultdict[TransferCode, int] = defaultdict(int)
    for transfer in event.transfers:
        toward_us = transfer.code is TransferCode.VENUE_FEE and transfer.debit_account == _STREET
        moved[transfer.code] += -transfer.amount if toward_us else transfer.amount
    assert event.commission == moved[TransferCode.COMMISSION]
    assert event.sec_fee == moved[TransferCode.SEC_FEE]
    assert event.taf == moved[TransferCode.TAF]
    assert event.cat_fee == moved[TransferCode.CAT_FEE]
    assert event.fees == event.sec_fee + event.taf + event.cat_fee
    assert event.venue_fee == moved[TransferCode.VENUE_FEE]
    assert moved[TransferCode.TRADE_SHARES] == abs(event.signed_shares)
    assert moved[TransferCode.TRADE_CASH] == abs(event.signed_shares) * event.price * MONEY_PER_PRICE_SHARE
