"""What is fuzzed: each target takes any bytes and must answer with a result or with a refusal it has named.

Anything else that comes out (another exception, a dead process, a hang, more than `GROWTH_BYTES_MAX` of memory) is a defect. Where
compiled kernels read addresses, the bytes lie against a page nobody may read, so that one byte too far ends the process.

A target is used by `fuzz_run.py` (atheris chooses the bytes, guided by coverage) and by `test_fuzz.py` (seeds and their mutations, on
every Python).
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import resource
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from fuzz import fuzz_lines, fuzz_orders, fuzz_tape
from rushtrade.api.decoding import read_body, read_query
from rushtrade.api.faults import ApiFault
from rushtrade.api.order_bodies import OrderBody, ReplaceBody, read_terms, shares_to_close
from rushtrade.api.trading import OrdersQuery
from rushtrade.backoffice.folding import decode_events
from rushtrade.books.order_books import OrderBooks
from rushtrade.domain.errors import InvalidInput, RushTradeError
from rushtrade.domain.frames import decode_body, encode_body
from rushtrade.exchange.venue import Exchange
from rushtrade.gateway.reports import read_reports
from rushtrade.journal.chain import frame_from_row
from rushtrade.journal.errors import JournalCorrupt
from rushtrade.market.market_data import MarketData
from rushtrade.marketplace.flow import Flow
from rushtrade.marketplace.itch_source import FlowFileError
from rushtrade.marketplace.market import Market
from rushtrade.rules.world_file import load_world, parse_world
from rushtrade.serving.market_socket import _decode as _own_request
from rushtrade.serving.own_reader import Request as OwnRequest
from rushtrade.serving.questions import _read_token
from rushtrade.serving.stream import _message as _market_message
from rushtrade.wire import itch50, venue_link
from rushtrade.wire.errors import WireError
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import MessageReader, frame_all
from rushtrade.wire.itch50_columns import Columns, count_types
from rushtrade.wire.moldudp64 import MoldReceiver, decode_packet, encode_packet
from rushtrade.wire.order_entry import (
    ENTRY_BYTES,
    REPORT_BYTES,
    entries_from_bytes,
    reports_from_bytes,
    to_bytes,
)
from rushtrade.wire.soupbintcp import SoupClient, SoupServer
from rushtrade.workstation.session import _request

INPUT_BYTES_MAX = 1 << 14
GROWTH_BYTES_MAX = 64 << 20
"""Memory one input may take beyond what the process had before."""
PAGE = mmap.PAGESIZE
OPEN = (9 * 3600 + 1800) * 1_000_000_000
LETTERS = bytes(itch50.LENGTHS)
SYMBOLS = ("SPY", "NVDA", "F")


class Target(NamedTuple):
    """A function of bytes, and what it begins with."""

    function: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


class Guarded:
    """Room for an input whose last byte is followed by a page nobody may read."""

    def __init__(self, room: int) -> None:
        size = -(-room // PAGE) * PAGE
        self._end = size
        self._memory = mmap.mmap(-1, size + PAGE)
        self._bytes = np.frombuffer(self._memory, np.uint8)
        libc = ctypes.CDLL(None, use_errno=True)
        guard = ctypes.c_void_p(self._bytes.ctypes.data + size)
        if libc.mprotect(guard, ctypes.c_size_t(PAGE), mmap.PROT_NONE if hasattr(mmap, "PROT_NONE") else 0):
            raise OSError(ctypes.get_errno(), "mprotect refused the guard page")

    def hold(self, data: bytes) -> np.ndarray:
        """Put an input against the page."""
        view = self._bytes[self._end - len(data) : self._end]
        view[:] = np.frombuffer(data, np.uint8)
        return view


@cache
def guarded() -> Guarded:
    """The one room of this process."""
    return Guarded(8 * INPUT_BYTES_MAX)


def watched(target: Target) -> Callable[[bytes], None]:
    """The target's function, which also fails when one input takes too much memory."""

    def run(data: bytes) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        target.function(data[:INPUT_BYTES_MAX])
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
        if grown > GROWTH_BYTES_MAX:
            raise AssertionError(f"{grown >> 20} MB more for {len(data)} bytes")

    return run


# --- ITCH -------------------------------------------------------------------------------------------------


