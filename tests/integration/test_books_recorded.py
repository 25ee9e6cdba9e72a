"""Recorded files against books of plain dictionaries: every queue in order, one digest however the stream is cut, the whole hour of LOBSTER."""

import gzip
import itertools
import random
import struct

import pytest

from rushtrade.books.best_series import digest
from rushtrade.books.itch_file import ItchFile
from rushtrade.books.lobster_books import LobsterBook
from rushtrade.books.order_books import OrderBooks
from rushtrade.market.market_data import MarketData
from rushtrade.wire.feed_packet import FeedPacket

pytestmark = pytest.mark.market_data

FILES = ("AAPL_2012-06-21_0930_1030.from_lobster.itch50.gz", "ex20101224.TEST_ITCH_50.gz")
WINDOW = 200
"""How far ahead in LOBSTER's states the next one is looked for."""


def stream_of(shared_data, name):
    with ItchFile(shared_data / "itch" / name) as file:
        return b"".join(bytes(buffer) for buffer in file.buffers())


def messages_of(stream):
    """Offsets and unframed messages; a prefix of 0 leaves the length to the type, as one of the files has it."""
    from rushtrade.wire.itch50 import LENGTHS  # noqa: PLC0415

    at = 0
    while at < len(stream):
        size = int.from_bytes(stream[at : at + 2], "big") or LENGTHS[stream[at + 2]]
        yield at, stream[at + 2 : at + 2 + size]
        at += 2 + size


class PlainBooks:
    """Orders in dictionaries, which keep the order in which they were put in: a queue."""

    def __init__(self):
        self.places = {}
        self.queues = {}
        self.unknown = 0

    def take(self, message):
        kind, body = chr(message[0]), message[11:]
        if kind in "AF":
            reference, side, shares = struct.unpack_from(">QsI", body)
            self.rest(
                reference,
                int.from_bytes(message[1:3], "big"),
                side == b"S",
                *struct.unpack_from(">I", body, 21),
                shares,
            )
        elif kind in "XECDU":
            (reference,) = struct.unpack_from(">Q", body)
            if reference not in self.places:
                self.unknown += 1
            elif kind == "U":
                locate, side, _ = self.places[reference]
                self.reduce(reference, None)
                fresh, shares, price = struct.unpack_from(">QII", body, 8)
                self.rest(fresh, locate, side, price, shares)
            else:
                self.reduce(reference, None if kind == "D" else struct.unpack_from(">I", body, 8)[0])

    def rest(self, reference, locate, side, price, shares):
        self.places[reference] = locate, side, price
        self.queues.setdefault((locate, side, price), {})[reference] = shares

    def reduce(self, reference, shares):
        queue = self.queues[self.places[reference]]
        queue[reference] -= queue[reference] if shares is None else min(shares, queue[reference])
        if not queue[reference]:
            del queue[reference]
            if not queue:
                del self.queues[self.places[reference]]
            del self.places[reference]


@pytest.mark.parametrize("name", FILES)
def test_every_queue_at_the_end_stands_as_in_plain_dictionaries(shared_data, name):
    stream = stream_of(shared_data, name)
    books, plain = OrderBooks(), PlainBooks()
    books.feed(stream)
    for _, message in messages_of(stream):
        plain.take(message)
    assert books.anomalies()["unknown_reference"] == plain.unknown
    assert books.orders == len(plain.places)
    found = {}
    for locate in books.directory().values():
        for side in (0, 1):
            for price, shares, orders in books.depth(locate, side, 1 << 20):
                queue = books.queue(locate, side, price)
                assert (sum(order.shares for order in queue), len(queue)) == (shares, orders)
                found[locate, bool(side), price] = [(order.reference, order.shares) for order in queue]
    assert found == {place: list(queue.items()) for place, queue in plain.queues.items()}


@pytest.mark.parametrize("name", FILES)
def test_one_digest_however_the_stream_is_cut(shared_data, name):
    stream = stream_of(shared_data, name)
    offsets = [at for at, _ in messages_of(stream)]
    whole = OrderBooks()
    whole.feed(stream)
    for seed in range(3):
        rng = random.Random(seed)
        cuts = [0, *sorted(rng.sample(offsets[1:], 400)), len(stream)]
        pieces = OrderBooks()
        for begin, end in itertools.pairwise(cuts):
            pieces.feed(stream[begin:end])
        assert digest(pieces) == digest(whole)


@pytest.mark.parametrize("name", FILES)
def test_the_consolidated_market_does_not_depend_on_packets(shared_data, name):
    stream = stream_of(shared_data, name)
    offsets = [at for at, _ in messages_of(stream)] + [len(stream)]
    books = OrderBooks()
    books.feed(stream)
    symbols = dict(enumerate(sorted(books.directory()), start=1))
    told = []
    for seed, most in ((0, 1), (1, 40), (2, len(offsets))):
        rng = random.Random(seed)
        market = MarketData(symbols, ["XNAS"])
        market.open_day(1_340_251_200_000_000_000)
        at, changes = 0, []
        while at < len(offsets) - 1:
            count = min(rng.randint(1, most) if most < len(offsets) else 5_000, len(offsets) - 1 - at)
            payload = stream[offsets[at] : offsets[at + count]]
            market.receive(FeedPacket(0, at + 1, count, payload))
            changes.append(market.take_bbo_changes().tobytes())
            at += count
        assert market.changes_skipped == 0
        told.append(
            (b"".join(changes), market.take_statuses().tobytes(), [market.nbbo(number) for number in symbols])
        )
    assert told[0] == told[1] == told[2]
    assert len(told[0][0]) > 10_000


def test_the_best_states_of_lobsters_hour_come_in_order(shared_data):
    """LOBSTER's messages (50 levels, seeded with the first row of its book) against the best level of its whole-day book."""

    def rows(name):
        path = shared_data / "lobster" / f"AAPL_2012-06-21_34200000_{name}.csv.gz"
        return [line.split(",") for line in gzip.decompress(path.read_bytes()).decode().split()]

    seed = [int(field) for field in rows("57600000_orderbook_10.first999")[0]]
    first = rows("57600000_message_10.first999")[0]
    wanted = [[int(field) for field in row] for row in rows("57600000_orderbook_1")]
    book, states = LobsterBook(seed), []
    for line in rows("37800000_message_50"):
        if line == first:
            continue  # it is in the seed
        _, kind, order, shares, price, direction = line
        book.apply(int(kind), int(order), int(shares), int(price), int(direction))
        state = book.row(1)
        if not states or state != states[-1]:
            states.append(state)
    place = met = 0
    for state in states:
        found = next(
            (at for at in range(place, min(place + WINDOW, len(wanted))) if wanted[at] == state), None
        )
        if found is not None:
            met, place = met + 1, found
    assert len(states) > 20_000
    assert met / len(states) >= 0.995, f"{met} of {len(states)}"
