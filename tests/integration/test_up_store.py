"""A house that writes its market to a tick store: what is kept across stops and kills, and what is told of it afterwards."""

from __future__ import annotations

import contextlib
import datetime as dt
import json

import pytest
from typer.testing import CliRunner

from rushtrade.app.trading_day import Recording, open_core, prepare_day
from rushtrade.cli.main import command_line
from rushtrade.core.clocks import MarketClock
from rushtrade.domain import commands as cmd
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.instants import SECOND
from rushtrade.domain.numbers import MONEY_UNIT
from rushtrade.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from rushtrade.market.ticks import open_store
from rushtrade.marketplace.generator import GeneratedFlow
from rushtrade.rules.world_file import load_world
from rushtrade.scenario.founding import NewAccount, open_customer_accounts
from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.days import day_directory, read_manifest
from support.itch_pieces import generated
from support.up_process import quick_directory, up
from support.waiting import wait_for

FRIDAY, MONDAY = dt.date(2026, 11, 20), dt.date(2026, 11, 23)
WORLD = load_world("us-2026")
SYMBOLS = ("SPY", "NVDA")


class Process:
    """A house over a journal and a store, as `rushtrade up --store` puts it together."""

    def __init__(self, directory, store, date=FRIDAY):
        self.clock = MarketClock(0)
        self.core, self.journal = open_core(directory, self.clock)
        self.day = prepare_day(self.core, self.clock, WORLD, GeneratedFlow(WORLD.symbols, 11), date)
        self.day.recording = self.recording = Recording(store)
        self.recording.teach(self.day)
        self.store = store
        self.ids = {row.symbol: row.instrument_id for row in self.core.state.instruments.values()}

    def live(self, seconds):
        self.day.advance(self.clock.now_ns + seconds * SECOND)
        self.day.house.look()

    def buy(self, account_id, name):
        terms = OrderTerms(self.ids["SPY"], Side.BUY, OrderType.MARKET, TimeInForce.DAY, 500)
        stamp = self.day.house.stamp(terms)
        self.day.house.submit(cmd.EnterOrder(account_id, name, terms, stamp), f"account:{account_id}")
        self.live(1)

    def close(self):
        self.recording.close()
        self.core.close()
        self.journal.close()

    def kept_as_it_is(self):
        """The store tells every book and the best quotes as they are in memory."""
        data, now_ns = self.day.house.data, self.clock.now_ns
        with open_store(self.store) as ticks:
            for symbol in SYMBOLS:
                moment = ticks.at(now_ns, symbol, depth=5)
                montage = data.montage(self.ids[symbol], 5)
                assert len(montage) > 20
                assert shown(moment.montage) == shown(montage)
                best = data.nbbo(self.ids[symbol])
                assert (moment.nbbo.bid, moment.nbbo.ask) == (best.bid, best.ask)


def shown(montage):
    return sorted((row.venue, row.side, row.price, row.shares) for row in montage)


@contextlib.contextmanager
def process(*given):
    made = Process(*given)
    try:
        yield made
    finally:
        made.close()


def test_a_house_stopped_within_a_day_goes_on_with_it_in_the_store(tmp_path):
    home, store = tmp_path / "house", tmp_path / "ticks"
    with process(home, store) as first:
        (account_id,) = open_customer_accounts(
            first.core, [NewAccount("Ann", AccountKind.MARGIN, 900_000 * MONEY_UNIT)]
        )
        first.day.open()
        first.live(5)
        first.buy(account_id, "one")
        first.live(5)
        told = first.day.house.data.tape.newest
    first.kept_as_it_is()
    with process(home, store) as second:
        second.day.open()
        behind = second.day.house.data.tape.newest
        second.live(5)
        second.buy(account_id, "two")
        second.live(5)
        newest = second.day.house.data.tape.newest
    second.kept_as_it_is()
    reader = ColumnsReader(day_directory(store, FRIDAY) / "live")
    trades, runs = reader.records("tbbo"), reader.records("line_events")
    assert trades["sequence"].tolist() == [*range(1, told + 1), *range(told + behind + 1, told + newest + 1)]
    assert runs["detail"].tolist() == [each.recording.run.encode() for each in (first, second)]
    assert runs["first_sequence"].tolist() == [0, told]
    assert runs["last_sequence"].tolist() == [0, behind]