def stream_of(data: bytes) -> bytes:
    """Framed messages out of any bytes: real types and lengths, few orders, few stocks, times that go on.

    Bytes at random hardly ever say anything twice about one order; these do.
    """
    messages = []
    time = OPEN
    place = 0
    while place + 2 < len(data) and len(messages) < 400:
        letter = LETTERS[data[place] % len(LETTERS)]
        body = bytearray(
            data[place + 1 : place + itch50.LENGTHS[letter]].ljust(itch50.LENGTHS[letter] - 1, b"\0")
        )
        body[0:4] = bytes([0, body[1] % 5, 0, 0])
        time += 1 + body[9]
        body[4:10] = time.to_bytes(6, "big")
        if letter in b"AFECXDUP":
            body[10:18] = (1 + body[17] % 8).to_bytes(8, "big")
        if letter == ord("U"):
            body[18:26] = (1 + body[25] % 8).to_bytes(8, "big")
        if letter in b"AFP":
            body[18] = b"BS"[body[18] & 1]
            body[19:31] = (body[22] % 9).to_bytes(4, "big") + SYMBOLS[body[1] % 3].encode().ljust(8)
            body[31:35] = (10_000 + 100 * (body[34] % 8)).to_bytes(4, "big")
        messages.append(bytes([letter]) + bytes(body))
        place += 2 + data[place + 1] % 24
    return frame_all(messages)


def itch_messages(data: bytes) -> None:
    """Cut a stream into messages, decode each, and encode it again to the same bytes."""
    reader = MessageReader(itch50.LENGTHS)
    try:
        half = len(data) // 2
        for piece in (data[:half], data[half:]):
            reader.receive_data(piece)
            for message in reader:
                again = itch50.encode(itch50.decode(message, reader.offset))
                assert len(again) == len(message)
                assert itch50.decode(again) == itch50.decode(message)
        reader.receive_end()
        reader.next_message()
    except WireError:
        pass


_columns = Columns(64)


def itch_columns(data: bytes) -> None:
    """Decode a stream into columns and count it, by kernels that read addresses."""
    for stream in (data, stream_of(data)):
        held = guarded().hold(stream)
        _, consumed, messages, _ = count_types(held)
        assert 0 <= consumed <= len(stream)
        found = place = 0
        try:
            while place < len(held):
                begin, place = place, _columns.decode(held, place)
                found += len(_columns.type)
                if place == begin:
                    break
        except WireError:
            found += len(_columns.type)
        assert found == messages


def itch_books(data: bytes) -> None:
    """Make books of a stream, alone and as a line of the data center, and read them."""
    for stream in (data, stream_of(data)):
        held = guarded().hold(stream)
        books = OrderBooks()
        with contextlib.suppress(WireError):
            books.feed(held)
        for locate in range(6):
            books.best(locate)
            for side in (0, 1):
                for level in books.depth(locate, side, 5):
                    assert (
                        sum(order.shares for order in books.queue(locate, side, level.price)) == level.shares
                    )
    data_center = MarketData({1: "SPY", 2: "NVDA", 3: "F"}, ["N", "Q"])
    data_center.open_day(0)
    count = int(count_types(held)[2])
    for venue, sequence in ((0, 1), (1, 2), (1, 1), (0, 1 + count)):
        data_center.receive(FeedPacket(venue, sequence, count, held.tobytes()))
    data_center.rebuild(1, 1, data)
    for instrument in (1, 2, 3):
        data_center.nbbo(instrument)
        data_center.montage(instrument, 5)
        data_center.trades(instrument, 0, 50)
        data_center.bars(instrument, 0)
    data_center.touched()


