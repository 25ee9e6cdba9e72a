"""How an account's numbers are tokens at the venue: the number itself, the channel it counts in, and what the row is for.

A firm may trade by several ports at once. Each has a space of tokens of its own, so that a report says by itself whose it is.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from rushtrade.wire import ouch50_options as tag
from rushtrade.wire.ouch50_options import Option

TOKEN_SPACE: Final = 1 << 60
"""Tokens of OUCH: one bit that no other port's tokens have."""
_REFERENCE_MASK: Final = (1 << 32) - 1
_INDEX_BITS: Final = 32
_INDEX_MASK: Final = 0xFF
_PURPOSE_BITS: Final = 40
_PURPOSE_MASK: Final = 0xF


class Purpose(IntEnum):
    """What a row is for."""

    ORDER = 0
    CANCEL = 1
    MODIFY = 2
    EXPIRY = 3
    MASS_CANCEL = 4


def token_of(reference: int, index: int = 0, purpose: Purpose = Purpose.ORDER) -> int:
    """Token of an instruction: `reference` is the account's number, `index` the channel it counts in."""
    return TOKEN_SPACE | purpose << _PURPOSE_BITS | index << _INDEX_BITS | reference


def for_purpose(token: int, purpose: Purpose) -> int:
    """Token of an instruction about an order."""
    return token | purpose << _PURPOSE_BITS


def reference_of(token: int) -> int:
    """The account's number."""
    return token & _REFERENCE_MASK


def index_of(token: int) -> int:
    """The channel it counts in."""
    return token >> _INDEX_BITS & _INDEX_MASK


def purpose_of(token: int) -> Purpose:
    """What the row is for; an order, where the token is none of OUCH."""
    return Purpose(token >> _PURPOSE_BITS & _PURPOSE_MASK) if token & TOKEN_SPACE else Purpose.ORDER


def channel_of(index: int) -> tuple[Option, ...] | None:
    """The option that names a channel; None for the account's own."""
    return (Option(tag.USER_REF_INDEX, index),) if index else None
