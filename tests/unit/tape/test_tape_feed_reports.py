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
from rushtrade.market.market_data import MarketData
from rushtrade.rules.sessions import session_on
from rushtrade.tape.timeframes import read_timeframe
from rushtrade.wire.feed_packet import COLUMNS, FeedPacket
from support.slow_tape import SlowTape

DAY = dt.date(2018, 1, 2)
SESSION = session_on(DAY)
REGULAR = (SESSION.open_ns, SESSION.close_ns)
TAQ = "quotes/taq_XXX_2018-01-02_trades.csv.gz"


def opened(symbol="KSS"):
    market = MarketData({7: symbol}, ["NYSE", "NASDAQ"])
    market.open_day(SESSION.midnight_ns, REGULAR)
    return market


def told(market, rows):
    market.receive(FeedPacket(0, 1, len(rows), rows.tobytes(), COLUMNS))
    return market.line_states()[0].anomalies


def event(**fields):
    row = np.zeros(1, EVENT)
    row["action"], row["price"], row["size"], row["symbol"] = b"T", 10_000_000_000, 100_000_000, b"KSS"
    row["time"] = SESSION.open_ns + 1
    for name, value in fields.items():
        row[name] = value
    return row


def test_trades_and_cancels_of_a_feed_stand_on_the_tape():
    market = opened()
    rows = [
        event(order=5, conditions=b" F  ", place=1),
        event(order=6, conditions=b"@  o", place=2, size=7_500_000, price=10_000_060_000),
        event(order=7, symbol=b"NOBODY"),
        event(order=8, price=0),
        event(action=b"X", order=99, original=5, place=1),
        event(action=b"N"),
    ]
    counts = told(market, np.concatenate(rows))
    first, second = market.trades(7, 0, 9)
    assert (first.conditions, first.venue, first.match, first.broken) == ("F", 0, 5, True)
    assert (second.conditions, second.venue, second.shares, second.price) == ("@I", 1, 7, 100_001)
    assert (counts["unknown_symbol"], counts["without_price"], counts["fraction"]) == (1, 1, 1)
    assert market.volume(7) == 7


def test_a_correction_stands_in_the_minute_of_the_trade_it_replaces():
    market = opened()
    minute = 60_000_000_000
    trades = [event(order=1, price=10_000_000_000), event(order=2, price=12_000_000_000)]
    late = event(action=b"K", original=2, order=9, price=11_000_000_000, size=40_000_000)
    late["time"] += 5 * minute
    told(market, np.concatenate([*trades, late]))
    (bar,) = market.bars(7, 0)
    assert (bar.high, bar.close, bar.volume, bar.trades) == (110_000, 110_000, 140, 2)
    assert [(trade.match, trade.replaced) for trade in market.trades(7, 0, 9)] == [
        (1, False),
        (2, True),
        (9, False),
    ]


def test_no_rows_are_no_trades():
    market = opened()
    told(market, np.zeros(0, EVENT))
    assert market.tape.newest == 0


@pytest.mark.market_data
def test_a_real_day_of_reported_trades_makes_the_bars_a_plain_recomputation_makes(shared_data):
    raw = gzip.decompress((shared_data / TAQ).read_bytes())
    feed = feed_for(raw[:4096])
    market = opened("XXX")
    tape = market.tape
    tape.list_on(7, "A")
    pieces = [feed.feed(raw[begin : begin + (1 << 16)]).rows for begin in range(0, len(raw), 1 << 16)]
    for rows in [*pieces, feed.finish().rows]:
        rows["symbol"], rows["place"] = b"XXX", 1
        told(market, rows)
    slow = SlowTape(SESSION.midnight_ns, REGULAR, "A", DAY)
    for row in csv.DictReader(io.StringIO(raw.decode())):
        price = int(Decimal(row["PRICE"]) * PRICE_UNIT)
        slow.add(
            int(row["ts_us_utc"]) * 1_000, price, int(row["SIZE"]), 0, 0, row["COND"].replace(" ", "") or "@"
        )
    assert tape.newest == len(slow.trades) == 39_470
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
