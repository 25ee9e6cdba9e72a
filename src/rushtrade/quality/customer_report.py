"""Rule 606(b): what one customer is told of the routing of their own orders.

(b)(1), held orders: which venue each went to, whether by the customer's direction, and when each transaction happened. (b)(3), not held
orders: by month, directed apart from non-directed, the shares sent and, venue by venue, twenty-one figures of how they fared. The house is an agent and
shows no indications of interest: what it executed as principal and what it exposed are nought.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import msgspec

from rushtrade.backoffice.percentages import half_up
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import MILLISECOND, day_from_number, format_instant
from rushtrade.domain.numbers import CENT
from rushtrade.domain.orders import Liquidity, TimeInForce
from rushtrade.quality.disclosures import Disclosures
from rushtrade.quality.facts import Child, Ending, Fill, Names, OrderFacts
from rushtrade.quality.routing_report import Quarter, percent

ORDERS_MAX = 1_000_000
"""Orders of one customer in one report: a trader of ten thousand orders a day reaches it in a quarter and a half."""


class Transaction(msgspec.Struct, frozen=True):
    """When shares were executed, in UTC."""

    date: str
    time: str


class RoutedTo(msgspec.Struct, frozen=True):
    """A venue an order went to, and what was executed there."""

    venue: str
    mic: str
    mpid: str
    transactions: list[Transaction]


class CustomerOrder(msgspec.Struct, frozen=True):
    """One held order."""

    order_id: int
    directed: bool
    routes: list[RoutedTo]


class CustomerReport(msgspec.Struct, frozen=True):
    """606(b)(1) of one account over a span of days."""

    firm: str
    account: str
    first: str
    last: str
    orders: list[CustomerOrder]


class VenueHandling(msgspec.Struct, frozen=True):
    """606(b)(3)(ii) of one venue: figures by the names of the SEC's schema, in its order."""

    venue: str
    mic: str
    mpid: str
    figures: list[tuple[str, str]]


class MonthHandling(msgspec.Struct, frozen=True):
    """606(b)(3) of one month. `sent` are shares as the customer entered them."""

    year: int
    month: int
    sent: int
    venues: list[VenueHandling]


class HandlingReport(msgspec.Struct, frozen=True):
    """606(b)(3) of one account over a span of days."""

    firm: str
    account: str
    first: str
    last: str
    directed: list[MonthHandling]
    non_directed: list[MonthHandling]


class CustomerCounter:
    """Collects one account's orders of a quarter for both reports."""

    def __init__(self, quarter: Quarter, account: str, disclosures: Disclosures) -> None:
        self.quarter = quarter
        self.account = account
        self._disclosures = disclosures
        self._held: list[OrderFacts] = []
        self._not_held: list[OrderFacts] = []

    def add(self, orders: Iterable[OrderFacts], names: Names) -> None:
        """Take orders in; those of other accounts and days are passed by."""
        for order in orders:
            if names.accounts.get(order.account_id) != self.account or order.ending is Ending.REFUSED:
                continue
            if not self.quarter.holds(day_from_number(order.day)):
                continue
            kept = self._held if order.held else self._not_held
            if len(kept) >= ORDERS_MAX:
                raise InvalidInput(
                    f"account {self.account} has more than {ORDERS_MAX:,} orders in {self.quarter}"
                )
            kept.append(order)

    def check(self, names: Names) -> None:
        """Refuse an account the books do not hold."""
        if self.account not in names.accounts.values():
            raise InvalidInput(
                f"the books hold no account {self.account!r}; an account has the number it has at the clearing firm"
            )

    def _days(self) -> tuple[str, str]:
        first, _, last = self.quarter.months
        year = self.quarter.year
        last_day = 30 if last in {6, 9} else 31
        return f"{year}-{first:02d}-01", f"{year}-{last:02d}-{last_day}"

    def held(self, names: Names) -> CustomerReport:
        """Give 606(b)(1)."""
        self._held.sort(key=lambda order: order.order_id)
        rows = [
            CustomerOrder(order.order_id, order.directed, self._routes(order, names)) for order in self._held
        ]
        return CustomerReport(names.firm, self.account, *self._days(), rows)

    def _routes(self, order: OrderFacts, names: Names) -> list[RoutedTo]:
        """Give every venue an order went to, once, in the order it went there."""
        found: dict[int, list[Fill]] = {}
        for child in order.children:
            found.setdefault(child.venue, []).extend(child.fills)
        return [
            RoutedTo(*self._venue(venue, names), [_transaction(fill) for fill in fills])
            for venue, fills in found.items()
        ]

    def _venue(self, venue: int, names: Names) -> tuple[str, str, str]:
        route = names.routes.get(venue)
        name = route.name if route else names.code(venue)
        return name, route.mic if route else "", self._disclosures.mpid(names, venue)

    def not_held(self, names: Names) -> HandlingReport:
        """Give 606(b)(3)."""
        parts = []
        for directed in (True, False):
            months: dict[int, list[OrderFacts]] = {}
            for order in self._not_held:
                if order.directed is directed:
                    months.setdefault(day_from_number(order.day).month, []).append(order)
            parts.append([self._month(month, months[month], names) for month in sorted(months)])
        return HandlingReport(names.firm, self.account, *self._days(), *parts)

    def _month(self, month: int, orders: list[OrderFacts], names: Names) -> MonthHandling:
        venues: dict[int, list[tuple[Child, OrderFacts]]] = {}
        for order in orders:
            for child in order.children:
                venues.setdefault(child.venue, []).append((child, order))
        rows = [
            VenueHandling(*self._venue(venue, names), handling(children))
            for venue, children in sorted(venues.items())
        ]
        return MonthHandling(self.quarter.year, month, sum(order.wanted for order in orders), rows)


