"""Reference data of the data center: instruments and sessions by date, from people, venues' directories and a world.

`ReferenceData.instrument("AAPL", date)` says what a symbol meant on a day, `session("XNAS", date)` when a venue traded. What people
have written down (`reference_file`) counts most, then what directories said (`learn`), then what the world supposes.
`tell_reference` and `venue_terms` hand a `MarketData` what it needs of it; `instrument_of` makes the instrument a house trades.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import msgspec

from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instruments import EquityClass, Instrument, InstrumentKind, tape_of
from rushtrade.market.instrument_history import InstrumentHistory, InstrumentOnDay, ListingTerms
from rushtrade.market.market_data import MarketData
from rushtrade.market.quotes import VenueTerms
from rushtrade.market.reference_file import ReferenceFile
from rushtrade.rules.dated import DatedRow
from rushtrade.rules.sessions import Session, VenueCalendar
from rushtrade.rules.world import World

MILLISECOND_NS = 1_000_000
_NASDAQ_LISTED = "QGS"
"""ITCH 5.0 market categories: Global Select, Global Market, Capital Market."""
_PRIMARY = dict.fromkeys(_NASDAQ_LISTED, "XNAS") | {
    "N": "XNYS",
    "A": "XASE",
    "P": "ARCX",
    "Z": "BATS",
    "V": "IEXG",
}
"""Listing venues (ISO 10383) by market category of ITCH 5.0."""
_SUSPENDED = frozenset("SB")
"""ITCH 5.0 financial status: suspended, or suspended and bankrupt."""
_TIERS = {"1": 1, "2": 2}


class Listing(msgspec.Struct, frozen=True):
    """A stock as a venue announced it: the letters are those of ITCH 5.0's directory; empty or 0 = not told."""

    symbol: str
    round_lot: int
    market_category: str = ""
    issue_classification: str = ""
    etp_flag: str = ""
    authentic: bool = True
    financial_status: str = ""
    tier: str = ""
    leverage: int = 0


class ReferenceData:
    """Instruments and sessions of a world by date, with what people have written down over them."""

    def __init__(self, world: World, written: ReferenceFile | None = None) -> None:
        """Raises `InvalidInput` for listings or days that contradict each other, naming what would pass."""
        written = written or ReferenceFile()
        self.world = world
        self.written = written
        self.calendar = VenueCalendar(written.special_days)
        self.history = InstrumentHistory()
        self._world_terms: dict[str, ListingTerms] = {}
        self._codes = {venue.mic: venue.code for venue in world.venues}
        for each in written.listings:
            self.history.tell(each.listing, each.rows)
        for share in world.symbols:
            terms = self._world_terms[share.symbol] = ListingTerms(
                symbol=share.symbol,
                name=share.name,
                equity_class=share.equity_class,
                kind=share.kind,
                primary_venue=share.primary_venue,
                round_lot=share.round_lot,
                easy_to_borrow=share.easy_to_borrow,
            )
            self.history.suppose(DatedRow(world.first, world.last, terms, f"world {world.name}"))

    def instrument(self, symbol: str, day: dt.date) -> InstrumentOnDay:
        """Return what a symbol meant on a day; InvalidInput when it meant nothing."""
        return self.history.instrument(symbol, day)

    def written_on(self, day: dt.date) -> dict[str, ListingTerms]:
        """Return what people have written down of a day, by symbol."""
        rows = [row for _, listing in self.history.written() for row in listing if row.covers(day)]
        return {row.value.symbol: row.value for row in rows}

    def session(self, mic: str, day: dt.date) -> Session:
        """Return the hours of a venue, by its ISO 10383 code, on a day."""
        return self.calendar.session(mic, day)

    def learn(self, day: dt.date, listing: Listing, source: str) -> None:
        """Note what venues' directories say of a stock on a day; days come in order."""
        self.history.seen(day, self._terms_of(listing), source)

    def _terms_of(self, listing: Listing) -> ListingTerms:
        """What a directory says, and where it says nothing, what the world does."""
        world = self._world_terms.get(listing.symbol)
        told = ListingTerms(
            symbol=listing.symbol,
            name=listing.symbol if world is None else world.name,
            equity_class=EquityClass.NASDAQ
            if listing.market_category in _NASDAQ_LISTED
            else EquityClass.LISTED,
            kind=_kind(listing),
            primary_venue=self._primary(listing.market_category),
            round_lot=listing.round_lot,
            tier=_TIERS.get(listing.tier, 0),
            leverage=listing.leverage,
            easy_to_borrow=world is None or world.easy_to_borrow,
            suspended=listing.financial_status in _SUSPENDED,
        )
        if world is not None and not listing.market_category:
            return msgspec.structs.replace(
                told, equity_class=world.equity_class, kind=world.kind, primary_venue=world.primary_venue
            )
        return told

    def _primary(self, market_category: str) -> str:
        """Give the listing venue as the world calls it, or by its MIC; "" when the directory does not say."""
        mic = _PRIMARY.get(market_category, "")
        return self._codes.get(mic, mic)

    def instrument_of(self, listing: Listing, day: dt.date) -> Instrument:
        """Give what a house must know of a stock that a feed announced: as written down, else as the world has it, else as announced.

        Closing prices of a world are of its own days, so none is taken over.
        """
        terms = self._terms_of(listing)
        try:
            found = self.history.instrument(listing.symbol, day)
        except InvalidInput:
            known = self._world_terms.get(listing.symbol, terms)
        else:
            known = found.terms
        return Instrument(
            instrument_id=1,
            symbol=listing.symbol,
            name=known.name,
            equity_class=known.equity_class,
            kind=known.kind,
            round_lot=known.round_lot or terms.round_lot or 100,
            tradable=listing.authentic and not known.suspended,
            halted=False,
            marginable=known.kind is not InstrumentKind.RESTRICTED,
            easy_to_borrow=known.easy_to_borrow,
            primary_venue=known.primary_venue or self.world.venues[0].code,
            previous_close=0,
        )


def _kind(listing: Listing) -> InstrumentKind:
    if listing.etp_flag == "Y":
        return InstrumentKind.ETF
    return InstrumentKind.WARRANT if listing.issue_classification == "W" else InstrumentKind.COMMON


def venue_terms(world: World) -> list[VenueTerms]:
    """How far the word of each venue of a world counts."""
    return [VenueTerms(venue.protected, venue.stale_ms * MILLISECOND_NS) for venue in world.venues]


def tell_reference(data: MarketData, instruments: Iterable[Instrument]) -> None:
    """Tell a data center what the house knows of its instruments.

    The tape of the listing decides how sale conditions are read, the last close how wide price bands are. Round lots are left to the
    day's directory: it comes from the listing exchange every morning, ours may be a year old.
    """
    closes = {}
    for row in instruments:
        data.tape.list_on(row.instrument_id, tape_of(row.equity_class, row.primary_venue))
        if row.previous_close > 0:
            closes[row.instrument_id] = row.previous_close
    if closes:
        data.tell_reference(closes=closes)


def tell_written(data: MarketData, ids: Mapping[int, str], written: Mapping[str, ListingTerms]) -> None:
    """Tell a data center what people have written down of instruments (id → symbol): round lots and tiers, before any directory."""
    terms = {number: written[symbol] for number, symbol in ids.items() if symbol in written}
    if terms:
        data.tell_reference(
            round_lots={number: each.round_lot for number, each in terms.items()},
            tiers={number: each.tier for number, each in terms.items() if each.tier},
        )
