"""What a file of any kind holds: messages by type, packets, gaps, what made no sense, and when it begins and ends."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from rushtrade.feeds.events import NANO, Events, Feed, tally
from rushtrade.feeds.itch_stream import COLUMNS_ROWS, ItchStream
from rushtrade.feeds.recognition import container, feed_for
from rushtrade.feeds.source import Source
from rushtrade.wire.itch50_columns import Columns


class Census(msgspec.Struct, frozen=True):
    """The answer. Times are text: of the day for feeds that count from midnight, else UTC; empty when none was said."""

    kind: str
    container: str
    messages: int
    counts: dict[str, int]
    packets: int
    gaps: int
    anomalies: dict[str, int]
    first: str
    last: str


class _Tally:
    """Sums up as pieces are read."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.anomalies: Counter[str] = Counter()
        self.packets = self.gaps = 0
        self.times: list[int] = []
        """Time of the first message that has one, and of the latest."""

    def add(self, events: Events) -> None:
        """Add what one call of `feed` gave."""
        self.counts.update(tally(events.rows["type"]))
        self.anomalies.update(events.anomalies)
        self.packets += events.packets
        self.gaps += events.gaps
        times = events.rows["time"][events.rows["time"] > 0]
        if len(times):
            self.span(int(times[0]), int(times[-1]))

    def span(self, first: int, last: int) -> None:
        """Note times of a piece's first and last message."""
        self.times = [self.times[0] if self.times else first, last]


def take_census(path: Path | str) -> Census:
    """Read a whole file. Raises WireError when it cannot be read, or is of no known kind."""
    sums = _Tally()
    with Source(path) as source:
        feed: Feed | None = None
        wrapped = ""
        for piece in source.pieces():
            if feed is None:
                feed, wrapped = feed_for(piece), container(piece)
            _take(feed, piece, sums)
        if feed is None:
            feed = feed_for(b"")
        sums.add(feed.finish())
        if source.fault:
            sums.anomalies["cut_compression" if "cut" in source.fault else "corrupt_compression"] += 1
    times = [_text(time, from_midnight=feed.from_midnight) for time in sums.times] or ["", ""]
    counts = dict(sorted(sums.counts.items()))
    anomalies = dict(sorted((+sums.anomalies).items()))
    return Census(
        feed.kind,
        wrapped,
        sum(counts.values()),
        counts,
        sums.packets,
        sums.gaps,
        anomalies,
        times[0],
        times[1],
    )


def _take(feed: Feed, piece: bytes, sums: _Tally) -> None:
    """Count a piece: ITCH files without making columns of them."""
    if not isinstance(feed, ItchStream):
        sums.add(feed.feed(piece))
        return
    data, counts, broken = feed.take(piece)
    sums.counts.update(counts)
    sums.anomalies["broken_stream"] += broken
    if data:
        sums.span(*_span(data))


def _span(data: bytes) -> tuple[int, int]:
    """Times of the first and the last of whole framed messages."""
    columns = Columns(COLUMNS_ROWS)
    at = first = last = 0
    while at < len(data):
        begin, at = at, columns.decode(data, at)
        if begin == 0:
            first = int(columns.timestamp[0])
        last = int(columns.timestamp[-1])
    return first, last


def _text(time: int, *, from_midnight: bool) -> str:
    """A time in words, to the nanosecond."""
    seconds, part = divmod(time, NANO)
    if from_midnight:
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{part:09}"
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{part:09}Z"
