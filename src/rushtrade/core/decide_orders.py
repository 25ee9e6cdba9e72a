"""Decisions on orders: enter, route, cancel. Pure: they read the state and give events."""

from __future__ import annotations

from rushtrade.core.state import HouseState
from rushtrade.dart.planning import plan
from rushtrade.dart.sequences import check_takes
from rushtrade.dart.sweeping import RouteNeed
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.instruments import Instrument
from rushtrade.domain.orders import (
    CLIENT_ORDER_ID_BYTES_MAX,
    ROUTE_STRATEGIES,
    ChildStatus,
    Intent,
    OrderTerms,
    Side,
    TimeInForce,
)
from rushtrade.domain.plans import Plan
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.domain.rejects import RejectReason
from rushtrade.orders.order import Order
from rushtrade.risk.checks import Approval, check_order, exit_bound
from rushtrade.risk.form import Refusal, check_form

TOKEN_BITS = 8
"""A command creates at most 256 child orders; their tokens are ``seq << TOKEN_BITS | n``."""

Events = list[ev.AnyEvent]
# members by name: looking one up in its class costs more than the check it is for
_DAY = TimeInForce.DAY
_EXITS = (Intent.BUY_TO_CLOSE, Intent.SELL_TO_CLOSE)
_GTC = TimeInForce.GTC
_IOC = TimeInForce.IOC
_FOK = TimeInForce.FOK
_BUY = Side.BUY


def enter_order(state: HouseState, command: cmd.EnterOrder, seq: int) -> Events:
    """Check an order, hold what it needs, and plan its children."""
    terms = command.terms
    account = state.accounts.get(command.account_id)
    if account is None:
        return [_rejected(command, RejectReason.UNKNOWN_ACCOUNT, f"there is no account {command.account_id}")]
    client_order_id = command.client_order_id or f"#{seq}"
    first = account.client_order_ids.get(client_order_id)
    if first is not None:
        return [
            _rejected(
                command,
                RejectReason.DUPLICATE_CLIENT_ORDER_ID,
                f"client_order_id must be unique: {client_order_id[:40]!r} already names order {first}",
                first,
            )
        ]
    if len(client_order_id.encode()) > CLIENT_ORDER_ID_BYTES_MAX:
        return [
            _rejected(
                command,
                RejectReason.DUPLICATE_CLIENT_ORDER_ID,
                f"client_order_id must be no more than {CLIENT_ORDER_ID_BYTES_MAX} bytes",
            )
        ]
    verdict = _check(state, command, account.scheme_id)
    if type(verdict) is Refusal:
        return [_rejected(command, verdict.reason, verdict.text)]
    assert isinstance(verdict, Approval)
    stamp = command.stamp
    accepted = ev.OrderAccepted(
        seq,
        command.account_id,
        client_order_id,
        terms,
        verdict.intent,
        verdict.hold_money,
        verdict.hold_shares,
        0,
        stamp.bid,
        stamp.ask,
        verdict.bound,
    )
    if terms.stop_price:
        if not state.risk.market_open or not is_triggered(
            terms, trigger_price(stamp.bid, stamp.ask, stamp.last)
        ):
            return [accepted]
        return [
            accepted,
            ev.OrderTriggered(seq, stamp.last),
            *_route(state, seq, command, verdict.bound, seq),
        ]
    if not state.risk.market_open:
        return [accepted, ev.RoutingNeeded(seq)]
    return [accepted, *_route(state, seq, command, verdict.bound, seq)]


def _check(state: HouseState, command: cmd.EnterOrder, scheme_id: int) -> Approval | Refusal:
    terms = command.terms
    instrument = state.instruments.get(terms.instrument_id)
    if instrument is None:
        return Refusal(RejectReason.UNKNOWN_INSTRUMENT, f"there is no instrument {terms.instrument_id}")
    rules = state.rules
    if rules is None:
        return Refusal(RejectReason.MARKET_CLOSED, "no trade date is open")
    return (
        check_form(terms, rules.ticks.tick(terms.limit_price or terms.stop_price))
        or check_route(state, instrument, terms)
        or check_order(
            state.accounts[command.account_id],
            instrument,
            terms,
            command.stamp,
            state.schemes[scheme_id],
            state.risk,
        )
    )


def check_route(state: HouseState, instrument: Instrument, terms: OrderTerms) -> Refusal | None:
    """Refuse a route that does not exist, or does not take the instrument's class or the order's type, time in force or display."""
    if terms.route in ROUTE_STRATEGIES:
        return None
    venue = state.desk.route_named(terms.route)
    if venue is None:
        codes = ", ".join(f"{route.route_code} ({route.code})" for route in state.desk.routes)
        return Refusal(
            RejectReason.ROUTE_UNKNOWN,
            f"route {terms.route[:40]!r} is unknown (case matters); {', '.join(ROUTE_STRATEGIES)} or one of {codes} would pass",
        )
    if not state.desk.is_legal(venue, instrument.equity_class):
        return Refusal(
            RejectReason.ROUTE_NOT_LEGAL,
            f"route {terms.route} does not take {instrument.symbol}, which is in the class "
            f"{instrument.equity_class.name}",
        )
    not_taken = check_takes(state.desk.routes[venue], terms)
    return None if not_taken is None else Refusal(*not_taken)


def _rejected(
    command: cmd.EnterOrder, reason: RejectReason, text: str, first_order_id: int = 0
) -> ev.OrderRejected:
    return ev.OrderRejected(
        command.account_id, command.client_order_id, command.terms, reason, text, first_order_id
    )


def trigger_price(bid: int, ask: int, last: int) -> int:
    """Last sale if it stands inside a good quote: a stray print outside of it triggers nothing."""
    if bid > 0 and ask >= bid and not bid <= last <= ask:
        return 0
    return last


