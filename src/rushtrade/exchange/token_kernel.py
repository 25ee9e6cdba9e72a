"""The venue's memory of tokens: no order a firm has named is ever executed a second time.

Every token of an accepted or refused ENTER or REPLACE is remembered for the life of the venue, in an open-addressing
table over (firm, token). While the order works, its entry leads to the order's record; when it ends, the entry keeps
how it ended and how many shares were executed. Entries are given as addresses; inserting moves none.
"""

# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Final

from rushtrade.exchange.listener_kernel import report
from rushtrade.exchange.tables import (
    H_ORDERS,
    H_TOKENS,
    H_TOKENS_MASK,
    H_TOKENS_USED,
    O_EXECUTED,
    O_FIRM,
    O_ID,
    O_LOCATE,
    O_PRICE,
    O_RESERVE,
    O_SHARES,
    O_SIDE,
    O_TOKEN,
    T_EXECUTED,
    T_FIRM,
    T_LOCATE,
    T_ORDER,
    T_REASON,
    T_SIDE,
    T_TOKEN,
    T_WORKING,
    TOKEN_BYTES,
    token_home,
)
from rushtrade.wire.address_kernel import load_i64, load_u8, load_u16, store_i64, store_u8, store_u16
from rushtrade.wire.compiled import inner_kernel
from rushtrade.wire.order_entry import REASON_UNKNOWN_ORDER, STATUS

REPORT_STATUS: Final = STATUS
UNKNOWN: Final = REASON_UNKNOWN_ORDER


@inner_kernel
def find_home(h: int, firm: int, token: int) -> int:
    """Address where the search for a token begins, for bringing it near in time."""
    place = token_home(firm, token) & load_i64(h + H_TOKENS_MASK)
    return load_i64(h + H_TOKENS) + place * TOKEN_BYTES


@inner_kernel
def find_token(h: int, firm: int, token: int) -> int:
    """Address of the entry of a token, or of the free place where it belongs (its T_TOKEN is 0)."""
    table = load_i64(h + H_TOKENS)
    mask = load_i64(h + H_TOKENS_MASK)
    place = token_home(firm, token) & mask
    while True:
        entry = table + place * TOKEN_BYTES
        stored = load_i64(entry + T_TOKEN)
        if stored == 0 or (stored == token and load_u16(entry + T_FIRM) == firm):
            return entry
        place = (place + 1) & mask


@inner_kernel
def _occupy(h: int, entry: int, firm: int, token: int, locate: int, side: int) -> None:
    store_i64(entry + T_TOKEN, token)
    store_i64(entry + T_FIRM, 0)
    store_u16(entry + T_FIRM, firm)
    store_u16(entry + T_LOCATE, locate)
    store_u8(entry + T_SIDE, side)
    store_i64(entry + T_EXECUTED, 0)
    store_i64(entry + T_ORDER, 0)
    store_i64(h + H_TOKENS_USED, load_i64(h + H_TOKENS_USED) + 1)


@inner_kernel
def remember_order(h: int, entry: int, order: int) -> None:
    """Let a free entry lead to a working order, under the order's token."""
    firm, token = load_u16(order + O_FIRM), load_i64(order + O_TOKEN)
    _occupy(h, entry, firm, token, load_u16(order + O_LOCATE), load_u8(order + O_SIDE))
    store_u8(entry + T_WORKING, 1)
    store_i64(entry + T_ORDER, order - load_i64(h + H_ORDERS))


@inner_kernel
def remember_refusal(h: int, entry: int, firm: int, token: int, locate: int, side: int, reason: int) -> None:
    """Keep in a free entry that an instruction was refused."""
    _occupy(h, entry, firm, token, locate, side)
    store_u8(entry + T_REASON, reason)


@inner_kernel
def end_token(h: int, order: int, reason: int) -> None:
    """Keep of an order what will be asked for after its record is gone."""
    entry = find_token(h, load_u16(order + O_FIRM), load_i64(order + O_TOKEN))
    store_u8(entry + T_WORKING, 0)
    store_u8(entry + T_REASON, reason)
    store_i64(entry + T_EXECUTED, load_i64(order + O_EXECUTED))
    store_i64(entry + T_ORDER, load_i64(order + O_ID))


@inner_kernel
def total_shares(h: int, entry: int) -> int:
    """Size of an order while it works; what was executed of it afterwards."""
    if load_u8(entry + T_WORKING):
        order = load_i64(h + H_ORDERS) + load_i64(entry + T_ORDER)
        return load_i64(order + O_EXECUTED) + load_i64(order + O_SHARES) + load_i64(order + O_RESERVE)
    return load_i64(entry + T_EXECUTED)


@inner_kernel
def report_token(
    h: int, kind: int, reason: int, entry: int, token: int, original_token: int, shares: int
) -> None:
    """Report on an order that may be over: from its record while it works, else from its entry."""
    firm, locate, side = load_u16(entry + T_FIRM), load_u16(entry + T_LOCATE), load_u8(entry + T_SIDE)
    if load_u8(entry + T_WORKING):
        order = load_i64(h + H_ORDERS) + load_i64(entry + T_ORDER)
        leaves = load_i64(order + O_SHARES) + load_i64(order + O_RESERVE)
        executed = load_i64(order + O_EXECUTED)
        price, order_id = load_i64(order + O_PRICE), load_i64(order + O_ID)
        report(
            h,
            kind,
            firm,
            locate,
            side,
            reason,
            token,
            original_token,
            order_id,
            price,
            shares,
            leaves,
            executed,
        )
        return
    executed = load_i64(entry + T_EXECUTED)
    order_id = load_i64(entry + T_ORDER)
    report(h, kind, firm, locate, side, reason, token, original_token, order_id, 0, shares, 0, executed)


@inner_kernel
def report_status(h: int, firm: int, token: int) -> None:
    """Tell a firm what is known of a token."""
    entry = find_token(h, firm, token)
    if load_i64(entry + T_TOKEN) == 0:
        report(h, REPORT_STATUS, firm, 0, 0, UNKNOWN, token, 0, 0, 0, 0, 0, 0)
        return
    report_token(h, REPORT_STATUS, load_u8(entry + T_REASON), entry, token, 0, total_shares(h, entry))
