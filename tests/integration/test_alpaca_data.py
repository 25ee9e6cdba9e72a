"""The public alpaca-py clients read market data and streams here by their base URL alone."""

import asyncio
import datetime as dt
import json
import threading

import msgpack
import pytest
import websockets
from alpaca.data.historical import ScreenerClient, StockHistoricalDataClient
from alpaca.data.live import StockDataStream
from alpaca.data.requests import (
    MarketMoversRequest,
    MostActivesRequest,
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockQuotesRequest,
    StockSnapshotRequest,
    StockTradesRequest,
)
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit
from alpaca.trading.client import TradingClient
from alpaca.trading.requests import LimitOrderRequest
from alpaca.trading.stream import TradingStream

from api_house import AAPL, KEY, MSFT, READER_KEY, READER_SECRET, SECRET, SESSION
from rushtrade.tape.reports import correction_row, trade_row
from rushtrade.wire import itch50
from served_house import served
from support.waiting import PATIENCE_S, wait_for

PRINTS = 7
START = dt.datetime.fromtimestamp(SESSION.open_ns // 10**9, dt.UTC)
END = START + dt.timedelta(hours=6)


def prints(house):
    """Seven prints a minute apart, the last one in MSFT."""
    for number in range(PRINTS - 1):
        house.feed.seconds += 60
        reference = house.feed.order(0, AAPL, "B", 1_872_400 + 100 * number, 200)
        house.feed.execute(0, AAPL, reference, 100 + number)
    reference = house.feed.order(1, MSFT, "S", 4_000_500, 100)
    house.feed.execute(1, MSFT, reference, 100)
    house.clock.now = SESSION.open_ns + house.feed.seconds * 10**9


@pytest.fixture(scope="module")
def server():
    with served() as running:
        running.call(prints, running.house)
        yield running


@pytest.fixture
def client(server):
    return StockHistoricalDataClient(KEY, SECRET, url_override=server.url)


def test_latest_values_are_numbers_of_the_consolidated_market(client):
    quote = client.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols=["AAPL", "MSFT"]))
    assert (quote["MSFT"].bid_price, quote["MSFT"].ask_price) == (400.0, 400.05)
    assert (quote["MSFT"].bid_exchange, quote["MSFT"].ask_size) == ("Q", 200)
    trade = client.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols="AAPL"))["AAPL"]
    assert (trade.price, trade.size, trade.exchange, trade.conditions) == (187.29, 105, "Q", ["@"])
    bar = client.get_stock_latest_bar(StockLatestBarRequest(symbol_or_symbols="AAPL"))["AAPL"]
    assert (bar.open, bar.volume, bar.trade_count) == (187.29, 105, 1)


def test_unknown_symbols_have_no_rows_and_break_nothing(client):
    assert client.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="NOPE")) == {}
    bars = client.get_stock_bars(
        StockBarsRequest(symbol_or_symbols="NOPE", timeframe=TimeFrame.Minute, start=START, end=END)
    )
    assert bars.data == {}


@pytest.mark.parametrize("limit", [None, 3])
def test_trades_come_whole_over_as_many_pages_as_it_takes(server, client, limit):
    request = StockTradesRequest(symbol_or_symbols=["AAPL", "MSFT"], start=START, end=END, limit=limit)
    found = client.get_stock_trades(request).data
    sizes = [trade.size for trade in found["AAPL"]]
    assert sizes == [100, 101, 102, 103, 104, 105][: limit or 6]
    assert ("MSFT" in found) == (limit is None)


def test_pages_of_one_point_give_what_one_page_gives(server, client):
    def pages(path, **more):
        rows, token = [], None
        while True:
            asked = {
                "symbols": "AAPL,MSFT",
                "start": START.isoformat(),
                "end": END.isoformat(),
                "limit": 1,
                "page_token": token,
            }
            page = client.get(path, {**asked, **more})
            (name,) = {"bars", "trades"} & set(page)
            rows += [(symbol, row["t"]) for symbol, found in page[name].items() for row in found]
            token = page["next_page_token"]
            if token is None:
                return rows

    for sort in ("asc", "desc"):
        trades = pages("/stocks/trades", sort=sort)
        assert len(trades) == len(set(trades)) == PRINTS
        bars = pages("/stocks/bars", sort=sort, timeframe="1Min")
        assert len(bars) == len(set(bars)) == PRINTS
        ordered = [row for row in trades if row[0] == "AAPL"]
        assert ordered == sorted(ordered, reverse=sort == "desc")


