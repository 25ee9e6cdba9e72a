"""The scorecard of a house that runs: looks one after the other add up to one look at the whole journal; the page of it is text."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from quality_journal import QualityBook

from rushtrade.domain.errors import InvalidInput
from rushtrade.quality.live import LiveScorecard
from rushtrade.quality.reader import OrderReader, read_orders
from rushtrade.quality.scorecard import By, ScoreBoard, Span
from rushtrade.quality.scorecard_page import scorecard_html


def busy() -> QualityBook:
    """Ten orders over an hour, each filled, with marks in between."""
    book = QualityBook()
    for number in range(10):
        start = number * 360_000
        order = book.at(start).enter("buy", 100, "10.06", "A 100@10.05", route="A" if number % 3 else "DART")
        book.at(start + 2).fill(order, order << 8, 100, "10.04", "0.30")
        book.at(start + 900).marks("10.02", "10.06")
    book.at(4_000_000).marks("10.00", "10.04")
    return book


def test_look_after_look_adds_up_to_one_look():
    book = busy()
    frames = list(enumerate(book.frames, 1))
    ends: list[int] = []
    live = LiveScorecard(lambda after: frames[after : ends[-1]])
    for end in (1, 5, 6, 20, len(frames), len(frames)):
        ends.append(end)
        seen = live.look(By.ROUTE)
    reader = OrderReader()
    board = ScoreBoard(By.STRATEGY, Span(), reader.horizons_ns)
    board.add(read_orders(iter(book.frames), reader), reader.names)
    assert live.look(By.STRATEGY) == board.scorecard("Quality House")
    assert (seen.orders, seen.total.filled, seen.total.cost) == (10, 1_000, "23.00")


def test_an_order_counts_when_nothing_can_be_added_to_it():
    frames = list(enumerate(busy().frames[:-1], 1))
    live = LiveScorecard(lambda after: frames[after:])
    assert live.look(By.ROUTE).orders == 9, "the last one's five minutes are not over"


def test_the_page_has_every_row_and_nothing_that_runs():
    frames = list(enumerate(busy().frames, 1))
    page = scorecard_html(LiveScorecard(lambda after: frames[after:]).look(By.STRATEGY))
    assert "<script" not in page
    assert page.count("<tr>") == 1 + 2 + 1
    svg = page[page.index("<svg") : page.index("</svg>") + 6]
    assert "DIRECT" in " ".join(ET.fromstring(svg).itertext())
    empty = scorecard_html(LiveScorecard(lambda after: frames[after:7]).look(By.ROUTE))
    assert "No order can be scored yet" in empty


def test_an_account_has_a_scorecard_of_its_own_orders_and_all_of_them_make_the_houses():
    frames = list(enumerate(busy().frames, 1))
    live = LiveScorecard(lambda after: frames[after:])
    whole = live.look(By.SYMBOL)
    accounts = [live.look(By.SYMBOL, number) for number in range(1, 10)]
    assert sum(found.orders for found in accounts) == whole.orders
    assert sum(found.total.filled for found in accounts) == whole.total.filled
    assert [found.orders for found in accounts if found.orders] == [whole.orders], "one account sent them all"
    assert live.look(By.ROUTE, 99).rows == []


def test_accounts_beyond_the_bound_are_told_so(monkeypatch):
    monkeypatch.setattr("rushtrade.quality.live.ACCOUNTS_MAX", 0)
    frames = list(enumerate(busy().frames, 1))
    live = LiveScorecard(lambda after: frames[after:])
    assert live.look(By.ROUTE).orders > 0
    with pytest.raises(InvalidInput, match="of the first 0 accounts"):
        live.look(By.ROUTE, 1)
