"""A sealed day: sorted, named in its manifest, asked in SQL, checked byte by byte."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from random import Random

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from rushtrade.ticks.days import MANIFEST, days, file_digest, read_manifest, write_manifest
from rushtrade.ticks.disk import Disk
from rushtrade.ticks.errors import StoreDamaged, TickStoreError
from rushtrade.ticks.schemas import NO_PRICE, SCHEMAS
from rushtrade.ticks.sealing import seal
from rushtrade.ticks.sql import QueryLimits, TickSql
from rushtrade.ticks.verification import verify_day
from rushtrade.ticks.writer import TickWriter

DAY = dt.date(2026, 11, 20)
OPEN = 1_795_012_200_000_000_000


def random_trades(chance: Random, count: int, instruments: int) -> np.ndarray:
    rows = SCHEMAS["trades"].empty(count)
    rows["instrument_id"] = [chance.randrange(1, instruments + 1) for _ in range(count)]
    rows["ts_event"] = OPEN + np.sort([chance.randrange(10**12) for _ in range(count)])
    rows["ts_recv"] = rows["ts_event"] + 1500
    rows["publisher_id"], rows["action"] = 1, b"T"
    rows["price"] = [
        NO_PRICE if chance.random() < 0.05 else chance.randrange(1, 10**6) * 100_000 for _ in range(count)
    ]
    rows["size"] = [chance.randrange(1, 1000) for _ in range(count)]
    rows["sequence"] = np.arange(1, count + 1)
    return rows


@pytest.fixture
def stored(tmp_path):
    """A store with a sealed day, and the rows that went in."""
    rows = random_trades(Random(1), 5000, 7)
    with TickWriter(tmp_path, DAY) as writer:
        writer.publisher("XNAS")
        for symbol in "GBCAFED":
            writer.instrument(symbol)
        writer.append("trades", rows)
        payload = bytes(range(200))
        feed = np.zeros(2, SCHEMAS["feed"].dtype)
        feed["bytes"], feed["ts_recv"], feed["kind"] = [150, 50], [OPEN, OPEN + 1], b"P"
        writer.append("feed", feed, payload)
        writer.flush(1)
        writer.seal()
    return tmp_path, rows


def test_a_sealed_day_is_sorted_by_symbol_and_time_and_loses_nothing(stored):
    root, rows = stored
    with TickSql(root) as sql:
        found = sql.query(
            "select symbol, epoch_ns(ts_event) as t, price::varchar as p, size, sequence, venue from trades"
        )
    names = dict(enumerate("GBCAFED", 1))
    symbols = found["symbol"].to_pylist()
    keys = list(zip(symbols, found["t"].to_pylist(), strict=True))
    assert keys == sorted(keys)
    assert set(found["venue"].to_pylist()) == {"XNAS"}
    got = sorted(
        zip(
            symbols,
            found["sequence"].to_pylist(),
            found["size"].to_pylist(),
            found["p"].to_pylist(),
            strict=True,
        )
    )
    wanted = sorted(
        (
            names[int(row["instrument_id"])],
            int(row["sequence"]),
            int(row["size"]),
            None if row["price"] == NO_PRICE else f"{row['price'] // 10**9}.{row['price'] % 10**9:09}",
        )
        for row in rows
    )
    assert got == wanted


def _random_rows(chance: Random, schema, count: int) -> np.ndarray:
    """Rows of any schema; a third of the columns says the same all day, as columns of a day of one venue do."""
    rows = schema.empty(count)
    for column in schema.columns:
        text = column.kind.startswith("S")
        words = (
            [b"", b"A", b"ZZ", b"halted", b"good"]
            if text
            else [1, 2, 3, NO_PRICE]
            if column.kind == "price"
            else [1, 2, 3]
        )
        words = words if chance.random() < 0.67 else words[-1:]
        rows[column.name] = [chance.choice(words) for _ in range(count)]
    return rows


@pytest.mark.parametrize(
    "name", [name for name in SCHEMAS if name not in {"feed", "instruments", "publishers"}]
)
def test_every_column_of_every_schema_is_sealed_as_it_was(tmp_path, monkeypatch, name):
    monkeypatch.setattr("rushtrade.ticks.parquet.GROUP_ROWS", 100)
    monkeypatch.setattr("rushtrade.ticks.sealing.FILE_ROWS", 230)
    monkeypatch.setattr("rushtrade.ticks.sealing.WIDE_ROWS", 230)
    schema = SCHEMAS[name]
    rows = _random_rows(Random(name), schema, 700)
    question = f'select * from "{name}"'
    with TickWriter(tmp_path, DAY) as writer:
        for number in range(3):
            writer.instrument(f"S{number}")
            writer.publisher(f"V{number}")
        writer.append(name, rows)
        writer.flush(1)
        with TickSql(tmp_path) as sql:
            live = sql.query(question).to_pylist()
        writer.seal()
    if schema.by_symbol:
        live.sort(key=lambda row: (row["symbol"], row[schema.time]))
    with TickSql(tmp_path) as sql:
        assert sql.query(question).to_pylist() == live
    files = sorted((tmp_path / DAY.isoformat()).glob(f"{name}.*.parquet"))
    assert [pq.ParquetFile(file).metadata.num_row_groups for file in files] == [3, 3, 3, 1]
    assert verify_day(tmp_path, DAY).findings == []


def test_parquet_files_are_plain_and_their_prices_are_the_integers_that_went_in(stored):
    root, _ = stored
    file = pq.ParquetFile(root / DAY.isoformat() / "trades.0.0.parquet")
    price = file.schema.column(file.schema_arrow.names.index("price"))
    assert (price.physical_type, price.scale, price.precision) == ("INT64", 9, 18)
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert file.metadata.row_group(0).column(file.schema_arrow.names.index("symbol")).statistics.min == "A"


def test_payload_comes_back_row_by_row(stored):
    root, _ = stored
    with TickSql(root) as sql:
        found = sql.query("select payload from feed order by ts_recv")["payload"].to_pylist()
    assert found == [bytes(range(150)), bytes(range(150, 200))]


def test_the_same_rows_are_seen_live_and_sealed(tmp_path):
    rows = random_trades(Random(2), 500, 3)
    question = "select symbol, venue, sequence, price, size, trade_date from trades order by sequence"
    answers = []
    with TickWriter(tmp_path, DAY) as writer:
        writer.publisher("V")
        for symbol in "XYZ":
            writer.instrument(symbol)
        writer.append("trades", rows)
        writer.flush(1)
        with TickSql(tmp_path) as sql:
            answers.append(sql.query(question).to_pylist())
            writer.append("trades", rows[:10])
            writer.flush(2)
            assert sql.query("select count(*) as n from trades")["n"].to_pylist() == [510]
            writer.append("trades", rows[:1])
            assert sql.query("select count(*) as n from trades")["n"].to_pylist() == [510]
        writer.flush(3)
        writer.seal()
    with TickSql(tmp_path) as sql:
        sealed = sql.query("select count(*) as n from trades")["n"].to_pylist()
        assert sealed == [511]
        unique = sql.query(f"select distinct on (sequence) * from ({question}) order by sequence").to_pylist()
    assert answers[0] == unique


@pytest.mark.parametrize(
    ("question", "refusal"),
    [
        ("create table t (a int)", "CREATE is not answered"),
        ("insert into trades values (1)", "INSERT is not answered|not an table|not a table|Cannot"),
        ("copy trades to 'x.csv'", "COPY is not answered"),
        ("attach 'x.db'", "ATTACH is not answered"),
        ("set memory_limit='1TB'", "SET is not answered"),
        ("install httpfs", "LOAD is not answered"),
        ("select 1; select 2", "2 statements"),
        ("", "0 statements"),
        ("select * frm trades", "syntax error"),
        ("select nosuch from trades", "nosuch"),
        ("select * from read_text('/etc/passwd')", "Permission|disabled"),
        ("select * from read_csv('https://example.com/x.csv')", "Permission|disabled|Extension"),
    ],
)
def test_what_a_store_does_not_answer(stored, question, refusal):
    root, _ = stored
    with TickSql(root) as sql, pytest.raises(TickStoreError, match=refusal):
        sql.query(question)


def test_a_question_has_bounds_of_time_and_rows(stored):
    root, _ = stored
    with TickSql(root, limits=QueryLimits(seconds=0.2)) as sql:
        with pytest.raises(TickStoreError, match=r"took longer than 0\.2 s"):
            sql.query(
                "select count(*) from range(1000000000) a, range(1000000) b where a.range % 7 = b.range % 11"
            )
        assert sql.query("select 1 as one").to_pylist() == [{"one": 1}]
    with (
        TickSql(root, limits=QueryLimits(rows=100)) as sql,
        pytest.raises(TickStoreError, match="more than 100 rows"),
    ):
        sql.query("select * from trades")


def test_a_sound_day_verifies(stored):
    root, rows = stored
    found = verify_day(root, DAY)
    assert found.sound
    assert found.findings == []
    assert found.rows == len(rows) + 2 + 7 + 1


def _flip(path, at):
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1
    path.write_bytes(data)


DAMAGE = {
    "bytes": lambda day: _flip(day / "trades.0.0.parquet", 5000),
    "size": lambda day: (day / "trades.0.0.parquet").write_bytes(
        (day / "trades.0.0.parquet").read_bytes()[:-1]
    ),
    "missing": lambda day: (day / "feed.0.0.parquet").unlink(),
    "manifest": lambda day: _flip(day / MANIFEST, 200),
    "leftover": lambda day: shutil.copy(day / "trades.0.0.parquet", day / "trades.9.0.parquet"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_each_kind_of_damage_is_found_and_named(stored, kind):
    root, _ = stored
    DAMAGE[kind](root / DAY.isoformat())
    found = verify_day(root, DAY)
    assert [finding.kind for finding in found.findings] == [kind]
    assert found.sound == (kind == "leftover")


def _rewritten(root, change):
    """A file of the day written anew, its digest in the manifest: damage no digest shows."""
    day = root / DAY.isoformat()
    manifest = read_manifest(day)
    files = []
    for file in manifest.files:
        if file.schema == "trades":
            table = change(pq.read_table(day / file.name))
            pq.write_table(table, day / file.name, store_schema=False)
            size, digest = (day / file.name).stat().st_size, file_digest(day / file.name)
            changed = {"bytes": size, "sha256": digest}
            files.append(msgspec.structs.replace(file, **changed))
        else:
            files.append(file)
    write_manifest(day, msgspec.structs.replace(manifest, files=files, digest=""), Disk())


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("order", lambda table: table.take([1, 0, *range(2, table.num_rows)])),
        ("rows", lambda table: table.slice(0, table.num_rows - 1)),
        ("columns", lambda table: table.drop_columns(["size"])),
        (
            "registers",
            lambda table: table.set_column(
                table.column_names.index("symbol"), "symbol", [["Q"] * table.num_rows]
            ),
        ),
    ],
)
def test_content_that_makes_no_sense_is_found_behind_right_digests(stored, kind, change):
    root, _ = stored
    _rewritten(root, change)
    assert kind in [finding.kind for finding in verify_day(root, DAY).findings]


def test_damage_of_live_columns_is_found(tmp_path):
    with TickWriter(tmp_path, DAY) as writer:
        writer.append("trades", random_trades(Random(3), 100, 2))
        writer.flush(1)
        writer.append("trades", random_trades(Random(4), 100, 2))
        writer.flush(2)
        assert verify_day(tmp_path, DAY).sound
    _flip(tmp_path / DAY.isoformat() / "live" / "trades" / "price", 17)
    (finding,) = verify_day(tmp_path, DAY).findings
    assert (finding.kind, finding.where) == ("live", "live/trades")


class StoppingDisk(Disk):
    """Stops the process's work at the n-th rename."""

    def __init__(self, stop_at: int) -> None:
        self.left = stop_at

    def rename(self, old, new) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        super().rename(old, new)


