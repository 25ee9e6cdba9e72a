"""A FIX 4.2 session, either end, without I/O: bytes in, messages of the application out, in order and each once.

```
NEW ──Logon──▶ OPEN ──Logout──▶ OVER          acceptor: answers the Logon
NEW ─logon()─▶ CALLING ──Logon──▶ OPEN        initiator
```

Numbers and sent messages outlive a connection: they are in a `FixStore`, which the owner keeps (`MemoryStore` is one; a journal may be another). A gap is asked for
once, what came early waits, and everything is given in order. What is asked of us is sent again marked as such, with one gap fill for each run of session
messages. Time comes in as `now_ns` (for stamps) and as `beat()`, once a second (for heartbeats); the sending times of the peer are checked against `now_ns`
only when a tolerance is given.

Faults follow the session rules of FIX 4.2: a garbled message is passed over and uses no number, a faulty one is rejected and uses its number, a number too
low without PossDupFlag or a stranger's CompID ends the session with a word why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final

from rushtrade.wire import fix42 as fix
from rushtrade.wire.fix42 import Field, FixMessage, FixReader
from rushtrade.wire.fix42_store import FixStore, MemoryStore, instant, stamp

EARLY_MAX: Final = 10_000
"""Messages that wait for a gap to be filled; beyond it they are asked for again later."""
LOGON_BEATS_MAX: Final = 10
"""Seconds a connection may stay without a logon, and a logout without an answer."""
HEARTBEAT_MAX: Final = 3_600


class SessionState(Enum):
    """Where a session stands."""

    NEW = 1
    CALLING = 2
    OPEN = 3
    LEAVING = 4
    OVER = 5


class FixSession:
    """One connection of a session. `open_store` finds the store of a peer by its CompID; None sends it away."""

    def __init__(
        self,
        own: str,
        open_store: Callable[[str, str], FixStore | None],
        *,
        peer: str = "",
        heartbeat_s: int = 30,
        tolerance_ns: int | None = None,
    ) -> None:
        """`own` is our CompID ("" for an acceptor that answers to any); `peer` the other's, for an initiator."""
        self.state = SessionState.NEW
        self.own, self.peer = own, peer
        self.rejected = 0
        """Messages that were refused at the session's level."""
        self.why = ""
        """Why the session is over, if we ended it."""
        self._open_store = open_store
        self._store: FixStore = MemoryStore()
        self._heartbeat_s = heartbeat_s
        self._tolerance_ns = tolerance_ns
        self._reader = FixReader()
        self._out = bytearray()
        self._early: dict[int, FixMessage] = {}
        self._asked_below = 0
        """Messages below this number have been asked for again."""
        self._quiet_out = self._quiet_in = 0
        self._tested = False
        self._now_ns = 0
        self._given: list[FixMessage] = []

    @property
    def garbled(self) -> int:
        """Messages that were passed over because their frame was wrong."""
        return self._reader.garbled

    # --- for the owner ------------------------------------------------------------------------------------

    def logon(self, now_ns: int, *, reset: bool = False) -> None:
        """Open the session, as its initiator."""
        self._now_ns = now_ns
        store = self._open_store(self.peer, self.own)
        self._store = store if store is not None else MemoryStore()
        if reset:
            self._store.reset()
        self.state = SessionState.CALLING
        self._say_logon(reset=reset)

    def receive_data(self, data: bytes, now_ns: int) -> list[FixMessage]:
        """Take bytes as they came; give the application's messages, in order and each once."""
        self._now_ns = now_ns
        self._reader.receive_data(data)
        while self.state is not SessionState.OVER and (message := self._reader.next_message()) is not None:
            self._quiet_in, self._tested = 0, False
            self._take(message)
        given, self._given = self._given, []
        return given

    def send(self, kind: str, fields: Sequence[Field], now_ns: int) -> None:
        """Send a message of the application; while the peer is away it waits, and is asked for when the peer is back."""
        self._now_ns = now_ns
        self._say(kind, fields, keep=True)

    def reject(self, message: FixMessage, reason: int, text: str, tag: int = 0) -> None:
        """Refuse a message at the session's level; it has used its number."""
        self.rejected += 1
        number = message.number(fix.MSG_SEQ_NUM) or 0
        about = [(fix.REF_SEQ_NUM, str(number)), (fix.REF_MSG_TYPE, message.type)]
        if tag:
            about.append((fix.REF_TAG_ID, str(tag)))
        if reason <= fix.BAD_TYPE:
            about.append((fix.SESSION_REJECT_REASON, str(reason)))
        self._say(fix.REJECT, [*about, (fix.TEXT, text)])

    def logout(self, text: str = "") -> None:
        """Leave; the session is over when the peer has answered."""
        if self.state is SessionState.OPEN:
            self._say(fix.LOGOUT, [(fix.TEXT, text)] if text else [])
            self.state = SessionState.LEAVING
            self._quiet_in = 0

    def data_to_send(self) -> bytes:
        """Give the bytes on the way and forget them."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def beat(self, now_ns: int) -> None:
        """Take note that a second has passed: heartbeats, questions whether the peer lives, the end of one that does not."""
        self._now_ns = now_ns
        self._quiet_in += 1
        self._quiet_out += 1
        if self.state is not SessionState.OPEN:
            if self._quiet_in > LOGON_BEATS_MAX:
                self._end("no answer to a logout, or no logon")
            return
        if not self._heartbeat_s:
            return
        if self._quiet_in * 10 > self._heartbeat_s * 24:
            self._end("the peer has been silent too long")
        elif self._quiet_in * 10 > self._heartbeat_s * 12 and not self._tested:
            self._tested = True
            self._say(fix.TEST_REQUEST, [(fix.TEST_REQ_ID, f"beat {self._store.next_out}")])
        elif self._quiet_out >= self._heartbeat_s:
            self._say(fix.HEARTBEAT, [])

    # --- messages by their numbers ------------------------------------------------------------------------

    def _take(self, message: FixMessage) -> None:
        number = message.number(fix.MSG_SEQ_NUM)
        if self.state in {SessionState.NEW, SessionState.CALLING}:
            self._take_first(message, number)
        elif number is None:
            self._leave("MsgSeqNum missing")
        elif message.version != fix.VERSION:
            self._leave(f"Incorrect BeginString, expecting {fix.VERSION} but received {message.version}")
        elif self._comp_ids_fit(message):
            self._take_numbered(message, number)
        else:
            self._store.next_in = max(self._store.next_in, number + 1)
            self.reject(message, fix.BAD_COMP_ID, "CompID problem")
            self._leave("CompID problem")

    def _take_numbered(self, message: FixMessage, number: int) -> None:
        due = self._store.next_in
        if message.type == fix.SEQUENCE_RESET and message.get(fix.GAP_FILL) != "Y":
            self._pass_to(message)
        elif message.type == fix.LOGON and message.get(fix.RESET_SEQ_NUM) == "Y":
            self._store.reset()
            self._early.clear()
            self._asked_below = 0
            self._say_logon(reset=True)
            self._store.next_in = 2
        elif number > due:
            self._take_early(message, number)
        elif number < due:
            self._take_late(message, number)
        else:
            self._consume(message)
            while (waiting := self._early.pop(self._store.next_in, None)) is not None:
                self._consume(waiting)

    def _take_early(self, message: FixMessage, number: int) -> None:
        """Keep what came too early, and ask once for what is missing."""
        if message.type == fix.RESEND_REQUEST:
            self._resend(message)  # both ends may have a gap: each answers before it is answered
            message = FixMessage(message.version, fix.HEARTBEAT, ((fix.MSG_SEQ_NUM, str(number)),))
        elif message.type == fix.LOGOUT:
            self._say(fix.LOGOUT, [])
            self._end("")
            return
        if len(self._early) < EARLY_MAX:
            self._early[number] = message
        if self._asked_below <= self._store.next_in:
            self._ask_from(self._store.next_in, number)

    def _ask_from(self, due: int, number: int) -> None:
        self._asked_below = number
        self._say(fix.RESEND_REQUEST, [(fix.BEGIN_SEQ_NO, str(due)), (fix.END_SEQ_NO, "0")])

    def _take_late(self, message: FixMessage, number: int) -> None:
        if message.get(fix.POSS_DUP) != "Y":
            self._leave(f"MsgSeqNum too low, expecting {self._store.next_in} but received {number}")
        elif message.type != fix.SEQUENCE_RESET:
            self._repeat_fits(message)

    def _repeat_fits(self, message: FixMessage) -> bool:
        """Whether a message marked as sent before says when; refuses it otherwise."""
        first, again = message.get(fix.ORIG_SENDING_TIME), message.get(fix.SENDING_TIME)
        if not first:
            self.reject(message, fix.REQUIRED_MISSING, "Required tag missing", fix.ORIG_SENDING_TIME)
            return False
        begun, sent = instant(first), instant(again)
        if begun is None or sent is None or begun > sent:
            self.reject(message, fix.BAD_SENDING_TIME, "SendingTime accuracy problem")
            self._leave("OrigSendingTime is after SendingTime")
            return False
        return True

    def _consume(self, message: FixMessage) -> None:
        """Do what the message says that is due; it uses its number."""
        if (
            message.get(fix.POSS_DUP) == "Y"
            and message.type != fix.SEQUENCE_RESET
            and not self._repeat_fits(message)
        ):
            return
        self._store.next_in += 1
        if not self._time_fits(message):
            self.reject(message, fix.BAD_SENDING_TIME, "SendingTime accuracy problem", fix.SENDING_TIME)
            self._leave("SendingTime accuracy problem")
        elif empty := next((tag for tag, value in message.fields if not value), 0):
            self.reject(message, fix.NO_VALUE, "Tag specified without a value", empty)
        elif message.type == fix.TEST_REQUEST:
            self._answer_test(message)
        elif message.type == fix.RESEND_REQUEST:
            self._resend(message)
        elif message.type == fix.SEQUENCE_RESET:
            self._pass_to(message)
        elif message.type == fix.LOGOUT:
            if self.state is not SessionState.LEAVING:
                self._say(fix.LOGOUT, [])
            self._end("")
        elif message.type not in fix.SESSION_TYPES:
            self._given.append(message)

    # --- what the session's own messages do ---------------------------------------------------------------

    def _take_first(self, message: FixMessage, number: int | None) -> None:
        """Take the Logon a session begins with; anything else ends the connection without a word."""
        calling = self.state is SessionState.CALLING
        if message.type == fix.LOGOUT and calling:
            self._end(message.get(fix.TEXT) or "the peer sent us away")
            return
        if message.type != fix.LOGON or message.version != fix.VERSION or number is None or number < 1:
            self._end(f"the first message is a Logon of {fix.VERSION}, with a number")
            return
        sender, target = message.get(fix.SENDER), message.get(fix.TARGET)
        if calling and not self._comp_ids_fit(message):
            self._end("the answer to the logon is from a stranger")
            return
        if not calling and not self._accept(message, sender, target):
            return
        self.state = SessionState.OPEN
        if message.get(fix.RESET_SEQ_NUM) == "Y" and not calling:
            self._store.reset()
        if not calling:
            self._say_logon(reset=message.get(fix.RESET_SEQ_NUM) == "Y")
        due = self._store.next_in
        if number == due:
            self._store.next_in += 1
        elif number > due:
            self._early[number] = FixMessage(
                message.version, fix.HEARTBEAT, ((fix.MSG_SEQ_NUM, str(number)),)
            )
            self._ask_from(due, number)
        else:
            self._leave(f"MsgSeqNum too low, expecting {due} but received {number}")

    def _accept(self, message: FixMessage, sender: str, target: str) -> bool:
        """Whether the acceptor lets a peer in."""
        store = self._open_store(sender, target) if sender and target else None
        if store is None or (self.own and target != self.own):
            self._end(f"no session of {sender[:20]!r} with {target[:20]!r}")
            return False
        self.own, self.peer, self._store = target, sender, store
        seconds = message.number(fix.HEART_BT_INT)
        if seconds is None or not 0 <= seconds <= HEARTBEAT_MAX:
            self.state = SessionState.OPEN
            self._store.next_in += 1
            self._leave(f"HeartBtInt (108) is 0 to {HEARTBEAT_MAX} seconds")
            return False
        if not self._time_fits(message):
            self._end("SendingTime accuracy problem")
            return False
        self._heartbeat_s = seconds
        return True

    def _answer_test(self, message: FixMessage) -> None:
        name = message.get(fix.TEST_REQ_ID)
        if name:
            self._say(fix.HEARTBEAT, [(fix.TEST_REQ_ID, name)])
        else:
            self.reject(message, fix.REQUIRED_MISSING, "Required tag missing", fix.TEST_REQ_ID)

    def _resend(self, message: FixMessage) -> None:
        """Send again what was asked for; runs of session messages become one gap fill."""
        first, last = message.number(fix.BEGIN_SEQ_NO), message.number(fix.END_SEQ_NO)
        if first is None or last is None or first < 1:
            self.reject(message, fix.REQUIRED_MISSING, "Required tag missing", fix.BEGIN_SEQ_NO)
            return
        behind = self._store.next_out if not 0 < last < self._store.next_out else last + 1
        gap = 0
        for number in range(first, behind):
            kept = self._store.kept(number)
            if kept is None:
                gap = gap or number
                continue
            if gap:
                self._fill(gap, number)
                gap = 0
            kind, fields, sent = kept
            repeated = [(fix.POSS_DUP, "Y"), (fix.ORIG_SENDING_TIME, sent)]
            self._write(kind, number, [*repeated, *fields])
        if gap:
            self._fill(gap, behind)

    def _fill(self, number: int, behind: int) -> None:
        stamped = [(fix.POSS_DUP, "Y"), (fix.ORIG_SENDING_TIME, stamp(self._now_ns))]
        self._write(
            fix.SEQUENCE_RESET, number, [*stamped, (fix.GAP_FILL, "Y"), (fix.NEW_SEQ_NO, str(behind))]
        )

    def _pass_to(self, message: FixMessage) -> None:
        """Let numbers pass that will not be sent again; never back."""
        new, text = message.number(fix.NEW_SEQ_NO), message.get(fix.NEW_SEQ_NO)
        if new is None or new < self._store.next_in:
            self.reject(
                message, fix.BAD_VALUE, f"Value is incorrect (out of range): NewSeqNo {text}", fix.NEW_SEQ_NO
            )
            return
        self._store.next_in = new
        for number in [number for number in self._early if number < new]:
            del self._early[number]

    # --- parts --------------------------------------------------------------------------------------------

    def _comp_ids_fit(self, message: FixMessage) -> bool:
        return (message.get(fix.SENDER), message.get(fix.TARGET)) == (self.peer, self.own)

    def _time_fits(self, message: FixMessage) -> bool:
        if self._tolerance_ns is None:
            return True
        sent = instant(message.get(fix.SENDING_TIME))
        return sent is not None and abs(sent - self._now_ns) <= self._tolerance_ns

    def _say_logon(self, *, reset: bool) -> None:
        fields = [(fix.ENCRYPT_METHOD, "0"), (fix.HEART_BT_INT, str(self._heartbeat_s))]
        self._say(fix.LOGON, [*fields, *([(fix.RESET_SEQ_NUM, "Y")] if reset else [])])

    def _say(self, kind: str, fields: Sequence[Field], *, keep: bool = False) -> None:
        number = self._store.next_out
        self._store.next_out += 1
        if keep:
            self._store.keep(number, kind, tuple(fields), stamp(self._now_ns))
        if kind == fix.LOGON or self.state in {SessionState.OPEN, SessionState.LEAVING}:
            self._write(kind, number, fields)

    def _write(self, kind: str, number: int, fields: Sequence[Field]) -> None:
        head = [(fix.SENDER, self.own), (fix.TARGET, self.peer), (fix.MSG_SEQ_NUM, str(number))]
        self._out += fix.encode(kind, [*head, (fix.SENDING_TIME, stamp(self._now_ns)), *fields])
        self._quiet_out = 0

    def _leave(self, why: str) -> None:
        """End the session with a Logout that says why."""
        self._say(fix.LOGOUT, [(fix.TEXT, why)])
        self._end(why)

    def _end(self, why: str) -> None:
        self.why = self.why or why
        self.state = SessionState.OVER
