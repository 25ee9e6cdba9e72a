"""The past over HTTP: from memory, from the tick store, and across the seam between the two, page by page."""

import io

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_house import AAPL, DAY, KEY, MSFT, SECRET, SESSION, VENUES
from rushtrade.domain.instants import MINUTE, SECOND, format_instant
from rushtrade.market.market_data import MarketLimits
from rushtrade.serving.archive import TickArchive
from rushtrade.ticks.recorder import PacketRecorder
from rushtrade.ticks.writer import TickWriter
from rushtrade.wire import itch50
from served_house import served

HEADERS = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}
PRINTS = 90
KEPT = 32
"""Trades in memory: the others are in the store alone."""


def record(house, directory):
    """Have everything the venues say from now on written to a tick store, too."""
    writer = TickWriter(directory, DAY)
    recorder = PacketRecorder(writer, VENUES, SESSION.midnight_ns)
    market = house.market
    for packet in house.feed.packets:
        recorder.packet(packet, house.clock.now)

    class Both:
        @staticmethod
        def receive(packet):
            market.receive(packet)
            recorder.packet(packet, house.clock.now)

        touched = market.touched

    house.feed.market = Both
    return writer


def prints(house):
    """Trades of two stocks at two venues, some of the same nanosecond, one void."""
    house.feed.seconds += 60
    said = []
    for number in range(PRINTS):
        if number % 3 == 0:
            house.feed.seconds += 20
        instrument, venue = (MSFT, 1) if number % 5 == 4 else (AAPL, number % 2)
        shares = 100 + number
        price = 1_872_300 + 100 * (number % 4) if instrument == AAPL else 4_000_100
        time_ns = house.feed._time()
        if number % 3 == 1:
            house.feed.seconds -= 1  # the next trade is of the same nanosecond
        house.feed.reference += 1
        house.feed.match += 1
        symbol = "AAPL" if instrument == AAPL else "MSFT"
        house.feed.say(
            venue,
            itch50.AddOrder(
                instrument, 0, time_ns, house.feed.reference, "B", shares, symbol.ljust(8), price
            ),
            itch50.OrderExecuted(instrument, 0, time_ns, house.feed.reference, shares, house.feed.match),
        )
        said.append((symbol, time_ns + SESSION.midnight_ns, price / 10_000, shares, "QP"[venue]))
    house.feed.say(1, itch50.BrokenTrade(MSFT, 0, house.feed._time(), house.feed.match))
    void = said.pop()
    house.clock.now = SESSION.open_ns + house.feed.seconds * SECOND
    return said, void


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    directory = tmp_path_factory.mktemp("ticks")
    archive = TickArchive(directory, VENUES)
    with served(market_limits=MarketLimits(trades_kept=KEPT), archive=archive) as running:
        writer = running.call(record, running.house, directory)
        said, _ = running.call(prints, running.house)
        running.call(writer.flush, running.house.clock.now)
        yield running, said
        archive.close()
        writer.close()


@pytest.fixture(scope="module")
def ask(recorded):
    running, _ = recorded
    with httpx.Client(base_url=running.url, headers=HEADERS, timeout=30) as client:

        def get(path, status=200, **query):
            answer = client.get(path, params=query)
            assert answer.status_code == status, answer.text
            return answer.json()

        get.client = client
        yield get


def span():
    return {"start": format_instant(SESSION.open_ns), "end": format_instant(SESSION.close_ns)}


def pages(ask, kind, **query):
    rows, token, count = [], None, 0
    while True:
        page = ask(f"/v2/stocks/{kind}", **query, **({"page_token": token} if token else {}))
        rows += [(symbol, row) for symbol, found in page[kind].items() for row in found]
        token, count = page["next_page_token"], count + 1
        if token is None:
            return rows, count
        assert count < 1_000, "pages end"


def shown(rows):
    return [(symbol, row["t"], row["p"], row["s"], row["x"]) for symbol, row in rows]


def reference(said, symbols=("AAPL", "MSFT")):
    return [
        (symbol, format_instant(time_ns), price, shares, venue)
        for symbol, time_ns, price, shares, venue in sorted(said, key=lambda one: (one[0], one[1]))
        if symbol in symbols
    ]


