"""GLIMPSE 5.0: the end of a snapshot of a venue's books.

A snapshot is a SoupBinTCP session, logged in to for message 1, whose sequenced messages are those of ITCH 5.0 that make the present state from empty
books: the day's events and directory, trading states, then every resting order in the order of its queue. The last one is the message
below; then the real-time feed is read from the number in it.

    offset 0   1 byte    G
    offset 1   20 bytes  number of the first real-time message not contained, in characters
"""

from __future__ import annotations

from rushtrade.wire.errors import MalformedError, UnencodableError

SNAPSHOT = "G"
NUMBER_BYTES = 20
SNAPSHOT_BYTES = 1 + NUMBER_BYTES


def encode_snapshot(sequence: int) -> bytes:
    """Say that the snapshot is complete, up to but not including message `sequence`."""
    digits = str(sequence).encode("ascii")
    if sequence < 1 or len(digits) > NUMBER_BYTES:
        raise UnencodableError(f"{sequence} is no number of a message: 1 to {NUMBER_BYTES} digits are")
    return SNAPSHOT.encode("ascii") + digits.rjust(NUMBER_BYTES)


def decode_snapshot(message: bytes) -> int:
    """Give the number of the first real-time message that is not contained in the snapshot."""
    if len(message) != SNAPSHOT_BYTES or message[:1] != SNAPSHOT.encode("ascii"):
        raise MalformedError(
            f"an end of snapshot is {SNAPSHOT!r} and {NUMBER_BYTES} characters, got {message[:24]!r}"
        )
    text = message[1:].decode("latin-1").strip(" ")
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise MalformedError(f"an end of snapshot names message {text!r}, which is no number from 1 on")
    return int(text)
