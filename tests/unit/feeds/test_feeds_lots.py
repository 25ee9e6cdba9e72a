"""Sizes in round lots become shares where the round lot is known, and are left in lots where it is not."""

import datetime as dt

import numpy as np
import pytest

from rushtrade.feeds.events import EVENT, LOTS, MICRO, NO_PRICE, SHARES
from rushtrade.feeds.lots import DAY_NS, in_shares
from rushtrade.feeds.recognition import feed_for
from rushtrade.rules.market_structure import ROUND_LOTS

DAY = 17_000 * DAY_NS


def rows(*quotes):
    made = np.zeros(len(quotes), EVENT)
    for row, (symbol, day, size, ask_size, unit) in zip(made, quotes, strict=True):
        row["symbol"], row["time"], row["unit"] = symbol, DAY + day * DAY_NS + 5, unit
        row["size"], row["ask_size"] = size * MICRO, ask_size * MICRO
    return made


def test_a_round_lot_is_that_of_the_stock_and_the_day():
    lots = {("A", DAY): 100, ("A", DAY + DAY_NS): 10, ("BRK.A", DAY): 1}
    given = rows(
        (b"A", 0, 3, 2, LOTS), (b"A", 1, 3, 2, LOTS), (b"BRK.A", 0, 7, 0, LOTS), (b"A", 0, 3, 2, SHARES),
        (b"?", 0, 3, 2, LOTS),
    )  # fmt: skip
    before = given.copy()
    made = in_shares(given, lambda symbol, at: lots.get((symbol, at)))
    assert (made["size"] // MICRO).tolist() == [300, 30, 7, 3, 3]
    assert (made["ask_size"] // MICRO).tolist() == [200, 20, 0, 2, 2]
    assert made["unit"].tolist() == [SHARES, SHARES, SHARES, SHARES, LOTS]
    assert (given == before).all()


def test_a_size_no_number_holds_is_undefined():
    given = rows((b"A", 0, 0, 0, LOTS))
    given["size"] = NO_PRICE - 1
    assert in_shares(given, lambda *_: 100)["size"][0] == NO_PRICE


@pytest.mark.market_data
def test_captured_quotes_are_in_lots_until_the_rule_of_their_day_is_brought(shared_data):
    data = (shared_data / "pcap" / "utp_uqdf" / "QuoteLongFormMessage.pcap").read_bytes()
    quotes = feed_for(data).feed(data).rows
    quotes = quotes[quotes["action"] == b"Q"]
    assert set(quotes["unit"].tolist()) == {LOTS}

    def rule(symbol, at):
        assert symbol == "AMZN"
        day = dt.datetime.fromtimestamp(at // 10**9, dt.UTC).date()
        return ROUND_LOTS.on(day).round_lot(7_672_500)

    made = in_shares(quotes, rule)
    assert (made["size"][0] // MICRO, made["ask_size"][0] // MICRO) == (300, 200)
    assert made["unit"][0] == SHARES
