"""Lines over real sockets, one step at a time: sessions that change, streams that break, images that come late, and the lag of a replay."""

import asyncio
import socket
import threading
import time

import pytest

from rushtrade.domain.errors import InvalidInput
from rushtrade.gateway.datagram_ring import BATCH_PACKETS, DatagramRing, is_multicast, listening_socket
from rushtrade.gateway.file_line import FileLine
from rushtrade.gateway.line import SECOND_NS, STALE_NS, Rate, SourceClock
from rushtrade.gateway.line_address import line_at
from rushtrade.gateway.mold_line import MoldAddress, MoldLine
from rushtrade.gateway.soup_line import RETRY_NS_MIN, SoupAddress, SoupLine
from rushtrade.gateway.stream_socket import StreamSocket
from rushtrade.wire import itch50
from rushtrade.wire.errors import MalformedError, UnencodableError, WireError
from rushtrade.wire.framing import frame_all
from rushtrade.wire.glimpse import decode_snapshot, encode_snapshot
from rushtrade.wire.moldudp64 import END_OF_SESSION, MoldPacket, encode_packet
from rushtrade.wire.soupbintcp import LoginRequested, SoupServer
from support.ports import claim_ports
from support.waiting import PATIENCE_S

HOST = "127.0.0.1"
MIDNIGHT = 1_000_000 * SECOND_NS


def message(number):
    return itch50.encode(itch50.AddOrder(1, 0, number * SECOND_NS, number, "B", 100, "AAPL", 10_000))


def packet(first, count=1, session="DAY1"):
    payload = frame_all(message(number) for number in range(first, first + count))
    return encode_packet(MoldPacket(session, first, count, payload))


class Mold:
    """A line with its two ways, and a socket to send to them."""

    def __init__(self, *, batched=True, images=None, clock=None):
        first = claim_ports(2)
        self.ports = [first, first + 1]
        address = MoldAddress(tuple((HOST, port) for port in self.ports), images=images)
        self.line = MoldLine(5, "test", address, clock, batched=batched)
        asyncio.run(self.line.open())
        self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send(self, data, way=0):
        self.out.sendto(data, (HOST, self.ports[way]))

    def close(self):
        asyncio.run(self.line.close())
        self.out.close()


