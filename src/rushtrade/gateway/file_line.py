"""Recorded files as lines: of orders (ITCH 5.0, and what becomes it), and of columns (IEX, the SIPs, Nasdaq BBO and Last Sale Plus, TAQ).

Both are read forward in bounded memory, at a multiple of their own pace. The first `drain` begins the day; each gives what is due by then.
Speed 0 is as fast as they are taken, one piece a drain.

A `FileLine` gives messages: those of any file that holds ITCH 5.0, or orders that become it (`archive.order_source`). What a capture missed is a
gap nobody can fill; a file that stops making sense ends the line there, in a gap, with the reason.

A `ColumnLine` gives decoded columns made ready for a market: times in UTC on the session's date, as those of every recorded file are (moved by
whole days: one of 2017 is played as the day asked for), round lots made shares by the dated rule, venues looked up. Two ways of a captured line
are one (`feeds.packet_order`), and a hole in its numbers is a row. The line itself stays live then; what the market makes of a hole stands in
`market.level_rows`. Whatever could not be read is counted in `anomalies`, and its neighbours are given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from rushtrade.domain.instants import DAY
from rushtrade.feeds.events import Feed, Records
from rushtrade.feeds.itch_source import itch_messages
from rushtrade.feeds.lots import in_shares
from rushtrade.feeds.recognition import line_feed_for
from rushtrade.feeds.source import Source
from rushtrade.gateway.feed_day import Timeline
from rushtrade.gateway.line import (
    CLOSED,
    GAP,
    LIVE,
    BookImage,
    LineHealth,
    Rate,
    SourceClock,
    StateClock,
)
from rushtrade.wire.errors import WireError
from rushtrade.wire.feed_packet import COLUMNS, FeedPacket

PIECE_BYTES = 1 << 18
"""Bytes of a file of columns read at a time: some thousand messages, so that no drain takes long."""
PIECES_MAX = 8
"""Pieces looked at in one drain, when their messages are all due."""


class FileLine:
    """See `line.Line`."""

    def __init__(
        self,
        venue: int,
        name: str,
        path: Path,
        speed: float,
        midnight_ns: int = 0,
        messages: Callable[[Path], Iterator[FeedPacket]] = itch_messages,
    ) -> None:
        """`messages` gives those of the file, numbered and in order."""
        self.venue, self.name = venue, name
        self._read = messages
        self._path, self._speed = path, speed
        self._clock = SourceClock(midnight_ns, speed)
        self._pieces: Iterator[FeedPacket] = iter(())
        self._piece: FeedPacket | None = None
        self._line: Timeline | None = None
        self._at = 0
        self._begin_ns = self._first_time = self._heard_ns = 0
        self._next = self._messages = self._given_up = self._holes = 0
        self._ended = False
        self._fault = ""
        self._lost_since_ns = 0
        self._rate, self._state_clock = Rate(), StateClock()

    async def open(self) -> None:
        """Read the beginning. Raises WireError when it is no file of ITCH 5.0."""
        self._pieces = self._read(self._path)
        self._load(0)
        assert self._piece is not None
        self._next = self._piece.sequence
        if self._line is not None:
            self._first_time = int(self._line.latest[0])

    async def close(self) -> None:
        """Let the file go."""
        self._pieces = iter(())
        self._piece = None

    def _load(self, since: int) -> None:
        """Take the next piece; none are left after the last."""
        self._piece, self._line, self._at = next(self._pieces, None), None, 0
        if self._piece is not None:
            self._line = Timeline(np.frombuffer(self._piece.payload, np.uint8), since)

    def drain(self, now_ns: int) -> list[FeedPacket]:
        """Give the messages that are due."""
        self._begin_ns = self._begin_ns or now_ns
        given: list[FeedPacket] = []
        for _ in range(PIECES_MAX if self._speed else 1):
            if self._ended or not self._take(now_ns, given):
                break
        if given:
            count = sum(packet.count for packet in given)
            self._heard_ns = now_ns
            self._messages += count
            self._rate.note(now_ns, count)
        return given

    def _take(self, now_ns: int, given: list[FeedPacket]) -> bool:
        """Give what is due of the present piece; True when the next one may hold more."""
        piece, line = self._piece, self._line
        if piece is None or line is None:
            self._ended = True
            return False
        behind = len(line)
        if self._speed:
            due = self._first_time + int((now_ns - self._begin_ns) * self._speed)
            behind = int(np.searchsorted(line.latest, due, "right"))
        if behind > self._at:
            payload = piece.payload[line.begins[self._at] : line.ends[behind - 1]]
            first = piece.sequence + self._at
            self._note_jump(first, now_ns)
            given.append(FeedPacket(self.venue, first, behind - self._at, payload))
            self._next = piece.sequence + behind
            self._at = behind
            self._clock.note(now_ns, int(line.times[behind - 1]))
        if self._at < len(line):
            return False
        try:
            self._load(int(line.latest[-1]))
        except (WireError, OSError) as error:
            self._piece, self._fault, self._ended = None, str(error), True
            self._lost_since_ns = self._lost_since_ns or now_ns
        return not self._ended

    def _note_jump(self, first: int, now_ns: int) -> None:
        missed = first - self._next
        if missed > 0:
            self._given_up += missed
            self._holes += 1
            self._lost_since_ns = self._lost_since_ns or now_ns
            self._fault = f"messages {self._next:,} to {first - 1:,} are not in the file"

    def image(self) -> BookImage | None:
        """A file has no images."""
        return None

    def ask_image(self, reason: str) -> None:
        """Note why the books are not known; nobody can be asked."""
        self._fault = self._fault or reason
        self._lost_since_ns = self._lost_since_ns or self._heard_ns

    def descriptors(self) -> list[int]:
        """None: a file is always ready."""
        return []

    def health(self, now_ns: int) -> LineHealth:
        """How the line is. It is never stale: between two messages of a day nothing is due."""
        ended = self._ended
        state = GAP if self._fault else CLOSED if ended else LIVE
        return LineHealth(
            venue=self.venue,
            name=self.name,
            kind="file",
            state=state,
            since_ns=self._state_clock.since(state, now_ns),
            reason=self._fault or ("the file is at its end" if ended else ""),
            session=self._path.name,
            ended=ended,
            next_number=self._next,
            messages=self._messages,
            rate=self._rate.at(now_ns),
            packets={},
            repeats=0,
            holes=self._holes,
            missing=0,
            requests=0,
            given_up=self._given_up,
            malformed=int(ended and bool(self._fault) and not self._holes),
            foreign=0,
            connections=0,
            images=0,
            gap_since_ns=self._lost_since_ns,
            lag_ns=self._clock.lag_ns,
            source_ns=self._clock.source_ns,
            silence_ns=0,
        )


class Street(msgspec.Struct, frozen=True):
    """What a feed of several venues needs to know of them."""

    places: Mapping[str, int] = {}
    """The market's venues by the feed's letters, from 0; those of a letter it does not name are the line's own."""
    passed_over: frozenset[int] = frozenset()
    """Venues whose rows are left out: they have lines of their own."""
    round_lot: int = 0
    """Shares in a round lot of every stock on the session's date; 0 where it differs by stock."""


