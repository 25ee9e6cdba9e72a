"""An order's routing story out of the read models: what the page and the API show while the house runs.

The journal tells the same story (`dart.story`); this one answers at once, whatever the journal's length. The worst price an order
may execute at is not in the read models: a market order is shown with the worst price one of its children had.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rushtrade.dart.explain import OrderTrace, explain
from rushtrade.dart.story import ChildStory, Decision, OrderStory
from rushtrade.dart.trace_text import lines
from rushtrade.domain.orders import OrderStatus, Side, TimeInForce
from rushtrade.domain.quotes import NO_QUOTE
from rushtrade.domain.routes import Route
from rushtrade.store import queries, rows
from rushtrade.store.store import Store


def explainer(store: Store, routes: tuple[Route, ...]) -> Callable[[int], Sequence[str]]:
    """Make the function that tells an order's routing in lines; none for an order that was never routed."""

    def tell(order_id: int) -> Sequence[str]:
        trace = trace_order(store, routes, order_id)
        return lines(trace) if trace is not None and trace.decisions else []

    return tell


def trace_order(store: Store, routes: tuple[Route, ...], order_id: int) -> OrderTrace | None:
    """Explain an order of the read models; None when they do not know it."""
    row = store.order(order_id)
    return None if row is None else explain(_story(store, row), routes)


def _story(store: Store, row: rows.OrderRow) -> OrderStory:
    executions = queries.executions_of_order(store, row.order_id)
    children = {child.token: _child(child, executions) for child in queries.children(store, row.order_id)}
    instrument = store.image.instruments.get(row.instrument_id)
    terms = rows.terms_of(row)
    worst = max if terms.side is Side.BUY else min
    return OrderStory(
        row.order_id,
        row.account_id,
        row.client_order_id,
        instrument.symbol if instrument else f"instrument {row.instrument_id}",
        terms,
        row.limit_price or worst((child.price for child in children.values()), default=0),
        row.accepted_ns,
        row.arrival_bid,
        row.arrival_ask,
        row.replaces,
        row.filled,
        [
            _decision(decision, row, list(children.values()), executions)
            for decision in queries.decisions(store, row.order_id)
        ],
        children,
        *_ending(row),
    )


def _child(row: rows.ChildRow, executions: list[rows.ExecutionRow]) -> ChildStory:
    own = [execution for execution in executions if execution.token == row.token]
    return ChildStory(
        row.token,
        row.venue,
        row.price,
        row.shares,
        TimeInForce(row.time_in_force),
        row.sent_ns,
        filled=sum(abs(execution.shares) for execution in own),
        notional=sum(abs(execution.shares) * execution.price for execution in own),
        venue_fee=sum(execution.venue_fee for execution in own),
        executions=len(own),
        first_fill_ns=own[0].time_ns if own else 0,
        ended_ns=row.ended_ns,
        unfilled=row.shares - row.filled if row.ended_ns else 0,
        reason=row.reason,
    )


def _decision(
    made: queries.Decision,
    row: rows.OrderRow,
    children: list[ChildStory],
    executions: list[rows.ExecutionRow],
) -> Decision:
    """Give one decision, with the shares that were neither filled nor working when it was taken."""
    before = [execution for execution in executions if execution.execution_id < made.plan_id]
    filled = {child.token: 0 for child in children}
    for execution in before:
        filled[execution.token] = filled.get(execution.token, 0) + abs(execution.shares)
    working = sum(
        child.shares - filled[child.token]
        for child in children
        if child.token < made.first_token and not 0 < child.ended_ns <= made.time_ns
    )
    done = before[-1].cumulative if before else 0
    wanted = row.quantity - done - working
    return Decision(made.time_ns, wanted, made.stamp or NO_QUOTE, made.plan, made.first_token)


def _ending(row: rows.OrderRow) -> tuple[str, int]:
    left = row.quantity - row.filled
    match OrderStatus(row.status):
        case OrderStatus.FILLED:
            return "filled", row.filled_ns
        case OrderStatus.CANCELED:
            return f"canceled, {left} shares unfilled: {row.text}", row.canceled_ns
        case OrderStatus.EXPIRED:
            return f"expired, {left} shares unfilled", row.expired_ns
        case OrderStatus.REPLACED:
            return f"replaced by order {row.replaced_by}", row.replaced_ns
        case OrderStatus.REJECTED:
            return f"refused: {row.text}", row.failed_ns
    return "", 0
