"""Our own dialect: whatever a client does, it has every trade, or a record says exactly which numbers are missing."""

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_house import AAPL, KEY, MSFT, SECRET, standing_house
from rushtrade.api.access import FrontDesk
from rushtrade.market.market_data import MarketLimits
from rushtrade.serving.channels import HAPPENINGS, QUOTES
from rushtrade.serving.hub import MarketHub
from rushtrade.serving.items import _QUOTE
from rushtrade.serving.own_reader import FRAME, OwnSocket, Request
from support.own_client import Client, Gate

KEPT = 64
"""Trades in memory: few, so that a client that is away for long comes too late."""


class Stream:
    """A house whose hub is flushed by hand."""

    def __init__(self):
        self.house = standing_house(market_limits=MarketLimits(trades_kept=KEPT))
        self.hub = MarketHub(FrontDesk(self.house.ports()))
        self.house.feed.subscribe(self.hub._on_pulse)
        self.said = []
        """Position, symbol and match number of every trade, as a plain list."""
        self.first = self.hub.prints.newest

    def trade(self, symbol):
        number = AAPL if symbol == "AAPL" else MSFT
        reference = self.house.feed.order(0, number, "B", 1_500_000, 100)
        self.house.feed.execute(0, number, reference, 100)
        self.said.append((self.first + len(self.said) + 1, symbol, self.house.feed.match))

    async def settle(self):
        self.hub.flush()
        for _ in range(12):
            await asyncio.sleep(0)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("trades"), st.integers(1, 40)),
        st.tuples(st.sampled_from(["flush", "cut", "connect", "slow", "quick", "beat"]), st.just(0)),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, symbols=st.sampled_from([["AAPL"], ["AAPL", "MSFT"], ["*"]]))
def test_a_client_has_every_trade_or_a_record_of_exactly_what_is_missing(steps, symbols):
    async def play():
        stream = Stream()
        client = Client(stream, symbols)
        client.connect()
        await stream.settle()
        for step, count in steps:
            if step == "trades":
                for n in range(count):
                    stream.trade("MSFT" if n % 3 == 2 else "AAPL")
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
            await stream.settle()
        client.disconnect()
        client.connect()
        await stream.settle()
        await stream.settle()
        client.disconnect()
        return stream, client

    stream, client = asyncio.run(play())
    wanted = {"AAPL", "MSFT"} if symbols == ["*"] else set(symbols)
    missing = {seq for prev, upto in client.gaps for seq in range(prev + 1, upto + 1)}
    reference = [
        (symbol, number) for seq, symbol, number in stream.said if symbol in wanted and seq not in missing
    ]
    assert client.trades == reference
    if max((count for step, count in steps if step == "trades"), default=0) == 0:
        assert not client.gaps


def test_a_client_that_was_away_too_long_is_told_what_it_missed_and_where_it_is():
    async def play():
        stream = Stream()
        client = Client(stream, ["AAPL"])
        client.connect()
        stream.trade("AAPL")
        await stream.settle()
        client.disconnect()
        for _ in range(KEPT + 36):
            stream.trade("AAPL")
        await stream.settle()
        client.connect()
        await stream.settle()
        client.disconnect()
        return client

    client = asyncio.run(play())
    (gap,) = [message for message in client.socket.sent if message["type"] == "gap"]
    assert (gap["prev"], gap["seq"], gap["lost_at_most"]) == (1, 37, 36)
    assert gap["why"] == "it has left memory"
    assert gap["fetch"].startswith("/v2/stocks/trades?feed=sip&symbols=AAPL")
    assert gap["end"] is not None
    assert [number for _, number in client.trades] == [1, *range(38, 102)]


def test_numbers_of_another_server_are_not_believed():
    async def play():
        stream = Stream()
        client = Client(stream, ["AAPL"])
        client.last, client.epoch = 7, "another"
        stream.trade("AAPL")
        await stream.settle()
        client.connect()
        await stream.settle()
        return client.socket.sent

    (gap,) = [message for message in asyncio.run(play()) if message["type"] == "gap"]
    assert (gap["prev"], gap["lost_at_most"]) == (None, None)
    assert "another numbering" in gap["why"]


def test_a_number_that_was_never_told_is_named():
    async def play():
        stream = Stream()
        client = Client(stream, ["AAPL"])
        client.last, client.epoch = 7_000, stream.hub.epoch
        stream.trade("AAPL")
        await stream.settle()
        client.connect()
        await stream.settle()
        return client.socket.sent

    (gap,) = [message for message in asyncio.run(play()) if message["type"] == "gap"]
    assert (gap["prev"], gap["why"]) == (None, "number 7,000 was never told: the newest is 1")


def test_heartbeats_say_how_far_every_channel_is():
    async def play():
        stream = Stream()
        client = Client(stream, ["AAPL"])
        client.connect(trades=["AAPL"], bars=["*"], statuses=["AAPL"])
        stream.trade("MSFT")
        await stream.settle()
        client.own.beat()
        await stream.settle()
        return client.socket.sent

    sent = asyncio.run(play())
    beat = sent[-1]
    assert beat["type"] == "heartbeat"
    assert beat["seq"] == {"trades": 1, "bars": 0, "statuses": 0, "corrections": 0, "cancelErrors": 0}
    assert set(sent[0]["epochs"]) == set(HAPPENINGS)


def test_binary_quotes_have_their_names_their_image_and_their_changes():
    async def play():
        stream = Stream()
        socket = Gate()
        own = OwnSocket(stream.hub, socket, "sip", binary=True)
        own.open(stream.hub.desk.identify_key(KEY, SECRET))
        stream.house.feed.order(0, AAPL, "B", 1_872_500, 300)
        await stream.settle()
        own.subscribe(Request("subscribe", {QUOTES: ["AAPL"]}))
        writer = asyncio.create_task(own.write())
        await stream.settle()
        stream.house.feed.order(1, AAPL, "S", 1_872_550, 200)
        await stream.settle()
        writer.cancel()
        return socket.sent

    subscribed, names, image, change = asyncio.run(play())
    assert names == {"type": "symbols", "rows": [[AAPL, "AAPL"]]}
    kind, version, flags, rows, prev, seq, _ = FRAME.unpack_from(image)
    assert (kind, version, flags, rows, prev) == (1, 1, 1, 1, subscribed["seq"]["quotes"])
    assert seq == prev
    kind, version, flags, rows, prev, after, _ = FRAME.unpack_from(change)
    assert (flags, rows, prev) == (0, 1, seq)
    assert after > prev
    number, state, _, bid, ask, bid_shares, ask_shares, bids, asks = _QUOTE.unpack_from(change, FRAME.size)
    assert (number, state, bid, ask, bid_shares, ask_shares) == (AAPL, 1, 1_872_500, 1_872_550, 300, 200)
    assert (bids, asks) == (1, 2)
