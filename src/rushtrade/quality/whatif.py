"""What if: a day's orders planned again under another strategy or sequence, both priced on the books stamped on them.

What it compares is what was shown when an order came, and nothing after: no hidden shares, no quotes that ran, no resting fills. Where one plan takes fewer of the
shares shown than the other, what it left is priced as taken afterwards at the cheapest that was left, so both are over the same shares.
Orders sent to a route of the customer's choice, and stops, have nothing to compare and are counted apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import msgspec

from rushtrade.backoffice.folding import EventFrame
from rushtrade.backoffice.percentages import half_up
from rushtrade.dart.desk import RoutingDesk
from rushtrade.dart.lessons import RoutingMemory
from rushtrade.dart.planning import plan
from rushtrade.dart.sequences import class_name
from rushtrade.dart.sweeping import RouteNeed
from rushtrade.domain import events as ev
from rushtrade.domain.commands import AnyCommand, EnterOrder
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import day_from_number
from rushtrade.domain.instruments import EquityClass
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE, MONEY_UNIT
from rushtrade.domain.orders import ROUTE_SEQUENCE, ROUTE_STRATEGIES, OrderTerms, TimeInForce
from rushtrade.domain.quotes import QuoteStamp
from rushtrade.domain.routes import VenueHealth
from rushtrade.quality.facts import two_sided
from rushtrade.quality.replan import as_seen, by_desk, completed
from rushtrade.quality.shown import Take, cost_money, t_half_width
from rushtrade.rules.day import rules_for_day
from rushtrade.rules.market_structure import TickRule

ORDERS_MAX = 1_000_000
"""Orders of one comparison: a busy house's month."""
_commands = msgspec.msgpack.Decoder(AnyCommand)


class Alternative(msgspec.Struct, frozen=True):
    """The other way: a strategy's name, or codes of a sequence for every class in which they are legal."""

    strategy: str
    sequence: str = ""

    @property
    def title(self) -> str:
        """What it is called."""
        return f"sequence {self.sequence}" if self.sequence else self.strategy


class Compared(msgspec.Struct, frozen=True):
    """One order under both. Costs in micro-dollars against the midpoint, take fees in it; `difference` < 0: the other way is cheaper.

    `left` are shares shown within the limit that a way did not take by itself.
    """

    order_id: int
    symbol: str
    side: str
    wanted: int
    shares: int
    cost: int
    other_cost: int
    left: int
    other_left: int

    @property
    def difference(self) -> int:
        """What the other way costs more."""
        return self.other_cost - self.cost


class WhatIf(msgspec.Struct, frozen=True):
    """The sum. Money as decimal dollars, `interval` is the 95 % interval of the difference by Student's t over orders."""

    alternative: str
    days: int
    orders: int
    nothing_shown: int
    directed: int
    stops: int
    without_midpoint: int
    not_legal: int
    planned_later: int
    """Accepted while the market was closed: their stamp is not what they were routed on."""
    one_way_only: int
    """Fill or kill, and only one of the two ways would have filled them: there is no price to compare."""
    plans_differ: int
    """Orders whose plan is not the journal's when planned again as it was: 0, unless the release that wrote it planned otherwise."""
    shares: int
    cost: str
    other_cost: str
    difference: str
    difference_mils: str | None
    interval: tuple[str, str] | None
    cheaper: int
    dearer: int
    alike: int
    left: int
    other_left: int
    per_order: list[Compared]


