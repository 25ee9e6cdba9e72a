"""What others do to a journal while it is written: shells left open, interrupts, vanished rows."""

import apsw
import pytest

from rushtrade.journal import (
    Fault,
    JournalBusy,
    JournalCorrupt,
    JournalFailed,
    JournalForeign,
    SqliteJournal,
    SqliteReader,
    layout,
)
from rushtrade.journal import sqlite as writer_module


@pytest.fixture
def shell(path, journal):
    """A person's database shell on the same file."""
    connection = apsw.Connection(str(path))
    yield connection
    connection.close()


@pytest.fixture
def impatient(journal):
    """Nobody waits five seconds in a test."""
    journal._db.set_busy_timeout(10)


def test_an_interrupt_between_commit_and_acknowledgement_stops_the_journal(
    path, journal, writing, monkeypatch
):
    writing.append(b"one")
    frame = writing.next(b"two")

    def interrupted():
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(journal, "_note", interrupted)
        with pytest.raises(KeyboardInterrupt):
            journal.append(frame)
    with pytest.raises(JournalFailed, match="takes no more since an earlier failure"):
        journal.append(writing.next(b"three"))
    journal.close()
    with SqliteJournal(path) as again:
        assert again.last() == frame.position, "it was committed, though nobody was told"


@pytest.mark.usefixtures("impatient")
def test_a_shell_that_holds_the_write_lock_stops_the_journal(journal, writing, shell):
    writing.append(b"one")
    shell.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalFailed, match="cannot append frame 2"):
        journal.append(writing.next(b"two"))
    assert list(journal.frames()) == writing.frames


@pytest.mark.usefixtures("impatient")
def test_a_shell_that_reads_for_ever_keeps_the_log_and_harms_nothing(
    path, journal, writing, shell, monkeypatch
):
    monkeypatch.setattr(writer_module, "CHECKPOINT_DUE_BYTES", 50_000)
    writing.append(b"one")
    shell.execute("BEGIN")
    shell.execute("SELECT count(*) FROM frames").fetchall()
    for _ in range(5):
        writing.append(bytes(100_000))
        journal.housekeep()
    journal.close()
    shell.execute("ROLLBACK")
    with SqliteJournal(path) as again:
        assert list(again.frames()) == writing.frames


def test_a_shell_that_reads_for_ever_keeps_a_new_writer_out(path, journal, writing, shell, monkeypatch):
    monkeypatch.setattr(layout, "BUSY_TIMEOUT_MS", 10)
    journal._db.set_busy_timeout(10)
    writing.append(b"one")
    shell.execute("BEGIN")
    shell.execute("SELECT count(*) FROM frames").fetchall()
    writing.append(b"two")
    journal.close()
    with pytest.raises(JournalBusy, match="another process has held it for 10 ms"):
        SqliteJournal(path)
    shell.execute("ROLLBACK")
    with SqliteJournal(path) as again:
        assert again.last().seq == 2


def test_a_checkpoint_that_another_process_is_doing_is_left_to_it(journal, writing, shell, monkeypatch):
    monkeypatch.setattr(writer_module, "CHECKPOINT_DUE_BYTES", 0)

    class Checkpointing:
        """The connection at the moment a shell holds the checkpoint lock."""

        def __getattr__(self, name):
            return getattr(connection, name)

        def wal_checkpoint(self, **_):
            raise apsw.BusyError("locked by a shell")

    connection = journal._db
    monkeypatch.setattr(journal, "_db", Checkpointing())
    journal.housekeep()
    monkeypatch.undo()
    writing.append(b"goes on")
    assert journal.verify().sound


def test_an_empty_database_is_no_journal_to_read(path):
    apsw.Connection(str(path)).close()
    path.touch()
    with pytest.raises(JournalForeign, match="is an empty database, not a journal"):
        SqliteReader(path)


def test_a_file_that_cannot_be_put_in_write_ahead_mode_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(layout, "_WRITE_AHEAD", "PRAGMA journal_mode = DELETE")
    with pytest.raises(JournalFailed, match="cannot be put in write-ahead mode"):
        SqliteJournal(tmp_path / "journal.db")


def test_a_damaged_last_frame_is_not_taken_for_the_end(path, journal, writing):
    writing.append(b"one", b"two")
    journal.close()
    content = path.read_bytes()
    assert content.count(b"two") == 1
    path.write_bytes(content.replace(b"two", b"owt"))
    with SqliteReader(path) as reader:
        assert next(reader.frames()).body == b"one"
        with pytest.raises(JournalCorrupt) as caught:
            reader.last()
    assert (caught.value.seq, caught.value.fault) == (2, Fault.DAMAGED)
