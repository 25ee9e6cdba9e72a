"""Decisions on replacing an order: at its venue where that keeps its place in the queue, else by cancel and new order.

The replacement is a new order with a new id that takes over what was filled; its quantity is the total, as FIX counts. The venue
replaces when exactly one child works there and the new limit would not take from another venue; otherwise the children are
cancelled first and the rest is routed afresh.
"""

from __future__ import annotations

import msgspec

from rushtrade.core.decide_orders import TOKEN_BITS, Events
from rushtrade.core.decide_reports import replace_now
from rushtrade.core.state import HouseState
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.orders import CLIENT_ORDER_ID_BYTES_MAX, ChildStatus, Intent, OrderTerms, Side
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.domain.rejects import RejectReason
from rushtrade.orders.order import Child, Order, Replacement
from rushtrade.risk.checks import Approval, check_order
from rushtrade.risk.form import Refusal, check_form


def replace_order(state: HouseState, command: cmd.ReplaceOrder, seq: int) -> Events:
    """Check the changed order as a new one in the place of the old, and set the change going."""
    order = state.blotter.orders.get(command.order_id)
    if order is None or order.account_id != command.account_id:
        return _refuse(command, RejectReason.ORDER_NOT_OPEN, f"order {command.order_id} is not open")
    if order.cancel_reason:
        return _refuse(command, RejectReason.CANCEL_PENDING, "a cancel of the order is on its way")
    if order.replacement is not None:
        return _refuse(command, RejectReason.REPLACE_PENDING, "a replace of the order is on its way")
    if any(child.status in {ChildStatus.SENT, ChildStatus.IN_DOUBT} for child in order.children.values()):
        return _refuse(
            command, RejectReason.NOT_YET_AT_VENUE, "the venue has not answered yet; try again in a moment"
        )
    account = state.accounts[order.account_id]
    client_order_id = command.client_order_id or f"#{seq}"
    first = account.client_order_ids.get(client_order_id)
    if first is not None:
        return _refuse(
            command,
            RejectReason.DUPLICATE_CLIENT_ORDER_ID,
            f"client_order_id must be unique: {client_order_id[:40]!r} already names order {first}",
        )
    if len(client_order_id.encode()) > CLIENT_ORDER_ID_BYTES_MAX:
        return _refuse(
            command,
            RejectReason.DUPLICATE_CLIENT_ORDER_ID,
            f"client_order_id must be no more than {CLIENT_ORDER_ID_BYTES_MAX} bytes",
        )
    terms = changed_terms(order.terms, command)
    if terms == order.terms:
        return _refuse(command, RejectReason.NOTHING_TO_REPLACE, "order parameters are not changed")
    if terms.quantity <= order.filled:
        return _refuse(
            command,
            RejectReason.QUANTITY_BELOW_FILLED,
            f"quantity {terms.quantity} is not above the {order.filled} shares already filled; quantity is the total",
        )
    verdict = _check(state, order, terms, command.stamp)
    if isinstance(verdict, Refusal):
        return _refuse(command, verdict.reason, verdict.text)
    replacement = Replacement(
        seq,
        client_order_id,
        terms,
        verdict.hold_money,
        verdict.hold_shares,
        terms.quantity - order.filled,
    )
    if not order.children:
        return replace_now(order, replacement, order.filled, at_venue=False)
    child = _replaceable_child(order, terms, command.stamp)
    if child is None:
        return [_requested(order, replacement, cancel_tokens=tuple(sorted(order.children)))]
    executed = child.shares - child.leaves
    return [
        _requested(
            order,
            replacement,
            token=child.token,
            new_token=seq << TOKEN_BITS,
            venue=child.venue,
            shares=executed + terms.quantity - order.filled,
            price=terms.limit_price or child.price,
        )
    ]


def changed_terms(terms: OrderTerms, command: cmd.ReplaceOrder) -> OrderTerms:
    """Give the terms an order would have; 0 leaves a number as it is."""
    return msgspec.structs.replace(
        terms,
        quantity=command.quantity or terms.quantity,
        limit_price=command.limit_price or terms.limit_price,
        stop_price=command.stop_price or terms.stop_price,
    )


def _check(state: HouseState, order: Order, terms: OrderTerms, stamp: QuoteStamp) -> Approval | Refusal:
    """Check what would be left of the changed order, with what the order holds now given back."""
    rules = state.rules
    if rules is None:
        return Refusal(RejectReason.MARKET_CLOSED, "no trade date is open")
    form = check_form(terms, rules.ticks.tick(terms.limit_price or terms.stop_price))
    if form is not None:
        return form
    account = state.accounts[order.account_id]
    rest = msgspec.structs.replace(terms, quantity=terms.quantity - order.filled)
    verdict = check_order(
        account,
        state.instruments[terms.instrument_id],
        rest,
        stamp,
        state.schemes[account.scheme_id],
        state.risk,
        instead_of=(order.order_id, order.hold_money, order.hold_shares),
    )
    opened = order.intent in {Intent.BUY_TO_OPEN, Intent.SELL_SHORT}
    if isinstance(verdict, Approval) and opened != (
        verdict.intent in {Intent.BUY_TO_OPEN, Intent.SELL_SHORT}
    ):
        return Refusal(
            RejectReason.POSITION_FLIP,
            "the position has changed sides since the order was entered; cancel it and enter a new one",
        )
    return verdict


def _replaceable_child(order: Order, terms: OrderTerms, stamp: QuoteStamp) -> Child | None:
    """Give the one child its venue can replace in place; None when the rest has to be routed afresh."""
    if len(order.children) != 1:
        return None
    child = next(iter(order.children.values()))
    if child.status is not ChildStatus.LIVE or child.leaves < order.leaves:
        return None
    limit = terms.limit_price
    takes = (0 < stamp.ask <= limit) if terms.side is Side.BUY else (0 < limit <= stamp.bid)
    return None if takes and limit != order.terms.limit_price else child


def _requested(
    order: Order,
    replacement: Replacement,
    *,
    token: int = 0,
    new_token: int = 0,
    venue: int = 0,
    shares: int = 0,
    price: int = 0,
    cancel_tokens: tuple[int, ...] = (),
) -> ev.ReplaceRequested:
    return ev.ReplaceRequested(
        order_id=order.order_id,
        replacement_id=replacement.replacement_id,
        client_order_id=replacement.client_order_id,
        terms=replacement.terms,
        hold_money=replacement.hold_money,
        hold_shares=replacement.hold_shares,
        token=token,
        new_token=new_token,
        venue=venue,
        shares=shares,
        price=price,
        cancel_tokens=cancel_tokens,
    )


def _refuse(command: cmd.ReplaceOrder, reason: RejectReason, text: str) -> Events:
    return [ev.CommandRefused(reason, text, command.account_id, command.order_id)]
