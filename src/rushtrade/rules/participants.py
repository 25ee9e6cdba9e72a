"""Who the letters of the consolidated tapes are: participants of the CTA and UTP plans, and Nasdaq's own centres of Last Sale Plus.

Letters as of the plans' output specifications of 2026 (CTS 2.11, CQS 2.10, UTP binary output): one list serves both plans, which differ in the
letter of Nasdaq alone (T with CTA, Q with UTP). Participants that have ended (I, W) stand for nobody.
"""

from __future__ import annotations

from typing import Final

import msgspec

from rushtrade.rules.world import World


class Centre(msgspec.Struct, frozen=True):
    """A market centre that reports to the tapes."""

    letters: str
    mic: str
    code: str
    name: str
    quotes: bool = True
    """Whether its quotes are protected where they are automated; trade reporting facilities have none."""


CENTRES: Final = (
    Centre("QT", "XNAS", "NASDAQ", "Nasdaq"),
    Centre("N", "XNYS", "NYSE", "New York Stock Exchange"),
    Centre("P", "ARCX", "ARCA", "NYSE Arca"),
    Centre("A", "XASE", "AMEX", "NYSE American"),
    Centre("B", "XBOS", "BX", "Nasdaq BX"),
    Centre("C", "XCIS", "NATIONAL", "NYSE National"),
    Centre("D", "FINR", "FINRA", "FINRA: trade reporting facilities and ADF", quotes=False),
    Centre("F", "TXSE", "TXSE", "Texas Stock Exchange"),
    Centre("G", "24EQ", "24X", "24X National Exchange"),
    Centre("H", "EPRL", "PEARL", "MIAX Pearl Equities"),
    Centre("J", "EDGA", "EDGA", "Cboe EDGA"),
    Centre("K", "EDGX", "EDGX", "Cboe EDGX"),
    Centre("L", "LTSE", "LTSE", "Long-Term Stock Exchange"),
    Centre("M", "XCHI", "TEXAS", "NYSE Texas"),
    Centre("U", "MEMX", "MEMX", "MEMX"),
    Centre("V", "IEXG", "IEX", "IEX"),
    Centre("X", "XPSX", "PSX", "Nasdaq PSX"),
    Centre("Y", "BATY", "BYX", "Cboe BYX"),
    Centre("Z", "BATS", "BZX", "Cboe BZX"),
)
LAST_SALE_PLUS: Final = {"Q": "XNAS", "X": "XPSX", "B": "XBOS", "L": "FINR", "2": "FINR"}
"""Market centres of Nasdaq Last Sale Plus: Nasdaq, PSX, BX, and the reporting facilities of Carteret and Chicago."""
TAPES: Final = {
    "uqdf": ("UQDF", "UTP quotation feed"),
    "cqs": ("CQS", "Consolidated Quotation System"),
    "cts": ("CTS", "Consolidated Tape System"),
    "nasdaq-last-sale-plus-3": ("NLSPLUS", "Nasdaq Last Sale Plus"),
    "nasdaq-last-sale-plus-4": ("NLSPLUS", "Nasdaq Last Sale Plus"),
    "taq-quotes": ("TAQ-Q", "TAQ quotes"),
    "taq-trades": ("TAQ-T", "TAQ trades"),
}
"""Feeds of several venues by kind: each has a place of its own beside them, for what it says itself and for letters nobody knows."""
TAPES_OF_TRADES: Final = frozenset(
    ["cts", "nasdaq-last-sale-plus-3", "nasdaq-last-sale-plus-4", "taq-trades"]
)
OWN_VENUE: Final = {"iex-deep": "IEXG", "iex-tops": "IEXG", "nasdaq-bbo": "XNAS"}
"""Whose feed it is, where a kind says it."""


def with_centres(world: World, kinds: list[str]) -> World:
    """Give the world with places for what feeds of these kinds carry: centres it does not have, and each tape's own.

    For a data center, which shows venues and sends nothing to them.
    """
    tapes = [TAPES[kind] for kind in dict.fromkeys(kinds) if kind in TAPES]
    if not tapes:
        return world
    known = {venue.mic for venue in world.venues} | {venue.code for venue in world.venues}
    new = [centre for centre in CENTRES if centre.mic not in known and centre.code not in known]
    new += [Centre("", code[:4], code, name, quotes=False) for code, name in dict.fromkeys(tapes)]
    venues = list(world.venues)
    for centre in new:
        venues.append(
            msgspec.structs.replace(
                world.venues[0],
                index=len(venues),
                code=centre.code,
                route_code="",
                mic=centre.mic,
                name=centre.name,
                weight=0,
                protected=centre.quotes,
            )
        )
    return msgspec.structs.replace(world, venues=tuple(venues))


def places_of(kind: str, world: World) -> dict[str, int]:
    """Venues of a world by the letters a feed of a kind writes."""
    by_mic = {venue.mic: venue.index for venue in world.venues}
    if kind.startswith("nasdaq-last-sale-plus"):
        return {letter: by_mic[mic] for letter, mic in LAST_SALE_PLUS.items() if mic in by_mic}
    if kind not in TAPES:
        return {}
    return {
        letter: by_mic[centre.mic] for centre in CENTRES for letter in centre.letters if centre.mic in by_mic
    }


def venue_of(kind: str, world: World) -> str:
    """Give the code of the venue, or of the tape's place, a feed of a kind is of; empty when the kind does not say."""
    if kind in TAPES:
        return TAPES[kind][0]
    mic = OWN_VENUE.get(kind, "")
    return next((venue.code for venue in world.venues if venue.mic == mic), "")