def is_triggered(terms: OrderTerms, last: int) -> bool:
    """Tell whether a last sale triggers a stop order: at or above for a buy, at or below for a sale."""
    if last <= 0:
        return False
    return last >= terms.stop_price if terms.side is _BUY else last <= terms.stop_price


def _route(state: HouseState, order_id: int, command: cmd.EnterOrder, bound: int, seq: int) -> Events:
    """Plan a new order."""
    terms = command.terms
    made = make_plan(state, terms, terms.quantity, bound, 0, command.stamp)
    routed = ev.OrderRouted(order_id, seq << TOKEN_BITS, made)
    if made.children:
        return [routed]
    return [
        routed,
        ev.OrderCanceled(order_id, command.account_id, terms.quantity, unrouted_reason(state, terms, made)),
    ]


def make_plan(
    state: HouseState,
    terms: OrderTerms,
    shares: int,
    bound: int,
    progress: int,
    stamp: QuoteStamp,
    order_id: int = 0,
) -> Plan:
    """Ask DART where `shares` of an order go; a new one has no id yet, and nothing to remember."""
    tif = terms.time_in_force
    rules = state.rules
    need = RouteNeed(
        equity_class=state.instruments[terms.instrument_id].equity_class,
        side=terms.side,
        shares=shares,
        price=bound,
        may_rest=terms.limit_price > 0 and (tif is _DAY or tif is _GTC),
        whole=tif is _FOK,
        route=terms.route,
        display_shares=min(terms.display_shares, shares),
        hidden=terms.hidden,
        progress=progress,
        once=tif is _IOC,
        tick=100 if rules is None else rules.ticks.tick(bound),
    )
    made = plan(state.desk, need, stamp, state.routing, state.routing.orders.get(order_id))
    for venue in state.watch.probing:
        if state.desk.may_try(venue, need.equity_class):
            made = state.watch.with_probe(made, venue)
    return made


def unrouted_reason(state: HouseState, terms: OrderTerms, made: Plan) -> str:
    """Say why a plan sends nothing, route by route."""
    codes = state.desk.routes
    why = ", ".join(
        f"{codes[skip.venue].code}: {skip.reason.name.lower().replace('_', ' ')}" for skip in made.skips
    )
    what = "fill or kill" if terms.time_in_force is _FOK else "the rest of the order"
    return f"no route takes {what} ({why})"


def route_order(state: HouseState, command: cmd.RouteOrder, seq: int) -> Events:
    """Plan the idle shares of an order again. Nothing happens when none are idle any more."""
    order = state.blotter.orders.get(command.order_id)
    if order is None or not order.routing_needed or not order.triggered or not state.risk.market_open:
        return []
    if order.cancel_reason or order.replacement is not None:
        return []
    shares = order.leaves - order.working
    if shares <= 0:
        return []
    bound = _routing_bound(state, order, command.stamp)
    made = make_plan(state, order.terms, shares, bound, order.progress, command.stamp, order.order_id)
    routed = ev.OrderRouted(order.order_id, seq << TOKEN_BITS, made)
    if made.children or order.children:
        return [routed]
    return [
        routed,
        ev.OrderCanceled(
            order.order_id, order.account_id, order.leaves, unrouted_reason(state, order.terms, made)
        ),
    ]


def _routing_bound(state: HouseState, order: Order, stamp: QuoteStamp) -> int:
    """Give the worst price the rest of an order may have: an exit without a limit follows the market."""
    terms = order.terms
    if terms.limit_price or order.intent not in _EXITS:
        return order.bound
    mark = state.risk.prices.get(terms.instrument_id, 0)
    collar_bps = state.accounts[order.account_id].limits.collar_basis_points
    return exit_bound(terms, stamp, mark, collar_bps, order.bound)


def cancel_order(state: HouseState, command: cmd.CancelOrder, seq: int) -> Events:
    """Cancel one order of an account."""
    del seq
    order = state.blotter.orders.get(command.order_id)
    if order is None or order.account_id != command.account_id:
        return [_refused(RejectReason.ORDER_NOT_OPEN, command, f"order {command.order_id} is not open")]
    if order.cancel_reason:
        text = f"a cancel of order {command.order_id} is on its way already"
        return [_refused(RejectReason.CANCEL_PENDING, command, text)]
    return cancel_events(order)


def cancel_all_orders(state: HouseState, command: cmd.CancelAllOrders, seq: int) -> Events:
    """Cancel all open orders of an account, in all instruments or in one."""
    del seq
    account = state.accounts.get(command.account_id)
    if account is None:
        return [
            ev.CommandRefused(
                RejectReason.UNKNOWN_ACCOUNT,
                f"there is no account {command.account_id}",
                command.account_id,
                0,
            )
        ]
    events: Events = []
    for order_id, (instrument_id, *_) in sorted(account.open_orders.items()):
        order = state.blotter.orders[order_id]
        if command.instrument_id in {0, instrument_id} and not order.cancel_reason:
            events.extend(cancel_events(order))
    return events


def cancel_events(order: Order) -> Events:
    """Tell an order's children to cancel, or end it at once when it has none; a replace is never pending then."""
    if order.children:
        tokens = tuple(
            token
            for token, child in sorted(order.children.items())
            if child.status is not ChildStatus.CANCEL_SENT
        )
        return [ev.CancelRequested(order.order_id, tokens)]
    return [ev.OrderCanceled(order.order_id, order.account_id, order.leaves, "canceled by the customer")]


def _refused(reason: RejectReason, command: cmd.CancelOrder, text: str) -> ev.CommandRefused:
    return ev.CommandRefused(reason, text, command.account_id, command.order_id)
