"""From each event to the function that applies it. Nothing else changes the state of the house."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from rushtrade.core.state import Customer, HouseState
from rushtrade.dart.desk import RoutingDesk
from rushtrade.dart.sequences import class_name
from rushtrade.domain import events as ev
from rushtrade.domain.instants import day_from_number
from rushtrade.domain.quotes import mark_price
from rushtrade.domain.routes import VenueHealth
from rushtrade.ledger.account import Account
from rushtrade.orders.venue_watch import VenueWatch
from rushtrade.risk.valuation import initial_margin

Applications = dict[type[ev.Event], Callable[[Any], None]]


def _firm_opened(state: HouseState, event: ev.FirmOpened) -> None:
    state.firm_name = event.name
    state.world = event.world
    state.desk = RoutingDesk(event.routes, event.sequences)
    state.watch = VenueWatch(event.routes)
    state.month_shares = [0] * len(event.routes)
    state.day_shares = [0] * len(event.routes)
    state.report_seqs = [0] * len(event.routes)
    state.venue_sessions = [""] * len(event.routes)


def _instrument_defined(state: HouseState, event: ev.InstrumentDefined) -> None:
    instrument = event.instrument
    earlier = state.instruments.get(instrument.instrument_id)
    if earlier is not None:
        del state.symbols[earlier.symbol]
    state.instruments[instrument.instrument_id] = instrument
    state.symbols[instrument.symbol] = instrument.instrument_id
    if instrument.previous_close:
        state.risk.prices.setdefault(instrument.instrument_id, instrument.previous_close)


def _scheme_defined(state: HouseState, event: ev.CommissionSchemeDefined) -> None:
    state.schemes[event.terms.scheme_id] = event.terms


def _customer_registered(state: HouseState, event: ev.CustomerRegistered) -> None:
    state.customers[event.customer_id] = Customer(
        event.customer_id, event.display_name, event.profile_reference
    )


def _account_opened(state: HouseState, event: ev.AccountOpened) -> None:
    state.accounts[event.account_id] = Account(
        event.account_id,
        event.customer_id,
        event.number,
        event.kind,
        event.scheme_id,
        event.limits,
        short_permitted=event.short_permitted,
    )


def _account_changed(state: HouseState, event: ev.AccountChanged) -> None:
    account = state.accounts[event.account_id]
    account.state = event.state
    account.short_permitted = event.short_permitted
    account.scheme_id = event.scheme_id
    account.limits = event.limits


def _cash_transferred(state: HouseState, event: ev.CashTransferred) -> None:
    account = state.accounts[event.account_id]
    account.references[event.reference] = None
    account.day_transfers += event.amount
    state.ledger.post(event.transfers)


def _shares_transferred(state: HouseState, event: ev.SharesTransferred) -> None:
    account = state.accounts[event.account_id]
    account.references[event.reference] = None
    account.position(event.instrument_id).bring(event.shares, event.cost)
    state.ledger.post(event.transfers)


def _order_accepted(state: HouseState, event: ev.OrderAccepted) -> None:
    state.blotter.accepted(event, state.now_ns)


def _order_routed(state: HouseState, event: ev.OrderRouted) -> None:
    state.blotter.routed(event)
    token, now_ns, watch = event.first_token, state.now_ns, state.watch
    for child in event.plan.children:
        watch.sent(child.venue, token, now_ns)
        token += 1
    if event.plan.sight is not None:
        terms = state.blotter.orders[event.order_id].terms
        equity_class = state.instruments[terms.instrument_id].equity_class
        state.routing.routed(event, class_name(equity_class), terms.side, state.desk.codes)


def _order_ended(state: HouseState, event: ev.OrderCanceled | ev.OrderExpired) -> None:
    state.blotter.ended(event)
    state.routing.ended(event.order_id, state.desk.codes)


def _order_replaced(state: HouseState, event: ev.OrderReplaced) -> None:
    state.blotter.replaced(event)
    state.routing.replaced(event.order_id)


def _order_filled(state: HouseState, event: ev.OrderFilled) -> None:
    state.watch.answered(event.venue, event.token, state.now_ns)
    state.day_shares[event.venue] += abs(event.signed_shares)
    state.blotter.filled(event, state.settlement_date)
    state.routing.filled(event, state.desk.codes)
    state.risk.prices.setdefault(event.instrument_id, event.price)


def _child_accepted(state: HouseState, event: ev.ChildAccepted) -> None:
    state.watch.answered(state.blotter.children[event.token].venue, event.token, state.now_ns)
    state.blotter.child_accepted(event)


def _child_ended(state: HouseState, event: ev.ChildEnded) -> None:
    venue, watch = state.blotter.children[event.token].venue, state.watch
    if event.fault:
        watch.refused(venue, event.token)
    elif event.refused:
        watch.passed(venue, event.token)
    else:
        watch.answered(venue, event.token, state.now_ns)
    state.blotter.child_ended(event)
    state.routing.child_ended(event, state.desk.codes)


def _child_replaced(state: HouseState, event: ev.ChildReplaced) -> None:
    state.watch.answered(state.blotter.children[event.token].venue, event.token, state.now_ns)
    state.blotter.child_replaced(event)


def _cancel_refused(state: HouseState, event: ev.CancelRefused) -> None:
    state.watch.answered(state.blotter.children[event.token].venue, event.token, state.now_ns)
    state.blotter.cancel_refused(event)


def _cancel_requested(state: HouseState, event: ev.CancelRequested) -> None:
    state.blotter.cancel_requested(event)
    _asked(state, event.tokens)


def _replace_requested(state: HouseState, event: ev.ReplaceRequested) -> None:
    state.blotter.replace_requested(event)
    _asked(state, (event.token,) if event.new_token else event.cancel_tokens)


def _asked(state: HouseState, tokens: tuple[int, ...]) -> None:
    """Wait for venues' answers on children that are to change."""
    for token in tokens:
        state.watch.sent(state.blotter.children[token].venue, token, state.now_ns)


