"""What happened in the market since the last look, put into the rings of its channels: bars, corrections, halts, bands, imbalances.

The tape and the market keep their news in rings of their own, for any number of readers; here they are sorted by channel, and
numbered for the readers of the streams. Price bands are told as a feed publishes them; only where none does, as they were
computed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rushtrade.serving.channels import CANCELS, CORRECTIONS
from rushtrade.tape.news import CLOSED, DAILY, UPDATED

if TYPE_CHECKING:
    from rushtrade.api.access import FrontDesk
    from rushtrade.serving.channels import EventRing
    from rushtrade.tape.news import NewsRing

NEWS_AT_ONCE: Final = 1 << 16
"""News taken in one look: as much as the tape keeps."""
CANCEL, CORRECTION = "x", "c"
STATUS, BANDS, IMBALANCE = "s", "l", "i"
_STATUSES: Final = {
    b"H": ("statuses", STATUS),
    b"h": ("statuses", STATUS),
    b"p": ("lulds", BANDS),
    b"b": ("lulds", BANDS),
    b"l": ("lulds", BANDS),
    b"I": ("orderImbalances", IMBALANCE),
}
"""Channels of the changes of state, by their kind (`status.status_layout`); others are not told here."""
_COMPUTED: Final = b"b"
_CHANNELS: Final = {CLOSED: "bars", UPDATED: "updatedBars", DAILY: "dailyBars"}


class Happenings:
    """Takes what happened, once, for all readers."""

    def __init__(self, desk: FrontDesk, rings: dict[str, EventRing]) -> None:
        self._desk = desk
        self._rings = rings
        self._read: dict[str, int] = {}
        tape = desk.ports.market.tape
        tape.tell(desk.ports.clock.now_ns())
        statuses = desk.ports.market.status_news
        for name, ring in (("bars", tape.bar_news), ("voids", tape.void_news), ("statuses", statuses)):
            self._read[name] = ring.newest

    def take(self, now_ns: int) -> None:
        """Take what happened up to now."""
        tape = self._desk.ports.market.tape
        tape.tell(now_ns)
        for row in self._fresh("voids", tape.void_news):
            self._take_void(row, now_ns)
        for row in self._fresh("bars", tape.bar_news):
            kind = int(row["kind"])
            self._rings[_CHANNELS[kind]].append(int(row["instrument"]), now_ns, chr(kind), row)
        for row in self._fresh("statuses", self._desk.ports.market.status_news):
            self._take_status(row, now_ns)

    def _fresh(self, name: str, ring: NewsRing) -> Any:
        """Give what one of the tape's rings has had since the last look."""
        before = self._read[name]
        if ring.newest < before:
            before = 0  # a tape restored from a snapshot, or played again
        self._read[name] = ring.newest
        return ring.after(before, NEWS_AT_ONCE).copy() if ring.newest > before else ()

    def _take_void(self, row: Any, now_ns: int) -> None:
        original, replacement = row["original"], row["replacement"]
        instrument_id = int(self._desk.ports.market.tape.numbers[original["instrument"]])
        if replacement["number"]:
            channel, kind = CORRECTIONS, CORRECTION
        else:
            channel, kind = CANCELS, CANCEL
        self._rings[channel].append(instrument_id, now_ns, kind, row, int(original["venue"]))

    def _take_status(self, row: Any, now_ns: int) -> None:
        found = _STATUSES.get(bytes(row["kind"]))
        instrument_id = int(row["instrument"])
        if found is None or not instrument_id:
            return
        channel, kind = found
        if bytes(row["kind"]) == _COMPUTED:
            bands = self._desk.ports.market.status(instrument_id).bands
            if bands.published_ns:
                return
        venue = int(row["venue"]) if channel == "orderImbalances" else -1
        self._rings[channel].append(instrument_id, now_ns, kind, row, venue)
