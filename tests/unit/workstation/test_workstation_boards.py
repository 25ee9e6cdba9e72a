"""Boards of people who see different things: a venue alone, or late, as if there were nothing else."""

from __future__ import annotations

import struct

import pytest

from api_house import AAPL, SESSION, standing_house
from rushtrade.api.access import FrontDesk
from rushtrade.domain.instants import MINUTE, SECOND
from rushtrade.serving.sight import Sight
from rushtrade.wire import itch50
from rushtrade.workstation.board import Board, prints_after
from rushtrade.workstation.sights import WHOLE, Seen

ROW = struct.Struct("<iBBBBHHi11q")
NASDAQ, ARCA = Seen(Sight((1,) * 3), 1), Seen(Sight((2,) * 3), 0)
NOTHING = Seen(Sight((0,) * 3), 0)
LATE = Seen(Sight((-1,) * 3, 15 * MINUTE), 0)


class Row:
    """A row of the quotes frame, by name."""

    def __init__(self, raw):
        (self.index, self.state, self.flags, _, self.venue, self.bids, self.asks, self.prints, self.bid, self.ask, self.last,
         self.bid_shares, self.ask_shares, self.shares, self.volume, _, self.high, self.low, self.time) = ROW.unpack(raw)  # fmt: skip


class Market:
    """A standing market, and boards on it."""

    def __init__(self):
        self.house = standing_house()
        self.desk = FrontDesk(self.house.ports())
        self.boards = []

    def board(self, seen, late=lambda _: ()):
        found = Board(self.desk, set, seen, late)
        self.boards.append(found)
        return found

    def trade(self, venue, price, shares):
        """Trade at a venue; give the match number, for a void."""
        reference = self.house.feed.order(venue, AAPL, "B", price, shares)
        self.house.feed.execute(venue, AAPL, reference, shares)
        self.house.clock.now = SESSION.open_ns + self.house.feed.seconds * SECOND
        self.mark()
        return self.house.feed.match

    def void(self, venue, match):
        self.house.feed.say(venue, itch50.BrokenTrade(AAPL, 0, self.house.feed._time(), match))
        self.mark()

    def mark(self):
        for board in self.boards:
            board.mark([AAPL])

    def row(self, board):
        board.refresh()
        return Row(board.watch(AAPL).row)


@pytest.fixture
def market():
    return Market()


def test_a_board_of_one_venue_knows_no_other(market):
    boards = [market.board(seen) for seen in (WHOLE, NASDAQ, ARCA, NOTHING)]
    for board in boards:
        board.watch(AAPL)
    for venue, price, shares in (
        (0, 1_872_450, 400),
        (1, 1_872_420, 700),
        (0, 1_872_410, 300),
        (1, 1_872_440, 100),
    ):
        market.trade(venue, price, shares)
    assert [market.row(board).volume for board in boards] == [1_500, 700, 800, 0]
    assert [(row.high, row.low, row.last) for row in map(market.row, boards)] == [
        (1_872_450, 1_872_410, 1_872_440),
        (1_872_450, 1_872_410, 1_872_410),
        (1_872_440, 1_872_420, 1_872_440),
        (0, 0, 0),
    ]
    assert [(row.bid, row.ask) for row in map(market.row, boards)] == [
        (1_872_400, 1_872_600),
        (1_872_400, 1_872_600),
        (1_872_300, 1_872_700),
        (0, 0),
    ]
    assert [(row.bids, row.asks) for row in map(market.row, boards)] == [(1, 1), (1, 1), (2, 2), (0, 0)]
    assert [sum(bar.volume for bar in board.bars(AAPL, SESSION.open_ns)) for board in boards] == [
        1_500,
        700,
        800,
        0,
    ]


def test_prints_of_a_venue_are_numbered_without_a_hole(market):
    board = market.board(ARCA)
    board.watch(AAPL)
    for number in range(1, 7):
        market.trade(number % 2, 1_872_420, 100 * number)
    market.row(board)
    skipped, rows, last = prints_after(board.watch(AAPL), 0, 10)
    assert (skipped, len(rows), last) == (0, 3, 3)
    assert [int(row[1:].split(b",")[3]) for row in rows] == [100, 300, 500]
    market.trade(1, 1_872_420, 700)
    market.row(board)
    assert prints_after(board.watch(AAPL), last, 10)[2] == 4


def test_a_void_trade_leaves_the_day_and_moves_no_number(market):
    board = market.board(ARCA)
    board.watch(AAPL)
    market.trade(1, 1_872_420, 100)
    match = market.trade(1, 1_872_550, 300)
    row = market.row(board)
    assert (row.high, row.volume) == (1_872_550, 400)
    market.void(1, match)
    row = market.row(board)
    assert (row.high, row.volume, row.prints) == (1_872_420, 100, 1)
    assert board.watch(AAPL).number == 2
    market.trade(1, 1_872_430, 200)
    row = market.row(board)
    assert (row.high, row.volume) == (1_872_430, 300)
    assert prints_after(board.watch(AAPL), 2, 10)[2] == 3


def test_a_late_board_shows_what_was_so_a_quarter_of_an_hour_ago(market):
    board = market.board(LATE)
    board.watch(AAPL)
    market.trade(0, 1_872_450, 400)
    first_ns = market.house.clock.now
    row = market.row(board)
    assert (row.volume, row.last, row.bid) == (0, 0, 0)
    assert row.flags & 16
    market.house.clock.now = first_ns + 15 * MINUTE - 1
    market.mark()
    assert market.row(board).volume == 0, "a nanosecond too early"
    market.house.clock.now = first_ns + 15 * MINUTE + SECOND
    row = market.row(board)
    assert (row.volume, row.last) == (400, 1_872_450)
    assert [bar.volume for bar in board.bars(AAPL, SESSION.open_ns)] == [400]
    assert b'"bids":[]' in board.montage(AAPL), "books are never shown late"


def test_a_late_board_takes_quotes_from_whoever_keeps_them(market):
    class Kept:
        numbers = (1, 5, 100, 200, 3, 4, 1, 2)

    board = market.board(LATE, lambda numbers: [Kept] if list(numbers) == [AAPL] else [])
    row = market.row(board)
    assert (row.state, row.time, row.bid, row.ask, row.bid_shares, row.ask_shares, row.bids, row.asks) == (
        1, 5, 100, 200, 3, 4, 1, 2,
    )  # fmt: skip
