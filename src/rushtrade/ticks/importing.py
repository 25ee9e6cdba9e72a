"""Files of every kind brought into a store: recognised by their bytes, staged in columns, sealed as a part of their day.

Idempotent by the file's SHA-256: what a day has already is passed over. An import that is interrupted takes back what it wrote; of one
that was killed the next throws it away; the day changes only when the manifest is replaced. Files given together become one part, so
that a LOBSTER orderbook can seed its messages and quotes and trades of a stock stand side by side. What a venue said on a day counts
once: a part with a venue another part has is refused, or takes that part's place when told so.

The date is the one asked for, else what stands in the file's name, else that of the first event in New York. `derive` is called
before sealing with the staged rows: books and bars are made by who knows how (`rushtrade.market.ticks`).
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from rushtrade.feeds.captures import Capture
from rushtrade.feeds.dbn import DbnFeed
from rushtrade.feeds.events import Feed
from rushtrade.feeds.itch_stream import ItchStream
from rushtrade.feeds.recognition import container, feed_for
from rushtrade.feeds.source import Source
from rushtrade.feeds.text_feeds import TextFeed
from rushtrade.rules.new_york import day_at, midnight_ns
from rushtrade.ticks.days import IMPORT, Manifest, Twice, day_directory, file_digest, read_manifest
from rushtrade.ticks.errors import TickStoreError
from rushtrade.ticks.import_dbn import DbnRows
from rushtrade.ticks.import_events import EventRows
from rushtrade.ticks.import_itch import ItchCapture, ItchFileRows
from rushtrade.ticks.import_text import BarRows, LobsterRows, TaqTradeRows
from rushtrade.ticks.recorder import PacketRecorder
from rushtrade.ticks.schemas import REGISTERS, SCHEMAS
from rushtrade.ticks.sealing import Progress
from rushtrade.ticks.writer import TickWriter
from rushtrade.wire.errors import WireError

FLUSH_ROWS = 1 << 20
"""Rows appended between two flushes of an import."""
FILES_MAX = 64
"""Files of one part."""
HEAD_BYTES = 1 << 16
LOBSTER, LOBSTER_BOOK = "lobster", "lobster-orderbook"

Derive = Callable[[TickWriter], None]

_DATES = (
    (re.compile(r"(?<!\d)(\d{4})[-_](\d{2})[-_](\d{2})(?!\d)"), (1, 2, 3)),
    (re.compile(r"(?<!\d)((?:19|20)\d{2})(\d{2})(\d{2})(?!\d)"), (1, 2, 3)),
    (re.compile(r"(?<!\d)(\d{2})(\d{2})((?:19|20)\d{2})(?!\d)"), (3, 1, 2)),
)
_SYMBOL = re.compile(r"(?:^|_)([A-Z]{1,5}(?:\.[A-Z])?)_")


class Given(msgspec.Struct, frozen=True):
    """What whoever imports says about the files; empty where they say it themselves."""

    date: dt.date | None = None
    venue: str = ""
    symbol: str = ""


class Imported(msgspec.Struct, frozen=True):
    """What an import did. `already` are files the day had before, `replaced` the imports whose place this one took."""

    trade_date: str
    files: list[str]
    already: list[str]
    messages: int
    rows: dict[str, int]
    anomalies: dict[str, int]
    replaced: list[str] = []


class _File(msgspec.Struct):
    """A file to import, looked into."""

    path: Path
    kind: str
    digest: str
    head: bytes


def import_files(
    root: Path,
    paths: Sequence[Path],
    given: Given,
    *,
    replace: bool = False,
    derive: Derive | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Bring files of one day into a store. Raises TickStoreError or WireError with what is wrong with which file."""
    if not 0 < len(paths) <= FILES_MAX:
        raise TickStoreError(f"{len(paths)} files; 1 to {FILES_MAX} are imported as one part")
    files = [_look_at(path) for path in paths]
    date = _date_of(files, given)
    manifest = read_manifest(day_directory(root, date))
    known = _digests(manifest) if not replace else frozenset()
    fresh = [file for file in files if file.digest not in known]
    already = [file.path.name for file in files if file not in fresh]
    if not fresh:
        return Imported(date.isoformat(), [], already, 0, {}, {})
    shutil.rmtree(day_directory(root, date) / IMPORT, ignore_errors=True)
    with TickWriter(root, date, part=IMPORT) as writer:
        try:
            twice = Twice(writer.day, manifest, replace=replace)
            reader = _Reader(writer, date, given, progress, twice)
            for file in sorted(fresh, key=lambda file: file.kind != LOBSTER_BOOK):
                reader.read(file)
            if derive:
                derive(writer)
            writer.flush(0)
            names = [file.path.name for file in fresh]
            rows = reader.rows(names)
            source = {
                "name": " + ".join(names),
                "kind": "+".join(dict.fromkeys(file.kind for file in fresh)),
                "sha256": "+".join(file.digest for file in fresh),
            }
            writer.seal(progress, source, twice.replaced)
        except BaseException:
            writer.abandon()
            raise
    anomalies = {name: count for name, count in sorted(reader.anomalies.items()) if count}
    replaced = [each.name for each in manifest.sources if each.part in twice.replaced] if manifest else []
    return Imported(date.isoformat(), names, already, reader.messages, rows, anomalies, replaced)


