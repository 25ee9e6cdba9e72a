"""One connection to a port of a venue that speaks SoupBinTCP: orders by OUCH, or the feed by ITCH. Without I/O and clock.

Whoever logs in reads a stream of numbered messages from the number they ask for, as fast as they take it: the connection keeps its place in the
stream and no messages of its own, so a slow reader costs nothing. Text that is no message of the protocol is answered in a debug packet and
counted; a packet that is no SoupBinTCP ends the connection. An account has one connection: whoever logs in takes it over, and what the one
before still sends is not read. So what is said on the new one is all there is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from rushtrade.domain.errors import InvalidInput
from rushtrade.wire import soupbintcp as soup
from rushtrade.wire.errors import WireError

if TYPE_CHECKING:
    from rushtrade.floor.numbered import NumberedMessages

BATCH_MESSAGES: Final = 2_000
"""Messages given out at a time, before others are served."""
SILENCE_BEATS: Final = soup.SILENCE_NS // soup.HEARTBEAT_NS


class Seat:
    """Where the one connection of an account sits."""

    def __init__(self) -> None:
        self._port: SoupPort | None = None

    def take(self, port: SoupPort) -> None:
        """Sit down; whoever sat there leaves."""
        earlier, self._port = self._port, port
        if earlier is not None and earlier is not port:
            earlier.dismiss("the account has logged in by another connection")


class Opened(NamedTuple):
    """What a login opened: a stream to read, and who takes what the client says (None: nothing is taken).

    `settle` is called when everything that came together has been said. `ends`: the stream is whole, and the session is over
    when it has been read.
    """

    messages: NumberedMessages
    receive: Callable[[bytes], None] | None
    name: str = ""
    ends: bool = False
    seat: Seat | None = None
    settle: Callable[[], None] | None = None


class SoupPort:
    """One connection. `leaving` once it is to be closed."""

    def __init__(self, session: str, login: Callable[[str, str], Opened]) -> None:
        """`login` takes user and password, and raises InvalidInput for whoever may not come in."""
        self.leaving = False
        self.name = ""
        self.refused = 0
        """Messages of the client that were none."""
        self._session = session
        self._login = login
        self._soup = soup.SoupServer()
        self._opened: Opened | None = None
        self._out = bytearray()
        self._quiet_beats = 0
        self._said = False

    def receive_data(self, data: bytes) -> None:
        """Take bytes as they came and do what they say."""
        self._quiet_beats = 0
        try:
            self._soup.receive_data(data)
            while not self.leaving and (event := self._soup.next_event()) is not None:
                self._take(event)
        except WireError as error:
            self.refused += 1
            self._out += self._soup.debug(f"this is no SoupBinTCP: {error}")
            self.leaving = True
        if self._opened is not None and self._opened.settle is not None:
            self._opened.settle()

    def data_to_send(self) -> bytes:
        """Give the bytes on the way, with the next messages of the stream, and forget them."""
        opened = self._opened
        if opened is not None and not self.leaving:
            messages, number = opened.messages, self._soup.next_sequence
            if not messages.keeps(number):
                self._out += self._soup.debug("the messages you were at are no longer kept")
                self.leaving = True
            else:
                for each in range(number, min(messages.next_number, number + BATCH_MESSAGES)):
                    self._out += self._soup.send(messages.message(each))
                if opened.ends:
                    self.end()
        data = bytes(self._out)
        self._out.clear()
        self._said = self._said or bool(data)
        return data

    def beat(self) -> None:
        """Take note that a heartbeat's time has passed: say that we live; leave a client that has been silent too long."""
        self._quiet_beats += 1
        if self._quiet_beats > SILENCE_BEATS:
            self.leaving = True
        elif self._opened is not None and not self._said:
            self._out += self._soup.heartbeat()
        self._said = False

    def dismiss(self, why: str) -> None:
        """End the connection with a word why."""
        self._out += self._soup.debug(why)
        self.leaving = True

    def end(self) -> None:
        """The session is over: say so once everything has been read."""
        opened = self._opened
        if opened is not None and self._soup.next_sequence == opened.messages.next_number:
            self._out += self._soup.end_session()
            self.leaving = True

    def gone(self) -> None:
        """The connection is gone; the account needs to know nothing of it."""

    def _take(self, event: soup.Event) -> None:
        if isinstance(event, soup.LoginRequested):
            self._on_login(event)
        elif isinstance(event, soup.Unsequenced):
            self._on_message(event.message)
        elif isinstance(event, soup.SessionEnded):
            self.leaving = True

    def _on_login(self, asked: soup.LoginRequested) -> None:
        try:
            opened = self._login(asked.user, asked.password)
        except InvalidInput as error:
            self._out += self._soup.debug(str(error)) + self._soup.reject(soup.NOT_AUTHORIZED)
            self.leaving = True
            return
        messages = opened.messages
        number = asked.sequence or messages.next_number
        if asked.session not in {"", self._session} or not messages.keeps(number):
            words = (
                f"session {self._session} keeps messages {messages.first} to {messages.next_number - 1};"
                f" session {asked.session or self._session} from {number} cannot be had"
            )
            self._out += self._soup.debug(words) + self._soup.reject(soup.SESSION_NOT_AVAILABLE)
            self.leaving = True
            return
        self._opened, self.name = opened, opened.name
        if opened.seat is not None:
            opened.seat.take(self)
        self._out += self._soup.accept(self._session, number)

    def _on_message(self, message: bytes) -> None:
        receive = self._opened.receive if self._opened is not None else None
        if receive is None:
            self._refuse("nothing is taken on this port but heartbeats and logout")
            return
        try:
            receive(message)
        except (WireError, InvalidInput) as error:
            self._refuse(str(error))

    def _refuse(self, why: str) -> None:
        self.refused += 1
        self._out += self._soup.debug(why)
