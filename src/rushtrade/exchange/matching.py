"""One venue's matching engine as the rest of the exchange sees it: instructions in, reports and feed out.

Owns the tables and runs the kernels over them until they are through, growing what they say is short. Deterministic:
the same calls give the same reports and the same feed, byte for byte. Refuses to know firms, sockets and the clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushtrade.domain.errors import InvalidInput
from rushtrade.exchange.matching_kernel import close_day, submit
from rushtrade.exchange.tables import H_OPEN, ORDER_BYTES, Tables
from rushtrade.wire.compiled import address_of
from rushtrade.wire.order_entry import ORDER_ENTRY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushtrade.wire.order_entry import Rows

STOCKS_MAX = 65_535
"""Locates are two bytes on the feed and 0 is no stock."""
STOCK_BYTES = 8


class MatchingEngine:
    """Price-time priority for all stocks of a venue. Stocks are named by locate: their place in `stocks`, from 1.

    `tick` and `sub_dollar_tick` are the price grid from $1 up and below, in $0.0001.
    """

    def __init__(
        self, stocks: Sequence[str], midnight_ns: int = 0, *, tick: int = 100, sub_dollar_tick: int = 1
    ) -> None:
        if not 0 < len(stocks) <= STOCKS_MAX:
            raise InvalidInput(f"a venue lists 1 to {STOCKS_MAX:,} stocks, not {len(stocks):,}")
        names = [stock.encode("ascii").ljust(STOCK_BYTES) for stock in stocks]
        for name in names:
            if len(name) > STOCK_BYTES:
                raise InvalidInput(f"stock {name.decode()!r} is longer than {STOCK_BYTES} letters")
        self.tables = Tables(names, midnight_ns, tick, sub_dollar_tick)

    @property
    def is_open(self) -> bool:
        """True while new orders are taken."""
        return self.tables.value(H_OPEN) != 0

    def open(self) -> None:
        """Take new orders from now on."""
        self.tables.put(H_OPEN, 1)

    def submit(self, batch: Rows, now_ns: int) -> None:
        """Carry out a batch of ORDER_ENTRY rows at the venue's time `now_ns`."""
        if batch.dtype is not ORDER_ENTRY and batch.dtype != ORDER_ENTRY:
            raise InvalidInput(f"a batch of instructions has the layout ORDER_ENTRY, not {batch.dtype}")
        if not batch.flags.c_contiguous:
            batch = batch.copy()
        tables, count = self.tables, len(batch)
        rows = address_of(batch)
        done = submit(tables.address, rows, 0, count, now_ns)
        while done < count:
            tables.grow()
            done = submit(tables.address, rows, done, count, now_ns)

    def close(self) -> None:
        """Cancel every customer's order with a report, and take no more."""
        self.tables.put(H_OPEN, 0)
        handle = close_day(self.tables.address, ORDER_BYTES)
        while handle:
            self.tables.grow()
            handle = close_day(self.tables.address, handle)
