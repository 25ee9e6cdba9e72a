"""The live columns of a day: what is counted, what a crash leaves, what is refused."""

from __future__ import annotations

import datetime as dt
from random import Random

import numpy as np
import pytest

from rushtrade.ticks.columns import LOG, RECORD_BYTES, ColumnsReader, ColumnsWriter, read_log
from rushtrade.ticks.disk import Disk
from rushtrade.ticks.errors import StoreBusy, StoreDamaged, TickStoreError
from rushtrade.ticks.schemas import SCHEMAS
from rushtrade.ticks.writer import TickWriter

DAY = dt.date(2026, 11, 20)


def trades(count: int, begin: int = 0) -> np.ndarray:
    rows = SCHEMAS["trades"].empty(count)
    rows["ts_event"] = rows["ts_recv"] = np.arange(begin, begin + count) * 1000
    rows["instrument_id"] = 1
    rows["price"] = (np.arange(begin, begin + count) + 1) * 100_000
    rows["size"] = 100
    return rows


class FailingDisk(Disk):
    """Fails the n-th call; a write that fails has done half its work."""

    def __init__(self, fail_at: int) -> None:
        self.fail_at, self.calls = fail_at, 0

    def _fails(self) -> bool:
        self.calls += 1
        return self.calls == self.fail_at

    def write(self, descriptor, data, offset) -> None:
        if self._fails():
            super().write(descriptor, data[: len(data) // 2], offset)
            raise OSError(28, "No space left on device")
        super().write(descriptor, data, offset)

    def sync(self, descriptor) -> None:
        if self._fails():
            raise OSError(5, "Input/output error")
        super().sync(descriptor)


def test_rows_are_there_after_a_flush_and_not_before(tmp_path):
    with TickWriter(tmp_path, DAY) as writer:
        writer.append("trades", trades(10))
        assert ColumnsReader(writer.day / "live").rows("trades") == 0
        assert writer.flush(5) == 10
        reader = ColumnsReader(writer.day / "live")
        assert reader.rows("trades") == 10
        assert reader.time_ns == 5
        assert (reader.records("trades") == trades(10)).all()


def test_a_writer_goes_on_where_the_last_one_ended(tmp_path):
    for begin in (0, 10):
        with TickWriter(tmp_path, DAY) as writer:
            assert writer.instrument("AAPL") == 1
            writer.append("trades", trades(10, begin))
            writer.flush(begin)
    reader = ColumnsReader(tmp_path / DAY.isoformat() / "live")
    assert (reader.records("trades") == trades(20)).all()
    assert reader.records("instruments")["raw_symbol"].tolist() == [b"AAPL"]


def test_a_second_writer_is_refused(tmp_path):
    with TickWriter(tmp_path, DAY), pytest.raises(StoreBusy, match="another process writes"):
        TickWriter(tmp_path, DAY)


def test_what_is_no_schema_or_has_other_columns_is_refused(tmp_path):
    with TickWriter(tmp_path, DAY) as writer:
        with pytest.raises(TickStoreError, match="no schema 'tradez'; there are"):
            writer.append("tradez", trades(1))
        with pytest.raises(TickStoreError, match="have the columns"):
            writer.append("mbo", trades(1))
        with pytest.raises(TickStoreError, match="other bytes"):
            writer.append("feed", np.ones(1, SCHEMAS["feed"].dtype), b"xx")
        with pytest.raises(TickStoreError, match="17 letters"):
            writer.instrument("A" * 17)


@pytest.mark.parametrize("cut", range(1, 2 * RECORD_BYTES + 1, 7))
def test_a_log_cut_anywhere_keeps_whole_flushes(tmp_path, cut):
    with TickWriter(tmp_path, DAY) as writer:
        writer.append("trades", trades(10))
        writer.flush(1)
        writer.append("trades", trades(5, 10))
        writer.publisher("NSDQ")
        writer.flush(2)
        live = writer.day / "live"
    log = (live / LOG).read_bytes()
    (live / LOG).write_bytes(log[:-cut])
    with TickWriter(tmp_path, DAY) as writer:
        assert writer.rows("trades") == 10
        assert writer.rows("publishers") == 0
        assert writer.recovery.column_bytes > 0
        writer.append("trades", trades(5, 10))
        writer.flush(3)
    assert (ColumnsReader(live).records("trades") == trades(15)).all()


def test_a_record_that_was_garbled_ends_the_log(tmp_path):
    with TickWriter(tmp_path, DAY) as writer:
        for begin in range(3):
            writer.append("trades", trades(1, begin))
            writer.flush(begin)
        live = writer.day / "live"
    log = bytearray((live / LOG).read_bytes())
    chance = Random(3)
    for _ in range(50):
        garbled = bytearray(log)
        at = chance.randrange(RECORD_BYTES, len(log))
        garbled[at] ^= 1 << chance.randrange(8)
        (live / LOG).write_bytes(garbled)
        assert len(read_log(live).flushes) == at // RECORD_BYTES


def test_bytes_the_disk_forgot_are_found_and_given_up(tmp_path):
    with TickWriter(tmp_path, DAY) as writer:
        for begin in range(3):
            writer.append("trades", trades(1, begin))
            writer.flush(begin)
        live = writer.day / "live"
    price = live / "trades" / "price"
    price.write_bytes(price.read_bytes()[:-8] + bytes(8))
    with TickWriter(tmp_path, DAY) as writer:
        assert writer.rows("trades") == 2
        assert writer.recovery.flushes == 1


def test_a_day_that_lost_what_older_flushes_counted_is_not_written_on(tmp_path):
    with TickWriter(tmp_path, DAY) as writer:
        writer.append("trades", trades(3))
        writer.flush(1)
        writer.publisher("NSDQ")
        writer.flush(2)
        live = writer.day / "live"
    (live / "trades" / "price").write_bytes(bytes(8))
    with pytest.raises(StoreDamaged, match=r"price has 8 bytes, and 24 were counted"):
        TickWriter(tmp_path, DAY)
    with pytest.raises(StoreDamaged, match="shorter"):
        ColumnsReader(live).records("trades")


def test_a_flush_that_fails_at_any_call_counts_nothing_and_can_be_repeated(tmp_path):
    calls, fails = 0, True
    while fails:
        calls += 1
        root = tmp_path / str(calls)
        disk = FailingDisk(0)
        with TickWriter(root, DAY, disk=disk) as writer:
            writer.append("trades", trades(4))
            writer.flush(1)
            writer.append("trades", trades(3, 4))
            disk.fail_at = disk.calls + calls
            fails = False
            try:
                writer.flush(2)
            except TickStoreError as error:
                fails = "3 rows wait" in str(error)
            seen = ColumnsReader(writer.day / "live").rows("trades")
            assert seen in (
                (4, 7) if fails else (7,)
            )  # only the sync of the log failed: its bytes may be there
            disk.fail_at = 0
            writer.append("trades", trades(2, 7))
            writer.flush(3)
        assert (ColumnsReader(root / DAY.isoformat() / "live").records("trades") == trades(9)).all()
    assert calls > 2 * len(SCHEMAS["trades"].columns)


def test_a_repeated_flush_with_fewer_schemas_leaves_no_old_record_behind(tmp_path):
    disk = FailingDisk(0)
    writer = ColumnsWriter(tmp_path / "live", disk)
    publishers = np.zeros(1, SCHEMAS["publishers"].dtype)
    columns = sum(len(SCHEMAS[name].columns) for name in ("trades", "publishers"))
    disk.fail_at = 2 * columns + 2  # the sync of the log
    with pytest.raises(OSError, match="Input/output"):
        writer.flush({"trades": ([trades(1)], b""), "publishers": ([publishers], b"")}, 1)
    writer.flush({"trades": ([trades(1)], b"")}, 2)
    writer.close()
    assert ColumnsReader(tmp_path / "live").rows("publishers") == 0
    assert len(read_log(tmp_path / "live").flushes) == 1


def test_rows_the_disk_never_takes_are_dropped_and_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("rushtrade.ticks.writer.WAITING_BYTES_MAX", 3 * trades(100).nbytes)
    with TickWriter(tmp_path, DAY) as writer:
        for begin in range(0, 500, 100):
            writer.append("trades", trades(100, begin))
        assert writer.lost == 200
        assert writer.waiting == 300
        writer.flush(1)
    kept = ColumnsReader(tmp_path / DAY.isoformat() / "live").records("trades")
    assert (kept == trades(300, 200)).all()
