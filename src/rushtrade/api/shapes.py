"""From rows to entities: the house's integers written the way the trading API's clients read them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec

from rushtrade.api import entities as en
from rushtrade.api.entities import Kind, public_id
from rushtrade.domain.accounts import AccountState
from rushtrade.domain.instants import SECOND, day_from_number, format_instant
from rushtrade.domain.instruments import EquityClass
from rushtrade.domain.numbers import (
    MONEY_UNIT,
    PRICE_UNIT,
    format_money,
    format_price,
    notional,
)
from rushtrade.domain.orders import (
    ROUTE_STRATEGIES,
    Capacity,
    Intent,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)
from rushtrade.domain.plans import Strategy
from rushtrade.domain.rejects import RejectReason
from rushtrade.store import rows

if TYPE_CHECKING:
    from rushtrade.api.ports import AccountSummary, PositionView
    from rushtrade.store.image import Image

NEW_YORK: Final = ZoneInfo("America/New_York")
AVERAGE_DIGITS: Final = 9
RATIO_DIGITS: Final = 10

STATUS_TEXT: Final[dict[int, str]] = {status.value: status.name.lower() for status in OrderStatus}
TYPE_TEXT: Final[dict[int, str]] = {kind.value: kind.name.lower() for kind in OrderType}
SIDE_TEXT: Final[dict[int, str]] = {side.value: side.name.lower() for side in Side}
TIF_TEXT: Final[dict[int, str]] = {tif.value: tif.name.lower() for tif in TimeInForce}
INTENT_TEXT: Final[dict[int, str]] = {
    Intent.BUY_TO_OPEN: "buy_to_open",
    Intent.BUY_TO_CLOSE: "buy_to_close",
    Intent.SELL_TO_CLOSE: "sell_to_close",
    Intent.SELL_SHORT: "sell_to_open",
}

_EXCHANGES: Final = {
    "NASDAQ": "NASDAQ", "XNAS": "NASDAQ",
    "NYSE": "NYSE", "XNYS": "NYSE",
    "ARCA": "ARCA", "ARCX": "ARCA",
    "AMEX": "AMEX", "XASE": "AMEX",
    "BATS": "BATS",
}  # fmt: skip
"""Venues that clients of the API have a name for. They refuse any other name."""
_CLASS_EXCHANGES: Final = {
    EquityClass.LISTED: "NYSE",
    EquityClass.NASDAQ: "NASDAQ",
    EquityClass.OTC_BB: "OTC",
    EquityClass.PINK: "OTC",
}


def ratio_text(numerator: int, denominator: int, digits: int) -> str:
    """Write a fraction as decimal text with at most so many digits, half away from zero."""
    scale: int = 10**digits
    scaled, rest = divmod(abs(numerator) * scale, denominator)
    scaled += 2 * rest >= denominator
    whole, fraction = divmod(scaled, scale)
    sign = "-" if numerator < 0 and scaled else ""
    text = f"{fraction:0{digits}d}".rstrip("0")
    return f"{sign}{whole}.{text}" if text else f"{sign}{whole}"


def instant(time_ns: int) -> str | None:
    """Write an instant; null when there is none."""
    return format_instant(time_ns) if time_ns else None


def price_or_null(price: int) -> str | None:
    """Write a price; null when there is none."""
    return format_price(price) if price else None


def new_york(time_ns: int) -> str:
    """Write an instant with New York's offset, as the clock endpoint does."""
    moment = dt.datetime.fromtimestamp(time_ns // SECOND, NEW_YORK)
    fraction = f".{time_ns % SECOND:09d}" if time_ns % SECOND else ""
    offset = moment.strftime("%z")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}{offset[:3]}:{offset[3:]}"


def average_price(row: rows.OrderRow) -> str | None:
    """Write the average price of an order's executions, exact to nine digits."""
    return ratio_text(row.value, row.filled * PRICE_UNIT, AVERAGE_DIGITS) if row.filled else None


def status_text(row: rows.OrderRow) -> str:
    """Write a status. An order that waits for the market to open has been accepted and is not yet routed."""
    waits = row.status == OrderStatus.NEW and not row.strategy and not row.stop_price
    return "accepted" if waits else STATUS_TEXT[row.status]