class WhatIfReader:
    """Folds frames of one or more days and compares order by order."""

    def __init__(self, alternative: Alternative, first: int | None = None, last: int | None = None) -> None:
        if alternative.strategy not in ROUTE_STRATEGIES:
            raise InvalidInput(
                f"there is no strategy {alternative.strategy!r} to price by what was shown; there are {', '.join(ROUTE_STRATEGIES)}"
            )
        self.alternative = alternative
        self._routing = RoutingMemory()
        """What the house had learned when an order came, folded from the same events as the house's own."""
        self._open: dict[int, OrderTerms] = {}
        self._ticks: TickRule | None = None
        self._span = (first, last)
        self._desk: RoutingDesk | None = None
        self._other: RoutingDesk | None = None
        self._classes: dict[int, int] = {}
        self._symbols: dict[int, str] = {}
        self._day: int | None = None
        self._days: dict[int, None] = {}
        self._counts = dict.fromkeys(
            ("nothing", "directed", "stops", "no mid", "not legal", "later", "one way", "differ"), 0
        )
        self._found: list[Compared] = []

    def read(self, frames: Iterator[EventFrame]) -> None:
        """Read a journal."""
        for frame in frames:
            for entry in frame.entries:
                accepted: ev.OrderAccepted | None = None
                is_routed = False
                for event in entry.events:
                    if isinstance(event, ev.OrderAccepted):
                        accepted = event
                        self._open[event.order_id] = event.terms
                    elif isinstance(event, ev.OrderRouted) and accepted is not None:
                        is_routed = True
                        self._entered(accepted, event, entry.command)
                    self._tables(event)
                if accepted is not None and not is_routed:
                    self._entered(accepted, None, entry.command)

    def _entered(self, accepted: ev.OrderAccepted, routed: ev.OrderRouted | None, command: bytes) -> None:
        """Compare an order, with everything as it was before it was routed."""
        entered = _commands.decode(command)
        if isinstance(entered, EnterOrder) and self._in_span():
            self._order(accepted, routed, entered.stamp)

    def _in_span(self) -> bool:
        first, last = self._span
        day = self._day
        return day is not None and (first is None or day >= first) and (last is None or day <= last)

    def _tables(self, event: ev.AnyEvent) -> None:
        match event:
            case ev.FirmOpened():
                self._desk = RoutingDesk(event.routes, event.sequences)
                self._other = RoutingDesk(event.routes, event.sequences)
                self._set_sequence(self._other)
            case ev.InstrumentDefined():
                self._classes[event.instrument.instrument_id] = event.instrument.equity_class
                self._symbols[event.instrument.instrument_id] = event.instrument.symbol
            case ev.DayOpened():
                self._day = event.trade_date
                self._routing.begin_day()
                self._ticks = rules_for_day(day_from_number(event.trade_date)).ticks
            case ev.SequencesSet():
                self._both()[0].set_sequences(event.equity_class, event.sequence, event.punt_list)
                if not self.alternative.sequence:
                    self._both()[1].set_sequences(event.equity_class, event.sequence, event.punt_list)
            case ev.RouteSwitched():
                for desk in self._both():
                    desk.switch_route(event.venue, event.enabled)
                    if event.enabled:
                        desk.set_health(event.venue, healthy=True)
            case ev.VenueLinkChanged():
                for desk in self._both():
                    desk.set_health(event.venue, healthy=True)
                    desk.set_link(event.venue, event.up)
            case ev.VenueHealthChanged():
                for desk in self._both():
                    desk.set_health(event.venue, healthy=event.health is VenueHealth.HEALTHY)
            case ev.RoutesSet():
                self._desk, self._other = (
                    RoutingDesk.restore(msgspec.structs.replace(desk.snapshot(), routes=event.routes))
                    for desk in self._both()
                )

        self._lessons(event)

    def _lessons(self, event: ev.AnyEvent) -> None:
        """Learn what the house learned from an event."""
        codes = () if self._desk is None else self._desk.codes
        match event:
            case ev.OrderRouted():
                terms = self._open[event.order_id]
                klass = class_name(self._classes[terms.instrument_id])
                self._routing.routed(event, klass, terms.side, codes)
            case ev.OrderFilled():
                self._routing.filled(event, codes)
                if event.leaves == 0:
                    self._open.pop(event.order_id, None)
            case ev.ChildEnded():
                self._routing.child_ended(event, codes)
            case ev.OrderCanceled() | ev.OrderExpired():
                self._routing.ended(event.order_id, codes)
                self._open.pop(event.order_id, None)
            case ev.OrderReplaced():
                self._routing.replaced(event.order_id)
                self._open.pop(event.order_id, None)
            case ev.RoutesForgotten():
                self._routing.forget(event.venue, codes)

    def _both(self) -> tuple[RoutingDesk, RoutingDesk]:
        if self._desk is None or self._other is None:
            raise InvalidInput("the journal holds no firm yet")
        return self._desk, self._other

    def _set_sequence(self, desk: RoutingDesk) -> None:
        """Put the other sequence, without a punt list, into every class that takes it; refuse one that none does."""
        codes = self.alternative.sequence
        if not codes:
            return
        refused = []
        for row in desk.sequences():
            why = desk.check_sequences(row.equity_class, codes, "")
            if why is None:
                desk.set_sequences(row.equity_class, codes, "")
            else:
                refused.append(why)
        if len(refused) == len(desk.sequences()):
            raise InvalidInput(refused[0])

    def _order(self, accepted: ev.OrderAccepted, routed: ev.OrderRouted | None, stamp: QuoteStamp) -> None:
        terms = accepted.terms
        desk, other = self._both()
        if len(self._found) >= ORDERS_MAX:
            raise InvalidInput(f"more than {ORDERS_MAX:,} orders to compare; ask for fewer days")
        if self._day is not None:
            self._days[self._day] = None
        if terms.stop_price:
            self._counts["stops"] += 1
        elif desk.route_named(terms.route) is not None:
            self._counts["directed"] += 1
        elif not two_sided(stamp.bid, stamp.ask):
            self._counts["no mid"] += 1
        elif routed is None:
            self._counts["later"] += 1
        else:
            need = _need(accepted, self._classes[terms.instrument_id], self._ticks)
            self._counts["differ"] += plan(desk, need, stamp, self._routing).children != routed.plan.children
            if self.alternative.sequence and not self._is_legal(other, need.equity_class):
                self._counts["not legal"] += 1
            else:
                self._compare(accepted, need, stamp)

    def _is_legal(self, other: RoutingDesk, equity_class: int) -> bool:
        return any(
            row.equity_class == equity_class and row.sequence == self.alternative.sequence
            for row in other.sequences()
        )

    def _compare(self, accepted: ev.OrderAccepted, need: RouteNeed, stamp: QuoteStamp) -> None:
        desk, other = self._both()
        cost, shares, left = self._priced(desk, need, stamp)
        again = msgspec.structs.replace(need, route=self.alternative.strategy)
        other_cost, other_shares, other_left = self._priced(other, again, stamp)
        if not shares and not other_shares:
            self._counts["nothing"] += 1
            return
        if shares != other_shares:
            self._counts["one way"] += 1
            return
        self._found.append(
            Compared(
                accepted.order_id,
                self._symbols[accepted.terms.instrument_id],
                accepted.terms.side.name.lower(),
                need.shares,
                shares,
                cost,
                other_cost,
                left,
                other_left,
            )
        )

    def _priced(self, desk: RoutingDesk, need: RouteNeed, stamp: QuoteStamp) -> tuple[int, int, int]:
        """Give cost, shares, and the shares shown within the limit that the way itself left."""
        book = as_seen(stamp, need.side)
        taken: list[Take] = by_desk(desk, need, book, self._routing)
        rest = completed(desk, need, book, taken)
        left = sum(take.shares for take in rest)
        every = [*taken, *rest]
        return cost_money(every, need.side, book.mid2, desk.routes), sum(take.shares for take in every), left

    def result(self) -> WhatIf:
        """Give the sum and every order."""
        found = self._found
        differences = [one.difference for one in found]
        total, shares = sum(differences), sum(one.shares for one in found)
        half = t_half_width(differences)
        return WhatIf(
            alternative=self.alternative.title,
            days=len(self._days),
            orders=len(found),
            nothing_shown=self._counts["nothing"],
            directed=self._counts["directed"],
            stops=self._counts["stops"],
            without_midpoint=self._counts["no mid"],
            not_legal=self._counts["not legal"],
            planned_later=self._counts["later"],
            one_way_only=self._counts["one way"],
            plans_differ=self._counts["differ"],
            shares=shares,
            cost=dollars(sum(one.cost for one in found)),
            other_cost=dollars(sum(one.other_cost for one in found)),
            difference=dollars(total),
            difference_mils=half_up(Fraction(total, shares * MONEY_PER_PRICE_SHARE), 3) if shares else None,
            interval=None if half is None else (dollars(total - half), dollars(total + half)),
            cheaper=sum(one < 0 for one in differences),
            dearer=sum(one > 0 for one in differences),
            alike=sum(one == 0 for one in differences),
            left=sum(one.left for one in found),
            other_left=sum(one.other_left for one in found),
            per_order=found,
        )


