"""Lines by their address, as a person writes it on a command line or in a configuration.

    mold://HOST:PORT[?options]     MoldUDP64: A at PORT, B at PORT + 1, requests to PORT + 2, book images (TCP) from PORT + 3
    soup://HOST:PORT[?options]     SoupBinTCP; book images from PORT + 3
    file:PATH[?options]            a recorded file that holds ITCH 5.0

A HOST from 224 to 239 is a multicast group. Options, joined by `&`:

    name=TEXT                      how the line is called
    interface=ADDRESS              own address to join a group on
    a=HOST:PORT b=HOST:PORT        other ways than PORT and PORT + 1; `b=none` for a single one
    requests=HOST:PORT images=HOST:PORT
                                   whom to ask, or `none`; with a group, HOST has to be named here: nobody answers at a group
    user=TEXT password=TEXT        of the login
    speed=NUMBER | max             pace of a replayed day; without it mold and soup lines are live, a file has its own pace
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from rushtrade.domain.errors import InvalidInput
from rushtrade.gateway.datagram_ring import is_multicast
from rushtrade.gateway.file_line import FileLine
from rushtrade.gateway.line import Line, SourceClock
from rushtrade.gateway.mold_line import MoldAddress, MoldLine
from rushtrade.gateway.soup_line import SoupAddress, SoupLine

LINE_PORTS = 4
"""Ports of one venue: A, B, requests, book images."""
PORT_MAX = 65_535 - LINE_PORTS + 1
SPEED_MAX = 1_000_000.0
OPTIONS = {
    "mold": ("name", "interface", "a", "b", "requests", "images", "speed"),
    "soup": ("name", "images", "user", "password", "speed"),
    "file": ("name", "speed"),
}


def line_at(address: str, venue: int, midnight_ns: int) -> Line:
    """Make the line an address names; it is not opened yet. `midnight_ns` is the session date's at the venue, UTC.

    Raises InvalidInput, with what would pass.
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
        path = Path(unquote(parts.netloc + parts.path))
        return FileLine(venue, name, path, speed_of(options.get("speed", "1")), midnight_ns)
    speed = speed_of(options["speed"]) if "speed" in options else None
    host, port = _host_and_port(parts.netloc, address, PORT_MAX)
    clock = SourceClock(midnight_ns, speed)
    if parts.scheme == "mold":
        return MoldLine(venue, name, _mold(host, port, options), clock)
    images = _asked(options, "images", (host, port + 3))
    soup = SoupAddress((host, port), options.get("user", ""), options.get("password", ""), images)
    return SoupLine(venue, name, soup, clock)


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
