"""The order blotter: every open parent and child order, and the only code that changes them.

Each method applies one event. Theory of operation: a parent enters with `accepted` and leaves with `filled` to
the last share, `canceled`, `expired` or `replaced`; nothing of it stays but its client order id. A child enters with
`routed` and leaves when its `leaves` reach zero. What a parent holds (buying power, or shares of a position) shrinks with every fill and
ends with the parent. Broken expectations stop the process: they would mean that decide and apply disagree.
"""

from __future__ import annotations

from rushtrade.domain import events as ev
from rushtrade.domain.errors import require
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE
from rushtrade.domain.orders import ChildStatus, Intent
from rushtrade.ledger.account import Account
from rushtrade.ledger.ledger import Ledger
from rushtrade.orders.image import OrderImage, restore_order
from rushtrade.orders.order import Child, Order, Replacement

# members by name: looking one up in its class costs more than the check it is for
_BUY_TO_OPEN = Intent.BUY_TO_OPEN
_SELL_SHORT = Intent.SELL_SHORT
_SENT = ChildStatus.SENT
_LIVE = ChildStatus.LIVE
_IN_DOUBT = ChildStatus.IN_DOUBT


class OrderBlotter:
    """Open orders of the house, over the accounts and the ledger their events move."""

    __slots__ = ("_accounts", "_ledger", "children", "orders", "stops")

    def __init__(self, accounts: dict[int, Account], ledger: Ledger) -> None:
        self._accounts = accounts
        self._ledger = ledger
        self.orders: dict[int, Order] = {}
        self.children: dict[int, Child] = {}
        self.stops: dict[int, dict[int, Order]] = {}
        """Stop orders not triggered yet, by instrument."""

    # --- parents ---------------------------------------------------------------------------------

    def accepted(self, event: ev.OrderAccepted, now_ns: int) -> None:
        """Take an order in and hold what it needs."""
        account = self._accounts[event.account_id]
        terms = event.terms
        order = Order(
            event.order_id, event.account_id, event.client_order_id, terms, event.intent, event.bound, now_ns
        )
        order.arrival_bid = event.arrival_bid
        order.arrival_ask = event.arrival_ask
        if event.replaces:
            _carry_over(self.orders[event.replaces], order)
        self.orders[event.order_id] = order
        account.client_order_ids[event.client_order_id] = event.order_id
        opens = event.intent is _BUY_TO_OPEN or event.intent is _SELL_SHORT
        account.open_orders[event.order_id] = (terms.instrument_id, terms.side, terms.limit_price, opens)
        account.last_entry = (terms, now_ns)
        order.hold_money = event.hold_money
        account.held_money += event.hold_money
        if event.hold_shares:
            order.hold_shares = event.hold_shares
            account.positions[terms.instrument_id].closing_held += event.hold_shares
        if not order.triggered:
            self.stops.setdefault(terms.instrument_id, {})[event.order_id] = order

    def routed(self, event: ev.OrderRouted) -> None:
        """Put a plan's children on the blotter."""
        order = self.orders[event.order_id]
        plan = event.plan
        order.progress = plan.progress
        order.routing_needed = not plan.children
        token = event.first_token
        idle = order.leaves - order.working if order.children else order.leaves
        for terms in plan.children:
            child = Child(token, event.order_id, terms)
            order.children[token] = self.children[token] = child
            token += 1
            idle -= terms.shares
        require(idle >= 0, "children never work more shares than their parent has left")

    def filled(self, event: ev.OrderFilled, settlement_date: int) -> None:
        """Book an execution: order, child, hold, position, ledger."""
        order = self.orders[event.order_id]
        account = self._accounts[event.account_id]
        child = self.children[event.token]
        shares = abs(event.signed_shares)
        money = shares * event.price * MONEY_PER_PRICE_SHARE
        order.filled += shares
        order.filled_money += money
        order.day_shares += shares
        order.day_money += money
        order.commission += event.commission
        if event.fees:
            order.sec_fee += event.sec_fee
            order.taf += event.taf
            order.cat_fee += event.cat_fee
        position = account.positions.get(event.instrument_id) or account.position(event.instrument_id)
        position.trade(event.signed_shares, event.price)
        position.day_charges += event.commission + event.fees
        self._ledger.post_trade(event.transfers, settlement_date)
        child.leaves -= shares
        if child.status is _SENT or child.status is _IN_DOUBT:
            child.status = _LIVE
        if child.leaves <= 0:
            require(child.leaves == 0, "an execution is never larger than what its child order has left")
            del self.children[event.token], order.children[event.token]
        if event.leaves == 0:
            self._drop(order, account)
        else:
            self._set_hold(account, order, event.hold_money_left, event.hold_shares_left)

    def triggered(self, event: ev.OrderTriggered) -> None:
        """Turn a stop order into the market or limit order behind it."""
        order = self.orders[event.order_id]
        order.triggered = True
        del self.stops[order.terms.instrument_id][event.order_id]

    def routing_needed(self, event: ev.RoutingNeeded) -> None:
        """Remember that shares of an order are at no venue."""
        self.orders[event.order_id].routing_needed = True

    def cancel_requested(self, event: ev.CancelRequested) -> None:
        """Remember that an order's children were told to cancel."""
        self.orders[event.order_id].cancel_reason = "canceled by the customer"
        for token in event.tokens:
            self.children[token].status = ChildStatus.CANCEL_SENT

    def replace_requested(self, event: ev.ReplaceRequested) -> None:
        """Remember a replace until its venue, or the end of its children, decides it; hold what it needs more."""
        order = self.orders[event.order_id]
        account = self._accounts[order.account_id]
        order.replacement = Replacement(
            event.replacement_id,
            event.client_order_id,
            event.terms,
            event.hold_money,
            event.hold_shares,
            event.terms.quantity - order.filled,
        )
        account.client_order_ids[event.client_order_id] = event.replacement_id
        self._set_extra(
            account,
            order,
            max(event.hold_money - order.hold_money, 0),
            max(event.hold_shares - order.hold_shares, 0),
        )
        if event.new_token:
            child = self.children[event.token]
            child.status = ChildStatus.REPLACE_SENT
            child.replace_token = event.new_token
        for token in event.cancel_tokens:
            self.children[token].status = ChildStatus.CANCEL_SENT

    def replaced(self, event: ev.OrderReplaced) -> None:
        """Hand an order's children over to its replacement and let it go."""
        order = self.orders[event.order_id]
        replacement = self.orders[event.replacement_id]
        for child in order.children.values():
            child.order_id = event.replacement_id
        replacement.children, order.children = order.children, {}
        self._drop(order, self._accounts[event.account_id])

    def replace_abandoned(self, event: ev.ReplaceAbandoned) -> None:
        """Forget a replace that came to nothing."""
        order = self.orders[event.order_id]
        order.replacement = None
        self._set_extra(self._accounts[order.account_id], order, 0, 0)
        for child in order.children.values():
            child.replace_token = 0
            if child.status is ChildStatus.REPLACE_SENT:
                child.status = _LIVE

    def ended(self, event: ev.OrderCanceled | ev.OrderExpired) -> None:
        """Let an order go that was canceled or has expired, and void its hold."""
        order = self.orders[event.order_id]
        require(not order.children, "an order ends after its children")
        self._drop(order, self._accounts[event.account_id])

    # --- children --------------------------------------------------------------------------------

    def child_accepted(self, event: ev.ChildAccepted) -> None:
        """Mark a child as working at its venue."""
        child = self.children[event.token]
        child.venue_order_id = event.venue_order_id
        if child.status is _SENT or child.status is _IN_DOUBT:
            child.status = _LIVE

    def child_ended(self, event: ev.ChildEnded) -> None:
        """Let a child go that works no more."""
        child = self.children[event.token]
        order = self.orders[child.order_id]
        child.leaves = 0
        order.refusals += event.refused and not event.fault
        self._drop_child(order, child)

    def child_reduced(self, event: ev.ChildReduced) -> None:
        """Take partly cancelled shares off a child: its size stays what was executed and what is left."""
        child = self.children[event.token]
        child.shares -= child.leaves - event.leaves
        child.leaves = event.leaves

    def child_replaced(self, event: ev.ChildReplaced) -> None:
        """Move a child to the token and terms its venue replaced it by."""
        child = self.children.pop(event.token)
        order = self.orders[child.order_id]
        del order.children[event.token]
        child.token = event.new_token
        child.venue_order_id = event.venue_order_id
        child.price = event.price
        child.shares += event.leaves - child.leaves
        child.leaves = event.leaves
        child.status = _LIVE
        child.replace_token = 0
        self.children[event.new_token] = order.children[event.new_token] = child

    def cancel_refused(self, event: ev.CancelRefused) -> None:
        """Put a child back to work whose cancel or replace its venue refused."""
        child = self.children[event.token]
        child.status = ChildStatus.REPLACE_SENT if child.replace_token else _LIVE
        self.orders[child.order_id].cancel_reason = ""

    def in_doubt(self, tokens: tuple[int, ...]) -> None:
        """Mark children whose venue cannot be heard."""
        for token in tokens:
            self.children[token].status = _IN_DOUBT

    def unanswered(self, tokens: tuple[int, ...]) -> None:
        """Mark children in doubt that their venue should have answered; of one that works already a change is late, no more."""
        for token in tokens:
            child = self.children[token]
            if child.status is _SENT:
                child.status = _IN_DOUBT

    def begin_day(self) -> None:
        """Start counting a new day's fees and plans."""
        for order in self.orders.values():
            order.progress = order.refusals = 0
            order.day_shares = order.day_money = order.sec_fee = order.taf = order.cat_fee = 0

    def restore(self, image: OrderImage) -> None:
        """Put an order of a snapshot back; what it holds stands in its account already."""
        order = restore_order(image)
        self.orders[order.order_id] = order
        self.children.update(order.children)
        if not order.triggered:
            self.stops.setdefault(order.terms.instrument_id, {})[order.order_id] = order

    # --- inside ----------------------------------------------------------------------------------

    def _drop_child(self, order: Order, child: Child) -> None:
        del self.children[child.token]
        del order.children[child.token]

    def _drop(self, order: Order, account: Account) -> None:
        self._set_hold(account, order, 0, 0)
        if order.replacement is not None:
            self._set_extra(account, order, 0, 0)
        del self.orders[order.order_id]
        del account.open_orders[order.order_id]
        if not order.triggered:
            del self.stops[order.terms.instrument_id][order.order_id]

    def _set_hold(self, account: Account, order: Order, money: int, shares: int) -> None:
        """Shrink what an order holds to what it still needs."""
        if order.hold_money != money:
            account.held_money -= order.hold_money - money
            order.hold_money = money
            require(account.held_money >= 0, "money held is never negative")
        if order.hold_shares != shares:
            position = account.positions[order.terms.instrument_id]
            position.closing_held -= order.hold_shares - shares
            order.hold_shares = shares
            require(position.closing_held >= 0, "shares held are never negative")

    def _set_extra(self, account: Account, order: Order, money: int, shares: int) -> None:
        """Hold, or let go of, what an undecided replacement needs beyond its order."""
        if order.extra_money != money:
            account.held_money += money - order.extra_money
            order.extra_money = money
        if order.extra_shares != shares:
            account.positions[order.terms.instrument_id].closing_held += shares - order.extra_shares
            order.extra_shares = shares


def _carry_over(earlier: Order, order: Order) -> None:
    """Let a replacement begin where the earlier order stands; quantities count the whole chain, as FIX does."""
    order.filled = earlier.filled
    order.filled_money = earlier.filled_money
    order.day_shares = earlier.day_shares
    order.day_money = earlier.day_money
    order.commission = earlier.commission
    order.sec_fee = earlier.sec_fee
    order.taf = earlier.taf
    order.cat_fee = earlier.cat_fee
    order.triggered = earlier.triggered
