"""A disk that fails, fills up or forgets: the journal stops, and nothing acknowledged is lost."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from faulty_disk import FaultyDisk, ForgetfulDisk

from rushtrade.journal import Frame, JournalError, JournalFailed, Snapshot, SqliteJournal
from rushtrade.journal import sqlite as writer_module
from support.waiting import COMMAND_S

MOST_CALLS = 2_000
"""Bound of the loop over every n; the scenario needs a few hundred."""


@pytest.fixture
def eager_checkpoints(monkeypatch):
    """Copy the log back often, so that a short scenario meets every kind of write."""
    monkeypatch.setattr(writer_module, "CHECKPOINT_DUE_BYTES", 200_000)
    monkeypatch.setattr(writer_module, "CHECKPOINT_FORCED_BYTES", 400_000)


class Life:
    """One life of a writer over a disk; remembers what was acknowledged."""

    def __init__(self, path: Path, disk: str | None) -> None:
        self.acknowledged: list[Frame] = []
        self.cursor = 0
        self.epoch = 0
        self.snapshot_seq = 0
        self.failure: JournalError | None = None
        self.journal: SqliteJournal | None = None
        try:
            self.journal = SqliteJournal(path, vfs=disk)
            self._work(self.journal)
        except JournalError as error:
            self.failure = error

    def _work(self, journal: SqliteJournal) -> None:
        self.epoch = journal.new_epoch()
        for number, size in enumerate((40, 70_000, 300, 150_000, 90_000, 10, 60_000, 500), start=1):
            frame = Frame.after(
                journal.last(), format=1, epoch=self.epoch, time_ns=number, body=bytes([number]) * size
            )
            journal.append(frame)
            self.acknowledged.append(frame)
            if number in {3, 6}:
                journal.write_snapshot(
                    Snapshot(seq=number, format=1, state_hash=bytes(32), body=bytes(40_000))
                )
                self.snapshot_seq = number
                journal.set_cursor("store", number)
                self.cursor = number
            journal.housekeep()

    def require_stopped(self) -> None:
        """After a failure every later write is refused, and closing is quiet."""
        if self.journal is None:
            return
        frame = Frame.after(self.journal.last(), format=1, epoch=max(1, self.epoch), time_ns=99, body=b"late")
        for write in (
            lambda: self.journal.append(frame),
            self.journal.new_epoch,
            lambda: self.journal.set_cursor("store", 0),
            lambda: self.journal.write_snapshot(Snapshot(seq=0, format=1, state_hash=bytes(32), body=b"")),
            self.journal.housekeep,
        ):
            with pytest.raises(JournalFailed, match="takes no more since an earlier failure"):
                write()

    def require_found(self, path: Path) -> None:
        """Everything acknowledged is in the journal, and it goes on from there."""
        with SqliteJournal(path) as journal:
            found = list(journal.frames())
            assert found[: len(self.acknowledged)] == self.acknowledged
            assert len(found) <= len(self.acknowledged) + 1, (
                "at most the frame under way may be there as well"
            )
            assert journal.cursor("store") >= self.cursor
            assert journal.head().epoch >= self.epoch
            snapshot = journal.newest_snapshot(1)
            assert self.snapshot_seq == 0 or snapshot.seq >= self.snapshot_seq
            epoch = journal.new_epoch()
            assert epoch > self.epoch
            journal.append(Frame.after(journal.last(), format=1, epoch=epoch, time_ns=10**6, body=b"goes on"))
            assert journal.verify().sound


@pytest.mark.parametrize("sticky", [False, True], ids=["once", "from then on"])
@pytest.mark.usefixtures("eager_checkpoints")
def test_whichever_write_or_sync_fails_the_journal_stops_and_loses_nothing(tmp_path, sticky):
    stopped = 0
    for fail_at in range(1, MOST_CALLS):
        path = tmp_path / f"{fail_at}.db"
        disk = FaultyDisk(fail_at, sticky=sticky)
        life = Life(path, disk.name)
        if disk.failures == 0:
            break
        assert life.failure is not None, f"call {fail_at} failed and nobody was told"
        stopped += 1
        life.require_stopped()
        failures = disk.failures
        if life.journal is not None:
            life.journal.close()
        assert sticky or disk.failures == failures
        life.require_found(path)
    else:
        pytest.fail("the scenario never ended without a fault")
    assert life.failure is None
    assert len(life.acknowledged) == 8
    assert stopped > 100


@pytest.mark.usefixtures("eager_checkpoints")
def test_a_failed_sync_is_not_tried_again(tmp_path):
    """The kernel may have dropped the bytes; a second sync would answer with a false yes."""
    path = tmp_path / "journal.db"
    disk = FaultyDisk()
    journal = SqliteJournal(path, vfs=disk.name)
    journal.new_epoch()
    disk.fail_at = disk.calls + 5  # header, page, header, page, and then the sync
    with pytest.raises(JournalFailed, match="cannot append frame 1") as caught:
        journal.append(Frame.after(journal.last(), format=1, epoch=1, time_ns=0, body=bytes(40_000)))
    assert (
        "sync" in repr(caught.value.__cause__.__cause__ or caught.value.__cause__).lower()
        or disk.failures == 1
    )
    calls = disk.calls
    with pytest.raises(JournalFailed):
        journal.append(Frame.after(journal.last(), format=1, epoch=1, time_ns=0, body=b"again"))
    journal.close()
    assert disk.calls == calls


@pytest.mark.usefixtures("eager_checkpoints")
def test_a_power_failure_at_any_moment_loses_nothing_acknowledged(tmp_path, disk_seeds):
    """Unsynced writes are lost, kept or torn by chance; the mark is as it was at its last sync, or newer."""
    for seed in range(disk_seeds):
        chance = random.Random(seed)
        path = tmp_path / f"{seed}.db"
        disk = ForgetfulDisk(cut_after=chance.randrange(1, 450))
        life = Life(path, disk.name)
        disk.cut_power(chance)
        close_quietly(life)
        path.with_name(path.name + "-shm").unlink(missing_ok=True)
        life.require_found(path)


def close_quietly(life: Life) -> None:
    if life.journal is not None:
        with suppress(JournalFailed):
            life.journal.close()


FILL_THE_DISK = """
import resource, signal, sys
from pathlib import Path
from rushtrade.journal import Frame, JournalFailed, SqliteJournal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
journal = SqliteJournal(Path(sys.argv[1]))
journal.new_epoch()
try:
    for number in range(1000):
        journal.append(Frame.after(journal.last(), format=1, epoch=1, time_ns=0, body=bytes(100_000)))
        print(journal.last().seq, journal.last().hash.hex(), flush=True)
except JournalFailed as error:
    print("stopped:", error, flush=True)
    journal.close()
"""


def test_a_full_disk_stops_the_journal_and_loses_nothing(tmp_path):
    path = tmp_path / "journal.db"
    done = subprocess.run(
        [sys.executable, "-c", FILL_THE_DISK, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=COMMAND_S,
    )
    *acknowledged, last_line = done.stdout.splitlines()
    assert last_line.startswith("stopped: cannot append frame"), done.stdout
    assert len(acknowledged) > 10
    with SqliteJournal(path) as journal:
        assert [f"{frame.seq} {frame.hash.hex()}" for frame in journal.frames()][
            : len(acknowledged)
        ] == acknowledged
        assert journal.verify().sound
