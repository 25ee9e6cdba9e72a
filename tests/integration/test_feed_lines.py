"""A recorded day published on loopback sockets, with faults, and watched: what arrives equals the file, or says it does not."""

import asyncio
import json
import socket

import pytest
from typer.testing import CliRunner

from rushtrade.app.cli import command_line
from rushtrade.gateway.feed_day import PAYLOAD_BYTES_MAX, RecordedDay
from rushtrade.gateway.feed_faults import Faults
from rushtrade.gateway.feed_server import MoldFeedServer, SoupFeedServer
from rushtrade.gateway.feed_watch import watch_mold, watch_soup
from rushtrade.market.best_series import digest
from rushtrade.market.order_books import OrderBooks
from rushtrade.wire import itch50
from rushtrade.wire.framing import frame_all

HOST = "127.0.0.1"
SPACING_NS = 50_000


def messages(count):
    for number in range(1, count + 1):
        price = 10_000 + (number * 7919) % 90
        time = 34_200_000_000_000 + number * SPACING_NS
        yield itch50.encode(itch50.AddOrder(1, 0, time, number, "BS"[number % 2], 100, "AAPL", price))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("day") / "day.itch"
    path.write_bytes(frame_all(messages(6000)))
    return path


@pytest.fixture(scope="module")
def expected(path):
    books = OrderBooks()
    books.feed(path.read_bytes())
    return digest(books)


def free_port():
    """A port with two free ones behind it."""
    while True:
        sockets = []
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                first = socket.socket(socket.AF_INET, kind)
                first.bind((HOST, sockets[0].getsockname()[1] if sockets else 0))
                sockets.append(first)
            port = sockets[0].getsockname()[1]
            for number in (1, 2):
                other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                other.bind((HOST, port + number))
                sockets.append(other)
        except OSError:
            continue
        finally:
            for each in sockets:
                each.close()
        return port


def mold(path, faults, speed=0.0, can_request=True):
    async def both():
        port, opened = free_port(), asyncio.Event()
        watching = asyncio.create_task(
            watch_mold(HOST, port, patience_s=8, can_request=can_request, opened=opened)
        )
        await opened.wait()
        published = await MoldFeedServer(RecordedDay(path), "DAY1", faults, speed=speed).run(HOST, port)
        return published, await watching

    return asyncio.run(asyncio.wait_for(both(), 40))


def soup(path, faults, clients=1):
    async def both():
        port = free_port()
        server = SoupFeedServer(RecordedDay(path), "DAY1", faults, speed=0)
        serving = asyncio.create_task(server.run(HOST, port))
        watching = [asyncio.create_task(watch_soup(HOST, port, patience_s=8)) for _ in range(clients)]
        watched = await asyncio.gather(*watching)
        return await serving, watched

    return asyncio.run(asyncio.wait_for(both(), 40))


def test_a_clean_day_arrives_whole_over_two_lines(path, expected):
    published, watched = mold(path, Faults())
    assert (watched.messages, watched.known, watched.digest, watched.ended) == (6000, True, expected, True)
    assert (watched.session, published.lost) == ("DAY1", 0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_loss_repeats_and_reordering_are_made_good(path, expected, seed):
    published, watched = mold(path, Faults(0.05, 0.01, 8, seed))
    assert (watched.known, watched.digest, watched.messages) == (True, expected, 6000)
    assert published.lost > 0
    assert watched.health.state == "closed"


def test_what_nobody_sends_again_makes_the_books_unknown(path):
    _, watched = mold(path, Faults(0.4, 0, 0, 5), can_request=False)
    assert (watched.known, watched.digest, watched.ended) == (False, "", True)
    assert watched.health.given_up + watched.messages == 6000
    assert "are missing" in watched.reason


def test_a_day_is_published_at_a_multiple_of_its_own_pace(path, expected):
    published, watched = mold(path, Faults(), speed=1.0)  # 0.3 seconds of market time
    assert watched.digest == expected
    assert published.packets > 250  # a packet holds a millisecond of the day


@pytest.mark.parametrize("faults", [Faults(), Faults(loss=0.2, seed=4)])
def test_a_cut_stream_is_resumed_where_it_was(path, expected, faults):
    published, (watched,) = soup(path, faults)
    assert (watched.known, watched.digest, watched.messages, watched.ended) == (True, expected, 6000, True)
    assert watched.logins == published.cuts + 1
    assert bool(published.cuts) == bool(faults.loss)


def test_a_line_nobody_serves_is_given_up_in_words():
    watched = asyncio.run(watch_mold(HOST, free_port(), patience_s=0.2))
    assert (watched.ended, watched.messages) == (False, 0)
    assert "silent" in watched.reason
    watched = asyncio.run(watch_soup(HOST, free_port(), patience_s=0.2))
    assert (watched.ended, watched.logins) == (False, 0)


def test_packets_fit_a_frame_and_hold_every_message_once(path):
    day = RecordedDay(path)
    first, stream = 1, b""
    while first <= len(day):
        behind = day.span(first, 1 << 62)
        payload = day.payload(first, behind - first)
        assert len(payload) <= PAYLOAD_BYTES_MAX
        stream += payload
        first = behind
    assert stream == path.read_bytes()
    assert [day.message(n) for n in (1, 6000)] == [
        m for n, m in enumerate(messages(6000), 1) if n in {1, 6000}
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "FILE", "--protocol", "http"], "is not one of mold, soup"),
        (["serve", "FILE", "--speed", "fast"], "is not 'max' or a number"),
        (["serve", "FILE", "--loss", "2"], "is not a share of packets"),
        (["serve", "FILE", "--protocol", "soup", "--reorder", "3"], "can only be cut off"),
        (["serve", "FILE", "--session", "much too long"], "is not 1 to 10 characters"),
        (["serve", "/nowhere"], "cannot read"),
        (["watch", "--protocol", "http"], "is not one of mold, soup"),
        (["counts", "/nowhere"], "cannot read"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(path, arguments, said):
    words = [str(path) if word == "FILE" else word for word in arguments]
    result = CliRunner().invoke(command_line(["feed", "itch"]), ["feed", *words, "--json"])
    assert result.exit_code == 2
    assert said in json.loads(result.stdout)["error"]


@pytest.mark.market_data
def test_the_recorded_hour_with_faults_equals_its_file(shared_data):
    name = shared_data / "itch" / "AAPL_2012-06-21_0930_1030.from_lobster.itch50.gz"
    result = CliRunner().invoke(command_line(["feed", "itch"]), ["itch", str(name), "--digest", "--json"])
    _, watched = mold(name, Faults(0.05, 0.01, 8, 7))
    assert watched.known
    assert watched.digest == json.loads(result.stdout)["digest"]


def test_a_file_whose_length_prefixes_are_empty_is_served_with_lengths(shared_data):
    day = RecordedDay(shared_data / "itch" / "ex20101224.TEST_ITCH_50.gz")
    assert len(day) == 12_012
    assert all(len(day.message(n)) == itch50.LENGTHS[day.message(n)[0]] for n in range(1, 12_013))
    assert day.payload(1, 1)[:2] == len(day.message(1)).to_bytes(2, "big")