def test_bars_of_any_length_add_up_to_the_minutes(client):
    def bars(timeframe):
        request = StockBarsRequest(symbol_or_symbols="AAPL", timeframe=timeframe, start=START.date(), end=END)
        return client.get_stock_bars(request).data["AAPL"]

    minutes = bars(TimeFrame.Minute)
    (day,) = bars(TimeFrame.Day)
    assert (day.open, day.high, day.low, day.close) == (187.24, 187.29, 187.24, 187.29)
    assert day.volume == sum(bar.volume for bar in minutes) == 615
    assert day.trade_count == 6
    assert day.timestamp == dt.datetime(2026, 11, 20, 5, tzinfo=dt.UTC)
    assert sum(bar.volume for bar in bars(TimeFrame(5, TimeFrameUnit.Minute))) == 615


def test_the_snapshot_has_all_five_parts(client):
    snapshot = client.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols="AAPL"))["AAPL"]
    assert snapshot.latest_trade.price == 187.29
    assert snapshot.daily_bar.volume == 615
    assert snapshot.previous_daily_bar is None


def test_quotes_are_told_as_they_changed_up_to_the_latest(client):
    found = client.get_stock_quotes(StockQuotesRequest(symbol_or_symbols="MSFT", start=START, end=END)).data
    latest = client.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="MSFT"))["MSFT"]
    quotes = [(quote.bid_price, quote.ask_price) for quote in found["MSFT"]]
    assert (400.0, 0.0) in quotes
    assert quotes[-1] == (400.0, 400.05)
    assert found["MSFT"][-1].timestamp == latest.timestamp
    assert [quote.timestamp for quote in found["MSFT"]] == sorted(quote.timestamp for quote in found["MSFT"])


def test_lists_of_the_day_are_read_by_the_screener(server):
    screener = ScreenerClient(KEY, SECRET, url_override=server.url)
    actives = screener.get_most_actives(MostActivesRequest(by="volume", top=5))
    assert actives.most_actives[0].symbol == "AAPL"
    movers = screener.get_market_movers(MarketMoversRequest(market_type="stocks", top=5))
    assert [mover.symbol for mover in movers.gainers] == ["AAPL", "MSFT"]
    assert movers.losers == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"symbols": "AA PL!"}, "invalid symbol"),
        ({"symbols": "AAPL", "timeframe": "7Week"}, "invalid timeframe"),
        ({"symbols": "AAPL", "limit": "0"}, "invalid limit"),
        ({"symbols": "AAPL", "page_token": "%%%"}, "invalid page_token"),
        ({"symbols": "AAPL", "start": "yesterday"}, "invalid start"),
        ({"symbols": "AAPL", "start": "2026-11-21", "end": "2026-11-20"}, "end should not be before start"),
        ({}, "symbols is required"),
    ],
)
def test_a_malformed_question_is_a_400_with_a_sentence(client, query, said):
    response = client._session.get(
        client._base_url + "/v2/stocks/bars", params=query, headers=client._get_default_headers()
    )
    assert response.status_code == 400
    assert said in response.json()["message"]


# --- streams ---------------------------------------------------------------------------------------------


def running(stream):
    thread = threading.Thread(target=stream.run, daemon=True)
    thread.start()
    return thread


def test_trade_updates_tell_the_life_of_an_order_in_order(server):
    stream = TradingStream(KEY, SECRET, url_override=f"{server.ws_url}/stream")
    seen = []

    async def on_update(update):
        seen.append(update)

    stream.subscribe_trade_updates(on_update)
    thread = running(stream)
    wait_for(lambda: server.call(lambda: any_listener(server)))
    trading = TradingClient(KEY, SECRET, url_override=server.url)
    order = trading.submit_order(
        LimitOrderRequest(symbol="AAPL", qty=10, side="buy", time_in_force="day", limit_price=187.24)
    )
    number = int(str(order.id)[-12:], 16)
    server.call(server.house.fill, number, 4, 1_872_400)
    trading.cancel_order_by_id(order.id)
    wait_for(lambda: seen and seen[-1].event == "canceled")
    assert [str(getattr(update.event, "value", update.event)) for update in seen] == [
        "accepted",
        "new",
        "partial_fill",
        "pending_cancel",
        "canceled",
    ]
    fill = seen[2]
    assert (fill.price, fill.qty, fill.position_qty) == (187.24, 4.0, 4.0)
    assert fill.order.filled_qty == "4"
    assert seen[-1].order.status.value == "canceled"
    stream.stop()
    thread.join(PATIENCE_S)


def any_listener(server):
    hub = server.hub
    return any(each.listens for sockets in hub._sockets.values() for each in sockets)


