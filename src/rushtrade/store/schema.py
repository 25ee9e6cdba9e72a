"""The tables, made from the row structs, and the statements that write them.

One truth: a column is a field of a struct in `rows`. `SCHEMA_VERSION` goes up with every change of a row or of the
fold; a store file of another version is dropped and rebuilt from the journal, so nothing here migrates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from rushtrade.store import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SCHEMA_VERSION: Final = 3

R = TypeVar("R", bound=rows.Row)

_TYPES: Final = {int: sa.BigInteger, str: sa.Text, bytes: sa.LargeBinary}

metadata = sa.MetaData()


def _table(name: str, row: type[rows.Row], *key: str) -> sa.Table:
    """Make the table of a row struct. `key` names its primary key; it is not generated, ever."""
    columns: list[sa.Column[object]] = [
        sa.Column(
            field.encode_name,
            _TYPES[field.type],
            primary_key=field.encode_name in key,
            autoincrement=False,
            nullable=False,
        )
        for field in msgspec.structs.fields(row)
    ]
    clustered = len(key) > 1
    return sa.Table(name, metadata, *columns, sqlite_with_rowid=not clustered)


firm = _table("firm", rows.FirmRow, "name")
customers = _table("customers", rows.CustomerRow, "customer_id")
accounts = _table("accounts", rows.AccountRow, "account_id")
instruments = _table("instruments", rows.InstrumentRow, "instrument_id")
routes = _table("routes", rows.RouteRow, "venue")
sequences = _table("sequences", rows.SequenceRow, "equity_class")
orders = _table("orders", rows.OrderRow, "order_id")
children = _table("children", rows.ChildRow, "token")
plans = _table("plans", rows.PlanRow, "plan_id")
executions = _table("executions", rows.ExecutionRow, "execution_id")
transfers = _table("transfers", rows.TransferRow, "event_id", "place")
holdings = _table("holdings", rows.HoldingRow, "account_id", "instrument_id")
activities = _table("activities", rows.ActivityRow, "activity_id")
closes = _table("closes", rows.CloseRow, "trade_date")
marks = _table("marks", rows.MarkRow, "instrument_id")
equity = _table("equity", rows.EquityRow, "account_id", "time_ns", "at_close")

cursor = sa.Table(
    "cursor",
    metadata,
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("frame_seq", sa.BigInteger, nullable=False),
    sa.Column("command_seq", sa.BigInteger, nullable=False),
    sa.Column("time_ns", sa.BigInteger, nullable=False),
)
"""How far the journal has been read: written in the same transaction as the rows that came of it."""

sa.Index("orders_of_account", orders.c.account_id, orders.c.order_id)
sa.Index("orders_by_client_id", orders.c.account_id, orders.c.client_order_id)
sa.Index("orders_open", orders.c.status, sqlite_where=orders.c.status < 6)
sa.Index("children_of_order", children.c.order_id)
sa.Index("plans_of_order", plans.c.order_id)
sa.Index("executions_of_account", executions.c.account_id, executions.c.execution_id)
sa.Index("executions_of_order", executions.c.order_id)
sa.Index("activities_of_account", activities.c.account_id, activities.c.activity_id)

TABLES: Final[dict[type[rows.Row], sa.Table]] = {
    rows.FirmRow: firm,
    rows.CustomerRow: customers,
    rows.AccountRow: accounts,
    rows.InstrumentRow: instruments,
    rows.RouteRow: routes,
    rows.SequenceRow: sequences,
    rows.OrderRow: orders,
    rows.ChildRow: children,
    rows.PlanRow: plans,
    rows.ExecutionRow: executions,
    rows.TransferRow: transfers,
    rows.HoldingRow: holdings,
    rows.ActivityRow: activities,
    rows.CloseRow: closes,
    rows.MarkRow: marks,
    rows.EquityRow: equity,
}


def _upsert(table: sa.Table) -> str:
    """Write the statement that puts a row in, or puts it in the place of the one with its key."""
    compiled = sqlite.insert(table).prefix_with("OR REPLACE").compile(dialect=sqlite.dialect())
    return str(compiled)


UPSERTS: Final[dict[type[rows.Row], str]] = {row: _upsert(table) for row, table in TABLES.items()}
"""Text with one place a column, in order: driven with tuples, which costs a third of the same rows as dictionaries."""

values_of: Callable[[rows.Row], tuple[object, ...]] = msgspec.structs.astuple


def rows_of(kind: type[R], found: Sequence[sa.Row[tuple[object, ...]]]) -> list[R]:
    """Make structs of what a query gave."""
    return [kind(*row) for row in found]
