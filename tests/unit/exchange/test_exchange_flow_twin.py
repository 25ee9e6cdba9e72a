"""A recorded flow with customers in its books says what the slow twin of flow and venues says."""

import random

import numpy as np
import pytest
from exchange_feed_lines import feed_lines
from exchange_slow_flow import SlowFlow, encoded
from test_exchange_matching_twin import random_batch

from rushtrade.exchange.venue import Exchange
from rushtrade.marketplace.flow import Flow
from rushtrade.wire import itch50
from rushtrade.wire import order_entry as oe
from rushtrade.wire.framing import MessageReader

SYMBOLS = ("AAPL", "MSFT")
RECORDED = {7: "MSFT", 3: "AAPL", 9: "IBM"}
PRICE = 1_000_000


class Stream:
    """A source of a few messages at a time, cut anywhere."""

    label, simulated, messages, first_time, last_time = "test", True, None, 0, None
    directory = RECORDED

    def __init__(self):
        self.pieces = []

    def read(self):
        return self.pieces.pop(0) if self.pieces else b""


def random_message(rng, time, live):
    """One message that a market might send; now and then one about an order it never had."""
    letter = rng.choices("AFECXDUPQHYVhB", [38, 6, 9, 3, 6, 20, 10, 4, 0.3, 0.05, 0.2, 0.1, 0.1, 0.2])[0]
    locate = rng.choice([3, 3, 3, 7, 7, 9])
    head = {"locate": locate, "tracking": 0, "timestamp": time}
    side = rng.choice("BS")
    price = PRICE + 100 * (rng.randint(-9, 3) if side == "B" else rng.randint(-3, 9))
    shares = rng.randint(1, 9) * rng.choice([1, 10, 100])
    fresh = rng.getrandbits(rng.choice([20, 64]))
    stock = RECORDED[locate]
    reference = rng.choice(live) if live and rng.random() < 0.98 else fresh
    match = rng.randint(1, 1 << 40)
    made = {
        "A": lambda: itch50.AddOrder(
            **head, reference=fresh, side=side, shares=shares, stock=stock, price=price
        ),
        "F": lambda: itch50.AddOrderAttributed(
            **head, reference=fresh, side=side, shares=shares, stock=stock, price=price, attribution="RUSH"
        ),
        "E": lambda: itch50.OrderExecuted(**head, reference=reference, shares=shares, match=match),
        "C": lambda: itch50.OrderExecutedWithPrice(
            **head, reference=reference, shares=shares, match=match, printable=rng.choice("YN"), price=price
        ),
        "X": lambda: itch50.OrderCancel(**head, reference=reference, shares=shares),
        "D": lambda: itch50.OrderDelete(**head, reference=reference),
        "U": lambda: itch50.OrderReplace(
            **head, reference=reference, new_reference=fresh, shares=shares, price=price
        ),
        "P": lambda: itch50.Trade(
            **head,
            reference=rng.choice([0, fresh]),
            side=side,
            shares=shares,
            stock=stock,
            price=price,
            match=match,
        ),
        "Q": lambda: itch50.CrossTrade(
            **head, shares=shares, stock=stock, price=price, match=match, cross_type="O"
        ),
        "H": lambda: itch50.StockTradingAction(
            **head, stock=stock, trading_state=rng.choice("TTTH"), reserved="", reason=""
        ),
        "Y": lambda: itch50.RegShoRestriction(**head, stock=stock, action="0"),
        "V": lambda: itch50.MwcbDeclineLevel(**(head | {"locate": 0}), level_1=3, level_2=2, level_3=1),
        "h": lambda: itch50.OperationalHalt(**head, stock=stock, market_code="Q", action="H"),
        "B": lambda: itch50.BrokenTrade(**(head | {"locate": 0}), match=match),
    }[letter]()
    if letter in "AF":
        live.append(fresh)
    elif letter == "U" and reference in live:
        live[live.index(reference)] = fresh
    if len(live) > 150:
        live.pop(rng.randrange(len(live)))
    return made


def new_pair(weights):
    stream = Stream()
    flow = Flow(stream, 0)
    venues = [Exchange(index, SYMBOLS, 0) for index in range(len(weights))]
    flow.bind(venues, weights)
    for venue in venues:
        venue.open(0)
        venue.feed()
    return stream, flow, venues, SlowFlow(SYMBOLS, weights, RECORDED)


