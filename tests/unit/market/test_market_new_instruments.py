"""Instruments that a feed announces while the data center runs."""

import pytest

from rushtrade.domain.errors import InvariantBroken
from rushtrade.market.market_data import MarketData
from rushtrade.wire import itch50
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all

MIDNIGHT = 1_340_251_200_000_000_000
VENUES = ("XNAS", "ARCX")
LETTERS = ("Q", "N", 100, "N", "C", "Z", "P", "N", "N", "1", "N", 0, "N")


def packet(sequence, *messages):
    return FeedPacket(0, sequence, len(messages), frame_all(map(itch50.encode, messages)))


def directory(locate, symbol):
    return itch50.StockDirectory(locate, 0, 1, symbol, *LETTERS)


def add(reference, side, shares, price, locate):
    return itch50.AddOrder(locate, 0, 1_000, reference, side, shares, "", price)


def opened(instruments):
    market = MarketData(instruments, VENUES)
    market.open_day(MIDNIGHT)
    market.touched()
    return market


FIRST = packet(1, directory(1, "AAPL"), add(1, "B", 100, 10_000, 1))
SECOND = packet(
    3,
    directory(2, "ZZZ"),
    directory(3, "BBB"),
    add(2, "B", 70, 10_000, 2),
    add(3, "S", 80, 20_000, 3),
    add(4, "S", 90, 20_000, 1),
    itch50.OrderExecuted(2, 0, 2_000, 2, 30, 1),
)


def test_an_instrument_that_becomes_known_late_is_as_if_it_had_been_known_from_the_start():
    known, late = opened({5: "AAPL", 9: "ZZZ", 11: "BBB"}), opened({5: "AAPL"})
    for each in (known, late):
        each.receive(FIRST)
    assert late.touched() == [5]
    late.add_instruments({5: "AAPL", 11: "BBB", 9: "ZZZ"})
    late.add_instruments({})
    for each in (known, late):
        each.receive(SECOND)
    assert late.touched() == [5, 9, 11]
    for number in (5, 9, 11):
        assert late.nbbo(number) == known.nbbo(number)
        assert late.montage(number, 5) == known.montage(number, 5)
        assert late.trades(number, 0, 9) == known.trades(number, 0, 9)
        assert late.bars(number, 0) == known.bars(number, 0)
    assert late.nbbo(9).odd_bid_shares == 40
    assert len(late.trades(9, 0, 9)) == 1
    late.open_day(MIDNIGHT + 86_400_000_000_000)
    assert late.nbbo(9).state == "unknown"


def test_eight_thousand_instruments_can_become_known():
    market = opened({1: "A"})
    market.add_instruments({number: f"S{number}" for number in range(2, 8_002)})
    market.receive(packet(1, directory(7, "S7001"), add(1, "B", 100, 10_000, 7)))
    assert market.touched() == [7001]


def test_two_new_instruments_of_one_symbol_are_refused():
    with pytest.raises(InvariantBroken, match="same symbol"):
        opened({1: "A"}).add_instruments({2: "B", 3: "B"})
