"""What a simulated house meets, by seeded chance: orders, quotes and marks, mostly sane, now and then absurd."""

from __future__ import annotations

import struct
from random import Random

from rushtrade.domain.numbers import PRICE_MAX, QUANTITY_MAX
from rushtrade.domain.orders import ROUTE_DART, ROUTE_SEQUENCE, OrderTerms, OrderType, Side, TimeInForce
from rushtrade.domain.quotes import Mark, QuoteStamp
from support.small_house import ROUTES, levels

INT64_MAX = 2**63 - 1
TRADED = (1, 1, 1, 1, 1, 1, 2, 5, 7)
"""Mostly one share, so that its orders meet; one that is hard to borrow, a warrant, one that only venue C takes."""
ABSURD = (0, -1, -INT64_MAX, 1, 99, PRICE_MAX, PRICE_MAX + 1, 10**15, INT64_MAX)
STRANGE_ROUTES = ("", "DART", "dart", "Z", "A" * 300)


def cents(chance: Random) -> int:
    """A price around ten dollars."""
    return chance.randint(980, 1_020) * 100


def price(chance: Random) -> int:
    """A price, one in four absurd."""
    return cents(chance) if chance.random() < 0.75 else chance.choice(ABSURD)


def stamp(chance: Random, absurd: float = 0.2) -> QuoteStamp:
    """Quotes an order meets."""
    return absurd_stamp(chance) if chance.random() < absurd else sane_stamp(chance)


def sane_stamp(chance: Random) -> QuoteStamp:
    """Quotes at some venues, bids below offers."""
    middle = chance.randint(990, 1_010)
    bids: dict[int, list[tuple[int, int]]] = {}
    asks: dict[int, list[tuple[int, int]]] = {}
    for venue in chance.sample(range(len(ROUTES)), chance.randint(1, len(ROUTES))):
        shares, spread = chance.randint(1, 10) * 100, chance.randint(1, 5)
        bids[venue] = [((middle - spread) * 100, shares)]
        asks[venue] = [((middle + spread) * 100, shares), ((middle + spread + 1) * 100, 2 * shares)]
    bid = max(rows[0][0] for rows in bids.values())
    ask = min(rows[0][0] for rows in asks.values())
    last = chance.choice([0, bid, ask, middle * 100])
    return QuoteStamp(0, bid, 100, ask, 100, last, levels(1, asks) + levels(0, bids))


def absurd_stamp(chance: Random) -> QuoteStamp:
    """Zero, negative, crossed, huge, contradicting quotes at venues that may not exist."""
    packed = b"".join(struct.pack("<3q", *_absurd_level(chance)) for _ in range(chance.randint(0, 4)))
    bid, ask, last = price(chance), price(chance), price(chance)
    sizes = chance.choice(ABSURD), chance.choice(ABSURD)
    return QuoteStamp(chance.choice(ABSURD), bid, sizes[0], ask, sizes[1], last, packed)


def _absurd_level(chance: Random) -> tuple[int, int, int]:
    place = chance.randint(0, 2 * len(ROUTES) - 1) if chance.random() < 0.8 else chance.choice(ABSURD)
    shares = chance.randint(1, 1_000) if chance.random() < 0.8 else chance.choice(ABSURD)
    return place, price(chance), shares


def marks(chance: Random) -> tuple[Mark, ...]:
    """Marks of a few instruments, some twice, some unknown, many absurd."""
    return tuple(
        Mark(chance.choice((*TRADED, -1, 9)), price(chance), price(chance), price(chance))
        for _ in range(chance.randint(0, 3))
    )


def terms(chance: Random) -> OrderTerms:
    """An order a person would send."""
    kind = chance.choice([OrderType.LIMIT] * 6 + list(OrderType))
    stops = kind in {OrderType.STOP, OrderType.STOP_LIMIT}
    limits = kind in {OrderType.LIMIT, OrderType.STOP_LIMIT}
    times = [TimeInForce.DAY, TimeInForce.DAY, TimeInForce.GTC]
    return OrderTerms(
        instrument_id=chance.choice(TRADED),
        side=chance.choice(list(Side)),
        order_type=kind,
        time_in_force=chance.choice(times if stops else [*times, TimeInForce.IOC, TimeInForce.FOK]),
        quantity=chance.choice([chance.randint(1, 5) * 100] * 4 + [chance.randint(1, 3_000)]),
        limit_price=cents(chance) if limits else 0,
        stop_price=cents(chance) if stops else 0,
        route=chance.choice([ROUTE_DART] * 7 + [ROUTE_SEQUENCE, "A", "BBB"]),
        hidden=limits and not stops and chance.random() < 0.05,
    )


def absurd_terms(chance: Random) -> OrderTerms:
    """An order nobody can have meant."""
    return OrderTerms(
        instrument_id=chance.randint(-1, 9),
        side=chance.choice(list(Side)),
        order_type=chance.choice(list(OrderType)),
        time_in_force=chance.choice(list(TimeInForce)),
        quantity=chance.choice([0, -1, 1, 100, QUANTITY_MAX, QUANTITY_MAX + 1, INT64_MAX]),
        limit_price=price(chance),
        stop_price=price(chance),
        route=chance.choice(STRANGE_ROUTES),
        display_shares=chance.choice([0, 0, -1, 50, INT64_MAX]),
        hidden=chance.random() < 0.5,
    )
