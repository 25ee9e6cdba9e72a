"""Lines by their address, as a person writes it on a command line or in a configuration.

    mold://HOST:PORT[?options]     MoldUDP64: A at PORT, B at PORT + 1, requests to PORT + 2, book images (TCP) from PORT + 3
    soup://HOST:PORT[?options]     SoupBinTCP; book images from PORT + 3
    file:PATH[?options]            a recorded file or capture of any kind that `feed counts` knows, but daily bars, books without
                                   messages, and order entry; its kind is seen from its first bytes

A HOST from 224 to 239 is a multicast group. Options, joined by `&`:

    name=TEXT                      how the line is called
    interface=ADDRESS              own address to join a group on
    a=HOST:PORT b=HOST:PORT        other ways than PORT and PORT + 1; `b=none` for a single one
    requests=HOST:PORT images=HOST:PORT
                                   whom to ask, or `none`; with a group, HOST has to be named here: nobody answers at a group
    user=TEXT password=TEXT        of the login
    speed=NUMBER | max             pace of a replayed day; without it mold and soup lines are live, a file has its own pace
    symbol=TEXT                    the stock of a file that does not say it: LOBSTER, TAQ
    lot=NUMBER                     shares in a round lot, for quotes in lots where no rule says it for all stocks
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from rushtrade.archive.order_source import order_messages
from rushtrade.domain.errors import InvalidInput
from rushtrade.feeds.recognition import kind_of
from rushtrade.gateway.datagram_ring import is_multicast
from rushtrade.gateway.file_line import ColumnLine, FileLine, Street
from rushtrade.gateway.line import Line, SourceClock
from rushtrade.gateway.mold_line import MoldAddress, MoldLine
from rushtrade.gateway.soup_line import SoupAddress, SoupLine

LINE_PORTS = 4
"""Ports of one venue: A, B, requests, book images."""
PORT_MAX = 65_535 - LINE_PORTS + 1
SPEED_MAX = 1_000_000.0
ORDERS = frozenset(["dbn", "lobster"])
"""Kinds of which the orders become messages."""
NO_LINES = frozenset(["bars", "lobster-orderbook", "soupbintcp", "capture"])
NO_LINE_WORDS = (
    "daily bars, books without messages, order entry and captures of no known feed have nothing to play"
)
LOT_MAX = 10_000
SYMBOL = re.compile(r"(?:^|_)([A-Z]{1,5}(?:\.[A-Z])?)_")
OPTIONS = {
    "mold": ("name", "interface", "a", "b", "requests", "images", "speed"),
    "soup": ("name", "images", "user", "password", "speed"),
    "file": ("name", "speed", "symbol", "lot"),
}


def line_at(address: str, venue: int, midnight_ns: int, street: Street | None = None) -> Line:
    """Make the line an address names; it is not opened yet. `midnight_ns` is the session date's at the venue, UTC.

    `street` says what a feed of several venues needs to know. Raises InvalidInput, with what would pass, and WireError for a file that
    cannot be read.
    """
    parts = urlsplit(address)
    if parts.scheme not in OPTIONS:
        raise InvalidInput(
            f"line {address[:80]!r} begins with none of mold://HOST:PORT, soup://HOST:PORT, file:PATH"
        )
    pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=len(OPTIONS["mold"]) + 1)
    options = dict(pairs)
    for name in options:
        if name not in OPTIONS[parts.scheme]:
            known = ", ".join(OPTIONS[parts.scheme])
            raise InvalidInput(f"line {address[:80]!r}: option {name[:20]!r} is none of {known}")
    name = options.get("name") or f"venue {venue}"
    if parts.scheme == "file":
        return _recorded(file_of(address), venue, name, midnight_ns, options, street or Street())
    speed = speed_of(options["speed"]) if "speed" in options else None
    host, port = _host_and_port(parts.netloc, address, PORT_MAX)
    clock = SourceClock(midnight_ns, speed)
    if parts.scheme == "mold":
        return MoldLine(venue, name, _mold(host, port, options), clock)
    images = _asked(options, "images", (host, port + 3))
    soup = SoupAddress((host, port), options.get("user", ""), options.get("password", ""), images)
    return SoupLine(venue, name, soup, clock)


def file_of(address: str) -> Path:
    """The path of a file's address."""
    parts = urlsplit(address)
    return Path(unquote(parts.netloc + parts.path))


def _recorded(
    path: Path, venue: int, name: str, midnight_ns: int, options: Mapping[str, str], street: Street
) -> Line:
    """Make the line of a recorded file, by what is in it."""
    speed, symbol = speed_of(options.get("speed", "1")), options.get("symbol", "")
    kinds = kind_of(path).split("+")
    if "itch50" in kinds:
        return FileLine(venue, name, path, speed, midnight_ns)
    if kinds[0] in ORDERS:
        return FileLine(
            venue, name, path, speed, midnight_ns, partial(order_messages, symbol=symbol or symbol_in(path))
        )
    if not set(kinds) - NO_LINES:
        raise InvalidInput(f"{path.name} holds {kinds[0]}, which is no line: {NO_LINE_WORDS}")
    if lot := options.get("lot"):
        if not lot.isascii() or not lot.isdecimal() or not 1 <= int(lot) <= LOT_MAX:
            raise InvalidInput(f"lot {lot[:20]!r} is not a number of shares from 1 to {LOT_MAX:,}")
        street = msgspec.structs.replace(street, round_lot=int(lot))
    if kinds[0].startswith("taq") and not symbol:
        symbol = symbol_in(path)
    return ColumnLine(venue, name, path, speed, midnight_ns, symbol=symbol, street=street)


def symbol_in(path: Path) -> str:
    """The stock in a file's name, as in `AAPL_2012-06-21_…` and `taq_XXX_2018-01-02_…`; empty when there is none."""
    match = SYMBOL.search(path.name)
    return match[1] if match else ""


def speed_of(text: str) -> float:
    """A multiple of a day's pace; 0 for `max`. Raises InvalidInput."""
    if text == "max":
        return 0.0
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 < speed <= SPEED_MAX:
        raise InvalidInput(f"speed {text[:20]!r} is not 'max' or a number above 0 up to {SPEED_MAX:,.0f}")
    return speed


def _mold(host: str, port: int, options: Mapping[str, str]) -> MoldAddress:
    ways = [_asked(options, "a", (host, port)), _asked(options, "b", (host, port + 1))]
    heard = tuple(way for way in ways if way is not None)
    if not heard:
        raise InvalidInput("a mold line needs a way to come on: a and b are both none")
    group = is_multicast(host)
    return MoldAddress(
        ways=heard,
        interface=options.get("interface", ""),
        requests=_asked(options, "requests", None if group else (host, port + 2)),
        images=_asked(options, "images", None if group else (host, port + 3)),
    )


def _asked(
    options: Mapping[str, str], name: str, otherwise: tuple[str, int] | None
) -> tuple[str, int] | None:
    text = options.get(name)
    if text is None:
        return otherwise
    return None if text == "none" else _host_and_port(text, f"{name}={text}", 65_535)


def _host_and_port(text: str, where: str, port_max: int) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= port_max:
        raise InvalidInput(f"{where[:80]!r}: {text[:60]!r} is not HOST:PORT with a port of 1 to {port_max:,}")
    return host, int(port)
