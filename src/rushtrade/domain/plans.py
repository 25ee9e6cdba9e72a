"""A routing decision as it is journaled: the children to send, and why every other route was left out."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from rushtrade.domain.orders import TimeInForce


class Strategy(IntEnum):
    """How DART came to a plan."""

    SWEEP = 1
    SEQUENCE = 2
    DIRECT = 3
    POST = 4


class SkipReason(IntEnum):
    """Why a route got nothing in a plan."""

    DISABLED = 1
    LINK_DOWN = 2
    NOT_IN_SEQUENCE = 3
    NO_KNOWN_BOOK = 4
    NO_LIQUIDITY_WITHIN_LIMIT = 5
    FILLED_CHEAPER_ELSEWHERE = 6
    ALREADY_TRIED = 7
    TYPE_NOT_TAKEN = 8
    NOT_CHOSEN = 9
    LATER_IN_SEQUENCE = 10
    NOT_LEGAL = 11
    """The route is not open to the instrument's equity class."""
    DISABLED_WITHIN_LIMIT = 12
    """Disabled, although it shows a quote within the limit: the order trades or rests through that quote."""
    LINK_DOWN_WITHIN_LIMIT = 13
    """The same, for a venue whose session is down."""
    ROUNDS_SPENT = 14
    """The order has had all the rounds it may have."""
    TOO_SMALL = 15
    """Shows a part only of what must be filled as a whole."""
    UNHEALTHY = 16
    """Taken out of use by itself: it does not answer, refuses, or answers late."""
    UNHEALTHY_WITHIN_LIMIT = 17
    """The same, and it shows a quote within the limit: self-help."""


class ChildTerms(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One child order. Price in $0.0001, never 0: a market order is bounded by its collar."""

    venue: int
    price: int
    shares: int
    time_in_force: TimeInForce
    display_shares: int = 0
    hidden: bool = False


class Skip(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A route that got nothing, and why."""

    venue: int
    reason: SkipReason


class Plan(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One decision. `expected_cost` is money for the children that take: price × shares + fees.

    `progress` is handed back to the next plan of the same order: what has been tried so far.
    """

    strategy: Strategy
    children: tuple[ChildTerms, ...]
    skips: tuple[Skip, ...]
    expected_cost: int
    expected_shares: int
    progress: int
