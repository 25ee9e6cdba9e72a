"""A client of `/v1/market` without a network: reads what it is sent, holds every message to its promise, comes back by number."""

from __future__ import annotations

import asyncio
import json

from api_house import KEY, SECRET
from rushtrade.serving.own_reader import OwnSocket, Request, Resume


class Gate:
    """A socket that may be slow, or gone."""

    def __init__(self):
        self.open = asyncio.Event()
        self.open.set()
        self.client = None
        self.sent = []

    async def send_text(self, text):
        await self.open.wait()
        self.sent.append(json.loads(text))

    async def send_bytes(self, data):
        await self.open.wait()
        self.sent.append(data)


class Client:
    """A program that keeps what it was told, and comes back by number."""

    def __init__(self, stream, symbols, feed="sip"):
        self.stream, self.symbols, self.feed = stream, symbols, feed
        self.trades = []
        self.gaps = []
        self.last = None
        self.epoch = None
        self.read = 0
        self.socket = self.own = self.writer = None

    def connect(self, **channels):
        self.socket, self.read = Gate(), 0
        self.own = OwnSocket(self.stream.hub, self.socket, self.feed, binary=False)
        self.own.open(self.stream.hub.desk.identify_key(KEY, SECRET))
        self.own.hello()
        resume = {} if self.last is None else {"trades": Resume(self.last, self.epoch)}
        self.own.subscribe(Request("subscribe", channels or {"trades": self.symbols}, resume))
        self.writer = asyncio.create_task(self.own.write())

    def disconnect(self):
        """The line is cut: what was read stays read, what was under way is gone."""
        self.take()
        if self.own is not None:
            self.own.close()
            self.writer.cancel()
            self.own = None

    def take(self):
        """Read what has come, and hold every message to its promise."""
        if self.socket is None:
            return
        for message in self.socket.sent[self.read :]:
            kind = message["type"]
            if kind == "hello":
                self.epoch = message["epochs"]["trades"]
            elif kind == "subscribed":
                if self.last is None:
                    self.last = message["seq"]["trades"]
            elif kind == "heartbeat":
                self.last = message["seq"]["trades"]
            elif kind == "gap":
                assert message["prev"] == self.last
                self.gaps.append((message["prev"], message["seq"]))
                self.last = message["seq"]
            elif kind == "trades":
                assert message["prev"] == self.last, "a message follows the one before"
                assert message["seq"] > message["prev"]
                self.trades += [(row["S"], row["i"]) for row in message["rows"]]
                self.last = message["seq"]
        self.read = len(self.socket.sent)
