import os
import subprocess
import sys
from pathlib import Path

import pytest

from rushtrade.journal import (
    EpochFenced,
    Frame,
    JournalLocked,
    Snapshot,
    SqliteJournal,
    SqliteReader,
)
from support.waiting import COMMAND_S

OPEN_AND_SAY = """
import sys
from pathlib import Path
from rushtrade.journal import JournalError, SqliteJournal
try:
    SqliteJournal(Path(sys.argv[1]))
except JournalError as error:
    print(type(error).__name__, error)
else:
    print("opened")
"""


def open_in_another_process(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", OPEN_AND_SAY, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=COMMAND_S,
    )
    return done.stdout.strip()


def test_every_start_takes_an_epoch_that_was_never_used(path):
    for expected in (1, 2, 3):
        with SqliteJournal(path) as journal:
            assert journal.epoch == 0
            assert journal.new_epoch() == expected
            assert journal.epoch == expected
    with SqliteJournal(path) as journal:
        assert [journal.new_epoch(), journal.new_epoch()] == [4, 5]


def test_a_second_writer_in_this_process_is_refused(path, journal):
    with pytest.raises(
        JournalLocked, match=f"being written by process {os.getpid()}; a journal has one writer"
    ):
        SqliteJournal(path)
    assert journal.new_epoch() == 2


def test_a_second_writer_in_another_process_is_refused_until_the_first_has_gone(path, journal):
    assert open_in_another_process(path).startswith(
        f"JournalLocked {path} is being written by process {os.getpid()}"
    )
    journal.close()
    assert open_in_another_process(path) == "opened"


def test_a_refused_open_leaves_the_journal_free(path, journal):
    with pytest.raises(JournalLocked):
        SqliteJournal(path)
    journal.close()
    with SqliteJournal(path) as again:
        assert again.new_epoch() == 2


@pytest.fixture
def usurper(path, journal):
    """A second writer that got in because somebody removed the file with the lock."""
    path.with_name("journal.db.mark").unlink()
    with SqliteJournal(path, adopt=True) as second:
        second.new_epoch()
        yield second


def test_a_writer_of_an_older_epoch_can_append_no_more(journal, writing, request):
    writing.append(b"one")
    usurper = request.getfixturevalue("usurper")
    with pytest.raises(EpochFenced, match="epoch 1 is over, another writer holds 2; stop leading"):
        journal.append(writing.next(b"mine"))
    following = Frame.after(usurper.last(), format=1, epoch=2, time_ns=2_000, body=b"theirs")
    usurper.append(following)
    assert list(usurper.frames()) == [*writing.frames, following]


def test_a_writer_of_an_older_epoch_can_move_no_cursor_and_write_no_snapshot(journal, writing, request):
    writing.append(b"one")
    usurper = request.getfixturevalue("usurper")
    with pytest.raises(EpochFenced):
        journal.set_cursor("store", 1)
    with pytest.raises(EpochFenced):
        journal.write_snapshot(Snapshot(seq=1, format=1, state_hash=bytes(32), body=b"stale"))
    assert usurper.cursor("store") == 0
    assert usurper.newest_snapshot(1) is None


def test_a_fenced_writer_can_take_the_lead_back_only_with_a_new_epoch(journal, writing, usurper):
    with pytest.raises(EpochFenced):
        journal.append(writing.next(b"mine"))
    assert journal.new_epoch() == 3
    journal.append(writing.next(b"mine again"))
    with pytest.raises(EpochFenced):
        usurper.append(Frame.after(usurper.last(), format=1, epoch=2, time_ns=0, body=b""))


def test_frames_of_several_epochs_make_one_chain(path):
    for body in (b"first life", b"second life", b"third life"):
        with SqliteJournal(path) as journal:
            epoch = journal.new_epoch()
            journal.append(Frame.after(journal.last(), format=1, epoch=epoch, time_ns=epoch, body=body))
    with SqliteReader(path) as reader:
        assert [(frame.epoch, frame.body) for frame in reader.frames()] == [
            (1, b"first life"),
            (2, b"second life"),
            (3, b"third life"),
        ]
        assert reader.verify().sound
