"""What the workstation is shown, as docs/protocols/workstation.md has it: rows of orders, executions, positions, market.

Plain functions from rows to JSON-ready data. Prices and money are decimal text, times microseconds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from rushtrade.api import shapes
from rushtrade.api.reference import sequence_views
from rushtrade.domain.accounts import AccountKind, AccountState
from rushtrade.domain.instruments import EquityClass, InstrumentKind
from rushtrade.domain.numbers import MONEY_UNIT, PRICE_UNIT, format_money, format_price, notional
from rushtrade.domain.orders import (
    ROUTE_SEQUENCE,
    ROUTE_STRATEGIES,
    ChildStatus,
    Intent,
    Liquidity,
    OrderStatus,
)
from rushtrade.domain.rejects import RejectReason
from rushtrade.domain.routes import VenueHealth
from rushtrade.entitlements.view import ALL_VENUES
from rushtrade.serving.sight import quote_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rushtrade.api.access import FrontDesk
    from rushtrade.api.ports import AccountSummary, Explanation, PositionView, Preview
    from rushtrade.market.quotes import Bar
    from rushtrade.store import rows
    from rushtrade.store.image import Image
    from rushtrade.workstation.board import Board

PROTOCOL: Final = 1
WATCH_MAX: Final = 200
DEPTH_MAX: Final = 8
TRADES_MAX: Final = 8
BARS_MAX: Final = 8
DEPTH_ROWS: Final = 40
QUANTITY_MAX: Final = 9_999_999
COLORS: Final = 16

STATE_TEXT: Final[dict[int, str]] = {
    status.value: "".join(part.title() for part in status.name.split("_")) for status in OrderStatus
}


def micro(time_ns: int) -> int:
    """Nanoseconds to microseconds."""
    return time_ns // 1_000


def state_text(row: rows.OrderRow) -> str:
    """Name an order's state; a stop that waits for its trigger is held."""
    waits = row.stop_price and not row.triggered and row.status == OrderStatus.NEW
    return "Held" if waits else STATE_TEXT[row.status]


def reject_view(reason: int, text: str) -> dict[str, Any]:
    """Write a refusal."""
    return {"code": reason, "reason": RejectReason(reason).name, "message": text}


def order_view(row: rows.OrderRow, image: Image, children: Iterable[rows.ChildRow]) -> dict[str, Any]:
    """Write an order."""
    working = [child for child in children if child.status != ChildStatus.DONE and child.leaves > 0]
    if row.status >= OrderStatus.FILLED:
        working = []
    return {
        "order_id": row.order_id,
        "client_order_id": row.client_order_id,
        "symbol": image.instruments[row.instrument_id].symbol,
        "side": "sell_short" if row.intent == Intent.SELL_SHORT else shapes.SIDE_TEXT[row.side],
        "type": shapes.TYPE_TEXT[row.order_type],
        "time_in_force": shapes.TIF_TEXT[row.time_in_force],
        "quantity": row.quantity,
        "filled": row.filled,
        "leaves": row.leaves,
        "average_price": shapes.average_price(row),
        "limit_price": shapes.price_or_null(row.limit_price),
        "stop_price": shapes.price_or_null(row.stop_price),
        "display": 0 if row.hidden else row.display_shares or None,
        "route": row.route,
        "not_held": bool(row.not_held),
        "extended_hours": bool(row.hours),
        "state": state_text(row),
        "in_doubt": any(child.status == ChildStatus.IN_DOUBT for child in working),
        "reject": reject_view(row.refused, row.text) if row.refused else None,
        "working": [
            {"venue": child.venue, "price": format_price(child.price), "shares": child.leaves}
            for child in working
        ],
        "replaces": row.replaces or None,
        "replaced_by": row.replaced_by or None,
        "origin": _origin(row.origin),
        "entered_us": micro(row.submitted_ns),
        "updated_us": micro(row.updated_ns),
    }


def _origin(actor: str) -> str:
    """Say in one word where an order came from."""
    if "/user:" in actor:
        return "workstation"
    return "api" if "/key:" in actor else actor.partition(":")[0]


def execution_view(row: rows.ExecutionRow, image: Image) -> dict[str, Any]:
    """Write an execution. `net` is signed cash to the account."""
    net = -notional(row.price, row.shares) - row.commission - row.fees
    return {
        "execution_id": row.execution_id,
        "order_id": row.order_id,
        "symbol": image.instruments[row.instrument_id].symbol,
        "side": "buy" if row.shares > 0 else "sell",
        "quantity": abs(row.shares),
        "price": format_price(row.price),
        "venue": row.venue,
        "liquidity": Liquidity(row.liquidity).name.lower(),
        "commission": format_money(row.commission),
        "fees": format_money(row.fees),
        "net": format_money(net),
        "time_us": micro(row.time_ns),
    }


