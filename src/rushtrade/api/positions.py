"""Positions over HTTP: look up, close. A position that is not the caller's does not exist."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
from litestar import Response, delete, get

from rushtrade.api import entities as en
from rushtrade.api import shapes
from rushtrade.api.access import Actor, FrontDesk, desk_of
from rushtrade.api.decoding import DecimalText, documented, read_query
from rushtrade.api.faults import ApiFault, forbidden, invalid, not_found
from rushtrade.api.order_bodies import whole_shares
from rushtrade.api.trading import Asked, answer, cancel_all, enter, position_of
from rushtrade.domain.orders import OrderTerms, OrderType, Side, TimeInForce

if TYPE_CHECKING:
    from rushtrade.api.ports import PositionView
    from rushtrade.store import rows

CANCELS_AWAITED_S: Final = 2.0
"""How long "close all" waits for the cancels it asked for, before it sells what they may still hold."""
PERCENTAGE_DIGITS: Final = 9


class CloseQuery(msgspec.Struct, frozen=True):
    """How much of a position to close: shares, or a percentage of it; all when neither is given."""

    qty: DecimalText | None = None
    percentage: DecimalText | None = None


class CloseAllQuery(msgspec.Struct, frozen=True):
    """Whether open orders are cancelled first."""

    cancel_orders: bool = False


@get("/v2/positions")
async def list_positions(request: Asked) -> Response[list[en.Position]]:
    """List open positions."""
    desk = desk_of(request)
    actor = desk.admit(request, "read")
    known = desk.store.image.instruments
    views = desk.ports.accounts.positions(actor.account_id)
    return answer([shapes.position(view, known[view.instrument_id]) for view in views if view.shares])


@get("/v2/positions/{symbol:str}")
async def position_in(request: Asked, symbol: str) -> Response[en.Position]:
    """Look up the position in a symbol or asset id."""
    desk = desk_of(request)
    actor = desk.admit(request, "read")
    instrument, view = _open_position(desk, actor, symbol)
    return answer(shapes.position(view, instrument))


def _open_position(desk: FrontDesk, actor: Actor, text: str) -> tuple[rows.InstrumentRow, PositionView]:
    instrument = desk.instrument(text)
    if instrument is None:
        raise not_found(f"symbol not found: {text[:40]!r}")
    view = position_of(desk, actor, instrument)
    if view is None:
        raise not_found("position does not exist")
    return instrument, view


@delete("/v2/positions/{symbol:str}", status_code=HTTPStatus.OK, operation_class=documented(query=CloseQuery))
async def close_position(request: Asked, symbol: str) -> Response[en.Order]:
    """Close a position, or part of it, at the market. The answer is the closing order."""
    desk = desk_of(request)
    actor = desk.admit(request, "trade")
    query = read_query(request.query_params.multi_items(), CloseQuery)
    instrument, view = _open_position(desk, actor, symbol)
    shares = _shares_to_close(query, abs(view.shares))
    return answer(await enter(desk, actor, _closing_terms(instrument, view, shares), ""))


def _shares_to_close(query: CloseQuery, held: int) -> int:
    if query.qty is not None and query.percentage is not None:
        raise invalid("only one of qty or percentage is accepted")
    if query.qty is not None:
        shares = whole_shares("qty", query.qty)
        if shares > held:
            raise forbidden(f"insufficient qty available for order (requested: {shares}, available: {held})")
        return shares
    if query.percentage is None:
        return held
    whole, _, fraction = query.percentage.partition(".")
    digits = f"{whole}{fraction}"
    plain = digits.isascii() and digits.isdigit()
    if not plain or len(whole) > len("100") or len(fraction) > PERCENTAGE_DIGITS:
        raise invalid(f"percentage {query.percentage[:40]!r} is not a number above 0, at most 100")
    percentage = Fraction(f"{whole or 0}.{fraction or 0}")
    if not 0 < percentage <= 100:
        raise invalid(f"percentage {query.percentage[:40]!r} is not above 0 and at most 100")
    shares = int(held * percentage / 100)
    if shares == 0:
        raise invalid(f"percentage {query.percentage[:40]} of {held} shares is less than one share")
    return shares


def _closing_terms(instrument: rows.InstrumentRow, view: PositionView, shares: int) -> OrderTerms:
    side = Side.SELL if view.shares > 0 else Side.BUY
    return OrderTerms(instrument.instrument_id, side, OrderType.MARKET, TimeInForce.DAY, shares)


@delete("/v2/positions", status_code=HTTPStatus.MULTI_STATUS, operation_class=documented(query=CloseAllQuery))
async def close_positions(request: Asked) -> Response[list[en.ClosedPosition]]:
    """Close every position at the market, after cancelling all orders when asked to."""
    desk = desk_of(request)
    actor = desk.admit(request, "trade")
    query = read_query(request.query_params.multi_items(), CloseAllQuery)
    if query.cancel_orders:
        await cancel_all(desk, actor, 0)
        await _orders_gone(desk, actor)
    closed = []
    for view in list(desk.ports.accounts.positions(actor.account_id)):
        if not view.shares:
            continue
        instrument = desk.store.image.instruments[view.instrument_id]
        try:
            order = await enter(desk, actor, _closing_terms(instrument, view, abs(view.shares)), "")
        except ApiFault as fault:
            refused = {"symbol": instrument.symbol, **fault.body()}
            closed.append(
                en.ClosedPosition(symbol=instrument.symbol, status=fault.status, order_id=None, body=refused)
            )
        else:
            closed.append(
                en.ClosedPosition(
                    symbol=instrument.symbol, status=HTTPStatus.OK, order_id=order.id, body=order
                )
            )
    return answer(closed, HTTPStatus.MULTI_STATUS)


async def _orders_gone(desk: FrontDesk, actor: Actor) -> None:
    """Wait until no order of the account is open, but not for ever."""
    pause = 0.01
    for _ in range(int(CANCELS_AWAITED_S / pause)):
        if not desk.store.image.open_of[actor.account_id]:
            return
        await asyncio.sleep(pause)


HANDLERS: Final = [list_positions, position_in, close_position, close_positions]
