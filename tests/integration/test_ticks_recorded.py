"""Recorded files of every kind brought into a store, and what comes back held against independent readings."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from rushtrade.books.mbo_books import MboBooks
from rushtrade.feeds.dbn import DbnFeed
from rushtrade.feeds.source import Source
from rushtrade.feeds.text_feeds import nanoseconds
from rushtrade.market import ticks
from rushtrade.rules.new_york import midnight_ns
from rushtrade.ticks.errors import TickStoreError
from rushtrade.ticks.importing import Given, import_files
from support.waiting import COMMAND_S

pytestmark = pytest.mark.market_data


def brought_in(root: Path, *paths: Path, depth: bool = False, **given: str):
    return import_files(
        root, paths, Given(**given), derive=lambda writer: ticks.derive_all(writer, depth=depth)
    )


@pytest.fixture(scope="module")
def aapl(shared_data, tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("aapl")
    brought_in(root, next((shared_data / "itch").glob("AAPL*")))
    return root


def test_an_itch_file_comes_back_byte_for_byte(shared_data, aapl, tmp_path):
    out = tmp_path / "day.itch"
    with ticks.open_store(aapl) as store:
        (day,) = store.days()
    written = ticks.export_day(aapl, dt.date(2012, 6, 21), out, "", [], (None, None), "")
    assert out.read_bytes() == gzip.decompress(next((shared_data / "itch").glob("AAPL*")).read_bytes())
    assert written == day.rows["status"] + day.rows["definition"] + 88_043 - 8


def test_an_import_is_done_once_and_an_unknown_file_is_refused(shared_data, aapl, tmp_path):
    again = brought_in(aapl, next((shared_data / "itch").glob("AAPL*")))
    assert again.files == []
    assert len(again.already) == 1
    unknown = tmp_path / "photo.jpg"
    unknown.write_bytes(b"\xff\xd8\xff\xe0 no market data")
    with pytest.raises(Exception, match="no known kind of feed"):
        brought_in(aapl, unknown)


def unpacked(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def test_the_lobster_hour_shows_the_very_books_of_its_orderbook_rows(shared_data, tmp_path):
    folder = shared_data / "lobster"
    messages, books = folder.glob("*message_50*"), folder.glob("*orderbook_10*")
    brought_in(tmp_path, *messages, *books)
    rows = [[int(cell) for cell in line.split(",")] for line in unpacked(next(folder.glob("*orderbook_10*")))]
    times = [nanoseconds(line.split(",")[0]) for line in unpacked(next(folder.glob("*message_10*")))]
    midnight, compared = midnight_ns(dt.date(2012, 6, 21)), 0
    with ticks.open_store(tmp_path) as store:
        for number in range(0, len(rows) - 1, 23):
            if times[number] == times[number + 1]:
                continue
            (venue,) = store.at(midnight + times[number], "AAPL", depth=10).venues
            shown = [
                value
                for bid, ask in zip(venue.bids, venue.asks, strict=True)
                for value in (ask.price // 100_000, ask.size, bid.price // 100_000, bid.size)
            ]
            assert shown == rows[number]
            compared += 1
    assert compared > 30


def test_dbn_rows_make_the_ten_levels_the_records_make(shared_data, tmp_path):
    path = next((shared_data / "mbo").glob("*.zst"))
    brought_in(tmp_path, path, depth=True)
    feed, books, parts = DbnFeed(), MboBooks(), []
    with Source(path) as source:
        parts = [books.feed(feed.mbo(piece)) for piece in source.pieces()]
    wanted = np.concatenate(parts)
    with ticks.open_store(tmp_path) as store:
        found = store.query('select * from "mbp-10" order by ts_recv, sequence')
        assert found.num_rows == len(wanted)
        assert set(found["symbol"].to_pylist()) == {"ESH4"}
        wanted = wanted[np.lexsort((wanted["sequence"], wanted["ts_recv"]))]
        for level in range(10):
            for side in ("bid", "ask"):
                size = found[f"{side}_sz_{level:02}"].to_numpy()
                count = found[f"{side}_ct_{level:02}"].to_numpy()
                assert (np.sort(size) == np.sort(wanted[f"{side}_sz_{level:02}"])).all()
                assert (np.sort(count) == np.sort(wanted[f"{side}_ct_{level:02}"])).all()
                prices = ticks.prices_of(found[f"{side}_px_{level:02}"])
                assert (np.sort(prices) == np.sort(wanted[f"{side}_px_{level:02}"])).all()
        assert store.query("select action, count(*) n from mbo group by 1 order by 1").to_pylist() == [
            {"action": "A", "n": 29_216},
            {"action": "C", "n": 17_999},
            {"action": "F", "n": 6_371},
            {"action": "M", "n": 12_233},
            {"action": "T", "n": 2_973},
        ]
        # one contract is a round lot: the best quotes are the top of the ten levels, whenever an event is complete
        tops = store.query(
            'select count(*) n from "mbp-10" m asof join bbo b on b.ts_event <= m.ts_event '
            "where (m.bid_px_00, m.ask_px_00, m.bid_sz_00) is distinct from (b.bid_px_00, b.ask_px_00, b.bid_sz_00)"
        )
        assert tops.to_pylist() == [{"n": 0}]


def test_taq_quotes_and_trades_stand_side_by_side(shared_data, tmp_path):
    brought_in(tmp_path, *(shared_data / "quotes").glob("*"))
    with ticks.open_store(tmp_path) as store:
        counts = store.query(
            "select (select count(*) from mbp_1) q, (select count(*) from trades) t, (select count(*) from tbbo) b"
        ).to_pylist()
        assert counts == [{"q": 66_695, "t": 39_470, "b": 39_470}]
        trades = store.query(
            "select sum(size)::bigint s, min(price)::varchar lo, max(price)::varchar hi from trades"
        ).to_pylist()
        with gzip.open(next((shared_data / "quotes").glob("*trades*")), "rt") as file:
            rows = list(csv.DictReader(file))
        assert trades[0]["s"] == sum(int(float(row["SIZE"])) for row in rows)
        assert float(trades[0]["hi"]) == max(float(row["PRICE"]) for row in rows)
        quality = store.quality("2018-01-02")
        assert quality.crossed_seconds > 0
        assert sum(quality.minutes) == 39_470


def test_every_kind_of_file_is_brought_in_or_says_why_not(shared_data, tmp_path):
    stored, refused = 0, []
    for path in sorted((shared_data / "pcap").rglob("*.pcap")):
        try:
            stored += bool(brought_in(tmp_path / path.name, path).rows)
        except TickStoreError as error:
            refused.append(str(error))
    assert [text for text in refused if "nothing in it a store keeps" not in text] == []
    assert stored >= 30
    brought_in(tmp_path / "bars", next((shared_data / "ohlcv").glob("*")), symbol="GOOG")
    with ticks.open_store(tmp_path / "bars") as store:
        bars = store.bars("GOOG", "1d")
        assert bars.num_rows == 2_148
        assert str(bars["open"][0].as_py().normalize()) == "1E+2"


def test_own_bars_agree_with_those_made_by_hand(aapl, tmp_path):
    with ticks.open_store(aapl) as store:
        minutes = store.bars("AAPL", "1m")
        published = tmp_path / "bars.csv"
        rows = zip(
            *(minutes[name].to_pylist() for name in ("ts_event", "open", "high", "low", "close", "volume")),
            strict=True,
        )
        with published.open("w") as file:
            file.write("symbol,time,open,high,low,close,volume\n")
            for number, (time, *prices, volume) in enumerate(rows):
                file.write(
                    f"AAPL,{time.isoformat()}+00:00,{','.join(map(str, prices))},{volume + (number == 3)}\n"
                )
        comparison = store.quality("2012-06-21", published).comparison
    assert (comparison.compared, comparison.equal) == (minutes.num_rows, minutes.num_rows - 1)
    assert [each.field for each in comparison.differences] == ["volume"]


def test_the_command_answers_in_every_form(aapl, tmp_path):
    rushtrade = shutil.which("rushtrade", path=str(Path(sys.executable).parent))
    assert rushtrade

    def command(*words: str | Path, code: int = 0) -> str:
        done = subprocess.run(
            [rushtrade, "ticks", *map(str, words), "--store", str(aapl)],
            check=False,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    question = "select symbol, count(*) n, max(price) p from trades group by 1"
    assert json.loads(command("query", question, "--json"))["rows"] == [
        {"symbol": "AAPL", "n": 6268, "p": "587.8"}
    ]
    assert command("query", question, "--format", "csv") == '"symbol","n","p"\n"AAPL",6268,"587.8"\n'
    out = tmp_path / "x.parquet"
    command("export", "2012-06-21", out, "--from", "09:45", "--to", "09:46")
    assert pq.read_table(out).num_rows == 158
    assert json.loads(command("verify", "--json"))["sound"]
    shown = json.loads(command("at", "2012-06-21", "AAPL", "09:45:00", "--json"))
    assert (shown["nbbo"]["bid"], shown["nbbo"]["ask"]) == ("586.58", "586.88")
    played = json.loads(command("replay", "2012-06-21", "--to", "09:45:00", "--json"))
    assert (played["stocks"][0]["bid"], played["stocks"][0]["ask"]) == ("586.58", "586.88")
    page = tmp_path / "day.html"
    command("quality", "2012-06-21", "--html", page)
    assert "<svg" in page.read_text()
    assert "<script" not in page.read_text()
    assert "error" in json.loads(command("query", "drop table x", "--json", code=2))
