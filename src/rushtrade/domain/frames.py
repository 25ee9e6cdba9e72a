"""The body of a journal frame: the commands of one batch, who sent them, and the events they caused."""

from __future__ import annotations

import msgspec

from rushtrade.domain.commands import AnyCommand
from rushtrade.domain.errors import RushTradeError
from rushtrade.domain.events import AnyEvent

FRAME_FORMAT = 1
"""Version of the layout below; a reader refuses a format it does not know."""


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One command, its actor (who sent it: ``"account:7"``, ``"venue:2"``, ``"clock"``) and its events."""

    command: AnyCommand
    actor: str
    events: list[AnyEvent]


class FrameBody(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Entries in order; entry ``i`` has command seq ``first_seq + i``. `time_ns` is the house's clock."""

    first_seq: int
    time_ns: int
    entries: list[Entry]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(FrameBody)


def encode_body(body: FrameBody) -> bytes:
    """Give the bytes of a body; the same body gives the same bytes everywhere."""
    return _encoder.encode(body)


def decode_body(data: bytes) -> FrameBody:
    """Read a body of the current format; RushTradeError when it is none."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RushTradeError(f"this is no frame body of format {FRAME_FORMAT}: {error}") from None
