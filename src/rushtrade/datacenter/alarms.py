"""Alarms of a data center: what is wrong now, since when, by how much, and what to do about it.

Theory of operation. Whoever measures says `measure(kind, subject, value, now_ns)` at every look, also when all is well. A value
beyond its limit raises the alarm of that kind and subject at once; one that passes again for `clear_after_ms` without a break
clears it. A subject that is measured no more (a client that left) is cleared by `end_look`. Both turns are told to the listener,
which writes the log, and are kept in a bounded history. Refuses to know clocks: every instant is handed in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec

from rushtrade.datacenter.limits import AlarmLimits
from rushtrade.domain.errors import require
from rushtrade.domain.instants import MILLISECOND

HISTORY_KEPT = 256
"""Turns of alarms that can be read back: a bad hour."""
ACTIVE_MAX = 512
"""Alarms at one time; more say nothing that these do not."""

Unit = Literal["ms", "bytes", "count"]
Severity = Literal["warning", "alarm"]


class AlarmKind(msgspec.Struct, frozen=True):
    """One kind: which limit it has, and the words for people. `below`: a value under the limit is the bad one."""

    code: str
    title: str
    limit: str
    unit: Unit
    severity: Severity
    do: str
    below: bool = False

    @property
    def runbook(self) -> str:
        """Where it is told what the alarm means and how it is ended."""
        return f"docs/runbooks/{self.code}.md"


KINDS: Final = {
    kind.code: kind
    for kind in (
        AlarmKind(
            "gap-open",
            "Messages of a line are missing and its books are not known",
            "gap_open_ms",
            "ms",
            "alarm",
            "Its quotes are withheld, so nobody sees a wrong book. See whether the retransmission server and the book image server "
            "answer; if the other lines are whole, leave it and call the venue.",
        ),
        AlarmKind(
            "line-silent",
            "A line says nothing, not even a heartbeat",
            "line_silent_ms",
            "ms",
            "alarm",
            "Check the cable, the multicast group and the venue's status page. Its last quotes age; they are marked stale.",
        ),
        AlarmKind(
            "line-lag",
            "A line's messages come late",
            "line_lag_ms",
            "ms",
            "warning",
            "Compare with the other lines: all late means this machine is overloaded or its clock is off, one late means the line is.",
        ),
        AlarmKind(
            "clock-skew",
            "Clocks disagree",
            "clock_skew_ms",
            "ms",
            "warning",
            "Check the time service of this machine first: lag and age of quotes cannot be trusted while clocks disagree.",
        ),
        AlarmKind(
            "bad-packets",
            "A line carries packets that cannot be read",
            "bad_packets_per_minute",
            "count",
            "warning",
            "Look at the line's fault in the log. The bad packets were set aside and asked for again; other senders on the port are the usual cause.",
        ),
        AlarmKind(
            "market-crossed",
            "A best bid stands above the best offer for too long",
            "market_crossed_ms",
            "ms",
            "warning",
            "Compare the venues' books of the instrument: one of them is stale or wrong. Take its line out until it is rebuilt.",
        ),
        AlarmKind(
            "disk-space",
            "The disk of the tick store is filling",
            "disk_free_bytes",
            "bytes",
            "alarm",
            "Move sealed days elsewhere or add space. When the disk is full the store stops and says so; books and clients go on.",
            below=True,
        ),
        AlarmKind(
            "store-behind",
            "Ticks wait to be written",
            "store_behind_ms",
            "ms",
            "alarm",
            "Look at the disk's load. If the store has stopped, its reason is in the log: free the disk and start the data center anew.",
        ),
        AlarmKind(
            "client-lag",
            "A client takes its data late",
            "client_lag_ms",
            "ms",
            "warning",
            "The client or its network is slow: others are not held up. It is cut with its last sequence if it does not catch up.",
        ),
        AlarmKind(
            "fan-out",
            "Gateways do not get the data in time",
            "fan_out_lag_ms",
            "ms",
            "alarm",
            "Check the NATS server and the network to it. Gateways say by themselves that their data is stale, and catch up without a gap.",
        ),
    )
}


class Alarm(msgspec.Struct, frozen=True):
    """One alarm that is on: `text` is for people, `value` and `limit` in `unit`. Instants in ns UTC."""

    code: str
    subject: str
    severity: Severity
    since_ns: int
    value: int
    worst: int
    limit: int
    unit: Unit
    text: str
    do: str
    runbook: str


class AlarmTurn(msgspec.Struct, frozen=True):
    """An alarm was raised, or is over."""

    time_ns: int
    raised: bool
    alarm: Alarm


class _State:
    __slots__ = ("alarm", "passing_since_ns", "seen")

    def __init__(self, alarm: Alarm) -> None:
        self.alarm = alarm
        self.passing_since_ns = -1
        self.seen = True


class AlarmBoard:
    """All alarms of one data center."""

    def __init__(self, limits: AlarmLimits, listener: Callable[[AlarmTurn], None] | None = None) -> None:
        self.limits = limits
        self.history: deque[AlarmTurn] = deque(maxlen=HISTORY_KEPT)
        self._listener = listener
        self._active: dict[tuple[str, str], _State] = {}

    def measure(self, code: str, subject: str, value: int, now_ns: int, detail: str = "") -> None:
        """Say what a value is now. `detail` ends the sentence: the fault of a line, the name of a client."""
        kind = KINDS[code]
        limit = getattr(self.limits, kind.limit)
        bad = value < limit if kind.below else value > limit
        state = self._active.get((code, subject))
        if state is not None:
            state.seen = True
        if bad:
            self._is_bad(kind, subject, value, limit, now_ns, detail, state)
        elif state is not None:
            self._passes(state, value, now_ns)

    def _is_bad(
        self,
        kind: AlarmKind,
        subject: str,
        value: int,
        limit: int,
        now_ns: int,
        detail: str,
        state: _State | None,
    ) -> None:
        text = sentence(kind, subject, value, limit, detail)
        if state is not None:
            before = state.alarm
            worst = min(before.worst, value) if kind.below else max(before.worst, value)
            state.alarm = msgspec.structs.replace(before, value=value, worst=worst, text=text)
            state.passing_since_ns = -1
            return
        if len(self._active) >= ACTIVE_MAX:
            return
        alarm = Alarm(
            kind.code,
            subject,
            kind.severity,
            now_ns,
            value,
            value,
            limit,
            kind.unit,
            text,
            kind.do,
            kind.runbook,
        )
        self._active[kind.code, subject] = _State(alarm)
        self._tell(AlarmTurn(now_ns, raised=True, alarm=alarm))

    def _passes(self, state: _State, value: int, now_ns: int) -> None:
        state.alarm = msgspec.structs.replace(state.alarm, value=value)
        if state.passing_since_ns < 0:
            state.passing_since_ns = now_ns
        if now_ns - state.passing_since_ns >= self.limits.clear_after_ms * MILLISECOND:
            self._clear(state.alarm, now_ns)

    def end_look(self, now_ns: int) -> None:
        """Clear alarms of what nobody measured since the last look: it is no longer there."""
        for state in list(self._active.values()):
            if not state.seen:
                self._clear(state.alarm, now_ns)
            state.seen = False

    def _clear(self, alarm: Alarm, now_ns: int) -> None:
        del self._active[alarm.code, alarm.subject]
        self._tell(AlarmTurn(now_ns, raised=False, alarm=alarm))

    def _tell(self, turn: AlarmTurn) -> None:
        self.history.append(turn)
        if self._listener is not None:
            self._listener(turn)

    def active(self) -> Sequence[Alarm]:
        """Give the alarms that are on: the severe ones first, then the oldest."""
        found = [state.alarm for state in self._active.values()]
        return sorted(found, key=lambda alarm: (alarm.severity != "alarm", alarm.since_ns, alarm.subject))


def sentence(kind: AlarmKind, subject: str, value: int, limit: int, detail: str) -> str:
    """Say what is wrong: what, of whom, how much, and what would pass."""
    require(limit >= 0, "a limit is no less than 0")
    passes = "at least" if kind.below else "at most"
    told = f"{kind.title}: {subject}, {in_words(value, kind.unit)} ({passes} {in_words(limit, kind.unit)} passes)"
    if not detail:
        return f"{told}."
    return f"{told}. {detail[0].upper()}{detail[1:]}{'' if detail.endswith('.') else '.'}"


def in_words(value: int, unit: Unit) -> str:
    """Write a measured value as people say it."""
    if unit == "ms":
        return f"{value:,} ms" if value < 10_000 else f"{value // 1_000:,} s"
    if unit == "bytes":
        for size, name in ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB")):
            if value >= size:
                return f"{value * 10 // size // 10:,}.{value * 10 // size % 10} {name}"
        return f"{value:,} bytes"
    return f"{value:,}"
