"""Queues have bounds: a reader that is too slow is told and let go; the house never waits for it."""

import asyncio

from rushtrade.api.trade_updates import UPDATES_MAX, UpdateSocket
from support.waiting import PATIENCE_S


class StuckSocket:
    """A socket whose sends wait until they are let through."""

    def __init__(self):
        self.open = asyncio.Event()
        self.sent = []

    async def send_bytes(self, data):
        await self.open.wait()
        self.sent.append(data)


async def let_run():
    for _ in range(5):
        await asyncio.sleep(0)


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
        await asyncio.wait_for(writer, PATIENCE_S)
        return socket.sent

    assert asyncio.run(run()) == [b"first"]