def test_trades_in_memory_and_in_the_store_are_one_list(recorded, ask):
    running, said = recorded
    assert running.house.market.tape.newest > KEPT
    rows, count = pages(ask, "trades", symbols="AAPL,MSFT", limit=10_000, **span())
    assert count == 1
    assert sorted(shown(rows)) == sorted(reference(said))
    assert [row["t"] for symbol, row in rows if symbol == "AAPL"] == sorted(
        row["t"] for symbol, row in rows if symbol == "AAPL"
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    limit=st.integers(1, 40), sort=st.sampled_from(["asc", "desc"]), kind=st.sampled_from(["trades", "bars"])
)
def test_pages_of_any_size_are_the_one_page(ask, limit, sort, kind):
    whole, _ = pages(ask, kind, symbols="AAPL,MSFT", limit=10_000, sort=sort, **span())
    parts, count = pages(ask, kind, symbols="AAPL,MSFT", limit=limit, sort=sort, **span())
    assert parts == whole
    assert count == -(-len(whole) // limit)


def test_newest_first_is_the_same_list_backwards(ask):
    for kind in ("trades", "bars"):
        up, _ = pages(ask, kind, symbols="MSFT", **span())
        down, _ = pages(ask, kind, symbols="MSFT", sort="desc", **span())
        assert sorted(map(repr, up)) == sorted(map(repr, down))
        assert [row["t"] for _, row in down] == [row["t"] for _, row in up][::-1]


def test_a_void_trade_is_not_in_the_past(recorded, ask):
    _, said = recorded
    assert len(said) == PRINTS - 1
    rows, _ = pages(ask, "trades", symbols="AAPL,MSFT", **span())
    assert len(rows) == len(said)


@pytest.mark.parametrize("timeframe", ["1Min", "7T", "1H", "1Day", "1Week", "3M"])
def test_bars_of_every_length_hold_the_same_shares(recorded, ask, timeframe):
    _, said = recorded
    day = DAY.replace(day=1, month=1) if timeframe in {"1Week", "3M"} else DAY
    rows = ask("/v2/stocks/AAPL/bars", timeframe=timeframe, start=str(day), end=str(DAY))["bars"]
    trades = [one for one in said if one[0] == "AAPL"]
    assert sum(row["v"] for row in rows) == sum(one[3] for one in trades)
    assert sum(row["n"] for row in rows) == len(trades)
    assert max(row["h"] for row in rows) == max(one[2] for one in trades)
    assert rows[0]["o"] == trades[0][2]


def test_a_token_belongs_to_its_question(ask):
    token = ask("/v2/stocks/trades", symbols="AAPL", limit=1, **span())["next_page_token"]
    said = ask("/v2/stocks/trades", status=400, symbols="MSFT", limit=1, page_token=token, **span())
    assert "another question" in said["message"]
    assert (
        "page_token"
        in ask("/v2/stocks/trades", status=400, symbols="AAPL", page_token=token[:-4], **span())["message"]
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"feed": "dark"}, "invalid feed"),
        ({"adjustment": "halved"}, "invalid adjustment"),
        ({"currency": "CHF"}, "invalid currency"),
        ({"asof": "someday"}, "invalid asof"),
        ({"limit": "10001"}, "invalid limit"),
        ({"start": "2026-13-01"}, "invalid start"),
        ({"timeframe": "61Min"}, "invalid timeframe"),
    ],
)
def test_every_parameter_is_held_to_what_would_pass(ask, query, said):
    assert said in ask("/v2/stocks/bars", status=400, symbols="AAPL", **query)["message"]


def test_lists_of_the_day_are_ranked(recorded, ask):
    _, said = recorded
    found = ask("/v1beta1/screener/stocks/most-actives", by="trades")
    assert [row["symbol"] for row in found["most_actives"]] == ["AAPL", "MSFT"]
    assert ask("/v1beta1/screener/stocks/most-actives", top=1)["most_actives"][0]["volume"] > 0
    movers = ask("/v1beta1/screener/stocks/movers")
    assert movers["market_type"] == "stocks"
    (rising,) = [row for row in movers["gainers"] if row["symbol"] == "AAPL"]
    last = [one for one in said if one[0] == "AAPL"][-1][2]
    assert rising["price"] == last
    assert rising["change"] == pytest.approx(last - 187.0)
    assert "invalid top" in ask("/v1beta1/screener/stocks/movers", status=400, top=51)["message"]
    assert "invalid market" in ask("/v1beta1/screener/crypto/movers", status=400)["message"]


