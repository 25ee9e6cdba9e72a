"""A view: the venues whose data somebody may see, as bits by a venue's place in its world.

Whatever is derived (best prices of all venues, the montage, bars, lists) is made of the venues in a view and of no other, so
that nothing derived tells of a venue its reader has not got. Equal views are equal values: what is made for one is
made for everybody who has it.

It refuses to know users, products and data.
"""

from __future__ import annotations

from typing import Final

import msgspec

DELAY_MINUTES: Final = 15
"""How late delayed data is: from when on the tapes' plans ask no fee for it (CTA and UTP plans, delayed data policies)."""
TAPES: Final = ("A", "B", "C")
"""Networks of the consolidated tape: New York (A), the other exchanges (B), Nasdaq (C)."""
ALL_VENUES: Final = -1
"""Every venue of any world: all bits are set."""


class View(msgspec.Struct, frozen=True):
    """What may be shown, by tape (A, B, C) where the tape matters. Masks hold bit ``1 << venue``."""

    tops: tuple[int, int, int]
    """Venues whose best quotes, trades and bars may be shown as they happen."""
    depth: int
    """Venues whose whole books may be shown as they happen."""
    late: tuple[int, int, int]
    """Venues whose best quotes, trades and bars may be shown after the delay; never less than `tops`' own when it is given."""

    def top(self, tape: str) -> int:
        """Venues whose best quotes, trades and bars of a tape's stocks may be shown now."""
        return self.tops[TAPES.index(tape)]

    def delayed(self, tape: str) -> int:
        """Venues whose best quotes, trades and bars of a tape's stocks may be shown late."""
        return self.late[TAPES.index(tape)]

    def shows(self, venue: int, tape: str) -> bool:
        """Tell whether a venue's trade in a tape's stock may be shown now."""
        return bool(self.top(tape) >> venue & 1)

    @property
    def is_empty(self) -> bool:
        """True when nothing at all may be shown now."""
        return not (self.depth or any(self.tops))


EVERYTHING: Final = View((ALL_VENUES,) * 3, ALL_VENUES, (ALL_VENUES,) * 3)
NOTHING: Final = View((0, 0, 0), 0, (0, 0, 0))
