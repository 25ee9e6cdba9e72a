"""ITCH 5.0 into order-by-order books of a whole market, and the consolidated market packet by packet.

The stream is the synthetic market of `itch_stream`: 8,000 stocks, 500,000 orders resting, then four million messages in a real
day's mix. Beside it, in turn with it: the same books in C++ (`itch_books_twin.cpp`, compiled on the spot when there is a compiler)
and plain dictionaries in Python. All must end with the same books, or the run stops. Rates are the best of the rounds, in time
of the processor: the machine is shared. Memory and readiness are measured in processes of their own.
"""

from __future__ import annotations

import ctypes
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from bench import itch_stream

from rushtrade.books.book_layout import KEY_MAX
from rushtrade.books.order_books import OrderBooks
from rushtrade.market.market_data import MarketData
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.itch50_columns import Columns

MESSAGES = 4_000_000
RESTING = 500_000
MILLION = 1_000_000
MEMORY_LIMIT_MB = 250
READY_LIMIT_S = 1
PLAIN_RATE = 5_000_000
"""What the books of a whole market are asked to take a second on one core, beside the twin."""
SLOW_MESSAGES = 200_000
ROUNDS = 4
PACKETS = 100_000
PACKET_MESSAGES = 3
WRAP = (1 << 64) - 1


def run() -> list[dict]:
    stream = itch_stream.make(MESSAGES, resting=RESTING)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        twin = compile_twin(Path(folder))
        rows += beside_the_twin(stream, MESSAGES + RESTING + itch_stream.STOCKS, twin)
        rows.append(memory_row(Path(folder)))
    rows += [ready_row("books", BOOKS_READY), ready_row("data center", MARKET_READY)]
    plain = itch_stream.make(PACKETS * PACKET_MESSAGES + SLOW_MESSAGES)
    rows.append(beside_dictionaries(plain))
    return rows + packets_and_stamps(plain)


def rate(name: str, mine: float, baseline_name: str, theirs: float) -> dict:
    return {
        "name": name,
        "value": round(mine / 1e6, 3),
        "unit": "M messages/s",
        "baseline_name": baseline_name,
        "baseline": round(theirs / 1e6, 3),
        "ratio": round(mine / theirs, 3),
    }


def timed(work: Callable[[], object]) -> float:
    begin = perf_counter()
    work()
    return perf_counter() - begin


# ---------------------------------------------------------------- whole market


def compile_twin(folder: Path) -> ctypes.CDLL | None:
    """Compile the twin in C++; None without a compiler."""
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        return None
    library = folder / "itch_books_twin.so"
    source = Path(__file__).with_name("itch_books_twin.cpp")
    subprocess.run(
        [compiler, "-std=c++20", "-O3", "-march=native", "-shared", "-fPIC", "-o", library, source],
        check=True,
    )
    twin = ctypes.CDLL(str(library))
    twin.twin_new.restype = ctypes.c_void_p
    twin.twin_new.argtypes = [ctypes.c_int64, ctypes.c_int64]
    twin.twin_feed.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    twin.twin_digest.restype = ctypes.c_uint64
    twin.twin_digest.argtypes = [ctypes.c_void_p]
    twin.twin_free.argtypes = [ctypes.c_void_p]
    return twin


def beside_the_twin(stream: np.ndarray, total: int, twin: ctypes.CDLL | None) -> list[dict]:
    """Both begin empty and touch all their memory for the first time."""
    mine, theirs = [], []
    OrderBooks().feed(stream[:0])
    for _ in range(ROUNDS):
        books = OrderBooks()
        mine.append(worked(lambda books=books: books.feed(stream)))
        if twin is None:
            continue
        peer = twin.twin_new(itch_stream.STOCKS, 1 << 20)
        theirs.append(worked(lambda peer=peer: twin.twin_feed(peer, stream.ctypes.data, stream.size)))
        same = twin.twin_digest(peer) == digest(books)
        twin.twin_free(peer)
        if not same:
            raise SystemExit("the books and their twin in C++ differ")
    name = f"ITCH to books, {itch_stream.STOCKS:,} stocks, every order in its queue"
    rows = [rate(name, total / min(mine), "what a core is asked to take", PLAIN_RATE)]
    if theirs:
        rows.insert(0, rate(name, total / min(mine), "the same in C++ (g++ -O3)", total / min(theirs)))
    return rows


