"""Lines of columns in a market: reports, bands, halts and reference data, holes in their numbers, and a market taken whole."""

import random

import numpy as np
import pytest

from rushtrade.feeds.events import EVENT
from rushtrade.market.market_data import MarketData
from rushtrade.wire.feed_packet import COLUMNS, FeedPacket

SECOND = 1_000_000_000
DAY = 1_800_000_000 * SECOND
OPEN, CLOSE = DAY + 100 * SECOND, DAY + 10_000 * SECOND
SIP, IEX, ARCA = range(3)
DOLLAR = SECOND


def row(action, time, **fields):
    made = np.zeros(1, EVENT)
    made["action"], made["type"], made["time"] = action.encode(), action.encode(), OPEN + time * SECOND
    made["symbol"], made["side"] = b"AAPL", b"N"
    for name, value in fields.items():
        made[name] = value
    return made


def quote(time, bid, ask, shares=100, place=ARCA + 1, **fields):
    sizes = {"size": shares * 10**6, "ask_size": shares * 10**6}
    return row("Q", time, price=bid * DOLLAR, ask_price=ask * DOLLAR, place=place, **sizes, **fields)


def level(time, side, price, shares):
    fields = {"side": side.encode(), "price": price * DOLLAR, "size": shares * 10**6, "flags": 1}
    return row("L", time, place=IEX + 1, **fields)


def trade(time, price, number, shares=100, place=ARCA + 1, **fields):
    return row("T", time, price=price * DOLLAR, size=shares * 10**6, order=number, place=place, **fields)


def said(action, missing=0):
    made = row(action, 0, order=missing)
    made["type"], made["symbol"], made["time"] = b"", b"", 0
    return made


class Desk:
    def __init__(self, **names):
        self.market = MarketData({5: "AAPL", **names}, ["SIP", "IEX", "ARCA"])
        self.market.open_day(DAY, (OPEN, CLOSE))
        self.market.tell_reference(tiers={5: 1}, closes={5: 100 * 10_000})
        self.next = [1, 1, 1]

    def say(self, *rows, line=SIP):
        data = np.concatenate(rows)
        self.market.receive(FeedPacket(line, self.next[line], len(data), data.tobytes(), COLUMNS))
        self.next[line] += len(data)

    @property
    def best(self):
        found = self.market.nbbo(5)
        return found.bid // 10_000, found.ask // 10_000, found.state

    def line(self, place):
        return self.market.line_states()[place]


@pytest.fixture
def desk():
    return Desk()


