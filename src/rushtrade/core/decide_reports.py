"""Decisions on what venues report of child orders: taken, executed, cancelled, replaced, refused; links up and down.

A venue numbers its reports. One that was taken before is recorded and has no effect, so that a replay after a broken
connection books nothing twice; number 0 is a report the gateway makes itself. A report that contradicts what the venue said earlier books nothing and raises an anomaly.
"""

from __future__ import annotations

from rushtrade.core.decide_orders import Events
from rushtrade.core.state import HouseState
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.numbers import format_price
from rushtrade.domain.orders import Side, TimeInForce
from rushtrade.orders.fill import fill
from rushtrade.orders.order import Child, Order, Replacement

VENUE_REFUSALS_MAX = 3
"""Children of one order that venues may refuse before the order is given up: a fourth would fare no better."""

Report = (
    cmd.ReportAccepted | cmd.ReportExecuted | cmd.ReportCanceled | cmd.ReportReplaced | cmd.ReportRejected
)


def report_accepted(state: HouseState, command: cmd.ReportAccepted, seq: int) -> Events:
    """Note that a venue works a child."""
    del seq
    if 0 < command.report_seq <= state.report_seqs[command.venue]:
        return _repeated(command)
    if command.token not in state.blotter.children:
        return _anomaly(command, "acceptance of an order that is not working")
    return [ev.ChildAccepted(command.token, command.venue_order_id)]


def report_executed(state: HouseState, command: cmd.ReportExecuted, seq: int) -> Events:
    """Book an execution."""
    del seq
    if 0 < command.report_seq <= state.report_seqs[command.venue]:
        return _repeated(command)
    child = state.blotter.children.get(command.token)
    if child is None:
        return _anomaly(command, f"execution of {command.shares} shares of an order that is not working")
    shares = command.shares
    if not 0 < shares <= child.leaves:
        return _anomaly(command, f"execution of {shares} shares where {child.leaves} were working")
    order = state.blotter.orders[child.order_id]
    price = command.price
    through = price > child.price if order.terms.side is Side.BUY else price < child.price
    if through or price <= 0:
        return _anomaly(
            command, f"execution at {format_price(price)} beyond the limit {format_price(child.price)}"
        )
    rules = state.rules
    if rules is None:
        return _anomaly(command, "execution before the first trade date opened")
    scheme = state.schemes[state.accounts[order.account_id].scheme_id]
    filled = fill(
        order,
        child,
        state.desk.routes[child.venue],
        scheme,
        rules,
        command.match_number,
        price,
        shares,
        command.liquidity,
    )
    if filled.leaves == 0:
        if order.replacement is None:
            return [filled]
        abandoned = ev.ReplaceAbandoned(
            order.order_id, order.replacement.replacement_id, "the order was filled first"
        )
        return [abandoned, filled]
    if shares < child.leaves or len(order.children) > 1:
        return [filled]
    return [filled, *_after_last_child(state, order, filled.leaves, filled=shares)]


def report_canceled(state: HouseState, command: cmd.ReportCanceled, seq: int) -> Events:
    """Take cancelled shares off a child."""
    del seq
    if 0 < command.report_seq <= state.report_seqs[command.venue]:
        return _repeated(command)
    child = state.blotter.children.get(command.token)
    if child is None:
        return _anomaly(command, "cancel of an order that is not working")
    if command.leaves > 0:
        if command.leaves >= child.leaves:
            return _anomaly(command, f"cancel leaving {command.leaves} of {child.leaves} shares")
        return [ev.ChildReduced(command.token, child.order_id, child.leaves - command.leaves, command.leaves)]
    return child_end(state, child, command.reason, refused=False)


def report_replaced(state: HouseState, command: cmd.ReportReplaced, seq: int) -> Events:
    """Move a child to its new token, and its order to its replacement."""
    del seq
    if 0 < command.report_seq <= state.report_seqs[command.venue]:
        return _repeated(command)
    child = state.blotter.children.get(command.original_token)
    if child is None or child.replace_token != command.token:
        return _anomaly(command, f"replace of order {command.original_token} that was not asked for")
    order = state.blotter.orders[child.order_id]
    replaced = ev.ChildReplaced(
        command.original_token,
        command.token,
        child.order_id,
        command.venue_order_id,
        command.price,
        command.leaves,
    )
    if order.replacement is None:
        return [replaced]
    return [replaced, *replace_now(state, order, order.replacement)]


