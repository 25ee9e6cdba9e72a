import subprocess
import sys
import threading

import pytest

from rushtrade.journal import (
    ORIGIN,
    Fault,
    Frame,
    JournalCorrupt,
    JournalMissing,
    Snapshot,
    SqliteJournal,
    SqliteReader,
)
from support.waiting import COMMAND_S, PATIENCE_S

READ_ALL = """
import sys
from pathlib import Path
from rushtrade.journal import SqliteReader
with SqliteReader(Path(sys.argv[1])) as reader:
    print(sum(len(frame.body) for frame in reader.frames()), reader.last().seq, reader.verify().sound)
"""


def test_a_reader_sees_what_was_appended_and_nothing_else(path, journal, writing):
    with SqliteReader(path) as reader:
        assert reader.last() == ORIGIN
        writing.append(b"one", b"two")
        assert list(reader.frames()) == writing.frames
        assert reader.last() == journal.last()
        journal.set_cursor("store", 1)
        assert reader.cursor("store") == 1


def test_another_process_reads_while_the_writer_is_open(path, writing):
    writing.append(bytes(1_000), bytes(200_000))
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=COMMAND_S,
    )
    assert done.stdout.split() == ["201000", "2", "True"]


def test_readers_follow_a_writer_that_never_pauses(path, journal):
    """Each reader polls for the frames after its last one and must see every frame once, in order."""
    stop = 150
    seen: dict[int, list[int]] = {}

    def follow(name: int) -> None:
        numbers: list[int] = []
        with SqliteReader(path) as reader:
            while not numbers or numbers[-1] < stop:
                numbers.extend(frame.seq for frame in reader.frames(after_seq=numbers[-1] if numbers else 0))
        seen[name] = numbers

    threads = [threading.Thread(target=follow, args=(name,)) for name in range(2)]
    for thread in threads:
        thread.start()
    for seq in range(1, stop + 1):
        journal.append(Frame.after(journal.last(), format=1, epoch=1, time_ns=seq, body=bytes(20_000)))
    for thread in threads:
        thread.join(timeout=PATIENCE_S)
    assert seen == {0: list(range(1, stop + 1)), 1: list(range(1, stop + 1))}


def test_a_range_read_in_part_does_not_hold_the_log(path, journal, writing):
    writing.append(*[bytes(100_000)] * 10)
    with SqliteReader(path) as reader:
        halfway = reader.frames()
        next(halfway)
        writing.append(*[bytes(100_000)] * 300)
        assert path.with_name("journal.db-wal").stat().st_size < 24_000_000
        assert [frame.seq for frame in halfway] == list(range(2, 11))


def test_the_end_of_a_range_is_fixed_when_it_is_asked_for(path, writing):
    writing.append(b"one", b"two")
    with SqliteReader(path) as reader:
        asked = reader.frames()
        writing.append(b"three")
        assert [frame.seq for frame in asked] == [1, 2]


def test_asking_behind_the_end_says_that_frames_are_gone(path, writing):
    """A read model that is ahead of its journal means the journal lost its tail."""
    writing.append(b"one")
    with SqliteReader(path) as reader:
        assert list(reader.frames(after_seq=1)) == []
        with pytest.raises(
            JournalCorrupt, match="frames after 2 were asked for, the last one is 1"
        ) as caught:
            reader.frames(after_seq=2)
        assert (caught.value.seq, caught.value.fault) == (2, Fault.TAIL_MISSING)


def test_a_reader_of_nothing_says_what_is_missing(path):
    with pytest.raises(JournalMissing, match="there is no journal at"):
        SqliteReader(path)
    assert not path.exists()


def test_a_reader_cannot_write(path, journal):
    with SqliteReader(path) as reader:
        assert not hasattr(reader, "append")
        with pytest.raises(Exception, match="readonly"):
            reader._db.execute("DELETE FROM snapshots")


def test_a_reader_keeps_no_lock_the_writer_must_wait_for(path, journal, writing):
    with SqliteReader(path):
        writing.append(b"one")
        journal.write_snapshot(Snapshot(seq=1, format=1, state_hash=bytes(32), body=b"state"))
        journal.close()
        with SqliteJournal(path) as again:
            assert again.last().seq == 1
