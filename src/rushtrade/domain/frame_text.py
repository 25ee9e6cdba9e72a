"""What a journal frame says, for people and for JSON: every command and event by the names of its fields.

Driven by the structs themselves, so that a new command or event is shown without a word being added here. Text leaves out
numbers that are zero and what is empty, and writes prices and money as decimals; JSON keeps every field, integers as they are.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import msgspec

from rushtrade.domain.frames import Entry
from rushtrade.domain.instants import day_from_number, format_instant
from rushtrade.domain.numbers import format_money, format_price
from rushtrade.domain.quotes import LEVEL_BYTES
from rushtrade.domain.transfers import CASH, Transfer, code_of, owner_of

PRICES: Final = frozenset(
    {"price", "limit_price", "stop_price", "trade_price", "previous_close", "bound"}
    | {"bid", "ask", "last", "arrival_bid", "arrival_ask"}
)
MONEY: Final = frozenset(
    {"amount", "cost", "expected_cost", "hold_money", "hold_money_left", "order_notional_max"}
    | {"commission", "fees", "venue_fee", "sec_fee", "taf", "cat_fee"}
    | {"per_share", "per_trade", "order_min", "order_max"}
    | {"professional", "non_professional", "non_display", "query_professional", "query_non_professional"}
)
DAYS: Final = frozenset({"trade_date", "settlement_date", "day", "first_day", "due_day"})
INSTANTS: Final = frozenset({"time_ns", "venue_time_ns", "opens_ns", "closes_ns"})


def entry_lines(seq: int, entry: Entry) -> list[str]:
    """Write one command and what came of it: a line for the command, one behind an arrow for each event."""
    return [
        f"{seq} {entry.actor}: {struct_text(entry.command)}",
        *(f"    → {struct_text(event)}" for event in entry.events),
    ]


def struct_text(struct: msgspec.Struct) -> str:
    """Write a command, an event or a part of one in one line."""
    if isinstance(struct, Transfer):
        return _transfer_text(struct)
    fields = ((name, getattr(struct, name)) for name in struct.__struct_fields__)
    told = [f"{name}={_text(name, value)}" for name, value in fields if _says_something(name, value)]
    return " ".join([type(struct).__name__, *told])


def _says_something(name: str, value: Any) -> bool:
    """Tell what is shown even though it is false: yes or no, a code such as BUY, venue 0."""
    return bool(value) or isinstance(value, bool | IntEnum) or name == "venue"


def _transfer_text(transfer: Transfer) -> str:
    amount = (
        format_money(transfer.amount) if transfer.asset == CASH else f"{transfer.amount} of #{transfer.asset}"
    )
    return (
        f"{transfer.code.name} {amount} {_account_text(transfer.debit_account)} > "
        f"{_account_text(transfer.credit_account)}"
    )


def _account_text(account: int) -> str:
    return f"{owner_of(account) or 'firm'}.{code_of(account).name.removeprefix('CUSTOMER_')}"


def _text(name: str, value: Any) -> str:
    match value:
        case msgspec.Struct():
            return f"({struct_text(value)})"
        case tuple() | list():
            return f"[{', '.join(_text(name, each) for each in value)}]"
        case IntEnum() | bytes():
            return str(plain(value))
        case bool() | str():
            return repr(value)
    if name in PRICES:
        return format_price(value)
    if name in MONEY:
        return format_money(value)
    if name in DAYS:
        return str(day_from_number(value))
    return format_instant(value) if name in INSTANTS else str(value)


def plain(value: Any) -> Any:
    """Give what JSON can hold: structs by field names under their `type`, codes by name, levels as rows of three."""
    match value:
        case msgspec.Struct():
            named = {name: plain(getattr(value, name)) for name in value.__struct_fields__}
            return {"type": type(value).__name__} | named
        case IntEnum():
            return value.name
        case tuple() | list():
            return [plain(each) for each in value]
        case bytes():
            return [_level(value[at : at + LEVEL_BYTES]) for at in range(0, len(value), LEVEL_BYTES)]
    return value


def _level(row: bytes) -> list[int]:
    """Read a row of `QuoteStamp.levels`: venue × 2 + side, price, shares."""
    third = LEVEL_BYTES // 3
    return [
        int.from_bytes(row[at : at + third], "little", signed=True) for at in range(0, LEVEL_BYTES, third)
    ]