def worked(work: Callable[[], object]) -> float:
    """Seconds of the processor."""
    begin = process_time()
    work()
    return process_time() - begin


IN_MEMORY = """
import sys
import numpy as np
from rushtrade.books.order_books import OrderBooks
stream = np.load(sys.argv[1], mmap_mode="r")
books = OrderBooks()
books.feed(stream)
anonymous = next(line for line in open("/proc/self/status") if line.startswith("RssAnon"))
print(books.orders, int(anonymous.split()[1]) / 1024)
"""
BOOKS_READY = "from rushtrade.books.order_books import OrderBooks; OrderBooks().feed(b'')"
MARKET_READY = "from rushtrade.market.market_data import load_kernels; load_kernels()"


def memory_row(folder: Path) -> dict:
    """The memory of a whole process that holds a million resting orders, interpreter and compiler and all."""
    path = folder / "million.npy"
    np.save(path, itch_stream.make(0, resting=MILLION))
    done = subprocess.run([sys.executable, "-c", IN_MEMORY, path], check=True, capture_output=True, text=True)
    orders, megabytes = done.stdout.split()
    if int(orders) != MILLION:
        raise SystemExit(f"{orders} orders rest, not a million")
    return {
        "name": "memory of a process with 1,000,000 resting orders",
        "value": round(float(megabytes), 1),
        "unit": "MB",
        "baseline_name": "what it may take",
        "baseline": MEMORY_LIMIT_MB,
        "ratio": round(MEMORY_LIMIT_MB / float(megabytes), 3),
    }


