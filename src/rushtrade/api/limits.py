"""Bounds an operator may set, and the file of them in a data directory. Whoever serves an address reads it when it starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec

from rushtrade.domain.errors import InvalidInput

LIMITS_FILE: Final = "limits.json"
"""What it is called in a data directory."""

_Rate = Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
_Burst = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
_Logins = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
_Hours = Annotated[int, msgspec.Meta(ge=1, le=168)]
_Sockets = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
_Symbols = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
_Venue = Annotated[str, msgspec.Meta(max_length=16)]


class Limits(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Bounds an operator may set. Rates are per second, with the burst that may come at once."""

    requests_per_second: _Rate = 100.0
    requests_burst: _Burst = 200
    logins_per_minute_user: _Logins = 5
    logins_per_minute_address: _Logins = 20
    session_hours: _Hours = 12
    cookie_secure: bool = False
    sockets_of_key: _Sockets = 8
    """Market-data sockets of one key or user at a time."""
    symbols_of_channel: _Symbols = 300
    """Symbols one market-data socket may name in a channel; `*`, all of them, is always allowed."""
    iex_venue: _Venue = ""
    """The one venue (code or MIC) the feed `iex` shows; empty: it shows what `sip` shows."""


MEANINGS: Final = {
    "requests_per_second": "requests of one key a second",
    "requests_burst": "requests of one key that may come at once",
    "logins_per_minute_user": "failed logins of one user a minute",
    "logins_per_minute_address": "failed logins from one address a minute",
    "session_hours": "hours a login on the page holds",
    "cookie_secure": "send the page's cookie over HTTPS alone",
    "sockets_of_key": "market-data sockets of one key or user at a time",
    "symbols_of_channel": "symbols one market-data socket may name in a channel",
    "iex_venue": "the one venue the feed iex shows; empty: what sip shows",
}
"""Every limit in words."""


def read_limits(directory: Path, venues: Sequence[str] = ()) -> Limits:
    """Read a data directory's limits; without a file they are the usual ones.

    `venues` are the route codes and MICs of the market, where it is known. InvalidInput says what is wrong with the file.
    """
    path = directory / LIMITS_FILE
    if not path.exists():
        return Limits()
    try:
        limits = msgspec.json.decode(path.read_bytes(), type=Limits)
    except msgspec.DecodeError as error:
        raise InvalidInput(f"{path}: {error}") from None
    if limits.iex_venue and venues and limits.iex_venue not in venues:
        raise InvalidInput(
            f"{path}: iex_venue {limits.iex_venue!r} is no venue of this market; {', '.join(venues)} would pass"
        )
    return limits


def changed_limits(limits: Limits, words: Sequence[str]) -> Limits:
    """Change limits by words such as `sockets_of_key=20`; a name with nothing behind `=` is as usual again."""
    values = msgspec.to_builtins(limits)
    for word in words:
        name, equals, text = word.partition("=")
        if name not in MEANINGS or not equals:
            raise InvalidInput(f"{word[:60]!r} is no NAME=VALUE of a limit; names are {', '.join(MEANINGS)}")
        values.pop(name, None)
        if text:
            values[name] = text
    try:
        return msgspec.convert(values, Limits, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"limits: {error}") from None


def write_limits(directory: Path, limits: Limits) -> None:
    """Keep limits in a data directory: whole, or as they were."""
    path = directory / LIMITS_FILE
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(limits)) + b"\n")
    fresh.replace(path)
