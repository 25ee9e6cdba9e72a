"""A recorded hour of AAPL on the tape, against every trade worked out from the messages one by one."""

import datetime as dt
import gzip

import pytest

from rushtrade.market.market_data import MarketData
from rushtrade.rules.sessions import session_on
from rushtrade.tape.timeframes import read_timeframe
from rushtrade.wire import itch50
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import MessageReader, frame_all
from support.slow_books import SlowBooks
from support.slow_tape import SlowTape

pytestmark = pytest.mark.market_data

DAY = dt.date(2012, 6, 21)
HOUR = "itch/AAPL_2012-06-21_0930_1030.from_lobster.itch50.gz"
PACKET = 500
AAPL = 7


@pytest.fixture(scope="module")
def messages(shared_data):
    reader = MessageReader()
    reader.receive_data(gzip.decompress((shared_data / HOUR).read_bytes()))
    return list(reader)


@pytest.fixture(scope="module")
def market(messages):
    session = session_on(DAY)
    market = MarketData({AAPL: "AAPL"}, ["XNAS"])
    market.open_day(session.midnight_ns, (session.open_ns, session.close_ns))
    for begin in range(0, len(messages), PACKET):
        part = messages[begin : begin + PACKET]
        market.receive(FeedPacket(0, begin + 1, len(part), frame_all(part)))
    return market


@pytest.fixture(scope="module")
def slow(messages):
    session = session_on(DAY)
    books, tape = SlowBooks(), SlowTape(session.midnight_ns, (session.open_ns, session.close_ns), "C", DAY)
    for raw in messages:
        books.apply(itch50.decode(raw))
        for time, price, shares, match, _, _, _, printable in books.trades:
            if printable:
                letters = "@I" if shares < 100 else "@"
                tape.add(time + session.midnight_ns, price, shares, 0, match, letters)
        books.trades.clear()
    return tape


@pytest.mark.parametrize("text", ["1Sec", "10Sec", "1Min", "5Min", "1Hour"])
def test_bars_of_the_hour_are_those_of_its_trades(market, slow, text):
    frame = read_timeframe(text)
    bars = market.tape.frames(AAPL, frame, slow.midnight)
    assert bars == slow.bars(frame.start_of)
    assert len(bars) > 0


def test_the_day_counts_odd_lots_as_volume_and_not_as_prices(market, slow):
    day = market.tape.day(AAPL)
    assert (day.open, day.high, day.low, day.close, day.volume, day.trades) == (
        slow.day().open,
        slow.day().high,
        slow.day().low,
        slow.day().close,
        slow.volume(),
        len(slow.trades),
    )
    assert day.last == slow.last().price
    assert 0 < day.priced < day.trades


def test_every_trade_has_the_quote_it_met(market, slow):
    rows, _ = market.tape.since(0, 1 << 20)
    assert len(rows) == len(slow.trades)
    hit = rows[(rows["kind"] == ord("E")) & (rows["side"] == 0)]
    lifted = rows[(rows["kind"] == ord("E")) & (rows["side"] == 1)]
    assert (hit["bid"] == hit["price"]).mean() > 0.99
    assert (lifted["ask"] == lifted["price"]).mean() > 0.99
    assert ((rows["bid"] < rows["ask"]) & (rows["bid_shares"] > 0) & (rows["ask_shares"] > 0)).mean() > 0.99