@pytest.mark.parametrize("stop_at", [1, 2, 3, 4, 5])
def test_a_sealing_that_was_interrupted_is_begun_again(tmp_path, stop_at):
    rows = random_trades(Random(5), 1000, 3)
    with TickWriter(tmp_path, DAY) as writer:
        writer.publisher("V")
        for symbol in "ABC":
            writer.instrument(symbol)
        writer.append("trades", rows)
        writer.flush(1)
    day = tmp_path / DAY.isoformat()
    try:
        seal(day, day / "live", DAY, None, None, StoppingDisk(stop_at))
        stopped = False
    except KeyboardInterrupt:
        stopped = True
    assert stopped == (stop_at <= 4)  # three files and the manifest
    with TickSql(tmp_path) as sql:
        assert sql.query("select count(*) as n from trades")["n"].to_pylist() == [1000]
    with TickWriter(tmp_path, DAY) as writer:
        writer.seal()
    assert verify_day(tmp_path, DAY).findings == []
    with TickSql(tmp_path) as sql:
        assert sql.query("select count(*) as n from trades")["n"].to_pylist() == [1000]


def test_columns_whose_sealing_ended_before_they_were_removed_do_not_count_twice(tmp_path):
    with TickWriter(tmp_path, DAY) as writer:
        writer.append("trades", random_trades(Random(6), 100, 2))
        writer.flush(1)
        shutil.copytree(writer.day / "live", tmp_path / "kept")
        writer.seal()
    shutil.copytree(tmp_path / "kept", tmp_path / DAY.isoformat() / "live")
    shutil.rmtree(tmp_path / "kept")
    with TickSql(tmp_path) as sql:
        assert sql.query("select count(*) as n from trades")["n"].to_pylist() == [100]
    assert [finding.kind for finding in verify_day(tmp_path, DAY).findings] == ["leftover"]
    with TickWriter(tmp_path, DAY) as writer:
        writer.append("trades", random_trades(Random(7), 10, 2))
        writer.flush(1)
        writer.seal()
    with TickSql(tmp_path) as sql:
        assert sql.query("select count(*) as n from trades")["n"].to_pylist() == [110]


def test_a_manifest_of_a_later_release_and_a_directory_that_is_no_store_are_refused(tmp_path, stored):
    root, _ = stored
    day = root / DAY.isoformat()
    manifest = json.loads((day / MANIFEST).read_text())
    (day / MANIFEST).write_text(json.dumps({**manifest, "format": 2}))
    with pytest.raises(TickStoreError, match="format 2; this release reads 1"):
        read_manifest(day)
    (day / MANIFEST).write_text("{")
    with pytest.raises(StoreDamaged, match="is no manifest"):
        read_manifest(day)
    with pytest.raises(TickStoreError, match="no such directory"):
        days(tmp_path / "nothing")
