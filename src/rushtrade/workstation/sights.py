"""What a workstation is shown of a stock: as it happens, late, or nothing; and whose whole books.

A view says it by tape; for one stock it comes to one `Seen`. Whoever sees the same shares one board, on which every row is made once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from rushtrade.domain.errors import require
from rushtrade.entitlements.view import ALL_VENUES, TAPES
from rushtrade.serving.shapes import tape_of
from rushtrade.serving.sight import DELAY_NS, Sight

if TYPE_CHECKING:
    from rushtrade.api.access import FrontDesk
    from rushtrade.api.entitlement_ports import Viewer
    from rushtrade.entitlements.view import View
    from rushtrade.store import rows


class Seen(NamedTuple):
    """Venues by tape and how late, and the venues whose whole books are shown."""

    sight: Sight
    depth: int

    @property
    def is_whole(self) -> bool:
        """True when everything is shown as it happens."""
        return not self.sight.delay_ns and all(mask == ALL_VENUES for mask in self.sight.masks)


WHOLE: Final = Seen(Sight((ALL_VENUES,) * 3), ALL_VENUES)


def seen_of(desk: FrontDesk, view: View, row: rows.InstrumentRow) -> Seen:
    """Say what a view shows of an instrument: live where it may, else late where it may."""
    tape = tape_of(row)
    if not view.top(tape) and view.delayed(tape):
        return Seen(Sight(view.late, desk.ports.entitlements.delay_ns or DELAY_NS), 0)
    return Seen(Sight(view.tops), view.depth)


def refusal_of(viewer: Viewer, row: rows.InstrumentRow, *, depth: bool) -> str:
    """Say why somebody sees nothing of an instrument, neither now nor late; "" when they see something."""
    view, tape = viewer.view, tape_of(row)
    if view.top(tape) or (
        view.delayed(tape) and not depth
    ):  # of venues without depth the best of each side is shown
        return ""
    return viewer.refusal(tape, depth=depth) or f"No product shows the stocks of tape {tape}."


def losses(before: View, now: View) -> list[tuple[str, bool]]:
    """List what a view no longer shows as it happens: tapes, and (True) books."""
    require(len(TAPES) == len(now.tops), "a view has a mask for each tape")
    lost = [(tape, False) for tape in TAPES if before.top(tape) & ~now.top(tape)]
    if before.depth & ~now.depth:
        lost.append((TAPES[-1], True))
    return lost