def test_each_trade_date_is_sealed_and_the_next_one_is_written(tmp_path):
    with process(tmp_path / "house", tmp_path / "ticks") as house:
        house.day.open()
        house.live(5)
        house.day.close()
        newest = house.day.house.data.tape.newest
        monday = prepare_day(
            house.core,
            house.clock,
            WORLD,
            GeneratedFlow(WORLD.symbols, 12),
            MONDAY,
            house.day.house.data,
        )
        monday.recording = house.recording
        monday.open()
        monday.advance(monday.clock.now_ns + 5 * SECOND)
        monday.house.look()
        behind, last = newest, monday.house.data.tape.newest
    sealed = read_manifest(day_directory(tmp_path / "ticks", FRIDAY))
    assert sealed.rows("tbbo") == newest
    assert sealed.rows("ohlcv-1m") > 0
    reader = ColumnsReader(day_directory(tmp_path / "ticks", MONDAY) / "live")
    assert reader.records("tbbo")["sequence"].tolist() == list(range(behind + 1, last + 1))
    assert reader.records("line_events")["last_sequence"].tolist() == [behind]


@pytest.mark.slow
def test_a_house_tells_after_a_restart_what_it_wrote_before(tmp_path):
    market = tmp_path / "one_stock.itch"
    market.write_bytes(generated(stocks=1, seconds=20))
    store = tmp_path / "ticks"
    options = ("--market", str(market), "--store", str(store), "--speed", "max")
    asked = {"start": "2026-11-01", "limit": 10_000}
    with quick_directory() as home:
        with up(home, *options) as house:
            (symbol,) = json.loads(house.running.read_text())["symbols"]
            day = house.market()["trade_date"]
            sealed = wait_for(lambda: read_manifest(store / day), "the day to be sealed")
            trades = house.get(f"/v2/stocks/{symbol}/trades", **asked)["trades"]
            bars = house.get(f"/v2/stocks/{symbol}/bars", timeframe="1Min", **asked)["bars"]
            wait_for(lambda: house.get("/v1/datacenter")["store"]["state"] == "sealed", "the desk to be told")
            assert house.end() == 0
        assert len(trades) == sealed.rows("tbbo") > 10
        with up(home, *options) as house:
            assert house.market()["trade_date"] > day
            until = {**asked, "end": day + "T23:59:59Z"}
            assert house.get(f"/v2/stocks/{symbol}/trades", **until)["trades"] == trades
            again = house.get(f"/v2/stocks/{symbol}/bars", timeframe="1Min", **until)["bars"]
            assert [(bar["t"], bar["o"], bar["c"], bar["v"]) for bar in again] == [
                (bar["t"], bar["o"], bar["c"], bar["v"]) for bar in bars
            ]
            assert house.get(f"/v2/stocks/{symbol}/quotes", **until)["quotes"]
            house.kill()
        with up(home, *options) as house:
            assert house.get(f"/v2/stocks/{symbol}/trades", **until)["trades"] == trades
            assert house.end() == 0


@pytest.mark.parametrize("kind", ["file", "other"])
def test_a_place_that_is_no_store_is_refused_in_words(tmp_path, kind):
    place = tmp_path / "place"
    if kind == "file":
        place.write_text("a file")
    else:
        place.mkdir()
        (place / "letters.txt").write_text("other things")
    told = CliRunner().invoke(
        command_line(["up"]), ["up", "--data", str(tmp_path / "house"), "--store", str(place)]
    )
    assert told.exit_code == 2
    assert "would pass" in " ".join(told.output.split())
    assert not (tmp_path / "house").exists()
