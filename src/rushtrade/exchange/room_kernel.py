"""Room for what an instruction may lead to: made sure of before anything is changed.

An instruction that finds a table too small changes nothing, names the table in H_SHORT and is carried out again after
`Tables.grow`. The bounds are generous, never exact: they say what could happen at most.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Final

from rushtrade.exchange.book_kernel import book_at, stock_at
from rushtrade.exchange.tables import (
    B_FILLS,
    ENTRY_SIZE,
    H_FEED_END,
    H_FEED_USED,
    H_INDEX_END,
    H_INDEX_LARGEST,
    H_INDEX_USED,
    H_LEVELS_END,
    H_LEVELS_FREE,
    H_LEVELS_USED,
    H_ORDERS_END,
    H_ORDERS_FREE,
    H_ORDERS_USED,
    H_REPORTS_END,
    H_REPORTS_USED,
    H_SHORT,
    H_TOKENS_MASK,
    H_TOKENS_USED,
    LEVEL_BYTES,
    ORDER_BYTES,
    S_PEGS,
    SHORT_FEED,
    SHORT_INDEX,
    SHORT_LEVELS,
    SHORT_ORDERS,
    SHORT_REPORTS,
    SHORT_TOKENS,
)
from rushtrade.wire.address_kernel import load_i64, store_i64
from rushtrade.wire.compiled import inner_kernel
from rushtrade.wire.itch50_emit_kernel import MESSAGE_BYTES_MAX
from rushtrade.wire.order_entry import REPORT_BYTES

REPORTS_BESIDE_FILLS: Final = 4
MESSAGES_BESIDE_FILLS: Final = 4


@inner_kernel
def short_of(h: int, table: int) -> bool:
    """Name the table that is too small; always False, so that it can be returned."""
    store_i64(h + H_SHORT, table)
    return False


@inner_kernel
def room(h: int, fills: int) -> bool:
    """Make sure of room for one new order, one new level and `fills` executions with all that is told of them."""
    reports = (2 * fills + REPORTS_BESIDE_FILLS) * REPORT_BYTES
    if load_i64(h + H_REPORTS_USED) + reports > load_i64(h + H_REPORTS_END):
        return short_of(h, SHORT_REPORTS)
    messages = (2 * fills + MESSAGES_BESIDE_FILLS) * MESSAGE_BYTES_MAX
    if load_i64(h + H_FEED_USED) + messages > load_i64(h + H_FEED_END):
        return short_of(h, SHORT_FEED)
    if load_i64(h + H_ORDERS_FREE) == 0 and load_i64(h + H_ORDERS_USED) + ORDER_BYTES > load_i64(
        h + H_ORDERS_END
    ):
        return short_of(h, SHORT_ORDERS)
    if load_i64(h + H_LEVELS_FREE) == 0 and load_i64(h + H_LEVELS_USED) + LEVEL_BYTES > load_i64(
        h + H_LEVELS_END
    ):
        return short_of(h, SHORT_LEVELS)
    if load_i64(h + H_INDEX_USED) + 2 * load_i64(h + H_INDEX_LARGEST) > load_i64(h + H_INDEX_END):
        return short_of(h, SHORT_INDEX)
    if 2 * load_i64(h + H_TOKENS_USED) > load_i64(h + H_TOKENS_MASK):
        return short_of(h, SHORT_TOKENS)
    return True


@inner_kernel
def room_for_levels(h: int, levels: int) -> bool:
    """Make sure of room for so many new price levels more."""
    if load_i64(h + H_LEVELS_USED) + (levels + 1) * LEVEL_BYTES > load_i64(h + H_LEVELS_END):
        return short_of(h, SHORT_LEVELS)
    blocks = 8 * (
        load_i64(h + H_INDEX_LARGEST) + levels * ENTRY_SIZE
    )  # two books, each block twice the one before
    if load_i64(h + H_INDEX_USED) + blocks > load_i64(h + H_INDEX_END):
        return short_of(h, SHORT_INDEX)
    return True


@inner_kernel
def fills_in_both(h: int, locate: int) -> int:
    """Executions all orders in the books of a stock can meet with."""
    return load_i64(book_at(h, locate, 0) + B_FILLS) + load_i64(book_at(h, locate, 1) + B_FILLS)


@inner_kernel
def room_at(h: int, locate: int, fills: int) -> bool:
    """Make sure of room for `fills` executions in a stock, and for what its pegged orders may do after them."""
    pegs = load_i64(stock_at(h, locate) + S_PEGS)
    if pegs == 0:
        return room(h, fills)
    return room(h, fills + pegs + fills_in_both(h, locate)) and room_for_levels(h, pegs)