def test_scans_and_lists_of_the_whole_tape_are_answered_in_facts(ask):
    found = ask("/v1/market/scan", expression='symbol == "AAPL" and volume > 0 and bid < ask')
    assert [row["symbol"] for row in found["rows"]] == ["AAPL"]
    assert found["total"] == 1
    both = ask("/v1/market/scan", expression="traded", order="symbol", rising=True)
    assert [row["symbol"] for row in both["rows"]] == ["AAPL", "MSFT"]
    refused = ask("/v1/market/scan", status=400, expression="volume > 1 and prise < 20")
    assert refused["message"].startswith("column 16: 'prise' is no field; did you mean price")
    assert "no field" in ask("/v1/market/scan", status=400, expression="traded", order="beauty")["message"]
    assert {row["field"] for row in ask("/v1/market/scan/fields")} >= {"price", "change_percent", "new_high"}
    active = ask("/v1/market/lists/most_active_volume", top=1)
    assert (active["known"], len(active["rows"])) == (True, 1)
    assert "gainers" in ask("/v1/market/lists/best", status=400)["message"]
    unusual = ask("/v1/market/lists/unusual_volume")
    assert (unusual["known"], unusual["rows"]) == (False, [])
    assert unusual["reason"].startswith("not known")


def test_letters_have_names(ask):
    assert ask("/v2/stocks/meta/exchanges") == {"Q": "Nasdaq", "P": "NYSE Arca"}
    trades = ask("/v2/stocks/meta/conditions/trade", tape="C")
    assert trades["@"].startswith("Regular")
    assert trades["I"] == "Odd Lot Trade"
    assert "R" in ask("/v2/stocks/meta/conditions/quote", tape="A")
    assert "invalid tape" in ask("/v2/stocks/meta/conditions/trade", status=400, tape="Z")["message"]
    assert "invalid tick type" in ask("/v2/stocks/meta/conditions/bars", status=400, tape="A")["message"]


def test_an_unknown_symbol_has_no_rows_and_null_is_never_said(ask):
    for kind in ("bars", "trades", "quotes", "auctions"):
        assert ask(f"/v2/stocks/{kind}", symbols="NOPE")[kind] == {}
        assert ask(f"/v2/stocks/NOPE/{kind}")[kind] == []
    for kind in ("bars", "trades", "quotes"):
        assert ask(f"/v2/stocks/{kind}/latest", symbols="NOPE")[kind] == {}
        assert ask(f"/v2/stocks/NOPE/{kind}/latest", status=404)["code"] == 40410000
    assert ask("/v2/stocks/snapshots", symbols="NOPE") == {}


def test_a_late_feed_ends_a_quarter_of_an_hour_ago(recorded, ask):
    running, said = recorded
    until = running.house.clock.now - 15 * MINUTE
    rows, _ = pages(ask, "trades", symbols="AAPL,MSFT", feed="delayed_sip", start=span()["start"])
    assert sorted(shown(rows)) == sorted(reference([one for one in said if one[1] <= until]))


# --- downloads ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_a_download_holds_what_the_store_holds(recorded, ask, kind):
    answer = ask.client.get(
        "/v1/market/download", params={"symbols": "AAPL,MSFT", "schema": "trades", "format": kind, **span()}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].endswith(f'.{kind}"')
    raw = io.BytesIO(answer.content)
    table = pq.read_table(raw) if kind == "parquet" else pa.ipc.open_stream(raw).read_all()
    actions = table["action"].to_pylist()
    assert (actions.count("T"), actions.count("X")) == (PRINTS, 1)
    assert {"ts_event", "ts_recv", "symbol", "venue", "price", "size", "sequence"} <= set(table.column_names)


def test_orders_can_be_downloaded_and_nothing_else_is_given(ask):
    answer = ask.client.get(
        "/v1/market/download", params={"symbols": "AAPL", "schema": "mbo", "format": "parquet", **span()}
    )
    table = pq.read_table(io.BytesIO(answer.content))
    assert set(table["symbol"].to_pylist()) == {"AAPL"}
    assert {"A", "F"} <= set(table["action"].to_pylist())
    assert ask("/v1/market/download", status=404, symbols="NOPE")["message"].startswith("symbol not found")
    assert "schema" in ask("/v1/market/download", status=422, symbols="AAPL", schema="secrets")["message"]


def test_a_house_without_a_store_says_so():
    with served() as running, httpx.Client(base_url=running.url, headers=HEADERS) as client:
        answer = client.get("/v1/market/download", params={"symbols": "AAPL"})
        assert answer.status_code == 404
        assert "keeps no ticks" in answer.json()["message"]
        assert (
            client.get(
                "/v1/market/download", params={"symbols": "AAPL"}, headers={"APCA-API-KEY-ID": "x"}
            ).status_code
            == 401
        )
