"""The tick store: five minutes of the busiest of 200 stocks out of ten million ticks, and a day of them sealed.

The question is asked through the store's own SQL, over sealed Parquet; beside it the limit (numpy columns in memory and two binary
searches) and a peer (the same rows in a table of DuckDB). Sealing is the whole of it: sorting, writing, hashing, syncing, manifest;
beside it a peer (DuckDB sorts and writes the same columns to Parquet) and the limit: pyarrow writes the same columns in two threads,
sorted before, and neither hashes nor syncs. Alternating; the best of the rounds.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rushtrade.ticks.arrow import as_table
from rushtrade.ticks.schemas import SCHEMAS
from rushtrade.ticks.sealing import GROUP_ROWS
from rushtrade.ticks.sql import TickSql, live_registers, live_table
from rushtrade.ticks.writer import TickWriter

DAY = dt.date(2026, 11, 20)
OPEN = 1_795_012_200_000_000_000
TICKS, STOCKS, SEED = 10_000_000, 200, 7
ROUNDS = 5
SEALS = 2
FIVE_MINUTES = 300 * 10**9
BATCH = 1_000_000


def ticks() -> np.ndarray:
    """Trades of a day: activity over stocks by Zipf 1.05, prices that walk, round and odd lots."""
    chance = np.random.default_rng(SEED)
    rows = SCHEMAS["trades"].empty(TICKS)
    weights = 1 / np.arange(1, STOCKS + 1) ** 1.05
    rows["instrument_id"] = chance.choice(STOCKS, TICKS, p=weights / weights.sum()) + 1
    rows["ts_event"] = OPEN + np.sort(chance.integers(0, int(6.5 * 3600e9), TICKS))
    rows["ts_recv"] = rows["ts_event"] + chance.integers(1_000, 50_000, TICKS)
    rows["sequence"] = rows["trade_id"] = np.arange(1, TICKS + 1)
    rows["publisher_id"], rows["flags"], rows["action"], rows["message"] = 1, 128, b"T", b"E"
    rows["side"] = chance.choice(np.array([b"A", b"B"]), TICKS)
    rows["price"] = (1_000_000 + np.cumsum(chance.integers(-1, 2, TICKS)) % 20_000) * 100_000
    rows["size"] = chance.choice(np.array([100, 100, 100, 200, 300, 7, 50]), TICKS)
    return rows


def run() -> list[dict]:
    rows = ticks()
    root = Path(tempfile.mkdtemp(prefix="rushtrade-bench-"))
    try:
        return [*measure_seal(root, rows), *measure_query(root / "0", rows)]
    finally:
        shutil.rmtree(root)


def write(root: Path, rows: np.ndarray) -> TickWriter:
    writer = TickWriter(root, DAY)
    writer.publisher("XNAS")
    for number in range(STOCKS):
        writer.instrument(f"S{number:03}")
    for begin in range(0, TICKS, BATCH):
        writer.append("trades", rows[begin : begin + BATCH])
        writer.flush(begin + 1)
    return writer


def measure_seal(root: Path, rows: np.ndarray) -> list[dict]:
    mine, theirs, limits = [], [], []
    ordered = rows[np.lexsort((rows["ts_event"], rows["instrument_id"]))]
    for number in range(SEALS):
        with write(root / str(number), rows) as writer:
            reader = writer.reader()
            registers = live_registers(reader, None)
            table = live_table(reader, SCHEMAS["trades"], registers, DAY)
            theirs.append(sorted_by_duckdb(table, root / "peer.parquet"))
            del table
            table = as_table(SCHEMAS["trades"], TICKS, ordered.__getitem__, registers, DAY)
            limits.append(written_by_pyarrow(table, root))
            del table
            begin = perf_counter()
            manifest = writer.seal()
            mine.append(perf_counter() - begin)
        if manifest.rows("trades") != TICKS:
            raise SystemExit(f"{TICKS:,} ticks went in, {manifest.rows('trades'):,} were sealed")
    name = "seal 10 M ticks: sort, Parquet, SHA-256, sync"
    return [
        row(name, min(mine), "s", "DuckDB sorts and writes them", min(theirs)),
        row(name, min(mine), "s", "pyarrow writes them sorted before", min(limits)),
    ]


def sorted_by_duckdb(table: pa.Table, out: Path) -> float:
    with duckdb.connect() as peer:
        peer.execute("SET threads = 2")
        peer.register("live", table)
        begin = perf_counter()
        peer.execute(
            f"COPY (FROM live ORDER BY symbol, ts_event) TO '{out}' (FORMAT parquet, COMPRESSION zstd)"
        )
        took = perf_counter() - begin
    out.unlink()
    return took


def written_by_pyarrow(table: pa.Table, root: Path) -> float:
    outs = [root / f"limit.{number}.parquet" for number in range(8)]
    size = -(-table.num_rows // len(outs))

    def write_one(number: int) -> None:
        part = table.slice(number * size, size)
        pq.write_table(part, outs[number], row_group_size=GROUP_ROWS, compression="zstd", compression_level=1)

    begin = perf_counter()
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write_one, range(len(outs))))
    took = perf_counter() - begin
    for out in outs:
        out.unlink()
    return took


def measure_query(root: Path, rows: np.ndarray) -> list[dict]:
    begin_ns = OPEN + 3 * 3600 * 10**9
    end_ns = begin_ns + FIVE_MINUTES
    busiest = rows[rows["instrument_id"] == 1]
    times, columns = busiest["ts_event"].copy(), {name: busiest[name].copy() for name in busiest.dtype.names}
    question = "FROM trades WHERE symbol = ? AND ts_event >= make_timestamp_ns(?) AND ts_event < make_timestamp_ns(?)"
    store, table, limit = [], [], []
    with TickSql(root) as sql, duckdb.connect() as peer:
        peer.execute("SET threads = 2")
        files = str(root / DAY.isoformat() / "trades.*.parquet")
        peer.execute(f"CREATE TABLE trades AS FROM read_parquet('{files}')")
        for _ in range(ROUNDS + 1):
            begin = perf_counter()
            first, last = np.searchsorted(times, [begin_ns, end_ns])
            found = {name: values[first:last].copy() for name, values in columns.items()}
            middle = perf_counter()
            mine = sql.query(question, ["S000", begin_ns, end_ns])
            late = perf_counter()
            theirs = peer.sql(question, params=["S000", begin_ns, end_ns]).to_arrow_table()
            table.append(perf_counter() - late)
            store.append(late - middle)
            limit.append(middle - begin)
            if not len(found["price"]) == mine.num_rows == theirs.num_rows:
                raise SystemExit("store, table and arrays answer differently")
    name = f"5 minutes of the busiest of {STOCKS} stocks of 10 M ticks ({mine.num_rows:,} rows)"
    best = min(store) * 1e3
    return [
        row(name, best, "ms", "a table of DuckDB", min(table) * 1e3),
        row(name, best, "ms", "numpy columns in memory, searchsorted", min(limit) * 1e3),
    ]


def row(name: str, mine: float, unit: str, baseline_name: str, theirs: float) -> dict:
    return {
        "name": name,
        "value": round(mine, 3),
        "unit": unit,
        "baseline_name": baseline_name,
        "baseline": round(theirs, 3),
        "ratio": round(mine / theirs, 3),
    }


if __name__ == "__main__":
    for result in run():
        print(result)
