"""`rushtrade exchange up`: exchanges in another process, traded with and listened to by their own protocols."""

import json
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from rushtrade.books.book_image import ImageBooks
from rushtrade.floor.port_table import VENUE_PORTS, ports_of
from rushtrade.rules.world_file import load_world
from rushtrade.wire import ouch50 as ouch
from rushtrade.wire import soupbintcp as soup
from rushtrade.wire.fix42_store import MemoryStore
from rushtrade.wire.framing import frame_all
from rushtrade.wire.glimpse import decode_snapshot
from rushtrade.wire.moldudp64 import MoldRequest, decode_packet, encode_request
from support.exchange_process import Exchanges, FixConnection, SoupConnection
from support.itch_pieces import generated
from support.ports import claim_ports
from support.waiting import COMMAND_S, PATIENCE_S

RESET = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
"""The connection is reset when it is closed, as when its process dies."""
COMMAND = Path(sys.executable).with_name("rushtrade")


@pytest.fixture(scope="module")
def exchanges():
    running = Exchanges("--venue", "NASDAQ,ARCA", "--seed", "3", "--session", "RUSHTRADE")
    yield running
    code, words = running.end()
    assert code == 0, words
    assert words.startswith("ended; connections: ")


CLOSE = next(row.price for row in load_world("us-2026").symbols if row.symbol == "AAPL")
TAKING = CLOSE * 102 // 10_000 * 100
"""Above every offer, and within the price bands of the morning."""


def buy(number, shares=100, price=10_000, time="0"):
    """An intermarket sweep: what other venues show is no hindrance."""
    return ouch.EnterOrder(number, "B", shares, "AAPL", price, time, "Y", "A", "Y", "N", f"T{number}")


def test_an_order_is_entered_executed_and_cancelled_over_ouch(exchanges):
    line = SoupConnection(exchanges.venues["NASDAQ"]["ouch"], "TRADER")
    assert line.opened() == soup.LoginAccepted("RUSHTRADE", 1)
    line.say(buy(1))
    assert [said.type for said in line.hear("A")] == ["S", "A"]
    line.say(ouch.CancelOrder(1, 0))
    (canceled,) = line.hear("C")
    assert (canceled.user_ref_num, canceled.quantity, canceled.reason) == (1, 100, "U")
    line.say(buy(2, 50, TAKING, "3"))
    said = line.hear("E", "C", "J")
    assert [each.type for each in said] == ["A", "E"], "a bid above the offers takes from the generated book"
    assert said[1].liquidity == "R"
    line.close()


def test_a_killed_client_comes_back_to_where_it_was_and_nothing_executes_twice(exchanges):
    port = exchanges.venues["ARCA"]["ouch"]
    line = SoupConnection(port, "KILLED")
    line.opened()
    orders = [buy(number, 10, TAKING, "3") for number in range(1, 21)]
    for order in orders:
        line.say(order)
    first = line.hear("E")
    line.socket.setsockopt(*RESET)
    line.close()  # in the middle of it: what else was answered was not read
    again = SoupConnection(port, "KILLED", "RUSHTRADE", line.soup.next_sequence)
    assert again.opened() == soup.LoginAccepted("RUSHTRADE", line.soup.next_sequence)
    for order in orders:
        again.say(order)
    again.say(ouch.AccountQuery())
    rest = again.hear("Q")
    assert rest[-1].next_user_ref_num == 21
    executed = {}
    for said in [*first, *rest]:
        if said.type == "E":
            executed[said.user_ref_num] = executed.get(said.user_ref_num, 0) + said.quantity
    assert executed == dict.fromkeys(range(1, 21), 10)
    again.close()


def test_an_order_is_entered_and_executed_over_fix_and_goes_on_after_a_kill(exchanges):
    venue, store = exchanges.venues["NASDAQ"], MemoryStore()
    line = FixConnection(venue["fix"], store, "XNAS", "FIXER")
    line.say(
        "D",
        *((11, "A"), (18, "f"), (21, "1"), (55, "AAPL"), (54, "1"), (38, "50"), (40, "2")),
        *((44, f"{TAKING / 10_000:.2f}"), (59, "3")),
    )
    said = line.hear(lambda message: message.get(39) in {"2", "4", "8"})
    assert said[0].get(150) == "0"
    assert sum(message.number(32) or 0 for message in said) == said[-1].number(14) == 50
    resting = ((11, "B"), (21, "1"), (55, "AAPL"), (54, "1"), (38, "50"), (40, "2"), (44, "1.00"))
    line.say("D", *resting)
    line.socket.setsockopt(*RESET)
    line.close()  # the answer to the second order was not read
    again = FixConnection(venue["fix"], store, "XNAS", "FIXER")
    again.say("D", (97, "Y"), *resting)
    answers = again.hear(lambda message: message.get(11) == "B")
    again.say("F", (11, "C"), (41, "B"), (55, "AAPL"), (54, "1"))
    answers += again.hear(lambda message: message.get(11) == "C")
    assert answers[-1].get(39) == "4"
    assert sum(message.get(150) == "0" and message.get(20) == "0" for message in answers) == 1
    again.close()


