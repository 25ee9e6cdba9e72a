"""Seen from below SQLite: every acknowledgement comes after the sync of its frame."""

from __future__ import annotations

import random

import pytest
from faulty_disk import WatchedDisk
from journal_writer import append_directly, append_in_pipeline

from rushtrade.journal import SqliteJournal

FRAMES = 60
WAYS = pytest.mark.parametrize("append", [append_directly, append_in_pipeline])


def acknowledgements(path, append, weakened: str = "") -> list[tuple[int, set[str]]]:
    """Append frames; give what was acknowledged, each with the files that had unsynced writes then."""
    disk, found = WatchedDisk(), []
    with SqliteJournal(path, vfs=disk.name) as journal:
        journal._db.execute(weakened).fetchall()
        journal.new_epoch()
        append(
            journal, random.Random(1), range(FRAMES), lambda seq, _: found.append((seq, set(disk.unsynced)))
        )
    return found


@WAYS
def test_every_acknowledgement_comes_after_a_sync_of_the_log(tmp_path, append):
    found = acknowledgements(tmp_path / "journal.db", append)
    assert found == [(seq, set()) for seq in range(1, FRAMES + 1)]


@WAYS
def test_a_journal_that_does_not_wait_for_its_disk_is_found_out(tmp_path, append):
    found = acknowledgements(tmp_path / "journal.db", append, "PRAGMA synchronous = OFF")
    assert [seq for seq, _ in found] == list(range(1, FRAMES + 1))
    assert all("journal.db-wal" in unsynced for _, unsynced in found)
