"""An image of a venue's books makes the same books from nothing, and says the same of its stocks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.books.best_series import digest
from rushtrade.books.book_image import ImageBooks
from rushtrade.books.order_books import OrderBooks
from rushtrade.gateway.feed_day import recorded_day
from rushtrade.wire import itch50
from rushtrade.wire.framing import MessageReader, frame_all
from support.random_streams import RandomStream

OPEN = 34_200_000_000_000


def messages_of(kept):
    books = OrderBooks()
    books.feed(kept)
    return books


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 1 << 30), cut=st.integers(0, 400))
def test_an_image_makes_the_same_books(seed, cut):
    source = RandomStream(seed)
    stream = source.directory() + [source.message() for _ in range(400)]
    kept = ImageBooks()
    kept.feed(frame_all(stream[:cut]))
    kept.feed(frame_all(stream[cut:]))
    again = messages_of(kept.image())
    assert digest(again) == digest(kept.books)
    assert again.directory() == kept.books.directory()
    assert kept.messages == len(stream)


def test_the_last_word_of_each_kind_is_in_the_image():
    kept = ImageBooks()
    said = [
        itch50.SystemEvent(0, 0, OPEN, "O"),
        itch50.StockDirectory(
            7, 0, OPEN, "AAPL", "Q", "N", 100, "N", "C", "Z ", "P", "N", " ", "1", "N", 0, "N"
        ),
        itch50.StockTradingAction(7, 0, OPEN, "AAPL", "H", " ", "T1"),
        itch50.StockTradingAction(7, 0, OPEN + 1, "AAPL", "T", " ", ""),
        itch50.SystemEvent(0, 0, OPEN + 2, "S"),
    ]
    kept.feed(frame_all(map(itch50.encode, said)))
    books = messages_of(kept.image())
    assert books.counts() == {"H": 1, "R": 1, "S": 2}
    assert books.trading_state(7) == "T"


def test_orders_keep_the_participant_they_are_attributed_to():
    kept = ImageBooks()
    attributed = itch50.AddOrderAttributed(7, 0, OPEN, 11, "B", 100, "AAPL", 10_000, "GSCO")
    plain = itch50.AddOrder(7, 0, OPEN, 12, "S", 100, "AAPL", 10_100)
    kept.feed(frame_all([itch50.encode(attributed), itch50.encode(plain)]))
    reader = MessageReader()
    reader.receive_data(kept.image())
    assert [itch50.decode(message) for message in reader] == [attributed, plain]


@pytest.mark.market_data
def test_the_recorded_hour_as_an_image(shared_data):
    day = recorded_day(shared_data / "itch" / "AAPL_2012-06-21_0930_1030.from_lobster.itch50.gz")
    kept = ImageBooks()
    kept.feed(day.payload(1, 40_000))
    assert digest(messages_of(kept.image())) == digest(kept.books)
