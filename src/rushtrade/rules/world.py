"""A world: the venues, fees, routes and shares a house is set up with, for a span of dates.

Nothing else in the product may name a venue. A world is plain data, read from a TOML file by `world_file.load_world`;
venues are known everywhere by their place in `World.venues` (0, 1, 2 ...), the order in which the file lists them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from rushtrade.domain.accounts import CommissionTerms
from rushtrade.domain.errors import InvalidInput, RuleMissing
from rushtrade.domain.instruments import EquityClass, Instrument, InstrumentKind
from rushtrade.domain.numbers import MONEY_PER_PRICE_SHARE, PRICE_UNIT, notional
from rushtrade.domain.orders import Display, OrderType, TimeInForce
from rushtrade.domain.routes import Route, RouteKind, RouteSequences
from rushtrade.rules.dated import DatedTable

MILLION = 1_000_000


class FeeTier(msgspec.Struct, frozen=True):
    """Other mils a share for who has traded at least `shares` at the venue in the month so far."""

    shares: int
    make_mils: int
    take_mils: int


class VenueFees(msgspec.Struct, frozen=True):
    """What a venue charges us (+) or pays us (-): mils a share from $1 up, millionths of the value below $1.

    `tiers` by rising volume: the highest one that the month's volume reaches holds from the next day on.
    """

    make_mils: int
    take_mils: int
    make_sub_dollar_ppm: int
    take_sub_dollar_ppm: int
    tiers: tuple[FeeTier, ...] = ()

    def at_volume(self, shares: int) -> VenueFees:
        """Return the fees for who has traded so many shares at the venue in the month."""
        fees = self
        for tier in self.tiers:
            if shares >= tier.shares:
                fees = VenueFees(
                    tier.make_mils, tier.take_mils, self.make_sub_dollar_ppm, self.take_sub_dollar_ppm
                )
        return fees

    def charge(self, price: int, shares: int, *, added: bool) -> int:
        """Return the venue's charge for one execution in micro-dollars; below zero is a rebate.

        From $1 up this is exact; below $1 a fraction of a micro-dollar is charged as a whole one.
        """
        if price >= PRICE_UNIT:
            return (self.make_mils if added else self.take_mils) * shares * MONEY_PER_PRICE_SHARE
        ppm = self.make_sub_dollar_ppm if added else self.take_sub_dollar_ppm
        return -(-notional(price, shares) * ppm // MILLION)


class SpeedBump(msgspec.Struct, frozen=True):
    """Microseconds that a venue keeps everything waiting on its way in and out, beside the way there."""

    in_us: int
    out_us: int


class PoolTerms(msgspec.Struct, frozen=True):
    """What a midpoint pool is like: who stands in it unseen, and who hears of an order that met nobody.

    Chances are in millionths. The crowd stands in a stock, on one side at a time, for `crowd_ms` before it is drawn anew.
    An order that asked and found nobody leaks with `leak_ppm`: `leak_shares` of the lit quote it would have taken next go.
    """

    crowd_ppm: int
    crowd_shares: int
    crowd_ms: int
    leak_ppm: int
    leak_shares: int


class MakerTerms(msgspec.Struct, frozen=True):
    """How a market maker answers: up to `shares_max` of an order with `accept_ppm`, better by `improve_ppm` of the spread."""

    accept_ppm: int
    improve_ppm: int
    shares_max: int


class Venue(msgspec.Struct, frozen=True):
    """One venue. `index` is its place in the world, `weight` its share of a recorded order flow.

    One without a `route_code` is shown and never routed to (`participants.with_centres`).
    """

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
    displays: tuple[Display, ...]
    fees: DatedTable[VenueFees]
    protected: bool = True
    """Whether its quotes are protected: those of automated lit markets are."""
    stale_ms: int = 0
    """Silence after which its quotes count no more; 0 never, for a feed of orders need not speak."""
    jitter_us: int = 0
    """What the way of an order may take longer than `latency_us`, at most."""
    speed_bump: SpeedBump | None = None
    pool: PoolTerms | None = None
    """Of a dark pool."""
    maker: MakerTerms | None = None
    """Of a market maker who trades against orders one by one; without, it stands with quotes in a book of its own."""

    @property
    def latency_ns(self) -> int:
        """One-way time of an order from the broker to the venue."""
        return self.latency_us * 1_000

    @property
    def feed_latency_ns(self) -> int:
        """One-way time of the venue's feed to the broker."""
        return self.feed_latency_us * 1_000

    @property
    def jitter_ns(self) -> int:
        """The most that the way of an order may take longer."""
        return self.jitter_us * 1_000

    def route_on(self, day: dt.date, monthly_shares: int = 0) -> Route:
        """Return the venue as the broker's route table shows it on `day`, after so many shares there in the month."""
        fees = self.fees.on(day).at_volume(monthly_shares)
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
            order_types=self.order_types,
            times_in_force=self.times_in_force,
            displays=self.displays,
            kind=self._route_kind,
        )

    @property
    def _route_kind(self) -> RouteKind:
        """What an order meets here: a market maker without terms of answering stands with quotes like a lit venue."""
        if self.pool is not None:
            return RouteKind.DARK
        return RouteKind.LIT if self.maker is None else RouteKind.MAKER


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
    index: str = ""
    """The stock whose fall sets off the market-wide breaker: a fund on the index; empty: none."""

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

    def routes_on(
        self, day: dt.date, monthly_shares: Mapping[int, int] = MappingProxyType({})
    ) -> tuple[Route, ...]:
        """Return the broker's route table on `day`, in venue order, with the fees of that day.

        `monthly_shares`: by venue, what the firm has traded there in the month before that day.
        """
        self._require_day(day)
        routed = (venue for venue in self.venues if venue.route_code)
        return tuple(venue.route_on(day, monthly_shares.get(venue.index, 0)) for venue in routed)

    def has_tiers(self, day: dt.date) -> bool:
        """True when a venue's fees depend on the month's volume on `day`."""
        return any(venue.fees.on(day).tiers for venue in self.venues)

    def takes(self, venue: Venue, equity_class: int) -> bool:
        """True when a venue trades stocks of a class: when its route code is legal there."""
        return any(
            row.equity_class == equity_class and venue.route_code in row.legal_codes for row in self.sequences
        )

    def last_day(self, day: dt.date) -> dt.date:
        """Return `day`, or the world's last day when it lies behind it: where a past world is looked at from today."""
        return day if self.last is None or day <= self.last else self.last

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
