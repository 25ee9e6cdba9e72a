"""Writes the tick store of today: what the lines said, byte for byte, and what became of it, row by row.

Theory of operation. Rows are appended on the thread of the lines, which never waits; a thread of its own makes them durable, one
flush at a time, at least once a second. A disk that fails is told to the desk in the words of the store; rows wait, within the
store's bound, and the next flush tries again. When every line has ended its session the day is sealed by the same thread.

Every trade is kept with its place on the tape, which is its number in the streams: the store can tell what has left memory. Numbers are those of one
run of the process (`run`), and the day says where each began.

A day that was begun before is gone on with: what its lines say a second time (a data center that starts anew asks venues for what they
still have) makes no rows a second time. A day that was sealed stays as it is: nothing is recorded, and the desk is told. One that another
process writes is an error when the follower is made.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import structlog

from rushtrade.datacenter.status import NOT_KNOWN, CenterStatus, StoreStatus, StoreWord
from rushtrade.domain.instants import MILLISECOND, SECOND
from rushtrade.gateway.line import BookImage
from rushtrade.market.market_data import MarketData
from rushtrade.market.stored_best import best_rows
from rushtrade.ticks.columns import Rows
from rushtrade.ticks.recorder import PacketRecorder, StoredBefore, load_kernels
from rushtrade.ticks.schemas import F_LAST, F_NUMBERED, NO_PRICE, PRICE_SCALE, RUN, SCHEMAS
from rushtrade.ticks.writer import TickWriter
from rushtrade.wire.feed_packet import FeedPacket

LINE_EVENTS = SCHEMAS["line_events"]
TRADES_AT_ONCE = 4_096
ROWS_TOGETHER = 1_024
"""Best quotes and trades made rows of together, unless a flush comes before."""
RUN_BYTES = 6
"""Of the name of a run: enough that no two are alike."""
_AGGRESSOR = np.array([b"A", b"B", b"N"], "S1")
"""By the side that rested: who hit a bid sold (A), in Databento's letters."""
_PRICES = (("price", "price"), ("bid", "bid_px_00"), ("ask", "ask_px_00"))
SHOWN = ("feed", "mbo", "trades", "tbbo", "bbo", "status", "line_events")
"""Schemas whose rows a desk is shown."""

SKIPPED = "skipped"
"""The event of the market as a whole that says how many rows of `bbo` are missing here."""
SEALED_BEFORE = "This day was sealed before and stays as it is: nothing is recorded. Another directory (--ticks) begins it anew."
UNSAFE: tuple[StoreWord, ...] = ("writing", "stopped")
"""States in which rows that wait would be lost with the process; while a day is sealed they are on the disk already."""

SEAL_AGAIN_NS = 10 * SECOND
"""Between two attempts to seal a day: each reads and writes all of it."""

__all__ = ["TickFollower", "load_kernels"]

log = structlog.get_logger(__name__)


