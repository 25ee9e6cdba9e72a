"""What a venue said on a day is in the store once: a second import is refused, or takes the place of the first."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from rushtrade.market import ticks
from rushtrade.ticks import importing
from rushtrade.ticks.days import day_directory, days, read_manifest
from rushtrade.ticks.errors import StoreBusy, TickStoreError
from rushtrade.ticks.importing import Given, Imported, import_files
from rushtrade.ticks.verification import verify_day
from rushtrade.ticks.writer import TickWriter
from rushtrade.wire.framing import frame_all
from support.random_streams import RandomStream
from support.stored_days import DAY, pieces_of, store_day

BARS = ",Open,High,Low,Close,Volume\n2026-11-19,10,11,9,10.5,1000\n2026-11-20,10.5,12,10,11,2000\n"


def itch(path: Path, seed: int, messages: int = 300) -> Path:
    stream = RandomStream(seed, nonsense=0.0)
    path.write_bytes(frame_all([*stream.directory(), *(stream.message() for _ in range(messages))]))
    return path


def brought(root: Path, *files: Path, replace: bool = False, **given: str) -> Imported:
    told = Given(**({"date": DAY} | given))
    return import_files(root, files, told, replace=replace, derive=ticks.derive_all)


def trades(root: Path) -> int:
    with ticks.open_store(root) as store:
        return store.query("select count(*) as n from trades")["n"].to_pylist()[0]


def everything(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_second_file_of_a_venue_is_refused_in_words_and_changes_nothing(tmp_path):
    first, second, store = itch(tmp_path / "a.itch", 1), itch(tmp_path / "b.itch", 2), tmp_path / "store"
    brought(store, first)
    before = everything(store)
    with pytest.raises(TickStoreError) as refused:
        brought(store, second)
    assert str(refused.value) == (
        "2026-11-20: XNAS is in the store already, from a.itch, and b.itch would count it twice; "
        "--replace puts this import in the place of that one, another --store keeps both"
    )
    assert everything(store) == before


def test_another_venue_and_another_day_are_no_second_time(tmp_path):
    first, second, store = itch(tmp_path / "a.itch", 1), itch(tmp_path / "b.itch", 2), tmp_path / "store"
    brought(store, first)
    one = trades(store)
    brought(store, second, venue="XBOS")
    brought(store, itch(tmp_path / "c.itch", 3), date=DAY + dt.timedelta(days=3))
    assert trades(store) > one
    assert [verify_day(store, day).findings for day in days(store)] == [[], []]


def test_replace_puts_an_import_in_the_place_of_the_one_before(tmp_path):
    first, second, store = itch(tmp_path / "a.itch", 1), itch(tmp_path / "b.itch", 2), tmp_path / "store"
    brought(store, first)
    answer = brought(store, second, replace=True)
    assert answer.replaced == ["a.itch"]
    brought(tmp_path / "alone", second)
    question = "select symbol, venue, ts_event, price, size from trades order by all"
    answers = []
    for root in (store, tmp_path / "alone"):
        with ticks.open_store(root) as one:
            answers.append(one.query(question).to_pylist())
    assert answers[0] == answers[1]
    assert answers[0]
    assert verify_day(store, DAY).findings == []
    with ticks.open_store(store) as one:
        assert one.at(max(row["ts_event"] for row in answers[0]).value, "S1").venues[0].venue == "XNAS"
        assert one.days()[0].sources == ["b.itch"]


def test_replace_makes_a_file_anew_that_is_there_already(tmp_path):
    file, store = itch(tmp_path / "a.itch", 1), tmp_path / "store"
    brought(store, file)
    count = trades(store)
    assert brought(store, file).already == ["a.itch"]
    assert brought(store, file, replace=True).replaced == ["a.itch"]
    assert trades(store) == count
    assert [source.name for source in read_manifest(day_directory(store, DAY)).sources] == ["a.itch"]


def test_what_was_recorded_live_is_never_replaced(tmp_path):
    store_day(tmp_path / "store", pieces_of(1, venues=1, messages=200), venues=1)
    file = itch(tmp_path / "a.itch", 1)
    with pytest.raises(
        TickStoreError, match=r"2026-11-20: V0 was recorded live, and a[.]itch would count it"
    ):
        brought(tmp_path / "store", file, venue="V0", replace=True)


def test_two_files_of_one_venue_in_one_import_are_refused(tmp_path):
    files = [itch(tmp_path / name, seed) for seed, name in enumerate(("a.itch", "b.itch"))]
    with pytest.raises(TickStoreError, match=r"a[.]itch and b[.]itch are both what XNAS said that day"):
        brought(tmp_path / "store", *files)
    assert not list((tmp_path / "store").iterdir())


def test_bars_of_a_stock_count_once_and_of_another_stock_beside_it(tmp_path):
    first, second, store = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "store"
    first.write_text(BARS)
    second.write_text(BARS.replace("2000", "2001"))
    brought(store, first, symbol="GOOG")
    with pytest.raises(TickStoreError, match=r"ohlcv-1d of GOOG is in the store already, from a[.]csv"):
        brought(store, second, symbol="GOOG")
    brought(store, second, symbol="MSFT")
    brought(store, second, symbol="GOOG", replace=True)
    with ticks.open_store(store) as one:
        rows = one.query("select symbol, max(volume) v, count(*) n from ohlcv_1d group by 1 order by 1")
    assert rows.to_pylist() == [{"symbol": "GOOG", "v": 2001, "n": 2}, {"symbol": "MSFT", "v": 2001, "n": 2}]


@pytest.mark.parametrize("where", ["derive", "flush", "rename"])
@pytest.mark.parametrize("replace", [False, True])
def test_an_import_that_is_interrupted_leaves_the_store_as_it_was(tmp_path, monkeypatch, where, replace):
    file, store = itch(tmp_path / "b.itch", 2), tmp_path / "store"
    if replace:
        brought(store, itch(tmp_path / "a.itch", 1))
    before = everything(store) if replace else {}

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if where == "flush":
        monkeypatch.setattr(importing._Reader, "_flush", stop)
    elif where == "rename":
        monkeypatch.setattr("rushtrade.ticks.disk.Disk.rename", stop)
    derive = stop if where == "derive" else ticks.derive_all
    with pytest.raises(KeyboardInterrupt):
        import_files(store, [file], Given(date=DAY), replace=replace, derive=derive)
    assert everything(store) == before
    assert replace or not list(store.iterdir())
    monkeypatch.undo()
    brought(store, file, replace=replace)
    assert verify_day(store, DAY).findings == []


def test_a_day_that_is_being_written_takes_no_import(tmp_path):
    with (
        TickWriter(tmp_path / "store", DAY),
        pytest.raises(StoreBusy, match="another process writes this day"),
    ):
        brought(tmp_path / "store", itch(tmp_path / "a.itch", 1))