def position_view(view: PositionView, image: Image) -> dict[str, Any]:
    """Write a position."""
    size = abs(view.shares)
    known = view.price > 0 or not size
    return {
        "symbol": image.instruments[view.instrument_id].symbol,
        "quantity": view.shares,
        "average_cost": shapes.ratio_text(abs(view.cost), size * MONEY_UNIT, 6) if size else None,
        "mark": shapes.price_or_null(view.price),
        "market_value": format_money(view.market_value) if known else None,
        "unrealized": format_money(view.unrealised) if known else None,
        "realized": format_money(view.realised),
        "day_pnl": format_money(view.day_profit) if known else None,
    }


def account_name(row: rows.AccountRow, image: Image) -> dict[str, Any]:
    """Write which account this is."""
    customer = image.customers.get(row.customer_id)
    return {
        "account_id": row.account_id,
        "number": row.number,
        "title": customer.display_name if customer else row.number,
        "kind": AccountKind(row.kind).name.lower(),
    }


def account_view(row: rows.AccountRow, image: Image, summary: AccountSummary) -> dict[str, Any]:
    """Write the account line."""
    state = AccountState(row.state)
    stopped = row.killed or state is AccountState.CLOSED
    return {
        **account_name(row, image),
        "state": "disabled"
        if state is AccountState.CLOSED
        else "close_only"
        if stopped
        else state.name.lower(),
        "equity": format_money(summary.equity),
        "cash": format_money(summary.cash),
        "buying_power": format_money(summary.buying_power),
        "day_pnl": format_money(summary.day_profit),
        "realized": format_money(summary.realised),
        "unrealized": format_money(summary.unrealised),
        "long_value": format_money(summary.long_value),
        "short_value": format_money(summary.short_value),
        "held": format_money(summary.held),
        "maintenance": format_money(summary.maintenance_requirement),
    }


def market_view(desk: FrontDesk) -> dict[str, Any]:
    """Write which market this is, and its clock."""
    label = desk.ports.label()
    return {
        "source": label.source,
        "label": label.label,
        "file": label.file,
        "speed": label.speed,
        "state": label.state,
        "session": label.session,
        "trade_date": str(label.trade_date),
        "clock_us": micro(desk.ports.clock.now_ns()),
        "opens_us": micro(label.opens_ns),
        "closes_us": micro(label.closes_ns),
        "progress": label.progress,
        "message": label.message,
        "takes_orders": label.takes_orders,
    }


def venue_views(image: Image) -> list[dict[str, Any]]:
    """Write the venues."""
    return [
        {
            "index": row.venue,
            "code": row.code,
            "mic": row.mic,
            "name": row.name,
            "route_code": row.route_code,
            "kind": "lit",
            "take": f"{shapes.ratio_text(row.take_mils, PRICE_UNIT, 4)}",
            "make": f"{shapes.ratio_text(row.make_mils, PRICE_UNIT, 4)}",
            "color": row.venue % COLORS,
        }
        for _, row in sorted(image.routes.items())
    ]


def route_views(image: Image) -> list[dict[str, Any]]:
    """Write the routes."""
    return [
        {
            "code": row.code,
            "route_code": row.route_code,
            "name": row.name,
            "venue": row.venue,
            "enabled": bool(row.enabled),
            "reason": row.reason or None,
            "health": VenueHealth(row.health).name.lower(),
            "health_reason": row.health_reason or None,
        }
        for _, row in sorted(image.routes.items())
    ]


def line_views(desk: FrontDesk) -> list[dict[str, Any]]:
    """Write the health of every venue's market-data line and order session."""
    image = desk.store.image
    views = []
    center = desk.ports.center.status() if desk.ports.center is not None else None
    lined = None if center is None else {line.venue for line in center.lines}
    for venue, line in enumerate(desk.ports.market.line_states()):
        route = image.routes.get(venue)
        views.append(
            {
                "venue": venue,
                "state": line.state if lined is None or line.venue in lined else "none",
                "messages": line.messages,
                "gaps": line.gaps,
                "anomalies": sum(line.anomalies.values()),
                "orders": "down" if route is not None and route.link_up == 0 else "up",
                "last_us": micro(line.last_time_ns),
            }
        )
    return views


def bar_row(bar: Bar) -> tuple[Any, ...]:
    """Write a bar."""
    average = shapes.ratio_text(bar.money, bar.volume * MONEY_UNIT, 6) if bar.volume else None
    prices = (format_price(price) for price in (bar.open, bar.high, bar.low, bar.close))
    return (micro(bar.start_ns), *prices, bar.volume, bar.trades, average)


