"""`rushtrade itch`: what is in an ITCH 5.0 file, the order book of a stock at a moment of it, and the best of every book.

`--bbo` writes one line whenever the best price of a stock's side, or the shares at it, change: the time in nanoseconds since
midnight, the symbol, and price and shares of both sides, empty where there is none. `--digest` is that of
`books.best_series`.
"""

from __future__ import annotations

import re
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from rushtrade.books.best_series import BestSeries, digest, rows_of
from rushtrade.books.book_feed_kernel import FOREVER
from rushtrade.books.book_layout import ASK, BID
from rushtrade.books.itch_file import ItchFile
from rushtrade.books.order_books import Level, OrderBooks
from rushtrade.cli.terminal import answer_console, print_json, printable, progress_console, refuse_plainly
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import SECOND
from rushtrade.domain.numbers import format_price
from rushtrade.wire.itch50 import LAYOUTS
from rushtrade.wire.itch50_columns import Buffer, count_types

DEPTH_DEFAULT = 10
DEPTH_MAX = 100_000
PROGRESS_BYTES = 8 << 20
"""Files from this size on show a progress bar: a smaller one is read before a bar is drawn."""
BEST_HEADER = "time_ns,symbol,bid,bid_shares,ask,ask_shares\n"
SYMBOLS_NAMED = 12
"""Symbols an error message lists before it says how many more there are."""

_TIME = re.compile(r"(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?", re.ASCII)


class Survey(msgspec.Struct, frozen=True):
    """What a file holds and how a book stood; the object `--json` prints. Levels are (price, shares, orders)."""

    messages: int
    counts: dict[str, int]
    seconds: float
    symbol: str | None
    bids: list[tuple[str, int, int]]
    asks: list[tuple[str, int, int]]
    digest: str | msgspec.UnsetType = msgspec.UNSET


