"""Decisions on what venues report of child orders: taken, executed, cancelled, replaced, refused; links up and down.

A venue numbers its reports without a hole. One that was taken before is recorded and has no effect, so that a replay after a broken
connection books nothing twice; one that skips a number is not taken either, or what lies between would be lost when it comes; number 0 is
a report the gateway makes itself. A report that contradicts what the venue said earlier books nothing and raises an anomaly.
"""

from __future__ import annotations

from collections.abc import Container
from typing import TypeAlias

from rushtrade.core.decide_orders import Events
from rushtrade.core.state import HouseState
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.numbers import MONEY_MAX, MONEY_PER_PRICE_SHARE, format_price
from rushtrade.domain.orders import ChildStatus, Side, TimeInForce
from rushtrade.orders.fill import fill
from rushtrade.orders.order import Child, Order, Replacement

VENUE_REFUSALS_MAX = 3
"""Children of one order that venues may refuse before the order is given up: a fourth would fare no better."""

# members by name: looking one up in its class costs more than the check it is for
_BUY = Side.BUY
_IOC = TimeInForce.IOC
_FOK = TimeInForce.FOK
Report: TypeAlias = (
    cmd.ReportAccepted
    | cmd.ReportExecuted
    | cmd.ReportCanceled
    | cmd.ReportReplaced
    | cmd.ReportRejected
    | cmd.ReportNoted
)
NUMBERED_REPORTS = (
    cmd.ReportExecuted,
    cmd.ReportAccepted,
    cmd.ReportCanceled,
    cmd.ReportReplaced,
    cmd.ReportRejected,
    cmd.ReportNoted,
)
"""Commands that carry a venue's report number."""


def report_accepted(state: HouseState, command: cmd.ReportAccepted, seq: int) -> Events:
    """Note that a venue works a child."""
    del seq
    turned_away = _turn_away(state, command)
    if turned_away is not None:
        return turned_away
    if _child(state, command, command.token) is None:
        return _anomaly(command, "acceptance of an order that is not working")
    return [ev.ChildAccepted(command.token, command.venue_order_id)]


