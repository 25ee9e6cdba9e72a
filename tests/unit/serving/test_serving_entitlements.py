"""Nothing of a venue outside a reader's view reaches them, and a right that is taken acts with the next message."""

import asyncio
import json
import random

import msgspec
import pytest

from api_house import AAPL, KEY, SECRET, standing_house
from rushtrade.api.access import FrontDesk
from rushtrade.api.faults import ApiFault
from rushtrade.domain.instants import MINUTE, SECOND
from rushtrade.entitlements.view import ALL_VENUES, EVERYTHING, NOTHING, View
from rushtrade.serving import past
from rushtrade.serving.hub import MarketHub
from rushtrade.serving.own_reader import OwnSocket
from rushtrade.serving.past import Scope
from rushtrade.serving.questions import Span
from rushtrade.serving.sight import Sight, require_sight, sight_of
from rushtrade.serving.stream import MarketSocket, choose_symbols

NASDAQ_ONLY, ARCA_ONLY = 1, 2


def top(mask):
    return View((mask,) * 3, mask, (ALL_VENUES,) * 3)


class Rights:
    """Entitlements that a test turns."""

    delay_ns = 15 * MINUTE

    def __init__(self, view):
        self.view = view
        self.listeners = []

    def open(self, watcher, session, changed):
        self.listeners.append(changed)
        return self

    def query(self, watcher):
        return self

    def refusal(self, tape, *, depth=False):
        return f"Level I of tape {tape} is needed: sign the agreement"

    def asked(self, tape, *, depth=False):
        pass

    def beat(self):
        pass

    def close(self):
        pass

    def turn(self, view):
        self.view = view
        for listener in self.listeners:
            listener()


class Socket:
    client = None

    def __init__(self):
        self.sent = []

    async def send_text(self, text):
        self.sent.append(json.loads(text))

    async def send_bytes(self, data):
        self.sent.append(data)


class Stream:
    def __init__(self, view):
        self.rights = Rights(view)
        self.house = standing_house()
        ports = msgspec.structs.replace(self.house.ports(), entitlements=self.rights)
        self.hub = MarketHub(FrontDesk(ports))
        self.house.feed.subscribe(self.hub._on_pulse)

    def reader(self, feed="sip", own=False, **channels):
        socket = Socket()
        client = (
            OwnSocket(self.hub, socket, feed, binary=False)
            if own
            else MarketSocket(self.hub, socket, feed, packed=False)
        )
        client.open(self.hub.desk.identify_key(KEY, SECRET))
        choose_symbols(client, channels, add=True)
        asyncio.get_running_loop().create_task(client.write())
        return client, socket

    def trade(self, venue, price=1_872_500, instrument=AAPL):
        reference = self.house.feed.order(venue, instrument, "B", price, 200)
        self.house.feed.execute(venue, instrument, reference, 100)

    async def settle(self):
        self.house.clock.now += SECOND
        self.hub.flush()
        for _ in range(10):
            await asyncio.sleep(0)


def rows(socket, kind):
    return [row for frame in socket.sent if isinstance(frame, list) for row in frame if row["T"] == kind]


def test_trades_quotes_and_bars_hold_only_venues_in_view():
    async def play():
        stream = Stream(top(ARCA_ONLY))
        _, socket = stream.reader(trades=["AAPL"], quotes=["AAPL"], bars=["AAPL"])
        for step in range(6):
            stream.trade(step % 2, 1_872_500 + 100 * step)
            await stream.settle()
        stream.house.clock.now += 2 * MINUTE
        await stream.settle()
        return socket

    socket = asyncio.run(play())
    assert {row["x"] for row in rows(socket, "t")} == {"P"}
    assert len(rows(socket, "t")) == 3
    assert {row["bx"] for row in rows(socket, "q")} <= {"P", ""}
    assert {row["ax"] for row in rows(socket, "q")} <= {"P", ""}
    bars = rows(socket, "b")
    assert sum(bar["n"] for bar in bars) == 3
    assert sum(bar["v"] for bar in bars) == 300


def test_a_change_at_a_hidden_venue_is_no_message():
    async def play():
        stream = Stream(top(ARCA_ONLY))
        _, socket = stream.reader(quotes=["AAPL"])
        stream.house.feed.order(1, AAPL, "B", 1_872_500, 100)
        await stream.settle()
        before = len(socket.sent)
        for step in range(5):
            stream.house.feed.order(0, AAPL, "B", 1_872_510 + 10 * step, 100)
            await stream.settle()
        return before, socket

    before, socket = asyncio.run(play())
    assert before == len(socket.sent)


