"""Where the ports of each venue are: ten numbers a venue, counted from a first one.

    +0  UDP  ITCH 5.0 over MoldUDP64, way A          +0  TCP  ITCH 5.0 over SoupBinTCP
    +1  UDP  way B                                   +3  TCP  GLIMPSE 5.0, books as they are
    +2  UDP  requests for what was missed            +4  TCP  OUCH 5.0 over SoupBinTCP
                                                     +5  TCP  FIX 4.2

The first four are those a feed line counts by itself (`mold://HOST:PORT`, `soup://HOST:PORT`).
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final

from rushtrade.domain.errors import InvalidInput
from rushtrade.wire.exchange_table import VenuePorts

VENUE_PORTS: Final = 10
ITCH_SOUP, GLIMPSE, OUCH, FIX = 0, 3, 4, 5
MOLD_A, MOLD_B, REQUESTS = 0, 1, 2
PORT_MAX: Final = 65_535
QUIET_FIRST, QUIET_PORTS = 10_000, 20_000
"""Where a run of ports is looked for: below those that systems give to connections going out."""
TRIES: Final = 50
"""Attempts to find a run of free ports before giving up: each begins at another place."""


def ports_of(
    venues: Sequence[tuple[int, str, str]], host: str, base: int, *, multicast: str = "", speed: float = 1.0
) -> list[VenuePorts]:
    """Deal ports to venues (place, code, MIC) from `base` on; 0 takes a run that is free now. InvalidInput when there is none.

    `speed` is market time per wall time: feed lines are told.
    """
    first = base or free_run(host, VENUE_PORTS * len(venues))
    last = first + VENUE_PORTS * len(venues) - 1
    if not 0 < first <= last <= PORT_MAX:
        raise InvalidInput(
            f"{len(venues)} venues take ports {first} to {last}; the highest port is {PORT_MAX:,}"
        )
    return [
        VenuePorts(
            venue=place,
            code=code,
            mic=mic,
            host=host,
            itch_soup=at + ITCH_SOUP,
            mold_a=at + MOLD_A,
            mold_b=at + MOLD_B,
            requests=at + REQUESTS,
            glimpse=at + GLIMPSE,
            ouch=at + OUCH,
            fix=at + FIX,
            multicast=multicast,
            mold_line=_mold_line(code, host, at, multicast, speed),
            soup_line=f"soup://{host}:{at + ITCH_SOUP}?name={code}&speed={speed:g}",
        )
        for at, (place, code, mic) in zip(range(first, last + 1, VENUE_PORTS), venues, strict=True)
    ]


def _mold_line(code: str, host: str, at: int, multicast: str, speed: float) -> str:
    """Address of the feed by MoldUDP64. Nobody answers at a group, so whom to ask is named."""
    pace = f"name={code}&speed={speed:g}"
    if not multicast:
        return f"mold://{host}:{at + MOLD_A}?{pace}"
    asked = f"requests={host}:{at + REQUESTS}&images={host}:{at + GLIMPSE}"
    return f"mold://{multicast}:{at + MOLD_A}?{pace}&interface={host}&{asked}"


def free_run(host: str, count: int) -> int:
    """Find a port from which on `count` are free now, of either kind."""
    for _ in range(TRIES):
        with socket.socket() as asked:
            asked.bind((host, 0))
            first = QUIET_FIRST + int(asked.getsockname()[1]) % QUIET_PORTS
        if first + count - 1 <= PORT_MAX and all(
            _is_free(host, port) for port in range(first, first + count)
        ):
            return first
    raise InvalidInput(f"no run of {count} free ports was found on {host}; name the first one")


def _is_free(host: str, port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(type=kind) as asked:
            try:
                asked.bind((host, port))
            except OSError:
                return False
    return True