def test_quotes_trades_and_bars_arrive_with_msgpack_timestamps(server):
    stream = StockDataStream(KEY, SECRET, url_override=f"{server.ws_url}/v2/iex")
    stream._max_frame_size = 16
    """Makes the client send its subscription in many fragments, as it does with long lists."""
    quotes, trades, bars = [], [], []

    async def on_quote(quote):
        quotes.append(quote)

    async def on_trade(trade):
        trades.append(trade)

    async def on_bar(bar):
        bars.append(bar)

    stream.subscribe_quotes(on_quote, "AAPL", "MSFT")
    stream.subscribe_trades(on_trade, "AAPL")
    stream.subscribe_bars(on_bar, "*")
    thread = running(stream)
    wait_for(lambda: server.call(lambda: any(each.channels["bars"] for each in server.market_hub.sockets)))

    def happen(house):
        house.feed.seconds += 60
        reference = house.feed.order(0, AAPL, "B", 1_872_900, 300)
        house.feed.execute(0, AAPL, reference, 100)
        house.clock.now = SESSION.open_ns + house.feed.seconds * 10**9

    server.call(happen, server.house)
    wait_for(lambda: trades and quotes)
    assert (trades[-1].symbol, trades[-1].size, trades[-1].price) == ("AAPL", 100, 187.29)
    assert trades[-1].timestamp.tzinfo is not None
    assert quotes[-1].bid_price == 187.29

    def next_minute(house):
        house.clock.now = (house.feed.seconds + 120) * 10**9 + SESSION.open_ns

    server.call(next_minute, server.house)
    wait_for(lambda: any(bar.symbol == "AAPL" for bar in bars))
    stream.stop()
    thread.join(PATIENCE_S)


def test_corrections_cancels_late_trades_and_halts_reach_their_handlers():
    with served() as server:
        stream = StockDataStream(KEY, SECRET, url_override=f"{server.ws_url}/v2/sip")
        seen = {
            name: [] for name in ("trades", "bars", "updated", "daily", "statuses", "corrections", "cancels")
        }

        def taker(name):
            async def take(message):
                seen[name].append(message)

            return take

        stream.subscribe_trades(taker("trades"), "AAPL")
        stream.subscribe_bars(taker("bars"), "AAPL")
        stream.subscribe_updated_bars(taker("updated"), "*")
        stream.subscribe_daily_bars(taker("daily"), "AAPL")
        stream.subscribe_trading_statuses(taker("statuses"), "AAPL")
        stream.register_trade_corrections(taker("corrections"))
        stream.register_trade_cancels(taker("cancels"))
        thread = running(stream)
        wait_for(
            lambda: server.call(
                lambda: any(each.channels["daily" + "Bars"] for each in server.market_hub.sockets)
            )
        )
        begins = SESSION.open_ns + 3660 * 10**9

        def report(house, second, price, shares, match, **correction):
            tape = house.market.tape
            write = correction_row if correction else trade_row
            row = write(
                tape.slot_of(AAPL),
                begins + second * 10**9,
                price,
                shares,
                venue=0,
                match=match,
                letters="@",
                **correction,
            )
            tape.take(row)
            house.clock.now = max(house.clock.now, begins + second * 10**9)
            for listener in house.feed.listeners:
                listener([AAPL])

        server.call(report, server.house, 1, 1_870_000, 100, 1)
        server.call(report, server.house, 2, 1_880_000, 200, 2)
        wait_for(lambda: len(seen["trades"]) == 2)
        server.call(report, server.house, 70, 1_875_000, 300, 3)
        wait_for(lambda: seen["bars"])
        server.call(report, server.house, 30, 1_890_000, 400, 4)
        wait_for(lambda: any(bar.high == 189.0 for bar in seen["updated"]))
        server.call(lambda: report(server.house, 0, 1_885_000, 200, 2, new_match=5))
        wait_for(lambda: seen["corrections"])
        server.call(
            server.house.feed.say, 0, itch50.BrokenTrade(AAPL, 0, server.call(server.house.feed.now_ns), 4)
        )
        server.call(
            server.house.feed.say,
            0,
            itch50.StockTradingAction(
                AAPL, 0, server.call(server.house.feed.now_ns), "AAPL    ", "H", " ", "T1"
            ),
        )
        wait_for(lambda: seen["cancels"] and seen["statuses"])
        server.call(report, server.house, 200, 1_876_000, 100, 6)
        wait_for(lambda: any(bar.volume >= 600 for bar in seen["daily"]))
        stream.stop()
        thread.join(PATIENCE_S)
    (bar,) = [bar for bar in seen["bars"] if bar.timestamp.timestamp() * 10**9 == begins]
    assert (bar.open, bar.high, bar.close, bar.volume, bar.trade_count) == (187.0, 188.0, 188.0, 300, 2)
    (correction,) = seen["corrections"]
    assert (correction.original_price, correction.corrected_price, correction.original_size) == (
        188.0,
        188.5,
        200,
    )
    assert (correction.original_id, correction.corrected_id) == (2, 5)
    (cancel,) = seen["cancels"]
    assert (cancel.price, cancel.size, cancel.id, cancel.exchange.value) == (189.0, 400, 4, "Q")
    status = seen["statuses"][0]
    assert (status.status_code, status.reason_code, status.tape) == ("H", "T1", "C")
    assert status.status_message == "Trading halt"
    assert status.reason_message == "news pending"
    last = seen["updated"][-1]
    assert (last.high, last.volume) == (188.5, 300)


