"""`/v1/market` of a market that writes ticks: 100,000 trades past a memory of 1,024, to clients whose lines are cut, none lost and none twice."""

import asyncio
import json
import random

import websockets

from api_house import AAPL, KEY, MSFT, SECRET
from rushtrade.market.market_data import MarketLimits
from rushtrade.serving import channels
from served_house import served
from support.recorded_house import Recorder, trade
from support.waiting import PATIENCE_S, until

KEYS = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}
KEPT = 1_024
TRADES = 100_000
AT_ONCE = 400
AWAY = 3 * KEPT
"""Trades that happen while a client is away, if the market does not wait for it."""
CUTS = 5
"""How often every client is cut off, at least: the market waits for those that were not."""


class Client:
    """Reads for a while, is cut off without a word, stays away, and comes back with the last number it has seen."""

    def __init__(self, url, symbols, chance, market):
        self.url, self.symbols, self.chance, self.market = url, symbols, chance, market
        self.matches, self.gaps = [], []
        self.last = self.epoch = None
        self.connections = 0

    async def run(self):
        while True:
            await self.connect()
            left = self.market.said
            await until(
                lambda at=left: (
                    self.connections <= self.market.cuts or self.market.said >= min(at + AWAY, TRADES)
                )
            )

    async def connect(self):
        resume = {} if self.last is None else {"trades": {"epoch": self.epoch, "seq": self.last}}
        ask = {"do": "subscribe", "channels": {"trades": self.symbols}, "resume": resume}
        async with websockets.connect(self.url, additional_headers=KEYS, max_size=None) as socket:
            self.connections += 1
            await socket.send(json.dumps(ask))
            lives = self.chance.randrange(1, 8)
            while self.connections > self.market.cuts and (lives or self.market.said >= TRADES):
                message = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE_S))
                self.take(message)
                lives = max(lives - (message["type"] == "trades"), 0)
            socket.transport.abort()

    def take(self, message):
        kind = message["type"]
        if kind == "hello":
            assert self.epoch in {None, message["epochs"]["trades"]}
            self.epoch = message["epochs"]["trades"]
        elif kind == "subscribed":
            assert self.last in {None, message["seq"]["trades"]}
            self.last = message["seq"]["trades"]
        elif kind == "heartbeat":
            if self.last is not None and "trades" in message["seq"]:  # one may come before the subscription
                assert message["seq"]["trades"] >= self.last
                self.last = message["seq"]["trades"]
        elif kind in {"gap", "trades"}:
            assert message["prev"] == self.last
            assert message["seq"] > message["prev"]
            self.last = message["seq"]
            if kind == "gap":
                self.gaps.append(message)
            else:
                self.matches += [row["i"] for row in message["rows"]]
        else:
            raise AssertionError(message)


class Market:
    """Trades that go on and on, written to the store as they do."""

    def __init__(self, server, recorder):
        self.server, self.recorder = server, recorder
        self.said = 0
        self.cuts = 0
        """How often every client is to have been cut off by now."""
        self.of = {AAPL: [], MSFT: []}

    def talk(self, chance):
        instrument = AAPL if chance.random() < 0.7 else MSFT
        first = self.server.house.feed.match + 1
        trade(self.server.house, AT_ONCE, instrument, chance.randrange(2))
        self.of[instrument] += range(first, first + AT_ONCE)
        self.said += AT_ONCE
        if self.said % (10 * AT_ONCE) == 0:
            self.recorder.flush()

    async def play(self, chance, clients):
        while self.said < TRADES:
            await asyncio.to_thread(self.server.call, self.talk, chance)
            self.cuts = CUTS * self.said // TRADES
            await until(
                lambda: all(client.connections > self.cuts for client in clients), "clients to be cut off"
            )
        while True:
            await asyncio.to_thread(self.server.call, self.recorder.flush)
            await asyncio.sleep(0.2)


def test_every_trade_comes_once_and_in_order_however_often_a_client_is_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr(channels, "FLUSH_WAIT_S", PATIENCE_S)
    made = []

    def record(house):
        made.append(Recorder(house, tmp_path))

    with served(before=record, market_limits=MarketLimits(trades_kept=KEPT)) as server:
        (recorder,) = made
        market = Market(server, recorder)
        url = f"{server.ws_url}/v1/market?feed=sip"
        wishes = (["AAPL"], ["MSFT"], ["*"])
        clients = [Client(url, wish, random.Random(place), market) for place, wish in enumerate(wishes)]

        async def play():
            running = [asyncio.create_task(client.run()) for client in clients]
            await until(lambda: all(client.last is not None for client in clients), "everybody to be there")
            running.append(asyncio.create_task(market.play(random.Random(7), clients)))
            together = asyncio.gather(*running)
            done = asyncio.create_task(
                until(
                    lambda: all(client.last >= TRADES for client in clients), "the last trade", 5 * PATIENCE_S
                )
            )
            await asyncio.wait({together, done}, return_when=asyncio.FIRST_COMPLETED)
            assert not together.done(), together.exception()
            together.cancel()
            await asyncio.gather(together, return_exceptions=True)
            await done

        asyncio.run(play())
        assert len(server.market_hub.past._whole) <= channels.PAGES_KEPT
        server.call(recorder.close)
        for client, expected in zip(
            clients,
            (market.of[AAPL], market.of[MSFT], sorted(market.of[AAPL] + market.of[MSFT])),
            strict=True,
        ):
            assert client.gaps == []
            assert client.matches == expected
            assert client.connections > CUTS
