"""The live image: what the fold needs at hand, and what it changed since the last write.

Small tables stand here whole. Of orders and their children only the living are here, and the finished ones that
have not been written yet; anything older is fetched from the database when an event still speaks of it.

Every change leaves its row in `changed` (a row that changes often is written once) or in `added` (rows that never
change). Writing empties both.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rushtrade.domain.orders import ChildStatus, OrderStatus
from rushtrade.store import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

_FINAL = OrderStatus.FILLED
_DONE = ChildStatus.DONE


class Image:
    """Rows by key, and the rows that wait to be written."""

    def __init__(self) -> None:
        self.firm: rows.FirmRow | None = None
        self.customers: dict[int, rows.CustomerRow] = {}
        self.accounts: dict[int, rows.AccountRow] = {}
        self.instruments: dict[int, rows.InstrumentRow] = {}
        self.symbols: dict[str, rows.InstrumentRow] = {}
        self.routes: dict[int, rows.RouteRow] = {}
        self.sequences: dict[int, rows.SequenceRow] = {}
        self.orders: dict[int, rows.OrderRow] = {}
        self.children: dict[int, rows.ChildRow] = {}
        self.children_of: defaultdict[int, dict[int, rows.ChildRow]] = defaultdict(dict)
        self.open_of: defaultdict[int, dict[int, rows.OrderRow]] = defaultdict(dict)
        self.holdings: defaultdict[int, dict[int, rows.HoldingRow]] = defaultdict(dict)
        self.marks: dict[int, rows.MarkRow] = {}
        self.day: rows.CloseRow | None = None
        self.changed: defaultdict[type[rows.Row], dict[object, rows.Row]] = defaultdict(dict)
        self.added: defaultdict[type[rows.Row], list[rows.Row]] = defaultdict(list)
        self._finished: dict[int, None] = {}

    @property
    def trade_date(self) -> int:
        """The day now open, or the last one that was; 0 before the first."""
        return 0 if self.day is None else self.day.trade_date

    def know_instrument(self, row: rows.InstrumentRow) -> None:
        """Take an instrument in, or a change of one; a symbol names the instrument that had it last."""
        before = self.instruments.get(row.instrument_id)
        if before is not None and self.symbols.get(before.symbol) is before:
            del self.symbols[before.symbol]
        self.instruments[row.instrument_id] = self.symbols[row.symbol] = row

    def touch_order(self, order: rows.OrderRow) -> None:
        """Note that an order changed."""
        key = order.order_id
        self.orders[key] = order
        self.changed[rows.OrderRow][key] = order
        if order.status < _FINAL:
            self.open_of[order.account_id][key] = order
        else:
            self.open_of[order.account_id].pop(key, None)
            self._finished[key] = None

    def touch_child(self, child: rows.ChildRow) -> None:
        """Note that a child order changed."""
        self.children[child.token] = child
        self.children_of[child.order_id][child.token] = child
        self.changed[rows.ChildRow][child.token] = child

    def holding(self, account_id: int, instrument_id: int) -> rows.HoldingRow:
        """Give the row of a holding, marked as changed, because whoever asks is about to change it."""
        held = self.holdings[account_id]
        row = held.get(instrument_id)
        if row is None:
            row = held[instrument_id] = rows.HoldingRow(account_id, instrument_id, 0)
        self.changed[rows.HoldingRow][account_id, instrument_id] = row
        return row

    def shares(self, account_id: int, instrument_id: int) -> int:
        """Signed shares an account holds."""
        row = self.holdings[account_id].get(instrument_id)
        return 0 if row is None else row.shares

    def waiting(self) -> int:
        """How many rows wait to be written."""
        return sum(map(len, self.changed.values())) + sum(map(len, self.added.values()))

    def drain(self) -> Iterator[tuple[type[rows.Row], list[rows.Row]]]:
        """Give the rows to write, table by table, and forget which they were."""
        for kind, by_key in self.changed.items():
            if by_key:
                yield kind, list(by_key.values())
        for kind, new in self.added.items():
            if new:
                yield kind, new
        self.changed.clear()
        self.added.clear()

    def forget_finished(self) -> None:
        """Let go of finished orders, once they are written; one with a child still at a venue stays."""
        finished, self._finished = self._finished, {}
        for key in finished:
            children = self.children_of.get(key, {})
            if any(child.status != _DONE for child in children.values()):
                self._finished[key] = None
                continue
            for token in children:
                self.children.pop(token, None)
            self.children_of.pop(key, None)
            self.orders.pop(key, None)
