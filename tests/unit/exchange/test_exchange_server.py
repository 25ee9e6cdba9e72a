"""The exchanges live on in their own process while brokers are killed, and no order executes twice."""

import asyncio
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from exchange_broker import BATCH, batch_from, connect
from test_exchange_host import new_host

from rushtrade.domain.errors import InvalidInput
from rushtrade.marketplace.server import ExchangeServer
from rushtrade.wire import order_entry as oe
from rushtrade.wire import venue_link as link

HERE = Path(__file__).parent
KILLS = 4


@pytest.fixture
def exchanges():
    """Path of the socket of a serving process."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/exchanges"
        process = subprocess.Popen([sys.executable, HERE / "exchange_serve.py", path], stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        yield path
        assert process.poll() is None, "the exchanges outlive every broker"
        process.kill()
        process.wait()
        process.stdout.close()


def read_until(line, done):
    """Collect reports by venue from a line until `done(reports)`."""
    reader, reports = link.FrameReader(), {0: [], 1: []}
    while not done(reports):
        data = line.recv(1 << 20)
        assert data, "the exchanges have hung up"
        reader.receive_data(data)
        while (received := reader.next_frame()) is not None:
            if received[0] == link.REPORTS:
                venue, rows = link.venue_and_rows(received[1])
                reports[venue] += oe.reports_from_bytes(rows).tolist()
    return reports


def killed_broker(path, token):
    """Let a broker send orders from a token on, kill it in the middle; returns the first token it may not have sent."""
    broker = subprocess.Popen(
        [sys.executable, HERE / "exchange_broker.py", path, str(token)], stdout=subprocess.PIPE
    )
    for _ in range(5):
        last = int(broker.stdout.readline())
    broker.kill()
    rest = broker.stdout.read().split()
    broker.wait()
    broker.stdout.close()
    return int(rest[-1] if rest else last) + 2 * BATCH


def test_a_broker_killed_again_and_again_resends_everything_and_nothing_doubles(exchanges):
    token = 1
    for _ in range(KILLS):
        token = killed_broker(exchanges, token)
    line = connect(exchanges, session="life-1", feed=False)
    for first in range(1, token, BATCH):
        for venue in (0, 1):
            line.sendall(link.rows_frame(link.ORDERS, venue, oe.to_bytes(batch_from(first))))
    tokens = set(range(1, token))
    tokens |= set(batch_from(max(range(1, token, BATCH)))["token"].tolist())

    def all_answered(reports):
        return all(
            {row[7] for row in rows if row[0] in (oe.ACCEPTED, oe.STATUS)} >= tokens
            for rows in reports.values()
        )

    reports = read_until(line, all_answered)
    line.close()
    for rows in reports.values():
        assert [row[6] for row in rows] == list(range(1, len(rows) + 1))
        accepted = Counter(row[7] for row in rows if row[0] == oe.ACCEPTED)
        assert set(accepted) == tokens
        assert set(accepted.values()) == {1}
        executed = Counter()
        for row in rows:
            if row[0] == oe.EXECUTED:
                executed[row[7]] += row[12]
                assert executed[row[7]] == row[14] <= 100 + row[7] % 300
        assert sum(executed.values()) > 0
    assert any(row[0] == oe.STATUS for row in reports[0])


def test_a_market_with_a_clock_sends_time_unasked(exchanges):
    line = connect(exchanges, feed=False)
    reader, times = link.FrameReader(), []
    while len(times) < 3:
        reader.receive_data(line.recv(1 << 16))
        while (received := reader.next_frame()) is not None:
            if received[0] == link.TIME:
                times.append(link.market_time(received[1]).now_ns)
    line.close()
    assert times == sorted(set(times))


def test_exchanges_listen_on_loopback_alone():
    server = ExchangeServer(new_host(driven=True))
    with pytest.raises(InvalidInput, match="loopback alone"):
        asyncio.run(server.serve_tcp("0.0.0.0", 0))


def test_a_clock_is_there_when_members_do_not_drive():
    with pytest.raises(InvalidInput, match="needs one"):
        ExchangeServer(new_host())
    with pytest.raises(InvalidInput, match="has no clock"):
        ExchangeServer(new_host(driven=True), lambda: 0)
