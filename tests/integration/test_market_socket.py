"""`/v1/market` over real sockets: cut lines, slow reading, coming back by number; keys, logins and refusals."""

import asyncio
import json
import random

import httpx
import pytest
import websockets
from websockets.exceptions import ConnectionClosed

from api_house import AAPL, KEY, MSFT, READER_KEY, READER_SECRET, SECRET
from rushtrade.api.credentials import hash_password
from rushtrade.api.ports import Limits
from rushtrade.market.market_data import MarketLimits
from served_house import served
from support.waiting import PATIENCE_S, until

KEYS = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}
TRADES = 3_000
KEPT = 512


def burst(house, chance):
    """Some trades at once, in two stocks."""
    for _ in range(chance.randrange(1, 60)):
        instrument = AAPL if chance.random() < 0.7 else MSFT
        price = 1_500_000 if instrument == AAPL else 3_500_000
        venue = chance.randrange(2)
        reference = house.feed.order(venue, instrument, "B", price, 100)
        house.feed.execute(venue, instrument, reference, 100)


class Client:
    """Reads until it is cut off, at a pace of its own, and comes back with the last number it has seen."""

    def __init__(self, url, chance):
        self.url, self.chance = url, chance
        self.trades, self.gaps = [], []
        self.last = self.epoch = None
        self.connections = 0

    async def run(self, over):
        while not over():
            await self.connect(over)

    async def connect(self, over):
        resume = {} if self.last is None else {"trades": {"epoch": self.epoch, "seq": self.last}}
        async with websockets.connect(self.url, additional_headers=KEYS, max_queue=1) as socket:
            self.connections += 1
            ask = {"do": "subscribe", "channels": {"trades": ["AAPL", "MSFT"]}, "resume": resume}
            await socket.send(json.dumps(ask))
            lives = self.chance.randrange(1, 40)
            for _ in range(lives):
                try:
                    message = json.loads(await asyncio.wait_for(socket.recv(), 3))
                except (TimeoutError, ConnectionClosed):
                    return
                self.take(message)
                if self.chance.random() < 0.1:
                    await asyncio.sleep(self.chance.random() * 0.2)
                if over():
                    return
            socket.transport.abort()

    def take(self, message):
        kind = message["type"]
        if kind == "hello":
            self.epoch = message["epochs"]["trades"]
        elif kind == "subscribed":
            self.last = message["seq"]["trades"] if self.last is None else self.last
        elif kind == "heartbeat":
            if self.last is not None and "trades" in message["seq"]:  # one may come before the subscription
                assert message["seq"]["trades"] >= self.last
                self.last = message["seq"]["trades"]
        elif kind in {"gap", "trades"}:
            assert message["prev"] == self.last
            self.last = message["seq"]
            if kind == "gap":
                self.gaps.append((message["prev"], message["seq"]))
            else:
                self.trades += [(row["S"], row["i"]) for row in message["rows"]]


@pytest.mark.parametrize("seed", [1, 2])
def test_clients_that_are_cut_off_again_and_again_have_every_trade_or_know_what_is_missing(seed):
    chance = random.Random(seed)
    with served(market_limits=MarketLimits(trades_kept=KEPT)) as server:
        clients = [
            Client(f"{server.ws_url}/v1/market?feed=sip", random.Random(100 * seed + number))
            for number in range(3)
        ]
        reference = []

        def talk():
            tape = server.house.market.tape
            before = tape.newest
            burst(server.house, chance)
            rows, numbers = tape.since(before, 10_000)
            for row, number in zip(rows, numbers, strict=True):
                reference.append(("AAPL" if number == AAPL else "MSFT", int(row["match"])))

        async def play():
            running = [asyncio.create_task(client.run(lambda: False)) for client in clients]
            await until(lambda: all(client.last is not None for client in clients), "everybody to be there")
            while len(reference) < TRADES or not all(client.connections > 3 for client in clients):
                assert not any(task.done() for task in running)
                assert len(reference) < 100 * TRADES, "nobody is cut off"
                server.call(talk)
                await asyncio.sleep(chance.random() * 0.03)
            await until(lambda: all(client.last >= len(reference) for client in clients), "the last trade")
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

        asyncio.run(play())
        for client in clients:
            missing = {seq for prev, upto in client.gaps for seq in range(prev + 1, upto + 1)}
            expected = [one for seq, one in enumerate(reference, 1) if seq not in missing]
            assert client.trades == expected


