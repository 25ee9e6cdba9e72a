"""Coming back by number to a house with a tick store: what has left memory is told from there, every trade once and in order."""

import asyncio
import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_house import AAPL, DAY, KEY, MSFT, SECRET, SESSION, standing_house
from rushtrade.api.access import FrontDesk
from rushtrade.domain.instants import MINUTE
from rushtrade.entitlements.view import ALL_VENUES, View
from rushtrade.market.market_data import MarketLimits
from rushtrade.serving import channels
from rushtrade.serving.channels import TRADES
from rushtrade.serving.hub import MarketHub
from rushtrade.serving.own_reader import OwnSocket, Request, Resume
from rushtrade.ticks.days import day_directory, read_manifest
from support.own_client import Client, Gate
from support.recorded_house import Recorder, trade
from support.waiting import PATIENCE_S, until

KEPT = 64
"""Trades in memory."""
PAGE = 48


class Stream:
    """A recorded house whose hub is flushed by hand."""

    def __init__(self, directory):
        self.house = standing_house(market_limits=MarketLimits(trades_kept=KEPT))
        self.recorder = Recorder(self.house, directory)
        self.hub = MarketHub(FrontDesk(self.house.ports()))
        self.house.feed.subscribe(self.hub._on_pulse)
        self.said = []
        """Symbol and match number of every trade, as a plain list."""

    def trade(self, count, instrument=AAPL, venue=0):
        first = self.house.feed.match + 1
        trade(self.house, count, instrument, venue)
        symbol = "AAPL" if instrument == AAPL else "MSFT"
        self.said += [(symbol, match) for match in range(first, first + count)]

    async def keep(self):
        """Make durable what came."""
        self.recorder.flush()
        await until(self.recorder.follower._flush.done)
        self.recorder.flush()

    async def settle(self, *clients):
        """Flush, until nobody has anything more to be told that can be told."""
        self.hub.flush()
        for client in clients:
            if client.own is not None:
                await until(lambda own=client.own, socket=client.socket: self.is_idle(own, socket))

    def is_idle(self, own, socket):
        return not socket.open.is_set() or (
            own.cursor(TRADES) >= own.face.newest(TRADES) and not own._control and not own._wake.is_set()
        )


@contextlib.contextmanager
def recorded(directory):
    stream = Stream(directory)
    try:
        yield stream
    finally:
        stream.recorder.close()


@pytest.fixture(autouse=True)
def small_pages_and_a_patient_server(monkeypatch):
    monkeypatch.setattr(channels, "PAGE_PRINTS", PAGE)
    monkeypatch.setattr(channels, "PAGES_KEPT", 2)
    monkeypatch.setattr(channels, "FLUSH_WAIT_S", PATIENCE_S)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("trades"), st.integers(1, 150)),
        st.tuples(st.sampled_from(["flush", "cut", "connect", "slow", "quick", "beat"]), st.just(0)),
    ),
    max_size=30,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, symbols=st.sampled_from([["AAPL"], ["AAPL", "MSFT"], ["*"]]))
def test_a_client_has_every_trade_whatever_it_does(tmp_path_factory, steps, symbols):
    async def play(stream):
        client = Client(stream, symbols)
        client.connect()
        await stream.settle(client)
        for step, count in steps:
            if step == "trades":
                stream.trade(count, MSFT if count % 3 == 2 else AAPL, count % 2)
                await stream.keep()
            elif step == "cut":
                client.disconnect()
            elif step == "connect" and client.own is None:
                client.connect()
            elif step == "slow" and client.socket is not None:
                client.socket.open.clear()
            elif step == "quick" and client.socket is not None:
                client.socket.open.set()
            elif step == "beat" and client.own is not None and not client.own.sending_since:
                client.own.beat()
            await stream.settle(client)
        client.disconnect()
        client.connect()
        await stream.settle(client)
        client.disconnect()
        return client

    with recorded(tmp_path_factory.mktemp("ticks")) as stream:
        client = asyncio.run(play(stream))
    wanted = {"AAPL", "MSFT"} if symbols == ["*"] else set(symbols)
    assert client.gaps == []
    assert client.trades == [one for one in stream.said if one[0] in wanted]


def test_trades_that_were_told_from_the_store_are_those_that_were_told_when_they_happened(tmp_path):
    async def play(stream):
        whole, late = Client(stream, ["*"]), Client(stream, ["*"])
        whole.connect()
        late.connect()
        await stream.settle(whole, late)
        late.disconnect()
        for number in range(12):
            stream.trade(40, (AAPL, MSFT)[number % 2], number % 2)
            await stream.settle(whole)
        await stream.keep()
        late.connect()
        await stream.settle(late)
        return [
            [row for message in client.socket.sent if message["type"] == "trades" for row in message["rows"]]
            for client in (whole, late)
        ]

    with recorded(tmp_path) as stream:
        whole, late = asyncio.run(play(stream))
    assert len(whole) == 480
    assert late == whole


def test_trades_on_their_way_to_the_disk_are_waited_for(tmp_path):
    async def play(stream):
        client = Client(stream, ["AAPL"])
        client.connect()
        await stream.settle(client)
        client.disconnect()
        stream.trade(3 * KEPT)
        stream.hub.flush()
        client.connect()
        await asyncio.sleep(2 * channels.FLUSH_LOOK_S)
        client.take()
        assert client.trades == []
        await stream.keep()
        await stream.settle(client)
        client.disconnect()
        return client

    with recorded(tmp_path) as stream:
        client = asyncio.run(play(stream))
    assert client.gaps == []
    assert client.trades == stream.said


