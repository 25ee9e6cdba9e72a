"""The invariants of the house's state, read from the state alone: `ARCHITECTURE.md`, invariants 1 to 4, and that no order is stuck."""

from __future__ import annotations

from collections import defaultdict

from rushtrade.core.state import HouseState
from rushtrade.domain.orders import Intent
from rushtrade.domain.transfers import CASH
from rushtrade.orders.order import Order

OPENS = {Intent.BUY_TO_OPEN, Intent.SELL_SHORT}


def check_books(state: HouseState) -> None:
    """Every statement here holds between any two commands."""
    check_ledger(state)
    check_orders(state)
    check_holds(state)


def check_ledger(state: HouseState) -> None:
    assert not any(state.ledger.trial_balance().values()), "debits equal credits in every asset"
    for account in state.accounts.values():
        for instrument_id, position in account.positions.items():
            owned = state.ledger.trade_date_balance(account.account_id, instrument_id)
            assert position.shares == owned, "a position is what the ledger says the customer owns"
            assert position.shares or not position.cost, "no shares, no cost"
            assert position.cost * position.shares >= 0, "cost has the sign of the shares"
    for owner, asset in sorted({(account >> 4, asset) for account, asset, _ in state.ledger.balances()}):
        if owner and asset != CASH and state.ledger.trade_date_balance(owner, asset):
            assert asset in state.accounts[owner].positions, "what the ledger says is owned is a position"


def check_orders(state: HouseState) -> None:
    blotter = state.blotter
    children: dict[int, int] = {}
    for order_id, order in blotter.orders.items():
        assert order_id == order.order_id
        assert 0 <= order.filled < order.terms.quantity, "an open order has shares left"
        assert order.working <= order.leaves, "children are not larger than their parent"
        assert order_id in state.accounts[order.account_id].open_orders
        assert (order_id in blotter.stops.get(order.terms.instrument_id, {})) != order.triggered
        assert not order.children or order.triggered, "a stop that has not been met is at no venue"
        if not order.children:
            assert order.routing_needed or not order.triggered, f"order {order_id} waits for nothing"
            assert order.replacement is None, f"order {order_id} waits for nothing"
            assert not order.cancel_reason, f"order {order_id} waits for nothing"
        for token, child in order.children.items():
            assert (token, order_id) == (child.token, child.order_id)
            assert 0 < child.leaves <= child.shares
            children[token] = child.order_id
    assert children == {token: child.order_id for token, child in blotter.children.items()}
    for account in state.accounts.values():
        for order_id in account.open_orders:
            assert blotter.orders[order_id].account_id == account.account_id


def check_holds(state: HouseState) -> None:
    money: defaultdict[int, int] = defaultdict(int)
    shares: defaultdict[tuple[int, int], int] = defaultdict(int)
    for order in state.blotter.orders.values():
        assert min(order.hold_money, order.hold_shares, order.extra_money, order.extra_shares) >= 0
        _check_extra(order)
        money[order.account_id] += order.hold_money + order.extra_money
        shares[order.account_id, order.terms.instrument_id] += order.hold_shares + order.extra_shares
        _check_intent(state, order)
    for account in state.accounts.values():
        assert account.held_money == money[account.account_id], "money held is what open orders need"
        for instrument_id, position in account.positions.items():
            held = shares[account.account_id, instrument_id]
            assert position.closing_held == held, "shares held are what open orders would close"
            assert held <= abs(position.shares), "nothing is promised that is not there"


def _check_extra(order: Order) -> None:
    replacement = order.replacement
    most = (replacement.hold_money, replacement.hold_shares) if replacement is not None else (0, 0)
    assert order.extra_money <= most[0], "beside its own hold an order has its replacement's, at most"
    assert order.extra_shares <= most[1], "beside its own hold an order has its replacement's, at most"


def _check_intent(state: HouseState, order: Order) -> None:
    if order.intent in OPENS:
        assert order.hold_shares == 0
    else:
        assert order.hold_shares == order.leaves, "an exit holds just the shares it has left to close"
        assert order.hold_money == 0, "an exit needs no money"
        position = state.accounts[order.account_id].positions[order.terms.instrument_id]
        assert (position.shares > 0) == (order.intent is Intent.SELL_TO_CLOSE)