@pytest.mark.parametrize("own", [False, True])
def test_what_is_revoked_is_not_in_the_next_message_and_the_reader_is_told(own):
    async def play():
        stream = Stream(EVERYTHING)
        client, socket = stream.reader(own=own, trades=["AAPL"])
        stream.trade(0)
        await stream.settle()
        stream.trade(1)  # already in the tape, not yet sent
        stream.rights.turn(NOTHING)
        await stream.settle()
        stream.trade(0)
        await stream.settle()
        return client, socket

    client, socket = asyncio.run(play())
    text = json.dumps(socket.sent)
    assert text.count('"T": "t"') == 1
    assert "409" in text
    assert "Level I of tape C is needed" in text
    assert not client.channels["trades"]


def test_random_grants_and_trades_never_leak():
    chance = random.Random(7)

    async def play():
        stream = Stream(EVERYTHING)
        _, socket = stream.reader(trades=["*"], quotes=["*"])
        allowed, told = [], 0
        for _ in range(200):
            if chance.random() < 0.2:
                stream.rights.turn(top(chance.choice([0, NASDAQ_ONLY, ARCA_ONLY, ALL_VENUES])))
            for _ in range(chance.randrange(3)):
                stream.trade(chance.randrange(2), 1_872_000 + 10 * chance.randrange(50))
            mask = stream.rights.view.top("C")
            await stream.settle()
            fresh, told = socket.sent[told:], len(socket.sent)
            for frame in fresh:
                for row in frame:
                    letters = {row["x"]} if row["T"] == "t" else {row.get("bx"), row.get("ax")}
                    venues = {"Q": 0, "P": 1}
                    allowed += [mask >> venues[letter] & 1 for letter in letters if letter in venues]
        return allowed

    allowed = asyncio.run(play())
    assert len(allowed) > 100
    assert all(allowed)


def test_a_late_reader_sees_trades_and_quotes_after_the_delay_and_not_before():
    async def play():
        stream = Stream(View((0, 0, 0), 0, (ALL_VENUES,) * 3))
        _, socket = stream.reader(feed="delayed_sip", trades=["AAPL"], quotes=["AAPL"])
        start = stream.house.clock.now
        stream.trade(0)
        await stream.settle()
        stream.house.clock.now = start + 14 * MINUTE
        await stream.settle()
        early = list(socket.sent)
        stream.house.clock.now = start + 15 * MINUTE + 10 * SECOND
        await stream.settle()
        await stream.settle()
        return early, socket

    early, socket = asyncio.run(play())
    assert early == []
    assert len(rows(socket, "t")) == 1
    assert [row["bp"] for row in rows(socket, "q")][-1] == 187.25


def test_a_feed_in_real_time_is_refused_to_a_late_reader_with_the_product_it_lacks():
    stream_desk = FrontDesk(
        msgspec.structs.replace(
            standing_house().ports(), entitlements=Rights(View((0, 0, 0), 0, (ALL_VENUES,) * 3))
        )
    )
    viewer = stream_desk.ports.entitlements.query(None)
    with pytest.raises(ApiFault, match="Level I of tape C is needed"):
        require_sight(sight_of(stream_desk, viewer, "sip"), viewer, ["C"])
    late = sight_of(stream_desk, viewer, "")
    assert late.delay_ns == 15 * MINUTE
    require_sight(late, viewer, ["C"])


def test_bars_of_some_venues_are_those_of_a_tape_that_never_had_the_others():
    """Half of the trades are at a hidden venue; the bars are those of a market without it."""
    both, alone = standing_house(), standing_house()
    for step in range(40):
        for house in (both, alone):
            house.feed.seconds += 20
            price, shares = 1_872_400 + 10 * (step % 7), 100 + 10 * (step % 3)
            reference = house.feed.order(1, AAPL, "B", price, shares)
            house.feed.execute(1, AAPL, reference, shares)
        reference = both.feed.order(0, AAPL, "B", 1_900_000, 500)
        both.feed.execute(0, AAPL, reference, 500)
        alone.feed.seconds += 2
    for house in (both, alone):
        house.clock.now += 3600 * SECOND
    sight = Sight((ARCA_ONLY,) * 3)

    def bars(house, sight):
        desk = FrontDesk(house.ports())
        scope = Scope(desk, desk.store.image.symbols["AAPL"], sight)
        span = Span(0, house.clock.now, newest_first=False)
        return [row.fields for row in asyncio.run(past.bar_reader("1Min")(scope, span, 10_000))]

    assert bars(both, sight) == bars(alone, Sight((ALL_VENUES,) * 3))
    assert len(bars(both, sight)) > 10
