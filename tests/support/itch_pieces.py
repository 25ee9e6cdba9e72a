"""Small ITCH 5.0 files out of bigger ones, and whole ones of a generator: what commands are tried on."""

from __future__ import annotations

import gzip
from pathlib import Path

from rushtrade.marketplace.generator import GeneratedFlow
from rushtrade.rules.world_file import load_world
from rushtrade.wire import itch50
from rushtrade.wire.framing import frame_all

TIME_AT = 5 + 2
SECOND = 1_000_000_000
OPEN = (9 * 3600 + 1800) * SECOND


def unpacked(path: Path) -> bytes:
    """The messages of a file."""
    return gzip.decompress(path.read_bytes())


def messages(stream: bytes) -> list[bytes]:
    """The messages of a stream, each with its length before it."""
    found = []
    place = 0
    while place < len(stream):
        end = place + 2 + int.from_bytes(stream[place : place + 2], "big")
        found.append(stream[place:end])
        place = end
    return found


def time_of(message: bytes) -> int:
    """Nanoseconds since midnight of a message with its length before it."""
    return int.from_bytes(message[TIME_AT : TIME_AT + 6], "big")


def first_seconds(stream: bytes, seconds: float) -> bytes:
    """What a stream says in its first seconds."""
    found = messages(stream)
    end = time_of(found[0]) + int(seconds * SECOND)
    return b"".join(message for message in found if time_of(message) <= end)


def generated(stocks: int, seconds: float, seed: int = 1) -> bytes:
    """A stream of the generator, of so many of the world's stocks, behind the directory that files begin with."""
    chosen = load_world("us-2026").symbols[:stocks]
    flow = GeneratedFlow(chosen, seed, first_time=OPEN, last_time=OPEN + int(seconds * SECOND))
    names = [named(place, stock.symbol) for place, stock in enumerate(chosen, start=1)]
    return frame_all(map(itch50.encode, names)) + b"".join(iter(flow.read, b""))


def named(locate: int, symbol: str, time: int = OPEN) -> itch50.StockDirectory:
    """The directory's message on a stock."""
    return itch50.StockDirectory(
        locate=locate,
        tracking=0,
        timestamp=time,
        stock=symbol,
        market_category="Q",
        financial_status="N",
        round_lot_size=100,
        round_lots_only="N",
        issue_classification="C",
        issue_subtype="Z",
        authenticity="P",
        short_sale_threshold="N",
        ipo_flag="N",
        luld_reference_price_tier="1",
        etp_flag="N",
        etp_leverage_factor=0,
        inverse_indicator="N",
    )
