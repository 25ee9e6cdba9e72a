"""What screens and APIs ask of the store. Every list has a bound; every page says where the next one starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import sqlalchemy as sa

from rushtrade.domain.orders import OrderStatus
from rushtrade.domain.plans import Plan
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.store import rows, schema

if TYPE_CHECKING:
    from rushtrade.store.store import Store

ORDERS_MAX: Final = 500
ACTIVITIES_MAX: Final = 100
EXECUTIONS_MAX: Final = 500
TRACE_PLANS_MAX: Final = 64
EQUITY_POINTS_MAX: Final = 20_000
"""Fifty sessions of minutes; longer histories are asked for in days."""

_o, _e, _a = schema.orders.c, schema.executions.c, schema.activities.c


class OrderFilter(msgspec.Struct, frozen=True):
    """Which orders of an account. Times are exclusive, of submission; `status` is open, closed or all."""

    status: str = "open"
    limit: int = 50
    after_ns: int = 0
    until_ns: int = 0
    newest_first: bool = True
    instrument_ids: tuple[int, ...] = ()
    side: int | None = None
    after_order_id: int = 0
    before_order_id: int = 0
    with_refused: bool = False
    """Orders refused at the door were never orders to a trading API; a blotter shows them."""


def orders(store: Store, account_id: int, wanted: OrderFilter) -> list[rows.OrderRow]:
    """List orders of an account."""
    where: list[sa.ColumnElement[bool]] = [_o.account_id == account_id]
    if wanted.status == "open":
        where.append(_o.status < OrderStatus.FILLED)
    elif wanted.status == "closed":
        where.append(_o.status >= OrderStatus.FILLED)
    if not wanted.with_refused:
        where.append(sa.or_(_o.status != OrderStatus.REJECTED, _o.replaces != 0))
    if wanted.after_ns:
        where.append(_o.submitted_ns > wanted.after_ns)
    if wanted.until_ns:
        where.append(_o.submitted_ns < wanted.until_ns)
    if wanted.instrument_ids:
        where.append(_o.instrument_id.in_(wanted.instrument_ids))
    if wanted.side is not None:
        where.append(_o.side == wanted.side)
    if wanted.after_order_id:
        where.append(_o.order_id > wanted.after_order_id)
    if wanted.before_order_id:
        where.append(_o.order_id < wanted.before_order_id)
    order = _o.order_id.desc() if wanted.newest_first else _o.order_id.asc()
    return store.select(rows.OrderRow, *where, order=order, limit=min(wanted.limit, ORDERS_MAX))


def order_by_client_id(store: Store, account_id: int, client_order_id: str) -> rows.OrderRow | None:
    """Find the order a client order id names: the first that was taken under it."""
    where = (
        _o.account_id == account_id,
        _o.client_order_id == client_order_id,
        sa.or_(_o.status != OrderStatus.REJECTED, _o.replaces != 0),
    )
    return next(iter(store.select(rows.OrderRow, *where, order=_o.order_id.asc(), limit=1)), None)


def executions(
    store: Store, account_id: int, *, before_id: int = 0, limit: int = EXECUTIONS_MAX
) -> list[rows.ExecutionRow]:
    """List executions of an account, newest first."""
    where = [_e.account_id == account_id]
    if before_id:
        where.append(_e.execution_id < before_id)
    return store.select(
        rows.ExecutionRow, *where, order=_e.execution_id.desc(), limit=min(limit, EXECUTIONS_MAX)
    )


def executions_of_order(store: Store, order_id: int) -> list[rows.ExecutionRow]:
    """List executions of an order, oldest first."""
    return store.select(
        rows.ExecutionRow, _e.order_id == order_id, order=_e.execution_id.asc(), limit=EXECUTIONS_MAX
    )


class ActivityFilter(msgspec.Struct, frozen=True):
    """Which activities of an account. `kinds` empty = all; times are exclusive; ids are where a page ends."""

    kinds: tuple[str, ...] = ()
    after_ns: int = 0
    until_ns: int = 0
    newest_first: bool = True
    page_after_id: int = 0
    limit: int = ACTIVITIES_MAX


def activities(
    store: Store, account_id: int, wanted: ActivityFilter
) -> list[rows.ExecutionRow | rows.ActivityRow]:
    """List executions and other activities of an account in one order, by event id."""
    found: list[tuple[int, rows.ExecutionRow | rows.ActivityRow]] = []
    limit = min(wanted.limit, ACTIVITIES_MAX)
    others = tuple(kind for kind in wanted.kinds if kind != "FILL")
    if not wanted.kinds or "FILL" in wanted.kinds:
        where = _page(_e.account_id, _e.execution_id, _e.time_ns, account_id, wanted)
        order = _e.execution_id.desc() if wanted.newest_first else _e.execution_id.asc()
        fills = store.select(rows.ExecutionRow, *where, order=order, limit=limit)
        found += [(row.execution_id, row) for row in fills]
    if not wanted.kinds or others:
        where = _page(_a.account_id, _a.activity_id, _a.time_ns, account_id, wanted)
        if others:
            where.append(_a.kind.in_(others))
        order = _a.activity_id.desc() if wanted.newest_first else _a.activity_id.asc()
        more = store.select(rows.ActivityRow, *where, order=order, limit=limit)
        found += [(row.activity_id, row) for row in more]
    found.sort(key=lambda pair: pair[0], reverse=wanted.newest_first)
    return [row for _, row in found[:limit]]


def _page(
    account: sa.ColumnElement[int],
    key: sa.ColumnElement[int],
    time: sa.ColumnElement[int],
    account_id: int,
    wanted: ActivityFilter,
) -> list[sa.ColumnElement[bool]]:
    where = [account == account_id]
    if wanted.after_ns:
        where.append(time > wanted.after_ns)
    if wanted.until_ns:
        where.append(time < wanted.until_ns)
    if wanted.page_after_id:
        where.append(key < wanted.page_after_id if wanted.newest_first else key > wanted.page_after_id)
    return where


class Decision(msgspec.Struct, frozen=True):
    """One routing decision: the plan, and the quotes it was taken on (None when it needed none)."""

    plan_id: int
    time_ns: int
    first_token: int
    plan: Plan
    stamp: QuoteStamp | None


_plan = msgspec.msgpack.Decoder(Plan).decode
_stamp = msgspec.msgpack.Decoder(QuoteStamp).decode


def decisions(store: Store, order_id: int) -> list[Decision]:
    """List the routing decisions of an order, oldest first."""
    found = store.select(
        rows.PlanRow,
        schema.plans.c.order_id == order_id,
        order=schema.plans.c.plan_id.asc(),
        limit=TRACE_PLANS_MAX,
    )
    return [
        Decision(
            row.plan_id,
            row.time_ns,
            row.first_token,
            _plan(row.plan),
            _stamp(row.stamp) if row.stamp else None,
        )
        for row in found
    ]


def children(store: Store, order_id: int) -> list[rows.ChildRow]:
    """List the child orders of an order, oldest first."""
    return store.select(
        rows.ChildRow,
        schema.children.c.order_id == order_id,
        order=schema.children.c.token.asc(),
        limit=EXECUTIONS_MAX,
    )


def equity_points(
    store: Store, account_id: int, since_ns: int, until_ns: int, *, closes_only: bool
) -> list[rows.EquityRow]:
    """List what an account was worth, oldest first, both ends included."""
    points = schema.equity.c
    where = [points.account_id == account_id, points.time_ns >= since_ns, points.time_ns <= until_ns]
    if closes_only:
        where.append(points.at_close == 1)
    return store.select(rows.EquityRow, *where, order=points.time_ns.asc(), limit=EQUITY_POINTS_MAX)


def closes(store: Store, limit: int) -> list[rows.CloseRow]:
    """List trade dates, newest first."""
    return store.select(rows.CloseRow, order=schema.closes.c.opened_seq.desc(), limit=limit)


def transfers_of(store: Store, event_id: int) -> list[rows.TransferRow]:
    """List the transfers one event made, in order."""
    moves = schema.transfers.c
    return store.select(rows.TransferRow, moves.event_id == event_id, order=moves.place.asc(), limit=4096)


def blotter(store: Store, account_id: int, limit: int) -> tuple[list[rows.OrderRow], int]:
    """List open orders and the newest finished ones, oldest first; and how many finished ones are left out."""
    wanted = OrderFilter(status="all", limit=limit, with_refused=True)
    open_now = store.image.open_of[account_id]
    chosen = dict(list(open_now.items())[-limit:])
    for row in orders(store, account_id, wanted):
        if len(chosen) == limit:
            break
        chosen.setdefault(row.order_id, row)
    left_out = count_orders(store, account_id) - len(chosen)
    return [row for _, row in sorted(chosen.items())], max(left_out, 0)


def count_orders(store: Store, account_id: int) -> int:
    """Count the orders an account has ever entered, refused ones too."""
    return store.count(rows.OrderRow, _o.account_id == account_id)
