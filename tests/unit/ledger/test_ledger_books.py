"""The general ledger: every asset sums to zero at every moment, and what is due settles once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.domain.errors import InvariantBroken
from rushtrade.domain.transfers import (
    CASH,
    LedgerCode,
    Transfer,
    TransferCode,
    code_of,
    ledger_account,
    owner_of,
)
from rushtrade.ledger.ledger import Ledger

UNSETTLED, SETTLED = LedgerCode.CUSTOMER_UNSETTLED, LedgerCode.CUSTOMER_SETTLED
STREET = ledger_account(0, LedgerCode.STREET)
CLEARING = ledger_account(0, LedgerCode.CLEARING)

ACCOUNTS = st.one_of(
    st.builds(ledger_account, st.integers(1, 3), st.just(UNSETTLED)),
    st.sampled_from([ledger_account(0, code) for code in LedgerCode if code >= LedgerCode.STREET]),
)
TRANSFERS = st.builds(
    Transfer,
    code=st.just(TransferCode.TRADE_CASH),
    debit_account=ACCOUNTS,
    credit_account=ACCOUNTS,
    asset=st.integers(0, 2),
    amount=st.integers(1, 10**12),
)
TRADES = st.lists(st.tuples(st.lists(TRANSFERS, max_size=4), st.integers(1, 5)), max_size=12)


@given(ACCOUNTS)
def test_an_account_number_says_whose_it_is(account):
    assert ledger_account(owner_of(account), code_of(account)) == account


@given(TRADES)
def test_debits_equal_credits_and_everything_due_settles(trades):
    ledger = Ledger()
    for transfers, day in trades:
        ledger.post_trade(transfers, day)
        assert not any(ledger.trial_balance().values())
    before = {
        (owner, asset): ledger.trade_date_balance(owner, asset) for owner in (1, 2, 3) for asset in range(3)
    }
    for day in range(1, 6):
        due = ledger.due(day)
        assert all(transfer.amount > 0 for transfer in due)
        ledger.settle(due, day)
        assert ledger.due(day) == ()
        assert not any(ledger.trial_balance().values())
    assert {key: ledger.trade_date_balance(*key) for key in before} == before, (
        "settling moves nothing between owners"
    )
    for (owner, asset), amount in before.items():
        assert ledger.settled_balance(owner, asset) == amount
        assert ledger.balance(ledger_account(owner, UNSETTLED), asset) == 0
    assert all(ledger.balance(STREET, asset) == 0 for asset in range(3))


@given(TRADES, st.integers(0, 5))
def test_a_ledger_comes_back_from_its_snapshot(trades, settled_to):
    ledger = Ledger()
    for transfers, day in trades:
        ledger.post_trade(transfers, day)
    ledger.settle(ledger.due(settled_to), settled_to)
    again = Ledger.restore(ledger.snapshot())
    assert again.snapshot() == ledger.snapshot()
    assert [again.due(day) for day in range(6)] == [ledger.due(day) for day in range(6)]


def test_a_day_settles_only_what_is_due_on_it():
    ledger = Ledger()
    one = ledger_account(1, UNSETTLED)
    ledger.post_trade([Transfer(TransferCode.TRADE_CASH, one, STREET, CASH, 100)], 10)
    ledger.post_trade([Transfer(TransferCode.TRADE_CASH, STREET, one, CASH, 30)], 11)
    assert ledger.due(9) == ()
    assert [(transfer.code, transfer.amount) for transfer in ledger.due(10)] == [
        (TransferCode.SETTLE_CASH, 100),
        (TransferCode.SETTLE_STREET, 100),
    ]
    assert [transfer.amount for transfer in ledger.due(11)] == [70, 70]


@pytest.mark.parametrize("amount", [0, -1])
def test_a_transfer_of_nothing_stops_the_house(amount):
    transfer = Transfer(TransferCode.DEPOSIT, CLEARING, ledger_account(1, SETTLED), CASH, amount)
    with pytest.raises(InvariantBroken, match="positive amount"):
        Ledger().post([transfer])