def report_rejected(state: HouseState, command: cmd.ReportRejected, seq: int) -> Events:
    """End a child the venue would not take, or put back to work one whose change it refused."""
    del seq
    if 0 < command.report_seq <= state.report_seqs[command.venue]:
        return _repeated(command)
    if command.original_token:
        child = state.blotter.children.get(command.original_token)
        if child is None:
            return []
        order = state.blotter.orders[child.order_id]
        events: Events = [ev.CancelRefused(child.token, child.order_id, command.reason)]
        if order.replacement is not None:
            events.append(
                ev.ReplaceAbandoned(order.order_id, order.replacement.replacement_id, command.reason)
            )
        return events
    child = state.blotter.children.get(command.token)
    if child is None:
        return _anomaly(command, "refusal of an order that is not working")
    name = state.desk.routes[child.venue].code
    return child_end(state, child, f"refused by {name}: {command.reason}", refused=True)


def change_venue_link(state: HouseState, command: cmd.ChangeVenueLink, seq: int) -> Events:
    """Put a venue's children in doubt when it cannot be heard; end them when it has forgotten them."""
    del seq
    children = [child for _, child in sorted(state.blotter.children.items()) if child.venue == command.venue]
    if not command.up:
        return [ev.VenueLinkChanged(command.venue, up=False, in_doubt=tuple(c.token for c in children))]
    events: Events = [
        ev.VenueLinkChanged(command.venue, up=True, in_doubt=(), renumbered=command.lost_orders)
    ]
    if command.lost_orders:
        ended: dict[int, int] = {}
        for child in children:
            order = state.blotter.orders[child.order_id]
            ended[order.order_id] = ended.get(order.order_id, 0) + 1
            events.append(
                ev.ChildEnded(child.token, child.order_id, child.leaves, "the venue no longer knows it")
            )
            if ended[order.order_id] == len(order.children):
                events.extend(_after_last_child(state, order, order.leaves))
    return events


def child_end(state: HouseState, child: Child, reason: str, *, refused: bool) -> Events:
    """End a child, and decide what becomes of its order when it was the last one."""
    order = state.blotter.orders[child.order_id]
    events: Events = [ev.ChildEnded(child.token, order.order_id, child.leaves, reason, refused)]
    if len(order.children) == 1:
        if refused and order.refusals + 1 >= VENUE_REFUSALS_MAX and not order.cancel_reason:
            events.append(ev.OrderCanceled(order.order_id, order.account_id, order.leaves, reason))
        else:
            events.extend(_after_last_child(state, order, order.leaves))
    return events


def _after_last_child(state: HouseState, order: Order, leaves: int, filled: int = 0) -> Events:
    """Decide on an order with shares left and no child at work."""
    if order.cancel_reason:
        events: Events = []
        if order.replacement is not None:
            events.append(
                ev.ReplaceAbandoned(
                    order.order_id, order.replacement.replacement_id, "the order was canceled"
                )
            )
        events.append(ev.OrderCanceled(order.order_id, order.account_id, leaves, order.cancel_reason))
        return events
    if order.replacement is not None:
        if order.replacement.terms.quantity > order.filled + filled:
            return replace_now(state, order, order.replacement)
        return [
            ev.ReplaceAbandoned(
                order.order_id, order.replacement.replacement_id, "executions passed the new quantity"
            ),
            ev.OrderCanceled(order.order_id, order.account_id, leaves, "reduced to what was executed"),
        ]
    if order.terms.time_in_force in {TimeInForce.IOC, TimeInForce.FOK}:
        what = order.terms.time_in_force.name
        return [ev.OrderCanceled(order.order_id, order.account_id, leaves, f"remainder of an {what} order")]
    return [ev.RoutingNeeded(order.order_id)]


def replace_now(state: HouseState, order: Order, replacement: Replacement) -> Events:
    """Let the replacement take the order's place. It is routed afresh unless a child went over with it."""
    del state
    events: Events = [
        ev.OrderAccepted(
            order_id=replacement.replacement_id,
            account_id=order.account_id,
            client_order_id=replacement.client_order_id,
            terms=replacement.terms,
            intent=order.intent,
            hold_money=replacement.hold_money,
            hold_shares=replacement.hold_shares,
            replaces=order.order_id,
            arrival_bid=order.arrival_bid,
            arrival_ask=order.arrival_ask,
            bound=replacement.terms.limit_price or order.bound,
        ),
        ev.OrderReplaced(order.order_id, order.account_id, replacement.replacement_id),
    ]
    if not any(child.replace_token for child in order.children.values()) and order.triggered:
        events.append(ev.RoutingNeeded(replacement.replacement_id))
    return events


def _repeated(command: Report) -> Events:
    return [ev.ReportRepeated(command.venue, command.report_seq)]


def _anomaly(command: Report, text: str) -> Events:
    return [ev.AnomalyRecorded(command.venue, command.token, text)]
