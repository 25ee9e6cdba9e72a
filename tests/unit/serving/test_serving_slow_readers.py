"""A reader costs a cursor: slow ones are conflated, told, and let go, and nobody waits for them."""

import asyncio
import json

import pytest

from api_house import AAPL, KEY, MSFT, SECRET, standing_house
from rushtrade.api.access import FrontDesk
from rushtrade.serving.hub import MarketHub
from rushtrade.serving.items import MESSAGE_BYTES_MAX, Item, arrays_of
from rushtrade.serving.reader import SLOW_S
from rushtrade.serving.stream import MarketSocket, choose_symbols
from support.waiting import PATIENCE_S


class StuckSocket:
    """A socket whose sends wait until they are let through."""

    client = None

    def __init__(self):
        self.open = asyncio.Event()
        self.sent = []

    async def send_text(self, text):
        await self.open.wait()
        self.sent.append(json.loads(text))

    async def send_bytes(self, data):
        await self.open.wait()
        self.sent.append(data)


class Stream:
    """A hub over a standing house, flushed by hand, with sockets that take nothing until they are opened."""

    def __init__(self):
        self.house = standing_house()
        self.hub = MarketHub(FrontDesk(self.house.ports()))
        self.house.feed.subscribe(self.hub._on_pulse)
        self.writers = []

    def reader(self, **channels):
        socket = StuckSocket()
        client = MarketSocket(self.hub, socket, "sip", packed=False)
        client.open(self.hub.desk.identify_key(KEY, SECRET))
        choose_symbols(client, channels, add=True)
        self.writers.append(asyncio.create_task(client.write()))
        return client, socket

    def trade(self, count, instrument=AAPL):
        reference = self.house.feed.order(0, instrument, "B", 1_872_400, count)
        for _ in range(count):
            self.house.feed.execute(0, instrument, reference, 1)

    async def settle(self, turns=20):
        self.hub.flush()
        for _ in range(turns):
            await asyncio.sleep(0)

    async def end(self):
        for writer in self.writers:
            writer.cancel()
        await asyncio.gather(*self.writers, return_exceptions=True)


def run(play):
    async def playing():
        stream = Stream()
        try:
            return await asyncio.wait_for(play(stream), PATIENCE_S)
        finally:
            await stream.end()

    return asyncio.run(playing())


def rows(frames, kind):
    return [each for frame in frames for each in frame if each["T"] == kind]


def test_quotes_wait_by_symbol_and_the_newest_wins():
    async def play(stream):
        _, socket = stream.reader(quotes=["AAPL", "MSFT"])
        for step in range(1, 51):
            stream.house.feed.order(0, AAPL, "B", 1_872_400 + step, 100)
            await stream.settle()
        socket.open.set()
        await stream.settle()
        return socket.sent

    bids = [each["bp"] for each in rows(run(play), "q")]
    assert bids[-1] == 187.245
    assert len(bids) == 2, "the one that waited in the socket, and the newest"


def test_trades_reach_a_slow_reader_whole_and_in_order():
    async def play(stream):
        client, socket = stream.reader(trades=["AAPL"])
        for _ in range(10):
            stream.trade(40)
            await stream.settle()
        socket.open.set()
        await stream.settle(200)
        return client, socket.sent

    client, sent = run(play)
    numbers = [each["i"] for each in rows(sent, "t")]
    assert numbers == list(range(1, 401))
    assert client.skipped == 0
    assert len(sent) < 10, "what waits goes out together"


def test_a_reader_that_lost_trades_is_told_407_with_the_numbers_it_had_reached(monkeypatch):
    async def play(stream):
        _, socket = stream.reader(trades=["*"])
        stream.trade(5)
        await stream.settle()
        monkeypatch.setattr(type(stream.hub.prints), "oldest", property(lambda _: 9))
        stream.trade(20)
        await stream.settle()
        socket.open.set()
        await stream.settle(100)
        return socket.sent

    sent = run(play)
    (error,) = rows(sent, "error")
    assert (error["code"], error["msg"]) == (407, "slow client")
    assert error["reached"]["trades"] == 5
    assert [each["i"] for each in rows(sent, "t")] == [1, 2, 3, 4, 5]


def test_a_socket_that_takes_nothing_is_sent_away_and_the_others_are_not():
    async def play(stream):
        stuck, _ = stream.reader(trades=["AAPL"])
        quick, socket = stream.reader(trades=["AAPL"])
        socket.open.set()
        stream.trade(3)
        await stream.settle()
        for reader in (stuck, quick):
            reader.check(reader.sending_since + SLOW_S + 1)
        return stuck, quick, socket.sent

    stuck, quick, sent = run(play)
    assert (stuck.close_after, stuck.close_code) == (True, 4407)
    assert not quick.close_after
    assert len(rows(sent, "t")) == 3


def test_readers_of_the_same_symbols_are_sent_the_very_same_bytes():
    async def play(stream):
        stream.reader(trades=["AAPL"], quotes=["*"])
        stream.reader(trades=["AAPL"], quotes=["*"])
        stream.trade(3)
        stream.hub.marks.mark([AAPL, MSFT])
        first, second = (reader.render() for reader in stream.hub.sockets)
        return first, second

    first, second = run(play)
    assert first.messages
    assert first is second


@pytest.mark.parametrize("packed", [False, True])
def test_arrays_are_of_bounded_size(packed):
    items = [
        Item("t", "AAPL", 1_800_000_000_000_000_000 + n, {"i": n, "p": 187.25, "s": 100})
        for n in range(10_000)
    ]
    arrays = list(arrays_of((item.encoded(packed=packed) for item in items), packed=packed))
    assert all(len(array) < MESSAGE_BYTES_MAX + 1000 for array in arrays)
    assert len(arrays) > 1
    if not packed:
        assert [each["i"] for array in arrays for each in json.loads(array)] == list(range(10_000))


def test_a_message_is_encoded_once_a_format():
    item = Item("t", "AAPL", 1_800_000_000_000_000_000, {"i": 1})
    assert item.encoded(packed=True) is item.encoded(packed=True)
    assert item.encoded(packed=False) is item.encoded(packed=False)