def depth_body(
    desk: FrontDesk, instrument_id: int, symbol: str, tops: int = ALL_VENUES, depth: int = ALL_VENUES
) -> dict[str, Any]:
    """Write the montage of an instrument: best price first, at a price by shares, then by venue.

    Of venues in `depth` every level is shown, of those in `tops` alone the best of each side.
    """
    market = desk.ports.market
    quote = quote_in(desk, instrument_id, tops)
    sides: tuple[list[Any], list[Any]] = ([], [])
    best: set[tuple[int, int]] = set()
    for row in market.montage(instrument_id, DEPTH_ROWS) if tops else ():
        if depth >> row.venue & 1 or (tops >> row.venue & 1 and (row.side, row.venue) not in best):
            best.add((row.side, row.venue))
            sides[row.side].append(row)
    sides[0].sort(key=lambda row: (-row.price, -row.shares, row.venue))
    sides[1].sort(key=lambda row: (row.price, -row.shares, row.venue))
    bids, asks = (
        [(format_price(row.price), row.shares, row.orders, row.venue) for row in side[:DEPTH_ROWS]]
        for side in sides
    )
    return {
        "symbol": symbol,
        "state": quote.state,
        "time_us": micro(quote.time_ns),
        "bids": bids,
        "asks": asks,
    }


def story_view(story: Explanation | None, rows_max: int, image: Image) -> dict[str, Any]:
    """Write what each route was given, and the story as text; both empty of an order that was never routed."""
    venues = {row.code: row.venue for row in image.routes.values()}
    steps = [] if story is None else story.steps[:rows_max]
    return {
        "steps": [
            {
                "venue": venues.get(step.route, -1),
                "route": step.route,
                "action": step.action,
                "quantity": step.quantity,
                "price": step.price,
                "cost": step.cost,
                "why": step.why,
            }
            for step in steps
        ],
        "text": [] if story is None else list(story.text)[:rows_max],
    }


def preview_view(preview: Preview, image: Image) -> dict[str, Any]:
    """Write a preview."""
    return {
        "reference_price": shapes.price_or_null(preview.reference_price),
        "notional": format_money(preview.notional),
        "commission": format_money(preview.commission),
        "fees": [{"name": name, "amount": format_money(amount)} for name, amount in preview.fees],
        "total": format_money(preview.total),
        "buying_power_before": format_money(preview.buying_power_before),
        "buying_power_after": format_money(preview.buying_power_after),
        "position_after": preview.position_after,
        "plan": [
            {
                "venue": leg.venue,
                "route": image.routes[leg.venue].code,
                "quantity": leg.shares,
                "price": format_price(leg.price),
                "fee": format_money(leg.fee),
            }
            for leg in preview.legs
        ],
        "warnings": list(preview.warnings),
        "reject": reject_view(*preview.reject) if preview.reject else None,
    }


def hello(
    desk: FrontDesk,
    board: Board,
    user: str,
    name: str,
    permissions: list[str],
    accounts: list[dict[str, Any]],
) -> dict[str, Any]:
    """Write the first push: everything that stays the same for a connection."""
    image = desk.store.image
    sequences = {kind: view["sequence"] for kind, view in sequence_views(image).items()}
    return {
        "protocol": PROTOCOL,
        "house": desk.ports.house,
        "user": user,
        "name": name,
        "permissions": permissions,
        "account": accounts[0],
        "accounts": accounts,
        "market": market_view(desk),
        "venues": venue_views(image),
        "routes": route_views(image),
        "strategies": [
            {"code": code, "name": name, **({"sequences": sequences} if code == ROUTE_SEQUENCE else {})}
            for code, name in ROUTE_STRATEGIES.items()
        ],
        "symbols": [
            {
                "index": board.index_of(number),
                "symbol": row.symbol,
                "name": row.name,
                "equity_class": EquityClass(row.equity_class).name.lower(),
                "kind": InstrumentKind(row.kind).name.lower(),
                "round_lot": row.round_lot,
                "tick": "0.01",
                "easy_to_borrow": bool(row.easy_to_borrow),
                "tradable": bool(row.tradable),
            }
            for number, row in image.instruments.items()
        ],
        "order_types": list(shapes.TYPE_TEXT.values()),
        "times_in_force": list(shapes.TIF_TEXT.values()),
        "limits": {
            "watch": WATCH_MAX,
            "depth": DEPTH_MAX,
            "trades": TRADES_MAX,
            "bars": BARS_MAX,
            "depth_rows": DEPTH_ROWS,
            "quantity": QUANTITY_MAX,
        },
    }


def server_us() -> int:
    """Give the machine's time: only `heartbeat` and `ping` carry it."""
    return time.time_ns() // 1_000
