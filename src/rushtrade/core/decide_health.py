"""Decisions on venues' health, taken when the clock's command looks at what they owe.

Pure: `orders.venue_watch` says what happened, this says what follows. A venue out of use gets nothing from any strategy
(`SkipReason.UNHEALTHY`) but the small child order that tries it; what it has not answered stays where it is, in doubt, until it says what became
of it, and the rest of such an order is routed elsewhere.
"""

from __future__ import annotations

from rushtrade.core.decide_orders import Events
from rushtrade.core.decide_reports import idle_beside
from rushtrade.core.state import HouseState
from rushtrade.domain import events as ev
from rushtrade.domain.instants import SECOND
from rushtrade.domain.routes import VenueHealth
from rushtrade.orders.venue_watch import TRIP, VenueRecord

_HEALTHY, _PROBING, _UNHEALTHY = VenueHealth.HEALTHY, VenueHealth.PROBING, VenueHealth.UNHEALTHY


def look_at_venues(state: HouseState, own_delay_ns: int) -> Events:
    """Decide what every venue's answers, and the lack of them, say by now; `own_delay_ns` is what this house itself was late by."""
    watch, now_ns = state.watch, state.now_ns
    events: Events = [] if own_delay_ns == watch.own_delay_ns else [ev.OwnDelayNoted(own_delay_ns)]
    if not watch.is_due(now_ns, own_delay_ns):
        return events
    for venue, record in enumerate(watch.records):
        silent = watch.silent(venue, now_ns, own_delay_ns)
        health, reason = _verdict(record, silent, now_ns)
        if health is record.health and not silent:
            continue
        until_ns = record.until_ns
        if health is not record.health:
            until_ns = watch.out_until_ns(venue, now_ns) if health is _UNHEALTHY else 0
        events.append(ev.VenueHealthChanged(venue, health, reason, until_ns, silent))
        events.extend(_rest_elsewhere(state, silent))
    return events


def _verdict(record: VenueRecord, silent: tuple[int, ...], now_ns: int) -> tuple[VenueHealth, str]:
    """Give the health a venue has from now on, and why in plain words."""
    if silent:
        tenths = (now_ns - record.waiting[silent[0]]) * 10 // SECOND
        waited = f"{tenths // 10}.{tenths % 10} s"
        return _UNHEALTHY, f"{_count(len(silent), 'order')} without an answer, the first for {waited}"
    if record.health is _UNHEALTHY:
        if now_ns >= record.until_ns and not record.owed and not record.waiting:
            return _PROBING, "its time out of use is over and it owes no answer: a small order may try it"
        return _UNHEALTHY, ""
    if record.points >= TRIP or (record.health is _PROBING and record.points):
        said = [
            text
            for count, text in (
                (record.refusals, f"{_count(record.refusals, 'order')} refused for reasons of its own"),
                (record.late, f"{_count(record.late, 'answer')} too late"),
            )
            if count
        ]
        return _UNHEALTHY, " and ".join(said)
    if record.health is _PROBING and record.good:
        return _HEALTHY, "the order that tried it was answered in time"
    return record.health, ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _rest_elsewhere(state: HouseState, silent: tuple[int, ...]) -> Events:
    """Ask for routes for what of their orders is at no venue, when nothing but doubtful children is left of them."""
    blotter = state.blotter
    orders = dict.fromkeys(blotter.children[token].order_id for token in silent if token in blotter.children)
    return [
        ev.RoutingNeeded(order_id)
        for order_id in orders
        if idle_beside(blotter.orders[order_id], blotter.orders[order_id].leaves, silent)
    ]
