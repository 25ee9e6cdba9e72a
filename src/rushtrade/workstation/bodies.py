"""What a workstation's requests may say: one struct for each kind of argument; an unknown argument is refused by name."""

from __future__ import annotations

from typing import Literal

import msgspec

from rushtrade.api.decoding import DecimalText, Whole
from rushtrade.api.order_bodies import Marks


class Symbols(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole set of symbols wanted."""

    symbols: list[str]


class OneAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account."""

    account_id: Whole


class OrderBody(Marks, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An order."""

    symbol: str
    side: Literal["buy", "sell", "sell_short"]
    type: Literal["market", "limit", "stop", "stop_limit"]
    time_in_force: Literal["day", "gtc", "ioc", "fok"]
    quantity: Whole
    limit_price: DecimalText | None = None
    stop_price: DecimalText | None = None
    route: str = ""
    display: Whole | None = None
    extended_hours: bool = False
    client_order_id: str = ""
    binding: str = ""


class ReplaceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Changes of an order; what is left out stays."""

    order_id: Whole
    quantity: Whole | None = None
    limit_price: DecimalText | None = None
    stop_price: DecimalText | None = None
    client_order_id: str = ""


class OneOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order's id."""

    order_id: Whole


class Orders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Orders by their ids."""

    order_ids: list[Whole]


class MaybeSymbol(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One symbol, or all."""

    symbol: str = ""


class RouteSwitch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A route and whether it is on."""

    code: str
    enabled: bool
    reason: str = ""


class Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The client's time."""

    client_us: Whole


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether something is wanted."""

    on: bool


class ScanBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must be true of a stock, and how the found ones are ordered; see docs/tape.md."""

    expression: str
    order: str = "volume"
    limit: Whole = Whole(100)
    rising: bool = False


class ListBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list of the day; kinds are in docs/tape.md."""

    kind: str
    top: Whole = Whole(20)


class Steering(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a replay shall do. `speed` is a multiple of the day's pace, or max; `time_us` belongs to seek, `messages` to step."""

    action: Literal["play", "pause", "seek", "step"]
    speed: str = ""
    time_us: Whole | None = None
    messages: Whole = Whole(1)
