"""SoupBinTCP: a numbered stream of messages over TCP, with login and resume, without I/O.

Every packet is its length in two big-endian bytes (of type and payload), one letter of type, and the payload. Both ends
are state machines in the manner of h11: bytes received go in (`receive_data`), events come out (`next_event`); whatever
one wants to say is a method that gives the bytes to send.

    client                              server
    ──────────────────────────────      ───────────────────────────────────────────
    L login request                     A accepted (session, next number) | J rejected
    U unsequenced data                  S sequenced data (numbers are counted, not sent)
    R heartbeat                         H heartbeat
    O logout                            Z end of session
    + debug                             + debug

State of either: NEW until the login is answered, OPEN, then CLOSED by J, Z or O. A packet that is not allowed in the state
is malformed. Heartbeats are the caller's business: one is due after `HEARTBEAT_NS` without a packet sent, and the peer is
gone after `SILENCE_NS` without one received (the times of the specification).
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from rushtrade.wire.errors import MalformedError, UnencodableError
from rushtrade.wire.framing import MESSAGE_BYTES_MAX, MessageReader, frame

HEARTBEAT_NS = 1_000_000_000
SILENCE_NS = 15_000_000_000
USER_BYTES, PASSWORD_BYTES, SESSION_BYTES, SEQUENCE_BYTES = 6, 10, 10, 20

NOT_AUTHORIZED, SESSION_NOT_AVAILABLE = "A", "S"
"""Reasons of a rejected login."""


class State(Enum):
    """How far a session is."""

    NEW = 1
    OPEN = 2
    CLOSED = 3


class LoginRequested(NamedTuple):
    """`sequence` is the next number the client wants, 0 for the newest; an empty `session` the current one."""

    user: str
    password: str
    session: str
    sequence: int


class LoginAccepted(NamedTuple):
    """The session the client is in, and the number of the next sequenced message."""

    session: str
    sequence: int


class LoginRejected(NamedTuple):
    """Why: A not authorized, S session not available."""

    reason: str


class Sequenced(NamedTuple):
    """Message number `sequence` of the session."""

    sequence: int
    message: bytes


class Unsequenced(NamedTuple):
    """A message of the client (or server) outside the numbered stream."""

    message: bytes


class Heartbeat(NamedTuple):
    """The peer lives."""


class Debug(NamedTuple):
    """Text for a person."""

    text: str


class SessionEnded(NamedTuple):
    """No more messages will come: end of session, or logout of the client."""


Event = (
    LoginRequested
    | LoginAccepted
    | LoginRejected
    | Sequenced
    | Unsequenced
    | Heartbeat
    | Debug
    | SessionEnded
)


class _Session:
    """What both ends have in common."""

    _allowed: dict[State, str]

    def __init__(self) -> None:
        self.state = State.NEW
        self._reader = MessageReader()

    def receive_data(self, data: bytes) -> None:
        """Take bytes as they came."""
        self._reader.receive_data(data)

    def receive_end(self) -> None:
        """Take note that the connection was closed."""
        self._reader.receive_end()

    def next_event(self) -> Event | None:
        """Give the next event, None until more bytes come.

        Raises MalformedError for a packet the protocol does not allow here, TruncatedError when the connection ended
        inside a packet.
        """
        packet = self._reader.next_message()
        if not isinstance(packet, bytes):
            return None
        letter = chr(packet[0])
        if letter not in self._allowed[self.state]:
            raise MalformedError(
                f"SoupBinTCP packet {letter!r} while {self.state.name}; allowed: {self._allowed[self.state] or 'none'}"
            )
        return self._event(letter, packet[1:])

    def _event(self, letter: str, payload: bytes) -> Event:
        if letter == "+":
            return Debug(payload.decode("latin-1"))
        if letter in "RH":
            return Heartbeat()
        if letter == "U":
            return Unsequenced(payload)
        self.state = State.CLOSED
        return SessionEnded()

    def debug(self, text: str) -> bytes:
        """Say something to a person."""
        return _packet("+", text.encode("latin-1", "replace"))

    def send_unsequenced(self, message: bytes) -> bytes:
        """Send a message outside the numbered stream."""
        return _packet("U", message)


class SoupClient(_Session):
    """The end that logs in and reads the stream. `next_sequence` is the number of the next message."""

    _allowed = {State.NEW: "AJ+H", State.OPEN: "SUHZ+", State.CLOSED: ""}  # noqa: RUF012  - a constant table

    def __init__(self) -> None:
        super().__init__()
        self.session = ""
        self.next_sequence = 0

    def login(self, user: str, password: str, session: str = "", sequence: int = 1) -> bytes:
        """Ask for a session (empty: the current one) from a number on (0: only what is new)."""
        fields = (
            _text(user, USER_BYTES, "user"),
            _text(password, PASSWORD_BYTES, "password"),
            _text(session, SESSION_BYTES, "session", right=True),
            _text(str(sequence), SEQUENCE_BYTES, "sequence", right=True),
        )
        return _packet("L", b"".join(fields))

    def heartbeat(self) -> bytes:
        """Say that the client lives."""
        return _packet("R", b"")

    def logout(self) -> bytes:
        """Leave."""
        self.state = State.CLOSED
        return _packet("O", b"")

    def _event(self, letter: str, payload: bytes) -> Event:
        if letter == "S":
            self.next_sequence += 1
            return Sequenced(self.next_sequence - 1, payload)
        if letter == "A":
            _take_exactly(letter, payload, SESSION_BYTES + SEQUENCE_BYTES)
            self.session = payload[:SESSION_BYTES].decode("latin-1").strip()
            self.next_sequence = _number(payload[SESSION_BYTES:])
            self.state = State.OPEN
            return LoginAccepted(self.session, self.next_sequence)
        if letter == "J":
            _take_exactly(letter, payload, 1)
            self.state = State.CLOSED
            return LoginRejected(payload.decode("latin-1"))
        return super()._event(letter, payload)


class SoupServer(_Session):
    """The end that numbers the messages. `next_sequence` is the number the next one sent will have."""

    _allowed = {State.NEW: "L+R", State.OPEN: "UR+O", State.CLOSED: ""}  # noqa: RUF012  - a constant table

    def __init__(self) -> None:
        super().__init__()
        self.next_sequence = 0

    def accept(self, session: str, sequence: int) -> bytes:
        """Open the session; the next message sent is number `sequence`."""
        self.state = State.OPEN
        self.next_sequence = sequence
        number = _text(str(sequence), SEQUENCE_BYTES, "sequence", right=True)
        return _packet("A", _text(session, SESSION_BYTES, "session", right=True) + number)

    def reject(self, reason: str) -> bytes:
        """Refuse the login: NOT_AUTHORIZED or SESSION_NOT_AVAILABLE."""
        self.state = State.CLOSED
        return _packet("J", _text(reason, 1, "reason"))

    def send(self, message: bytes) -> bytes:
        """Send the next message of the numbered stream."""
        packet = _packet("S", message)
        self.next_sequence += 1
        return packet

    def heartbeat(self) -> bytes:
        """Say that the server lives."""
        return _packet("H", b"")

    def end_session(self) -> bytes:
        """End the session: no more messages."""
        self.state = State.CLOSED
        return _packet("Z", b"")

    def _event(self, letter: str, payload: bytes) -> Event:
        if letter != "L":
            return super()._event(letter, payload)
        _take_exactly(letter, payload, USER_BYTES + PASSWORD_BYTES + SESSION_BYTES + SEQUENCE_BYTES)
        texts = []
        at = 0
        for width in (USER_BYTES, PASSWORD_BYTES, SESSION_BYTES):
            texts.append(payload[at : at + width].decode("latin-1").strip())
            at += width
        return LoginRequested(texts[0], texts[1], texts[2], _number(payload[at:]))


def _packet(letter: str, payload: bytes) -> bytes:
    if len(payload) >= MESSAGE_BYTES_MAX:
        raise UnencodableError(f"a SoupBinTCP payload of {len(payload)} bytes; {MESSAGE_BYTES_MAX - 1} fit")
    return frame(letter.encode("ascii") + payload)


def _text(value: str, width: int, name: str, *, right: bool = False) -> bytes:
    raw = value.encode("latin-1", "replace")
    if len(raw) > width:
        raise UnencodableError(f"{name} {value!r} is longer than {width} characters")
    return raw.rjust(width) if right else raw.ljust(width)


def _number(raw: bytes) -> int:
    text = raw.decode("latin-1").strip()
    if not (text.isascii() and text.isdigit()):
        raise MalformedError(f"SoupBinTCP sequence number {text!r} is not a number")
    return int(text)


def _take_exactly(letter: str, payload: bytes, size: int) -> None:
    if len(payload) != size:
        raise MalformedError(f"SoupBinTCP packet {letter!r} takes {size} bytes, got {len(payload)}")
