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
    SEEK = 5
    """Asks where liquidity hides before anything shown is taken."""
    SNAPSHOT = 6
    REPEAT = 7


class Aim(IntEnum):
    """What a child is sent for."""

    SHOWN = 0
    """What its venue shows, or its turn, or to rest."""
    MIDDLE = 1
    """What a pool may hold at the midpoint."""
    OFFER = 2
    """What a market maker may take at the best quote, or better."""


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
    NOT_ASKED = 18
    """Shows nothing by nature, and asking it was not expected to save anything."""


class ChildTerms(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One child order. Price in $0.0001, never 0: a market order is bounded by its collar."""

    venue: int
    price: int
    shares: int
    time_in_force: TimeInForce
    display_shares: int = 0
    hidden: bool = False
    sweeps: bool = False
    """Goes together with children for every better quote shown: an intermarket sweep order (242.600(b))."""
    aim: Aim = Aim.SHOWN
    shown: int = 0
    """Shares its venue showed within its price, when it asks for more than that; 0: it asks for what is shown, or nothing is."""


class Skip(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A route that got nothing, and why."""

    venue: int
    reason: SkipReason


class Sight(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a plan saw that lessons can be drawn from. Prices in $0.0001, of the side taken from; 0 = none."""

    best: int
    best_shares: int
    tick: int
    depth: int = 0
    """Of a sweep: a tick beyond its deepest price. What is shown up to here is looked at again when its answers are in."""
    spared: int = 0
    """Shares shown up to `depth` that the sweep leaves."""
    again: int = -1
    """Shares shown now up to the `depth` of the sweep before; -1: there was none."""


class Plan(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One decision. `expected_cost` is money for the children that take: price × shares + fees.

    `progress` is handed back to the next plan of the same order: what has been tried so far. `sight` is kept where an order met routes that
    may fill without showing anything. `seek_money` and `sweep_money` are what the whole rest was expected to come to, all in, either way
    (a sale's are below zero; 0 = not weighed): floats ranked them, and they decide nothing else.
    """

    strategy: Strategy
    children: tuple[ChildTerms, ...]
    skips: tuple[Skip, ...]
    expected_cost: int
    expected_shares: int
    progress: int
    sight: Sight | None = None
    seek_money: int = 0
    sweep_money: int = 0
