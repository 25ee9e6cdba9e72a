"""What one reader is shown of the market: venues by tape, and how late. Equal sights are made for once.

A feed's name and a reader's view make a sight: `sip` is every venue as it happens, `delayed_sip` the same a quarter of an
hour late. `iex`, which clients name out of habit, is the one venue an operator says (`Limits.iex_venue`), and where none is said what `sip`
is. Other names clients have are refused with the reason. A name never shows more than the view allows.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec

from rushtrade.api.faults import FORBIDDEN, UNPARSEABLE, ApiFault
from rushtrade.domain.instants import MINUTE
from rushtrade.entitlements.view import ALL_VENUES, TAPES
from rushtrade.market.quotes import Nbbo
from rushtrade.serving.shapes import tape_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushtrade.api.access import FrontDesk
    from rushtrade.api.entitlement_ports import Viewer
    from rushtrade.store import rows

DELAY_NS: Final = 15 * MINUTE
"""How late a delayed feed is where entitlements name no delay of their own."""
FEEDS: Final = ("sip", "iex", "delayed_sip")
"""Feeds there are."""
NOT_CARRIED: Final = {
    "otc": "over-the-counter stocks have no feed of their own here: where the market has them, sip shows them",
    "boats": "no overnight venue is carried",
    "overnight": "no overnight venue is carried",
    "test": "there is no stream of made-up messages; any stock of the market will do on sip",
}
"""Names clients have for other feeds, and why they are not here."""
LATE_FEED: Final = "delayed_sip"
ONE_VENUE_FEED: Final = "iex"


class Sight(msgspec.Struct, frozen=True):
    """Venues whose quotes and trades are shown, by tape (A, B, C), and how late."""

    masks: tuple[int, int, int]
    delay_ns: int = 0

    def mask(self, tape: str) -> int:
        """Venues of a tape's stocks."""
        return self.masks[TAPES.index(tape)]

    def mask_of(self, row: rows.InstrumentRow) -> int:
        """Venues of an instrument."""
        return self.mask(tape_of(row))


def read_feed(name: str) -> str:
    """Read a feed's name; empty is the best a reader may have."""
    if name in NOT_CARRIED:
        raise ApiFault(HTTPStatus.BAD_REQUEST, UNPARSEABLE, not_carried(name))
    if name and name not in FEEDS:
        passing = ", ".join(FEEDS)
        raise ApiFault(
            HTTPStatus.BAD_REQUEST, UNPARSEABLE, f"invalid feed: {name[:40]!r}; {passing} would pass"
        )
    return name


def sight_of(desk: FrontDesk, viewer: Viewer, feed: str) -> Sight:
    """Give what a feed's name shows somebody now."""
    view = viewer.view
    if feed == LATE_FEED or (not feed and not any(view.tops) and any(view.late)):
        return Sight(view.late, desk.ports.entitlements.delay_ns or DELAY_NS)
    only = desk.ports.limits.iex_venue
    if feed != ONE_VENUE_FEED or not only:
        return Sight(view.tops)
    venues = [row.venue for row in desk.store.image.routes.values() if only in {row.mic, row.code}]
    one = 1 << venues[0] if venues else 0
    return Sight((view.tops[0] & one, view.tops[1] & one, view.tops[2] & one))


def not_carried(feed: str) -> str:
    """Say why a feed is not here."""
    return f"feed {feed!r} is not carried: {NOT_CARRIED[feed]}; {', '.join(FEEDS)} would pass"


def require_sight(sight: Sight, viewer: Viewer, tapes: Sequence[str]) -> None:
    """Refuse a question about a tape of which the reader sees nothing, with the way to see it."""
    for tape in tapes:
        if not sight.mask(tape):
            raise ApiFault(
                HTTPStatus.FORBIDDEN, FORBIDDEN, viewer.refusal(tape) or "insufficient subscription"
            )


def quote_in(desk: FrontDesk, instrument_id: int, mask: int) -> Nbbo:
    """Give the best bid and offer of the venues in a mask: of all of them the national best, of some what they show in round lots.

    Its time is that of the last change of these numbers, which tells nothing of venues outside the mask.
    """
    market = desk.ports.market
    best = market.nbbo(instrument_id)
    if mask == ALL_VENUES:
        return msgspec.structs.replace(best, time_ns=best.changed_ns or best.time_ns)
    shown = [one for one in market.shown_quotes(instrument_id) if one.counts and mask >> one.venue & 1]
    bid = max((one.bid for one in shown), default=0)
    ask = min((one.ask for one in shown if one.ask), default=0)
    at_bid = [one for one in shown if one.bid == bid != 0]
    at_ask = [one for one in shown if one.ask == ask != 0]
    return Nbbo(
        time_ns=max((one.time_ns for one in shown), default=0),
        bid=bid,
        bid_shares=sum(one.bid_shares for one in at_bid),
        ask=ask,
        ask_shares=sum(one.ask_shares for one in at_ask),
        last=0,
        state="halted" if best.state == "halted" else _state(bid, ask),
        bid_venues=sum(1 << one.venue for one in at_bid),
        ask_venues=sum(1 << one.venue for one in at_ask),
    )


def _state(bid: int, ask: int) -> str:
    if not bid or not ask:
        return "one_sided" if bid or ask else "unknown"
    if bid >= ask:
        return "locked" if bid == ask else "crossed"
    return "good"
