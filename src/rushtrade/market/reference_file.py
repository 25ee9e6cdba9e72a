"""The file of reference data that people write: listings with their dated rows, and special days of venues, as TOML.

    [[listing]]
    listing = "META"                # a name for the security through all its symbols
    [[listing.row]]
    from = 2012-05-18
    to = 2022-06-08                 # left out: until further notice
    symbol = "FB"
    name = "Facebook, Inc."
    equity_class = "nasdaq"         # listed, nasdaq, otc_bb, pink
    kind = "common"                 # common, etf, warrant, restricted
    primary = "NASDAQ"
    round_lot = 100
    tier = 1                        # may be left out, as may leverage, easy_to_borrow (true) and suspended (false)
    source = "…"

    [[special_day]]
    mic = "XNAS"                    # "*": every venue, and the market's own open and close
    day = 2025-01-09
    pre_open = "04:00"
    open = "09:30"
    close = "13:00"
    post_close = "17:00"
    source = "…"

What is written can be read again and says the same.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from rushtrade.domain.instruments import EquityClass, InstrumentKind
from rushtrade.market.instrument_history import LISTINGS_MAX, ROWS_MAX, ListingTerms
from rushtrade.rules.dated import DatedRow
from rushtrade.rules.new_york import minutes
from rushtrade.rules.sessions import OVERRIDES_MAX, SpecialDay
from rushtrade.rules.toml_tables import TomlTable, WorldInvalid
from rushtrade.rules.world_file import EQUITY_CLASSES, INSTRUMENT_KINDS

REFERENCE_FILE: Final = "reference.toml"
"""What it is called in a data directory."""
ROUND_LOT_MAX: Final = 10_000
LEVERAGE_MAX: Final = 10
_ROW_KEYS = (
    *("from", "to", "symbol", "name", "equity_class", "kind", "primary", "round_lot", "tier", "leverage"),
    *("easy_to_borrow", "suspended", "source"),
)
_DAY_KEYS = ("mic", "day", "pre_open", "open", "close", "post_close", "source")
_CLASS_WORDS: Final[dict[EquityClass, str]] = {value: word for word, value in EQUITY_CLASSES.items()}
_KIND_WORDS: Final[dict[InstrumentKind, str]] = {value: word for word, value in INSTRUMENT_KINDS.items()}


class WrittenListing(msgspec.Struct, frozen=True):
    """A listing with its rows, oldest first."""

    listing: str
    rows: Sequence[DatedRow[ListingTerms]]


class ReferenceFile(msgspec.Struct, frozen=True):
    """What a file says."""

    listings: Sequence[WrittenListing] = ()
    special_days: Sequence[SpecialDay] = ()

    def with_newer(self, newer: ReferenceFile) -> ReferenceFile:
        """Give both together; a listing, or a venue's day, that the newer one tells is the newer one's."""
        listings = {each.listing: each for each in (*self.listings, *newer.listings)}
        days = {(each.mic, each.day): each for each in (*self.special_days, *newer.special_days)}
        return ReferenceFile(list(listings.values()), [days[key] for key in sorted(days)])


# --- reading ------------------------------------------------------------------------------------------------


def read_reference_file(path: Path) -> ReferenceFile:
    """Read a file. Raises `WorldInvalid` naming the place and what would pass."""
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise WorldInvalid(f"reference file {path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WorldInvalid(f"{path} is not TOML: {error}") from None
    file = TomlTable(str(path), "", document)
    listings = file.tables("listing", LISTINGS_MAX) if file.has("listing") else []
    days = file.tables("special_day", OVERRIDES_MAX) if file.has("special_day") else []
    told = ReferenceFile([_listing(table) for table in listings], [_special_day(table) for table in days])
    file.close(("listing", "special_day"))
    return told


def _listing(table: TomlTable) -> WrittenListing:
    rows = [_row(row) for row in table.tables("row", ROWS_MAX)]
    listing = table.text("listing")
    table.close(("listing", "row"))
    return WrittenListing(listing, rows)


def _row(table: TomlTable) -> DatedRow[ListingTerms]:
    row = DatedRow(
        first=table.day("from"),
        last=table.day("to") if table.has("to") else None,
        value=ListingTerms(
            symbol=table.text("symbol"),
            name=table.text("name"),
            equity_class=EQUITY_CLASSES[table.choice("equity_class", tuple(EQUITY_CLASSES))],
            kind=INSTRUMENT_KINDS[table.choice("kind", tuple(INSTRUMENT_KINDS))],
            primary_venue=table.text("primary", empty=True),
            round_lot=table.whole("round_lot", 1, ROUND_LOT_MAX),
            tier=table.whole("tier", 0, 2) if table.has("tier") else 0,
            leverage=table.whole("leverage", 0, LEVERAGE_MAX) if table.has("leverage") else 0,
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


# --- writing ------------------------------------------------------------------------------------------------


def write_reference(file: ReferenceFile) -> str:
    """Write a file's text."""
    blocks = [*map(_listing_text, file.listings), *map(_special_day_text, file.special_days)]
    return "\n".join(blocks)


