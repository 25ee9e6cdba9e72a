"""A world: the venues, fees, routes and shares a house is set up with, for a span of dates.

Nothing else in the product may name a venue. A world is plain data, read from a TOML file by `world_file.load_world`;
venues are known everywhere by their place in `World.venues` (0, 1, 2 ...), the order in which the file lists them.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from rushtrade.domain.accounts import CommissionTerms
from rushtrade.domain.errors import InvalidInput, RuleMissing
from rushtrade.domain.instruments import EquityClass, Instrument, InstrumentKind
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE, PRICE_UNIT, notional
from rushtrade.domain.orders import OrderType, TimeInForce
from rushtrade.domain.routes import Route, RouteSequences
from rushtrade.rules.dated import DatedTable

MILLION = 1_000_000


class VenueFees(msgspec.Struct, frozen=True):
    """What a venue charges us (+) or pays us (-): mils a share from $1 up, millionths of the value below $1."""

    make_mils: int
    take_mils: int
    make_sub_dollar_ppm: int
    take_sub_dollar_ppm: int

    def charge(self, price: int, shares: int, *, added: bool) -> int:
        """Return the venue's charge for one execution in micro-dollars; below zero is a rebate.

        From $1 up this is exact; below $1 a fraction of a micro-dollar is charged as a whole one.
        """
        if price >= PRICE_UNIT:
            return (self.make_mils if added else self.take_mils) * shares * MONEY_PER_PRICE_SHARE
        ppm = self.make_sub_dollar_ppm if added else self.take_sub_dollar_ppm
        return -(-notional(price, shares) * ppm // MILLION)


class Venue(msgspec.Struct, frozen=True):
    """One venue. `index` is its place in the world, `weight` its share of a recorded order flow."""

    index: int
    code: str
    route_code: str
    mic: str
    name: str
    kind: str
    weight: int
    latency_us: int
    feed_latency_us: int
    order_types: tuple[OrderType, ...]
    times_in_force: tuple[TimeInForce, ...]
    displays: tuple[str, ...]
    fees: DatedTable[VenueFees]

    @property
    def latency_ns(self) -> int:
        """One-way time of an order from the broker to the venue."""
        return self.latency_us * 1_000

    @property
    def feed_latency_ns(self) -> int:
        """One-way time of the venue's feed to the broker."""
        return self.feed_latency_us * 1_000

    def route_on(self, day: dt.date) -> Route:
        """Return the venue as the broker's route table shows it on `day`."""
        fees = self.fees.on(day)
        return Route(
            venue=self.index,
            code=self.code,
            route_code=self.route_code,
            mic=self.mic,
            name=self.name,
            take_mils=fees.take_mils,
            make_mils=fees.make_mils,
            take_sub_dollar_ppm=fees.take_sub_dollar_ppm,
            make_sub_dollar_ppm=fees.make_sub_dollar_ppm,
            latency_ns=self.latency_ns,
        )


class FlowSymbol(msgspec.Struct, frozen=True):
    """One stock of the generated order flow. `price` is where it starts, in $0.0001."""

    symbol: str
    name: str
    equity_class: EquityClass
    kind: InstrumentKind
    primary_venue: str
    price: int
    round_lot: int
    easy_to_borrow: bool

    def instrument(self, instrument_id: int) -> Instrument:
        """Return the instrument the house trades; its previous close is the start price."""
        return Instrument(
            instrument_id=instrument_id,
            symbol=self.symbol,
            name=self.name,
            equity_class=self.equity_class,
            kind=self.kind,
            round_lot=self.round_lot,
            tradable=True,
            halted=False,
            marginable=True,
            easy_to_borrow=self.easy_to_borrow,
            primary_venue=self.primary_venue,
            previous_close=self.price,
        )


class World(msgspec.Struct, frozen=True):
    """One world, valid on trade dates from `first` to `last`; no `last` means "until further notice"."""

    name: str
    title: str
    first: dt.date
    last: dt.date | None
    venues: tuple[Venue, ...]
    sequences: tuple[RouteSequences, ...]
    """One entry per equity class, in the order of `EquityClass`."""
    legend: tuple[tuple[str, str], ...]
    """Route code and what it stands for, in the order of the venues."""
    commissions: tuple[CommissionTerms, ...]
    """Schemes a new firm starts with; `scheme_id` counts from 1."""
    symbols: tuple[FlowSymbol, ...]

    def covers(self, day: dt.date) -> bool:
        """True when the world is valid on `day`."""
        return self.first <= day and (self.last is None or day <= self.last)

    def venue(self, code: str) -> Venue:
        """Return the venue with this house code."""
        for venue in self.venues:
            if venue.code == code:
                return venue
        known = ", ".join(venue.code for venue in self.venues)
        raise InvalidInput(f"world {self.name} has no venue {code!r}; it has {known}")

    def venue_by_route(self, route_code: str) -> Venue:
        """Return the venue with this one-letter route code (case matters)."""
        for venue in self.venues:
            if venue.route_code == route_code:
                return venue
        known = ", ".join(venue.route_code for venue in self.venues)
        raise InvalidInput(f"world {self.name} has no route {route_code!r}; it has {known}")

    def routes_on(self, day: dt.date) -> tuple[Route, ...]:
        """Return the broker's route table on `day`, in venue order, with the fees of that day."""
        self._require_day(day)
        return tuple(venue.route_on(day) for venue in self.venues)

    def fees_on(self, day: dt.date) -> tuple[VenueFees, ...]:
        """Return every venue's fees on `day`, in venue order."""
        self._require_day(day)
        return tuple(venue.fees.on(day) for venue in self.venues)

    def _require_day(self, day: dt.date) -> None:
        if not self.covers(day):
            until = self.last.isoformat() if self.last else "further notice"
            raise RuleMissing(
                f"world {self.name} does not cover {day.isoformat()}; it covers {self.first.isoformat()} to {until}"
            )