def ready_row(name: str, program: str) -> dict:
    """From nothing to every kernel in the process, out of the cache on disk: processor time of a whole process."""
    taken = []
    for _ in range(ROUNDS + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    best = min(taken[1:])
    return {
        "name": f"{name} ready: process, imports, kernels from the cache",
        "value": round(best, 3),
        "unit": "s of the processor",
        "baseline_name": "what it may take",
        "baseline": READY_LIMIT_S,
        "ratio": round(READY_LIMIT_S / best, 3),
    }


def digest(books: OrderBooks) -> int:
    """Sum of (key + 1) * shares + orders over all levels: the same as the twin's."""
    total = 0
    for locate in books.directory().values():
        for side in (0, 1):
            for level in books.depth(locate, side, 1 << 20):
                key = KEY_MAX - level.price if side else level.price
                total += (key + 1) * level.shares + level.orders
    return total & WRAP


def beside_dictionaries(stream: np.ndarray) -> dict:
    columns = Columns(SLOW_MESSAGES)
    end = columns.decode(stream)
    begin = stream[:end].tobytes()
    mine, theirs = [], []
    for _ in range(ROUNDS):
        books = OrderBooks()
        mine.append(timed(lambda books=books: books.feed(begin)))
        orders: dict[int, list[int]] = {}
        sides: dict[int, dict[int, int]] = {}
        theirs.append(timed(lambda o=orders, s=sides: feed_dictionaries(begin, o, s)))
        if len(orders) != books.orders:
            raise SystemExit("the books and the dictionaries differ")
    name = f"ITCH to books, the first {SLOW_MESSAGES:,} messages"
    return rate(name, SLOW_MESSAGES / min(mine), "Python dictionaries", SLOW_MESSAGES / min(theirs))


def feed_dictionaries(stream: bytes, orders: dict[int, list[int]], sides: dict[int, dict[int, int]]) -> None:
    """Price totals and orders in dictionaries, straight from the bytes."""
    add, replace, shares_of = (struct.Struct(f) for f in (">QBI8xI", ">QQII", ">QI"))
    at, size = 0, len(stream)
    while at < size:
        length = stream[at] << 8 | stream[at + 1]
        code = stream[at + 2]
        body = at + 13
        if code in (65, 70):
            reference, letter, shares, price = add.unpack_from(stream, body)
            side = (stream[at + 3] << 8 | stream[at + 4]) * 2 + (letter != 66)
            orders[reference] = [side, price, shares]
            prices = sides.setdefault(side, {})
            prices[price] = prices.get(price, 0) + shares
        elif code in (67, 68, 69, 88):
            reference, shares = shares_of.unpack_from(stream, body) if code != 68 else (0, 0)
            if code == 68:
                reference = int.from_bytes(stream[body : body + 8], "big")
            take(orders, sides, reference, shares)
        elif code == 85:
            reference, fresh, shares, price = replace.unpack_from(stream, body)
            side = take(orders, sides, reference, 0)
            orders[fresh] = [side, price, shares]
            prices = sides[side]
            prices[price] = prices.get(price, 0) + shares
        at += 2 + length


def take(orders: dict[int, list[int]], sides: dict[int, dict[int, int]], reference: int, shares: int) -> int:
    """Take shares (0: all) from an order; give its side."""
    order = orders[reference]
    side, price, left = order
    shares = shares or left
    prices = sides[side]
    prices[price] -= shares
    if prices[price] == 0:
        del prices[price]
    if shares == left:
        del orders[reference]
    else:
        order[2] = left - shares
    return side


# ---------------------------------------------------------------- the live path


def packets_and_stamps(stream: np.ndarray) -> list[dict]:
    """A packet of three messages into the consolidated market, and an order's stamp, beside a call that does nothing."""
    market, packets = six_venues(stream)
    head = packets[:6]
    for packet in head:
        market.receive(packet)
    rest = packets[6:]
    receive = timed(lambda: [market.receive(packet) for packet in rest]) / len(rest)
    walk = timed(lambda: [np.frombuffer(packet.payload, np.uint8) for packet in rest]) / len(rest)
    busiest = market.touched()[0]
    calls = 100_000
    stamp, empty = [], []
    for _ in range(ROUNDS):
        stamp.append(timed(lambda: [market.stamp(busiest, 0, 700, near=True) for _ in range(calls)]) / calls)
        empty.append(timed(lambda: [market.volume(busiest) for _ in range(calls)]) / calls)
    return [
        micro(
            f"packet of {PACKET_MESSAGES} messages, 6 venues", receive, "seeing its bytes as an array", walk
        ),
        micro("stamp of an order, 6 venues", min(stamp), "reading one number of the market", min(empty)),
    ]


def micro(name: str, mine: float, baseline_name: str, theirs: float) -> dict:
    return {
        "name": name,
        "value": round(mine * 1e6, 3),
        "unit": "us a call",
        "baseline_name": baseline_name,
        "baseline": round(theirs * 1e6, 3),
        "ratio": round(theirs / mine, 3),
    }


def six_venues(stream: np.ndarray) -> tuple[MarketData, list[FeedPacket]]:
    """Deal the stream over six venues by order reference; a big first packet each brings the directory."""
    columns = Columns(PACKETS * PACKET_MESSAGES + itch_stream.STOCKS)
    columns.decode(stream)
    bounds = np.append(columns.offset, columns.offset[-1] + 2 + 50)
    data = stream.tobytes()
    directory = data[: int(bounds[itch_stream.STOCKS])]
    packets = [FeedPacket(venue, 1, itch_stream.STOCKS, directory) for venue in range(6)]
    waiting: list[list[bytes]] = [[] for _ in range(6)]
    sequence = [1 + itch_stream.STOCKS] * 6
    venue_of: dict[int, int] = {}
    for row in range(itch_stream.STOCKS, len(columns.type) - 1):
        reference, fresh = int(columns.reference[row]), int(columns.new_reference[row])
        venue = venue_of.setdefault(reference, reference // 3 % 6)
        venue_of[fresh] = venue
        waiting[venue].append(data[bounds[row] : bounds[row + 1]])
        if len(waiting[venue]) == PACKET_MESSAGES:
            payload = b"".join(waiting[venue])
            packets.append(FeedPacket(venue, sequence[venue], PACKET_MESSAGES, payload))
            sequence[venue] += PACKET_MESSAGES
            waiting[venue].clear()
    symbols = OrderBooks()
    symbols.feed(directory)
    names = sorted(symbols.directory())
    market = MarketData(dict(enumerate(names, 1)), [f"V{venue}" for venue in range(6)])
    market.open_day(0)
    return market, packets


if __name__ == "__main__":
    for row in run():
        print(row)