def _digests(manifest: Manifest | None) -> frozenset[str]:
    """Digests of the files a day was made of."""
    sources = manifest.sources if manifest else []
    return frozenset(digest for source in sources for digest in source.sha256.split("+") if digest)


def _look_at(path: Path) -> _File:
    with Source(path) as source:
        head = next(source.pieces(HEAD_BYTES), b"")
    try:
        kind = container(head) or feed_for(head).kind
    except WireError as error:
        raise TickStoreError(f"{path.name}: {error}") from None
    return _File(path, kind, file_digest(path), head)


def _date_of(files: list[_File], given: Given) -> dt.date:
    if given.date is not None:
        return given.date
    for file in files:
        for pattern, groups in _DATES:
            for match in pattern.finditer(file.path.name):
                try:
                    return dt.date(*(int(match[group]) for group in groups))
                except ValueError:
                    continue
    time = next((time for file in files if (time := _first_time(file))), 0)
    if not time:
        raise TickStoreError(
            f"{files[0].path.name} does not say of which day it is; --date YYYY-MM-DD would pass"
        )
    return day_at(time)


def _first_time(file: _File) -> int:
    """Time of the first event that has a date; of bars, of the last; of a capture, when its first packet came."""
    if container(file.head):
        found = Capture().feed(file.head).rows["time"]
        return int(found[0]) if len(found) else 0
    with Source(file.path) as source:
        feed: Feed | None = None
        for piece in source.pieces():
            feed = feed or feed_for(piece)
            times = feed.feed(piece).rows["time"]
            times = times[times > 0]
            if feed.from_midnight:
                return 0
            if len(times):
                return int(times[-1] if feed.kind == "bars" else times[0]) + (
                    12 * 3_600_000_000_000 if feed.kind == "bars" else 0
                )
    return 0


