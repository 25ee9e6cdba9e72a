"""What routes and route sequences may be, and what one route takes: checks in plain words, for the command that would set or use them.

A sequence is a string of one-letter route codes, tried left to right; case matters. The punt list stands behind it and may
name a route of the sequence a second time. Every class knows which codes are legal for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from rushtrade.domain.instruments import EquityClass
from rushtrade.domain.orders import OrderTerms, OrderType, TimeInForce
from rushtrade.domain.rejects import RejectReason
from rushtrade.domain.routes import Route, RouteSequences

ROUTES_MAX = 64
"""As many venues as a world may have."""
FEE_MAX = 1_000_000
"""A hundred dollars a share, or the value of the trade itself: beyond any fee, and safe in 64 bits."""

_CLASS_NAMES = {
    EquityClass.LISTED: "listed",
    EquityClass.NASDAQ: "Nasdaq",
    EquityClass.OTC_BB: "bulletin-board",
    EquityClass.PINK: "pink-sheet",
}


def class_name(equity_class: int) -> str:
    """Name an equity class as the desk says it."""
    try:
        return _CLASS_NAMES[EquityClass(equity_class)]
    except ValueError:
        return f"class-{equity_class}"


def check_tables(routes: tuple[Route, ...], sequences: tuple[RouteSequences, ...]) -> str | None:
    """Say why a house cannot be founded on these tables, or None when it can."""
    if len(routes) > ROUTES_MAX:
        return f"there are {len(routes)} routes; a desk has at most {ROUTES_MAX}"
    if [route.venue for route in routes] != list(range(len(routes))):
        return "routes stand in the order of their venue numbers 0, 1, 2 …"
    known = "".join(route.route_code for route in routes)
    for route in routes:
        if len(route.route_code) != 1 or known.count(route.route_code) > 1:
            return f"route {route.code} has the code {route.route_code!r}; a code is one letter of its own"
        fees = (route.take_mils, route.make_mils, route.take_sub_dollar_ppm, route.make_sub_dollar_ppm)
        if max(map(abs, fees)) > FEE_MAX or route.latency_ns < 0:
            return f"route {route.code}: fees lie within ±{FEE_MAX}, latencies at 0 or above"
    if len({row.equity_class for row in sequences}) < len(sequences):
        return "an equity class has one row of sequences"
    for row in sequences:
        for codes in (row.sequence, row.punt_list, row.legal_codes):
            if any(code not in known for code in codes):
                return f"{codes!r} of class {row.equity_class} names a route that is not among {known!r}"
    return None


def check_takes(route: Route, terms: OrderTerms) -> tuple[RejectReason, str] | None:
    """Say why a route does not take an order that is sent to it alone, or None when it does.

    An order without a limit goes out with its collar for one and rests nowhere; a stop order is what it becomes when it is triggered.
    """
    limited = terms.limit_price > 0
    kind = OrderType.LIMIT if limited else OrderType.MARKET
    if route.order_types and kind not in route.order_types:
        return RejectReason.ORDER_TYPE_NOT_TAKEN, _not_taken(route, kind, route.order_types)
    rests = limited and terms.time_in_force in {TimeInForce.DAY, TimeInForce.GTC}
    asked = terms.time_in_force if limited or terms.time_in_force is TimeInForce.FOK else TimeInForce.IOC
    sent = TimeInForce.DAY if rests else asked
    if route.times_in_force and sent not in route.times_in_force:
        return RejectReason.TIME_IN_FORCE_NOT_TAKEN, _not_taken(route, sent, route.times_in_force)
    if rests and route.displays and terms.display not in route.displays:
        return RejectReason.DISPLAY_NOT_TAKEN, _not_taken(route, terms.display, route.displays)
    return None


def _not_taken(route: Route, given: IntEnum, taken: tuple[IntEnum, ...]) -> str:
    """Name what a route does not take, and what would pass."""
    others = " or ".join(one.name.lower() for one in taken)
    return (
        f"route {route.route_code} ({route.code}) takes no {given.name.lower()} orders; {others} would pass"
    )


def check_sequences(
    rows: Mapping[int, RouteSequences], known: Iterable[str], equity_class: int, sequence: str, punt_list: str
) -> str | None:
    """Say why a class's strings cannot be set, or None when they can; `known` are the codes of all routes."""
    row = rows.get(equity_class)
    if row is None:
        return f"there is no equity class {equity_class}; classes with sequences are {sorted(map(int, rows))}"
    name, legal = class_name(equity_class), row.legal_codes
    if not legal:
        return f"no route of this world trades {name} shares, so their sequence stays empty"
    if not sequence:
        return f"the {name} sequence is empty; give at least one of the codes {legal}"
    for label, codes in (("sequence", sequence), ("punt list", punt_list)):
        for position, code in enumerate(codes):
            if code not in known:
                return f"{label} {codes!r}: {code!r} is no route code (case matters); legal for {name} shares are {legal}"
            if code not in legal:
                return f"{label} {codes!r}: route {code!r} does not take {name} shares; legal are {legal}"
            if code in codes[:position]:
                return f"{label} {codes!r}: route {code!r} stands in it twice; name each route once"
    return None