def _own_delay_noted(state: HouseState, event: ev.OwnDelayNoted) -> None:
    state.watch.own_delay_ns = event.delay_ns


def _venue_health_changed(state: HouseState, event: ev.VenueHealthChanged) -> None:
    state.watch.change(event.venue, event.health, event.silent, state.now_ns, event.until_ns)
    state.desk.set_health(event.venue, event.health is VenueHealth.HEALTHY)
    state.blotter.unanswered(event.silent)


def _venue_link_changed(state: HouseState, event: ev.VenueLinkChanged) -> None:
    state.watch.begin_anew(event.venue, state.now_ns, forget=True)
    state.desk.set_health(event.venue, healthy=True)
    state.desk.set_link(event.venue, event.up)
    state.blotter.in_doubt(event.in_doubt)
    if event.renumbered:
        state.report_seqs[event.venue] = 0
        state.venue_sessions[event.venue] = event.session


def _marks_observed(state: HouseState, event: ev.MarksObserved) -> None:
    prices = state.risk.prices
    for mark in event.marks:
        price = mark_price(mark.bid, mark.ask, mark.last, prices.get(mark.instrument_id, 0))
        if price > 0:
            prices[mark.instrument_id] = price


def _day_opened(state: HouseState, event: ev.DayOpened) -> None:
    """Begin a day's counts. What the day before came to stands until then, for whoever looks at it after the close."""
    before = state.monthly_shares(day_from_number(event.trade_date))
    state.month_shares = [before.get(venue, 0) for venue in range(len(state.month_shares))]
    state.day_shares = [0] * len(state.day_shares)
    risk = state.risk
    for instrument_id, instrument in state.instruments.items():
        price = risk.prices.get(instrument_id, 0)
        if price and price != instrument.previous_close:
            state.instruments[instrument_id] = msgspec.structs.replace(instrument, previous_close=price)
    for account in state.accounts.values():
        account.equity_at_close, _ = initial_margin(
            state.ledger, account, risk.prices, state.instruments, risk.margin
        )
        account.begin_day()
    state.blotter.begin_day()
    state.routing.begin_day()
    state.open_day(event.trade_date, event.settlement_date, event.opens_ns, event.closes_ns)


def _market_opened(state: HouseState, event: ev.MarketOpened) -> None:
    state.risk.market_open = event.is_open


def _trades_settled(state: HouseState, event: ev.TradesSettled) -> None:
    state.ledger.settle(event.transfers, event.settlement_date)


def _day_closed(state: HouseState, event: ev.DayClosed) -> None:
    del event
    state.day_is_open = False


