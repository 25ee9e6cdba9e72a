"""A socket to the exchanges' process, and the venue links that go over it.

One thread uses it. It refuses to know what reports mean. Sending never fails: on a broken line nothing goes out, and what was not
answered is sent again after the next logon (`resync.resend`). Receiving says that the line is down, by `LineFault`; a line that is down
stays down, its owner makes a new one.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from rushtrade.gateway.venue_session import Heard, LineFault, SessionState, VenueSession
from rushtrade.wire import order_entry as oe
from rushtrade.wire import venue_link as link

RECEIVE_BYTES = 1 << 18
"""Bytes taken from the socket at a time: a few thousand reports."""
LOGON_SECONDS_MAX = 30.0
"""Longest time the exchanges may take to answer a logon and to repeat what was missed."""
SEND_SECONDS_MAX = 10.0
"""Longest time a batch of orders may wait for exchanges that do not read; after it the line counts as broken."""


class ExchangeLine:
    """One connection of one firm."""

    def __init__(self, address: Path | tuple[str, int], firm: int = 1) -> None:
        """Connect to a Unix socket or a loopback port. Raises LineFault when nobody answers there."""
        self.session = VenueSession(firm)
        family = socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET
        self._socket = socket.socket(family)
        self._socket.settimeout(LOGON_SECONDS_MAX)
        self._down = ""
        try:
            self._socket.connect(str(address) if isinstance(address, Path) else address)
        except OSError as error:
            self._socket.close()
            raise LineFault(f"no exchanges answer at {address}: {error}") from None

    @property
    def is_up(self) -> bool:
        """True while orders can go out."""
        return not self._down and self.session.state is SessionState.LIVE

    def logon(self, next_reports: Sequence[int], *, session: str = "", feed: bool = True) -> list[Heard]:
        """Open the session; give everything up to the end of the repeats, which may be nothing but the exchanges' answer."""
        self._send(self.session.logon(next_reports, session=session, feed=feed))
        heard: list[Heard] = []
        while self.session.state is not SessionState.LIVE:
            heard.extend(self.receive(LOGON_SECONDS_MAX))
        return heard

    def receive(self, timeout_s: float) -> list[Heard]:
        """Give what has been said, waiting for it at most so long. Raises LineFault when the line is down."""
        if self._down:
            raise LineFault(self._down)
        self._socket.settimeout(timeout_s)
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except (TimeoutError, BlockingIOError):
            return []
        except OSError as error:
            raise self._break(f"the line to the exchanges broke: {error}") from None
        if not data:
            raise self._break("the exchanges hung up")
        try:
            return self.session.receive_data(data)
        except LineFault as fault:
            self._break(str(fault))
            raise

    def link(self, venue: int) -> _Link:
        """Give the link of one venue."""
        return _Link(self, venue)

    def send_orders(self, venue: int, rows: oe.Rows) -> None:
        """Send rows, or lose them when the line is down."""
        if self.is_up:
            self._send(self.session.orders(venue, rows))

    def close(self) -> None:
        """Log out and hang up. Safe to repeat."""
        if self.is_up:
            self._send(link.frame(link.LOGOUT))
        self._break("the line was closed")

    def _send(self, data: bytes) -> None:
        self._socket.settimeout(SEND_SECONDS_MAX)
        try:
            self._socket.sendall(data)
        except OSError as error:
            self._break(f"the line to the exchanges broke: {error}")

    def _break(self, why: str) -> LineFault:
        self._down = self._down or why
        self._socket.close()
        return LineFault(self._down)


class _Link:
    """One venue's `VenueLink` over the common line."""

    def __init__(self, line: ExchangeLine, venue: int) -> None:
        self._line = line
        self._venue = venue

    def send(self, rows: oe.Rows, now_ns: int) -> None:
        """Send order-entry rows; lost when the line is down, and sent again by `resync.resend`."""
        del now_ns
        self._line.send_orders(self._venue, rows)
