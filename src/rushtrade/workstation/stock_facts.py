"""What a stock may do now, and who stands where: `stock` of docs/protocols/workstation.md.

Halts with their reasons, the short-sale test, price bands computed beside published ones, auction imbalances, and the montage by market
participant. Facts of the venues one may see as they happen; imbalances and participants are of whole books. Pure functions of the
market.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rushtrade.domain.numbers import format_price
from rushtrade.status.statuses import CROSSES, DIRECTIONS, LIMIT_STATES, SHORT_SALE, TRADING_STATES
from rushtrade.workstation.views import micro

if TYPE_CHECKING:
    from rushtrade.api.access import FrontDesk
    from rushtrade.market.quotes import ParticipantRow
    from rushtrade.status.statuses import AuctionImbalance, InstrumentStatus
    from rushtrade.workstation.sights import Seen

STOCKS_MAX: Final = 8
LEVELS: Final = 20
"""Levels of each venue and side whose participants are told."""
ROWS_MAX: Final = 40
"""Rows of a side: what a panel shows."""


def facts_body(desk: FrontDesk, instrument_id: int, seen: Seen) -> dict[str, Any]:
    """Write the facts of a stock that somebody may see; `known` is false where they may see none of it live."""
    row, market = desk.store.image.instruments[instrument_id], desk.ports.market
    tops = 0 if seen.sight.delay_ns else seen.sight.mask_of(row)
    body: dict[str, Any] = {"symbol": row.symbol, "known": bool(tops)}
    if not tops:
        return body
    status = market.status(instrument_id)
    imbalances = [each for each in market.imbalances(instrument_id) if seen.depth >> each.venue & 1]
    parts = [each for each in market.participants(instrument_id, LEVELS) if seen.depth >> each.venue & 1]
    return body | {
        "trading": {
            "code": status.trading,
            "text": TRADING_STATES.get(status.trading, status.trading),
            "reason": status.reason,
            "reason_text": status.reason_words,
            "since_us": micro(status.trading_since_ns),
        },
        "short_sale": {
            "code": status.short_sale,
            "text": SHORT_SALE.get(status.short_sale, status.short_sale),
            "since_us": micro(status.short_sale_since_ns),
        },
        "bands": _bands(status),
        "collar": _collar(status),
        "venues": [
            {"venue": each.venue, "trading": each.trading, "operational": each.operational}
            for each in status.venues
            if tops >> each.venue & 1 and (each.trading or each.operational)
        ],
        "imbalances": [_imbalance(each) for each in imbalances],
        "bids": _side(parts, 0),
        "asks": _side(parts, 1),
    }


def _price(price: int) -> str | None:
    return format_price(price) if price else None


def _bands(status: InstrumentStatus) -> dict[str, Any] | None:
    """Price bands: ours, and what a feed published; None before there are any."""
    bands = status.bands
    if not (bands.low or bands.published_low):
        return None
    return {
        "tier": bands.tier,
        "reference": _price(bands.reference),
        "low": _price(bands.low),
        "high": _price(bands.high),
        "since_us": micro(bands.since_ns),
        "doubled": bands.doubled,
        "limit_state": bands.limit_state,
        "limit_text": LIMIT_STATES.get(bands.limit_state, bands.limit_state),
        "limit_since_us": micro(bands.limit_since_ns),
        "published_low": _price(bands.published_low),
        "published_high": _price(bands.published_high),
        "differs": bands.differs,
    }


def _collar(status: InstrumentStatus) -> dict[str, Any] | None:
    """The collar of a reopening auction."""
    if not status.collar_ns:
        return None
    return {
        "reference": _price(status.collar_reference),
        "low": _price(status.collar_low),
        "high": _price(status.collar_high),
        "extension": status.collar_extension,
        "time_us": micro(status.collar_ns),
    }


def _imbalance(row: AuctionImbalance) -> dict[str, Any]:
    return {
        "venue": row.venue,
        "cross": CROSSES.get(row.cross, row.cross),
        "direction": DIRECTIONS.get(row.direction, row.direction),
        "imbalance": row.imbalance,
        "paired": row.paired,
        "reference": _price(row.reference),
        "near": _price(row.near),
        "far": _price(row.far),
        "time_us": micro(row.time_ns),
    }


def _side(parts: list[ParticipantRow], side: int) -> list[tuple[str, int, str, int, int]]:
    """Participants of a side: best price first, at a price by shares, then by venue and name."""
    sign = 1 if side else -1
    chosen = sorted(
        (each for each in parts if each.side == side),
        key=lambda each: (sign * each.price, -each.shares, each.venue, each.participant),
    )
    return [
        (each.participant, each.venue, format_price(each.price), each.shares, each.orders)
        for each in chosen[:ROWS_MAX]
    ]
