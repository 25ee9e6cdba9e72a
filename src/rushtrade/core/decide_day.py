"""Decisions of the clock and the calendar: marks, stop triggers, market open and close, trade dates, settlement."""

from __future__ import annotations

import datetime as dt

from rushtrade.core.decide_firm import refused
from rushtrade.core.decide_health import look_at_venues
from rushtrade.core.decide_orders import Events, is_triggered, trigger_price
from rushtrade.core.state import HouseState
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.errors import InvalidInput, RuleMissing
from rushtrade.domain.instants import day_from_number, day_number
from rushtrade.domain.orders import TimeInForce
from rushtrade.rules.day import rules_for_day

DAY_NUMBER_MAX = day_number(dt.date.max)


def tick(state: HouseState, command: cmd.Tick, seq: int) -> Events:
    """Take note that time has passed: what venues owe by now takes them out of use, and time brings them back."""
    del seq
    return look_at_venues(state, command.own_delay_ns)


def observe_marks(state: HouseState, command: cmd.ObserveMarks, seq: int) -> Events:
    """Take marks in, and trigger the stop orders they reach."""
    del seq
    events: Events = [ev.MarksObserved(command.marks)]
    stops = state.blotter.stops
    if not stops or not state.risk.market_open:
        return events
    met: dict[int, None] = {}
    for mark in command.marks:
        price = trigger_price(mark.bid, mark.ask, mark.last)
        for order_id, order in sorted(stops.get(mark.instrument_id, {}).items()):
            if order_id not in met and is_triggered(order.terms, price):
                met[order_id] = None
                events.append(ev.OrderTriggered(order_id, mark.last))
                events.append(ev.RoutingNeeded(order_id))
    return events


def open_day(state: HouseState, command: cmd.OpenDay, seq: int) -> Events:
    """Open a trade date after the one before was closed."""
    del seq
    if not state.firm_name:
        return refused("there is no firm yet; open it first")
    if state.day_is_open:
        return refused(f"trade date {day_from_number(state.trade_date)} is still open; close it first")
    if command.trade_date <= state.trade_date:
        return refused(f"trade dates go forward; the last one was {day_from_number(state.trade_date)}")
    if command.trade_date > DAY_NUMBER_MAX:
        return refused(f"day number {command.trade_date} is no date; the last one is {DAY_NUMBER_MAX}")
    try:
        rules = rules_for_day(day_from_number(command.trade_date))
    except (InvalidInput, RuleMissing) as error:
        return refused(str(error))
    return [
        ev.DayOpened(
            command.trade_date,
            day_number(rules.settlement_date),
            rules.session.open_ns,
            rules.session.close_ns,
        )
    ]


def open_market(state: HouseState, command: cmd.OpenMarket, seq: int) -> Events:
    """Let venues trade or stop; orders that waited for the open are routed."""
    del seq
    if command.is_open and not state.day_is_open:
        return refused("the market opens within a trade date; open one first")
    events: Events = [ev.MarketOpened(command.is_open)]
    if command.is_open:
        events.extend(
            ev.RoutingNeeded(order_id)
            for order_id, order in sorted(state.blotter.orders.items())
            if order.routing_needed and order.triggered
        )
    return events


def close_day(state: HouseState, command: cmd.CloseDay, seq: int) -> Events:
    """Expire day orders, take the rest off the venues' books, settle what is due, fix the day."""
    del seq
    if not state.day_is_open or command.trade_date != state.trade_date:
        return refused(
            f"day number {command.trade_date} is not the open trade date"
            + (
                f", which is {state.trade_date} ({day_from_number(state.trade_date)})"
                if state.day_is_open
                else ""
            )
        )
    events: Events = [ev.MarketOpened(is_open=False)] if state.risk.market_open else []
    for order_id, order in sorted(state.blotter.orders.items()):
        events.extend(
            ev.ChildEnded(token, order_id, child.leaves, "the day closed")
            for token, child in sorted(order.children.items())
        )
        if order.replacement is not None:
            events.append(
                ev.ReplaceAbandoned(order_id, order.replacement.replacement_id, "the day closed first")
            )
        if order.cancel_reason:
            events.append(ev.OrderCanceled(order_id, order.account_id, order.leaves, order.cancel_reason))
        elif order.terms.time_in_force is not TimeInForce.GTC:
            events.append(ev.OrderExpired(order_id, order.account_id, order.leaves))
        elif order.children:
            events.append(ev.RoutingNeeded(order_id))
    transfers = state.ledger.due(state.trade_date)
    events.append(ev.TradesSettled(state.trade_date, transfers))
    events.append(ev.DayClosed(state.trade_date))
    return events