def parse_time(text: str) -> int:
    """Turn ``"09:30:00.5"`` into nanoseconds since midnight."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise InvalidInput(f"--at {text[:40]!r} is not a time such as '09:30:00' or '09:30:00.123456789'")
    hours, minutes, seconds = (int(match[group]) for group in (1, 2, 3))
    if hours > 23 or minutes > 59 or seconds > 59:
        raise InvalidInput(f"--at {text!r} is not a time of the day: 00:00:00 to 23:59:59.999999999")
    return (hours * 3600 + minutes * 60 + seconds) * SECOND + int((match[4] or "").ljust(9, "0"))


def write_best(series: BestSeries, buffer: Buffer, until: int, lines: IO[str]) -> int:
    """Apply a buffer, writing a line for every change of a best price; give the bytes applied."""
    for block in series.feed(buffer, until):
        lines.writelines(
            f"{row.time},{row.symbol},{_best(row.bid, row.bid_shares)},{_best(row.ask, row.ask_shares)}\n"
            for row in rows_of(block)
        )
    return series.consumed


def _best(price: int, shares: int) -> str:
    return f"{format_price(price)},{shares}" if price else ","


def read(
    path: Path, until: int, progress: Progress | None = None, best: IO[str] | None = None
) -> tuple[OrderBooks, dict[str, int]]:
    """Read a whole file: the books as they stood at `until`, and the count of all messages by type."""
    books = OrderBooks()
    series = BestSeries(books)
    if best:
        best.write(BEST_HEADER)
    later = dict.fromkeys(range(256), 0)
    reached = False
    with ItchFile(path) as file:
        task = progress.add_task(path.name, total=file.size) if progress else None
        for buffer in file.buffers():
            if reached:
                consumed = 0
            elif best:
                consumed = write_best(series, buffer, until, best)
            else:
                consumed = books.feed(buffer, until=until).consumed
            reached = reached or consumed < len(buffer)
            counts, *_ = count_types(buffer[consumed:])
            for code in counts.nonzero()[0].tolist():
                later[code] += int(counts[code])
            if progress and task is not None:
                progress.update(task, completed=file.progress)
    applied = books.counts()
    total = {chr(code): applied.get(chr(code), 0) + count for code, count in later.items()}
    return books, {letter: count for letter, count in total.items() if count}


def survey(
    path: Path,
    symbol: str | None,
    depth: int,
    until: int,
    progress: Progress | None = None,
    best: IO[str] | None = None,
) -> tuple[Survey, OrderBooks]:
    """Read a file and take the book of a symbol, or of its only stock when none is named."""
    OrderBooks().feed(b"")  # brings compiled kernels in, so that the time is that of the file
    begin = time.perf_counter()
    books, counts = read(path, until, progress, best)
    seconds = time.perf_counter() - begin
    bids: list[Level] = []
    asks: list[Level] = []
    directory = books.directory()
    if symbol is None and len(directory) == 1:
        symbol = next(iter(directory))
    if symbol is not None:
        locate = directory.get(symbol)
        if locate is None:
            raise InvalidInput(_no_symbol(path, symbol, sorted(directory), until))
        bids, asks = books.depth(locate, BID, depth), books.depth(locate, ASK, depth)
    answer = Survey(sum(counts.values()), counts, round(seconds, 6), symbol, _rows(bids), _rows(asks))
    return answer, books


def _no_symbol(path: Path, symbol: str, symbols: list[str], until: int) -> str:
    """Name the symbols there are."""
    when = "" if until == FOREVER else " by that time"
    if not symbols:
        return f"{path} names no stock{when}, so there is no book of {symbol!r}"
    more = len(symbols) - SYMBOLS_NAMED
    names = ", ".join(symbols[:SYMBOLS_NAMED]) + (f" and {more:,} more" if more > 0 else "")
    return f"{path} has no stock {symbol!r}{when}; it has {names}"


def _rows(levels: list[Level]) -> list[tuple[str, int, int]]:
    return [(format_price(level.price), level.shares, level.orders) for level in levels]


def print_survey(console: Console, path: Path, answer: Survey, books: OrderBooks, at: str | None) -> None:
    """Print what a person wants to see."""
    console.print(f"{printable(path.name)}: {answer.messages:,} messages")
    counts = Table()
    counts.add_column("type")
    counts.add_column("message")
    counts.add_column("count", justify="right")
    for letter, count in sorted(answer.counts.items(), key=lambda item: -item[1]):
        counts.add_row(letter, _words(LAYOUTS[ord(letter)].message.__name__), f"{count:,}")
    console.print(counts)
    if answer.symbol is None:
        stocks = len(books.directory())
        console.print(
            f"{stocks:,} stocks, {books.orders:,} resting orders; name one with --symbol to see its book"
        )
    else:
        console.print(f"{answer.symbol} at {at or 'the end of the file'}")
        console.print(_book_table(answer))
    strange = {name.replace("_", " "): count for name, count in books.anomalies().items() if count}
    if strange:
        console.print("anomalies: " + ", ".join(f"{count:,} × {name}" for name, count in strange.items()))
    if answer.digest:
        console.print(f"digest of all books: {answer.digest}")
    rate = answer.messages / answer.seconds / 1e6 if answer.seconds else 0.0
    console.print(f"read and booked in {answer.seconds:.3f} s, {rate:.2f} million messages a second")


def _book_table(answer: Survey) -> Table:
    table = Table()
    for name in ("orders", "shares", "bid", "ask", "shares", "orders"):
        table.add_column(name, justify="right")
    for index in range(max(len(answer.bids), len(answer.asks))):
        bid = answer.bids[index] if index < len(answer.bids) else None
        ask = answer.asks[index] if index < len(answer.asks) else None
        left = (f"{bid[2]:,}", f"{bid[1]:,}", bid[0]) if bid else ("", "", "")
        right = (ask[0], f"{ask[1]:,}", f"{ask[2]:,}") if ask else ("", "", "")
        table.add_row(*left, *right)
    return table


def _words(name: str) -> str:
    """Turn a class name into words: ``OrderExecuted`` into ``order executed``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def itch(
    file: Annotated[Path, typer.Argument(help="A NASDAQ TotalView-ITCH 5.0 file, plain or gzipped.")],
    symbol: Annotated[str | None, typer.Option(help="Show the order book of this stock.")] = None,
    depth: Annotated[
        int, typer.Option(help="Price levels of each side.", min=1, max=DEPTH_MAX)
    ] = DEPTH_DEFAULT,
    at: Annotated[
        str | None,
        typer.Option(metavar="HH:MM:SS.nnnnnnnnn", help="The book at this time of the file's day."),
    ] = None,
    with_digest: Annotated[
        bool, typer.Option("--digest", help="Add a digest of all books: levels, queues, references, shares.")
    ] = False,
    bbo: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Write best bid and ask of every stock at every change."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Count the messages of an ITCH 5.0 file by type and show an order book at any time of its day."""
    with refuse_plainly(json=as_json):
        until = parse_time(at) if at is not None else FOREVER
        name = symbol.strip().upper() if symbol is not None else None
        with bbo.open("w", encoding="utf-8", newline="") if bbo else nullcontext() as best:
            answer, books = _survey_with_progress(file, name, depth, until, best)
        if with_digest:
            answer = msgspec.structs.replace(answer, digest=digest(books))
        if as_json:
            print_json(answer)
        else:
            print_survey(answer_console(), file, answer, books, at)


def _survey_with_progress(
    path: Path, symbol: str | None, depth: int, until: int, best: IO[str] | None
) -> tuple[Survey, OrderBooks]:
    """Read with a bar on standard error when somebody watches and the file is big."""
    big = path.is_file() and path.stat().st_size >= PROGRESS_BYTES
    if not (big and sys.stderr.isatty()):
        return survey(path, symbol, depth, until, best=best)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=progress_console(), transient=True) as progress:
        return survey(path, symbol, depth, until, progress, best)