class TickFollower:
    """Follows a center and writes its day."""

    def __init__(
        self,
        directory: Path,
        trade_date: dt.date,
        midnight_ns: int,
        venues: Sequence[str],
        *,
        run: str = "",
        wall_ns: Callable[[], int] | None = None,
        disk_free: Callable[[Path], int] | None = None,
    ) -> None:
        """`run` names the numbering of trades; empty: a new name.

        `wall_ns` says how late it is where rows wait for the disk, if other times are given with them than to `flush_soon`.
        """
        self.run = run or secrets.token_hex(RUN_BYTES)
        self._directory = directory
        self._writer = TickWriter(directory, trade_date)
        self._recorder = PacketRecorder(self._writer, venues, midnight_ns, together=True)
        self._publishers = {venue: self._writer.publisher(venue) for venue in venues}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ticks")
        self._flush: Future[int] | None = None
        self._seal: Future[object] | None = None
        self._flushed_ns = self._oldest_ns = self._flushing_ns = self._started_ns = 0
        self._fault = self._note = ""
        self._states: dict[str, str] = {}
        self._wall_ns = wall_ns
        self._disk_free = disk_free or (lambda path: shutil.disk_usage(path).free)
        self._bytes = 0
        self._ended = self._derived = False
        self._sealed_ns = 0
        self._store_numbers = np.zeros(1, np.uint32)
        """The store's number of an instrument by its id; 0 until it was asked for."""
        self._skipped = 0
        """Best quotes the market gave up before they were read here."""
        self._told = 0
        """Position in the tape of the last trade that was kept."""
        self.reached_ns = int(self._writer.reader().column("feed", "ts_recv").max(initial=0))
        """When the latest packet was received that is in the store."""
        self._before = StoredBefore(self._writer.reader())
        self._run_told = False
        self._symbols: Mapping[int, str] = {}
        self._bests: list[tuple[Rows, int]] = []
        """Best quotes that are no rows yet, and when they were known."""
        self._prints: list[tuple[int, Rows, npt.NDArray[np.int64], int]] = []
        """Trades that are no rows yet: number of the first, rows of the tape, instruments, and when they were known."""
        self._together = 0
        """How many these are."""
        self._best_read = -1
        self._take_up()

    def _take_up(self) -> None:
        """Go on with the day as it is on the disk."""
        if self._writer.was_live:
            self._ended, self._note = True, SEALED_BEFORE
            log.warning("ticks not recorded", reason=SEALED_BEFORE)
            return
        passed_over = self._recorder.take_up()
        if passed_over:
            log.info("day taken up", messages=passed_over)

    def begin(self, data: MarketData) -> None:
        """Keep what becomes of the market from here on: what is on the tape and was said of best quotes already is not."""
        data.take_bbo_changes()
        self._told, self._skipped = data.tape.newest, data.changes_skipped
        self._best_read = data.best_news.newest

    def _wait(self, now_ns: int) -> None:
        """Note since when rows wait for the disk."""
        if not self._oldest_ns:
            self._oldest_ns = now_ns if self._wall_ns is None else self._wall_ns()

    # ------------------------------------------------------------ what is followed

    def packet(self, packet: FeedPacket, now_ns: int) -> None:
        """Record a packet the books were given."""
        if not self._ended:
            self._wait(now_ns)
            self._recorder.packet(packet, now_ns)

    def image(self, image: BookImage, now_ns: int) -> None:
        """Record a book image: from it the books after a gap can be made again."""
        if not self._ended:
            self._wait(now_ns)
            self._recorder.image(image.venue, image.sequence, image.payload, now_ns)

    def passed(self, market_ns: int, now_ns: int) -> None:
        """Nothing to keep: what changed by it is among the best quotes."""

    def learned(self, symbols: dict[int, str], now_ns: int) -> None:
        """Nothing to do: the store gives stocks numbers of its own when it first meets them."""

    def settled(self, data: MarketData, symbols: Mapping[int, str], now_ns: int) -> None:
        """Keep what became of the messages: trades with the best quote of all venues before each, and every new best quote."""
        self._symbols = symbols
        if data.best_news.newest != self._best_read:
            self._read_best(data, now_ns)
        if data.changes_skipped > self._skipped:
            self._note_skipped(data.changes_skipped - self._skipped, now_ns)
            self._skipped = data.changes_skipped
        tape = data.tape
        while not self._ended and tape.newest > self._told:
            rows, ids = tape.since(self._told, TRADES_AT_ONCE)
            if not len(rows):
                break
            self._tell_run(now_ns)
            first = max(self._told, tape.oldest - 1) + 1
            self._told = first + len(rows) - 1
            self._wait(now_ns)
            self._prints.append((first, rows, ids, now_ns))
            self._together += len(rows)
        if self._together >= ROWS_TOGETHER:
            self._hand_over()

    def _read_best(self, data: MarketData, now_ns: int) -> None:
        """Take new best quotes."""
        changes = data.take_bbo_changes()
        self._best_read = data.best_news.newest
        if len(changes) and not self._ended:
            self._wait(now_ns)
            self._bests.append((changes, now_ns))
            self._together += len(changes)

    def _hand_over(self) -> None:
        """Make rows of what was kept since the last time: a market speaks in small pieces, and a row alone costs as much as hundreds."""
        self._recorder.hand_over()
        if self._bests:
            changes = np.concatenate([rows for rows, _ in self._bests])
            received = np.repeat([now for _, now in self._bests], [len(rows) for rows, _ in self._bests])
            publishers = np.array(list(self._publishers.values()))
            found = best_rows(changes, self._numbers(changes["instrument"]), publishers, received)
            self._writer.append("bbo", found[found["ts_event"] > self._before.best_ns])
        if self._prints:
            found = self._with_quotes()
            self._writer.append("tbbo", found[self._before.is_later_trade(found)])
        self._bests.clear()
        self._prints.clear()
        self._together = 0

    def _tell_run(self, now_ns: int) -> None:
        """Say in the store where this process' numbers of trades begin."""
        if self._run_told:
            return
        self._run_told = True
        row = np.zeros(1, LINE_EVENTS.dtype)
        row["ts_event"], row["line"], row["event"], row["detail"] = now_ns, b"all", RUN, self.run.encode()
        row["first_sequence"], row["last_sequence"] = self._before.newest_number, self._told
        self._writer.append("line_events", row)

    def _numbers(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
        """Give the store's numbers of instruments; each is looked up once a day."""
        most = int(ids.max())
        if most >= len(self._store_numbers):
            self._store_numbers = np.pad(self._store_numbers, (0, 2 * most - len(self._store_numbers) + 1))
        found = self._store_numbers[ids]
        if not found.all():
            for each in np.unique(ids[found == 0]).tolist():
                self._store_numbers[each] = self._writer.instrument(self._symbols[each])
            found = self._store_numbers[ids]
        return found

    def _with_quotes(self) -> Rows:
        """Make rows of the trades that were kept."""
        rows = np.concatenate([each for _, each, _, _ in self._prints])
        counts = [len(each) for _, each, _, _ in self._prints]
        found = SCHEMAS["tbbo"].empty(len(rows))
        found["ts_recv"] = np.repeat([now for _, _, _, now in self._prints], counts)
        found["ts_event"] = rows["time"]
        places = np.concatenate([first + np.arange(len(each)) for first, each, _, _ in self._prints])
        found["sequence"] = places + self._before.newest_number
        found["publisher_id"] = np.array(list(self._publishers.values()), np.uint16)[rows["venue"]]
        found["instrument_id"] = self._numbers(np.concatenate([ids for _, _, ids, _ in self._prints]))
        found["action"], found["side"] = b"T", _AGGRESSOR[rows["side"]]
        found["flags"] = F_LAST | F_NUMBERED
        for ours, theirs in _PRICES:
            found[theirs] = np.where(rows[ours] > 0, rows[ours] * PRICE_SCALE, NO_PRICE)
        found["size"], found["trade_id"] = rows["shares"], rows["match"]
        found["bid_sz_00"], found["ask_sz_00"] = rows["bid_shares"], rows["ask_shares"]
        found["message"] = rows["kind"].astype(np.uint8).view("S1")
        found["conditions"] = rows["conditions"].astype("<u4").view("S4")
        return found

    def _note_skipped(self, count: int, now_ns: int) -> None:
        """Say in the store that best quotes are missing in it, and how many."""
        if self._ended:
            return
        log.error("best quotes not kept", count=count)
        row = np.zeros(1, LINE_EVENTS.dtype)
        row["ts_event"], row["line"], row["event"], row["count"] = now_ns, b"all", SKIPPED, count
        row["detail"] = b"best quotes changed faster than they were read: not in bbo"
        self._writer.append("line_events", row)

    def note_lines(self, status: CenterStatus, now_ns: int) -> None:
        """Keep every turn of a line: the quality report of the day reads them."""
        for line in status.lines:
            if self._states.get(line.name) == line.state or self._ended:
                continue
            self._states[line.name] = line.state
            row = np.zeros(1, LINE_EVENTS.dtype)
            row["ts_event"], row["publisher_id"] = now_ns, self._publishers[line.venue]
            row["line"], row["event"] = _cut(line.name, 24), line.state
            row["first_sequence"] = row["last_sequence"] = line.next_sequence
            row["lag_ns"] = line.lag_us * 1_000 if line.lag_us != NOT_KNOWN else 0
            row["count"] = line.missing
            row["detail"] = _cut(line.fault, 80)
            self._wait(now_ns)
            self._writer.append("line_events", row)

    # ------------------------------------------------------------ the disk

    def flush_soon(self, now_ns: int) -> None:
        """Have what was appended made durable, unless a flush is still under way."""
        if self._flush is not None:
            if not self._flush.done():
                return
            self._end_flush(self._flush)
        if self._ended:
            self._seal_again(now_ns)
            return
        self._hand_over()
        self._flushing_ns, self._oldest_ns = self._oldest_ns, 0
        self._started_ns = now_ns
        self._flush = self._thread.submit(self._writer.flush, now_ns)

    def _end_flush(self, flush: Future[int]) -> None:
        self._flush = None
        error = flush.exception()
        if error is None:
            self._fault, self._flushed_ns, self._flushing_ns = "", self._started_ns, 0
            return
        if str(error) != self._fault:
            log.error("ticks not written", fault=str(error))
        self._fault = str(error)
        self._oldest_ns = self._flushing_ns or self._oldest_ns

    def seal_soon(self) -> None:
        """Seal the day behind the last flush; nothing is appended from now on."""
        if not self._ended:
            self._hand_over()
            self._ended = True
            self._seal = self._thread.submit(self._flush_and_seal)

    def _seal_again(self, now_ns: int) -> None:
        """Try again after a while what failed: room was made on the disk, perhaps."""
        if self._seal is None or not self._seal.done() or self._seal.exception() is None:
            return
        if now_ns - self._sealed_ns >= SEAL_AGAIN_NS:
            self._sealed_ns = now_ns
            self._seal = self._thread.submit(self._flush_and_seal)

    def _flush_and_seal(self) -> object:
        """Make what is left durable and what follows from it (bars, best quotes), then seal."""
        from rushtrade.market.tick_derivation import derive_all  # noqa: PLC0415 - a query engine comes with it

        self._writer.flush(self._flushed_ns + 1)
        if not self._derived:
            derive_all(self._writer)
            self._derived = True
        self._writer.flush(self._flushed_ns + 2)
        return self._writer.seal()

    @property
    def is_sealed(self) -> bool:
        """True when nothing is left to do for the day."""
        return self._state() == "sealed"

    def close(self, now_ns: int) -> None:
        """Make everything durable, wait for a seal that is under way, and give the day free."""
        if not self._ended:
            self._hand_over()
            self._thread.submit(self._writer.flush, now_ns)
        self._ended = True
        self._seal_again(self._sealed_ns + SEAL_AGAIN_NS)
        self._thread.shutdown(wait=True)
        if self._seal is not None and (error := self._seal.exception()) is not None:
            log.error("day not sealed", fault=str(error))
        self._writer.close()

    # ------------------------------------------------------------ what a desk sees

    def judge(self) -> str:
        """Judge the day by what is on the disk: a page of HTML. Takes a second or more; may be called from another thread."""
        from rushtrade.archive.day_quality import judge_day  # noqa: PLC0415 - a query engine comes with it
        from rushtrade.archive.quality_page import page  # noqa: PLC0415

        return page(judge_day(self._directory, self._writer.trade_date))

    def status(self, now_ns: int) -> StoreStatus:
        """How the store is."""
        since_ns = min((since for since in (self._oldest_ns, self._flushing_ns) if since), default=now_ns)
        return StoreStatus(
            directory=str(self._directory),
            state=self._state(),
            rows={name: rows for name in SHOWN if (rows := self._writer.rows(name))},
            bytes=_bytes_below(self._writer.day),
            free_bytes=self._disk_free(self._directory),
            flush_age_ms=(now_ns - self._flushed_ns) // MILLISECOND if self._flushed_ns else NOT_KNOWN,
            behind_ms=max(0, now_ns - since_ns) // MILLISECOND if self._state() in UNSAFE else 0,
            fault=self._told_fault(),
        )

    def _told_fault(self) -> str:
        """Say what is wrong, the worst first."""
        if self._seal is not None and self._seal.done() and (error := self._seal.exception()) is not None:
            return f"The day could not be sealed: {error}"
        lost = f"{self._writer.lost:,} rows were lost." if self._writer.lost else ""
        return self._fault or lost or self._note

    def _state(self) -> StoreWord:
        if self._note:
            return "sealed"
        if self._seal is None:
            return "stopped" if self._fault else "writing"
        if not self._seal.done():
            return "sealing"
        return "stopped" if self._seal.exception() else "sealed"


def _cut(text: str, size: int) -> bytes:
    return text.encode("ascii", "replace")[:size]


def _bytes_below(directory: Path) -> int:
    """Bytes of the day's files: some hundred files, looked at once a second; files and folders may go meanwhile."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += (Path(folder) / name).stat().st_size
    return total