def order(row: rows.OrderRow, image: Image, *, details: bool = False) -> en.Order:
    """Write an order."""
    day_ends = image.day.closes_ns if image.day and image.day.trade_date == row.trade_date else 0
    kind = TYPE_TEXT[row.order_type]
    return en.Order(
        id=public_id(Kind.ORDER, row.order_id),
        client_order_id=row.client_order_id,
        created_at=format_instant(row.submitted_ns),
        updated_at=format_instant(row.updated_ns),
        submitted_at=format_instant(row.submitted_ns),
        filled_at=instant(row.filled_ns) if row.status == OrderStatus.FILLED else None,
        expired_at=instant(row.expired_ns),
        expires_at=instant(day_ends) if row.time_in_force == TimeInForce.DAY else None,
        canceled_at=instant(row.canceled_ns),
        failed_at=instant(row.failed_ns),
        replaced_at=instant(row.replaced_ns),
        replaced_by=public_id(Kind.ORDER, row.replaced_by) if row.replaced_by else None,
        replaces=public_id(Kind.ORDER, row.replaces) if row.replaces else None,
        asset_id=public_id(Kind.ASSET, row.instrument_id),
        symbol=image.instruments[row.instrument_id].symbol,
        qty=str(row.quantity),
        filled_qty=str(row.filled),
        filled_avg_price=average_price(row),
        order_type=kind,
        type=kind,
        side=SIDE_TEXT[row.side],
        position_intent=INTENT_TEXT.get(row.intent),
        time_in_force=TIF_TEXT[row.time_in_force],
        limit_price=price_or_null(row.limit_price),
        stop_price=price_or_null(row.stop_price),
        status=status_text(row),
        extended_hours=bool(row.hours),
        rushtrade=order_details(row) if details else msgspec.UNSET,
    )


def order_details(row: rows.OrderRow) -> en.OrderDetails:
    """Write what the common fields have no room for."""
    return en.OrderDetails(
        order_id=row.order_id,
        destination=row.route,
        strategy=Strategy(row.strategy).name.lower() if row.strategy else None,
        display_qty="0" if row.hidden else str(row.display_shares) if row.display_shares else None,
        directed=row.route not in ROUTE_STRATEGIES,
        not_held=bool(row.not_held),
        capacity=Capacity(row.capacity).name.lower(),
        short_exempt=bool(row.short_exempt),
        intent=Intent(row.intent).name.lower() if row.intent else None,
        commission=format_money(row.commission),
        fees=format_money(row.fees),
        arrival_bid=price_or_null(row.arrival_bid),
        arrival_ask=price_or_null(row.arrival_ask),
        held=format_money(row.hold_money),
        reason=RejectReason(row.refused).name if row.refused else None,
        text=row.text or None,
    )


def account(row: rows.AccountRow, summary: AccountSummary, now_ns: int, *, firm_stopped: bool) -> en.Account:
    """Write an account."""
    stopped = bool(row.killed) or firm_stopped
    state = AccountState(row.state)
    equity = format_money(summary.equity)
    return en.Account(
        id=public_id(Kind.ACCOUNT, row.account_id),
        account_number=row.number,
        status="ACCOUNT_CLOSED" if state is AccountState.CLOSED else "ACTIVE",
        created_at=format_instant(row.opened_ns),
        cash=format_money(summary.cash),
        equity=equity,
        portfolio_value=equity,
        last_equity=format_money(summary.equity_at_close),
        long_market_value=format_money(summary.long_value),
        short_market_value=format_money(summary.short_value),
        position_market_value=format_money(summary.long_value - summary.short_value),
        initial_margin=format_money(summary.initial_requirement),
        maintenance_margin=format_money(summary.maintenance_requirement),
        buying_power=format_money(summary.buying_power),
        regt_buying_power=format_money(summary.buying_power),
        non_marginable_buying_power=format_money(max(summary.cash - summary.held, 0)),
        multiplier=str(summary.multiplier),
        balance_asof=format_instant(now_ns)[:10],
        trading_blocked=stopped or state is not AccountState.ENABLED,
        transfers_blocked=state is AccountState.CLOSED,
        account_blocked=state in {AccountState.DISABLED, AccountState.CLOSED},
        shorting_enabled=bool(row.short_permitted) and summary.multiplier > 1,
    )


