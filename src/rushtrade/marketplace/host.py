"""The exchanges as a house of their own: members log on, send orders, hear reports and feeds. Without I/O and clock.

Every connection is a `Member`: bytes received go in, bytes to send come out, in the manner of h11. The host keeps every
report it has sent, per firm and venue, so that a member that was gone hears all of it again from the number it asks
for; orders it sends a second time are answered with what is known of them. Exchanges live on whoever comes and goes.

A host is *driven* when members move the market's time (tests, replays: one member then), else its owner does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rushtrade.domain.errors import InvalidInput
from rushtrade.wire import venue_link as link
from rushtrade.wire.errors import WireError
from rushtrade.wire.order_entry import ENTRY_BYTES, REPORT_BYTES, entries_from_bytes, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushtrade.marketplace.market import Market
    from rushtrade.wire.order_entry import Rows

REPORTS_KEPT_MAX: Final = 1 << 20
"""Reports kept per firm and venue for members that come back; beyond it the older half goes."""
RECEIVED_BYTES_MAX: Final = link.ROWS_MAX * ENTRY_BYTES + 1_024
"""The longest frame a member may send."""
FIRM_MAX: Final = 0xFFFF
VERSION: Final = 1


class ReportLog:
    """The reports of one firm at one venue, by number; the oldest go when there are too many."""

    def __init__(self) -> None:
        self._rows = bytearray()
        self._first = 1

    @property
    def next_sequence(self) -> int:
        """Number of the next report."""
        return self._first + len(self._rows) // REPORT_BYTES

    def append(self, rows: bytes) -> None:
        """Keep reports that follow those already kept."""
        self._rows += rows
        kept = len(self._rows) // REPORT_BYTES
        if kept > REPORTS_KEPT_MAX:
            gone = kept - REPORTS_KEPT_MAX // 2
            del self._rows[: gone * REPORT_BYTES]
            self._first += gone

    def since(self, sequence: int) -> bytes:
        """Give the reports from a number on; InvalidInput when they are not there."""
        if not self._first <= sequence <= self.next_sequence:
            raise InvalidInput(
                f"reports {self._first} to {self.next_sequence - 1} are kept; number {sequence} cannot be next"
            )
        return bytes(self._rows[(sequence - self._first) * REPORT_BYTES :])


class Member:
    """One connection. `firm` is 0 until the logon is accepted; `leaving` once the line is to be closed."""

    def __init__(self, host: Host) -> None:
        self.firm = 0
        self.wants_feed = False
        self.leaving = False
        self._host = host
        self._reader = link.FrameReader(RECEIVED_BYTES_MAX)
        self._out: list[bytes] = []

    def receive_data(self, data: bytes) -> None:
        """Take bytes as they came and do what they say; a fault of the member's ends the connection with a word why."""
        try:
            self._reader.receive_data(data)
            while not self.leaving and (received := self._reader.next_frame()) is not None:
                self._host.handle(self, *received)
        except (WireError, InvalidInput) as error:
            self.dismiss(str(error))

    def send(self, data: bytes) -> None:
        """Put bytes on the way."""
        self._out.append(data)

    def data_to_send(self) -> bytes:
        """Give the bytes on the way and forget them."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def dismiss(self, why: str) -> None:
        """End the connection with a word why."""
        self.send(link.frame(link.GOODBYE, why.encode()))
        self.leaving = True


class Host:
    """All venues of a market, and the members on their lines. `session` names this life of the exchanges."""

    def __init__(self, market: Market, session: str, *, driven: bool = False) -> None:
        self.market = market
        self.session = session
        self.driven = driven
        self.now_ns = market.flow.first_ns
        self._members: list[Member] = []
        self._logs: dict[tuple[int, int], ReportLog] = {}
        self._finished = False
        self._handlers: dict[bytes, Callable[[Member, bytes], None]] = {
            link.ORDERS: self._on_orders,
            link.IMAGE_REQUEST: self._on_image_request,
            link.TIME: self._on_time,
            link.LOGOUT: self._on_logout,
        }

    @property
    def finished(self) -> bool:
        """True when the market is over and closed."""
        return self._finished

    def connect(self) -> Member:
        """A line has come up."""
        return Member(self)

    def disconnect(self, member: Member) -> None:
        """A line has gone down; the member's orders stay where they are."""
        if member in self._members:
            self._members.remove(member)

    def advance(self, now_ns: int) -> None:
        """Let the market live up to `now_ns`; when its flow ends, close it. Members hear of everything."""
        if self._finished:
            return
        self.now_ns = max(self.now_ns, now_ns)
        self.market.advance(self.now_ns)
        if self.market.finished:
            self.market.close(self.now_ns)
            self._finished = True
        self._spread()

    def tell_time(self) -> None:
        """Say to every member that all up to now has been said."""
        time = link.time_frame(link.MarketTime(self.now_ns, self._finished))
        for member in self._members:
            member.send(time)

    def handle(self, member: Member, kind: bytes, body: bytes) -> None:
        """Do what a frame of a member says."""
        if kind == link.LOGON:
            self._on_logon(member, link.from_json(body, link.Logon))
            return
        if not member.firm:
            raise InvalidInput(f"a logon (L) comes before {kind!r}")
        handler = self._handlers.get(kind)
        if handler is None:
            raise InvalidInput(f"members do not send frames of kind {kind!r}")
        handler(member, body)

    # --- frames ---------------------------------------------------------------------------------------------

    def _on_logon(self, member: Member, logon: link.Logon) -> None:
        self._check_logon(member, logon)
        self._spread()  # what is repeated or shown below must not come again as news
        wanted = logon.next_reports or (1,) * len(self.market.venues)
        missed = [self._log(venue, logon.firm).since(sequence) for venue, sequence in enumerate(wanted)]
        for other in [other for other in self._members if other.firm == logon.firm]:
            other.dismiss(f"firm {logon.firm} has logged on from another line")
            self._members.remove(other)
        member.firm, member.wants_feed = logon.firm, logon.feed
        self._members.append(member)
        member.send(link.json_frame(link.ACCEPTED, self._accepted()))
        for venue, rows in enumerate(missed):
            for part in range(0, len(rows), link.ROWS_MAX * REPORT_BYTES):
                piece = rows[part : part + link.ROWS_MAX * REPORT_BYTES]
                member.send(link.rows_frame(link.REPORTS, venue, piece))
        if logon.feed:
            for exchange in self.market.venues:
                member.send(link.feed_frame(link.IMAGE, exchange.book_image(self.now_ns)))
        member.send(link.time_frame(link.MarketTime(self.now_ns, self._finished)))

    def _check_logon(self, member: Member, logon: link.Logon) -> None:
        if member.firm:
            raise InvalidInput(f"this line is firm {member.firm}'s already")
        if logon.version != VERSION:
            raise InvalidInput(f"this is version {VERSION} of the protocol, not {logon.version}")
        if not 0 < logon.firm <= FIRM_MAX:
            raise InvalidInput(f"firm numbers are 1 to {FIRM_MAX}, not {logon.firm}")
        if logon.session not in ("", self.session):
            raise InvalidInput(
                f"session {logon.session!r} is over, its exchanges and their orders are gone; this is {self.session!r}"
            )
        if logon.next_reports and len(logon.next_reports) != len(self.market.venues):
            raise InvalidInput(
                f"a logon names the next report of all {len(self.market.venues)} venues or of none,"
                f" not of {len(logon.next_reports)}"
            )

    def _accepted(self) -> link.Accepted:
        flow = self.market.flow
        return link.Accepted(
            session=self.session,
            venues=len(self.market.venues),
            symbols=self.market.symbols,
            midnight_ns=flow.midnight_ns,
            first_ns=flow.first_ns,
            last_ns=flow.last_ns,
            now_ns=self.now_ns,
            label=flow.source_label,
            simulated=flow.simulated,
            driven=self.driven,
        )

    def _on_orders(self, member: Member, body: bytes) -> None:
        venue, data = link.venue_and_rows(body)
        self._require_venue(venue)
        rows = entries_from_bytes(data)
        strangers = rows["firm"][rows["firm"] != member.firm]
        if len(strangers):
            raise InvalidInput(f"an order of firm {int(strangers[0])} on the line of firm {member.firm}")
        self.market.deliver(venue, rows, self.now_ns)
        self._spread()

    def _on_image_request(self, member: Member, body: bytes) -> None:
        venue, _ = link.venue_and_rows(body)
        self._require_venue(venue)
        member.send(link.feed_frame(link.IMAGE, self.market.venues[venue].book_image(self.now_ns)))

    def _on_time(self, member: Member, body: bytes) -> None:
        if not self.driven:
            raise InvalidInput("this market has a clock of its own; members do not move its time")
        self.advance(link.market_time(body).now_ns)
        member.send(link.time_frame(link.MarketTime(self.now_ns, self._finished)))

    def _on_logout(self, member: Member, _body: bytes) -> None:
        self.disconnect(member)
        member.dismiss("logged out")

    # --- parts ----------------------------------------------------------------------------------------------

    def _require_venue(self, venue: int) -> None:
        if venue >= len(self.market.venues):
            raise InvalidInput(f"there are venues 0 to {len(self.market.venues) - 1}, not {venue}")

    def _log(self, venue: int, firm: int) -> ReportLog:
        return self._logs.setdefault((venue, firm), ReportLog())

    def _spread(self) -> None:
        """Keep and send what the venues have said since the last time."""
        collected = self.market.collect()
        for venue, rows in collected.reports:
            self._spread_reports(venue, rows)
        for packet in collected.packets:
            data = link.feed_frame(link.FEED, packet)
            for member in self._members:
                if member.wants_feed:
                    member.send(data)

    def _spread_reports(self, venue: int, rows: Rows) -> None:
        for firm in sorted({int(firm) for firm in rows["firm"]}):
            own = to_bytes(rows[rows["firm"] == firm])
            self._log(venue, firm).append(own)
            for member in self._members:
                if member.firm == firm:
                    member.send(link.rows_frame(link.REPORTS, venue, own))
