"""What is known of a security besides its orders and trades, as values: frozen, in words, with no way back to the arrays.

Prices in $0.0001, instants in UTC nanoseconds; 0 is "none" and "never". Letters are the feed's own; words stand beside them.
"""

from __future__ import annotations

import msgspec

TRADING_STATES = {"H": "halted", "P": "paused", "Q": "quotation only", "T": "trading", "": "not told"}
SHORT_SALE = {"0": "no restriction", "1": "restricted from today", "2": "still restricted", "": "not told"}
LIMIT_STATES = {"U": "limit up", "D": "limit down", "S": "straddle", "": "none"}
CROSSES = {"O": "opening", "C": "closing", "H": "halt or IPO", "A": "extended trading close"}
DIRECTIONS = {"B": "buy", "S": "sell", "N": "none", "O": "too few orders", "P": "paused"}
HALT_REASONS = {
    "T1": "news pending",
    "T2": "news disseminated",
    "T3": "news and resumption times",
    "T5": "single-stock pause",
    "T6": "extraordinary market activity",
    "T7": "single-stock pause, quotation only",
    "T8": "exchange-traded fund",
    "T12": "additional information requested",
    "H4": "non-compliance",
    "H9": "filings not current",
    "H10": "trading suspended by the SEC",
    "H11": "regulatory concern",
    "O1": "operations",
    "LUDP": "volatility pause",
    "LUDS": "volatility pause, straddle",
    "MWC0": "market-wide circuit breaker, carried over",
    "MWC1": "market-wide circuit breaker, level 1",
    "MWC2": "market-wide circuit breaker, level 2",
    "MWC3": "market-wide circuit breaker, level 3",
    "MWCQ": "market-wide circuit breaker, resumption",
    "M": "volatility pause of the listing market",
    "M1": "corporate action",
    "M2": "quotation not available",
    "D": "deletion",
    "IPO1": "IPO not yet trading",
    "IPOQ": "IPO released for quotation",
    "IPOE": "IPO positioning window extension",
    "R1": "new issue available",
    "R2": "issue available",
    "R4": "qualification resolved",
    "R9": "filings resolved",
    "C3": "issuer news not forthcoming",
    "C4": "qualification ended",
    "C9": "qualification ended, quotation resumed",
    "C11": "concluded by another regulator",
}
"""Reason codes of trading actions: TotalView-ITCH 5.0, appendix on trading action reasons."""


class PriceBands(msgspec.Struct, frozen=True):
    """Bands as computed here, and as a feed published them; all 0 when there are none.

    `differs` counts the published bands that were not ours. A stock has bands in regular hours when its tier is known.
    """

    tier: int
    reference: int
    low: int
    high: int
    since_ns: int
    doubled: bool
    limit_state: str
    limit_since_ns: int
    published_low: int
    published_high: int
    published_ns: int
    differs: int


class AuctionImbalance(msgspec.Struct, frozen=True):
    """What an auction of a venue would do: its latest word."""

    venue: int
    time_ns: int
    paired: int
    imbalance: int
    direction: str
    far: int
    near: int
    reference: int
    cross: str
    variation: str


class VenueStatus(msgspec.Struct, frozen=True):
    """What one venue says of a security: its trading state, its own halt (H or T), retail interest. Empty is "not told"."""

    venue: int
    trading: str
    operational: str
    retail: str


class InstrumentStatus(msgspec.Struct, frozen=True):
    """What a security may do now.

    `trading` is the strictest any venue says (H halted, P paused, Q quotation only, T trading, empty not told). `short_sale` is
    Rule 201: 0, 1 or 2. The collar is that of a reopening auction, the IPO fields those of its quoting period.
    """

    instrument_id: int
    trading: str
    reason: str
    trading_since_ns: int
    short_sale: str
    short_sale_since_ns: int
    bands: PriceBands
    collar_reference: int
    collar_low: int
    collar_high: int
    collar_extension: int
    collar_ns: int
    ipo: str
    ipo_price: int
    ipo_quoting_ns: int
    venues: tuple[VenueStatus, ...]

    @property
    def reason_words(self) -> str:
        """What the reason code stands for; the code itself when it is not a known one."""
        return HALT_REASONS.get(self.reason, self.reason)


class MarketMaker(msgspec.Struct, frozen=True):
    """A participant's standing in a security at a venue; letters as ITCH has them."""

    venue: int
    participant: str
    is_primary: bool
    mode: str
    state: str
    time_ns: int


class CircuitBreaker(msgspec.Struct, frozen=True):
    """The market-wide circuit breaker: its three levels in $0.0001 of the index, and the level breached (0: none)."""

    level_1: int
    level_2: int
    level_3: int
    breached: int
