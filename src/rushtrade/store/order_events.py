"""What the events of orders, child orders and executions change in the rows.

Theory of operation: an order is `NEW` from the moment the house took it; a first execution makes it
`PARTIALLY_FILLED`; `PENDING_CANCEL` and `PENDING_REPLACE` stand over both until the answer, and a refusal gives back
what was under them. A replacement has a row from the request on (`PENDING_NEW`), so that its id can be asked for at
once; it takes over executions and children when it comes into force, or ends `REJECTED` when it does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from rushtrade.domain import events as ev
from rushtrade.domain.errors import require
from rushtrade.domain.numbers import format_money
from rushtrade.domain.orders import ChildStatus, OrderStatus, OrderTerms
from rushtrade.domain.rejects import RejectReason
from rushtrade.store import rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rushtrade.store.fold import Fold, Handler

_NEW, _PARTLY, _FILLED = int(OrderStatus.NEW), int(OrderStatus.PARTIALLY_FILLED), int(OrderStatus.FILLED)
_PENDING: Final = frozenset({int(OrderStatus.PENDING_CANCEL), int(OrderStatus.PENDING_REPLACE)})
_SENT, _LIVE, _DONE = int(ChildStatus.SENT), int(ChildStatus.LIVE), int(ChildStatus.DONE)
_IN_DOUBT = int(ChildStatus.IN_DOUBT)
_encode = msgspec.msgpack.Encoder().encode


def _order(fold: Fold, order_id: int) -> rows.OrderRow:
    """Find an order, living or written long ago, and mark it as changed by this event."""
    order = fold.image.orders.get(order_id) or fold.archive.order(order_id)
    require(order is not None, f"event {fold.event_id} speaks of order {order_id}, which was never accepted")
    assert order is not None
    order.updated_ns, order.updated_seq = fold.time_ns, fold.seq
    return order


def _child(fold: Fold, token: int) -> rows.ChildRow | None:
    return fold.image.children.get(token) or fold.archive.child(token)


def _standing(order: rows.OrderRow) -> int:
    """Status of a living order when nothing is asked of it."""
    return _PARTLY if order.filled else _NEW


def _new_row(
    fold: Fold, order_id: int, account_id: int, client_order_id: str, terms: OrderTerms
) -> rows.OrderRow:
    """Make the row of an order as it comes in."""
    row = rows.new_order(order_id, account_id, client_order_id, terms, fold.time_ns)
    row.origin, row.trade_date, row.updated_seq = fold.actor, fold.image.trade_date, fold.seq
    return row


def _rejected(fold: Fold, event: ev.OrderRejected) -> rows.OrderRow:
    row = _new_row(fold, fold.seq, event.account_id, event.client_order_id, event.terms)
    row.status, row.failed_ns = int(OrderStatus.REJECTED), fold.time_ns
    row.refused, row.text = int(event.reason), event.text
    fold.image.touch_order(row)
    return row


def _accepted(fold: Fold, event: ev.OrderAccepted) -> rows.OrderRow:
    row = fold.image.orders.get(event.order_id)
    if row is None:
        row = _new_row(fold, event.order_id, event.account_id, event.client_order_id, event.terms)
    row.intent, row.replaces = int(event.intent), event.replaces
    row.hold_money, row.hold_shares = event.hold_money, event.hold_shares
    row.arrival_bid, row.arrival_ask = event.arrival_bid, event.arrival_ask
    row.status, row.accepted_ns = _standing(row), fold.time_ns
    fold.image.touch_order(row)
    return row


def _routed(fold: Fold, event: ev.OrderRouted) -> rows.OrderRow:
    row = _order(fold, event.order_id)
    plan = event.plan
    row.strategy = int(plan.strategy)
    stamp = getattr(fold.command, "stamp", None)
    fold.image.added[rows.PlanRow].append(
        rows.PlanRow(
            fold.event_id,
            event.order_id,
            int(plan.strategy),
            event.first_token,
            plan.expected_cost,
            plan.expected_shares,
            _encode(plan),
            b"" if stamp is None else _encode(stamp),
            fold.time_ns,
        )
    )
    for number, terms in enumerate(plan.children):
        fold.image.touch_child(
            rows.ChildRow(
                event.first_token + number,
                event.order_id,
                terms.venue,
                terms.price,
                terms.shares,
                int(terms.time_in_force),
                filled=0,
                leaves=terms.shares,
                status=_SENT,
                venue_order_id=0,
                reason="",
                sent_ns=fold.time_ns,
                answered_ns=0,
                ended_ns=0,
            )
        )
    fold.image.touch_order(row)
    return row


def _filled(fold: Fold, event: ev.OrderFilled) -> rows.OrderRow:
    image, now = fold.image, fold.time_ns
    row = _order(fold, event.order_id)
    shares = abs(event.signed_shares)
    row.filled += shares
    row.value += shares * event.price
    row.commission += event.commission
    row.fees += event.fees
    row.hold_money, row.hold_shares = event.hold_money_left, event.hold_shares_left
    row.filled_ns = now
    if event.leaves == 0:
        row.status = _FILLED
    elif row.status not in _PENDING:
        row.status = _PARTLY
    image.touch_order(row)
    child = _child(fold, event.token)
    if child is not None:
        child.filled += shares
        child.leaves -= shares
        child.answered_ns = child.answered_ns or now
        if child.leaves <= 0:
            child.status, child.ended_ns = _DONE, now
        elif child.status in {_SENT, _IN_DOUBT}:
            child.status = _LIVE
        image.touch_child(child)
    fold.post(event.transfers)
    fold.execution = rows.ExecutionRow(
        fold.event_id,
        event.order_id,
        event.account_id,
        event.instrument_id,
        event.token,
        event.venue,
        event.match_number,
        event.signed_shares,
        event.price,
        event.leaves,
        row.filled,
        image.shares(event.account_id, event.instrument_id),
        int(event.liquidity),
        event.commission,
        event.fees,
        event.venue_fee,
        row.arrival_bid,
        row.arrival_ask,
        len(event.transfers),
        image.trade_date,
        now,
    )
    image.added[rows.ExecutionRow].append(fold.execution)
    charged = event.commission + event.fees
    if charged:
        fold.add_activity(
            rows.charge_id(fold.event_id),
            event.account_id,
            "FEE",
            -charged,
            event.instrument_id,
            0,
            f"commission {format_money(event.commission)}, fees {format_money(event.fees)}",
        )
    return row


def _triggered(fold: Fold, event: ev.OrderTriggered) -> rows.OrderRow:
    row = _order(fold, event.order_id)
    row.triggered, row.triggered_ns = 1, fold.time_ns
    fold.image.touch_order(row)
    return row


def _routing_needed(fold: Fold, event: ev.RoutingNeeded) -> rows.OrderRow:
    return _order(fold, event.order_id)


def _set_children(fold: Fold, tokens: Iterable[int], status: ChildStatus) -> None:
    for token in tokens:
        child = _child(fold, token)
        if child is not None and child.status != _DONE:
            child.status = int(status)
            fold.image.touch_child(child)


def _cancel_requested(fold: Fold, event: ev.CancelRequested) -> rows.OrderRow:
    row = _order(fold, event.order_id)
    if row.status < _FILLED:
        row.status = int(OrderStatus.PENDING_CANCEL)
    _set_children(fold, event.tokens, ChildStatus.CANCEL_SENT)
    fold.image.touch_order(row)
    return row


def _replace_requested(fold: Fold, event: ev.ReplaceRequested) -> rows.OrderRow:
    image = fold.image
    row = _order(fold, event.order_id)
    successor = _new_row(fold, event.replacement_id, row.account_id, event.client_order_id, event.terms)
    successor.status = int(OrderStatus.PENDING_NEW)
    successor.intent, successor.replaces, successor.strategy = row.intent, row.order_id, row.strategy
    successor.hold_money, successor.hold_shares = event.hold_money, event.hold_shares
    successor.arrival_bid, successor.arrival_ask = row.arrival_bid, row.arrival_ask
    successor.triggered, successor.triggered_ns = row.triggered, row.triggered_ns
    image.touch_order(successor)
    row.status = int(OrderStatus.PENDING_REPLACE)
    _set_children(fold, (event.token,) if event.new_token else event.cancel_tokens, _asked(event))
    image.touch_order(row)
    return row


def _asked(event: ev.ReplaceRequested) -> ChildStatus:
    return ChildStatus.REPLACE_SENT if event.new_token else ChildStatus.CANCEL_SENT


def _canceled(fold: Fold, event: ev.OrderCanceled) -> rows.OrderRow:
    row = _order(fold, event.order_id)
    row.status, row.canceled_ns, row.text = int(OrderStatus.CANCELED), fold.time_ns, event.reason
    row.hold_money = row.hold_shares = 0
    fold.image.touch_order(row)
    return row


def _expired(fold: Fold, event: ev.OrderExpired) -> rows.OrderRow:
    row = _order(fold, event.order_id)
    row.status, row.expired_ns = int(OrderStatus.EXPIRED), fold.time_ns
    row.hold_money = row.hold_shares = 0
    fold.image.touch_order(row)
    return row


def _replaced(fold: Fold, event: ev.OrderReplaced) -> rows.OrderRow:
    image = fold.image
    row = _order(fold, event.order_id)
    successor = _order(fold, event.replacement_id)
    row.status, row.replaced_ns = int(OrderStatus.REPLACED), fold.time_ns
    row.replaced_by = event.replacement_id
    row.hold_money = row.hold_shares = 0
    successor.filled += row.filled
    successor.value += row.value
    successor.filled_ns = successor.filled_ns or row.filled_ns
    successor.accepted_ns = successor.accepted_ns or fold.time_ns
    if successor.status < _FILLED:
        successor.status = _standing(successor)
    children = image.children_of.get(row.order_id, {})
    for child in [child for child in children.values() if child.status != _DONE]:
        del children[child.token]
        child.order_id = successor.order_id
        image.touch_child(child)
    image.touch_order(successor)
    image.touch_order(row)
    return row


def _replace_abandoned(fold: Fold, event: ev.ReplaceAbandoned) -> rows.OrderRow:
    row = _order(fold, event.order_id)
    successor = _order(fold, event.replacement_id)
    successor.status, successor.failed_ns = int(OrderStatus.REJECTED), fold.time_ns
    successor.refused, successor.text = int(RejectReason.ORDER_NOT_OPEN), event.reason
    successor.hold_money = successor.hold_shares = 0
    fold.image.touch_order(successor)
    if row.status < _FILLED:
        row.status = _standing(row)
    row.refused, row.text = successor.refused, event.reason
    fold.image.touch_order(row)
    return row


def _command_refused(fold: Fold, event: ev.CommandRefused) -> rows.OrderRow | None:
    row = fold.image.orders.get(event.order_id) or fold.archive.order(event.order_id)
    if row is None or row.account_id != event.account_id:
        return None
    row.refused, row.text = int(event.reason), event.text
    row.updated_ns, row.updated_seq = fold.time_ns, fold.seq
    fold.image.touch_order(row)
    return row


# --- child orders ------------------------------------------------------------------------------------


def _child_accepted(fold: Fold, event: ev.ChildAccepted) -> rows.OrderRow | None:
    child = _child(fold, event.token)
    if child is None:
        return None
    child.venue_order_id = event.venue_order_id
    child.answered_ns = child.answered_ns or fold.time_ns
    if child.status in {_SENT, _IN_DOUBT}:
        child.status = _LIVE
    return _with_child(fold, child)


def _with_child(fold: Fold, child: rows.ChildRow) -> rows.OrderRow:
    """Keep a changed child, and its order, which shows it among the working ones."""
    row = _order(fold, child.order_id)
    fold.image.touch_child(child)
    fold.image.touch_order(row)
    return row


def _child_ended(fold: Fold, event: ev.ChildEnded) -> rows.OrderRow | None:
    child = _child(fold, event.token)
    if child is None:
        return None
    child.status, child.reason, child.leaves = _DONE, event.reason, 0
    child.answered_ns = child.answered_ns or fold.time_ns
    child.ended_ns = fold.time_ns
    return _with_child(fold, child)


def _child_reduced(fold: Fold, event: ev.ChildReduced) -> rows.OrderRow | None:
    child = _child(fold, event.token)
    if child is None:
        return None
    child.leaves = event.leaves
    return _with_child(fold, child)


def _child_replaced(fold: Fold, event: ev.ChildReplaced) -> rows.OrderRow | None:
    child = _child(fold, event.token)
    if child is None:
        return None
    child.status, child.leaves, child.reason = _DONE, 0, "replaced"
    child.ended_ns = fold.time_ns
    fold.image.touch_child(child)
    successor = rows.ChildRow(
        event.new_token,
        event.order_id,
        child.venue,
        event.price,
        event.leaves,
        child.time_in_force,
        filled=0,
        leaves=event.leaves,
        status=_LIVE,
        venue_order_id=event.venue_order_id,
        reason="",
        sent_ns=child.sent_ns,
        answered_ns=fold.time_ns,
        ended_ns=0,
    )
    return _with_child(fold, successor)


def _cancel_refused(fold: Fold, event: ev.CancelRefused) -> rows.OrderRow | None:
    child = _child(fold, event.token)
    if child is not None and child.status != _DONE:
        child.status = _LIVE
        fold.image.touch_child(child)
    row = _order(fold, event.order_id)
    asked = {int(ChildStatus.CANCEL_SENT), int(ChildStatus.REPLACE_SENT)}
    waiting = any(each.status in asked for each in fold.image.children_of.get(row.order_id, {}).values())
    if row.status == OrderStatus.PENDING_CANCEL and not waiting:
        row.status = _standing(row)
    row.text = event.reason
    fold.image.touch_order(row)
    return row


def _venue_link_changed(fold: Fold, event: ev.VenueLinkChanged) -> None:
    route = fold.image.routes.get(event.venue)
    if route is not None:
        route.link_up = int(event.up)
        route.health, route.health_reason = 0, ""
        fold.image.changed[rows.RouteRow][event.venue] = route
    _set_children(fold, event.in_doubt, ChildStatus.IN_DOUBT)


def _venue_health_changed(fold: Fold, event: ev.VenueHealthChanged) -> None:
    route = fold.image.routes[event.venue]
    route.health, route.health_reason = int(event.health), event.reason
    fold.image.changed[rows.RouteRow][event.venue] = route
    for token in event.silent:
        child = _child(fold, token)
        if child is not None and child.status == _SENT:
            child.status = _IN_DOUBT
            _with_child(fold, child)


HANDLERS: Final[dict[type, Handler]] = {
    ev.OrderRejected: _rejected,
    ev.OrderAccepted: _accepted,
    ev.OrderRouted: _routed,
    ev.OrderFilled: _filled,
    ev.OrderTriggered: _triggered,
    ev.RoutingNeeded: _routing_needed,
    ev.CancelRequested: _cancel_requested,
    ev.ReplaceRequested: _replace_requested,
    ev.OrderCanceled: _canceled,
    ev.OrderExpired: _expired,
    ev.OrderReplaced: _replaced,
    ev.ReplaceAbandoned: _replace_abandoned,
    ev.CommandRefused: _command_refused,
    ev.ChildAccepted: _child_accepted,
    ev.ChildEnded: _child_ended,
    ev.ChildReduced: _child_reduced,
    ev.ChildReplaced: _child_replaced,
    ev.CancelRefused: _cancel_refused,
    ev.VenueLinkChanged: _venue_link_changed,
    ev.VenueHealthChanged: _venue_health_changed,
}