async def talk(url, *messages, headers=None, packed=False, answers=1):
    read = msgpack.unpackb if packed else json.loads
    async with websockets.connect(url, additional_headers=headers) as socket:
        got = [read(await asyncio.wait_for(socket.recv(), PATIENCE_S))]
        for message in messages:
            await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))
            got.append(read(await asyncio.wait_for(socket.recv(), PATIENCE_S)))
        return got


def test_the_market_stream_says_no_by_number(server):
    url = f"{server.ws_url}/v2/sip"
    wrong = {"action": "auth", "key": KEY, "secret": "wrong"}
    right = {"action": "auth", "key": KEY, "secret": SECRET}
    got = asyncio.run(
        talk(
            url,
            {"action": "subscribe", "quotes": ["AAPL"]},
            wrong,
            "no json at all",
            right,
            right,
            {"action": "subscribe", "orderbooks": ["AAPL"]},
            {"action": "subscribe", "quotes": "AAPL"},
            {"action": "subscribe", "quotes": [f"S{n}" for n in range(301)]},
            {"action": "subscribe", "quotes": ["AAPL"], "trades": ["MSFT"]},
            {"action": "unsubscribe", "quotes": ["AAPL"]},
        )
    )
    assert got[0] == [{"T": "success", "msg": "connected"}]
    assert [message[0].get("code", message[0].get("msg", message[0]["T"])) for message in got[1:]] == [
        401, 402, 400, "authenticated", 403, 410, 400, 405, "subscription", "subscription",
    ]  # fmt: skip
    assert (got[-2][0]["quotes"], got[-2][0]["trades"], got[-2][0]["corrections"]) == (
        ["AAPL"],
        ["MSFT"],
        ["MSFT"],
    )
    assert got[-1][0]["quotes"] == []


def test_key_headers_in_the_handshake_authenticate(server):
    async def run():
        headers = {
            "APCA-API-KEY-ID": KEY,
            "APCA-API-SECRET-KEY": SECRET,
            "Content-Type": "application/msgpack",
        }
        async with websockets.connect(f"{server.ws_url}/v2/iex", additional_headers=headers) as socket:
            return [msgpack.unpackb(await asyncio.wait_for(socket.recv(), PATIENCE_S)) for _ in range(2)]

    assert asyncio.run(run()) == [
        [{"T": "success", "msg": "connected"}],
        [{"T": "success", "msg": "authenticated"}],
    ]


@pytest.mark.parametrize("path", ["/stream", "/stream/"])
def test_the_order_stream_speaks_binary_json_and_refuses_strangers(server, path):
    async def run():
        async with websockets.connect(server.ws_url + path) as socket:
            got = []
            for message in (
                {"action": "listen", "data": {"streams": ["trade_updates"]}},
                {"action": "authenticate", "data": {"key_id": KEY, "secret_key": "wrong"}},
                {"action": "authenticate", "data": {"key_id": KEY, "secret_key": SECRET}},
                {"action": "listen", "data": {"streams": ["trade_updates", "unknown"]}},
                {"action": "listen", "data": {"streams": []}},
            ):
                await socket.send(json.dumps(message))
                frame = await asyncio.wait_for(socket.recv(), PATIENCE_S)
                assert isinstance(frame, bytes)
                got.append(json.loads(frame))
            return got

    got = asyncio.run(run())
    assert [each["stream"] for each in got] == ["authorization"] * 3 + ["listening"] * 2
    assert [each["data"].get("status") for each in got[:3]] == ["unauthorized", "unauthorized", "authorized"]
    assert [each["data"]["streams"] for each in got[3:]] == [["trade_updates"], []]


def test_a_key_without_the_permission_gets_no_market_data(server):
    got = asyncio.run(
        talk(f"{server.ws_url}/v2/sip", {"action": "auth", "key": READER_KEY, "secret": READER_SECRET})
    )
    assert got[1][0]["code"] == 402
