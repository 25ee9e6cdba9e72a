"""What can go wrong on a wire, split by whose fault it is.

    WireError
    ├── MalformedError     remote: the bytes break the protocol; says what, where, and what would pass
    ├── TruncatedError     remote: the stream ended inside a message
    └── UnencodableError   local: a value of ours does not fit its field

A wire room error knows bytes and offsets, never orders or accounts.
"""

from __future__ import annotations


class WireError(Exception):
    """Root of every fault of a protocol codec or session.

    `offset` is the position in the stream, in bytes, where the faulty message begins; -1 when there is none.
    """

    def __init__(self, reason: str, offset: int = -1) -> None:
        super().__init__(reason if offset < 0 else f"{reason} (at byte {offset:,})")
        self.reason = reason
        self.offset = offset


class MalformedError(WireError):
    """The peer sent bytes the protocol does not allow."""


class TruncatedError(WireError):
    """The stream ended inside a message."""


class UnencodableError(WireError):
    """A value handed to an encoder does not fit its field."""
