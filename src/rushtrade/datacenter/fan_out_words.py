"""What host and gateways say to each other besides the stream: subjects, questions, answers, beats, and what a gateway begins with.

    rushtrade.market.NAME.RUN.venue.V      packets and images of venue V (0-based)
    rushtrade.market.NAME.RUN.house        frames of the host's journal, and market time
    rushtrade.market.NAME.beat             once a second: how far the stream is, and how the host is
    rushtrade.ask.NAME                     questions of gateways, answered one by one

RUN names one run of the host: numbers begin at 1 in each. Whoever can reach the NATS server with the rights of a gateway gets the
whole market and the digests of the host's credentials: give it accounts and TLS of its own.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Final

import msgspec

from rushtrade.datacenter.limits import AlarmLimits
from rushtrade.datacenter.status import CenterStatus
from rushtrade.domain.errors import InvalidInput
from rushtrade.market.instrument_history import ListingTerms

CHUNK_BYTES: Final = 256 * 1024
"""Of a snapshot, in one answer."""
MISSING_BYTES: Final = 512 * 1024
"""Of messages asked for again, in one answer: half of what a NATS server takes."""
BEAT_SECONDS: Final = 1.0
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_Positive = Annotated[int, msgspec.Meta(ge=1)]


class Join(msgspec.Struct, frozen=True, tag="join"):
    """Ask for a snapshot to begin with."""

    gateway: str


class Chunk(msgspec.Struct, frozen=True, tag="chunk"):
    """Ask for a piece of a snapshot."""

    snapshot: int
    chunk: int


class Missing(msgspec.Struct, frozen=True, tag="missing"):
    """Ask for numbers again. The answer holds some of them from `first` on, or is empty when they are gone."""

    run: str
    first: _Positive
    last: _Positive


class Command(msgspec.Struct, frozen=True, tag="command"):
    """Ask the host to decide a command on behalf of a gateway's user."""

    command: msgspec.Raw
    actor: str


Question = Join | Chunk | Missing | Command


class Offer(msgspec.Struct, frozen=True):
    """A snapshot that can be fetched: what the host was when entry `number` had been said."""

    run: str
    snapshot: int
    number: int
    bytes: int
    chunks: int
    digest: str
    """SHA-256 of the whole."""


class Beat(msgspec.Struct, frozen=True):
    """How far the stream is."""

    run: str
    number: int
    sent_ns: int
    status: CenterStatus | None


def check_name(name: str) -> str:
    """Give the name of a data center back; InvalidInput when it cannot stand in a subject."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"--name {name[:40]!r} is not 1 to 32 letters, digits, '-' and '_'")
    return name


def stream_subject(name: str, run: str, venue: int | None) -> str:
    """Where entries of a venue go, or those of the house."""
    return f"rushtrade.market.{name}.{run}." + ("house" if venue is None else f"venue.{venue}")


def run_subjects(name: str, run: str) -> str:
    """Everything of a run."""
    return f"rushtrade.market.{name}.{run}.>"


def beat_subject(name: str) -> str:
    """Where beats go."""
    return f"rushtrade.market.{name}.beat"


def ask_subject(name: str) -> str:
    """Where questions go."""
    return f"rushtrade.ask.{name}"


IMAGE_FORMAT: Final = 2


class HostImage(msgspec.Struct, frozen=True):
    """A host: its market data (`MarketData.snapshot`), its journal's frames from the first, its credentials file."""

    format: int
    number: int
    name: str
    run: str
    venues: tuple[str, ...]
    trade_date: dt.date
    midnight_ns: int
    limits: AlarmLimits
    sales: bytes
    """How its market data is sold, in the words of whoever put it in."""
    frames: list[bytes]
    credentials: bytes
    data: bytes
    written: dict[str, ListingTerms] = {}
    """What people have written down of stocks for its trade date, by symbol."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(HostImage).decode


def encode_image(image: HostImage) -> bytes:
    """Write an image."""
    return _encode(image)


def decode_image(body: bytes) -> HostImage:
    """Read an image. InvalidInput when it is of another release."""
    try:
        image = _decode(body)
    except msgspec.DecodeError as error:
        raise InvalidInput(f"the host is of another release: {error}") from None
    if image.format != IMAGE_FORMAT:
        raise InvalidInput(f"the host writes image format {image.format}; this release reads {IMAGE_FORMAT}")
    return image
