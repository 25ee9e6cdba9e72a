"""From a venue's report rows to the core's commands: the words of order entry become the words of the house."""

from __future__ import annotations

import struct

from rushtrade.domain.commands import (
    AnyCommand,
    ReportAccepted,
    ReportCanceled,
    ReportExecuted,
    ReportRejected,
    ReportReplaced,
)
from rushtrade.domain.orders import Liquidity
from rushtrade.wire import order_entry as oe

_ROW = struct.Struct("<4B2H10q")
"""One ORDER_REPORT row, field by field: the standard library takes rows apart twice as fast as numpy does."""
_ADDED, _REMOVED = Liquidity.ADDED, Liquidity.REMOVED


def read_reports(venue: int, rows: oe.Rows) -> list[AnyCommand]:
    """Translate report rows of one venue, in their order.

    An acceptance that its own execution follows at once is left out: the execution says all of it.
    """
    commands: list[AnyCommand] = []
    accepted = 0  # token of the acceptance that came just before
    for (
        kind,
        liquidity,
        reason,
        _side,
        _firm,
        _locate,
        sequence,
        token,
        original,
        venue_order_id,
        match_number,
        price,
        shares,
        leaves,
        _cumulative,
        time_ns,
    ) in _ROW.iter_unpack(rows.tobytes()):
        if kind == oe.EXECUTED:
            covers = 1
            if accepted == token != 0:
                commands.pop()
                covers = 2
            commands.append(
                ReportExecuted(
                    venue,
                    sequence,
                    token,
                    match_number,
                    price,
                    shares,
                    _ADDED if liquidity == oe.ADDED else _REMOVED,
                    time_ns,
                    covers,
                )
            )
        elif kind == oe.ACCEPTED:
            commands.append(ReportAccepted(venue, sequence, token, venue_order_id, time_ns))
        elif kind == oe.CANCELED:
            text = oe.REASON_TEXTS.get(reason, f"reason {reason}")
            commands.append(ReportCanceled(venue, sequence, token, shares, leaves, text, time_ns))
        elif kind == oe.REPLACED:
            commands.append(
                ReportReplaced(venue, sequence, original, token, venue_order_id, price, leaves, time_ns)
            )
        elif kind == oe.REJECTED:
            text = oe.REASON_TEXTS.get(reason, f"reason {reason}")
            fault = reason in oe.VENUE_REASONS
            commands.append(ReportRejected(venue, sequence, token, original, text, time_ns, fault))
        elif kind == oe.STATUS:
            commands.append(_read_status(venue, sequence, token, venue_order_id, reason, leaves, time_ns))
        else:
            text = f"a report of kind {kind} has no meaning here"
            commands.append(ReportRejected(venue, sequence, token, token, text, time_ns))
        accepted = token if kind == oe.ACCEPTED else 0
    return commands


def _read_status(
    venue: int, sequence: int, token: int, venue_order_id: int, reason: int, leaves: int, time_ns: int
) -> AnyCommand:
    """Turn what a venue knows of a token into the report that brings the house to the same view."""
    if leaves > 0:
        return ReportAccepted(venue, sequence, token, venue_order_id, time_ns)
    text = oe.REASON_TEXTS.get(reason, f"reason {reason}")
    return ReportCanceled(venue, sequence, token, 0, 0, text or "executed in full", time_ns)
