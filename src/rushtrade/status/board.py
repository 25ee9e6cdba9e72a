"""The board of all securities' states: notices and trades go in, states and a stream of changes come out.

Owns the arrays of `status_layout` and refuses to know books, packets and clocks. `market` feeds it message by message through
`notice_kernel` and `bands_kernel`; this class makes room, begins days, and gives answers as values. One thread at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rushtrade.domain.errors import require
from rushtrade.rules.price_bands import PriceBandRule
from rushtrade.status.status_layout import (
    CENTRE,
    EVENT,
    POSITION,
    SAMPLE,
    SECURITY,
    WORDS,
)
from rushtrade.status.statuses import (
    AuctionImbalance,
    CircuitBreaker,
    InstrumentStatus,
    MarketMaker,
    PriceBands,
    VenueStatus,
)
from rushtrade.tape.news import NewsRing

EVENTS_KEPT = 1 << 14
"""Events kept for readers: the directory of a whole market at its open, and a minute of closing imbalances."""
SAMPLES_ROOM = 1 << 10
"""Trades of the reference windows there is room for at first; the room doubles."""
POSITIONS_ROOM = 1 << 8
"""Market maker positions there is room for at first; the room doubles."""

Records = npt.NDArray[Any]
_WORD = {name: index for index, name in enumerate(WORDS)}
_KEPT = ("close", "tier", "leverage")
"""What of a security outlives the day."""


class StatusBoard:
    """States of securities named by `ids` (of slots 1, 2, 3 …) at so many venues."""

    def __init__(self, ids: Sequence[int], venues: int) -> None:
        self._venues = venues
        self._words = np.zeros(len(WORDS), np.int64)
        self.header = int(self._words.ctypes.data)
        self._ids = np.array([0, *ids], np.int64)
        self.securities: Records = np.zeros(len(self._ids), SECURITY)
        self._centres: Records = np.zeros(len(self._ids) * venues, CENTRE)
        self._samples: Records = np.zeros(SAMPLES_ROOM, SAMPLE)
        self._positions: Records = np.zeros(POSITIONS_ROOM, POSITION)
        self._news = NewsRing(EVENT, EVENTS_KEPT)
        self._set("venues", venues)
        self._set("event_mask", EVENTS_KEPT - 1)
        self._set("samples_used", 1)
        self._set("positions_used", 1)
        self._point()

    def _set(self, name: str, value: int) -> None:
        self._words[_WORD[name]] = value

    def _get(self, name: str) -> int:
        return int(self._words[_WORD[name]])

    def _point(self) -> None:
        for name in ("centres", "samples", "positions", "ids"):
            self._set(name, getattr(self, f"_{name}").ctypes.data)
        self._set("securities", self.securities.ctypes.data)
        self._set("events", self._news.rows.ctypes.data)
        self._set("samples_room", len(self._samples))
        self._set("positions_room", len(self._positions))

    def add_instruments(self, ids: Sequence[int]) -> None:
        """Know more instruments from now on; their slots follow those known."""
        self._ids = np.concatenate([self._ids, np.array(ids, np.int64)])
        self.securities = np.concatenate([self.securities, np.zeros(len(ids), SECURITY)])
        self._centres = np.concatenate([self._centres, np.zeros(len(ids) * self._venues, CENTRE)])
        self._point()

    def grow(self) -> None:
        """Make room where a kernel found none."""
        if self._get("positions_used") == len(self._positions):
            self._positions = np.concatenate([self._positions, np.zeros_like(self._positions)])
        if self._get("samples_used") == len(self._samples):
            self._samples = np.concatenate([self._samples, np.zeros_like(self._samples)])
        self._point()

    def open_day(
        self, midnight_ns: int, regular: tuple[int, int] | None = None, rule: PriceBandRule | None = None
    ) -> None:
        """Begin a trading day: nobody has said anything yet. Closes and tiers carry over.

        Price bands need the day's regular hours and the rule of its date.
        """
        kept = {name: self.securities[name].copy() for name in _KEPT}
        for held in (self.securities, self._centres):
            held[...] = np.zeros(1, held.dtype)
        for name, values in kept.items():
            self.securities[name] = values
        for name in ("samples_free", "mwcb_1", "mwcb_2", "mwcb_3", "breached"):
            self._set(name, 0)
        self._set("samples_used", 1)
        self._set("positions_used", 1)
        self._set("midnight", midnight_ns)
        self._set("banded", int(rule is not None and regular is not None))
        if rule is not None and regular is not None:
            self._set_rule(rule, regular)

    def _set_rule(self, rule: PriceBandRule, regular: tuple[int, int]) -> None:
        values = {
            "open": regular[0],
            "close": regular[1],
            "window": rule.window_ns,
            "hold": rule.hold_ns,
            "doubled_open": rule.doubled_after_open_ns,
            "doubled_close": rule.doubled_before_close_ns,
            "tier_2_doubled": int(rule.tier_2_doubled_at_close),
        }
        same = "move_ppm tier_1_ppm tier_2_ppm middle_ppm low_ppm low_amount middle_max low_below"
        values |= {name: getattr(rule, name) for name in same.split()}
        for name, value in values.items():
            self._set(name, value)

    def tell_closes(self, closes: Mapping[int, int]) -> None:
        """Say the last close by slot: it decides how wide bands are."""
        for slot, close in closes.items():
            self.securities["close"][slot] = close

    def tell_tiers(self, tiers: Mapping[int, int]) -> None:
        """Say the tier (1 or 2) by slot, where no directory does."""
        for slot, tier in tiers.items():
            require(tier in {1, 2}, "a tier of price bands is 1 or 2")
            self.securities["tier"][slot] = tier

    # ------------------------------------------------------------ answers

    @property
    def news(self) -> NewsRing:
        """The stream of changes: rows of `status_layout.EVENT`."""
        self._news.newest = self._get("event_count")
        return self._news

    def status(self, slot: int) -> InstrumentStatus:
        """What is known of a security."""
        row = self.securities[slot]
        return InstrumentStatus(
            instrument_id=int(self._ids[slot]),
            trading=_letter(row["trading"]),
            reason=bytes(row["reason"]).decode("latin-1").strip(),
            trading_since_ns=int(row["trading_since"]),
            short_sale=_letter(row["sho"]),
            short_sale_since_ns=int(row["sho_since"]),
            bands=_bands(row),
            collar_reference=int(row["collar_reference"]),
            collar_low=int(row["collar_low"]),
            collar_high=int(row["collar_high"]),
            collar_extension=int(row["collar_extension"]),
            collar_ns=int(row["collar_time"]),
            ipo=_letter(row["ipo"]),
            ipo_price=int(row["ipo_price"]),
            ipo_quoting_ns=int(row["ipo_time"]),
            venues=tuple(self._venue_status(slot, venue) for venue in range(self._venues)),
        )

    def _venue_status(self, slot: int, venue: int) -> VenueStatus:
        row = self._centres[slot * self._venues + venue]
        return VenueStatus(
            venue, _letter(row["trading"]), _letter(row["operational"]), _letter(row["retail"])
        )

    def imbalances(self, slot: int) -> list[AuctionImbalance]:
        """The latest auction imbalance of every venue that told one today."""
        rows = self._centres[slot * self._venues : (slot + 1) * self._venues]
        return [
            AuctionImbalance(
                venue,
                int(row["time"]),
                int(row["paired"]),
                int(row["imbalance"]),
                _letter(row["direction"]),
                int(row["far"]),
                int(row["near"]),
                int(row["reference"]),
                _letter(row["cross"]),
                _letter(row["variation"]),
            )
            for venue, row in enumerate(rows)
            if row["time"] and slot
        ]

    def market_makers(self, slot: int) -> list[MarketMaker]:
        """Participants' standing in a security, in the order in which they were first told."""
        makers: list[MarketMaker] = []
        place = int(self.securities["positions"][slot])
        while place:
            row = self._positions[place]
            makers.append(
                MarketMaker(
                    venue=int(row["venue"]),
                    participant=bytes(row["participant"]).decode("latin-1").strip(),
                    is_primary=bytes(row["primary"]) == b"Y",
                    mode=bytes(row["mode"]).decode("latin-1"),
                    state=bytes(row["state"]).decode("latin-1"),
                    time_ns=int(row["time"]),
                )
            )
            place = int(row["next"])
        return makers

    def circuit_breaker(self) -> CircuitBreaker:
        """The market-wide circuit breaker of the day."""
        breached = self._get("breached")
        return CircuitBreaker(
            self._get("mwcb_1"),
            self._get("mwcb_2"),
            self._get("mwcb_3"),
            breached - ord("0") if breached else 0,
        )

    # ------------------------------------------------------------ kept whole

    def image(self) -> dict[str, bytes]:
        """Copy the whole state out."""
        used = {"samples": self._get("samples_used"), "positions": self._get("positions_used")}
        arrays = {
            name: getattr(self, f"_{name}")[: used.get(name)]
            for name in ("centres", "samples", "positions", "ids")
        }
        words = self._words.copy()
        for name in ("securities", "centres", "events", "samples", "positions", "ids"):
            words[_WORD[name]] = 0  # addresses: of no use to anybody else
        arrays |= {"words": words, "securities": self.securities, "events": self._news.rows}
        return {name: array.tobytes() for name, array in arrays.items()}

    def restore(self, image: Mapping[str, bytes]) -> None:
        """Put a state back that `image` copied out of a board of as many venues."""
        words = np.frombuffer(image["words"], np.int64)
        require(int(words[_WORD["venues"]]) == self._venues, "a board's image is of as many venues")
        self._words[...] = words
        for name in ("samples", "positions"):
            held = getattr(self, f"_{name}")
            room = max(self._get(f"{name}_room"), len(held))
            fresh = np.zeros(room, held.dtype)
            kept = np.frombuffer(image[name], held.dtype)
            fresh[: len(kept)] = kept
            setattr(self, f"_{name}", fresh)
        self._centres = np.frombuffer(image["centres"], CENTRE).copy()
        self._ids = np.frombuffer(image["ids"], np.int64).copy()
        self.securities = np.frombuffer(image["securities"], SECURITY).copy()
        self._news.rows[...] = np.frombuffer(image["events"], EVENT)
        self._point()


def _letter(code: int) -> str:
    return chr(code).strip() if code else ""


def _bands(row: np.void) -> PriceBands:
    return PriceBands(
        tier=int(row["tier"]),
        reference=int(row["reference"]),
        low=int(row["band_low"]),
        high=int(row["band_high"]),
        since_ns=int(row["band_time"]),
        doubled=bool(row["doubled"]),
        limit_state=_letter(row["limit"]),
        limit_since_ns=int(row["limit_since"]),
        published_low=int(row["published_low"]),
        published_high=int(row["published_high"]),
        published_ns=int(row["published_time"]),
        differs=int(row["differs"]),
    )
