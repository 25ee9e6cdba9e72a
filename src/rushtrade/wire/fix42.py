"""FIX tag=value messages: cut out of a stream, taken apart, put together, without I/O.

A message is `8=FIX.4.2 | 9=length | 35=type | … | 10=checksum |`, each field ended by one byte of 1. The reader gives messages whose frame is right: begin, length
and checksum as they must be, type third. Anything else is *garbled*: it is counted and passed over up to what may begin the next
message, as the session rules of FIX want it; nothing that is sent is ever able to stop the reader.

Values are text, read as Latin-1, so that any byte survives. Data fields, which may hold the separator, follow the field that says how long they are. Refuses to
know sequence numbers (`rushtrade.wire.fix42_session`) and which fields a type of message has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from rushtrade.wire.errors import UnencodableError

VERSION: Final = "FIX.4.2"
SEPARATOR: Final = b"\x01"
BODY_BYTES_MAX: Final = 1 << 16
"""The longest message that is read; order entry needs a few hundred bytes."""
HEAD_BYTES_MAX: Final = 32
"""Bytes in which begin and length must have been said."""
TRAILER_BYTES: Final = 7
FIELDS_MAX: Final = 1_000

Field = tuple[int, str]

BEGIN_SEQ_NO, BODY_LENGTH, CHECK_SUM, END_SEQ_NO, MSG_SEQ_NUM, MSG_TYPE, NEW_SEQ_NO = 7, 9, 10, 16, 34, 35, 36
POSS_DUP, REF_SEQ_NUM, SENDER, SENDING_TIME, TARGET, TEXT, POSS_RESEND = 43, 45, 49, 52, 56, 58, 97
ENCRYPT_METHOD, HEART_BT_INT, TEST_REQ_ID, ORIG_SENDING_TIME, GAP_FILL, RESET_SEQ_NUM = (
    98,
    108,
    112,
    122,
    123,
    141,
)
REF_TAG_ID, REF_MSG_TYPE, SESSION_REJECT_REASON = 371, 372, 373

HEARTBEAT, TEST_REQUEST, RESEND_REQUEST, REJECT, SEQUENCE_RESET, LOGOUT, LOGON = (
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "A",
)
SESSION_TYPES: Final = frozenset(
    (HEARTBEAT, TEST_REQUEST, RESEND_REQUEST, REJECT, SEQUENCE_RESET, LOGOUT, LOGON)
)

REQUIRED_MISSING, NO_VALUE, BAD_VALUE, BAD_FORMAT, BAD_COMP_ID, BAD_SENDING_TIME, BAD_TYPE = (
    1,
    4,
    5,
    6,
    9,
    10,
    11,
)
"""Reasons of a reject at the session's level; numbers above the last are later versions'."""

DATA_AFTER: Final = {90: 91, 93: 89, 95: 96, 212: 213, 348: 349, 350: 351, 352: 353, 354: 355}
"""Fields that say the length of the data field that follows."""


class FixMessage(NamedTuple):
    """A message: its version, its type, and all fields behind the type in their order."""

    version: str
    type: str
    fields: tuple[Field, ...]

    def get(self, tag: int, otherwise: str = "") -> str:
        """Value of the first field of a tag."""
        return next((value for each, value in self.fields if each == tag), otherwise)

    def number(self, tag: int) -> int | None:
        """Value of a field as a whole number; None when it is missing or none."""
        return whole(self.get(tag))


def whole(text: str) -> int | None:
    """Read a whole number of FIX: digits, with a minus perhaps."""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


def encode(kind: str, fields: Iterable[Field], version: str = VERSION) -> bytes:
    """Put a message together. Raises UnencodableError for a field that is empty or holds the separator outside of data."""
    parts = [f"35={kind}\x01".encode("latin-1")]
    data = set(DATA_AFTER.values())
    for tag, value in fields:
        if not value or tag < 1 or ("\x01" in value and tag not in data):
            raise UnencodableError(f"field {tag}={value!r} cannot be sent: it is empty or holds a separator")
        try:
            parts.append(f"{tag}={value}\x01".encode("latin-1"))
        except UnicodeEncodeError as error:
            raise UnencodableError(f"field {tag}={value!r} is not Latin-1: {error}") from None
    body = b"".join(parts)
    message = f"8={version}\x019={len(body)}\x01".encode("latin-1") + body
    return message + b"10=%03d\x01" % (sum(message) & 0xFF)


class FixReader:
    """Cuts a stream into messages. `garbled` counts what was passed over."""

    def __init__(self) -> None:
        self.garbled = 0
        self._held = bytearray()

    def receive_data(self, data: bytes) -> None:
        """Take bytes as they came."""
        self._held += data

    def next_message(self) -> FixMessage | None:
        """Give the next message; None until more bytes come."""
        while self._held:
            if not self._held.startswith(b"8="):
                if len(self._held) < 2 and self._held == b"8":
                    return None
                self._pass_over()
                continue
            size = self._size()
            if size is None:
                return None
            message = _take_apart(bytes(self._held[:size])) if size else None
            if message is None:
                self._pass_over()
                continue
            del self._held[:size]
            return message
        return None

    def _size(self) -> int | None:
        """Bytes of the message at the front: None while it is not whole, 0 when it is none."""
        held = self._held
        end = held.find(SEPARATOR)
        length_end = held.find(SEPARATOR, end + 1) if end >= 0 else -1
        if length_end < 0:
            return None if len(held) < HEAD_BYTES_MAX else 0
        length = bytes(held[end + 1 : length_end])
        if not length.startswith(b"9=") or not length[2:].isdigit() or length_end >= HEAD_BYTES_MAX:
            return 0
        body = int(length[2:])
        if body > BODY_BYTES_MAX:
            return 0
        size = length_end + 1 + body + TRAILER_BYTES
        return size if len(held) >= size else None

    def _pass_over(self) -> None:
        """Leave out what is no message, up to where one may begin."""
        self.garbled += 1
        at = self._held.find(SEPARATOR + b"8=", 0)
        if self._held.startswith(b"8=") or at >= 0:
            del self._held[: at + 1 if at >= 0 else len(self._held)]
        else:
            begin = self._held.find(b"8=FIX")
            keep = len(self._held) if begin < 0 else begin
            del self._held[:keep]


def _take_apart(raw: bytes) -> FixMessage | None:
    """Read a message whose size is known; None when it is garbled."""
    trailer = raw[-TRAILER_BYTES:]
    if raw[-TRAILER_BYTES - 1 : -TRAILER_BYTES] != SEPARATOR or not (
        trailer.startswith(b"10=") and trailer[3:6].isdigit() and trailer[6:] == SEPARATOR
    ):
        return None
    if sum(raw[:-TRAILER_BYTES]) & 0xFF != int(trailer[3:6]):
        return None
    fields = _fields(raw[:-TRAILER_BYTES].decode("latin-1"))
    if fields is None or len(fields) < 3 or fields[2][0] != MSG_TYPE or not fields[2][1]:
        return None
    return FixMessage(fields[0][1], fields[2][1], tuple(fields[3:]))


def _fields(text: str) -> Sequence[Field] | None:
    found: list[Field] = []
    at, data_tag, data_size = 0, 0, 0
    while at < len(text):
        equals = text.find("=", at)
        tag = text[at:equals]
        if equals < 0 or not (tag.isascii() and tag.isdigit()) or len(tag) > 9 or len(found) >= FIELDS_MAX:
            return None
        begin, number = equals + 1, int(tag)
        end = begin + data_size if number == data_tag else text.find("\x01", begin)
        if end < 0 or end >= len(text) or text[end] != "\x01":
            return None
        value = text[begin:end]
        found.append((number, value))
        data_tag, size = DATA_AFTER.get(number, 0), whole(value)
        data_size = size if size is not None and size >= 0 else 0
        at = end + 1
    return found
