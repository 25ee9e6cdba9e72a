"""Market data as it is sold: products and their prices, the agreements they need, who subscribes and to what use.

A product is what an exchange or network sells: the consolidated quotes of a tape, the book of a venue. Its price list stands in
the journal, so that a charge can be worked out again from the journal alone, whoever's price list it was.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Level(IntEnum):
    """What a product shows."""

    LEVEL_1 = 1
    """Best quotes of every venue, the consolidated best, trades: of the stocks of its tapes."""
    DEPTH = 2
    """The whole books of its venues, their trades and quotes: of all stocks traded there."""
    HOUSE = 3
    """The house's own market, simulated or replayed: everything of it."""


class DataUse(IntEnum):
    """What data is used for: shown to a person, or read by a program that decides with it."""

    DISPLAY = 1
    NON_DISPLAY = 2


class Billing(IntEnum):
    """How a grant is charged: by the month, or by the query up to the price of a month."""

    MONTHLY = 1
    PER_QUERY = 2


class SubscriberKind(IntEnum):
    """Who subscribes. Only a natural person can be anything but professional."""

    PERSON = 1
    ORGANISATION = 2
    TRUST = 3


class SubscriberStatus(IntEnum):
    """How exchanges class a subscriber; it decides the price."""

    NON_PROFESSIONAL = 1
    PROFESSIONAL = 2


class DataPrice(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Prices from a day on (a number of `day_number`), in micro-dollars: a month by status and use, and a query."""

    first_day: int
    professional: int
    non_professional: int
    non_display: int
    query_professional: int
    query_non_professional: int
    per_display: bool
    """True: a professional pays for each display used at once; False: for each user, however many."""
    source: str


class DataProduct(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One product. `tapes` or `venues` (MICs) say what it covers; `agreement` empty = none needed.

    `is_open`: everybody may see it without asking. `is_delayed`: it is shown late to those who have not got it.
    """

    code: str
    exchange: str
    title: str
    level: Level
    tapes: tuple[str, ...]
    venues: tuple[str, ...]
    agreement: str
    is_open: bool
    is_delayed: bool
    prices: tuple[DataPrice, ...]


class DataAgreement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One version of an exchange's agreement, in force from `first_day`; `digest` is the SHA-256 of its text.

    Whoever signed the version before has `grace_days` from then to sign this one.
    """

    code: str
    version: int
    exchange: str
    title: str
    first_day: int
    grace_days: int
    digest: str


class UsageRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one user made of one product on a day: most displays at once, and queries. `is_delayed` = late data only."""

    subscriber_id: int
    product: str
    use: DataUse
    displays: int
    queries: int
    is_delayed: bool = False