class _Reader:
    """Reads files into a writer."""

    def __init__(
        self, writer: TickWriter, date: dt.date, given: Given, progress: Progress | None, twice: Twice
    ) -> None:
        self._writer, self._twice = writer, twice
        self._midnight_ns = midnight_ns(date)
        self._given = given
        self._progress = progress
        self._seed: list[int] = []
        self._recorders: dict[str, PacketRecorder] = {}
        self._lines: dict[str, str] = {}
        """Files of ITCH by their venue."""
        self.messages = 0
        self.anomalies: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()

    def rows(self, files: list[str]) -> dict[str, int]:
        """Durable rows by schema. Raises TickStoreError when there are none."""
        found = {
            name: rows for name in SCHEMAS if name not in REGISTERS and (rows := self._writer.rows(name))
        }
        if not found:
            said = ", ".join(f"{count:,} messages of {kind}" for kind, count in self._kinds.items())
            raise TickStoreError(
                f"{', '.join(files)}: there is nothing in it a store keeps ({said or 'no messages'})"
            )
        return found

    def read(self, file: _File) -> None:
        """Read one file to its end."""
        with Source(file.path) as source:
            take, finish = self._taker(file)
            size = file.path.stat().st_size
            before = self.messages
            for piece in source.pieces():
                self.messages += take(piece)
                if self._writer.waiting > FLUSH_ROWS:
                    self._flush(file)
                if self._progress:
                    self._progress(file.path.name, min(source.position, size), size)
            for name, count in finish().items():
                self.anomalies[name] += count
            if source.fault:
                self.anomalies["cut_compression" if "cut" in source.fault else "corrupt_compression"] += 1
            self._kinds[file.kind] += self.messages - before
            self._flush(file)

    def _flush(self, file: _File) -> None:
        """Make what was read durable, and see that the day does not have it already."""
        self._writer.flush(0)
        self._twice.look(self._writer.reader(), file.path.name)

    def _taker(self, file: _File) -> tuple[Callable[[bytes], int], Callable[[], dict[str, int]]]:
        """What takes the bytes of a file, and what says at its end what made no sense."""
        feed = feed_for(file.head)
        venue, symbol = self._given.venue, self._given.symbol or _symbol_of(file.path)
        if isinstance(feed, ItchStream):
            name = venue or "XNAS"
            other = self._lines.setdefault(name, file.path.name)
            if other != file.path.name:
                raise TickStoreError(
                    f"{other} and {file.path.name} are both what {name} said that day; one of them would pass, "
                    "or each in an import of its own with the --venue it is of"
                )
            rows = ItchFileRows(self._writer, name, self._midnight_ns)
            return rows.take, rows.finish
        if isinstance(feed, DbnFeed):
            dbn = DbnRows(self._writer, venue=venue)

            def finish_dbn() -> dict[str, int]:
                dbn.finish()
                return dbn.anomalies

            return dbn.take, finish_dbn
        if isinstance(feed, TextFeed) and feed.kind != "taq-quotes":
            return self._text_taker(feed.kind, venue, symbol)
        if container(file.head):
            feed = ItchCapture(self._recorder)
        return self._event_taker(feed, venue or _VENUES.get(feed.kind, ""), symbol)

    def _recorder(self, session: str) -> PacketRecorder:
        """The recorder of a session: sessions are lines of their own."""
        name = self._given.venue or "XNAS"
        if session not in self._recorders:
            title = name if not self._recorders else f"{name}.{len(self._recorders) + 1}"
            self._recorders[session] = PacketRecorder(self._writer, [title], self._midnight_ns)
        return self._recorders[session]

    def _event_taker(
        self, feed: Feed, venue: str, symbol: str
    ) -> tuple[Callable[[bytes], int], Callable[[], dict[str, int]]]:
        rows: EventRows | None = None
        found: Counter[str] = Counter()

        def take_events(piece: bytes | None) -> int:
            nonlocal rows
            recorded = feed.recorded if isinstance(feed, ItchCapture) else 0
            events = feed.finish() if piece is None else feed.feed(piece)
            found.update(events.anomalies)
            found["gap"] += events.gaps
            if len(events.rows):
                default = venue or _VENUES.get(feed.kind, feed.kind[:16])
                rows = rows or EventRows(
                    self._writer,
                    self._midnight_ns,
                    from_midnight=feed.from_midnight,
                    venue=default,
                    symbol=symbol,
                )
                rows.take(events.rows)
            more = feed.recorded - recorded if isinstance(feed, ItchCapture) else 0
            return len(events.rows) + more

        def finish() -> dict[str, int]:
            take_events(None)
            if rows is not None and rows.sizes_unknown:
                found["round_lot_not_known"] += rows.sizes_unknown
            return found

        return take_events, finish

    def _text_taker(
        self, kind: str, venue: str, symbol: str
    ) -> tuple[Callable[[bytes], int], Callable[[], dict[str, int]]]:
        if not symbol:
            raise TickStoreError(
                f"a file of {kind} does not say which stock it is about; --symbol would pass"
            )
        if kind == LOBSTER_BOOK:
            return self._seed_taker()
        rows: LobsterRows | TaqTradeRows | BarRows
        if kind == LOBSTER:
            rows = LobsterRows(self._writer, self._midnight_ns, symbol, venue or "XNAS", self._seed)
        elif kind == "taq-trades":
            rows = TaqTradeRows(self._writer, symbol)
        else:
            rows = BarRows(self._writer, symbol, venue)
        held, header = b"", kind != LOBSTER

        def take(piece: bytes) -> int:
            nonlocal held, header
            *whole, held = (held + piece).split(b"\n")
            if header and whole:
                whole, header = whole[1:], False
            return rows.take(line.decode("latin-1").strip() for line in whole)

        def finish() -> dict[str, int]:
            rows.take([held.decode("latin-1").strip()])
            return rows.anomalies

        return take, finish

    def _seed_taker(self) -> tuple[Callable[[bytes], int], Callable[[], dict[str, int]]]:
        """Of an orderbook file only the first row is taken."""

        def take(piece: bytes) -> int:
            if self._seed:
                return 0
            self._seed = [int(cell) for cell in piece.split(b"\n", 1)[0].split(b",")]
            return 1

        return take, dict


_VENUES = {"iex-deep": "IEXG", "iex-tops": "IEXG", "nasdaq-bbo": "XNAS"}


def _symbol_of(path: Path) -> str:
    """The stock in a file's name, as in `AAPL_2012-06-21_…` and `taq_MSFT_2018-01-02_…`."""
    match = _SYMBOL.search(path.name)
    return match[1] if match else ""