def test_quotes_of_several_venues_come_on_one_line_and_trades_know_the_quote_before_them(desk):
    desk.say(quote(1, 99, 101), quote(1, 98, 100, place=IEX + 1), trade(2, 100, 1), quote(3, 97, 102))
    assert desk.best == (98, 100, "good")
    (print_,) = desk.market.trades(5, 0, 9)
    assert (print_.bid // 10_000, print_.ask // 10_000, print_.place) == (99, 100, 4)
    assert desk.line(SIP).next_sequence == 5


def test_bands_the_tape_publishes_stand_beside_ours_and_differences_are_counted(desk):
    desk.say(quote(0, 99, 101), trade(1, 100, 1, conditions=b"@O"))
    ours = desk.market.status(5).bands
    assert (ours.low, ours.high) == (95 * 10_000, 105 * 10_000)
    desk.say(row("B", 2, price=95 * DOLLAR, ask_price=105 * DOLLAR, place=SIP + 1))
    assert desk.market.status(5).bands.published_high == 105 * 10_000
    assert desk.market.status(5).bands.differs == 0
    desk.say(row("B", 3, price=94 * DOLLAR, ask_price=105 * DOLLAR, place=SIP + 1))
    assert desk.market.status(5).bands.differs == 1


def test_halts_short_sale_tests_and_a_venues_own_halt_are_states_like_those_of_orders_feeds(desk):
    desk.say(quote(0, 99, 101), quote(0, 98, 102, place=IEX + 1))
    desk.say(row("h", 1, flags=ord("H"), place=ARCA + 1))
    assert desk.best == (98, 102, "good")
    desk.say(row("Y", 2, flags=ord("1"), place=SIP + 1))
    desk.say(row("H", 3, flags=ord("P"), conditions=b"LUDP", place=SIP + 1))
    status = desk.market.status(5)
    assert (status.trading, status.reason, status.short_sale) == ("P", "LUDP", "1")
    assert desk.best[2] == "halted"
    desk.say(row("H", 4, flags=ord("T"), place=SIP + 1), row("h", 4, flags=ord("T"), place=ARCA + 1))
    assert desk.best == (99, 101, "good")


def test_reference_data_of_a_tape_says_round_lot_tier_and_close(desk):
    desk.say(quote(0, 99, 101, shares=40))
    assert desk.best == (0, 0, "unknown")
    desk.say(row("D", 1, size=40 * 10**6, price=50 * DOLLAR, flags=ord("2"), place=SIP + 1))
    assert desk.best == (99, 101, "good")
    security = desk.market.status_board.securities[1]
    assert (int(security["tier"]), int(security["close"])) == (2, 50 * 10_000)


def test_a_hole_in_a_line_of_quotes_voids_them_until_the_next_of_each_stock(desk):
    desk.say(quote(0, 99, 101), trade(0, 100, 1))
    desk.say(said("G", 7), trade(1, 100, 2))
    assert desk.best == (0, 0, "unknown")
    assert desk.line(SIP).gaps == 1
    assert desk.market.trades_total(5) == 2
    desk.say(quote(2, 98, 102))
    assert desk.best == (98, 102, "good")


def test_a_hole_in_a_line_of_levels_leaves_them_unknown_until_the_feed_begins_anew(desk):
    desk.say(level(0, "B", 99, 100), level(0, "A", 101, 100), line=IEX)
    assert desk.best == (99, 101, "good")
    desk.say(said("G", 3), level(1, "B", 100, 100), line=IEX)
    assert desk.best == (0, 0, "unknown")
    assert desk.line(IEX).state == "gap"
    assert "3 messages are missing" in desk.line(IEX).fault
    desk.say(said("R"), level(2, "B", 98, 100), level(2, "A", 102, 100), line=IEX)
    assert desk.best == (98, 102, "good")
    assert (desk.line(IEX).state, desk.line(IEX).gaps) == ("live", 1)


def test_more_trades_than_there_is_room_for_at_once_all_reach_the_tape(desk):
    count = 3 * len(desk.market._storage.trades)
    desk.say(*(trade(place % 50, 100, place + 1) for place in range(count)))
    assert desk.market.trades_total(5) == count
    assert desk.market.volume(5) == 100 * count


def random_row(rng, number, count):
    time, venue = number % 90, {"place": ARCA + 1}
    bid, ask, price = rng.randint(95, 99), rng.randint(100, 105), rng.randint(95, 105)
    original = rng.randint(1, number)
    return rng.choice(
        [
            quote(time, bid, ask, rng.choice([0, 40, 100])),
            quote(time, bid, ask, place=IEX + 1),
            trade(time, price, number, conditions=rng.choice([b"@", b"@I", b"F"])),
            row("X", time, original=original, **venue),
            row("K", time, original=original, order=count + number, price=99 * DOLLAR, size=10**8, **venue),
            row("H", time, flags=ord(rng.choice("HPQT")), place=SIP + 1),
            said("G", 2),
            row("B", time, price=90 * DOLLAR, ask_price=110 * DOLLAR, place=SIP + 1),
            quote(time, 99, 101, symbol=b"NOBODY"),
        ]
    )


@pytest.mark.parametrize("seed", range(4))
def test_rows_mean_the_same_however_they_are_cut_and_a_market_taken_whole_goes_on_the_same(seed):
    rng = random.Random(seed)
    rows = [random_row(rng, number, 300) for number in range(1, 301)]
    one, other = Desk(), Desk()
    for each in rows:
        one.say(each)
    cuts = sorted(rng.sample(range(1, 300), 4))
    for begin, end in zip([0, *cuts], [*cuts, 300], strict=True):
        other.say(*rows[begin:end])
        joined = Desk()
        joined.market.restore(other.market.snapshot())
        joined.next, other = other.next, joined
    assert one.best == other.best
    assert one.market.bars(5, 0) == other.market.bars(5, 0)
    assert one.market.trades(5, 0, 400) == other.market.trades(5, 0, 400)
    assert one.market.status(5) == other.market.status(5)
    assert [each.gaps for each in one.market.line_states()] == [
        each.gaps for each in other.market.line_states()
    ]


def test_random_bytes_in_a_packet_of_columns_are_counted_and_harm_nobody(desk):
    rng = random.Random(3)
    desk.say(quote(0, 99, 101))
    for _ in range(200):
        data = bytearray(
            np.concatenate([quote(1, 90, 110), trade(1, 100, 1), row("H", 1, flags=1)]).tobytes()
        )
        for _ in range(rng.randint(1, 40)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        desk.market.receive(FeedPacket(SIP, desk.next[SIP], 3, bytes(data), COLUMNS))
        desk.next[SIP] += 3
    assert desk.line(ARCA).messages > 1
    assert sum(desk.line(SIP).anomalies.values()) > 0