def test_the_feed_makes_the_books_the_exchange_says_it_has(exchanges):
    venue = exchanges.venues["NASDAQ"]
    books = SoupConnection(venue["glimpse"])
    image = [
        event.message for event in books.events(lambda event: isinstance(event, soup.SessionEnded))[1:-1]
    ]
    behind = decode_snapshot(image.pop())
    feed = SoupConnection(venue["itch_soup"])
    heard = feed.events(lambda event: isinstance(event, soup.Sequenced) and event.sequence == behind - 1)
    heard = [event.message for event in heard[1:]]
    assert len(heard) == behind - 1 > 100
    assert resting(frame_all(heard)) == resting(frame_all(image))
    assert requested(venue, 1, 30) == heard[:30]
    for line in (books, feed):
        line.close()


def resting(framed):
    """Every order that rests, in its queue's order."""
    books = ImageBooks()
    books.feed(framed)
    image, found, at = books.image(), [], 0
    while at < len(image):
        size = image[at] << 8 | image[at + 1]
        message = image[at + 2 : at + 2 + size]
        if message[:1] in b"AF":
            found.append((message[1:3], message[11:36]))
        at += 2 + size
    assert len(found) > 50
    return found


def requested(venue, first, count):
    """Messages asked for again of the retransmission server."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.settimeout(PATIENCE_S)
        asked.bind(("127.0.0.1", 0))
        asked.sendto(encode_request(MoldRequest("RUSHTRADE", first, count)), ("127.0.0.1", venue["requests"]))
        messages = []
        while len(messages) < count:
            packet = decode_packet(asked.recv(1 << 16))
            assert packet.sequence == first + len(messages)
            payload, at = packet.payload, 0
            while at < len(payload):
                size = payload[at] << 8 | payload[at + 1]
                messages.append(payload[at + 2 : at + 2 + size])
                at += 2 + size
        return messages


def test_bad_input_is_answered_in_words_and_the_others_trade_on(exchanges):
    port = exchanges.venues["NASDAQ"]["ouch"]
    good = SoupConnection(port, "GOOD")
    good.opened()
    bad = SoupConnection(port, "BAD")
    bad.opened()
    bad.socket.sendall(bad.soup.send_unsequenced(b"?"))
    bad.say(ouch.AccountQuery())
    bad.hear("Q")
    assert bad.debugs == ["b'?' begins no OUCH 5.0 message of a firm"]
    bad.socket.sendall(b"\0\0 no protocol at all")
    assert bad.events(lambda _event: False) == []
    assert "this is no SoupBinTCP" in bad.debugs[-1]
    stranger = SoupConnection(port, "N-O")
    assert isinstance(stranger.opened(), soup.LoginRejected)
    good.say(buy(1))
    assert good.hear("A")[-1].type == "A"
    for line in (good, bad, stranger):
        line.close()


def test_a_recorded_market_is_watched_to_its_end_by_packets_and_by_stream(tmp_path):
    path = tmp_path / "day.itch"
    path.write_bytes(generated(3, 40.0))
    first = claim_ports(2 * VENUE_PORTS)
    nasdaq, nyse = ports_of([(0, "NASDAQ", ""), (1, "NYSE", "")], "127.0.0.1", first, speed=2.0)
    lines = [nasdaq.mold_line, nyse.soup_line]
    watching = subprocess.Popen(
        [COMMAND, "feed", "watch", *lines, "--patience", str(COMMAND_S), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "stale" in watching.stderr.readline(), "the lines are open before the market is"
    market = ("--market", str(path), "--speed", "2")
    running = Exchanges("--venue", "NASDAQ,NYSE", *market, first_port=nasdaq.mold_a)
    assert [running.venues["NASDAQ"]["mold_line"], running.venues["NYSE"]["soup_line"]] == lines
    answer, errors = watching.communicate(timeout=COMMAND_S)
    assert watching.returncode == 0, answer + errors
    report = json.loads(answer)
    assert running.process.wait(PATIENCE_S) == 0, "the exchanges end with their market"
    rows = report["venues"]
    assert all(row["known"] and row["ended"] for row in rows)
    assert all(row["messages"] > 100 for row in rows)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_exchanges_end_when_told_to(number):
    running = Exchanges("--venue", "IEX")
    line = SoupConnection(running.venues["IEX"]["ouch"])
    line.opened()
    code, words = running.end(number)
    assert (code, "1 ouch" in words) == (0, True)
    assert isinstance(line.events(lambda event: isinstance(event, soup.SessionEnded))[-1], soup.SessionEnded)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--venue", "NOWHERE"], "--venue 'NOWHERE' is none of us-2026's: NASDAQ"),
        (["--host", "0.0.0.0"], "exchanges listen on loopback alone"),
        (["--multicast", "10.0.0.1"], "--multicast '10.0.0.1' is no group"),
        (["--session", "much too long"], "is not 1 to 10 letters or digits"),
        (["--ports", "65530"], "the highest port is 65,535"),
        (["--market", "nowhere.itch"], "nowhere.itch: cannot be read"),
    ],
)
def test_what_cannot_be_opened_is_refused_in_words(options, words):
    done = subprocess.run(
        [COMMAND, "exchange", "up", "--json", *options],
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    assert done.returncode == 2
    assert words in json.loads(done.stdout)["error"]
