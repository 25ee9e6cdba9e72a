"""Reference data of the data center: instruments and sessions by date, from a world, a file of overrides, and venues' directories.

`ReferenceData.instrument("AAPL", date)` says what a symbol meant on a day, `session("XNAS", date)` when a venue traded.
`tell_reference` and `venue_terms` hand a `MarketData` what it needs of it. A file of overrides is TOML:

    [[listing]]
    listing = "META"                # a name for the security through all its symbols
    [[listing.row]]
    from = 2012-05-18
    to = 2022-06-08
    symbol = "FB"
    name = "Facebook, Inc."
    equity_class = "nasdaq"         # listed, nasdaq, otc_bb, pink
    kind = "common"                 # common, etf, warrant, restricted
    primary = "NASDAQ"
    round_lot = 100
    tier = 1                        # may be left out, as may leverage, easy_to_borrow (true) and suspended (false)
    source = "…"

    [[special_day]]
    mic = "XNAS"
    day = 2025-01-09
    pre_open = "04:00"
    open = "09:30"
    close = "13:00"
    post_close = "17:00"
    source = "…"
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable
from pathlib import Path

from rushtrade.domain.instruments import Instrument
from rushtrade.market.instrument_history import (
    LISTINGS_MAX,
    ROWS_MAX,
    InstrumentOnDay,
    ListingTerms,
    history_of_world,
)
from rushtrade.market.market_data import MarketData
from rushtrade.market.quotes import VenueTerms
from rushtrade.rules.dated import DatedRow
from rushtrade.rules.new_york import minutes
from rushtrade.rules.sessions import OVERRIDES_MAX, Session, SpecialDay, VenueCalendar
from rushtrade.rules.toml_tables import TomlTable, WorldInvalid
from rushtrade.rules.world import World
from rushtrade.rules.world_file import EQUITY_CLASSES, INSTRUMENT_KINDS
from rushtrade.wire import itch50

MILLISECOND_NS = 1_000_000
ROUND_LOT_MAX = 10_000
_ROW_KEYS = (
    *("from", "to", "symbol", "name", "equity_class", "kind", "primary", "round_lot", "tier", "leverage"),
    *("easy_to_borrow", "suspended", "source"),
)
_DAY_KEYS = ("mic", "day", "pre_open", "open", "close", "post_close", "source")

Listing = tuple[str, list[DatedRow[ListingTerms]]]


class ReferenceData:
    """Instruments and sessions of a world by date, with the overrides of a file over them."""

    def __init__(self, world: World, overrides: Path | None = None) -> None:
        """Raises `WorldInvalid` or `InvalidInput` for a file that cannot be used, naming the place and what would pass."""
        listings: list[Listing] = []
        special: list[SpecialDay] = []
        if overrides is not None:
            listings, special = read_overrides(overrides)
        self.history = history_of_world(world, listings)
        self.calendar = VenueCalendar(special)

    def instrument(self, symbol: str, day: dt.date) -> InstrumentOnDay:
        """Return what a symbol meant on a day; InvalidInput when it meant nothing."""
        return self.history.instrument(symbol, day)

    def session(self, mic: str, day: dt.date) -> Session:
        """Return the hours of a venue, by its ISO 10383 code, on a day."""
        return self.calendar.session(mic, day)

    def learn(self, day: dt.date, venue: str, message: itch50.StockDirectory) -> None:
        """Note what a venue's directory says of a stock on a day."""
        tier = message.luld_reference_price_tier
        self.history.seen(
            day,
            ListingTerms(
                symbol=message.stock,
                name=message.stock,
                equity_class=EQUITY_CLASSES["nasdaq" if message.market_category in "QGS" else "listed"],
                kind=INSTRUMENT_KINDS["etf" if message.etp_flag == "Y" else "common"],
                primary_venue=venue if message.market_category in "QGS" else "",
                round_lot=message.round_lot_size,
                tier=int(tier) if tier in {"1", "2"} else 0,
                leverage=message.etp_leverage_factor,
                suspended=message.financial_status in {"S", "B"},
            ),
            f"directory of {venue}",
        )


def venue_terms(world: World) -> list[VenueTerms]:
    """How far the word of each venue of a world counts."""
    return [VenueTerms(venue.protected, venue.stale_ms * MILLISECOND_NS) for venue in world.venues]


def tell_reference(data: MarketData, instruments: Iterable[Instrument]) -> None:
    """Tell a data center what the house knows of its instruments: the last close, which decides how wide price bands are.

    Round lots are left to the day's directory: it comes from the listing exchange every morning, ours may be a year old.
    """
    data.tell_reference(
        closes={row.instrument_id: row.previous_close for row in instruments if row.previous_close > 0}
    )


def read_overrides(path: Path) -> tuple[list[Listing], list[SpecialDay]]:
    """Read a file of overrides: listings with their rows, and special days."""
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise WorldInvalid(f"reference file {path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WorldInvalid(f"{path} is not TOML: {error}") from None
    file = TomlTable(str(path), "", document)
    listings = file.tables("listing", LISTINGS_MAX) if file.has("listing") else []
    days = file.tables("special_day", OVERRIDES_MAX) if file.has("special_day") else []
    told = [_listing(table) for table in listings], [_special_day(table) for table in days]
    file.close(("listing", "special_day"))
    return told


def _listing(table: TomlTable) -> Listing:
    rows = [_row(row) for row in table.tables("row", ROWS_MAX)]
    listing = table.text("listing")
    table.close(("listing", "row"))
    return listing, rows


def _row(table: TomlTable) -> DatedRow[ListingTerms]:
    row = DatedRow(
        first=table.day("from"),
        last=table.day("to") if table.has("to") else None,
        value=ListingTerms(
            symbol=table.text("symbol"),
            name=table.text("name"),
            equity_class=EQUITY_CLASSES[table.choice("equity_class", tuple(EQUITY_CLASSES))],
            kind=INSTRUMENT_KINDS[table.choice("kind", tuple(INSTRUMENT_KINDS))],
            primary_venue=table.text("primary"),
            round_lot=table.whole("round_lot", 1, ROUND_LOT_MAX),
            tier=table.whole("tier", 0, 2) if table.has("tier") else 0,
            leverage=table.whole("leverage", 0, 10) if table.has("leverage") else 0,
            easy_to_borrow=table.flag("easy_to_borrow") if table.has("easy_to_borrow") else True,
            suspended=table.flag("suspended") if table.has("suspended") else False,
        ),
        source=table.text("source"),
    )
    table.close(_ROW_KEYS)
    return row


def _special_day(table: TomlTable) -> SpecialDay:
    day = SpecialDay(
        mic=table.text("mic"),
        day=table.day("day"),
        pre_open_minute=_minute(table, "pre_open"),
        open_minute=_minute(table, "open"),
        close_minute=_minute(table, "close"),
        post_close_minute=_minute(table, "post_close"),
        source=table.text("source"),
    )
    table.close(_DAY_KEYS)
    return day


def _minute(table: TomlTable, key: str) -> int:
    text = table.text(key)
    try:
        return minutes(text)
    except ValueError:
        raise table.fail(key, text, "a time of New York's day such as 09:30") from None
