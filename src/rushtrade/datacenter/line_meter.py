"""The health of one line over time: rates by the second, a history of lag, how long its books have not been known.

A line says how it is now (`gateway.line.LineHealth`), the market data says what became of its books (`LineState`); this puts
the two together into what a desk sees and what alarms are measured by. No clock: every instant is handed in.
"""

from __future__ import annotations

from collections import deque
from typing import cast

from rushtrade.datacenter.status import LAG_POINTS, NOT_KNOWN, BooksWord, LineStatus, LineWord
from rushtrade.domain.instants import MICROSECOND, MILLISECOND, MINUTE, SECOND
from rushtrade.gateway.line import LineHealth
from rushtrade.market.quotes import LineState

_WORSE = {"gap": 0, "recovering": 1, "stale": 2, "closed": 3, "live": 4}


class _PerSecond:
    """The growth of a counter in a second."""

    __slots__ = ("_count", "_time_ns", "rate")

    def __init__(self) -> None:
        self._count = self._time_ns = NOT_KNOWN
        self.rate = 0

    def note(self, count: int, now_ns: int) -> None:
        """Take the counter; at most one note a second is needed."""
        if self._time_ns >= 0 and now_ns > self._time_ns:
            self.rate = (count - self._count) * SECOND // (now_ns - self._time_ns)
        self._count, self._time_ns = count, now_ns


class LineMeter:
    """What is known of one line. `note` is called once a second."""

    def __init__(self) -> None:
        self.status: LineStatus | None = None
        self._packets = _PerSecond()
        self._messages = _PerSecond()
        self._lag = deque([NOT_KNOWN] * LAG_POINTS, maxlen=LAG_POINTS)
        self._books_gap_ns = 0
        self._bad: deque[tuple[int, int]] = deque()

    def note(self, health: LineHealth, books: LineState, now_ns: int) -> LineStatus:
        """Take a look; give what a desk sees."""
        packets = sum(health.packets.values())
        self._packets.note(packets, now_ns)
        self._messages.note(health.messages, now_ns)
        lag_us = NOT_KNOWN if health.lag_ns is None else health.lag_ns // MICROSECOND
        self._lag.append(lag_us)
        self._note_bad(health.malformed + health.foreign, now_ns)
        gap_since_ns = self._gap_since(health, books, now_ns)
        self.status = LineStatus(
            venue=books.venue,
            name=health.name,
            kind=health.kind,
            state=_state(health.state, books.state),
            books=cast("BooksWord", books.state),
            since_ns=health.since_ns,
            lag_us=lag_us,
            silence_ms=max(health.silence_ns, 0) // MILLISECOND,
            packets=packets,
            messages=health.messages,
            packets_per_second=self._packets.rate,
            messages_per_second=self._messages.rate,
            missing=health.missing,
            counts={
                **{f"packets {way}": count for way, count in health.packets.items()},
                "repeats": health.repeats,
                "holes": health.holes,
                "requests": health.requests,
                "given up": health.given_up,
                "malformed": health.malformed,
                "foreign": health.foreign,
                "connections": health.connections,
                "images": health.images,
            },
            anomalies={
                **{name: count for name, count in books.anomalies.items() if count},
                **health.anomalies,
            },
            gaps=max(books.gaps, health.holes),
            gap_ms=(now_ns - gap_since_ns) // MILLISECOND if gap_since_ns else 0,
            next_sequence=health.next_number,
            last_time_ns=health.source_ns or books.last_time_ns,
            fault=health.reason or books.fault,
            ended=health.ended,
            lag_history_us=tuple(self._lag),
        )
        return self.status

    def _gap_since(self, health: LineHealth, books: LineState, now_ns: int) -> int:
        """Give when the gap that is open now was seen first, by the line or by the books; 0 when there is none."""
        if books.state == "gap":
            self._books_gap_ns = self._books_gap_ns or now_ns
        else:
            self._books_gap_ns = 0
        since = [instant for instant in (health.gap_since_ns, self._books_gap_ns) if instant > 0]
        return min(since, default=0)

    def _note_bad(self, total: int, now_ns: int) -> None:
        self._bad.append((now_ns, total))
        while self._bad[0][0] < now_ns - MINUTE:
            self._bad.popleft()

    @property
    def bad_in_a_minute(self) -> int:
        """Packets in the last minute that could not be read or belong to another session."""
        return self._bad[-1][1] - self._bad[0][1] if self._bad else 0


def _state(line: str, books: str) -> LineWord:
    """Give the worse of what the line and its books say; books closed by the venue's last message close the line."""
    return cast("LineWord", min(line, books, key=_WORSE.__getitem__))