def _sequences_set(state: HouseState, event: ev.SequencesSet) -> None:
    state.desk.set_sequences(event.equity_class, event.sequence, event.punt_list)


def _route_switched(state: HouseState, event: ev.RouteSwitched) -> None:
    state.desk.switch_route(event.venue, event.enabled)
    if event.enabled:
        state.watch.begin_anew(event.venue, state.now_ns)
        state.desk.set_health(event.venue, healthy=True)


def _routes_forgotten(state: HouseState, event: ev.RoutesForgotten) -> None:
    state.routing.forget(event.venue, state.desk.codes)


def _routes_set(state: HouseState, event: ev.RoutesSet) -> None:
    state.desk = RoutingDesk.restore(msgspec.structs.replace(state.desk.snapshot(), routes=event.routes))
    state.watch.set_routes(event.routes)


def _kill_switch_set(state: HouseState, event: ev.KillSwitchSet) -> None:
    if event.account_id:
        state.accounts[event.account_id].killed = event.engaged
    else:
        state.risk.firm_killed = event.engaged


def _market_data_charged(state: HouseState, event: ev.MarketDataCharged) -> None:
    """Book a month's fee: money that left the account, no part of any position's profit."""
    state.market_data.handlers()[ev.MarketDataCharged](event, 0, state.now_ns)
    state.accounts[event.account_id].day_transfers -= event.amount
    state.ledger.post(event.transfers)


def _nothing(event: ev.Event) -> None:
    """Records a fact the state does not depend on."""


def _by_register(state: HouseState, fold: Callable[[Any, int, int], None], event: ev.Event) -> None:
    fold(event, 0, state.now_ns)


_BY_STATE: dict[type[ev.Event], Callable[[HouseState, Any], None]] = {
    ev.OrderAccepted: _order_accepted,
    ev.OrderRouted: _order_routed,
    ev.OrderFilled: _order_filled,
    ev.ChildAccepted: _child_accepted,
    ev.ChildEnded: _child_ended,
    ev.ChildReplaced: _child_replaced,
    ev.CancelRequested: _cancel_requested,
    ev.CancelRefused: _cancel_refused,
    ev.ReplaceRequested: _replace_requested,
    ev.OwnDelayNoted: _own_delay_noted,
    ev.VenueHealthChanged: _venue_health_changed,
    ev.OrderCanceled: _order_ended,
    ev.OrderExpired: _order_ended,
    ev.OrderReplaced: _order_replaced,
    ev.VenueLinkChanged: _venue_link_changed,
    ev.MarksObserved: _marks_observed,
    ev.DayOpened: _day_opened,
    ev.MarketOpened: _market_opened,
    ev.TradesSettled: _trades_settled,
    ev.DayClosed: _day_closed,
    ev.FirmOpened: _firm_opened,
    ev.InstrumentDefined: _instrument_defined,
    ev.CommissionSchemeDefined: _scheme_defined,
    ev.CustomerRegistered: _customer_registered,
    ev.AccountOpened: _account_opened,
    ev.AccountChanged: _account_changed,
    ev.CashTransferred: _cash_transferred,
    ev.SharesTransferred: _shares_transferred,
    ev.SequencesSet: _sequences_set,
    ev.RouteSwitched: _route_switched,
    ev.RoutesSet: _routes_set,
    ev.RoutesForgotten: _routes_forgotten,
    ev.KillSwitchSet: _kill_switch_set,
    ev.MarketDataCharged: _market_data_charged,
}
_RECORDS = (ev.OrderRejected, ev.CommandRefused, ev.AnomalyRecorded, ev.ReportRepeated)


def applications(state: HouseState) -> Applications:
    """Bind every event's application to a state, once: the hot path calls what it finds."""
    blotter = state.blotter
    by_blotter: Applications = {
        ev.ChildReduced: blotter.child_reduced,
        ev.OrderTriggered: blotter.triggered,
        ev.RoutingNeeded: blotter.routing_needed,
        ev.ReplaceAbandoned: blotter.replace_abandoned,
    }
    by_state: Applications = {event: partial(apply, state) for event, apply in _BY_STATE.items()}
    by_register: Applications = {
        kind: partial(_by_register, state, fold) for kind, fold in state.market_data.handlers().items()
    }
    return by_blotter | by_register | by_state | dict.fromkeys(_RECORDS, _nothing)