def _listing_text(written: WrittenListing) -> str:
    lines = ["[[listing]]", f"listing = {_quoted(written.listing)}"]
    for row in written.rows:
        lines += ["[[listing.row]]", *_row_lines(row)]
    return "\n".join(lines) + "\n"


def _row_lines(row: DatedRow[ListingTerms]) -> Iterator[str]:
    terms = row.value
    yield f"from = {row.first}"
    if row.last is not None:
        yield f"to = {row.last}"
    yield f"symbol = {_quoted(terms.symbol)}"
    yield f"name = {_quoted(terms.name)}"
    yield f"equity_class = {_quoted(_CLASS_WORDS[terms.equity_class])}"
    yield f"kind = {_quoted(_KIND_WORDS[terms.kind])}"
    yield f"primary = {_quoted(terms.primary_venue)}"
    yield f"round_lot = {terms.round_lot or 100}"
    yield from _unusual(terms)
    yield f"source = {_quoted(row.source)}"


def _unusual(terms: ListingTerms) -> Iterable[str]:
    """Lines that may be left out, where they say something."""
    if terms.tier:
        yield f"tier = {terms.tier}"
    if terms.leverage:
        yield f"leverage = {terms.leverage}"
    if not terms.easy_to_borrow:
        yield "easy_to_borrow = false"
    if terms.suspended:
        yield "suspended = true"


def _special_day_text(special: SpecialDay) -> str:
    hours = (
        ("pre_open", special.pre_open_minute),
        ("open", special.open_minute),
        ("close", special.close_minute),
        ("post_close", special.post_close_minute),
    )
    lines = ["[[special_day]]", f"mic = {_quoted(special.mic)}", f"day = {special.day}"]
    lines += [f'{name} = "{minute // 60:02}:{minute % 60:02}"' for name, minute in hours]
    return "\n".join([*lines, f"source = {_quoted(special.source)}"]) + "\n"


def _quoted(text: str) -> str:
    """Write a TOML string: what JSON escapes, TOML reads."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def terms_view(listing: str, terms: ListingTerms, source: str) -> dict[str, object]:
    """Give a row in the file's words, for JSON and tables: None = not told."""
    return {
        "listing": listing,
        "symbol": terms.symbol,
        "name": terms.name,
        "equity_class": _CLASS_WORDS[terms.equity_class],
        "kind": _KIND_WORDS[terms.kind],
        "primary": terms.primary_venue,
        "round_lot": terms.round_lot or None,
        "tier": terms.tier or None,
        "leverage": terms.leverage or None,
        "easy_to_borrow": terms.easy_to_borrow,
        "suspended": terms.suspended,
        "source": source,
    }
