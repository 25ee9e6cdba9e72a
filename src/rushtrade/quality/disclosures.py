"""What a routing report must say that no journal holds: material aspects of the arrangements with venues, MPIDs, index members.

Read from a TOML file that the firm writes, and a list of symbols; every key must name a venue of the firm. Where the firm has written
nothing of a venue, the report says what the route table says of its fees, and that nothing else is on record.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from rushtrade.domain.errors import InvalidInput
from rushtrade.quality.facts import Names

FILE_BYTES_MAX = 1_048_576
"""A file of disclosures or symbols: a thousand times what any firm has written."""
SYMBOLS_MAX = 1_000
"""Members of an index of five hundred companies, with their classes of shares."""
_TABLES = ("material_aspects", "mpid")


class Disclosures(msgspec.Struct, frozen=True):
    """What the firm has written, by house code or MIC of the venue."""

    aspects_of: dict[str, str] = {}
    mpid_of: dict[str, str] = {}
    sp500: frozenset[str] = frozenset()

    def check(self, names: Names) -> None:
        """Refuse a key that names no venue of the firm: a report with a slip in it would say nothing of it."""
        known = [key for route in names.routes.values() for key in (route.code, route.mic)]
        for key in [*self.aspects_of, *self.mpid_of]:
            if key not in known:
                raise InvalidInput(
                    f"disclosures name a venue {key!r} that the firm does not have; it has {', '.join(known[::2])}"
                )

    def aspects(self, names: Names, venue: int) -> str:
        """Give what is said of a venue."""
        route = names.routes.get(venue)
        if route is None:
            return "The venue is not on the firm's table of routes."
        said = self.aspects_of.get(route.code) or self.aspects_of.get(route.mic)
        return said or (
            f"Fees by the venue's schedule, in mils ($0.0001) a share from a dollar up: {route.take_mils:+d} to take, "
            f"{route.make_mils:+d} to add; below zero the venue pays. No other arrangement is on record."
        )

    def mpid(self, names: Names, venue: int) -> str:
        """Give the MPID of a venue, empty when none was given."""
        route = names.routes.get(venue)
        if route is None:
            return ""
        return self.mpid_of.get(route.code) or self.mpid_of.get(route.mic) or ""


def read_disclosures(file: Path | None, sp500: Path | None) -> Disclosures:
    """Read the firm's files; either may be missing."""
    tables: dict[str, dict[str, str]] = {name: {} for name in _TABLES}
    if file is not None:
        try:
            read = tomllib.loads(_text(file))
        except tomllib.TOMLDecodeError as error:
            raise InvalidInput(f"{file.name} is not TOML: {error}") from None
        for name, table in read.items():
            if name not in tables or not isinstance(table, dict):
                raise InvalidInput(
                    f"{file.name}: {name!r} is not known; it holds tables [{'] and ['.join(_TABLES)}]"
                )
            tables[name] = _texts(table, f"{file.name}: {name}")
    return Disclosures(tables["material_aspects"], tables["mpid"], _symbols(sp500))


def _texts(table: dict[str, object], place: str) -> dict[str, str]:
    for key, value in table.items():
        if not isinstance(value, str) or not value.strip():
            raise InvalidInput(f"{place}.{key} = {value!r}; this needs a text that is not empty")
    return {key: str(value).strip() for key, value in table.items()}


def _symbols(file: Path | None) -> frozenset[str]:
    if file is None:
        return frozenset()
    lines = (line.partition("#")[0].strip() for line in _text(file).splitlines())
    symbols = [line for line in lines if line]
    if not 0 < len(symbols) <= SYMBOLS_MAX or any(" " in symbol or "," in symbol for symbol in symbols):
        raise InvalidInput(f"{file.name} needs 1 to {SYMBOLS_MAX:,} symbols, one a line; # begins a remark")
    return frozenset(symbols)


def _text(file: Path) -> str:
    with file.open("rb") as opened:
        data = opened.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise InvalidInput(f"{file.name} is larger than {FILE_BYTES_MAX:,} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InvalidInput(f"{file.name} is not UTF-8 text") from None