def _need(accepted: ev.OrderAccepted, equity_class: int, ticks: TickRule | None) -> RouteNeed:
    """Give the need of an order as the core states it (`core.decide_orders.make_plan`)."""
    terms = accepted.terms
    tif = terms.time_in_force
    return RouteNeed(
        equity_class=EquityClass(equity_class),
        side=terms.side,
        shares=terms.quantity,
        price=accepted.bound,
        may_rest=terms.limit_price > 0 and tif in {TimeInForce.DAY, TimeInForce.GTC},
        whole=tif is TimeInForce.FOK,
        route=terms.route,
        display_shares=min(terms.display_shares, terms.quantity),
        hidden=terms.hidden,
        once=tif is TimeInForce.IOC,
        tick=100 if ticks is None else ticks.tick(accepted.bound),
    )


def dollars(money: int | Fraction) -> str:
    """Write micro-dollars as dollars and cents, half-up."""
    return half_up(Fraction(money, MONEY_UNIT), 2)


def alternative_of(strategy: str, sequence: str) -> Alternative:
    """Read what was asked for: one of the two."""
    if bool(strategy) == bool(sequence):
        raise InvalidInput("say what else: either --strategy NAME or --sequence CODES")
    return Alternative(ROUTE_SEQUENCE, sequence) if sequence else Alternative(strategy)
