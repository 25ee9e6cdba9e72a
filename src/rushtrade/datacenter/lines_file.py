"""Which lines a data center listens to, and its limits: from addresses on the command line, or a TOML file.

    name = "dallas"

    [[line]]
    address = "mold://10.1.1.5:26400?b=10.1.2.5:26400"
    venue = "NASDAQ"

    [alarms]
    line_lag_ms = 500

An address is one of `gateway.line_address`; `venue=CODE` may also stand among its options, and says which venue of the world speaks. A
recorded feed that says whose it is (IEX, Nasdaq BBO) or is a tape of several venues (the SIPs, Last Sale Plus, TAQ) needs none: a tape has a
place of its own, and a venue that has a line of its own is left out of what the tape says.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from rushtrade.datacenter.limits import AlarmLimits, check_limits
from rushtrade.domain.errors import InvalidInput
from rushtrade.feeds.recognition import kind_of
from rushtrade.gateway.file_line import Street
from rushtrade.gateway.line import Line
from rushtrade.gateway.line_address import file_of, line_at
from rushtrade.rules.market_structure import ROUND_LOTS
from rushtrade.rules.new_york import day_at
from rushtrade.rules.participants import TAPES, TAPES_OF_TRADES, places_of, venue_of
from rushtrade.rules.world import World

LINES_MAX = 64
"""More venues than there are."""
FILE_BYTES_MAX = 1 << 20


class LineRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: where it comes from, and whose it is."""

    address: str
    venue: str = ""


class LinesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file may say."""

    line: list[LineRow] = []
    alarms: AlarmLimits = AlarmLimits()
    name: str = ""


def read_lines_file(path: Path) -> LinesFile:
    """Read a lines file. InvalidInput names what is wrong in it."""
    raw = path.read_bytes()
    if len(raw) > FILE_BYTES_MAX:
        raise InvalidInput(f"{path} has {len(raw):,} bytes; a lines file has at most {FILE_BYTES_MAX:,}")
    try:
        found = msgspec.toml.decode(raw, type=LinesFile)
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidInput(f"{path}: {error}") from None
    check_limits(found.alarms)
    return found


def make_lines(rows: Sequence[LineRow], world: World, midnight_ns: int, *, live: bool) -> list[Line]:
    """Make the lines, not opened yet: one a venue. `live` is whether the trade date is today's.

    A line of another day has no lag against its source's time, unless its address says at which speed it is played.
    """
    if not 0 < len(rows) <= LINES_MAX:
        raise InvalidInput(
            f"{len(rows)} lines; a data center has 1 to {LINES_MAX}: --line or --lines names them"
        )
    taken: dict[int, str] = {}
    placed: list[tuple[int, str, str]] = []
    for row in rows:
        kind = kind_at(row.address)
        venue, address = _venue_of(row, world, venue_of(kind, world), alone=len(rows) == 1)
        if venue in taken:
            raise InvalidInput(
                f"line {row.address!r}: {world.venues[venue].code} already has the line {taken[venue]!r}; "
                "the two ways of one venue belong to one line (options a and b)"
            )
        taken[venue] = row.address
        placed.append((venue, _addressed(address, world.venues[venue].code, live=live), kind))
    lot = round_lot_on(midnight_ns)
    return [
        line_at(address, venue, midnight_ns, Street(places_of(kind, world), _direct(placed, kind), lot))
        for venue, address, kind in placed
    ]


def _direct(placed: Sequence[tuple[int, str, str]], kind: str) -> frozenset[int]:
    """Venues that tell themselves what a tape of a kind says of them: a line of quotes alone leaves trades to the tape."""
    if kind not in TAPES:
        return frozenset()
    quotes_alone = {"nasdaq-bbo"} if kind in TAPES_OF_TRADES else set()
    return frozenset(venue for venue, _, other in placed if other not in {*TAPES, *quotes_alone})


def kind_at(address: str) -> str:
    """What a recorded file's address holds; empty for a live line."""
    if not address.startswith("file:"):
        return ""
    kinds = kind_of(file_of(address)).split("+")
    return next((kind for kind in kinds if kind == "itch50"), kinds[0])


def round_lot_on(midnight: int) -> int:
    """Shares in a round lot on a day, where they are the same for every stock; else 0."""
    day = day_at(midnight)
    tiers = ROUND_LOTS.on(day).tiers if ROUND_LOTS.covers(day, day) else ()
    return tiers[0].shares if len(tiers) == 1 else 0


def _venue_of(row: LineRow, world: World, own: str, *, alone: bool) -> tuple[int, str]:
    """Give the venue's place in the world, and the address without it."""
    parts = urlsplit(row.address)
    options = parse_qsl(parts.query, keep_blank_values=True)
    named = [value for name, value in options if name == "venue"]
    rest = urlencode([pair for pair in options if pair[0] != "venue"], safe=":/")
    code = row.venue or (named[-1] if named else own)
    codes = [venue.code for venue in world.venues]
    if not code and alone:
        code = codes[0]
    if code not in codes:
        raise InvalidInput(
            f"line {row.address[:80]!r}: venue {code!r} is none of world {world.name}: {', '.join(codes)}"
        )
    return codes.index(code), _joined(parts.scheme, parts.netloc, parts.path, rest)


def _joined(scheme: str, netloc: str, path: str, query: str) -> str:
    place = f"{scheme}://{netloc}{path}" if netloc else f"{scheme}:{path}"
    return f"{place}?{query}" if query else place


def _addressed(address: str, code: str, *, live: bool) -> str:
    """Add what the address leaves out: the line is called as its venue, and a replay without a speed has no pace."""
    options = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
    wanted = [] if "name" in options else [("name", code)]
    if not live and "speed" not in options and not address.startswith("file:"):
        wanted.append(("speed", "max"))
    if not wanted:
        return address
    return f"{address}{'&' if options else '?'}{urlencode(wanted)}"
