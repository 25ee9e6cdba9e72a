"""A real hour over a bad network, a data center that listens, and everybody it feeds at once: all tell what the file says."""

import asyncio
import datetime as dt
import json
import subprocess
import threading
import time
from collections import Counter
from contextlib import suppress

import httpx
import pytest
from alpaca.data.live import StockDataStream
from websockets.exceptions import ConnectionClosed

from rushtrade.books.best_series import digest
from rushtrade.books.order_books import OrderBooks
from rushtrade.domain.numbers import format_price
from support.center_process import (
    HOST,
    center,
    hour_without_its_end,
    plain_trades,
    serving,
    workstation,
)
from support.itch_pieces import messages
from support.ports import claim_ports
from support.up_process import COMMAND, quick_directory
from support.waiting import COMMAND_S, PATIENCE_S, wait_for

DATE = "2012-06-21"
MIDNIGHT_NS = int(dt.datetime(2012, 6, 21, 4, tzinfo=dt.UTC).timestamp()) * 10**9
SPEED = 150
BARS = 58
"""Minutes of the hour that are over when it ends, and have trades."""
FAULTS = ("--loss", "0.05", "--dup", "0.01", "--reorder", "8", "--seed", "7")
"""5 % lost on each way, 1 % twice, up to 8 packets late."""

pytestmark = [pytest.mark.market_data, pytest.mark.slow]


class StreamClient:
    """alpaca-py's own stream, in a thread of its own."""

    def __init__(self, house):
        self.trades, self.quotes, self.bars = [], [], []
        self._stream = StockDataStream(
            house.login["api_key"], house.login["api_secret"], url_override=f"ws://{HOST}:{house.port}/v2/sip"
        )

        async def on_trade(trade):
            self.trades.append(trade)

        async def on_quote(quote):
            self.quotes.append(quote)

        async def on_bar(bar):
            self.bars.append(bar)

        self._stream.subscribe_trades(on_trade, "AAPL")
        self._stream.subscribe_quotes(on_quote, "AAPL")
        self._stream.subscribe_bars(on_bar, "AAPL")
        self._thread = threading.Thread(target=self._stream.run, daemon=True)
        self._thread.start()

    def stop(self):
        asyncio.run_coroutine_threadsafe(self._stream.stop_ws(), self._stream._loop).result(PATIENCE_S)


class PageClient:
    """The page's socket: prints of a stock, and the state of the data center."""

    def __init__(self, house):
        self.socket = workstation(house.url, house.login["web_user"], house.login["web_password"])
        self.prints, self.centers, self.skipped, self.depth = [], [], 0, None
        self._ids = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.ask("trades", symbols=["AAPL"])
        self.ask("datacenter", on=True)
        self._thread.start()

    def ask(self, do, **arguments):
        self._ids += 1
        self.socket.send(json.dumps({"id": self._ids, "do": do, **arguments}))

    def _read(self):
        with suppress(ConnectionClosed):  # the house may end first
            for frame in self.socket:
                if not isinstance(frame, bytes):
                    self._take(json.loads(frame))

    def _take(self, message):
        kind = message.get("push")
        if kind == "trades":
            self.prints += message["rows"]
            self.skipped += message["skipped"]
        elif kind == "datacenter":
            self.centers.append(message)
        elif kind == "depth":
            self.depth = message

    def montage(self):
        """Both sides of the whole montage, as price and shares."""
        self.depth = None
        self.ask("depth", symbols=["AAPL"])
        wait_for(lambda: self.depth is not None, "the montage")
        return [[(price, shares) for price, shares, *_ in self.depth[side]] for side in ("bids", "asks")]


def top(quote):
    """Price and shares of both sides, as the stream tells them."""
    return quote.bid_price, quote.bid_size, quote.ask_price, quote.ask_size