def test_what_does_not_come_to_the_disk_in_time_is_a_gap_that_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(channels, "FLUSH_WAIT_S", 0.0)

    async def play(stream):
        client = Client(stream, ["AAPL"])
        client.connect()
        await stream.settle(client)
        client.disconnect()
        stream.trade(KEPT + 36)
        client.connect()
        await stream.settle(client)
        client.disconnect()
        return client

    with recorded(tmp_path) as stream:
        client = asyncio.run(play(stream))
    (gap,) = [message for message in client.socket.sent if message["type"] == "gap"]
    assert (gap["prev"], gap["seq"], gap["why"]) == (0, 36, "the tick store does not have it")
    assert client.trades == stream.said[36:]


def test_what_the_store_lost_is_a_gap_of_exactly_these_numbers(tmp_path):
    async def play(stream):
        client = Client(stream, ["AAPL"])
        client.connect()
        await stream.settle(client)
        client.disconnect()
        stream.trade(20)
        await stream.keep()
        real = stream.recorder.follower._writer.append
        stream.recorder.follower._writer.append = lambda schema, rows, payload=b"": None
        stream.trade(10)
        stream.recorder.follower._hand_over()
        stream.recorder.follower._writer.append = real
        stream.trade(2 * KEPT)
        await stream.keep()
        client.connect()
        await stream.settle(client)
        client.disconnect()
        return client

    with recorded(tmp_path) as stream:
        client = asyncio.run(play(stream))
    assert client.gaps == [(20, 30)]
    assert client.trades == [*stream.said[:20], *stream.said[30:]]


def test_a_sealed_day_is_told_as_well(tmp_path):
    async def play(stream):
        client = Client(stream, ["AAPL", "MSFT"])
        client.connect()
        await stream.settle(client)
        client.disconnect()
        for number in range(10):
            stream.trade(25, (AAPL, MSFT)[number % 2], number % 2)
        stream.recorder.seal()
        await until(lambda: stream.recorder.state == "sealed")
        client.connect()
        await stream.settle(client)
        client.disconnect()
        return client

    with recorded(tmp_path) as stream:
        client = asyncio.run(play(stream))
        assert read_manifest(day_directory(tmp_path, DAY)).rows("tbbo") == 250
    assert client.gaps == []
    assert client.trades == stream.said


def test_an_earlier_process_numbers_are_not_believed(tmp_path):
    with recorded(tmp_path) as earlier:
        earlier.trade(10)
        epoch = earlier.hub.epoch

    async def play(stream):
        client = Client(stream, ["AAPL"])
        client.last, client.epoch = 4, epoch
        client.own = None
        socket = client.socket = Gate()
        own = OwnSocket(stream.hub, socket, "sip", binary=False)
        own.open(stream.hub.desk.identify_key(KEY, SECRET))
        own.subscribe(Request("subscribe", {"trades": ["AAPL"]}, {"trades": Resume(4, epoch)}))
        writing = asyncio.create_task(own.write())
        await until(lambda: len(socket.sent) == 2)
        writing.cancel()
        return socket.sent

    with recorded(tmp_path) as stream:
        stream.trade(3 * KEPT)
        _, gap = asyncio.run(play(stream))
    assert gap["prev"] is None
    assert "another numbering" in gap["why"]


class Rights:
    """Entitlements that a test turns."""

    delay_ns = 15 * MINUTE

    def __init__(self, view):
        self.view = view

    def open(self, watcher, session, changed):
        self.changed = changed
        return self

    def close(self):
        pass

    def beat(self):
        pass

    def refusal(self, tape):
        return f"nothing of tape {tape}"


def test_what_is_brought_back_is_asked_for_like_what_happens_now(tmp_path):
    nasdaq, both = View((1,) * 3, 1, (ALL_VENUES,) * 3), View((3,) * 3, 3, (ALL_VENUES,) * 3)

    async def play(stream):
        rights = stream.house.entitlements = Rights(both)
        stream.hub = MarketHub(FrontDesk(stream.house.ports()))
        client = Client(stream, ["AAPL"])
        client.connect()
        await stream.settle(client)
        client.disconnect()
        for number in range(20):
            stream.trade(20, AAPL, number % 2)
        await stream.keep()
        rights.view = nasdaq
        client.connect()
        await stream.settle(client)
        client.disconnect()
        return client

    with recorded(tmp_path) as stream:
        client = asyncio.run(play(stream))
    assert client.gaps == []
    assert [match for _, match in client.trades] == [
        match for _, match in stream.said if (match - 1) // 20 % 2 == 0
    ]


def test_a_late_reader_is_not_told_from_the_store_what_is_not_due(tmp_path):
    async def play(stream):
        late = View((0,) * 3, 0, (ALL_VENUES,) * 3)
        stream.house.entitlements = Rights(late)
        stream.hub = MarketHub(FrontDesk(stream.house.ports()))
        client = Client(stream, ["AAPL"], "delayed_sip")
        clock = stream.house.clock
        clock.now = stream.recorder.house.feed._time() + SESSION.midnight_ns
        client.connect()
        await stream.settle(client)
        client.disconnect()
        stream.trade(KEPT)
        said = clock.now = stream.house.feed._time() + SESSION.midnight_ns
        stream.house.feed.seconds += 60
        stream.trade(3 * KEPT)
        await stream.keep()
        clock.now = said + 15 * MINUTE
        client.connect()
        stream.hub.flush()
        await until(lambda: client.take() or len(client.trades) >= KEPT)
        stream.hub.flush()
        await asyncio.sleep(channels.FLUSH_LOOK_S)
        client.take()
        early = list(client.trades)
        clock.now = said + 30 * MINUTE
        stream.hub.flush()
        await stream.settle(client)
        client.disconnect()
        return client, early

    with recorded(tmp_path) as stream:
        client, early = asyncio.run(play(stream))
    assert early == stream.said[:KEPT]
    assert client.trades == stream.said
    assert client.gaps == []
