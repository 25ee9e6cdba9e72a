"""The public entities: what the trading API answers, field by field, and the ids they carry.

Decimals are strings, as clients of this API demand; times are RFC 3339. A field that is null here is null for every
equity order of this house and stands for what other kinds of orders would have.

Ids are UUIDs of version-4 shape that are nothing but the house's integers, written so that they can be read back:
``6f726472-0000-4000-8000-000000000029`` is order 41. Four letters say what it names (``ordr``), then zeros, the version
and variant digits every version-4 UUID has, and the number itself in the last 62 bits. Ids are no secret: whoever
asks for what is not theirs is told that it does not exist.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any, Final

import msgspec

_UUID: Final = re.compile(
    r"([0-9a-f]{8})-?0000-?4000-?([89ab][0-9a-f]{3})-?([0-9a-f]{12})", re.ASCII | re.IGNORECASE
)


class Kind(Enum):
    """What a UUID names."""

    ORDER = b"ordr".hex()
    ASSET = b"asst".hex()
    ACCOUNT = b"acct".hex()
    EXECUTION = b"exec".hex()
    ACTIVITY = b"actv".hex()
    WATCHLIST = b"wtch".hex()


def public_id(kind: Kind, number: int) -> str:
    """Write a number as the UUID of what it names."""
    high = 0x8000 | number >> 48
    return f"{kind.value}-0000-4000-{high:04x}-{number & 0xFFFFFFFFFFFF:012x}"


def read_id(kind: Kind, text: str) -> int | None:
    """Read the number back; None when the text is no UUID of that kind."""
    match = _UUID.fullmatch(text)
    if match is None or match[1].lower() != kind.value:
        return None
    return (int(match[2], 16) & 0x3FFF) << 48 | int(match[3], 16)


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """Root of all entities."""


class Account(Entity, frozen=True, kw_only=True):
    """A trading account (TradeAccount)."""

    id: str
    account_number: str
    status: str
    crypto_status: None = None
    currency: str = "USD"
    created_at: str
    cash: str
    equity: str
    portfolio_value: str
    last_equity: str
    long_market_value: str
    short_market_value: str
    position_market_value: str
    initial_margin: str
    maintenance_margin: str
    last_maintenance_margin: str = "0"
    buying_power: str
    regt_buying_power: str
    daytrading_buying_power: str = "0"
    non_marginable_buying_power: str
    options_buying_power: str = "0"
    options_approved_level: int = 0
    options_trading_level: int = 0
    multiplier: str
    sma: str = "0"
    accrued_fees: str = "0"
    pending_transfer_in: str = "0"
    pending_transfer_out: str = "0"
    pending_reg_taf_fees: str = "0"
    intraday_adjustments: str = "0"
    balance_asof: str
    trading_blocked: bool
    transfers_blocked: bool
    account_blocked: bool
    trade_suspended_by_user: bool = False
    shorting_enabled: bool
    pattern_day_trader: bool = False
    daytrade_count: int = 0


class Configuration(Entity, frozen=True, kw_only=True):
    """What an account is set to. All of it is set by the firm."""

    dtbp_check: str = "entry"
    pdt_check: str = "entry"
    fractional_trading: bool = False
    max_margin_multiplier: str
    no_shorting: bool
    suspend_trade: bool
    trade_confirm_email: str = "none"
    ptp_no_exception_entry: bool = False
    max_options_trading_level: int = 0
    disable_overnight_trading: bool = True


class OrderDetails(Entity, frozen=True, kw_only=True):
    """What a direct-access house knows of an order beyond the common fields."""

    order_id: int
    destination: str
    strategy: str | None
    display_qty: str | None
    directed: bool
    not_held: bool
    capacity: str
    short_exempt: bool
    intent: str | None
    commission: str
    fees: str
    arrival_bid: str | None
    arrival_ask: str | None
    held: str
    reason: str | None
    """Name of the reject reason: of the order, or of the latest refused cancel or replace of it."""
    text: str | None


class Order(Entity, frozen=True, kw_only=True):
    """An order."""

    id: str
    client_order_id: str
    created_at: str
    updated_at: str
    submitted_at: str
    filled_at: str | None
    expired_at: str | None
    expires_at: str | None
    canceled_at: str | None
    failed_at: str | None
    replaced_at: str | None
    replaced_by: str | None
    replaces: str | None
    asset_id: str
    symbol: str
    asset_class: str = "us_equity"
    notional: None = None
    qty: str
    filled_qty: str
    filled_avg_price: str | None
    order_class: str = "simple"
    order_type: str
    type: str
    side: str
    position_intent: str | None
    time_in_force: str
    limit_price: str | None
    stop_price: str | None
    status: str
    extended_hours: bool = False
    legs: None = None
    trail_percent: None = None
    trail_price: None = None
    hwm: None = None
    subtag: None = None
    source: None = None
    rushtrade: OrderDetails | msgspec.UnsetType = msgspec.UNSET


class CanceledOrder(Entity, frozen=True, kw_only=True):
    """One row of the answer to "cancel all"."""

    id: str
    status: int
    body: Any = None


class Position(Entity, frozen=True, kw_only=True):
    """An open position."""

    asset_id: str
    symbol: str
    exchange: str
    asset_class: str = "us_equity"
    asset_marginable: bool
    avg_entry_price: str
    qty: str
    qty_available: str
    side: str
    market_value: str
    cost_basis: str
    unrealized_pl: str
    unrealized_plpc: str
    unrealized_intraday_pl: str
    unrealized_intraday_plpc: str
    current_price: str
    lastday_price: str
    change_today: str


class ClosedPosition(Entity, frozen=True, kw_only=True):
    """One row of the answer to "close all positions"."""

    symbol: str
    status: int
    order_id: str | None
    body: Any


class Asset(Entity, frozen=True, kw_only=True):
    """A stock that can be asked for."""

    id: str
    asset_class: str = msgspec.field(name="class", default="us_equity")
    exchange: str
    symbol: str
    name: str
    status: str = "active"
    tradable: bool
    marginable: bool
    shortable: bool
    easy_to_borrow: bool
    fractionable: bool = False
    attributes: list[str] = []
    borrow_status: str


class MarketClock(Entity, frozen=True, kw_only=True):
    """Now, by the market's clock, and when it opens and closes next. New York offsets."""

    timestamp: str
    is_open: bool
    next_open: str
    next_close: str


class CalendarDay(Entity, frozen=True, kw_only=True):
    """A trading session."""

    date: str
    open: str
    close: str
    session_open: str
    session_close: str
    settlement_date: str


class TradeActivity(Entity, frozen=True, kw_only=True):
    """An execution, as an activity."""

    id: str
    activity_type: str = "FILL"
    type: str
    transaction_time: str
    price: str
    qty: str
    cum_qty: str
    leaves_qty: str
    side: str
    symbol: str
    order_id: str
    order_status: str


class OtherActivity(Entity, frozen=True, kw_only=True):
    """Money or shares that moved for another reason."""

    id: str
    activity_type: str
    activity_sub_type: None = None
    date: str
    created_at: str
    net_amount: str
    description: str
    status: str = "executed"
    symbol: str | None
    qty: str | None
    price: None = None
    per_share_amount: None = None
    currency: str = "USD"


class PortfolioHistory(Entity, frozen=True, kw_only=True):
    """What an account was worth over time. Times are UNIX seconds; amounts are numbers, as clients demand here."""

    timestamp: list[int]
    equity: list[float]
    profit_loss: list[float]
    profit_loss_pct: list[float]
    base_value: float
    base_value_asof: str | None
    timeframe: str
    cashflow: dict[str, list[float]]
