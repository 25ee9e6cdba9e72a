"""One venue's matching engine as the rest of the exchange sees it: instructions in, reports and feed out.

Owns the tables and runs the kernels over them until they are through, growing what they say is short. Deterministic:
the same calls give the same reports and the same feed, byte for byte. Refuses to know firms, sockets and the clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rushtrade.domain.errors import InvalidInput
from rushtrade.exchange.crossing import INTEREST
from rushtrade.exchange.matching_kernel import submit
from rushtrade.exchange.session_kernel import execute_cross, expire, gather, release, set_away
from rushtrade.exchange.tables import (
    B_PHASE,
    H_NEXT_MATCH,
    H_RULES,
    H_SESSION,
    H_STOCKS,
    ORDER_BYTES,
    RULE_LOCK_AND_CROSS,
    RULE_TRADE_THROUGH,
    S_AUCTIONS,
    S_LOWER,
    S_SHORT_TEST,
    S_UPPER,
    SESSION_CLOSED,
    SESSION_REGULAR,
    Tables,
)
from rushtrade.wire.compiled import address_of
from rushtrade.wire.order_entry import ORDER_ENTRY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rushtrade.wire.order_entry import Rows

STOCKS_MAX = 65_535
"""Locates are two bytes on the feed and 0 is no stock."""
STOCK_BYTES = 8
INTEREST_ROWS = 256
"""Room a cross begins with, in orders; doubled until all fit."""


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
        return self.tables.value(H_SESSION) != SESSION_CLOSED

    def open(self) -> None:
        """Take new orders from now on."""
        self.tables.put(H_SESSION, SESSION_REGULAR)

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

    # --- turns of the day -----------------------------------------------------------------------------------

    def begin_session(self, session: int) -> None:
        """Begin a session: SESSION_PRE, SESSION_REGULAR or SESSION_POST. Orders that waited for it go with `release`."""
        self.tables.put(H_SESSION, session)

    def keep_rules(self, *, trade_through: bool, lock_and_cross: bool) -> None:
        """Say which rules of Regulation NMS are in force: 242.611 and 242.610(e)."""
        rules = RULE_TRADE_THROUGH * trade_through + RULE_LOCK_AND_CROSS * lock_and_cross
        self.tables.put(H_RULES, rules)

    def hold_auctions(self, locate: int) -> None:
        """Hold the crosses of a stock here: orders for them are taken."""
        self.tables.put_stock_value(locate, S_AUCTIONS, 1)

    def set_phase(self, locate: int, phase: int) -> None:
        """Trade a stock, halt it, or call for orders that wait for a cross."""
        for side in (0, 1):
            self.tables.put_book_value(locate, side, B_PHASE, phase)

    def set_band(self, locate: int, lower: int, upper: int) -> None:
        """Let a stock trade within a price band alone; 0, 0 = no band."""
        self.tables.put_stock_value(locate, S_LOWER, lower)
        self.tables.put_stock_value(locate, S_UPPER, upper)

    def restrict_short_sales(self, locate: int, *, on: bool) -> None:
        """Hold short sales of a stock to the price test of 242.201, or no longer."""
        self.tables.put_stock_value(locate, S_SHORT_TEST, int(on))

    def set_away(self, locate: int, bid: int, ask: int) -> None:
        """Take the best protected quotes of the other venues; 0 = none."""
        while not set_away(self.tables.address, locate, bid, ask):
            self.tables.grow()

    def release(self, locate: int, over: int) -> None:
        """Let waiting orders of a stock go that need wait no longer; those for the cross `over` (0 = none) end."""
        while not release(self.tables.address, locate, over):
            self.tables.grow()

    def interest(self, locate: int, cross: int) -> NDArray[np.void]:
        """All that may take part in a cross (OPENING or CLOSING) of a stock: waiting orders, then the books."""
        rows = np.zeros(INTEREST_ROWS, INTEREST)
        while True:
            begin = address_of(rows)
            count = gather(self.tables.address, locate, cross, begin, begin + rows.nbytes)
            if count >= 0:
                return rows[:count]
            rows = np.zeros(2 * len(rows), INTEREST)

    def execute(self, allotments: Sequence[tuple[int, int]], price: int, liquidity: int) -> int:
        """Execute the orders of a cross at its price, under one match number, which is returned."""
        match = self.tables.value(H_NEXT_MATCH)
        self.tables.put(H_NEXT_MATCH, match + 1)
        for handle, shares in allotments:
            while not execute_cross(self.tables.address, handle, shares, price, match, liquidity):
                self.tables.grow()
        return match

    def expire(self, *, extended: bool) -> None:
        """Cancel customers' orders with a report each; those of the extended session only when told so."""
        handle = expire(self.tables.address, ORDER_BYTES, int(extended))
        while handle:
            self.tables.grow()
            handle = expire(self.tables.address, handle, int(extended))
        for locate in range(1, self.tables.value(H_STOCKS) + 1):
            self.release(locate, 0)  # pegged orders follow a quote that may have moved

    def close(self) -> None:
        """Cancel every customer's order with a report, and take no more."""
        self.tables.put(H_SESSION, SESSION_CLOSED)
        self.expire(extended=True)
