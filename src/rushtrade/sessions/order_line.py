"""One venue's order line over SoupBinTCP: logged in, resumed where it was cut, honest about what it does not know.

`step` does everything without blocking: connect, log in for the number wanted, read what there is, say every second that we live.

```
DOWN ──connect, login──▶ ASKING ──repeats, then answers to the queries──▶ UP
  ▲                          │                                             │
  └──── broken, silent for 15 s, nonsense, a peer that does not read ──────┘          OVER: the venue's day has ended
```

Rows handed over while the line is not up wait in ASKING, and are told as not sent in DOWN: whoever planned them plans again. What was
sent before the line broke is not sent again by anybody. After the next login the venue's own numbers say what had reached it.

A venue that does not know the session any more has begun anew: its new session is read from 1, and its orders are gone.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, TypeAlias

import msgspec

from rushtrade.domain.commands import AnyCommand
from rushtrade.gateway.stream_socket import StreamSocket, in_words
from rushtrade.sessions.ouch_session import OuchSession
from rushtrade.wire import order_entry as oe
from rushtrade.wire import soupbintcp as soup
from rushtrade.wire.errors import WireError

READ_BYTES: Final = 1 << 18
"""Bytes read at a time: some thousand reports."""
STEP_BYTES_MAX: Final = 1 << 20
"""Bytes read in one step, before other venues are heard."""
UNSENT_BYTES_MAX: Final = 4 << 20
"""Orders that may wait for a venue that does not read (forty thousand); beyond it the line counts as broken."""
WAITING_ROWS_MAX: Final = 4_096
"""Rows that may wait for the end of the repeats; more are told as not sent."""
TRIES: Final = 5
"""Connections that come to nothing before nobody is believed to be there: a second and a half."""
RETRY_NS_MIN, RETRY_NS_MAX = 50_000_000, 2_000_000_000
CONNECT_NS: Final = 3_000_000_000
"""Longest time a connection or the answer to a login may take."""


class LineState(IntEnum):
    """Where a line stands."""

    DOWN = 1
    ASKING = 2
    UP = 3
    OVER = 4


class WentDown(msgspec.Struct, frozen=True):
    """The venue cannot be heard any more."""

    why: str


class BeganAnew(msgspec.Struct, frozen=True):
    """The venue has begun anew as `session`: it knows no earlier order, and its reports count from 1."""

    session: str


class CameUp(msgspec.Struct, frozen=True):
    """Everything the venue said before has been heard; orders go out."""


Said: TypeAlias = WentDown | BeganAnew | CameUp | list[AnyCommand]
"""What became of the line, and commands of the core, in the order in which they came."""


class OrderLine:
    """One venue's line. `session` and `next_number` are where its stream is gone on with."""

    def __init__(
        self,
        address: tuple[str, int],
        user: str,
        words: OuchSession,
        session: str = "",
        next_number: int = 1,
    ) -> None:
        self.state = LineState.DOWN
        self.fault = ""
        """Why it is down, in words."""
        self.connections = 0
        self.next_token = 0
        """Above every token of the house so far: kept by its owner."""
        self.words = words
        self.session = session
        self.next_number = next_number
        self._address = address
        self._user = user
        self._socket: StreamSocket | None = None
        self._soup = soup.SoupClient()
        self._logged_in = False
        self._room = bytearray(READ_BYTES)
        self._waiting: list[oe.Rows] = []
        self._said: list[Said] = []
        self._has_answered = False
        self._begun_ns = self._heard_ns = self._told_ns = self._due_ns = 0
        self._pause_ns = RETRY_NS_MIN

    @property
    def never_answered(self) -> bool:
        """True when several connections came to nothing, and none to anything."""
        return self.connections > TRIES and not self._has_answered

    def send(self, rows: oe.Rows, now_ns: int) -> None:
        """Send rows; told as not sent when there is no line."""
        del now_ns
        if self.state is LineState.UP:
            self._send(rows)
        elif self.state is LineState.ASKING and sum(map(len, self._waiting)) + len(rows) <= WAITING_ROWS_MAX:
            self._waiting.append(rows)
        else:
            self.words.refuse(rows)

    def step(self, now_ns: int) -> None:
        """Do what is due by the machine's clock, and read what there is."""
        if self.state is not LineState.OVER and now_ns >= self._due_ns:
            try:
                self._go_on(now_ns)
            except (WireError, OSError) as error:
                self._break(in_words(error), now_ns)
        self._keep_heard()

    def take(self) -> list[Said]:
        """Take what happened since the last time."""
        self._keep_heard()
        said, self._said = self._said, []
        return said

    def descriptors(self) -> list[int]:
        """The connection there is, if any."""
        return [self._socket.fileno()] if self._socket is not None else []

    def close(self) -> None:
        """Log out and hang up. Safe to repeat."""
        if self._socket is not None and self.state is LineState.UP:
            try:
                self._socket.send(self._soup.logout())
            except OSError as error:
                self.fault = in_words(error)
        self._hang_up()

    # --- the connection -----------------------------------------------------------------------------------

    def _go_on(self, now_ns: int) -> None:
        if self._socket is None:
            self._begin(now_ns)
        assert self._socket is not None
        if self.state is LineState.DOWN and now_ns - self._begun_ns > CONNECT_NS:
            raise TimeoutError(f"no answer within {CONNECT_NS // 1_000_000_000} s")
        if not self._socket.is_connected():
            return
        if not self._logged_in:
            self._socket.send(self._soup.login(self._user, "", self.session, self.next_number))
            self._logged_in, self._told_ns = True, now_ns
        self._read(now_ns)
        if self._socket is None:
            return
        if now_ns - self._told_ns >= soup.HEARTBEAT_NS and self.state is not LineState.DOWN:
            self._socket.send(self._soup.heartbeat())
            self._told_ns = now_ns
        elif self.state is not LineState.DOWN:
            self._socket.send(b"")  # what had to wait
        if self.state is not LineState.DOWN and now_ns - self._heard_ns > soup.SILENCE_NS:
            raise TimeoutError(f"nothing was heard for {soup.SILENCE_NS // 1_000_000_000} s")

    def _begin(self, now_ns: int) -> None:
        self._soup = soup.SoupClient()
        self._logged_in = False
        self._begun_ns = self._heard_ns = now_ns
        self.connections += 1
        self._socket = StreamSocket(self._address, UNSENT_BYTES_MAX)

    def _read(self, now_ns: int) -> None:
        budget = STEP_BYTES_MAX
        view = memoryview(self._room)
        while budget > 0 and self._socket is not None and (size := self._socket.receive(view)) > 0:
            budget -= size
            self._heard_ns, self._has_answered = now_ns, True
            self._soup.receive_data(bytes(view[:size]))
            while self._socket is not None and (event := self._soup.next_event()) is not None:
                self._take_event(event, now_ns)

    def _take_event(self, event: soup.Event, now_ns: int) -> None:
        if isinstance(event, soup.Sequenced):
            self.words.read(event.sequence, event.message)
            self.next_number = event.sequence + 1
            if self.state is LineState.ASKING and self.words.is_told:
                self._come_up()
        elif isinstance(event, soup.LoginAccepted):
            self._accept(event)
        elif isinstance(event, soup.LoginRejected):
            self._reject(event.reason, now_ns)
        elif isinstance(event, soup.Debug):
            self.fault = event.text
        elif isinstance(event, soup.SessionEnded):
            self._end_session(now_ns)

    def _end_session(self, now_ns: int) -> None:
        """The venue ends the session: with its day, or since it goes away and may come back."""
        if self.words.day_is_over or self.state is not LineState.UP:
            self.fault = "the venue's day is over"
            self._hang_up()
            self.state = LineState.OVER
        else:
            self._break("the venue ended the session before its day was over", now_ns)

    def _accept(self, event: soup.LoginAccepted) -> None:
        assert self._socket is not None
        if event.sequence != self.next_number:
            raise WireError(
                f"messages {self.next_number:,} to {event.sequence - 1:,} of session {event.session} cannot be had"
            )
        if event.session != self.session:
            self.words.forget()
            self.session = event.session
            self._tell(BeganAnew(event.session))
        self.state, self.fault, self._pause_ns = LineState.ASKING, "", RETRY_NS_MIN
        for query in self.words.queries(self.next_token):
            self._socket.send(self._soup.send_unsequenced(query))

    def _reject(self, reason: str, now_ns: int) -> None:
        """A session that is not known any more is followed by the one there is."""
        if reason == soup.SESSION_NOT_AVAILABLE and self.session:
            self.session, self.next_number = "", 1
            self._hang_up()
            self._due_ns = now_ns
            return
        raise WireError(self.fault or f"the venue rejected the login: {reason}")

    def _come_up(self) -> None:
        self.state = LineState.UP
        self._tell(CameUp())
        waiting, self._waiting = self._waiting, []
        for rows in waiting:
            self._send(rows)

    def _send(self, rows: oe.Rows) -> None:
        assert self._socket is not None
        data = b"".join(map(self._soup.send_unsequenced, self.words.encode(rows)))
        try:
            self._socket.send(data)
        except OSError as error:
            self._break(in_words(error), self._heard_ns)

    # --- the end of it ------------------------------------------------------------------------------------

    def _break(self, why: str, now_ns: int) -> None:
        """Hang up, and come back later."""
        self.fault = why
        self._hang_up()
        self._due_ns = now_ns + self._pause_ns
        self._pause_ns = min(2 * self._pause_ns, RETRY_NS_MAX)

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        for rows in self._waiting:
            self.words.refuse(rows)
        self._waiting.clear()
        if self.state in {LineState.ASKING, LineState.UP}:
            self.state = LineState.DOWN
            self._tell(WentDown(self.fault or "the line was closed"))

    def _tell(self, what: Said) -> None:
        self._keep_heard()
        self._said.append(what)

    def _keep_heard(self) -> None:
        heard = self.words.take()
        if heard:
            self._said.append(heard)
