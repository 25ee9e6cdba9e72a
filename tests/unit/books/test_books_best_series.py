"""The best of both sides after every message, and the digest of the books at the end, against their slow twins."""

import hashlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.books.best_series import BestRow, BestSeries, digest, rows_of
from rushtrade.books.book_storage import Room, symbol_number
from rushtrade.books.order_books import OrderBooks
from rushtrade.wire import itch50
from rushtrade.wire.errors import MalformedError
from rushtrade.wire.framing import frame, frame_all
from support.random_streams import RandomStream
from support.slow_books import SlowBooks, decode_all

CRAMPED = Room(orders=2, levels=2, ladders=16, locates=1, trades=2)


def best_of(slow, locate):
    tops = [slow.depth(locate, side)[:1] or [(0, 0, 0)] for side in (0, 1)]
    return tuple(number for top in tops for number in top[0][:2])


def slow_series(messages):
    """Rows of the twin, and the twin."""
    slow, rows, known = SlowBooks(), [], {}
    for message in decode_all(messages):
        slow.apply(message)
        for locate in sorted(slow.changed):
            best = best_of(slow, locate)
            if best != known.get(locate, (0, 0, 0, 0)):
                known[locate] = best
                rows.append(BestRow(message.timestamp, locate, slow.symbols[locate], *best))
        slow.changed.clear()
    return rows, slow


def slow_digest(slow):
    words = []
    for locate in sorted({locate for locate, side in slow.sides if slow.sides[locate, side]}):
        sides = [slow.depth(locate, side) for side in (0, 1)]
        words += [locate, symbol_number(slow.symbols[locate]), len(sides[0]), len(sides[1])]
        for side, levels in enumerate(sides):
            for price, shares, orders in levels:
                words += [price, shares, orders]
                for reference, left in slow.queue(locate, side, price):
                    words += [reference, left]
    return hashlib.sha256(struct.pack(f"<{len(words)}q", *words)).hexdigest()


def series(stream, pieces, room):
    books = OrderBooks(room)
    watch = BestSeries(books)
    rows = []
    for piece in pieces(stream):
        rows += [row for block in watch.feed(piece) for row in rows_of(block)]
    return rows, books


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 1 << 32),
    count=st.integers(1, 300),
    stocks=st.integers(1, 4),
    nonsense=st.sampled_from([0.0, 0.02, 0.4]),
    room=st.sampled_from([CRAMPED, Room()]),
    cut=st.integers(1, 50),
)
def test_any_stream_gives_the_series_and_the_digest_of_the_slow_twin(
    seed, count, stocks, nonsense, room, cut
):
    stream = RandomStream(seed, stocks=stocks, nonsense=nonsense)
    messages = stream.directory() + stream.messages(count)
    expected, slow = slow_series(messages)

    def at_once(parts):
        yield frame_all(parts)

    def in_pieces(parts):
        for at in range(0, len(parts), cut):
            yield frame_all(parts[at : at + cut])

    for pieces in (at_once, in_pieces):
        rows, books = series(messages, pieces, room)
        assert rows == expected
        assert digest(books) == slow_digest(slow)


def test_a_digest_sees_the_order_of_a_queue_a_share_and_a_reference():
    def books_of(*orders):
        stream = OrderBooks()
        rows = [itch50.AddOrder(1, 0, 1, reference, "B", shares, "AAPL", 100) for reference, shares in orders]
        stream.feed(frame_all(map(itch50.encode, rows)))
        return digest(stream)

    same = books_of((1, 100), (2, 100))
    others = {books_of((2, 100), (1, 100)), books_of((1, 100), (2, 101)), books_of((1, 100), (3, 100))}
    assert same == books_of((1, 100), (2, 100))
    assert len(others | {same}) == 4
    assert digest(OrderBooks()) == hashlib.sha256(b"").hexdigest()


def test_rows_before_a_message_that_cannot_be_read_are_given():
    stream = RandomStream(1, stocks=1, nonsense=0)
    messages = stream.directory() + stream.messages(30)
    expected = slow_series(messages)[0]
    rows = []
    watch = BestSeries(OrderBooks())
    feed = watch.feed(frame_all(messages) + frame(b"~nonsense"))
    with pytest.raises(MalformedError, match="unknown message type"):
        rows.extend(row for block in feed for row in rows_of(block))
    assert rows == expected


def test_nothing_later_than_the_time_asked_for_is_applied():
    stream = RandomStream(2, stocks=2, nonsense=0)
    messages = stream.directory() + stream.messages(100)
    until = decode_all(messages)[60].timestamp
    watch = BestSeries(OrderBooks())
    rows = [row for block in watch.feed(frame_all(messages), until) for row in rows_of(block)]
    assert rows == slow_series([m for m in messages if decode_all([m])[0].timestamp <= until])[0]
    assert watch.consumed < len(frame_all(messages))