class ColumnLine:
    """See `line.Line`."""

    def __init__(
        self,
        venue: int,
        name: str,
        path: Path,
        speed: float,
        session_ns: int = 0,
        *,
        symbol: str = "",
        street: Street | None = None,
    ) -> None:
        """`session_ns` is the session date's midnight in New York, UTC; `symbol` that of a file about one stock."""
        street = street or Street()
        self.venue, self.name = venue, name
        self._path, self._speed, self._session_ns = path, speed, session_ns
        self._symbol = symbol.encode("ascii")
        self._places = {letters.encode("ascii"): place for letters, place in street.places.items()}
        self._passed_over = sorted(street.passed_over)
        self._lot = street.round_lot
        self._clock = SourceClock(session_ns, speed)
        self._rows: Iterator[Records] = iter(())
        self._piece: Records | None = None
        self._due: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._shift: int | None = None
        self._at = self._begin_ns = self._first = self._heard_ns = 0
        self._next, self._messages, self._holes, self._missing = 1, 0, 0, 0
        self._anomalies: Counter[str] = Counter()
        self._packets = 0
        self._ended = False
        self._kind = ""
        self._rate, self._state_clock = Rate(), StateClock()

    async def open(self) -> None:
        """Read the beginning. Raises WireError when it is of no kind a line can be."""
        self._rows = self._read()
        self._load()
        if self._piece is not None:
            self._first = int(self._due[0])

    async def close(self) -> None:
        """Let the file go."""
        self._rows = iter(())
        self._piece = None

    def _read(self) -> Iterator[Records]:
        """Give rows ready for a market, piece by piece."""
        with Source(self._path) as source:
            feed: Feed | None = None
            for piece in source.pieces(PIECE_BYTES):
                feed = feed or line_feed_for(piece)
                yield self._take(feed, piece)
            feed = feed or line_feed_for(b"")
            yield self._take(feed, None)
            if source.fault:
                self._anomalies["cut_compression" if "cut" in source.fault else "corrupt_compression"] += 1

    def _take(self, feed: Feed, piece: bytes | None) -> Records:
        found = feed.finish() if piece is None else feed.feed(piece)
        self._kind = feed.kind
        self._anomalies.update(found.anomalies)
        self._packets += found.packets
        rows = found.rows.copy()
        times = rows["time"]
        if feed.from_midnight:
            self._shift = self._session_ns
        elif self._shift is None and (times > 0).any():
            self._shift = -((int(times[times > 0][0]) - self._session_ns) // DAY) * DAY
        times[...] = np.where(times > 0, times + (self._shift or 0), times)
        if self._symbol:
            rows["symbol"] = np.where(rows["type"] == b"", b"", self._symbol)
        rows = in_shares(rows, self._round_lot)
        rows["place"] = 1 + self._placed(rows["venue"])
        marks = rows["type"] == b""
        self._holes += int(np.count_nonzero(marks & (rows["action"] == b"G")))
        self._missing += int(rows["order"][marks].sum())
        kept: Records = rows[~np.isin(rows["place"].astype(np.int64) - 1, self._passed_over) | marks]
        self._anomalies["direct_line"] += len(rows) - len(kept)
        return kept

    def _placed(self, letters: npt.NDArray[np.bytes_]) -> npt.NDArray[np.int64]:
        words, which = np.unique(letters, return_inverse=True)
        return np.array([self._places.get(word, self.venue) for word in words.tolist()], np.int64)[which]

    def _round_lot(self, symbol: str, at_ns: int) -> int | None:
        """Shares in a round lot of any stock."""
        del symbol, at_ns
        return self._lot or None

    def _load(self) -> None:
        """Take the next piece that has rows; none are left after the last."""
        since = int(self._due[-1]) if len(self._due) else 0
        self._piece, self._at = next((rows for rows in self._rows if len(rows)), None), 0
        if self._piece is not None:
            self._due = np.maximum(np.maximum.accumulate(self._piece["time"]), since)
            if not since and (known := np.flatnonzero(self._due > 0)).size:
                self._due[: known[0]] = self._due[known[0]]  # what has no time comes with what follows

    def drain(self, now_ns: int) -> list[FeedPacket]:
        """Give the rows that are due."""
        self._begin_ns = self._begin_ns or now_ns
        given: list[FeedPacket] = []
        for _ in range(PIECES_MAX if self._speed else 1):
            if self._ended or not self._give(now_ns, given):
                break
        if given:
            count = sum(packet.count for packet in given)
            self._heard_ns = now_ns
            self._messages += count
            self._rate.note(now_ns, count)
        return given

    def _give(self, now_ns: int, given: list[FeedPacket]) -> bool:
        """Give what is due of the present piece; True when the next one may hold more."""
        piece = self._piece
        if piece is None:
            self._ended = True
            return False
        behind = len(piece)
        if self._speed:
            due = self._first + int((now_ns - self._begin_ns) * self._speed)
            behind = int(np.searchsorted(self._due, due, "right"))
        if behind > self._at:
            rows = piece[self._at : behind]
            given.append(FeedPacket(self.venue, self._next, len(rows), rows.tobytes(), COLUMNS))
            self._next, self._at = self._next + len(rows), behind
            self._clock.note(now_ns, int(self._due[behind - 1]) - self._session_ns)
        if self._at < len(piece):
            return False
        try:
            self._load()
        except (WireError, OSError):
            self._anomalies["broken_stream"] += 1
            self._piece = None
        return True

    def image(self) -> BookImage | None:
        """A file has no images."""
        return None

    def ask_image(self, reason: str) -> None:
        """Nobody can be asked; what is missing is counted already."""

    def descriptors(self) -> list[int]:
        """None: a file is always ready."""
        return []

    def health(self, now_ns: int) -> LineHealth:
        """How the line is. It is never stale: between two messages of a day nothing is due."""
        state = CLOSED if self._ended else LIVE
        return LineHealth(
            venue=self.venue,
            name=self.name,
            kind=self._kind or "file",
            state=state,
            since_ns=self._state_clock.since(state, now_ns),
            reason="the file is at its end" if self._ended else "",
            session=self._path.name,
            ended=self._ended,
            next_number=self._next,
            messages=self._messages,
            rate=self._rate.at(now_ns),
            packets={"A": self._packets} if self._packets else {},
            repeats=self._anomalies["repeated_packet"],
            holes=self._holes,
            missing=0,
            requests=0,
            given_up=self._missing,
            malformed=self._anomalies["broken_packet"] + self._anomalies["short_packet"],
            foreign=0,
            connections=0,
            images=0,
            gap_since_ns=0,
            lag_ns=self._clock.lag_ns,
            source_ns=self._clock.source_ns,
            silence_ns=0,
            anomalies={name: count for name, count in self._anomalies.items() if count},
        )