def run(*words):
    done = subprocess.run(
        [str(COMMAND), *map(str, words)], capture_output=True, text=True, timeout=COMMAND_S, check=True
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def told(shared_data, tmp_path_factory):
    """Run it once; give what everybody was told, and the file."""
    folder = tmp_path_factory.mktemp("center")
    file = hour_without_its_end(shared_data, folder)
    port = claim_ports()
    line = f"mold://{HOST}:{port}?venue=NASDAQ&speed={SPEED}"
    ticks = folder / "ticks"
    with (
        quick_directory() as home,
        center(
            home, "--line", line, "--date", DATE, "--symbols", "AAPL", "--ticks", str(ticks), "--name", "test"
        ) as house,
    ):
        stream, page = StreamClient(house), PageClient(house)
        house.wait_until(lambda: len(house.status()["clients"]) >= 2, "both clients to be there")
        with serving(file, port, "--speed", str(SPEED), *FAULTS) as server:
            status = house.wait_for_end()
            published = json.loads(server.communicate(timeout=PATIENCE_S)[0])
        count = len(plain_trades(file))
        for prints in (page.prints, stream.trades):
            house.wait_until(lambda prints=prints: len(prints) >= count, f"{count} prints")
        latest = house.get("/v2/stocks/AAPL/quotes/latest")["quote"]
        best = tuple(latest[name] for name in ("bp", "bs", "ap", "as"))
        house.wait_until(lambda: stream.quotes and top(stream.quotes[-1]) == best, "the last quote")
        house.wait_until(lambda: len(stream.bars) >= BARS, f"{BARS} bars")
        time.sleep(1)  # whatever came too often would come now
        montage = page.montage()
        found = {
            "file": file,
            "ticks": ticks,
            "status": status,
            "published": published,
            "trades": stream.trades,
            "quotes": stream.quotes,
            "bars": stream.bars,
            "prints": page.prints,
            "skipped": page.skipped,
            "centers": page.centers,
            "montage": montage,
            "history": house.get("/v2/stocks/AAPL/trades", start=f"{DATE}T13:00:00Z", limit=10_000)["trades"],
            "metrics": httpx.get(f"{house.url}/metrics").text,
            "order": house.order(symbol="AAPL", qty="1", side="buy", type="market"),
            "page": httpx.get(f"{house.url}/datacenter"),
            "runbook": httpx.get(f"{house.url}/runbooks/gap-open"),
        }
        stream.stop()
        house.wait_until(lambda: house.status()["store"]["state"] == "sealed", "the day to be sealed")
        found["quality"] = house.client.get("/datacenter/quality")
        found["nobody"] = httpx.get(f"{house.url}/datacenter/quality")
        assert house.end() == 0
        found["log"] = house.errors()
    return found


@pytest.fixture(scope="module")
def reference(told):
    books = OrderBooks()
    books.feed(told["file"].read_bytes())
    return books


def test_the_network_was_as_bad_as_asked_for(told):
    line = told["status"]["lines"][0]
    assert line["counts"]["holes"] > 100
    assert line["counts"]["requests"] > 0
    assert line["counts"]["packets R"] > 0


def test_every_message_came_once_and_in_order_and_no_gap_is_left(told):
    line = told["status"]["lines"][0]
    whole = len(messages(told["file"].read_bytes()))
    assert line["messages"] == whole
    assert (line["state"], line["books"], line["missing"], line["gap_ms"]) == ("closed", "live", 0, 0)
    assert told["status"]["good"], told["status"]["verdict"]
    assert [alarm for alarm in told["status"]["alarms"] if alarm["severity"] == "alarm"] == []


def test_the_books_the_page_shows_are_those_of_the_file(told, reference):
    for place, side in enumerate((0, 1)):
        levels = [
            (format_price(level.price), level.shares)
            for level in reference.depth(reference.locate("AAPL"), side, 100)
        ]
        shown = told["montage"][place]
        assert shown == levels[: len(shown)]
        assert len(shown) == min(len(levels), 40)


def test_the_page_saw_every_print_in_order(told):
    expected = [
        [number, (MIDNIGHT_NS + time_ns) // 1_000, format_price(price), shares]
        for number, (time_ns, price, shares) in enumerate(plain_trades(told["file"]), start=1)
    ]
    assert told["skipped"] == 0
    assert [row[:4] for row in told["prints"]] == expected


def test_alpaca_py_was_streamed_every_trade_in_order(told):
    expected = [(price / 10_000, shares) for _, price, shares in plain_trades(told["file"])]
    assert [(trade.price, int(trade.size)) for trade in told["trades"]] == expected


def test_history_is_the_same_list(told):
    expected = [(price / 10_000, shares) for _, price, shares in plain_trades(told["file"])]
    assert [(row["p"], row["s"]) for row in told["history"]] == expected


def test_bars_of_the_stream_hold_every_share_of_their_minutes(told):
    volumes = Counter()
    for time_ns, _, shares in plain_trades(told["file"]):
        volumes[time_ns // (60 * 10**9)] += shares
    for bar in told["bars"]:
        minute = (int(bar.timestamp.timestamp()) * 10**9 - MIDNIGHT_NS) // (60 * 10**9)
        assert int(bar.volume) == volumes[minute]
    assert len(told["bars"]) >= BARS


def test_the_tick_store_holds_every_message_and_gives_the_same_books(told, tmp_path, reference):
    out = tmp_path / "again.itch"
    run("ticks", "export", DATE, out, "--venue", "NASDAQ", "--store", told["ticks"], "--json")
    books = OrderBooks()
    books.feed(out.read_bytes())
    assert digest(books) == digest(reference)
    assert run("itch", told["file"], "--digest", "--json")["digest"] == digest(reference)


def test_the_tick_store_holds_every_trade(told):
    sql = "select price, size from trades where symbol = 'AAPL' order by ts_event, sequence"
    rows = run("ticks", "query", sql, "--store", told["ticks"], "--format", "json")
    found = [(float(row["price"]), int(row["size"])) for row in rows["rows"]]
    assert found == [(price / 10_000, shares) for _, price, shares in plain_trades(told["file"])]


def test_the_last_quote_of_the_stream_is_the_last_of_the_tick_store(told):
    sql = (
        "select bid_px_00, bid_sz_00, ask_px_00, ask_sz_00 from bbo where symbol = 'AAPL' "
        "and bid_px_00 is not null and ask_px_00 is not null order by ts_event desc, ts_recv desc limit 1"
    )
    (row,) = run("ticks", "query", sql, "--store", told["ticks"], "--format", "json")["rows"]
    assert top(told["quotes"][-1]) == tuple(
        float(row[name]) for name in ("bid_px_00", "bid_sz_00", "ask_px_00", "ask_sz_00")
    )


def test_the_desk_saw_it_second_by_second(told):
    centers = told["centers"]
    assert len(centers) >= 10
    assert any(center["lines"][0]["messages_per_second"] > 0 for center in centers)
    assert {client["stream"] for center in centers for client in center["clients"]} >= {
        "workstation",
        "v2",
    }
    assert centers[-1]["store"]["rows"]["feed"] > 0
    assert "rushtrade_line_messages_total" in told["metrics"]
    assert "session ended" in told["log"]


def test_an_order_is_refused_in_plain_words(told):
    assert told["order"].status_code == 403
    assert "this is a data center: it shows the market and takes no orders" in told["order"].json()["message"]


def test_the_page_and_the_runbooks_are_served(told):
    assert told["page"].status_code in {200, 404}  # 404 says how the page is built
    assert told["page"].headers["content-type"].startswith("text/html")
    assert told["quality"].status_code == 200, told["quality"].text
    assert "Data quality, 2012-06-21" in told["quality"].text
    assert told["nobody"].status_code == 401
    assert told["runbook"].text.startswith("# Runbook: gap-open")
