"""A venue's feed by MoldUDP64, SoupBinTCP and GLIMPSE: three ways to the same books."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quiet_floors import SECOND, SESSION, Client, quiet_floor

from rushtrade.books.book_image import ImageBooks
from rushtrade.floor.itch_ports import MoldPublisher
from rushtrade.floor.numbered import NumberedMessages
from rushtrade.floor.soup_port import SoupPort
from rushtrade.wire import soupbintcp as soup
from rushtrade.wire.framing import frame, frame_all
from rushtrade.wire.glimpse import decode_snapshot
from rushtrade.wire.moldudp64 import MoldReceiver, MoldRequest, decode_packet, encode_request

VENUE = 1


def lived(seconds=20):
    floor = quiet_floor(messages_per_second=3_000)
    floor.advance(floor.now_ns + seconds * SECOND)
    return floor


def everything(client):
    events = []
    while more := client.read():
        events += more
    return events


def books_of(framed):
    books = ImageBooks()
    books.feed(framed)
    return books.image()


def test_the_feed_by_packets_is_the_feed_by_stream_and_makes_the_venues_books():
    floor = lived()
    feed = floor.feeds[VENUE]
    publisher = MoldPublisher(feed, SESSION)
    publisher._next = 1
    receiver, by_packets = MoldReceiver(VENUE, expected=1), b""
    while packets := list(publisher.due()):
        for packet in packets:
            assert len(packet) <= 1_420
            by_packets += b"".join(given.payload for given in receiver.receive(packet))
    listener = Client(SoupPort(SESSION, lambda _user, _password: floor.open_feed(VENUE)))
    events = listener.login() + everything(listener)
    by_stream = frame_all(event.message for event in events if isinstance(event, soup.Sequenced))
    assert by_packets == by_stream == feed.framed(1, feed.next_number - 1)
    assert feed.next_number > 5_000
    reader = Client(SoupPort(SESSION, lambda _user, _password: floor.open_books(VENUE)))
    image = [event for event in reader.login() + everything(reader) if isinstance(event, soup.Sequenced)]
    assert reader.soup.state is soup.State.CLOSED
    assert reader.port.leaving
    assert decode_snapshot(image[-1].message) == feed.next_number
    rebuilt = books_of(frame_all(event.message for event in image[:-1]))
    assert orders_in(rebuilt) == orders_in(books_of(by_stream))
    assert len(orders_in(rebuilt)) > 100


def orders_in(image):
    """Orders of an image in their queues' order, without the times at which images and feeds tell of them."""
    found, at = [], 0
    while at < len(image):
        size = image[at] << 8 | image[at + 1]
        message = image[at + 2 : at + 2 + size]
        if message[:1] in b"AF":
            found.append((message[1:3], message[11:36]))
        at += 2 + size
    return found


def test_what_was_missed_is_sent_again():
    feed = NumberedMessages()
    for number in range(1, 200):
        feed.append(b"%050d" % number)
    publisher = MoldPublisher(feed, SESSION)
    publisher._next = 1
    sent = b"".join(decode_packet(packet).payload for packet in publisher.due())
    again = publisher.answer(encode_request(MoldRequest(SESSION, 20, 100)))
    packets = [decode_packet(packet) for packet in again]
    assert [(packet.sequence, packet.count) for packet in packets] == [(20, 26), (46, 26), (72, 26), (98, 22)]
    assert b"".join(packet.payload for packet in packets) == feed.framed(20, 100)
    assert sent == feed.framed(1, 199)


@pytest.mark.parametrize(
    "request_",
    [
        b"?",
        encode_request(MoldRequest("OTHER", 1, 5)),
        encode_request(MoldRequest(SESSION, 4, 1)),
        encode_request(MoldRequest(SESSION, 1 << 60, 9)),
    ],
)
def test_a_request_that_cannot_be_answered_is_counted(request_):
    feed = NumberedMessages()
    for text in (b"a", b"b", b"c"):
        feed.append(text)
    publisher = MoldPublisher(feed, SESSION)
    assert publisher.answer(request_) == []
    assert (publisher.refused, publisher.requests) == (1, 0)


def test_a_listener_has_nothing_to_say():
    floor = quiet_floor()
    listener = Client(SoupPort(SESSION, lambda _user, _password: floor.open_feed(VENUE)))
    listener.login()
    listener.say(b"X\0\0\0\1\0\0\0\0")
    assert listener.debugs == ["nothing is taken on this port but heartbeats and logout"]
    assert listener.port.refused == 1


def test_a_slow_reader_whose_place_is_gone_is_told_so():
    feed = NumberedMessages(kept_bytes_max=1_000)
    port = SoupPort(SESSION, lambda _user, _password: floor_of(feed))
    client = Client(port)
    client.login()
    for _ in range(100):
        feed.append(bytes(20))
    client.read()
    assert client.debugs == ["the messages you were at are no longer kept"]
    assert port.leaving


def floor_of(feed):
    floor = quiet_floor()
    floor.feeds[VENUE] = feed
    return floor.open_feed(VENUE)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=60), st.integers(40, 400), st.integers(1, 300))
def test_numbers_stay_with_their_messages_whatever_is_forgotten(texts, kept, room):
    feed = NumberedMessages(kept_bytes_max=kept)
    for text in texts:
        feed.append(text)
    assert feed.next_number == len(texts) + 1
    for number in range(feed.first, feed.next_number):
        assert feed.message(number) == texts[number - 1]
        behind = feed.span(number, room)
        piece = feed.framed(number, behind - number)
        assert piece == b"".join(frame(text) for text in texts[number - 1 : behind - 1])
        assert behind == number + 1 or len(piece) <= room
        assert behind == feed.next_number or len(piece) + 2 + len(texts[behind - 1]) > room
    assert not feed.keeps(feed.first - 1)
    assert feed.keeps(feed.next_number)
    assert not feed.keeps(feed.next_number + 1)