def configuration(row: rows.AccountRow, summary: AccountSummary) -> en.Configuration:
    """Write what an account is set to."""
    return en.Configuration(
        max_margin_multiplier=str(summary.multiplier),
        no_shorting=not row.short_permitted,
        suspend_trade=bool(row.killed),
    )


def exchange_of(row: rows.InstrumentRow) -> str:
    """Name the exchange of an instrument in the words clients know."""
    return _EXCHANGES.get(row.primary_venue) or _CLASS_EXCHANGES[EquityClass(row.equity_class)]


def asset(row: rows.InstrumentRow) -> en.Asset:
    """Write an asset."""
    return en.Asset(
        id=public_id(Kind.ASSET, row.instrument_id),
        exchange=exchange_of(row),
        symbol=row.symbol,
        name=row.name,
        tradable=bool(row.tradable and not row.halted),
        marginable=bool(row.marginable),
        shortable=bool(row.easy_to_borrow),
        easy_to_borrow=bool(row.easy_to_borrow),
        borrow_status="easy_to_borrow" if row.easy_to_borrow else "not_shortable",
    )


def position(view: PositionView, row: rows.InstrumentRow) -> en.Position:
    """Write an open position."""
    shares, size = view.shares, abs(view.shares)
    cost_size = abs(view.cost)
    today_cost = notional(row.previous_close, size)
    change = view.price - row.previous_close
    return en.Position(
        asset_id=public_id(Kind.ASSET, view.instrument_id),
        symbol=row.symbol,
        exchange=exchange_of(row),
        asset_marginable=bool(row.marginable),
        avg_entry_price=ratio_text(cost_size, size * MONEY_UNIT, AVERAGE_DIGITS),
        qty=str(shares),
        qty_available=str(shares - view.closing_held if shares > 0 else shares + view.closing_held),
        side="long" if shares > 0 else "short",
        market_value=format_money(view.market_value),
        cost_basis=format_money(view.cost),
        unrealized_pl=format_money(view.unrealised),
        unrealized_plpc=ratio_text(view.unrealised, cost_size or 1, RATIO_DIGITS),
        unrealized_intraday_pl=format_money(view.day_profit),
        unrealized_intraday_plpc=ratio_text(view.day_profit, today_cost or 1, RATIO_DIGITS),
        current_price=format_price(view.price),
        lastday_price=format_price(row.previous_close),
        change_today=ratio_text(change, row.previous_close, RATIO_DIGITS) if row.previous_close else "0",
    )


def activity_id(event_id: int, time_ns: int) -> str:
    """Name an activity the way clients expect: its time, then its id. Only the id is read back."""
    moment = dt.datetime.fromtimestamp(time_ns // SECOND, dt.UTC)
    return f"{moment:%Y%m%d%H%M%S}{time_ns % SECOND // 1_000_000:03d}::{public_id(Kind.ACTIVITY, event_id)}"


def activity(
    row: rows.ExecutionRow | rows.ActivityRow, image: Image, status: int = 0
) -> en.TradeActivity | en.OtherActivity:
    """Write an activity; `status` is the order's, for an execution."""
    if isinstance(row, rows.ExecutionRow):
        done = row.leaves == 0
        return en.TradeActivity(
            id=activity_id(row.execution_id, row.time_ns),
            type="fill" if done else "partial_fill",
            transaction_time=format_instant(row.time_ns),
            price=format_price(row.price),
            qty=str(abs(row.shares)),
            cum_qty=str(row.cumulative),
            leaves_qty=str(row.leaves),
            side="buy" if row.shares > 0 else "sell",
            symbol=image.instruments[row.instrument_id].symbol,
            order_id=public_id(Kind.ORDER, row.order_id),
            order_status=STATUS_TEXT.get(status, "filled" if done else "partially_filled"),
        )
    return en.OtherActivity(
        id=activity_id(row.activity_id, row.time_ns),
        activity_type=row.kind,
        date=str(day_from_number(row.trade_date)) if row.trade_date else format_instant(row.time_ns)[:10],
        created_at=format_instant(row.time_ns),
        net_amount=format_money(row.net_amount),
        description=row.description,
        symbol=image.instruments[row.instrument_id].symbol if row.instrument_id else None,
        qty=str(row.shares) if row.shares else None,
    )


def dollars(money: int) -> float:
    """Give micro-dollars as a JSON number, where clients demand one (charts, never decisions)."""
    return money / MONEY_UNIT