class Recorded:
    """A flow's source out of bytes, as they come."""

    label = "fuzz"
    simulated = False
    directory = {1: "SPY", 2: "NVDA", 3: "F"}  # noqa: RUF012 - never changed
    messages = None
    first_time = OPEN
    last_time = None

    def __init__(self, stream: bytes) -> None:
        self._pieces = [stream[: len(stream) // 2], stream[len(stream) // 2 :], b""]

    def read(self) -> bytes:
        """Give the next piece."""
        return self._pieces.pop(0) if self._pieces else b""


@cache
def world():
    """The world of today."""
    return load_world("us-2026")


def itch_flow(data: bytes) -> None:
    """Let a recorded flow live at the venues of a world, with a member's orders in the same books."""
    for stream in (data, stream_of(data)):
        flow = Flow(Recorded(stream), 0)
        market = Market(world(), SYMBOLS, flow)
        market.open()
        rows = np.frombuffer(entries_of(data[:512]), dtype=entries_from_bytes(b"").dtype)
        try:
            market.advance(OPEN + 1_000)
            for venue in range(len(market.venues)):
                with contextlib.suppress(InvalidInput):  # a number that is a venue's own is refused in words
                    market.deliver(venue, rows, OPEN + 1_000)
            market.advance(OPEN + 1_000_000_000)
        except FlowFileError:
            pass
        market.close(OPEN + 2_000_000_000)
        for _, reports in market.collect().reports:
            read_reports(0, reports)


# --- order entry ------------------------------------------------------------------------------------------


def entries_of(data: bytes) -> bytes:
    """Order-entry rows out of any bytes: half of their fields made such that a venue may take them."""
    rows = np.frombuffer(data[: len(data) // ENTRY_BYTES * ENTRY_BYTES], entries_from_bytes(b"").dtype).copy()
    for row in rows:
        if row["kind"] & 0x80:
            continue
        row["kind"] = 1 + row["kind"] % 4
        row["side"] %= 3
        row["time_in_force"] = (0, 3, 4, 7)[row["time_in_force"] % 4]
        row["display"] %= 4
        row["locate"] %= 5
        row["firm"] = 1 + row["firm"] % 2
        row["token"] = 1 + row["token"] % 16
        row["original_token"] = 1 + row["original_token"] % 16
        row["price"] = 10_000 + row["price"] % 8 * 100
        row["shares"] = row["shares"] % 300
        row["display_shares"] = row["display_shares"] % 3 * 100
        row["minimum_shares"] = row["minimum_shares"] % 3 * 100
    return to_bytes(rows)


def order_entry(data: bytes) -> None:
    """Let a venue carry out any rows; every row is answered, and the reports can be read."""
    try:
        entries = entries_from_bytes(data)
    except WireError:
        entries = entries_from_bytes(data[: len(data) // ENTRY_BYTES * ENTRY_BYTES])
    venue = Exchange(0, SYMBOLS, 0)
    venue.open(OPEN)
    for batch in (entries, entries_from_bytes(entries_of(data))):
        venue.enter(batch, OPEN)
        reports = venue.reports()
        assert len(reports) >= len(batch)
        read_reports(0, reports)
    venue.close(OPEN)
    read_reports(0, venue.reports())
    read_reports(0, reports_from_bytes(data[: len(data) // REPORT_BYTES * REPORT_BYTES]))
    packet = venue.feed()
    assert packet is not None
    assert count_types(packet.payload)[2] == packet.count


# --- sessions ---------------------------------------------------------------------------------------------


def sessions(data: bytes) -> None:
    """Hand any bytes to every protocol session, in two pieces."""
    half = len(data) // 2
    for make in (SoupClient, SoupServer):
        session = make()
        try:
            for piece in (data[:half], data[half:]):
                session.receive_data(piece)
                while session.next_event() is not None:
                    pass
            session.receive_end()
            session.next_event()
        except WireError:
            pass
    with contextlib.suppress(WireError):
        assert encode_packet(decode_packet(data)) == data
    receiver = MoldReceiver(0)
    for piece in (data, data[:half], data[half:], data):
        try:
            receiver.receive(piece)
        except WireError:
            continue
        receiver.requests()
    receiver.skip_missing()
    reader = venue_link.FrameReader(INPUT_BYTES_MAX)
    try:
        reader.receive_data(data)
        while (frame := reader.next_frame()) is not None:
            body = frame[1]
            for read in (
                venue_link.venue_and_rows,
                venue_link.feed_packet,
                venue_link.market_time,
                lambda content: venue_link.from_json(content, venue_link.Logon),
            ):
                with contextlib.suppress(WireError):
                    read(body)
    except WireError:
        pass


# --- API --------------------------------------------------------------------------------------------------


def order_bodies(data: bytes) -> None:
    """Read any bytes as the body of an order, of a replace and as a query; make the house's terms of them."""
    for kind in (OrderBody, ReplaceBody):
        try:
            body = read_body(data, kind)
            if kind is OrderBody:
                terms = read_terms(body, 1)
                assert terms.quantity > 0
                assert terms.limit_price >= 0
                assert terms.stop_price >= 0
        except (ApiFault, InvalidInput):
            pass
    text = data.decode("latin-1")
    pairs = [tuple(part.partition("=")[::2]) for part in text.split("&")]
    with contextlib.suppress(ApiFault):
        read_query(pairs, OrdersQuery)
    quantity, _, percentage = text.partition("|")
    with contextlib.suppress(ApiFault):
        assert 0 < shares_to_close(quantity or None, percentage or None, 1_000) <= 1_000


def stream_messages(data: bytes) -> None:
    """Read any bytes as what clients say on the streams: market data in JSON and MessagePack, the workstation's requests."""
    for packed in (False, True):
        message = _market_message(data, packed=packed)
        assert message is None or isinstance(message, dict)
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        assert isinstance(_own_request(data), OwnRequest)
    with contextlib.suppress(ApiFault):
        assert _read_token(data.decode("latin-1")).from_ns >= 0
    request = _request(data)
    if request is not None:
        number, do, arguments = request
        assert number >= 0
        assert isinstance(do, str)
        assert isinstance(arguments, dict)


# --- journal and worlds -----------------------------------------------------------------------------------


def journal_frames(data: bytes) -> None:
    """Read any bytes as a frame's body and as a stored row; what can be read is written again to the same meaning."""
    try:
        body = decode_body(data)
    except RushTradeError:
        pass
    else:
        assert decode_body(encode_body(body)) == body
        assert [entry.events for entry in decode_events(data).entries] == [
            entry.events for entry in body.entries
        ]
    for previous, stored in ((data[:32], data[32:64]), (bytes(32), b""), (data, data)):
        with contextlib.suppress(JournalCorrupt):
            frame_from_row(1, (1, 1, 1, len(data), previous, stored, data[64:]))


def worlds(data: bytes) -> None:
    """Read any bytes as a world, and put them into the middle of a good one."""
    for content in (data, with_patch(data)):
        with contextlib.suppress(InvalidInput):
            parse_world(content, "fuzz.toml")


def with_patch(data: bytes) -> bytes:
    """The world of today with a piece of it replaced."""
    good = world_text()
    place = int.from_bytes(data[:2], "big") % len(good)
    return good[:place] + data[2:60] + good[place + len(data[2:60]) :]


@cache
def world_text() -> bytes:
    """The file of the world of today."""
    import rushtrade.rules  # noqa: PLC0415 - where its data lie

    return next(Path(rushtrade.rules.__file__).parent.rglob("us-2026.toml")).read_bytes()


# --- seeds ------------------------------------------------------------------------------------------------


def _stream_seeds() -> list[bytes]:
    dice = np.random.default_rng(1)
    return [
        b"",
        b"\0\0",
        b"\0\x0cS",
        frame_all([bytes([letter]) + bytes(size - 1) for letter, size in itch50.LENGTHS.items()]),
        b"".join(b"\0\0" + bytes([letter]) + bytes(size - 1) for letter, size in itch50.LENGTHS.items()),
        stream_of(dice.bytes(2_000)),
        dice.bytes(2_000),
    ]


def _entry_seeds() -> list[bytes]:
    dice = np.random.default_rng(2)
    return [b"", dice.bytes(ENTRY_BYTES), entries_of(dice.bytes(40 * ENTRY_BYTES)), dice.bytes(700)]


def _session_seeds() -> list[bytes]:
    return [
        frame_all([b"LUSER  PASSWORD  SESSION   1                   ", b"H", b"R", b"Shello", b"+debug"]),
        frame_all([b"ASESSION   1                   ", b"H", b"JA", b"Z"]),
        b"SESSION   " + (1).to_bytes(8, "big") + b"\0\2" + b"\0\1a\0\2bc",
        b"SESSION   " + (9).to_bytes(8, "big") + b"\xff\xff",
        venue_link.rows_frame(b"O", 1, bytes(64))
        + venue_link.feed_frame(b"F", FeedPacket(0, 1, 1, b"\0\1a")),
        venue_link.json_frame(b"L", venue_link.MarketTime(1, finished=False)),
    ]


def _body_seeds() -> list[bytes]:
    return [
        b'{"symbol":"SPY","qty":"1","side":"buy","type":"market","time_in_force":"day"}',
        (
            b'{"symbol":"SPY","qty":1.5,"side":"sell","type":"stop_limit","time_in_force":"gtc","limit_price":"1.005",'
            b'"stop_price":1e2,"advanced_instructions":{"destination":"Q","display_qty":0}}'
        ),
        b'{"qty":NaN,"limit_price":"\\ud800","trail":-0}',
        b"status=all&limit=500&after=2026-11-20&nested=TRUE&symbols=SPY,F",
        b"10|",
        b"|33.333333333",
        b"[" * 40,
    ]


def _message_seeds() -> list[bytes]:
    return [
        b'{"action":"auth","key":"k","secret":"s"}',
        b'{"id":1,"do":"order.enter","symbol":"SPY","quantity":10}',
        b"\x82\xa6action\xa9subscribe\xa6quotes\x91\xa3SPY",
        b"\xa2\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\x91" * 2_000,
    ]


def _frame_seeds() -> list[bytes]:
    from rushtrade.domain import commands as cmd  # noqa: PLC0415
    from rushtrade.domain import events as ev  # noqa: PLC0415
    from rushtrade.domain.frames import Entry, FrameBody  # noqa: PLC0415
    from rushtrade.domain.orders import OrderTerms, OrderType, Side, TimeInForce  # noqa: PLC0415
    from rushtrade.domain.quotes import NO_QUOTE  # noqa: PLC0415

    terms = OrderTerms(1, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, 100, 10_000)
    entries = [
        Entry(cmd.Tick(), "clock", []),
        Entry(cmd.OpenMarket(is_open=True), "market", [ev.MarketOpened(is_open=True)]),
        Entry(cmd.EnterOrder(1, "a", terms, NO_QUOTE), "account:1", [ev.RoutingNeeded(3)]),
    ]
    return [encode_body(FrameBody(1, 5, entries)), encode_body(FrameBody(1, 5, [])), bytes(64)]


def _world_seeds() -> list[bytes]:
    text = world_text()
    return [
        text[:INPUT_BYTES_MAX],
        b"\0\0" + b"\n[[venue]]\n",
        b'from = 2026-01-02\nname = "x"\n',
        b"\1\0weight = -1",
    ]


TARGETS: dict[str, Target] = {
    "itch_messages": Target(itch_messages, _stream_seeds),
    "itch_columns": Target(itch_columns, _stream_seeds),
    "itch_books": Target(itch_books, _stream_seeds),
    "itch_flow": Target(itch_flow, _stream_seeds),
    "order_entry": Target(order_entry, _entry_seeds),
    "sessions": Target(sessions, _session_seeds),
    "order_bodies": Target(order_bodies, _body_seeds),
    "stream_messages": Target(stream_messages, _message_seeds),
    "journal_frames": Target(journal_frames, _frame_seeds),
    "worlds": Target(worlds, _world_seeds),
    "mold_streams": Target(fuzz_lines.mold_streams, fuzz_lines.datagram_seeds),
    "soup_streams": Target(fuzz_lines.soup_streams, fuzz_lines.stream_seeds),
    "lines": Target(fuzz_lines.lines, fuzz_lines.datagram_seeds),
    "recorded_feeds": Target(fuzz_lines.recorded_feeds, fuzz_lines.file_seeds),
    "ouch_messages": Target(fuzz_orders.ouch_messages, fuzz_orders.message_seeds),
    "fix_sessions": Target(fuzz_orders.fix_sessions, fuzz_orders.session_seeds),
    "tape_rows": Target(fuzz_tape.tape_rows, fuzz_tape.row_seeds),
    "tape_scans": Target(fuzz_tape.tape_scans, fuzz_tape.scan_seeds),
    "tape_images": Target(fuzz_tape.tape_images, fuzz_tape.image_seeds),
}


def any_of_them(data: bytes) -> None:
    """Hand the bytes to the target the first of them names."""
    if data:
        list(TARGETS.values())[data[0] % len(TARGETS)].function(data[1:])


def _seeds_of_all() -> list[bytes]:
    return [bytes([place]) + seed for place, target in enumerate(TARGETS.values()) for seed in target.seeds()]


ANY = Target(any_of_them, _seeds_of_all)