def handling(children: list[tuple[Child, OrderFacts]]) -> list[tuple[str, str]]:
    """Give the twenty-one figures of one venue. Near side is the order's own; an execution without a known midpoint is of no side."""
    sent = [child for child, _ in children if not child.carried]
    routed = sum(child.shares for child, _ in children)
    fills = [(fill, child, order) for child, order in children for fill in child.fills]
    executed = sum(fill.shares for fill, _, _ in fills)
    sides = {"midpoint": 0, "nearside": 0, "farside": 0}
    for fill, child, order in fills:
        side = _side(fill, child, order)
        if side:
            sides[side] += fill.shares
    added = [(fill, child) for fill, child, _ in fills if fill.liquidity is Liquidity.ADDED]
    gave = sum(fill.shares for fill, _ in added)
    gave_fee = sum(fill.venue_fee for fill, _ in added)
    fee = sum(fill.venue_fee for fill, _, _ in fills)
    waited = sum((fill.time_ns - child.sent_ns) * fill.shares for fill, child in added)
    by_side = [
        row
        for name, shares in sides.items()
        for row in ((f"{name}Shr", str(shares)), (f"{name}Pct", percent(shares, executed)))
    ]
    ioc = sum(
        child.shares for child, _ in children if child.time_in_force in {TimeInForce.IOC, TimeInForce.FOK}
    )
    return [
        ("routedShr", str(routed)),
        ("iocRoutedShr", str(ioc)),
        ("furtherRoutableShr", "0"),
        ("orderSizeShr", _quotient(routed, len(sent), 0)),
        ("executedShr", str(executed)),
        ("filledPct", percent(executed, routed)),
        ("fillSizeShr", _quotient(executed, len(fills), 0)),
        ("netFeeOrRebateCph", _quotient(fee * 100, executed * CENT, 4)),
        *by_side,
        ("providedLiqudityShr", str(gave)),
        ("providedLiquidityPct", percent(gave, executed)),
        ("orderDurationMsec", _quotient(waited, gave * MILLISECOND, 0)),
        ("providedLiquidityNetCph", _quotient(gave_fee * 100, gave * CENT, 4)),
        ("removedLiquidityShr", str(executed - gave)),
        ("removedLiquidityPct", percent(executed - gave, executed)),
        ("removedLiquidityNetCph", _quotient((fee - gave_fee) * 100, (executed - gave) * CENT, 4)),
    ]


def _side(fill: Fill, child: Child, order: OrderFacts) -> str:
    """Say where an execution lay between the quotes its child was planned on; empty inside, but off the midpoint, and where not known."""
    if not child.quote.known:
        return ""
    if 2 * fill.price == child.quote.mid2:
        return "midpoint"
    if order.way * (fill.price - child.quote.far(order.terms.side)) >= 0:
        return "farside"
    return "nearside" if order.way * (child.quote.near(order.terms.side) - fill.price) >= 0 else ""


def _quotient(part: int, whole: int, decimals: int) -> str:
    return half_up(Fraction(part, whole) if whole else Fraction(0), decimals)


def _transaction(fill: Fill) -> Transaction:
    date, _, time = format_instant(fill.time_ns).partition("T")
    return Transaction(date, time.rstrip("Z"))