@pytest.fixture
def mold():
    made = []

    def make(**options):
        made.append(Mold(**options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def numbers(packets):
    return [(each.sequence, each.count) for each in packets]


@pytest.mark.parametrize("batched", [True, False])
def test_two_ways_are_one_line_joined_into_one_packet(mold, batched):
    ways = mold(batched=batched)
    for data, way in [(packet(1, 2), 0), (packet(1, 2), 1), (packet(5, 2), 0), (packet(3, 2), 1)]:
        ways.send(data, way)
    given = ways.line.drain(MIDNIGHT)
    assert numbers(given) == [(1, 6)]
    assert given[0].payload == frame_all(message(number) for number in range(1, 7))
    assert given[0].venue == 5
    health = ways.line.health(MIDNIGHT)
    assert (health.state, health.next_number, health.messages) == ("live", 7, 6)
    assert (health.packets, health.repeats, health.missing) == ({"A": 2, "B": 2}, 1, 0)
    assert ways.line.drain(MIDNIGHT + 1) == []


@pytest.mark.parametrize("batched", [True, False])
def test_any_number_of_datagrams_of_any_size_is_taken(batched):
    ring = DatagramRing(batched=batched)
    assert ring.batched == batched
    receiving, sending = listening_socket(HOST, 0), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sent = [bytes([n % 251]) * (n * 37 % 3000) for n in range(BATCH_PACKETS + 3)] + [bytes(65_000)]
    got = []
    for start in range(0, len(sent), 50):
        for data in sent[start : start + 50]:
            sending.sendto(data, receiving.getsockname())
        while count := ring.receive(receiving):
            got += [ring.datagram(place) for place in range(count)]
    assert got == sent
    receiving.close()
    sending.close()
    assert ring.receive(receiving) == 0


def test_states_follow_what_is_heard(mold):
    ways = mold()
    line, now = ways.line, MIDNIGHT
    assert line.drain(now) == []
    assert line.health(now).state == "stale"
    ways.send(packet(1))
    line.drain(now)
    assert line.health(now).state == "live"
    assert line.health(now + STALE_NS).state == "stale"
    assert line.health(now + STALE_NS).since_ns == now + STALE_NS
    ways.send(packet(4))
    assert line.drain(now) == []
    health = line.health(now)
    assert (health.state, health.missing, health.gap_since_ns) == ("recovering", 2, now)
    assert health.reason == "messages 2 to 3 are missing"
    given = []
    while line.health(now).state == "recovering":
        now += 20_000_000
        given += line.drain(now)
    assert numbers(given) == [(4, 1)]
    health = line.health(now)
    assert (health.state, health.given_up, now - health.gap_since_ns < SECOND_NS) == ("gap", 2, True)
    assert "nobody can be asked for a book image" in health.reason
    ways.send(encode_packet(MoldPacket("DAY1", 5, END_OF_SESSION, b"")))
    line.drain(now)
    assert line.health(now).ended
    assert line.health(now).state == "gap"


def test_bytes_nobody_sent_and_other_sessions_are_counted(mold):
    ways = mold()
    ways.send(packet(1))
    for data in (b"", b"short", packet(2)[:-1], packet(2) + b"x", packet(7, 1, "OTHER")):
        ways.send(data)
    assert numbers(ways.line.drain(MIDNIGHT)) == [(1, 1)]
    health = ways.line.health(MIDNIGHT)
    assert (health.malformed, health.foreign, health.state) == (4, 1, "live")


def test_a_way_that_is_silent_is_named_while_the_line_is_live(mold):
    ways = mold()
    ways.send(packet(1), 0)
    ways.send(packet(1), 1)
    ways.line.drain(MIDNIGHT)
    assert ways.line.health(MIDNIGHT).quiet_ways == ()
    later = MIDNIGHT + STALE_NS
    ways.send(packet(2), 1)
    ways.line.drain(later)
    health = ways.line.health(later)
    assert (health.state, health.quiet_ways) == ("live", ("A",))
    assert ways.line.health(later + STALE_NS).quiet_ways == (), "a silent line is stale as a whole"


def test_a_new_session_is_followed_when_the_old_one_is_silent(mold):
    ways = mold()
    line = ways.line
    ways.send(packet(1, 3))
    line.drain(MIDNIGHT)
    for _ in range(4):
        ways.send(packet(1, 1, "DAY2"))
    assert line.drain(MIDNIGHT + 1) == []
    later = MIDNIGHT + STALE_NS + 1
    line.drain(later)
    ways.send(packet(1, 2, "DAY2"))
    assert numbers(line.drain(later)) == [(1, 2)]
    health = line.health(later)
    assert (health.session, health.state) == ("DAY2", "gap")
    assert "session DAY1 was followed by another one" in health.reason


class Server:
    """A SoupBinTCP server for one connection after the other: each is answered by the next of `answers`."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.logins = []
        self._socket = socket.create_server((HOST, 0))
        self.address = self._socket.getsockname()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        for answer in self._answers:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(PATIENCE_S)
                session, event = SoupServer(), None
                while event is None:
                    session.receive_data(connection.recv(1000))
                    event = session.next_event()
                assert isinstance(event, LoginRequested)
                self.logins.append((event.session, event.sequence))
                connection.sendall(answer(session, event))

    def close(self):
        self._socket.close()
        self._thread.join(PATIENCE_S)


def sends(first, last, session="DAY1", tail=b""):
    """Answer with messages of a range."""

    def answer(soup, _):
        return (
            soup.accept(session, first)
            + b"".join(soup.send(message(n)) for n in range(first, last + 1))
            + tail
        )

    return answer


def image_of(*, number, messages=3):
    """Answer with an image."""

    def answer(soup, _):
        data = soup.accept("IMAGE", 1) + b"".join(soup.send(message(n)) for n in range(1, messages + 1))
        return data + soup.send(encode_snapshot(number)) + soup.end_session()

    return answer


def drained(line, until):
    """Drain until something holds. The line's time goes twice as fast as ours: what waits for a server may not run ahead of it."""
    begun, given = time.monotonic_ns(), []
    while (passed := time.monotonic_ns() - begun) < PATIENCE_S * SECOND_NS:
        now = MIDNIGHT + 2 * passed
        given += line.drain(now)
        if until(line.health(now), given):
            return now, given
        time.sleep(0.005)
    raise AssertionError(line.health(now))


def test_an_image_too_old_is_fetched_again(mold):
    server = Server(image_of(number=2), image_of(number=6))
    ways = mold(images=server.address)
    ways.send(packet(1))
    ways.line.drain(MIDNIGHT)
    ways.send(packet(5))
    now, _ = drained(ways.line, lambda health, _: health.images == 2)
    image = ways.line.image()
    assert (image.venue, image.sequence, len(image.payload)) == (5, 6, 3 * 38)
    assert ways.line.image() is None
    assert ways.line.health(now).state == "live"
    server.close()


def test_books_lost_on_a_good_line_are_rebuilt_when_asked(mold):
    server = Server(image_of(number=2))
    ways = mold(images=server.address)
    ways.send(packet(1))
    ways.line.drain(MIDNIGHT)
    ways.line.ask_image("a message nobody can read")
    assert ways.line.health(MIDNIGHT).reason == "a message nobody can read"
    drained(ways.line, lambda health, _: health.images == 1)
    assert ways.line.image().sequence == 2
    server.close()


@pytest.fixture
def soup():
    made = []

    def make(server, images=None):
        line = SoupLine(2, "test", SoupAddress(server.address, "user", "word", images))
        asyncio.run(line.open())
        made.append((line, server))
        return line

    yield make
    for line, server in made:
        asyncio.run(line.close())
        server.close()


def test_a_stream_that_breaks_is_resumed_from_the_next_number(soup):
    end = SoupServer().end_session()
    server = Server(sends(1, 3), sends(4, 5, tail=b"\0\0\0"), sends(6, 6, tail=end))
    line = soup(server)
    _, given = drained(line, lambda health, _: health.ended)
    assert sum(each.count for each in given) == 6
    assert server.logins == [("", 1), ("DAY1", 4), ("DAY1", 6)]
    health = line.health(MIDNIGHT)
    assert (health.state, health.connections, health.given_up) == ("closed", 3, 0)


def test_a_message_nobody_can_read_is_passed_over_after_three_logins(soup):
    def broken(session, login):
        first = b"".join(session.send(message(n)) for n in range(login.sequence, 3))
        return (
            session.accept("DAY1", login.sequence)
            + first
            + session.send(b"Znonsense")
            + session.send(message(4))
        )

    images = Server(image_of(number=4))
    server = Server(broken, broken, broken, sends(4, 4, tail=SoupServer().end_session()))
    line = soup(server, images.address)
    _, given = drained(line, lambda health, _: health.ended)
    assert numbers(given) == [(1, 2), (4, 1)]
    health = line.health(MIDNIGHT)
    assert (health.malformed, health.given_up, health.images, health.state) == (3, 1, 1, "closed")
    assert line.image().sequence == 4
    images.close()


def test_a_server_that_does_not_keep_the_beginning_leaves_a_gap(soup):
    line = soup(Server(sends(11, 12)))
    now, given = drained(line, lambda _, given: given)
    assert numbers(given) == [(11, 2)]
    health = line.health(now)
    assert (health.state, health.given_up) == ("gap", 10)
    assert "messages 1 to 10 are not kept by the server" in health.reason


def test_a_session_that_is_over_is_followed_by_the_next(soup):
    server = Server(sends(1, 2), lambda session, _: session.reject("S"), sends(1, 1, "DAY2"))
    line = soup(server)
    now, given = drained(line, lambda _, given: len(given) == 2)
    assert server.logins == [("", 1), ("DAY1", 3), ("", 1)]
    assert numbers(given) == [(1, 2), (1, 1)]
    assert (line.health(now).session, line.health(now).state) == ("DAY2", "gap")


def test_a_login_that_is_rejected_is_tried_again_later_and_later(soup):
    server = Server(*[lambda session, _: session.reject("A")] * 3)
    line = soup(server)
    now, _ = drained(line, lambda health, _: health.connections == 3 and "rejected" in health.reason)
    assert line.health(now).state == "recovering"
    assert now - MIDNIGHT >= RETRY_NS_MIN + 2 * RETRY_NS_MIN, "each pause is twice the last one"


def test_nobody_there_is_said_in_words(soup):
    server = Server()
    server.close()
    line = soup(server)
    now, _ = drained(line, lambda health, _: "refused" in health.reason)
    assert line.health(now).reason == f"Connection refused: TCP {HOST}:{server.address[1]}"


def test_a_connection_holds_no_more_than_it_may():
    server = Server()
    connection = StreamSocket(server.address)
    with pytest.raises(OSError, match="does not read"):
        connection.send(bytes(1 << 17))
    connection.close()
    server.close()


def test_the_lag_of_a_live_line_is_that_of_its_clock(mold):
    ways = mold(clock=SourceClock(MIDNIGHT))
    ways.send(packet(3))
    ways.send(packet(1, 2))
    ways.line.drain(MIDNIGHT + 5 * SECOND_NS)
    health = ways.line.health(MIDNIGHT + 5 * SECOND_NS)
    assert (health.lag_ns, health.source_ns) == (2 * SECOND_NS, MIDNIGHT + 3 * SECOND_NS)


def test_the_lag_of_a_replay_is_measured_by_the_message_that_came_soonest():
    clock = SourceClock(MIDNIGHT, 10.0)
    lags = []
    for came, said in [(100.0, 1000), (101.0, 1010), (102.5, 1020), (103.0, 1030), (104.0, 1050)]:
        clock.note(int(came * SECOND_NS), said * SECOND_NS)
        lags.append(clock.lag_ns / SECOND_NS)
    assert lags == [0.0, 0.0, 0.5, 0.0, 0.0]
    clock.note(105 * SECOND_NS, 1050 * SECOND_NS)
    assert clock.lag_ns == SECOND_NS
    clock.note(200 * SECOND_NS, 1060 * SECOND_NS)
    assert clock.lag_ns == 0, "a publisher that was paused is not late for ever"
    without = SourceClock(MIDNIGHT, 0)
    without.note(5, 7)
    assert (without.lag_ns, without.source_ns) == (None, MIDNIGHT + 7)


def test_a_rate_is_that_of_the_last_whole_second():
    rate = Rate()
    rate.note(10 * SECOND_NS, 5)
    rate.note(10 * SECOND_NS + 1, 2)
    assert [rate.at(10 * SECOND_NS + 2), rate.at(11 * SECOND_NS), rate.at(12 * SECOND_NS)] == [0, 7, 0]


def test_a_file_is_a_line_at_its_own_pace(tmp_path):
    path = tmp_path / "day.itch"
    path.write_bytes(frame_all(map(message, range(1, 11))))
    line = FileLine(1, "file", path, 2.0, MIDNIGHT)
    asyncio.run(line.open())
    assert numbers(line.drain(50)) == [(1, 1)]
    assert numbers(line.drain(50 + SECOND_NS)) == [(2, 2)]
    assert line.health(50 + SECOND_NS).source_ns == MIDNIGHT + 3 * SECOND_NS
    assert numbers(line.drain(50 + 60 * SECOND_NS)) == [(4, 7)]
    assert line.health(50 + 60 * SECOND_NS).ended
    assert line.drain(1 << 60) == []


def test_a_file_that_stops_making_sense_ends_in_a_gap(tmp_path):
    path = tmp_path / "day.itch"
    path.write_bytes(frame_all([message(1), message(2)]) + b"\0\5wrong")
    line = FileLine(1, "file", path, 0.0)
    asyncio.run(line.open())
    assert numbers(line.drain(1)) == [(1, 2)]
    health = line.health(1)
    assert (health.state, health.ended, health.malformed) == ("gap", True, 1)
    assert "unknown message type" in health.reason


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mold://127.0.0.1:0", "is not HOST:PORT"),
        ("mold://127.0.0.1:65533", "is not HOST:PORT"),
        ("mold://127.0.0.1:1?speed=0", "is not 'max' or a number"),
        ("mold://127.0.0.1:1?a=none&b=none", "needs a way to come on"),
        ("mold://127.0.0.1:1?images=there", "images=there"),
        ("soup://127.0.0.1:1?requests=none", "is none of name, images"),
        ("http://127.0.0.1:1", "begins with none of"),
    ],
)
def test_an_address_that_is_none_is_refused(address, said):
    with pytest.raises(InvalidInput, match=said):
        line_at(address, 0, 0)