def report_executed(state: HouseState, command: cmd.ReportExecuted, seq: int) -> Events:
    """Book an execution."""
    del seq
    turned_away = _turn_away(state, command)
    if turned_away is not None:
        return turned_away
    child = _child(state, command, command.token)
    if child is None:
        return _anomaly(command, f"execution of {command.shares} shares of an order that is not working")
    shares = command.shares
    if not 0 < shares <= child.leaves:
        return _anomaly(command, f"execution of {shares} shares where {child.leaves} were working")
    order = state.blotter.orders[child.order_id]
    price = command.price
    through = price > child.price if order.terms.side is _BUY else price < child.price
    if through or price <= 0:
        return _anomaly(
            command, f"execution at {format_price(price)} beyond the limit {format_price(child.price)}"
        )
    if price * shares > MONEY_MAX // MONEY_PER_PRICE_SHARE:
        return _anomaly(
            command, f"execution of {shares} shares at {format_price(price)} is beyond any real one"
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
        return [*_abandoned(order, "the order was filled first"), filled]
    if shares < child.leaves:
        return [filled]
    return [filled, *_after_child(order, child, filled.leaves)]


def report_canceled(state: HouseState, command: cmd.ReportCanceled, seq: int) -> Events:
    """Take cancelled shares off a child."""
    del seq
    turned_away = _turn_away(state, command)
    if turned_away is not None:
        return turned_away
    child = _child(state, command, command.token)
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
    turned_away = _turn_away(state, command)
    if turned_away is not None:
        return turned_away
    child = _child(state, command, command.original_token)
    order = None if child is None else state.blotter.orders[child.order_id]
    replacement = None if order is None else order.replacement
    if child is None or order is None or replacement is None or command.token != child.replace_token:
        return _anomaly(command, f"replace of order {command.original_token} that was not asked for")
    leaves = max(replacement.terms.quantity - order.filled, 0)
    price = replacement.terms.limit_price or child.price
    if (command.leaves, command.price) != (leaves, price):
        return _anomaly(
            command,
            f"replace leaving {command.leaves} shares at {format_price(command.price)} where {leaves} at "
            f"{format_price(price)} were asked for",
        )
    if leaves == 0:
        return child_end(state, child, "executions passed the new quantity", refused=False)
    events: Events = [
        ev.ChildReplaced(child.token, command.token, order.order_id, command.venue_order_id, price, leaves),
        *replace_now(order, replacement, order.filled, at_venue=True),
    ]
    if order.cancel_reason:
        events.append(ev.CancelRequested(replacement.replacement_id, (command.token,)))
    return events


def report_rejected(state: HouseState, command: cmd.ReportRejected, seq: int) -> Events:
    """End a child the venue would not take, or put back to work one whose change it refused."""
    del seq
    turned_away = _turn_away(state, command)
    if turned_away is not None:
        return turned_away
    if command.original_token:
        child = _child(state, command, command.original_token)
        return [] if child is None else _change_refused(state, child, command)
    child = _child(state, command, command.token)
    if child is None:
        return _anomaly(command, "refusal of an order that is not working")
    if child.venue_order_id or child.leaves < child.shares:
        return _anomaly(command, f"refusal of order {command.token}, which the venue had taken")
    name = state.desk.routes[child.venue].code
    text = f"refused by {name}: {command.reason}"
    return child_end(state, child, text, refused=True, fault=command.fault)


def report_noted(state: HouseState, command: cmd.ReportNoted, seq: int) -> Events:
    """Take the number of what a venue said about no order."""
    del seq
    return _turn_away(state, command) or []


def _change_refused(state: HouseState, child: Child, command: cmd.ReportRejected) -> Events:
    """Answer a refused replace, or a refused cancel; a cancel that went out behind a refused replace stands."""
    order = state.blotter.orders[child.order_id]
    at_venue = child.replace_token != 0
    replace_refused = at_venue and command.token == child.replace_token
    events: Events = []
    if not (replace_refused and order.cancel_reason):
        events.append(ev.CancelRefused(child.token, child.order_id, command.reason))
    if replace_refused or not at_venue:
        events.extend(_abandoned(order, command.reason))
    return events


def change_venue_link(state: HouseState, command: cmd.ChangeVenueLink, seq: int) -> Events:
    """Put a venue's children in doubt when it cannot be heard; end them when it has forgotten them."""
    del seq
    if not 0 <= command.venue < len(state.report_seqs):
        return _anomaly(command, f"there is no venue {command.venue}")
    children = [child for _, child in sorted(state.blotter.children.items()) if child.venue == command.venue]
    if not command.up:
        return [ev.VenueLinkChanged(command.venue, up=False, in_doubt=tuple(c.token for c in children))]
    events: Events = [
        ev.VenueLinkChanged(
            command.venue, up=True, in_doubt=(), renumbered=command.lost_orders, session=command.session
        )
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
                events.extend(_after_last_child(order, order.leaves))
    return events


def child_end(state: HouseState, child: Child, reason: str, *, refused: bool, fault: bool = False) -> Events:
    """End a child, and decide what becomes of its order when it was the last one.

    A venue's `fault` does not count against the order: the next plan leaves the venue out once its answers have shown that it is ill.
    """
    order = state.blotter.orders[child.order_id]
    events: Events = [ev.ChildEnded(child.token, order.order_id, child.leaves, reason, refused, fault)]
    given_up = refused and not fault and order.refusals + 1 >= VENUE_REFUSALS_MAX and not order.cancel_reason
    if given_up and len(order.children) == 1:
        events.extend(_abandoned(order, reason))
        events.append(ev.OrderCanceled(order.order_id, order.account_id, order.leaves, reason))
    else:
        events.extend(_after_child(order, child, order.leaves))
    return events


def _after_child(order: Order, child: Child, leaves: int) -> Events:
    """Decide on an order one of whose children is over, with `leaves` shares unfilled."""
    if len(order.children) == 1:
        return _after_last_child(order, leaves)
    return [ev.RoutingNeeded(order.order_id)] if idle_beside(order, leaves, over=child.token) else []


def idle_beside(order: Order, leaves: int, silent: Container[int] = (), over: int = 0) -> bool:
    """Tell whether shares of an order are to be routed while doubtful children may still fill the rest.

    `silent` children are in doubt from now on, the one that is `over` works no more; all others must be in doubt already.
    """
    if order.cancel_reason or order.replacement is not None or order.terms.time_in_force in {_IOC, _FOK}:
        return False
    working = 0
    for token, child in order.children.items():
        if child.status is ChildStatus.IN_DOUBT or token in silent:
            working += child.leaves
        elif token != over:
            return False
    return leaves > working


def _after_last_child(order: Order, leaves: int) -> Events:
    """Decide on an order with shares left and no child at work."""
    if order.cancel_reason:
        return [
            *_abandoned(order, "the order was canceled"),
            ev.OrderCanceled(order.order_id, order.account_id, leaves, order.cancel_reason),
        ]
    replacement = order.replacement
    if replacement is not None:
        filled = order.terms.quantity - leaves
        if replacement.terms.quantity > filled:
            return replace_now(order, replacement, filled, at_venue=False)
        return [
            *_abandoned(order, "executions passed the new quantity"),
            ev.OrderCanceled(order.order_id, order.account_id, leaves, "reduced to what was executed"),
        ]
    if order.terms.time_in_force in {_IOC, _FOK}:
        what = order.terms.time_in_force.name
        return [ev.OrderCanceled(order.order_id, order.account_id, leaves, f"remainder of an {what} order")]
    return [ev.RoutingNeeded(order.order_id)]


def replace_now(order: Order, replacement: Replacement, filled: int, *, at_venue: bool) -> Events:
    """Let the replacement take the order's place, with the hold that `filled` shares of the chain leave it.

    It is routed afresh unless its child goes over with it, replaced `at_venue`.
    """
    shares = replacement.terms.quantity - filled
    events: Events = [
        ev.OrderAccepted(
            order_id=replacement.replacement_id,
            account_id=order.account_id,
            client_order_id=replacement.client_order_id,
            terms=replacement.terms,
            intent=order.intent,
            hold_money=replacement.hold_money * shares // replacement.shares,
            hold_shares=min(replacement.hold_shares, shares),
            replaces=order.order_id,
            arrival_bid=order.arrival_bid,
            arrival_ask=order.arrival_ask,
            bound=replacement.terms.limit_price or order.bound,
        ),
        ev.OrderReplaced(order.order_id, order.account_id, replacement.replacement_id),
    ]
    if not at_venue and order.triggered:
        events.append(ev.RoutingNeeded(replacement.replacement_id))
    return events


def _abandoned(order: Order, reason: str) -> Events:
    """Say that an order's replace comes to nothing, when one is on its way."""
    if order.replacement is None:
        return []
    return [ev.ReplaceAbandoned(order.order_id, order.replacement.replacement_id, reason)]


def is_next(taken: int, command: Report) -> bool:
    """Tell whether a report follows the last one taken from its venue; one that covers two may overlap it."""
    covers = command.covers if type(command) is cmd.ReportExecuted else 1
    return command.report_seq - covers <= taken < command.report_seq


def _turn_away(state: HouseState, command: Report) -> Events | None:
    """Turn away a report that is not its venue's next one."""
    venue, report_seq = command.venue, command.report_seq
    if not 0 <= venue < len(state.report_seqs):
        return _anomaly(command, f"there is no venue {venue}")
    taken = state.report_seqs[venue]
    if is_next(taken, command) or report_seq == 0:
        return None
    if 0 < report_seq <= taken:
        return [ev.ReportRepeated(venue, report_seq)]
    return _anomaly(
        command, f"report {report_seq} came where {taken + 1} is due; it is not taken before that one"
    )


def _child(state: HouseState, command: Report, token: int) -> Child | None:
    """Give the child a report speaks of; none when it works at another venue."""
    child = state.blotter.children.get(token)
    return child if child is not None and child.venue == command.venue else None


def _anomaly(command: Report | cmd.ChangeVenueLink, text: str) -> Events:
    token = 0 if isinstance(command, cmd.ChangeVenueLink | cmd.ReportNoted) else command.token
    return [ev.AnomalyRecorded(command.venue, token, text)]
