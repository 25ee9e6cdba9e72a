"""Order-by-order books against their slow twin, and what they say for themselves."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.books.book_storage import Room
from rushtrade.books.order_books import Level, OrderBooks, RestingOrder
from rushtrade.wire import itch50
from rushtrade.wire.errors import MalformedError, TruncatedError, WireError
from rushtrade.wire.framing import END_OF_SESSION, frame, frame_all
from support.random_streams import RandomStream
from support.slow_books import SlowBooks, decode_all

CRAMPED = Room(orders=2, levels=2, ladders=16, locates=1, trades=2)
"""Arrays that must grow all the time."""


def assert_same(fast, slow, stocks):
    assert fast.anomalies() == slow.anomalies
    assert fast.orders == len(slow.orders)
    for locate in range(1, stocks + 1):
        for side in (0, 1):
            depth = slow.depth(locate, side)
            assert [tuple(level) for level in fast.depth(locate, side, 1 << 20)] == depth
            for price, *_ in depth:
                queue = [(order.reference, order.shares) for order in fast.queue(locate, side, price)]
                assert queue == slow.queue(locate, side, price)


def fed_slowly(messages):
    slow = SlowBooks()
    for message in decode_all(messages):
        slow.apply(message)
    return slow


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 1 << 32),
    count=st.integers(1, 400),
    stocks=st.integers(1, 4),
    ticks=st.sampled_from([1, 3, 40]),
    nonsense=st.sampled_from([0.0, 0.02, 0.4]),
    room=st.sampled_from([CRAMPED, Room()]),
)
def test_any_stream_makes_the_books_the_slow_twin_makes(seed, count, stocks, ticks, nonsense, room):
    stream = RandomStream(seed, stocks=stocks, ticks=ticks, nonsense=nonsense)
    messages = stream.directory() + stream.messages(count)
    fast = OrderBooks(room)
    changes = fast.feed(frame_all(messages))
    slow = fed_slowly(messages)
    assert_same(fast, slow, stocks)
    assert changes.trades.tolist() == slow.trades
    assert set(changes.touched) == slow.changed
    assert set(changes.touched_best) == slow.best_changed
    assert fast.time == slow.time


@pytest.mark.slow
def test_a_million_random_messages_make_equal_books_all_the_way():
    stream = RandomStream(20260101, stocks=40, ticks=200, nonsense=0.01)
    fast, slow = OrderBooks(), SlowBooks()
    for chunk in range(20):
        messages = (stream.directory() if chunk == 0 else []) + stream.messages(50_000)
        trades = fast.feed(frame_all(messages)).trades.tolist()
        for message in decode_all(messages):
            slow.apply(message)
        assert trades == slow.trades
        slow.trades.clear()
        assert_same(fast, slow, 40)
    assert fast.messages == 1_000_041
    assert (
        min(fast.anomalies()[name] for name in ("unknown_reference", "duplicate_reference", "bad_order"))
        > 100
    )


def test_a_stream_fed_in_pieces_makes_the_same_books_and_the_same_trades():
    stream = RandomStream(3, stocks=3)
    messages = stream.directory() + stream.messages(3000)
    whole, pieces = OrderBooks(), OrderBooks(CRAMPED)
    trades = whole.feed(frame_all(messages)).trades
    rng = random.Random(4)
    taken, begin = [], 0
    while begin < len(messages):
        end = begin + rng.randint(1, 200)
        taken.append(pieces.feed(frame_all(messages[begin:end])).trades)
        begin = end
    assert np.concatenate(taken).tolist() == trades.tolist()
    assert_same(pieces, fed_slowly(messages), 3)
    assert whole.image().arrays["counts"] == pieces.image().arrays["counts"]


def test_an_image_put_back_goes_on_as_if_nothing_had_happened():
    stream = RandomStream(5, stocks=3)
    first, second = stream.directory() + stream.messages(2000), stream.messages(2000)
    books = OrderBooks(CRAMPED)
    books.feed(frame_all(first))
    image = books.image()
    other = OrderBooks(Room(orders=1 << 14))
    other.feed(frame_all(RandomStream(9).messages(500)))
    other.restore(image)
    for copy in (books, other):
        copy.feed(frame_all(second))
        assert_same(copy, fed_slowly(first + second), 3)


def test_a_feed_stops_at_the_time_asked_for_and_goes_on_from_there():
    stream = RandomStream(6, stocks=2, nonsense=0)
    messages = stream.directory() + stream.messages(1000)
    noon = itch50.decode(messages[500]).timestamp
    data = frame_all(messages)
    books = OrderBooks()
    changes = books.feed(data, until=noon)
    early = [message for message in messages if itch50.decode(message).timestamp <= noon]
    assert changes.messages == len(early)
    assert_same(books, fed_slowly(early), 2)
    books.feed(data, changes.consumed)
    assert_same(books, fed_slowly(messages), 2)


HEAD = (7, 0, 1000)
DAY = [
    itch50.AddOrder(*HEAD, 1, "B", 100, "AAPL", 5_853_300),
    itch50.AddOrder(*HEAD, 2, "B", 200, "AAPL", 5_853_300),
    itch50.AddOrderAttributed(*HEAD, 3, "S", 50, "AAPL", 5_859_400, "NITE"),
    itch50.OrderExecuted(*HEAD, 1, 40, 9),
    itch50.OrderReplace(*HEAD, 2, 4, 300, 5_853_400),
]


def test_a_book_reads_as_a_person_would_write_it_down():
    books = OrderBooks()
    changes = books.feed(frame_all(itch50.encode(message) for message in DAY))
    assert books.locate("AAPL") == 7
    assert books.directory() == {"AAPL": 7}
    assert books.depth(7, 0, 5) == [Level(5_853_400, 300, 1), Level(5_853_300, 60, 1)]
    assert books.best(7) == (Level(5_853_400, 300, 1), Level(5_859_400, 50, 1))
    assert books.queue(7, 0, 5_853_300) == [RestingOrder(1, 7, 0, 5_853_300, 60)]
    assert books.order(3) == RestingOrder(3, 7, 1, 5_859_400, 50)
    assert books.order(2) is None
    assert changes.trades.tolist() == [(1000, 5_853_300, 40, 9, 7, 0, ord("E"), 1)]
    assert books.counts() == {"A": 2, "E": 1, "F": 1, "U": 1}


def test_a_stock_nobody_named_has_an_empty_book():
    books = OrderBooks()
    assert books.locate("MSFT") is None
    assert books.depth(60_000, 0, 5) == []
    assert books.queue(60_000, 1, 5) == []
    assert books.best(3) == (None, None)


def test_a_halt_is_the_state_of_its_stock():
    books = OrderBooks()
    books.feed(frame(itch50.encode(itch50.StockTradingAction(*HEAD, "AAPL", "H", "", "LUDP"))))
    assert books.trading_state(7) == "H"


def test_references_and_prices_at_the_edge_of_their_fields_are_kept_exactly():
    top = (1 << 64) - 1
    books = OrderBooks(CRAMPED)
    books.feed(
        frame_all(
            itch50.encode(itch50.AddOrder(*HEAD, reference, side, 0xFFFFFFFF, "AAPL", price))
            for reference, side, price in [
                (top, "B", 1),
                (0, "S", 0xFFFFFFFF),
                (1 << 63, "S", 1),
                (5, "B", 0xFFFFFFFE),
            ]
        )
    )
    assert books.order(top) == RestingOrder(top, 7, 0, 1, 0xFFFFFFFF)
    assert books.order(0) == RestingOrder(0, 7, 1, 0xFFFFFFFF, 0xFFFFFFFF)
    assert [level.price for level in books.depth(7, 0, 9)] == [0xFFFFFFFE, 1]
    assert [level.price for level in books.depth(7, 1, 9)] == [1, 0xFFFFFFFF]


def test_a_thousand_prices_in_any_order_stand_sorted_and_leave_nothing_behind():
    rng = random.Random(8)
    prices = rng.sample(range(1, 1 << 31), 1000)
    add = [itch50.AddOrder(*HEAD, 100 + k, "BS"[k % 2], 1, "AAPL", price) for k, price in enumerate(prices)]
    books = OrderBooks(CRAMPED)
    books.feed(frame_all(map(itch50.encode, add)))
    assert [level.price for level in books.depth(7, 0, 1000)] == sorted(prices[::2], reverse=True)
    assert [level.price for level in books.depth(7, 1, 1000)] == sorted(prices[1::2])
    gone = [itch50.OrderDelete(*HEAD, message.reference) for message in rng.sample(add, 1000)]
    books.feed(frame_all(map(itch50.encode, gone)))
    assert books.best(7) == (None, None)
    assert books.orders == 0


def test_the_end_of_session_mark_is_consumed():
    books = OrderBooks()
    data = frame(itch50.encode(DAY[0])) + END_OF_SESSION
    assert books.feed(data).consumed == len(data)


def test_every_truncation_keeps_the_messages_before_it():
    messages = RandomStream(10, stocks=2).messages(12)
    data = frame_all(messages)
    begins = [0]
    for message in messages:
        begins.append(begins[-1] + 2 + len(message))
    for cut in range(len(data)):
        books = OrderBooks()
        whole = sum(begin <= cut for begin in begins) - 1
        if cut in begins:
            books.feed(data[:cut])
        else:
            with pytest.raises(TruncatedError) as fault:
                books.feed(data[:cut])
            assert fault.value.offset == begins[whole]
        assert books.messages == whole
        assert_same(books, fed_slowly(messages[:whole]), 2)


def test_a_malformed_message_is_named_with_its_offset():
    data = frame(itch50.encode(DAY[0])) + b"\0\5Ahalf"
    books = OrderBooks()
    with pytest.raises(MalformedError, match=r"'A' \(0x41\), 5 bytes \(at byte 38\)"):
        books.feed(data)
    assert books.orders == 1


def test_flipped_bytes_and_noise_are_counted_or_refused_and_the_books_stay_whole():
    rng = random.Random(11)
    data = frame_all(RandomStream(12, stocks=3).messages(60))
    for _ in range(500):
        damaged = bytearray(data)
        for _ in range(rng.randint(1, 6)):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        books = OrderBooks(CRAMPED)
        feed_until_fault(books, bytes(damaged))
        feed_until_fault(books, rng.randbytes(rng.randrange(120)))
        assert_whole(books)


def feed_until_fault(books, data):
    try:
        books.feed(data)
    except WireError as fault:
        assert 0 <= fault.offset < len(data)  # noqa: PT017  - both ways out are right ones


def assert_whole(books):
    """Depth, queues and lookup tell one story."""
    resting = 0
    arrays = books._storage.books
    for locate in np.flatnonzero(arrays["bid"]["levels"] + arrays["ask"]["levels"]).tolist():
        for side in (0, 1):
            prices = []
            for level in books.depth(locate, side, 1 << 20):
                queue = books.queue(locate, side, level.price)
                assert (sum(order.shares for order in queue), len(queue)) == (level.shares, level.orders)
                assert all(books.order(order.reference) == order for order in queue)
                prices.append(level.price)
                resting += len(queue)
            assert prices == sorted(set(prices), reverse=side == 0)
    assert resting == books.orders