def test_addresses_name_lines(tmp_path):
    line = line_at("mold://239.1.2.3:100?interface=127.0.0.1&b=239.1.2.4:100&images=h:1&name=X", 4, 0)
    assert (line.venue, line.name) == (4, "X")
    assert line._address == MoldAddress((("239.1.2.3", 100), ("239.1.2.4", 100)), "127.0.0.1", None, ("h", 1))
    assert line_at("mold://10.0.0.1:100", 0, 0)._address.requests == ("10.0.0.1", 102)
    assert line_at("soup://h:5?user=me&password=it", 1, 0)._address == SoupAddress(
        ("h", 5), "me", "it", ("h", 8)
    )
    (tmp_path / "some day.itch").write_bytes(b"\0\x0cS" + bytes(11))
    assert line_at(f"file:{tmp_path}/some%20day.itch?speed=max", 1, 0)._path.name == "some day.itch"
    assert [is_multicast(host) for host in ("224.0.0.1", "239.9.9.9", "240.0.0.1", "exchange")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_port_that_is_taken_is_refused_with_its_address():
    with listening_socket(HOST, 0) as taken, pytest.raises(OSError, match=f"UDP {HOST}:"):
        listening_socket(HOST, taken.getsockname()[1])


@pytest.mark.parametrize(
    "text", [b"", b"G", b"G" + b" " * 20, b"G" + b"x" * 20, b"G" + b"0".rjust(20), b"H" + b"1" * 20]
)
def test_an_end_of_snapshot_that_is_none_is_refused(text):
    with pytest.raises(MalformedError):
        decode_snapshot(text)


def test_an_end_of_snapshot_says_its_number():
    assert decode_snapshot(encode_snapshot(42)) == 42
    assert len(encode_snapshot(1)) == 21
    for number in (0, 10**20):
        with pytest.raises(UnencodableError):
            encode_snapshot(number)
    assert issubclass(MalformedError, WireError)
