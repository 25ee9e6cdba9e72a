"""Seeded replay of LOBSTER messages: rule by rule, and all ten levels of every row there is."""

import gzip

import pytest

from rushtrade.books.lobster_books import EMPTY_LEVEL, LobsterBook

ROW = [102, 5, 100, 7, 103, 1, 99, 2]


@pytest.mark.parametrize(
    ("message", "row"),
    [
        ((1, 11, 3, 100, 1), [102, 5, 100, 10, 103, 1, 99, 2]),
        ((1, 11, 3, 101, -1), [101, 3, 100, 7, 102, 5, 99, 2]),
        ((2, 5, 2, 100, 1), [102, 5, 100, 5, 103, 1, 99, 2]),
        ((3, 5, 5, 102, -1), [103, 1, 100, 7, EMPTY_LEVEL, 0, 99, 2]),
        ((4, 5, 7, 100, 1), [102, 5, 99, 2, 103, 1, -EMPTY_LEVEL, 0]),
        ((5, 0, 7, 100, 1), ROW),
        ((6, 0, 7, 100, 1), ROW),
        ((7, 0, 0, -1, -1), ROW),
        ((3, 5, 7, 98, 1), ROW),
    ],
)
def test_each_type_does_what_the_rule_says(message, row):
    book = LobsterBook(ROW)
    book.apply(*message)
    assert book.row(2) == row


def test_an_order_that_is_known_leaves_and_not_the_seed_and_what_lies_deeper_is_counted():
    book = LobsterBook(ROW)
    book.apply(1, 11, 3, 100, 1)
    book.apply(3, 11, 3, 100, 1)
    assert book.row(2) == ROW
    book.apply(4, 12, 7, 100, 1)
    book.apply(4, 13, 1, 100, 1)
    assert book.deeper == 1


@pytest.mark.market_data
def test_ten_levels_of_all_999_rows_equal_lobsters(shared_data):
    def lines(name):
        with gzip.open(shared_data / "lobster" / f"AAPL_2012-06-21_34200000_{name}.csv.gz", "rt") as file:
            return [line.strip() for line in file]

    rows = [[int(cell) for cell in line.split(",")] for line in lines("57600000_orderbook_10.first999")]
    numbers = {line: number for number, line in enumerate(lines("57600000_message_10.first999"))}
    book, equal = LobsterBook(rows[0]), 0
    for line in lines("37800000_message_50"):
        number = numbers.get(line)
        if number != 0:
            _, kind, order, shares, price, direction = line.split(",")
            book.apply(int(kind), int(order), int(shares), int(price), int(direction))
        if number is not None:
            equal += book.row(10) == rows[number]
        if number == len(rows) - 1:
            break
    assert (equal, len(rows)) == (999, 999)
    assert not any(book.book.anomalies.values())
