"""Queues have bounds: a reader that is too slow is conflated, told, and let go; the house never waits for it."""

import asyncio
import json

import pytest

from rushtrade.api.market_stream import ITEMS_MAX, MESSAGE_BYTES_MAX, Item, MarketSocket
from rushtrade.api.trade_updates import UPDATES_MAX, UpdateSocket


class StuckSocket:
    """A socket whose sends wait until they are let through."""

    def __init__(self):
        self.open = asyncio.Event()
        self.sent = []

    async def send_text(self, text):
        await self.open.wait()
        self.sent.append(json.loads(text))

    async def send_bytes(self, data):
        await self.open.wait()
        self.sent.append(data)


def trade(number):
    return Item("t", "AAPL", 1_800_000_000_000_000_000 + number, {"i": number, "p": 187.25, "s": 100})


def quote(symbol, bid):
    return Item("q", symbol, 1_800_000_000_000_000_000, {"bp": bid})


async def let_run():
    for _ in range(5):
        await asyncio.sleep(0)


def test_quotes_wait_by_symbol_and_the_newest_wins():
    async def run():
        socket = StuckSocket()
        client = MarketSocket(socket, packed=False)
        writer = asyncio.create_task(client.write())
        for bid in range(1000):
            client.put_quote("AAPL", quote("AAPL", bid))
            client.put_quote("MSFT", quote("MSFT", -bid))
            client.wake()
        socket.open.set()
        await let_run()
        writer.cancel()
        return socket.sent

    (frame,) = asyncio.run(run())
    assert [(each["S"], each["bp"]) for each in frame] == [("AAPL", 999), ("MSFT", -999)]


def test_trades_are_never_dropped_in_silence():
    async def run():
        socket = StuckSocket()
        client = MarketSocket(socket, packed=False)
        writer = asyncio.create_task(client.write())
        for number in range(ITEMS_MAX + 1):
            client.put([trade(number)])
        socket.open.set()
        await writer
        return client, socket.sent

    client, sent = asyncio.run(run())
    assert sent[-1] == [{"T": "error", "code": 407, "msg": "slow client"}]
    assert client.close_after


@pytest.mark.parametrize("packed", [False, True])
def test_what_waited_goes_out_whole_in_arrays_of_bounded_size(packed):
    async def run():
        socket = StuckSocket()
        client = MarketSocket(socket, packed=packed)
        writer = asyncio.create_task(client.write())
        client.put([trade(number) for number in range(10_000)])
        client.wake()
        socket.open.set()
        for _ in range(100):
            await asyncio.sleep(0)
        writer.cancel()
        return socket.sent

    sent = asyncio.run(run())
    if packed:
        assert all(len(frame) < MESSAGE_BYTES_MAX + 1000 for frame in sent)
        assert len(sent) > 1
    else:
        assert [each["i"] for frame in sent for each in frame] == list(range(10_000))


def test_an_order_stream_that_is_full_ends():
    async def run():
        socket = StuckSocket()
        client = UpdateSocket(socket)
        writer = asyncio.create_task(client.write())
        client.put(b"first")
        await let_run()
        for _ in range(UPDATES_MAX + 1):
            client.put(b"more")
        assert client.full
        socket.open.set()
        await asyncio.wait_for(writer, 5)
        return socket.sent

    assert asyncio.run(run()) == [b"first"]


def test_a_message_is_encoded_once_a_format():
    item = trade(1)
    assert item.encoded(packed=True) is item.encoded(packed=True)
    assert item.encoded(packed=False) is item.encoded(packed=False)
