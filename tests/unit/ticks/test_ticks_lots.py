"""Quotes in round lots: shares by the rule of the day they are of, and no size where the rule needs what a quote does not say."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from rushtrade.feeds.events import EVENT, LOTS, MICRO, SHARES
from rushtrade.rules.new_york import midnight_ns
from rushtrade.ticks.import_events import EventRows
from rushtrade.ticks.writer import TickWriter

CASES = (
    # date, unit, bid and ask as written, shares kept, quotes without a size
    (dt.date(2025, 10, 31), LOTS, (3, 7), (300, 700), 0),
    (dt.date(2025, 10, 31), SHARES, (3, 7), (3, 7), 0),
    (dt.date(2025, 11, 3), LOTS, (3, 7), (0, 0), 1),
    (dt.date(2025, 11, 3), SHARES, (3, 7), (3, 7), 0),
)


@pytest.mark.parametrize(("date", "unit", "written", "kept", "unknown"), CASES)
def test_lots_become_shares_by_the_dated_rule_or_are_left_out_and_counted(
    tmp_path, date, unit, written, kept, unknown
):
    quotes = np.zeros(1, EVENT)
    quotes["action"], quotes["symbol"], quotes["unit"], quotes["time"] = b"Q", b"AAPL", unit, 36_000 * 10**9
    quotes["price"], quotes["ask_price"] = 10 * 10**9, 11 * 10**9
    quotes["size"], quotes["ask_size"] = (size * MICRO for size in written)
    with TickWriter(tmp_path, date) as writer:
        rows = EventRows(writer, midnight_ns(date), from_midnight=True, venue="XNAS", symbol="")
        assert rows.take(quotes) == 1
        writer.flush(1)
        made = writer.reader().records("mbp-1")
    assert (made["bid_sz_00"][0], made["ask_sz_00"][0]) == kept
    assert (made["bid_px_00"][0], made["ask_px_00"][0]) == (10 * 10**9, 11 * 10**9)
    assert rows.sizes_unknown == unknown
