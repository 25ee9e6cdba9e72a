"""Reported trades of a feed on the tape; and a real day of one, against a plain recomputation."""

import csv
import datetime as dt
import gzip
import io
from decimal import Decimal

import numpy as np
import pytest

from rushtrade.domain.numbers import PRICE_UNIT
from rushtrade.feeds.events import EVENT
from rushtrade.feeds.recognition import feed_for
from rushtrade.rules.sessions import session_on
from rushtrade.tape.reports import TradeReports
from rushtrade.tape.tape import Tape, TapeLimits
from rushtrade.tape.timeframes import read_timeframe
from support.slow_tape import SlowTape

DAY = dt.date(2018, 1, 2)
SESSION = session_on(DAY)
REGULAR = (SESSION.open_ns, SESSION.close_ns)
TAQ = "quotes/taq_XXX_2018-01-02_trades.csv.gz"


def opened(ids=(7,), kept=1 << 16):
    tape = Tape(list(ids), TapeLimits(trades_kept=kept))
    tape.open_day(SESSION.midnight_ns, REGULAR)
    return tape


def event(**fields):
    row = np.zeros(1, EVENT)
    row["action"], row["price"], row["size"], row["symbol"] = b"T", 10_000_000_000, 100_000_000, b"KSS"
    row["time"] = SESSION.open_ns + 1
    for name, value in fields.items():
        row[name] = value
    return row


def test_trades_and_cancels_of_a_feed_stand_on_the_tape():
    tape = opened()
    reports = TradeReports(tape, {"KSS": 1}, {b"N": 3})
    rows = [
        event(order=5, conditions=b" F  ", venue=b"N"),
        event(order=6, conditions=b"@  o", venue=b"Q", size=7_500_000, price=10_000_060_000),
        event(order=7, symbol=b"NOBODY"),
        event(order=8, price=0),
        event(action=b"X", order=99, original=5, venue=b"N"),
        event(action=b"Q"),
    ]
    reports.take(np.concatenate(rows))
    first, second = tape.trades(7, 0, 9)
    assert (first.conditions, first.venue, first.match, first.broken) == ("F", 3, 5, True)
    assert (second.conditions, second.venue, second.shares, second.price) == ("@I", 4, 7, 100_001)
    counts = reports.counts
    assert (counts.trades, counts.cancels, counts.unknown_symbols, counts.without_price) == (2, 1, 1, 1)
    assert counts.fractions == 1
    assert tape.day(7).volume == 7


def test_no_rows_are_no_trades():
    reports = TradeReports(opened(), {"KSS": 1}, {})
    reports.take(np.zeros(0, EVENT))
    assert reports.counts.trades == 0


@pytest.mark.market_data
def test_a_real_day_of_reported_trades_makes_the_bars_a_plain_recomputation_makes(shared_data):
    raw = gzip.decompress((shared_data / TAQ).read_bytes())
    feed = feed_for(raw[:4096])
    tape = opened()
    tape.list_on(7, "A")
    reports = TradeReports(tape, {"XXX": 1}, {})
    for begin in range(0, len(raw), 1 << 16):
        reports.take(feed.feed(raw[begin : begin + (1 << 16)]).rows, "XXX")
    reports.take(feed.finish().rows, "XXX")
    slow = SlowTape(SESSION.midnight_ns, REGULAR, "A", DAY)
    for row in csv.DictReader(io.StringIO(raw.decode())):
        price = int(Decimal(row["PRICE"]) * PRICE_UNIT)
        slow.add(
            int(row["ts_us_utc"]) * 1_000, price, int(row["SIZE"]), 0, 0, row["COND"].replace(" ", "") or "@"
        )
    assert reports.counts.trades == len(slow.trades) == 39_470
    assert tape.bars(7, 0) == slow.bars()
    for text in ("1Sec", "5Min", "1Hour"):
        frame = read_timeframe(text)
        assert tape.frames(7, frame, SESSION.midnight_ns) == slow.bars(frame.start_of)
    (day,) = tape.frames(7, read_timeframe("1Day"), 0)
    assert day == slow.day()
    assert day.priced < day.trades < 39_470, "odd lots set no price, an official close is no volume"


@pytest.mark.market_data
def test_conditions_and_originals_are_read_from_the_captured_tapes(shared_data):
    folder = shared_data / "pcap" / "cta_cqs_cts" / "Cts.Cta.v2.11.b"
    read = {}
    for name in ("T_R_Fractional_Long_Trade", "T_E_Fractional_Trade_Cancel-Error"):
        raw = (folder / f"{name}.pcap").read_bytes()
        feed = feed_for(raw[:4096])
        read[name[:3]] = np.concatenate([feed.feed(raw).rows, feed.finish().rows])
    assert read["T_R"]["conditions"][0] == b"  TI"
    assert read["T_E"]["original"][0] == int.from_bytes(b"\0\0A3EQJ6", "big")
    assert read["T_E"]["order"][0] == int.from_bytes(b"\0\0A3O4WT", "big")