async def talk(url, *messages, headers=None):
    async with websockets.connect(url, additional_headers=headers) as socket:
        got = []
        for message in messages:
            await socket.send(message if isinstance(message, str) else json.dumps(message))
            got.append(json.loads(await asyncio.wait_for(socket.recv(), PATIENCE_S)))
        return got


def test_it_says_no_by_number_and_in_words():
    with served(limits=Limits(1e6, 10**6, symbols_of_channel=3)) as server:
        url = f"{server.ws_url}/v1/market"
        got = asyncio.run(
            talk(
                url,
                {"do": "subscribe", "channels": {"trades": ["AAPL"]}},
                {"do": "auth", "key": KEY, "secret": "wrong"},
                "no json",
                {"do": "auth", "key": KEY, "secret": SECRET},
                {"do": "dance"},
                {"do": "subscribe", "channels": {"depths": ["AAPL"]}},
                {"do": "subscribe", "channels": {"trades": ["A", "B", "C", "D"]}},
                {"do": "subscribe", "channels": {"trades": ["AAPL"]}},
                {"do": "unsubscribe", "channels": {"trades": ["AAPL"]}},
            )
        )
        assert [each.get("code", each["type"]) for each in got] == [
            401, 402, 400, "hello", 400, 410, 405, "subscribed", "subscribed",
        ]  # fmt: skip
        assert "3 symbols a channel" in got[6]["message"]
        assert got[-1]["channels"] == {}
        reader = {"APCA-API-KEY-ID": READER_KEY, "APCA-API-SECRET-KEY": READER_SECRET}
        (refused,) = asyncio.run(talk(url, {"do": "subscribe"}, headers=reader))
        assert refused["code"] == 402


def test_a_wrong_feed_is_named_and_the_socket_closed():
    async def run(url):
        async with websockets.connect(url, additional_headers=KEYS) as socket:
            first = json.loads(await socket.recv())
            await asyncio.wait_for(socket.wait_closed(), PATIENCE_S)
            return first, socket.close_code

    with served() as server:
        first, code = asyncio.run(run(f"{server.ws_url}/v1/market?feed=dark"))
        assert first["code"] == 400
        assert "sip" in first["message"]
        assert code == 4400


def test_a_page_is_known_by_its_login_and_only_from_its_own_origin():
    with served() as server:
        server.call(server.house.keys.add_user, "demo", hash_password("correct horse"))
        with httpx.Client(base_url=server.url) as page:
            body = {"user": "demo", "password": "correct horse"}
            assert page.post("/api/session", json=body).status_code == 200
            cookie = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
            assert page.get("/v2/stocks/AAPL/quotes/latest").status_code == 200
            assert page.get("/v1/market/download", params={"symbols": "AAPL"}).status_code == 404
        ask = {"do": "subscribe", "channels": {"quotes": ["AAPL"]}}
        url = f"{server.ws_url}/v1/market"
        own = {"Cookie": cookie, "Origin": server.url}
        (hello,) = asyncio.run(talk(url, ask, headers=own))
        assert hello["type"] == "hello"
        foreign = {"Cookie": cookie, "Origin": "http://elsewhere.example"}
        (refused,) = asyncio.run(talk(url, ask, headers=foreign))
        assert refused["code"] == 401


def test_as_many_sockets_as_an_operator_lets_a_key_have():
    async def run(url):
        async with (
            websockets.connect(url, additional_headers=KEYS) as first,
            websockets.connect(url, additional_headers=KEYS) as second,
            websockets.connect(url, additional_headers=KEYS) as third,
        ):
            return [json.loads(await each.recv()) for each in (first, second, third)]

    with served(limits=Limits(1e6, 10**6, sockets_of_key=2)) as server:
        got = asyncio.run(run(f"{server.ws_url}/v1/market"))
        assert [each["type"] for each in got] == ["hello", "hello", "error"]
        assert got[2]["code"] == 406
