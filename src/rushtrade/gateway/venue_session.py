"""The broker's end of a line to the exchanges' process, without I/O: bytes come in and go out, what was heard is given in words.

It refuses to know sockets, orders and the core. Theory of operation:

```
NEW ──logon()──▶ CALLING ──Accepted──▶ REPEATING ──first MarketTime──▶ LIVE
                    └──────────────── Goodbye, or a fault of theirs ────────────────▶ OVER
```

The logon names the report that is wanted next from every venue; the exchanges repeat from there, and the first word of time says that
the repeats are through. Only then may orders go out: before it nobody knows what is still unanswered. Reports of a venue are numbered without a
hole; one that is missing or doubled is a fault of the line, and the line is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TypeAlias

import msgspec

from rushtrade.domain.errors import RushTradeError
from rushtrade.wire import order_entry as oe
from rushtrade.wire import venue_link as link
from rushtrade.wire.errors import WireError
from rushtrade.wire.feed_packet import FeedPacket


class LineFault(RushTradeError):  # noqa: N818 - reads as the statement it makes
    """The line to the exchanges cannot be used any more; the message says what happened on it."""


class SessionState(IntEnum):
    """Where a session stands."""

    NEW = 1
    CALLING = 2
    REPEATING = 3
    LIVE = 4
    OVER = 5


class ReportsHeard(msgspec.Struct, frozen=True):
    """Report rows of one venue, in their order."""

    venue: int
    rows: oe.Rows


class ImageHeard(msgspec.Struct, frozen=True):
    """The image of one venue's books."""

    packet: FeedPacket


Heard: TypeAlias = link.Accepted | ReportsHeard | ImageHeard | FeedPacket | link.MarketTime


class VenueSession:
    """One line of one firm, from logon to its end."""

    def __init__(self, firm: int) -> None:
        self.firm = firm
        self.state = SessionState.NEW
        self.accepted: link.Accepted | None = None
        self._reader = link.FrameReader()
        self._next_reports: list[int] = []

    def logon(self, next_reports: Sequence[int], *, session: str = "", feed: bool = True) -> bytes:
        """Give the bytes that open the session: `next_reports` by venue, and the life of the exchanges the firm's orders live in."""
        self._require(SessionState.NEW, "a session is opened once")
        self.state = SessionState.CALLING
        self._next_reports = list(next_reports)
        logon = link.Logon(self.firm, session, tuple(next_reports), feed)
        return link.json_frame(link.LOGON, logon)

    def orders(self, venue: int, rows: oe.Rows) -> bytes:
        """Give the bytes of order-entry rows for one venue."""
        self._require(SessionState.LIVE, "orders go out when the exchanges have repeated what was missed")
        return b"".join(
            link.rows_frame(link.ORDERS, venue, oe.to_bytes(rows[at : at + link.ROWS_MAX]))
            for at in range(0, len(rows), link.ROWS_MAX)
        )

    def image_request(self, venue: int) -> bytes:
        """Give the bytes that ask for a venue's books."""
        return link.rows_frame(link.IMAGE_REQUEST, venue, b"")

    def receive_data(self, data: bytes) -> list[Heard]:
        """Take bytes as they came; give what they say. Raises LineFault when the session is over or makes no sense."""
        if self.state in {SessionState.NEW, SessionState.OVER}:
            raise LineFault(f"nothing can be heard on a session that is {self.state.name.lower()}")
        try:
            self._reader.receive_data(data)
            heard: list[Heard] = []
            while (frame := self._reader.next_frame()) is not None:
                heard.append(self._read(*frame))
        except WireError as error:
            raise self._end(f"the exchanges sent what cannot be read: {error}") from None
        return heard

    # --- inside ----------------------------------------------------------------------------------

    def _read(self, kind: bytes, body: bytes) -> Heard:
        if kind == link.GOODBYE:
            raise self._end(f"the exchanges ended the session: {body.decode(errors='replace')}")
        if (kind == link.ACCEPTED) != (self.state is SessionState.CALLING):
            raise self._end(f"a frame of kind {kind!r} came while {self.state.name.lower()}")
        if kind == link.REPORTS:
            return self._read_reports(body)
        if kind == link.FEED:
            return link.feed_packet(body)
        if kind == link.IMAGE:
            return ImageHeard(link.feed_packet(body))
        if kind == link.TIME:
            self.state = SessionState.LIVE
            return link.market_time(body)
        if kind == link.ACCEPTED:
            return self._read_accepted(body)
        raise self._end(f"the exchanges do not send frames of kind {kind!r}")

    def _read_accepted(self, body: bytes) -> link.Accepted:
        accepted = link.from_json(body, link.Accepted)
        if len(self._next_reports) != accepted.venues:
            raise self._end(
                f"the exchanges are {accepted.venues} venues, the house knows {len(self._next_reports)}"
            )
        self.accepted = accepted
        self.state = SessionState.REPEATING
        return accepted

    def _read_reports(self, body: bytes) -> ReportsHeard:
        venue, data = link.venue_and_rows(body)
        rows = oe.reports_from_bytes(data)
        if venue >= len(self._next_reports):
            raise self._end(f"reports of venue {venue} came; there are {len(self._next_reports)}")
        due = self._next_reports[venue]
        numbers = rows["sequence"].tolist()
        if numbers != list(range(due, due + len(numbers))):
            raise self._end(f"reports {numbers[:3]} … of venue {venue} came where {due} is due")
        self._next_reports[venue] = due + len(numbers)
        return ReportsHeard(venue, rows)

    def _require(self, state: SessionState, rule: str) -> None:
        if self.state is not state:
            raise LineFault(f"{rule}; this one is {self.state.name.lower()}")

    def _end(self, why: str) -> LineFault:
        self.state = SessionState.OVER
        return LineFault(why)
