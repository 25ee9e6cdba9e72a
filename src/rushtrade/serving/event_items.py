"""Happenings as messages, each for a sight: what one sight may not see of it is left out, or made again of what it may.

A bar is of all venues. For a reader of some of them it is made again from their trades in memory, under the tape's own rules; a
bar of venues that did not trade is no message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushtrade.domain.instants import DAY, MINUTE
from rushtrade.entitlements.view import ALL_VENUES
from rushtrade.serving import shapes
from rushtrade.serving.happenings import BANDS, CANCEL, CORRECTION, IMBALANCE, STATUS
from rushtrade.serving.items import Item
from rushtrade.serving.past import Scope, held_prints, minutes_of_prints
from rushtrade.tape.frames import fold, values_of

if TYPE_CHECKING:
    from rushtrade.api.access import FrontDesk
    from rushtrade.serving.channels import Happening
    from rushtrade.serving.sight import Sight
    from rushtrade.store import rows

_DAILY = "d"
_STATES = {STATUS: shapes.status_fields, BANDS: shapes.luld_fields, IMBALANCE: shapes.imbalance_fields}


def event_item(desk: FrontDesk, row: rows.InstrumentRow, happening: Happening, sight: Sight) -> Item | None:
    """Write a happening as a message of a sight; None when there is nothing in it to be seen."""
    mask, kind, body = sight.mask_of(row), happening.kind, happening.body
    if not mask or (happening.venue >= 0 and not mask >> happening.venue & 1):
        return None
    image = desk.store.image
    if kind == CANCEL:
        return Item(kind, row.symbol, happening.time_ns, shapes.cancel_fields(image, row, body["original"]))
    if kind == CORRECTION:
        fields = shapes.correction_fields(image, row, body["original"], body["replacement"])
        return Item(kind, row.symbol, happening.time_ns, fields)
    writer = _STATES.get(kind)
    if writer is not None:
        return Item(kind, row.symbol, int(body["time"]), writer(row, body))
    start_ns = int(body["start"])
    if mask == ALL_VENUES:
        return Item(kind, row.symbol, start_ns, shapes.news_fields(body))
    fields_again = _bar_again(Scope(desk, row, sight), kind, start_ns)
    return None if fields_again is None else Item(kind, row.symbol, start_ns, fields_again)


def _bar_again(scope: Scope, kind: str, start_ns: int) -> dict[str, Any] | None:
    held = held_prints(scope)
    length = DAY if kind == _DAILY else MINUTE
    held = held[(held["time"] >= start_ns) & (held["time"] < start_ns + length)]
    minutes = minutes_of_prints(scope, held)
    bars = values_of(fold(minutes, minutes["key"] * 0 + start_ns))
    return shapes.bar_fields(bars[0]) if bars else None
