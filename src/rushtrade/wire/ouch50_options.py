"""The options at the end of an OUCH 5.0 message: tagged values, each behind its length.

Two bytes say how long all are; then one after the other `length (1), tag (1), value`, the length counting tag and value. What each tag holds is
`OPTION_SHAPES`. A tag that is not known keeps its value as bytes, so that messages of later revisions pass unharmed.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from rushtrade.wire.errors import MalformedError, UnencodableError

OPTIONS_BYTES_MAX = 0xFFFF
"""What two bytes can say."""
OPTIONS_LENGTH = struct.Struct(">H")
OPTION_HEAD_BYTES = 2
OPTION_VALUE_BYTES_MAX = 254
"""One byte counts tag and value."""


class Option(NamedTuple):
    """One option: its tag, and its value as the tag has it; bytes for a tag that is not known."""

    tag: int
    value: int | str | bytes


Options = tuple[Option, ...]

SECONDARY_REFERENCE, FIRM, MIN_QUANTITY, CUSTOMER_TYPE, MAX_FLOOR, PRICE_TYPE, PEG_OFFSET = (
    1,
    2,
    3,
    4,
    5,
    6,
    7,
)
DISCRETION_PRICE, DISCRETION_PRICE_TYPE, DISCRETION_PEG_OFFSET, POST_ONLY, RANDOM_RESERVES = 9, 10, 11, 12, 13
ROUTE, EXPIRE_TIME, TRADE_NOW, HANDLE_INSTRUCTION, BBO_WEIGHT, DISPLAY_QUANTITY = 14, 15, 16, 17, 18, 22
DISPLAY_PRICE, GROUP_ID, SHARES_LOCATED, LOCATE_BROKER, SIDE, USER_REF_INDEX = 23, 24, 25, 26, 27, 28
AIQ_STRATEGY, AIQ_GROUP_ID = 29, 30

_UNSIGNED, _SIGNED, _TEXT = "unsigned", "signed", "text"
OPTION_SHAPES: dict[int, tuple[str, int]] = {
    **dict.fromkeys((SECONDARY_REFERENCE, DISCRETION_PRICE, DISPLAY_PRICE), (_UNSIGNED, 8)),
    **dict.fromkeys(
        (MIN_QUANTITY, MAX_FLOOR, RANDOM_RESERVES, EXPIRE_TIME, DISPLAY_QUANTITY), (_UNSIGNED, 4)
    ),
    **dict.fromkeys((PEG_OFFSET, DISCRETION_PEG_OFFSET), (_SIGNED, 4)),
    GROUP_ID: (_UNSIGNED, 2),
    USER_REF_INDEX: (_UNSIGNED, 1),
    **dict.fromkeys((FIRM, ROUTE, LOCATE_BROKER), (_TEXT, 4)),
    AIQ_GROUP_ID: (_TEXT, 2),
    **dict.fromkeys((CUSTOMER_TYPE, PRICE_TYPE, DISCRETION_PRICE_TYPE, POST_ONLY, TRADE_NOW), (_TEXT, 1)),
    **dict.fromkeys((HANDLE_INSTRUCTION, BBO_WEIGHT, SHARES_LOCATED, SIDE, AIQ_STRATEGY), (_TEXT, 1)),
}
"""Kind and bytes of every option's value."""


def decode_options(data: bytes, name: str) -> Options:
    """Read options behind their length, to the end of the message `name`. Raises MalformedError."""
    if len(data) < OPTIONS_LENGTH.size or OPTIONS_LENGTH.unpack_from(data)[0] != len(data) - 2:
        raise MalformedError(
            f"{name}: the options' length does not say that {max(len(data) - 2, 0)} bytes follow"
        )
    options, at = [], OPTIONS_LENGTH.size
    while at < len(data):
        size = data[at]
        value = data[at + OPTION_HEAD_BYTES : at + 1 + size]
        if size < 1 or len(value) != size - 1:
            raise MalformedError(
                f"{name}: an option says it has {size} bytes, {len(data) - at - 1} are there"
            )
        options.append(_decode_option(data[at + 1], value, name))
        at += 1 + size
    return tuple(options)


def _decode_option(tag: int, value: bytes, name: str) -> Option:
    shape = OPTION_SHAPES.get(tag)
    if shape is None:
        return Option(tag, value)
    kind, size = shape
    if len(value) != size:
        raise MalformedError(f"{name}: option {tag} takes {size} bytes, got {len(value)}")
    if kind == _TEXT:
        return Option(tag, value.decode("latin-1").rstrip(" "))
    return Option(tag, int.from_bytes(value, "big", signed=kind == _SIGNED))


def encode_options(options: Options) -> bytes:
    """Give options behind their length. Raises UnencodableError for a value its tag cannot hold."""
    body = b"".join(_encode_option(option) for option in options)
    if len(body) > OPTIONS_BYTES_MAX:
        raise UnencodableError(f"options of {len(body):,} bytes; {OPTIONS_BYTES_MAX:,} fit")
    return OPTIONS_LENGTH.pack(len(body)) + body


def _encode_option(option: Option) -> bytes:
    tag, value = option
    kind, size = OPTION_SHAPES.get(tag, ("", 0))
    if isinstance(value, bytes) and not kind:
        raw = value
    elif isinstance(value, str) and kind == _TEXT:
        raw = padded(value, size, f"option {tag}")
    elif isinstance(value, int) and kind in {_UNSIGNED, _SIGNED}:
        try:
            raw = value.to_bytes(size, "big", signed=kind == _SIGNED)
        except OverflowError:
            raise UnencodableError(f"option {tag} = {value} does not fit {size} bytes") from None
    else:
        raise UnencodableError(f"option {tag} is {kind or 'bytes'}, not {value!r}")
    if len(raw) > OPTION_VALUE_BYTES_MAX or not 0 <= tag <= 0xFF:
        raise UnencodableError(
            f"option {tag} of {len(raw)} bytes; tags are 0 to 255, values 254 bytes at most"
        )
    return bytes((len(raw) + 1, tag)) + raw


def padded(value: str, width: int, where: str) -> bytes:
    """Give text as the wire has it. Raises UnencodableError when it is too long or not Latin-1."""
    try:
        raw = value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise UnencodableError(f"{where} = {value!r} is not Latin-1: {error}") from None
    if len(raw) > width:
        raise UnencodableError(f"{where} = {value!r} is longer than {width} characters")
    return raw.ljust(width)
