"""A recorded day published on loopback sockets, with faults, and watched: what arrives equals the file, or says it does not."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections import Counter

import pytest
from typer.testing import CliRunner

from rushtrade.books.best_series import digest
from rushtrade.books.order_books import OrderBooks
from rushtrade.cli.feed_watch import Watch
from rushtrade.cli.main import command_line
from rushtrade.gateway.feed_day import PAYLOAD_BYTES_MAX, recorded_day
from rushtrade.gateway.feed_faults import Faults, silence_of
from rushtrade.gateway.feed_server import Address, Publishing, publish
from rushtrade.gateway.line_address import line_at
from rushtrade.market.market_data import MarketData
from rushtrade.wire import itch50
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all
from rushtrade.wire.moldudp64 import MoldPacket, encode_packet
from support.ports import claim_ports
from support.random_streams import RandomStream
from support.waiting import COMMAND_S, PATIENCE_S

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


def play(
    paths,
    faults,
    *,
    protocol="mold",
    speed=0.0,
    options="speed=max",
    group="",
    clients=1,
    patience=PATIENCE_S,
    **how,
):
    """Serve days and watch them. Gives what was published and what every client saw of every line."""

    async def both():
        port = claim_ports(4 * len(paths))
        to = group or HOST
        lines = [
            f"{protocol}://{to}:{port + 4 * n}?{options.replace('PORT', str(port))}"
            for n in range(len(paths))
        ]
        watches = [
            Watch([line_at(line, venue, 0) for venue, line in enumerate(lines)], patience)
            for _ in range(clients)
        ]
        watching = [asyncio.create_task(watch.run()) for watch in watches]
        for watch in watches:
            await watch.opened.wait()
        where = [Address(HOST, port + 4 * n, group, HOST) for n in range(len(paths))]
        days = [recorded_day(path) for path in paths]
        published = await publish(protocol, days, where, Publishing("DAY1", faults, **how), speed)
        await asyncio.gather(*watching)
        return published, [watch.report() for watch in watches]

    return asyncio.run(asyncio.wait_for(both(), COMMAND_S))


def mold(path, faults, **how):
    (published,), ((watched,),) = play([path], faults, **how)
    return published, watched


def soup(path, faults, **how):
    (published,), watched = play([path], faults, protocol="soup", **how)
    return published, [each for (each,) in watched]


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


@pytest.mark.parametrize("seed", [1, 2])
def test_packets_cut_short_and_bytes_nobody_sent_stop_no_more_than_themselves(path, expected, seed):
    published, watched = mold(path, Faults(seed=seed, truncated=0.1, garbage=0.1))
    assert (watched.known, watched.digest, watched.messages) == (True, expected, 6000)
    assert 0 < watched.health.malformed <= published.truncated + published.garbage


def test_what_nobody_sends_again_is_made_good_by_an_image(path, expected):
    published, watched = mold(path, Faults(0.4, 0, 0, 5), requests=False)
    assert (watched.known, watched.digest, watched.ended) == (True, expected, True)
    assert watched.rebuilds == watched.health.images == published.images > 0
    assert watched.health.given_up + watched.messages == 6000
    assert watched.health.state == "closed"


def test_what_nobody_has_any_more_makes_the_books_unknown(path):
    _, watched = mold(path, Faults(0.4, 0, 0, 5), options="speed=max&requests=none&images=none")
    assert (watched.known, watched.digest, watched.ended) == (False, "", True)
    assert watched.health.state == "gap"
    assert "nobody can be asked" in watched.health.reason
    assert watched.health.given_up + watched.messages == 6000
    assert "are missing" in watched.reason


@pytest.mark.parametrize("way", ["", "@A"])
def test_silence_is_survived_and_on_one_way_unseen(path, expected, way):
    published, watched = mold(path, Faults(silences=(silence_of(f"0:0.2{way}"),)), speed=1.0)
    assert published.silenced > 0
    assert (watched.known, watched.digest) == (True, expected)
    assert bool(watched.health.requests) == (way == "")


def test_a_line_that_is_silent_throughout_is_stale_at_once(path):
    _, watched = mold(path, Faults(silences=(silence_of("0:100000"),)), patience=3.0)
    assert (watched.known, watched.messages, watched.ended) == (True, 0, False)
    assert watched.states == [("stale", 1)]


def test_days_of_several_venues_are_served_side_by_side(path, expected, tmp_path):
    other = tmp_path / "other.itch"
    other.write_bytes(frame_all(messages(3000)))
    published, ((first, second),) = play([path, other], Faults(0.05, 0.01, 8))
    assert [each.messages for each in published] == [6000, 3000]
    assert (first.digest, first.health.venue) == (expected, 0)
    assert (second.messages, second.known, second.health.venue) == (3000, True, 1)


def test_a_day_is_published_to_a_multicast_group(path, expected):
    asked = "speed=max&interface=127.0.0.1&requests=127.0.0.1:PORT".replace("PORT", "1")
    _, watched = mold(path, Faults(0.02, 0, 8), group="239.77.77.1", options=asked)
    assert watched.digest in {expected, ""}  # requests go nowhere here: what both ways lost stays lost
    assert watched.known == (watched.health.given_up == 0)
    assert watched.ended


def test_a_day_is_published_at_a_multiple_of_its_own_pace(path, expected):
    published, watched = mold(path, Faults(), speed=1.0, options="speed=1")  # 0.3 seconds of market time
    assert watched.digest == expected
    assert published.packets > 250  # a packet holds a millisecond of the day
    assert watched.health.lag_ns >= 0


@pytest.mark.parametrize(
    "faults", [Faults(), Faults(loss=0.2, seed=4), Faults(truncated=0.2, garbage=0.2, seed=5)]
)
def test_a_cut_stream_is_resumed_where_it_was(path, expected, faults):
    published, (watched,) = soup(path, faults)
    assert (watched.known, watched.digest, watched.messages, watched.ended) == (True, expected, 6000, True)
    assert watched.health.connections >= published.clients
    assert (published.clients > 1) == bool(faults.loss or faults.truncated)


def test_a_stream_is_served_to_several_clients(path, expected):
    _, watched = soup(path, Faults(), clients=3, speed=1.0)
    assert [each.digest for each in watched] == [expected] * 3


@pytest.mark.parametrize("protocol", ["mold", "soup"])
def test_a_line_nobody_serves_is_given_up_in_words(protocol):
    watch = Watch([line_at(f"{protocol}://{HOST}:{claim_ports()}", 0, 0)], 2.0)
    asyncio.run(watch.run())
    (watched,) = watch.report()
    assert (watched.ended, watched.messages) == (False, 0)
    assert ("nothing was heard" if protocol == "mold" else "refused") in watched.reason


def test_a_recorded_file_is_a_line_too(path, expected):
    for options in ("speed=max", "speed=2"):
        watch = Watch([line_at(f"file:{path}?{options}", 3, 0)], PATIENCE_S)
        asyncio.run(watch.run())
        (watched,) = watch.report()
        assert (watched.digest, watched.ended, watched.health.state) == (expected, True, "closed")
        assert watched.health.venue == 3


@pytest.fixture(scope="module")
def believable(tmp_path_factory):
    """A generated day of all kinds of messages over five stocks, and the digest of its books."""
    source = RandomStream(11)
    stream = frame_all(source.directory() + [source.message() for _ in range(8000)])
    path = tmp_path_factory.mktemp("believable") / "day.itch"
    path.write_bytes(stream)
    books = OrderBooks()
    books.feed(stream)
    return path, digest(books)


FAULTS = [
    Faults(loss=0.05, duplicates=0.01, reorder=8, seed=21),
    Faults(truncated=0.05, garbage=0.05, seed=22),
    Faults(silences=(silence_of("0:0.3"),), seed=23),
    Faults(0.05, 0.01, 8, 24, 0.02, 0.02, (silence_of("0.02:0.3@A"),)),
]
SPEED = 16.0
"""The eight seconds of the day take half a second: long enough to be silent in, however fast the machine."""


@pytest.mark.parametrize("faults", FAULTS)
@pytest.mark.parametrize("requests", [True, False])
def test_a_generated_day_with_every_fault_equals_its_file(believable, faults, requests):
    path, reference = believable
    published, watched = mold(path, faults, requests=requests, speed=SPEED)
    assert (watched.known, watched.digest, watched.ended) == (True, reference, True)
    assert (watched.rebuilds > 0) == (watched.health.given_up > 0)
    assert published.lost + published.silenced + published.truncated + published.garbage > 0


@pytest.mark.parametrize(
    ("protocol", "faults"), [("mold", FAULTS[0]), ("mold", FAULTS[3]), ("soup", Faults(0.1, seed=3))]
)
def test_the_consolidated_market_over_a_faulty_line_is_that_of_the_file(believable, protocol, faults):
    path, _ = believable
    day = recorded_day(path)
    symbols = {number: f"S{number}" for number in range(1, 6)}
    whole, lined = MarketData(symbols, ["X"]), MarketData(symbols, ["X"])
    for market in (whole, lined):
        market.open_day(0)
    whole.receive(FeedPacket(0, 1, len(day), day.payload(1, len(day))))

    async def follow(line, opened):
        await line.open()
        opened.set()
        now = time.time_ns()
        while not line.health(now).ended:
            now = time.time_ns()
            for packet in line.drain(now):
                lined.receive(packet)
            if (image := line.image()) is not None:
                assert lined.rebuild(image.venue, image.sequence, image.payload)
            await asyncio.sleep(0.005)
        await line.close()

    async def both():
        port = claim_ports()
        opened = asyncio.Event()
        line = line_at(f"{protocol}://{HOST}:{port}?speed=max", 0, 0)
        following = asyncio.create_task(follow(line, opened))
        await opened.wait()
        how = Publishing("DAY1", faults, requests=False)
        await asyncio.gather(publish(protocol, [day], [Address(HOST, port)], how, 0.0), following)

    asyncio.run(asyncio.wait_for(both(), COMMAND_S))
    assert [state.state for state in lined.line_states()] == [state.state for state in whole.line_states()]
    for instrument in symbols:
        assert lined.montage(instrument, 50) == whole.montage(instrument, 50)


def test_a_gap_is_seen_within_a_second(path):
    """Numbers that never come again are a hole with the first packet behind it, and a gap within a second."""
    port = claim_ports()
    line = line_at(f"mold://{HOST}:{port}?images=none", 0, 0)
    asyncio.run(line.open())
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    day = recorded_day(path)
    for first in (1, 30):
        packet = encode_packet(MoldPacket("DAY1", first, 10, day.payload(first, 10)))
        out.sendto(packet, (HOST, port))
    begun = time.time_ns()
    line.drain(begun)
    assert line.health(begun).state == "recovering"
    assert line.health(begun).missing == 19
    now = begun
    while line.health(now).state != "gap":
        now += 20_000_000
        line.drain(now)
    assert now - begun < 1_000_000_000
    asyncio.run(line.close())
    out.close()


def test_the_commands_serve_and_watch_several_venues(path, expected, tmp_path):
    port = claim_ports(8)
    program = [sys.executable, "-c", "from rushtrade.cli.main import main; main()", "feed"]
    watching = subprocess.Popen(
        [*program, "watch", "--venues", "2", "--port", str(port), "--patience", str(COMMAND_S), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        health = json.loads(watching.stderr.readline())  # the lines are open
        assert [line["state"] for line in health["lines"]] == ["stale", "stale"]
        serving = subprocess.run(
            [*program, "serve", str(path), str(path), "--port", str(port), "--speed", "max", "--loss", "0.05",
             "--dup", "0.01", "--reorder", "8", "--json"],
            capture_output=True, text=True, timeout=COMMAND_S, check=True,
        )  # fmt: skip
        answer, _ = watching.communicate(timeout=PATIENCE_S)
    finally:
        watching.kill()
        watching.wait()
    assert [each["messages"] for each in json.loads(serving.stdout)["venues"]] == [6000, 6000]
    venues = json.loads(answer)["venues"]
    assert [(each["known"], each["digest"]) for each in venues] == [(True, expected)] * 2
    assert watching.returncode == 0


def test_a_watch_that_is_interrupted_says_what_it_saw():
    program = [sys.executable, "-c", "from rushtrade.cli.main import main; main()", "feed", "watch"]
    watching = subprocess.Popen(
        [*program, "--port", str(claim_ports()), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  - tests in the background have it ignored
    )  # fmt: skip
    try:
        assert watching.stderr.readline()
        watching.send_signal(signal.SIGINT)
        answer, _ = watching.communicate(timeout=PATIENCE_S)
    finally:
        watching.kill()
        watching.wait()
    assert watching.returncode == 130
    assert json.loads(answer)["reason"] == "nothing was heard yet"


def test_an_answer_in_words_leaves_instants_to_machines(path):
    words = ["feed", "watch", f"file:{path}?speed=max&name=day"]
    result = CliRunner().invoke(command_line(["feed"]), words)
    assert result.exit_code == 0, result.output
    assert "messages: 6,000" in result.stdout
    assert "health: name day, kind file, state closed" in result.stdout
    assert "_ns" not in result.stdout


def test_a_day_dealt_over_venues_is_the_same_day_in_pieces(believable):
    path, _ = believable
    day = recorded_day(path)
    whole, pieces = OrderBooks(), []
    whole.feed(day.payload(1, len(day)))
    days = day.dealt(4)
    for dealt in days:
        books = OrderBooks()
        books.feed(dealt.payload(1, len(dealt)))
        assert dealt.times.tolist() == sorted(dealt.times.tolist())
        assert books.orders > whole.orders // 8
        pieces.append(books)
    assert sum(books.orders for books in pieces) == whole.orders
    counts = whole.counts()
    for letter, count in counts.items():
        dealt = [books.counts().get(letter, 0) for books in pieces]
        assert sum(dealt) == count * (4 if letter in "SRH" else 1), letter
    for locate in whole.directory().values():
        for side in (0, 1):
            levels = Counter()
            for books in pieces:
                for level in books.depth(locate, side, 10_000):
                    levels[level.price] += level.shares
            assert levels == {level.price: level.shares for level in whole.depth(locate, side, 10_000)}
    assert len(day.dealt(1)[0]) == len(day)


def test_packets_fit_a_frame_and_hold_every_message_once(path):
    day = recorded_day(path)
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
        (["serve", "FILE", "--silence", "5"], "is not BEGIN:END seconds"),
        (["serve", "FILE", "--multicast", "10.0.0.1"], "is no group"),
        (["serve", "FILE", "FILE", "--port", "65530"], "leaves too few ports"),
        (["serve", "FILE", "FILE", "--venues", "3"], "deals one file over venues"),
        (["watch", "ftp://there:1"], "begins with none of"),
        (["watch", "mold://there"], "is not HOST:PORT"),
        (["watch", "mold://127.0.0.1:1?colour=red"], "is none of name, interface"),
        (["watch", "--date", "yesterday"], "is not a date"),
        (["watch", "file:/nowhere"], "cannot read"),
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


@pytest.mark.market_data
def test_the_recorded_hour_over_ways_that_lose_what_nobody_sends_again_equals_its_file(shared_data):
    name = shared_data / "itch" / "AAPL_2012-06-21_0930_1030.from_lobster.itch50.gz"
    books = OrderBooks()
    day = recorded_day(name)
    books.feed(day.payload(1, len(day)))
    _, watched = mold(name, Faults(0.05, 0.01, 8, 3, 0.01, 0.01), requests=False)
    assert watched.rebuilds > 0
    assert watched.digest == digest(books)


def test_a_file_whose_length_prefixes_are_empty_is_served_with_lengths(shared_data):
    day = recorded_day(shared_data / "itch" / "ex20101224.TEST_ITCH_50.gz")
    assert len(day) == 12_012
    assert all(len(day.message(n)) == itch50.LENGTHS[day.message(n)[0]] for n in range(1, 12_013))
    assert day.payload(1, 1)[:2] == len(day.message(1)).to_bytes(2, "big")


@pytest.mark.market_data
def test_a_capture_of_a_line_is_a_day_too(shared_data):
    folder = shared_data / "pcap" / "nasdaq_totalview_itch50"
    many = recorded_day(next(iter(folder.glob("session_Multiple.Packets*"))))
    assert len(many) >= 38
    for path in sorted(folder.glob("*.pcap")):
        day = recorded_day(path)
        assert len(day) > 0
        assert all(len(day.message(n)) == itch50.LENGTHS[day.message(n)[0]] for n in range(1, len(day) + 1))
