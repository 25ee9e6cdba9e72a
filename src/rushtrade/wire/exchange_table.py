"""What exchanges tell whoever wants to trade there: which day and session it is, which stocks, and on which ports each venue is met.

`rushtrade exchange up` writes it as JSON, members read it. Refuses to know sockets and files; ports are numbers here.
"""

from __future__ import annotations

import msgspec

from rushtrade.wire.errors import MalformedError


class VenuePorts(msgspec.Struct, frozen=True):
    """How one venue is met; `venue` is its place in the world. `mold_line` and `soup_line` are its feed as a feed line takes it."""

    venue: int
    code: str
    mic: str
    host: str
    itch_soup: int
    mold_a: int
    mold_b: int
    requests: int
    glimpse: int
    ouch: int
    fix: int
    multicast: str
    mold_line: str
    soup_line: str


class VenueCounts(msgspec.Struct, frozen=True):
    """What a venue did so far."""

    code: str
    feed_messages: int
    accounts: int
    """Names that have logged in to trade, by either protocol."""
    said: int
    """Messages to accounts by OUCH."""


class ExchangeTable(msgspec.Struct, frozen=True):
    """One life of exchanges. Times are nanoseconds UTC; `speed` is market time per wall time."""

    world: str
    trade_date: str
    session: str
    """What this life is called: streams are numbered within it."""
    midnight_ns: int
    first_ns: int
    market: str
    """What the order flow is, in words."""
    simulated: bool
    speed: float
    symbols: list[str]
    """The venues' stocks, by locate from 1."""
    venues: list[VenuePorts]
    now_ns: int = 0
    """Market time when the table was written: exchanges that were killed go on from here."""
    written_ns: int = 0
    pid: int = 0
    connections: int = 0
    refused: int = 0
    """What was said and was nothing."""
    counts: list[VenueCounts] = []


def read_table(data: bytes) -> ExchangeTable:
    """Read a table. Raises MalformedError, in words, for what is none."""
    try:
        table = msgspec.json.decode(data, type=ExchangeTable)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"it is no table of exchanges: {error}") from None
    if not table.venues or not table.symbols:
        raise MalformedError("a table of exchanges names at least one venue and one stock")
    return table
