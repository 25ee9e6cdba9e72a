"""Market-by-order books: rule by rule, against a twin without levels, and on the recorded day."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.books.mbo_books import LEVELS, MBP10, Level, MboBook, MboBooks
from rushtrade.feeds.dbn import F_LAST, MBO, DbnFeed
from rushtrade.feeds.events import NO_PRICE
from rushtrade.feeds.source import Source


def book_of(*records):
    book = MboBook()
    for action, side, order, price, size in records:
        book.apply(action.encode(), side.encode(), order, price, size)
    return book


ADDS = (("A", "B", 1, 100, 5), ("A", "B", 2, 100, 7), ("A", "B", 3, 99, 1), ("A", "A", 4, 101, 2))


@pytest.mark.parametrize(
    ("record", "queue"),
    [
        (("T", "B", 1, 100, 5), [(1, 5), (2, 7)]),
        (("F", "B", 1, 100, 5), [(1, 5), (2, 7)]),
        (("N", "N", 0, 0, 0), [(1, 5), (2, 7)]),
        (("C", "B", 1, 100, 2), [(1, 3), (2, 7)]),
        (("C", "B", 1, 100, 5), [(2, 7)]),
        (("M", "B", 1, 100, 4), [(1, 4), (2, 7)]),
        (("M", "B", 1, 100, 6), [(2, 7), (1, 6)]),
        (("M", "B", 3, 100, 1), [(1, 5), (2, 7), (3, 1)]),
        (("M", "B", 1, 98, 5), [(2, 7)]),
        (("M", "B", 9, 100, 4), [(1, 5), (2, 7), (9, 4)]),
        (("R", "N", 0, 0, 0), []),
    ],
)
def test_each_action_does_to_a_queue_what_its_rule_says(record, queue):
    assert book_of(*ADDS, record).queue("B", 100) == queue


@pytest.mark.parametrize(
    ("record", "anomaly"),
    [
        (("C", "B", 9, 100, 4), "unknown_order"),
        (("M", "B", 9, 100, 4), "unknown_order"),
        (("A", "B", 1, 100, 4), "duplicate_order"),
        (("C", "B", 1, 100, 6), "excess_size"),
        (("A", "N", 9, 100, 4), "bad_record"),
        (("A", "B", 9, NO_PRICE, 4), "bad_record"),
        (("Z", "B", 9, 100, 4), "bad_record"),
    ],
)
def test_what_contradicts_the_book_is_counted(record, anomaly):
    assert {name for name, count in book_of(*ADDS, record).anomalies.items() if count} == {anomaly}


def test_prices_below_zero_stand_in_order():
    book = book_of(("A", "B", 1, -5, 1), ("A", "B", 2, -7, 1), ("A", "B", 3, 2, 1))
    assert book.depth("B") == [Level(2, 1, 1), Level(-5, 1, 1), Level(-7, 1, 1)]


class Twin:
    """Orders in a list, nothing else."""

    def __init__(self):
        self.orders = []  # [order, side, price, size], the oldest place first

    def apply(self, action, side, order, price, size):
        if action == b"R":
            self.orders = []
        found = next((row for row in self.orders if row[0] == order), None)
        if action == b"A" and found is None:
            self.orders.append([order, side, price, size])
        elif action == b"C" and found:
            found[3] -= size
            if found[3] <= 0:
                self.orders.remove(found)
        elif action == b"M":
            if found and found[1:3] == [side, price] and size <= found[3]:
                found[3] = size
                return
            if found:
                self.orders.remove(found)
            self.orders.append([order, side, price, size])

    def depth(self, side):
        here = [row for row in self.orders if row[1] == side]
        prices = sorted({row[2] for row in here}, reverse=side == b"B")[:LEVELS]
        at = [[row[3] for row in here if row[2] == price] for price in prices]
        return [Level(price, sum(sizes), len(sizes)) for price, sizes in zip(prices, at, strict=True)]


def flat(record):
    """Levels of a row, as lists of bids and of asks."""
    rows = [tuple(record[f"{side}_{what}_{n:02}"] for what in ("px", "sz", "ct")) for n in range(LEVELS) for side in ("bid", "ask")]  # fmt: skip
    return [[Level(*map(int, row)) for row in rows[k::2] if row[0] != NO_PRICE] for k in (0, 1)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(1, 120), st.integers(1, 40))
def test_any_records_make_the_levels_the_twin_makes(seed, count, cut):
    rng = random.Random(seed)
    records = np.zeros(count, MBO)
    for record in records:
        record["action"] = rng.choice(
            [b"A", b"A", b"A", b"C", b"M", b"T", b"F", b"R" if rng.random() < 0.05 else b"M"]
        )
        record["side"], record["order"] = rng.choice([b"A", b"B"]), rng.randrange(1, 25)
        record["price"], record["size"] = rng.randrange(-9, 10), rng.randrange(1, 6)
        record["flags"] = F_LAST if rng.random() < 0.6 else 0
    books = MboBooks()
    rows = np.concatenate([books.feed(records[at : at + cut]) for at in range(0, count, cut)])
    twin, expected, shown = Twin(), [], [[], []]
    for record in records:
        action, side, order, price, size = (
            record[name].item() for name in ("action", "side", "order", "price", "size")
        )
        twin.apply(action, side, order, price, size)
        levels = [twin.depth(side) for side in (b"B", b"A")]
        if record["flags"] & F_LAST and levels != shown:
            expected.append(levels)
            shown = levels
    assert [flat(row) for row in rows] == expected
    assert rows.dtype == MBP10


@pytest.mark.market_data
def test_the_recorded_day_contradicts_its_book_nowhere_and_equals_the_twin_row_by_row(shared_data):
    feed, books = DbnFeed(), MboBooks()
    with Source(shared_data / "mbo" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst") as source:
        records = np.concatenate([feed.mbo(piece) for piece in source.pieces()])
    orders, rows = {}, []
    for begin in range(0, len(records), 997):
        piece = records[begin : begin + 997]
        rows.append(books.feed(piece))
        for record in piece:
            follow(orders, *(record[name].item() for name in ("action", "side", "order", "price", "size")))
        book = books.books[17077]
        assert [book.depth("B"), book.depth("A")] == [level_table(orders, b"B"), level_table(orders, b"A")]
        if piece[-1]["flags"] & F_LAST:
            shown = np.concatenate(rows)[-1]
            assert flat(shown) == [book.depth("B"), book.depth("A")]
    rows = np.concatenate(rows)
    assert len(rows) == 37_064
    assert not any(books.anomalies().values())
    opened = 1_703_545_200_000_000_000  # 17:00 in Chicago; before, orders may cross
    late = rows[rows["ts_event"] >= opened]
    assert (late["bid_px_00"] < late["ask_px_00"]).all()


def follow(orders, action, side, order, price, size):
    """Keep orders by number: what levels are made of, in another way."""
    if action in {b"A", b"M"}:
        orders[order] = (side, price, size)
    elif action == b"C":
        left = orders[order][2] - size
        orders[order] = (*orders[order][:2], left)
        if left == 0:
            del orders[order]


def level_table(orders, side):
    sizes = {}
    for at, price, size in orders.values():
        if at == side:
            sizes.setdefault(price, []).append(size)
    best = sorted(sizes, reverse=side == b"B")[:LEVELS]
    return [Level(price, sum(sizes[price]), len(sizes[price])) for price in best]