def agree(venues, slow):
    """Compare all that was said by every venue since the last time."""
    for venue, twin in zip(venues, slow.venues, strict=True):
        assert venue.reports().tolist() == twin.reports
        packet = venue.feed()
        lines = feed_lines(packet.payload) if packet else []
        assert lines == twin.feed
        twin.reports.clear()
        twin.feed.clear()


@pytest.mark.parametrize(
    ("weights", "seed", "customers"), [([1], 1, 0.5), ([5, 3, 1], 2, 0.4), ([2, 0, 7], 3, 0.0)]
)
def test_recorded_messages_and_customers_orders_meet_as_in_the_twin(weights, seed, customers):
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    stream, flow, venues, slow = new_pair(weights)
    live, token, time = [], 1, 0
    for _ in range(1_500):
        messages = []
        for _ in range(rng.randint(0, 30)):
            time += rng.randint(0, 5)
            messages.append(random_message(rng, time, live))
        raw = encoded(messages)
        cut = rng.randint(0, len(raw))
        stream.pieces += [piece for piece in (raw[:cut], raw[cut:]) if piece]
        flow._finished = False  # the stream goes on after having run dry
        flow.advance(time)
        for message in messages:
            slow.apply(message)
        agree(venues, slow)
        if rng.random() < customers:
            venue = rng.randrange(len(weights))
            batch = random_batch(numbers, token, rng.randint(1, 12))
            token += len(batch)
            venues[venue].enter(batch, time)
            for row in batch.tolist():
                slow.venues[venue].submit(row, time)
            agree(venues, slow)
    assert flow.counts["unknown_references"] == slow.unknown > 100
    assert flow.counts["not_carried"] == slow.not_carried > 100
    assert flow.counts["dropped"] == slow.dropped > 10
    assert sum(len(twin.tokens) for twin in slow.venues) > (1_000 if customers else -1)


def test_an_image_of_the_books_shows_every_displayed_order_in_priority():
    rng, numbers = random.Random(4), np.random.default_rng(4)
    stream, flow, venues, slow = new_pair([1])
    live = []
    messages = [random_message(rng, time, live) for time in range(400)]
    stream.pieces.append(encoded(messages))
    flow.advance(400)
    for message in messages:
        slow.apply(message)
    batch = random_batch(numbers, 1, 300)
    venues[0].enter(batch, 400)
    twin = slow.venues[0]
    for row in batch.tolist():
        twin.submit(row, 400)
    image = feed_lines(venues[0].book_image(500).payload)
    adds = [line for line in image if isinstance(line, tuple)]
    expected = [
        (
            "F" if order.attribution else "A",
            locate,
            500,
            order.reference,
            "BS"[side],
            order.shares,
            order.price,
        )
        for locate in (1, 2)
        for side in (oe.BUY, oe.SELL)
        for price in twin.prices(locate, side)
        for order in twin.books[locate, side][price][0]
    ]
    assert [line[:7] for line in adds] == expected
    assert len(adds) > 50
    assert [type(line).__name__ for line in image if not isinstance(line, tuple)] == [
        "StockDirectory",
        "StockDirectory",
        "StockTradingAction",
        "StockTradingAction",
    ]


def test_every_message_of_the_feed_is_what_the_codec_would_have_written():
    rng, numbers = random.Random(5), np.random.default_rng(5)
    stream, flow, venues, _ = new_pair([3, 2])
    live, letters = [], set()
    for step in range(300):
        stream.pieces.append(encoded([random_message(rng, 10 * step + i, live) for i in range(10)]))
        flow._finished = False
        flow.advance(10 * step + 9)
        venues[step % 2].enter(random_batch(numbers, 20 * step + 1, 20), 10 * step + 9)
        for venue in venues:
            packet = venue.feed()
            reader = MessageReader()
            reader.receive_data(packet.payload if packet else b"")
            for raw in reader:
                message = itch50.decode(raw)
                assert itch50.encode(message) == raw
                assert getattr(message, "stock", "") in ("", SYMBOLS[message.locate - 1])
                letters.add(message.type)
    assert letters >= set("AFECXDUPQHYh")
