"""The routing trace of an order, out of the read models: when it was decided, on which quotes, and what came back of what was sent.

Plain data for screens: prices are decimal text, times microseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rushtrade.domain.numbers import format_money, format_price
from rushtrade.domain.plans import Strategy
from rushtrade.domain.quotes import LEVEL_BYTES
from rushtrade.store import queries

if TYPE_CHECKING:
    from rushtrade.domain.quotes import QuoteStamp
    from rushtrade.store import rows
    from rushtrade.store.store import Store

TRACE_ROWS_MAX: Final = 200


def routing_trace(store: Store, row: rows.OrderRow) -> dict[str, Any]:
    """Tell how an order was routed."""
    decisions = queries.decisions(store, row.order_id)
    children = queries.children(store, row.order_id)
    last = decisions[-1] if decisions else None
    stamp = next((each.stamp for each in reversed(decisions) if each.stamp is not None), None)
    cost = last.plan.expected_cost if last else 0
    return {
        "order_id": row.order_id,
        "strategy": Strategy(row.strategy).name.lower() if row.strategy else "none",
        "decided_us": last.time_ns // 1_000 if last else None,
        "decision_us": None,
        "nbbo": None if stamp is None else _nbbo(stamp),
        "quotes": [] if stamp is None else _levels(stamp)[:TRACE_ROWS_MAX],
        "children": [_child(row.order_id, n, child) for n, child in enumerate(children, 1)][:TRACE_ROWS_MAX],
        "expected_cost": format_money(cost) if cost else None,
    }


def _nbbo(stamp: QuoteStamp) -> dict[str, Any]:
    return {
        "bid": format_price(stamp.bid) if stamp.bid else None,
        "bid_shares": stamp.bid_shares,
        "ask": format_price(stamp.ask) if stamp.ask else None,
        "ask_shares": stamp.ask_shares,
    }


def _levels(stamp: QuoteStamp) -> list[dict[str, Any]]:
    found = []
    for place in range(0, len(stamp.levels), LEVEL_BYTES):
        key, price, shares = (
            int.from_bytes(stamp.levels[at : at + 8], "little", signed=True)
            for at in range(place, place + LEVEL_BYTES, 8)
        )
        side = "ask" if key & 1 else "bid"
        found.append({"venue": key >> 1, "side": side, "price": format_price(price), "shares": shares})
    return found


def _child(order_id: int, number: int, child: rows.ChildRow) -> dict[str, Any]:
    if child.filled == child.shares:
        state = "Filled"
    elif child.ended_ns:
        state = "Canceled"
    else:
        state = "PartiallyFilled" if child.filled else "New" if child.answered_ns else "PendingNew"
    return {
        "child_id": f"{order_id}-{number}",
        "venue": child.venue,
        "quantity": child.shares,
        "filled": child.filled,
        "price": format_price(child.price),
        "state": state,
        "sent_us": child.sent_ns // 1_000,
        "answered_us": child.answered_ns // 1_000 if child.answered_ns else None,
    }
